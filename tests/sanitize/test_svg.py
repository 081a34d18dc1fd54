"""The preset SVG: what of a picture stays, what goes, and what is written of it."""

import pytest
from cleaning import (
    PNG,
    SVG,
    XHTML,
    XLINK,
    XML,
    active_in,
    attributes,
    clean,
    cleaned_picture,
    elements,
    names,
    picture,
    rules,
    sanitizer,
    text,
)

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Sanitizer

KEPT = [
    '<g fill="red" stroke="#00f" opacity=".5" transform="translate(1 2) scale(2)"><path d="M0 0L1 1z"/></g>',
    '<rect x="1" y="2" width="50%" height="3em" rx="1"/><circle cx="1" cy="2" r="3"/><ellipse cx="1" cy="1" rx="2" ry="3"/>',
    '<line x1="0" y1="0" x2="1" y2="1"/><polyline points="0,0 1,1"/><polygon points="0 0 1 1 2 0"/>',
    '<text x="1 2 3" y="1" rotate="10 20" textLength="5">a<tspan dx="1">b</tspan><textPath href="#p">c</textPath></text>',
    '<linearGradient id="a" x1="0%" gradientUnits="userSpaceOnUse"><stop offset="0" stop-color="red"/></linearGradient><linearGradient id="b" href="#a"/><rect fill="url(#b)"/>',
    '<radialGradient id="a" cx="1" r="2" fx="1" spreadMethod="reflect"/><circle fill="url(#a) none"/>',
    '<pattern id="p" width="4" height="4" patternUnits="userSpaceOnUse" viewBox="0 0 4 4"><rect/></pattern><rect fill="url(#p)"/>',
    '<clipPath id="c"><rect/></clipPath><mask id="m" x="0"><rect/></mask><g clip-path="url(#c)" mask="url(#m)"/>',
    '<marker id="m" markerWidth="3" refX="1" orient="auto"><path d="M0 0"/></marker><path d="M0 0" marker-end="url(#m)"/>',
    '<symbol id="s" viewBox="0 0 1 1"><rect/></symbol><use href="#s" x="1" width="2"/>',
    '<filter id="f"><feGaussianBlur in="SourceGraphic" stdDeviation="2"/><feOffset dx="1"/><feMerge><feMergeNode in="x"/></feMerge></filter><g filter="url(#f)"/>',
    '<g id="x"/><filter id="f"><feTurbulence baseFrequency=".1" numOctaves="2"/><feColorMatrix type="matrix" values="1 0 0 0 0 0 1 0 0 0 0 0 1 0 0 0 0 0 1 0"/><feImage href="#x"/></filter>',
    f'<image href="{PNG}" width="1" height="1" preserveAspectRatio="xMidYMid slice"/>',
    "<title>t &amp; u</title><desc>d</desc>",
    '<switch><g systemLanguage="en, de"/><g requiredFeatures="http://www.w3.org/TR/SVG11/feature#Shape"/></switch>',
    '<view viewBox="0 0 1 1"/><defs><g id="x"/></defs>',
    '<text xml:space="preserve" xml:lang="de" lang="de"> x </text>',
    '<g role="img" aria-label="A picture, of: something" aria-hidden="true" class="a b" id="i"/>',
    '<font horiz-adv-x="10"><font-face font-family="x" units-per-em="10"/><glyph unicode="&lt;" d="M0 0"/><hkern u1="a" u2="b" k="1"/></font>',
    '<style type="text/css" media="screen">.a{fill:red}</style>',
    '<svg x="1" width="10" height="10" viewBox="0 0 1 1" preserveAspectRatio="none"/>',
]


@pytest.mark.parametrize("body", KEPT)
def test_a_picture_in_which_nothing_acts_comes_out_byte_for_byte(body):
    data = picture(body)
    cleaned = sanitizer(sanitize.SVG).clean(data)
    assert cleaned.data == data.encode()
    assert not cleaned.report.changed
    assert not cleaned.report.removals
    assert clean(sanitize.SVG, data) == data.encode()


