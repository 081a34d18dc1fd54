# ruff: noqa: PIE796, PYI016, PYI030, PYI051, PYI061, PYI062, UP006, UP007, UP019, UP045, RUF041 - odd spellings are what is tested
"""Types that are no classes with fields: what node each becomes, its rules, and unions."""

import collections.abc
import datetime as dt
import decimal
import enum
import re
import typing
import uuid
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any, Literal, NewType, Optional, TypeVar, Union

import pytest

from forkedenc import UNSET, Rest, SchemaError, UnsetType, _schema
from forkedenc._schema import Constraints

annotated_types = pytest.importorskip("annotated_types")
extensions = pytest.importorskip("typing_extensions")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"
    ALSO_RED = "red"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


Word = enum.StrEnum("Word", ["ONE", "TWO"])
UserId = NewType("UserId", int)
Text = NewType("Text", Annotated[str, annotated_types.MinLen(1)])


def node(kind, **options):
    """The node of a type, with the nodes in it laid open."""
    schema = _schema.compile(kind, **options)
    return opened(schema, schema.root)


def opened(schema, number):
    found = schema.nodes[number]
    match found[0]:
        case "list" | "set" | "frozenset" | "variadic":
            return (found[0], opened(schema, found[1]), *found[2:])
        case "tuple" | "union":
            return (found[0], tuple(opened(schema, item) for item in found[1]), *found[2:])
        case "dict":
            return (found[0], opened(schema, found[1]), opened(schema, found[2]), *found[3:])
        case "class":
            return ("class", schema.shapes[found[1]].cls)
        case "tagged":
            return (*found[:2], tuple((tag, schema.shapes[shape].cls) for tag, shape in found[2]))
    return found


def scalar(kind, argument=None, **rules):
    return ("scalar", kind, argument, Constraints(**rules) if rules else None)


def refused(kind, *parts, **options):
    with pytest.raises(SchemaError) as caught:
        _schema.compile(kind, **options)
    for part in parts:
        assert part in str(caught.value)


INT, STR, FLOAT, ANY, NONE = scalar("int"), scalar("str"), scalar("float"), ("any",), ("none",)


@pytest.mark.parametrize(
    "kind, expected",
    [
        (Any, ANY),
        (object, ANY),
        (bool, ("bool",)),
        (None, NONE),
        (type(None), NONE),
        (int, INT),
        (float, FLOAT),
        (str, STR),
        (typing.Text, STR),
        (extensions.LiteralString, STR),
        (bytes, scalar("bytes")),
        (decimal.Decimal, scalar("decimal")),
        (dt.datetime, scalar("datetime")),
        (dt.date, scalar("date")),
        (dt.time, scalar("time")),
        (dt.timedelta, scalar("timedelta")),
        (uuid.UUID, scalar("uuid")),
        (UserId, INT),
        (Annotated[int, "a count"], INT),
        (typing.Final[int], INT),
    ],
)
def test_a_scalar_type_has_its_node(kind, expected):
    assert node(kind) == expected


@pytest.mark.parametrize(
    "kind, expected",
    [
        (list[int], ("list", INT, None)),
        (typing.List[int], ("list", INT, None)),
        (list, ("list", ANY, None)),
        (typing.List, ("list", ANY, None)),
        (typing.Sequence[int], ("list", INT, None)),
        (collections.abc.MutableSequence[int], ("list", INT, None)),
        (collections.abc.Collection[int], ("list", INT, None)),
        (set[int], ("set", INT, None)),
        (set, ("set", ANY, None)),
        (collections.abc.Set[int], ("set", INT, None)),
        (frozenset[tuple[int, ...]], ("frozenset", ("variadic", INT, None), None)),
        (tuple[int, str], ("tuple", (INT, STR), None)),
        (tuple[int, ...], ("variadic", INT, None)),
        (tuple, ("variadic", ANY, None)),
        (typing.Tuple, ("variadic", ANY, None)),
        (tuple[()], ("tuple", (), None)),
        (typing.Tuple[()], ("tuple", (), None)),
        (dict[str, int], ("dict", STR, INT, None)),
        (dict, ("dict", STR, ANY, None)),
        (dict[Any, int], ("dict", STR, INT, None)),
        (typing.Mapping[str, list[int]], ("dict", STR, ("list", INT, None), None)),
        (collections.abc.MutableMapping[UserId, int], ("dict", INT, INT, None)),
        (dict[uuid.UUID, int], ("dict", scalar("uuid"), INT, None)),
        (dict[dt.date, int], ("dict", scalar("date"), INT, None)),
    ],
)
def test_a_container_has_the_nodes_of_its_items(kind, expected):
    assert node(kind) == expected


