"""`Policy`: what a document may hold, as frozen data. How it is enforced is the core's business (``_compile``).

The file is laid out bottom up: names and patterns of names, `Table` (the mapping that a policy can hold), the policy with
its checks, and the order in which its rules decide, which `Policy.explain` and ``_compile`` share.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from forkedenc._errors import PolicyError
from forkedenc.xml.sanitize._values import Animated, Value

__all__ = [
    "ACTIONS",
    "Policy",
    "Rule",
    "Table",
    "attribute_rules",
    "checked",
    "covering",
    "covers",
    "element_rules",
    "is_pattern",
    "join",
    "pruned",
    "split",
]

XML_URI = "http://www.w3.org/XML/1998/namespace"
ACTIONS = ("keep", "drop", "unwrap", "escape", "error")

_LOCAL = re.compile(r"(?:[^\W\d][\w.\-\u00b7]*)?\*?")
_T = TypeVar("_T")

# --- names ---------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def split(name: str) -> tuple[str | None, str]:
    """A name or pattern of names as (uri, local): uri None is any namespace or none, "" is none."""
    uri, brace, local = name.rpartition("}")
    if not brace:
        return "", name
    return (None if uri == "{*" else uri[1:]), local


def join(uri: str | None, local: str) -> str:
    """The one way to write a name: ``{uri}local``, ``local`` without a namespace, ``{*}local`` in any."""
    if uri == "" and local != "*":
        return local
    return f"{{{'*' if uri is None else uri}}}{local}"


def covers(pattern: str, name: str, *, fold: bool = False) -> bool:
    """Whether each name that `name` (a name or a pattern) stands for is one that `pattern` stands for."""
    (uri, local), (other_uri, other) = split(pattern), split(name)
    if uri is not None and uri != other_uri:
        return False
    if fold:
        local, other = _ascii_lower(local), _ascii_lower(other)
    return other.startswith(local[:-1]) if local.endswith("*") else local == other


def meets(pattern: str, name: str, *, fold: bool = False) -> bool:
    """Whether some name is one that both stand for."""
    (uri, local), (other_uri, other) = split(pattern), split(name)
    if uri is not None and other_uri is not None and uri != other_uri:
        return False
    if fold:
        local, other = _ascii_lower(local), _ascii_lower(other)
    stem, other_stem = local.removesuffix("*"), other.removesuffix("*")
    if local != stem and other != other_stem:
        return stem.startswith(other_stem) or other_stem.startswith(stem)
    if local != stem:
        return other.startswith(stem)
    return local.startswith(other_stem) if other != other_stem else local == other


def _ascii_lower(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(char.lower() if char.isascii() else char for char in text)


def is_pattern(name: str) -> bool:
    """Whether it stands for more than one name."""
    return name.startswith("{*}") or name.endswith("*")


def _name(field: str, given: object, *, element: bool) -> str:
    """A name or pattern in the one way to write it; in `attributes`, ``*`` alone is every element."""
    if not isinstance(given, str):
        raise PolicyError(f"{field}: a name must be a str such as '{{uri}}local', not {given!r}")
    text = "{*}*" if element and given == "*" else given
    uri, local = split(text)
    if (
        ("{" in text and not text.startswith("{"))
        or (uri and ("{" in uri or "}" in uri))
        or not local
        or not _LOCAL.fullmatch(local)
    ):
        raise PolicyError(f"{field}: {given!r} is no name: write '{{uri}}local', 'local', '{{uri}}*' or '{{*}}local'")
    return join(uri, local)


def _specificity(name: str) -> tuple[bool, bool, int, str]:
    """Sorts names before the patterns that cover them."""
    uri, local = split(name)
    return local.endswith("*"), uri is None, -len(local), name


# --- tables --------------------------------------------------------------------------------------------------


class Table(Mapping[str, _T], Generic[_T]):
    """A read-only mapping that can be compared, hashed and pickled.

    ``a | b`` is the union of both: where the values of a name are tables or sets they are united as well, else b's
    counts. ``a - names`` is a without some names.
    """

    __slots__ = ("_hash", "_items")

    _items: dict[str, _T]
    _hash: int | None

    def __init__(self, items: Mapping[str, _T] | Iterable[tuple[str, _T]] = ()) -> None:
        object.__setattr__(self, "_items", dict(items))
        object.__setattr__(self, "_hash", None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Table can't be changed: {name}")

    def __getitem__(self, key: str) -> _T:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Table):
            return self._items == other._items
        return self._items == other if isinstance(other, Mapping) else NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            object.__setattr__(self, "_hash", hash(frozenset(self._items.items())))
        return self._hash or 0

    def __or__(self, other: object) -> Table[Any]:
        if not isinstance(other, Mapping):
            return NotImplemented
        return Table({**self._items, **{key: _united(self._items.get(key), value) for key, value in other.items()}})

    def __ror__(self, other: object) -> Table[Any]:
        return Table(other) | self if isinstance(other, Mapping) else NotImplemented

    def __sub__(self, names: Iterable[str]) -> Table[_T]:
        gone = {names} if isinstance(names, str) else set(names)
        return Table({key: value for key, value in self._items.items() if key not in gone})

    def __repr__(self) -> str:
        return f"Table({self._items!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, (self._items,)


def _united(one: Any, other: Any) -> Any:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return Table(one) | other
    if isinstance(one, AbstractSet) and isinstance(other, (AbstractSet, list, tuple)):
        return frozenset(one) | frozenset(other)
    return other


# --- the policy ----------------------------------------------------------------------------------------------


def _setting(kind: str, doc: str, default: Any = dataclasses.MISSING) -> Any:
    """One row of the policy: how it is checked and written, and what it says."""
    if default is dataclasses.MISSING:
        default = frozenset()
    return dataclasses.field(default=default, metadata={"kind": kind, "doc": doc})


def _table(kind: str, doc: str, *, compare: bool = True) -> Any:
    return dataclasses.field(default_factory=Table, compare=compare, metadata={"kind": kind, "doc": doc})


@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Policy:
    """What a document may hold; frozen data with set algebra, chosen by the operator and never by the document.

    Names are written ``{uri}local``, without a namespace ``local``; ``{uri}*``, ``{*}local`` and ``{*}*`` are patterns, and
    ``on*`` is each local name that begins with ``on``. An exact name decides before a pattern, what is denied before what is
    allowed. ``policy.replace(elements=policy.elements | {...})`` makes another policy.

    Raises:
        PolicyError: it contradicts itself, or a setting has a wrong type; when it is made, never per document.
    """

    # fmt: off
    name: str = _setting("name", "what reports call the policy", "policy")
    roots: frozenset[str] = _setting("elements", "elements that may be the document's root")
    elements: frozenset[str] = _setting("elements", "elements that are kept")
    denied_elements: frozenset[str] = _setting("elements", "elements that go with all they hold, whatever else allows them; ASCII case does not count")
    unwrapped_elements: frozenset[str] = _setting("elements", "elements whose tags go and whose content stays")
    link_elements: frozenset[str] = _setting("elements", "elements whose URLs take the schemes of links=; links= also keeps one that is unwrapped else")
    text_only_elements: frozenset[str] = _setting("elements", "elements that hold text only: elements inside them go")
    style_elements: frozenset[str] = _setting("elements", "elements that hold a style sheet")
    html_text_elements: frozenset[str] = _setting("elements", "elements in whose text markup may be quoted: it goes, or goes through html_text=")
    void_elements: frozenset[str] = _setting("elements", "elements that HTML knows as void: what they hold goes")
    paired_elements: frozenset[str] = _setting("elements", "elements that are written with an end tag when empty")
    weightless_elements: frozenset[str] = _setting("elements", "elements that cost a renderer nothing where they are referred to")
    animation_elements: frozenset[str] = _setting("elements", "elements that go unless their attributeName is allowed")
    rel_elements: frozenset[str] = _setting("elements", 'links that always get rel="noopener noreferrer"')
    rel_target_elements: frozenset[str] = _setting("elements", 'links that get rel="noopener noreferrer" where target is kept')
    attributes: Table[Table[Value]] = _table("attributes", "by element or pattern, by attribute or pattern: the grammar of the value")  # noqa: RUF009 - a field
    denied_attributes: Table[frozenset[str]] = _table("names", "by element or pattern: attributes that always go; ASCII case does not count")  # noqa: RUF009 - a field
    text_values: Table[Value] = _table("values", "elements whose text goes unless it obeys a grammar")  # noqa: RUF009 - a field
    on_unknown_element: str = _setting("word drop unwrap escape error", "the answer to an element that no rule names", "drop")
    on_unknown_attribute: str = _setting("word drop error", "the answer to an attribute that no rule names", "drop")
    on_bad_value: str = _setting("word drop error", "the answer to a value that its grammar refuses", "drop")
    on_limit: str = _setting("word error drop", "the answer to an attribute or text over its limit", "error")
    comments: str = _setting("word drop keep error", "what happens to comments", "drop")
    pis: str = _setting("word drop keep error", "what happens to processing instructions", "drop")
    doctype: str = _setting("word drop error", "what happens to the DOCTYPE, which is never written", "drop")
    namespaces: frozenset[str] | None = _setting("uris", "URIs whose declarations are kept; None: all", None)
    properties: frozenset[str] = _setting("words", "CSS properties that style sheets and style= may set")
    functions: frozenset[str] = _setting("words", "CSS functions that values may call; url() is judged by itself")
    at_rules: frozenset[str] = _setting("words", "CSS at-rules that style sheets may have")
    max_elements: int | None = _setting("count", "elements that a renderer visits once references are followed; None: not counted", None)
    max_ids: int | None = _setting("count", "ids of one document; None: not counted", None)
    ids_need_prefix: bool = _setting("flag", "ids go unless id_prefix= sets them apart from those of the page", default=False)
    reasons: Table[str] = _table("texts", "why a rule is there, by its name, or element/@attribute; no part of a comparison", compare=False)  # noqa: RUF009 - a field
    # fmt: on

    def __post_init__(self) -> None:
        for row in SETTINGS:
            object.__setattr__(self, row.name, checked(row.name, row.metadata["kind"], getattr(self, row.name)))
        _contradictions(self)

    def replace(self, /, **changes: Any) -> Policy:
        """This policy with some settings changed; what ``copy.replace`` calls as well.

        Where `elements` or `link_elements` change, what other settings say of elements that went goes with them, unless the
        same call sets it.
        """
        if "elements" in changes or "link_elements" in changes:
            changes = {**pruned(self, changes), **changes}
        return dataclasses.replace(self, **changes)

    def __replace__(self, /, **changes: Any) -> Policy:
        return self.replace(**changes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Policy):
            return NotImplemented
        return self is other or all(getattr(self, name) == getattr(other, name) for name in COMPARED)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in COMPARED))

    def __reduce__(self) -> tuple[Any, ...]:
        # By name, so that a pickle is checked on its way in and outlives new settings.
        return _restore, (self.changed(),)

    def __repr__(self) -> str:
        return f"<Policy {self.name}: {len(self.elements)} elements, digest {self.digest()[:12]}>"

    def changed(self) -> dict[str, Any]:
        """The settings that are not the defaults."""
        return {row.name: value for row in SETTINGS if (value := getattr(self, row.name)) != _default(row)}

    def digest(self) -> str:
        """SHA-256 over all that decides what a document may hold: equal for policies that clean alike.

        Neither `name` nor `reasons` is part of it. It is the same in each process, so an operator can pin it.
        """
        settings = {
            row.name: _canonical(getattr(self, row.name)) for row in SETTINGS if row.name not in ("name", "reasons")
        }
        text = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(f"forkedenc policy 1\n{text}".encode()).hexdigest()

    def explain(self, element: str, attribute: str | None = None) -> str:
        """Which rule decides on an element, or on its attribute; what the value must be; and why the rule is there."""
        named = _name("element", element, element=True)
        if attribute is None:
            return _explain_element(self, named)
        return _explain_attribute(self, named, _name("attribute", attribute, element=False))

    def to_toml(self) -> str:
        """The whole policy as TOML, which `from_toml` reads back as an equal one."""
        from forkedenc.xml.sanitize._toml import dumps  # noqa: PLC0415 - only those who write need it

        return dumps(self)

    @classmethod
    def from_toml(cls, path: str | os.PathLike[str]) -> Policy:
        """Reads a policy from a file, whole or as what differs from a preset (``base = "svg"``).

        Raises:
            PolicyError: it is no TOML, says what no setting is called, or contradicts itself.
            OSError: the file can't be read.
        """
        from forkedenc.xml.sanitize._toml import load  # noqa: PLC0415 - only those who read need it

        return load(path)


SETTINGS: tuple[dataclasses.Field[Any], ...] = dataclasses.fields(Policy)
"""The table: each setting's name, default, and metadata "kind" and "doc"."""
COMPARED = tuple(row.name for row in SETTINGS if row.compare)
KEPT_SETS = tuple(
    row.name
    for row in SETTINGS
    if row.metadata["kind"] == "elements"
    and row.name not in ("roots", "elements", "denied_elements", "unwrapped_elements", "link_elements")
)
"""The settings that say what kind of element a kept one is."""
Policy.__doc__ = f"{Policy.__doc__}\n    Settings:\n" + "".join(
    f"        {row.name}: {row.metadata['doc']}.\n" for row in SETTINGS
)


