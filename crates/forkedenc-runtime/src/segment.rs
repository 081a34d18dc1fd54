//! One allocation that holds a stack's words: taken, written, moved from, given back.
//!
//! The only unsafe code of the crate is here. A segment is like a `Vec<u64>` that never grows by itself and that refuses
//! a push past its `room`, which its owner may set below the capacity: to the budget, or to nothing in stress mode.
//! What it holds is plain words, so copying them is all that a move needs. Who moves, and when, is in `stack.rs`.
//!
//! Invariants, which every block below relies on:
//! - `start` is what the global allocator gave for `layout(capacity)` and is owned by this value alone; a hollow segment has
//!   no capacity and a dangling `start`;
//! - the first `len` words are initialised, and `len` and `room` are at most `capacity / 8`.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::Cell;
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::ptr::{self, NonNull};

use crate::class::Class;

pub(crate) const WORD: usize = size_of::<u64>();

/// What a poisoned allocation is filled with.
const POISON: u8 = 0xA5;

pub(crate) struct Segment {
    start: NonNull<u64>,
    len: usize,
    room: usize,
    /// Bytes: a class's, or 0.
    capacity: usize,
}

// SAFETY: a segment owns its allocation and holds plain words; `&Segment` only reads.
unsafe impl Send for Segment {}
// SAFETY: as above; there is no interior mutability.
unsafe impl Sync for Segment {}

/// `None` where the size is past what an allocation may be.
fn layout(bytes: usize) -> Option<Layout> {
    Layout::from_size_align(bytes, align_of::<u64>()).ok()
}

impl Segment {
    /// A new, empty segment; `None` where the memory isn't there.
    #[inline]
    pub(crate) fn allocate(class: Class) -> Option<Self> {
        let layout = layout(class.bytes())?;
        // SAFETY: a class is never of size zero.
        let start = unsafe { alloc(layout) };
        let start = NonNull::new(start.cast::<u64>())?;
        Some(Self { start, len: 0, room: class.bytes() / WORD, capacity: class.bytes() })
    }

    /// No segment: it has room for nothing, and nothing to give back.
    #[inline]
    pub(crate) const fn hollow() -> Self {
        Self { start: NonNull::dangling(), len: 0, room: 0, capacity: 0 }
    }

    #[inline]
    pub(crate) fn is_hollow(&self) -> bool {
        self.capacity == 0
    }

