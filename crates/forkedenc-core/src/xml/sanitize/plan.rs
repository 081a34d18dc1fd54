//! A policy ready to be asked: rows in order, found by name once for each name of a document.

use std::collections::{HashMap, HashSet};

use super::judge::Value;
use super::lookup::Shelf;
use super::quick::Quick;
use crate::hash::Keyed;
use crate::xml::machine::Wide;

/// What happens to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Keep,
    /// With all that is in it.
    Drop,
    /// The tags go, the content stays.
    Unwrap,
    /// The tags become text.
    Escape,
    Error,
}

/// What happens to a comment, a PI, or whatever a policy does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Drop,
    Keep,
    Error,
}

/// What happens to an attribute, comment or PI that is past its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnLimit {
    Error,
    Drop,
}

/// What a row says of the elements it keeps.
pub mod flag {
    /// Elements in it are dropped.
    pub const TEXT_ONLY: u32 = 1;
    /// Its text is a style sheet.
    pub const STYLE: u32 = 2;
    /// Its text is HTML to those who read it.
    pub const HTML_TEXT: u32 = 4;
    /// Without content in HTML, and without an end tag.
    pub const VOID: u32 = 8;
    /// Written with an end tag even where it is empty.
    pub const PAIR: u32 = 16;
    /// Gets `rel="noopener noreferrer"`; and where it has a target.
    pub const REL: u32 = 32;
    pub const REL_TARGET: u32 = 64;
    /// Draws nothing where it is referred to.
    pub const WEIGHTLESS: u32 = 128;
    /// Sets the attribute that `attributeName` names, and is dropped where that is missing or bad.
    pub const ANIMATES: u32 = 256;
    /// The row's names are compared without ASCII case.
    pub const FOLD: u32 = 512;
    /// Its text is a value, judged as a whole.
    pub const VALUE_TEXT: u32 = 2048;
    /// Whatever elements are in it are dropped.
    pub(in crate::xml::sanitize) const CHILDLESS: u32 = TEXT_ONLY | STYLE | VALUE_TEXT | VOID;
}

/// Names: a namespace (or any), and a local name, the beginning of one behind which `*` stands, or `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub uri: Option<Vec<u8>>,
    pub local: Vec<u8>,
}

impl Pattern {
    pub(super) fn matches(&self, uri: &[u8], local: &[u8], fold: bool) -> bool {
        if self.uri.as_deref().is_some_and(|wanted| wanted != uri) {
            return false;
        }
        let same = |one: &[u8], other: &[u8]| if fold { one.eq_ignore_ascii_case(other) } else { one == other };
        match self.local.strip_suffix(b"*") {
            Some(start) => local.get(..start.len()).is_some_and(|head| same(head, start)),
            None => same(local, &self.local),
        }
    }

    /// One name and no other.
    fn exact(&self) -> Option<(&[u8], &[u8])> {
        let uri = self.uri.as_deref()?;
        (!self.local.ends_with(b"*")).then_some((uri, &*self.local))
    }
}

#[derive(Clone, Debug)]
pub struct ElementRow {
    pub pattern: Pattern,
    pub action: Action,
    /// Bits of [`flag`].
    pub flags: u32,
}

#[derive(Clone, Debug)]
pub struct AttributeRow {
    /// Which set of elements it speaks of.
    pub group: usize,
    pub pattern: Pattern,
    pub fold: bool,
    /// Its value's grammar; none where it is denied.
    pub value: Option<usize>,
}

