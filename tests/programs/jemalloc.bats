#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# allocator=jemalloc: ordinary programs get the jemalloc that is built into the library, and notice nothing else.

load ../support/same.bash
load ../support/programs.bash

same_with_jemalloc() {
    DORMANT=action=abort:allocator=jemalloc WORKING=action=abort:activate=1:sample=4K:allocator=jemalloc same "$@"
}

# options_of SETTING [VAR=VALUE…]: a line of jemalloc's statistics for each of its options, as a python3 sees them
options_of() {
    local setting=$1
    shift
    env "$@" LD_PRELOAD="$SHIM" LASTWORDS="$setting" /usr/bin/python3 -c 'print("ran")' 2>&1
}

@test "jemalloc: ls" { same_with_jemalloc ls -l /usr/bin; }

@test "jemalloc: a block's size tells whose malloc it is" {
    cat >"$WORK/size.c" <<'C'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    printf("%zu\n", malloc_usable_size(malloc(100)));
}
C
    gcc -fno-builtin -o size size.c
    size() { LD_PRELOAD=$SHIM LASTWORDS=$1 ./size; }
    [ "$(size allocator=keep)" = 104 ]
    [ "$(size allocator=jemalloc)" = 112 ]
    [ "$(size 'action=abort:dir="a:b":allocator=jemalloc')" = 112 ]
    [ "$(size allocator=jemalloc:allocator=keep)" = 104 ]
    [ "$(size allocator=jemalloc:off=1)" = 104 ]
    [ "$(size allocator=jemalloc:only=other)" = 104 ]
    [ "$(size 'allocator=jemalloc:only=s*')" = 112 ]
    [ "$(size allocator=jemalloc:skip=size)" = 104 ]
    [ "$(size 'dir="allocator=jemalloc"')" = 104 ]
}

@test "jemalloc: the heap functions keep their contract" {
    # but for an alignment that is no power of two, which later C libraries refuse as well, and for errno where the
    # standard has the error returned
    same_with_jemalloc sh -c "'$DOORS/contract' | grep -Ev '^(0|3|18) aligned_alloc' | sed '/^posix_memalign/ s/errno [^,]*,//'"
}

@test "jemalloc: before main, after it, in dying threads, in signals" {
    # not across RTLD_DEEPBIND: such a library has the C library's malloc, whose blocks no other free can take
    same_with_jemalloc "$DOORS/ends"
}

@test "jemalloc: small stacks, other stacks, and stacks that lead nowhere" { same_with_jemalloc "$DOORS/stacks"; }

@test "jemalloc: a constructor that runs before ours" {
    BEHIND=$DOORS/plugin_early.so same_with_jemalloc /bin/echo afterwards
}

@test "jemalloc: forks among threads that allocate" {
    WORKING=action=abort:sample=4K:allocator=jemalloc DORMANT=allocator=jemalloc same "$DOORS/forks" 300
    WORKING=action=abort:sample=4K:allocator=jemalloc DORMANT=allocator=jemalloc same "$DOORS/forks" 60 clone
    WORKING=action=abort:sample=4K:allocator=jemalloc DORMANT=allocator=jemalloc same "$DOORS/forks" 60 vfork
}

@test "jemalloc: gcc" {
    cat >"$WORK/program.c" <<'C'
#include <stdio.h>
int main(void) { return printf("%d\n", 7) - 2; }
C
    same_with_jemalloc sh -c 'gcc -O2 -g -Wall -o program program.c && ./program'
}

@test "jemalloc: perl with fork and pipes" { perl_forks same_with_jemalloc; }

@test "jemalloc: python3 with threads" { python_threads same_with_jemalloc; }

@test "jemalloc: python3 multiprocessing by fork and by spawn" {
    python_pool fork same_with_jemalloc
    python_pool spawn same_with_jemalloc
}

@test "jemalloc: pandas ETL" {
    /usr/bin/python3 "$REPO/examples/etl/generate.py" 100000 orders.csv reference.csv
    same_with_jemalloc sh -c "rm -f shop.db && /usr/bin/python3 '$REPO/examples/etl/transform.py' orders.csv shop.db &&
        sqlite3 shop.db .dump | sha256sum"
    grep -q orders working.out
}

@test "jemalloc: another jemalloc besides" {
    BEHIND=$(ldconfig -p | awk '$1 ~ /^libjemalloc/ {print $NF; exit}')
    [ -n "$BEHIND" ]
    export BEHIND
    same_with_jemalloc "$DOORS/carrier"
    same_with_jemalloc "$DOORS/carrier_jemalloc"
    export BEFORE=$BEHIND BEHIND=
    same_with_jemalloc "$DOORS/carrier"
}

