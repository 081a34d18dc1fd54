//! Numbers (RFC 8259 §6): the fast path for complete ones, and the state machine for those cut by a chunk's end, past a
//! limit, or of doubtful form.
//!
//! A number token is the longest prefix that forms a number, as in the standard library; what stands behind it is then
//! somebody else's error. Against the limit counts every byte that may belong to the number, its leading minus not.

use super::decimal;
use super::machine::CHECKED;
use super::significant::Significant;
use super::text::SCRATCH;
use crate::cursor::Cursor;
use crate::simd;

/// What a complete number is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    Integer(i64),
    /// An integer that does not fit; its text tells.
    Big,
    Float(f64),
    /// A float whose text has to be read with more care than the fast path takes.
    Careful,
}

const TENS: [u64; 9] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Moves over digits and appends them to `mantissa`, which wraps past twenty of them; their count.
///
/// How many there are is found first and at once: the position of what comes next must not wait for their value.
#[inline(always)]
fn digits(cursor: &mut Cursor<'_>, mantissa: &mut u64) -> usize {
    let start = cursor.position();
    while let Some((count, words)) = simd::digits(cursor) {
        cursor.advance(count);
        if count > 8 {
            *mantissa = mantissa.wrapping_mul(TENS[8]).wrapping_add(eight(words[0]));
            *mantissa = mantissa.wrapping_mul(TENS[count - 8]).wrapping_add(eight(words[1] << (128 - 8 * count)));
        } else if count > 0 {
            *mantissa = mantissa.wrapping_mul(TENS[count]).wrapping_add(eight(words[0] << (64 - 8 * count)));
        }
        if count < 16 {
            return cursor.position() - start;
        }
    }
    while let digit @ 0..=9 = cursor.peek().wrapping_sub(b'0') {
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(digit.into());
        cursor.advance(1);
    }
    cursor.position() - start
}

/// The value of eight digits as they stand in memory, the first in the lowest byte; zero bytes count as zeros.
#[inline(always)]
fn eight(word: u64) -> u64 {
    let digits = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    ((pairs & 0xff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064))
        .wrapping_add((pairs >> 16 & 0xff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001))
        >> 32
}

/// Reads a number that is complete, in good form and of at most `limit` characters. `None`: anything else; the cursor
/// has then moved and the caller starts over with [`Digits`]. `last`: the end of the window ends the number.
#[inline(always)]
pub fn fast(cursor: &mut Cursor<'_>, limit: u64, last: bool) -> Option<Number> {
    let negative = cursor.peek() == b'-';
    if negative {
        cursor.advance(1);
    }
    let first = cursor.position();
    let leading = cursor.peek();
    let mut mantissa = u64::from(leading.wrapping_sub(b'0'));
    if mantissa > 9 {
        return None;
    }
    cursor.advance(1);
    let mut integer = 1;
    if cursor.peek().wrapping_sub(b'0') <= 9 {
        integer += digits(cursor, &mut mantissa);
        if leading == b'0' {
            return None;
        }
    }
    let mut next = cursor.peek();
    if next != b'.' && next | 0x20 != b'e' {
        if CHECKED && (integer as u64 > limit || (next == 0 && cursor.at_end() && !last)) {
            return None;
        }
        if integer <= 18 {
            let value = mantissa.cast_signed();
            return Some(Number::Integer(if negative { -value } else { value }));
        }
        return Some(long_integer(mantissa, integer, negative));
    }
    let mut all = integer;
    let mut exponent = 0i64;
    if next == b'.' {
        cursor.advance(1);
        let count = digits(cursor, &mut mantissa);
        if count == 0 {
            return None;
        }
        all += count;
        exponent = -(count as i64);
        next = cursor.peek();
    }
    if next | 0x20 == b'e' {
        cursor.advance(1);
        let sign = cursor.peek();
        if matches!(sign, b'+' | b'-') {
            cursor.advance(1);
        }
        let written = cursor.position();
        let mut value = 0i64;
        while let digit @ 0..=9 = cursor.peek().wrapping_sub(b'0') {
            value = value.saturating_mul(10).saturating_add(digit.into());
            cursor.advance(1);
        }
        if cursor.position() == written {
            return None;
        }
        exponent = exponent.saturating_add(if sign == b'-' { -value } else { value });
    }
    let length = (cursor.position() - first) as u64;
    if CHECKED && (length > limit || (cursor.peek() == 0 && cursor.at_end() && !last)) {
        return None;
    }
    // Nineteen digits never wrap.
    let value =
        if all <= 19 { exact(mantissa, exponent).or_else(|| decimal::nearest(mantissa, exponent)) } else { None };
    Some(match value {
        Some(value) => Number::Float(if negative { -value } else { value }),
        None => Number::Careful,
    })
}

