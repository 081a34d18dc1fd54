//! Classes: what a decode makes of the values of an object or element. An instance is allocated and its attributes are
//! set past `__init__`, as `copy` and `pickle` do; slots by their offset, other attributes by name.

use std::sync::OnceLock;

use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};
use pyo3::{ffi, intern};

use super::{Refusal, Trouble};
use crate::{fallible, pyraw};

/// What an attribute is when a document says nothing.
enum Default {
    Required,
    /// Nothing: a key that need not be there.
    Absent,
    Value(Py<PyAny>),
    List,
    Dict,
    Call(Py<PyAny>),
}

struct Attribute {
    name: Py<PyString>,
    default: Default,
    /// Bytes from the start of an instance to the slot that holds it.
    slot: Option<isize>,
}

/// How an instance comes to be, empty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Slots alone: allocated.
    Allocate,
    /// By the constructor of `object`, which makes room for attributes beside the instance as well.
    Object,
    /// By the class's own `__new__`.
    Ask,
}

enum Make {
    /// Made empty, then set.
    Instance { how: How },
    /// A dict of what is there; with `inline` what is unknown lies among it.
    Dict { inline: bool },
    /// Called with a tuple of all attributes, in this order.
    Tuple { make: Py<PyAny>, order: Vec<usize> },
    /// Called with a dict of what is there and a dict of what is unknown, or None.
    Call { make: Py<PyAny>, inline: bool },
}

/// A class and its attributes. If something is kept that no field claims, its attribute is the last.
pub struct Class {
    class: Py<PyType>,
    make: Make,
    attributes: Vec<Attribute>,
    /// Called with a finished instance.
    post: Vec<Py<PyAny>>,
    runs_python: bool,
    keeps_unknown: bool,
    /// The places of attributes beside an instance, once one has been made; `None` where they have none.
    places: OnceLock<Option<Box<[u8]>>>,
    /// The offset of each attribute's slot, where all have one.
    slots: Box<[isize]>,
    /// No arguments.
    none: Py<PyTuple>,
}

impl Class {
    /// Reads a `Shape` of `forkedenc._schema`, or anything with its attributes.
    pub fn read(shape: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = shape.py();
        let class = shape.getattr("cls")?.cast_into::<PyType>()?;
        let kind: String = shape.getattr("kind")?.extract()?;
        let mut attributes = Vec::new();
        for field in shape.getattr("fields")?.try_iter()? {
            let field = field?;
            let name = interned(&field.getattr("name")?)?;
            let default = if field.getattr("required")?.is_truthy()? {
                Default::Required
            } else {
                default_of(&field.getattr("default")?, &field.getattr("factory")?)?
            };
            attributes.push(Attribute { slot: slot_of(&class, &name)?, name: name.unbind(), default });
        }
        let rest = shape.getattr("rest")?;
        let mut inline = false;
        if !rest.is_none() {
            inline = rest.getattr("inline")?.is_truthy()?;
            let name = interned(&rest.getattr("name")?)?;
            attributes.push(Attribute { slot: slot_of(&class, &name)?, name: name.unbind(), default: Default::Dict });
        }
        let make = shape.getattr("make")?;
        let make = match kind.as_str() {
            "instance" => Make::Instance { how: how(&class) },
            "dict" => Make::Dict { inline },
            "tuple" => {
                let mut order = Vec::new();
                for name in class.getattr("_fields")?.try_iter()? {
                    let name: String = name?.extract()?;
                    let place = attributes.iter().position(|own| own.name.bind(py) == name.as_str());
                    order.push(place.ok_or_else(|| PyTypeError::new_err("a field that the shape lacks"))?);
                }
                Make::Tuple { make: make.unbind(), order }
            }
            "call" => Make::Call { make: make.unbind(), inline },
            _ => return Err(PyTypeError::new_err("a shape of no known kind")),
        };
        let post: Vec<_> =
            shape.getattr("post")?.try_iter()?.map(|call| call.map(Bound::unbind)).collect::<PyResult<_>>()?;
        let own_code = match make {
            Make::Instance { how } => how == How::Ask,
            Make::Dict { .. } | Make::Tuple { .. } => false,
            Make::Call { .. } => true,
        };
        let runs_python =
            own_code || !post.is_empty() || attributes.iter().any(|own| matches!(own.default, Default::Call(_)));
        let slots = attributes.iter().map(|own| own.slot).collect::<Option<_>>().unwrap_or_default();
        Ok(Self {
            slots,
            class: class.unbind(),
            make,
            attributes,
            post,
            runs_python,
            keeps_unknown: !rest.is_none(),
            places: OnceLock::new(),
            none: PyTuple::empty(py).unbind(),
        })
    }

