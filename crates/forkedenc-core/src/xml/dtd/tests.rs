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
    /// Writes nothing down: finding places takes time.
    quiet: bool,
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
        if self.quiet {
            return true;
        }
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
    fn parameter_entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        self.note(cx, format!("skipped %{}", show(name)))
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
    let mut names = Names::default();
    let mut sink = Recorder { quiet: document.len() > 10_000, ..Recorder::default() };
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

/// Where a DOCTYPE goes wrong, marked by `^^`, which is not part of it.
fn fails(kind: Kind, marked: &str) {
    fails_with(kind, marked, INTERNAL);
}

fn fails_with(kind: Kind, marked: &str, setting: Setting) {
    let offset = marked.find("^^").expect("a mark") as u64;
    let document = marked.replace("^^", "");
    assert_eq!(read_with(&document, setting).end, End::Failed(kind, offset), "{marked}");
}

#[test]
fn what_can_not_stand_where_it_does_is_refused_where_expat_refuses_it() {
    for marked in [
        "<!DOCTYPE ^^>",
        "<!DOCTYPE ^^1>",
        "<!DOCTYPE ^^a:b:c>",
        "<!DOCTYPE r ^^x>",
        "<!DOCTYPE r ^^system 's'>",
        "<!DOCTYPE r SYSTEM^^>",
        "<!DOCTYPE r PUBLIC 'p'^^>",
        "<!DOCTYPE r SYSTEM 's' ^^'t'>",
        "<!DOCTYPE r [] ^^x>",
        "<!DOCTYPE r []^^] >",
        "<!DOCTYPE r [^^]]>",
        "<!DOCTYPE r [^^<a>",
        "<!DOCTYPE r [^^x ",
        "<!DOCTYPE r [^^% q",
        "<!DOCTYPE r [^^<!element a ANY>",
        "<!DOCTYPE r [^^<![INCLUDE[]]>]>",
        "<!DOCTYPE r [<!ENTITY ^^a:b 'x'>]>",
        "<!DOCTYPE r [<!ENTITY e^^>]>",
        "<!DOCTYPE r [<!ENTITY e 'x' ^^y>]>",
        "<!DOCTYPE r [<!ENTITY e PUBLIC 'p'^^>]>",
        "<!DOCTYPE r [<!ENTITY e SYSTEM 's' NDATA^^>]>",
        "<!DOCTYPE r [<!ENTITY % e SYSTEM 's' ^^NDATA n>]>",
        "<!DOCTYPE r [<!ENTITY e SYSTEM 's' NDATA ^^a:b>]>",
        "<!DOCTYPE r [<!ELEMENT a^^>]>",
        "<!DOCTYPE r [<!ELEMENT a ^^EMPTY?>]>",
        "<!DOCTYPE r [<!ELEMENT a (^^)>]>",
        "<!DOCTYPE r [<!ELEMENT a (b^^>]>",
        "<!DOCTYPE r [<!ELEMENT a (b,c^^|d)>]>",
        "<!DOCTYPE r [<!ELEMENT a (b|^^#PCDATA)>]>",
        "<!DOCTYPE r [<!ELEMENT a (#PCDATA|b^^)>]>",
        "<!DOCTYPE r [<!ELEMENT a (#PCDATA|^^b?)*>]>",
        "<!DOCTYPE r [<!ELEMENT a (#PCDATA^^)+>]>",
        "<!DOCTYPE r [<!ELEMENT a (b) ^^(c)>]>",
        "<!DOCTYPE r [<!ELEMENT a ^^<!-- no --> ANY>]>",
        "<!DOCTYPE r [<!ATTLIST a b^^>]>",
        "<!DOCTYPE r [<!ATTLIST a b ^^cdata 'x'>]>",
        "<!DOCTYPE r [<!ATTLIST a b CDATA ^^#FIX 'x'>]>",
        "<!DOCTYPE r [<!ATTLIST a b CDATA #FIXED^^>]>",
        "<!DOCTYPE r [<!ATTLIST a b (^^) 'x'>]>",
        "<!DOCTYPE r [<!ATTLIST a b NOTATION (^^1) 'x'>]>",
        "<!DOCTYPE r [<!NOTATION n^^>]>",
        "<!DOCTYPE r [<!NOTATION n SYSTEM 'a' ^^'b'>]>",
    ] {
        fails(Kind::Syntax, marked);
    }
}

