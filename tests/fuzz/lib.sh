# What tests/fuzz/run and tests/fuzz/campaign share. Sourced from the repository's root.

export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=1} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
FUZZ_FLAGS="-timeout=25 -rss_limit_mb=2048 -print_final_stats=1"

# fuzz_targets BUILD: the programs, one a line.
fuzz_targets() {
    find "$1/tests/fuzz" -maxdepth 1 -type f -perm -u+x -name 'fuzz_*' 2>/dev/null | LC_ALL=C sort
}

# fuzz_dict NAME FILE: the target's dictionaries as one. False: tests/fuzz/dict/which has no row of it,
# or names one that is not there.
fuzz_dict() {
    local row
    row=$(awk -v name="$1" '$1 == name { $1 = ""; print }' tests/fuzz/dict/which)
    [ -n "$row" ] || { echo "tests/fuzz/dict/which has no row of $1" >&2; return 1; }
    for d in $row; do cat "tests/fuzz/dict/$d.dict" || return 1; done >"$2"
}

# fuzz_found LOG: the input at which a run of libFuzzer ended; nothing when it did not find one.
fuzz_found() {
    sed -n 's/.*Test unit written to //p' "$1" | tail -1
}
