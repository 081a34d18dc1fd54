"""What once came through, or went wrong, each as a test of the rule that it broke."""

import subprocess
import sys

import pytest
from cleaning import (
    ATOM,
    SVG,
    active_css,
    active_in,
    assert_page_reads_the_same,
    attributes,
    checked,
    clean,
    cleaned_picture,
    elements,
    html_tree,
    page,
    picture,
    pieces,
    prose,
    rss,
    sanitizer,
    text,
)
from dirty_documents import PICTURES, STYLED
from hypothesis import given, settings

import forkedenc
from forkedenc import runtime
from forkedenc._errors import PolicyError
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Sanitizer, Url

# --- style sheets -------------------------------------------------------------------------------------------------


def sheet(css):
    quoted = css.replace("&", "&amp;").replace("<", "&lt;")
    return text(cleaned_picture(f"<style>{quoted}</style>"))


@pytest.mark.parametrize(
    "before",
    [
        "@x{{{0}}}",
        "@font-face{{{0}}}",
        "@import 'x'{{{0}}}",
        "a\\b{{{0}}}",
        "{{{0}}}",
        "a&b{{{0}}}",
        "#a\\62{{{0}}}",
        "@media print{{@x{{{0}}}}}",
        "a[x='<']{{{0}}}",
    ],
)
@pytest.mark.parametrize(
    "inside",
    [
        "font-family:x;src:url(http://e/)",
        "c{} b{background:url(http://e/)} ",
        "@import 'http://e/';",
        "position:fixed",
        "",
    ],
)
def test_what_a_block_holds_that_goes_is_no_part_of_the_next_rule(before, inside):
    left = sheet(f"{before.format(inside)}a{{fill:red}}")
    assert not active_css(left)
    assert left == "a{fill:red}"


def test_a_rule_that_is_closed_early_lets_nothing_in_behind_it():
    css = "rect{stroke:red;fill:red;}@import 'x';{;fill:red}b{fill:red}"
    assert sheet(css) == "rect{stroke:red;fill:red}b{fill:red}"


@pytest.mark.parametrize(
    "css",
    [
        "@media screen{a{fill:red}}",
        "@media screen and (min-width:1px){a{fill:red}}",
        "@media (min-width: 1px){a{fill:red}}",
        "@media print,screen{a{fill:red}}",
        "@media a{@media b{c{fill:red}}}",
    ],
)
def test_a_media_query_keeps_its_white_space(css):
    assert sheet(css).replace(": ", ":") == css.replace(": ", ":")


@pytest.mark.parametrize(
    "css",
    [
        "url/**/(http://e/){fill:red}",
        "@media url/**/(http://e/){a{fill:red}}",
        "#a/**/b{fill:red}",
        ".a/**/b{fill:red}",
        "a/**/b{fill:red}",
        "a:is/**/(b){fill:red}",
        "1/**/a{fill:red}",
        "[a/**/b]{fill:red}",
        "@media/**/print{a{fill:red}}",
        "@media print/**/x{a{fill:red}}",
        "a/*x*/{fill:red}",
    ],
)
def test_a_comment_in_a_selector_does_not_join_what_stands_beside_it(css):
    left = sheet(css)
    assert not active_css(left)
    assert left in ("", css.replace("/**/", " "), css.replace("/*x*/", ""))


@settings(max_examples=20 if runtime.stressed() else 300, deadline=None)
@given(STYLED)
def test_any_style_sheet_is_clean_once_it_was_cleaned_and_fetches_nothing(document):
    assert not active_in(clean(sanitize.SVG, document))


# --- the account --------------------------------------------------------------------------------------------------


def styled_bomb(selector, name, inside, levels=8, width=10):
    sheet = "".join(f"{selector.format(level)}{{mask:url(#m{level - 1})}}" for level in range(1, levels))
    masks = f'<mask id="m0">{"<rect/>" * width}</mask>'
    masks += "".join(
        f'<mask id="m{level}"><g class="{name.format(level)}">{inside.format(level) * width}</g></mask>'
        for level in range(1, levels)
    )
    return picture(f'<style>{sheet.replace(">", "&gt;")}</style>{masks}<rect mask="url(#m{levels - 1})"/>')


