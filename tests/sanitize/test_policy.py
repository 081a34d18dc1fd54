"""A policy is frozen data that can be compared, changed by set algebra, pinned by a digest, and explained."""

import copy
import os
import pickle
import subprocess
import sys

import pytest

import forkedenc
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import (
    Animated,
    Css,
    Id,
    Keyword,
    Numbers,
    Pattern,
    Policy,
    Text,
    Tokens,
    Url,
    UrlList,
    Value,
    Words,
)

SVG_URI = "http://www.w3.org/2000/svg"
XHTML_URI = "http://www.w3.org/1999/xhtml"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
NAMES = ("SVG", "XHTML", "FEED", "SOAP", "PLAIN")
PRESETS = [pytest.param(getattr(sanitize, name), id=name) for name in NAMES]
KEPT = {"roots": {"a"}, "elements": {"a", "b"}}


def svg(local):
    return f"{{{SVG_URI}}}{local}"


def refused(match, **settings):
    with pytest.raises(forkedenc.PolicyError, match=match):
        Policy(**{**KEPT, **settings})


# --- data ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", PRESETS)
def test_a_policy_is_equal_to_its_copies_and_hashes_alike(policy):
    for other in (pickle.loads(pickle.dumps(policy)), copy.deepcopy(policy), policy.replace(), copy.copy(policy)):
        assert other == policy
        assert hash(other) == hash(policy)
        assert other.digest() == policy.digest()
        assert other.reasons == policy.reasons


def test_a_policy_can_not_be_changed():
    with pytest.raises(AttributeError):
        sanitize.SVG.name = "x"
    with pytest.raises(AttributeError):
        sanitize.SVG.attributes.anything = 1
    with pytest.raises(TypeError):
        sanitize.SVG.attributes["x"] = {}


def test_presets_are_made_once_and_differ_from_each_other():
    assert sanitize.SVG is sanitize.SVG
    assert len({getattr(sanitize, name) for name in NAMES}) == len(NAMES)
    assert len({getattr(sanitize, name).digest() for name in NAMES}) == len(NAMES)


def test_names_without_a_namespace_are_written_in_two_ways_and_are_one():
    assert Policy(roots={"{}a"}, elements={"{}a", "b"}) == Policy(**KEPT)
    assert Policy(**KEPT, attributes={"*": {"x": Text()}}) == Policy(**KEPT, attributes={"{*}*": {"{}x": Text()}})


def test_order_of_settings_does_not_count():
    one = Policy(**KEPT, attributes={"a": {"x": Text(), "y": Id()}, "b": {"x": Text()}})
    other = Policy(**KEPT, attributes={"b": {"x": Text()}, "a": {"y": Id(), "x": Text()}})
    assert one == other
    assert hash(one) == hash(other)
    assert one.digest() == other.digest()
    assert one.to_toml() == other.to_toml()


# --- algebra -------------------------------------------------------------------------------------------------


def test_elements_are_added_and_taken_back():
    policy = sanitize.SVG
    wider = policy.replace(elements=policy.elements | {svg("x")})
    assert wider != policy
    assert wider.digest() != policy.digest()
    assert wider.replace(elements=policy.elements) == policy


def test_what_is_said_of_an_element_goes_with_it():
    policy = sanitize.SVG
    narrower = policy.replace(elements=policy.elements - {svg("image"), svg("style"), svg("set")})
    assert svg("image") in policy.attributes
    assert svg("image") not in narrower.attributes
    assert narrower.style_elements == frozenset()
    assert svg("set") not in narrower.animation_elements


def test_attributes_are_united_by_element_and_by_name():
    policy = sanitize.SVG
    wider = policy.replace(attributes=policy.attributes | {svg("rect"): {"data-x": Text()}})
    assert set(wider.attributes[svg("rect")]) == {*policy.attributes[svg("rect")], "data-x"}
    wider = policy.replace(attributes={svg("rect"): {"data-x": Text()}} | policy.attributes)
    assert "data-x" in wider.attributes[svg("rect")]
    narrower = policy.replace(attributes=policy.attributes - {svg("rect")})
    assert svg("rect") not in narrower.attributes
    wider = policy.replace(denied_attributes=policy.denied_attributes | {"{*}*": {"style-x"}})
    assert wider.denied_attributes["{*}*"] > {"style-x"}


