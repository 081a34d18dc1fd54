"""What a class with XML fields is compiled to; the native side reads it once, by attribute name.

A child's value is a scalar, whose node is one of ``forkedenc._schema``'s, or an instance of one of some classes. What
encodes asks less than what decodes: see `XmlField`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from forkedenc._schema import MISSING, Node, Shape

__all__ = ["MISSING", "XmlField", "XmlSchema", "XmlShape"]


def _missing() -> Any:
    return MISSING


@dataclass(frozen=True, slots=True, eq=False)
class XmlField:
    """A field of a class: an attribute, a child element, or the character data directly in the element.

    Attributes:
        name: the attribute of the instance.
        kind: "attribute", "child" or "text".
        tag: the name that it claims, ``{uri}local`` or ``local``, the class's namespace put in; empty for "text", and for
            a child that is told by the own element names of its classes.
        node: the scalar node of one value, None if values are instances. Always None in a shape made for encoding.
        shapes: of values that are instances: (name, number of the shape) pairs, the name being ``tag`` if there is one.
            Always empty in a shape made for encoding.
        many: "" for one value, else what holds them: "list", "set", "frozenset" or "variadic" (``tuple[T, ...]``). Of an
            attribute: its text is a list of values with white space between them (xs:list).
        optional: None is a value of it, and stands for its absence.
        required: whether a document must have it.
        default: its default, else `MISSING`; factory: what makes it, else None.
    """

    name: str
    kind: Literal["attribute", "child", "text"]
    tag: str
    node: Node | None = None
    shapes: tuple[tuple[str, int], ...] = ()
    many: str = ""
    optional: bool = False
    required: bool = True
    default: Any = dataclasses.field(default_factory=_missing)
    factory: Callable[[], Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class XmlShape:
    """A class: its element, its fields and its rests.

    Attributes:
        cls: the class.
        element: the name of its own element, ``{uri}local`` or ``local``; empty if it has none.
        fields: in their order, without the rests; in a shape made for encoding only those that are written.
        attributes: the name of the field that keeps the attributes which no field claims, else empty.
        nodes: the name of the field that keeps the content which no field claims, else empty.
        made: how instances are made: ``fields`` are those of this shape in their order, then ``attributes``, then
            ``nodes``, each where there is one, as plain fields. None in a shape made for encoding.
    """

    cls: type[Any]
    element: str
    fields: tuple[XmlField, ...]
    attributes: str = ""
    nodes: str = ""
    made: Shape | None = None


@dataclass(frozen=True, slots=True, eq=False)
class XmlSchema:
    """A compiled class: the number of its shape, and all shapes that it reaches."""

    root: int
    shapes: tuple[XmlShape, ...]
