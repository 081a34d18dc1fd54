//! Holding the cyclic collector back while a document is built: what is half built is no garbage.

use pyo3::ffi;
use pyo3::prelude::*;

/// The collector is off while this lives, and as before afterwards. Only where no Python code can run meanwhile.
pub struct Pause {
    was_on: bool,
}

/// A document of fewer bytes can't hold enough containers to be worth it.
const WORTHWHILE: usize = 2048;

impl Pause {
    /// For a document of so many bytes.
    #[inline]
    pub fn for_bytes(py: Python<'_>, bytes: usize) -> Self {
        if bytes < WORTHWHILE { Self { was_on: false } } else { Self::new(py) }
    }

    #[inline]
    pub fn new(_: Python<'_>) -> Self {
        // SAFETY: attached.
        Self { was_on: unsafe { ffi::PyGC_Disable() } == 1 }
    }
}

impl Drop for Pause {
    #[inline]
    fn drop(&mut self) {
        if self.was_on {
            // SAFETY: attached: a pause never outlives the call that made it.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}
