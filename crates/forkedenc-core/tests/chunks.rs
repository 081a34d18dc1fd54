//! Chunk splits never change values, errors or offsets: every document whole, cut in two at every byte, and byte by byte.

use forkedenc_core::error::{Error, Kind};
use forkedenc_core::json::navigate::{NavigationStep, Navigator};
use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use forkedenc_core::json::text::TextRules;
use forkedenc_core::json::value::{TreeBuilder, Value};
use forkedenc_core::json::{Check, Null, Rules};
use forkedenc_core::limits::{JsonLimits, Limit};

#[derive(Debug, PartialEq)]
struct Outcome {
    values: Vec<Value>,
    bad: Vec<Error>,
    error: Option<Error>,
}

fn feed(stream: &mut Stream, builder: &mut TreeBuilder, bytes: &[u8], last: bool, outcome: &mut Outcome) {
    let mut scratch = Vec::new();
    let mut chunk = Chunk::new(bytes, &mut scratch, last);
    loop {
        match stream.next(builder, &mut chunk) {
            Event::NeedMore => return,
            Event::Document => outcome.values.push(builder.take().expect("a document")),
            Event::BadRecord(error) => outcome.bad.push(*error),
            Event::Failed(error) => {
                outcome.error = Some(*error);
                return;
            }
        }
    }
}

fn run(make: &dyn Fn() -> Stream, chunks: &[&[u8]]) -> Outcome {
    let (mut stream, mut builder) = (make(), TreeBuilder::default());
    let mut outcome = Outcome { values: Vec::new(), bad: Vec::new(), error: None };
    for chunk in chunks {
        feed(&mut stream, &mut builder, chunk, false, &mut outcome);
        if outcome.error.is_some() {
            return outcome;
        }
    }
    feed(&mut stream, &mut builder, b"", true, &mut outcome);
    outcome
}

fn same_for_every_cut(make: &dyn Fn() -> Stream, document: &[u8]) -> Outcome {
    let whole = run(make, &[document]);
    for at in 0..=document.len() {
        let (head, tail) = document.split_at(at);
        assert_eq!(run(make, &[head, tail]), whole, "{:?} cut at {at}", String::from_utf8_lossy(document));
    }
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    assert_eq!(run(make, &bytes), whole, "{:?} byte by byte", String::from_utf8_lossy(document));
    let checks = checked(make, &[document]);
    assert_eq!(checked(make, &bytes), checks, "{:?} checked byte by byte", String::from_utf8_lossy(document));
    // A builder keeps its keys beside the stack, so it may get further.
    if !checks.2.as_ref().is_some_and(refused_by_the_stack) {
        assert_eq!(checks, told(&whole), "{:?} checked", String::from_utf8_lossy(document));
    }
    whole
}

fn refused_by_the_stack(error: &Error) -> bool {
    matches!(error.kind, Kind::Limit { limit: Limit::StackBytes, .. })
}

/// How many documents there are, the bad records, and the error.
type Told = (usize, Vec<Error>, Option<Error>);

fn told(outcome: &Outcome) -> Told {
    (outcome.values.len(), outcome.bad.clone(), outcome.error.clone())
}

/// What a stream says whose documents are checked and not built.
fn checked(make: &dyn Fn() -> Stream, chunks: &[&[u8]]) -> Told {
    let mut stream = make();
    let (mut documents, mut bad, mut scratch) = (0, Vec::new(), Vec::new());
    let end: &[u8] = b"";
    for (turn, bytes) in chunks.iter().chain([&end]).enumerate() {
        let mut chunk = Chunk::new(bytes, &mut scratch, turn == chunks.len());
        loop {
            match stream.next(&mut Check, &mut chunk) {
                Event::NeedMore => break,
                Event::Document => documents += 1,
                Event::BadRecord(error) => bad.push(*error),
                Event::Failed(error) => return (documents, bad, Some(*error)),
            }
        }
    }
    (documents, bad, None)
}

