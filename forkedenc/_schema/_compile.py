"""From a type to its schema.

Classes are compiled once each, from a queue, so that they may refer to each other in any way; types within types are
compiled by recursion, whose depth is that of what somebody wrote down.
"""

from __future__ import annotations

import collections.abc
import enum
import typing
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args, get_origin

from forkedenc import _native
from forkedenc._errors import SchemaError
from forkedenc._naming import renaming_of
from forkedenc._rest import REST
from forkedenc._schema._classes import is_class, members_of
from forkedenc._schema._constraints import constrain, read_constraints
from forkedenc._schema._hints import (
    alias_value,
    is_alias,
    is_union,
    is_unpacked,
    is_unset,
    meaning,
    peel,
    refuse,
    type_text,
)
from forkedenc._schema._members import ClassInfo, Member, is_rest, own_name, wire_name
from forkedenc._schema._nodes import MISSING, Constraints, Field, Node, RestField, Schema, Shape
from forkedenc._schema._peers import without_members
from forkedenc._schema._scalars import encodable, plain_scalar
from forkedenc._schema._unions import claims, common_tag, member_text, merge_literals, overlap

__all__ = ["compile", "shape_of"]

MOST_CLASSES = 10_000
"""A generic class that refers to itself with ever new types would never end."""

_ARRAYS: dict[Any, str] = {
    list: "list",
    collections.abc.Sequence: "list",
    collections.abc.MutableSequence: "list",
    collections.abc.Collection: "list",
    set: "set",
    collections.abc.Set: "set",
    collections.abc.MutableSet: "set",
    frozenset: "frozenset",
}
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_KEYS = {"str", "int", "enum", "literal", "uuid", "datetime", "date", "time", "timedelta", "decimal"}
_STR: Node = ("scalar", "str", None, None)


def _rest_value(hint: Any, where: str) -> Any:
    """The type of the values that a rest keeps."""
    hint, _, _ = peel(hint)
    origin, args = get_origin(hint) or hint, get_args(hint)
    if origin not in _MAPPINGS or (args and args[0] not in (str, Any)):
        raise refuse(where, f"a Rest is a dict of str to something, not {type_text(hint)}")
    # Of `Rest` alone, the variable of its definition is left, which stands for anything.
    return args[1] if args else Any


def _with_rest(make: Callable[..., Any], name: str) -> Callable[..., Any]:
    """``make``, given an empty rest where nothing was unknown: the class has no default for it."""

    def made(values: dict[str, Any], extra: dict[str, Any] | None) -> Any:
        values.setdefault(name, {})
        return make(values, extra)

    return made


def _split(info: ClassInfo, where: str) -> tuple[list[tuple[Member, str]], Member | None]:
    """The fields of a class with their names in documents, and its rest.

    Raises:
        SchemaError: two rests, or two fields of one name.
    """
    named: list[tuple[Member, str]] = []
    rest: Member | None = None
    wires: dict[str, str] = {info.tag[0]: "its tag"} if info.tag is not None else {}
    for member in info.members:
        place = f"{where}.{member.name}"
        if is_rest(member.hint):
            if rest is not None:
                raise refuse(place, f"a class has one Rest, and {rest.name} is one already")
            if info.extra is not MISSING:
                raise refuse(place, "a class that keeps what is unknown beside its fields has no Rest")
            if info.unknown == "error":
                raise refuse(place, "a class that takes no unknown members has no Rest")
            rest = member
            continue
        try:
            wire = wire_name(info, member)
        except TypeError as error:
            raise refuse(place, str(error)) from error
        if wire in wires:
            raise refuse(place, f"the name {wire!r} in documents is that of {wires[wire]} too")
        if not encodable(wire):
            raise refuse(place, "its name in documents has lone surrogates")
        wires[wire] = member.name
        named.append((member, wire))
    return named, rest


