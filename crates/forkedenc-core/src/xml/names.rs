//! Names as numbers: each name of a document is kept once, and compared, hashed and checked once.
//!
//! A name of up to sixteen bytes is looked up by the bytes themselves, loaded as two words. Only a name that is not in the
//! table is looked at character by character, and those that are not names never get in; so a hit is a valid name.
//! Hashes are keyed by the process, and the table outlives the document, with its parser or its thread: ids stay
//! what they are until [`Names::begin`] starts it anew because it grew too big; those of namespaces and of expanded names
//! may change within a document that has very many ([`super::Sink::ids_end`]).

use std::sync::atomic::{AtomicU64, Ordering};

use super::sink::Binding;
use crate::hash::{fold, keys};

/// A name as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub u32);

/// A namespace URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UriId(pub u32);

/// A name in its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExpandedId(pub u32);

impl NameId {
    /// The empty name: the prefix of what has none.
    pub const EMPTY: Self = Self(0);
    pub const XML: Self = Self(1);
    pub const XMLNS: Self = Self(2);
}

impl UriId {
    /// No namespace.
    pub const NONE: Self = Self(0);
    pub const XML: Self = Self(1);
    pub const XMLNS: Self = Self(2);
    /// What no URI is: not bound.
    pub(super) const UNBOUND: Self = Self(u32::MAX);
}

pub const XML_URI: &[u8] = b"http://www.w3.org/XML/1998/namespace";
pub const XMLNS_URI: &[u8] = b"http://www.w3.org/2000/xmlns/";

/// The first sixteen bytes of a name, NUL behind it, as two words.
pub(super) type Head = [u64; 2];

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub head: Head,
    pub length: u32,
    hash: u32,
    /// Where its bytes start in `text`.
    start: u32,
    /// The bytes of prefix and colon; 0 without.
    pub local: u32,
    pub prefix: NameId,
    /// The tag that had an attribute of this name last.
    pub tag: u32,
    /// The document that had this name last, and which of its names it was, from 1 on.
    pub document: u32,
    pub order: u32,
    /// The last answer to what it stands for.
    pub memo_uri: UriId,
    pub memo: ExpandedId,
    /// Where it is a prefix: what it is bound to, and what it was declared as last.
    pub bound: UriId,
    declared: UriId,
    /// Of `xmlns:p`: the prefix `p`, once that was asked for.
    declares: NameId,
    /// The parent whose children of this name were counted last, its depth, and their number.
    pub parent: u32,
    pub parent_depth: u32,
    pub siblings: u32,
}

#[derive(Clone, Copy, Debug)]
struct Expanded {
    uri: UriId,
    name: NameId,
    /// The name's bytes from here on are the local part.
    local: u32,
    /// The tag that had an attribute of this name last.
    tag: u32,
}

#[derive(Clone, Debug)]
pub struct Names {
    pub(super) entries: Vec<Entry>,
    index: Vec<u32>,
    text: Vec<u8>,
    uris: Vec<(u32, u32)>,
    uri_text: Vec<u8>,
    /// How many of them, and how many bytes, are too many.
    crowd: (usize, usize),
    expanded: Vec<Expanded>,
    /// Of URIs and of expanded names, by their bytes or parts.
    uri_index: std::collections::HashMap<Box<[u8]>, UriId>,
    expanded_index: std::collections::HashMap<(UriId, Box<[u8]>), ExpandedId>,
    keys: [u64; 2],
    /// Its names were read as qualified ones. Others are no names in documents with namespaces, where one that is found here is not
    /// looked at again.
    qualified: bool,
    document: u32,
    /// The names that the document has had, in their order, and their bytes.
    pub(super) in_document: Vec<NameId>,
    pub(super) in_document_bytes: u64,
    generation: Generation,
    /// Numbers of tags with attributes and of elements, over all documents of this table.
    pub(super) tags: u32,
    pub(super) elements: u32,
    /// The declarations in force, and what each took the place of.
    pub(super) bindings: Vec<Binding>,
    before: Vec<UriId>,
    /// Room for writing a parser down that is parked.
    pub(super) page: Vec<u8>,
}

/// A table with more names, or with more bytes of them, is not kept for the next document.
const KEPT_NAMES: usize = 4096;
const KEPT_BYTES: usize = 256 << 10;
const KEPT_URIS: usize = 1024;
/// A slot of the index without a name.
const FREE: u32 = u32::MAX;

/// What ids mean as long as it is the same. A copy of a table goes its own way, and is a generation of its own.
#[derive(Debug)]
struct Generation(u64);

