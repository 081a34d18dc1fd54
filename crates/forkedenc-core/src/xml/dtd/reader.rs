//! Reading one DOCTYPE: over the document, and over the texts of the parameter entities that it refers to.

use super::DtdMode;
use super::audit::Audit;
use super::expand::Expansions;
use super::grammar::{Declaration, Expect};
use super::literal::Literal;
use super::scan::{Scan, name_run};
use super::store::{Dtd, EntityKind, Store, Text};
use crate::cursor::Cursor;
use crate::limits::{Limit, NONE, XmlLimits};
use crate::position::Place;
use crate::xml::error::{Kind, Open};
use crate::xml::machine;
use crate::xml::names::Names;
use crate::xml::sink::{At, Context, Locate, Sink};

/// What reading needs of the parser.
pub(in crate::xml) struct Env<'e, S> {
    pub sink: &'e mut S,
    pub names: &'e mut Names,
    pub expansions: &'e mut Expansions,
    /// Finds places in the window at hand.
    pub place: &'e dyn Locate,
}

impl<S: Sink> Env<'_, S> {
    pub(super) fn place(&self, at: At) -> Place {
        match at {
            At::Window(position) => self.place.locate(position),
            At::Known(place) => place,
        }
    }

    /// The byte of the source at which something stands.
    pub(super) fn offset(&self, at: At) -> u64 {
        self.place(at).offset
    }

    /// Tells the sink of something that starts at `at`.
    pub(super) fn tell(&mut self, at: At, call: impl FnOnce(&mut S, &Context<'_>) -> bool) -> Result<(), Failure> {
        let env = machine::Env { window: &[], place: self.place, inside: None };
        let cx = Context { names: self.names, in_doctype: true, env: &env, start: at, machine: None };
        if call(self.sink, &cx) { Ok(()) } else { Err(Failure { kind: Kind::Sink, at }) }
    }
}

/// What reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::xml) enum Outcome {
    /// The window is used up.
    NeedMore,
    /// The cursor is behind the DOCTYPE's `>`.
    Done,
    Failed(Kind, Place),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    pub kind: Kind,
    pub at: At,
}

impl Failure {
    pub fn limit(limit: Limit, maximum: u64, observed: u64, at: At) -> Self {
        Self { kind: Kind::Limit { limit, maximum, observed }, at }
    }
}

/// What a token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    On,
    /// The text of this parameter entity comes next.
    Include(u32),
    /// The DOCTYPE ended.
    Closed,
}

/// Where the text that is read stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    /// In the window, byte for byte.
    Window,
    /// In a parameter entity: everything is where the document refers to it.
    Entity(At),
}

impl Base {
    pub fn at(self, position: usize) -> At {
        match self {
            Self::Window => At::Window(position),
            Self::Entity(at) => at,
        }
    }
}

/// The text of a parameter entity, and how far it is read.
struct Source {
    id: u32,
    text: Text,
    at: usize,
}

/// A DOCTYPE that is being read.
#[derive(Clone, Debug)]
pub(in crate::xml) struct Reader {
    pub(super) mode: DtdMode,
    pub(super) limits: XmlLimits,
    pub(super) namespaces: bool,
    pub(super) forbid_entities: bool,
    pub(super) forbid_external: bool,
    /// Where `<!DOCTYPE` stands.
    pub(super) start: Place,
    /// Bytes read, with `<!DOCTYPE`.
    bytes: u64,
    /// They are past their limit, which is audited.
    passed: bool,
    pub(super) scan: Scan,
    /// What there is of a token that a chunk's end has cut.
    pub(super) carry: Vec<u8>,
    /// Where the token at hand starts.
    pub(super) token: At,
    /// A place inside it: a reference in a literal, a hyphen in a comment.
    pub(super) mark: At,
    /// Bytes of the name at hand, or of a comment or PI.
    pub(super) length: u64,
    pub(super) literal: Literal,
    pub(super) expect: Expect,
    pub(super) declaration: Declaration,
    pub(super) store: Store,
    /// Entities declared, of both sorts.
    pub(super) entities: u64,
    /// How many parameter entities are open.
    pub(super) nested: u64,
    /// False behind a reference to a parameter entity that is not read: entities and attributes are then declared in vain (§5.1).
    pub(super) keeps: bool,
    pub(super) audit: Option<Box<Audit>>,
}

/// `<!DOCTYPE`
const OPENING: u64 = 9;

impl Reader {
    /// From behind `<!DOCTYPE`, which starts at `start`.
    pub fn new(
        mode: DtdMode,
        limits: &XmlLimits,
        namespaces: bool,
        forbid_entities: bool,
        forbid_external: bool,
        standalone: Option<bool>,
        start: Place,
    ) -> Self {
        let standalone = standalone == Some(true);
        Self {
            mode,
            limits: *limits,
            namespaces,
            forbid_entities,
            forbid_external,
            start,
            bytes: 0,
            passed: false,
            scan: Scan::Keyword,
            carry: b"<!DOCTYPE".to_vec(),
            token: At::Known(start),
            mark: At::Known(start),
            length: 0,
            literal: Literal::default(),
            expect: Expect::Doctype,
            declaration: Declaration::new(start),
            store: Store::new(standalone, mode != DtdMode::Internal),
            entities: 0,
            nested: 0,
            keeps: true,
            audit: None,
        }
    }

    /// Reads on from the cursor, and moves it.
    pub fn read<S: Sink>(&mut self, c: &mut Cursor<'_>, env: &mut Env<'_, S>) -> Outcome {
        let outcome = match self.read_window(c, env) {
            Ok(true) => Outcome::Done,
            Ok(false) => {
                for at in [&mut self.token, &mut self.mark, &mut self.declaration.start, &mut self.declaration.name_at]
                {
                    *at = At::Known(env.place(*at));
                }
                Outcome::NeedMore
            }
            Err(failure) => Outcome::Failed(failure.kind, env.place(failure.at)),
        };
        if let Some(audit) = &mut self.audit {
            audit.settle(env.place);
        }
        outcome
    }

