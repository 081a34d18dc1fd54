"""Cleans documents, in several threads if that is wanted, and gives what became of each in their order."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Event
from typing import TYPE_CHECKING, Final

from forkedenc._cli._input import CHUNK_BYTES, Input
from forkedenc._cli.sanitize._plan import Job
from forkedenc._cli.sanitize._write import File, Output, UnwrittenError, open_file, standard_output
from forkedenc._errors import DecodeError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from forkedenc.xml.sanitize import Report, Sanitizer

_FILE_CHUNK_BYTES: Final = 4096 << 10
"""How much of a file is read at a time: threads meet that often."""
_AHEAD: Final = 4
"""Documents for each thread that are begun, or done, while an earlier one is not reported yet."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job.

    Attributes:
        job: the job.
        report: the sanitizer's, None where it failed.
        written: a file has new content.
        error: why it failed: the document was refused, could not be read, or could not be written.
    """

    job: Job
    report: Report | None = None
    written: bool = False
    error: DecodeError | OSError | UnwrittenError | None = None


class _Stopped(Exception):  # noqa: N818 - it is none
    """The run has ended: what is begun is given up."""


class Cleaner:
    """Does jobs, so many at a time."""

    def __init__(self, sanitizer: Sanitizer, source: Input, threads: int) -> None:
        self._sanitizer = sanitizer
        self._source = source
        self._stop = Event()
        self._threads = threads
        self._turns = BoundedSemaphore(threads)

    def all(self, jobs: Iterable[Job]) -> Generator[Outcome, None, None]:
        """What became of each job, in the order of the jobs. Give the iterator up to give the rest of the jobs up."""
        if self._threads == 1:
            yield from map(self.one, jobs)
            return
        # A pipe needs no threads.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        waiting: deque[Future[Outcome]] = deque()
        # As many again wait for the disk while others clean.
        with ThreadPoolExecutor(2 * self._threads) as pool:
            try:
                for job in jobs:
                    waiting.append(pool.submit(self.one, job))
                    if len(waiting) > _AHEAD * self._threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                self._stop.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def one(self, job: Job) -> Outcome:
        """Do one job."""
        output = None
        try:
            with self._turns, _opened(job) as (descriptor, status):
                output = _output(job, status)
                report = self._pass(output, descriptor, CHUNK_BYTES if status is None else _FILE_CHUNK_BYTES)
            # Not before the document is closed: some systems replace no open file.
            return Outcome(job, report, written=output.finish())
        except (DecodeError, OSError, UnwrittenError) as error:
            return Outcome(job, error=error)
        finally:
            if output is not None:
                output.abandon()

    def _pass(self, output: Output, descriptor: int, chunk_bytes: int) -> Report:
        """Clean what an open file has into an output."""
        with self._sanitizer.stream(output.write) as stream:
            for chunk in self._source.read(descriptor, chunk_bytes):
                if self._stop.is_set():
                    raise _Stopped
                stream.feed(chunk)
        return stream.report


@contextmanager
def _opened(job: Job) -> Generator[tuple[int, os.stat_result | None], None, None]:
    """The document's descriptor, and its status if it is a file."""
    if job.path == "-":
        yield 0, None
        return
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    if job.found:
        # It was a plain file when it was found; should it be a link or a FIFO by now, it is neither followed nor waited for.
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(job.path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) and (job.found or job.in_place):
            raise OSError(errno.EINVAL, "it is no plain file")
        yield descriptor, status
    finally:
        os.close(descriptor)


def _output(job: Job, status: os.stat_result | None) -> Output:
    if job.target is None:
        return Output()
    if job.target == "-":
        return standard_output()
    if job.in_place:
        return File(job.name, job.target, status, replaced=True)
    if job.found:
        try:
            os.makedirs(os.path.dirname(job.target), exist_ok=True)  # noqa: PTH103, PTH120
        except OSError as error:
            raise UnwrittenError(job.target, error) from error
    return open_file(job.target)


def available_cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