    /// Takes the segment out and leaves a hollow one.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::hollow())
    }

    #[inline]
    pub(crate) fn class(&self) -> Class {
        Class::of(self.capacity)
    }

    /// Bytes; 0 where it is hollow.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Words in use.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Lets pushes fill at most `words`, or the whole segment where that is less.
    #[inline]
    pub(crate) fn set_room(&mut self, words: usize) {
        self.room = words.min(self.capacity / WORD);
    }

    /// Whether `words` more would fit the room.
    #[inline]
    pub(crate) fn fits(&self, words: usize) -> bool {
        words <= self.room.saturating_sub(self.len)
    }

    /// Puts a frame on top; false, and nothing done, where it doesn't fit the room.
    #[inline(always)]
    pub(crate) fn push<const N: usize>(&mut self, frame: [u64; N]) -> bool {
        // No overflow: both are at most an allocation's size.
        let len = self.len + N;
        if len > self.room {
            return false;
        }
        for (index, word) in frame.into_iter().enumerate() {
            // SAFETY: `self.len + index < len <= room <= capacity`, so the word lies inside the allocation, which is
            // aligned for it. Proved by the model test under the address sanitizer. One by one, so that the frame comes
            // from registers: as an array it is spilled in small pieces and read back in a big one, 4 ns later.
            unsafe { self.start.add(self.len + index).write(word) };
        }
        self.len = len;
        true
    }

    /// [`Segment::push`] of two words.
    #[inline(always)]
    pub(crate) fn push_pair(&mut self, first: u64, second: u64) -> bool {
        let len = self.len + 2;
        if len > self.room {
            return false;
        }
        // SAFETY: both words lie below `len <= room <= capacity`, inside the allocation. Proved by the model test.
        unsafe {
            let top = self.start.add(self.len);
            top.write(first);
            top.add(1).write(second);
        }
        self.len = len;
        true
    }

    /// Puts words on top; false, and nothing done, where they don't fit the room.
    pub(crate) fn push_words(&mut self, words: &[u64]) -> bool {
        if !self.fits(words.len()) {
            return false;
        }
        // SAFETY: the words fit between `len` and `room <= capacity`; `words` is borrowed from elsewhere, since this
        // segment is borrowed mutably. Proved by the model test.
        unsafe { ptr::copy_nonoverlapping(words.as_ptr(), self.start.as_ptr().add(self.len), words.len()) };
        self.len += words.len();
        true
    }

    /// Puts bytes on top, padded with zeros to whole words; false, and nothing done, where they don't fit the room.
    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) -> bool {
        let words = bytes.len().div_ceil(WORD);
        if !self.fits(words) {
            return false;
        }
        if words > 0 {
            // SAFETY: `words` more words fit, so the last of them may be zeroed, and the bytes, of which there are at
            // most `words * WORD`, copied over them. The source is borrowed from elsewhere. Proved by the model test.
            unsafe {
                let top = self.start.as_ptr().add(self.len);
                top.add(words - 1).write(0);
                ptr::copy_nonoverlapping(bytes.as_ptr(), top.cast::<u8>(), bytes.len());
            }
        }
        self.len += words;
        true
    }

    /// The words in use, the oldest first.
    #[inline(always)]
    pub(crate) fn words(&self) -> &[u64] {
        // SAFETY: the first `len` words are initialised and can't change while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    #[inline(always)]
    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        // SAFETY: as in `words`, and the borrow is unique.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    /// The first `length` bytes of the words from `from` on; `None` where they aren't all in use.
    pub(crate) fn bytes(&self, from: usize, length: usize) -> Option<&[u8]> {
        let words = self.words().get(from..from.checked_add(length.div_ceil(WORD))?)?;
        // SAFETY: initialised words are initialised bytes, at least `length` of them, and u8 needs no alignment.
        Some(unsafe { std::slice::from_raw_parts(words.as_ptr().cast::<u8>(), length) })
    }

    /// Drops what lies above the first `len` words.
    #[inline(always)]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Overwrites the whole allocation, so that nothing can go on reading what was here.
    pub(crate) fn poison(&mut self) {
        self.fill(POISON);
    }

    /// Writes to the whole allocation, so that its memory is there before it is needed.
    pub(crate) fn touch(&mut self) {
        self.fill(0);
    }

    fn fill(&mut self, byte: u8) {
        self.len = 0;
        // SAFETY: the allocation is `capacity` bytes long and owned.
        unsafe { ptr::write_bytes(self.start.as_ptr().cast::<u8>(), byte, self.capacity) };
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.capacity == 0 {
            return;
        }
        if let Some(layout) = layout(self.capacity) {
            // SAFETY: not hollow, so allocated in `allocate` with this very layout, and not given back before.
            unsafe { dealloc(self.start.as_ptr().cast::<u8>(), layout) };
        }
    }
}

/// A place for one empty segment. Taken apart into two words, which a caller can look at without moving it: a move of a
/// whole one, read in wider pieces than it was written, costs as much as all the rest of a small stack's life.
///
/// Invariant: where `capacity` isn't 0, `start` and it are those of one segment that was put in here.
pub(crate) struct Slot {
    start: Cell<NonNull<u64>>,
    capacity: Cell<usize>,
}

impl Slot {
    pub(crate) const fn new() -> Self {
        Self { start: Cell::new(NonNull::dangling()), capacity: Cell::new(0) }
    }

    /// The segment in here where it is of this class, else a hollow one.
    #[inline]
    pub(crate) fn take(&self, class: Class) -> Segment {
        if self.capacity.get() == class.bytes() { self.take_any() } else { Segment::hollow() }
    }

