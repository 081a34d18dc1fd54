"""Parsers with handlers leave nothing behind: by repetition, and by failing at each allocation in turn."""

import contextlib
import gc
import re
import sys
from xml.sax.xmlreader import AttributesImpl, AttributesNSImpl

import pytest

from forkedenc import _native, runtime
from forkedenc.xml import ParseError

try:
    import _testcapi
except ImportError:
    _testcapi = None

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
    call = CASES[name]
    rounds = 200 if runtime.stressed() else 2000
    for _ in range(50):
        call()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(rounds):
        call()
    gc.collect()
    # One object a round would be hundreds.
    assert sys.getallocatedblocks() - before < rounds // 10


@pytest.fixture
def no_collector():
    """Nobody's callbacks, which the collector would call without memory."""
    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    gc.disable()
    yield
    gc.enable()
    gc.callbacks[:] = callbacks


@pytest.mark.skipif(_testcapi is None, reason="the interpreter comes without _testcapi")
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", CASES)
def test_a_failure_of_the_nth_allocation_is_a_memory_error_and_leaks_nothing(name, lasting, no_collector):
    call = CASES[name]

    def all_of_them():
        """Fails at each allocation in turn, until the call gets through some times in a row."""
        failures, number, through = 0, 0, 0
        while through < 20:
            number += 1
            assert number < 5000
            _testcapi.set_nomemory(number, 0 if lasting else number + 1)
            try:
                try:
                    call()
                finally:
                    _testcapi.remove_mem_hooks()
            except MemoryError:
                failures += 1
                through = 0
            except SystemError as error:
                # The interpreter's own, where a frame can't be made.
                assert re.search("without (setting an )?exception", str(error))  # noqa: PT017
                through = 0
            else:
                through += 1
        return failures

    call()
    assert all_of_them() > 0
    if name in LEAKS_OF_PYTHON:
        return
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(10):
        all_of_them()
    gc.collect()
    assert sys.getallocatedblocks() - before < 20
