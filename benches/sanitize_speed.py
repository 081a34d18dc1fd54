"""Cleaning beside cleaners written by hand: `python benches/sanitize_speed.py [--publish] [--rounds N] [--size BYTES]`.

Four documents made of the data: icons (SVG), entries of feeds (FEED), paragraphs of books (XHTML) and parts of office files
(PLAIN). The peers are what programs have: an allowlist of names and local links over lxml's tree, over ElementTree's, and over
a SAX filter on expat, and nh3 for scale, which reads HTML. The lists of the three last documents are the names that occur, so a
peer takes nothing out and does no more than look. Each document is checked first: our output must keep nine tenths of the
elements that the lxml cleaner keeps. Then two hundred pictures are cleaned in place by the command with one job and with two.
"""

import argparse
import io
import random
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
import xml.sax
import xml.sax.saxutils
import xml.sax.xmlreader
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nh3
from lxml import etree
from race import Call, Table, Timing, machine, publish, race
from sanitize_common import DATA, commit

import forkedenc
from forkedenc.xml import sanitize

SVG_URI = "http://www.w3.org/2000/svg"
XHTML_URI = "http://www.w3.org/1999/xhtml"
ATOM_URI = "http://www.w3.org/2005/Atom"
PICTURE_NAMES = [
    "svg",
    "g",
    "defs",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "title",
    "desc",
    "use",
    "symbol",
    "linearGradient",
    "radialGradient",
    "stop",
    "clipPath",
    "mask",
    "pattern",
    "marker",
    "filter",
    "feBlend",
    "feColorMatrix",
    "feComposite",
    "feFlood",
    "feGaussianBlur",
    "feMerge",
    "feMergeNode",
    "feOffset",
]
PICTURE_ATTRIBUTES = [
    "class",
    "clip-path",
    "clip-rule",
    "color",
    "cx",
    "cy",
    "d",
    "fill",
    "fill-opacity",
    "fill-rule",
    "filter",
    "font-family",
    "font-size",
    "gradientTransform",
    "gradientUnits",
    "height",
    "href",
    "id",
    "mask",
    "offset",
    "opacity",
    "overflow",
    "points",
    "preserveAspectRatio",
    "r",
    "rx",
    "ry",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "style",
    "transform",
    "version",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
    "{http://www.w3.org/1999/xlink}href",
]
PICTURES = 200


@dataclass(frozen=True)
class Sample:
    """A document, the preset for it, and the names that the peers let through."""

    preset: sanitize.Policy
    data: bytes
    elements: frozenset[str]
    attributes: frozenset[str]


def parsed(data: bytes) -> ET.Element:
    return ET.fromstring(data)  # noqa: S314 - the folder is the operator's


def sources(folder: Path, pattern: str) -> Iterator[ET.Element]:
    """Roots of documents without DOCTYPE, in order of name."""
    for path in sorted(folder.glob(pattern)):
        data = path.read_bytes() if path.is_file() else b"<!DOCTYPE"
        if b"<!DOCTYPE" in data or len(data) > 1_000_000:
            continue
        try:
            yield parsed(data)
        except ET.ParseError:
            continue


def entries(root: ET.Element) -> Iterator[ET.Element]:
    for entry in root.iter():
        plain = all(one.tag.startswith(f"{{{ATOM_URI}}}") or "}" not in one.tag for one in entry.iter())
        if entry.tag in ("item", f"{{{ATOM_URI}}}entry") and plain:
            yield entry


def filled(opening: str, parts: list[bytes], closing: str, size: int) -> bytes:
    """The parts again and again under one root, up to the size."""
    if not parts:
        sys.exit("no such documents in the data: set FORKEDENC_DATA to a folder of test data")
    out, total = [opening.encode()], 0
    while total < size:
        for part in parts:
            out.append(part)
            total += len(part)
    return b"".join([*out, closing.encode()])


def names_in(data: bytes) -> tuple[frozenset[str], frozenset[str]]:
    root = parsed(data)
    return frozenset(one.tag for one in root.iter()), frozenset(key for one in root.iter() for key in one.attrib)


