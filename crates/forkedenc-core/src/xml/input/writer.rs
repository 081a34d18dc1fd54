//! Writes characters of XML to a piece, one at a time: for the encodings that are not UTF-8.

use super::super::chars::is_char;
use super::super::error::Kind;
use super::places::Places;

/// The bytes that can be copied as they are: ASCII but for control characters, with tab and LF.
#[inline(always)]
pub(super) fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=0x7f | b'\t' | b'\n')
}

/// The end of a piece that is being written. The buffer has room for what comes of the source, four bytes a character.
pub(super) struct Writer<'p> {
    pub buffer: &'p mut [u8],
    pub length: usize,
    pub places: &'p mut Places,
    pub after_cr: &'p mut bool,
    /// Source bytes of a CR and of an LF.
    pub unit: u8,
}

impl Writer<'_> {
    /// Writes a character, a line end as LF.
    #[inline]
    pub fn push(&mut self, point: u32) -> Result<(), Kind> {
        if point >= 0x80 {
            return self.push_wide(point);
        }
        let byte = point as u8;
        if !is_plain(byte) || *self.after_cr {
            return self.push_special(byte);
        }
        self.buffer[self.length] = byte;
        self.length += 1;
        Ok(())
    }

    /// Writes plain bytes, of which `source` begins with `count`.
    #[inline]
    pub fn copy(&mut self, source: &[u8], count: usize) {
        self.buffer[self.length..self.length + count].copy_from_slice(&source[..count]);
        self.length += count;
    }

    #[inline]
    fn push_wide(&mut self, point: u32) -> Result<(), Kind> {
        *self.after_cr = false;
        let character = char::from_u32(point).filter(|_| is_char(point)).ok_or(Kind::InvalidCharacter)?;
        let bytes = &mut self.buffer[self.length..];
        // The same as `encode_utf8`, which the compiler does not know to have room.
        self.length += match point {
            0..0x800 => {
                bytes[..2].copy_from_slice(&[0xc0 | (point >> 6) as u8, continued(point)]);
                2
            }
            0x800..0x1_0000 => {
                bytes[..3].copy_from_slice(&[0xe0 | (point >> 12) as u8, continued(point >> 6), continued(point)]);
                3
            }
            _ => character.encode_utf8(bytes).len(),
        };
        Ok(())
    }

    fn push_special(&mut self, byte: u8) -> Result<(), Kind> {
        let after_cr = std::mem::replace(self.after_cr, byte == b'\r');
        match byte {
            b'\n' if after_cr => self.skip_line_feed(),
            b'\r' => {
                self.buffer[self.length] = b'\n';
                self.length += 1;
                Ok(())
            }
            byte if is_plain(byte) => {
                self.buffer[self.length] = byte;
                self.length += 1;
                Ok(())
            }
            _ => Err(Kind::InvalidCharacter),
        }
    }

    /// An LF that belongs to the CR before it.
    fn skip_line_feed(&mut self) -> Result<(), Kind> {
        let Some(before) = self.length.checked_sub(1) else {
            // The CR stood in the piece before.
            self.places.skip(self.unit);
            return Ok(());
        };
        let known = self.places.width(before, Some(2 * self.unit)) && self.places.width(self.length, None);
        if known { Ok(()) } else { Err(Kind::OutOfMemory) }
    }
}

#[inline(always)]
fn continued(bits: u32) -> u8 {
    0x80 | (bits & 0x3f) as u8
}
