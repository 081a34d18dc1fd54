"""Style sheets, style attributes and presentation attributes: what is left of them, token by token."""

import pytest
from cleaning import active_css, attributes, cleaned_picture, names, picture, rules, sanitizer, text

from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Sanitizer


def quoted(css):
    return css.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("\n", "&#10;")


def sheet(css):
    """What is left of a style sheet."""
    return text(cleaned_picture(f"<style>{quoted(css)}</style>"))


def style(css):
    """What is left of a style attribute; None where it went."""
    return attributes(cleaned_picture(f'<rect style="{quoted(css)}"/>'), "rect").get("style")


def value(css, name="fill"):
    """What is left of a presentation attribute; None where it went."""
    return attributes(cleaned_picture(f'<rect {name}="{quoted(css)}"/>'), "rect").get(name)


@pytest.mark.parametrize(
    "css",
    [
        "a{fill:red}",
        ".a,#b > rect:hover,g.c d + e ~ f{fill:red;stroke:url(#g)}",
        "*{fill:red}",
        "[class]{fill:red}",
        "[class=\"a\"],[class~='a'],[class|=a],[lang^=a],[x$=a],[x*=a]{fill:red}",
        "a:first-child::before,a:nth-child(2n+1),a:not(.b,.c){fill:red}",
        "svg|a{fill:red}",
        "a{fill:rgb(1,2,3);stroke:hsl(1 2% 3% / .5)}",
        "a{stroke-width:calc((1px + 2em)*3)}",
        "a{font:italic bold 12px/1.5 \"A B\",'C',serif}",
        "a{fill:red!important}",
        "a{stroke-dasharray:1,2 3}",
        "a{transform:rotate(1deg) translate(1px,2px)}",
        "a{fill:#FFF;stroke:#00f8;color:currentColor}",
        "a{FILL:RED}",
        "\u00e9{fill:red}",
        ".\u65e5{font-family:\u65e5\u672c}",
        "a{filter:url(#a) grayscale(1)}",
    ],
)
def test_a_sheet_of_what_is_allowed_stays_as_it_is(css):
    assert sheet(css) == css
    cleaned = sanitizer(sanitize.SVG).clean(picture(f"<style>{quoted(css)}</style>"))
    assert not cleaned.report.changed


@pytest.mark.parametrize(
    "css, left",
    [
        ("a { fill : red ; stroke : blue }", "a{fill:red;stroke:blue}"),
        ("a{fill:red;;}", "a{fill:red}"),
        ("a{}", ""),
        ("a{fill:red", "a{fill:red}"),
        ("a{fill:rgb(1,2,3", "a{fill:rgb(1,2,3)}"),
        ("a{fill:red}b", "a{fill:red}"),
        ("<!-- a{fill:red} -->", "a{fill:red}"),
        ("a{fill:url('#x');stroke:URL( #y )}", "a{fill:url(#x);stroke:url(#y)}"),
        ("a{fill:a/**/b}", "a{fill:a b}"),
        ("/*x*/a{/*y*/fill:red/*z*/}/*", "a{fill:red}"),
        ("a{position:fixed;fill:red;z-index:1}", "a{fill:red}"),
        ("a{position:fixed}b{fill:red}", "b{fill:red}"),
        ("a{fill:red;x{y:z}stroke:blue}", "a{fill:red}"),
        ("a{fill:red;\\66ill:blue}", "a{fill:red}"),
        ("a{fill:r\\65 d;stroke:red}", "a{stroke:red}"),
        ("a{fill:;stroke:red}", "a{stroke:red}"),
        ("a{fill;stroke:red}", "a{stroke:red}"),
        ("a{:red;stroke:red}", "a{stroke:red}"),
        ("a{fill:{x};stroke:red}", "a{stroke:red}"),
        ("a{fill:[x];stroke:red}", "a{stroke:red}"),
        ("a{fill:(x);stroke:red}", "a{stroke:red}"),
        ("a{fill:red);stroke:red}", "a{stroke:red}"),
        ('a{fill:"x\n;stroke:red}', "a{stroke:red}"),
        ('a{font-family:"a\\62";stroke:red}', 'a{font-family:"ab";stroke:red}'),
        ('a{font-family:"a<b";stroke:red}', "a{stroke:red}"),
        ("a{fill:url(a;b);stroke:red}", "a{stroke:red}"),
        ("a{fill:url( # );stroke:red}", "a{stroke:red}"),
        ("a{fill:url(#a b);stroke:red}", "a{stroke:red}"),
        ('a{fill:url("#a" x);stroke:red}', "a{stroke:red}"),
        ("a{fill:url(#a'b);stroke:red}", "a{stroke:red}"),
        ("a{fill:url();stroke:red}", "a{stroke:red}"),
        ('a{content:"x";stroke:red}', "a{stroke:red}"),
        ("a{src:url(#x);stroke:red}", "a{stroke:red}"),
        ("a{width:1px;height:1px;stroke:red}", "a{stroke:red}"),
        ("a{filter:blur(9px);stroke:red}", "a{stroke:red}"),
        ("a{--x:1;stroke:red}", "a{stroke:red}"),
        ("a{fill:var(--x);stroke:red}", "a{stroke:red}"),
        ("a{fill:@x;stroke:red}", "a{stroke:red}"),
        ("a{fill:a:b;stroke:red}", "a{stroke:red}"),
        ("a{fill:<x;stroke:red}", "a{stroke:red}"),
        ("@import 'x';a{fill:red}", "a{fill:red}"),
        ("@import url(//e/) screen;a{fill:red}", "a{fill:red}"),
        ('@charset "utf-8";a{fill:red}', "a{fill:red}"),
        ("@namespace svg url(x);a{fill:red}", "a{fill:red}"),
        ("@\\69mport 'x';a{fill:red}", "a{fill:red}"),
        ("a{fill:red}@import 'x'", "a{fill:red}"),
        ("a{fill:red}@font-face{src:url(x)}", "a{fill:red}"),
        ("a{fill:red}@keyframes x{from{fill:red}}", "a{fill:red}"),
        ("a{fill:red}@supports (fill:red){b{fill:blue}}", "a{fill:red}"),
        ("a{fill:red}b\\63{fill:blue}", "a{fill:red}"),
        ("a{fill:red}#\\62{fill:blue}", "a{fill:red}"),
        ("a{fill:red}#b\u200b{fill:blue}", "a{fill:red}"),
        ('a{fill:red}[x="<"]{fill:blue}', "a{fill:red}"),
        ("a{fill:red}a:is(url(x)){fill:blue}", "a{fill:red}"),
        ("a{fill:red}a&b{fill:blue}", "a{fill:red}"),
        ("a,{fill:red}", "a,{fill:red}"),
    ],
)  # fmt: skip
def test_of_a_sheet_what_is_not_allowed_goes_and_the_rest_stays(css, left):
    assert sheet(css) == left
    assert not active_css(left)


