"""``loads``, ``load`` and the class behind them: arguments, hooks, encodings, and values against the stdlib's."""

import collections
import decimal
import io
import json as stdlib
import sys

import pytest
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import Limits, json
from forkedenc.json import decoder, scanner

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.text(alphabet='aé😀\ud800\x00"\\/\n'),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


@settings(max_examples=300, deadline=None)
@given(values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_values_are_the_standard_librarys(value, ascii_only, indent):
    text = stdlib.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert repr(json.loads(text)) == repr(stdlib.loads(text))
    assert repr(json.JSONDecoder().decode(text)) == repr(stdlib.loads(text))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", ["1", "12", '"é"', '["😀"]', '{"a":\n1}', '["\ud800"]', "[]"])
def test_every_encoding_of_rfc_4627_is_told_and_read(encoding, text):
    data = text.encode(encoding, "surrogatepass")
    assert json.detect_encoding(data) == stdlib.detect_encoding(data)
    assert repr(json.loads(data)) == repr(stdlib.loads(data))
    assert repr(json.loads(bytearray(data))) == repr(stdlib.loads(data))


@given(st.binary(max_size=6))
def test_encodings_are_told_as_the_standard_library_tells_them(data):
    for start in (b"", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff"):
        assert json.detect_encoding(start + data) == stdlib.detect_encoding(start + data)


@pytest.mark.parametrize("wrong", [None, 1, [], memoryview(b"1"), io.StringIO("1")])
def test_what_is_no_text_is_a_type_error_with_the_standard_librarys_words(wrong):
    for options in ({}, {"strict": False}, {"cls": json.JSONDecoder}):
        with pytest.raises(TypeError) as theirs:
            stdlib.loads(wrong, **({} if "cls" in options else options))
        with pytest.raises(TypeError) as ours:
            json.loads(wrong, **options)
        assert str(ours.value) == str(theirs.value)


DOCUMENT = '{"a": {"b": 1, "b": 2.50}, "c": [{}, -7, NaN, -Infinity, 1e2], "d": "x"}'


@pytest.mark.parametrize(
    "options",
    [
        {"object_hook": sorted},
        {"object_hook": collections.OrderedDict},
        {"object_pairs_hook": list},
        {"object_pairs_hook": tuple, "object_hook": lambda made: 1 / 0},
        {"parse_float": decimal.Decimal},
        {"parse_float": lambda text: text + "!"},
        {"parse_int": float},
        {"parse_int": lambda text: f"<{text}>"},
        {"parse_constant": lambda text: f"<{text}>"},
        {"parse_int": str, "parse_float": str, "parse_constant": str, "object_pairs_hook": repr},
        {"strict": False},
        {"strict": True},
    ],
    ids="-".join,
)
def test_hooks_are_called_as_the_standard_library_calls_them(options):
    expected = repr(stdlib.loads(DOCUMENT, **options))
    assert repr(json.loads(DOCUMENT, **options)) == expected
    assert repr(json.loads(DOCUMENT.encode(), **options)) == expected
    assert repr(json.load(io.StringIO(DOCUMENT), **options)) == expected
    assert repr(json.load(io.BytesIO(DOCUMENT.encode()), **options)) == expected
    assert repr(json.JSONDecoder(**options).decode(DOCUMENT)) == expected


def test_a_hook_that_raises_ends_the_call_with_its_own_exception():
    class MineError(Exception):
        pass

    def hook(*_):
        raise MineError

    for name in ("object_hook", "object_pairs_hook", "parse_int", "parse_float", "parse_constant"):
        with pytest.raises(MineError):
            json.loads('[{"a": 1}, 2.5, NaN, {}]', **{name: hook})


def test_a_hook_may_decode_on_its_own():
    def hook(made):
        return json.loads(stdlib.dumps(made))

    assert json.loads('[{"a": {"b": [1]}}]', object_hook=hook) == [{"a": {"b": [1]}}]


def test_keys_are_one_object_each_within_a_document():
    text = '[{"a_key": 1, "b_\u00e9": 2}, {"a_key": 3, "b_\u00e9": 4}]'
    first, second = json.loads(text)
    assert all(one is two for one, two in zip(first, second, strict=True))
    made = json.JSONDecoder()
    assert made.decode(text) == [first, second]
    assert made.memo == {}


def test_a_class_is_given_what_was_said_and_no_more():
    seen = {}

    class Mine(stdlib.JSONDecoder):
        def __init__(self, **options):
            seen.update(options)
            super().__init__(**{name: value for name, value in options.items() if name != "mine"})

    assert json.loads(b"[1]", cls=Mine) == [1]
    assert seen == {}
    assert json.loads("[1]", cls=Mine, parse_int=str, mine=5) == ["1"]
    assert seen == {"parse_int": str, "mine": 5}
    with pytest.raises(TypeError):
        json.loads("[1]", mine=5)


def test_a_class_of_ours_takes_limits_and_policies():
    class Mine(json.JSONDecoder):
        pass

    with pytest.raises(forkedenc.LimitError):
        json.loads("[[1]]", cls=Mine, limits=Limits(max_depth=1))
    with pytest.raises(json.DecodeError, match="twice"):
        json.loads('{"a":1,"a":2}', cls=Mine, duplicate_keys="error")
    assert json.loads('{"a":1,"a":2}', cls=Mine, duplicate_keys="first") == {"a": 1}
    assert json.JSONDecoder(duplicate_keys="first").decode('{"a":1,"a":2}') == {"a": 1}
    with pytest.raises(json.DecodeError):
        json.loads("[NaN]", cls=Mine, allow_nan=False)


@pytest.mark.parametrize("text", ["[NaN]", "[Infinity]", "[-Infinity]", "[1e400]"])
def test_allow_nan_false_refuses_what_rfc_8259_does_not_know(text):
    json.loads(text)
    with pytest.raises(json.DecodeError):
        json.loads(text, allow_nan=False)


def test_raw_decode_gives_the_index_behind_the_value():
    made = json.JSONDecoder()
    assert made.raw_decode('[1] "é" {"a":2}x') == ([1], 3)
    assert made.raw_decode('[1] "é" {"a":2}x', 4) == ("é", 7)
    assert made.raw_decode('[1] "é" {"a":2}x', 8) == ({"a": 2}, 15)
    with pytest.raises(ValueError, match="negative"):
        made.raw_decode("[1]", -1)
    with pytest.raises(json.DecodeError) as caught:
        made.raw_decode("[1]", 3)
    assert (caught.value.msg, caught.value.pos) == ("Expecting value", 3)


def test_the_scanner_stops_where_no_value_starts():
    scan = scanner.make_scanner(json.JSONDecoder())
    assert scan("é[1] ", 1) == ([1], 4)
    for text, index in (("", 0), ("x", 0), ("[1]", 3), ("[1]", 7), (" 1", 0), ("-", 0)):
        with pytest.raises(StopIteration) as stopped:
            scan(text, index)
        assert stopped.value.value == index
    with pytest.raises(AttributeError):
        scanner.c_make_scanner(1)


def test_a_strict_whose_truth_fails_fails_the_decoder():
    class Bad:
        def __bool__(self):
            return 1 // 0 == 0

    with pytest.raises(ZeroDivisionError):
        json.JSONDecoder(strict=Bad())


def test_scanstring_takes_and_gives_indices_in_characters():
    assert decoder.scanstring is decoder.c_scanstring
    assert decoder.scanstring('é"a\\n😀"x', 2) == ("a\n😀", 7)
    assert decoder.scanstring('"a\nb"', 1, False) == ("a\nb", 5)
    with pytest.raises(OverflowError):
        decoder.scanstring("x", sys.maxsize + 1)
    with pytest.raises(ValueError, match="out of bounds"):
        decoder.scanstring("x", 5)
