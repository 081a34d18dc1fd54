//! The codecs: bytes in, builder calls out, and back. No Python, no I/O, no threads, no clocks.
//!
//! `json` and `xml` stand side by side and never meet; what both need is at the top.

#![deny(unsafe_code)]

#[allow(unsafe_code)]
pub mod cursor;
pub mod error;
mod hash;
pub mod json;
pub mod limits;
pub mod path;
pub mod plan;
pub mod position;
pub mod scalar;
#[allow(unsafe_code)]
pub mod simd;
pub mod utf8;
pub mod xml;
