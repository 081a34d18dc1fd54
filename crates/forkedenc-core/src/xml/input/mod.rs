//! Input: from bytes of any encoding, in chunks of any size, to pieces of UTF-8 that hold nothing but characters of XML,
//! with their lines ended by LF (XML 1.0 §2.2, §2.11, §4.3.3, appendix F).
//!
//! The parser asks for a piece, reads all of it, says so, and asks for the next. What is wrong with the bytes is said with
//! the piece before it, so the parser reads up to it first: the error that comes first in the document is the one that is
//! told. The XML declaration is read here, because it says how to read what follows. Nothing is looked at twice for being
//! cut: of a character that a chunk cuts, up to three bytes are kept, of a CR at the end of a chunk, that it was there.
//!
//! `encodings` knows names, `declaration` the XML declaration, `places` where a position of the piece lies in the source;
//! `utf8` and its neighbours decode, `park` keeps the state of an idle one. Here is what holds them together: how a document begins, and limits.

mod bytes;
mod declaration;
mod encodings;
mod multibyte;
mod park;
mod places;
mod utf16;
mod utf8;
mod writer;

use std::sync::Arc;

pub use declaration::OwnedXmlDeclaration;
pub use encodings::{Encodings, FindTable, Table, UNDEFINED};

use self::declaration::{Reading, Step};
use self::encodings::Charset;
use self::multibyte::Multibyte;
use self::places::{Measure, Places};
use self::writer::Writer;
use super::chars::{is_char, is_space};
use super::error::{Kind, Open};
use crate::cursor::PADDING;
use crate::limits::Limit;
use crate::position::Place;

/// The most that a piece holds, but for a few bytes that were kept from the chunk before.
pub const PIECE: usize = 64 << 10;

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

/// What `<?xml` is made of.
const PREFIX: &[u8; 5] = b"<?xml";

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

/// How a document may begin that tells its encoding, whether that is a mark and so no part of the text, and the encoding.
type Beginning = (&'static [u8], bool, Charset);

const BEGINNINGS: [Beginning; 5] = [
    (b"\xef\xbb\xbf", true, Charset::Utf8),
    (b"\xfe\xff", true, Charset::Utf16Be),
    (b"\xff\xfe", true, Charset::Utf16Le),
    (b"\0<", false, Charset::Utf16Be),
    (b"<\0", false, Charset::Utf16Le),
];

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
    maximum: u64,
    limit: Limit,
    trouble: Option<Trouble>,
}

