# SPDX-License-Identifier: MIT
# What the scripts of this folder share. To be read from the top of the tree.
FUZZ_OUT=build/tests/fuzz
FUZZ_FLAGS='-std=gnu17 -O1 -g -D_GNU_SOURCE -DLASTWORDS_VERSION=FUZZ_VERSION -include tests/fuzz/version.h -fno-sanitize-recover=all
    -Ireport -Ibuild/generated -Ibuild/web -I. -Itests/support'
FUZZ_PARTS="tests/fuzz/mend.c $(echo tests/support/make_*.c report/judgement/*.c report/profile/*.c report/sources/*.c report/voices/*.c)
    build/generated/pprof.pb-c.c build/web/assets.o"
FUZZ_LIBS='-ljansson -ldw -lelf -lprotobuf-c -lz -lncursesw -ltinfo -lstdc++ -lm'
mkdir -p "$FUZZ_OUT"

# fuzz_corpus READER: what libFuzzer found worth keeping (guided.sh), unpacked to $FUZZ_OUT/corpus-READER
fuzz_corpus() {
    rm -rf "$FUZZ_OUT/corpus-$1"
    mkdir -p "$FUZZ_OUT/corpus-$1"
    [ ! -e "tests/fuzz/corpus-$1.tar.xz" ] || tar -xJf "tests/fuzz/corpus-$1.tar.xz" -C "$FUZZ_OUT/corpus-$1"
}
