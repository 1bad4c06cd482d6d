#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A small machine with cgroup v2: runs one script in a QEMU guest that sees this machine's root file system, read-only.
#
# usage: guest.sh SCRIPT [ARGUMENT…]
#
# The script runs as root, by bash, in the same directory as here, with /tmp of its own and the unified hierarchy in
# /sys/fs/cgroup. Its output comes out here as it is written, and its exit status is ours. 97: no guest can be made
# here, the reason is on standard error. 98: the guest came to no end within GUEST_TIMEOUT seconds.
#
#   GUEST_TIMEOUT   600
#   GUEST_MEMORY    1536 (MiB)
#   GUEST_OPTIONS   psi=1 (to the kernel)
#
# Software emulation, because it works wherever QEMU does, and it is 20 to 30 times slower than the machine itself.
# The kernel comes as a package of the distribution, unpacked into build/guest and never installed.
set -eu

[ $# -gt 0 ] || { echo "usage: guest.sh SCRIPT [ARGUMENT…]" >&2; exit 2; }
repo=$(cd "$(dirname "$0")/../.." && pwd)
store=$repo/build/guest
mkdir -p "$store"
PATH=$PATH:/usr/sbin:/sbin

cannot() {
    echo "guest: $*" >&2
    exit 97
}
for tool in qemu-system-x86_64 cpio busybox depmod modprobe dpkg apt-get; do
    command -v "$tool" >/dev/null || cannot "$tool is missing: run make deps"
done
[ "$(uname -m)" = x86_64 ] || cannot "the guest is for x86_64 only"

# One guest at a time: two would make each other late.
exec 9>"$store/lock"
flock 9

# ---- the kernel ----

# The packages with the kernel and its modules: what the metapackage depends on.
kernel_packages() {
    local meta
    for meta in linux-image-amd64 linux-image-virtual linux-image-generic; do
        apt-cache depends "$meta" 2>/dev/null |
            awk '$1 == "Depends:" && $2 ~ /^linux-(image|modules)(-extra)?-[0-9]/ {print $2}' | sort -u >"$store/packages"
        [ ! -s "$store/packages" ] || break
    done
    # Ubuntu keeps the modules apart; the image names them in its own dependencies.
    sed -n 's/^linux-image-/linux-modules-/p; s/^linux-image-/linux-modules-extra-/p' "$store/packages" |
        while read -r name; do
            ! apt-cache show "$name" >/dev/null 2>&1 || echo "$name"
        done >>"$store/packages"
    sort -u "$store/packages"
}

fetch_kernel() {
    local packages as_root=() download
    packages=$(kernel_packages)
    if [ -z "$packages" ]; then
        [ "$(id -u)" = 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get -q update >/dev/null 2>&1 || true
        packages=$(kernel_packages)
    fi
    [ -n "$packages" ] || cannot "no kernel package is known to apt here"
    echo "guest: fetching" $packages >&2
    download=$(mktemp -d "$store/download.XXXXXX")
    # shellcheck disable=SC2086
    if ! (cd "$download" && { apt-get -q download $packages || { sleep 10; apt-get -q download $packages; }; }) \
        >"$store/fetch.log" 2>&1; then
        # An old package list names files that have left the mirror.
        [ "$(id -u)" = 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get -q update >/dev/null 2>&1 || true
        packages=$(kernel_packages)
        # shellcheck disable=SC2086
        (cd "$download" && apt-get -q download $packages) >"$store/fetch.log" 2>&1 || {
            cat "$store/fetch.log" >&2
            rm -rf "$download"
            cannot "the kernel package could not be fetched"
        }
    fi
    rm -rf "$store/unpacked" "$store/modules"
    for package in "$download"/*.deb; do
        dpkg -x "$package" "$store/unpacked"
    done
    rm -rf "$download"
}

# The modules that the guest needs, in the order of loading, unpacked: $store/modules/NN-name.ko
choose_modules() {
    local version=$1 root=$store/unpacked list=$store/modules.list file name number=10
    [ -e "$root/lib/modules" ] || ln -s usr/lib "$root/lib"
    depmod -b "$root" "$version"
    for name in virtio_pci 9pnet_virtio 9p; do
        modprobe -d "$root" -S "$version" --show-depends "$name" || cannot "the kernel $version has no $name"
    done | awk '$1 == "insmod" && !seen[$2]++ {print $2}' >"$list"
    rm -rf "$store/modules.new"
    mkdir "$store/modules.new"
    while read -r file; do
        name=${file##*/}
        case $name in
            *.ko) cp "$file" "$store/modules.new/$number-$name" ;;
            *.xz) xz -dc "$file" >"$store/modules.new/$number-${name%.xz}" ;;
            *.zst) zstd -qdc "$file" >"$store/modules.new/$number-${name%.zst}" ;;
            *.gz) gzip -dc "$file" >"$store/modules.new/$number-${name%.gz}" ;;
        esac
        number=$((number + 1))
    done <"$list"
}

