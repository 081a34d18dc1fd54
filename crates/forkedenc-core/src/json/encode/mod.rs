//! Where an encode's bytes go: a growing buffer, its limit, and the tokens that need no escaping.
//!
//! Strings are in `text`, integers and floats in `number`, integers past 64 bits in `bigint`. Who
//! walks the values decides which token comes next; nothing here knows of nesting.
//!
//! The invariant: `buffer` is initialised throughout its length and `buffer[..used]` is what was written. Every token
//! asks once for the room it can need at most, and then writes without asking.

use std::ops::Range;

mod bigint;
mod number;
mod text;

pub use bigint::decimal_text;
pub use number::{float_into, float_text, integer_into, integer_text};
pub use text::{Surrogates, Text};

/// Why a token was not written.
// As wide as a word: a writer is moved about often, and padding is copied in pieces that the processor waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Failure {
    /// The document is past its `max_document_bytes`.
    Limit,
    /// A code point of a string that is half of a surrogate pair, where that is refused.
    LoneSurrogate,
    /// The allocator has no more.
    Memory,
}

/// The most that one step writes between two looks at the limit.
pub(crate) const PIECE: usize = 1024;

/// The text written so far.
///
/// The writing functions answer whether they could; where not, [`Writer::failure`] says why.
#[derive(Debug, Default)]
pub struct Writer {
    pub(crate) buffer: Vec<u8>,
    pub(crate) used: usize,
    /// What the document may come to. May be passed by `slack` until the end is known.
    limit: usize,
    slack: usize,
    pub(crate) failure: Option<Failure>,
}

impl Writer {
    /// A writer into `buffer`, whose contents are of no interest. The document may hold `limit` bytes (`usize::MAX`: no
    /// limit); a separator of up to `slack` bytes may be written and taken back at any time.
    #[must_use]
    pub fn new(mut buffer: Vec<u8>, limit: usize, slack: usize) -> Self {
        if limit < buffer.len() {
            buffer = Vec::new();
        }
        Self { buffer, used: 0, limit, slack, failure: None }
    }

