"""Documents cleaned, and the output read by parsers that have nothing to do with the package.

`clean` is how tests call the sanitizer: besides giving the output it holds it to what every output promises.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from xml.parsers import expat

from lxml import etree

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Policy, Sanitizer

SVG = "http://www.w3.org/2000/svg"
XHTML = "http://www.w3.org/1999/xhtml"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"
ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
SOAP_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"
XINCLUDE = "http://www.w3.org/2001/XInclude"
XSLT = "http://www.w3.org/1999/XSL/Transform"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
PNG = "data:image/png;base64,iVBORw0KGgo="


def picture(body: str, attributes: str = "") -> str:
    """An SVG document with this in it."""
    return f'<svg xmlns="{SVG}" xmlns:xlink="{XLINK}"{attributes}>{body}</svg>'


def prose(body: str) -> str:
    """An XHTML fragment with this in it."""
    return f'<div xmlns="{XHTML}">{body}</div>'


def rss(body: str) -> str:
    """An RSS 2.0 document with one item."""
    return f'<rss version="2.0" xmlns:content="{CONTENT}"><channel><item>{body}</item></channel></rss>'


def atom(body: str) -> str:
    """An Atom document with one entry."""
    return f'<feed xmlns="{ATOM}"><entry>{body}</entry></feed>'


# --- the output as others read it --------------------------------------------------------------------------------


class Element(NamedTuple):
    """A start tag: the name as {uri}local, the attributes likewise, and the names of the elements around it."""

    name: str
    attributes: dict[str, str]
    around: tuple[str, ...]

    @property
    def local(self) -> str:
        return self.name.rpartition("}")[2]


def clark(name: str) -> str:
    return "{" + name if "}" in name else name


def expat_events(data: bytes) -> list[tuple]:
    """What expat tells, text joined."""
    events: list[tuple] = []
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def text(piece: str) -> None:
        if events and events[-1][0] == "text":
            piece = events.pop()[1] + piece
        events.append(("text", piece))

    parser.StartElementHandler = lambda name, attributes: events.append(
        ("start", clark(name), {clark(key): value for key, value in attributes.items()})
    )
    parser.EndElementHandler = lambda name: events.append(("end", clark(name)))
    parser.CharacterDataHandler = text
    parser.CommentHandler = lambda value: events.append(("comment", value))
    parser.ProcessingInstructionHandler = lambda target, value: events.append(("pi", target, value))
    parser.StartDoctypeDeclHandler = lambda *_: events.append(("doctype",))
    parser.XmlDeclHandler = lambda *_: events.append(("declaration",))
    parser.Parse(data, True)
    return events


def lxml_events(data: bytes) -> list[tuple]:
    """The same of libxml2, but for what stands outside the root."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, strip_cdata=True)
    events: list[tuple] = []

    def text(value: str | None) -> None:
        if value:
            if events[-1][0] == "text":
                value = events.pop()[1] + value
            events.append(("text", value))

    pending: list = [etree.fromstring(data, parser)]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            events.append(("end", node[0]))
            text(node[1])
            continue
        if node.tag is etree.Comment:
            events.append(("comment", node.text))
        elif node.tag is etree.PI:
            events.append(("pi", node.target, node.text or ""))
        else:
            events.append(("start", node.tag, dict(node.attrib)))
            text(node.text)
            pending.append((node.tag, node.tail if node.getparent() is not None else None))
            pending += reversed(node)
            continue
        text(node.tail)
    return events


def inside_root(events: Iterable[tuple]) -> list[tuple]:
    found = list(events)
    first = next(at for at, event in enumerate(found) if event[0] == "start")
    last = max(at for at, event in enumerate(found) if event[0] == "end")
    return found[first : last + 1]


def elements(data: bytes) -> list[Element]:
    """The start tags that expat sees."""
    found: list[Element] = []
    around: list[str] = []
    for event in expat_events(data):
        if event[0] == "start":
            found.append(Element(event[1], event[2], tuple(around)))
            around.append(event[1])
        elif event[0] == "end":
            around.pop()
    return found


def names(data: bytes) -> list[str]:
    """Local names below the root."""
    return [element.local for element in elements(data)][1:]


def text(data: bytes) -> str:
    return "".join(event[1] for event in expat_events(data) if event[0] == "text")


def attributes(data: bytes, local: str) -> dict[str, str]:
    """The attributes of the first element of that name."""
    return next(element.attributes for element in elements(data) if element.local == local)


# --- the sanitizer -----------------------------------------------------------------------------------------------


