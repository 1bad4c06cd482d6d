# SPDX-License-Identifier: MIT
"""The shim's stack walk for programs that compare it with what the interpreter says of itself; argument 1 is WITNESS.SO.

check(kind) walks in each way there is, where it is called, and keeps what is wrong.
"""
import collections
import contextlib
import ctypes
import itertools
import os
import sys
import threading

held = ctypes.PyDLL(sys.argv[1])      # keeps the GIL during the call
released = ctypes.CDLL(sys.argv[1])   # gives it up, as pandas' tokenizer does
for library in (held, released):
    for name in ("witness_stack", "witness_stack_in_handler"):
        getattr(library, name).argtypes = (ctypes.c_char_p, ctypes.c_long)
        getattr(library, name).restype = ctypes.c_long
    library.witness_why.restype = ctypes.c_char_p
if not held.witness_open():
    sys.exit("%s: %s" % (sys.version.split()[0], held.witness_why().decode()))

CUT, UNMERGED, NO_PYTHON = "1", "2", "4"  # LW_MARKER_ of the journal
SIZE = 1 << 18
BUFFER = ctypes.create_string_buffer(SIZE)
walks = (held.witness_stack, released.witness_stack, held.witness_stack_in_handler)
handler_turn = threading.Lock()
kinds = collections.Counter()
wrong = []
unmerged = missed = 0


def after_fork():
    """What another thread may have held at that moment is free again in the child, as in the library itself."""
    global handler_turn
    handler_turn = threading.Lock()
    if not held.witness_open():
        os._exit(100)


os.register_at_fork(after_in_child=after_fork)


def name_of(code):
    return code.co_qualname if sys.version_info >= (3, 11) else code.co_name


def compare(kind, got, frame, line):
    """False: the walk says itself that it could not be done, because another thread held the lock for too long."""
    global unmerged, missed
    lines = [line.split("\t") for line in got.decode().splitlines()]
    if ["M", NO_PYTHON] in lines:
        missed += 1
        return False
    ours = [(line[1], line[2], int(line[3])) for line in lines if line[0] == "P"]
    theirs = []
    while frame:
        theirs.append((name_of(frame.f_code), frame.f_code.co_filename, -1 if line is None else line))
        frame = frame.f_back
        line = frame and frame.f_lineno
    kinds[kind] += 1
    unmerged += ["M", UNMERGED] in lines
    if ["M", CUT] in lines and len(ours) > 20:
        theirs = theirs[:len(ours)]
    if ours != theirs:
        pairs = list(itertools.zip_longest(ours, theirs))
        wrong.append((kind, "%d frames, not %d:" % (len(ours), len(theirs)),
                      [(i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1]][:3]))
    return True


def check(kind):
    for walk in walks:
        for _ in range(10):
            buffer = ctypes.create_string_buffer(SIZE) if threading.active_count() > 1 else BUFFER
            with handler_turn if walk is walks[2] else contextlib.nullcontext():
                size, frame, line = walk(buffer, SIZE), sys._getframe(), sys._getframe().f_lineno
            if compare(kind, buffer.raw[:size], frame, line):
                break


def report(what=""):
    for problem in wrong[:10]:
        print("wrong:", *problem, file=sys.stderr)
    print("%s%s: %d comparisons of %d kinds, %d wrong, %d unmerged, %d missed" % (
        sys.version.split()[0], what, sum(kinds.values()), len(kinds), len(wrong), unmerged, missed), flush=True)
    if missed > sum(kinds.values()) / 100:
        wrong.append("too many were missed")
