//! What is rare: limits that a token may cross, errors with their place and path, and limits audited instead of enforced.

use std::collections::VecDeque;

use forkedenc_runtime::{Overflow, count_breach};

use super::aside::Aside;
use super::builder::{Builder, Member};
use super::machine::{Flow, HAS_KEY, Holder, KEPT, Machine, State, count_of, holder_of};
use crate::cursor::Cursor;
use crate::error::{Breach, Error, Kind};
use crate::limits::{Limit, NONE};
use crate::path::{SHOWN, Step, pointer};
use crate::position::Place;

/// What `max_memory_bytes` charges for one value, beside the bytes of its text: the object and its slot, on CPython.
pub mod price {
    pub const LITERAL: u64 = 8;
    pub const NUMBER: u64 = 40;
    pub const STRING: u64 = 64;
    pub const KEY: u64 = 64;
    /// With the frame that keeps it open.
    pub const ARRAY: u64 = 80;
    pub const OBJECT: u64 = 88;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Token,
    /// The container at this depth.
    Container(u64),
    Document,
    Stream,
}

/// Breaches, told when what crossed has ended.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    open: Vec<(Scope, Breach)>,
    ended: Vec<Breach>,
}

impl Machine {
    /// Switches enforcement off for all limits but depth and stack.
    pub fn audit(&mut self) {
        self.audit = Some(Box::default());
        self.metered = true;
    }

    #[must_use]
    pub fn is_audited(&self) -> bool {
        self.audit.is_some()
    }

    /// The breaches that have ended since the last call.
    pub fn take_breaches(&mut self) -> Vec<Breach> {
        let Some(audit) = &mut self.audit else { return Vec::new() };
        match &mut self.capture {
            // What is found while an object is captured is found again, or the document fails.
            Some(capture) => {
                let told = capture.take_ended().min(audit.ended.len());
                audit.ended.drain(..told).collect()
            }
            None => std::mem::take(&mut audit.ended),
        }
    }

    #[inline(always)]
    pub(super) fn offset(&self, c: &Cursor<'_>) -> u64 {
        self.base.offset + c.position() as u64
    }

    /// Charges the bytes of a token's text.
    pub(super) fn charge(&mut self, bytes: u64) {
        self.memory += bytes;
    }

