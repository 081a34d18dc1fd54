//! The parser's machine: one coroutine that reads XML from windows of any size and calls a sink.
//!
//! How it is laid out. Here are the machine's state and how windows and the texts of entities take turns. `content.rs` holds
//! the hot loop over content, `tag.rs` start tags, namespaces and the ends of elements. They take sub-tokens (a name, a
//! value) that are complete in the window and beyond doubt; one that is cut, unknown or near a limit goes to `resume.rs`,
//! `value.rs` or `markup.rs`, which read it byte by byte, keep what they have so far, and may stop anywhere. `entity.rs` replaces references, `account.rs`
//! is what is rare: limits, errors, paths.
//!
//! Invariants: a frame on the stack is the element *around* the open one; `open` is that element; input holds no NUL and no
//! carriage return, and ends at a character's end (`input` sees to that).

use std::sync::Arc;

use forkedenc_runtime::{Overflow, Stack};

use super::account::{Audit, Caps};
use super::dtd::{Dtd, DtdMode, Expansions, Reader, Text};
use super::error::{Error, Kind, Open};
use super::names::{NameId, Names};
use super::sink::{At, Attribute, Context, IN_SCRATCH, Locate, Name, Sink};
use crate::cursor::Cursor;
use crate::limits::{Limit, NONE, XmlLimits};
use crate::position::Place;

/// What text counts as one run, for `max_text_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// Text is delivered as it comes, and not counted.
    Pieces,
    /// A run ends at every event that is no text.
    Events,
    /// A run goes on across comments and processing instructions.
    Tree,
}

/// How a document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    pub namespaces: bool,
    pub dtd: DtdMode,
    pub runs: Runs,
    /// A declaration of an entity is refused.
    pub forbid_entities: bool,
    /// A DOCTYPE or an entity with an external identifier is refused.
    pub forbid_external: bool,
    /// A value, a comment or a PI past its limit is read past without being held, and the sink is told.
    pub skip_long: bool,
}

/// An attribute that may have a longer value than others: by local names, since prefixes are known at the tag's end only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wide {
    pub element: Box<[u8]>,
    pub attribute: Box<[u8]>,
    pub bytes: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The state has changed: go on by it.
    Again,
    /// The window is used up.
    NeedMore,
    /// Another text is to be read: that of an entity, or of what stands around it.
    Source,
    Failed,
}

/// Whose name is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameOf {
    Element,
    Attribute,
    /// Of an end tag, and not that of the open element.
    End,
    Pi,
}

/// How far a reference has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// Behind `&`.
    Start,
    /// Behind `&#`.
    Hash,
    /// The number so far, and whether a digit was there.
    Decimal(u32, bool),
    Hexadecimal(u32, bool),
    /// The name so far is in `carry`.
    Name,
}

/// What stands next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Outside of the root element.
    Misc,
    /// Between tokens, inside the root element.
    Content,
    /// In a start tag, behind its name or a value.
    Tag,
    /// Outside of the root element, in a word that can't stand there; where it starts is in `token`.
    Word,
    // In tokens that are read byte by byte:
    /// Behind `<`.
    Less,
    /// In a name; `carry` has it so far.
    Name(NameOf),
    /// Behind the `/` of an empty tag.
    Slash,
    /// Behind an attribute's name, and behind its `=`.
    Equals,
    Quote,
    /// In a value; the scratch buffer has it so far, from `value` on.
    Value,
    Reference(Reference),
    ValueReference(Reference),
    /// In the name of an end tag, so many bytes of it read; and behind the name.
    EndName(u32),
    EndSpace,
    /// In `<!--`, `<![CDATA[` or `<!DOCTYPE`: so many bytes of it are in `carry`.
    Markup,
    /// In a comment (`carry`), with so many dashes that are not in it.
    Comment(u8),
    /// In a CDATA section, with so many brackets that are not told yet.
    Cdata(u8),
    /// Behind a PI's target, with a question mark or not; then in its data.
    PiTarget(bool),
    PiSpace,
    Pi(bool),
    Doctype,
}

/// Where in the document the machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Prolog,
    Root,
    Epilog,
}

/// The innermost open element, as it lies on the stack when another opens in it. Kept in whole words: halves that were
/// written one by one would have to be waited for when they are read as words.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Element([u64; 4]);

impl Element {
    /// `bindings`: how many declarations were in force around it; `aside`: how many counts of siblings were put aside when
    /// it began; `index`: which of its parent's children of that name it is.
    #[inline(always)]
    pub(super) fn new(name: NameId, bindings: u32, aside: u32, index: u32, serial: u32) -> Self {
        let pair = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        Self([pair(name.0, index), pair(bindings, aside), u64::from(serial), 0])
    }

