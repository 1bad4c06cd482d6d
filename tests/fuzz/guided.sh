#!/bin/sh
# SPDX-License-Identifier: MIT
# libFuzzer on the journal reader and everything behind it, with the address and undefined behaviour sanitizers (clang).
# Begins with the corpus that is kept and puts back what reached code that nothing before it did.
#
# usage: guided.sh [SECONDS]       of processor time, 3600 unless told
set -eu
cd "$(dirname "$0")/../.."
. tests/fuzz/parts.sh
seconds=${1:-3600}
make --no-print-directory -s build/web/assets.o build/web/web_hashes.h build/generated/pprof.pb-c.c
# shellcheck disable=SC2086
${CLANG:-clang} $FUZZ_FLAGS -fsanitize=fuzzer,address,undefined -o "$FUZZ_OUT/guided" tests/fuzz/journal_fuzz.c \
    tests/fuzz/mutator.c $FUZZ_PARTS $FUZZ_LIBS
# shellcheck disable=SC2086
${CLANG:-clang} $FUZZ_FLAGS -o "$FUZZ_OUT/seeds" tests/fuzz/seeds.c tests/support/make_*.c
[ ! -e tests/fuzz/corpus.tar.gz ] || fuzz_corpus
mkdir -p "$FUZZ_OUT/corpus" "$FUZZ_OUT/found" "$FUZZ_OUT/kept"
"$FUZZ_OUT/seeds" "$FUZZ_OUT/corpus"

# In parts, because what counts is the processor's time and the fuzzer measures the clock's.
cpu() { times | awk 'NR == 2 {split($1, user, /[ms]/); print int(user[1] * 60 + user[2])}'; }
while [ "$(cpu)" -lt "$seconds" ]; do
    part=$((seconds - $(cpu)))
    [ "$part" -le 300 ] || part=300
    "$FUZZ_OUT/guided" -max_total_time="$part" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$FUZZ_OUT/found/" "$FUZZ_OUT/corpus" 2>"$FUZZ_OUT/guided.log" || {
        tail -40 "$FUZZ_OUT/guided.log"
        echo "guided.sh: the input is in $FUZZ_OUT/found" >&2
        exit 1
    }
    grep -E '^stat::(number_of_executed_units|peak_rss_mb)' "$FUZZ_OUT/guided.log"
    echo "$(cpu) s of $seconds"
done
rm -rf "$FUZZ_OUT/kept"
mkdir "$FUZZ_OUT/kept"
"$FUZZ_OUT/guided" -merge=1 "$FUZZ_OUT/kept" "$FUZZ_OUT/corpus" 2>/dev/null
tar -czf tests/fuzz/corpus.tar.gz --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$FUZZ_OUT/kept" .
echo "$(find "$FUZZ_OUT/kept" -type f | wc -l) journals kept, $(wc -c <tests/fuzz/corpus.tar.gz) bytes"