impl Input {
    /// `override_`: an encoding that counts whatever the document says of itself. The limits are [`crate::limits::NONE`] where there is none.
    #[must_use]
    pub fn new(encodings: &Encodings, override_: Option<&str>, document_bytes: u64, stream_bytes: u64) -> Self {
        let forced = override_.map(|name| encodings.any(name));
        let trouble = matches!(forced, Some(None)).then_some(Trouble {
            kind: Kind::UnknownEncoding,
            place: Place::START,
            token: Place::START,
        });
        let forced = forced.flatten();
        let decoder = Decoder::of(forced.clone().unwrap_or(Charset::Utf8));
        let (maximum, limit) = if document_bytes <= stream_bytes {
            (document_bytes, Limit::DocumentBytes)
        } else {
            (stream_bytes, Limit::StreamBytes)
        };
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
            maximum,
            limit,
            trouble,
        }
    }

    /// Decodes the next piece of `chunk`, which it takes off the chunk, into `buffer`. That then holds the piece and at
    /// least [`PADDING`] zero bytes behind it. `last`: nothing comes behind the chunk.
    pub fn fill(&mut self, chunk: &mut &[u8], buffer: &mut Vec<u8>, last: bool) -> Filled {
        if self.trouble.is_some() {
            return Filled { length: 0, trouble: self.trouble, more: false };
        }
        let left = self.maximum - self.seen;
        let allowed = if chunk.len() as u64 <= left { chunk.len() } else { left as usize };
        let over = allowed < chunk.len();
        let mut source = &chunk[..allowed];
        let (length, wrong) = self.take(&mut source, buffer, last && !over, over);
        let taken = allowed - source.len();
        *chunk = &chunk[taken..];
        self.seen += taken as u64;
        let held = match self.stage {
            Stage::Prefix(read) => u64::from(read) * self.unit_size() as u64,
            _ => 0,
        };
        self.end = self.seen - held - u64::from(self.carried);
        let ended = source.is_empty() && (over || last);
        if wrong.is_some() || ended {
            self.trouble = self.troubled(wrong, over, buffer.get(..length).unwrap_or_default());
        }
        Filled { length, trouble: self.trouble, more: self.trouble.is_none() && !chunk.is_empty() }
    }

    /// The piece, which is given again, was read; the next one starts behind it.
    #[inline]
    pub fn consumed(&mut self, piece: &[u8]) {
        let place = self.places.at(piece, piece.len());
        debug_assert_eq!(place.offset, self.end);
        self.places.restart(place);
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

    /// What is wrong behind the piece, at the end of all input if nothing else is.
    #[cold]
    fn troubled(&self, wrong: Option<Wrong>, over: bool, piece: &[u8]) -> Option<Trouble> {
        let behind = self.places.at(piece, piece.len());
        let at = |kind, place| Some(Trouble { kind, place, token: place });
        match wrong {
            Some(Wrong::Here(kind)) => return at(kind, behind),
            Some(Wrong::There(kind, place)) => return at(kind, place),
            None => {}
        }
        let place = Place { offset: self.seen, ..behind };
        if over {
            let maximum = self.maximum;
            return at(Kind::Limit { limit: self.limit, maximum, observed: maximum + 1 }, place);
        }
        match self.stage {
            Stage::Declaration => {
                let token = self.reading.as_ref().map_or(place, |reading| reading.start);
                Some(Trouble { kind: Kind::Incomplete(Open::Token), place, token })
            }
            _ if self.carried > 0 => Some(Trouble { kind: Kind::Incomplete(Open::Character), place, token: behind }),
            _ => None,
        }
    }

    /// The next piece. `last`: the document ends behind `source`; `over`: it goes on, but may not.
    fn take(&mut self, source: &mut &[u8], buffer: &mut Vec<u8>, last: bool, over: bool) -> (usize, Option<Wrong>) {
        let mut prefix = 0;
        if self.stage != Stage::Content {
            match self.open(source, last, over) {
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

    // --- how a document begins -----------------------------------------------------------------------------------

    /// Reads up to the content; then so many characters of `<?xml` are part of that. `None`: more is needed.
    fn open(&mut self, source: &mut &[u8], last: bool, over: bool) -> Result<Option<u8>, Wrong> {
        if self.stage == Stage::Mark && !self.mark(source, last)? {
            return Ok(None);
        }
        while let Stage::Prefix(read) = self.stage {
            let Some((unit, size)) = self.unit(source) else {
                return Ok(if last || over { Some(self.content(read)?) } else { None });
            };
            if let Some(expected) = PREFIX.get(usize::from(read)) {
                if unit != u16::from(*expected) {
                    return Ok(Some(self.content(read)?));
                }
                self.take_unit(source, size);
                self.stage = Stage::Prefix(read + 1);
                continue;
            }
            let start = self.places.start();
            let begun = Place { offset: start.offset + 5 * self.unit_size() as u64, column: start.column + 5, ..start };
            match u8::try_from(unit) {
                Ok(b'?') => return Err(Wrong::There(Kind::BadDeclaration, begun)),
                Ok(byte) if is_space(byte) => {
                    self.reading = Some(Box::new(Reading::new(start, begun)));
                    self.places.restart(begun);
                    self.stage = Stage::Declaration;
                }
                _ => return Ok(Some(self.content(read)?)),
            }
        }
        if self.stage == Stage::Declaration && !self.declare(source)? {
            return Ok(None);
        }
        Ok(Some(self.content(0)?))
    }

    /// Looks at the first bytes. False where more are needed.
    fn mark(&mut self, source: &mut &[u8], last: bool) -> Result<bool, Wrong> {
        let kept = usize::from(self.carried);
        let mut bytes = self.carry;
        let fresh = source.len().min(3 - kept);
        bytes[kept..kept + fresh].copy_from_slice(&source[..fresh]);
        let bytes = &bytes[..kept + fresh];
        let forced = self.forced.as_ref();
        let expected = |charset: &Charset| {
            forced.is_none_or(|forced| forced == charset || *forced == Charset::Utf16 && charset.is_utf16())
        };
        for (beginning, mark, charset) in BEGINNINGS.iter().filter(|(_, _, charset)| expected(charset)) {
            if bytes.starts_with(beginning) {
                if !self.encodings.allows(charset) && self.forced.is_none() {
                    return Err(Wrong::There(Kind::UnknownEncoding, Place::START));
                }
                self.decode_as(charset.clone());
                if *mark {
                    *source = &source[beginning.len() - kept..];
                    self.carried = 0;
                    self.marked = true;
                    self.places.restart(Place { offset: beginning.len() as u64, ..Place::START });
                }
                self.stage = Stage::Prefix(0);
                return Ok(true);
            }
            if beginning.starts_with(bytes) && !last {
                *source = &source[fresh..];
                self.carry[..bytes.len()].copy_from_slice(bytes);
                self.carried = bytes.len() as u8;
                return Ok(false);
            }
        }
        self.stage = Stage::Prefix(0);
        if self.carried > 0 && self.unit_size() == 1 {
            if self.carry[0] == b'<' {
                self.carried = 0;
                self.stage = Stage::Prefix(1);
            } else {
                // No document begins so; the decoder says what is wrong.
                self.content(0)?;
            }
        }
        Ok(true)
    }

    /// Reads the declaration. False where it goes on.
    fn declare(&mut self, source: &mut &[u8]) -> Result<bool, Wrong> {
        let Some(mut reading) = self.reading.take() else { return Ok(true) };
        let mut place = self.places.start();
        let mut step = Step::More;
        while matches!(step, Step::More) {
            let Some((unit, size)) = self.unit(source) else { break };
            let byte = u8::try_from(unit).unwrap_or(0x80);
            step = if matches!(byte, 0x80..0xc2 | 0xf5..) && self.unit_size() == 1 {
                Step::Bad(Kind::InvalidCharacter, place)
            } else {
                reading.step(byte, place)
            };
            if !matches!(step, Step::Bad(..)) {
                self.take_unit(source, size);
                place = self.behind(byte, place);
            }
        }
        self.places.restart(place);
        let known = match step {
            Step::More => Ok(false),
            Step::Done => self.declared(&reading).map(|()| true),
            Step::Bad(kind, place) => Err(Wrong::There(kind, place)),
        };
        self.reading = Some(reading);
        known
    }

    /// The place behind a character of the declaration.
    fn behind(&mut self, byte: u8, place: Place) -> Place {
        let place = Place { offset: place.offset + self.unit_size() as u64, ..place };
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        match byte {
            b'\n' if after_cr => place,
            b'\n' | b'\r' => Place { line: place.line + 1, column: 1, ..place },
            _ => Place { column: place.column + 1, ..place },
        }
    }

    /// Reads what follows as declared.
    fn declared(&mut self, reading: &Reading) -> Result<(), Wrong> {
        let Some((name, place)) = reading.encoding().filter(|_| self.forced.is_none()) else { return Ok(()) };
        let Some(charset) = self.encodings.find(name) else {
            return Err(Wrong::There(Kind::UnknownEncoding, place));
        };
        let fits = match (&self.decoder, &charset) {
            (Decoder::Utf16 { .. }, Charset::Utf16) => return Ok(()),
            (Decoder::Utf16 { little }, Charset::Utf16Le | Charset::Utf16Be) => {
                *little == (charset == Charset::Utf16Le)
            }
            (Decoder::Utf16 { .. }, _) => false,
            _ if self.marked => charset == Charset::Utf8,
            _ => !charset.is_utf16(),
        };
        if !fits {
            return Err(Wrong::There(Kind::IncorrectEncoding, place));
        }
        self.decode_as(charset);
        Ok(())
    }

    /// The content begins, with `prefix` characters that are read already.
    fn content(&mut self, prefix: u8) -> Result<u8, Wrong> {
        let declared = self.reading.as_ref().is_some_and(|reading| reading.encoding().is_some());
        if !declared
            && self.forced.is_none()
            && matches!(self.decoder, Decoder::Utf8)
            && !self.encodings.allows(&Charset::Utf8)
        {
            return Err(Wrong::There(Kind::UnknownEncoding, self.places.start()));
        }
        self.stage = Stage::Content;
        Ok(prefix)
    }

    fn decode_as(&mut self, charset: Charset) {
        self.decoder = Decoder::of(charset);
        self.places.measure = self.decoder.measure();
    }

    /// Bytes of a character of markup.
    fn unit_size(&self) -> usize {
        if matches!(self.decoder, Decoder::Utf16 { .. }) { 2 } else { 1 }
    }

    /// The next unit of one or two bytes, and how many bytes of the source it takes. `None`: it is not there in full, and
    /// what there is of it was taken.
    #[inline]
    fn unit(&mut self, source: &mut &[u8]) -> Option<(u16, usize)> {
        let Decoder::Utf16 { little } = self.decoder else {
            return source.first().map(|byte| (u16::from(*byte), 1));
        };
        let (bytes, size) = match (self.carried, *source) {
            (0, &[first, second, ..]) => ([first, second], 2),
            (0, &[first]) => {
                (self.carry[0], self.carried) = (first, 1);
                *source = &[];
                return None;
            }
            (0, []) | (_, []) => return None,
            (_, &[second, ..]) => ([self.carry[0], second], 1),
        };
        Some((if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }, size))
    }

    fn take_unit(&mut self, source: &mut &[u8], size: usize) {
        *source = &source[size..];
        self.carried = 0;
    }

    // --- UTF-8 ---------------------------------------------------------------------------------------------------

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
        let mut read = from + memchr::memchr(b'\r', &text[from..])?;
        let mut write = read;
        while read < text.len() {
            // Here stands a CR.
            text[write] = b'\n';
            if text.get(read + 1) == Some(&b'\n') {
                if !(self.places.width(write, Some(2)) && self.places.width(write + 1, None)) {
                    return None;
                }
                read += 1;
            }
            write += 1;
            read += 1;
            let plain = memchr::memchr(b'\r', &text[read..]).unwrap_or(text.len() - read);
            text.copy_within(read..read + plain, write);
            write += plain;
            read += plain;
        }
        Some(write)
    }
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
mod tests;
