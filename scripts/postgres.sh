#!/bin/sh
# Prints the folder of PostgreSQL's server programs for the tests; installs the distribution's package where it may, else says
# the cure. With DATAFLY_TEST_POSTGRES (the URL of a server) none is needed, and nothing is printed.
set -eu
[ -z "${DATAFLY_TEST_POSTGRES:-}" ] || exit 0
find_one() {
    for folder in "${POSTGRES_BIN:-}" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/pgsql/bin; do
        if [ -x "$folder/initdb" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
    if command -v initdb >/dev/null 2>&1; then
        dirname "$(command -v initdb)"
        return 0
    fi
    return 1
}
if find_one; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Installing PostgreSQL from the distribution's packages ..." >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql; } >&2
    find_one && exit 0
fi
cat >&2 <<'WORDS'
The tests of the store need PostgreSQL's server programs.
Cure (Debian):  sudo apt-get install postgresql      (macOS):  brew install postgresql@17
Others can be named:  POSTGRES_BIN=/path/to/bin make test, or a server:  DATAFLY_TEST_POSTGRES=postgresql://user@host/postgres make test
WORDS
exit 1
