"""``dumps``, ``dump`` and JSONEncoder against the standard library, option by option."""

import collections
import contextlib
import enum
import io
import itertools
import json as stdlib
import re
import sys
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

import forkedenc
from forkedenc import Limits, json


class Level(enum.IntEnum):
    HIGH = 3


class Ratio(float, enum.Enum):
    HALF = 0.5


class LoudInt(int):
    def __repr__(self):
        return "loud"

    __str__ = __repr__


class LoudFloat(float):
    def __repr__(self):
        return "loud"


class Word(str):
    __slots__ = ()

    def __str__(self):
        raise ZeroDivisionError


class OwnItems(dict):
    def items(self):
        return [("mine", 1), (2, [None])]


class OwnIteration(list):
    def __iter__(self):
        return iter([7, {"x": 8}])


class OwnTuple(tuple):
    __slots__ = ()

    def __iter__(self):
        return iter([7])


class Point(NamedTuple):
    x: object
    y: object


class Odd:
    pass


KEYS = st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none())
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**70), 2**70), st.floats(), st.text(),
    st.text(st.characters(codec=None), max_size=40), st.text('ab"\\\n\x7f\x1f', max_size=50),
    st.sampled_from([Level.HIGH, Ratio.HALF, LoudInt(5), LoudFloat(1.5), Word("é"), 10**40, -(10**19), 2**64, 2**63]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(KEYS, inner, max_size=5),
        st.dictionaries(st.text(max_size=3), inner, max_size=5).map(collections.OrderedDict),
        st.lists(inner, min_size=1, max_size=2).map(OwnIteration),
        st.lists(inner, min_size=1, max_size=2).map(OwnTuple),
        st.dictionaries(st.text(), inner, min_size=1, max_size=2).map(OwnItems),
        st.tuples(inner, inner).map(lambda pair: Point(*pair)),
    ),
    max_leaves=30,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "skipkeys": st.booleans(),
        "ensure_ascii": st.booleans(),
        "check_circular": st.booleans(),
        "allow_nan": st.booleans(),
        "indent": st.sampled_from([None, 0, 1, 3, -2, True, "", "\t", "é"]),
        "separators": st.sampled_from(
            [None, (",", ":"), (", ", ": "), ("", ""), (" é ", "=>"), ["\ud800", "\U0001f600"]]
        ),
        "sort_keys": st.booleans(),
    },
)


def outcome(function, *arguments, **options):
    """What came of a call: the text, or the error's nature and words."""
    try:
        return function(*arguments, **options)
    except (TypeError, ValueError, RecursionError) as error:
        kinds = tuple(kind for kind in (TypeError, RecursionError) if isinstance(error, kind))
        return kinds, str(error)


def written(module, value, **options):
    out = io.StringIO()
    module.dump(value, out, **options)
    return out.getvalue()


@given(VALUES, OPTIONS)
def test_dumps_writes_or_refuses_what_the_standard_library_does(value, options):
    assert outcome(json.dumps, value, **options) == outcome(stdlib.dumps, value, **options)


@given(VALUES, OPTIONS)
def test_dump_and_iterencode_write_or_refuse_what_the_standard_librarys_do(value, options):
    expected = outcome(written, stdlib, value, **options)
    assert outcome(written, json, value, **options) == expected
    assert outcome(lambda: "".join(json.JSONEncoder(**options).iterencode(value))) == expected


@pytest.mark.parametrize("length", [*range(40), 63, 64, 65, 511, 512, 513, 1023, 1024, 1025, 5000])
def test_every_special_character_at_every_place_is_escaped(length):
    for filler in ("x", "é", "€", "😀"):
        for special in ("", '"', "\\", "\n", "\0", "\x1f", "\x7f", "\x80", "\ud800", "😀"):
            for place in {0, 1, length // 2, length - 1, length} if length > 40 else range(length + 1):
                text = filler * place + special + filler * (length - place)
                for value in (text, [text, text], {text: 1}):
                    assert json.dumps(value) == stdlib.dumps(value)
                    assert json.dumps(value, ensure_ascii=False) == stdlib.dumps(value, ensure_ascii=False)


def test_a_str_that_keeps_its_utf8_is_written_the_same():
    for text in ("é" * 20, "日本語テキスト" * 3, "😀 smile " * 4, 'é"quote\\ and\nline ' * 2, "é" * 3):
        before = json.encode([text])
        size = sys.getsizeof(text)
        with contextlib.suppress(SyntaxError):
            compile(text, "", "eval")
        assert sys.getsizeof(text) > size, "compile() no longer makes a str keep its UTF-8"
        assert json.encode([text]) == before == stdlib.dumps([text], ensure_ascii=False).replace(", ", ",").encode()


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), [float("-inf")], {"a": {"b": float("nan")}}, {float("nan"): 1}],
    ids=repr,
)
def test_allow_nan_refuses_in_the_running_versions_words(value):
    assert json.dumps(value) == stdlib.dumps(value)
    for indent in (None, 0, "\t"):
        options = {"allow_nan": False, "indent": indent}
        for ours, theirs in ((json.dumps, stdlib.dumps), (partial(written, json), partial(written, stdlib))):
            refused = outcome(ours, value, **options)
            assert refused == outcome(theirs, value, **options)
            assert isinstance(refused, tuple)


