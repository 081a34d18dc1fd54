//! How a document begins: a byte order mark, an XML declaration, and so its encoding (XML 1.0 §4.3.3, appendix F).

use super::super::chars::is_space;
use super::super::error::Kind;
use super::declaration::{Reading, Step};
use super::encodings::Charset;
use super::{Decoder, Input, Stage, Wrong};
use crate::position::Place;

/// What `<?xml` is made of.
pub(super) const PREFIX: &[u8; 5] = b"<?xml";

/// How a document may begin that tells its encoding, whether that is a mark and so no part of the text, and the encoding.
type Beginning = (&'static [u8], bool, Charset);

const BEGINNINGS: [Beginning; 5] = [
    (b"\xef\xbb\xbf", true, Charset::Utf8),
    (b"\xfe\xff", true, Charset::Utf16Be),
    (b"\xff\xfe", true, Charset::Utf16Le),
    (b"\0<", false, Charset::Utf16Be),
    (b"<\0", false, Charset::Utf16Le),
];

impl Input {
    /// Reads up to the content; then so many characters of `<?xml` are part of that. `None`: more is needed.
    pub(super) fn open(&mut self, source: &mut &[u8], last: bool) -> Result<Option<u8>, Wrong> {
        if self.stage == Stage::Mark && !self.mark(source, last)? {
            return Ok(None);
        }
        if self.stage == Stage::Prefix(0)
            && self.unit_size() == 1
            && let Some((reading, length)) = Reading::at_once(source, self.places.start())
        {
            *source = &source[length..];
            let (start, length) = (self.places.start(), length as u64);
            self.places.restart(Place { offset: start.offset + length, column: start.column + length, ..start });
            self.stage = Stage::Declaration;
            let declared = self.declared(&reading);
            self.reading = Some(Box::new(reading));
            declared?;
            return Ok(Some(self.content(0)?));
        }
        while let Stage::Prefix(read) = self.stage {
            let Some((unit, size)) = self.unit(source) else {
                return Ok(if last { Some(self.content(read)?) } else { None });
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
        let size = self.unit_size();
        let mut place = self.places.start();
        let mut step = Step::More;
        while step == Step::More {
            let Some((unit, taken)) = self.unit(source) else { break };
            // Of what is not ASCII a unit of sixteen bits is whole: any character that is as good.
            let byte =
                if size == 1 { unit as u8 } else { u8::try_from(unit).ok().filter(u8::is_ascii).unwrap_or(0x7f) };
            if matches!(byte, 0x80..0xc2 | 0xf5..) && size == 1 && !reading.is_wrong() {
                reading.wrong = Some((Kind::InvalidCharacter, place));
                step = Step::Bad;
                break;
            }
            step = reading.step(byte, &place);
            self.take_unit(source, taken);
            place.offset += size as u64;
            if matches!(byte, b'\r' | b'\n') {
                place = self.line_end(byte, place);
            } else {
                self.after_cr = false;
                place.column += 1;
            }
        }
        self.places.restart(place);
        let known = match step {
            Step::More => Ok(false),
            Step::Done => self.declared(&reading).map(|()| true),
            Step::Bad => Ok(false),
        };
        let wrong = reading.wrong.filter(|_| step == Step::Bad);
        self.reading = Some(reading);
        wrong.map_or(known, |(kind, place)| Err(Wrong::There(kind, place)))
    }

    /// The place behind a line end in the declaration.
    fn line_end(&mut self, byte: u8, place: Place) -> Place {
        let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
        if after_cr && byte == b'\n' { place } else { Place { line: place.line + 1, column: 1, ..place } }
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
    pub(super) fn unit_size(&self) -> usize {
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

    #[inline]
    fn take_unit(&mut self, source: &mut &[u8], size: usize) {
        *source = &source[size..];
        self.carried = 0;
    }
}