    /// Making an instance may run code of the caller's.
    #[must_use]
    pub fn runs_python(&self) -> bool {
        self.runs_python
    }

    /// Something is kept that no field claims.
    #[must_use]
    pub fn keeps_unknown(&self) -> bool {
        self.keeps_unknown
    }

    /// What errors call it.
    #[must_use]
    pub fn name(&self, py: Python<'_>) -> String {
        self.class.bind(py).name().map_or_else(|_| "object".into(), |name| name.to_string())
    }

    /// The name of the attribute with this number.
    #[must_use]
    pub fn attribute(&self, number: usize) -> &Py<PyString> {
        &self.attributes[number].name
    }

    /// Makes an instance of one value for each attribute, null where a document said nothing. The references are taken in
    /// any case, and nulls left behind. Required attributes are there: `missing` has been asked.
    ///
    /// # Safety
    /// The values are owned references or null, one for each attribute. Python code may run.
    pub unsafe fn make(
        &self,
        py: Python<'_>,
        values: &mut [*mut ffi::PyObject],
    ) -> Result<*mut ffi::PyObject, Trouble> {
        debug_assert_eq!(values.len(), self.attributes.len());
        // SAFETY: as the caller's; what a failure leaves is given up here.
        unsafe {
            let made = match &self.make {
                Make::Instance { how } => self.instance(py, *how, values),
                Make::Dict { inline } => self.dict(py, *inline, values),
                Make::Tuple { make, order } => self.tuple(py, make, order, values),
                Make::Call { make, inline } => self.call(py, make, *inline, values),
            };
            let made = match made {
                Ok(made) => made,
                Err(trouble) => {
                    for value in values {
                        ffi::Py_XDECREF(std::mem::replace(value, std::ptr::null_mut()));
                    }
                    return Err(trouble);
                }
            };
            if self.post.is_empty() {
                return Ok(made);
            }
            let made = Bound::from_owned_ptr(py, made);
            for post in &self.post {
                post.bind(py).call1((&made,)).map_err(|error| self.refused(py, error))?;
            }
            Ok(made.into_ptr())
        }
    }

    /// The first required attribute without a value.
    #[inline]
    #[must_use]
    pub fn missing(&self, values: &[*mut ffi::PyObject]) -> Option<usize> {
        if values.iter().all(|value| !value.is_null()) {
            return None;
        }
        let absent = |(own, value): (&Attribute, &*mut ffi::PyObject)| {
            value.is_null() && matches!(own.default, Default::Required)
        };
        self.attributes.iter().zip(values).position(absent)
    }

    #[inline(always)]
    unsafe fn instance(
        &self,
        py: Python<'_>,
        how: How,
        values: &mut [*mut ffi::PyObject],
    ) -> Result<*mut ffi::PyObject, Trouble> {
        let class = self.class.as_ptr().cast::<ffi::PyTypeObject>();
        // SAFETY: the class has the allocator and the constructor of `object`; the slots are those of its instances, new
        // and empty, and take over a reference each.
        unsafe {
            let object = match (how, (*class).tp_alloc, (*class).tp_new) {
                (How::Allocate, Some(allocate), _) => allocate(class, 0),
                (How::Object, _, Some(new)) => new(class, self.none.as_ptr(), std::ptr::null_mut()),
                _ => self.class.bind(py).call_method1("__new__", (&self.class,))?.into_ptr(),
            };
            if object.is_null() {
                return Err(PyErr::fetch(py).into());
            }
            let places = match self.places.get() {
                Some(Some(places)) => &**places,
                _ => &[],
            };
            if !self.slots.is_empty() && values.iter().all(|value| !value.is_null()) {
                for (offset, value) in self.slots.iter().zip(values) {
                    // A new instance's slots are empty.
                    let slot = object.cast::<u8>().offset(*offset).cast::<*mut ffi::PyObject>();
                    *slot = std::mem::replace(value, std::ptr::null_mut());
                }
                return Ok(object);
            }
            for (number, (own, value)) in self.attributes.iter().zip(values).enumerate() {
                let mut value = std::mem::replace(value, std::ptr::null_mut());
                if value.is_null() {
                    match self.default(py, own) {
                        Ok(found) => value = found,
                        Err(trouble) => {
                            ffi::Py_DECREF(object);
                            return Err(trouble);
                        }
                    }
                    if value.is_null() {
                        continue;
                    }
                }
                if let Some(offset) = own.slot {
                    let slot = object.cast::<u8>().offset(offset).cast::<*mut ffi::PyObject>();
                    let old = std::mem::replace(&mut *slot, value);
                    ffi::Py_XDECREF(old);
                } else if let Some(place) = places.get(number)
                    && pyraw::instance::put(object, *place, value)
                {
                } else {
                    let set = ffi::PyObject_GenericSetAttr(object, own.name.as_ptr(), value);
                    ffi::Py_DECREF(value);
                    if set != 0 {
                        ffi::Py_DECREF(object);
                        return Err(PyErr::fetch(py).into());
                    }
                }
            }
            if self.places.get().is_none() {
                let _ = self.places.set(self.find_places(py, how));
            }
            Ok(object)
        }
    }

