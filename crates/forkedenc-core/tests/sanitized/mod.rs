//! What the test and the fuzz target of the sanitizer have in common: a policy like that of pictures, and documents cleaned
//! under it.

#![allow(dead_code, reason = "not both use all of it")]

use std::sync::{LazyLock, Mutex};

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::sanitize::{
    Action, Answer, AttributeRow, ElementRow, Engine, Host, Media, OnLimit, Pattern, Plan, Refusal, Report, Session,
    Source, Value, flag,
};
use forkedenc_core::xml::{DtdMode, Encodings, Flow, Names, Null, Options, Parser, Rules, Runs};

const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";
fn name(uri: &str, local: &str) -> Pattern {
    Pattern { uri: Some(uri.into()), local: local.into() }
}

fn strings(words: &str) -> Vec<String> {
    words.split(' ').map(String::from).collect()
}

/// A policy like that of pictures: every grammar, and every kind of element.
pub fn source(choice: u8) -> Source {
    let elements = [
        ("svg", 0),
        ("g", 0),
        ("use", 0),
        ("path", 0),
        ("rect", 0),
        ("mask", 0),
        ("image", 0),
        ("text", 0),
        ("linearGradient", flag::WEIGHTLESS),
        ("title", flag::TEXT_ONLY | flag::PAIR),
        ("style", flag::STYLE | flag::PAIR),
        ("animate", flag::ANIMATES | flag::WEIGHTLESS),
        ("a", flag::REL),
        ("desc", flag::HTML_TEXT | flag::PAIR),
    ];
    let mut rows: Vec<ElementRow> = elements
        .iter()
        .map(|(local, flags)| ElementRow { pattern: name(SVG, local), action: Action::Keep, flags: *flags })
        .collect();
    rows.insert(
        0,
        ElementRow {
            pattern: Pattern { uri: None, local: b"script".to_vec() },
            action: Action::Drop,
            flags: flag::FOLD,
        },
    );
    rows.push(ElementRow { pattern: name(SVG, "switch"), action: Action::Unwrap, flags: 0 });
    let any = Pattern { uri: Some(SVG.into()), local: b"*".to_vec() };
    let links = Media { schemes: strings("https"), fragment: true, data: strings("image/png"), ..Media::default() };
    let numbers = Value::Numbers { least: 1, most: 2, minimum: 0.0, maximum: 1e6, units: true, semicolons: false };
    let values = [
        ("id", Value::Id),
        ("class", Value::Tokens),
        ("style", Value::Style),
        ("fill", Value::Css),
        ("mask", Value::Css),
        ("d", Value::Path),
        ("x", numbers),
        ("transform", Value::Transform),
        ("href", Value::Url(links)),
        ("begin", Value::Timing),
        ("to", Value::Animated),
        ("lang", Value::pattern("[a-z-]{0,8}").expect("a pattern")),
        ("aria-label", Value::Words),
        ("aria-labelledby", Value::IdRefs),
        ("rel", Value::Tokens),
        ("alt", Value::Text { refused: strings("javascript data") }),
    ];
    let mut attributes: Vec<AttributeRow> = values
        .iter()
        .enumerate()
        .map(|(at, (local, _))| AttributeRow { group: 0, pattern: name("", local), fold: false, value: Some(at) })
        .collect();
    let mut grammars: Vec<(Value, Option<u64>)> = values.into_iter().map(|(_, value)| (value, None)).collect();
    let mut add = |pattern: Pattern, value: Value, most: Option<u64>| {
        attributes.push(AttributeRow { group: 0, pattern, fold: false, value: Some(grammars.len()) });
        grammars.push((value, most));
    };
    add(name(XLINK, "href"), Value::IdRef, Some(64));
    let moving = Value::Keyword { words: strings("fill mask x d transform"), fold: false };
    add(name("", "attributeName"), moving, None);
    attributes.insert(
        0,
        AttributeRow { group: 0, pattern: Pattern { uri: None, local: b"on*".to_vec() }, fold: true, value: None },
    );
    Source {
        roots: vec![name(SVG, "svg")],
        elements: rows,
        unknown_element: if choice & 1 == 0 { Action::Drop } else { Action::Unwrap },
        groups: vec![vec![any]],
        attributes,
        unknown_attribute: Answer::Drop,
        bad_value: Answer::Drop,
        on_limit: if choice & 2 == 0 { OnLimit::Error } else { OnLimit::Drop },
        values: grammars,
        text_values: Vec::new(),
        namespaces: Some(vec![SVG.into(), XLINK.into()]),
        comments: if choice & 1 == 0 { Answer::Drop } else { Answer::Keep },
        pis: Answer::Drop,
        properties: strings("fill stroke mask x"),
        functions: strings("rgb calc"),
        at_rules: strings("media"),
        account: Some((200, 20)),
        id_prefix: (choice & 4 != 0).then(|| "p-".into()),
        ids_need_prefix: false,
        html: choice & 8 != 0,
    }
}

