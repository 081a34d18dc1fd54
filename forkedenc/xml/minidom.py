"""A replacement for ``xml.dom.minidom``: its nodes, built by its builder, from what our parser reads.

Everything but ``parse`` and ``parseString`` is the standard library's own.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.dom import EMPTY_NAMESPACE, EMPTY_PREFIX, XMLNS_NAMESPACE, expatbuilder, minidom
from xml.dom.minidom import (
    Attr,
    AttributeList,
    CDATASection,
    CharacterData,
    Childless,
    Comment,
    Document,
    DocumentFragment,
    DocumentType,
    DOMImplementation,
    Element,
    ElementInfo,
    Entity,
    Identified,
    NamedNodeMap,
    Node,
    Notation,
    ProcessingInstruction,
    ReadOnlySequentialNamedNodeMap,
    Text,
    TypeInfo,
    getDOMImplementation,
)

from forkedenc import _native
from forkedenc.xml import pulldom

if TYPE_CHECKING:
    from typing import Unpack

    from forkedenc.xml._handlers import ParseOptions

__all__ = [
    "EMPTY_NAMESPACE",
    "EMPTY_PREFIX",
    "XMLNS_NAMESPACE",
    "Attr",
    "AttributeList",
    "CDATASection",
    "CharacterData",
    "Childless",
    "Comment",
    "DOMImplementation",
    "Document",
    "DocumentFragment",
    "DocumentType",
    "Element",
    "ElementInfo",
    "Entity",
    "Identified",
    "NamedNodeMap",
    "Node",
    "Notation",
    "ProcessingInstruction",
    "ReadOnlySequentialNamedNodeMap",
    "Text",
    "TypeInfo",
    "getDOMImplementation",
    "parse",
    "parseString",
]

# A text node takes the pieces of its text one by one, each time copied: few and big ones then.
_BUFFER = 1 << 20

# Typeshed calls some of its members by other names than the code does.
_Base: Any = expatbuilder.ExpatBuilderNS


class _Builder(_Base):  # type: ignore[misc]
    """The standard library's builder of documents, on our parser."""

    def __init__(self, options: ParseOptions) -> None:
        self._parse_options = options
        self._subset: list[str] = []
        super().__init__()

    def createParser(self) -> _native.HandlerParser:  # noqa: N802 - the standard library's name
        parser = _native.HandlerParser("xml.minidom", None, " ", keeps=True, **self._parse_options)
        parser.namespace_prefixes = True
        parser.buffer_size = _BUFFER
        return parser

    def install(self, parser: Any) -> None:
        super().install(parser)
        # The standard library leaves out of its trees what the DTD gives, and SAX on the same parser tells of it. Attributes
        # of the document are attributes of its tree.
        parser.specified_attributes = False

    def start_element_handler(self, name: str, attributes: list[str]) -> None:
        # Declarations go the way of attributes: by their own, each asks every element around it whether it is in a document, and
        # many inside of a deep one then take minutes.
        declared: list[str] = []
        for prefix, uri in self._ns_ordered_prefixes:
            declared += (f"{XMLNS_NAMESPACE} {prefix} xmlns" if prefix else f"{XMLNS_NAMESPACE} xmlns", uri)
        self._ns_ordered_prefixes.clear()
        super().start_element_handler(name, declared + attributes)

    def start_doctype_decl_handler(
        self, name: str, system_id: str | None, public_id: str | None, has_internal_subset: int
    ) -> None:
        super().start_doctype_decl_handler(name, system_id, public_id, has_internal_subset)
        if has_internal_subset:
            self._parser.InternalSubsetHandler = self._subset.append

    def end_doctype_decl_handler(self) -> None:
        super().end_doctype_decl_handler()
        self._parser.InternalSubsetHandler = None
        # A filter may have taken the node out again.
        if self.document.doctype is not None:
            self.document.doctype.internalSubset = "".join(self._subset)
        self._subset.clear()

    def _setup_subset(self, buffer: object) -> None:
        """The subset has come with the document, so nothing is read twice."""


def parse(file: Any, parser: Any = None, bufsize: int | None = None, **options: Unpack[ParseOptions]) -> Document:
    """The document in a file.

    Args:
        file: an open file, or the path of one.
        parser: an XMLReader to read with. Default: none, and our parser is asked directly.
        bufsize: bytes read at once; makes the document by way of `pulldom`, as the standard library does.
        options: see `forkedenc.xml._handlers.ParseOptions`. Not beside a parser.

    Raises:
        ParseError: the document is refused.
        TypeError: both a parser and options were given.
    """
    if parser is not None or bufsize:
        return _by_events(pulldom.parse(file, parser, bufsize, **options))
    if isinstance(file, (str, PathLike)):
        with Path(file).open("rb") as opened:
            return parse(opened, **options)
    document: Document = _Builder(options).parseFile(file)
    return document


def parseString(string: str | bytes, parser: Any = None, **options: Unpack[ParseOptions]) -> Document:  # noqa: N802
    """The document in a str or bytes: `parse` with ``string`` for the file."""
    if parser is not None:
        return _by_events(pulldom.parseString(string, parser, **options))
    document: Document = _Builder(options).parseString(string)
    return document


def __getattr__(name: str) -> Any:
    """What else the standard library's module has."""
    return getattr(minidom, name)


def _by_events(events: Any) -> Document:
    """The document that an event stream tells of: an error, or its start, comes first."""
    document: Document
    _, document = events.getEvent()
    events.expandNode(document)
    events.clear()
    return document
