# SPDX-License-Identifier: MIT
"""Code objects follow each other at one address, all of one size, and nothing keeps them: even their names and line
tables lie where those of an earlier one did. Each must be given its own file and line.

A script of its own: in a heap with many holes the addresses are never all the same.

usage: reuse.py WITNESS.SO        prints one line "3.11.2: N modules where others were, N wrong"; exits 1 when one is
"""
import sys

from witness import BUFFER, SIZE, walks

TIMES = 1000
again = wrong = 0
here = ""


def look(walk):
    global here
    size = walk(BUFFER, SIZE)
    here = [line for line in BUFFER.raw[:size].decode().splitlines() if line[0] == "P"][1]


for walk in walks:
    seen = set()
    space = {"look": look, "walk": walk}
    for i in range(TIMES):
        name = "file%03d" % i
        code = compile("\n" * (i % 7) + "look(walk)" + "\n" * (7 - i % 7), name, "exec")
        lines = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
        called = code.co_qualname if sys.version_info >= (3, 11) else code.co_name
        place = (id(code), id(code.co_filename), id(called), id(lines))
        again += place in seen
        seen.add(place)
        exec(code, space)
        wrong += here != "P\t<module>\t%s\t%d" % (name, i % 7 + 1)
        del code, name, lines, called, place
print("%s: %d modules where others were, %d wrong" % (sys.version.split()[0], again, wrong))
sys.exit(wrong > 0 or again < TIMES)
