#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 18, the kill: each way of growing alone.

load common

setup() { scenario_setup; cg_make growth 128M; }
teardown() { scenario_teardown; }

control() {
    inside growth "$PROGRAMS/growth" "$@"
    killed growth
}

# stops WAY FUNCTION [MIB_PER_SECOND [OPTIONS]]
stops() {
    with_shim "action=abort${4:-}"
    inside growth "$PROGRAMS/growth" "$1" "${3:-200}"
    stopped growth
    judge "event('complete') is not None" \
        "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" \
        "r.memory.explained_bytes >= 0.95 * r.memory.anon_bytes" \
        "line(0).endswith(':$2')" \
        "abs(r.lines[0].resident_bytes - r.memory.anon_bytes + sum(other.resident_bytes for other in r.other if other.kind != 'page_tables')) <= 0.02 * r.memory.anon_bytes"
}

@test "18 growth by read(2) into fresh buffers: control is killed" { control read; }
@test "18 growth by read(2) into fresh buffers: stopped" { stops read read_into; }
@test "18 growth by read(2) into fresh buffers, at full speed: stopped" { stops read read_into 0; }
# In one call, of the kernel's: nobody can stop the thread in there.
# at_once_dies WAY [FILE]   at_once_stops WAY FUNCTION [FILE]
at_once_dies() {
    inside growth "$PROGRAMS/charge" "$1" 200 "${@:2}"
    killed growth
}
at_once_stops() {
    with_shim action=abort
    inside growth "$PROGRAMS/charge" "$1" 200 "${@:3}"
    stopped growth
    judge "event('complete') is not None" "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" "line(0).endswith(':$2')"
}
whole_file() {
    head -c $((200 << 20)) /dev/zero >"$WORK/file"
    "$@" "$WORK/file"
}
@test "18 growth by one read of all: control is killed" { whole_file at_once_dies read; }
@test "18 growth by one read of all: stopped" { whole_file at_once_stops read read_whole; }
@test "18 growth by one read into many pieces: control is killed" { whole_file at_once_dies scatter; }
@test "18 growth by one read into many pieces: stopped" { whole_file at_once_stops scatter read_scattered; }
@test "18 growth by one MAP_POPULATE: control is killed" { at_once_dies populate; }
@test "18 growth by one MAP_POPULATE: stopped" { at_once_stops populate map_fresh; }
@test "18 growth by one MADV_POPULATE_WRITE: control is killed" { at_once_dies advise; }
@test "18 growth by one MADV_POPULATE_WRITE: stopped" { at_once_stops advise map_fresh; }
@test "18 growth by one mlock: control is killed" { at_once_dies pin; }
@test "18 growth by one mlock: stopped" { at_once_stops pin map_fresh; }
@test "18 growth by one MAP_LOCKED: control is killed" { at_once_dies pinned; }
@test "18 growth by one MAP_LOCKED: stopped" { at_once_stops pinned map_fresh; }
@test "18 growth by one mlockall: control is killed" { at_once_dies pin_all; }
@test "18 growth by one mlockall: stopped" { at_once_stops pin_all map_fresh; }

@test "18 growth by huge pages: control is killed" { control huge; }
@test "18 growth by huge pages: stopped" { stops huge huge_pages; }
@test "18 growth by huge pages, at full speed: stopped" { stops huge huge_pages 0; }
@test "18 growth by mremap: control is killed" { control mremap; }
@test "18 growth by mremap: stopped" { stops mremap remap_more; }
@test "18 growth by mremap, at full speed: stopped" { stops mremap remap_more 0; }
# 2 % of 80 MiB of small blocks need some 10,000 samples; a run of half a second is over before sample=auto has them.
@test "18 growth of the heap by small blocks: control is killed" { control heap; }
@test "18 growth of the heap by small blocks: stopped" { stops heap small_blocks 200 :sample=8K; }
@test "18 growth of the heap by small blocks, at full speed: stopped" { stops heap small_blocks 0 :sample=8K; }

@test "18 growth within a realloc that copies: control is killed" { control copy; }
# The new block has no owner until the call is over; the old one keeps its own.
@test "18 growth within a realloc that copies: stopped, the old block is there" {
    with_shim action=abort
    inside growth "$PROGRAMS/growth" copy
    stopped growth
    judge "event('complete') is not None" "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" \
        "line(0).endswith(':copied_on')" "abs(r.lines[0].resident_bytes - 70 * MIB) < 2 * MIB"
}

# The loader's lock is held all the while. What begins to be watched only in there has no native frames: the unwinder
# is loaded by a dlopen, too.
in_constructor() {
    inside growth "$PROGRAMS/growth" constructor "$1" "$2" "$BUILD/tests/doors/plugin_grows.so"
}
constructor_stops() {
    with_shim action=abort
    in_constructor "$1" "$2"
    stopped growth
    judge "event('complete') is not None" "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" \
        "r.memory.explained_bytes >= 0.95 * r.memory.anon_bytes" "${@:3}"
}
named_constructor() { constructor_stops "$1" 40 "line(0).endswith(':grow_in_constructor')"; }
@test "18 growth within a constructor that dlopen runs: control is killed" {
    in_constructor 200 40
    killed growth
}
@test "18 growth within a constructor that dlopen runs: stopped" { named_constructor 50; }
@test "18 growth within a constructor that dlopen runs, at full speed: stopped" { named_constructor 0; }
@test "18 growth within a constructor that dlopen runs, from the beginning: stopped" {
    constructor_stops 200 0 "r.capabilities.native_stacks.why.startswith('the unwinder could not be loaded yet')"
}

@test "18 growth of thread stacks: control is killed" { control stacks; }

# No door sees the stacks that the C library maps: they are told apart, not charged to a site.
stack_growth_stops() {
    with_shim action=abort
    inside growth "$PROGRAMS/growth" stacks "$1"
    stopped growth
    judge "event('complete') is not None" "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" \
        "r.memory.explained_bytes >= 0.95 * r.memory.anon_bytes" \
        "sum(o.resident_bytes for o in r.other if o.kind == 'stacks') > 0.9 * r.memory.anon_bytes" \
        "r.verdict.cause in ('site_growth', 'site_spike')" \
        "'stacks of threads' in r.verdict.sentence" "any('threads have stacks' in a.text for a in r.advice)"
}
@test "18 growth of thread stacks: stopped, and named" { stack_growth_stops 200; }
@test "18 growth of thread stacks, at full speed: stopped, and named" { stack_growth_stops 0; }

# The kernel makes one mapping of the library's arena and what lies beside it.
@test "18 memory that nobody saw, beside the library's own: not called its own" {
    with_shim action=abort:activate=8M
    inside growth "$PROGRAMS/growth" beside
    stopped growth
    judge "sum(o.resident_bytes for o in r.other if o.kind == 'self') < 16 * MIB" \
        "sum(o.resident_bytes for o in r.other if o.kind == 'untracked') > 80 * MIB" \
        "r.memory.explained_bytes < 0.5 * r.memory.anon_bytes"
}
