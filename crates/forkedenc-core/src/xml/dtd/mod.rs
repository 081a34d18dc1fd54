//! The DOCTYPE: what it declares, and what replacing entities costs.

mod expand;
mod store;

pub use expand::{Expansions, expand_in_attribute, predefined};
pub use store::{AttributeDefault, Dtd, ElementRules, Entity, EntityKind, Text};

/// What a DOCTYPE may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtdMode {
    /// None at all.
    Forbid,
    /// One without an internal subset.
    Bare,
    /// Read past: it declares nothing.
    Skip,
    /// The internal subset is read and obeyed.
    Internal,
}
