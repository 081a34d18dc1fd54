//! UTF-8: copied, checked and its line ends made LF, a block at a time while it is in the nearest cache.
//!
//! A block of ASCII is looked at once, for control characters and for what is not ASCII. Only a block with the latter is
//! checked as UTF-8 and searched for the two noncharacters that XML leaves out.

use crate::utf8::{Checked, check};

/// How much is copied and checked at a time.
const BLOCK: usize = 4 << 10;

/// What is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Survey {
    /// A control character other than tab and LF.
    pub control: bool,
    /// A byte above 0x7f.
    pub high: bool,
}

/// Written so that the compiler looks at many bytes at once.
#[inline]
pub(super) fn survey(bytes: &[u8]) -> Survey {
    #[inline(always)]
    fn fold(bytes: &[u8]) -> (u8, u8) {
        bytes.iter().fold((0, 0), |(control, high), &byte| {
            (control | (u8::from(byte < b' ') & u8::from(byte.wrapping_sub(b'\t') > 1)), high | byte)
        })
    }
    let (mut control, mut high) = (0, 0);
    let mut blocks = bytes.chunks_exact(64);
    for block in &mut blocks {
        let (is_control, bits) = fold(block);
        control |= is_control;
        high |= bits;
    }
    let (is_control, bits) = fold(blocks.remainder());
    Survey { control: control | is_control != 0, high: high | bits >= 0x80 }
}

/// Where the first U+FFFE or U+FFFF of valid UTF-8 starts.
pub(super) fn noncharacter(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = memchr::memchr(0xef, &text[from..]) {
        let at = from + found;
        if matches!(text[at..], [_, 0xbf, 0xbe | 0xbf, ..]) {
            return Some(at);
        }
        from = at + 3;
    }
    None
}

/// How far the source was good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    /// So many bytes are good.
    pub good: usize,
    /// What stands behind them is no character of XML; else it is the start of one, or nothing.
    pub bad: bool,
    pub carriage_returns: bool,
}

/// Copies `source` to `out`, which has the same length.
pub(super) fn copy(source: &[u8], out: &mut [u8]) -> Copied {
    let mut result = Copied { good: 0, bad: false, carriage_returns: false };
    let mut copied = 0;
    while result.good < source.len() {
        let end = source.len().min(result.good + BLOCK);
        out[copied..end].copy_from_slice(&source[copied..end]);
        copied = end;
        let block = &out[result.good..end];
        let seen = survey(block);
        let (mut good, mut bad, mut cut) = (block.len(), false, false);
        if seen.high {
            match check(block, false) {
                Checked::Valid => {}
                Checked::Cut(at) => (good, cut) = (at, end == source.len()),
                Checked::Invalid(at) => (good, bad) = (at, true),
            }
            if let Some(at) = noncharacter(&block[..good]) {
                (good, bad) = (at, true);
            }
        }
        if seen.control {
            let is_bad = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
            if let Some(at) = block[..good].iter().position(is_bad) {
                (good, bad) = (at, true);
            }
            result.carriage_returns = result.carriage_returns || memchr::memchr(b'\r', &block[..good]).is_some();
        }
        result.good += good;
        result.bad = bad;
        if bad || cut {
            break;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_sees_each_byte_at_each_place() {
        for length in [1, 7, 63, 64, 65, 130] {
            for byte in 0..=255u8 {
                for place in [0, length / 2, length - 1] {
                    let mut bytes = vec![b'x'; length];
                    bytes[place] = byte;
                    let control = byte < 32 && byte != 9 && byte != 10;
                    assert_eq!(survey(&bytes), Survey { control, high: byte > 127 });
                }
            }
        }
    }
}
