from collections.abc import Callable, Mapping
from types import EllipsisType
from typing import Any, Literal, final

from typing_extensions import Buffer

from forkedenc._errors import LimitBreach
from forkedenc._limits import Limits
from forkedenc._runtime import Stats

# What the Python above registers: exceptions, the class of limits=, and loads(cls=...).

def register_error_factory(
    factory: Callable[[str, str, int, int, int, str, Mapping[str, Any]], BaseException],
) -> None: ...
def register_limits_class(cls: type[Limits]) -> None: ...
def register_loads_with_class(function: Callable[..., Any]) -> None: ...

# Decoding.

def loads(
    s: str | bytes | bytearray,
    *,
    cls: type[Any] | None = None,
    object_hook: Callable[[dict[str, Any]], Any] | None = None,
    parse_float: Callable[[str], Any] | None = None,
    parse_int: Callable[[str], Any] | None = None,
    parse_constant: Callable[[str], Any] | None = None,
    object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
    limits: Limits | None = None,
    duplicate_keys: Literal["last", "first", "error"] = "last",
    allow_nan: bool = True,
    **kw: Any,
) -> Any: ...
def decode(
    data: Buffer | str,
    type: Any = ...,
    *,
    strict: bool = True,
    limits: Limits | None = None,
    unknown: Literal["rest", "ignore", "error"] | None = None,
    duplicate_keys: Literal["last", "first", "error"] = "last",
    allow_nan: bool = False,
    dec_hook: Callable[[Any, Any], Any] | None = None,
    audit: Callable[[LimitBreach], object] | None = None,
) -> Any: ...
def scanstring(string: str, end: int, strict: bool = True, /) -> tuple[str, int]: ...

@final
class Scanner:
    def __new__(cls, context: Any) -> Scanner: ...
    def __call__(self, string: str, idx: int) -> tuple[Any, int]: ...

@final
class Decoder:
    def __new__(
        cls,
        type: Any = ...,
        *,
        strict: bool = True,
        limits: Limits | None = None,
        unknown: Literal["rest", "ignore", "error"] | None = None,
        duplicate_keys: Literal["last", "first", "error"] = "last",
        allow_nan: bool = False,
        dec_hook: Callable[[Any, Any], Any] | None = None,
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> Decoder: ...
    def decode(self, data: Buffer | str) -> Any: ...
    @property
    def stats(self) -> Stats: ...

@final
class StreamDecoder:
    def __new__(
        cls,
        type: Any = ...,
        *,
        framing: Literal["concatenated", "lines", "seq", "array"] = "concatenated",
        limits: Limits | None = None,
        on_error: Literal["raise", "yield"] = "raise",
        duplicate_keys: Literal["last", "first", "error"] = "last",
        allow_nan: bool = False,
        audit: Callable[[LimitBreach], object] | None = None,
        depth_hint: int | None = None,
    ) -> StreamDecoder: ...
    def feed(self, chunk: Buffer) -> list[Any]: ...
    def close(self) -> list[Any]: ...
    def fork(self) -> StreamDecoder: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def depth(self) -> int: ...

@final
class ItemStream:
    def __new__(
        cls,
        steps: tuple[str | EllipsisType, ...],
        members: bool,
        *,
        limits: Limits | None = None,
        allow_nan: bool = False,
        duplicate_keys: Literal["last", "first", "error"] = "last",
        depth_hint: int | None = None,
    ) -> ItemStream: ...
    def feed(self, chunk: Buffer) -> list[Any]: ...
    def close(self) -> list[Any]: ...

@final
class Checker:
    def __new__(
        cls,
        framing: Literal["document", "concatenated", "lines", "seq", "array"],
        limits: Limits | None = None,
    ) -> Checker: ...
    def feed(self, chunk: Buffer) -> int: ...
    def close(self) -> int: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def depth(self) -> int: ...
