//! What is rare: limits that a token may cross, errors with their place and path, and limits audited instead of enforced.
//!
//! Offsets of limits are those of the byte that crosses, for what comes by reference the reference's `&`; they are the
//! same however the input was cut. Names of functions: `gate_` asks every limit that a token which starts here may cross,
//! `meter_` charges what arrived, `over_` is called where a number is past its cap. All of them answer false for "failed".

use forkedenc_runtime::count_breach;

use super::chars::{first, is_name, is_space};
use super::dtd::Crossing;
use super::error::{Error, Kind, Open};
use super::machine::{Element, Env, Machine, NameOf, Phase, Runs, State, Step};
use super::names::NameId;
use super::sink::At;
use crate::cursor::Cursor;
use crate::error::Breach;
use crate::limits::{Limit, NONE, XmlLimits};
use crate::path::SHOWN;

/// What `max_memory_bytes` charges where a tree is built, beside the bytes of text: the object and its slot, on CPython.
pub mod price {
    pub const ELEMENT: u64 = 120;
    pub const ATTRIBUTE: u64 = 100;
    pub const TEXT: u64 = 64;
}

/// How long the next token may get: its limit, or what memory is left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caps {
    pub name: u64,
    pub value: u64,
    pub comment: u64,
    pub pi: u64,
    pub text: u64,
}

impl Caps {
    pub(super) fn of(limits: &XmlLimits) -> Self {
        Self {
            name: limits.name_bytes,
            value: limits.attribute_bytes,
            comment: limits.comment_bytes,
            pi: limits.pi_bytes,
            text: limits.text_bytes,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Name,
    /// An attribute, comment or PI.
    Token,
    /// The start tag at hand.
    Tag,
    Run,
    /// The element at this depth.
    Element(u32),
    Document,
}

/// Breaches, told when what crossed has ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Audit {
    open: Vec<(Scope, Breach)>,
    ended: Vec<Breach>,
}

impl Machine {
    /// Switches enforcement off for all limits but depth and stack.
    pub fn audit(&mut self) {
        self.audit = Some(Box::default());
        self.expansions.audit();
        self.metered = true;
    }

    /// The breaches that have ended since the last call.
    pub fn take_breaches(&mut self) -> Vec<Breach> {
        self.audit.as_mut().map(|audit| std::mem::take(&mut audit.ended)).unwrap_or_default()
    }

    /// The document ended after `bytes` bytes.
    pub(super) fn audit_document(&mut self, bytes: u64) {
        let (tokens, memory, distinct) = (self.tokens, self.memory, self.names.distinct());
        let expansions = self.expansions.clone();
        self.audit_end(Scope::Document, |limit, observed| match limit {
            Limit::Tokens => tokens,
            Limit::MemoryBytes => observed.max(memory),
            Limit::DistinctNames => distinct,
            Limit::DocumentBytes | Limit::StreamBytes => bytes,
            _ => expansions.observed(limit).unwrap_or(observed),
        });
    }

    fn audit_end(&mut self, ended: Scope, observed: impl Fn(Limit, u64) -> u64) {
        if let Some(audit) = &mut self.audit {
            for (_, mut breach) in audit.open.extract_if(.., |(scope, _)| *scope == ended) {
                breach.observed = observed(breach.limit, breach.observed);
                audit.ended.push(breach);
            }
        }
    }

    /// A limit is crossed. True: it is audited, and the parse goes on.
    #[cold]
    pub(super) fn crossed(&mut self, limit: Limit, maximum: u64, observed: u64, at: At, env: Env<'_>) -> bool {
        if self.audit.is_none() {
            self.fail_at(Kind::Limit { limit, maximum, observed }, at, env);
            return false;
        }
        let scope = match limit {
            Limit::NameBytes => Scope::Name,
            Limit::AttributeBytes | Limit::NamespaceUriBytes | Limit::CommentBytes | Limit::PiBytes => Scope::Token,
            Limit::TextBytes => Scope::Run,
            Limit::Attributes | Limit::AttributesBytes | Limit::Namespaces => Scope::Tag,
            Limit::Children => Scope::Element(self.depth),
            _ => Scope::Document,
        };
        if self.audit.iter().flat_map(|audit| &audit.open).any(|(open, known)| *open == scope && known.limit == limit) {
            return true;
        }
        count_breach(limit as usize);
        let breach = Breach { limit, maximum, observed, place: env.locate(at), path: self.path() };
        if let Some(audit) = &mut self.audit {
            audit.open.push((scope, breach));
        }
        true
    }

