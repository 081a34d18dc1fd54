"""Limits of the sanitizer: one under passes, one over fails at the same byte however the input is cut; or what is over goes."""

import subprocess
import sys

import pytest
from cleaning import PNG, SVG, attributes, checked, names, picture, pieces, rss, sanitizer, streamed, text

import forkedenc
from forkedenc import Limits
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import PLAIN, Sanitizer

KIB, MIB = 1 << 10, 1 << 20
DROPPING = PLAIN.replace(on_limit="drop")

# limit, document, the least maximum that lets it through, the offset of the byte that is one too many
CASES = [
    ("max_document_bytes", b"<a>12345</a>", 12, 11),
    ("max_depth", b"<a><b><c/></b></a>", 3, 6),
    ("max_name_bytes", b"<a><bcdef/></a>", 5, 8),
    ("max_distinct_names", b"<a><b c='1'/><b d='2'/></a>", 4, 16),
    ("max_attributes", b"<a b='1' c='2' d='3'/>", 3, 15),
    ("max_attribute_bytes", b"<a b='12&amp;4&#xe9;x'/>", 7, 20),
    ("max_attributes_bytes", b"<a b='12' c='345'/>", 7, 15),
    ("max_namespaces", b"<a xmlns:b='u' xmlns:c='v'/>", 2, 15),
    ("max_namespace_uri_bytes", b"<a xmlns='urn:a'/>", 5, 14),
    ("max_children", b"<a><b/><c/><d/></a>", 3, 11),
    ("max_comment_bytes", b"<a><!--1234--></a>", 4, 10),
    ("max_pi_bytes", b"<a><?bc d?></a>", 4, 8),
    ("max_doctype_bytes", b"<!DOCTYPE a [ ]><a/>", 16, 15),
    ("max_entities", b"<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d 'e'>]><a/>", 2, None),
    ("max_entity_depth", b"<!DOCTYPE a [<!ENTITY b '&c;'><!ENTITY c 'd'>]><a>&b;</a>", 2, None),
    ("max_entity_expansions", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;&b;</a>", 2, None),
    ("max_expanded_bytes", b"<!DOCTYPE a [<!ENTITY b 'cdef'>]><a>&b;&b;</a>", 8, None),
]


@pytest.mark.parametrize("limit, data, least, offset", CASES)
def test_one_under_passes_and_one_over_fails_at_one_byte_however_it_is_cut(limit, data, least, offset):
    enough = Sanitizer(PLAIN, limits=Limits(**{limit: least}))
    expected = enough.clean(data)
    tight = Sanitizer(PLAIN, limits=Limits(**{limit: least - 1}))
    errors = set()
    for size in (1, 2, 5, len(data)):
        assert streamed(enough, pieces(data, size)) == (expected.data, expected.report.as_dict(), None)
        errors.add(streamed(tight, pieces(data, size)).error)
    with pytest.raises(forkedenc.LimitError) as caught:
        tight.clean(data)
    error = caught.value
    assert (error.limit, error.maximum) == (limit, least - 1)
    assert error.observed >= least
    if offset is not None:
        assert error.offset == offset
    assert len(errors) == 1
    assert errors.pop()[2] == error.offset


@pytest.mark.parametrize(
    "policy, data",
    [
        (sanitize.SVG, picture("<style>a{fill:red}</style>")),
        (sanitize.FEED, rss("<title>a&amp;b<![CDATA[c]]>d</title>")),
    ],
)
def test_text_that_is_held_has_a_limit_and_other_text_has_none(policy, data):
    held = "a{fill:red}" if policy is sanitize.SVG else "a&bcd"
    encoded = data.encode()
    assert (
        Sanitizer(policy, limits=Limits(max_text_bytes=len(held))).clean(data).data
        == sanitizer(policy).clean(data).data
    )
    tight = Sanitizer(policy, limits=Limits(max_text_bytes=len(held) - 1))
    errors = {streamed(tight, pieces(encoded, size)).error for size in (1, 3, len(encoded))}
    assert len(errors) == 1
    error = errors.pop()
    assert error[6:] == ("max_text_bytes", len(held) - 1, len(held))
    assert encoded[error[2] : error[2] + 1] == (b"}" if policy is sanitize.SVG else b"d")
    Sanitizer(PLAIN, limits=Limits(max_text_bytes=1)).clean("<a>a text that is not held</a>")


@pytest.mark.parametrize("count, taken", [(100, True), (101, False)])
def test_a_hundred_entities_may_be_declared_whatever_the_limits_say(count, taken):
    subset = "".join(f'<!ENTITY e{number} "x">' for number in range(count))
    data = f"<!DOCTYPE svg [{subset}]>{picture('<text>&e0;</text>')}"
    for limits in (None, Limits(), Limits.unlimited(), Limits(max_entities=5000)):
        made = Sanitizer(sanitize.SVG, limits=limits)
        if taken:
            assert text(made.clean(data).data) == "x"
            continue
        with pytest.raises(forkedenc.LimitError) as caught:
            made.clean(data)
        assert (caught.value.limit, caught.value.maximum) == ("max_entities", 100)


@pytest.mark.parametrize("count, taken", [(64, True), (65, False)])
def test_entities_expand_to_sixty_four_kib_whatever_the_limits_say(count, taken):
    data = f'<!DOCTYPE svg [<!ENTITY e "{"x" * KIB}">]>{picture("<text>" + "&e;" * count + "</text>")}'
    for limits in (None, Limits.unlimited()):
        made = Sanitizer(sanitize.SVG, limits=limits)
        if taken:
            assert len(text(made.clean(data).data)) == 64 * KIB
            continue
        with pytest.raises(forkedenc.LimitError) as caught:
            made.clean(data)
        assert (caught.value.limit, caught.value.maximum) == ("max_expanded_bytes", 64 * KIB)


def test_tighter_limits_of_the_caller_hold_for_entities_too():
    data = f"<!DOCTYPE svg [<!ENTITY a 'x'><!ENTITY b 'y'>]>{picture('&a;&b;')}"
    for limits in (Limits(max_entities=1), Limits(max_expanded_bytes=1), Limits.strict()):
        with pytest.raises(forkedenc.LimitError):
            Sanitizer(sanitize.SVG, limits=limits).clean(data)


def test_an_embedded_picture_has_eight_mib_and_other_attributes_half_a_mib():
    start = "data:image/png;base64,"
    inside = start + "A" * (8 * MIB - len(start))
    assert (
        attributes(sanitizer(sanitize.SVG).clean(picture(f'<image href="{inside}"/>')).data, "image")["href"] == inside
    )
    for body, maximum in (
        (f'<image href="{inside}A"/>', 8 * MIB),
        (f'<path d="{" " * (512 * KIB + 1)}"/>', 512 * KIB),
        (f'<use href="{inside}"/>', 512 * KIB),
    ):
        data = picture(body)
        with pytest.raises(forkedenc.LimitError) as caught:
            sanitizer(sanitize.SVG).clean(data)
        assert (caught.value.limit, caught.value.maximum) == ("max_attribute_bytes", maximum)
        assert caught.value.offset == data.index('="', data.index("<", 5)) + 2 + maximum
    assert sanitizer(sanitize.SVG).clean(picture(f'<path d="{" " * (512 * KIB)}"/>')).data


def test_a_caller_who_asks_for_less_gets_less_for_pictures_too():
    made = Sanitizer(sanitize.SVG, limits=Limits(max_attribute_bytes=1000))
    with pytest.raises(forkedenc.LimitError) as caught:
        made.clean(picture(f'<image href="{PNG}{"A" * 1000}"/>'))
    assert caught.value.maximum == 1000


# --- what is over goes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    "limits, data, left, removal",
    [
        (
            Limits(max_attribute_bytes=4),
            "<a b='1234' c='12345' d='é3'><e/></a>",
            '<a b="1234" d="é3"><e/></a>',
            ("attribute", "c", "/a/@c"),
        ),
        (Limits(max_attribute_bytes=4), "<a c='12&amp;45'/>", "<a/>", ("attribute", "c", "/a/@c")),
        (Limits(max_attribute_bytes=4), "<a c='123é' d='1'/>", '<a d="1"/>', ("attribute", "c", "/a/@c")),
        (
            Limits(max_comment_bytes=4),
            "<a>b<!--12345-->c<!--1234--></a>",
            "<a>bc<!--1234--></a>",
            ("comment", "", "/a"),
        ),
        (Limits(max_pi_bytes=4), "<a>b<?cd efg?>h</a>", "<a>bh</a>", ("pi", "cd", "/a")),
    ],
)
def test_what_is_over_its_limit_goes_and_the_rest_stays(limits, data, left, removal, size):
    policy = DROPPING.replace(pis="keep")
    made = Sanitizer(policy, limits=limits)
    cleaned = made.clean(data)
    assert cleaned.data.decode() == left
    found = cleaned.report.removals[0]
    assert (found.kind, found.name, found.path, found.rule) == (*removal, "limit")
    assert len(cleaned.report.removals) == 1
    assert streamed(made, pieces(data.encode(), size)) == (cleaned.data, cleaned.report.as_dict(), None)
    assert checked(made, data)
    with pytest.raises(forkedenc.LimitError):
        Sanitizer(policy.replace(on_limit="error"), limits=limits).clean(data)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_text_that_is_judged_as_a_whole_and_over_its_limit_goes(size):
    for policy, data in (
        (sanitize.SVG, picture("<g/><style>a{fill:red}b{fill:blue}</style><rect/>")),
        (sanitize.FEED, rss("<title>a long title</title><link>https://a/</link>")),
    ):
        made = Sanitizer(policy.replace(on_limit="drop"), limits=Limits(max_text_bytes=10))
        cleaned = made.clean(data)
        assert "long" not in text(cleaned.data)
        assert "fill" not in text(cleaned.data)
        removal = cleaned.report.removals[0]
        assert (removal.kind, removal.rule) == ("text", "limit")
        assert streamed(made, pieces(data.encode(), size)) == (cleaned.data, cleaned.report.as_dict(), None)


