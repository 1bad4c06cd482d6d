#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the fuzz drivers of the journal and kernel log readers with the sanitizers and runs them:
# tests/fuzz/run.sh [N [SEED]] or [FILE...]
set -eu
cd "$(dirname "$0")/../.."
out=build/tests/fuzz
mkdir -p "$out"

make --no-print-directory -s build/web/assets.o build/web/web_hashes.h
# build NAME SOURCE…
build() {
    name=$1
    shift
    ${CC:-gcc} -std=gnu17 -O1 -g -D_GNU_SOURCE -DLASTWORDS_VERSION='"fuzz"' -fsanitize=address,undefined \
        -fno-sanitize-recover=all -Ireport -Ibuild/generated -Ibuild/web -I. -Itests/support -o "$out/$name" "$@" tests/support/make_*.c \
        report/judgement/*.c report/profile/*.c report/sources/*.c report/voices/*.c \
        build/generated/pprof.pb-c.c build/web/assets.o -ljansson -ldw -lelf -lprotobuf-c -lz -lncursesw -ltinfo -lstdc++ -lm
}
build journal_fuzz tests/fuzz/driver.c tests/fuzz/journal_fuzz.c
case ${1:-} in
    *[!0-9]*) exec "$out/journal_fuzz" "$@" ;;
esac
build kernel_log_fuzz tests/fuzz/kernel_log_driver.c tests/fuzz/kernel_log_fuzz.c
"$out/journal_fuzz" "$@"
"$out/kernel_log_fuzz" "${1:-4000}" "${2:-1}" tests/data/kernel_log/[0-9]*
echo 1..2
