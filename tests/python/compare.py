# SPDX-License-Identifier: MIT
"""Compares the shim's stack walk with what the interpreter says of itself, at many points of many kinds.

usage: compare.py WITNESS.SO        prints one line "3.11.2: N comparisons, N wrong, N unmerged, kinds ..."; exits 1 when one is wrong
"""
import asyncio
import concurrent.futures
import contextlib
import ctypes
import functools
import gc
import os
import sys
import threading
import weakref

from witness import BUFFER, SIZE, check, held, kinds, released, report, walks, wrong


def recurse(depth, function, *arguments):
    if depth == 0:
        return function(*arguments)
    return recurse(
        depth - 1,
        function, *arguments
    )


# ---- generators, coroutines, tasks ----

def counting(kind, n):
    for i in range(n):
        check(kind)
        try:
            yield i
        finally:
            check(kind + ", finally")


def delegating(n):
    if n:
        yield from delegating(n - 1)
    else:
        yield from counting("yield from", 3)


def generators():
    for _ in counting("generator", 5):
        check("consumer")
    list(delegating(8))
    half = counting("generator closed", 5)
    next(half)
    half.close()
    [check("comprehension") for _ in range(3)]
    {check("set"): 1 for _ in range(2)}
    sum(1 for _ in range(3) if not check("genexpr"))
    thrown = counting("generator thrown", 3)
    next(thrown)
    with contextlib.suppress(KeyError):
        thrown.throw(KeyError("x"))


async def awaiting(depth):
    if depth:
        return await awaiting(depth - 1)
    check("coroutine")
    await asyncio.sleep(0)
    check("coroutine resumed")


async def agen(n):
    for i in range(n):
        check("async generator")
        yield i
        await asyncio.sleep(0)


class Context:
    async def __aenter__(self):
        check("__aenter__")

    async def __aexit__(self, *why):
        check("__aexit__")


async def tasks():
    await asyncio.gather(*(awaiting(i) for i in range(8)))
    async for _ in agen(4):
        check("async for")
    async with Context():
        check("async with")
    [x async for x in agen(2)]
    loop = asyncio.get_running_loop()
    loop.call_soon(check, "call_soon")
    await asyncio.sleep(0)
    await loop.run_in_executor(None, check, "executor of the loop")


# ---- from C ----

class Lively:
    def __init__(self):
        self.other = self

    def __lt__(self, other):
        check("__lt__")
        return False

    def __getattr__(self, name):
        check("__getattr__")
        return 1

    def __hash__(self):
        check("__hash__")
        return 1

    def __eq__(self, other):
        check("__eq__")
        return True

    def __enter__(self):
        check("__enter__")

    def __exit__(self, *why):
        check("__exit__")

    @property
    def prop(self):
        check("property")

    def __repr__(self):
        check("__repr__")
        return "x"


class Dying:
    def __del__(self):
        check("__del__")


class Cyclic(Dying):
    def __init__(self):
        self.me = self


class Base:
    def __init__(self, depth):
        check("__init__ of a base")


class Made(Base):
    def __init__(self, depth):
        super().__init__(depth)
        check("__init__")
        if depth:
            Made(depth - 1)


class Meta(type):
    def __new__(mcs, *arguments):
        check("metaclass")
        return super().__new__(mcs, *arguments)


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def nested_callback(depth):
    check("ctypes callback")
    if depth:
        held.witness_call(CALLBACK(nested_callback), depth - 1)
        released.witness_call(CALLBACK(nested_callback), depth - 1)
    return 0


def by_comparing(a, b):
    check("qsort")
    return 0


def callbacks():
    [3, 1, 2].sort(key=lambda x: (check("sort key"), x)[1])
    sorted([Lively(), Lively(), Lively()])
    functools.reduce(lambda a, b: check("reduce"), range(4))
    list(map(lambda x: check("map"), range(3)))
    list(filter(lambda x: check("filter"), range(3)))
    max(range(3), key=lambda x: (check("max"), x)[1])
    Lively().missing, Lively().prop, repr([Lively()])
    {Lively(): 1}[Lively()]
    with Lively():
        check("with")
    functools.partial(check, "partial")()
    functools.lru_cache(maxsize=None)(lambda x: check("lru_cache"))(1)
    functools.singledispatch(lambda x: check("singledispatch"))(1)
    nested_callback(3)
    ctypes.CDLL(None).qsort((ctypes.c_int * 4)(4, 3, 2, 1), 4, 4, COMPARE(by_comparing))
    Dying()
    Cyclic()
    gc.collect()
    gone = Lively()
    keep = weakref.ref(gone, lambda r: check("weakref callback"))
    del gone
    Meta("Named", (), {})
    for _ in range(10):  # so often that the interpreter specializes the call
        Made(3)
    class Body:
        check("class body")
    import importlib.util
    __import__("re").sub("a", lambda m: (check("re.sub"), "b")[1], "aaa")
    eval("check('eval')")
    exec("check('exec')")
    str.format("{0.prop}", Lively())
    sys.settrace(lambda *a: None)
    check("traced")
    sys.settrace(None)
    sys.setprofile(lambda frame, event, argument: None)
    check("profiled")
    sys.setprofile(None)


