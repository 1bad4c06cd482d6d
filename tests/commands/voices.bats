#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The formats of `report` that other programs read, checked by those programs or by their published schemas.

load common

setup() { commands_setup; "$COMPOSE" etl etl.lw; }
teardown() { commands_teardown; }

# Python that holds some 40 MiB at a known line, and dies with them.
python_journal() {
    cat >hold.py <<'PY'
import os, time
def fill(n):
    return [bytearray(1 << 20) for _ in range(n)]

kept = fill(40)
time.sleep(2)
os.kill(os.getpid(), 9)
PY
    real_journal "$1" $PYTHON hold.py
}

@test "folded: root first, bytes last, the memory that no site owns in brackets" {
    "$COMMAND" report --folded etl.lw >out
    cat out
    grep -qxF '<module> (transform.py:11);load (transform.py:6);read_csv (pandas/io/parsers/readers.py:912);PyArray_NewFromDescr (_multiarray.so) 314572800' out
    grep -qxF '[allocator slack] 4194304' out
    [ "$(wc -l <out)" -eq 6 ]
    # Every line is what flame graph programs take.
    refute grep -vqE '^[^;]+(;[^;]+)* [0-9]+$' out
}

@test "folded: --by chooses the number, --sites the largest" {
    "$COMMAND" report --folded --by committed etl.lw >out
    [ "$(awk '{sum += $NF} END {print sum}' out)" -eq 493879296 ]
    "$COMMAND" report --folded --by growth etl.lw >out
    [ "$(wc -l <out)" -eq 2 ]
    "$COMMAND" report --folded --sites 1 --by peak etl.lw >out
    [ "$(wc -l <out)" -eq 1 ]
}

@test "pprof: go tool pprof reads it, beside the journal" {
    run "$COMMAND" report --pprof etl.lw
    [ "$output" = etl.pb.gz ]
    gzip -t etl.pb.gz
    go tool pprof -top etl.pb.gz >top 2>err
    cat top err
    grep -q '^Type: resident_space' top
    grep -qE '300MB .* PyArray_NewFromDescr$' top
    grep -qE '352.10MB 77.71%  load$' top
    grep -qE '413.10MB 91.17%  <module>$' top
    grep -q 'one line: 70 % of all resident memory grew at transform.py:6' top
    for index in objects space resident_space swapped_space; do
        go tool pprof -top -sample_index=$index etl.pb.gz >top
        grep -q "^Type: $index" top
    done
    go tool pprof -top -sample_index=space etl.pb.gz | grep -qE '350MB .* PyArray_NewFromDescr$'
}

@test "pprof: build-ids, lines, process and times are in it" {
    "$COMMAND" report --pprof -o out.pb.gz etl.lw
    go tool pprof -raw out.pb.gz >raw
    cat raw
    grep -q 'objects/count space/bytes resident_space/bytes\[dflt\] swapped_space/bytes' raw
    grep -qF '1: 0x10000/0x20000/0x0 /usr/lib/python3/dist-packages/numpy/_multiarray.so deadbeef' raw
    grep -qE '0x0 load /srv/job/transform.py:6 ' raw
    grep -qE '0x100ff M=1 PyArray_NewFromDescr' raw
    grep -qF 'pid:[4711]' raw
    grep -q '^Duration: 4.97' raw
    grep -q '^Period: 65536' raw
    grep -q '^PeriodType: space bytes' raw
}

@test "pprof: of a real Python run, with its lines" {
    python_journal hold.lw
    "$COMMAND" report --pprof -o - hold.lw >hold.pb.gz
    go tool pprof -lines -top hold.pb.gz >top 2>err
    cat top err
    grep -qE '[kM]B .*  fill[^ ]* .*hold.py:3$' top
    refute grep -q _PyEval top
    "$COMMAND" report --pprof --native -o - hold.lw >native.pb.gz
    go tool pprof -raw native.pb.gz >raw
    grep -qE '_PyEval|PyEval_EvalCode|Py_RunMain' raw
}

@test "pprof: of standard input it wants -o" {
    status=0
    "$COMMAND" report --pprof - <etl.lw >out 2>err || status=$?
    [ "$status" -eq 2 ]
    grep -q -- '-o FILE' err
    "$COMMAND" report --pprof -o - - <etl.lw | gzip -t
}

