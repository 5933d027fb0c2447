#!/usr/bin/env bash
# The reference pages in docs/ are what the programs print of their own tables today; the manual page
# is sound. Usage: docs_current.sh ENGINE [--write]   (--write puts them there)
set -eu
engine=$(realpath "$1") agent=$(realpath "$1" | sed 's,engine/closegate-engine$,agent/closegate-agent,')
witness=$(realpath "$1" | sed 's,engine/closegate-engine$,witness/closegate-witness,')
verify=$(realpath "$1" | sed 's,engine/closegate-engine$,common/verify/closegate-verify,') write=${2:-}
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
stale=0
page() { # page PROGRAM NAME FILE
    "$1" docs "$2" >"$work/page"
    shift
    if [ "$write" = --write ]; then
        mkdir -p "$(dirname "$2")"
        cp "$work/page" "$2"
    elif ! diff -u "$2" "$work/page"; then
        echo "docs: $2 is not what the program does: tests/lint/docs_current.sh ENGINE --write"
        stale=1
    fi
}
page "$engine" tools docs/TOOLS.md
page "$engine" config docs/CONFIG.md
page "$engine" fsm docs/fsm.md
page "$engine" man docs/man/closegate-engine.1
page "$agent" config docs/AGENT-CONFIG.md
page "$agent" fsm docs/fsm-agent.md
page "$agent" man docs/man/closegate-agent.1
page "$agent" types ui-static/src/api/types.gen.ts
if [ -x "$witness" ]; then # meson's test builds it; whoever runs this by hand may not have
    page "$witness" config docs/WITNESS-CONFIG.md
    page "$witness" man docs/man/closegate-witness.1
else
    echo "docs: closegate-witness is not built: its two pages were not looked at"
fi
page "$verify" man docs/man/closegate-verify.1
if command -v mandoc >/dev/null; then
    mandoc -Tlint -Wwarning docs/man/*.1 || stale=1
fi
[ $stale = 0 ] && echo "docs: the pages are current"
exit $stale
