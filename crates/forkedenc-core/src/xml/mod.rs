//! XML 1.0, fifth edition, with Namespaces 1.0: not validating, and nothing external is ever read.
//!
//! `input` makes UTF-8 with lines ended by LF of whatever is fed; `machine` and its neighbours read that and call a
//! [`Sink`]; `dtd` reads the DOCTYPE; `names` keeps the names of a document as numbers; `park`
//! packs up a parser that waits for long.

mod account;
mod blob;
pub mod chars;
mod content;
mod doctype;
pub mod dtd;
mod entity;
mod error;
pub mod input;
mod machine;
mod markup;
mod names;
mod park;
mod parser;
mod resume;
pub mod sanitize;
mod sink;
mod tag;
mod value;
pub mod write;

pub use account::price;
pub use chars::is_char;
pub use dtd::DtdMode;
pub use error::{Error, Kind, Open};
pub use input::Encodings;
pub use machine::{Rules, Runs, Wide};
pub use names::{ExpandedId, NameId, Names, UriId, XML_URI, XMLNS_URI};
pub use park::Parked;
pub use parser::{Flow, Options, Parser};
pub use sink::{Attribute, Binding, Context, Declared, Doctype, Name, Null, Sink, Tag, XmlDeclaration};
