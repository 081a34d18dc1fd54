"""Hypothesis strategies of documents to clean: trees of names that are allowed and names that are not, and their bytes changed."""

from hypothesis import strategies as st

URI = {
    "svg": "http://www.w3.org/2000/svg",
    "html": "http://www.w3.org/1999/xhtml",
    "xlink": "http://www.w3.org/1999/xlink",
    "atom": "http://www.w3.org/2005/Atom",
    "x": "urn:x",
}
PREFIXES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in URI.items())

URLS = st.sampled_from(
    [
        "#a", "#b", "#", " #a ", "https://e/", "//e/", "javascript:x", "java&#10;script:x", "data:image/png;base64,AA==", "data:image/svg+xml,x", "a", "", "mailto:a@b", "/x", "&#1;"[:0], "#a b",
    ]
)  # fmt: skip
CSS_VALUES = st.sampled_from(
    [
        "red",
        "url(#a)",
        "url('#b')",
        "url(//e/)",
        "rgb(1,2,3)",
        "calc((1px + 2px)*3)",
        "u\\72l(x)",
        "expression(1)",
        "1 2",
        "'A B'",
        '"',
        "a!important",
        "red/**/blue",
        "#fff",
        "",
    ]
)
CSS_NAMES = st.sampled_from(
    ["fill", "stroke", "mask", "FILL", "position", "f\\69ll", "font-family", "--x", "stroke-width"]
)
DECLARATIONS = st.lists(st.tuples(CSS_NAMES, CSS_VALUES).map(":".join), max_size=4).map(";".join)
SELECTORS = st.sampled_from(
    ["a", ".a", "#a", "*", ".a > b", "a:hover", ".a,.b", "[x=a]", "a:not(.b)", ":root", ".a .b", "\u00e9"]
)
RULES = st.tuples(SELECTORS, DECLARATIONS).map(lambda pair: f"{pair[0]}{{{pair[1]}}}")
PLAIN_SHEETS = st.lists(RULES, max_size=4).map("".join)
SHEETS = st.lists(
    st.one_of(
        RULES,
        st.sampled_from(
            [
                "@media print{", "@media (min-width:1px) and screen{a{fill:red}}", "@import 'x';", "@font-face{src:url(//e/)}", "@x{b{fill:red}}", "/*x*/", "a/**/b{fill:red}", ".a *{mask:url(#a)}", "{", "}", "a\\b{",
                "<!--", "-->", ";", "(", ")", "'", " ", "a", ".", "#", "url", ":", ",", "{fill:red}", "url(//e/)", "\\",
            ]
        ),
    ),
    max_size=6,
).map("".join)  # fmt: skip
NUMBERS = st.sampled_from(["1", "1 2", "-1.5e3", "50%", "1em", "1e9", "100001", "a", "", "1,,2", "0 0 1 1"])
TIMES = st.sampled_from(["1s", "a.click", "indefinite;2s", "x(y)", "", "a.end + 1s"])
TARGETS = st.sampled_from(["fill", "x", "href", "onload", "d", "mask", "transform", " fill ", "style", "class", ""])
WORDS = st.sampled_from(["a", "b", "a b", " a ", "&lt;", "é", "url(x)", "&#9;a&#10;", "", "a:b", "p-a"])
VALUES = st.one_of(URLS, CSS_VALUES, DECLARATIONS, NUMBERS, TIMES, TARGETS, WORDS)
ATTRIBUTES = st.sampled_from(
    [
        "id", "class", "href", "xlink:href", "style", "fill", "mask", "transform", "d", "x", "width", "onload", "onClick", "xml:base", "xml:lang", "xml:space", "target", "rel", "title", "src", "alt",
        "attributeName", "to", "values", "begin", "aria-labelledby", "x:y", "url", "type", "colspan", "cite", "points", "viewBox", "ping", "srcdoc", "stdDeviation",
    ]
)  # fmt: skip

