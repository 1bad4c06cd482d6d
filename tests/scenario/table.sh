#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The scenarios again and again, as a table: how many kills were missed, how many runs were ended that would have lived,
# is the cause right, how much of the limit was left, how long before the end was the report complete?
#
# usage: table.sh [N [PATTERN]]        (N runs of each with action=abort and N with action=report, 10 unless told; only
#                                       the rows whose name matches)
#
# The exit status is 1 when a kill was missed, a run was ended wrongly, or a cause is wrong. What else has to be true of
# each scenario is tested by the files beside this one. The guest's rows are in tests/guest/rows.sh.
set -eu
# shellcheck source=tests/scenario/table.bash
. "$(cd "$(dirname "$0")" && pwd)/table.bash"
table_begin "$@"

growth="site_growth,site_spike"
small="line(0).endswith(':small_blocks')"
if wanted "1 ETL" || wanted "25 ETL, cold"; then
    etl_data
    etl_warm
    etl="$PYTHON $REPO/examples/etl/transform.py $ETL_DATA/orders.csv $base/out.db"
    at_etl="line(0) in ('transform.py:load', 'transform.py:enrich')"
    row "1 ETL" dies $growth limit="$ETL_LIMIT" truth="$at_etl" -- $etl
fi
row "2 leak of small blocks" dies site_growth options=activate=8M truth="line(0).endswith(':remember')" -- "$PROGRAMS/leak" 40
row "2 leak in Python" dies site_growth options=activate=8M truth="line(0) == 'leak.py:remember'" -- \
    "$PYTHON" "$REPO/tests/scenario/programs/leak.py" 40
for threads in 1 8 32 128; do
    row "3 fastest fill, $threads threads" dies $growth limit=256M -- "$PROGRAMS/fill" $threads 1024
done
row "4 one impossible allocation" lives none,allocation_refused options=activate=8M -- "$PROGRAMS/impossible"
row "5 reserve ten times the limit" lives none -- "$PROGRAMS/reserve" 1280 64
row "6 reserved here, touched there" dies $growth truth="line(0).endswith(':reserve_arena')" -- "$PROGRAMS/reserve_touch" 256 80
if wanted "7 stream, read" || wanted "7 stream, mapped" || wanted "page cache that is locked"; then
    STREAM=$base/file
    head -c $((5 * (64 << 20))) /dev/zero >"$STREAM"
fi
row "7 stream, read" lives none limit=64M how=run_stream -- "$PROGRAMS/stream" read "$base/file" 40
row "7 stream, mapped" lives none limit=64M how=run_stream -- "$PROGRAMS/stream" map "$base/file" 40
row "8 dirty a file mapping" lives none -- "$PROGRAMS/dirty" "$base/dirty" 128
for way in memfd shared mapped parts allocate; do
    row "9 $way" dies shared_memory -- "$PROGRAMS/charge" $way 200
done
for way in pipes sockets; do
    row "kernel memory, $way" dies kernel_memory -- "$PROGRAMS/charge" $way 200
done
row "kernel memory, names of files" lives none -- "$PROGRAMS/charge" names 160 "$base"
row "page cache that is locked" dies page_cache how=run_stream -- "$PROGRAMS/charge" locked 200 "$base/file"
row "10 a sibling fills the cgroup" spared sibling options=activate=8M how=run_sibling -- \
    "$PROGRAMS/idle" 40 5 -- "$PROGRAMS/growth" heap 80
row "10 both are watched" dies $growth options=activate=8M modes=abort how=run_both truth="$small" -- \
    "$PROGRAMS/idle" 40 5 -- "$PROGRAMS/growth" heap 80
row "11 the parent's limit" dies $growth limit=96M options=activate=8M how=run_below \
    truth="r.limit.bytes == 96 * MIB and $small" -- "$PROGRAMS/growth" heap 200
row "11 a cousin fills the parent" spared sibling limit=96M options=activate=8M how=run_cousin -- \
    "$PROGRAMS/idle" 30 5 -- "$PROGRAMS/growth" heap 60
row "12 a peak of 97 %" lives none limit=256M how=run_spike \
    truth="site_of('peak_memory').peak_resident_bytes > 0.88 * 256 * MIB" -- 1000
row "13 one of four workers grows" dies $growth limit=160M options=activate=8M -- "$PROGRAMS/pool" 4 20 2 60
if wanted "15 swap" || wanted "15 swap, it fits"; then
    swap_on 256M
    row "15 swap" dies swap_exhausted limit=96M swap=64M -- "$PROGRAMS/thrash" 60 8 300
    row "15 swap, it fits" lives none limit=96M swap=64M -- "$PROGRAMS/thrash" 60 8 130
    swap_off