def test_replace_refuses_settings_that_are_none():
    with pytest.raises(TypeError):
        sanitize.SVG.replace(nothing=1)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="copy.replace is new in Python 3.13")
def test_copy_replace_makes_another_policy():
    assert copy.replace(sanitize.SVG, on_limit="drop") == sanitize.SVG.replace(on_limit="drop")


# --- contradictions ------------------------------------------------------------------------------------------


CONTRADICTIONS = [
    ("denied by", {"denied_elements": {"b"}}),
    ("denied by", {"denied_elements": {"{*}B"}}),
    ("denied by", {"unwrapped_elements": {"c"}, "denied_elements": {"C"}}),
    ("both kept and unwrapped", {"unwrapped_elements": {"b"}}),
    ("can't be unwrapped", {"unwrapped_elements": {"{urn:x}Script"}}),
    ("no allowed element", {"roots": {"c"}}),
    ("denied by", {"roots": {"{urn:x}c"}, "elements": {"{*}*"}, "denied_elements": {"{urn:x}*"}}),
    ("no allowed element", {"attributes": {"c": {"x": Text()}}}),
    ("no allowed element", {"void_elements": {"c"}}),
    ("no allowed element", {"text_values": {"c": Text()}}),
    ("neither kept nor unwrapped", {"link_elements": {"c"}}),
    ("its namespace is not", {"elements": {"a", "{urn:x}b"}, "namespaces": {"urn:y"}}),
    ("its namespace is not", {"attributes": {"a": {"{urn:x}y": Text()}}, "namespaces": {"urn:y"}}),
    ("allowed, and denied by", {"attributes": {"a": {"onClick": Text()}}, "denied_attributes": {"{*}*": {"on*"}}}),
    ("Animated", {"attributes": {"a": {"to": Animated()}}}),
    ("given twice", {"attributes": {"a": {"x": Text()}, "{}a": {"x": Id()}}}),
]


@pytest.mark.parametrize("match, settings", CONTRADICTIONS)
def test_a_contradiction_is_refused_when_it_is_made(match, settings):
    refused(match, **settings)


def test_the_xml_namespace_needs_no_permission():
    name = "{http://www.w3.org/XML/1998/namespace}lang"
    assert Policy(**KEPT, attributes={"a": {name: Text()}}, namespaces=set()).attributes["a"][name] == Text()


def test_a_pattern_may_be_narrowed_by_what_is_denied():
    policy = Policy(roots={"a"}, elements={"{*}*"}, denied_elements={"{urn:x}*"})
    assert "drops {urn:x}y" in policy.explain("{urn:x}y")


WRONG = [
    {"elements": "a"},
    {"elements": 5},
    {"elements": {1}},
    {"elements": None},
    {"elements": {"a", "a b"}},
    {"elements": {"a", "{urn:x"}},
    {"elements": {"a", "{urn:x}"}},
    {"elements": {"a", "x:y"}},
    {"elements": {"a", "*x"}},
    {"attributes": {"a": {"x": "text"}}},
    {"attributes": {"a": {"x"}}},
    {"attributes": ["a"]},
    {"denied_attributes": {"a": "x"}},
    {"on_limit": "perhaps"},
    {"on_limit": None},
    {"on_unknown_element": "keep"},
    {"on_unknown_attribute": "unwrap"},
    {"doctype": "keep"},
    {"comments": True},
    {"ids_need_prefix": 1},
    {"max_elements": -1},
    {"max_elements": True},
    {"max_ids": "10"},
    {"namespaces": "urn:x"},
    {"properties": {"fill;stroke"}},
    {"functions": {"url("}},
    {"name": ""},
    {"name": "a\nb"},
    {"reasons": {"a": 1}},
]


