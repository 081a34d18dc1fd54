//! Text of a str of any width as UTF-8 or ASCII, with its markup characters escaped and its characters checked to be XML's.
//!
//! A clean run of ASCII is copied while it is looked at, 16 bytes at a time; the rest is written one by one.

use super::out::PIECE;
use super::{Failure, Out};
use crate::simd::{self, Narrow};
use crate::xml::chars::is_char;

/// Where a text stands, which says what must be escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Character data as ElementTree writes it: `& < >`.
    Text,
    /// An attribute value: `& < > "` and what normalisation would change.
    Attribute,
    /// An attribute value of HTML: `& > "`.
    HtmlAttribute,
    /// Character data that reads back as it is: carriage returns too.
    Content,
    /// Comments, processing instructions, raw text: nothing.
    Raw,
}

/// The bytes that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// ASCII; the rest as character references.
    Ascii,
    /// UTF-8; surrogates, where they pass, as character references.
    Utf8,
    /// What is to become a str: surrogates, where they pass, in three bytes.
    Str,
}

/// What becomes of characters that XML has no place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// [`Failure::Character`].
    Error,
    /// U+FFFD stands for each.
    Replace,
    /// They are written.
    Write,
}

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub struct How {
    pub context: Context,
    pub form: Form,
    pub invalid: Invalid,
}

/// What a byte below 0x80 becomes: the index of its escape, 0 where it stands for itself, `BAD` where it is no character.
const BAD: u8 = 255;
static ESCAPES: [&[u8]; 8] = [b"", b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&#09;", b"&#10;", b"&#13;"];

const fn table(escaped: &[(u8, u8)]) -> [u8; 128] {
    let mut table = [0; 128];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = if matches!(byte, 9 | 10 | 13) { 0 } else { BAD };
        byte += 1;
    }
    let mut at = 0;
    while at < escaped.len() {
        table[escaped[at].0 as usize] = escaped[at].1;
        at += 1;
    }
    table
}

static TEXT: [u8; 128] = table(&[(b'&', 1), (b'<', 2), (b'>', 3)]);
static CONTENT: [u8; 128] = table(&[(b'&', 1), (b'<', 2), (b'>', 3), (b'\r', 7)]);
static ATTRIBUTE: [u8; 128] = table(&[(b'&', 1), (b'<', 2), (b'>', 3), (b'"', 4), (b'\t', 5), (b'\n', 6), (b'\r', 7)]);
static HTML_ATTRIBUTE: [u8; 128] = table(&[(b'&', 1), (b'>', 3), (b'"', 4)]);
static RAW: [u8; 128] = table(&[]);

impl Context {
    #[inline(always)]
    fn table(self) -> &'static [u8; 128] {
        match self {
            Self::Text => &TEXT,
            Self::Attribute => &ATTRIBUTE,
            Self::HtmlAttribute => &HTML_ATTRIBUTE,
            Self::Content => &CONTENT,
            Self::Raw => &RAW,
        }
    }
}

/// The most bytes that one unit becomes: `&#1114111;`.
const WIDEST: usize = 10;

impl Out {
    /// Writes text below U+0080.
    #[inline]
    pub fn ascii(&mut self, text: &[u8], how: How) -> bool {
        if text.len() <= PIECE {
            return self.ascii_in(text, how);
        }
        text.chunks(PIECE).all(|piece| self.ascii_in(piece, how))
    }

    #[inline(always)]
    fn ascii_in(&mut self, piece: &[u8], how: How) -> bool {
        if matches!(how.context, Context::Attribute | Context::HtmlAttribute) {
            self.ascii_piece::<true>(piece, how)
        } else {
            self.ascii_piece::<false>(piece, how)
        }
    }

    /// Writes a text below U+0080 of 1 to 16 bytes, which are the last of `ending`.
    #[inline(always)]
    pub fn ascii_ending(&mut self, ending: [u8; 16], length: usize, how: How) -> bool {
        let marked = if matches!(how.context, Context::Attribute | Context::HtmlAttribute) {
            simd::marked_up::<true>(&ending)
        } else {
            simd::marked_up::<false>(&ending)
        };
        let before = 16 - length.clamp(1, 16);
        if marked >> before == 0 {
            return self.framed([], &shifted(ending, before), length, []);
        }
        self.ascii_apart(&ending[before..], how)
    }

    #[inline(never)]
    fn ascii_apart(&mut self, text: &[u8], how: How) -> bool {
        self.ascii(text, how)
    }

    #[inline(always)]
    fn ascii_piece<const ATTRIBUTE: bool>(&mut self, text: &[u8], how: How) -> bool {
        let mut at = 0;
        loop {
            let Some(room) = self.room(text.len() - at + 16) else { return false };
            let clean = copy_clean::<ATTRIBUTE>(text, at, room);
            self.used += clean;
            at += clean;
            let Some(&byte) = text.get(at) else { return true };
            if !self.below_0x80(byte, how) {
                return false;
            }
            at += 1;
        }
    }

