//! UTF-16 of either byte order (RFC 2781).

use super::super::error::Kind;
use super::writer::{Writer, is_plain};

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
        if !*out.after_cr {
            at += plain(&source[at..], little, out);
        }
        match character(&source[at..], little) {
            Ok((point, size)) => {
                if let Err(kind) = out.push(point) {
                    return (at, Some(kind));
                }
                at += size;
            }
            Err(kind) => return (at, kind),
        }
    }
}

/// Copies the plain bytes that the source begins with, sixteen at a time; returns how many bytes of it they take.
#[inline]
fn plain(source: &[u8], little: bool, out: &mut Writer<'_>) -> usize {
    let mut taken = 0;
    for block in source.chunks_exact(32) {
        let (mut bytes, mut other) = ([0u8; 16], false);
        for (byte, unit) in bytes.iter_mut().zip(block.chunks_exact(2)) {
            let (low, high) = if little { (unit[0], unit[1]) } else { (unit[1], unit[0]) };
            *byte = low;
            other |= high != 0 || low >= 0x80 || !is_plain(low);
        }
        if other {
            break;
        }
        out.copy(&bytes, 16);
        taken += 32;
    }
    taken
}
