//! What a plan says of the names of a document: asked once for each, and found by number from then on.

use std::sync::Mutex;

use super::plan::{Candidate, ElementInfo, Groups, Plan};
use super::write;
use crate::xml::names::{ExpandedId, NameId, Names, UriId};
use crate::xml::sink::Tag;

/// An attribute that means something to the engine itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    None,
    Id,
    Class,
    Rel,
    Target,
    Href,
    AttributeName,
}

/// What a policy says of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Unknown,
    Denied,
    Value(u16),
}

/// The same, with what the engine knows of it by its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ruling {
    pub special: Special,
    pub row: Row,
}

/// What is known of an attribute by its name: its rows are these candidates.
#[derive(Clone, Copy, Debug)]
struct AttributeInfo {
    start: u32,
    end: u32,
    special: Special,
}

/// What is known of a namespace: whether it may be declared, and whether its name needs no escape.
#[derive(Clone, Copy, Debug)]
pub(super) struct UriInfo {
    pub allowed: bool,
    pub clean: bool,
}

/// The last answer for an element and an attribute whose numbers meet here.
#[derive(Clone, Copy, Debug)]
struct Pair {
    element: u32,
    attribute: u32,
    ruling: Ruling,
}

/// A short value that was good where its number says, and needs no escape.
#[derive(Clone, Copy, Debug)]
struct Good {
    number: u16,
    short: [u8; 16],
}

/// How many good values are remembered.
const VALUES: usize = 64;
const NO_VALUE: Good = Good { number: u16::MAX, short: [0; 16] };

/// How many pairs are remembered.
const PAIRS: usize = 512;
/// No name's number.
const NOBODY: u32 = u32::MAX;
const FREE: Pair =
    Pair { element: NOBODY, attribute: NOBODY, ruling: Ruling { special: Special::None, row: Row::Unknown } };

/// By the numbers of one generation of names. Kept by the plan from document to document, as long as those are the same.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    generation: u64,
    elements: Vec<Option<ElementInfo>>,
    /// The sets of elements that each of them is in.
    groups: Vec<Groups>,
    attributes: Vec<Option<AttributeInfo>>,
    candidates: Vec<Candidate>,
    pairs: Vec<Pair>,
    uris: Vec<Option<UriInfo>>,
    /// Values that come again and again are judged once.
    values: Vec<Good>,
    /// The name `id`, once it is known.
    id: Option<NameId>,
}

