//! What went wrong, as numbers: kind and offset; line, column, path and text are found on the error path alone.

use crate::limits::Limit;

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
    /// A comma before the bracket that ends the container; the offset is the comma's, `at` the bracket's.
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
    Limit { limit: Limit, maximum: u64, observed: u64 },
    /// The builder failed and keeps the reason.
    Builder,
}

/// A failed decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    /// The 0-based byte of the input.
    pub offset: u64,
    /// Where the token that holds the offset starts.
    pub token: u64,
}