def _default(row: dataclasses.Field[Any]) -> Any:
    return row.default if row.default_factory is dataclasses.MISSING else row.default_factory()


def _restore(settings: dict[str, Any]) -> Policy:
    return Policy(**settings)


# --- checks of one setting -----------------------------------------------------------------------------------


def checked(field: str, kind: str, value: Any) -> Any:
    """The setting in its one form; PolicyError for what is none."""
    kind, *words = kind.split(" ")
    if kind != "word":
        return _CHECKS[kind](field, value)
    if not isinstance(value, str) or value not in words:
        raise PolicyError(f"{field} must be one of {', '.join(words)}, not {value!r}")
    return value


def _check_name(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise PolicyError(f"{field} must be a str that can be shown, not {value!r}")
    return value


def _check_count(field: str, value: Any) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise PolicyError(f"{field} must be None or an int that is not negative, not {value!r}")
    return value


def _check_flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise PolicyError(f"{field} must be True or False, not {value!r}")
    return value


def _collection(field: str, value: Any) -> Iterable[Any]:
    if isinstance(value, (AbstractSet, list, tuple)):
        return value
    raise PolicyError(f"{field} must be a set of strings, not {value!r}")


def _check_elements(field: str, value: Any) -> frozenset[str]:
    return frozenset(_name(field, name, element=True) for name in _collection(field, value))


def _check_css_words(field: str, value: Any) -> frozenset[str]:
    for word in (found := list(_collection(field, value))):
        if not isinstance(word, str) or not re.fullmatch(r"-?-?[A-Za-z][A-Za-z0-9_-]*", word):
            raise PolicyError(f"{field}: {word!r} is no CSS name")
    return frozenset(word.lower() for word in found)


def _check_uris(field: str, value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    for uri in (found := list(_collection(field, value))):
        if not isinstance(uri, str) or not uri or "{" in uri or "}" in uri:
            raise PolicyError(f"{field}: {uri!r} is no namespace")
    return frozenset(found)


def _mapping(field: str, value: Any) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping):
        raise PolicyError(f"{field} must be a mapping, not {value!r}")
    return value


def _once(field: str, items: Iterable[tuple[str, _T]]) -> Table[_T]:
    """A table of names that were written in several ways, each given once."""
    made: dict[str, _T] = {}
    for name, value in items:
        if name in made and made[name] != value:
            raise PolicyError(f"{field}: {name} is given twice, and differently")
        made[name] = value
    return Table(made)


def _grammar(field: str, value: Any) -> Value:
    if not isinstance(value, Value):
        raise PolicyError(f"{field} must be a grammar such as Text(), not {value!r}")
    return value


def _check_attributes(field: str, value: Any) -> Table[Table[Value]]:
    def inner(element: str, rules: Any) -> Table[Value]:
        where = f"{field}[{element!r}]"
        named = ((_name(where, name, element=False), grammar) for name, grammar in _mapping(where, rules).items())
        return _once(where, ((name, _grammar(f"{where}[{name!r}]", grammar)) for name, grammar in named))

    names = ((_name(field, element, element=True), rules) for element, rules in _mapping(field, value).items())
    return _once(field, ((element, inner(element, rules)) for element, rules in names))


def _check_names(field: str, value: Any) -> Table[frozenset[str]]:
    items = (
        (_name(field, element, element=True), _collection(field, names))
        for element, names in _mapping(field, value).items()
    )
    return _once(
        field, ((element, frozenset(_name(field, name, element=False) for name in names)) for element, names in items)
    )


def _check_values(field: str, value: Any) -> Table[Value]:
    items = ((_name(field, element, element=True), grammar) for element, grammar in _mapping(field, value).items())
    return _once(field, ((element, _grammar(f"{field}[{element!r}]", grammar)) for element, grammar in items))


def _check_texts(field: str, value: Any) -> Table[str]:
    for key, text in _mapping(field, value).items():
        if not isinstance(key, str) or not isinstance(text, str):
            raise PolicyError(f"{field} must say a str for each rule, not {text!r} for {key!r}")
    return Table(value)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "name": _check_name,
    "count": _check_count,
    "flag": _check_flag,
    "elements": _check_elements,
    "words": _check_css_words,
    "uris": _check_uris,
    "attributes": _check_attributes,
    "names": _check_names,
    "values": _check_values,
    "texts": _check_texts,
}


