"""Scalars by type: what each takes, whole and byte by byte, what it refuses, and what hostile texts cost."""

import contextlib
import datetime as dt
import decimal
import enum
import fractions
import math
import re
import time
import uuid
from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypedDict

import annotated_types as at
import msgspec
import pytest
from feeding import chunks_of
from hypothesis import given, settings, strategies as st
from leaks import assert_repetition_leaves_no_objects

import forkedenc
from forkedenc import json

D = decimal.Decimal
UTC = dt.UTC


def text(value: str) -> bytes:
    return json.encode(value)


def decoded(kind: Any, data: bytes, **options: Any) -> Any:
    """The value decoded whole, which is what a stream of single bytes gives too."""
    whole = json.decode(data, kind, **options)
    stream = json.StreamDecoder(kind, **options)
    streamed = [value for chunk in chunks_of(data, 1) for value in stream.feed(chunk)] + stream.close()
    assert repr(streamed) == repr([whole])
    return whole


def refused(kind: Any, data: bytes, **options: Any) -> forkedenc.ValidationError:
    """The error of a value that does not fit, which is the same whole and from a stream of single bytes."""
    with pytest.raises(forkedenc.ValidationError) as whole:
        json.decode(data, kind, **options)
    stream = json.StreamDecoder(kind, **options)
    with pytest.raises(forkedenc.ValidationError) as streamed:
        for chunk in chunks_of(data, 1):
            stream.feed(chunk)
        stream.close()
    told = [(error.expected, error.actual, error.path, error.offset) for error in (whole.value, streamed.value)]
    assert told[0] == told[1]
    assert whole.value.expected
    assert whole.value.actual
    return whole.value


def zone(hours: int, minutes: int = 0) -> dt.timezone:
    return dt.timezone(dt.timedelta(hours=hours, minutes=minutes))


@pytest.mark.parametrize(
    "written, value",
    [
        ("2024-05-06T07:08:09Z", dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06t07:08:09z", dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06 07:08:09-00:00", dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)),
        ("2024-05-06T07:08:09.5+05:30", dt.datetime(2024, 5, 6, 7, 8, 9, 500_000, zone(5, 30))),
        ("2024-05-06T07:08:09-23:59", dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=zone(-23, -59))),
        ("2024-05-06T07:08:09", dt.datetime(2024, 5, 6, 7, 8, 9)),
        ("0001-01-01T00:00:00+23:59", dt.datetime(1, 1, 1, tzinfo=zone(23, 59))),
        ("9999-12-31T23:59:59.9999999Z", dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)),
        ("2016-12-31T23:59:60Z", dt.datetime(2016, 12, 31, 23, 59, 59, 999_999, UTC)),
    ],
)
def test_a_datetime_is_what_rfc_3339_says(written, value):
    got = decoded(dt.datetime, text(written))
    assert (got, got.tzinfo, got.fold) == (value, value.tzinfo, 0)


def test_utc_is_the_one_object_that_python_has_for_it():
    assert decoded(dt.datetime, b'"2024-05-06T07:08:09Z"').tzinfo is UTC
    assert decoded(dt.time, b'"07:08:09+00:00"').tzinfo is UTC


@pytest.mark.parametrize(
    "written",
    ["", "soon", "2024-05-06", "2024-05-06T07:08Z", "2024-05-06T07:08:09+0200", "2024-05-06T07:08:09 Z", "2024-05-06T07:08:09.Z",
     "2024-05-06T24:00:00Z", "2023-02-29T00:00:00Z", "0000-01-01T00:00:00Z", "2024-05-06T07:08:09+24:00", "2024-05-06T07:08:60Z",
     "1714979289", "\uff12\uff10\uff12\uff14-05-06T07:08:09Z", "2024-05-06T07:08:09Z\0"],
)  # fmt: skip
def test_a_datetime_is_nothing_else(written):
    refused(dt.datetime, text(written))


