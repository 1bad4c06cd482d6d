# cython: language_level=3
# SPDX-License-Identifier: MIT
"""Functions of Cython that call back into Python, in the ways there are."""
from libc.stdlib cimport qsort

cdef object sorting


def call(function, *arguments):
    return function(*arguments)


cdef inner(function, int depth):
    return inner(function, depth - 1) if depth else function()


def below(function, int depth):
    """Some C frames of Cython's own between the two."""
    return inner(function, depth)


def generate(function, n):
    for i in range(n):
        function()
        try:
            yield i
        finally:
            function()


async def coroutine(function, awaited):
    function()
    await awaited
    function()


def closure(function):
    return lambda *arguments: function()


def raising(function):
    try:
        raise ValueError("x")
    except ValueError:
        function()
        raise


def tidying(function):
    try:
        return [function()][1]
    finally:
        function()


def catching(function):
    try:
        function()
    except KeyError:
        return True


cdef class Ordered:
    cdef object function

    def __init__(self, function):
        self.function = function

    def __lt__(self, other):
        self.function()
        return False

    def __getattr__(self, name):
        return self.function()

    def __enter__(self):
        self.function()

    def __exit__(self, *why):
        self.function()


cdef int compare(const void *a, const void *b) noexcept with gil:
    sorting()
    return 0


def sort(function):
    """Out of a C library."""
    global sorting
    cdef int[4] numbers = [4, 3, 2, 1]
    sorting = function
    qsort(numbers, 4, sizeof(int), compare)
    sorting = None


cdef void taken_again(void *function) noexcept with gil:
    (<object> function)()


def without_lock(function):
    """Gives the lock up and takes it again for the call."""
    cdef void *pointer = <void *> function
    with nogil:
        taken_again(pointer)
