//! What a typed decode asks of the machine, on a toy: every document whole, cut in two at every byte, byte by byte, and
//! forked at every cut gives the same calls, the same errors at the same places, and the same breaches.

#[path = "toy/mod.rs"]
mod toy;

use forkedenc_core::error::{Breach, Error, Kind};
use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use forkedenc_core::json::{Machine, Rules};
use forkedenc_core::limits::{JsonLimits, Limit};
use toy::Toy;

#[derive(Debug, PartialEq)]
struct Outcome {
    documents: Vec<Vec<String>>,
    bad: Vec<Error>,
    error: Option<Error>,
    breaches: Vec<Breach>,
}

#[derive(Clone, Copy)]
struct Setup {
    limits: JsonLimits,
    audits: bool,
    lines: bool,
}

const PLAIN: Setup = Setup { limits: JsonLimits::DEFAULT, audits: false, lines: false };

fn limited(limits: JsonLimits) -> Setup {
    Setup { limits, ..PLAIN }
}

fn start(setup: Setup) -> (Stream, Toy) {
    let framing = if setup.lines { Framing::Lines } else { Framing::Single };
    let mut stream = Stream::new(framing, setup.limits, Rules::STRICT, 2048, setup.lines);
    if setup.audits {
        stream.machine_mut().audit();
    }
    (stream, Toy::new(&setup.limits))
}

fn feed(stream: &mut Stream, toy: &mut Toy, bytes: &[u8], last: bool, outcome: &mut Outcome) {
    let mut scratch = Vec::new();
    let mut chunk = Chunk::new(bytes, &mut scratch, last);
    while outcome.error.is_none() {
        match stream.next(toy, &mut chunk) {
            Event::NeedMore => break,
            Event::Document => outcome.documents.push(toy.take()),
            Event::BadRecord(error) => outcome.bad.push(*error),
            Event::Failed(error) => outcome.error = Some(*error),
        }
    }
    outcome.breaches.extend(stream.take_breaches());
}

fn run(setup: Setup, chunks: &[&[u8]], forks: bool) -> Outcome {
    let (mut stream, mut toy) = start(setup);
    let mut outcome = Outcome { documents: Vec::new(), bad: Vec::new(), error: None, breaches: Vec::new() };
    for chunk in chunks {
        feed(&mut stream, &mut toy, chunk, false, &mut outcome);
        if forks {
            let other = (stream.fork().expect("memory"), toy.clone());
            // The one forked from goes another way.
            let mut ignored = Outcome { documents: Vec::new(), bad: Vec::new(), error: None, breaches: Vec::new() };
            feed(&mut stream, &mut toy, b"\"kind\":1}]x", true, &mut ignored);
            (stream, toy) = other;
        }
    }
    feed(&mut stream, &mut toy, b"", true, &mut outcome);
    outcome
}

fn shown(document: &[u8]) -> String {
    String::from_utf8_lossy(document).into_owned()
}

fn same_for_every_cut(setup: Setup, document: &[u8]) -> Outcome {
    let whole = run(setup, &[document], false);
    for at in 0..=document.len() {
        let (head, tail) = document.split_at(at);
        assert_eq!(run(setup, &[head, tail], false), whole, "{} cut at {at}", shown(document));
        assert_eq!(run(setup, &[head, tail], true), whole, "{} forked at {at}", shown(document));
    }
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    assert_eq!(run(setup, &bytes, false), whole, "{} byte by byte", shown(document));
    if !setup.audits && !setup.lines && setup.limits.document_bytes > document.len() as u64 {
        in_one_go(setup, document, &whole);
    }
    whole
}

/// The document read where it lies.
fn in_one_go(setup: Setup, document: &[u8], whole: &Outcome) {
    let mut buffer = document.to_vec();
    buffer.resize(document.len() + forkedenc_core::cursor::PADDING, 0);
    let window = forkedenc_core::cursor::Window::padded(&buffer, document.len());
    let mut machine = Machine::new(setup.limits, Rules::STRICT, 0);
    let mut toy = Toy::new(&setup.limits);
    match machine.document(&mut toy, &window) {
        Ok(()) => assert_eq!(Some(&toy.take()), whole.documents.first(), "{} in one go", shown(document)),
        Err(error) => assert_eq!(Some(&*error), whole.error.as_ref(), "{} in one go", shown(document)),
    }
}