    #[inline(always)]
    pub(super) fn frame(self) -> [u64; 4] {
        self.0
    }

    #[inline(always)]
    pub(super) fn of(frame: [u64; 4]) -> Self {
        Self(frame)
    }

    /// The same under another number of its name, and of itself.
    #[inline(always)]
    pub(super) fn renamed(self, name: NameId, serial: u32) -> Self {
        let [first, second, third, fourth] = self.0;
        let low = u64::from(u32::MAX);
        Self([first & !low | u64::from(name.0), second, third & !low | u64::from(serial), fourth])
    }

    #[inline(always)]
    pub(super) fn written(self) -> NameId {
        NameId(self.0[0] as u32)
    }

    #[inline(always)]
    pub(super) fn bindings(self) -> usize {
        self.0[1] as u32 as usize
    }

    #[inline(always)]
    pub(super) fn aside(self) -> usize {
        (self.0[1] >> 32) as usize
    }

    #[inline(always)]
    pub(super) fn index(self) -> u32 {
        (self.0[0] >> 32) as u32
    }

    #[inline(always)]
    pub(super) fn serial(self) -> u32 {
        self.0[2] as u32
    }

    #[inline(always)]
    pub(super) fn children(self) -> u64 {
        self.0[3]
    }

    #[inline(always)]
    pub(super) fn add_child(&mut self) {
        self.0[3] += 1;
    }
}

/// Of a name: its count under an outer parent, put aside while it is counted under an inner one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Aside {
    pub name: NameId,
    pub parent: u32,
    pub depth: u32,
    pub siblings: u32,
}

/// The start tag that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenTag {
    pub name: NameId,
    /// Names of attributes with this number are taken.
    pub serial: u32,
    /// Declarations in force before it.
    pub bindings: u32,
    /// Attributes so far, declarations included, and the bytes of their names and values.
    pub count: u64,
    pub bytes: u64,
    /// Attributes with a prefix.
    pub prefixed: u32,
    pub declared: u64,
    /// White space was read behind the last value.
    pub spaced: bool,
    /// The attribute that is being read; [`NameId::EMPTY`] between them.
    pub attribute: NameId,
    pub quote: u8,
    /// Where its value starts in the scratch buffer, and how long it may get.
    pub value: usize,
    pub cap: u64,
    /// White space in it collapses, and was the last of it.
    pub tokenized: bool,
    pub gap: bool,
    /// The value at hand is past this limit, and not held.
    pub skipped: Option<Limit>,
    /// It may be longer than others, and is not counted with them.
    pub wide: bool,
}

/// A text that is read: that of an entity.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub text: Text,
    pub position: usize,
    pub entity: u32,
    /// The depth below which the text around it can't close elements.
    pub outer_floor: u32,
}

/// What a machine needs of the window that it is given.
#[derive(Clone, Copy)]
pub(super) struct Env<'e> {
    /// The window of the document, whatever text is read inside of it.
    pub window: &'e [u8],
    pub place: &'e dyn Locate,
    /// Inside an entity: where the outermost reference starts.
    pub inside: Option<Place>,
}

impl Env<'_> {
    #[inline(always)]
    pub(super) fn at(&self, position: usize) -> At {
        match self.inside {
            None => At::Window(position),
            Some(place) => At::Known(place),
        }
    }

    pub(super) fn locate(&self, at: At) -> Place {
        match at {
            At::Window(position) => self.place.locate(position),
            At::Known(place) => place,
        }
    }
}

