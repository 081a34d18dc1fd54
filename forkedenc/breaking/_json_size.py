"""JSON that is grammatical: too deep, too long or too much of it (``limit``), or merely odd (``valid``).

What is ill-formed is in ``_json_faults``.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from forkedenc.breaking._kind import Kind, Writer, alike, numbered

# CPython hashes an int by its remainder modulo this prime, so that its multiples all fall into one place of a table.
_HASH_PRIME: Final = (1 << 61) - 1


def _nested(opening: bytes, middle: bytes, closing: bytes) -> Writer:
    """Containers in one another, all of them closed."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        depth = max(1, (size - len(middle)) // len(opening + closing))
        yield from alike(opening, depth * len(opening))
        yield middle
        yield from alike(closing, depth * len(closing))

    return write


def _nested_at_random(size: int, rng: Random) -> Iterator[bytes]:
    """Arrays and objects in an order left to chance, which repeats after 64 of them."""
    order = [rng.random() < 0.5 for _ in range(64)]
    opening = b"".join(b"[" if array else b'{"k":' for array in order)
    closing = b"".join(b"]" if array else b"}" for array in reversed(order))
    yield from _nested(opening, b"0", closing)(size, rng)


def _wide_and_deep(size: int, _: Random) -> Iterator[bytes]:
    """Each container holds something before and behind the next one, so that no parser can forget it."""
    yield from _nested(b'[{"a":0,"b":', b"[]", b',"c":1},null]')(size, _)


def _long(opening: bytes, unit: bytes, closing: bytes) -> Writer:
    """One token of nothing but ``unit``."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        yield opening
        yield from alike(unit, size - len(opening) - len(closing), least=1)
        yield closing

    return write


def _giant_text(opening: bytes, closing: bytes) -> Writer:
    """One token of letters left to chance."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        letters = bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz ", k=257))
        room = size - len(opening) - len(closing)
        yield opening
        yield from alike(letters, room)
        yield letters[: max(1, room % len(letters))]
        yield closing

    return write


def _giant_digits(opening: bytes, closing: bytes) -> Writer:
    def write(size: int, rng: Random) -> Iterator[bytes]:
        digits = bytes(rng.choices(b"123456789", k=251))
        room = size - len(opening) - len(closing)
        yield opening
        yield from alike(digits, room)
        yield digits[: max(1, room % len(digits))]
        yield closing

    return write


def _many(opening: bytes, unit: bytes, last: bytes, closing: bytes) -> Writer:
    """One container of nothing but ``unit``, each with its comma, and ``last``."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        yield opening
        yield from alike(unit, size - len(opening) - len(last) - len(closing), least=1)
        yield last
        yield closing

    return write


def _many_numbered(opening: bytes, form: str, last: bytes, closing: bytes) -> Writer:
    def write(size: int, rng: Random) -> Iterator[bytes]:
        yield opening
        yield from numbered(form, size - len(opening) - len(last) - len(closing), first=rng.randrange(1000))
        yield last
        yield closing

    return write


def _grouped(unit: bytes, last: bytes, count: int) -> Writer:
    """Arrays of ``count`` items: the array of arrays stays short, what is in it doesn't."""
    group = b"[" + unit * (count - 1) + last + b"]"

    def write(size: int, _: Random) -> Iterator[bytes]:
        if size < 2 * len(group):
            yield from _many(b"[", unit, last, b"]")(size, _)
            return
        yield b"["
        yield from alike(group + b",", size - len(group) - 2)
        yield group
        yield b"]"

    return write


