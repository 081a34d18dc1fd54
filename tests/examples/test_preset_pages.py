"""The tables of docs/sanitizer-*.md say what the presets do; `python tests/examples/test_preset_pages.py` writes them anew."""

import re
import sys
from pathlib import Path

import pytest

from forkedenc.xml import sanitize

DOCS = Path(__file__).resolve().parents[2] / "docs"
XHTML = "http://www.w3.org/1999/xhtml"
FEEDS = {
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://www.w3.org/2005/Atom": "atom:",
    "http://purl.org/atom/ns#": "atom03:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://www.itunes.com/DTDs/Podcast-1.0.dtd": "itunes:",
    "http://www.georss.org/georss": "georss:",
    "http://www.opengis.net/gml": "gml:",
    "http://www.w3.org/2003/01/geo/wgs84_pos#": "geo:",
    "http://purl.org/syndication/thread/1.0": "thr:",
    "http://purl.org/rss/1.0/modules/slash/": "slash:",
    "http://wellformedweb.org/CommentAPI/": "wfw:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
}
PREFIXES = {
    "http://www.w3.org/XML/1998/namespace": "xml:",
    "http://www.w3.org/1999/xlink": "xlink:",
    "http://www.w3.org/2001/XInclude": "xi:",
    "http://www.w3.org/1999/XSL/Transform": "xsl:",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi:",
    "http://www.w3.org/1998/Math/MathML": "mathml:",
    "http://schemas.xmlsoap.org/soap/envelope/": "soap11:",
    "http://www.w3.org/2003/05/soap-envelope": "soap12:",
    "http://www.w3.org/2000/svg": "svg:",
    XHTML: "html:",
}
PAGES = {
    "svg": {"http://www.w3.org/2000/svg": ""},
    "xhtml": {XHTML: ""},
    "feed": FEEDS,
    "soap": {},
    "plain": {},
}
TABLE = re.compile(r"<!-- table: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


class Tables:
    """The tables of one preset."""

    def __init__(self, name):
        self.policy = getattr(sanitize, name.upper())
        self.prefixes = PREFIXES | PAGES[name]
        # What FEED has from XHTML stands on that preset's page.
        self.hidden = (
            {XHTML, "http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"} if name == "feed" else set()
        )
        self.bare = {"svg": "http://www.w3.org/2000/svg", "xhtml": XHTML}.get(name, "")

    def shown(self, name):
        uri, brace, local = name.rpartition("}")
        if uri == "{*":
            return f"*:{local}"
        # Where a page leaves out the prefix of its own namespace, a name in none says so.
        return f"{self.prefixes[uri[1:]]}{local}" if brace else f"{{}}{local}" if self.bare else local

    def listed(self, names):
        names = [name for name in names if name.rpartition("}")[0][1:] not in self.hidden]
        shown = {self.shown(name) for name in names}
        if shown & {"*", "*:*"}:
            return "every element"
        return f"`{' '.join(sorted(shown, key=lambda name: (name.lower(), name)))}`" if shown else ""

    def by_reason(self, names):
        reasons, rows = {}, {}
        for name in sorted(names):
            reasons.setdefault(self.policy.reasons[name], []).append(name)
        for reason, found in reasons.items():
            if shown := self.listed(found):
                rows.setdefault(shown, []).append(reason)
        return [
            (shown, ", ".join(sorted(reasons)))
            for shown, reasons in sorted(rows.items(), key=lambda row: row[0].lower())
        ]

    def elements(self):
        return [("elements", "why"), *self.by_reason(self.policy.elements)]

    def dropped(self):
        return [("elements", "why"), *self.by_reason(self.policy.denied_elements)]

    def unwrapped(self):
        return [("elements", "why"), *self.by_reason(self.policy.unwrapped_elements)]

    def attributes(self):
        rows = {}
        for element, table in self.policy.attributes.items():
            for name, value in table.items():
                rows.setdefault((name, value.explained()), set()).add(element)
        grouped = {}
        for (name, value), elements in rows.items():
            grouped.setdefault((self.listed(elements), value), set()).add(name)
        order = sorted(
            grouped.items(), key=lambda row: (not row[0][0].startswith("every"), row[0][0].lower(), row[0][1])
        )
        made = [(elements, self.attribute_names(names), said(value)) for (elements, value), names in order if elements]
        return [("elements", "attributes", "the value must be"), *made]

    @staticmethod
    def attribute_names(names):
        if "{*}*" in names:
            return "every attribute"
        shown = []
        for name in names:
            uri, _, local = name.rpartition("}")
            shown.append(f"{'*:' if uri == '{*' else (PREFIXES | FEEDS).get(uri[1:], '')}{local}")
        return f"`{' '.join(sorted(shown, key=lambda name: (name.lower(), name)))}`"

    def denied(self):
        rows = {}
        for element, names in self.policy.denied_attributes.items():
            for name in names:
                reason = self.policy.reasons[f"{element}/@{name}"]
                rows.setdefault(reason, (set(), set()))
                rows[reason][0].add(element)
                rows[reason][1].add(name)
        made = [
            (self.listed(elements), self.attribute_names(names), reason)
            for reason, (elements, names) in sorted(rows.items())
        ]
        return [("elements", "attributes", "why"), *(row for row in made if row[0])]

    def texts(self):
        rows = {}
        for element, value in self.policy.text_values.items():
            rows.setdefault(value.explained(), set()).add(element)
        made = [(self.listed(elements), said(value)) for value, elements in sorted(rows.items())]
        marked = self.listed(self.policy.html_text_elements)
        return [
            ("elements", "the text must be"),
            *made,
            (marked, "text without markup, or what `html_text=` makes of it"),
        ]


def said(value):
    """A grammar in words, its signs as code."""
    if value == "a value that matches [^<]*":
        return "text without `<`"
    if "[rR][lL]" in value:
        value = "text without `url(`" + "".join(re.findall(r", at most [\d,]+ bytes$", value))
    value = re.sub(r"matches (.*?)(, at most [\d,]+ bytes)?$", r"matches `\1`\2", value)
    return value.replace("( \\ < >", "`( \\ < >`").replace("|", "\\|").replace("(#name)", "(`#name`)")


def table(preset, name):
    head, *rows = getattr(Tables(preset), name)()
    lines = [head, tuple("---" for _ in head), *rows]
    return (
        "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        .replace("| --- |", "|---|")
        .replace(" --- |", "---|")
    )


def written(preset, text):
    return TABLE.sub(lambda match: f"<!-- table: {match[1]} -->\n\n{table(preset, match[1])}\n\n<!-- end -->", text)


@pytest.mark.parametrize("preset", PAGES)
def test_the_tables_of_a_page_say_what_the_preset_does(preset):
    text = (DOCS / f"sanitizer-{preset}.md").read_text("utf-8")
    assert TABLE.search(text)
    assert text == written(preset, text), "python tests/examples/test_preset_pages.py writes the tables anew"


if __name__ == "__main__":
    for page in PAGES:
        place = DOCS / f"sanitizer-{page}.md"
        place.write_text(written(page, place.read_text("utf-8")), "utf-8")
        sys.stdout.write(f"{place}\n")
