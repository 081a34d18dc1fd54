//! Events between a feed and their reading: records of numbers, with ids of names and ranges of bytes.
//!
//! Nothing here is a Python object, so a parser with unread events is forked and saved like one without. Ids that end before
//! their events are read (a document may have more namespaces than are kept) become texts of their own.

use std::collections::HashMap;

use forkedenc_core::position::Place;
use forkedenc_core::xml::{Binding, Context, Doctype, ExpandedId, Name, Names, Sink, Tag, UriId};
use pyo3::ffi;

use super::types::Kind;

/// One event. What the numbers mean depends on the kind.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub kind: Kind,
    /// Doctype: there is a system id.
    last: bool,
    pub place: Place,
    /// Where its bytes start.
    start: u64,
    /// How many they are. Of a Start: how many attributes, and in the upper half how many declarations.
    length: u64,
    /// Start and End: the name's id. PI and Doctype: the length of the target or name.
    first: u32,
    /// Start: its first part. Doctype: the length of the public id and one, or 0 without.
    second: u32,
}

/// An attribute, its name's id and the length of its value; or a declaration, its prefix and its URI.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub id: u32,
    pub length: u32,
}

/// Marks the id of a text: the number of one of `Packed::texts`.
const ENDED: u32 = 1 << 31;

/// An expanded name or a URI: by its id, or as the text that it was.
pub enum Known<'p, Id> {
    Id(Id),
    Text(&'p [u8]),
}

impl Record {
    /// Start and End: the name.
    #[inline(always)]
    pub fn name(&self) -> u32 {
        self.first
    }

    /// Of the rarer kinds, the length of each field; `None` for what is not there.
    pub fn lengths(&self) -> Vec<Option<usize>> {
        let (first, length) = (self.first as usize, self.length as usize);
        match self.kind {
            Kind::Pi => vec![Some(first), Some(length - first)],
            Kind::Doctype => {
                let public = self.second.checked_sub(1).map(|length| length as usize);
                vec![Some(first), public, self.last.then(|| length - first - public.unwrap_or(0))]
            }
            _ => vec![Some(length)],
        }
    }
}

/// The events that were not read yet.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    records: Vec<Record>,
    parts: Vec<Part>,
    bytes: Vec<u8>,
    /// What ids stood for that have ended.
    texts: Vec<Box<[u8]>>,
    /// The last record is a run of text that may go on.
    open: bool,
    /// Runs of text are one event; else each piece is.
    coalesce: bool,
}

/// Buffers past this are not kept.
const KEPT: usize = 4 << 20;

impl Packed {
    /// How text is told.
    pub fn set_coalesce(&mut self, coalesce: bool) {
        self.coalesce = coalesce;
    }

    /// The events that are complete.
    pub fn complete(&self) -> &[Record] {
        &self.records[..self.records.len() - usize::from(self.open)]
    }

    /// Nothing is held, not even room.
    pub fn is_bare(&self) -> bool {
        self.records.capacity() == 0
    }

    /// No event is held, complete or not.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Gives room back that is more than the run of text in it needs.
    pub fn trim(&mut self) {
        // What grows doubles: room that was just given back and taken again is not given back once more.
        fn fit<T>(buffer: &mut Vec<T>, slack: usize) {
            if buffer.capacity() > 2 * buffer.len() + slack {
                buffer.shrink_to_fit();
            }
        }
        fit(&mut self.records, 2);
        fit(&mut self.parts, 0);
        fit(&mut self.bytes, 16);
        fit(&mut self.texts, 0);
    }

    /// Is it worth keeping for the next parser?
    pub fn is_handy(&self) -> bool {
        self.bytes.capacity() + self.records.capacity() * size_of::<Record>() < KEPT
    }

    #[inline(always)]
    pub fn bytes(&self, record: &Record) -> &[u8] {
        let start = record.start as usize;
        &self.bytes[start..start + record.length as usize]
    }

    /// The attributes and the declarations of a Start, and the bytes of the values.
    #[inline(always)]
    pub fn tag(&self, record: &Record) -> (&[Part], &[Part], &[u8]) {
        let (attributes, bindings) = ((record.length as u32) as usize, (record.length >> 32) as usize);
        if attributes + bindings == 0 {
            return (&[], &[], &[]);
        }
        let parts = &self.parts[record.second as usize..][..attributes + bindings];
        let (attributes, bindings) = parts.split_at(attributes);
        let length: usize = attributes.iter().map(|part| part.length as usize).sum();
        (attributes, bindings, &self.bytes[record.start as usize..][..length])
    }

