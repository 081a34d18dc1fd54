"""``forkedenc check``: are these documents well-formed and within limits? Nothing is built, so memory stays flat.

The format is told by content: a record separator starts an RFC 7464 sequence, ``<`` starts XML (in UTF-8 or UTF-16), and JSON
whose first line is a whole document with more behind it is JSON Lines. `Reader` does that; the command is above it.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from forkedenc import _native
from forkedenc._cli import _status
from forkedenc._cli._input import Input, name_of
from forkedenc._cli._options import limit_options
from forkedenc._errors import LimitError, shown
from forkedenc._limits import Limits
from forkedenc._runtime import Stats
from forkedenc.json import DecodeError as JSONDecodeError
from forkedenc.xml import ParseError

_SPACE = b" \t\r\n"
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"\x00<")
_TELLING = max(map(len, _XML_STARTS))


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES|-...")
@click.option("--stats", is_flag=True, help="Print what was read and the measured growth of the stack.")
@limit_options
def check(files: tuple[str, ...], stats: bool, limits: Limits) -> int:
    """Check that FILES are well-formed and within limits.

    Reads XML, JSON, JSON Lines and RFC 7464 sequences, told by content; - is standard input. Each file that is refused
    gives one line FILE:LINE:COLUMN: what. Of XML the internal DTD subset is read, and nothing external. Sizes take a
    unit, as in 8MiB; none means no limit.
    """
    status = _status.DONE
    with Input(files) as source:
        for file in files:
            status = max(status, _check(name_of(file), source.chunks(file), limits, stats))
    return status


def _check(name: str, chunks: Iterator[bytes], limits: Limits, stats: bool) -> int:
    reader = Reader(limits)
    status = _status.DONE
    try:
        for chunk in chunks:
            reader.feed(chunk)
        reader.close()
    except (JSONDecodeError, ParseError) as error:
        status = _status.refuse(name, error, reader.lines_before)
    except OSError as error:
        status = _status.failed(name, error)
    if stats:
        click.echo(_report(name, reader))
    return status


class Reader:
    """Finds out what is fed, and has the right checker read it.

    Attributes:
        form: what it turned out to be; "" while only white space was fed.
        documents: how many were completed.
        bytes_read: how many bytes were fed.
        lines_before: how many lines an earlier checker read; the one in use counts its own from 1.
    """

    def __init__(self, limits: Limits) -> None:
        self.form = ""
        self.documents = 0
        self.bytes_read = 0
        self.lines_before = 0
        self._limits = limits
        self._checker: _native.Checker | _native.XmlChecker = _native.Checker("document", limits=limits)
        # White space may come before XML as well.
        self._xml = _native.XmlChecker(limits=limits)
        self._earlier: Stats | None = None
        self._bytes_before = 0
        self._held = b""
        self._lines = 0
        self._begun = False
        # Until the first line that is not blank has ended, JSON may turn out to be JSON Lines.
        self._undecided = True

    def feed(self, chunk: bytes) -> None:
        """Read one more chunk of the file.

        Raises:
            JSONDecodeError, ParseError: the file is refused; its line counts from the first that the checker in use read.
        """
        if not self.form:
            chunk = self._held + chunk
            said = chunk.lstrip(_SPACE)
            self._held = chunk if 0 < len(said) < _TELLING else b""
            if self._held:
                return
            if said:
                self._tell(said)
            else:
                self._xml.feed(chunk)
        while self._undecided and chunk:
            line, newline, chunk = chunk.partition(b"\n")
            self._read(line + newline)
            self._begun = self._begun or bool(line.strip(_SPACE))
            if newline:
                self._line_ended()
        if chunk:
            self._read(chunk)

    def close(self) -> None:
        """Say that the file has ended.

        Raises:
            JSONDecodeError, ParseError: it ended too early, or what was held back is refused.
        """
        held, self._held = self._held, b""
        if held:
            self._tell(held.lstrip(_SPACE))
            self.feed(held)
        self._count(self._checker.close())

    @property
    def stats(self) -> Stats:
        """What the runtime measured."""
        return self._checker.stats if self._earlier is None else self._earlier + self._checker.stats

    def _tell(self, said: bytes) -> None:
        """Tell the form by the first bytes that are no white space."""
        if said.startswith(_XML_STARTS):
            self.form, self._undecided, self._checker = "XML", False, self._xml
            return
        self.form = "JSON"
        if said.startswith(b"\x1e"):
            self.form, self._undecided = "JSON text sequence", False
            self._checker = _native.Checker("seq", limits=self._limits)

    def _line_ended(self) -> None:
        """Decide, unless all lines so far were blank."""
        self._lines += 1
        if not self._begun:
            return
        if self._checker.depth == 0:
            # No scalar goes on behind a line end, so this is a whole document.
            self._count(self._checker.close())
            self._undecided, self.lines_before, self._bytes_before = False, self._lines, self.bytes_read
            self._earlier = self._checker.stats
            self._checker = _native.Checker("lines", limits=self._rest_of(self._limits))
        else:
            self._undecided = False

    def _rest_of(self, limits: Limits) -> Limits:
        """What the limits leave for the rest of the file."""
        if limits.max_stream_bytes is None:
            return limits
        return limits.replace(max_stream_bytes=limits.max_stream_bytes - self._bytes_before)

    def _read(self, chunk: bytes) -> None:
        try:
            self._count(self._checker.feed(chunk))
        except LimitError as error:
            raise self._placed(error) from None
        self.bytes_read += len(chunk)

    def _count(self, completed: int) -> None:
        if completed and self.lines_before:
            self.form = "JSON Lines"
        self.documents += completed

    def _placed(self, error: LimitError) -> LimitError:
        """A stream limit's error with the numbers of the whole file."""
        if error.limit == "max_stream_bytes":
            error.maximum += self._bytes_before
            error.observed += self._bytes_before
        return error


def _report(name: str, reader: Reader) -> str:
    """What --stats prints for one file."""
    stats = reader.stats
    counted = f"{reader.form or 'nothing'}, {reader.documents:,} documents, {reader.bytes_read:,} bytes"
    return "\n".join(
        (
            f"{shown(name)}: {counted}",
            f"  depth    {stats.peak_depth:,} at most",
            f"  stack    {stats.peak_stack_bytes:,} bytes used at most",
            f"  growth   {stats.growths:,} growths, {stats.bytes_copied:,} bytes copied, {stats.growth_ns / 1e6:.3f} ms",
            f"  chunks   {stats.resumes:,} resumes, {stats.suspensions:,} suspensions",
        )
    )
