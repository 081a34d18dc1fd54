"""XML that is not well-formed (or breaks Namespaces in XML), one fault in each document, somewhere in it.

The fault is one child among records, at a place left to chance, unless it has to be at an end. What is well-formed is in
``_xml_size``.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from forkedenc.breaking._kind import Kind, Writer, alike, around
from forkedenc.breaking._xml_size import NOWHERE


def _record(rng: Random) -> bytes:
    """A well-formed child."""
    word = bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9)))
    return b'<item id="%d"><name>%s &amp; co</name><!-- %d --></item>' % (
        rng.randrange(10**6),
        word,
        rng.randrange(100),
    )


def _child(*faults: bytes, head: bytes = b"<doc>", tail: bytes = b"</doc>") -> Writer:
    """One of these texts as a child among records."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        record = _record(rng)
        yield head
        yield from around(rng.choice(faults), record, record, size - len(head) - len(tail), rng)
        yield tail

    return write


def _between(heads: tuple[bytes, ...], tails: tuple[bytes, ...] = (b"",)) -> Writer:
    """A good root element with something in front of it or behind it."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        head, tail = rng.choice(heads) + b"<doc>", b"</doc>" + rng.choice(tails)
        yield head
        yield from alike(_record(rng), size - len(head) - len(tail))
        yield tail

    return write


def _subset(*declarations: bytes, content: bytes = b"") -> Writer:
    """One of these declarations in the internal subset, and content that may need it."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        head = b"<!DOCTYPE doc [" + rng.choice(declarations) + b"]><doc>" + content
        yield head
        yield from alike(_record(rng), size - len(head) - 6)
        yield b"</doc>"

    return write


def _open(head: bytes, unit: bytes, least: int = 0) -> Writer:
    """What begins and never ends."""

    def write(size: int, _: Random) -> Iterator[bytes]:
        yield head
        yield from alike(unit, size - len(head), least)

    return write


def _truncated(size: int, rng: Random) -> Iterator[bytes]:
    record = _record(rng)
    yield b"<doc>"
    yield from alike(record, size - 5 - len(record))
    yield record[: rng.randrange(len(record))]