fn error(setup: Setup, document: &[u8]) -> (Kind, u64, String) {
    let error = same_for_every_cut(setup, document).error.unwrap_or_else(|| panic!("{} is taken", shown(document)));
    (error.kind, error.place.offset, error.path)
}

fn calls(document: &str) -> String {
    let outcome = same_for_every_cut(PLAIN, document.as_bytes());
    assert!(outcome.error.is_none(), "{document}: {:?}", outcome.error);
    outcome.documents[0].join(" ")
}

const DOCUMENTS: &[&str] = &[
    r#"{"kind":"a","n":1}"#,
    r#"{"n":1,"kind":"a"}"#,
    r#"{"n":1,"é\u00e9":{"x":[1,-2.5e3,"é"]},"next":{"n":2,"next":null,"kind":"a"},"kind":"a","z":12}"#,
    r#"{"items":[{"n":1,"kind":"a"},{"m":{"k":{"kind":1},"l":{"kind":"b"}},"kind":1}], "raw" : [1, "\ud800" ,1e999] ,"kind":"b","more":-12.5,"x":"y"}"#,
    r#"{"kind":1,"items":[12,"a",[ ] , {"a":{}},true],"ignored":{"kind":[1]},"t":{"v":1,"kind":"a","type":"x"},"any":[{"kind":"a"}]}"#,
    r#"[{"n":1,"kind":"a"} , {"kind" : "b"},{"kind": 1},[]]"#,
    r#"{"n":"no","kind":"a"}"#,
    r#"{"kind":"a","é":"é","n":"nö"}"#,
    r#"{"kind":"a","next":{"kind":"a","n":-x}}"#,
    r#"{"kind":"a","next":[],"n":1}"#,
    r#"{"kind":"a","next":{"n":1},"n":1}"#,
    r#"{"next":{"n":1},"n":1,"kind":"a"}"#,
    r#"{"next":{"n":1,"kind":"zz"},"n":1,"kind":"a"}"#,
    r#"{"kind":"a","next":null}"#,
    r#"{"next":{"kind":"a"},"kind":"a"}"#,
    r#"{"kind":"c","n":1}"#,
    r#"{"n":1,"kind":true}"#,
    r#"{"n":1,"kind":[1],"kind":"a"}"#,
    r#"{"n":1,"kind":"b","kind":"a"}"#,
    r#"{"n":1"#,
    r#"{"n":1,"x":tru,"kind":"a"}"#,
    r#"{"n":1,"kind":"a","x":tru}"#,
    r#"{"n":1,"kind":"a" "x""#,
    r#"{"n":"early","kind":"a","x":tru}"#,
    r#"{"\u006bind":"\u0061","n":1}"#,
    r#"{"kind":01}"#,
    r#"{"n":[3e559] \uFF"#,
    r#"{"kind":1e999,"kind":"a","n":1}"#,
    r#"{"kind":"a","bad":1,"n":1}"#,
    r#"{"n":1,"b\u0061d":1,"kind":"a"}"#,
    r#"{"kind":"b","raw":{"bad":[1,2,],"x":1}}"#,
    "{\"kind\":\"b\",\"raw\":\n[1,\n\"\\ud800\",  {\"a\":01}]}",
    "{\"kind\":\"b\",\"raw\":\n[1,\n\"refuse\"]}",
    "{\"kind\":\"b\",\"raw\":[\"\u{e9}\"\n]\n}",
    r#"{"kind":"b","raw":NaN}"#,
    r#"{"kind":"b","raw":]"#,
    r#"{"kind":1,"items":[1,]}"#,
    r#"{"kind":1,"items":[1.]}"#,
    r#"{"kind":1,"items":[]}"#,
    r#"{"kind":1,"m":{"ab":{"n":7,"kind":"a"},"cd":{"n":"x","kind":"a"}}}"#,
    "12",
    "\"text that does not fit\"",
    "",
];

#[test]
fn any_cut_gives_the_same_calls_and_errors() {
    for document in DOCUMENTS {
        same_for_every_cut(PLAIN, document.as_bytes());
        same_for_every_cut(Setup { audits: true, ..PLAIN }, document.as_bytes());
    }
}

