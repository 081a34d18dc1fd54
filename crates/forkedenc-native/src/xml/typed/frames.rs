//! What a typed decode holds between two events: its open elements, and beside them the values, nodes and text that they have so
//! far, each on a stack of its own. Nothing here recurses, and a copy of the stacks is a copy of the decode.

use std::collections::HashMap;

use forkedenc_core::limits::Limit;
use forkedenc_core::position::Place;
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::plan::Plan;
use crate::schema::Trouble;

pub type Object = *mut ffi::PyObject;

/// Stacks past this are not kept.
const MANY: usize = 8192;
const BIG: usize = 64 << 10;

/// What becomes of an open element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// An instance.
    Instance,
    /// A value, of its text.
    Text,
    /// An element of a rest.
    Node,
}

/// An open element.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    pub what: What,
    /// Of an instance its own shape, of a text that of the instance it is in.
    pub shape: u32,
    /// The field of the instance around it that its value is for.
    pub field: u32,
    /// The place among the shape's children that the next one most likely has.
    pub expected: u32,
    /// The tally of the rest that its content is charged to.
    pub owner: u32,
    /// Where its own part of each stack begins.
    pub values: usize,
    pub nodes: usize,
    pub texts: usize,
    /// Where its tag starts.
    pub place: Place,
}

/// What one rest has gathered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub members: u64,
    pub bytes: u64,
}

/// Why a decode failed, where the document itself is well-formed.
pub enum Reason {
    Trouble(Trouble),
    Limit {
        limit: Limit,
        maximum: u64,
        observed: u64,
    },
    /// A reference to an entity that is not read.
    Undefined(String),
}

pub struct Failure {
    pub reason: Reason,
    pub place: Place,
    /// What the path has behind the element.
    pub inside: String,
}

/// Names by the numbers of a table of names: 0 for one that was not asked for yet, 1 for one that no class claims, else the
/// plan's number of it and two.
#[derive(Default)]
pub struct Known {
    pub generation: u64,
    pub numbers: Vec<u32>,
}

/// A decode between two events. To be dropped by who is attached to the interpreter.
#[derive(Default)]
pub struct Frames {
    pub open: Vec<Frame>,
    /// For each open instance one value for each of its fields, null for what has not come yet. Owned.
    pub values: Vec<Object>,
    /// For each open instance that keeps its content, and each open element of a rest, what it has so far; before the latter its
    /// name and its attributes. Owned.
    pub nodes: Vec<Object>,
    pub texts: Vec<u8>,
    pub tallies: Vec<Tally>,
    /// The run of text that is open in the innermost element: where it starts in `texts`, and in the document.
    pub run: Option<(usize, Place)>,
    /// Elements open in a part that is passed by.
    pub skipped: u64,
    /// Elements open around the next value, and how many of them are on the way to it.
    pub outside: u64,
    pub matched: usize,
    /// Values that nobody has taken yet. Owned.
    pub done: Vec<Object>,
    pub known: Known,
    pub scratch: Vec<u8>,
    /// Marks of children with a prefix, by shape, field and the prefix's number. Owned.
    pub marks: HashMap<(u32, u32, u32), Object>,
    pub failure: Option<Failure>,
}

// SAFETY: the pointers are owned references, which any thread that holds the interpreter's lock may use.
unsafe impl Send for Frames {}

impl Drop for Frames {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Frames {
    /// Lets go of all that is held; what was learnt of names stays.
    pub fn forget(&mut self) {
        self.open.clear();
        self.texts.clear();
        self.tallies.clear();
        (self.run, self.skipped, self.outside, self.matched) = (None, 0, 0, 0);
        let (values, nodes, done) =
            (std::mem::take(&mut self.values), std::mem::take(&mut self.nodes), std::mem::take(&mut self.done));
        let marks = std::mem::take(&mut self.marks);
        // A finalizer may run now.
        for object in values.into_iter().chain(nodes).chain(done).chain(marks.into_values()) {
            // SAFETY: attached, by the type's contract; the references are the stacks'.
            unsafe { ffi::Py_XDECREF(object) };
        }
    }

    /// Small enough to be kept for the next decode.
    pub fn is_handy(&self) -> bool {
        self.open.capacity().max(self.known.numbers.len()) <= MANY && self.texts.capacity() <= BIG
    }

    /// A copy that goes on by itself. Lists and attributes of open elements are copied too; what is complete is shared.
    pub fn fork(&self, py: Python<'_>, plan: &Plan) -> PyResult<Self> {
        let mut fork = Self::default();
        fork.open = copied(&self.open)?;
        fork.texts = copied(&self.texts)?;
        fork.tallies = copied(&self.tallies)?;
        (fork.run, fork.skipped) = (self.run, self.skipped);
        (fork.outside, fork.matched) = (self.outside, self.matched);
        let attributes = plan.nodes.attributes.as_ptr().cast::<ffi::PyTypeObject>();
        for (from, to) in
            [(&self.values, &mut fork.values), (&self.nodes, &mut fork.nodes), (&self.done, &mut fork.done)]
        {
            to.try_reserve(from.len()).map_err(|_| PyMemoryError::new_err(()))?;
            for object in from {
                // SAFETY: attached; null or alive. Whatever the copy fails at, the new stacks own what they hold.
                unsafe {
                    let copy = if object.is_null() {
                        *object
                    } else if ffi::PyList_CheckExact(*object) != 0 {
                        ffi::PyList_GetSlice(*object, 0, ffi::PyList_GET_SIZE(*object))
                    } else if ffi::Py_TYPE(*object) == attributes {
                        Bound::from_borrowed_ptr(py, *object).call_method0("copy")?.into_ptr()
                    } else {
                        ffi::Py_NewRef(*object)
                    };
                    if copy.is_null() && !object.is_null() {
                        return Err(PyErr::fetch(py));
                    }
                    to.push(copy);
                }
            }
        }
        Ok(fork)
    }

    /// For the collector.
    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        // SAFETY: null or an owned reference, only lent; a `Py` has the layout of a pointer that is not null.
        let visited = |object: &Object| unsafe { visit.call(&*(&raw const *object).cast::<Option<Py<PyAny>>>()) };
        self.values.iter().chain(&self.nodes).chain(&self.done).chain(self.marks.values()).try_for_each(visited)
    }
}

fn copied<T: Copy>(items: &[T]) -> PyResult<Vec<T>> {
    let mut copy = Vec::new();
    copy.try_reserve(items.len()).map_err(|_| PyMemoryError::new_err(()))?;
    copy.extend_from_slice(items);
    Ok(copy)
}
