//! A parser that waits, packed up: what an idle stream costs beside the frames of its open elements.
//!
//! A parser at work has room to work in: a table of names, buffers, a segment. One that waits needs none of it. Parked, it
//! is its stack in a block of its own size, and a page: its numbers and what there is of the token at hand, written down
//! one behind the other, with those names that the document has had. The table itself goes to whoever parses next, and
//! ids mean nothing in the page or in the frames: a name is told by which of the document's names it was. What few
//! parsers have (a DTD, an encoding with a table, an audit, an error, a huge value half read) is moved and not written.
//!
//! Everything that can be seen of a parse is the same as if it had never been parked: events, places, limits, paths. Two
//! things stay as they are in memory: who is inside a DOCTYPE, and who has rules for attributes from one, since both are
//! full of ids.

use forkedenc_runtime as runtime;

use super::account::Audit;
use super::blob::{Reader, Writer};
use super::dtd::{Dtd, Expansions};
use super::error::Error;
use super::input::Input;
use super::machine::{Aside, Element, Machine, NameOf, OpenTag, Phase, Reference, State};
use super::names::{NameId, Names, UriId};
use super::parser::{Options, Parser};
use super::sink::{At, Attribute, IN_SCRATCH, Name};
use crate::position::Place;

/// A parser without room to work in: see [`Parser::park`].
#[derive(Debug)]
pub struct Parked {
    stack: runtime::Parked,
    page: Box<[u8]>,
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug)]
struct Rare {
    input: Option<Input>,
    carry: Option<Vec<u8>>,
    scratch: Option<Vec<u8>>,
    dtd: Option<Dtd>,
    expansions: Expansions,
    audit: Option<Box<Audit>>,
    error: Option<Box<Error>>,
}

/// A token that has more bytes than this is moved and not copied.
const BIG: usize = 1024;
/// What is parked whatever was read since the last time, in names, elements and so on.
const FREE: u64 = 64;
/// Bytes that have to be read for each of them above that.
const EARNED: u64 = 4;
/// A page's bytes that cost as much as one of them.
const LINE: u64 = 16;

impl Parser {
    /// Is it worth parking? Packing up costs time by the names of the document and its depth, so who has many of them is
    /// parked only once enough was read to pay for it: feeding a document byte by byte takes no time in their square.
    #[must_use]
    pub fn is_worth_parking(&self) -> bool {
        let machine = &self.machine;
        if !machine.is_packable() {
            return false;
        }
        let earned = FREE.max(self.input.read().saturating_sub(self.awake_from) / EARNED);
        let names = &machine.names;
        let counts = [names.in_document.len(), machine.aside.len(), machine.attributes.len(), names.bindings.len()];
        let items = u64::from(machine.depth) + counts.iter().sum::<usize>() as u64;
        items <= earned && items + names.in_document_bytes / LINE + machine.uris().1 / LINE <= earned
    }

    /// Packs it up, and gives back the table of names. To be called between two feeds.
    ///
    /// # Errors
    /// The parser as it was: it is inside a DOCTYPE, or has rules for attributes from one, or there is no memory.
    pub fn park(mut self: Box<Self>) -> Result<(Parked, Names), Box<Self>> {
        if !self.machine.is_packable() {
            return Err(self);
        }
        let Some((page, stack)) = self.pack() else { return Err(self) };
        let rare = self.take_rare();
        Ok((Parked { stack, page, rare }, self.machine.names))
    }

    /// What is not on the page.
    fn take_rare(&mut self) -> Option<Box<Rare>> {
        let (machine, plain) = (&mut self.machine, self.input.is_plain());
        let carry = machine.carries() && machine.carry.len() > BIG;
        let scratch = machine.is_in_tag() && machine.scratch.len() > BIG;
        let told = machine.dtd.is_some() || machine.expansions.is_any() || machine.audit.is_some();
        if plain && !carry && !scratch && !told && machine.error.is_none() {
            return None;
        }
        Some(Box::new(Rare {
            input: (!plain).then(|| self.input.clone()),
            carry: carry.then(|| std::mem::take(&mut machine.carry)),
            scratch: scratch.then(|| std::mem::take(&mut machine.scratch)),
            dtd: machine.dtd.take(),
            expansions: machine.expansions.clone(),
            audit: machine.audit.take(),
            error: machine.error.take(),
        }))
    }

    fn pack(&mut self) -> Option<(Box<[u8]>, runtime::Parked)> {
        let mut page = std::mem::take(&mut self.machine.names.page);
        page.clear();
        let packed = self.pack_to(&mut page);
        if page.capacity() <= KEPT {
            self.machine.names.page = page;
        }
        packed
    }