impl Generation {
    fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Clone for Generation {
    fn clone(&self) -> Self {
        Self::new()
    }
}

#[inline(always)]
fn hash_head(head: Head, keys: [u64; 2]) -> u32 {
    let hash = fold(head[0] ^ keys[0], head[1] ^ keys[1]);
    (hash ^ hash >> 32) as u32
}

/// The head of a name that is there in full.
fn head_of(name: &[u8]) -> Head {
    let mut bytes = [[0; 8]; 2];
    let count = name.len().min(16);
    bytes.as_flattened_mut()[..count].copy_from_slice(&name[..count]);
    bytes.map(u64::from_le_bytes)
}

impl Default for Names {
    fn default() -> Self {
        let mut names = Self {
            entries: Vec::new(),
            index: vec![FREE; 64],
            text: Vec::new(),
            uris: Vec::new(),
            uri_text: Vec::new(),
            crowd: (KEPT_URIS, KEPT_BYTES),
            expanded: Vec::new(),
            uri_index: std::collections::HashMap::default(),
            expanded_index: std::collections::HashMap::default(),
            keys: keys(),
            qualified: true,
            document: 0,
            in_document: Vec::new(),
            in_document_bytes: 0,
            generation: Generation(0),
            tags: 0,
            elements: 0,
            bindings: Vec::new(),
            before: Vec::new(),
            page: Vec::new(),
        };
        names.restart();
        names
    }
}

impl Names {
    fn restart(&mut self) {
        self.entries.clear();
        self.index.clear();
        self.index.resize(64, FREE);
        self.text.clear();
        self.forget_uris();
        self.crowd = (KEPT_URIS, KEPT_BYTES);
        (self.document, self.tags, self.elements) = (0, 0, 0);
        self.bindings.clear();
        self.before.clear();
        self.generation = Generation::new();
        self.entries.push(Entry {
            head: [0; 2],
            length: 0,
            hash: 0,
            start: 0,
            local: 0,
            prefix: NameId::EMPTY,
            tag: 0,
            document: 0,
            order: 0,
            memo_uri: UriId::UNBOUND,
            memo: ExpandedId(0),
            bound: UriId::NONE,
            declared: UriId::NONE,
            declares: NameId::EMPTY,
            parent: 0,
            parent_depth: 0,
            siblings: 0,
        });
        self.insert(b"xml");
        self.insert(b"xmlns");
        self.bind_constants();
    }

    fn forget_uris(&mut self) {
        self.uris.clear();
        self.uri_text.clear();
        self.expanded.clear();
        self.uri_index.clear();
        self.expanded_index.clear();
        for uri in [b"".as_slice(), XML_URI, XMLNS_URI] {
            self.uri_id(uri);
        }
    }

    /// More namespaces than a table should hold: [`Names::renumber`] keeps those in force.
    #[inline(always)]
    pub(super) fn is_crowded(&self) -> bool {
        self.uris.len() > self.crowd.0 || self.uri_text.len() > self.crowd.1
    }

    /// Gives the namespaces in force new numbers and forgets the others, and all expanded names.
    pub(super) fn renumber(&mut self) {
        let (uris, text) = (std::mem::take(&mut self.uris), std::mem::take(&mut self.uri_text));
        self.forget_uris();
        self.generation = Generation::new();
        let renamed = |names: &mut Self, uri: UriId| {
            if uri == UriId::UNBOUND {
                return uri;
            }
            let (start, end) = uris[uri.0 as usize];
            names.uri_id(&text[start as usize..end as usize])
        };
        for index in 0..self.bindings.len() {
            self.bindings[index].uri = renamed(self, self.bindings[index].uri);
            self.before[index] = renamed(self, self.before[index]);
        }
        for index in 0..self.entries.len() {
            let bound = self.entries[index].bound;
            self.entries[index].bound = renamed(self, bound);
            self.entries[index].memo_uri = UriId::UNBOUND;
            self.entries[index].declared = UriId::NONE;
        }
        // Twice what is kept, or many in force would be renumbered at every tag.
        self.crowd = (KEPT_URIS.max(2 * self.uris.len()), KEPT_BYTES.max(2 * self.uri_text.len()));
    }

    fn bind_constants(&mut self) {
        self.entries[NameId::EMPTY.0 as usize].bound = UriId::NONE;
        self.entries[NameId::XML.0 as usize].bound = UriId::XML;
        self.entries[NameId::XMLNS.0 as usize].bound = UriId::UNBOUND;
    }