@pytest.mark.parametrize(
    "selector",
    [
        ".a{0} *",
        ".a{0}>*",
        "g.a{0} :first-child",
        ".a{0} [x]",
        ".a{0} ::before",
        ".a{0}+*",
        ".a{0}~:hover",
        "#x .a{0} *",
        ".a{0} :nth-child(1)",
    ],
)
def test_the_key_of_a_selector_is_that_of_its_last_part(selector):
    # What the selector matches stands in each layer ten times, and shows the layer below: ten million elements.
    try:
        out = Sanitizer(sanitize.SVG).clean(styled_bomb(selector, "a{0}", "<rect/>")).data
    except forkedenc.PolicyViolation:
        return
    # What is drawn and was referred to before it was there has lost its id.
    assert b'id="m0"' in out
    assert b'id="m1"' not in out


@pytest.mark.parametrize("selector", [".a/**/{0}", ".a{0}/**/", ".x/**/.a{0}"])
def test_a_selector_with_comments_counts_as_what_is_written(selector):
    made = Sanitizer(sanitize.SVG)
    try:
        out = made.clean(styled_bomb(selector, "x a{0}", '<rect class="x a{0}"/>')).data
    except forkedenc.PolicyViolation:
        return
    assert made.clean(out).data == out


@pytest.mark.parametrize(
    "body",
    [
        '<svg id="s"/><rect><animate href="#s" attributeName="width" to="40000"/></rect>',
        '<svg id="s"/><g><animate xlink:href="#s" attributeName="height" values="1;40000"/></g>',
    ],
)
def test_an_animation_of_another_element_keeps_within_the_bounds_of_any(body):
    assert not {"to", "values"} & attributes(cleaned_picture(body), "animate").keys()


# --- a page -------------------------------------------------------------------------------------------------------


def test_an_element_with_two_xlink_attributes_is_well_formed_in_a_page():
    pytest.importorskip("html5lib")
    body = '<g id="a"/><use xlink:href="#a" xlink:title="b" xlink:type="simple"/>'
    out = page(sanitize.SVG, picture(body))
    assert attributes(out, "use") == attributes(picture(body).encode(), "use")


@pytest.mark.parametrize("attribute", ['color="red"', 'COLOR="red"', 'face="x"', 'size="1"'])
def test_a_font_does_not_break_out_of_the_picture(attribute):
    pytest.importorskip("html5lib")
    out = cleaned_picture(f'<g><font {attribute}><glyph d="M0 0"/></font></g><rect/>', escape_for="html")
    assert_page_reads_the_same(out)
    svg = html_tree(cleaned_picture(f"<font {attribute}><font-face/></font>").decode()).find(f".//{{{SVG}}}svg")
    assert svg is not None


@pytest.mark.parametrize(
    "body, left",
    [
        ("<pre><font>x</font>\ny</pre>", "<pre>x\ny</pre>"),
        ("<pre><font><b>x</b></font>\ny</pre>", "<pre><b>x</b>\ny</pre>"),
        ("<pre><font/>\ny</pre>", "<pre>y</pre>"),
    ],
)
def test_only_the_first_line_feed_of_pre_goes(body, left):
    pytest.importorskip("html5lib")
    assert page(sanitize.XHTML, prose(body)) == prose(left).encode()


@pytest.mark.parametrize(
    "policy, data",
    [
        (
            "PLAIN",
            '<r xmlns:p="u" p:base="http://e/" p:href="javascript:x"><script>alert(1)</script><iframe src="x"/><p:x onclick="y"/></r>',
        ),
        ("FEED", '<rss version="2.0"><channel><title>x</title><link>https://e/</link></channel></rss>'),
        ("FEED", f'<feed xmlns="{ATOM}"><title>x</title></feed>'),
        (
            "SOAP",
            '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><script>1</script></e:Body></e:Envelope>',
        ),
    ],
)
def test_a_vocabulary_that_html_does_not_know_is_not_made_a_picture_for_a_page(policy, data):
    pytest.importorskip("html5lib")
    try:
        made = Sanitizer(getattr(sanitize, policy), escape_for="html")
    except PolicyError:
        return
    out = checked(made, data).data
    tree = html_tree(out.decode())
    assert not [node.tag for node in tree.iter() if node.tag.rpartition("}")[2] in ("script", "iframe")]
    assert b"xml:base" not in out


@settings(max_examples=20 if runtime.stressed() else 150, deadline=None)
@given(PICTURES)
def test_html_reads_any_picture_as_xml_does(document):
    pytest.importorskip("html5lib")
    try:
        cleaned = checked(sanitizer(sanitize.SVG, escape_for="html", id_prefix="p-"), document)
    except forkedenc.DecodeError:
        return
    assert_page_reads_the_same(cleaned.data)


