"""What is told of a run: a line for each failure, reports as they are asked for, and a table of a directory."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal, TextIO

from forkedenc._cli import _status
from forkedenc._cli._table import print_table
from forkedenc._cli.sanitize._run import Outcome
from forkedenc._cli.sanitize._write import UnwrittenError, write_all
from forkedenc._errors import DecodeError, LimitError, shown

if TYPE_CHECKING:
    from forkedenc.xml.sanitize import Report

Form = Literal["json", "text"]


class Teller:
    """Tells of one outcome after the other, and counts."""

    def __init__(self, form: Form | None, check: bool, stream: TextIO | None) -> None:
        """Begin with nothing told.

        Args:
            form: of reports, None for none.
            check: something to remove is what is looked for.
            stream: where reports go, None if it is closed.
        """
        self._form, self._check, self._stream = form, check, stream
        self._files = self._changed = 0
        self._failed: Counter[int] = Counter()
        self._removed: Counter[str] = Counter()

    def tell(self, outcome: Outcome) -> int:
        """Tell of one outcome, and give the status it has.

        Raises:
            OSError: reports can't be written.
        """
        self._files += 1
        if outcome.error is not None:
            status = _complain(outcome)
            self._failed[status] += 1
        else:
            status = self._count(outcome)
        if self._form == "json":
            # Few runs want it.
            from forkedenc import json  # noqa: PLC0415

            self._emit(json.encode(_record(outcome, status)) + b"\n")
        elif self._form == "text" and outcome.report is not None:
            self._emit("".join(f"{line}\n" for line in _lines(outcome.job.name, outcome.report)).encode())
        return status

    def summarize(self) -> None:
        """Print the table of the whole run, on standard error."""
        if sys.stderr is None:
            return
        counts = {
            "files": self._files,
            "to clean" if self._check else "written": self._changed,
        }
        failed = {
            "refused": self._failed[_status.REFUSED],
            "over a limit": self._failed[_status.LIMIT],
            "failed": self._failed[_status.INPUT_OUTPUT],
        }
        counts.update((name, count) for name, count in failed.items() if count)
        counts.update((f"{kind} removed", count) for kind, count in sorted(self._removed.items()))
        print_table([("summary", "count"), *((name, f"{count:,}") for name, count in counts.items())], sys.stderr)

    def _count(self, outcome: Outcome) -> int:
        report = outcome.report
        if report is None:
            return _status.DONE
        self._removed.update(report.counts)
        if not self._check:
            self._changed += outcome.written
            return _status.DONE
        if not report.removed:
            return _status.DONE
        self._changed += 1
        if self._form is None:
            counts = ", ".join(f"{count} {kind}" for kind, count in report.counts.items())
            _status.complain(outcome.job.name, f"would be removed: {counts}")
        return _status.FOUND

    def _emit(self, data: bytes) -> None:
        if self._stream is None:
            return
        self._stream.flush()
        write_all(self._stream.fileno(), data)


def _complain(outcome: Outcome) -> int:
    error, name = outcome.error, outcome.job.name
    if isinstance(error, DecodeError):
        return _status.refuse(name, error)
    if isinstance(error, UnwrittenError):
        if error.name == "<stdout>" or isinstance(error.error, BrokenPipeError):
            return _status.unwritten(error.error)
        return _status.failed(error.name, error.error)
    assert isinstance(error, OSError)  # noqa: S101 - an outcome has no other
    return _status.failed(name, error)


def _record(outcome: Outcome, status: int) -> dict[str, Any]:
    """The line of a JSON report."""
    record: dict[str, Any] = {"file": shown(outcome.job.name), "status": status}
    if outcome.report is not None:
        record.update(outcome.report.as_dict())
        return record
    error = outcome.error
    if isinstance(error, UnwrittenError):
        error = error.error
    if isinstance(error, DecodeError):
        details = ["line", "column", "offset", "path", "kind"]
        details += ["limit", "maximum", "observed"] if isinstance(error, LimitError) else []
        record["error"] = {"message": shown(str(error))} | {detail: getattr(error, detail) for detail in details}
    elif error is not None:
        record["error"] = {"message": shown(error.strerror or str(error))}
    return record


def _lines(name: str, report: Report) -> Iterator[str]:
    """The lines of a text report: each removal with its place, and the numbers."""
    *removals, numbers = report.to_text().splitlines()
    for removal in removals:
        yield f"{shown(name)}:{removal}"
    yield f"{shown(name)}: {numbers}"
