"""Nothing of an XML parse is left behind: by repetition of every face and error, and by failing at each allocation."""

import contextlib
import gc
import io
import sys
from xml.sax.handler import ContentHandler

import pytest
from leaks import (
    assert_failures_leave_no_objects,
    assert_repetition_leaves_no_objects,
    failures,
    no_collector,
    wants_testcapi,
)

import forkedenc
from forkedenc import Limits, runtime, xml
from forkedenc.xml import minidom, pulldom, sax
from forkedenc.xml.etree import ElementTree

SUBSET = b'<!DOCTYPE r [<!ENTITY e "v&#38;#38;w"><!ATTLIST b c CDATA "d"><!NOTATION n SYSTEM "s">]>'
BODY = (
    '<r xmlns="u" xmlns:p="v" p:q="1 &lt; 2"><b e="é€">text é &#65;<![CDATA[<x>]]><p:f/><!-- c --><?t d?></b>\r\n'
    '<b c="a long value of more than sixteen bytes">  </b></r>'
).encode()
DOCUMENT = SUBSET + BODY.replace(b"text", b"text &e;")
TREE = ElementTree.fromstring(DOCUMENT)
CUT = 150


def refused(call):
    """The call, whose error is expected."""

    def run():
        with contextlib.suppress(forkedenc.DecodeError, forkedenc.EncodeError):
            call()

    return run


def pulled(data=DOCUMENT, size=7, **options):
    # Plain loops: what unpacks or comprehends a list loses objects in the interpreter itself where memory is out.
    parser = xml.PullParser(dtd="internal", **options)
    for start in range(0, len(data), size):
        parser.feed(data[start : start + size])
        for event in parser.read_events():
            look_at(event)
    parser.close()
    for event in parser.read_events():
        look_at(event)


def look_at(event):
    if type(event) is xml.Start:
        assert event.attributes is not None
        assert event.namespaces is not None
    return event.offset, event.line, event.column


def forked():
    parser = xml.PullParser(dtd="internal")
    parser.feed(DOCUMENT[:CUT])
    fork = parser.fork()
    for one in (fork, parser):
        one.feed(DOCUMENT[CUT:])
        one.close()
    assert len(list(fork.read_events())) == len(list(parser.read_events()))


def dropped():
    xml.PullParser(dtd="internal").feed(DOCUMENT[:CUT])
    ElementTree.XMLParser().feed(DOCUMENT[:CUT])
    reader = sax.make_parser()
    reader.feed(DOCUMENT[:CUT])


def failed_twice():
    parser = xml.PullParser()
    for _ in range(2):
        with contextlib.suppress(xml.ParseError):
            parser.feed(b"<a><b>x</c>")
    list(parser.read_events())


def pulled_tree():
    parser = ElementTree.XMLPullParser(["start", "end", "start-ns", "comment"])
    for start in range(0, len(DOCUMENT), 40):
        parser.feed(DOCUMENT[start : start + 40])
        list(parser.read_events())
    return parser.close()


class Target:
    def __init__(self):
        self.seen = 0

    def start(self, tag, attributes):
        self.seen += 1

    def end(self, tag):
        self.seen += 1

    def data(self, text):
        self.seen += 1

    def close(self):
        return self.seen


def with_target():
    parser = ElementTree.XMLParser(target=Target())
    parser.feed(DOCUMENT)
    return parser.close()


def nothing(breach):
    pass


CASES = {
    "events": pulled,
    "events whole": lambda: pulled(size=len(DOCUMENT)),
    "events in pieces": lambda: pulled(coalesce=False),
    "events without namespaces": lambda: pulled(namespaces=False),
    "events audited": lambda: pulled(limits=Limits(max_text_bytes=1), audit=nothing),
    "fork": forked,
    "dropped half way": dropped,
    "a failed parser": failed_twice,
    "xml.events": lambda: list(xml.events([BODY])),
    "fromstring": lambda: ElementTree.fromstring(DOCUMENT),
    "fromstring of str": lambda: ElementTree.fromstring(BODY.decode()),
    "fromstring of UTF-16": lambda: ElementTree.fromstring(BODY.decode().encode("utf-16")),
    "fromstring of windows-1252": lambda: ElementTree.fromstring(b"<?xml version='1.0' encoding='cp1252'?><a>\x80</a>"),
    "iterparse": lambda: list(ElementTree.iterparse(io.BytesIO(DOCUMENT))),
    "XMLPullParser": pulled_tree,
    "a target": with_target,
    "sax": lambda: sax.parseString(DOCUMENT, ContentHandler()),
    "minidom": lambda: minidom.parseString(DOCUMENT).unlink(),
    "pulldom": lambda: list(pulldom.parseString(DOCUMENT.decode())),
    "tostring": lambda: ElementTree.tostring(TREE),
    "tostring of str": lambda: ElementTree.tostring(TREE, encoding="unicode"),
    "canonicalize": lambda: ElementTree.canonicalize(DOCUMENT),
    "syntax error": refused(lambda: ElementTree.fromstring(DOCUMENT[:CUT] + b"<<")),
    "events with a syntax error": refused(lambda: pulled(DOCUMENT[:CUT] + b"<<")),
    "sax with a syntax error": refused(lambda: sax.parseString(DOCUMENT[:CUT] + b"<<", ContentHandler())),
    "cut short": refused(lambda: pulled(DOCUMENT[:CUT])),
    "a limit": refused(lambda: ElementTree.fromstring(DOCUMENT, limits=Limits(max_attributes=1))),
    "a limit of events": refused(lambda: pulled(limits=Limits(max_depth=1))),
    "an entity too many": refused(lambda: pulled(limits=Limits(max_entity_expansions=0))),
    "a name that is none": refused(lambda: ElementTree.tostring(ElementTree.Element("a b"))),
}
ROUNDS = 1500
# Python code runs in them, and what the interpreter or the standard library loses without memory is not ours.
PYTHON = {
    "minidom", "pulldom", "sax", "iterparse", "xml.events", "a target", "dropped half way", "sax with a syntax error", "fork",
    "canonicalize", "fromstring of windows-1252", "tostring", "tostring of str", "a name that is none", "XMLPullParser",
}  # fmt: skip
# Making an exception is Python code with calls by keyword, whose arguments the interpreter loses where memory is out.
LEAKS_OF_PYTHON = {
    "syntax error", "events with a syntax error", "cut short", "a limit", "a limit of events", "an entity too many",
    "a failed parser",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_repetition_leaves_no_objects(name):
    assert_repetition_leaves_no_objects(CASES[name], rounds=ROUNDS)


def test_names_of_many_documents_are_not_kept_for_ever():
    def read(number):
        names = b"".join(b'<n%d_%d a%d_%d="v"/>' % (number, at, number, at) for at in range(40))
        data = b'<r xmlns="urn:%d">' % number + names + b"</r>"
        pulled(data, size=4096)
        ElementTree.fromstring(data)

    rounds = 30 if runtime.stressed() else 300
    for number in range(rounds):
        read(number)
    gc.collect()
    before = sys.getallocatedblocks()
    for number in range(rounds, 4 * rounds):
        read(number)
    gc.collect()
    assert sys.getallocatedblocks() - before < 20_000


@wants_testcapi
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", sorted(CASES.keys() - PYTHON))
def test_a_failure_of_the_nth_allocation_is_a_memory_error_and_leaks_nothing(name, lasting):
    call = CASES[name]
    with no_collector():
        call()
        assert failures(call, lasting) > 0
        if name not in LEAKS_OF_PYTHON:
            assert_failures_leave_no_objects(call, lasting)
