//! The XML declaration (XML 1.0 §2.8), read a character at a time: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`.
//!
//! It comes before all else is known, its own encoding included, so it is read here and not by the parser. What is wrong is
//! said as soon as it shows, at the place where expat says it.

use super::super::chars::{is_char, is_space};
use super::super::error::Kind;
use super::super::sink::XmlDeclaration;
use crate::position::Place;

/// The longest version and the longest name of an encoding that is read; no encoding has a longer one.
const LONGEST: usize = 46;

/// An XML declaration that was read.
#[derive(Clone, Debug)]
pub struct OwnedXmlDeclaration {
    version: Text,
    encoding: Option<Text>,
    standalone: Option<bool>,
    /// Where it starts.
    pub place: Place,
}

impl OwnedXmlDeclaration {
    #[must_use]
    pub fn borrow(&self) -> XmlDeclaration<'_> {
        XmlDeclaration {
            version: self.version.bytes(),
            encoding: self.encoding.as_ref().map(Text::bytes),
            standalone: self.standalone,
        }
    }
}

/// A short text, kept in place.
#[derive(Clone, Copy, Debug)]
struct Text {
    length: u8,
    bytes: [u8; LONGEST],
}

impl Text {
    const EMPTY: Self = Self { length: 0, bytes: [0; LONGEST] };

    fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        let mut text = Self::EMPTY;
        text.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        text.length = bytes.len() as u8;
        Some(text)
    }

    fn push(&mut self, byte: u8) -> bool {
        let room = usize::from(self.length) < LONGEST;
        if room {
            self.bytes[usize::from(self.length)] = byte;
            self.length += 1;
        }
        room
    }
}

/// A value in quotes, and what stands behind it; for values that no encoding's name is longer than.
fn quoted(source: &[u8]) -> Option<(&[u8], &[u8])> {
    let (quote, rest) = source.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    let length = rest.iter().take(LONGEST + 1).position(|byte| byte == quote)?;
    Some((&rest[..length], &rest[length + 1..]))
}

/// What was read last, and so what may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// White space, or a value that needs some behind it before the next name.
    Between {
        spaced: bool,
    },
    /// So many characters of a name.
    Name(u8),
    BeforeEquals,
    BeforeQuote,
    /// The quote that opens a value.
    Opened(u8),
    Value(u8),
    /// A question mark.
    Question,
}

/// The parts, in the order in which they may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Version,
    Encoding,
    Standalone,
    /// There is none behind standalone.
    End,
}

impl Part {
    fn name(self) -> &'static [u8] {
        match self {
            Self::Version => b"version",
            Self::Encoding => b"encoding",
            Self::Standalone => b"standalone",
            Self::End => b"",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Version => Self::Encoding,
            Self::Encoding => Self::Standalone,
            Self::Standalone | Self::End => Self::End,
        }
    }
}

/// A declaration that is being read, from behind `<?xml`.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    state: State,
    /// What is being read, or what may come next.
    part: Part,
    version: Text,
    encoding: Option<Text>,
    /// The value of standalone.
    answer: Text,
    standalone: Option<bool>,
    /// Where the document's first character stands.
    pub start: Place,
    /// Where the name or value at hand starts, or the question mark stands.
    token: Place,
    /// Where `<?xml` ends.
    begun: Place,
    /// Where the encoding's name starts.
    encoding_place: Place,
    pub wrong: Option<(Kind, Place)>,
    /// Behind what is wrong: a character that is none, up to the end of the declaration, is told before it, as expat has it.
    rest: Option<Rest>,
}

/// What is read behind a mistake.
#[derive(Clone, Copy, Debug)]
struct Rest {
    /// Bytes, or units.
    read: u16,
    question: bool,
    /// The character at hand: where it starts, its first bytes, and how many more there must be.
    at: Place,
    point: u32,
    smallest: u32,
    missing: u8,
}

/// Behind so many of them the mistake is told, whatever follows.
const REST: u16 = 4096;

/// What a character made of the declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    More,
    Done,
    /// [`Reading::wrong`] says what is.
    Bad,
}

impl Reading {
    /// `start`: where `<?xml` starts; `begun`: where it ends.
    pub fn new(start: Place, begun: Place) -> Self {
        Self {
            state: State::Between { spaced: false },
            part: Part::Version,
            version: Text::EMPTY,
            encoding: None,
            answer: Text::EMPTY,
            standalone: None,
            start,
            token: begun,
            begun,
            encoding_place: begun,
            wrong: None,
            rest: None,
        }
    }

