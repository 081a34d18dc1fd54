"""The sax face's exceptions: the standard library's ``SAXParseException``, and what ``_errors`` has for XML."""

from __future__ import annotations

from typing import Any
from xml.sax import SAXParseException
from xml.sax.xmlreader import Locator

from forkedenc._errors import Error
from forkedenc.xml import _errors

__all__ = ["SAXParseError"]


class ErrorLocator(Locator):
    """Where an error is; unlike a reader it can be pickled.

    Attributes:
        line: counted from 1.
        column: counted from 0, as expat counts.
    """

    def __init__(self, line: int, column: int, public_id: str | None = None, system_id: str | None = None) -> None:
        self.line, self.column, self.public_id, self.system_id = line, column, public_id, system_id

    def getColumnNumber(self) -> int:  # noqa: N802 - the standard library's name
        """The column, counted from 0."""
        return self.column

    def getLineNumber(self) -> int:  # noqa: N802 - the standard library's name
        """The line, counted from 1."""
        return self.line

    def getPublicId(self) -> str | None:  # noqa: N802 - the standard library's name
        """The document's public id."""
        return self.public_id

    def getSystemId(self) -> str | None:  # noqa: N802 - the standard library's name
        """The document's system id."""
        return self.system_id


class SAXParseError(SAXParseException, _errors.ParseError):
    """XML was refused by the sax face: ``SAXParseException`` and `forkedenc.xml.ParseError` in one.

    ``str`` is the former's; ``getLineNumber`` and ``getColumnNumber`` count as expat does, columns from 0.
    """

    def __init__(self, reason: str = "", **place: Any) -> None:
        _errors.ParseError.__init__(self, reason, **place)
        self.locate(None, None)

    def locate(self, public_id: str | None, system_id: str | None) -> None:
        """Say which document it was."""
        locator = ErrorLocator(*self.position, public_id, system_id)
        # What SAXParseException's constructor sets; that would set `args` as well.
        self._msg, self._exception, self._locator = self.reason, None, locator
        self._systemId, self._linenum, self._colnum = system_id, locator.line, locator.column

    def getException(self) -> Exception | None:  # noqa: N802 - the standard library's name
        """The error itself, as the standard library's exception has expat's."""
        return self

    __reduce__ = Error.__reduce__
    __str__ = SAXParseException.__str__


class SAXIncompleteError(SAXParseError, _errors.IncompleteError):
    """The input ended before the XML document did."""


class SAXLimitError(SAXParseError, _errors.LimitError):
    """An XML document crossed a limit."""

    def __init__(self, reason: str, *, limit: str, maximum: float, observed: float, **place: Any) -> None:
        SAXParseError.__init__(self, reason, **place)
        self.limit, self.maximum, self.observed = limit, maximum, observed


class SAXDepthLimitError(SAXLimitError, _errors.DepthLimitError):
    """An XML document is nested deeper than ``max_depth``."""


_errors.CLASSES["xml.sax"] = _errors.Classes(
    SAXParseError, SAXIncompleteError, SAXLimitError, SAXDepthLimitError, SAXParseError
)
