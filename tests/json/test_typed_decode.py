"""Typed decoding through the public faces: rests and their limits, raw values, unions with a late tag, hooks, forks, leaks."""

import dataclasses
import gc
import json as stdlib
import re
import weakref
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

import forkedenc
from forkedenc import LimitError, Limits, Rest, ValidationError, json

STEPS = (1, 2, 7, 64, 1 << 20)


@dataclass
class Item:
    id: int
    rest: Rest[Any] = field(default_factory=dict)


@dataclass
class Kept:
    id: int
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass
class Plain:
    id: int


@dataclass
class Node:
    value: int
    next: "Node | None" = None


@dataclass
class Circle:
    kind: Literal["circle"]
    r: float
    inner: "Circle | Square | None" = None
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass
class Square:
    side: int
    kind: Literal["square"]
    inner: "Circle | Square | None" = None
    rest: Rest[json.Raw] = field(default_factory=dict)


Shape = Circle | Square


def fed(kind, data, step, **options):
    stream = json.StreamDecoder(kind, **options)
    values = [value for at in range(0, len(data), step) for value in stream.feed(data[at : at + step])]
    return values + stream.close()


def both(kind, data, **options):
    """The value, the same whole and at any cut."""
    whole = json.Decoder(kind, **options).decode(data)
    for step in STEPS:
        assert fed(kind, data, step, **options) == [whole]
    return whole


def refused(kind, data, **options):
    """The error, the same whole and at any cut."""
    errors = []
    for decode in (
        lambda: json.Decoder(kind, **options).decode(data),
        *(lambda step=step: fed(kind, data, step, **options) for step in STEPS),
    ):
        with pytest.raises(forkedenc.DecodeError) as caught:
            decode()
        error = caught.value
        errors.append((type(error), error.offset, error.line, error.column, error.path, str(error)))
    assert len(set(errors)) == 1, errors
    return caught.value


@pytest.mark.parametrize(
    "data, kind, path, place",
    [
        (b'[1, "x"]', list[int], "/1", (4, 1, 5)),
        ('{"é":\n "ü"}'.encode(), dict[str, int], "/é", (8, 2, 2)),
        (b"[[1], [2, null]]", list[list[int]], "/1/1", (10, 1, 11)),
        (b'{"id": {}}', Plain, "/id", (7, 1, 8)),
        (b'[{"id": 1}, {"x": 1}]', list[Plain], "/1", (19, 1, 20)),
        (b"[-12.5]", list[int], "/0", (1, 1, 2)),
        (b'"abc"', int, "", (0, 1, 1)),
        (b" true", str, "", (1, 1, 2)),
    ],
)
def test_a_value_that_does_not_fit_is_told_at_its_first_byte_whatever_the_cuts(data, kind, path, place):
    error = refused(kind, data)
    assert isinstance(error, ValidationError)
    assert (error.path, error.offset, error.line, error.column) == (path, *place)


@pytest.mark.parametrize(
    "data, kind, path, offset",
    [
        (b'{"":{"":null}}', dict[int, dict[str, int]], "/", 1),
        (b'{"1": [1], "b": [2, "x"]}', dict[int, list[int]], "/b", 11),
        (b'{"1": {"a": null}}', dict[int, dict[int, int]], "/1/a", 7),
        (b'{"b": null}', dict[Annotated[str, re.compile("^a")], int], "/b", 1),
    ],
)
def test_a_key_that_does_not_fit_is_told_before_what_stands_behind_it(data, kind, path, offset):
    error = refused(kind, data)
    assert isinstance(error, ValidationError)
    assert (error.path, error.offset) == (path, offset)


def test_a_syntax_error_inside_a_value_comes_before_its_type():
    assert refused(list[int], b'["a\\x"]').kind == "invalid_escape"
    assert isinstance(refused(list[int], b'["a", \\x]'), ValidationError)


def test_unknown_members_are_dropped_kept_or_refused_as_asked():
    data = b'{"a": [1, {"b": 2}], "id": 1, "c": "x"}'
    assert both(Plain, data) == Plain(1)
    assert both(Item, data) == Item(1, {"a": [1, {"b": 2}], "c": "x"})
    assert both(Item, data, unknown="ignore") == Item(1, {})
    error = refused(Item, data, unknown="error")
    assert (error.path, error.offset) == ("/a", 1)
    with pytest.raises(forkedenc.SchemaError, match="Rest"):
        json.Decoder(Plain, unknown="rest")
    with pytest.raises(ValueError, match="unknown must be"):
        json.Decoder(Plain, unknown="keep")


