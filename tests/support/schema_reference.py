"""What a schema says of a parsed document, decoded the plain way: an oracle beside the native decoder.

It reads the nodes and shapes that ``forkedenc._schema.compile`` makes, one function per kind of node, by recursion. Types
are read strictly. It says where a value does not fit, and not why.
"""

import base64
import binascii
import datetime as dt
import decimal
import re
import uuid
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from forkedenc import _schema
from forkedenc._schema import MISSING, Constraints, Schema, Shape

FAILURES = (ValueError, TypeError, ArithmeticError)


def equal(one: Any, other: Any) -> bool:
    """Equal, and of the same types all through: 1 is not True, and order of members counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return all(equal(getattr(one, name), getattr(other, name)) for name in one.__dataclass_fields__)
    return one == other


class MisfitError(Exception):
    """A value that does not fit; ``path`` is its JSON Pointer."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def decode(kind: Any, document: Any, *, unknown: str | None = None, dec_hook: Any = None) -> Any:
    """The value of a type that a parsed document stands for.

    Raises:
        MisfitError: it does not fit.
    """
    schema = _schema.compile(kind, hook=dec_hook is not None)
    return _Reader(schema, unknown, dec_hook).read(schema.root, document, "")


def token(value: Any) -> str:
    """The kind of token that a parsed value was."""
    if value is None:
        return "null"
    names = {bool: "bool", int: "int", float: "float", str: "string", list: "array", dict: "object"}
    return names[type(value)]


def pointer(path: str, key: object) -> str:
    """The path of a member or item."""
    return f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"


class _Reader:
    def __init__(self, schema: Schema, unknown: str | None, dec_hook: Any) -> None:
        self.schema = schema
        self.unknown = unknown
        self.dec_hook = dec_hook

    def read(self, number: int, value: Any, path: str) -> Any:
        node = self.schema.nodes[number]
        match node[0]:
            case "any":
                return value
            case "none" | "bool":
                if token(value) != {"none": "null", "bool": "bool"}[node[0]]:
                    raise MisfitError(path)
                return value
            case "scalar":
                return scalar(node, value, path)
            case "list" | "set" | "frozenset" | "variadic" | "tuple":
                return self.array(node, value, path)
            case "dict":
                return self.dict(node, value, path)
            case "class":
                return self.instance(self.schema.shapes[node[1]], value, path)
            case "tagged":
                if token(value) != "object":
                    raise MisfitError(path)
                tag = value.get(node[1], MISSING)
                for known, shape in node[2]:
                    if type(known) is type(tag) and known == tag:
                        return self.instance(self.schema.shapes[shape], value, path)
                raise MisfitError(path)
            case "union":
                return self.union(node[1], value, path)
            case "hook":
                try:
                    return self.dec_hook(node[1], value)
                except FAILURES as error:
                    raise MisfitError(path) from error
        raise AssertionError(node)

    def union(self, members: tuple[int, ...], value: Any, path: str) -> Any:
        # The later member wins where two take one token.
        for member in reversed(members):
            if token(value) in self.claims(member):
                return self.read(member, value, path)
        raise MisfitError(path)

    def claims(self, number: int) -> set[str]:
        node = self.schema.nodes[number]
        match node[0]:
            case "none":
                return {"null"}
            case "bool":
                return {"bool"}
            case "list" | "set" | "frozenset" | "variadic" | "tuple":
                return {"array"}
            case "dict" | "class" | "tagged":
                return {"object"}
            case "hook":
                return {"null", "bool", "int", "float", "string", "array", "object"}
        match node[1]:
            case "enum":
                return {token(raw) for raw, _ in node[2][1]}
            case "literal":
                return {token(raw) for raw, _ in node[2]}
            case "int":
                return {"int"}
            case "float":
                return {"int", "float"}
            case "decimal":
                return {"int", "float", "string"}
        return {"string"}

    def array(self, node: Any, value: Any, path: str) -> Any:
        kind = node[0]
        if token(value) != "array":
            raise MisfitError(path)
        numbers = node[1] if kind == "tuple" else [node[1]] * len(value)
        # An item that does not fit comes before the end, which tells that there are too many or too few.
        items = [
            self.read(number, item, pointer(path, place))
            for place, (number, item) in enumerate(zip(numbers, value, strict=False))
        ]
        if len(value) != len(numbers):
            raise MisfitError(path)
        try:
            made: Any = {"list": list, "set": set, "frozenset": frozenset}.get(kind, tuple)(items)
        except TypeError as error:
            raise MisfitError(path) from error
        check(node[2], made, path)
        return made

    def dict(self, node: Any, value: Any, path: str) -> Any:
        if token(value) != "object":
            raise MisfitError(path)
        made = {}
        for key, item in value.items():
            place = pointer(path, key)
            # In a statement of its own: `made[key] = value` reads the value first, and the key stands first.
            name = key_of(self.schema.nodes[node[1]], key, place)
            made[name] = self.read(node[2], item, place)
        check(node[3], made, path)
        return made

    def instance(self, shape: Shape, value: Any, path: str) -> Any:
        if token(value) != "object":
            raise MisfitError(path)
        fields = {own.wire: own for own in shape.fields}
        values: dict[str, Any] = {}
        kept: dict[str, Any] = {}
        unknown = self.unknown or shape.unknown
        for key, item in value.items():
            place = pointer(path, key)
            if key in fields:
                values[fields[key].name] = self.read(fields[key].node, item, place)
            elif shape.tag is not None and key == shape.tag[0]:
                if item != shape.tag[1]:
                    raise MisfitError(place)
            elif unknown == "error":
                raise MisfitError(place)
            elif unknown == "rest" and shape.rest is not None:
                kept[key] = self.read(shape.rest.node, item, place)
        if any(own.required and own.name not in values for own in shape.fields):
            raise MisfitError(path)
        try:
            return make(shape, values, kept)
        except FAILURES as error:
            raise MisfitError(path) from error


