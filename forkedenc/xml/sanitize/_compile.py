"""From a policy and a sanitizer's options to the plan that the core runs: plain tuples, lists, strings and numbers.

The plan says everything as tables whose first row that matches decides, in the order of `element_rules` and
`attribute_rules`. Element patterns of attributes are shared as groups, equal grammars as values. Rows of the empty group
speak of no element: they come first, and say by which grammar the values of an animation go that sets the attribute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from forkedenc._errors import PolicyError
from forkedenc.xml.sanitize._policy import (
    ACTIONS,
    KEPT_SETS,
    Policy,
    attribute_rules,
    covering,
    element_rules,
    is_pattern,
    split,
)
from forkedenc.xml.sanitize._values import Animated, Keyword, Numbers, Timing, Url, Value

__all__ = ["FLAGS", "FOLD", "VALUE_TEXT", "plan"]

FLAGS = {
    "text_only_elements": 1,
    "style_elements": 2,
    "html_text_elements": 4,
    "void_elements": 8,
    "paired_elements": 16,
    "rel_elements": 32,
    "rel_target_elements": 64,
    "weightless_elements": 128,
    "animation_elements": 256,
}
"""The bit of an element's row for each setting that tells its kind."""
FOLD = 512
VALUE_TEXT = 2048
"""The element has a row in ``text_values``: its text is judged by that value and goes when it is refused."""
ATTRIBUTE_FOLD = 1
_UNBOUNDED = 2**63 - 1

_ID_PREFIX = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
Plan: TypeAlias = dict[str, Any]


def plan(
    policy: Policy,
    *,
    links: Iterable[str] = (),
    id_prefix: str | None = None,
    escape_for: str | None = None,
    html_text: bool = False,
) -> Plan:
    """The tables for one sanitizer.

    Raises:
        PolicyError: an option is no option, or one that the policy has no use for.
    """
    schemes = _schemes(policy, links)
    if id_prefix is not None and not (type(id_prefix) is str and _ID_PREFIX.fullmatch(id_prefix)):
        raise PolicyError(f"id_prefix must begin an id: letters, digits, '_', '-' and '.', not {id_prefix!r}")
    if escape_for not in (None, "html"):
        raise PolicyError(f'escape_for must be "html" or None, not {escape_for!r}')
    html = escape_for == "html"
    values = _Numbered()
    groups = _Numbered()

    def value(element: str, grammar: Value) -> int:
        return values.number(_value(_linked(policy, element, grammar, schemes)))

    texts = [(*split(name), value(name, policy.text_values[name])) for name in sorted(policy.text_values)]
    attributes: list[tuple[int, str | None, str, int, int]] = [
        (groups.number(()), "", name, values.number(_value(grammar)), 0) for name, grammar in _animated(policy)
    ]
    attributes += [
        (groups.number(tuple(split(element) for element in elements)), *split(attribute), number, flags)
        for elements, attribute, number, flags in _gathered(policy, value)
    ]
    return {
        "name": policy.name,
        "roots": [split(name) for name in sorted(policy.roots)],
        "elements": _elements(policy, policy.link_elements if schemes else frozenset(), html=html),
        "unknown_element": ACTIONS.index(policy.on_unknown_element),
        "groups": [list(group) for group in groups.items()],
        "attributes": attributes,
        "unknown_attribute": policy.on_unknown_attribute,
        "bad_value": policy.on_bad_value,
        "limit": policy.on_limit,
        "values": [tuple(_plain(item)) for item in values.items()],
        "text_values": texts,
        "namespaces": None if policy.namespaces is None else sorted(policy.namespaces),
        "comments": "drop" if html and policy.comments == "keep" else policy.comments,
        "pis": "drop" if html and policy.pis == "keep" else policy.pis,
        "doctype": policy.doctype,
        "properties": sorted(policy.properties),
        "functions": sorted(policy.functions),
        "at_rules": sorted(policy.at_rules),
        "account": _account(policy),
        "id_prefix": id_prefix,
        "html": html,
        "html_text": bool(html_text),
        "ids_need_prefix": policy.ids_need_prefix,
    }


