//! Tests of dates and times.

use super::*;

fn at(year: u16, month: u8, day: u8) -> Date {
    Date { year, month, day }
}

fn clock(hour: u8, minute: u8, second: u8, microsecond: u32, offset: Option<i16>) -> Time {
    Time { hour, minute, second, microsecond, offset }
}

#[test]
fn datetimes_of_rfc_3339_are_read() {
    let day = at(2024, 5, 6);
    for (text, time) in [
        ("2024-05-06T07:08:09Z", clock(7, 8, 9, 0, Some(0))),
        ("2024-05-06t07:08:09z", clock(7, 8, 9, 0, Some(0))),
        ("2024-05-06 07:08:09.5+02:00", clock(7, 8, 9, 500_000, Some(120))),
        ("2024-05-06T07:08:09.123456-23:59", clock(7, 8, 9, 123_456, Some(-1439))),
        ("2024-05-06T07:08:09-00:00", clock(7, 8, 9, 0, Some(0))),
        ("2024-05-06T00:00:00", clock(0, 0, 0, 0, None)),
    ] {
        assert_eq!(datetime(text.as_bytes()), Ok((day, time)), "{text}");
    }
}

#[test]
fn digits_past_the_microseconds_are_dropped() {
    let text = format!("9999-12-31T23:59:59.{}Z", "9".repeat(1_000_000));
    assert_eq!(datetime(text.as_bytes()), Ok((at(9999, 12, 31), clock(23, 59, 59, 999_999, Some(0)))));
    assert_eq!(time(b"07:08:09.0000009"), Ok(clock(7, 8, 9, 0, None)));
}

#[test]
fn other_forms_are_refused() {
    for text in [
        "",
        "soon",
        "2024-05-06",
        "2024-05-06T",
        "2024-05-06T07:08Z",
        "2024-05-06T07:08:09.Z",
        "2024-05-06T07:08:09,5Z",
        "2024-05-06T07:08:09+02",
        "2024-05-06T07:08:09+0200",
        "2024-05-06T07:08:09+2:00",
        "2024-05-06T07:08:09Z ",
        " 2024-05-06T07:08:09Z",
        "2024-05-06T07:08:09ZZ",
        "2024-05-06_07:08:09Z",
        "2024-5-6T07:08:09Z",
        "+2024-05-06T07:08:09Z",
        "12024-05-06T07:08:09Z",
        "20240506T070809Z",
        "2024-05-06T07:08:09Z[Europe/Oslo]",
        "2024-05-06T99:99:99x",
        "\u{662}024-05-06T07:08:09Z",
    ] {
        assert_eq!(datetime(text.as_bytes()), Err(Fault::Form), "{text}");
    }
    for text in ["", "07:08", "07:08:9", "T07:08:09", "07:08:09 Z", "0708:09"] {
        assert_eq!(time(text.as_bytes()), Err(Fault::Form), "{text}");
    }
    for text in ["", "2024-02", "2024-2-29", "20240229", "2024-02-29Z", "2024-02-29T00:00:00Z"] {
        assert_eq!(date(text.as_bytes()), Err(Fault::Form), "{text}");
    }
}

#[test]
fn what_does_not_exist_is_out_of_range() {
    for text in
        ["0000-01-01", "2023-02-29", "1900-02-29", "2024-04-31", "2024-00-01", "2024-13-01", "2024-01-00", "2024-01-32"]
    {
        assert_eq!(date(text.as_bytes()), Err(Fault::Range), "{text}");
        assert_eq!(datetime(format!("{text}T00:00:00Z").as_bytes()), Err(Fault::Range), "{text}");
    }
    for text in ["24:00:00", "25:00:00", "00:60:00", "00:00:61", "00:00:00+24:00", "00:00:00+00:60", "00:00:00-99:99"] {
        assert_eq!(time(text.as_bytes()), Err(Fault::Range), "{text}");
    }
    assert_eq!(date(b"2000-02-29"), Ok(at(2000, 2, 29)));
    assert_eq!(date(b"0001-01-01"), Ok(at(1, 1, 1)));
}