#[test]
fn any_cut_gives_the_same_error_or_breach_under_small_limits() {
    for size in 0..24 {
        let limits = [
            JsonLimits { rest_bytes: size, ..JsonLimits::DEFAULT },
            JsonLimits { rest_members: size / 4, rest_bytes: size * 2, ..JsonLimits::DEFAULT },
            JsonLimits { string_bytes: size, key_bytes: size, ..JsonLimits::DEFAULT },
            JsonLimits { number_digits: size, items: size, members: size, ..JsonLimits::DEFAULT },
            JsonLimits { document_bytes: size * 4, depth: size, ..JsonLimits::DEFAULT },
            JsonLimits { tokens: size, ..JsonLimits::DEFAULT },
            JsonLimits { memory_bytes: size * 40, ..JsonLimits::DEFAULT },
            JsonLimits { stack_bytes: size * 16, ..JsonLimits::DEFAULT },
        ];
        for limits in limits {
            for document in DOCUMENTS {
                same_for_every_cut(limited(limits), document.as_bytes());
                same_for_every_cut(Setup { audits: true, ..limited(limits) }, document.as_bytes());
            }
        }
    }
}

#[test]
fn changed_documents_are_the_same_for_every_cut() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let bytes = b"{}[],:\"\\ 1-.ean\n\xc3\xa9";
    for _ in 0..1500 {
        let mut document = DOCUMENTS[draw(DOCUMENTS.len() - 1)].as_bytes().to_vec();
        for _ in 0..=draw(2) {
            let at = draw(document.len().max(1));
            match draw(3) {
                0 if at < document.len() => drop(document.remove(at)),
                1 => document.insert(at, bytes[draw(bytes.len())]),
                _ if at < document.len() => document[at] = bytes[draw(bytes.len())],
                _ => {}
            }
        }
        let rest_bytes = if draw(2) == 0 { draw(30) as u64 } else { 1 << 20 };
        let limits = JsonLimits { rest_bytes, ..JsonLimits::DEFAULT };
        same_for_every_cut(Setup { limits, audits: draw(3) == 0, lines: draw(3) == 0 }, &document);
    }
}

