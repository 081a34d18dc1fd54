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
        Some(match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Self::Utf8,
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