/// A parse of one document, suspended or about to start.
#[derive(Debug)]
pub struct Machine {
    pub(super) stack: Stack,
    pub(super) names: Names,
    pub(super) rules: Rules,
    pub(super) limits: XmlLimits,
    pub(super) caps: Caps,
    pub(super) state: State,
    pub(super) phase: Phase,
    pub(super) open: Element,
    pub(super) depth: u32,
    pub(super) peak: u32,
    /// The depth below which the text at hand can't close elements.
    pub(super) floor: u32,
    pub(super) aside: Vec<Aside>,
    /// Where the token at hand starts, the name in it that was read last, and the reference in it.
    pub(super) token: At,
    pub(super) name_at: At,
    pub(super) reference: At,
    /// What is held back at the end of a window stands here.
    pub(super) pending: [Place; 2],
    /// Names, references, comments and PIs that a window's end cut.
    pub(super) carry: Vec<u8>,
    /// The comment or PI in `carry` is past this limit, and no longer held.
    pub(super) skipped: Option<Limit>,
    pub(super) wide: Arc<[Wide]>,
    /// A colon was read in the name at hand: 1 at its end, 2 before.
    pub(super) colon: u8,
    /// Values of the tag at hand that the window does not hold.
    pub(super) scratch: Vec<u8>,
    pub(super) attributes: Vec<Attribute>,
    /// How many attributes have their values in the scratch buffer for good.
    pub(super) moved: usize,
    pub(super) tag: OpenTag,
    /// Bytes of the run of text so far, and how many it may have.
    pub(super) run: u64,
    pub(super) text_cap: u64,
    /// Brackets at the end of the last window's text.
    pub(super) brackets: u8,
    /// Of a PI: its target's length in `carry`, and the white space behind it.
    pub(super) target: usize,
    pub(super) spaces: u64,
    pub(super) standalone: Option<bool>,
    pub(super) doctype: Option<Box<Reader>>,
    pub(super) seen_doctype: bool,
    pub(super) dtd: Option<Dtd>,
    /// The DTD has rules for attributes.
    pub(super) ruled: bool,
    pub(super) expansions: Expansions,
    pub(super) sources: Vec<Source>,
    /// Where the outermost reference starts, and how many bytes were read up to its end.
    pub(super) outermost: Place,
    pub(super) read: u64,
    /// Every token passes the gate: tokens or memory are limited, or limits are audited.
    pub(super) metered: bool,
    /// The sink keeps what it is told.
    pub(super) keeps: bool,
    /// What is read lies between the values of a stream.
    pub(super) between: bool,
    pub(super) tokens: u64,
    pub(super) memory: u64,
    pub(super) audit: Option<Box<Audit>>,
    pub(super) error: Option<Box<Error>>,
    pub(super) overflow: Option<Overflow>,
}

impl Machine {
    #[must_use]
    pub fn new(limits: XmlLimits, rules: Rules, names: Names, start: usize) -> Self {
        let budget = usize::try_from(limits.stack_bytes).unwrap_or(usize::MAX);
        Self::on(Stack::new(start, budget), limits, rules, names)
    }

    /// At the start of a document, on a stack from elsewhere.
    pub(super) fn on(stack: Stack, limits: XmlLimits, rules: Rules, names: Names) -> Self {
        let mut machine = Self {
            stack,
            names,
            rules,
            limits,
            caps: Caps::of(&limits),
            state: State::Misc,
            phase: Phase::Prolog,
            open: Element::default(),
            depth: 0,
            peak: 0,
            floor: 0,
            aside: Vec::new(),
            token: At::Known(Place::START),
            name_at: At::Known(Place::START),
            reference: At::Known(Place::START),
            pending: [Place::START; 2],
            carry: Vec::new(),
            skipped: None,
            wide: Arc::default(),
            colon: 0,
            scratch: Vec::new(),
            attributes: Vec::new(),
            moved: 0,
            tag: OpenTag {
                name: NameId::EMPTY,
                serial: 0,
                bindings: 0,
                count: 0,
                bytes: 0,
                prefixed: 0,
                declared: 0,
                spaced: false,
                attribute: NameId::EMPTY,
                quote: b'"',
                value: 0,
                cap: NONE,
                tokenized: false,
                gap: false,
                skipped: None,
                wide: false,
            },
            run: 0,
            text_cap: NONE,
            brackets: 0,
            target: 0,
            spaces: 0,
            standalone: None,
            doctype: None,
            seen_doctype: false,
            dtd: None,
            ruled: false,
            expansions: Expansions::new(&limits),
            sources: Vec::new(),
            outermost: Place::START,
            read: 0,
            metered: limits.tokens != NONE || limits.memory_bytes != NONE,
            keeps: false,
            between: false,
            tokens: 0,
            memory: 0,
            audit: None,
            error: None,
            overflow: None,
        };
        machine.names.begin(rules.namespaces);
        // Names that an earlier document counted as its root are not counted on.
        machine.names.elements += 1;
        machine.open = Element::new(NameId::EMPTY, 0, 0, 0, machine.names.elements);
        if rules.runs == Runs::Pieces {
            machine.caps.text = NONE;
        }
        machine.text_cap = machine.caps.text;
        machine
    }