    /// The segment in here, or a hollow one.
    #[inline]
    pub(crate) fn take_any(&self) -> Segment {
        let capacity = self.capacity.replace(0);
        Segment { start: self.start.get(), len: 0, room: capacity / WORD, capacity }
    }

    /// Puts a segment in, empty or not, and gives out the one that was here, or a hollow one.
    #[inline]
    pub(crate) fn put(&self, segment: Segment) -> Segment {
        let before = self.take_any();
        self.fill(segment);
        before
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.capacity.get() == 0
    }

    /// Puts a segment in where there is none; one that is there is leaked.
    #[inline]
    pub(crate) fn fill(&self, segment: Segment) {
        debug_assert!(self.is_empty());
        let segment = ManuallyDrop::new(segment);
        self.start.set(segment.start);
        self.capacity.set(segment.capacity);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.take_any());
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment").field("capacity", &self.capacity).field("words", &self.words()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Segment {
        Segment::allocate(Class::SMALLEST).unwrap()
    }

    #[test]
    fn a_push_past_the_room_changes_nothing() {
        let mut segment = small();
        segment.set_room(5);
        assert!(segment.push([1, 2, 3]));
        assert!(!segment.push([4, 5, 6]));
        assert!(!segment.push_words(&[4, 5, 6]));
        assert!(!segment.push_bytes(&[0; 17]));
        assert_eq!(segment.words(), [1, 2, 3]);
        assert!(segment.push([4, 5]));
        assert!(!segment.push([6]));
        segment.set_room(0);
        assert!(!segment.push_words(&[1]));
        assert_eq!(segment.words(), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_room_never_passes_the_allocation() {
        let mut segment = small();
        segment.set_room(usize::MAX);
        let mut pushed = 0;
        while segment.push([7]) {
            pushed += 1;
        }
        assert_eq!(pushed, 256);
    }

    #[test]
    fn bytes_are_padded_with_zeros_and_read_back() {
        let mut segment = small();
        segment.touch();
        segment.poison();
        for length in [0, 1, 7, 8, 9, 100] {
            let bytes: Vec<u8> = (1..=length).collect();
            let from = segment.len();
            assert!(segment.push_bytes(&bytes));
            assert_eq!(segment.bytes(from, bytes.len()).unwrap(), bytes);
            let whole = segment.bytes(from, (segment.len() - from) * WORD).unwrap();
            assert!(whole[bytes.len()..].iter().all(|byte| *byte == 0));
        }
        assert_eq!(segment.bytes(0, segment.len() * WORD + 1), None);
        assert_eq!(segment.bytes(usize::MAX, 9), None);
    }

    #[test]
    fn a_segment_taken_leaves_one_that_holds_nothing() {
        let mut segment = small();
        segment.push([1, 2]);
        let taken = segment.take();
        assert_eq!(taken.words(), [1, 2]);
        assert_eq!((segment.capacity(), segment.words()), (0, &[][..]));
        segment.set_room(100);
        assert!(!segment.push([1]));
    }

    #[test]
    fn a_slot_gives_only_the_class_it_has_and_the_older_one_for_a_newer() {
        let slot = Slot::new();
        assert!(slot.take(Class::SMALLEST).is_hollow());
        let mut first = small();
        first.push([1]);
        let address = first.words().as_ptr();
        assert_eq!(slot.put(first).capacity(), 0);
        assert!(slot.take(Class::holding(4096).unwrap()).is_hollow());
        let older = slot.put(Segment::allocate(Class::holding(4096).unwrap()).unwrap());
        assert_eq!((older.words().as_ptr(), older.len(), older.capacity()), (address, 0, 2048));
        assert_eq!(slot.take(Class::holding(4096).unwrap()).capacity(), 4096);
        assert!(slot.take(Class::holding(4096).unwrap()).is_hollow());
        slot.put(older);
    }
}
