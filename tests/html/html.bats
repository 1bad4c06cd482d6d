#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lastwords report --html as a command: where the page goes, what it weighs, and what happens when it cannot be written.

load ../support/work.bash

setup() {
    work_setup
    "$REPO/build/tests/html/compose" etl job.lw
}

teardown() { work_teardown; }

# reports STATUS ARGUMENT…: leaves out and err
reports() {
    local wanted=$1
    shift
    status=0
    "$COMMAND" report "$@" >out 2>err 3>&- || status=$?
    echo "exit status $status"
    head -c 500 err
    [ "$status" -eq "$wanted" ]
}

alone() { [ "$(ls -A)" = "$(printf '%s\n' "$@" | sort)" ] || { ls -A; return 1; }; }

@test "html: without -o the page is beside the journal, and its path is printed" {
    mkdir journals && mv job.lw journals/
    reports 0 --html journals/job.lw
    [ "$(cat out)" = journals/job.html ]
    [ ! -s err ]
    grep -q '^<!doctype html>' journals/job.html
    grep -q '</html>$' journals/job.html
    [ "$(ls -A journals)" = "$(printf 'job.html\njob.lw')" ]
}

@test "html: a journal without the usual ending keeps its name" {
    mv job.lw journal
    reports 0 --html journal
    [ "$(cat out)" = journal.html ] && [ -s journal.html ]
}

@test "html: -o FILE and -o - write the same page, and say nothing else" {
    reports 0 --html job.lw -o page.html
    [ ! -s out ] && [ ! -s err ]
    reports 0 --html job.lw -o -
    cmp out page.html
    reports 0 --html -o page2.html - <job.lw
    [ -s page2.html ]
}

@test "html: standard input has no place beside it" {
    reports 2 --html - <job.lw
    grep -q -- '-o' err
    rm -f out err
    alone job.lw
}

@test "html: the same journal makes the same page" {
    reports 0 --html job.lw -o one.html
    reports 0 --html job.lw -o two.html
    cmp one.html two.html
}

@test "html: a page that cannot be written whole leaves the old one alone" {
    echo old >page.html
    status=0
    # The file may not grow beyond 100 KiB: the signal of that is ignored, so that writing fails.
    (trap '' XFSZ; ulimit -f 100; exec "$COMMAND" report --html job.lw -o page.html) >out 2>err 3>&- || status=$?
    cat err
    [ "$status" -eq 1 ] && [ -s err ]
    [ "$(cat page.html)" = old ]
    rm -f out err
    alone job.lw page.html
    reports 1 --html job.lw -o /dev/full
    [ -s err ]
    reports 1 --html job.lw -o nowhere/page.html
    grep -q nowhere err
}

@test "html: what is there is replaced, and a link stays a link" {
    echo old >real.html
    chmod 640 real.html
    ln -s real.html page.html
    reports 0 --html job.lw -o page.html
    [ -L page.html ]
    grep -q '^<!doctype html>' real.html
    [ "$(stat -c %a real.html)" = 640 ]
}

@test "html: a pipe and a device are written in place" {
    mkfifo pipe
    cat pipe >copy &
    reports 0 --html job.lw -o pipe
    wait $!
    [ -p pipe ]
    grep -q '</html>$' copy
    reports 0 --html job.lw -o /dev/null
    [ -c /dev/null ]
}

@test "html: nothing in the page points outside of it" {
    reports 0 --html job.lw -o page.html
    ! grep -oiE '(src|href|action|data|poster|srcset|xlink:href) *= *"[^#][^"]*"' page.html
    ! sed -n '/<style>/,/<\/style>/p' page.html | grep -iE '@import|url\('
}

@test "html: 10,000 sites and 100,000 samples stay below 3 MB and 200 MiB" {
    "$REPO/build/tests/html/compose" large large.lw
    /usr/bin/python3 - "$COMMAND" <<'PY'
import os, resource, subprocess, sys
subprocess.run([sys.argv[1], "report", "--html", "large.lw"], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
size = os.path.getsize("large.html")
print(f"{size} bytes, peak {peak >> 20} MiB")
sys.exit(not (500_000 < size < 3_000_000 and peak < 200 << 20))
PY
}