# --- checks of settings against each other -------------------------------------------------------------------


def _contradictions(policy: Policy) -> None:
    """Refuse a policy of which two settings can't both be meant."""
    kept, carriers = policy.elements, policy.elements | policy.link_elements
    for setting in ("elements", "unwrapped_elements", "link_elements"):
        for name in sorted(getattr(policy, setting)):
            if denied := covering(policy.denied_elements, name, fold=True):
                raise PolicyError(f"{name} is in {setting} and denied by {denied}")
    if both := sorted(kept & policy.unwrapped_elements):
        raise PolicyError(f"{both[0]} is both kept and unwrapped")
    for name in sorted(policy.unwrapped_elements):
        if _ascii_lower(split(name)[1]) in ("script", "style"):
            raise PolicyError(f"{name} can't be unwrapped: that would show what it holds as text")
    for name in sorted(policy.roots):
        if not covering(kept, name):
            raise PolicyError(f"the root {name} is no allowed element")
        if denied := covering(policy.denied_elements, name, fold=True):
            raise PolicyError(f"the root {name} is denied by {denied}")
    for name in sorted(policy.link_elements):
        if not covering(kept | policy.unwrapped_elements, name):
            raise PolicyError(f"{name} is in link_elements, but neither kept nor unwrapped")
    for setting in (*KEPT_SETS, "text_values"):
        for name in sorted(getattr(policy, setting)):
            if not _meeting(carriers, name):
                raise PolicyError(f"{name} is in {setting}, but no allowed element")
    for name in sorted(policy.attributes):
        if not _meeting(carriers, name):
            raise PolicyError(f"attributes are allowed for {name}, which is no allowed element")
        _check_rules(policy, name)
    if policy.namespaces is not None:
        _check_namespaces(policy, policy.namespaces)