@pytest.mark.parametrize("settings", WRONG)
def test_a_setting_of_a_wrong_type_is_refused(settings):
    refused("must |is no |two |denied", **settings)


# --- grammars ------------------------------------------------------------------------------------------------


BAD_GRAMMARS = [
    Value,
    lambda: Text(max_bytes=-1),
    lambda: Text(max_bytes=True),
    lambda: Text(refused_schemes="javascript"),
    Keyword,
    lambda: Keyword(words={" a"}),
    lambda: Keyword(words={1}),
    lambda: Numbers(least=2, most=1),
    lambda: Numbers(least=None),
    lambda: Numbers(minimum=2, maximum=1),
    lambda: Numbers(maximum=float("nan")),
    lambda: Numbers(units="px"),
    lambda: Url(schemes={"javascript"}),
    lambda: Url(schemes={"JavaScript"}),
    lambda: Url(schemes={"data"}),
    lambda: Url(schemes={"http:"}),
    lambda: Url(data_types={"image/svg+xml"}),
    lambda: Url(data_types={"text/html"}),
    lambda: Url(data_types={"png"}),
    lambda: UrlList(separator=";"),
    lambda: UrlList(schemes={"vbscript"}),
]


@pytest.mark.parametrize("make", BAD_GRAMMARS)
def test_a_grammar_that_makes_no_sense_is_refused(make):
    with pytest.raises(forkedenc.PolicyError):
        make()


def test_what_runs_must_be_asked_for_by_name():
    assert Url(schemes={"javascript"}, any_scheme=True).schemes == {"javascript"}
    assert Url(data_types={"image/svg+xml"}, any_data=True).data_types == {"image/svg+xml"}


@pytest.mark.parametrize(
    "regex",
    [
        "",
        r"(a)\1",
        r"(?P<x>a)(?P=x)",
        "a(?=b)",
        "a(?!b)",
        "(?<=a)b",
        "(?<!a)b",
        "(?>a)",
        "a++",
        "a*+",
        "(",
        "a\\",
        "[a&&b]",
        "[[a]",
        r"\Z",
        "a{,3}",
        "(?#x)",
        "(?a)x",
        "a{1000}",
    ],
)
def test_a_pattern_that_has_no_bound_in_time_or_two_meanings_is_refused(regex):
    with pytest.raises(forkedenc.PolicyError):
        Pattern(regex=regex)


@pytest.mark.parametrize(
    "regex", ["a+", r"[\]\[]x", "[]a]", r"\d{1,3}(?:px|%)?", "(?i)on|off", "(?P<x>a)|b", r"a\?\+", "[^(]*", "[+*]+"]
)
def test_a_pattern_in_linear_time_is_taken(regex):
    assert Pattern(regex=regex).regex == regex


def test_grammars_are_values():
    assert Url(schemes=["HTTPS", "http"]) == Url(schemes={"http", "https"})
    assert hash(Numbers(maximum=5)) == hash(Numbers(maximum=5.0))
    assert Text() != Words()
    assert Url() != UrlList()
    assert pickle.loads(pickle.dumps(Numbers(most=None, units=True))) == Numbers(most=None, units=True)
    assert Numbers(units=True).replace(maximum=3) == Numbers(units=True, maximum=3)
    assert repr(Keyword(words={"b", "a"})) == "Keyword(words=frozenset(['a', 'b']))"


# --- digest --------------------------------------------------------------------------------------------------


def test_the_digest_is_the_same_in_each_process():
    program = f"from forkedenc.xml import sanitize; print(*(getattr(sanitize, name).digest() for name in {NAMES}))"
    wanted = " ".join(getattr(sanitize, name).digest() for name in NAMES)
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == wanted


