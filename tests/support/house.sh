#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The checks that keep the house in order, as TAP: who may include whom, what the library exports and needs, what the
# emergency path may call, licence lines, sizes of files.
set -eu
cd "$(dirname "$0")/../.."

number=0 broken=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# rule TEXT FUNCTION: the function prints what breaks the rule
rule() {
    number=$((number + 1))
    "$2" >"$work/found" 2>&1 || echo "$2 ended with an error" >>"$work/found"
    if [ -s "$work/found" ]; then
        broken=$((broken + 1))
        echo "not ok $number house: $1"
        sed 's/^/# /' "$work/found"
    else
        echo "ok $number house: $1"
    fi
}

tracked() {
    # Someone else's checkout (as root in a container) is a checkout all the same; a tarball has none.
    git -c safe.directory='*' ls-files -- "$@" 2>/dev/null || find "${@%%[*]*}" -type f -not -path './build/*' | sed 's|^\./||'
}

# includes FILE…: lines "file included-name" for the #include "…" of these files
includes() {
    awk 'match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]+"/) {split($0, part, "\""); print FILENAME, part[2]}' "$@"
}

sources_of() { find "$1" -name '*.c' -o -name '*.h' | sort; }

# floors HOUSE FLOOR…: from the bottom; a file includes headers of its own floor or of lower ones
floors() {
    local house=$1
    shift
    sources_of "$house" | xargs -r awk -v house="$house" -v floors="$*" '
        BEGIN {n = split(floors, name, " "); for (i = 1; i <= n; i++) height[name[i]] = i}
        function floor_of(path,    part) {
            sub("^" house "/", "", path)
            if (path !~ /\//) return path ~ /\.h$/ ? 0 : n + 1      # journal_format.h is below all, main.c above all
            split(path, part, "/")
            return part[1] in height ? height[part[1]] : -1
        }
        match($0, /^[ \t]*#[ \t]*include[ \t]*"[^"]+"/) {
            split($0, quoted, "\"")
            target = quoted[2]
            own = FILENAME
            sub("/[^/]*$", "", own)
            if (target !~ /\//) target = target == "journal_format.h" ? house "/" target : own "/" target
            else if (target ~ /^(shim|report)\//) ;
            else target = house "/" target
            if (target == "shim/journal_format.h") next
            if (target !~ "^" house "/") {print FILENAME " includes " target ", from another house"; next}
            if (floor_of(target) < 0) {print FILENAME " includes " target ", which is on no floor"; next}
            if (floor_of(FILENAME) < 0) {print FILENAME " is on no floor"; next}
            if (floor_of(target) > floor_of(FILENAME)) print FILENAME " includes " target ", from a floor above"
        }'
}

shim_floors() { floors shim ground store observe judge conduct doors; }
report_floors() { floors report sources profile judgement voices commands; }

pure() {
    local floor file
    for floor in shim/store shim/judge; do
        for file in $(sources_of "$floor"); do
            awk 'match($0, /^[ \t]*#[ \t]*include[ \t]*<[^>]+>/) {
                     split($0, part, /[<>]/); name = part[2]
                     if (name ~ /^(unistd|fcntl|time|signal|poll|sched|pthread|dlfcn|spawn|termios|stdio|stdlib)\.h$/ ||
                         (name ~ /^(sys|linux|asm)\// && name != "sys/types.h"))
                         print FILENAME " includes <" name ">"}' "$file"
        done
    done
}

exports() {
    # `global:` … `;` lists of the version script against what the library really offers
    awk '{gsub(/\/\*([^*]|\*[^\/])*\*\//, ""); gsub(/#.*/, ""); print}' shim/shim.map | tr '{};' '\n\n\n' |
        awk '{sub(/.*global:/, "")} /local:|\*/ {next} {gsub(/[ \t]/, "")} $0 ~ /^[A-Za-z_][A-Za-z0-9_]*$/' |
        sort -u >"$work/listed"
    nm -D --defined-only build/liblastwords.so | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort -u >"$work/exported"
    comm -23 "$work/exported" "$work/listed" | sed 's/$/ is exported, but not in shim.map/'
    comm -13 "$work/exported" "$work/listed" | sed 's/$/ is in shim.map, but not exported/'
}

needed() {
    readelf -d build/liblastwords.so | awk -F '[][]' '/NEEDED/ {print $2}' |
        grep -vE '^(libc|libdl|libpthread|ld-linux[-a-z0-9_]*|ld64)\.so\.[0-9]+$' | sed 's/$/ is needed by liblastwords.so/' || true
}

static_tls() {
    # Every thread carries it, on its stack. A library that is preloaded needs none of the surplus for those that come
    # later. Our own is tiny; the rest is jemalloc's state of a thread, which no other model lets it have.
    local bytes part own=512 jemalloc=0
    bytes=$(readelf -lW build/liblastwords.so | awk '$1 == "TLS" {print $6}')
    [ ! -e build/jemalloc/jemalloc.o ] ||
        for part in $(readelf -SW build/jemalloc/jemalloc.o | sed 's/\[ */[/' | awk '$2 == ".tdata" || $2 == ".tbss" {print $6}'); do
            jemalloc=$((jemalloc + 0x$part))
        done
    [ "$jemalloc" -le 4096 ] || echo "$jemalloc bytes of static TLS in jemalloc, at most 4096 are allowed"
    [ -z "$bytes" ] || [ "$((bytes - jemalloc))" -le "$own" ] || echo "$((bytes - jemalloc)) bytes of static TLS of ours, at most $own are allowed"
}

emergency_path() {
    # While the last act runs, other threads may hold any lock of the program: malloc's, the loader's, stdio's.
    local object
    for object in build/shim/conduct/final.o build/shim/conduct/gate.o build/shim/observe/faults.o \
        build/shim/store/journal.o build/shim/store/sites.o build/shim/ground/text.o build/shim/ground/lock.o; do
        [ -e "$object" ] || continue
        nm -u "$object" | awk -v object="$object" '$2 ~ /^(malloc|free|calloc|realloc|posix_memalign|aligned_alloc|v?s?n?printf|fprintf|vfprintf|puts|fopen|fclose|fwrite|fread|dl_iterate_phdr|dladdr|dlsym|dlopen|pthread_mutex_lock|pthread_rwlock_.*|pthread_cond_.*|pthread_create|syslog|getenv|setenv|localtime|strftime|opendir|readdir|backtrace|exit|abort|atexit)$/ {print object " uses " $2}'
    done
}

licence_lines() {
    local file
    tracked | grep -E '\.(c|h|sh|bash|bats|py|map|js|css)$|(^|/)Makefile$|^\.ci/' | while read -r file; do
        [ ! -f "$file" ] || head -n 5 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file has no SPDX line"
    done
}

file_sizes() {
    local file lines
    tracked | grep -E '\.(c|h)$' | while read -r file; do
        [ -f "$file" ] || continue
        lines=$(wc -l <"$file")
        [ "$lines" -le 800 ] || echo "$file has $lines lines"
    done
}

scripts_parse() {
    local file
    tracked | grep -E '\.(sh|bash)$' | while read -r file; do
        [ ! -f "$file" ] || bash -n "$file"
    done
    tracked | grep -E '\.py$' | while read -r file; do
        [ ! -f "$file" ] || python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file"
    done
}

rule "shim/: a floor includes its own and lower floors only" shim_floors
rule "report/: a floor includes its own and lower floors only" report_floors
rule "shim/store and shim/judge include no header of system calls, clocks or environment" pure
rule "liblastwords.so exports exactly what shim.map lists" exports
rule "liblastwords.so needs the C library only" needed
rule "liblastwords.so is modest in static TLS" static_tls
rule "the emergency path calls nothing that allocates or locks" emergency_path
rule "every source file has its licence line" licence_lines
rule "no source file is longer than 800 lines" file_sizes
rule "every script parses" scripts_parse
echo "1..$number"
[ "$broken" -eq 0 ]
