"""What the project does, on the documents beside this file: `make demo`, or `python examples/demo.py`.

Documents of JSON and XML are read in chunks; hostile ones are refused, each at its byte; and documents nested deeper
than the interpreter's own json can go are read while their stack is measured.
"""

import json as stdlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gateway

import forkedenc
from forkedenc import Limits, json, xml

DEMO = Path(__file__).resolve().parent / "demo"
CHUNK = 1 << 16
BOLD, GREEN, RED, PLAIN = ("\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[0m") if sys.stdout.isatty() else ("",) * 4


def title(text: str) -> None:
    print(f"\n{BOLD}{text}{PLAIN}")


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def summary(value: object) -> str:
    """One line about a decoded value."""
    match value:
        case dict():
            return f"object of {len(value)} members: {', '.join(map(str, value))}"
        case list():
            return f"array of {len(value)} items"
        case _:
            return repr(value)


def read_documents() -> None:
    title("Documents, fed in chunks and read")
    for path in sorted(DEMO.glob("*.json*")):
        stream = json.StreamDecoder(framing="lines" if path.suffix == ".jsonl" else "concatenated")
        values = [value for chunk in chunks(path) for value in stream.feed(chunk)]
        values += stream.close()
        stats = stream.stats
        count = "1 value " if len(values) == 1 else f"{len(values)} values"
        print(
            f"  {GREEN}ok{PLAIN}  {path.name:16} {path.stat().st_size:6,} bytes  {count}  "
            f"depth {stats.peak_depth}, stack {stats.peak_stack_bytes} bytes, {stats.growths} growths"
        )
        print(f"      {summary(values[0])}")
    for path in sorted(DEMO.glob("*.xml")):
        parser, events = xml.PullParser(), []
        for chunk in chunks(path):
            parser.feed(chunk)
            events += parser.read_events()
        parser.close()
        stats = parser.stats
        print(
            f"  {GREEN}ok{PLAIN}  {path.name:16} {path.stat().st_size:6,} bytes  {len(events)} events  "
            f"depth {stats.peak_depth}, stack {stats.peak_stack_bytes} bytes, {stats.growths} growths"
        )
        links = [link for event in events if isinstance(event, xml.Start) and (link := event.attributes.get("href"))]
        print(f"      links: {', '.join(links)}")


def refuse_hostile() -> None:
    title("Hostile documents, refused where they go wrong")
    for path in sorted((DEMO / "hostile").iterdir()):
        try:
            if path.suffix == ".xml":
                # Of entities as much as the standard library reads; by default none may be declared.
                for _ in xml.events(path, dtd="internal"):
                    pass
            else:
                json.decode(path.read_bytes(), duplicate_keys="error")
        except forkedenc.DecodeError as error:
            shown = path.relative_to(DEMO.parent)
            what = error.reason if isinstance(error, xml.ParseError) else getattr(error, "msg", error)
            print(f"  {RED}no{PLAIN}  {shown}:{error.line}:{error.column}: {what}")
        else:
            sys.exit(f"{path} was taken for good")


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def show_growth() -> None:
    title("Depth: the stack is one segment that moves when it grows")
    try:
        stdlib.loads(nested(100_000))
    except RecursionError:
        print("  json.loads of 100,000 brackets: RecursionError")
    try:
        json.decode(nested(100_000))
    except forkedenc.LimitError as error:
        print(f"  forkedenc, default limits:      {error.limit} {error.maximum}, refused at byte {error.offset}")
    print(f"\n  {'depth':>10} {'ms':>8} {'growths':>8} {'copied':>14} {'peak stack':>14}")
    decoder = json.Decoder(limits=Limits(max_depth=None, max_stack_bytes=None))
    for depth in (100, 10_000, 1_000_000, 1_000_000):
        data = nested(depth)
        before, start = decoder.stats, time.perf_counter()
        decoder.decode(data)
        elapsed = (time.perf_counter() - start) * 1e3
        grown = decoder.stats - before
        note = "moved and doubled as it filled" if grown.growths else "it never left its first segment"
        if depth == before.peak_depth:
            note = "again: the size was learnt, so nothing grows"
        print(
            f"  {depth:10,} {elapsed:8.2f} {grown.growths:8} {grown.bytes_copied:12,} B "
            f"{decoder.stats.peak_stack_bytes:12,} B   {note}"
        )
    stats = forkedenc.runtime_stats()
    print(
        f"\n  the whole process: {stats.resumes} resumes, {stats.suspensions} suspensions, {stats.growths} growths, "
        f"{stats.growth_ns / 1e6:.2f} ms of growing"
    )


def main() -> None:
    print(f"forkedenc {forkedenc.__version__} on Python {sys.version.split()[0]}")
    read_documents()
    refuse_hostile()
    show_growth()
    title("Orders through a gateway that knows four of their fields (gateway.py)")
    sys.stdout.flush()
    gateway.main()
    title("Next")
    print(f"  {Path(sys.executable).parent / 'forkedenc'} check --stats {DEMO}/*.*")


if __name__ == "__main__":
    main()
