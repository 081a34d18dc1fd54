"""Nothing is left behind: by repetition of every face and error, and by failing at each allocation in turn."""

import collections
import contextlib
import sys

import pytest
from leaks import (
    assert_failures_leave_no_objects,
    assert_repetition_leaves_no_objects,
    failures,
    no_collector,
    wants_testcapi,
)

import forkedenc
from forkedenc import Limits, json

DOCUMENT = (
    '{"a":[1,2.5,"x\u00e9y",null,true,123456789012345678901234567890],"b":{"c":"d","e":{}},"\u00e9":[[]],"w":"0123"}'
).encode()
VALUE = json.loads(DOCUMENT)
CUT = 60


class Pairs(dict):
    pass


class Items(list):
    pass


ODD = [object(), Pairs(a=1), Items([1, 2])]


def refused(call):
    """The call, whose DecodeError or EncodeError is expected."""

    def run():
        with contextlib.suppress(json.DecodeError, forkedenc.EncodeError):
            call()

    return run


def feed_in_pieces():
    decoder = json.StreamDecoder()
    for start in range(0, len(DOCUMENT), 7):
        values = decoder.feed(DOCUMENT[start : start + 7])
    assert values == [VALUE]
    assert decoder.close() == []


# Made beforehand: CPython 3.13.0 itself crashes where it has no memory for a function, be it of a lambda or of a generator.
HEAD = b'{"k":0,' + b",".join(b'"k%d":%d' % (number, number) for number in range(20)) + b',"d":' + DOCUMENT[:CUT]
TAIL = DOCUMENT[CUT:] + b"}"


def nothing(breach):
    pass


def one(value):
    return [1]


def fork_half_way():
    decoder = json.StreamDecoder(duplicate_keys="error")
    decoder.feed(HEAD)
    fork = decoder.fork()
    assert fork.feed(TAIL) == decoder.feed(TAIL)


def drop_half_way():
    json.StreamDecoder().feed(DOCUMENT[:CUT])
    next(json.JSONEncoder().iterencode([VALUE] * 100))


def fail_a_stream():
    decoder = json.StreamDecoder()
    for _ in range(2):
        with contextlib.suppress(json.DecodeError):
            decoder.feed(b'[1,{"a":x')


CASES = {
    "loads": lambda: json.loads(DOCUMENT),
    "loads of str": lambda: json.loads(DOCUMENT.decode()),
    "loads of bytearray": lambda: json.loads(bytearray(DOCUMENT)),
    "loads of UTF-16": lambda: json.loads(DOCUMENT.decode().encode("utf-16")),
    "hooks": lambda: json.loads(DOCUMENT, object_hook=Pairs, parse_int=int, parse_float=str),
    "pairs": lambda: json.loads(DOCUMENT, object_pairs_hook=collections.OrderedDict),
    "decode": lambda: json.decode(DOCUMENT),
    "duplicates refused": lambda: json.decode(DOCUMENT, duplicate_keys="error"),
    "first of duplicates": lambda: json.decode(DOCUMENT, duplicate_keys="first"),
    "audit": lambda: json.decode(DOCUMENT, limits=Limits(max_items=1), audit=nothing),
    "Decoder": lambda: json.Decoder().decode(DOCUMENT),
    "JSONDecoder": lambda: json.JSONDecoder().decode(DOCUMENT.decode()),
    "raw_decode": lambda: json.JSONDecoder().raw_decode(DOCUMENT.decode()),
    "scanstring": lambda: json.decoder.scanstring('abc\\n\u20ac"', 0),
    "feed": feed_in_pieces,
    "fork": fork_half_way,
    "dropped half way": drop_half_way,
    "a failed stream": fail_a_stream,
    "bad lines": lambda: json.StreamDecoder(framing="lines", on_error="yield").feed(b'[1]\n[x\n{"a":2}\n'),
    "items": lambda: list(json.items([DOCUMENT], "a.item")),
    "members": lambda: list(json.members([DOCUMENT], "b")),
    "syntax error of loads": refused(lambda: json.loads(b'{"a":[1,2,x]}')),
    "ill-formed UTF-8": refused(lambda: json.decode(b'{"a":["\xff"]}')),
    "a limit": refused(lambda: json.decode(DOCUMENT, limits=Limits(max_depth=1))),
    "a duplicate": refused(lambda: json.decode(b'{"a":1,"b":[],"a":2}', duplicate_keys="error")),
    "dumps": lambda: json.dumps(VALUE),
    "dumps with options": lambda: json.dumps(VALUE, indent=2, sort_keys=True, ensure_ascii=False),
    "encode": lambda: json.encode(VALUE),
    "encode subclasses": lambda: json.encode(ODD, default=one),
    "encode lines": lambda: json.encode_lines([VALUE, 1]),
    "iterencode": lambda: list(json.JSONEncoder(indent=1).iterencode(VALUE)),
    "a value without a form": refused(lambda: json.dumps([VALUE, {"a": object()}])),
    "a lone surrogate": refused(lambda: json.encode(["\ud800"])),
    "statistics": forkedenc.runtime_stats,
}
ROUNDS = 3000
# Attributes of new objects and regular expressions leak in the interpreter itself where memory is out.
LEAKS_OF_PYTHON = {"JSONDecoder", "raw_decode", "a limit"}
# A generator that can't be closed without memory is told to the interpreter's hook, which has none either.
GENERATORS = {"items", "members", "dropped half way"}
if sys.version_info >= (3, 13):
    # Here the interpreter tells its hook of a generator that it had no memory to make as well.
    GENERATORS.add("iterencode")


@pytest.mark.parametrize("name", CASES)
def test_repetition_leaves_no_objects(name):
    assert_repetition_leaves_no_objects(CASES[name], rounds=ROUNDS)


@wants_testcapi
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", sorted(CASES.keys() - GENERATORS))
def test_a_failure_of_the_nth_allocation_is_a_memory_error_and_leaks_nothing(name, lasting):
    call = CASES[name]
    with no_collector():
        call()
        assert failures(call, lasting) > 0 or name == "scanstring"
        if name not in LEAKS_OF_PYTHON:
            assert_failures_leave_no_objects(call, lasting, rounds=20)
