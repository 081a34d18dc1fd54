"""The plan that a policy becomes: tables of plain values whose first row that matches decides."""

import pytest

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Id, Policy, Text, Url
from forkedenc.xml.sanitize._compile import FLAGS, FOLD, VALUE_TEXT, plan

SVG_URI = "http://www.w3.org/2000/svg"
XHTML_URI = "http://www.w3.org/1999/xhtml"
PRESETS = [pytest.param(getattr(sanitize, name), id=name) for name in ("SVG", "XHTML", "FEED", "SOAP", "PLAIN")]
KEEP, DROP, UNWRAP = 0, 1, 2


def matches(pattern, name, *, fold=False):
    (uri, local), (other_uri, other) = pattern, name
    if fold:
        local, other = local.lower(), other.lower()
    same = other.startswith(local[:-1]) if local.endswith("*") else local == other
    return (uri is None or uri == other_uri) and same


def row(made, uri, local):
    rows = (row for row in made["elements"] if matches(row[:2], (uri, local), fold=row[3] & FOLD))
    return next(rows, (uri, local, made["unknown_element"], 0))


def value(made, element, attribute):
    """The grammar as the plan has it, None for denied, "unknown" without a row."""
    for group, uri, local, number, flags in made["attributes"]:
        if any(matches(name, element) for name in made["groups"][group]) and matches(
            (uri, local), attribute, fold=flags
        ):
            return None if number < 0 else made["values"][number]
    return "unknown"


def plain(thing):
    if isinstance(thing, (list, tuple)):
        return all(map(plain, thing))
    if isinstance(thing, dict):
        return all(type(key) is str and plain(item) for key, item in thing.items())
    return thing is None or type(thing) in (str, int, float, bool)


@pytest.mark.parametrize("policy", PRESETS)
@pytest.mark.parametrize("options", [{}, {"id_prefix": "u-", "escape_for": "html", "html_text": True}])
def test_a_plan_is_plain_data_in_one_order(policy, options):
    made = plan(policy, **options)
    assert plain(made)
    assert made == plan(policy, **options)
    assert all(
        number < len(made["values"]) and group < len(made["groups"]) for group, _, _, number, _ in made["attributes"]
    )
    assert len(made["groups"]) <= 256
    assert len(set(map(repr, made["values"]))) == len(made["values"])


@pytest.mark.parametrize("policy", PRESETS)
def test_roots_are_kept(policy):
    made = plan(policy)
    assert made["roots"]
    for uri, local in made["roots"]:
        assert row(made, uri or "", local.replace("*", "x"))[2] == KEEP


def test_rows_that_deny_come_first():
    for policy in (sanitize.SVG, sanitize.PLAIN):
        made = plan(policy)
        denying = [bool(flags & FOLD) for *_, flags in made["elements"]]
        assert denying == sorted(denying, reverse=True)


def test_an_exact_name_decides_before_a_pattern():
    policy = Policy(
        roots={"a"},
        elements={"{*}*"},
        void_elements={"b"},
        attributes={
            "{*}*": {"x": Text(), "{*}*": Text(max_bytes=1)},
            "b": {"x": Id()},
            "{urn:x}*": {"x": Text(max_bytes=2)},
        },
    )
    made = plan(policy)
    assert row(made, "", "b")[3] == FLAGS["void_elements"]
    assert row(made, "urn:x", "b")[3] == 0
    assert value(made, ("", "b"), ("", "x")) == ("id", None)
    assert value(made, ("", "c"), ("", "x")) == ("text", None, [])
    assert value(made, ("urn:x", "c"), ("", "x")) == ("text", 2, [])
    assert value(made, ("urn:x", "c"), ("urn:y", "x")) == ("text", 1, [])


def test_kinds_of_elements_are_bits():
    made = plan(sanitize.SVG)
    assert (
        row(made, SVG_URI, "title")[3]
        == FLAGS["text_only_elements"] | FLAGS["paired_elements"] | FLAGS["weightless_elements"]
    )
    assert row(made, SVG_URI, "style")[3] & FLAGS["style_elements"]
    assert row(made, SVG_URI, "set")[3] & FLAGS["animation_elements"]
    assert not row(made, SVG_URI, "feImage")[3] & FLAGS["weightless_elements"]
    assert row(made, "urn:x", "ScRiPt")[2] == DROP
    made = plan(sanitize.XHTML)
    assert row(made, XHTML_URI, "br")[3] == FLAGS["void_elements"]
    assert row(made, XHTML_URI, "a")[3] & FLAGS["rel_target_elements"]