def raising(depth):
    try:
        if depth:
            raising(depth - 1)
        raise ValueError(depth)
    except ValueError:
        check("except")
        raise
    finally:
        check("finally")


def exceptions():
    for depth in range(6):
        with contextlib.suppress(ValueError):
            raising(depth)
    try:
        try:
            {}["x"]
        except KeyError as error:
            check("handler")
            raise RuntimeError from error
    except RuntimeError:
        check("chained")


# ---- threads ----

def in_threads():
    threads = [threading.Thread(target=recurse, args=(n, check, "thread")) for n in range(12)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: recurse(n, check, "pool"), range(40)))
    local = threading.local()
    timer = threading.Timer(0, check, ["timer"])
    timer.start()
    timer.join()
    together = threading.Thread(target=lambda: asyncio.run(awaiting(4)))
    together.start()
    together.join()


def in_children():
    """fork in the main thread and in another; what the child finds wrong it tells by its status."""
    def child():
        before = len(wrong)
        recurse(4, check, "forked")
        thread = threading.Thread(target=recurse, args=(3, check, "thread of a forked child"))
        thread.start()
        thread.join()
        for problem in wrong[before:][:3]:
            print("wrong in a child:", problem, file=sys.stderr)
        os._exit(len(wrong) > before)

    def fork():
        pid = os.fork()
        if pid == 0:
            child()
        kinds["forked child"] += 6
        if os.waitpid(pid, 0)[1]:
            wrong.append(("forked child",))

    for _ in range(3):
        fork()
        thread = threading.Thread(target=fork)
        thread.start()
        thread.join()


# ---- code of many shapes ----

def many_lines():
    exec(compile("\n" * 300000 + "check('line 300001')", "long", "exec"))
    body = ["def big():"] + ["    x%d = %d" % (i, i) for i in range(3000)] + ["    check('line 3002')"]
    body += ["    y%d = (\n  %d)" % (i, i) for i in range(50)] + ["    return [", "1,", " check('in a list'),", " 2]"]
    space = {"check": check}
    exec(compile("\n".join(body), "bigfunction", "exec"), space)
    space["big"]()


def reused_code():
    """Code objects are freed and their addresses reused: names and lines must be the new ones."""
    for i in range(400):
        space = {"check": check}
        exec(compile("def fn_%d():\n%s check('reused')\nfn_%d()" % (i, "\n" * (i % 7), i), "file%d" % i, "exec"), space)
    space = {"check": check}
    exec(compile("def f\u00fcnf():\n check('latin')\nf\u00fcnf()", "d\u00e4tei", "exec"), space)
    exec(compile("def \u6f22\u5b57():\n check('wide')\n\u6f22\u5b57()", "\u6f22\U0001f40d.py", "exec"), space)


def deep():
    for depth in (1, 5, 20, 60, 110, 200):
        recurse(depth, check, "recursion")
    if hasattr(sys, "setrecursionlimit"):
        with contextlib.suppress(RecursionError):
            recurse(100000, int)
        check("after RecursionError")


def rounds():
    generators()
    asyncio.run(tasks())
    callbacks()
    exceptions()
    in_threads()
    many_lines()
    deep()


WANTED = 3000
while sum(kinds.values()) < WANTED - 1300:
    rounds()
reused_code()
in_children()
while sum(kinds.values()) < WANTED:
    rounds()
report()


class Last:
    """Destroyed when the interpreter is half gone; no walk may crash then, whatever it finds."""
    def __del__(self, stack=walks[0], buffer=BUFFER, size=SIZE):
        stack(buffer, size)


def daemon(stack=walks[1], buffer=ctypes.create_string_buffer(SIZE)):
    while True:
        stack(buffer, SIZE)


last = Last()
sys.last_one = Last()
threading.Thread(target=daemon, daemon=True).start()
sys.exit(bool(wrong))
