"""XML decoded to instances of classes: what fields claim, what the rests keep, streams of values, and hostile input."""

from __future__ import annotations

import copy
import datetime as dt
import enum
import gc
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

import pytest

import forkedenc
from forkedenc import Limits, xml

ATOM = "{http://www.w3.org/2005/Atom}"


@xml.element("link")
@dataclass
class Link:
    href: Annotated[str, xml.attr()]
    rel: Annotated[str | None, xml.attr()] = None
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("entry")
@dataclass(slots=True)
class Entry:
    id: Annotated[str, xml.child()]
    n: Annotated[int | None, xml.attr()] = None
    links: Annotated[list[Link], xml.child()] = field(default_factory=list)
    count: Annotated[int, xml.child()] = 0
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("item")
@dataclass
class Item:
    """Without rests."""

    n: Annotated[int, xml.attr()]
    name: Annotated[str, xml.child()] = "none"
    tags: Annotated[tuple[str, ...], xml.child("tag")] = ()


@dataclass
class Node:
    """Of itself, without an element of its own."""

    value: Annotated[int, xml.attr()] = 0
    child: Annotated[Node | None, xml.child("node")] = None


ENTRY = (
    b'<entry xml:lang="en" n="7"><id>x&amp;y</id> <t z="1">one<i>two</i><!--c-->three<?p q?></t><link href="u" rel="r" q="1">in'
    b'<x/>side</link>tail<link href="v"/><count> 3 </count><last/></entry>'
)


def plain(nodes: list[Any]) -> list[Any]:
    """Nodes as tuples, for comparison."""
    out: list[Any] = []
    for node in nodes:
        match node:
            case xml.Text(text=text):
                out.append(text)
            case xml.Comment(text=text):
                out.append(("comment", text))
            case xml.PI(target=target, data=data):
                out.append(("pi", target, data))
            case xml.Element(name=name, attributes=attributes, nodes=inner):
                out.append((name, dict(attributes), plain(inner)))
            case xml.Claimed():
                out.append(f"<{node.field}>")
    return out


def refused(data: bytes, cls: Any, **options: Any) -> forkedenc.ValidationError:
    """The ValidationError of a document, which is the same however it is cut."""
    with pytest.raises(forkedenc.ValidationError) as whole:
        xml.decode(data, cls, **options)
    error = whole.value
    at = "/" + data[1:].decode().replace("/", " ").replace(">", " ").split()[0]
    decoder = xml.StreamDecoder(cls, at=at, **options)
    with pytest.raises(forkedenc.ValidationError) as cut:
        for at_byte in range(len(data)):
            decoder.feed(data[at_byte : at_byte + 1])
        decoder.close()
    assert shown(cut.value) == shown(error)
    return error


def shown(error: Any) -> tuple[Any, ...]:
    return str(error), error.offset, error.line, error.column, error.path


def test_fields_take_attributes_children_and_lists_and_the_rests_keep_what_is_left() -> None:
    entry = xml.decode(ENTRY, Entry)
    assert (entry.id, entry.n, entry.count) == ("x&y", 7, 3)
    assert [(link.href, link.rel) for link in entry.links] == [("u", "r"), ("v", None)]
    assert entry.more_attributes == {"{http://www.w3.org/XML/1998/namespace}lang": "en"}
    assert entry.links[0].more_attributes == {"q": "1"}
    assert plain(entry.links[0].more) == ["in", ("x", {}, []), "side"]
    assert plain(entry.more) == [
        "<id>",
        " ",
        ("t", {"z": "1"}, ["one", ("i", {}, ["two"]), ("comment", "c"), "three", ("pi", "p", "q")]),
        "<links>",
        "tail",
        "<links>",
        "<count>",
        ("last", {}, []),
    ]


def test_nodes_know_where_they_stood() -> None:
    text = xml.decode(b"<entry><id/>\n  <x/></entry>", Entry).more[1]
    assert isinstance(text, xml.Text)
    assert (text.offset, text.line, text.column) == (12, 1, 13)


