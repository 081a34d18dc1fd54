//! Values that a builder wants otherwise than built: read past, or as their bytes. Their grammar is checked by the loops
//! all the same, on a builder that builds nothing.

use super::builder::{Builder, Constant, Member, builds_nothing};
use super::machine::{Flow, Machine, State};
use super::text::TextRules;
use crate::cursor::Cursor;
use crate::error::Kind;

/// What the value that is being read is to the builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aside {
    No,
    Skip,
    Raw,
    /// Read to find the member that tells its class.
    Capture,
}

impl Machine {
    /// Reads on from the cursor, values aside included.
    #[inline(always)]
    pub(super) fn run_aside<B: Builder>(&mut self, builder: &mut B, cursor: &mut Cursor<'_>, last: bool) -> Flow {
        loop {
            let from = cursor.mark();
            let flow = match self.aside {
                Aside::No => self.read(builder, cursor, last),
                Aside::Skip | Aside::Raw => self.read(&mut Unbuilt(builder), cursor, last),
                Aside::Capture => return self.scan(builder, cursor, last),
            };
            match flow {
                Flow::Skip => {
                    if !self.enter_from(B::KEEPS_KEYS) {
                        return self.stack_overflow(builder, cursor);
                    }
                    self.aside = Aside::Skip;
                }
                Flow::Raw => {
                    if !self.enter_from(B::KEEPS_KEYS) {
                        return self.stack_overflow(builder, cursor);
                    }
                    self.aside = Aside::Raw;
                    self.raw.clear();
                    self.raw_start = self.offset(cursor);
                    self.raw_rules = self.rules;
                    // Whether half a surrogate pair may stand there is asked when the value is decoded.
                    self.rules.nan = false;
                    self.rules.text = TextRules { surrogates: true, ..self.rules.text };
                }
                Flow::Done if self.aside == Aside::Skip => {
                    self.leave();
                    self.aside = Aside::No;
                }
                Flow::Done if self.aside == Aside::Raw => {
                    if !self.keep_last_raw(cursor.since(from)) {
                        return self.fail(builder, Kind::OutOfMemory, cursor);
                    }
                    if !self.end_raw(builder, cursor.since(from)) {
                        return self.refuse_raw(builder, cursor);
                    }
                }
                Flow::NeedMore if self.aside == Aside::Raw && !self.keep_raw(cursor.since(from)) => {
                    return self.fail(builder, Kind::OutOfMemory, cursor);
                }
                other => return other,
            }
        }
    }

    /// Keeps bytes of a raw value that goes on in the next window; false where memory is out.
    fn keep_raw(&mut self, bytes: &[u8]) -> bool {
        let room = self.raw.try_reserve(bytes.len()).is_ok();
        if room {
            self.raw.extend_from_slice(bytes);
        }
        room
    }

    /// The same for its last bytes; of a value that lies in one window none are kept.
    fn keep_last_raw(&mut self, bytes: &[u8]) -> bool {
        self.raw.is_empty() || self.keep_raw(bytes)
    }

    /// The raw value is complete.
    fn end_raw<B: Builder>(&mut self, builder: &mut B, bytes: &[u8]) -> bool {
        self.leave();
        self.aside = Aside::No;
        self.rules = self.raw_rules;
        if self.raw.is_empty() {
            return builder.raw(bytes);
        }
        let raw = std::mem::take(&mut self.raw);
        let good = builder.raw(&raw);
        self.raw = raw;
        self.raw.clear();
        good
    }

    #[cold]
    fn refuse_raw<B: Builder>(&mut self, builder: &B, cursor: &Cursor<'_>) -> Flow {
        // The path is the value's own.
        self.state = State::Value;
        self.count -= 1;
        self.fail_at(builder, Kind::Builder, cursor, self.raw_start)
    }
}

/// Builds nothing, and leaves to the builder whose value this is to say where it stands.
struct Unbuilt<'a, B>(&'a B);

builds_nothing!({impl<B: Builder> Builder for Unbuilt<'_, B>}, range: false, key: |unbuilt, inner| unbuilt.0.member_key(inner));
