//! `forkedenc.Limits` read into the numbers of the core.
//!
//! `forkedenc._limits` registers its class; a field is an int that is not negative, or None for no limit, which the
//! class itself has checked. Numbers past 64 bits are no limit that could be reached.

use std::sync::Mutex;

use forkedenc_core::limits::{JsonLimits, NONE, XmlLimits};
use pyo3::exceptions::{PyOverflowError, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// The class that was registered last; a module that is loaded anew replaces it.
static CLASS: Mutex<Option<Py<PyType>>> = Mutex::new(None);

/// Take the class whose instances `limits=` accepts.
#[pyfunction]
fn register_limits_class(cls: Bound<'_, PyType>) {
    let old = slot().replace(cls.unbind());
    drop(old);
}

fn slot() -> std::sync::MutexGuard<'static, Option<Py<PyType>>> {
    CLASS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The numbers of a `limits=` argument; None stands for `default`. TypeError for anything but `Limits` and None.
pub fn json_limits(value: Option<&Bound<'_, PyAny>>, default: JsonLimits) -> PyResult<JsonLimits> {
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(default);
    };
    check(value)?;
    let py = value.py();
    Ok(JsonLimits {
        document_bytes: field(value, intern!(py, "max_document_bytes"))?,
        stream_bytes: field(value, intern!(py, "max_stream_bytes"))?,
        depth: field(value, intern!(py, "max_depth"))?,
        tokens: field(value, intern!(py, "max_tokens"))?,
        memory_bytes: field(value, intern!(py, "max_memory_bytes"))?,
        stack_bytes: field(value, intern!(py, "max_stack_bytes"))?,
        string_bytes: field(value, intern!(py, "max_string_bytes"))?,
        key_bytes: field(value, intern!(py, "max_key_bytes"))?,
        number_digits: field(value, intern!(py, "max_number_digits"))?,
        items: field(value, intern!(py, "max_items"))?,
        members: field(value, intern!(py, "max_members"))?,
        rest_members: field(value, intern!(py, "max_rest_members"))?,
        rest_bytes: field(value, intern!(py, "max_rest_bytes"))?,
    })
}

/// The same for XML.
pub fn xml_limits(value: Option<&Bound<'_, PyAny>>, default: XmlLimits) -> PyResult<XmlLimits> {
    let Some(value) = value.filter(|value| !value.is_none()) else {
        return Ok(default);
    };
    check(value)?;
    let py = value.py();
    let ratio = value.getattr(intern!(py, "max_amplification"))?;
    Ok(XmlLimits {
        document_bytes: field(value, intern!(py, "max_document_bytes"))?,
        stream_bytes: field(value, intern!(py, "max_stream_bytes"))?,
        depth: field(value, intern!(py, "max_depth"))?,
        tokens: field(value, intern!(py, "max_tokens"))?,
        memory_bytes: field(value, intern!(py, "max_memory_bytes"))?,
        stack_bytes: field(value, intern!(py, "max_stack_bytes"))?,
        name_bytes: field(value, intern!(py, "max_name_bytes"))?,
        distinct_names: field(value, intern!(py, "max_distinct_names"))?,
        attributes: field(value, intern!(py, "max_attributes"))?,
        attribute_bytes: field(value, intern!(py, "max_attribute_bytes"))?,
        attributes_bytes: field(value, intern!(py, "max_attributes_bytes"))?,
        namespaces: field(value, intern!(py, "max_namespaces"))?,
        namespace_uri_bytes: field(value, intern!(py, "max_namespace_uri_bytes"))?,
        children: field(value, intern!(py, "max_children"))?,
        text_bytes: field(value, intern!(py, "max_text_bytes"))?,
        comment_bytes: field(value, intern!(py, "max_comment_bytes"))?,
        pi_bytes: field(value, intern!(py, "max_pi_bytes"))?,
        doctype_bytes: field(value, intern!(py, "max_doctype_bytes"))?,
        entities: field(value, intern!(py, "max_entities"))?,
        entity_depth: field(value, intern!(py, "max_entity_depth"))?,
        entity_expansions: field(value, intern!(py, "max_entity_expansions"))?,
        expanded_bytes: field(value, intern!(py, "max_expanded_bytes"))?,
        amplification: if ratio.is_none() { f64::INFINITY } else { ratio.extract()? },
        rest_members: field(value, intern!(py, "max_rest_members"))?,
        rest_bytes: field(value, intern!(py, "max_rest_bytes"))?,
    })
}

fn check(value: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = value.py();
    let class = slot().as_ref().map(|class| class.clone_ref(py));
    let Some(class) = class else {
        return Err(PyRuntimeError::new_err("forkedenc._native was imported without forkedenc"));
    };
    if value.is_instance(class.bind(py))? {
        return Ok(());
    }
    Err(PyTypeError::new_err(format!("limits must be a forkedenc.Limits or None, not {}", value.get_type().name()?)))
}

fn field(value: &Bound<'_, PyAny>, name: &Bound<'_, PyString>) -> PyResult<u64> {
    let found = value.getattr(name)?;
    if found.is_none() {
        return Ok(NONE);
    }
    match found.extract::<u64>() {
        Ok(number) => Ok(number),
        Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => Ok(NONE),
        Err(error) => Err(error),
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(register_limits_class, module)?)
}
