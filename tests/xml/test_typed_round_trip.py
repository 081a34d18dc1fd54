"""Decode, then encode: what a class does not know comes back as it was, each thing in its place."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest
from hypothesis import assume, given, settings, strategies as st
from lxml import etree

from forkedenc import LimitError, Limits, xml
from forkedenc.xml.etree.ElementTree import canonicalize

ATOM = "{http://www.w3.org/2005/Atom}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SVG = "{http://www.w3.org/2000/svg}"


@xml.element("a")
@dataclass
class Anything:
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@dataclass(slots=True)
class Inner:
    x: Annotated[str | None, xml.attr()] = None
    b: Annotated[list[str], xml.child()] = field(default_factory=list)
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("a")
@dataclass
class Known:
    x: Annotated[str | None, xml.attr()] = None
    q: Annotated[str | None, xml.attr("{urn:p}x")] = None
    b: Annotated[list[str], xml.child()] = field(default_factory=list)
    c: Annotated[list[Inner], xml.child()] = field(default_factory=list)
    d: Annotated[Inner | None, xml.child("{urn:p}d")] = None
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("a")
@dataclass
class Worded:
    b: Annotated[list[Anything], xml.child("b")] = field(default_factory=list)
    text: Annotated[str, xml.text()] = ""
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@dataclass
class AtomLink:
    href: Annotated[str, xml.attr()]
    more_attributes: xml.RestAttributes = field(default_factory=dict)


@xml.element(f"{ATOM}entry")
@dataclass
class AtomEntry:
    id: Annotated[str, xml.child()]
    links: Annotated[list[AtomLink], xml.child("link")] = field(default_factory=list)
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{ATOM}feed")
@dataclass
class Feed:
    entries: Annotated[list[AtomEntry], xml.child("entry")] = field(default_factory=list)
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{SAML}Assertion")
@dataclass
class Assertion:
    id: Annotated[str, xml.attr("ID")]
    issuer: Annotated[str, xml.child("Issuer")]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@dataclass
class Path:
    d: Annotated[str, xml.attr()]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{SVG}svg")
@dataclass
class Svg:
    paths: Annotated[list[Path], xml.child("path")] = field(default_factory=list)
    view: Annotated[list[float], xml.attr("viewBox")] = field(default_factory=list)
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


def canonical(data: bytes) -> tuple[str, bytes]:
    """A document in both canonical forms: C14N 2.0 by our own, C14N 1.0 with comments by lxml, which keeps declarations."""
    return canonicalize(data.decode(), with_comments=True), etree.tostring(etree.fromstring(data), method="c14n")


def survives(data: bytes, cls: Any) -> Any:
    """Decodes, encodes, and compares; gives the value."""
    value = xml.decode(data, cls)
    encoded = xml.encode(value)
    assert canonical(encoded) == canonical(data)
    assert canonical(xml.encode(xml.decode(encoded, cls))) == canonical(data)
    return value


FEED = f"""<?xml version="1.0"?>
<feed xmlns="{ATOM[1:-1]}" xmlns:dc="urn:dc" xml:lang="en">
  <title>t &amp; u</title><!-- c --><entry dc:kind="k"><link rel="self" href="1"/><id>1</id><link href="2" dc:x="y"/>
  <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">one <b>two</b> three<br/></div></content></entry>
  <entry xmlns:dc="urn:other"><dc:creator>me</dc:creator><id>2</id></entry><x:entry xmlns:x="{ATOM[1:-1]}"><x:id>3</x:id></x:entry>
</feed>""".encode()

ASSERTION = b"""<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_1"
 Version="2.0"><saml:Issuer>https://idp</saml:Issuer><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
 <ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"/></ds:SignedInfo></ds:Signature>
 <saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:type="xs:string">user@a.com<!-- -->.evil.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"""

PICTURE = b"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0.0 0.5 10.0 10.0">
<defs><path id="p" d="M0 0"/></defs><path d="M1 1" fill="red"><title>t</title></path><g><use xlink:href="#p"/></g>
<style><![CDATA[ a > b { } ]]></style><path d="M2&#10;2"/><svg xmlns="urn:not"><path/></svg></svg>"""


@pytest.mark.parametrize("data, cls", [(FEED, Feed), (ASSERTION, Assertion), (PICTURE, Svg)])
def test_a_document_comes_back_whole(data: bytes, cls: Any) -> None:
    survives(data, cls)


