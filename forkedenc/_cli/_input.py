"""Files and standard input in chunks, with a progress bar on a terminal once the work has taken a second."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

CHUNK_BYTES = 64 << 10
_PATIENCE = 1.0
"""Seconds of work before a bar is shown."""


def name_of(file: str) -> str:
    """How a FILE argument is named in messages."""
    return "<stdin>" if file == "-" else file


class Input:
    """Reads the files of one command, in any thread; use as a context manager, so that the bar goes away."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files
        self._bar: Any = None
        self._task: Any = None
        self._read = 0
        self._lock = threading.Lock()
        self._due = time.monotonic() + _PATIENCE if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def chunks(self, file: str) -> Iterator[bytes]:
        """The bytes of one FILE argument, ``-`` for standard input.

        Raises:
            OSError: it can't be opened or read.
        """
        if file == "-":
            yield from self.read(0)
            return
        # Opened without following the encoding or buffering of a text layer; a FIFO or a device will do.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            yield from self.read(descriptor)
        finally:
            os.close(descriptor)

    def read(self, descriptor: int, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
        """The bytes of an open file.

        Raises:
            OSError: it can't be read.
        """
        while chunk := os.read(descriptor, chunk_bytes):
            yield chunk
            if self._due is None:
                continue
            with self._lock:
                self._read += len(chunk)
                if time.monotonic() >= self._due:
                    self._show()

    def _show(self) -> None:
        if self._bar is None:
            # rich is slow to import, and most runs never get here.
            from rich import progress  # noqa: PLC0415
            from rich.console import Console  # noqa: PLC0415

            columns = (
                progress.BarColumn(),
                progress.DownloadColumn(binary_units=True),
                progress.TransferSpeedColumn(),
                progress.TimeRemainingColumn(),
            )
            self._bar = progress.Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("reading", total=self._total())
            self._bar.start()
        self._bar.update(self._task, completed=self._read)

    def _total(self) -> int | None:
        """The bytes of all files, or None where that can't be known."""
        total = 0
        for file in self._files:
            try:
                status = os.fstat(0) if file == "-" else Path(file).stat()
            except OSError:
                continue
            if not stat.S_ISREG(status.st_mode):
                return None
            total += status.st_size
        return total
