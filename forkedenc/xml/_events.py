"""Events of whole documents: ``events`` for sources of bytes, ``aevents`` for asynchronous ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from forkedenc import _native
from forkedenc._source import achunks, chunks
from forkedenc.xml._errors import ParseError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from forkedenc._limits import Limits
    from forkedenc._source import AsyncSource, Source

__all__ = ["aevents", "events"]

Dtd: TypeAlias = Literal["forbid", "bare", "skip", "internal"]
Encodings: TypeAlias = "Literal['all'] | Iterable[str] | None"
Event: TypeAlias = (
    "_native.Start | _native.End | _native.Text | _native.Comment | _native.PI | _native.Doctype | _native.Entity"
)


def events(
    source: Source,
    *,
    limits: Limits | None = None,
    dtd: Dtd = "bare",
    namespaces: bool = True,
    encodings: Encodings = None,
    coalesce: bool = True,
    depth_hint: int | None = None,
) -> Iterator[Event]:
    """Every event of a document, each as soon as it is complete, in memory that does not grow with the document.

    Args:
        source: a PathLike, a binary file (never closed here), bytes-like, or an iterable of bytes.
        limits: what the document may cost. Default: ``Limits()``.
        dtd: ``"forbid"`` refuses a DOCTYPE, ``"bare"`` one with an internal subset; ``"skip"`` reads past it, ``"internal"``
            reads it. Nothing external is ever read. Default: ``"bare"``.
        namespaces: names are ``{uri}local``; else as written, with ``xmlns`` among the attributes. Default: True.
        encodings: the names of the encodings that a document may be in, and no other; or ``"all"``: those of the WHATWG's
            Encoding Standard and Python's of one byte a character. Default: UTF-8, UTF-16, ISO-8859-1 and US-ASCII.
        coalesce: one Text for a run of character data, its references and CDATA sections; else pieces as they come, which
            ``max_text_bytes`` does not count. Default: True.
        depth_hint: how deep documents usually are, for the first size of the stack. Default: none.

    Raises:
        ParseError: the document is ill-formed or crosses a limit; events before the error come first.
        IncompleteError: the source ended before the document did.
        TypeError: ``source`` gives no bytes.
        ValueError: an argument is none of those above.
    """
    parser = _parser(limits, dtd, namespaces, encodings, coalesce, depth_hint)
    return _events(parser, chunks(source))


def aevents(
    source: AsyncSource,
    *,
    limits: Limits | None = None,
    dtd: Dtd = "bare",
    namespaces: bool = True,
    encodings: Encodings = None,
    coalesce: bool = True,
    depth_hint: int | None = None,
) -> AsyncIterator[Event]:
    """`events` of an asynchronous source: what has an ``async`` ``read(n)``, or an asynchronous iterable of bytes."""
    parser = _parser(limits, dtd, namespaces, encodings, coalesce, depth_hint)
    return _aevents(parser, achunks(source))


def _parser(  # noqa: PLR0917 - the arguments of the two functions above, in their order
    limits: Limits | None,
    dtd: Dtd,
    namespaces: bool,
    encodings: Encodings,
    coalesce: bool,
    depth_hint: int | None,
) -> _native.PullParser:
    return _native.PullParser(
        limits=limits,
        dtd=dtd,
        namespaces=namespaces,
        encodings=encodings,
        coalesce=coalesce,
        depth_hint=depth_hint,
    )


def _events(parser: _native.PullParser, pieces: Iterator[Buffer]) -> Iterator[Event]:
    try:
        for piece in pieces:
            parser.feed(piece)
            yield from parser.read_events()
        parser.close()
    except ParseError:
        # The events before it come before it.
        yield from parser.read_events()
        raise


async def _aevents(parser: _native.PullParser, pieces: AsyncIterator[Buffer]) -> AsyncIterator[Event]:
    try:
        async for piece in pieces:
            parser.feed(piece)
            for event in parser.read_events():
                yield event
        parser.close()
    except ParseError:
        for event in parser.read_events():
            yield event
        raise
