//! Internal subsets and documents that use them: the input is the subset, with a root behind it that asks for what it declares.
#![no_main]

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::DtdMode;
use forkedenc_fuzz::xml::{Recorder, feed, options};
use forkedenc_fuzz::{pieces, split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (subset, choices) = split(data);
    let mut document = b"<!DOCTYPE a [".to_vec();
    document.extend_from_slice(subset);
    document.extend_from_slice(match choices[1] & 3 {
        0 => b"]><a b=' &e;'>&e;<c/>&f;</a>".as_slice(),
        1 => b"]>\n<a xmlns:p='u' p:b=''>&f;</a>",
        2 => b"<a/>",
        _ => b"]><a/>",
    });
    let mut limits = XmlLimits::DEFAULT;
    if choices[1] & 4 != 0 {
        // Small ones are crossed sooner.
        (limits.entities, limits.entity_depth, limits.entity_expansions, limits.expanded_bytes) = (4, 3, 20, 500);
    }
    let mut options = options(choices[0], limits);
    options.rules.dtd = DtdMode::Internal;
    let whole = feed::<Recorder>(&options, &[&document]);
    let cut = feed::<Recorder>(&options, &pieces(&document, &choices[2..]));
    assert_eq!(cut, whole, "in pieces and whole");
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    assert_eq!(feed::<Recorder>(&options, &bytes), whole, "byte by byte and whole");
    // What is skipped has the same end, unless it is refused or what it declared is missed.
    options.rules.dtd = DtdMode::Skip;
    assert_eq!(feed::<Recorder>(&options, &bytes), feed::<Recorder>(&options, &[&document]), "skipped");
});
