"""Rules for values in ``Annotated``.

They are annotated-types' and what has its protocol, pydantic's ``Field``, msgspec's ``Meta``, and compiled patterns. None
of those libraries is imported: their objects are known by class name and module.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from forkedenc._schema._hints import refuse
from forkedenc._schema._nodes import Constraints, Node

__all__ = ["constrain", "read_constraints"]

_BOUNDS = ("ge", "gt", "le", "lt")
_LENGTHS = ("min_length", "max_length")
_NUMBERS = frozenset({*_BOUNDS, "multiple_of"})
_TIMES = {
    "datetime": dt.datetime,
    "date": dt.date,
    "time": dt.time,
    "timedelta": dt.timedelta,
}
_FITTING: dict[str, frozenset[str]] = {
    **dict.fromkeys(("int", "float", "decimal"), _NUMBERS),
    **dict.fromkeys(_TIMES, frozenset(_BOUNDS)),
    "str": frozenset({*_LENGTHS, "pattern"}),
    **dict.fromkeys(("bytes", "list", "set", "frozenset", "variadic", "tuple", "dict"), frozenset(_LENGTHS)),
}
_PLACES = {"scalar": 3, "list": 2, "set": 2, "frozenset": 2, "variadic": 2, "tuple": 2, "dict": 3}
"""Where in a node the constraints are."""

_ATTRIBUTES = {
    "Ge": ("ge",),
    "Gt": ("gt",),
    "Le": ("le",),
    "Lt": ("lt",),
    "MultipleOf": ("multiple_of",),
    "MinLen": ("min_length",),
    "MaxLen": ("max_length",),
}
_BEYOND = {"Predicate", "Not", "Timezone", "IsNan", "LowerCase", "UpperCase"}
"""annotated-types' rules that we would have to pass over: better none than one that is not kept."""


def read_constraints(metadata: Iterable[Any], where: str) -> Constraints | None:
    """The rules in metadata, the tighter of two; None if there are none. What is no rule is passed over.

    Raises:
        SchemaError: a rule that can't be kept, or that contradicts itself.
    """
    rules: Constraints | None = None
    for name, value in _rules(metadata, where):
        rules = _both(rules, replace(Constraints(), **{name: _checked(name, value, where)}), where)
    return rules


def _rules(metadata: Iterable[Any], where: str) -> Iterator[tuple[str, Any]]:
    for mark in metadata:
        if isinstance(mark, re.Pattern):
            yield "pattern", mark
            continue
        cls = type(mark)
        library = cls.__module__.partition(".")[0]
        if library == "annotated_types" and cls.__name__ in _ATTRIBUTES:
            yield from _given(mark, _ATTRIBUTES[cls.__name__])
        elif library == "annotated_types" and cls.__name__ in _BEYOND:
            raise refuse(where, f"the rule {cls.__name__} can't be kept; check it in __post_init__")
        elif getattr(mark, "__is_annotated_types_grouped_metadata__", False) is True:
            yield from _rules(mark, where)
        elif library == "pydantic" and cls.__name__ == "FieldInfo":
            yield from _rules(mark.metadata, where)
        elif library == "msgspec" and cls.__name__ == "Meta":
            if mark.tz is not None:
                raise refuse(where, "the rule tz can't be kept; check it in __post_init__")
            yield from _given(mark, (*_BOUNDS, "multiple_of", "pattern", *_LENGTHS))
        elif isinstance(getattr(mark, "pattern", None), str | re.Pattern):
            yield "pattern", mark.pattern


def _given(mark: Any, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name in names if (value := getattr(mark, name)) is not None)


def _checked(name: str, value: Any, where: str) -> Any:
    if name == "pattern":
        if isinstance(value, str):
            try:
                value = re.compile(value)
            except re.error as error:
                raise refuse(where, f"its pattern is none: {error}") from error
        if isinstance(value.pattern, bytes):
            raise refuse(where, "a pattern of bytes is for no text")
    elif name in _LENGTHS:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise refuse(where, f"{name} must be an int of at least 0")
    elif isinstance(value, bool) or value != value:  # noqa: PLR0124 - NaN
        raise refuse(where, f"{name} must be a number or a time, and not NaN")
    if name == "multiple_of" and not (isinstance(value, int | float | decimal.Decimal) and 0 < value < math.inf):
        raise refuse(where, "multiple_of must be a number over 0")
    return value


def _both(one: Constraints | None, other: Constraints | None, where: str) -> Constraints | None:
    """The rules of both; of two alike the tighter."""
    if one is None or other is None:
        return one or other
    merged = one
    for name in other.names():
        mine, value = getattr(one, name), getattr(other, name)
        if mine is None:
            merged = replace(merged, **{name: value})
        elif name in ("multiple_of", "pattern"):
            if mine != value:
                raise refuse(where, f"two different rules {name}")
        else:
            try:
                tighter = max(mine, value) if name in ("ge", "gt", "min_length") else min(mine, value)
            except TypeError as error:
                raise refuse(where, f"two rules {name} that can't be compared") from error
            merged = replace(merged, **{name: tighter})
    return merged


def _subject(node: Node) -> str:
    return str(node[1] if node[0] == "scalar" else node[0])


def constrain(node: Node, rules: Constraints, where: str, *, partly: bool = False) -> tuple[Node, frozenset[str]]:
    """The node with these rules beside its own, and the names of those taken.

    Args:
        node: any node.
        rules: what is asked of its values.
        where: the path to it, for errors.
        partly: pass over what does not fit, as for one member of a union.

    Raises:
        SchemaError: a rule that does not fit the type.
    """
    subject = _subject(node)
    fitting = _FITTING.get(subject, frozenset())
    taken = []
    for name in rules.names():
        if name in fitting and _comparable(subject, getattr(rules, name), name):
            taken.append(name)
        elif not partly:
            raise refuse(where, f"the rule {name} does not fit {subject}")
    if not taken:
        return node, frozenset()
    place = _PLACES[node[0]]
    merged = _both(node[place], Constraints(**{name: getattr(rules, name) for name in taken}), where)
    return (*node[:place], merged, *node[place + 1 :]), frozenset(taken)


def _comparable(subject: str, value: Any, name: str) -> bool:
    """Can values of the type be compared with the rule's?"""
    if name not in _NUMBERS:
        return True
    if subject in _TIMES:
        # A datetime is a date, but the two can't be compared.
        return type(value) is _TIMES[subject] or (isinstance(value, _TIMES[subject]) and subject != "date")
    if name == "multiple_of" and subject == "decimal":
        return isinstance(value, int | decimal.Decimal)
    if name == "multiple_of" and subject == "float":
        return isinstance(value, int | float)
    return isinstance(value, int | float | decimal.Decimal)
