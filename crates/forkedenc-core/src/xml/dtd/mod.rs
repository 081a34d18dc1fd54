//! The DOCTYPE: what it declares, and what replacing entities costs.
//!
//! `scan` finds tokens and suspends at any byte; `markup` reads comments and PIs, `literal` what stands between quotes;
//! `grammar` says which token may follow and gathers declarations; `reader` drives them over the document and over the texts
//! of parameter entities; `store` keeps what was declared; `expand` replaces entities in attributes; `audit` notes limits
//! instead of enforcing them. Nothing recurses, and nothing external is read.

mod audit;
mod expand;
mod grammar;
mod literal;
mod markup;
mod reader;
mod scan;
mod store;
#[cfg(test)]
mod tests;

pub(super) use audit::Crossing;
pub use expand::{Expansions, expand_in_attribute, predefined};
pub(super) use reader::{Env, Outcome, Reader};
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
