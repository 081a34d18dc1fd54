//! What the encoder knows of a class: its element, its fields by kind, its rests.
//!
//! Read once for a class from an `XmlShape`; kept in `classes`. A plan holds nothing that could hold the class, which would
//! otherwise never go away.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple, PyType};

use super::classes::slot as slot_at;
use super::names::Name;
use super::walk::Trouble;
use crate::schema::class::slot_of;

/// What a field is if nobody says otherwise: what `omit_defaults` leaves out.
enum Default {
    None,
    /// An object of one of the exact types that hold nothing.
    Same(Py<PyAny>),
    EmptyList,
    EmptyDict,
    EmptySet,
}

/// An attribute of instances: by its slot, if one holds it.
pub struct Attribute {
    pub name: Py<PyString>,
    slot: Option<isize>,
}

pub struct Field {
    pub attribute: Attribute,
    /// The name in documents; `None` where the class of each value says it, and for text.
    pub tag: Option<Name>,
    /// Decoding wants it to be there.
    pub required: bool,
    default: Default,
}

pub struct Plan {
    pub element: Option<Name>,
    pub attributes: Vec<Field>,
    /// The text, if there is such a field, and the children, in the order of the class.
    pub content: Vec<Field>,
    /// Which of `content` is the text.
    pub text: Option<usize>,
    pub rest_attributes: Option<Attribute>,
    pub rest_nodes: Option<Attribute>,
}

impl Attribute {
    fn new(class: &Bound<'_, PyType>, name: &Bound<'_, PyAny>) -> PyResult<Self> {
        let name = PyString::intern(name.py(), name.cast::<PyString>()?.to_str()?);
        Ok(Self { slot: slot_of(class, &name)?, name: name.unbind() })
    }

    /// What an instance has there; an AttributeError is `Trouble::Missing`.
    pub fn get<'py>(&self, instance: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>, Trouble> {
        let py = instance.py();
        if let Some(slot) = self.slot {
            // SAFETY: the plan is that of the instance's class, whose instances have the slot.
            let held = unsafe { slot_at(instance, slot) };
            return held.ok_or(Trouble::Missing(None));
        }
        instance.getattr(&self.name).map_err(|error| {
            if error.is_instance_of::<pyo3::exceptions::PyAttributeError>(py) {
                return Trouble::Missing(Some(error));
            }
            Trouble::Raised(error)
        })
    }
}

impl Field {
    /// Is this value what the field is by default?
    pub fn is_default(&self, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = value.py();
        match &self.default {
            Default::None => Ok(false),
            Default::Same(default) => {
                let default = default.bind(py);
                if value.is(default) {
                    return Ok(true);
                }
                // 1, 1.0 and True are written in different ways, and so is -0.0.
                if !value.get_type().is(default.get_type()) {
                    return Ok(false);
                }
                if let (Ok(one), Ok(other)) = (value.cast_exact::<PyFloat>(), default.cast_exact::<PyFloat>()) {
                    return Ok(one.value().to_bits() == other.value().to_bits());
                }
                value.eq(default)
            }
            Default::EmptyList => Ok(value.cast_exact::<PyList>().is_ok_and(|list| list.is_empty())),
            Default::EmptyDict => Ok(value.cast_exact::<PyDict>().is_ok_and(|dict| dict.is_empty())),
            Default::EmptySet => Ok(value.cast_exact::<PySet>().is_ok_and(|set| set.is_empty())),
        }
    }
}

impl Plan {
    /// Reads an `XmlShape`, or anything with its attributes.
    pub fn read(class: &Bound<'_, PyType>, shape: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (mut attributes, mut content, mut text) = (Vec::new(), Vec::new(), None);
        for field in shape.getattr("fields")?.try_iter()? {
            let field = field?;
            let kind = field.getattr("kind")?;
            let kind = kind.cast::<PyString>()?.to_str()?;
            let own = Field {
                attribute: Attribute::new(class, &field.getattr("name")?)?,
                tag: Name::read(&field.getattr("tag")?)?,
                required: field.getattr("required")?.is_truthy()?,
                default: default_of(&field)?,
            };
            match kind {
                "attribute" => attributes.push(own),
                "text" => {
                    text = Some(content.len());
                    content.push(own);
                }
                _ => content.push(own),
            }
        }
        let rest = |what: &str| -> PyResult<Option<Attribute>> {
            let name = shape.getattr(what)?;
            if name.is_truthy()? { Attribute::new(class, &name).map(Some) } else { Ok(None) }
        };
        Ok(Self {
            element: Name::read(&shape.getattr("element")?)?,
            attributes,
            content,
            text,
            rest_attributes: rest("attributes")?,
            rest_nodes: rest("nodes")?,
        })
    }
}

fn default_of(field: &Bound<'_, PyAny>) -> PyResult<Default> {
    let py = field.py();
    if field.getattr("required")?.is_truthy()? {
        return Ok(Default::None);
    }
    let factory = field.getattr("factory")?;
    if !factory.is_none() {
        return Ok(if factory.is(py.get_type::<PyList>()) {
            Default::EmptyList
        } else if factory.is(py.get_type::<PyDict>()) {
            Default::EmptyDict
        } else if factory.is(py.get_type::<PySet>()) {
            Default::EmptySet
        } else {
            Default::None
        });
    }
    let default = field.getattr("default")?;
    let holds_nothing = default.is_none()
        || default.is_exact_instance_of::<PyBool>()
        || default.is_exact_instance_of::<PyInt>()
        || default.is_exact_instance_of::<PyFloat>()
        || default.is_exact_instance_of::<PyString>()
        || default.is_exact_instance_of::<PyBytes>()
        || default.cast_exact::<PyTuple>().is_ok_and(|tuple| tuple.is_empty());
    Ok(if holds_nothing { Default::Same(default.unbind()) } else { Default::None })
}