@test "speedscope: valid, with one profile a metric whose weights add up" {
    "$COMMAND" report --speedscope etl.lw >out
    $PYTHON - "$REPO/tests/data/speedscope.schema.json" out <<'PY'
import json, sys, jsonschema
schema, file = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.validate(file, schema)
assert [p["name"] for p in file["profiles"]] == ["resident", "committed", "peak", "growth"]
frames = file["shared"]["frames"]
for profile in file["profiles"]:
    assert len(profile["samples"]) == len(profile["weights"]) > 0
    assert sum(profile["weights"]) == profile["endValue"]
    for sample in profile["samples"]:
        assert all(0 <= index < len(frames) for index in sample)
first = [frames[index]["name"] for index in file["profiles"][0]["samples"][0]]
assert first == ["<module>", "load", "read_csv", "PyArray_NewFromDescr"], first
assert frames[1] == {"name": "load", "file": "/srv/job/transform.py", "line": 6}
assert file["activeProfileIndex"] == 0
PY
    "$COMMAND" report --speedscope --by peak etl.lw | grep -q '"activeProfileIndex":2'
}

# collector_takes FILE: the rules of the text format, as a collector holds them
collector_takes() {
    $PYTHON - "$1" <<'PY'
import re, sys
helped, typed, seen, last = set(), {}, set(), None
sample = re.compile(r'^([a-z_]+)\{([a-z_]+="(?:[^"\\]|\\.)*"(?:,[a-z_]+="(?:[^"\\]|\\.)*")*)\} (-?[0-9.e+-]+)$')
done = set()
for line in open(sys.argv[1]):
    line = line.rstrip("\n")
    if line.startswith("# HELP "):
        name = line.split()[2]
        assert name not in helped and len(line.split()) > 3
        helped.add(name)
    elif line.startswith("# TYPE "):
        _, _, name, kind = line.split()
        assert kind in ("gauge", "counter") and name in helped and name not in typed
        assert (kind == "counter") == name.endswith("_total")
        typed[name] = kind
    else:
        match = sample.match(line)
        assert match, line
        name = match[1]
        assert name.startswith("lastwords_") and name in typed
        if name != last:
            assert name not in done, "not in one group: " + name
            done.add(name)
            last = name
        assert (name, match[2]) not in seen, "twice: " + line
        seen.add((name, match[2]))
        float(match[3])
PY
}

@test "prometheus: what a textfile collector takes" {
    "$COMMAND" report --prometheus etl.lw >out
    cat out
    collector_takes out
    grep -q '^lastwords_headroom_bytes{pid="4711",program="python3",host="worker7.example"} 10485760$' out
    grep -q '^lastwords_resident_bytes{.*} 524288000$' out
    grep -q '^lastwords_site_resident_bytes{.*function="load",file="/srv/job/transform.py",line="6"} 369203609$' out
    [ "$("$COMMAND" report --prometheus --sites 1 etl.lw | grep -c '^lastwords_site_resident_bytes{')" -eq 1 ]
}

@test "prometheus: the file is replaced as a whole, or stays as it was" {
    echo old >metrics.prom
    ln metrics.prom witness
    "$COMMAND" report --prometheus -o metrics.prom etl.lw
    grep -q lastwords_headroom_bytes metrics.prom
    # The old one was not written to: whoever had it open still reads it whole.
    [ "$(cat witness)" = old ]
    [ "$(stat -c %a metrics.prom)" = "$(touch fresh && stat -c %a fresh)" ]
    cp metrics.prom before
    says 1 report --prometheus -o metrics.prom missing.lw
    cmp metrics.prom before
    [ "$(echo metrics.prom*)" = metrics.prom ]
    says 1 report --prometheus -o nowhere/metrics.prom etl.lw
    "$COMMAND" report --prometheus -o /dev/stdout etl.lw | grep -q lastwords_headroom_bytes
}