def test_an_empty_rest_is_a_dict_and_a_list_of_its_own() -> None:
    one, two = (xml.decode(b'<link href="u"/>', Link) for _ in range(2))
    assert (one.more_attributes, one.more) == ({}, [])
    one.more_attributes["a"] = "1"
    assert two.more_attributes == {}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_how_a_document_is_cut_changes_no_value(size: int) -> None:
    decoder = xml.StreamDecoder(Entry, at="/entry")
    values = [value for at in range(0, len(ENTRY), size) for value in decoder.feed(ENTRY[at : at + size])]
    assert [*values, *decoder.close()] == [xml.decode(ENTRY, Entry)]


def test_prefixes_and_declarations_are_kept_where_there_are_any() -> None:
    data = b'<p:a xmlns:p="urn:p" xmlns:q="urn:q" q:x="1" xmlns=""><p:b xmlns:r="urn:r"/></p:a>'

    @xml.element("{urn:p}a")
    @dataclass
    class A:
        attributes: xml.RestAttributes = field(default_factory=dict)
        nodes: xml.RestNodes = field(default_factory=list)

    value = xml.decode(data, A)
    attributes = value.attributes
    assert isinstance(attributes, xml.Attributes)
    assert (attributes, attributes.prefix) == ({"{urn:q}x": "1"}, "p")
    assert attributes.namespaces == {"p": "urn:p", "q": "urn:q", "": ""}
    child = value.nodes[0]
    assert isinstance(child, xml.Element)
    assert (child.name, child.attributes.prefix, child.attributes.namespaces) == ("{urn:p}b", "p", {"r": "urn:r"})


def test_the_mark_of_a_child_has_its_prefix() -> None:
    @xml.element("{urn:p}a")
    @dataclass
    class A:
        b: Annotated[list[str], xml.child()] = field(default_factory=list)
        nodes: xml.RestNodes = field(default_factory=list)

    value = xml.decode(b'<a xmlns="urn:p" xmlns:p="urn:p"><b>1</b><p:b>2</p:b></a>', A)
    assert value.b == ["1", "2"]
    assert value.nodes == [xml.Claimed("b"), xml.Claimed("b", "p")]


def test_children_inherit_the_namespace_of_the_element_and_attributes_do_not() -> None:
    @xml.element(f"{ATOM}feed")
    @dataclass
    class Feed:
        title: Annotated[str, xml.child()]
        bare: Annotated[str | None, xml.child("{}id")] = None
        own: Annotated[str | None, xml.attr(f"{ATOM}x")] = None
        x: Annotated[str | None, xml.attr()] = None

    data = (
        b'<f:feed xmlns:f="http://www.w3.org/2005/Atom" x="1" f:x="2"><title>no</title><id>i</id>'
        b"<f:title>yes</f:title><f:id>no</f:id></f:feed>"
    )
    value = xml.decode(data, Feed)
    assert (value.title, value.bare, value.own, value.x) == ("yes", "i", "2", "1")


def test_text_is_joined_across_comments_pis_cdata_and_children() -> None:
    @dataclass
    class A:
        body: Annotated[str, xml.text()]
        b: Annotated[int, xml.child()] = 0
        nodes: xml.RestNodes = field(default_factory=list)

    value = xml.decode(b"<a>user@a.com<!-- -->.evil<?p?>.com<![CDATA[<&]]><b>1<!---->2</b>\xc3\xa9</a>", A)
    assert (value.body, value.b) == ("user@a.com.evil.com<&\u00e9", 12)
    assert value.nodes[0] == xml.Claimed("body", None, 10)
    assert value.nodes[-1] == xml.Claimed("body", None, 1)


def test_comments_error_refuses_text_that_a_comment_or_pi_cuts() -> None:
    assert refused(b"<entry><id>1<!-- x -->2</id></entry>", Entry, comments="error").path == "/entry/id"
    assert refused(b"<entry><id>1<?x?>2</id></entry>", Entry, comments="error").path == "/entry/id"
    assert xml.decode(b"<entry><!-- x --><id>1</id></entry>", Entry, comments="error").id == "1"


class Colour(enum.Enum):
    RED = "red"


