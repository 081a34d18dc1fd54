//! The arguments that all faces of XML share, as the core's options.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::input::{FindTable, Table};
use forkedenc_core::xml::{DtdMode, Encodings, Options, Rules, Runs};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::limits::xml_limits;

/// `dtd=`.
///
/// # Errors
/// ValueError for any other word.
pub fn dtd_mode(name: &str) -> PyResult<DtdMode> {
    match name {
        "forbid" => Ok(DtdMode::Forbid),
        "bare" => Ok(DtdMode::Bare),
        "skip" => Ok(DtdMode::Skip),
        "internal" => Ok(DtdMode::Internal),
        other => {
            Err(PyValueError::new_err(format!("dtd must be 'forbid', 'bare', 'skip' or 'internal', not '{other}'")))
        }
    }
}

/// What a face reads when it is told nothing.
#[derive(Clone, Copy)]
pub struct Face {
    pub limits: XmlLimits,
    pub dtd: DtdMode,
    /// Python's single-byte codecs are read as well.
    pub codecs: bool,
    pub runs: Runs,
}

impl Face {
    /// PullParser, events, decode, StreamDecoder.
    pub const OWN: Self = Self { limits: XmlLimits::DEFAULT, dtd: DtdMode::Bare, codecs: false, runs: Runs::Events };
    /// sax, minidom, pulldom.
    pub const STDLIB: Self =
        Self { limits: XmlLimits::STDLIB, dtd: DtdMode::Internal, codecs: true, runs: Runs::Pieces };
}

/// The arguments as the core's options. `encoding` overrides what a document says of itself, and is given for str.
///
/// # Errors
/// TypeError, ValueError: an argument is not what its face's docstring asks for.
pub fn options(
    face: Face,
    limits: Option<&Bound<'_, PyAny>>,
    dtd: Option<&str>,
    namespaces: bool,
    encodings: Option<&Bound<'_, PyAny>>,
    encoding: Option<&str>,
) -> PyResult<Options> {
    Ok(Options {
        limits: xml_limits(limits, face.limits)?,
        rules: Rules {
            namespaces,
            dtd: dtd.map_or(Ok(face.dtd), dtd_mode)?,
            runs: face.runs,
            forbid_entities: false,
            forbid_external: false,
            skip_long: false,
        },
        encodings: encodings_of(face, encodings)?,
        encoding: encoding.map(str::to_owned),
    })
}

/// `encodings=`: None, `"all"`, or the names of those that are allowed and no other.
fn encodings_of(face: Face, given: Option<&Bound<'_, PyAny>>) -> PyResult<Encodings> {
    let Some(given) = given.filter(|given| !given.is_none()) else {
        return Ok(if face.codecs { Encodings::usual(Some(python_tables(true))) } else { Encodings::default() });
    };
    if let Ok(word) = given.cast::<PyString>() {
        if word.to_str()? == "all" {
            return Ok(Encodings::all(Some(python_tables(false))));
        }
        return Err(PyValueError::new_err("encodings must be 'all' or an iterable of names"));
    }
    let mut names: Vec<String> = Vec::new();
    for name in given.try_iter()? {
        let name = name?;
        let Ok(name) = name.cast::<PyString>() else {
            let message = format!("an encoding's name must be a str, not {}", name.get_type().name()?);
            return Err(PyTypeError::new_err(message));
        };
        names.push(name.to_str()?.to_owned());
    }
    Encodings::named(names.iter().map(String::as_str), Some(python_tables(false)))
        .map_err(|name| PyValueError::new_err(format!("no encoding that XML can be read in: {name:?}")))
}

/// What `forkedenc.xml` registered to find the tables of Python's codecs.
static TABLES: Mutex<Option<Py<PyAny>>> = Mutex::new(None);

/// Take `function(name, ascii_of_stateful)`, which gives 256 code points or None.
#[pyfunction]
fn register_codec_tables(function: Py<PyAny>) {
    let old = TABLES.lock().unwrap_or_else(PoisonError::into_inner).replace(function);
    // Outside the lock: the last reference may run code.
    drop(old);
}

/// Asks Python for the table of a codec; of one that keeps a state, if that is wanted, for its ASCII.
fn python_tables(ascii_of_stateful: bool) -> Arc<FindTable> {
    static FIND: [OnceLock<Arc<FindTable>>; 2] = [OnceLock::new(), OnceLock::new()];
    let find = FIND[usize::from(ascii_of_stateful)].get_or_init(|| {
        Arc::new(move |name: &str| {
            Python::attach(|py| {
                let function = TABLES
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .as_ref()
                    .map(|function| function.clone_ref(py))?;
                // A codec that fails is as good as none: the document is refused for its encoding.
                let table: Option<Vec<u32>> =
                    function.bind(py).call1((name, ascii_of_stateful)).and_then(|table| table.extract()).ok()?;
                Box::<Table>::try_from(table?.into_boxed_slice()).ok()
            })
        })
    });
    Arc::clone(find)
}

/// Bytes of stack that one level of depth takes.
const LEVEL: usize = 32;

/// `depth_hint=`: levels, as bytes of stack to begin with.
pub fn start_of(depth_hint: Option<u64>) -> usize {
    depth_hint.map_or(0, |levels| usize::try_from(levels).unwrap_or(usize::MAX).saturating_mul(LEVEL))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_codec_tables, module)?)
}
