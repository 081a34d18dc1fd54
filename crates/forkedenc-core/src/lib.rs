//! The codecs: bytes in, builder calls out, and back. No Python, no I/O, no threads, no clocks.
//!
//! `json` and (later) `xml` stand side by side and never meet; what both need is at the top.

pub mod error;
pub mod json;
pub mod limits;
