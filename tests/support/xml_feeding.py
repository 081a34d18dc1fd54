"""Ways to hand an XML document over, and what came of it as data that compares."""

from collections.abc import Iterable
from typing import NamedTuple

from feeding import told

from forkedenc import xml

FIELDS = {
    "Start": ("name", "attributes", "namespaces"),
    "End": ("name",),
    "Text": ("text",),
    "Comment": ("text",),
    "PI": ("target", "data"),
    "Doctype": ("name", "public_id", "system_id"),
    "Entity": ("name",),
}


class Outcome(NamedTuple):
    """Events as tuples, where each stood, and what the error says."""

    events: list[tuple]
    places: list[tuple]
    error: tuple | None


def plain(event) -> tuple:
    """An event as a tuple of its kind and its fields; attributes as pairs in their order, declarations as a set."""
    kind = type(event).__name__
    values = [getattr(event, field) for field in FIELDS[kind]]
    if kind == "Start":
        values[1] = tuple(dict(values[1]).items())
        values[2] = declarations(dict(values[2]).items())
    return kind, *values


def declarations(pairs) -> frozenset:
    """Namespace declarations of one tag, the default's prefix and its taking back as ''."""
    return frozenset((prefix or "", uri or "") for prefix, uri in pairs)


def pull(chunks: Iterable[bytes], **options) -> Outcome:
    """Feeds a PullParser and reads its events after every chunk; the error may come from any of its calls."""
    parser = xml.PullParser(**options)
    events, error = [], None
    try:
        for chunk in chunks:
            parser.feed(chunk)
            events += parser.read_events()
        parser.close()
    except xml.ParseError as caught:
        error = told(caught)
    events += parser.read_events()
    return Outcome(
        [plain(event) for event in events], [(event.offset, event.line, event.column) for event in events], error
    )


def pulled(data: bytes, **options) -> list[tuple]:
    """The events of a document that must be taken."""
    outcome = pull([data], **options)
    assert outcome.error is None, outcome.error
    return outcome.events


def joined(events: Iterable[tuple]) -> list[tuple]:
    """Neighbouring text joined; text outside the root, which is white space, left out."""
    out: list[tuple] = []
    depth = 0
    for event in events:
        if event[0] == "Text":
            if depth and event[1]:
                if out[-1][0] == "Text":
                    out[-1] = ("Text", out[-1][1] + event[1])
                else:
                    out.append(event)
            continue
        depth += (event[0] == "Start") - (event[0] == "End")
        out.append(event)
    return out


ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def first_canonical_form(events: Iterable[tuple]) -> bytes:
    """James Clark's first canonical form of events told without namespaces, in which suites give their outputs.

    Attributes sorted by name, processing instructions kept, comments and the DOCTYPE left out.
    """
    out = []
    for kind, *values in joined(event for event in events if event[0] not in ("Comment", "Doctype")):
        if kind == "Start":
            attributes = "".join(f' {name}="{value.translate(ESCAPES)}"' for name, value in sorted(values[1]))
            out.append(f"<{values[0]}{attributes}>")
        elif kind == "End":
            out.append(f"</{values[0]}>")
        elif kind == "PI":
            out.append(f"<?{values[0]} {values[1] or ''}?>")
        else:
            out.append(values[0].translate(ESCAPES))
    return "".join(out).encode()


def first_difference(ours: list, theirs: list) -> str | None:
    """The first place where two lists differ, told shortly; None where they don't."""
    for number, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            return f"item {number} is {ascii(one)[:150]}, not {ascii(other)[:150]}"
    if len(ours) != len(theirs):
        return f"{len(ours)} items, not {len(theirs)}"
    return None
