#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the reader's fuzz driver with the sanitizers and runs it: tests/fuzz/run.sh [N [SEED]] or [FILE...]
set -eu
cd "$(dirname "$0")/../.."
out=build/tests/fuzz
mkdir -p "$out"
${CC:-gcc} -std=gnu17 -O1 -g -D_GNU_SOURCE -DLASTWORDS_VERSION='"fuzz"' -fsanitize=address,undefined \
    -fno-sanitize-recover=all -Ireport -I. -Itests/support -o "$out/journal_fuzz" \
    tests/fuzz/driver.c tests/fuzz/journal_fuzz.c tests/support/make_*.c \
    report/judgement/*.c report/profile/*.c report/sources/*.c report/voices/*.c -ljansson -ldw -lelf -lstdc++ -lm
exec "$out/journal_fuzz" "$@"
