"""Paths to the elements that a stream decodes: ``/a:feed/{uri}entry``."""

from __future__ import annotations

from collections.abc import Mapping

from forkedenc._errors import shown

__all__ = ["steps"]


def steps(at: str, namespaces: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The names of the elements on the way, as documents have them: ``{uri}local`` or ``local``.

    Args:
        at: a step for each element from the root on, each behind a ``/``: ``local``, ``prefix:local`` or ``{uri}local``.
        namespaces: the URIs of prefixes; ``""`` is for names without one.

    Raises:
        TypeError: ``at`` is no str.
        ValueError: it is no such path, or has a prefix that ``namespaces`` lacks.
    """
    if not isinstance(at, str):
        raise TypeError(f"at must be a str, not {type(at).__name__}")
    found: list[str] = []
    rest = at
    while rest:
        if not rest.startswith("/"):
            raise ValueError(f"at must be a path such as /feed/entry, not {shown(at)!r}")
        rest = rest[1:]
        uri = None
        if rest.startswith("{"):
            uri, brace, rest = rest[1:].partition("}")
            if not brace:
                raise ValueError(f"a namespace in {shown(at)!r} has no end")
        name, slash, behind = rest.partition("/")
        rest = slash + behind
        found.append(_name(at, uri, name, namespaces or {}))
    if not found:
        raise ValueError("at is empty: it must be a path such as /feed/entry")
    return tuple(found)


def _name(at: str, uri: str | None, name: str, namespaces: Mapping[str, str]) -> str:
    prefix, colon, local = name.rpartition(":")
    if not local or (colon and (not prefix or uri is not None)) or any(mark in name for mark in "{}[]@*<> \t\r\n"):
        raise ValueError(f"a step of {shown(at)!r} is no element's name")
    if uri is None:
        uri = namespaces.get(prefix) if prefix else namespaces.get("", "")
        if uri is None:
            raise ValueError(f"the prefix {shown(prefix)!r} in {shown(at)!r} is not among the namespaces")
    return f"{{{uri}}}{local}" if uri else local
