"""Classes of every kind: which fields they have, and how their instances are made."""

import abc
import collections
import dataclasses
import sys
import types
import typing
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import Annotated, Any, ClassVar, Generic, NamedTuple, Protocol, TypedDict, TypeVar

import pytest

from forkedenc import REST, UNSET, Rest, SchemaError, UnsetType, _schema, json
from forkedenc._schema import MISSING

T = TypeVar("T")
U = TypeVar("U")


def shape(kind, **options):
    schema = _schema.compile(kind, **options)
    node = schema.nodes[schema.root]
    assert node[0] == "class"
    return schema.shapes[node[1]]


def types_of(kind):
    """The fields of a class, each with its node, classes as they are and nodes within nodes laid open."""
    schema = _schema.compile(kind)
    return {own.name: laid_open(schema, own.node) for own in schema.shapes[schema.nodes[schema.root][1]].fields}


def laid_open(schema, number):
    node = schema.nodes[number]
    match node[0]:
        case "scalar":
            return node[1]
        case "list" | "set" | "frozenset" | "variadic":
            return (node[0], laid_open(schema, node[1]))
        case "tuple" | "union":
            return (node[0], *(laid_open(schema, item) for item in node[1]))
        case "dict":
            return ("dict", laid_open(schema, node[1]), laid_open(schema, node[2]))
        case "class":
            return schema.shapes[node[1]].cls
    return node[0]


def refused(kind, *parts, **options):
    with pytest.raises(SchemaError) as caught:
        _schema.compile(kind, **options)
    for part in parts:
        assert part in str(caught.value)
    return str(caught.value)


