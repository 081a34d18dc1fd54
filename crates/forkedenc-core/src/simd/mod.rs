//! Scans over many bytes at once. This folder is the other place of this crate where `unsafe` stands.
//!
//! Every scan is a loop over vectors as far as the window may be read, then over single bytes; the single-byte form is
//! also the oracle that the tests hold the vector form against.

use crate::cursor::Cursor;

mod wide;

/// What ends a run of plain bytes in a JSON string: a quote, a backslash, or a byte below 0x20 (the NUL sentinel too).
#[inline(always)]
fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20
}

/// Moves over the plain bytes of a JSON string; true where one of them is not ASCII.
#[inline(always)]
pub fn skip_plain(cursor: &mut Cursor<'_>) -> bool {
    let mut high = 0u32;
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
        };
        while cursor.readable() >= 16 {
            // SAFETY: SSE2 is part of x86-64, and 16 bytes from here are readable.
            let (special, sign) = unsafe {
                let bytes = _mm_loadu_si128(cursor.pointer().cast::<__m128i>());
                let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"'.cast_signed()));
                let backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\'.cast_signed()));
                let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
                let special = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), control));
                (special.cast_unsigned(), _mm_movemask_epi8(bytes).cast_unsigned())
            };
            if special != 0 {
                let plain = special.trailing_zeros();
                cursor.advance(plain as usize);
                return high | (sign & ((1 << plain) - 1)) != 0;
            }
            high |= sign;
            cursor.advance(16);
        }
    }
    high |= u32::from(skip_plain_bytes(cursor));
    high != 0
}

/// [`skip_plain`], a byte at a time.
#[inline]
fn skip_plain_bytes(cursor: &mut Cursor<'_>) -> bool {
    let mut high = 0u8;
    loop {
        let byte = cursor.peek();
        if is_special(byte) {
            return high >= 0x80;
        }
        high |= byte;
        cursor.advance(1);
    }
}

/// Moves over JSON white space (RFC 8259 §2) and returns the byte behind it.
#[inline(always)]
pub fn skip_space(cursor: &mut Cursor<'_>) -> u8 {
    let byte = cursor.peek();
    if byte > b' ' { byte } else { skip_space_run(cursor) }
}

/// How many of the sixteen bytes from here are digits before the first that is none, and those bytes, the first in the
/// lowest bits. `None` where sixteen are not readable.
#[inline(always)]
pub fn digits(cursor: &Cursor<'_>) -> Option<(usize, [u64; 2])> {
    if cursor.readable() < 16 {
        return None;
    }
    // SAFETY: sixteen bytes from here are readable.
    let words = unsafe { cursor.pointer().cast::<[u64; 2]>().read_unaligned() };
    let words = [u64::from_le(words[0]), u64::from_le(words[1])];
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8, _mm_sub_epi8,
        };
        // SAFETY: SSE2 is part of x86-64, and 16 bytes from here are readable.
        let digits = unsafe {
            let bytes = _mm_loadu_si128(cursor.pointer().cast::<__m128i>());
            let values = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0'.cast_signed()));
            _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values))
        };
        Some(((!digits).trailing_zeros() as usize, words))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let first = digits_of_word(words[0]);
        Some((if first < 8 { first } else { 8 + digits_of_word(words[1]) }, words))
    }
}

/// How many bytes of a word are digits before the first that is none.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn digits_of_word(word: u64) -> usize {
    let word = word ^ 0x3030_3030_3030_3030;
    // The top bit of each byte that is no digit.
    let others = (((word & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    others.trailing_zeros() as usize / 8
}

#[inline(always)]
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[inline(always)]
fn skip_space_run(cursor: &mut Cursor<'_>) -> u8 {
    if !is_space(cursor.peek()) {
        return cursor.peek();
    }
    cursor.advance(1);
    if cursor.peek() > b' ' {
        return cursor.peek();
    }
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
        };
        while cursor.readable() >= 16 {
            // SAFETY: SSE2 is part of x86-64, and 16 bytes from here are readable.
            let space = unsafe {
                let bytes = _mm_loadu_si128(cursor.pointer().cast::<__m128i>());
                let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
                _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(is(b' '), is(b'\n')), _mm_or_si128(is(b'\r'), is(b'\t'))))
            };
            let count = (!space).trailing_zeros();
            if count < 16 {
                cursor.advance(count as usize);
                return cursor.peek();
            }
            cursor.advance(16);
        }
    }
    while is_space(cursor.peek()) {
        cursor.advance(1);
    }
    cursor.peek()
}