@xml.element("all")
@dataclass(frozen=True)
class Everything:
    when: Annotated[dt.datetime, xml.attr()]
    flag: Annotated[bool, xml.attr()]
    sizes: Annotated[list[int], xml.attr()]
    colour: Annotated[Colour, xml.child()]
    kind: Annotated[Literal["a", 1], xml.child()]
    ratio: Annotated[float, xml.child()]
    data: Annotated[bytes, xml.child()]
    words: Annotated[frozenset[str], xml.child("word")]
    pair: Annotated[tuple[int, ...], xml.child()]
    absent: Annotated[int | None, xml.child()]


EVERYTHING = (
    b'<all when="2026-01-02T03:04:05Z" flag=" true " sizes=" 1 2\n3 "><colour>red</colour><kind>1</kind><ratio> 1.5e1 </ratio>'
    b"<data>aGk=</data><word>x</word><pair>1</pair><word>x</word><pair>2</pair></all>"
)


def test_scalars_are_read_from_their_text() -> None:
    value = xml.decode(EVERYTHING, Everything)
    assert value == Everything(
        dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        True,
        [1, 2, 3],
        Colour.RED,
        1,
        15.0,
        b"hi",
        frozenset({"x"}),
        (1, 2),
        None,
    )


def test_a_union_of_classes_is_told_by_their_elements() -> None:
    @xml.element("a")
    @dataclass
    class A:
        root: Annotated[list[Link | Item], xml.child()] = field(default_factory=list)

    value = xml.decode(b'<a><item n="1"/><link href="x"/><item n="2"><tag>t</tag></item></a>', A)
    assert [type(child) for child in value.root] == [Item, Link, Item]
    assert value.root[2] == Item(2, tags=("t",))


def test_named_tuples_and_classes_with_code_of_their_own_are_made_too() -> None:
    class Pair(NamedTuple):
        a: Annotated[int, xml.attr()]
        b: Annotated[str, xml.child()] = "b"

    @dataclass
    class Positive:
        n: Annotated[int, xml.attr()]

        def __post_init__(self) -> None:
            if self.n < 0:
                raise ValueError("negative")

    assert xml.decode(b'<x a="1"/>', Pair) == Pair(1)
    assert xml.decode(b'<x n="1"/>', Positive) == Positive(1)
    error = refused(b'<x n="-1"/>', Positive)
    assert isinstance(error.__cause__, ValueError)


def test_a_hook_makes_values_of_types_that_no_text_stands_for() -> None:
    @dataclass
    class A:
        z: Annotated[complex, xml.attr()]

    assert xml.decode(b'<a z="1+2j"/>', A, dec_hook=lambda kind, text: kind(text)).z == 1 + 2j
    error = refused(b'<a z="x"/>', A, dec_hook=lambda kind, text: kind(text))
    assert error.path == "/a/@z"
    with pytest.raises(forkedenc.SchemaError, match=r"A\.z: complex"):
        xml.Decoder(A)


@pytest.mark.parametrize(
    "data,cls,path,offset,expected",
    [
        (b'<entry><id>1</id><link href="u"/><link/></entry>', Entry, "/entry/link[2]", 33, "attribute href"),
        (b'<entry n="x"><id/></entry>', Entry, "/entry/@n", 0, "int"),
        (b"<entry><id/><count>x</count></entry>", Entry, "/entry/count", 12, "int"),
        (b"<entry><id/><count/></entry>", Entry, "/entry/count", 12, "int"),
        (b"<entry><id>a<b/></id></entry>", Entry, "/entry/id/b", 12, "str"),
        (b"<entry/>", Entry, "/entry", 0, "element id"),
        (b"<entry></entry>", Entry, "/entry", 0, "element id"),
        (b'<item n="1"><name/><name/></item>', Item, "/item/name[2]", 19, "one name"),
    ],
)
def test_an_error_names_its_place(data: bytes, cls: Any, path: str, offset: int, expected: str) -> None:
    error = refused(data, cls)
    assert (error.path, error.offset, error.expected) == (path, offset, expected)
    assert error.actual


