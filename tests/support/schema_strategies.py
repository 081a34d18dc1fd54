"""Hypothesis strategies of types, and of JSON documents that fit them with the values that these stand for.

`types` draws a `Typed`: a type hint, and a strategy of pairs (document, value), the document as the standard library
would parse it. `cases` draws all of it at once, the document as bytes. Objects of classes have their members in any order,
absent ones that have a default, and members that no field claims.
"""

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import json as stdlib
import re
import typing
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from hypothesis import strategies as st

from forkedenc import Rest, json
from forkedenc._schema import MISSING

Pairs = st.SearchStrategy[tuple[Any, Any]]


@dataclass(frozen=True)
class Typed:
    """A type, and what may stand for its values.

    Attributes:
        hint: the type.
        pairs: documents and the values that they stand for.
        token: the one kind of token that its documents are, or "" if there are several.
        hashable: its values may be items of a set.
        objects: how many classes have been used for it.
    """

    hint: Any
    pairs: Pairs
    token: str
    hashable: bool = True


@dataclass(frozen=True)
class Case:
    """A type, a document and the value that it stands for."""

    hint: Any
    document: Any
    data: bytes
    value: Any


TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["", "a", "é", "😀", "\u2028", 'q"\\', "\x00", "a/b", "m~n", "x" * 70]
)
INTEGERS = st.integers() | st.sampled_from([0, -1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | INTEGERS | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)

# What the standard library takes for a scalar and its standard does not, the other way round, or nearly so.
NEARLY_WORDS = """
- 0 00 -0 +1 -1 . .5 1. 1e 1e5 1_0 NaN Infinity
A=== AB AB= AB== AQ== AQA= AQB= AQAA= -_-_
20200229 2020-W01 2020W011 2020-02-29 2020-02-30 0000-01-01
12 1200 12:30 T12:30:00 12:30:00 24:00:00 12:30:00,5 12:30:00.5z 12:30:00+02 12:30:00+24:00 12:30:00+02:90
2020-02-29t12:30:00.1234567Z 2020-02-29_12:30:00 2020-02-29T12 2020-02-29T24:00:00
P PT T D P1 PT1 1D P1D +P1D p1dt1s P1DT P1W P1W1D P1Y P1M P1S PT1D P1000000000D
PT1H1M1.5S PT1.5H PT1.5H1M PT1M1H PT.5S PT1.S -PT0.0000009S
0000000000000000000000000000000A 0000000000000000000000000000000- {00000000000000000000000000000000}
00000000-0000-0000-0000-00000000000A 00000000-000000000000000000000000
"""
SPACED = ["", " 1", "1 ", "A Q=", "2020-02-29 12:30:00"]
NEARLY = [*NEARLY_WORDS.split(), *SPACED, "\uff11", "\uff12020-02-29", "PT\u0661S"]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def same(values: st.SearchStrategy[Any]) -> Pairs:
    """Values that stand for themselves."""
    return values.map(lambda value: (value, value))


def written(values: st.SearchStrategy[Any], write: Callable[[Any], Any]) -> Pairs:
    """Values and how they are written."""
    return values.map(lambda value: (write(value), value))


def duration_text(value: dt.timedelta) -> str:
    """ISO 8601."""
    whole = abs(value)
    seconds = decimal.Decimal(whole.seconds * 1_000_000 + whole.microseconds).scaleb(-6)
    return f"{'-' if value.days < 0 else ''}P{whole.days}DT{seconds:f}S"


ZONES = st.sampled_from([dt.UTC, dt.timezone(dt.timedelta(hours=2)), dt.timezone(-dt.timedelta(hours=9, minutes=30))])
SCALARS = [
    Typed(int, same(INTEGERS), "int"),
    Typed(str, same(TEXT), "string"),
    Typed(bool, same(st.booleans()), "bool"),
    Typed(None, same(st.none()), "null"),
    Typed(float, same(FLOATS) | st.integers(-(2**53), 2**53).map(lambda value: (value, float(value))), ""),
    Typed(bytes, written(st.binary(max_size=9), lambda value: base64.b64encode(value).decode()), "string"),
    Typed(decimal.Decimal, written(st.decimals(allow_nan=False, allow_infinity=False), str), ""),
    Typed(dt.datetime, written(st.datetimes(timezones=ZONES), dt.datetime.isoformat), "string"),
    Typed(dt.date, written(st.dates(), dt.date.isoformat), "string"),
    Typed(dt.time, written(st.times(), dt.time.isoformat), "string"),
    Typed(
        dt.timedelta,
        written(st.timedeltas(-dt.timedelta(days=99_999), dt.timedelta(days=99_999)), duration_text),
        "string",
    ),
    Typed(uuid.UUID, written(st.uuids(), str), "string"),
    Typed(Colour, written(st.sampled_from(list(Colour)), lambda value: value.value), "string"),
    Typed(Level, written(st.sampled_from(list(Level)), lambda value: value.value), "int"),
    Typed(Literal["a", "b"], same(st.sampled_from(["a", "b"])), "string"),
    Typed(Literal[1, True] | None, same(st.sampled_from([1, True, None])), ""),
    Typed(Annotated[str, re.compile("^a")], same(TEXT.map(lambda text: f"a{text}")), "string"),
]
KEYS = [
    (Typed(str, same(TEXT), "string"), str),
    (Typed(int, same(INTEGERS), "int"), str),
    (Typed(Colour, same(st.sampled_from(list(Colour))), "string"), lambda member: member.value),
    (Typed(uuid.UUID, same(st.uuids()), "string"), str),
    (Typed(dt.date, same(st.dates()), "string"), str),
]
ANY = Typed(Any, same(JSON), "", hashable=False)
FIELD_NAMES = ["id", "name", "home_town", "x1", "values", "a", "b", "deep", "items_", "type_"]
WIRES = ["id", "@id", "full name", "é", "a/b", "~", "", "q\"'", "x" * 70, "line\nfeed", "😀"]


def laid_out(pairs: list[Pairs]) -> Pairs:
    """One pair of lists for a list of pairs."""
    return st.tuples(*pairs).map(lambda drawn: ([document for document, _ in drawn], [value for _, value in drawn]))


def array_of(inner: Typed, kind: str) -> Typed:
    """A list, set or tuple of any length."""
    many = st.lists(inner.pairs, max_size=4).map(lambda drawn: tuple(map(list, zip(*drawn, strict=True))) or ([], []))
    hints = {"list": list[inner.hint], "set": set[inner.hint], "frozenset": frozenset[inner.hint]}
    makers: dict[str, Callable[[list[Any]], Any]] = {"list": list, "set": set, "frozenset": frozenset}
    make = makers.get(kind, tuple)
    hint = hints[kind] if kind in hints else tuple[inner.hint, ...]
    return Typed(
        hint,
        many.map(lambda pair: (pair[0], make(pair[1]))),
        "array",
        hashable=inner.hashable and kind in ("frozenset", "variadic"),
    )


@st.composite
def containers(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    """Lists, tuples, sets and dicts."""
    kind = draw(st.sampled_from(["list", "variadic", "set", "frozenset", "tuple", "dict"]))
    if kind == "tuple":
        parts = draw(st.lists(inner, max_size=3))
        hint = tuple[tuple(part.hint for part in parts)] if parts else tuple[()]  # type: ignore[misc]
        pairs = laid_out([part.pairs for part in parts]).map(lambda pair: (pair[0], tuple(pair[1])))
        return Typed(hint, pairs, "array", hashable=all(part.hashable for part in parts))
    own = draw(inner)
    if kind == "dict":
        key, write = draw(st.sampled_from(KEYS))
        pairs = st.lists(st.tuples(key.pairs, own.pairs), max_size=3, unique_by=lambda pair: pair[0][1]).map(
            lambda drawn: (
                {write(name): document for (_, name), (document, _) in drawn},
                {name: value for (_, name), (_, value) in drawn},
            )
        )
        return Typed(dict[key.hint, own.hint], pairs, "object", hashable=False)
    if kind in ("set", "frozenset") and not own.hashable:
        own = draw(st.sampled_from(SCALARS))
    return array_of(own, kind)


@st.composite
def unions(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    """Members that take different tokens each, None often among them."""
    members: dict[str, Typed] = {}
    for own in draw(st.lists(inner, min_size=1, max_size=4)):
        if own.token and own.token not in members:
            members[own.token] = own
    if draw(st.booleans()) or not members:
        members.setdefault("null", SCALARS[3])
    chosen = list(members.values())
    return Typed(
        typing.Union[tuple(own.hint for own in chosen)],  # noqa: UP007 - of a tuple
        st.one_of([own.pairs for own in chosen]),
        chosen[0].token if len(chosen) == 1 else "",
        hashable=all(own.hashable for own in chosen),
    )


# Classes.

KINDS = ["dataclass", "slots", "frozen", "kw_only", "NamedTuple", "TypedDict"]


@dataclass
class Plan:
    """A class that is being drawn."""

    fields: dict[str, tuple[Typed, str]]
    optional: dict[str, Any]
    rest: Typed | None
    kind: str


def made(plan: Plan) -> Any:
    """The class."""
    hints: dict[str, Any] = {}
    for name, (own, wire) in plan.fields.items():
        hints[name] = own.hint if wire == name else Annotated[own.hint, json.name(wire)]
        if plan.kind == "TypedDict" and name in plan.optional:
            hints[name] = typing.NotRequired[hints[name]]
    if plan.rest is not None:
        hints["rest"] = Rest[plan.rest.hint]
    if plan.kind == "TypedDict":
        return typing.TypedDict("Drawn", hints)  # type: ignore[operator]
    if plan.kind == "NamedTuple":
        return typing.NamedTuple("Drawn", list(hints.items()))
    parts: list[Any] = []
    for name, hint in hints.items():
        if name == "rest":
            parts.append((name, hint, field(default_factory=dict, kw_only=True)))
        elif name in plan.optional:
            # A default that may be a list is a factory's, as a dataclass demands.
            parts.append((name, hint, field(default_factory=lambda value=plan.optional[name]: value, kw_only=True)))
        else:
            parts.append((name, hint, field(kw_only=True)))
    options = {} if plan.kind == "dataclass" else {plan.kind: True}
    return dataclasses.make_dataclass("Drawn", parts, **options)


def instance(cls: Any, plan: Plan, values: dict[str, Any], kept: dict[str, Any]) -> Any:
    """An instance made as its own constructor would."""
    values = dict(values)
    if plan.rest is not None:
        values["rest"] = kept
    return values if plan.kind == "TypedDict" else cls(**values)


@st.composite
def documents(draw: st.DrawFn, cls: Any, plan: Plan, tag: tuple[str, str] | None = None) -> tuple[Any, Any]:
    """An object that fits the class, and the instance that it stands for."""
    present = [name for name in plan.fields if name not in plan.optional or draw(st.booleans())]
    values: dict[str, Any] = {}
    members: list[tuple[str, Any, str]] = []
    for name in present:
        own, wire = plan.fields[name]
        document, values[name] = draw(own.pairs)
        members.append((wire, document, name))
    wires = {wire for _, wire in plan.fields.values()} | ({tag[0]} if tag else set())
    unknown = plan.rest or ANY
    names = draw(st.lists(TEXT | st.just("rest"), max_size=3, unique=True))
    kept: dict[str, Any] = {}
    for name in names:
        if name not in wires:
            document, kept[name] = draw(unknown.pairs)
            members.append((name, document, ""))
    members = draw(st.permutations(members))
    order = [wire for wire, _, name in members if not name]
    kept = {name: kept[name] for name in order}
    return {wire: document for wire, document, _ in members}, instance(cls, plan, values, kept)


@st.composite
def classes(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    """Classes of some fields, with a Rest or without."""
    kind = draw(st.sampled_from(KINDS))
    names = draw(st.lists(st.sampled_from(FIELD_NAMES), max_size=5, unique=True))
    wires = draw(st.lists(st.sampled_from(WIRES), min_size=len(names), max_size=len(names), unique=True))
    fields: dict[str, tuple[Typed, str]] = {}
    for name, other in zip(names, wires, strict=True):
        taken = {wire for _, wire in fields.values()} | set(names)
        fields[name] = (
            draw(inner),
            other if kind != "TypedDict" and other not in taken and draw(st.booleans()) else name,
        )
    optional = {}
    if kind != "NamedTuple":
        for name in names:
            if draw(st.booleans()):
                _, optional[name] = draw(fields[name][0].pairs)
    # A TypedDict is a plain dict when it is encoded, which knows neither other names nor what its key `rest` means.
    rest = None if kind == "TypedDict" else draw(st.none() | st.just(ANY) | inner)
    plan = Plan(fields, optional, rest, kind)
    cls = made(plan)
    return Typed(cls, documents(cls, plan), "object", hashable=False)


@st.composite
def tagged(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    """Classes told apart by a Literal, wherever it stands among their fields."""
    hints, pairs = [], []
    wire = draw(st.sampled_from(["kind", "@type", "é"]))
    for number in range(draw(st.integers(2, 3))):
        tags = [f"{number}a", f"{number}b"]
        fields = {name: (draw(inner), name) for name in draw(st.sampled_from([[], ["a"], ["a", "b"], ["x1"]]))}
        fields["kind"] = (Typed(Literal[tuple(tags)], same(st.sampled_from(tags)), "string"), wire)  # type: ignore[valid-type]
        order = draw(st.permutations(list(fields)))
        plan = Plan({name: fields[name] for name in order}, {}, draw(st.none() | st.just(ANY)), "dataclass")
        cls = made(plan)
        hints.append(cls)
        pairs.append(documents(cls, plan))
    return Typed(typing.Union[tuple(hints)], st.one_of(pairs), "object", hashable=False)  # noqa: UP007 - of a tuple


def types(max_leaves: int = 8) -> st.SearchStrategy[Typed]:
    """Types of every kind, about as many of them in each other as said."""
    return st.recursive(
        st.sampled_from([*SCALARS, ANY]),
        lambda inner: st.one_of(containers(inner), unions(inner), classes(inner), tagged(inner)),
        max_leaves=max_leaves,
    )


def class_types(max_leaves: int = 6) -> st.SearchStrategy[Typed]:
    """Types that are one class."""
    return classes(types(max_leaves))


@st.composite
def texts(draw: st.DrawFn, document: Any) -> bytes:
    """A document's bytes: compact or spaced out, with escapes or without."""
    indent = draw(st.sampled_from([None, None, 0, 2, "\t"]))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]))
    escapes = draw(st.booleans())
    return stdlib.dumps(document, ensure_ascii=escapes, indent=indent, separators=separators).encode()


@st.composite
def cases(draw: st.DrawFn, kinds: st.SearchStrategy[Typed] | None = None) -> Case:
    """A type, a document that fits it, and the value that it stands for."""
    own = draw(types() if kinds is None else kinds)
    document, value = draw(own.pairs)
    return Case(own.hint, document, draw(texts(document)), value)


@st.composite
def misfits(draw: st.DrawFn, document: Any) -> Any:
    """The document with something else at one place of it, or without a member: it may fit all the same."""
    places: list[list[Any]] = [[]]
    pending: list[tuple[list[Any], Any]] = [([], document)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            inner = list(value.items())
        elif isinstance(value, list):
            inner = list(enumerate(value))
        else:
            continue
        for key, item in inner:
            places.append([*path, key])
            pending.append(([*path, key], item))
    path = draw(st.sampled_from(places))
    drop = draw(st.booleans())
    return replaced(document, path, MISSING if drop else draw(JSON | st.sampled_from(NEARLY)))


def replaced(value: Any, path: list[Any], new: Any) -> Any:
    """A copy with something else at a place; with `MISSING` there, without it."""
    if not path:
        return None if new is MISSING else new
    if isinstance(value, dict):
        pairs = ((key, replaced(item, path[1:], new) if key == path[0] else item) for key, item in value.items())
        return {key: item for key, item in pairs if not (len(path) == 1 and key == path[0] and new is MISSING)}
    items = [replaced(item, path[1:], new) if place == path[0] else item for place, item in enumerate(value)]
    return items[: path[0]] + items[path[0] + 1 :] if len(path) == 1 and new is MISSING else items