def test_nodes_come_before_what_holds_them():
    schema = _schema.compile(dict[UserId, list[tuple[int, str]]])
    for number, found in enumerate(schema.nodes):
        if found[0] == "dict":
            assert found[1] < number
            assert found[2] < number


def test_an_enum_is_its_values_with_their_members():
    assert node(Colour) == scalar("enum", (Colour, (("red", Colour.RED), ("blue", Colour.BLUE))))
    assert node(Level)[2] == (Level, ((1, Level.LOW), (2, Level.HIGH)))
    values = [raw for raw, _ in (*node(Level)[2][1], *node(Word)[2][1])]
    assert [type(raw) for raw in values] == [int, int, str, str]
    assert node(dict[Colour, int])[1] == node(Colour)


def test_a_literal_is_pairs_since_one_is_true():
    argument = node(Literal[1, True, "a", None])[2]
    assert [(type(raw), value) for raw, value in argument] == [(int, 1), (bool, True), (str, "a"), (type(None), None)]
    assert node(Literal["a", Literal["b", "a"]]) == scalar("literal", (("a", "a"), ("b", "b")))
    assert node(Literal[Colour.RED, "x"]) == scalar("literal", (("red", Colour.RED), ("x", "x")))


# Rules.


class Grouped:
    """What has annotated-types' protocol for several rules at once."""

    __is_annotated_types_grouped_metadata__ = True

    def __iter__(self):
        yield annotated_types.Ge(1)
        yield annotated_types.Lt(9)


@pytest.mark.parametrize(
    "kind, expected",
    [
        (Annotated[int, annotated_types.Ge(1)], scalar("int", ge=1)),
        (Annotated[float, annotated_types.Gt(0), annotated_types.Le(1.5)], scalar("float", gt=0, le=1.5)),
        (Annotated[int, annotated_types.Interval(gt=1, lt=5)], scalar("int", gt=1, lt=5)),
        (Annotated[int, annotated_types.MultipleOf(5)], scalar("int", multiple_of=5)),
        (Annotated[int, Grouped()], scalar("int", ge=1, lt=9)),
        (
            Annotated[str, annotated_types.MinLen(1), annotated_types.MaxLen(3)],
            scalar("str", min_length=1, max_length=3),
        ),
        (Annotated[str, annotated_types.Len(2, 4)], scalar("str", min_length=2, max_length=4)),
        (Annotated[bytes, annotated_types.MaxLen(3)], scalar("bytes", max_length=3)),
        (Annotated[str, re.compile("^a")], scalar("str", pattern=re.compile("^a"))),
        (Annotated[list[int], annotated_types.MaxLen(3)], ("list", INT, Constraints(max_length=3))),
        (Annotated[tuple[int, ...], annotated_types.MaxLen(3)], ("variadic", INT, Constraints(max_length=3))),
        (Annotated[dict[str, int], annotated_types.MaxLen(3)], ("dict", STR, INT, Constraints(max_length=3))),
        (Annotated[dt.date, annotated_types.Ge(dt.date(2020, 1, 1))], scalar("date", ge=dt.date(2020, 1, 1))),
        (Annotated[dt.timedelta, annotated_types.Gt(dt.timedelta(0))], scalar("timedelta", gt=dt.timedelta(0))),
        (Annotated[decimal.Decimal, annotated_types.Ge(0)], scalar("decimal", ge=0)),
        (Annotated[UserId, annotated_types.Ge(1)], scalar("int", ge=1)),
        (Annotated[Text, annotated_types.MaxLen(9)], scalar("str", min_length=1, max_length=9)),
        (list[Annotated[int, annotated_types.Ge(1)]], ("list", scalar("int", ge=1), None)),
    ],
)
def test_rules_stand_in_the_node_of_what_they_are_for(kind, expected):
    assert node(kind) == expected


def test_of_two_rules_alike_the_tighter_counts():
    kind = Annotated[int, annotated_types.Ge(1), annotated_types.Ge(3), annotated_types.Lt(9), annotated_types.Lt(7)]
    assert node(kind) == scalar("int", ge=3, lt=7)