def test_dates_and_times_have_their_own_forms():
    assert decoded(dt.date, b'"2024-02-29"') == dt.date(2024, 2, 29)
    assert type(decoded(dt.date, b'"2024-02-29"')) is dt.date
    assert decoded(dt.time, b'"07:08:09.25"') == dt.time(7, 8, 9, 250_000)
    assert decoded(dt.time, b'"07:08:09+02:00"') == dt.time(7, 8, 9, tzinfo=zone(2))
    for written in ("2023-02-29", "2024-02-29Z", "2024-02-29T00:00:00", "20240229", ""):
        refused(dt.date, text(written))
    for written in ("25:00:00", "07:08", "7:08:09", "07:08:60", "2024-02-29T07:08:09", ""):
        refused(dt.time, text(written))


@pytest.mark.parametrize(
    "written, value",
    [
        ("PT90S", dt.timedelta(seconds=90)),
        ("-P1DT1H", -dt.timedelta(days=1, hours=1)),
        ("P2W", dt.timedelta(weeks=2)),
        ("PT0.000001S", dt.timedelta(microseconds=1)),
        ("PT1.5H", dt.timedelta(minutes=90)),
        ("P999999999DT23H59M59.999999S", dt.timedelta.max),
        ("-P999999999D", dt.timedelta.min),
    ],
)
def test_a_timedelta_is_a_duration_of_fixed_length(written, value):
    assert decoded(dt.timedelta, text(written)) == value


@pytest.mark.parametrize(
    "written", ["", "ninety", "P", "PT", "P1Y", "P1M", "P1W1D", "PT1M1H", "PT1", "P1000000000D", "1S", "PT1,5S"]
)
def test_a_timedelta_is_no_calendar(written):
    refused(dt.timedelta, text(written))


@given(st.datetimes(timezones=st.none() | st.just(UTC) | st.integers(-1439, 1439).map(lambda m: zone(0, m))))
@settings(max_examples=200, deadline=None)
def test_what_isoformat_writes_reads_back(value):
    assert json.decode(text(value.isoformat()), dt.datetime) == value
    assert json.decode(text(value.date().isoformat()), dt.date) == value.date()
    assert json.decode(text(value.timetz().isoformat()), dt.time) == value.timetz()


@given(st.uuids())
@settings(max_examples=100, deadline=None)
def test_a_uuid_is_like_one_that_its_class_made(value):
    for written in (str(value), value.hex, str(value).upper()):
        got = json.decode(text(written), uuid.UUID)
        assert (got, hash(got), str(got), got.int, got.is_safe) == (
            value,
            hash(value),
            str(value),
            value.int,
            value.is_safe,
        )
        assert type(got) is uuid.UUID


@pytest.mark.parametrize("written", ["", "1234", "{12345678-1234-5678-1234-567812345678}", "urn:uuid:12345678-1234-5678-1234-567812345678",
                                     "12345678-1234-5678-1234-56781234567g", "12345678_1234_5678_1234_567812345678"])  # fmt: skip
def test_a_uuid_has_its_hyphens_in_place_or_none(written):
    refused(uuid.UUID, text(written))


@given(st.binary(max_size=100))
@settings(max_examples=100, deadline=None)
def test_bytes_are_base64_with_padding(value):
    written = msgspec.json.encode(value)
    assert json.decode(written, bytes) == value


@pytest.mark.parametrize(
    "written", ["YQ", "YR==", "YQ==\n", "-_-_", "====", "YQ==YQ==", "\u00e9\u00e9", "*not base64*"]
)
def test_bytes_have_one_text(written):
    refused(bytes, text(written))


@pytest.mark.parametrize(
    "written", ["1.10", "-0", "0.1", "1E+5", "1e-400", "1e400", "12345678901234567890.123456789012345678901234567890"]
)
def test_a_decimal_has_the_digits_of_its_number(written):
    for data in (text(written), written.encode()):
        got = decoded(D, data)
        assert (got, got.as_tuple()) == (D(written), D(written).as_tuple())


@pytest.mark.parametrize(
    "written", ["NaN", "sNaN", "Infinity", "-inf", "1_0", " 1", "1 ", "", ".", "x", "1e99999999999999999999", "\u0661"]
)
def test_a_decimal_is_finite_and_plain(written):
    refused(D, text(written))


