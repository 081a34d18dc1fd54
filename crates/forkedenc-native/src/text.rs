//! Python's str and UTF-8: the one way in and the one way out.
//!
//! "UTF-8" here is the core's: surrogates stand in their three-byte form. Strings are made through `PyUnicode_New`, in the
//! narrowest kind that holds them, and filled in place; they are read in place by kind, never through the cached UTF-8
//! form, which would stay with the caller's object.

use pyo3::ffi;
use std::os::raw::c_void;

/// A new str of ASCII bytes; null with MemoryError set.
///
/// # Safety
/// The caller is attached to the interpreter, and `bytes` are ASCII.
#[inline(always)]
pub unsafe fn from_ascii(bytes: &[u8]) -> *mut ffi::PyObject {
    // SAFETY: attached. One character comes from the interpreter's own table; else the new object has room for
    // exactly these bytes and nobody else has it yet.
    unsafe {
        if bytes.len() < 2 {
            return ffi::PyUnicode_FromStringAndSize(bytes.as_ptr().cast(), bytes.len().cast_signed());
        }
        let object = ffi::PyUnicode_New(bytes.len().cast_signed(), 127);
        if !object.is_null() {
            let data = object.cast::<u8>().add(size_of::<ffi::PyASCIIObject>());
            copy(bytes, data);
        }
        object
    }
}

/// Copies bytes; few of them without a call.
///
/// # Safety
/// `data` has room for `bytes`, and is no part of them.
#[inline(always)]
unsafe fn copy(bytes: &[u8], data: *mut u8) {
    // SAFETY: every word that is read and written lies within the `length` bytes; the words overlap in the middle.
    unsafe {
        let (from, length) = (bytes.as_ptr(), bytes.len());
        match length {
            17.. => std::ptr::copy_nonoverlapping(from, data, length),
            8.. => {
                let (head, tail) =
                    (from.cast::<u64>().read_unaligned(), from.add(length - 8).cast::<u64>().read_unaligned());
                data.cast::<u64>().write_unaligned(head);
                data.add(length - 8).cast::<u64>().write_unaligned(tail);
            }
            4.. => {
                let (head, tail) =
                    (from.cast::<u32>().read_unaligned(), from.add(length - 4).cast::<u32>().read_unaligned());
                data.cast::<u32>().write_unaligned(head);
                data.add(length - 4).cast::<u32>().write_unaligned(tail);
            }
            _ => {
                for at in 0..length {
                    data.add(at).write(from.add(at).read());
                }
            }
        }
    }
}

/// A new str of UTF-8 that the core has checked; null with MemoryError set.
///
/// # Safety
/// The caller is attached to the interpreter, and `bytes` are well-formed but for surrogates.
pub unsafe fn from_utf8(bytes: &[u8]) -> *mut ffi::PyObject {
    let (characters, kind) = measure(bytes);
    // SAFETY: attached; the object has room for `characters` of that kind, which is what the loops write.
    unsafe {
        if kind == 0x7f {
            return from_ascii(bytes);
        }
        if characters == 1 {
            // Latin-1 characters are shared by the interpreter.
            let mut point = 0;
            decode(bytes, |decoded| point = decoded);
            return ffi::PyUnicode_FromKindAndData(4, (&raw const point).cast::<c_void>(), 1);
        }
        let object = ffi::PyUnicode_New(characters.cast_signed(), kind);
        if object.is_null() {
            return object;
        }
        let data = object.cast::<u8>().add(size_of::<ffi::PyCompactUnicodeObject>());
        match kind {
            0xff => fill(bytes, data),
            0xffff => fill(bytes, data.cast::<u16>()),
            _ => fill(bytes, data.cast::<u32>()),
        }
        object
    }
}

/// Longer texts are checked and measured many bytes at a time.
const SHORT: usize = 64;