    /// A byte that may need a thought.
    fn below_0x80(&mut self, byte: u8, how: How) -> bool {
        match how.context.table()[usize::from(byte & 0x7f)] {
            0 => self.put([byte]),
            BAD => self.bad(u32::from(byte), how),
            escape => self.raw(ESCAPES[usize::from(escape)]),
        }
    }

    /// A character that XML has no place for.
    #[cold]
    fn bad(&mut self, point: u32, how: How) -> bool {
        match how.invalid {
            Invalid::Error => {
                self.failure = Some(Failure::Character(point));
                false
            }
            Invalid::Replace => self.point(0xfffd, how.form),
            Invalid::Write => self.point(point, how.form),
        }
    }

    /// Writes a code point as it is said in `form`.
    pub fn point(&mut self, point: u32, form: Form) -> bool {
        let Some(room) = self.room(WIDEST) else { return false };
        let count = match form {
            _ if point < 0x80 => {
                room[0] = point as u8;
                1
            }
            Form::Ascii => reference(point, room),
            Form::Utf8 if point & !0x7ff == 0xd800 => reference(point, room),
            Form::Utf8 | Form::Str => utf8(point, room),
        };
        self.used += count;
        true
    }

    /// Writes UTF-8, in which surrogates may stand in three bytes.
    pub fn utf8(&mut self, mut text: &[u8], how: How) -> bool {
        while let Some(&first) = text.first() {
            let ascii = text.iter().position(|byte| *byte >= 0x80).unwrap_or(text.len());
            if ascii > 0 {
                if !self.ascii(&text[..ascii], how) {
                    return false;
                }
                text = &text[ascii..];
                continue;
            }
            let length = match first {
                0..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0.. => 4,
            }
            .min(text.len());
            let point = text[1..length]
                .iter()
                .fold(u32::from(first & (0x7f >> length)), |point, byte| point << 6 | u32::from(byte & 0x3f));
            let written = if is_char(point) { self.point(point, how.form) } else { self.bad(point, how) };
            if !written {
                return false;
            }
            text = &text[length..];
        }
        true
    }

    /// Writes text of units that are code points, one, two or four bytes each.
    pub fn wide<U: Narrow>(&mut self, text: &[U], how: How) -> bool {
        let table = how.context.table();
        for piece in text.chunks(PIECE) {
            let mut rest = piece;
            while !rest.is_empty() {
                let Some(room) = self.room(WIDEST * rest.len()) else { return false };
                let (read, written) = if how.form == Form::Ascii {
                    copy_wide::<U, true>(rest, room, table)
                } else {
                    copy_wide::<U, false>(rest, room, table)
                };
                self.used += written;
                rest = &rest[read..];
                let Some(&unit) = rest.first() else { break };
                let point = unit.into();
                let written = if point < 0x80 { self.below_0x80(point as u8, how) } else { self.bad(point, how) };
                if !written {
                    return false;
                }
                rest = &rest[1..];
            }
        }
        true
    }
}

