"""JSON that RFC 8259 does not allow, one fault in each document, somewhere in it.

The fault is one item of an array of records, at a place left to chance, unless it has to be at an end. What is
grammatical is in ``_json_size``.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from forkedenc.breaking._kind import Kind, Writer, alike, around


def _record(rng: Random) -> bytes:
    """A well-formed item that is no secret, so that a fault among its like is found by reading and not by looking."""
    word = bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9)))
    return b'{"id":%d,"name":"%s","on":[true,null,%.2f]}' % (rng.randrange(10**6), word, rng.uniform(-99, 99))


def _item(*faults: bytes) -> Writer:
    """One of these texts as an item among records."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        record = _record(rng)
        yield b"["
        yield from around(rng.choice(faults), record + b",", b"," + record, size - 2, rng)
        yield b"]"

    return write


def _good(size: int, rng: Random) -> Iterator[bytes]:
    """A document without a fault, for what is wrong around it."""
    record = _record(rng) if size > 100 else b"0"
    yield b"[" + record
    yield from alike(b"," + record, size - len(record) - 2)
    yield b"]"


def _between(head: bytes, tail: bytes) -> Writer:
    """A good document with something in front of it or behind it."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        yield head
        yield from _good(size - len(head) - len(tail), rng)
        yield tail

    return write


def _all(unit: bytes, least: int = 1) -> Writer:
    """Nothing but this text."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        yield from alike(unit, size, least)

    return write


