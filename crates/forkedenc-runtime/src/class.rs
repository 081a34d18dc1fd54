//! Size classes: the powers of two that a segment may have, 2 KiB the smallest.

/// The smallest segment, in bytes.
pub const SMALLEST: usize = 2048;

/// How many classes there are: 2 KiB to 2^47 bytes, all that a process's address space has.
pub(crate) const CLASSES: usize = 37;

/// A segment's size, as the power of two above [`SMALLEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class(u8);

impl Class {
    pub(crate) const SMALLEST: Self = Self(0);

    /// The smallest class that holds `bytes`; `None` where there is none.
    #[inline]
    pub(crate) const fn holding(bytes: usize) -> Option<Self> {
        if bytes <= SMALLEST {
            return Some(Self::SMALLEST);
        }
        let power = (usize::BITS - (bytes - 1).leading_zeros()) as usize;
        let class = power - SMALLEST.trailing_zeros() as usize;
        if class < CLASSES { Some(Self(class as u8)) } else { None }
    }

    /// The class of exactly `bytes`, which is a class's size.
    #[inline]
    pub(crate) const fn of(bytes: usize) -> Self {
        debug_assert!(bytes.is_power_of_two() && bytes >= SMALLEST);
        Self((bytes.trailing_zeros() - SMALLEST.trailing_zeros()) as u8)
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..CLASSES as u8).map(Self)
    }

    #[inline]
    pub(crate) const fn bytes(self) -> usize {
        SMALLEST << self.0
    }

    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_the_smallest_power_of_two_that_holds_the_bytes() {
        for (bytes, wanted) in
            [(0, 2048), (1, 2048), (2048, 2048), (2049, 4096), (4096, 4096), (4097, 8192), (1 << 40, 1 << 40)]
        {
            assert_eq!(Class::holding(bytes).unwrap().bytes(), wanted, "{bytes}");
        }
        assert_eq!(Class::holding(1 << 47).unwrap().bytes(), 1 << 47);
        assert_eq!(Class::holding((1 << 47) + 1), None);
        assert_eq!(Class::holding(usize::MAX), None);
    }

    #[test]
    fn a_size_has_its_class() {
        assert!(Class::all().all(|class| Class::of(class.bytes()) == class));
    }

    #[test]
    fn classes_are_counted_from_the_smallest_up() {
        let all: Vec<_> = Class::all().collect();
        assert_eq!(all.len(), CLASSES);
        assert!(all.iter().enumerate().all(|(index, class)| class.index() == index));
        assert!(all.windows(2).all(|pair| pair[1].bytes() == 2 * pair[0].bytes()));
    }
}
