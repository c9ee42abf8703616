#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml: every package with its version and hashes, for every platform.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet uv
for list in core dev scale; do
    case $list in
        core) extra="" ;;
        dev) extra="--extra dev" ;;
        scale) extra="--extra kafka --extra postgres --extra otel" ;;
    esac
    # shellcheck disable=SC2086
    .venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
        --no-emit-index-url --custom-compile-command "make lock" $extra --output-file "requirements/$list.txt" \
        pyproject.toml requirements/build.in
done