    /// Reads on to the window's end, or to the end of the DOCTYPE: then true.
    fn read_window<S: Sink>(&mut self, c: &mut Cursor<'_>, env: &mut Env<'_, S>) -> Result<bool, Failure> {
        let (text, maximum) = (c.window(), self.limits.doctype_bytes);
        if self.bytes == 0 {
            if maximum < OPENING {
                let Place { offset, line, column } = self.start;
                let at = Place { offset: offset + maximum, line, column: column + maximum };
                self.cross(Limit::DoctypeBytes, maximum, maximum + 1, At::Known(at))?;
            }
            self.bytes = OPENING;
        }
        loop {
            let at = c.position();
            let room = if self.passed { NONE } else { maximum.saturating_sub(self.bytes) };
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            let end = text.len().min(at.saturating_add(room));
            let ended = self.document(text, at, end, env)?;
            let stopped = ended.unwrap_or(end);
            c.advance(stopped - at);
            self.bytes += (stopped - at) as u64;
            if ended.is_some() || end == text.len() {
                return Ok(ended.is_some());
            }
            self.crosses_at(&text[end..], At::Window(end))?;
            self.passed = true;
        }
    }

    /// The byte at `at` is one too many for the DOCTYPE; where it is one for a token as well, that limit comes first.
    fn crosses_at(&mut self, rest: &[u8], at: At) -> Result<(), Failure> {
        let limits = &self.limits;
        let name = name_run(rest, !self.namespaces) > 0;
        let (over, maximum, limit) = match self.scan {
            Scan::Comment => (rest[0] != b'-', limits.comment_bytes, Limit::CommentBytes),
            Scan::PiData => (rest[0] != b'?', limits.pi_bytes, Limit::PiBytes),
            Scan::PiTarget if limits.pi_bytes < limits.name_bytes => (name, limits.pi_bytes, Limit::PiBytes),
            Scan::Name(_) | Scan::PoundName | Scan::Reference | Scan::PiTarget => {
                (name, limits.name_bytes, Limit::NameBytes)
            }
            _ => (false, 0, Limit::DoctypeBytes),
        };
        if self.audit.is_none() && over && self.length >= maximum {
            return Err(Failure::limit(limit, maximum, maximum.saturating_add(1), at));
        }
        let maximum = limits.doctype_bytes;
        self.cross(Limit::DoctypeBytes, maximum, maximum.saturating_add(1), at)
    }

    /// Reads the document's own text from `at` to `end`. Where the DOCTYPE ended, if it did.
    fn document<S: Sink>(
        &mut self,
        text: &[u8],
        mut at: usize,
        end: usize,
        env: &mut Env<'_, S>,
    ) -> Result<Option<usize>, Failure> {
        loop {
            let (step, stopped) = self.run(text, at, end, Base::Window, env)?;
            at = stopped;
            match step {
                Step::On => return Ok(None),
                Step::Closed => return Ok(Some(at)),
                Step::Include(id) => {
                    let read = env.offset(At::Window(at - 1)) + 1;
                    self.parameter(id, self.token, read, env)?;
                }
            }
        }
    }

    /// Reads the text of a parameter entity, and of those it refers to. `at`: where the document refers to it.
    fn parameter<S: Sink>(&mut self, id: u32, at: At, read: u64, env: &mut Env<'_, S>) -> Result<(), Failure> {
        let base = Base::Entity(at);
        let mut sources = Vec::new();
        let mut next = Some(id);
        loop {
            if let Some(id) = next.take() {
                let entity = self.store.parameter.get_mut(id);
                if entity.open {
                    return Err(Failure { kind: Kind::RecursiveEntity, at });
                }
                if let EntityKind::Internal(text) = &entity.kind {
                    let text = text.clone();
                    entity.open = true;
                    self.nested += 1;
                    let entered = env.expansions.enter(text.bytes().len() as u64, self.nested, read);
                    entered.map_err(|kind| Failure { kind, at })?;
                    self.audit_expansions(at, env.expansions)?;
                    sources.push(Source { id, text, at: 0 });
                }
            }
            let Some(source) = sources.last_mut() else { return Ok(()) };
            let text = source.text.bytes();
            let (step, stopped) = self.run(text, source.at, text.len(), base, env)?;
            source.at = stopped;
            match step {
                Step::Include(id) => next = Some(id),
                Step::Closed => return Err(Failure { kind: Kind::AsyncEntity, at }),
                Step::On => {
                    // Each declaration must end where it began (§2.8, §4.3.2).
                    if self.scan != Scan::Between || self.expect != Expect::Subset {
                        return Err(Failure { kind: Kind::AsyncEntity, at });
                    }
                    self.store.parameter.get_mut(source.id).open = false;
                    self.nested -= 1;
                    sources.pop();
                }
            }
        }
    }

    /// What is open where the input ends at `end`, and where that starts.
    pub fn unfinished(&self, end: Place) -> (Open, Place) {
        match (self.scan, self.token) {
            (Scan::Between | Scan::Name(_) | Scan::PoundName | Scan::LiteralEnd | Scan::Bracket | Scan::Paren, _)
            | (_, At::Window(_)) => (Open::Document, end),
            (_, At::Known(start)) => (Open::Token, start),
        }
    }

    /// Bytes of the DOCTYPE so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What it declared.
    pub fn into_dtd(self) -> Dtd {
        Dtd::new(self.store)
    }
}