def samples(folder: Path, size: int) -> dict[str, Sample]:
    icons = [ET.tostring(root) for root in sources(folder, "svg-real/adwaita/**/*.svg")]
    feeds = [
        ET.tostring(entry)
        for kind in ("rss", "atom")
        for root in sources(folder, f"xml-feedparser/wellformed/{kind}*/*.xml")
        for entry in entries(root)
    ]
    books = [
        ET.tostring(paragraph)
        for root in sources(folder, "xml-docs/xhtml-epub/**/*")
        for paragraph in root.iter(f"{{{XHTML_URI}}}p")
    ]
    office = [ET.tostring(root) for root in sources(folder, "xml-docs/ooxml/**/*")]
    made = {
        "SVG icons": (sanitize.SVG, filled(f'<svg xmlns="{SVG_URI}">', icons, "</svg>", size)),
        "feed": (
            sanitize.FEED,
            filled('<rss version="2.0"><channel><title>t</title>', feeds, "</channel></rss>", size),
        ),
        "XHTML": (sanitize.XHTML, filled(f'<div xmlns="{XHTML_URI}">', books, "</div>", size)),
        "office parts": (sanitize.PLAIN, filled("<parts>", office, "</parts>", size)),
    }
    pictures = frozenset(f"{{{SVG_URI}}}{name}" for name in PICTURE_NAMES), frozenset(PICTURE_ATTRIBUTES)
    return {
        label: Sample(preset, data, *(pictures if preset is sanitize.SVG else names_in(data)))
        for label, (preset, data) in made.items()
    }


# Cleaners as a program has them


def by_lxml(sample: Sample) -> Callable[[bytes], bytes]:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    elements, attributes = sample.elements, sample.attributes

    def clean(data: bytes) -> bytes:
        root = etree.fromstring(data, parser)
        refused = []
        for element in root.iter():
            if element.tag not in elements:
                refused.append(element)
                continue
            values = element.attrib
            for key in list(values):
                if key not in attributes or (key.endswith("href") and values[key][:1] != "#"):
                    del values[key]
        for element in refused:
            if element.getparent() is not None:
                element.getparent().remove(element)
        return bytes(etree.tostring(root))

    return clean


def by_elementtree(sample: Sample) -> Callable[[bytes], bytes]:
    elements, attributes = sample.elements, sample.attributes

    def clean(data: bytes) -> bytes:
        root = parsed(data)
        rest = [root]
        while rest:
            element = rest.pop()
            values = element.attrib
            for key in list(values):
                if key not in attributes or (key.endswith("href") and values[key][:1] != "#"):
                    del values[key]
            for child in list(element):
                if child.tag in elements:
                    rest.append(child)
                else:
                    element.remove(child)
        return ET.tostring(root)

    return clean


class Filter(xml.sax.saxutils.XMLGenerator):
    """Events go on to the writer if their names are on the lists, and with nothing else above them."""

    def __init__(self, out: io.BytesIO, sample: Sample) -> None:
        super().__init__(out, "utf-8", short_empty_elements=True)
        self.elements = {split(name) for name in sample.elements}
        self.attributes = {split(name) for name in sample.attributes}
        self.dropped = 0

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> None:  # noqa: N802 - the base class's name
        """An element that is kept, with the attributes that are."""
        if self.dropped or name not in self.elements:
            self.dropped += 1
            return
        kept = {
            key: value
            for key, value in attrs.items()
            if key in self.attributes and (key[1] != "href" or value[:1] == "#")
        }
        values: Any = xml.sax.xmlreader.AttributesNSImpl(kept, {})
        super().startElementNS(name, qname, values)

    def endElementNS(self, name: Any, qname: Any) -> None:  # noqa: N802 - the base class's name
        """The end of one."""
        if self.dropped:
            self.dropped -= 1
        else:
            super().endElementNS(name, qname)

    def characters(self, content: str) -> None:
        """Text of what is kept."""
        if not self.dropped:
            super().characters(content)

    def processingInstruction(self, target: str, data: str) -> None:  # noqa: N802 - the base class's name
        """None is kept."""


def split(name: str) -> tuple[str | None, str]:
    uri, _, local = name.rpartition("}")
    return uri.lstrip("{") or None, local


