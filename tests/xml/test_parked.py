"""PullParsers that wait, where many do: parked, they take next to no memory, and nothing else is different."""

import gc
import random
import subprocess
import sys

import pytest
from feeding import told
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import Limits, runtime, xml

# A parser that waits is parked when so many others were fed since; under stress, at once.
CROWD = 600

DOCUMENTS = [
    b"<a/>",
    b"<?xml version='1.0'?>\n<!-- c --><?go now?>\n<a b='1' c=\"2\">x<b/>y</a>\n<!--e-->",
    b"<a xmlns='u' xmlns:p='v' p:x='1' x='2'><p:b xmlns:p='w' p:y='3'/><c xmlns=''/></a>",
    "<a b='1\n2\t3&#10;&lt;&amp;&#x41;é'>a&lt;b&#233;&gt;]]&gt; ]] > é😀\r\nx\ry</a>".encode(),
    b"<a><![CDATA[x]]y]]]>]]><!-- - -x- --><?p?><?p ??x?></a>",
    b"<feed><entry id='1'><title>one</title></entry><entry id='2'><title>two</title><link/></entry></feed>",
    b"<a><b><a><b/><b c='x'/></a></b><b/><b></a>",
    b"<a b='1' c='2' b='3'/>",
    b"<n><p:a/></n>",
    "<?xml version='1.0' encoding='utf-16'?><a b='é'>x<b/>\r\n</a>".encode("utf-16"),
    b"<?xml version='1.0' encoding='iso-8859-1'?><a b='\xe9'>\xe9<b/>\r\n</a>",
    b"<!DOCTYPE a [<!ENTITY e '<b>in</b>'><!ATTLIST a c NMTOKENS ' x  y '>]><a b='&e;'/>",
    b"<!DOCTYPE a [<!ENTITY e '<b>in</b>&#38;'>]><a>&e;<c>&e;</c>&x;</a>",
    b"<" + b"n" * 100 + b" a='" + b"v" * 3000 + b"'/>",
]


def crowd():
    """Parsers that make those of a test part of a crowd."""
    others = [xml.PullParser() for _ in range(CROWD)]
    for other in others:
        other.feed(b"<a b='")
    return others


class Reading:
    """A parser, and what it has told so far."""

    def __init__(self, document):
        self.parser = xml.PullParser(dtd="internal")
        self.rest = document
        self.events = []
        self.error = None
        self.done = False

    def step(self, size, read=True):
        chunk, self.rest = self.rest[:size], self.rest[size:]
        try:
            if chunk:
                self.parser.feed(chunk)
            else:
                self.parser.close()
                self.done = True
        except xml.ParseError as error:
            self.error = told(error)
            self.done = True
        if read or self.done:
            self.events += [(event, event.offset, event.line, event.column) for event in self.parser.read_events()]


