"""The preset FEED: markup in text, links, modules, XHTML content."""

from html import escape

import pytest
from cleaning import (
    ATOM,
    XHTML,
    active_in,
    atom,
    attributes,
    checked,
    clean,
    elements,
    expat_events,
    names,
    rss,
    rules,
    sanitizer,
    text,
)

import forkedenc
from forkedenc import Limits
from forkedenc.xml.sanitize import FEED, Sanitizer

MARKUP = '<p onclick="x()">Hello <script>alert(1)</script><img src=x onerror=y></p>'
WAYS = {
    "escaped": escape(MARKUP),
    "CDATA": f"<![CDATA[{MARKUP}]]>",
    "both": f"&lt;p onclick=x><![CDATA[{MARKUP}]]>",
    "numbers": "".join(f"&#{ord(char)};" for char in MARKUP),
    "cut by comments": escape(MARKUP).replace("&lt;", "&lt;<!-- -->"),
    "cut by elements": escape(MARKUP).replace("script", "scr<x/>ipt"),
    "unfinished": "&lt;img src=x onerror=y ",
    "a sign at the end": "a &lt;",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "place", ["title", "description", "content:encoded", "author", "category", "pubDate", "comments", "source"]
)
def test_markup_in_the_text_of_rss_goes(place, way):
    out = clean(FEED, rss(f"<{place}>{WAYS[way]}</{place}><link>https://a/</link>"))
    assert "<" not in text(out)
    assert "alert" not in text(out)
    assert "https://a/" in text(out)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("type_", ["html", "text", "", "application/xhtml+xml"])
@pytest.mark.parametrize("place", ["title", "summary", "content", "subtitle", "rights", "name", "icon"])
def test_markup_in_the_text_of_atom_goes(place, type_, way):
    out = clean(FEED, atom(f'<{place} type="{type_}">{WAYS[way]}</{place}>'))
    assert "<" not in text(out)
    assert "alert" not in text(out)


@pytest.mark.parametrize("way", ["escaped", "CDATA", "both", "numbers", "cut by comments"])
def test_html_text_is_asked_for_markup_and_what_it_gives_is_the_text(way):
    asked = []

    def fine(value):
        asked.append(value)
        return "<b>&amp; fine</b>\r\n"

    out = checked(
        Sanitizer(FEED, html_text=fine), rss(f"<title>plain</title><description>{WAYS[way]}</description>"), again=False
    ).data
    assert text(out) == "plain<b>&amp; fine</b>\r\n"
    assert "b" not in names(out)
    assert len(asked) == 1
    assert MARKUP in asked[0]


def test_html_text_is_asked_for_markup_and_not_for_words_or_references():
    asked = []
    made = Sanitizer(FEED, html_text=lambda value: asked.append(value) or value)
    cleaned = made.clean(rss("<title>a &amp;lt; b</title><description>a b > c</description>"))
    assert asked == []
    assert not cleaned.report.changed


def test_what_html_text_raises_comes_through_and_ends_the_document():
    class OurError(Exception):
        pass

    def failing(value):
        raise OurError(value)

    stream = Sanitizer(FEED, html_text=failing).stream(lambda _: None)
    with pytest.raises(OurError):
        stream.feed(rss("<title>&lt;b></title>").encode())
    with pytest.raises(RuntimeError):
        stream.feed(b" ")


@pytest.mark.parametrize("given", [None, b"x", 1, ["x"]])
def test_what_html_text_gives_must_be_a_str(given):
    with pytest.raises(TypeError):
        Sanitizer(FEED, html_text=lambda _: given).clean(rss("<title>&lt;b></title>"))


def test_html_text_may_be_a_cleaner_that_is_used_for_html():
    nh3 = pytest.importorskip("nh3")
    out = checked(
        Sanitizer(FEED, html_text=nh3.clean), rss(f"<description>{escape(MARKUP)}</description>"), again=False
    ).data
    assert text(out) == '<p>Hello <img src="x"></p>'


def test_text_that_is_judged_as_a_whole_is_bounded():
    body = rss(f"<description>{'x' * 1001}</description>").encode()
    for size in (1, 100, len(body)):
        stream = Sanitizer(FEED, limits=Limits(max_text_bytes=1000)).stream(lambda _: None)
        with pytest.raises(forkedenc.LimitError) as caught:
            for start in range(0, len(body), size):
                stream.feed(body[start : start + size])
        error = caught.value
        assert (error.limit, error.maximum, error.observed) == ("max_text_bytes", 1000, 1001)
        assert error.offset == body.index(b"xxx") + 1000
    cleaned = Sanitizer(FEED, limits=Limits(max_text_bytes=1001)).clean(body)
    assert expat_events(cleaned.data) == expat_events(body)


@pytest.mark.parametrize(
    "body",
    [
        "<link>https://a/?b&amp;c</link>",
        "<link> http://a/ </link>",
        '<enclosure url="https://a/b.mp3" length="1" type="audio/mpeg"/>',
        '<guid isPermaLink="false">tag:a,2020:b</guid>',
        '<source url="http://a/">b</source><category domain="c">d</category><pubDate>Sat, 07 Sep 2002 00:00:01 GMT</pubDate>',
        "<title>1 &lt; 2 &amp; 3 > 2</title><description>a b</description>",
    ],
)
def test_a_feed_in_which_nothing_acts_comes_out_as_it_is(body):
    cleaned = sanitizer(FEED).clean(rss(body))
    assert elements(cleaned.data) == elements(rss(body).encode())
    assert text(cleaned.data).split() == text(rss(body).encode()).split()
    assert not cleaned.report.removals


