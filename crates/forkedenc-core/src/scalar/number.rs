//! Numbers inside strings and XML text: `xs:decimal`, `xs:double`, `xs:integer` (XML Schema part 2), and what Python's
//! `Decimal` takes of them. NaN and infinities are no numbers here.

use super::Fault;

/// Exponents of more digits are out of range. Python's decimals end at eighteen nines on 64-bit machines.
const EXPONENT_DIGITS: usize = if cfg!(target_pointer_width = "64") { 17 } else { 8 };

/// Is it a number with an optional sign, digits on at least one side of an optional point, and an optional exponent?
pub fn decimal(text: &[u8]) -> Result<(), Fault> {
    let text = unsigned(text);
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        Some(at) => (&text[..at], Some(unsigned(&text[at + 1..]))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.iter().position(|byte| *byte == b'.') {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &[][..]),
    };
    let all_digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(Fault::Form);
    }
    let Some(exponent) = exponent else { return Ok(()) };
    if exponent.is_empty() || !all_digits(exponent) {
        return Err(Fault::Form);
    }
    let zeros = exponent.iter().take_while(|digit| **digit == b'0').count();
    if exponent.len() - zeros > EXPONENT_DIGITS { Err(Fault::Range) } else { Ok(()) }
}

/// The nearest double of such a number.
pub fn double(text: &[u8]) -> Result<f64, Fault> {
    match decimal(text) {
        // Too small or too large, or 0: the exponent alone does not tell.
        Ok(()) | Err(Fault::Range) => {}
        Err(fault) => return Err(fault),
    }
    let value: f64 = std::str::from_utf8(text).map_err(|_| Fault::Form)?.parse().map_err(|_| Fault::Form)?;
    if value.is_finite() { Ok(value) } else { Err(Fault::Range) }
}

/// Is it an integer as JSON writes it (RFC 8259 section 6)? `-0` is not: it is the same number as `0`.
#[must_use]
pub fn is_plain_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    match digits {
        [] => false,
        [b'0'] => digits.len() == text.len(),
        [b'0', ..] => false,
        _ => digits.iter().all(u8::is_ascii_digit),
    }
}

/// Is it a number as JSON writes it (RFC 8259 section 6)?
#[must_use]
pub fn is_json_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at(digits);
    if digits == 0 || (digits > 1 && whole[0] == b'0') {
        return false;
    }
    // A point has digits behind it.
    let point = rest.first() == Some(&b'.');
    decimal(text) != Err(Fault::Form) && (!point || rest.get(1).is_some_and(u8::is_ascii_digit))
}

/// An integer with an optional sign and leading zeros, in its shortest form.
pub fn integer(text: &[u8]) -> Result<(bool, &[u8]), Fault> {
    let digits = unsigned(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Fault::Form);
    }
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = &digits[zeros.min(digits.len() - 1)..];
    Ok((text[0] == b'-' && digits != b"0", digits))
}

fn unsigned(text: &[u8]) -> &[u8] {
    match text {
        [b'+' | b'-', rest @ ..] => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_digits_on_one_side_of_the_point() {
        for text in
            ["1", "+1", "-1", "1.", ".5", "1.10", "1e5", "1E+5", "1.e-5", "00", "1e000000000000000000000000000005"]
        {
            assert_eq!(decimal(text.as_bytes()), Ok(()), "{text}");
        }
        for text in [
            "", "+", ".", "e5", "1e", "1e+", "1_0", " 1", "1 ", "NaN", "Infinity", "inf", "0x1", "1e5.0", "1.2.3",
            "++1", "\u{661}",
        ] {
            assert_eq!(decimal(text.as_bytes()), Err(Fault::Form), "{text}");
        }
        assert_eq!(decimal(b"1e99999999999999999999"), Err(Fault::Range));
        assert_eq!(decimal(format!("1e-{}", "9".repeat(1_000_000)).as_bytes()), Err(Fault::Range));
    }

    #[test]
    fn doubles_are_finite() {
        assert_eq!(double(b"+1.50"), Ok(1.5));
        assert_eq!(double(b"1e-999999999999999999999"), Ok(0.0));
        assert_eq!(double(b"0e999999999999999999999"), Ok(0.0));
        assert_eq!(double(b"1e400"), Err(Fault::Range));
        assert_eq!(double(b"1e999999999999999999999"), Err(Fault::Range));
        for text in ["INF", "-INF", "NaN", "nan", "inf", "infinity", "1e", "0x10", ""] {
            assert_eq!(double(text.as_bytes()), Err(Fault::Form), "{text}");
        }
    }

    #[test]
    fn plain_integers_have_one_form() {
        for text in ["0", "7", "-7", "10", "123456789012345678901234567890"] {
            assert!(is_plain_integer(text.as_bytes()), "{text}");
        }
        for text in ["", "-", "-0", "00", "07", "+7", " 7", "7 ", "7.0", "7e0", "\u{661}"] {
            assert!(!is_plain_integer(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn numbers_of_json_have_no_leading_zeros_and_digits_behind_the_point() {
        for text in ["0", "-0", "0.5", "-1.5e3", "1E5", "10", "1e400", "1e99999999999999999999"] {
            assert!(is_json_number(text.as_bytes()), "{text}");
        }
        for text in ["", "+1", "01", "1.", ".5", "1.e5", "1e", "--1", "-+1", "nan", " 1", "1 "] {
            assert!(!is_json_number(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn integers_of_xml_lose_their_sign_and_zeros() {
        assert_eq!(integer(b"+007"), Ok((false, &b"7"[..])));
        assert_eq!(integer(b"-07"), Ok((true, &b"7"[..])));
        assert_eq!(integer(b"-000"), Ok((false, &b"0"[..])));
        for text in [&b""[..], b"+", b"-", b"1.0", b"1 ", b"- 1", b"1_0"] {
            assert_eq!(integer(text), Err(Fault::Form));
        }
    }
}