    fn pack_to(&mut self, page: &mut Vec<u8>) -> Option<(Box<[u8]>, runtime::Parked)> {
        let (uris, uri_bytes) = self.machine.uris();
        page.try_reserve(self.machine.page_bytes() + uri_bytes as usize).ok()?;
        let mut out = Writer(page);
        out.put(u64::from(self.machine.depth));
        if self.input.is_plain() {
            self.input.write(&mut out);
        }
        self.machine.write(&uris, &mut out);
        let mut exact = Vec::new();
        exact.try_reserve_exact(page.len()).ok()?;
        exact.extend_from_slice(page);
        self.machine.number_frames(|names, id| u32::from(id != NameId::EMPTY) * names.entry(id).order);
        let Some(stack) = self.machine.stack.park() else {
            self.machine.number_frames(|names, id| names.at(id.0).0);
            return None;
        };
        Some((exact.into_boxed_slice(), stack))
    }
}

/// Room for a page that is bigger is not kept.
const KEPT: usize = 64 << 10;

impl Parked {
    /// Goes on with any table of names, which gets those of the document. `options`: the same as ever.
    ///
    /// # Errors
    /// What was given, where there is no memory for a segment.
    pub fn unpark(self, names: Names, options: &Options) -> Result<Box<Parser>, Box<(Self, Names)>> {
        let Self { stack, page, rare } = self;
        let stack = match stack.unpark() {
            Ok(stack) => stack,
            Err(stack) => return Err(Box::new((Self { stack, page, rare }, names))),
        };
        let mut read = Reader(&page);
        let depth = read.small();
        let (input, rare) = match rare {
            None => (None, None),
            Some(mut rare) => (rare.input.take(), Some(rare)),
        };
        let mut parser = Box::new(Parser {
            input: input.unwrap_or_else(|| Input::read_back(&options.encodings, &mut read)),
            machine: Machine::on(stack, options.limits, options.rules, names),
            awake_from: 0,
        });
        parser.awake_from = parser.input.read();
        let machine = &mut parser.machine;
        machine.depth = depth;
        if let Some(rare) = rare {
            (machine.carry, machine.scratch) = (rare.carry.unwrap_or_default(), rare.scratch.unwrap_or_default());
            (machine.dtd, machine.error) = (rare.dtd, rare.error);
            machine.expansions = rare.expansions;
            machine.metered |= rare.audit.is_some();
            machine.audit = rare.audit;
        }
        machine.read_back(&mut read);
        debug_assert!(read.is_empty(), "what was written is read");
        Ok(parser)
    }

    /// Open elements.
    #[must_use]
    pub fn depth(&self) -> u64 {
        Reader(&self.page).number()
    }

    /// What its stack has counted.
    #[must_use]
    pub fn stats(&self) -> runtime::Stats {
        self.stack.stats()
    }

    /// A copy that goes on by itself; `None` where there is no memory for its stack.
    #[must_use]
    pub fn fork(&self) -> Option<Self> {
        Some(Self { stack: self.stack.try_fork()?, page: self.page.clone(), rare: self.rare.clone() })
    }
}

impl Names {
    /// The name that was the document's so-and-so-many-th.
    fn at(&self, order: u32) -> NameId {
        match (order as usize).checked_sub(1) {
            None => NameId::EMPTY,
            Some(index) => self.in_document.get(index).copied().unwrap_or(NameId::EMPTY),
        }
    }

    /// Which of the document's names it was; 0 for the empty one.
    fn order(&self, id: NameId) -> u64 {
        if id == NameId::EMPTY { 0 } else { u64::from(self.entry(id).order) }
    }
}

impl Machine {
    fn is_packable(&self) -> bool {
        self.doctype.is_none() && !self.ruled
    }

    /// What `carry` holds is still to be used.
    fn carries(&self) -> bool {
        matches!(
            self.state,
            State::Name(_)
                | State::Reference(_)
                | State::ValueReference(_)
                | State::Markup
                | State::Comment(_)
                | State::PiTarget(_)
                | State::PiSpace
                | State::Pi(_)
        )
    }

    /// The namespaces that are in force, each once and in the order of their ids; and the bytes of them.
    fn uris(&self) -> (Vec<UriId>, u64) {
        let mut uris: Vec<UriId> = self.names.bindings.iter().map(|binding| binding.uri).collect();
        uris.sort_unstable();
        uris.dedup();
        let bytes = uris.iter().map(|uri| self.names.uri(*uri).len() as u64 + 5).sum();
        (uris, bytes)
    }

