//! DOCTYPEs alone, whole and cut at every byte.

use super::*;
use crate::cursor::{PADDING, Window};
use crate::limits::{Limit, XmlLimits};
use crate::position::Place;
use crate::xml::error::{Kind, Open};
use crate::xml::names::Names;
use crate::xml::sink::{Binding, Context, Declared, Doctype, Locate, Name, Sink, Tag};

/// Writes down what it is told.
#[derive(Default)]
struct Recorder {
    events: Vec<String>,
    subset: String,
}

fn show(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the core hands out UTF-8")
}

fn option(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| format!("{:?}", show(bytes)))
}

impl Recorder {
    fn note(&mut self, cx: &Context<'_>, text: String) -> bool {
        assert!(cx.in_doctype);
        self.events.push(format!("{}: {text}", cx.place().offset));
        true
    }
}

impl Sink for Recorder {
    fn start(&mut self, _: &Tag<'_>, _: &Context<'_>) -> bool {
        unreachable!()
    }
    fn end(&mut self, _: Name, _: &[Binding], _: &Context<'_>) -> bool {
        unreachable!()
    }
    fn text(&mut self, _: &[u8], _: &Context<'_>) -> bool {
        unreachable!()
    }
    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        self.note(cx, format!("comment {:?}", show(text)))
    }
    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        self.note(cx, format!("pi {} {:?}", show(target), show(data)))
    }
    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        self.note(cx, format!("skipped {}", show(name)))
    }
    fn doctype(&mut self, doctype: &Doctype<'_>, cx: &Context<'_>) -> bool {
        let Doctype { name, public_id, system_id, internal_subset } = doctype;
        let ids = format!("{} {}", option(*public_id), option(*system_id));
        self.note(cx, format!("doctype {} {ids} {internal_subset}", show(name)))
    }
    fn declared(&mut self, declared: &Declared<'_>, cx: &Context<'_>) -> bool {
        let text = match declared {
            Declared::Element { name, model } => format!("element {} {}", show(name), show(model)),
            Declared::Attribute { element, name, kind, default, required } => {
                let (element, name, kind) = (show(element), show(name), show(kind));
                format!("attribute {element} {name} {kind} {} {required}", option(*default))
            }
            Declared::Entity { name, parameter, value, public_id, system_id, notation } => {
                let ids = format!("{} {} {}", option(*public_id), option(*system_id), option(*notation));
                let sign = if *parameter { "%" } else { "" };
                format!("entity {sign}{} {} {ids}", show(name), option(*value))
            }
            Declared::Notation { name, public_id, system_id } => {
                format!("notation {} {} {}", show(name), option(*public_id), option(*system_id))
            }
        };
        self.note(cx, text)
    }
    fn subset(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        self.subset.push_str(&show(text));
        true
    }
    fn doctype_end(&mut self, cx: &Context<'_>) -> bool {
        self.note(cx, "end".to_owned())
    }
}

/// Places in a window that starts at a known one.
struct Counter<'w>(Place, &'w [u8]);

impl Locate for Counter<'_> {
    fn locate(&self, position: usize) -> Place {
        self.0.after(&self.1[..position])
    }
}

#[derive(Clone, Copy)]
struct Setting {
    mode: DtdMode,
    limits: XmlLimits,
    namespaces: bool,
    standalone: Option<bool>,
}

const INTERNAL: Setting =
    Setting { mode: DtdMode::Internal, limits: XmlLimits::DEFAULT, namespaces: true, standalone: None };

#[derive(Debug, PartialEq)]
enum End {
    /// Bytes up to behind the DOCTYPE.
    Done(u64),
    Open(Open, u64),
    Failed(Kind, u64),
}

struct Read {
    end: End,
    events: Vec<String>,
    subset: String,
    dtd: Dtd,
    names: Names,
    expansions: Expansions,
}

/// Reads a document that starts with `<!DOCTYPE`, fed in chunks that end at `cuts`.
fn read_cut(document: &str, cuts: &[usize], setting: Setting) -> Read {
    let start = Place::START.after(b"");
    let Setting { mode, limits, namespaces, standalone } = setting;
    let mut reader = Reader::new(mode, &limits, namespaces, false, false, standalone, start);
    let (mut sink, mut names) = (Recorder::default(), Names::default());
    let mut expansions = Expansions::new(&limits);
    let bytes = &document.as_bytes()[9..];
    let mut place = start.after(b"<!DOCTYPE");
    let mut from = 0;
    let mut end = None;
    for cut in cuts.iter().copied().filter(|cut| *cut > 9).map(|cut| cut - 9).chain([bytes.len()]) {
        let piece = &bytes[from..cut];
        let padded = [piece, &[0; PADDING]].concat();
        let mut c = Window::padded(&padded, piece.len()).cursor(0);
        let counter = Counter(place, piece);
        let mut env = Env { sink: &mut sink, names: &mut names, expansions: &mut expansions, place: &counter };
        match reader.read(&mut c, &mut env) {
            Outcome::NeedMore => assert!(c.at_end()),
            Outcome::Done => end = Some(End::Done(9 + (from + c.position()) as u64)),
            Outcome::Failed(kind, place) => end = Some(End::Failed(kind, place.offset)),
        }
        place = place.after(piece);
        from = cut;
        if end.is_some() {
            break;
        }
        reader = reader.clone();
    }
    let end = end.unwrap_or_else(|| {
        let (open, place) = reader.unfinished(place);
        End::Open(open, place.offset)
    });
    Read { end, events: sink.events, subset: sink.subset, dtd: reader.into_dtd(), names, expansions }
}