/// A new str of a short text that nobody has checked, not all ASCII: decoded and checked in one go. Null with MemoryError
/// set; `None` where it is long, ill-formed, or has characters past U+FFFF.
///
/// # Safety
/// The caller is attached to the interpreter.
#[inline]
pub unsafe fn from_common(bytes: &[u8]) -> Option<*mut ffi::PyObject> {
    if bytes.len() > SHORT {
        return None;
    }
    let mut units = [0u16; SHORT];
    let (mut rest, mut count, mut highest) = (bytes, 0, 0u16);
    while let [first, behind @ ..] = rest {
        let tail = |byte: u8| (byte & 0xc0 == 0x80).then_some(u16::from(byte & 0x3f));
        let unit = match (*first, behind) {
            (first @ 0..0x80, behind) => {
                rest = behind;
                u16::from(first)
            }
            (first @ 0xc2..0xe0, [second, behind @ ..]) => {
                rest = behind;
                u16::from(first & 0x1f) << 6 | tail(*second)?
            }
            (first @ 0xe0..0xf0, [second, third, behind @ ..]) => {
                rest = behind;
                let unit = u16::from(first & 0x0f) << 12 | tail(*second)? << 6 | tail(*third)?;
                if unit < 0x800 || (0xd800..0xe000).contains(&unit) {
                    return None;
                }
                unit
            }
            _ => return None,
        };
        // No more characters than bytes.
        units[count] = unit;
        count += 1;
        highest = highest.max(unit);
    }
    // SAFETY: attached; the object has room for `count` characters of its kind, which is what is written.
    unsafe {
        if count == 1 {
            return Some(ffi::PyUnicode_FromKindAndData(2, units.as_ptr().cast::<c_void>(), 1));
        }
        let object = ffi::PyUnicode_New(count.cast_signed(), if highest < 0x100 { 0xff } else { 0xffff });
        if object.is_null() {
            return Some(object);
        }
        let data = object.cast::<u8>().add(size_of::<ffi::PyCompactUnicodeObject>());
        if highest < 0x100 {
            for (at, unit) in units[..count].iter().enumerate() {
                data.add(at).write(*unit as u8);
            }
        } else {
            std::ptr::copy_nonoverlapping(units.as_ptr(), data.cast::<u16>(), count);
        }
        Some(object)
    }
}

/// Characters, and the largest code point that the narrowest kind for them holds.
#[inline]
fn measure(bytes: &[u8]) -> (usize, u32) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = ONES << 7;
    let (mut characters, mut high, mut wide, mut widest) = (0, 0, 0, 0);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for word in words.iter().chain([&last]) {
        let word = u64::from_ne_bytes(*word);
        // The top bit of each byte: not ASCII; begins a character of two bytes or more; of three; of four.
        let begins = word & word << 1 & TOPS;
        let continues = word & TOPS & !begins;
        // Their count, by adding the eight bits up in the highest byte.
        characters += 8 - ((continues >> 7).wrapping_mul(ONES) >> 56) as usize;
        high |= word & TOPS;
        // 0xc2 and 0xc3 begin what Latin-1 holds; any of these bits is set in what begins the others.
        wide |= begins & ((word & (ONES * 0x3c)) + ONES * 0x7c);
        widest |= begins & word << 2 & word << 3;
    }
    let kind = if widest != 0 {
        0x10_ffff
    } else if wide != 0 {
        0xffff
    } else if high != 0 {
        0xff
    } else {
        0x7f
    };
    (characters - (8 - rest.len()), kind)
}

/// Calls `put` with each code point.
///
/// # Safety
/// `bytes` are well-formed but for surrogates.
#[inline(always)]
unsafe fn decode(bytes: &[u8], mut put: impl FnMut(u32)) {
    let mut at = bytes.as_ptr();
    // SAFETY: the end of the slice.
    let end = unsafe { at.add(bytes.len()) };
    while at < end {
        // SAFETY: a character that begins in a well-formed text lies in it whole.
        unsafe {
            let first = u32::from(*at);
            let tail = |index: usize| u32::from(*at.add(index) & 0x3f);
            if first < 0x80 {
                put(first);
                at = at.add(1);
            } else if first < 0xe0 {
                put((first & 0x1f) << 6 | tail(1));
                at = at.add(2);
            } else if first < 0xf0 {
                put((first & 0x0f) << 12 | tail(1) << 6 | tail(2));
                at = at.add(3);
            } else {
                put((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3));
                at = at.add(4);
            }
        }
    }
}

trait Unit: Copy {
    fn of(point: u32) -> Self;
}
impl Unit for u8 {
    fn of(point: u32) -> Self {
        point as Self
    }
}
impl Unit for u16 {
    fn of(point: u32) -> Self {
        point as Self
    }
}
impl Unit for u32 {
    fn of(point: u32) -> Self {
        point
    }
}