    /// No page has more bytes, namespaces aside.
    fn page_bytes(&self) -> usize {
        let names = &self.names;
        let prefixes: usize = names.bindings.iter().map(|binding| names.written(binding.prefix).len() + 10).sum();
        let token = [&self.carry, &self.scratch].map(|bytes| if bytes.len() > BIG { 0 } else { bytes.len() });
        512 + names.in_document_bytes as usize
            + 20 * names.in_document.len()
            + prefixes
            + token.iter().sum::<usize>()
            + 20 * self.aside.len()
            + 20 * self.attributes.len()
    }

    /// The open element at this depth; the document stands at 0.
    fn element_at(&self, depth: u32) -> Element {
        let at = depth as usize * 4;
        match self.stack.words().get(at..at + 4) {
            Some(frame) => Element::of([frame[0], frame[1], frame[2], frame[3]]),
            None => self.open,
        }
    }

    /// An element that is open: 0 for one that isn't, else its depth and one.
    fn open_depth(&self, serial: u32, depth: u32) -> u64 {
        let open = depth <= self.depth && self.element_at(depth).serial() == serial;
        if open { u64::from(depth) + 1 } else { 0 }
    }

    /// Tells the names in frames otherwise.
    fn number_frames(&mut self, number: impl Fn(&Names, NameId) -> u32) {
        for frame in self.stack.words_mut().chunks_exact_mut(4) {
            let element = Element::of([frame[0], frame[1], frame[2], frame[3]]);
            let name = NameId(number(&self.names, element.written()));
            frame.copy_from_slice(&element.renamed(name, element.serial()).frame());
        }
    }

    // Writing

    fn write(&self, uris: &[UriId], out: &mut Writer<'_>) {
        let in_tag = self.is_in_tag();
        out.put(code_of(self.state));
        let standalone = self.standalone.map_or(0, |standalone| 1 + u64::from(standalone));
        let flags = self.phase as u64
            | u64::from(self.colon) << 2
            | u64::from(self.brackets) << 4
            | standalone << 6
            | u64::from(self.seen_doctype) << 8
            | u64::from(self.keeps) << 9;
        out.put(flags);
        out.put(u64::from(self.peak));
        out.put(u64::from(self.floor));
        out.put(self.run);
        out.put_limit(self.text_cap);
        out.put(self.tokens);
        out.put(self.memory);
        self.write_names(in_tag, out);
        self.write_bindings(uris, out);
        let [name, counts, _, children] = self.open.frame();
        out.put(self.names.order(self.open.written()));
        out.put(name >> 32);
        out.put(counts & u64::from(u32::MAX));
        out.put(counts >> 32);
        out.put(children);
        out.put(self.aside.len() as u64);
        for aside in &self.aside {
            out.put(self.names.order(aside.name));
            out.put(self.open_depth(aside.parent, aside.depth));
            out.put(u64::from(aside.siblings));
        }
        if !matches!(self.state, State::Misc | State::Content) {
            self.write_token(out);
        }
        if in_tag {
            self.write_tag(out);
        }
    }

    /// The names of the document in their order, each with its count under a parent that is open.
    fn write_names(&self, in_tag: bool, out: &mut Writer<'_>) {
        out.put(self.names.in_document.len() as u64);
        for id in &self.names.in_document {
            let (entry, name) = (self.names.entry(*id), self.names.written(*id));
            let taken = in_tag && entry.tag == self.tag.serial;
            let parent = self.open_depth(entry.parent, entry.parent_depth);
            out.put((name.len() as u64) << 2 | u64::from(taken) << 1 | u64::from(parent > 0));
            out.0.extend_from_slice(name);
            if parent > 0 {
                out.put(parent);
                out.put(u64::from(entry.siblings));
            }
        }
    }

    /// The namespaces that are in force, the oldest declaration first.
    fn write_bindings(&self, uris: &[UriId], out: &mut Writer<'_>) {
        out.put(uris.len() as u64);
        for uri in uris {
            out.bytes(self.names.uri(*uri));
        }
        out.put(self.names.bindings.len() as u64);
        for binding in &self.names.bindings {
            out.bytes(self.names.written(binding.prefix));
            out.put(uris.partition_point(|uri| *uri < binding.uri) as u64);
        }
    }

    fn write_token(&self, out: &mut Writer<'_>) {
        for at in [self.token, self.name_at, self.reference] {
            match at {
                // Of a token long ago: nobody will ask for it.
                At::Window(_) => out.put(0),
                At::Known(place) => {
                    out.put(1);
                    out.place(place);
                }
            }
        }
        match self.state {
            State::Comment(held) | State::Cdata(held) => {
                self.pending.iter().take(usize::from(held)).for_each(|place| out.place(*place));
            }
            State::Pi(true) => out.place(self.pending[0]),
            _ => {}
        }
        out.put(self.target as u64);
        out.put(self.spaces);
        if self.carries() && self.carry.len() <= BIG {
            out.bytes(&self.carry);
        } else {
            out.put(0);
        }
    }

