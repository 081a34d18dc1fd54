//! Whatever is asked of the writer, what comes out is a document that says it; a refused call leaves no trace.
#![no_main]

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::write::{Document, Form, Style};
use forkedenc_core::xml::{Context, DtdMode, Encodings, Name, Options, Rules, Runs, Sink, Tag};
use forkedenc_fuzz::xml::{Compared, feed};
use libfuzzer_sys::fuzz_target;

/// What a reader is told, as far as the writer knows it: names without a colon, texts joined.
#[derive(Debug, Default)]
struct Told(Vec<String>);

impl Told {
    fn text(&mut self, text: &str) {
        match self.0.last_mut() {
            Some(last) if last.starts_with("text ") => last.push_str(text),
            _ => self.0.push(format!("text {text}")),
        }
    }
}

fn shown(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what a sink is told is UTF-8")
}

fn expanded(cx: &Context<'_>, name: Name) -> String {
    let (uri, local) = cx.names.expanded(name.expanded);
    let (uri, local) = (shown(cx.names.uri(uri)), shown(local));
    if uri.is_empty() { local.to_owned() } else { format!("{{{uri}}}{local}") }
}

impl Sink for Told {
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let values = tag.attributes.iter().map(|attribute| shown(tag.value(attribute)));
        self.0.push(format!("start {} {:?}", expanded(cx, tag.name), values.collect::<Vec<_>>()));
        true
    }
    fn end(&mut self, name: Name, _: &[forkedenc_core::xml::Binding], cx: &Context<'_>) -> bool {
        self.0.push(format!("end {}", expanded(cx, name)));
        true
    }
    fn text(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        self.text(shown(text));
        true
    }
    fn comment(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        self.0.push(format!("comment {}", shown(text)));
        true
    }
    fn pi(&mut self, target: &[u8], data: &[u8], _: &Context<'_>) -> bool {
        self.0.push(format!("pi {} {}", shown(target), shown(data)));
        true
    }
}

impl Compared for Told {
    type Told = Vec<String>;

    fn told(self, _: bool) -> Vec<String> {
        self.0
    }
}

/// The next text of the input: up to a NUL, which `\u{e000}` stands for; `\u{e001}` is half of a surrogate pair.
fn text(input: &mut &[u8]) -> Vec<u8> {
    let end = input.iter().position(|byte| *byte == 0).unwrap_or(input.len());
    let text = String::from_utf8_lossy(&input[..end]).replace('\u{e000}', "\0").into_bytes();
    *input = input.get(end + 1..).unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = &text[..];
    while let Some(at) = rest.windows(3).position(|three| three == "\u{e001}".as_bytes()) {
        bytes.extend_from_slice(&rest[..at]);
        bytes.extend_from_slice(b"\xed\xa0\x80");
        rest = &rest[at + 3..];
    }
    bytes.extend_from_slice(rest);
    bytes
}

/// Where no reference can stand, a carriage return would not read back.
fn plain(input: &mut &[u8]) -> Vec<u8> {
    let mut text = text(input);
    text.retain(|byte| *byte != b'\r');
    text
}

fn pairs(input: &mut &[u8], count: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    (0..count).map(|_| (text(input), text(input))).collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, mut input)) = data.split_first() else { return };
    let form = if choice & 1 == 0 { Form::Utf8 } else { Form::Ascii };
    let style = Style { form, namespaces: choice & 2 == 0, short_empty: choice & 4 == 0 };
    let limits = XmlLimits { depth: 20, document_bytes: 3000, ..XmlLimits::UNLIMITED };
    let mut document = Document::new(style, limits);
    let (mut said, mut names) = (Told::default(), Vec::new());
    if choice & 8 != 0 {
        document.declaration().expect("a declaration fits");
    }
    while let Some((op, rest)) = input.split_first() {
        input = rest;
        let before = (document.out.bytes().to_vec(), document.depth(), document.path());
        let result = match op % 8 {
            0 | 1 => {
                let name = text(&mut input);
                let (attributes, namespaces) = (pairs(&mut input, op >> 3 & 3), pairs(&mut input, op >> 5 & 3));
                let result = document.start(&name, &attributes, &namespaces);
                if result.is_ok() {
                    let values: Vec<&str> = attributes.iter().map(|(_, value)| shown(value)).collect();
                    // With a prefix as written it is the reader who knows the namespace.
                    let local = shown(&name).trim_start_matches("{}").to_owned();
                    said.0.push(format!("start {local} {values:?}"));
                    names.push(local);
                }
                result
            }
            2 => {
                let result = document.end(None);
                if result.is_ok() {
                    said.0.push(format!("end {}", names.pop().expect("one is open")));
                }
                result
            }
            3 => {
                let text = text(&mut input);
                let result = document.text(&text);
                if result.is_ok() && document.depth() > 0 && !text.is_empty() {
                    said.text(shown(&text));
                }
                result
            }
            4 => {
                let text = plain(&mut input);
                let result = document.cdata(&text);
                if result.is_ok() && !text.is_empty() {
                    said.text(shown(&text));
                }
                result
            }
            5 => {
                let text = plain(&mut input);
                let result = document.comment(&text);
                if result.is_ok() {
                    said.0.push(format!("comment {}", shown(&text)));
                }
                result
            }
            6 => {
                let (target, data) = (plain(&mut input), plain(&mut input));
                let result = document.pi(&target, &data);
                if result.is_ok() {
                    // White space between the two is one's or the other's.
                    let data = shown(&data).trim_start_matches([' ', '\t', '\n']);
                    said.0.push(format!("pi {} {data}", shown(&target)));
                }
                result
            }
            _ => {
                let (name, id) = (text(&mut input), plain(&mut input));
                document.doctype(&name, None, (op & 8 != 0).then_some(&id))
            }
        };
        if result.is_err() {
            let after = (document.out.bytes().to_vec(), document.depth(), document.path());
            assert_eq!(before, after, "a call that was refused: {result:?}");
        }
    }
    while document.depth() > 0 && document.end(None).is_ok() {
        said.0.push(format!("end {}", names.pop().expect("one is open")));
    }
    if document.close().is_err() {
        return;
    }
    assert!(document.out.total() <= 3000);
    let rules = Rules {
        namespaces: style.namespaces,
        dtd: DtdMode::Bare,
        runs: Runs::Events,
        forbid_entities: false,
        forbid_external: false,
        skip_long: false,
    };
    let options = Options { limits: XmlLimits::UNLIMITED, rules, encodings: Encodings::all(None), encoding: None };
    let (read, error) = feed::<Told>(&options, &[document.out.bytes()]);
    assert_eq!(error, None, "{:?}", String::from_utf8_lossy(document.out.bytes()));
    let qualified = |call: &String| call.starts_with("start ") || call.starts_with("end ");
    assert_eq!(read.len(), said.0.len(), "{read:?} {:?}", said.0);
    for (read, said) in read.iter().zip(&said.0) {
        if qualified(said) && (said.contains(':') || !style.namespaces) {
            assert_eq!(read.split(' ').next(), said.split(' ').next());
        } else {
            assert_eq!(read, said);
        }
    }
});
