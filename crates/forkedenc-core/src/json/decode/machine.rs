//! The decoder: one coroutine that reads a JSON text (RFC 8259) from windows of any size and calls a builder.
//!
//! How it is laid out. Here are the machine's state and how documents begin, end and nest. `loops.rs` holds the two hot
//! loops. They take complete tokens from the window; a token that is cut, doubtful or near a limit goes to `tokens.rs`,
//! which finishes it byte by byte and comes back. What is rare (limits, errors, paths) is in `account.rs`. The state is
//! read from `self` when a loop is entered and written back when it is left; in between it lives in locals.
//!
//! Invariants: a frame on the stack is the state of the container *around* the open one; `count` is the number of
//! values (members) completed in the open container; `state` says what may come next.

use forkedenc_runtime::{Overflow, Stack};

use super::account::Audit;
use super::aside::Aside;
use super::builder::{Builder, Constant, REFUSED};
use super::capture::Capture;
use super::number::Digits;
use super::text::{SCRATCH, Text, TextRules};
use crate::cursor::Window;
use crate::error::{Error, Kind};
use crate::limits::{JsonLimits, NONE};
use crate::position::Place;
use crate::simd;

/// What a decode lets pass beside RFC 8259.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// NaN, Infinity and -Infinity, and numbers past the range of a double.
    pub nan: bool,
    pub text: TextRules,
}

impl Rules {
    /// RFC 8259 and nothing else.
    pub const STRICT: Self = Self { nan: false, text: TextRules { surrogates: false, controls: false } };
    /// What `json.loads` takes.
    pub const STDLIB: Self = Self { nan: true, text: TextRules { surrogates: true, controls: false } };
}

/// Off in the build that a bench compares with alone: it shows what limits and ends of chunks cost.
pub(super) const CHECKED: bool = cfg!(not(feature = "unchecked-bench"));

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The window is used up.
    NeedMore,
    /// The value is complete.
    Done,
    /// [`Machine::error`] says why.
    Failed,
    /// A builder that navigates takes the value that starts here.
    Take,
    /// The value that starts here is to be read past.
    Skip,
    /// The value that starts here is wanted as its bytes.
    Raw,
    /// The fence lies in this window.
    Fenced,
    /// The object that starts here is of a class that a member behind tells.
    Capture,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// No container: the value is the document, or was taken or skipped out of one.
    Top,
    Array,
    Object,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Value,
    /// A value or the end of the array.
    FirstItem,
    Key,
    /// A key or the end of the object.
    FirstKey,
    Colon,
    /// Behind a value.
    After,
}

/// The token that the end of the window cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    None,
    String,
    Key,
    Number,
    /// A literal and how much of it was there.
    Literal(Literal, u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Null,
    True,
    False,
    Constant(Constant),
}

impl Literal {
    pub(super) fn text(self) -> &'static [u8] {
        match self {
            Self::Null => b"null",
            Self::True => b"true",
            Self::False => b"false",
            Self::Constant(Constant::NaN) => b"NaN",
            Self::Constant(Constant::Infinity) => b"Infinity",
            Self::Constant(Constant::NegativeInfinity) => b"-Infinity",
        }
    }

    #[inline(always)]
    pub(super) fn build<B: Builder>(self, builder: &mut B) -> bool {
        match self {
            Self::Null => builder.null(),
            Self::True => builder.boolean(true),
            Self::False => builder.boolean(false),
            Self::Constant(constant) => builder.constant(constant),
        }
    }
}

/// How a token ended that the hot loop gave away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Complete,
    Stopped(Flow),
}

