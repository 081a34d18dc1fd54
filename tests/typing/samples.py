"""What type checkers infer of the public names; read by mypy and pyright, never run."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, assert_type

import forkedenc
from forkedenc import Limits, json


def decoding(data: bytes, file: BinaryIO, path: Path) -> None:
    assert_type(json.loads(data, limits=Limits.strict(), duplicate_keys="first"), Any)
    assert_type(json.loads("1", parse_int=float, strict=False), Any)
    assert_type(json.load(file), Any)
    assert_type(json.decode(data), Any)
    assert_type(json.Decoder().decode(memoryview(data)), Any)
    stream = json.StreamDecoder(framing="lines", on_error="yield")
    assert_type(stream.feed(bytearray(data)), list[Any])
    assert_type(stream.fork().close(), list[Any])
    assert_type(stream.depth, int)
    for source in (data, file, path, [data, data]):
        assert_type(json.items(source, "a.item"), Iterator[Any])
    assert_type(json.members(data, ["a", ...]), Iterator[tuple[str, Any]])
    assert_type(json.JSONDecoder(limits=Limits()).raw_decode("1", 0), tuple[Any, int])
    assert_type(json.detect_encoding(data), str)


def asynchronous(source: AsyncIterable[bytes]) -> None:
    assert_type(json.aitems(source, ""), AsyncIterator[Any])


def encoding(value: Any) -> None:
    assert_type(json.encode(value), bytes)
    assert_type(json.dumps(value, indent=2), str)
    assert_type(json.Encoder(sort_keys=True).encode(value), bytes)
    assert_type(json.encode_lines([value]), bytes)


def errors(error: Exception) -> None:
    match error:
        case forkedenc.LimitError():
            assert_type(error.limit, str)
            assert_type(error.maximum, int | float)
            assert_type(error.offset, int)
        case json.DecodeError():
            assert_type(error.doc, str)
            assert_type(error.pos, int)
            assert_type(error.path, str)
            assert_type(error.kind, str)
        case forkedenc.EncodeError():
            assert_type(error.path, str)
        case _:
            pass


def limits() -> None:
    assert_type(Limits(max_depth=5).max_depth, int | None)
    assert_type(Limits().replace(max_items=None), Limits)
    assert_type(Limits.strict().max_amplification, int | float | None)


def wrong(data: bytes) -> None:
    # Each of these must be an error, or its ignore would be one.
    Limits(max_dept=5)  # type: ignore[call-arg]
    Limits(5)  # type: ignore[call-arg]
    json.StreamDecoder(framing="csv")  # type: ignore[arg-type]
    json.StreamDecoder().feed("text")  # type: ignore[arg-type]
    json.decode(data, duplicate_keys="all")  # type: ignore[arg-type]