@test "jemalloc: MALLOC_CONF is respected" {
    options_of allocator=jemalloc MALLOC_CONF=stats_print:true,dirty_decay_ms:77,narenas:3 >found
    grep -q ran found
    grep -q 'opt.dirty_decay_ms: 77' found
    grep -q 'opt.narenas: 3' found
    options_of allocator=jemalloc MALLOC_CONF=stats_print:true >found
    grep -q 'opt.dirty_decay_ms: 3000' found
    options_of allocator=keep MALLOC_CONF=stats_print:true,nonsense:1 >found
    [ "$(cat found)" = ran ]
}

@test "jemalloc: neither threads nor a profiler of its own, whatever MALLOC_CONF says" {
    options_of allocator=jemalloc MALLOC_CONF=stats_print:true,background_thread:true,prof:true,dss:primary >found
    grep -q ran found
    grep -q 'opt.background_thread: false' found
    grep -q 'opt.prof: false' found
    grep -q 'opt.dss: "disabled"' found
}

# Its own looks at the time come with its calls; here nobody calls any more.
@test "jemalloc: a program that has gone quiet gives its free pages back" {
    cat >"$WORK/quiet.py" <<'PY'
import signal
blocks = [bytearray(10000) for _ in range(10000)]
del blocks
print("quiet", flush=True)
signal.pause()
PY
    LD_PRELOAD=$SHIM LASTWORDS=activate=8M:allocator=jemalloc:dir=$WORK MALLOC_CONF=dirty_decay_ms:1500 \
        /usr/bin/python3 quiet.py >out 3>&- &
    local pid=$! pages=0 most=0 tries
    for tries in $(seq 600); do
        read -r _ pages _ <"/proc/$pid/statm"
        if grep -q quiet out && [ "$pages" -lt $((50 << 8)) ]; then break; fi
        sleep 0.05
    done
    most=$(awk '/^VmHWM:/ {print $2}' "/proc/$pid/status")
    kill -KILL "$pid"
    wait "$pid" || true
    echo "$most KiB, then $pages pages"
    [ "$most" -gt $((90 << 10)) ]
    [ "$pages" -lt $((50 << 8)) ]
}

# Its tables are in the library's .bss: the largest, page by page.
@test "jemalloc: with allocator=keep none of its pages is touched" {
    cat >"$WORK/pages.py" <<'PY'
import os, struct, subprocess, sys
shim = sys.argv[1]
held = [bytes(300) for _ in range(200000)]
base = min(int(line.split("-")[0], 16) for line in open("/proc/self/maps") if shim in line)
symbols = {}
for line in subprocess.run(["nm", "-S", shim], capture_output=True, text=True, env={}).stdout.splitlines():
    part = line.split()
    if len(part) == 4:
        symbols[part[3]] = int(part[0], 16), int(part[1], 16), part[2]
def touched(name):
    start, size, _ = symbols[name]
    with open("/proc/self/pagemap", "rb") as pagemap:
        first, last = (base + start + 4095) // 4096, (base + start + size) // 4096  # whole pages
        assert last > first, name
        pagemap.seek(first * 8)
        entries = struct.unpack(f"{last - first}Q", pagemap.read((last - first) * 8))
    return sum(entry >> 63 or entry >> 62 & 1 for entry in entries)
print({name: touched(name) > 0 for name in ("je_arena_emap_global",)})
PY
    keep=$(LD_PRELOAD=$SHIM LASTWORDS=allocator=keep /usr/bin/python3 pages.py "$SHIM")
    jemalloc=$(LD_PRELOAD=$SHIM LASTWORDS=allocator=jemalloc /usr/bin/python3 pages.py "$SHIM")
    echo "keep $keep jemalloc $jemalloc"
    [[ $keep != *True* ]]
    [[ $jemalloc != *False* ]]
}

@test "jemalloc: a library built without says so, and the job runs on" {
    make -s -C "$REPO" JEMALLOC= BUILD="$WORK/without" "$WORK/without/liblastwords.so"
    LD_PRELOAD=$WORK/without/liblastwords.so LASTWORDS=allocator=jemalloc /bin/echo on >out 2>err
    [ "$(cat out)" = on ]
    grep -q 'allocator=jemalloc, which this library was built without (package libjemalloc-dev)' err
}
