#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes cgroups like those of systemd, Docker, Kubernetes and Slurm with the kernel that runs, lets programs take memory
# in them, and prints what a process inside can read: one tree after the other.
#
# usage: trees.sh v1|v2 PROGRAMS FILE [TREE…]      as root; PROGRAMS: the directory with `hold`; FILE: 128 MiB to be
#                                                  read; all trees unless told
#        trees.sh self NAME                        prints the tree of this very process (used by the above)
#
# A tree is a line "#### NAME" and, for each file, a line "## PATH" with the file as the kernel gave it. Of mountinfo only
# the lines about cgroups are kept. v2 wants /sys/fs/cgroup unified (the guest), v1 makes its own mounts in the guest and
# otherwise takes those of the machine. Groups are made below names that must not be there yet, and removed afterwards.
set -eu
self=$(readlink -f "$0")
V1_FILES="limit_in_bytes usage_in_bytes soft_limit_in_bytes max_usage_in_bytes stat oom_control failcnt swappiness
    memsw.limit_in_bytes memsw.usage_in_bytes kmem.usage_in_bytes"
V2_FILES="max current high peak stat events swap.max swap.current"
POD=pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21
ID=5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8
OTHER=0b1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c9

# ---- what a process sees of itself ----

show() {
    [ -r "$1" ] || return 0
    local text
    text=$(cat "$1" 2>/dev/null) || return 0
    printf '## %s\n%s\n' "$1" "$text"
}

# files_of DIRECTORY FILE…
files_of() {
    local directory=$1 file
    shift
    for file in "$@"; do
        show "$directory/memory.$file"
    done
}

