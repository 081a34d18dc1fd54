"""What a class says in its annotations: `Rest` and its marker `REST`, and `UNSET`, the value of a field that was absent."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    _T = TypeVar("_T", default=Any)
else:
    from typing import TypeVar

    _T = TypeVar("_T")

__all__ = ["REST", "UNSET", "Rest", "UnsetType"]


class _RestMarker:
    """The class of `REST`, which is its only instance."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "REST"

    def __reduce__(self) -> str:
        return "REST"


REST: Final = _RestMarker()
"""Marks a field as the one that keeps what no other field claims: ``Annotated[dict[str, Any], REST]``."""

Rest: TypeAlias = Annotated[dict[str, _T], REST]
"""The type of the field that keeps the members that no other field claims, a dict in the order of the document.

``Rest[Any]`` (or ``Rest`` alone) keeps values untyped, ``Rest[T]`` decodes each as a ``T``, ``Rest[json.Raw]`` keeps its
bytes. A class has at most one. A member with the name of the field is kept like any other.
"""


class UnsetType(enum.Enum):
    """The type of `UNSET`, for annotations: ``int | UnsetType``."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    __str__ = __repr__

    def __bool__(self) -> bool:
        return False


UNSET: Final = UnsetType.UNSET
"""As a field's default: tells a member that was absent from one that was null. Encoding leaves such a field out. False."""