/// A decode of one document, suspended or about to start.
#[derive(Debug)]
pub struct Machine {
    pub(super) stack: Stack,
    pub(super) rules: Rules,
    /// The limits in force: those of the document, or outside of one those of what surrounds it.
    pub(super) limits: JsonLimits,
    pub(super) holder: Holder,
    pub(super) state: State,
    pub(super) count: u64,
    pub(super) mark: u64,
    pub(super) depth: u64,
    peak: u64,
    pub(super) cut: Cut,
    /// Where the cut token starts.
    pub(super) token: u64,
    /// The place of the last key or string that a window's end cut.
    pub(super) token_place: Place,
    pub(super) text: Text,
    pub(super) digits: Digits,
    /// The key of the open member, where the builder keeps none.
    pub(super) key: Vec<u8>,
    /// The place of the window's first byte.
    pub(super) base: Place,
    /// The offset of the last comma, known when the window behind it ended.
    pub(super) comma: u64,
    /// Most bytes of the next string and key, and characters of the next number: the limits, or what memory is left.
    pub(super) string_cap: u64,
    pub(super) key_cap: u64,
    pub(super) digits_cap: u64,
    /// Every token passes the gate: tokens or memory are limited, or limits are audited.
    pub(super) metered: bool,
    pub(super) tokens: u64,
    pub(super) memory: u64,
    pub(super) audit: Option<Box<Audit>>,
    pub(super) error: Option<Box<Error>>,
    /// The push that was refused.
    pub(super) overflow: Option<Overflow>,
    /// What the value that is being read is to the builder.
    pub(super) aside: Aside,
    /// The bytes of a raw value that earlier windows held.
    pub(super) raw: Vec<u8>,
    /// Where a raw value starts, its place once a window behind it was passed, and the rules outside of it.
    pub(super) raw_start: u64,
    pub(super) raw_place: Place,
    pub(super) raw_rules: Rules,
    /// The member whose key was read is to be skipped, or belongs to a rest.
    pub(super) skip_next: bool,
    pub(super) rest_next: bool,
    /// No byte at this offset or behind may be read: the rests that are open have no room for it. With the depth of the
    /// object whose rest that is.
    pub(super) fence: u64,
    pub(super) fence_depth: u64,
    /// The same for the rests around.
    pub(super) fences: Vec<(u64, u64)>,
    pub(super) capture: Option<Box<Capture>>,
    /// A part of a window, copied.
    pub(super) part: Vec<u8>,
}

/// How many low bits of a frame's second word are flags.
const FLAGS: u32 = 4;
const HOLDER: u64 = 3;
/// The member's key lies below the frame.
pub(super) const HAS_KEY: u64 = 4;
/// The level's keys are the builder's to tell.
pub(super) const KEPT: u64 = 8;

pub(super) fn holder_of(bits: u64) -> Holder {
    match bits & HOLDER {
        0 => Holder::Top,
        1 => Holder::Array,
        _ => Holder::Object,
    }
}

pub(super) fn count_of(bits: u64) -> u64 {
    bits >> FLAGS
}

impl Machine {
    /// `start`: bytes of stack to begin with.
    #[inline(always)]
    #[must_use]
    pub fn new(limits: JsonLimits, rules: Rules, start: usize) -> Self {
        let budget = usize::try_from(limits.stack_bytes).unwrap_or(usize::MAX);
        let mut machine = Self {
            stack: Stack::new(start, budget),
            rules,
            limits,
            holder: Holder::Top,
            state: State::Value,
            count: 0,
            mark: 0,
            depth: 0,
            peak: 0,
            cut: Cut::None,
            token: 0,
            token_place: Place::START,
            text: Text::default(),
            digits: Digits::default(),
            key: Vec::new(),
            base: Place::START,
            comma: 0,
            string_cap: NONE,
            key_cap: NONE,
            digits_cap: NONE,
            metered: false,
            tokens: 0,
            memory: 0,
            audit: None,
            error: None,
            overflow: None,
            aside: Aside::No,
            raw: Vec::new(),
            raw_start: 0,
            raw_place: Place::START,
            raw_rules: rules,
            skip_next: false,
            rest_next: false,
            fence: NONE,
            fence_depth: 0,
            fences: Vec::new(),
            capture: None,
            part: Vec::new(),
        };
        machine.set_limits(limits);
        machine
    }

    /// The limits from here on; what was counted starts over.
    #[inline]
    pub fn set_limits(&mut self, limits: JsonLimits) {
        self.limits = limits;
        self.tokens = 0;
        self.memory = 0;
        self.metered = limits.tokens != NONE || limits.memory_bytes != NONE || self.audit.is_some();
        self.string_cap = limits.string_bytes;
        self.key_cap = limits.key_bytes;
        self.digits_cap = limits.number_digits;
    }

    /// Makes ready for a document at the outermost level.
    pub fn begin(&mut self) {
        self.holder = Holder::Top;
        self.state = State::Value;
        self.count = 0;
        // A document that failed has left the mark of its innermost container.
        self.mark = 0;
        self.cut = Cut::None;
        self.depth = 0;
        self.stack.truncate(0);
        if self.aside == Aside::Raw {
            self.rules = self.raw_rules;
        }
        self.aside = Aside::No;
        self.skip_next = false;
        self.rest_next = false;
        self.fence = NONE;
        self.fences.clear();
        self.capture = None;
        self.error = None;
        self.audit_restart();
    }