    /// The name at hand, which `carry` holds, has ended.
    pub(super) fn audit_name(&mut self) {
        let length = self.carry.len() as u64;
        self.audit_end(Scope::Name, |_, _| length);
    }

    /// The token at hand has ended with this many bytes.
    fn audit_token(&mut self, size: u64) {
        self.audit_end(Scope::Token, |_, _| size);
    }

    // Elements

    /// A start tag's `<`, at the window's `start`.
    #[cold]
    #[inline(never)]
    pub(super) fn gate_element(&mut self, start: usize, env: Env<'_>) -> bool {
        self.token = env.at(start);
        self.gate_open(env)
    }

    /// The same where the tag starts at `token`.
    pub(super) fn gate_open(&mut self, env: Env<'_>) -> bool {
        let maximum = self.limits.depth;
        if u64::from(self.depth) >= maximum {
            self.fail_at(Kind::Limit { limit: Limit::Depth, maximum, observed: maximum + 1 }, self.token, env);
            return false;
        }
        if self.metered {
            self.audit_run();
            if !self.count_token(self.token, env) || !self.charge(price::ELEMENT, self.token, env) {
                return false;
            }
        }
        let (children, maximum) = (self.open.children(), self.limits.children);
        // The root is nobody's child, and what lies around the values of a stream is not counted.
        self.depth == 0
            || self.between
            || children < maximum
            || self.crossed(Limit::Children, maximum, children + 1, self.token, env)
    }

    /// The start tag at hand has ended.
    #[cold]
    #[inline(never)]
    pub(super) fn audit_tag(&mut self) {
        let (count, bytes, declared) = (self.tag.count, self.tag.bytes, self.tag.declared);
        self.audit_end(Scope::Tag, |limit, _| match limit {
            Limit::Attributes => count,
            Limit::AttributesBytes => bytes,
            _ => declared,
        });
    }

    /// The end of the open element is told of at `at`.
    #[cold]
    #[inline(never)]
    pub(super) fn gate_end(&mut self, at: At, env: Env<'_>) -> bool {
        let children = self.open.children();
        self.audit_end(Scope::Element(self.depth), |_, _| children);
        self.gate_empty(at, env)
    }

    /// The end of an empty element, which never was the open one, is told of at `at`.
    #[cold]
    #[inline(never)]
    pub(super) fn gate_empty(&mut self, at: At, env: Env<'_>) -> bool {
        self.audit_run();
        self.count_token(at, env)
    }

    /// Markup follows a run of text, which ends unless that is CDATA: what it crossed is told now, or the feed that ends it
    /// would depend on how the markup is cut.
    #[cold]
    pub(super) fn audit_text(&mut self) {
        if self.rules.runs == Runs::Events {
            self.audit_run();
        }
    }

    /// A run of text has ended.
    pub(super) fn audit_run(&mut self) {
        let run = self.run;
        self.audit_end(Scope::Run, |_, _| run);
    }

    fn count_token(&mut self, at: At, env: Env<'_>) -> bool {
        let maximum = self.limits.tokens;
        if self.between {
            return true;
        }
        if self.tokens >= maximum && !self.crossed(Limit::Tokens, maximum, self.tokens + 1, at, env) {
            return false;
        }
        self.tokens += 1;
        true
    }

    /// Charges what is kept; where nothing is, asks whether it would still fit beside the stack.
    fn charge(&mut self, bytes: u64, at: At, env: Env<'_>) -> bool {
        if self.keeps && !self.between {
            self.memory += bytes;
        }
        let (held, maximum) = (self.held(), self.limits.memory_bytes);
        held <= maximum || self.crossed(Limit::MemoryBytes, maximum, held, at, env)
    }

