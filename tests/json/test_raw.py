"""`json.Raw`: the bytes of one value, checked and not decoded."""

import array
import copy
import mmap
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from leaks import (
    assert_failures_leave_no_objects,
    assert_repetition_leaves_no_objects,
    failures,
    no_collector,
    wants_testcapi,
)

import forkedenc
from forkedenc import EncodeError, Limits, Rest, json

TEXTS = (
    b"1.0e+2",
    b"12345678901234567890.10",
    b"-0",
    b"-0.0",
    b"1E400",
    b"123456789012345678901234567890",
    b'"\\u00e9"',
    b'"\\/\\ud83d\\ude00"',
    b'"\\ud800"',
    '"é😀"'.encode(),
    b"[ 1 ,\t2 , { } ]",
    b'{"k" :\r\n 1.50, "k":2}',
    b"null",
    b'""',
    b"[]",
    b"true",
)


@pytest.mark.parametrize("text", TEXTS)
def test_a_value_is_kept_and_written_byte_for_byte(text):
    raw = json.Raw(text)
    assert bytes(raw) == text
    assert json.encode(raw) == text
    assert json.encode([raw, {"k": raw}]) == b"[" + text + b',{"k":' + text + b"}]"
    assert json.encode({"k": raw}, indent=2) == b'{\n  "k": ' + text + b"\n}"
    assert json.encode_lines([raw, raw]) == (text + b"\n") * 2
    deep = [raw]
    for _ in range(40):
        deep = [deep]
    assert json.encode(deep) == b"[" * 41 + text + b"]" * 41


@pytest.mark.parametrize("text", TEXTS)
def test_white_space_around_is_no_part_of_the_value(text):
    assert bytes(json.Raw(b" \t\r\n" + text + b"\n\r\t ")) == text
    assert json.Raw(text + b" ") == json.Raw(text)


def test_bytes_any_contiguous_buffer_and_str_are_taken():
    with mmap.mmap(-1, 4096) as mapped:
        mapped[:4096] = b"[1]".ljust(4096)
        found = [
            json.Raw(given)
            for given in ("[1]", b"[1]", bytearray(b"[1]"), memoryview(b"x[1]y")[1:4], array.array("B", b"[1]"), mapped)
        ]
    assert {bytes(raw) for raw in found} == {b"[1]"}
    assert bytes(json.Raw('"é😀"')) == '"é😀"'.encode()
    changed = bytearray(b"[1]")
    raw = json.Raw(changed)
    changed[1:2] = b"2"
    assert bytes(raw) == b"[1]"
    for given in (1, None, [1], memoryview(b"[1,2,3]")[::2], json.Raw(b"1")):
        with pytest.raises((TypeError, BufferError)):
            json.Raw(given)


@pytest.mark.parametrize(
    "data, kind, offset",
    [
        (b"", "incomplete", 0),
        (b"  ", "incomplete", 2),
        (b"[1", "incomplete", 2),
        (b"[1,]", "trailing_comma", 3),
        (b"1 2", "extra_data", 2),
        (b"\xff", "expected_value", 0),
        (b'"a\xff"', "invalid_utf8", 2),
        (b'"\xed\xa0\x80"', "invalid_utf8", 1),
        ('"\ud800"', "invalid_utf8", 1),
        (b'"\xc3"', "invalid_utf8", 1),
        (b"\xef\xbb\xbf1", "expected_value", 0),
        (b"NaN", "expected_value", 0),
        (b"-Infinity", "expected_value", 0),
        (b'"\x01"', "control_character", 1),
        (b'"\\x"', "invalid_escape", 1),
        (b"01", "extra_data", 1),
        (b"\x0c1", "expected_value", 0),
        (b"1\x0c", "extra_data", 1),
    ],
)
def test_what_is_no_value_is_refused_where_it_goes_wrong(data, kind, offset):
    with pytest.raises(json.DecodeError) as caught:
        json.Raw(data)
    assert (caught.value.kind, caught.value.offset) == (kind, offset)


def test_limits_hold():
    deep = b"[" * 1001 + b"]" * 1001
    for limits in (None, Limits(), Limits(max_depth=1000)):
        with pytest.raises(RecursionError) as caught:
            json.Raw(deep, limits=limits)
        assert (caught.value.limit, caught.value.offset) == ("max_depth", 1000)
    assert bytes(json.Raw(deep, limits=Limits(max_depth=1001))) == deep
    for limits, data in (
        (Limits(max_document_bytes=3), b"[12]"),
        (Limits(max_string_bytes=3), b'"abcd"'),
        (Limits(max_items=1), b"[1,2]"),
        (Limits(max_number_digits=3), b"1234"),
    ):
        with pytest.raises(forkedenc.LimitError):
            json.Raw(data, limits=limits)
    with pytest.raises(TypeError):
        json.Raw(b"1", limits=3)


