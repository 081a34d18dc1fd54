"""Hypothesis strategies of XML documents: well-formed ones with everything in them, and broken ones."""

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "p:c", "q:d-1", "é", "_x.y", "long-name-of-more-than-sixteen-bytes"])
CHARACTERS = st.text(
    st.sampled_from("abc <>&\"'\t\n\r]-?!é€😀;#%\x85\u2028\ud7ff\ue000\ufffd0123456789") | st.characters(codec="utf-8"),
    max_size=30,
).map(lambda text: "".join(character for character in text if is_char(character)))


def is_char(character: str) -> bool:
    """XML 1.0 section 2.2."""
    code = ord(character)
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def escaped(text: str, quote: str = "") -> str:
    """Text as it may stand in content, or in a value between such quotes."""
    out = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return out.replace('"', "&quot;").replace("'", "&#39;") if quote else out


REFERENCES = st.sampled_from(["&lt;", "&amp;", "&#65;", "&#x1F600;", "&quot;", "&#13;", "&e;", "&f;"])
TEXT = st.one_of(CHARACTERS.map(escaped), REFERENCES)
COMMENTS = CHARACTERS.map(lambda text: f"<!--{text.replace('-', '')}-->")
SECTIONS = CHARACTERS.map(lambda text: f"<![CDATA[{text.replace(']]>', '')}]]>")
PIS = CHARACTERS.map(lambda text: f"<?p {text.replace('?>', '')}?>")


@st.composite
def tags(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    """An element; prefixes are bound at the root, and again at some tags."""
    name = draw(NAMES)
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    names += draw(st.sampled_from([[], [], ["xmlns"], ["xmlns:p"], ["xmlns:q", "xmlns"]]))
    space = draw(st.sampled_from([" ", "\n\t", "  "]))
    attributes = ""
    for attribute in names:
        value = draw(st.sampled_from(["u", "urn:v"])) if attribute.startswith("xmlns") else draw(TEXT)
        quote = draw(st.sampled_from("\"'"))
        value = value.replace(quote, "&quot;" if quote == '"' else "&#39;")
        attributes += f"{space}{attribute}{draw(st.sampled_from(['=', ' = ']))}{quote}{value}{quote}"
    inside = "".join(draw(st.lists(children, max_size=5)))
    return f"<{name}{attributes}/>" if not inside and draw(st.booleans()) else f"<{name}{attributes}>{inside}</{name} >"


CONTENT = st.recursive(st.one_of(TEXT, COMMENTS, SECTIONS, PIS), tags, max_leaves=12)
SUBSET = (
    '<!ENTITY e "x&#38;#38;y"><!ENTITY f "1<a b=\'&#38;lt;2\'/>&e;"><!ATTLIST a b CDATA "default" c NMTOKENS #IMPLIED>'
)


@st.composite
def documents(draw: st.DrawFn, *, doctype: bool = True) -> str:
    """A document that is well-formed as far as XML goes; two attributes may come to be of one name in a namespace."""
    content = "".join(draw(st.lists(CONTENT, max_size=4)))
    head = draw(st.sampled_from(["", '<?xml version="1.0"?>', "<!-- é -->\n"]))
    if doctype:
        head += f"<!DOCTYPE r [{SUBSET}]>"
    else:
        content = content.replace("&e;", "").replace("&f;", "")
    return f"{head}<r xmlns:p='p' xmlns:q='q'>{content}</r>\n"


ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])


def encoded(text: str, encoding: str) -> bytes:
    """The document's bytes; UTF-16 of one end gets its mark."""
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    return (mark + text).encode(encoding)


PIECES = st.sampled_from(
    [b"<", b">", b"&", b"]]>", b"--", b"<!", b"\xff", b"\x00", b'"', b"'", b"/", b"xmlns=", b"\xe2\x82", b"\r", b"&#x;"]
)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A document with some bytes changed, in any encoding."""
    data = encoded(draw(documents()), draw(ENCODINGS))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(PIECES) + data[at + draw(st.integers(0, 3)) :]
    return data
