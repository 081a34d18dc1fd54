"""JSON's exceptions: classes that old and new ``except`` clauses catch, and how a failure becomes one of them.

The faces of ``loads`` speak as the running interpreter's ``json`` does (`_wording`); the others name what is wrong,
where and on which path. Classes are defined here, their ancestors in ``forkedenc._errors``.
"""

from __future__ import annotations

import json.decoder
from typing import Any

from forkedenc import _errors
from forkedenc.json import _wording
from forkedenc.json._detect import detect_encoding

__all__ = ["DecodeError"]

JSONDecodeError = json.decoder.JSONDecodeError

_TEXTS = {
    "expected_value": "expected a value",
    "expected_key": "expected a key in double quotes",
    "expected_colon": "expected ':' after the key",
    "expected_comma": "expected ',' or the end of the container",
    "trailing_comma": "a comma before the end of the container",
    "control_character": "a control character in a string",
    "invalid_escape": "an invalid escape",
    "invalid_unicode_escape": "an invalid \\u escape",
    "lone_surrogate": "an escape that is half of a surrogate pair",
    "invalid_utf8": "invalid UTF-8",
    "extra_data": "something after the document",
    "number_out_of_range": "a number past the range of a double",
    "duplicate_key": "a key twice in one object",
    "byte_order_mark": "a byte order mark before the document",
    "incomplete": "the input ended before the document did",
}
# What no document could do wrong in the standard library's dialect: these carry no .doc.
_OURS_ALONE = frozenset({"limit", "duplicate_key", "number_out_of_range", "lone_surrogate"})


class DecodeError(JSONDecodeError, _errors.DecodeError):
    """JSON was refused: the standard library's JSONDecodeError with an offset, a path and a kind.

    Attributes:
        msg, doc, pos, lineno, colno: as the standard library's. ``doc`` is the text in syntax errors of ``loads`` and
            its family and '' elsewhere; there ``pos``, ``lineno`` and ``colno`` are ``offset``, ``line``, ``column``.
        offset, line, column, path, kind: see `forkedenc.DecodeError`.
    """

    def __init__(
        self,
        msg: str,
        doc: str = "",
        pos: int = 0,
        *,
        kind: str = "syntax",
        offset: int | None = None,
        line: int | None = None,
        column: int | None = None,
        path: str = "",
    ) -> None:
        JSONDecodeError.__init__(self, msg, doc, pos)
        self.kind, self.path = kind, path
        self.offset = _bytes_before(doc, pos) if offset is None else offset
        self.line = self.lineno if line is None else line
        self.column = self.colno if column is None else column
        if offset is not None:
            self.pos, self.lineno, self.colno = self.offset, self.line, self.column
            where = f" at {path}" if path else ""
            self.args = (f"{msg}{where}: line {self.line} column {self.column} (byte {self.offset})",)

    __reduce__ = _errors.Error.__reduce__


class IncompleteError(DecodeError, _errors.IncompleteError):
    """The input ended before the JSON document did."""


class LimitError(DecodeError, _errors.LimitError):
    """A JSON document crossed a limit."""

    def __init__(self, msg: str, *, limit: str, maximum: int, observed: int, **place: Any) -> None:
        DecodeError.__init__(self, msg, **place)
        self.limit, self.maximum, self.observed = limit, maximum, observed


class DepthLimitError(LimitError, RecursionError):
    """A JSON document is nested deeper than ``max_depth``."""


class UndecodableError(UnicodeDecodeError, _errors.DecodeError):
    """Bytes given to ``loads`` that are no text in the encoding they seem to be in; ``args`` are the codec's."""

    def __init__(self, *args: Any, kind: str, offset: int, line: int, column: int, path: str) -> None:
        UnicodeDecodeError.__init__(self, *args)
        self.kind, self.offset, self.line, self.column, self.path = kind, offset, line, column, path

    __reduce__ = _errors.Error.__reduce__
    __str__ = UnicodeDecodeError.__str__


class EncodeTypeError(_errors.EncodeError, TypeError):
    """A value, or a key, of a type that JSON has no place for."""


def syntax_error(kind: str, text: str, position: int) -> DecodeError:
    """The standard library's error for ``text`` at a character position, made by the Python part of a face."""
    return DecodeError(_wording.MESSAGES[kind], text, position, kind=kind)