def test_a_decimal_does_not_listen_to_the_context():
    with decimal.localcontext() as context:
        context.prec = 2
        context.Emax = 5
        context.traps[decimal.InvalidOperation] = False
        context.traps[decimal.Inexact] = True
        assert decoded(D, b"12345678.125e10") == D("1.2345678125e17")
        refused(D, b"1e99999999999999999999")


def test_beside_a_decimal_other_numbers_are_what_they_are():
    class Price(TypedDict):
        amount: D
        count: int
        rate: float
        least: Annotated[float, at.Ge(0)]
        more: Any

    data = b'{"amount":1.10,"count":123456789012345678901234567890,"rate":1,"least":12345678901234567890123,"more":[1.5,2]}'
    got = decoded(Price, data)
    assert got == {"amount": D("1.10"), "count": 123456789012345678901234567890, "rate": 1.0, "least": 1.2345678901234568e22,
                   "more": [1.5, 2]}  # fmt: skip
    assert [type(value) for value in got.values()] == [D, int, float, float, list]
    for name in ("rate", "least", "more"):
        values = {"amount": "1", "count": "1", "rate": "1", "least": "1", "more": "1", name: "1e400"}
        document = "{" + ",".join(f'"{key}":{value}' for key, value in values.items()) + "}"
        assert refused(Price, document.encode()).path == f"/{name}"
        assert decoded(Price, document.encode(), allow_nan=True)[name] == math.inf
    assert decoded(Price, data.replace(b"1.10", b"1e400"))["amount"] == D("1e400")


def test_a_float_of_an_integer_is_what_python_makes_of_it():
    for number in (0, 2**53 + 1, -(2**63), 2**63, 10**300 + 1, 2**1024 - 2**970 - 1):
        assert decoded(float, str(number).encode()) == float(number)
        assert decoded(Annotated[float, at.Ge(-(10**400))], str(number).encode()) == float(number)
    for number in (2**1024, 10**400):
        refused(float, str(number).encode())
        refused(Annotated[float, at.Ge(0)], str(number).encode())


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HUGE = 2**70
    DEEP = -(2**70)


class Word(enum.StrEnum):
    YES = "yes"


def test_enums_are_found_by_value():
    assert decoded(Colour, b'"red"') is Colour.RED
    assert decoded(Word, b'"yes"') is Word.YES
    for level in Level:
        assert decoded(Level, str(int(level)).encode()) is level
    for kind, data in (
        (Colour, b'"RED"'),
        (Colour, b"1"),
        (Level, b'"1"'),
        (Level, b"1.0"),
        (Level, b"true"),
        (Level, b"2"),
        (Level, str(2**71).encode()),
    ):
        assert refused(kind, data).expected == kind.__name__


class Guessing(enum.Enum):
    ONE = 1

    @classmethod
    def _missing_(cls, value):
        if value == 99:
            raise KeyError("passes")
        if value == 98:
            raise ValueError("refused")
        return cls.ONE if value == 2 else None


def test_an_enum_with_a_missing_of_its_own_is_asked():
    assert decoded(Guessing, b"2") is Guessing.ONE
    assert isinstance(refused(Guessing, b"3").__cause__, ValueError)
    assert str(refused(Guessing, b"98").__cause__) == "refused"
    with pytest.raises(KeyError, match="passes"):
        json.decode(b"99", Guessing)


def test_literals_of_different_kinds_are_different_values():
    kind = Literal["a", 1, True, "1"] | None
    for data, value in ((b'"a"', "a"), (b"1", 1), (b"null", None), (b"true", True), (b'"1"', "1")):
        got = decoded(kind, data)
        assert (got, type(got)) == (value, type(value))
    for data in (b"0", b"false", b'"b"', b"1.0", b'"true"', b"[]"):
        refused(kind, data)
    refused(Literal[1], b"true")
    refused(Literal[True], b"1")