    /// Reads a window to its end.
    pub(super) fn run<S: Sink>(&mut self, sink: &mut S, cursor: &mut Cursor<'_>, place: &dyn Locate) -> Step {
        self.keeps = S::KEEPS;
        if S::STREAMS {
            self.between = sink.is_between();
        }
        let window = cursor.window();
        let outside = Env { window, place, inside: None };
        loop {
            let step = match self.sources.last() {
                None => self.read_text(sink, cursor, outside),
                Some(source) => {
                    let (text, position) = (source.text.clone(), source.position);
                    let mut inner = text.window().cursor(position);
                    let env = Env { inside: Some(self.outermost), ..outside };
                    let depth = self.sources.len();
                    let step = self.read_text(sink, &mut inner, env);
                    // What was entered meanwhile stands above it.
                    if let Some(source) = self.sources.get_mut(depth - 1) {
                        source.position = inner.position();
                    }
                    if step == Step::NeedMore { self.leave_source(env) } else { step }
                }
            };
            match step {
                Step::Source | Step::Again => {}
                Step::NeedMore => {
                    sink.window_ends(&self.context(&outside, At::Window(cursor.position())));
                    self.suspend(cursor, outside);
                    return step;
                }
                Step::Failed => return step,
            }
        }
    }

    fn read_text<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        loop {
            let step = match self.state {
                State::Content => self.content(sink, c, env),
                State::Tag => self.attributes(sink, c, env),
                State::Misc => self.misc(sink, c, env),
                _ => self.resume(sink, c, env),
            };
            if step != Step::Again {
                return step;
            }
        }
    }

    /// The window goes: what was only pointed at is kept.
    fn suspend(&mut self, c: &Cursor<'_>, env: Env<'_>) {
        if matches!(self.state, State::Content | State::Misc) {
            return;
        }
        for at in [&mut self.token, &mut self.name_at, &mut self.reference] {
            // One past the window is left from a token long ago, and nobody will ask for it.
            if let At::Window(position) = at
                && *position <= c.window().len()
            {
                *at = At::Known(env.locate(*at));
            }
        }
        // Elsewhere the attributes are those of an earlier tag.
        if self.moved < self.attributes.len() && self.is_in_tag() {
            // The value at hand began in this window, so moving it costs no more than its window did.
            let at_hand = matches!(self.state, State::Value | State::ValueReference(_));
            let cut = if at_hand { self.tag.value } else { self.scratch.len() };
            let tail = self.scratch.split_off(cut);
            let window = c.window();
            for attribute in &mut self.attributes[self.moved..] {
                if attribute.start & IN_SCRATCH == 0 {
                    let from = attribute.start as usize;
                    attribute.start = self.scratch.len() as u64 | IN_SCRATCH;
                    self.scratch.extend_from_slice(&window[from..from + attribute.length as usize]);
                }
            }
            self.moved = self.attributes.len();
            self.tag.value = self.scratch.len();
            self.scratch.extend_from_slice(&tail);
        }
    }

    /// The document ends here.
    pub(super) fn finish(&mut self, c: &Cursor<'_>, env: Env<'_>) -> Step {
        let open = match self.state {
            State::Misc if self.phase == Phase::Epilog => return Step::NeedMore,
            State::Misc | State::Content => Open::Document,
            State::Cdata(_) => Open::Cdata,
            State::Doctype => return self.finish_doctype(c, env),
            State::Word => return self.misplaced_at(self.token, env),
            _ => Open::Token,
        };
        self.fail(Kind::Incomplete(open), c, env)
    }

    /// What a sink may ask about an event that starts here.
    #[inline(always)]
    pub(super) fn context<'c>(&'c self, env: &'c Env<'c>, start: At) -> Context<'c> {
        Context { names: &self.names, in_doctype: false, env, start, machine: Some(self) }
    }

    /// The name of the open element. Its prefix is bound as it was at the start tag, so that need not be kept.
    #[inline(always)]
    pub(super) fn open_name(&mut self) -> Name {
        let written = self.open.written();
        let expanded = if self.rules.namespaces {
            let prefix = self.names.entry(written).prefix;
            let uri = self.names.entry(prefix).bound;
            self.names.expand(written, uri)
        } else {
            self.names.whole(written)
        };
        Name { written, expanded }
    }

    /// A copy that goes on by itself; `None` where there is no memory for its stack.
    pub(super) fn fork(&self) -> Option<Self> {
        Some(Self {
            stack: self.stack.try_fork()?,
            names: self.names.clone(),
            aside: self.aside.clone(),
            carry: self.carry.clone(),
            wide: Arc::clone(&self.wide),
            scratch: self.scratch.clone(),
            attributes: self.attributes.clone(),
            doctype: self.doctype.clone(),
            dtd: self.dtd.clone(),
            expansions: self.expansions.clone(),
            sources: self.sources.clone(),
            audit: self.audit.clone(),
            error: self.error.clone(),
            ..*self
        })
    }
}