#[test]
fn a_leap_second_is_read_where_one_can_be() {
    let last = |hour, minute, offset| clock(hour, minute, 59, 999_999, offset);
    for (text, day, time) in [
        ("2016-12-31T23:59:60Z", at(2016, 12, 31), last(23, 59, Some(0))),
        ("1990-12-31T15:59:60-08:00", at(1990, 12, 31), last(15, 59, Some(-480))),
        ("2017-01-01T00:59:60.25+01:00", at(2017, 1, 1), last(0, 59, Some(60))),
        ("2016-06-30T23:59:60", at(2016, 6, 30), last(23, 59, None)),
        ("2016-12-31T00:59:60-23:00", at(2016, 12, 31), last(0, 59, Some(-1380))),
    ] {
        assert_eq!(datetime(text.as_bytes()), Ok((day, time)), "{text}");
    }
    for text in [
        "2016-12-30T23:59:60Z",
        "2016-12-31T23:58:60Z",
        "2016-12-31T22:59:60Z",
        "2017-01-02T00:59:60+01:00",
        "2016-12-31T23:59:61Z",
        "2016-12-31T23:59:60+01:00",
    ] {
        assert_eq!(datetime(text.as_bytes()), Err(Fault::Range), "{text}");
    }
    assert_eq!(time(b"23:59:60"), Ok(last(23, 59, None)));
    assert_eq!(time(b"00:59:60+01:00"), Ok(last(0, 59, Some(60))));
    assert_eq!(time(b"22:59:60-01:00"), Ok(last(22, 59, Some(-60))));
    assert_eq!(time(b"12:00:60Z"), Err(Fault::Range));
}

#[test]
fn a_date_of_xml_may_have_an_offset() {
    for text in ["2024-02-29", "2024-02-29Z", "2024-02-29+14:00"] {
        assert_eq!(date_with_offset(text.as_bytes()), Ok(at(2024, 2, 29)));
    }
    assert_eq!(date_with_offset(b"2024-02-29+24:00"), Err(Fault::Range));
    assert_eq!(date_with_offset(b"2024-02-29 Z"), Err(Fault::Form));
}

#[test]
fn every_day_from_the_first_to_the_last_is_counted() {
    let (mut year, mut month, mut day) = (1, 1, 1);
    let first = -719_162;
    for days in first..=2_932_896 {
        assert_eq!(Date::from_days(days), Some(at(year, month, day)));
        day += 1;
        if day > days_of(year, month) {
            (month, day) = (month + 1, 1);
        }
        if month > 12 {
            (year, month) = (year + 1, 1);
        }
    }
    assert_eq!(year, 10_000);
    for days in [first - 1, 2_932_897, i64::MIN, i64::MAX] {
        assert_eq!(Date::from_days(days), None);
    }
}

#[test]
fn seconds_since_1970_are_instants_in_utc() {
    assert_eq!(from_seconds(0), Ok((at(1970, 1, 1), clock(0, 0, 0, 0, Some(0)))));
    assert_eq!(from_seconds(-1), Ok((at(1969, 12, 31), clock(23, 59, 59, 0, Some(0)))));
    assert_eq!(from_seconds(253_402_300_799), Ok((at(9999, 12, 31), clock(23, 59, 59, 0, Some(0)))));
    assert_eq!(from_seconds(253_402_300_800), Err(Fault::Range));
    assert_eq!(from_seconds(i64::MIN), Err(Fault::Range));
    assert_eq!(from_float_seconds(1.5), Ok((at(1970, 1, 1), clock(0, 0, 1, 500_000, Some(0)))));
    assert_eq!(from_float_seconds(-0.25), Ok((at(1969, 12, 31), clock(23, 59, 59, 750_000, Some(0)))));
    assert_eq!(from_float_seconds(0.999_999_99), Ok((at(1970, 1, 1), clock(0, 0, 1, 0, Some(0)))));
    for seconds in [1e20, -1e20, 1e300, f64::NAN, f64::INFINITY, 253_402_300_800.0] {
        assert_eq!(from_float_seconds(seconds), Err(Fault::Range));
    }
}

#[test]
fn what_is_written_reads_back() {
    for text in [
        "0024-01-01T01:02:03.000004",
        "2024-05-06T07:08:09Z",
        "2024-05-06T07:08:09.500000+05:30",
        "2024-05-06T07:08:09-00:01",
    ] {
        let (day, time) = datetime(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        put_datetime(&mut out, day, time);
        assert_eq!(out, text.as_bytes());
    }
}