    /// A document starts, with namespaces or without. Ids of earlier ones stay valid, unless the table had grown too big or was one of
    /// the other kind, and starts anew.
    pub fn begin(&mut self, namespaces: bool) {
        self.unbind(0);
        let worn = self.document.max(self.tags).max(self.elements) > u32::MAX / 2;
        if self.entries.len() > KEPT_NAMES || self.text.len() > KEPT_BYTES || self.is_crowded() || worn {
            *self = Self::default();
        }
        if self.qualified != namespaces {
            *self = Self { qualified: namespaces, ..Self::default() };
        }
        self.document += 1;
        self.in_document.clear();
        self.in_document_bytes = 0;
    }

    /// Takes declarations back until `count` are in force.
    #[inline(always)]
    pub(super) fn unbind(&mut self, count: usize) {
        while self.bindings.len() > count {
            if let (Some(binding), Some(before)) = (self.bindings.pop(), self.before.pop()) {
                self.entries[binding.prefix.0 as usize].bound = before;
            }
        }
    }

    /// Binds a prefix until it is taken back.
    pub(super) fn bind(&mut self, prefix: NameId, uri: UriId) {
        let entry = &mut self.entries[prefix.0 as usize];
        self.before.push(std::mem::replace(&mut entry.bound, uri));
        self.bindings.push(Binding { prefix, uri });
    }

    /// What changes when ids stop meaning what they meant: a cache by id belongs to one generation.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.0
    }

    /// The name as written.
    #[must_use]
    pub fn written(&self, id: NameId) -> &[u8] {
        let entry = &self.entries[id.0 as usize];
        &self.text[entry.start as usize..(entry.start + entry.length) as usize]
    }

    /// What stands before the colon, as a name of its own; [`NameId::EMPTY`] where there is none.
    #[must_use]
    pub fn prefix(&self, id: NameId) -> NameId {
        self.entries[id.0 as usize].prefix
    }

    /// The attribute that declares a prefix.
    #[must_use]
    pub fn declaring(&self, prefix: NameId) -> Vec<u8> {
        if prefix == NameId::EMPTY { b"xmlns".to_vec() } else { [b"xmlns:", self.written(prefix)].concat() }
    }

    /// What stands behind the colon, or all of it.
    #[must_use]
    pub fn local(&self, id: NameId) -> &[u8] {
        &self.written(id)[self.entries[id.0 as usize].local as usize..]
    }

    #[must_use]
    pub fn uri(&self, id: UriId) -> &[u8] {
        let (start, end) = self.uris[id.0 as usize];
        &self.uri_text[start as usize..end as usize]
    }

    /// The namespace of an expanded name, and the name in it.
    #[must_use]
    pub fn expanded(&self, id: ExpandedId) -> (UriId, &[u8]) {
        let expanded = self.expanded[id.0 as usize];
        (expanded.uri, &self.written(expanded.name)[expanded.local as usize..])
    }

    /// Appends `{uri}local`, or `local` where there is no namespace.
    pub fn write_expanded(&self, id: ExpandedId, out: &mut Vec<u8>) {
        let (uri, local) = self.expanded(id);
        if uri != UriId::NONE {
            out.push(b'{');
            out.extend_from_slice(self.uri(uri));
            out.push(b'}');
        }
        out.extend_from_slice(local);
    }

    #[inline(always)]
    pub(super) fn entry(&self, id: NameId) -> &Entry {
        &self.entries[id.0 as usize]
    }

    #[inline(always)]
    pub(super) fn entry_mut(&mut self, id: NameId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }

    /// A name of at most sixteen bytes, by its head.
    #[inline(always)]
    pub(super) fn find_short(&self, head: Head, length: u32) -> Option<NameId> {
        let mask = self.index.len() - 1;
        let mut slot = hash_head(head, self.keys) as usize & mask;
        loop {
            let id = self.index[slot];
            let entry = self.entries.get(id as usize)?;
            if entry.head == head && entry.length == length {
                return Some(NameId(id));
            }
            slot = (slot + 1) & mask;
        }
    }

    fn hash(&self, name: &[u8]) -> u32 {
        if name.len() <= 16 {
            return hash_head(head_of(name), self.keys);
        }
        let mut state = self.keys[0] ^ name.len() as u64;
        for piece in name.chunks(16) {
            let head = head_of(piece);
            state = fold(head[0] ^ state, head[1] ^ self.keys[1]);
        }
        (state ^ state >> 32) as u32
    }

