# SPDX-License-Identifier: MIT
"""Everything an interpreter does, while it is interrupted and walked many times a second.

usage: storm.py WITNESS.SO SECONDS PER_SECOND     prints how many walks there were; a crash is for the caller to see
"""
import ctypes
import gc
import json
import re
import sys
import threading
import time

try:
    import greenlet
except ImportError:
    greenlet = None

witness = ctypes.PyDLL(sys.argv[1])
witness.witness_why.restype = ctypes.c_char_p
seconds, per_second = float(sys.argv[2]), int(sys.argv[3])
if not witness.witness_open():
    sys.exit("%s: %s" % (sys.version.split()[0], witness.witness_why().decode()))
witness.witness_note_modules()
witness.witness_join.restype = ctypes.c_void_p
witness.witness_part.argtypes = (ctypes.c_void_p,)
EACH = per_second // 4  # of four threads


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


class Tree:
    def __init__(self, depth):
        self.kids = [Tree(depth - 1) for _ in range(2)] if depth else []

    def walk(self):
        yield 1
        for kid in self.kids:
            yield from kid.walk()


def churn(i):
    space = {}
    exec(compile("def q%d(n):\n  return [x for x in range(n)]\nr=q%d(10)" % (i, i), "churn%d" % (i % 50), "exec"), space)


def standing(depth):
    """Stays at its depth until it is asked again, as often as there is something to do."""
    if depth:
        return standing(depth - 1)
    for _ in range(10):
        greenlet.getcurrent().parent.switch(fib(3))


def switch():
    """The thread's stack is another one every few microseconds, and one that nobody wants any more ends."""
    ring = [greenlet.greenlet(standing) for _ in range(6)]
    for _ in range(8):
        for depth, one in enumerate(ring):
            one.switch(*([] if one else [depth * 3]))


def short_lived():
    timer = witness.witness_join(EACH)
    fib(10)
    witness.witness_part(timer)


def work(until):
    timer = witness.witness_join(EACH)
    i = 0
    while time.time() < until:
        fib(12)
        sum(Tree(6).walk())
        json.loads(json.dumps({"a": [1] * 100}))
        re.sub(r"a(.)c", lambda m: m.group(1), "abc" * 50)
        churn(i % 5000)
        if greenlet:
            switch()
        i += 1
        try:
            sorted([3, 2, 1], key=lambda x: 1 / 0)
        except ZeroDivisionError:
            pass
        if i % 50 == 0:
            thread = threading.Thread(target=short_lived)
            thread.start()
            thread.join()
            gc.collect()
    witness.witness_part(timer)


until = time.time() + seconds
threads = [threading.Thread(target=work, args=(until,)) for _ in range(3)]
[t.start() for t in threads]
work(until)
[t.join() for t in threads]
counts = (ctypes.c_ulonglong * 5)()
witness.witness_counts(counts)
print("%s: %d walks in %g s, %d with Python frames, %d missed; %d merged, %d of them unmerged" % (
    (sys.version.split()[0], counts[0], seconds) + tuple(counts[1:5])))
if counts[0] < seconds * per_second / 10 or counts[1] < counts[0] / 4:
    sys.exit("too few walks for a test")
