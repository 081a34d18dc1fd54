"""XML 1.0 with namespaces for bytes you do not trust: limits inside the token, nothing external is ever read.

`PullParser` takes chunks and gives events, `events` and `aevents` do it for whole sources, `Writer` goes the other
way. `decode`, `Decoder` and `StreamDecoder` make instances of classes that say with `element`, `attr`, `child` and `text` what they
hold, `RestAttributes` and `RestNodes` keep what no field claims, and `encode` writes it all. ``etree``, ``sax``, ``minidom`` and ``pulldom`` stand in for the standard library's modules; ``lxml`` gives lxml's
elements.
"""

from forkedenc._native import (
    PI,
    Comment,
    Doctype,
    End,
    Entity,
    PullParser,
    Start,
    Text,
    Writer,
    XmlDecoder as Decoder,
    XmlStreamDecoder as StreamDecoder,
    xml_decode as decode,
)
from forkedenc.xml import _codecs as _codecs, _write_errors as _write_errors
from forkedenc.xml._errors import ParseError
from forkedenc.xml._events import aevents, events
from forkedenc.xml._typed import _plan as _plan
from forkedenc.xml._typed._encode import Encoder, encode
from forkedenc.xml._typed._markers import RestAttributes, RestNodes, attr, child, element, text
from forkedenc.xml._typed._nodes import Attributes, Claimed, Element

__all__ = [
    "PI",
    "Attributes",
    "Claimed",
    "Comment",
    "Decoder",
    "Doctype",
    "Element",
    "Encoder",
    "End",
    "Entity",
    "ParseError",
    "PullParser",
    "RestAttributes",
    "RestNodes",
    "Start",
    "StreamDecoder",
    "Text",
    "Writer",
    "aevents",
    "attr",
    "child",
    "decode",
    "element",
    "encode",
    "events",
    "text",
]
