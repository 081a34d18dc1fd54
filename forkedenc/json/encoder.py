"""JSONEncoder and the names beside it, as the standard library's ``json.encoder`` has them.

The work is done in ``forkedenc._native``; what is here is what a subclass may override. ``c_make_encoder`` and the
``c_encode_basestring`` pair are the native functions, under the names that callers of the accelerator look for;
``_make_iterencode`` and the ``py_`` pair are the standard library's own.
"""

from __future__ import annotations

import json.encoder
import re
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

from forkedenc import _native
from forkedenc.json._errors import EncodeTypeError

if TYPE_CHECKING:
    from forkedenc import Limits

c_make_encoder = _native.make_encoder
c_encode_basestring_ascii = encode_basestring_ascii = _native.encode_basestring_ascii
c_encode_basestring = encode_basestring = _native.encode_basestring

_stdlib: Any = json.encoder

ESCAPE: re.Pattern[str] = _stdlib.ESCAPE
ESCAPE_ASCII: re.Pattern[str] = _stdlib.ESCAPE_ASCII
ESCAPE_DCT: dict[str, str] = _stdlib.ESCAPE_DCT
HAS_UTF8: re.Pattern[bytes] = re.compile(b"[\x80-\xff]")
INFINITY: float = _stdlib.INFINITY

py_encode_basestring: Callable[[str], str] = _stdlib.py_encode_basestring
py_encode_basestring_ascii: Callable[[str], str] = _stdlib.py_encode_basestring_ascii
_make_iterencode: Callable[..., Callable[[Any, int], Iterator[str]]] = _stdlib._make_iterencode  # noqa: SLF001


class JSONEncoder:
    """Turns Python objects into JSON text; a replacement for the standard library's class.

    dict becomes an object, list and tuple an array, str a string, int and float a number (subclasses and enums by
    their value), True, False and None the constants. For other types override `default`, or pass ``default=``.

    Args:
        skipkeys: members whose key is no str, int, float, bool or None are left out instead of raising TypeError.
        ensure_ascii: all characters outside ASCII are escaped.
        check_circular: a container inside itself is a ValueError; without the check it ends at ``max_depth``.
        allow_nan: NaN and infinities are written as JavaScript spells them; else they are a ValueError.
        sort_keys: members are sorted by key.
        indent: spaces, or the text, for each level of indentation; None writes all on one line.
        separators: ``(item_separator, key_separator)``, by default ``(", ", ": ")``, with an indent ``(",", ": ")``.
        default: called with what can't be written, returns a stand-in for it or raises TypeError.
        limits: a `forkedenc.Limits`; by default ``Limits.stdlib()``. ``max_depth`` and ``max_document_bytes`` apply.
    """

    item_separator: str = ", "
    key_separator: str = ": "

    def __init__(
        self,
        *,
        skipkeys: bool = False,
        ensure_ascii: bool = True,
        check_circular: bool = True,
        allow_nan: bool = True,
        sort_keys: bool = False,
        indent: int | str | None = None,
        separators: tuple[str, str] | None = None,
        default: Callable[[Any], Any] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.skipkeys = skipkeys
        self.ensure_ascii = ensure_ascii
        self.check_circular = check_circular
        self.allow_nan = allow_nan
        self.sort_keys = sort_keys
        self.indent = indent
        self.limits = limits
        if separators is not None:
            self.item_separator, self.key_separator = separators
        elif indent is not None:
            self.item_separator = ","
        if default is not None:
            # An instance's own function in the place of the method, as callers of the standard library expect.
            self.default = default  # type: ignore[method-assign, assignment]

    def default(self, o: Any) -> Any:
        """A stand-in for an object that can't be written; subclasses override this.

        Raises:
            TypeError: always, here.
        """
        raise EncodeTypeError(
            f"Object of type {o.__class__.__name__} is not JSON serializable", kind="not_serializable"
        )

    def encode(self, o: Any) -> str:
        """The JSON text of ``o``.

        >>> from json.encoder import JSONEncoder
        >>> JSONEncoder().encode({"foo": ["bar", "baz"]})
        '{"foo": ["bar", "baz"]}'

        Raises:
            TypeError, ValueError, RecursionError: see `forkedenc.json.dumps`; all are `forkedenc.EncodeError`.
        """
        if isinstance(o, str):
            return encode_basestring_ascii(o) if self.ensure_ascii else encode_basestring(o)
        if type(self).iterencode is JSONEncoder.iterencode and "iterencode" not in self.__dict__:
            return _native.encode_text(o, self._options())
        return "".join(self.iterencode(o, _one_shot=True))

    def iterencode(self, o: Any, _one_shot: bool = False) -> Iterator[str]:
        """The JSON text of ``o`` in pieces of a few KiB, each made when it is asked for."""
        if _one_shot:
            return iter((_native.encode_text(o, self._options()),))
        return _pieces(_native.TextChunks(o, self._options()))

    def _options(self) -> tuple[Any, ...]:
        """What the native side takes behind the object; the attributes may have been set since."""
        # Where nobody has a say in it, the native side makes the error, which then knows the path.
        native = type(self).default is _DEFAULT and "default" not in self.__dict__
        return (
            None if native else self.default,
            self.skipkeys,
            self.ensure_ascii,
            self.check_circular,
            self.allow_nan,
            self.sort_keys,
            self.indent,
            self.key_separator,
            self.item_separator,
            getattr(self, "limits", None),
        )


def _pieces(chunks: _native.TextChunks) -> Generator[str, None, None]:
    """A generator, as the standard library's: it can be closed."""
    yield from chunks


_DEFAULT = JSONEncoder.default
