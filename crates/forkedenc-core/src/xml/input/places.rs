//! Where a position of a piece lies in the source: offset, line and column.
//!
//! Most pieces need no map: each character takes as many source bytes as its encoding says. Only what differs (a line
//! end that was CR LF, a character of an encoding whose characters have no fixed size) is written down, as spans.

use std::cell::Cell;

use crate::position::{Place, characters};

/// How many source bytes a character takes that no span speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// As many as in the piece.
    Utf8,
    /// Two, or four for a surrogate pair.
    Utf16,
    One,
}

impl Measure {
    fn of(self, text: &[u8]) -> u64 {
        match self {
            Self::Utf8 => text.len() as u64,
            Self::Utf16 => 2 * (characters(text) + text.iter().filter(|byte| **byte >= 0xf0).count() as u64),
            Self::One => characters(text),
        }
    }
}

/// From `position` on, each character takes `width` source bytes; as the encoding has it for [`NATURAL`].
#[derive(Clone, Copy, Debug)]
struct Span(u32);

/// The width of what is as [`Measure`] says.
const NATURAL: u32 = 7;

impl Span {
    fn position(self) -> usize {
        (self.0 >> 3) as usize
    }

    fn width(self) -> u32 {
        self.0 & 7
    }
}

/// The last answer, from which the next one counts on.
#[derive(Clone, Copy, Debug)]
struct Memo {
    position: usize,
    /// The spans that begin at or before the position.
    spans: usize,
    place: Place,
}

/// The places of a piece.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub measure: Measure,
    /// Where the piece starts.
    start: Place,
    spans: Vec<Span>,
    memo: Cell<Memo>,
}

impl Places {
    pub fn new(measure: Measure) -> Self {
        let memo = Memo { position: 0, spans: 0, place: Place::START };
        Self { measure, start: Place::START, spans: Vec::new(), memo: Cell::new(memo) }
    }

    pub fn start(&self) -> Place {
        self.start
    }

    /// A piece starts here.
    #[inline]
    pub fn restart(&mut self, start: Place) {
        self.start = start;
        if !self.spans.is_empty() {
            self.spans = Vec::new();
        }
        self.memo.set(Memo { position: 0, spans: 0, place: start });
    }

    /// The piece, of which nothing is written yet, starts `count` bytes further on: an LF that belongs to the line end
    /// before it.
    #[cold]
    pub fn skip(&mut self, count: u8) {
        let start = self.start;
        self.restart(Place { offset: start.offset + u64::from(count), ..start });
    }

    /// From `position` on, which is behind all those told before, a character takes `width` source bytes. False where
    /// there is no memory.
    #[must_use]
    pub fn width(&mut self, position: usize, width: Option<u8>) -> bool {
        let span = Span((position as u32) << 3 | width.map_or(NATURAL, u32::from));
        match self.spans.last_mut() {
            Some(last) if last.position() == position => *last = span,
            Some(last) if last.width() == span.width() => {}
            None if span.width() == NATURAL => {}
            _ => {
                if self.spans.try_reserve(1).is_err() {
                    return false;
                }
                self.spans.push(span);
            }
        }
        true
    }

    /// At `position`, which is behind all those told before, stands the LF of a line end of two bytes. False where there
    /// is no memory.
    #[must_use]
    #[inline]
    pub fn pair(&mut self, position: usize) -> bool {
        if self.spans.try_reserve(2).is_err() {
            return false;
        }
        if self.spans.last().is_some_and(|last| last.position() == position) {
            self.spans.pop();
        }
        let position = position as u32;
        self.spans.extend([Span(position << 3 | 2), Span((position + 1) << 3 | NATURAL)]);
        true
    }

    /// The place of a position in the piece.
    #[inline]
    pub fn at(&self, piece: &[u8], position: usize) -> Place {
        let mut memo = self.memo.get();
        if memo.position > position {
            memo = Memo { position: 0, spans: 0, place: self.start };
        }
        let step = &piece[memo.position..position];
        let mut place = forward(memo.place, step);
        place.offset = memo.place.offset
            + if self.spans.is_empty() {
                self.measure.of(step)
            } else {
                self.across(piece, memo.position, position, &mut memo.spans)
            };
        self.memo.set(Memo { position, place, ..memo });
        place
    }

