//! A typed decode of a document cut anywhere makes the calls of the whole, with the same errors at the same places: rests,
//! raw values and objects whose class a member behind tells.
#![no_main]

#[path = "../../crates/forkedenc-core/tests/toy/mod.rs"]
mod toy;

use forkedenc_core::json::stream::{Chunk, Event, Stream};
use forkedenc_core::limits::JsonLimits;
use forkedenc_fuzz::{Outcome, Setup, framing, pieces, rules, split};
use libfuzzer_sys::fuzz_target;
use toy::Toy;

fuzz_target!(|data: &[u8]| {
    let (document, choices) = split(data);
    let mut limits = JsonLimits::DEFAULT;
    if choices[2] & 1 != 0 {
        limits.rest_bytes = u64::from(choices[3]);
        limits.rest_members = u64::from(choices[4]);
    }
    let setup =
        Setup { framing: framing(choices[0]), limits, rules: rules(choices[1]), recovers: choices[0] & 64 != 0 };
    let whole = feed(&setup, &[document]);
    assert_eq!(whole, feed(&setup, &pieces(document, &choices[5..])), "whole and in pieces");
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    assert_eq!(whole, feed(&setup, &bytes), "whole and byte by byte");
});

fn feed(setup: &Setup, pieces: &[&[u8]]) -> Vec<Outcome<Vec<String>>> {
    let mut stream = Stream::new(setup.framing.clone(), setup.limits, setup.rules, 0, setup.recovers);
    let mut toy = Toy::new(&setup.limits);
    let mut outcomes = Vec::new();
    let mut scratch = Vec::new();
    let closing: &[u8] = b"";
    for (turn, piece) in pieces.iter().chain([&closing]).enumerate() {
        let mut chunk = Chunk::new(piece, &mut scratch, turn == pieces.len());
        loop {
            match stream.next(&mut toy, &mut chunk) {
                Event::NeedMore => break,
                Event::Document => outcomes.push(Outcome::Document(toy.take())),
                Event::BadRecord(error) => outcomes.push(Outcome::BadRecord(error)),
                Event::Failed(error) => {
                    outcomes.push(Outcome::Failed(error));
                    return outcomes;
                }
            }
        }
    }
    outcomes
}
