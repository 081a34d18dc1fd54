//! Input: from bytes of any encoding, in chunks of any size, to pieces of UTF-8 that hold nothing but characters of XML,
//! with their lines ended by LF (XML 1.0 §2.2, §2.11, §4.3.3, appendix F).
//!
//! The parser asks for a piece, reads all of it, says so, and asks for the next. What is wrong with the bytes is said with
//! the piece before it, so the parser reads up to it first: the error that comes first in the document is the one that is
//! told. The XML declaration is read here, because it says how to read what follows. Nothing is looked at twice for being
//! cut: of a character that a chunk cuts, up to three bytes are kept, of a CR at the end of a chunk, that it was there.
//!
//! `begin` finds out the encoding: `encodings` knows names, `declaration` the XML declaration. `utf8` and its neighbours
//! decode; `places` knows where a position of the piece lies in the source. `park` has the state of an idle one.
//! Here is what holds them together, and limits.

mod begin;
mod bytes;
mod declaration;
mod encodings;
mod multibyte;
mod park;
mod places;
mod utf16;
mod utf8;
mod writer;

use std::ops::Range;
use std::sync::Arc;

pub use declaration::OwnedXmlDeclaration;
pub use encodings::{Encodings, FindTable, Table, UNDEFINED};

use self::begin::PREFIX;
use self::declaration::Reading;
use self::encodings::Charset;
use self::multibyte::Multibyte;
use self::places::{Measure, Places};
use self::writer::Writer;
use super::chars::is_char;
use super::error::{Kind, Open};
use crate::cursor::PADDING;
use crate::limits::{Limit, NONE};
use crate::position::Place;
use crate::simd::survey;

/// The most that a piece holds, but for a few bytes that were kept from the chunk before.
pub const PIECE: usize = 64 << 10;

/// Chunks of up to so many bytes are taken without ado where they can be.
const SMALL: usize = 64;

/// What was made of a chunk's first bytes.
#[derive(Clone, Copy, Debug)]
pub struct Filled {
    /// The piece is so many bytes of the buffer.
    pub length: usize,
    /// What is wrong behind the piece; it is said again by each later call.
    pub trouble: Option<Trouble>,
    /// The chunk holds more.
    pub more: bool,
}

/// Something wrong with the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: Kind,
    pub place: Place,
    /// Where what the end of the input cut starts, a character or the XML declaration; else the place again.
    pub token: Place,
}

/// How far the document has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A byte order mark may come.
    Mark,
    /// So many characters of `<?xml` were read, and not yet handed on.
    Prefix(u8),
    Declaration,
    Content,
}

/// How the bytes are read.
#[derive(Clone, Debug)]
enum Decoder {
    Utf8,
    Utf16 { little: bool },
    Latin1,
    Ascii,
    Table(Arc<Table>),
    Multibyte(Multibyte),
}

impl Decoder {
    fn measure(&self) -> Measure {
        match self {
            Self::Utf8 => Measure::Utf8,
            Self::Utf16 { .. } => Measure::Utf16,
            Self::Latin1 | Self::Ascii | Self::Table(_) | Self::Multibyte(_) => Measure::One,
        }
    }

    /// UTF-16 of no known byte order is taken for big-endian, as RFC 2781 has it.
    fn of(charset: Charset) -> Self {
        match charset {
            Charset::Utf8 => Self::Utf8,
            Charset::Utf16 | Charset::Utf16Be => Self::Utf16 { little: false },
            Charset::Utf16Le => Self::Utf16 { little: true },
            Charset::Latin1 => Self::Latin1,
            Charset::Ascii => Self::Ascii,
            Charset::Table(table) => Self::Table(table),
            Charset::Multibyte(multibyte) => Self::Multibyte(multibyte),
        }
    }
}

/// What a piece ends before.
enum Wrong {
    /// The character behind the piece.
    Here(Kind),
    There(Kind, Place),
}

/// The source of a document.
#[derive(Clone, Debug)]
pub struct Input {
    stage: Stage,
    decoder: Decoder,
    /// The encoding that the caller gave, whatever the document says.
    forced: Option<Charset>,
    /// The document has a byte order mark.
    marked: bool,
    /// The bytes of a cut character.
    carry: [u8; 4],
    carried: u8,
    /// The last character was a CR: an LF that follows belongs to it.
    after_cr: bool,
    places: Places,
    reading: Option<Box<Reading>>,
    encodings: Encodings,
    /// Source bytes taken.
    seen: u64,
    /// Source bytes up to the end of the piece.
    end: u64,
    /// The smaller one of the limits.
    maximum: u64,
    document_bytes: u64,
    stream_bytes: u64,
    trouble: Option<Box<Trouble>>,
}

