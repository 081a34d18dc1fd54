//! What a value is in a document: the text of a scalar, or an element of its own.

use std::sync::Arc;

use forkedenc_core::json::encode::decimal_text;
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple};

use super::classes::{self, Registered};
use super::plan::Plan;
use super::walk::Trouble;
use crate::schema;
use crate::schema::scalar::write::text_of;

/// So often `default=` is asked for one value.
const STAND_INS: usize = 100;

pub enum Value<'py> {
    /// None or UNSET.
    Nothing,
    Text(Bound<'py, PyString>),
    /// The text lies in the scratch buffer, all of it ASCII.
    Scratch,
    Instance(Bound<'py, PyAny>, Arc<Plan>),
    /// An `Element`.
    Element(Bound<'py, PyAny>),
}

/// Is this left out?
pub fn is_nothing(known: &Registered, value: &Bound<'_, PyAny>) -> bool {
    value.is_none() || value.is(&known.unset)
}

/// Says what a value is. Python code runs for what is no plain scalar.
pub fn resolve<'py>(
    known: &Registered,
    default: Option<&Py<PyAny>>,
    value: &Bound<'py, PyAny>,
    scratch: &mut Vec<u8>,
) -> Result<Value<'py>, Trouble> {
    let py = value.py();
    let mut value = value.clone();
    scratch.clear();
    for _ in 0..STAND_INS {
        if is_nothing(known, &value) {
            return Ok(Value::Nothing);
        }
        if let Ok(text) = value.cast_exact::<PyString>() {
            return Ok(Value::Text(text.clone()));
        }
        if let Ok(truth) = value.cast_exact::<PyBool>() {
            put(scratch, if truth.is_true() { b"true" } else { b"false" })?;
            return Ok(Value::Scratch);
        }
        if value.is_exact_instance_of::<PyInt>() || value.is_exact_instance_of::<PyFloat>() {
            return number(&value, scratch);
        }
        if value.is_instance(known.enumeration.bind(py))? {
            value = value.getattr(intern!(py, "value"))?;
            continue;
        }
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Value::Text(text.clone()));
        }
        if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
            return number(&value, scratch);
        }
        if text_of(py, &value, scratch)? {
            return Ok(Value::Scratch);
        }
        if value.get_type().is(&known.element) {
            return Ok(Value::Element(value));
        }
        if let Some(plan) = classes::plan_of(&value.get_type())? {
            return Ok(Value::Instance(value, plan));
        }
        let Some(default) = default else {
            return Err(Trouble::Type(value.get_type().unbind(), "a scalar or an instance of a class with fields"));
        };
        value = default.bind(py).call1((value,))?;
    }
    Err(Trouble::Other("circular", "what default= returns stands for itself"))
}

fn put(scratch: &mut Vec<u8>, bytes: &[u8]) -> PyResult<()> {
    scratch.try_reserve(bytes.len()).map_err(|_| PyMemoryError::new_err(()))?;
    scratch.extend_from_slice(bytes);
    Ok(())
}

fn number<'py>(value: &Bound<'py, PyAny>, scratch: &mut Vec<u8>) -> Result<Value<'py>, Trouble> {
    if let Ok(number) = value.cast::<PyFloat>() {
        let number = number.value();
        if !number.is_finite() {
            return Err(Trouble::Other("nan", "a float that is not finite has no text"));
        }
        float(value.py(), number, scratch)?;
        return Ok(Value::Scratch);
    }
    let mut overflow = 0;
    // SAFETY: an int; for one this neither runs Python code nor fails.
    let small = unsafe { ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow) };
    if overflow == 0 {
        put(scratch, small.to_string().as_bytes())?;
        return Ok(Value::Scratch);
    }
    // Never by the interpreter's own conversion, which is quadratic and has a limit of its own.
    let py = value.py();
    let int = py.get_type::<PyInt>();
    let magnitude = int.call_method1(intern!(py, "__abs__"), (value,))?;
    let bits: usize = int.call_method1(intern!(py, "bit_length"), (value,))?.extract()?;
    let bytes = int.call_method1(intern!(py, "to_bytes"), (magnitude, bits.div_ceil(8), intern!(py, "little")))?;
    if overflow < 0 {
        put(scratch, b"-")?;
    }
    put(scratch, decimal_text(bytes.cast::<pyo3::types::PyBytes>().map_err(PyErr::from)?.as_bytes()).as_bytes())?;
    Ok(Value::Scratch)
}

/// As Python's repr says it.
fn float(py: Python<'_>, number: f64, scratch: &mut Vec<u8>) -> PyResult<()> {
    // SAFETY: attached; the text is terminated, and given back here.
    unsafe {
        let text = ffi::PyOS_double_to_string(
            number,
            b'r' as std::ffi::c_char,
            0,
            ffi::Py_DTSF_ADD_DOT_0,
            std::ptr::null_mut(),
        );
        if text.is_null() {
            return Err(PyErr::fetch(py));
        }
        let result = put(scratch, std::ffi::CStr::from_ptr(text).to_bytes());
        ffi::PyMem_Free(text.cast());
        result
    }
}

/// The values of a field, where it holds some: those of a list, tuple, set or frozenset. A tuple with fields is one value.
pub fn many<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Vec<Bound<'py, PyAny>>>> {
    let holds = value.is_instance_of::<PyList>()
        || value.is_instance_of::<PySet>()
        || value.is_instance_of::<PyFrozenSet>()
        || (value.is_instance_of::<PyTuple>()
            && (value.is_exact_instance_of::<PyTuple>() || classes::plan_of(&value.get_type())?.is_none()));
    if !holds {
        return Ok(None);
    }
    let mut values = Vec::new();
    for item in value.try_iter()? {
        values.try_reserve(1).map_err(|_| PyMemoryError::new_err(()))?;
        values.push(item?);
    }
    Ok(Some(values))
}

impl From<schema::Trouble> for Trouble {
    fn from(trouble: schema::Trouble) -> Self {
        match trouble {
            schema::Trouble::Raised(error) => Self::Raised(error),
            schema::Trouble::Refused(refusal) => {
                let schema::Refusal { expected, actual, cause } = *refusal;
                Self::Value { expected, actual, cause }
            }
        }
    }
}