def _check_rules(policy: Policy, element: str) -> None:
    """Refuse attributes of one element that are denied as well, or that lack what gives them a meaning."""
    rules = policy.attributes[element]
    for name, value in rules.items():
        for pattern, names in policy.denied_attributes.items():
            if covers(pattern, element) and (denied := covering(names, name, fold=True)):
                raise PolicyError(f"the attribute {name} of {element} is allowed, and denied by {denied} of {pattern}")
        if isinstance(value, Animated):
            around = [table for pattern, table in policy.attributes.items() if covers(pattern, element)]
            if not any("attributeName" in table for table in around):
                raise PolicyError(f"{name} of {element} is Animated, but attributeName is not allowed there")


def _check_namespaces(policy: Policy, namespaces: frozenset[str]) -> None:
    known = namespaces | {"", XML_URI}
    for setting in ("elements", "unwrapped_elements", "roots"):
        for name in sorted(getattr(policy, setting)):
            if (uri := split(name)[0]) is not None and uri not in known:
                raise PolicyError(f"{name} is in {setting}, but its namespace is not among those allowed")
    for element in sorted(policy.attributes):
        for name in sorted(policy.attributes[element]):
            if (uri := split(name)[0]) is not None and uri not in known:
                raise PolicyError(f"the attribute {name} of {element} is allowed, but its namespace is not")