/// A bit for each byte that a JSON string can't hold as it is or that is not ASCII, and for DEL if asked.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn unclean<const DEL: bool>(chunk: &[u8; 16]) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    };
    // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
        let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
        // Signed: what is above 0x7f is below 0x20 too.
        let mut found = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
        found = _mm_or_si128(found, _mm_or_si128(is(b'"'), is(b'\\')));
        if DEL {
            found = _mm_or_si128(found, is(0x7f));
        }
        _mm_movemask_epi8(found).cast_unsigned()
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn unclean<const DEL: bool>(chunk: &[u8; 16]) -> u32 {
    let bit = |byte: u8| u32::from(is_special(byte) || byte >= 0x80 || DEL && byte == 0x7f);
    chunk.iter().rev().fold(0, |bits, &byte| bits << 1 | bit(byte))
}

/// A bit for each byte that XML text, or an attribute value, can't hold as it is for sure: `&`, `<`, `>`, control characters,
/// in a value the double quote and white space but the blank as well. Tabs and line feeds of text are not marked.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn marked_up<const ATTRIBUTE: bool>(chunk: &[u8; 16]) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8,
    };
    // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
        let is = |bytes: __m128i, byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
        // `<` and `>` differ in one bit, and so do `"` and `&`.
        let angle = is(_mm_or_si128(bytes, _mm_set1_epi8(2)), b'>');
        let mut control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        let other = if ATTRIBUTE {
            is(_mm_or_si128(bytes, _mm_set1_epi8(4)), b'&')
        } else {
            control = _mm_andnot_si128(_mm_or_si128(is(bytes, b'\t'), is(bytes, b'\n')), control);
            is(bytes, b'&')
        };
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(angle, control), other)).cast_unsigned()
    }
}

/// Marks each byte that is no letter, digit, blank or one of `#%.,-+_`, of which nothing but words, numbers and colors is made.
#[inline(always)]
pub fn not_simple(chunk: &[u8; 16]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
            _mm_set1_epi8, _mm_sub_epi8,
        };
        // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
        unsafe {
            let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
            let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
            let or = |one: __m128i, other: __m128i| _mm_or_si128(one, other);
            let within = |bytes: __m128i, first: u8, last: u8| {
                let from = _mm_sub_epi8(bytes, _mm_set1_epi8(first.cast_signed()));
                _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8((last - first).cast_signed())), from)
            };
            let letter = within(or(bytes, _mm_set1_epi8(0x20)), b'a', b'z');
            // From the plus sign to the nine there is only the slash that is none of them.
            let number = _mm_andnot_si128(is(b'/'), within(bytes, b'+', b'9'));
            let sign = or(or(is(b' '), is(b'#')), or(is(b'%'), is(b'_')));
            !_mm_movemask_epi8(or(or(letter, number), sign)).cast_unsigned() & 0xffff
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        chunk.iter().enumerate().fold(0, |mask, (at, byte)| mask | u32::from(!is_simple(*byte)) << at)
    }
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn is_simple(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" #%.,-+_".contains(&byte)
}

/// Marks each byte that is a digit; and each that is this one.
#[inline(always)]
pub fn digits_and(chunk: &[u8; 16], other: u8) -> (u32, u32) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8, _mm_sub_epi8,
        };
        // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
        unsafe {
            let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
            let from = _mm_sub_epi8(bytes, _mm_set1_epi8(b'0'.cast_signed()));
            let digits = _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8(9)), from);
            let others = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(other.cast_signed()));
            (_mm_movemask_epi8(digits).cast_unsigned(), _mm_movemask_epi8(others).cast_unsigned())
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let marks = |known: &dyn Fn(u8) -> bool| {
            chunk.iter().enumerate().fold(0, |mask, (at, byte)| mask | u32::from(known(*byte)) << at)
        };
        (marks(&|byte| byte.is_ascii_digit()), marks(&|byte| byte == other))
    }
}

