#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare what a journal says about the program `truth` with what is true.

usage: judge_truth.py LASTWORDS JOURNAL TRUTH.json RSS_ANON_KIB [PERCENT_SMALL]

RSS_ANON_KIB is the kernel's RssAnon of the process while all was held. Allowed are

  large blocks and mappings above 1 % of the total   2 %
  smaller ones                                       0.1 % of the total
  small blocks, which are sampled                    three standard errors; at least 1 %, and PERCENT_SMALL if given
  committed bytes of the exact ones                  1 % (malloc's own rounding of a mapping to pages)
  sites and others together, against RssAnon         1 %
  explained                                          at least 99 %, less two standard errors of the small blocks
                                                     together: what they are estimated too low passes for slack

Prints the table; the exit status is 1 when something is beyond that.
"""
import json
import math
import struct
import subprocess
import sys

MIB = 1 << 20
SECTION_SITES = 7
NOT_ANONYMOUS = ("shared", "file")


def sections(journal):
    """{kind: (record size, offset, used)}; see shim/journal_format.h."""
    count = struct.unpack_from("<I", journal, 28)[0]
    found = {}
    for i in range(count):
        kind, size, offset, _, _, used, _ = struct.unpack_from("<IIQIIQQ", journal, 64 + 40 * i)
        found[kind] = (size, offset, used)
    return found


def samples_of_sites(path):
    """live_samples of every site by its number; the machine-readable report leaves them out."""
    with open(path, "rb") as file:
        journal = file.read()
    size, offset, used = sections(journal)[SECTION_SITES]
    return {i: struct.unpack_from("<Q", journal, offset + i * size + 24)[0] for i in range(used)}


class Judge:
    """Collects the rows and what is wrong with them."""

    ROW = "{:22} {:8} {:>9} {:>9} {:>8} {:>8} {:>8} {:>6}  {}"

    def __init__(self, report, truth, samples, rss_anon, percent_small):
        self.report, self.truth, self.samples = report, truth, samples
        self.rss_anon, self.percent_small = rss_anon, percent_small
        self.wrong = []
        self.claimed = set()
        self.variance = 0  # of the small blocks' estimates together, in bytes squared

    def sites_of(self, function):
        sites = [site for site in self.report["sites"]
                 if any((frame["function"] or "").split(".")[0] == function for frame in site["stack"])]
        self.claimed.update(site["id"] for site in sites)
        return sites

    def other(self, kind):
        return sum(other["resident_bytes"] for other in self.report["other"] if other["kind"] == kind)

    def complain(self, what):
        self.wrong.append(what)
        return "WRONG"

    def allowed(self, row, samples):
        if row["kind"] == "small":
            error = 3 / math.sqrt(max(1, samples))
            return max(1, 100 * error, self.percent_small)
        if not row["resident"]:
            return 0.1
        if row["resident"] < self.rss_anon / 100:
            return 100 * 0.001 * self.rss_anon / row["resident"]
        return 2

    def judge_row(self, row):
        sites = self.sites_of(row["function"])
        samples = sum(self.samples.get(site["id"], 0) for site in sites)
        resident = sum(site["resident_bytes"] for site in sites)
        committed = sum(site["committed_bytes"] for site in sites)
        if row["kind"] == "stack":
            resident = committed = self.other("stacks")
        if row["kind"] == "small":
            self.variance += row["resident"] ** 2 / max(1, samples)
        error = 100 * (resident / row["resident"] - 1) if row["resident"] else resident / MIB
        allowed = self.allowed(row, samples)
        off = 100 * (committed / row["committed"] - 1)
        note = ""
        if row["seen"] and row["seen"] != row["resident"]:
            note = self.complain(f"{row['function']}: the program itself sees {row['seen']} resident bytes")
        if abs(error) > allowed:
            note = self.complain(f"{row['function']}: resident {error:+.2f} %, allowed {allowed:.2f} %")
        exact = row["kind"] not in ("small", "stack")
        if exact and abs(off) > 1 or row["kind"] == "small" and abs(off) > allowed:
            note = self.complain(f"{row['function']}: committed {off:+.2f} %")
        print(self.ROW.format(row["function"], row["kind"], f"{row['resident'] / MIB:.2f}", f"{resident / MIB:.2f}",
                              f"{error:+.2f} %", f"{allowed:.2f} %", f"{off:+.2f} %", samples, note))
        return resident if row["kind"] not in NOT_ANONYMOUS + ("stack",) else 0

    def judge_sums(self, sites_anon):
        rest = [site for site in self.report["sites"] if site["id"] not in self.claimed and site["resident_bytes"]]
        for site in rest[:6]:
            where = next((frame["function"] for frame in site["stack"] if frame["function"]), "unknown")
            print(f"  also a site: {site['resident_bytes'] / MIB:.2f} MiB, {where}")
        sites_anon += sum(site["resident_bytes"] for site in rest)
        others = {other["kind"]: other["resident_bytes"] for other in self.report["other"]}
        print("  others: " + ", ".join(f"{kind} {size / MIB:.2f} MiB" for kind, size in others.items()))
        total = sites_anon + sum(size for kind, size in others.items() if kind != "page_tables")
        error = 100 * (total / self.rss_anon - 1)
        explained = 100 * self.report["memory"]["explained_bytes"] / self.rss_anon
        print(f"  sites and others {total / MIB:.2f} MiB, RssAnon {self.rss_anon / MIB:.2f} MiB: {error:+.2f} %; "
              f"explained {explained:.2f} %")
        if abs(error) > 1:
            self.complain(f"the sum is {error:+.2f} % off")
        least = 99 - 200 * math.sqrt(self.variance) / self.rss_anon
        if not least <= explained <= 100.5:
            self.complain(f"explained {explained:.2f} %, at least {least:.2f} % was expected")

    def run(self):
        print(self.ROW.format("function", "kind", "truth MiB", "measured", "error", "allowed", "commit", "n", ""))
        self.judge_sums(sum(self.judge_row(row) for row in self.truth["functions"]))
        return self.wrong


def main():
    command, journal, truth, rss_anon_kib = sys.argv[1:5]
    done = subprocess.run([command, "report", "--json", journal], capture_output=True, text=True, check=True)
    with open(truth, encoding="utf-8") as file:
        expected = json.load(file)
    percent_small = float(sys.argv[5]) if len(sys.argv) > 5 else 0
    wrong = Judge(json.loads(done.stdout), expected, samples_of_sites(journal), int(rss_anon_kib) << 10,
                  percent_small).run()
    for what in wrong:
        print("wrong: " + what)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
