//! Characters of XML 1.0, fifth edition: which may stand in a document (§2.2), and which in a name (§2.3).

/// White space (§2.3). A carriage return is only met in the text of entities: input has its lines ended by LF.
#[inline(always)]
#[must_use]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// `Char`.
#[must_use]
pub fn is_char(point: u32) -> bool {
    matches!(point, 0x9 | 0xA | 0xD | 0x20..=0xD7FF | 0xE000..=0xFFFD | 0x1_0000..=0x10_FFFF)
}

/// `NameStartChar`.
#[must_use]
pub fn is_name_start(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '_' | ':' => true,
        '\0'..='\x7f' => false,
        _ => matches!(u32::from(character),
            0xC0..=0xD6 | 0xD8..=0xF6 | 0xF8..=0x2FF | 0x370..=0x37D | 0x37F..=0x1FFF | 0x200C..=0x200D
            | 0x2070..=0x218F | 0x2C00..=0x2FEF | 0x3001..=0xD7FF | 0xF900..=0xFDCF | 0xFDF0..=0xFFFD
            | 0x1_0000..=0xE_FFFF),
    }
}

/// `NameChar`.
#[must_use]
pub fn is_name(character: char) -> bool {
    is_name_start(character)
        || matches!(character, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// The first character of valid UTF-8 and its length; `None` where there is none.
#[must_use]
pub fn first(bytes: &[u8]) -> Option<(char, usize)> {
    let length = match *bytes.first()? {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    };
    let character = std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()?;
    Some((character, length))
}

/// How many bytes from the start form a name (`Name`; `colons` false: `NCName`), 0 where none starts there.
#[must_use]
pub fn name_length(bytes: &[u8], colons: bool) -> usize {
    let mut length = 0;
    while let Some((character, size)) = first(&bytes[length..]) {
        let fits = if length == 0 { is_name_start(character) } else { is_name(character) };
        if !fits || (!colons && character == ':') {
            break;
        }
        length += size;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_the_first_character_that_is_none_of_theirs() {
        assert_eq!(name_length("é-1·x y".as_bytes(), true), 7);
        assert_eq!(name_length(b"p:q", false), 1);
        assert_eq!(name_length(b"-a", true), 0);
        assert_eq!(name_length("𐀀x<".as_bytes(), true), 5);
        assert_eq!(name_length(b"", true), 0);
    }
}