const DOCUMENTS: &[&[u8]] = &[
    br#"{"a":[1,-2.5e-7,{"ab":"x\u00e9\ud83d\ude00\n","c":[true,null,{}]},"long enough to span a vector or two of them",[[[]]],0.125]}"#,
    "[\"é€😀 plain\", \"\\u20ac\", {\"ключ\": 1}]".as_bytes(),
    b"[1,2,]",
    b"[1 ,\n ]",
    b"{\"a\":1 , }",
    b"{\"a\" 1}",
    b"{\"a\":1,,}",
    b"{,}",
    b"[1.]",
    b"[1.5e]",
    b"[1e+x]",
    b"[-]",
    b"[-a]",
    b"[01]",
    b"[NaN]",
    b"[-Infinity]",
    b"[nulx]",
    b"[tru",
    b"[\"\\x\"]",
    b"[\"\\u12g4\"]",
    b"[\"\\ud800\"]",
    b"[\"\\ud800x\"]",
    b"[\"\\ud800\\n\"]",
    b"[\"\\ud800\\ud800\"]",
    b"[\"\\ud800\\u0041\"]",
    b"[\"\\udc00\"]",
    b"[\"\\ud83d\\ude00\\ud83d\\ude01\"]",
    b"[\"a\x01\"]",
    b"[\"abc\xe2\x82\"]",
    b"[\"abc\xe2(\xa1\"]",
    b"[\"\xed\xa0\x80\"]",
    b"[\"\xf0\x9f\x98\x80\xf0\x9f\"]",
    b"[\xff]",
    b"[1e400]",
    b"[1, -17976931348623157e292, 0.0000001e315, -17976931348623159e292]",
    b"[1797693134862315800000000000000000000000e270, 1]",
    b"[123456789012345678901234567890, 18446744073709551616, -9223372036854775808, 9223372036854775807]",
    b"[0,-0,-0.0,1E5,2e-3]",
    b"12",
    b"  \n [1]\n x",
    b"[[[[1}]]]",
    b"{\"a\":{\"b\":[1,{\"c\":tru}]}}",
    b"[1]]",
    b"\x00[1]",
    b"[1\x00]",
    b"",
    b" \n ",
    b"[1][2]",
    b"\xef\xbb\xbf[1]",
];

fn with(framing: &Framing, limits: JsonLimits, rules: Rules, recovers: bool) -> impl Fn() -> Stream {
    let framing = framing.clone();
    move || Stream::new(framing.clone(), limits, rules, 2048, recovers)
}

#[test]
fn any_cut_gives_the_same_values_and_errors() {
    let path = |steps: &[&str]| {
        let steps = steps.iter().map(|step| match *step {
            "*" => NavigationStep::Each,
            key => NavigationStep::Key(key.as_bytes().to_vec()),
        });
        Navigator::new(steps.collect(), false)
    };
    let framings = [
        Framing::Single,
        Framing::Concatenated,
        Framing::Lines,
        Framing::Sequence,
        Framing::Inside(Navigator::array()),
        Framing::Inside(path(&["a", "*"])),
        Framing::Inside(path(&[])),
        Framing::Inside(Navigator::new(vec![], true)),
    ];
    for framing in &framings {
        for document in DOCUMENTS {
            for rules in [Rules::STRICT, Rules::STDLIB] {
                same_for_every_cut(&with(framing, JsonLimits::DEFAULT, rules, false), document);
                same_for_every_cut(&with(framing, JsonLimits::DEFAULT, rules, true), document);
            }
        }
    }
}

#[test]
fn any_cut_gives_the_same_error_under_small_limits() {
    for size in 0..40 {
        for document in DOCUMENTS {
            let limits = [
                JsonLimits { string_bytes: size, ..JsonLimits::DEFAULT },
                JsonLimits { key_bytes: size, ..JsonLimits::DEFAULT },
                JsonLimits { number_digits: size, ..JsonLimits::DEFAULT },
                JsonLimits { document_bytes: size, ..JsonLimits::DEFAULT },
                JsonLimits { stream_bytes: size, ..JsonLimits::DEFAULT },
                JsonLimits { items: size, members: size, tokens: size * 2, ..JsonLimits::DEFAULT },
                JsonLimits { memory_bytes: size * 16, depth: size, ..JsonLimits::DEFAULT },
                JsonLimits { stack_bytes: size * 8, ..JsonLimits::DEFAULT },
            ];
            for limits in limits {
                for framing in [Framing::Single, Framing::Concatenated, Framing::Inside(Navigator::array())] {
                    same_for_every_cut(&with(&framing, limits, Rules::STRICT, false), document);
                }
            }
        }
    }
}