/// A policy as it is handed over.
#[derive(Clone, Debug)]
pub struct Source {
    pub roots: Vec<Pattern>,
    pub elements: Vec<ElementRow>,
    pub unknown_element: Action,
    pub groups: Vec<Vec<Pattern>>,
    pub attributes: Vec<AttributeRow>,
    pub unknown_attribute: Answer,
    pub bad_value: Answer,
    pub on_limit: OnLimit,
    pub values: Vec<(Value, Option<u64>)>,
    /// Elements whose text is judged as a value, and as which.
    pub text_values: Vec<(Pattern, usize)>,
    pub namespaces: Option<Vec<Vec<u8>>>,
    pub comments: Answer,
    pub pis: Answer,
    pub properties: Vec<String>,
    pub functions: Vec<String>,
    pub at_rules: Vec<String>,
    /// Elements after expansion, and ids.
    pub account: Option<(u64, u64)>,
    pub id_prefix: Option<String>,
    pub ids_need_prefix: bool,
    /// The output is for an HTML page.
    pub html: bool,
}

/// Why a policy can't be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError(pub &'static str);

/// A namespace and a local name.
type Exact = (Box<[u8]>, Box<[u8]>);

/// Bits for the sets of elements that an element is in.
pub(super) type Groups = [u64; 4];

/// What a policy says of an element by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct ElementInfo {
    pub action: Action,
    /// It is kept wherever it may stand, and there is nothing else about it.
    pub plain: bool,
    pub flags: u32,
    /// As what its text is judged.
    pub text: Option<u16>,
    pub root: bool,
    /// A row spoke of it.
    pub known: bool,
    /// A script or style sheet, whose text must never be exposed.
    pub code: bool,
    /// What HTML makes of it ([`super::html`]).
    pub html: u32,
}

/// A row that may speak of an attribute: of the elements in this group.
pub(super) type Candidate = (u16, Option<u16>);

/// Rows by name, and those that are patterns; numbers are places in the order of rows.
#[derive(Debug, Default)]
struct Index {
    exact: HashMap<Exact, Vec<usize>>,
    patterns: Vec<usize>,
}

impl Index {
    fn of<'p>(rows: impl Iterator<Item = (&'p Pattern, bool)>) -> Self {
        let mut index = Self::default();
        for (at, (pattern, fold)) in rows.enumerate() {
            match pattern.exact().filter(|_| !fold) {
                Some((uri, local)) => index.exact.entry((uri.into(), local.into())).or_default().push(at),
                None => index.patterns.push(at),
            }
        }
        index
    }

    /// The rows that may match, in no order.
    fn candidates(&self, uri: &[u8], local: &[u8]) -> impl Iterator<Item = usize> {
        let exact = self.exact.get(&(Box::from(uri), Box::from(local))).into_iter().flatten();
        exact.chain(&self.patterns).copied()
    }
}

/// A policy ready to be asked.
#[derive(Debug)]
pub struct Plan {
    pub(super) source: Source,
    /// By the number of the value.
    pub(super) quick: Vec<Quick>,
    elements: Index,
    attributes: Index,
    groups: HashMap<Exact, Groups>,
    group_patterns: Vec<(usize, Pattern)>,
    pub(super) namespaces: Option<HashSet<Box<[u8]>>>,
    pub(super) properties: HashSet<Box<[u8]>, Keyed>,
    pub(super) functions: HashSet<Box<[u8]>, Keyed>,
    pub(super) lookups: Shelf,
}

impl Plan {
    /// # Errors
    /// There are more groups or values than can be numbered, or rows speak of some that are not there.
    pub fn new(source: Source) -> Result<Self, PlanError> {
        if source.groups.len() > 256 || source.values.len() > usize::from(u16::MAX) {
            return Err(PlanError("a policy speaks of more than 256 sets of elements or 65,535 values"));
        }
        let bad = |row: &AttributeRow| {
            row.group >= source.groups.len() || row.value.is_some_and(|value| value >= source.values.len())
        };
        if source.attributes.iter().any(bad)
            || source.text_values.iter().any(|(_, value)| *value >= source.values.len())
        {
            return Err(PlanError("a row speaks of what is not there"));
        }
        let elements = Index::of(source.elements.iter().map(|row| (&row.pattern, row.flags & flag::FOLD != 0)));
        let attributes = Index::of(source.attributes.iter().map(|row| (&row.pattern, row.fold)));
        let mut groups: HashMap<_, Groups> = HashMap::new();
        let mut group_patterns = Vec::new();
        for (at, patterns) in source.groups.iter().enumerate() {
            for pattern in patterns {
                match pattern.exact() {
                    Some((uri, local)) => {
                        groups.entry((uri.into(), local.into())).or_default()[at / 64] |= 1 << (at % 64);
                    }
                    None => group_patterns.push((at, pattern.clone())),
                }
            }
        }
        let bytes = |words: &[String]| words.iter().map(|word| word.as_bytes().into()).collect();
        Ok(Self {
            elements,
            attributes,
            groups,
            group_patterns,
            namespaces: source.namespaces.as_ref().map(|uris| uris.iter().map(|uri| uri.as_slice().into()).collect()),
            properties: bytes(&source.properties),
            functions: bytes(&source.functions),
            lookups: Shelf::default(),
            quick: source.values.iter().map(|(value, most)| Quick::of(value, *most)).collect(),
            source,
        })
    }

