"""XML that is well-formed: too deep, too long, too much or worth too much once expanded (``limit``), or odd (``valid``).

What is ill-formed is in ``_xml_faults``.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from forkedenc.breaking._kind import Kind, Writer, alike, numbered

NOWHERE: Final = (b"urn:x-nowhere:entity", b"http://nowhere.invalid/entity", b"file:///nowhere.invalid/entity")
"""Places that don't exist: the domain is reserved for that (RFC 6761)."""


def _nested(opening: bytes, closing: bytes, head: bytes = b"", tail: bytes = b"") -> Writer:
    """Elements in one another, all of them closed."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        depth = max(1, (size - len(head) - len(tail)) // len(opening + closing))
        yield head
        yield from alike(opening, depth * len(opening))
        yield from alike(closing, depth * len(closing))
        yield tail

    return write


def _nested_names(size: int, _: Random) -> Iterator[bytes]:
    """Each element has a name of its own, and so has its closing tag, backwards."""
    depth = max(1, size // len(b"<n00000000></n00000000>"))
    for start in range(0, depth, 100):
        yield b"".join([b"<n%08d>" % number for number in range(start, min(start + 100, depth))])
    for end in range(depth, 0, -100):
        yield b"".join([b"</n%08d>" % number for number in range(end - 1, max(end - 101, -1), -1)])


def _long(opening: bytes, unit: bytes, closing: bytes) -> Writer:
    """One token of nothing but ``unit``."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        yield opening
        yield from alike(unit, size - len(opening) - len(closing), least=1)
        yield closing

    return write