/// Marks each byte that is no command, number, sign, comma or space of SVG path data.
#[inline(always)]
pub fn not_path(chunk: &[u8; 16]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{
            __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
            _mm_set1_epi8, _mm_sub_epi8,
        };
        // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
        unsafe {
            let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
            let is = |bytes: __m128i, byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
            let or = |one: __m128i, other: __m128i| _mm_or_si128(one, other);
            // From the plus sign to the nine there is only the slash that is none of numbers.
            let from_plus = _mm_sub_epi8(bytes, _mm_set1_epi8(b'+'.cast_signed()));
            let number = _mm_cmpeq_epi8(_mm_min_epu8(from_plus, _mm_set1_epi8((b'9' - b'+').cast_signed())), from_plus);
            let number = _mm_andnot_si128(is(bytes, b'/'), number);
            let lower = or(bytes, _mm_set1_epi8(0x20));
            // `c` and `s` differ in one bit, and so do `a` and `e`, `h` and `l`, `t` and `v`.
            let pairs = or(
                or(is(or(lower, _mm_set1_epi8(0x10)), b's'), is(or(lower, _mm_set1_epi8(4)), b'e')),
                or(is(or(lower, _mm_set1_epi8(4)), b'l'), is(or(lower, _mm_set1_epi8(2)), b'v')),
            );
            let single = or(or(is(lower, b'm'), is(lower, b'z')), or(is(lower, b'q'), is(bytes, b' ')));
            let known = _mm_movemask_epi8(or(or(number, pairs), single)).cast_unsigned();
            !known & 0xffff
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        chunk.iter().enumerate().fold(0, |mask, (at, byte)| mask | u32::from(!is_path_byte(*byte)) << at)
    }
}

/// Whether all bytes are of the alphabet of SVG path data; what is shorter than a vector is looked at byte by byte.
#[inline(always)]
pub fn is_path(value: &[u8]) -> bool {
    wide::is_path(value).unwrap_or_else(|| is_path_by_sixteen(value))
}

#[inline(always)]
fn is_path_by_sixteen(value: &[u8]) -> bool {
    let Some(last) = value.last_chunk() else { return value.iter().all(|byte| is_path_byte(*byte)) };
    value.as_chunks().0.iter().all(|chunk| not_path(chunk) == 0) && not_path(last) == 0
}

const fn is_path_byte(byte: u8) -> bool {
    matches!(
        byte.to_ascii_lowercase(),
        b'm' | b'z' | b'l' | b'h' | b'v' | b'c' | b's' | b'q' | b't' | b'a' | b'e' | b'0'
            ..=b'9' | b'+' | b'-' | b'.' | b',' | b' '
    )
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn marked_up<const ATTRIBUTE: bool>(chunk: &[u8; 16]) -> u32 {
    chunk.iter().rev().fold(0, |bits, &byte| bits << 1 | u32::from(is_marked_up(byte, ATTRIBUTE)))
}

/// Sixteen code points as bytes; what is past U+007F becomes a byte of 0x80 or more, or zero.
pub trait Narrow: Copy + Into<u32> {
    /// The bytes; `None` where there is no quick way.
    fn narrow(units: &[Self; 16]) -> Option<[u8; 16]>;
}

impl Narrow for u8 {
    #[inline(always)]
    fn narrow(units: &[Self; 16]) -> Option<[u8; 16]> {
        Some(*units)
    }
}

impl Narrow for u16 {
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn narrow(units: &[Self; 16]) -> Option<[u8; 16]> {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_packus_epi16, _mm_storeu_si128};
        let mut bytes = [0; 16];
        // SAFETY: SSE2 is part of x86-64; the units are 32 bytes and the result is 16.
        unsafe {
            let units = units.as_ptr().cast::<__m128i>();
            // Units are taken for signed: the upper half of them comes out as zero, the rest past 0xff as 0xff.
            let packed = _mm_packus_epi16(_mm_loadu_si128(units), _mm_loadu_si128(units.add(1)));
            _mm_storeu_si128(bytes.as_mut_ptr().cast::<__m128i>(), packed);
        }
        Some(bytes)
    }

    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    fn narrow(units: &[Self; 16]) -> Option<[u8; 16]> {
        Some(units.map(|unit| u8::try_from(unit).unwrap_or(u8::MAX)))
    }
}

