"""URLs in values, read as a browser reads them, under policies made for the purpose."""

import pytest
from cleaning import attributes, clean

from forkedenc.xml.sanitize import Policy, Sanitizer, Text, Url, UrlList


def policy(value):
    return Policy(roots={"a"}, elements={"a"}, attributes={"a": {"u": value}})


def judged(value, url):
    """The attribute's value in the output; None where it went."""
    quoted = url.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    quoted = quoted.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")
    return attributes(clean(policy(value), f'<a u="{quoted}"/>'), "a").get("u")


WEB = Url(schemes={"http", "https"})
RELATIVE = Url(schemes={"https"}, relative=True)
LOCAL = Url(fragment=True)
DATA = Url(data_types={"image/png", "image/gif"})


@pytest.mark.parametrize(
    "url, written",
    [
        ("https://a/b?c=d&e#f", "https://a/b?c=d&e#f"),
        ("HTTPS://A/", "HTTPS://A/"),
        (" \n https://a/ \t", "https://a/"),
        ("ht\ntps:\t//a/\r", "https://a/"),
        ("https:a", "https:a"),
        ("http:\\\\a\\", "http:\\\\a\\"),
        ("https://a/<b>'\"", "https://a/<b>'\""),
        ("https://\u00e9/\u65e5", "https://\u00e9/\u65e5"),
        ("javascript:alert(1)", None),
        ("//a/", None),
        ("\\\\a", None),
        ("/\\a", None),
        ("/a", None),
        ("a", None),
        ("?a", None),
        ("#a", None),
        ("", None),
        ("httpss://a/", None),
        ("http", None),
        (":a", None),
        ("1http://a/", None),
        ("h\u0130ttp://a/", None),
        ("\uff48ttp://a/", None),
        ("data:image/png,x", None),
        ("https://a/\u200b", None),
        ("https://a/\u202e", None),
        ("https://a/\u00a0", None),
        ("https://a/\u00ad", None),
        ("https://a/\x7f", None),
        ("https://a/\ufeff", None),
    ],
)
def test_a_url_of_the_web_needs_one_of_its_schemes(url, written):
    assert judged(WEB, url) == written


@pytest.mark.parametrize(
    "url, written",
    [
        ("", ""),
        ("a/b", "a/b"),
        ("/a", "/a"),
        ("./a:b", "./a:b"),
        ("?a:b", "?a:b"),
        ("//a/", "//a/"),
        ("#", "#"),
        ("#a", "#a"),
        ("https://a", "https://a"),
        ("\t#\na", "#a"),
        ("http://a", None),
        ("a:b", None),
        ("java\tscript:x", None),
        ("\u200bjavascript:x", None),
        ("#a b", None),
        ("#<x>", None),
    ],
)
def test_a_relative_url_has_no_scheme_before_its_first_colon(url, written):
    assert judged(RELATIVE, url) == written


def test_a_host_without_a_scheme_needs_a_policy_that_lets_hosts_in():
    inside = Url(relative=True)
    for url in ("//a", "\\\\a", "/\\a", "\\/a", " //a", "/\n/a", "\t\\\t/a"):
        assert judged(inside, url) is None
    assert judged(inside, "/a//b") == "/a//b"


@pytest.mark.parametrize(
    "url, written",
    [("#a", "#a"), (" #a ", "#a"), ("#a-b.c", "#a-b.c"), ("#\u00e9", "#\u00e9"), ("#", None), ("a#b", None), ("", None), ("#a(b)", None), ("#a'b", None), ("##a", None), ("#" + "a" * 5000, None)],
)  # fmt: skip
def test_a_local_reference_is_a_number_sign_and_an_id(url, written):
    assert judged(LOCAL, url) == written


@pytest.mark.parametrize(
    "url, kept",
    [
        ("data:image/png;base64,iVBORw0KGgo=", True),
        ("data:image/png,%89PNG", True),
        ("DATA:image/GIF;BASE64,aa", True),
        ("data:image/png,", True),
        ("data:image/jpeg,a", False),
        ("data:image/svg+xml,a", False),
        ("data:image/png;charset=utf-8,a", False),
        ("data:image/png;base64;x,a", False),
        ("data: image/png,a", False),
        ("data:image/png ,a", False),
        ("data:,a", False),
        ("data:image/png", False),
        ("data:image/png;base64", False),
        ("data:text/html;image/png,a", False),
        ("data:image/png,<svg>", False),
        ("data:image/png,'\"", False),
        ("data:image/png,\u00e9", False),
        ("data:image/png/../svg,a", False),
    ],
)
def test_a_data_url_is_of_a_listed_type_and_has_no_other_parameters(url, kept):
    assert (judged(DATA, url) is not None) == kept


def test_each_url_of_a_list_is_judged_and_one_bad_one_takes_the_list_along():
    spaces = UrlList(schemes={"https"})
    assert judged(spaces, "https://a  https://b\nhttps://c") == "https://a https://b https://c"
    assert judged(spaces, "https://a javascript:x") is None
    commas = UrlList(schemes={"https"}, separator=",")
    assert judged(commas, "https://a, https://b") == "https://a,https://b"
    assert judged(commas, "https://a,//b") is None


@pytest.mark.parametrize(
    "value, kept",
    [
        ("javascript:x", False),
        ("JAVASCRIPT:x", False),
        (" \n javascript : x", False),
        ("\u200bjava\u00adscript:x", False),
        ("java\tscript:x", False),
        ("javascript\u2028:x", False),
        ("javascript", True),
        ("javascripts:x", True),
        ("a javascript:x", True),
        ("see: javascript:x", True),
        ("https://a/", True),
        ("", True),
        ("\u0130javascript:x", True),
    ],
)
def test_text_that_some_reader_takes_for_a_script_goes(value, kept):
    assert (judged(Text(refused_schemes={"javascript"}), value) == value) == kept


def test_a_url_is_kept_up_to_its_bytes_and_no_further():
    value = Url(schemes={"https"}, max_bytes=20)
    assert judged(value, "https://" + "a" * 12) is not None
    assert judged(value, "https://" + "a" * 13) is None
    assert judged(value, "https://" + "\u00e9" * 7) is None
    removal = Sanitizer(policy(value)).clean(f'<a u="https://{"a" * 13}"/>').report.removals[0]
    assert (removal.kind, removal.name, removal.path, removal.rule) == ("attribute", "u", "/a/@u", "max-bytes")


def test_white_space_inside_a_url_is_taken_out_as_browsers_do_and_told_as_a_change():
    cleaned = Sanitizer(policy(WEB)).clean('<a u="ht&#10;tps://a/"/>')
    assert cleaned.data == b'<a u="https://a/"/>'
    assert cleaned.report.changed
    assert not cleaned.report.removals