def test_keys_of_scalars_have_one_text_each():
    assert decoded(dict[Literal[1, 2], int], b'{"1":5}') == {1: 5}
    assert decoded(
        dict[Level, int], str({1: 5, 2**70: 6}).replace("{", '{"').replace(":", '":').replace(", ", ',"').encode()
    ) == {
        Level.LOW: 5,
        Level.HUGE: 6,
    }
    assert decoded(dict[dt.date, int], b'{"2024-02-29":5}') == {dt.date(2024, 2, 29): 5}
    assert decoded(dict[uuid.UUID, int], b'{"12345678123456781234567812345678":5}') == {
        uuid.UUID(int=0x12345678123456781234567812345678): 5
    }
    for kind in (Literal[1, 2], Level, int, Annotated[int, at.Ge(0)]):
        for key in ("01", "+1", " 1", "1.0", "", "-0", "x", "\u0661"):
            refused(dict[kind, int], b'{"' + key.encode() + b'":5}')


LAX = [
    (bool, "true", True), (bool, "FALSE", False), (bool, "1", True), (bool, 0, False), (bool, 1, True),
    (None, "null", None), (int, "12", 12), (int, "-0", 0), (int, "1.0", 1), (int, 1e3, 1000), (int, "123456789012345678901234567890", 123456789012345678901234567890),
    (float, "1.5", 1.5), (float, "1e2", 100.0),
    (dt.datetime, 1.5, dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)), (dt.datetime, -1, dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    (dt.datetime, "1.5", dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC)), (dt.datetime, 253402300799, dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    (dt.timedelta, 1.5, dt.timedelta(seconds=1.5)), (dt.timedelta, "-90", -dt.timedelta(seconds=90)),
    (Literal[1, 2], "1", 1), (Level, "1", Level.LOW), ((Literal[True] | None), "true", True),
    (int | None, "null", None), (int | None, "1", 1), (int | str, "1", "1"), (bool | dt.datetime, 1, True), (bool | dt.datetime, 2, dt.datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)),
]  # fmt: skip


@pytest.mark.parametrize("kind, given_value, value", LAX)
def test_lax_decoding_takes_what_is_meant(kind, given_value, value):
    class Box(TypedDict):
        value: kind

    data = json.encode({"value": given_value})
    got = decoded(Box, data, strict=False)["value"]
    assert (got, type(got)) == (value, type(value))
    if not isinstance(given_value, str) or kind != int | str:
        refused(Box, data)


@pytest.mark.parametrize(
    "kind, given_value",
    [(bool, "yes"), (bool, 2), (bool, 1.0), (bool, ""), (int, " 1"), (int, "+1"), (int, "01"), (int, "1_0"), (int, ""), (int, 1.5), (int, "1.5"), (int, "1e400"),
     (float, "inf"), (float, "nan"), (float, "1e400"), (float, " 1"), (float, ".5"), (dt.datetime, 1e20), (dt.datetime, 253402300800), (dt.datetime, 2**70),
     (dt.datetime, "1e400"), (dt.timedelta, 1e20), (dt.timedelta, 2**70), (dt.date, 1), (dt.time, 1), (Literal[1], "01"), (int | None, "x"), (str, 1)],
)  # fmt: skip
def test_lax_decoding_does_not_guess(kind, given_value):
    class Box(TypedDict):
        value: kind

    assert refused(Box, json.encode({"value": given_value}), strict=False).path == "/value"


