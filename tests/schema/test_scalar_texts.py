"""Scalars that JSON has no kind for, written: their texts, what has none, and that they read back."""

import datetime as dt
import decimal
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from leaks import (
    assert_failures_leave_no_objects,
    assert_repetition_leaves_no_objects,
    failures,
    no_collector,
    wants_testcapi,
)

import forkedenc
from forkedenc import json

UTC = dt.UTC
OFFSETS = (
    st.none() | st.just(UTC) | st.integers(-1439, 1439).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
)


@pytest.mark.parametrize(
    "value, written",
    [
        (dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC), "2024-05-06T07:08:09Z"),
        (dt.datetime(24, 1, 1, 1, 2, 3, 4), "0024-01-01T01:02:03.000004"),
        (dt.datetime(2024, 5, 6, tzinfo=dt.timezone(-dt.timedelta(hours=5, minutes=30))), "2024-05-06T00:00:00-05:30"),
        (dt.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo")), "2024-07-01T00:00:00+02:00"),
        (dt.datetime(2024, 7, 1, tzinfo=dt.timezone(dt.timedelta(0), "GMT")), "2024-07-01T00:00:00Z"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        (dt.time(7, 8, 9, 250_000), "07:08:09.250000"),
        (dt.time(7, 8, 9, tzinfo=UTC), "07:08:09Z"),
        (dt.timedelta(days=1, seconds=3661, microseconds=5), "P1DT1H1M1.000005S"),
        (dt.timedelta(0), "PT0S"),
        (-dt.timedelta(milliseconds=500), "-PT0.5S"),
        (dt.timedelta.max, "P999999999DT23H59M59.999999S"),
        (dt.timedelta.min, "-P999999999D"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x00\xffbytes", "AP9ieXRlcw=="),
        (bytearray(b"a"), "YQ=="),
        (memoryview(b"abcd")[::2].tobytes(), "YWM="),
        (memoryview(b"abc")[1:], "YmM="),
        (b"", ""),
    ],
)
def test_scalars_have_the_texts_of_their_standards(value, written):
    assert json.encode([value]) == f'["{written}"]'.encode()
    assert json.encode({"a": value}) == f'{{"a":"{written}"}}'.encode()


@given(
    st.datetimes(timezones=OFFSETS)
    | st.dates()
    | st.times(timezones=OFFSETS)
    | st.timedeltas()
    | st.uuids()
    | st.binary()
    | st.decimals(allow_nan=False, allow_infinity=False)
)
@settings(max_examples=300, deadline=None)
def test_what_is_written_reads_back_as_the_same(value):
    kind = decimal.Decimal if isinstance(value, decimal.Decimal) else type(value)
    got = json.decode(json.encode(value), kind)
    assert (got, type(got)) == (value, kind)
    if isinstance(value, dt.datetime | dt.time):
        assert got.utcoffset() == value.utcoffset()


def test_a_datetime_with_an_offset_in_seconds_is_written_in_utc():
    before_1895 = dt.datetime(1890, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"))
    assert before_1895.utcoffset() == dt.timedelta(minutes=43)
    odd = dt.timezone(dt.timedelta(seconds=3601))
    value = dt.datetime(2024, 1, 1, 1, 0, 1, tzinfo=odd)
    assert json.encode(value) == b'"2024-01-01T00:00:00Z"'
    assert json.decode(json.encode(value), dt.datetime) == value


class Raising(dt.tzinfo):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def utcoffset(self, _: Any) -> dt.timedelta:
        raise self.error


@pytest.mark.parametrize(
    "value",
    [
        dt.time(1, 2, 3, tzinfo=dt.timezone(dt.timedelta(seconds=3601))),
        dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=3601))),
        decimal.Decimal("NaN"),
        decimal.Decimal("sNaN123"),
        decimal.Decimal("-Infinity"),
    ],
)
def test_what_has_no_text_is_refused(value):
    with pytest.raises(forkedenc.EncodeError):
        json.encode([value])


def test_what_a_zone_raises_comes_through():
    for value in (
        dt.datetime(2024, 1, 1, tzinfo=Raising(KeyError("mine"))),
        dt.time(1, tzinfo=Raising(KeyError("mine"))),
    ):
        with pytest.raises(KeyError, match="mine"):
            json.encode(value)


def test_subclasses_are_written_as_what_they_are():
    class Moment(dt.datetime):
        def __str__(self) -> str:
            return "lies"

    class Price(decimal.Decimal):
        def __str__(self) -> str:
            return '"lies'

    assert json.encode(Moment(2024, 1, 1)) == b'"2024-01-01T00:00:00"'
    assert json.encode(Price("1.10")) == b"1.10"


def test_keys_are_written_too():
    value = {dt.date(2024, 2, 29): 1, uuid.UUID(int=1): 2, decimal.Decimal("1.10"): 3}
    assert json.encode(value) == b'{"2024-02-29":1,"00000000-0000-0000-0000-000000000001":2,"1.10":3}'


CALLS: dict[str, Callable[[], object]] = {
    "datetime": lambda: json.decode(
        json.encode(dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))), dt.datetime
    ),
    "time": lambda: json.decode(json.encode(dt.time(1, tzinfo=UTC)), dt.time),
    "timedelta": lambda: json.decode(json.encode(dt.timedelta(1)), dt.timedelta),
    "UUID": lambda: json.decode(json.encode(uuid.UUID(int=2**100)), uuid.UUID),
    "Decimal": lambda: json.decode(json.encode(decimal.Decimal("1.10")), decimal.Decimal),
    "bytes": lambda: json.decode(json.encode(b"abc" * 100), bytes),
    "memoryview": lambda: json.encode(memoryview(b"abc" * 100)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_writing_and_reading_again_and_again_leaves_no_objects(call):
    assert_repetition_leaves_no_objects(call, 2000)


@wants_testcapi
@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_scalars_survive_every_failed_allocation(call, lasting):
    with no_collector():
        # What is made once and kept, errors included, is there after this.
        for _ in range(10):
            failures(call, lasting)
        assert_failures_leave_no_objects(call, lasting, rounds=30)
