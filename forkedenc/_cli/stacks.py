"""``forkedenc stacks``: how the decoder's stack grows, file by file, and at which depths a size class overflows.

Figures are the runtime's own. `measure` reads a file, `sweep` nests arrays, and both are printed as tables; ``_plot``
draws them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import click

from forkedenc import json
from forkedenc._cli import _plot, _status
from forkedenc._cli._input import CHUNK_BYTES, Input, name_of
from forkedenc._cli._options import Size, limit_options, shown_size
from forkedenc._cli._table import print_table
from forkedenc._cli.check import Reader
from forkedenc._errors import DecodeError, shown
from forkedenc._limits import Limits
from forkedenc._runtime import Stats, stressed

SWEPT_BYTES: Final = 1 << 20
"""The biggest class that a sweep goes into."""
_MOST_POINTS: Final = 2048
"""How many points of a file's curve are kept; an even number."""


class _ChunkSize(Size):
    """A number of bytes that one read gives at most."""

    wanted = f"a number of bytes from 1 to {shown_size(CHUNK_BYTES, 'bytes')}"

    def number(self, text: str) -> int | float | None:
        """The number of bytes that a text stands for, or None."""
        size = super().number(text)
        return size if size is not None and 1 <= size <= CHUNK_BYTES else None

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float | None:
        """The number; a usage error for anything else."""
        if str(value) == "none":
            self.fail(f"{value!r} is not {self.wanted}", param, ctx)
        return super().convert(value, param, ctx)


@click.command()
@click.argument("files", nargs=-1, metavar="FILES|-...")
@click.option("--sweep", "swept", is_flag=True, help="Find the depths of [[[...]]] where a size class overflows.")
@click.option("--plot", "picture", type=click.Path(dir_okay=False), metavar="FILE.png", help="Draw the staircase.")
@click.option(
    "--chunk-bytes",
    "step",
    type=_ChunkSize(),
    default=None,
    help="Feed so many bytes at a time: the shorter, the finer the picture. [64KiB; with --plot less for short files]",
)
@limit_options
def stacks(files: tuple[str, ...], swept: bool, picture: str | None, step: int | None, limits: Limits) -> int:
    """Report how the stack grew while FILES were read.

    \b
    depth      open containers or elements at most
    used       bytes on the stack at most
    capacity   bytes of the biggest segment it lay on
    growths    moves to a bigger segment, and the bytes that these and the moves to a smaller one (shrinks) copied
    classes    the sizes that the segment had between chunks

    Reads what `forkedenc check` reads, with its statuses and messages; nothing is built, so memory stays flat. A file that
    is refused is reported as far as it was read.
    """  # noqa: D301 - click's mark for lines to keep
    if not files and not swept:
        raise click.UsageError("Missing FILES, or --sweep.")
    if picture is not None and not _plot.at_hand():
        _status.complain("forkedenc stacks", "--plot needs matplotlib: pip install 'forkedenc[plot]'")
        return _status.USAGE
    status = _status.DONE
    curves = []
    with Input(files) as source:
        for file in files:
            curve = Curve(name_of(file), step or _fitting(file, drawn=picture is not None))
            ended = measure(curve, source.chunks(file), limits)
            if curve.bytes_read or ended not in (_status.USAGE, _status.INPUT_OUTPUT):
                curves.append(curve)
            status = max(status, ended)
    if curves:
        print_table(_file_rows(curves), sys.stdout)
    found = sweep(SWEPT_BYTES) if swept else []
    if swept:
        print_table(_sweep_rows(found), sys.stdout)
        if stressed():
            print("Stress mode is on: every push moves the stack, and the pool keeps nothing.")
    if picture is not None:
        try:
            _plot.draw(Path(picture), curves, found)
        except OSError as error:
            status = max(status, _status.failed(picture, error))
        except ValueError as error:
            # A suffix that matplotlib has no format for.
            _status.complain(picture, str(error))
            status = max(status, _status.USAGE)
    return status


