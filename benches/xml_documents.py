"""What the XML benches read: six kinds of document and a message.

Icons, feeds and documents in one file come from the data folder, many small files of a kind put under one root; what no
third party has in that size is made here, the same for every run.
"""

import os
import random
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

SIZE = 2 << 20
MESSAGE = (
    b'<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
    b'<m:Get xmlns:m="urn:x"><m:Id type="int">12345</m:Id><m:Name>Maria Example</m:Name></m:Get></soap:Body></soap:Envelope>'
)
PROLOGUE = re.compile(rb"\A(?:\xef\xbb\xbf)?(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
WORDS = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "was",
    "for",
    "with",
    "as",
    "on",
    "by",
    "at",
    "from",
    "it",
    "an",
    "be",
    "this",
    "which",
    "or",
    "are",
    "not",
    "have",
    "had",
    "one",
    "their",
    "we",
    "all",
    "would",
]


def gathered(pattern: str) -> bytes:
    """UTF-8 documents without a DOCTYPE, under one root."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FORKEDENC_DATA") or default)
    parts: list[bytes] = []
    for path in sorted(folder.glob(pattern)):
        data = PROLOGUE.sub(b"", path.read_bytes())
        if sum(map(len, parts)) > SIZE:
            break
        if b"<!DOCTYPE" in data[:2000]:
            continue
        try:
            data.decode()
            ET.fromstring(data)  # noqa: S314 - the folder is the operator's
        except (UnicodeDecodeError, ET.ParseError):
            continue
        parts.append(data)
    if not parts:
        sys.exit(f"no {pattern} in {folder}: set FORKEDENC_DATA to a folder of test data")
    return b"<all>" + b"\n".join(parts) + b"</all>"


def small_elements(rng: random.Random) -> bytes:
    """Records of many short elements."""
    out, size = ["<records>"], 0
    while size < SIZE:
        out.append(
            f'<record id="r{len(out)}"><name>Name {rng.randrange(10**6)}</name><kind>k{rng.randrange(9)}</kind>'
            f"<value>{rng.random():.6f}</value><empty/><tags><tag>a</tag><tag>b</tag></tags></record>\n"
        )
        size += len(out[-1])
    return "".join([*out, "</records>"]).encode()


def long_text(rng: random.Random) -> bytes:
    """Articles: paragraphs of some thousand characters."""
    out, size = ["<articles>"], 0
    while size < SIZE:
        text = " ".join(rng.choices(WORDS, k=600))
        out.append(f"<article><title>{text[:40]}</title><text>{text} &amp; so on</text></article>\n")
        size += len(out[-1])
    return "".join([*out, "</articles>"]).encode()


def big_svg(rng: random.Random) -> bytes:
    """One drawing: paths with long data, in groups."""
    out, size = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000">'], 0
    while size < SIZE:
        points = " ".join(f"{rng.random() * 1000:.2f},{rng.random() * 1000:.2f}" for _ in range(rng.randrange(20, 120)))
        out.append(f'<g fill="none" stroke="#{rng.randrange(1 << 24):06x}"><path d="M{points} Z"/></g>\n')
        size += len(out[-1])
    return "".join([*out, "</svg>"]).encode()


def attributes(rng: random.Random) -> bytes:
    """Four to ten attributes each, prefixed or not, every fourth word of a value a reference."""
    names = ["id", "class", "x:label", "data-value", "href", "x:role", "title", "lang", "width", "y:state", "height"]
    out, size = ['<all xmlns:x="urn:x" xmlns:y="urn:y">'], 0
    while size < SIZE:
        pairs = []
        for name in rng.sample(names, rng.randrange(4, 11)):
            words = [
                rng.choice(WORDS) if rng.randrange(4) else rng.choice(["&lt;", "&amp;", "&#233;"]) for _ in range(4)
            ]
            pairs.append(f'{name}="{" ".join(words)}"')
        out.append(f"<item {' '.join(pairs)}/>\n")
        size += len(out[-1])
    return "".join([*out, "</all>"]).encode()


def documents() -> dict[str, bytes]:
    """Kind -> document of about two megabytes."""
    return {
        "small elements": small_elements(random.Random(1)),
        "long text": long_text(random.Random(2)),
        "icons": gathered("svg-real/*/**/*.svg"),
        "one big SVG": big_svg(random.Random(3)),
        "attributes": attributes(random.Random(4)),
        "feeds": gathered("xml-feedparser/wellformed/**/*.xml"),
    }


def records(size: int) -> bytes:
    """A long document for iterparse."""
    body = small_elements(random.Random(5))[len("<records>") : -len("</records>")]
    return b"<records>" + body * max(1, size // len(body)) + b"</records>"