    fn write_tag(&self, out: &mut Writer<'_>) {
        let tag = &self.tag;
        out.put(self.names.order(tag.name));
        out.put(self.names.order(tag.attribute));
        let flags = u64::from(tag.spaced) | u64::from(tag.tokenized) << 1 | u64::from(tag.gap) << 2;
        out.put(flags | u64::from(tag.quote) << 3);
        for number in [u64::from(tag.bindings), tag.count, tag.bytes, u64::from(tag.prefixed), tag.declared] {
            out.put(number);
        }
        out.put(tag.value as u64);
        out.put_limit(tag.cap);
        // After a failure some may lie in a window that is gone; nobody will ask for them.
        let kept = if self.error.is_some() { &[] } else { self.attributes.as_slice() };
        out.put(kept.len() as u64);
        for attribute in kept {
            debug_assert!(attribute.start & IN_SCRATCH != 0, "a suspended machine points at no window");
            out.put(self.names.order(attribute.name.written));
            out.put(attribute.start & !IN_SCRATCH);
            out.put(attribute.length);
        }
        if self.scratch.len() <= BIG {
            out.bytes(&self.scratch);
        } else {
            out.put(0);
        }
    }

    // Reading

    fn read_back(&mut self, read: &mut Reader<'_>) {
        self.state = state_of(read.number());
        let flags = read.number();
        self.phase = match flags & 3 {
            0 => Phase::Prolog,
            1 => Phase::Root,
            _ => Phase::Epilog,
        };
        self.colon = (flags >> 2 & 3) as u8;
        self.brackets = (flags >> 4 & 3) as u8;
        self.standalone = match flags >> 6 & 3 {
            0 => None,
            answer => Some(answer == 2),
        };
        self.seen_doctype = flags >> 8 & 1 == 1;
        self.keeps = flags >> 9 & 1 == 1;
        self.peak = read.small();
        self.floor = read.small();
        self.run = read.number();
        self.text_cap = read.limit();
        self.tokens = read.number();
        self.memory = read.number();
        // The document has a number already, and each open element gets the next.
        let document = self.open.serial();
        self.names.elements = document + self.depth;
        self.names.tags += 1;
        let serial_of = |parent: u32| if parent > 0 { document + parent - 1 } else { 0 };
        for _ in 0..read.number() {
            let head = read.number();
            let id = self.names.insert(read.take((head >> 2) as usize));
            self.names.seen(id);
            let tag = self.names.tags;
            let entry = self.names.entry_mut(id);
            if head & 2 != 0 {
                entry.tag = tag;
            }
            if head & 1 != 0 {
                let parent = read.small();
                (entry.parent, entry.parent_depth, entry.siblings) = (serial_of(parent), parent - 1, read.small());
            }
        }
        self.read_bindings(read);
        let name = self.names.at(read.small());
        let (index, bindings, aside) = (read.small(), read.small(), read.small());
        let [first, second, third, _] = Element::new(name, bindings, aside, index, document + self.depth).frame();
        self.open = Element::of([first, second, third, read.number()]);
        for _ in 0..read.number() {
            let (name, parent, siblings) = (self.names.at(read.small()), read.small(), read.small());
            self.aside.push(Aside { name, parent: serial_of(parent), depth: parent.saturating_sub(1), siblings });
        }
        let names = &self.names;
        for (frame, serial) in self.stack.words_mut().chunks_exact_mut(4).zip(document..) {
            let element = Element::of([frame[0], frame[1], frame[2], frame[3]]);
            frame.copy_from_slice(&element.renamed(names.at(element.written().0), serial).frame());
        }
        if !matches!(self.state, State::Misc | State::Content) {
            self.read_token(read);
        }
        if self.is_in_tag() {
            self.read_tag(read);
        }
    }

    fn read_bindings(&mut self, read: &mut Reader<'_>) {
        let uris: Vec<UriId> = (0..read.number()).map(|_| self.names.uri_id(read.bytes())).collect();
        for _ in 0..read.number() {
            let prefix = self.names.insert(read.bytes());
            let uri = uris.get(read.number() as usize).copied().unwrap_or(UriId::NONE);
            self.names.bind(prefix, uri);
        }
    }

