//! Reading input by pointer: the window a decoder is given and the position in it.
//!
//! One of the two places of this crate where `unsafe` stands; the other is `simd`. A window always has one NUL byte behind
//! its last byte, so a loop that stops at anything but its own bytes never needs to ask for the end: at the NUL it asks
//! whether this is the end. Obligations of the callers inside the crate, checked by debug assertions, the fuzz targets and ASan:
//! - a cursor is only advanced over bytes that were peeked and are not that last NUL;
//! - `slice` is only called with positions of the same window.

use std::marker::PhantomData;

/// How many zero bytes stand behind the bytes of a padded buffer, at least.
pub const PADDING: usize = 64;

/// Input that is there in full: `length` bytes, a NUL behind them, and how far vector loads may reach.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    start: *const u8,
    end: *const u8,
    /// No vector load may touch this byte or any behind it.
    readable: *const u8,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Window<'a> {
    /// The first `length` bytes of a buffer that has [`PADDING`] zero bytes behind them.
    ///
    /// # Panics
    /// Where the padding is missing.
    #[inline]
    #[must_use]
    pub fn padded(buffer: &'a [u8], length: usize) -> Self {
        assert!(buffer.len() >= length + PADDING && buffer[length] == 0);
        let start = buffer.as_ptr();
        // SAFETY: both positions lie in `buffer`, which was checked to be that long.
        unsafe { Self { start, end: start.add(length), readable: start.add(length + PADDING), bytes: PhantomData } }
    }

    /// Bytes read in place.
    ///
    /// # Safety
    /// The byte behind the last one of `bytes` is readable for `'a` and zero.
    #[inline]
    #[must_use]
    pub unsafe fn terminated(bytes: &'a [u8]) -> Self {
        let start = bytes.as_ptr();
        // SAFETY: one past the end of a slice may be pointed at; vector loads stay inside it.
        let end = unsafe { start.add(bytes.len()) };
        Self { start, end, readable: end, bytes: PhantomData }
    }

    #[inline(always)]
    #[must_use]
    pub fn len(&self) -> usize {
        self.end as usize - self.start as usize
    }

    #[inline(always)]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The window's bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        // SAFETY: `start..end` are the bytes this window was made of, borrowed for 'a.
        unsafe { std::slice::from_raw_parts(self.start, self.len()) }
    }

    /// A cursor at byte `at`.
    #[inline(always)]
    #[must_use]
    pub fn cursor(&self, at: usize) -> Cursor<'a> {
        debug_assert!(at <= self.len());
        // SAFETY: `at` is no further than the NUL.
        Cursor { at: unsafe { self.start.add(at) }, window: *self }
    }
}

/// A position that a cursor was at.
#[derive(Clone, Copy)]
pub struct Mark(*const u8);

/// A position in a window. `Copy`: a saved cursor is a mark to come back to.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    at: *const u8,
    window: Window<'a>,
}

impl<'a> Cursor<'a> {
    /// The byte here; NUL at the end.
    #[inline(always)]
    #[must_use]
    pub fn peek(&self) -> u8 {
        debug_assert!(self.at >= self.window.start && self.at <= self.window.end);
        // SAFETY: a cursor never passes `end`, and the byte at `end` is readable.
        unsafe { *self.at }
    }

    /// Over `count` bytes that were peeked.
    #[inline(always)]
    pub fn advance(&mut self, count: usize) {
        debug_assert!(count <= self.left());
        // SAFETY: the bytes were peeked, so they lie before `end` (obligation of the callers).
        self.at = unsafe { self.at.add(count) };
    }

    /// The byte `ahead` bytes on; NUL at the end and behind it.
    #[inline(always)]
    #[must_use]
    pub fn peek_at(&self, ahead: usize) -> u8 {
        if ahead > self.left() {
            return 0;
        }
        // SAFETY: no further than the NUL at `end`, which is readable.
        unsafe { *self.at.add(ahead) }
    }

    /// True at the end of the window: what tells the sentinel from a NUL in the input.
    #[inline(always)]
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.at == self.window.end
    }

    /// Bytes before this position.
    #[inline(always)]
    #[must_use]
    pub fn position(&self) -> usize {
        self.at as usize - self.window.start as usize
    }

    /// Bytes from here to the end.
    #[inline(always)]
    #[must_use]
    pub fn left(&self) -> usize {
        self.window.end as usize - self.at as usize
    }

    /// How many bytes from here on a vector load may read.
    #[inline(always)]
    pub(crate) fn readable(&self) -> usize {
        self.window.readable as usize - self.at as usize
    }

    #[inline(always)]
    pub(crate) fn pointer(&self) -> *const u8 {
        self.at
    }

    /// This position, to come back to: one word, where a copy of the cursor is four.
    #[inline(always)]
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark(self.at)
    }

    /// Back to a mark of the same window.
    #[inline(always)]
    pub fn back(&mut self, mark: Mark) {
        debug_assert!(mark.0 >= self.window.start && mark.0 <= self.window.end);
        self.at = mark.0;
    }

    /// The bytes from a mark of the same window up to here.
    #[inline(always)]
    #[must_use]
    pub fn since(&self, from: Mark) -> &'a [u8] {
        debug_assert!(from.0 >= self.window.start && from.0 <= self.at);
        // SAFETY: both lie in one window, `from` first (obligation of the callers).
        unsafe { std::slice::from_raw_parts(from.0, self.at as usize - from.0 as usize) }
    }

    /// True where these bytes stand here.
    #[inline(always)]
    #[must_use]
    pub fn starts_with<const N: usize>(&self, bytes: &[u8; N]) -> bool {
        // SAFETY: N bytes from here are left in the window.
        self.left() >= N && unsafe { *self.at.cast::<[u8; N]>() == *bytes }
    }

    /// The bytes from here to the window's end.
    #[inline(always)]
    #[must_use]
    pub fn ahead(&self) -> &'a [u8] {
        // SAFETY: from a position in the window to its end.
        unsafe { std::slice::from_raw_parts(self.at, self.left()) }
    }

    /// A window of the bytes from here on, in place.
    #[must_use]
    pub fn tail(&self) -> Window<'a> {
        Window { start: self.at, ..self.window }
    }

    /// All bytes of the window.
    #[must_use]
    pub fn window(&self) -> &'a [u8] {
        self.window.bytes()
    }

    /// The window's bytes before this position.
    #[must_use]
    pub fn before(&self) -> &'a [u8] {
        // SAFETY: from the window's start to a position in it.
        unsafe { std::slice::from_raw_parts(self.window.start, self.position()) }
    }
}
