//! Scans of what is long: 32 bytes at a time where the CPU has AVX2, which is asked when they run.
//!
//! Whoever calls them has found out that there is much to scan, or that most of it is behind. All take slices, so nothing here
//! reads what is outside of them: the last vector overlaps the one before. Without AVX2 they go on as their callers began.

/// True where the CPU has AVX2; the answer is kept by the standard library.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

/// How many bytes a vector has.
#[cfg(target_arch = "x86_64")]
const WIDTH: usize = 32;

/// Whether all bytes are of the alphabet of SVG path data; `None` where the value is too short for that, or the CPU too old.
#[inline]
pub(super) fn is_path(value: &[u8]) -> Option<bool> {
    #[cfg(target_arch = "x86_64")]
    if value.len() > WIDTH && has_avx2() {
        // SAFETY: the CPU has AVX2.
        return Some(unsafe { avx2::is_path(value) });
    }
    _ = value;
    None
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8,
        _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_set1_epi8, _mm256_setzero_si256,
        _mm256_shuffle_epi8, _mm256_srli_epi16,
    };

    use super::WIDTH;

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load(chunk: &[u8; WIDTH]) -> __m256i {
        // SAFETY: the chunk is as long as the vector.
        unsafe { _mm256_loadu_si256(chunk.as_ptr().cast::<__m256i>()) }
    }

    /// A table for [`_mm256_shuffle_epi8`], which looks up in each half by itself: by the lower four bits of a byte, and
    /// zero for a byte past 0x7f.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn table(entries: &[u8; 16]) -> __m256i {
        // SAFETY: the entries are as long as the vector.
        _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(entries.as_ptr().cast::<__m128i>()) })
    }

    /// The alphabet of SVG path data by the lower and the upper halves of bytes: a bit for each row of it.
    const PATH: [[u8; 16]; 2] = {
        let mut tables = [[0; 16]; 2];
        let mut byte = 0;
        while byte < 0x80 {
            if super::super::is_path_byte(byte) {
                // Rows 4 and 6 hold the same letters, and so do 5 and 7.
                let upper = byte >> 4;
                let row = 1 << if upper > 5 { upper - 2 } else { upper };
                tables[0][(byte & 15) as usize] |= row;
                tables[1][upper as usize] = row;
            }
            byte += 1;
        }
        tables
    };

    #[target_feature(enable = "avx2")]
    pub(super) fn is_path(value: &[u8]) -> bool {
        let Some(last) = value.last_chunk::<WIDTH>() else {
            return value.iter().all(|&byte| super::super::is_path_byte(byte));
        };
        let (lower, upper) = (table(&PATH[0]), table(&PATH[1]));
        let rows = |chunk: &[u8; WIDTH]| {
            let bytes = load(chunk);
            let above = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), _mm256_set1_epi8(15));
            _mm256_and_si256(_mm256_shuffle_epi8(lower, bytes), _mm256_shuffle_epi8(upper, above))
        };
        // A byte that is in no row makes a zero, which stays the least: a value is nearly always good to its end.
        let mut least = rows(last);
        for chunk in value.as_chunks::<WIDTH>().0 {
            least = _mm256_min_epu8(least, rows(chunk));
        }
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(least, _mm256_setzero_si256())) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::{is_path, is_path_by_sixteen, is_path_byte};

    /// How long a value is at most in a test: some vectors and a rest.
    const LONGEST: usize = 130;

    #[test]
    fn a_path_is_one_by_each_byte_at_each_place() {
        for length in 0..=LONGEST {
            let mut value: Vec<u8> = b"M0,0 L-1.5e+3 2zhVcSqTA".iter().copied().cycle().take(length).collect();
            assert!(is_path(&value));
            for place in 0..length {
                let before = value[place];
                for byte in 0..=u8::MAX {
                    value[place] = byte;
                    assert_eq!(is_path(&value), is_path_byte(byte), "{byte:#x} at {place} of {length}");
                    assert_eq!(is_path_by_sixteen(&value), is_path_byte(byte), "{byte:#x} at {place} of {length}");
                }
                value[place] = before;
            }
        }
    }

    #[test]
    fn the_alphabet_of_paths_is_that_of_svg() {
        let alphabet = (0..=u8::MAX).filter(|byte| is_path_byte(*byte));
        assert_eq!(alphabet.collect::<Vec<u8>>(), b" +,-.0123456789ACEHLMQSTVZacehlmqstvz");
    }
}
