//! Streams of documents: framing, limits per document, and going on after a bad record.
//!
//! Input is taken from the caller's chunk in pieces, copied into a padded scratch buffer that only lives for the call; a
//! suspended stream holds its stack and the cut token, nothing else. A piece never reaches past the byte at which a
//! limit on bytes would be crossed, nor past the end of a record, so both are met at the same byte for every cut.

use super::builder::Builder;
use super::machine::{Flow, Machine, Rules};
use super::navigate::Navigator;
use crate::cursor::{Cursor, PADDING, Window};
use crate::error::{Breach, Error, Kind};
use crate::limits::{JsonLimits, Limit, NONE};
use crate::simd;

/// How documents stand in a stream.
#[derive(Clone, Debug)]
pub enum Framing {
    /// One document and white space.
    Single,
    /// One behind the other.
    Concatenated,
    /// JSON Lines: one on each line; blank lines are skipped.
    Lines,
    /// RFC 7464: each between a record separator and a line feed.
    Sequence,
    /// Values inside one document.
    Inside(Navigator),
}

/// What a stream came to.
#[derive(Debug)]
pub enum Event {
    /// The chunk is used up.
    NeedMore,
    /// The builder holds a complete document.
    Document,
    /// The record that ended here is bad; the stream goes on.
    BadRecord(Box<Error>),
    /// The stream's last word, also for every later call.
    Failed(Box<Error>),
}

/// The bytes of one feed.
#[derive(Debug)]
pub struct Chunk<'a> {
    rest: &'a [u8],
    scratch: &'a mut Vec<u8>,
    /// The window is `scratch[from..to]`; up to `read` it is read, up to `filled` the buffer holds more.
    from: usize,
    read: usize,
    to: usize,
    filled: usize,
    /// The byte at `to` while the sentinel stands there.
    hidden: u8,
    /// A separator stands behind `filled`.
    record_ends: bool,
    /// Nothing follows this chunk.
    last: bool,
}

/// Bytes copied at a time.
const PIECE: usize = 64 << 10;

impl<'a> Chunk<'a> {
    /// `scratch` is any buffer, kept by the caller for the next feed. `last`: the stream is closed behind these bytes.
    pub fn new(bytes: &'a [u8], scratch: &'a mut Vec<u8>, last: bool) -> Self {
        Self { rest: bytes, scratch, from: 0, read: 0, to: 0, filled: 0, hidden: 0, record_ends: false, last }
    }

    /// Copies the next `count` bytes.
    fn fill(&mut self, count: usize) {
        self.scratch.clear();
        self.scratch.extend_from_slice(&self.rest[..count]);
        self.scratch.resize(count + PADDING, 0);
        self.rest = &self.rest[count..];
        (self.from, self.read, self.to, self.filled, self.hidden) = (0, 0, count, count, 0);
    }

    /// Ends the window at `to`.
    fn clip(&mut self, to: usize) {
        self.scratch[self.to] = self.hidden;
        self.to = to;
        self.hidden = std::mem::replace(&mut self.scratch[to], 0);
    }

