"""What a class says of its XML: `element` on the class; `attr`, `child` and `text` in annotations; the two rests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, TypeVar, final

if TYPE_CHECKING:
    from forkedenc.xml._typed._nodes import Node
else:
    # Annotations are resolved where the names of events are unknown.
    Node = Any

__all__ = [
    "ELEMENT",
    "REST_ATTRIBUTES",
    "REST_NODES",
    "Attr",
    "Child",
    "RestAttributes",
    "RestNodes",
    "TextContent",
    "attr",
    "child",
    "element",
    "text",
]

_C = TypeVar("_C", bound=type)

ELEMENT: Final = "__forkedenc_xml_element__"
"""The attribute of a class that holds the name of its element."""


@final
@dataclass(frozen=True, slots=True)
class Attr:
    """Marks a field as an attribute; without a name it has the field's."""

    name: str | None = None


@final
@dataclass(frozen=True, slots=True)
class Child:
    """Marks a field as a child element; without a name it has that of its class's own element, else the field's."""

    name: str | None = None


@final
@dataclass(frozen=True, slots=True)
class TextContent:
    """Marks a field as the character data directly in the element."""


class _RestMarker:
    """The class of `REST_ATTRIBUTES` and `REST_NODES`, its only instances."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.name


REST_ATTRIBUTES: Final = _RestMarker("REST_ATTRIBUTES")
REST_NODES: Final = _RestMarker("REST_NODES")

RestAttributes: TypeAlias = Annotated[dict[str, str], REST_ATTRIBUTES]
"""The type of the field that keeps the attributes that no other field claims. A decoder puts an `Attributes` there, which
knows the element's own prefix and declarations as well, or an empty dict where there is nothing to know; a class has at most
one."""

RestNodes: TypeAlias = Annotated[list[Node], REST_NODES]
"""The type of the field that keeps the content that no other field claims, in document order: elements, text with its white
space, comments and PIs, and a `Claimed` wherever something stood that a field holds. A class has at most one."""


def attr(name: str | None = None) -> Attr:
    """In ``Annotated``: the field is an attribute.

    Args:
        name: ``local`` for one in no namespace, or ``{uri}local``: attributes never inherit a namespace (Namespaces in XML
            1.0, section 6.2). The field's name by default.
    """
    return Attr(_checked("attr", name))


def child(name: str | None = None) -> Child:
    """In ``Annotated``: the field is a child element, or with ``list[T]`` and the like all children of that name.

    Args:
        name: ``local`` in the namespace of the class's element, ``{uri}local``, or ``{}local`` for one in no namespace. By
            default the name of the own element of the field's class, else the field's name.
    """
    return Child(_checked("child", name))


def text() -> TextContent:
    """In ``Annotated``: the field is the character data directly in the element, joined across all else that is in it."""
    return TextContent()


def element(name: str) -> Callable[[_C], _C]:
    """A class decorator: the class's own element. Names of children without a namespace are in that of the element.

    Args:
        name: ``local``, or ``{uri}local``.

    Raises:
        ValueError: no such name.
        TypeError: it is no str.
    """
    checked = _checked("element", name)
    if checked is None:
        raise TypeError("an element's name must be a str, not None")
    qualified = checked.removeprefix("{}")

    def mark(cls: _C) -> _C:
        setattr(cls, ELEMENT, qualified)
        return cls

    return mark


def _checked(what: str, name: Any) -> str | None:
    """A name that is ``local`` or ``{uri}local``, or None."""
    if name is None:
        return None
    if not isinstance(name, str):
        raise TypeError(f"the name of an xml.{what} must be a str, not {type(name).__name__}")
    uri, brace, local = name[1:].partition("}") if name.startswith("{") else ("", "}", name)
    if not brace or not local or any(mark in local for mark in "{}:<>&\"'/= \t\r\n") or "{" in uri:
        raise ValueError(f"an xml.{what} is named local or {{uri}}local, not {name!r}")
    return name


# What type checkers, pickles and documentation name.
for _class in (Attr, Child, TextContent):
    _class.__module__ = "forkedenc.xml"
