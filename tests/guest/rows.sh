#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The table of scenarios on cgroup v2: what ../scenario/table.sh is for the machine itself. Runs inside the guest, started
# by table.sh beside this file. Everything is smaller and slower here.
#
# usage: rows.sh N PATTERN DATA
set -eu
# shellcheck source=tests/scenario/table.bash
. "$(cd "$(dirname "$0")" && pwd)/../scenario/table.bash"
CG_TIMEOUT=150
data=$3
table_begin "$1" "$2"

growth="site_growth,site_spike"
small="line(0).endswith(':small_blocks')"
sampled=activate=8M:sample=16K
etl="$PYTHON $REPO/examples/etl/transform.py $data/orders.csv $base/out.db"
at_etl="line(0) in ('transform.py:load', 'transform.py:enrich')"
if wanted "1 ETL"; then
    "$PYTHON" -c 'import pandas, sqlite3'
    row "1 ETL" dies $growth options=sample=64K truth="$at_etl" -- $etl
fi
row "2 leak of small blocks" dies site_growth limit=64M options=$sampled truth="line(0).endswith(':remember')" -- \
    "$PROGRAMS/leak" 20
for threads in 1 8 32; do
    row "3 fastest fill, $threads threads" dies $growth options=activate=8M -- "$PROGRAMS/fill" $threads 512
done
row "4 one impossible allocation" lives none,allocation_refused options=activate=8M -- "$PROGRAMS/impossible"
row "5 reserve ten times the limit" lives none limit=64M -- "$PROGRAMS/reserve" 640 32
row "6 reserved here, touched there" dies $growth limit=64M options=activate=8M truth="line(0).endswith(':reserve_arena')" -- \
    "$PROGRAMS/reserve_touch" 128 40
for way in read map; do
    row "7 stream, $way" lives none limit=48M options=activate=8M how=run_cold -- "$PROGRAMS/stream" $way "$data/stream" 16
done
for way in memfd shared; do
    row "9 $way" dies shared_memory -- "$PROGRAMS/charge" $way 200
done
row "kernel memory, pipes" dies kernel_memory -- "$PROGRAMS/charge" pipes 200
row "kernel memory, names of files" lives none limit=64M -- "$PROGRAMS/charge" names 40 "$base"
row "10 a sibling fills the cgroup" spared sibling limit=96M options=$sampled how=run_sibling -- \
    "$PROGRAMS/idle" 24 20 -- "$PROGRAMS/growth" heap 30
row "10 both are watched" dies $growth limit=96M options=$sampled modes=abort how=run_both truth="$small" -- \
    "$PROGRAMS/idle" 24 20 -- "$PROGRAMS/growth" heap 30
row "11 the parent's limit" dies $growth limit=64M options=$sampled how=run_below \
    truth="r.limit.bytes == 64 * MIB and $small" -- "$PROGRAMS/growth" heap 40
row "11 a cousin fills the parent" spared sibling limit=96M options=$sampled how=run_cousin -- \
    "$PROGRAMS/idle" 24 20 -- "$PROGRAMS/growth" heap 30
row "12 a peak of 97 %" lives none limit=256M how=run_spike \
    truth="site_of('peak_memory').peak_resident_bytes > 0.88 * 256 * MIB" -- 8000
row "13 one of four workers grows" dies $growth limit=80M options=activate=4M:sample=16K -- "$PROGRAMS/pool" 4 8 2 10
row "14 memory.high below max" dies $growth limit=64M options=$sampled how=run_high \
    truth="stalls_are_told() and r.pressure.some_total_us > 0 and $small" -- \
    59M "$PROGRAMS/growth" heap 0
if wanted "15 swap" || wanted "15 swap, it fits"; then
    swap_on 256M
    row "15 swap" dies swap_exhausted limit=32M swap=16M options=activate=8M -- "$PROGRAMS/thrash" 20 6 120
    # what fits has room for the library as well, which takes some 10 MiB
    row "15 swap, it fits" lives none limit=48M swap=24M options=activate=8M -- "$PROGRAMS/thrash" 30 6 54
    swap_off
fi
row "16 memory.oom.group" together $growth limit=80M options=activate=4M:sample=16K how=run_together -- \
    "$PROGRAMS/pool" 3 12 1 30
row "17 SIGKILL from outside" outside not_memory options=activate=8M how=run_outside -- "$PROGRAMS/idle" 24 60
for way in read huge mremap heap; do
    row "18 growth by $way" dies $growth limit=64M options=activate=8M:sample=8K -- "$PROGRAMS/growth" $way 40
done
row "19 allocator slack" dies allocator_slack limit=64M options=$sampled -- "$PROGRAMS/slack" 48 4 30
row "19 allocator slack, relief helps" lives none limit=64M options=$sampled truth="event('relief') is not None" -- \
    "$PROGRAMS/slack" 48 256 30
row "20 seccomp, no fault counter" dies $growth options=$sampled truth="$small" -- "$PROGRAMS/narrow" seccomp
row "20 non-root, hidepid" dies $growth options=$sampled truth="$small" -- \
    env -u LD_PRELOAD unshare -m sh -c "mount -t proc -o hidepid=2 proc /proc &&
        LD_PRELOAD='$base/${SHIM##*/}' exec setpriv --reuid 65534 --regid 65534 --clear-groups '$base/narrow' none"
for inside_of in dlopen fork all; do
    row "21 out of memory in $inside_of" dies $growth limit=64M options=activate=8M -- "$PROGRAMS/busy" $inside_of 30
done
refuse="$PYTHON $REPO/tests/scenario/programs/refuse.py"
row "23 refuse, not caught" ends allocation_refused limit=160M modes=refuse ending=1 -- $refuse uncaught
row "23 refuse, caught" ends allocation_refused,none limit=160M modes=refuse ending=0 -- $refuse caught
HOLDER_MIB=60
row "24 park" ends none options=activate=8M:grace=60 modes=park ending=0 how=run_beside_holder truth="event('recovered') is not None" -- \
    12 "$PROGRAMS/fill" 1 60
if wanted "25 ETL, cold"; then
    # At the limit the kernel reads pages of code again and again, for minutes in here, before it kills anybody.
    CG_TIMEOUT=600 row "25 ETL, cold" dies $growth options=sample=64K how=run_cold truth="$at_etl" -- $etl
fi
cleanup="$PYTHON $REPO/tests/scenario/programs/cleanup.py $base/cleaned"
row "26 signal, handler ends it" ends $growth modes=signal ending=3 truth="event('complete') is not None" -- $cleanup exit
row "26 signal, ignored" ends $growth options=grace=5 modes=signal ending=134 truth="event('complete') is not None" -- \
    $cleanup ignore
table_end
