"""What a kind of hostile document is, and the pieces that documents are made of.

The kinds themselves are in ``_json_size`` and ``_json_faults``, ``_xml_size`` and ``_xml_faults``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, TypeAlias

__all__ = ["CHUNK_BYTES", "Kind", "Writer", "alike", "around", "numbered"]

CHUNK_BYTES: Final = 64 << 10
"""No chunk of a document is longer."""

Format: TypeAlias = Literal["json", "xml"]
Outcome: TypeAlias = Literal["valid", "error", "limit"]
Writer: TypeAlias = Callable[[int, Random], Iterable[bytes]]
"""Writes a document of about so many bytes, taking what is left to chance from the generator, in pieces of any length."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to be hostile. `kinds` has them all.

    Attributes:
        name: what it is called, such as ``json-deep-arrays``.
        format: ``"json"`` or ``"xml"``.
        outcome: what a correct parser does: ``"valid"``, it reads the document; ``"error"``, it refuses it as not
            well-formed (or, for what the grammar allows and no exchange does, such as half a surrogate pair, may);
            ``"limit"``, the grammar allows it, and a server should not take it whole: at a few million bytes
            `Limits.strict` refuses it.
        summary: one line for people.
    """

    name: str
    format: Format
    outcome: Outcome
    summary: str
    _write: Writer = field(repr=False, compare=False)

    def generate(self, size: int, seed: int = 0) -> Iterator[bytes]:
        """The document in chunks of 64 KiB at most, made as they are asked for: memory stays flat at any size.

        Args:
            size: about how many bytes it shall have. Each kind has a shortest document, of some 10 to 2,000 bytes, and
                none is shorter than that.
            seed: which of the many: same size and seed, same bytes. Default: 0.

        Raises:
            TypeError: a number is no int.
            ValueError: size is negative.
        """
        given: tuple[tuple[str, object], ...] = (("size", size), ("seed", seed))
        for name, value in given:
            if not isinstance(value, int) or isinstance(value, bool):
                msg = f"{name} is an int, not {type(value).__name__}"
                raise TypeError(msg)
        if size < 0:
            msg = f"size is at least 0, not {size}"
            raise ValueError(msg)
        # Seeded by a text, so that kinds of one seed don't share their dice. Repeatable is what is asked for.
        return _gathered(self._write(size, Random(f"{self.name} {seed}")))  # noqa: S311


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of `CHUNK_BYTES`, the last one shorter."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= CHUNK_BYTES:
            yield bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
    if held:
        yield bytes(held)


def alike(unit: bytes, total: int, least: int = 0) -> Iterator[bytes]:
    """Copies of ``unit``: as many as fit into ``total`` bytes, and ``least`` in any case."""
    count = max(least, total // len(unit))
    at_once = max(1, CHUNK_BYTES // len(unit))
    block = unit * min(at_once, count)
    while count >= at_once:
        yield block
        count -= at_once
    if count:
        yield unit * count


def numbered(form: str, total: int, least: int = 1, first: int = 0) -> Iterator[bytes]:
    """``form`` with ``%d`` for its number, again and again until ``total`` bytes are written, ``least`` times in any case."""
    number, written = first, 0
    while number - first < least or written < total:
        # A hundred at a time is fast enough, and overshoots by little.
        step = 100 if total - written > 100 * (len(form) + 20) else 1
        piece = "".join([form % n for n in range(number, number + step)]).encode()
        number += step
        written += len(piece)
        yield piece


def around(middle: bytes, before: bytes, after: bytes, total: int, rng: Random) -> Iterator[bytes]:
    """``middle`` at a place left to chance among copies of ``before`` and ``after``, together ``total`` bytes or so."""
    room = max(0, total - len(middle))
    left = rng.randint(0, room)
    yield from alike(before, left)
    yield middle
    yield from alike(after, room - left)
