# ruff: noqa: N806, RUF012, UP045 - defaults that msgspec and pydantic copy; classes made by calls
"""Structs of msgspec, models and dataclasses of pydantic: read as they are, made by their own code."""

import datetime as dt
import fractions
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, Optional, TypeVar

import pytest

from forkedenc import REST, Rest, SchemaError, _schema, json
from forkedenc._schema import MISSING

msgspec = pytest.importorskip("msgspec")
pydantic = pytest.importorskip("pydantic")
attrs = pytest.importorskip("attrs")

T = TypeVar("T")


def shape(kind):
    schema = _schema.compile(kind)
    return schema.shapes[schema.nodes[schema.root][1]]


def types_of(kind):
    """The kind of node of each field; of a class, the class."""
    schema = _schema.compile(kind)

    def kind_of(number):
        node = schema.nodes[number]
        if node[0] in ("list", "variadic"):
            return (node[0], kind_of(node[1]))
        if node[0] == "union":
            return ("union", *map(kind_of, node[1]))
        return schema.shapes[node[1]].cls if node[0] == "class" else node[1] if node[0] == "scalar" else node[0]

    return {own.name: kind_of(own.node) for own in schema.shapes[schema.nodes[schema.root][1]].fields}


def refused(kind, *parts):
    with pytest.raises(SchemaError) as caught:
        _schema.compile(kind)
    for part in parts:
        assert part in str(caught.value)


