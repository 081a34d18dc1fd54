//! Stress mode: every push moves to a new allocation, the one left behind is poisoned, nothing is pooled.
//!
//! That is so up to [`EVERY_PUSH`] words in use. A deeper stack moves when it has gained a fraction of itself, or ten million
//! levels would take time in the square of their number.
//!
//! A frame holds offsets, so a move must change nothing; in this mode whoever kept an address finds poison instead. The
//! switch belongs to the process. It costs a push nothing: a stack under stress has no room, so that each push takes the
//! path that grows. A stack sees the switch when it is made, when it is resumed and when it moves.

use std::sync::atomic::{AtomicU8, Ordering};

const UNREAD: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;

/// Words in use up to which every push moves: 16 KiB.
const EVERY_PUSH: usize = 2048;

/// Words in use up to which a move comes after a few pushes, and behind which after an eighth of what is used: 64 KiB.
const FEW_PUSHES: usize = 8192;

/// How many words a stack that uses `words` may push before it moves again.
pub(crate) fn slack(words: usize) -> usize {
    if words < EVERY_PUSH {
        0
    } else if words < FEW_PUSHES {
        words / EVERY_PUSH
    } else {
        words / 8
    }
}

static SWITCH: AtomicU8 = AtomicU8::new(UNREAD);

/// Switches stress mode for the whole process.
pub fn set_stress(on: bool) {
    SWITCH.store(if on { ON } else { OFF }, Ordering::Relaxed);
}

/// Whether stress mode is on: as switched, else where the environment had `FORKEDENC_STRESS=1` at the first question.
#[inline]
#[must_use]
pub fn stress() -> bool {
    match SWITCH.load(Ordering::Relaxed) {
        UNREAD => read_environment(),
        switch => switch == ON,
    }
}

#[cold]
fn read_environment() -> bool {
    let on = std::env::var_os("FORKEDENC_STRESS").is_some_and(|value| value == "1");
    // A switch thrown meanwhile in another thread wins.
    let _ = SWITCH.compare_exchange(UNREAD, if on { ON } else { OFF }, Ordering::Relaxed, Ordering::Relaxed);
    SWITCH.load(Ordering::Relaxed) == ON
}
