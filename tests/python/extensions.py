# SPDX-License-Identifier: MIT
"""Compares the shim's stack walk with what the interpreter says of itself where others run the frames: greenlets,
gevent, functions of Cython and numpy that call back. What this interpreter does not have is said.

usage: extensions.py WITNESS.SO        builds Cython's functions in the working directory; exits 1 when one is wrong
"""
import asyncio
import contextlib
import functools
import gc
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import threading

import witness
from witness import check, kinds, report, wrong

HERE = os.path.dirname(os.path.abspath(__file__))


def recurse(depth, function, *arguments):
    if depth == 0:
        return function(*arguments)
    return recurse(depth - 1, function, *arguments)


# ---- greenlets ----

def greenlets(module):
    greenlet, current = module.greenlet, module.getcurrent

    def switching():
        """Five that take turns, each at a depth of its own, and the one that started them between them."""
        def body(n):
            for i in range(4):
                check("greenlet")
                current().parent.switch(i)
            check("greenlet, last")
            return "over"

        all_of_them = [greenlet(functools.partial(recurse, n * 3, body, n)) for n in range(5)]
        for _ in range(5):
            for one in all_of_them:
                one.switch()
                check("greenlet's parent")
        assert all(one.dead for one in all_of_them)

    def each_to_the_next():
        def body(n):
            for _ in range(3):
                check("greenlet in a ring")
                ring[(n + 1) % len(ring)].switch()
            ring[n].parent.switch()

        ring = [greenlet(functools.partial(recurse, n * 2, body, n)) for n in range(4)]
        ring[0].switch()
        check("after the ring")

    def nested(depth=4):
        check("greenlet in greenlet")
        if depth:
            greenlet(nested).switch(depth - 1)
        check("greenlet in greenlet, back")

    def generators():
        """A generator that is left in the middle and goes on in another greenlet; a greenlet inside a generator."""
        def counting(n):
            for i in range(n):
                check("generator in greenlet")
                current().parent.switch()
                yield i
                check("generator in greenlet, resumed")

        def over(generator):
            for _ in generator:
                check("consumer in greenlet")

        def through(n):
            for _ in range(n):
                inside = greenlet(lambda: recurse(3, check, "greenlet in generator"))
                inside.switch()
                yield check("generator around greenlet")

        shared = (check("generator expression") for _ in range(6))
        first, second = greenlet(over), greenlet(lambda: over(counting(3)))
        first.switch(shared)
        while not second.dead:
            second.switch()
            check("between")
        list(through(3))
        handed = counting(4)
        workers = [greenlet(lambda: [next(handed, None), check("next of another's generator")]) for _ in range(3)]
        for worker in workers:
            worker.switch()
            worker.switch()

    def exceptions():
        def raising(depth):
            try:
                if depth:
                    raising(depth - 1)
                current().parent.switch()
                raise ValueError("x")
            except ValueError:
                check("except in greenlet")
                current().parent.switch()
                check("except in greenlet, resumed")
                raise
            except KeyError:
                check("thrown into greenlet")
                raise
            finally:
                check("finally in greenlet")

        for depth in (0, 3):
            one = greenlet(raising)
            with contextlib.suppress(ValueError):
                one.switch(depth)
                while not one.dead:
                    one.switch()
                    check("while its exception is in flight")
            check("after an exception of a greenlet")
            one = greenlet(raising)
            one.switch(depth)
            with contextlib.suppress(KeyError):
                one.throw(KeyError("x"))
            try:
                raise RuntimeError
            except RuntimeError:
                one = greenlet(raising)
                one.switch(depth)
                check("started in a handler")
                del one
                gc.collect()
                check("killed by its end")

    def from_c():
        sorted(range(3), key=lambda i: greenlet(recurse).switch(3, check, "greenlet in a sort key") or i)
        one = greenlet(lambda: sorted(range(5), key=lambda i: (check("sort key in greenlet"), current().parent.switch(), i)[2]))
        while not one.dead:
            one.switch()
            check("while a sort stands still")
        module.settrace(lambda event, arguments: check("trace of switches"))
        greenlet(recurse).switch(2, check, "traced greenlet")
        module.settrace(None)
        asyncio.run(in_task())

    async def in_task():
        greenlet(recurse).switch(2, check, "greenlet in task")
        await asyncio.sleep(0)
        check("task after greenlet")

    def deep():
        one = greenlet(recurse)
        one.switch(150, current().switch)
        check("beside a deep one")
        one.switch()
        greenlet(recurse).switch(180, check, "deep greenlet")

    def everything():
        for part in (switching, each_to_the_next, nested, generators, exceptions, from_c, deep):
            part()

    def in_threads():
        threads = [threading.Thread(target=everything) for _ in range(3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]

    everything()
    in_threads()
    greenlet(everything).switch()


# ---- gevent ----

def gevents(gevent):
    import gevent.event
    import gevent.lock
    import gevent.pool
    import gevent.queue
    queue = gevent.queue.Queue(2)

    def producer():
        for i in range(10):
            check("producer of gevent")
            queue.put(i)
        queue.put(None)

    def consumer():
        for _ in iter(queue.get, None):
            check("consumer of gevent")

    def sleeper(n):
        for _ in range(3):
            gevent.sleep(0.001 * n)
            recurse(n, check, "sleeper of gevent")
        try:
            with gevent.Timeout(0.002):
                gevent.sleep(5)
        except gevent.Timeout:
            check("timeout of gevent")
        return n

    def failing():
        try:
            gevent.sleep(0)
            raise ValueError
        except ValueError:
            gevent.sleep(0)
            check("handler of gevent")

    gevent.joinall([gevent.spawn(producer), gevent.spawn(consumer), gevent.spawn(failing)], raise_error=True)
    jobs = [gevent.spawn(sleeper, n) for n in range(6)]
    jobs[0].link(lambda job: check("link of gevent"))
    gevent.spawn_later(0.001, check, "spawn_later").join()
    gevent.get_hub().loop.run_callback(lambda: check("callback of the loop"))
    gevent.joinall(jobs, raise_error=True)
    pool = gevent.pool.Pool(3)
    sorted(pool.imap_unordered(lambda n: (recurse(n, check, "pool of gevent"), n)[1], range(10)))
    killed = gevent.spawn(lambda: recurse(3, gevent.sleep, 5))
    gevent.sleep(0)
    killed.kill()
    gevent.get_hub().threadpool.apply(recurse, (3, check, "thread pool of gevent"))
    check("after gevent")


# ---- Cython ----

class NotHere(Exception):
    pass


def build():
    """Cython's functions, translated by the Cython of this interpreter or else by the one that the system has."""
    own = importlib.util.find_spec("Cython")
    translator = [sys.executable, "-m", "cython"] if own else [shutil.which("cython3") or shutil.which("cython")]
    include = sysconfig.get_path("include")
    compiler = shutil.which(os.environ.get("CC", "gcc"))
    if not translator[0]:
        raise NotHere("cython3 is not installed")
    if not compiler:
        raise NotHere("no compiler")
    if not os.path.exists(os.path.join(include, "Python.h")):
        raise NotHere("no headers of this interpreter")
    made = "callbacks_%d_%d.c" % sys.version_info[:2]
    library = "callbacks" + sysconfig.get_config_var("EXT_SUFFIX")
    for command in (translator + ["-3", "--module-name", "callbacks", "-o", made, os.path.join(HERE, "callbacks.pyx")],
                    [compiler, "-O1", "-w", "-fPIC", "-shared", "-I", include, "-o", library, made]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            why = done.stdout.decode(errors="replace")
            if own:
                sys.exit("%s\n%s" % (" ".join(command), why))
            # The system's Cython is made for the system's interpreter; others it may not know yet, or any more.
            errors = [line for line in why.splitlines() if "rror" in line]
            raise NotHere("the system's Cython is not for it: %s" % (errors or [why])[0].strip())
    sys.path.insert(0, os.getcwd())
    return importlib.import_module("callbacks")


def cython():
    module = build()
    look = functools.partial(check, "Cython")
    for _ in range(10):
        module.call(check, "call of Cython")
        module.call(lambda: module.call(recurse, 3, check, "Cython, Python, Cython"))
        module.below(look, 5)
        list(module.generate(functools.partial(check, "generator of Cython"), 3))
        half = module.generate(functools.partial(check, "generator of Cython, closed"), 3)
        next(half)
        half.close()
        module.closure(look)(1)
        sorted(module.Ordered(look) for _ in range(3))
        module.Ordered(look).missing
        with module.Ordered(look):
            check("with of Cython")
        module.sort(functools.partial(check, "qsort of Cython"))
        module.without_lock(functools.partial(check, "without the lock"))
        module.sort(lambda: module.without_lock(lambda: recurse(2, module.below, look, 2)))
        with contextlib.suppress(ValueError):
            module.raising(functools.partial(check, "except of Cython"))
        with contextlib.suppress(IndexError):
            module.tidying(functools.partial(check, "finally of Cython"))
        check("after an exception of Cython")

        def throwing():
            check("before")
            raise KeyError
        module.catching(throwing)

    async def tasks():
        await asyncio.gather(*(module.coroutine(functools.partial(check, "coroutine of Cython"), asyncio.sleep(0))
                               for _ in range(5)))
    asyncio.run(tasks())
    threads = [threading.Thread(target=module.without_lock, args=(look,)) for _ in range(5)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]


# ---- numpy ----

def numpy(module):
    class Number:
        def __init__(self, value):
            self.value = value

        def __add__(self, other):
            check("sum of objects")
            return self

        def __lt__(self, other):
            check("sort of objects")
            return self.value < other.value

        def __float__(self):
            check("conversion")
            return 1.0

        def __del__(self):
            check("end of an array's object")

    class Array(module.ndarray):
        def __array_finalize__(self, other):
            check("__array_finalize__")

        def __array_ufunc__(self, function, method, *inputs, **named):
            check("__array_ufunc__")
            return 1

    objects = module.array([Number(n) for n in range(4)], dtype=object)
    objects.sum(), module.sort(objects), objects.astype(float)
    del objects
    module.add(module.zeros(3).view(Array)[1:], 1)
    module.vectorize(lambda x: (check("vectorize"), x)[1])(module.arange(3))
    module.frompyfunc(lambda x: (check("frompyfunc"), x)[1], 1, 1)(module.arange(3))
    module.frompyfunc(lambda a, b: (check("reduce of a function"), a)[1], 2, 1).reduce(module.arange(4))
    module.apply_along_axis(lambda row: (check("apply_along_axis"), row.sum())[1], 0, module.ones((2, 2)))
    module.fromfunction(lambda i, j: (check("fromfunction"), i + j)[1], (2, 2))
    module.fromiter((check("fromiter") or i for i in range(3)), int)
    module.piecewise(module.arange(4.0), [module.arange(4) > 1], [lambda x: (check("piecewise"), x)[1]])
    with module.errstate(divide="call", call=lambda kind, flag: check("errstate")):
        module.arange(3) / 0
    module.loadtxt(["1 2", "3 4"], converters={0: lambda text: (check("converter of loadtxt"), 1.0)[1]})


def importing(name, use):
    def run():
        try:
            module = importlib.import_module(name)
        except ImportError:
            raise NotHere("%s is not installed" % name) from None
        witness.held.witness_note_modules()
        use(module)
    return run


for name, part in (("greenlet", importing("greenlet", greenlets)), ("gevent", importing("gevent", gevents)),
                   ("Cython", cython), ("numpy", importing("numpy", numpy))):
    kinds.clear()
    witness.unmerged = 0
    before = len(wrong)
    try:
        part()
    except NotHere as why:
        print("%s, no %s: %s" % (sys.version.split()[0], name, why))
        continue
    report(", " + name)
    if witness.unmerged:
        print("%s: %d are not in order with the native frames" % (name, witness.unmerged), file=sys.stderr)
        wrong.append(name)
sys.exit(bool(wrong))
