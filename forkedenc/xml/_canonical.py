"""C14N 2.0: the standard library's target, with every event looked at before it is written.

What our parser tells is well-formed, so `canonicalize` never meets these checks; a target that a program feeds by itself does.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from typing import Any

from forkedenc import _native
from forkedenc._limits import Limits

__all__ = ["C14NWriterTarget"]


def _nowhere(_: bytes) -> None:
    """Take what was written to be checked."""


class C14NWriterTarget(ET.C14NWriterTarget):
    """Writes what a parser tells it in the canonical form, C14N 2.0; refuses what would not be well-formed.

    Args:
        write: called with each piece of text.
        options: ``with_comments``, ``strip_text``, ``rewrite_prefixes``, ``qname_aware_tags``, ``qname_aware_attrs``,
            ``exclude_attrs`` and ``exclude_tags``, as the standard library explains them.

    Raises:
        forkedenc.EncodeError: (a ValueError) from the methods: names that are none, characters that XML has no place for,
            comments and processing instructions that would end early, text beside the root element.
        ValueError: a prefix or namespace that is not declared.
    """

    def __init__(self, write: Callable[[str], object], **options: Any) -> None:
        super().__init__(write, **options)
        # The same document, written as it is told.
        self._told = _native.Writer(_nowhere, limits=Limits.unlimited())
        self._namespaces: dict[str, str] = {}

    def start_ns(self, prefix: str, uri: str) -> None:
        """Take a declaration of the next start tag."""
        self._namespaces[prefix or ""] = uri or ""
        super().start_ns(prefix, uri)

    def start(self, tag: str, attrs: Mapping[str, str]) -> None:
        """Write a start tag."""
        namespaces, self._namespaces = self._namespaces, {}
        self._told.start(tag, attrs, namespaces)
        super().start(tag, attrs)

    def end(self, tag: str) -> None:
        """Write an end tag."""
        self._told.end(tag)
        super().end(tag)

    def data(self, data: str) -> None:
        """Write text, when the run it belongs to ends."""
        self._told.text(data)
        super().data(data)

    def comment(self, text: str) -> None:
        """Write a comment, where comments are asked for."""
        self._told.comment(text)
        super().comment(text)

    def pi(self, target: str, data: str | None) -> None:
        """Write a processing instruction."""
        self._told.pi(target, data)
        super().pi(target, data or "")