if [ ! -e "$store/vmlinuz" ] || [ ! -d "$store/modules" ]; then
    fetch_kernel
    kernel=$(find "$store/unpacked/boot" -name 'vmlinuz-*' | sort -V | tail -n 1)
    [ -n "$kernel" ] || cannot "the kernel package holds no kernel"
    choose_modules "${kernel##*/vmlinuz-}"
    cp "$kernel" "$store/vmlinuz"
    mv "$store/modules.new" "$store/modules"
    # 400 MiB of modules that nobody needs.
    rm -rf "$store/unpacked"
fi

# ---- the first file system ----

work=$(mktemp -d "$store/run.XXXXXX")
qemu=
clean_up() {
    [ -z "$qemu" ] || kill -KILL "$qemu" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

mkdir -p "$work/root/bin" "$work/root/modules"
cp "$(command -v busybox)" "$work/root/bin/busybox"
cp "$store"/modules/*.ko "$work/root/modules/"
script=$(readlink -f "$1")
shift
{
    printf 'cd %q && exec bash %q' "$PWD" "$script"
    [ $# -eq 0 ] || printf ' %q' "$@"
    printf '\n'
} >"$work/root/job"
printf '%s\n' "$repo" >"$work/root/repo.name"

cat >"$work/root/init" <<'INIT'
#!/bin/busybox sh
# The whole of the guest's user space besides what it sees of the host.
/bin/busybox --install -s /bin
PATH=/bin
mkdir -p /proc /sys /dev /host /repo
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
tty=/dev/ttyS1
stty -F $tty raw -echo 115200
say() { echo "@@guest $*" >$tty; }

for module in /modules/*.ko; do
    insmod "$module" || echo "guest: $module does not load"
done
if ! mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose host /host; then
    say "failed: the host's files cannot be mounted"
    reboot -f
fi
repo=$(cat /repo.name)
mount --bind "/host$repo" /repo
mount -t proc proc /host/proc
mount -t sysfs sysfs /host/sys
mount -t devtmpfs devtmpfs /host/dev
mkdir -p /host/dev/shm /host/dev/pts
mount -t tmpfs -o size=200m tmpfs /host/dev/shm
mount -t devpts devpts /host/dev/pts
mount -t tmpfs -o size=600m,mode=1777 tmpfs /host/tmp
mount -t cgroup2 cgroup2 /host/sys/fs/cgroup
# A checkout below /tmp has just been hidden.
case $repo in
    /tmp/*) mkdir -p "/host$repo" && mount --bind /repo "/host$repo" ;;
esac
cp /job /host/tmp/guest-job
say begin
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 GUEST=1 \
    PYTHONDONTWRITEBYTECODE=1 /bin/chroot /host /bin/bash /tmp/guest-job >$tty 2>&1 </dev/null
say "exit $?"
sync
sleep 1
reboot -f
INIT
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"

# ---- the run ----

mkfifo "$work/data"
timeout --foreground -k 5 "${GUEST_TIMEOUT:-600}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max \
    -m "${GUEST_MEMORY:-1536}" -smp 2 -no-reboot -display none -monitor none -nodefaults \
    -kernel "$store/vmlinuz" -initrd "$work/initramfs" \
    -append "console=ttyS0 quiet panic=-1 ${GUEST_OPTIONS:-psi=1} mitigations=off nokaslr" \
    -serial "file:$store/console.log" -serial "file:$work/data" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    </dev/null >"$store/qemu.log" 2>&1 9>&- &
qemu=$!

tr -d '\r' <"$work/data" | awk -v result="$work/result" '
    /^@@guest begin/ {on = 1; next}
    /^@@guest (exit|failed)/ {sub(/^@@guest /, ""); print >result; close(result); on = 0; next}
    on {print; fflush()}'
status=0
wait "$qemu" || status=$?
qemu=

if [ -e "$work/result" ]; then
    read -r word rest <"$work/result"
    [ "$word" != exit ] || exit "$rest"
    cannot "$rest"
fi
if [ "$status" = 124 ]; then
    echo "guest: no end within ${GUEST_TIMEOUT:-600} s" >&2
    exit 98
fi
echo "guest: it ended without a result (QEMU: $status). Its console:" >&2
tail -n 30 "$store/console.log" "$store/qemu.log" >&2
exit 98
