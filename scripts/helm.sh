#!/bin/sh
# Prints where Helm is: the one on the path, else one that Go builds into .tools (a minute, once). Nothing where neither is.
set -eu
cd "$(dirname "$0")/.."
if found=$(command -v helm 2>/dev/null); then
    printf '%s\n' "$found"
elif [ -x .tools/helm ]; then
    printf '%s\n' "$PWD/.tools/helm"
elif command -v go >/dev/null 2>&1; then
    printf 'Building Helm ...\n' >&2
    mkdir -p .tools
    if GOBIN="$PWD/.tools" go install helm.sh/helm/v3/cmd/helm@v3.16.4 >&2; then
        printf '%s\n' "$PWD/.tools/helm"
    fi
fi