class _Compiler:
    """One compilation: what was found so far, and the classes that wait."""

    def __init__(self, *, hook: bool) -> None:
        self.hook = hook
        self.nodes: list[Node] = []
        self.shapes: list[Shape | None] = []
        self.classes: dict[Any, tuple[int, ClassInfo]] = {}
        self.waiting: deque[tuple[int, ClassInfo, str]] = deque()
        self.plain: dict[Node, int] = {}
        self.aliases: dict[Any, int] = {}

    # Numbers.

    def add(self, node: Node) -> int:
        """The number of a node."""
        leaf = len(node) == 1 or node[0] == "class" or (node[0] == "scalar" and node[2] is None and node[3] is None)
        if leaf and node in self.plain:
            return self.plain[node]
        self.nodes.append(node)
        if leaf:
            self.plain[node] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def number(self, hint: Any, where: str) -> int:
        """The number of the node of a type. An alias has its number before what it stands for is looked at."""
        inner, metadata, _ = peel(hint)
        if not is_alias(inner) or metadata:
            return self.add(self.node(hint, where))
        try:
            known = self.aliases.get(inner)
        except TypeError:
            return self.add(self.node(hint, where))
        if known is None:
            known = self.aliases[inner] = len(self.nodes)
            self.nodes.append(("any",))
            self.nodes[known] = self.node(hint, where)
        return known

    def info(self, hint: Any, where: str) -> tuple[int, ClassInfo]:
        """The number of a class's shape, and the class; new ones are put in the queue."""
        key = (get_origin(hint), get_args(hint)) if get_args(hint) else hint
        try:
            known = self.classes.get(key)
        except TypeError as error:
            raise refuse(where, f"{type_text(hint)} can't be hashed") from error
        if known is None:
            if len(self.shapes) >= MOST_CLASSES:
                raise refuse(where, f"more than {MOST_CLASSES} classes; does {type_text(hint)} refer to itself anew?")
            place = where if "." in where or where.isidentifier() else type_text(get_origin(hint) or hint)
            info = members_of(hint, place)
            known = self.classes[key] = (len(self.shapes), info)
            self.shapes.append(None)
            self.waiting.append((known[0], info, place))
        return known

    def finish(self) -> tuple[Shape, ...]:
        """Compiles the classes that wait, and those that they bring."""
        while self.waiting:
            number, info, where = self.waiting.popleft()
            self.shapes[number] = self.shape(info, where)
        return tuple(shape for shape in self.shapes if shape is not None)

    # Types.

    def node(self, hint: Any, where: str) -> Node:
        """The node of a type."""
        hint, metadata, _ = peel(hint)
        if any(mark is REST for mark in metadata):
            raise refuse(where, "a Rest is a field of a class, not part of a type")
        rules = read_constraints(metadata, where)
        node = self.bare(hint, where, rules)
        if rules is not None and node[0] != "union":
            node, _ = constrain(node, rules, where)
        return node

    def bare(self, hint: Any, where: str, rules: Constraints | None = None) -> Node:
        """The node of a type without anything around it. The rules are for the members of a union."""
        if hint is Any or hint is object:
            return ("any",)
        if is_unset(hint):
            raise refuse(where, "UNSET stands for no value alone; say T | UnsetType")
        if isinstance(hint, TypeVar):
            return self.node(meaning(hint, where), where)
        if is_union(hint) or is_alias(hint):
            return self.union(hint, where, rules)
        if hint is getattr(_native, "Raw", MISSING):
            return ("raw",)
        try:
            scalar = plain_scalar(hint, where)
        except SchemaError:
            if self.hook and isinstance(hint, type) and issubclass(hint, enum.Enum):
                return ("hook", hint)
            raise
        if scalar is not None:
            return scalar
        if is_class(hint):
            return ("class", self.info(hint, where)[0])
        return self.container(hint, where)

    def container(self, hint: Any, where: str) -> Node:
        """The node of a list, tuple, set or dict, or of a type for the caller's hook."""
        origin, args = get_origin(hint) or hint, get_args(hint)
        try:
            kind = _ARRAYS.get(origin)
        except TypeError:
            kind = None
        if kind is not None:
            item = self.number(args[0] if args else Any, f"{where}[]")
            if kind in ("set", "frozenset") and not self.hashable(self.nodes[item]):
                raise refuse(f"{where}[]", f"{type_text(args[0])} can't be hashed, so it is no item of a set")
            return (kind, item, None)
        if origin is tuple:
            return self.tuple_node(hint, args, where)
        if origin in _MAPPINGS:
            key = self.key(args[0], f"{where}{{key}}") if args else self.add(_STR)
            return ("dict", key, self.number(args[1] if args else Any, f"{where}{{}}"), None)
        return self.unknown(hint, where)

    def tuple_node(self, hint: Any, args: tuple[Any, ...], where: str) -> Node:
        """The node of a tuple; ``tuple[()]`` is the empty one."""
        if hint is tuple or hint is typing.Tuple:  # noqa: UP006 - what callers may have written
            return ("variadic", self.add(("any",)), None)
        if len(args) == 2 and args[1] is Ellipsis:
            return ("variadic", self.number(args[0], f"{where}[]"), None)
        if any(is_unpacked(arg) for arg in args):
            raise refuse(where, f"{type_text(hint)} has a part of any length beside others")
        items = tuple(self.number(arg, f"{where}[{place}]") for place, arg in enumerate(args))
        return ("tuple", items, None)

    def key(self, hint: Any, where: str) -> int:
        """The number of the node of a dict's keys."""
        number = self.number(hint, where)
        node = self.nodes[number]
        if node[0] == "any":
            return self.add(_STR)
        fits = node[0] == "scalar" and node[1] in _KEYS
        if fits and node[1] == "literal":
            fits = claims(node) <= {"string", "int"}
        if not fits:
            raise refuse(where, f"{type_text(hint)} is no type of keys")
        return number

    def unknown(self, hint: Any, where: str) -> Node:
        """A type that only the caller's hook can make."""
        is_type = isinstance(hint, type) or get_origin(hint) is not None or type(hint).__module__.startswith("typing")
        if self.hook and is_type:
            return ("hook", hint)
        if not is_type:
            raise refuse(where, f"{type_text(hint)} is no type")
        raise refuse(where, f"{type_text(hint)} can't be decoded without a dec_hook")

    def hashable(self, node: Node) -> bool:
        """Can what the node makes be an item of a set?"""
        kind = node[0]
        if kind in ("list", "set", "dict"):
            return False
        if kind == "variadic":
            return self.hashable(self.nodes[node[1]])
        if kind in ("tuple", "union"):
            return all(self.hashable(self.nodes[item]) for item in node[1])
        if kind == "hook":
            return getattr(node[1], "__hash__", None) is not None
        numbers = [node[1]] if kind == "class" else [shape for _, shape in node[2]] if kind == "tagged" else []
        infos = dict(self.classes.values()) if numbers else {}
        return all(infos[number].kind != "dict" and infos[number].cls.__hash__ is not None for number in numbers)

    # Unions.

    def flat(
        self, hint: Any, where: str, rules: Constraints | None, within: frozenset[Any]
    ) -> Iterator[tuple[Any, Constraints | None]]:
        """The members of a union, with those of unions and aliases within it; each with the rules around it."""
        hint, metadata, _ = peel(hint)
        if any(mark is REST for mark in metadata):
            raise refuse(where, "a Rest is a field of a class, not part of a type")
        own = read_constraints(metadata, where)
        if isinstance(hint, TypeVar):
            hint = meaning(hint, where)
        if is_alias(hint):
            if hint in within:
                raise refuse(where, f"{type_text(hint)} stands for itself")
            yield from self.flat(alias_value(hint, where), where, rules, within | {hint})
        elif is_union(hint):
            for member in get_args(hint):
                yield from self.flat(member, where, rules, within)
        else:
            yield hint, own

    def union(self, hint: Any, where: str, rules: Constraints | None) -> Node:
        """The node of a union, or of an alias; of its single member if it has but one."""
        members: list[tuple[Any, Constraints | None]] = []
        for member, own in self.flat(hint, where, None, frozenset()):
            if not is_unset(member) and (member, own) not in members:
                members.append((member, own))
        if not members:
            raise refuse(where, "UNSET stands for no value alone; say T | UnsetType")
        if any(member is Any or member is object for member, _ in members):
            return ("any",)
        classes = [member for member, _ in members if is_class(member)]
        found: list[tuple[str, Node]] = []
        if len(classes) > 1:
            found.append((" | ".join(map(member_text, classes)), self.tagged(classes, where)))
        taken: frozenset[str] = frozenset()
        for member, own in members:
            if len(classes) > 1 and any(member is cls for cls in classes):
                continue
            node = self.bare(member, where)
            if own is not None:
                node, _ = constrain(node, own, where)
            if rules is not None:
                node, here = constrain(node, rules, where, partly=True)
                taken |= here
            if len(node) != 1 or all(node != known for _, known in found):
                found.append((member_text(member), node))
        if rules is not None and (left := set(rules.names()) - taken):
            raise refuse(where, f"the rule {min(left)} fits no member of {type_text(hint)}")
        found = merge_literals(found, where)
        if any(node[0] == "raw" for _, node in found) and all(node[0] in ("raw", "none") for _, node in found):
            # null is a value like any other, and its bytes are kept.
            return ("raw",)
        for number, (text, node) in enumerate(found):
            for other_text, other in found[:number]:
                if overlap(node, other):
                    both = " and ".join(sorted(claims(node) & claims(other)))
                    raise refuse(where, f"{other_text} and {text} can't be told apart: both take {both}")
        if len(found) == 1:
            return found[0][1]
        # Where two take one token, the later wins.
        found.sort(key=lambda member: 0 if member[1][0] == "hook" or member[1][1:2] == ("float",) else 1)
        return ("union", tuple(self.add(node) for _, node in found))

    def tagged(self, classes: list[Any], where: str) -> Node:
        """The node of classes that a member tells apart."""
        infos = [self.info(cls, where) for cls in classes]
        key, values = common_tag([(type_text(cls), info) for cls, (_, info) in zip(classes, infos, strict=True)], where)
        tags = [
            (value, number) for (number, _), own in zip(infos, values, strict=True) for value in sorted(own, key=str)
        ]
        return ("tagged", key, tuple(tags))

    # Classes.

    def shape(self, info: ClassInfo, where: str) -> Shape:
        """The shape of a class."""
        named, rest = _split(info, where)
        fields = []
        for member, wire in named:
            place = f"{where}.{member.name}"
            node = self.held(member.hint, place) if info.validates else self.number(member.hint, place)
            fields.append(Field(member.name, wire, node, member.required, member.default, member.factory))
        keeps: RestField | None = None
        make = info.make
        if rest is not None:
            place = f"{where}.{rest.name}"
            keeps = RestField(rest.name, self.number(_rest_value(rest.hint, place), f"{place}{{}}"))
            if make is not None and info.kind == "call" and rest.required:
                make = _with_rest(make, rest.name)
        elif info.extra is not MISSING:
            keeps = RestField("", self.number(info.extra, f"{where}{{}}"), inline=True)
        unknown = info.unknown or ("ignore" if keeps is None else "rest")
        return Shape(info.cls, info.kind, tuple(fields), keeps, unknown, info.post, info.tag, make)

    def held(self, hint: Any, where: str) -> int:
        """The number of the node of a field of a class that checks types itself.

        What it can make itself is handed over as it stands in the document.
        """
        if not _needs_us(hint):
            return self.add(("any",))
        hint, _, _ = peel(hint)
        return self.number(hint, where)


