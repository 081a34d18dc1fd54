"""From a class to its `XmlSchema`: which attribute, child or text each field claims, and what its values are."""

from __future__ import annotations

import collections.abc
import types
from collections import deque
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from forkedenc._schema import (
    ClassInfo,
    Field,
    Member,
    Node,
    Shape,
    alias_value,
    is_alias,
    is_class,
    is_rest,
    is_union,
    is_unset,
    meaning,
    members_of,
    peel,
    refuse,
    scalar_node,
    type_text,
)
from forkedenc.xml._typed._markers import ELEMENT, REST_ATTRIBUTES, REST_NODES, Attr, Child, TextContent
from forkedenc.xml._typed._shapes import XmlField, XmlSchema, XmlShape

__all__ = ["compile", "element_of", "fields_of", "qualified"]

MOST_CLASSES = 10_000
"""A generic class that refers to itself with ever new types would never end."""

_MANY: dict[Any, str] = {
    list: "list",
    collections.abc.Sequence: "list",
    collections.abc.MutableSequence: "list",
    collections.abc.Collection: "list",
    set: "set",
    collections.abc.Set: "set",
    collections.abc.MutableSet: "set",
    frozenset: "frozenset",
}


def element_of(hint: Any) -> str:
    """The name of a class's own element; empty if it has none."""
    name = getattr(get_origin(hint) or hint, ELEMENT, "")
    return name if isinstance(name, str) else ""


def qualified(name: str, element: str) -> str:
    """The name of a child as documents have it: in the namespace of the element unless it says another, or none."""
    if name.startswith("{}"):
        return name[2:]
    if name.startswith("{") or not element.startswith("{"):
        return name
    return element[: element.index("}") + 1] + name


class _Value:
    """A type taken apart: what holds the values, whether None is one of them, and what one of them is."""

    __slots__ = ("hints", "many", "optional")

    def __init__(self) -> None:
        self.many = ""
        self.optional = False
        self.hints: tuple[Any, ...] = ()


def _opened(hint: Any, where: str) -> tuple[Any, tuple[Any, ...]]:
    """The type inside ``Annotated``, aliases and type variables, with all metadata."""
    hint, metadata, _ = peel(hint)
    for _ in range(100):
        if isinstance(hint, TypeVar):
            hint = meaning(hint, where)
        elif is_alias(hint):
            hint = alias_value(hint, where)
        else:
            return hint, metadata
        hint, more, _ = peel(hint)
        metadata = (*more, *metadata)
    raise refuse(where, f"{type_text(hint)} stands for itself")


def _value(hint: Any, where: str) -> _Value:
    """Takes a field's type apart."""
    value = _Value()
    inner, _ = _opened(hint, where)
    members = _members(inner, where)
    if members is not None:
        value.optional = len(members) < len(get_args(inner)) and any(
            member is None or member is types.NoneType for member in get_args(inner)
        )
        if len(members) == 1:
            hint = members[0]
            inner, _ = _opened(hint, where)
    many, item = _many(inner, where)
    if many:
        value.many, hint = many, item
        inner, _ = _opened(item, f"{where}[]")
        members = _members(inner, where)
        if members is not None and len(members) == 1:
            hint = members[0]
            members = None
    elif members is not None and len(members) == 1:
        members = None
    value.hints = (hint,) if members is None else members
    return value


def _members(hint: Any, where: str) -> tuple[Any, ...] | None:
    """The members of a union without None and UNSET; None for any other type."""
    if not is_union(hint):
        return None
    members: list[Any] = []
    for member in get_args(hint):
        inner, _ = _opened(member, where)
        if is_union(inner):
            members += _members(inner, where) or ()
        elif inner is not None and inner is not types.NoneType and not is_unset(inner):
            members.append(member)
    return tuple(members)


def _many(hint: Any, where: str) -> tuple[str, Any]:
    """What holds the values and the type of one; ("", None) for a type of one value."""
    origin, args = get_origin(hint) or hint, get_args(hint)
    try:
        kind = _MANY.get(origin)
    except TypeError:
        kind = None
    if kind is not None:
        return kind, args[0] if args else str
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            return "variadic", args[0]
        raise refuse(where, "of tuples, XML has tuple[T, ...] alone")
    return "", None


