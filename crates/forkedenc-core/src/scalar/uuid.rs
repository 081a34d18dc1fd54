//! UUIDs as RFC 9562 section 4 writes them, in letters of either case, or as their 32 digits alone. Braces and `urn:uuid:`
//! are refused.

use ::uuid::Uuid;

use super::Fault;

/// The number of a text.
pub fn read(text: &[u8]) -> Result<u128, Fault> {
    // The other forms that the crate knows have other lengths.
    if !matches!(text.len(), 32 | 36) {
        return Err(Fault::Form);
    }
    Uuid::try_parse_ascii(text).map(|uuid| uuid.as_u128()).map_err(|_| Fault::Form)
}

/// Writes the text of a number, in small letters.
pub fn put(out: &mut Vec<u8>, number: u128) {
    let mut room = [0; ::uuid::fmt::Hyphenated::LENGTH];
    out.extend_from_slice(Uuid::from_u128(number).hyphenated().encode_lower(&mut room).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: u128 = 0x1234_5678_1234_5678_1234_5678_9abc_def0;

    #[test]
    fn both_forms_are_read_in_either_case() {
        for text in [
            "12345678-1234-5678-1234-56789abcdef0",
            "12345678-1234-5678-1234-56789ABCDEF0",
            "123456781234567812345678 9abcdef0",
        ] {
            assert_eq!(read(text.replace(' ', "").as_bytes()), Ok(NUMBER));
        }
        let mut out = Vec::new();
        put(&mut out, NUMBER);
        assert_eq!(out, b"12345678-1234-5678-1234-56789abcdef0");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "1234",
            "{12345678-1234-5678-1234-56789abcdef0}",
            "urn:uuid:12345678-1234-5678-1234-56789abcdef0",
            "12345678-1234-5678-1234-56789abcdefg",
            "123456781234-5678-1234-56789abcdef0--",
            "1234567-81234-5678-1234-56789abcdef0",
            "{123456781234567812345678 9abcd}",
            "+2345678123456781234567812345678",
            "12345678_1234_5678_1234_56789abcdef0",
        ] {
            assert_eq!(read(text.as_bytes()), Err(Fault::Form), "{text}");
        }
    }
}
