"""lxml's elements for XML you do not trust: `fromstring`, `parse` and `iterparse` reading through our parser.

Our parser reads the document, with its limits, and writes it anew without a DTD: entities replaced, defaults in their
tags, prefixes and declarations as they were. libxml2 is given that and nothing else, so what comes out are the elements
that ``lxml.etree`` makes. A DOCTYPE comes through without its internal subset; a CDATA section is text, as it is by default in
lxml. libxml2 keeps to 2,048 levels of its own; a document that is deeper crosses ``max_depth`` here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    from lxml import etree as _lxml_etree
except ImportError as error:
    raise ImportError("forkedenc.xml.lxml needs lxml: pip install 'forkedenc[lxml]'") from error

from forkedenc import _native
from forkedenc._limits import Limits
from forkedenc.xml._errors import ParseError

if TYPE_CHECKING:
    from typing import Unpack

    from forkedenc.xml._handlers import ParseOptions

# lxml brings no types of its own.
etree: Any = _lxml_etree

__all__ = ["ParseError", "fromstring", "iterparse", "parse"]

_CHUNK = 64 << 10
# What libxml2 refuses to nest deeper, even when it is told that documents are big.
_DEPTH = 2048
# Nothing of this is what protects: the parser is only ever given what ours wrote.
_SETTINGS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": True,
}


def _relay(options: ParseOptions) -> _native.RelayParser:
    limits: Any = options.get("limits")
    if limits is None:
        limits = Limits.stdlib()
    if isinstance(limits, Limits) and (limits.max_depth is None or limits.max_depth > _DEPTH):
        options["limits"] = limits.replace(max_depth=_DEPTH)
    return _native.RelayParser("xml.lxml", **options)


def _build(chunks: Iterable[bytes | str], base_url: str | None, options: ParseOptions) -> Any:
    """The root of a document."""
    relay, parser = _relay(options), etree.XMLParser(**_SETTINGS)
    for chunk in chunks:
        parser.feed(relay.feed(chunk))
    parser.feed(relay.close())
    root = parser.close()
    if base_url is not None:
        root.getroottree().docinfo.URL = base_url
    return root


def fromstring(text: bytes | str, *, base_url: str | None = None, **options: Unpack[ParseOptions]) -> Any:
    """The root element of a document, an ``lxml.etree._Element``.

    Args:
        text: the document. A str is read as it is, whatever its XML declaration says.
        base_url: where it comes from, for ``docinfo.URL``; nothing is read from there. Default: None.
        options: see `forkedenc.xml._handlers.ParseOptions`; ``dtd`` is "bare" by default.

    Raises:
        ParseError: the document is refused.
        TypeError: ``text`` is neither bytes nor str nor a contiguous buffer.
    """
    return _build(_pieces(text), base_url, options)


def _pieces(text: Any) -> Iterator[bytes | str]:
    """A document in pieces, so that it is not there twice."""
    view: Any = text if isinstance(text, (str, bytes)) else memoryview(text).cast("B")
    for start in range(0, len(view), _CHUNK):
        yield view[start : start + _CHUNK]


def _chunks(source: Any) -> Iterator[bytes | str]:
    """What a source has, in pieces; a file that is opened here is closed here."""
    if hasattr(source, "read"):
        while chunk := source.read(_CHUNK):
            yield chunk
        return
    with Path(os.fsdecode(source)).open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _is_path(source: object) -> bool:
    return isinstance(source, (str, bytes, os.PathLike))


def parse(source: Any, *, base_url: str | None = None, **options: Unpack[ParseOptions]) -> Any:
    """The tree of a document, an ``lxml.etree._ElementTree``.

    Args:
        source: a file, in binary or text mode, or the path of one. It is never taken for a URL.
        base_url: for ``docinfo.URL``. Default: the path.
        options: see `forkedenc.xml._handlers.ParseOptions`; ``dtd`` is "bare" by default.

    Raises:
        ParseError: the document is refused.
        OSError: the file can't be read.
    """
    if base_url is None and _is_path(source):
        base_url = os.fsdecode(source)
    return _build(_chunks(source), base_url, options).getroottree()


class iterparse:  # noqa: N801 - lxml's name
    """Events of a document with lxml's elements, while it is read: an iterator of (event, element).

    Args:
        source: a file, in binary or text mode, or the path of one.
        events: of "start", "end", "comment", "pi", "start-ns" and "end-ns". Default: "end".
        tag: only elements of this name, or of one of these. Default: None, all of them.
        options: see `forkedenc.xml._handlers.ParseOptions`; ``dtd`` is "bare" by default.

    Attributes:
        root: the root element when the document has ended, else None.

    The events before an error are given out before it is raised. Clear elements that are done with, or the whole tree is
    kept.
    """

    def __init__(
        self,
        source: Any,
        events: Iterable[str] = ("end",),
        *,
        tag: str | Iterable[str] | None = None,
        **options: Unpack[ParseOptions],
    ) -> None:
        self.root: Any = None
        self._relay = _relay(options)
        chosen: Any = tuple(events)
        self._parser: Any = etree.XMLPullParser(chosen, tag=tag, **_SETTINGS)
        self._events = self._read(_chunks(source))

    def _read(self, chunks: Iterator[bytes | str]) -> Iterator[tuple[str, Any]]:
        refusal = None
        parser = self._parser
        try:
            for chunk in chunks:
                parser.feed(self._relay.feed(chunk))
                yield from parser.read_events()
            parser.feed(self._relay.close())
        except ParseError as error:
            refusal = error
            parser.feed(self._relay.rest())
        if refusal is None:
            self.root = parser.close()
        yield from parser.read_events()
        if refusal is not None:
            raise refusal

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return self

    def __next__(self) -> tuple[str, Any]:
        return next(self._events)