print_self() {
    local line type root point path files
    echo "#### $1"
    show /proc/self/cgroup
    printf '## /proc/self/mountinfo\n'
    grep -E ' - (cgroup2?|tmpfs) ' /proc/self/mountinfo | grep /sys/fs/cgroup
    line=$(grep -E ' - cgroup .*[,]memory' /proc/self/mountinfo | head -n 1)
    type=memory files=$V1_FILES
    [ -n "$line" ] || { line=$(grep -E ' - cgroup2 ' /proc/self/mountinfo | head -n 1) type='' files=$V2_FILES; }
    read -r _ _ _ root point _ <<<"$line"
    path=$(sed -n "s/^[0-9]*:$type://p" /proc/self/cgroup)
    pressure "$(sed -n 's/^0:://p' /proc/self/cgroup)"
    [ "$root" = / ] || path=${path#"$root"}
    case $path in
        /..*) path= ;;
    esac
    while :; do
        files_of "$point${path%/}" $files
        [ -n "${path%/}" ] || break
        path=${path%/*}
    done
}

# pressure PATH: of the own group, under the v2 mount
pressure() {
    local root point
    read -r _ _ _ root point _ <<<"$(grep -E ' - cgroup2 ' /proc/self/mountinfo | head -n 1)"
    [ "$root" = / ] && root= || root=${root:-}
    case $1 in
        "$root"*) files_of "$point${1#"$root"}" pressure | sed 's|//|/|' ;;
    esac
}

# ---- groups and what lives in them ----

top=/sys/fs/cgroup # where groups are made
made=()

# Ends what still lives in the groups made here, and removes them, the innermost first.
clean_up() {
    local i pid tries
    for ((i = ${#made[@]} - 1; i >= 0; i--)); do
        for ((tries = 0; tries < 50; tries++)); do
            while read -r pid; do
                kill -KILL "$pid" 2>/dev/null || true
            done <"${made[i]}/cgroup.procs"
            ! rmdir "${made[i]}" 2>/dev/null || continue 2
            sleep 0.1
        done
        echo "trees: ${made[i]} could not be removed" >&2
        return 1
    done
    made=()
    rm -f /dev/shm/trees.$$.*
}

# keep DIRECTORY: makes it, to be removed by clean_up; one that is there already belongs to somebody else
keep() {
    local known
    for known in "${made[@]}"; do
        [ "$known" != "$1" ] || return 0
    done
    mkdir "$1"
    made+=("$1")
}

# group PATH [FILE=VALUE…]: makes it and its parents; files without "memory."
group() {
    local path=$top part parts setting
    IFS=/ read -ra parts <<<"${1#/}"
    for part in "${parts[@]}"; do
        [ "$version" = v1 ] || echo +memory >"$path/cgroup.subtree_control"
        path=$path/$part
        keep "$path"
    done
    shift
    for setting in "$@"; do
        echo "${setting#*=}" >"$path/memory.${setting%%=*}"
    done
}

# within PATH COMMAND…
within() {
    local path=$top$1
    shift
    (
        echo $BASHPID >"$path/cgroup.procs"
        exec "$@"
    )
}

# job PATH ANONYMOUS_MIB FILE_MIB SHMEM_MIB: holds so much until clean_up
job() {
    local path=$1 ready waited
    count=$((count + 1))
    ready=$scratch/ready.$count
    # The input is read once here, so the pages are charged here.
    within "$path" bash -c 'dd if="$1" of=/dev/null bs=1M count="$2" skip="$3" status=none
        dd if=/dev/zero of="$4" bs=1M count="$5" status=none; exec "$6" "$7" 600 "$8"' \
        job "$input" "$3" "$(((count - 1) * 16))" "/dev/shm/trees.$$.$count" "$4" "$programs/hold" "$2" "$ready" &
    for ((waited = 0; waited < 600; waited++)); do
        [ ! -e "$ready" ] || return 0
        sleep 0.1
    done
    echo "trees: no job in $path" >&2
    return 1
}

record() { within "$2" bash "$self" self "$1"; }

# ---- the trees of v2 ----

# The root of the hierarchy has statistics only.
tree_root() { bash "$self" self root; }

tree_systemd() {
    local slice=/user.slice/user-1000.slice
    group /user.slice max=1G
    group $slice max=300M swap.max=64M
    group $slice/user@1000.service/app.slice high=200M
    group $slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope
    group $slice/session-3.scope
    job $slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope 20 8 4
    job $slice/session-3.scope 24 8 0
    reclaim $slice 32M
    record systemd $slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope
    clean_up
}

# Some of it goes to swap, if there is any; the kernel says EAGAIN when it was less than asked for.
reclaim() {
    [ ! -e "$top$1/memory.reclaim" ] || echo "$2" >"$top$1/memory.reclaim" 2>/dev/null || true
}

# Docker: a namespace and a mount of its own, read-only. What it sees of itself is the root. It reads more than fits.
tree_docker() {
    local scope=/system.slice/docker-$ID.scope
    group $scope max=64M swap.max=32M
    job $scope 20 0 4
    within $scope dd if="$input" of=/dev/null bs=1M count=96 status=none
    within $scope unshare -C -m bash -c 'umount /sys/fs/cgroup &&
        mount -t cgroup2 -o ro,nosuid,nodev,noexec cgroup2 /sys/fs/cgroup && exec bash "$0" self docker' "$self"
    clean_up
}

# The namespace alone is private: the mount is still the machine's, so its root lies above.
tree_unshared() {
    group /system.slice/sandbox.scope max=64M
    job /system.slice/sandbox.scope 12 8 0
    within /system.slice/sandbox.scope unshare -C bash "$self" self unshared
    clean_up
}

# Put into a sibling from outside, after the namespace was made.
tree_moved() {
    group /system.slice/one.scope max=64M
    group /system.slice/two.scope max=96M
    job /system.slice/one.scope 12 8 0
    within /system.slice/one.scope unshare -C -m bash -c 'umount /sys/fs/cgroup &&
        mount -t cgroup2 cgroup2 /sys/fs/cgroup && echo $$ >"$1" && while [ ! -e "$2" ]; do sleep 0.1; done
        exec bash "$0" self moved' "$self" "$scratch/mounted" "$scratch/moved" &
    local mover=$! waited
    for ((waited = 0; waited < 600; waited++)); do
        [ ! -s "$scratch/mounted" ] || break
        sleep 0.1
    done
    cat "$scratch/mounted" >"$top/system.slice/two.scope/cgroup.procs"
    : >"$scratch/moved"
    wait $mover
    clean_up
}

# Three levels with limits; the pod's is nearest, and another container of the pod was killed.
tree_kubernetes() {
    local slice=/kubepods.slice/kubepods-burstable.slice
    local pod=$slice/kubepods-burstable-$POD.slice
    group /kubepods.slice max=1G
    group $pod max=96M high=92M
    group $pod/cri-containerd-$ID.scope max=128M swap.max=0
    group $pod/cri-containerd-$OTHER.scope max=16M swap.max=0
    job $pod/cri-containerd-$ID.scope 24 8 2
    within $pod/cri-containerd-$OTHER.scope "$programs/hold" 32 1 2>/dev/null || true
    job $pod/cri-containerd-$OTHER.scope 8 2 0
    record kubernetes $pod/cri-containerd-$ID.scope
    # Without a namespace of its own, and its group alone mounted.
    within $pod/cri-containerd-$ID.scope unshare -m bash -c 'mkdir -p "$2/bind" && mount -n --bind "$1" "$2/bind" &&
        umount /sys/fs/cgroup && mount -n --move "$2/bind" /sys/fs/cgroup && mount -n -o remount,bind,ro /sys/fs/cgroup &&
        exec bash "$0" self kubernetes-bind' "$self" "$top$pod/cri-containerd-$ID.scope" "$scratch"
    clean_up
}

tree_slurm() {
    local step=/system.slice/slurmstepd.scope/job_4711/step_0
    group /system.slice/slurmstepd.scope
    group /system.slice/slurmstepd.scope/job_4711 max=96M high=90M swap.max=0
    group $step max=112M
    group $step/user/task_0
    job $step/user/task_0 30 8 0
    record slurm $step/user/task_0
    clean_up
}

# A service without the memory controller: its slice is what limits it.
tree_no_controller() {
    group /system.slice max=200M
    keep "$top/system.slice/batch.service"
    job /system.slice/batch.service 10 4 0
    record no-controller /system.slice/batch.service
    clean_up
}

# ---- the trees of v1 ----

tree_slurm_v1() {
    local job=/slurm/uid_1000/job_4711
    group $job limit_in_bytes=96M memsw.limit_in_bytes=128M soft_limit_in_bytes=96M
    group $job/step_0 limit_in_bytes=112M memsw.limit_in_bytes=112M
    group $job/step_0/task_0
    job $job/step_0/task_0 30 8 2
    record slurm-v1 $job/step_0/task_0
    clean_up
}

# Its own group is mounted where the machine has the whole tree; it reads more than fits.
tree_kubernetes_v1() {
    local container=/kubepods/burstable/$POD/$ID
    group /kubepods/burstable/$POD limit_in_bytes=80M
    group $container limit_in_bytes=64M memsw.limit_in_bytes=64M
    job $container 20 0 4
    within $container dd if="$input" of=/dev/null bs=1M count=96 status=none
    within $container unshare -m bash -c 'mkdir -p "$2/bind" && mount -n --bind "$1" "$2/bind" && umount "$3" &&
        mount -n --move "$2/bind" "$3" && mount -n -o remount,bind,ro "$3" && umount "$4" && exec bash "$0" self kubernetes-v1' \
        "$self" "$top$container" "$scratch" "$top" "$unified"
    clean_up
}

# Memory is v1, and the pressure is in a group of another name under the v2 mount.
tree_hybrid() {
    group /user.slice/user-1000.slice limit_in_bytes=96M
    keep "$unified/user.slice"
    keep "$unified/user.slice/user-1000.slice"
    keep "$unified/user.slice/user-1000.slice/session-3.scope"
    job /user.slice/user-1000.slice 24 8 0
    within /user.slice/user-1000.slice bash -c 'echo $$ >"$1/cgroup.procs" && exec bash "$0" self hybrid' "$self" \
        "$unified/user.slice/user-1000.slice/session-3.scope"
    clean_up
}

# A kernel without the memory controller of v1 has no such trees.
mount_v1() {
    unified=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
    top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ {print $2; exit}' /proc/mounts)
    [ -z "$top" ] || return 0
    [ -n "${GUEST:-}" ] || { echo "trees: no v1 memory controller is mounted here" >&2; exit 1; }
    umount /sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/memory /sys/fs/cgroup/unified
    mount -n -t cgroup -o memory cgroup /sys/fs/cgroup/memory || return 1
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
    top=/sys/fs/cgroup/memory unified=/sys/fs/cgroup/unified
}

# The guest has no disk: swap in compressed memory.
swap_in_guest() {
    [ -n "${GUEST:-}" ] && [ -w /sys/block/zram0/disksize ] || return 0
    echo 64M >/sys/block/zram0/disksize
    mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
}

case ${1:-} in
    self) print_self "$2" && exit ;;
    v1 | v2) version=$1 programs=$2 input=$3 count=0 unified='' ;;
    *) echo "usage: trees.sh v1|v2 PROGRAMS FILE" >&2 && exit 2 ;;
esac
scratch=$(mktemp -d)
leave() {
    clean_up
    [ ! -e "$scratch/errors" ] || cat "$scratch/errors"
    rm -rf "$scratch"
}
trap leave EXIT
trap 'exit 130' INT TERM
# What the guest prints is one stream.
[ -z "${GUEST:-}" ] || exec 2>"$scratch/errors"
swap_in_guest
case $version in
    v2) trees=(root systemd docker unshared moved kubernetes slurm no_controller) ;;
    v1) if mount_v1; then trees=(hybrid slurm_v1 kubernetes_v1); else trees=(); fi ;;
esac
shift 3
[ $# -eq 0 ] || trees=("$@")
for tree in ${trees[@]+"${trees[@]}"}; do
    dd if="$input" iflag=nocache count=0 status=none # the pages are to be charged to who reads them in this tree
    "tree_$tree"
done
echo "#### end"
