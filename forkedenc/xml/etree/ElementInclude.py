"""A replacement for ``xml.etree.ElementInclude``: XInclude, with what is included read by our parser.

Including opens the files that a document names: it is done only where a program calls `include`, and reads from the file system
whatever the default loader is asked for. For documents that are not trusted give it a ``loader`` of your own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from xml.etree import ElementInclude as _stdlib  # noqa: N813 - its place is taken here
from xml.etree.ElementInclude import (
    DEFAULT_MAX_INCLUSION_DEPTH,
    XINCLUDE,
    XINCLUDE_FALLBACK,
    XINCLUDE_INCLUDE,
    FatalIncludeError,
    LimitedRecursiveIncludeError,
)

from forkedenc._limits import Limits
from forkedenc.xml.etree import ElementTree

__all__ = [
    "DEFAULT_MAX_INCLUSION_DEPTH",
    "XINCLUDE",
    "XINCLUDE_FALLBACK",
    "XINCLUDE_INCLUDE",
    "FatalIncludeError",
    "LimitedRecursiveIncludeError",
    "default_loader",
    "include",
]


def default_loader(href: str, parse: str, encoding: str | None = None, *, limits: Limits | None = None) -> Any:
    """What ``href`` names on disk: for ``parse="xml"`` its root element, else its text.

    Args:
        href: the name of a file.
        parse: "xml" or "text".
        encoding: of a text; UTF-8 by default.
        limits: what an included document may cost; ``Limits.stdlib()`` by default.

    Raises:
        OSError: the file can't be read.
        ParseError: it is no well-formed XML, or it is refused.
    """
    if parse == "xml":
        with open(href, "rb") as file:  # noqa: PTH123 - the standard library's function takes names
            return ElementTree.parse(file, limits=limits).getroot()
    with open(href, encoding=encoding or "UTF-8") as file:  # noqa: PTH123
        return file.read()


def include(
    elem: Any,
    loader: Callable[..., Any] | None = None,
    base_url: str | None = None,
    max_depth: int | None = DEFAULT_MAX_INCLUSION_DEPTH,
    *,
    limits: Limits | None = None,
) -> None:
    """Put what the XInclude elements below ``elem`` name in their place.

    Args:
        elem: an element or an `ElementTree`.
        loader: called as `default_loader` is, which it replaces.
        base_url: what relative names are relative to.
        max_depth: how deep inclusions may nest; None for no limit.
        limits: what each document may cost that the default loader reads; ``Limits.stdlib()`` by default.

    Raises:
        FatalIncludeError: an XInclude element is malformed, or what it names can't be had.
        LimitedRecursiveIncludeError: ``max_depth`` was passed.
        OSError, ParseError: see `default_loader`.
    """
    if loader is None:
        loader = partial(default_loader, limits=limits)
    _stdlib.include(elem, loader, base_url, max_depth)