CHANGES = [
    {"on_unknown_element": "error"}, {"on_unknown_attribute": "error"}, {"on_bad_value": "error"}, {"on_limit": "drop"}, {"comments": "keep"}, {"pis": "error"},
    {"doctype": "error"}, {"namespaces": None}, {"max_elements": 5}, {"max_ids": None}, {"ids_need_prefix": True}, {"properties": {"fill"}}, {"functions": ()},
    {"at_rules": ()}, {"denied_elements": ()}, {"denied_attributes": {}}, {"weightless_elements": ()}, {"attributes": {svg("*"): {"fill": Css(max_bytes=9)}}},
]  # fmt: skip


def test_the_digest_tells_of_each_setting_that_matters():
    digests = {sanitize.SVG.replace(**change).digest() for change in CHANGES}
    assert len(digests | {sanitize.SVG.digest()}) == len(CHANGES) + 1


def test_the_digest_tells_grammars_apart():
    grammars = [
        Text(),
        Words(),
        Tokens(),
        Id(),
        Numbers(),
        Numbers(most=2),
        Numbers(units=True),
        Text(max_bytes=1),
        Url(),
        UrlList(),
        Url(relative=True),
    ]
    assert len({Policy(**KEPT, attributes={"a": {"x": grammar}}).digest() for grammar in grammars}) == len(grammars)


def test_neither_name_nor_reasons_are_part_of_the_digest():
    assert sanitize.SVG.replace(name="other", reasons={}).digest() == sanitize.SVG.digest()


# --- explain -------------------------------------------------------------------------------------------------


def test_explain_says_rule_value_and_reason():
    said = sanitize.SVG.explain(svg("use"), XLINK_HREF)
    assert "must be a local reference (#name)" in said
    assert "Why: a reference into the same document" in said
    assert "8,388,608 bytes" in sanitize.SVG.explain(svg("image"), "href")
    assert "always dropped" in sanitize.SVG.explain(svg("rect"), "onClick")
    assert "no rule names it" in sanitize.SVG.explain(svg("rect"), "unheard-of")
    assert "with links=" in sanitize.SVG.explain(svg("a"), "href")
    assert f"(rule fill of {svg('*')})" in sanitize.SVG.explain(svg("rect"), "fill")


def test_explain_says_why_an_element_goes_or_stays():
    assert "drops" in sanitize.SVG.explain(svg("script"))
    assert "runs a script" in sanitize.SVG.explain("{urn:x}SCRIPT")
    assert "runs a script" in sanitize.SVG.explain("script", "href")
    assert "unwraps" in sanitize.SVG.explain(svg("a"))
    assert "it may be the root" in sanitize.SVG.explain(svg("svg"))
    assert "no rule names it" in sanitize.SVG.explain("{urn:x}y")
    assert "refuses a document" in sanitize.SVG.replace(on_unknown_element="error").explain("{urn:x}y")
    assert "its text must be" in sanitize.FEED.explain("link")
    assert "id_prefix=" in sanitize.XHTML.explain(f"{{{XHTML_URI}}}p", "id")


@pytest.mark.parametrize("policy", PRESETS)
def test_each_rule_of_a_preset_has_its_reason(policy):
    sets = ("elements", "denied_elements", "unwrapped_elements", "link_elements")
    rules = {name for setting in sets for name in getattr(policy, setting)}
    rules |= {
        f"{element}/@{name}"
        for table in (policy.attributes, policy.denied_attributes)
        for element in table
        for name in table[element]
    }
    rules |= {f"{element}/text()" for element in policy.text_values}
    assert not rules - set(policy.reasons)
    assert not set(policy.reasons) - rules
    assert all(policy.reasons.values())


# --- what the presets say ------------------------------------------------------------------------------------


