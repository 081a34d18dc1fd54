"""A replacement for ``xml.etree.ElementTree``: the same names, the same elements, and limits on what a document may cost.

``Element`` and what works on elements alone (`SubElement`, `Comment`, `QName`, `TreeBuilder`, `indent` and others) are the
standard library's own. What reads is ours: `fromstring`, `parse`, `iterparse`, `XMLPullParser`, `XMLParser` and their family take,
beside the standard library's arguments,

    limits: a `forkedenc.Limits`; ``Limits.stdlib()`` by default.
    dtd: what to do with a DOCTYPE: "forbid" it, take a "bare" one without internal subset, "skip" its subset, or read the
        "internal" subset within the limits, which is the default. Nothing external is ever read.
    encodings: the names of the encodings that a document may be in, and no other; or "all". UTF-8, UTF-16, ISO-8859-1,
        US-ASCII and Python's single-byte ones by default.
    forbid_dtd, forbid_entities, forbid_external: what defusedxml calls so, False by default: refuse a DOCTYPE, the declaration
        of an entity, an external identifier.

They raise `ParseError`, the standard library's class, for whatever is refused: what is raised is a `forkedenc.DecodeError`
too, and a `forkedenc.LimitError` where a limit was crossed. What writes (`tostring`, `ElementTree.write`) refuses what would not be
well-formed, unless it is told otherwise.
"""

from __future__ import annotations

import collections
import io
import sys
import warnings
import xml.etree.ElementTree as _stdlib  # noqa: ICN001, N813 - its place is taken here
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias
from xml.etree.ElementTree import (
    PI,
    VERSION,
    Comment,
    Element,
    ParseError,
    ProcessingInstruction,
    QName,
    SubElement,
    TreeBuilder,
    indent,
    iselement,
    register_namespace,
)

from forkedenc import _native
from forkedenc._limits import Limits
from forkedenc.xml._canonical import C14NWriterTarget
from forkedenc.xml._write import Invalid, tostring, tostringlist, write_tree

__all__ = [
    "PI",
    "VERSION",
    "XML",
    "XMLID",
    "C14NWriterTarget",
    "Comment",
    "Element",
    "ElementTree",
    "ParseError",
    "ProcessingInstruction",
    "QName",
    "SubElement",
    "TreeBuilder",
    "XMLParser",
    "XMLPullParser",
    "canonicalize",
    "dump",
    "fromstring",
    "fromstringlist",
    "indent",
    "iselement",
    "iterparse",
    "parse",
    "register_namespace",
    "tostring",
    "tostringlist",
]

CHUNK_BYTES: Final = 64 << 10
"""How much is read of a file at a time."""


# The name of a file, as open() takes it, or a file.
Source: TypeAlias = Any


_native.register_tree_elements(Element, SubElement, Comment, ProcessingInstruction)

fromstring = XML = _native.fromstring


def __getattr__(name: str) -> Any:
    """What programs reach for behind the public names is the standard library's."""
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(_stdlib, name)
    except AttributeError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