    /// The bytes written.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.used]
    }

    /// How many bytes were written.
    #[inline]
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }

    /// Why the last token was refused.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// The buffer, to be used again.
    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Whether the document as it stands is within its limit.
    #[inline]
    #[must_use]
    pub fn fits(&mut self) -> bool {
        if self.used > self.limit {
            self.failure = Some(Failure::Limit);
            return false;
        }
        true
    }

    /// Counts `count` bytes as written that were put into [`Writer::room`].
    #[inline(always)]
    pub fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.buffer.len() - self.used);
        self.used += count;
    }

    /// Where the next bytes go, up to the end of the buffer: for who writes by pointers and then says by
    /// [`Writer::settle`] how far. Of no use once the writer is used for anything else.
    #[inline(always)]
    pub fn spare(&mut self) -> Range<*mut u8> {
        self.buffer.get_mut(self.used..).unwrap_or_default().as_mut_ptr_range()
    }

    /// Counts all as written that lies before `at`, which is a place in the buffer.
    #[inline(always)]
    pub fn settle(&mut self, at: *const u8) {
        let used = at.addr().wrapping_sub(self.buffer.as_ptr().addr());
        assert!(used <= self.buffer.len(), "a place outside of the buffer");
        self.used = used;
    }

    /// Takes the last `count` bytes back.
    #[inline]
    pub fn take_back(&mut self, count: usize) {
        debug_assert!(count <= self.used);
        self.used -= count;
    }

    /// Forgets all but the last `keep` bytes, which someone has taken; they still count against the limit.
    pub fn drain(&mut self, keep: usize) {
        let taken = self.used - keep;
        self.buffer.copy_within(taken..self.used, 0);
        self.used = keep;
        if self.limit != usize::MAX {
            self.limit = self.limit.saturating_sub(taken);
        }
    }

    /// Writes bytes as they are; meant for a handful.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, bytes: [u8; N]) -> bool {
        loop {
            if let Some(slot) = self.buffer.get_mut(self.used..).and_then(<[u8]>::first_chunk_mut::<N>) {
                *slot = bytes;
                self.used += N;
                return true;
            }
            if !self.grow_apart(N) {
                return false;
            }
        }
    }

    /// Writes the first `count` of eight bytes.
    #[inline(always)]
    pub fn put_first(&mut self, bytes: [u8; 8], count: usize) -> bool {
        let Some(room) = self.room_of::<8>() else { return false };
        *room = bytes;
        self.used += count;
        true
    }

    /// Writes bytes as they are, however many.
    pub fn raw(&mut self, bytes: &[u8]) -> bool {
        for piece in bytes.chunks(PIECE) {
            let Some(room) = self.room(piece.len()) else { return false };
            room[..piece.len()].copy_from_slice(piece);
            self.used += piece.len();
        }
        true
    }

    /// Writes `unit` `count` times: indentation.
    pub fn repeat(&mut self, unit: &[u8], count: u64) -> bool {
        if let [byte] = *unit {
            let mut left = count;
            while left > 0 {
                let step = left.min(PIECE as u64) as usize;
                let Some(room) = self.room(step) else { return false };
                room[..step].fill(byte);
                self.used += step;
                left -= step as u64;
            }
            return true;
        }
        (0..count).all(|_| self.raw(unit))
    }

    /// What may be written into, at least `needed` bytes; `None` where the limit or the memory ends first.
    #[inline(always)]
    pub fn room(&mut self, needed: usize) -> Option<&mut [u8]> {
        if self.buffer.len() - self.used < needed && !self.grow_apart(needed) {
            return None;
        }
        self.buffer.get_mut(self.used..)
    }

    /// Grows a copy that takes this one's place: so the address of a writer in a hot loop goes nowhere, and the loop
    /// keeps it in registers.
    #[inline(always)]
    fn grow_apart(&mut self, needed: usize) -> bool {
        let mut apart = std::mem::take(self);
        let grown = apart.grow(needed);
        *self = apart;
        grown
    }

    /// [`Writer::room`] of a size known at compile time.
    #[inline(always)]
    pub(crate) fn room_of<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.room(N)?.first_chunk_mut()
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, needed: usize) -> bool {
        let allowed = self.limit.saturating_add(self.slack);
        if self.used > allowed {
            self.failure = Some(Failure::Limit);
            return false;
        }
        let least = self.used.saturating_add(needed);
        let most = allowed.saturating_add(needed).max(least);
        let length = self.buffer.len();
        let size = length.saturating_mul(2).max(PIECE).max(least).min(most);
        if self.buffer.try_reserve_exact(size - length).is_err() {
            self.failure = Some(Failure::Memory);
            return false;
        }
        self.buffer.resize(size, 0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_the_limit_passes_and_one_byte_more_does_not() {
        for (size, fits) in [(1000, true), (1001, false)] {
            let mut out = Writer::new(Vec::new(), 1000, 1);
            let written = out.raw(&vec![b'x'; size]);
            assert_eq!(written && out.fits(), fits);
        }
    }

    #[test]
    fn memory_stays_in_the_order_of_the_limit() {
        let mut out = Writer::new(Vec::new(), 1000, 1);
        assert!(!out.repeat(b" ", 1 << 40));
        assert_eq!(out.failure(), Some(Failure::Limit));
        assert!(out.into_buffer().len() < 4 * PIECE);
    }

    #[test]
    fn drained_bytes_count_against_the_limit() {
        let mut out = Writer::new(Vec::new(), 100, 0);
        assert!(out.raw(&[b'x'; 60]));
        out.drain(1);
        assert_eq!(out.bytes(), b"x");
        assert!(out.raw(&[b'y'; 40]));
        assert!(out.fits());
        assert!(out.put([b'z']));
        assert!(!out.fits());
    }
}
