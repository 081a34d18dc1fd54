//! Short values, judged by all of their bytes at once.
//!
//! Most values of real documents are words, numbers, colors or ids of up to sixteen bytes. Those that are plainly good are told
//! here without a loop; of all others [`super::judge`] says what they are. So what is asked here may say no to a good
//! value, and never yes to a bad one.

use super::judge::Value;
use super::write;
use crate::simd;

/// What of a grammar can be asked of sixteen bytes.
#[derive(Clone, Debug)]
pub(super) enum Quick {
    /// Nothing.
    Never,
    /// Whatever needs no escape.
    Any,
    /// Letters, digits, blanks and `#%.,-+_`: there is no such value that is refused.
    Simple,
    Path,
    /// One number, with so many digits before the dot at most; with a sign before it, or `px` or `%` behind, or not.
    Number {
        digits: u32,
        signed: bool,
        units: bool,
    },
    /// So many whole numbers, apart by blanks.
    List {
        least: u32,
        most: u32,
    },
    Words(Vec<[u8; 16]>),
}

impl Quick {
    /// `max_bytes`: how long the value may be.
    pub fn of(value: &Value, max_bytes: Option<u64>) -> Self {
        if max_bytes.is_some_and(|most| most < 16) {
            return Self::Never;
        }
        match value {
            Value::Text { refused } if refused.is_empty() => Self::Any,
            // Without a colon there is no scheme.
            Value::Text { .. } | Value::Css | Value::Words => Self::Simple,
            Value::Path => Self::Path,
            Value::Numbers { least: 0 | 1, most: 1.., minimum, maximum, units, .. } => {
                let digits = (1..=9).take_while(|digits| 10_f64.powi(*digits) <= *maximum).last();
                match digits {
                    Some(digits) if *minimum <= 0.0 => {
                        let signed = *minimum <= -10_f64.powi(digits);
                        Self::Number { digits: digits.unsigned_abs(), signed, units: *units }
                    }
                    _ => Self::Never,
                }
            }
            Value::Numbers { least, most, minimum, maximum, .. }
                if *minimum <= 0.0 && *maximum == f64::INFINITY && *least <= 8 =>
            {
                Self::List { least: *least as u32, most: (*most).min(16) as u32 }
            }
            Value::Keyword { words, .. } => {
                let words = words.iter().filter(|word| word.len() <= 16 && write::is_clean::<true>(word.as_bytes()));
                Self::Words(words.map(|word| write::short(word.as_bytes())).collect())
            }
            _ => Self::Never,
        }
    }

    /// Whether the first `length` of these bytes, behind which stands NUL, are a good value, in which nothing needs an escape.
    #[inline(always)]
    pub fn takes(&self, text: &[u8; 16], length: usize) -> bool {
        debug_assert!(length <= 16);
        let whole = (1_u32 << length) - 1;
        match self {
            Self::Never => false,
            Self::Any => simd::marked_up::<true>(text) & whole == 0,
            Self::Simple => simd::not_simple(text) & whole == 0,
            Self::Path => simd::not_path(text) & whole == 0,
            Self::Number { digits: most, signed, units } => {
                let unit = match &text[..length] {
                    [.., b'p', b'x'] if *units => 2,
                    [.., b'%'] if *units => 1,
                    _ => 0,
                };
                let whole = whole >> unit;
                let (digits, dot) = simd::digits_and(text, b'.');
                let sign = u32::from(*signed && matches!(text[0], b'-' | b'+'));
                // All but the sign are digits and at most one dot, of which one is a digit.
                let rest = whole & !sign;
                let before = (dot | !whole).trailing_zeros() - sign;
                (digits | dot) & rest == rest && dot & dot.wrapping_sub(1) == 0 && digits & rest != 0 && before <= *most
            }
            Self::List { least, most } => {
                let (digits, blanks) = simd::digits_and(text, b' ');
                let count = (digits & !(digits << 1)).count_ones();
                (digits | blanks) & whole == whole && (*least..=*most).contains(&count)
            }
            Self::Words(words) => words.contains(text),
        }
    }
}
