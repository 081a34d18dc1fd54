//! Where what is written goes: a growing buffer and its limit.
//!
//! The invariant: `buffer` is initialised throughout its length and `buffer[..used]` is what was written. Every token
//! asks once for the room it can need at most, and then writes without asking.

use super::Failure;

/// The most units that one step writes between two looks at the limit.
pub(super) const PIECE: usize = 1024;

/// A larger buffer goes when what is in it is taken.
const KEPT: usize = 1 << 20;

/// The bytes written so far.
///
/// The writing functions answer whether they could; where not, [`Out::failure`] says why.
#[derive(Debug, Default)]
pub struct Out {
    pub(super) buffer: Vec<u8>,
    pub(super) used: usize,
    /// What the document may come to.
    limit: u64,
    /// Bytes of the document that were taken out of the buffer.
    taken: u64,
    pub(super) failure: Option<Failure>,
}

impl Out {
    /// Writes into `buffer`, whose contents are of no interest; the document may hold `limit` bytes.
    #[must_use]
    pub fn new(mut buffer: Vec<u8>, limit: u64) -> Self {
        if limit < buffer.len() as u64 {
            buffer = Vec::new();
        }
        Self { buffer, used: 0, limit, taken: 0, failure: None }
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.used]
    }

    #[inline(always)]
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }

    /// Bytes of the document, those taken included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.taken + self.used as u64
    }

    /// Why the last token was refused.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    #[must_use]
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Forgets a failure and all that was written past `used`.
    pub fn truncate(&mut self, used: usize) {
        self.used = self.used.min(used);
        self.failure = None;
    }

    /// Forgets what was written, which someone has taken; it still counts against the limit.
    pub fn take(&mut self) {
        self.taken += self.used as u64;
        self.used = 0;
        // One long text must not be paid for until the end.
        if self.buffer.len() > KEPT {
            self.buffer = Vec::new();
        }
    }

    /// Whether the document as it stands is within its limit.
    #[inline]
    #[must_use]
    pub fn fits(&mut self) -> bool {
        self.fits_with(0)
    }

    /// The same, with so many bytes more.
    #[must_use]
    pub fn fits_with(&mut self, more: usize) -> bool {
        let fits = self.total().saturating_add(more as u64) <= self.limit;
        if !fits {
            self.failure = Some(Failure::Limit);
        }
        fits
    }

    /// Writes bytes as they are; meant for a handful.
    #[inline(always)]
    pub fn put<const N: usize>(&mut self, bytes: [u8; N]) -> bool {
        let Some(room) = self.room(N).and_then(<[u8]>::first_chunk_mut::<N>) else { return false };
        *room = bytes;
        self.used += N;
        true
    }

    /// Writes bytes as they are, however many.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) -> bool {
        let Some(room) = self.room(bytes.len()) else { return false };
        room[..bytes.len()].copy_from_slice(bytes);
        self.used += bytes.len();
        true
    }

    /// Writes the first `count` of `N` bytes between others that are always the same.
    #[inline(always)]
    pub fn framed<const A: usize, const N: usize, const B: usize>(
        &mut self,
        before: [u8; A],
        bytes: &[u8; N],
        count: usize,
        behind: [u8; B],
    ) -> bool {
        debug_assert!(count <= N);
        let Some(room) = self.room(A + N + B) else { return false };
        let Some(room) = room.get_mut(..A + N + B) else { return false };
        room[..A].copy_from_slice(&before);
        room[A..A + N].copy_from_slice(bytes);
        let end = A + count.min(N);
        room[end..end + B].copy_from_slice(&behind);
        self.used += end + B;
        true
    }

    /// What may be written into, at least `needed` bytes; `None` where the limit or the memory ends first.
    #[inline(always)]
    pub(super) fn room(&mut self, needed: usize) -> Option<&mut [u8]> {
        if self.buffer.len() - self.used < needed && !self.grow(needed) {
            return None;
        }
        self.buffer.get_mut(self.used..)
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, needed: usize) -> bool {
        if !self.fits() {
            return false;
        }
        // A token may pass the limit before it is looked at, but only by itself.
        let allowed = usize::try_from(self.limit - self.taken).unwrap_or(usize::MAX);
        let least = self.used.saturating_add(needed);
        let length = self.buffer.len();
        let size = length.saturating_mul(2).max(16 * PIECE).min(allowed.saturating_add(needed)).max(least);
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
            let mut out = Out::new(Vec::new(), 1000);
            let written = out.raw(&vec![b'x'; size]);
            assert_eq!(written && out.fits(), fits);
        }
    }

    #[test]
    fn memory_stays_in_the_order_of_the_limit() {
        let mut out = Out::new(Vec::new(), 1000);
        while out.raw(&[b'x'; 100]) {}
        assert_eq!(out.failure(), Some(Failure::Limit));
        assert!(out.into_buffer().len() < 4 * PIECE);
    }

    #[test]
    fn bytes_that_were_taken_count_against_the_limit() {
        let mut out = Out::new(Vec::new(), 100);
        assert!(out.raw(&[b'x'; 60]));
        out.take();
        assert!(out.raw(&[b'y'; 40]) && out.fits());
        assert!(out.put([b'z']));
        assert!(!out.fits());
        assert_eq!(out.total(), 101);
    }
}