fi
row "17 SIGKILL from outside" outside not_memory limit=256M options=activate=8M how=run_outside -- "$PROGRAMS/idle" 48 60
for way in read huge mremap heap; do
    row "18 growth by $way, full speed" dies $growth -- "$PROGRAMS/growth" $way 0
done
for way in populate advise pin pinned pin_all; do
    row "18 all at once, $way" dies $growth truth="line(0).endswith(':map_fresh')" -- "$PROGRAMS/charge" $way 200
done
row "18 growth of thread stacks, full speed" dies $growth truth="sum(o.resident_bytes for o in r.other if o.kind == 'stacks') > 0.9 * r.memory.anon_bytes" -- \
    "$PROGRAMS/growth" stacks 0
row "19 allocator slack" dies allocator_slack options=activate=8M -- "$PROGRAMS/slack" 96 4 60
row "19 allocator slack, relief helps" lives none options=activate=8M truth="event('relief') is not None" -- \
    "$PROGRAMS/slack" 96 256 60
row "20 journal's directory full" dies $growth options=activate=8M modes=abort how=run_elsewhere truth="$small" -- \
    size=1m "$PROGRAMS/narrow" none
row "20 journal's directory read-only" dies $growth options=activate=8M modes=abort how=run_elsewhere truth="$small" -- \
    ro "$PROGRAMS/narrow" none
row "20 journal unlinked" dies - options=activate=8M modes=abort how=run_unlinked -- "$PROGRAMS/narrow" unlink
row "20 no descriptor from the beginning" unwatched - options=activate=8M how=run_unwatched -- "$PROGRAMS/narrow" early
row "20 no descriptor left later" dies unknown,$growth options=activate=8M truth="$small" -- "$PROGRAMS/narrow" late
row "20 seccomp, no fault counter" dies $growth options=activate=8M truth="$small" -- "$PROGRAMS/narrow" seccomp
row "20 /proc is hidden" unwatched - options=activate=8M how=run_unwatched -- \
    unshare -m sh -c "mount -t tmpfs none /proc && exec '$PROGRAMS/narrow' none"
row "20 non-root, hidepid" dies $growth options=activate=8M truth="$small" -- \
    env -u LD_PRELOAD unshare -m sh -c "mount -t proc -o hidepid=2 proc /proc &&
        LD_PRELOAD='$base/${SHIM##*/}' exec setpriv --reuid 65534 --regid 65534 --clear-groups '$base/narrow' none"
for inside_of in dlopen churn fork thread exit all; do
    row "21 out of memory in $inside_of" dies $growth options=activate=8M -- "$PROGRAMS/busy" $inside_of
done
refuse="$PYTHON $REPO/tests/scenario/programs/refuse.py"
row "23 refuse, not caught" ends allocation_refused limit=160M modes=refuse ending=1 -- $refuse uncaught
for way in caught small; do
    row "23 refuse, $way" ends allocation_refused,none limit=160M modes=refuse ending=0 -- $refuse $way
done
for way in sparse churn; do
    row "23 refuse, $way" lives none limit=160M modes=refuse -- $refuse $way
done
HOLDER_MIB=150
waited="event('recovered') is not None"
row "24 park" ends none limit=256M options=activate=8M modes=park ending=0 how=run_beside_holder truth="$waited" -- \
    2 "$PROGRAMS/fill" 1 130
row "24 park, 8 threads" ends none limit=256M options=activate=8M modes=park ending=0 how=run_beside_holder truth="$waited" -- \
    2 "$PROGRAMS/fill" 8 130
row "24 park, nobody frees" ends sibling,$growth limit=256M options=activate=8M:grace=1 modes=park ending=134 \
    how=run_beside_holder -- 60 "$PROGRAMS/fill" 4 130
if wanted "25 ETL, cold"; then
    row "25 ETL, cold" dies $growth limit="$ETL_LIMIT" how=run_cold truth="$at_etl" -- $etl
fi
cleanup="$PYTHON $REPO/tests/scenario/programs/cleanup.py $base/cleaned"
told="event('complete') is not None"
row "26 signal, handler ends it" ends site_growth modes=signal ending=3 truth="$told" -- $cleanup exit
row "26 signal, handler frees" ends none,site_growth modes=signal ending=0 -- $cleanup free
row "26 signal, no handler" ends site_growth modes=signal ending=143 truth="$told" -- $cleanup none
row "26 signal, ignored" ends $growth options=grace=1 modes=signal ending=134 truth="$told" -- $cleanup ignore
row "26 signal, cleanup too slow" ends $growth options=grace=1 modes=signal ending=134 truth="$told" -- $cleanup slow
for limit_of in as=400000000 data=300000000; do
    row "27 RLIMIT_${limit_of%%=*}" ends allocation_refused limit=512M modes=report ending=1 -- prlimit --$limit_of $refuse uncaught
done
table_end