CONSTRAINED: list[tuple[Any, list[str], list[str]]] = [
    (Annotated[int, at.Ge(1), at.Lt(10)], ["1", "9"], ["0", "10", "-99999999999999999999", "99999999999999999999"]),
    (Annotated[int, at.Gt(2**70)], [str(2**70 + 1)], [str(2**70), "1"]),
    (Annotated[int, at.Le(2.5)], ["2", "-99999999999999999999"], ["3", "99999999999999999999"]),
    (Annotated[int, at.Gt(float(2**53))], [str(2**53 + 1)], [str(2**53)]),
    (Annotated[int, at.MultipleOf(3)], ["0", "-9", "300000000000000000000000"], ["1", "-1", "300000000000000000000001"]),
    (Annotated[float, at.Ge(0.5)], ["0.5", "1"], ["0.4999", "0", "-1e308"]),
    (Annotated[float, at.Lt(2**53 + 1)], [str(2**53)], [str(2**53 + 2)]),
    (Annotated[float, at.MultipleOf(0.25)], ["0.75", "-1"], ["0.3"]),
    (Annotated[D, at.Gt(D("0.1"))], ["0.10000000000000000000000000000001", "1e400"], ["0.1", "-1e400"]),
    (Annotated[D, at.MultipleOf(D("0.1"))], ["0.3", "1"], ["0.35"]),
    (Annotated[str, at.MinLen(2), at.MaxLen(3)], ['"ab"', '"\\ud83d\\ude00\\u00e9"'], ['"a"', '"abcd"', '"\\ud83d\\ude00"']),
    (Annotated[str, re.compile("b.?d")], ['"abcde"', '"bd"'], ['""', '"b"']),
    (Annotated[bytes, at.MaxLen(2)], ['"YWI="'], ['"YWJj"']),
    (Annotated[dt.date, at.Ge(dt.date(2024, 1, 1))], ['"2024-01-01"'], ['"2023-12-31"']),
    (Annotated[dt.datetime, at.Ge(dt.datetime(2024, 1, 1, tzinfo=UTC))], ['"2024-01-01T00:00:00Z"'], ['"2023-12-31T00:00:00Z"', '"2024-01-01T00:00:00"']),
    (Annotated[dt.timedelta, at.Gt(dt.timedelta(0))], ['"PT0.000001S"'], ['"PT0S"', '"-PT1S"']),
    (Annotated[list[int], at.MinLen(1)], ["[1]"], ["[]"]),
    (Annotated[dict[str, int], at.MaxLen(1)], ['{"a":1}'], ['{"a":1,"b":2}']),
    (dict[Annotated[str, at.MaxLen(1)], int], ['{"a":1}'], ['{"ab":2}']),
    (dict[Annotated[int, at.Ge(5)], int], ['{"5":1}'], ['{"4":2}']),
]  # fmt: skip


@pytest.mark.parametrize("kind, goods, bads", CONSTRAINED)
def test_constraints_are_kept(kind, goods, bads):
    for good in goods:
        decoded(kind, good.encode())
    for bad in bads:
        refused(kind, bad.encode())


@given(
    st.integers() | st.integers(2**53 - 3, 2**53 + 3) | st.floats(allow_nan=False, allow_infinity=False),
    st.integers() | st.integers(2**53 - 3, 2**53 + 3) | st.floats(allow_nan=False, allow_infinity=False),
)
@settings(max_examples=300, deadline=None)
def test_bounds_compare_as_python_does(value, bound):
    kind = int if isinstance(value, int) else float
    for mark, allowed in (
        (at.Ge, value >= bound),
        (at.Gt, value > bound),
        (at.Le, value <= bound),
        (at.Lt, value < bound),
    ):
        try:
            json.decode(json.encode(value), Annotated[kind, mark(bound)])
        except forkedenc.ValidationError:
            assert not allowed
        else:
            assert allowed


def test_nan_keeps_to_no_bound():
    for mark in (at.Ge(0), at.Lt(0)):
        refused(Annotated[float, mark], b"NaN", allow_nan=True)
    assert decoded(Annotated[float, at.Ge(0)], b"Infinity", allow_nan=True) == math.inf
    refused(D, b"NaN", allow_nan=True)
    refused(D, b"Infinity", allow_nan=True)


def test_errors_say_what_is_asked_in_words():
    for kind, data, expected, actual in (
        (Annotated[int, at.Ge(1), at.Lt(10)], b"0", "int >= 1 and < 10", "int out of bounds"),
        (Annotated[int, at.MultipleOf(3)], b"1", "int, a multiple of 3", "int that is no multiple"),
        (Annotated[str, at.MinLen(2)], b'"a"', "str of length >= 2", "str of another length"),
        (Annotated[list[int], at.MinLen(2)], b"[1]", "list of length >= 2", "list of another length"),
        (Literal["a", 1], b"2", "one of 'a', 1", "another int"),
        (dt.date, b'"2023-02-29"', "date (RFC 3339)", "str out of range"),
        (dt.date, b"1", "date (RFC 3339)", "int"),
        (uuid.UUID, b'"1234"', "UUID", "str of another form"),
    ):
        error = refused(kind, data)
        assert (error.expected, error.actual) == (expected, actual)