def test_links_keeps_what_is_unwrapped_else():
    assert row(plan(sanitize.SVG), SVG_URI, "a")[2] == UNWRAP
    made = plan(sanitize.SVG, links=["https"])
    assert row(made, SVG_URI, "a")[2:] == (KEEP, FLAGS["rel_elements"])
    assert value(made, (SVG_URI, "a"), ("", "href")) == ("url", 8192, ["https"], False, True, [])
    assert value(made, (SVG_URI, "a"), ("", "ping")) == "unknown"
    assert value(made, (SVG_URI, "image"), ("", "href"))[2] == []


def test_links_sets_the_schemes_of_links():
    made = plan(sanitize.XHTML, links=["https"])
    assert value(made, (XHTML_URI, "a"), ("", "href"))[2:5] == (["https"], True, True)
    assert value(made, (XHTML_URI, "img"), ("", "src"))[2] == ["http", "https"]


@pytest.mark.parametrize(
    "options",
    [
        {"links": "https"},
        {"links": ["javascript"]},
        {"links": ["a b"]},
        {"id_prefix": ""},
        {"id_prefix": "1"},
        {"id_prefix": "a b"},
        {"id_prefix": 5},
        {"escape_for": "xml"},
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options):
    with pytest.raises(forkedenc.PolicyError):
        plan(sanitize.SVG, **options)


def test_links_of_a_policy_without_links_are_refused():
    with pytest.raises(forkedenc.PolicyError):
        plan(sanitize.PLAIN, links=["https"])


def test_a_page_gets_no_style_sheet_and_no_comment():
    made = plan(sanitize.SVG.replace(comments="keep", pis="keep"), escape_for="html")
    assert row(made, SVG_URI, "style")[2] == DROP
    assert (made["comments"], made["pis"], made["html"]) == ("drop", "drop", True)


def test_unwrapping_never_shows_script_or_style():
    made = plan(sanitize.SVG.replace(on_unknown_element="unwrap"))
    assert row(made, "urn:x", "y")[2] == UNWRAP
    assert row(made, "urn:x", "Style")[2] == row(made, "urn:x", "SCRIPT")[2] == DROP
    assert row(made, SVG_URI, "style")[2] == KEEP


def test_an_animation_goes_by_the_narrowest_bounds_of_what_it_sets():
    made = plan(sanitize.SVG)
    rows = {row[2]: made["values"][row[3]] for row in made["attributes"] if made["groups"][row[0]] == []}
    assert rows["fill"] == ("css", None)
    assert rows["width"] == ("numbers", None, 1, 1, -100_000.0, 32_767.0, True, False)
    assert rows["d"] == ("path", None)
    assert rows["transform"] == ("transform", None)
    assert "numOctaves" not in rows
    assert "href" not in rows


def test_text_that_is_a_value_is_marked():
    made = plan(sanitize.FEED)
    assert row(made, "", "link")[3] & VALUE_TEXT
    assert not row(made, "", "title")[3] & VALUE_TEXT
    values = {(uri, local): made["values"][number] for uri, local, number in made["text_values"]}
    assert values["", "link"][:3] == ("url", 8192, ["http", "https"])


def test_what_is_not_counted_has_no_account():
    assert plan(sanitize.PLAIN)["account"] is None
    assert plan(sanitize.SVG)["account"] == (100_000, 10_000)
    elements, ids = plan(sanitize.SVG.replace(max_ids=None))["account"]
    assert (elements, ids > 1 << 60) == (100_000, True)


def test_equal_grammars_of_several_elements_are_one_row():
    policy = Policy(
        roots={"a"}, elements={"a", "b", "c"}, attributes={name: {"x": Url(), name: Text()} for name in "abc"}
    )
    made = plan(policy)
    assert len([row for row in made["attributes"] if row[2] == "x"]) == 1
    assert max(made["groups"], key=len) == [("", "a"), ("", "b"), ("", "c")]
