//! However a document is cut, what the sanitizer writes and tells is that of the whole; a parser reads what it wrote, and
//! cleaned again it stays as it is.
#![no_main]

use std::sync::LazyLock;

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::sanitize::Plan;
use forkedenc_fuzz::{pieces, split};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/forkedenc-core/tests/sanitized/mod.rs"]
mod sanitized;

/// Of text that is held, and of attributes where they are dropped.
const SHORT: u64 = 40;

static PLANS: LazyLock<Vec<Plan>> =
    LazyLock::new(|| (0..16).map(|choice| Plan::new(sanitized::source(choice)).expect("a plan")).collect());

fuzz_target!(|data: &[u8]| {
    let (document, choices) = split(data);
    let plan = &PLANS[usize::from(choices[0] & 15)];
    let mut limits = XmlLimits { distinct_names: 1000, ..XmlLimits::DEFAULT };
    if choices[1] & 1 != 0 {
        (limits.attribute_bytes, limits.comment_bytes, limits.text_bytes) = (SHORT, SHORT, SHORT);
    }
    sanitized::check(plan, limits, document, &[pieces(document, &choices[2..]), document.chunks(1).collect()]);
});
