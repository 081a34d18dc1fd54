//! `xml.decode` and `xml.Decoder`: whole documents made instances.

use forkedenc_core::limits::NONE;
use forkedenc_core::xml::{Flow, Options, Parser, Runs};
use forkedenc_runtime::{StartSize, Totals, count_breach};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::builder::{Building, Settings};
use super::frames::{Frames, Reason};
use super::plan::{Plan, compile};
use crate::audit::{self, audit_of, is_callable};
use crate::gc::Pause;
use crate::runtime::stats_object;
use crate::schema::Trouble;
use crate::xml::options::{Face, options, start_of};
use crate::xml::raise::raise;
use crate::xml::session::Kept;
use crate::xml::tree::parser::with_input;
use crate::{errors, fallible};

pub const FACE: &str = "xml";
const DEFAULTS: Face = Face { runs: Runs::Tree, ..Face::OWN };

/// The arguments that both decoders share.
pub struct Given<'a, 'py> {
    pub kind: &'a Bound<'py, PyAny>,
    pub limits: Option<&'a Bound<'py, PyAny>>,
    pub dtd: &'a str,
    pub encodings: Option<&'a Bound<'py, PyAny>>,
    pub unknown: Option<&'a str>,
    pub dec_hook: Option<Bound<'py, PyAny>>,
    pub comments: &'a str,
    pub audit: Option<Bound<'py, PyAny>>,
}

/// What they come to: how a document is read, what is made of it, and who is told of limits.
pub struct Setup {
    pub options: Options,
    pub settings: Settings,
    pub audit: Option<Py<PyAny>>,
}

impl Given<'_, '_> {
    /// `at`: the names on the way to a value; the class's own element, if it has one, where none are given.
    pub fn setup(self, at: Option<Vec<Option<Box<[u8]>>>>) -> PyResult<Setup> {
        let py = self.kind.py();
        match self.unknown {
            None | Some("rest" | "ignore" | "error") => {}
            Some(other) => {
                let message = format!("unknown must be 'rest', 'ignore' or 'error', not '{other}'");
                return Err(PyValueError::new_err(message));
            }
        }
        let whole_text = match self.comments {
            "join" => false,
            "error" => true,
            other => return Err(PyValueError::new_err(format!("comments must be 'join' or 'error', not '{other}'"))),
        };
        let hook = is_callable("dec_hook", self.dec_hook)?;
        let audit = audit_of(self.audit)?;
        let mut options = options(DEFAULTS, self.limits, Some(self.dtd), true, self.encodings, None)?;
        let plan = compile(self.kind, self.unknown, hook.is_some())?;
        let streams = at.is_some();
        let at = at.unwrap_or_else(|| {
            let plan = plan.bind(py).get();
            vec![plan.element.map(|element| plan.name(element).into_bytes().into())]
        });
        // Where limits are audited, none is enforced.
        let limit = |limit: u64| if audit.is_some() { NONE } else { limit };
        let limits = &mut options.limits;
        // Of a stream it is the limit of each value, not of the input.
        let document_bytes = if streams { std::mem::replace(&mut limits.document_bytes, NONE) } else { NONE };
        let settings = Settings {
            streams,
            document_bytes: limit(document_bytes),
            plan,
            hook,
            at,
            whole_text,
            rest_members: limit(limits.rest_members),
            rest_bytes: limit(limits.rest_bytes),
            text_bytes: limit(limits.text_bytes),
        };
        Ok(Setup { options, settings, audit })
    }
}

impl Settings {
    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.plan)?;
        visit.call(&self.hook)
    }
}