    /// Asks every limit that the token which starts here may cross, in the order of the table. False: failed.
    #[cold]
    #[inline(never)]
    pub(super) fn gate<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>, byte: u8, in_object: bool) -> bool {
        let key = self.state == State::Key || self.state == State::FirstKey;
        let price = match byte {
            b'"' => {
                if key {
                    price::KEY
                } else {
                    price::STRING
                }
            }
            b'-' | b'0'..=b'9' => price::NUMBER,
            b't' | b'f' | b'n' => price::LITERAL,
            b'N' | b'I' if self.rules.nan => price::LITERAL,
            b'[' => price::ARRAY,
            b'{' => price::OBJECT,
            // No token starts here.
            _ => return true,
        };
        let at = self.offset(c);
        let container = matches!(byte, b'[' | b'{');
        if container && self.depth >= self.limits.depth {
            self.over_depth(builder, c);
            return false;
        }
        if self.metered {
            if self.tokens == self.limits.tokens
                && self.crossed(builder, c, Limit::Tokens, self.limits.tokens, self.tokens + 1, at)
            {
                return false;
            }
            self.tokens += 1;
            let before = self.memory;
            self.memory += price;
            if before <= self.limits.memory_bytes
                && self.memory > self.limits.memory_bytes
                && self.crossed(builder, c, Limit::MemoryBytes, self.limits.memory_bytes, self.memory, at)
            {
                return false;
            }
            if !self.is_audited() {
                let left = if self.limits.memory_bytes == NONE { NONE } else { self.limits.memory_bytes - self.memory };
                self.string_cap = self.limits.string_bytes.min(left);
                self.key_cap = self.limits.key_bytes.min(left);
                self.digits_cap = self.limits.number_digits.min(left);
            }
        }
        if container && let Some(overflow) = self.no_room(B::KEEPS_KEYS) {
            self.overflow = Some(overflow);
            self.stack_overflow(builder, c);
            return false;
        }
        let (limit, maximum) = match self.holder {
            Holder::Array => (Limit::Items, self.limits.items),
            Holder::Object if !in_object => (Limit::Members, self.limits.members),
            Holder::Object | Holder::Top => return true,
        };
        self.count != maximum || !self.crossed(builder, c, limit, maximum, self.count + 1, at)
    }

    /// What the push of the next frame would say, if the budget is what refuses it.
    fn no_room(&self, keeps_keys: bool) -> Option<Overflow> {
        let key = if keeps_keys || self.holder != Holder::Object { 0 } else { self.key.len().next_multiple_of(8) + 8 };
        let needed = self.stack.used() + key + FRAME;
        let budget = usize::try_from(self.limits.stack_bytes).unwrap_or(usize::MAX);
        (needed > budget).then_some(Overflow { budget, needed })
    }

    /// A limit is crossed at this offset. True: the machine has failed; false: it is audited and goes on.
    #[cold]
    pub(super) fn crossed<B: Builder>(
        &mut self,
        builder: &B,
        c: &Cursor<'_>,
        limit: Limit,
        maximum: u64,
        observed: u64,
        offset: u64,
    ) -> bool {
        if self.audit.is_none() {
            self.fail_at(builder, Kind::Limit { limit, maximum, observed }, c, offset);
            return true;
        }
        let scope = match limit {
            Limit::StringBytes | Limit::KeyBytes | Limit::NumberDigits => Scope::Token,
            Limit::Items | Limit::Members | Limit::RestMembers => Scope::Container(self.depth),
            Limit::RestBytes => Scope::Container(self.fence_depth),
            Limit::StreamBytes => Scope::Stream,
            _ => Scope::Document,
        };
        if self.aside != Aside::Capture {
            count_breach(limit as usize);
        }
        let breach = Breach { limit, maximum, observed, place: self.place(c, offset, false), path: self.path(builder) };
        if let Some(audit) = &mut self.audit {
            audit.open.push((scope, breach));
        }
        false
    }

    /// True while a token that crossed its limit is being read.
    pub(super) fn audit_token_open(&self) -> bool {
        self.audit.as_ref().is_some_and(|audit| audit.open.iter().any(|(scope, _)| *scope == Scope::Token))
    }

    /// How many breaches are open and have ended.
    pub(super) fn audit_mark(&self) -> (usize, usize) {
        self.audit.as_ref().map_or((0, 0), |audit| (audit.open.len(), audit.ended.len()))
    }

    /// Counts the breaches since then, which no second reading will find.
    pub(super) fn audit_count(&self, (open, ended): (usize, usize)) {
        if let Some(audit) = &self.audit {
            let opened = audit.open.iter().skip(open).map(|(_, breach)| breach);
            for breach in opened.chain(audit.ended.iter().skip(ended)) {
                count_breach(breach.limit as usize);
            }
        }
    }

    /// Forgets the breaches since then; of those before none has ended.
    pub(super) fn audit_back(&mut self, (open, ended): (usize, usize)) {
        if let Some(audit) = &mut self.audit {
            audit.open.truncate(open);
            audit.ended.truncate(ended);
        }
    }

    fn audit_end(&mut self, ended: Scope, observed: impl Fn(Limit) -> u64) {
        if let Some(audit) = &mut self.audit {
            for (_, mut breach) in audit.open.extract_if(.., |(scope, _)| *scope == ended) {
                breach.observed = observed(breach.limit);
                audit.ended.push(breach);
            }
        }
    }

    pub(super) fn audit_token(&mut self, size: u64) {
        self.audit_end(Scope::Token, |_| size);
    }

    #[cold]
    pub(super) fn audit_container<B: Builder>(&mut self, builder: &B, count: u64) {
        let (members, bytes) = builder.rest_totals();
        self.audit_end(Scope::Container(self.depth), |limit| match limit {
            Limit::RestMembers => members,
            Limit::RestBytes => bytes,
            _ => count,
        });
    }

    /// The document ended after `bytes` bytes.
    pub fn audit_document(&mut self, bytes: u64) {
        let (tokens, memory) = (self.tokens, self.memory);
        self.audit_end(Scope::Document, |limit| match limit {
            Limit::Tokens => tokens,
            Limit::MemoryBytes => memory,
            _ => bytes,
        });
    }

    /// Forgets what an abandoned document left open.
    pub(super) fn audit_restart(&mut self) {
        if let Some(audit) = &mut self.audit {
            audit.open.retain(|(scope, _)| *scope == Scope::Stream);
        }
    }

    /// The stream ended after `bytes` bytes.
    pub fn audit_stream(&mut self, bytes: u64) {
        self.audit_end(Scope::Stream, |_| bytes);
    }

    #[cold]
    pub(super) fn over_depth<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>) -> Flow {
        let maximum = self.limits.depth;
        self.fail(builder, Kind::Limit { limit: Limit::Depth, maximum, observed: maximum + 1 }, c)
    }

    /// The last push was refused.
    #[cold]
    pub(super) fn stack_overflow<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>) -> Flow {
        let kind = match self.overflow.take() {
            Some(overflow) if overflow.is_out_of_memory() => Kind::OutOfMemory,
            overflow => {
                let maximum = self.limits.stack_bytes;
                let needed = overflow.map_or(0, |overflow| overflow.needed as u64);
                Kind::Limit { limit: Limit::StackBytes, maximum, observed: needed.max(maximum + 1) }
            }
        };
        self.fail(builder, kind, c)
    }

    /// A comma and the end of its container.
    #[cold]
    pub(super) fn trailing_comma<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>) -> Flow {
        let comma = self.comma_before(c);
        let flow = self.fail(builder, Kind::TrailingComma, c);
        if let Some(error) = &mut self.error {
            error.token = comma;
        }
        flow
    }

    /// The offset of the comma that only white space divides from the cursor.
    fn comma_before(&self, c: &Cursor<'_>) -> u64 {
        let before = c.before();
        let space = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count();
        if space == before.len() { self.comma } else { self.base.offset + (before.len() - space - 1) as u64 }
    }

    /// The byte here does not fit what the state asks for: the end of the window, or an error.
    #[cold]
    pub(super) fn stop<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>, last: bool, kind: Kind) -> Flow {
        if !c.at_end() {
            return self.fail(builder, kind, c);
        }
        if last {
            return self.fail(builder, Kind::Incomplete, c);
        }
        if self.state == State::Key || (self.state == State::Value && self.holder == Holder::Array) {
            self.comma = self.comma_before(c);
        }
        Flow::NeedMore
    }

    /// What a byte that can't follow a value is called.
    pub(super) fn kind_after_value(&self) -> Kind {
        if self.holder == Holder::Top && self.depth == 0 { Kind::ExtraData } else { Kind::ExpectedComma }
    }

    #[cold]
    pub(super) fn refuse_key<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>, answer: Member) -> Flow {
        self.refuse_key_at(builder, c, self.offset(c), answer)
    }

    pub(super) fn refuse_key_at<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>, at: u64, answer: Member) -> Flow {
        match answer {
            Member::Duplicate => self.fail_at(builder, Kind::DuplicateKey, c, at),
            Member::Over => {
                let (limit, maximum, observed) = builder.rest_limit();
                self.fail_at(builder, Kind::Limit { limit, maximum, observed }, c, at)
            }
            _ => {
                // The path leads to the member that is not wanted.
                let state = std::mem::replace(&mut self.state, State::Colon);
                let flow = self.fail_at(builder, Kind::Builder, c, at);
                self.state = state;
                flow
            }
        }
    }

    /// The container was not opened: the stack has no room, or the builder does not take it.
    #[cold]
    pub(super) fn not_opened<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>) -> Flow {
        if self.overflow.is_some() { self.stack_overflow(builder, c) } else { self.fail(builder, Kind::Builder, c) }
    }

    #[cold]
    pub(super) fn fail<B: Builder>(&mut self, builder: &B, kind: Kind, c: &Cursor<'_>) -> Flow {
        self.fail_at(builder, kind, c, self.offset(c))
    }

    /// Fails at an offset that is not past the cursor.
    #[cold]
    pub(super) fn fail_at<B: Builder>(&mut self, builder: &B, kind: Kind, c: &Cursor<'_>, offset: u64) -> Flow {
        if kind == Kind::Builder && builder.stops() {
            // No error: nobody wants to know the way here, which may be long.
            return Flow::Failed;
        }
        if let Kind::Limit { limit, .. } = kind {
            count_breach(limit as usize);
        }
        let kind = if kind == Kind::Builder && builder.mismatches() { Kind::Mismatch } else { kind };
        let place = self.place(c, offset, kind == Kind::InvalidUtf8);
        let token = if self.cut == super::machine::Cut::None { offset } else { self.token };
        self.error = Some(Box::new(Error { kind, place, token, path: self.path(builder) }));
        Flow::Failed
    }

    /// A limit on bytes is crossed between two windows. True: the machine has failed.
    pub fn over_bytes<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>, limit: Limit, maximum: u64, at: u64) -> bool {
        self.crossed(builder, c, limit, maximum, maximum + 1, at)
    }

    /// There is no room on the stack for the value that starts here.
    pub fn over_stack<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>) {
        self.stack_overflow(builder, c);
    }

    /// Fails outside of any token: what stands around documents.
    pub fn fail_outside(&mut self, kind: Kind, c: &Cursor<'_>, offset: u64) {
        let place = self.place(c, offset, false);
        self.error = Some(Box::new(Error { kind, place, token: offset, path: String::new() }));
    }

    /// The place of an offset in the window, or shortly before it on the same line.
    #[must_use]
    pub fn place(&self, c: &Cursor<'_>, offset: u64, one_character: bool) -> Place {
        match offset.checked_sub(self.base.offset) {
            Some(at) => {
                let window = c.window();
                self.base.after(&window[..usize::try_from(at).unwrap_or(usize::MAX).min(window.len())])
            }
            None if offset == self.token_place.offset => self.token_place,
            None if offset == self.raw_place.offset => self.raw_place,
            None => self.base.back(offset, one_character),
        }
    }

    /// The way to what is being read.
    #[must_use]
    pub fn path<B: Builder>(&self, builder: &B) -> String {
        let words = self.stack.words();
        let mut top = words.len();
        // The outermost ones that can be shown, each of at least one character: depth may be in the millions.
        let mut steps = VecDeque::with_capacity(SHOWN);
        let (mut holder, mut count, mut mark, mut kept) = (self.holder, self.count, self.mark, B::KEEPS_KEYS);
        let mut inner = None;
        let mut pending = matches!(self.state, State::Value | State::FirstItem | State::Colon);
        let mut key = Some(self.key[..self.key.len().min(4 * SHOWN)].to_vec());
        loop {
            if pending && holder != Holder::Top {
                if steps.len() == SHOWN {
                    steps.pop_front();
                }
                steps.push_back(match holder {
                    Holder::Object => {
                        Step::Key(key.take().filter(|_| !kept).unwrap_or_else(|| builder.member_key(inner)))
                    }
                    _ => Step::Index(count),
                });
            }
            if top == 0 {
                break;
            }
            if kept && holder != Holder::Top {
                inner = Some(mark);
            }
            let bits = words[top - 1];
            mark = words[top - 2];
            top -= 2;
            (holder, count, kept) = (holder_of(bits), count_of(bits), bits & KEPT != 0);
            key = None;
            if bits & HAS_KEY != 0 {
                kept = false;
                let length = usize::try_from(words[top - 1]).unwrap_or(0);
                let start = top - 1 - length.div_ceil(8);
                let bytes =
                    words[start..top - 1].iter().flat_map(|word| word.to_ne_bytes()).take(length.min(4 * SHOWN));
                key = Some(bytes.collect());
                top = start;
            }
            pending = true;
        }
        pointer(steps.iter().rev())
    }
}

/// Bytes of one frame.
const FRAME: usize = 16;
