//! Encodings of one byte a character: ISO-8859-1, US-ASCII, and those of which there is a table.

use super::super::error::Kind;
use super::encodings::{Table, UNDEFINED};
use super::writer::{Writer, is_plain};
use crate::simd::survey;

/// How many bytes from the start are plain, found in steps of sixteen and then one by one.
#[inline]
fn plain_run(source: &[u8]) -> usize {
    let mut run = 0;
    for block in source.as_chunks::<16>().0 {
        let seen = survey(block);
        if seen.control || seen.high {
            break;
        }
        run += 16;
    }
    run + source[run..].iter().take_while(|byte| is_plain(**byte)).count()
}

/// Decodes bytes by what `point` says of those above 0x7f; returns how many were good, and what is wrong with the next.
#[inline(always)]
fn decode(source: &[u8], out: &mut Writer<'_>, point: impl Fn(u8) -> u32) -> (usize, Option<Kind>) {
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        if byte < 0x80 && !*out.after_cr {
            let run = plain_run(&source[at..]);
            if run > 0 {
                out.copy(&source[at..], run);
                at += run;
                continue;
            }
        }
        if let Err(kind) = out.push(point(byte)) {
            return (at, Some(kind));
        }
        at += 1;
    }
    (at, None)
}

pub(super) fn latin1(source: &[u8], out: &mut Writer<'_>) -> (usize, Option<Kind>) {
    decode(source, out, u32::from)
}

pub(super) fn ascii(source: &[u8], out: &mut Writer<'_>) -> (usize, Option<Kind>) {
    decode(source, out, |byte| if byte < 0x80 { u32::from(byte) } else { UNDEFINED })
}

/// A table may give bytes below 0x80 other meanings too, where they are not markup.
pub(super) fn table(table: &Table, source: &[u8], out: &mut Writer<'_>) -> (usize, Option<Kind>) {
    let is_ascii = (0..0x80).all(|byte| table[byte] == byte as u32);
    if is_ascii {
        return decode(source, out, |byte| table[usize::from(byte)]);
    }
    for (at, &byte) in source.iter().enumerate() {
        if let Err(kind) = out.push(table[usize::from(byte)]) {
            return (at, Some(kind));
        }
    }
    (source.len(), None)
}
