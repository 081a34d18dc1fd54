//! UTF-8 (RFC 3629), strict or with the surrogates that Python's `surrogatepass` lets through.

/// How far bytes are well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    Valid,
    /// What stands from here to the end may become a character.
    Cut(usize),
    /// The sequence that starts here is none.
    Invalid(usize),
}

/// Shorter texts are checked a character at a time.
const SHORT: usize = 64;

/// Checks bytes. `surrogates`: three-byte forms of U+D800..DFFF pass.
#[inline]
#[must_use]
pub fn check(bytes: &[u8], surrogates: bool) -> Checked {
    if bytes.len() < SHORT && is_common(bytes) { Checked::Valid } else { check_all(bytes, surrogates) }
}

/// True for a text of characters up to U+FFFF that are no surrogates, and perhaps for no other.
fn is_common(mut bytes: &[u8]) -> bool {
    let continues = |byte: u8| byte & 0xc0 == 0x80;
    loop {
        bytes = match *bytes {
            [] => return true,
            [0..0x80, ref rest @ ..] => rest,
            [0xc2..0xe0, second, ref rest @ ..] if continues(second) => rest,
            [first @ 0xe0..0xf0, second, third, ref rest @ ..]
                if continues(second)
                    && continues(third)
                    && (first != 0xe0 || second >= 0xa0)
                    && (first != 0xed || second < 0xa0) =>
            {
                rest
            }
            _ => return false,
        };
    }
}

fn check_all(bytes: &[u8], surrogates: bool) -> Checked {
    let mut start = 0;
    loop {
        let rest = &bytes[start..];
        let error = match simdutf8::compat::from_utf8(rest) {
            Ok(_) => return Checked::Valid,
            Err(error) => error,
        };
        let bad = start + error.valid_up_to();
        if surrogates && bytes[bad] == 0xed {
            match bytes[bad..] {
                [_, 0xa0..=0xbf, 0x80..=0xbf, ..] => {
                    start = bad + 3;
                    continue;
                }
                [_] | [_, 0xa0..=0xbf] => return Checked::Cut(bad),
                _ => {}
            }
        }
        return if error.error_len().is_none() { Checked::Cut(bad) } else { Checked::Invalid(bad) };
    }
}

/// Appends a code point, a surrogate in its three-byte form.
pub fn push(out: &mut Vec<u8>, point: u32) {
    if let Some(character) = char::from_u32(point) {
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        out.extend_from_slice(&[
            0xe0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3f) as u8,
            0x80 | (point & 0x3f) as u8,
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_pass_only_where_asked() {
        assert_eq!(check(b"a\xed\xa0\x80b", true), Checked::Valid);
        assert_eq!(check(b"a\xed\xa0\x80b", false), Checked::Invalid(1));
        assert_eq!(check(b"a\xed\xa0", true), Checked::Cut(1));
        assert_eq!(check(b"a\xed", true), Checked::Cut(1));
        assert_eq!(check(b"\xed\xa0\x80\xff", true), Checked::Invalid(3));
        assert_eq!(check(b"\xe2\x82", false), Checked::Cut(0));
        assert_eq!(check(b"\xe2(\xa1", false), Checked::Invalid(0));
    }

    #[test]
    fn what_is_common_is_valid() {
        for first in 0..=255u8 {
            for second in 0..=255u8 {
                for third in [b'a', 0x7f, 0x80, 0x9f, 0xa0, 0xbf, 0xc0, 0xff] {
                    let text = [b'x', first, second, third];
                    assert!(!is_common(&text) || std::str::from_utf8(&text).is_ok(), "{text:x?}");
                    assert!(is_common(&text) || check(&text, false) != Checked::Valid, "{text:x?}");
                }
            }
        }
    }

    #[test]
    fn push_writes_what_check_reads() {
        for point in [0x41, 0xe9, 0x20ac, 0x1f600, 0xd800, 0xdfff] {
            let mut out = Vec::new();
            push(&mut out, point);
            assert_eq!(check(&out, true), Checked::Valid);
        }
    }
}
