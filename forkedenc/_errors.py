"""The exception tree, what every error carries, and the door by which the native side raises.

::

    Error(Exception)
    ├── SchemaError(Error, TypeError)      the class given can't be decoded
    ├── DecodeError(Error, ValueError)     .offset .line .column .path .kind
    │   ├── json.DecodeError               also the standard library's JSONDecodeError
    │   ├── LimitError                     .limit .maximum .observed
    │   ├── IncompleteError                close() before the document ended
    │   ├── ValidationError                .expected .actual
    │   └── PolicyViolation                what a sanitizer's policy answers with "error"
    ├── EncodeError(Error, ValueError)     and TypeError or RecursionError where the standard library raises those
    └── PolicyError(Error, ValueError)     a contradictory sanitizer policy

The codecs' own classes stand beside their codec (for JSON in ``json/_errors.py``), which also says how a failure of
its faces becomes an exception: ``register_codec``. The native side knows one function, ``_make``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forkedenc import _native

__all__ = [
    "DecodeError",
    "EncodeError",
    "Error",
    "IncompleteError",
    "LimitBreach",
    "LimitError",
    "PolicyError",
    "PolicyViolation",
    "SchemaError",
    "ValidationError",
]

PATH_LENGTH = 1024
"""Characters of a path that are shown; a longer one ends in an ellipsis."""

# C0, DEL, C1, the bidirectional controls, the line and paragraph separators, and surrogates, which no terminal takes.
_UNSAFE = [
    *range(0x20),
    *range(0x7F, 0xA0),
    0x061C,
    *range(0x200E, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
]
_ESCAPES = {code: f"\\u{code:04x}" for code in [*_UNSAFE, *range(0xD800, 0xE000)]}


def shown(text: str) -> str:
    """``text`` with control and bidirectional characters as escapes, so that it can't rewrite a log or a terminal."""
    return text.translate(_ESCAPES)


def shown_path(path: str) -> str:
    """``path`` made safe to show and cut to `PATH_LENGTH` characters."""
    path = shown(path[: PATH_LENGTH + 1])
    return path if len(path) <= PATH_LENGTH else path[: PATH_LENGTH - 1] + "…"


class Error(Exception):
    """The root of everything raised by forkedenc; copies and pickles keep every attribute."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, dict(vars(self)))


def _restore(cls: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    """An error as it was, without running a constructor that would compute its text anew."""
    error = cls.__new__(cls, *args)
    error.args = args
    # These keep what they were made of outside their dict.
    if isinstance(error, UnicodeDecodeError):
        UnicodeDecodeError.__init__(error, *args)
    if isinstance(error, SyntaxError):
        SyntaxError.__init__(error, *args)
    error.__dict__.update(state)
    return error


class SchemaError(Error, TypeError):
    """The class given can't be decoded; raised when a decoder is made, never per document."""


class PolicyError(Error, ValueError):
    """A sanitizer policy contradicts itself; raised when it is made, never per document."""


class DecodeError(Error, ValueError):
    """A document was refused.

    Attributes:
        offset: the 0-based byte of the input (for str input, of its UTF-8) where the error is.
        line, column: the same place, counted from 1, the column in characters.
        path: the JSON Pointer (XML: the element path) of the value, made safe to show and cut to 1,024 characters.
        kind: what is wrong, as one word for programs, such as ``"expected_value"`` or ``"limit"``.
    """

    offset: int
    line: int
    column: int
    path: str
    kind: str

    def __init__(
        self,
        message: str = "",
        *,
        kind: str = "syntax",
        offset: int = 0,
        line: int = 1,
        column: int = 1,
        path: str = "",
    ) -> None:
        super().__init__(message)
        self.kind, self.offset, self.line, self.column, self.path = kind, offset, line, column, path


class LimitError(DecodeError):
    """A document crossed one of the `Limits`; the codec's own decode error too, for ``max_depth`` a RecursionError.

    Attributes:
        limit: the field of `Limits`, such as ``"max_depth"``.
        maximum: what it allows.
        observed: what would have been reached, ``maximum + 1`` where units come one by one.
    """

    limit: str
    maximum: int | float
    observed: int | float

    def __init__(
        self,
        message: str = "",
        *,
        limit: str = "",
        maximum: float = 0,
        observed: float = 0,
        kind: str = "limit",
        offset: int = 0,
        line: int = 1,
        column: int = 1,
        path: str = "",
    ) -> None:
        super().__init__(message, kind=kind, offset=offset, line=line, column=column, path=path)
        self.limit, self.maximum, self.observed = limit, maximum, observed


