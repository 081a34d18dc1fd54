"""Third-party suites of JSON, whole, byte by byte and in stress mode: expectations from the data folder's manifest."""

import contextlib
import json as stdlib
import os
import struct

import pytest
import suites
from feeding import chunks_of, cuts, random_chunks, stream_outcome

import forkedenc
from forkedenc import json

DOCUMENTS = [row for row in suites.rows("json") if row["expectation"] in ("valid", "error", "either")]
LINES = [row for row in suites.rows("jsonl") if row["expectation"] == "valid"]
NUMBERS = list(suites.rows("numbers", "numbers-f64", "numbers-plain"))
BIG = 4 << 20
pytestmark = suites.present


def by_path(rows):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row["path"])


def read(row):
    return (suites.FOLDER / row["path"]).read_bytes()


def decoded(call, *args, **options):
    try:
        return "value", repr(call(*args, **options))
    except forkedenc.DecodeError as error:
        return "error", type(error).__name__, error.offset


def group(rows):
    """Rows by suite: a test each would be thousands of lines that say nothing."""
    names = sorted({row["suite"] for row in rows})
    return pytest.mark.parametrize("suite", names)


def of(suite, rows):
    return [row for row in rows if row["suite"] == suite]


@contextlib.contextmanager
def stress():
    """Stress mode on, and off again unless the whole run is in it."""
    forkedenc.runtime.stress(True)
    try:
        yield
    finally:
        forkedenc.runtime.stress(bool(os.environ.get("FORKEDENC_STRESS")))


@group(DOCUMENTS)
def test_decode_takes_what_is_valid_and_refuses_what_is_not(suite):
    wrong = []
    for row in of(suite, DOCUMENTS):
        outcome = decoded(json.decode, read(row))[0]
        if row["expectation"] != "either" and outcome != {"valid": "value", "error": "error"}[row["expectation"]]:
            wrong.append((row["path"], outcome))
    assert not wrong


@group(DOCUMENTS)
def test_loads_does_what_the_standard_library_does(suite):
    wrong = []
    for row in of(suite, DOCUMENTS):
        data = read(row)
        try:
            expected = "value", repr(stdlib.loads(data))
        except ValueError as error:
            expected = "error", str(error)
        except RecursionError:
            continue  # how deep it goes depends on its caller
        try:
            came = "value", repr(json.loads(data))
        except forkedenc.LimitError:
            if row["expectation"] == "valid":
                wrong.append((row["path"], "a limit"))
            continue
        except ValueError as error:
            came = "error", str(error)
        if came != expected:
            wrong.append((row["path"], expected[:100], came[:100]))
    assert not wrong


@group(DOCUMENTS)
def test_cuts_and_stress_never_change_the_outcome(suite):
    wrong = []
    for row in of(suite, DOCUMENTS):
        data = read(row)
        if len(data) > BIG:
            continue
        ways = (
            cuts(data) if len(data) < 20_000 else iter([("one", [data]), ("random", random_chunks(data, row["path"]))])
        )
        outcomes = {stream_outcome(json.StreamDecoder(), chunks) for _, chunks in ways}
        whole = decoded(json.decode, data)
        with stress():
            outcomes.add(stream_outcome(json.StreamDecoder(), [data]))
            moved = decoded(json.decode, data)
        values, error = outcomes.pop()
        if outcomes or moved != whole or (whole[0] == "value" and (values != (whole[1],) or error)):
            wrong.append(row["path"])
    assert not wrong


@by_path(LINES)
def test_json_lines_give_each_lines_value(row):
    data = read(row)
    expected = tuple(repr(stdlib.loads(line)) for line in data.split(b"\n") if line.strip())
    for size in (65536, 7, 1):
        assert stream_outcome(json.StreamDecoder(framing="lines"), chunks_of(data, size)) == (expected, None)


def number_texts(row):
    """(text, bits of the double) per line; the plain lists state no bits."""
    for line in read(row).decode("ascii").splitlines():
        fields = line.split()
        if fields:
            yield fields[-1], None if row["format"] == "numbers-plain" else int(fields[-2], 16)


def bits(value):
    return struct.unpack(">Q", struct.pack(">d", value))[0]


@by_path(NUMBERS)
def test_numbers_have_the_right_bits(row):
    decoder = json.Decoder(limits=forkedenc.Limits(max_number_digits=None), allow_nan=True)
    wrong = []
    for text, expected in number_texts(row):
        try:
            value = stdlib.loads(text)
        except ValueError:
            if decoded(decoder.decode, text.encode())[0] == "value":
                wrong.append(text)
            continue
        came = decoder.decode(text.encode())
        if repr(came) != repr(value) or (isinstance(came, float) and expected is not None and bits(came) != expected):
            wrong.append(text)
    assert not wrong
