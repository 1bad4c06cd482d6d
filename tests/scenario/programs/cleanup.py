# SPDX-License-Identifier: MIT
"""Grows until it is told to stop; what the handler does is the second argument.

usage: cleanup.py FILE exit|free|ignore|slow
"""
import signal
import sys
import time

MIB = 1 << 20
kept = []


def on_term(number, frame):
    way = sys.argv[2]
    if way == "ignore":
        return
    if way == "slow":
        time.sleep(600)
    with open(sys.argv[1], "w") as file:
        file.write(f"cleaned up with {len(kept)} MiB\n")
    if way == "free":
        kept.clear()
        print("freed", flush=True)
        sys.exit(0)
    sys.exit(3)


def grow():
    for _ in range(1000):
        kept.append(bytearray(MIB))
        time.sleep(0.002)


if sys.argv[2] != "none":
    signal.signal(signal.SIGTERM, on_term)
grow()
