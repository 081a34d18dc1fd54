"""``json.name`` and ``json.rename``: the names that fields have in documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from forkedenc import _naming
from forkedenc._naming import Name

__all__ = ["name", "rename"]

_Class = TypeVar("_Class", bound=type[Any])

Style: TypeAlias = Literal["camel", "pascal", "kebab", "snake", "upper_snake"]


def name(wire: str) -> Name:
    """The name of a field in documents, as metadata: ``full_name: Annotated[str, json.name("fullName")]``.

    Raises:
        TypeError: the name is no str.
    """
    if not isinstance(wire, str):
        raise TypeError(f"a name is a str, not {type(wire).__name__}")
    return Name(wire)


@dataclass(frozen=True, slots=True)
class _Renaming:
    """A style or a function as what renames a field; underscores around a name are kept."""

    style: str | Callable[[str], str]

    def __call__(self, field: str) -> str:
        if not isinstance(self.style, str):
            return self.style(field)
        inner = field.strip("_")
        if not inner:
            return field
        start = field.index(inner)
        return field[:start] + _naming.STYLES[self.style](_naming.words(inner)) + field[start + len(inner) :]


def rename(style: Style | Callable[[str], str]) -> Callable[[_Class], _Class]:
    """A decorator: all fields of the class, and of its subclasses, have names in documents of this style.

    Args:
        style: "camel" (``homeTown``), "pascal" (``HomeTown``), "kebab" (``home-town``), "snake" (``home_town``),
            "upper_snake" (``HOME_TOWN``), or a function from the field's name to its name in documents. A field's own
            ``json.name`` wins.

    Raises:
        ValueError: there is no such style.
    """
    if isinstance(style, str) and style not in _naming.STYLES:
        raise ValueError(f"style must be one of {', '.join(map(repr, _naming.STYLES))}, or a function")
    if not isinstance(style, str) and not callable(style):
        raise TypeError(f"style must be a str or a function, not {type(style).__name__}")

    def renamed(cls: _Class) -> _Class:
        setattr(cls, _naming.ATTRIBUTE, _Renaming(style))
        return cls

    return renamed
