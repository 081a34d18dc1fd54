//! Strings: escaping, and the text of a str of any width as UTF-8 or as ASCII alone (RFC 8259 section 7).
//!
//! A clean run is copied while it is looked at, 16 bytes at a time; what needs more is written one by one.

use crate::json::encode::{Failure, PIECE, Writer};
use crate::simd::unclean;

/// A string as its owner keeps it: one, two or four bytes a code point.
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    /// Below U+0080 throughout.
    Ascii(&'a [u8]),
    Latin1(&'a [u8]),
    Ucs2(&'a [u16]),
    Ucs4(&'a [u32]),
}

/// What lone surrogates come to where the output is not ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surrogates {
    /// [`Failure::LoneSurrogate`].
    Refuse,
    /// Three bytes, as UTF-8 would if it had them.
    Pass,
}

/// The second character of the short escapes, `u` for the long ones, 0 for what stands for itself.
static ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `\uXXXX` and two bytes nobody reads.
#[inline(always)]
fn long_escape(unit: u16) -> [u8; 8] {
    let digit = |shift: u16| HEX[usize::from(unit >> shift & 15)];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0), 0, 0]
}

/// Escapes a byte below 0x80 that needs it, or DEL; gives how many bytes that took.
#[inline(always)]
fn escape(byte: u8, out: &mut [u8]) -> usize {
    let short = ESCAPES[usize::from(byte)];
    if short == b'u' || short == 0 {
        out[..8].copy_from_slice(&long_escape(u16::from(byte)));
        return 6;
    }
    out[..2].copy_from_slice(&[b'\\', short]);
    2
}

/// Not 0 where one of eight bytes is not to be copied as it is.
#[inline(always)]
fn dirty_word<const DEL: bool>(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let equal = |byte: u8| (word ^ (ONES * u64::from(byte))).wrapping_sub(ONES);
    let mut found = word | word.wrapping_sub(ONES * 0x20) | equal(b'"') | equal(b'\\');
    if DEL {
        found |= equal(0x7f);
    }
    found & (ONES << 7)
}

#[inline(always)]
fn is_dirty<const DEL: bool>(byte: u8) -> bool {
    ESCAPES[usize::from(byte)] != 0 || byte >= if DEL { 0x7f } else { 0x80 }
}

/// Copies what stands for itself; gives how many bytes that were. `out` has 16 bytes more than `source`.
#[inline(always)]
fn copy_clean<const DEL: bool>(source: &[u8], out: &mut [u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = source[at..].first_chunk::<16>() {
        out[at..at + 16].copy_from_slice(chunk);
        let found = unclean::<DEL>(chunk);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += 16;
    }
    let rest = &source[at..];
    let out = &mut out[at..];
    let length = rest.len();
    if length >= 8 {
        let (Some(first), Some(last)) = (rest.first_chunk::<8>(), rest.last_chunk::<8>()) else { return at };
        if dirty_word::<DEL>(u64::from_le_bytes(*first)) | dirty_word::<DEL>(u64::from_le_bytes(*last)) == 0 {
            out[..8].copy_from_slice(first);
            out[length - 8..length].copy_from_slice(last);
            return at + length;
        }
    } else if length >= 4 {
        let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) else { return at };
        let both = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
        if dirty_word::<DEL>(both) == 0 {
            out[..4].copy_from_slice(first);
            out[length - 4..length].copy_from_slice(last);
            return at + length;
        }
    }
    for (index, (&byte, slot)) in rest.iter().zip(out).enumerate() {
        if is_dirty::<DEL>(byte) {
            return at + index;
        }
        *slot = byte;
    }
    at + length
}

