# SPDX-License-Identifier: MIT
"""300,000 dicts from one function, 300,000 tuples from another. Prints what they really take, by line, and is killed.

usage: objects.py [free]    free: gives them back first
"""
import os
import signal
import sys
import time


def make_dicts(n):
    return [{} for _ in range(n)]


def make_tuples(n):
    return [(i, i, i, i) for i in range(n)]


N = 300000
before = bytearray(40 << 20)  # the records begin
time.sleep(0.5)
warm = [bytes(100000) for _ in range(200)]  # and the allocator is wrapped
dicts = make_dicts(N)
tuples = make_tuples(N)
ints = (N - 257) * sys.getsizeof(1000)
print("make_dicts:13", N * sys.getsizeof({}) + sys.getsizeof(dicts))
print("make_tuples:17", N * sys.getsizeof(tuples[0]) + sys.getsizeof(tuples) + ints)
sys.stdout.flush()
if "free" in sys.argv:
    del dicts, tuples
time.sleep(2.5)
os.kill(os.getpid(), signal.SIGKILL)
