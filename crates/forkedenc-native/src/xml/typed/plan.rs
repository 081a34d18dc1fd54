//! What a class with XML fields was compiled to: `forkedenc.xml._typed` says it as an `XmlSchema`, which is read here once for
//! each decoder. Names of the plan are numbers, which a parse finds by the numbers that the parser gives names.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

use super::frames::Frames;
use crate::fallible;
use crate::schema::class::{Class, slot_of};
use crate::schema::scalar::Scalar;

/// What no field has claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// To the rests of the class, where it has them.
    Keep,
    Drop,
    Refuse,
}

/// What holds the values of a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Many {
    One,
    List,
    Set,
    FrozenSet,
    Tuple,
}

/// How the text of a value becomes one.
pub enum Value {
    /// As it is.
    Str,
    /// Without rules.
    Int(Scalar),
    Scalar(Scalar),
    /// By the caller's function, which is told this type.
    Hook(Py<PyAny>),
    /// No text, but an instance.
    Instance,
}

pub struct Field {
    /// What errors call it: the name that it claims, or "text".
    pub tag: String,
    pub value: Value,
    pub many: Many,
    /// The mark that says where it stood, for a child without a prefix.
    pub mark: Py<PyAny>,
    pub name: Py<PyString>,
    /// None is a value of it.
    pub optional: bool,
    pub attribute: bool,
}

/// A name that a class claims for a child.
#[derive(Clone, Copy)]
pub struct Claim {
    /// Of the plan's names.
    pub name: u32,
    pub field: u32,
    /// The shape of instances.
    pub shape: u32,
}

pub struct Shape {
    pub class: Class,
    pub fields: Vec<Field>,
    /// In the order of the fields.
    pub children: Vec<Claim>,
    /// The same by name, for binary search: (name, place in `children`).
    by_name: Vec<(u32, u32)>,
    /// By name: (name, field).
    attributes: Vec<(u32, u32)>,
    pub text: Option<u32>,
    /// The places of the rests among the values.
    pub rest_attributes: Option<usize>,
    pub rest_nodes: Option<usize>,
    /// How many values an instance is made of.
    pub width: usize,
    /// A field holds its values in something else than a list.
    pub has_other_containers: bool,
}

impl Shape {
    /// The place among the children of a name of the plan. `expected`: the place that it most likely has.
    #[inline(always)]
    pub fn child(&self, name: u32, expected: usize) -> Option<usize> {
        if let Some(claim) = self.children.get(expected)
            && claim.name == name
        {
            return Some(expected);
        }
        let at = self.by_name.binary_search_by_key(&name, |entry| entry.0).ok()?;
        Some(self.by_name[at].1 as usize)
    }

    /// The field of an attribute.
    #[inline(always)]
    pub fn attribute(&self, name: u32) -> Option<u32> {
        if let [(only, field)] = &*self.attributes {
            return (*only == name).then_some(*field);
        }
        let at = self.attributes.binary_search_by_key(&name, |entry| entry.0).ok()?;
        Some(self.attributes[at].1)
    }
}

/// The classes of what a rest holds.
pub struct Nodes {
    pub attributes: Py<PyType>,
    pub element: Py<PyType>,
    pub claimed: Py<PyAny>,
    /// Bytes from the start of an instance to each slot.
    pub namespaces: isize,
    pub prefix: isize,
    pub prefixes: isize,
    pub element_name: isize,
    pub element_attributes: isize,
    pub element_nodes: isize,
}

impl Nodes {
    fn read(classes: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let attributes = classes.get_item(0)?.cast_into::<PyType>()?;
        let element = classes.get_item(1)?.cast_into::<PyType>()?;
        let slot = |class: &Bound<'_, PyType>, name: &str| {
            slot_of(class, &PyString::intern(class.py(), name))?
                .ok_or_else(|| PyTypeError::new_err(format!("a class of nodes without a slot for {name}")))
        };
        Ok(Self {
            namespaces: slot(&attributes, "namespaces")?,
            prefix: slot(&attributes, "prefix")?,
            prefixes: slot(&attributes, "prefixes")?,
            element_name: slot(&element, "name")?,
            element_attributes: slot(&element, "attributes")?,
            element_nodes: slot(&element, "nodes")?,
            attributes: attributes.unbind(),
            element: element.unbind(),
            claimed: classes.get_item(2)?.unbind(),
        })
    }
}

