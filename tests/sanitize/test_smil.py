"""Animation: which attributes it may set, and to what."""

import pytest
from cleaning import active_in, attributes, cleaned_picture, elements, names, picture, rules, sanitizer

from forkedenc.xml import sanitize

GOOD = [
    '<animate attributeName="x" from="0" to="5" dur="1s" repeatCount="indefinite"/>',
    '<animate attributeName="fill" values="red;#00f;url(#g)" keyTimes="0;.5;1" dur="1s" begin="0s;a.click;b.end+1s"/>',
    '<animate attributeName="d" from="M0 0" to="M1 1"/>',
    '<animate attributeName="points" values="0,0 1,1;1 1 2 2"/>',
    '<animate attributeName="viewBox" to="0 0 1 1"/>',
    '<animate attributeName="opacity" values="0;1;" calcMode="spline" keySplines="0 0 1 1; 0 0 1 1" additive="sum" accumulate="sum" fill="freeze"/>',
    '<set attributeName="visibility" attributeType="CSS" to="hidden" begin="indefinite" end="a.mouseover"/>',
    '<animateTransform attributeName="transform" type="rotate" from="0 5 5" to="360 5 5" dur="02:30.5"/>',
    '<animateTransform attributeName="gradientTransform" type="scale" values="1;2 3"/>',
    '<animateMotion path="M0 0L1 1" rotate="auto" keyPoints="0;1" dur="1s"/>',
    '<animateMotion dur="1min"><mpath href="#p"/></animateMotion>',
    '<animateColor attributeName="stroke" by="red"/>',
    '<animate attributeName="mask" to="url(#m)"/>',
    '<animate attributeName="stroke-dasharray" values="1 2;3 4"/>',
]


@pytest.mark.parametrize("body", GOOD)
def test_an_animation_of_what_may_move_stays_as_it_is(body):
    data = picture(f"<rect>{body}</rect>")
    assert cleaned_picture(f"<rect>{body}</rect>") == data.encode()
    assert not sanitizer(sanitize.SVG).clean(data).report.changed


@pytest.mark.parametrize(
    "target",
    [
        "href", "xlink:href", "HREF", " href", "x:href", "onclick", "onload", "ONLOAD", "style", "class", "id", "xml:base", "xmlns", "src", "values", "to", "from", "begin", "attributeName",
        "stdDeviation", "numOctaves", "order", "kernelMatrix", "filterRes", "radius", "requiredFeatures", "target", "rel", "media", "type", "unheard-of", "", "fill stroke", "{}x", "role", "X",
    ],
)  # fmt: skip
@pytest.mark.parametrize("tag", ["set", "animate", "animateColor", "animateTransform"])
def test_an_animation_of_anything_else_goes(tag, target):
    body = f'<rect><{tag} attributeName="{target}" to="javascript:alert(1)" xmlns:x="http://www.w3.org/1999/xlink"><g/></{tag}></rect>'
    out = cleaned_picture(body)
    assert names(out) == ["rect"]
    assert not active_in(out)


def test_an_animation_without_a_target_goes_and_is_told():
    assert rules(sanitize.SVG, picture("<rect><set to='1'/></rect>")) == [("element", "set", "no-attribute-name")]
    assert names(cleaned_picture('<rect><set xlink:attributeName="x" to="1"/><animate/></rect>')) == ["rect"]


@pytest.mark.parametrize(
    "target, value",
    [
        ("x", "javascript:alert(1)"), ("x", "1;javascript:x"), ("x", "a"), ("x", "url(#a)"), ("fill", "url(http://e/)"), ("fill", "red;url(//e/)"), ("fill", "u\\72l(//e/)"),
        ("fill", "expression(1)"), ("mask", "url(x.svg#a)"), ("filter", "url(data:image/svg+xml,x)"), ("d", "alert(1)"), ("points", "a"), ("viewBox", "0 0 1"), ("transform", "evil"),
        ("preserveAspectRatio", "x"), ("opacity", "1;;{}"), ("fill", "red;}"), ("cursor", "url(//e/)"), ("font-family", '"a\\"'), ("width", "9e9"), ("markerWidth", "9e9"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["to", "from", "by", "values"])
def test_a_value_must_be_one_that_the_attribute_could_have_itself(name, target, value):
    quoted = value.replace('"', "&quot;")
    out = cleaned_picture(f'<rect><animate attributeName="{target}" {name}="{quoted}"/></rect>')
    assert attributes(out, "animate") == {"attributeName": target}


@pytest.mark.parametrize("order", ['attributeName="{0}" to="{1}"', 'to="{1}" attributeName="{0}"'])
def test_the_order_of_attributes_is_of_no_matter(order):
    good = cleaned_picture(f"<rect><set {order.format('x', '5')}/></rect>")
    assert attributes(good, "set") == {"attributeName": "x", "to": "5"}
    bad = cleaned_picture(f"<rect><set {order.format('x', 'javascript:1')}/></rect>")
    assert attributes(bad, "set") == {"attributeName": "x"}


@pytest.mark.parametrize(
    "value, kept",
    [
        ("0s", True), ("1.5s;2min; 3h ; 10ms", True), ("02:30:03.25", True), ("indefinite", True), ("click", True), ("a.click+1s", True), ("a.end-0.5s", True), ("a-b.c.end", True), ("", True),
        ("accessKey(a)", False), ("wallclock(x)", False), ("javascript:x", False), ("a.evil", False), ("a(b).click", False), ("1x", False), (":1", False), ("a..click", True), (".click", False),
        ("a.click + 1s", True), ("prev.repeat(1)", False), ("<a>.click", False), ("1s,2s", False),
    ],
)  # fmt: skip
def test_times_are_clock_values_and_events(value, kept):
    quoted = value.replace("<", "&lt;")
    out = cleaned_picture(f'<rect><animate attributeName="x" begin="{quoted}"/></rect>')
    assert ("begin" in attributes(out, "animate")) == kept


def test_nothing_in_an_animation_reaches_outside():
    body = (
        '<animateMotion path="M0 0" from="0,0" to="javascript:x"><mpath xlink:href="//e/#p"/></animateMotion><animate attributeName="fill" href="http://e/#a" xlink:href="//e/"/>'
        '<animateTransform attributeName="transform" type="evil" from="javascript:x" to="url(//e/)"/><set attributeName="fill" to="red" onbegin="x" onend="y" onrepeat="z"/>'
    )
    out = cleaned_picture(f"<rect>{body}</rect>")
    assert not active_in(out)
    assert [element.attributes for element in elements(out)[2:]] == [
        {"path": "M0 0", "from": "0,0"},
        {},
        {"attributeName": "fill"},
        {"attributeName": "transform"},
        {"attributeName": "fill", "to": "red"},
    ]
