//! The encodings of East Asia that keep no state: one to four bytes a character.
//!
//! `encoding_rs` knows what they mean, but its decoders keep what they are in the middle of to themselves, and a parser is
//! copied and must say which byte was wrong. So the ends of characters are found here, and whole ones are decoded.

use encoding_rs::{BIG5, DecoderResult, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS};

use super::super::error::Kind;
use super::writer::Writer;

/// How the bytes of a character are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Gb18030,
    EucJp,
    ShiftJis,
    /// EUC-KR and Big5: two bytes from 0x81 to 0xfe.
    Pairs,
}

/// An encoding of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Multibyte {
    family: Family,
    encoding: &'static Encoding,
}

/// How many bytes are decoded at once.
const RUN: usize = 64;

impl Multibyte {
    pub fn new(encoding: &'static Encoding) -> Option<Self> {
        let family = if encoding == GBK || encoding == GB18030 {
            Family::Gb18030
        } else if encoding == EUC_JP {
            Family::EucJp
        } else if encoding == SHIFT_JIS {
            Family::ShiftJis
        } else if encoding == EUC_KR || encoding == BIG5 {
            Family::Pairs
        } else {
            return None;
        };
        Some(Self { family, encoding })
    }

    /// The bytes of the character that starts `source`, were it whole and good. `None`: more bytes must be seen.
    pub fn size(self, source: &[u8]) -> Option<usize> {
        let first = *source.first()?;
        let size = match (self.family, first) {
            (_, 0..=0x7f) => 1,
            (Family::Gb18030, 0x81..=0xfe) => match *source.get(1)? {
                b'0'..=b'9' => 4,
                _ => 2,
            },
            (Family::EucJp, 0x8f) => 3,
            (Family::EucJp, 0x8e | 0xa1..=0xfe)
            | (Family::ShiftJis, 0x81..=0x9f | 0xe0..=0xfc)
            | (Family::Pairs, 0x81..=0xfe) => 2,
            _ => 1,
        };
        (source.len() >= size).then_some(size)
    }

    /// Decodes all whole characters; returns how many bytes were good, and what is wrong with those behind.
    pub fn decode(self, source: &[u8], out: &mut Writer<'_>) -> (usize, Option<Kind>) {
        let mut at = 0;
        while let Some(size) = self.size(&source[at..]) {
            let mut end = at;
            let result = if source[at] < 0x80 {
                end += 1;
                let known = out.places.width(out.length, None);
                let result = if known { out.push(u32::from(source[at])) } else { Err(Kind::OutOfMemory) };
                result.map_err(|kind| (0, kind))
            } else {
                while end - at < RUN && source.get(end) >= Some(&0x80) && self.size(&source[end..]) == Some(size) {
                    end += size;
                }
                self.run(&source[at..end], size, out)
            };
            if let Err((good, kind)) = result {
                return (at + good, Some(kind));
            }
            at = end;
        }
        (at, None)
    }

    /// Decodes characters of `size` bytes each. The error: how many bytes were good, and what is wrong with the next.
    fn run(self, source: &[u8], size: usize, out: &mut Writer<'_>) -> Result<(), (usize, Kind)> {
        let mut text = [0; 4 * RUN];
        let mut decoder = self.encoding.new_decoder_without_bom_handling();
        let (result, _, length) = decoder.decode_to_utf8_without_replacement(source, &mut text, true);
        let text = std::str::from_utf8(&text[..length]).unwrap_or_default();
        let count = source.len() / size;
        if result != DecoderResult::InputEmpty || text.chars().count() != count {
            if count == 1 && result == DecoderResult::InputEmpty && !text.is_empty() {
                return self.write(text.chars().map(u32::from), &[size, 0], out);
            }
            if count == 1 {
                return Err((0, Kind::InvalidCharacter));
            }
            // Something is wrong with one of them, or it stands for two characters.
            for (index, character) in source.chunks_exact(size).enumerate() {
                self.run(character, size, out).map_err(|(_, kind)| (index * size, kind))?;
            }
            return Ok(());
        }
        self.write(text.chars().map(u32::from), &[size], out)
    }

    /// Writes characters that take so many bytes each; the last size counts for all behind it.
    fn write(
        self,
        points: impl Iterator<Item = u32>,
        sizes: &[usize],
        out: &mut Writer<'_>,
    ) -> Result<(), (usize, Kind)> {
        let mut good = 0;
        for (index, point) in points.enumerate() {
            let size = sizes[index.min(sizes.len() - 1)];
            if !out.places.width(out.length, Some(size as u8)) {
                return Err((good, Kind::OutOfMemory));
            }
            out.push(point).map_err(|kind| (good, kind))?;
            good += size;
        }
        Ok(())
    }
}