@pytest.mark.parametrize(
    "css, left",
    [
        ("fill:red", "fill:red"),
        (" fill : red ; stroke:blue ", " fill : red ; stroke:blue "),
        ("fill:red;position:fixed", "fill:red"),
        ("position:fixed", None),
        ("fill:url( '#a' )", "fill:url(#a)"),
        ("fill:red/*;*/;stroke:blue", "fill:red;stroke:blue"),
        ("fill:red}b{stroke:blue", None),
        ("", ""),
        ("fill:expression(1);stroke:red", "stroke:red"),
        ("fill:red;fill", "fill:red"),
        ("font-family:'a;b';fill:red", "fill:red"),
    ],
)
def test_of_a_style_attribute_what_is_not_allowed_goes_and_the_rest_stays(css, left):
    assert style(css) == left


@pytest.mark.parametrize(
    "css, left",
    [
        ("red", "red"),
        (" #fff ", " #fff "),
        ("url(#a)", "url(#a)"),
        ("url(#a) red", "url(#a) red"),
        ("URL('#a')", "url(#a)"),
        ("rgb(1,2,3)", "rgb(1,2,3)"),
        ("icc-color(x, 1)", "icc-color(x, 1)"),
        ("red;stroke:blue", None),
        ("url(x)", None),
        ("url(//e/)", None),
        ("url(#a)url(http://e/)", None),
        ("javascript:x", None),
        ("expression(1)", None),
        ("r\\65 d", None),
        ('"a', '"a"'),
        ("a{b}", None),
        ("", ""),
    ],
)
def test_a_presentation_attribute_is_all_or_nothing(css, left):
    assert value(css) == left


def test_what_goes_of_a_style_is_told():
    assert rules(sanitize.SVG, picture('<rect style="fill:red;position:fixed"/>')) == [("attribute", "style", "style")]
    assert rules(sanitize.SVG, picture('<rect style="position:fixed"/>')) == [("attribute", "style", "bad-value")]
    assert rules(sanitize.SVG, picture("<style>a{position:fixed}</style>")) == [("text", "style", "style")]
    assert rules(sanitize.SVG, picture("<style>a {fill:red}</style>")) == []


def test_a_style_sheet_that_is_written_in_pieces_is_read_as_one():
    body = "<style>a{fi<![CDATA[ll:r]]>e<!-- x -->d;<?p?>&#112;osition<g>q</g>:fixed;stroke:&#114;ed}</style>"
    assert text(cleaned_picture(body)) == "a{fill:red;stroke:red}"


def test_nothing_a_policy_adds_lets_a_url_in_that_is_not_local():
    policy = sanitize.SVG.replace(
        properties=sanitize.SVG.properties | {"background"}, functions=sanitize.SVG.functions | {"foo"}
    )
    out = (
        Sanitizer(policy)
        .clean(picture("<style>a{background:url(http://e/);fill:foo(url(x))}b{background:foo(red)}</style>"))
        .data
    )
    assert text(out) == "b{background:foo(red)}"


def test_nested_functions_and_rules_have_a_bottom():
    for css in (
        "a{fill:" + "calc(" * 5000 + "1",
        "a" + ":not(" * 5000,
        "a{fill:" + "(" * 5000,
        "a{" * 5000,
        "[" * 5000,
        "@x{" * 5000,
    ):
        assert sheet(css) in ("", "a{}")


def test_a_long_sheet_takes_time_in_its_length():
    css = "a{position:fixed}" * 20_000 + "b{fill:red}"
    assert sheet(css) == "b{fill:red}"


def test_a_style_element_beside_text_does_not_swallow_it():
    out = cleaned_picture("<style>a{fill:red}</style><text>b{position:fixed}</text><style/>")
    assert names(out) == ["style", "text", "style"]
    assert text(out) == "a{fill:red}b{position:fixed}"
