"""A replacement for ``xml.sax``: its handlers, its reader's features and properties, our parser.

`Reader` is the standard library's ``ExpatParser`` on another parser; nothing external is ever read, so external general
entities can't be switched on. What handlers are told is what the standard library tells them, but that text comes in
fewer pieces. The module can also be named to ``xml.sax.make_parser``: it has a ``create_parser``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from xml.sax import (
    ContentHandler,
    ErrorHandler,
    InputSource,
    SAXException,
    SAXNotRecognizedException,
    SAXNotSupportedException,
    SAXParseException,
    SAXReaderNotAvailable,
    expatreader,
    handler,
    saxutils,
    xmlreader,
)

from forkedenc import _native
from forkedenc.xml._sax_errors import SAXParseError

if TYPE_CHECKING:
    from typing import Unpack

    from forkedenc.xml._handlers import ParseOptions

__all__ = [
    "ContentHandler",
    "ErrorHandler",
    "InputSource",
    "Reader",
    "SAXException",
    "SAXNotRecognizedException",
    "SAXNotSupportedException",
    "SAXParseException",
    "SAXReaderNotAvailable",
    "create_parser",
    "handler",
    "make_parser",
    "parse",
    "parseString",
    "saxutils",
    "xmlreader",
]

_CHUNK = 64 << 10

# Typeshed calls some of its members by other names than the code does.
_Base: Any = expatreader.ExpatParser


class Reader(_Base):  # type: ignore[misc]
    """An XMLReader and IncrementalParser, as ``xml.sax.make_parser`` gives one.

    Args:
        namespaceHandling: what ``feature_namespaces`` is at first.
        bufsize: bytes read of a stream at once.
        options: see `forkedenc.xml._handlers.ParseOptions`.

    Raises:
        TypeError, ValueError: an option is not one of those.
    """

    def __init__(
        self,
        namespaceHandling: int = 0,  # noqa: N803 - the standard library's name
        bufsize: int = _CHUNK,
        **options: Unpack[ParseOptions],
    ) -> None:
        super().__init__(namespaceHandling, bufsize)
        self._options = options
        # Wrong options are refused now and not by the first feed.
        _native.HandlerParser("xml.sax", **options)

    def setFeature(self, name: str, state: object) -> None:  # noqa: N802 - the standard library's name
        """Set a feature.

        Raises:
            SAXNotSupportedException: it is fixed, as ``feature_external_ges`` is; or a document is being read.
            SAXNotRecognizedException: there is no such feature.
        """
        if name == handler.feature_external_ges and state:
            raise SAXNotSupportedException("external entities are never read")
        super().setFeature(name, state)

    def reset(self) -> None:
        """Forget the document being read, and be ready for another."""
        encoding = self._source.getEncoding()
        # Not names with separators in them, which the standard library's reader takes apart: at any white space, and a URI
        # may have some of that.
        pairs = bool(self._namespaces)
        parser = _native.HandlerParser(
            "xml.sax",
            encoding,
            pairs=pairs,
            attributes=expatreader.AttributesNSImpl if pairs else expatreader.AttributesImpl,
            intern=self._interning,
            **self._options,
        )
        self._parser = parser
        if pairs:
            parser.StartElementHandler = self.start_element_ns
            parser.EndElementHandler = self.end_element_ns
        else:
            parser.StartElementHandler = self.start_element
            parser.EndElementHandler = self.end_element
        self._reset_cont_handler()
        parser.UnparsedEntityDeclHandler = self.unparsed_entity_decl
        parser.NotationDeclHandler = self.notation_decl
        parser.StartNamespaceDeclHandler = self.start_namespace_decl
        parser.EndNamespaceDeclHandler = self.end_namespace_decl
        parser.SkippedEntityHandler = self.skipped_entity_handler
        self._decl_handler_prop = None
        if self._lex_handler_prop:
            self._reset_lex_handler_prop()
        self._parsing = False
        self._entity_stack: list[Any] = []

    def _reset_cont_handler(self) -> None:
        super()._reset_cont_handler()
        # Elements go to the handler at once, unless a subclass has its own methods in between.
        if _DIRECT and all(getattr(type(self), name) is getattr(Reader, name) for name in _BETWEEN):
            self._parser.content = self._cont_handler

    def feed(self, data: bytes | str, isFinal: bool = False) -> None:  # noqa: N803 - the standard library's name
        """Read a chunk of a document, which begins with the first one.

        Raises:
            SAXParseException: what the error handler raises; ours is a `forkedenc.xml.ParseError` as well.
        """
        if not self._parsing:
            self.reset()
            self._parsing = True
            self._cont_handler.startDocument()
        parser = self._parser
        try:
            parser.Parse(data, isFinal)
        except SAXParseError as error:
            # A handler may have read a document of its own, and this be about that one.
            if not parser.refused:
                raise
            error.locate(self._source.getPublicId(), self._source.getSystemId())
            self._err_handler.fatalError(error)

    def flush(self) -> None:
        """Do nothing: no event waits for more input than it needs."""

    def start_element_ns(self, name: tuple[str | None, str], attrs: dict[Any, str], qnames: dict[Any, str]) -> None:
        """Tell the content handler of a start tag, by namespace."""
        self._cont_handler.startElementNS(name, None, expatreader.AttributesNSImpl(attrs, qnames))

    def end_element_ns(self, name: tuple[str | None, str]) -> None:
        """Tell the content handler of an end tag, by namespace."""
        self._cont_handler.endElementNS(name, None)


_BETWEEN = ("start_element", "end_element", "start_element_ns", "end_element_ns")
# The native side makes objects of these classes without their constructors, which do no more than this.
_DIRECT = vars(expatreader.AttributesImpl({})).keys() == {"_attrs"} and vars(
    expatreader.AttributesNSImpl({}, {})
).keys() == {"_attrs", "_qnames"}


def create_parser(namespaceHandling: int = 0, **options: Unpack[ParseOptions]) -> Reader:  # noqa: N803
    """A reader, for who asks this module for one as for ``xml.sax.expatreader``."""
    return Reader(namespaceHandling, **options)


def make_parser(parser_list: Iterable[str] = (), **options: Unpack[ParseOptions]) -> Reader:
    """A reader.

    Args:
        parser_list: the standard library's; names of modules with other parsers, none of which is tried.
        options: see `forkedenc.xml._handlers.ParseOptions`.
    """
    for _ in parser_list:
        pass
    return Reader(**options)


def parse(
    source: Any,
    handler: ContentHandler,
    errorHandler: ErrorHandler = ErrorHandler(),  # noqa: B008, N803 - the standard library's
    **options: Unpack[ParseOptions],
) -> None:
    """Read a document to its end.

    Args:
        source: an InputSource, a file, or the path or URL of one, which the standard library opens.
        handler: told of what the document has.
        errorHandler: told of its errors. Default: one that raises them.
        options: see `forkedenc.xml._handlers.ParseOptions`.

    Raises:
        SAXParseException: the document is refused; ours is a `forkedenc.xml.ParseError` as well.
    """
    parser = make_parser(**options)
    parser.setContentHandler(handler)
    parser.setErrorHandler(errorHandler)
    parser.parse(source)


def parseString(  # noqa: N802 - the standard library's name
    string: str | bytes,
    handler: ContentHandler,
    errorHandler: ErrorHandler | None = ErrorHandler(),  # noqa: B008, N803 - the standard library's
    **options: Unpack[ParseOptions],
) -> None:
    """Read a document to its end: `parse` with ``string`` for the source."""
    source = InputSource()
    if isinstance(string, str):
        source.setCharacterStream(io.StringIO(string))
    else:
        source.setByteStream(io.BytesIO(string))
    parse(source, handler, ErrorHandler() if errorHandler is None else errorHandler, **options)
