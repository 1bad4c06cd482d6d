# SPDX-License-Identifier: MIT
"""What the preload costs, side by side in one run.

usage: bench.py BUILD PAIRS [CASE…] [only=VARIANT…]

CASE: part of a case's name, or footprint. only: of the variants these beside the program alone, and no peer; with
underscores for the spaces of a name.

Every case runs PAIRS rounds; a round has every variant once, in an order that changes, pinned to the same processors.
A ratio is of one round to the program alone in that round; told is the median of the rounds, for processor time (user
and system, children included) and for wall time. Behind it stands the least processor time of a variant against the
least of the program alone: what disturbs a run only ever adds to it. The program alone runs twice in each round: the
ratio of the two says what the machine makes of nothing. A peer (heaptrack, memray) is slow and runs three rounds at
most.

Where other machines share the processor, one run after the other is told to some percent only. So whole programs also
run at once on one processor, a variant and the program alone, which the scheduler lets go on in turn every few
milliseconds: whatever disturbs hits both alike. Told is the median ratio of their processor times ("two at once").
It errs upwards: both take twice as long, and what the watcher does by the clock counts twice. So it is done with the
program alone three times as well ("four at once", where that counts four times), and from the two follows, along a
straight line, what it would be undisturbed and by itself ("by itself"). Of two at once the mean and its standard error
are told, too: they say how many rounds it takes to tell a percent.
"""
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ETL = os.path.join(HERE, "../../examples/etl")
PYTHON = "/usr/bin/python3"
build, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2])
wanted = [word for word in sys.argv[3:] if not word.startswith("only=")]
only = [word[len("only="):].replace("_", " ") for word in sys.argv[3:] if word.startswith("only=")]
SHIM, BENCH = os.path.join(build, "liblastwords.so"), os.path.join(build, "bench")
processors = sorted(os.sched_getaffinity(0))
work = tempfile.mkdtemp(prefix="lastwords-bench.")
os.chdir(work)

# name: preload, LASTWORDS, words before the command
VARIANTS = {
    "alone": (None, "", []),
    "alone again": (None, "", []),
    "pass-through": (os.path.join(BENCH, "pass.so"), "", []),
    "lastwords": (SHIM, "dir=" + work, []),
    "with jemalloc": (SHIM, "allocator=jemalloc:dir=" + work, []),
}
PEERS = {}
if shutil.which("heaptrack"):
    PEERS["heaptrack"] = (None, "", ["heaptrack", "-o", "peer"])
if subprocess.run([PYTHON, "-c", "import memray"], capture_output=True).returncode == 0:
    PEERS["memray"] = (None, "", [PYTHON, "-m", "memray", "run", "-f", "-o", "peer"])


