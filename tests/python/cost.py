# SPDX-License-Identifier: MIT
"""What a walk costs at depth 10 and 50; prints, judges nothing.

usage: cost.py WITNESS.SO
"""
import ctypes
import sys

witness = ctypes.PyDLL(sys.argv[1])
witness.witness_cost.restype = ctypes.c_double
if not witness.witness_open():
    sys.exit("no walk here")


def recurse(depth):
    if depth:
        return recurse(depth - 1)
    return [witness.witness_cost(what, 2000) / 1000 for what in range(3)]


for depth in (10, 50):
    print("%s, depth %d: plain %.2f us, through the kernel %.2f us, merged with native frames %.1f us" % (
        (sys.version.split()[0], depth) + tuple(recurse(depth - 2))))