def alone(document):
    """What a parser tells that is never parked."""
    reading = Reading(document)
    while not reading.done:
        reading.step(len(document))
    return reading.events, reading.error


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1 << 32))
def test_parsers_that_are_fed_in_any_order_tell_what_each_tells_alone(seed):
    chance = random.Random(seed)
    wanted = [alone(document) for document in DOCUMENTS]
    readings = [
        (number, Reading(DOCUMENTS[number]))
        for number in range(len(DOCUMENTS))
        for _ in range(2 * CROWD // len(DOCUMENTS))
    ]
    left = list(range(len(readings)))
    while left:
        pick = chance.randrange(len(left))
        _, reading = readings[left[pick]]
        if chance.randrange(20) == 0 and not reading.done:
            reading.parser = reading.parser.fork()
        reading.step(chance.choice([1, 2, 7, 40, 5000]), read=chance.randrange(4) > 0)
        if reading.done:
            left[pick] = left[-1]
            left.pop()
    for number, reading in readings:
        assert (reading.events, reading.error) == wanted[number]


def test_a_parked_parser_answers_like_any_other():
    parser = xml.PullParser()
    parser.feed(b"<a><b><c d='")
    parser.read_events()
    others = crowd()
    assert parser.depth == 2
    stats = parser.stats
    assert (stats.streams, stats.peak_depth, stats.resumes, stats.suspensions, stats.growths) == (1, 2, 1, 1, 0)
    assert stats.shrinks == 1
    assert 0 < stats.stack_bytes == sum(stats.segments_by_class) < 2048
    assert parser.read_events() == []
    fork = parser.fork()
    for each in (parser, fork):
        each.feed(b"x'/></b></a>")
        each.close()
        assert [str(event)[:3] for event in each.read_events()] == ["Sta", "End", "End", "End"]
        assert (each.stats.growths, each.depth) == (0, 0)
    del others


def test_one_that_is_fed_is_not_parked_in_whatever_crowd():
    parser = xml.PullParser()
    parser.feed(b"<a>")
    parser.read_events()
    others = crowd()
    shrinks = parser.stats.shrinks
    for _ in range(100):
        parser.feed(b"<b/>")
        parser.read_events()
    assert parser.stats.shrinks == shrinks or runtime.stressed()
    del others


def test_events_that_wait_are_not_lost():
    parser = xml.PullParser()
    parser.feed(b"<a xmlns:p='urn:p'><p:b/>some")
    others = crowd()
    parser.feed(b" text<c/>")
    assert [event.name for event in parser.read_events() if isinstance(event, xml.Start)] == ["a", "{urn:p}b", "c"]
    del others


def test_a_parser_that_is_used_by_a_hook_is_not_parked_under_it():
    others = []

    def hook(_):
        if not others:
            others.extend(crowd())

    parser = xml.PullParser(limits=Limits(max_children=1), audit=hook)
    parser.feed(b"<a><b/>")
    parser.feed(b"<c/></a>")
    assert others
    assert len(parser.read_events()) == 6
    parser.close()


def test_streams_are_counted_parked_or_not():
    gc.collect()
    before = forkedenc.runtime_stats()
    others = crowd()
    during = forkedenc.runtime_stats()
    assert during.streams - before.streams == CROWD
    del others
    gc.collect()
    after = forkedenc.runtime_stats()
    assert (after.streams, after.stack_bytes) == (before.streams, before.stack_bytes)
    assert after.segments_by_class == before.segments_by_class


def test_limits_count_on_after_parking():
    parser = xml.PullParser(limits=Limits(max_distinct_names=5, max_attribute_bytes=10, max_depth=4))
    parser.feed(b"<a><b><c><a></a><d></d>")
    parser.read_events()
    others = crowd()
    fork = parser.fork()
    with pytest.raises(forkedenc.LimitError) as caught:
        for chunk in (b"<b e='12345", b"67890", b"1"):
            parser.feed(chunk)
            parser.read_events()
            others = crowd()
    assert (caught.value.limit, caught.value.path) == ("max_attribute_bytes", "/a/b/c/b/@e")
    with pytest.raises(forkedenc.LimitError) as caught:
        for name in ("b", "c", "d", "e", "f"):
            fork.feed(f"<{name}/>".encode())
            fork.read_events()
            others = crowd()
    assert (caught.value.limit, caught.value.path) == ("max_distinct_names", "/a/b/c")
    del others


def test_a_document_with_many_names_is_not_packed_for_every_byte_of_it():
    parser = xml.PullParser()
    parser.feed(b"<all>" + b"".join(b"<name-%d/>" % number for number in range(20_000)))
    parser.read_events()
    others = crowd()
    assert parser.stats.shrinks == 1
    for _ in range(20):
        parser.feed(b" ")
        others = crowd()
    assert parser.stats.shrinks == 1, "parked again though little was read since"
    del others


IDLE = """
import resource
from pathlib import Path
from forkedenc import xml
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
def waiting():
    parser = xml.PullParser()
    parser.feed(PREFIX)
    parser.read_events()
    return parser
warm = [waiting() for _ in range(1000)]
before = resident()
parsers = [waiting() for _ in range(10_000)]
print((resident() - before) / len(parsers))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    "prefix",
    [
        b'<a b="',
        (
            b"<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body><m:Get xmlns:m='urn:x'>"
            b"<m:Id type='int'>12345</m:Id><m:List><m:Name>Maria</m:Name><m:When zone='utc' value='2026-01-02T03:04"
        ),
    ],
    ids=["short", "soap"],
)
def test_an_idle_parser_takes_at_most_1536_bytes(prefix):
    program = IDLE.replace("PREFIX", repr(prefix))
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert float(run.stdout) <= 1536