def test_errors_are_encode_errors_with_the_path_of_the_value():
    with pytest.raises(forkedenc.EncodeError, match="Object of type Odd is not JSON serializable") as caught:
        json.dumps({"a/b": [0, {"c~": Odd()}]})
    assert (caught.value.path, caught.value.kind) == ("/a~1b/1/c~0", "not_serializable")
    assert isinstance(caught.value, TypeError)
    with pytest.raises(forkedenc.EncodeError) as caught:
        json.dumps([[], {"k": {(1,): 2}}], sort_keys=True)
    assert (caught.value.path, caught.value.kind) == ("/1/k/", "invalid_key")


def test_a_replaced_default_of_the_class_is_asked(monkeypatch):
    monkeypatch.setattr(json.JSONEncoder, "default", lambda self, value: {"odd": 1})
    assert json.dumps([Odd()]) == '[{"odd": 1}]'
    assert json.JSONEncoder().encode([Odd()]) == '[{"odd": 1}]'


def test_overrides_of_a_subclass_are_honoured():
    class Default(json.JSONEncoder):
        def default(self, o):
            return "odd" if isinstance(o, Odd) else super().default(o)

    class Pieces(json.JSONEncoder):
        def iterencode(self, o, _one_shot=False):
            yield "<"
            yield from super().iterencode(o, _one_shot)
            yield ">"

    class Whole(json.JSONEncoder):
        def encode(self, o):
            return "whole"

    assert json.dumps([Odd()], cls=Default) == '["odd"]'
    with pytest.raises(TypeError, match="Object of type complex is not JSON serializable"):
        json.dumps([1j], cls=Default)
    assert json.dumps([1], cls=Pieces) == "<[1]>"
    assert json.dumps([1], cls=Whole) == "whole"
    assert written(json, [Odd()], cls=Default) == '["odd"]'
    with pytest.raises(TypeError, match=re.escape("__init__() got an unexpected keyword argument 'foo'")):
        json.dumps(1, foo=1)


def test_attributes_set_later_count():
    encoder = json.JSONEncoder()
    encoder.indent, encoder.item_separator, encoder.default = "\t", ";", lambda value: 0
    assert encoder.encode([Odd(), 1]) == "[\n\t0;\n\t1\n]"


def test_iterencode_makes_its_pieces_as_they_are_asked_for():
    asked = []

    def default(value):
        asked.append(value)
        return "x" * 100

    pieces = json.JSONEncoder(default=default).iterencode([Odd() for _ in range(10_000)])
    first = next(pieces)
    assert 4096 <= len(first) < 10_000
    assert len(asked) < 100
    rest = list(pieces)
    assert len(asked) == 10_000
    assert max(map(len, rest)) < 10_000
    assert first + "".join(rest) == "[" + ", ".join(['"' + "x" * 100 + '"'] * 10_000) + "]"
    assert list(pieces) == []


def test_a_generator_asked_from_inside_itself_refuses():
    def default(value):
        with pytest.raises(ValueError, match="already executing"):
            next(pieces)
        return 1

    pieces = json.JSONEncoder(default=default).iterencode([Odd()])
    assert "".join(pieces) == "[1]"


def test_a_failed_generator_is_finished():
    pieces = json.JSONEncoder().iterencode([1, Odd()])
    with pytest.raises(TypeError):
        list(pieces)
    assert list(pieces) == []


def test_make_encoder_is_the_accelerators():
    make = json.encoder.c_make_encoder
    with pytest.raises(TypeError, match=re.escape("make_encoder() argument 1 must be dict or None, not int")):
        make(1, None, None, None, ": ", ", ", False, False, False)
    encode = make({}, lambda value: [value.__class__.__name__], lambda text: f"<{text}>", None, ":", ",", 0, 0, 0)
    assert "".join(encode({"a": [1, "b"], 2: Odd()}, 0)) == "{<a>:[1,<b>],<2>:[<Odd>]}"
    bad = make(None, None, lambda text: 5, None, ":", ",", False, False, False)
    for value in ("a", {"a": 1}, {1: 1}):
        with pytest.raises(TypeError, match=re.escape("encoder() must return a string, not int")):
            bad(value, 0)
    assert json.encoder.encode_basestring_ascii is json.encoder.c_encode_basestring_ascii
    with pytest.raises(TypeError, match="first argument must be a string, not int"):
        json.encoder.encode_basestring_ascii(1)


