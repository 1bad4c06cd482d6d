#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the fuzz drivers of the journal and kernel log readers with the sanitizers and runs them:
# tests/fuzz/run.sh [N [SEED]] or [FILE...]; in the end what libFuzzer found worth keeping (guided.sh).
set -eu
cd "$(dirname "$0")/../.."
. tests/fuzz/parts.sh
make --no-print-directory -s build/web/assets.o build/web/web_hashes.h build/generated/pprof.pb-c.c

# build NAME SOURCE…
build() {
    name=$1
    shift
    # shellcheck disable=SC2086
    ${CC:-gcc} $FUZZ_FLAGS -fsanitize=address,undefined -o "$FUZZ_OUT/$name" "$@" $FUZZ_PARTS $FUZZ_LIBS
}
build journal_fuzz tests/fuzz/driver.c tests/fuzz/journal_fuzz.c
case ${1:-} in
    *[!0-9]*) exec "$FUZZ_OUT/journal_fuzz" "$@" ;;
esac
build kernel_log_fuzz tests/fuzz/kernel_log_driver.c tests/fuzz/kernel_log_fuzz.c
"$FUZZ_OUT/journal_fuzz" "$@"
"$FUZZ_OUT/kernel_log_fuzz" "${1:-4000}" "${2:-1}" tests/data/kernel_log/[0-9]*
fuzz_corpus journal
"$FUZZ_OUT/journal_fuzz" "$FUZZ_OUT"/corpus-journal/*
echo "ok 3 - $(find "$FUZZ_OUT/corpus-journal" -type f | wc -l) journals that were kept do no harm"
echo 1..3