    fn read_token(&mut self, read: &mut Reader<'_>) {
        for at in [&mut self.token, &mut self.name_at, &mut self.reference] {
            *at = At::Known(if read.number() == 1 { read.place() } else { Place::START });
        }
        let held = match self.state {
            State::Comment(held) | State::Cdata(held) => usize::from(held),
            State::Pi(held) => usize::from(held),
            _ => 0,
        };
        for place in self.pending.iter_mut().take(held) {
            *place = read.place();
        }
        self.target = read.number() as usize;
        self.spaces = read.number();
        self.carry.extend_from_slice(read.bytes());
    }

    fn read_tag(&mut self, read: &mut Reader<'_>) {
        let (name, attribute) = (self.names.at(read.small()), self.names.at(read.small()));
        let flags = read.number();
        self.tag = OpenTag {
            name,
            serial: self.names.tags,
            attribute,
            spaced: flags & 1 != 0,
            tokenized: flags & 2 != 0,
            gap: flags & 4 != 0,
            quote: (flags >> 3) as u8,
            bindings: read.small(),
            count: read.number(),
            bytes: read.number(),
            prefixed: read.small(),
            declared: read.number(),
            value: read.number() as usize,
            cap: read.limit(),
            skipped: None,
            wide: false,
        };
        for _ in 0..read.number() {
            let written = self.names.at(read.small());
            let (start, length) = (read.number() | IN_SCRATCH, read.number());
            let expanded = self.unresolved(written);
            let name = Name { written, expanded };
            self.attributes.push(Attribute { name, start, length, defaulted: false, skipped: None });
        }
        self.moved = self.attributes.len();
        self.scratch.extend_from_slice(read.bytes());
    }
}

/// A state as a number: its place in the list, and above that what it says.
fn code_of(state: State) -> u64 {
    let (code, more) = match state {
        State::Misc => (0, 0),
        State::Content => (1, 0),
        State::Tag => (2, 0),
        State::Less => (3, 0),
        State::Name(NameOf::Element) => (4, 0),
        State::Name(NameOf::Attribute) => (4, 1),
        State::Name(NameOf::Pi) => (4, 2),
        State::Name(NameOf::End) => (4, 3),
        State::Slash => (5, 0),
        State::Equals => (6, 0),
        State::Quote => (7, 0),
        State::Value => (8, 0),
        State::Reference(form) => (9, code_of_reference(form)),
        State::ValueReference(form) => (10, code_of_reference(form)),
        State::EndName(matched) => (11, u64::from(matched)),
        State::EndSpace => (12, 0),
        State::Markup => (13, 0),
        State::Comment(dashes) => (14, u64::from(dashes)),
        State::Cdata(brackets) => (15, u64::from(brackets)),
        State::PiTarget(question) => (16, u64::from(question)),
        State::PiSpace => (17, 0),
        State::Pi(question) => (18, u64::from(question)),
        State::Doctype => (19, 0),
        State::Word => (20, 0),
    };
    code | more << 5
}

fn state_of(code: u64) -> State {
    let more = code >> 5;
    match code & 31 {
        0 => State::Misc,
        2 => State::Tag,
        3 => State::Less,
        4 => State::Name(match more {
            0 => NameOf::Element,
            1 => NameOf::Attribute,
            2 => NameOf::Pi,
            _ => NameOf::End,
        }),
        5 => State::Slash,
        6 => State::Equals,
        7 => State::Quote,
        8 => State::Value,
        9 => State::Reference(reference_of(more)),
        10 => State::ValueReference(reference_of(more)),
        11 => State::EndName(more as u32),
        12 => State::EndSpace,
        13 => State::Markup,
        14 => State::Comment(more as u8),
        15 => State::Cdata(more as u8),
        16 => State::PiTarget(more == 1),
        17 => State::PiSpace,
        18 => State::Pi(more == 1),
        19 => State::Doctype,
        20 => State::Word,
        _ => State::Content,
    }
}

fn code_of_reference(form: Reference) -> u64 {
    match form {
        Reference::Start => 0,
        Reference::Hash => 1,
        Reference::Name => 2,
        Reference::Decimal(value, any) => 3 | u64::from(any) << 3 | u64::from(value) << 4,
        Reference::Hexadecimal(value, any) => 4 | u64::from(any) << 3 | u64::from(value) << 4,
    }
}

fn reference_of(code: u64) -> Reference {
    let (any, value) = (code >> 3 & 1 == 1, (code >> 4) as u32);
    match code & 7 {
        0 => Reference::Start,
        1 => Reference::Hash,
        3 => Reference::Decimal(value, any),
        4 => Reference::Hexadecimal(value, any),
        _ => Reference::Name,
    }
}
