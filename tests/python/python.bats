#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Python stacks, held against what the interpreter says of itself: Debian's python3 always, and every other CPython
# from 3.8 on that is here. How many there were is printed.

load ../support/same.bash
load interpreters.bash

@test "python: 3,000 comparisons a version with the interpreter's own frames" { each compare.py; }

@test "python: code objects where others were" { each reuse.py; }

@test "python: children of multiprocessing, and of forks in any thread" { each processes.py; }

@test "python: greenlets, and functions of Cython and numpy that call back" { each extensions.py; }

@test "python: walks out of interrupts that land anywhere" { each storm.py "${STORM_SECONDS:-3}" 10000; }