/// One code point of any kind; gives how many bytes it took, or `None` for a refused surrogate.
#[inline(always)]
fn code_point<const ASCII: bool>(point: u32, surrogates: Surrogates, out: &mut [u8]) -> Option<usize> {
    if point < 0x80 {
        if is_dirty::<ASCII>(point as u8) {
            return Some(escape(point as u8, out));
        }
        out[0] = point as u8;
        return Some(1);
    }
    if ASCII {
        if point < 0x10000 {
            out[..8].copy_from_slice(&long_escape(point as u16));
            return Some(6);
        }
        let above = point - 0x10000;
        out[..8].copy_from_slice(&long_escape((0xd800 | above >> 10) as u16));
        out[6..14].copy_from_slice(&long_escape((0xdc00 | above & 0x3ff) as u16));
        return Some(12);
    }
    let tail = |shift: u32| 0x80 | (point >> shift & 0x3f) as u8;
    if point < 0x800 {
        out[..2].copy_from_slice(&[0xc0 | (point >> 6) as u8, tail(0)]);
        return Some(2);
    }
    if point < 0x10000 {
        if point & 0xf800 == 0xd800 && surrogates == Surrogates::Refuse {
            return None;
        }
        out[..3].copy_from_slice(&[0xe0 | (point >> 12) as u8, tail(6), tail(0)]);
        return Some(3);
    }
    out[..4].copy_from_slice(&[0xf0 | (point >> 18) as u8, tail(12), tail(6), tail(0)]);
    Some(4)
}

/// Eight units at once where they are of one sort: all to be copied, or all of three bytes.
#[inline(always)]
fn eight_units<const ASCII: bool>(units: &[u16; 8], out: &mut [u8]) -> usize {
    // Lanes without branches, which become vector code.
    let plain = units.iter().fold(true, |all, &unit| {
        all & (unit >= 0x20) & (unit < if ASCII { 0x7f } else { 0x80 }) & (unit != 0x22) & (unit != 0x5c)
    });
    if plain {
        out[..8].copy_from_slice(&units.map(|unit| unit as u8));
        return 8;
    }
    if !ASCII && units.iter().fold(true, |all, &unit| all & (unit >= 0x800) & (unit & 0xf800 != 0xd800)) {
        // Four bytes each, of which the next one overwrites the last.
        let out = &mut out[..25];
        for (index, &unit) in units.iter().enumerate() {
            let unit = u32::from(unit);
            let bytes = 0x80_80e0 | unit >> 12 | (unit & 0xfc0) << 2 | (unit & 0x3f) << 16;
            out[3 * index..3 * index + 4].copy_from_slice(&bytes.to_le_bytes());
        }
        return 24;
    }
    0
}

impl Writer {
    /// Writes a string in its quotes: as UTF-8, or with `ASCII` escaping all else (and DEL, as Python's json does).
    #[inline(always)]
    pub fn string<const ASCII: bool>(&mut self, text: Text<'_>, surrogates: Surrogates) -> bool {
        match text {
            Text::Ascii(bytes) if bytes.len() <= PIECE => self.short_string::<ASCII>(bytes),
            _ => {
                // Apart, as in `grow_apart`.
                let mut apart = std::mem::take(self);
                let written = apart.long_string::<ASCII>(text, surrogates);
                *self = apart;
                written
            }
        }
    }

    #[inline(always)]
    fn short_string<const ASCII: bool>(&mut self, source: &[u8]) -> bool {
        let Some(out) = self.room(source.len() * 6 + 32) else { return false };
        out[0] = b'"';
        let mut written = 1 + copy_clean::<ASCII>(source, &mut out[1..]);
        if written <= source.len() {
            written = escape_rest::<ASCII>(source, written - 1, out, written);
        }
        out[written] = b'"';
        self.used += written + 1;
        true
    }

    #[inline(never)]
    fn long_string<const ASCII: bool>(&mut self, text: Text<'_>, surrogates: Surrogates) -> bool {
        self.put([b'"'])
            && match text {
                Text::Ascii(bytes) => bytes.chunks(PIECE).all(|piece| self.ascii_piece::<ASCII>(piece)),
                Text::Latin1(bytes) => bytes.chunks(PIECE).all(|piece| self.latin1_piece::<ASCII>(piece)),
                Text::Ucs2(units) => units.chunks(PIECE).all(|piece| self.ucs2_piece::<ASCII>(piece, surrogates)),
                Text::Ucs4(units) => units.chunks(PIECE).all(|piece| self.ucs4_piece::<ASCII>(piece, surrogates)),
            }
            && self.put([b'"'])
    }

