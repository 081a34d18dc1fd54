//! How names, values and text get into the output: sixteen bytes at a time, escaped as they are copied.

use std::ops::Range;

use crate::simd;
use crate::xml::names::{NameId, Names};
use crate::xml::write::Out;

/// What is written: what is done, and then a run of the window that is yet to be copied.
///
/// Most of a good document stays as it stands; so it is copied in runs as long as its windows.
#[derive(Debug, Default)]
pub struct Output {
    pub done: Out,
    run: Range<usize>,
}

impl Output {
    #[must_use]
    pub fn new(done: Out) -> Self {
        Self { done, run: 0..0 }
    }

    /// To write something that stands nowhere.
    #[inline(always)]
    pub(super) fn other(&mut self, window: &[u8]) -> &mut Out {
        if !self.run.is_empty() {
            self.settle(window);
        }
        &mut self.done
    }

    /// What follows is this of the window.
    #[inline(always)]
    pub(super) fn same(&mut self, window: &[u8], range: Range<usize>) {
        if self.run.end != range.start || self.run.is_empty() {
            self.settle(window);
            self.run.start = range.start;
        }
        self.run.end = range.end;
    }

    /// Goes on with `bytes` where the window does.
    #[inline(always)]
    pub(super) fn follow<const N: usize>(&mut self, window: &[u8], bytes: [u8; N]) {
        let next = self.run.end..self.run.end + N;
        if !self.run.is_empty() && window.get(next.clone()) == Some(&bytes) {
            self.run.end = next.end;
        } else {
            self.other(window).put(bytes);
        }
    }

    /// Goes on with all of these where the window does. False: it does not, and nothing was written.
    pub(super) fn follow_all(&mut self, window: &[u8], pieces: [&[u8]; 5]) -> bool {
        if self.run.is_empty() {
            return false;
        }
        let mut rest = window.get(self.run.end..).unwrap_or_default();
        let before = rest.len();
        for piece in pieces {
            match rest.strip_prefix(piece) {
                Some(behind) => rest = behind,
                None => return false,
            }
        }
        self.run.end += before - rest.len();
        true
    }

    /// Copies the run; its window is this one.
    pub(super) fn settle(&mut self, window: &[u8]) {
        let run = std::mem::take(&mut self.run);
        if !run.is_empty() {
            self.done.raw(&window[run]);
        }
    }
}

static ESCAPES: [&[u8]; 8] = [b"", b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&#9;", b"&#10;", b"&#13;"];

/// What a byte becomes in text, or in a value.
fn escape(byte: u8, value: bool) -> Option<&'static [u8]> {
    let which = match byte {
        b'&' => 1,
        b'<' => 2,
        b'>' => 3,
        b'\r' => 7,
        b'"' if value => 4,
        b'\t' if value => 5,
        b'\n' if value => 6,
        _ => return None,
    };
    Some(ESCAPES[which])
}

/// Up to sixteen bytes as an array, NUL behind them.
#[inline(always)]
pub(super) fn short(text: &[u8]) -> [u8; 16] {
    let length = text.len();
    let word = if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << (8 * (length - 8).min(8))
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u128::from(u32::from_le_bytes(*first)) | u128::from(u32::from_le_bytes(*last)) << (8 * (length - 4))
    } else if let (Some(first), Some(last)) = (text.first(), text.last()) {
        u128::from(*first)
            | u128::from(text[length / 2]) << (8 * (length / 2))
            | u128::from(*last) << (8 * (length - 1))
    } else {
        0
    };
    word.to_le_bytes()
}

/// A name as written, between others that are always the same.
#[inline(always)]
pub(super) fn name<const A: usize, const B: usize>(
    out: &mut Out,
    before: [u8; A],
    names: &Names,
    id: NameId,
    behind: [u8; B],
) {
    let entry = names.entry(id);
    if entry.length <= 16 {
        let [low, high] = entry.head;
        let word = u128::from(low) | u128::from(high) << 64;
        out.framed(before, &word.to_le_bytes(), entry.length as usize, behind);
    } else {
        out.put(before);
        out.raw(names.written(id));
        out.put(behind);
    }
}

/// Bytes in which nothing needs an escape.
#[inline(always)]
pub(super) fn plain(out: &mut Out, text: &[u8]) {
    if text.len() <= 16 {
        out.framed([], &short(text), text.len(), []);
    } else {
        out.raw(text);
    }
}

/// Text, or a value, with what would mean something else escaped.
#[inline(always)]
pub(super) fn escaped<const VALUE: bool>(out: &mut Out, text: &[u8]) {
    let length = text.len();
    if length <= 16 {
        let chunk = short(text);
        if simd::marked_up::<VALUE>(&chunk) & ((1 << length) - 1) == 0 {
            out.framed([], &chunk, length, []);
            return;
        }
    }
    escaped_long::<VALUE>(out, text);
}

/// Whether nothing in text, or in a value, needs an escape.
pub(super) fn is_clean<const VALUE: bool>(text: &[u8]) -> bool {
    clean::<VALUE>(text) == text.len()
}

/// The same of text, or of a value in double quotes, that stands in the window: there are no carriage returns in it, and no
/// quote in the value. A CDATA section may hold all the others.
#[inline(always)]
pub(super) fn is_clean_in(window: &[u8], range: Range<usize>) -> bool {
    let length = range.len();
    if length <= 16
        && let Some(chunk) = window.get(range.start..).and_then(<[u8]>::first_chunk)
    {
        return simd::marked_up::<false>(chunk) & ((1 << length) - 1) == 0;
    }
    memchr::memchr3(b'<', b'>', b'&', &window[range]).is_none()
}

#[inline(never)]
fn escaped_long<const VALUE: bool>(out: &mut Out, mut text: &[u8]) {
    while !text.is_empty() {
        let clean = clean::<VALUE>(text);
        plain(out, &text[..clean]);
        let Some((&byte, rest)) = text[clean..].split_first() else { return };
        match escape(byte, VALUE) {
            Some(escape) => plain(out, escape),
            None => plain(out, &[byte]),
        };
        text = rest;
    }
}

/// How many bytes stand before the first that may need an escape.
#[inline(always)]
fn clean<const VALUE: bool>(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(chunk) = text[at..].first_chunk::<16>() {
        let marked = simd::marked_up::<VALUE>(chunk);
        if marked != 0 {
            return at + marked.trailing_zeros() as usize;
        }
        at += 16;
    }
    let rest = &text[at..];
    let marked = simd::marked_up::<VALUE>(&short(rest)) & ((1 << rest.len()) - 1);
    if marked == 0 { text.len() } else { at + marked.trailing_zeros() as usize }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_escaped_at_each_place_and_no_other() {
        for length in 0..40_usize {
            for at in 0..length {
                for byte in 1..0x80_u8 {
                    let mut text = vec![b'a'; length];
                    text[at] = byte;
                    let mut expected = text[..at].to_vec();
                    expected.extend_from_slice(escape(byte, true).unwrap_or(&[byte]));
                    expected.extend_from_slice(&text[at + 1..]);
                    let mut out = Out::new(Vec::new(), u64::MAX);
                    escaped::<true>(&mut out, &text);
                    assert_eq!(out.bytes(), expected, "{text:?}");
                }
            }
        }
    }
}
