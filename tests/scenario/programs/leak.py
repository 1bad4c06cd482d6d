#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One line among several that allocate never gives its small objects back.

usage: leak.py [MIB_PER_SECOND [MIB_IN_ALL]]
"""
import sys
import time

KEPT = []


def remember(number):
    KEPT.append("record %d " % number + "x" * 600)


def churn(number):
    return ["word %d" % (number + i) for i in range(20)]


def main():
    mib_per_s = float(sys.argv[1]) if len(sys.argv) > 1 else 40.0
    all_mib = float(sys.argv[2]) if len(sys.argv) > 2 else 4096.0
    start = time.monotonic()
    number = 0
    while True:
        leaked_mib = number * 700 / (1 << 20)
        if leaked_mib >= all_mib:
            break
        remember(number)
        churn(number)
        number += 1
        if number % 256 == 0:
            ahead = leaked_mib / mib_per_s - (time.monotonic() - start)
            if ahead > 0:
                time.sleep(ahead)
    print("leak: done")


if __name__ == "__main__":
    main()
