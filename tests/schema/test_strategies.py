"""What the strategies draw: every type compiles, and every document stands for the value drawn with it."""

import datetime as dt
import decimal
import json as stdlib
import uuid

import pytest
import schema_reference
import schema_strategies as drawn
from hypothesis import HealthCheck, given, settings
from schema_reference import MisfitError, equal

from forkedenc import _schema

slow = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slow
@given(drawn.cases())
def test_a_drawn_document_stands_for_its_value(case):
    assert equal(schema_reference.decode(case.hint, case.document), case.value)


@slow
@given(drawn.cases(drawn.class_types()))
def test_the_bytes_of_a_drawn_class_are_its_document(case):
    assert equal(stdlib.loads(case.data), case.document)


@slow
@given(drawn.class_types())
def test_a_drawn_class_has_one_shape_for_both_directions(own):
    schema = _schema.compile(own.hint)
    there, back = schema.shapes[schema.nodes[schema.root][1]], _schema.shape_of(own.hint)
    assert [(one.name, one.wire, one.required) for one in there.fields] == [
        (one.name, one.wire, one.required) for one in back.fields
    ]
    assert (there.rest is None) == (back.rest is None)


@pytest.mark.parametrize(
    "kind, document, path",
    [
        (int, True, ""),
        (float, True, ""),
        (list[int], [1, "x"], "/1"),
        (dict[str, list[int]], {"a/b": [1, None]}, "/a~1b/1"),
        (dict[int, int], {"01": 1}, "/01"),
        (dict[int, int], {"-0": 1}, "/-0"),
        (tuple[int, str], [1], ""),
        (int | None, "x", ""),
    ],
)
def test_the_reference_refuses_what_does_not_fit(kind, document, path):
    with pytest.raises(MisfitError) as caught:
        schema_reference.decode(kind, document)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "kind, document, path",
    [
        (dict[int, int], {"a": None}, "/a"),
        (dict[int, dict[str, int]], {"": {"": None}}, "/"),
        (dict[int, list[int]], {"1": [1], "b": [2, "x"]}, "/b"),
        (dict[int, dict[int, int]], {"1": {"a": None}}, "/1/a"),
    ],
)
def test_the_reference_refuses_a_key_before_what_stands_behind_it(kind, document, path):
    with pytest.raises(MisfitError) as caught:
        schema_reference.decode(kind, document)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "kind, text",
    [
        (dt.timedelta, ""),
        (dt.timedelta, "1"),
        (dt.time, "12"),
        (dt.date, "20200229"),
        (dt.datetime, "2020-02-29"),
        (decimal.Decimal, "\uff11"),
        (decimal.Decimal, "NaN"),
        (bytes, "AB=="),
        (uuid.UUID, "0" * 31 + "-0"),
    ],
)
def test_the_reference_refuses_a_text_that_only_the_standard_library_takes(kind, text):
    with pytest.raises(MisfitError):
        schema_reference.decode(kind, text)
