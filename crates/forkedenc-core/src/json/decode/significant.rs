//! A number's text in bounded room, however long it is: the digits that can matter and one exponent for all.
//!
//! Which double is nearest to a decimal is settled by its first 768 significant digits and by whether anything but zeros
//! follows. Zeros in front, and digits past those, become part of the exponent; so a number that is only checked takes no
//! memory, and one with a million zeros behind its point and an exponent that takes them back keeps its value.

/// Significant digits that are kept.
const KEPT: usize = 768;

/// Past this, with so few digits, a value is infinite or zero.
const FAR: i64 = 10_000;

/// The number read so far.
#[derive(Clone, Debug, Default)]
pub struct Significant {
    /// A minus, digits from the first that is not zero, and in the end the exponent.
    text: Vec<u8>,
    digits: usize,
    /// What the digits are to be multiplied by, as a power of ten.
    scale: i64,
    /// The exponent as written.
    exponent: i64,
    part: Part,
    negative_exponent: bool,
    /// Digits that are not zero were dropped.
    inexact: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Integer,
    Fraction,
    Exponent,
}

impl Significant {
    /// The whole text of a number.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut number = Self::default();
        for byte in text {
            number.push(*byte);
        }
        number
    }

    /// The next byte of a number in good form.
    pub fn push(&mut self, byte: u8) {
        match (byte, self.part) {
            (b'.', _) => self.part = Part::Fraction,
            (b'e' | b'E', _) => self.part = Part::Exponent,
            (b'-', Part::Exponent) => self.negative_exponent = true,
            (b'-', _) => self.text.push(byte),
            (b'0'..=b'9', Part::Exponent) => {
                self.exponent = self.exponent.saturating_mul(10).saturating_add((byte - b'0').into());
            }
            (b'0'..=b'9', _) => self.digit(byte),
            _ => {}
        }
    }

    fn digit(&mut self, digit: u8) {
        let kept = if self.digits == 0 && digit == b'0' {
            // In front of the first significant one: worth nothing, but for the place it takes behind the point.
            self.part == Part::Fraction
        } else if self.digits < KEPT {
            self.text.push(digit);
            self.digits += 1;
            self.part == Part::Fraction
        } else {
            self.inexact |= digit != b'0';
            self.scale += i64::from(self.part == Part::Integer);
            false
        };
        self.scale -= i64::from(kept);
    }

    /// The nearest double; infinite past the range.
    #[must_use]
    pub fn value(mut self) -> f64 {
        let written = if self.negative_exponent { -self.exponent } else { self.exponent };
        let mut exponent = self.scale.saturating_add(written).clamp(-FAR, FAR);
        if self.digits == 0 {
            self.text.push(b'0');
        }
        if self.inexact {
            // Stands for all that was dropped: nearer to no double, but on the right side of the middle of two.
            self.text.push(b'1');
            exponent -= 1;
        }
        self.text.extend_from_slice(format!("e{exponent}").as_bytes());
        fast_float2::parse(&self.text).unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        Significant::of(text.as_bytes()).value()
    }

    #[test]
    fn short_numbers_keep_their_value() {
        for text in [
            "0",
            "-0",
            "0.0",
            "-0.0e5",
            "1",
            "-1.5",
            "10",
            "0.001",
            "123.456e-7",
            "1E5",
            "1e+22",
            "5e-324",
            "2e-324",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "-1e400",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "9007199254740993",
            "100000000000000000000000000000",
            "0.000000000000000000000000000000123",
        ] {
            let expected: f64 = text.parse().unwrap();
            assert_eq!(value(text).to_bits(), expected.to_bits(), "{text}");
        }
    }

    #[test]
    fn what_follows_the_kept_digits_decides_between_two_doubles() {
        // 2**53 + 1 is in the middle of two doubles, and goes to the even one below unless anything follows.
        let middle = |behind: &str| format!("9007199254740993.{}{behind}", "0".repeat(2000));
        assert_eq!(value(&middle("")), 9_007_199_254_740_992.0);
        assert_eq!(value(&middle("1")), 9_007_199_254_740_994.0);
        assert_eq!(value(&format!("9007199254740993{}1e-2001", "0".repeat(2000))), 9_007_199_254_740_994.0);
    }

    #[test]
    fn an_exponent_takes_back_any_number_of_zeros() {
        let zeros = "0".repeat(1_000_000);
        assert_eq!(value(&format!("0.{zeros}1e1000001")), 1.0);
        assert_eq!(value(&format!("1{zeros}e-1000000")), 1.0);
        assert_eq!(value(&format!("0.{zeros}1e1000309")), 1e308);
        assert!(value(&format!("0.{zeros}1e1000310")).is_infinite());
    }

    #[test]
    fn no_number_takes_more_room_than_its_digits_that_count() {
        let mut number = Significant::default();
        for _ in 0..1_000_000 {
            number.push(b'7');
        }
        assert!(number.text.len() <= KEPT);
        assert!(number.value().is_infinite());
    }
}
