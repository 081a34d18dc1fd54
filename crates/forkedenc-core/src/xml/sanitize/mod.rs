//! The sanitizer: events in, what a policy allows of them out, written straight to bytes.
//!
//! [`Plan`] is a policy ready to be asked, shared by all documents; [`Engine`] is the sink that reads one document and writes it
//! (`engine.rs` elements and text, `tag.rs` attributes and declarations, `lookup.rs` what the plan says of names). `judge.rs` holds the grammars of values, `url.rs` and `css.rs` two of them, `quick.rs` what short values need,
//! `uses.rs` the account of what references draw, `html.rs` what an HTML parser would move, `report.rs` what was taken out.
//!
//! Nothing is held but the tag at hand, a frame for each open element, the ids of a picture, and the text of elements that
//! are judged as a whole (style sheets, HTML in feeds), within its limit.

mod css;
mod engine;
mod html;
mod judge;
mod lookup;
mod plan;
mod quick;
mod report;
mod tag;
#[cfg(test)]
mod tests;
mod url;
mod uses;
mod write;

pub use engine::{Engine, Host, Refusal, Session};
pub use judge::{Media, Value};
pub use plan::{Action, Answer, AttributeRow, ElementRow, OnLimit, Pattern, Plan, PlanError, Source, flag};
pub use report::{Kind, Removal, Report};
pub use write::Output;
