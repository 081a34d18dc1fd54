//! Scans of what is long: 32 bytes at a time where the CPU has AVX2, which is asked when they run.
//!
//! Whoever calls them has found out that there is much to scan, or that most of it is behind. All take slices, so nothing here
//! reads what is outside of them: the last vector overlaps the one before. Without AVX2 they go on as their callers began.

use super::Survey;

/// True where the CPU has AVX2; the answer is kept by the standard library.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

/// How many bytes a vector has.
#[cfg(target_arch = "x86_64")]
const WIDTH: usize = 32;

/// Shorter texts are not worth the call that surveys them.
#[cfg(target_arch = "x86_64")]
const LONG: usize = 128;

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

/// Looks for what plain text does not have; `None` where the text is too short for that, or the CPU too old.
#[inline(always)]
pub(super) fn survey(bytes: &[u8]) -> Option<Survey> {
    #[cfg(target_arch = "x86_64")]
    if bytes.len() >= LONG && has_avx2() {
        // SAFETY: the CPU has AVX2.
        return Some(unsafe { avx2::survey(bytes) });
    }
    _ = bytes;
    None
}

/// How many bytes of an attribute value stand before the first that needs a look, or that there are. Nearly all values
/// end before, and their loop was found to be slower where the compiler does not know that this is the rare case: so it is cold.
#[cold]
#[inline(never)]
pub(super) fn value_run(bytes: &[u8], quote: u8) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if has_avx2() {
            // SAFETY: the CPU has AVX2.
            return unsafe { avx2::value_run(bytes, quote) };
        }
        run_by_sixteen(bytes, |chunk| super::value_ends(chunk, quote), |byte| super::is_value_end(byte, quote))
    }
    #[cfg(not(target_arch = "x86_64"))]
    run_of_bytes(bytes, |byte| super::is_value_end(byte, quote))
}

/// How many bytes of character data stand before the first that needs a look, or that there are. Cold as [`value_run`] is.
#[cold]
#[inline(never)]
pub(super) fn text_run(bytes: &[u8]) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if has_avx2() {
            // SAFETY: the CPU has AVX2.
            return unsafe { avx2::text_run(bytes) };
        }
        run_by_sixteen(bytes, super::text_ends, super::is_text_end)
    }
    #[cfg(not(target_arch = "x86_64"))]
    run_of_bytes(bytes, super::is_text_end)
}

