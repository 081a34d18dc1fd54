//! Grammars of attribute values: each says of a value whether it is one, and finds the ids that it refers to.

use regex::Regex;

use super::css;
use super::plan::Plan;
use super::url::{self, Reading};
use super::write;
use crate::simd;
use crate::xml::chars::is_space;

/// Which URLs are allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// In lower case.
    pub schemes: Vec<String>,
    pub relative: bool,
    /// `#id`.
    pub fragment: bool,
    /// Media types of `data:` URLs.
    pub data: Vec<String>,
}

/// The grammar of a value. Unless said otherwise, white space around is allowed and kept.
#[derive(Clone, Debug)]
pub enum Value {
    /// Any text that nobody reads as a URL of one of these schemes.
    Text {
        refused: Vec<String>,
    },
    Keyword {
        words: Vec<String>,
        fold: bool,
    },
    /// Numbers apart by white space and commas, or semicolons too.
    Numbers {
        least: usize,
        most: usize,
        minimum: f64,
        maximum: f64,
        units: bool,
        semicolons: bool,
    },
    /// SVG path data: its alphabet. An error inside is the renderer's to stop at (SVG 2 §9.5.4).
    Path,
    Transform,
    /// The value of a presentation attribute.
    Css,
    /// A declaration list.
    Style,
    Url(Media),
    Urls(Media, u8),
    Id,
    IdRef,
    IdRefs,
    /// Names of classes and the like, apart by white space.
    Tokens,
    /// Words for people.
    Words,
    Pattern(Regex),
    /// When an animation begins, ends, and how long it takes (SMIL 3.0 §5.3).
    Timing,
    /// The values of an animation: each by the grammar of the attribute that it sets.
    Animated,
}

impl Value {
    /// A pattern that the whole value must match; in linear time.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn pattern(text: &str) -> Result<Self, String> {
        Regex::new(&format!("^(?:{text})$")).map(Self::Pattern).map_err(|error| error.to_string())
    }
}

/// What was found of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Good, and nothing in it needs an escape.
    Plain,
    Good,
    /// Good as it was written into the buffer.
    Written,
    Bad,
}

/// What judging a value needs beside it, and gives.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The value, where the verdict is [`Verdict::Written`].
    pub out: Vec<u8>,
    /// The ids that it refers to, as the document has them after cleaning, each ended by NUL.
    pub references: Vec<u8>,
    /// Of an animation: the grammar of the attribute that it sets.
    pub target: Option<u16>,
    /// Declarations that were left out.
    pub dropped: u64,
}

/// Whether all bytes are commands, numbers or spaces.
#[inline(always)]
fn is_path(value: &[u8]) -> bool {
    if value.len() >= 16 {
        return simd::is_path(value);
    }
    simd::not_path(&write::short(value)) & ((1 << value.len()) - 1) == 0
}

/// Whether nothing but words, numbers and colors is made of the bytes.
#[inline]
fn is_simple(value: &[u8]) -> bool {
    value.chunks(16).all(|chunk| simd::not_simple(&write::short(chunk)) & ((1 << chunk.len()) - 1) == 0)
}

pub(super) fn trim(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|byte| !is_space(*byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_space(*byte)).map_or(start, |at| at + 1);
    &value[start..end]
}

/// The longest id that is kept.
const ID: usize = 1024;

/// An id: letters, digits and signs that mean nothing in CSS, URLs and HTML; what is not ASCII stands for itself.
pub(super) fn is_id(id: &[u8]) -> bool {
    !id.is_empty() && id.len() <= ID && is_word(id)
}

fn is_word(word: &[u8]) -> bool {
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'_' | b'-' | b'.' | b':' | b'+' | b'@' | b'~' | b'!' | b'*' | b'=' | b'$' | b',' | b'/' | b'|'
            )
            || *byte >= 0x80
    };
    word.iter().all(plain) && !has_odd_space(word)
}

