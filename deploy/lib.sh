# Shared by deploy/quickstart and tests/run: installing what is listed, building, saying so.
# Sourced, with the root of the repository as the working directory.

say() { printf '\n==> %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# install_packages LIST...: installs what is not there yet; asks for nothing when all is there.
install_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this installs packages with apt-get (Debian 12); elsewhere install what $* list and set CLOSEGATE_NO_INSTALL=1"
    local missing="" name as_root=""
    for name in $(sed 's/#.*//' "$@"); do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing="$missing $name"
    done
    if [ -z "$missing" ]; then
        echo "packages: all there"
        return
    fi
    echo "packages to install:$missing"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "not root and no sudo; as root run: apt-get install$missing"
        as_root="sudo"
    fi
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
}

# configure DIR MESON_ARGS...: sets the build directory up once, and again when the options differ.
configure() {
    local dir=$1
    shift
    if [ -f "$dir/build.ninja" ] && [ "$(cat "$dir/.options" 2>/dev/null)" = "$*" ]; then
        return
    fi
    rm -rf "$dir"
    mkdir -p "$dir"
    meson setup "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; return 1; }
    printf '%s' "$*" >"$dir/.options"
}
