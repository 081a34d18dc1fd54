"""The cases of tests/cases, by every face and in every cut."""

import pytest
from cases import load
from feeding import cuts, outcome, stream_outcome

from forkedenc import Limits, json

CASES = load("json")
by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def options_of(case):
    return {"limits": Limits(**case.limits), **case.options}


def assert_error(expected, came):
    """Every field that the case names."""
    names = ("class", "kind", "offset", "line", "column", "path", "limit", "maximum", "observed")
    seen = dict(zip(names, came, strict=True))
    assert {name: seen[name] for name in expected} == expected


@by_name
def test_case_holds_in_one_call(case):
    if case.framing:
        pytest.skip("a stream")
    kind, came = outcome(lambda: json.Decoder(**options_of(case)).decode(case.data))
    if case.error:
        assert kind == "error"
        assert_error(case.error, came)
    else:
        assert [came] == case.expected


@by_name
def test_case_holds_for_every_cut(case):
    framing = case.framing or "concatenated"
    for name, chunks in cuts(case.data):
        values, error = stream_outcome(json.StreamDecoder(framing=framing, **options_of(case)), chunks)
        if not case.framing and case.error and case.error.get("kind") == "extra_data":
            continue  # what follows a document is the next one in a stream
        if case.framing or not case.error:
            assert list(values) == case.expected, name
        if case.error:
            assert error, f"{name}: {values}"
            assert_error(case.error, error)
        else:
            assert error is None, name


@pytest.mark.parametrize("case", [case for case in CASES if case.limits], ids=lambda case: case.name)
def test_one_more_than_a_limit_passes_where_the_limit_is_one_higher(case):
    name = case.error["limit"]
    raised = Limits(**{**case.limits, name: case.error["observed"]})
    decoder = json.StreamDecoder(framing=case.framing or "concatenated", limits=raised, **case.options)
    _, error = stream_outcome(decoder, [case.data])
    # The document may cross it again further on, but no longer there.
    assert error is None or error[2] > case.error["offset"]
