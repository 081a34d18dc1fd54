//! Checks a document and builds nothing: the engine of `forkedenc check`.

use std::sync::{Mutex, MutexGuard};

use forkedenc_core::xml::{Flow, Null, Parser};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::options::{Face, options};
use super::raise::raise;
use super::session::{Kept, with_chunk};
use crate::runtime::stats_object;

/// A parse and its buffer.
struct Check {
    parser: Parser,
    buffer: Vec<u8>,
}

/// Checks one XML document fed in chunks. Other threads run meanwhile.
#[pyclass(frozen, module = "forkedenc._native", name = "XmlChecker")]
struct XmlChecker {
    check: Mutex<Check>,
}

impl XmlChecker {
    fn lock(&self) -> PyResult<MutexGuard<'_, Check>> {
        self.check.try_lock().map_err(|_| PyRuntimeError::new_err("the checker is in use by another thread"))
    }

    fn read(&self, py: Python<'_>, bytes: &[u8], last: bool) -> PyResult<()> {
        let mut guard = self.lock()?;
        let Check { parser, buffer } = &mut *guard;
        parser.stack_mut().resume();
        // No object is touched: other threads may run.
        let flow = py.detach(|| parser.feed(&mut Null, bytes, buffer, last));
        parser.note_depth();
        if !last && flow == Flow::NeedMore {
            parser.stack_mut().suspend();
        }
        match parser.error().filter(|_| flow == Flow::Failed) {
            None => Ok(()),
            Some(error) => Err(raise(py, "xml", error)),
        }
    }
}

#[pymethods]
impl XmlChecker {
    #[new]
    #[pyo3(signature = (limits=None, dtd="internal", encodings=None))]
    fn new(
        py: Python<'_>,
        limits: Option<&Bound<'_, PyAny>>,
        dtd: &str,
        encodings: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let options = options(Face::OWN, limits, Some(dtd), true, encodings, None)?;
        let Kept { names, buffer, .. } = Kept::take(py);
        let parser = Parser::new(&options, names, 0);
        Ok(Self { check: Mutex::new(Check { parser, buffer }) })
    }

    /// Feed a chunk; the number of documents that are complete now, which is none before the end.
    fn feed(&self, data: &Bound<'_, PyAny>) -> PyResult<u64> {
        with_chunk(data, |bytes| self.read(data.py(), bytes, false)).map(|()| 0)
    }

    /// End the document; one is complete now.
    fn close(&self, py: Python<'_>) -> PyResult<u64> {
        self.read(py, b"", true).map(|()| 1)
    }

    /// What this parse has counted: a forkedenc.runtime.Stats.
    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        stats_object(py, &self.lock()?.parser.stack().stats())
    }

    /// Elements open now.
    #[getter]
    fn depth(&self) -> PyResult<u64> {
        Ok(self.lock()?.parser.depth())
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<XmlChecker>()
}