def test_an_error_never_shows_the_value() -> None:
    error = refused(b'<entry n="hunter2"><id/></entry>', Entry)
    assert "hunter2" not in str(error)


def test_a_second_child_of_a_field_goes_to_the_rest_if_there_is_one() -> None:
    value = xml.decode(b"<entry><id>1</id><id>2</id></entry>", Entry)
    assert value.id == "1"
    assert plain(value.more) == ["<id>", ("id", {}, ["2"])]


def test_another_root_is_refused() -> None:
    with pytest.raises(forkedenc.ValidationError) as caught:
        xml.decode(b"<feed/>", Entry)
    assert (caught.value.path, caught.value.expected) == ("/feed", "the root element entry")
    assert xml.decode(b'<any value="1"/>', Node).value == 1


def test_unknown_ignore_drops_what_the_rests_would_keep() -> None:
    value = xml.decode(ENTRY, Entry, unknown="ignore")
    assert (value.more_attributes, value.more, value.count) == ({}, [], 3)


@pytest.mark.parametrize(
    "data,path",
    [
        (b'<item n="1" x="2"/>', "/item/@x"),
        (b'<item n="1"><x/></item>', "/item/x"),
        (b'<item n="1"> text</item>', "/item"),
        (b'<item n="1"><name x="1"/></item>', "/item/name/@x"),
    ],
)
def test_unknown_error_refuses_what_no_field_claims(data: bytes, path: str) -> None:
    assert refused(data, Item, unknown="error").path == path
    assert xml.decode(data, Item).n == 1


def test_unknown_rest_needs_rests() -> None:
    with pytest.raises(forkedenc.SchemaError, match="Item"):
        xml.Decoder(Item, unknown="rest")
    assert xml.Decoder(Entry, unknown="rest").decode(ENTRY) == xml.decode(ENTRY, Entry)


def _unmarked() -> Any:
    @dataclass
    class A:
        x: int

    return A


def _twice(kind: Any) -> Any:
    @dataclass
    class A:
        a: kind
        b: kind

    A.__annotations__.update(a=kind, b=kind)
    return A


