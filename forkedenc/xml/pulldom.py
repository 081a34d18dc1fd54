"""A replacement for ``xml.dom.pulldom``: its events and its nodes, our parser.

Everything but ``parse`` and ``parseString`` and what they give is the standard library's own.
"""

from __future__ import annotations

import io
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any
from xml.dom import minidom, pulldom
from xml.dom.pulldom import (
    CHARACTERS,
    COMMENT,
    END_DOCUMENT,
    END_ELEMENT,
    IGNORABLE_WHITESPACE,
    PROCESSING_INSTRUCTION,
    SAX2DOM,
    START_DOCUMENT,
    START_ELEMENT,
    ErrorHandler,
    PullDOM,
    default_bufsize,
)

from forkedenc.xml import sax

if TYPE_CHECKING:
    from typing import Unpack

    from forkedenc.xml._handlers import ParseOptions

__all__ = [
    "CHARACTERS",
    "COMMENT",
    "END_DOCUMENT",
    "END_ELEMENT",
    "IGNORABLE_WHITESPACE",
    "PROCESSING_INSTRUCTION",
    "SAX2DOM",
    "START_DOCUMENT",
    "START_ELEMENT",
    "DOMEventStream",
    "ErrorHandler",
    "PullDOM",
    "default_bufsize",
    "parse",
    "parseString",
]


# Two of minidom's own, which its builders use; typeshed has neither.
_append: Any = minidom._append_child  # type: ignore[attr-defined]  # noqa: SLF001
_clear_ids: Any = minidom._clear_id_cache  # type: ignore[attr-defined]  # noqa: SLF001


class DOMEventStream(pulldom.DOMEventStream):
    """The standard library's stream of events; a node is expanded in a time that grows with its size alone, not with its depth."""

    def expandNode(self, node: Any) -> None:  # noqa: N802 - the standard library's name
        """Read on to the end of an element that has just started, and put what is in it below its node."""
        parents = [node]
        try:
            while event := self.getEvent():
                kind, inner = event
                if inner is node:
                    return
                if kind == END_ELEMENT:
                    parents.pop()
                    continue
                # appendChild() asks every element around whether it is in a document, for each node.
                if inner.parentNode is None:
                    _append(parents[-1], inner)
                else:
                    parents[-1].appendChild(inner)
                if kind == START_ELEMENT:
                    parents.append(inner)
        finally:
            _clear_ids(node)


def parse(
    stream_or_string: Any, parser: Any = None, bufsize: int | None = None, **options: Unpack[ParseOptions]
) -> DOMEventStream:
    """The events of a document, read as they are asked for.

    Args:
        stream_or_string: a file, or the path of one.
        parser: the XMLReader to read with. Default: one of `forkedenc.xml.sax`.
        bufsize: bytes read at once. Default: the standard library's.
        options: of the reader that is made; see `forkedenc.xml._handlers.ParseOptions`.

    Raises:
        TypeError: both a parser and options were given.

    The stream raises SAXParseException, ours a `forkedenc.xml.ParseError` as well.
    """
    if isinstance(stream_or_string, PathLike):
        stream_or_string = fspath(stream_or_string)
    reader = _reader(parser, options)
    stream = open(stream_or_string, "rb") if isinstance(stream_or_string, str) else stream_or_string  # noqa: SIM115, PTH123
    return DOMEventStream(stream, reader, default_bufsize if bufsize is None else bufsize)


def parseString(string: Any, parser: Any = None, **options: Unpack[ParseOptions]) -> DOMEventStream:  # noqa: N802
    """The events of a document in a str: `parse` with ``string`` for the source."""
    return DOMEventStream(io.StringIO(string), _reader(parser, options), len(string))


def _reader(parser: Any, options: ParseOptions) -> Any:
    if not parser:
        return sax.make_parser(**options)
    if options:
        raise TypeError("options are those of the parser that is made, and one was given")
    return parser
