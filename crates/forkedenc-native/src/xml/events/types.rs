//! The classes of events: `Start End Text Comment PI Doctype Entity`, laid out as C structs.
//!
//! All begin with [`Event`]: a head, the place, then one pointer for each field. Fields are read through member descriptors, which
//! the interpreter reads without a call. Events hold strs, and are not looked at by the collector; a Start has two dicts of
//! strs besides, made when they are first asked for of what is packed behind the struct (see `make`).

use std::ffi::{CStr, c_int, c_uint, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::make;
use crate::fallible;

pub type Object = *mut ffi::PyObject;

/// How every event begins; its fields follow.
#[repr(C)]
pub struct Event {
    head: ffi::PyObject,
    pub offset: u64,
    pub line: u64,
    pub column: u64,
}

/// A Start: what is packed lies behind it.
#[repr(C)]
pub struct Start {
    pub event: Event,
    pub name: Object,
    /// Null until it is asked for, as the next one.
    pub attributes: Object,
    pub namespaces: Object,
    /// How many of each are packed.
    pub attribute_count: u32,
    pub binding_count: u32,
}

/// A class: its name, its fields, what its docstring says.
struct Class {
    name: &'static CStr,
    doc: &'static CStr,
    fields: &'static [&'static CStr],
    /// How many of them must be given.
    required: usize,
}

/// The kinds of events, in the order of [`CLASSES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Start,
    End,
    Text,
    Comment,
    Pi,
    Doctype,
    Entity,
}

const COUNT: usize = 7;

const CLASSES: [Class; COUNT] = [
    Class {
        name: c"forkedenc.xml.Start",
        doc: c"Start(name, attributes=None, namespaces=None, *, offset=0, line=1, column=1)\n--\n\n\
A start tag, or an empty-element tag, which an End follows.\n\n\
Attributes:\n    name: ``{uri}local``, or ``local`` in no namespace; with namespaces=False as written.\n    \
attributes: a dict of their values by name, in document order, the DTD's defaults last.\n    \
namespaces: a dict of the declarations of this tag, URI by prefix; ``''`` is the default one, and what takes it back.\n    \
offset: bytes before the event, counted from 0.\n    line, column: its place, counted from 1, the column in characters.",
        fields: &[c"name", c"attributes", c"namespaces"],
        required: 1,
    },
    Class {
        name: c"forkedenc.xml.End",
        doc: c"End(name, *, offset=0, line=1, column=1)\n--\n\n\
An end tag, or the end of an empty-element tag; the place of the latter is behind the tag.\n\n\
Attributes:\n    name: as that of its Start.\n    offset, line, column: see Start.",
        fields: &[c"name"],
        required: 1,
    },
    Class {
        name: c"forkedenc.xml.Text",
        doc: c"Text(text, *, offset=0, line=1, column=1)\n--\n\n\
Character data with its references and CDATA sections: a run of it, or with coalesce=False a piece of one.\n\n\
Attributes:\n    text: the characters, lines ended by LF.\n    offset, line, column: see Start.",
        fields: &[c"text"],
        required: 1,
    },
    Class {
        name: c"forkedenc.xml.Comment",
        doc: c"Comment(text, *, offset=0, line=1, column=1)\n--\n\n\
A comment outside of the DOCTYPE.\n\n\
Attributes:\n    text: what stands between the delimiters.\n    offset, line, column: see Start.",
        fields: &[c"text"],
        required: 1,
    },
    Class {
        name: c"forkedenc.xml.PI",
        doc: c"PI(target, data='', *, offset=0, line=1, column=1)\n--\n\n\
A processing instruction outside of the DOCTYPE.\n\n\
Attributes:\n    target: its first word.\n    data: the rest, without the white space before it.\n    offset, line, column: see Start.",
        fields: &[c"target", c"data"],
        required: 1,
    },
    Class {
        name: c"forkedenc.xml.Doctype",
        doc: c"Doctype(name, public_id=None, system_id=None, *, offset=0, line=1, column=1)\n--\n\n\
A DOCTYPE. What it points to is never read.\n\n\
Attributes:\n    name: the root element's, as written.\n    public_id, system_id: as written, or None.\n    offset, line, column: see Start.",
        fields: &[c"name", c"public_id", c"system_id"],
        required: 1,
    },
    Class {
        name: c"forkedenc.xml.Entity",
        doc: c"Entity(name, *, offset=0, line=1, column=1)\n--\n\n\
A reference to an entity that is not read: an external one, or an undeclared one where that is no error.\n\n\
Attributes:\n    name: between & and ;.\n    offset, line, column: see Start.",
        fields: &[c"name"],
        required: 1,
    },
];