class XMLParser:
    """Parses XML that is fed in chunks of any size, into a tree or for a target.

    Args:
        target: an object whose methods ``start(tag, attributes)``, ``end(tag)``, ``data(text)``, ``comment(text)``, ``pi(target, text)``,
            ``start_ns(prefix, uri)``, ``end_ns(prefix)``, ``doctype(name, public_id, system_id)`` and ``close()`` are called, those
            that it has. Text comes joined up to the next event or the end of the chunk.
        encoding: the encoding to read by, whatever the document declares.
        limits, dtd, encodings, forbid_dtd, forbid_entities, forbid_external: see the module.

    Attributes:
        entity: a dict of texts by name, for entities that are not declared in what is read of the document.
        target: the target. Without ``target=`` a `TreeBuilder`, which is there only until something is fed.
        version: what the standard library's parser says of itself.
    """

    version: Final[str] = _stdlib.XMLParser().version  # noqa: S314 - it parses nothing

    def __init__(
        self,
        *,
        target: Any = None,
        encoding: str | None = None,
        limits: Limits | None = None,
        dtd: str | None = None,
        encodings: str | Iterable[str] | None = None,
        forbid_dtd: bool = False,
        forbid_entities: bool = False,
        forbid_external: bool = False,
    ) -> None:
        self._entity: dict[str, str] = {}
        self._parser = _native.TreeParser(
            self._entity,
            target=target,
            encoding=encoding,
            limits=limits,
            dtd=dtd,
            encodings=encodings,
            forbid_dtd=forbid_dtd,
            forbid_entities=forbid_entities,
            forbid_external=forbid_external,
        )
        self._target = target
        self._close_target = getattr(target, "close", None)
        self._queue: Any = None
        self._warns = hasattr(self, "doctype") and not hasattr(target, "doctype")

    @property
    def entity(self) -> dict[str, str]:
        """Texts by name for entities that are not declared in what is read of the document; empty at first."""
        return self._entity

    @property
    def target(self) -> Any:
        """The target.

        Raises:
            AttributeError: none was given, and something has been fed already.
        """
        if self._target is None:
            if self._parser.begun or self._queue is not None:
                raise AttributeError("without target= a parser has a target only until something is fed")
            target = TreeBuilder()
            self._parser.set_target(target)
            self._target, self._close_target = target, target.close
        return self._target

    def feed(self, data: Any, /) -> None:
        """Feed a chunk: a str, bytes or a contiguous buffer.

        Raises:
            ParseError: the document is not well-formed or refused; again from every later call.
            RuntimeError: the parser is in use, by another thread or by the call that led here.
        """
        if self._queue is None and not self._warns:
            self._parser.feed(data)
            return
        try:
            self._parser.feed(data)
        finally:
            self._hand_out()

    def flush(self) -> None:
        """Does nothing: every event comes as soon as its last byte has been fed."""

    def close(self) -> Any:
        """End the document; what the target's ``close()`` gives, without a target the root element.

        Raises:
            ParseError: the document ended too early, or was closed before.
        """
        root = self._parser.close()
        self._hand_out()
        if self._target is None:
            return root
        return None if self._close_target is None else self._close_target()

    def _hand_out(self) -> None:
        if self._queue is not None:
            self._queue.extend(self._parser.take_events())
        if self._warns and self._parser.doctype:
            self._warns = False
            warnings.warn(
                "The doctype() method of XMLParser is ignored.  Define doctype() method on the TreeBuilder target.",
                RuntimeWarning,
                stacklevel=3,
            )

    def _setevents(self, events_queue: Any, events_to_report: Sequence[str] | None = None, /) -> None:
        """Append what is reported to ``events_queue`` from now on: the standard library's way in for pull parsers."""
        if self._target is not None and not isinstance(self._target, TreeBuilder):
            raise TypeError("event handling only supported for ElementTree.TreeBuilder targets")
        self._parser.set_events(events_to_report, events_queue.append)
        self._queue = events_queue


class XMLPullParser:
    """Parses XML that is fed in chunks, and hands out events: ``(event, element)`` pairs.

    Args:
        events: which of "start", "end", "comment", "pi", "start-ns" and "end-ns" are reported; ("end",) by default.
        limits, dtd, encodings, forbid_dtd, forbid_entities, forbid_external: see the module.
    """

    def __init__(
        self,
        events: Sequence[str] | None = None,
        *,
        _parser: Any = None,
        limits: Limits | None = None,
        dtd: str | None = None,
        encodings: str | Iterable[str] | None = None,
        forbid_dtd: bool = False,
        forbid_entities: bool = False,
        forbid_external: bool = False,
    ) -> None:
        self._events_queue: collections.deque[Any] = collections.deque()
        self._parser: Any = _parser or XMLParser(
            limits=limits,
            dtd=dtd,
            encodings=encodings,
            forbid_dtd=forbid_dtd,
            forbid_entities=forbid_entities,
            forbid_external=forbid_external,
        )
        self._parser._setevents(self._events_queue, ("end",) if events is None else events)  # noqa: SLF001

    def feed(self, data: Any) -> None:
        """Feed a chunk: a str, bytes or a contiguous buffer. An error is raised by `read_events`, behind the events before it.

        Raises:
            ValueError: the parser is closed.
        """
        if self._parser is None:
            raise ValueError("feed() called after end of stream")
        if data:
            try:
                self._parser.feed(data)
            except SyntaxError as error:
                self._events_queue.append(error)

    def _close_and_return_root(self) -> Any:
        root = self._parser.close()
        self._parser = None
        return root

    def close(self) -> None:
        """End the document; what is left of events stays to be read.

        Raises:
            ParseError: the document ended too early, or was refused before.
        """
        self._close_and_return_root()

    def flush(self) -> None:
        """Does nothing: every event comes as soon as its last byte has been fed.

        Raises:
            ValueError: the parser is closed.
        """
        if self._parser is None:
            raise ValueError("flush() called after end of stream")

    def read_events(self) -> Iterator[tuple[str, Any]]:
        """The events that are there, in order; each is given out once.

        Raises:
            ParseError: what was fed behind the last event is not well-formed, or refused.
        """
        events = self._events_queue
        while events:
            event = events.popleft()
            if isinstance(event, Exception):
                raise event
            yield event


