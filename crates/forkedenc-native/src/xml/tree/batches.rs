//! What `iterparse` iterates by: items that come in lists, one by one.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

/// Gives out the items of lists; a subclass makes the lists: its `_more()` gives the next one, or None at the end.
#[pyclass(subclass, module = "forkedenc._native", name = "Batches")]
#[derive(Default)]
struct Batches {
    batch: Option<Py<PyList>>,
    at: isize,
}

impl Batches {
    #[inline]
    fn next(&mut self, py: Python<'_>) -> Option<Py<PyAny>> {
        let list = self.batch.as_ref()?.as_ptr();
        // SAFETY: attached; a list, whose item is there; a new reference to it is made.
        unsafe {
            if self.at >= ffi::PyList_GET_SIZE(list) {
                return None;
            }
            let item = Bound::from_borrowed_ptr(py, ffi::PyList_GET_ITEM(list, self.at)).unbind();
            self.at += 1;
            Some(item)
        }
    }
}

#[pymethods]
impl Batches {
    /// The arguments are the subclass's.
    #[new]
    #[pyo3(signature = (*_arguments))]
    fn new(_arguments: &Bound<'_, PyTuple>) -> Self {
        Self::default()
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        let py = slf.py();
        loop {
            if let Some(item) = slf.try_borrow_mut()?.next(py) {
                return Ok(Some(item));
            }
            // Not borrowed meanwhile: this is Python code, and so may be what the old list lets go of.
            let old = slf.try_borrow_mut()?.batch.take();
            drop(old);
            let more = slf.call_method0(pyo3::intern!(py, "_more"))?;
            if more.is_none() {
                return Ok(None);
            }
            let list = more.cast_into::<PyList>()?.unbind();
            let old = {
                let mut this = slf.try_borrow_mut()?;
                this.at = 0;
                this.batch.replace(list)
            };
            drop(old);
        }
    }

    /// Lets go of the list at hand.
    fn _drop(slf: &Bound<'_, Self>) -> PyResult<()> {
        let old = slf.try_borrow_mut()?.batch.take();
        // Not borrowed any more: what is let go of may be Python code.
        drop(old);
        Ok(())
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.batch)
    }

    fn __clear__(&mut self) {
        self.batch = None;
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Batches>()
}
