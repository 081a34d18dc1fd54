"""Typed decoding and encoding of whatever types and documents there are, beside the plain reference of tests/support."""

import datetime as dt
import decimal
import json as stdlib
import uuid
from functools import partial

import pytest
import schema_reference
import schema_strategies as drawn
from hypothesis import HealthCheck, given, settings, strategies as st
from schema_reference import MisfitError, equal

from forkedenc import ValidationError, json
from forkedenc._errors import shown_path

patient = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def fed(kind, data, size):
    """The values of a stream that is fed pieces of this size."""
    stream = json.StreamDecoder(kind)
    values = [value for at in range(0, len(data), size) for value in stream.feed(data[at : at + size])]
    return values + stream.close()


def decoded(kind, document):
    """The value of a parsed document."""
    return json.decode(stdlib.dumps(document), kind)


def outcome(decode):
    """The value, or the path to what does not fit."""
    try:
        return ("value", decode())
    except (ValidationError, MisfitError) as error:
        return ("misfit", shown_path(error.path))


@patient
@given(drawn.cases(), st.integers(1, 9))
def test_a_document_decodes_to_the_value_drawn_at_any_cut(case, size):
    assert equal(json.decode(case.data, case.hint), case.value)
    (value,) = fed(case.hint, case.data, size)
    assert equal(value, case.value)


@patient
@given(drawn.cases())
def test_what_is_encoded_decodes_to_the_same_value(case):
    value = json.decode(case.data, case.hint)
    assert equal(json.decode(json.encode(value), case.hint), case.value)


@patient
@given(drawn.cases(drawn.class_types()))
def test_an_object_of_a_class_with_a_rest_has_lost_nothing_when_encoded(case):
    back = stdlib.loads(json.encode(json.decode(case.data, case.hint)))
    if isinstance(case.value, dict) or not hasattr(case.value, "rest"):
        return
    assert set(back) >= set(case.document)
    for key, value in case.value.rest.items():
        assert equal(back[key], stdlib.loads(json.encode(value)))
    assert list(back)[len(back) - len(case.value.rest) :] == list(case.value.rest)


@patient
@given(st.data())
def test_what_does_not_fit_is_refused_where_the_reference_refuses_it(data):
    case = data.draw(drawn.cases())
    document = data.draw(drawn.misfits(case.document))
    text = data.draw(drawn.texts(document))
    expected = outcome(lambda: schema_reference.decode(case.hint, document))
    for got in (
        outcome(lambda: json.decode(text, case.hint)),
        outcome(lambda: fed(case.hint, text + b"\n", 1)[0]),
    ):
        assert equal(got, expected)


@pytest.mark.parametrize("kind", [int, bytes, decimal.Decimal, dt.datetime, dt.date, dt.time, dt.timedelta, uuid.UUID])
def test_what_is_nearly_a_scalar_is_one_for_decoder_and_reference_or_for_neither(kind):
    for text in drawn.NEARLY:
        cases = [(kind, text)] if kind is bytes else [(kind, text), (dict[kind, int], {text: 1})]
        for case in cases:
            got, expected = outcome(partial(decoded, *case)), outcome(partial(schema_reference.decode, *case))
            assert equal(got, expected), (text, got, expected)
