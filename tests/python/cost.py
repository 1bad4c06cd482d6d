# SPDX-License-Identifier: MIT
"""What a walk costs at depth 10 and 50: one function that calls itself, and functions that are all different; prints,
judges nothing.

usage: cost.py WITNESS.SO
"""
import ctypes
import sys

witness = ctypes.PyDLL(sys.argv[1])
witness.witness_cost.restype = ctypes.c_double
if not witness.witness_open():
    sys.exit("no walk here")


def measure():
    return [witness.witness_cost(what, 2000) / 1000 for what in range(3)]


def recurse(depth):
    if depth:
        return recurse(depth - 1)
    return measure()


def different(depth):
    space = {"after_0": measure}
    for i in range(1, depth):
        exec(compile("def after_%d():\n return after_%d()" % (i, i - 1), "part%d.py" % i, "exec"), space)
    return space["after_%d" % (depth - 1)]()


for what, way in (("", recurse), (" of different functions", different)):
    for depth in (10, 50):
        print("%s, depth %d%s: plain %.2f us, through the kernel %.2f us, merged with native frames %.1f us" % (
            (sys.version.split()[0], depth, what) + tuple(way(depth - 3))))
