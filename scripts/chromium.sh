#!/bin/sh
# Prints the path of a Chromium for the browser tests; installs the distribution's package where it may, else says the cure.
set -eu
find_one() {
    for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        if command -v "$name" 2>/dev/null; then return 0; fi
    done
    return 1
}
if find_one; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium from the distribution's packages ..." >&2
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >&2
    find_one && exit 0
fi
cat >&2 <<'WORDS'
The browser tests need Chromium.
Cure (Debian):  sudo apt-get install chromium      (macOS):  brew install --cask chromium
Another one can be named:  CHROMIUM=/path/to/chrome make test
WORDS
exit 1
