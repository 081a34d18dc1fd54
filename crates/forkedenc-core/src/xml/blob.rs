//! Numbers and bytes one behind the other: what a parked parser is written as.
//!
//! A number takes as many bytes as it needs, seven bits in each; so most take one. A reader that comes to the end reads
//! zeros: what it reads was written here, so that would be a bug and not the input's doing.

use crate::position::Place;

#[derive(Debug)]
pub(super) struct Writer<'w>(pub &'w mut Vec<u8>);

impl Writer<'_> {
    #[inline]
    pub fn put(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A number that is often the highest there is.
    #[inline]
    pub fn put_limit(&mut self, number: u64) {
        self.put(number.wrapping_add(1));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.put(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub fn place(&mut self, place: Place) {
        self.put(place.offset);
        self.put(place.line);
        self.put(place.column);
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'r>(pub &'r [u8]);

impl<'r> Reader<'r> {
    #[inline]
    pub fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        while let Some((&byte, rest)) = self.0.split_first() {
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 63 {
                break;
            }
        }
        number
    }

    #[inline]
    pub fn small(&mut self) -> u32 {
        self.number() as u32
    }

    #[inline]
    pub fn limit(&mut self) -> u64 {
        self.number().wrapping_sub(1)
    }

    /// So many bytes.
    #[inline]
    pub fn take(&mut self, length: usize) -> &'r [u8] {
        let (bytes, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    pub fn bytes(&mut self) -> &'r [u8] {
        let length = self.number() as usize;
        self.take(length)
    }

    pub fn place(&mut self) -> Place {
        Place { offset: self.number(), line: self.number(), column: self.number() }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::NONE;

    #[test]
    fn what_is_written_is_read() {
        let numbers = [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), NONE - 1, NONE];
        let mut bytes = Vec::new();
        let mut out = Writer(&mut bytes);
        for number in numbers {
            out.put(number);
            out.put_limit(number);
            out.bytes(&[7; 200][..(number % 200) as usize]);
        }
        out.place(Place { offset: NONE, line: 1, column: 300 });
        let mut read = Reader(&bytes);
        for number in numbers {
            assert_eq!((read.number(), read.limit()), (number, number));
            assert_eq!(read.bytes(), vec![7; (number % 200) as usize]);
        }
        assert_eq!(read.place(), Place { offset: NONE, line: 1, column: 300 });
        assert!(read.is_empty());
        assert_eq!((read.number(), read.bytes()), (0, &[][..]));
    }
}