def decode_text(data: bytes | bytearray, path: str = "") -> str:
    """``data`` as ``loads`` reads it.

    Raises:
        UndecodableError: they are no text in the encoding they seem to be in.
    """
    encoding = detect_encoding(data)
    try:
        return data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError as error:
        refusal = error
    # Without its BOM, utf-8-sig counts from behind it.
    start = refusal.start + len(data) - len(refusal.object)
    before = bytes(data[:start]).decode(encoding, "replace")
    kind = "invalid_utf8" if encoding.startswith("utf-8") else "invalid_encoding"
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    # Not its `args`: a codec that goes on behind surrogates moves the place in the object that it raises.
    what = (refusal.encoding, refusal.object, refusal.start, refusal.end, refusal.reason)
    raise UndecodableError(*what, kind=kind, offset=start, line=line, column=column, path=path) from None


def _bytes_before(text: str, position: int) -> int:
    """How many bytes of UTF-8 the first characters of ``text`` take."""
    return position if text.isascii() else len(text[:position].encode("utf-8", "surrogatepass"))


def _characters_before(text: str, offset: int) -> int:
    """How many characters of ``text`` lie before a byte of its UTF-8."""
    if text.isascii():
        return offset
    return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "surrogatepass"))


def _make(failure: _errors.Failure) -> BaseException:
    """The exception for a failure of any face of JSON."""
    if failure.face == "json.encode":
        return _encode_error(failure)
    if failure.face.startswith("json.loads") and failure.kind not in _OURS_ALONE:
        return _loads_error(failure)
    place: dict[str, Any] = {
        "offset": failure.offset,
        "line": failure.line,
        "column": failure.column,
        "path": failure.path,
        "kind": failure.kind,
    }
    if failure.kind == "limit":
        numbers = _numbers(failure)
        depth = numbers["limit"] == "max_depth"
        return (DepthLimitError if depth else LimitError)(_limit_text(**numbers), **numbers, **place)
    if failure.kind == "validation":
        return validation_error(failure, place)
    kind = IncompleteError if failure.kind == "incomplete" else DecodeError
    return kind(_TEXTS[failure.kind], **place)


def validation_error(failure: _errors.Failure, place: dict[str, Any]) -> _errors.ValidationError:
    """The bytes were fine, the value does not fit the type."""
    expected, actual = (_errors.shown(failure.detail[name]) for name in ("expected", "actual"))
    where = f" at {failure.path}" if failure.path else ""
    message = (
        f"expected {expected}, got {actual}{where}: line {failure.line} column {failure.column} (byte {failure.offset})"
    )
    return _errors.ValidationError(message, expected=expected, actual=actual, **place)


def _text_of(data: Any, path: str) -> str | UndecodableError:
    """The text that ``loads`` was given, or why it is none.

    A function of its own, and short: where memory is out, CPython goes round for ever between an error and a handler that
    stands more than 256 instructions into its function, since it can't make the int that says where.
    """
    if isinstance(data, str):
        return data
    try:
        return decode_text(data, path)
    except UndecodableError as undecodable:
        return undecodable


def _loads_error(failure: _errors.Failure) -> BaseException:
    """A syntax error of ``loads`` and its family, in the words of the running interpreter."""
    text = _text_of(failure.detail["data"], failure.path)
    if isinstance(text, UndecodableError):
        return text
    token = failure.detail.get("token", failure.offset)
    message, position = _wording.message_and_position(
        failure.kind,
        text,
        _characters_before(text, failure.offset),
        _characters_before(text, token),
        _characters_before(text, failure.detail.get("start", 0)),
        in_string=failure.face == "json.loads.string",
    )
    kind = IncompleteError if failure.kind == "incomplete" else DecodeError
    error = kind(message, text, position, kind=failure.kind, path=failure.path)
    error.offset, error.line, error.column = failure.offset, failure.line, failure.column
    return error


def _encode_error(failure: _errors.Failure) -> BaseException:
    if failure.kind == "limit":
        numbers = _numbers(failure)
        depth = numbers["limit"] == "max_depth"
        cls = _errors.EncodeDepthError if depth else _errors.EncodeLimitError
        return cls(_limit_text(**numbers), **numbers, path=failure.path)
    # The texts are the standard library's, with the type's name in them; `dumps` says no more than that.
    message = _errors.shown(failure.detail.get("message", failure.kind.replace("_", " ")))
    if failure.path and not failure.detail.get("stdlib", True):
        message += f" at {failure.path}"
    made = EncodeTypeError if failure.kind in ("not_serializable", "invalid_key") else _errors.EncodeError
    return made(message, kind=failure.kind, path=failure.path)


def _numbers(failure: _errors.Failure) -> dict[str, Any]:
    return {name: failure.detail[name] for name in ("limit", "maximum", "observed")}


def _limit_text(limit: str, maximum: int, observed: int) -> str:
    return f"{limit} is {maximum}, this takes {observed}"


DecodeError.__module__ = "forkedenc.json"
_errors.register_codec("json", _make)
