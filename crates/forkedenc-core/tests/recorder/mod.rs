//! What tests of XML have in common: a sink that writes events down, and documents.

#![allow(dead_code, reason = "not every test uses all of it")]

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{Binding, Context, DtdMode, Encodings, Name, Options, Parser, Rules, Runs, Sink, Tag};

/// Writes events down, text joined.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recorder {
    pub lines: Vec<String>,
    text: String,
}

impl Recorder {
    fn put(&mut self, line: String, cx: &Context<'_>) -> bool {
        self.flush();
        let place = cx.place();
        self.lines.push(format!("{}:{}:{} {line}", place.offset, place.line, place.column));
        true
    }

    /// Of a run that an error cuts short nobody is told: how much of it there is depends on the chunks.
    pub fn drop_run(&mut self) {
        self.text.clear();
    }

    pub fn flush(&mut self) {
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

pub fn options(limits: XmlLimits) -> Options {
    let rules = Rules {
        namespaces: true,
        dtd: DtdMode::Internal,
        runs: Runs::Events,
        forbid_entities: false,
        forbid_external: false,
        skip_long: false,
    };
    Options { limits, rules, encodings: Encodings::default(), encoding: None }
}

/// What is wrong, and where, in words.
pub fn error_of(parser: &Parser) -> Option<String> {
    parser.error().map(|error| format!("{:?} {:?} {:?} {}", error.kind, error.place, error.token, error.path))
}

pub const DOCUMENTS: &[&str] = &[
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
    "word and more",
    "w\u{f6}rd<a/>",
    "<a/>word&",
    "&a;",
    "\u{a0}",
    "['",
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