/// Reads it whole and in every way that matters, which must come to the same.
fn read_with(document: &str, setting: Setting) -> Read {
    let whole = read_cut(document, &[], setting);
    let characters: Vec<usize> = document.char_indices().map(|(at, _)| at).collect();
    let mut ways: Vec<Vec<usize>> = vec![characters.clone()];
    ways.extend(characters.iter().map(|cut| vec![*cut]));
    for cuts in ways {
        let cut = read_cut(document, &cuts, setting);
        assert_eq!(cut.end, whole.end, "{document:?} cut at {cuts:?}");
        let seen = whole.events.len().min(cut.events.len());
        assert_eq!(cut.events[..seen], whole.events[..seen], "{document:?} cut at {cuts:?}");
        assert!(cut.events.len() == whole.events.len());
        assert_eq!(cut.subset, whole.subset, "{document:?} cut at {cuts:?}");
    }
    whole
}

fn read(document: &str) -> Read {
    read_with(document, INTERNAL)
}

/// Reads a DOCTYPE with this internal subset.
fn subset(declarations: &str) -> Read {
    read(&format!("<!DOCTYPE r [\n{declarations}\n]><r/>"))
}

fn told(declarations: &str) -> Vec<String> {
    let document = format!("<!DOCTYPE r [{declarations}]>");
    let read = read(&document);
    assert_eq!(read.end, End::Done(document.len() as u64), "{document}");
    let events: Vec<String> =
        read.events.iter().map(|event| event.split_once(": ").map_or("", |(_, text)| text).to_owned()).collect();
    events[1..events.len() - 1].to_vec()
}

#[test]
fn a_doctype_is_told_with_its_identifiers() {
    for (document, told) in [
        ("<!DOCTYPE r>", "0: doctype r - - false"),
        ("<!DOCTYPE\n r\t>", "0: doctype r - - false"),
        ("<!DOCTYPE p:r SYSTEM 'a\"b'>", "0: doctype p:r - \"a\\\"b\" false"),
        ("<!DOCTYPE r PUBLIC \" -//x\n\n y \" 's' >", "0: doctype r \"-//x y\" \"s\" false"),
        ("<!DOCTYPE r SYSTEM ''[]>", "0: doctype r - \"\" true"),
        ("<!DOCTYPE é [ ] >", "0: doctype é - - true"),
    ] {
        let read = read(document);
        assert_eq!(read.end, End::Done(document.len() as u64), "{document}");
        assert_eq!(read.events, [told.to_owned(), format!("{}: end", document.len() - 1)], "{document}");
    }
}

#[test]
fn declarations_are_told_as_expat_tells_them() {
    assert_eq!(told("<!ELEMENT a ( #PCDATA | b\n| c )* >"), ["element a ( #PCDATA | b\n| c )*"]);
    assert_eq!(told("<!ELEMENT a EMPTY><!ELEMENT p:b ANY >"), ["element a EMPTY", "element p:b ANY"]);
    assert_eq!(told("<!ELEMENT a (b,(c|d+)*,e?)>"), ["element a (b,(c|d+)*,e?)"]);
    assert_eq!(
        told("<!ATTLIST a b CDATA #REQUIRED c ( x | 1y ) 'x' d NOTATION (n|m) #IMPLIED\n e NMTOKENS #FIXED ' p  q '>"),
        [
            "attribute a b CDATA - true",
            "attribute a c (x|1y) \"x\" false",
            "attribute a d NOTATION(n|m) - false",
            "attribute a e NMTOKENS \"p q\" true",
        ]
    );
}

#[test]
fn a_declared_entity_binds_once() {
    assert_eq!(
        told(
            "<!ENTITY a 'v&#65;&b;'><!ENTITY a 'w'><!ENTITY % a 'p'><!ENTITY b SYSTEM 's'><!ENTITY c PUBLIC 'p' 's' NDATA n>"
        ),
        ["entity a \"vA&b;\" - - -", "entity %a \"p\" - - -", "entity b - - \"s\" -", "entity c - \"p\" \"s\" \"n\"",]
    );
}