def test_other_limits_are_not_for_dropping():
    for limits, data in (
        (Limits(max_namespace_uri_bytes=10), "<a xmlns='urn:a-long-name'/>"),
        (Limits(max_namespace_uri_bytes=10), "<a xmlns:b='urn:a-long-name' b:c='d'/>"),
        (Limits(max_depth=2), "<a><b><c/></b></a>"),
        (Limits(max_name_bytes=3), "<a><long/></a>"),
        (Limits(max_attributes=1), "<a b='1' c='2'/>"),
        (Limits(max_document_bytes=5), "<a>bcdef</a>"),
        (Limits(max_doctype_bytes=5), "<!DOCTYPE a><a/>"),
    ):
        with pytest.raises(forkedenc.LimitError):
            Sanitizer(DROPPING, limits=limits).clean(data)


def test_an_attribute_that_goes_is_still_one_of_the_tag():
    made = Sanitizer(DROPPING, limits=Limits(max_attribute_bytes=4))
    with pytest.raises(forkedenc.xml.ParseError):
        made.clean("<a b='12345' b='1'/>")
    with pytest.raises(forkedenc.xml.ParseError):
        made.clean("<a b='12345<'/>")
    with pytest.raises(forkedenc.xml.ParseError):
        made.clean("<a b='12345&nope;'/>")
    with pytest.raises(forkedenc.DecodeError):
        made.clean(b"<a b='12345\xff'/>")


