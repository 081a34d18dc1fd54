"""A gateway that knows a third of a feed changes one thing and loses nothing: as canonical XML, all else is the same."""

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest

from forkedenc import Limits, xml
from forkedenc.xml import minidom
from forkedenc.xml.etree import ElementTree

ATOM = "{http://www.w3.org/2005/Atom}"


def support(name):
    path = Path(__file__).parents[1] / "support" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"support_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


suites = support("suites")


@xml.element(f"{ATOM}entry")
@dataclass(slots=True)
class Entry:
    id: Annotated[str | None, xml.child()] = None
    updated: Annotated[str | None, xml.child()] = None
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{ATOM}feed")
@dataclass(slots=True)
class Feed:
    lang: Annotated[str | None, xml.attr("{http://www.w3.org/XML/1998/namespace}lang")] = None
    entries: Annotated[list[Entry], xml.child("entry")] = field(default_factory=list)
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


OWN = b"""<?xml version="1.0"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:m="urn:media" m:version="1" xml:lang="en">
  <title type="html">a &amp; b<!-- c --></title><?hint fast?>
  <entry m:rank="2"><id>urn:1</id><m:thumb url="x" xmlns:m="urn:other"/>tail &lt; text</entry>
  <!-- between --><m:extra xsi:type="m:T" xmlns:xsi="urn:xsi">q</m:extra>
  <entry><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">one <b>two</b> three</div></content></entry>
</feed>"""


def canonical(data: bytes) -> str:
    """The root element; what stands around it is no class's to keep."""
    document = minidom.parseString(data)
    return ElementTree.canonicalize(document.documentElement.toxml(), with_comments=True)


def changed(data: bytes):
    """The document with the same change, made by a tree."""
    root = ElementTree.fromstring(data)
    root.set("{http://www.w3.org/XML/1998/namespace}lang", "de")
    return root


def sent_on(data: bytes) -> bytes:
    feed = xml.decode(data, Feed, limits=Limits.unlimited(), dtd="skip")
    assert canonical(xml.encode(feed)) == canonical(data)
    feed.lang = "de"
    return xml.encode(feed)


def shape(element):
    """An element as names, attributes and texts, apart from how prefixes were chosen."""
    return [
        (node.tag if isinstance(node.tag, str) else "?", dict(node.attrib), node.text or "", node.tail or "")
        for node in element.iter()
    ]


def test_a_feed_survives_but_for_what_was_changed():
    assert shape(ElementTree.fromstring(sent_on(OWN))) == shape(changed(OWN))


@suites.present
def test_real_feeds_survive_but_for_what_was_changed():
    folder = suites.FOLDER / "xml-feedparser" / "wellformed"
    seen = 0
    for path in sorted(folder.rglob("*.xml")):
        data = path.read_bytes()
        try:
            root = ElementTree.fromstring(data)
        except ElementTree.ParseError:
            continue
        if root.tag != f"{ATOM}feed" or b"<!DOCTYPE" in data:
            continue
        assert shape(ElementTree.fromstring(sent_on(data))) == shape(changed(data)), path.name
        seen += 1
    if not seen:
        pytest.skip("no Atom feeds in the data")
    assert seen > 50