def test_rules_around_a_union_are_for_the_members_that_they_fit():
    kind = Annotated[int | list[str] | None, annotated_types.Ge(1), annotated_types.MinLen(2)]
    assert node(kind) == ("union", (scalar("int", ge=1), ("list", STR, Constraints(min_length=2)), NONE))
    assert node(Optional[Annotated[int, annotated_types.Ge(1)]]) == ("union", (scalar("int", ge=1), NONE))


@pytest.mark.parametrize(
    "kind, part",
    [
        (Annotated[str, annotated_types.Ge(1)], "ge does not fit str"),
        (Annotated[int, annotated_types.MinLen(1)], "min_length does not fit int"),
        (Annotated[int, re.compile("a")], "pattern does not fit int"),
        (Annotated[bool, annotated_types.Ge(1)], "ge does not fit bool"),
        (Annotated[Colour, annotated_types.MinLen(1)], "min_length does not fit enum"),
        (Annotated[Any, annotated_types.MinLen(1)], "min_length does not fit any"),
        (Annotated[int, annotated_types.Ge("1")], "ge does not fit int"),
        (Annotated[dt.date, annotated_types.Ge(dt.datetime(2020, 1, 1))], "ge does not fit date"),
        (Annotated[int | None, annotated_types.MinLen(1)], "min_length fits no member"),
        (Annotated[int, annotated_types.MultipleOf(0)], "multiple_of must be"),
        (
            Annotated[int, annotated_types.MultipleOf(3), annotated_types.MultipleOf(5)],
            "two different rules multiple_of",
        ),
        (Annotated[int, annotated_types.Ge(float("nan"))], "not NaN"),
        (Annotated[str, annotated_types.MinLen(-1)], "min_length must be"),
        (Annotated[str, re.compile(b"a")], "pattern of bytes"),
        (Annotated[int, annotated_types.Predicate(bool)], "Predicate can't be kept"),
    ],
)
def test_a_rule_that_can_not_be_kept_is_refused(kind, part):
    refused(make_dataclass("Item", [("a", kind)]), "Item.a: ", part)


def test_rules_of_pydantic_and_msgspec_are_read():
    pydantic, msgspec = pytest.importorskip("pydantic"), pytest.importorskip("msgspec")
    assert node(Annotated[int, pydantic.Field(ge=1, lt=9)]) == scalar("int", ge=1, lt=9)
    assert node(Annotated[str, pydantic.Field(pattern="^a", min_length=1)]) == scalar(
        "str", pattern=re.compile("^a"), min_length=1
    )
    assert node(Annotated[str, pydantic.StringConstraints(max_length=3)]) == scalar("str", max_length=3)
    assert node(Annotated[int, msgspec.Meta(gt=1, multiple_of=2)]) == scalar("int", gt=1, multiple_of=2)
    assert node(Annotated[str, msgspec.Meta(pattern="b", max_length=3, title="x")]) == scalar(
        "str", pattern=re.compile("b"), max_length=3
    )
    refused(Annotated[dt.datetime, msgspec.Meta(tz=True)], "tz")


def test_a_pattern_that_is_none_is_refused():
    class Marked:
        pattern = "("

    refused(Annotated[str, Marked()], "its pattern is none")


# Unions.


@dataclass
class Circle:
    kind: Literal["circle"]
    r: int


@dataclass
class Square:
    side: int
    kind: Literal["square", "rect"]


@dataclass
class First:
    version: Literal[1]
    kind: Literal["circle"] = "circle"


@dataclass
class Other:
    a: int


@pytest.mark.parametrize(
    "kind, expected",
    [
        (Optional[int], ("union", (INT, NONE))),
        (int | None, ("union", (INT, NONE))),
        (Union[int, str, list[int], None], ("union", (INT, STR, ("list", INT, None), NONE))),
        (bool | int, ("union", (("bool",), INT))),
        (Optional[Any], ANY),
        (int | object, ANY),
        (Optional[Other], ("union", (("class", Other), NONE))),
        (UserId | int, INT),
        (Union[int], INT),
        (Literal["a"] | int, ("union", (INT, scalar("literal", (("a", "a"),))))),
        (Union[Literal["a"], Literal["b"]], scalar("literal", (("a", "a"), ("b", "b")))),
        (Union[Literal["a"], str], STR),
        (Optional[Literal["a", None]], ("union", (NONE, scalar("literal", (("a", "a"),))))),
        (Optional[Union[int, Optional[str]]], ("union", (INT, STR, NONE))),
        (int | UnsetType, INT),
        (int | None | UnsetType, ("union", (INT, NONE))),
        (dt.datetime | int, ("union", (scalar("datetime"), INT))),
        (Colour | Level, ("union", (node(Colour), node(Level)))),
    ],
)
def test_the_members_of_a_union_are_told_by_their_tokens(kind, expected):
    assert node(kind) == expected


