#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A line of the table of scenarios, from what table.bash noted of each run.

usage: table.py DIRECTORY KERNEL        (DIRECTORY has the files `row` and `runs`)

What was not as it has to be is said on standard error, and the exit status is 1 then.
"""
import collections
import contextlib
import datetime
import json
import statistics
import sys

import judge

Row = collections.namedtuple("Row", "name kind causes ending truth")


class Run:
    def __init__(self, name, mode, status, kills, path, ended_ms, wrong):
        self.name, self.mode, self.status, self.kills = name, mode, int(status), int(kills)
        self.ended_ms, self.wrong = int(ended_ms), wrong
        try:
            with open(path) as file:
                self.report = json.load(file, object_hook=judge.Record)
        except (OSError, ValueError):
            self.report = None

    def at(self, kind):
        """Time in ms of the first event of a kind; None without one."""
        return self.report and next((event.t_ms for event in self.report.events if event.kind == kind), None)

    def complete(self):
        return self.at("complete") is not None

    def lead_ms(self):
        """From the complete report to the end as the script saw it; a start is known to 10 ms."""
        started = datetime.datetime.strptime(self.report.process.started_at, "%Y-%m-%dT%H:%M:%S.%fZ")
        started_ms = started.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000
        return round(self.ended_ms - started_ms - self.at("complete"))

    def share(self):
        """Headroom when the action was taken, in % of the binding limit."""
        limit = self.report.limit
        return 100 * limit.headroom_bytes / limit.bytes if limit.bytes else None


def missed(row, run):
    """The kernel was first, or what had to be told was not; the text says it."""
    told = run.complete() or row.causes == "-"
    if run.wrong:
        return run.wrong
    if row.kind in ("dies", "spared", "ends") and run.mode != "report" and run.kills > 0:
        return "" if row.kind == "spared" and told else "the kernel was first"
    if row.kind in ("dies", "spared", "together") and not told:
        return "no complete report"
    if row.kind in ("dies", "unwatched", "together") and run.status == 0:
        return "it was to be killed, and lived"
    return ""


def false(row, run):
    """It was ended, or ended otherwise, and was not to be; the text says it."""
    acted = run.report is not None and run.at("action") is not None
    if row.kind in ("lives", "spared") and run.kills == 0 and run.status != 0:
        return f"exit status {run.status}"
    if row.kind == "ends" and run.kills == 0 and run.status != row.ending:
        return f"exit status {run.status}, not {row.ending}"
    if row.kind == "outside" and (acted or run.status != 137):
        return f"exit status {run.status}" + (", with an action" if acted else "")
    if row.kind == "lives" and run.kills > 0:
        return "killed by the kernel"
    return ""


def cause_wrong(row, run):
    """None where there is nothing to judge."""
    if row.causes == "-":
        return None
    if run.report is None:
        return "no report" if row.kind in ("dies", "spared", "together", "outside") else None
    if run.report.verdict.cause not in row.causes.split(","):
        return f"{run.report.verdict.cause}: {run.report.verdict.sentence}"
    try:
        if eval(row.truth, judge.names_for(run.report)):
            return ""
        with contextlib.redirect_stdout(sys.stderr):
            judge.show(run.report)
        return f"not true: {row.truth}"
    except Exception as problem:  # what the report lacks is wrong as well
        return f"{row.truth}: {type(problem).__name__}: {problem}"


def middle(values, form, worst):
    values = [value for value in values if value is not None]
    return form.format(statistics.median(values), worst(values)) if values else ""


class Judged:
    """What is left of a run: its report may be large, and there are many."""

    def __init__(self, row, run):
        self.mode = run.mode
        self.wrong = {"missed": missed(row, run), "false": false(row, run), "cause": cause_wrong(row, run)}
        self.share = run.share() if row.kind == "dies" and run.mode == "abort" and run.report else None
        self.lead_ms = run.lead_ms() if row.kind in ("dies", "together") and run.mode == "report" and run.complete() else None


def print_row(row, runs, kernel):
    """Prints the line; the number of runs that were not as they have to be."""
    for what in ("missed", "false", "cause"):
        for run in runs:
            if run.wrong[what]:
                print(f"{row.name}, action={run.mode}, {what}: {run.wrong[what]}", file=sys.stderr)
    judged = [run.wrong["cause"] for run in runs if run.wrong["cause"] is not None]
    count = {what: sum(bool(run.wrong[what]) for run in runs) for what in ("missed", "false", "cause")}
    print(f"| {row.name} | {kernel} | {len(runs)} | {count['missed']} | {count['false']} "
          f"| {judged.count('')} of {len(judged)} | {middle([run.share for run in runs], '{:.1f} % ({:.1f} %)', max)} "
          f"| {middle([run.lead_ms for run in runs], '{:.0f} ms ({} ms)', min)} |")
    return sum(count.values())


def main():
    base, kernel = sys.argv[1:3]
    with open(base + "/row") as file:
        name, kind, causes, ending, truth = file.read().rstrip("\n").split("\t")
    row = Row(name, kind, causes, int(ending), truth)
    with open(base + "/runs") as file:
        runs = [Judged(row, Run(*line.rstrip("\n").split("\t"))) for line in file]
    sys.exit(1 if print_row(row, runs, kernel) else 0)


if __name__ == "__main__":
    main()
