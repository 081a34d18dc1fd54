"""forkedenc.xml against expat and lxml: the same documents taken, the same events, the same trees.

Run by fuzz/run.py. Documents are seeds with some bytes changed, crossed with one another or cut. For every input
- `PullParser` takes what expat takes, and refuses what it refuses, and tells the same events;
- cut anywhere, the events, their places and the error are those of the whole;
- `fromstring` gives the standard library's tree, and lxml's where there is no DOCTYPE;
- what `tostring` writes of it is the standard library's bytes, or is refused.

Where the two may differ on purpose is said at each place; docs/xml-differences.md has the list.
"""

import argparse
import pyexpat
import random
import re
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lxml.etree

import forkedenc
from forkedenc import xml
from forkedenc.xml.etree import ElementTree

# Python's tables of other encodings are not the WHATWG's.
SHARED = {b"utf-8", b"utf8", b"utf-16", b"utf-16le", b"utf-16be", b"iso-8859-1", b"us-ascii", b"ascii"}
DECLARED = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)")
REFERENCE = re.compile(rb"&([^#&;<>\s\"']+);")
PIECES = [
    b"<a>", b"</a>", b"<a/>", b"<", b">", b"&", b"&lt;", b"&#65;", b"&#x0;", b"&e;", b"%p;", b'"', b"'", b"=", b"/", b"]]>", b"<![CDATA[",
    b"<!--", b"-->", b"--", b"<?p q?>", b"?>", b" xmlns='u'", b" xmlns:p='u'", b" p:b=''", b" b='1'", b"<p:a>", b"</p:a>", b"\r\n", b"\r", b"\t",
    b"\x00", b"\xff", b"\xc3\xa9", b"\xe2\x82\xac", b"\xf0\x9f\x98\x80", b"\xef\xbf\xbf", b":", b"<!DOCTYPE a [", b"]>", b"<!ENTITY e 'x'>",
    b"<!ATTLIST a b CDATA 'd'>", b"<!ELEMENT a ANY>", b"<?xml version='1.0'?>", b" standalone='yes'", b" SYSTEM 's'", b"}",
]  # fmt: skip


class Expat:
    """What expat tells of a document, and whether it leans on something outside. The methods are its handlers."""

    def __init__(self, data: bytes) -> None:
        self.events: list[tuple[Any, ...]] = []
        self.external = self.subset = False
        self.prefixes: set[tuple[str, str]] = set()
        self.declared = {b"lt", b"gt", b"amp", b"quot", b"apos"}
        parser = pyexpat.ParserCreate(namespace_separator="}")
        parser.buffer_text = parser.ordered_attributes = True
        parser.SetParamEntityParsing(pyexpat.XML_PARAM_ENTITY_PARSING_ALWAYS)
        parser.StartNamespaceDeclHandler = lambda prefix, uri: self.prefixes.add((prefix or "", uri or ""))
        parser.StartElementHandler = self.start
        parser.EndElementHandler = lambda name: self.events.append(("End", clark(name)))
        parser.CharacterDataHandler = lambda text: self.events.append(("Text", text))
        parser.CommentHandler = lambda text: self.outside("Comment", text)
        parser.ProcessingInstructionHandler = lambda target, text: self.outside("PI", target, text)
        parser.StartDoctypeDeclHandler = self.doctype
        parser.EndDoctypeDeclHandler = lambda: setattr(self, "subset", False)
        parser.EntityDeclHandler = lambda name, *_: self.declared.add(name.encode())
        parser.ExternalEntityRefHandler = lambda *_: self.outer(1)
        parser.SkippedEntityHandler = lambda *_: self.outer(0)
        parser.Parse(data, True)
        self.external = self.external or not set(REFERENCE.findall(data)) <= self.declared

    def outer(self, answer: int) -> int:  # noqa: D102
        self.external = True
        return answer

    def outside(self, *event: Any) -> None:  # noqa: D102
        if not self.subset:
            self.events.append(event)

    def start(self, name: str, flat: list[str]) -> None:  # noqa: D102
        pairs = tuple((clark(key), value) for key, value in zip(flat[::2], flat[1::2], strict=True))
        self.events.append(("Start", clark(name), pairs, frozenset(self.prefixes)))
        self.prefixes = set()

    def doctype(self, name: str, system_id: str | None, public_id: str | None, _: int) -> None:  # noqa: D102
        self.events.append(("Doctype", name, public_id, system_id))
        self.subset = True


def clark(name: str) -> str:
    return "{" + name if "}" in name else name


def plain(event: Any) -> tuple[Any, ...]:
    kind = type(event).__name__
    if isinstance(event, xml.Start):
        declared = frozenset((prefix or "", uri or "") for prefix, uri in dict(event.namespaces).items())
        return kind, event.name, tuple(dict(event.attributes).items()), declared
    fields = {"End": ("name",), "Text": ("text",), "Comment": ("text",), "PI": ("target", "data"), "Entity": ("name",)}
    names = fields.get(kind, ("name", "public_id", "system_id"))
    return kind, *(getattr(event, name) for name in names)