class _Compiler:
    """One compilation: the classes found so far, and those that wait."""

    def __init__(self, *, hook: bool) -> None:
        self.hook = hook
        self.shapes: list[XmlShape | None] = []
        self.numbers: dict[Any, int] = {}
        self.waiting: deque[tuple[int, Any, str]] = deque()

    def number(self, hint: Any, where: str) -> int:
        """The number of a class's shape; new ones are put in the queue."""
        try:
            known = self.numbers.get(hint)
        except TypeError as error:
            raise refuse(where, f"{type_text(hint)} can't be hashed") from error
        if known is None:
            if len(self.shapes) >= MOST_CLASSES:
                raise refuse(where, f"more than {MOST_CLASSES} classes; does {type_text(hint)} refer to itself anew?")
            known = self.numbers[hint] = len(self.shapes)
            self.shapes.append(None)
            self.waiting.append((known, hint, where))
        return known

    def finish(self) -> tuple[XmlShape, ...]:
        """Compiles the classes that wait, and those that they bring."""
        while self.waiting:
            number, hint, where = self.waiting.popleft()
            self.shapes[number] = self.shape(members_of(hint, where), element_of(hint), where)
        return tuple(shape for shape in self.shapes if shape is not None)

    def shape(self, info: ClassInfo, element: str, where: str) -> XmlShape:
        """The shape of a class."""
        rests: dict[str, Member] = {}
        fields: list[tuple[Member, XmlField]] = []
        taken: dict[tuple[str, str], str] = {}
        for member in info.members:
            place = f"{where}.{member.name}"
            kind = _rest_kind(member)
            if kind:
                if kind in rests:
                    what = "RestAttributes" if kind == "attributes" else "RestNodes"
                    raise refuse(place, f"a class has one {what}, and {rests[kind].name} is one already")
                rests[kind] = member
                continue
            if is_rest(member.hint):
                raise refuse(place, "of XML, RestAttributes and RestNodes keep what no field claims, not Rest")
            field = self.field(member, element, place)
            for name in [name for name, _ in field.shapes] or [field.tag]:
                claimed = taken.setdefault((field.kind, name), member.name)
                if claimed != member.name:
                    what = f"{field.kind} {name!r}" if name else "text"
                    raise refuse(place, f"the {what} is claimed by {claimed} too")
            fields.append((member, field))
        order = [member for member, _ in fields]
        order += [rests[kind] for kind in ("attributes", "nodes") if kind in rests]
        made = Shape(
            info.cls,
            info.kind,
            tuple(
                Field(member.name, "", -1, member.required, default=member.default, factory=member.factory)
                for member in order
            ),
            None,
            "ignore",
            info.post,
            None,
            info.make,
        )
        return XmlShape(
            info.cls,
            element,
            tuple(field for _, field in fields),
            rests["attributes"].name if "attributes" in rests else "",
            rests["nodes"].name if "nodes" in rests else "",
            made,
        )

    def field(self, member: Member, element: str, where: str) -> XmlField:
        """What a field claims and what its values are."""
        marks = _marks(member.hint)
        if len(marks) != 1:
            said = "more than one of them" if marks else "none"
            raise refuse(where, f"a field says xml.attr, xml.child or xml.text in Annotated, and this one {said}")
        mark = marks[0]
        value = _value(member.hint, where)
        kind: Literal["attribute", "child", "text"]
        node: Node | None = None
        shapes: tuple[tuple[str, int], ...] = ()
        if isinstance(mark, Attr):
            kind, tag = "attribute", (member.name if mark.name is None else mark.name).removeprefix("{}")
        elif isinstance(mark, Child):
            kind, tag = "child", "" if mark.name is None else qualified(mark.name, element)
        else:
            kind, tag = "text", ""
            if value.many:
                raise refuse(where, "the text of an element is one value")
        opened = [_opened(hint, where)[0] for hint in value.hints]
        if kind == "child" and opened and all(is_class(hint) for hint in opened):
            tag, shapes = self.classes(opened, tag, member.name, element, where)
        else:
            if kind == "child" and not tag:
                tag = qualified(member.name, element)
            node = self.scalar(value.hints, where, kind)
        return XmlField(
            member.name,
            kind,
            tag,
            node,
            shapes,
            value.many,
            value.optional,
            member.required,
            member.default,
            member.factory,
        )

    def classes(
        self, hints: list[Any], tag: str, name: str, element: str, where: str
    ) -> tuple[str, tuple[tuple[str, int], ...]]:
        """The tag of a child that is an instance of one of these classes, and each one's name and shape."""
        if len(hints) > 1 and tag:
            raise refuse(where, "classes of a union are told by their own elements, so xml.child() has no name")
        if len(hints) == 1:
            tag = tag or element_of(hints[0]) or qualified(name, element)
            return tag, ((tag, self.number(hints[0], type_text(hints[0]))),)
        found: dict[str, int] = {}
        for hint in hints:
            own = element_of(hint)
            if not own:
                raise refuse(where, f"{type_text(hint)} has no xml.element to tell it from the others of the union")
            if own in found:
                raise refuse(where, f"two classes of the union have the element {own!r}")
            found[own] = self.number(hint, type_text(hint))
        return "", tuple(found.items())

    def scalar(self, hints: tuple[Any, ...], where: str, kind: str) -> Node:
        """The node of a value that is text."""
        if len(hints) != 1:
            shown = type_text(Union[tuple(peel(hint)[0] for hint in hints)]) if hints else "None"  # noqa: UP007 - of a tuple
            raise refuse(where, f"a text does not tell the members of {shown} apart")
        node = scalar_node(hints[0], where)
        if node is not None:
            return node
        inner, _ = _opened(hints[0], where)
        if self.hook and isinstance(inner, type) and not is_class(inner):
            return ("hook", inner)
        what = "an attribute" if kind == "attribute" else "the text" if kind == "text" else "a child"
        raise refuse(where, f"{type_text(inner)} is no type that {what} can have")


def _marks(hint: Any) -> list[Attr | Child | TextContent]:
    return [mark for mark in peel(hint)[1] if isinstance(mark, Attr | Child | TextContent)]


def _rest_kind(member: Member) -> str:
    """Which rest a field is: "attributes", "nodes", or empty."""
    for mark in peel(member.hint)[1]:
        if mark is REST_ATTRIBUTES:
            return "attributes"
        if mark is REST_NODES:
            return "nodes"
    return ""


def compile(hint: Any, *, hook: bool = False) -> XmlSchema:
    """The schema of a class.

    Args:
        hint: a class with fields, subscripted or not.
        hook: there is a ``dec_hook`` for types that no text stands for.

    Raises:
        SchemaError: it is no such class, or one that XML can't hold; with the path to the type.
    """
    inner, _ = _opened(hint, "")
    if not is_class(inner):
        raise refuse("", f"{type_text(hint)} is no class with fields")
    compiler = _Compiler(hook=hook)
    root = compiler.number(inner, type_text(inner))
    return XmlSchema(root, compiler.finish())


def fields_of(info: ClassInfo, element: str) -> XmlShape:
    """What a class's fields claim, for encoding."""
    return _Compiler(hook=True).shape(info, element, type_text(info.cls))