/// Of an event: the last three arguments of each constructor, by keyword alone.
const PLACE: [&CStr; 3] = [c"offset", c"line", c"column"];

static TYPES: [AtomicPtr<ffi::PyTypeObject>; COUNT] = [const { AtomicPtr::new(std::ptr::null_mut()) }; COUNT];

/// The class of a kind of events.
#[inline(always)]
pub fn type_of(kind: Kind) -> *mut ffi::PyTypeObject {
    TYPES[kind as usize].load(Ordering::Relaxed)
}

/// The number of the class of an event.
///
/// # Safety
/// `object` is an event.
unsafe fn index_of(object: Object) -> usize {
    // SAFETY: it is an object.
    let class = unsafe { ffi::Py_TYPE(object) };
    TYPES.iter().position(|known| known.load(Ordering::Relaxed) == class).unwrap_or(Kind::Text as usize)
}

/// The fields of an event.
///
/// # Safety
/// `object` is an event, or memory for one.
#[inline(always)]
pub unsafe fn fields(object: Object) -> *mut Object {
    // SAFETY: every event has at least one field behind the common part.
    unsafe { object.cast::<u8>().add(size_of::<Event>()).cast() }
}

/// A field as a new reference; null with an exception set.
///
/// # Safety
/// The caller is attached; `object` is an event of class `index`, which has such a field.
unsafe fn field(object: Object, index: usize, at: usize) -> Object {
    // SAFETY: the caller's promises; only the dicts of a Start are ever null.
    unsafe {
        if index == Kind::Start as usize && at > 0 {
            return make::dict_of(object.cast(), at == 2);
        }
        let value = *fields(object).add(at);
        ffi::Py_INCREF(value);
        value
    }
}

/// The same, for code that is not in a hurry.
///
/// # Safety
/// `object` is an event.
unsafe fn bound_fields(py: Python<'_>, object: Object) -> PyResult<Vec<Bound<'_, PyAny>>> {
    // SAFETY: attached, as the token says; the caller's promise.
    unsafe {
        let index = index_of(object);
        (0..CLASSES[index].fields.len()).map(|at| Bound::from_owned_ptr_or_err(py, field(object, index, at))).collect()
    }
}

/// Runs what may raise; `failed` is what tells the interpreter that it did.
fn answer<T>(failed: T, work: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
    // SAFETY: the interpreter calls these functions attached.
    let py = unsafe { Python::assume_attached() };
    work(py).unwrap_or_else(|error| {
        error.restore(py);
        failed
    })
}

unsafe extern "C" fn new(class: *mut ffi::PyTypeObject, arguments: Object, keywords: Object) -> Object {
    answer(std::ptr::null_mut(), |py| {
        let index = TYPES.iter().position(|known| known.load(Ordering::Relaxed) == class);
        let index = index.ok_or_else(|| PyTypeError::new_err("an event's class can't be subclassed"))?;
        // SAFETY: what the interpreter hands to `tp_new`: a tuple, and a dict or null.
        let (arguments, keywords) = unsafe {
            let arguments = Bound::from_borrowed_ptr(py, arguments).cast_into_unchecked::<PyTuple>();
            let keywords =
                Bound::from_borrowed_ptr_or_opt(py, keywords).map(|dict| dict.cast_into_unchecked::<PyDict>());
            (arguments, keywords)
        };
        let (values, place) = read_arguments(&CLASSES[index], index, &arguments, keywords.as_ref())?;
        // SAFETY: attached; the new object is zeroed, has room for the fields of its class and takes their references.
        unsafe {
            let object = Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class, 0))?;
            let event = object.as_ptr().cast::<Event>();
            ((*event).offset, (*event).line, (*event).column) = place;
            for (at, value) in values.into_iter().enumerate() {
                *fields(object.as_ptr()).add(at) = value.into_ptr();
            }
            Ok(object.into_ptr())
        }
    })
}

