//! Strings that the fast path leaves: with escapes, cut by a chunk's end, past a limit, or ill-formed.
//!
//! This is the authority on what a string means and where it goes wrong: it decodes as bytes arrive, counts every
//! decoded byte against the limit, and suspends at any byte. The fast path in `machine.rs` takes only complete clean
//! strings and sends everything else here, from the string's first byte.

use crate::cursor::Cursor;
use crate::error::Kind;
use crate::simd::skip_plain;
use crate::utf8::{self, Checked};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Plain,
    /// Behind a backslash.
    Escape,
    /// In `\u`: digits seen and their value.
    Hex(u8, u32),
    /// Behind the escape of a high surrogate.
    High(u32),
    /// Behind such an escape and one more backslash.
    HighEscape(u32),
    /// In the `\u` behind it.
    HighHex(u32, u8, u32),
}

/// How far a string came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextStep {
    /// Past the closing quote.
    End,
    NeedMore,
    /// An error at this offset.
    Bad(Kind, u64),
    /// The byte at this offset is decoded byte number `maximum + 1` or brings it.
    Over(u64),
}

/// What a dialect lets pass inside strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRules {
    /// Lone surrogates, escaped or in three-byte form.
    pub surrogates: bool,
    /// Characters below U+0020.
    pub controls: bool,
}

/// A string on its way.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// Decoded bytes, or with `keep` off only those not yet checked.
    out: Vec<u8>,
    /// Decoded bytes that `out` no longer holds.
    dropped: u64,
    /// How much of `out` is known to be well-formed.
    checked: usize,
    high: bool,
    keep: bool,
    state: State,
    /// Offset of the backslash of the escape being read, or of the high surrogate's.
    escape: u64,
    /// Offset of the second backslash of a pair.
    second: u64,
}

/// Buffers past this are not kept for the next token.
pub(super) const SCRATCH: usize = 1 << 16;

impl Text {
    /// Makes ready for the next string. `keep`: its bytes are wanted.
    pub fn start(&mut self, keep: bool) {
        self.out.clear();
        self.rest();
        self.dropped = 0;
        self.checked = 0;
        self.high = false;
        self.keep = keep;
        self.state = State::Plain;
    }

    /// Gives back the buffer of a long string.
    pub fn rest(&mut self) {
        if self.out.capacity() > SCRATCH {
            self.out = Vec::new();
        }
    }

