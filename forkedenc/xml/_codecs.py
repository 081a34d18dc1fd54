"""Python's single-byte codecs as tables, for documents in encodings that the core does not know itself.

Only codecs of one byte a character, without a state, that leave ASCII alone; the core checks the last again. What a byte
stands for never depends on the bytes around it.
"""

from __future__ import annotations

import codecs
from typing import Any

from forkedenc import _native

__all__: list[str] = []

_UNDEFINED = 0xFFFFFFFF


def single_byte_table(name: str) -> list[int] | None:
    """The code point of each of the 256 bytes, or None where there is no such codec or it is of another kind."""
    try:
        info = codecs.lookup(name)
    except LookupError:
        return None
    if not getattr(info, "_is_text_encoding", False) or _may_keep_state(info):
        return None
    table = []
    for byte in range(256):
        try:
            text, _ = info.decode(bytes((byte,)), "strict")
        except UnicodeError:
            text = ""
        if len(text) > 1:
            return None
        table.append(ord(text) if text else _UNDEFINED)
    # Bytes one by one tell nothing of UTF-8, whose single high bytes are all undefined.
    return table if any(code != _UNDEFINED for code in table[0x80:]) else None


def _may_keep_state(info: codecs.CodecInfo) -> bool:
    """Whether it is one of the codecs for East Asia, which are written in C and have a base class of their own."""
    decoder: Any = info.incrementaldecoder
    if decoder is None:
        return True
    # A decoder that has to see what comes next, as those of UTF-7 and UTF-16 do, buffers its input.
    names = {base.__name__ for base in getattr(decoder, "__mro__", ())}
    return bool(names & {"MultibyteIncrementalDecoder", "BufferedIncrementalDecoder"})


_native.register_codec_tables(single_byte_table)
