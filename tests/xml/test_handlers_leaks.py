"""Parsers with handlers leave nothing behind: by repetition, and by failing at each allocation in turn."""

import contextlib
from xml.sax.xmlreader import AttributesImpl, AttributesNSImpl

import pytest
from leaks import (
    assert_failures_leave_no_objects,
    assert_repetition_leaves_no_objects,
    failures,
    no_collector,
    wants_testcapi,
)

from forkedenc import _native
from forkedenc.xml import ParseError

DOCUMENT = b"""<?xml version="1.0"?><!DOCTYPE r PUBLIC "p" "s" [
<!ELEMENT r (a?, (b | c)*)><!ENTITY e "entity"><!ENTITY x SYSTEM "x"><!ENTITY u SYSTEM "u" NDATA n><!NOTATION n PUBLIC "n">
<!ATTLIST a b CDATA "default"><!-- c --><?p d?>]>
<r xmlns="urn:r" xmlns:p="urn:p" p:one="1" two="a value of some length">text &e; &x; &unknown; more text of some length
<p:a/><![CDATA[section]]><!-- comment --><?target data?></r>"""


def nothing(*arguments):
    pass


def fail(*arguments):
    raise ZeroDivisionError


# Made beforehand, as tables are that a first call would make.
NAMES = [
    "StartElementHandler",
    "EndElementHandler",
    "CharacterDataHandler",
    "ProcessingInstructionHandler",
    "CommentHandler",
    "StartCdataSectionHandler",
    "EndCdataSectionHandler",
    "StartNamespaceDeclHandler",
    "EndNamespaceDeclHandler",
    "StartDoctypeDeclHandler",
    "EndDoctypeDeclHandler",
    "XmlDeclHandler",
    "ElementDeclHandler",
    "AttlistDeclHandler",
    "EntityDeclHandler",
    "UnparsedEntityDeclHandler",
    "NotationDeclHandler",
    "ExternalEntityRefHandler",
    "SkippedEntityHandler",
    "InternalSubsetHandler",
]


def read(size=None, switches=(), failing=None, document=DOCUMENT, **options):
    parser = _native.HandlerParser("xml", **options)
    for name in NAMES:
        setattr(parser, name, fail if name == failing else nothing)
    for name in switches:
        setattr(parser, name, True)
    parser.SetBase("base")
    size = size or len(document)
    for start in range(0, len(document), size):
        parser.Parse(document[start : start + size], False)
    parser.Parse(b"", True)


class ContentHandler:
    def startElement(self, name, attributes):
        pass

    def startElementNS(self, name, qname, attributes):
        pass

    def endElement(self, name):
        pass

    def endElementNS(self, name, qname):
        pass


CONTENT = ContentHandler()


def content(pairs):
    """Elements go to a content handler itself."""
    attributes = AttributesNSImpl if pairs else AttributesImpl

    def call():
        parser = _native.HandlerParser("xml.sax", pairs=pairs, attributes=attributes)
        parser.content = CONTENT
        parser.Parse(DOCUMENT, True)

    return call


def refused():
    with contextlib.suppress(ParseError):
        read(document=b"<a><b></a>")


def raising(name):
    def call():
        with contextlib.suppress(ZeroDivisionError):
            read(failing=name, namespace_separator=" ")

    return call


def half_way():
    parser = _native.HandlerParser("xml", None, " ")
    parser.StartElementHandler = nothing
    parser.Parse(DOCUMENT[:-40])


def relay():
    parser = _native.RelayParser("xml", dtd="internal")
    parser.feed(DOCUMENT[:200])
    parser.feed(DOCUMENT[200:])
    parser.close()


CASES = {
    "as written": read,
    "joined": lambda: read(namespace_separator=" "),
    "pairs": lambda: read(pairs=True),
    "in pieces": lambda: read(7, namespace_separator=" "),
    "ordered": lambda: read(switches=["ordered_attributes"], namespace_separator=" "),
    "specified": lambda: read(switches=["specified_attributes", "namespace_prefixes"], namespace_separator=" "),
    "buffered": lambda: read(switches=["buffer_text"]),
    "content": content(False),
    "content by namespace": content(True),
    "refused": refused,
    "half way": half_way,
    "relay": relay,
    "raising start": raising("StartElementHandler"),
    "raising text": raising("CharacterDataHandler"),
    "raising declaration": raising("ElementDeclHandler"),
}

# Attributes of new objects, such as an error's, leak in the interpreter itself where memory is out.
LEAKS_OF_PYTHON = {"refused"}


@pytest.mark.parametrize("name", CASES)
def test_repetition_leaves_no_objects(name):
    assert_repetition_leaves_no_objects(CASES[name], rounds=2000)


@wants_testcapi
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", CASES)
def test_a_failure_of_the_nth_allocation_is_a_memory_error_and_leaks_nothing(name, lasting):
    call = CASES[name]
    with no_collector():
        call()
        assert failures(call, lasting) > 0
        if name not in LEAKS_OF_PYTHON:
            assert_failures_leave_no_objects(call, lasting)