# --- text and URLs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup", ["&lt;img src=x onerror=y>", "<![CDATA[<script>alert(1)</script>]]>", "a&lt;b>", "&lt;<!-- -->b>"]
)
def test_names_of_things_in_feeds_hold_no_markup(markup):
    module = '<dc:{0} xmlns:dc="http://purl.org/dc/elements/1.1/">{1}</dc:{0}>'
    for body in (
        f"<guid>{markup}</guid>",
        *(module.format(name, markup) for name in ("identifier", "relation", "source")),
    ):
        assert text(clean(sanitize.FEED, rss(body))) == ""
    assert text(clean(sanitize.FEED, f'<feed xmlns="{ATOM}"><id>{markup}</id></feed>')) == ""


@pytest.mark.parametrize("url", ["h ttps://e/", "https ://e/", "ht tps:e"])
def test_a_scheme_with_a_space_in_it_is_none(url):
    out = cleaned_picture(f'<a href="{url}"><g/></a>', links=["https"])
    assert [element.attributes for element in elements(out) if element.local == "a"] == [{}]
    policy = sanitize.Policy(roots={"a"}, elements={"a"}, attributes={"a": {"u": Url(schemes={"https"})}})
    assert attributes(clean(policy, f'<a u="{url}"/>'), "a") == {}


# --- streams ------------------------------------------------------------------------------------------------------


def test_a_document_of_which_write_lost_a_piece_goes_no_further():
    out = []

    def write(chunk):
        if b"lost" in chunk:
            raise OSError("no space")
        out.append(chunk)

    stream = sanitizer(sanitize.PLAIN).stream(write)
    stream.feed(b"<a><b/>")
    with pytest.raises(OSError, match="no space"):
        stream.feed(b"<lost/><c/>")
    with pytest.raises((RuntimeError, ValueError)):
        for piece in pieces(b"<d/></a>", 4):
            stream.feed(piece)
        stream.close()
    assert not b"".join(out).endswith(b"</a>")


def test_a_pi_whose_target_is_over_the_limit_goes_like_any_other():
    made = Sanitizer(sanitize.PLAIN.replace(on_limit="drop"), limits=forkedenc.Limits(max_pi_bytes=3))
    cleaned = made.clean("<a>b<?target data?>c</a>")
    assert cleaned.data == b"<a>bc</a>"
    assert cleaned.report.counts["pi"] == 1


# --- memory -------------------------------------------------------------------------------------------------------

CHILD = """
import gc, sys
sys.path.insert(0, sys.argv[1])
from leaks import assert_failures_leave_no_objects, failures, no_collector
from forkedenc.xml.sanitize import FEED, SVG, XHTML, Sanitizer

def nothing(_): pass
def same(text): return text

picture = Sanitizer(SVG)
feed = Sanitizer(FEED, html_text=same)
page = Sanitizer(XHTML, escape_for="html")
DATA = b'<svg xmlns="http://www.w3.org/2000/svg"><script/><g id="a" onclick="x" style="fill:url(#b);x:y"/><use href="#a"/><style>.a{mask:url(#m)}b{x:y}</style>&lt;</svg>'
FEED_DATA = b'<rss version="2.0"><channel><title>a&lt;b></title><link>javascript:x</link></channel></rss>'
PAGE_DATA = b'<div xmlns="http://www.w3.org/1999/xhtml"><p>a<p>b</p></p><table>c<tr/></table></div>'

def clean(): picture.clean(DATA)
def report():
    stream = picture.stream(nothing)
    stream.feed(DATA)
    stream.report
def in_pieces():
    stream = picture.stream(nothing)
    for start in range(0, len(DATA), 20):
        stream.feed(DATA[start:start + 20])
    stream.close()
def asked():
    stream = feed.stream(nothing)
    stream.feed(FEED_DATA)
    stream.close()
def paged(): page.clean(PAGE_DATA)

call = globals()[sys.argv[2]]
call()
with no_collector():
    for lasting in (False, True):
        assert failures(call, lasting) > 0
        assert_failures_leave_no_objects(call, lasting, rounds=3)
"""


@pytest.mark.parametrize("call", ["clean", "report", "in_pieces", "asked", "paged"])
def test_each_allocation_may_fail_and_leaves_no_objects(call, request):
    pytest.importorskip("_testcapi")
    support = request.path.parents[1] / "support"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(support), call], capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