    /// Between two documents of one thread: see [`Stack::rest`].
    pub fn rest(&mut self) {
        self.stack.rest();
        self.text.rest();
        self.digits.rest();
        for buffer in [&mut self.key, &mut self.raw, &mut self.part] {
            if buffer.capacity() > SCRATCH {
                *buffer = Vec::new();
            }
        }
    }

    /// A machine for the next document of its thread, in place: see [`Stack::restart`].
    pub fn restart(&mut self, limits: JsonLimits, rules: Rules, start: usize) {
        self.stack.restart(start, usize::try_from(limits.stack_bytes).unwrap_or(usize::MAX));
        self.rules = rules;
        self.mark = 0;
        self.peak = 0;
        self.base = Place::START;
        self.token_place = Place::START;
        self.audit = None;
        self.overflow = None;
        self.begin();
        self.set_limits(limits);
    }

    /// Enters the value that starts here as a document of its own, or as one to skip; `leave` goes back.
    pub fn enter(&mut self) -> bool {
        self.enter_from(false)
    }

    pub(super) fn enter_from(&mut self, kept: bool) -> bool {
        let has_key = !kept && self.holder == Holder::Object;
        if has_key && !self.push_key() {
            return false;
        }
        if let Err(overflow) = self.stack.push_pair(self.mark, self.bits(self.count, has_key, kept)) {
            self.no_frame(overflow, has_key);
            return false;
        }
        self.holder = Holder::Top;
        self.state = State::Value;
        self.count = 0;
        true
    }

    /// Behind the value that `enter` entered.
    pub fn leave(&mut self) {
        let (holder, count) = self.pop_frame();
        self.holder = holder;
        self.count = count + 1;
        self.state = State::After;
    }

    /// Open containers.
    #[must_use]
    pub fn depth(&self) -> u64 {
        self.depth
    }

    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    #[must_use]
    pub fn stack_mut(&mut self) -> &mut Stack {
        &mut self.stack
    }

    /// Why the machine failed.
    pub fn take_error(&mut self) -> Option<Box<Error>> {
        self.error.take()
    }

    /// The place of the window's first byte.
    #[must_use]
    pub fn base(&self) -> Place {
        self.base
    }

    /// The next window follows this one.
    pub fn pass(&mut self, window: &[u8]) {
        if matches!(self.cut, Cut::Key | Cut::String)
            && let Some(at) = self.token.checked_sub(self.base.offset)
        {
            // What turns out to be refused is refused here, and its characters may be of many bytes.
            self.token_place = self.base.after(&window[..usize::try_from(at).unwrap_or(usize::MAX).min(window.len())]);
        }
        if self.aside == Aside::Raw
            && let Some(at) = self.raw_start.checked_sub(self.base.offset)
        {
            self.raw_place = self.base.after(&window[..usize::try_from(at).unwrap_or(usize::MAX).min(window.len())]);
        }
        self.base = self.base.after(window);
    }

    /// True where the end of the last window cut a number that is the whole document.
    #[must_use]
    pub fn cuts_number_document(&self) -> bool {
        self.cut == Cut::Number && self.holder == Holder::Top && (self.aside == Aside::No || self.is_document_aside())
    }

    /// The value aside is the document itself, not one inside of it.
    fn is_document_aside(&self) -> bool {
        self.stack.words().last().is_some_and(|bits| holder_of(*bits) == Holder::Top)
    }

    /// Of a number that is the whole document and stopped where none can end, as `1.` does: how many bytes of it are one.
    #[must_use]
    pub fn number_within(&self) -> Option<u64> {
        (self.cuts_number_document() && self.digits.accepted() > 0).then(|| self.digits.accepted())
    }

    /// The key of the open member, where the machine keeps it.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Notes the open member's key; false where memory is out.
    #[inline(always)]
    pub(super) fn keep_key(&mut self, text: &[u8]) -> bool {
        self.key.clear();
        let room = self.key.try_reserve(text.len()).is_ok();
        if room {
            self.key.extend_from_slice(text);
        }
        room
    }

