"""XHTML: a fragment of prose to be put into a page: text, lists, tables, pictures, links, headings, figures.

No script, style, form control, or anything that embeds another document. Ids and names of a stranger would stand for those
of the page, so ids need ``id_prefix=``; classes would dress as the page's own parts, so none is kept.
"""

from __future__ import annotations

from forkedenc.xml.sanitize._policy import Policy
from forkedenc.xml.sanitize._presets._draft import XHTML_URI, XML_URI, Draft, names
from forkedenc.xml.sanitize._values import Id, IdRefs, Keyword, Numbers, Pattern, Tokens, Url, Words

__all__ = ["policy", "rules"]

EVERY = f"{{{XHTML_URI}}}*"
SECTIONS = "div section article aside header footer nav hgroup address"
HEADINGS = "h1 h2 h3 h4 h5 h6"
BLOCKS = "p pre blockquote hr figure figcaption"
LISTS = "ol ul li dl dt dd"
PHRASES = (
    "a abbr acronym b bdi bdo big br cite code data del dfn em i ins kbd mark q rb rp rt rtc ruby s samp small span strike"
    " strong sub sup time tt u var wbr"
)
TABLES = "table caption colgroup col thead tbody tfoot tr th td"
VOID = "br hr img col wbr"
ROOTS = f"{SECTIONS} {HEADINGS} {BLOCKS} ol ul dl table span em strong b i a"

LANGUAGE = Pattern(regex=r"[A-Za-z0-9-]{0,64}")
WEB = frozenset({"http", "https"})

# Words for people, of any kind but "url(": what looks for references in a style sheet would take them for one.
_U = r"[uU](?:[uU]|[rR][uU]|[rR][lL][uU])*"
CAPTION = Pattern(
    regex=rf"(?:[^uU]|{_U}(?:[^uUrR]|[rR][^uUlL]|[rR][lL][^uU(]))*(?:{_U}(?:[rR][lL]?)?)?", max_bytes=4096
)


def _html(words: str) -> frozenset[str]:
    return names(XHTML_URI, words)


def _words(words: str) -> Keyword:
    return Keyword(words=frozenset(words.split()), fold=True)


def rules(draft: Draft) -> None:
    """Adds prose to a preset."""
    draft.elements("a part of a text: HTML, section 4.3", _html(f"{SECTIONS} {HEADINGS}"))
    draft.elements("a block of text: HTML, section 4.4", _html(f"{BLOCKS} {LISTS}"))
    draft.elements("a phrase: HTML, section 4.5", _html(PHRASES))
    draft.elements("a table: HTML, section 4.9", _html(TABLES))
    draft.elements("a picture that is fetched by http or https: HTML, section 4.8.3", _html("img"))
    draft.elements(
        "its looks are the page's business, its text is not",
        _html("font center main details summary picture"),
        "unwrapped_elements",
    )
    written = _html(f"{SECTIONS} {HEADINGS} {BLOCKS} {LISTS} {PHRASES} {TABLES} img")
    void = _html(VOID)
    for setting, found in (("void_elements", void), ("paired_elements", written - void)):
        draft.settings[setting] = draft.settings.get(setting, frozenset()) | found
    draft.settings["ids_need_prefix"] = True

    draft.elements(
        "it runs a script, or says what runs one",
        names(None, "script handler listener noscript template"),
        "denied_elements",
    )
    draft.elements(
        "it embeds another document or a plug-in",
        names(None, "iframe object embed frame frameset applet portal noframes noembed"),
        "denied_elements",
    )
    draft.elements("it acts on the page around it", _html("style base meta link title head"), "denied_elements")
    draft.elements(
        "a form asks readers for what the page's own forms ask",
        _html("form input button select option optgroup textarea datalist output fieldset legend keygen isindex"), "denied_elements",
    )  # fmt: skip
    draft.elements(
        "an HTML parser reads what it holds by other rules", _html("xmp plaintext listing"), "denied_elements"
    )
    draft.elements("it plays what it fetches, or is drawn by a script", _html("audio video canvas"), "denied_elements")
    draft.elements(
        "SVG and MathML are read by other rules inside a page, and have links and scripts of their own",
        names("http://www.w3.org/2000/svg", "*") | names("http://www.w3.org/1998/Math/MathML", "*") | _html("svg math"), "denied_elements",
    )  # fmt: skip
    draft.deny("an event handler is a script", "{*}*", ["{*}on*"])
    draft.deny("it changes what every relative URL below it means", "{*}*", names(XML_URI, "base"))
    draft.deny(
        "it styles, or sends what readers enter, past the page's own rules", EVERY, ["style", "srcdoc", "formaction"]
    )
    _attributes(draft)