@pytest.mark.parametrize("kind", [Plain, Item, Kept])
@pytest.mark.parametrize(
    "data", [b'{"id": 1, "id": 2}', b'{"x": 1, "id": 1, "x": 2}', b'{"id":1,"x":{"y":1},"x":{"y":1}}']
)
def test_duplicates_are_refused_on_request_also_among_members_that_are_dropped(kind, data):
    assert refused(kind, data, duplicate_keys="error").kind == "duplicate_key"
    assert both(kind, data).id in (1, 2)
    many = b'{"id": 0, ' + b", ".join(b'"k%d": 0' % number for number in range(50)) + b', "k7": 1}'
    assert refused(kind, many, duplicate_keys="error").kind == "duplicate_key"
    assert both(kind, many.replace(b', "k7": 1', b""), duplicate_keys="error").id == 0


def test_the_first_or_the_last_of_equal_members_counts():
    data = b'{"id": 1, "x": 1, "id": 2, "x": 2}'
    assert both(Item, data) == Item(2, {"x": 2})
    assert both(Item, data, duplicate_keys="first") == Item(1, {"x": 1})
    assert isinstance(refused(Item, b'{"id": 1, "id": "x"}', duplicate_keys="first"), ValidationError)


@pytest.mark.parametrize("kind", [Item, Kept])
def test_what_a_rest_may_gather_ends_at_the_byte(kind):
    data = b'{"id": 1, "key": [10, 20], "k": "abc"}'
    # Two keys and two values, as they are written.
    exact = len(b'key[10, 20]k"abc"')
    assert list(both(kind, data, limits=Limits(max_rest_bytes=exact)).rest) == ["key", "k"]
    error = refused(kind, data, limits=Limits(max_rest_bytes=exact - 1))
    assert (error.limit, error.maximum, error.observed) == ("max_rest_bytes", exact - 1, exact)
    assert (error.offset, error.path) == (data.index(b'c"') + 1, "/k")
    for room in range(4, exact - 1):
        assert refused(kind, data, limits=Limits(max_rest_bytes=room)).limit == "max_rest_bytes"
    assert list(both(kind, data, limits=Limits(max_rest_members=2)).rest) == ["key", "k"]
    error = refused(kind, data, limits=Limits(max_rest_members=1))
    assert (error.limit, error.observed, error.offset) == ("max_rest_members", 2, data.index(b'"k"'))


def test_a_value_past_what_a_rest_may_gather_is_never_stored():
    stream = json.StreamDecoder(Item, limits=Limits(max_rest_bytes=1 << 20))
    stream.feed(b'{"id": 1, "x": "')
    with pytest.raises(LimitError) as caught:
        for _ in range(1000):
            stream.feed(b"y" * 65536)
    assert caught.value.offset == len(b'{"id": 1, "x": "') - 1 + (1 << 20) - 1


def test_limits_on_a_rest_are_told_once_where_they_are_audited():
    for step in STEPS:
        found = []
        limits = Limits(max_rest_members=1, max_rest_bytes=4)
        values = fed(Item, b'{"id":1,"a":1,"b":"12345","c":[1,2]}', step, limits=limits, audit=found.append)
        assert values == [Item(1, {"a": 1, "b": "12345", "c": [1, 2]})]
        assert [(breach.limit, breach.observed) for breach in found] == [
            ("max_rest_members", 3),
            ("max_rest_bytes", 16),
        ]


RAWS = [
    b"1.0e+2",
    b"-0",
    b"1E400",
    b'"\\ud800"',
    b'"\\/"',
    b"[ 1 ,\t{ } ]",
    b'{"k" :\r\n 1, "k":2}',
    b"null",
    '"é😀"'.encode(),
]


@pytest.mark.parametrize("text", RAWS)
def test_raw_values_are_kept_byte_for_byte_wherever_they_stand(text):
    assert bytes(both(json.Raw, b" " + text + b" ")) == text
    assert [bytes(raw) for raw in both(list[json.Raw], b"[ " + text + b" , " + text + b"\n]")] == [text, text]
    kept = both(Kept, b'{"x": ' + text + b' ,"id":1}')
    assert json.encode(kept) == b'{"id":1,"x":' + text + b"}"