class IncompleteError(DecodeError):
    """The input ended before the document did; ``offset`` is the count of bytes read. The codec's own error too."""


class ValidationError(DecodeError):
    """The bytes were fine, the value does not fit the type.

    Attributes:
        expected, actual: texts that name types; never the value itself.
    """

    expected: str
    actual: str

    def __init__(
        self,
        message: str = "",
        *,
        expected: str = "",
        actual: str = "",
        kind: str = "validation",
        offset: int = 0,
        line: int = 1,
        column: int = 1,
        path: str = "",
    ) -> None:
        super().__init__(message, kind=kind, offset=offset, line=line, column=column, path=path)
        self.expected, self.actual = expected, actual


class PolicyViolation(DecodeError):  # noqa: N818 - the name is public
    """A sanitizer's policy refuses a document, and did not just take something out of it.

    Attributes:
        kind: what it refuses: ``"root"``, ``"element"``, ``"attribute"``, ``"comment"``, ``"pi"``.
        name: its name as written, made safe to show.
        rule: why, as one word; docs/sanitizer.md lists them.
    """

    name: str
    rule: str

    def __init__(
        self,
        message: str = "",
        *,
        name: str = "",
        rule: str = "",
        kind: str = "policy",
        offset: int = 0,
        line: int = 1,
        column: int = 1,
        path: str = "",
    ) -> None:
        super().__init__(message, kind=kind, offset=offset, line=line, column=column, path=path)
        self.name, self.rule = name, rule


class EncodeError(Error, ValueError):
    """A value can't be encoded; also a TypeError or RecursionError where the standard library raises those.

    Attributes:
        path: the place of the value as a JSON Pointer, made safe to show and cut to 1,024 characters.
        kind: what is wrong, as one word for programs, such as ``"not_serializable"``.
    """

    path: str
    kind: str

    def __init__(self, message: str = "", *, kind: str = "encode", path: str = "") -> None:
        super().__init__(message)
        self.kind, self.path = kind, path


class EncodeLimitError(EncodeError):
    """What was to be written crossed a limit.

    Attributes:
        limit, maximum, observed: see `forkedenc.LimitError`.
    """

    limit: str
    maximum: int
    observed: int

    def __init__(self, message: str, *, limit: str, maximum: int, observed: int, path: str = "") -> None:
        super().__init__(message, kind="limit", path=path)
        self.limit, self.maximum, self.observed = limit, maximum, observed


class EncodeDepthError(EncodeLimitError, RecursionError):
    """What was to be written is nested deeper than ``max_depth``."""


@dataclass(frozen=True, slots=True)
class LimitBreach:
    """One limit that a document crossed under ``audit=``; the fields are those of `LimitError`."""

    limit: str
    maximum: int | float
    observed: int | float
    offset: int
    line: int
    column: int
    path: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What the native side knows of a failure: a face, a kind, a place, and details by name."""

    face: str
    kind: str
    offset: int
    line: int
    column: int
    path: str
    detail: Mapping[str, Any]


_codecs: dict[str, Callable[[Failure], BaseException]] = {}


def register_codec(name: str, make: Callable[[Failure], BaseException]) -> None:
    """Let ``make`` turn failures into exceptions for every face whose name starts with ``name``."""
    _codecs[name] = make


def _make(  # noqa: PLR0917 - called from Rust, by position
    face: str, kind: str, offset: int, line: int, column: int, path: str, detail: Mapping[str, Any]
) -> BaseException:
    """The exception that the native side raises."""
    make = _codecs[face.partition(".")[0]]
    return make(Failure(face, kind, offset, line, column, shown_path(path), detail))


_native.register_error_factory(_make)
_native.register_breach_class(LimitBreach)

# What users see and pickles name is the public place.
for _class in (
    Error,
    SchemaError,
    PolicyError,
    DecodeError,
    LimitError,
    IncompleteError,
    ValidationError,
    PolicyViolation,
    EncodeError,
    LimitBreach,
):
    _class.__module__ = "forkedenc"