@pytest.mark.parametrize(
    "body, rule",
    [
        ("<script>1</script>", ("element", "script", "denied-element")),
        (f'<foreignObject><p xmlns="{XHTML}">x</p></foreignObject>', ("element", "foreignObject", "denied-element")),
        ("<iframe/>", ("element", "iframe", "denied-element")),
        ("<audio/>", ("element", "audio", "denied-element")),
        ("<video/>", ("element", "video", "denied-element")),
        ("<canvas/>", ("element", "canvas", "denied-element")),
        ("<handler/>", ("element", "handler", "denied-element")),
        ("<listener/>", ("element", "listener", "denied-element")),
        ("<tref/>", ("element", "tref", "denied-element")),
        ("<cursor/>", ("element", "cursor", "denied-element")),
        ("<discard/>", ("element", "discard", "denied-element")),
        ("<metadata><x/></metadata>", ("element", "metadata", "denied-element")),
        ("<font-face-uri/>", ("element", "font-face-uri", "denied-element")),
        ("<unheard-of><g/></unheard-of>", ("element", "unheard-of", "unknown-element")),
        ('<x:g xmlns:x="urn:x"/>', ("element", "x:g", "unknown-element")),
        (f'<div xmlns="{XHTML}"/>', ("element", "div", "denied-element")),
        ("<title><b/></title>", ("element", "b", "unknown-element")),
        ("<glyph><rect/></glyph>", ("element", "rect", "text-only")),
        ("<style><g/></style>", ("element", "g", "text-only")),
        ('<g onclick="x"/>', ("attribute", "onclick", "denied-attribute")),
        ('<g ONCLICK="x"/>', ("attribute", "ONCLICK", "denied-attribute")),
        ('<g onunheardof="x"/>', ("attribute", "onunheardof", "denied-attribute")),
        ('<g xml:base="x"/>', ("attribute", "xml:base", "denied-attribute")),
        ('<g unheard-of="x"/>', ("attribute", "unheard-of", "unknown-attribute")),
        ('<g xmlns:x="urn:x"/>', ("attribute", "xmlns:x", "namespace")),
        ('<rect width="wide"/>', ("attribute", "width", "bad-value")),
        ('<g id="a b"/>', ("attribute", "id", "bad-value")),
        ('<g transform="evil(1)"/>', ("attribute", "transform", "bad-value")),
        ('<path d="M0 0(1)"/>', ("attribute", "d", "bad-value")),
        ('<set to="1"/>', ("element", "set", "no-attribute-name")),
        ('<set attributeName="href" to="#a"/>', ("element", "set", "no-attribute-name")),
        ("<!-- x -->", ("comment", "", "comment")),
        ("<?p q?>", ("pi", "p", "pi")),
    ],
)
def test_what_goes_is_told_with_its_rule_and_the_rest_stays(body, rule):
    assert rules(sanitize.SVG, picture(f"{body}<rect/>")) == [rule]
    out = cleaned_picture(f"{body}<rect/>")
    assert names(out)[-1] == "rect"
    assert not active_in(out)


@pytest.mark.parametrize(
    "data, root",
    [
        ("<svg/>", "svg"),
        (f'<svg xmlns="{XHTML}"/>', "svg"),
        (f'<g xmlns="{SVG}"/>', "g"),
        (f'<s:script xmlns:s="{SVG}"/>', "s:script"),
        (f'<a xmlns="{SVG}"/>', "a"),
        (f'<SVG xmlns="{SVG}"/>', "SVG"),
    ],
)
@pytest.mark.parametrize("answer", ["drop", "unwrap", "escape", "error"])
def test_a_root_that_is_not_listed_refuses_the_document(data, root, answer):
    made = Sanitizer(sanitize.SVG.replace(on_unknown_element=answer))
    with pytest.raises(forkedenc.PolicyViolation) as caught:
        made.clean("\n" + data)
    error = caught.value
    assert (error.kind, error.offset, error.line, error.column, error.path) == ("root", 1, 2, 1, f"/{root}")


def test_links_are_unwrapped_and_what_they_hold_stays_in_its_place():
    out = cleaned_picture('<a href="https://x/"><rect/>t<a xlink:href="#a"><g/></a></a>u')
    assert names(out) == ["rect", "g"]
    assert text(out) == "tu"


def test_links_that_are_kept_say_noopener_and_neither_ping_nor_download():
    body = '<a href="https://x/" ping="https://y/" download="z" target="_blank" rel="opener"><rect/></a>'
    out = cleaned_picture(body, links=["https"])
    assert attributes(out, "a") == {"href": "https://x/", "target": "_blank", "rel": "noopener noreferrer"}
    out = cleaned_picture('<a xlink:href="https://x/"/><a href="http://x/"/><a href="#x"/>', links=["HTTPS"])
    links = [element.attributes for element in elements(out)[1:]]
    rel = {"rel": "noopener noreferrer"}
    assert links == [{f"{{{XLINK}}}href": "https://x/", **rel}, {}, {"href": "#x", **rel}]