def test_what_is_changed_and_nothing_else_changes() -> None:
    feed = survives(FEED, Feed)
    feed.entries[0].links[1].href = "changed"
    feed.entries[1].id = "new"
    expected = FEED.replace(b'href="2"', b'href="changed"').replace(b"<id>2<", b"<id>new<")
    assert canonical(xml.encode(feed)) == canonical(expected)


def test_an_item_that_is_added_stands_behind_the_last_of_its_kind() -> None:
    feed = survives(FEED, Feed)
    feed.entries[0].links.append(AtomLink("3"))
    expected = FEED.replace(b'<link href="2" dc:x="y"/>', b'<link href="2" dc:x="y"/><link href="3"/>')
    assert canonical(xml.encode(feed)) == canonical(expected)


def test_an_item_that_is_taken_away_is_gone_and_no_other() -> None:
    feed = survives(FEED, Feed)
    del feed.entries[2]
    start = FEED.index(b"<x:entry")
    expected = FEED[:start] + FEED[FEED.index(b"</x:entry>") + len(b"</x:entry>") :]
    assert canonical(xml.encode(feed)) == canonical(expected)


@pytest.mark.parametrize("data", [FEED, ASSERTION])
def test_a_value_that_was_copied_or_pickled_is_written_like_the_first(data: bytes) -> None:
    cls = Feed if data is FEED else Assertion
    value = xml.decode(data, cls)
    for made in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert xml.encode(made) == xml.encode(value)


def test_an_entry_of_a_stream_stands_alone() -> None:
    data = (
        f'<p:feed xmlns:p="{ATOM[1:-1]}" xmlns:dc="urn:dc"><p:entry dc:k="v"><p:id>1</p:id><dc:x/></p:entry></p:feed>'
    )
    (entry,) = xml.StreamDecoder(AtomEntry, at=f"/{ATOM}feed/{ATOM}entry").feed(data.encode())
    again = etree.fromstring(xml.encode(entry))
    assert again.tag == f"{ATOM}entry"
    assert dict(again.attrib) == {"{urn:dc}k": "v"}
    assert [child.tag for child in again] == [f"{ATOM}id", "{urn:dc}x"]


def test_text_that_a_field_holds_goes_back_between_the_elements() -> None:
    value = survives(b"<a>one<b>1</b>two<!--c--><x>no</x><?p?>three<b/></a>", Worded)
    assert value.text == "onetwothree"
    value.text = "other"
    assert xml.encode(value) == b"<a>other<b>1</b><!--c--><x>no</x><?p?><b/></a>"


def test_a_million_levels_come_back() -> None:
    depth = 1_000_000
    data = b"<a>" * depth + b"x" + b"</a>" * depth
    assert xml.encode(xml.decode(data, Anything, limits=Limits.unlimited()), limits=Limits.unlimited()) == data


# Any document.

_TEXT = st.text(st.sampled_from("ab <>&\"'\t\n\r]é€😀"), max_size=4)
_SAFE = st.text(st.sampled_from("ab c\té€"), max_size=4)
_URIS = st.sampled_from(["urn:p", "urn:q", "urn:a&b"])
_PREFIXES = st.sampled_from(["p", "q", "ns0"])


def _escape(text: str) -> str:
    for character, escaped in ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"):
        text = text.replace(character, escaped)
    return "".join(f"&#{ord(character)};" if character in "\t\n\r" else character for character in text)


@st.composite
def documents(draw: st.DrawFn, depth: int = 0, scope: dict[str, str] | None = None, name: str = "a") -> str:
    """An element with everything that namespaces allow, as text."""
    scope = dict(scope or {})
    tag = []
    for prefix in draw(st.lists(_PREFIXES, max_size=2, unique=True)):
        scope[prefix] = draw(_URIS)
        tag.append(f'xmlns:{prefix}="{_escape(scope[prefix])}"')
    if depth and draw(st.integers(0, 4)) == 0:
        scope[""] = draw(st.sampled_from(["", "urn:p", "urn:d"]))
        tag.append(f'xmlns="{scope[""]}"')
    prefixes = [prefix for prefix in scope if prefix]
    seen: set[tuple[str, str]] = set()
    for local in draw(st.lists(st.sampled_from("xyz"), max_size=3)):
        prefix = draw(st.sampled_from(["", *prefixes]))
        key = (scope[prefix] if prefix else "", local)
        if key not in seen:
            seen.add(key)
            tag.append(f'{prefix}{":" if prefix else ""}{local}="{_escape(draw(_TEXT))}"')
    if depth and prefixes and draw(st.booleans()):
        name = f"{draw(st.sampled_from(prefixes))}:{name}"
    content = []
    for kind in draw(st.lists(st.integers(0, 5 if depth < 3 else 2), max_size=4)):
        if kind == 0:
            content.append(_escape(draw(_TEXT)))
        elif kind == 1:
            content.append(f"<!--{draw(_SAFE)}-->")
        elif kind == 2:
            content.append("<?pi " + draw(_SAFE).strip() + "?>")
        else:
            content.append(draw(documents(depth + 1, scope, draw(st.sampled_from("abcd")))))
    return f"<{' '.join([name, *tag])}>{''.join(content)}</{name}>"