SVG_NAMES = st.sampled_from(
    [
        "g", "svg", "use", "rect", "path", "text", "title", "desc", "a", "style", "script", "foreignObject", "image", "linearGradient", "stop", "mask", "marker", "pattern", "symbol", "animate", "set",
        "animateTransform", "filter", "feImage", "feGaussianBlur", "metadata", "switch", "SCRIPT", "unheard-of", "html:p", "html:script", "x:y", "glyph", "textPath",
    ]
)  # fmt: skip
HTML_NAMES = st.sampled_from(
    [
        "p", "div", "a", "b", "i", "em", "h1", "h2", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "pre", "br", "hr", "img", "wbr", "ruby",
        "rt", "rp", "rb", "span", "font", "center", "script", "style", "form", "svg:svg", "svg:script", "section", "figure", "figcaption", "blockquote", "address", "x:y", "iframe", "details", "summary",
    ]
)  # fmt: skip
FEED_NAMES = st.sampled_from(
    ["channel", "item", "title", "description", "link", "guid", "enclosure", "atom:link", "atom:content", "atom:title", "html:p", "html:script", "x:y", "image", "category", "script", "author", "comments"]
)  # fmt: skip
ANY_NAMES = st.sampled_from(
    ["a", "b", "script", "svg:script", "svg:g", "html:p", "html:iframe", "x:y", "x:script", "object", "xi"]
)

TEXT = st.sampled_from(
    ["words", " ", "\n", "é😀", "&lt;script&gt;", "&amp;lt;b&amp;gt;", "<![CDATA[<b>]]>", "]]&gt;", "&#13;", "javascript:x", "https://e/", "a{fill:red}", "&#x2028;", "<!-- c -->", "<?p q?>", "a &lt; b", "\r\n", "-->"]
)  # fmt: skip


def _quoted(value: str) -> str:
    return value.replace('"', "&quot;").replace("<", "&lt;")


@st.composite
def _element(draw: st.DrawFn, names: st.SearchStrategy[str], children: st.SearchStrategy[str]) -> str:
    name = draw(names)
    keys = draw(st.lists(ATTRIBUTES, max_size=4, unique=True))
    attributes = "".join(f' {key}="{_quoted(draw(VALUES))}"' for key in keys)
    if draw(st.integers(0, 9)) == 0:
        attributes += draw(
            st.sampled_from(
                [
                    ' xmlns="urn:x"',
                    ' xmlns=""',
                    f' xmlns="{URI["svg"]}"',
                    f' xmlns="{URI["html"]}"',
                    ' xmlns:x="urn:z"',
                    f' xmlns:x="{URI["svg"]}"',
                ]
            )
        )
    if name == "style":
        return f"<style>{draw(PLAIN_SHEETS).replace('<', '&lt;')}</style>"
    return f"<{name}{attributes}>{''.join(draw(st.lists(children, max_size=4)))}</{name}>"


def _tree(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    content = st.recursive(TEXT, lambda children: _element(names, children), max_leaves=20)
    return st.lists(content, max_size=4).map("".join)


PICTURES = _tree(SVG_NAMES).map(lambda body: f'<svg xmlns="{URI["svg"]}" {PREFIXES}>{body}</svg>')
PROSE = _tree(HTML_NAMES).map(lambda body: f'<div xmlns="{URI["html"]}" {PREFIXES}>{body}</div>')
FEEDS = _tree(FEED_NAMES).map(lambda body: f"<rss {PREFIXES}>{body}</rss>")
ANYTHING = _tree(ANY_NAMES).map(lambda body: f"<r {PREFIXES}>{body}</r>")
STYLED = SHEETS.map(
    lambda sheet: f'<svg xmlns="{URI["svg"]}"><style>{sheet.replace("&", "&amp;").replace("<", "&lt;")}</style></svg>'
)

PIECES = st.sampled_from(
    [b"<", b">", b"&", b"]]>", b"<!--", b"-->", b"<![CDATA[", b"<script>", b"</script>", b'"', b"'", b"/", b" xmlns=''", b" onload='x'", b"\xff", b"\x00", b"\r", b"<?p?>", b"&lt;", b"</", b"<a>", b" href='javascript:x'", b"<g", b"="]
)  # fmt: skip


@st.composite
def changed(draw: st.DrawFn, documents: st.SearchStrategy[str]) -> bytes:
    """A document with some of its bytes changed."""
    data = draw(documents).encode()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(PIECES) + data[at + draw(st.integers(0, 4)) :]
    return data
