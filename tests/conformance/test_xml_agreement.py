"""Agreement with the interpreter's expat and with lxml on every well-formed document of the suites: events, trees, SAX
calls and, where both refuse, the place. What is left out is named at each reason.
"""

import io
import itertools
import pyexpat
import re
import xml.etree.ElementTree as ET
import xml.sax
from xml.sax import handler

import pytest
import suites
import xml_suites
from xml_feeding import declarations, first_difference, joined, pull

from forkedenc.xml import sax
from forkedenc.xml.etree import ElementTree

DOCUMENTS = xml_suites.documents()
pytestmark = suites.present
by_suite = pytest.mark.parametrize("suite", sorted({document.suite for document in DOCUMENTS}))

# Encodings of which Python and WHATWG have the same idea; in others a few bytes differ.
SHARED = {b"utf-8", b"utf8", b"utf-16", b"utf-16le", b"utf-16be", b"iso-8859-1", b"us-ascii", b"ascii"}
DECLARED = re.compile(rb"\A(?:\xef\xbb\xbf|\xfe\xff|\xff\xfe)?<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)")
REFERENCE = re.compile(rb"&([^#&;<>\s\"']+);")
BUILT_IN = {b"lt", b"gt", b"amp", b"quot", b"apos"}


class Expat:
    """The events of pyexpat, and whether the document leans on something outside it."""

    def __init__(self, data):
        self.events = []
        self.external = self.parameter_entities = False
        self.in_doctype = False
        self.prefixes = []
        self.declared = set(BUILT_IN)
        parser = pyexpat.ParserCreate(namespace_separator="}")
        parser.buffer_text = parser.ordered_attributes = True
        parser.SetParamEntityParsing(pyexpat.XML_PARAM_ENTITY_PARSING_ALWAYS)
        parser.StartNamespaceDeclHandler = lambda prefix, uri: self.prefixes.append((prefix, uri))
        parser.StartElementHandler = self.start
        parser.EndElementHandler = lambda name: self.events.append(("End", clark(name)))
        parser.CharacterDataHandler = lambda text: self.events.append(("Text", text))
        parser.CommentHandler = lambda text: self.outside("Comment", text)
        parser.ProcessingInstructionHandler = lambda target, data: self.outside("PI", target, data)
        parser.StartDoctypeDeclHandler = self.doctype
        parser.EndDoctypeDeclHandler = lambda: setattr(self, "in_doctype", False)
        parser.EntityDeclHandler = self.entity
        parser.ExternalEntityRefHandler = self.external_reference
        parser.SkippedEntityHandler = self.skipped
        parser.Parse(data, True)
        # A name that only an unread subset could declare passes in a value without a call.
        self.external = self.external or not set(REFERENCE.findall(data.replace(b"\0", b""))) <= self.declared

    def outside(self, *event):
        # Comments and PIs inside a DOCTYPE are no events.
        if not self.in_doctype:
            self.events.append(event)

    def start(self, name, flat):
        pairs = zip(flat[::2], flat[1::2], strict=True)
        attributes = tuple((clark(key), value) for key, value in pairs)
        self.events.append(("Start", clark(name), attributes, declarations(self.prefixes)))
        self.prefixes = []

    def doctype(self, name, system_id, public_id, _has_subset):
        self.events.append(("Doctype", name, public_id, system_id))
        self.in_doctype = True

    def entity(self, name, is_parameter, *_rest):
        if is_parameter:
            self.parameter_entities = True
        else:
            self.declared.add(name.encode())

    def external_reference(self, context, *_rest):
        # Without a context it is the external subset or a parameter entity: unread, and that alone changes nothing.
        self.external = self.external or (context is not None and not self.in_doctype)
        return 1

    def skipped(self, _name, is_parameter):
        self.external = self.external or not is_parameter


def clark(name):
    return "{" + name if "}" in name else name


def comparable(suite):
    """The documents that both take alike: (document, bytes, expat's events)."""
    for document in DOCUMENTS:
        if document.suite != suite or document.want != xml_suites.TAKE:
            continue
        data = document.read()
        encoding = DECLARED.match(data.replace(b"\0", b""))
        if xml_suites.LONG_NAME.search(data) or (encoding and encoding[1].lower() not in SHARED):
            continue
        try:
            expat = Expat(data)
        except (pyexpat.ExpatError, ValueError, LookupError):
            continue  # names of the fifth edition, or expat's own limits
        # What a parser puts where it reads nothing is its own choice.
        if not expat.external:
            yield document, data, expat


@by_suite
def test_events_are_expats(suite):
    wrong = []
    for document, data, expat in comparable(suite):
        outcome = pull([data], dtd="internal", encodings="all")
        difference = outcome.error or first_difference(joined(outcome.events), joined(expat.events))
        if difference:
            wrong.append((document.path, difference))
    assert not wrong


def nodes(root):
    return [(node.tag, list(node.attrib.items()), node.text, node.tail) for node in root.iter()]


@by_suite
def test_trees_are_the_standard_librarys(suite):
    wrong = []
    for document, data, expat in comparable(suite):
        if expat.parameter_entities:
            continue  # the standard library's builder does not follow them
        difference = first_difference(nodes(ElementTree.fromstring(data)), nodes(ET.fromstring(data)))
        if difference:
            wrong.append((document.path, difference))
    assert not wrong


CALLS = (
    "startDocument", "endDocument", "startElement", "endElement", "startElementNS", "endElementNS", "startPrefixMapping",
    "endPrefixMapping", "processingInstruction", "ignorableWhitespace", "skippedEntity", "comment", "startDTD", "endDTD",
    "startCDATA", "endCDATA", "notationDecl", "unparsedEntityDecl",
)  # fmt: skip


