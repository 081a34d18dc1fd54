"""The classes of events, and `events` and `aevents` over every source."""

import asyncio
import copy
import io
import pickle
import sys

import pytest

from forkedenc import Limits, xml
from forkedenc.xml import PI, Comment, Doctype, End, Entity, Start, Text

SAMPLES = [
    Start("{u}a", {"b": "1", "{u}c": "2"}, {"": "u"}, offset=7, line=2, column=3),
    End("a", offset=1),
    Text("some text", line=4),
    Comment("c", column=9),
    PI("target", "data"),
    PI("target"),
    Doctype("a", "public", "system"),
    Doctype("a"),
    Entity("e"),
]
PLACE = ("offset", "line", "column")


def parsed(data, **options):
    return list(xml.events(data, **options))


@pytest.mark.parametrize("event", SAMPLES, ids=str)
def test_copies_and_pickles_are_equal_to_the_last_field(event):
    again = [copy.copy(event), copy.deepcopy(event), *(pickle.loads(pickle.dumps(event, n)) for n in range(2, 6))]
    for other in again:
        assert type(other) is type(event)
        assert other == event
        assert repr(other) == repr(event)
        assert eval(repr(event)) == event


def test_events_that_were_parsed_are_those_that_were_made():
    wanted = Start("{u}a", {"b": "1", "{u}c": "2"}, {"": "u", "p": "u"}, offset=0, line=1, column=1)
    event, *_ = parsed(b'<a b="1" p:c="2" xmlns="u" xmlns:p="u"/>')
    assert event == wanted
    assert repr(event) == repr(wanted)
    assert pickle.loads(pickle.dumps(event)) == wanted


def test_equality_asks_for_the_class_and_the_fields_and_not_for_the_place():
    assert Text("a", offset=1) == Text("a", line=9)
    assert Text("a") != Text("b")
    assert Text("a") != Comment("a")
    assert Start("a") != Start("a", {"b": "1"})
    assert Start("a", {"b": "1"}) != Start("a", None, {"b": "1"})
    assert Text("a") != "a"
    assert len({Text("a"), Text("a", offset=5), Comment("a"), Doctype("a"), Doctype("a", None, "a")}) == 4
    for compare in (lambda: Text("a") < Text("b"), lambda: hash(Start("a"))):
        with pytest.raises(TypeError):
            compare()


def test_events_match_by_position_and_by_name():
    seen = []
    for event in xml.events([b'<a xmlns="n"', b' b="1">x', b"y<!--c--></a>"]):
        match event:
            case Start(name="{n}a", attributes={"b": value}):
                seen.append(value)
            case Text(text):
                seen.append(text)
            case Comment(text=text, line=1):
                seen.append(text)
            case End("{n}a"):
                seen.append("end")
    assert seen == ["1", "xy", "c", "end"]
    assert [cls.__match_args__ for cls in (Start, End, Text, Comment, PI, Doctype, Entity)] == [
        ("name", "attributes", "namespaces"),
        ("name",),
        ("text",),
        ("text",),
        ("target", "data"),
        ("name", "public_id", "system_id"),
        ("name",),
    ]


def test_events_do_not_change_but_the_dicts_of_a_start_are_the_callers():
    for event in SAMPLES:
        for name in (*type(event).__match_args__, *PLACE):
            with pytest.raises(AttributeError):
                setattr(event, name, "x")
        with pytest.raises(AttributeError):
            event.other = 1
        with pytest.raises(TypeError):
            type(event).other = 1
    given = {"b": "1"}
    for event in (Start("a", given), parsed(b'<a b="1"/>')[0]):
        assert event.attributes is event.attributes
        event.attributes["c"] = "2"
        assert event.attributes == {"b": "1", "c": "2"}
    assert given == {"b": "1"}


@pytest.mark.parametrize(
    "make",
    [
        Start,
        lambda: Start(1),
        lambda: Start("a", {"b": 1}),
        lambda: Start("a", {1: "b"}),
        lambda: Start("a", 5),
        lambda: Start("a", {}, {}, 0),
        lambda: End("a", name="b"),
        lambda: Text("a", other=1),
        lambda: Text(b"a"),
        lambda: Text(None),
        lambda: PI("a", 5),
        lambda: Doctype("a", 5),
        lambda: Text("a", offset="1"),
        lambda: Text("a", line=None),
    ],
)
def test_what_is_no_event_is_a_type_error(make):
    with pytest.raises(TypeError):
        make()


