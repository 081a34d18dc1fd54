"""Exit statuses, and the one line on standard error that goes with each."""

from __future__ import annotations

import os
import sys

from forkedenc._errors import DecodeError, LimitError, shown, shown_path

DONE = 0
FOUND = 1
USAGE = 2
REFUSED = 3
LIMIT = 4
INPUT_OUTPUT = 5
INTERRUPTED = 130


def complain(name: str, what: str) -> None:
    """Say what is wrong with a file as a whole, in one line."""
    if sys.stderr is not None:
        # Without one, print() would take standard output, where a document may go.
        print(f"{shown(name)}: {shown(what)}", file=sys.stderr)


def refuse(name: str, error: DecodeError, lines_before: int = 0) -> int:
    """Say FILE:LINE:COLUMN: what, and give the status that this error has.

    Args:
        name: the file, as it was named.
        error: what a decoder raised.
        lines_before: how many lines of the file came before what the decoder was given.
    """
    if isinstance(error, LimitError):
        what = f"{error.limit} is {error.maximum}, this takes {error.observed}"
    else:
        # What is wrong, without its place: XML's errors have it beside their message.
        what = getattr(error, "reason", None) or getattr(error, "msg", None) or str(error)
    where = f" at {shown_path(error.path)}" if error.path else ""
    complain(f"{name}:{error.line + lines_before}:{error.column}", f"{what}{where}")
    return LIMIT if isinstance(error, LimitError) else REFUSED


def failed(name: str, error: OSError) -> int:
    """Say why a file could not be read or written."""
    complain(name, error.strerror or str(error))
    return INPUT_OUTPUT


def unwritten(error: OSError) -> int:
    """Say why standard output could not be written, unless its reader just went away."""
    if sys.stdout is not None:
        # What is still buffered must not fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return INPUT_OUTPUT if isinstance(error, BrokenPipeError) else failed("<stdout>", error)
