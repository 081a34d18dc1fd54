"""From a policy and a sanitizer's options to the plan that the core runs: plain tuples, lists, strings and numbers.

The plan says everything as tables whose first row that matches decides, in the order of `element_rules` and
`attribute_rules`. Element patterns of attributes are shared as groups, equal grammars as values.
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
    covers,
    element_rules,
    is_pattern,
    split,
)
from forkedenc.xml.sanitize._values import Url, Value

__all__ = ["FLAGS", "FOLD", "URL_TEXT", "plan"]

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
URL_TEXT = 2048
"""The element has a row in ``text_values``: its text is judged by that value and goes when it is refused."""
ATTRIBUTE_FOLD = 1

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
    if id_prefix is not None and (not isinstance(id_prefix, str) or not _ID_PREFIX.fullmatch(id_prefix)):
        raise PolicyError(f"id_prefix must begin an id: letters, digits, '_', '-' and '.', not {id_prefix!r}")
    if escape_for not in (None, "html"):
        raise PolicyError(f'escape_for must be "html" or None, not {escape_for!r}')
    html = escape_for == "html"
    values = _Numbered()
    groups = _Numbered()

    def value(element: str, grammar: Value) -> int:
        return values.number(_value(_linked(policy, element, grammar, schemes)))

    texts = [(*split(name), value(name, policy.text_values[name])) for name in sorted(policy.text_values)]
    attributes = [
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
    if schemes and isinstance(value, Url) and any(covers(name, element) for name in policy.link_elements):
        return value.replace(schemes=schemes)
    return value


def _elements(policy: Policy, keep: frozenset[str], *, html: bool) -> list[tuple[str | None, str, int, int]]:
    rows = []
    for rule in element_rules(policy, keep=keep):
        action, flags = rule.action, FOLD if rule.fold else 0
        if action == "keep":
            for setting in KEPT_SETS:
                if any(covers(name, rule.pattern) for name in getattr(policy, setting)):
                    flags |= FLAGS[setting]
            if any(covers(name, rule.pattern) for name in policy.text_values):
                flags |= URL_TEXT
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


def _account(policy: Policy) -> tuple[int | None, int | None] | None:
    if policy.max_elements is None and policy.max_ids is None:
        return None
    return policy.max_elements, policy.max_ids