impl Narrow for u32 {
    #[inline(always)]
    fn narrow(_: &[Self; 16]) -> Option<[u8; 16]> {
        None
    }
}

/// A bit for each byte past 0x7f.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn high(chunk: &[u8; 16]) -> u32 {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_movemask_epi8};
    // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
    unsafe { _mm_movemask_epi8(_mm_loadu_si128(chunk.as_ptr().cast::<__m128i>())).cast_unsigned() }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn high(chunk: &[u8; 16]) -> u32 {
    chunk.iter().rev().fold(0, |bits, &byte| bits << 1 | u32::from(byte >> 7))
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn is_marked_up(byte: u8, attribute: bool) -> bool {
    match byte {
        b'"' | b'\t' | b'\n' => attribute,
        _ => byte < 0x20 || matches!(byte, b'&' | b'<' | b'>'),
    }
}

/// So many vectors of a value or a text are looked at in place. Most end in the first; what goes on behind these is long.
#[cfg(target_arch = "x86_64")]
const NEAR: usize = 2;

/// The sixteen bytes from here, where they are readable.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn sixteen<'a>(cursor: &Cursor<'a>) -> Option<&'a [u8; 16]> {
    // SAFETY: sixteen bytes from here are readable, and the window's buffer is borrowed for as long.
    (cursor.readable() >= 16).then(|| unsafe { &*cursor.pointer().cast::<[u8; 16]>() })
}

/// What ends a run of an XML attribute value that needs no look: a quote of this kind, `<`, `&` or a byte below 0x20.
#[inline(always)]
fn is_value_end(byte: u8, quote: u8) -> bool {
    byte == quote || byte == b'<' || byte == b'&' || byte < 0x20
}

/// Marks each byte that [`is_value_end`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn value_ends(chunk: &[u8; 16], quote: u8) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
    };
    // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
        let quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(quote.cast_signed()));
        let less = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'<'.cast_signed()));
        let and = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'&'.cast_signed()));
        let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, less), _mm_or_si128(and, control))).cast_unsigned()
    }
}

/// Moves over what needs no look in an XML attribute value: up to a quote of this kind, `<`, `&` or a byte below 0x20
/// (the sentinel too), which is returned.
#[inline(always)]
pub fn skip_value(cursor: &mut Cursor<'_>, quote: u8) -> u8 {
    #[cfg(target_arch = "x86_64")]
    for _ in 0..NEAR {
        let Some(chunk) = sixteen(cursor) else { break };
        let ends = value_ends(chunk, quote);
        if ends != 0 {
            cursor.advance(ends.trailing_zeros() as usize);
            return cursor.peek();
        }
        cursor.advance(16);
    }
    // By slice and length: a cursor whose address is taken could not stay in registers.
    cursor.advance(wide::value_run(cursor.ahead(), quote));
    cursor.peek()
}

/// What ends a run of XML character data that needs no look: `<`, `&`, `>` or NUL.
#[inline(always)]
fn is_text_end(byte: u8) -> bool {
    matches!(byte, b'<' | b'>' | b'&' | 0)
}

/// Marks each byte that [`is_text_end`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn text_ends(chunk: &[u8; 16]) -> u32 {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8, _mm_setzero_si128,
    };
    // SAFETY: SSE2 is part of x86-64, and the chunk is 16 bytes.
    unsafe {
        let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
        // `<` and `>` differ in one bit.
        let angle = _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(2)), _mm_set1_epi8(b'>'.cast_signed()));
        let and = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'&'.cast_signed()));
        let nul = _mm_cmpeq_epi8(bytes, _mm_setzero_si128());
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(angle, and), nul)).cast_unsigned()
    }
}

