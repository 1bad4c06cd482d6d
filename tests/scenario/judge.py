#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check what a journal's report says.

usage: judge.py LASTWORDS JOURNAL EXPRESSION…

Each EXPRESSION is Python over `r`, the machine-readable report with attribute access, and the helpers below. The
first line of the output names the expressions that are false, what follows helps to see why.
"""
import json
import subprocess
import sys

MIB = 1 << 20


class Record(dict):
    """r.limit.bytes instead of r["limit"]["bytes"]; a missing key is an error that names it."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the report has no {name!r} among {sorted(self)}") from None


def load(command, journal):
    done = subprocess.run([command, "report", "--json", journal], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"lastwords report ended with {done.returncode}: {done.stderr}")
    return json.loads(done.stdout, object_hook=Record)


def show(r):
    keys = ("process", "verdict", "limit", "pressure", "memory", "other", "events", "advice")
    print(json.dumps({key: r.get(key) for key in keys}, indent=1)[:6000])
    for line in r.get("lines", [])[:5]:
        print({key: value for key, value in line.items() if key != "sites"})
    for tick in r.get("timeline", [])[-5:]:
        print(tick)
    for thread in r.get("threads", [])[:5]:
        print(thread.get("name"), [frame.get("function") for frame in thread.get("stack", [])][:12])


def names_for(r):
    """What an expression may use."""

    def event(kind):
        """Time in ms of the first event of a kind; None without one."""
        return next((event.t_ms for event in r.events if event.kind == kind), None)

    def reached(stage):
        """Time in ms when headroom first fell below a stage; None when it never did."""
        return next((event.t_ms for event in r.events if event.kind == "stage" and stage in event.text), None)

    def line(index):
        """FILE:FUNCTION of a line, the file without its folder."""
        if index >= len(r.lines):
            return "(no such line)"
        return f"{(r.lines[index].file or '').rsplit('/', 1)[-1]}:{r.lines[index].function}"

    def site_of(function):
        """The largest site with this function in its stack."""
        found = [site for site in r.sites if any((frame.function or "").startswith(function) for frame in site.stack)]
        return max(found, key=lambda site: site.resident_bytes) if found else None

    def evidence(words):
        """True when a line of the evidence has these words."""
        return any(words in text for text in r.verdict.evidence)

    def stalls_are_told():
        """There is an event of pressure, or we ended the run before a tenth of any second was lost.

        That is so where the kernel counted no more than a tenth for each of the seconds since the warning.
        """
        if event("pressure") is not None or event("action") is None:
            return event("pressure") is not None
        seconds = -(-(event("end") - reached("warn")) // 1000)
        return r.pressure.some_total_us <= 100_000 * seconds

    return {
        "event": event,
        "evidence": evidence,
        "line": line,
        "reached": reached,
        "site_of": site_of,
        "stalls_are_told": stalls_are_told,
        "r": r,
        "MIB": MIB,
    }


def main():
    r = load(sys.argv[1], sys.argv[2])
    names = names_for(r)
    wrong = []
    for expression in sys.argv[3:]:
        try:
            if not eval(expression, names):  # the tests' own expressions
                wrong.append(expression)
        except Exception as problem:  # whatever the report lacks is a failed expectation
            wrong.append(f"{expression}   ({type(problem).__name__}: {problem})")
    if wrong:
        print("not true: " + "\n          ".join(wrong))
        show(r)
        sys.exit(1)


if __name__ == "__main__":
    main()