def joined(events: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    out: list[tuple[Any, ...]] = []
    for event in events:
        if event[0] == "Text" and out and out[-1][0] == "Text":
            out[-1] = ("Text", out[-1][1] + event[1])
        else:
            out.append(event)
    return out


def pull(pieces: Iterable[bytes]) -> tuple[list[tuple[Any, ...]], list[tuple[int, ...]], tuple[Any, ...] | None]:
    parser = xml.PullParser(dtd="internal")
    events: list[Any] = []
    error = None
    try:
        for piece in pieces:
            parser.feed(piece)
            events += parser.read_events()
        parser.close()
    except xml.ParseError as raised:
        error = (type(raised).__name__, raised.kind, raised.offset, raised.line, raised.column)
    events += parser.read_events()
    return [plain(event) for event in events], [(event.offset, event.line, event.column) for event in events], error


def shape(node: Any) -> tuple[Any, ...]:
    return node.tag, list(node.attrib.items()), node.text or None, node.tail or None, [shape(child) for child in node]


def lone_surrogate(data: bytes) -> bool:
    """Whether this is UTF-16 with half a character in it, which expat does not look for."""
    codec = {b"\xff\xfe": "utf-16-le", b"<\0": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\0<": "utf-16-be"}.get(data[:2])
    if codec is None:
        return False
    try:
        data.decode(codec)
    except UnicodeDecodeError as error:
        return "surrogate" in error.reason
    return False


def check(data: bytes) -> None:
    events, places, error = pull([data])
    rng = random.Random(data)
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(4))
    pieces = [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    for again in (pull(pieces), pull([data[at : at + 1] for at in range(len(data))])):
        assert again[2] == error, f"cut: {again[2]}, whole: {error}"
        assert again[:2] == (events, places), "cut, other events than of the whole"
    encoding = DECLARED.search(data)
    if encoding and encoding[1].lower() not in SHARED:
        return
    try:
        expat = Expat(data)
    except pyexpat.ExpatError as refused:
        # The fifth edition has names that the fourth has not; amplification is counted otherwise.
        if error is None and data.isascii() and b"\0" not in data and refused.code not in (18, 43):
            raise AssertionError(f"taken, and expat says {refused}") from refused
        return
    except (ValueError, LookupError):
        return
    if expat.external or (error and error[1] in ("bad_declaration", "limit")):
        return
    if error and error[1] == "invalid_character" and lone_surrogate(data):
        return
    assert error is None, f"expat takes what is refused: {error}"
    assert joined(events) == joined(expat.events), f"{joined(events)} and expat {joined(expat.events)}"
    if b"<!DOCTYPE" in data:
        return
    tree, theirs = ElementTree.fromstring(data), ET.fromstring(data)  # noqa: S314 - the oracle
    assert shape(tree) == shape(theirs), "another tree than ElementTree's"
    try:
        written = ElementTree.tostring(tree, encoding="utf-8")
    except forkedenc.EncodeError:
        written = None
    assert written in (None, ET.tostring(theirs, encoding="utf-8")), "tostring writes something else"
    parser = lxml.etree.XMLParser(remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        theirs = lxml.etree.fromstring(data, parser)
    except lxml.etree.XMLSyntaxError:
        return
    if not parser.error_log:
        assert shape(tree) == shape(theirs), "another tree than lxml's"


def mutated(seeds: list[bytes], rng: random.Random) -> bytes:
    """A seed with up to four changes."""
    data = rng.choice(seeds)
    for _ in range(rng.randrange(1, 5)):
        at, choice = rng.randrange(len(data) + 1), rng.randrange(5)
        if choice == 0:
            data = data[:at] + rng.choice(PIECES) + data[at:]
        elif choice == 1:
            data = data[:at] + rng.choice(PIECES) + data[at + rng.randrange(6) :]
        elif choice == 2:
            data = data[:at] + data[at + rng.randrange(12) :]
        elif choice == 3:
            other = rng.choice(seeds)
            start = rng.randrange(len(other) + 1)
            data = data[:at] + other[start : start + rng.randrange(60)] + data[at:]
        else:
            start = rng.randrange(len(data) + 1)
            data = data[:at] + data[start : start + rng.randrange(40)] + data[at:]
    return data[:4096]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", type=Path, help="check these files and end")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=Path, required=True, help="folder of documents to start from")
    parser.add_argument("--artifacts", type=Path, required=True, help="where inputs that fail are left")
    options = parser.parse_args()
    for path in options.inputs:
        check(path.read_bytes())
    if options.inputs:
        return
    seeds = [path.read_bytes() for path in sorted(options.seeds.iterdir())] or [b"<a b='1'>x<c/></a>"]
    rng = random.Random(options.seed or time.time_ns())
    deadline, count = time.monotonic() + options.seconds, 0
    inputs = iter(seeds)
    while time.monotonic() < deadline:
        data = next(inputs, None) or mutated(seeds, rng)
        count += 1
        try:
            check(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, the input is kept
            path = options.artifacts / f"failed-{count}"
            path.write_bytes(data)
            sys.exit(f"xml_vs_peers: FAILED on {path} {data[:300]!r}: {type(error).__name__}: {str(error)[:1000]}")
    print(f"xml_vs_peers: {count:,} runs")


if __name__ == "__main__":
    main()
