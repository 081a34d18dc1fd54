"""Typed encoding: instances of classes as XML, with prefixes, declarations, order and errors."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import gc
import math
import uuid
import weakref
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field, make_dataclass
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import pytest

import forkedenc
from forkedenc import UNSET, EncodeError, Limits, UnsetType, _native, xml
from forkedenc.xml import PI, Attributes, Claimed, Comment, Element, Text

ATOM = "http://www.w3.org/2005/Atom"


@dataclass(slots=True)
class Link:
    href: Annotated[str, xml.attr()]
    rel: Annotated[str | None, xml.attr()] = None
    more_attributes: xml.RestAttributes = field(default_factory=dict)


@xml.element(f"{{{ATOM}}}entry")
@dataclass
class Entry:
    id: Annotated[str, xml.child()]
    links: Annotated[list[Link], xml.child("link")] = field(default_factory=list)
    plain: Annotated[str | None, xml.child("{}plain")] = None
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("a")
@dataclass
class Anything:
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("a")
@dataclass
class Mixed:
    b: Annotated[list[str], xml.child()] = field(default_factory=list)
    c: Annotated[list[str], xml.child()] = field(default_factory=list)
    body: Annotated[str, xml.text()] = ""
    more: xml.RestNodes = field(default_factory=list)


def one(kind: Any, value: Any, marker: Any = None, **options: Any) -> bytes:
    """The document of a class with one field, ``x``."""
    cls = xml.element("a")(make_dataclass("One", [("x", Annotated[kind, marker or xml.child()])]))
    return xml.encode(cls(value), **options)


def refused(call: Callable[[], object]) -> EncodeError:
    with pytest.raises(EncodeError) as caught:
        call()
    return caught.value


# Order.


def test_without_marks_come_text_then_children_in_the_order_of_the_class_then_the_rest() -> None:
    value = Mixed(["1", "2"], ["3"], "text", [Comment("rest")])
    assert xml.encode(value) == b"<a>text<b>1</b><b>2</b><c>3</c><!--rest--></a>"


def test_each_value_stands_where_its_mark_is() -> None:
    marks = [Claimed("c"), Text("-"), Claimed("b"), Comment("x"), Claimed("body"), Claimed("b")]
    assert xml.encode(Mixed(["1", "2"], ["3"], "t", marks)) == b"<a><c>3</c>-<b>1</b><!--x-->t<b>2</b></a>"


def test_values_beyond_the_marks_of_a_field_stand_behind_its_last_mark() -> None:
    marks = [Claimed("b"), Text("-"), Claimed("b"), Text("=")]
    assert xml.encode(Mixed(["1", "2", "3", "4"], [], "", marks)) == b"<a><b>1</b>-<b>2</b><b>3</b><b>4</b>=</a>"


def test_a_field_without_marks_stands_behind_the_last_mark_of_the_field_before_it() -> None:
    assert xml.encode(Mixed(["1"], ["2"], "", [Claimed("b"), Text("-")])) == b"<a><b>1</b><c>2</c>-</a>"


def test_a_field_before_all_that_have_marks_stands_at_the_end() -> None:
    assert xml.encode(Mixed(["1"], ["2"], "", [Claimed("c"), Text("-")])) == b"<a><c>2</c>-<b>1</b></a>"


def test_marks_without_a_value_or_a_field_are_nothing() -> None:
    marks = [Claimed("b"), Claimed("b"), Claimed("nothing"), Text("-")]
    assert xml.encode(Mixed(["1"], [], "", marks)) == b"<a><b>1</b>-</a>"


def test_a_text_is_cut_where_it_was_as_long_as_it_has_its_length() -> None:
    marks = [Claimed("body", None, 3), Claimed("b"), Claimed("body", None, 2)]
    assert xml.encode(Mixed(["1"], [], "onetw", marks)) == b"<a>one<b>1</b>tw</a>"
    assert xml.encode(Mixed(["1"], [], "another", marks)) == b"<a>another<b>1</b></a>"
    assert xml.encode(Mixed(["1"], [], "\u00e9\U0001f600\u20actw", marks)) == "<a>é😀€<b>1</b>tw</a>".encode()
    assert xml.encode(Mixed(["1"], [], "", marks)) == b"<a><b>1</b></a>"


def test_attributes_of_fields_come_before_those_of_the_rest() -> None:
    value = Link("u", "r", {"z": "1", "b": "2"})
    assert one(Link, value) == b'<a><x href="u" rel="r" z="1" b="2"/></a>'


# Names and namespaces.


def test_a_namespace_without_a_prefix_is_declared_as_the_default_and_taken_back_below() -> None:
    value = Entry("i", [Link("u")], "p")
    assert xml.encode(value) == (
        f'<entry xmlns="{ATOM}"><id>i</id><link href="u"/><plain xmlns="">p</plain></entry>'.encode()
    )


def test_an_element_keeps_its_own_prefix_and_what_was_declared_on_it() -> None:
    rest = Attributes({}, namespaces={"p": ATOM, "xs": "urn:xs"}, prefix="p")
    assert xml.encode(Entry("i", more_attributes=rest)) == (
        f'<p:entry xmlns:p="{ATOM}" xmlns:xs="urn:xs"><p:id>i</p:id></p:entry>'.encode()
    )


def test_a_prefix_that_was_declared_further_out_is_declared_anew() -> None:
    rest = Attributes({"{u}k": "v"}, prefix="p", prefixes={"{u}k": "q"})
    assert xml.encode(Entry("i", more_attributes=rest)) == (
        f'<p:entry xmlns:p="{ATOM}" xmlns:q="u" q:k="v"><p:id>i</p:id></p:entry>'.encode()
    )


def test_of_two_prefixes_of_a_namespace_each_name_has_its_own() -> None:
    rest = Attributes({"{u}k": "v"}, namespaces={"p": "u", "q": "u"}, prefix=None, prefixes={"{u}k": "p"})
    node = Element("{u}e", Attributes({"{u}k": "v"}, prefix="p", prefixes={"{u}k": "q"}))
    assert xml.encode(Anything(rest, [node])) == b'<a xmlns:p="u" xmlns:q="u" p:k="v"><p:e q:k="v"/></a>'


def test_a_mark_gives_a_child_its_prefix() -> None:
    rest = Attributes({}, namespaces={"": ATOM, "p": ATOM})
    value = Entry(
        "i",
        [Link("1"), Link("2")],
        more_attributes=rest,
        more=[Claimed("id", "p"), Claimed("links"), Claimed("links", "p")],
    )
    assert xml.encode(value) == (
        f'<entry xmlns="{ATOM}" xmlns:p="{ATOM}"><p:id>i</p:id><link href="1"/><p:link href="2"/></entry>'.encode()
    )


def test_a_child_without_a_mark_has_its_parents_prefix() -> None:
    rest = Attributes({}, namespaces={"": ATOM, "p": ATOM}, prefix="p")
    assert b"<p:id>i</p:id>" in xml.encode(Entry("i", more_attributes=rest))


def test_a_prefix_in_scope_is_never_given_another_meaning() -> None:
    rest = Attributes({"{u}k": "v"}, namespaces={"ns0": "urn:other", "p": "urn:p"}, prefixes={"{u}k": "p"})
    assert xml.encode(Anything(rest)) == b'<a xmlns:ns0="urn:other" xmlns:p="urn:p" xmlns:ns1="u" ns1:k="v"/>'
    node = Element("{u}e", Attributes({}, prefix="p"))
    inner = xml.encode(Anything(Attributes({}, namespaces={"p": "urn:p"}), [node]))
    assert inner == b'<a xmlns:p="urn:p"><e xmlns="u"/></a>'


def test_declarations_end_with_their_element() -> None:
    nodes = [
        Element("{u}e", Attributes({}, namespaces={"p": "u"}, prefix="p")),
        Element("{u}f", Attributes({}, prefix="p")),
    ]
    assert xml.encode(Anything({}, nodes)) == b'<a><p:e xmlns:p="u"/><p:f xmlns:p="u"/></a>'


def test_the_prefix_xml_needs_no_declaration() -> None:
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert xml.encode(Anything({lang: "en"})) == b'<a xml:lang="en"/>'


def test_a_class_in_a_namespace_of_its_own_stands_by_its_own_name() -> None:
    @xml.element("{urn:i}item")
    @dataclass
    class Item:
        n: Annotated[int, xml.child()]

    assert one(Item, Item(1)) == b'<a><item xmlns="urn:i"><n>1</n></item></a>'
    assert one(Item, Item(1), xml.child("x")) == b'<a><x><n xmlns="urn:i">1</n></x></a>'


def test_classes_of_a_union_stand_by_their_own_names() -> None:
    @xml.element("p")
    @dataclass
    class P:
        n: Annotated[int, xml.attr()]

    @xml.element("q")
    @dataclass
    class Q:
        n: Annotated[int, xml.attr()]

    assert one(list[P | Q], [Q(1), P(2)]) == b'<a><q n="1"/><p n="2"/></a>'


# Scalars.


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    TWO = 2


SCALARS: list[tuple[Any, Any, str]] = [
    (str, "", ""),
    (str, "é€😀", "é€😀"),
    (int, -5, "-5"),
    (int, 10**30, str(10**30)),
    (int, -(10**30), str(-(10**30))),
    (float, 1.5, "1.5"),
    (float, 1e300, "1e+300"),
    (float, -0.0, "-0.0"),
    (bool, True, "true"),
    (bool, False, "false"),
    (decimal.Decimal, decimal.Decimal("1.10"), "1.10"),
    (dt.datetime, dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2024-01-02T03:04:05Z"),
    (dt.date, dt.date(2024, 1, 2), "2024-01-02"),
    (dt.time, dt.time(1, 2, 3), "01:02:03"),
    (dt.timedelta, dt.timedelta(days=1, seconds=2), "P1DT2S"),
    (uuid.UUID, uuid.UUID(int=1), str(uuid.UUID(int=1))),
    (bytes, b"\0\1", "AAE="),
    (Colour, Colour.RED, "red"),
    (Number, Number.TWO, "2"),
]


@pytest.mark.parametrize("kind, value, text", SCALARS)
def test_a_scalar_has_one_text_wherever_it_stands(kind: Any, value: Any, text: str) -> None:
    assert one(kind, value) == (f"<a><x>{text}</x></a>" if text else "<a><x/></a>").encode()
    assert one(kind, value, xml.attr()) == f'<a x="{text}"/>'.encode()
    assert one(kind, value, xml.text()) == (f"<a>{text}</a>" if text else "<a/>").encode()


def test_an_int_past_the_interpreters_limit_of_digits_is_written() -> None:
    assert one(int, 10**5000) == b"<a><x>1" + b"0" * 5000 + b"</x></a>"


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_float_that_is_not_finite_is_refused(number: float) -> None:
    assert refused(lambda: one(float, number)).kind == "nan"


@pytest.mark.parametrize("marker", [xml.child(), xml.attr(), xml.text()])
def test_none_and_unset_are_left_out(marker: Any) -> None:
    assert one(str | None, None, marker) == one(str | UnsetType, UNSET, marker) == b"<a/>"


def test_a_list_in_an_attribute_has_spaces_between_its_values() -> None:
    assert one(list[int], [1, 2], xml.attr()) == b'<a x="1 2"/>'
    assert one(tuple[str, ...], ("p", "q"), xml.attr()) == b'<a x="p q"/>'
    for bad in (["a b"], [""], ["a\tb"], [None]):
        assert refused(lambda bad=bad: one(list[str], bad, xml.attr())).kind == "invalid_list_item"


def test_lists_tuples_and_sets_are_children_each() -> None:
    for kind, value in ((list[int], [1]), (tuple[int, ...], (1,)), (set[int], {1}), (frozenset[int], frozenset({1}))):
        assert one(kind, value) == b"<a><x>1</x></a>"


def test_text_and_attributes_read_back_as_they_were() -> None:
    nasty = "]]> <b> & \r\n\t \"'\u2028é😀"
    data = one(str, nasty, xml.attr())
    assert ET.fromstring(data).get("x") == nasty
    assert ET.fromstring(one(str, nasty)).findtext("x") == nasty
    ascii_only = one(str, nasty, xml.attr(), encoding="us-ascii", xml_declaration=True)
    assert ascii_only.isascii()
    assert ET.fromstring(ascii_only).get("x") == nasty


def test_a_declaration_names_the_encoding() -> None:
    assert one(str, "", xml_declaration=True).startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<a>')


# Options.


def test_indent_leaves_mixed_content_alone() -> None:
    mixed = Element("m", {}, [Text("t"), Element("n", {}, [Element("o")])])
    value = Mixed(["1"], [], "", [Comment("c"), Element("p", {}, [Element("q")]), mixed])
    assert xml.encode(value, indent=1) == (
        b"<a>\n <b>1</b>\n <!--c-->\n <p>\n  <q/>\n </p>\n <m>t<n><o/></n></m>\n</a>"
    )
    assert xml.encode(Mixed(["1"]), indent="\t") == b"<a>\n\t<b>1</b>\n</a>"
    for bad, error in ((-1, TypeError), ("x", ValueError), (True, TypeError), (2000, ValueError)):
        with pytest.raises(error):
            xml.encode(Mixed(), indent=bad)


def test_omit_defaults_leaves_out_what_a_field_is_by_default() -> None:
    cls = xml.element("a")(
        make_dataclass(
            "Defaults",
            [
                ("n", Annotated[int, xml.attr()], field(default=1)),
                ("s", Annotated[str, xml.child()], field(default="d")),
                ("f", Annotated[float, xml.child()], field(default=0.0)),
            ],
        )
    )
    assert xml.encode(cls(), omit_defaults=True) == b"<a/>"
    assert xml.encode(cls()) == b'<a n="1"><s>d</s><f>0.0</f></a>'
    assert xml.encode(cls(n=True, f=-0.0), omit_defaults=True) == b'<a n="true"><f>-0.0</f></a>'


def test_default_stands_in_for_unknown_types() -> None:
    assert one(complex, 1j, default=lambda value: str(value.imag)) == b"<a><x>1.0</x></a>"
    assert one(complex, 1j, default=lambda _: Link("u")) == b'<a><x href="u"/></a>'
    assert refused(lambda: one(complex, 1j, default=lambda value: value)).kind == "circular"
    with pytest.raises(ZeroDivisionError):
        one(complex, 1j, default=lambda _: 1 / 0)


def test_an_encoder_keeps_its_options() -> None:
    encoder = xml.Encoder(indent=1, xml_declaration=True)
    assert encoder.encode(Mixed(["1"])) == encoder.encode(Mixed(["1"]))
    with pytest.raises(AttributeError):
        encoder.indent = 2
    with pytest.raises(TypeError):
        xml.Encoder(default=3)
    with pytest.raises(ValueError, match="encoding"):
        xml.Encoder(encoding="utf-16")


def test_other_classes_with_fields_are_written_too() -> None:
    attrs = pytest.importorskip("attrs")

    @attrs.define
    class Own:
        n: Annotated[int, xml.attr()]

    class Pair(NamedTuple):
        n: Annotated[int, xml.attr()]
        m: Annotated[int, xml.child()]

    assert one(Own, Own(1)) == b'<a><x n="1"/></a>'
    assert one(Pair, Pair(1, 2)) == b'<a><x n="1"><m>2</m></x></a>'


T = TypeVar("T")


@xml.element("box")
@dataclass
class Box(Generic[T]):
    value: Annotated[T, xml.child()]


def test_a_generic_class_is_written_by_its_values() -> None:
    assert xml.encode(Box(1)) == b"<box><value>1</value></box>"
    assert xml.encode(Box(Link("u"))) == b'<box><value href="u"/></box>'


# What is refused.

NAMES = [
    "a b",
    "x><y",
    "",
    "1a",
    "a:b",
    "xmlns",
    "{u}",
    "{u}a b",
    "{u",
    "{\0}a",
    "{http://www.w3.org/2000/xmlns/}a",
    "a\udc00",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    for value in (Anything({name: "1"}), Anything({}, [Element(name)]), Anything({}, [Element("e", {name: "1"})])):
        refused(lambda value=value: xml.encode(value))


@pytest.mark.parametrize("text", ["\0", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_a_character_that_xml_has_not_is_refused_wherever_it_stands(text: str) -> None:
    for value in (
        Mixed([text]),
        Mixed(body=text),
        Anything({"x": text}),
        Anything({}, [Text(text)]),
        Anything({}, [Comment(text)]),
        Anything({}, [PI("p", text)]),
        Anything({}, [Element("e", {"x": text})]),
        Anything(Attributes({}, namespaces={"p": text})),
    ):
        assert refused(lambda value=value: xml.encode(value)).kind == "invalid_character"


def test_markup_that_would_end_early_is_refused() -> None:
    nodes = {
        Comment("a--b"): "invalid_comment",
        Comment("a-"): "invalid_comment",
        PI("p", "a?>b"): "invalid_pi",
        PI("xml"): "invalid_pi",
        PI("a b"): "invalid_pi",
        PI(""): "invalid_pi",
    }
    for node, kind in nodes.items():
        assert refused(lambda node=node: xml.encode(Anything({}, [node]))).kind == kind


def test_declarations_that_break_the_rules_are_refused() -> None:
    for namespaces in ({"xmlns": "u"}, {"xml": "u"}, {"p": ""}, {"a b": "u"}, {"p": "u}v"}, {"": "u"}, {"p": 1}):
        refused(lambda given=namespaces: xml.encode(Anything(Attributes({}, namespaces=given))))


def test_an_attribute_of_the_rest_with_the_name_of_a_field_is_refused() -> None:
    for name in ("href", "{}href"):
        error = refused(lambda name=name: one(Link, Link("u", None, {name: "v"})))
        assert (error.kind, error.path) == ("rest_clash", "/a/x/@href")
    assert refused(lambda: xml.encode(Anything({"b": "1", "{}b": "2"}))).kind == "duplicate_attribute"


def test_what_is_no_instance_of_a_class_with_an_element_is_refused_as_a_root() -> None:
    for value in (Link("u"), 1, "text", None, [Anything()], object(), Text("t"), {}):
        error = refused(lambda value=value: xml.encode(value))
        assert error.kind == "not_serializable"
        assert isinstance(error, TypeError)


def test_an_element_is_a_document_too() -> None:
    assert xml.encode(Element("{u}a", Attributes({}, prefix="p"), [Text("t")])) == b'<p:a xmlns:p="u">t</p:a>'


def test_values_of_the_wrong_type_are_refused() -> None:
    for value in (
        Anything({"x": 1}),  # type: ignore[dict-item]
        Anything({1: "x"}),  # type: ignore[dict-item]
        Anything([("x", "1")]),  # type: ignore[arg-type]
        Anything({}, "text"),  # type: ignore[arg-type]
        Anything({}, ["text"]),  # type: ignore[list-item]
        Anything({}, [Anything()]),  # type: ignore[list-item]
        Mixed(body=["x"]),  # type: ignore[arg-type]
        Mixed([None]),  # type: ignore[list-item]
        Mixed([["x"]]),  # type: ignore[list-item]
    ):
        assert isinstance(refused(lambda value=value: xml.encode(value)), EncodeError)


def test_an_error_has_the_path_to_its_place() -> None:
    nodes = [Element("e"), Text("t"), Element("e", {}, [Element("f"), Element("f", {"x": "\0"})])]
    assert refused(lambda: xml.encode(Anything({}, nodes))).path == "/a/e[2]/f[2]/@x"
    assert refused(lambda: one(list[Link], [Link("1"), Link("\0")])).path == "/a/x[2]/@href"
    assert refused(lambda: xml.encode(Mixed(["1", "\0"]))).path == "/a/b[2]"
    assert refused(lambda: xml.encode(Mixed(["1", object()]))).path == "/a/b[2]"  # type: ignore[list-item]


def test_an_attribute_that_is_not_set_is_refused() -> None:
    slots, plain = Link("u"), Mixed()
    del slots.href
    del plain.b
    for value in (slots, plain):
        assert refused(lambda value=value: xml.encode(Box(value))).kind == "missing_field"


def test_us_ascii_refuses_names_that_it_can_not_say() -> None:
    assert refused(lambda: xml.encode(Anything({"é": "1"}), encoding="us-ascii")).kind == "unencodable_name"
    assert refused(lambda: xml.encode(Element("é"), encoding="us-ascii")).kind == "unencodable_name"
    assert refused(lambda: xml.encode(Anything({}, [Comment("é")]), encoding="us-ascii")).kind == "unencodable_name"


def test_what_holds_itself_is_refused() -> None:
    element = Element("e")
    element.nodes.append(Element("f", {}, [element]))
    for root in (element, Element("g", {}, [element]), Anything({}, [element])):
        assert refused(lambda root=root: xml.encode(root, limits=Limits.unlimited())).kind == "circular"
    box: Box[Any] = Box(None)
    box.value = box
    assert refused(lambda: xml.encode(box, limits=Limits.unlimited())).kind == "circular"


# Limits, depth, memory.


def nested(depth: int) -> Element:
    element = Element("e")
    for _ in range(depth - 1):
        element = Element("e", {}, [element])
    return element


def test_depth_counts_the_element_that_crosses_its_limit() -> None:
    limits = Limits(max_depth=10)
    xml.encode(nested(10), limits=limits)
    with pytest.raises(RecursionError) as caught:
        xml.encode(nested(11), limits=limits)
    error: Any = caught.value
    assert isinstance(error, EncodeError)
    assert (error.limit, error.maximum, error.observed) == ("max_depth", 10, 11)


def test_a_million_levels_are_written_without_a_limit() -> None:
    gc.disable()
    try:
        depth = 1_000_000
        data = xml.encode(nested(depth), limits=Limits.unlimited())
    finally:
        gc.enable()
    assert data == b"<e>" * (depth - 1) + b"<e/>" + b"</e>" * (depth - 1)


def test_instances_nested_without_end_are_written() -> None:
    box: Box[Any] = Box("x")
    for _ in range(100_000):
        box = Box(box)
    data = xml.encode(box, limits=Limits.unlimited())
    assert data.count(b"<value>") == 100_001
    with pytest.raises(RecursionError):
        xml.encode(box)


def test_the_stack_has_a_limit_in_bytes() -> None:
    error: Any = refused(lambda: xml.encode(nested(10_000), limits=Limits(max_depth=None, max_stack_bytes=4096)))
    assert error.limit == "max_stack_bytes"


def test_the_output_has_a_limit_that_is_exact() -> None:
    data = xml.encode(Mixed(["1"]))
    assert xml.encode(Mixed(["1"]), limits=Limits(max_document_bytes=len(data))) == data
    error: Any = refused(lambda: xml.encode(Mixed(["1"]), limits=Limits(max_document_bytes=len(data) - 1)))
    assert (error.limit, error.maximum, error.observed) == ("max_document_bytes", len(data) - 1, len(data))


def test_classes_are_not_kept_alive_for_having_been_written() -> None:
    before = _native.known_xml_classes()
    cls = xml.element("a")(make_dataclass("Gone", [("x", Annotated[int, xml.attr()])]))
    xml.encode(cls(1))
    assert _native.known_xml_classes() == before + 1
    gone = weakref.ref(cls)
    del cls
    gc.collect()
    assert gone() is None
    assert _native.known_xml_classes() == before


def test_code_that_changes_what_is_being_written_does_no_harm() -> None:
    value = Mixed(["1"] * 5, [], "", [Element("e", {}, [Element("f")])])

    def change(_: object) -> str:
        value.b.clear()
        value.more[0].nodes.clear()  # type: ignore[union-attr]
        value.more.clear()
        return "x"

    value.b[1] = object()  # type: ignore[call-overload]
    assert xml.encode(value, default=change) == b"<a><b>1</b><b>x</b><b>1</b><b>1</b><b>1</b><e/></a>"


def test_nothing_leaks_over_many_documents_and_errors() -> None:
    import tracemalloc

    good = Entry("i", [Link("u", None, {"{u}k": "v"})], "p", Attributes({"x": "1"}, namespaces={"q": "w"}), [Text("t")])
    bad = Entry("\0", [Link("u")], more=[Element("e", {}, [Comment("--")])])

    def run(times: int) -> None:
        for _ in range(times):
            xml.encode(good)
            refused(lambda: xml.encode(bad))

    run(50)
    gc.collect()
    tracemalloc.start()
    try:
        run(10)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        run(300)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()


def test_encode_raises_what_the_package_promises() -> None:
    assert isinstance(refused(lambda: xml.encode(1)), forkedenc.Error)
