"""What a compiled type is: nodes as plain tuples, the shapes of its classes, and the rules for values.

Names and objects only; the native side reads them once, by attribute name.

A node's first item says its kind:

``("any",) ("raw",) ("none",) ("bool",)``;
``("scalar", kind, argument, constraints)``: kind is int, float, str, bytes, decimal, datetime, date, time, timedelta,
uuid, enum or literal; the argument of an enum is ``(cls, ((value, member), ...))``, of a literal ``((raw, value), ...)``;
``("list", item, constraints)``, also set, frozenset, variadic (``tuple[T, ...]``);
``("tuple", (item, ...), constraints)``; ``("dict", key, value, constraints)``;
``("class", shape)``; ``("tagged", wire name, ((tag, shape), ...))``; ``("union", (node, ...))``; ``("hook", type)``.

Items, keys and members are numbers of nodes, a shape is the number of a shape. The members of a union claim different
tokens, with two exceptions, for which a later member wins over an earlier one: float before int, a hook before None.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from typing import Any

__all__ = ["MISSING", "Constraints", "Field", "Node", "RestField", "Schema", "Shape", "missing"]

Node = tuple[Any, ...]


def missing() -> Any:
    """`MISSING` as a field's default, which it would not be as the object itself."""
    return MISSING


@dataclass(frozen=True, slots=True)
class Constraints:
    """Rules for a value; None asks nothing. Lengths are characters of a str, bytes, or items."""

    ge: Any = None
    gt: Any = None
    le: Any = None
    lt: Any = None
    multiple_of: Any = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: re.Pattern[str] | None = None

    def names(self) -> list[str]:
        """The rules that ask something."""
        return [field.name for field in dataclasses.fields(self) if getattr(self, field.name) is not None]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A field of a class.

    Attributes:
        name: the attribute, or the key of a dict.
        wire: the name of the member that it claims.
        node: the number of its type's node; -1 in a shape made for encoding.
        required: whether a document must have it. If not, and there is neither a default nor a factory, an absent member
            leaves no trace.
        default: its default, else `MISSING`.
        factory: what makes its default, else None.
    """

    name: str
    wire: str
    node: int
    required: bool
    default: Any = dataclasses.field(default_factory=missing)
    factory: Callable[[], Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RestField:
    """Where a class keeps what no field claims.

    Attributes:
        name: the attribute or key; empty if ``inline``.
        node: the number of the node of each value; -1 in a shape made for encoding.
        inline: the members lie beside the fields: PEP 728's extra items, pydantic's extra.
    """

    name: str
    node: int
    inline: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A class: its fields and how an instance is made.

    Attributes:
        cls: the class.
        kind: "instance": allocated, then each attribute set, past ``__init__``; "dict"; "tuple" and "call": ``make``.
        fields: in their order, without the rest.
        rest: where unknown members go.
        unknown: what the class itself says of unknown members: "rest", "ignore" or "error".
        post: called in turn with each finished instance.
        tag: the name and value of a member that tells the class and is no field of it.
        make: for "call" given the values by field name and the inline rest, for "tuple" a tuple of all fields.
    """

    cls: type[Any]
    kind: str
    fields: tuple[Field, ...]
    rest: RestField | None
    unknown: str
    post: tuple[Callable[[Any], Any], ...] = ()
    tag: tuple[str, str | int] | None = None
    make: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A compiled type: the number of its node, all nodes and shapes that it reaches, and whether it reads laxly."""

    root: int
    nodes: tuple[Node, ...]
    shapes: tuple[Shape, ...]
    lax: bool = False

    @property
    def has_rest(self) -> bool:
        """Does any class of it keep what is unknown?"""
        return any(shape.rest is not None for shape in self.shapes)
