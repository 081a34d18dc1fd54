"""What references draw: bombs of every kind are cut down, cycles and duplicate ids are broken up, and real nests survive."""

import pytest
from cleaning import attributes, cleaned_picture, elements, expansion, names, picture, rules, sanitizer

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Sanitizer

MOST = 100_000
IDS = 10_000


def layer(form, level):
    """One reference to the layer below, and what holds those of the next."""
    target = f"l{level}"
    return {
        "use": (f'<use href="#{target}"/>', "g"),
        "xlink use": (f'<use xlink:href="#{target}"/>', "symbol"),
        "pattern": (f'<rect fill="url(#{target})"/>', "pattern"),
        "stroke": (f'<rect stroke="url(#{target}) none"/>', "pattern"),
        "style": (f'<rect style="fill:url(#{target})"/>', "pattern"),
        "mask": (f'<rect mask="url(#{target})"/>', "mask"),
        "clip": (f'<rect clip-path="url(#{target})"/>', "clipPath"),
        "marker": (f'<path d="M0 0" marker-end="url(#{target})"/>', "marker"),
        "image of a filter": (f'<feImage href="#{target}"/>', "filter"),
    }[form]


FORMS = ["use", "xlink use", "pattern", "stroke", "style", "mask", "clip", "marker", "image of a filter"]


def layers(form, count, width, *, forward=False):
    made = []
    for level in range(count):
        reference, tag = layer(form, level - 1)
        made.append(f'<{tag} id="l{level}">{reference * width if level else "<rect/>"}</{tag}>')
    if forward:
        made.reverse()
    return picture("".join(made) + layer(form, count - 1)[0])


def assert_bounded(data):
    """Refused, or small once every reference is followed; and so again when it is cleaned again."""
    try:
        out = sanitizer(sanitize.SVG).clean(data).data
    except forkedenc.PolicyViolation as error:
        assert error.kind in ("element", "attribute")  # noqa: PT017
        return None
    assert expansion(out) <= MOST
    assert sanitizer(sanitize.SVG).clean(out).data == out
    return out


@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("count, width", [(10, 10), (18, 2), (4, 60), (30, 3)])
@pytest.mark.parametrize("form", FORMS)
def test_a_bomb_of_references_does_not_go_off(form, count, width, forward):
    data = layers(form, count, width, forward=forward)
    assert forward or expansion(data.encode()) > MOST
    assert_bounded(data)


@pytest.mark.parametrize(
    "key", [".a{0}", "g .a{0}", "*.a{0}", "rect.a{0}", ".x.a{0}", ".a{0}:hover", "svg > .a{0}", "b,.a{0}", ".a{0},b"]
)
def test_a_bomb_whose_references_are_made_by_a_style_sheet_does_not_go_off(key):
    sheet = "".join(f"{key.format(level)}{{mask:url(#m{level - 1})}}" for level in range(1, 9))
    body = '<mask id="m0"><rect/></mask>'
    body += "".join(
        f'<mask id="m{level}">{"<rect class=" + chr(34) + f"x a{level}" + chr(34) + "/>" * 1}</mask>'.replace(
            "/></mask>", "/>" + f'<rect class="x a{level}"/>' * 9 + "</mask>"
        )
        for level in range(1, 9)
    )
    for data in (
        picture(f"<style>{sheet.replace('>', '&gt;')}</style>{body}"),
        picture(f"{body}<style>{sheet.replace('>', '&gt;')}</style>"),
    ):
        assert_bounded(data)


@pytest.mark.parametrize("key", ["#r", "rect", "*", ":root *", "[class]", ":not(.y)", "::before"])
def test_a_style_sheet_that_speaks_of_everything_draws_no_more_than_it_may(key):
    body = f'<style>{key}{{mask:url(#m)}}</style><mask id="m">{"<rect/>" * 1000}</mask>' + '<rect class="x"/>' * 1000
    try:
        out = sanitizer(sanitize.SVG).clean(picture(body)).data
    except forkedenc.PolicyViolation:
        return
    assert b"mask:" not in out or key in {"#r", "::before"}


@pytest.mark.parametrize(
    "body, left",
    [
        ('<g id="a"><use href="#a"/></g>', []),
        ('<g id="a"><g><use href="#a"/></g></g>', []),
        ('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>', ["#a"]),
        ('<g id="a"><use href="#b"/></g><g id="b"><use href="#c"/></g><g id="c"><use href="#a"/></g>', ["#a"]),
        ('<use id="a" href="#a"/>', []),
        ('<svg id="s"><use href="#s"/></svg>', []),
    ],
)
def test_no_element_shows_itself_again(body, left):
    out = cleaned_picture(body)
    assert [element.attributes["href"] for element in elements(out) if "href" in element.attributes] == left


@pytest.mark.parametrize(
    "body",
    [
        '<pattern id="p"><rect fill="url(#p)"/></pattern>',
        '<mask id="p"><g mask="url(#p)"/></mask>',
        '<marker id="p"><path style="marker:url(#p)"/></marker>',
        '<clipPath id="p" clip-path="url(#p)"><g/></clipPath>',
    ],
)
def test_no_paint_holds_itself(body):
    assert b"(#p)" not in cleaned_picture(body)


def test_a_use_of_the_root_is_no_way_round_the_account():
    out = cleaned_picture('<use href="#root"/>').replace(b"<svg ", b'<svg id="root" ', 1)
    cleaned = sanitizer(sanitize.SVG).clean(out).data
    assert b"href" not in cleaned
    assert rules(sanitize.SVG, out) == [("attribute", "href", "cycle")]


