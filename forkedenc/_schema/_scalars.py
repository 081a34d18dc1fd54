"""Types that one value of text, number, boolean or null stands for."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from typing import Any, Literal, get_args, get_origin

from forkedenc._schema._constraints import constrain, read_constraints
from forkedenc._schema._hints import alias_value, is_alias, peel, refuse, type_text
from forkedenc._schema._nodes import Node

__all__ = ["claims", "encodable", "literal_values", "plain_scalar", "scalar_node"]

_KINDS: dict[Any, Node] = {
    int: ("scalar", "int", None, None),
    float: ("scalar", "float", None, None),
    str: ("scalar", "str", None, None),
    bytes: ("scalar", "bytes", None, None),
    decimal.Decimal: ("scalar", "decimal", None, None),
    dt.datetime: ("scalar", "datetime", None, None),
    dt.date: ("scalar", "date", None, None),
    dt.time: ("scalar", "time", None, None),
    dt.timedelta: ("scalar", "timedelta", None, None),
    uuid.UUID: ("scalar", "uuid", None, None),
    bool: ("bool",),
    None: ("none",),
    type(None): ("none",),
}


def plain_scalar(hint: Any, where: str) -> Node | None:
    """The node of a scalar type without anything around it, None for any other type.

    Raises:
        SchemaError: an Enum or Literal that nothing in a document stands for.
    """
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return _enum(hint, where)
    if get_origin(hint) is Literal:
        return ("scalar", "literal", literal_values(hint, where), None)
    if getattr(hint, "_name", None) == "LiteralString" and type(hint).__module__ in ("typing", "typing_extensions"):
        return _KINDS[str]
    try:
        return _KINDS.get(hint)
    except TypeError:  # an alias with something unhashable among its arguments
        return None


def scalar_node(hint: Any, where: str) -> Node | None:
    """The node of a scalar type, its rules included; None for any other type.

    Raises:
        SchemaError: a scalar type that can't be decoded, or a rule that does not fit it.
    """
    hint, metadata, _ = peel(hint)
    if is_alias(hint):
        seen = set()
        while is_alias(hint) and hint not in seen:
            seen.add(hint)
            hint, more, _ = peel(alias_value(hint, where))
            metadata = (*more, *metadata)
    node = plain_scalar(hint, where)
    rules = None if node is None else read_constraints(metadata, where)
    if node is None or rules is None:
        return node
    return constrain(node, rules, where)[0]


def encodable(text: str) -> bool:
    """Can a document hold the text? None has lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _enum(cls: type[enum.Enum], where: str) -> Node:
    name = type_text(cls)
    if issubclass(cls, enum.Flag):
        raise refuse(where, f"{name} is a Flag, whose values no single member stands for")
    members = tuple((member.value, member) for member in cls)
    if not members:
        raise refuse(where, f"{name} has no members")
    for value, member in members:
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise refuse(where, f"{name}.{member.name} has a value that is neither str nor int")
        if isinstance(value, str) and not encodable(value):
            raise refuse(where, f"{name}.{member.name} has a value with lone surrogates")
    return ("scalar", "enum", (cls, tuple((_plain(value), member) for value, member in members)), None)


def _plain(value: str | int) -> str | int:
    """The value without a subclass of str or int around it, such as StrEnum's members are."""
    return str.__str__(value) if isinstance(value, str) else int(value)


def literal_values(hint: Any, where: str) -> tuple[tuple[Any, Any], ...]:
    """What stands in a document for each value of a Literal, and the value; nested ones laid flat.

    Raises:
        SchemaError: a value that nothing in a document stands for, or two that the same does.
    """
    found: dict[tuple[type, Any], Any] = {}
    for value in get_args(hint):
        if get_origin(value) is not None:
            pairs = literal_values(value, where)
        elif isinstance(value, enum.Enum):
            raw = value.value
            if not isinstance(raw, str | int) or isinstance(raw, bool):
                raise refuse(where, f"{type_text(hint)} has a member whose value is neither str nor int")
            pairs = ((_plain(raw), value),)
        elif value is None or type(value) in (str, int, bool):
            pairs = ((value, value),)
        else:
            raise refuse(where, f"{type_text(hint)} has a value that is no str, int, bool or None")
        for raw, value_of in pairs:
            if isinstance(raw, str) and not encodable(raw):
                raise refuse(where, f"{type_text(hint)} has a value with lone surrogates")
            if found.setdefault((type(raw), raw), value_of) is not value_of and found[type(raw), raw] != value_of:
                raise refuse(where, f"{type_text(hint)} has two values that the same stands for")
    if not found:
        raise refuse(where, "a Literal without values")
    return tuple((raw, value) for (_, raw), value in found.items())


def claims(node: Node) -> frozenset[str]:
    """The kinds of token that a scalar's node takes, when reading strictly."""
    if node[0] != "scalar":
        return frozenset({"null" if node[0] == "none" else "bool"})
    kind, argument = node[1], node[2]
    if kind == "enum":
        return frozenset(_token(raw) for raw, _ in argument[1])
    if kind == "literal":
        return frozenset(_token(raw) for raw, _ in argument)
    if kind == "decimal":
        return frozenset({"int", "float", "string"})
    if kind == "float":
        return frozenset({"int", "float"})
    return frozenset({"int" if kind == "int" else "string"})


def _token(raw: Any) -> str:
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "bool"
    return "int" if isinstance(raw, int) else "string"
