//! Parsers that are parked wherever a chunk ends, and go on with a table of names that others have used meanwhile: nothing
//! that can be seen is different.

use forkedenc_core::error::Breach;
use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{Encodings, Flow, Names, Options, Parked, Parser, Rules, Runs};

mod recorder;

use recorder::{DOCUMENTS, Recorder, error_of, options};

/// More documents, of what [`DOCUMENTS`] has little of.
const MORE: &[&str] = &[
    "<a><b/><b><c/><d><c/></d><c/><c><e/><b x='1' y='&z;'/></c></b><b/></a>",
    "<a xmlns:p='u'><p:b xmlns:p='v' p:c='1'><p:b xmlns:p='u' xmlns='w'/><p:d xmlns:q='u' p:x='1' q:x='2'/></p:b></a>",
    "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='en'><b xmlns='u'><c xmlns=''><d/></c></b></a>",
    "<!DOCTYPE a [<!ENTITY e 'x&#60;b/>y'><!ENTITY f '&e;&e;'>]><a c='&#x41;&f;'>&f;<b>&f;</b>&g;</a>",
    "<!DOCTYPE a [<!ATTLIST a b NMTOKENS ' x  y ' c CDATA #IMPLIED>]><a c=' 1'><a b=' 2  3 '/></a>",
    "<?xml version='1.0' encoding='us-ascii' standalone='yes'?><a>x\r\n\r\ny<?p  ?x??></a>",
    "\u{feff}<a b='\r\n'>\r</a>",
    "<a b='1' c='&#50;' d='3' e='&lt;4' b='5'/>",
    "<a><b c='x' d:e='y'/></a>",
    "<a><b></b ></a ><!-- e --> <?p?>x",
    "<a>]]",
    "<a><![CDATA[]]",
    "<a><!---",
    "<a><b c",
];

/// Documents whose names are those of the others in another order, and some more: read on a table, they leave it dirty.
const NOISE: &[&str] = &[
    "<n><c c='1' b='2'/><b d='3'/><a><b/><b/><d/><e a='1'/></a><x:a xmlns:x='u'/></n>",
    "<e><d><c><b><a b='",
    "<z xmlns:p='other' xmlns:q='v'><p:b p:c='1'/><q:d><feed><entry/><entry hrefff='1'/>",
];

/// Parks a parser, lets others use the table, and wakes it up. Who may not be parked goes on as it is.
fn nap(parser: Box<Parser>, options: &Options, noise: usize) -> (Box<Parser>, bool) {
    let before = (parser.path(), parser.depth(), parser.place(), parser.read(), error_of(&parser));
    let stats = parser.stack().stats();
    let (parked, mut names) = match parser.park() {
        Ok(parked) => parked,
        Err(parser) => return (parser, false),
    };
    assert_eq!(parked.depth(), before.1);
    assert_eq!((parked.stats().shrinks, parked.stats().streams), (stats.shrinks + 1, 1));
    for document in NOISE.iter().cycle().skip(noise).take(2) {
        names = read(names, document);
    }
    let parser = parked.unpark(names, options).expect("there is memory");
    assert_eq!((parser.path(), parser.depth(), parser.place(), parser.read(), error_of(&parser)), before);
    assert_eq!(parser.stack().stats().growths, stats.growths);
    (parser, true)
}

/// Reads what there is of a document, and gives the table of names back.
fn read(names: Names, document: &str) -> Names {
    let mut parser = Parser::new(&options(XmlLimits::DEFAULT), names, 0);
    parser.feed(&mut Recorder::default(), document.as_bytes(), &mut Vec::new(), false);
    parser.into_names()
}

/// What a parse tells in the end.
#[derive(Debug, PartialEq)]
struct Told {
    sink: Recorder,
    flow: Flow,
    error: Option<String>,
    breaches: Vec<Breach>,
    peak: (u64, u64),
}

/// One that is fed, parked between two chunks or not.
struct Run {
    parser: Option<Box<Parser>>,
    options: Options,
    sink: Recorder,
    flow: Flow,
    breaches: Vec<Breach>,
    parks: bool,
    parked: usize,
}

impl Run {
    fn new(options: &Options, audits: bool, parks: bool) -> Self {
        let mut parser = Box::new(Parser::new(options, Names::default(), 0));
        if audits {
            parser.audit();
        }
        let (sink, flow) = (Recorder::default(), Flow::NeedMore);
        Self { parser: Some(parser), options: options.clone(), sink, flow, breaches: Vec::new(), parks, parked: 0 }
    }

    fn feed(&mut self, chunk: &[u8], last: bool, noise: usize) {
        let mut parser = self.parser.take().expect("it is put back");
        parser.stack_mut().resume();
        self.flow = parser.feed(&mut self.sink, chunk, &mut Vec::new(), last);
        parser.stack_mut().suspend();
        parser.note_depth();
        if self.parks {
            let (awake, parked) = nap(parser, &self.options, noise);
            self.parked += usize::from(parked);
            parser = awake;
        }
        self.breaches.extend(parser.take_breaches());
        self.parser = Some(parser);
    }