def checked(sanitizer: Sanitizer, data: object, *, again: bool = True) -> sanitize.Cleaned:
    """Cleans; the output is well-formed for expat and libxml2, which read the same, has no declaration, DOCTYPE or
    CDATA, and is clean: cleaned again it stays as it is.
    """
    cleaned = sanitizer.clean(data)
    out = cleaned.data
    events = expat_events(out)
    try:
        theirs = lxml_events(out)
    except etree.XMLSyntaxError as error:
        # Any characters make a namespace to others.
        assert "is not a valid URI" in str(error), error  # noqa: PT017
    else:
        assert inside_root(events) == theirs, "expat and libxml2 read the output differently"
    assert not {"doctype", "declaration"} & {event[0] for event in events}
    assert b"<![CDATA[" not in out
    out.decode("utf-8")
    if again:
        second = sanitizer.clean(out)
        assert second.data == out
        assert not second.report.changed, second.report
        assert not second.report.removed
    return cleaned


_MADE: dict[tuple, Sanitizer] = {}


def sanitizer(policy: Policy, **options: object) -> Sanitizer:
    """One for the same policy and options, as programs keep theirs."""
    # The policy is part of what is kept, so that its id stays its own.
    key = (id(policy), repr(sorted(options.items())))
    if key not in _MADE:
        _MADE[key] = Sanitizer(policy, **options)
    return _MADE[key]


def clean(policy: Policy, data: object, *, again: bool = True, **options: object) -> bytes:
    """The output for a document, held to all that an output promises."""
    return checked(sanitizer(policy, **options), data, again=again).data


def cleaned_picture(body: str, **options: object) -> bytes:
    return clean(sanitize.SVG, picture(body), **options)


def cleaned_prose(body: str, **options: object) -> bytes:
    return clean(sanitize.XHTML, prose(body), **options)


def rules(policy: Policy, data: object, **options: object) -> list[tuple[str, str, str]]:
    """What the report tells: kind, name, rule."""
    removals = sanitizer(policy, **options).clean(data).report.removals
    return [(removal.kind, removal.name, removal.rule) for removal in removals]


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


class Streamed(NamedTuple):
    """What came out of a stream."""

    data: bytes
    report: dict
    error: tuple | None


def told(error: BaseException) -> tuple:
    fields = ("kind", "offset", "line", "column", "path", "limit", "maximum", "observed")
    return type(error).__name__, *(getattr(error, field, None) for field in fields)


def streamed(sanitizer: Sanitizer, chunks: Iterable[bytes]) -> Streamed:
    """Feeds the chunks; an error is told, and what was written before it kept."""
    out: list[bytes] = []
    stream = sanitizer.stream(out.append)
    error = None
    try:
        for chunk in chunks:
            stream.feed(chunk)
        stream.close()
    except forkedenc.Error as caught:
        error = told(caught)
    return Streamed(b"".join(out), stream.report.as_dict(), error)


def whole(sanitizer: Sanitizer, data: bytes) -> tuple[bytes, dict]:
    cleaned = sanitizer.clean(data)
    return cleaned.data, cleaned.report.as_dict()


# --- what acts ---------------------------------------------------------------------------------------------------

ACTIVE = {
    "script", "foreignobject", "iframe", "object", "embed", "handler", "listener", "frame", "applet", "audio", "video",
    "canvas", "link", "meta", "base", "form", "input", "button",
}  # fmt: skip
ADDRESSES = {"href", "src", "from", "to", "by", "values", "data", "poster", "action", "formaction", "cite", "url"}
RASTER = re.compile(r"data:image/(?:png|jpe?g|gif|webp)[;,]")


def squeezed(value: str) -> str:
    """A value as the most lenient reader of URLs starts with it."""
    return re.sub(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]", "", value).lower()


def plain_css(sheet: str) -> str:
    """A style sheet without comments and with its escapes read."""
    sheet = re.sub(r"/\*.*?(?:\*/|\Z)", "", sheet, flags=re.DOTALL)
    sheet = re.sub(r"\\([0-9a-fA-F]{1,6})\s?", lambda found: chr(int(found[1], 16) % 0x110000), sheet)
    return sheet.replace("\\", "").lower()


def active_css(sheet: str) -> list[str]:
    """What of a style sheet fetches, runs, or moves about the page."""
    css = plain_css(sheet)
    bad = re.findall(r"@import|@font-face|expression\s*\(|-moz-binding|behavior|position\s*:|z-index|javascript:", css)
    return bad + [url for url in re.findall(r"url\(\s*[\"']?([^)\"']*)", css) if not url.startswith("#")]


def active(found: Iterable[tuple[str, dict[str, str]]], sheets: Iterable[str] = (), *, local: bool) -> list[str]:
    """What acts among elements (name, attributes) and style sheets; `local`: any reference to outside counts."""
    bad = [what for sheet in sheets for what in active_css(sheet)]
    for name, values in found:
        uri, _, written = name.rpartition("}")
        if uri == f"{{{XINCLUDE}" or (written.lower() in ACTIVE and (local or uri in (f"{{{SVG}", f"{{{XHTML}"))):
            bad.append(name)
        for key, value in values.items():
            uri, _, written = key.rpartition("}")
            attribute = written.rpartition(":")[2].lower()
            url = squeezed(value)
            if attribute.startswith("on") or (attribute == "base" and (XML in uri or written.startswith("xml:"))):
                bad.append(f"{name}/@{key}")
            if attribute in ADDRESSES:
                script = re.match(r"(?:javascript|vbscript|file|data):", url) and not RASTER.match(url)
                if script or (local and attribute in ("href", "src") and url and not url.startswith(("#", "data:"))):
                    bad.append(f"{name}/@{key}={value[:40]}")
            if attribute == "style" or "url(" in plain_css(value):
                bad += [what for what in active_css(value) if local or attribute == "style"]
    return bad