class _IterParse(_native.Batches):
    """The events of a source, ``(event, element)`` pairs; ``root`` is the root element once all of them have been read."""

    def __init__(  # pyright: ignore[reportInconsistentConstructor]
        self, source: Source, events: Sequence[str] | None, parser: Any
    ) -> None:
        self.root: Any = None
        self._events: list[Any] = []
        self._parser = parser
        parser._setevents(self._events, ("end",) if events is None else events)  # noqa: SLF001
        self._opened = None if hasattr(source, "read") else open(source, "rb")  # noqa: SIM115, PTH123
        self._file = source if self._opened is None else self._opened
        # Raised once the events before it have been read.
        self._error: BaseException | None = None

    def _more(self) -> list[Any] | None:
        """The next events, None at the end; what `Batches` asks for."""
        try:
            return self._read()
        except BaseException:
            self._finish()
            raise

    def _read(self) -> list[Any] | None:
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        while self._parser is not None:
            chunk = self._file.read(CHUNK_BYTES)
            if chunk:
                try:
                    self._parser.feed(chunk)
                except SyntaxError as error:
                    self._error = error
            else:
                self.root = self._parser.close()
                self._finish()
            if self._events:
                batch = self._events[:]
                self._events.clear()
                return batch
            if self._error is not None:
                return []
        return None

    def close(self) -> None:
        """End the iteration, and close the source if it was opened here."""
        self._finish()
        self._error = None
        self._drop()

    def _finish(self) -> None:
        self._parser = None
        if self._opened is not None:
            self._opened.close()

    def __del__(self) -> None:
        opened = getattr(self, "_opened", None)
        if opened is not None:
            opened.close()


def iterparse(
    source: Source,
    events: Sequence[str] | None = None,
    parser: Any = None,
    *,
    limits: Limits | None = None,
    dtd: str | None = None,
    encodings: str | Iterable[str] | None = None,
    forbid_dtd: bool = False,
    forbid_entities: bool = False,
    forbid_external: bool = False,
) -> _IterParse:
    """Parse a source piece by piece: an iterator over its events, ``(event, element)`` pairs.

    Args:
        source: the name of a file, which is closed at the end, or an open one.
        events: see `XMLPullParser`.
        parser: an `XMLParser` to use instead of one made here.
        limits, dtd, encodings, forbid_dtd, forbid_entities, forbid_external: see the module.

    Returns:
        The iterator, with ``root``, None until all events have been read, and ``close()``.

    Raises:
        OSError: the file can't be opened.
        ParseError: the document is not well-formed or refused, once the events before that have been read.
    """
    if not parser:
        parser = XMLParser(
            limits=limits,
            dtd=dtd,
            encodings=encodings,
            forbid_dtd=forbid_dtd,
            forbid_entities=forbid_entities,
            forbid_external=forbid_external,
        )
    return _IterParse(source, events, parser)


class ElementTree(_stdlib.ElementTree):
    """A tree of elements with ways to read and to write it: the standard library's class, reading and writing within limits."""

    def parse(
        self,
        source: Source,
        parser: Any = None,
        *,
        limits: Limits | None = None,
        dtd: str | None = None,
        encodings: str | Iterable[str] | None = None,
        forbid_dtd: bool = False,
        forbid_entities: bool = False,
        forbid_external: bool = False,
    ) -> Any:
        """Read a document in place of the tree; its root element.

        Args:
            source: the name of a file, or an open one, which is not closed.
            parser: an `XMLParser` to use instead of one made here.
            limits, dtd, encodings, forbid_dtd, forbid_entities, forbid_external: see the module.

        Raises:
            OSError: the file can't be opened or read.
            ParseError: the document is not well-formed or refused.
        """
        if not hasattr(source, "read"):
            opened: Any = open(source, "rb")  # noqa: SIM115, PTH123
        else:
            opened = None
        try:
            file = source if opened is None else opened
            if parser is None:
                parser = XMLParser(
                    limits=limits,
                    dtd=dtd,
                    encodings=encodings,
                    forbid_dtd=forbid_dtd,
                    forbid_entities=forbid_entities,
                    forbid_external=forbid_external,
                )
            while chunk := file.read(CHUNK_BYTES):
                parser.feed(chunk)
            self._root = parser.close()
        finally:
            if opened is not None:
                opened.close()
        return self._root

    def write(
        self,
        file_or_filename: Any,
        encoding: str | None = None,
        xml_declaration: bool | None = None,
        default_namespace: str | None = None,
        method: str | None = None,
        *,
        short_empty_elements: bool = True,
        invalid: Invalid = "error",
        limits: Limits | None = None,
    ) -> None:
        """Write the tree to a file; nothing is written where an element can't be.

        Args:
            file_or_filename: the name of a file, or what has a ``write()`` that takes bytes, a str for ``encoding="unicode"``.
            encoding, xml_declaration, default_namespace, method, short_empty_elements, invalid, limits: see `tostring`.

        Raises:
            forkedenc.EncodeError: what is to be written would not be well-formed, or a limit was crossed.
            OSError: from the file.
        """
        write_tree(
            self._root,
            file_or_filename,
            encoding,
            xml_declaration,
            default_namespace,
            method,
            short_empty_elements=short_empty_elements,
            invalid=invalid,
            limits=limits,
        )


