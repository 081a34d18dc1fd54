"""The sanitizer against parsers of others: whatever goes in, what comes out is clean.

Run by fuzz/run.py. Documents are seeds with some bytes changed, crossed with one another or cut. Under every preset, and
with the options for pages, links and prefixes, a document is refused or
- its output is well-formed for expat and lxml, which read the same, and for html5lib nothing in it acts;
- cleaned again it stays as it is, and the report says so;
- cut anywhere, output, report and error are those of the whole.
"""

import argparse
import importlib
import pyexpat
import random
import re
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import lxml.etree

import forkedenc
from forkedenc.xml.sanitize import FEED, PLAIN, SOAP, SVG, XHTML, Sanitizer

try:
    # It has no types.
    html5lib: Any = importlib.import_module("html5lib")
except ImportError:
    html5lib = None

SVG_URI, XHTML_URI = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"
HEAD = f'<svg xmlns="{SVG_URI}" xmlns:xlink="http://www.w3.org/1999/xlink">'
SANITIZERS = {
    "svg": Sanitizer(SVG),
    "svg for a page": Sanitizer(SVG, escape_for="html", id_prefix="p-", links=["https"]),
    "svg unwrapped": Sanitizer(SVG.replace(on_unknown_element="unwrap", comments="keep")),
    "xhtml": Sanitizer(XHTML),
    "xhtml for a page": Sanitizer(XHTML, escape_for="html", id_prefix="p-"),
    "feed": Sanitizer(FEED),
    "soap": Sanitizer(SOAP),
    "plain": Sanitizer(PLAIN),
}
SEEDS = [
    f'{HEAD}<script>alert(1)</script><g onload="x" style="fill:url(//e/);stroke:red"><use href="#a" xlink:href="data:image/svg+xml,x"/></g></svg>',
    f"{HEAD}<style>@import 'x';a{{fill:red}}@font-face{{src:url(//e/)}}@media print{{.a *{{mask:url(#m)}}}}b/**/c{{fi\\6cl:u\\72l(x)}}</style><mask id='m'><g class='a'/></mask></svg>",
    f'{HEAD}<animate attributeName="href" to="javascript:x"/><set attributeName="fill" begin="a.click;1s" to="url(#a)"/><rect><animate attributeName="d" values="M0 0;M1 1"/></rect></svg>',
    f'<!DOCTYPE svg [<!ENTITY e "<rect onload=\'x\'/>"><!ATTLIST g onclick CDATA "x">]>{HEAD}&e;<g/><a href="https://e/"><g id="a"/></a><title><b/>&lt;/title&gt;</title></svg>',
    f'{HEAD}<g id="a"><rect/></g><g id="b"><use href="#a"/><use href="#a"/></g><use href="#b"/><pattern id="p"><rect fill="url(#p)"/></pattern><image href="data:image/png;base64,AA=="/></svg>',
    f'<div xmlns="{XHTML_URI}"><p>a<p>b</p></p><table>c<tr>d<td>e</td></tr></table><a href=" java&#10;script:x"><a href="/y">f</a></a><pre>\n<font>g</font></pre><br>h</br></div>',
    f'<div xmlns="{XHTML_URI}"><svg xmlns="{SVG_URI}"><style><a title="&lt;/style&gt;"/></style></svg><iframe/><h1>a<h2>b</h2></h1><li>c</li><ruby>d<rt>e</rt></ruby><!-- --!> --></div>',
    '<rss version="2.0"><channel><title>a &lt;b onclick=x&gt;</title><item><link>javascript:x</link><description><![CDATA[<script>]]></description><guid>c</guid></item></channel></rss>',
    f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><content type="xhtml"><div xmlns="{XHTML_URI}"><p onclick="x">a</p></div></content><link href="//e/"/></entry></feed>',
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><?a b?><c d="javascript:x" xml:base="f"><!-- g --></c></e:Body></e:Envelope>',
    f'<a xmlns:s="{SVG_URI}" xmlns:xi="http://www.w3.org/2001/XInclude"><s:script/><xi:include href="x"/><b c="&#13;" d=\'"\'><![CDATA[<]]>]]&gt;</b></a>',
]  # fmt: skip
PIECES = [
    b"<g>", b"</g>", b"<g/>", b"<script>", b"</script>", b"<style>", b"</style>", b"<p>", b"</p>", b"<", b">", b"&lt;", b"&#0;", b"&#13;", b'"', b"'", b"=", b"/", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"--!>",
    b"<?p q?>", b" xmlns=''", b" xmlns='u'", b" xmlns:s='http://www.w3.org/2000/svg'", b" onload='x'", b" href='javascript:x'", b" xlink:title='t'", b" id='a'", b" class='a'", b" href='#a'", b" style='fill:red'", b" color='red'",
    b"url(", b"url(#a)", b"url(//e/)", b"/*", b"*/", b"/**/", b"\\", b"{", b"}", b";", b":", b"@media ", b"@x{", b"@import 'x';", b".a", b"#a", b"*", b"javascript:", b"//", b"data:", b"\t", b"\n", b"\r", b"\x00", b"\xff",
    b"\xc2\xa0", b"\xe2\x80\x8b", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"<table>", b"<tr>", b"<td>", b"<a href='/x'>", b"<pre>", b"<font>", b"<title>", b"<svg>", b"<math>",
]  # fmt: skip
ACTIVE = {
    "script",
    "foreignobject",
    "iframe",
    "object",
    "embed",
    "handler",
    "listener",
    "frame",
    "applet",
    "form",
    "input",
    "link",
    "meta",
    "base",
}
ADDRESS = re.compile(r"(?:javascript|vbscript|file|data(?!:image/(?:png|jpe?g|gif|webp)[;,])):")
ADDRESSES = {"href", "src", "from", "to", "by", "values", "data", "poster", "action", "cite", "url", "background"}
INVALID_TOKEN = 4
HIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def clark(name: str) -> str:
    return "{" + name if "}" in name else name


