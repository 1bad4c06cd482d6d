#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 18, the numbers: the program `truth` obtains memory in every way there is and tells what is true. No limit
# is near. The tables are printed when a test fails, and by tests/scenario/truth.sh.

load common

setup() { scenario_setup; }
teardown() { truth_end; scenario_teardown; }

@test "18 truth: pages of 4 KiB, as it is while the program runs and when it has ended" { truth_run auto; }
@test "18 truth: huge pages, as it is while the program runs and when it has ended" { truth_run auto "" huge; }
@test "18 truth: one sample in 16 KiB" { truth_run 16K 3; }
@test "18 truth: one sample in 4 KiB" { truth_run 4K 3; }