    fn ascii_piece<const ASCII: bool>(&mut self, source: &[u8]) -> bool {
        let Some(out) = self.room(source.len() * 6 + 32) else { return false };
        self.used += escape_rest::<ASCII>(source, 0, out, 0);
        true
    }

    fn latin1_piece<const ASCII: bool>(&mut self, source: &[u8]) -> bool {
        let Some(out) = self.room(source.len() * 6 + 32) else { return false };
        let (mut read, mut written) = (0, 0);
        while read < source.len() {
            let clean = copy_clean::<ASCII>(&source[read..], &mut out[written..]);
            read += clean;
            written += clean;
            if let Some(&byte) = source.get(read) {
                written += code_point::<ASCII>(u32::from(byte), Surrogates::Pass, &mut out[written..]).unwrap_or(0);
                read += 1;
            }
        }
        self.used += written;
        true
    }

    fn ucs2_piece<const ASCII: bool>(&mut self, source: &[u16], surrogates: Surrogates) -> bool {
        let Some(out) = self.room(source.len() * 6 + 32) else { return false };
        let (mut read, mut written) = (0, 0);
        while read < source.len() {
            let mut step = source.len() - read;
            if let Some(units) = source[read..].first_chunk::<8>() {
                let wrote = eight_units::<ASCII>(units, &mut out[written..]);
                if wrote != 0 {
                    written += wrote;
                    read += 8;
                    continue;
                }
                step = 8;
            }
            for &unit in &source[read..read + step] {
                let Some(wrote) = code_point::<ASCII>(u32::from(unit), surrogates, &mut out[written..]) else {
                    self.failure = Some(Failure::LoneSurrogate);
                    return false;
                };
                written += wrote;
            }
            read += step;
        }
        self.used += written;
        true
    }

    fn ucs4_piece<const ASCII: bool>(&mut self, source: &[u32], surrogates: Surrogates) -> bool {
        let Some(out) = self.room(source.len() * 12 + 32) else { return false };
        let mut written = 0;
        for &unit in source {
            let Some(wrote) = code_point::<ASCII>(unit, surrogates, &mut out[written..]) else {
                self.failure = Some(Failure::LoneSurrogate);
                return false;
            };
            written += wrote;
        }
        self.used += written;
        true
    }

    /// Writes a string's text as UTF-8, unquoted and unescaped; surrogates pass.
    pub fn raw_text(&mut self, text: Text<'_>) -> bool {
        let mut points = |units: &mut dyn Iterator<Item = u32>| {
            for point in units {
                let tail = |shift: u32| 0x80 | (point >> shift & 0x3f) as u8;
                let written = match point {
                    0..0x80 => self.put([point as u8]),
                    0x80..0x800 => self.put([0xc0 | (point >> 6) as u8, tail(0)]),
                    0x800..0x10000 => self.put([0xe0 | (point >> 12) as u8, tail(6), tail(0)]),
                    _ => self.put([0xf0 | (point >> 18) as u8, tail(12), tail(6), tail(0)]),
                };
                if !written {
                    return false;
                }
            }
            true
        };
        match text {
            Text::Ascii(bytes) => self.raw(bytes),
            Text::Latin1(bytes) => points(&mut bytes.iter().map(|&unit| u32::from(unit))),
            Text::Ucs2(units) => points(&mut units.iter().map(|&unit| u32::from(unit))),
            Text::Ucs4(units) => points(&mut units.iter().copied()),
        }
    }
}

