"""What is known of a class with fields, whatever library made it; and questions about how its instances are made."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, get_args

from forkedenc._naming import Name, renaming_of
from forkedenc._rest import REST
from forkedenc._schema._hints import is_union, peel
from forkedenc._schema._nodes import MISSING, missing

__all__ = [
    "MISSING",
    "ClassInfo",
    "Member",
    "SetDefaults",
    "has_own_new",
    "is_rest",
    "own_name",
    "set_by_descriptor",
    "wire_name",
]


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A field as its class declares it.

    Attributes:
        name: the attribute, or the key of a dict.
        hint: its type, names in it resolved, ``Annotated`` and qualifiers kept.
        required, default, factory: as in `Field`.
        wire: its name in documents if its own library says one.
        written: whether encoding writes it.
    """

    name: str
    hint: Any
    required: bool
    default: Any = field(default_factory=missing)
    factory: Callable[[], Any] | None = None
    wire: str | None = None
    written: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class ClassInfo:
    """A class and its fields.

    Attributes:
        cls: the class, without what was put in the place of its type variables.
        kind, post, tag, make: as in `Shape`.
        members: its fields in their order, a rest among them.
        unknown: "error" if the class says that it takes no unknown members, else "".
        extra: the type of the values of unknown members that the class keeps beside its fields; `MISSING` if it doesn't.
        validates: the class checks types itself: only those that hold classes with fields are for us.
        foreign: such a class can't make instances of this one.
    """

    cls: type[Any]
    kind: str
    members: tuple[Member, ...]
    post: tuple[Callable[[Any], Any], ...] = ()
    tag: tuple[str, str | int] | None = None
    make: Callable[..., Any] | None = None
    unknown: str = ""
    extra: Any = field(default_factory=missing)
    validates: bool = False
    foreign: bool = False


class SetDefaults:
    """Sets the attributes that no document sets, before any other code of the class's sees the instance."""

    __slots__ = ("factories", "values")

    def __init__(self, values: tuple[tuple[str, Any], ...], factories: tuple[tuple[str, Any], ...]) -> None:
        self.values = values
        self.factories = factories

    @classmethod
    def of(cls, attributes: Iterable[tuple[str, Any, Any]]) -> tuple[SetDefaults, ...]:
        """What sets these (name, default, factory), or nothing if there is nothing to set."""
        attributes = list(attributes)
        values = tuple((name, default) for name, default, _ in attributes if default is not MISSING)
        factories = tuple((name, factory) for name, _, factory in attributes if factory is not MISSING)
        return (cls(values, factories),) if values or factories else ()

    def __call__(self, instance: Any) -> None:
        """Sets them, past a frozen class's ``__setattr__``."""
        for name, value in self.values:
            object.__setattr__(instance, name, value)
        for name, factory in self.factories:
            object.__setattr__(instance, name, factory())


def is_rest(hint: Any) -> bool:
    """Is a field of this type the one that keeps what is unknown?"""
    return any(mark is REST for mark in peel(hint)[1])


def has_own_new(cls: type[Any]) -> bool:
    """Has it a ``__new__`` of its own, which may want arguments?"""
    new: Any = cls.__new__
    return new is not object.__new__


def set_by_descriptor(cls: type[Any], names: Iterable[str]) -> bool:
    """Is one of the attributes a property or the like, for which setting runs code of the class's?"""
    for name in names:
        found = inspect.getattr_static(cls, name, None)
        if not isinstance(found, types.MemberDescriptorType) and hasattr(type(found), "__set__"):
            return True
    return False


def own_name(hint: Any) -> str | None:
    """The name that a field's type gives it, itself or by a member of a union: ``Annotated[str, name("x")] | None``."""
    hint, metadata, _ = peel(hint)
    for mark in reversed(metadata):
        if isinstance(mark, Name):
            return mark.name
    if is_union(hint):
        for member in get_args(hint):
            found = own_name(member)
            if found is not None:
                return found
    return None


def wire_name(info: ClassInfo, member: Member) -> str:
    """A field's name in documents: its own, else as the class is renamed, else what its library says, else the field's.

    Raises:
        TypeError: what renames the class gives no str.
    """
    own = own_name(member.hint)
    if own is not None:
        return own
    rename = renaming_of(info.cls)
    if rename is not None:
        wire = rename(member.name)
        if not isinstance(wire, str):
            raise TypeError(f"renaming {member.name!r} gave no str but a {type(wire).__name__}")
        return wire
    return member.name if member.wire is None else member.wire