/// White space and controls beyond ASCII.
fn has_odd_space(text: &[u8]) -> bool {
    !text.is_ascii()
        && String::from_utf8_lossy(text).chars().any(|c| {
            c.is_whitespace() && !c.is_ascii() || matches!(c, '\u{80}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        })
}

impl Plan {
    /// An id as it is written: with the prefix, unless it has it already.
    pub(super) fn prefixed(&self, id: &[u8], out: &mut Vec<u8>) {
        if let Some(prefix) = &self.source.id_prefix
            && !id.starts_with(prefix.as_bytes())
        {
            out.extend_from_slice(prefix.as_bytes());
        }
        out.extend_from_slice(id);
    }

    /// Notes a reference to an id.
    pub(super) fn refer(&self, id: &[u8], findings: &mut Findings) {
        self.prefixed(id, &mut findings.references);
        findings.references.push(0);
    }

    pub(super) fn judge(&self, number: u16, value: &[u8], findings: &mut Findings) -> Verdict {
        let good = |good: bool| if good { Verdict::Good } else { Verdict::Bad };
        match &self.source.values[usize::from(number)].0 {
            Value::Path => {
                // White space but the space itself came by reference, and is written so again.
                if is_path(value) { Verdict::Plain } else { good(value.split(|byte| is_space(*byte)).all(is_path)) }
            }
            Value::Css => {
                if value.split(|byte| is_space(*byte)).all(is_simple) {
                    return Verdict::Good;
                }
                if let Some(id) = plain_reference(value).filter(|_| self.source.id_prefix.is_none()) {
                    self.refer(id, findings);
                    return Verdict::Plain;
                }
                css::value(self, value, findings)
            }
            Value::Numbers { least, most, minimum, maximum, units, semicolons } => {
                let count = numbers(value, (*minimum, *maximum), *units, *semicolons);
                good(count.is_some_and(|count| (*least..=*most).contains(&count)))
            }
            Value::Text { refused } => good(refused.is_empty() || !url::has_scheme(value, refused)),
            Value::Keyword { words, fold } => {
                let word = trim(value);
                let same = |known: &String| {
                    if *fold { known.as_bytes().eq_ignore_ascii_case(word) } else { known.as_bytes() == word }
                };
                good(words.iter().any(same))
            }
            Value::Transform => good(transform(value)),
            Value::Style => css::style(self, value, findings),
            Value::Url(media) => self.url(value, media, findings),
            Value::Urls(media, separator) => self.urls(value, media, *separator, findings),
            Value::Id => {
                let id = trim(value);
                if !is_id(id) || (self.source.ids_need_prefix && self.source.id_prefix.is_none()) {
                    return Verdict::Bad;
                }
                self.rewritten(id, value, findings)
            }
            Value::IdRef => match trim(value).split_first() {
                Some((b'#', id)) if is_id(id) => {
                    self.refer(id, findings);
                    findings.out.push(b'#');
                    self.rewritten(id, value, findings)
                }
                _ => Verdict::Bad,
            },
            Value::IdRefs => {
                for id in value.split(|byte| is_space(*byte)).filter(|id| !id.is_empty()) {
                    if !is_id(id) {
                        return Verdict::Bad;
                    }
                    if !findings.out.is_empty() {
                        findings.out.push(b' ');
                    }
                    self.prefixed(id, &mut findings.out);
                }
                if findings.out == value { Verdict::Good } else { Verdict::Written }
            }
            Value::Tokens => good(value.split(|byte| is_space(*byte)).all(is_word)),
            Value::Words => good(!value.iter().any(|byte| matches!(byte, b'(' | b'\\' | b'<' | b'>'))),
            Value::Pattern(pattern) => plain_text(value).map_or(Verdict::Bad, |text| good(pattern.is_match(text))),
            Value::Timing => self.timing(value, findings),
            Value::Animated => self.animated(value, findings),
        }
    }

    /// The id behind what `findings.out` begins with; the value itself where that is what it becomes.
    fn rewritten(&self, id: &[u8], value: &[u8], findings: &mut Findings) -> Verdict {
        self.prefixed(id, &mut findings.out);
        if findings.out == value { Verdict::Plain } else { Verdict::Written }
    }

    fn url(&self, value: &[u8], media: &Media, findings: &mut Findings) -> Verdict {
        let from = findings.out.len();
        let Some(reading) = url::read(value, media, &mut findings.out) else { return Verdict::Bad };
        if reading == Reading::Local {
            let id = findings.out.split_off(from + 1);
            self.refer(&id, findings);
            self.prefixed(&id, &mut findings.out);
        }
        if findings.out[from..] == *value { Verdict::Good } else { Verdict::Written }
    }

    fn urls(&self, value: &[u8], media: &Media, separator: u8, findings: &mut Findings) -> Verdict {
        let apart = |byte: &u8| *byte == separator || (separator == b' ' && is_space(*byte));
        for url in value.split(apart).filter(|url| !trim(url).is_empty()) {
            if !findings.out.is_empty() {
                findings.out.push(separator);
            }
            if self.url(url, media, findings) == Verdict::Bad {
                return Verdict::Bad;
            }
        }
        if findings.out == value { Verdict::Good } else { Verdict::Written }
    }

    fn timing(&self, value: &[u8], findings: &mut Findings) -> Verdict {
        const EVENTS: [&[u8]; 13] = [
            b"begin",
            b"end",
            b"click",
            b"mouseover",
            b"mouseout",
            b"mousedown",
            b"mouseup",
            b"mouseenter",
            b"mouseleave",
            b"activate",
            b"focusin",
            b"focusout",
            b"load",
        ];
        for (at, part) in value.split(|byte| *byte == b';').enumerate() {
            let part = trim(part);
            if at > 0 {
                findings.out.push(b';');
            }
            if part.is_empty() || part == b"indefinite" || is_clock(part) {
                findings.out.extend_from_slice(part);
                continue;
            }
            // [id.]event [offset]; the offset behind the last sign.
            let sign = part.iter().rposition(|byte| matches!(byte, b'+' | b'-'));
            let is_offset = |at: usize| is_clock(trim(&part[at + 1..]));
            let (moment, offset) = match sign.filter(|at| is_offset(*at)) {
                Some(at) => (trim(&part[..at]), &part[at..]),
                None => (part, &b""[..]),
            };
            let dot = moment.iter().rposition(|byte| *byte == b'.');
            let event = &moment[dot.map_or(0, |dot| dot + 1)..];
            if !EVENTS.contains(&event) {
                return Verdict::Bad;
            }
            if let Some(dot) = dot {
                if !is_id(&moment[..dot]) {
                    return Verdict::Bad;
                }
                self.prefixed(&moment[..dot], &mut findings.out);
                findings.out.push(b'.');
            }
            findings.out.extend_from_slice(event);
            findings.out.extend_from_slice(offset);
        }
        if findings.out == value { Verdict::Good } else { Verdict::Written }
    }

    fn animated(&self, value: &[u8], findings: &mut Findings) -> Verdict {
        let target = findings.target.map(|number| (number, &self.source.values[usize::from(number)].0));
        let (number, grammar) = match target {
            // Transforms are animated by their numbers (SVG Animations §2.13).
            None | Some((_, Value::Transform | Value::Numbers { semicolons: true, .. })) => {
                let count = numbers(value, (f64::NEG_INFINITY, f64::INFINITY), true, true);
                return if count.is_some() { Verdict::Good } else { Verdict::Bad };
            }
            Some(found) => found,
        };
        if matches!(
            grammar,
            Value::Animated | Value::Style | Value::Timing | Value::Text { .. } | Value::Url(_) | Value::Urls(..)
        ) {
            return Verdict::Bad;
        }
        let mut whole = Vec::with_capacity(value.len());
        let mut parts = value.split(|byte| *byte == b';').peekable();
        while let Some(part) = parts.next() {
            findings.out.clear();
            let last = parts.peek().is_none();
            match self.judge(number, part, findings) {
                // A semicolon at the end is allowed.
                Verdict::Bad if last && trim(part).is_empty() => {}
                Verdict::Bad => return Verdict::Bad,
                Verdict::Written => whole.extend_from_slice(&findings.out),
                Verdict::Plain | Verdict::Good => whole.extend_from_slice(part),
            }
            if !last {
                whole.push(b';');
            }
        }
        findings.out = whole;
        if findings.out == value { Verdict::Good } else { Verdict::Written }
    }
}

/// The id of `url(#id)`, where it is letters, digits, `-` and `_`: what that is needs no tokenizer.
fn plain_reference(value: &[u8]) -> Option<&[u8]> {
    let id = value.strip_prefix(b"url(#")?.strip_suffix(b")")?;
    let plain = id.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (plain && is_id(id)).then_some(id)
}

fn plain_text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

/// `02:30:03.25`, `45min`, `1.5s` (SMIL 3.0 §5.4.2).
fn is_clock(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':')).count();
    digits > 0 && text[0] != b':' && matches!(&text[digits..], b"" | b"h" | b"min" | b"s" | b"ms")
}

/// One number (CSS Values 4 §5.3) at the start: its length.
fn number(text: &[u8]) -> Option<usize> {
    let mut at = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(at);
    at += whole;
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        fraction = digits(at + 1);
        // A dot behind the last digit is no CSS, but every renderer takes it.
        at += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let exponent = if at + 1 + sign <= text.len() { digits(at + 1 + sign) } else { 0 };
        if exponent > 0 {
            at += 1 + sign + exponent;
        }
    }
    Some(at)
}

