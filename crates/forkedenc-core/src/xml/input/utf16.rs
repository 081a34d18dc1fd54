//! UTF-16 of either byte order (RFC 2781).

use super::super::error::Kind;
use super::writer::Writer;
use crate::simd::survey;

/// The character that starts `source`, and its bytes. `Err(None)`: it is cut.
#[inline]
pub(super) fn character(source: &[u8], little: bool) -> Result<(u32, usize), Option<Kind>> {
    let unit = |at: usize| {
        let bytes = [*source.get(at)?, *source.get(at + 1)?];
        Some(u32::from(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }))
    };
    let first = unit(0).ok_or(None)?;
    match first {
        0xd800..0xdc00 => match unit(2).ok_or(None)? {
            second @ 0xdc00..0xe000 => Ok((0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00), 4)),
            _ => Err(Some(Kind::InvalidCharacter)),
        },
        0xdc00..0xe000 => Err(Some(Kind::InvalidCharacter)),
        _ => Ok((first, 2)),
    }
}

/// Decodes all whole characters; returns how many bytes were good, and what is wrong with those behind.
pub(super) fn decode(source: &[u8], little: bool, out: &mut Writer<'_>) -> (usize, Option<Kind>) {
    let mut at = 0;
    loop {
        let (point, size) = match character(&source[at..], little) {
            Ok(found) => found,
            Err(kind) => return (at, kind),
        };
        if point < 0x80 && !*out.after_cr {
            let run = plain(&source[at..], little, out);
            if run > 0 {
                at += run;
                continue;
            }
        }
        if let Err(kind) = out.push(point) {
            return (at, Some(kind));
        }
        at += size;
    }
}

/// How many characters are copied at a time.
const RUN: usize = 16;

/// Copies the plain bytes that the source begins with, some at a time; returns how many bytes of it they take.
#[inline]
fn plain(source: &[u8], little: bool, out: &mut Writer<'_>) -> usize {
    let mut taken = 0;
    let (blocks, _) = source.as_chunks::<{ 2 * RUN }>();
    for block in blocks {
        let mut bytes = [0u8; RUN];
        let mut other = 0u16;
        for (byte, unit) in bytes.iter_mut().zip(block.as_chunks::<2>().0) {
            let unit = if little { u16::from_le_bytes(*unit) } else { u16::from_be_bytes(*unit) };
            other |= unit & 0xff80;
            *byte = unit as u8;
        }
        if other != 0 || survey(&bytes).control {
            break;
        }
        out.copy(&bytes, RUN);
        taken += 2 * RUN;
    }
    taken
}