/// A compiled class.
#[pyclass(frozen, module = "forkedenc._native", name = "XmlPlan")]
pub struct Plan {
    pub root: usize,
    /// The name of the root class's own element.
    pub element: Option<u32>,
    pub shapes: Vec<Shape>,
    /// `{uri}local` to numbers, from 0 on.
    numbers: HashMap<Box<[u8]>, u32>,
    pub unknown: Unknown,
    /// Code of the caller's may run.
    pub runs_python: bool,
    pub nodes: Nodes,
    /// Frames that no decode uses.
    pub spare: Mutex<Option<Box<Frames>>>,
}

impl Plan {
    /// The number of a name, if any class claims it.
    pub fn number(&self, name: &[u8]) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// The name with this number, for errors.
    pub fn name(&self, number: u32) -> String {
        let found = self.numbers.iter().find(|(_, known)| **known == number);
        found.map_or_else(String::new, |(name, _)| String::from_utf8_lossy(name).into_owned())
    }
}

fn numbered(numbers: &mut HashMap<Box<[u8]>, u32>, name: &str) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(name.as_bytes().into()).or_insert(next)
}

fn field_of(field: &Bound<'_, PyAny>, kind: &str, nodes: &Nodes, runs_python: &mut bool) -> PyResult<Field> {
    let py = field.py();
    let tag: String = field.getattr("tag")?.extract()?;
    let node = field.getattr("node")?;
    let value = if node.is_none() {
        Value::Instance
    } else {
        let node = node.cast_into::<PyTuple>()?;
        let first: String = node.get_item(0)?.extract()?;
        if first == "hook" {
            *runs_python = true;
            Value::Hook(node.get_item(1)?.unbind())
        } else {
            let scalar = Scalar::read(&node)?;
            *runs_python |= scalar.runs_python();
            let plain = first == "scalar" && node.get_item(3)?.is_none();
            match node.get_item(1).and_then(|kind| kind.extract::<String>()).as_deref() {
                Ok("str") if plain => Value::Str,
                Ok("int") if plain => Value::Int(scalar),
                _ => Value::Scalar(scalar),
            }
        }
    };
    let many = match field.getattr("many")?.extract::<String>()?.as_str() {
        "" => Many::One,
        "list" => Many::List,
        "set" => Many::Set,
        "frozenset" => Many::FrozenSet,
        "variadic" => Many::Tuple,
        _ => return Err(PyTypeError::new_err("a field of no known kind")),
    };
    let name = field.getattr("name")?.cast_into::<PyString>()?;
    let mark = nodes.claimed.bind(py).call1((&name,))?.unbind();
    let tag = if kind == "text" {
        "text".into()
    } else if kind == "child" && tag.is_empty() {
        let names: Vec<(String, u32)> = field.getattr("shapes")?.extract()?;
        names.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" or ")
    } else {
        tag
    };
    let optional = field.getattr("optional")?.is_truthy()?;
    Ok(Field { tag, value, many, mark, name: name.unbind(), optional, attribute: kind == "attribute" })
}

#[pymethods]
impl Plan {
    /// Reads an `XmlSchema`. `unknown`: "ignore", "error" or None. `nodes`: the classes Attributes, Element and Claimed.
    #[new]
    fn new(schema: &Bound<'_, PyAny>, unknown: Option<&str>, nodes: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let nodes = Nodes::read(nodes)?;
        let mut numbers = HashMap::new();
        let mut runs_python = false;
        let mut shapes = Vec::new();
        let root: usize = schema.getattr("root")?.extract()?;
        let mut element = None;
        for (at, shape) in schema.getattr("shapes")?.try_iter()?.enumerate() {
            let shape = shape?;
            let own: String = shape.getattr("element")?.extract()?;
            if at == root && !own.is_empty() {
                element = Some(numbered(&mut numbers, &own));
            }
            let class = Class::read(&shape.getattr("made")?)?;
            runs_python |= class.runs_python();
            let (mut fields, mut children, mut attributes, mut text) = (Vec::new(), Vec::new(), Vec::new(), None);
            for (at, field) in shape.getattr("fields")?.try_iter()?.enumerate() {
                let (field, at) = (field?, at as u32);
                let kind: String = field.getattr("kind")?.extract()?;
                let tag: String = field.getattr("tag")?.extract()?;
                match kind.as_str() {
                    "attribute" => attributes.push((numbered(&mut numbers, &tag), at)),
                    "text" => text = Some(at),
                    _ => {
                        let names: Vec<(String, u32)> = field.getattr("shapes")?.extract()?;
                        for (name, shape) in &names {
                            children.push(Claim { name: numbered(&mut numbers, name), field: at, shape: *shape });
                        }
                        if names.is_empty() {
                            children.push(Claim { name: numbered(&mut numbers, &tag), field: at, shape: 0 });
                        }
                    }
                }
                fields.push(field_of(&field, &kind, &nodes, &mut runs_python)?);
            }
            attributes.sort_unstable();
            let mut by_name: Vec<_> = children.iter().enumerate().map(|(at, claim)| (claim.name, at as u32)).collect();
            by_name.sort_unstable();
            let mut width = fields.len();
            let mut rest = |name: &str| -> PyResult<Option<usize>> {
                let named = shape.getattr(name)?.is_truthy()?;
                width += usize::from(named);
                Ok(named.then(|| width - 1))
            };
            let (rest_attributes, rest_nodes) = (rest("attributes")?, rest("nodes")?);
            let has_other_containers = fields.iter().any(|field: &Field| !matches!(field.many, Many::One | Many::List));
            // Hashes of values may run code.
            runs_python |= has_other_containers;
            shapes.push(Shape {
                has_other_containers,
                class,
                fields,
                children,
                by_name,
                attributes,
                text,
                rest_attributes,
                rest_nodes,
                width,
            });
        }
        let unknown = match unknown {
            Some("ignore") => Unknown::Drop,
            Some("error") => Unknown::Refuse,
            _ => Unknown::Keep,
        };
        if root >= shapes.len()
            || shapes.iter().flat_map(|shape| &shape.children).any(|claim| claim.shape as usize >= shapes.len())
        {
            return Err(PyTypeError::new_err("a shape that is not there"));
        }
        Ok(Self { root, element, shapes, numbers, unknown, runs_python, nodes, spare: Mutex::new(None) })
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        for shape in &self.shapes {
            shape.class.visit(&visit)?;
            for field in &shape.fields {
                match &field.value {
                    Value::Scalar(scalar) | Value::Int(scalar) => scalar.visit(&visit)?,
                    Value::Hook(kind) => visit.call(kind)?,
                    Value::Str | Value::Instance => {}
                }
            }
        }
        Ok(())
    }
}

