"""Python's single-byte codecs as tables, for documents in encodings that the core does not know itself.

Only codecs of one byte a character, without a state, that leave ASCII alone; the core checks the last again. What a byte
stands for never depends on the bytes around it.
"""

from __future__ import annotations

import codecs
import contextlib
from typing import Any

from forkedenc import _native

__all__: list[str] = []

_UNDEFINED = 0xFFFFFFFF


def single_byte_table(name: str, ascii_of_stateful: bool = False) -> list[int] | None:
    """The code point of each of the 256 bytes, or None where there is no such codec or it is of another kind.

    With ``ascii_of_stateful`` a codec that keeps a state is taken for the ASCII that it starts with, as expat takes it: whatever
    would change its state is undefined then.
    """
    try:
        info = codecs.lookup(name)
    except LookupError:
        return None
    if not getattr(info, "_is_text_encoding", False):
        return None
    if _may_keep_state(info):
        return _ascii_table(info) if ascii_of_stateful else None
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


def _ascii_table(info: codecs.CodecInfo) -> list[int] | None:
    """The bytes that stand for themselves whatever follows; None where bytes belong together without a change of state."""
    text, _ = info.decode(bytes(range(256)), "replace")
    if len(text) != 256:
        return None
    table = [_UNDEFINED] * 256
    for byte in range(128):
        with contextlib.suppress(UnicodeError):
            if info.decode(bytes((byte,)), "strict")[0] == chr(byte):
                table[byte] = byte
    return table


def _may_keep_state(info: codecs.CodecInfo) -> bool:
    """Whether it is one of the codecs for East Asia, which are written in C and have a base class of their own."""
    decoder: Any = info.incrementaldecoder
    if decoder is None:
        return True
    # A decoder that has to see what comes next, as those of UTF-7 and UTF-16 do, buffers its input.
    names = {base.__name__ for base in getattr(decoder, "__mro__", ())}
    return bool(names & {"MultibyteIncrementalDecoder", "BufferedIncrementalDecoder"})


_native.register_codec_tables(single_byte_table)
