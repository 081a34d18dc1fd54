//! The state of an input between two chunks, in a few bytes.

use super::{Decoder, Encodings, Input, PREFIX, Stage};
use crate::limits::NONE;
use crate::xml::blob::{Reader, Writer};

/// What stands for [`Stage::Content`]; below it are the characters of `<?xml` that were read, behind [`Stage::Mark`].
const CONTENT: u64 = PREFIX.len() as u64 + 2;

impl Input {
    /// False for what is rare: an XML declaration that is half read, a table of characters, an encoding that was given
    /// and is still to be compared, an error.
    pub(in crate::xml) fn is_plain(&self) -> bool {
        let begun = self.stage == Stage::Content;
        self.reading.is_none()
            && self.trouble.is_none()
            && self.stage != Stage::Declaration
            && (begun || self.forced.is_none())
            && !matches!(self.decoder, Decoder::Table(_) | Decoder::Multibyte(_))
    }

    /// Writes a plain one down, the last piece of which was consumed.
    pub(in crate::xml) fn write(&self, out: &mut Writer<'_>) {
        let stage = match self.stage {
            Stage::Mark => 0,
            Stage::Prefix(read) => u64::from(read) + 1,
            Stage::Declaration | Stage::Content => CONTENT,
        };
        let decoder = match self.decoder {
            Decoder::Utf8 | Decoder::Table(_) | Decoder::Multibyte(_) => 0,
            Decoder::Utf16 { little: false } => 1,
            Decoder::Utf16 { little: true } => 2,
            Decoder::Latin1 => 3,
            Decoder::Ascii => 4,
        };
        let flags = u64::from(self.marked) | u64::from(self.after_cr) << 1 | u64::from(self.carried) << 2;
        out.put(decoder | flags << 3 | stage << 8);
        out.0.extend_from_slice(&self.carry[..usize::from(self.carried)]);
        let start = self.places.start();
        out.place(start);
        // One that was crossed and audited is none any more.
        out.put_limit(self.document_bytes);
        out.put_limit(self.stream_bytes);
        // Both are nothing, or next to it, but behind an error.
        out.put(self.end.wrapping_sub(start.offset));
        out.put(self.seen.wrapping_sub(self.end));
    }

    /// The one that was written down.
    pub(in crate::xml) fn read_back(encodings: &Encodings, read: &mut Reader<'_>) -> Self {
        let mut input = Self::new(encodings, None, NONE, NONE);
        let word = read.number();
        input.decoder = match word & 7 {
            1 => Decoder::Utf16 { little: false },
            2 => Decoder::Utf16 { little: true },
            3 => Decoder::Latin1,
            4 => Decoder::Ascii,
            _ => Decoder::Utf8,
        };
        input.stage = match word >> 8 {
            0 => Stage::Mark,
            CONTENT => Stage::Content,
            read => Stage::Prefix(read as u8 - 1),
        };
        input.marked = word >> 3 & 1 == 1;
        input.after_cr = word >> 4 & 1 == 1;
        input.carried = (word >> 5 & 7) as u8;
        let carry = read.take(usize::from(input.carried));
        input.carry[..carry.len()].copy_from_slice(carry);
        input.places.measure = input.decoder.measure();
        input.places.restart(read.place());
        (input.document_bytes, input.stream_bytes) = (read.limit(), read.limit());
        input.maximum = input.maximum().0;
        input.end = input.places.start().offset.wrapping_add(read.number());
        input.seen = input.end.wrapping_add(read.number());
        input
    }
}
