//! A hash of bytes that is quick for short ones, keyed by the process so that nobody can choose what collides.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

pub(crate) fn keys() -> [u64; 2] {
    static KEYS: OnceLock<[u64; 2]> = OnceLock::new();
    *KEYS.get_or_init(|| {
        let state = RandomState::new();
        [state.hash_one(1u8), state.hash_one(2u8)]
    })
}

#[inline(always)]
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ (product >> 64) as u64
}

/// For tables whose keys come from documents.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keyed([u64; 2]);

impl Default for Keyed {
    fn default() -> Self {
        Self(keys())
    }
}

impl BuildHasher for Keyed {
    type Hasher = State;

    #[inline]
    fn build_hasher(&self) -> State {
        let Self([first, second]) = *self;
        State { state: first, key: second }
    }
}

pub(crate) struct State {
    state: u64,
    key: u64,
}

impl State {
    #[inline]
    fn add(&mut self, low: u64, high: u64) {
        self.state = fold(low ^ self.state, high ^ self.key);
    }
}

impl Hasher for State {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let word = chunk.first_chunk().copied().map_or(0, u64::from_le_bytes);
            self.add(word, 0);
        }
        let rest = chunks.remainder();
        // With the length, so that what ends in NUL differs from what is shorter.
        let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.add(word, bytes.len() as u64);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.add(number as u64, 0);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // The table looks at both ends of it.
        fold(self.state, self.key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_differs_in_one_place_or_in_length_differs_in_hash() {
        let keyed = Keyed::default();
        let mut hashes = HashSet::new();
        let mut count = 0;
        for length in 0..40 {
            for at in 0..length {
                for byte in [1, 2, 0x80] {
                    let mut bytes = vec![0_u8; length];
                    bytes[at] = byte;
                    hashes.insert(keyed.hash_one(bytes));
                    count += 1;
                }
            }
            hashes.insert(keyed.hash_one(vec![0_u8; length]));
            count += 1;
        }
        assert_eq!(hashes.len(), count);
    }

    #[test]
    fn numbered_names_fill_a_table_evenly() {
        let keyed = Keyed::default();
        let mut slots = vec![0_u32; 1 << 12];
        for number in 0..1 << 12 {
            slots[keyed.hash_one(format!("id{number}").as_bytes()) as usize % (1 << 12)] += 1;
        }
        assert!(slots.iter().all(|count| *count < 12), "{:?}", slots.iter().max());
    }
}
