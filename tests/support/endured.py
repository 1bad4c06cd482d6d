# SPDX-License-Identifier: MIT
"""Judges the report of the program `endurance` (tests/doors/programs).

usage: endured.py REPORT.json REPORT.text ALLOCATIONS THREADS LOADS
"""
import json
import re
import sys

report = json.load(open(sys.argv[1]))


def functions(stack):
    return [frame["function"] or "" for frame in stack]


def sites_of(name):
    return [site for site in report["sites"] if any(function.startswith(name) for function in functions(site["stack"]))]


churned = sites_of("churns_")
assert churned, "the churning sites were not seen at all"
for site in churned:
    assert site["committed_bytes"] == 0 and site["live_allocations"] == 0, ("not even", site)

held = sum(site["committed_bytes"] for site in sites_of("holds_for_good"))
assert abs(held - 128 * 65536) < 128 * 65536 * 0.2, ("held", held)

# Every stack that begins in a module came from where modules are called, whatever was loaded there before.
modules = [site for site in report["sites"] if any("plugin_" in (frame.get("module") or "") for frame in site["stack"])]
lost = [site for site in modules if "calls_module" not in functions(site["stack"])]
assert modules, "no sample fell into a module"
assert not lost, ("stacks that lost their way", len(lost), len(modules), [functions(site["stack"]) for site in lost[:3]])
print(f"# {len(report['sites'])} sites, {len(modules)} of them in modules; {held >> 10} KiB held")

# What was dropped is told; in a table that is far from full nothing is dropped but what a lock or a fork kept away.
lost = re.search(r"lost +(\d+) samples, (\d+) stacks and (\d+) frees", open(sys.argv[2]).read())
samples, stacks, frees = map(int, lost.groups()) if lost else (0, 0, 0)
print(f"# lost: {samples} samples, {stacks} stacks, {frees} frees")
assert samples == 0 and frees == 0, "samples or frees found no room"
assert len(report["sites"]) < 2000, "sites multiply"
own = report["memory"]["self_bytes"]  # with a limit near the whole journal is resident: 4.3 MiB of it
print(f"# lastwords itself: {own >> 10} KiB")
assert own < 10 << 20, ("lastwords itself grew", own)