type Read<'py> = (Vec<Bound<'py, PyAny>>, (u64, u64, u64));

/// The fields and the place that a constructor is given.
fn read_arguments<'py>(
    class: &Class,
    index: usize,
    arguments: &Bound<'py, PyTuple>,
    keywords: Option<&Bound<'py, PyDict>>,
) -> PyResult<Read<'py>> {
    let py = arguments.py();
    let name = class.name.to_string_lossy();
    let name = name.rsplit('.').next().unwrap_or_default();
    let count = class.fields.len();
    if arguments.len() > count {
        let message = format!("{name}() takes at most {count} positional arguments ({} given)", arguments.len());
        return Err(PyTypeError::new_err(message));
    }
    let mut given: Vec<Option<Bound<'py, PyAny>>> = vec![None; count + PLACE.len()];
    for (slot, value) in given.iter_mut().zip(arguments) {
        *slot = Some(value);
    }
    for (keyword, value) in keywords.into_iter().flatten() {
        let keyword = keyword.cast::<PyString>()?;
        let at = class
            .fields
            .iter()
            .chain(&PLACE)
            .position(|known| keyword.to_str().is_ok_and(|k| k.as_bytes() == known.to_bytes()));
        match at {
            None => {
                return Err(PyTypeError::new_err(format!(
                    "{name}() got an unexpected keyword argument {}",
                    keyword.repr()?
                )));
            }
            Some(at) if given[at].is_some() => {
                return Err(PyTypeError::new_err(format!(
                    "{name}() got multiple values for argument {}",
                    keyword.repr()?
                )));
            }
            Some(at) => given[at] = Some(value),
        }
    }
    let place = given.split_off(count);
    let mut values = Vec::with_capacity(count);
    for (at, value) in given.into_iter().enumerate() {
        let value = value.filter(|value| at < class.required || !value.is_none());
        let field = class.fields[at].to_string_lossy();
        let value = match value {
            None if at < class.required => {
                return Err(PyTypeError::new_err(format!("{name}() missing required argument '{field}'")));
            }
            Some(mapping) if index == Kind::Start as usize && at > 0 => copy_of(&mapping)?.into_any(),
            None if index == Kind::Start as usize => fallible::dict(py)?.into_any(),
            Some(text) if text.is_instance_of::<PyString>() => text,
            Some(other) => {
                return Err(PyTypeError::new_err(format!("{field} must be a str, not {}", other.get_type().name()?)));
            }
            None if index == Kind::Pi as usize => fallible::text(py, "")?,
            None => py.None().into_bound(py),
        };
        values.push(value);
    }
    let number = |at: usize, default: u64| match &place[at] {
        None => Ok(default),
        Some(value) => value.extract::<u64>().map_err(|error| {
            if error.is_instance_of::<PyTypeError>(py) {
                return error;
            }
            PyValueError::new_err(format!("{} must not be negative", PLACE[at].to_string_lossy()))
        }),
    };
    Ok((values, (number(0, 0)?, number(1, 1)?, number(2, 1)?)))
}

/// A dict of its own, of strs.
fn copy_of<'py>(mapping: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    let dict = fallible::dict(mapping.py())?;
    dict.as_any().call_method1(pyo3::intern!(mapping.py(), "update"), (mapping,))?;
    for (key, value) in &dict {
        if !key.is_instance_of::<PyString>() || !value.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err("names and values must be strs"));
        }
    }
    Ok(dict)
}

