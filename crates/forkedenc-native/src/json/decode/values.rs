//! The builders that the native faces build with, one for each kind of target, and how their failures become exceptions.

use forkedenc_core::error::Error;
use forkedenc_core::json::Builder;
use pyo3::prelude::*;

use super::decoder::FACE;
use super::objects::ObjectBuilder;
use super::session::{Buffers, Options, raise};
use super::typed::{PlanObject, TypedBuilder};
use crate::gc::Pause;
use crate::schema::{Refusal, Trouble};
use crate::{errors, fallible};

/// A builder of Python values.
pub trait Values: Builder {
    /// The finished document.
    fn finished<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>>;
    fn objects(&mut self) -> &mut ObjectBuilder;
    /// Why a value does not fit.
    fn trouble(&mut self) -> Option<Trouble>;
    /// Gives the stacks back, empty, for the next builder.
    fn give_back(&mut self, buffers: &mut Buffers);
}

impl Values for ObjectBuilder {
    #[inline(always)]
    fn finished<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.take(py)
    }
    fn objects(&mut self) -> &mut ObjectBuilder {
        self
    }
    fn trouble(&mut self) -> Option<Trouble> {
        None
    }
    #[inline(always)]
    fn give_back(&mut self, buffers: &mut Buffers) {
        buffers.values = self.release();
    }
}

impl<const TEXT: bool> Values for TypedBuilder<TEXT> {
    fn finished<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.take(py)
    }
    fn objects(&mut self) -> &mut ObjectBuilder {
        &mut self.objects
    }
    fn trouble(&mut self) -> Option<Trouble> {
        self.take_trouble()
    }
    #[inline(always)]
    fn give_back(&mut self, buffers: &mut Buffers) {
        self.abandon();
        buffers.values = self.objects.release();
        buffers.frames = self.release_frames();
    }
}

/// What documents are decoded to.
pub struct Target {
    plan: Option<Py<PlanObject>>,
    hook: Option<Py<PyAny>>,
}

impl Target {
    /// Plain values.
    pub const ANY: Self = Self { plan: None, hook: None };

    pub fn new(plan: Option<Py<PlanObject>>, hook: Option<Py<PyAny>>) -> Self {
        Self { plan, hook }
    }

    /// Code of the caller's may run during a decode.
    pub fn runs_python(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.get().typed.runs_python)
    }

    /// The collector held back, where no code of the caller's can run.
    pub fn pause(&self, py: Python<'_>, bytes: usize) -> Option<Pause> {
        (!self.runs_python()).then(|| Pause::for_bytes(py, bytes))
    }

    /// Calls `work` with the builder for one document, on stacks of `buffers`, which get them back from it.
    #[inline(always)]
    pub fn with<T>(&self, py: Python<'_>, options: &Options, buffers: &mut Buffers, work: impl Work<T>) -> T {
        match &self.plan {
            None => work.run(options.builder(py, std::mem::take(&mut buffers.values)), buffers),
            Some(plan) if plan.get().typed.number_text => self.with_typed::<true, T>(py, options, plan, buffers, work),
            Some(plan) => self.with_typed::<false, T>(py, options, plan, buffers, work),
        }
    }

    #[inline(never)]
    fn with_typed<const TEXT: bool, T>(
        &self,
        py: Python<'_>,
        options: &Options,
        plan: &Py<PlanObject>,
        buffers: &mut Buffers,
        work: impl Work<T>,
    ) -> T {
        let objects = options.builder(py, std::mem::take(&mut buffers.values));
        let frames = std::mem::take(&mut buffers.frames);
        let hook = self.hook.as_ref();
        work.run(TypedBuilder::<TEXT>::new(py, objects, frames, plan, hook, options), buffers)
    }

    /// The builder for a stream of documents.
    pub fn builder(&self, py: Python<'_>, options: &Options) -> AnyBuilder {
        let objects = options.builder(py, Vec::new());
        match &self.plan {
            None => AnyBuilder::Plain(objects),
            Some(plan) if plan.get().typed.number_text => {
                let builder = TypedBuilder::new(py, objects, Vec::new(), plan, self.hook.as_ref(), options);
                AnyBuilder::Text(Box::new(builder))
            }
            Some(plan) => {
                let builder = TypedBuilder::new(py, objects, Vec::new(), plan, self.hook.as_ref(), options);
                AnyBuilder::Typed(Box::new(builder))
            }
        }
    }

    pub fn clone_ref(&self, py: Python<'_>) -> Self {
        let plan = self.plan.as_ref().map(|plan| plan.clone_ref(py));
        Self { plan, hook: self.hook.as_ref().map(|hook| hook.clone_ref(py)) }
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.plan)?;
        visit.call(&self.hook)
    }
}

/// What is done with a builder, whichever it is.
pub trait Work<T> {
    fn run<B: Values>(self, builder: B, buffers: &mut Buffers) -> T;
}

/// The builder of a stream.
pub enum AnyBuilder {
    Plain(ObjectBuilder),
    Typed(Box<TypedBuilder<false>>),
    Text(Box<TypedBuilder<true>>),
}

/// Does the same with the builder, whichever it is.
macro_rules! with_builder {
    ($any:expr, $builder:ident => $work:expr) => {
        match $any {
            $crate::json::decode::values::AnyBuilder::Plain($builder) => $work,
            $crate::json::decode::values::AnyBuilder::Typed(boxed) => {
                let $builder = &mut **boxed;
                $work
            }
            $crate::json::decode::values::AnyBuilder::Text(boxed) => {
                let $builder = &mut **boxed;
                $work
            }
        }
    };
}
pub(super) use with_builder;

impl AnyBuilder {
    pub fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(match self {
            Self::Plain(builder) => Self::Plain(builder.fork(py)?),
            Self::Typed(builder) => Self::Typed(Box::new(builder.fork(py)?)),
            Self::Text(builder) => Self::Text(Box::new(builder.fork(py)?)),
        })
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Typed(builder) => builder.visit(visit),
            Self::Text(builder) => builder.visit(visit),
        }
    }
}

/// The exception of a failed decode of the native faces.
#[cold]
pub fn failure<B: Values>(py: Python<'_>, error: &Error, builder: &mut B) -> PyErr {
    match builder.trouble() {
        Some(Trouble::Refused(refusal)) => refused(py, error, *refusal),
        Some(Trouble::Raised(raised)) => raised,
        None => raise(py, FACE, error, Some(builder.objects()), None),
    }
}

/// A ValidationError.
fn refused(py: Python<'_>, error: &Error, refusal: Refusal) -> PyErr {
    let make = || {
        let detail = fallible::dict(py)?;
        fallible::put_text(&detail, "expected", &refusal.expected)?;
        fallible::put_text(&detail, "actual", &refusal.actual)?;
        Ok(detail)
    };
    let place = error.place;
    let raised = match make() {
        Ok(detail) => {
            errors::raise(py, FACE, "validation", place.offset, place.line, place.column, &error.path, detail)
        }
        Err(failed) => failed,
    };
    if let Some(cause) = refusal.cause {
        raised.set_cause(py, Some(cause));
    }
    raised
}
