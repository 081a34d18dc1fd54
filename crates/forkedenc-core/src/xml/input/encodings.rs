//! Which encodings there are, by which names, and which of them a caller allows.

use std::fmt;
use std::sync::Arc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::multibyte::Multibyte;

/// What the bytes 0 to 255 stand for, [`UNDEFINED`] or a code point.
pub type Table = [u32; 256];

/// What a byte stands for that stands for nothing.
pub const UNDEFINED: u32 = u32::MAX;

/// Finds the table of a single-byte encoding by its name.
pub type FindTable = dyn Fn(&str) -> Option<Box<Table>> + Send + Sync;

/// An encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    /// Of the byte order that is found.
    Utf16,
    Utf16Le,
    Utf16Be,
    Latin1,
    Ascii,
    Table(Arc<Table>),
    Multibyte(Multibyte),
}

impl Charset {
    /// The encodings of XML itself, and those that every face knows. ISO-8859-1 is what ISO says, under all its names.
    fn native(name: &str) -> Option<Self> {
        let mut lower = [0; 24];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        Some(match std::str::from_utf8(lower).ok()? {
            "utf-8" | "utf8" | "utf-8-sig" => Self::Utf8,
            "utf-16" => Self::Utf16,
            "utf-16le" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            "iso-8859-1" | "iso_8859-1" | "iso_8859-1:1987" | "iso8859-1" | "iso88591" | "iso-ir-100" | "latin1"
            | "latin-1" | "l1" | "ibm819" | "cp819" | "csisolatin1" => Self::Latin1,
            "us-ascii" | "ascii" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso-ir-6" | "iso_646.irv:1991"
            | "iso646-us" | "us" | "ibm367" | "cp367" | "csascii" => Self::Ascii,
            _ => return None,
        })
    }

    /// The encodings of the Encoding Standard, by all their labels, but for those that keep a state (ISO-2022-JP), stand
    /// for something else (`replacement`) or for nothing that can be written (`x-user-defined`).
    fn standard(name: &str) -> Option<Self> {
        let encoding = Encoding::for_label_no_replacement(name.as_bytes())?;
        if encoding == UTF_8 {
            return Some(Self::Utf8);
        }
        if encoding == UTF_16LE {
            return Some(Self::Utf16);
        }
        if encoding == UTF_16BE {
            return Some(Self::Utf16Be);
        }
        if let Some(multibyte) = Multibyte::new(encoding) {
            return Some(Self::Multibyte(multibyte));
        }
        if !encoding.is_single_byte() || encoding == encoding_rs::X_USER_DEFINED {
            return None;
        }
        let mut table = [UNDEFINED; 256];
        for byte in 0..=255u8 {
            let text = encoding.decode_without_bom_handling_and_without_replacement(std::slice::from_ref(&byte));
            if let Some(character) = text.and_then(|text| text.chars().next()) {
                table[usize::from(byte)] = u32::from(character);
            }
        }
        Some(Self::Table(Arc::new(table)))
    }

    pub fn is_utf16(&self) -> bool {
        matches!(self, Self::Utf16 | Self::Utf16Le | Self::Utf16Be)
    }

    /// True for a table that leaves alone what markup is written in, as expat asks.
    fn fits(table: &Table) -> bool {
        (0..128u8).all(|byte| {
            let markup = matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~') && !b"$@\\^`{}~".contains(&byte);
            !markup || table[usize::from(byte)] == u32::from(byte)
        })
    }
}

/// The encodings that a document may be in.
#[derive(Clone, Default)]
pub struct Encodings {
    /// Without: the usual four, and nothing else.
    rules: Option<Arc<Rules>>,
}

#[derive(Clone, Default)]
struct Rules {
    allowed: Allowed,
    table: Option<Arc<FindTable>>,
}

#[derive(Clone, Default)]
enum Allowed {
    /// UTF-8, UTF-16, ISO-8859-1, US-ASCII.
    #[default]
    Usual,
    All,
    /// In lower case.
    Named(Box<[Box<str>]>),
}