    fn is_at_record_end(&self) -> bool {
        self.record_ends && self.to == self.filled
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// White space, then a document.
    Between,
    /// In a document that the builder takes.
    Document,
    /// In the document around the values that are delivered.
    Around,
    /// Behind a document that only the end of its record completes.
    Behind,
    /// Behind a record's error, up to its end.
    Skipping,
    /// White space and the end.
    Ended,
}

/// A stream of documents.
#[derive(Debug)]
pub struct Stream {
    machine: Machine,
    framing: Framing,
    limits: JsonLimits,
    around: JsonLimits,
    phase: Phase,
    /// Where the document started, and the offset of the byte that is too many for it.
    start: u64,
    document_end: u64,
    /// The offset of the byte that is too many for the stream.
    stream_end: u64,
    /// The document's first byte.
    first: u8,
    /// `Sequence`: behind a record separator; white space stands behind the value.
    armed: bool,
    spaced: bool,
    recovers: bool,
    bad: Option<Box<Error>>,
    failed: Option<Box<Error>>,
}

impl Stream {
    /// `start`: bytes of stack to begin with. `recovers`: a bad record of `Lines` or `Sequence` does not end the stream.
    #[must_use]
    pub fn new(framing: Framing, limits: JsonLimits, rules: Rules, start: usize, recovers: bool) -> Self {
        let around = JsonLimits {
            depth: limits.depth,
            stack_bytes: limits.stack_bytes,
            key_bytes: limits.key_bytes,
            ..JsonLimits::UNLIMITED
        };
        let recovers = recovers && matches!(framing, Framing::Lines | Framing::Sequence);
        let single = matches!(framing, Framing::Single);
        Self {
            machine: Machine::new(limits, rules, start),
            framing,
            limits,
            around,
            phase: Phase::Between,
            start: 0,
            document_end: if single { limits.document_bytes } else { NONE },
            stream_end: if single { NONE } else { limits.stream_bytes },
            first: 0,
            armed: false,
            spaced: false,
            recovers,
            bad: None,
            failed: None,
        }
    }

    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    #[must_use]
    pub fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// True where the stream waits inside a document.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        !matches!(self.phase, Phase::Between | Phase::Ended)
    }

    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Bytes read.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.machine.base().offset
    }

    /// A stream in the same state; the builder is forked beside it. `None` where no memory is left for its stack.
    #[must_use]
    pub fn fork(&self) -> Option<Self> {
        Some(Self {
            machine: self.machine.fork()?,
            framing: self.framing.clone(),
            bad: self.bad.clone(),
            failed: self.failed.clone(),
            ..*self
        })
    }

    /// The breaches that have ended since the last call.
    pub fn take_breaches(&mut self) -> Vec<Breach> {
        self.machine.take_breaches()
    }

    /// Reads on until a document is complete, the chunk is used up, or the stream fails.
    pub fn next<B: Builder>(&mut self, builder: &mut B, chunk: &mut Chunk<'_>) -> Event {
        if let Some(error) = &self.failed {
            return Event::Failed(error.clone());
        }
        loop {
            if chunk.read == chunk.to && !chunk.is_at_record_end() {
                self.pass(chunk);
                if let Some(event) = self.refill(builder, chunk) {
                    return event;
                }
            }
            let last = chunk.is_at_record_end() || (chunk.last && chunk.rest.is_empty() && chunk.to == chunk.filled);
            let window = Window::padded(&chunk.scratch[chunk.from..], chunk.to - chunk.from);
            let mut cursor = window.cursor(chunk.read - chunk.from);
            let step = self.step(builder, &mut cursor, last);
            chunk.read = chunk.from + cursor.position();
            match step {
                Step::Emit => return Event::Document,
                Step::Go => self.clip(chunk),
                Step::Fail => {
                    if let Some(event) = self.fail(builder) {
                        return event;
                    }
                }
                Step::NeedMore => {
                    debug_assert!(chunk.read == chunk.to);
                    if chunk.is_at_record_end() {
                        self.pass(chunk);
                        if let Some(event) = self.end_record(builder, chunk) {
                            return event;
                        }
                    } else if last {
                        self.pass(chunk);
                        return self.end(builder);
                    }
                }
            }
        }
    }

    /// Counts the window as read.
    fn pass(&mut self, chunk: &mut Chunk<'_>) {
        self.machine.pass(&chunk.scratch[chunk.from..chunk.to]);
        chunk.from = chunk.to;
    }

    /// Bytes that may be looked at before a limit on bytes is crossed.
    fn room(&self) -> usize {
        let offset = self.offset();
        // A number that is complete at its last byte is only known to be by the next.
        let waits = self.document_end == offset && self.machine.cuts_number_document() && !self.is_single();
        let document_end = if waits { NONE } else { self.document_end };
        usize::try_from(document_end.min(self.stream_end) - offset).unwrap_or(usize::MAX)
    }

    /// A document began, and its limit may lie inside the window.
    fn clip(&mut self, chunk: &mut Chunk<'_>) {
        let room = self.room();
        if room < chunk.to - chunk.from {
            chunk.clip(chunk.from + room);
        }
    }

    /// The next window. `Some`: there is none, or a limit on bytes is crossed.
    fn refill<B: Builder>(&mut self, builder: &mut B, chunk: &mut Chunk<'_>) -> Option<Event> {
        let offset = self.offset();
        let next = if chunk.to < chunk.filled { Some(chunk.hidden) } else { chunk.rest.first().copied() };
        if let Some(next) = next {
            if offset == self.document_end && Some(next) != self.separator() && !self.number_is_complete(next) {
                let end = std::mem::replace(&mut self.document_end, NONE);
                if self.over_bytes(builder, Limit::DocumentBytes, self.limits.document_bytes, end) {
                    return self.fail(builder).or_else(|| self.refill(builder, chunk));
                }
            }
            if offset == self.stream_end {
                let end = std::mem::replace(&mut self.stream_end, NONE);
                if self.over_bytes(builder, Limit::StreamBytes, self.limits.stream_bytes, end) {
                    self.recovers = false;
                    return self.fail(builder);
                }
            }
        }
        let room = self.room();
        if chunk.to < chunk.filled {
            chunk.clip(chunk.filled.min(chunk.from.saturating_add(room)));
            return None;
        }
        let most = chunk.rest.len().min(PIECE);
        let mut count = most.min(room);
        if let Some(separator) = self.separator() {
            // A separator behind the last byte that the document may have counts for the stream alone.
            let of_stream = usize::try_from(self.stream_end - offset).unwrap_or(usize::MAX);
            let reach = most.min(count.saturating_add(1)).min(of_stream);
            if let Some(at) = memchr::memchr(separator, &chunk.rest[..reach]) {
                count = at;
                chunk.record_ends = true;
            }
        }
        if count == 0 && !chunk.record_ends && !chunk.last {
            return Some(Event::NeedMore);
        }
        chunk.fill(count);
        None
    }

    /// At the last byte that the document may have: a number that ends here without knowing it.
    fn number_is_complete(&self, next: u8) -> bool {
        // White space around a single document counts as its own.
        self.machine.cuts_number_document()
            && !self.is_single()
            && !matches!(next, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
    }

    fn is_single(&self) -> bool {
        matches!(self.framing, Framing::Single)
    }

    /// What is delivered is part of a larger document.
    fn is_inside_another(&self) -> bool {
        matches!(&self.framing, Framing::Inside(navigator) if !navigator.is_root())
    }

    fn separator(&self) -> Option<u8> {
        match self.framing {
            Framing::Lines => Some(b'\n'),
            Framing::Sequence => Some(0x1e),
            _ => None,
        }
    }

    /// A limit on bytes is crossed. True: the machine failed.
    fn over_bytes<B: Builder>(&mut self, builder: &B, limit: Limit, maximum: u64, end: u64) -> bool {
        let empty = [0; PADDING];
        let window = Window::padded(&empty, 0);
        self.machine.over_bytes(builder, &window.cursor(0), limit, maximum, end)
    }

    fn step<B: Builder>(&mut self, builder: &mut B, cursor: &mut Cursor<'_>, last: bool) -> Step {
        match self.phase {
            Phase::Between => {
                let byte = simd::skip_space(cursor);
                if cursor.at_end() {
                    return Step::NeedMore;
                }
                let offset = self.offset() + cursor.position() as u64;
                if matches!(self.framing, Framing::Sequence) && !self.armed {
                    self.machine.fail_outside(Kind::ExpectedValue, cursor, offset);
                    return Step::Fail;
                }
                self.machine.begin();
                self.first = byte;
                if matches!(self.framing, Framing::Inside(_)) {
                    self.machine.set_limits(self.around);
                    self.phase = Phase::Around;
                } else {
                    self.begin_document(offset);
                }
                Step::Go
            }
            // Inside another document the end of the input never completes a number.
            Phase::Document => match self.machine.run(builder, cursor, last && !self.is_inside_another()) {
                Flow::NeedMore => Step::NeedMore,
                Flow::Done => self.done(cursor),
                _ => Step::Fail,
            },
            Phase::Around => {
                let Framing::Inside(navigator) = &mut self.framing else { unreachable!("only then around") };
                match self.machine.run(navigator, cursor, last) {
                    Flow::NeedMore => Step::NeedMore,
                    Flow::Take => {
                        if !self.machine.enter() {
                            self.machine.over_stack(navigator, cursor);
                            return Step::Fail;
                        }
                        let offset = self.offset() + cursor.position() as u64;
                        self.begin_document(offset);
                        Step::Go
                    }
                    Flow::Done => {
                        self.phase = Phase::Ended;
                        Step::Go
                    }
                    _ => Step::Fail,
                }
            }
            Phase::Behind => {
                while !cursor.at_end() {
                    match cursor.peek() {
                        b'\n' if matches!(self.framing, Framing::Sequence) => {
                            cursor.advance(1);
                            self.phase = Phase::Between;
                            self.armed = false;
                            return Step::Emit;
                        }
                        b' ' | b'\t' | b'\r' | b'\n' => {
                            self.spaced = true;
                            cursor.advance(1);
                        }
                        _ => {
                            let offset = self.offset() + cursor.position() as u64;
                            self.machine.fail_outside(Kind::ExtraData, cursor, offset);
                            return Step::Fail;
                        }
                    }
                }
                Step::NeedMore
            }
            Phase::Skipping => {
                cursor.advance(cursor.left());
                Step::NeedMore
            }
            Phase::Ended => {
                simd::skip_space(cursor);
                if cursor.at_end() {
                    return Step::NeedMore;
                }
                let offset = self.offset() + cursor.position() as u64;
                self.machine.fail_outside(Kind::ExtraData, cursor, offset);
                Step::Fail
            }
        }
    }

    fn begin_document(&mut self, offset: u64) {
        self.machine.set_limits(self.limits);
        self.phase = Phase::Document;
        self.spaced = false;
        if !self.is_single() {
            self.start = offset;
            self.document_end = offset.saturating_add(self.limits.document_bytes);
        }
    }

    /// The builder has its value.
    fn done(&mut self, cursor: &Cursor<'_>) -> Step {
        let end = self.offset() + cursor.position() as u64;
        if !self.is_single() {
            self.document_end = NONE;
            self.machine.audit_document(end - self.start);
        }
        match self.framing {
            Framing::Single | Framing::Lines | Framing::Sequence => {
                self.phase = Phase::Behind;
                Step::Go
            }
            Framing::Concatenated => {
                let glued = matches!(cursor.peek(), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.');
                if glued && matches!(self.first, b'0'..=b'9' | b'-') {
                    self.machine.fail_outside(Kind::ExtraData, cursor, end);
                    return Step::Fail;
                }
                self.phase = Phase::Between;
                Step::Emit
            }
            Framing::Inside(_) => {
                self.machine.leave();
                self.machine.set_limits(self.around);
                self.phase = Phase::Around;
                Step::Emit
            }
        }
    }

    /// A separator ends the record.
    fn end_record<B: Builder>(&mut self, builder: &mut B, chunk: &mut Chunk<'_>) -> Option<Event> {
        let phase = self.phase;
        let cut = phase == Phase::Behind && self.may_be_cut();
        if cut {
            self.fail_here(Kind::Incomplete);
        }
        chunk.record_ends = false;
        self.machine.pass(&chunk.rest[..1]);
        chunk.rest = &chunk.rest[1..];
        self.armed = true;
        if cut {
            let error = self.fail(builder);
            self.phase = Phase::Between;
            return error.or_else(|| self.bad.take().map(Event::BadRecord));
        }
        match phase {
            Phase::Behind => {
                self.phase = Phase::Between;
                Some(Event::Document)
            }
            Phase::Skipping => {
                self.phase = Phase::Between;
                self.bad.take().map(Event::BadRecord)
            }
            _ => None,
        }
    }

    /// RFC 7464 §2.4: a number or literal with no white space behind it may have been longer.
    fn may_be_cut(&self) -> bool {
        matches!(self.framing, Framing::Sequence) && !self.spaced && !matches!(self.first, b'[' | b'{' | b'"')
    }

    fn fail_here(&mut self, kind: Kind) {
        let empty = [0; PADDING];
        let window = Window::padded(&empty, 0);
        let offset = self.offset();
        self.machine.fail_outside(kind, &window.cursor(0), offset);
    }

    /// The input ended.
    fn end<B: Builder>(&mut self, builder: &mut B) -> Event {
        self.machine.audit_stream(self.offset());
        match self.phase {
            Phase::Behind if !self.may_be_cut() => {
                self.phase = if self.is_single() { Phase::Ended } else { Phase::Between };
                if self.is_single() {
                    let bytes = self.offset();
                    self.document_end = NONE;
                    self.machine.audit_document(bytes);
                }
                Event::Document
            }
            Phase::Skipping => {
                self.phase = Phase::Between;
                self.bad.take().map_or(Event::NeedMore, Event::BadRecord)
            }
            Phase::Between if !matches!(self.framing, Framing::Single | Framing::Inside(_)) => Event::NeedMore,
            Phase::Ended => Event::NeedMore,
            _ => {
                self.fail_here(Kind::Incomplete);
                self.fail(builder).unwrap_or_else(|| {
                    self.phase = Phase::Between;
                    self.bad.take().map_or(Event::NeedMore, Event::BadRecord)
                })
            }
        }
    }

    /// The machine failed. `None`: only the record is lost.
    fn fail<B: Builder>(&mut self, builder: &mut B) -> Option<Event> {
        builder.abandon();
        self.document_end = NONE;
        let error = self.machine.take_error()?;
        if self.recovers && !matches!(error.kind, Kind::Builder | Kind::OutOfMemory) {
            self.machine.begin();
            self.bad = Some(error);
            self.phase = Phase::Skipping;
            return None;
        }
        self.failed = Some(error.clone());
        Some(Event::Failed(error))
    }
}

enum Step {
    NeedMore,
    Emit,
    Go,
    Fail,
}
