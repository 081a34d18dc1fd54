"""Where bytes come from: a path, a binary file, a buffer or an iterable of chunks, read as far as they are asked for."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import Buffer

CHUNK_BYTES = 64 << 10
"""How much is read of a file, and taken of a buffer, at a time."""


class BinaryFile(Protocol):
    """What is read from: ``read(n)`` gives at most n bytes, none at the end."""

    def read(self, size: int, /) -> bytes: ...


class AsyncBinaryFile(Protocol):
    """The same with ``await``."""

    async def read(self, size: int, /) -> bytes: ...


Source: TypeAlias = "os.PathLike[str] | os.PathLike[bytes] | BinaryFile | Buffer | Iterable[Buffer]"
AsyncSource: TypeAlias = "AsyncBinaryFile | AsyncIterable[Buffer]"


def chunks(source: Source) -> Iterator[Buffer]:
    """The bytes of ``source`` in order. Only what is opened here is closed here.

    Raises:
        TypeError: ``source`` is a str, a text file, or nothing that gives bytes.
        OSError: the file can't be opened or read; at the first chunk that is asked for.
    """
    if isinstance(source, str):
        raise TypeError("a source is bytes, a file, a PathLike or an iterable of bytes, not str: is it a path or text?")
    if isinstance(source, os.PathLike):
        return _of_path(source)
    if (view := _view(source)) is not None:
        return _of_buffer(view)
    read = getattr(source, "read", None)
    if read is not None:
        return _of_file(read)
    if isinstance(source, Iterable):
        return _of_iterable(source)
    raise TypeError(f"a source is bytes, a file, a PathLike or an iterable of bytes, not {type(source).__name__}")


def achunks(source: AsyncSource) -> AsyncIterator[Buffer]:
    """The bytes of an asynchronous source: what has an ``async`` ``read(n)``, or an asynchronous iterable of bytes.

    Raises:
        TypeError: ``source`` is neither.
    """
    if isinstance(source, AsyncIterable):
        return _of_async_iterable(source)
    read = getattr(source, "read", None)
    if read is not None:
        return _of_async_file(read)
    raise TypeError(f"an asynchronous source is a file or an iterable of bytes, not {type(source).__name__}")


def _view(source: object) -> memoryview | None:
    """The bytes of a contiguous buffer, or None for what is no buffer."""
    try:
        view = memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        return None
    if not view.c_contiguous:
        raise TypeError("a buffer must be contiguous")
    return view.cast("B")


def _of_path(path: os.PathLike[str] | os.PathLike[bytes]) -> Iterator[Buffer]:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a path may be in bytes
        yield from _of_file(file.read)


def _of_buffer(view: memoryview) -> Iterator[Buffer]:
    with view:
        for start in range(0, len(view), CHUNK_BYTES):
            yield view[start : start + CHUNK_BYTES]


def _of_file(read: Any) -> Iterator[Buffer]:
    while chunk := _checked(read(CHUNK_BYTES)):
        yield chunk


def _of_iterable(source: Iterable[Buffer]) -> Iterator[Buffer]:
    for chunk in source:
        yield _checked_chunk(chunk)


async def _of_async_file(read: Any) -> AsyncIterator[Buffer]:
    while chunk := _checked(await read(CHUNK_BYTES)):
        yield chunk


async def _of_async_iterable(source: AsyncIterable[Buffer]) -> AsyncIterator[Buffer]:
    async for chunk in source:
        yield _checked_chunk(chunk)


def _checked(chunk: object) -> bytes:
    """What a file's read() gave."""
    if isinstance(chunk, bytes):
        return chunk
    if chunk is None:
        raise BlockingIOError("the file has no data yet: it must be in blocking mode")
    if isinstance(chunk, (bytearray, memoryview)):
        return bytes(chunk)
    raise TypeError(f"a file must be opened in binary mode: read() gave {type(chunk).__name__}, not bytes")


def _checked_chunk(chunk: Buffer) -> Buffer:
    if isinstance(chunk, (bytes, bytearray, memoryview)) or _view(chunk) is not None:
        return chunk
    raise TypeError(f"an iterable of bytes gave {type(chunk).__name__}")
