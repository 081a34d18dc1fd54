//! Integers of a machine word and floats as text.
//!
//! A float's text is what Python's `repr` gives: the shortest digits that read back as the same double, fixed notation
//! from 1e-4 up to 1e16, and an exponent of two digits at least with its sign outside.

use crate::json::encode::Writer;

/// Two digits each; as long as a power of two, so that a masked index needs no check.
static PAIRS: [[u8; 2]; 128] = {
    let mut pairs = [[0; 2]; 128];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

const EIGHT: u64 = 100_000_000;

/// The four digits of a number below 10^4 as text, the first in the lowest byte.
#[inline(always)]
fn four_digits(number: u32) -> u32 {
    // The factor is a rounded reciprocal of 100 that is exact here.
    let high = (number * 5243) >> 19;
    let pair = |number: u32| u32::from(u16::from_le_bytes(PAIRS[number as usize % 128]));
    pair(high) | pair(number - high * 100) << 16
}

/// The eight digits of a number below 10^8 as text, the first in the lowest byte.
#[inline(always)]
fn eight_digits(number: u32) -> u64 {
    u64::from(four_digits(number / 10_000)) | u64::from(four_digits(number % 10_000)) << 32
}

#[inline(always)]
fn put_eight(number: u64, out: &mut [u8]) {
    out[..8].copy_from_slice(&eight_digits(number as u32).to_le_bytes());
}

/// By the count of bits of a number: added to it, the count of its decimal digits stands in the upper half.
static COUNTS: [u64; 28] = {
    let mut table = [0; 28];
    let mut bits = 0;
    while bits < 28 {
        // The digits of the largest number of so many bits, and the power of ten that parts them from one fewer.
        let largest: u64 = (1 << bits) - 1;
        let (mut digits, mut power) = (1, 10);
        while power <= largest {
            digits += 1;
            power *= 10;
        }
        table[bits] = if digits == 1 { 1 << 32 } else { (digits << 32) - power / 10 };
        bits += 1;
    }
    table
};

/// How many decimal digits a number below 10^8 has; 1 for 0. Short, since all that is written next waits for it.
#[inline(always)]
fn count_digits(number: u64) -> usize {
    let bits = (64 - (number | 1).leading_zeros()) as usize;
    ((number + COUNTS[bits.min(27)]) >> 32) as usize
}

/// Writes a number below 10^8 without leading zeros; gives how many digits it has.
#[inline(always)]
fn put_leading(number: u64, out: &mut [u8]) -> usize {
    let count = count_digits(number);
    if number < 10_000 {
        out[..4].copy_from_slice(&(four_digits(number as u32) >> (8 * (4 - count))).to_le_bytes());
    } else {
        out[..8].copy_from_slice(&(eight_digits(number as u32) >> (8 * (8 - count))).to_le_bytes());
    }
    count
}

/// Writes an integer, given by its sign and magnitude; gives how many bytes that took.
#[inline(always)]
pub fn integer_into(negative: bool, magnitude: u64, room: &mut [u8; 32]) -> usize {
    room[0] = b'-';
    let start = usize::from(negative);
    let out = &mut room[start..];
    if magnitude < EIGHT {
        return start + put_leading(magnitude, out);
    }
    let (above, low) = (magnitude / EIGHT, magnitude % EIGHT);
    let end = if above < EIGHT {
        put_leading(above, out)
    } else {
        let first = put_leading(above / EIGHT, out);
        put_eight(above % EIGHT, &mut out[first..]);
        first + 8
    };
    put_eight(low, &mut out[end..]);
    start + end + 8
}

/// Copies a number's text, 1 to 32 bytes, by overlapping moves instead of a call.
#[inline(always)]
fn copy_number(text: &[u8], out: &mut [u8]) {
    let length = text.len();
    if let (Some(first), Some(last)) = (text.first_chunk::<16>(), text.last_chunk::<16>()) {
        out[..16].copy_from_slice(first);
        out[length - 16..length].copy_from_slice(last);
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        out[..8].copy_from_slice(first);
        out[length - 8..length].copy_from_slice(last);
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        out[..4].copy_from_slice(first);
        out[length - 4..length].copy_from_slice(last);
    } else {
        for (slot, &byte) in out.iter_mut().zip(text) {
            *slot = byte;
        }
    }
}

/// Python's `repr` of a finite float that the shortest digits' own layout does not give: `digits` are those of
/// `d.ddd` times ten to the `exponent`.
#[cold]
fn put_exponent(text: &str, out: &mut [u8]) -> usize {
    let (mantissa, exponent) = match text.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().unwrap_or(0)),
        // 0.0000123: Python goes over to exponents one place earlier.
        None => (text, 0),
    };
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let point = mantissa.find('.').unwrap_or(mantissa.len()) as i32;
    let mut all = mantissa.bytes().filter(|&byte| byte != b'.').enumerate().skip_while(|&(_, byte)| byte == b'0');
    let Some((place, first)) = all.next() else { return 0 };
    let exponent = exponent + point - 1 - place as i32;
    let mut written = 0;
    let mut put = |byte: u8| {
        out[written] = byte;
        written += 1;
    };
    sign.bytes().for_each(&mut put);
    put(first);
    let rest: &mut dyn Iterator<Item = u8> = &mut all.map(|(_, byte)| byte);
    let mut point = true;
    for byte in rest {
        if std::mem::take(&mut point) {
            put(b'.');
        }
        put(byte);
    }
    put(b'e');
    put(if exponent < 0 { b'-' } else { b'+' });
    let size = exponent.unsigned_abs();
    if size >= 100 {
        put(b'0' + (size / 100) as u8);
    }
    PAIRS[size as usize % 100].into_iter().for_each(&mut put);
    written
}

