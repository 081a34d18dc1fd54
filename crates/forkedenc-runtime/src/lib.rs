//! A coroutine's frames on one contiguous segment that moves when it grows.
//!
//! Every decode and encode keeps its frames on a [`Stack`]. Frames are arrays of `u64`: numbers and offsets, never
//! addresses, so a move is one copy and nothing is adjusted. Nothing here knows of JSON or XML.

mod coroutine;
mod stack;
mod stats;

pub use coroutine::{Coroutine, Step};
pub use stack::{Overflow, Stack};
pub use stats::{Stats, process_stats};