    fn told(self) -> Told {
        let parser = self.parser.expect("it is put back");
        let stats = parser.stack().stats();
        let (error, peak) = (error_of(&parser), (stats.peak_depth, stats.peak_stack_bytes));
        Told { sink: self.sink, flow: self.flow, error, breaches: self.breaches, peak }
    }
}

/// Feeds the chunks with and without parking, and compares what is told; how often it was parked.
fn compare(chunks: &[&[u8]], options: &Options, audits: bool, what: &dyn std::fmt::Debug) -> usize {
    let mut runs = [Run::new(options, audits, false), Run::new(options, audits, true)];
    for (at, chunk) in chunks.iter().chain([&&b""[..]]).enumerate() {
        for run in &mut runs {
            if run.flow != Flow::Failed {
                run.feed(chunk, at == chunks.len(), at);
            }
        }
        assert_eq!(runs[0].sink, runs[1].sink, "{what:?} after chunk {at}");
    }
    let [plain, parked] = runs;
    let times = parked.parked;
    assert_eq!(parked.told(), plain.told(), "{what:?} in {} chunks", chunks.len());
    times
}

/// In small chunks, and cut in two everywhere.
fn compare_cuts(document: &[u8], options: &Options, audits: bool) -> usize {
    let what = String::from_utf8_lossy(document);
    let mut times = 0;
    for size in [1, 2, 3, 7] {
        let chunks: Vec<&[u8]> = document.chunks(size).collect();
        times += compare(&chunks, options, audits, &what);
    }
    for cut in 0..document.len() {
        times += compare(&[&document[..cut], &document[cut..]], options, audits, &what);
    }
    times
}

#[test]
fn a_parse_is_the_same_wherever_it_is_parked() {
    for document in DOCUMENTS.iter().chain(MORE) {
        let mut options = options(XmlLimits::DEFAULT);
        let times = compare_cuts(document.as_bytes(), &options, false);
        assert!(times > 0 || document.contains("ATTLIST"), "{document:?} was never parked");
        options.rules = Rules { namespaces: false, runs: Runs::Pieces, ..options.rules };
        compare_cuts(document.as_bytes(), &options, false);
    }
}

#[test]
fn limits_cross_at_the_same_byte_after_parking_and_are_audited_alike() {
    let document = "<feed xmlns='u' xmlns:p='v'><entry/><p:entry  hrefff='0123é6789' b='&lt;x&#233;'>text &amp; \
        more é<![CDATA[xx]]]]><!-- comment --><?pi data?><c/></p:entry></feed>";
    type Set = fn(&mut XmlLimits, u64);
    let fields: [Set; 14] = [
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
        |limits, maximum| limits.tokens = maximum,
        |limits, maximum| limits.memory_bytes = 16 * maximum,
        |limits, maximum| limits.stack_bytes = 16 * maximum,
        |limits, maximum| limits.document_bytes = 8 * maximum,
    ];
    for set in fields {
        for maximum in (0..12).chain([20, 30]) {
            let mut limits = XmlLimits::DEFAULT;
            set(&mut limits, maximum);
            for audits in [false, true] {
                for size in [1, 3] {
                    let chunks: Vec<&[u8]> = document.as_bytes().chunks(size).collect();
                    compare(&chunks, &options(limits), audits, &maximum);
                }
            }
        }
    }
}

#[test]
fn every_encoding_goes_on_where_it_was_cut() {
    let text = "<a b='é😀'>\r\nx é\r<b/>😀</a>";
    let utf16 = |mark: bool, bytes: fn(u16) -> [u8; 2]| {
        let mark = mark.then_some(0xfeff);
        mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
    };
    let declared =
        |name: &str, rest: &[u8]| [format!("<?xml version='1.0' encoding='{name}'?>\r\n").as_bytes(), rest].concat();
    let documents = [
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        utf16(true, u16::to_be_bytes),
        utf16(true, u16::to_le_bytes),
        utf16(false, u16::to_le_bytes),
        declared("iso-8859-1", b"<a b='\xe9'>\xe9\r\n\xff</a>"),
        declared("us-ascii", b"<a b='\xe9'/>"),
        declared("windows-1251", b"<a b='\xe9'>\xe9\r\n\xff</a>"),
        declared("gbk", b"<a b='\xc4\xe3'>\xba\xc3\r\n</a>"),
        declared("none-such", b"<a/>"),
    ];
    let mut options = options(XmlLimits::DEFAULT);
    options.encodings = Encodings::all(None);
    for document in &documents {
        assert!(compare_cuts(document, &options, false) > 0);
        let forced = Options { encoding: Some("utf-8".to_owned()), ..options.clone() };
        compare_cuts(document, &forced, false);
    }
}