/// The value of a number that [`number`] has found.
fn value_of(text: &[u8]) -> f64 {
    // Fifteen digits are exact.
    if text.len() <= 15 && text.iter().all(|byte| byte.is_ascii_digit()) {
        return text.iter().fold(0_u64, |value, byte| value * 10 + u64::from(byte - b'0')) as f64;
    }
    let plain = text.strip_prefix(b"+").unwrap_or(text);
    std::str::from_utf8(plain).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

const UNITS: [&[u8]; 25] = [
    b"px", b"%", b"em", b"ex", b"pt", b"pc", b"cm", b"mm", b"in", b"q", b"rem", b"ch", b"vw", b"vh", b"vmin", b"vmax",
    b"deg", b"grad", b"rad", b"turn", b"s", b"ms", b"lh", b"rlh", b"ic",
];

/// How many numbers the text is; `None` where it is none of numbers, or one is out of bounds.
fn numbers(text: &[u8], (minimum, maximum): (f64, f64), units: bool, semicolons: bool) -> Option<usize> {
    let bounded = minimum != f64::NEG_INFINITY || maximum != f64::INFINITY;
    let apart = |byte: u8| is_space(byte) || byte == b',' || (semicolons && byte == b';');
    let mut count = 0;
    let mut at = 0;
    while at < text.len() {
        if apart(text[at]) {
            at += 1;
            continue;
        }
        let length = number(&text[at..])?;
        if bounded && !(minimum..=maximum).contains(&value_of(&text[at..at + length])) {
            return None;
        }
        at += length;
        if units {
            let unit = text[at..].iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'%').count();
            if unit > 0 {
                let unit = &text[at..at + unit];
                if !UNITS.iter().any(|known| known.eq_ignore_ascii_case(unit)) {
                    return None;
                }
                at += unit.len();
            }
        }
        count += 1;
    }
    Some(count)
}

/// A transform list (SVG 1.1 §7.6; with units as CSS Transforms has them).
fn transform(text: &[u8]) -> bool {
    const FUNCTIONS: [&[u8]; 10] = [
        b"matrix",
        b"translate",
        b"scale",
        b"rotate",
        b"skewX",
        b"skewY",
        b"translateX",
        b"translateY",
        b"scaleX",
        b"scaleY",
    ];
    let mut rest = trim(text);
    if rest == b"none" {
        return true;
    }
    while !rest.is_empty() {
        let name = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        if !FUNCTIONS.contains(&&rest[..name]) {
            return false;
        }
        let behind = trim(&rest[name..]);
        let Some(end) = memchr::memchr(b')', behind).filter(|_| behind[0] == b'(') else { return false };
        if numbers(&behind[1..end], (f64::NEG_INFINITY, f64::INFINITY), true, false).is_none() {
            return false;
        }
        rest = &behind[end + 1..];
        let skip = rest.iter().take_while(|byte| is_space(**byte) || **byte == b',').count();
        rest = &rest[skip..];
    }
    true
}