def test_svg_lets_nothing_act_or_fetch():
    policy = sanitize.SVG
    for local in [
        "script",
        "handler",
        "listener",
        "foreignObject",
        "iframe",
        "audio",
        "video",
        "canvas",
        "tref",
        "cursor",
        "font-face-uri",
        "discard",
        "metadata",
    ]:
        assert "drops" in policy.explain(svg(local))
    for table in policy.attributes.values():
        assert not any(name.lower().startswith("on") for name in table)
        assert not any(isinstance(value, Text) for value in table.values())
        assert not any(value.schemes or value.relative for value in table.values() if isinstance(value, Url))
        words = table.get("attributeName", Keyword(words={"x"})).words
        assert not words & {"href", "xlink:href", "style", "class", "id", "src", "begin", "numOctaves", "stdDeviation"}
    assert not policy.properties & {
        "position",
        "z-index",
        "behavior",
        "content",
        "src",
        "-moz-binding",
        "width",
        "height",
    }
    assert not policy.functions & {"url", "expression", "src", "image-set", "var", "blur", "drop-shadow", "attr"}
    assert policy.attributes[svg("feTurbulence")]["numOctaves"].maximum == 10
    assert policy.attributes[svg("image")]["href"] == Url(
        data_types={"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp"}, max_bytes=8 << 20
    )


def test_xhtml_has_links_of_the_web_and_of_mail():
    policy = sanitize.XHTML
    link = policy.attributes[f"{{{XHTML_URI}}}a"]["href"]
    assert (link.schemes, link.relative, link.fragment, link.data_types) == (
        {"http", "https", "mailto"},
        True,
        True,
        frozenset(),
    )
    for local in [
        "script",
        "style",
        "form",
        "input",
        "base",
        "meta",
        "link",
        "object",
        "embed",
        "iframe",
        "svg",
        "math",
    ]:
        assert "drops" in policy.explain(f"{{{XHTML_URI}}}{local}")
    for name in ("onclick", "style", "srcdoc", "formaction"):
        assert "dropped" in policy.explain(f"{{{XHTML_URI}}}p", name)


def test_feed_takes_xhtml_by_the_rules_of_xhtml():
    assert sanitize.FEED.elements > sanitize.XHTML.elements
    assert sanitize.FEED.denied_elements >= sanitize.XHTML.denied_elements
    for element, table in sanitize.XHTML.attributes.items():
        assert sanitize.FEED.attributes[element] == table


def test_feed_links_are_of_the_web_in_attributes_and_in_text():
    policy = sanitize.FEED
    assert policy.attributes["{http://www.w3.org/2005/Atom}link"]["href"].schemes == {"http", "https"}
    assert policy.text_values["link"].schemes == {"http", "https"}
    assert not policy.text_values["link"].relative
    assert {"title", "description", "{http://purl.org/rss/1.0/modules/content/}encoded"} <= policy.html_text_elements


def test_plain_takes_out_only_what_a_processor_runs_or_fetches():
    policy = sanitize.PLAIN
    for name in ("script", "{urn:x}iframe", "{http://www.w3.org/2000/09/xmldsig#}Object", f"{{{XHTML_URI}}}style"):
        assert "keeps" in policy.explain(name)
    for name in (
        f"{{{XHTML_URI}}}script",
        svg("IFRAME"),
        "{http://www.w3.org/2001/XInclude}include",
        "{http://www.w3.org/1999/XSL/Transform}x",
    ):
        assert "drops" in policy.explain(name)
    assert "always dropped" in policy.explain(svg("rect"), "onload")
    assert "any text but a URL of javascript or vbscript" in policy.explain("{urn:x}rect", "onload")
    assert "any text" in policy.explain("{http://www.w3.org/2001/XMLSchema}import", "schemaLocation")


def test_soap_is_plain_in_an_envelope():
    assert sanitize.SOAP.doctype == "error"
    assert {name.partition("}")[2] for name in sanitize.SOAP.roots} == {"Envelope"}
    assert sanitize.SOAP.attributes == sanitize.PLAIN.attributes
    assert sanitize.SOAP.denied_elements == sanitize.PLAIN.denied_elements


def test_importing_the_package_makes_no_preset():
    program = """
import sys
from forkedenc.xml import sanitize
assert not any("_presets" in name for name in sys.modules), "a preset was made"
assert "tomllib" not in sys.modules
assert {"SVG", "PLAIN"} <= set(dir(sanitize))
sanitize.SVG
assert "forkedenc.xml.sanitize._presets.feed" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