def expat_events(data: bytes) -> list[tuple[Any, ...]]:
    """Elements and text as expat tells them, from the root's start to its end."""
    events: list[tuple[Any, ...]] = []
    parser = pyexpat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        events.append(("start", clark(name), {clark(key): value for key, value in attributes.items()}))

    def text(piece: str) -> None:
        if events[-1][0] == "text":
            piece = events.pop()[1] + piece
        events.append(("text", piece))

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: events.append(("end", clark(name)))
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = lambda *_: events.insert(0, ("doctype",))
    parser.Parse(data, True)
    return events


def lxml_events(data: bytes) -> list[tuple[Any, ...]]:
    """The same as libxml2 tells it."""
    parser = lxml.etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    events: list[tuple[Any, ...]] = []
    pending: list[Any] = [lxml.etree.fromstring(data, parser)]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            if events[-1][0] == "text":
                node = events.pop()[1] + node
            events.append(("text", node))
        elif isinstance(node, tuple):
            events.append(node)
        else:
            events.append(("start", node.tag, dict(node.attrib)))
            pending.append(("end", node.tag))
            for child in reversed(node):
                pending += [part for part in (child.tail, child) if part is not None]
            pending += [node.text] if node.text else []
    return events


def acts(elements: Iterable[tuple[str, dict[str, str]]]) -> str | None:
    """What would run or be fetched by itself in a page."""
    for name, attributes in elements:
        if name.rpartition("}")[2].lower() in ACTIVE:
            return name
        for key, value in attributes.items():
            local = key.rpartition("}")[2].lower()
            if local.startswith("on") or local in ("srcdoc", "formaction", "xml:base", "base"):
                return f"{name}/@{key}"
            if local in ADDRESSES and ADDRESS.match(HIDDEN.sub("", value).lower()):
                return f"{name}/@{key}={value}"
    return None


