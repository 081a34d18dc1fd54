"""Values that fight back while they are encoded: a text or an ordinary exception, never a crash, never a leak."""

import contextlib
import gc
import io
import sys

import pytest

import forkedenc
from forkedenc import Limits, json


class Odd:
    """Something the encoder has to ask default() about."""


def ways():
    """Each way to write: options of every style, whole and in pieces."""
    for options in ({}, {"indent": 1}, {"sort_keys": True}, {"separators": (",", ":")}, {"ensure_ascii": False}):
        yield lambda value, default, options=options: json.dumps(value, default=default, **options)
        yield lambda value, default, options=options: json.dump(value, io.StringIO(), default=default, **options)
    yield lambda value, default: json.encode(value, default=default)
    make = json.encoder.c_make_encoder

    def custom(value, default):
        def encoder(text):
            default(text)
            return '"' + text + '"'

        return make({}, default, encoder, None, ": ", ", ", False, False, True)(value, 0)

    yield custom


def changing():
    """(value, default): each default(), iterator or comparison changes the container that is being written."""
    listed = [1, Odd(), 2, Odd(), "x" * 100, {"a": Odd()}] * 20
    yield listed, lambda _: listed.clear()
    shrinking = [Odd() for _ in range(40)]
    yield shrinking, lambda _: shrinking.pop() and None
    table = {f"a{number}": Odd() for number in range(50)}
    yield table, lambda _: table.clear()
    rebuilt = {f"a{number}": [Odd()] for number in range(50)}
    yield (
        rebuilt,
        lambda _: rebuilt.update({f"b{number}": 1 for number in range(1000)}) or (rebuilt.pop("a49", None) and 1),
    )
    outer = {"in": [Odd(), [Odd()], {"x": Odd()}], "z": 1}
    yield outer, lambda _: outer.pop("in", None) and 1
    mixed = {"k": {"l": [Odd(), "tail"]}}
    yield mixed, lambda _: mixed.update(k=0) or [mixed]
    given = []
    yield [Odd()], lambda value: given.append(value) or [Odd()] if len(given) < 50 else gc.collect()

    class EvilList(list):
        def __iter__(self):
            self.clear()
            return iter([1, Odd(), 3])

    yield EvilList([Odd(), 1, [2]]), lambda _: 0

    class EvilItems(dict):
        def items(self):
            self.clear()
            return [("a", Odd()), ("b",), 7]

    yield EvilItems(a=1), lambda _: 0
    target = {}

    class EvilKey(str):
        __slots__ = ()

        def __lt__(self, other):
            target.clear()
            return True

    target.update({EvilKey("k"): Odd(), EvilKey("l"): [Odd()], "other": Odd()})
    yield target, lambda _: 0


@pytest.mark.parametrize("way", range(len(list(ways()))))
@pytest.mark.parametrize("number", range(len(list(changing()))))
def test_a_value_that_changes_while_it_is_written_does_no_harm(way, number):
    for _ in range(3):
        value, default = list(changing())[number]
        # Which of them, or none, differs from case to case.
        with contextlib.suppress(RuntimeError, ValueError, TypeError, LookupError):
            list(ways())[way](value, default)
        gc.collect()


def nested(depth, kind):
    value = kind()
    for _ in range(depth - 1):
        value = [value] if kind is list else {"a": value} if kind is dict else (value,)
    return value


def take_apart(value):
    """Frees a deep value level by level, since some containers' deallocation nests."""
    while value:
        (value,) = value.values() if isinstance(value, dict) else value


@pytest.mark.parametrize("kind", [list, dict, tuple])
def test_a_million_levels_are_written_where_the_limits_allow(kind):
    value = nested(1_000_000, kind)
    unlimited = Limits.unlimited()
    text = json.dumps(value, limits=unlimited, separators=(",", ":"))
    opening, closing = ('{"a":', "}") if kind is dict else ("[", "]")
    inner = opening[0] + closing
    assert text == opening * 999_999 + inner + closing * 999_999
    assert json.encode(value, limits=unlimited) == text.encode()
    assert "".join(json.JSONEncoder(limits=unlimited, separators=(",", ":")).iterencode(value)) == text
    for write in (json.dumps, json.encode, lambda value: json.dump(value, io.StringIO())):
        with pytest.raises(RecursionError) as caught:
            write(value)
        assert isinstance(caught.value, forkedenc.EncodeError)
        assert len(caught.value.path) <= 1024
    with pytest.raises(forkedenc.EncodeError) as caught:
        json.encode(value, limits=Limits(max_depth=None, max_stack_bytes=1 << 20))
    assert caught.value.limit == "max_stack_bytes"
    take_apart(value)


def test_a_circle_without_the_check_ends_at_the_depth_limit():
    ring = []
    ring.append(ring)
    with pytest.raises(RecursionError):
        json.dumps(ring, check_circular=False)
    for default in (lambda value: [value], lambda value: value, lambda value: (Odd(), Odd())):
        with pytest.raises(RecursionError):
            json.dumps(Odd(), default=default, check_circular=False)


@pytest.mark.parametrize("options", [{}, {"indent": 1}, {"sort_keys": True}], ids=repr)
def test_failures_and_successes_leak_no_references(options):
    marker = object()
    value = {"a": [marker, (marker,), {"b": [[marker]]}], "c": [1, 2]}

    def refuse(_):
        raise KeyError

    def once(number):
        for write in (json.dumps, lambda value, **options: json.dump(value, io.StringIO(), **options)):
            write(value, default=lambda odd: [1, "x"], **options)
            with pytest.raises(KeyError):
                write(value, default=refuse, **options)
            with pytest.raises(TypeError):
                write(value, **options)
            with pytest.raises(ValueError, match="max_document_bytes"):
                write(value, default=str, limits=Limits(max_document_bytes=number % 60), **options)
        pieces = json.JSONEncoder(default=str, **options).iterencode([value] * 300)
        next(pieces)
        del pieces

    for number in range(100):
        once(number)
    before = [sys.getrefcount(found) for found in (marker, value, value["a"], value["c"])]
    for number in range(500):
        once(number)
    assert [sys.getrefcount(found) for found in (marker, value, value["a"], value["c"])] == before


def test_types_without_a_form_are_refused_by_both_faces_and_bytes_and_sets_by_dumps():
    for value in (1j, range(3), Odd, len, Ellipsis, iter([1])):
        with pytest.raises(TypeError):
            json.encode([value])
        with pytest.raises(TypeError):
            json.dumps([value])
    for value in (b"x", bytearray(b"x"), memoryview(b"x"), {1}, frozenset()):
        with pytest.raises(TypeError):
            json.dumps([value])
