//! Rests: the bytes of their members' values are counted by offsets. What a rest has room for ends at a fence, and no
//! byte at the fence or behind it is read: where it lies in the window, the window is read in parts that end there.

use super::aside::Aside;
use super::builder::Builder;
use super::machine::{Cut, Flow, Machine};
use crate::cursor::{Cursor, PADDING, Window};
use crate::error::Kind;
use crate::limits::{Limit, NONE};

/// Bytes of the first part that is copied; the next is twice what was read of the one before, so that copying stays linear
/// however many rests lie in one window.
const LEAST: usize = 256;

impl Machine {
    /// Reads on from the cursor. `last`: no window follows this one.
    #[inline(always)]
    pub fn run<B: Builder>(&mut self, builder: &mut B, cursor: &mut Cursor<'_>, last: bool) -> Flow {
        if !B::SKIPS && !B::RAWS && !B::RESTS && !B::TAGS {
            return self.read(builder, cursor, last);
        }
        if self.aside != Aside::Capture && self.fence >= self.base.offset + cursor.window().len() as u64 {
            let flow = self.run_aside(builder, cursor, last);
            if !matches!(flow, Flow::Fenced | Flow::Capture) {
                return flow;
            }
            return self.run_in_parts(builder, cursor, last, Some(flow));
        }
        self.run_in_parts(builder, cursor, last, None)
    }

    /// Reads a window that has to be looked at in parts. `flow`: what stopped at the cursor.
    #[cold]
    #[inline(never)]
    pub(super) fn run_in_parts<B: Builder>(
        &mut self,
        builder: &mut B,
        cursor: &mut Cursor<'_>,
        last: bool,
        mut stopped: Option<Flow>,
    ) -> Flow {
        // In here each part is a window of its own; the caller knows one.
        let (origin, start) = (self.base, cursor.position());
        let mut c = *cursor;
        let mut size = LEAST;
        let flow = loop {
            let end = self.base.offset + c.window().len() as u64;
            let flow = match stopped.take() {
                Some(flow) => flow,
                None if self.fence < end => {
                    self.rebase(&mut c);
                    self.run_clipped(builder, &mut c, &mut size)
                }
                None => self.run_aside(builder, &mut c, last),
            };
            match flow {
                Flow::Fenced => {}
                Flow::Capture => {
                    self.rebase(&mut c);
                    self.begin_capture();
                }
                Flow::NeedMore if self.aside == Aside::Capture => {
                    if !self.keep_captured(&c) {
                        break self.fail(builder, Kind::OutOfMemory, &c);
                    }
                    if c.at_end() {
                        break flow;
                    }
                }
                Flow::Failed if self.found_tag() => {
                    self.rebase(&mut c);
                    let flow = self.replay(builder);
                    if flow != Flow::NeedMore {
                        break flow;
                    }
                }
                other => break other,
            }
        };
        let read = self.base.offset + c.position() as u64 - origin.offset;
        cursor.advance(usize::try_from(read).unwrap_or(start) - start);
        self.base = origin;
        flow
    }

    /// Makes what is left of the window a window.
    fn rebase(&mut self, c: &mut Cursor<'_>) {
        self.pass(c.before());
        *c = c.tail().cursor(0);
    }

    /// Reads up to the fence, or part of the way; the cursor stands at its window's start, before and after.
    fn run_clipped<B: Builder>(&mut self, builder: &mut B, c: &mut Cursor<'_>, size: &mut usize) -> Flow {
        let room = usize::try_from(self.fence.saturating_sub(self.base.offset)).unwrap_or(usize::MAX);
        if room == 0 {
            // Inside a container the number ends here or not, but the bracket behind it is one byte too many.
            let whole = self.cut == Cut::Number
                && self.depth == self.fence_depth
                && !matches!(c.peek(), b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            if !whole {
                let maximum = self.limits.rest_bytes;
                let at = self.fence;
                if self.crossed(builder, c, Limit::RestBytes, maximum, maximum.saturating_add(1), at) {
                    return Flow::Failed;
                }
            }
            // A number is complete, or the limit is audited.
            self.fence = NONE;
            return Flow::Fenced;
        }
        let count = room.min(*size).min(c.left());
        let mut part = std::mem::take(&mut self.part);
        part.clear();
        if part.try_reserve(count + PADDING).is_err() {
            return self.fail(builder, Kind::OutOfMemory, c);
        }
        part.extend_from_slice(&c.ahead()[..count]);
        part.resize(count + PADDING, 0);
        let window = Window::padded(&part, count);
        let mut inner = window.cursor(0);
        let mut flow = self.run_aside(builder, &mut inner, false);
        if flow == Flow::NeedMore && self.aside == Aside::Capture && !self.keep_captured(&inner) {
            flow = self.fail(builder, Kind::OutOfMemory, &inner);
        }
        let read = inner.position();
        *size = LEAST.max(2 * read);
        self.pass(&part[..read]);
        self.part = part;
        c.advance(read);
        *c = c.tail().cursor(0);
        if flow == Flow::NeedMore { Flow::Fenced } else { flow }
    }

    /// The value of a rest's member starts here. True: the fence lies in this window.
    #[inline(never)]
    pub(super) fn begin_rest<B: Builder>(&mut self, builder: &mut B, c: &Cursor<'_>) -> bool {
        self.rest_next = false;
        let at = self.offset(c);
        self.fences.push((self.fence, self.fence_depth));
        let fence = at.saturating_add(builder.rest_begins(at));
        if fence < self.fence {
            (self.fence, self.fence_depth) = (fence, self.depth);
        }
        self.fence < self.base.offset + c.window().len() as u64
    }

    /// That value ended here. True: the fence around lies in this window.
    #[inline(never)]
    pub(super) fn end_rest<B: Builder>(&mut self, builder: &mut B, c: &Cursor<'_>) -> bool {
        builder.rest_ends(self.offset(c));
        (self.fence, self.fence_depth) = self.fences.pop().unwrap_or((NONE, 0));
        self.fence < self.base.offset + c.window().len() as u64
    }

    /// A rest has no room for the member whose key starts at this offset, and the limit is audited alone.
    #[cold]
    pub(super) fn passes_over<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>, at: u64) -> bool {
        if self.audit.is_none() {
            return false;
        }
        let (limit, maximum, observed) = builder.rest_limit();
        // The fence that is set may be that of a rest around.
        let around = std::mem::replace(&mut self.fence_depth, self.depth);
        let crossed = self.crossed(builder, c, limit, maximum, observed, at);
        self.fence_depth = around;
        !crossed
    }
}
