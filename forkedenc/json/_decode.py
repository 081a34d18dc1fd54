"""Decoding beyond one call: ``load``, ``loads(cls=...)``, and values picked out of a document while it is read.

``loads``, ``decode``, ``Decoder`` and ``StreamDecoder`` themselves are native.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from types import EllipsisType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypedDict, TypeVar, Unpack, overload

from forkedenc import _native
from forkedenc._source import achunks, chunks
from forkedenc.json._errors import decode_text, syntax_error
from forkedenc.json.decoder import JSONDecoder

if TYPE_CHECKING:
    from forkedenc._limits import Limits
    from forkedenc._source import AsyncSource, Source

__all__ = ["aitems", "items", "load", "members"]

_T = TypeVar("_T")

DuplicateKeys: TypeAlias = Literal["last", "first", "error"]
Unknown: TypeAlias = Literal["rest", "ignore", "error"]
DecHook: TypeAlias = Callable[[Any, Any], Any]
Path: TypeAlias = "str | Iterable[str | EllipsisType]"


class ValueOptions(TypedDict, total=False):
    """How the values of `items`, `members` and `aitems` are decoded, for type checkers; see `items`."""

    strict: bool
    limits: Limits | None
    unknown: Unknown | None
    duplicate_keys: DuplicateKeys
    allow_nan: bool
    dec_hook: DecHook | None
    depth_hint: int | None


class Readable(Protocol):
    """A file in text or binary mode."""

    def read(self) -> str | bytes | bytearray: ...


def load(
    fp: Readable,
    *,
    cls: type[Any] | None = None,
    object_hook: Any = None,
    parse_float: Any = None,
    parse_int: Any = None,
    parse_constant: Any = None,
    object_pairs_hook: Any = None,
    **kw: Any,
) -> Any:
    """The value of the JSON document that ``fp.read()`` gives, which is read to its end at once.

    Every argument is that of ``loads``, but for ``fp``: a file in text or binary mode.

    Raises:
        DecodeError: it is no JSON document.
    """
    return _native.loads(
        fp.read(),
        cls=cls,
        object_hook=object_hook,
        parse_float=parse_float,
        parse_int=parse_int,
        parse_constant=parse_constant,
        object_pairs_hook=object_pairs_hook,
        **kw,
    )


def _loads_with_class(s: object, *, cls: Any = None, **options: Any) -> Any:
    """What ``loads`` does when it is given a decoder class, or keywords that only such a class may know."""
    if isinstance(s, str):
        if s.startswith("\ufeff"):
            raise syntax_error("byte_order_mark", s, 0)
    elif isinstance(s, (bytes, bytearray)):
        s = decode_text(s)
    else:
        raise TypeError(f"the JSON object must be str, bytes or bytearray, not {type(s).__name__}")
    # A class of the caller's may know nothing of the keywords that were not given.
    defaults = {"duplicate_keys": "last", "allow_nan": True}
    given = {name: value for name, value in options.items() if value is not None and value != defaults.get(name)}
    return (JSONDecoder if cls is None else cls)(**given).decode(s)


_default_decoder = JSONDecoder()
_native.register_loads_with_class(_loads_with_class)


@overload
def items(
    source: Source,
    path: Path,
    type: type[_T],
    **options: Unpack[ValueOptions],
) -> Iterator[_T]: ...
@overload
def items(
    source: Source,
    path: Path,
    type: Any = ...,
    **options: Unpack[ValueOptions],
) -> Iterator[Any]: ...
def items(
    source: Source,
    path: Path,
    type: Any = Any,
    *,
    strict: bool = True,
    limits: Limits | None = None,
    unknown: Unknown | None = None,
    duplicate_keys: DuplicateKeys = "last",
    allow_nan: bool = False,
    dec_hook: DecHook | None = None,
    depth_hint: int | None = None,
) -> Iterator[Any]:
    """Every value at ``path``, each as soon as it is complete; the rest of the document is checked, never built.

    Args:
        source: a PathLike, a binary file (never closed here), bytes-like, or an iterable of bytes.
        path: keys joined by dots, ``item`` for each item of an array (``"earth.europe.item"``), ``""`` for the whole
            document; or a sequence of keys, with ``...`` for each item of an array, which can name every key.
        type: what the values are decoded to. Default: Any.
        strict, unknown, dec_hook: as for `Decoder`.
        limits: what one value, and the stream around it, may cost. Default: ``Limits()``.
        duplicate_keys: ``"last"``, ``"first"`` or ``"error"``, within the values. Default: ``"last"``.
        allow_nan: take NaN and the infinities. Default: False (RFC 8259, section 6).
        depth_hint: how deep documents usually are, for the first size of the stack. Default: none.

    Raises:
        DecodeError: the document is ill-formed; values before the error come first.
        IncompleteError: the source ended before the document did.
        TypeError: ``source`` gives no bytes, or ``path`` is neither str nor a sequence of steps.
    """
    return _values(
        _stream(path, False, type, strict, limits, unknown, duplicate_keys, allow_nan, dec_hook, depth_hint),
        chunks(source),
    )


@overload
def members(
    source: Source,
    path: Path,
    type: type[_T],
    **options: Unpack[ValueOptions],
) -> Iterator[tuple[str, _T]]: ...
@overload
def members(
    source: Source,
    path: Path,
    type: Any = ...,
    **options: Unpack[ValueOptions],
) -> Iterator[tuple[str, Any]]: ...
def members(
    source: Source,
    path: Path,
    type: Any = Any,
    *,
    strict: bool = True,
    limits: Limits | None = None,
    unknown: Unknown | None = None,
    duplicate_keys: DuplicateKeys = "last",
    allow_nan: bool = False,
    dec_hook: DecHook | None = None,
    depth_hint: int | None = None,
) -> Iterator[tuple[str, Any]]:
    """Every member of every object at ``path`` as (key, value), in order, duplicates and all; else like `items`."""
    return _values(
        _stream(path, True, type, strict, limits, unknown, duplicate_keys, allow_nan, dec_hook, depth_hint),
        chunks(source),
    )


@overload
def aitems(
    source: AsyncSource,
    path: Path,
    type: type[_T],
    **options: Unpack[ValueOptions],
) -> AsyncIterator[_T]: ...
@overload
def aitems(
    source: AsyncSource,
    path: Path,
    type: Any = ...,
    **options: Unpack[ValueOptions],
) -> AsyncIterator[Any]: ...
def aitems(
    source: AsyncSource,
    path: Path,
    type: Any = Any,
    *,
    strict: bool = True,
    limits: Limits | None = None,
    unknown: Unknown | None = None,
    duplicate_keys: DuplicateKeys = "last",
    allow_nan: bool = False,
    dec_hook: DecHook | None = None,
    depth_hint: int | None = None,
) -> AsyncIterator[Any]:
    """`items` of an asynchronous source: what has an ``async`` ``read(n)``, or an asynchronous iterable of bytes."""
    return _avalues(
        _stream(path, False, type, strict, limits, unknown, duplicate_keys, allow_nan, dec_hook, depth_hint),
        achunks(source),
    )


def _stream(  # noqa: PLR0917 - the arguments of the three functions above, in their order
    path: Path,
    members: bool,
    type: Any,
    strict: bool,
    limits: Limits | None,
    unknown: Unknown | None,
    duplicate_keys: DuplicateKeys,
    allow_nan: bool,
    dec_hook: DecHook | None,
    depth_hint: int | None,
) -> _native.ItemStream:
    return _native.ItemStream(
        _steps(path),
        members,
        type,
        strict=strict,
        unknown=unknown,
        limits=limits,
        allow_nan=allow_nan,
        duplicate_keys=duplicate_keys,
        dec_hook=dec_hook,
        depth_hint=depth_hint,
    )


def _steps(path: Any) -> tuple[str | EllipsisType, ...]:
    """The steps from the root: a key, or ``...`` for each item of an array."""
    if isinstance(path, str):
        return tuple(... if step == "item" else step for step in path.split(".")) if path else ()
    if isinstance(path, (bytes, bytearray)) or not isinstance(path, Iterable):
        raise TypeError(f"a path is a str or a sequence of steps, not {path.__class__.__name__}")
    steps = tuple(path)
    for step in steps:
        if step is not ... and not isinstance(step, str):
            raise TypeError(f"a step is a str or ..., not {step.__class__.__name__}")
    return steps


def _values(stream: _native.ItemStream, pieces: Iterator[Any]) -> Iterator[Any]:
    # An error behind values waits for the next call, so that they come first.
    for piece in pieces:
        yield from stream.feed(piece)
    yield from stream.close()


async def _avalues(stream: _native.ItemStream, pieces: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for piece in pieces:
        for value in stream.feed(piece):
            yield value
    for value in stream.close():
        yield value
