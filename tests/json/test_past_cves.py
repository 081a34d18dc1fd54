"""Holes that other JSON codecs had. Each docstring names the one that its test stands for."""

import json as standard
import sys
import time

import pytest
from feeding import chunks_of, feed_all

import forkedenc
from forkedenc import Limits, json, runtime

DEEP = 2_000 if runtime.stressed() else 200_000


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
@pytest.mark.parametrize("read", [json.loads, json.decode, lambda data: json.StreamDecoder().feed(data)])
def test_reading_does_not_recurse_on_the_c_stack(opening, read):
    """CVE-2024-27454 (orjson), CVE-2025-52999 (jackson-core): deep nesting overflowed the stack."""
    with pytest.raises(RecursionError) as found:
        read(opening * 200_000)
    assert found.value.limit == "max_depth"


@pytest.mark.parametrize("nest", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: (inner,)])
def test_writing_does_not_recurse_on_the_c_stack(nest):
    """GHSA-hx9q-6w63-j58v (orjson): dumps of a deep value overflowed the stack."""
    # Past the limit in stress mode too, where DEEP is less.
    depth = max(DEEP, 20_000)
    value = nest(None)
    for _ in range(depth):
        value = nest(value)
    for write in (json.dumps, json.encode, json.JSONEncoder(indent=1).encode):
        with pytest.raises(RecursionError) as found:
            write(value)
        assert found.value.limit == "max_depth"
    assert len(json.encode(value, limits=Limits.unlimited())) > 2 * depth


@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'"\udc00\ud800"', r'"\ud800\ud800\udc00"', r'"\ud83d\u0041"', r'"a\udfffb"']
)
def test_lone_surrogates_are_neither_dropped_nor_joined_to_what_follows(text):
    """CVE-2022-31116 (ultrajson): wrong surrogates were decoded to other text, so that two keys could become one."""
    expected = standard.loads(text)
    assert json.loads(text) == json.loads(text.encode()) == json.JSONDecoder().decode(text) == expected
    for size in (1, 2, 3, 7):
        with pytest.raises(json.DecodeError) as found:
            feed_all(json.StreamDecoder(), chunks_of(text.encode(), size))
        assert found.value.kind == "lone_surrogate"
    assert json.loads(json.dumps({expected: 1})) == {expected: 1}


