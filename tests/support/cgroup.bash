# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Memory cgroups for the tests, with one face for v1, v2 and hybrid hosts. To be sourced.
#
#   cg_available            true when cgroups can be made here; else CG_WHY says why not
#   cg_make NAME LIMIT      makes lastwords-test-PID-NAME at the top of the hierarchy; LIMIT like 64M; no swap
#                           A NAME of PARENT/CHILD lies below the group PARENT, which has to be made first
#   cg_swap NAME SIZE       lets it have so much in swap as well
#   cg_run NAME COMMAND…    runs the command inside, with LD_PRELOAD=$TEST_PRELOAD and LASTWORDS=$TEST_LASTWORDS;
#                           its exit status is returned (128+N after a signal; 124 after CG_TIMEOUT seconds)
#   cg_oom_kills NAME       the kernel's count of OOM kills in it
#   cg_usage_file NAME      path of the file with the bytes charged now
#   cg_peak NAME            largest number of bytes ever charged
#   cg_remove NAME          ends what still runs in it, by pid, and removes it
#   cg_remove_all           the same for every cgroup that this shell has made
#   cache_drop FILE…        drops the page cache of these files, so that the next reader pays for it
#   cache_drop_all          drops the page cache of the machine
#
# Only cgroups named lastwords-test-… that were made here are touched.

CG_SUPPORT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CG_PREFIX=lastwords-test-$$
CG_WHY=
CG_KIND=
CG_TOP=
CG_PSI_TOP=

cg_find() {
    [ -z "$CG_KIND" ] || return 0
    local v1 v2
    v1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ {print $2; exit}' /proc/mounts)
    v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
    if [ -n "$v1" ]; then
        # On hybrid hosts the pressure files of v1 groups are in a group of the same path under the v2 mount.
        CG_KIND=v1 CG_TOP=$v1 CG_PSI_TOP=$v2
    elif [ -n "$v2" ] && grep -qw memory "$v2/cgroup.controllers" 2>/dev/null; then
        CG_KIND=v2 CG_TOP=$v2
    else
        CG_KIND=none
    fi
}

cg_available() {
    cg_find
    local probe=$CG_TOP/$CG_PREFIX-probe
    if [ "$CG_KIND" = none ]; then
        CG_WHY="no cgroup hierarchy with the memory controller is mounted"
    elif ! mkdir "$probe" 2>/dev/null; then
        CG_WHY="no cgroup can be made in $CG_TOP (root is needed)"
    else
        rmdir "$probe"
        if [ "$CG_KIND" = v1 ] || grep -qw memory "$CG_TOP/cgroup.subtree_control" ||
            echo +memory 2>/dev/null >"$CG_TOP/cgroup.subtree_control"; then
            return 0
        fi
        CG_WHY="the memory controller cannot be passed on below $CG_TOP (processes live in it)"
    fi
    return 1
}

cg_path() { printf '%s/%s-%s' "$CG_TOP" "$CG_PREFIX" "$1"; }

# Where the pressure files of a v1 group are.
cg_psi_path() { [ -z "$CG_PSI_TOP" ] || printf '%s/%s' "$CG_PSI_TOP" "${1#"$CG_TOP"/}"; }

cg_bytes() {
    case $1 in
        *G) echo $((${1%G} << 30)) ;;
        *M) echo $((${1%M} << 20)) ;;
        *K) echo $((${1%K} << 10)) ;;
        *) echo "$1" ;;
    esac
}

cg_make() {
    cg_find
    local path limit
    path=$(cg_path "$1")
    limit=$(cg_bytes "$2")
    case $1:$CG_KIND in
        */*:v2) echo +memory >"${path%/*}/cgroup.subtree_control" ;;
    esac
    mkdir "$path"
    if [ "$CG_KIND" = v1 ]; then
        echo "$limit" >"$path/memory.limit_in_bytes"
        [ ! -e "$path/memory.memsw.limit_in_bytes" ] || echo "$limit" >"$path/memory.memsw.limit_in_bytes"
        [ -z "$CG_PSI_TOP" ] || mkdir "$(cg_psi_path "$path")" 2>/dev/null || true
    else
        echo "$limit" >"$path/memory.max"
        [ ! -e "$path/memory.swap.max" ] || echo 0 >"$path/memory.swap.max"
    fi
}

# cg_swap NAME SIZE: it may have so much in swap as well
cg_swap() {
    local path more
    path=$(cg_path "$1")
    more=$(cg_bytes "$2")
    if [ "$CG_KIND" = v1 ]; then
        echo $(($(cat "$path/memory.limit_in_bytes") + more)) >"$path/memory.memsw.limit_in_bytes"
    else
        echo "$more" >"$path/memory.swap.max"
    fi
}

cg_run() {
    local path psi status=0
    path=$(cg_path "$1")
    psi=$(cg_psi_path "$path")
    shift
    # In the foreground, so that timeout makes no process group of its own; descriptor 3 belongs to bats.
    # This shell's own remark that somebody was killed goes to /dev/null.
    { timeout --foreground -k 5 "${CG_TIMEOUT:-180}" \
        "$CG_SUPPORT/in_cgroup.sh" "$path" "$psi" "$@" 2>&4 3>&- 4>&- || status=$?; } 4>&2 2>/dev/null
    return $status
}

cg_oom_kills() {
    local path
    path=$(cg_path "$1")
    if [ "$CG_KIND" = v1 ]; then
        awk '$1 == "oom_kill" {print $2}' "$path/memory.oom_control"
    else
        awk '$1 == "oom_kill" {print $2}' "$path/memory.events"
    fi
}

cg_usage_file() {
    if [ "$CG_KIND" = v1 ]; then
        echo "$(cg_path "$1")/memory.usage_in_bytes"
    else
        echo "$(cg_path "$1")/memory.current"
    fi
}

cg_peak() {
    local path
    path=$(cg_path "$1")
    cat "$path/memory.max_usage_in_bytes" 2>/dev/null || cat "$path/memory.peak" 2>/dev/null || echo unknown
}

cg_remove() {
    local path psi='' pid tries child
    path=$(cg_path "$1")
    [ -z "$CG_PSI_TOP" ] || psi=$(cg_psi_path "$path")
    [ -d "$path" ] || return 0
    for child in "$path"/*/; do
        [ ! -d "$child" ] || { child=${child%/}; cg_remove "$1/${child##*/}"; }
    done
    # A process that was killed leaves its group a moment later than it dies.
    for tries in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ ! -d "$path" ] || while read -r pid; do
            kill -KILL "$pid" 2>/dev/null || true
        done <"$path/cgroup.procs"
        rmdir "$path" 2>/dev/null || true
        [ -z "$psi" ] || rmdir "$psi" 2>/dev/null || true
        [ -d "$path" ] || [ -d "${psi:-$path}" ] || return 0
        sleep 0.1
    done
    echo "cgroup $path could not be removed" >&2
    return 1
}

cg_remove_all() {
    local path
    cg_find
    [ "$CG_KIND" != none ] || return 0
    for path in "$CG_TOP/$CG_PREFIX"-*; do
        [ ! -d "$path" ] || cg_remove "${path##*/"$CG_PREFIX"-}"
    done
}

cache_drop() {
    local file
    for file in "$@"; do
        sync "$file" 2>/dev/null || sync
        dd if="$file" iflag=nocache count=0 status=none
    done
}

cache_drop_all() {
    sync
    echo 3 >/proc/sys/vm/drop_caches
}
