"""Unions: their members, which tokens each takes, and the member by which classes are told apart.

A document says what a value is by its token alone (null, boolean, int, float, string, array, object), so no two members
may take the same one. Classes are all objects: they are told apart by a field that is a Literal in each, or by
msgspec's tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_origin

from forkedenc._schema._hints import peel, refuse, type_text
from forkedenc._schema._members import ClassInfo, wire_name
from forkedenc._schema._nodes import Node
from forkedenc._schema._scalars import claims as scalar_claims, literal_values

__all__ = ["claims", "common_tag", "merge_literals", "overlap"]

_ALL = frozenset({"null", "bool", "int", "float", "string", "array", "object"})
_OF_KIND = {
    **dict.fromkeys(("any", "raw", "hook"), _ALL),
    **dict.fromkeys(("list", "set", "frozenset", "variadic", "tuple"), frozenset({"array"})),
    **dict.fromkeys(("dict", "class", "tagged"), frozenset({"object"})),
}

_SINGLE: dict[str, type[Any]] = {"str": str, "int": int, "bool": bool, "none": type(None)}
"""Nodes that take all values of a type that a Literal may name single values of."""


def claims(node: Node) -> frozenset[str]:
    """The kinds of token that a node takes, which is no union."""
    return _OF_KIND.get(node[0]) or scalar_claims(node)


def overlap(one: Node, other: Node) -> bool:
    """Do two members of a union take the same token, with no rule whose it is?

    An int is an int where a float may stand too, and null is None where the caller's hook may be asked.
    """
    pair = [(node[0], node[1] if node[0] == "scalar" else None) for node in (one, other)]
    if ("scalar", "int") in pair and ("scalar", "float") in pair:
        return False
    if ("none", None) in pair and pair[0][0] != pair[1][0] and "hook" in (one[0], other[0]):
        return False
    return bool(claims(one) & claims(other))


def merge_literals(members: Sequence[tuple[str, Node]], where: str) -> list[tuple[str, Node]]:
    """The members of a union, each with its text: one literal in the place of several.

    There is none for values that a type beside it takes as well.
    """
    merged: list[tuple[str, Node]] = []
    pairs: tuple[tuple[Any, Any], ...] = ()
    text = ""
    whole = {
        _SINGLE.get(node[1] if node[0] == "scalar" else node[0])
        for _, node in members
        if node[-1] is None or node[0] in ("bool", "none")
    }
    for name, node in members:
        if node[:2] != ("scalar", "literal"):
            merged.append((name, node))
            continue
        # A member of an enum is not what its value alone would be.
        kept = tuple(pair for pair in node[2] if not (type(pair[0]) in whole and type(pair[1]) is type(pair[0])))
        pairs += kept
        text = f"{text} | {name}" if text else name
    seen: dict[tuple[type, Any], Any] = {}
    for raw, value in pairs:
        if seen.setdefault((type(raw), raw), value) is not value and seen[type(raw), raw] != value:
            raise refuse(where, f"{text} has two values that the same stands for")
    if seen:
        argument = tuple((raw, value) for (_, raw), value in seen.items())
        merged.append((text, ("scalar", "literal", argument, None)))
    return merged


def _tags(info: ClassInfo) -> dict[str, frozenset[str | int]]:
    """The members whose values could tell this class: by their name, what they may be."""
    found: dict[str, frozenset[str | int]] = {}
    if info.tag is not None:
        found[info.tag[0]] = frozenset({info.tag[1]})
    for member in info.members:
        hint, _, _ = peel(member.hint)
        if get_origin(hint) is Literal:
            values = [raw for raw, _ in literal_values(hint, "")]
            if all(type(raw) is str or (type(raw) is int and -(2**63) <= raw < 2**63) for raw in values):
                found[wire_name(info, member)] = frozenset(values)
    return found


def common_tag(classes: Sequence[tuple[str, ClassInfo]], where: str) -> tuple[str, list[frozenset[str | int]]]:
    """The member that tells these classes apart, and for each class its values.

    Raises:
        SchemaError: there is none; it says which two classes can't be told apart.
    """
    tags = [_tags(info) for _, info in classes]
    candidates = [key for key in tags[0] if all(key in others for others in tags)]
    clash: tuple[str, str] | None = None
    for key in candidates:
        seen: dict[str | int, int] = {}
        clash = None
        for number, own in enumerate(tags):
            for value in own[key]:
                if value in seen:
                    clash = clash or (classes[seen[value]][0], classes[number][0])
                seen.setdefault(value, number)
        if clash is None:
            return key, [own[key] for own in tags]
    if clash is None:
        # The first class that shares no such field with the first.
        others = (number for number, own in enumerate(tags) if number and not set(own) & set(tags[0]))
        clash = (classes[0][0], classes[next(others, 1)][0])
    raise refuse(where, f"{clash[0]} and {clash[1]} can't be told apart: no field is a Literal of other values in each")


def member_text(hint: Any) -> str:
    """A member of a union as errors show it."""
    return "None" if hint is type(None) else type_text(hint)