def active_in(data: bytes, *, local: bool = True) -> list[str]:
    """What acts in an output, as expat reads it."""
    found, sheets, inside = [], [], False
    for event in expat_events(data):
        if event[0] == "start":
            found.append((event[1], event[2]))
        if event[0] in ("start", "end"):
            inside = event[0] == "start" and event[1].lower().endswith("}style")
        elif event[0] == "text" and inside:
            sheets.append(event[1])
        elif event[0] == "pi":
            found.append(("{" + XINCLUDE + "}pi", {}))
    return active(found, sheets, local=local)


# --- what a renderer draws ---------------------------------------------------------------------------------------


def expansion(data: bytes) -> int:
    """How many elements a renderer visits that follows every reference to what is drawn, style sheets by class included."""
    nodes: list[dict] = []
    stack: list[dict] = []
    sheet = "".join(event[1] for event in expat_events(data) if event[0] == "text")
    by_class = re.findall(r"\.([\w-]+)\s*\{[^}]*url\(#([^)]+)\)", sheet)
    ids: dict[str, dict] = {}
    for event in expat_events(data):
        if event[0] == "end":
            stack.pop()
        if event[0] != "start":
            continue
        values = event[2]
        local = event[1].rpartition("}")[2]
        links = (
            [values.get(key, "") for key in ("href", f"{{{XLINK}}}href")]
            if local in ("use", "feImage", "pattern")
            else []
        )
        found = [link[1:] for link in links if link.startswith("#")]
        for key in (
            "fill",
            "stroke",
            "mask",
            "clip-path",
            "filter",
            "marker-start",
            "marker-mid",
            "marker-end",
            "style",
        ):
            found += re.findall(r"url\(#([^)]+)\)", values.get(key, ""))
        found += [target for name, target in by_class if name in values.get("class", "").split()]
        drawn = local not in ("linearGradient", "radialGradient", "stop")
        node: dict = {"inside": [], "targets": found, "size": None, "own": int(drawn)}
        nodes.append(node)
        if stack:
            stack[-1]["inside"].append(node)
        if "id" in values:
            ids.setdefault(values["id"], node)
        stack.append(node)

    def size(node: dict, around: tuple[int, ...]) -> int:
        if id(node) in around:
            return 0
        if node["size"] is None:
            inner = (*around, id(node))
            targets = [ids[name] for name in node["targets"] if name in ids]
            node["size"] = node["own"] + sum(size(other, inner) for other in [*node["inside"], *targets])
        return node["size"]

    return size(nodes[0], ())


# --- a page ------------------------------------------------------------------------------------------------------


def html_tree(markup: str):
    """The body of a page with this in it, by html5lib."""
    import html5lib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        page = html5lib.parse(
            f'<!DOCTYPE html><html><body><section id="around">{markup}</section><footer>after</footer></body></html>',
            treebuilder="etree",
            namespaceHTMLElements=True,
        )
    return page.find(f"{{{XHTML}}}body")


def shape(node, name: Callable[[str], str] = str) -> tuple:
    """An element as nested tuples: name, then texts and children in their order."""
    inside: list = [node.text] if node.text else []
    for child in node:
        inside.append(shape(child, name))
        if child.tail:
            inside.append(child.tail)
    return name(node.tag), *inside


def assert_page_reads_the_same(out: bytes) -> None:
    """Put into a page, HTML sees the elements and texts that XML sees, in the same places, and nothing moves."""
    markup = out.decode()
    body = html_tree(markup)
    assert [child.tag.rpartition("}")[2] for child in body] == ["section", "footer"], markup
    section = body[0]
    assert len(section) == 1, f"moved out: {shape(section)} of {markup}"
    assert not section.text
    assert not section[0].tail
    assert shape(section[0]) == shape(etree.fromstring(out)), markup
    assert not active(
        [(node.tag, dict(node.attrib)) for node in section.iter() if node is not section],
        local=f"{{{SVG}}}svg" == section[0].tag,
    )
    for mark in ("<?", "<!", "<style"):
        assert mark not in markup


def page(policy: Policy, data: str, **options: object) -> bytes:
    """Output for a page, held to what a page promises."""
    out = clean(policy, data, escape_for="html", **options)
    assert_page_reads_the_same(out)
    return out