def _wrong_closer(size: int, _: Random) -> Iterator[bytes]:
    """Nested elements of which the innermost is closed by another name."""
    depth = max(1, (size - 7) // 7)
    yield from alike(b"<a>", depth * 3)
    yield b"<b></c>"
    yield from alike(b"</a>", depth * 4)


def _utf_16(fault: bytes) -> Writer:
    """A document in UTF-16 with a fault below its characters."""

    def write(size: int, rng: Random) -> Iterator[bytes]:
        record = _record(rng).decode().encode("utf-16-le")
        yield "\ufeff<doc>".encode("utf-16-le")
        yield from around(fault, record, record, size - 26, rng)
        yield "</doc>".encode("utf-16-le")

    return write


_ILL_FORMED: Final[tuple[tuple[str, str, tuple[bytes, ...]], ...]] = (
    ("overlong", "an overlong form", (b"\xc0\xbc", b"\xe0\x80\xbc", b"\xf0\x80\x80\xbc")),
    ("surrogate", "a surrogate", (b"\xed\xa0\x80", b"\xed\xbf\xbf")),
    ("beyond", "a character past U+10FFFF", (b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80")),
    ("no-lead", "a continuation without a lead byte", (b"\x80", b"\xbf")),
    ("cut", "a sequence cut short", (b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98")),
    ("never", "a byte that UTF-8 never has", (b"\xfe", b"\xff")),
    ("latin-1", "a word in ISO-8859-1 without a declaration", (b"caf\xe9", b"\xfcber")),
)
_RAW: Final = tuple(b"<b>%c</b>" % code for code in range(0x20) if code not in (9, 10, 13))
_NONCHARACTERS: Final = ("<b>\ufffe</b>".encode(), "<b>\uffff</b>".encode())

_FAULTS: Final[tuple[tuple[str, str, Writer], ...]] = (
    # Tags.
    (
        "xml-mismatched-tags",
        "an element that is closed by another's name",
        _child(b"<b></c>", b"<b><c></b></c>", b"<b></B>"),
    ),
    ("xml-mismatched-deep", "the same, under nested elements", _wrong_closer),
    (
        "xml-mismatched-prefix",
        "a closing tag with another prefix of the same namespace",
        _child(b'<p:b xmlns:p="u" xmlns:q="u"></q:b>'),
    ),
    ("xml-closer-without-opener", "a closing tag without an opening one", _between((b"",), (b"</doc>", b"</b>"))),
    ("xml-open-elements", "elements that nobody closes", _open(b"", b"<a>", least=1)),
    ("xml-open-tag", "a tag without an end", _open(b"<doc", b"  ")),
    ("xml-open-attribute", "an attribute without an end", _open(b'<doc a="', b"x")),
    ("xml-open-comment", "a comment without an end", _open(b"<doc><!--", b"x")),
    ("xml-open-cdata", "a CDATA section without an end", _open(b"<doc><![CDATA[", b"]x]")),
    ("xml-open-pi", "a processing instruction without an end", _open(b"<doc><?p ", b"?x")),
    ("xml-open-doctype", "a DOCTYPE without an end", _open(b"<!DOCTYPE doc [", b"<!ENTITY e 'x'>")),
    ("xml-open-reference", "a character reference without an end", _open(b"<doc>&#", b"0")),
    ("xml-truncated", "a document that is cut at a place left to chance", _truncated),
    (
        "xml-bad-names",
        "names that begin as none may",
        _child(b"<1a/>", b"<-a/>", b"<.a/>", b"< a/>", b"<a$/>", b"<\xc3\x97/>"),
    ),
    (
        "xml-bad-tags",
        "tags with something in the wrong place",
        _child(b"<b/ >", b"</b/>", b"<b / >", b"<>", b"<b></b c='1'>", b"<b<c/>"),
    ),
    (
        "xml-bad-markup",
        "declarations where content is",
        _child(b"<!ELEMENT b ANY>", b"<!b>", b"<![cdata[x]]>", b"<![IGNORE[x]]>"),
    ),
    # Attributes.
    ("xml-duplicate-attribute", "one attribute twice", _child(b'<b c="1" c="2"/>', b"<b c='' d='' c=''/>")),
    (
        "xml-duplicate-attribute-namespace",
        "one attribute twice, by two prefixes",
        _child(b'<b xmlns:p="u" xmlns:q="u" p:c="" q:c=""/>'),
    ),
    ("xml-unquoted-attribute", "an attribute without quotes", _child(b"<b c=1/>", b"<b c=d></b>")),
    (
        "xml-attribute-without-value",
        "an attribute without a value",
        _child(b"<b c/>", b"<b c=/>", b"<b checked d=''/>"),
    ),
    (
        "xml-attribute-quotes",
        "an attribute whose quotes do not match",
        _child(b"<b c=\"1'/>", b"<b c='1\"/>", b"<b c=`1`/>"),
    ),
    ("xml-attribute-less-than", "a < in an attribute", _child(b'<b c="<"/>', b'<b c="a<b/>"/>')),
    ("xml-attribute-no-space", "no white space between attributes", _child(b'<b c="1"d="2"/>')),
    # Text, references, comments.
    (
        "xml-bare-ampersand",
        "an & that begins no reference",
        _child(b"<b>a & b</b>", b"<b>&</b>", b"<b c='?a=1&b=2'/>", b"<b>&;</b>"),
    ),
    (
        "xml-unended-reference",
        "a reference without its semicolon",
        _child(b"<b>&amp </b>", b"<b>&#65</b>", b"<b>&lt</b>"),
    ),
    (
        "xml-undeclared-entity",
        "an entity that nobody declared",
        _child(b"<b>&nbsp;</b>", b"<b>&AMP;</b>", b"<b c='&eacute;'/>"),
    ),
    (
        "xml-bad-character-references",
        "references to what is no character",
        _child(
            *(
                b"<b>&#%s;</b>" % text
                for text in b"0 x0 8 x1F xD800 xDFFF xFFFE xFFFF x110000 x100000041 4294967361 x xG X41".split()
            )
        ),
    ),
    ("xml-control-characters", "a control character", _child(*_RAW)),
    (
        "xml-control-in-attribute",
        "a control character in an attribute",
        _child(b'<b c="\x01"/>', b'<b c="\x00"/>', b'<b c="\x1f"/>'),
    ),
    ("xml-noncharacters", "U+FFFE or U+FFFF", _child(*_NONCHARACTERS)),
    ("xml-section-end", "the end of a CDATA section in text", _child(b"<b>]]></b>", b"<b>]]]></b>")),
    (
        "xml-comment-hyphens",
        "two hyphens in a comment",
        _child(b"<!-- a -- b -->", b"<!-- a --->", b"<!--->", b"<!-- -- -->"),
    ),
    ("xml-pi-xml", "a processing instruction named xml", _child(b"<?xml version='1.0'?>", b"<?XML?>", b"<?xMl a?>")),
    # Namespaces in XML 1.0.
    (
        "xml-undeclared-prefix",
        "a prefix that nobody declared",
        _child(b"<p:b/>", b"<b p:c=''/>", b"<b xmlns:p='u'/><p:c/>"),
    ),
    ("xml-prefix-taken-back", "a prefix bound to nothing", _child(b'<b xmlns:p=""/>')),
    (
        "xml-reserved-prefix",
        "the prefixes xml and xmlns bound anew",
        _child(b'<b xmlns:xml="urn:x"/>', b'<b xmlns:xmlns="urn:x"/>'),
    ),
    ("xml-two-colons", "a name with two colons", _child(b'<p:b:c xmlns:p="u"/>', b'<b xmlns:p="u" p:c:d=""/>')),
    # The document as a whole.
    ("xml-nothing", "white space and no document", _open(b"", b" \n\t")),
    ("xml-no-root", "comments and no element", _open(b"<!-- -->", b"<!-- -->")),
    ("xml-two-roots", "two root elements", _between((b"",), (b"<b/>", b"<doc></doc>"))),
    ("xml-text-before", "text before the root", _between((b"x", b"&#32;", b"<![CDATA[]]>"))),
    ("xml-text-behind", "text behind the root", _between((b"",), (b"x", b"&amp;", b"\x00", b"<![CDATA[]]>", b"]]>"))),
    (
        "xml-late-declaration",
        "an XML declaration that is not at the beginning",
        _between((b" <?xml version='1.0'?>", b"<!----><?xml version='1.0'?>")),
    ),
    (
        "xml-bad-declaration",
        "an XML declaration with something wrong",
        _between(
            (
                b"<?xml?>",
                b"<?xml encoding='UTF-8'?>",
                b"<?xml version='1.0' standalone='maybe'?>",
                b"<?xml version=1.0?>",
                b"<?xml version='1.0' encoding='no such thing'?>",
                b"<?xml encoding='UTF-8' version='1.0'?>",
            )
        ),
    ),
    ("xml-late-doctype", "a DOCTYPE in the root element", _child(b"<!DOCTYPE doc>", b"<!DOCTYPE b []>")),
    ("xml-two-doctypes", "two DOCTYPEs", _between((b"<!DOCTYPE doc><!DOCTYPE doc>",))),
    # Entities.
    (
        "xml-recursive-entity",
        "entities that refer to one another",
        _subset(b'<!ENTITY e "&f;"><!ENTITY f "&e;">', b'<!ENTITY e "&e;">', content=b'<b c="&e;"/>'),
    ),
    (
        "xml-unbalanced-entity",
        "an entity that opens an element and does not close it",
        _subset(b'<!ENTITY e "<b>">', b'<!ENTITY e "</doc>">', content=b"&e;"),
    ),
    (
        "xml-less-than-by-entity",
        "an entity that brings a < into an attribute",
        _subset(b"<!ENTITY e '<'>", b"<!ENTITY e '&#60;'>", content=b'<b c="&e;"/>'),
    ),
    (
        "xml-external-entity-in-attribute",
        "an attribute that refers to something elsewhere",
        _subset(*(b'<!ENTITY e SYSTEM "%s">' % place for place in NOWHERE), content=b'<b c="&e;"/>'),
    ),
    (
        "xml-unparsed-entity",
        "a reference to an entity that is no XML",
        _subset(b'<!NOTATION n SYSTEM "n"><!ENTITY e SYSTEM "e" NDATA n>', content=b"&e;"),
    ),
    (
        "xml-parameter-in-value",
        "a parameter entity inside a declaration",
        _subset(b'<!ENTITY % p "x"><!ENTITY e "%p;">'),
    ),
    (
        "xml-bad-subset",
        "declarations with something wrong",
        _subset(b"<!ENTITY e>", b"<!ELEMENT b>", b"<!ATTLIST b c>", b"<b/>", b"&amp;", b"<!ENTITY e 'x' y>"),
    ),
    # Encodings.
    *(
        (f"xml-utf-8-{name}", f"{text} in text", _child(*(b"<b>%s</b>" % bad for bad in forms)))
        for name, text, forms in _ILL_FORMED
    ),
    (
        "xml-utf-8-in-name",
        "bytes that are no UTF-8 in a name",
        _child(b"<b\xff/>", b"<b \xc3='1'/>", b"<\xed\xa0\x80/>"),
    ),
    (
        "xml-utf-8-in-comment",
        "bytes that are no UTF-8 where nobody looks",
        _child(b"<!--\xff-->", b"<?p \xc3?>", b"<![CDATA[\xe2\x82]]>"),
    ),
    (
        "xml-utf-7",
        "tags that are text to all but a reader of UTF-7",
        _child(b"+ADw-script+AD4-alert(1)", head=b'<?xml version="1.0" encoding="UTF-7"?><doc>'),
    ),
    (
        "xml-ascii",
        "ISO-8859-1 declared as US-ASCII",
        _child(b"<b>\xe9</b>", head=b'<?xml version="1.0" encoding="US-ASCII"?><doc>'),
    ),
    (
        "xml-utf-16-declared",
        "one byte a character, declared as UTF-16",
        _between((b'<?xml version="1.0" encoding="UTF-16"?>',)),
    ),
    ("xml-utf-16-surrogate", "half a surrogate pair in UTF-16", _utf_16(b"\x00\xdc")),
    ("xml-utf-16-odd", "a byte too many in UTF-16", _utf_16(b"x")),
    ("xml-two-marks", "two byte order marks", _between((b"\xef\xbb\xbf\xef\xbb\xbf",))),
)

KINDS: Final = tuple(Kind(name, "xml", "error", summary, write) for name, summary, write in _FAULTS)
"""The kinds of this room."""
