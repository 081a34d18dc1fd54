"""The functions that write: ``dumps`` and ``encode`` are the native ones, ``dump`` hands pieces to a file.

``dumps`` comes back here for what only Python can say: ``cls=`` and keywords meant for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from forkedenc import _native
from forkedenc._rest import UNSET
from forkedenc.json.encoder import JSONEncoder

if TYPE_CHECKING:
    from forkedenc import Limits
    from forkedenc._schema import Shape

dumps = _native.dumps
encode = _native.encode
encode_lines = _native.encode_lines
Encoder = _native.Encoder


class Writable(Protocol):
    """What ``dump`` writes to."""

    def write(self, text: str, /) -> object:
        """Take a piece of text."""


def _dumps_by_class(
    obj: Any,
    *,
    skipkeys: bool = False,
    ensure_ascii: bool = True,
    check_circular: bool = True,
    allow_nan: bool = True,
    cls: type[JSONEncoder] | None = None,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    default: Callable[[Any], Any] | None = None,
    sort_keys: bool = False,
    **kw: Any,
) -> str:
    """``dumps`` with a class of the caller's, or with keywords that only a class can know."""
    return (cls or JSONEncoder)(
        skipkeys=skipkeys,
        ensure_ascii=ensure_ascii,
        check_circular=check_circular,
        allow_nan=allow_nan,
        indent=indent,
        separators=separators,
        default=default,
        sort_keys=sort_keys,
        **kw,
    ).encode(obj)


def dump(
    obj: Any,
    fp: Writable,
    *,
    skipkeys: bool = False,
    ensure_ascii: bool = True,
    check_circular: bool = True,
    allow_nan: bool = True,
    cls: type[JSONEncoder] | None = None,
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    default: Callable[[Any], Any] | None = None,
    sort_keys: bool = False,
    limits: Limits | None = None,
    **kw: Any,
) -> None:
    """Write ``obj`` as JSON text to ``fp``, a few KiB at a time; the standard library's ``json.dump``.

    ``fp`` has ``.write(str)``. ``cls`` is a subclass of `JSONEncoder` to use instead; further keywords are for it. The
    rest is as for `JSONEncoder`, ``limits`` being ``Limits.stdlib()`` by default.

    Raises:
        TypeError, ValueError, RecursionError: see `dumps`; what was written before stays written.
    """
    if limits is not None:
        kw["limits"] = limits
    pieces = (cls or JSONEncoder)(
        skipkeys=skipkeys,
        ensure_ascii=ensure_ascii,
        check_circular=check_circular,
        allow_nan=allow_nan,
        indent=indent,
        separators=separators,
        default=default,
        sort_keys=sort_keys,
        **kw,
    ).iterencode(obj)
    for piece in pieces:
        fp.write(piece)


_default_encoder = JSONEncoder()
_native.register_json_encoder(_default_encoder, _dumps_by_class)


def _shape_of(cls: type[Any]) -> Shape | None:
    # Loaded when the first value of an unknown class is encoded: whoever has none need not pay for it.
    from forkedenc._schema import shape_of  # noqa: PLC0415 - as said

    return shape_of(cls)


_native.register_shapes(_shape_of, UNSET)