/// Copies what stands for itself from `from` on; gives how many bytes that were. `out` has room for the rest and 16 more.
#[inline(always)]
fn copy_clean<const ATTRIBUTE: bool>(text: &[u8], from: usize, out: &mut [u8]) -> usize {
    let (text, whole) = (&text[from..], text);
    let mut at = 0;
    while let Some(chunk) = text[at..].first_chunk::<16>() {
        out[at..at + 16].copy_from_slice(chunk);
        let found = simd::marked_up::<ATTRIBUTE>(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    let left = text.len() - at;
    if left == 0 {
        return at;
    }
    let (chunk, found) = match whole.last_chunk::<16>() {
        // The last 16 bytes, what was looked at before shifted out.
        Some(ending) => (shifted(*ending, 16 - left), simd::marked_up::<ATTRIBUTE>(ending) >> (16 - left)),
        None => {
            // In a vector whose other bytes are clean.
            let mut chunk = [b' '; 16];
            short_copy(&text[at..], &mut chunk);
            (chunk, simd::marked_up::<ATTRIBUTE>(&chunk))
        }
    };
    out[at..at + 16].copy_from_slice(&chunk);
    at + (found.trailing_zeros() as usize).min(left)
}

/// The bytes from `from` on, at the start. In registers: what is stored in parts is waited for when it is read whole.
#[inline(always)]
fn shifted(bytes: [u8; 16], from: usize) -> [u8; 16] {
    (u128::from_le_bytes(bytes) >> (8 * from)).to_le_bytes()
}

/// Fewer than 16 bytes, by moves that overlap.
#[inline(always)]
fn short_copy(from: &[u8], to: &mut [u8; 16]) {
    let length = from.len();
    if let (Some(first), Some(last)) = (from.first_chunk::<8>(), from.last_chunk::<8>()) {
        to[..8].copy_from_slice(first);
        to[length - 8..length].copy_from_slice(last);
    } else if let (Some(first), Some(last)) = (from.first_chunk::<4>(), from.last_chunk::<4>()) {
        to[..4].copy_from_slice(first);
        to[length - 4..length].copy_from_slice(last);
    } else {
        for (slot, byte) in to.iter_mut().zip(from) {
            *slot = *byte;
        }
    }
}

/// Writes units as far as they are characters that need no escape; gives how many units and bytes those were.
#[inline(always)]
fn copy_wide<U: Narrow, const ASCII: bool>(text: &[U], out: &mut [u8], table: &[u8; 128]) -> (usize, usize) {
    let (mut read, mut written, out) = (0, 0, &mut out[..WIDEST * text.len()]);
    while let Some(&unit) = text.get(read) {
        let point = unit.into();
        if point < 0x80 {
            if table[point as usize] != 0 {
                break;
            }
            // A run of ASCII, where the next is one too; one is not worth a look at sixteen.
            if let Some(chunk) = text[read..].first_chunk::<16>()
                && chunk[1].into() < 0x80
                && let Some(bytes) = U::narrow(chunk)
            {
                // What is marked for attributes needs a look in any context; the first has had it.
                let found = (simd::marked_up::<true>(&bytes) | simd::high(&bytes)) & !1;
                out[written..written + 16].copy_from_slice(&bytes);
                let clean = (found | 1 << 16).trailing_zeros() as usize;
                read += clean;
                written += clean;
                continue;
            }
            out[written] = point as u8;
            (read, written) = (read + 1, written + 1);
            continue;
        }
        if point >= 0xd800 && !is_char(point) {
            break;
        }
        written += if ASCII { reference(point, &mut out[written..]) } else { utf8(point, &mut out[written..]) };
        read += 1;
    }
    (read, written)
}

/// UTF-8, surrogates in three bytes; gives how many.
#[inline(always)]
fn utf8(point: u32, out: &mut [u8]) -> usize {
    let tail = |shift: u32| 0x80 | (point >> shift & 0x3f) as u8;
    match point {
        0..0x80 => {
            out[0] = point as u8;
            1
        }
        0x80..0x800 => {
            out[..2].copy_from_slice(&[0xc0 | (point >> 6) as u8, tail(0)]);
            2
        }
        0x800..0x1_0000 => {
            out[..3].copy_from_slice(&[0xe0 | (point >> 12) as u8, tail(6), tail(0)]);
            3
        }
        _ => {
            out[..4].copy_from_slice(&[0xf0 | (point >> 18) as u8, tail(12), tail(6), tail(0)]);
            4
        }
    }
}

/// `&#N;` in decimal; gives how many bytes.
#[inline(always)]
fn reference(point: u32, out: &mut [u8]) -> usize {
    let digits = match point {
        0..100 => 2,
        100..1000 => 3,
        1000..10_000 => 4,
        10_000..100_000 => 5,
        100_000..1_000_000 => 6,
        _ => 7,
    };
    out[..2].copy_from_slice(b"&#");
    let mut left = point;
    for slot in out[2..2 + digits].iter_mut().rev() {
        *slot = b'0' + (left % 10) as u8;
        left /= 10;
    }
    out[2 + digits] = b';';
    3 + digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, context: Context, form: Form, invalid: Invalid) -> Result<String, Failure> {
        let how = How { context, form, invalid };
        let units: Vec<u32> = text.chars().map(u32::from).collect();
        let mut out = Out::new(Vec::new(), u64::MAX);
        let done = out.wide(&units, how);
        // The same text in each width that holds it.
        let narrow: Option<Vec<u8>> = units.iter().map(|unit| u8::try_from(*unit).ok()).collect();
        let middle: Option<Vec<u16>> = units.iter().map(|unit| u16::try_from(*unit).ok()).collect();
        let same = |write: &dyn Fn(&mut Out) -> bool| {
            let mut other = Out::new(Vec::new(), u64::MAX);
            assert_eq!(write(&mut other), done);
            assert_eq!(other.failure(), out.failure());
            assert!(!done || other.bytes() == out.bytes());
        };
        same(&|other| other.utf8(text.as_bytes(), how));
        if let Some(units) = narrow {
            same(&|other| other.wide(&units, how));
        }
        if let Some(units) = middle {
            same(&|other| other.wide(&units, how));
        }
        if text.is_ascii() {
            same(&|other| other.ascii(text.as_bytes(), how));
        }
        if done { Ok(String::from_utf8(out.bytes().to_vec()).unwrap()) } else { Err(out.failure().unwrap()) }
    }

    #[test]
    fn each_context_escapes_its_own_characters() {
        let all = "a&b<c>d\"e\tf\ng\rh";
        for (context, expected) in [
            (Context::Text, "a&amp;b&lt;c&gt;d\"e\tf\ng\rh"),
            (Context::Content, "a&amp;b&lt;c&gt;d\"e\tf\ng&#13;h"),
            (Context::Attribute, "a&amp;b&lt;c&gt;d&quot;e&#09;f&#10;g&#13;h"),
            (Context::HtmlAttribute, "a&amp;b<c&gt;d&quot;e\tf\ng\rh"),
            (Context::Raw, all),
        ] {
            assert_eq!(written(all, context, Form::Utf8, Invalid::Error).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_character_that_is_none_is_found_wherever_it_stands() {
        for bad in ['\0', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
            for before in 0..40 {
                let text = format!("{}{bad}{}", "x".repeat(before), "y".repeat(20));
                for context in [Context::Text, Context::Attribute, Context::Raw] {
                    let failure = written(&text, context, Form::Utf8, Invalid::Error);
                    assert_eq!(failure, Err(Failure::Character(bad.into())));
                    let replaced = written(&text, context, Form::Utf8, Invalid::Replace).unwrap();
                    assert_eq!(replaced, text.replace(bad, "\u{fffd}"));
                    assert_eq!(written(&text, context, Form::Utf8, Invalid::Write).unwrap(), text);
                }
            }
        }
    }

    #[test]
    fn what_is_escaped_is_escaped_wherever_it_stands() {
        for special in ['<', '"', '\t', '\r', '\u{e9}', '\u{8000}', '\u{d7ff}', '\u{1f600}'] {
            for before in 0..36 {
                let text = format!("{}{special}{}\u{416}", "x".repeat(before), "y".repeat(35 - before));
                for (context, form) in [(Context::Attribute, Form::Ascii), (Context::Content, Form::Utf8)] {
                    let expected: String = text
                        .chars()
                        .map(|character| match character {
                            '<' => String::from("&lt;"),
                            '\r' => String::from("&#13;"),
                            '"' if context == Context::Attribute => String::from("&quot;"),
                            '\t' if context == Context::Attribute => String::from("&#09;"),
                            '\u{80}'.. if form == Form::Ascii => format!("&#{};", u32::from(character)),
                            character => String::from(character),
                        })
                        .collect();
                    assert_eq!(written(&text, context, form, Invalid::Error).unwrap(), expected);
                }
            }
        }
    }

    #[test]
    fn ascii_says_the_rest_by_references() {
        let text = "\u{e9}\u{7f}\u{80}\u{3e8}\u{4e00}\u{1f600}\u{10ffff}\u{fffd}";
        assert_eq!(
            written(text, Context::Text, Form::Ascii, Invalid::Error).unwrap(),
            "&#233;\u{7f}&#128;&#1000;&#19968;&#128512;&#1114111;&#65533;"
        );
        assert_eq!(written(text, Context::Text, Form::Utf8, Invalid::Error).unwrap(), text);
    }

    #[test]
    fn surrogates_are_refused_replaced_or_written_as_the_form_has_them() {
        let how = |form, invalid| How { context: Context::Text, form, invalid };
        let text = [0x61_u16, 0xd800, 0x62];
        for (form, invalid, expected) in [
            (Form::Utf8, Invalid::Write, &b"a&#55296;b"[..]),
            (Form::Ascii, Invalid::Write, b"a&#55296;b"),
            (Form::Str, Invalid::Write, b"a\xed\xa0\x80b"),
            (Form::Str, Invalid::Replace, "a\u{fffd}b".as_bytes()),
            (Form::Ascii, Invalid::Replace, b"a&#65533;b"),
        ] {
            let mut out = Out::new(Vec::new(), u64::MAX);
            assert!(out.wide(&text, how(form, invalid)));
            assert_eq!(out.bytes(), expected);
        }
        let mut out = Out::new(Vec::new(), u64::MAX);
        assert!(!out.wide(&text, how(Form::Str, Invalid::Error)));
        assert_eq!(out.failure(), Some(Failure::Character(0xd800)));
    }

    #[test]
    fn long_texts_are_written_whole() {
        let text = "a<\u{e9}\u{4e00}".repeat(5000);
        let expected = text.replace('<', "&lt;");
        assert_eq!(written(&text, Context::Text, Form::Utf8, Invalid::Error).unwrap(), expected);
        let text = "abcdefghijklmno&".repeat(5000);
        assert_eq!(
            written(&text, Context::Attribute, Form::Ascii, Invalid::Error).unwrap(),
            text.replace('&', "&amp;")
        );
    }
}
