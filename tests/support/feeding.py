"""Ways to hand a document over, and what came of it as data that compares."""

import random
from collections.abc import Callable, Iterator

from forkedenc import json, runtime

KIB = 1 << 10
MIB = 1 << 20
# Under stress every push moves all that lies on the stack, so depth costs its square.
DEEP = 5_000 if runtime.stressed() else 1_000_000


def chunks_of(data: bytes, size: int) -> Iterator[bytes]:
    """``data`` in pieces of ``size`` bytes."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def random_chunks(data: bytes, seed: object) -> Iterator[bytes]:
    """``data`` cut at random places, the same for the same seed; some pieces are empty."""
    rng = random.Random(repr(seed))
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(1, 9)))
    for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
        yield data[start:stop]


def cuts(data: bytes) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Every way to cut ``data`` that a test tries, each with its name."""
    yield "one chunk", iter([data])
    if len(data) <= 64 * KIB:
        yield "1-byte chunks", chunks_of(data, 1)
    else:
        yield "64 KiB chunks", chunks_of(data, 64 * KIB)
    for seed in range(3):
        yield f"random cut {seed}", random_chunks(data, seed)


def feed_all(decoder, chunks) -> list:
    """Every value of a stream, the error of the first call that raises."""
    values = []
    for chunk in chunks:
        values += decoder.feed(chunk)
    return values + decoder.close()


FIELDS = ("kind", "offset", "line", "column", "path", "limit", "maximum", "observed")


def told(error: BaseException) -> tuple:
    """An error's class and all that it says of its place and reason."""
    return (type(error).__name__, *(getattr(error, field, None) for field in FIELDS))


def outcome(call: Callable[[], object]) -> tuple:
    """('value', repr) or ('error', what it says): repr tells types, order and the bits of floats apart."""
    try:
        return "value", repr(call())
    except json.JSONDecodeError as error:
        return "error", told(error)


def stream_outcome(decoder, chunks) -> tuple:
    """The reprs of what was delivered, and None or what the error says."""
    values = []
    try:
        for chunk in chunks:
            values += decoder.feed(chunk)
        values += decoder.close()
    except json.DecodeError as error:
        return tuple(map(repr, values)), told(error)
    return tuple(map(repr, values)), None
