"""The cases of tests/cases/xml, by every face that they fit and in every cut."""

import contextlib
from xml.etree.ElementTree import ParseError as StandardParseError

import pytest
from cases import load
from feeding import cuts
from xml_feeding import declarations, pull

import forkedenc
from forkedenc import Limits, xml
from forkedenc.xml import minidom, sax
from forkedenc.xml.etree import ElementTree

CASES = load("xml")
LENGTHS = {"Start": 4, "End": 2, "Text": 2, "Comment": 2, "PI": 3, "Doctype": 4, "Entity": 2}


def cases(condition):
    return pytest.mark.parametrize("case", [case for case in CASES if condition(case)], ids=lambda case: case.name)


def options_of(case):
    return {"limits": Limits(**case.limits), **case.options}


def expected_events(case):
    """The case's events as xml_feeding.plain tells them; an empty public id is none."""
    for kind, *given in case.events:
        fields = [*given, *[None] * (LENGTHS[kind] - 1 - len(given))]
        if kind == "Start":
            yield kind, fields[0], tuple(map(tuple, fields[1])), declarations(fields[2].items())
        else:
            yield kind, *[field or None if kind == "Doctype" else field for field in fields]


def assert_error(case, told):
    """Every field that the case names."""
    names = ("class", "kind", "offset", "line", "column", "path", "limit", "maximum", "observed")
    seen = dict(zip(names, told, strict=True))
    assert {name: seen[name] for name in case.error} == case.error


@cases(lambda case: True)
def test_case_holds_for_every_cut(case):
    for name, chunks in cuts(case.data):
        outcome = pull(chunks, **options_of(case))
        if case.error:
            assert outcome.error, f"{name}: {outcome.events}"
            assert_error(case, outcome.error)
        else:
            assert outcome.error is None, name
            assert outcome.events == list(expected_events(case)), name


@cases(lambda case: case.error)
def test_places_do_not_depend_on_the_cut(case):
    assert len({pull(chunks, **options_of(case)).error for _, chunks in cuts(case.data)}) == 1


@cases(lambda case: case.limits)
def test_one_more_than_a_limit_passes_where_the_limit_is_one_higher(case):
    raised = Limits(**{**case.limits, case.error["limit"]: case.error["observed"]})
    error = pull([case.data], **case.options, limits=raised).error
    # The document may cross it again further on, but no longer there.
    assert error is None or error[2] > case.error.get("offset", -1)


@cases(lambda case: case.limits and case.error["limit"] != "max_stack_bytes")
def test_a_limit_is_an_error_of_every_kind_that_callers_may_catch(case):
    with pytest.raises(forkedenc.LimitError) as found:
        list(xml.events([case.data], **options_of(case)))
    assert isinstance(found.value, xml.ParseError | StandardParseError)
    assert isinstance(found.value, RecursionError) == (case.error["limit"] == "max_depth")


def faces():
    """Faces that read a whole document, and the arguments that the cases may have for them."""
    handler = __import__("xml.sax.handler").sax.handler.ContentHandler
    yield "ElementTree.fromstring", ElementTree.fromstring, True
    yield "sax.parseString", lambda data, **options: sax.parseString(data, handler(), **options), False
    yield "minidom.parseString", minidom.parseString, False


@cases(lambda case: "namespaces" not in case.options)
@pytest.mark.parametrize("name, parse, knows_namespaces", list(faces()), ids=[name for name, *_ in faces()])
def test_other_faces_take_and_refuse_the_same(case, name, parse, knows_namespaces):
    if not knows_namespaces and case.error and pull([case.data], namespaces=False, **options_of(case)).error is None:
        pytest.skip("sax does not look at namespaces unless it is told to")
    if case.error and case.error.get("limit") in ("max_text_bytes", "max_namespaces", "max_namespace_uri_bytes"):
        pytest.skip("what counts there is another run, or nothing without namespaces")
    if name.startswith("ElementTree") and any(event[0] == "Entity" for event in case.events or ()):
        pytest.skip("the standard library's builder refuses what is not read")
    options = {"dtd": "bare", **options_of(case)}
    context = pytest.raises(forkedenc.DecodeError) if case.error else contextlib.nullcontext()
    with context as found:
        parse(case.data, **options)
    if case.error and case.error["kind"] == "limit":
        assert found.value.limit == case.error["limit"]
        assert found.value.offset == case.error.get("offset", found.value.offset)