    /// A machine in the same state; `None` where no memory is left for its stack.
    #[must_use]
    pub fn fork(&self) -> Option<Self> {
        Some(Self {
            stack: self.stack.try_fork()?,
            text: self.text.clone(),
            digits: self.digits.clone(),
            key: self.key.clone(),
            audit: self.audit.clone(),
            error: self.error.clone(),
            raw: self.raw.clone(),
            fences: self.fences.clone(),
            capture: self.capture.clone(),
            part: Vec::new(),
            ..*self
        })
    }

    /// Counts the peak depth into the stack's statistics.
    pub fn note_depth(&mut self) {
        self.stack.note_depth(self.peak);
    }

    /// Reads a document that is there in full, white space around it.
    ///
    /// # Errors
    /// What is wrong with it first.
    #[inline(always)]
    pub fn document<B: Builder>(&mut self, builder: &mut B, window: &Window<'_>) -> Result<(), Box<Error>> {
        self.stack.resume();
        let mut cursor = window.cursor(0);
        let flow = self.run(builder, &mut cursor, true);
        self.note_depth();
        if flow == Flow::Done {
            simd::skip_space(&mut cursor);
            if cursor.at_end() {
                return Ok(());
            }
            let here = cursor;
            self.fail(builder, Kind::ExtraData, &here);
        }
        builder.abandon();
        Err(self.error.take().expect("a machine that stops has said why"))
    }

    /// The first window starts here.
    pub fn set_base(&mut self, base: Place) {
        self.base = base;
    }

    #[inline(always)]
    pub(super) fn bits(&self, count: u64, has_key: bool, kept: bool) -> u64 {
        let holder = self.holder as u64;
        count << FLAGS | u64::from(kept) << 3 | u64::from(has_key) << 2 | holder
    }

    #[cold]
    fn push_key(&mut self) -> bool {
        let key = std::mem::take(&mut self.key);
        self.overflow = self.stack.push_bytes(&key).err();
        self.key = key;
        self.overflow.is_none()
    }

    /// A frame was refused: its key goes as well, for whoever walks the stack takes what is on top for a frame.
    #[cold]
    fn no_frame(&mut self, overflow: Overflow, has_key: bool) {
        if has_key {
            self.stack.pop_bytes();
        }
        self.overflow = Some(overflow);
    }

    #[inline(always)]
    fn pop_frame(&mut self) -> (Holder, u64) {
        let [mark, bits] = self.stack.pop();
        self.mark = mark;
        if bits & HAS_KEY != 0 {
            self.stack.pop_bytes();
        }
        (holder_of(bits), count_of(bits))
    }

    /// How many values the open container may have before the gate has to be asked.
    #[inline(always)]
    pub(super) fn cap(&self, holder: Holder) -> u64 {
        if self.metered {
            return 0;
        }
        match holder {
            Holder::Top => NONE,
            Holder::Array => self.limits.items,
            Holder::Object => self.limits.members,
        }
    }

    /// Opens a container at the bracket. False: the stack's budget does not allow it, or the builder does not take it.
    #[inline(always)]
    pub(super) fn open<B: Builder>(&mut self, builder: &mut B, holder: Holder, count: u64) -> bool {
        let has_key = !B::KEEPS_KEYS && self.holder == Holder::Object;
        if has_key && !self.push_key() {
            return false;
        }
        if let Err(overflow) = self.stack.push_pair(self.mark, self.bits(count, has_key, B::KEEPS_KEYS)) {
            self.no_frame(overflow, has_key);
            return false;
        }
        self.depth += 1;
        if self.depth > self.peak {
            self.peak = self.depth;
        }
        let mark = if holder == Holder::Array { builder.begin_array() } else { builder.begin_object() };
        if B::REFUSES && mark == REFUSED {
            self.depth -= 1;
            self.pop_frame();
            return false;
        }
        self.mark = mark;
        self.holder = holder;
        true
    }

    /// Closes the open container; the count of the one around it with it, or, where the builder failed, without.
    #[inline(always)]
    pub(super) fn close<B: Builder>(&mut self, builder: &mut B, count: u64) -> Result<u64, u64> {
        let mark = self.mark;
        let array = self.holder == Holder::Array;
        if self.audit.is_some() {
            self.audit_container(builder, count);
        }
        let (holder, outer) = self.pop_frame();
        self.holder = holder;
        self.depth -= 1;
        let built = if array { builder.end_array(mark, self.mark) } else { builder.end_object(mark, self.mark) };
        if built { Ok(outer + 1) } else { Err(outer) }
    }
}