#[test]
fn records_are_split_and_bad_ones_take_their_place() {
    let lines = b"{\"a\":1}\n\n [2] \r\n[}\n\"\xff\"\n[1,\n2]\nnul";
    let outcome = same_for_every_cut(&with(&Framing::Lines, JsonLimits::DEFAULT, Rules::STRICT, true), lines);
    assert_eq!((outcome.values.len(), outcome.bad.len()), (2, 5));
    let records = b"\x1e1\n\x1e\x1e[2]\n\x1e12\x1etrue\n\x1e[1";
    let outcome = same_for_every_cut(&with(&Framing::Sequence, JsonLimits::DEFAULT, Rules::STRICT, true), records);
    assert_eq!((outcome.values.len(), outcome.bad.len()), (3, 2));
}

#[test]
fn errors_carry_place_and_path() {
    let error = |document: &[u8]| {
        let make = with(&Framing::Single, JsonLimits::DEFAULT, Rules::STRICT, false);
        let error = same_for_every_cut(&make, document).error.expect("an error");
        (error.kind.name(), error.place.offset, error.place.line, error.place.column, error.path)
    };
    let told = |kind, offset, line, column, path: &str| (kind, offset, line, column, path.to_owned());
    assert_eq!(error(b"{\"a/b\":\n[1,{\"c\":tru}]}"), told("expected_value", 16, 2, 9, "/a~1b/1/c"));
    assert_eq!(error("[\"é\", x]".as_bytes()), told("expected_value", 7, 1, 7, "/1"));
    assert_eq!(error(b"[[1] 2]"), told("expected_comma", 5, 1, 6, ""));
    assert_eq!(error(b"[1,\n"), told("incomplete", 4, 2, 1, "/1"));
}

#[test]
fn a_stack_that_refuses_a_frame_tells_the_path_whatever_the_key_says() {
    // Keys that look like frames, of all lengths, with their values refused at every size of the stack.
    for length in 0..40 {
        for byte in [b'\x0c', b'\x0f', b'\x7f', b'a'] {
            let key = vec![byte; length];
            let document = [b"{\"k\":[{\"".as_slice(), &key, b"\":[[[]]]}]}"].concat();
            for stack_bytes in 0..160 {
                let limits = JsonLimits { stack_bytes, ..JsonLimits::DEFAULT };
                let rules = Rules { text: TextRules { controls: true, surrogates: false }, ..Rules::STRICT };
                let (_, _, error) = checked(&with(&Framing::Single, limits, rules, false), &[&document]);
                let Some(error) = error else { continue };
                let inner = format!("/k/0/{}", String::from_utf8_lossy(&key));
                let paths =
                    [String::new(), "/k".into(), "/k/0".into(), inner.clone(), inner.clone() + "/0", inner + "/0/0"];
                assert!(refused_by_the_stack(&error), "{error:?}");
                assert!(paths.contains(&error.path), "{error:?}");
            }
        }
    }
}

#[test]
fn ten_million_levels_are_read_and_dropped() {
    let depth = 10_000_000;
    let document: Vec<u8> = [vec![b'['; depth], vec![b']'; depth]].concat();
    let make = with(&Framing::Single, JsonLimits::UNLIMITED, Rules::STRICT, false);
    let chunks: Vec<&[u8]> = document.chunks(1 << 16).collect();
    let outcome = run(&make, &chunks);
    assert!(outcome.error.is_none() && outcome.values.len() == 1);
    let mut stream = make();
    let mut scratch = Vec::new();
    assert!(matches!(stream.next(&mut Null, &mut Chunk::new(&document, &mut scratch, true)), Event::Document));
}

#[test]
fn a_builder_that_fails_at_any_call_stops_the_machine_there() {
    let document = DOCUMENTS[0];
    let mut calls = 0;
    loop {
        let mut stream = with(&Framing::Single, JsonLimits::DEFAULT, Rules::STRICT, false)();
        let mut builder = TreeBuilder::default();
        builder.fail_at = Some(calls);
        let mut scratch = Vec::new();
        match stream.next(&mut builder, &mut Chunk::new(document, &mut scratch, true)) {
            Event::Failed(error) => assert_eq!(error.kind.name(), "builder"),
            Event::Document => break,
            other => panic!("{other:?}"),
        }
        calls += 1;
    }
    assert_eq!(calls, 15);
}
