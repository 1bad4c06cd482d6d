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
#   GUEST_KERNEL    a release of Debian whose kernel it is, e.g. trixie; this machine's distribution unless told
#   GUEST_TIMEOUT   600
#   GUEST_MEMORY    1536 (MiB)
#   GUEST_OPTIONS   psi=1 (to the kernel)
#
# Software emulation, because it works wherever QEMU does, and it is 20 to 30 times slower than the machine itself.
# The kernel comes as a package of a distribution, unpacked into build/guest and never installed (kernel.bash).
set -eu

[ $# -gt 0 ] || { echo "usage: guest.sh SCRIPT [ARGUMENT…]" >&2; exit 2; }
repo=$(cd "$(dirname "$0")/../.." && pwd)
base=$repo/build/guest
mkdir -p "$base"
PATH=$PATH:/usr/sbin:/sbin

cannot() {
    echo "guest: $*" >&2
    exit 97
}
for tool in qemu-system-x86_64 cpio busybox depmod modprobe dpkg apt-get; do
    command -v "$tool" >/dev/null || cannot "$tool is missing: run make deps"
done
[[ ${GUEST_KERNEL:-a} =~ ^[a-z][a-z-]*$ ]] || { echo "guest: GUEST_KERNEL=$GUEST_KERNEL is no release" >&2; exit 2; }
[ "$(uname -m)" = x86_64 ] || cannot "the guest is for x86_64 only"

# One guest at a time: two would make each other late.
exec 9>"$base/lock"
flock 9

# shellcheck source=tests/guest/kernel.bash
. "$repo/tests/guest/kernel.bash"
store=$base${GUEST_KERNEL:+/$GUEST_KERNEL}
kernel_get "$store" "${GUEST_KERNEL:-}"

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
mount -t tmpfs -o size=60%,mode=1777 tmpfs /host/tmp
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

# reaches VERSION LEAST
reaches() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

# QEMU before 8.1 now and then runs stale code when one virtual processor patches the kernel under another: "Oops: int3",
# in two of three boots of 6.12, never seen with 6.1. With one host thread for all virtual processors it does not.
emulation() {
    local version
    version=$(qemu-system-x86_64 --version | sed -n 's/.*version \([0-9.]*\).*/\1/p' | head -n 1)
    if reaches "$version" 8.1 || ! reaches "$(cat "$store/version")" 6.2; then echo multi; else echo single; fi
}

on=''
mkfifo "$work/data"
timeout --foreground -k 5 "${GUEST_TIMEOUT:-900}" qemu-system-x86_64 -accel "tcg,thread=$(emulation)" -cpu max \
    -m "${GUEST_MEMORY:-1536}" -smp 2 -no-reboot -display none -monitor none -nodefaults \
    -kernel "$store/vmlinuz" -initrd "$work/initramfs" \
    -append "console=ttyS0 quiet panic=-1 ${GUEST_OPTIONS:-psi=1} mitigations=off nokaslr" \
    -serial "file:$store/console.log" -serial "file:$work/data" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    </dev/null >"$store/qemu.log" 2>&1 9>&- &
qemu=$!

# Line by line as they come: awk and tr would wait for a buffer to fill.
while IFS= read -r line; do
    line=${line%$'\r'}
    case $line in
        "@@guest begin"*) on=1 ;;
        "@@guest exit"* | "@@guest failed"*) on='' && echo "${line#@@guest }" >"$work/result" ;;
        *) [ -z "$on" ] || printf '%s\n' "$line" ;;
    esac
done <"$work/data"
status=0
wait "$qemu" || status=$?
qemu=

if [ -e "$work/result" ]; then
    read -r word rest <"$work/result"
    [ "$word" != exit ] || exit "$rest"
    cannot "$rest"
fi
if [ "$status" = 124 ]; then
    echo "guest: no end within ${GUEST_TIMEOUT:-900} s" >&2
    exit 98
fi
echo "guest: it ended without a result (QEMU: $status). Its console:" >&2
tail -n 30 "$store/console.log" "$store/qemu.log" >&2
exit 98