@test "report: --by orders the lines, and names its column" {
    "$COMMAND" report --by peak etl.lw >out
    grep -q 'committed         peak   where' out
    "$COMMAND" report --by touched etl.lw >out
    grep -q 'committed      touched   where' out
    "$COMMAND" report --json --by committed --sites 1 etl.lw >out
    $PYTHON -c 'import json; r = json.load(open("out")); assert len(r["sites"]) == len(r["lines"]) == 1 and r["sites"][0]["id"] == 1'
}

@test "report: the interpreter's own functions are folded away, unless --native asks for them" {
    python_journal hold.lw
    "$COMMAND" report --full hold.lw >out
    grep -qE '^ +\* hold.py:3 ' out
    grep -q 'of the interpreter: --native shows them' out
    # Of stacks with Python frames, that is: one from before the first of them (the program being parsed) has no others.
    awk 'BEGIN {RS = "  site "} /hold\.py/' out >read
    grep -q 'hold.py:3' read
    refute grep -qE '_PyEval|PyEval_EvalCode|Py_RunMain' read
    "$COMMAND" report --full --native hold.lw >out
    grep -qE '_PyEval|PyEval_EvalCode|Py_RunMain' out
    refute grep -q 'native shows them' out
}

@test "report: wrong options say which are right" {
    says 2 report --by size etl.lw
    grep -q 'resident, committed, growth, peak, touched' err
    says 2 report --sites none etl.lw
    says 2 report --json --folded etl.lw
    grep -q 'one format at a time' err
    says 2 report --by
}

# valid FILE…: whole reports, by the schema
valid() {
    $PYTHON - "$REPO/report/voices/report.schema.json" "$@" <<'PY'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
for path in sys.argv[2:]:
    jsonschema.validate(json.load(open(path)), schema)
PY
}

@test "json: real and made reports are valid by the schema in the repository" {
    python_journal hold.lw
    real_journal idle.lw "$PROGRAMS/idle" 48 0
    for case in leak calm sibling; do "$COMPOSE" $case $case.lw; done
    for journal in *.lw; do "$COMMAND" report --json "$journal" >"$journal.json"; done
    valid ./*.json
}

@test "json: the schema refuses what is none" {
    "$COMMAND" report --json etl.lw >good.json
    valid good.json
    for change in 'r["verdict"]["cause"] = "magic"' 'del r["lines"]' 'r["sites"][0]["stack"][0]["kind"] = "java"' \
        'r["memory"]["rss_bytes"] = -1' 'r["timeline"][0]["stage"] = 3'; do
        $PYTHON -c "import json; r = json.load(open('good.json')); $change; json.dump(r, open('bad.json', 'w'))"
        ! valid bad.json 2>err || { echo "accepted: $change"; return 1; }
    done
}

@test "hostile names stay names in every format" {
    "$COMPOSE" hostile hostile.lw
    "$COMMAND" report --prometheus hostile.lw >out
    collector_takes out
    "$COMMAND" report --folded hostile.lw >folded
    refute grep -vqE '^[^;]+(;[^;]+)* [0-9]+$' folded
    "$COMMAND" report --speedscope hostile.lw >speedscope
    "$COMMAND" report --json hostile.lw >hostile.json
    valid hostile.json
    $PYTHON - "$REPO/tests/data/speedscope.schema.json" speedscope <<'PY'
import json, sys, jsonschema
schema, file = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.validate(file, schema)
PY
    "$COMMAND" report --pprof -o hostile.pb.gz hostile.lw
    go tool pprof -raw hostile.pb.gz >raw
    "$COMMAND" diff --json --sites hostile.lw hostile.lw | $PYTHON -m json.tool >/dev/null
    "$COMMAND" top --once hostile.lw >top
    for file in out folded speedscope hostile.json raw top; do
        ! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$file" || { echo "control characters in $file"; return 1; }
    done
}

@test "large: 10,000 sites and 100,000 ticks fit into 200 MiB of address space, in every format" {
    "$COMPOSE" large large.lw
    for format in "" --full --json --folded --speedscope --prometheus "--pprof -o -" "--html -o -"; do
        (ulimit -v 204800 && "$COMMAND" report $format large.lw >out) || { echo "report $format"; return 1; }
        [ -s out ]
    done
    (ulimit -v 409600 && "$COMMAND" diff --sites large.lw large.lw >out)
    (ulimit -v 204800 && "$COMMAND" top --once large.lw >out)
}
