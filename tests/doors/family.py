#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Judge the journals of a family of processes.

usage: family.py LASTWORDS JOURNALS PARENT:MIB CHILD:MIB…

Each pid must have one journal, which names the first one as its parent (the first: none of the others), and whose
sites hold so many MiB of its own: as they end, to 15 %, and resident not above what is committed by more than that.
"""
import glob
import json
import subprocess
import sys


def main():
    command, where, *wanted = sys.argv[1:]
    wanted = [(int(pid), float(mib)) for pid, mib in (item.split(":") for item in wanted)]
    reports = {}
    for path in glob.glob(where + "/*.lw"):
        done = subprocess.run([command, "report", "--json", path], capture_output=True, text=True, check=True)
        report = json.loads(done.stdout)
        pid = report["process"]["pid"]
        assert pid not in reports, f"two journals of {pid}"
        reports[pid] = report
    first = wanted[0][0]
    for pid, mib in wanted:
        assert pid in reports, f"no journal of {pid} among {sorted(reports)}"
        report = reports[pid]
        held = sum(site["committed_bytes"] for site in report["sites"]) / (1 << 20)
        parent = report["process"]["ppid"]
        print(f"pid {pid}, parent {parent}: {held:.1f} MiB, {mib} expected")
        assert pid == first or parent == first, f"the parent of {pid} is {parent}"
        assert abs(held - mib) <= 0.15 * mib, f"{pid} holds {held:.1f} MiB instead of {mib}"
    strangers = set(reports) - {pid for pid, _ in wanted}
    assert not strangers, f"journals of {strangers}"


if __name__ == "__main__":
    main()