def _equal_hashes(opening: bytes, before: bytes, behind: bytes, closing: bytes) -> Writer:
    """Integers that CPython's hash can't tell apart."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        factor = rng.randint(1, 1000)
        room, separator = size - len(opening) - len(closing), b""
        yield opening
        while room > 0 or not separator:
            piece = separator + before + b"%d" % (factor * _HASH_PRIME) + behind
            factor, separator = factor + 1, b","
            room -= len(piece)
            yield piece
        yield closing

    return write


_SIZES: Final[tuple[tuple[str, str, Writer], ...]] = (
    ("json-deep-arrays", "arrays in arrays, all of them closed", _nested(b"[", b"", b"]")),
    ("json-deep-objects", "objects in objects, all of them closed", _nested(b'{"a":', b"0", b"}")),
    ("json-deep-alternating", "arrays in objects in arrays", _nested(b'[{"a":', b"0", b"}]")),
    ("json-deep-mixed", "arrays and objects in one another, in an order left to chance", _nested_at_random),
    ("json-deep-wide", "nested containers, each with members before and behind the next one", _wide_and_deep),
    ("json-giant-string", "one string", _giant_text(b'["', b'"]')),
    ("json-giant-string-at-the-top", "one string that is the whole document", _giant_text(b'"', b'"')),
    ("json-giant-key", "one key", _giant_text(b'{"', b'":0}')),
    ("json-giant-escapes", "one string of escapes", _long(b'["', rb"\u20ac\n", b'"]')),
    ("json-giant-escaped-key", "one key of escapes", _long(b'{"', rb"\u20ac\n", b'":0}')),
    ("json-giant-surrogate-pairs", "one string of escaped surrogate pairs", _long(b'["', rb"\ud83d\ude00", b'"]')),
    ("json-giant-integer", "one integer, quadratic to convert for many", _giant_digits(b"[", b"]")),
    ("json-giant-negative", "one negative integer", _giant_digits(b"[-", b"]")),
    ("json-giant-fraction", "one number with a long fraction", _giant_digits(b"[0.", b"]")),
    ("json-giant-zeros", "one small number with a long row of zeros behind the point", _long(b"[1.", b"0", b"1]")),
    ("json-giant-exponent", "one number whose exponent is a long row of zeros", _long(b"[1e", b"0", b"1]")),
    ("json-many-items", "one array of numbers of one digit", _many(b"[", b"0,", b"0", b"]")),
    ("json-many-strings", "one array of empty strings", _many(b"[", b'"",', b'""', b"]")),
    (
        "json-many-arrays",
        "one array of empty arrays, some 20 bytes of memory for each byte",
        _many(b"[", b"[],", b"[]", b"]"),
    ),
    ("json-many-objects", "one array of empty objects", _many(b"[", b"{},", b"{}", b"]")),
    ("json-many-members", "one object of many short members", _many_numbered(b"{", '"%d":0,', b'"":0', b"}")),
    ("json-many-names", "small objects, each with a key of its own", _many_numbered(b"[", '{"k%d":0},', b"0", b"]")),
    ("json-many-tokens", "arrays of a hundred literals each", _grouped(b"0,", b"0", 100)),
    ("json-many-containers", "arrays of a hundred empty arrays each", _grouped(b"[],", b"[]", 100)),
    ("json-duplicate-key-flood", "one object with one key again and again", _many(b"{", b'"a":0,', b'"a":1', b"}")),
    ("json-equal-hash-items", "integers of one hash, for decoders into sets", _equal_hashes(b"[", b"", b"", b"]")),
    (
        "json-equal-hash-keys",
        "integer keys of one hash, for decoders into dict[int, ...]",
        _equal_hashes(b"{", b'"', b'":0', b"}"),
    ),
)


# --- merely odd ---------------------------------------------------------------------------------------------------


def _array_of(*texts: bytes) -> Writer:
    """An array of these texts, in an order left to chance, again and again."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        unit = b",".join(rng.sample(texts, len(texts)))
        yield b"[" + unit
        yield from alike(b"," + unit, size - len(unit) - 2)
        yield b"]"

    return write


def _white_space(size: int, rng: Random) -> Iterator[bytes]:
    blank = bytes(rng.choices(b" \t\r\n", k=61))
    room = max(0, size - 9)
    for text, share in ((b"", 2), (b"{", 1), (b'"a"', 1), (b":", 1), (b"[", 1), (b"1", 1), (b"]", 1), (b"}", 2)):
        yield text
        yield from alike(blank, room * share // 10)


def _every_plane(size: int, rng: Random) -> Iterator[bytes]:
    """Characters of every length in UTF-8, noncharacters, joiners and marks of direction among them."""
    odd = "\u0080\u07ff\u0800\ud7ff\ue000\ufeff\ufffd\ufffe\uffff\U00010000\U0010ffff\u2028\u2029\u202e\u200d\u0301\x7f\xa0"
    points = [
        *map(ord, odd),
        *(rng.choice((rng.randrange(0xA0, 0xD800), rng.randrange(0xE000, 0x110000))) for _ in range(40)),
    ]
    rng.shuffle(points)
    text = b'"%s"' % "".join(map(chr, points)).encode()
    yield from _array_of(text, b'"\xc2\xa0"')(size, rng)


_ODD: Final[tuple[tuple[str, str, Writer], ...]] = (
    ("json-white-space", "little but white space", _white_space),
    ("json-every-plane", "characters of every length in UTF-8, noncharacters and marks of direction", _every_plane),
    (
        "json-odd-escapes",
        "every escape there is, NUL and pairs of surrogates among them",
        _array_of(
            *(
                b'"%s"' % text
                for text in rb"\u0000 \/ \\ \" \b\f\n\r\t \u001F \u007f \uFFFF \ud83d\uDE00 \ufeff \u2028".split()
            )
        ),
    ),
    (
        "json-odd-numbers",
        "numbers at the edges of integers and doubles",
        _array_of(
            *b"0 -0 -0.0 0e0 1E+2 9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775809".split(),
            *b"18446744073709551616 123456789012345678901234567890 1.7976931348623157e308 4.9e-324".split(),
            *b"2.2250738585072011e-308 2.2250738585072014e-308 9007199254740993.0 0.1000000000000000055511151231257827".split(),
        ),
    ),
    (
        "json-tiny-exponents",
        "numbers far below the smallest double",
        _array_of(b"1e-400", b"-1e-99999", b"0e99999", b"3.5E-000400"),
    ),
    (
        "json-odd-keys",
        "keys that mean something elsewhere",
        _array_of(
            *(
                b'{"%s":{}}' % key
                for key in b"__proto__ constructor __class__ toString $where @type \\u0000 ../.. \xf0\x9f\x98\x80".split()
            ),
            b'{"":{"":{}}}',
        ),
    ),
    ("json-duplicate-keys", "objects that say one key twice", _array_of(b'{"a":1,"a":2}', b'{"b":{},"\\u0062":[]}')),
    ("json-scalar-at-the-top", "a document that is one string of text", _giant_text(b' "', b'"\n')),
)

KINDS: Final = (
    *(Kind(name, "json", "limit", summary, write) for name, summary, write in _SIZES),
    *(Kind(name, "json", "valid", summary, write) for name, summary, write in _ODD),
)
"""The kinds of this room."""
