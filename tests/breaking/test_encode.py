"""``breaking.encode``: each way to write an object wrongly is one that parsers refuse."""

import json as stdlib
import xml.parsers.expat
from xml.etree import ElementTree as ET

import pytest

from forkedenc import breaking, json
from forkedenc.breaking._encode import _JSON, _XML

DOCUMENT = {"name": 'a "b" \\ c', "n": [1, -2.5, 0, [], {}], "on": True, "off": None, "é": {"deep": [{"x": "[1,2]"}]}}
ELEMENT = ET.fromstring('<a b="1 &gt; &quot;2&quot;" c="3"><d e="f">text &amp; more</d>tail<g/></a>')
# The grammar allows these; the standard library reads them.
BEYOND_GRAMMAR = {"lone_surrogate", "huge_exponent"}


def refused(constant):
    raise ValueError(constant)


def no_place(obj, form, way):
    """What is said where the object has no place for the fault, or nothing."""
    try:
        breaking.encode(obj, form, break_=way)
    except ValueError as error:
        return str(error)
    return None


@pytest.mark.parametrize("way", _JSON)
def test_json_written_wrongly_is_refused(way):
    written = set()
    for seed in range(20):
        data = breaking.encode(DOCUMENT, "json", break_=way, seed=seed)
        with pytest.raises(json.DecodeError):
            json.decode(data)
        if way in BEYOND_GRAMMAR:
            stdlib.loads(data, parse_float=str)
        else:
            with pytest.raises(ValueError):
                stdlib.loads(data.decode("utf-8"), parse_constant=refused)
        written.add(data)
    assert breaking.encode(DOCUMENT, "json", break_=way, seed=3) in written
    assert json.encode(DOCUMENT) not in written


@pytest.mark.parametrize("way", _XML)
def test_xml_written_wrongly_is_refused(way):
    for seed in range(20):
        data = breaking.encode(ELEMENT, "xml", break_=way, seed=seed)
        with pytest.raises(xml.parsers.expat.ExpatError):
            xml.parsers.expat.ParserCreate(namespace_separator=" ").Parse(data, True)


def test_the_object_is_left_as_it_was():
    before = ET.tostring(ELEMENT)
    for way in _XML:
        breaking.encode(ELEMENT, "xml", break_=way)
    assert ET.tostring(ELEMENT) == before


@pytest.mark.parametrize("way", _JSON)
@pytest.mark.parametrize("document", [{}, [], "", "text", 0, -1, 2.5, True, [[]], {"a": {}}, ["a", 1], {"": [None]}])
def test_a_document_without_a_place_for_the_fault_says_so(document, way):
    if said := no_place(document, "json", way):
        assert said.startswith(f"{way}: the document has no ")
    else:
        with pytest.raises(json.DecodeError):
            json.decode(breaking.encode(document, "json", break_=way))


@pytest.mark.parametrize("way", _XML)
def test_an_element_without_a_place_for_the_fault_says_so(way):
    if said := no_place(ET.Element("a"), "xml", way):
        assert said == f"{way}: the document has no attribute"
    else:
        with pytest.raises(xml.parsers.expat.ExpatError):
            xml.parsers.expat.ParserCreate(namespace_separator=" ").Parse(
                breaking.encode(ET.Element("a"), "xml", break_=way), True
            )


def test_what_can_not_be_written_is_refused():
    with pytest.raises(ValueError, match="trailing_comma"):
        breaking.encode([], "json", break_="no such fault")
    with pytest.raises(ValueError, match='"xml"'):
        breaking.encode([], "yaml", break_="truncated")
    with pytest.raises(TypeError, match="Element"):
        breaking.encode([], "xml", break_="truncated")
    with pytest.raises(TypeError):
        breaking.encode(object(), "json", break_="truncated")


def test_the_documentation_names_every_way():
    for way in [*_JSON, *_XML]:
        assert way in breaking.encode.__doc__
