#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Days in seconds: what a process has, and what lastwords keeps about it, does not grow with its age. The full length is
# in tests/programs/long.bats.

load ../support/same.bash
load ../support/endures.bash

@test "doors: 20 million allocations, 20000 threads, 2000 modules loaded and unloaded" { endures 20000000 20000 2000; }

@test "doors: 32 threads and 100000 live samples cost at most 8 MiB and 0.1 % of the process" {
    run_as alone - "$DOORS/footprint" 32 100000 1024
    run_as it keep=always:activate=1M:sample=512 "$DOORS/footprint" 32 100000 1024
    cat alone.out it.out it.err
    [ "$(cat alone.status it.status)" = "0
0" ]
    "$REPO/build/lastwords" report --json lastwords-footprint.*.lw >it.json
    python3 - alone.out it.out it.json <<'PY'
import json, sys
resident = [int(open(name).readline().split()[1]) for name in sys.argv[1:3]]
report = json.load(open(sys.argv[3]))
live = sum(site["live_allocations"] for site in report["sites"] if site["stack"])
assert live >= 100000, f"{live} live samples only"
more, most = resident[1] - resident[0], 8 * 1024 + resident[0] / 1000
told = report["memory"]["self_bytes"] / 1024
print(f"# {more} KiB more for {live} live samples, at most {most:.0f} KiB; the report says {told:.0f} KiB")
assert more <= most, f"{more} KiB"
explained, anonymous = report["memory"]["explained_bytes"], report["memory"]["anon_bytes"]
assert explained >= 0.99 * anonymous, f"at the end {explained} bytes explained of {anonymous}"
PY
}
