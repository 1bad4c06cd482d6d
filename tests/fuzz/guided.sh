#!/bin/sh
# SPDX-License-Identifier: MIT
# libFuzzer on a reader and everything behind it, with the address and undefined behaviour sanitizers (clang). Begins
# with the corpus that is kept and puts back what reached code that nothing before it did.
#
# usage: guided.sh [SECONDS [journal|kernel_log]]       SECONDS of processor time, 3600 unless told
set -eu
cd "$(dirname "$0")/../.."
. tests/fuzz/parts.sh
seconds=${1:-3600} reader=${2:-journal}
found=$FUZZ_OUT/found-$reader kept=$FUZZ_OUT/kept-$reader
make --no-print-directory -s build/web/assets.o build/web/web_hashes.h build/generated/pprof.pb-c.c
fuzz_corpus "$reader"
corpus=$FUZZ_OUT/corpus-$reader
case $reader in
    journal)
        mutator=tests/fuzz/mutator.c
        # shellcheck disable=SC2086
        ${CLANG:-clang} $FUZZ_FLAGS -o "$FUZZ_OUT/seeds" tests/fuzz/seeds.c tests/support/make_*.c
        "$FUZZ_OUT/seeds" "$corpus"
        ;;
    *)
        mutator=
        cp tests/data/kernel_log/[0-9]* "$corpus"
        ;;
esac
# shellcheck disable=SC2086
${CLANG:-clang} $FUZZ_FLAGS -fsanitize=fuzzer,address,undefined -o "$FUZZ_OUT/guided_$reader" "tests/fuzz/${reader}_fuzz.c" \
    $mutator $FUZZ_PARTS $FUZZ_LIBS
rm -rf "$kept"
mkdir -p "$found" "$kept"

# In parts, because what counts is the processor's time and the fuzzer measures the clock's.
spend() { # in this shell: a subshell has no children that it waited for
    times >"$FUZZ_OUT/times"
    spent=$(awk 'NR == 2 {split($1, user, /[ms]/); print int(user[1] * 60 + user[2])}' "$FUZZ_OUT/times")
}
spend
from=$spent
while spend && [ $((spent - from)) -lt "$seconds" ]; do
    part=$((seconds - spent + from))
    [ "$part" -le 300 ] || part=300
    "$FUZZ_OUT/guided_$reader" -max_total_time="$part" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/" "$corpus" >"$FUZZ_OUT/$reader.log" 2>&1 || {
        tail -40 "$FUZZ_OUT/$reader.log"
        echo "guided.sh: the input is in $found" >&2
        exit 1
    }
    spend
    echo "$((spent - from)) s of $seconds: $(awk '/number_of_executed_units/ {print $2}' "$FUZZ_OUT/$reader.log") runs more, corpus $(find "$corpus" -type f | wc -l)"
done
"$FUZZ_OUT/guided_$reader" -merge=1 "$kept" "$corpus" >/dev/null 2>&1
tar -cJf "tests/fuzz/corpus-$reader.tar.xz" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$kept" .
echo "$(find "$kept" -type f | wc -l) inputs kept, $(wc -c <"tests/fuzz/corpus-$reader.tar.xz") bytes"
