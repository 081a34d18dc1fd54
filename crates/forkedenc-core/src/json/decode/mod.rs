//! Decoding. `machine` reads, `loops` is its heart, `builder` is told; `stream` cuts a stream into documents, `navigate`
//! finds values inside one; `text`, `number`, `decimal`, `significant` and `tokens` are the tokens, `aside`, `fence` and
//! `capture` what a builder may ask of a value beside building it, `account` the limits and errors, `value` a builder for Rust.

mod account;
mod aside;
pub mod builder;
mod capture;
mod decimal;
mod fence;
mod loops;
pub mod machine;
pub mod navigate;
pub mod number;
mod significant;
pub mod stream;
pub mod text;
mod tokens;
pub mod value;

pub use account::price;
pub use builder::{Builder, Check, Constant, Member, Null, Verdict};
pub use machine::{Flow, Machine, Rules};