def _needs_us(hint: Any) -> bool:
    """Does the type reach a class that pydantic can't make as we do?

    Such are classes with a Rest or with names of their own in documents, and classes of other libraries.
    """
    seen: list[Any] = []
    pending = [hint]
    while pending:
        hint, _, _ = peel(pending.pop())
        if is_alias(hint) or is_class(hint):
            if any(hint is known or hint == known for known in seen):
                continue
            seen.append(hint)
        if is_alias(hint):
            pending.append(alias_value(hint, ""))
        elif is_class(hint):
            info = members_of(hint, lenient=True)
            own_names = any(own_name(member.hint) is not None for member in info.members)
            if info.foreign or own_names or renaming_of(info.cls) or any(is_rest(own.hint) for own in info.members):
                return True
            pending.extend(member.hint for member in info.members)
        else:
            pending.extend(get_args(hint))
    return False


def compile(type: Any, *, lax: bool = False, hook: bool = False) -> Schema:
    """The schema of a type for JSON.

    Args:
        type: any type hint.
        lax: whether scalars are read laxly (``strict=False``).
        hook: whether the caller makes values of types that are unknown here.

    Raises:
        SchemaError: the type can't be decoded; the message says at which place of it.
    """
    compiler = _Compiler(hook=hook)
    try:
        root = compiler.number(type, "")
        shapes = compiler.finish()
    except RecursionError as error:
        raise SchemaError("the type is nested too deeply, or without end") from error
    return Schema(root, tuple(compiler.nodes), shapes, lax)


def shape_of(cls: Any) -> Shape | None:
    """The shape of a class for encoding, the types of its fields not looked at; None if it has no fields that we know.

    It is made anew at each call: a shape refers to its class, so that none must be kept.

    Raises:
        SchemaError: two rests, or two fields of one name.
    """
    if not is_class(cls) or without_members(cls):
        return None
    where = type_text(cls)
    info = members_of(cls, where, lenient=True)
    named, rest = _split(info, where)
    fields = tuple(
        Field(member.name, wire, -1, member.required, member.default, member.factory)
        for member, wire in named
        if member.written
    )
    keeps: RestField | None = None
    if rest is not None:
        keeps = RestField(rest.name, -1)
    elif info.extra is not MISSING:
        keeps = RestField("", -1, inline=True)
    return Shape(info.cls, info.kind, fields, keeps, "rest" if keeps else info.unknown or "ignore", tag=info.tag)