unsafe extern "C" fn deallocate(object: Object) {
    // SAFETY: the interpreter calls this once for an event that nobody refers to; it owns its fields, and memory that
    // `PyObject_Malloc` gave, and counts as an instance of its class.
    unsafe {
        let class = ffi::Py_TYPE(object);
        let index = index_of(object);
        if index == Kind::Start as usize {
            make::unpack_names(object.cast());
        }
        for at in 0..CLASSES[index].fields.len() {
            ffi::Py_XDECREF(*fields(object).add(at));
        }
        ffi::PyObject_Free(object.cast());
        ffi::Py_DECREF(class.cast());
    }
}

unsafe extern "C" fn repr(object: Object) -> Object {
    answer(std::ptr::null_mut(), |py| {
        // SAFETY: the interpreter calls this with an event.
        let (class, event, values) =
            unsafe { (&CLASSES[index_of(object)], &*object.cast::<Event>(), bound_fields(py, object)?) };
        let mut text = format!("{}(", class.name.to_string_lossy().rsplit('.').next().unwrap_or_default());
        for (name, value) in class.fields.iter().zip(&values) {
            let value = value.repr()?;
            text += &format!("{}={}, ", name.to_string_lossy(), value.to_string_lossy());
        }
        text += &format!("offset={}, line={}, column={})", event.offset, event.line, event.column);
        Ok(fallible::text(py, &text)?.into_ptr())
    })
}

unsafe extern "C" fn compare(one: Object, other: Object, how: c_int) -> Object {
    answer(std::ptr::null_mut(), |py| {
        // SAFETY: the interpreter calls this with an event and any object.
        unsafe {
            let wanted = match how {
                ffi::Py_EQ => true,
                ffi::Py_NE => false,
                _ => return Ok(py.NotImplemented().into_ptr()),
            };
            if ffi::Py_TYPE(one) != ffi::Py_TYPE(other) {
                return Ok(py.NotImplemented().into_ptr());
            }
            let pairs = bound_fields(py, one)?.into_iter().zip(bound_fields(py, other)?);
            for (mine, theirs) in pairs {
                if !mine.eq(theirs)? {
                    return Ok(fallible::truth(py, !wanted).into_ptr());
                }
            }
            Ok(fallible::truth(py, wanted).into_ptr())
        }
    })
}

unsafe extern "C" fn hash(object: Object) -> ffi::Py_hash_t {
    answer(-1, |py| {
        // SAFETY: the interpreter calls this with an event.
        let (index, values) = unsafe { (index_of(object), bound_fields(py, object)?) };
        let mut mixed = index as isize;
        for value in values {
            mixed = mixed.wrapping_mul(1_000_003).wrapping_add(value.hash()?);
        }
        Ok(if mixed == -1 { -2 } else { mixed })
    })
}

/// For copies and pickles: what the constructor is to be called with.
unsafe extern "C" fn arguments_of(object: Object, _: Object) -> Object {
    answer(std::ptr::null_mut(), |py| {
        // SAFETY: the interpreter calls this with an event.
        let (event, values) = unsafe { (&*object.cast::<Event>(), bound_fields(py, object)?) };
        let place = fallible::dict(py)?;
        for (name, number) in [("offset", event.offset), ("line", event.line), ("column", event.column)] {
            fallible::put_int(&place, name, number)?;
        }
        let values = PyTuple::new(py, values)?;
        Ok(fallible::tuple(py, [values.into_any(), place.into_any()])?.into_ptr())
    })
}

/// The getter of a Start's dicts; `closure` is null for the attributes.
unsafe extern "C" fn dict(object: Object, closure: *mut c_void) -> Object {
    // SAFETY: the interpreter calls this attached, with a Start.
    unsafe { make::dict_of(object.cast(), !closure.is_null()) }
}