def test_a_million_levels_are_checked_kept_and_written():
    deep = b"[" * 1_000_000 + b"]" * 1_000_000
    raw = json.Raw(deep, limits=Limits(max_depth=None, max_stack_bytes=None))
    assert json.encode({"k": raw}) == b'{"k":' + deep + b"}"
    assert pickle.loads(pickle.dumps(raw)) == raw


def test_decode_reads_the_bytes_as_decode_does():
    assert json.Raw(b'[1,{"a":null}]').decode() == [1, {"a": None}]
    assert json.Raw(b"[1]").decode(Any) == [1]
    with pytest.raises(json.DecodeError) as caught:
        json.Raw(b" [1E400]").decode()
    assert (caught.value.kind, caught.value.offset, caught.value.path) == ("number_out_of_range", 1, "/0")
    assert json.Raw(b"[1E400]").decode(allow_nan=True) == [float("inf")]
    with pytest.raises(json.DecodeError) as caught:
        json.Raw(b'"\\ud800"').decode()
    assert caught.value.kind == "lone_surrogate"
    with pytest.raises(forkedenc.LimitError):
        json.Raw(b"[[]]").decode(limits=Limits(max_depth=1))
    with pytest.raises(json.DecodeError):
        json.Raw(b'{"a":1,"a":2}').decode(duplicate_keys="error")
    with pytest.raises(TypeError):
        json.Raw(b"1").decode(None, None)
    with pytest.raises(TypeError):
        json.Raw(b"1").decode(nonsense=1)


def test_equality_and_hash_are_those_of_the_bytes():
    assert json.Raw(b"1.0") == json.Raw(b" 1.0 ")
    assert json.Raw(b"1.0") != json.Raw(b"1.00")
    assert json.Raw(b"1") != b"1"
    assert json.Raw(b"1") != 1
    assert hash(json.Raw(b"[1]")) == hash(json.Raw("[1]"))
    assert len({json.Raw(b"1"), json.Raw("1"), json.Raw(b"2")}) == 2
    with pytest.raises(TypeError):
        sorted([json.Raw(b"1"), json.Raw(b"2")])


def test_the_representation_is_escaped_and_cut():
    assert repr(json.Raw(b"[1]")) == "Raw(b'[1]')"
    shown = repr(json.Raw('"é\u202e\x7f"'))
    assert shown.isascii()
    assert shown.isprintable()
    assert repr(json.Raw(b'"' + b"x" * 1000 + b'"')) == "Raw(b'\"" + "x" * 63 + "'..., 1002 bytes)"


def test_copies_and_pickles_are_equal():
    raw = json.Raw(b'{"a": 1.10}')
    assert copy.copy(raw) is raw
    assert copy.deepcopy([raw])[0] is raw
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(raw, protocol)) == raw


def test_it_is_immutable_and_final():
    raw = json.Raw(b"1")
    with pytest.raises(AttributeError):
        raw.bytes = b"2"
    with pytest.raises(TypeError):
        type("Sub", (json.Raw,), {})


def test_dumps_knows_no_raw_and_keys_can_t_be_raw():
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps([json.Raw(b"1")])
    for value in ({json.Raw(b"1"): 1}, Kept(1, {json.Raw(b'"a"'): 1})):
        with pytest.raises(EncodeError, match="keys must be"):
            json.encode(value)


@dataclass(slots=True)
class Kept:
    id: Any
    rest: Rest[json.Raw]


def test_fields_and_rests_hold_raw_values():
    value = Kept(json.Raw(b"1.00"), {"x": json.Raw(b"[ 1 ]"), "y": json.Raw(b'"\\u0041"')})
    assert json.encode(value) == b'{"id":1.00,"x":[ 1 ],"y":"\\u0041"}'
    assert json.encode([value], sort_keys=True) == b'[{"id":1.00,"x":[ 1 ],"y":"\\u0041"}]'
    text = b"[" + json.encode(value) + b"]"
    for size in range(len(text)):
        with pytest.raises(EncodeError) as caught:
            json.encode([value], limits=Limits(max_document_bytes=size))
        assert caught.value.limit == "max_document_bytes"
    assert json.encode([value], limits=Limits(max_document_bytes=len(text))) == text


def raw_and_back():
    raw = json.Raw(" [1, 2, {}] ")
    return json.encode([raw]), raw.decode(), repr(raw), pickle.loads(pickle.dumps(raw)), raw == raw  # noqa: PLR0124


def refused():
    with pytest.raises(json.DecodeError):
        json.Raw(b"[1,")


@pytest.mark.parametrize("call", [raw_and_back, refused])
def test_repetition_leaves_no_objects(call):
    assert_repetition_leaves_no_objects(call, rounds=2000)


@wants_testcapi
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_a_failure_of_the_nth_allocation_is_a_memory_error_and_leaks_nothing(lasting):
    def call():
        raw = json.Raw("[1, 2, {}]")
        return json.encode([raw]), raw.decode(), hash(raw), bytes(raw)

    with no_collector():
        call()
        assert failures(call, lasting) > 0
        assert_failures_leave_no_objects(call, lasting, rounds=20)
