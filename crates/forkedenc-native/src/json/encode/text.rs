//! Between `str` objects and text: read in place, made in one allocation.

use forkedenc_core::json::encode::Text;
use pyo3::ffi;

use super::fixed::Pen;
use crate::text::is_compact_ascii;

/// The text of a str, read in place; `None` with an exception set where an old-style str can't be made ready.
///
/// # Safety
/// `object` is a str, alive and not changed for as long as the text is used.
#[inline(always)]
pub unsafe fn text<'a>(object: *mut ffi::PyObject) -> Option<Text<'a>> {
    // SAFETY: `object` is a str by the contract; its data holds `length` units of its kind.
    unsafe {
        if is_compact_ascii(object) {
            let (data, length) = ascii_data(object);
            return Some(Text::Ascii(std::slice::from_raw_parts(data, length)));
        }
        #[cfg(not(Py_3_12))]
        if ffi::PyUnicode_IS_READY(object) == 0 && ffi::PyUnicode_READY(object) < 0 {
            return None;
        }
        let length = ffi::PyUnicode_GET_LENGTH(object).cast_unsigned();
        let data = ffi::PyUnicode_DATA(object);
        Some(match ffi::PyUnicode_KIND(object) {
            ffi::PyUnicode_1BYTE_KIND => Text::Latin1(std::slice::from_raw_parts(data.cast(), length)),
            ffi::PyUnicode_2BYTE_KIND => Text::Ucs2(std::slice::from_raw_parts(data.cast(), length)),
            _ => Text::Ucs4(std::slice::from_raw_parts(data.cast(), length)),
        })
    }
}

/// Where the text of a compact ASCII str lies, and its length.
///
/// # Safety
/// `object` is a compact ASCII str.
#[inline(always)]
unsafe fn ascii_data(object: *mut ffi::PyObject) -> (*const u8, usize) {
    // SAFETY: such a str's text lies behind its header.
    unsafe {
        let header = object.cast::<ffi::PyASCIIObject>();
        (header.add(1).cast(), (*header).length.cast_unsigned())
    }
}

/// The UTF-8 of a str that keeps it, since someone has asked for it before: where it lies, null if nobody has, and its
/// length. `None` where a str can't be asked.
///
/// # Safety
/// `object` is a str, alive and not ASCII in place.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn kept_utf8(object: *mut ffi::PyObject) -> Option<(*const u8, usize)> {
    #[cfg(not(Py_3_14))]
    // SAFETY: a compact str that is not ASCII begins with this header.
    unsafe {
        (ffi::PyUnicode_IS_COMPACT(object) != 0).then(|| {
            let header = object.cast::<ffi::PyCompactUnicodeObject>();
            ((*header).utf8.cast_const().cast(), (*header).utf8_length.cast_unsigned())
        })
    }
    #[cfg(Py_3_14)]
    {
        let _ = object;
        None
    }
}

/// Strings up to this length have a path of their own.
const SHORT: usize = 512;

