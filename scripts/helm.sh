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
    built=$(mktemp -d .tools/helm.XXXXXX)
    if GOBIN="$PWD/$built" go install helm.sh/helm/v3/cmd/helm@v3.16.4 >&2; then
        # A copy: what Go has written may be busy a moment longer. Whoever looks finds it whole or not at all.
        cp "$built/helm" "$built/copy"
        mv -f "$built/copy" .tools/helm
        printf '%s\n' "$PWD/.tools/helm"
    fi
    rm -rf "$built"
fi
