//! The parser: input, whatever its encoding, made events.

use std::sync::Arc;

use forkedenc_runtime::Stack;

use super::error::{Error, Kind};
use super::input::{Encodings, Input};
use super::machine::{Env, Machine, Rules, Step, Wide};
use super::names::Names;
use super::sink::{At, Context, Locate, Sink};
use crate::cursor::{PADDING, Window};
use crate::error::Breach;
use crate::limits::XmlLimits;
use crate::position::Place;

/// How a document is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub limits: XmlLimits,
    pub rules: Rules,
    pub encodings: Encodings,
    /// The encoding, whatever the document says.
    pub encoding: Option<String>,
}

/// How a feed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The chunk is used up.
    NeedMore,
    /// The document is complete.
    Done,
    /// [`Parser::error`] says why; and again for every later feed.
    Failed,
}

/// A parse of one document, suspended or about to start.
#[derive(Debug)]
pub struct Parser {
    pub(super) input: Input,
    pub(super) machine: Machine,
    /// Source bytes that were read when it was made, or unparked.
    pub(super) awake_from: u64,
}

/// The bytes of an empty piece.
const NOTHING: [u8; PADDING] = [0; PADDING];

struct Piece<'p> {
    input: &'p Input,
    bytes: &'p [u8],
}

impl Locate for Piece<'_> {
    fn locate(&self, position: usize) -> Place {
        self.input.place(self.bytes, position)
    }
}

impl Parser {
    /// `start`: bytes of stack to begin with. `names`: any table, which gets the document's names.
    #[must_use]
    pub fn new(options: &Options, names: Names, start: usize) -> Self {
        let limits = options.limits;
        let input =
            Input::new(&options.encodings, options.encoding.as_deref(), limits.document_bytes, limits.stream_bytes);
        Self { input, machine: Machine::new(limits, options.rules, names, start), awake_from: 0 }
    }

    /// Reads a chunk. `buffer` is any, kept by the caller for the next. `last`: the document ends behind the chunk.
    pub fn feed<S: Sink>(&mut self, sink: &mut S, mut chunk: &[u8], buffer: &mut Vec<u8>, last: bool) -> Flow {
        if self.machine.error.is_some() {
            return Flow::Failed;
        }
        loop {
            let filled = self.input.fill(&mut chunk, buffer, last);
            if let Some(declaration) = self.input.declaration() {
                self.machine.standalone = declaration.borrow().standalone;
                let piece = Piece { input: &self.input, bytes: &[] };
                let env = Env { window: &[], place: &piece, inside: None };
                let context = Context {
                    names: &self.machine.names,
                    in_doctype: false,
                    env: &env,
                    start: At::Known(declaration.place),
                    machine: None,
                };
                if !sink.xml_declaration(&declaration.borrow(), &context) {
                    self.machine.sink_failed(At::Known(declaration.place), env);
                    return Flow::Failed;
                }
            }
            let window =
                if filled.length == 0 { Window::padded(&NOTHING, 0) } else { Window::padded(buffer, filled.length) };
            let mut cursor = window.cursor(0);
            let piece = Piece { input: &self.input, bytes: window.bytes() };
            let env = Env { window: window.bytes(), place: &piece, inside: None };
            if filled.length > 0 && self.machine.run(sink, &mut cursor, &piece) == Step::Failed {
                return Flow::Failed;
            }
            if let Some(trouble) = filled.trouble {
                let at = At::Known(trouble.place);
                if let Kind::Limit { limit, maximum, observed } = trouble.kind {
                    if !self.machine.crossed(limit, maximum, observed, at, env) {
                        return Flow::Failed;
                    }
                    self.input.consumed(window.bytes());
                    self.input.pass_limit();
                    continue;
                }
                self.machine.fail_at(trouble.kind, at, env);
                if let Some(error) = self.machine.error.as_mut().filter(|error| error.token == error.place) {
                    // Between tokens, what was cut is known here alone: a character or the XML declaration.
                    error.token = trouble.token;
                }
                return Flow::Failed;
            }
            if !filled.more {
                if last && self.machine.finish(&window.cursor(filled.length), env) == Step::Failed {
                    return Flow::Failed;
                }
                self.input.consumed(window.bytes());
                break;
            }
            self.input.consumed(window.bytes());
        }
        if !last {
            return Flow::NeedMore;
        }
        self.machine.audit_document(self.input.read());
        Flow::Done
    }

    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.machine.error.as_deref()
    }

    #[must_use]
    pub fn names(&self) -> &Names {
        &self.machine.names
    }

    /// The table of names, for the next document; this parser reads no more.
    #[must_use]
    pub fn take_names(&mut self) -> Names {
        std::mem::take(&mut self.machine.names)
    }

    /// The same of a parser that is not needed any more.
    #[must_use]
    pub fn into_names(self) -> Names {
        self.machine.names
    }

    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.machine.stack
    }

    pub fn stack_mut(&mut self) -> &mut Stack {
        &mut self.machine.stack
    }

    /// Open elements.
    #[must_use]
    pub fn depth(&self) -> u64 {
        u64::from(self.machine.depth)
    }

    /// Tells the stack how deep the document has been.
    pub fn note_depth(&mut self) {
        self.machine.stack.note_depth(u64::from(self.machine.peak));
    }

    /// The way to what is being read.
    #[must_use]
    pub fn path(&self) -> String {
        self.machine.path()
    }

    /// Source bytes read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.input.read()
    }

    /// The place behind what was read.
    #[must_use]
    pub fn place(&self) -> Place {
        self.input.place(&[], 0)
    }

    /// A copy that goes on by itself; `None` where there is no memory for its stack.
    #[must_use]
    pub fn fork(&self) -> Option<Self> {
        Some(Self { input: self.input.clone(), machine: self.machine.fork()?, awake_from: self.awake_from })
    }

    /// Lets the values of some attributes be longer than others.
    pub fn widen(&mut self, wide: Arc<[Wide]>) {
        self.machine.wide = wide;
    }

    /// Limits are audited instead of enforced, but for depth and stack.
    pub fn audit(&mut self) {
        self.machine.audit();
    }

    /// The breaches that have ended since the last call.
    pub fn take_breaches(&mut self) -> Vec<Breach> {
        self.machine.take_breaches()
    }
}