@pytest.mark.parametrize(
    "body, kept",
    [
        ('<g id="a"><rect/></g><use href="#a"/>', True),
        ('<use href="#a"/><g id="a"><rect/></g>', True),
        ('<g id="b"><rect/></g><g id="a"><use href="#b"/></g><use href="#a"/>', True),
        ('<g id="a"><use href="#b"/></g><g id="b"><rect/></g>', False),
        ('<g><use href="#b"/></g><g id="b"><rect/></g>', True),
        ('<use href="#nowhere"/>', True),
        ('<rect fill="url(#g)"/><linearGradient id="g"/>', True),
        ('<g id="a"><rect fill="url(#g)"/></g><linearGradient id="g"><stop/></linearGradient>', True),
        ('<linearGradient id="g" href="#h"/><linearGradient id="h"/>', True),
        ('<g id="a"><rect mask="url(#m)"/></g><mask id="m"><rect/></mask>', False),
    ],
)
def test_references_lead_backwards_where_they_can_be_shown_again_themselves(body, kept):
    out = cleaned_picture(body)
    references = sum(b"#" in value.encode() for element in elements(out) for value in element.attributes.values())
    targets = sum("id" in element.attributes for element in elements(out))
    wanted = body.count("#")
    # Either the reference goes, or the id that it would lead to.
    assert (references == wanted and targets == body.count(" id=")) == kept


def test_the_second_element_of_an_id_loses_it():
    out = cleaned_picture('<g id="a"/><rect id="a"/><path id="b"/>')
    assert [element.attributes.get("id") for element in elements(out)[1:]] == ["a", None, "b"]
    assert rules(sanitize.SVG, picture('<g id="a"/><rect id="a"/>')) == [("attribute", "id", "duplicate-id")]


def test_ids_that_are_one_once_they_have_the_prefix_are_one():
    out = cleaned_picture('<g id="a"/><rect id="u-a"/>', id_prefix="u-")
    assert [element.attributes.get("id") for element in elements(out)[1:]] == ["u-a", None]


def test_ten_thousand_ids_stay_and_one_more_goes():
    body = "".join(f'<g id="i{number}"/>' for number in range(IDS + 1))
    out = sanitizer(sanitize.SVG).clean(picture(body))
    assert sum("id" in element.attributes for element in elements(out.data)) == IDS
    assert [(removal.rule, removal.offset) for removal in out.report.removals] == [
        ("too-many-ids", picture(body).index(f'<g id="i{IDS}"'))
    ]


def test_references_to_what_is_not_there_are_bounded_too():
    body = "".join(f'<use href="#i{number}"/>' for number in range(5 * IDS))
    out = sanitizer(sanitize.SVG).clean(picture(body))
    assert sum("href" in element.attributes for element in elements(out.data)) == 2 * IDS


def test_elements_after_expansion_are_counted_and_ninety_thousand_may_be_used():
    inside = "<rect/>" * 999
    data = picture(f'<g id="a">{inside}</g>' + '<use href="#a"/>' * 80)
    out = sanitizer(sanitize.SVG).clean(data)
    assert not out.report.changed
    assert expansion(out.data) == 1 + 1000 + 80 * 1001
    more = sanitizer(sanitize.SVG).clean(picture(f'<g id="a">{inside}</g>' + '<use href="#a"/>' * 200))
    assert expansion(more.data) <= MOST
    assert {removal.rule for removal in more.report.removals} == {"expansion"}


def test_a_picture_without_references_may_have_more_elements_than_the_account():
    data = picture("<g/>" * (MOST + 10)).encode()
    cleaned = sanitizer(sanitize.SVG).clean(data)
    assert cleaned.data == data


def test_real_nests_of_use_survive():
    data = layers("use", 4, 10)
    out = cleaned_picture(data.split(">", 1)[1].removesuffix("</svg>"))
    assert out == data.encode()
    assert expansion(out) > 1000


def test_the_account_of_a_policy_can_be_tightened_and_left_off():
    data = layers("use", 4, 10)
    tight = Sanitizer(sanitize.SVG.replace(max_elements=100)).clean(data)
    assert expansion(tight.data) <= 100
    none = Sanitizer(sanitize.SVG.replace(max_elements=None, max_ids=None)).clean(layers("use", 10, 10))
    assert not none.report.changed


def test_gradients_weigh_nothing_however_often_they_are_used():
    stops = '<linearGradient id="g">' + "<stop/>" * 500 + "</linearGradient>"
    data = picture(stops + '<rect fill="url(#g)"/>' * 5000)
    assert not sanitizer(sanitize.SVG).clean(data).report.changed


def test_the_place_of_a_refused_document_is_that_of_the_element_that_closes_too_large():
    data = picture('<use href="#a"/>' * 1000 + '<g id="a">' + "<rect/>" * 500 + "</g>")
    with pytest.raises(forkedenc.PolicyViolation) as caught:
        sanitizer(sanitize.SVG).clean(data)
    assert caught.value.kind == "element"
    assert caught.value.path.startswith("/svg")


def test_attributes_of_elements_that_go_are_not_in_the_account():
    out = cleaned_picture('<script id="a"/><g id="a"/><x><use href="#a"/></x><use href="#a"/>')
    assert names(out) == ["g", "use"]
    assert attributes(out, "g") == {"id": "a"}
    assert attributes(out, "use") == {"href": "#a"}
