"""One parser has one user at a time; any number of parsers go side by side, in threads and in child processes."""

import os
import threading
import xml.etree.ElementTree as ET

import pytest

from forkedenc import Limits, runtime, xml
from forkedenc.xml import sax
from forkedenc.xml.etree import ElementTree

DOCUMENT = (
    b"<r xmlns='u'>"
    + b"".join(b"<a n%d='v%d'>text %d<b/></a>" % (number % 50, number, number) for number in range(500))
    + b"</r>"
)
ROUNDS = 3 if runtime.stressed() else 20


def test_threads_read_side_by_side():
    expected = ET.tostring(ET.fromstring(DOCUMENT))
    wrong = []

    def work(number):
        for turn in range(ROUNDS):
            size = 1 + (number * 37 + turn * 101) % 5000
            parser = ElementTree.XMLParser()
            pull = xml.PullParser()
            for start in range(0, len(DOCUMENT), size):
                parser.feed(DOCUMENT[start : start + size])
                pull.feed(DOCUMENT[start : start + size])
                for _ in pull.read_events():
                    pass
            pull.close()
            if (
                ET.tostring(parser.close()) != expected
                or ElementTree.tostring(ElementTree.fromstring(DOCUMENT)) != expected
            ):
                wrong.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_parser_begun_in_one_thread_goes_on_in_another():
    parser = xml.PullParser()
    parser.feed(DOCUMENT[:1000])
    result = []

    def finish():
        parser.feed(DOCUMENT[1000:])
        parser.close()
        result.extend(parser.read_events())

    thread = threading.Thread(target=finish)
    thread.start()
    thread.join()
    assert len(result) == sum(1 for _ in xml.events([DOCUMENT]))


def test_a_handler_that_feeds_its_own_parser_is_told_so():
    class Nested:
        def start(self, tag, attributes):
            parser.feed(b"<x/>")

    parser = ElementTree.XMLParser(target=Nested())
    with pytest.raises(RuntimeError):
        parser.feed(b"<a/>")


def test_a_handler_may_read_another_document():
    class Reader(sax.handler.ContentHandler):
        seen = ()

        def startElement(self, name, attributes):
            self.seen = (*self.seen, ElementTree.fromstring(f"<{name}>{name}</{name}>").text)

    reader = Reader()
    sax.parseString(b"<a><b/><c/></a>", reader)
    assert reader.seen == ("a", "b", "c")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_goes_on_with_a_half_fed_parser():
    parser = xml.PullParser()
    parser.feed(DOCUMENT[:1000])
    child = os.fork()
    if child == 0:
        status = 1
        try:
            parser.feed(DOCUMENT[1000:])
            parser.close()
            status = 0 if len(list(parser.read_events())) > 1000 else 2
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status == 0
    parser.feed(DOCUMENT[1000:])
    parser.close()


def test_a_fork_of_a_parser_goes_its_own_way():
    parser = xml.PullParser(limits=Limits(max_depth=3))
    parser.feed(b"<a b='")
    fork = parser.fork()
    parser.feed(b"1'><b/>")
    fork.feed(b"2'/>")
    fork.close()
    parser.feed(b"</a>")
    parser.close()
    assert [getattr(event, "attributes", None) for event in fork.read_events()] == [{"b": "2"}, None]
    assert [type(event).__name__ for event in parser.read_events()] == ["Start", "Start", "End", "End"]