/// The exception of a failed decode.
#[cold]
pub fn failure(py: Python<'_>, parser: &Parser, frames: &mut Frames) -> PyErr {
    let Some(error) = parser.error() else { return PyRuntimeError::new_err("a parse failed without an error") };
    let Some(failed) = frames.failure.take() else { return raise(py, FACE, error) };
    let (place, path) = (failed.place, format!("{}{}", error.path, failed.inside));
    let mut cause = None;
    let make = || {
        let detail = fallible::dict(py)?;
        let kind = match failed.reason {
            Reason::Trouble(Trouble::Raised(raised)) => return Ok(raised),
            Reason::Trouble(Trouble::Refused(refusal)) => {
                fallible::put_text(&detail, "expected", &refusal.expected)?;
                fallible::put_text(&detail, "actual", &refusal.actual)?;
                cause = refusal.cause;
                "validation"
            }
            Reason::Limit { limit, maximum, observed } => {
                count_breach(limit as usize);
                errors::set_limit(&detail, limit, maximum, observed)?;
                "limit"
            }
            Reason::Undefined(name) => {
                fallible::put_text(&detail, "entity", &name)?;
                "undefined_entity"
            }
        };
        Ok(errors::raise(py, FACE, kind, place.offset, place.line, place.column, &path, detail))
    };
    let raised = make().unwrap_or_else(|error| error);
    if let Some(cause) = cause {
        raised.set_cause(py, Some(cause));
    }
    raised
}

/// Decodes a document; what its stack counted goes to `count`.
fn decode_with<'py>(
    data: &Bound<'py, PyAny>,
    setup: &Setup,
    start: usize,
    count: impl FnOnce(&Parser),
) -> PyResult<Bound<'py, PyAny>> {
    let py = data.py();
    let plan = setup.settings.plan.bind(py).get();
    with_input(data, |bytes, is_text| {
        let told;
        let mut options = &setup.options;
        if is_text {
            told = Options { encoding: Some("utf-8".to_owned()), ..options.clone() };
            options = &told;
        }
        let Kept { names, mut strings, mut buffer } = Kept::take(py);
        let mut frames = plan.take_frames();
        let pause = (!plan.runs_python && setup.settings.hook.is_none()).then(|| Pause::for_bytes(py, bytes.len()));
        let mut parser = Parser::new(options, names, start);
        if setup.audit.is_some() {
            parser.audit();
        }
        let mut building = Building { py, frames: &mut frames, strings: &mut strings, plan, settings: &setup.settings };
        building.begin(parser.names());
        let flow = parser.feed(&mut building, bytes, &mut buffer, true);
        parser.note_depth();
        count(&parser);
        let mut outcome = if flow == Flow::Failed {
            Err(failure(py, &parser, &mut frames))
        } else {
            // SAFETY: attached; the reference is the stack's, and ours from here on.
            let value = frames.done.pop().map(|value| unsafe { Bound::from_owned_ptr(py, value) });
            value.ok_or_else(|| PyRuntimeError::new_err("a document without a value"))
        };
        frames.forget();
        drop(pause);
        let breaches = parser.take_breaches();
        Kept { names: parser.into_names(), strings, buffer }.give(py);
        plan.give_frames(frames);
        if let Some(audit) = &setup.audit
            && let Err(error) = audit::tell(py, audit, &breaches)
        {
            outcome = Err(error);
        }
        outcome
    })
}