class _Numbered:
    """Things by the number under which the plan's rows name them."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[Any, ...], int] = {}

    def items(self) -> list[tuple[Any, ...]]:
        return list(self._numbers)

    def number(self, item: tuple[Any, ...]) -> int:
        return self._numbers.setdefault(item, len(self._numbers))


def _gathered(policy: Policy, value: Callable[[str, Value], int]) -> Iterator[tuple[tuple[str, ...], str, int, int]]:
    """The rows for attributes as (elements, attribute, value, flags), in the order in which they decide.

    Rows of exact names that say the same of several elements are one: no two of them speak of the same attribute.
    """
    exact: dict[tuple[str, int], list[str]] = {}
    others: list[tuple[tuple[str, ...], str, int, int]] = []
    for rule in attribute_rules(policy):
        if rule.value is None:
            yield (rule.element,), rule.attribute, -1, ATTRIBUTE_FOLD
        elif is_pattern(rule.element) or is_pattern(rule.attribute):
            others.append(((rule.element,), rule.attribute, value(rule.element, rule.value), 0))
        else:
            exact.setdefault((rule.attribute, value(rule.element, rule.value)), []).append(rule.element)
    for (attribute, number), elements in exact.items():
        yield tuple(elements), attribute, number, 0
    yield from others


def _animated(policy: Policy) -> Iterator[tuple[str, Value]]:
    """The attributes that animations may set, each with one grammar for all elements that have it.

    An animation may set an attribute of an element that is not the one around it, so of several bounds the narrowest counts.
    """
    tables = policy.attributes.items()
    moving = {
        element for element, rules in tables if any(isinstance(value, (Animated, Timing)) for value in rules.values())
    }
    words: set[str] = set()
    for element in moving:
        if isinstance(names := policy.attributes[element].get("attributeName"), Keyword):
            words |= names.words
    found: dict[str, list[Value]] = {}
    for rule in attribute_rules(policy):
        if rule.value is None or rule.attribute not in words or rule.element in moving:
            continue
        if rule.value not in found.get(rule.attribute, ()):
            found.setdefault(rule.attribute, []).append(rule.value)
    for name in sorted(found):
        yield name, _narrowest(found[name])


def _narrowest(grammars: list[Value]) -> Value:
    """One grammar for several: numbers within all bounds, else the first that is no number."""
    numbers = [grammar for grammar in grammars if isinstance(grammar, Numbers)]
    if len(numbers) < len(grammars):
        return next(grammar for grammar in grammars if not isinstance(grammar, Numbers))
    most = [grammar.most for grammar in numbers]
    return Numbers(
        least=min(grammar.least for grammar in numbers),
        most=None if None in most else max(count for count in most if count is not None),
        minimum=max((grammar.minimum for grammar in numbers if grammar.minimum is not None), default=None),
        maximum=min((grammar.maximum for grammar in numbers if grammar.maximum is not None), default=None),
        units=any(grammar.units for grammar in numbers),
    )


def _schemes(policy: Policy, links: Iterable[str]) -> frozenset[str]:
    """The schemes that links= names, checked as a `Url`'s are."""
    if isinstance(links, (str, bytes)):
        raise PolicyError(f'links must be a collection of URL schemes such as ["https"], not {links!r}')
    schemes = Url(schemes=frozenset(links)).schemes
    if schemes and not policy.link_elements:
        raise PolicyError(f"links= has no use: {policy.name} has no link_elements")
    return schemes


def _linked(policy: Policy, element: str, value: Value, schemes: frozenset[str]) -> Value:
    """The grammar of a link's URL with the schemes of links=; any other as it is."""
    if schemes and isinstance(value, Url) and covering(policy.link_elements, element):
        return value.replace(schemes=schemes)
    return value


def _elements(policy: Policy, keep: frozenset[str], *, html: bool) -> list[tuple[str | None, str, int, int]]:
    rows = []
    for rule in element_rules(policy, keep=keep):
        action, flags = rule.action, FOLD if rule.fold else 0
        if action == "keep":
            for setting in KEPT_SETS:
                if covering(getattr(policy, setting), rule.pattern):
                    flags |= FLAGS[setting]
            if covering(policy.text_values, rule.pattern):
                flags |= VALUE_TEXT
            if html and flags & FLAGS["style_elements"]:
                # A style sheet inside a page speaks of the whole page.
                action, flags = "drop", 0
        rows.append((*split(rule.pattern), ACTIONS.index(action), flags))
    return rows


def _value(value: Value) -> tuple[Any, ...]:
    """The grammar as the core takes it, with tuples for lists so that it can be told from others by hash."""
    return value.kind, value.max_bytes, *(tuple(item) if isinstance(item, list) else item for item in value.arguments())


def _plain(value: tuple[Any, ...]) -> Iterator[Any]:
    return (list(item) if isinstance(item, tuple) else item for item in value)


def _account(policy: Policy) -> tuple[int, int] | None:
    if policy.max_elements is None and policy.max_ids is None:
        return None
    return tuple(
        _UNBOUNDED if most is None else min(most, _UNBOUNDED) for most in (policy.max_elements, policy.max_ids)
    )  # type: ignore[return-value]
