"""The pool from Python: primed, trimmed, bounded; and the stress switch."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from forkedenc import _runtime as runtime
from forkedenc._runtime import pool

KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture(autouse=True)
def empty_pool():
    limit = pool.limit
    pool.trim()
    yield
    pool.limit = limit
    pool.trim()


def test_the_default_limit_is_64_mib():
    code = "from forkedenc._runtime import pool; print(pool.limit)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"67108864"


def test_priming_rounds_up_to_a_power_of_two_and_trim_frees_it():
    assert pool.prime(3, 50 * KIB) == 3
    assert pool.held == 3 * 64 * KIB
    assert pool.prime(2, 0) == 2
    assert pool.held == 3 * 64 * KIB + 2 * 2 * KIB
    pool.trim()
    assert pool.held == 0


def test_priming_stops_at_the_limit():
    pool.limit = 1 * MIB
    assert pool.prime(10**30, 256 * KIB) == 4
    assert pool.prime(1, 2 * KIB) == 0
    assert pool.prime(1, 10**30) == 0
    assert pool.held == 1 * MIB


def test_a_lower_limit_frees_what_is_beyond_at_once():
    pool.prime(8, 128 * KIB)
    pool.limit = 300 * KIB
    assert (pool.limit, pool.held) == (300 * KIB, 256 * KIB)
    pool.limit = 0
    assert pool.held == 0
    assert pool.prime(1, 1) == 0


@pytest.mark.parametrize("value, error", [(-1, ValueError), (True, TypeError), (1.0, TypeError), (None, TypeError)])
def test_sizes_are_whole_and_not_negative(value, error):
    with pytest.raises(error, match="limit is"):
        pool.limit = value
    with pytest.raises(error, match="n is"):
        pool.prime(value, 1)
    with pytest.raises(error, match="bytes is"):
        pool.prime(1, value)


def test_a_limit_past_every_machine_is_the_biggest_there_is():
    pool.limit = 10**40
    assert pool.limit == sys.maxsize


def test_stress_is_switched_by_a_bool_and_read_back():
    before = runtime.stressed()
    try:
        runtime.stress(True)
        assert runtime.stressed() is True
        runtime.stress(False)
        assert runtime.stressed() is False
        with pytest.raises(TypeError):
            runtime.stress(1)
    finally:
        runtime.stress(before)


@pytest.mark.parametrize("value, wanted", [("1", b"True"), ("0", b"False"), ("", b"False")])
def test_stress_begins_as_the_environment_says(value, wanted):
    code = "from forkedenc import _runtime; print(_runtime.stressed())"
    environment = {**os.environ, "FORKEDENC_STRESS": value}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert run.stdout.strip() == wanted


FORKS_AMONG_THREADS = """
import os, threading, time
from forkedenc._runtime import pool, runtime_stats

stop = threading.Event()

def work():
    while not stop.is_set():
        pool.prime(1, 4096)
        pool.trim()
        runtime_stats()

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
try:
    for _ in range(100):
        child = os.fork()
        if child == 0:
            ok = pool.prime(1, 8192) == 1 and runtime_stats().streams == 0
            pool.trim()
            os._exit(0 if ok else 3)
        assert os.waitpid(child, 0)[1] == 0
finally:
    stop.set()
    for thread in threads:
        thread.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.timeout(60)
def test_a_forked_child_finds_no_lock_held():
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKS_AMONG_THREADS], capture_output=True, check=False, timeout=50
    )
    assert run.returncode == 0, run.stderr.decode()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.timeout(60)
def test_the_pool_can_be_used_in_other_fork_handlers():
    code = """
import os
os.register_at_fork(before=lambda: before.append(True))  # runs after the runtime's own
from forkedenc._runtime import pool, runtime_stats
before = []
os.register_at_fork(after_in_child=lambda: pool.prime(1, 1))

class Before(list):
    def append(self, value):
        super().append(value)
        pool.prime(1, 4096)
        runtime_stats()

before = Before()
child = os.fork()
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert before == [True] and pool.held >= 4096
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=50)
    assert run.returncode == 0, run.stderr.decode()


def test_many_threads_share_the_pool_within_its_limit():
    pool.limit = 1 * MIB
    most = []

    def work():
        for _ in range(200):
            pool.prime(3, 64 * KIB)
            most.append(pool.held)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 800
    assert max(most) == 1 * MIB