@pytest.mark.parametrize("bad", [b"[1,]", b'"\xff"', b"nul", b"01", b'{"a"}', b'"\t"', b"NaN"])
def test_raw_values_are_json_all_the_same(bad):
    error = refused(Kept, b'{"id": 1, "x": ' + bad + b"}")
    assert not isinstance(error, ValidationError)


def test_a_class_is_told_by_its_tag_wherever_it_stands():
    filler = b'"x": {"kind": "square", "deep": [{"kind": "circle"}, "' + b"y" * 500 + b'"]}'
    for data in (
        b'{"kind": "circle", "r": 1.50, %s}' % filler,
        b'{"r": 1.50, %s, "kind": "circle"}' % filler,
        b'{%s, "kind" : "cir\\u0063le", "r": 1.50}' % filler,
    ):
        value = both(Shape, data)
        assert (type(value), value.r, list(value.rest)) == (Circle, 1.5, ["x"])
        assert bytes(value.rest["x"]) == filler[len(b'"x": ') :]
    for bad in (
        b'{"r": 1}',
        b'{"kind": "oval", "r": 1}',
        b'{"kind": 3}',
        b"[]",
        b'{"side": 1, "x": {"kind": "square"}}',
    ):
        assert refused(Shape, bad).path == ""


def test_late_tags_inside_late_tags_are_found_once_each():
    depth = 2000
    data = b'{"r": 1, "inner": ' * depth + b"null" + b', "kind": "circle"}' * depth
    value = fed(Shape, data, 4093, limits=Limits(max_depth=None))[0]
    levels = 0
    while value is not None:
        value, levels = value.inner, levels + 1
    assert levels == depth
    error = refused(Shape, b'{"inner": {"side": "x", "kind": "square"}, "kind": "circle", "r": 1}')
    assert (error.path, error.offset) == ("/inner/side", 19)


def test_classes_nest_as_deep_as_limits_allow():
    depth = 300_000
    data = b'{"value":1,"next":' * depth + b"null" + b"}" * depth
    value = json.decode(data, Node, limits=Limits.unlimited())
    # Taken apart by hand: the interpreter frees such a chain by recursion of its own, in pieces.
    levels = 0
    while value is not None:
        value, levels = value.next, levels + 1
    assert levels == depth
    assert refused(Node, data[:100_000], limits=Limits(max_depth=50)).limit == "max_depth"


def test_a_fork_goes_on_apart_in_the_middle_of_anything():
    data = b'[{"r": 2, "x": [1, {"y": 2}], "kind": "circle"}, {"kind": "square", "side": 3, "z": "s"}]'
    expected = json.decode(data, list[Shape])
    for at in range(len(data)):
        stream = json.StreamDecoder(list[Shape])
        stream.feed(data[:at])
        other = stream.fork()
        for one in (other, stream):
            assert one.feed(data[at:]) + one.close() == [expected]
    assert expected[0].rest is not json.decode(data, list[Shape])[0].rest


def test_a_bad_record_gives_one_error_and_the_stream_goes_on():
    data = b'{"id": 1}\n{"id": "x", "y": 1}\n{"id": 2, "x": [}\n{"y": 1}\n{"id": 3}\n'
    for step in STEPS:
        values = fed(Item, data, step, framing="lines", on_error="yield")
        assert [type(value).__name__ for value in values] == [
            "Item",
            "ValidationError",
            "DecodeError",
            "ValidationError",
            "Item",
        ]
        assert [value.path for value in values if isinstance(value, forkedenc.DecodeError)] == ["/id", "/x/0", ""]
        assert next(value.offset for value in values if isinstance(value, forkedenc.DecodeError)) == 17