    /// In a stream of values one has begun with the tag at hand, or ended: what limits count is counted for each.
    #[cold]
    pub(super) fn turn(&mut self, between: bool) {
        self.between = between;
        self.tokens = u64::from(!between);
        self.memory = if between || !self.keeps { 0 } else { price::ELEMENT };
    }

    /// What a DTD declared is kept to the document's end.
    pub(super) fn charge_dtd(&mut self, bytes: u64, at: At, env: Env<'_>) -> bool {
        self.memory += bytes;
        let (held, maximum) = (self.held(), self.limits.memory_bytes);
        held <= maximum || self.crossed(Limit::MemoryBytes, maximum, held, at, env)
    }

    /// Bytes held beside the token at hand.
    fn held(&self) -> u64 {
        self.memory + self.stack.used() as u64
    }

    fn memory_left(&self) -> u64 {
        if self.limits.memory_bytes == NONE { NONE } else { self.limits.memory_bytes.saturating_sub(self.held()) }
    }

    pub(super) fn stack_overflow(&mut self, c: &Cursor<'_>, env: Env<'_>) {
        let kind = match self.overflow.take() {
            Some(overflow) if overflow.is_out_of_memory() => Kind::OutOfMemory,
            overflow => {
                let maximum = self.limits.stack_bytes;
                let needed = overflow.map_or(0, |overflow| overflow.needed as u64);
                Kind::Limit { limit: Limit::StackBytes, maximum, observed: needed.max(maximum + 1) }
            }
        };
        let at = env.at(c.position().saturating_sub(1));
        self.fail_at(kind, at, env);
    }

    // Attributes

    /// An attribute's name starts at the cursor.
    #[cold]
    #[inline(never)]
    pub(super) fn gate_attribute(&mut self, c: &Cursor<'_>, env: Env<'_>) -> bool {
        let at = env.at(c.position());
        if self.metered && !self.charge(price::ATTRIBUTE, at, env) {
            return false;
        }
        let (count, maximum) = (self.tag.count, self.limits.attributes);
        count < maximum || self.crossed(Limit::Attributes, maximum, count + 1, at, env)
    }

    /// The name of an attribute takes the tag past `max_attributes_bytes`. One that a window's end cut was seen to cross
    /// while it was read.
    pub(super) fn over_attributes_bytes(&mut self, name: NameId, env: Env<'_>) -> bool {
        let maximum = self.limits.attributes_bytes;
        let written = self.names.written(name);
        let mut into = (maximum + written.len() as u64).saturating_sub(self.tag.bytes) as usize;
        while written.get(into).is_some_and(|byte| byte & 0xC0 == 0x80) {
            into -= 1;
        }
        let at = match self.name_at {
            At::Window(position) => At::Window(position + into),
            known @ At::Known(_) => known,
        };
        // Not in the path: where the name is read by characters it is not known yet.
        let attribute = std::mem::replace(&mut self.tag.attribute, NameId::EMPTY);
        let goes_on = self.crossed(Limit::AttributesBytes, maximum, maximum + 1, at, env);
        self.tag.attribute = attribute;
        goes_on
    }

    /// The character at the cursor, of an attribute's name, takes the tag past `max_attributes_bytes`.
    #[cold]
    pub(super) fn attributes_cross(&mut self, c: &Cursor<'_>, env: Env<'_>) -> bool {
        let maximum = self.limits.attributes_bytes;
        let into = maximum.saturating_sub(self.tag.bytes + self.carry.len() as u64).min(3) as usize;
        let at = env.at(character_start(c.window(), c.position() + into));
        self.crossed(Limit::AttributesBytes, maximum, maximum + 1, at, env)
    }

    pub(super) fn over_namespaces(&mut self, env: Env<'_>) -> bool {
        let maximum = self.limits.namespaces;
        self.crossed(Limit::Namespaces, maximum, self.tag.declared, self.name_at, env)
    }

    /// How long the value of the attribute at hand may get.
    pub(super) fn value_cap(&self, declares: bool, left: u64) -> u64 {
        let uri = if declares { self.limits.namespace_uri_bytes } else { NONE };
        let memory = if self.metered { self.memory_left().saturating_sub(self.tag.bytes) } else { NONE };
        self.caps.value.min(left).min(uri).min(memory)
    }