def test_a_long_attribute_that_would_go_anyway_is_told_by_its_own_rule_or_the_limit():
    made = Sanitizer(sanitize.SVG.replace(on_limit="drop"), limits=Limits(max_attribute_bytes=30))
    cleaned = made.clean(
        f'<svg xmlns="{SVG}" onload="{"x" * 100}" foo="{"y" * 100}" d="{"z" * 100}"><animate attributeName="{"x" * 100}"/><g id="{"i" * 100}"/></svg>'
    )
    assert {removal.name for removal in cleaned.report.removals} == {"onload", "foo", "d", "animate", "id"}
    assert names(cleaned.data) == ["g"]
    assert b"xx" not in cleaned.data


def test_twenty_mebibytes_of_one_attribute_are_passed_by():
    made = Sanitizer(sanitize.SVG.replace(on_limit="drop"))
    out = []
    with made.stream(out.append) as stream:
        stream.feed(picture("<g/>").encode()[:-6] + b'<path d="M0 0')
        for _ in range(20):
            stream.feed(b" L1 2" * (MIB // 5))
        stream.feed(b'"/><rect/><!--')
        for _ in range(20):
            stream.feed(b"x" * MIB)
        stream.feed(b"--></svg>")
    data = b"".join(out)
    assert len(data) < 1000
    assert names(data) == ["g", "path", "rect"]
    assert {removal.rule for removal in stream.report.removals} == {"limit", "comment"} or stream.report.counts == {
        "attribute": 1,
        "comment": 1,
    }


CHILD = """
import resource, sys
from forkedenc.xml.sanitize import SVG, PLAIN, Sanitizer
kind = sys.argv[1]
policy = SVG if kind == "attribute" else PLAIN.replace(pis="keep")
made = Sanitizer(policy.replace(on_limit="drop"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, end = {
    "attribute": (b'<svg xmlns="http://www.w3.org/2000/svg"><path d="', b'"/></svg>'),
    "comment": (b"<a><!--", b"--></a>"),
    "pi": (b"<a><?b ", b"?></a>"),
    "text": (b"<a>", b"</a>"),
}[kind]
written = 0
def write(data):
    global written
    written += len(data)
chunk = b" L1 2" * 13107
with made.stream(write) as stream:
    stream.feed(start)
    for _ in range(200_000_000 // len(chunk)):
        stream.feed(chunk)
    stream.feed(end)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, written)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="resource is POSIX")
@pytest.mark.parametrize("kind", ["attribute", "comment", "pi", "text"])
def test_two_hundred_megabytes_of_one_token_take_no_memory(kind):
    done = subprocess.run([sys.executable, "-c", CHILD, kind], capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    grown, written = map(int, done.stdout.split())
    assert grown < 16 * KIB, f"{grown} KiB"
    assert (written > 190_000_000) == (kind == "text")


def test_limits_that_are_none_are_refused_when_the_sanitizer_is_made():
    for limits in (5, "x", {"max_depth": 1}):
        with pytest.raises(TypeError):
            Sanitizer(PLAIN, limits=limits)
    with pytest.raises(TypeError):
        Sanitizer("svg")
    with pytest.raises(TypeError):
        Sanitizer(PLAIN, html_text="x")


def test_depth_is_an_error_that_old_code_catches():
    with pytest.raises(RecursionError):
        sanitizer(PLAIN).clean("<a>" * 1001 + "</a>" * 1001)
    with pytest.raises(forkedenc.xml.ParseError):
        sanitizer(PLAIN).clean("<a>" * 1001 + "</a>" * 1001)