def make(shape: Shape, values: dict[str, Any], kept: dict[str, Any]) -> Any:
    """An instance of a class, of the values of its fields that are there and of what no field claimed."""
    inline = shape.rest is not None and shape.rest.inline
    if shape.kind == "call":
        if shape.rest is not None and not inline and kept:
            values[shape.rest.name] = kept
        return called(shape, values, kept if inline and kept else None)
    # A TypedDict's keys come in its own order.
    values = {own.name: values[own.name] for own in shape.fields if own.name in values}
    for own in shape.fields:
        if own.name not in values and own.factory is not None:
            values[own.name] = own.factory()
        elif own.name not in values and own.default is not MISSING:
            values[own.name] = own.default
    if shape.rest is not None and not inline:
        values[shape.rest.name] = kept
    match shape.kind:
        case "dict":
            return {**values, **kept} if inline else values
        case "tuple":
            return called(shape, tuple(values[name] for name in shape.cls._fields))
    instance = object.__new__(shape.cls)
    for name, value in values.items():
        object.__setattr__(instance, name, value)
    for call in shape.post:
        call(instance)
    return instance


def called(shape: Shape, *arguments: Any) -> Any:
    assert shape.make is not None
    return shape.make(*arguments)


def key_of(node: Any, key: str, path: str) -> Any:
    """The key of a dict that the name of a member stands for."""
    match node[1]:
        case "int":
            if not re.fullmatch("0|-?[1-9][0-9]*", key):
                raise MisfitError(path)
            made: Any = int(key)
        case "enum" | "literal":
            pairs = node[2][1] if node[1] == "enum" else node[2]
            found = [value for raw, value in pairs if str(raw) == key]
            if not found:
                raise MisfitError(path)
            made = found[0]
        case _:
            return scalar(node, key, path)
    check(node[3], made, path)
    return made


