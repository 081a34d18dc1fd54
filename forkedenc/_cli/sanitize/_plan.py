"""What is cleaned and where it goes: FILES, directories and ``-`` become jobs in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from forkedenc._cli._input import name_of
from forkedenc._cli._policy import root_namespaces

if TYPE_CHECKING:
    from forkedenc.xml.sanitize import Policy

_FEED: Final = (".rss", ".atom", ".rdf", ".xml")
_SOAP: Final = (".soap", ".xml")
_SUFFIXES: Final = {
    "http://www.w3.org/2000/svg": (".svg",),
    "http://www.w3.org/1999/xhtml": (".xhtml", ".xht"),
    "http://www.w3.org/2005/Atom": _FEED,
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": _FEED,
    "": _FEED,
    "http://schemas.xmlsoap.org/soap/envelope/": _SOAP,
    "http://www.w3.org/2003/05/soap-envelope": _SOAP,
}
"""How files are named whose root is in a namespace."""
_ANY: Final = frozenset(suffix for row in _SUFFIXES.values() for suffix in row)


def suffixes(policy: Policy) -> tuple[str, ...]:
    """The ends, in small letters, of the names that are taken of a directory under this policy."""
    namespaces = root_namespaces(policy)
    if None in namespaces:
        return tuple(_ANY)
    return tuple({suffix for uri in namespaces for suffix in _SUFFIXES.get(uri or "", (".xml",))})


@dataclass(frozen=True, slots=True)
class Job:
    """One document to clean.

    Attributes:
        name: the file, as messages name it.
        path: where it is read, ``-`` for standard input.
        target: the file to write, ``-`` for standard output, None for nothing.
        found: it was found in a directory, so a symbolic link is not meant.
        in_place: the document takes its own place.
    """

    name: str
    path: str
    target: str | None
    found: bool
    in_place: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All jobs of a run.

    Attributes:
        jobs: in the order in which they are reported.
        has_directory: FILES name a directory.
        failed: directories that could not be read.
    """

    jobs: list[Job]
    has_directory: bool
    failed: list[OSError]


def make(files: Sequence[str], out: str | None, in_place: bool, check: bool, taken: tuple[str, ...]) -> Plan:
    """Find the documents that FILES name.

    Raises:
        click.UsageError: they can't all go where they are told to go.
        OSError: the directory to write to can't be made.
    """
    directories = [file for file in files if file != "-" and os.path.isdir(file)]  # noqa: PTH112 - paths stay as given
    several = len(files) > 1 or bool(directories)
    if "-" in files and (in_place or several):
        raise click.UsageError("- is one document, for standard output or -o FILE.")
    if several and not (out or in_place or check):
        raise click.UsageError("Several documents need -o DIR or --in-place.")
    place: Callable[[str, str], str | None]
    if check:
        place = _nowhere
    elif in_place:
        place = _itself
    elif out is None or out == "-":
        if several:
            raise click.UsageError("Several documents can't go to standard output.")
        place = _to_standard_output
    elif several or os.path.isdir(out):  # noqa: PTH112
        if "-" in files:
            raise click.UsageError(f"{out} is a directory, and standard input has no name.")
        if several:
            _make_directory(out, directories)
        place = _Into(out)
    else:
        # The file that a link leads to is replaced; what is no file, as /dev/stdout, is written to by its name.
        place = _Onto(out if os.path.exists(out) and not os.path.isfile(out) else os.path.realpath(out))  # noqa: PTH110, PTH113
    failed: list[OSError] = []
    excluded = out if out and isinstance(place, _Into) else None
    jobs = list(_jobs(files, place, _Walk(taken, excluded, failed)))
    if isinstance(place, _Into):
        _refuse_clashes(jobs)
    return Plan(jobs, bool(directories), failed)


def _jobs(files: Sequence[str], place: Callable[[str, str], str | None], walk: _Walk) -> Iterator[Job]:
    seen: set[str] = set()
    for file in files:
        if file == "-" or not os.path.isdir(file):  # noqa: PTH112
            documents = iter([(file, os.path.basename(file))])  # noqa: PTH119
        else:
            documents = walk.files(file)
        for path, relative in documents:
            # Under two names it is cleaned once. A file named by a link keeps the link: what it leads to is replaced.
            if (real := os.path.realpath(path)) not in seen or path == "-":
                seen.add(real)
                found = path != file
                yield Job(name_of(path), path, place(path if found else real, relative), found, place is _itself)


class _Walk:
    """Lists directories without following symbolic links."""

    def __init__(self, taken: tuple[str, ...], excluded: str | None, failed: list[OSError]) -> None:
        self._taken = taken
        self._excluded = os.path.realpath(excluded) if excluded else None
        self._failed = failed

    def files(self, top: str) -> Iterator[tuple[str, str]]:
        """Path, and path from ``top`` on, of each file with a suffix that is taken; each directory's in order."""
        waiting = [(top, "")]
        while waiting:
            directory, relative = waiting.pop()
            try:
                with os.scandir(directory) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
                below = []
                for entry in entries:
                    inside = os.path.join(relative, entry.name)  # noqa: PTH118
                    if entry.is_dir(follow_symlinks=False):
                        if self._excluded is None or os.path.realpath(entry.path) != self._excluded:
                            below.append((entry.path, inside))
                    elif entry.name.lower().endswith(self._taken) and entry.is_file(follow_symlinks=False):
                        yield entry.path, inside
            except OSError as error:
                self._failed.append(error if error.filename else OSError(error.errno, error.strerror, directory))
                continue
            waiting.extend(reversed(below))


def _nowhere(_path: str, _relative: str) -> None:
    return None


def _itself(path: str, _relative: str) -> str:
    return path


def _to_standard_output(_path: str, _relative: str) -> str:
    return "-"


@dataclass(frozen=True, slots=True)
class _Onto:
    """Writes the one document there is to this file."""

    out: str

    def __call__(self, _path: str, _relative: str) -> str:
        return self.out


@dataclass(frozen=True, slots=True)
class _Into:
    """Writes documents into this directory, each where it was below the directory that was named."""

    out: str

    def __call__(self, _path: str, relative: str) -> str:
        return os.path.join(self.out, relative)  # noqa: PTH118


def _make_directory(out: str, directories: Sequence[str]) -> None:
    real = os.path.realpath(out)
    if real in map(os.path.realpath, directories):
        raise click.UsageError(f"{out} is read as well: --in-place says that this is meant.")
    try:
        os.mkdir(out)  # noqa: PTH102
    except FileExistsError:
        if not os.path.isdir(out):  # noqa: PTH112
            raise click.UsageError(f"{out} is no directory, and there are several documents.") from None


def _refuse_clashes(jobs: Sequence[Job]) -> None:
    """Refuse two documents with one target."""
    sources: dict[str | None, str] = {}
    for job in jobs:
        if other := sources.get(job.target):
            raise click.UsageError(f"{other} and {job.name} would both be {job.target}.")
        sources[job.target] = job.name
