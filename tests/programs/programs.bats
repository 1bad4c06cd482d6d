#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Ordinary programs, unchanged under the preload: same output, same errors, same exit status, nothing left behind.
# Each runs twice: dormant as by default, and with everything at work from the first byte on.

load ../support/same.bash
load ../support/programs.bash

@test "programs: ls" { same ls -l /usr/bin; }

@test "programs: ls with an error and exit status 2" { same ls /nowhere; }

@test "programs: sh with pipes, subshells and a status" {
    same sh -c 'for i in 1 2 3; do echo $i; done | sort -r | (cat; echo end); sh -c "exit 3"; exit $?'
}

@test "programs: bash killed by its own signal" { KILLED=1 same bash -c 'echo before; kill -TERM $$; echo after'; }

@test "programs: gcc" {
    cat >"$WORK/program.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
    char *text = malloc(100000);
    memset(text, 'x', 99999);
    text[99999] = 0;
    printf("%zu\n", strlen(text));
    free(text);
    return 7;
}
C
    needs gcc
    same sh -c 'gcc -O2 -g -Wall -o program program.c && ./program'
    grep -q 99999 working.out
}

@test "programs: gcc with errors" {
    needs gcc
    printf 'int main(void) { return nothing; }\n' >"$WORK/wrong.c"
    same gcc -c wrong.c
}

@test "programs: g++ runs a program with exceptions" {
    needs g++
    cat >"$WORK/program.cc" <<'CC'
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
static int thrower(int depth) { return depth ? thrower(depth - 1) + 1 : throw std::runtime_error("from below"); }
int main()
{
    for (int i = 0; i < 1000; i++)
        try { thrower(20); } catch (const std::runtime_error &error) { if (i == 999) std::cout << error.what() << "\n"; }
    try { new char[static_cast<std::size_t>(1) << 46]; } catch (const std::bad_alloc &) { std::cout << "refused\n"; }
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++)
        threads.emplace_back([] {
            std::vector<std::unique_ptr<std::string>> strings;
            for (int i = 0; i < 20000; i++) strings.push_back(std::make_unique<std::string>(i % 300, 'c'));
        });
    for (auto &thread : threads) thread.join();
}
CC
    g++ -O1 -pthread -o program program.cc
    same ./program
}

@test "programs: git" {
    needs git
    cat >"$WORK/history.sh" <<'SH'
set -e
export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A \
    GIT_COMMITTER_EMAIL=a@example.org GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z'
rm -rf history
git init -q history
cd history
for i in 1 2 3 4 5; do
    seq $((i * 1000)) >file
    git add file
    git commit -q -m "commit $i"
done
git gc -q
git log --stat --format='%H %s'
git fsck --strict
SH
    same sh history.sh
}

@test "programs: perl with fork and pipes" {
    needs perl
    perl_forks same
}

@test "programs: node" {
    needs node
    same node -e '
        const { execSync } = require("child_process");
        const { Worker } = require("worker_threads");
        let list = [];
        for (let i = 0; i < 200000; i++) list.push({ i, text: "t" + i });
        console.log(list.length, Buffer.alloc(30 << 20, 1).length, execSync("echo child").toString());
        new Worker("require(\"worker_threads\").parentPort.postMessage([...Array(1000).keys()].length)", { eval: true })
            .on("message", (message) => console.log(message));'
}

@test "programs: java -version" {
    needs java
    same java -version
}

@test "programs: python3 with an exception" {
    same /usr/bin/python3 -c 'print("x" * 10); {}["missing"]'
}

@test "programs: python3 with threads" { python_threads same; }

@test "programs: python3 with subprocesses" {
    KILLED=1 same /usr/bin/python3 -c '
import os, signal, subprocess, sys
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 5"], capture_output=True))
print(subprocess.run([sys.executable, "-c", "print(len(bytearray(40 << 20)))"], capture_output=True).stdout)
print(subprocess.run(["sh", "-c", "kill -9 $$"]).returncode)
print(os.system("exit 3") >> 8, subprocess.Popen(["true"], start_new_session=True).wait())
print([signal.getsignal(s) for s in range(1, 32) if s != signal.SIGTRAP], signal.pthread_sigmask(signal.SIG_BLOCK, []))'
}

@test "programs: python3 multiprocessing by fork" { python_pool fork same; }

@test "programs: python3 multiprocessing by spawn" { python_pool spawn same; }

@test "programs: python3 with a large fork child that leaves by os._exit" {
    same /usr/bin/python3 -c '
import os
held = bytearray(50 << 20)
for code in (0, 4):
    pid = os.fork()
    if pid == 0:
        more = bytearray(20 << 20)
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))'
}

@test "programs: pandas and numpy" {
    /usr/bin/python3 -c 'import pandas' || skip "pandas is not installed"
    same /usr/bin/python3 -c '
import numpy, pandas
a = numpy.arange(2_000_000).reshape(1000, 2000)
print((a @ a.T).sum(), pandas.DataFrame(a).sum().sum())'
}

@test "programs: sqlite3" {
    needs sqlite3
    same sqlite3 :memory: "
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
            SELECT count(*), sum(i), max(printf('%08d', i * 7919 % 1000003)) FROM n;
        CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
            SELECT i, printf('%d%d', i, i * i) AS text FROM n;
        CREATE INDEX one ON t(text); SELECT * FROM t ORDER BY text LIMIT 3; SELECT no_such_column FROM t;"
}

@test "programs: ruby with threads, fibers and fork" {
    needs ruby
    same ruby -e '
        list = (1..200_000).map { |i| "text #{i}" * 3 }
        puts list.length, list.map(&:size).sum
        puts 50.times.map { |n| Thread.new { Array.new(2000) { |i| "x" * (i + n) }.sum(&:size) } }.map(&:value).sum
        puts 300.times.map { Fiber.new { a = "y" * 9000; Fiber.yield a.size; 1 } }.sum { |f| f.resume + f.resume }
        3.times { |n| pid = fork { Array.new(50_000) { "z" * 100 }; exit! n }; puts Process.wait2(pid)[1].exitstatus }
        puts `echo from a shell`, system("exit 3").inspect, $?.exitstatus'
}

@test "programs: redis-server, which brings its own jemalloc" {
    needs redis-server
    cat >"$WORK/redis.sh" <<'SH'
rm -f socket dump.rdb
redis-server --port 0 --unixsocket "$PWD/socket" --save "" --appendonly no --dir "$PWD" --logfile redis.log --daemonize "$1" &
for i in $(seq 100); do [ -S socket ] && break; sleep 0.05; done
r() { redis-cli -s socket "$@"; }
r eval 'local n = 0; for i = 1, 100000 do redis.call("set", "k" .. i % 5000, string.rep("v", i % 700)); n = n + i end; return n' 0
r dbsize
r set big "$(head -c 50000 /dev/zero | tr '\0' x)"
r strlen big
r bgsave
for i in $(seq 100); do [ "$(r info persistence | tr -d '\r' | grep rdb_bgsave_in_progress)" = rdb_bgsave_in_progress:0 ] && break; sleep 0.05; done
r info persistence | tr -d '\r' | grep rdb_last_bgsave_status
r shutdown nosave
wait
SH
    same sh redis.sh no
    same sh redis.sh yes
}