/// How many bytes stand before the first that is an end.
#[inline(always)]
fn run_of_bytes(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> usize {
    bytes.iter().position(|byte| is_end(*byte)).unwrap_or(bytes.len())
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn run_by_sixteen(bytes: &[u8], ends: impl Fn(&[u8; 16]) -> u32, is_end: impl Fn(u8) -> bool) -> usize {
    let (chunks, rest) = bytes.as_chunks::<16>();
    for (at, chunk) in chunks.iter().enumerate() {
        let ends = ends(chunk);
        if ends != 0 {
            return at * 16 + ends.trailing_zeros() as usize;
        }
    }
    bytes.len() - rest.len() + run_of_bytes(rest, is_end)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_loadu_si128, _mm256_adds_epu8, _mm256_and_si256, _mm256_broadcastsi128_si256,
        _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_srli_epi16,
    };

    use super::super::Survey;
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

    #[target_feature(enable = "avx2")]
    pub(super) fn survey(bytes: &[u8]) -> Survey {
        let Some(last) = bytes.last_chunk::<WIDTH>() else { return super::super::survey_bytes(bytes) };
        // Of the sums only those of bytes below 0x10 stay below 0x80 and find an entry; all others find zero.
        let spaces = table(&SPACES);
        let beyond = _mm256_set1_epi8(0x70);
        let seen = |bytes| _mm256_or_si256(bytes, _mm256_shuffle_epi8(spaces, _mm256_adds_epu8(bytes, beyond)));
        let mut least = seen(load(last));
        let mut all = least;
        for chunk in bytes.as_chunks::<WIDTH>().0 {
            let seen = seen(load(chunk));
            least = _mm256_min_epu8(least, seen);
            all = _mm256_or_si256(all, seen);
        }
        let control = _mm256_cmpeq_epi8(_mm256_min_epu8(least, _mm256_set1_epi8(0x1f)), least);
        Survey { control: _mm256_movemask_epi8(control) != 0, high: _mm256_movemask_epi8(all) != 0 }
    }

    /// A bit that tells tab and line feed, once they have it, from the control characters that count.
    const SPACES: [u8; 16] = {
        let mut entries = [0; 16];
        entries[b'\t' as usize] = 0x20;
        entries[b'\n' as usize] = 0x20;
        entries
    };

    /// How many bytes stand before the first that `ends` marks, or `is_end` in what is shorter than a vector.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn run(bytes: &[u8], ends: impl Fn(__m256i) -> __m256i, is_end: impl Fn(u8) -> bool) -> usize {
        let mask = |ends: __m256i| _mm256_movemask_epi8(ends).cast_unsigned();
        let Some(last) = bytes.last_chunk::<WIDTH>() else { return super::run_of_bytes(bytes, is_end) };
        let (pairs, rest) = bytes.as_chunks::<{ 2 * WIDTH }>();
        let mut at = 0;
        for pair in pairs {
            let [first, second] = pair.as_chunks::<WIDTH>().0 else { break };
            let (first, second) = (ends(load(first)), ends(load(second)));
            if mask(_mm256_or_si256(first, second)) != 0 {
                let ends = u64::from(mask(first)) | u64::from(mask(second)) << WIDTH;
                return at + ends.trailing_zeros() as usize;
            }
            at += pair.len();
        }
        // The rest, or none: the last vector begins in what has no end.
        if let Some(first) = rest.first_chunk::<WIDTH>() {
            let ends = mask(ends(load(first)));
            if ends != 0 {
                return at + ends.trailing_zeros() as usize;
            }
        }
        let ends = mask(ends(load(last)));
        if ends == 0 { bytes.len() } else { bytes.len() - WIDTH + ends.trailing_zeros() as usize }
    }

    /// A table in which each of these bytes, whose lower halves differ, finds itself, and no other byte does but NUL: the
    /// other entries are zero.
    const fn itself<const N: usize>(bytes: [u8; N]) -> [u8; 16] {
        let mut entries = [0; 16];
        let mut at = 0;
        while at < N {
            entries[(bytes[at] & 15) as usize] = bytes[at];
            at += 1;
        }
        entries
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn value_run(bytes: &[u8], quote: u8) -> usize {
        let others = table(&const { itself(*b"<&") });
        let quotes = _mm256_set1_epi8(quote.cast_signed());
        let controls = _mm256_set1_epi8(0x1f);
        let ends = |bytes| {
            let other = _mm256_cmpeq_epi8(_mm256_shuffle_epi8(others, bytes), bytes);
            let control = _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, controls), bytes);
            _mm256_or_si256(_mm256_or_si256(other, control), _mm256_cmpeq_epi8(bytes, quotes))
        };
        run(bytes, ends, |byte| super::super::is_value_end(byte, quote))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn text_run(bytes: &[u8]) -> usize {
        let all = table(&const { itself(*b"<&>") });
        run(bytes, |bytes| _mm256_cmpeq_epi8(_mm256_shuffle_epi8(all, bytes), bytes), super::super::is_text_end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        is_path, is_path_by_sixteen, is_path_byte, is_text_end, is_value_end, skip_text, skip_value, survey,
        survey_by_sixteen, survey_bytes,
    };
    use super::run_of_bytes;
    use crate::cursor::{Cursor, PADDING, Window};

    /// How long a value is at most in a test: some vectors and a rest.
    const LONGEST: usize = 130;

    /// Values made of these bytes, of the lengths at which a scan takes another turn, and of each one with every byte at every place.
    fn each_byte_at_each_place(filler: &[u8], mut check: impl FnMut(&[u8])) {
        for length in (0..=36).chain(63..=67).chain(95..=100).chain(127..=LONGEST) {
            let mut value: Vec<u8> = filler.iter().copied().cycle().take(length).collect();
            check(&value);
            for place in 0..length {
                let before = value[place];
                for byte in 0..=u8::MAX {
                    value[place] = byte;
                    check(&value);
                }
                value[place] = before;
            }
        }
    }

    /// A scan stops at the same byte in a window that may be read behind its end, and in one that may not.
    fn stops_at(bytes: &[u8], run: usize, skip: impl Fn(&mut Cursor<'_>) -> u8) {
        let mut buffer = [0; LONGEST + PADDING];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let padded = Window::padded(&buffer, bytes.len());
        // SAFETY: a zero is behind the bytes.
        let terminated = unsafe { Window::terminated(&buffer[..bytes.len()]) };
        for window in [padded, terminated] {
            let mut cursor = window.cursor(0);
            assert_eq!((skip(&mut cursor), cursor.position()), (buffer[run], run), "{bytes:?}");
        }
    }

    #[test]
    fn a_path_is_one_by_each_of_its_bytes() {
        each_byte_at_each_place(b"M0,0 L-1.5e+3 2zhVcSqTA", |value| {
            let expected = value.iter().all(|byte| is_path_byte(*byte));
            assert_eq!(is_path(value), expected, "{value:?}");
            assert_eq!(is_path_by_sixteen(value), expected, "{value:?}");
        });
    }

    #[test]
    fn the_alphabet_of_paths_is_that_of_svg() {
        let alphabet = (0..=u8::MAX).filter(|byte| is_path_byte(*byte));
        assert_eq!(alphabet.collect::<Vec<u8>>(), b" +,-.0123456789ACEHLMQSTVZacehlmqstvz");
    }

    #[test]
    fn a_survey_of_much_sees_what_one_of_single_bytes_sees() {
        each_byte_at_each_place(b"M\t0, \nL", |text| {
            let seen = survey_bytes(text);
            assert_eq!(survey(text), seen, "{text:?}");
            assert_eq!(survey_by_sixteen(text), seen, "{text:?}");
            #[cfg(target_arch = "x86_64")]
            if super::has_avx2() {
                // Shorter ones than it is asked for too.
                // SAFETY: the CPU has AVX2.
                assert_eq!(unsafe { super::avx2::survey(text) }, seen, "{text:?}");
            }
        });
    }

    #[test]
    fn runs_of_values_end_where_the_single_byte_form_says() {
        for quote in [b'"', b'\''] {
            let is_end = |byte| is_value_end(byte, quote);
            each_byte_at_each_place(b"x= >\xc3\xbcL-1.5", |value| {
                let run = run_of_bytes(value, is_end);
                assert_eq!(super::value_run(value, quote), run, "{value:?}");
                #[cfg(target_arch = "x86_64")]
                assert_eq!(super::run_by_sixteen(value, |chunk| super::super::value_ends(chunk, quote), is_end), run);
                stops_at(value, run, |cursor| skip_value(cursor, quote));
            });
        }
    }

    #[test]
    fn runs_of_texts_end_where_the_single_byte_form_says() {
        each_byte_at_each_place(b"x=\n \xc3\xbcL\"'.5", |text| {
            let run = run_of_bytes(text, is_text_end);
            assert_eq!(super::text_run(text), run, "{text:?}");
            #[cfg(target_arch = "x86_64")]
            assert_eq!(super::run_by_sixteen(text, super::super::text_ends, is_text_end), run);
            stops_at(text, run, skip_text);
        });
    }

    /// Of two ends the first counts, whichever vectors they are in.
    #[test]
    fn runs_end_at_the_first_of_two_ends() {
        for length in 1..=LONGEST {
            for first in 0..length {
                for second in first..length {
                    let mut text = vec![b'x'; length];
                    (text[first], text[second]) = (b'<', b'<');
                    stops_at(&text, first, skip_text);
                    stops_at(&text, first, |cursor| skip_value(cursor, b'"'));
                }
            }
        }
    }
}
