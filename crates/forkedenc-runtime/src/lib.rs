//! A coroutine's frames on one contiguous segment that moves when it grows.
//!
//! Every decode and encode is a coroutine that keeps its frames on a [`Stack`]: resumed with input, it asks for more, ends
//! or fails. Frames are arrays of `u64`: numbers and offsets, never addresses, so a move is one copy and nothing is
//! adjusted. Nothing here knows of JSON or XML.
//!
//! From the outside in: `stack.rs` is what a coroutine pushes to and when that moves, `stack/parked.rs` how
//! it waits when it is idle; `segment.rs` is one allocation, and the only unsafe code. Where segments come from and go to: `local.rs` (one thread's), then
//! `pool.rs` (the process's); `class.rs` has their sizes, `start.rs` learns at which to start. `stats.rs` counts, `fork.rs`
//! has the locks and gets them through `fork()`, `stress.rs` is the switch that makes everything move all the time.

mod class;
mod fork;
mod local;
pub mod pool;
mod segment;
mod stack;
mod start;
mod stats;
mod stress;

pub use class::SMALLEST;
pub use fork::{after_fork, before_fork};
pub use stack::{Overflow, Parked, Stack};
pub use start::StartSize;
pub use stats::{BREACHES, Stats, Totals, count_breach, process_stats};
pub use stress::{set_stress, stress};
