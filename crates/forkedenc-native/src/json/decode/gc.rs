//! Holding the cyclic collector back while a document is built: what is half built is no garbage.

use pyo3::ffi;
use pyo3::prelude::*;

/// The collector is off while this lives, and as before afterwards. Only where no Python code can run meanwhile.
pub struct Pause {
    was_on: bool,
}

impl Pause {
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
