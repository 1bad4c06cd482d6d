# SPDX-License-Identifier: MIT
"""Writes one interpreter's line tables as C: python3.X tests/data/python_lines.py >tests/data/python_lines_3X.h

The expected lines come from the interpreter itself: co_lines() from 3.10 on, before that dis.findlinestarts().
"""
import dis
import sys
import types

PLAIN = '''
def plain(a, b):
    total = 0
    for i in range(a):
        if i % 2:
            total += b
        else:
            total -= (
                b
                + i
            )
    return total
'''

HANDLERS = '''
@property
@staticmethod
def handlers(path):
    try:
        with open(path) as f, \\
                open(path + "x") as g:
            data = f.read()
    except (OSError,
            ValueError) as error:
        print(error)
        raise RuntimeError("x") from error
    finally:
        print("done",
              path)

    return [row for row in data
            if row]
'''

ASYNC = '''
async def stream(source):
    async for item in source:
        async with item as x:
            y = await x.read()
            yield {k: v for k, v in
                   y.items()}
    def inner(z=lambda: 1):
        nonlocal y
        y = z
        return (yield z)
'''

CLASS = '''
class Frame:
    """doc"""
    x: int = 1

    def method(self): return self.x

    @classmethod
    def other(cls, *a, **k):
        assert a, "no"
        while a:
            a = a[1:]
            if not k: continue
            break
        else:
            return None
        del k
        return super().other()
'''


def gaps():
    """Steps of lines forward and back beyond what one entry holds, and many bytes of code on one line."""
    text = "def gaps(f, g):\n    f(1)\n" + "\n" * 130 + "    f(2)\n" + "\n" * 300 + "    f(\n" + "\n" * 200
    text += "        g(3),\n        4)\n    x = [" + ", ".join("f(%d)" % i for i in range(40)) + "]\n"
    return text + "\n" * 70000 + "    return x\n"


def wide():
    """Columns beyond what the short forms of 3.11 hold."""
    return "def wide(f):\n    return f(%s,\n             %s +\n     f(%s))\n" % ("1" * 300, "2" * 90, "3" * 5)


def functions(code):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from functions(constant)


def runs(code):
    """(position, line) where the line changes; -1 for none; a last one at the end of the code."""
    if hasattr(code, "co_lines"):
        pieces = [(start, -1 if line is None else line) for start, end, line in code.co_lines() if end > start]
    else:
        pieces = [piece for piece in dis.findlinestarts(code) if piece[0] < len(code.co_code)]
    merged = []
    for position, line in pieces:
        if not merged or merged[-1][1] != line:
            merged.append((position, line))
    return merged + [(len(code.co_code), -1)]


def array(values):
    return "{" + ", ".join(values) + "}"


def main():
    version = "%d%d" % sys.version_info[:2]
    kind = ("PYTHON_LNOTAB" if sys.version_info < (3, 10) else
            "PYTHON_LINETABLE_310" if sys.version_info < (3, 11) else "PYTHON_LOCATIONS_311")
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Line tables as CPython %s made them; written by python_lines.py. */" % sys.version.split()[0])
    rows = []
    for source in (PLAIN, HANDLERS, ASYNC, CLASS, gaps(), wide()):
        for code in functions(compile(source, "x.py", "exec")):
            name = "py%s_%d" % (version, len(rows))
            table = code.co_lnotab if kind == "PYTHON_LNOTAB" else code.co_linetable
            print("static const unsigned char %s_table[] = %s;" % (name, array(map(str, table))))
            print("static const int32_t %s_lines[][2] = %s;" % (name, array(array(map(str, run)) for run in runs(code))))
            rows.append('{"%s %s", %s, %d, %s_table, sizeof %s_table, %s_lines, sizeof %s_lines / sizeof %s_lines[0]}' %
                        (sys.version.split()[0], code.co_name.strip("<>"), kind, code.co_firstlineno,
                         name, name, name, name, name))
    print("static const struct python_table python_%s_tables[] = %s;" % (version, array(rows)))


main()