def _attributes(draft: Draft) -> None:
    draft.allow("words and language: HTML, section 3.2.6", EVERY, {
        "title": CAPTION, f"lang {{{XML_URI}}}lang": LANGUAGE, "dir": _words("ltr rtl auto"), "translate": _words("yes no"),
    })  # fmt: skip
    draft.allow(
        "an id of a stranger would stand for one of the page: id_prefix= sets them apart",
        EVERY,
        {"id": Id(max_bytes=256)},
    )
    draft.allow("what screen readers say: WAI-ARIA 1.2", EVERY, {
        "role": Tokens(max_bytes=64), "aria-label": Words(max_bytes=4096), "aria-hidden": _words("true false"), "aria-labelledby aria-describedby": IdRefs(max_bytes=1024),
    })  # fmt: skip
    draft.settings["link_elements"] = draft.settings.get("link_elements", frozenset()) | _html("a")
    draft.settings["rel_target_elements"] = _html("a")
    draft.allow("where a link leads: the web, mail, or a place of the same site", _html("a"), {
        "href": Url(schemes=WEB | {"mailto"}, relative=True, fragment=True, max_bytes=8192), "hreflang": LANGUAGE,
    })  # fmt: skip
    draft.allow("a page opened by a link must not reach back: rel is set where target is kept", _html("a"), {
        "target": _words("_blank _self _parent _top"), "rel": Tokens(max_bytes=256),
    })  # fmt: skip
    draft.allow("a picture of the web or of the same site, its words and its size", _html("img"), {
        "src": Url(schemes=WEB, relative=True, max_bytes=8192), "alt": CAPTION, "width height": Numbers(units=True, minimum=0, maximum=32_767),
        "loading": _words("lazy eager"), "decoding": _words("sync async auto"),
    })  # fmt: skip
    draft.allow(
        "where a text is from", _html("blockquote q ins del"), {"cite": Url(schemes=WEB, relative=True, max_bytes=8192)}
    )
    draft.allow("when", _html("ins del time"), {"datetime": Words(max_bytes=64)})
    draft.allow("the value for programs", _html("data"), {"value": Words(max_bytes=1024)})
    draft.allow(
        "how a list counts: HTML, section 4.4.5",
        _html("ol"),
        {"start": Numbers(), "reversed": _words("reversed"), "type": Keyword(words=frozenset("1aAiI"))},
    )
    draft.allow("how a list counts: HTML, section 4.4.8", _html("li"), {"value": Numbers()})
    span = Numbers(minimum=0, maximum=1000)
    draft.allow(
        "cells of a table: HTML, section 4.9.11",
        _html("th td"),
        {"colspan rowspan": span, "headers": IdRefs(max_bytes=1024), "abbr": CAPTION},
    )
    draft.allow("cells of a table: HTML, section 4.9.10", _html("th"), {"scope": _words("row col rowgroup colgroup")})
    draft.allow("columns of a table: HTML, section 4.9.3", _html("col colgroup"), {"span": span})
    draft.allow("what a table says, for readers who do not see it: XHTML 1.0", _html("table"), {"summary": CAPTION})
    draft.allow("where text stands in its cell: XHTML 1.0", _html("caption col colgroup thead tbody tfoot tr th td"), {
        "align": _words("left right center justify"), "valign": _words("top middle bottom baseline"),
    })  # fmt: skip


def policy() -> Policy:
    """The preset."""
    draft = Draft(name="xhtml", namespaces=frozenset({XHTML_URI}))
    rules(draft)
    draft.settings["roots"] = _html(ROOTS)
    return draft.policy()