#[test]
fn a_character_that_no_token_goes_on_with_is_refused_there() {
    for marked in [
        "<!DOCTYPE^^>",
        "<!DOCTYPEr^^>",
        "<!DOCTYPE r^^<",
        "<!DOCTYPE r PUBLIC 'a'^^'b'>",
        "<!DOCTYPE r [<!^^>]>",
        "<!DOCTYPE r [<^^/a>]>",
        "<!DOCTYPE r [<!-^^x",
        "<!DOCTYPE r [<!-- a --^^ b -->]>",
        "<!DOCTYPE r [<?^^ x?>]>",
        "<!DOCTYPE r [<?a^^:b c?>]>",
        "<!DOCTYPE r [<?ta?^^x?>]>",
        "<!DOCTYPE r [<?XmL^^ a?>]>",
        "<!DOCTYPE r [%p^^ ;]>",
        "<!DOCTYPE r [<!ENTITY^^% p 'x'>]>",
        "<!DOCTYPE r [<!ENTITY %p^^ 'x'>]>",
        "<!DOCTYPE r [<!ENTITY e^^'x'>]>",
        "<!DOCTYPE r [<!ENTITY e 'x'^^y>]>",
        "<!DOCTYPE r [<!ELEMENT a^^(b)>]>",
        "<!DOCTYPE r [<!ELEMENT a (b)^^c>]>",
        "<!DOCTYPE r [<!ATTLIST a b (c|d)^^'c'>]>",
        "<!DOCTYPE r [<!ATTLIST a b NOTATION^^(c)>]>",
        "<!DOCTYPE r [<!ATTLIST a b CDATA #^^ FIXED 'x'>]>",
        "<!DOCTYPE r [<!ATTLIST a b CDATA #FIXED^^'x'>]>",
        "<!DOCTYPE r [<!ATTLIST a b CDATA '^^<'>]>",
        "<!DOCTYPE r [<!ATTLIST a b CDATA 'a&^^ b;'>]>",
        "<!DOCTYPE r [<!ENTITY e '^^&'>]>",
        "<!DOCTYPE r [<!ENTITY e 'a^^&b'>]>",
        "<!DOCTYPE r [<!ENTITY e 'a&#x^^;'>]>",
        "<!DOCTYPE r [<!ENTITY e 'a&#6^^a;'>]>",
        "<!DOCTYPE r [<!ENTITY e 'a^^%b'>]>",
        "<!DOCTYPE r [<!ENTITY e 'a%^^ b'>]>",
    ] {
        fails(Kind::InvalidToken, marked);
    }
}

#[test]
fn other_faults_have_kinds_of_their_own() {
    fails(Kind::BadCharacterReference, "<!DOCTYPE r [<!ENTITY e 'a^^&#0;'>]>");
    fails(Kind::BadCharacterReference, "<!DOCTYPE r [<!ENTITY e 'a^^&#xFFFF;'>]>");
    fails(Kind::BadCharacterReference, "<!DOCTYPE r [<!ATTLIST a b CDATA '^^&#4294967361;'>]>");
    fails(Kind::MisplacedDeclaration, "<!DOCTYPE r [^^<?xml version='1.0'?>]>");
    fails(Kind::PublicId, "<!DOCTYPE r PUBLIC 'a^^{' 's'>");
    fails(Kind::PublicId, "<!DOCTYPE r [<!NOTATION n PUBLIC 'a^^\t'>]>");
    fails(Kind::ParameterEntity, "<!DOCTYPE r [<!ELEMENT a ^^%p;>]>");
    fails(Kind::ParameterEntity, "<!DOCTYPE r [<!ENTITY e 'a^^%p;'>]>");
    fails(Kind::ParameterEntity, "<!DOCTYPE ^^%p; r>");
    fails(Kind::UndefinedEntity, "<!DOCTYPE r [<!ATTLIST a b CDATA ^^'x&e;'>]>");
    fails(Kind::UndefinedEntity, "<!DOCTYPE r [<!ATTLIST a b CDATA ^^'&e;'><!ENTITY e 'x'>]>");
    fails(Kind::BinaryEntity, "<!DOCTYPE r [<!ENTITY e SYSTEM 's' NDATA n><!ATTLIST a b CDATA 'x^^&e;'>]>");
    fails(Kind::ExternalEntityInAttribute, "<!DOCTYPE r [<!ENTITY e SYSTEM 's'><!ATTLIST a b CDATA 'x^^&e;'>]>");
    fails(Kind::InvalidToken, "<!DOCTYPE r [<!ENTITY e '&#60;'><!ATTLIST a b CDATA ^^'x&e;'>]>");
    fails(Kind::RecursiveEntity, "<!DOCTYPE r [<!ENTITY e '&f;'><!ENTITY f '&e;'><!ATTLIST a b CDATA ^^'&e;'>]>");
}

