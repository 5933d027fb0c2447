#!/usr/bin/env bash
# Every C file is as clang-format 14 writes it. Fix: clang-format-14 -i FILE
set -eu
cd "$(dirname "$0")/../.."
files=$(find common engine proto agent witness tests \( -name '*.c' -o -name '*.h' \) -not -path '*/node_modules/*' 2>/dev/null | LC_ALL=C sort)
n=$(printf '%s\n' "$files" | wc -l)
if printf '%s\n' "$files" | xargs -P "$(nproc)" -n 40 clang-format-14 --dry-run --Werror; then
    echo "format: $n files"
else
    echo "format: run clang-format-14 -i on the files above"
    exit 1
fi
