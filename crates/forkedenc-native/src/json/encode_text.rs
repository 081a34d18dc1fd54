//! Between `str` objects and text: read in place, made in one allocation.

use forkedenc_core::json::encode::Text;
use pyo3::ffi;

/// The text of a str, read in place; `None` with an exception set where an old-style str can't be made ready.
///
/// # Safety
/// `object` is a str, alive and not changed for as long as the text is used.
#[inline(always)]
pub unsafe fn text<'a>(object: *mut ffi::PyObject) -> Option<Text<'a>> {
    // SAFETY: `object` is a str by the contract; its data holds `length` units of its kind.
    unsafe {
        if ffi::PyUnicode_IS_READY(object) == 0 && ffi::PyUnicode_READY(object) < 0 {
            return None;
        }
        let length = ffi::PyUnicode_GET_LENGTH(object).cast_unsigned();
        if ffi::PyUnicode_IS_COMPACT_ASCII(object) != 0 {
            let data = object.cast::<ffi::PyASCIIObject>().add(1).cast::<u8>();
            return Some(Text::Ascii(std::slice::from_raw_parts(data, length)));
        }
        let data = ffi::PyUnicode_DATA(object);
        Some(match ffi::PyUnicode_KIND(object) {
            ffi::PyUnicode_1BYTE_KIND if ffi::PyUnicode_IS_ASCII(object) != 0 => {
                Text::Ascii(std::slice::from_raw_parts(data.cast(), length))
            }
            ffi::PyUnicode_1BYTE_KIND => Text::Latin1(std::slice::from_raw_parts(data.cast(), length)),
            ffi::PyUnicode_2BYTE_KIND => Text::Ucs2(std::slice::from_raw_parts(data.cast(), length)),
            _ => Text::Ucs4(std::slice::from_raw_parts(data.cast(), length)),
        })
    }
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