#[test]
fn an_input_that_ends_early_is_incomplete() {
    let document = "<!DOCTYPE r SYSTEM 's' [<!ENTITY e 'v'>\n<!ATTLIST a b (c|d) 'c'><!-- c --><?p d?>%q;]>";
    for end in 9..document.len() {
        let End::Open(_, place) = read_with(&document[..end], INTERNAL).end else {
            panic!("{} is no beginning of a DOCTYPE", &document[..end])
        };
        assert!(place <= end as u64);
    }
    for (cut, open, place) in [
        ("<!DOCTYPE", Open::Token, 0),
        ("<!DOCTYPE r", Open::Document, 11),
        ("<!DOCTYPE r SYSTEM 's", Open::Token, 19),
        ("<!DOCTYPE r [<!ENTITY e 'x'", Open::Document, 27),
        ("<!DOCTYPE r [<!-- ", Open::Token, 13),
        ("<!DOCTYPE r [%p", Open::Token, 13),
    ] {
        assert_eq!(read(cut).end, End::Open(open, place), "{cut}");
    }
}

fn value(read: &Read, name: &str) -> String {
    match read.dtd.entity(name.as_bytes()).map(|entity| &entity.kind) {
        Some(EntityKind::Internal(text)) => show(text.bytes()),
        other => format!("{other:?}"),
    }
}

#[test]
fn an_entity_keeps_general_references_and_loses_those_to_characters() {
    let read = subset(
        "<!ENTITY a '&#60;&#x3E;&b;\n%'><!ENTITY b \"it's\"><!ENTITY a 'second'>".replace('%', "&#37;").as_str(),
    );
    assert_eq!(value(&read, "a"), "<>&b;\n%");
    assert_eq!(value(&read, "b"), "it's");
    assert!(read.dtd.entity(b"c").is_none());
    assert!(read.dtd.undeclared_is_error());
    // The example of appendix D of the recommendation.
    let read = subset("<!ENTITY example '<p>&#38;#38; &#38;#38;#38; &#38;amp;</p>'>");
    assert_eq!(value(&read, "example"), "<p>&#38; &#38;#38; &amp;</p>");
    let read = subset("<!ENTITY % xx '&#37;zz;'><!ENTITY % zz '&#60;!ENTITY tricky \"error-prone\" >' >%xx;");
    assert_eq!(value(&read, "tricky"), "error-prone");
}

/// The defaults of element `a`.
fn defaults(read: &Read) -> Vec<(String, String)> {
    let rules = read.names.find(b"a").and_then(|id| read.dtd.rules(id));
    let defaults = rules.map(|rules| rules.defaults.as_slice()).unwrap_or_default();
    defaults.iter().map(|rule| (show(read.names.written(rule.name)), show(&rule.value))).collect()
}

