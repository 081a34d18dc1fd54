"""What is left behind by a call: where it is repeated, and where each of its allocations fails in turn."""

import contextlib
import gc
import re
import sys

import pytest

from forkedenc import runtime

try:
    import _testcapi
except ImportError:  # part of CPython, but not of every package of it
    _testcapi = None

wants_testcapi = pytest.mark.skipif(_testcapi is None, reason="the interpreter comes without _testcapi")


def assert_repetition_leaves_no_objects(call, rounds):
    """In stress mode a tenth of the rounds will do. One object a round would be ten times what is allowed.

    What is made once and kept may come late, but it comes once.
    """
    rounds = rounds // 10 if runtime.stressed() else rounds
    for _ in range(2):
        for _ in range(50):
            call()
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(rounds):
            call()
        gc.collect()
        left = sys.getallocatedblocks() - before
        if left < rounds // 10:
            return
    raise AssertionError(f"{left} blocks are left of {rounds} rounds")


@contextlib.contextmanager
def no_collector():
    """Nobody's callbacks, which the collector would call without memory."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.callbacks[:] = callbacks


def failures(call, lasting, most=5000):
    """How often the call fails if each of its allocations fails in turn, until it gets through some times in a row.

    With ``lasting`` no later allocation succeeds either. Anything but a MemoryError comes through.
    """
    failed, number, through = 0, 0, 0
    while through < 20:
        number += 1
        assert number < most
        _testcapi.set_nomemory(number, 0 if lasting else number + 1)
        try:
            try:
                call()
            finally:
                _testcapi.remove_mem_hooks()
        except MemoryError:
            failed += 1
            through = 0
        except SystemError as error:
            # The interpreter's own, where a frame can't be made.
            assert re.search("without (setting an )?exception", str(error))  # noqa: PT017
            through = 0
        else:
            through += 1
    return failed


def assert_failures_leave_no_objects(call, lasting, rounds=10, most=5000, allowed=20):
    """What the interpreter makes once and keeps is allowed for, and comes but once; one object a round and allocation is not."""
    for _ in range(2):
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(rounds):
            failures(call, lasting, most)
        gc.collect()
        left = sys.getallocatedblocks() - before
        if left < allowed:
            return
    raise AssertionError(f"{left} blocks are left of {rounds} rounds")