#[cold]
fn long_integer(mantissa: u64, digits: usize, negative: bool) -> Number {
    // Nineteen digits never wrap a u64.
    if digits == 19 {
        if let Ok(value) = i64::try_from(mantissa) {
            return Number::Integer(if negative { -value } else { value });
        }
        if negative && mantissa == i64::MIN.unsigned_abs() {
            return Number::Integer(i64::MIN);
        }
    }
    Number::Big
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The value where both factors are exact doubles, so that one rounding gives the nearest double (Clinger 1990).
#[inline(always)]
fn exact(mantissa: u64, exponent: i64) -> Option<f64> {
    if mantissa > 1 << 53 || !(-22..=22).contains(&exponent) {
        return None;
    }
    let value = mantissa as f64;
    let power = POWERS[exponent.unsigned_abs() as usize];
    Some(if exponent < 0 { value / power } else { value * power })
}

/// The nearest double of a number's text; infinite past the range.
#[must_use]
pub fn careful(text: &[u8]) -> f64 {
    // The parser reads exponents of five digits, so zeros must not outnumber those.
    if text.len() > 1000 {
        return Significant::of(text).value();
    }
    fast_float2::parse(text).unwrap_or(f64::NAN)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Start,
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    E,
    Sign,
    Exponent,
}

/// How far a number came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitsStep {
    /// It ended before the cursor; `integer` where it has neither fraction nor exponent.
    End {
        integer: bool,
    },
    /// What stands here is no number: it ends, valid, `back` bytes before the cursor, and what follows can't stand there.
    Prefix {
        back: u64,
    },
    /// A minus with no digit behind it.
    NoDigits,
    NeedMore,
    /// The byte at the cursor is one too many.
    Over,
    /// There is no memory to keep that byte.
    NoMemory,
}

/// What is wanted of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    #[default]
    Nothing,
    /// Its nearest double, in bounded memory.
    Value,
    Text,
}

/// A number on its way.
#[derive(Clone, Debug, Default)]
pub struct Digits {
    text: Vec<u8>,
    /// With [`Keep::Value`].
    value: Option<Box<Significant>>,
    state: State,
    keep: Keep,
    /// Bytes read, and how many of them form a number.
    count: u64,
    accepted: u64,
    negative: bool,
    integer: bool,
}

impl Digits {
    /// Makes ready for the next number.
    pub fn start(&mut self, keep: Keep) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let value = (keep == Keep::Value).then(Box::default);
        *self = Self { text, value, keep, integer: true, ..Self::default() };
    }

    /// Gives back the buffer of a long number.
    pub fn rest(&mut self) {
        if self.text.capacity() > SCRATCH {
            self.text = Vec::new();
        }
    }

    /// The text of a finished number.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The nearest double of a finished number, with [`Keep::Value`].
    pub fn take_value(&mut self) -> Option<f64> {
        self.value.take().map(|value| value.value())
    }

    /// Characters so far, the leading minus not counted.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.count - u64::from(self.negative)
    }

    /// Bytes, from the first on, that are a number.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// True behind a minus and nothing else.
    #[must_use]
    pub fn is_minus(&self) -> bool {
        self.state == State::Minus
    }

    /// Reads on. `last`: the end of the window ends the input.
    pub fn resume(&mut self, cursor: &mut Cursor<'_>, limit: u64, last: bool) -> DigitsStep {
        loop {
            let byte = cursor.peek();
            let next = match (self.state, byte) {
                (State::Start, b'-') => State::Minus,
                (State::Start | State::Minus, b'0') => State::Zero,
                (State::Start | State::Minus, b'1'..=b'9') | (State::Integer, b'0'..=b'9') => State::Integer,
                (State::Zero | State::Integer, b'.') => State::Point,
                (State::Point | State::Fraction, b'0'..=b'9') => State::Fraction,
                (State::Zero | State::Integer | State::Fraction, b'e' | b'E') => State::E,
                (State::E, b'+' | b'-') => State::Sign,
                (State::E | State::Sign | State::Exponent, b'0'..=b'9') => State::Exponent,
                _ if cursor.at_end() && !last => return DigitsStep::NeedMore,
                _ => return self.end(cursor.at_end()),
            };
            if next == State::Minus {
                self.negative = true;
            } else if self.size() + 1 > limit {
                return DigitsStep::Over;
            }
            self.state = next;
            self.count += 1;
            self.integer &= matches!(next, State::Minus | State::Zero | State::Integer);
            if matches!(next, State::Zero | State::Integer | State::Fraction | State::Exponent) {
                self.accepted = self.count;
            }
            if self.keep == Keep::Text {
                if self.text.try_reserve(1).is_err() {
                    return DigitsStep::NoMemory;
                }
                self.text.push(byte);
            } else if let Some(value) = &mut self.value {
                value.push(byte);
            }
            cursor.advance(1);
        }
    }

    fn end(&self, input_ended: bool) -> DigitsStep {
        if self.accepted == self.count {
            DigitsStep::End { integer: self.integer }
        } else if input_ended {
            // Only with `last`: the document was cut inside the number.
            DigitsStep::NeedMore
        } else if self.accepted == 0 {
            DigitsStep::NoDigits
        } else {
            DigitsStep::Prefix { back: self.count - self.accepted }
        }
    }
}
