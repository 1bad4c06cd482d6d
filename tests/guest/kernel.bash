# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The guest's kernel, as a package of a distribution, unpacked and never installed. To be sourced by guest.sh, which
# has a function `cannot WHY` that does not return.
#
#   kernel_get STORE [RELEASE]    leaves STORE/vmlinuz, STORE/version and STORE/modules/NN-name.ko in the order of
#                                 loading; nothing is done where they are already. RELEASE: the kernel of this
#                                 release of Debian (trixie, sid) from the mirror that apt uses here; without it that
#                                 of this machine's own distribution
#
# A foreign release gets package lists of its own below STORE: apt's lists of this machine stay as they are.

APT=() # options for apt: which package lists
KERNEL_MODULES="virtio_pci 9pnet_virtio 9p"
KERNEL_MODULES_MORE="zram lzo_rle" # swap; the guest boots without

# ---- which packages ----

# The packages with the kernel and its modules: what the metapackage depends on.
kernel_packages() {
    local meta
    for meta in linux-image-amd64 linux-image-virtual linux-image-generic; do
        apt-cache "${APT[@]}" depends "$meta" 2>/dev/null |
            awk '$1 == "Depends:" && $2 ~ /^linux-(image|modules)(-extra)?-[0-9]/ {print $2}' | sort -u >"$STORE/packages"
        [ ! -s "$STORE/packages" ] || break
    done
    # Ubuntu keeps the modules apart; the image names them in its own dependencies.
    sed -n 's/^linux-image-/linux-modules-/p; s/^linux-image-/linux-modules-extra-/p' "$STORE/packages" |
        while read -r name; do
            ! apt-cache "${APT[@]}" show "$name" >/dev/null 2>&1 || echo "$name"
        done >>"$STORE/packages"
    sort -u "$STORE/packages"
}

# This machine's lists belong to root; those of a foreign release are ours.
kernel_update() {
    local as_root=()
    [ "${#APT[@]}" -gt 0 ] || [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get -q "${APT[@]}" update >"$STORE/update.log" 2>&1
}

# The package lists of another release of Debian, from where this machine has its own.
kernel_foreign_lists() {
    local release=$1 apt=$STORE/apt mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg signed=
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        awk '$1 == "Debian" && $2 == "Debian" {print $3; exit}')
    [ -n "$mirror" ] || cannot "apt has no mirror of Debian here, so no kernel of $release"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    [ ! -e "$keyring" ] || signed=" signed-by=$keyring"
    echo "deb [arch=amd64$signed] $mirror $release main" >"$apt/sources.list"
    APT=(-o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$apt/lists"
        -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)
    kernel_update || { sleep 10; kernel_update; } || cannot "the package list of $release could not be fetched"
}

# ---- the packages, unpacked ----

kernel_download() {
    (cd "$1" && apt-get -q "${APT[@]}" download $(cat "$STORE/packages")) >"$STORE/fetch.log" 2>&1
}

kernel_fetch() {
    local packages download
    packages=$(kernel_packages)
    if [ -z "$packages" ]; then
        kernel_update || true
        packages=$(kernel_packages)
    fi
    [ -n "$packages" ] || cannot "no kernel package is known to apt here"
    echo "guest: fetching" $packages >&2
    printf '%s\n' "$packages" >"$STORE/packages"
    download=$(mktemp -d "$STORE/download.XXXXXX")
    if ! kernel_download "$download" && ! { sleep 10; kernel_download "$download"; }; then
        # An old package list names files that have left the mirror.
        kernel_update || true
        packages=$(kernel_packages)
        printf '%s\n' "$packages" >"$STORE/packages"
        kernel_download "$download" || {
            cat "$STORE/fetch.log" >&2
            rm -rf "$download"
            cannot "the kernel package could not be fetched"
        }
    fi
    rm -rf "$STORE/unpacked"
    for package in "$download"/*.deb; do
        dpkg -x "$package" "$STORE/unpacked"
    done
    rm -rf "$download"
}

# The modules that the guest needs, in the order of loading, unpacked: STORE/modules.new/NN-name.ko
kernel_modules() {
    local version=$1 root=$STORE/unpacked list=$STORE/modules.list file name number=10
    [ -e "$root/lib/modules" ] || ln -s usr/lib "$root/lib"
    depmod -b "$root" "$version"
    for name in $KERNEL_MODULES $KERNEL_MODULES_MORE; do
        modprobe -d "$root" -S "$version" --show-depends "$name" 2>/dev/null || [[ " $KERNEL_MODULES_MORE " == *" $name "* ]] ||
            cannot "the kernel $version has no $name"
    done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' >"$list"
    rm -rf "$STORE/modules.new"
    mkdir "$STORE/modules.new"
    while read -r file; do
        name=${file##*/}
        case $name in
            *.ko) cp "$file" "$STORE/modules.new/$number-$name" ;;
            *.xz) xz -dc "$file" >"$STORE/modules.new/$number-${name%.xz}" ;;
            *.zst) zstd -qdc "$file" >"$STORE/modules.new/$number-${name%.zst}" ;;
            *.gz) gzip -dc "$file" >"$STORE/modules.new/$number-${name%.gz}" ;;
        esac
        number=$((number + 1))
    done <"$list"
}

kernel_get() {
    local kernel
    STORE=$1
    mkdir -p "$STORE"
    ! grep -qsxF "$KERNEL_MODULES $KERNEL_MODULES_MORE" "$STORE/complete" || return 0
    [ -z "${2:-}" ] || kernel_foreign_lists "$2"
    kernel_fetch
    kernel=$(find "$STORE/unpacked/boot" -name 'vmlinuz-*' | sort -V | tail -n 1)
    [ -n "$kernel" ] || cannot "the kernel package holds no kernel"
    kernel_modules "${kernel##*/vmlinuz-}"
    rm -rf "$STORE/modules"
    mv "$STORE/modules.new" "$STORE/modules"
    cp "$kernel" "$STORE/vmlinuz"
    echo "${kernel##*/vmlinuz-}" >"$STORE/version"
    # 400 MiB of modules that nobody needs.
    rm -rf "$STORE/unpacked" "$STORE/apt"
    echo "$KERNEL_MODULES $KERNEL_MODULES_MORE" >"$STORE/complete"
}
