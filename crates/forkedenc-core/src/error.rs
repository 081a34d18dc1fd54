//! What went wrong, as numbers: kind and offset; line, column, path and text are found on the error path alone.

use crate::limits::Limit;
use crate::position::Place;

/// The kinds of error of a decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value should start here.
    ExpectedValue,
    /// An object's key, in double quotes, should start here.
    ExpectedKey,
    ExpectedColon,
    /// A comma or the container's end should stand here.
    ExpectedComma,
    /// A comma before the bracket that ends the container; the offset is the bracket's, `token` the comma's.
    TrailingComma,
    /// A character below U+0020 inside a string.
    ControlCharacter,
    /// A backslash before a character that forms no escape; the offset is the backslash's.
    InvalidEscape,
    /// `\u` without four hexadecimal digits; the offset is that of the `u`.
    InvalidUnicodeEscape,
    /// An escape that is half of a surrogate pair; the offset is its backslash's.
    LoneSurrogate,
    /// The offset is that of the sequence's first byte.
    InvalidUtf8,
    /// Something after the document.
    ExtraData,
    /// A number past the range of a double.
    NumberOutOfRange,
    DuplicateKey,
    ByteOrderMark,
    /// The input ended before the document did.
    Incomplete,
    Limit {
        limit: Limit,
        maximum: u64,
        observed: u64,
    },
    /// The machine had no memory for the stack.
    OutOfMemory,
    /// The builder failed and keeps the reason.
    Builder,
    /// The value does not fit what the builder wants, which it keeps.
    Mismatch,
}

impl Kind {
    /// The name that errors carry as `.kind`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ExpectedValue => "expected_value",
            Self::ExpectedKey => "expected_key",
            Self::ExpectedColon => "expected_colon",
            Self::ExpectedComma => "expected_comma",
            Self::TrailingComma => "trailing_comma",
            Self::ControlCharacter => "control_character",
            Self::InvalidEscape => "invalid_escape",
            Self::InvalidUnicodeEscape => "invalid_unicode_escape",
            Self::LoneSurrogate => "lone_surrogate",
            Self::InvalidUtf8 => "invalid_utf8",
            Self::ExtraData => "extra_data",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::DuplicateKey => "duplicate_key",
            Self::ByteOrderMark => "byte_order_mark",
            Self::Incomplete => "incomplete",
            Self::Limit { .. } => "limit",
            Self::OutOfMemory => "out_of_memory",
            Self::Builder => "builder",
            Self::Mismatch => "validation",
        }
    }
}

/// A failed decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    pub place: Place,
    /// The offset where the token that holds the place starts.
    pub token: u64,
    /// The way to the value, as a JSON Pointer (RFC 6901).
    pub path: String,
}

/// A limit that was crossed while enforcement is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    pub limit: Limit,
    pub maximum: u64,
    /// The final size of what crossed.
    pub observed: u64,
    /// Where the limit's error would have been raised.
    pub place: Place,
    pub path: String,
}