/// Writes a str as a JSON string with `behind` after it, of which `count` bytes count, if it is short, its UTF-8 is at
/// hand and has nothing to escape (`DEL`: it is ASCII without DEL); false if nothing was written.
///
/// # Safety
/// `object` is an exact str, alive.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub unsafe fn clean_string<const DEL: bool>(
    object: *mut ffi::PyObject,
    pen: &mut Pen,
    behind: [u8; 2],
    count: usize,
) -> bool {
    use std::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set1_epi8,
        _mm_setzero_si128, _mm_storeu_si128,
    };
    const HEADER: usize = size_of::<ffi::PyASCIIObject>();
    const { assert!(HEADER >= 16) };
    // SAFETY: SSE2 is part of x86-64. Loads: whole vectors inside the text, or the 16 bytes that end with the text,
    // which begin inside the header where the text is shorter (text elsewhere is not shorter). Stores: inside what is left and the margin behind that.
    unsafe {
        let in_place = is_compact_ascii(object);
        let (data, length) = if in_place {
            ascii_data(object)
        } else if let Some(kept) = kept_utf8(object).filter(|_| !DEL) {
            kept
        } else {
            return false;
        };
        if pen.left() < length.cast_signed() || length > SHORT || data.is_null() || !in_place && length < 16 {
            return false;
        }
        let start = pen.at;
        let text = start.add(1);
        let load = |at: *const u8| _mm_loadu_si128(at.cast::<__m128i>());
        let dirty = |bytes: __m128i| {
            let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte.cast_signed()));
            let control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
            let found = _mm_or_si128(control, _mm_or_si128(is(b'"'), is(b'\\')));
            if DEL { _mm_or_si128(found, is(0x7f)) } else { found }
        };
        let last = load(data.add(length).sub(16));
        let found = if length >= 16 {
            let mut found = _mm_setzero_si128();
            let mut at = 0;
            while at + 16 < length {
                let bytes = load(data.add(at));
                _mm_storeu_si128(text.add(at).cast::<__m128i>(), bytes);
                found = _mm_or_si128(found, dirty(bytes));
                at += 16;
            }
            _mm_storeu_si128(text.add(length).sub(16).cast::<__m128i>(), last);
            _mm_movemask_epi8(_mm_or_si128(found, dirty(last))).cast_unsigned()
        } else {
            copy_short(data, text, length);
            _mm_movemask_epi8(dirty(last)).cast_unsigned() >> (16 - length)
        };
        if found != 0 {
            return false;
        }
        *start = b'"';
        let end = text.add(length);
        *end = b'"';
        end.add(1).cast::<[u8; 2]>().write_unaligned(behind);
        pen.at = end.add(1 + count);
        true
    }
}

/// Copies fewer than 16 bytes by two moves that overlap.
///
/// # Safety
/// As `ptr::copy_nonoverlapping`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn copy_short(from: *const u8, to: *mut u8, length: usize) {
    /// # Safety
    /// `length` is at least the size of `T` and at most twice that.
    #[inline(always)]
    unsafe fn twice<T: Copy>(from: *const u8, to: *mut u8, length: usize) {
        // SAFETY: both moves lie inside the `length` bytes.
        unsafe {
            let back = length - size_of::<T>();
            let (first, last) = (from.cast::<T>().read_unaligned(), from.add(back).cast::<T>().read_unaligned());
            to.cast::<T>().write_unaligned(first);
            to.add(back).cast::<T>().write_unaligned(last);
        }
    }
    // SAFETY: as the caller's.
    unsafe {
        if length >= 8 {
            twice::<u64>(from, to, length);
        } else if length >= 4 {
            twice::<u32>(from, to, length);
        } else if length >= 2 {
            twice::<u16>(from, to, length);
        } else if length == 1 {
            *to = *from;
        }
    }
}

/// There is no such path here: strings take the common one.
///
/// # Safety
/// None.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub unsafe fn clean_string<const DEL: bool>(_: *mut ffi::PyObject, _: &mut Pen, _: [u8; 2], _: usize) -> bool {
    false
}

/// A new str from UTF-8 in which surrogates may stand; null with an exception set where memory ends.
///
/// # Safety
/// The interpreter is attached. `ascii` only if all bytes are below 0x80.
pub unsafe fn make_str(bytes: &[u8], ascii: bool) -> *mut ffi::PyObject {
    let length = bytes.len().cast_signed();
    // SAFETY: a new compact ASCII str has room for `length` bytes, and nobody else knows it yet.
    unsafe {
        if ascii || bytes.is_ascii() {
            let object = ffi::PyUnicode_New(length, 127);
            if !object.is_null() && length > 0 {
                let data = object.cast::<ffi::PyASCIIObject>().add(1).cast::<u8>();
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
            }
            return object;
        }
        ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), length, c"surrogatepass".as_ptr())
    }
}