#[inline(always)]
fn slot(number: u16, short: &[u8; 16]) -> usize {
    let word = u128::from_le_bytes(*short);
    let folded = (word as u64 ^ (word >> 64) as u64 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (folded >> 32) as usize % VALUES
}

/// What a plan keeps of them: as many threads as take turns, each with names of its own.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Vec<Lookup>>);

/// More are not kept, and none of more names.
const KEPT: usize = 8;
const KEPT_NAMES: usize = 1024;

impl Shelf {
    /// The one of this generation, where it is there.
    pub fn take(&self, generation: u64) -> Option<Lookup> {
        let mut shelf = self.0.try_lock().ok()?;
        let at = shelf.iter().position(|lookup| lookup.generation == generation)?;
        Some(shelf.swap_remove(at))
    }

    pub fn give(&self, lookup: Lookup) {
        if lookup.elements.len().max(lookup.attributes.len()).max(lookup.uris.len()) > KEPT_NAMES {
            return;
        }
        if let Ok(mut shelf) = self.0.try_lock() {
            if shelf.len() >= KEPT {
                shelf.remove(0);
            }
            shelf.push(lookup);
        }
    }
}

impl Lookup {
    /// The numbers of namespaces and expanded names end.
    pub fn forget(&mut self) {
        self.elements.clear();
        self.groups.clear();
        self.attributes.clear();
        self.candidates.clear();
        self.pairs.clear();
        self.uris.clear();
        self.id = None;
    }

    /// Whether this value, NUL behind it, was good by this grammar.
    #[inline(always)]
    pub fn knows(&self, number: u16, short: &[u8; 16]) -> bool {
        self.values.get(slot(number, short)).is_some_and(|good| good.number == number && good.short == *short)
    }

    /// It is good by its bytes alone.
    pub fn learn(&mut self, number: u16, short: [u8; 16]) {
        if self.values.is_empty() {
            self.values.resize(VALUES, NO_VALUE);
        }
        self.values[slot(number, &short)] = Good { number, short };
    }

    /// Which of the attributes is named `id`.
    #[inline(always)]
    pub fn id_of(&mut self, tag: &Tag<'_>, names: &Names) -> Option<usize> {
        if self.id.is_none() {
            self.id = names.find(b"id");
        }
        let id = self.id?;
        tag.attributes.iter().position(|attribute| attribute.name.written == id)
    }

    /// A document begins, or goes on with numbers of another generation: asked before each tag.
    #[inline(always)]
    pub fn follow(&mut self, names: &Names) {
        if names.generation() != self.generation {
            self.generation = names.generation();
            self.forget();
        }
    }

    #[inline(always)]
    pub fn element(&mut self, plan: &Plan, name: ExpandedId, names: &Names) -> ElementInfo {
        match self.elements.get(name.0 as usize) {
            Some(Some(info)) => *info,
            _ => self.find_element(plan, name, names),
        }
    }

    #[cold]
    fn find_element(&mut self, plan: &Plan, name: ExpandedId, names: &Names) -> ElementInfo {
        let (uri, local) = names.expanded(name);
        let (info, groups) = plan.element(names.uri(uri), local);
        put(&mut self.elements, name.0, info);
        self.groups.resize(self.elements.len(), Groups::default());
        self.groups[name.0 as usize] = groups;
        info
    }

    /// What the plan says of an attribute of an element that it was asked about.
    #[inline(always)]
    pub fn attribute(&mut self, plan: &Plan, element: ExpandedId, attribute: ExpandedId, names: &Names) -> Ruling {
        let slot = (element.0.wrapping_mul(37) ^ attribute.0) as usize % PAIRS;
        match self.pairs.get(slot) {
            Some(pair) if pair.element == element.0 && pair.attribute == attribute.0 => pair.ruling,
            _ => self.find_ruling(plan, slot, (element, attribute), names),
        }
    }

    #[inline(never)]
    fn find_ruling(
        &mut self,
        plan: &Plan,
        slot: usize,
        (element, attribute): (ExpandedId, ExpandedId),
        names: &Names,
    ) -> Ruling {
        let known = match self.attributes.get(attribute.0 as usize) {
            Some(Some(info)) => *info,
            _ => self.find_rows(plan, attribute, names),
        };
        let groups = &self.groups[element.0 as usize];
        let speaks = |group: u16| groups[usize::from(group >> 6 & 3)] >> (group & 63) & 1 != 0;
        let rows = &self.candidates[known.start as usize..known.end as usize];
        let row = rows.iter().find(|(group, _)| speaks(*group));
        let row = row.map_or(Row::Unknown, |(_, value)| value.map_or(Row::Denied, Row::Value));
        let ruling = Ruling { special: known.special, row };
        if self.pairs.is_empty() {
            self.pairs.resize(PAIRS, FREE);
        }
        self.pairs[slot] = Pair { element: element.0, attribute: attribute.0, ruling };
        ruling
    }

    #[cold]
    fn find_rows(&mut self, plan: &Plan, name: ExpandedId, names: &Names) -> AttributeInfo {
        let (uri, local) = names.expanded(name);
        let start = self.candidates.len() as u32;
        plan.attribute(names.uri(uri), local, &mut self.candidates);
        let special = match local {
            b"href" => Special::Href,
            _ if uri != UriId::NONE => Special::None,
            b"id" => Special::Id,
            b"class" => Special::Class,
            b"rel" => Special::Rel,
            b"target" => Special::Target,
            b"attributeName" => Special::AttributeName,
            _ => Special::None,
        };
        let info = AttributeInfo { start, end: self.candidates.len() as u32, special };
        put(&mut self.attributes, name.0, info);
        info
    }

    #[inline(always)]
    pub fn uri(&mut self, plan: &Plan, uri: UriId, names: &Names) -> UriInfo {
        match self.uris.get(uri.0 as usize) {
            Some(Some(info)) => *info,
            _ => self.find_uri(plan, uri, names),
        }
    }

    #[cold]
    fn find_uri(&mut self, plan: &Plan, uri: UriId, names: &Names) -> UriInfo {
        let text = names.uri(uri);
        let allowed = text.is_empty() || plan.namespaces.as_ref().is_none_or(|known| known.contains(text));
        let info = UriInfo { allowed, clean: write::is_clean::<true>(text) };
        put(&mut self.uris, uri.0, info);
        info
    }
}

/// Notes what is known of a number.
fn put<T: Clone>(table: &mut Vec<Option<T>>, number: u32, known: T) {
    let at = number as usize;
    if at >= table.len() {
        table.resize(at + 1, None);
    }
    table[at] = Some(known);
}
