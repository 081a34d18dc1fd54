"""forkedenc.xml.sanitize: what is in a document and was not allowed goes; what stays is well-formed and inert.

A `Policy` says what a document may hold: ``SVG`` (a static picture), ``XHTML`` (a fragment of prose), ``FEED`` (RSS and
Atom), ``SOAP``, ``PLAIN`` (any vocabulary, for XML processors), or one of your own. The operator chooses it, never the
document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forkedenc.xml.sanitize._policy import Policy
from forkedenc.xml.sanitize._sanitizer import (
    AsyncSanitizerStream,
    Cleaned,
    Removal,
    Report,
    Sanitizer,
    SanitizerStream,
)
from forkedenc.xml.sanitize._values import (
    Animated,
    Css,
    Id,
    IdRef,
    IdRefs,
    Keyword,
    Numbers,
    Path,
    Pattern,
    Style,
    Text,
    Timing,
    Tokens,
    Transform,
    Url,
    UrlList,
    Value,
    Words,
)

if TYPE_CHECKING:
    FEED: Policy
    PLAIN: Policy
    SOAP: Policy
    SVG: Policy
    XHTML: Policy

__all__ = [
    "FEED",
    "PLAIN",
    "SOAP",
    "SVG",
    "XHTML",
    "Animated",
    "AsyncSanitizerStream",
    "Cleaned",
    "Css",
    "Id",
    "IdRef",
    "IdRefs",
    "Keyword",
    "Numbers",
    "Path",
    "Pattern",
    "Policy",
    "Removal",
    "Report",
    "Sanitizer",
    "SanitizerStream",
    "Style",
    "Text",
    "Timing",
    "Tokens",
    "Transform",
    "Url",
    "UrlList",
    "Value",
    "Words",
]

_PRESETS = ("FEED", "PLAIN", "SOAP", "SVG", "XHTML")


def __getattr__(name: str) -> Any:
    # A preset is made when it is first asked for: a program that cleans pictures does not pay for feeds.
    if name in _PRESETS:
        from forkedenc.xml.sanitize._presets import preset  # noqa: PLC0415

        return globals().setdefault(name, preset(name.lower()))
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PRESETS})