def parse(
    source: Source,
    parser: Any = None,
    *,
    limits: Limits | None = None,
    dtd: str | None = None,
    encodings: str | Iterable[str] | None = None,
    forbid_dtd: bool = False,
    forbid_entities: bool = False,
    forbid_external: bool = False,
) -> ElementTree:
    """Read a file into an `ElementTree`; arguments and errors are those of `ElementTree.parse`."""
    tree = ElementTree()
    tree.parse(
        source,
        parser,
        limits=limits,
        dtd=dtd,
        encodings=encodings,
        forbid_dtd=forbid_dtd,
        forbid_entities=forbid_entities,
        forbid_external=forbid_external,
    )
    return tree


def XMLID(  # noqa: N802 - the standard library's name
    text: Any,
    parser: Any = None,
    *,
    limits: Limits | None = None,
    dtd: str | None = None,
    encodings: str | Iterable[str] | None = None,
    forbid_dtd: bool = False,
    forbid_entities: bool = False,
    forbid_external: bool = False,
) -> tuple[Any, dict[str, Any]]:
    """Parse a document as `fromstring` does; its root element, and its elements by their attribute ``id``."""
    root = fromstring(
        text,
        parser,
        limits=limits,
        dtd=dtd,
        encodings=encodings,
        forbid_dtd=forbid_dtd,
        forbid_entities=forbid_entities,
        forbid_external=forbid_external,
    )
    by_id: dict[str, Any] = {}
    for element in root.iter():
        name = element.get("id")
        if name:
            by_id[name] = element
    return root, by_id


def fromstringlist(
    sequence: Iterable[Any],
    parser: Any = None,
    *,
    limits: Limits | None = None,
    dtd: str | None = None,
    encodings: str | Iterable[str] | None = None,
    forbid_dtd: bool = False,
    forbid_entities: bool = False,
    forbid_external: bool = False,
) -> Any:
    """Parse a document that comes in pieces, each a str, bytes or a buffer; its root element. See `fromstring`."""
    if not parser:
        parser = XMLParser(
            limits=limits,
            dtd=dtd,
            encodings=encodings,
            forbid_dtd=forbid_dtd,
            forbid_entities=forbid_entities,
            forbid_external=forbid_external,
        )
    for piece in sequence:
        parser.feed(piece)
    return parser.close()


def dump(elem: Any) -> None:
    """Write an element or a tree to ``sys.stdout``, for debugging."""
    tree: Any = elem if isinstance(elem, _stdlib.ElementTree) else ElementTree(elem)
    tree.write(sys.stdout, encoding="unicode")
    tail = tree.getroot().tail
    if not tail or tail[-1] != "\n":
        sys.stdout.write("\n")


def canonicalize(
    xml_data: Any = None,
    *,
    out: Any = None,
    from_file: Any = None,
    limits: Limits | None = None,
    dtd: str | None = None,
    encodings: str | Iterable[str] | None = None,
    forbid_dtd: bool = False,
    forbid_entities: bool = False,
    forbid_external: bool = False,
    **options: Any,
) -> str | None:
    """A document in its canonical form, C14N 2.0.

    Args:
        xml_data: the document as text or bytes.
        out: what has a ``write()`` that is called with text; without it the text is returned.
        from_file: a file or the name of one, in place of ``xml_data``.
        limits, dtd, encodings, forbid_dtd, forbid_entities, forbid_external: see the module.
        options: those of `C14NWriterTarget`.

    Raises:
        ValueError: there is neither ``xml_data`` nor ``from_file``.
        ParseError: the document is not well-formed or refused.
    """
    if xml_data is None and from_file is None:
        raise ValueError("Either 'xml_data' or 'from_file' must be provided as input")
    file: Any = io.StringIO() if out is None else out
    # Not our own target, which looks at every event first: what a parser tells is well-formed.
    parser = XMLParser(
        target=_stdlib.C14NWriterTarget(file.write, **options),
        limits=limits,
        dtd=dtd,
        encodings=encodings,
        forbid_dtd=forbid_dtd,
        forbid_entities=forbid_entities,
        forbid_external=forbid_external,
    )
    if xml_data is not None:
        parser.feed(xml_data)
        parser.close()
    else:
        parse(from_file, parser=parser)
    return file.getvalue() if out is None else None
