//! XML in chunks: however a document is cut, its events, their places and its error are the same.

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{Flow, Names, Parser};

mod recorder;

use recorder::{DOCUMENTS, Recorder, error_of, options};

fn parse(chunks: &[&[u8]], limits: XmlLimits) -> (Vec<String>, Option<String>) {
    let mut parser = Parser::new(&options(limits), Names::default(), 0);
    let mut sink = Recorder::default();
    let mut buffer = Vec::new();
    let mut flow = Flow::NeedMore;
    for chunk in chunks {
        flow = parser.feed(&mut sink, chunk, &mut buffer, false);
    }
    if flow != Flow::Failed {
        flow = parser.feed(&mut sink, b"", &mut buffer, true);
    }
    // A run of text that an error cuts short is no event.
    let error = error_of(&parser);
    assert_eq!(flow == Flow::Failed, error.is_some());
    if error.is_none() {
        sink.flush();
    }
    (sink.lines, error)
}

#[test]
fn events_places_and_errors_do_not_depend_on_how_a_document_is_cut() {
    for document in DOCUMENTS {
        let bytes = document.as_bytes();
        let whole = parse(&[bytes], XmlLimits::DEFAULT);
        for size in [1, 2, 3, 7] {
            let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(parse(&chunks, XmlLimits::DEFAULT), whole, "{document:?} in chunks of {size}");
        }
        for cut in 0..bytes.len() {
            assert_eq!(parse(&[&bytes[..cut], &bytes[cut..]], XmlLimits::DEFAULT), whole, "{document:?} cut at {cut}");
        }
    }
}

#[test]
fn limits_cross_at_the_same_byte_however_a_document_is_cut() {
    let document = "<feed><entry/><entry  hrefff='0123é6789' b='&lt;x&#233;'>text &amp; more é<![CDATA[xx]]]]><!-- comment --><?pi data?><c/></entry></feed>";
    let bytes = document.as_bytes();
    type Set = fn(&mut XmlLimits, u64);
    let fields: [Set; 10] = [
        |limits, maximum| limits.depth = maximum,
        |limits, maximum| limits.name_bytes = maximum,
        |limits, maximum| limits.distinct_names = maximum,
        |limits, maximum| limits.attributes = maximum,
        |limits, maximum| limits.attribute_bytes = maximum,
        |limits, maximum| limits.attributes_bytes = maximum,
        |limits, maximum| limits.children = maximum,
        |limits, maximum| limits.text_bytes = maximum,
        |limits, maximum| limits.comment_bytes = maximum,
        |limits, maximum| limits.pi_bytes = maximum,
    ];
    let mut refused = 0;
    for set in fields {
        for maximum in 0..30 {
            let mut limits = XmlLimits::DEFAULT;
            set(&mut limits, maximum);
            let whole = parse(&[bytes], limits);
            refused += usize::from(whole.1.is_some());
            for size in [1, 2, 5] {
                let chunks: Vec<&[u8]> = bytes.chunks(size).collect();
                assert_eq!(parse(&chunks, limits).1, whole.1, "maximum {maximum} in chunks of {size}");
            }
            for cut in 0..bytes.len() {
                assert_eq!(parse(&[&bytes[..cut], &bytes[cut..]], limits).1, whole.1, "maximum {maximum} cut at {cut}");
            }
        }
    }
    assert!(refused > 50, "{refused}");
}
