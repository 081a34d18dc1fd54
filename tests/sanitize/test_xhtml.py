"""The preset XHTML: prose to be put into a page."""

import pytest
from cleaning import (
    SVG,
    XHTML,
    active_in,
    attributes,
    clean,
    cleaned_prose,
    elements,
    names,
    prose,
    rules,
    sanitizer,
    text,
)

import forkedenc
from forkedenc.xml import sanitize

KEPT = [
    "<h1>a</h1><h6>b</h6><p>c<br/>d<em>e</em><strong>f</strong><code>g</code><sub>h</sub><sup>i</sup></p><hr/>",
    '<ul><li>a<ol start="3" type="a" reversed="reversed"><li value="4">b</li></ol></li></ul><dl><dt>c</dt><dd>d</dd></dl>',
    '<table summary="s"><caption>a</caption><colgroup span="2"><col/></colgroup><thead><tr><th scope="col" colspan="2">b</th></tr></thead><tbody><tr><td rowspan="3" align="left">c</td></tr></tbody></table>',
    '<figure><img src="https://a/b.png" alt="c" width="10" height="50%" loading="lazy"/><figcaption>d</figcaption></figure>',
    '<a href="https://a/" hreflang="en">a</a><a href="mailto:a@b">b</a><a href="/c">c</a><a href="d?e#f">d</a><a href="">e</a>',
    '<blockquote cite="https://a/"><p>a</p></blockquote><q cite="/a">b</q><del datetime="2020-01-01">c</del>',
    "<section><article><header>a</header><aside>b</aside><footer>c</footer></article></section><nav>d</nav><address>e</address>",
    '<p title="a &lt; b" lang="de" xml:lang="de" dir="rtl">a</p><pre>  b\n  c</pre><bdo dir="ltr">d</bdo>',
    "<ruby>a<rp>(</rp><rt>b</rt><rp>)</rp></ruby><abbr>c</abbr><kbd>d</kbd><mark>e</mark><time>f</time><wbr/>",
    '<p role="note" aria-label="x" aria-hidden="true">a</p>',
]


@pytest.mark.parametrize("body", KEPT)
def test_prose_comes_out_byte_for_byte(body):
    cleaned = sanitizer(sanitize.XHTML).clean(prose(body))
    assert cleaned.data == prose(body).encode()
    assert not cleaned.report.changed
    assert cleaned_prose(body) == cleaned.data


@pytest.mark.parametrize(
    "tag",
    [
        "script", "style", "noscript", "template", "iframe", "object", "embed", "frame", "frameset", "applet", "portal", "form", "input", "button", "select", "option", "textarea", "fieldset",
        "base", "meta", "link", "title", "head", "audio", "video", "canvas", "svg", "math", "xmp", "plaintext", "listing", "SCRIPT", "unheard-of", "body", "html", "dialog", "slot",
    ],
)  # fmt: skip
def test_what_is_no_prose_goes_with_all_it_holds(tag):
    out = cleaned_prose(f"<p>a</p><{tag}>b<p>c</p></{tag}><p>d</p>")
    assert text(out) == "ad"
    assert names(out) == ["p", "p"]


@pytest.mark.parametrize("tag", ["font", "center", "main", "details", "summary", "picture"])
def test_what_only_says_how_it_looks_is_unwrapped(tag):
    out = cleaned_prose(f'<p>a</p><{tag} color="red">b<p>c</p></{tag}>d')
    assert names(out) == ["p", "p"]
    assert text(out) == "abcd"


@pytest.mark.parametrize(
    "body",
    [
        f'<svg xmlns="{SVG}"><a/></svg>',
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi/></math>',
        f'<s:rect xmlns:s="{SVG}"/>',
        '<p xmlns="">x</p>',
        '<x:p xmlns:x="urn:x"/>',
    ],
)
def test_other_namespaces_go(body):
    assert names(cleaned_prose(f"{body}<p/>")) == ["p"]


