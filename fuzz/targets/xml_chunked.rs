//! A document cut anywhere gives the events of the whole, at the same places, and the same error.
#![no_main]

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::Null;
use forkedenc_fuzz::xml::{Recorder, feed, options};
use forkedenc_fuzz::{pieces, split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (document, choices) = split(data);
    let options = options(choices[0], XmlLimits::DEFAULT);
    let whole = feed::<Recorder>(&options, &[document]);
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    for (how, pieces) in [("in pieces", pieces(document, &choices[2..])), ("byte by byte", bytes)] {
        let cut = feed::<Recorder>(&options, &pieces);
        assert_eq!(cut.1, whole.1, "the error, {how} and whole");
        assert_eq!(cut.0, whole.0, "the events, {how} and whole");
        // What is only checked is refused alike.
        assert_eq!(feed::<Null>(&options, &pieces).1, whole.1, "told and untold, {how}");
    }
    if let Some(error) = &whole.1 {
        assert!(error.place.offset <= document.len() as u64, "an error lies in the input: {error:?}");
    }
});