@pytest.mark.parametrize(
    "url",
    [
        "javascript:x",
        "data:text/html,x",
        "ftp://a/",
        "//a/",
        "/a",
        "a",
        "mailto:a@b",
        "",
        "file:///a",
        "feed:https://a/",
    ],
)
def test_links_lead_to_the_web_only(url):
    out = clean(
        FEED,
        atom(f'<link href="{url}" rel="x"/><content src="{url}"/><icon>{url}</icon><author><uri>{url}</uri></author>'),
    )
    assert [element.attributes for element in elements(out) if element.local in ("link", "content")] == [
        {"rel": "x"},
        {},
    ]
    assert text(out) == ""
    out = clean(FEED, rss(f'<link>{url}</link><enclosure url="{url}"/><comments>{url}</comments>'))
    assert text(out) == ""
    assert attributes(out, "enclosure") == {}


def test_links_of_other_schemes_stay_where_they_are_asked_for():
    out = clean(FEED, atom('<link href="ftp://a/"/><link href="https://a/"/>'), links=["ftp"])
    assert [element.attributes for element in elements(out) if element.local == "link"] == [{"href": "ftp://a/"}, {}]


def test_xhtml_content_goes_by_the_rules_of_xhtml():
    body = f'<content type="xhtml"><div xmlns="{XHTML}"><p onclick="x" id="a">Good<script>1</script><style>x</style></p><a href="javascript:x">y</a><form><input/></form></div></content>'
    out = clean(FEED, atom(body))
    assert names(out) == ["entry", "content", "div", "p", "a"]
    assert text(out) == "Goody"
    assert not active_in(out, local=False)


def test_markup_that_stands_in_html_as_elements_is_judged_as_such():
    out = clean(FEED, rss("<description>a<b>c</b><script>x</script>d</description>"))
    assert text(out) == "ad"
    out = clean(FEED, rss(f'<description>a<p xmlns="{XHTML}">&lt;b&gt;</p>d</description>'))
    assert [element.local for element in elements(out)][-1] == "p"


@pytest.mark.parametrize(
    "data",
    [
        "<RSS/>",
        "<channel/>",
        f'<feed xmlns="{XHTML}"/>',
        "<feed/>",
        f'<rss xmlns="{ATOM}"/>',
        "<html/>",
        '<opml version="2.0"/>',
    ],
)
def test_a_root_that_is_no_feed_is_refused(data):
    with pytest.raises(forkedenc.PolicyViolation) as caught:
        sanitizer(FEED).clean(data)
    assert caught.value.kind == "root"


def test_rss_1_0_and_its_modules_stay():
    data = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<channel rdf:about="https://a/"><title>b</title><dc:date>2020-01-01</dc:date><items><rdf:Seq><rdf:li rdf:resource="https://c/"/></rdf:Seq></items></channel></rdf:RDF>'
    )
    assert clean(FEED, data) == data.encode()


def test_podcasts_and_media_keep_their_files_from_the_web():
    data = (
        '<rss xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:media="http://search.yahoo.com/mrss/" version="2.0"><channel><itunes:image href="https://a/b.jpg"/>'
        '<itunes:category text="c"/><item><media:content url="https://a/d.mp4" medium="video" duration="1"/><media:thumbnail url="https://a/e.jpg" width="1"/></item></channel></rss>'
    )
    assert clean(FEED, data) == data.encode()
    out = clean(FEED, data.replace("https:", "javascript:"))
    assert b"javascript" not in out


def test_vocabularies_that_are_not_known_go_with_their_declarations():
    out = clean(
        FEED, '<rss version="2.0" xmlns:x="urn:x"><channel><x:y>z</x:y><title x:q="1">a</title></channel></rss>'
    )
    assert out == b'<rss version="2.0"><channel><title>a</title></channel></rss>'


def test_text_that_goes_is_told_with_its_rule():
    body = "<title>&lt;b></title><link>javascript:x</link><author>a&lt;b</author>"
    assert rules(FEED, rss(body)) == [
        ("text", "title", "html-text"),
        ("text", "link", "bad-value"),
        ("text", "author", "bad-value"),
    ]


def test_ids_and_guids_run_nothing():
    for value in ("javascript:x", " JAVASCRIPT:x", "data:text/html,x", "java&#10;script:x", "&#8203;vbscript:x"):
        assert text(clean(FEED, rss(f"<guid>{value}</guid>"))) == ""
        assert text(clean(FEED, atom(f"<id>{value}</id>"))) == ""
    assert text(clean(FEED, atom("<id>urn:uuid:1</id>"))) == "urn:uuid:1"


def test_comments_of_a_feed_go_and_its_doctype_too():
    out = clean(FEED, f'<!DOCTYPE rss [<!ENTITY nbsp "&#160;">]>{rss("<title>a&nbsp;b<!-- c --></title>")}')
    assert [event[0] for event in expat_events(out)].count("comment") == 0
    assert text(out) == "a\u00a0b"
