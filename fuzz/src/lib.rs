//! What the JSON targets share: choices taken from the input's end, documents fed in chunks, outcomes to compare.

pub mod xml;

use forkedenc_core::error::{Error, Kind};
use forkedenc_core::json::stream::{Chunk, Event, Framing, Stream};
use forkedenc_core::json::text::TextRules;
use forkedenc_core::json::value::{TreeBuilder, Value};
use forkedenc_core::json::{Builder, Check, Null, Rules};
use forkedenc_core::limits::JsonLimits;

/// How many bytes at the end of an input choose rules, limits and cuts; before them stands the document.
pub const CHOICES: usize = 16;

/// The document of an input and the bytes that choose how it is read. An input too short has no choices.
#[must_use]
pub fn split(data: &[u8]) -> (&[u8], [u8; CHOICES]) {
    match data.split_last_chunk() {
        Some((document, choices)) => (document, *choices),
        None => (data, [0; CHOICES]),
    }
}

/// The framings that are told apart by nothing but a number.
#[must_use]
pub fn framing(choice: u8) -> Framing {
    match choice % 4 {
        0 => Framing::Single,
        1 => Framing::Concatenated,
        2 => Framing::Lines,
        _ => Framing::Sequence,
    }
}

#[must_use]
pub fn rules(choice: u8) -> Rules {
    Rules { nan: choice & 1 != 0, text: TextRules { surrogates: choice & 2 != 0, controls: choice & 4 != 0 } }
}

/// The pieces of a document, cut where the bytes of `choices` say; some may be empty.
#[must_use]
pub fn pieces<'a>(document: &'a [u8], choices: &[u8]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = choices
        .chunks_exact(2)
        .map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])) % (document.len() + 1))
        .collect();
    cuts.extend([0, document.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &document[pair[0]..pair[1]]).collect()
}

/// A builder that a stream can be compared by.
pub trait Outcomes: Builder + Default {
    type Document: PartialEq + std::fmt::Debug;

    fn document(&mut self) -> Self::Document;
}

impl Outcomes for TreeBuilder {
    type Document = Value;

    fn document(&mut self) -> Value {
        self.take().expect("a complete document was built")
    }
}

impl Outcomes for Null {
    type Document = ();

    fn document(&mut self) {}
}

impl Outcomes for Check {
    type Document = ();

    fn document(&mut self) {}
}

/// What a stream gave, in order.
#[derive(Debug, PartialEq)]
pub enum Outcome<T> {
    Document(T),
    BadRecord(Box<Error>),
    Failed(Box<Error>),
}

impl<T> Outcome<T> {
    /// The same without the document: what builders of different kinds must agree on.
    pub fn shape(&self) -> Outcome<()> {
        match self {
            Self::Document(_) => Outcome::Document(()),
            Self::BadRecord(error) => Outcome::BadRecord(error.clone()),
            Self::Failed(error) => Outcome::Failed(error.clone()),
        }
    }
}

/// How a stream is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    pub framing: Framing,
    pub limits: JsonLimits,
    pub rules: Rules,
    pub recovers: bool,
}

/// Feeds the pieces one by one and closes the stream.
pub fn feed<B: Outcomes>(setup: &Setup, pieces: &[&[u8]]) -> Vec<Outcome<B::Document>> {
    let mut stream = Stream::new(setup.framing.clone(), setup.limits, setup.rules, 0, setup.recovers);
    let mut builder = B::default();
    let mut outcomes = Vec::new();
    let mut scratch = Vec::new();
    let closing: &[u8] = b"";
    for (turn, piece) in pieces.iter().chain([&closing]).enumerate() {
        let mut chunk = Chunk::new(piece, &mut scratch, turn == pieces.len());
        loop {
            match stream.next(&mut builder, &mut chunk) {
                Event::NeedMore => break,
                Event::Document => outcomes.push(Outcome::Document(builder.document())),
                Event::BadRecord(error) => outcomes.push(Outcome::BadRecord(error)),
                Event::Failed(error) => {
                    outcomes.push(Outcome::Failed(error));
                    return outcomes;
                }
            }
            // A stream that gives more than there are bytes goes round in a circle.
            assert!(outcomes.len() <= pieces.iter().map(|piece| piece.len()).sum::<usize>() + 2);
        }
    }
    outcomes
}

/// Whether a limit refused, and which.
#[must_use]
pub fn limit_of(error: &Error) -> Option<(&'static str, u64, u64)> {
    match error.kind {
        Kind::Limit { limit, maximum, observed } => Some((limit.name(), maximum, observed)),
        _ => None,
    }
}
