//! Replacing entities: what it may cost, and their values in attributes.

use std::collections::HashSet;

use super::store::{Dtd, EntityKind, Store, Text};
use crate::limits::{Limit, XmlLimits};
use crate::utf8;
use crate::xml::chars::{is_char, name_length};
use crate::xml::error::Kind;

/// No ratio is refused before so many bytes came of expansion.
const FREE_BYTES: u64 = 1 << 20;
/// Space, equals sign and quotes of an attribute.
const DRESS: u64 = 4;

/// What the replacement of entities has cost a document so far: one count for its DOCTYPE, its content and its attributes.
#[derive(Clone, Debug)]
pub struct Expansions {
    /// Entities replaced.
    pub count: u64,
    /// Bytes of replacement text.
    pub bytes: u64,
    /// Bytes of attributes that the DTD added: delivered, but not expanded.
    pub defaults: u64,
    depth_limit: u64,
    count_limit: u64,
    bytes_limit: u64,
    ratio_limit: f64,
    deepest: u64,
    /// The greatest ratio, where it counted.
    ratio: f64,
    audit: Option<Box<Audited>>,
}

/// Limits that are noted when they are first crossed, and not enforced.
#[derive(Clone, Debug, Default)]
struct Audited {
    noted: Vec<Limit>,
    /// Not told yet, with maximum and what was observed.
    crossed: Vec<(Limit, u64, u64)>,
}

impl Expansions {
    #[must_use]
    pub fn new(limits: &XmlLimits) -> Self {
        Self {
            count: 0,
            bytes: 0,
            defaults: 0,
            depth_limit: limits.entity_depth,
            count_limit: limits.entity_expansions,
            bytes_limit: limits.expanded_bytes,
            ratio_limit: limits.amplification,
            deepest: 0,
            ratio: 0.0,
            audit: None,
        }
    }

    /// False where it is as it was made: nothing was expanded yet.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.audit.is_some() || self.count > 0 || self.bytes > 0 || self.defaults > 0
    }

    /// Switches enforcement off: see [`Self::take_crossed`].
    pub fn audit(&mut self) {
        self.audit = Some(Box::default());
    }

    /// Limits that were crossed for the first time since the last call, with maximum and what was observed then.
    pub fn take_crossed(&mut self) -> Vec<(Limit, u64, u64)> {
        self.audit.as_mut().map(|audit| std::mem::take(&mut audit.crossed)).unwrap_or_default()
    }

    /// What one of its limits counts, as it is now.
    #[must_use]
    pub fn observed(&self, limit: Limit) -> Option<u64> {
        Some(match limit {
            Limit::EntityDepth => self.deepest,
            Limit::EntityExpansions => self.count,
            Limit::ExpandedBytes => self.bytes,
            Limit::Amplification => self.ratio.to_bits(),
            _ => return None,
        })
    }

    fn over(&mut self, limit: Limit, maximum: u64, observed: u64) -> Result<(), Kind> {
        let Some(audit) = &mut self.audit else { return Err(Kind::Limit { limit, maximum, observed }) };
        if !audit.noted.contains(&limit) {
            audit.noted.push(limit);
            audit.crossed.push((limit, maximum, observed));
        }
        Ok(())
    }

    /// An entity of `length` bytes is replaced, at `depth` (1: a reference in the document itself). `read`: the bytes of
    /// the source up to the end of the outermost reference.
    ///
    /// # Errors
    /// The limit that this crosses.
    pub fn enter(&mut self, length: u64, depth: u64, read: u64) -> Result<(), Kind> {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(length);
        self.deepest = self.deepest.max(depth);
        let counts = [
            (Limit::EntityDepth, self.depth_limit, depth),
            (Limit::EntityExpansions, self.count_limit, self.count),
            (Limit::ExpandedBytes, self.bytes_limit, self.bytes),
        ];
        for (limit, maximum, observed) in counts {
            if observed > maximum {
                self.over(limit, maximum, observed)?;
            }
        }
        self.add_up(read)
    }

    /// An attribute was added to a tag that starts at byte `read` of the source: a name and a value of so many bytes. It
    /// counts as it would stand in the tag, so that many of them cost something though they say nothing.
    ///
    /// # Errors
    /// The limit that this crosses.
    pub fn add_default(&mut self, name: u64, value: u64, read: u64) -> Result<(), Kind> {
        self.defaults = self.defaults.saturating_add(name + value + DRESS);
        self.add_up(read)
    }

    fn add_up(&mut self, read: u64) -> Result<(), Kind> {
        let made = self.bytes.saturating_add(self.defaults);
        if made <= FREE_BYTES {
            return Ok(());
        }
        let read = read.max(1) as f64;
        let ratio = (read + made as f64) / read;
        self.ratio = self.ratio.max(ratio);
        if ratio > self.ratio_limit {
            self.over(Limit::Amplification, self.ratio_limit.to_bits(), ratio.to_bits())?;
        }
        Ok(())
    }
}

/// The character of a predefined entity (§4.6).
#[must_use]
pub fn predefined(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"lt" => b'<',
        b"gt" => b'>',
        b"amp" => b'&',
        b"quot" => b'"',
        b"apos" => b'\'',
        _ => return None,
    })
}