def by_sax(sample: Sample) -> Callable[[bytes], bytes]:
    def clean(data: bytes) -> bytes:
        out = io.BytesIO()
        reader = xml.sax.make_parser()  # noqa: S317 - the folder is the operator's
        reader.setFeature(xml.sax.handler.feature_namespaces, True)
        reader.setContentHandler(Filter(out, sample))
        reader.parse(io.BytesIO(data))
        return out.getvalue()

    return clean


def by_nh3(data: bytes) -> str:
    clean: str = nh3.clean(data.decode())
    return clean


def count(data: bytes) -> int:
    return sum(1 for _ in parsed(data).iter())


def contestants(label: str, sample: Sample) -> dict[str, Call]:
    limits = forkedenc.Limits(max_children=None)
    ours = sanitize.Sanitizer(sample.preset, limits=limits)
    peers = {"lxml": by_lxml(sample), "ElementTree": by_elementtree(sample), "SAX": by_sax(sample)}
    kept = count(ours.clean(sample.data).data)
    for name, clean in peers.items():
        theirs = count(clean(sample.data))
        if kept < 0.9 * theirs:
            sys.exit(f"{label}: {kept} elements are left of {count(sample.data)}, {name} keeps {theirs}")
    functions: dict[str, Callable[[bytes], Any]] = {"forkedenc": ours.clean, **peers, "nh3, as HTML": by_nh3}
    return {name: Call(function, sample.data) for name, function in functions.items()}


# The command


def jobs(picture: bytes, rounds: int) -> dict[str, float]:
    """Seconds of wall time with one job and with two, the median."""
    took: dict[str, list[float]] = {"--jobs 1": [], "--jobs 2": []}
    rng = random.Random(0)
    for _ in range(rounds):
        for words in rng.sample(sorted(took), len(took)):
            with tempfile.TemporaryDirectory() as folder:
                for number in range(PICTURES):
                    (Path(folder) / f"{number}.svg").write_bytes(picture)
                command = [
                    sys.executable,
                    "-m",
                    "forkedenc",
                    "sanitize",
                    "--policy",
                    "svg",
                    "--in-place",
                    *words.split(),
                    folder,
                ]
                start = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                took[words].append(time.perf_counter() - start)
    return {words: statistics.median(times) for words, times in took.items()}


def speeds(results: dict[str, dict[str, Timing]], inputs: dict[str, Sample]) -> str:
    names = list(next(iter(results.values())))
    lines = ["### MB of input a second", "", f"| | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for label, timings in results.items():
        megabytes = len(inputs[label].data) / 1e6
        cells = " | ".join(f"{megabytes / timings[name].dropped:.0f}" for name in names)
        lines.append(f"| {label}, {megabytes:.1f} MB | {cells} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publish", action="store_true", help="write the tables into RESULTS.md")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--size", type=int, default=2_000_000, help="bytes of each document")
    parser.add_argument("--picture", type=int, default=2_000_000, help="bytes of each of the pictures for the command")
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    measured = commit()
    inputs = samples(options.data, options.size)
    results = {label: race(contestants(label, sample), options.rounds) for label, sample in inputs.items()}
    table = Table.of("Cleaned (forkedenc = 1)", results, "forkedenc")
    picture = samples(options.data, options.picture)["SVG icons"].data
    wall = jobs(picture, max(3, options.rounds // 3))
    total = PICTURES * len(picture) / 1e6
    lines = [
        f"### {PICTURES} pictures of {len(picture) / 1e6:.1f} MB in place, wall time",
        "",
        "| | seconds | MB/s |",
        "|---|---|---|",
    ]
    lines += [f"| {words} | {seconds:.2f} | {total / seconds:.0f} |" for words, seconds in wall.items()]
    lines.append(f"| one over two | {wall['--jobs 1'] / wall['--jobs 2']:.2f} | |")
    head = f"{machine('forkedenc', 'lxml', 'nh3')} {measured}."
    text = "\n\n".join(["## Cleaning", head, table.markdown(), speeds(results, inputs), "\n".join(lines)])
    print(text)
    if options.publish:
        publish("sanitize", text)


if __name__ == "__main__":
    main()
