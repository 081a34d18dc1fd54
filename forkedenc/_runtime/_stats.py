"""The figures of a stream, of a decoder's documents, or of the process; they add and subtract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Final, TypeVar

from forkedenc import _native

__all__ = ["Stats", "growth_report", "runtime_stats"]

# How a field adds up; what isn't named here is a counter.
_PEAKS: Final = frozenset({"peak_stack_bytes", "peak_depth"})
_MAPPINGS: Final = frozenset({"segments_by_class", "breaches"})

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What the runtime counted, as it was when asked.

    `a + b` is what both did together, and `after - before` what happened in between. Counters and what lives now are added
    and subtracted, so a difference of live figures may be negative; of peaks a sum has the higher one, and a difference
    keeps the left one, since a peak can't be taken back. In the two mappings, entries that come to 0 are left out.
    """

    resumes: int = 0
    """Counter: how often a coroutine was started or went on."""
    suspensions: int = 0
    """Counter: how often one waited for input."""
    growths: int = 0
    """Counter: moves to a bigger segment."""
    shrinks: int = 0
    """Counter: moves to a smaller one."""
    bytes_copied: int = 0
    """Counter: bytes that moves and forks copied."""
    growth_ns: int = 0
    """Counter: nanoseconds spent in growths. Of growths up to 128 KiB one in 32 is timed and stands for the rest."""
    peak_stack_bytes: int = 0
    """Peak: the most bytes in use on one stack."""
    stack_bytes: int = 0
    """Live: the capacity of all segments in use, in bytes."""
    peak_depth: int = 0
    """Peak: the most containers open at once."""
    pool_hits: int = 0
    """Counter: segments that were at hand when one was needed."""
    pool_misses: int = 0
    """Counter: segments that had to be allocated."""
    streams: int = 0
    """Live: streams, that is documents being decoded or encoded, waiting ones included."""
    segments_by_class: Mapping[int, int] = field(default_factory=dict, hash=False)
    """Live: how many segments of each size in bytes are in use."""
    breaches: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Counter, process-wide only: how often each limit was crossed, by its name in `Limits`."""

    def __add__(self, other: object) -> Stats:
        if not isinstance(other, Stats):
            return NotImplemented
        return self._with(other, 1)

    def __sub__(self, other: object) -> Stats:
        if not isinstance(other, Stats):
            return NotImplemented
        return self._with(other, -1)

    def _with(self, other: Stats, sign: int) -> Stats:
        numbers: dict[str, int] = {}
        for name in _NUMBERS:
            mine, theirs = getattr(self, name), getattr(other, name)
            if name not in _PEAKS:
                numbers[name] = mine + sign * theirs
            else:
                numbers[name] = max(mine, theirs) if sign > 0 else mine
        return Stats(
            **numbers,
            segments_by_class=_added(self.segments_by_class, other.segments_by_class, sign),
            breaches=_added(self.breaches, other.breaches, sign),
        )


_NUMBERS: Final = tuple(each.name for each in fields(Stats) if each.name not in _MAPPINGS)


def _added(mine: Mapping[_Key, int], theirs: Mapping[_Key, int], sign: int) -> dict[_Key, int]:
    sums = {key: mine.get(key, 0) + sign * theirs.get(key, 0) for key in {**mine, **theirs}}
    return {key: count for key, count in sums.items() if count}


def runtime_stats() -> Stats:
    """The figures of the whole process: the sum over all streams, ended ones included. Reading them walks no stream."""
    stats: Stats = _native.runtime_stats()
    return stats


def growth_report(stats: Stats) -> str:
    """How the stacks behind these figures grew, for people to read: three lines of text."""
    each = f", {stats.growth_ns / stats.growths:,.0f} ns each" if stats.growths else ""
    return (
        f"stack: {stats.peak_stack_bytes:,} bytes at most, for {stats.peak_depth:,} open containers\n"
        f"moves: {stats.growths:,} growths{each}, {stats.shrinks:,} shrinks, {stats.bytes_copied:,} bytes copied\n"
        f"segments: {stats.pool_hits:,} at hand, {stats.pool_misses:,} allocated"
    )


_native.register_stats_class(Stats)