#[test]
fn what_is_long_is_parked_too() {
    let long = "é".repeat(3000);
    for document in [
        format!("<a b='{long}' c='{long}'/>"),
        format!("<a><!--{long}--><?p {long}?>{long}</a>"),
        format!("<a{0} b{0}='x'></a{0}>", &long[..2000]),
        format!("{}{}", "<a b='1'>".repeat(400), "</a>".repeat(400)),
    ] {
        let chunks: Vec<&[u8]> = document.as_bytes().chunks(499).collect();
        assert!(compare(&chunks, &options(XmlLimits::DEFAULT), false, &document.len()) > 5);
    }
}

#[test]
fn thousands_of_names_and_namespaces_are_parked_too() {
    let mut document = String::from("<root>");
    for number in 0..3000 {
        document += &format!("<n{number} a{number}='x' xmlns:p='urn:{number}'><p:x p:y='{number}'/>");
        if number % 4 > 0 {
            document += &format!("</n{number}>");
        }
    }
    let chunks: Vec<&[u8]> = document.as_bytes().chunks(7001).collect();
    assert!(compare(&chunks, &options(XmlLimits::DEFAULT), false, &"names") > 10);
    let limits = XmlLimits { distinct_names: 5000, ..XmlLimits::DEFAULT };
    compare(&chunks, &options(limits), false, &"names");
}

/// Numbers in no order, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn two_hundred_parsers_in_any_order_tell_what_each_would_alone() {
    let mut chance = Chance(7);
    let options = options(XmlLimits::DEFAULT);
    for turn in 0..10 {
        let mut names = Some(Names::default());
        let documents: Vec<&[u8]> =
            DOCUMENTS.iter().chain(MORE).cycle().take(200).map(|document| document.as_bytes()).collect();
        let mut at = vec![0; documents.len()];
        let mut sinks: Vec<Recorder> = documents.iter().map(|_| Recorder::default()).collect();
        let mut waiting: Vec<Option<Waiting>> = documents
            .iter()
            .map(|_| Some(Waiting::Awake(Box::new(Parser::new(&options, Names::default(), 0)))))
            .collect();
        let mut left: Vec<usize> = (0..documents.len()).collect();
        while !left.is_empty() {
            let pick = chance.below(left.len());
            let number = left[pick];
            let document = documents[number];
            let end = document.len().min(at[number] + chance.below(9));
            let mut parser = match waiting[number].take().expect("it is put back") {
                Waiting::Awake(parser) => parser,
                Waiting::Parked(parked) => {
                    parked.unpark(names.take().unwrap_or_default(), &options).expect("there is memory")
                }
            };
            let last = at[number] == document.len();
            let flow = parser.feed(&mut sinks[number], &document[at[number]..end], &mut Vec::new(), last);
            at[number] = end;
            if last || flow == Flow::Failed {
                left.swap_remove(pick);
                let whole = alone(document, &options);
                let mut finished = std::mem::take(&mut sinks[number]);
                finished.drop_run();
                assert_eq!((finished, error_of(&parser)), whole, "turn {turn}: {:?}", std::str::from_utf8(document));
                continue;
            }
            waiting[number] = Some(match parser.park() {
                Ok((parked, table)) => {
                    names = Some(table);
                    let fork = parked.fork().expect("there is memory");
                    // Either goes on.
                    Waiting::Parked(if chance.below(2) == 0 { fork } else { parked })
                }
                Err(parser) => Waiting::Awake(parser),
            });
        }
    }
}

enum Waiting {
    Awake(Box<Parser>),
    Parked(Parked),
}

fn alone(document: &[u8], options: &Options) -> (Recorder, Option<String>) {
    let (mut parser, mut sink) = (Parser::new(options, Names::default(), 0), Recorder::default());
    if parser.feed(&mut sink, document, &mut Vec::new(), false) != Flow::Failed {
        parser.feed(&mut sink, b"", &mut Vec::new(), true);
    }
    sink.drop_run();
    (sink, error_of(&parser))
}

#[test]
fn a_parser_with_much_to_pack_is_parked_only_when_it_has_read_enough_since() {
    let mut document = String::from("<root>");
    for number in 0..2000 {
        document += &format!("<name-{number}/>");
    }
    let options = options(XmlLimits::DEFAULT);
    let mut parser = Box::new(Parser::new(&options, Names::default(), 0));
    let (mut sink, mut buffer) = (Recorder::default(), Vec::new());
    parser.feed(&mut sink, document.as_bytes(), &mut buffer, false);
    assert!(parser.is_worth_parking());
    let (parked, names) = parser.park().expect("there is memory");
    let mut parser = parked.unpark(names, &options).expect("there is memory");
    let mut fed = 0;
    while !parser.is_worth_parking() {
        parser.feed(&mut sink, b"<name-1/>", &mut buffer, false);
        fed += 9;
    }
    assert!((2000 * 4..2000 * 8).contains(&fed), "{fed}");
    // One that has little is always parked.
    let mut small = Box::new(Parser::new(&options, Names::default(), 0));
    for _ in 0..10 {
        small.feed(&mut sink, b"<a b='1'>", &mut buffer, false);
        assert!(small.is_worth_parking());
        let (parked, names) = small.park().expect("there is memory");
        small = parked.unpark(names, &options).expect("there is memory");
    }
}