/// Nobody is asked.
struct Nobody;

impl Host for Nobody {
    fn html_text(&mut self, _: &str) -> Option<Vec<u8>> {
        None
    }
}

#[derive(Debug, PartialEq)]
pub enum Outcome {
    Clean { out: Vec<u8>, told: String },
    Refused(Option<Refusal>),
    Broken(String),
}

fn told(report: &Report) -> String {
    format!("{} {:?} {:?}", report.changed, report.counts, report.removals)
}

static NAMES: LazyLock<Mutex<Names>> = LazyLock::new(Mutex::default);

pub fn clean(plan: &Plan, limits: XmlLimits, pieces: &[&[u8]]) -> Outcome {
    let rules = Rules {
        namespaces: true,
        dtd: DtdMode::Internal,
        runs: Runs::Pieces,
        forbid_entities: false,
        forbid_external: false,
        skip_long: plan.on_limit() == OnLimit::Drop,
    };
    let options = Options { limits, rules, encodings: Encodings::default(), encoding: None };
    // As in use: names, and what was found out of them, come from the documents before.
    let names = NAMES.lock().map(|mut names| std::mem::take(&mut *names)).unwrap_or_default();
    let mut parser = Parser::new(&options, names, 0);
    let mut engine = Engine::new(plan, limits.text_bytes, parser.names().generation());
    let outcome = cleaned(&mut parser, &mut engine, plan, pieces);
    engine.rest(plan);
    if let Ok(mut names) = NAMES.lock() {
        *names = parser.take_names();
    }
    outcome
}

fn cleaned(parser: &mut Parser, engine: &mut Engine, plan: &Plan, pieces: &[&[u8]]) -> Outcome {
    let mut buffer = Vec::new();
    for (turn, piece) in pieces.iter().chain([&b"".as_slice()]).enumerate() {
        let last = turn == pieces.len();
        let mut session = Session { engine, plan, host: &mut Nobody, asks: false };
        if parser.feed(&mut session, piece, &mut buffer, last) == Flow::Failed {
            let refusal = engine.take_refusal();
            return match refusal {
                Some(refusal) => Outcome::Refused(Some(refusal)),
                None => Outcome::Broken(format!("{:?}", parser.error())),
            };
        }
    }
    Outcome::Clean { out: engine.out.done.bytes().to_vec(), told: told(&engine.report) }
}

/// Whether a parser that allows no DOCTYPE reads it.
pub fn reads(document: &[u8]) -> bool {
    let rules = Rules {
        namespaces: true,
        dtd: DtdMode::Forbid,
        runs: Runs::Events,
        forbid_entities: true,
        forbid_external: true,
        skip_long: false,
    };
    let options = Options { limits: XmlLimits::DEFAULT, rules, encodings: Encodings::default(), encoding: None };
    let mut parser = Parser::new(&options, Names::default(), 0);
    parser.feed(&mut Null, document, &mut Vec::new(), true) == Flow::Done
}

/// Holds a document to all that is promised, in the pieces given and whole.
pub fn check(plan: &Plan, limits: XmlLimits, document: &[u8], cuts: &[Vec<&[u8]>]) {
    let whole = clean(plan, limits, &[document]);
    for pieces in cuts {
        assert_eq!(clean(plan, limits, pieces), whole, "in {} pieces and whole", pieces.len());
    }
    let Outcome::Clean { out, .. } = whole else { return };
    let shown = String::from_utf8_lossy(&out);
    assert!(reads(&out), "{shown:?} is no document");
    for forbidden in ["<script", "onload=", "<!DOCTYPE", "<![CDATA["] {
        assert!(!shown.contains(forbidden), "{shown:?}");
    }
    // Escapes and prefixes make values longer, which are read under the limits of everybody.
    let again = clean(plan, XmlLimits::DEFAULT, &[&out]);
    let Outcome::Clean { out: second, told } = again else { panic!("{shown:?} is clean, and then {again:?}") };
    assert_eq!(String::from_utf8_lossy(&second), shown, "cleaned again");
    assert!(told.starts_with("false "), "cleaned again, it is changed: {told}");
}
