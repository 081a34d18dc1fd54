//! Offsets as lines and columns: found on the error path, by counting from a known position.

/// A byte of the input, for people: `line` and `column` count from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub offset: u64,
    pub line: u64,
    pub column: u64,
}

impl Place {
    /// The first byte.
    pub const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The place behind `bytes`, which start here. Lines end at LF.
    #[must_use]
    pub fn after(self, bytes: &[u8]) -> Self {
        let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
        let last = memchr::memrchr(b'\n', bytes).map_or(bytes, |at| &bytes[at + 1..]);
        let column = if lines > 0 { 1 } else { self.column };
        Self { offset: self.offset + bytes.len() as u64, line: self.line + lines, column: column + characters(last) }
    }

    /// The place `offset`, before this one on its line; between both stand ASCII characters, or the bytes of one character.
    #[must_use]
    pub fn back(self, offset: u64, one_character: bool) -> Self {
        let back = if one_character { 1 } else { self.offset - offset };
        Self { offset, line: self.line, column: self.column.saturating_sub(back).max(1) }
    }
}

/// Characters that begin in these bytes. Counted in pieces whose count fits a byte, so that it is done many at a time.
pub(crate) fn characters(bytes: &[u8]) -> u64 {
    let mut count = 0;
    for piece in bytes.chunks(192) {
        let begin = piece.iter().fold(0u8, |count, byte| count + u8::from(byte.cast_signed() >= -0x40));
        count += u64::from(begin);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_restart_behind_a_line_end() {
        let place = Place::START.after("añ\n€😀x".as_bytes());
        assert_eq!(place, Place { offset: 12, line: 2, column: 4 });
        assert_eq!(place.after(b"\n"), Place { offset: 13, line: 3, column: 1 });
        assert_eq!(Place::START.after(b""), Place::START);
    }
}