/// Moves over what needs no look in XML character data: up to `<`, `&`, `>` or NUL, which is returned.
#[inline(always)]
pub fn skip_text(cursor: &mut Cursor<'_>) -> u8 {
    #[cfg(target_arch = "x86_64")]
    for _ in 0..NEAR {
        let Some(chunk) = sixteen(cursor) else { break };
        let ends = text_ends(chunk);
        if ends != 0 {
            cursor.advance(ends.trailing_zeros() as usize);
            return cursor.peek();
        }
        cursor.advance(16);
    }
    // By slice and length, as in a value.
    cursor.advance(wide::text_run(cursor.ahead()));
    cursor.peek()
}

/// What an XML name might end at: white space, `/`, `>`, `=`, or a byte below 0x20.
#[inline(always)]
fn is_name_end(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'/' | b'>' | b'=')
}

/// How many of the sixteen bytes from here stand before the first that ends an XML name, and those bytes, NUL behind them,
/// as two words, the first byte in the lowest bits. `None` where sixteen are not readable.
#[inline(always)]
pub fn name_head(cursor: &Cursor<'_>) -> Option<(usize, [u64; 2])> {
    if cursor.readable() < 16 {
        return None;
    }
    // SAFETY: sixteen bytes from here are readable.
    let words = unsafe { cursor.pointer().cast::<[u64; 2]>().read_unaligned() };
    #[cfg(target_arch = "x86_64")]
    let length = {
        use std::arch::x86_64::{
            __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
        };
        // SAFETY: SSE2 is part of x86-64, and 16 bytes from here are readable.
        let ends = unsafe {
            let bytes = _mm_loadu_si128(cursor.pointer().cast::<__m128i>());
            let space = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(b' '.cast_signed())), bytes);
            let slash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'/'.cast_signed()));
            let greater = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'>'.cast_signed()));
            let equals = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'='.cast_signed()));
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(space, slash), _mm_or_si128(greater, equals)))
        };
        (ends.cast_unsigned() | 1 << 16).trailing_zeros() as usize
    };
    #[cfg(not(target_arch = "x86_64"))]
    let length = {
        let bytes: [u8; 16] = bytemuck_words(words);
        bytes.iter().position(|byte| is_name_end(*byte)).unwrap_or(16)
    };
    let mask = HEADS[length];
    Some((length, [u64::from_le(words[0]) & mask[0], u64::from_le(words[1]) & mask[1]]))
}

#[cfg(not(target_arch = "x86_64"))]
fn bytemuck_words(words: [u64; 2]) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&words[0].to_ne_bytes());
    bytes[8..].copy_from_slice(&words[1].to_ne_bytes());
    bytes
}

/// The sixteen bytes from here cut to `length` of them, as [`name_head`] gives them.
#[inline(always)]
pub fn head(cursor: &Cursor<'_>, length: usize) -> Option<[u64; 2]> {
    if cursor.readable() < 16 {
        return None;
    }
    // SAFETY: sixteen bytes from here are readable.
    let words = unsafe { cursor.pointer().cast::<[u64; 2]>().read_unaligned() };
    let mask = HEADS.get(length)?;
    Some([u64::from_le(words[0]) & mask[0], u64::from_le(words[1]) & mask[1]])
}

/// The first bytes of sixteen, NUL behind them.
#[inline(always)]
pub fn first(chunk: &[u8; 16], length: usize) -> Option<[u8; 16]> {
    let [low, high] = HEADS.get(length)?;
    let mask = u128::from(*low) | u128::from(*high) << 64;
    Some((u128::from_le_bytes(*chunk) & mask).to_le_bytes())
}