impl Input {
    /// `override_`: an encoding that counts whatever the document says of itself. The limits are [`NONE`] where there is none.
    #[must_use]
    pub fn new(encodings: &Encodings, override_: Option<&str>, document_bytes: u64, stream_bytes: u64) -> Self {
        let forced = override_.map(|name| encodings.any(name));
        let trouble = matches!(forced, Some(None))
            .then(|| Box::new(Trouble { kind: Kind::UnknownEncoding, place: Place::START, token: Place::START }));
        let forced = forced.flatten();
        let decoder = Decoder::of(forced.clone().unwrap_or(Charset::Utf8));
        Self {
            stage: Stage::Mark,
            places: Places::new(decoder.measure()),
            decoder,
            forced,
            marked: false,
            carry: [0; 4],
            carried: 0,
            after_cr: false,
            reading: None,
            encodings: encodings.clone(),
            seen: 0,
            end: 0,
            maximum: document_bytes.min(stream_bytes),
            document_bytes,
            stream_bytes,
            trouble,
        }
    }

    /// Decodes the next piece of `chunk`, which it takes off the chunk, into `buffer`. That then holds the piece and at
    /// least [`PADDING`] zero bytes behind it. `last`: nothing comes behind the chunk.
    #[inline]
    pub fn fill(&mut self, chunk: &mut &[u8], buffer: &mut Vec<u8>, last: bool) -> Filled {
        if chunk.len() <= SMALL && self.fill_small(chunk, buffer) {
            let length = std::mem::take(chunk).len();
            return Filled { length, trouble: None, more: false };
        }
        self.fill_any(chunk, buffer, last)
    }

    /// Takes a chunk of plain ASCII in the midst of a document. False: nothing was done.
    #[inline]
    fn fill_small(&mut self, chunk: &[u8], buffer: &mut [u8]) -> bool {
        let size = chunk.len() as u64;
        let plain = self.stage == Stage::Content
            && matches!(self.decoder, Decoder::Utf8)
            && self.carried == 0
            && !self.after_cr
            && self.trouble.is_none()
            && self.maximum - self.seen >= size;
        let Some(room) = buffer.first_chunk_mut::<{ SMALL + PADDING }>().filter(|_| plain) else { return false };
        room[..chunk.len()].copy_from_slice(chunk);
        let seen = survey(chunk);
        if seen.control || seen.high {
            return false;
        }
        room[chunk.len()..chunk.len() + PADDING].fill(0);
        self.seen += size;
        self.end = self.seen;
        true
    }

    fn fill_any(&mut self, chunk: &mut &[u8], buffer: &mut Vec<u8>, last: bool) -> Filled {
        if let Some(trouble) = &self.trouble {
            return Filled { length: 0, trouble: Some(**trouble), more: false };
        }
        let left = self.maximum - self.seen;
        let allowed = if chunk.len() as u64 <= left { chunk.len() } else { left as usize };
        let over = allowed < chunk.len();
        let mut source = &chunk[..allowed];
        let (length, wrong) = self.take(&mut source, buffer, last && !over);
        let taken = allowed - source.len();
        *chunk = &chunk[taken..];
        self.seen += taken as u64;
        let held = match self.stage {
            Stage::Prefix(read) => u64::from(read) * self.unit_size() as u64,
            _ => 0,
        };
        self.end = self.seen - held - u64::from(self.carried);
        let cut = self.carried > 0 || self.stage == Stage::Declaration;
        if wrong.is_none() && !(source.is_empty() && (over || last && cut)) {
            return Filled { length, trouble: None, more: !chunk.is_empty() };
        }
        let trouble = self.troubled(wrong, over, buffer.get(..length).unwrap_or_default());
        self.trouble = Some(Box::new(trouble));
        Filled { length, trouble: Some(trouble), more: false }
    }

    /// The piece, which is given again, was read; the next one starts behind it.
    #[inline]
    pub fn consumed(&mut self, piece: &[u8]) {
        debug_assert_eq!(self.places.at(piece, piece.len()).offset, self.end);
        self.places.advance(piece, self.end);
    }

    /// Goes on behind a limit that was crossed, and does not enforce it any more.
    pub fn pass_limit(&mut self) {
        if let Some(Kind::Limit { limit, .. }) = self.trouble.as_ref().map(|trouble| trouble.kind) {
            self.trouble = None;
            if limit == Limit::DocumentBytes {
                self.document_bytes = NONE;
            } else {
                self.stream_bytes = NONE;
            }
            self.maximum = self.maximum().0;
        }
    }

