"""What the faces of SAX, minidom, pulldom and lxml take as keywords, in one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    from forkedenc._limits import Limits

__all__ = ["Dtd", "ParseOptions"]

Dtd: TypeAlias = Literal["forbid", "bare", "skip", "internal"]


class ParseOptions(TypedDict, total=False):
    """Keywords beside those of the standard library's functions.

    Attributes:
        limits: a `forkedenc.Limits`. Default: ``Limits.stdlib()``.
        dtd: how much of a DOCTYPE is taken. Default: "internal", for lxml "bare".
        encodings: the names of the encodings that a document may be in, and no other; or "all". Default: UTF-8, UTF-16,
            ISO-8859-1 and US-ASCII, but for lxml Python's single-byte codecs as well.
        forbid_dtd: defusedxml's; a DOCTYPE is an error. Default: False.
        forbid_entities: defusedxml's; a declaration of an entity is an error. Default: False.
        forbid_external: defusedxml's; a reference to something external is an error. Default: False.
    """

    limits: Limits | None
    dtd: Dtd
    encodings: Iterable[str] | str | None
    forbid_dtd: bool
    forbid_entities: bool
    forbid_external: bool
