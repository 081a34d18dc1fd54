"""Which Unicode encoding JSON bytes are in, for the faces of ``loads``."""

from __future__ import annotations

import codecs

__all__ = ["detect_encoding"]

# The longer marks come first: UTF-32's little-endian mark starts with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def detect_encoding(b: bytes | bytearray) -> str:
    """The name of the codec that JSON bytes are in, told by a byte order mark or by where the zero bytes stand.

    JSON text starts with an ASCII character (and so does its second, or it is in quotes), whose zero bytes in UTF-16
    and UTF-32 give the width and the byte order away.
    """
    for mark, name in _MARKS:
        if b.startswith(mark):
            return name
    zeros = [not byte for byte in b[:4]]
    if len(zeros) == 4:
        if zeros[0]:
            return "utf-32-be" if zeros[1] else "utf-16-be"
        if zeros[1]:
            return "utf-32-le" if zeros[2] and zeros[3] else "utf-16-le"
    elif len(zeros) == 2:
        if zeros[0]:
            return "utf-16-be"
        if zeros[1]:
            return "utf-16-le"
    return "utf-8"