def test_an_int_is_an_int_where_a_float_may_stand_too():
    # The later member wins.
    assert node(int | float) == node(float | int) == ("union", (FLOAT, INT))
    assert node(int | None | float) == ("union", (FLOAT, INT, NONE))


@pytest.mark.parametrize(
    "kind, parts",
    [
        (str | dt.datetime, ("str and datetime can't be told apart", "string")),
        (str | bytes, ("str and bytes",)),
        (uuid.UUID | dt.date, ("UUID and date",)),
        (list[int] | set[int], ("list[int] and set[int]", "array")),
        (dict[str, int] | Other, ("dict[str, int]", "Other", "object")),
        (decimal.Decimal | int, ("Decimal and int", "int")),
        (Colour | str, ("Colour and str",)),
        (Colour | Word, ("Colour and Word",)),
        (Annotated[int, annotated_types.Ge(1)] | Annotated[int, annotated_types.Le(0)], ("int and int",)),
        (Circle | Other, ("Circle and Other", "no field is a Literal")),
        (Circle | Square | First, ("Circle and First",)),
        (UnsetType, ("UNSET",)),
        (Literal["red", Colour.RED], ("two values",)),
    ],
)
def test_a_union_whose_members_can_not_be_told_apart_is_refused(kind, parts):
    refused(make_dataclass("Item", [("a", kind)]), "Item.a: ", *parts)


def test_classes_are_told_apart_by_a_literal_of_each():
    tagged = ("tagged", "kind", (("circle", Circle), ("rect", Square), ("square", Square)))
    assert node(Circle | Square) == tagged
    assert node(Circle | Square | None | list[int]) == ("union", (tagged, NONE, ("list", INT, None)))
    assert node(First | make_dataclass("Second", [("version", Literal[2])]))[:2] == ("tagged", "version")


def test_the_literal_that_tells_classes_apart_has_its_name_in_documents():
    from forkedenc import json

    one = make_dataclass("One", [("kind", Annotated[Literal["a"], json.name("@type")])])
    two = make_dataclass("Two", [("type", Annotated[Literal["b"], json.name("@type")])])
    assert node(one | two) == ("tagged", "@type", (("a", one), ("b", two)))


# Aliases and variables.

Json = extensions.TypeAliasType("Json", "dict[str, Json] | list[Json] | str | int | float | bool | None")
T = TypeVar("T")
Pairs = extensions.TypeAliasType("Pairs", list[tuple[T, T]], type_params=(T,))
Loop = extensions.TypeAliasType("Loop", "Loop | None")


def test_an_alias_is_what_it_stands_for():
    assert node(Pairs[int]) == ("list", ("tuple", (INT, INT), None), None)
    assert node(Annotated[Pairs[int], annotated_types.MaxLen(2)])[2] == Constraints(max_length=2)


def test_an_alias_may_stand_within_itself():
    schema = _schema.compile(Json)
    kind, members = schema.nodes[schema.root]
    assert kind == "union"
    inner = {schema.nodes[member][0]: schema.nodes[member] for member in members}
    assert inner["dict"][2] == inner["list"][1] == schema.root
    assert not any(schema.nodes[member][0] == "union" for member in members)
    refused(Loop, "Loop stands for itself")


def test_an_alias_in_a_union_is_laid_flat():
    schema = _schema.compile(Optional[Json])
    _, members = schema.nodes[schema.root]
    assert len(members) == 7


# What can't be decoded.


class Opaque:
    def __init__(self, x):
        self.x = x


class Permission(enum.Flag):
    READ = 1


class Halves(enum.Enum):
    HALF = 0.5


