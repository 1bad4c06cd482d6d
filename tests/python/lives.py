# SPDX-License-Identifier: MIT
"""Lives of an interpreter that end in the middle of things; with python=objects all of it goes through the wrapper.

usage: lives.py fork|threads|sub|tracemalloc|finalise
"""
import gc
import os
import sys
import threading
import time

before = bytearray(40 << 20)
time.sleep(0.3)


def churn(n):
    things = [{"a": [i, str(i)], (i, i): {i}} for i in range(n)]
    for thing in things:
        thing["a"] *= 20
        thing["b"] = bytes(i for i in range(50))
    return len([thing for thing in things if thing["a"]])


def fork():
    threads = [threading.Thread(target=churn, args=(20000,)) for _ in range(3)]
    [thread.start() for thread in threads]
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            kept = bytearray(40 << 20)
            os._exit(churn(5000) != 5000)
        print(os.waitpid(pid, 0)[1])
    [thread.join() for thread in threads]


def in_threads():
    threads = [threading.Thread(target=churn, args=(3000,)) for _ in range(40)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


def sub():
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    for _ in range(4):
        made = interpreters.create()
        thread = threading.Thread(target=interpreters.run_string, args=(made, "x = [{} for _ in range(50000)]"))
        thread.start()
        churn(20000)
        thread.join()
        interpreters.destroy(made)


def trace():
    import tracemalloc
    for _ in range(4):
        tracemalloc.start(5)
        kept = [{} for _ in range(20000)]
        churn(10000)
        tops = tracemalloc.take_snapshot().statistics("lineno")
        print(any(top.traceback[0].lineno == line and top.size > 20000 * 40 for top in tops))
        tracemalloc.stop()
        bytes(1000000), [bytes(100000) for _ in range(50)]
        churn(10000)
        del kept
        gc.collect()


line = trace.__code__.co_firstlineno + 4


class Last:
    def __del__(self, make=churn):
        make(100)


def finalise():
    sys.last = Last()
    threading.Thread(target=lambda: [churn(1000) for _ in range(100000)], daemon=True).start()
    time.sleep(0.2)


print(churn(30000))
{"fork": fork, "threads": in_threads, "sub": sub, "tracemalloc": trace, "finalise": finalise}[sys.argv[1]]()
print(churn(30000))
