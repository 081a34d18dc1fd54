"""Names on the wire: the marker of a field's own name, and the styles that a whole class can be renamed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, get_origin

__all__ = ["ATTRIBUTE", "STYLES", "Name", "renaming_of", "words"]

ATTRIBUTE = "__forkedenc_rename__"
"""Where a class keeps what renames its fields; subclasses inherit it."""


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a field in documents; stands in ``Annotated``."""

    name: str


def words(name: str) -> list[str]:
    """The words of a name: cut at underscores, and where a capital follows what is none (``homeURL2`` is home, URL2)."""
    found: list[str] = []
    for part in name.split("_"):
        start = 0
        for at in range(1, len(part)):
            ends_run = part[at].isupper() and at + 1 < len(part) and part[at + 1].islower() and part[at - 1].isupper()
            if ends_run or (part[at].isupper() and not part[at - 1].isupper()):
                found.append(part[start:at])
                start = at
        if part:
            found.append(part[start:])
    return found


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:].lower()


def _camel(parts: list[str]) -> str:
    return "".join([part.lower() for part in parts[:1]] + [_capital(part) for part in parts[1:]])


STYLES: dict[str, Callable[[list[str]], str]] = {
    "camel": _camel,
    "pascal": lambda parts: "".join(map(_capital, parts)),
    "kebab": lambda parts: "-".join(parts).lower(),
    "snake": lambda parts: "_".join(parts).lower(),
    "upper_snake": lambda parts: "_".join(parts).upper(),
}


def _bases(cls: type[Any]) -> Iterable[type[Any]]:
    """A class and its bases; those of a TypedDict are where it was declared, not in its inheritance."""
    yield from cls.__mro__
    for base in vars(cls).get("__orig_bases__", ()):
        base = get_origin(base) or base  # noqa: PLW2901
        if isinstance(base, type) and base not in cls.__mro__:
            yield from _bases(base)


def renaming_of(cls: type[Any]) -> Callable[[str], str] | None:
    """What renames the fields of a class, or None."""
    for base in _bases(cls):
        found: Callable[[str], str] | None = vars(base).get(ATTRIBUTE)
        if found is not None:
            return found
    return None