/// The rest of an ASCII string from `read` on, into `out` from `written` on; gives the end of what is written.
#[inline(never)]
fn escape_rest<const ASCII: bool>(source: &[u8], mut read: usize, out: &mut [u8], mut written: usize) -> usize {
    while read < source.len() {
        let clean = copy_clean::<ASCII>(&source[read..], &mut out[written..]);
        read += clean;
        written += clean;
        if let Some(&byte) = source.get(read) {
            written += escape(byte, &mut out[written..]);
            read += 1;
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The naive oracle: one character at a time.
    fn expected(text: &str, ascii: bool) -> String {
        let mut out = String::from("\"");
        for char in text.chars() {
            match char {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                _ if char < ' ' || ascii && char > '~' => {
                    for unit in char.encode_utf16(&mut [0; 2]) {
                        out.push_str(&format!("\\u{unit:04x}"));
                    }
                }
                _ => out.push(char),
            }
        }
        out + "\""
    }

    fn check(text: &str) {
        let points: Vec<u32> = text.chars().map(u32::from).collect();
        let ucs2: Option<Vec<u16>> = points.iter().map(|&point| u16::try_from(point).ok()).collect();
        let latin1: Option<Vec<u8>> = points.iter().map(|&point| u8::try_from(point).ok()).collect();
        let mut forms = vec![Text::Ucs4(&points)];
        forms.extend(ucs2.as_deref().map(Text::Ucs2));
        forms.extend(latin1.as_deref().map(Text::Latin1));
        if text.is_ascii() {
            forms.push(Text::Ascii(text.as_bytes()));
        }
        for form in forms {
            let mut out = Writer::new(Vec::new(), usize::MAX, 0);
            assert!(out.string::<false>(form, Surrogates::Refuse));
            assert_eq!(String::from_utf8_lossy(out.bytes()), expected(text, false), "{form:?}");
            let mut out = Writer::new(Vec::new(), usize::MAX, 0);
            assert!(out.string::<true>(form, Surrogates::Refuse));
            assert_eq!(String::from_utf8_lossy(out.bytes()), expected(text, true), "{form:?}");
        }
    }

    #[test]
    fn every_special_character_at_every_place_of_every_length_is_escaped() {
        for length in (0..70).chain([1023, 1024, 1025, 2049]) {
            check(&"x".repeat(length));
            for special in ['"', '\\', '\n', '\0', '\u{1f}', '\u{7f}', '\u{80}', 'é', '€', '\u{ffff}', '😀'] {
                let step = if length < 70 { 1 } else { 341 };
                for place in (0..length).step_by(step) {
                    let mut text: Vec<char> = vec!['x'; length];
                    text[place] = special;
                    check(&text.iter().collect::<String>());
                }
                check(&special.to_string().repeat(length));
            }
        }
    }

    #[test]
    fn every_character_of_the_first_plane_is_written_as_the_oracle_does() {
        for start in (0..0x10000).step_by(96) {
            check(&(start..start + 96).filter_map(char::from_u32).collect::<String>());
        }
    }

    #[test]
    fn a_lone_surrogate_is_refused_or_passes_as_asked() {
        let text: Vec<u16> = "abcdefghij".encode_utf16().chain([0xd800]).collect();
        let mut out = Writer::new(Vec::new(), usize::MAX, 0);
        assert!(!out.string::<false>(Text::Ucs2(&text), Surrogates::Refuse));
        assert_eq!(out.failure(), Some(Failure::LoneSurrogate));
        let mut out = Writer::new(Vec::new(), usize::MAX, 0);
        assert!(out.string::<false>(Text::Ucs2(&text), Surrogates::Pass));
        assert_eq!(out.bytes(), b"\"abcdefghij\xed\xa0\x80\"");
        let mut out = Writer::new(Vec::new(), usize::MAX, 0);
        assert!(out.string::<true>(Text::Ucs2(&text), Surrogates::Refuse));
        assert_eq!(out.bytes(), b"\"abcdefghij\\ud800\"");
    }
}
