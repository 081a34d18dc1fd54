//! XML in chunks: however a document is cut, its events, their places and its error are the same.

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{
    Binding, Context, DtdMode, Encodings, Flow, Name, Names, Options, Parser, Rules, Runs, Sink, Tag,
};

/// Writes events down, text joined.
#[derive(Default)]
struct Recorder {
    lines: Vec<String>,
    text: String,
}

impl Recorder {
    fn put(&mut self, line: String, cx: &Context<'_>) -> bool {
        self.flush();
        let place = cx.place();
        self.lines.push(format!("{}:{}:{} {line}", place.offset, place.line, place.column));
        true
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.lines.push(format!("text {:?}", std::mem::take(&mut self.text)));
        }
    }
}

fn shown(cx: &Context<'_>, name: Name) -> String {
    let mut text = Vec::new();
    cx.names.write_expanded(name.expanded, &mut text);
    String::from_utf8(text).expect("names are UTF-8")
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("events are UTF-8")
}

impl Sink for Recorder {
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let mut line = format!("<{}", shown(cx, tag.name));
        for attribute in tag.attributes {
            line += &format!(" {}={:?}", shown(cx, attribute.name), utf8(tag.value(attribute)));
        }
        for binding in tag.bindings {
            line += &format!(" xmlns:{}={}", utf8(cx.names.written(binding.prefix)), utf8(cx.names.uri(binding.uri)));
        }
        self.put(line, cx)
    }
    fn end(&mut self, name: Name, bindings: &[Binding], cx: &Context<'_>) -> bool {
        let line = format!("</{} -{}", shown(cx, name), bindings.len());
        self.put(line, cx)
    }
    fn text(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        assert!(!text.is_empty());
        self.text += utf8(text);
        true
    }
    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        self.put(format!("<!--{}", utf8(text)), cx)
    }
    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        self.put(format!("<?{} {}", utf8(target), utf8(data)), cx)
    }
    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        self.put(format!("&{}", utf8(name)), cx)
    }
}

fn options(limits: XmlLimits) -> Options {
    let rules = Rules {
        namespaces: true,
        dtd: DtdMode::Internal,
        runs: Runs::Events,
        forbid_entities: false,
        forbid_external: false,
    };
    Options { limits, rules, encodings: Encodings::default(), encoding: None }
}

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
    let error =
        parser.error().map(|error| format!("{:?} {:?} {:?} {}", error.kind, error.place, error.token, error.path));
    assert_eq!(flow == Flow::Failed, error.is_some());
    if error.is_none() {
        sink.flush();
    }
    (sink.lines, error)
}

const DOCUMENTS: &[&str] = &[
    "<a/>",
    "<a></a>",
    "<?xml version='1.0'?>\n<!-- c --><?go now?>\n<a b='1' c=\"2\">x<b/>y</a>\n<!--e-->",
    "<a xmlns='u' xmlns:p='v' p:x='1' x='2'><p:b xmlns:p='w' p:y='3'/><c xmlns=''/></a>",
    "<a b='1\n2\t3&#10;&lt;&amp;&#x41;é'>a&lt;b&#233;&gt;]]&gt; ]] > é😀\r\nx\ry</a>",
    "<a><![CDATA[x]]y]]]>]]></a>",
    "<a><![CDATA[]]]]]]><!-- - -x- --><?p?><?p ??x?></a>",
    "<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbb='1'  ></aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >",
    "<a><b><a><b/><b c='x'/></a></b><b/><b></b>",
    "<a b='1' b='2'/>",
    "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
    "<p:a/>",
    "<a b=1/>",
    "<a b='<'/>",
    "<a b='x'c='y'/>",
    "<a>]]></a>",
    "<a>&x;</a>",
    "<a>&#0;</a>",
    "<a></b>",
    "<a></a><b/>",
    "<ab></ab-c></ab>",
    "<ab></a></ab>",
    "<ab></ab1>",
    "<a/>x",
    "x",
    "",
    "<a",
    "<a b='",
    "<a><!-- -- --></a>",
    "<a><!-- x",
    "<a><![CDATA[x",
    "<a b:c:d='1'/>",
    "<a:/>",
    "<1/>",
    "<a><?xml x?></a>",
    "<a b='é😀é' ççç='é'><é>日本</é></a>",
];

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
