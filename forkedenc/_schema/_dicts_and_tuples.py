"""TypedDict, with the extra items of PEP 728, and NamedTuple."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, get_args, get_origin

from forkedenc._schema._hints import field_hints, own_annotations, peel, resolve, scope, substitute
from forkedenc._schema._members import MISSING, ClassInfo, Member

__all__ = ["is_named_tuple", "is_typed_dict", "named_tuple", "typed_dict"]


def is_typed_dict(cls: type[Any]) -> bool:
    """Is it a TypedDict, of ``typing`` or ``typing_extensions``?"""
    return issubclass(cls, dict) and isinstance(getattr(cls, "__required_keys__", None), frozenset)


def _items(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> dict[str, Any]:
    """The types of a TypedDict's keys.

    It repeats the annotations of its bases as they stand there; each is resolved in the class that says it.
    """
    types_of = dict(zip(getattr(cls, "__parameters__", ()), args, strict=False))
    found: dict[str, Any] = {}
    inherited: dict[str, Any] = {}
    for base in vars(cls).get("__orig_bases__", ()):
        origin = get_origin(base) or base
        if isinstance(origin, type) and is_typed_dict(origin):
            given = tuple(substitute(arg, types_of, where) for arg in get_args(base))
            found.update(_items(origin, given, where, lenient=lenient))
            inherited.update(own_annotations(origin))
    for name, hint in own_annotations(cls).items():
        if name in found and inherited.get(name) is hint:
            continue
        place = f"{where}.{name}"
        found[name] = substitute(resolve(hint, *scope(cls), place, lenient=lenient), types_of, place)
    return found


def _extra_items(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> Any:
    """The type of a TypedDict's extra items; `MISSING` if it says nothing of them."""
    extra = getattr(cls, "__extra_items__", None)
    modules = [sys.modules[name] for name in ("typing", "typing_extensions") if name in sys.modules]
    if extra is None or any(extra is getattr(module, "NoExtraItems", MISSING) for module in modules):
        return MISSING
    hint = resolve(extra, *scope(cls), f"{where}{{}}", lenient=lenient)
    hint, _, _ = peel(hint) if get_origin(hint) is not None else (hint, (), None)
    return substitute(hint, dict(zip(getattr(cls, "__parameters__", ()), args, strict=False)), where)


def typed_dict(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> ClassInfo:
    """The fields of a TypedDict."""
    required_keys: frozenset[str] = cls.__required_keys__
    members = []
    for name, hint in _items(cls, args, where, lenient=lenient).items():
        _, _, qualifiers = peel(hint)
        # With postponed annotations the class itself has not seen these.
        required = (name in required_keys or "Required" in qualifiers) and "NotRequired" not in qualifiers
        members.append(Member(name, hint, required))
    extra = _extra_items(cls, args, where, lenient=lenient)
    closed = getattr(cls, "__closed__", None) is True or getattr(extra, "_name", None) in ("Never", "NoReturn")
    if closed:
        return ClassInfo(cls, "dict", tuple(members), unknown="error")
    return ClassInfo(cls, "dict", tuple(members), extra=extra)


def is_named_tuple(cls: type[Any]) -> bool:
    """Is it a NamedTuple, or made by ``collections.namedtuple``?"""
    return (
        issubclass(cls, tuple) and isinstance(getattr(cls, "_fields", None), tuple) and hasattr(cls, "_field_defaults")
    )


def named_tuple(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> ClassInfo:
    """The fields of a NamedTuple."""
    names: list[str] = list(cls._fields)
    defaults: dict[str, Any] = cls._field_defaults
    hints = field_hints(cls, args, names, where, owns=lambda base: bool(own_annotations(base)), lenient=lenient)
    members = tuple(
        Member(name, hints.get(name, Any), name not in defaults, default=defaults.get(name, MISSING)) for name in names
    )
    return ClassInfo(cls, "tuple", members, make=_tuple_maker(cls))


def _tuple_maker(cls: type[Any]) -> Callable[[tuple[Any, ...]], Any]:
    """What makes an instance of a tuple of all fields: past ``__new__``, unless the class wrote its own."""
    owner = next(base for base in cls.__mro__ if "__new__" in vars(base))
    if "_fields" in vars(owner):
        return functools.partial(tuple.__new__, cls)
    return lambda values: cls(*values)
