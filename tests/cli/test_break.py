"""``forkedenc break`` as a process: what it writes, what it lists, what it says of words it can't use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from forkedenc import breaking

pytest.importorskip("click")
pytest.importorskip("rich")

COMMAND = [sys.executable, "-m", "forkedenc", "break"]

FULL = Path("/dev/full")


def run(*words, code=0, stdout=subprocess.PIPE):
    done = subprocess.run([*COMMAND, *map(str, words)], stdout=stdout, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    return done


def whole(name, *arguments):
    return b"".join(breaking.kinds()[name].generate(*arguments))


@pytest.mark.parametrize("name", ["json-deep-arrays", "json-utf-8-latin-1", "xml-utf-16", "json-nothing"])
def test_a_kind_is_written_byte_for_byte(name):
    assert run(name, "--size", "200kB", "--seed", 7).stdout == whole(name, 200_000, 7)


def test_a_size_has_units_and_a_default_and_a_seed_may_be_negative():
    assert run("json-nan", "--size", "2KiB").stdout == whole("json-nan", 2048)
    assert run("json-nan").stdout == whole("json-nan", 1 << 20)
    assert run("json-nan", "--seed", "-3", "--size=0").stdout == whole("json-nan", 0, -3)


def test_the_list_has_a_line_for_each_kind():
    done = run("--list")
    lines = done.stdout.decode().splitlines()
    assert [line.split()[:2] for line in lines] == [[kind.name, kind.outcome] for kind in breaking.kinds().values()]
    assert done.stderr == b""


@pytest.mark.parametrize(
    "words, said",
    [
        ((), "KIND"),
        (("no-such-kind",), "no-such-kind"),
        (("deep",), "json-deep-arrays"),
        (("--list", "json-nan"), "--list"),
        (("json-nan", "--size", "none"), "8MiB"),
        (("json-nan", "--size", "-1"), "8MiB"),
        (("json-nan", "--seed", "x"), "--seed"),
    ],
)
def test_words_that_make_no_sense_are_said_in_a_usage_error(words, said):
    done = run(*words, code=2)
    assert said in done.stderr.decode()
    assert done.stdout == b""


def test_a_reader_that_goes_away_ends_it_quietly():
    with subprocess.Popen(
        [*COMMAND, "json-open-string", "--size", "4GiB"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.read(100).startswith(b'["xxxx')
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 5


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_a_full_disk_is_said_in_one_line():
    with FULL.open("wb") as full:
        for words in (("json-nan",), ("json-nan", "--size", 10), ("--list",)):
            done = run(*words, code=5, stdout=full)
            assert done.stderr.decode() == "<stdout>: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="wants a shell that closes files")
def test_closed_output_is_said_in_one_line():
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "json-nan"], stderr=subprocess.PIPE, check=False, timeout=60
    )
    assert (done.returncode, done.stderr.decode().count("\n")) == (5, 1)


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")
def test_a_terminal_gets_no_raw_bytes():
    master, terminal = os.openpty()
    try:
        assert b"terminal" in run("json-nan", code=2, stdout=terminal).stderr
    finally:
        os.close(terminal)
        os.close(master)