def test_a_string_that_outgrows_its_buffer_is_freed_once():
    """CVE-2022-31117 (ultrajson): a buffer was freed twice where growing it failed."""
    for length in (1, 31, 32, 33, 4095, 4096, 4097, 65_535, 65_536, 65_537, 1_000_000):
        for tail in ('"', "", '\\ud800"', "\x01"):
            text = '"' + "\\u20ac" * (length // 6 + 1) + "a" * length + tail
            try:
                expected = standard.loads(text)
            except ValueError:
                with pytest.raises(ValueError):
                    json.loads(text)
            else:
                assert json.loads(text) == expected


@pytest.mark.parametrize("indent", [1, 7, 300, " " * 5000, "\t\u20ac"])
def test_indentation_of_any_width_fits(indent):
    """CVE-2021-45958 (ultrajson): indentation overran the output buffer."""
    value = [[[[[[{"a": [1, [2]]}]]]]]]
    assert json.dumps(value, indent=indent) == standard.dumps(value, indent=indent)


@pytest.mark.parametrize("index", [-1, -2, -(2**31), -(2**63)])
def test_a_negative_index_reads_nothing_before_the_text(index):
    """CVE-2014-4616 (CPython, simplejson): raw_decode and the scanner read memory in front of the str."""
    with pytest.raises(ValueError, match="negative"):
        json.JSONDecoder().raw_decode("[1]", index)
    with pytest.raises(ValueError, match="negative"):
        json.JSONDecoder().scan_once("[1]", index)
    with pytest.raises(ValueError, match="out of bounds"):
        json.decoder.scanstring('"a"', index)


def test_the_digits_of_an_integer_are_limited_as_the_interpreter_says():
    """CVE-2020-10735 (CPython): int and str of many digits took quadratic time."""
    setting = sys.get_int_max_str_digits()
    with pytest.raises(ValueError):
        json.loads("1" * (setting + 1))
    with pytest.raises(ValueError):
        json.dumps(10 ** (setting + 1))
    many = 200_000
    start = time.perf_counter()
    value = json.decode(b"7" * many, limits=Limits.unlimited())
    assert json.encode(value, limits=Limits.unlimited()) == b"7" * many
    assert time.perf_counter() - start < 10
    assert sys.get_int_max_str_digits() == setting


@pytest.mark.parametrize(
    "start, unit",
    [
        (b'"', b"a"),
        (b'"', b"\\n"),
        (b'"', b"\\ud83d\\ude00"),
        (b'"', b"\xe2\x82\xac"),
        (b'{"', b"k"),
        (b"", b"1"),
        (b"[", b" "),
    ],
)
def test_a_token_in_many_chunks_costs_no_more_than_its_length(start, unit):
    """CVE-2023-52425 (expat), in JSON: a token that stays incomplete must not be read again with every chunk."""

    def seconds(count: int) -> float:
        decoder = json.StreamDecoder(limits=Limits.unlimited())
        decoder.feed(start)
        began = time.perf_counter()
        for chunk in chunks_of(unit * count, 16):
            decoder.feed(chunk)
        return time.perf_counter() - began

    count = 40_000
    small = min(seconds(count) for _ in range(3))
    # Quadratic would be 64 times as long.
    assert min(seconds(8 * count) for _ in range(2)) < 24 * small + 0.2


def test_keys_that_an_attacker_chose_to_collide_cost_no_more_than_others():
    """CVE-2012-1150 (CPython) and its like: keys of one hash made a dict quadratic; here the table of keys is one more."""

    def seconds(keys) -> float:
        data = b"{" + b",".join(b'"%b":0' % key for key in keys) + b"}"
        began = time.perf_counter()
        assert len(json.decode(data)) == 50_000
        return time.perf_counter() - began

    # The same first and last eight bytes and the same middle: all in one place of a table by those bytes.
    same = [b"aaaaaaaa%06daaaaaaaaaaaa%06daaaaaaaa" % (number, number) for number in range(50_000)]
    other = [
        b"%08d%06daaaaaaaaaaaa%06d%08d" % (number * 7919 % 10**8, number, number, number) for number in range(50_000)
    ]
    assert min(seconds(same) for _ in range(2)) < 6 * min(seconds(other) for _ in range(2)) + 0.1


def test_a_value_that_changes_while_it_is_written_is_read_within_its_bounds():
    """A use after free in several encoders: default() emptied the list or dict that was being encoded."""
    for make in (lambda: [object() for _ in range(100)], lambda: dict.fromkeys(map(str, range(100)), object())):
        for indent in (None, 1):
            value = make()
            text = json.dumps(value, default=lambda _, value=value: value.clear(), indent=indent)
            assert json.loads(text) in ([None], {"0": None})


def test_a_default_that_answers_itself_ends():
    """Recursion through default() overflowed the stack in several encoders."""
    for check_circular in (True, False):
        with pytest.raises((ValueError, RecursionError)):
            json.dumps(object(), default=lambda value: value, check_circular=check_circular)
        with pytest.raises((ValueError, RecursionError)):
            json.dumps(object(), default=lambda value: [value], check_circular=check_circular)


def test_a_duplicate_key_can_be_refused_so_that_no_two_parsers_disagree():
    """CVE-2017-12635 (CouchDB): two parsers took different members of one name."""
    data = b'{"roles":["_admin"],"roles":[]}'
    assert json.decode(data) == {"roles": []}
    assert json.decode(data, duplicate_keys="first") == {"roles": ["_admin"]}
    for spelling in (data, b'{"roles":[],"r\\u006fles":[]}'):
        with pytest.raises(forkedenc.DecodeError) as found:
            json.decode(spelling, duplicate_keys="error")
        assert found.value.kind == "duplicate_key"
