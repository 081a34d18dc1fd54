//! The way out: text escaped and checked, names and markup that are refused where they would not be well-formed.
//!
//! `out` is the buffer, `escape` writes text into it, `rules` says what may stand where; `document` is the writer of one
//! document, which keeps its elements closed and its prefixes bound. Trees are walked by whoever owns them.

mod document;
mod escape;
mod out;
pub mod rules;
mod scope;

pub use document::{Document, Pairs, Refusal, Style};
pub use escape::{Context, Form, How, Invalid};
pub use out::Out;
pub use scope::{Attributes, Scope};

/// Why something was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The document is past its `max_document_bytes`.
    Limit,
    /// A code point that is none of XML's characters.
    Character(u32),
    /// The allocator has no more.
    Memory,
}
