//! What a parser with handlers shows while it parses: its handlers, its switches, and where the event being told stands.
//!
//! A handler is Python code. It may set other handlers, ask for the place, or let another thread run that does. So all
//! of this is shared: handlers behind a lock that is never held while Python code runs, switches in atomics, with a
//! number that changes whenever one of them does. The sink compares that number at each event and looks only then.

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use forkedenc_core::position::Place;
use forkedenc_core::xml::Context;
use pyo3::ffi;
use pyo3::prelude::*;

/// The kinds of events that can have a handler, in the order of [`NAMES`].
#[derive(Clone, Copy)]
#[repr(usize)]
pub enum Event {
    Start,
    End,
    Text,
    Pi,
    Comment,
    StartCdata,
    EndCdata,
    StartNamespace,
    EndNamespace,
    StartDoctype,
    EndDoctype,
    XmlDeclaration,
    Element,
    Attlist,
    Entity,
    UnparsedEntity,
    Notation,
    ExternalEntity,
    SkippedEntity,
    /// What pyexpat does not have: pieces of the internal subset as written, whoever else is told of them.
    Subset,
}

pub const NAMES: [&str; 20] = [
    "StartElementHandler",
    "EndElementHandler",
    "CharacterDataHandler",
    "ProcessingInstructionHandler",
    "CommentHandler",
    "StartCdataSectionHandler",
    "EndCdataSectionHandler",
    "StartNamespaceDeclHandler",
    "EndNamespaceDeclHandler",
    "StartDoctypeDeclHandler",
    "EndDoctypeDeclHandler",
    "XmlDeclHandler",
    "ElementDeclHandler",
    "AttlistDeclHandler",
    "EntityDeclHandler",
    "UnparsedEntityDeclHandler",
    "NotationDeclHandler",
    "ExternalEntityRefHandler",
    "SkippedEntityHandler",
    "InternalSubsetHandler",
];

pub const COUNT: usize = NAMES.len();

/// Switches, as bits.
pub const BUFFER_TEXT: u32 = 1;
pub const ORDERED_ATTRIBUTES: u32 = 2;
pub const SPECIFIED_ATTRIBUTES: u32 = 4;
pub const NAMESPACE_PREFIXES: u32 = 8;
pub const SWITCHES: [(&str, u32); 4] = [
    ("buffer_text", BUFFER_TEXT),
    ("ordered_attributes", ORDERED_ATTRIBUTES),
    ("specified_attributes", SPECIFIED_ATTRIBUTES),
    ("namespace_prefixes", NAMESPACE_PREFIXES),
];

/// What pyexpat buffers before it calls.
const BUFFER_SIZE: usize = 8192;

/// Objects that the collector has to know of.
pub struct Objects {
    pub handlers: [Option<Py<PyAny>>; COUNT],
    /// What `SetBase` was told.
    pub base: Option<Py<PyAny>>,
    /// SAX's content handler, whose own methods are called for elements.
    pub content: Option<Py<PyAny>>,
}

/// The chunk being read, while a call reads it.
struct Chunk {
    start: *const u8,
    length: usize,
    offset: u64,
}

// SAFETY: the pointer is followed only by a thread that holds the interpreter's lock, while the call that set it reads.
unsafe impl Send for Chunk {}

pub struct Shared {
    objects: Mutex<Objects>,
    version: AtomicU32,
    switches: AtomicU32,
    buffer_size: AtomicUsize,
    /// The context of the event whose handler runs; null otherwise.
    context: AtomicPtr<Context<'static>>,
    chunk: Mutex<Option<Chunk>>,
    /// Where the parse stands between events, or where it failed.
    rest: Mutex<Place>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub fn new() -> Self {
        Self {
            objects: Mutex::new(Objects { handlers: [const { None }; COUNT], base: None, content: None }),
            version: AtomicU32::new(1),
            switches: AtomicU32::new(0),
            buffer_size: AtomicUsize::new(BUFFER_SIZE),
            context: AtomicPtr::new(std::ptr::null_mut()),
            chunk: Mutex::new(None),
            rest: Mutex::new(Place { offset: 0, line: 1, column: 1 }),
        }
    }

    /// Changes with every handler and switch. The interpreter's lock orders it.
    #[inline(always)]
    pub fn version(&self) -> u32 {
        self.version.load(Ordering::Relaxed)
    }