    /// A value grows past its cap, to `length`; its last byte so far stands before the window's `end`.
    #[cold]
    #[inline(never)]
    pub(super) fn over_value(&mut self, length: u64, end: usize, c: &Cursor<'_>, env: Env<'_>) -> bool {
        let crossing = end - (length - self.tag.cap) as usize;
        self.value_crosses(env.at(character_start(c.window(), crossing)), env)
    }

    /// The value at hand crosses its cap there.
    pub(super) fn value_crosses(&mut self, at: At, env: Env<'_>) -> bool {
        let name = self.tag.attribute;
        let declares = self.rules.namespaces && (name == NameId::XMLNS || self.names.prefix(name) == NameId::XMLNS);
        let limits = self.limits;
        let left = limits.attributes_bytes.saturating_sub(self.tag.bytes);
        let cap = std::mem::replace(&mut self.tag.cap, NONE);
        let limit = if self.metered && self.memory_left().saturating_sub(self.tag.bytes) <= cap {
            (Limit::MemoryBytes, limits.memory_bytes)
        } else if limits.attribute_bytes <= cap {
            (Limit::AttributeBytes, limits.attribute_bytes.max(if self.tag.wide { cap } else { 0 }))
        } else if left <= cap || !declares {
            (Limit::AttributesBytes, limits.attributes_bytes)
        } else {
            (Limit::NamespaceUriBytes, limits.namespace_uri_bytes)
        };
        if self.audit.is_none() && !declares && self.spared(limit.0) {
            return true;
        }
        self.crossed(limit.0, limit.1, limit.1.saturating_add(1), at, env)
    }

    /// The value at hand may be longer than its cap, or is read past without being held.
    fn spared(&mut self, limit: Limit) -> bool {
        if !matches!(limit, Limit::AttributeBytes | Limit::AttributesBytes) {
            return false;
        }
        let (element, attribute) = (self.names.local(self.tag.name), self.names.local(self.tag.attribute));
        let wide = self.wide.iter().find(|wide| *wide.element == *element && *wide.attribute == *attribute);
        if let Some(wide) = wide.filter(|_| !self.tag.wide) {
            self.tag.cap = wide.bytes;
            self.tag.wide = true;
            return true;
        }
        if self.rules.skip_long {
            self.scratch.truncate(self.tag.value);
            self.tag.skipped = Some(limit);
        }
        self.rules.skip_long
    }

    /// A value of this length is complete.
    pub(super) fn meter_value(&mut self, length: u64) {
        if self.keeps && !self.between {
            self.memory += length;
        }
        self.audit_token(length);
    }

    /// A default of this length may be added to the tag.
    pub(super) fn default_allowed(&mut self, name: NameId, length: u64, env: Env<'_>) -> bool {
        let (count, maximum) = (self.tag.count, self.limits.attributes);
        if count >= maximum && !self.crossed(Limit::Attributes, maximum, count + 1, self.token, env) {
            return false;
        }
        self.tag.count += 1;
        let named = self.names.written(name).len() as u64;
        self.tag.bytes += named;
        let maximum = self.limits.attributes_bytes;
        if self.tag.bytes + length > maximum
            && !self.crossed(Limit::AttributesBytes, maximum, maximum + 1, self.token, env)
        {
            return false;
        }
        let read = self.read_up_to(self.token, env);
        let added = self.expansions.add_default(named, length, read);
        self.audit_expansions(self.token, env);
        match added {
            Ok(()) => true,
            Err(kind) => self.expansion_refused(kind, self.token, env),
        }
    }

    /// Notes what replacing entities has crossed, by the reference at `at`.
    pub(super) fn audit_expansions(&mut self, at: At, env: Env<'_>) {
        for (limit, maximum, observed) in self.expansions.take_crossed() {
            self.crossed(limit, maximum, observed, at, env);
        }
    }

