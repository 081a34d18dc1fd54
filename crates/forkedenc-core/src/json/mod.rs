//! JSON (RFC 8259): `machine` reads, `builder` is told, `stream` cuts a stream into documents, `navigate` finds values
//! inside one, `text` and `number` are the tokens, `account` the limits and errors. `encode` is where the other direction's bytes go.

mod account;
pub mod builder;
mod decimal;
pub mod encode;
mod encode_bigint;
mod encode_number;
mod encode_text;
pub mod machine;
pub mod navigate;
pub mod number;
pub mod stream;
pub mod text;
mod tokens;
pub mod value;

pub use account::{Breach, price};
pub use builder::{Builder, Constant, Member, Null, Verdict};
pub use machine::{Flow, Machine, Rules};
