//! XML 1.0, fifth edition, with Namespaces 1.0: not validating, and nothing external is ever read.
//!
//! `input` makes UTF-8 with lines ended by LF of whatever is fed; `machine` and its neighbours read that and call a
//! [`Sink`]; `dtd` reads the DOCTYPE; `names` keeps the names of a document as numbers.

pub mod chars;
mod error;
mod names;
mod sink;
pub mod write;

pub use error::{Error, Kind, Open};
pub use names::{ExpandedId, NameId, Names, UriId, XML_URI, XMLNS_URI};
pub use sink::{Attribute, Binding, Context, Declared, Doctype, Name, Null, Sink, Tag, XmlDeclaration};
