#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what building and the demo (deps.sh build) or also the tests (deps.sh tests, the default) need and this
# machine lacks. Debian and Ubuntu; root or sudo.
#
# Where everything is there already it asks nothing, needs no rights and touches no network.
set -eu

build=(
    gcc make libc6-dev binutils git
    libunwind-dev libunwind8                         # stacks, in the library
    libjansson-dev libdw-dev libelf-dev              # the command
    node-d3                                          # charts of report --html, put into the command
    libprotobuf-c-dev protobuf-c-compiler zlib1g-dev # report --pprof
    libjemalloc-dev                                  # allocator=jemalloc
    libncurses-dev                                   # top
    scdoc                                            # manual pages
    g++                                              # the demangler comes with its run-time
    python3 python3-pandas util-linux                # the demo
)
tests=(
    libcmocka-dev bats
    golang-go python3-jsonschema                     # go tool pprof, schemas: readers of what report writes
    tmux                                             # a terminal for top
    fish zsh                                         # shells that the completions are for
    perl sqlite3 ruby strace                         # programs under the preload
    python3-pytest python3-hypothesis                # parts of the tests of pandas
    python3-greenlet python3-gevent                  # Python frames that others switch
    cython3 python3-dev                              # and those that Cython calls
    qemu-system-x86 cpio busybox-static kmod         # the cgroup v2 guest
    xz-utils zstd                                    # compressed kernel modules of newer distributions
)
# The page of report --html is tested in a browser. Ubuntu has none as a package; the tests say so there.
browser=(chromium chromium-driver python3-selenium)
[ "$(. /etc/os-release 2>/dev/null && echo "${ID:-}")" = ubuntu ] || tests+=("${browser[@]}")

# Where the distribution has them; their tests say so where it has not.
optional=(redis-server libtcmalloc-minimal4 libtcmalloc-minimal4t64 libmimalloc-dev)

case ${1:-tests} in
    build) packages=("${build[@]}") ;;
    tests) packages=("${build[@]}" "${tests[@]}") ;;
    *) echo "usage: deps.sh [build|tests]" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps: this installs packages on Debian and Ubuntu only. Elsewhere, install the like of: ${packages[*]}" >&2
    exit 1
fi

installed() {
    case $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) in
        installed) return 0 ;;
    esac
    return 1
}

# Some names are provided by others: libunwind8 became libunwind8t64 and the like.
provided() {
    dpkg-query -W -f '${db:Status-Status} ${Provides}\n' 2>/dev/null |
        awk -v name="$1" '$1 == "installed" {for (i = 2; i <= NF; i++) {sub(/,$/, "", $i); if ($i == name) found = 1}}
                          END {exit !found}'
}

missing=()
for package in "${packages[@]}"; do
    installed "$package" || provided "$package" || missing+=("$package")
done
# Those that apt knows and that are not here.
optional_missing() {
    [ "$1" = tests ] || return 0
    for package in "${optional[@]}"; do
        installed "$package" || ! apt-cache show "$package" >/dev/null 2>&1 || echo "$package"
    done
}
[ "${#missing[@]}" -gt 0 ] || [ -n "$(optional_missing "${1:-tests}")" ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "deps: missing: ${missing[*]}. Installing them needs root, and there is no sudo" >&2
        exit 1
    fi
    as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
}
# A mirror that is just being updated gives errors for a moment: once more before giving up.
quietly apt-get -q update || { sleep 10; quietly apt-get -q update; } ||
    echo "deps: the package lists could not be refreshed; trying with those that are here" >&2
mapfile -t -O "${#missing[@]}" missing < <(optional_missing "${1:-tests}")
echo "deps: installing ${missing[*]}"
install=(apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install "${missing[@]}")
quietly "${install[@]}" || { sleep 10; quietly "${install[@]}"; } || {
    echo "deps: could not install ${missing[*]}" >&2
    exit 1
}