def test_a_place_is_not_negative():
    for name in PLACE:
        with pytest.raises(ValueError, match=name):
            Text("a", **{name: -1})


def test_the_classes_are_final_and_at_home_in_the_package():
    for event in SAMPLES:
        cls = type(event)
        assert cls.__module__ == "forkedenc.xml"
        assert getattr(xml, cls.__name__) is cls
        assert "offset" in cls.__doc__
        with pytest.raises(TypeError):
            type("Sub", (cls,), {})


def test_events_own_what_they_hold():
    # One str of a name serves all its events; none may go with the first of them.
    data = b"<a>" + b'<name key="value of many bytes">short</name>' * 50 + b"</a>"
    events = parsed(data)
    kept = events[1::3]
    before = sys.getrefcount(kept[0].name)
    copies = [(event.attributes, event.namespaces) for event in events if isinstance(event, Start)]
    del events
    assert sys.getrefcount(kept[0].name) < before
    assert all(attributes in ({}, {"key": "value of many bytes"}) for attributes, _ in copies)
    assert {event.name for event in kept if isinstance(event, Start)} == {"name"}


DATA = b"<a>x</a>"
WANTED = [Start("a"), Text("x"), End("a")]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path,
        lambda path: io.BytesIO(DATA),
        lambda path: DATA,
        lambda path: memoryview(bytearray(DATA)),
        lambda path: [DATA[:4], bytearray(DATA[4:])],
        lambda path: iter([b"", DATA, b""]),
    ],
    ids=["path", "file", "bytes", "buffer", "chunks", "iterator"],
)
def test_every_source_of_bytes_serves(make, tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(DATA)
    assert parsed(make(path)) == WANTED


def test_a_file_is_left_open():
    file = io.BytesIO(DATA)
    assert parsed(file) == WANTED
    assert not file.closed


@pytest.mark.parametrize(
    "source", ["<a/>", io.StringIO("<a/>"), 5, None, ["<a/>"]], ids=lambda source: type(source).__name__
)
def test_what_gives_no_bytes_is_a_type_error(source):
    with pytest.raises(TypeError):
        parsed(source)


def test_events_come_as_soon_as_their_bytes_do():
    read = []

    def chunks():
        for chunk in (b"<a>", b"<b/>", b"</a>"):
            read.append(chunk)
            yield chunk

    events = xml.events(chunks())
    assert next(events) == Start("a")
    assert read == [b"<a>"]
    assert [next(events), next(events)] == [Start("b"), End("b")]
    assert read == [b"<a>", b"<b/>"]


def test_events_before_an_error_come_first():
    for source, wanted in (
        ([b"<a>x</b>"], WANTED[:2]),
        ([b"<a>", b"x"], WANTED[:2]),
        ([b"<a><b", b" c='1' c='1'"], WANTED[:1]),
    ):
        events, seen = xml.events(source), []
        with pytest.raises(xml.ParseError):
            # Not list(): that would lose what came before the error.
            seen.extend(events)
        assert seen == wanted


def test_arguments_reach_the_parser():
    assert parsed(b"<p:a/>", namespaces=False)[0].name == "p:a"
    assert parsed(b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", dtd="internal")[2] == Text("x")
    with pytest.raises(xml.ParseError):
        parsed(b"<!DOCTYPE a><a/>", dtd="forbid")
    with pytest.raises(RecursionError):
        parsed(b"<a><b/></a>", limits=Limits(max_depth=1), depth_hint=9)
    assert len(parsed(b"<a>x&amp;y</a>", coalesce=False)) > 3
    for wrong in ({"dtd": "x"}, {"encodings": "x"}):
        with pytest.raises(ValueError, match="must be"):
            xml.events(b"<a/>", **wrong)


def test_asynchronous_sources_serve():
    class File:
        def __init__(self):
            self.file = io.BytesIO(DATA)

        async def read(self, size):
            return self.file.read(size)

    async def chunks():
        for chunk in (DATA[:2], DATA[2:]):
            yield chunk

    async def broken():
        yield b"<a>x</b>"

    async def read(source):
        return [event async for event in xml.aevents(source)]

    async def failing():
        seen = []
        with pytest.raises(xml.ParseError):
            async for event in xml.aevents(broken()):
                seen.append(event)  # noqa: PERF401 - a comprehension would lose what came before the error
        return seen

    assert asyncio.run(read(File())) == WANTED
    assert asyncio.run(read(chunks())) == WANTED
    assert asyncio.run(failing()) == WANTED[:2]
    with pytest.raises(TypeError):
        xml.aevents(DATA)
