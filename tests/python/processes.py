# SPDX-License-Identifier: MIT
"""Compares the shim's stack walk with what the interpreter says of itself in children: of multiprocessing, by every
start method that there is, of concurrent.futures, and of forks in any thread while the others are at work.

usage: processes.py WITNESS.SO        exits 1 when one is wrong
"""
import concurrent.futures
import ctypes
import multiprocessing
import os
import sys
import threading

from witness import SIZE, check, held, kinds, released, report, wrong


def recurse(depth, function, *arguments):
    if depth == 0:
        return function(*arguments)
    return recurse(depth - 1, function, *arguments)


def in_child(kind, depth):
    """What was compared here and what was wrong: told to the parent."""
    before, kinds_before = len(wrong), sum(kinds.values())
    recurse(depth, check, kind)
    thread = threading.Thread(target=recurse, args=(depth, check, kind + ", thread"))
    thread.start()
    thread.join()
    try:
        raise KeyError
    except KeyError:
        check(kind + ", exception in flight")
    return kind, sum(kinds.values()) - kinds_before, wrong[before:]


def take(told):
    kind, count, problems = told
    kinds[kind] += count
    wrong.extend(problems)
    if count < 9:
        wrong.append((kind, "only %d comparisons" % count))


def as_process(pipe, kind):
    pipe.send(in_child(kind, 4))


def by_multiprocessing(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        pending = [pool.apply_async(in_child, ("pool, " + method, depth), callback=lambda told: check("callback of a pool"))
                   for depth in range(6)]
        [take(one.get(60)) for one in pending]
    here, there = context.Pipe()
    process = context.Process(target=as_process, args=(there, "process, " + method))
    process.start()
    take(here.recv())
    process.join()
    if process.exitcode:
        wrong.append((method, process.exitcode))
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        futures = [executor.submit(in_child, "executor, " + method, depth) for depth in range(6)]
        futures[0].add_done_callback(lambda future: check("callback of an executor"))
        [take(future.result(60)) for future in futures]


def by_fork():
    """Forks in the main thread and in others, while threads walk with and without the interpreter's lock."""
    over = threading.Event()

    def busy(stack):
        buffer = ctypes.create_string_buffer(SIZE)
        while not over.is_set():
            recurse(20, stack, buffer, SIZE)

    def fork():
        here, there = os.pipe()
        pid = os.fork()
        if pid == 0:
            kind, count, problems = in_child("fork among threads", 5)
            os.write(there, b"%d %d %r" % (count, len(problems), problems[:2]))
            os._exit(0)
        os.close(there)
        with os.fdopen(here, "rb") as told:
            count, bad, problems = told.read().split(b" ", 2)
        take(("fork among threads", int(count), [problems.decode()] * bool(int(bad))))
        if os.waitpid(pid, 0)[1]:
            wrong.append(("a forked child failed",))

    threads = [threading.Thread(target=busy, args=(library.witness_stack,)) for library in (held, released)]
    [thread.start() for thread in threads]
    for _ in range(10):
        fork()
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()
    over.set()
    [thread.join() for thread in threads]


if __name__ == "__main__":
    for method in multiprocessing.get_all_start_methods():
        by_multiprocessing(method)
    by_fork()
    report(", processes")
    sys.exit(bool(wrong))