def scalar(node: Any, value: Any, path: str) -> Any:
    """The value of a scalar type."""
    _, kind, argument, rules = node
    given = token(value)
    try:
        match kind:
            case "int" if given == "int":
                made: Any = value
            case "float" if given in ("int", "float"):
                made = float(value)
            case "decimal" if given == "int":
                made = decimal.Decimal(value)
            case "decimal" if given == "float":
                made = decimal.Decimal(repr(value))
            case "enum" | "literal":
                pairs = argument[1] if kind == "enum" else argument
                (made,) = (own for raw, own in pairs if type(raw) is type(value) and raw == value)
            case _ if given == "string" and kind in TEXTS:
                made = TEXTS[kind](value)
            case _:
                raise MisfitError(path)
    except (*FAILURES, binascii.Error) as error:
        raise MisfitError(path) from error
    check(rules, made, path)
    return made


def as_written(pattern: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads texts of one form alone: the standard library takes more than the standards that types are read by."""
    form = re.compile(pattern, re.ASCII | re.IGNORECASE)

    def checked(text: str) -> Any:
        if not form.fullmatch(text):
            raise ValueError(text)
        return read(text)

    return checked


def base64_bytes(text: str) -> bytes:
    """RFC 4648, section 4: bytes have one text."""
    made = base64.b64decode(text, validate=True)
    if base64.b64encode(made).decode() != text:
        raise ValueError(text)
    return made


NUMBER = r"\d+(?:\.\d+)?"
# ISO 8601 without years and months, which are no fixed length: weeks, or what is shorter. T has something behind it.
DURATION = re.compile(
    rf"([+-]?)P(?=.)(?:({NUMBER})W|(?:({NUMBER})D)?(?:T(?=.)(?:({NUMBER})H)?(?:({NUMBER})M)?(?:({NUMBER})S)?)?)",
    re.ASCII | re.IGNORECASE,
)
LENGTHS = (7 * 86_400, 86_400, 3600, 60, 1)


def duration(text: str) -> dt.timedelta:
    """A duration of ISO 8601. Only its last number has a fraction, and what is below a microsecond is dropped."""
    found = DURATION.fullmatch(text)
    if not found:
        raise ValueError(text)
    sign, *numbers = found.groups()
    parts = [(number, length) for number, length in zip(numbers, LENGTHS, strict=True) if number]
    if any("." in number for number, _ in parts[:-1]):
        raise ValueError(text)
    microseconds = int(sum(Fraction(number) * length for number, length in parts) * 1_000_000)
    return dt.timedelta(microseconds=-microseconds if sign == "-" else microseconds)


# RFC 3339, section 5.6, with or without an offset. Leap seconds are not drawn, and not read here.
DATE = r"\d{4}-\d\d-\d\d"
TIME = r"(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:[0-5]\d)?"
TEXTS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "bytes": base64_bytes,
    "decimal": as_written(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", decimal.Decimal),
    "datetime": as_written(rf"{DATE}[T ]{TIME}", lambda text: dt.datetime.fromisoformat(text.upper())),
    "date": as_written(DATE, dt.date.fromisoformat),
    "time": as_written(TIME, lambda text: dt.time.fromisoformat(text.upper())),
    "timedelta": duration,
    "uuid": as_written(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid.UUID),
}


def check(rules: Constraints | None, value: Any, path: str) -> None:
    """Does the value keep the rules?"""
    if rules is None:
        return
    kept = (
        (rules.ge is None or value >= rules.ge)
        and (rules.gt is None or value > rules.gt)
        and (rules.le is None or value <= rules.le)
        and (rules.lt is None or value < rules.lt)
        and (rules.multiple_of is None or value % rules.multiple_of == 0)
        and (rules.min_length is None or len(value) >= rules.min_length)
        and (rules.max_length is None or len(value) <= rules.max_length)
        and (rules.pattern is None or rules.pattern.search(value) is not None)
    )
    if not kept:
        raise MisfitError(path)