/// A table that the type keeps pointing to.
fn kept<T>(table: Vec<T>) -> *mut c_void {
    Box::leak(table.into_boxed_slice()).as_mut_ptr().cast()
}

fn make_type<'py>(py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyAny>> {
    let class = &CLASSES[index];
    let start = index == Kind::Start as usize;
    let mut members = Vec::new();
    let mut getters = Vec::new();
    for (at, name) in class.fields.iter().enumerate() {
        if start && at > 0 {
            getters.push(ffi::PyGetSetDef {
                name: name.as_ptr(),
                get: Some(dict),
                set: None,
                doc: std::ptr::null(),
                closure: std::ptr::without_provenance_mut(at - 1),
            });
        } else {
            let offset = size_of::<Event>() + at * size_of::<Object>();
            members.push(member(name, ffi::Py_T_OBJECT_EX, offset));
        }
    }
    let places =
        [std::mem::offset_of!(Event, offset), std::mem::offset_of!(Event, line), std::mem::offset_of!(Event, column)];
    members.extend(PLACE.iter().zip(places).map(|(name, offset)| member(name, ffi::Py_T_ULONGLONG, offset)));
    members.push(ffi::PyMemberDef::default());
    getters.push(ffi::PyGetSetDef::default());
    let methods = vec![
        ffi::PyMethodDef {
            ml_name: c"__getnewargs_ex__".as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: arguments_of },
            ml_flags: ffi::METH_NOARGS,
            ml_doc: std::ptr::null(),
        },
        ffi::PyMethodDef::zeroed(),
    ];
    let hash = if start { ffi::PyObject_HashNotImplemented as *mut c_void } else { hash as *mut c_void };
    let slot = |slot: c_int, pfunc: *mut c_void| ffi::PyType_Slot { slot, pfunc };
    let mut slots = [
        slot(ffi::Py_tp_doc, class.doc.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_new, new as *mut c_void),
        slot(ffi::Py_tp_dealloc, deallocate as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_tp_richcompare, compare as *mut c_void),
        slot(ffi::Py_tp_hash, hash),
        slot(ffi::Py_tp_members, kept(members)),
        slot(ffi::Py_tp_getset, kept(getters)),
        slot(ffi::Py_tp_methods, kept(methods)),
        slot(0, std::ptr::null_mut()),
    ];
    let size = if start { size_of::<Start>() } else { size_of::<Event>() + class.fields.len() * size_of::<Object>() };
    let mut spec = ffi::PyType_Spec {
        name: class.name.as_ptr(),
        basicsize: size as c_int,
        itemsize: 0,
        flags: ffi::Py_TPFLAGS_DEFAULT as c_uint,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: attached; the spec's tables end with zeros and live as long as the process, what it copies for the call. The
    // functions have the signatures of their slots, the members lie within the basic size.
    let made = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyType_FromSpec(&raw mut spec)) }?;
    let names =
        class.fields.iter().map(|name| fallible::text(py, &name.to_string_lossy())).collect::<PyResult<Vec<_>>>()?;
    made.setattr("__match_args__", PyTuple::new(py, names)?)?;
    // SAFETY: it is a type that nobody else has yet; from here on it is as static types are.
    unsafe { (*made.as_ptr().cast::<ffi::PyTypeObject>()).tp_flags |= ffi::Py_TPFLAGS_IMMUTABLETYPE };
    Ok(made)
}

fn member(name: &CStr, type_code: c_int, offset: usize) -> ffi::PyMemberDef {
    ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code,
        offset: offset.cast_signed(),
        flags: ffi::Py_READONLY,
        doc: std::ptr::null(),
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for (index, class) in CLASSES.iter().enumerate() {
        let made = make_type(module.py(), index)?;
        module.add(class.name.to_string_lossy().rsplit('.').next().unwrap_or_default(), &made)?;
        // The module's reference is for users; this one is for the process.
        TYPES[index].store(made.into_ptr().cast(), Ordering::Relaxed);
    }
    Ok(())
}
