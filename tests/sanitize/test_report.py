"""Reports: what went, why and where; bounded, escaped, as data."""

import json
import pickle

import pytest
from cleaning import SVG, picture, pieces, prose, sanitizer, streamed

from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Removal, Report, Sanitizer


def report(policy, data, **options):
    return Sanitizer(policy, **options).clean(data).report


def test_each_kind_of_removal_is_told_in_the_order_of_the_document():
    data = (
        '<!DOCTYPE svg><?p q?><!-- c --><svg xmlns="http://www.w3.org/2000/svg" onload="x">'
        "\n <script>1</script>\n<g><x:y xmlns:x='urn:x'/><rect width='wide' foo='1'/></g><style>a{position:fixed}</style></svg>"
    )
    told = report(sanitize.SVG, data)
    assert [(removal.kind, removal.name, removal.path, removal.rule) for removal in told.removals] == [
        ("doctype", "svg", "", "doctype"),
        ("pi", "p", "", "pi"),
        ("comment", "", "", "comment"),
        ("attribute", "onload", "/svg/@onload", "denied-attribute"),
        ("element", "script", "/svg/script", "denied-element"),
        ("element", "x:y", "/svg/g/x:y", "unknown-element"),
        ("attribute", "width", "/svg/g/rect/@width", "bad-value"),
        ("attribute", "foo", "/svg/g/rect/@foo", "unknown-attribute"),
        ("text", "style", "/svg/style", "style"),
    ]
    assert dict(told.counts) == {"doctype": 1, "pi": 1, "comment": 1, "attribute": 3, "element": 2, "text": 1}
    assert told.removed == 9
    assert told.changed
    assert not told.truncated


def test_offset_line_and_column_are_where_expat_puts_them():
    data = picture("\n <g>é😀<script/></g>\r\n\t<rect onclick='x'/><!--c-->")
    encoded = data.encode()
    told = {
        removal.name: (removal.offset, removal.line, removal.column) for removal in report(sanitize.SVG, data).removals
    }
    assert told == {
        "script": (encoded.index(b"<script"), 2, 7),
        "onclick": (encoded.index(b"<rect"), 3, 2),
        "": (encoded.index(b"<!--"), 3, 21),
    }


def test_places_count_from_the_start_of_a_stream_and_in_its_own_bytes():
    data = ("\ufeff" + picture("<g/>\n<script/>")).encode("utf-16-le")
    removal = report(sanitize.SVG, data).removals[0]
    assert removal.offset == data.index("<script".encode("utf-16-le"))
    assert (removal.line, removal.column) == (2, 1)


def test_siblings_are_numbered_and_paths_cut():
    told = report(sanitize.SVG, picture("<g/><g><script/><script/></g><g onclick='x'/>")).removals
    assert [removal.path for removal in told] == ["/svg/g[2]/script", "/svg/g[2]/script[2]", "/svg/g[3]/@onclick"]
    deep = report(sanitize.SVG, picture("<g>" * 500 + "<script/>" + "</g>" * 500)).removals[0]
    assert len(deep.path) <= 1024 + 8


def test_a_report_tells_the_first_thousand_and_counts_the_rest():
    data = picture("<script/>" * 2500 + "<g onclick='x'/>" * 10)
    told = report(sanitize.SVG, data)
    assert len(told.removals) == 1000
    assert dict(told.counts) == {"element": 2500, "attribute": 10}
    assert told.removed == 2510
    assert told.truncated
    assert told.to_text().splitlines()[-1] == "removed: 2500 element, 10 attribute; the first 1000 are shown"
    exactly = report(sanitize.SVG, picture("<script/>" * 1000))
    assert not exactly.truncated
    assert report(sanitize.SVG, picture("<script/>" * 1001)).truncated


def test_what_is_in_something_that_goes_is_not_told_by_itself():
    told = report(sanitize.SVG, picture("<script onload='x'><!--c--><?p?><g onclick='y'/>text</script>"))
    assert [removal.name for removal in told.removals] == ["script"]