/// Appends the value of the entity `name` as it is included in an attribute's value (§3.3.3): white space as spaces, what it
/// refers to replaced. Stops early, with success, where more than `cap` bytes were appended. `read` as for [`Expansions::enter`].
///
/// # Errors
/// What is wrong with the entity or with what it refers to, or the limit that replacing it crosses.
pub fn expand_in_attribute(
    dtd: &Dtd,
    name: &[u8],
    out: &mut Vec<u8>,
    cap: u64,
    expansions: &mut Expansions,
    read: u64,
) -> Result<(), Kind> {
    expand(dtd.store(), name, out, cap, expansions, read)
}

/// An entity that is being included.
struct Open<'s> {
    id: u32,
    text: &'s Text,
    at: usize,
}

/// Which entities are open: few are searched, many are hashed.
#[derive(Default)]
struct Opened(HashSet<u32>);

const SEARCHED: usize = 16;

impl Opened {
    fn contains(&self, stack: &[Open<'_>], id: u32) -> bool {
        if stack.len() <= SEARCHED { stack.iter().any(|open| open.id == id) } else { self.0.contains(&id) }
    }

    fn push(&mut self, stack: &[Open<'_>]) {
        match stack.len() {
            ..=SEARCHED => {}
            length if length == SEARCHED + 1 => self.0 = stack.iter().map(|open| open.id).collect(),
            _ => self.0.extend(stack.last().map(|open| open.id)),
        }
    }

    fn pop(&mut self, id: u32) {
        self.0.remove(&id);
    }
}

pub(super) fn expand(
    store: &Store,
    name: &[u8],
    out: &mut Vec<u8>,
    cap: u64,
    expansions: &mut Expansions,
    read: u64,
) -> Result<(), Kind> {
    let start = out.len();
    let mut stack: Vec<Open<'_>> = Vec::new();
    let mut opened = Opened::default();
    enter(store, name, &mut stack, &mut opened, expansions, read)?;
    while let Some(open) = stack.last_mut() {
        if (out.len() - start) as u64 > cap {
            return Ok(());
        }
        let text = &open.text.bytes()[open.at..];
        if text.is_empty() {
            let id = open.id;
            stack.pop();
            opened.pop(id);
            continue;
        }
        let run = text.iter().position(|byte| matches!(byte, b'&' | b'<')).unwrap_or(text.len());
        if run > 0 {
            // More than the cap is never wanted, however long the text.
            let room = cap.saturating_sub((out.len() - start) as u64).saturating_add(1);
            let piece = &text[..run.min(usize::try_from(room).unwrap_or(usize::MAX))];
            out.try_reserve(piece.len()).map_err(|_| Kind::OutOfMemory)?;
            out.extend(piece.iter().map(|byte| if matches!(byte, b'\t' | b'\n' | b'\r') { b' ' } else { *byte }));
            open.at += piece.len();
            continue;
        }
        if text[0] == b'<' {
            return Err(Kind::InvalidToken);
        }
        if text.get(1) == Some(&b'#') {
            let (character, length) = character_reference(text)?;
            open.at += length;
            out.try_reserve(4).map_err(|_| Kind::OutOfMemory)?;
            utf8::push(out, character);
            continue;
        }
        let length = name_length(&text[1..], true);
        if length == 0 || text.get(1 + length) != Some(&b';') {
            return Err(Kind::InvalidToken);
        }
        open.at += length + 2;
        let name = &text[1..=length];
        if let Some(byte) = predefined(name) {
            out.push(byte);
        } else {
            enter(store, name, &mut stack, &mut opened, expansions, read)?;
        }
    }
    Ok(())
}

fn enter<'s>(
    store: &'s Store,
    name: &[u8],
    stack: &mut Vec<Open<'s>>,
    opened: &mut Opened,
    expansions: &mut Expansions,
    read: u64,
) -> Result<(), Kind> {
    let Some(entity) = store.entity(name) else {
        return if store.undeclared_is_error() { Err(Kind::UndefinedEntity) } else { Ok(()) };
    };
    let text = match &entity.kind {
        EntityKind::Internal(text) => text,
        EntityKind::External => return Err(Kind::ExternalEntityInAttribute),
        EntityKind::Unparsed => return Err(Kind::BinaryEntity),
    };
    if opened.contains(stack, entity.id) {
        return Err(Kind::RecursiveEntity);
    }
    expansions.enter(text.bytes().len() as u64, stack.len() as u64 + 1, read)?;
    stack.push(Open { id: entity.id, text, at: 0 });
    opened.push(stack);
    Ok(())
}

/// The character that `&#...;` at the start of the text refers to, and the reference's length.
fn character_reference(text: &[u8]) -> Result<(u32, usize), Kind> {
    let hexadecimal = text.get(2) == Some(&b'x');
    let (start, radix) = if hexadecimal { (3, 16) } else { (2, 10) };
    let mut point = 0u32;
    for (at, byte) in text.iter().enumerate().skip(start) {
        if *byte == b';' && at > start {
            return if is_char(point) { Ok((point, at + 1)) } else { Err(Kind::BadCharacterReference) };
        }
        let digit = char::from(*byte).to_digit(radix).ok_or(Kind::InvalidToken)?;
        point = point.saturating_mul(radix).saturating_add(digit);
    }
    Err(Kind::InvalidToken)
}