def test_what_a_hook_or_post_init_refuses_is_no_fit_and_what_else_it_raises_passes():
    @dataclass
    class Even:
        n: int

        def __post_init__(self):
            if self.n == 13:
                raise KeyError(self.n)
            if self.n % 2:
                raise ValueError("odd")

    assert both(list[Even], b'[{"n": 2}]') == [Even(2)]
    error = refused(list[Even], b'[{"n": 2}, {"n": 3}]')
    assert error.path == "/1"
    with pytest.raises(ValidationError) as caught:
        json.decode(b'{"n": 3}', Even)
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(KeyError):
        json.decode(b'{"n": 13}', Even)

    def hook(kind, value):
        if value == "stop":
            raise RuntimeError("stop")
        return kind(value)

    assert both(list[complex], b'["1+2j", 3]', dec_hook=hook) == [1 + 2j, 3 + 0j]
    assert refused(list[complex], b'["1", "x"]', dec_hook=hook).path == "/1"
    with pytest.raises(RuntimeError, match="stop"):
        json.decode(b'["stop"]', list[complex], dec_hook=hook)


def test_a_hook_that_decodes_with_the_decoder_that_calls_it_does_no_harm():
    stream = None

    def hook(kind, value):
        if stream is not None:
            with pytest.raises(RuntimeError):
                stream.feed(b"[]")
        return complex(len(json.decode(stdlib.dumps(value).encode(), list[Any])))

    decoder = json.Decoder(dict[str, complex], dec_hook=hook)
    assert decoder.decode(b'{"a": [1, [2]], "b": []}') == {"a": 2 + 0j, "b": 0j}
    stream = json.StreamDecoder(list[complex], dec_hook=hook)
    assert stream.feed(b"[[1], [") + stream.feed(b"2, 3]]") + stream.close() == [[1 + 0j, 2 + 0j]]


def test_floods_of_equal_hashes_are_refused_and_many_equal_values_are_not():
    flood = b"[" + b",".join(b"%d" % (number * (2**61 - 1)) for number in range(1, 3000)) + b"]"
    for kind in (set[int], frozenset[int]):
        assert isinstance(refused(kind, flood), ValidationError)
        assert both(kind, b"[" + b",".join([b"5"] * 3000) + b"]") == {5}
    keys = b"{" + b",".join(b'"%d":0' % (number * (2**61 - 1)) for number in range(1, 3000)) + b"}"
    assert isinstance(refused(dict[int, int], keys), ValidationError)


def test_instances_are_what_their_class_makes_of_them():
    made = json.decode(b'{"value": 1, "next": {"value": 2}}', Node)
    again = Node(1, Node(2))
    assert made == again
    assert vars(made) == vars(again)
    assert list(vars(made)) == list(vars(again))
    made.extra = 1
    del made.value
    assert vars(made) == {"next": Node(2), "extra": 1}
    slotted = dataclasses.make_dataclass(
        "Slotted", [("a", int), ("b", list[int], field(default_factory=list))], slots=True
    )
    one, two = json.decode(b'[{"a": 1}, {"b": [1], "a": 2}]', list[slotted])
    one.b.append(3)
    assert (one, two) == (slotted(1, [3]), slotted(2, [1]))


def test_decoders_classes_and_half_read_documents_leave_nothing_behind():
    def work():
        cls = dataclasses.make_dataclass("Local", [("a", int), ("rest", Rest[json.Raw], field(default_factory=dict))])
        decoder = json.Decoder(list[cls])
        cls.decoder = decoder
        decoder.decode(b'[{"a": 1, "x": [1]}]')
        stream = json.StreamDecoder(list[cls])
        stream.feed(b'[{"a": 1, "x": {"y": [1, "')
        with pytest.raises(ValidationError):
            decoder.decode(b'[{"a": 1, "x": [1]}, {"a": "x", "y": 1}]')
        return weakref.ref(cls)

    # Plans of the types last asked for are kept; these make room.
    gone = work()
    for number in range(1100):
        json.decode(b'"a"', Literal["a", f"{number}"])
    gc.collect()
    assert gone() is None


def test_nothing_said_is_anything_and_none_is_null():
    assert json.decode(b"[1]") == json.decode(b"[1]", Any) == [1]
    assert json.decode(b"null", None) is None
    for kind in (None, type(None)):
        assert isinstance(refused(kind, b"[1]"), ValidationError)
    assert list(json.items(b'[{"id": 1}, {"id": 2}]', "item", Plain)) == [Plain(1), Plain(2)]
    assert dict(json.members(b'{"a": {"id": 1}}', "", Plain)) == {"a": Plain(1)}
    with pytest.raises(ValidationError) as caught:
        list(json.items(b'{"a": [{"id": 1}, {"id": null}]}', "a.item", Plain))
    assert caught.value.path == "/a/1/id"