    /// The places of the attributes, known from the first instance on.
    #[cold]
    fn find_places(&self, py: Python<'_>, how: How) -> Option<Box<[u8]>> {
        if how != How::Object || !pyraw::instance::on() || self.attributes.iter().any(|own| own.slot.is_some()) {
            return None;
        }
        let names: Vec<_> = self.attributes.iter().map(|own| own.name.as_ptr()).collect();
        // SAFETY: attached; the class is alive, and names of attributes are interned when they are read.
        unsafe { pyraw::instance::places(self.class.bind(py).as_type_ptr(), &names) }
    }

    unsafe fn dict(
        &self,
        py: Python<'_>,
        inline: bool,
        values: &mut [*mut ffi::PyObject],
    ) -> Result<*mut ffi::PyObject, Trouble> {
        let dict = fallible::dict(py)?;
        let last = values.len().wrapping_sub(1);
        for (number, (own, value)) in self.attributes.iter().zip(values).enumerate() {
            // SAFETY: the value's reference is ours now.
            let value = unsafe { Bound::from_owned_ptr_or_opt(py, std::mem::replace(value, std::ptr::null_mut())) };
            if inline && number == last {
                if let Some(unknown) = value {
                    dict.update(unknown.cast::<pyo3::types::PyMapping>().map_err(PyErr::from)?)?;
                }
                continue;
            }
            let value = match value {
                Some(value) => Some(value),
                // SAFETY: attached; a default's reference is new.
                None => unsafe { Bound::from_owned_ptr_or_opt(py, self.default(py, own)?) },
            };
            if let Some(value) = value {
                dict.set_item(&own.name, value)?;
            }
        }
        Ok(dict.into_ptr())
    }

    unsafe fn tuple(
        &self,
        py: Python<'_>,
        make: &Py<PyAny>,
        order: &[usize],
        values: &mut [*mut ffi::PyObject],
    ) -> Result<*mut ffi::PyObject, Trouble> {
        // SAFETY: attached; the new tuple has room for what is put there, and takes the references.
        unsafe {
            let tuple = ffi::PyTuple_New(order.len().cast_signed());
            if tuple.is_null() {
                return Err(PyErr::fetch(py).into());
            }
            let tuple = Bound::from_owned_ptr(py, tuple).cast_into_unchecked::<PyTuple>();
            for (place, number) in order.iter().enumerate() {
                let mut value = std::mem::replace(&mut values[*number], std::ptr::null_mut());
                if value.is_null() {
                    value = self.default(py, &self.attributes[*number])?;
                }
                if value.is_null() {
                    value = ffi::Py_NewRef(ffi::Py_None());
                }
                ffi::PyTuple_SET_ITEM(tuple.as_ptr(), place.cast_signed(), value);
            }
            Ok(make.bind(py).call1((tuple,)).map_err(|error| self.refused(py, error))?.into_ptr())
        }
    }

    unsafe fn call(
        &self,
        py: Python<'_>,
        make: &Py<PyAny>,
        inline: bool,
        values: &mut [*mut ffi::PyObject],
    ) -> Result<*mut ffi::PyObject, Trouble> {
        let given = fallible::dict(py)?;
        let mut unknown = py.None().into_bound(py);
        let last = values.len().wrapping_sub(1);
        for (number, (own, value)) in self.attributes.iter().zip(values).enumerate() {
            // SAFETY: the value's reference is ours now.
            let value = unsafe { Bound::from_owned_ptr_or_opt(py, std::mem::replace(value, std::ptr::null_mut())) };
            match value {
                Some(value) if inline && number == last => unknown = value,
                Some(value) => given.set_item(&own.name, value)?,
                // What is not given is the class's own business.
                None => {}
            }
        }
        Ok(make.bind(py).call1((given, unknown)).map_err(|error| self.refused(py, error))?.into_ptr())
    }

