# SPDX-License-Identifier: MIT
"""Asks for more than fits; catches the MemoryError, goes on, ends well.

usage: refuse.py uncaught|caught|small|sparse|churn
"""
import mmap
import sys

MIB = 1 << 20
MAP_NORESERVE = 0x4000  # Linux; the module has no name for it


def work(mib):
    return bytearray(mib * MIB)


def grow(mib):
    kept = []
    for _ in range(mib):
        kept.append([bytes(1000) for _ in range(1000)])
    return kept


def main(way):
    held = work(60)
    if way == "uncaught":
        work(400)
    elif way == "caught":
        try:
            work(400)
        except MemoryError:
            print("refused: going on")
        print(len(held) + len(work(40)))
    elif way == "small":
        try:
            grow(400)
        except MemoryError:
            print("refused: going on")
        print(len(held))
    elif way == "sparse":
        # Address space ten times the limit, and then requests that fit.
        space = mmap.mmap(-1, 1280 * MIB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE)
        space[0] = 1
        print(len(held) + len(work(40)))
    elif way == "churn":
        for _ in range(200):
            work(40)
        print("churned")


main(sys.argv[1])
