#!/bin/sh
# Makes .venv with the locked packages of one list: set-up.sh core | dev. Says the exact cure where it cannot.
set -eu
cd "$(dirname "$0")/.."
list=${1:-core}

say() { printf '%s\n' "$*" >&2; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }
has_pip() { "$1" -m pip --python "$1" --version >/dev/null 2>&1; }

candidates() {
    [ -z "${PYTHON:-}" ] || printf '%s\n' "$PYTHON"
    for name in python3.13 python3.12 python3.11 python3.14 python3 python; do
        command -v "$name" 2>/dev/null || true
    done
    for folder in /usr/bin /opt/homebrew/bin /usr/local/bin "${HOME:-}"/.pyenv/versions/*/bin \
        /Library/Frameworks/Python.framework/Versions/*/bin; do
        for name in python3.13 python3.12 python3.11 python3; do
            [ ! -x "$folder/$name" ] || printf '%s\n' "$folder/$name"
        done
    done
}

pick() { # $1: has_venv or has_pip
    candidates | while read -r python; do
        if new_enough "$python" && "$1" "$python"; then
            printf '%s\n' "$python"
            break
        fi
    done
}

no_python() {
    found=$(candidates | while read -r python; do if new_enough "$python"; then printf '%s\n' "$python"; break; fi; done)
    if [ -n "$found" ]; then
        version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        say "Signal found $found (Python $version), but it can make no virtual environment: its venv package is missing."
        say "Cure (Debian, Ubuntu):  sudo apt-get install python$version-venv      then again: make run"
    else
        version=none
        if command -v python3 >/dev/null 2>&1; then version=$(python3 --version 2>&1); fi
        say "Signal needs Python 3.11 or newer, and finds none; python3 here is: $version."
        case "$(uname -s)" in
        Darwin) say "Cure:  brew install python@3.13      then again: make run" ;;
        *) say "Cure (Debian 12, Ubuntu 24.04 or newer):  sudo apt-get install python3 python3-venv      then again: make run" ;;
        esac
    fi
    say "Another interpreter can be named:  make run PYTHON=/path/to/python3.12"
    exit 1
}

make_venv() {
    if [ -n "${PYTHON:-}" ] && ! new_enough "$PYTHON"; then
        say "PYTHON=$PYTHON is no Python 3.11 or newer; looking for another."
    fi
    python=$(pick has_venv)
    if [ -n "$python" ]; then
        "$python" -m venv --clear .venv
        return
    fi
    python=$(pick has_pip)
    [ -n "$python" ] || no_python
    "$python" -m venv --clear --without-pip .venv
    "$python" -m pip --python .venv/bin/python install --quiet pip
}

install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" || {
        say "The packages could not be installed; the lines above say why. Without a way to pypi.org, name a mirror:"
        say "  PIP_INDEX_URL=https://mirror.example/simple make run"
        exit 1
    }
}

if ! { [ -x .venv/bin/python ] && new_enough .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
    say "Making .venv ..."
    make_venv
fi
say "Installing the $list packages into .venv (locked, wheels only) ..."
install --only-binary :all: --require-hashes -r "requirements/$list.txt"
install --no-deps --no-build-isolation --no-index -e .
