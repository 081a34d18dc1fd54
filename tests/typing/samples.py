"""What type checkers infer of the public names; read by mypy and pyright, never run."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, BinaryIO, assert_type

import forkedenc
from forkedenc import REST, UNSET, Limits, Rest, UnsetType, json, xml


def decoding(data: bytes, file: BinaryIO, path: Path) -> None:
    assert_type(json.loads(data, limits=Limits.strict(), duplicate_keys="first"), Any)
    assert_type(json.loads("1", parse_int=float, strict=False), Any)
    assert_type(json.load(file), Any)
    assert_type(json.decode(data), Any)
    assert_type(json.Decoder().decode(memoryview(data)), Any)
    stream = json.StreamDecoder(framing="lines", on_error="yield")
    assert_type(stream.feed(bytearray(data)), list[Any])
    assert_type(stream.fork().close(), list[Any])
    assert_type(stream.depth, int)
    for source in (data, file, path, [data, data]):
        assert_type(json.items(source, "a.item"), Iterator[Any])
    assert_type(json.members(data, ["a", ...]), Iterator[tuple[str, Any]])
    assert_type(json.JSONDecoder(limits=Limits()).raw_decode("1", 0), tuple[Any, int])
    assert_type(json.detect_encoding(data), str)


def asynchronous(source: AsyncIterable[bytes]) -> None:
    assert_type(json.aitems(source, ""), AsyncIterator[Any])


def xml_events(data: bytes, file: BinaryIO, path: Path) -> None:
    parser = xml.PullParser(limits=Limits.strict(), dtd="skip", encodings=["utf-8"], audit=print)
    parser.feed(memoryview(data))
    assert_type(parser.fork().depth, int)
    for event in parser.read_events():
        match event:
            case xml.Start(name, attributes, namespaces):
                assert_type(name, str)
                assert_type(attributes, dict[str, str])
                assert_type(namespaces, dict[str, str])
            case xml.Text(text) | xml.Comment(text=text):
                assert_type(text, str)
            case xml.PI(target, content):
                assert_type((target, content), tuple[str, str])
            case xml.Doctype(public_id=public_id):
                assert_type(public_id, str | None)
            case xml.End() | xml.Entity():
                assert_type(event.name, str)
        assert_type((event.offset, event.line, event.column), tuple[int, int, int])
    for source in (data, file, path, [data, data]):
        assert_type(next(xml.events(source, coalesce=False)).offset, int)


async def xml_asynchronous(source: AsyncIterable[bytes]) -> None:
    async for event in xml.aevents(source):
        if isinstance(event, xml.Start):
            assert_type(event.attributes.get("a"), str | None)


def encoding(value: Any) -> None:
    assert_type(json.encode(value), bytes)
    assert_type(json.dumps(value, indent=2), str)
    assert_type(json.Encoder(sort_keys=True).encode(value), bytes)
    assert_type(json.encode_lines([value]), bytes)


def errors(error: Exception) -> None:
    match error:
        case forkedenc.LimitError():
            assert_type(error.limit, str)
            assert_type(error.maximum, int | float)
            assert_type(error.offset, int)
        case xml.ParseError():
            assert_type(error.code, int)
            assert_type(error.position, tuple[int, int])
            assert_type(error.offset, int)
            assert_type(error.reason, str)
        case json.DecodeError():
            assert_type(error.doc, str)
            assert_type(error.pos, int)
            assert_type(error.path, str)
            assert_type(error.kind, str)
        case forkedenc.EncodeError():
            assert_type(error.path, str)
        case _:
            pass


def limits() -> None:
    assert_type(Limits(max_depth=5).max_depth, int | None)
    assert_type(Limits().replace(max_items=None), Limits)
    assert_type(Limits.strict().max_amplification, int | float | None)


def wrong(data: bytes) -> None:
    # Each of these must be an error, or its ignore would be one.
    Limits(max_dept=5)  # type: ignore[call-arg]
    Limits(5)  # type: ignore[call-arg]
    json.StreamDecoder(framing="csv")  # type: ignore[call-overload]
    json.StreamDecoder().feed("text")  # type: ignore[arg-type]
    json.decode(data, duplicate_keys="all")  # type: ignore[call-overload]


@json.rename("camel")
@dataclass(slots=True)
class Renamed:
    home_town: str
    nick: Annotated[str, json.name("@nick")] | UnsetType = UNSET
    rest: Rest[int] = field(default_factory=dict)


@dataclass
class Keeping:
    bare: Rest
    untyped: Rest[Any]
    marked: Annotated[dict[str, Any], REST]


def typed(data: bytes, file: BinaryIO) -> None:
    assert_type(json.decode(data, Renamed), Renamed)
    assert_type(
        json.decode(data, list[Renamed], unknown="error", dec_hook=lambda kind, value: kind(value)), list[Renamed]
    )
    assert_type(json.decode(data, int, strict=False), int)
    decoder = json.Decoder(Renamed)
    assert_type(decoder, json.Decoder[Renamed])
    assert_type(decoder.decode("{}"), Renamed)
    assert_type(json.Decoder(dict[str, list[int]]).decode(data), dict[str, list[int]])
    stream = json.StreamDecoder(Renamed, framing="lines")
    assert_type(stream.feed(data), list[Renamed])
    assert_type(stream.fork(), json.StreamDecoder[Renamed])
    assert_type(json.items(file, "a.item", Renamed), Iterator[Renamed])
    assert_type(json.members(file, "a", Renamed), Iterator[tuple[str, Renamed]])
    assert_type(json.Raw(data).decode(Renamed), Renamed)
    # What is no class of its own is decoded all the same; its type has to be said.
    maybe: int | None = json.decode(data, int | None)
    assert_type(maybe, int | None)


@xml.element("{urn:a}feed")
@dataclass
class Feed:
    id: Annotated[str, xml.child()]
    lang: Annotated[str | None, xml.attr()] = None
    links: Annotated[list[str], xml.child("link")] = field(default_factory=list)
    body: Annotated[str, xml.text()] = ""
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


def xml_rests(data: bytes) -> None:
    feed = xml.decode(data, Feed)
    assert_type(feed, Feed)
    assert_type(feed.more_attributes, dict[str, str])
    assert_type(feed.links, list[str])
    for node in feed.more:
        if isinstance(node, xml.Element):
            assert_type(node.name, str)
    assert_type(xml.Decoder(Feed).decode(data), Feed)
    assert_type(xml.StreamDecoder(Feed, at="/feed").feed(data), list[Feed])
    assert_type(xml.encode(feed), bytes)


def rests(item: Renamed, keeping: Keeping) -> None:
    assert_type(Renamed("Oslo"), Renamed)
    assert_type(item.rest, dict[str, int])
    assert_type(keeping.bare, dict[str, Any])
    assert_type(keeping.untyped, dict[str, Any])
    assert_type(keeping.marked, dict[str, Any])
    if item.nick is not UNSET:
        assert_type(item.nick, str)
    assert_type(json.rename(str.upper)(Keeping), type[Keeping])


@xml.element("{urn:x}link")
@dataclass
class XmlLink:
    href: Annotated[str, xml.attr()]
    title: Annotated[str | None, xml.child()] = None
    body: Annotated[str, xml.text()] = ""
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


def typed_xml(data: bytes) -> None:
    link = xml.decode(data, XmlLink, comments="error", unknown="rest")
    assert_type(link, XmlLink)
    assert_type(link.more_attributes, dict[str, str])
    for node in link.more:
        if isinstance(node, xml.Element):
            assert_type(node.attributes.namespaces, dict[str, str])
    assert_type(xml.Decoder(XmlLink).decode(data), XmlLink)
    stream = xml.StreamDecoder(XmlLink, at="/a:links/a:link", namespaces={"a": "urn:x"})
    assert_type(stream.feed(data), list[XmlLink])
    assert_type(stream.fork().close(), list[XmlLink])
    xml.decode(data, XmlLink, comments="drop")  # type: ignore[arg-type]
