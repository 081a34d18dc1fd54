//! XML in chunks: however a document is cut, its events, their places and its error are the same.

use forkedenc_core::limits::{Limit, XmlLimits};
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

/// What an audit tells of a document in chunks of this size: limit, final size, offset, and the byte behind which it was told.
fn audited(document: &[u8], size: usize, limits: XmlLimits) -> Vec<(Limit, u64, u64, usize)> {
    let mut parser = Parser::new(&options(limits), Names::default(), 0);
    parser.audit();
    let (mut sink, mut told) = (Recorder::default(), Vec::new());
    for (index, chunk) in document.chunks(size).enumerate() {
        assert_eq!(parser.feed(&mut sink, chunk, &mut Vec::new(), false), Flow::NeedMore);
        for breach in parser.take_breaches() {
            told.push((breach.limit, breach.observed, breach.place.offset, index * size + chunk.len()));
        }
    }
    told
}

#[test]
fn an_audit_tells_once_of_each_tag_and_element_when_it_ends_with_its_final_size() {
    let document =
        b"<r><a xmlns:p='u' xmlns:q='v' b='12' c='3'>x</a><a b='1' c='2' d='34'/><a><b/><b/><b></b></a><a b='1' c='2'/></r>";
    let limits = XmlLimits { attributes: 2, attributes_bytes: 6, namespaces: 1, children: 2, ..XmlLimits::UNLIMITED };
    let told = audited(document, 1, limits);
    assert_eq!(
        told,
        [
            (Limit::AttributesBytes, 21, 12, 43),
            (Limit::Namespaces, 2, 18, 43),
            (Limit::Attributes, 4, 30, 43),
            (Limit::Attributes, 3, 63, 71),
            (Limit::AttributesBytes, 7, 67, 71),
            (Limit::Children, 3, 82, 93),
            (Limit::Children, 4, 71, 113),
        ]
    );
    let order = |told: Vec<(Limit, u64, u64, usize)>| -> Vec<_> {
        told.into_iter().map(|(limit, observed, offset, _)| (limit, observed, offset)).collect()
    };
    for size in [2, 3, 7, document.len()] {
        assert_eq!(order(audited(document, size, limits)), order(told.clone()), "in chunks of {size}");
    }
}

#[test]
fn an_entity_is_whole_in_a_value_whose_spaces_go_or_whose_limit_is_audited() {
    let tokens = "<!DOCTYPE a [<!ATTLIST a b NMTOKENS #IMPLIED><!ENTITY x '     éé     z'>]><a b='&x;'/>";
    let short = XmlLimits { attribute_bytes: 6, ..XmlLimits::DEFAULT };
    let (lines, error) = parse(&[tokens.as_bytes()], short);
    assert_eq!((lines[0].as_str(), error), ("76:1:75 <a b=\"éé z\"", None));
    let long = tokens.replace("    z", "    zzz");
    assert!(parse(&[long.as_bytes()], short).1.is_some_and(|error| error.contains("AttributeBytes")));

    let text = tokens.replace("NMTOKENS", "CDATA");
    let mut parser = Parser::new(&options(short), Names::default(), 0);
    parser.audit();
    let mut sink = Recorder::default();
    assert_eq!(parser.feed(&mut sink, text.as_bytes(), &mut Vec::new(), true), Flow::Done);
    assert_eq!(sink.lines[0], "73:1:72 <a b=\"     éé     z\"");
    let told: Vec<_> = parser.take_breaches().into_iter().map(|breach| (breach.limit, breach.observed)).collect();
    assert_eq!(told, [(Limit::AttributeBytes, 15)]);
}
