"""Reading and writing XML beside the peers: `python benches/xml_parse.py [--quick] [--publish]`.

- tokenise: nothing is made, every check is on, namespaces too; expat without handlers beside;
- events: `PullParser` fed 64 KiB at a time, each event and its name looked at, beside Python functions called by pyexpat; and a
  SAX handler of ours beside xml.sax with the same handler;
- tree: `fromstring` beside ElementTree's, defusedxml's and lxml's, built and dropped; and with every node read once;
- iterparse: a long document from a file, elements cleared;
- tostring: beside lxml's and ElementTree's;
- message: one of 270 bytes, through a parser that is made for it;
- limits: all of them off beside the default.

How it is measured: race.py. One process, so figures of different tables are not to be mixed.
"""

import argparse
import io
import pyexpat
import sys
import xml.etree.ElementTree as ET
import xml.sax
from collections.abc import Callable
from typing import Any

import defusedxml.ElementTree
import lxml.etree
from race import Call, Table, Timing, machine, publish, race
from xml_documents import MESSAGE, documents, records

from forkedenc import Limits, _native, xml as ours
from forkedenc.xml import sax
from forkedenc.xml.etree import ElementTree

CHUNK = 1 << 16
PACKAGES = ("forkedenc", "lxml", "defusedxml")
Results = dict[str, dict[str, Timing]]


def ignore(*_: object) -> None:
    """What is told."""


def by_checker(data: bytes) -> None:
    checker = _native.XmlChecker()
    for start in range(0, len(data), CHUNK):
        checker.feed(data[start : start + CHUNK])
    checker.close()


def by_unlimited_checker(data: bytes) -> None:
    checker = _native.XmlChecker(Limits.unlimited())
    for start in range(0, len(data), CHUNK):
        checker.feed(data[start : start + CHUNK])
    checker.close()


def by_expat(data: bytes) -> None:
    parser = pyexpat.ParserCreate(namespace_separator="}")
    for start in range(0, len(data), CHUNK):
        parser.Parse(data[start : start + CHUNK], False)
    parser.Parse(b"", True)


def by_expat_handlers(data: bytes) -> None:
    parser = pyexpat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = ignore
    for start in range(0, len(data), CHUNK):
        parser.Parse(data[start : start + CHUNK], False)
    parser.Parse(b"", True)


def by_events(data: bytes) -> None:
    parser = ours.PullParser(dtd="internal")
    for start in range(0, len(data), CHUNK):
        parser.feed(data[start : start + CHUNK])
        for _ in parser.read_events():
            pass
    parser.close()
    for _ in parser.read_events():
        pass


def by_events_read(data: bytes) -> int:
    """The same, each name and text read."""
    parser, count = ours.PullParser(dtd="internal"), 0
    for start in range(0, len(data), CHUNK):
        parser.feed(data[start : start + CHUNK])
        for event in parser.read_events():
            if type(event) is ours.Text:
                count += len(event.text)
            elif type(event) is ours.Start:
                count += len(event.name)
    parser.close()
    return count


class Silent(xml.sax.ContentHandler):
    """Hears and says nothing."""

    startElement = endElement = characters = ignore  # type: ignore[assignment]  # noqa: N815 - SAX's names


def by_sax(module: Any) -> Callable[[bytes], None]:
    def parse(data: bytes) -> None:
        module.parseString(data, Silent())

    return parse


def read_all(root: Any) -> int:
    count = 0
    for node in root.iter():
        _ = node.tag, dict(node.attrib), node.text, node.tail
        count += 1
    return count


def reading(parse: Callable[[bytes], Any]) -> Callable[[bytes], int]:
    return lambda data: read_all(parse(data))


def by_iterparse(module: Any) -> Callable[[bytes], int]:
    def parse(data: bytes) -> int:
        count = 0
        for _, element in module.iterparse(io.BytesIO(data)):
            if element.tag == "record":
                count += 1
                element.clear()
        return count

    return parse