    /// A name of any length.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<NameId> {
        if name.len() <= 16 {
            return self.find_short(head_of(name), name.len() as u32);
        }
        let (hash, mask) = (self.hash(name), self.index.len() - 1);
        let mut slot = hash as usize & mask;
        loop {
            let id = self.index[slot];
            let entry = self.entries.get(id as usize)?;
            if entry.hash == hash && self.written(NameId(id)) == name {
                return Some(NameId(id));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// False where a name or URI of this many bytes is more than ids can count.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let most = u32::MAX as usize;
        self.text.len().max(self.uri_text.len()).saturating_add(bytes) < most && self.entries.len() < most / 2
    }

    /// The id of a valid name, or prefix, whatever its colons.
    pub fn insert(&mut self, name: &[u8]) -> NameId {
        if name.is_empty() {
            return NameId::EMPTY;
        }
        if let Some(id) = self.find(name) {
            return id;
        }
        let colon = memchr::memchr(b':', name).filter(|at| *at > 0 && at + 1 < name.len());
        let prefix = colon.map_or(NameId::EMPTY, |at| self.insert(&name[..at]));
        if self.entries.len() * 2 >= self.index.len() {
            self.grow();
        }
        let id = self.entries.len() as u32;
        let hash = self.hash(name);
        self.entries.push(Entry {
            head: head_of(name),
            length: name.len() as u32,
            hash,
            start: self.text.len() as u32,
            local: colon.map_or(0, |at| at as u32 + 1),
            prefix,
            bound: UriId::UNBOUND,
            ..self.entries[0].clone()
        });
        let entry = &mut self.entries[id as usize];
        (entry.tag, entry.document, entry.parent, entry.parent_depth, entry.siblings) = (0, 0, 0, 0, 0);
        (entry.declared, entry.declares) = (UriId::NONE, NameId::EMPTY);
        entry.memo_uri = UriId::UNBOUND;
        self.text.extend_from_slice(name);
        self.place(id, hash);
        NameId(id)
    }

    fn place(&mut self, id: u32, hash: u32) {
        let mask = self.index.len() - 1;
        let mut slot = hash as usize & mask;
        while self.index[slot] != FREE {
            slot = (slot + 1) & mask;
        }
        self.index[slot] = id;
    }

    #[cold]
    fn grow(&mut self) {
        let size = self.index.len() * 4;
        self.index.clear();
        self.index.resize(size, FREE);
        for id in 1..self.entries.len() as u32 {
            self.place(id, self.entries[id as usize].hash);
        }
    }

    /// A number for a tag. No name ever had an attribute in tag 0.
    #[inline(always)]
    pub(super) fn next_tag(&mut self) -> u32 {
        self.tags = self.tags.wrapping_add(1).max(1);
        self.tags
    }

    /// Notes that the document has this name. True where it is the document's first of that name.
    #[inline(always)]
    pub(super) fn seen(&mut self, id: NameId) -> bool {
        let document = self.document;
        let entry = &mut self.entries[id.0 as usize];
        if entry.document == document {
            return false;
        }
        entry.document = document;
        let length = u64::from(entry.length);
        self.in_document.push(id);
        entry.order = self.in_document.len() as u32;
        self.in_document_bytes += length;
        true
    }

    /// How many names the document has had.
    pub(super) fn distinct(&self) -> u64 {
        self.in_document.len() as u64
    }

    /// The id of a namespace URI.
    pub fn uri_id(&mut self, uri: &[u8]) -> UriId {
        if let Some(id) = self.uri_index.get(uri) {
            return *id;
        }
        let id = UriId(self.uris.len() as u32);
        let start = self.uri_text.len() as u32;
        self.uri_text.extend_from_slice(uri);
        self.uris.push((start, start + uri.len() as u32));
        self.uri_index.insert(uri.into(), id);
        id
    }

    /// The id of the URI that a prefix is declared as: most often the same as the last time.
    pub(super) fn uri_of(&mut self, prefix: NameId, uri: &[u8]) -> UriId {
        let last = self.entries[prefix.0 as usize].declared;
        if self.uri(last) == uri {
            return last;
        }
        let id = self.uri_id(uri);
        self.entries[prefix.0 as usize].declared = id;
        id
    }

    /// The prefix that `xmlns:p` declares.
    pub(super) fn declared_prefix(&mut self, name: NameId) -> NameId {
        let known = self.entries[name.0 as usize].declares;
        if known != NameId::EMPTY {
            return known;
        }
        let local = self.local(name).to_vec();
        let prefix = self.insert(&local);
        self.entries[name.0 as usize].declares = prefix;
        prefix
    }

    /// What a name stands for where its prefix is bound to `uri`. With `uri` [`UriId::NONE`] and `whole`, the name as written.
    #[inline(always)]
    pub(super) fn expand(&mut self, name: NameId, uri: UriId) -> ExpandedId {
        let entry = &self.entries[name.0 as usize];
        if entry.memo_uri == uri { entry.memo } else { self.expand_anew(name, uri, false) }
    }

    /// Notes an attribute of this name in a tag. False where the tag has one already.
    #[inline(always)]
    pub(super) fn first_in_tag(&mut self, id: ExpandedId, tag: u32) -> bool {
        std::mem::replace(&mut self.expanded[id.0 as usize].tag, tag) != tag
    }

    /// A name as written, in no namespace.
    #[inline(always)]
    pub(super) fn whole(&mut self, name: NameId) -> ExpandedId {
        let entry = &self.entries[name.0 as usize];
        if entry.memo_uri == WHOLE { entry.memo } else { self.expand_anew(name, WHOLE, true) }
    }

    #[cold]
    #[inline(never)]
    fn expand_anew(&mut self, name: NameId, uri: UriId, whole: bool) -> ExpandedId {
        let local = if whole { 0 } else { self.entries[name.0 as usize].local };
        let space = if whole { UriId::NONE } else { uri };
        let key = (space, self.written(name)[local as usize..].into());
        let next = ExpandedId(self.expanded.len() as u32);
        let id = *self.expanded_index.entry(key).or_insert(next);
        if id == next {
            self.expanded.push(Expanded { uri: space, name, local, tag: 0 });
        }
        let entry = &mut self.entries[name.0 as usize];
        (entry.memo_uri, entry.memo) = (uri, id);
        id
    }
}

/// In `memo_uri`: the memo is of the name as written.
const WHOLE: UriId = UriId(u32::MAX - 1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_id_and_a_prefix_of_its_own() {
        let mut names = Names::default();
        let id = names.insert(b"svg:rect");
        assert_eq!(names.insert(b"svg:rect"), id);
        assert_eq!(names.written(names.prefix(id)), b"svg");
        assert_eq!(names.local(id), b"rect");
        let head = head_of(b"svg:rect");
        assert_eq!(names.find_short(head, 8), Some(id));
        let long = b"a-name-of-more-than-sixteen-bytes".as_slice();
        let id = names.insert(long);
        assert_eq!(names.find(long), Some(id));
        assert_eq!(names.prefix(id), NameId::EMPTY);
    }

    #[test]
    fn an_expanded_name_is_the_same_whatever_its_prefix() {
        let mut names = Names::default();
        let uri = names.uri_id(b"urn:x");
        let (one, two) = (names.insert(b"p:a"), names.insert(b"a"));
        let id = names.expand(one, uri);
        assert_eq!(names.expand(two, uri), id);
        assert_ne!(names.expand(two, UriId::NONE), id);
        let mut text = Vec::new();
        names.write_expanded(id, &mut text);
        assert_eq!(text, b"{urn:x}a");
    }

    #[test]
    fn namespaces_in_force_survive_when_the_others_are_forgotten() {
        let mut names = Names::default();
        let prefix = names.insert(b"p");
        let kept = names.uri_id(b"urn:kept");
        names.bind(prefix, kept);
        for number in 0..2000 {
            names.uri_id(format!("urn:{number}").as_bytes());
        }
        assert!(names.is_crowded());
        names.renumber();
        assert!(!names.is_crowded());
        let bound = names.entry(prefix).bound;
        assert_eq!(names.uri(bound), b"urn:kept");
        names.unbind(0);
        assert_eq!(names.entry(prefix).bound, UriId::UNBOUND);
    }

    #[test]
    fn thousands_of_names_are_found_again() {
        let mut names = Names::default();
        let ids: Vec<_> = (0..10_000).map(|n| names.insert(format!("n{n}").as_bytes())).collect();
        for (number, id) in ids.iter().enumerate() {
            assert_eq!(names.find(format!("n{number}").as_bytes()), Some(*id));
        }
        let before = names.generation();
        assert_ne!(names.clone().generation(), before);
        names.begin(true);
        assert_ne!(names.generation(), before);
        assert_eq!(names.find(b"n1"), None);
    }

    #[test]
    fn names_of_a_document_without_namespaces_are_unknown_in_one_with() {
        let mut names = Names::default();
        for namespaces in [false, true, false] {
            names.begin(namespaces);
            assert_eq!(names.find(b"a:b:c"), None);
            names.insert(b"a:b:c");
            names.begin(namespaces);
            assert!(names.find(b"a:b:c").is_some());
        }
    }
}