    /// The decoded bytes of a finished string.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.out
    }

    #[must_use]
    pub fn is_ascii(&self) -> bool {
        !self.high
    }

    /// Decoded bytes so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.dropped + self.out.len() as u64
    }

    /// Reads on from the cursor, which stands at byte `offset` of the input. At most `limit` decoded bytes.
    pub fn resume(&mut self, cursor: &mut Cursor<'_>, offset: u64, limit: u64, rules: TextRules) -> TextStep {
        let base = offset - cursor.position() as u64;
        loop {
            if self.state == State::Plain {
                match self.plain(cursor, base, limit, rules) {
                    None => {}
                    Some(step) => return step,
                }
                continue;
            }
            if cursor.at_end() {
                return TextStep::NeedMore;
            }
            let at = base + cursor.position() as u64;
            let byte = cursor.peek();
            let done = match self.state {
                State::Plain => unreachable!("handled above"),
                State::Escape => self.escape(byte),
                State::Hex(count, value) => match hex(byte) {
                    None => return TextStep::Bad(Kind::InvalidUnicodeEscape, self.escape + 1),
                    Some(digit) if count < 3 => {
                        self.state = State::Hex(count + 1, value << 4 | digit);
                        Ok(None)
                    }
                    Some(digit) => self.unit(value << 4 | digit, rules),
                },
                State::High(high) => {
                    if byte == b'\\' {
                        self.state = State::HighEscape(high);
                        self.second = at;
                        Ok(None)
                    } else if rules.surrogates {
                        // The byte is looked at again, as plain text.
                        self.state = State::Plain;
                        if let Some(step) = self.put(high, at.saturating_sub(1), limit) {
                            return step;
                        }
                        continue;
                    } else {
                        Err(TextStep::Bad(Kind::LoneSurrogate, self.escape))
                    }
                }
                State::HighEscape(high) => {
                    if byte == b'u' {
                        self.state = State::HighHex(high, 0, 0);
                        Ok(None)
                    } else if rules.surrogates {
                        self.state = State::Escape;
                        self.escape = self.second;
                        if let Some(step) = self.put(high, at.saturating_sub(1), limit) {
                            return step;
                        }
                        continue;
                    } else {
                        Err(TextStep::Bad(Kind::LoneSurrogate, self.escape))
                    }
                }
                State::HighHex(high, count, value) => match hex(byte) {
                    None => return TextStep::Bad(Kind::InvalidUnicodeEscape, self.second + 1),
                    Some(digit) if count < 3 => {
                        self.state = State::HighHex(high, count + 1, value << 4 | digit);
                        Ok(None)
                    }
                    Some(digit) => {
                        let low = value << 4 | digit;
                        if (0xdc00..0xe000).contains(&low) {
                            self.state = State::Plain;
                            Ok(Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)))
                        } else if rules.surrogates {
                            if let Some(step) = self.put(high, at, limit) {
                                return step;
                            }
                            self.escape = self.second;
                            self.unit(low, rules)
                        } else {
                            Err(TextStep::Bad(Kind::LoneSurrogate, self.escape))
                        }
                    }
                },
            };
            match done {
                Err(step) => return step,
                Ok(None) => {}
                Ok(Some(point)) => {
                    cursor.advance(1);
                    if let Some(step) = self.put(point, at, limit) {
                        return step;
                    }
                    continue;
                }
            }
            cursor.advance(1);
        }
    }

    /// Plain text up to what ends it. `None`: an escape begins.
    fn plain(&mut self, cursor: &mut Cursor<'_>, base: u64, limit: u64, rules: TextRules) -> Option<TextStep> {
        let from = *cursor;
        let mut high = skip_plain(cursor);
        while rules.controls && cursor.peek() < 0x20 && !cursor.at_end() {
            cursor.advance(1);
            high |= skip_plain(cursor);
        }
        let run = cursor.since(from.mark());
        let start = base + from.position() as u64;
        let room = limit - self.size().min(limit);
        let over = run.len() as u64 > room;
        let run = if over { &run[..usize::try_from(room).unwrap_or(usize::MAX).min(run.len())] } else { run };
        self.high |= high;
        if self.out.try_reserve(run.len()).is_err() {
            return Some(TextStep::Bad(Kind::OutOfMemory, start));
        }
        self.out.extend_from_slice(run);
        let end = start + run.len() as u64;
        // What stands unchecked before this run belongs to the character that the run goes on with.
        if high || self.checked < self.out.len() - run.len() {
            let ends_here = !over && !cursor.at_end();
            match utf8::check(&self.out[self.checked..], rules.surrogates) {
                Checked::Valid => self.checked = self.out.len(),
                Checked::Cut(at) if !ends_here => self.checked += at,
                Checked::Cut(at) | Checked::Invalid(at) => {
                    let behind = self.out.len() - self.checked - at;
                    return Some(TextStep::Bad(Kind::InvalidUtf8, end - behind as u64));
                }
            }
        } else {
            self.checked = self.out.len();
        }
        self.drop_checked();
        if over {
            // Whoever goes on all the same, in audit, goes on at the byte that crossed.
            *cursor = from;
            cursor.advance(run.len());
            return Some(TextStep::Over(end));
        }
        let byte = cursor.peek();
        let at = base + cursor.position() as u64;
        match byte {
            b'"' => {
                cursor.advance(1);
                Some(TextStep::End)
            }
            b'\\' => {
                cursor.advance(1);
                self.state = State::Escape;
                self.escape = at;
                None
            }
            _ if cursor.at_end() => Some(TextStep::NeedMore),
            _ => Some(TextStep::Bad(Kind::ControlCharacter, at)),
        }
    }

    fn drop_checked(&mut self) {
        if !self.keep && self.checked > 0 {
            self.dropped += self.checked as u64;
            self.out.drain(..self.checked);
            self.checked = 0;
        }
    }

    /// The character behind a backslash.
    fn escape(&mut self, byte: u8) -> Result<Option<u32>, TextStep> {
        let point = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                self.state = State::Hex(0, 0);
                return Ok(None);
            }
            _ => return Err(TextStep::Bad(Kind::InvalidEscape, self.escape)),
        };
        self.state = State::Plain;
        Ok(Some(point.into()))
    }

    /// A UTF-16 unit that an escape gave.
    fn unit(&mut self, unit: u32, rules: TextRules) -> Result<Option<u32>, TextStep> {
        match unit {
            0xd800..0xdc00 => {
                self.state = State::High(unit);
                Ok(None)
            }
            0xdc00..0xe000 if !rules.surrogates => Err(TextStep::Bad(Kind::LoneSurrogate, self.escape)),
            _ => {
                self.state = State::Plain;
                Ok(Some(unit))
            }
        }
    }

    /// A decoded character, counted at byte `at`.
    fn put(&mut self, point: u32, at: u64, limit: u64) -> Option<TextStep> {
        let before = self.size();
        if self.out.try_reserve(4).is_err() {
            return Some(TextStep::Bad(Kind::OutOfMemory, at));
        }
        utf8::push(&mut self.out, point);
        let over = self.size() > limit && before <= limit;
        self.high |= point >= 0x80;
        self.checked = self.out.len();
        self.drop_checked();
        over.then_some(TextStep::Over(at))
    }
}

fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}
