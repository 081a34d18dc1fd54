"""What a class means to the decoders: its schema, compiled once for each way of decoding it."""

from __future__ import annotations

import functools
from typing import Any, Literal, TypeAlias

from forkedenc import _native
from forkedenc._errors import SchemaError
from forkedenc.xml._typed._nodes import Attributes, Claimed, Element
from forkedenc.xml._typed._path import steps

__all__: list[str] = []

_Unknown: TypeAlias = Literal["rest", "ignore", "error"] | None

_NODES = (Attributes, Element, Claimed)
_RECENT = 128
"""Plans that are kept: `forkedenc.xml.decode` asks for one with each document."""


def _make(kind: Any, unknown: _Unknown, hook: bool) -> _native.XmlPlan:
    # Loaded for the first class: whoever decodes into none need not pay for it.
    from forkedenc.xml._typed._compile import compile  # noqa: PLC0415 - as said

    schema = compile(kind, hook=hook)
    if unknown == "rest":
        for shape in schema.shapes:
            if not (shape.attributes or shape.nodes):
                raise SchemaError(f'unknown="rest" needs RestAttributes or RestNodes in {shape.cls.__qualname__}')
    return _native.XmlPlan(schema, unknown, _NODES)


_recent = functools.lru_cache(maxsize=_RECENT)(_make)


def _compile(kind: Any, unknown: _Unknown, hook: bool) -> _native.XmlPlan:
    """The plan of a class, made anew unless it was asked for of late.

    Raises:
        SchemaError: the class can't be decoded, or ``unknown`` is "rest" and a class has no rest.
    """
    try:
        hash(kind)
    except TypeError:
        return _make(kind, unknown, hook)
    return _recent(kind, unknown, hook)


_native.register_xml_compiler(_compile, steps)