CONTESTS: dict[str, tuple[str, dict[str, Callable[[bytes], Any]]]] = {
    "Tokenised, nothing made (expat = 1)": ("expat", {"forkedenc": by_checker, "expat": by_expat}),
    "Events, 64 KiB at a time (pyexpat with functions = 1)": (
        "pyexpat",
        {"forkedenc": by_events, "forkedenc, read": by_events_read, "pyexpat": by_expat_handlers},
    ),
    "SAX, a handler that does nothing (xml.sax = 1)": (
        "xml.sax",
        {"forkedenc": by_sax(sax), "xml.sax": by_sax(xml.sax)},
    ),
    "Trees, built and dropped (ElementTree = 1)": (
        "ElementTree",
        {
            "forkedenc": ElementTree.fromstring,
            "ElementTree": ET.fromstring,
            "lxml": lxml.etree.fromstring,
            "defusedxml": defusedxml.ElementTree.fromstring,
        },
    ),
    "Trees, every node read (lxml = 1)": (
        "lxml",
        {
            "forkedenc": reading(ElementTree.fromstring),
            "ElementTree": reading(ET.fromstring),
            "lxml": reading(lxml.etree.fromstring),
        },
    ),
    "What limits cost (limits off = 1)": ("off", {"default limits": by_checker, "off": by_unlimited_checker}),
}


def writing(data: bytes, rounds: int) -> dict[str, Timing]:
    calls = {
        "forkedenc": Call(ElementTree.tostring, ElementTree.fromstring(data)),
        "ElementTree": Call(ET.tostring, ET.fromstring(data)),  # noqa: S314 - a bench's own document
        "lxml": Call(lxml.etree.tostring, lxml.etree.fromstring(data)),
    }
    if calls["forkedenc"].function(calls["forkedenc"].argument) != ET.tostring(calls["ElementTree"].argument):
        sys.exit("tostring writes something else than ElementTree's")
    return race(calls, rounds)


def run(inputs: dict[str, bytes], rounds: int, only: str) -> list[Table]:
    tables = []
    for title, (base, functions) in CONTESTS.items():
        if only in title:
            results: Results = {
                label: race({name: Call(function, data) for name, function in functions.items()}, rounds)
                for label, data in inputs.items()
            }
            tables.append(Table.of(title, results, base))
            print(tables[-1].markdown(), flush=True)
    return tables


def others(inputs: dict[str, bytes], rounds: int, size: int, only: str) -> list[Table]:
    tables = []
    if only in "Written":
        written = {label: writing(data, rounds) for label, data in inputs.items()}
        tables.append(Table.of("Written by tostring (lxml = 1)", written, "lxml"))
    if only in "iterparse":
        data = records(size)
        calls = {
            "forkedenc": Call(by_iterparse(ElementTree), data),
            "ElementTree": Call(by_iterparse(ET), data),
        }
        results = {f"{len(data) >> 20} MiB of records": race(calls, max(3, rounds // 5))}
        tables.append(Table.of("iterparse, elements cleared (ElementTree = 1)", results, "ElementTree"))
    if only in "message":
        small = {"forkedenc": by_events, "pyexpat": by_expat_handlers}
        trees = {"forkedenc": ElementTree.fromstring, "ElementTree": ET.fromstring, "lxml": lxml.etree.fromstring}
        for title, base, functions in (("events", "pyexpat", small), ("trees", "ElementTree", trees)):
            calls = {name: Call(function, MESSAGE) for name, function in functions.items()}
            results = {f"{len(MESSAGE)} bytes": race(calls, 2 * rounds)}
            tables.append(Table.of(f"A message, {title} ({base} = 1)", results, base))
    for table in tables:
        print(table.markdown(), flush=True)
    return tables


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a look")
    parser.add_argument("--publish", action="store_true", help="write the tables into RESULTS.md")
    parser.add_argument("--only", default="", help="tables whose title holds this text")
    options = parser.parse_args()
    rounds = 5 if options.quick else 21
    inputs = documents()
    tables = run(inputs, rounds, options.only)
    tables += others(inputs, rounds, (8 if options.quick else 50) << 20, options.only)
    text = "\n\n".join(["## XML", machine(*PACKAGES), *(table.markdown() for table in tables)])
    if options.publish:
        publish("xml_parse", text)


if __name__ == "__main__":
    main()
