"""``forkedenc break``: hostile documents on standard output, for testing any parser. `forkedenc.breaking` makes them."""

from __future__ import annotations

import sys
from typing import Any

import click

from forkedenc import breaking
from forkedenc._cli import _status
from forkedenc._cli._options import Size


class _Bytes(Size):
    """A number of bytes; every document has some size."""

    wanted = "a number of bytes, such as 4096 or 8MiB"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float | None:
        """The number; a usage error for anything else."""
        if str(value) == "none":
            self.fail(f"{value!r} is not {self.wanted}", param, ctx)
        return super().convert(value, param, ctx)


@click.command("break")
@click.argument("kind", required=False)
@click.option("--list", "listed", is_flag=True, help="Name the kinds, with what a correct parser does and a summary.")
@click.option("--size", type=_Bytes(), default="1MiB", show_default=True, help="About how long the document shall be.")
@click.option("--seed", type=int, default=0, metavar="S", show_default=True, help="Which of the many of that size.")
def break_(kind: str | None, listed: bool, size: int, seed: int) -> int:
    """Write a hostile document of this KIND to standard output.

    The same words give the same bytes. --list names the kinds and tells what a correct parser does with each: valid, it
    reads the document; error, it refuses it; limit, the grammar allows it and no server should take it whole.
    Nothing named in a document exists, so a parser that fetches what it reads of finds nothing.
    """
    kinds = breaking.kinds()
    if listed:
        if kind is not None:
            raise click.UsageError("--list takes no KIND.")
        return _list(kinds)
    if kind is None:
        raise click.UsageError("Missing argument 'KIND'; --list names the kinds.")
    if kind not in kinds:
        alike = [name for name in kinds if kind in name]
        hint = f"such as {', '.join(alike[:5])}" if alike else "--list names them"
        raise click.UsageError(f"{kind!r} is no kind; {hint}.")
    if sys.stdout is not None and sys.stdout.isatty():
        raise click.UsageError("Raw bytes are no good on a terminal: send them to a file or through a pipe.")
    return _write(kinds[kind], size, seed)


def _list(kinds: dict[str, breaking.Kind]) -> int:
    name_width = max(map(len, kinds))
    outcome_width = max(len(kind.outcome) for kind in kinds.values())
    for kind in kinds.values():
        print(f"{kind.name:{name_width}}  {kind.outcome:{outcome_width}}  {kind.summary}")
    return _status.DONE


def _write(kind: breaking.Kind, size: int, seed: int) -> int:
    if sys.stdout is None:
        _status.complain("<stdout>", "it is closed")
        return _status.INPUT_OUTPUT
    try:
        for chunk in kind.generate(size, seed):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except OSError as error:
        # Here, and not where click would see it: it has a status of its own for a reader that went away.
        return _status.unwritten(error)
    return _status.DONE