    /// A limit was crossed inside the DOCTYPE.
    pub(super) fn audit_crossing(&mut self, crossing: Crossing, env: Env<'_>) {
        let Crossing { limit, maximum, observed, place } = crossing;
        if self.expansions.observed(limit).is_some() {
            self.crossed(limit, maximum, observed, At::Known(place), env);
            return;
        }
        count_breach(limit as usize);
        let path = self.path();
        if let Some(audit) = &mut self.audit {
            audit.ended.push(Breach { limit, maximum, observed, place, path });
        }
    }

    /// An expansion is too much.
    pub(super) fn expansion_refused(&mut self, kind: Kind, at: At, env: Env<'_>) -> bool {
        match kind {
            Kind::Limit { limit, maximum, observed } => self.crossed(limit, maximum, observed, at, env),
            _ => {
                self.fail_at(kind, at, env);
                false
            }
        }
    }

    // Names

    /// The character at the cursor is too much for the name at hand.
    #[cold]
    pub(super) fn over_name(&mut self, c: &Cursor<'_>, env: Env<'_>) -> bool {
        let maximum = self.caps.name;
        if self.carry.len() as u64 > maximum {
            // It is audited, and has crossed before.
            return true;
        }
        let into = (maximum - self.carry.len() as u64).min(3) as usize;
        let at = env.at(character_start(c.window(), c.position() + into));
        self.crossed(Limit::NameBytes, maximum, maximum + 1, at, env)
    }

    /// A name is one that the document has not had, and one too many.
    #[cold]
    pub(super) fn over_names(&mut self, position: usize, env: Env<'_>) -> bool {
        self.over_names_at(env.at(position), env)
    }

    pub(super) fn over_names_at(&mut self, at: At, env: Env<'_>) -> bool {
        let maximum = self.limits.distinct_names;
        self.crossed(Limit::DistinctNames, maximum, self.names.distinct(), at, env)
    }

    // Text

    /// Text of this many bytes arrives: at the window's `position`, or by the reference at hand.
    #[cold]
    #[inline(never)]
    pub(super) fn meter_text(&mut self, length: u64, at: At, env: Env<'_>) -> bool {
        let first = self.run == 0;
        if first && !self.count_token(at, env) {
            return false;
        }
        if self.rules.runs == Runs::Pieces {
            return true;
        }
        if first {
            let left = self.memory_left();
            self.text_cap = if self.audit.is_some() { self.caps.text } else { self.caps.text.min(left) };
        }
        if self.keeps && !self.between {
            self.memory += length + if first { price::TEXT } else { 0 };
        }
        true
    }

    /// A run is past its cap with this piece of it, which starts at the window's `position`.
    #[cold]
    #[inline(never)]
    pub(super) fn over_text(&mut self, length: usize, position: usize, c: &Cursor<'_>, env: Env<'_>) -> bool {
        let crossing = position + length - usize::try_from(self.run - self.text_cap).unwrap_or(length).min(length);
        self.run_crosses(env.at(character_start(c.window(), crossing)), env)
    }

    /// The run of text crosses its cap there.
    pub(super) fn run_crosses(&mut self, at: At, env: Env<'_>) -> bool {
        let cap = std::mem::replace(&mut self.text_cap, NONE);
        let limits = self.limits;
        let (limit, maximum) = if limits.text_bytes <= cap {
            (Limit::TextBytes, limits.text_bytes)
        } else {
            (Limit::MemoryBytes, limits.memory_bytes)
        };
        self.crossed(limit, maximum, maximum.saturating_add(1), at, env)
    }

    // Comments and PIs

    /// A comment or PI was read whole, `length` bytes of it.
    pub(super) fn meter_event(&mut self, length: u64, env: Env<'_>) -> bool {
        self.audit_token(length);
        self.count_token(self.token, env)
            && (!self.keeps || self.between || self.charge(length + price::ELEMENT, self.token, env))
    }

    /// How long the comment or PI at hand may get.
    pub(super) fn token_cap(&self) -> u64 {
        let limit = if self.state_is_pi() { self.caps.pi } else { self.caps.comment };
        if self.audit.as_ref().is_some_and(|audit| audit.open.iter().any(|(scope, _)| *scope == Scope::Token)) {
            // It has crossed already.
            return NONE;
        }
        if self.metered && self.audit.is_none() { limit.min(self.memory_left()) } else { limit }
    }