    /// The limit that comes first.
    fn maximum(&self) -> (u64, Limit) {
        if self.document_bytes <= self.stream_bytes {
            (self.document_bytes, Limit::DocumentBytes)
        } else {
            (self.stream_bytes, Limit::StreamBytes)
        }
    }

    /// The XML declaration, once it was read; given once.
    pub fn declaration(&mut self) -> Option<OwnedXmlDeclaration> {
        if self.stage == Stage::Declaration {
            return None;
        }
        self.reading.take().map(|reading| reading.finish())
    }

    /// The place of a position of the piece at hand. Counts on from the last answer, so it is cheap in rising order.
    #[inline]
    #[must_use]
    pub fn place(&self, piece: &[u8], position: usize) -> Place {
        self.places.at(piece, position)
    }

    /// Source bytes up to the end of the piece.
    #[inline]
    #[must_use]
    pub fn read(&self) -> u64 {
        self.end
    }

    /// What is wrong behind the piece: what is given, or a limit, or that the input ends there.
    #[cold]
    fn troubled(&self, wrong: Option<Wrong>, over: bool, piece: &[u8]) -> Trouble {
        let behind = self.places.at(piece, piece.len());
        let mut place = Place { offset: self.seen, ..behind };
        let (kind, place) = match wrong {
            Some(Wrong::Here(kind)) => (kind, behind),
            Some(Wrong::There(kind, place)) => (kind, place),
            None if over => {
                if let Stage::Prefix(read) = self.stage {
                    place.column += u64::from(read);
                }
                let (maximum, limit) = self.maximum();
                (Kind::Limit { limit, maximum, observed: maximum + 1 }, place)
            }
            None if self.stage == Stage::Declaration
                && self.reading.as_ref().is_some_and(|reading| reading.is_wrong()) =>
            {
                self.reading.as_ref().and_then(|reading| reading.wrong).unwrap_or((Kind::BadDeclaration, place))
            }
            None if self.stage == Stage::Declaration => {
                let token = self.reading.as_ref().map_or(place, |reading| reading.start);
                return Trouble { kind: Kind::Incomplete(Open::Token), place, token };
            }
            None => return Trouble { kind: Kind::Incomplete(Open::Character), place, token: behind },
        };
        Trouble { kind, place, token: place }
    }

    /// The next piece. `last`: the document ends behind `source`.
    fn take(&mut self, source: &mut &[u8], buffer: &mut Vec<u8>, last: bool) -> (usize, Option<Wrong>) {
        let mut prefix = 0;
        if self.stage != Stage::Content {
            match self.open(source, last) {
                Ok(Some(read)) => prefix = usize::from(read),
                Ok(None) => return (0, None),
                Err(wrong) => return (0, Some(wrong)),
            }
        }
        // Of no other encoding do four bytes make more than four bytes of UTF-8 each.
        let growth = if matches!(self.decoder, Decoder::Utf8) { 1 } else { 4 };
        let most = source.len().min(PIECE / growth);
        let room = prefix + self.carry.len() + most * growth + PADDING;
        if buffer.len() < room {
            if buffer.try_reserve(room - buffer.len()).is_err() {
                return (0, Some(Wrong::Here(Kind::OutOfMemory)));
            }
            buffer.resize(room, 0);
        }
        buffer[..prefix].copy_from_slice(&PREFIX[..prefix]);
        let (length, wrong) = match self.decoder {
            Decoder::Utf8 => self.utf8(source, buffer, prefix),
            _ => self.other(source, most, buffer, prefix),
        };
        buffer[length..length + PADDING].fill(0);
        (length, wrong.map(Wrong::Here))
    }