def _fitting(file: str, drawn: bool) -> int:
    """How much to feed at a time: for a picture, of a short file no more than 1/256."""
    try:
        length = Path(file).stat().st_size if drawn and file != "-" else None
    except OSError:
        length = None
    return CHUNK_BYTES if length is None else min(max(length // 256, 64), CHUNK_BYTES)


# --- one file -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Curve:
    """What was seen of the stack while one file was read, after each chunk.

    Attributes:
        name: the file, as it is named in messages.
        step: bytes fed at a time.
        stats: the figures at the end.
        bytes_read: how many bytes were fed.
        capacity: the biggest segment seen, in bytes.
        classes: the sizes that the segment had.
        points: of at most some thousand stretches of the file where they end, the biggest segment in them, and the
            bytes in use at most so far.
    """

    name: str
    step: int
    stats: Stats = field(default_factory=Stats)
    bytes_read: int = 0
    capacity: int = 0
    classes: set[int] = field(default_factory=set)
    points: list[tuple[int, int, int]] = field(default_factory=list)
    _stride: int = 1
    """Chunks that a point stands for; as many are in the last one where `_filled` says so."""
    _filled: int = 1

    def see(self, stats: Stats, bytes_read: int) -> None:
        """Take down what there is after a chunk."""
        self.stats, self.bytes_read = stats, bytes_read
        size = max(stats.segments_by_class, default=0)
        if size:
            self.classes.add(size)
        self.capacity = max(self.capacity, size)
        if self._filled < self._stride:
            # Goes into the last stretch, which is not complete.
            _, before, _ = self.points.pop()
            size = max(size, before)
            self._filled += 1
        else:
            if len(self.points) == _MOST_POINTS:
                self.points = [_joined(pair) for pair in _pairs(self.points)]
                self._stride *= 2
            self._filled = 1
        self.points.append((bytes_read, size, stats.peak_stack_bytes))


def _pairs(points: list[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
    for place in range(0, len(points), 2):
        yield points[place : place + 2]


def _joined(points: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """Two neighbouring stretches as one."""
    end, _, used = points[-1]
    return end, max(size for _, size, _ in points), used


def measure(curve: Curve, chunks: Iterator[bytes], limits: Limits) -> int:
    """Read one file, and give the status it ends with."""
    reader = Reader(limits)
    try:
        for chunk in chunks:
            for start in range(0, len(chunk), curve.step):
                reader.feed(chunk[start : start + curve.step])
                curve.see(reader.stats, reader.bytes_read)
        reader.close()
    except DecodeError as error:
        return _status.refuse(curve.name, error, reader.lines_before)
    except OSError as error:
        return _status.failed(curve.name, error)
    finally:
        curve.see(reader.stats, reader.bytes_read)
    return _status.DONE


def _file_rows(curves: Sequence[Curve]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("file", "depth", "used", "capacity", "growths", "shrinks", "copied", "classes")]
    for curve in curves:
        stats = curve.stats
        figures = (
            stats.peak_depth,
            stats.peak_stack_bytes,
            curve.capacity,
            stats.growths,
            stats.shrinks,
            stats.bytes_copied,
        )
        rows.append((shown(curve.name), *(f"{figure:,}" for figure in figures), _listed(curve.classes)))
    return rows


def _listed(classes: set[int]) -> str:
    return " ".join(shown_size(size, "bytes") for size in sorted(classes)) or "-"


# --- the sweep ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overflow:
    """A depth at which a class overflows.

    Attributes:
        depth: the least depth of nested arrays that takes so many growths.
        growths: how many.
        used: bytes on the stack at that depth.
        left: the class in bytes that no longer holds them.
        copied: bytes that all moves so far copied.
    """

    depth: int
    growths: int
    used: int
    left: int
    copied: int


def sweep(most: int) -> list[Overflow]:
    """The depths where a class of up to ``most`` bytes overflows, each found by decoders that learnt nothing before."""
    found: list[Overflow] = []
    depth = 1
    while True:
        growths = found[-1].growths + 1 if found else 1
        # Up by doubling, then between the last depth that was below and the first that is not.
        below, above = depth, depth
        while (stats := _nested(above)).growths < growths:
            if stats.peak_stack_bytes > 2 * most:
                return found
            below, above = above, 2 * above
        while above - below > 1:
            middle = (below + above) // 2
            if _nested(middle).growths < growths:
                below = middle
            else:
                above = middle
        stats, before = _nested(above), _nested(above - 1)
        left = 1 << (before.peak_stack_bytes - 1).bit_length()
        if left > most:
            return found
        found.append(Overflow(above, stats.growths, stats.peak_stack_bytes, left, stats.bytes_copied))
        depth = above


def _nested(depth: int) -> Stats:
    """The figures of a decoder that has decoded one document of so many arrays in one another."""
    decoder = json.Decoder(limits=Limits.unlimited())
    decoder.decode(b"[" * depth + b"]" * depth)
    return decoder.stats


def _sweep_rows(found: Sequence[Overflow]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("depth", "used", "overflows", "growths", "copied")]
    rows.extend(
        (f"{step.depth:,}", f"{step.used:,}", shown_size(step.left, "bytes"), f"{step.growths:,}", f"{step.copied:,}")
        for step in found
    )
    return rows
