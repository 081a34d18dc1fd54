"""Instances of classes as JSON: named fields, then the rest, in each way the encoder has to walk them."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import gc
import json as stdlib
import sys
import threading
import types
import typing
import uuid
import weakref
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from leaks import (
    assert_failures_leave_no_objects,
    assert_repetition_leaves_no_objects,
    failures,
    no_collector,
    wants_testcapi,
)

import forkedenc
from forkedenc import UNSET, EncodeError, Limits, Rest, _native, json

NO_LIMITS = Limits(max_depth=None, max_stack_bytes=None)


@dataclass(slots=True)
class Slots:
    x: Any
    y: Any = 5
    rest: Rest[Any] = field(default_factory=dict)


@dataclass
class Plain:
    x: Any
    y: Any = 5
    rest: Rest[Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    y: Any = 5
    rest: Rest[Any] = field(default_factory=dict)
    x: Annotated[Any, json.name("x")]


KINDS = pytest.mark.parametrize("kind", [Slots, Plain], ids=["slots", "dict"])


def wrapped(value, levels):
    """In so many lists: with 30 of them, deeper than what the hot loop keeps to itself."""
    for _ in range(levels):
        value = [value]
    return value


def encoded(value, **options):
    """The text, which is the same wherever the value stands."""
    text = json.encode(value, **options)
    for levels in (1, 30):
        around = json.encode(wrapped(value, levels), **options)
        if "indent" not in options:
            assert around == b"[" * levels + text + b"]" * levels
    asked = json.encode([Asked(value)], default=lambda asked: asked.value, **options)
    assert stdlib.loads(asked) == [stdlib.loads(text)]
    return text


class Asked:
    def __init__(self, value):
        self.value = value


@KINDS
def test_named_fields_come_first_in_order_then_the_rest_in_its_own(kind):
    value = kind(1, [kind(2, None, {"b": 1, "a": [kind(3)]})], {"z": {"k": kind(4)}, "é": "ü"})
    expected = '{"x":1,"y":[{"x":2,"y":null,"b":1,"a":[{"x":3,"y":5}]}],"z":{"k":{"x":4,"y":5}},"é":"ü"}'
    assert encoded(value) == expected.encode()
    assert json.encode_lines([value, value]) == (expected + "\n").encode() * 2
    assert json.Encoder().encode(value) == expected.encode()


@KINDS
def test_unset_fields_leave_no_trace_even_if_none_is_left(kind):
    assert encoded(kind(UNSET, UNSET)) == b"{}"
    assert encoded(kind(UNSET, 1)) == b'{"y":1}'
    assert encoded(kind(UNSET, UNSET, {"a": 1})) == b'{"a":1}'
    assert encoded([kind(UNSET, UNSET), kind(1, UNSET), {"k": kind(UNSET, UNSET)}]) == b'[{},{"x":1},{"k":{}}]'
    assert json.encode([kind(UNSET, UNSET)], indent=1) == b"[\n {}\n]"


def test_unset_elsewhere_than_in_a_field_is_refused():
    for value in ([UNSET], {"a": UNSET}, Slots(1, [UNSET]), Slots(1, 2, {"k": UNSET})):
        with pytest.raises(EncodeError):
            json.encode(value)


@KINDS
def test_defaults_are_left_out_if_asked(kind):
    assert encoded(kind(1), omit_defaults=True) == b'{"x":1}'
    assert encoded(kind(1, 6, {"a": 5}), omit_defaults=True) == b'{"x":1,"y":6,"a":5}'
    assert encoded(kind(5, 5.0), omit_defaults=True) == b'{"x":5,"y":5.0}'
    assert encoded(kind(5, True), omit_defaults=True) == b'{"x":5,"y":true}'


def test_empty_containers_are_defaults_of_their_factories_and_equal_objects_of_the_same_type_are_too():
    @dataclass(slots=True)
    class Defaults:
        items: list[int] = field(default_factory=list)
        table: dict[str, int] = field(default_factory=dict)
        unique: set[int] = field(default_factory=set)
        numbers: Any = field(default_factory=lambda: [1])
        day: Any = dt.date(2020, 1, 2)
        zero: float = 0.0
        pair: tuple[int, ...] = (1, 2)

    value = Defaults()
    assert json.encode(value, omit_defaults=True) == b'{"numbers":[1]}'
    value.day, value.zero, value.pair = dt.date(2020, 1, 2), -0.0, (1, True)
    value.items.append(1)
    assert json.encode(value, omit_defaults=True) == b'{"items":[1],"numbers":[1],"zero":-0.0,"pair":[1,true]}'


@KINDS
def test_indentation_and_sorting_treat_an_instance_as_the_dict_of_its_members(kind):
    value = [kind(1, [kind(2)], {"a": {"q": 1}, "é": [], "w": kind(UNSET)})]
    members = {"x": 1, "y": [{"x": 2, "y": 5}], "a": {"q": 1}, "é": [], "w": {"y": 5}}
    for options in ({"indent": 2}, {"sort_keys": True}, {"indent": "\t", "sort_keys": True}, {"indent": 0}):
        assert json.encode(value, **options) == json.encode([members], **options)


@KINDS
def test_a_member_of_the_rest_with_the_name_of_a_field_is_refused_wherever_it_stands(kind):
    for wraps, levels in ((lambda value: value, 0), (lambda value: wrapped([{"deep": value}], 30), 31)):
        for rest in ({"x": 1}, {"a": 1, "y": 2}, {"y": UNSET}):
            with pytest.raises(EncodeError) as caught:
                json.encode(wraps(kind(1, 2, rest)))
            assert caught.value.kind == "rest_clash"
            assert caught.value.path == ("/0" * levels + "/deep" if levels else "") + ("/x" if "x" in rest else "/y")
            with pytest.raises(EncodeError) as caught:
                json.encode(wraps(kind(1, 2, rest)), sort_keys=True)
            assert caught.value.kind == "rest_clash"
    # A field that is left out still has its name.
    with pytest.raises(EncodeError):
        json.encode(kind(UNSET, 2, {"x": 1}))
    assert encoded(kind(1, 2, {"X": 1, "x ": 2, "": 3, "xx": 4, "rest": 5})) == (
        b'{"x":1,"y":2,"X":1,"x ":2,"":3,"xx":4,"rest":5}'
    )


def test_keys_of_any_type_clash_by_the_text_that_is_written():
    @dataclass(slots=True)
    class Odd:
        one: Annotated[int, json.name("1")]
        null: Annotated[int, json.name("null")]
        day: Annotated[int, json.name("2020-01-02")]
        escaped: Annotated[int, json.name('"\\é\n')]
        rest: Rest[Any]

    good = Odd(1, 2, 3, 4, {2: 1, "other": 2, dt.date(2020, 1, 3): 3})
    text = r'{"1":1,"null":2,"2020-01-02":3,"\"\\é\n":4,"2":1,"other":2,"2020-01-03":3}'
    assert encoded(good) == text.encode()
    for key in ("1", 1, None, "null", "2020-01-02", dt.date(2020, 1, 2), '"\\é\n', Colour.ONE):
        for options in ({}, {"indent": 1}):
            for levels in (0, 30):
                with pytest.raises(EncodeError) as caught:
                    json.encode(wrapped(Odd(1, 2, 3, 4, {"a": 0, key: 1}), levels), **options)
                assert caught.value.kind == "rest_clash"


class Colour(enum.Enum):
    RED = "red"
    ONE = 1
    LIST = (1, 2)


class Text(enum.StrEnum):
    A = 'a"'


class Number(enum.IntEnum):
    ONE = 1


def test_many_fields_and_long_names_are_written_and_none_is_lost():
    names = [f"field_{number}" for number in range(300)] + ["n" * 27, "n" * 28, "n" * 29, "n" * 200, "m" * 5000]
    cls = dataclasses.make_dataclass("Many", [*((name, int) for name in names), ("rest", Rest[Any])], slots=True)
    more = {f"more_{number}": number for number in range(300)}
    value = cls(*range(len(names)), more)
    assert stdlib.loads(encoded([value] * 40)) == [dict(zip(names, range(len(names)), strict=True)) | more] * 40
    for name in names:
        with pytest.raises(EncodeError):
            json.encode(cls(*range(len(names)), more | {name: 1}))


def test_strings_of_every_length_fit_beside_keys_wherever_the_buffer_ends():
    cls = dataclasses.make_dataclass("Texts", [("a" * 20, str), ("b", Any), ("rest", Rest[Any])], slots=True)
    for length in [*range(0, 200, 7), 511, 512, 513, 5000, 70_000]:
        values = [cls("é" * length, length / 7, {"k" * (length % 40): "x" * length}) for _ in range(7)]
        expected = [{"a" * 20: "é" * length, "b": length / 7, "k" * (length % 40): "x" * length}] * 7
        assert stdlib.loads(json.encode(values)) == expected


@KINDS
def test_a_rest_that_is_no_dict_is_refused(kind):
    for rest in (None, [], 1, [("a", 1)], types.MappingProxyType({}), collections.UserDict()):
        for options in ({}, {"sort_keys": True}, {"indent": 1}):
            for levels in (0, 30):
                with pytest.raises(EncodeError) as caught:
                    json.encode(wrapped({"k": kind(1, 2, rest)}, levels), **options)
                assert caught.value.kind == "invalid_rest"
                assert caught.value.path == "/0" * levels + "/k"


@KINDS
def test_a_rest_of_a_subclass_of_dict_is_asked_for_its_items(kind):
    ordered = collections.OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    assert encoded(kind(1, 2, ordered)) == b'{"x":1,"y":2,"b":2,"a":1}'

    class Odd(dict):
        def items(self):
            return [("made", "up")]

    assert encoded(kind(1, 2, Odd(a=1))) == b'{"x":1,"y":2,"made":"up"}'

    class Bad(dict):
        def items(self):
            return [1]

    with pytest.raises(ValueError, match="2-tuples"):
        json.encode([kind(1, 2, Bad(a=1))])


@KINDS
def test_circles_through_fields_and_through_the_rest_are_refused(kind):
    def circles():
        through_field = kind(1)
        through_field.y = [through_field]
        through_rest = kind(1)
        through_rest.rest["again"] = through_rest
        in_a_list = kind(1)
        in_a_list.rest["again"] = [{"k": in_a_list}]
        the_rest_itself = kind(1)
        the_rest_itself.rest["again"] = the_rest_itself.rest
        two = kind(1)
        two.rest["other"] = kind(2, two)
        of_the_rest = kind(1)
        of_the_rest.rest["again"] = of_the_rest
        return [through_field, through_rest, in_a_list, the_rest_itself, two, of_the_rest.rest]

    for value in circles():
        for options in ({}, {"indent": 1}, {"sort_keys": True}):
            for levels in (0, 1, 30):
                with pytest.raises(EncodeError, match="Circular") as caught:
                    json.encode(wrapped(value, levels), limits=NO_LIMITS, **options)
                assert caught.value.kind == "circular"


@KINDS
def test_one_object_or_one_rest_in_two_places_is_no_circle(kind):
    shared = {"a": 1}
    twice = kind(kind(1, 2, shared), kind(1, 2, shared), shared)
    assert encoded([twice, twice]) == (
        b'[{"x":{"x":1,"y":2,"a":1},"y":{"x":1,"y":2,"a":1},"a":1},{"x":{"x":1,"y":2,"a":1},"y":{"x":1,"y":2,"a":1},"a":1}]'
    )


@KINDS
def test_instances_a_million_deep_are_written_without_limits_and_refused_with(kind):
    depth = 1_000_000
    value = kind(0, 0)
    for number in range(1, depth):
        value = kind(value, 0) if number % 2 else kind(0, 0, {"r": value})
    text = json.encode(value, limits=NO_LIMITS)
    assert text.startswith(b'{"x":{"x":0,"y":0,"r":{"x":')
    assert text.count(b"{") == text.count(b"}") == depth
    for limits, limit in ((Limits(), "max_depth"), (Limits(max_depth=None, max_stack_bytes=5000), "max_stack_bytes")):
        with pytest.raises(EncodeError) as caught:
            json.encode(value, limits=limits)
        assert caught.value.limit == limit
    # Taken apart in a loop: the interpreter's own deallocation of instances would go deep.
    while isinstance(value, kind):
        value = value.rest.get("r", value.x)


@KINDS
def test_depth_is_counted_in_instances_and_not_in_their_rests(kind):
    value = kind(1)
    for _ in range(39):
        value = kind(1, 2, {"r": value})
    assert json.encode(value, limits=Limits(max_depth=40))
    with pytest.raises(RecursionError):
        json.encode(value, limits=Limits(max_depth=39))
    with pytest.raises(RecursionError):
        json.encode([value], limits=Limits(max_depth=40))


@KINDS
def test_paths_of_errors_name_members_as_they_are_written(kind):
    cls = dataclasses.make_dataclass(
        "Named", [("first_name", Annotated[Any, json.name("first/name~")]), ("rest", Rest[Any])], slots=kind is Slots
    )
    for levels in (0, 30):
        for value, path in (
            (cls(object(), {}), "/first~1name~0"),
            (cls(1, {"a": 1, "b": [0, object()]}), "/b/1"),
            (cls([cls({"k": object()}, {})], {}), "/first~1name~0/0/first~1name~0/k"),
            (cls(1, {"k": cls(float("nan"), {})}), "/k/first~1name~0"),
            (cls(1, {object(): 1}), ""),
        ):
            for options in ({}, {"indent": 1}):
                with pytest.raises(EncodeError) as caught:
                    json.encode(wrapped(value, levels), **options)
                if path:
                    assert caught.value.path == "/0" * levels + path


def test_a_field_that_is_not_set_is_refused_with_its_path():
    value = Slots(1, 2)
    del value.y
    for levels in (0, 1, 30):
        for options in ({}, {"indent": 1}):
            with pytest.raises(EncodeError) as caught:
                json.encode(wrapped(value, levels), **options)
            assert (caught.value.kind, caught.value.path) == ("missing_field", "/0" * levels + "/y")
    bare = object.__new__(Plain)
    with pytest.raises(EncodeError) as caught:
        json.encode(bare)
    assert caught.value.path == "/x"
    assert isinstance(caught.value.__cause__, AttributeError)
    # What the class has instead is what Python says.
    bare.x, bare.rest = 1, {}
    assert json.encode(bare) == b'{"x":1,"y":5}'
    without_rest = Slots(1, 2)
    del without_rest.rest
    for levels in (0, 30):
        with pytest.raises(EncodeError) as caught:
            json.encode(wrapped(without_rest, levels))
        assert caught.value.kind == "missing_field"


def test_what_a_property_raises_passes():
    @dataclass
    class Lazy:
        value: int

    def raising(self):
        raise error

    Lazy.value = property(raising)
    for error in (ZeroDivisionError("mine"), KeyboardInterrupt("mine"), MemoryError("mine")):
        with pytest.raises(type(error), match="mine"):
            json.encode([object.__new__(Lazy)])
    error = AttributeError("mine")
    with pytest.raises(EncodeError) as caught:
        json.encode([object.__new__(Lazy)])
    assert caught.value.__cause__ is error


def test_classes_that_read_attributes_in_their_own_way_are_asked():
    @dataclass(slots=True)
    class Doubled:
        x: int

        def __getattribute__(self, name):
            found = object.__getattribute__(self, name)
            return found * 2 if name == "x" else found

    assert encoded(Doubled(4)) == b'{"x":8}'


def test_inherited_slots_and_fields_are_written_in_the_order_of_the_classes():
    @dataclass(slots=True)
    class Base:
        a: int
        rest: Rest[Any] = field(default_factory=dict, kw_only=True)

    @dataclass(slots=True)
    class Derived(Base):
        b: int = 2

    assert encoded(Derived(1, rest={"c": 3})) == b'{"a":1,"b":2,"c":3}'

    class Bare(Derived):
        pass

    assert encoded(Bare(1, rest={"c": 3})) == b'{"a":1,"b":2,"c":3}'


def test_frozen_and_keyword_only_classes_are_written():
    assert encoded(Frozen(x=1, rest={"z": 1})) == b'{"y":5,"x":1,"z":1}'


def test_renamed_classes_are_written_by_their_names_on_the_wire():
    @json.rename("camel")
    @dataclass(slots=True)
    class Person:
        first_name: str
        e_mail: Annotated[str, json.name("E-Mail")]
        rest: Rest[Any] = field(default_factory=dict)

    assert encoded(Person("A", "b", {"first_name": 1})) == b'{"firstName":"A","E-Mail":"b","first_name":1}'
    with pytest.raises(EncodeError):
        json.encode(Person("A", "b", {"firstName": 1}))


def test_named_tuples_are_objects_in_encode_and_arrays_in_dumps():
    class Point(typing.NamedTuple):
        x: int
        y: Any = 2
        rest: Rest[Any] = {}  # noqa: RUF012 - as its kind of class has it

    assert encoded(Point(1, [Point(3)], {"z": 4})) == b'{"x":1,"y":[{"x":3,"y":2}],"z":4}'
    assert json.dumps([Point(1)]) == stdlib.dumps([Point(1)]) == "[[1, 2, {}]]"
    assert json.dumps([collections.namedtuple("Old", "a b")(1, 2)]) == "[[1, 2]]"  # noqa: PYI024 - what is asked here


def test_typed_dicts_are_the_dicts_they_are():
    class Movie(typing.TypedDict):
        title: str

    assert encoded(Movie(title="x", more=1)) == b'{"title":"x","more":1}'


def test_dumps_knows_no_classes():
    for value in (Slots(1), Plain(1), Colour.RED, dt.date(2020, 1, 2), uuid.UUID(int=1), b"x", {1}):
        with pytest.raises(TypeError, match="not JSON serializable"):
            json.dumps([value])
        assert json.dumps([value], default=repr) == stdlib.dumps([value], default=repr)
    for key in (Colour.RED, dt.date(2020, 1, 2), b"x"):
        with pytest.raises(TypeError, match="keys must be"):
            json.dumps({key: 1})
        assert json.dumps({key: 1}, skipkeys=True) == "{}"


def test_attrs_msgspec_and_pydantic_classes_are_written_too():
    attrs = pytest.importorskip("attrs")
    msgspec = pytest.importorskip("msgspec")
    pydantic = pytest.importorskip("pydantic")
    values = [
        attrs.make_class("A", {"a": attrs.field(type=int), "rest": attrs.field(type=Rest[Any])})(1, {"z": 2}),
        msgspec.defstruct("S", [("a", int), ("rest", Rest[Any])])(1, {"z": 2}),
        pydantic.create_model("M", a=int, __config__={"extra": "allow"})(a=1, z=2),
        pydantic.create_model("M", a=int, rest=(Rest[Any], ...))(a=1, rest={"z": 2}),
    ]
    for value in values:
        assert encoded(value) == b'{"a":1,"z":2}'
        with pytest.raises(EncodeError):
            json.encode([type(value)(1, {"a": 2}) if value in values[:2] else clashing(value)])
    assert encoded(pydantic.create_model("M", a=int)(a=1)) == b'{"a":1}'


def clashing(model):
    if model.model_extra is None:
        model.rest["a"] = 2
    else:
        model.model_extra["a"] = 2
    return model


def test_tags_of_msgspec_come_first_and_clash_as_fields_do():
    msgspec = pytest.importorskip("msgspec")

    class Circle(msgspec.Struct, tag_field="kind", tag="cir\tcle"):
        r: int | msgspec.UnsetType = msgspec.UNSET
        rest: Rest[Any] = {}  # noqa: RUF012 - as its kind of class has it

    class Numbered(msgspec.Struct, tag=7):
        r: int

    assert encoded(Circle(1, {"z": 2})) == b'{"kind":"cir\\tcle","r":1,"z":2}'
    assert encoded([Circle(), Numbered(3)]) == b'[{"kind":"cir\\tcle"},{"type":7,"r":3}]'
    for options in ({}, {"indent": 1}):
        with pytest.raises(EncodeError) as caught:
            json.encode(Circle(1, {"kind": 2}), **options)
        assert caught.value.kind == "rest_clash"
    assert json.encode(Circle(1), indent=0) == b'{\n"kind": "cir\\tcle",\n"r": 1\n}'


def test_scalars_of_the_standard_library_are_written_as_their_standards_have_them():
    zone = dt.timezone(dt.timedelta(hours=2))
    values = {
        "2020-01-02T03:04:05.000006+02:00": dt.datetime(2020, 1, 2, 3, 4, 5, 6, zone),
        "2020-01-02": dt.date(2020, 1, 2),
        "03:04:05": dt.time(3, 4, 5),
        "P1DT2S": dt.timedelta(days=1, seconds=2),
        "00000000-0000-0000-0000-000000000007": uuid.UUID(int=7),
        "YQBi": b"a\0b",
        "red": Colour.RED,
        'a"': Text.A,
    }
    for text, value in values.items():
        assert stdlib.loads(encoded(value)) == text
        assert stdlib.loads(encoded(Slots(value, [value], {"k": value}))) == {"x": text, "y": [text], "k": text}
        for options in ({}, {"indent": 2}, {"sort_keys": True}):
            assert stdlib.loads(
                encoded(
                    {
                        value: {value: [1]},
                    },
                    **options,
                )
            ) == {text: {text: [1]}}
    assert encoded([bytearray(b"a"), memoryview(b"a"), Number.ONE, Colour.LIST]) == b'["YQ==","YQ==",1,[1,2]]'
    assert encoded({decimal.Decimal("1.50"): decimal.Decimal("1.50"), Colour.ONE: 1}) == b'{"1.50":1.50,"1":1}'


def test_sets_are_arrays():
    assert encoded([{1}, frozenset("a"), set(), [frozenset()]]) == b'[[1],["a"],[],[[]]]'
    assert sorted(stdlib.loads(json.encode({1, 2, 3}))) == [1, 2, 3]


def test_keys_without_a_text_are_refused():
    for key in (Colour.LIST, (1, 2), frozenset(), object(), 1j):
        for value in ({key: 1}, {"a": 1, key: [1]}, Slots(1, 2, {key: 1})):
            for levels in (0, 30):
                for options in ({}, {"indent": 1}):
                    with pytest.raises(EncodeError, match="keys must be"):
                        json.encode(wrapped(value, levels), **options)


def test_what_has_a_text_by_its_type_but_not_by_its_value_is_refused():
    odd = dt.time(1, tzinfo=dt.timezone(dt.timedelta(seconds=1)))
    for value in ([odd], {odd: 1}, Slots(odd)):
        with pytest.raises(EncodeError) as caught:
            json.encode(value)
        assert "01:00" not in str(caught.value)
    with pytest.raises(EncodeError):
        json.encode(decimal.Decimal("NaN"))


def test_a_zone_that_raises_passes_its_exception_on_from_values_and_from_keys():
    class Zone(dt.tzinfo):
        def utcoffset(self, moment):
            raise ZeroDivisionError

    value = dt.datetime(2020, 1, 2, tzinfo=Zone())
    for around in (lambda: [value], lambda: {KeyOf(value): 1}, lambda: Slots(value)):
        with pytest.raises(ZeroDivisionError):
            json.encode(around())


class KeyOf(dt.datetime):
    """A datetime with a hash of its own: that of datetime asks the zone."""

    def __new__(cls, value):
        return super().__new__(cls, value.year, value.month, value.day, tzinfo=value.tzinfo)

    def __hash__(self):
        return 1


def test_code_that_runs_for_a_value_may_change_what_is_being_written():
    def clear(asked):
        value.rest.clear()
        value.y = [1] * 100
        del value.x
        outer.clear()
        gc.collect()
        return "asked"

    for kind in (Slots, Plain):
        for levels in (0, 30):
            value = kind(1, [Asked(1), 2], {f"k{number}": str(number) for number in range(20)} | {"a": 1})
            outer = [value, 1]
            text = json.encode(wrapped(outer, levels), default=clear)
            assert text[levels:].startswith(b'[{"x":1,"y":["asked",2]')
            assert stdlib.loads(text)
            value = kind(Asked(1), UNSET, {})
            outer = [value]

            def fill(asked, value=value):
                value.rest["late"] = 1
                return 1

            # Of an instance that is not read where it lies, the members are those it had.
            assert json.encode(value, default=fill) in (b'{"x":1,"late":1}', b'{"x":1}')


def test_code_that_runs_for_a_key_may_change_the_rest():
    class Key(dt.tzinfo):
        def utcoffset(self, moment):
            value.rest.clear()
            value.rest = None
            gc.collect()
            return dt.timedelta()

    for levels in (0, 30):
        value = Slots(1, 2)
        value.rest[KeyOf(dt.datetime(2020, 1, 2, tzinfo=Key()))] = ["kept"] * 2
        value.rest["b"] = 1
        text = json.encode(wrapped(value, levels))
        assert stdlib.loads(text[levels : len(text) - levels]) == {
            "x": 1,
            "y": 2,
            "2020-01-02T00:00:00Z": ["kept", "kept"],
        }


def test_an_instance_may_get_another_class_while_it_is_written():
    @dataclass(slots=True)
    class Other:
        x: Any
        y: Any = 5
        rest: Rest[Any] = field(default_factory=dict)

    class Alien:
        __slots__ = ("rest", "x", "y")

    def change(asked):
        value.__class__ = asked.value
        return 1

    for cls in (Other, Alien):
        value = Slots(Asked(cls), 2, {"a": 1})
        try:
            value.__class__ = cls
            value.__class__ = Slots
        except TypeError:
            continue
        json.encode(Other(1))
        if cls is Other:
            assert json.encode([value], default=change) == b'[{"x":1,"y":2,"a":1}]'
        else:
            with pytest.raises(EncodeError) as caught:
                json.encode([value], default=change)
            assert caught.value.kind == "changed"


def test_stand_ins_may_be_instances_and_fields_may_need_stand_ins():
    value = Slots(Asked(Slots(1, Asked([Plain(2)]))), 3, {"r": Asked(Frozen(x=4))})
    assert json.encode(value, default=lambda asked: asked.value) == (
        b'{"x":{"x":1,"y":[{"x":2,"y":5}]},"y":3,"r":{"y":5,"x":4}}'
    )


def test_surrogates_and_sizes_are_refused_inside_instances_as_elsewhere():
    for value in (Slots("\ud800"), Slots(1, 2, {"\ud800": 1}), Plain(1, 2, {"\ud800": 1})):
        with pytest.raises(EncodeError) as caught:
            json.encode([value])
        assert caught.value.kind == "lone_surrogate"
    value = [Slots(1, "é" * 50, {"key": [1]})] * 20
    text = json.encode(value)
    assert json.encode(value, limits=Limits(max_document_bytes=len(text))) == text
    for size in (1, 10, len(text) // 2, len(text) - 1):
        with pytest.raises(EncodeError) as caught:
            json.encode(value, limits=Limits(max_document_bytes=size))
        assert (caught.value.limit, caught.value.observed) == ("max_document_bytes", size + 1)


def test_a_field_whose_name_no_utf_8_can_say_is_refused():
    cls = dataclasses.make_dataclass("Bad", [("a", Annotated[int, json.name("\ud800")])], slots=True)
    with pytest.raises(forkedenc.SchemaError):
        json.encode([cls(1)])


def test_a_class_with_two_rests_is_refused_when_it_is_met():
    cls = dataclasses.make_dataclass("Two", [("a", Rest[Any]), ("b", Rest[Any])])
    with pytest.raises(forkedenc.SchemaError):
        json.encode(cls({}, {}))


def test_no_class_lives_for_having_been_encoded():
    def one(number):
        options = {"slots": bool(number % 2)}
        cls = dataclasses.make_dataclass("Short", [("a", Any), ("b", Any), ("rest", Rest[Any])], **options)
        cls.b = None if options["slots"] is False else cls.b
        assert json.encode([cls(1, Asked(2), {"c": 3})], default=lambda asked: cls(4, 5, {}))
        assert json.encode([cls(1, 2, {})], omit_defaults=True, indent=1)
        return weakref.ref(cls)

    def with_itself_as_default():
        @dataclass
        class Own:
            a: Any = None

        default = Own()
        Own.__dataclass_fields__["a"].default = default
        assert json.encode(Own(default), omit_defaults=True) == b"{}"
        return weakref.ref(Own)

    gc.collect()
    before = _native.known_classes()
    gone = [one(number) for number in range(100)] + [with_itself_as_default()]
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)
    assert _native.known_classes() <= before + 2


def test_a_new_class_at_the_address_of_an_old_one_is_a_class_of_its_own():
    for number in range(300):
        cls = dataclasses.make_dataclass("Again", [(f"f{number}", int)], slots=True)
        assert json.encode([cls(number)] * 2) == f'[{{"f{number}":{number}}},{{"f{number}":{number}}}]'.encode()
        del cls
        if number % 50 == 0:
            gc.collect()


def test_classes_in_great_number_are_all_known():
    classes = [dataclasses.make_dataclass("C", [(f"f{number}", int)], slots=True) for number in range(1500)]
    for _ in range(2):
        text = json.encode([cls(number) for number, cls in enumerate(classes)])
        assert stdlib.loads(text) == [{f"f{number}": number} for number in range(1500)]


def test_threads_meet_new_classes_at_once():
    results = []
    barrier = threading.Barrier(8)

    def work():
        barrier.wait()
        results.extend(json.encode([cls(Slots(1), {"z": 2}) for cls in classes]) for classes in rounds)

    rounds = [
        [dataclasses.make_dataclass("T", [("a", Any), ("rest", Rest[Any])], slots=True) for _ in range(5)]
        for _ in range(20)
    ]
    threads = [threading.Thread(target=work) for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert set(results) == {b"[" + b",".join([b'{"a":{"x":1,"y":5},"z":2}'] * 5) + b"]"}
    assert len(results) == 160


def test_references_are_given_back_whatever_ends_an_encode():
    markers = [object(), "marker" * 9, {"marker": 1}]

    def once(value, **options):
        try:
            json.encode(value, **options)
        except (EncodeError, ZeroDivisionError):
            return

    def fail(asked):
        raise ZeroDivisionError

    before = [sys.getrefcount(marker) for marker in markers]
    for levels in (0, 30):
        for kind in (Slots, Plain):
            for _ in range(50):
                for options in ({}, {"indent": 1}, {"sort_keys": True}, {"omit_defaults": True}):
                    once(wrapped(kind(markers[1], 1, markers[2]), levels), **options)
                    once(wrapped(kind(markers[0], 1, markers[2]), levels), **options)
                    once(wrapped(kind(1, 1, {"x": markers[0], "k": markers[1]}), levels), **options)
                    once(wrapped(kind(1, [Asked(markers)], {"k": markers[1]}), levels), default=fail, **options)
                    once(wrapped(kind(1, 2, {Colour.RED: markers[1], Colour.LIST: 1}), levels), **options)
    assert [sys.getrefcount(marker) for marker in markers] == before


DEEP = wrapped(Slots(1, {Colour.RED: 1}, {Colour.ONE: [Plain(1)]}), 30)
CASES = {
    "slots": lambda: json.encode([Slots(1, [Slots(2)], {"a": 1, "b": [1]})]),
    "attributes": lambda: json.encode([Plain(1, [Plain(2)], {"a": 1, "b": [1]})]),
    "indented": lambda: json.encode([Plain(1, [Slots(2)], {"a": 1, "b": [1]})], indent=1, omit_defaults=True),
    "deep": lambda: json.encode([DEEP]),
    "texts": lambda: json.encode([Colour.RED, b"x", {1}, uuid.UUID(int=1), {dt.date(2020, 1, 2): Number.ONE}]),
    "sorted": lambda: json.encode([Slots(1, 2, {"a": 1})], sort_keys=True),
    "stand-ins": lambda: json.encode([STAND_INS], default=stand_in),
}
STAND_INS = [Asked(Slots(1, 2, {"a": 1})), Slots(Asked(1))]


def stand_in(asked):
    return asked.value


@pytest.mark.parametrize("name", CASES)
def test_repetition_leaves_no_objects(name):
    assert_repetition_leaves_no_objects(CASES[name], rounds=2000)


@wants_testcapi
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", CASES)
def test_a_failure_of_the_nth_allocation_is_a_memory_error_and_leaks_nothing(name, lasting):
    call = CASES[name]
    with no_collector():
        call()
        assert failures(call, lasting) > 0
        assert_failures_leave_no_objects(call, lasting, rounds=20)
