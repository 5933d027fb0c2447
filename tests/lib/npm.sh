# Shared by the install scripts of tests/e2e/*: what a package-lock.json names, exactly, with the Node
# it runs on. Sourced after deploy/lib.sh, with the root of the repository as the working directory.

# install_locked FROM TO WHAT [ci|install]: a folder that has it already is left alone; no package's own
# scripts run. ci wants the lock file to name every platform's package; install takes what it names exactly
# and lets the others be absent.
install_locked() {
    local from=$1 to=$2 what=$3 how=${4:-ci} want
    want=$(cat "$from/package.json" "$from/package-lock.json" | sha256sum)
    if [ "$(cat "$to/.installed" 2>/dev/null)" = "$want" ]; then
        echo "$what: all there ($to)"
        return
    fi
    if [ "${CLOSEGATE_NO_INSTALL:-}" = 1 ]; then
        die "$to does not hold $what and CLOSEGATE_NO_INSTALL is set"
    fi
    command -v npm >/dev/null || install_packages tests/e2e/npm-packages.txt
    rm -rf "$to"
    mkdir -p "$to"
    cp "$from/package.json" "$from/package-lock.json" "$to/"
    echo "$what to install: $(sed -n 's/^    "\(.*\)": "\([0-9].*\)",\{0,1\}$/\1@\2/p' "$from/package.json" | tr '\n' ' ')"
    # what is installed runs on the Node of the lock file, whatever the one that npm runs on is too old for
    (cd "$to" && npm "$how" --ignore-scripts --no-audit --no-fund --loglevel=error)
    printf '%s' "$want" >"$to/.installed"
    echo "installed in $to: $(du -sh "$to" | cut -f1)"
}
