//! The arguments that all faces of XML share, as the core's options.

use std::sync::Arc;

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::{DtdMode, Encodings, Options, Runs};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
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
    pub const OWN: Self =
        Self { limits: XmlLimits::DEFAULT, dtd: DtdMode::Bare, codecs: false, runs: Runs::Events };
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
        dtd: dtd.map_or(Ok(face.dtd), dtd_mode)?,
        namespaces,
        encodings: encodings_of(face, encodings)?,
        encoding: encoding.map(str::to_owned),
        runs: face.runs,
        forbid_entities: false,
        forbid_external: false,
    })
}
