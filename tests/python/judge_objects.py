# SPDX-License-Identifier: MIT
"""usage: judge_objects.py REPORT.json OUTPUT [freed|traced]: does the report say what objects.py really made?"""
import json
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
truth = {}
for line in open(sys.argv[2]):
    words = line.split()
    if len(words) == 2 and words[1].isdigit():
        truth[words[0]] = int(words[1])
wrong = []
for name, wanted in truth.items():
    number = int(name.split(":")[1])
    lines = [line for line in report["lines"] if line["line"] == number and line["file"].endswith("objects.py")]
    got = sum(line["committed_bytes"] for line in lines)
    if "freed" in sys.argv[3:]:
        if got > wanted / 50:  # the interpreter keeps some thousand tuples; three errors of their estimate besides
            wrong.append("%s: %d bytes are still said to be there" % (name, got))
    elif "traced" in sys.argv[3:] and got > wanted * 0.9:
        pass  # and what tracemalloc keeps of each block, which it allocates there
    elif abs(got - wanted) > wanted / 10:
        wrong.append("%s: %d bytes, not %d" % (name, got, wanted))
memory = report["memory"]
named = memory["explained_bytes"]
if "freed" in sys.argv[3:]:  # what was freed and not given back has a name, but no owner
    named += sum(other["resident_bytes"] for other in report["other"] if other["kind"] == "slack")
share = named / memory["anon_bytes"]
if share < 0.97 or share > 1.001:
    others = ", ".join("%s %d" % (other["kind"], other["resident_bytes"]) for other in report["other"])
    wrong.append("explained: %.1f %% of %d bytes; %s" % (100 * share, memory["anon_bytes"], others))
if memory["committed_bytes"] > memory["anon_bytes"] * 1.1:
    wrong.append("something is counted twice: %d of %d bytes" % (memory["committed_bytes"], memory["anon_bytes"]))
if not report["capabilities"]["python_objects"]["available"]:
    wrong.append("not available: " + report["capabilities"]["python_objects"]["why"])
if len(truth) != 2:
    wrong.append("no truth to compare with")
print("\n".join(wrong) or "explained %.1f %%" % (100 * share))
sys.exit(bool(wrong))