def test_href_and_xlink_href_are_judged_each_by_itself():
    out = cleaned_picture('<g id="a"/><use href="#a" xlink:href="http://e/#a"/>')
    assert attributes(out, "use") == {"href": "#a"}
    out = cleaned_picture('<g id="a"/><use href="http://e/#a" xlink:href="#a"/>')
    assert attributes(out, "use") == {f"{{{XLINK}}}href": "#a"}


def test_a_prefix_goes_before_ids_and_each_reference_to_them():
    body = (
        '<g id="a"/><linearGradient id="g"/><use href="#a"/><use xlink:href="#a"/><rect fill="url(#g)" style="stroke:url(#g)" aria-labelledby="a g"/>'
        "<style>#a{fill:url(#g)}rect#a > g{fill:red}</style>"
        '<set attributeName="fill" to="url(#g)" begin="a.click; 1s"/><animate attributeName="mask" values="url(#a);none" href="#a"/>'
    )
    out = cleaned_picture(body, id_prefix="u-")
    assert b"#a" not in out
    assert b"#g" not in out
    assert attributes(out, "g")["id"] == "u-a"
    assert attributes(out, "rect") == {"fill": "url(#u-g)", "style": "stroke:url(#u-g)", "aria-labelledby": "u-a u-g"}
    assert attributes(out, "set") == {"attributeName": "fill", "to": "url(#u-g)", "begin": "u-a.click;1s"}
    assert attributes(out, "animate")["values"] == "url(#u-a);none"
    assert text(out) == "#u-a{fill:url(#u-g)}rect#u-a > g{fill:red}"


@pytest.mark.parametrize("space", ["preserve", "default"])
def test_white_space_and_language_stay_and_what_they_may_say_is_bounded(space):
    out = cleaned_picture(f'<text xml:space="{space}" xml:lang="en-GB"> a </text><text xml:space="x" xml:lang="&lt;"/>')
    found = [element.attributes for element in elements(out)[1:]]
    assert found == [{f"{{{XML}}}space": space, f"{{{XML}}}lang": "en-GB"}, {}]
    assert text(out) == " a "


def test_unwrapping_what_is_unknown_exposes_no_script_or_style_sheet():
    policy = sanitize.SVG.replace(on_unknown_element="unwrap")
    body = "<x><rect/>words<script>alert(1)</script><y:style xmlns:y='urn:y'>@import 'x'</y:style><STYLE>z</STYLE><y><g/></y></x>"
    out = clean(policy, picture(body))
    assert names(out) == ["rect", "g"]
    assert text(out) == "words"


@pytest.mark.parametrize("setting", ["on_unknown_element", "on_unknown_attribute", "on_bad_value", "comments", "pis"])
def test_an_answer_of_error_refuses_the_document_at_its_place(setting):
    bodies = {
        "on_unknown_element": ("<x/>", "element", "/svg/x"),
        "on_unknown_attribute": ('<g x="1"/>', "attribute", "/svg/g/@x"),
        "on_bad_value": ('<rect width="x"/>', "attribute", "/svg/rect/@width"),
        "comments": ("<!--x-->", "comment", "/svg"),
        "pis": ("<?p?>", "pi", "/svg"),
    }
    body, kind, path = bodies[setting]
    policy = sanitize.SVG.replace(**{setting: "error"})
    data = picture(f"\n {body}")
    with pytest.raises(forkedenc.PolicyViolation) as caught:
        Sanitizer(policy).clean(data)
    error = caught.value
    assert (error.kind, error.line, error.column, error.path, error.offset) == (kind, 2, 2, path, data.index(body))
    assert isinstance(error, forkedenc.DecodeError)
    clean(policy, picture("<g/>"))


def test_a_policy_that_refuses_a_doctype_refuses_it():
    with pytest.raises(forkedenc.DecodeError):
        Sanitizer(sanitize.SVG.replace(doctype="error")).clean(f"<!DOCTYPE svg>{picture('')}")


def test_comments_and_pis_that_a_policy_keeps_are_written_as_they_are():
    policy = sanitize.SVG.replace(comments="keep", pis="keep")
    data = f"<!--a--><?p q?>{picture('<!-- b & <c> --><?r?><g><?s  t ?></g>')}<!--d-->"
    assert clean(policy, data) == data.replace("<?s  t ?>", "<?s t ?>").encode()
    sheet = picture("<style><!-- a{} --><?p?>b{fill:red}</style><title><!--x-->y</title>")
    assert b"<!--" not in clean(policy, sheet).split(b"<title>")[0]


def test_deep_and_long_pictures_cost_no_stack():
    depth = 900
    data = picture("<g>" * depth + "</g>" * depth).encode()
    assert clean(sanitize.SVG, data).count(b"<g") == depth