def _giant_text(opening: bytes, closing: bytes, letters: bytes = b"abcdefghijklmnopqrstuvwxyz") -> Writer:
    """One token of letters left to chance."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        unit = bytes(rng.choices(letters, k=257))
        room = size - len(opening) - len(closing)
        yield opening
        yield from alike(unit, room)
        yield unit[: max(1, room % len(unit))]
        yield closing

    return write


def _giant_name(size: int, rng: Random) -> Iterator[bytes]:
    """Opening and closing tag of one name, half the document each."""
    unit = bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=257))
    length = max(1, (size - 5) // 2)
    for opening in (b"<", b"</"):
        yield opening
        yield from alike(unit, length)
        yield unit[: max(1, length % len(unit))]
        yield b">"


def _many_numbered(opening: bytes, form: str, closing: bytes) -> Writer:
    def write(size: int, rng: Random) -> Iterator[bytes]:
        yield opening
        yield from numbered(form, size - len(opening) - len(closing), first=rng.randrange(1000))
        yield closing

    return write


# --- entities -----------------------------------------------------------------------------------------------------


def _subset(*entities: tuple[bytes, bytes]) -> bytes:
    """A DOCTYPE with these entities, names and values."""
    return b"<!DOCTYPE a [" + b"".join(b'<!ENTITY %s "%s">' % entity for entity in entities) + b"]>"


def _tower(levels: int, times: int, seed: bytes) -> bytes:
    """A DOCTYPE with entities l0, l1 ...: each is so many times the one below."""
    above = ((b"l%d" % level, b"&l%d;" % (level - 1) * times) for level in range(1, levels))
    return _subset((b"l0", seed), *above)


def _billion_laughs(size: int, rng: Random) -> Iterator[bytes]:
    yield from _long(_tower(10, 10, rng.choice((b"lol", b"ha", b"dos"))) + b"<a>", b"&l9;", b"</a>")(size, rng)


def _quadratic(size: int, _: Random) -> Iterator[bytes]:
    """One entity of half the document, in the other half as often as it fits."""
    yield b'<!DOCTYPE a [<!ENTITY e "'
    yield from alike(b"x", size // 2 - 30, least=1)
    yield b'">]><a>'
    yield from alike(b"&e;", size // 2 - 10, least=1)
    yield b"</a>"


def _attribute_bomb(size: int, rng: Random) -> Iterator[bytes]:
    """References in one attribute that become a MiB; text makes up the size."""
    head = _tower(5, 8, b"x" * 64) + b'<a b="' + b"&l4;" * 4 + b'">'
    yield from _giant_text(head, b"</a>")(size, rng)


def _chain(size: int, _: Random) -> Iterator[bytes]:
    """Each entity is a reference to the one before: depth alone, no length."""
    form = b'<!ENTITY e%08d "&e%08d;">'
    count = max(2, (size - 60) // len(form % (0, 0)))
    yield b'<!DOCTYPE a [<!ENTITY e00000000 "x">'
    for start in range(1, count, 100):
        yield b"".join([form % (number, number - 1) for number in range(start, min(start + 100, count))])
    yield b"]><a>&e%08d;</a>" % (count - 1)


def _default_attributes(size: int, rng: Random) -> Iterator[bytes]:
    """Attributes that a DTD gives to every element of a few bytes."""
    declared = b"".join(b' n%d CDATA "%s"' % (number, b"x" * 100) for number in range(8))
    yield from _long(b"<!DOCTYPE a [<!ATTLIST b" + declared + b">]><a>", b"<b/>", b"</a>")(size, rng)


_SIZES: Final[tuple[tuple[str, str, Writer], ...]] = (
    ("xml-billion-laughs", "ten entities of ten references each", _billion_laughs),
    ("xml-quadratic-blowup", "one long entity, again and again", _quadratic),
    ("xml-attribute-bomb", "entities in one attribute that become a MiB", _attribute_bomb),
    ("xml-entity-chain", "entities that refer to the one before, as deep as they are many", _chain),
    (
        "xml-many-entities",
        "entities that nobody uses",
        _many_numbered(b"<!DOCTYPE a [", '<!ENTITY e%d "x">', b"]><a/>"),
    ),
    (
        "xml-many-references",
        "one short entity, again and again",
        _long(_subset((b"e", b"x")) + b"<a>", b"&e;", b"</a>"),
    ),
    ("xml-default-attributes", "attributes that the DTD gives to every element", _default_attributes),
    ("xml-giant-doctype", "a comment in the internal subset", _giant_text(b"<!DOCTYPE a [<!--", b"-->]><a/>")),
    (
        "xml-giant-system-id",
        "a DOCTYPE with a long system identifier",
        _giant_text(b'<!DOCTYPE a SYSTEM "urn:x-', b'"><a/>'),
    ),
    ("xml-giant-entity", "one long entity that nobody uses", _giant_text(b'<!DOCTYPE a [<!ENTITY e "', b'">]><a/>')),
    ("xml-giant-attribute", "one attribute value", _giant_text(b'<a b="', b'"/>')),
    (
        "xml-giant-attribute-references",
        "one attribute value of character references",
        _long(b'<a b="', b"&#x20AC;", b'"/>'),
    ),
    ("xml-giant-attribute-name", "one attribute's name", _giant_text(b"<a ", b'="b"/>')),
    (
        "xml-giant-attribute-space",
        "one attribute value of white space to normalise",
        _giant_text(b'<a b="', b'"/>', b" \t\r\n"),
    ),
    ("xml-giant-name", "one element's name, in both its tags", _giant_name),
    ("xml-giant-prefix", "one prefix, where it is declared", _giant_text(b"<a xmlns:", b'="u"/>')),
    ("xml-giant-namespace", "one namespace's URI", _giant_text(b'<a xmlns="urn:', b'"/>')),
    ("xml-giant-comment", "one comment", _giant_text(b"<a><!--", b"--></a>", b"abc <>&\n")),
    ("xml-giant-pi", "one processing instruction", _giant_text(b"<a><?p ", b"?></a>", b"abc <>&\n")),
    ("xml-giant-pi-target", "one processing instruction's target", _giant_text(b"<a><?", b"?></a>")),
    ("xml-giant-cdata", "one CDATA section", _giant_text(b"<a><![CDATA[", b"]]></a>", b"abc <>&\n")),
    ("xml-giant-brackets", "a CDATA section of closing brackets", _long(b"<a><![CDATA[", b"]", b" ]]></a>")),
    ("xml-giant-text", "one run of text", _giant_text(b"<a>", b"</a>")),
    ("xml-giant-text-references", "one run of character references", _long(b"<a>", b"&#x1F600;", b"</a>")),
    (
        "xml-many-cdata",
        "one run of text in sections of four letters",
        _long(b"<a>", b"<![CDATA[" + b"abcd" * 4 + b"]]>", b"</a>"),
    ),
    ("xml-many-attributes", "attributes of one element", _many_numbered(b"<a", ' a%d=""', b"/>")),
    ("xml-many-namespaces", "namespace declarations of one element", _many_numbered(b"<a", ' xmlns:p%d="u"', b"/>")),
    ("xml-many-names", "elements, each with a name of its own", _many_numbered(b"<a>", "<b%d/>", b"</a>")),
    (
        "xml-many-attribute-names",
        "elements with an attribute of its own name",
        _many_numbered(b"<a>", '<b a%d=""/>', b"</a>"),
    ),
    ("xml-many-children", "empty elements in one element", _long(b"<a>", b"<b/>", b"</a>")),
    ("xml-many-pieces", "text and elements by turns", _long(b"<a>", b"x<b/>", b"</a>")),
    ("xml-deep", "elements in one another, all of them closed", _nested(b"<a>", b"</a>")),
    ("xml-deep-names", "nested elements, each with a name of its own", _nested_names),
    ("xml-deep-namespaces", "nested elements, each with a declaration", _nested(b'<p:a xmlns:p="u">', b"</p:a>")),
    (
        "xml-deep-attributes",
        "nested elements with an attribute and text",
        _nested(b'<a b="c">x', b"</a>y", b"<r>", b"</r>"),
    ),
)


# --- merely odd ---------------------------------------------------------------------------------------------------


def _with(head: bytes, unit: bytes, tail: bytes, places: tuple[bytes, ...] = NOWHERE) -> Writer:
    """A document where ``%s`` in the head is a place left to chance."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        place = rng.choice(places)
        yield from _long(head % place if b"%s" in head else head, unit, tail)(size, rng)

    return write