#[test]
fn a_tag_tells_the_class_wherever_it_stands() {
    let first = calls(r#"{"kind":"a","n":1,"x":2}"#);
    assert_eq!(first, "class0 .kind 'a' .n 1 rest.x 2 end0");
    assert_eq!(calls(r#"{"n":1,"x":2,"kind":"a"}"#), "class0 .n 1 rest.x 2 .kind 'a' end0");
    assert_eq!(calls(r#"{"x":{"kind":"b"},"n":1,"kind":"a"}"#), "class0 rest.x any { .kind 'b' } .n 1 .kind 'a' end0");
    assert_eq!(
        calls(r#"{"items":[{"n":1,"kind":"a"}],"kind":"b"}"#),
        "class1 .items [ class0 .n 1 .kind 'a' end0 ] .kind 'b' end1"
    );
    assert_eq!(
        calls(r#"{"t":{"kind":"a","n":1,"type":"x"},"kind":1}"#),
        "class2 .t class3 .kind 'a' rest.n 1 .type 'x' end3 .kind 1 end2"
    );
}

#[test]
fn an_object_whose_class_nobody_knows_is_refused_at_its_bracket() {
    for document in [r#" {"kind":"q"}"#, r#" {"n":1}"#, r#" {"n":1,"kind":null}"#, r#" {"n":1,"kind":"q"}"#, " {}"] {
        assert_eq!(error(PLAIN, document.as_bytes()), (Kind::Mismatch, 1, String::new()), "{document}");
    }
    assert_eq!(error(PLAIN, br#"{"next":{"n":1},"n":1,"kind":"a"}"#), (Kind::Mismatch, 8, "/next".into()));
}

#[test]
fn values_that_do_not_fit_are_refused_at_their_first_byte() {
    let cases: &[(&str, u64, &str)] = &[
        (r#"{"kind":"a","n":"no"}"#, 16, "/n"),
        (r#"{"n":"no","kind":"a"}"#, 5, "/n"),
        (r#"{"kind":"a","n":-1.5}"#, 16, "/n"),
        (r#"{"kind":"a","n":[1]}"#, 16, "/n"),
        (r#"{"kind":"a","n":{}}"#, 16, "/n"),
        (r#"{"kind":"a","n":true}"#, 16, "/n"),
        (r#"{"kind":"a","é":"é","n":"é"}"#, 26, "/n"),
        (r#"{"kind":"a"}"#, 11, ""),
        (r#"{"kind":"a","n":1,"next":{"kind":"a"}}"#, 36, "/next"),
        (r#"[{"kind":"b"},{"kind":"a"}]"#, 25, "/1"),
        (r#"{"kind":"b","items":[{"kind":"b","items":7}]}"#, 41, "/items/0/items"),
        (r#"{"kind":"a","bad":1}"#, 12, "/bad"),
    ];
    for (document, offset, path) in cases {
        assert_eq!(error(PLAIN, document.as_bytes()), (Kind::Mismatch, *offset, (*path).into()), "{document}");
    }
    let place =
        same_for_every_cut(PLAIN, "{\"kind\":\"a\",\n \"é\":\"é\",\"n\":\"éé\"}".as_bytes()).error.unwrap().place;
    assert_eq!((place.offset, place.line, place.column), (28, 2, 14));
}

#[test]
fn a_record_that_does_not_fit_takes_its_place_and_the_stream_goes_on() {
    let lines =
        b"{\"n\":1,\"kind\":\"a\"}\n{\"kind\":\"a\",\"n\":\"x\"} \n{\"n\":1}\n[]\n{\"kind\":\"a\"\n[{\"kind\":1}]";
    let outcome = same_for_every_cut(Setup { lines: true, ..PLAIN }, lines);
    assert_eq!((outcome.documents.len(), outcome.bad.len()), (3, 3));
    assert_eq!(outcome.bad.iter().map(|bad| bad.kind == Kind::Mismatch).collect::<Vec<_>>(), [true, true, false]);
    assert!(outcome.error.is_none());
}

#[test]
fn raw_values_come_as_they_were_written() {
    assert_eq!(
        calls(r#"{"kind":"b","raw": [ 1 ,"\ud800",1e999, {} ] }"#),
        r#"class1 .kind 'b' .raw `[ 1 ,"\ud800",1e999, {} ]` end1"#
    );
    assert_eq!(
        calls(r#"{"kind":1,"items":[12, -1.50 ,"é",null]}"#),
        "class2 .kind 1 .items [ `12` `-1.50` `\"é\"` `null` ] end2"
    );
    assert_eq!(calls(r#"{"kind":"b","x": "y" ,"z":0}"#), "class1 .kind 'b' rest.x `\"y\"` rest.z `0` end1");
    assert_eq!(error(PLAIN, br#"{"kind":"b","raw":[1,{"a":tru}]}"#), (Kind::ExpectedValue, 26, "/raw/1/a".into()));
    assert_eq!(error(PLAIN, br#"{"kind":"b","raw":[NaN]}"#), (Kind::ExpectedValue, 19, "/raw/0".into()));
    assert_eq!(error(PLAIN, b"{\"kind\":\"b\",\"raw\":\"\xff\"}"), (Kind::InvalidUtf8, 19, "/raw".into()));
}

#[test]
fn a_raw_value_that_is_refused_is_refused_at_its_first_byte() {
    let error = same_for_every_cut(PLAIN, b"{\"kind\":\"b\",\n \"raw\": [\n\n\"refuse\"]}").error.unwrap();
    assert_eq!((error.kind, error.place.offset, error.place.line, error.place.column), (Kind::Builder, 21, 2, 9));
    assert_eq!(error.path, "/raw");
}

#[test]
fn a_number_inside_a_document_does_not_end_it_where_its_bytes_end() {
    // Each number is read aside, as its bytes or past, and the document may not have the byte behind it.
    for document in [r#"{"kind":1,"items":[12]}"#, r#"{"kind":1,"ignored":12}"#, r#"{"kind":"b","raw":12}"#] {
        for maximum in 0..document.len() as u64 {
            let limits = JsonLimits { document_bytes: maximum, ..JsonLimits::DEFAULT };
            for lines in [false, true] {
                let outcome = same_for_every_cut(Setup { lines, ..limited(limits) }, document.as_bytes());
                let error = outcome.error.as_ref().or(outcome.bad.first()).expect("an error");
                assert_eq!(error.place.offset, maximum, "{document} {error:?}");
            }
        }
    }
}

fn rest_limit(bytes: u64) -> Setup {
    limited(JsonLimits { rest_bytes: bytes, ..JsonLimits::DEFAULT })
}

#[test]
fn a_rest_is_refused_at_the_byte_that_is_too_many() {
    // What counts: the key and the value from its first to its last byte.
    for value in
        ["12", "\"abcdef\"", "[1]", "[ 1,2 ,{\"a\" :3} ]", "true", "-1.5e3", "\"é€\"", "{\"kind\":\"a\"}", "[[7]]"]
    {
        for class in ["\"kind\":\"a\",\"n\":1", "\"kind\":\"b\""] {
            for document in [format!("{{{class},\"key\": {value} }}"), format!("{{\"key\":{value},{class}}}")] {
                let size = 3 + value.len() as u64;
                let outcome = same_for_every_cut(rest_limit(size), document.as_bytes());
                assert!(outcome.error.is_none(), "{document} {outcome:?}");
                let begins = document.find(value).unwrap() as u64;
                for room in 0..value.len() as u64 {
                    let kind = Kind::Limit { limit: Limit::RestBytes, maximum: 3 + room, observed: 4 + room };
                    let (found, offset, _) = error(rest_limit(3 + room), document.as_bytes());
                    assert_eq!((found, offset), (kind, begins + room), "{document}");
                }
                let key = document.find("\"key\"").unwrap() as u64;
                for room in 0..3 {
                    let kind = Kind::Limit { limit: Limit::RestBytes, maximum: room, observed: 3 };
                    assert_eq!(error(rest_limit(room), document.as_bytes()), (kind, key, String::new()), "{document}");
                }
            }
        }
    }
}

#[test]
fn fences_of_rests_inside_rests_nest() {
    // The inner class has a rest of its own: 3 bytes of it; it is the whole of one of the outer's members.
    let document = br#"{"kind":"d","r":{"kind":"e","q":[]},"s":[]}"#;
    let inner = br#"{"kind":"e","q":[]}"#.len() as u64;
    assert!(same_for_every_cut(rest_limit(inner + 4), document).error.is_none());
    assert_eq!(error(rest_limit(inner + 3), document).1, 41);
    assert_eq!(error(rest_limit(inner + 2), document).1, 40);
    assert_eq!(error(rest_limit(inner), document).1, 16 + inner - 1);
    for room in 0..inner + 5 {
        same_for_every_cut(rest_limit(room), document);
        same_for_every_cut(Setup { audits: true, ..rest_limit(room) }, document);
    }
}

#[test]
fn audited_rests_tell_one_breach_each_with_what_they_came_to() {
    let setup = Setup { audits: true, ..rest_limit(5) };
    let outcome = same_for_every_cut(setup, br#"[{"a":[1,2,3],"n":1,"kind":"a","b":1},{"kind":"a","n":1,"c":12345}]"#);
    let told: Vec<_> = outcome.breaches.iter().map(|b| (b.limit, b.maximum, b.observed, b.place.offset)).collect();
    assert_eq!(told, [(Limit::RestBytes, 5, 10, 10), (Limit::RestBytes, 5, 6, 64)]);
}

#[test]
fn many_small_rests_and_captures_in_one_window_cost_their_bytes() {
    let one = br#"{"n":1,"x":[1,2,3],"kind":"a"},"#;
    let mut document = b"[".to_vec();
    for _ in 0..100_000 {
        document.extend_from_slice(one);
    }
    document.pop();
    document.push(b']');
    let limits = JsonLimits { rest_bytes: 64, ..JsonLimits::DEFAULT };
    let whole = run(limited(limits), &[&document], false);
    assert!(whole.error.is_none());
    let (mut machine, mut toy) = (Machine::new(limits, Rules::STRICT, 0), Toy::new(&limits));
    document.resize(document.len() + forkedenc_core::cursor::PADDING, 0);
    let length = document.len() - forkedenc_core::cursor::PADDING;
    let window = forkedenc_core::cursor::Window::padded(&document, length);
    machine.document(&mut toy, &window).expect("a document");
    assert_eq!(toy.take(), whole.documents[0]);
}

#[test]
fn unions_nested_a_hundred_thousand_deep_with_their_tags_last_are_read_once_more() {
    let depth = 100_000;
    let mut document = br#"{"n":1,"next":"#.repeat(depth);
    document.extend_from_slice(b"null");
    document.extend_from_slice(&br#","kind":"a"}"#.repeat(depth));
    let setup = limited(JsonLimits::UNLIMITED);
    let whole = run(setup, &[&document], false);
    assert!(whole.error.is_none(), "{:?}", whole.error);
    assert_eq!(whole.documents[0].len(), depth * 7 + 1);
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    assert!(run(setup, &bytes, false) == whole);
}

#[test]
fn many_objects_at_great_depth_cost_no_path_each() {
    let depth = 30_000;
    let mut document = b"[".repeat(depth);
    document.extend_from_slice(&br#"{"n":1,"kind":"a"},"#.repeat(depth));
    document.pop();
    document.extend_from_slice(&b"]".repeat(depth));
    assert!(run(limited(JsonLimits::UNLIMITED), &[&document], false).error.is_none());
}