def _open(head: bytes, unit: bytes) -> Writer:
    """A token that begins and never ends."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        yield head
        yield from alike(unit, size - len(head))

    return write


def _open_at_random(size: int, rng: Random) -> Iterator[bytes]:
    yield from _all(b"".join(rng.choices((b"[", b'{"k":'), k=64)))(size, rng)


def _truncated(size: int, rng: Random) -> Iterator[bytes]:
    """Records of one array, cut inside one of them or behind it: the array is open wherever that is."""
    record = _record(rng) + b","
    yield b"["
    yield from alike(record, size - len(record))
    yield record[: rng.randrange(len(record))]


def _in_encoding(encoding: str, mark: bytes = b"") -> Writer:
    """A good document in an encoding that is not UTF-8."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        width = len("x".encode(encoding))
        yield mark
        for piece in _good((size - len(mark)) // width, rng):
            yield piece.decode("ascii").encode(encoding)

    return write


def _wrong_closer(size: int, rng: Random) -> Iterator[bytes]:
    """Nested containers of which the innermost is closed by the other's bracket."""
    depth = max(0, (size - 3) // 2)
    yield from alike(b"[", depth)
    yield rng.choice((b"[}", b'{"a":0]', b"{]"))
    yield from alike(b"]", depth)


def _one_closer_more(size: int, _: Random) -> Iterator[bytes]:
    depth = max(1, (size - 1) // 2)
    yield from alike(b"[", depth)
    yield from alike(b"]", depth + 1)


# Bytes that are no UTF-8, by what is wrong with them (Unicode 3.9, table 3-7).
_ILL_FORMED: Final[tuple[tuple[str, str, tuple[bytes, ...]], ...]] = (
    ("overlong-2", "an overlong form of two bytes", (b"\xc0\xaf", b"\xc1\xbf", b"\xc0\x80")),
    ("overlong-3", "an overlong form of three bytes", (b"\xe0\x80\xaf", b"\xe0\x9f\xbf")),
    ("overlong-4", "an overlong form of four bytes", (b"\xf0\x80\x80\xaf", b"\xf0\x8f\xbf\xbf")),
    ("surrogate", "a surrogate", (b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\xbd\xed\xb8\x80")),
    ("beyond", "a character past U+10FFFF", (b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xf7\xbf\xbf\xbf")),
    ("five-bytes", "a form of five or six bytes", (b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80")),
    ("no-lead", "a continuation without a lead byte", (b"\x80", b"\xbf", b"\xc3\xa9\xa9")),
    ("cut-2", "a sequence of two bytes cut after one", (b"\xc3", b"\xdf")),
    ("cut-3", "a sequence of three bytes cut short", (b"\xe2\x82", b"\xe2", b"\xed\x9f")),
    ("cut-4", "a sequence of four bytes cut short", (b"\xf0\x9f\x98", b"\xf0\x9f", b"\xf4")),
    ("never", "a byte that UTF-8 never has", (b"\xfe", b"\xff")),
    ("latin-1", "a word in ISO-8859-1", (b"caf\xe9", b"\xfcber")),
)

_RAW_CONTROLS: Final = tuple(b'"a%cb"' % code for code in range(0x20))

_FAULTS: Final[tuple[tuple[str, str, Writer], ...]] = (
    # Punctuation.
    ("json-trailing-comma-array", "a comma behind an array's last item", _item(b"[1,2,]", b"[[],]")),
    ("json-trailing-comma-object", "a comma behind an object's last member", _item(b'{"a":1,}')),
    ("json-leading-comma", "a comma before the first item or member", _item(b"[,1]", b'{,"a":1}', b"[,]", b"{,}")),
    ("json-double-comma", "two commas", _item(b"[1,,2]", b'{"a":1,,"b":2}')),
    (
        "json-missing-comma",
        "no comma between items or members",
        _item(b"[1 2]", b"[[][]]", b'["a""b"]', b'{"a":1"b":2}'),
    ),
    ("json-missing-colon", "no colon between key and value", _item(b'{"a" 1}', b'{"a"1}', b'{"a"}')),
    ("json-missing-value", "a key without a value", _item(b'{"a":}', b'{"a":,"b":1}')),
    ("json-missing-key", "a value without a key", _item(b"{:1}", b"{1}", b'{"a":1,:2}')),
    (
        "json-wrong-colon",
        "a colon for a comma, or an equals sign for a colon",
        _item(b'["a":1]', b'{"a"=1}', b'{"a":1:2}'),
    ),
    ("json-wrong-closer", "an array closed as an object, or the other way round", _wrong_closer),
    ("json-one-closer-more", "a closing bracket without an opening one", _one_closer_more),
    ("json-comments", "comments", _item(b"1/* */", b"/**/1", b"1// \n", b"1# \n", b"1<!-- -->")),
    # Keys, literals, numbers.
    ("json-key-unquoted", "a key without quotes", _item(b"{a:1}", b"{$id:1}", b"{null:1}")),
    (
        "json-key-no-string",
        "a key that is a number, a literal or a container",
        _item(b"{1:2}", b"{true:1}", b"{[]:1}", b"{{}:1}"),
    ),
    ("json-single-quotes", "single quotes", _item(b"'a'", b"{'a':1}", b"`a`")),
    (
        "json-bad-literals",
        "literals misspelt",
        _item(b"True", b"NULL", b"nul", b"falsey", b"undefined", b"None", b"tru e"),
    ),
    ("json-nan", "NaN and its kin, which Python's json reads", _item(b"NaN", b"-NaN", b"nan")),
    ("json-infinity", "Infinity, which Python's json reads", _item(b"Infinity", b"-Infinity", b"inf", b"1.#INF")),
    ("json-leading-zeros", "numbers with leading zeros", _item(b"012", b"-01", b"00", b"-00.5", b"0000001")),
    (
        "json-bad-points",
        "numbers with a point and no digits on one side",
        _item(b"1.", b".5", b"-.5", b"1.e5", b"0.1.2"),
    ),
    ("json-bad-exponents", "exponents without digits", _item(b"1e", b"1e+", b"1E-", b"1e1.5", b"1e5e5", b"1e 5")),
    ("json-bad-signs", "signs where none may be", _item(b"+1", b"--1", b"-", b"- 1", b"1-", b"\xe2\x88\x921")),
    (
        "json-other-bases",
        "numbers as programs write them",
        _item(b"0x1F", b"0b1", b"0o17", b"1_000", b"10n", b"1.5f", b"\xef\xbc\x91"),
    ),
    (
        "json-huge-exponents",
        "numbers past the biggest double",
        _item(b"1e400", b"-1e99999", b"1E+309", b"123e999999999999"),
    ),
    # Strings.
    ("json-control-characters", "a control character in a string", _item(*_RAW_CONTROLS)),
    ("json-control-in-key", "a control character in a key", _item(b'{"a\nb":1}', b'{"\x00":1}', b'{"\x1f":1}')),
    (
        "json-bad-escapes",
        "escapes that there are not",
        _item(rb'"\x41"', rb'"\a"', rb'"\'"', rb'"\0"', rb'"\U0041"', b'"\\\n"'),
    ),
    (
        "json-bad-unicode-escapes",
        "escapes with no four digits",
        _item(rb'"\u12"', rb'"\u12G4"', rb'"\u{41}"', rb'"\u+041"', rb'"\u 041"'),
    ),
    (
        "json-lone-high-surrogate",
        "an escaped high surrogate alone",
        _item(rb'"\ud800"', rb'"\udbff a"', rb'"\ud83d\u0041"'),
    ),
    (
        "json-lone-low-surrogate",
        "an escaped low surrogate alone",
        _item(rb'"\udc00"', rb'"a\udfff"', rb'"\ude00\ud83d"'),
    ),
    ("json-lone-surrogate-key", "half a surrogate pair in a key", _item(rb'{"\ud83d":1}', rb'{"\ude00":1}')),
    ("json-quote-unescaped", "a quote in the middle of a string", _item(b'"a"b"', b'{"a"b":1}')),
    # White space and what looks like it.
    (
        "json-other-white-space",
        "white space that JSON does not have",
        _item(b"\xc2\xa01", b"\x0c1", b"1\x0b", b"\xe2\x80\xa81", b"1\xe3\x80\x80", b"\xef\xbb\xbf1", b"\x001"),
    ),
    # Ends.
    ("json-open-arrays", "arrays that nobody closes", _all(b"[")),
    ("json-open-objects", "objects that nobody closes", _all(b'{"a":')),
    ("json-open-mixed", "arrays and objects that nobody closes", _open_at_random),
    ("json-open-string", "a string without an end", _open(b'["', b"x")),
    ("json-open-key", "a key without an end", _open(b'{"', b"x")),
    ("json-open-escapes", "a string of escaped quotes without an end", _open(b'["', rb"\"")),
    ("json-truncated", "a document that is cut at a place left to chance", _truncated),
    ("json-nothing", "white space and no document", _all(b" \n\t\r", least=0)),
    ("json-two-documents", "two documents, one behind the other", _between(b"{}", b"")),
    ("json-many-documents", "one short document after another", _all(b"{}\n", least=2)),
    ("json-rubbish-behind", "something behind the document", _between(b"", b"#")),
    ("json-nul-behind", "a NUL behind the document", _between(b"", b"\x00")),
    ("json-comma-behind", "a comma behind the document", _between(b"", b",")),
    ("json-guard-before", "a guard against inclusion before the document", _between(b")]}',\n", b"")),
    ("json-call-around", "a function's call around the document", _between(b"call(", b");")),
    # Encodings.
    ("json-byte-order-mark", "a byte order mark before the document", _between(b"\xef\xbb\xbf", b"")),
    ("json-utf-16", "UTF-16 with a byte order mark", _in_encoding("utf-16-le", b"\xff\xfe")),
    ("json-utf-16-be", "UTF-16 without a mark", _in_encoding("utf-16-be")),
    ("json-utf-32", "UTF-32 without a mark", _in_encoding("utf-32-le")),
    *(
        (f"json-utf-8-{name}", f"{text} in a string", _item(*(b'"%s"' % bad for bad in forms)))
        for name, text, forms in _ILL_FORMED
    ),
    (
        "json-utf-8-in-key",
        "bytes that are no UTF-8 in a key",
        _item(b'{"\xff":1}', b'{"a\xc3":1}', b'{"\xed\xa0\x80":1}'),
    ),
    ("json-utf-8-outside", "bytes that are no UTF-8 between tokens", _item(b"1\xff", b"\x801", b"\xc0\xa01")),
    ("json-utf-8-at-the-end", "the first bytes of a character behind the document", _between(b"", b"\xe2\x82")),
)

KINDS: Final = tuple(Kind(name, "json", "error", summary, write) for name, summary, write in _FAULTS)
"""The kinds of this room."""