@pytest.mark.parametrize(
    "attribute",
    [
        'style="color:red"', 'class="a"', 'onclick="x"', 'ONCLICK="x"', 'onfoo="x"', 'srcdoc="x"', 'formaction="x"', 'xml:base="http://e/"', 'id="a"', 'name="a"', 'contenteditable="true"',
        'accesskey="a"', 'tabindex="1"', 'data-x="1"', 'srcset="http://e/ 2x"', 'background="http://e/"', 'ping="http://e/"', 'download="x"', 'target="top"', 'is="x-y"', 'slot="x"', 'itemid="x"',
        'autofocus=""', 'background="javascript:x"', 'lowsrc="x"', 'dynsrc="x"', 'usemap="#x"', 'longdesc="http://e/"', 'action="x"', 'nonce="x"', 'part="x"', 'popover=""',
    ],
)  # fmt: skip
@pytest.mark.parametrize("tag", ["p", "a", "img", "td"])
def test_attributes_that_act_or_dress_up_go(tag, attribute):
    body = f"<{tag} {attribute}/>"
    out = cleaned_prose(f"<table><tbody><tr>{body}</tr></tbody></table>" if tag == "td" else body)
    assert attributes(out, tag) == {}
    assert not active_in(out, local=False)


def test_a_target_stays_only_together_with_noopener():
    out = cleaned_prose(
        '<a href="/a" target="_blank">a</a><a href="/b" target="_blank" rel="opener nofollow">b</a><a href="/c" rel="nofollow">c</a><a href="/d" target="x">d</a>'
    )
    rel = "noopener noreferrer"
    assert [element.attributes for element in elements(out)[1:]] == [
        {"href": "/a", "target": "_blank", "rel": rel},
        {"href": "/b", "target": "_blank", "rel": rel},
        {"href": "/c", "rel": "nofollow"},
        {"href": "/d"},
    ]


def test_ids_stay_only_with_a_prefix_and_so_do_references_to_them():
    body = '<p id="a" aria-labelledby="a b">x</p><a href="#a">y</a><table><tbody><tr><td headers="a  b"/></tr></tbody></table>'
    assert attributes(cleaned_prose(body), "p") == {"aria-labelledby": "a b"}
    out = cleaned_prose(body, id_prefix="u-")
    assert attributes(out, "p") == {"id": "u-a", "aria-labelledby": "u-a u-b"}
    assert attributes(out, "a") == {"href": "#u-a"}
    assert attributes(out, "td") == {"headers": "u-a u-b"}


def test_empty_elements_are_written_so_that_html_reads_them_alike():
    out = cleaned_prose("<p/><br></br><em/><img></img><table><tbody><tr><td/></tr></tbody></table><hr/>")
    assert out == prose("<p></p><br/><em></em><img/><table><tbody><tr><td></td></tr></tbody></table><hr/>").encode()


def test_what_a_void_element_holds_goes_and_is_told():
    body = "<br>a<em>b</em></br><img>c</img>"
    assert cleaned_prose(body) == prose("<br/><img/>").encode()
    assert rules(sanitize.XHTML, prose(body)) == [
        ("text", "br", "void"),
        ("element", "em", "text-only"),
        ("text", "img", "void"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        "<div/>",
        f'<svg xmlns="{SVG}"/>',
        f'<script xmlns="{XHTML}"/>',
        f'<html xmlns="{XHTML}"/>',
        f'<br xmlns="{XHTML}"/>',
        f'<DIV xmlns="{XHTML}"/>',
    ],
)
def test_a_root_that_is_no_part_of_prose_is_refused(data):
    with pytest.raises(forkedenc.PolicyViolation) as caught:
        sanitizer(sanitize.XHTML).clean(data)
    assert caught.value.kind == "root"


def test_pictures_are_fetched_from_the_web_or_the_same_site_only():
    urls = [
        "https://a/",
        "http://a/",
        "//a/",
        "/a",
        "a",
        "data:image/png,x",
        "javascript:x",
        "mailto:a@b",
        "ftp://a/",
        "file:///a",
    ]
    out = cleaned_prose("".join(f'<img src="{url}"/>' for url in urls))
    kept = [element.attributes.get("src") for element in elements(out)[1:]]
    assert kept == [*urls[:5], *[None] * 5]


def test_prose_may_have_a_prefix():
    data = f'<h:div xmlns:h="{XHTML}"><h:p>a</h:p><h:br/></h:div>'
    assert clean(sanitize.XHTML, data) == data.encode()
