//! A document cut anywhere gives the values of the whole, and the same errors at the same places.
#![no_main]

use forkedenc_core::cursor::Window;
use forkedenc_core::error::{Error, Kind};
use forkedenc_core::json::stream::Framing;
use forkedenc_core::json::value::{TreeBuilder, Value};
use forkedenc_core::json::{Check, Flow, Machine, Null};
use forkedenc_core::limits::JsonLimits;
use forkedenc_fuzz::{Outcome, Setup, feed, framing, pieces, rules, split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (document, choices) = split(data);
    let setup = Setup {
        framing: framing(choices[0]),
        limits: JsonLimits::DEFAULT,
        rules: rules(choices[1]),
        recovers: choices[0] & 64 != 0,
    };
    let whole = feed::<TreeBuilder>(&setup, &[document]);
    let cut = feed::<TreeBuilder>(&setup, &pieces(document, &choices[2..]));
    assert_eq!(whole, cut, "whole and in pieces");
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    assert_eq!(whole, feed::<TreeBuilder>(&setup, &bytes), "whole and byte by byte");
    // What is only checked is refused alike.
    let shapes: Vec<Outcome<()>> = whole.iter().map(Outcome::shape).collect();
    assert_eq!(shapes, feed::<Check>(&setup, &bytes), "built and only checked, byte by byte");
    assert_eq!(shapes, feed::<Check>(&setup, &[document]), "built and only checked, whole");
    // One that builds nothing reads the same grammar; a number's range is not its concern.
    if !shapes.iter().any(is_out_of_range) {
        assert_eq!(shapes, feed::<Null>(&setup, &bytes), "built and skipped");
    }
    if matches!(setup.framing, Framing::Single) {
        in_place(document, &setup, &whole);
    }
});

fn is_out_of_range(outcome: &Outcome<()>) -> bool {
    matches!(outcome, Outcome::BadRecord(error) | Outcome::Failed(error) if error.kind == Kind::NumberOutOfRange)
}

/// The document read where it lies, with one NUL behind it and nothing that may be read behind that.
fn in_place(document: &[u8], setup: &Setup, whole: &[Outcome<Value>]) {
    let mut buffer = document.to_vec();
    buffer.push(0);
    let buffer = buffer.into_boxed_slice();
    // SAFETY: the byte behind the window is the NUL just pushed, and `buffer` outlives the window.
    let window = unsafe { Window::terminated(&buffer[..document.len()]) };
    let mut cursor = window.cursor(0);
    let mut machine = Machine::new(setup.limits, setup.rules, 0);
    let mut builder = TreeBuilder::default();
    let flow = machine.run(&mut builder, &mut cursor, true);
    match (flow, whole) {
        (Flow::Done, [Outcome::Document(expected)]) => assert_eq!(builder.take().as_ref(), Some(expected)),
        (Flow::Done, [Outcome::Failed(error)]) => {
            assert_eq!(error.kind, Kind::ExtraData);
            assert!(error.place.offset >= cursor.position() as u64);
        }
        (Flow::Failed, [Outcome::Failed(expected)]) => {
            let error: Box<Error> = machine.take_error().expect("a machine that failed says why");
            assert_eq!(&error, expected, "in place and fed");
        }
        (flow, whole) => panic!("in place {flow:?}, fed {whole:?}"),
    }
}