    /// A new reference to what an attribute is when a document says nothing; null where that is nothing.
    #[inline(always)]
    unsafe fn default(&self, py: Python<'_>, own: &Attribute) -> Result<*mut ffi::PyObject, Trouble> {
        // SAFETY: attached.
        let value = unsafe {
            match &own.default {
                Default::Required | Default::Absent => return Ok(std::ptr::null_mut()),
                Default::Value(value) => ffi::Py_NewRef(value.as_ptr()),
                Default::List => ffi::PyList_New(0),
                Default::Dict => ffi::PyDict_New(),
                Default::Call(factory) => factory.bind(py).call0().map_err(|error| self.refused(py, error))?.into_ptr(),
            }
        };
        if value.is_null() { Err(PyErr::fetch(py).into()) } else { Ok(value) }
    }

    #[cold]
    fn refused(&self, py: Python<'_>, error: PyErr) -> Trouble {
        own_refusal(py, error, || format!("a valid {}", self.name(py)), "values that its own code refused")
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.class)?;
        for own in &self.attributes {
            if let Default::Value(object) | Default::Call(object) = &own.default {
                visit.call(object)?;
            }
        }
        if let Make::Tuple { make, .. } | Make::Call { make, .. } = &self.make {
            visit.call(make)?;
        }
        self.post.iter().try_for_each(|call| visit.call(call))
    }
}

/// What the caller's own code raised: a ValueError or TypeError says that the value does not fit, any other passes.
#[cold]
pub fn own_refusal(py: Python<'_>, error: PyErr, expected: impl FnOnce() -> String, actual: &str) -> Trouble {
    let refuses = error.is_instance_of::<PyValueError>(py) || error.is_instance_of::<PyTypeError>(py);
    if !refuses || !error.is_instance_of::<PyException>(py) {
        return Trouble::Raised(error);
    }
    Trouble::Refused(Box::new(Refusal { expected: expected(), actual: actual.into(), cause: Some(error) }))
}

fn interned<'py>(name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    Ok(PyString::intern(name.py(), name.cast::<PyString>()?.to_str()?))
}

fn default_of(value: &Bound<'_, PyAny>, factory: &Bound<'_, PyAny>) -> PyResult<Default> {
    let py = value.py();
    if factory.is_none() {
        let missing = value.is(&py.import(intern!(py, "dataclasses"))?.getattr(intern!(py, "MISSING"))?);
        return Ok(if missing { Default::Absent } else { Default::Value(value.clone().unbind()) });
    }
    Ok(if factory.is(py.get_type::<pyo3::types::PyList>()) {
        Default::List
    } else if factory.is(py.get_type::<pyo3::types::PyDict>()) {
        Default::Dict
    } else {
        Default::Call(factory.clone().unbind())
    })
}

/// May instances be made without asking the class? Its constructor is that of `object`, and it is not abstract.
fn how(class: &Bound<'_, PyType>) -> How {
    // SAFETY: a type object, alive; `object` is static.
    unsafe {
        let class = class.as_type_ptr();
        let object = &raw mut ffi::PyBaseObject_Type;
        let plain = (*class).tp_new.map(|new| new as usize) == (*object).tp_new.map(|new| new as usize)
            && (*class).tp_flags & ffi::Py_TPFLAGS_IS_ABSTRACT == 0
            && (*class).tp_itemsize == 0;
        match plain {
            false => How::Ask,
            true if (*class).tp_dictoffset == 0 => How::Allocate,
            true => How::Object,
        }
    }
}

/// The offset of the slot that holds an attribute of a class's instances, if a slot holds it.
pub fn slot_of(class: &Bound<'_, PyType>, name: &Bound<'_, PyString>) -> PyResult<Option<isize>> {
    let Some(found) = class.getattr_opt(name)? else { return Ok(None) };
    // SAFETY: an object of exactly this type is such a descriptor; its member lives as long as the class it belongs to, of
    // which `class` is a subclass, so that its instances have the slot.
    unsafe {
        if ffi::Py_TYPE(found.as_ptr()) != &raw mut ffi::PyMemberDescr_Type {
            return Ok(None);
        }
        let descriptor = found.as_ptr().cast::<ffi::PyMemberDescrObject>();
        let member = (*descriptor).d_member;
        let owner = (*descriptor).d_common.d_type;
        let fits = ffi::PyType_IsSubtype(class.as_type_ptr(), owner) != 0;
        let slot = (*member).type_code == ffi::Py_T_OBJECT_EX && (*member).flags & ffi::Py_READONLY == 0;
        Ok((fits && slot).then_some((*member).offset))
    }
}