    fn state_is_pi(&self) -> bool {
        matches!(self.state, State::Name(NameOf::Pi) | State::Pi(_) | State::PiSpace | State::PiTarget(_))
    }

    /// The comment or PI at hand grows past its cap, to `length`; its last byte stands before the window's `end`.
    #[cold]
    pub(super) fn over_carried(&mut self, length: u64, end: usize, c: &Cursor<'_>, env: Env<'_>) -> bool {
        // Audited, one that has crossed in an earlier window goes on.
        let crossing = end.saturating_sub((length - self.token_cap()) as usize);
        self.carried_crosses(env.at(character_start(c.window(), crossing)), env)
    }

    /// The byte that was held back is too much for the comment or PI at hand.
    #[cold]
    pub(super) fn over_pending(&mut self, env: Env<'_>) -> bool {
        self.carried_crosses(At::Known(self.pending[0]), env)
    }

    fn carried_crosses(&mut self, at: At, env: Env<'_>) -> bool {
        let (limit, maximum) = if self.state_is_pi() {
            (Limit::PiBytes, self.limits.pi_bytes)
        } else {
            (Limit::CommentBytes, self.limits.comment_bytes)
        };
        let by_memory = self.metered && self.memory_left() <= maximum;
        let (limit, maximum) =
            if by_memory { (Limit::MemoryBytes, self.limits.memory_bytes) } else { (limit, maximum) };
        if self.rules.skip_long && self.audit.is_none() && !by_memory {
            self.skipped = Some(limit);
            if self.state == State::Name(NameOf::Pi) {
                return true;
            }
            self.carry.truncate(if self.state_is_pi() { self.target } else { 0 });
            return true;
        }
        self.crossed(limit, maximum, maximum.saturating_add(1), at, env)
    }

    // Errors

    /// What stands outside of the root element and may not.
    #[cold]
    pub(super) fn misplaced(&mut self, c: &Cursor<'_>, env: Env<'_>) -> Step {
        let at = env.at(c.position());
        self.misplaced_at(at, env)
    }

    #[cold]
    pub(super) fn misplaced_at(&mut self, at: At, env: Env<'_>) -> Step {
        let kind = if self.phase == Phase::Epilog { Kind::JunkAfterDocument } else { Kind::Syntax };
        self.fail_at(kind, at, env)
    }

    /// What is neither white space nor markup stands outside of the root element: a word, which is read to its end,
    /// something that stands in declarations, or nothing that XML has.
    #[cold]
    pub(super) fn stray(&mut self, c: &Cursor<'_>, env: Env<'_>) -> Step {
        if first(c.ahead()).is_some_and(|(character, _)| is_name(character)) {
            self.token = env.at(c.position());
            self.state = State::Word;
            return Step::Again;
        }
        if matches!(c.peek(), b'>' | b'(' | b')' | b',' | b'|' | b'[' | b']' | b'%' | b'#' | b'"' | b'\'') {
            return self.misplaced(c, env);
        }
        self.fail(Kind::InvalidToken, c, env)
    }

    /// In such a word. It is misplaced, or, where its end is none for a word, no token.
    #[cold]
    pub(super) fn word(&mut self, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        while let Some((character, length)) = first(c.ahead()) {
            if !is_name(character) {
                break;
            }
            c.advance(length);
        }
        match c.peek() {
            0 if c.at_end() => Step::NeedMore,
            b' ' | b'\t' | b'\n' | b'>' | b')' | b',' | b'|' | b'[' | b'%' | b'+' | b'*' | b'?' => {
                self.misplaced_at(self.token, env)
            }
            _ => self.fail(Kind::InvalidToken, c, env),
        }
    }

    /// What follows `<!` is nothing that may stand here.
    #[cold]
    pub(super) fn markup_refused(&mut self, c: &Cursor<'_>, env: Env<'_>) -> Step {
        match self.phase {
            // What could be a declaration stands in the wrong place; anything else is no token at all.
            Phase::Prolog if self.carry.is_empty() && !c.peek().is_ascii_alphabetic() && c.peek() != b'[' => {
                self.fail(Kind::InvalidToken, c, env)
            }
            Phase::Prolog => self.fail_at(Kind::Syntax, self.token, env),
            Phase::Root => self.fail(Kind::InvalidToken, c, env),
            Phase::Epilog => self.fail_at(Kind::JunkAfterDocument, self.token, env),
        }
    }