/// Which bits the first `n` of sixteen bytes take.
const HEADS: [[u64; 2]; 17] = {
    let mut heads = [[0; 2]; 17];
    let mut length = 0;
    while length < 17 {
        heads[length] = match length {
            0 => [0, 0],
            1..8 => [(1 << (8 * length)) - 1, 0],
            8 => [u64::MAX, 0],
            9..16 => [u64::MAX, (1 << (8 * (length - 8))) - 1],
            _ => [u64::MAX, u64::MAX],
        };
        length += 1;
    }
    heads
};

/// Moves over the bytes that an XML name might hold, up to one that ends it, which is returned.
#[inline]
pub fn skip_name(cursor: &mut Cursor<'_>) -> u8 {
    loop {
        match name_head(cursor) {
            Some((16, _)) => cursor.advance(16),
            Some((length, _)) => {
                cursor.advance(length);
                return cursor.peek();
            }
            None => break,
        }
    }
    loop {
        let byte = cursor.peek();
        if is_name_end(byte) {
            return byte;
        }
        cursor.advance(1);
    }
}

/// What there is in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Survey {
    /// A control character other than tab and LF, DEL not being one: what XML does not have, or a CR.
    pub control: bool,
    /// A byte above 0x7f.
    pub high: bool,
}

/// [`survey`], a byte at a time.
#[inline(always)]
fn survey_bytes(bytes: &[u8]) -> Survey {
    bytes.iter().fold(Survey { control: false, high: false }, |seen, &byte| Survey {
        control: seen.control | ((byte < b' ') & (byte != b'\t') & (byte != b'\n')),
        high: seen.high | (byte >= 0x80),
    })
}

/// Looks for what plain text does not have.
#[inline(always)]
pub fn survey(bytes: &[u8]) -> Survey {
    wide::survey(bytes).unwrap_or_else(|| survey_by_sixteen(bytes))
}