/// The same rules: those that were made apart are not compared.
impl PartialEq for Encodings {
    fn eq(&self, other: &Self) -> bool {
        match (&self.rules, &other.rules) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl fmt::Debug for Encodings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rules.as_deref() {
            None => out.write_str("Encodings(usual)"),
            Some(Rules { allowed, table }) => {
                match allowed {
                    Allowed::Usual => out.write_str("Encodings(usual")?,
                    Allowed::All => out.write_str("Encodings(all")?,
                    Allowed::Named(names) => write!(out, "Encodings({names:?}")?,
                }
                out.write_str(if table.is_some() { ", tables)" } else { ")" })
            }
        }
    }
}

impl Encodings {
    /// UTF-8, UTF-16, ISO-8859-1 and US-ASCII; with `table`, also what it finds for a name that is none of ours.
    #[must_use]
    pub fn usual(table: Option<Arc<FindTable>>) -> Self {
        Self::new(Allowed::Usual, table)
    }

    /// All that the WHATWG's Encoding Standard names, but for the encodings that keep a state, which are refused because
    /// what they say depends on who reads it. `table` is asked for the names it does not know.
    #[must_use]
    pub fn all(table: Option<Arc<FindTable>>) -> Self {
        Self::new(Allowed::All, table)
    }

    /// Those of the names, and no other. `table` is asked for those that are none of ours.
    ///
    /// # Errors
    /// The first name that stands for no encoding.
    pub fn named<'n>(names: impl IntoIterator<Item = &'n str>, table: Option<Arc<FindTable>>) -> Result<Self, &'n str> {
        let mut allowed = Vec::new();
        for name in names {
            if Self::known(name).is_none() && table.as_ref().is_none_or(|table| table(name).is_none()) {
                return Err(name);
            }
            allowed.push(name.to_ascii_lowercase().into_boxed_str());
        }
        Ok(Self::new(Allowed::Named(allowed.into()), table))
    }

    fn new(allowed: Allowed, table: Option<Arc<FindTable>>) -> Self {
        Self { rules: Some(Arc::new(Rules { allowed, table })) }
    }

    fn allowed(&self) -> &Allowed {
        self.rules.as_ref().map_or(&Allowed::Usual, |rules| &rules.allowed)
    }

    /// The encoding that we know by this name.
    fn known(name: &str) -> Option<Charset> {
        Charset::native(name).or_else(|| Charset::standard(name))
    }

    /// The encoding of this name, allowed or not.
    pub(super) fn any(&self, name: &str) -> Option<Charset> {
        Self::known(name).or_else(|| self.table(name))
    }

    fn table(&self, name: &str) -> Option<Charset> {
        let table = self.rules.as_ref()?.table.as_ref()?(name)?;
        Charset::fits(&table).then(|| Charset::Table(table.into()))
    }

    /// The encoding that a document declares, where it is known and allowed.
    pub(super) fn find(&self, name: &str) -> Option<Charset> {
        match self.allowed() {
            Allowed::Usual => Charset::native(name).or_else(|| self.table(name)),
            Allowed::All => self.any(name),
            Allowed::Named(names) => {
                let named = names.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
                if named {
                    return self.any(name);
                }
                Self::known(name).filter(|charset| self.allows(charset))
            }
        }
    }

    /// True where an encoding may be read that no name was given for.
    pub(super) fn allows(&self, charset: &Charset) -> bool {
        match self.allowed() {
            Allowed::Usual | Allowed::All => true,
            Allowed::Named(names) => names.iter().any(|name| match Self::known(name) {
                Some(Charset::Utf16) => charset.is_utf16(),
                Some(known) => known == *charset,
                None => false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table that says of a byte above 0x7f what `point` says.
    fn table(point: impl Fn(u8) -> u32) -> Box<Table> {
        let mut table = Box::new([0; 256]);
        for byte in 0..=255u8 {
            table[usize::from(byte)] = if byte < 0x80 { u32::from(byte) } else { point(byte) };
        }
        table
    }

    fn find_table() -> Option<Arc<FindTable>> {
        Some(Arc::new(|name: &str| match name {
            "cp437" => Some(table(|byte| 0x400 + u32::from(byte))),
            "ebcdic" => Some(Box::new([0x40; 256])),
            _ => None,
        }))
    }

    fn multibyte(name: &str) -> bool {
        matches!(Encodings::all(None).find(name), Some(Charset::Multibyte(_)))
    }

    #[test]
    fn the_usual_encodings_are_those_of_the_list_under_any_case() {
        let usual = Encodings::default();
        for (names, charset) in [
            (["UTF-8", "utf-8", "Utf8"], Charset::Utf8),
            (["UTF-16", "utf-16", "uTF-16"], Charset::Utf16),
            (["ISO-8859-1", "latin1", "iso_8859-1"], Charset::Latin1),
            (["US-ASCII", "ascii", "us-ascii"], Charset::Ascii),
        ] {
            for name in names {
                assert_eq!(usual.find(name), Some(charset.clone()), "{name}");
                assert_eq!(Encodings::all(None).find(name), Some(charset.clone()), "{name}");
            }
        }
        let others = ["windows-1252", "cp1252", "ISO-8859-15", "Shift_JIS", "koi8-r", "UTF-32", "UTF-7", "", "nobody"];
        for name in others.into_iter().chain(["an-encoding-with-a-name-of-forty-letters", "cp437"]) {
            assert_eq!(usual.find(name), None, "{name}");
        }
    }

    #[test]
    fn encodings_that_keep_a_state_or_have_none_are_never_found() {
        let all = Encodings::all(None);
        for name in [
            "ISO-2022-JP",
            "csISO2022JP",
            "ISO-2022-KR",
            "ISO-2022-CN",
            "HZ-GB-2312",
            "UTF-7",
            "unicode-1-1-utf-7",
            "replacement",
            "x-user-defined",
            "UTF-32",
            "UCS-4",
            "cp037",
            "x-nobody",
        ] {
            assert_eq!(all.find(name), None, "{name}");
            assert!(Encodings::named([name], None).is_err(), "{name}");
        }
    }

    #[test]
    fn all_of_the_encoding_standard_are_found_where_all_are_allowed() {
        let all = Encodings::all(None);
        for name in
            ["windows-1252", "cp1251", "koi8-u", "macintosh", "iso-8859-15", "iso-8859-8-i", "ibm866", "tis-620"]
        {
            assert!(matches!(all.find(name), Some(Charset::Table(_))), "{name}");
        }
        assert!(
            ["Shift_JIS", "euc-jp", "gb2312", "gb18030", "big5-hkscs", "euc-kr", "ks_c_5601-1987"]
                .into_iter()
                .all(multibyte)
        );
        let Some(Charset::Table(table)) = all.find("windows-1252") else { panic!() };
        assert_eq!((table[0x80], table[0x81], table[0xe9], table[0x41]), (0x20ac, 0x81, 0xe9, 0x41));
        let Some(Charset::Table(table)) = all.find("iso-8859-7") else { panic!() };
        assert_eq!(table[0xff], UNDEFINED);
    }

    #[test]
    fn names_given_are_all_that_is_allowed() {
        let named = Encodings::named(["utf-8", "Koi8-R"], None).unwrap();
        assert!(named.find("UTF8") == Some(Charset::Utf8) && named.allows(&Charset::Utf8));
        assert!(matches!(named.find("KOI8-R"), Some(Charset::Table(_))));
        assert!(matches!(named.find("koi8"), Some(Charset::Table(_))), "another label of the same");
        assert!(named.find("iso-8859-1").is_none() && named.find("utf-16").is_none());
        assert!(!named.allows(&Charset::Utf16Le));
        let wide = Encodings::named(["UTF-16"], None).unwrap();
        assert!(wide.allows(&Charset::Utf16Be) && wide.find("utf-16le").is_some() && !wide.allows(&Charset::Utf8));
        let little = Encodings::named(["UTF-16LE"], None).unwrap();
        assert!(little.allows(&Charset::Utf16Le) && !little.allows(&Charset::Utf16Be));
        assert_eq!(Encodings::named(["utf-8", "nobody"], None).unwrap_err(), "nobody");
    }

    #[test]
    fn tables_are_asked_for_what_is_not_ours_and_must_leave_markup_alone() {
        for encodings in [Encodings::usual(find_table()), Encodings::all(find_table())] {
            let Some(Charset::Table(table)) = encodings.find("cp437") else { panic!("{encodings:?}") };
            assert_eq!(table[0x80], 0x480);
            assert_eq!(encodings.find("ebcdic"), None);
            assert_eq!(encodings.find("iso-8859-1"), Some(Charset::Latin1));
        }
        let named = Encodings::named(["cp437"], find_table()).unwrap();
        assert!(named.find("CP437").is_none() && named.find("cp437").is_some(), "tables are asked by the very name");
        assert!(Encodings::named(["utf-8"], find_table()).unwrap().find("cp437").is_none());
    }
}
