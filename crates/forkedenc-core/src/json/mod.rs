//! JSON (RFC 8259): `decode` makes builder calls of bytes, `encode` makes bytes of a walk over values.

pub mod decode;
pub mod encode;

pub use decode::{
    Builder, Check, Constant, Flow, Machine, Member, Null, Rules, Verdict, builder, machine, navigate, number, price,
    stream, text, value,
};