@pytest.mark.parametrize(
    "kind, part",
    [
        (complex, "complex can't be decoded without a dec_hook"),
        (typing.Callable[[], int], "Callable"),
        (re.Pattern, "Pattern"),
        (typing.Iterator[int], "Iterator[int]"),
        (typing.Iterable[int], "Iterable[int]"),
        (Opaque, "Opaque"),
        (type[int], "type[int]"),
        (len, "len is no type"),
        (5, "an instance of int is no type"),
        (bytearray, "bytearray"),
        (collections.deque[int], "deque"),
        (collections.defaultdict[str, int], "defaultdict"),
        (Permission, "Flag"),
        (Halves, "Halves.HALF"),
        (enum.Enum("Empty", []), "no members"),
        (Literal["\ud800"], "lone surrogates"),
        (enum.Enum("Lone", {"A": "\udfff"}), "lone surrogates"),
        (Literal[b"a"], "no str, int, bool or None"),
        (Literal[Halves.HALF], "neither str nor int"),
        (dict[float, int], "float is no type of keys"),
        (dict[bool, int], "bool is no type of keys"),
        (dict[bytes, int], "bytes is no type of keys"),
        (dict[int | str, int], "is no type of keys"),
        (dict[Literal["a", None], int], "is no type of keys"),
        (dict[tuple[int, int], int], "is no type of keys"),
        (Rest, "Rest"),
        (extensions.Never, "Never"),
        (tuple[int, extensions.Unpack[tuple[str, ...]]], "any length"),
        (tuple[int, *tuple[str, ...]], "any length"),
    ],
)
def test_a_type_that_can_not_be_decoded_is_refused_with_the_path_to_it(kind, part):
    refused(kind, part)
    inner = make_dataclass("Inner", [("list_of", list[kind])])
    refused(make_dataclass("Outer", [("a", int), ("inner", dict[str, inner])]), "Outer.inner{}.list_of[]", part)


@pytest.mark.parametrize(
    "item", [list[int], dict[str, int], set[int], tuple[list[int], int], Other, Optional[list[int]], Circle | Square]
)
def test_a_set_of_what_can_not_be_hashed_is_refused(item):
    refused(set[item], "can't be hashed")
    refused(frozenset[item], "can't be hashed")


def test_a_set_of_what_can_be_hashed_is_not():
    frozen = make_dataclass("Frozen", [("a", int)], frozen=True)
    assert node(set[frozen]) == ("set", ("class", frozen), None)
    assert node(set[int | None])[0] == "set"


def test_types_nested_without_measure_are_refused():
    kind = int
    for _ in range(3_000):
        kind = list[kind]
    refused(kind, "nested too deeply")


def test_a_path_and_a_type_can_not_rewrite_a_terminal():
    name = "Evil\x1b[31m\u202e"
    kind = type(name, (), {})
    with pytest.raises(SchemaError) as caught:
        _schema.compile(kind)
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


# With the caller's hook.


@pytest.mark.parametrize(
    "kind", [complex, Opaque, typing.Callable[[], int], re.Pattern, type[int], Permission, Halves, bytearray]
)
def test_with_a_hook_an_unknown_type_is_asked_of_it(kind):
    assert node(list[kind], hook=True) == ("list", ("hook", kind), None)


def test_with_a_hook_null_is_still_none():
    # The later member wins.
    assert node(Optional[Opaque], hook=True) == ("union", (("hook", Opaque), NONE))
    refused(Union[Opaque, int], "can't be told apart", hook=True)


def test_with_a_hook_what_is_no_type_is_refused():
    for kind in (5, len, Literal[b"a"]):
        refused(kind, hook=True)


def test_lax_is_passed_on():
    assert _schema.compile(int, lax=True).lax
    assert not _schema.compile(int).lax


# What the XML codec asks.


def test_the_node_of_a_scalar_type_can_be_asked_for_alone():
    assert _schema.scalar_node(Annotated[UserId, annotated_types.Ge(1)], "") == scalar("int", ge=1)
    assert _schema.scalar_node(Colour, "") == node(Colour)
    assert _schema.scalar_node(bool, "") == ("bool",)
    for kind in (list[int], Other, Optional[int], Any, complex):
        assert _schema.scalar_node(kind, "") is None
    with pytest.raises(SchemaError, match=r"^A\.b: the rule ge does not fit str"):
        _schema.scalar_node(Annotated[str, annotated_types.Ge(1)], "A.b")


def test_unset_is_false_alone_and_itself_when_copied():
    import copy
    import pickle

    assert not UNSET
    assert repr(UNSET) == "UNSET"
    assert copy.deepcopy(UNSET) is copy.copy(UNSET) is UNSET
    assert pickle.loads(pickle.dumps(UNSET)) is UNSET
