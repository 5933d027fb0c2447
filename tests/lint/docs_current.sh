#!/usr/bin/env bash
# The reference pages in docs/ are what the engine prints of its own tables today; the manual page
# is sound. Usage: docs_current.sh ENGINE [--write]   (--write puts them there)
set -eu
engine=$(realpath "$1") write=${2:-}
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stale=0
page() {
    "$engine" docs "$1" >"$work/page"
    if [ "$write" = --write ]; then
        mkdir -p "$(dirname "$2")"
        cp "$work/page" "$2"
    elif ! diff -u "$2" "$work/page"; then
        echo "docs: $2 is not what the engine does: tests/lint/docs_current.sh ENGINE --write"
        stale=1
    fi
}
page tools docs/TOOLS.md
page config docs/CONFIG.md
page fsm docs/fsm.md
page man docs/man/closegate-engine.1
if command -v mandoc >/dev/null; then
    mandoc -Tlint -Wwarning docs/man/closegate-engine.1 || stale=1
fi
[ $stale = 0 ] && echo "docs: 4 pages are current"
exit $stale
