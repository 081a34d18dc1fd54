//! The encoder's face: `XmlEncoder`, which `forkedenc.xml` has as `Encoder`.

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::write::Form;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use pyo3::{PyTraverseError, PyVisit};

use super::classes::registered;
use super::error;
use super::walk::{Options, Walk};
use crate::fallible;
use crate::limits::xml_limits;

/// A level of indentation is no longer.
const MOST_INDENT: usize = 1000;

/// Writes instances of classes with an xml.element, and all that their rests keep, as XML documents. An encoder has its
/// options, is made once, and never changes: threads share it at will.
///
/// limits: a forkedenc.Limits, Limits() by default; max_depth, max_document_bytes (of the output) and max_stack_bytes apply.
/// default: called with a value of an unknown type, returns what is written for it.
/// indent: of how many spaces, or which white space, a level is; elements with character data in them are left as they are.
/// encoding: "utf-8" or "us-ascii", with character references where those can stand.
/// xml_declaration: whether one comes first.
/// omit_defaults: leaves out fields that have their default.
#[pyclass(frozen, module = "forkedenc.xml", name = "Encoder")]
pub struct XmlEncoder {
    options: Options,
}

impl XmlEncoder {
    fn written<'py>(&self, obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = obj.py();
        let mut walk = Walk::new(py, &self.options, registered()?);
        match walk.run(obj) {
            Ok(()) => fallible::bytes(py, walk.out.bytes()),
            Err(trouble) => Err(error::raise(py, &walk, trouble)),
        }
    }
}

#[pymethods]
impl XmlEncoder {
    #[new]
    #[pyo3(signature = (*, limits=None, default=None, indent=None, encoding="utf-8", xml_declaration=false,
                        omit_defaults=false))]
    fn new(
        limits: Option<&Bound<'_, PyAny>>,
        default: Option<Bound<'_, PyAny>>,
        indent: Option<Bound<'_, PyAny>>,
        encoding: &str,
        xml_declaration: bool,
        omit_defaults: bool,
    ) -> PyResult<Self> {
        if default.as_ref().is_some_and(|default| !default.is_callable()) {
            return Err(PyTypeError::new_err("default must be callable"));
        }
        let options = Options {
            form: match encoding.to_ascii_lowercase().as_str() {
                "utf-8" | "utf8" => Form::Utf8,
                "us-ascii" | "ascii" => Form::Ascii,
                _ => return Err(PyValueError::new_err("encoding must be 'utf-8' or 'us-ascii'")),
            },
            declaration: xml_declaration,
            default: default.map(Bound::unbind),
            indent: indent.map(|indent| read_indent(&indent)).transpose()?,
            omit_defaults,
            limits: xml_limits(limits, XmlLimits::DEFAULT)?,
        };
        Ok(Self { options })
    }

    /// The document of an instance, as bytes.
    ///
    /// EncodeError, with .kind and .path, for what has no text, is not set, or would not be well-formed: names that are none,
    /// characters that XML has no place for, a rest with the name of a field; past a limit with .limit, .maximum and
    /// .observed.
    fn encode<'py>(&self, obj: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(self.written(obj)?.cast_into::<PyBytes>()?)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.options.default)
    }
}

fn read_indent(indent: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(text) = indent.cast::<PyString>() {
        let text = text.to_str()?;
        if text.len() > MOST_INDENT || !text.bytes().all(|byte| b" \t\n".contains(&byte)) {
            return Err(PyValueError::new_err("indent must be white space"));
        }
        return Ok(text.as_bytes().to_vec());
    }
    if indent.is_instance_of::<pyo3::types::PyBool>() {
        return Err(PyTypeError::new_err("indent must be an int or a str, not a bool"));
    }
    let count: usize = indent.extract().map_err(|_| PyTypeError::new_err("indent must be a small int or a str"))?;
    if count > MOST_INDENT {
        return Err(PyValueError::new_err("indent must be at most 1000"));
    }
    Ok(vec![b' '; count])
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("XmlEncoder", module.py().get_type::<XmlEncoder>())
}