    /// What an id of a name stands for.
    #[inline(always)]
    pub fn name(&self, id: u32) -> Known<'_, ExpandedId> {
        if id & ENDED == 0 { Known::Id(ExpandedId(id)) } else { Known::Text(&self.texts[(id & !ENDED) as usize]) }
    }

    /// What an id of a namespace stands for.
    #[inline(always)]
    pub fn uri(&self, id: u32) -> Known<'_, UriId> {
        if id & ENDED == 0 { Known::Id(UriId(id)) } else { Known::Text(&self.texts[(id & !ENDED) as usize]) }
    }

    /// Makes texts of the ids of unread events. False where they are too many for their marks.
    fn end_ids(&mut self, names: &Names) -> bool {
        let Self { records, parts, texts, .. } = self;
        let mut known = [HashMap::new(), HashMap::new()];
        let mut end = |id: &mut u32, uri: bool| {
            if *id & ENDED == 0 {
                let number = *known[usize::from(uri)].entry(*id).or_insert_with(|| {
                    let mut text = Vec::new();
                    if uri {
                        text.extend_from_slice(names.uri(UriId(*id)));
                    } else {
                        names.write_expanded(ExpandedId(*id), &mut text);
                    }
                    texts.push(text.into());
                    texts.len() as u32 - 1
                });
                *id = number | ENDED;
            }
        };
        for record in records.iter_mut().filter(|record| matches!(record.kind, Kind::Start | Kind::End)) {
            end(&mut record.first, false);
            if record.kind == Kind::Start {
                let (attributes, bindings) = ((record.length as u32) as usize, (record.length >> 32) as usize);
                let from = record.second as usize;
                for (at, part) in parts[from..from + attributes + bindings].iter_mut().enumerate() {
                    end(if at < attributes { &mut part.id } else { &mut part.length }, at >= attributes);
                }
            }
        }
        self.texts.len() < ENDED as usize
    }

    /// Forgets the first `count` events, which were read: all that are complete, or those before a failure.
    pub fn read(&mut self, count: usize) {
        if count == self.records.len() {
            self.records.clear();
            self.parts.clear();
            self.bytes.clear();
            self.texts.clear();
            return;
        }
        if count == 0 {
            return;
        }
        self.records.drain(..count);
        if self.open && self.records.len() == 1 {
            // The run moves to the front once; what is added to it stays behind it.
            self.parts.clear();
            self.texts.clear();
            let start = std::mem::take(&mut self.records[0].start) as usize;
            self.bytes.drain(..start);
        }
    }

    /// A run of text that is open has ended.
    #[inline(always)]
    pub fn end_run(&mut self) {
        self.open = false;
    }

    /// Forgets a run of text that is open: how much of it there is depends on the chunks.
    pub fn drop_run(&mut self) {
        if std::mem::take(&mut self.open)
            && let Some(record) = self.records.pop()
        {
            self.bytes.truncate(record.start as usize);
        }
    }

    /// Makes room for an event; false, with MemoryError set, where there is none.
    #[inline(always)]
    fn room(&mut self, bytes: usize, parts: usize) -> bool {
        self.records.try_reserve(1).is_ok()
            && self.bytes.try_reserve(bytes).is_ok()
            && self.parts.try_reserve(parts).is_ok()
            || no_room()
    }

    #[inline(always)]
    fn push(&mut self, kind: Kind, cx: &Context<'_>, length: usize, first: u32, second: u32) {
        let (place, start) = (cx.place(), self.bytes.len() as u64);
        self.records.push(Record { kind, last: false, place, start, length: length as u64, first, second });
    }

    /// An event whose fields are bytes.
    fn rare(&mut self, kind: Kind, cx: &Context<'_>, fields: &[&[u8]]) -> bool {
        self.end_run();
        let length = fields.iter().map(|field| field.len()).sum();
        if !self.room(length, 0) {
            return false;
        }
        self.push(kind, cx, length, fields[0].len() as u32, 0);
        for field in fields {
            self.bytes.extend_from_slice(field);
        }
        true
    }
}

#[cold]
fn no_room() -> bool {
    // SAFETY: a sink that packs is only fed by a thread that is attached.
    unsafe { ffi::PyErr_NoMemory() };
    false
}

impl Sink for Packed {
    #[inline(always)]
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        self.end_run();
        let (attributes, bindings) = (tag.attributes.len(), tag.bindings.len());
        let length = attributes | bindings << 32;
        if length == 0 {
            if !self.room(0, 0) {
                return false;
            }
            self.push(Kind::Start, cx, 0, tag.name.expanded.0, 0);
            return true;
        }
        let bytes = tag.attributes.iter().map(|attribute| tag.value(attribute).len()).sum();
        if !self.room(bytes, attributes + bindings) {
            return false;
        }
        self.push(Kind::Start, cx, length, tag.name.expanded.0, self.parts.len() as u32);
        for attribute in tag.attributes {
            let value = tag.value(attribute);
            self.bytes.extend_from_slice(value);
            self.parts.push(Part { id: attribute.name.expanded.0, length: value.len() as u32 });
        }
        for binding in tag.bindings {
            self.parts.push(Part { id: binding.prefix.0, length: binding.uri.0 });
        }
        true
    }

    #[inline(always)]
    fn end(&mut self, name: Name, _: &[Binding], cx: &Context<'_>) -> bool {
        self.end_run();
        if !self.room(0, 0) {
            return false;
        }
        self.push(Kind::End, cx, 0, name.expanded.0, 0);
        true
    }

    #[inline(always)]
    fn text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        if !self.room(text.len(), 0) {
            return false;
        }
        match self.records.last_mut() {
            Some(run) if self.open => run.length += text.len() as u64,
            _ => {
                self.push(Kind::Text, cx, text.len(), 0, 0);
                self.open = self.coalesce;
            }
        }
        self.bytes.extend_from_slice(text);
        true
    }

    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        cx.in_doctype || self.rare(Kind::Comment, cx, &[text])
    }

    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        cx.in_doctype || self.rare(Kind::Pi, cx, &[target, data])
    }

    fn ids_end(&mut self, names: &Names) -> bool {
        self.end_ids(names) || no_room()
    }

    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        self.rare(Kind::Entity, cx, &[name])
    }

    fn doctype(&mut self, doctype: &Doctype<'_>, cx: &Context<'_>) -> bool {
        let fields = [doctype.name, doctype.public_id.unwrap_or_default(), doctype.system_id.unwrap_or_default()];
        if !self.rare(Kind::Doctype, cx, &fields) {
            return false;
        }
        if let Some(record) = self.records.last_mut() {
            record.last = doctype.system_id.is_some();
            record.second = doctype.public_id.map_or(0, |id| id.len() as u32 + 1);
        }
        true
    }
}
