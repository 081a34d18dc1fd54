"""A table: ruled on a terminal, aligned text elsewhere. Text stands to the left, figures to the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO


def print_table(rows: Sequence[tuple[str, ...]], stream: TextIO) -> None:
    """Print rows of the same length, the heads first; the last row tells which columns hold figures."""
    if stream.isatty():
        # rich is slow to import, and a pipe never needs it.
        from rich.console import Console  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        table = Table()
        for head, cell in zip(rows[0], rows[-1], strict=True):
            table.add_column(head, justify="right" if _is_figure(cell) else "left", overflow="fold")
        for row in rows[1:]:
            table.add_row(*map(Text, row))
        Console(file=stream).print(table)
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, rows[-1], widths, strict=True)
        line = "  ".join(cell.rjust(width) if _is_figure(last) else cell.ljust(width) for cell, last, width in cells)
        print(line.rstrip(), file=stream)


def _is_figure(cell: str) -> bool:
    return cell.replace(",", "").isdigit()
