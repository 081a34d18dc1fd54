"""Names of fields in documents: of a field, of a class, and what is refused."""

from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, NamedTuple, TypedDict

import pytest

from forkedenc import Rest, SchemaError, _schema, json


def wires(kind):
    schema = _schema.compile(kind)
    return [own.wire for own in schema.shapes[schema.nodes[schema.root][1]].fields]


@pytest.mark.parametrize(
    "style, expected",
    [
        ("camel", ["id", "homeTown", "aBC", "httpUrl2", "_private", "keep_", "alreadyCamel"]),
        ("pascal", ["Id", "HomeTown", "ABC", "HttpUrl2", "_Private", "Keep_", "AlreadyCamel"]),
        ("kebab", ["id", "home-town", "a-b-c", "http-url2", "_private", "keep_", "already-camel"]),
        ("snake", ["id", "home_town", "a_b_c", "http_url2", "_private", "keep_", "already_camel"]),
        ("upper_snake", ["ID", "HOME_TOWN", "A_B_C", "HTTP_URL2", "_PRIVATE", "KEEP_", "ALREADY_CAMEL"]),
    ],
)
def test_a_class_is_renamed_in_a_style(style, expected):
    names = ["id", "home_town", "a_b_c", "HTTP_url2", "_private", "keep_", "alreadyCamel"]
    made = json.rename(style)(make_dataclass("Made", [(name, int) for name in names]))
    assert wires(made) == expected


def test_a_run_of_capitals_is_one_word():
    made = json.rename("snake")(make_dataclass("Made", [("HTTPServer", int), ("userID", int), ("x", int)]))
    assert wires(made) == ["http_server", "user_id", "x"]


def test_a_function_may_rename():
    made = json.rename(lambda name: f"@{name}")(make_dataclass("Made", [("a", int), ("b", int)]))
    assert wires(made) == ["@a", "@b"]


def test_a_name_of_its_own_wins_over_the_style_and_the_inner_one_loses():
    @json.rename("camel")
    @dataclass
    class Item:
        home_town: Annotated[str, json.name("town")]
        full_name: str
        other_one: Annotated[Annotated[str, json.name("inner")], json.name("outer")] = ""

    assert wires(Item) == ["town", "fullName", "outer"]


def test_a_name_may_stand_at_a_member_of_a_union():
    @dataclass
    class Item:
        a: Annotated[str, json.name("@a")] | None
        b: list[Annotated[str, json.name("@b")]]

    assert wires(Item) == ["@a", "b"]


def test_subclasses_are_renamed_too_unless_they_say_otherwise():
    @json.rename("camel")
    @dataclass
    class Base:
        a_b: int

    @dataclass
    class Derived(Base):
        c_d: int

    @json.rename("kebab")
    @dataclass(slots=True)
    class Other(Base):
        c_d: int

    assert wires(Derived) == ["aB", "cD"]
    assert wires(Other) == ["a-b", "c-d"]
    assert wires(Base) == ["aB"]


def test_a_style_survives_a_dataclass_made_anew_with_slots():
    @dataclass(slots=True)
    @json.rename("camel")
    class Item:
        a_b: int

    assert wires(Item) == ["aB"]


def test_typed_dicts_and_named_tuples_are_renamed():
    @json.rename("camel")
    class Item(TypedDict):
        a_b: int

    @json.rename("camel")
    class Pair(NamedTuple):
        a_b: int

    assert wires(Item) == ["aB"]
    assert wires(Pair) == ["aB"]
    assert [own.name for own in _schema.compile(Item).shapes[0].fields] == ["a_b"]


def test_the_rest_has_no_name_in_documents():
    @json.rename("upper_snake")
    @dataclass
    class Item:
        a: int
        rest: Annotated[Rest[Any], json.name("a")] = field(default_factory=dict)
        b: Annotated[int, json.name("rest")] = 0

    assert wires(Item) == ["A", "rest"]


def refused(kind, *parts):
    with pytest.raises(SchemaError) as caught:
        _schema.compile(kind)
    for part in parts:
        assert part in str(caught.value)
    with pytest.raises(SchemaError):
        _schema.shape_of(kind)


def test_two_fields_of_one_name_are_refused():
    refused(make_dataclass("Item", [("a", int), ("b", Annotated[int, json.name("a")])]), "Item.b: ", "'a'", "of a too")


def test_a_name_that_no_document_can_have_is_refused():
    refused(make_dataclass("Item", [("a", Annotated[int, json.name("\ud800")])]), "Item.a: ", "surrogates")


def test_a_function_that_gives_no_name_is_refused():
    refused(json.rename(lambda _: None)(make_dataclass("Item", [("a", int)])), "Item.a: ", "NoneType")


def test_a_style_or_name_of_the_wrong_type_is_refused_at_once():
    with pytest.raises(ValueError, match="'camel'"):
        json.rename("shouting")
    with pytest.raises(TypeError, match="int"):
        json.rename(5)
    with pytest.raises(TypeError, match="int"):
        json.name(5)


def test_two_rests_are_refused():
    refused(make_dataclass("Item", [("a", Rest), ("b", Rest[int])]), "Item.b: ", "a is one already")


@pytest.mark.parametrize(
    "hint", ["Annotated[list[int], REST]", "Annotated[dict[int, int], REST]", "Annotated[int, REST]"]
)
def test_a_rest_that_is_no_dict_of_str_is_refused(hint):
    from forkedenc import REST

    made = make_dataclass("Item", [("rest", eval(hint, {**globals(), "REST": REST}))])
    with pytest.raises(SchemaError, match=r"^Item\.rest: a Rest is a dict of str"):
        _schema.compile(made)


@pytest.mark.parametrize("hint", [list[Rest], Rest | None, dict[str, Rest[int]]])
def test_a_rest_within_a_type_is_refused(hint):
    with pytest.raises(SchemaError, match=r"^Item\.a.*Rest is a field"):
        _schema.compile(make_dataclass("Item", [("a", hint)]))


def test_a_rest_of_an_undecodable_type_is_refused_with_its_path():
    with pytest.raises(SchemaError, match=r"^Item\.rest\{\}\[\]: complex"):
        _schema.compile(make_dataclass("Item", [("rest", Rest[list[complex]])]))
