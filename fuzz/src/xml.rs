//! What the XML targets share: choices made of bytes, documents fed in pieces, events to compare.

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{
    Attribute, Binding, Context, Declared, Doctype, DtdMode, Encodings, Error, Flow, Kind, Name, Names, Options,
    Parser, Rules, Runs, Sink, Tag, XmlDeclaration,
};

/// The rules that a byte chooses: all modes, with namespaces and without, every kind of run.
#[must_use]
pub fn rules(choice: u8) -> Rules {
    Rules {
        namespaces: choice & 1 == 0,
        dtd: [DtdMode::Internal, DtdMode::Bare, DtdMode::Skip, DtdMode::Forbid][usize::from(choice >> 1 & 3)],
        runs: [Runs::Events, Runs::Tree, Runs::Pieces, Runs::Events][usize::from(choice >> 3 & 3)],
        forbid_entities: choice & 0b1110_0000 == 0b0010_0000,
        forbid_external: choice & 0b1110_0000 == 0b0100_0000,
        skip_long: choice & 0b1110_0000 == 0b0110_0000,
    }
}

#[must_use]
pub fn options(choice: u8, limits: XmlLimits) -> Options {
    Options { limits, rules: rules(choice), encodings: Encodings::all(None), encoding: None }
}

/// A sink that can be compared by.
pub trait Compared: Sink + Default {
    type Told: PartialEq + std::fmt::Debug;

    /// What it was told. Where the document failed, how much of the last text it has seen depends on the cuts.
    fn told(self, failed: bool) -> Self::Told;
}

/// Every call as text, with its place; pieces of one text joined.
#[derive(Debug, Default)]
pub struct Recorder {
    calls: Vec<String>,
    in_text: bool,
}

impl Recorder {
    fn note(&mut self, call: String, cx: &Context<'_>) -> bool {
        self.in_text = false;
        let place = cx.place();
        self.calls.push(format!("{}:{}:{} {call}", place.offset, place.line, place.column));
        true
    }
}

fn shown(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what a sink is told is UTF-8")
}

impl Sink for Recorder {
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let names = cx.names;
        let mut call = format!("<{} = {:?}", shown(names.written(tag.name.written)), names.expanded(tag.name.expanded));
        for attribute in tag.attributes {
            let Attribute { name, defaulted, .. } = attribute;
            let (uri, local) = names.expanded(name.expanded);
            let value = shown(tag.value(attribute));
            let (written, uri) = (shown(names.written(name.written)), shown(names.uri(uri)));
            call += &format!(
                " {written} = {{{uri}}}{} {value:?}{}",
                shown(local),
                if *defaulted { " by default" } else { "" }
            );
        }
        for binding in tag.bindings {
            call += &format!(" {}={:?}", shown(names.written(binding.prefix)), shown(names.uri(binding.uri)));
        }
        self.note(call, cx)
    }
    fn end(&mut self, name: Name, bindings: &[Binding], cx: &Context<'_>) -> bool {
        self.note(format!("</{} {}", shown(cx.names.written(name.written)), bindings.len()), cx)
    }
    fn text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        assert!(!text.is_empty(), "a piece of text is never empty");
        if self.in_text
            && let Some(last) = self.calls.last_mut()
        {
            last.push_str(shown(text));
            return true;
        }
        self.note(format!("text {}", shown(text)), cx);
        self.in_text = true;
        true
    }
    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        self.note(format!("comment {}", shown(text)), cx)
    }
    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        self.note(format!("pi {} {}", shown(target), shown(data)), cx)
    }
    fn cdata(&mut self, begins: bool, cx: &Context<'_>) -> bool {
        self.note(format!("cdata {begins}"), cx)
    }
    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        self.note(format!("entity {}", shown(name)), cx)
    }
    fn xml_declaration(&mut self, declaration: &XmlDeclaration<'_>, cx: &Context<'_>) -> bool {
        self.note(format!("{declaration:?}"), cx)
    }
    fn doctype(&mut self, doctype: &Doctype<'_>, cx: &Context<'_>) -> bool {
        self.note(format!("{doctype:?}"), cx)
    }
    fn declared(&mut self, declared: &Declared<'_>, cx: &Context<'_>) -> bool {
        self.note(format!("{declared:?}"), cx)
    }
    fn doctype_end(&mut self, cx: &Context<'_>) -> bool {
        self.note("doctype end".into(), cx)
    }
}

impl Compared for Recorder {
    type Told = Vec<String>;

    fn told(mut self, failed: bool) -> Vec<String> {
        if failed && self.in_text {
            self.calls.pop();
        }
        self.calls
    }
}

impl Compared for forkedenc_core::xml::Null {
    type Told = ();

    fn told(self, _: bool) {}
}

/// Feeds the pieces one by one and ends the document: what the sink was told, and the error.
#[must_use]
pub fn feed<S: Compared>(options: &Options, pieces: &[&[u8]]) -> (S::Told, Option<Error>) {
    let mut names = Names::default();
    names.begin(options.rules.namespaces);
    let mut parser = Parser::new(options, names, 0);
    let mut sink = S::default();
    let mut buffer = Vec::new();
    for (turn, piece) in pieces.iter().chain([&b"".as_slice()]).enumerate() {
        // Another buffer with each piece: nothing may lead into the last one.
        buffer = vec![0xa5; buffer.capacity().min(64)];
        match parser.feed(&mut sink, piece, &mut buffer, turn == pieces.len()) {
            Flow::NeedMore => assert!(turn < pieces.len(), "the end is the end"),
            Flow::Done => assert_eq!(turn, pieces.len(), "done before the end"),
            Flow::Failed => {
                let error = parser.error().expect("a parse that failed says why").clone();
                assert!(error.kind != Kind::Sink && error.kind != Kind::OutOfMemory, "{error:?}");
                assert_eq!(parser.feed(&mut sink, b"<", &mut buffer, false), Flow::Failed, "failed for good");
                return (sink.told(true), Some(error));
            }
        }
        // A copy goes on as well as the original.
        if turn == pieces.len() / 2 {
            parser = parser.fork().expect("memory for a copy");
        }
    }
    assert_eq!(parser.depth(), 0);
    (sink.told(false), None)
}

/// Whether a limit refused, and which.
#[must_use]
pub fn limit_of(error: &Error) -> Option<(&'static str, u64, u64)> {
    match error.kind {
        Kind::Limit { limit, maximum, observed } => Some((limit.name(), maximum, observed)),
        _ => None,
    }
}