@pytest.mark.parametrize(
    "make,message",
    [
        (_unmarked, r"A\.x: a field says xml\.attr"),
        (lambda: _twice(xml.RestNodes), r"A\.b: a class has one RestNodes"),
        (lambda: _twice(xml.RestAttributes), r"A\.b: a class has one RestAttributes"),
        (lambda: _twice(Annotated[str, xml.text()]), r"A\.b: the text is claimed by a"),
        (lambda: _twice(Annotated[str, xml.child("x")]), r"A\.b: the child 'x' is claimed by a"),
        (lambda: _twice(Annotated[int | str, xml.attr()]), r"A\.a: a text does not tell"),
        (lambda: _twice(Annotated[complex, xml.child()]), r"A\.a: complex is no type"),
        (lambda: _twice(Annotated[Link | Node, xml.child()]), r"A\.a: Node has no xml\.element"),
        (lambda: int, "int is no class"),
    ],
)
def test_a_schema_error_has_the_way_to_the_type(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(forkedenc.SchemaError, match=message):
        xml.Decoder(make())


@pytest.mark.parametrize("name", ["a b", "{x", "", "a:b", "x>", "{}"])
def test_names_that_no_element_has_are_refused_where_they_are_said(name: str) -> None:
    for say in (xml.attr, xml.child, xml.element):
        with pytest.raises(ValueError, match="is named"):
            say(name)


# Streams.


FEED = (
    b'<feed a="1">\n<x><entry><id>no</id></entry></x>'
    + b"<entry n='%d'><id>i</id></entry>\n" * 5 % (0, 1, 2, 3, 4)
    + b"</feed>"
)


def test_a_stream_gives_each_value_as_it_ends() -> None:
    decoder = xml.StreamDecoder(Entry, at="/feed/entry")
    seen: list[Any] = []
    for at in range(len(FEED)):
        values = decoder.feed(FEED[at : at + 1])
        assert len(values) <= 1
        if values:
            assert FEED[: at + 1].endswith(b"</entry>")
        seen += values
    assert [value.n for value in [*seen, *decoder.close()]] == [0, 1, 2, 3, 4]
    assert decoder.close() == []
    with pytest.raises(ValueError, match="closed"):
        decoder.feed(b"x")


def test_a_feed_that_completed_values_gives_them_before_the_error() -> None:
    decoder = xml.StreamDecoder(Entry, at="/feed/entry")
    values = decoder.feed(b"<feed><entry n='1'><id/></entry><entry/></feed>")
    assert [value.n for value in values] == [1]
    for _ in range(2):
        with pytest.raises(forkedenc.ValidationError) as caught:
            decoder.feed(b"")
        assert caught.value.path == "/feed/entry[2]"


def test_a_stream_that_is_cut_short_is_incomplete() -> None:
    decoder = xml.StreamDecoder(Entry, at="/feed/entry")
    decoder.feed(b"<feed><entry n='1'>")
    assert decoder.depth == 2
    with pytest.raises(forkedenc.IncompleteError) as caught:
        decoder.close()
    assert caught.value.offset == 19


def test_a_path_takes_uris_and_prefixes() -> None:
    cls = xml.element("{urn:f}e")(dataclass(type("E", (), {"__annotations__": {"n": Annotated[int, xml.attr()]}})))
    data = b'<p:f xmlns:p="urn:f"><e n="0"/><p:e n="1"/><e xmlns="urn:f" n="2"/></p:f>'
    for options in (
        {"at": "/{urn:f}f/{urn:f}e"},
        {"at": "/a:f/a:e", "namespaces": {"a": "urn:f"}},
        {"at": "/f/e", "namespaces": {"": "urn:f"}},
    ):
        assert [value.n for value in xml.StreamDecoder(cls, **options).feed(data)] == [1, 2]


@pytest.mark.parametrize("at", ["", "feed", "/", "/feed/", "/a:feed", "/{x", "/feed//entry", "/feed[1]", "/@x"])
def test_what_is_no_path_is_refused(at: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        xml.StreamDecoder(Entry, at=at)


def test_a_fork_goes_on_by_itself() -> None:
    for at in range(len(FEED)):
        one = xml.StreamDecoder(Entry, at="/feed/entry")
        before = one.feed(FEED[:at])
        two = one.fork()
        assert one.depth == two.depth
        assert [value.n for value in before + two.feed(FEED[at:]) + two.close()] == [0, 1, 2, 3, 4]
        assert [value.n for value in before + one.feed(FEED[at:]) + one.close()] == [0, 1, 2, 3, 4]


def test_forks_share_no_open_list_or_attributes() -> None:
    one = xml.StreamDecoder(Entry, at="/entry")
    one.feed(ENTRY[: ENTRY.index(b"tail")])
    two = one.fork()
    rest = ENTRY[ENTRY.index(b"tail") :]
    (first,), (second,) = one.feed(rest), two.feed(rest)
    assert first == second
    first.links.clear()
    first.more.clear()
    first.more_attributes.clear()
    assert second == xml.decode(ENTRY, Entry)


# Limits.


def crossing(data: bytes, cls: Any, **limits: Any) -> Any:
    """The LimitError of a document, which is the same however it is cut."""
    with pytest.raises(forkedenc.LimitError) as caught:
        xml.decode(data, cls, limits=Limits(**limits))
    for size in (1, 3):
        decoder = xml.StreamDecoder(
            cls, at="/" + data[1:].decode().replace(">", " ").split()[0], limits=Limits(**limits)
        )
        with pytest.raises(forkedenc.LimitError) as cut:
            for at in range(0, len(data), size):
                decoder.feed(data[at : at + size])
        assert shown(cut.value) == shown(caught.value)
    assert isinstance(caught.value, xml.ParseError)
    return caught.value


def test_rest_members_are_counted_for_each_rest() -> None:
    data = b'<link href="u" a="1" b="2"><x/>text<!--c--></link>'
    xml.decode(data, Link, limits=Limits(max_rest_members=3))
    error = crossing(data, Link, max_rest_members=2)
    assert (error.limit, error.maximum, error.observed) == ("max_rest_members", 2, 3)
    assert error.offset == data.index(b"<!--")
    assert crossing(data, Link, max_rest_members=1).path == "/link/@b"


def test_rest_bytes_are_refused_at_the_byte_that_crosses() -> None:
    data = b'<link href="u"><x>0123456789</x></link>'
    xml.decode(data, Link, limits=Limits(max_rest_bytes=11))
    error = crossing(data, Link, max_rest_bytes=5)
    assert (error.limit, error.observed, error.path) == ("max_rest_bytes", 6, "/link/x")
    assert error.offset == data.index(b"0") + 4


def test_what_is_dropped_is_not_counted() -> None:
    data = b'<link href="u" a="1"><x>0123456789</x></link>'
    limits = Limits(max_rest_bytes=0, max_rest_members=0)
    assert xml.decode(data, Link, unknown="ignore", limits=limits).more == []


def test_the_text_of_a_field_counts_across_children() -> None:
    @xml.element("a")
    @dataclass
    class A:
        body: Annotated[str, xml.text()]

    data = b"<a>123<b/>456</a>"
    assert xml.decode(data, A, limits=Limits(max_text_bytes=6)).body == "123456"
    error = crossing(data, A, max_text_bytes=5)
    assert (error.limit, error.offset) == ("max_text_bytes", 12)


def test_an_attribute_of_four_gigabytes_is_refused_at_its_limit() -> None:
    decoder = xml.StreamDecoder(Link, at="/link", limits=Limits(max_attribute_bytes=100_000))
    decoder.feed(b'<link href="')
    chunk = b"v" * 65536
    with pytest.raises(forkedenc.LimitError) as caught:
        for _ in range(65536):
            decoder.feed(chunk)
    assert (caught.value.limit, caught.value.offset) == ("max_attribute_bytes", 12 + 100_000)


def test_in_a_stream_limits_count_one_value() -> None:
    value = b"<entry n='1'><id>i</id></entry>"
    limits = Limits(max_tokens=5, max_memory_bytes=2000, max_children=1, max_document_bytes=len(value))
    decoder = xml.StreamDecoder(Entry, at="/feed/entry", limits=limits)
    found = decoder.feed(b"<feed>" + (value + b"<x/>  ") * 1000 + b"</feed>") + decoder.close()
    assert len(found) == 1000
    # The bytes of a value are asked at each of its tags, by where it starts.
    for name, less in (("max_tokens", 4), ("max_document_bytes", value.index(b"</entry>") - 1)):
        decoder = xml.StreamDecoder(Entry, at="/feed/entry", limits=limits.replace(**{name: less}))
        with pytest.raises(forkedenc.LimitError) as caught:
            decoder.feed(b"<feed>" + value)
        assert (caught.value.limit, caught.value.maximum) == (name, less)


def test_depth_is_charged_to_what_surrounds_a_value_too() -> None:
    decoder = xml.StreamDecoder(Entry, at="/feed/entry", limits=Limits(max_depth=2))
    with pytest.raises(forkedenc.LimitError):
        decoder.feed(b"<feed><entry><id/></entry></feed>")


# Hostile input.

DEEP = 1_000_000


def test_a_rest_a_million_elements_deep_is_kept_and_let_go() -> None:
    data = b"<link href='u'>" + b"<x>" * DEEP + b"</x>" * DEEP + b"</link>"
    value = xml.decode(data, Link, limits=Limits.unlimited())
    assert isinstance(value.more[0], xml.Element)
    del value


def test_a_class_of_itself_a_million_elements_deep_is_made_and_let_go() -> None:
    data = b"<node>" * DEEP + b"</node>" * DEEP
    value: Node | None = xml.decode(data, Node, limits=Limits.unlimited())
    depth = 0
    while value is not None:
        value, depth = value.child, depth + 1
    assert depth == DEEP


def test_depth_is_refused_by_its_limit() -> None:
    with pytest.raises(RecursionError):
        xml.decode(b"<node>" * 1001, Node)


def test_passed_by_depth_takes_no_room() -> None:
    data = b"<item n='1'>" + b"<x>" * DEEP + b"</x>" * DEEP + b"</item>"
    assert xml.decode(data, Item, limits=Limits.unlimited()).n == 1


def test_very_many_namespaces_do_not_confuse_names() -> None:
    inner = b"".join(b"<x:y xmlns:x='urn:%d'/><item n='%d'/>" % (n, n) for n in range(5000))

    @xml.element("a")
    @dataclass
    class A:
        items: Annotated[list[Item], xml.child()] = field(default_factory=list)
        more: xml.RestNodes = field(default_factory=list)

    value = xml.decode(b"<a>" + inner + b"</a>", A)
    assert [item.n for item in value.items] == list(range(5000))
    names = [node.name for node in value.more if isinstance(node, xml.Element)]
    assert names == [f"{{urn:{n}}}y" for n in range(5000)]


def test_an_entity_that_is_not_read_is_refused() -> None:
    with pytest.raises(xml.ParseError):
        xml.decode(b"<!DOCTYPE entry SYSTEM 'x'><entry><id>&e;</id></entry>", Entry, dtd="internal")


def test_every_cut_and_every_truncation_ends_in_a_value_or_an_error() -> None:
    rng = random.Random(5)
    for _ in range(300):
        data = bytearray(ENTRY)
        for _ in range(rng.randrange(1, 4)):
            data[rng.randrange(len(data))] = rng.choice(b"<>&/='\" a1\xff")
        outcomes = []
        for size in (1, 5, len(data)):
            decoder = xml.StreamDecoder(Entry, at="/entry")
            values: list[Any] = []
            try:
                for at in range(0, len(data), size):
                    values += decoder.feed(bytes(data[at : at + size]))
                values += decoder.close()
                outcomes.append((values, None))
            except forkedenc.DecodeError as error:
                outcomes.append((values, shown(error)))
        assert outcomes[0] == outcomes[1] == outcomes[2]


def test_a_decoder_in_use_refuses_calls() -> None:
    @xml.element("a")
    @dataclass
    class A:
        def __post_init__(self) -> None:
            with pytest.raises(RuntimeError):
                decoder.feed(b"")

    decoder = xml.StreamDecoder(A, at="/x/a")
    assert len(decoder.feed(b"<x><a/></x>")) == 1


def test_a_hook_may_decode_meanwhile() -> None:
    @dataclass
    class A:
        b: Annotated[complex, xml.attr()]

    def hook(kind: Any, text: str) -> Any:
        return complex(xml.decode(b"<item n='1'/>", Item).n)

    assert xml.decode(b"<a b='x'/>", A, dec_hook=hook).b == 1


def fails(kind: type[Exception], data: bytes) -> None:
    with pytest.raises(kind):
        xml.decode(data, Entry)


def _repeat() -> Iterator[Callable[[], Any]]:
    yield lambda: xml.decode(ENTRY, Entry)
    yield lambda: xml.decode(EVERYTHING, Everything)
    yield lambda: fails(forkedenc.ValidationError, ENTRY.replace(b" 3 ", b"x"))
    yield lambda: fails(xml.ParseError, ENTRY[:-3])
    yield lambda: xml.StreamDecoder(Entry, at="/entry").feed(ENTRY[:-30])
    yield lambda: copy.deepcopy(xml.decode(ENTRY, Entry))


@pytest.mark.parametrize("number", range(6))
def test_nothing_leaks(number: int) -> None:
    call = list(_repeat())[number]
    for _ in range(20):
        call()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        call()
    gc.collect()
    assert len(gc.get_objects()) - before < 50


def test_a_set_refuses_a_flood_of_equal_hashes() -> None:
    @dataclass
    class A:
        n: Annotated[set[int], xml.child()]

    data = b"<a>" + b"".join(b"<n>%d</n>" % (number * (2**61 - 1)) for number in range(20_000)) + b"</a>"
    assert refused_at_once(data, A).path == "/a"


def refused_at_once(data: bytes, cls: Any) -> forkedenc.ValidationError:
    with pytest.raises(forkedenc.ValidationError) as caught:
        xml.decode(data, cls)
    return caught.value
