//! Texts that stand for scalars which neither JSON nor XML knows: dates and times, durations, UUIDs, bytes, numbers inside
//! strings. Plain numbers in and out; what a scalar becomes is somebody else's business.
//!
//! The grammars are those of the standards and no wider: where a well-kept crate reads more than its standard allows (most
//! that read dates do), the text would have to be checked beside it, and the check is the parser.

pub mod base64;
pub mod duration;
pub mod number;
pub mod time;
pub mod uuid;

/// Why a text stands for no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has another form.
    Form,
    /// It has the form, and what it says does not exist or does not fit.
    Range,
}

/// XML's white space (XML 1.0 section 2.3, `S`).
#[must_use]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The text without white space around it.
#[must_use]
pub fn trim(mut text: &str) -> &str {
    text = text.trim_start_matches([' ', '\t', '\r', '\n']);
    text.trim_end_matches([' ', '\t', '\r', '\n'])
}

/// Takes a byte off the front, if it is one of these.
fn take(text: &mut &[u8], wanted: &[u8]) -> Option<u8> {
    let (first, rest) = text.split_first()?;
    wanted.contains(first).then(|| {
        *text = rest;
        *first
    })
}

/// Takes all digits off the front.
fn digits<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(count);
    *text = rest;
    digits
}

/// The microseconds of a second's fraction: its first six digits, whatever follows.
fn microseconds(digits: &[u8]) -> u32 {
    let digit = |at: usize| digits.get(at).map_or(0, |digit| u32::from(digit - b'0'));
    (0..6).fold(0, |value, at| 10 * value + digit(at))
}

/// Writes a number with at least `width` digits.
fn put(out: &mut Vec<u8>, value: u32, width: usize) {
    if width == 2 && value < 100 {
        out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
        return;
    }
    let mut room = itoa::Buffer::new();
    let text = room.format(value);
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(text.len())));
    out.extend_from_slice(text.as_bytes());
}

/// Writes microseconds as the fraction of a second: nothing for 0, no zeros at the end where `short`.
fn put_fraction(out: &mut Vec<u8>, microsecond: u32, short: bool) {
    if microsecond == 0 {
        return;
    }
    out.push(b'.');
    put(out, microsecond, 6);
    while short && out.last() == Some(&b'0') {
        out.pop();
    }
}