    #[must_use]
    pub fn on_limit(&self) -> OnLimit {
        self.source.on_limit
    }

    /// The attributes whose values may be longer than `usual`.
    #[must_use]
    pub fn wide(&self, usual: u64) -> Vec<Wide> {
        let rows = self.source.attributes.iter();
        let longer = rows.filter_map(|row| {
            let bytes = self.source.values[row.value?].1.filter(|bytes| *bytes > usual)?;
            Some(self.source.groups[row.group].iter().map(move |element| Wide {
                element: element.local.as_slice().into(),
                attribute: row.pattern.local.as_slice().into(),
                bytes,
            }))
        });
        longer.flatten().collect()
    }

    /// Asks the rows about an element.
    pub(super) fn element(&self, uri: &[u8], local: &[u8]) -> (ElementInfo, Groups) {
        let source = &self.source;
        let row = self
            .elements
            .candidates(uri, local)
            .filter(|at| {
                let row = &source.elements[*at];
                row.pattern.matches(uri, local, row.flags & flag::FOLD != 0)
            })
            .min()
            .map(|at| &source.elements[at]);
        let mut groups = self.groups.get(&(Box::from(uri), Box::from(local))).copied().unwrap_or_default();
        for (at, pattern) in &self.group_patterns {
            if pattern.matches(uri, local, false) {
                groups[at / 64] |= 1 << (at % 64);
            }
        }
        let action = row.map_or(source.unknown_element, |row| row.action);
        let flags = row.map_or(0, |row| row.flags);
        let info = ElementInfo {
            action,
            plain: action == Action::Keep && flags & flag::ANIMATES == 0 && !source.html,
            flags,
            text: source
                .text_values
                .iter()
                .find(|(name, _)| name.matches(uri, local, false))
                .map(|(_, value)| *value as u16),
            root: source.roots.iter().any(|root| root.matches(uri, local, false)),
            known: row.is_some(),
            code: local.eq_ignore_ascii_case(b"script") || local.eq_ignore_ascii_case(b"style"),
            html: super::html::class(uri, local),
        };
        (info, groups)
    }

    /// The rows that may speak of an attribute, in order.
    pub(super) fn attribute(&self, uri: &[u8], local: &[u8], out: &mut Vec<Candidate>) {
        let rows = &self.source.attributes;
        let mut found: Vec<usize> = self
            .attributes
            .candidates(uri, local)
            .filter(|at| rows[*at].pattern.matches(uri, local, rows[*at].fold))
            .collect();
        found.sort_unstable();
        out.extend(found.iter().map(|at| (rows[*at].group as u16, rows[*at].value.map(|value| value as u16))));
    }

    /// The grammar of an attribute without a namespace that an animation sets: of its first row, which a policy gives to no element.
    pub(super) fn target(&self, local: &[u8]) -> Option<u16> {
        let mut candidates = Vec::new();
        self.attribute(b"", local, &mut candidates);
        candidates.into_iter().find_map(|(_, value)| value)
    }
}