#[test]
fn a_default_is_normalised_for_its_type() {
    let read = subset(
        "<!ENTITY e ' \n&#9;y&lt;&f;'><!ENTITY f ' z '>\n<!ATTLIST a b CDATA ' \t&e;&#10;' c NMTOKENS ' \t&e;&#32;&#32; q'\n\
         d ID #IMPLIED b CDATA 'second'>\n<!ATTLIST a p:e (x|y) #FIXED ' y ' f CDATA #REQUIRED><!ATTLIST g h CDATA ''>",
    );
    let expected =
        [("b", "     y< z \n"), ("c", "y< z q"), ("p:e", "y")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(defaults(&read), expected);
    let id = |name: &[u8]| read.names.find(name).expect("a name");
    let rules = read.dtd.rules(id(b"a")).expect("rules");
    assert!(rules.any_tokenized());
    for (name, tokenized) in [("b", false), ("c", true), ("d", true), ("p:e", true), ("f", false)] {
        assert_eq!(rules.tokenized(id(name.as_bytes())), tokenized, "{name}");
    }
    assert!(!read.dtd.rules(id(b"g")).expect("rules").any_tokenized());
    assert!(read.dtd.rules(id(b"b")).is_none());
}

#[test]
fn behind_what_is_not_read_declarations_are_in_vain_unless_the_document_stands_alone() {
    let declarations = "<!ENTITY % p SYSTEM 'x'>%p;<!ENTITY e 'y'><!ATTLIST a b CDATA 'z'><!NOTATION n SYSTEM 's'>";
    let loose = subset(declarations);
    assert!(loose.dtd.entity(b"e").is_none());
    assert!(defaults(&loose).is_empty());
    assert!(!loose.dtd.undeclared_is_error());
    assert!(loose.events.iter().any(|event| event.ends_with("notation n - \"s\"")));
    let standing = Setting { standalone: Some(true), ..INTERNAL };
    let document = format!("<!DOCTYPE r [{declarations}]>");
    let alone = read_with(&document, standing);
    assert_eq!(value(&alone, "e"), "y");
    assert!(alone.dtd.undeclared_is_error());
    // An undeclared parameter entity is one that was not read.
    assert_eq!(told("%q;<!ENTITY e 'y'>"), ["skipped %q"]);
    fails_with(Kind::UndefinedEntity, "<!DOCTYPE r [^^%q;]>", standing);
    let document = "<!DOCTYPE r [<!ENTITY % p '&#60;!ENTITY e \"v\">'>%p;]>";
    assert_eq!(value(&read(document), "e"), "v");
    assert!(read_with(document, standing).dtd.entity(b"e").is_none());
}

#[test]
fn without_reading_anything_else_an_undeclared_entity_is_an_error() {
    for (document, error) in [
        ("<!DOCTYPE r>", true),
        ("<!DOCTYPE r []>", true),
        ("<!DOCTYPE r SYSTEM 's'>", false),
        ("<!DOCTYPE r [<!ENTITY % p ''>%p;]>", false),
    ] {
        assert_eq!(read(document).dtd.undeclared_is_error(), error, "{document}");
        let skip = Setting { mode: DtdMode::Skip, ..INTERNAL };
        assert!(read_with(document, skip).dtd.undeclared_is_error(), "{document}");
    }
}

#[test]
fn the_text_of_a_parameter_entity_holds_whole_declarations() {
    assert_eq!(
        told("<!ENTITY % p '<!-- c --> <?p d?> <!ELEMENT a (b)>'>\n%p;"),
        ["entity %p \"<!-- c --> <?p d?> <!ELEMENT a (b)>\" - - -", "comment \" c \"", "pi p \"d\"", "element a (b)",]
    );
    let read = subset("<!ENTITY % p '<!ELEMENT a (b)>'>%p;");
    assert_eq!(read.subset, "\n<!ENTITY % p '<!ELEMENT a (b)>'>%p;\n");
    assert!(read.events.iter().any(|event| event == "46: element a (b)"), "{:?}", read.events);
    for value in ["<!--", "<!ELEMENT a ", "<!ELEMENT a (b", "]>", "<?p", "&#37;q", "<", "]"] {
        fails(Kind::AsyncEntity, &format!("<!DOCTYPE r [<!ENTITY % p '{value}'>^^%p; ANY>]>"));
    }
    fails(Kind::Syntax, "<!DOCTYPE r [<!ENTITY % p 'x '>^^%p;]>");
    fails(Kind::MisplacedDeclaration, "<!DOCTYPE r [<!ENTITY % p '<?xml version=\"1.0\"?>'>^^%p;]>");
    fails(Kind::RecursiveEntity, "<!DOCTYPE r [<!ENTITY % p '&#37;p;'>^^%p;]>");
    fails(Kind::RecursiveEntity, "<!DOCTYPE r [<!ENTITY % p '&#37;q;'><!ENTITY % q '&#37;p;'>\n^^%p;]>");
    fails(Kind::ParameterEntity, "<!DOCTYPE r [<!ENTITY % p '<!ENTITY e \"&#37;q;\">'><!ENTITY % q 'x'>^^%p;]>");
}

#[test]
fn the_subset_is_told_as_written_without_the_text_of_parameter_entities() {
    let read = subset("<!ENTITY e 'v' >\n<!-- c --><?p d?><!ATTLIST a\tb (c | d) 'c'> %q;");
    assert_eq!(read.subset, "\n<!ENTITY e 'v' >\n<!-- c --><?p d?><!ATTLIST a\tb (c | d) 'c'> %q;\n");
    let read = subset("<!ENTITY % p '<!--c--><?p d?><!ENTITY e \"v\">'>%p;<?q  e?>");
    assert_eq!(read.subset, "\n<!ENTITY % p '<!--c--><?p d?><!ENTITY e \"v\">'>%p;<?q  e?>\n");
}

#[test]
fn skip_declares_nothing_and_bare_has_no_subset() {
    let skip = Setting { mode: DtdMode::Skip, ..INTERNAL };
    let document = "<!DOCTYPE r [<!ENTITY e 'x'><!ATTLIST a b CDATA '&f;'><!ENTITY % p '<'>%p;]>";
    let read = read_with(document, skip);
    assert_eq!(read.end, End::Done(document.len() as u64));
    assert_eq!(read.events, ["0: doctype r - - true".to_owned(), format!("{}: end", document.len() - 1)]);
    assert!(read.dtd.entity(b"e").is_none() && !read.dtd.has_rules());
    fails_with(Kind::InvalidToken, "<!DOCTYPE r [<!FOO^^>]>", skip);
    let bare = Setting { mode: DtdMode::Bare, ..INTERNAL };
    fails_with(Kind::DtdForbidden, "<!DOCTYPE r SYSTEM 's' ^^[]>", bare);
    assert_eq!(read_with("<!DOCTYPE r PUBLIC 'p' 's'>", bare).end, End::Done(27));
}

#[test]
fn names_have_colons_where_namespaces_are_off() {
    let plain = Setting { namespaces: false, ..INTERNAL };
    let document = "<!DOCTYPE a:b:c [<!ENTITY :e 'x'><?a:b c?><!NOTATION n:m SYSTEM 's'>%p:q;]>";
    assert_eq!(read_with(document, plain).end, End::Done(document.len() as u64));
    assert_eq!(value(&read_with(document, plain), ":e"), "x");
}

fn limited(change: impl Fn(&mut XmlLimits)) -> Setting {
    let mut limits = XmlLimits::UNLIMITED;
    change(&mut limits);
    Setting { limits, ..INTERNAL }
}

fn over(limit: Limit, maximum: u64) -> Kind {
    Kind::Limit { limit, maximum, observed: maximum + 1 }
}

/// The document passes with this maximum, and is refused at the mark with one less.
fn sharp(limit: Limit, marked: &str, maximum: u64, set: impl Fn(&mut XmlLimits, u64)) {
    let document = marked.replace("^^", "");
    let passed = read_with(&document, limited(|limits| set(limits, maximum)));
    assert_eq!(passed.end, End::Done(document.len() as u64), "{marked}");
    fails_with(over(limit, maximum - 1), marked, limited(|limits| set(limits, maximum - 1)));
}

#[test]
fn limits_are_sharp_and_name_the_byte_that_crosses() {
    let name = |limits: &mut XmlLimits, maximum| limits.name_bytes = maximum;
    sharp(Limit::NameBytes, "<!DOCTYPE roo^^t>", 4, name);
    sharp(Limit::NameBytes, "<!DOCTYPE r [<!ENTITY nam^^e 'x'>]>", 4, name);
    sharp(Limit::NameBytes, "<!DOCTYPE r [<?targe^^t nothing?>]>", 6, name);
    sharp(Limit::NameBytes, "<!DOCTYPE r [<!ENTITY e '&longe^^r;'>]>", 6, name);
    sharp(Limit::NameBytes, "<!DOCTYPE r [<!ATTLIST a p:a^^b (c) 'c'>]>", 4, name);
    sharp(Limit::NameBytes, "<!DOCTYPE r [%ent^^s;]>", 4, name);
    let comment = |limits: &mut XmlLimits, maximum| limits.comment_bytes = maximum;
    sharp(Limit::CommentBytes, "<!DOCTYPE r [<!--a-^^b-->]>", 3, comment);
    fails_with(over(Limit::CommentBytes, 2), "<!DOCTYPE r [<!--ab^^-c-->]>", limited(|limits| comment(limits, 2)));
    let pi = |limits: &mut XmlLimits, maximum| limits.pi_bytes = maximum;
    sharp(Limit::PiBytes, "<!DOCTYPE r [<?p q^^r?>]>", 4, pi);
    sharp(Limit::PiBytes, "<!DOCTYPE r [<?p q^^??>]>", 4, pi);
    sharp(Limit::PiBytes, "<!DOCTYPE r [<?targe^^t?>]>", 6, pi);
    let doctype = |limits: &mut XmlLimits, maximum| limits.doctype_bytes = maximum;
    sharp(Limit::DoctypeBytes, "<!DOCTYPE r [ ]^^>", 16, doctype);
    fails_with(
        over(Limit::DoctypeBytes, 13),
        "<!DOCTYPE r [^^<!ENTITY e 'xxx'>]>",
        limited(|limits| doctype(limits, 13)),
    );
    fails_with(over(Limit::DoctypeBytes, 3), "<!D^^OCTYPE r>", limited(|limits| doctype(limits, 3)));
    let entities = |limits: &mut XmlLimits, maximum| limits.entities = maximum;
    sharp(Limit::Entities, "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY % a 'x'>\n^^<!ENTITY a 'y'>]>", 3, entities);
    let attributes = |limits: &mut XmlLimits, maximum| limits.attributes = maximum;
    sharp(
        Limit::Attributes,
        "<!DOCTYPE r [<!ATTLIST a b CDATA 'x' c ID #IMPLIED ^^d CDATA 'y' b CDATA 'z'>]>",
        2,
        attributes,
    );
    let value = |limits: &mut XmlLimits, maximum| limits.attribute_bytes = maximum;
    sharp(Limit::AttributeBytes, "<!DOCTYPE r [<!ATTLIST a b CDATA 'ab^^c'>]>", 3, value);
    sharp(Limit::AttributeBytes, "<!DOCTYPE r [<!ATTLIST a b NMTOKENS '  ab   ^^c  '>]>", 4, value);
    sharp(Limit::Depth, "<!DOCTYPE r [<!ELEMENT a ((b),(c,^^(d)))>]>", 3, |limits, maximum| limits.depth = maximum);
}

#[test]
fn at_one_byte_the_first_limit_of_the_table_is_named() {
    for (marked, limit) in [
        ("<!DOCTYPE r [<!--a^^b-->]>", Limit::CommentBytes),
        ("<!DOCTYPE r [<?aa ^^b?>]>", Limit::PiBytes),
        ("<!DOCTYPE r [<!ENTITY abcd^^e 'x'>]>", Limit::NameBytes),
    ] {
        let offset = marked.find("^^").expect("a mark") as u64;
        let setting = limited(|limits| {
            limits.doctype_bytes = offset;
            match limit {
                Limit::CommentBytes => limits.comment_bytes = 1,
                Limit::PiBytes => limits.pi_bytes = 3,
                _ => limits.name_bytes = 4,
            }
        });
        let End::Failed(Kind::Limit { limit: named, .. }, at) = read_with(&marked.replace("^^", ""), setting).end
        else {
            panic!("{marked} passes")
        };
        assert_eq!((named, at), (limit, offset), "{marked}");
    }
}

#[test]
fn what_expansion_costs_is_counted_and_limited() {
    // Once %p;, once &b;, twice &a;.
    let document = "<!DOCTYPE r [<!ENTITY % p '<!ENTITY a \"x\">'>%p;<!ENTITY b '&a;&a;'><!ATTLIST e f CDATA '&b;'>]>";
    let read = read(document);
    assert_eq!((read.expansions.count, read.expansions.bytes), (4, 15 + 6 + 2));
    let at = |marked: &str, limit, maximum, observed, set: fn(&mut XmlLimits)| {
        fails_with(Kind::Limit { limit, maximum, observed }, marked, limited(set));
    };
    let parameter = "<!DOCTYPE r [<!ENTITY % p '&#37;q;'><!ENTITY % q ' '>^^%p;]>";
    at(parameter, Limit::EntityDepth, 1, 2, |limits| limits.entity_depth = 1);
    at(parameter, Limit::EntityExpansions, 1, 2, |limits| limits.entity_expansions = 1);
    at(parameter, Limit::ExpandedBytes, 3, 4, |limits| limits.expanded_bytes = 3);
    let general = "<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;'><!ATTLIST e f CDATA 'z^^&b;'>]>";
    at(general, Limit::EntityDepth, 1, 2, |limits| limits.entity_depth = 1);
    at(general, Limit::EntityExpansions, 2, 3, |limits| limits.entity_expansions = 2);
    at(general, Limit::ExpandedBytes, 7, 8, |limits| limits.expanded_bytes = 7);
}

#[test]
fn a_ratio_counts_past_a_mebibyte_only() {
    let mut limits = XmlLimits::UNLIMITED;
    limits.amplification = 10.0;
    let mut expansions = Expansions::new(&limits);
    assert_eq!(expansions.enter(1 << 20, 1, 5), Ok(()));
    assert!(matches!(expansions.enter(1, 1, 5), Err(Kind::Limit { limit: Limit::Amplification, .. })));
    assert_eq!(expansions.add_default(1, (8 << 20) - 6, 1 << 20), Ok(()));
    assert!(expansions.add_default(1, 0, 1 << 20).is_err());
}

fn expand(read: &mut Read, name: &str, cap: u64) -> Result<String, Kind> {
    let mut out = b"before".to_vec();
    expand_in_attribute(&read.dtd, name.as_bytes(), &mut out, cap, &mut read.expansions, 100)?;
    Ok(show(&out[6..]))
}

#[test]
fn an_entity_in_an_attribute_is_text_alone() {
    let mut read = subset(
        "<!ENTITY a '\n&#9;&lt;&#38;#60;&#38;#x3e;'><!ENTITY b '(&a;&a;)'><!ENTITY m '&#60;'><!ENTITY r '&s;'><!ENTITY s '&r;'>\
         <!ENTITY o SYSTEM 's'><!ENTITY u SYSTEM 's' NDATA n><!ENTITY x '&o;'><!ENTITY h '&#38;'><!ENTITY n '&#38;#0;'>\
         <!ENTITY i '&nobody;'>",
    );
    for (name, expected) in [
        ("a", Ok("  <<>".to_owned())),
        ("b", Ok("(  <<>  <<>)".to_owned())),
        ("m", Err(Kind::InvalidToken)),
        ("r", Err(Kind::RecursiveEntity)),
        ("o", Err(Kind::ExternalEntityInAttribute)),
        ("x", Err(Kind::ExternalEntityInAttribute)),
        ("u", Err(Kind::BinaryEntity)),
        ("h", Err(Kind::InvalidToken)),
        ("n", Err(Kind::BadCharacterReference)),
        ("i", Err(Kind::UndefinedEntity)),
        ("nobody", Err(Kind::UndefinedEntity)),
    ] {
        assert_eq!(expand(&mut read, name, u64::MAX), expected, "{name}");
    }
    assert_eq!(expand(&mut read, "b", 2).map(|text| text.len()), Ok(3));
}

#[test]
fn long_chains_of_entities_do_not_recurse_and_loops_in_them_are_found() {
    let chain: String = (0..20_000).map(|n| format!("<!ENTITY e{n} '&e{};'>", n + 1)).collect();
    let unlimited = limited(|_| {});
    for (last, expected) in [("'end'", Ok("end".to_owned())), ("'&e19990;'", Err(Kind::RecursiveEntity))] {
        let mut read = read_cut(&format!("<!DOCTYPE r [{chain}<!ENTITY e20000 {last}>]>"), &[], unlimited);
        assert_eq!(expand(&mut read, "e0", u64::MAX), expected);
    }
    let depth = 100_000;
    let model = format!("<!DOCTYPE r [<!ELEMENT a {}b{}>]>", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(read_cut(&model, &[], unlimited).end, End::Done(model.len() as u64));
}

#[test]
fn audited_limits_are_told_once_with_their_final_size() {
    let document = "<!DOCTYPE r [<!ENTITY abc 'x'><!ENTITY b '&abc;&abc;'><!-- four --><?pi data?>\
                    <!ATTLIST a b CDATA 'long enough' c CDATA '&b;' d CDATA ''>%pqr;]>";
    let mut limits = XmlLimits::UNLIMITED;
    (limits.doctype_bytes, limits.name_bytes, limits.comment_bytes, limits.pi_bytes) = (15, 2, 3, 4);
    (limits.entities, limits.attributes, limits.attribute_bytes, limits.entity_depth) = (1, 1, 5, 1);
    let start = Place::START;
    let bytes = &document.as_bytes()[9..];
    for step in [1, 7, bytes.len()] {
        let mut reader = Reader::new(DtdMode::Internal, &limits, true, false, false, None, start);
        reader.audit();
        let (mut sink, mut names, mut expansions) = (Recorder::default(), Names::default(), Expansions::new(&limits));
        expansions.audit();
        let (mut place, mut seen, mut done) = (start.after(b"<!DOCTYPE"), Vec::new(), false);
        for piece in bytes.chunks(step) {
            let padded = [piece, &[0; PADDING]].concat();
            let mut c = Window::padded(&padded, piece.len()).cursor(0);
            let counter = Counter(place, piece);
            let mut env = Env { sink: &mut sink, names: &mut names, expansions: &mut expansions, place: &counter };
            let outcome = reader.read(&mut c, &mut env);
            done = outcome == Outcome::Done;
            assert!(done || outcome == Outcome::NeedMore, "{outcome:?}");
            seen.extend(reader.take_crossings(done));
            place = place.after(piece);
        }
        assert!(done);
        let at = |text: &str| document.find(text).expect("it stands there") as u64;
        let mut told: Vec<(Limit, u64, u64)> =
            seen.iter().map(|seen| (seen.limit, seen.observed, seen.place.offset)).collect();
        told.sort();
        let mut expected = vec![
            (Limit::DoctypeBytes, document.len() as u64, 15),
            (Limit::Entities, 2, at("<!ENTITY b")),
            (Limit::CommentBytes, 6, at("ur -->")),
            (Limit::PiBytes, 7, at("ata?>")),
            (Limit::Attributes, 3, at("c CDATA")),
            (Limit::AttributeBytes, 11, at("enough")),
            (Limit::EntityDepth, 2, at("&b;")),
        ];
        expected.extend(["c 'x'", "c;&abc;'", "c;'"].map(|text| (Limit::NameBytes, 3, at(text))));
        expected.extend(["TA 'long", "TA '&b", "TA ''", "r;]"].map(|text| {
            let length = if text.starts_with("TA") { 5 } else { 3 };
            (Limit::NameBytes, length, at(text) - u64::from(length == 5))
        }));
        expected.sort();
        assert_eq!(told, expected, "{step}");
    }
}

#[test]
fn no_cut_changes_what_a_mutilated_doctype_comes_to() {
    const PARTS: [&str; 16] = [
        "<!ENTITY e 'x&#65;&f;'>",
        "<!ENTITY % p '<!ELEMENT z ANY>'>%p;",
        "<!ENTITY u PUBLIC 'p' \"s\" NDATA n>",
        "<!ELEMENT a (b,(c|d)+)?>",
        "<!ELEMENT a (#PCDATA|b)*>",
        "<!ATTLIST a b (c|d) #IMPLIED e NOTATION (n) #REQUIRED>",
        "<!ATTLIST a b NMTOKENS #FIXED ' x &lt; é '>",
        "<!NOTATION n PUBLIC 'x y'>",
        "<!-- - -->",
        "<?pi data??>",
        "\n",
        "%q;",
        "]>",
        "<![INCLUDE[",
        "<?xml v?>",
        "'",
    ];
    let mut state = 1u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for _ in 0..1500 {
        let mut subset: Vec<char> = (0..3).flat_map(|_| PARTS[next(PARTS.len())].chars()).collect();
        for _ in 0..next(4) {
            let at = next(subset.len());
            if next(2) == 0 {
                subset.remove(at);
            } else {
                subset.insert(at, ['<', '>', '&', '%', ';', '\'', '-', ' ', ':', '(', 'é', '#'][next(12)]);
            }
        }
        let subset: String = subset.into_iter().collect();
        read(&format!("<!DOCTYPE r SYSTEM 's' [{subset}]>"));
    }
}

#[test]
fn a_face_may_refuse_entities_or_what_is_outside() {
    for (document, entities, external, expected) in [
        ("<!DOCTYPE r SYSTEM 's' [<!NOTATION n SYSTEM 's'><!ELEMENT r ANY>]>", true, true, None),
        ("<!DOCTYPE r [ <!ENTITY e 'x'>]>", true, false, Some((Kind::EntityForbidden, 14))),
        ("<!DOCTYPE r [ <!ENTITY % e 'x'>]>", true, true, Some((Kind::EntityForbidden, 14))),
        ("<!DOCTYPE r [<!ENTITY e 'x'>]>", false, true, None),
        ("<!DOCTYPE r [ <!ENTITY e SYSTEM 's'>]>", false, true, Some((Kind::ExternalForbidden, 14))),
        ("<!DOCTYPE r [ <!ENTITY % e PUBLIC 'p' 's'>]>", false, true, Some((Kind::ExternalForbidden, 14))),
    ] {
        let limits = XmlLimits::DEFAULT;
        let mut reader = Reader::new(DtdMode::Internal, &limits, true, entities, external, None, Place::START);
        let (mut names, mut expansions) = (Names::default(), Expansions::new(&limits));
        let padded = [&document.as_bytes()[9..], &[0; PADDING]].concat();
        let window = Window::padded(&padded, document.len() - 9);
        let counter = Counter(Place::START.after(b"<!DOCTYPE"), window.bytes());
        let mut sink = Recorder::default();
        let mut env = Env { sink: &mut sink, names: &mut names, expansions: &mut expansions, place: &counter };
        let failed = match reader.read(&mut window.cursor(0), &mut env) {
            Outcome::Failed(kind, place) => Some((kind, place.offset)),
            _ => None,
        };
        assert_eq!(failed, expected, "{document}");
    }
}