#[inline(always)]
fn survey_by_sixteen(bytes: &[u8]) -> Survey {
    #[cfg(target_arch = "x86_64")]
    if let Some(last) = bytes.last_chunk::<16>() {
        use std::arch::x86_64::{
            __m128i, _mm_andnot_si128, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
            _mm_set1_epi8, _mm_setzero_si128,
        };
        // SAFETY: SSE2 is part of x86-64, and each load takes the 16 bytes of a chunk.
        unsafe {
            let (mut control, mut high) = (_mm_setzero_si128(), _mm_setzero_si128());
            // What the whole chunks leave is in the last one, with some bytes that are looked at again.
            for chunk in bytes.as_chunks::<16>().0.iter().chain(std::iter::once(last)) {
                let bytes = _mm_loadu_si128(chunk.as_ptr().cast::<__m128i>());
                let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
                let low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
                let space = _mm_or_si128(is(b'\t'), is(b'\n'));
                control = _mm_or_si128(control, _mm_andnot_si128(space, low));
                high = _mm_or_si128(high, bytes);
            }
            return Survey { control: _mm_movemask_epi8(control) != 0, high: _mm_movemask_epi8(high) != 0 };
        }
    }
    survey_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_survey_sees_each_byte_at_each_place() {
        for length in [1, 7, 15, 16, 17, 32, 45] {
            for byte in 0..=255u8 {
                for place in 0..length {
                    let mut bytes = vec![b'x'; length];
                    bytes[place] = byte;
                    let control = byte < 32 && byte != 9 && byte != 10;
                    assert_eq!(survey(&bytes), Survey { control, high: byte > 127 });
                    assert_eq!(survey(&bytes), survey_bytes(&bytes));
                }
            }
        }
    }
    use crate::cursor::{PADDING, Window};

    #[test]
    fn unclean_marks_each_byte_that_the_single_byte_form_marks() {
        for byte in 0..=u8::MAX {
            let special = is_special(byte) || byte >= 0x80;
            for place in 0..16 {
                let mut chunk = [b'x'; 16];
                chunk[place] = byte;
                assert_eq!(unclean::<false>(&chunk), u32::from(special) << place);
                assert_eq!(unclean::<true>(&chunk), u32::from(special || byte == 0x7f) << place);
            }
        }
    }

    #[test]
    fn narrowed_units_past_ascii_are_high_bytes_or_zero() {
        for unit in 0..=u16::MAX {
            let mut units = [b'x'.into(); 16];
            units[usize::from(unit % 16)] = unit;
            let bytes = u16::narrow(&units).unwrap();
            let byte = bytes[usize::from(unit % 16)];
            assert!(if unit < 0x80 { u16::from(byte) == unit } else { byte == 0 || byte >= 0x80 }, "{unit:#x}");
            assert_eq!(high(&bytes), u32::from(byte >= 0x80) << (unit % 16));
        }
    }

    #[test]
    fn not_path_marks_each_byte_that_the_single_byte_form_does_not_know() {
        for byte in 0..=255_u8 {
            for at in 0..16 {
                let mut chunk = *b"M0,0 L-1.5e+3 2z";
                chunk[at] = byte;
                assert_eq!(not_path(&chunk), u32::from(!is_path_byte(byte)) << at, "{byte:#x}");
            }
        }
    }

    #[test]
    fn the_other_marks_are_those_of_the_single_byte_forms() {
        for byte in 0..=255_u8 {
            for at in 0..16 {
                let mut chunk = *b"1a#2.3%4,5-6+7_ ";
                chunk[at] = byte;
                assert_eq!(not_simple(&chunk), u32::from(!is_simple(byte)) << at, "{byte:#x}");
                let marks = |known: &dyn Fn(u8) -> bool| {
                    chunk.iter().enumerate().fold(0, |mask, (at, byte)| mask | u32::from(known(*byte)) << at)
                };
                let expected = (marks(&|known| known.is_ascii_digit()), marks(&|known| known == b'.'));
                assert_eq!(digits_and(&chunk, b'.'), expected, "{byte:#x}");
                let mut cut = chunk;
                cut[at..].fill(0);
                assert_eq!(first(&chunk, at), Some(cut));
            }
        }
    }

    #[test]
    fn marked_up_marks_each_byte_that_the_single_byte_form_marks() {
        for byte in 0..=u8::MAX {
            for place in 0..16 {
                let mut chunk = [b'x'; 16];
                chunk[place] = byte;
                assert_eq!(marked_up::<false>(&chunk), u32::from(is_marked_up(byte, false)) << place);
                assert_eq!(marked_up::<true>(&chunk), u32::from(is_marked_up(byte, true)) << place);
            }
        }
    }

    fn padded(bytes: &[u8]) -> Vec<u8> {
        let mut buffer = bytes.to_vec();
        buffer.resize(bytes.len() + PADDING, 0);
        buffer
    }

    #[test]
    fn digits_are_counted_up_to_any_other_byte() {
        for length in 0..=16 {
            for other in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
                let bytes: Vec<u8> = (0..length).map(|at| b'0' + at as u8 % 10).chain([other]).collect();
                let buffer = padded(&bytes);
                let (count, words) = digits(&Window::padded(&buffer, bytes.len()).cursor(0)).unwrap();
                assert_eq!(count, length);
                assert_eq!(count.min(8), digits_of_word(words[0]));
            }
        }
    }

    #[test]
    fn scans_agree_with_the_single_byte_form_at_every_length_and_place() {
        for length in 0..70 {
            for special in [b'"', b'\\', 0x1f, 0, b'\n'] {
                for place in 0..=length {
                    for filler in [b'x', 0xc3, b' '] {
                        let mut bytes = vec![filler; length];
                        bytes.insert(place, special);
                        let buffer = padded(&bytes);
                        let window = Window::padded(&buffer, bytes.len());
                        let (mut one, mut other) = (window.cursor(0), window.cursor(0));
                        assert_eq!(skip_plain(&mut one), skip_plain_bytes(&mut other));
                        assert_eq!(one.position(), other.position());
                        let mut space = window.cursor(0);
                        let stop = skip_space(&mut space);
                        let naive = bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len());
                        assert_eq!(space.position(), naive);
                        assert_eq!(stop, buffer[naive]);
                    }
                }
            }
        }
    }
}
