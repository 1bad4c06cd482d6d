#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# More programs, and other projects' own tests: longer than make check should take (make check-programs-long). What is
# not installed is skipped. Same results with and without the preload.
#
# packages: postgresql libpython3-testsuite python3-pandas clang imagemagick

load ../support/same.bash
load ../support/endures.bash

@test "long: clang" {
    needs clang
    printf '#include <stdio.h>\nint main(void) { printf("%%d\\n", 42); return 3; }\n' >program.c
    same sh -c 'clang -O2 -g -o program program.c && ./program'
}

@test "long: convert" {
    needs convert
    same sh -c 'convert -version >/dev/null 2>&1 && convert -size 900x900 gradient:red-blue -blur 0x4 -rotate 30 ppm:- | sha256sum'
}

@test "long: PostgreSQL with pgbench" {
    local bin
    bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    [ -x "$bin/postgres" ] || skip "postgresql is not installed"
    id nobody >/dev/null || skip "there is no user nobody"
    cat >"$WORK/bench.sh" <<SH
set -e
rm -rf data
$bin/initdb -D data -U tester --no-sync >/dev/null
$bin/pg_ctl -D data -w -l log -o "-c listen_addresses='' -c unix_socket_directories='\$PWD' -c fsync=off -c max_parallel_workers_per_gather=2" start >/dev/null
trap '$bin/pg_ctl -D data -m fast stop >/dev/null' EXIT
pgbench -h "\$PWD" -U tester -i -q -s 5 postgres 2>/dev/null
pgbench -h "\$PWD" -U tester -n -c 4 -j 2 -t 200 postgres | grep -E 'actually processed|failed'
psql -h "\$PWD" -U tester -At -c "SELECT count(*), sum(abalance) - sum(abalance) FROM pgbench_accounts" \\
    -c "SELECT count(*), max(md5(i::text || repeat('x', 100))) FROM generate_series(1, 500000) i" \\
    -c "SET work_mem='256MB'; SELECT count(*) FROM (SELECT DISTINCT i % 300000 FROM generate_series(1, 900000) i) d" postgres
SH
    chmod 0777 "$WORK"
    KILLED=1 same setpriv --reuid nobody --regid nogroup --clear-groups env HOME="$WORK" sh bench.sh
}

# tests_of_python TEST…: CPython's own; names and results, without times and addresses
tests_of_python() {
    /usr/bin/python3 -c 'import test.test_gc' 2>/dev/null || skip "libpython3-testsuite is not installed"
    local name
    for name in "$@"; do
        cat >"$WORK/one.sh" <<SH
/usr/bin/python3 -m test -v --timeout 200 $name >log 2>&1
echo "exit status \$?"
# Single lines may be torn by what a child says at the same time; sums and failures are not.
grep -aE '^(Ran [0-9]+ tests|OK|FAILED|FAIL:|ERROR:)' log | sed 's/ in [0-9.]*s$//'
SH
        KILLED=1 PATIENCE=400 WORKING=sample=4K:activate=8M same sh one.sh || { echo "in $name"; return 1; }
        echo "# $name: $(grep -E '^(Ran|OK|FAILED)' alone.out | tr '\n' ' ')" >&3
    done
}
@test "long: CPython's tests of objects" { tests_of_python test_gc test_memoryview test_bytes test_dict; }
@test "long: CPython's tests of threads and signals" { tests_of_python test_threading test_signal test_faulthandler; }
@test "long: CPython's tests of processes and files" { tests_of_python test_subprocess test_os test_posix test_mmap; }
@test "long: CPython's tests of multiprocessing by fork" { tests_of_python test_multiprocessing_fork; }

@test "long: pandas' own tests" {
    [ -d /usr/lib/python3/dist-packages/pandas/tests ] || skip "pandas' tests are not installed"
    /usr/bin/python3 -c 'import pytest' 2>/dev/null || skip "python3-pytest is not installed"
    cat >"$WORK/pandas.sh" <<'SH'
cd /usr/lib/python3/dist-packages
/usr/bin/python3 -m pytest -q -p no:cacheprovider pandas/tests/reshape/merge \
    pandas/tests/groupby/test_groupby.py 2>&1 | tail -n 3 | sed 's/ in [0-9.]*s.*//; s/, [0-9]* warnings*//'
SH
    PATIENCE=600 same sh "$WORK/pandas.sh"
}

# Two days of a busy service.
@test "long: a billion allocations, a million threads, 100000 modules loaded and unloaded" {
    PATIENCE=3000 endures 1000000000 1000000 100000
    sed 's/^/# /' it.judged >&3
}
