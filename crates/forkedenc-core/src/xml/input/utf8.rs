//! UTF-8: copied, checked and its line ends made LF, a block at a time while it is in the nearest cache.
//!
//! A block of ASCII is looked at once, for control characters and for what is not ASCII. Only a block with the latter is
//! checked as UTF-8 and searched for the two noncharacters that XML leaves out.

use crate::simd::survey;
use crate::utf8::{Checked, check};

/// How much is copied and checked at a time.
const BLOCK: usize = 4 << 10;

/// Where the first U+FFFE or U+FFFF of valid UTF-8 starts.
pub(super) fn noncharacter(text: &[u8]) -> Option<usize> {
    // Both begin with EF BF. Text without an EF is as common as text full of them.
    let mut from = memchr::memchr(0xef, text)?;
    let near = &text[from..];
    let follow = near.iter().zip(&near[1..]);
    if !follow.fold(false, |any, (first, second)| any | ((*first == 0xef) & (*second == 0xbf))) {
        return None;
    }
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
            // Nearly always it is carriage returns alone, which a loop without an exit finds out quickly.
            let is_bad = |byte: &u8| (*byte < b' ') & !matches!(byte, b'\t' | b'\n' | b'\r');
            if block[..good].iter().fold(false, |any, byte| any | is_bad(byte))
                && let Some(at) = block[..good].iter().position(is_bad)
            {
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
    fn noncharacters_are_found_at_every_place() {
        for text in ["\u{fffe}", "\u{ffff}"] {
            for filler in ["x", "ﾊ", "￥", "\u{fffd}"] {
                for before in 0..9 {
                    let bytes = filler.repeat(before) + text + &filler.repeat(3);
                    assert_eq!(noncharacter(bytes.as_bytes()), Some(filler.len() * before));
                    assert_eq!(noncharacter(filler.repeat(before).as_bytes()), None);
                }
            }
        }
    }
}
