#!/usr/bin/env bash
# Every header compiles alone, in C17 with warnings as errors: it includes what it needs.
set -eu
cd "$(dirname "$0")/../.."
cc=${CC:-cc}
headers=$(find common engine proto agent witness tests -name '*.h' -not -path '*/node_modules/*' 2>/dev/null | LC_ALL=C sort)
n=$(printf '%s\n' "$headers" | wc -l)
export cc
one() {
    "$cc" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wno-unused-function -Werror -I. \
        -fsyntax-only -x c -include "$1" /dev/null ||
        { echo "$1: does not compile alone; include what it uses"; return 1; }
}
export -f one
if printf '%s\n' "$headers" | xargs -P "$(nproc)" -I{} bash -c 'one {}'; then
    echo "headers: $n compile alone"
else
    echo "headers: fix the above"
    exit 1
fi
