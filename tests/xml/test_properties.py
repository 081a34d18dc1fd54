"""What holds for any document, cut anywhere, through every face."""

import io
import itertools
import xml.etree.ElementTree as ET
import xml.sax
from xml.sax import handler

import pytest
from hypothesis import given, settings, strategies as st
from xml_feeding import pull
from xml_strategies import ENCODINGS, broken, documents, encoded

import forkedenc
from forkedenc import Limits, runtime
from forkedenc.xml import minidom, sax
from forkedenc.xml.etree import ElementTree

INPUTS = st.one_of(st.builds(encoded, documents(), ENCODINGS), broken())
CUTS = st.lists(st.integers(0, 10_000), max_size=6)
few = settings(max_examples=60 if runtime.stressed() else 300, deadline=None)


def pieces(data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:stop] for start, stop in itertools.pairwise(edges)]


def bytewise(data):
    return [data[at : at + 1] for at in range(len(data))]


def seen(call):
    """('value', what came) or ('error', class, place)."""
    try:
        return "value", call()
    except forkedenc.DecodeError as error:
        return "error", type(error).__name__, error.kind, error.offset, error.line, error.column


def shape(element):
    return element.tag, list(element.attrib.items()), element.text, element.tail, [shape(child) for child in element]


def by_xmlparser(chunks):
    parser = ElementTree.XMLParser()
    for chunk in chunks:
        parser.feed(chunk)
    return shape(parser.close())


def by_xmlpullparser(chunks):
    parser = ElementTree.XMLPullParser(["start", "end", "start-ns", "end-ns", "comment", "pi"])
    events = []
    for chunk in chunks:
        parser.feed(chunk)
        events += [(kind, getattr(value, "tag", value)) for kind, value in parser.read_events()]
    root = parser.close()
    events += [(kind, getattr(value, "tag", value)) for kind, value in parser.read_events()]
    return events, root if root is None else shape(root)


class Calls(handler.ContentHandler, handler.LexicalHandler):
    def __init__(self):
        self.calls = []

    def characters(self, content):
        if self.calls and self.calls[-1][0] == "characters":
            content = self.calls.pop()[1] + content
        self.calls.append(("characters", content))

    def startElementNS(self, name, qname, attributes):
        self.calls.append(("start", name, qname, sorted(attributes.items(), key=str)))

    def endElementNS(self, name, qname):
        self.calls.append(("end", name, qname))

    def processingInstruction(self, target, data):
        self.calls.append(("pi", target, data))

    def comment(self, content):
        self.calls.append(("comment", content))


def by_sax(chunks, module=sax):
    reader, calls = module.make_parser(), Calls()
    reader.setFeature(handler.feature_namespaces, True)
    reader.setContentHandler(calls)
    reader.setProperty(handler.property_lexical_handler, calls)
    for chunk in chunks:
        reader.feed(chunk)
    reader.close()
    return calls.calls


@few
@given(INPUTS, CUTS, st.sampled_from(["bare", "skip", "internal"]), st.booleans())
def test_events_and_errors_do_not_depend_on_cuts(data, cuts, dtd, namespaces):
    options = {"dtd": dtd, "namespaces": namespaces, "encodings": "all"}
    whole = pull([data], **options)
    for chunks in (pieces(data, cuts), bytewise(data)):
        cut = pull(chunks, **options)
        assert cut.error == whole.error
        assert cut.events == whole.events
        assert cut.places == whole.places


@few
@given(INPUTS, CUTS)
@pytest.mark.parametrize("face", [by_xmlparser, by_xmlpullparser, by_sax], ids=lambda face: face.__name__)
def test_other_faces_do_not_depend_on_cuts_either(face, data, cuts):
    whole = seen(lambda: face([data]))
    assert seen(lambda: face(pieces(data, cuts))) == whole
    assert seen(lambda: face(bytewise(data))) == whole


@few
@given(documents(), ENCODINGS)
def test_trees_are_the_standard_librarys(text, encoding):
    data = encoded(text, encoding)
    ours = seen(lambda: shape(ElementTree.fromstring(data)))
    try:
        theirs = "value", shape(ET.fromstring(data))
    except ET.ParseError:
        assert ours[0] == "error"
    else:
        assert ours == theirs


@few
@given(documents(), ENCODINGS)
def test_sax_calls_are_the_standard_librarys(text, encoding):
    data = encoded(text, encoding)
    try:
        theirs = by_sax([data], xml.sax)
    except xml.sax.SAXParseException:
        return
    assert by_sax([data]) == theirs


@few
@given(documents(doctype=False))
def test_faces_agree_whether_a_document_is_well_formed(text):
    data = text.encode()
    verdicts = {
        "events": pull([data]).error is None,
        "tree": seen(lambda: ElementTree.fromstring(data))[0] == "value",
        "iterparse": seen(lambda: list(ElementTree.iterparse(io.BytesIO(data))))[0] == "value",
        "sax": seen(lambda: by_sax([data]))[0] == "value",
        "minidom": seen(lambda: minidom.parseString(data))[0] == "value",
        "str": seen(lambda: ElementTree.fromstring(text))[0] == "value",
    }
    assert len(set(verdicts.values())) == 1, verdicts


@few
@given(documents())
def test_what_tostring_writes_reads_back_the_same(text):
    try:
        root = ElementTree.fromstring(text.encode())
    except forkedenc.DecodeError:
        return
    assert ElementTree.tostring(root, encoding="unicode") == ET.tostring(root, encoding="unicode")
    if "\r" in "".join(root.itertext()):
        return  # written as it is, as the standard library does, and read as a line feed
    plain = all(element.tag.isascii() and "".join(element.attrib).isascii() for element in root.iter())
    for encoding in ("us-ascii", "utf-8", "utf-16") if plain else ("utf-8", "utf-16"):
        written = ElementTree.tostring(root, encoding=encoding)
        assert shape(ElementTree.fromstring(written)) == shape(root)
    # Its own bugs too: a prefix bound again may be declared twice, and processing instructions are escaped.
    assert ElementTree.canonicalize(text) == ET.canonicalize(text)


FIELDS = [
    "max_depth",
    "max_tokens",
    "max_name_bytes",
    "max_attributes",
    "max_attribute_bytes",
    "max_text_bytes",
    "max_comment_bytes",
]


@few
@given(INPUTS, CUTS, st.sampled_from(FIELDS), st.integers(0, 12))
def test_limits_refuse_at_the_same_byte_for_every_cut(data, cuts, field, maximum):
    options = {"dtd": "internal", "limits": Limits(**{field: maximum})}
    whole = pull([data], **options).error
    assert pull(pieces(data, cuts), **options).error == whole
    assert pull(bytewise(data), **options).error == whole
    if whole and whole[1] == "limit":
        assert whole[7] < whole[8]