    fn utf8(&mut self, source: &mut &[u8], buffer: &mut [u8], prefix: usize) -> (usize, Option<Kind>) {
        let mut length = prefix;
        if self.after_cr && !source.is_empty() {
            self.after_cr = false;
            if source[0] == b'\n' {
                *source = &source[1..];
                self.places.skip(1);
            }
        }
        if self.carried > 0 {
            match self.carried_character(source) {
                Some(true) => {
                    let size = usize::from(std::mem::take(&mut self.carried));
                    buffer[length..length + size].copy_from_slice(&self.carry[..size]);
                    length += size;
                }
                Some(false) => return (length, Some(Kind::InvalidCharacter)),
                None => return (length, None),
            }
        }
        let piece = &source[..source.len().min(PIECE)];
        let copied = utf8::copy(piece, &mut buffer[length..length + piece.len()]);
        let end = length + copied.good;
        let mut taken = copied.good;
        if !copied.bad && taken < piece.len() {
            let cut = &piece[taken..];
            self.carry[..cut.len()].copy_from_slice(cut);
            self.carried = cut.len() as u8;
            taken = piece.len();
        }
        *source = &source[taken..];
        if copied.carriage_returns {
            self.after_cr = self.carried == 0 && buffer[end - 1] == b'\r';
            match self.end_lines(&mut buffer[..end], length) {
                Some(end) => length = end,
                None => return (length, Some(Kind::OutOfMemory)),
            }
        } else {
            length = end;
        }
        (length, copied.bad.then_some(Kind::InvalidCharacter))
    }

    /// Completes the character of which there are the first bytes. False where it is none that XML has, `None` where
    /// more is needed.
    fn carried_character(&mut self, source: &mut &[u8]) -> Option<bool> {
        loop {
            let size = usize::from(self.carried);
            match std::str::from_utf8(&self.carry[..size]) {
                Ok(text) => return Some(text.chars().all(|character| is_char(u32::from(character)))),
                Err(error) if error.error_len().is_some() => return Some(false),
                Err(_) => {}
            }
            self.carry[size] = *source.first()?;
            *source = &source[1..];
            self.carried += 1;
        }
    }

    /// Makes CR LF and CR of `text` LF, in place, from `from` on; returns how long it is then. `None` where there is no
    /// memory.
    fn end_lines(&mut self, text: &mut [u8], from: usize) -> Option<usize> {
        let (mut read, mut write) = (from, from);
        let mut returns = [0; 64];
        loop {
            let mut count = 0;
            for (place, at) in returns.iter_mut().zip(memchr::memchr_iter(b'\r', &text[read..])) {
                *place = read + at;
                count += 1;
            }
            for at in &returns[..count] {
                write = shift(text, read..*at, write);
                text[write] = b'\n';
                read = at + 1;
                if text.get(read) == Some(&b'\n') {
                    if !self.places.pair(write) {
                        return None;
                    }
                    read += 1;
                }
                write += 1;
            }
            if count < returns.len() {
                break;
            }
        }
        let write = shift(text, read..text.len(), write);
        Some(write)
    }
}

/// Moves bytes of `text` down to `to`; returns where they end then.
fn shift(text: &mut [u8], from: Range<usize>, to: usize) -> usize {
    let end = to + from.len();
    if from.start != to {
        text.copy_within(from, to);
    }
    end
}

// --- other encodings -----------------------------------------------------------------------------------------

impl Input {
    /// Decodes up to `most` bytes of the source.
    fn other(&mut self, source: &mut &[u8], most: usize, buffer: &mut [u8], prefix: usize) -> (usize, Option<Kind>) {
        let unit = self.unit_size() as u8;
        let mut out = Writer { buffer, length: prefix, places: &mut self.places, after_cr: &mut self.after_cr, unit };
        let decode = |source: &[u8], out: &mut Writer<'_>| match &self.decoder {
            Decoder::Utf8 => (0, None),
            Decoder::Utf16 { little } => utf16::decode(source, *little, out),
            Decoder::Latin1 => bytes::latin1(source, out),
            Decoder::Ascii => bytes::ascii(source, out),
            Decoder::Table(table) => bytes::table(table, source, out),
            Decoder::Multibyte(multibyte) => multibyte.decode(source, out),
        };
        let mut most = most;
        while self.carried > 0 {
            // The rest of a character that was cut, a byte at a time.
            let Some((&byte, rest)) = source.split_first() else { return (out.length, None) };
            let size = usize::from(self.carried);
            self.carry[size] = byte;
            *source = rest;
            most -= 1;
            self.carried += 1;
            let (good, wrong) = decode(&self.carry[..=size], &mut out);
            if wrong.is_some() {
                return (out.length, wrong);
            }
            if good > 0 {
                self.carried = 0;
            }
        }
        let piece = &source[..most];
        let (good, wrong) = decode(piece, &mut out);
        let mut taken = good;
        if wrong.is_none() && good < piece.len() {
            let cut = &piece[good..];
            self.carry[..cut.len()].copy_from_slice(cut);
            self.carried = cut.len() as u8;
            taken = piece.len();
        }
        *source = &source[taken..];
        (out.length, wrong)
    }
}

#[cfg(test)]
mod declaration_tests;
#[cfg(test)]
mod tests;
