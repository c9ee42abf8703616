#!/bin/sh
# Prints the folder with Apache Kafka's jars for the tests; fetches them from the Maven repository once, and installs Java and
# Maven from the distribution's packages where it may. With DATAFLY_TEST_KAFKA (brokers' addresses) none is needed, and nothing is printed.
set -eu
cd "$(dirname "$0")/.."
[ -z "${DATAFLY_TEST_KAFKA:-}" ] || exit 0
jars=.kafka/jars
if [ -f "$jars/.whole" ] && command -v java >/dev/null 2>&1; then
    printf '%s\n' "$PWD/$jars"
    exit 0
fi
if ! { command -v java && command -v mvn; } >/dev/null 2>&1; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        echo "Installing Java and Maven from the distribution's packages ..." >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq default-jre-headless maven; } >&2
    else
        cat >&2 <<'WORDS'
The tests of the log need Java and Maven, to run Apache Kafka.
Cure (Debian):  sudo apt-get install default-jre-headless maven      (macOS):  brew install openjdk maven
Brokers that run already can be named:  DATAFLY_TEST_KAFKA=host:9092 make test
WORDS
        exit 1
    fi
fi
echo "Fetching Apache Kafka's jars ..." >&2
mvn -q -B -f scripts/kafka-pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/$jars" -DincludeScope=runtime >&2
touch "$jars/.whole"
printf '%s\n' "$PWD/$jars"
