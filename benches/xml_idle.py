"""Memory of parsers that wait: `python benches/xml_idle.py`: resident bytes of each of many half-fed ones.

A process for each contestant, so that what one leaves behind is not the other's.
"""

import argparse
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from race import machine, publish

COUNT = 20_000
PREFIXES = {
    "in the first tag's value": b'<a b="',
    "five deep, in a value": b'<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>urn:1</id><author><name>Ada</name><link href="http://example.org/',
}


def makers() -> dict[str, Callable[[bytes], Any]]:
    """Contestant -> a parser that was fed so much."""
    import pyexpat

    from forkedenc import xml
    from forkedenc.xml.etree import ElementTree

    def events(data: bytes) -> object:
        parser = xml.PullParser()
        parser.feed(data)
        list(parser.read_events())
        return parser

    def tree(data: bytes) -> object:
        parser = ElementTree.XMLPullParser(["end"])
        parser.feed(data)
        return parser

    def expat(data: bytes) -> object:
        parser = pyexpat.ParserCreate(namespace_separator="}")
        parser.Parse(data, False)
        return parser

    return {"PullParser": events, "XMLPullParser": tree, "pyexpat": expat}


def resident() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def measure(name: str, data: bytes) -> float:
    make = makers()[name]
    kept = [make(data) for _ in range(100)]
    before = resident()
    kept += [make(data) for _ in range(COUNT)]
    return (resident() - before) / COUNT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publish", action="store_true", help="write the table into RESULTS.md")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "PREFIX"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(measure(options.one[0], PREFIXES[options.one[1]]))
        return
    lines = [
        "### Bytes of one idle, half-fed parser",
        "",
        f"| | {' | '.join(makers())} |",
        f"|---|{'---|' * len(makers())}",
    ]
    for label in PREFIXES:
        cells = []
        for name in makers():
            command = [sys.executable, __file__, "--one", name, label]
            cells.append(f"{float(subprocess.run(command, check=True, capture_output=True, text=True).stdout):.0f}")
        lines.append(f"| {label} | {' | '.join(cells)} |")
    text = "\n".join(["## Idle XML parsers", "", machine("forkedenc"), "", *lines])
    print(text)
    if options.publish:
        publish("xml_idle", text)


if __name__ == "__main__":
    main()