def covering(patterns: Iterable[str], name: str, *, fold: bool = False) -> str | None:
    """The first of `patterns` that covers the name: itself, or else one of those that stand for several."""
    if name in patterns:
        return name
    found = (pattern for pattern in patterns if (fold or is_pattern(pattern)) and covers(pattern, name, fold=fold))
    return min(found, default=None)


def _meeting(patterns: AbstractSet[str], name: str) -> bool:
    several = is_pattern(name)
    return name in patterns or any(meets(pattern, name) for pattern in patterns if several or is_pattern(pattern))


def pruned(policy: Policy, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that speak of elements, without those that `changes` takes away."""
    elements = checked("elements", "elements", changes.get("elements", policy.elements))
    links = checked("link_elements", "elements", changes.get("link_elements", policy.link_elements))
    unwrapped = checked("unwrapped_elements", "elements", changes.get("unwrapped_elements", policy.unwrapped_elements))
    if "link_elements" not in changes:
        links = frozenset(name for name in links if covering(elements | unwrapped, name))
    carriers = elements | links
    made: dict[str, Any] = {"link_elements": links}
    for setting in KEPT_SETS:
        made[setting] = frozenset(name for name in getattr(policy, setting) if _meeting(carriers, name))
    for setting in ("attributes", "text_values"):
        table = getattr(policy, setting)
        made[setting] = table - [name for name in table if not _meeting(carriers, name)]
    return {name: value for name, value in made.items() if value != getattr(policy, name)}


# --- the digest ----------------------------------------------------------------------------------------------


def _canonical(value: Any) -> Any:
    """The value as JSON that does not depend on the order of sets and mappings."""
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, Value):
        return [value.kind, {name: _canonical(item) for name, item in value.changed().items()}]
    return value


# --- which rule decides --------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """One rule for elements: the pattern, one of `ACTIONS`, and whether ASCII case counts not."""

    pattern: str
    action: str
    fold: bool = False


class AttributeRule(NamedTuple):
    """One rule for attributes: of which elements, which attribute, its grammar (None: denied), whether case counts not."""

    element: str
    attribute: str
    value: Value | None
    fold: bool = False


def element_rules(policy: Policy, *, keep: AbstractSet[str] = frozenset()) -> list[Rule]:
    """The rules in the order in which they decide; `keep` are elements kept although the policy unwraps them."""
    rules = [Rule(name, "drop", fold=True) for name in sorted(policy.denied_elements, key=_specificity)]
    kept = policy.elements | keep
    # What kind an element is may be said of a name that a pattern keeps: the name gets a rule of its own.
    named = {
        name for setting in (*KEPT_SETS, "text_values") for name in getattr(policy, setting) if covering(kept, name)
    }
    actions = dict.fromkeys(kept | named, "keep") | dict.fromkeys(policy.unwrapped_elements - keep, "unwrap")
    rules += [Rule(name, actions[name]) for name in sorted(actions, key=_specificity)]
    if policy.on_unknown_element == "unwrap":
        # The text of these is no text for readers.
        rules += [Rule(name, "drop", fold=True) for name in ("{*}script", "{*}style")]
    return rules


def attribute_rules(policy: Policy) -> list[AttributeRule]:
    """The rules in the order in which they decide: denied ones, then by element and attribute, the exact ones first."""
    denied = policy.denied_attributes
    rules = [
        AttributeRule(element, name, None, fold=True)
        for element in sorted(denied, key=_specificity)
        for name in sorted(denied[element], key=_specificity)
    ]
    allowed = policy.attributes
    rules += [
        AttributeRule(element, name, allowed[element][name])
        for element in sorted(allowed, key=_specificity)
        for name in sorted(allowed[element], key=_specificity)
    ]
    return rules


def _element_rule(policy: Policy, element: str) -> Rule | None:
    return next((rule for rule in element_rules(policy) if covers(rule.pattern, element, fold=rule.fold)), None)


def _explain_element(policy: Policy, element: str) -> str:
    rule = _element_rule(policy, element)
    if rule is None:
        answer = {"drop": "drops", "unwrap": "unwraps", "escape": "escapes", "error": "refuses a document with"}[
            policy.on_unknown_element
        ]
        return (
            f"{policy.name} {answer} {element}: no rule names it (on_unknown_element is {policy.on_unknown_element!r})."
        )
    verb = {"keep": "keeps", "drop": "drops", "unwrap": "unwraps"}[rule.action]
    said = [f"{policy.name} {verb} {element}{_by(rule.pattern, element)}"]
    if rule.action == "drop":
        said[0] += " and all it holds"
    if rule.action == "unwrap" and covering(policy.link_elements, element):
        said.append("links= keeps it")
    if rule.action == "keep":
        said += [
            row.metadata["doc"]
            for row in SETTINGS
            if row.name in KEPT_SETS and covering(getattr(policy, row.name), element)
        ]
        said += ["it may be the root"] if covering(policy.roots, element) else []
        said += [
            f"its text must be {value.explained()}"
            for name, value in policy.text_values.items()
            if covers(name, element)
        ]
    return "; ".join(said) + "." + _because(policy, rule.pattern)


def _explain_attribute(policy: Policy, element: str, attribute: str) -> str:
    where = _element_rule(policy, element)
    shown = f"{attribute} of {element}"
    if (where is None and policy.on_unknown_element != "error") or (where is not None and where.action == "drop"):
        return _explain_element(policy, element)
    if where is None or (where.action == "unwrap" and not covering(policy.link_elements, element)):
        return _explain_element(policy, element)
    links = "with links=, " if where.action == "unwrap" else ""
    for rule in attribute_rules(policy):
        if not covers(rule.element, element) or not covers(rule.attribute, attribute, fold=rule.fold):
            continue
        by = _by(f"{rule.attribute} of {rule.element}", shown)
        if rule.value is None:
            return (
                f"{policy.name}: {shown} is always dropped{by}.{_because(policy, f'{rule.element}/@{rule.attribute}')}"
            )
        answer = "the attribute is dropped" if policy.on_bad_value == "drop" else "the document is refused"
        prefix = (
            " Only with id_prefix=, which goes before it." if policy.ids_need_prefix and rule.value.kind == "id" else ""
        )
        return (
            f"{policy.name}: {links}{shown} must be {rule.value.explained()}{by}; otherwise {answer}."
            f"{prefix}{_because(policy, f'{rule.element}/@{rule.attribute}')}"
        )
    answer = "is dropped" if policy.on_unknown_attribute == "drop" else "makes the document be refused"
    return (
        f"{policy.name}: {shown} {answer}: no rule names it (on_unknown_attribute is {policy.on_unknown_attribute!r})."
    )


def _by(pattern: str, name: str) -> str:
    return "" if pattern == name else f" (rule {pattern})"


def _because(policy: Policy, rule: str) -> str:
    reason = policy.reasons.get(rule)
    return f" Why: {reason}." if reason else ""


Policy.__module__ = "forkedenc.xml.sanitize"