/// Decode one XML document to an instance of a class.
///
/// Args:
///     data: bytes, a contiguous buffer, or a str, which is read as it is, whatever encoding it declares.
///     type: a class with fields that say xml.attr, xml.child or xml.text; if it has an xml.element, that is the root.
///     limits: what the document may cost; Limits() by default.
///     dtd: "forbid" refuses a DOCTYPE, "bare" (the default) one with an internal subset; "skip" reads past it, "internal" reads
///         it. Nothing external is ever read.
///     encodings: the names of the encodings that the document may be in, and no other; or "all". UTF-8, UTF-16, ISO-8859-1
///         and US-ASCII by default.
///     unknown: what no field claims goes to the rests ("rest", where the class has them; by default), is dropped ("ignore") or
///         refused ("error").
///     strict: for symmetry with JSON; text has one reading. True by default.
///     dec_hook: called with a type that no text stands for, and the text; its ValueError or TypeError refuses the value.
///     comments: "join" joins text that a comment or PI cuts (the default), "error" refuses it in the text of a field.
///     audit: called with a forkedenc.LimitBreach for each limit that is crossed, in place of an error; max_depth and
///         max_stack_bytes still refuse. None by default.
///
/// Raises:
///     ParseError: the document is not well-formed, or refused.
///     LimitError: a limit was crossed; also a ParseError.
///     ValidationError: a value does not fit its type, or one is missing.
///     SchemaError: the class can't be decoded from XML.
#[pyfunction]
#[pyo3(name = "xml_decode", signature = (data, r#type, *, limits=None, dtd="bare", encodings=None, unknown=None, strict=true, dec_hook=None, comments="join", audit=None))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the public function")]
fn decode<'py>(
    data: &Bound<'py, PyAny>,
    r#type: &Bound<'py, PyAny>,
    limits: Option<&Bound<'py, PyAny>>,
    dtd: &str,
    encodings: Option<&Bound<'py, PyAny>>,
    unknown: Option<&str>,
    strict: bool,
    dec_hook: Option<Bound<'py, PyAny>>,
    comments: &str,
    audit: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let _ = strict;
    let given = Given { kind: r#type, limits, dtd, encodings, unknown, dec_hook, comments, audit };
    decode_with(data, &given.setup(None)?, 0, |_| {})
}

/// A decoder of whole XML documents to instances of a class, made once and used by any number of threads.
///
/// The arguments are those of `decode`; depth_hint says how many elements are usually open at once.
#[pyclass(frozen, module = "forkedenc.xml", name = "Decoder")]
struct Decoder {
    setup: Setup,
    start: StartSize,
    totals: Totals,
}

#[pymethods]
impl Decoder {
    #[new]
    #[pyo3(signature = (r#type, *, limits=None, dtd="bare", encodings=None, unknown=None, strict=true, dec_hook=None, comments="join", audit=None, depth_hint=None))]
    #[expect(clippy::too_many_arguments, reason = "the keywords of the public class")]
    fn new(
        r#type: &Bound<'_, PyAny>,
        limits: Option<&Bound<'_, PyAny>>,
        dtd: &str,
        encodings: Option<&Bound<'_, PyAny>>,
        unknown: Option<&str>,
        strict: bool,
        dec_hook: Option<Bound<'_, PyAny>>,
        comments: &str,
        audit: Option<Bound<'_, PyAny>>,
        depth_hint: Option<u64>,
    ) -> PyResult<Self> {
        let _ = strict;
        let given = Given { kind: r#type, limits, dtd, encodings, unknown, dec_hook, comments, audit };
        let setup = given.setup(None)?;
        Ok(Self { setup, start: StartSize::new(start_of(depth_hint)), totals: Totals::new() })
    }

    /// Decode one document given as bytes, a contiguous buffer or str; see forkedenc.xml.decode.
    fn decode<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        decode_with(data, &self.setup, self.start.suggest(), |parser| {
            let stack = parser.stack();
            self.start.learn(stack.peak());
            self.totals.add(stack);
        })
    }

    /// What the decodes of this decoder counted, added up: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        stats_object(py, &self.totals.stats())
    }

    #[classmethod]
    fn __class_getitem__<'py>(class: &Bound<'py, PyType>, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        generic_alias(class, item)
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.setup.settings.visit(&visit)?;
        visit.call(&self.setup.audit)
    }
}

/// `Decoder[User]` at run time: what `types.GenericAlias` makes.
pub fn generic_alias<'py>(class: &Bound<'py, PyType>, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    class.py().import("types")?.getattr("GenericAlias")?.call1((class, item))
}

impl Plan {
    /// Frames of an earlier decode, with what they learnt of names, or new ones.
    pub fn take_frames(&self) -> Frames {
        let spare = self.spare.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        spare.map_or_else(Frames::default, |frames| *frames)
    }

    /// Keeps them for the next decode; they hold nothing.
    pub fn give_frames(&self, frames: Frames) {
        if frames.is_handy() {
            let old = self.spare.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(Box::new(frames));
            drop(old);
        }
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(decode, module)?)?;
    module.add("XmlDecoder", module.py().get_type::<Decoder>())
}