def start(variant, command, count, clean):
    """Its process; what it writes is in the files out and err of the working directory."""
    preload, setting, before = {**VARIANTS, **PEERS}[variant]
    environment = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "LASTWORDS", "MALLOC_CONF")}
    if preload:
        environment.update(LD_PRELOAD=preload, LASTWORDS=setting)
    for name in clean:
        if os.path.exists(name):
            os.unlink(name)
    if variant == "memray":
        command = command[1:]  # it is Python itself
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open("out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(os.open("err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        os.sched_setaffinity(0, processors[-count:])
        os.execvpe((before + command)[0], before + command, environment)
    return pid


def run(variant, command, count, clean):
    """(wall s, processor s, first line of the output)"""
    began = time.monotonic()
    _, status, usage = os.wait4(start(variant, command, count, clean), 0)
    wall = time.monotonic() - began
    if status:
        sys.exit(f"{variant}: {command} ended with status {status}: {open('err').read()[-500:]}")
    return wall, usage.ru_utime + usage.ru_stime, open("out").readline()


SIDES = ("one", "two", "three", "four")
FEW, MANY = 2, len(SIDES)  # at once


def make_sides(names):
    """Directories with these files, which nobody writes to."""
    for side in SIDES:
        shutil.rmtree(side, ignore_errors=True)
        os.mkdir(side)
        for name in names:
            os.link(name, os.path.join(side, name))


def at_once(variant, command, clean, number, count):
    """Processor time of the variant / of the program alone, COUNT in all on one processor, each in a directory of its
    own: who begins, and where, changes every round."""
    pids, spent = {}, [0.0, 0.0]
    for place in range(count):
        is_variant = place == number % count
        os.chdir(os.path.join(work, SIDES[(place + number // count) % count]))
        pids[start(variant if is_variant else "alone", command, 1, clean)] = is_variant
        os.chdir(work)
    for _ in range(count):
        pid, status, usage = os.wait4(-1, 0)
        if status:
            sys.exit(f"{variant}, at once: {command} ended with status {status}")
        spent[pids[pid]] += usage.ru_utime + usage.ru_stime
    return spent[True] / (spent[False] / (count - 1))


def large_source():
    with open("large.c", "w") as out:
        for i in range(200):
            out.write(f"int f{i}(const int *a, int n) {{ int s = {i}; for (int i = 0; i < n; i++) {{ if (a[i] > {i}) "
                      f"s += a[i] * {i + 3}; else s ^= a[i] >> {i % 13}; switch (s & 7) {{ case 1: s += 3; break; case 3: "
                      f"s *= n; break; case 5: s -= a[0]; }} }} return s; }}\n")


def etl():
    subprocess.run([PYTHON, os.path.join(ETL, "generate.py"), "1000000", "orders.csv", "reference.csv"], check=True)


# Only the server has the library, not the shell about it: a start costs each of its small programs half a millisecond.
REDIS = """with=$LD_PRELOAD; unset LD_PRELOAD
LD_PRELOAD=$with redis-server --port 0 --unixsocket %s/socket --save '' --appendonly no >log 2>&1 &
for i in $(seq 200); do [ -S socket ] && break; sleep 0.02; done
redis-benchmark -s socket -q -n 300000 -P 16 -r 20000 -d 200 -t set,get,lpush,hset >/dev/null
redis-cli -s socket shutdown nosave; wait"""
SQL = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000) SELECT count(*) FROM n;
CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
    SELECT i, printf('%d-%d', i * 7919 % 100003, i) AS text FROM n;
CREATE INDEX one ON t(text); SELECT count(DISTINCT substr(text, 1, 4)) FROM t;"""

# name: (command, processors, told as ns a pair, files to remove before, preparation, peers too, needed program)
CASES = {
    "pairs, small process": ([BENCH + "/pairs", "1", "20", "0"], 1, True, (), None, True, None),
    "pairs, 64 MiB held": ([BENCH + "/pairs", "1", "20", "64"], 1, True, (), None, False, None),
    "pairs, 2 threads, 64 MiB held": ([BENCH + "/pairs", "2", "20", "64"], 2, True, (), None, True, None),
    "touch 4 GiB": ([BENCH + "/fill", "4096"], 1, False, (), None, True, None),
    "pandas ETL": ([PYTHON, ETL + "/transform.py", "orders.csv", "shop.db"], 1, False, ("shop.db",), etl, True, None),
    "python3, 3 M dicts and lists": ([PYTHON, HERE + "/churn.py", "3000000"], 1, False, (), None, True, None),
    "gcc -O2": (["gcc", "-O2", "-c", "large.c", "-o", "large.o"], 1, False, (), large_source, True, "gcc"),
    "sqlite3 in memory": (["sqlite3", ":memory:", SQL], 1, False, (), None, True, "sqlite3"),
    "redis-server": (["sh", "-c", REDIS % work], 2, False, ("socket",), None, False, "redis-benchmark"),
}


def measure(name):
    command, count, told, clean, prepare, peers, needed = CASES[name]
    if needed and not shutil.which(needed):
        return print(f"{name}: {needed} is not installed")
    before = set(os.listdir("."))
    if prepare:
        prepare()
    make_sides(set(os.listdir(".")) - before)
    run("alone", command, count, clean)
    variants = [variant for variant in VARIANTS
                if (told or variant != "pass-through") and (not only or variant in ["alone", "alone again"] + only)]
    peers = peers and not only
    results = {variant: [] for variant in variants}
    for number in range(rounds):
        order = variants + [peer for peer in PEERS if peers and number < 3 and (peer != "memray" or command[0] == PYTHON)]
        random.shuffle(order)
        for variant in order:
            results.setdefault(variant, []).append(run(variant, command, count, clean))
    sides = {variant: ([], []) for variant in variants if variant != "alone" and not told and count == 1}
    for number in range(rounds):
        for variant, ratios in sides.items():
            for which, together in enumerate((FEW, MANY)):
                ratios[which].append(at_once(variant, command, clean, number, together))
    print(f"\n{name} ({rounds} rounds, {count} processor{'s' * (count > 1)})")
    for variant, runs in results.items():
        base = results["alone"][:len(runs)]
        middle = lambda index: statistics.median(run[index] for run in runs)
        ratio = lambda index: statistics.median(run[index] / alone[index] for run, alone in zip(runs, base))
        least = min(run[1] for run in runs) / min(run[1] for run in results["alone"] + results["alone again"])
        line = (f"  {variant:14} processor {middle(1):7.3f} s x {ratio(1):6.3f} (least x {least:6.3f})"
                f"   wall {middle(0):7.3f} s x {ratio(0):6.3f}")
        if variant in sides:
            few, many = (statistics.median(ratios) for ratios in sides[variant])
            by_itself = few - (many - few) * (FEW - 1) / (MANY - FEW)
            ratios = sides[variant][0]
            error = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else 0
            line += (f"   two at once x {few:6.3f} (mean {statistics.mean(ratios):6.3f} +- {error:.3f}), four x {many:6.3f}:"
                     f" by itself x {by_itself:6.3f}")
        if told and variant not in PEERS:
            each = [float(run[2]) for run in runs]
            more = statistics.median(a - float(b[2]) for a, b in zip(each, base))
            line += f"   {statistics.median(each):6.2f} ns a pair, {more:+6.2f}"
        print(line, flush=True)


def footprint():
    """Memory of its own: resident with it less resident without, of a program that holds threads and recorded blocks."""
    print("\nfootprint: 32 threads, 100,000 live samples; to be at most 8 MiB and 0.1 % of the process")
    command = [os.path.join(build, "tests/doors/footprint"), "32", "100000", "1024"]
    VARIANTS["every block"] = (SHIM, "activate=1M:sample=512:dir=" + work, [])
    told = []
    for _ in range(min(rounds, 5)):
        alone, watched = (int(run(variant, command, 2, ())[2].split()[1]) for variant in ("alone", "every block"))
        told.append((watched - alone, alone))
    more, alone = sorted(told)[len(told) // 2]
    print(f"  lastwords      {more / 1024:7.2f} MiB beside {alone / 1024:.1f} MiB, of at most {8 + alone / 1024 / 1000:.2f} MiB")


def check_words():
    for word in wanted:
        if not any(word in case for case in [*CASES, "footprint"]):
            sys.exit(f"bench.py: no case has '{word}' in its name: {'; '.join(CASES)}; footprint")
    for variant in only:
        if variant not in VARIANTS:
            sys.exit(f"bench.py: '{variant}' is no variant: {'; '.join(VARIANTS)}")


try:
    check_words()
    print(f"pinned to the last of {len(processors)} processors; load {os.getloadavg()[0]:.1f}")
    for case in CASES:
        if not wanted or any(word in case for word in wanted):
            measure(case)
    if not wanted or "footprint" in wanted:
        footprint()
finally:
    os.chdir("/")
    shutil.rmtree(work)