@pytest.mark.parametrize(
    "data",
    [
        picture("<g/>"),
        picture("<g></g>"),
        picture("<rect  x='1'\n y='2' />"),
        picture("<text>a<![CDATA[b]]>&#99;</text>"),
        f"<?xml version='1.0' encoding='utf-8'?>\n{picture('')}\n",
        f"<s:svg xmlns:s='{SVG}' ><s:g/></s:svg >",
        picture("<g/>").replace('"', "'"),
    ],
)
def test_what_only_the_spelling_changes_is_no_change(data):
    told = report(sanitize.SVG, data)
    assert not told.changed
    assert not told.removed
    assert told.to_text() == "removed: nothing"


def test_what_is_written_otherwise_is_a_change_without_a_removal():
    for data, options in (
        (picture("<g id=' a '/>"), {}),
        (picture("<g id='a'/>"), {"id_prefix": "u-"}),
        (picture("<style>a { fill : red }</style>"), {}),
        (picture("<a href='https://x/'/>"), {"links": ["https"]}),
    ):
        told = report(sanitize.SVG, data, **options)
        assert told.changed, data
        assert not told.removed
    assert report(sanitize.XHTML, prose("<a href='/x' target='_blank'/>")).changed


def test_a_report_is_plain_data_and_json():
    told = report(sanitize.SVG, picture("<script/><g onclick='x'/>"))
    data = told.as_dict()
    assert list(data) == ["changed", "removed", "counts", "truncated", "removals"]
    assert data["removals"][0] == {
        "kind": "element",
        "name": "script",
        "path": "/svg/script",
        "offset": picture("").index("</svg>"),
        "line": 1,
        "column": picture("").index("</svg>") + 1,
        "rule": "denied-element",
    }
    assert json.loads(told.to_json()) == data
    assert "\n" not in told.to_json()
    json.dumps(data)


def test_a_report_for_people_has_a_line_for_each_removal():
    told = report(sanitize.SVG, picture("\n<script/>\n<!--x-->"))
    assert told.to_text().splitlines() == [
        "2:1: element script (denied-element) at /svg/script",
        "3:1: comment - (comment) at /svg",
        "removed: 1 element, 1 comment",
    ]


@pytest.mark.parametrize("hidden", ["\u202e", "\u200f", "\u2066", "\u2028", "\u0085", "\u200b", "\ufeff", "\u009b"])
def test_characters_that_turn_or_hide_text_are_escaped_in_reports(hidden):
    # Names can hold none of them, but the two that Unicode joins with; values and comments are not told.
    told = report(sanitize.SVG, picture(f"<!--{hidden}--><?p {hidden}?><g foo='{hidden}'/><text>{hidden}</text>"))
    for shown in (told.to_text(), told.to_json()):
        assert hidden not in shown


def test_a_name_of_thousands_of_characters_is_cut():
    told = report(sanitize.SVG, picture(f"<{'a' * 4000}/>"))
    assert len(told.removals[0].name) <= 1040
    assert len(told.removals[0].path) <= 1040


def test_reports_are_frozen_and_can_be_compared_and_pickled():
    told = report(sanitize.SVG, picture("<script/>"))
    again = report(sanitize.SVG, picture("<script/>"))
    assert told == again
    with pytest.raises(AttributeError):
        told.changed = False
    with pytest.raises(TypeError):
        told.counts["element"] = 0
    with pytest.raises(AttributeError):
        told.removals[0].kind = "x"
    assert pickle.loads(pickle.dumps(told.removals[0])) == told.removals[0]
    assert Removal.__module__.startswith("forkedenc.xml")
    assert isinstance(told, Report)


def test_a_stream_tells_what_it_has_taken_out_so_far():
    stream = sanitizer(sanitize.SVG).stream(lambda _: None)
    assert stream.report.removed == 0
    stream.feed(picture("<script/>").encode()[:-6])
    assert stream.report.removed == 1
    stream.feed(b"<script/></svg>")
    stream.close()
    assert stream.report.removed == 2


@pytest.mark.parametrize("size", [1, 2, 7])
def test_reports_do_not_depend_on_chunks(size):
    data = picture(
        "\n<script>é</script><g onclick='x' fill='url(//e/)'>t<!--c--></g><style>a{b:c}/*</style>\n<rect foo='1'/>"
    ).encode()
    whole = sanitizer(sanitize.SVG).clean(data)
    assert streamed(sanitizer(sanitize.SVG), pieces(data, size)) == (whole.data, whole.report.as_dict(), None)