@settings(max_examples=300, deadline=None)
@given(documents())
def test_any_document_comes_back_from_a_class_that_knows_nothing(text: str) -> None:
    survives(text.encode(), Anything)


def told(data: bytes) -> Any:
    """A document without what a str field has no place for: declarations and attributes, comments and PIs in its element."""
    root = etree.fromstring(data)
    for parent in [root, *root.iterfind("c"), *root.iterfind("{urn:p}d")]:
        for leaf in list(parent.iterfind("b")):
            tail, text = leaf.tail, "".join(leaf.itertext(tag="b"))
            leaf.clear()
            leaf.text, leaf.tail = text, tail
    for other in list(root.iterfind("{urn:p}d"))[1:]:
        other.tag = "other"
    return root


@settings(max_examples=300, deadline=None)
@given(documents())
def test_any_document_comes_back_from_a_class_that_knows_a_part(text: str) -> None:
    data = etree.tostring(told(text.encode()))
    value = xml.decode(data, Known)
    encoded = etree.fromstring(xml.encode(value))
    # What a str field's element declares is not kept: only prefixes that names use are compared.
    expected = etree.fromstring(data)
    # Which of two prefixes a field's attribute had is not kept either.
    prefixes = [prefix for prefix, uri in expected.nsmap.items() if prefix and uri == "urn:p"]
    assume(len(prefixes) < 2 or value.q is None)
    assert etree.tostring(encoded, method="c14n", exclusive=True) == etree.tostring(
        expected, method="c14n", exclusive=True
    )


@settings(max_examples=200, deadline=None)
@given(documents())
def test_any_text_comes_back_between_what_stands_there(text: str) -> None:
    root = etree.fromstring(text.encode())
    value = xml.decode(text.encode(), Worded)
    again = etree.fromstring(xml.encode(value))
    # A run of text of a field may be cut by nothing but elements, comments and PIs.
    assert [
        (node.tag if isinstance(node.tag, str) else str(node), node.text, node.tail)
        for node in again.iter(etree.Element)
    ] == [
        (node.tag if isinstance(node.tag, str) else str(node), node.text, node.tail)
        for node in root.iter(etree.Element)
    ]
    assert canonical(xml.encode(value)) == canonical(text.encode())


@xml.element("{urn:a}e")
@dataclass
class Titled:
    title: Annotated[str, xml.child()]
    tags: Annotated[list[int], xml.child("tag")] = field(default_factory=list)
    more: xml.RestNodes = field(default_factory=list)


def test_attributes_of_a_child_that_is_a_scalar_survive_in_its_mark():
    data = (
        b'<e xmlns="urn:a"><title xmlns:x="urn:x" type="html" x:q="1">t</title><tag a="1">1</tag><tag>2</tag>'
        b'<x:tag xmlns:x="urn:a" x:z="2">3</x:tag></e>'
    )
    value = xml.decode(data, Titled)
    assert (value.title, value.tags) == ("t", [1, 2, 3])
    assert xml.encode(value) == data
    value.title = "new"
    value.tags[1:] = [5]
    short = (
        data.replace(b">t<", b">new<").replace(b">2<", b">5<").replace(b'<x:tag xmlns:x="urn:a" x:z="2">3</x:tag>', b"")
    )
    assert xml.encode(value) == short
    for step in (1, 7):
        stream = xml.StreamDecoder(Titled, at="/{urn:a}e")
        found = [one for at in range(0, len(data), step) for one in stream.feed(data[at : at + step])] + stream.close()
        assert xml.encode(found[0]) == data
    # They count as what the rest gathers.
    with pytest.raises(LimitError) as caught:
        xml.decode(data, Titled, limits=Limits(max_rest_members=3))
    assert (caught.value.limit, caught.value.observed) == ("max_rest_members", 4)
