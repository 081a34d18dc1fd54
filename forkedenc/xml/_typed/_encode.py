"""Typed encoding: ``encode`` and `Encoder`, and what the native side asks about a class."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from forkedenc import _native
from forkedenc._rest import UNSET
from forkedenc.xml._typed._nodes import Attributes, Claimed, Element

if TYPE_CHECKING:
    from forkedenc._limits import Limits
    from forkedenc.xml._typed._shapes import XmlShape

__all__ = ["Encoder", "encode"]

Encoder = _native.XmlEncoder

_USUAL = Encoder()


def encode(
    obj: Any,
    *,
    limits: Limits | None = None,
    default: Callable[[Any], Any] | None = None,
    indent: int | str | None = None,
    encoding: Literal["utf-8", "us-ascii"] = "utf-8",
    xml_declaration: bool = False,
    omit_defaults: bool = False,
) -> bytes:
    """The XML document of an instance of a class with `element`, its rests written back where they stood.

    Attributes come first those of fields, then the rest's. Content is written in the order that ``RestNodes`` knows: the
    n-th value of a field where its n-th mark is, other values behind the last one of their field; without marks the text,
    the children in the order of the class, the rest. None and UNSET are left out. Prefixes and declarations are those of
    the document that was decoded; where a namespace has none, it is declared: as the default one for elements if there is
    no other, else with a prefix ``ns0``, ``ns1`` and so on.

    Args:
        obj: the instance, or an `Element`.
        limits: ``max_depth``, ``max_document_bytes`` (of the output) and ``max_stack_bytes`` apply. Default: ``Limits()``.
        default: called with a value of an unknown type, returns what is written for it. Default: an error.
        indent: the spaces of a level, or its white space as a str. Elements with character data directly in them are left
            as they are, with all that is in them. Default: nothing is added.
        encoding: ``"utf-8"``, or ``"us-ascii"`` with character references where those can stand.
        xml_declaration: whether an XML declaration (XML 1.0, section 2.8) comes first. Default: False.
        omit_defaults: whether fields that have their default are left out. Default: False.

    Raises:
        EncodeError: what would not be well-formed (XML 1.0, Namespaces in XML 1.0), an attribute of the rest with the name
            of a field (kind ``"rest_clash"``), a value of an unknown type (a TypeError too), a limit (``max_depth``: a
            RecursionError too). Nothing is written then.
        SchemaError: a class that says of itself what can't be.
    """
    plain = limits is None and default is None and indent is None and encoding == "utf-8"
    if plain and not xml_declaration and not omit_defaults:
        return _USUAL.encode(obj)
    encoder = Encoder(
        limits=limits,
        default=default,
        indent=indent,
        encoding=encoding,
        xml_declaration=xml_declaration,
        omit_defaults=omit_defaults,
    )
    return encoder.encode(obj)


def _shape_of(cls: type[Any]) -> XmlShape | None:
    # Loaded for the first instance: whoever encodes none need not pay for it.
    from forkedenc._schema import is_class, members_of  # noqa: PLC0415 - as said
    from forkedenc.xml._typed._compile import element_of, fields_of  # noqa: PLC0415

    if not is_class(cls):
        return None
    return fields_of(members_of(cls, lenient=True), element_of(cls))


_native.register_xml_classes(_shape_of, UNSET, enum.Enum, Attributes, Element, Claimed)