def test_neither_library_is_imported_unless_the_caller_did():
    code = (
        "import sys\nfrom dataclasses import dataclass\nfrom forkedenc import Rest, _schema, json\n"
        "@dataclass\nclass A:\n    a: int\n    rest: Rest\n_schema.compile(A), _schema.shape_of(A)\n"
        "print([name for name in ('attr', 'msgspec', 'pydantic', 'annotated_types', 'typing_extensions') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "[]"


# msgspec.


class Address(msgspec.Struct, frozen=True):
    city: str
    rest: Rest[Any] = msgspec.field(default_factory=dict)


class Person(msgspec.Struct, kw_only=True, rename="camel"):
    full_name: str
    address: Address
    nick: str | msgspec.UnsetType = msgspec.UNSET
    tags: list[str] = []
    number: int = msgspec.field(default=3, name="no")


def test_a_struct_is_called_with_its_fields():
    found = shape(Person)
    assert (found.kind, found.unknown, found.tag) == ("call", "ignore", None)
    assert [(own.name, own.wire, own.required, own.default, own.factory) for own in found.fields] == [
        ("full_name", "fullName", True, MISSING, None),
        ("address", "address", True, MISSING, None),
        ("nick", "nick", False, msgspec.UNSET, None),
        ("tags", "tags", False, MISSING, list),
        ("number", "no", False, 3, None),
    ]
    assert types_of(Person) == {
        "full_name": "str",
        "address": Address,
        "nick": "str",
        "tags": ("list", "str"),
        "number": "int",
    }
    address = shape(Address).make({"city": "Oslo", "rest": {"x": 1}}, None)
    assert address == Address("Oslo", {"x": 1})
    made = found.make({"full_name": "Ann", "address": address}, None)
    assert made == Person(full_name="Ann", address=address)


def test_a_struct_says_what_becomes_of_unknown_members():
    class Closed(msgspec.Struct, forbid_unknown_fields=True):
        a: int

    class Both(Closed, forbid_unknown_fields=True):
        rest: Rest = {}

    assert shape(Closed).unknown == "error"
    assert shape(Address).unknown == "rest"
    refused(Both, "Both.rest: ")


def test_structs_are_told_apart_by_their_tags():
    class Cat(msgspec.Struct, tag_field="kind", tag="cat"):
        lives: int

    class Dog(msgspec.Struct, tag_field="kind", tag="dog"):
        name: str

    @dataclass
    class Cow:
        kind: Literal["cow"]

    schema = _schema.compile(Cat | Dog | Cow)
    assert schema.nodes[schema.root] == ("tagged", "kind", (("cat", 0), ("dog", 1), ("cow", 2)))
    assert [own.tag for own in schema.shapes] == [("kind", "cat"), ("kind", "dog"), None]
    refused(Cat | Address, "Cat and Address")


def test_tags_may_be_integers():
    class One(msgspec.Struct, tag=1):
        a: int

    class Two(msgspec.Struct, tag=2):
        a: int

    schema = _schema.compile(One | Two)
    assert schema.nodes[schema.root] == ("tagged", "type", ((1, 0), (2, 1)))


def test_a_generic_struct_is_given_types():
    class Box(msgspec.Struct, Generic[T]):
        value: T
        many: list[T]

    class Derived(Box[int]):
        more: str

    assert types_of(Box[str]) == {"value": "str", "many": ("list", "str")}
    assert types_of(Derived) == {"value": "int", "many": ("list", "int"), "more": "str"}


def test_a_struct_that_is_an_array_is_refused_and_not_encoded_as_an_object():
    class Point(msgspec.Struct, array_like=True):
        x: int

    refused(Point, "array_like")
    assert _schema.shape_of(Point) is None


def test_our_names_win_over_those_of_a_struct():
    @json.rename("kebab")
    class Item(msgspec.Struct, rename="camel"):
        home_town: str
        full_name: Annotated[str, json.name("@name")]

    assert [own.wire for own in shape(Item).fields] == ["home-town", "@name"]


def test_the_code_after_init_of_a_struct_is_its_own():
    class Even(msgspec.Struct):
        n: int

        def __post_init__(self):
            if self.n % 2:
                raise ValueError("odd")

    with pytest.raises(ValueError, match="odd"):
        shape(Even).make({"n": 3}, None)


# pydantic.


class Place(pydantic.BaseModel):
    city: str
    rest: Rest[Any] = pydantic.Field(default_factory=dict)


class Simple(pydantic.BaseModel):
    x: int = 0


class User(pydantic.BaseModel):
    id: int = pydantic.Field(alias="_id", le=10)
    born: dt.date
    half: fractions.Fraction = fractions.Fraction(1, 2)
    place: Place
    more: list[Place] = []
    simple: Simple | None = None
    secret: str = pydantic.Field(default="", exclude=True)


def test_a_model_is_made_by_its_own_validation():
    found = shape(User)
    assert (found.kind, found.unknown, found.rest) == ("call", "ignore", None)
    place = shape(Place).make({"city": "Oslo", "rest": {"x": 1}}, None)
    user = found.make({"id": 7, "born": "2020-01-02", "place": place, "half": "1/3"}, None)
    assert (user.id, user.born, user.half) == (7, dt.date(2020, 1, 2), fractions.Fraction(1, 3))
    assert user.place is place
    assert place.rest == {"x": 1}
    with pytest.raises(ValueError, match="less than or equal to 10"):
        found.make({"id": 11, "born": "2020-01-02", "place": place}, None)


def test_only_what_pydantic_can_not_make_is_compiled():
    assert types_of(User) == {
        "id": "any",
        "born": "any",
        "half": "any",
        "place": Place,
        "more": ("list", Place),
        "simple": "any",
        "secret": "any",
    }


def test_classes_of_other_libraries_in_a_model_are_compiled():
    @attrs.define
    class Thing:
        a: int

    @dataclass
    class Named:
        a_b: Annotated[int, json.name("aB")]

    @dataclass
    class Deep:
        named: list[Named]

    @dataclass
    class Alone:
        a: complex

    class Model(pydantic.BaseModel, arbitrary_types_allowed=True):
        thing: Thing
        struct: Person
        deep: Optional[Deep]
        alone: Alone

    assert types_of(Model) == {"thing": Thing, "struct": Person, "deep": ("union", Deep, "none"), "alone": "any"}


def test_a_model_has_the_names_of_its_aliases():
    assert [own.wire for own in shape(User).fields][:2] == ["_id", "born"]

    class Other(pydantic.BaseModel):
        a: int = pydantic.Field(validation_alias="A", serialization_alias="B")
        b: Annotated[int, json.name("@b")]

    found = shape(Other)
    assert [own.wire for own in found.fields] == ["A", "@b"]
    assert found.make({"a": 1, "b": 2}, None).model_dump() == {"a": 1, "b": 2}

    class Choices(pydantic.BaseModel):
        a: int = pydantic.Field(validation_alias=pydantic.AliasChoices("A", "B"))

    refused(Choices, "Choices.a: AliasChoices")


def test_defaults_of_a_model_are_known():
    class Model(pydantic.BaseModel):
        a: int
        b: int = 2
        c: list[int] = pydantic.Field(default_factory=list)
        d: int = pydantic.Field(default_factory=lambda data: data["a"])

    assert [(own.required, own.default, own.factory) for own in shape(Model).fields] == [
        (True, MISSING, None),
        (False, 2, None),
        (False, MISSING, list),
        (False, MISSING, None),
    ]


def test_extra_of_a_model_decides_about_unknown_members():
    class Allow(pydantic.BaseModel, extra="allow"):
        id: int

    class Forbid(pydantic.BaseModel, extra="forbid"):
        id: int

    class Both(pydantic.BaseModel, extra="allow"):
        rest: Rest = {}

    found = shape(Allow)
    assert (found.unknown, found.rest.name, found.rest.inline) == ("rest", "", True)
    made = found.make({"id": 1}, {"b": 2, "a": [3]})
    assert list(made.model_extra.items()) == [("b", 2), ("a", [3])]
    assert found.make({"id": 1}, None).model_extra == {}
    assert shape(Forbid).unknown == "error"
    refused(Both, "Both.rest: ")


@pytest.mark.parametrize("hint", [Rest, Rest[Any], Rest[int], Annotated[dict[str, Any], REST]])
def test_a_model_may_have_a_rest(hint):
    Model = pydantic.create_model("Model", a=(int, ...), rest=(hint, pydantic.Field(default_factory=dict)))
    found = shape(Model)
    assert (found.rest.name, found.unknown) == ("rest", "rest")
    assert found.make({"a": 1, "rest": {"x": 2}}, None).rest == {"x": 2}
    assert _schema.shape_of(Model).rest.name == "rest"


def test_what_a_model_excludes_is_not_encoded():
    assert [own.name for own in _schema.shape_of(User).fields] == ["id", "born", "half", "place", "more", "simple"]


def test_a_generic_model_is_given_types():
    class Box(pydantic.BaseModel, Generic[T]):
        value: T
        place: Place

    assert types_of(Box[Place]) == {"value": Place, "place": Place}


def test_models_are_told_apart_by_a_literal():
    class Cat(pydantic.BaseModel):
        kind: Literal["cat"]

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"] = "dog"

    schema = _schema.compile(Cat | Dog)
    assert schema.nodes[schema.root] == ("tagged", "kind", (("cat", 0), ("dog", 1)))


def test_a_root_model_is_refused():
    class Root(pydantic.RootModel[list[int]]):
        pass

    refused(Root, "RootModel")
    assert _schema.shape_of(Root) is None


def test_a_model_whose_names_nobody_can_resolve_is_refused():
    class Model(pydantic.BaseModel):
        a: "NoSuchNameAnywhere"  # noqa: F821

    refused(Model, "pydantic can't resolve")


def test_a_dataclass_of_pydantic_is_called():
    @pydantic.dataclasses.dataclass(config={"extra": "forbid"})
    class Item:
        id: int = pydantic.Field(le=10, alias="ID")
        place: Place | None = None
        rests: dict[str, int] = field(default_factory=dict)

    found = shape(Item)
    assert (found.kind, found.unknown) == ("call", "error")
    assert [(own.name, own.wire, own.required) for own in found.fields] == [
        ("id", "ID", True),
        ("place", "place", False),
        ("rests", "rests", False),
    ]
    assert found.make({"id": 7}, None) == Item(ID=7)
    with pytest.raises(ValueError, match="less than or equal to 10"):
        found.make({"id": 11}, None)


def test_a_dataclass_of_pydantic_may_have_a_rest():
    @pydantic.dataclasses.dataclass
    class Item:
        id: int
        rest: Rest[Any] = field(default_factory=dict)

    assert shape(Item).make({"id": 7, "rest": {"x": 1}}, None) == Item(7, {"x": 1})
    assert shape(Item).rest.name == "rest"


def test_this_file_names_every_library_that_is_read():
    source = (Path(_schema.__file__).parent / "_peers.py").read_text()
    assert "import msgspec" not in source
    assert "import pydantic" not in source