    /// Reads a declaration that is there in full, in bytes, and written as nearly all are: single spaces, version 1.0.
    /// Returns how many bytes it takes. `None`: it has to be read a character at a time.
    pub fn at_once(source: &[u8], start: Place) -> Option<(Self, usize)> {
        let mut reading = Self::new(start, start);
        let place = |rest: &[u8]| {
            let read = (source.len() - rest.len()) as u64;
            Place { offset: start.offset + read, column: start.column + read, ..start }
        };
        let (version, mut rest) = quoted(source.strip_prefix(b"<?xml version=")?)?;
        if version != b"1.0" {
            return None;
        }
        reading.version = Text::of(version)?;
        if let Some(value) = rest.strip_prefix(b" encoding=") {
            let (name, behind) = quoted(value)?;
            let starts = name.first()?.is_ascii_alphabetic();
            if !starts || !name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')) {
                return None;
            }
            reading.encoding = Some(Text::of(name)?);
            reading.encoding_place = place(&value[1..]);
            rest = behind;
        }
        if let Some(value) = rest.strip_prefix(b" standalone=") {
            let (answer, behind) = quoted(value)?;
            reading.standalone = Some(match answer {
                b"yes" => true,
                b"no" => false,
                _ => return None,
            });
            rest = behind;
        }
        let rest = rest.strip_prefix(b"?>")?;
        Some((reading, source.len() - rest.len()))
    }

    /// The name of the encoding that was declared, and where it starts.
    pub fn encoding(&self) -> Option<(&str, Place)> {
        let name = std::str::from_utf8(self.encoding.as_ref()?.bytes()).ok()?;
        Some((name, self.encoding_place))
    }

    pub fn finish(&self) -> OwnedXmlDeclaration {
        OwnedXmlDeclaration {
            version: self.version,
            encoding: self.encoding,
            standalone: self.standalone,
            place: self.start,
        }
    }

    /// Takes the next character, which stands at `place`; all that are not ASCII are as good as one.
    #[inline]
    pub fn step(&mut self, byte: u8, place: &Place) -> Step {
        if byte < b' ' && !is_space(byte) {
            self.wrong = Some((Kind::InvalidCharacter, *place));
            return Step::Bad;
        }
        match self.read(byte, place) {
            Step::Bad => self.behind_mistake(byte, place),
            step => step,
        }
    }

    fn read(&mut self, byte: u8, place: &Place) -> Step {
        if self.rest.is_some() {
            return Step::Bad;
        }
        match self.state {
            State::Between { spaced } => {
                if is_space(byte) {
                    self.state = State::Between { spaced: true };
                } else if byte == b'?' {
                    if self.part == Part::Version {
                        return self.bad(Kind::BadDeclaration, self.begun);
                    }
                    self.state = State::Question;
                    self.token = *place;
                } else if spaced {
                    self.token = *place;
                    return self.name(0, byte);
                } else {
                    return self.bad(Kind::BadDeclaration, *place);
                }
            }
            State::Name(read) => return self.name(usize::from(read), byte),
            State::BeforeEquals => {
                if byte == b'=' {
                    self.state = State::BeforeQuote;
                } else if !is_space(byte) {
                    return self.bad(Kind::BadDeclaration, *place);
                }
            }
            State::BeforeQuote => {
                if matches!(byte, b'"' | b'\'') {
                    self.state = State::Opened(byte);
                } else if !is_space(byte) {
                    return self.bad(Kind::BadDeclaration, *place);
                }
            }
            State::Opened(quote) => {
                self.token = *place;
                if self.part == Part::Encoding {
                    self.encoding_place = *place;
                }
                self.state = State::Value(quote);
                return self.value(quote, byte, place);
            }
            State::Value(quote) => return self.value(quote, byte, place),
            State::Question if byte == b'>' => return Step::Done,
            State::Question => return self.bad(Kind::BadDeclaration, self.token),
        }
        Step::More
    }

    #[cold]
    fn bad(&mut self, kind: Kind, place: Place) -> Step {
        self.wrong = Some((kind, place));
        self.rest = Some(Rest { read: 0, question: false, at: place, point: 0, smallest: 0, missing: 0 });
        Step::Bad
    }

    /// True where bytes are no longer grammar: they only have to be characters.
    pub fn is_wrong(&self) -> bool {
        self.rest.is_some()
    }

    /// A byte behind a mistake, or the one that made it.
    #[cold]
    fn behind_mistake(&mut self, byte: u8, place: &Place) -> Step {
        let Some(rest) = &mut self.rest else { return Step::Bad };
        rest.read += 1;
        if rest.missing > 0 {
            rest.missing -= 1;
            rest.point = rest.point << 6 | u32::from(byte & 0x3f);
            let whole = rest.missing == 0;
            if byte & 0xc0 != 0x80 || (whole && (rest.point < rest.smallest || !is_char(rest.point))) {
                self.wrong = Some((Kind::InvalidCharacter, rest.at));
                return Step::Bad;
            }
            return Step::More;
        }
        (rest.missing, rest.point, rest.smallest) = match byte {
            0..0x80 => (0, 0, 0),
            0xc2..0xe0 => (1, u32::from(byte & 0x1f), 0x80),
            0xe0..0xf0 => (2, u32::from(byte & 0x0f), 0x800),
            0xf0..0xf5 => (3, u32::from(byte & 0x07), 0x1_0000),
            0x80.. => {
                self.wrong = Some((Kind::InvalidCharacter, *place));
                return Step::Bad;
            }
        };
        rest.at = *place;
        let ends = rest.question && byte == b'>';
        rest.question = byte == b'?';
        if ends || rest.read > REST { Step::Bad } else { Step::More }
    }

    /// A character of a name, or what stands behind it; `read` of them were read.
    fn name(&mut self, read: usize, byte: u8) -> Step {
        if read == 0 {
            // Encoding may be left out.
            self.part = match (self.part, byte) {
                (Part::Encoding, b's') => Part::Standalone,
                (part, _) => part,
            };
        }
        let name = self.part.name();
        if name.get(read) == Some(&byte) {
            self.state = State::Name(read as u8 + 1);
        } else if read == name.len() && byte == b'=' {
            self.state = State::BeforeQuote;
        } else if read == name.len() && read > 0 && is_space(byte) {
            self.state = State::BeforeEquals;
        } else if read == name.len() && read > 0 && byte == b'?' {
            // As expat has it: the name is whole, and an equals sign is missing.
            return self.bad(Kind::BadDeclaration, self.behind(read));
        } else {
            return self.bad(Kind::BadDeclaration, self.token);
        }
        Step::More
    }

    /// The place behind a name of `length` characters.
    fn behind(&self, length: usize) -> Place {
        let unit = (self.begun.offset - self.start.offset) / 5;
        let length = length as u64;
        Place { offset: self.token.offset + unit * length, column: self.token.column + length, ..self.token }
    }

    /// A character of a value, or the quote behind it.
    fn value(&mut self, quote: u8, byte: u8, place: &Place) -> Step {
        if byte == quote {
            return self.value_end(place);
        }
        let (text, fits) = match self.part {
            Part::Version => {
                let fits = match self.version.length {
                    0 => byte == b'1',
                    1 => byte == b'.',
                    _ => byte.is_ascii_digit(),
                };
                (&mut self.version, fits)
            }
            Part::Encoding => {
                let text = self.encoding.get_or_insert(Text::EMPTY);
                let fits = byte.is_ascii_alphabetic()
                    || text.length > 0 && (byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'));
                (text, fits)
            }
            Part::Standalone | Part::End => (&mut self.answer, byte.is_ascii_alphanumeric()),
        };
        if !fits {
            return self.bad(Kind::BadDeclaration, *place);
        }
        if !text.push(byte) {
            return match self.part {
                Part::Encoding => self.bad(Kind::UnknownEncoding, self.token),
                _ => self.bad(Kind::BadDeclaration, *place),
            };
        }
        Step::More
    }

    /// The quote behind a value.
    fn value_end(&mut self, place: &Place) -> Step {
        let whole = match self.part {
            Part::Version => self.version.length > 2,
            Part::Encoding => self.encoding.is_some_and(|name| name.length > 0),
            Part::Standalone | Part::End => {
                self.standalone = match self.answer.bytes() {
                    b"yes" => Some(true),
                    b"no" => Some(false),
                    _ => return self.bad(Kind::BadDeclaration, self.token),
                };
                true
            }
        };
        if !whole {
            return self.bad(Kind::BadDeclaration, *place);
        }
        self.state = State::Between { spaced: false };
        self.part = self.part.next();
        Step::More
    }
}