def from_source(source, name="schema_classes"):
    """A module made of this source, so that its annotations are what they are in a file of the user's."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    return module


# Dataclasses.


@dataclass
class Plain:
    a: int
    b: str = "x"
    c: list[int] = field(default_factory=list)
    counted: ClassVar[int] = 0


@pytest.mark.parametrize(
    "options", [{}, {"slots": True}, {"frozen": True}, {"kw_only": True}, {"slots": True, "frozen": True}]
)
def test_a_dataclass_is_allocated_and_has_its_fields_set(options):
    made = dataclasses.make_dataclass("Made", [("a", int), ("b", str, field(default="x"))], **options)
    found = shape(made)
    assert (found.cls, found.kind, found.rest, found.unknown, found.post, found.tag) == (
        made,
        "instance",
        None,
        "ignore",
        (),
        None,
    )
    assert [(own.name, own.wire, own.required) for own in found.fields] == [("a", "a", True), ("b", "b", False)]


def test_defaults_and_factories_are_told_apart_from_none():
    a, b, c = shape(Plain).fields
    assert (a.default, a.factory) == (MISSING, None)
    assert (b.default, b.factory, b.required) == ("x", None, False)
    assert (c.default, c.factory, c.required) == (MISSING, list, False)


def test_fields_come_in_the_order_of_the_class_and_class_variables_are_none():
    assert [own.name for own in shape(Plain).fields] == ["a", "b", "c"]


def test_a_keyword_marker_is_no_field():
    @dataclass
    class Marked:
        a: int
        _: KW_ONLY
        b: int = 1

    assert [own.name for own in shape(Marked).fields] == ["a", "b"]


def test_annotations_of_a_base_class_are_resolved_in_its_own_module():
    first = from_source(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom decimal import Decimal as Number\n"
        "@dataclass\nclass Base:\n    price: Number\n    other: Base | None = None\n",
        "schema_first",
    )
    second = from_source(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom schema_first import Base\n"
        "Number = str\n@dataclass\nclass Derived(Base):\n    name: Number = ''\n",
        "schema_second",
    )
    assert types_of(second.Derived) == {"price": "decimal", "other": ("union", first.Base, "none"), "name": "str"}


def test_a_field_with_the_name_of_a_type_does_not_hide_the_type():
    module = from_source(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom datetime import date\n"
        "@dataclass\nclass Day:\n    date: date = None\n    list: list[int] = ()\n    end: date = None\n"
    )
    assert types_of(module.Day) == {"date": "date", "list": ("list", "int"), "end": "date"}


def test_a_class_within_a_function_can_name_itself():
    module = from_source(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "def make():\n    @dataclass\n    class Node:\n        next: Node | None\n    return Node\nNode = None\nmake_it = make\ndel Node\n"
    )
    node = module.make_it()
    assert types_of(node) == {"next": ("union", node, "none")}


def test_a_nested_class_can_be_named():
    module = from_source(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Outer:\n    @dataclass\n    class Inner:\n        a: int\n    inner: Inner\n"
    )
    assert types_of(module.Outer) == {"inner": module.Outer.Inner}


def test_a_field_outside_init_is_set_to_its_default_and_is_no_member():
    @dataclass(slots=True, frozen=True)
    class Partly:
        a: int
        b: int = field(init=False, default=7)
        c: list = field(init=False, default_factory=list)
        d: int = field(init=False)

    found = shape(Partly)
    assert [own.name for own in found.fields] == ["a"]
    (set_defaults,) = found.post
    one, two = object.__new__(Partly), object.__new__(Partly)
    set_defaults(one)
    set_defaults(two)
    assert (one.b, one.c, hasattr(one, "d")) == (7, [], False)
    assert one.c is not two.c
    assert [own.name for own in _schema.shape_of(Partly).fields] == ["a"]


def test_defaults_are_set_before_post_init_is_called():
    @dataclass
    class Partly:
        a: int
        b: list = field(init=False, default_factory=list)

        def __post_init__(self):
            self.b.append(self.a)

    instance = object.__new__(Partly)
    instance.a = 1
    for call in shape(Partly).post:
        call(instance)
    assert instance.b == [1]


def test_a_rest_outside_init_is_a_rest():
    @dataclass
    class Partly:
        a: int
        rest: Rest = field(init=False, default_factory=dict)

    assert shape(Partly).rest.name == "rest"
    assert shape(Partly).post == ()


def test_an_init_var_is_refused():
    @dataclass
    class WithInitVar:
        a: int
        seed: InitVar[int]

    refused(WithInitVar, "WithInitVar.seed: ", "InitVar")
    assert [own.name for own in _schema.shape_of(WithInitVar).fields] == ["a"]


def test_a_dataclass_with_an_init_of_its_own_is_called():
    @dataclass
    class Own:
        a: int
        b: int = 2

        def __init__(self, a, b=5):
            self.a, self.b = a * 10, b

    found = shape(Own)
    assert found.kind == "call"
    assert vars(found.make({"a": 1}, None)) == {"a": 10, "b": 5}


def test_a_subclass_with_an_init_of_its_own_is_called():
    class Derived(Plain):
        def __init__(self, **values):
            super().__init__(**values)
            self.seen = True

    assert shape(Derived).make({"a": 1}, None).seen


def test_a_dataclass_that_asked_for_no_init_is_allocated():
    @dataclass(init=False)
    class Without:
        a: int

        def __init__(self):
            raise AssertionError

    assert shape(Without).kind == "instance"


def test_a_dataclass_with_a_new_of_its_own_is_called():
    @dataclass
    class Own:
        a: int

        def __new__(cls, a):
            instance = object.__new__(cls)
            instance.made = True
            return instance

    assert shape(Own).make({"a": 1}, None).made


def test_a_dataclass_whose_field_is_a_descriptor_is_called():
    class Doubled:
        def __get__(self, instance, owner):
            return 1 if instance is None else instance.doubled

        def __set__(self, instance, value):
            instance.doubled = 2 * value

    @dataclass
    class Own:
        a: int = Doubled()

    found = shape(Own)
    assert found.kind == "call"
    assert found.make({"a": 4}, None).a == 8


def test_a_dataclass_that_sets_attributes_its_own_way_is_called():
    @dataclass
    class Own:
        a: int

        def __setattr__(self, name, value):
            super().__setattr__(name, str(value))

    found = shape(Own)
    assert found.kind == "call"
    assert found.make({"a": 4}, None).a == "4"


def test_a_called_class_without_a_default_for_its_rest_is_given_one():
    @dataclass
    class Own:
        a: int
        rest: Rest

        def __init__(self, a, rest):
            self.a, self.rest = a, rest

    found = shape(Own)
    assert found.make({"a": 1}, None).rest == {}
    assert found.make({"a": 1, "rest": {"x": 2}}, None).rest == {"x": 2}


def test_an_abstract_class_is_refused():
    @dataclass
    class Abstract(abc.ABC):
        a: int

        @abc.abstractmethod
        def run(self): ...

    @dataclass
    class Duck(Protocol):
        a: int

    refused(Abstract, "abstract")
    refused(list[Duck], "abstract")


# attrs.

attrs = pytest.importorskip("attrs")


@pytest.mark.parametrize(
    "make",
    [attrs.define, attrs.frozen, attrs.define(slots=False), attrs.frozen(slots=False), attrs.define(kw_only=True)],
)
def test_an_attrs_class_is_allocated_and_has_its_fields_set(make):
    @make
    class Made:
        a: int
        _b: str = "x"
        c: list[int] = attrs.field(factory=list)
        rest: Rest = attrs.field(factory=dict)

    found = shape(Made)
    assert found.kind == "instance"
    assert [(own.name, own.wire, own.required, own.default, own.factory) for own in found.fields] == [
        ("a", "a", True, MISSING, None),
        ("_b", "_b", False, "x", None),
        ("c", "c", False, MISSING, list),
    ]
    assert (found.rest.name, found.unknown) == ("rest", "rest")


def test_an_attrs_class_with_converters_or_validators_is_called_by_the_names_of_its_parameters():
    @attrs.define
    class Made:
        _a: int = attrs.field(converter=str)
        b: int = attrs.field(default=1, validator=attrs.validators.lt(3))
        c: int = attrs.field(default=attrs.Factory(lambda self: self.b, takes_self=True))

    found = shape(Made)
    assert found.kind == "call"
    made = found.make({"_a": 5}, None)
    assert (made._a, made.b, made.c) == ("5", 1, 1)
    assert not found.fields[2].required
    with pytest.raises(ValueError, match="'b' must be < 3"):
        found.make({"_a": 5, "b": 3}, None)


def test_an_attrs_class_with_code_before_init_is_called():
    @attrs.define(slots=False)
    class Made:
        a: int

        def __attrs_pre_init__(self):
            self.seen = True

    assert shape(Made).make({"a": 1}, None).seen


def test_an_attrs_class_that_keeps_its_hash_is_called():
    for slots in (False, True):
        made = attrs.make_class("Made", {"a": attrs.field(type=int)}, frozen=True, cache_hash=True, slots=slots)
        assert hash(shape(made).make({"a": 1}, None)) == hash(made(1))


def test_the_code_after_init_of_an_attrs_class_is_called():
    @attrs.define(slots=False)
    class Made:
        a: int
        b: int = attrs.field(init=False, default=3)

        def __attrs_post_init__(self):
            self.c = self.a + self.b

    instance = object.__new__(Made)
    instance.a = 1
    for call in shape(Made).post:
        call(instance)
    assert instance.c == 4


def test_types_of_attrs_fields_stand_in_the_field_or_nowhere():
    made = attrs.make_class("Made", {"a": attrs.field(type=int), "b": attrs.field()})
    assert types_of(made) == {"a": "int", "b": "any"}


def test_an_attrs_exception_is_called():
    @attrs.define
    class Failure(Exception):  # noqa: N818
        a: int

    assert isinstance(shape(Failure).make({"a": 1}, None), Failure)


# TypedDict.


class Total(TypedDict):
    a: int
    b: typing.NotRequired[str]


class Partial(Total, total=False):
    c: int
    d: typing.Required[list["Total"]]


def test_a_typed_dict_is_a_dict_whose_keys_may_be_absent():
    found = shape(Partial)
    assert (found.kind, found.unknown, found.rest) == ("dict", "ignore", None)
    required = {own.name: own.required for own in found.fields}
    assert required == {"a": True, "b": False, "c": False, "d": True}
    assert all(own.default is MISSING and own.factory is None for own in found.fields)
    assert types_of(Partial) == {"a": "int", "b": "str", "c": "int", "d": ("list", Total)}


def test_qualifiers_count_in_postponed_annotations_too():
    module = from_source(
        "from __future__ import annotations\nfrom typing import *\n"
        "class Item(TypedDict):\n    a: NotRequired[int]\n    b: Annotated[Required[int], 1]\n    c: int\n"
        "class Part(TypedDict, total=False):\n    a: Required[int]\n    c: int\n"
    )
    assert [own.required for own in shape(module.Item).fields] == [False, True, True]
    assert [own.required for own in shape(module.Part).fields] == [True, False]


def test_a_typed_dict_may_have_a_rest():
    Item = TypedDict("Item", {"a": int, "rest": Rest[int], "not an identifier": str})
    found = shape(Item)
    assert (found.rest.name, found.rest.inline, found.unknown) == ("rest", False, "rest")
    assert [own.wire for own in found.fields] == ["a", "not an identifier"]


def test_a_generic_typed_dict_is_given_types_through_its_bases():
    class Base(TypedDict, Generic[T]):
        a: T

    class Derived(Base[list[U]], Generic[U]):
        b: U

    assert types_of(Base[int]) == {"a": "int"}
    assert types_of(Derived[str]) == {"a": ("list", "str"), "b": "str"}


extensions = pytest.importorskip("typing_extensions")


def test_extra_items_are_kept_beside_the_keys():
    class Point(extensions.TypedDict, extra_items=int):
        x: int

    schema = _schema.compile(Point)
    (found,) = schema.shapes
    assert (found.rest.name, found.rest.inline, found.unknown) == ("", True, "rest")
    assert schema.nodes[found.rest.node] == ("scalar", "int", None, None)
    assert schema.has_rest


def test_extra_items_may_be_read_only_and_name_types():
    class Point(extensions.TypedDict, extra_items=extensions.ReadOnly["Total"]):
        x: extensions.ReadOnly[int]

    schema = _schema.compile(Point)
    assert laid_open(schema, schema.shapes[0].rest.node) is Total
    assert types_of(Point) == {"x": "int"}


def test_a_closed_typed_dict_takes_no_unknown_members():
    class Closed(extensions.TypedDict, closed=True):
        x: int

    class Never(extensions.TypedDict, extra_items=extensions.Never):
        x: int

    class Open(extensions.TypedDict):
        x: int

    assert [shape(kind).unknown for kind in (Closed, Never, Open)] == ["error", "error", "ignore"]


def test_extra_items_beside_a_rest_are_refused():
    class Both(extensions.TypedDict, extra_items=int):
        rest: Rest

    refused(Both, "Both.rest: ")


# NamedTuple.


class Pair(NamedTuple):
    a: int
    rest: Rest
    b: str = "two"


def test_a_named_tuple_is_made_of_a_tuple_of_all_its_fields():
    found = shape(Pair)
    assert (found.kind, found.rest.name) == ("tuple", "rest")
    assert [(own.name, own.required, own.default) for own in found.fields] == [
        ("a", True, MISSING),
        ("b", False, "two"),
    ]
    assert found.make((1, {}, "x")) == Pair(1, {}, "x")
    assert type(found.make((1, {}, "x"))) is Pair


def test_a_named_tuple_without_types_takes_anything():
    bare = collections.namedtuple("bare", ["a", "b"], defaults=[3])  # noqa: PYI024
    assert types_of(bare) == {"a": "any", "b": "any"}
    assert [own.default for own in shape(bare).fields] == [MISSING, 3]


def test_a_named_tuple_with_a_new_of_its_own_is_called():
    class Own(Pair):
        def __new__(cls, a, rest, b):
            return super().__new__(cls, a * 2, rest, b)

    assert shape(Own).make((1, {}, "x")) == (2, {}, "x")


def test_a_generic_named_tuple_is_given_types():
    class Two(NamedTuple, Generic[T]):
        a: T
        b: list[T]

    assert types_of(Two[int]) == {"a": "int", "b": ("list", "int")}


# Generics.


@dataclass
class Box(Generic[T]):
    value: T
    rest: Rest[T] = field(default_factory=dict)


@dataclass
class Crate(Box[list[U]], Generic[U]):
    more: U | None = None


@dataclass
class Full(Crate[int]):
    last: "Box[Full] | None" = None


def test_types_are_put_in_the_place_of_variables_through_inheritance():
    assert types_of(Box[int]) == {"value": "int"}
    assert types_of(Crate[str]) == {"value": ("list", "str"), "more": ("union", "str", "none")}
    assert types_of(Full) == {
        "value": ("list", "int"),
        "more": ("union", "int", "none"),
        "last": ("union", Box, "none"),
    }
    schema = _schema.compile(Crate[str])
    assert laid_open(schema, schema.shapes[0].rest.node) == ("list", "str")


def test_a_class_is_compiled_once_for_each_of_its_types():
    @dataclass
    class Both:
        a: Box[int]
        b: Box[str]
        c: list[Box[int]]
        d: Box

    shapes = _schema.compile(Both).shapes
    assert [own.cls for own in shapes] == [Both, Box, Box, Box]


def test_variables_without_a_type_are_their_default_constraints_or_bound():
    bound = TypeVar("bound", bound="list[int]")
    constrained = TypeVar("constrained", int, str)
    defaulted = extensions.TypeVar("defaulted", default=float)

    @dataclass
    class Each(Generic[T, bound, constrained, defaulted]):
        a: T
        b: bound
        c: constrained
        d: defaulted

    assert types_of(Each) == {"a": "any", "b": ("list", "int"), "c": ("union", "int", "str"), "d": "float"}


def test_classes_refer_to_each_other_in_circles():
    shapes = _schema.compile(Node).shapes
    assert [own.cls for own in shapes] == [Node, Leaf]


@dataclass
class Node:
    children: "list[Node]"
    leaf: "dict[str, Leaf]"


@dataclass
class Leaf:
    parent: Node | None


def test_a_long_chain_of_classes_is_compiled():
    kind = int
    for number in range(2_000):
        kind = dataclasses.make_dataclass(f"Chain{number}", [("next", kind)])
    assert len(_schema.compile(kind).shapes) == 2_000


def test_a_class_that_refers_to_itself_with_ever_new_types_is_refused():
    @dataclass
    class Endless(Generic[T]):
        value: T
        next: "Endless[list[T]] | None"

    refused(Endless[int])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax is of 3.12")
def test_classes_and_aliases_in_the_syntax_of_312():
    module = from_source(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Box[T]:\n    value: T\n    many: Pairs[T]\n"
        "type Pairs[T] = list[tuple[T, T]]\ntype Json = dict[str, Json] | list[Json] | str | int | None\n"
        "@dataclass\nclass Doc:\n    body: Json\n    box: Box[int]\n"
    )
    assert types_of(module.Box[int]) == {"value": "int", "many": ("list", ("tuple", "int", "int"))}
    assert [own.cls for own in _schema.compile(module.Doc).shapes] == [module.Doc, module.Box]


# What a class says of absent and unknown members.


def test_unset_may_be_the_default_of_any_field():
    @dataclass
    class Item:
        a: int | UnsetType = UNSET
        b: int | None = UNSET

    assert [own.default for own in shape(Item).fields] == [UNSET, UNSET]
    assert types_of(Item) == {"a": "int", "b": ("union", "int", "none")}


@pytest.mark.parametrize("hint", [Rest, Rest[Any], Annotated[dict[str, Any], REST], Annotated[dict, REST], "Rest[Any]"])
def test_a_rest_keeps_what_no_field_claims(hint):
    made = dataclasses.make_dataclass("Made", [("a", int), ("rest", hint, field(default_factory=dict))])
    made.__module__ = __name__
    schema = _schema.compile(made)
    (found,) = schema.shapes
    assert (found.rest.name, found.rest.inline, found.unknown) == ("rest", False, "rest")
    assert schema.nodes[found.rest.node] == ("any",)
    assert schema.has_rest
    assert [own.name for own in found.fields] == ["a"]


def test_a_schema_without_a_rest_says_so():
    assert not _schema.compile(Plain).has_rest


def test_a_rest_of_classes_compiles_them():
    made = dataclasses.make_dataclass("Made", [("rest", Rest[list[Plain]])])
    schema = _schema.compile(made)
    assert laid_open(schema, schema.shapes[0].rest.node) == ("list", Plain)


# Shapes for encoding.


def test_a_shape_for_encoding_needs_no_types():
    module = from_source(
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\nfrom typing import *\n"
        "from forkedenc import Rest, json\n"
        "@dataclass\nclass Item:\n    a: Nowhere\n    b: Annotated[list[Nowhere.inner | None], json.name('B')]\n    c: complex\n"
        "    d: not_even(a, type)\n    rest: Rest[Nowhere[int]] = field(default_factory=dict)\n"
    )
    found = _schema.shape_of(module.Item)
    assert [(own.name, own.wire, own.node) for own in found.fields] == [
        ("a", "a", -1),
        ("b", "B", -1),
        ("c", "c", -1),
        ("d", "d", -1),
    ]
    assert (found.rest.name, found.rest.node) == ("rest", -1)
    refused(module.Item, "Item.a: ", "'Nowhere'")


@pytest.mark.parametrize("kind", [int, dict, object, Rest, list[int], 5, typing.Any])
def test_what_is_no_class_with_fields_has_no_shape(kind):
    assert _schema.shape_of(kind) is None


def test_names_of_fields_are_the_same_in_both_directions():
    for kind in (Plain, Pair, Partial, Box, json.rename("camel")(dataclasses.make_dataclass("Made", [("a_b", int)]))):
        there = [own.wire for own in shape(kind).fields]
        assert there == [own.wire for own in _schema.shape_of(kind).fields]