class Recorder(handler.ContentHandler, handler.LexicalHandler, handler.DTDHandler):
    """Every call with its arguments; calls of `characters` joined, for how text is cut is free."""

    def __init__(self):
        self.calls = []

    def setDocumentLocator(self, locator):
        pass

    def characters(self, content):
        if self.calls and self.calls[-1][0] == "characters":
            content = self.calls.pop()[1] + content
        self.calls.append(("characters", content))


def recording(name):
    def record(self, *arguments):
        told = (list(one.items()) if hasattr(one, "items") else one for one in arguments)
        self.calls.append((name, *told))

    return record


for call in CALLS:
    setattr(Recorder, call, recording(call))


def sax_calls(module, data, namespaces):
    parser, recorder = module.make_parser(), Recorder()
    parser.setFeature(handler.feature_namespaces, namespaces)
    parser.setContentHandler(recorder)
    parser.setDTDHandler(recorder)
    parser.setProperty(handler.property_lexical_handler, recorder)
    parser.parse(io.BytesIO(data))
    calls = []
    for name, run in itertools.groupby(recorder.calls, key=lambda call: call[0]):
        # The order of the declarations of one tag is free.
        told = list(run)
        calls += sorted(told, key=str) if name.endswith("PrefixMapping") else told
    return calls


@by_suite
@pytest.mark.parametrize("namespaces", [False, True], ids=["plain", "namespaces"])
def test_sax_calls_are_the_standard_librarys(suite, namespaces):
    wrong = []
    for document, data, _ in comparable(suite):
        difference = first_difference(sax_calls(sax, data, namespaces), sax_calls(xml.sax, data, namespaces))
        if difference:
            wrong.append((document.path, difference))
    assert not wrong


# libxml2 reads an entity's elements outside of the namespaces that are in force at the reference.
MARKUP_IN_ENTITY = re.compile(rb"<!ENTITY\s+\S+\s+(?:\"[^\"]*<|'[^']*<)")
NOT_LXMLS = {
    "xml-w3c-xmlconf/xmlconf/xmltest/valid/sa/068.xml": "libxml2 makes a line feed of a carriage return in an entity",
}


@by_suite
def test_trees_are_lxmls(suite):
    etree = pytest.importorskip("lxml.etree")
    wrong = []
    for document, data, expat in comparable(suite):
        parser = etree.XMLParser(
            resolve_entities=True,
            load_dtd=False,
            no_network=True,
            huge_tree=True,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            theirs = etree.fromstring(data, parser)
        except etree.XMLSyntaxError:
            continue  # libxml2 is stricter with URIs and knows other encodings
        if expat.parameter_entities or parser.error_log or document.path in NOT_LXMLS or MARKUP_IN_ENTITY.search(data):
            continue
        difference = first_difference(lxml_like(nodes(ElementTree.fromstring(data))), lxml_like(nodes(theirs)))
        if difference and b"<!ATTLIST" not in data:  # libxml2 puts defaulted attributes in another order
            wrong.append((document.path, difference))
    assert not wrong


def lxml_like(found):
    """An empty text is None in lxml."""
    return [(tag, attributes, text or None, tail or None) for tag, attributes, text, tail in found]


def bad_character(data, at):
    """Whether a control character, broken UTF-8 or a noncharacter stands there."""
    if data[at] < 0x80:
        return data[at] < 0x20 and data[at] not in b"\t\n\r"
    for size in (2, 3, 4):
        try:
            return data[at : at + size].decode() in ("\ufffe", "\uffff")
        except UnicodeDecodeError:
            continue
    return True


def settled(data, code, at):
    """Whether expat's error is of a kind whose place leaves no choice."""
    codes = pyexpat.errors.codes
    encoding = DECLARED.match(data)
    if b"\0" in data[:4] or data[:2] in (b"\xfe\xff", b"\xff\xfe") or not 0 <= at <= len(data):
        return False
    if encoding and encoding[1].lower() not in (b"utf-8", b"utf8"):
        return False
    if code == codes[pyexpat.errors.XML_ERROR_NO_ELEMENTS]:
        return at == len(data)
    if code == codes[pyexpat.errors.XML_ERROR_INVALID_TOKEN]:
        return at < len(data) and bad_character(data, at)
    return code == codes[pyexpat.errors.XML_ERROR_TAG_MISMATCH]


@by_suite
def test_where_both_refuse_the_place_is_expats(suite):
    wrong = []
    for document in DOCUMENTS:
        if document.suite != suite or document.want != xml_suites.REFUSE:
            continue
        data = document.read()
        parser = pyexpat.ParserCreate(namespace_separator="}")
        try:
            parser.Parse(data, True)
            continue
        except pyexpat.ExpatError as error:
            place = parser.ErrorByteIndex, error.lineno, error.offset + 1
            code = error.code
        except (ValueError, LookupError):
            continue  # an encoding of which Python knows nothing
        if not settled(data, code, place[0]):
            continue
        ours = pull([data], dtd="internal", encodings="all").error
        if ours is None or ours[2:5] != place:
            wrong.append((document.path, ours, place))
            continue
        with pytest.raises(ET.ParseError) as raised:
            ElementTree.fromstring(data)
        with pytest.raises(ET.ParseError) as expected:
            ET.fromstring(data)
        if (raised.value.position, raised.value.code) != (expected.value.position, expected.value.code):
            wrong.append((document.path, raised.value.position, raised.value.code, expected.value.position))
    assert not wrong