/// # Safety
/// `bytes` are well-formed but for surrogates; `data` has room for their characters.
unsafe fn fill<U: Unit>(bytes: &[u8], mut data: *mut U) {
    // SAFETY: `decode` calls once per character, and there is room for all of them.
    unsafe {
        decode(bytes, |point| {
            *data = U::of(point);
            data = data.add(1);
        });
    }
}

/// Is this str ASCII, with its text right behind its header? (All are but those of subclasses.)
///
/// # Safety
/// The caller is attached; `object` is a str (or of a subclass), alive and ready.
#[inline(always)]
pub unsafe fn is_compact_ascii(object: *mut ffi::PyObject) -> bool {
    // SAFETY: it is a str by the contract, and only read.
    unsafe {
        #[cfg(not(Py_3_14))]
        {
            ffi::PyUnicode_IS_COMPACT_ASCII(object) != 0
        }
        // The flags are no longer to be had; no other kind of str has the shorter header.
        #[cfg(Py_3_14)]
        {
            ffi::PyUnicode_DATA(object).cast_const() == object.cast::<ffi::PyASCIIObject>().add(1).cast_const().cast()
        }
    }
}

/// What a str holds, by kind.
#[derive(Clone, Copy)]
pub enum Units<'a> {
    Ascii(&'a [u8]),
    Latin1(&'a [u8]),
    Two(&'a [u16]),
    Four(&'a [u32]),
}

impl<'a> Units<'a> {
    /// The characters of a str, read in place.
    ///
    /// # Safety
    /// The caller is attached; `object` is a str (or of a subclass) that lives for `'a`.
    pub unsafe fn of(object: *mut ffi::PyObject) -> Self {
        // SAFETY: a str's data are as long as its length says, in units of its kind, and don't change.
        unsafe {
            #[cfg(not(Py_3_12))]
            if ffi::PyUnicode_READY(object) != 0 {
                // Only the deprecated forms without data get here, when memory is out.
                ffi::PyErr_Clear();
                return Self::Ascii(&[]);
            }
            let length = ffi::PyUnicode_GET_LENGTH(object).cast_unsigned();
            let data = ffi::PyUnicode_DATA(object);
            match ffi::PyUnicode_KIND(object) {
                1 if is_compact_ascii(object) => Self::Ascii(std::slice::from_raw_parts(data.cast(), length)),
                1 => Self::Latin1(std::slice::from_raw_parts(data.cast(), length)),
                2 => Self::Two(std::slice::from_raw_parts(data.cast(), length)),
                _ => Self::Four(std::slice::from_raw_parts(data.cast(), length)),
            }
        }
    }

    /// Characters.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Ascii(units) | Self::Latin1(units) => units.len(),
            Self::Two(units) => units.len(),
            Self::Four(units) => units.len(),
        }
    }

    /// The character at an index that is in range.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<u32> {
        match self {
            Self::Ascii(units) | Self::Latin1(units) => units.get(index).map(|unit| (*unit).into()),
            Self::Two(units) => units.get(index).map(|unit| (*unit).into()),
            Self::Four(units) => units.get(index).copied(),
        }
    }

    /// Appends the characters `from..to` as UTF-8; false where memory is out, and part of them may be there.
    #[must_use]
    pub fn encode(&self, from: usize, to: usize, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Ascii(units) => {
                let units = &units[from..to];
                let room = out.try_reserve(units.len()).is_ok();
                if room {
                    out.extend_from_slice(units);
                }
                room
            }
            Self::Latin1(units) => encode(&units[from..to], out),
            Self::Two(units) => encode(&units[from..to], out),
            Self::Four(units) => encode(&units[from..to], out),
        }
    }
}

fn encode<U: Copy + Into<u32>>(units: &[U], out: &mut Vec<u8>) -> bool {
    /// Units at a time, each of which takes at most four bytes.
    const BLOCK: usize = 4096;
    if out.try_reserve(units.len()).is_err() {
        return false;
    }
    for block in units.chunks(BLOCK) {
        if out.try_reserve(4 * block.len()).is_err() {
            return false;
        }
        for unit in block {
            let point = (*unit).into();
            if point < 0x80 {
                out.push(point as u8);
            } else {
                forkedenc_core::utf8::push(out, point);
            }
        }
    }
    true
}

/// How many characters these bytes of UTF-8 are.
#[must_use]
pub fn characters(bytes: &[u8]) -> usize {
    measure(bytes).0
}