/// Writes a finite float; gives how many bytes that took.
#[inline(always)]
pub fn float_into(number: f64, out: &mut [u8; 48]) -> usize {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(number);
    let size = number.abs();
    if (1e-4..1e16).contains(&size) || size == 0.0 {
        copy_number(text.as_bytes(), out);
        text.len()
    } else {
        put_exponent(text, out)
    }
}

impl Writer {
    #[inline(always)]
    pub fn signed(&mut self, number: i64) -> bool {
        let Some(out) = self.room_of::<32>() else { return false };
        self.used += integer_into(number < 0, number.unsigned_abs(), out);
        true
    }

    /// Writes an integer by its sign and magnitude, and `count` of two bytes behind it.
    #[inline(always)]
    pub fn integer_and(&mut self, negative: bool, magnitude: u64, behind: [u8; 2], count: usize) -> bool {
        let Some(out) = self.room_of::<32>() else { return false };
        let length = integer_into(negative, magnitude, out);
        out[length..length + 2].copy_from_slice(&behind);
        self.used += length + count;
        true
    }

    #[inline(always)]
    pub fn unsigned(&mut self, number: u64) -> bool {
        let Some(out) = self.room_of::<32>() else { return false };
        self.used += integer_into(false, number, out);
        true
    }

    /// Writes a finite float; the caller has dealt with the others.
    #[inline(always)]
    pub fn float(&mut self, number: f64) -> bool {
        debug_assert!(number.is_finite());
        let Some(out) = self.room_of::<48>() else { return false };
        self.used += float_into(number, out);
        true
    }
}

/// The text of a finite float.
#[must_use]
pub fn float_text(number: f64) -> String {
    let mut out = [0; 48];
    let length = float_into(number, &mut out);
    out[..length].iter().map(|&byte| char::from(byte)).collect()
}

/// The text of an integer.
#[must_use]
pub fn integer_text(number: i64) -> String {
    let mut out = [0; 32];
    let length = integer_into(number < 0, number.unsigned_abs(), &mut out);
    out[..length].iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_written_as_the_standard_library_writes_them() {
        let mut numbers = vec![0, i64::MIN, i64::MAX];
        for power in 0..19 {
            let ten = 10_i64.pow(power);
            numbers.extend([ten, ten - 1, ten + 1, -ten, 1 - ten, 7 * (ten / 2)]);
        }
        for number in numbers {
            assert_eq!(integer_text(number), number.to_string());
        }
        let mut out = Writer::new(Vec::new(), usize::MAX, 0);
        assert!(out.unsigned(u64::MAX));
        assert_eq!(out.bytes(), b"18446744073709551615");
    }

    #[test]
    fn digits_are_counted_exactly_on_both_sides_of_every_power() {
        for number in 0..100_000_u64 {
            assert_eq!(count_digits(number), number.to_string().len());
        }
        for power in 1..=8 {
            for number in [10_u64.pow(power) - 1, 10_u64.pow(power - 1), 10_u64.pow(power - 1) + 1] {
                assert_eq!(count_digits(number), number.to_string().len());
            }
        }
        for bits in 0..27 {
            for number in [(1_u64 << bits) - 1, 1 << bits] {
                assert_eq!(count_digits(number), number.to_string().len());
            }
        }
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (100.0, "100.0"),
            (0.0001, "0.0001"),
            (0.00012345, "0.00012345"),
            (0.00001, "1e-05"),
            (0.000012345, "1.2345e-05"),
            (-0.000099999999, "-9.9999999e-05"),
            (1e-7, "1e-07"),
            (1.5e-9, "1.5e-09"),
            (1e-10, "1e-10"),
            (5e-324, "5e-324"),
            (2.2250738585072014e-308, "2.2250738585072014e-308"),
            (1e15, "1000000000000000.0"),
            (9999999999999998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (12345678901234567890.0, "1.2345678901234567e+19"),
            (1e22, "1e+22"),
            (1e100, "1e+100"),
            (-1.7976931348623157e308, "-1.7976931348623157e+308"),
        ] {
            assert_eq!(float_text(number), text);
        }
    }

    #[test]
    fn every_power_of_two_and_ten_reads_back_as_itself() {
        for bits in 0..0x7ff_u64 {
            for fraction in [0, 1, 0xf_ffff_ffff_ffff, 0x5_5555_5555_5555] {
                let number = f64::from_bits(bits << 52 | fraction);
                assert_eq!(float_text(number).parse::<f64>().unwrap().to_bits(), number.to_bits());
            }
        }
    }
}