    /// Behind the name of an end tag that is not that of the open element.
    #[cold]
    pub(super) fn mismatch(&mut self, c: &Cursor<'_>, env: Env<'_>) -> Step {
        match c.peek() {
            0 if c.at_end() => Step::NeedMore,
            byte if byte != b'>' && !is_space(byte) => self.fail(Kind::InvalidToken, c, env),
            _ if self.depth == self.floor => self.fail_at(Kind::AsyncEntity, self.token, env),
            _ => self.fail_at(Kind::TagMismatch, self.name_at, env),
        }
    }

    #[cold]
    pub(super) fn fail(&mut self, kind: Kind, c: &Cursor<'_>, env: Env<'_>) -> Step {
        let at = env.at(c.position());
        self.fail_at(kind, at, env)
    }

    /// The sink has failed at an event that starts there.
    #[cold]
    pub(super) fn sink_failed(&mut self, at: At, env: Env<'_>) -> Step {
        self.fail_at(Kind::Sink, at, env)
    }

    #[cold]
    pub(super) fn fail_at(&mut self, kind: Kind, at: At, env: Env<'_>) -> Step {
        if self.error.is_none() {
            if let Kind::Limit { limit, .. } = kind {
                count_breach(limit as usize);
            }
            let place = env.locate(at);
            let token = match self.state {
                // Where expat says that a CDATA section was cut: behind its text, without brackets that may end it.
                State::Cdata(1..) if kind == Kind::Incomplete(Open::Cdata) => self.pending[0],
                State::Misc | State::Content | State::Cdata(_) => place,
                _ => env.locate(self.token),
            };
            self.error = Some(Box::new(Error { kind, place, token, path: self.path() }));
        }
        Step::Failed
    }

    /// The way to what is being read: `/feed/entry[2]/@href`, cut to what is shown.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.path_to(None);
        if self.is_in_tag() && path.len() <= 4 * SHOWN {
            let entry = self.names.entry(self.tag.name);
            let index = if self.depth > 0 && entry.parent == self.open.serial() { entry.siblings + 1 } else { 1 };
            self.step(self.tag.name, index, &mut path);
            if self.tag.attribute != NameId::EMPTY {
                path.push_str("/@");
                path.push_str(&String::from_utf8_lossy(self.names.written(self.tag.attribute)));
            }
        }
        path
    }

    fn step(&self, name: NameId, index: u32, path: &mut String) {
        path.push('/');
        path.push_str(&String::from_utf8_lossy(self.names.written(name)));
        if index > 1 {
            path.push('[');
            path.push_str(itoa::Buffer::new().format(index));
            path.push(']');
        }
    }

    /// The way to the open element; and on to a child of it whose start tag, the last of its name, was read.
    pub(super) fn path_to(&self, child: Option<NameId>) -> String {
        let mut path = String::with_capacity(64);
        let words = self.stack.words();
        // The first frame is what stands around the root. Of a tag that is being told, the element around it may lie there already.
        for frame in words.chunks_exact(4).take(self.depth as usize).skip(1) {
            let element = Element::of([frame[0], frame[1], frame[2], frame[3]]);
            self.step(element.written(), element.index(), &mut path);
            if path.len() > 4 * SHOWN {
                return path;
            }
        }
        if self.depth > 0 {
            self.step(self.open.written(), self.open.index(), &mut path);
        }
        if let Some(child) = child {
            self.step(child, self.names.entry(child).siblings, &mut path);
        }
        path
    }

    pub(super) fn is_in_tag(&self) -> bool {
        matches!(
            self.state,
            State::Tag
                | State::Slash
                | State::Equals
                | State::Quote
                | State::Value
                | State::ValueReference(_)
                | State::Name(NameOf::Attribute)
        )
    }
}

/// The start of the character that holds this byte.
fn character_start(window: &[u8], mut at: usize) -> usize {
    while at > 0 && window.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
        at -= 1;
    }
    at
}
