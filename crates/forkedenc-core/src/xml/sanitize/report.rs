//! What was taken out of a document.

use std::sync::Arc;

use crate::path::SHOWN;
use crate::position::Place;

/// What kind of thing a removal took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Root,
    Element,
    Attribute,
    Comment,
    Pi,
    Doctype,
    Text,
}

impl Kind {
    pub const ALL: [Self; 7] =
        [Self::Root, Self::Element, Self::Attribute, Self::Comment, Self::Pi, Self::Doctype, Self::Text];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Element => "element",
            Self::Attribute => "attribute",
            Self::Comment => "comment",
            Self::Pi => "pi",
            Self::Doctype => "doctype",
            Self::Text => "text",
        }
    }
}

/// One thing that was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    pub kind: Kind,
    /// As written; of text the element's name.
    pub name: String,
    pub path: String,
    pub place: Place,
    /// Why, as one word.
    pub rule: &'static str,
}

/// How many removals are told one by one.
pub const KEPT: usize = 1000;

/// A name is told up to this length.
const NAME: usize = 1024;

#[derive(Clone, Debug, Default)]
pub struct Report {
    /// A reader sees something else than before: in elements, attributes, text, comments, PIs or DOCTYPE.
    pub changed: bool,
    /// The first of them.
    pub removals: Arc<Vec<Removal>>,
    /// How many by kind, in the order of [`Kind::ALL`].
    pub counts: [u64; 7],
}

impl Report {
    /// Takes note of a removal; `tell` makes the entry where there is room for it.
    pub(super) fn add(&mut self, kind: Kind, tell: impl FnOnce() -> Removal) {
        self.changed = true;
        self.counts[kind as usize] += 1;
        if self.removals.len() < KEPT {
            Arc::make_mut(&mut self.removals).push(tell());
        }
    }

    #[must_use]
    pub fn removed(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// A text for a report, cut to what is shown.
pub(super) fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(NAME)]).into_owned()
}

/// A path for a report, cut a little above what is shown of it.
pub(super) fn shown_path(mut path: String) -> String {
    let mut end = path.len().min(4 * SHOWN + 4);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    path.truncate(end);
    path
}
