/* SPDX-License-Identifier: MIT */
#define FUZZ_VERSION "fuzz"