    fn changed(&self) {
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    pub fn switches(&self) -> u32 {
        self.switches.load(Ordering::Relaxed)
    }

    pub fn set_switch(&self, bit: u32, on: bool) {
        if on {
            self.switches.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.switches.fetch_and(!bit, Ordering::Relaxed);
        }
        self.changed();
    }

    pub fn buffer_size(&self) -> usize {
        self.buffer_size.load(Ordering::Relaxed)
    }

    pub fn set_buffer_size(&self, size: usize) {
        self.buffer_size.store(size, Ordering::Relaxed);
    }

    pub fn handler(&self, py: Python<'_>, index: usize) -> Option<Py<PyAny>> {
        lock(&self.objects).handlers[index].as_ref().map(|handler| handler.clone_ref(py))
    }

    /// New references to all handlers, null where there is none.
    pub fn handlers(&self) -> [*mut ffi::PyObject; COUNT] {
        let objects = lock(&self.objects);
        let mut table = [std::ptr::null_mut(); COUNT];
        for (slot, handler) in table.iter_mut().zip(&objects.handlers) {
            if let Some(handler) = handler {
                *slot = handler.as_ptr();
                // SAFETY: attached: only a parse asks, and its sink is made by an attached thread.
                unsafe { ffi::Py_INCREF(*slot) };
            }
        }
        table
    }

    pub fn set_handler(&self, index: usize, handler: Option<Py<PyAny>>) {
        let old = std::mem::replace(&mut lock(&self.objects).handlers[index], handler);
        self.changed();
        // Outside the lock: a finalizer is Python code and may come here again.
        drop(old);
    }

    pub fn content(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.objects).content.as_ref().map(|content| content.clone_ref(py))
    }

    pub fn set_content(&self, content: Option<Py<PyAny>>) {
        let old = std::mem::replace(&mut lock(&self.objects).content, content);
        self.changed();
        drop(old);
    }

    pub fn base(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        lock(&self.objects).base.as_ref().map(|base| base.clone_ref(py))
    }

    pub fn set_base(&self, base: Option<Py<PyAny>>) {
        let old = std::mem::replace(&mut lock(&self.objects).base, base);
        drop(old);
    }

    /// A handler of this event is about to run.
    #[inline(always)]
    pub fn enter(&self, context: &Context<'_>) {
        let context = std::ptr::from_ref(context).cast::<Context<'static>>().cast_mut();
        self.context.store(context, Ordering::Relaxed);
    }

    /// It has run.
    #[inline(always)]
    pub fn leave(&self) {
        self.context.store(std::ptr::null_mut(), Ordering::Relaxed);
    }

    /// Where the event stands whose handler runs; else where the parse stands.
    pub fn place(&self, _: Python<'_>) -> Place {
        let context = self.context.load(Ordering::Relaxed);
        if context.is_null() {
            return *lock(&self.rest);
        }
        // SAFETY: the sink's caller waits for the handler and keeps the context until `leave`; with the interpreter's
        // lock held, nobody else looks, and finding a place runs no Python code.
        unsafe { (*context).place() }
    }

    pub fn set_place(&self, place: Place) {
        *lock(&self.rest) = place;
    }

    /// A call starts to read a chunk, which begins at an offset of the document.
    pub fn begin_chunk(&self, bytes: &[u8], offset: u64) {
        *lock(&self.chunk) = Some(Chunk { start: bytes.as_ptr(), length: bytes.len(), offset });
    }

    pub fn end_chunk(&self) {
        *lock(&self.chunk) = None;
    }

    /// The chunk being read from the event on whose handler runs; `None` outside of handlers. An event that began in an
    /// earlier chunk has all of this one.
    pub fn input(&self, py: Python<'_>) -> Option<Vec<u8>> {
        if self.context.load(Ordering::Relaxed).is_null() {
            return None;
        }
        let place = self.place(py);
        let chunk = lock(&self.chunk);
        let chunk = chunk.as_ref()?;
        let from = usize::try_from(place.offset.saturating_sub(chunk.offset)).unwrap_or(usize::MAX).min(chunk.length);
        // SAFETY: the call that set the chunk is waiting for the handler, and borrows the bytes until `end_chunk`.
        let bytes = unsafe { std::slice::from_raw_parts(chunk.start, chunk.length) };
        Some(bytes[from..].to_vec())
    }

    pub fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        // It is held only while nothing is collected.
        let Ok(objects) = self.objects.try_lock() else { return Ok(()) };
        for handler in &objects.handlers {
            visit.call(handler)?;
        }
        visit.call(&objects.base)?;
        visit.call(&objects.content)
    }

    pub fn clear(&self) {
        let fresh = Objects { handlers: [const { None }; COUNT], base: None, content: None };
        let old = std::mem::replace(&mut *lock(&self.objects), fresh);
        self.changed();
        drop(old);
    }
}
