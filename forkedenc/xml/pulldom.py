"""A replacement for ``xml.dom.pulldom``: its events and its nodes, our parser.

Everything but ``parse`` and ``parseString`` is the standard library's own.
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING, Any
from xml.dom import pulldom
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
    DOMEventStream,
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
    return pulldom.parse(stream_or_string, _reader(parser, options), bufsize)  # noqa: S319 - by our reader


def parseString(string: Any, parser: Any = None, **options: Unpack[ParseOptions]) -> DOMEventStream:  # noqa: N802
    """The events of a document in a str: `parse` with ``string`` for the source."""
    return pulldom.parseString(string, _reader(parser, options))  # noqa: S319 - by our reader


def _reader(parser: Any, options: ParseOptions) -> Any:
    if not parser:
        return sax.make_parser(**options)
    if options:
        raise TypeError("options are those of the parser that is made, and one was given")
    return parser
