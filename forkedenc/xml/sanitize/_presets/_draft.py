"""`Draft`: where a preset's rules are gathered, each with its reason, before they become a policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from forkedenc.xml.sanitize._policy import Policy, Table, join
from forkedenc.xml.sanitize._values import Value

__all__ = ["XHTML_URI", "XLINK_URI", "XML_URI", "Draft", "names"]

XML_URI = "http://www.w3.org/XML/1998/namespace"
XLINK_URI = "http://www.w3.org/1999/xlink"
XHTML_URI = "http://www.w3.org/1999/xhtml"


def names(uri: str | None, words: str) -> frozenset[str]:
    """The names of one namespace that `words` lists, separated by white space."""
    return frozenset(join(uri, word) for word in words.split())


class Draft:
    """Rules with reasons; `policy` makes them a policy."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.reasons: dict[str, str] = {}
        self.attributes: dict[str, dict[str, Value]] = {}
        self.denied_attributes: dict[str, frozenset[str]] = {}

    def elements(self, reason: str, found: Iterable[str], *settings: str) -> None:
        """Elements that are in each of `settings`, "elements" unless others are named."""
        found = frozenset(found)
        for setting in settings or ("elements",):
            self.settings[setting] = self.settings.get(setting, frozenset()) | found
        self.reasons.update(dict.fromkeys(found, reason))

    def allow(self, reason: str, elements: Iterable[str] | str, rules: Mapping[str, Value]) -> None:
        """The same attributes for each of `elements`; a key may list names separated by white space."""
        for element in [elements] if isinstance(elements, str) else elements:
            table = self.attributes.setdefault(element, {})
            for key, value in rules.items():
                for name in key.split():
                    table[name] = value
                    self.reasons[f"{element}/@{name}"] = reason

    def deny(self, reason: str, elements: Iterable[str] | str, found: Iterable[str]) -> None:
        """Attributes that always go from each of `elements`."""
        found = frozenset(found)
        for element in [elements] if isinstance(elements, str) else elements:
            self.denied_attributes[element] = self.denied_attributes.get(element, frozenset()) | found
            self.reasons.update({f"{element}/@{name}": reason for name in found})

    def text(self, reason: str, elements: Iterable[str], value: Value) -> None:
        """Elements whose text must obey a grammar."""
        elements = frozenset(elements)
        self.settings["text_values"] = {**self.settings.get("text_values", {}), **dict.fromkeys(elements, value)}
        self.reasons.update({f"{element}/text()": reason for element in elements})

    def policy(self) -> Policy:
        return Policy(
            **self.settings,
            attributes=Table({element: Table(table) for element, table in self.attributes.items()}),
            denied_attributes=Table(self.denied_attributes),
            reasons=Table(self.reasons),
        )