def html_elements(markup: str) -> list[tuple[str, dict[str, str]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = html5lib.parseFragment(markup, treebuilder="etree")
    return [
        (node.tag, {str(key): value for key, value in node.attrib.items()})
        for node in tree.iter()
        if isinstance(node.tag, str)
    ]


def stream(made: Sanitizer, pieces: Iterable[bytes]) -> tuple[bytes, dict[str, Any], tuple[Any, ...] | None]:
    out: list[bytes] = []
    cleaning = made.stream(out.append)
    error = None
    try:
        for piece in pieces:
            cleaning.feed(piece)
        cleaning.close()
    except forkedenc.DecodeError as raised:
        error = told(raised)
    return b"".join(out), cleaning.report.as_dict(), error


def told(error: forkedenc.DecodeError) -> tuple[Any, ...]:
    return type(error).__name__, error.kind, error.offset, error.line, error.column, error.path


def check_one(name: str, made: Sanitizer, data: bytes) -> None:
    error = None
    out = b""
    report: dict[str, Any] = {}
    try:
        cleaned = made.clean(data)
        out, report = cleaned.data, cleaned.report.as_dict()
    except forkedenc.DecodeError as raised:
        error = told(raised)
    rng = random.Random(data)
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(4))
    pieces = [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    cut = stream(made, pieces)
    assert cut[2] == error, f"{name}, cut: {cut[2]}, whole: {error}"
    if error is not None:
        return
    assert cut[:2] == (out, report), f"{name}, cut: {cut[:2]}, whole: {(out, report)}"
    again = made.clean(out)
    assert again.data == out, f"{name}: {out!r}, cleaned again {again.data!r}"
    assert not again.report.changed, f"{name}: {out!r} is changed: {again.report}"
    try:
        theirs = lxml_events(out)
    except lxml.etree.XMLSyntaxError as refused:
        # Any characters make a namespace to others.
        if "valid URI" not in str(refused):
            raise AssertionError(f"{name}: libxml2 refuses {out!r}: {refused}") from refused
        theirs = None
    try:
        events = expat_events(out)
    except pyexpat.ExpatError as refused:
        # The fifth edition has names that the fourth has not.
        if out.isascii() or refused.code != INVALID_TOKEN:
            raise
        if theirs is None:
            return
        events = theirs
    assert events[0][0] == "start"
    assert theirs in (None, events), f"{name}: expat and libxml2 read {out!r} differently"
    if report["changed"] is False and data.isascii():
        before = [event for event in expat_events(data) if event[0] != "doctype"]
        assert events == before, f"{name}: not changed, and yet {events} of {before}"
    if name in ("plain", "soap"):
        return
    pages = (f"{{{SVG_URI}}}", f"{{{XHTML_URI}}}")
    found = acts((event[1], event[2]) for event in events if event[0] == "start" and event[1].startswith(pages))
    if found is None and name != "feed" and html5lib is not None:
        found = acts(html_elements(out.decode()))
    assert found is None, f"{name}: {found} acts in {out!r}"


def check(data: bytes) -> None:
    for name, made in SANITIZERS.items():
        check_one(name, made, data)


def mutated(seeds: list[bytes], rng: random.Random) -> bytes:
    """A seed with up to four changes."""
    data = rng.choice(seeds)
    for _ in range(rng.randrange(1, 5)):
        at, choice = rng.randrange(len(data) + 1), rng.randrange(5)
        if choice == 0:
            data = data[:at] + rng.choice(PIECES) + data[at:]
        elif choice == 1:
            data = data[:at] + rng.choice(PIECES) + data[at + rng.randrange(6) :]
        elif choice == 2:
            data = data[:at] + data[at + rng.randrange(12) :]
        else:
            other = rng.choice(seeds)
            start = rng.randrange(len(other) + 1)
            data = data[:at] + other[start : start + rng.randrange(60)] + data[at:]
    return data[:4096]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", type=Path, help="check these files and end")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=Path, required=True, help="folder of documents to start from")
    parser.add_argument("--artifacts", type=Path, required=True, help="where inputs that fail are left")
    options = parser.parse_args()
    for path in options.inputs:
        check(path.read_bytes())
    if options.inputs:
        return
    own = [seed.encode() for seed in SEEDS]
    given = [path.read_bytes() for path in sorted(options.seeds.iterdir())]
    rng = random.Random(options.seed or time.time_ns())
    deadline, count = time.monotonic() + options.seconds, 0
    inputs = iter([*own, *given])
    while time.monotonic() < deadline:
        # Half of the changes begin at what is written for the purpose, however many documents there are.
        data = next(inputs, None) or mutated(rng.choice((own, given or own)), rng)
        count += 1
        try:
            check(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, the input is kept
            path = options.artifacts / f"failed-{count}"
            path.write_bytes(data)
            sys.exit(f"sanitize: FAILED on {path} {data[:300]!r}: {type(error).__name__}: {str(error)[:1000]}")
    print(f"sanitize: {count:,} runs")


if __name__ == "__main__":
    main()
