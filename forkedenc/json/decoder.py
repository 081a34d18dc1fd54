"""The standard library's ``json.decoder``: `JSONDecoder` over the native scanner.

Values are read by ``_native``; here are the class, its arguments and the errors around one document. ``JSONObject``,
``JSONArray`` and ``py_scanstring`` are the standard library's own functions, for classes that wrap them around
`forkedenc.json.scanner.py_make_scanner`.
"""

from __future__ import annotations

import json.decoder
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from forkedenc import _native
from forkedenc.json import scanner
from forkedenc.json._errors import JSONDecodeError, syntax_error

if TYPE_CHECKING:
    from forkedenc._limits import Limits

__all__ = ["JSONDecodeError", "JSONDecoder"]

_stdlib: Any = json.decoder

FLAGS: re.RegexFlag = _stdlib.FLAGS
WHITESPACE: re.Pattern[str] = _stdlib.WHITESPACE
WHITESPACE_STR: str = _stdlib.WHITESPACE_STR
STRINGCHUNK: re.Pattern[str] = _stdlib.STRINGCHUNK
BACKSLASH: dict[str, str] = _stdlib.BACKSLASH
NaN: float = _stdlib.NaN
PosInf: float = _stdlib.PosInf
NegInf: float = _stdlib.NegInf
# The table itself: the native scanner knows its ``__getitem__``, and then reads constants without asking it.
_CONSTANTS: dict[str, float] = _stdlib._CONSTANTS  # noqa: SLF001

JSONObject: Callable[..., tuple[Any, int]] = _stdlib.JSONObject
JSONArray: Callable[..., tuple[Any, int]] = _stdlib.JSONArray
py_scanstring: Callable[..., tuple[str, int]] = _stdlib.py_scanstring
_decode_uXXXX: Callable[..., int] = _stdlib._decode_uXXXX  # noqa: N816, SLF001

scanstring = c_scanstring = _native.scanstring


class JSONDecoder:
    """Decodes JSON text in the standard library's dialect; made once, used for many documents.

    Args:
        object_hook: called with each dict; what it returns takes the dict's place. Default: none.
        parse_float: called with the text of each real number. Default: float.
        parse_int: called with the text of each integer. Default: int.
        parse_constant: called with ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``. Default: the float of that name.
        strict: refuse control characters inside strings (RFC 8259, section 7). Default: True.
        object_pairs_hook: called with each object's members as a list of (key, value); goes before ``object_hook``.
        limits: what a document may cost. Default: ``Limits.stdlib()``.
        duplicate_keys: which member wins, ``"last"`` or ``"first"``; or ``"error"``. Default: ``"last"``.
        allow_nan: take NaN, Infinity and -Infinity, which RFC 8259 does not know. Default: True.
    """

    def __init__(
        self,
        *,
        object_hook: Callable[[dict[str, Any]], Any] | None = None,
        parse_float: Callable[[str], Any] | None = None,
        parse_int: Callable[[str], Any] | None = None,
        parse_constant: Callable[[str], Any] | None = None,
        strict: bool = True,
        object_pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None,
        limits: Limits | None = None,
        duplicate_keys: Literal["last", "first", "error"] = "last",
        allow_nan: bool = True,
    ) -> None:
        self.object_hook = object_hook
        self.parse_float: Callable[[str], Any] = parse_float or float
        self.parse_int: Callable[[str], Any] = parse_int or int
        self.parse_constant: Callable[[str], Any] = parse_constant or _CONSTANTS.__getitem__
        self.strict = strict
        self.object_pairs_hook = object_pairs_hook
        self.limits = limits
        self.duplicate_keys = duplicate_keys
        self.allow_nan = allow_nan
        # The native scanner does without these three; `scanner.py_make_scanner` calls them.
        self.parse_object = JSONObject
        self.parse_array = JSONArray
        self.parse_string = scanstring
        # Keys are shared within one document, so nothing is kept here; the name is the standard library's.
        self.memo: dict[str, str] = {}
        self.scan_once = scanner.make_scanner(self)

    def decode(self, s: str, _w: Callable[[str, int], Any] = WHITESPACE.match) -> Any:
        """The value of ``s``, a str that holds one JSON document with white space around it.

        Raises:
            DecodeError: ``s`` is no such document, or something follows it.
        """
        value, end = self.raw_decode(s, idx=_w(s, 0).end())
        end = _w(s, end).end()
        if end != len(s):
            raise syntax_error("extra_data", s, end)
        return value

    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        """The value that starts at ``idx`` (in characters, no white space before it), and the index behind it.

        Raises:
            DecodeError: no value starts there, or it is ill-formed.
            ValueError: ``idx`` is negative.
        """
        try:
            return self.scan_once(s, idx)
        except StopIteration as stop:
            raise syntax_error("expected_value", s, stop.value) from None
