#!/usr/bin/env bash
# The pure ring (common/base, engine/gate, engine/fsm, engine/recon, engine/report, agent/fsm) linked alone: what it still
# wants from outside is read with nm -u and must be in pure.txt. No file, no socket, no clock.
# Usage: pure.sh ARCHIVE...   (meson hands them over)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ld -r --whole-archive "$@" -o "$work/pure.o"
nm -u "$work/pure.o" | awk '{print $NF}' | sed 's/@.*//' | LC_ALL=C sort -u >"$work/wanted"
sed 's/#.*//' "$here/pure.txt" | tr -s ' \t' '\n' | grep . | LC_ALL=C sort -u >"$work/allowed"
extra=$(LC_ALL=C comm -23 "$work/wanted" "$work/allowed")
if [ -n "$extra" ]; then
    for symbol in $extra; do
        where=$(nm -A -u "$@" 2>/dev/null | awk -v s="$symbol" '$NF == s {print $1}' | sed 's/.*:\([^:]*\):$/\1/' | sort -u | tr '\n' ' ')
        echo "$symbol: not for the pure ring (wanted by ${where:-?}); hand its result in, or list it in tests/lint/pure.txt with a reason"
    done
    echo "pure: fix the above"
    exit 1
fi
echo "pure: $(wc -l <"$work/wanted") symbols, all allowed"