def _in_encoding(encoding: str, declared: str, unit: str) -> Writer:
    head = f'<?xml version="1.0" encoding="{declared}"?><a>'

    def write(size: int, _: Random) -> Iterator[bytes]:
        # A mark where the encoding's Python codec writes one: at the beginning alone.
        yield head.encode(encoding)
        bare = encoding if encoding != "utf-16" else "utf-16-le"
        written = len(head.encode(encoding)) + len("</a>".encode(bare))
        yield from alike(unit.encode(bare), size - written, least=1)
        yield "</a>".encode(bare)

    return write


_WORD: Final = b"<b>word</b>"
_ODD: Final[tuple[tuple[str, str, Writer], ...]] = (
    (
        "xml-external-entity",
        "an entity that is somewhere else",
        _with(b'<!DOCTYPE a [<!ENTITY e SYSTEM "%s">]><a>&e;', _WORD, b"</a>"),
    ),
    ("xml-external-dtd", "a DTD that is somewhere else", _with(b'<!DOCTYPE a SYSTEM "%s"><a>', _WORD, b"</a>")),
    (
        "xml-external-parameter-entity",
        "a parameter entity that is somewhere else",
        _with(b'<!DOCTYPE a [<!ENTITY %% p SYSTEM "%s"> %%p;]><a>', _WORD, b"</a>"),
    ),
    (
        "xml-xinclude",
        "an inclusion that is none to a parser",
        _with(b'<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include href="%s" parse="text"/>', _WORD, b"</a>"),
    ),
    (
        "xml-stylesheet",
        "a style sheet that is somewhere else",
        _with(b'<?xml-stylesheet href="%s"?><a>', _WORD, b"</a>"),
    ),
    (
        "xml-schema-location",
        "a schema that is somewhere else",
        _with(b'<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="u %s">', _WORD, b"</a>"),
    ),
    ("xml-white-space", "little but white space", _giant_text(b"<a  >", b"</a\n>\n", b" \t\r\n")),
    (
        "xml-odd-names",
        "names of letters from everywhere",
        _long(b"<a>", "<é:_ xmlns:é='u' ñ-.·='1' 𐀀='2'/><:b/>".replace(":b", "日本").encode(), b"</a>"),
    ),
    (
        "xml-odd-references",
        "references to characters that need them",
        _long(
            b"<a>", b'<b c="&#10;&#9;&#x20;&quot;&lt;">&#13;&#xD7FF;&#xE000;&#xFFFD;&#x10FFFF;&amp;&gt;</b>', b"</a>"
        ),
    ),
    (
        "xml-odd-sections",
        "sections and comments that end late",
        _long(b"<a>", b"<![CDATA[]]]]><![CDATA[>]]>]]&gt;<!-- - -> --><?p ??>", b"</a>"),
    ),
    (
        "xml-undeclared-default",
        "a default namespace taken back",
        _long(b'<a xmlns="u">', b'<b xmlns=""><c xmlns="v"/></b>', b"</a>"),
    ),
    (
        "xml-around-the-root",
        "comments and processing instructions before and behind the root",
        _long(b"<!-- - --><?p?><a/>", b"<!--<a>--><?p <a>?>\n", b""),
    ),
    ("xml-utf-16", "UTF-16 with a byte order mark", _in_encoding("utf-16", "UTF-16", "<b>é日𐀀</b>")),
    (
        "xml-iso-8859-1",
        "ISO-8859-1, C1 controls included",
        _in_encoding("iso-8859-1", "ISO-8859-1", "<b>é\x80\xa0ÿ</b>"),
    ),
)

KINDS: Final = (
    *(Kind(name, "xml", "limit", summary, write) for name, summary, write in _SIZES),
    *(Kind(name, "xml", "valid", summary, write) for name, summary, write in _ODD),
)
"""The kinds of this room."""