SECRET = "hunter2-zq9"
EVERY = [
    int,
    float,
    bytes,
    D,
    dt.datetime,
    dt.date,
    dt.time,
    dt.timedelta,
    uuid.UUID,
    Colour,
    Level,
    Literal["a"],
    Literal[1],
    Annotated[str, at.MaxLen(3)],
]


@pytest.mark.parametrize("kind", EVERY)
def test_errors_never_show_the_value(kind):
    for strict in (True, False):
        error = refused(kind, text(SECRET), strict=strict)
        assert SECRET not in f"{error} {error.expected} {error.actual}"


@pytest.mark.parametrize("kind", [*EVERY, Colour | int, Level | str])
def test_decoding_again_and_again_leaves_no_objects(kind):
    data = [b'"2024-05-06T07:08:09.5+05:30"', b'"2024-02-29"', b'"07:08:09Z"', b'"PT1.5H"', b'"12345678-1234-5678-1234-567812345678"',
            b'"YQ=="', b'"1.10"', b'"red"', b'"a"', b"1", b"99999999999999999999", b"1.5", b"null", b"true", b'"abc"']  # fmt: skip
    decoders = [json.Decoder(kind), json.Decoder(kind, strict=False)]

    def call():
        for decoder in decoders:
            for document in data:
                with contextlib.suppress(forkedenc.ValidationError):
                    decoder.decode(document)

    assert_repetition_leaves_no_objects(call, 300)


def hostile_texts() -> Iterator[tuple[str, Any, str]]:
    million = "9" * 1_000_000
    yield "a duration of a million digits", dt.timedelta, f'"PT{million}S"'
    yield "a fraction of a million digits", dt.datetime, f'"2024-05-06T07:08:09.{million}x"'
    yield "a million characters of base64 and one more", bytes, f'"{million}9"'
    yield "an exponent of a million digits", D, f'"1e{million}"'
    yield "a number with an exponent of a million digits", D, f"1e{million}"
    yield "a million characters that are no UUID", uuid.UUID, f'"{million}"'
    yield "an int of a million digits that is no member", Level, million
    yield "a million digits that are no int", int, f'"{million}x"'
    yield "a million digits past the range of a float", float, f'"{million}"'
    yield "a million digits past the years", dt.datetime, million
    yield "a string of a million characters that is no member", Colour, f'"{million}"'
    yield "an exponent of a thousand million with a constraint", Annotated[D, at.MultipleOf(3)], "1e1000000000"
    yield "an int of a million digits out of bounds", Annotated[int, at.Le(5)], million


@pytest.mark.parametrize(
    "kind, document", [case[1:] for case in hostile_texts()], ids=[case[0] for case in hostile_texts()]
)
def test_hostile_texts_are_refused_in_time(kind, document):
    limits = forkedenc.Limits(max_number_digits=None)
    started = time.perf_counter()
    with pytest.raises(forkedenc.ValidationError):
        json.decode(document.encode(), kind, strict=False, limits=limits)
    assert time.perf_counter() - started < 10


def test_large_values_are_made_in_time():
    limits = forkedenc.Limits(max_number_digits=None)
    digits = "7" * 1_000_000
    started = time.perf_counter()
    assert json.decode(digits.encode(), D, limits=limits).adjusted() == 999_999
    assert json.decode(b"1e1000000000", D, limits=limits).adjusted() == 1_000_000_000
    assert json.decode(b"1e1000000000", Annotated[D, at.Ge(5)], limits=limits).adjusted() == 1_000_000_000
    assert json.decode(f'"{digits}"'.encode(), int, strict=False, limits=limits) % 1000 == 777
    assert json.decode(f'"{digits}"'.encode(), int, strict=False, limits=limits).bit_length() > 3_000_000
    assert len(json.decode(b'"' + b"YWJj" * 1_000_000 + b'"', bytes)) == 3_000_000
    assert time.perf_counter() - started < 10


def test_a_decimal_of_a_fraction_compares_exactly():
    third = Annotated[D, at.Lt(1 / 3)]
    for written in ("0.333", "0.33333333333333331482", "0.33333333333333331483"):
        allowed = fractions.Fraction(written) < fractions.Fraction(1 / 3)
        try:
            json.decode(written.encode(), third)
        except forkedenc.ValidationError:
            assert not allowed
        else:
            assert allowed