@given(st.text(st.characters(codec=None)))
def test_encode_basestring_writes_what_the_standard_librarys_does(text):
    assert json.encoder.encode_basestring(text) == stdlib.encoder.encode_basestring(text)
    assert json.encoder.encode_basestring_ascii(text) == stdlib.encoder.encode_basestring_ascii(text)


def test_arguments_are_those_of_a_python_function():
    assert json.dumps(obj=[1]) == "[1]"
    for arguments, named in [((), {}), ((1, 2), {}), ((1,), {"obj": 1})]:
        with pytest.raises(TypeError):
            json.dumps(*arguments, **named)
    for separators in (3, (1, 2), (",",), (",", ":", ";")):
        with pytest.raises((TypeError, ValueError)) as ours:
            json.dumps([1], separators=separators)
        with pytest.raises((TypeError, ValueError)) as theirs:
            stdlib.dumps([1], separators=separators)
        assert (type(ours.value), str(ours.value)) == (type(theirs.value), str(theirs.value))


@pytest.mark.parametrize("kind", [list, dict])
def test_depth_limit_counts_the_container_that_crosses_it(kind):
    def nested(depth):
        value = kind()
        for _ in range(depth - 1):
            value = [value] if kind is list else {"a": value}
        return value

    for depth, limits in [(3, Limits(max_depth=3)), (10_000, None)]:
        assert json.dumps(nested(depth), limits=limits) == stdlib_text(nested(depth), kind, depth)
        with pytest.raises(RecursionError) as caught:
            json.dumps(nested(depth + 1), limits=limits)
        error = caught.value
        assert isinstance(error, forkedenc.EncodeError)
        assert (error.limit, error.maximum, error.observed) == ("max_depth", depth, depth + 1)


def stdlib_text(value, kind, depth):
    if kind is list:
        return "[" * depth + "]" * depth
    return '{"a": ' * (depth - 1) + "{}" + "}" * (depth - 1)


@pytest.mark.parametrize("options", [{}, {"indent": 2}, {"separators": (",", ":")}, {"ensure_ascii": False}], ids=repr)
def test_document_limit_passes_at_its_size_and_refuses_one_byte_more(options):
    values = ["é", 1.5, [], [1, {"a": "x" * 3000}], {"a": [1, 2.5, "text", None], "b": {}}, ["x" * 100] * 100]
    for value in values:
        size = len(json.dumps(value, **options).encode())
        assert json.dumps(value, limits=Limits(max_document_bytes=size), **options)
        for write in (json.dumps, lambda value, **options: written(json, value, **options)):
            with pytest.raises(forkedenc.EncodeError) as caught:
                write(value, limits=Limits(max_document_bytes=size - 1), **options)
            error = caught.value
            assert (error.limit, error.maximum, error.observed) == ("max_document_bytes", size - 1, size)


def test_circles_are_found_at_any_depth():
    for depth in (1, 2, 23, 24, 25, 26, 100, 5000):
        inner = ring = []
        for level in range(depth - 1):
            inner.append([] if level % 2 else {})
            inner = inner[-1]
            if isinstance(inner, dict):
                inner["k"] = []
                inner = inner["k"]
        inner.append(ring)
        for write in (json.dumps, json.encode, lambda value: written(json, value)):
            limits = Limits(max_depth=20_000)
            with pytest.raises(ValueError, match="Circular reference detected"):
                write(ring, limits=limits) if write in (json.dumps, json.encode) else write(ring)
        inner.clear()


def test_what_occurs_twice_is_no_circle():
    shared = [1]
    deep = shared
    for _ in range(100):
        deep = [deep, shared, {"k": shared}]
    assert json.dumps(deep) == stdlib.dumps(deep)


def test_integers_past_the_interpreters_limit_are_refused_as_the_standard_library_does():
    for value in (10**5000, [-(10**5000)], {10**5000: 1}):
        assert outcome(json.dumps, value) == outcome(stdlib.dumps, value)


def test_options_combine():
    value = {"b": [1, {"é": (2.5, None)}], "a": [], "c": {}, 3: "x"}
    for ascii_only, indent, separators, check in itertools.product((0, 1), (None, 0, 2), (None, ("; ", " = ")), (0, 1)):
        options = {"ensure_ascii": ascii_only, "indent": indent, "separators": separators, "check_circular": check}
        assert json.dumps(value, **options) == stdlib.dumps(value, **options)