/// An instance of a class of nodes with slots alone, all of them empty; null with an exception set.
///
/// # Safety
/// The caller is attached; the class's instances are made by `tp_alloc` alone.
#[inline(always)]
pub unsafe fn blank(class: &Py<PyType>) -> *mut ffi::PyObject {
    // SAFETY: the caller's promises.
    unsafe {
        let class = class.as_ptr().cast::<ffi::PyTypeObject>();
        match (*class).tp_alloc {
            Some(allocate) => allocate(class, 0),
            None => ffi::PyErr_NoMemory(),
        }
    }
}

/// Puts a reference, which is taken over, in the slot of a new object.
///
/// # Safety
/// The offset is that of an empty slot of the object.
#[inline(always)]
pub unsafe fn put(object: *mut ffi::PyObject, offset: isize, value: *mut ffi::PyObject) {
    // SAFETY: the caller's promise.
    unsafe { *object.cast::<u8>().offset(offset).cast::<*mut ffi::PyObject>() = value };
}

/// What `forkedenc.xml` registered: what compiles classes, and what reads paths.
static REGISTERED: Mutex<Option<(Py<PyAny>, Py<PyAny>)>> = Mutex::new(None);

/// Take `compile(type, unknown, hook)`, which gives an XmlPlan, and `steps(at, namespaces)`, which gives a tuple of names.
#[pyfunction]
fn register_xml_compiler(compile: Py<PyAny>, steps: Py<PyAny>) {
    let old = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner).replace((compile, steps));
    // Outside the lock: the last reference may run code.
    drop(old);
}

fn registered(py: Python<'_>) -> PyResult<(Py<PyAny>, Py<PyAny>)> {
    let guard = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    let found = guard.as_ref().map(|(compile, steps)| (compile.clone_ref(py), steps.clone_ref(py)));
    found.ok_or_else(|| PyTypeError::new_err("forkedenc._native was imported without forkedenc.xml"))
}

/// The plan of a class.
pub fn compile(kind: &Bound<'_, PyAny>, unknown: Option<&str>, hook: bool) -> PyResult<Py<Plan>> {
    let py = kind.py();
    let plan = registered(py)?.0.bind(py).call1((kind, unknown, fallible::truth(py, hook)))?;
    Ok(plan.cast_into::<Plan>()?.unbind())
}

/// The names of `at=`.
pub fn steps(at: &Bound<'_, PyAny>, namespaces: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<Option<Box<[u8]>>>> {
    let py = at.py();
    let names: Vec<String> = registered(py)?.1.bind(py).call1((at, namespaces))?.extract()?;
    Ok(names.into_iter().map(|name| Some(name.into_bytes().into())).collect())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Plan>()?;
    module.add_function(wrap_pyfunction!(register_xml_compiler, module)?)
}