    /// The piece was read, up to `end` in the source; the next one starts there.
    #[inline]
    pub fn advance(&mut self, piece: &[u8], end: u64) {
        let memo = self.memo.get();
        let place = forward(memo.place, &piece[memo.position..]);
        self.restart(Place { offset: end, ..place });
    }

    /// The source bytes from one position to another; `passed` counts the spans on the way.
    fn across(&self, piece: &[u8], from: usize, to: usize, passed: &mut usize) -> u64 {
        let (mut at, mut bytes) = (from, 0);
        loop {
            let next = self.spans.get(*passed).map(|span| span.position()).filter(|next| *next <= to);
            let step = &piece[at..next.unwrap_or(to)];
            bytes += match passed.checked_sub(1).map_or(NATURAL, |last| self.spans[last].width()) {
                NATURAL => self.measure.of(step),
                width => u64::from(width) * characters(step),
            };
            let Some(next) = next else { return bytes };
            at = next;
            *passed += 1;
        }
    }
}

/// Line and column behind `text`; its offset is the caller's to set.
#[inline]
fn forward(place: Place, text: &[u8]) -> Place {
    if text.len() > 48 {
        return place.after(text);
    }
    // Most steps go from one tag to the next, which is too short for what looks at many bytes at once.
    let (mut line, mut column) = (place.line, place.column);
    let mut words = text.chunks_exact(8);
    for word in &mut words {
        let bits = u64::from_le_bytes([word[0], word[1], word[2], word[3], word[4], word[5], word[6], word[7]]);
        let line_end = bits ^ (0x0a * ONES);
        if line_end.wrapping_sub(ONES) & !line_end & HIGH != 0 {
            bytewise(word, &mut line, &mut column);
        } else {
            // The top bit of each byte that does not begin a character: 10xx_xxxx.
            let inner = bits & !(bits << 1) & HIGH;
            column += 8 - ((inner >> 7).wrapping_mul(ONES) >> 56);
        }
    }
    bytewise(words.remainder(), &mut line, &mut column);
    Place { line, column, ..place }
}

/// A one in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;
/// The top bit of each byte.
const HIGH: u64 = 0x80 * ONES;

#[inline(always)]
fn bytewise(text: &[u8], line: &mut u64, column: &mut u64) {
    for byte in text {
        if *byte == b'\n' {
            *line += 1;
            *column = 1;
        } else {
            *column += u64::from(byte.cast_signed() >= -0x40);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_say_what_characters_take() {
        let mut places = Places::new(Measure::Utf8);
        places.restart(Place { offset: 10, line: 2, column: 3 });
        // "a CR LF é b CR LF CR LF c"
        let piece = "a\néb\n\nc".as_bytes();
        assert!(places.width(1, Some(2)) && places.width(2, None));
        assert!(places.width(5, Some(2)) && places.width(6, None) && places.width(6, Some(2)) && places.width(7, None));
        let offsets = [10, 11, 13, 14, 15, 16, 18, 20, 21];
        for from in 0..offsets.len() {
            for (position, offset) in offsets.iter().enumerate().skip(from) {
                places.at(piece, from);
                assert_eq!(places.at(piece, position).offset, *offset, "{from} to {position}");
            }
        }
        assert_eq!(places.at(piece, 8), Place { offset: 21, line: 5, column: 2 });
        assert_eq!(places.at(piece, 2), Place { offset: 13, line: 3, column: 1 });
    }

    #[test]
    fn each_encoding_measures_by_itself() {
        let text = "aé€😀".as_bytes();
        assert_eq!(Measure::Utf8.of(text), 10);
        assert_eq!(Measure::Utf16.of(text), 10);
        assert_eq!(Measure::One.of(text), 4);
    }

    #[test]
    fn short_steps_count_like_long_ones() {
        let text = "añ\n€😀x\n\ny".repeat(9);
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let long = Place::START.after(&text.as_bytes()[..end]);
            for step in [1, 2, 7, 8, 9, 31, 40] {
                let short = text.as_bytes()[..end].chunks(step).fold(Place::START, forward);
                assert_eq!((short.line, short.column), (long.line, long.column), "{step} of {end}");
            }
        }
    }
}
