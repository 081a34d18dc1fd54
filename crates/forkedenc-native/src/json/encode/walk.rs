//! The walk over a Python value: an explicit coroutine that hands tokens to the core's writer.
//!
//! The container being written is `Open`, in registers; those around it are frames on the runtime's stack, one word
//! each: a kind, a flag and a position. The objects that the frames speak of are held beside, in `held`, the
//! innermost last. Python code runs in few places (`default()`, a custom string encoder, `items()` and `__iter__` of
//! subclasses, the comparisons of a sort); whatever lives across one of them is held by a reference, and every position
//! is checked against the container as it is when it is read.
//!
//! Failures are kept as numbers in `trouble`; `error` makes exceptions of them. Next: `open`.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr::null_mut;

use forkedenc_core::json::encode::{Failure, Writer};
use forkedenc_core::limits::Limit;
use forkedenc_runtime::{Overflow, Stack, stress};
use pyo3::ffi;

use super::layout::{Layout, layout};
use super::leaf::is_key;
use super::options::{COMPACT, Face, GENERAL, Options, SPACED};
use crate::schema::Refusal;

/// Why the walk ended early.
#[derive(Debug)]
pub enum Trouble {
    /// Python code raised; the exception is set.
    Raised,
    /// The writer failed.
    Writer(Failure),
    Limit {
        limit: Limit,
        maximum: u64,
        observed: u64,
    },
    Circular,
    /// `culprit` is a float, or a Decimal, that JSON has no number for.
    NotFinite,
    NotSerializable,
    InvalidKey,
    /// `items()` gave something else than pairs.
    NotPairs,
    /// A field of an instance is not set; `culprit` is its name. An AttributeError may be set, which is the cause.
    Missing,
    /// A member of a rest is called as a field; `culprit` is its key.
    RestClash,
    /// `culprit` is kept as a rest.
    RestNotDict,
    /// `culprit` has got another class while it was written.
    Changed,
    /// `culprit` is of a type that has a text, but has none.
    Refused(Box<Refusal>),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    Done,
    /// Enough is written for now; run again to go on.
    Suspended,
    Failed,
}

/// What an object is to the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Class {
    /// Written already.
    Leaf,
    /// Nothing to write for now.
    Paused,
    Failed,
    List,
    Tuple,
    Dict,
    /// A subclass of list or tuple: iterated first.
    SequenceSubclass,
    /// A subclass of dict: asked for its items.
    DictSubclass,
    /// An instance of a class with a plan.
    Object,
    /// A member whose key, in `odd`, takes Python code to write; nothing of it is written.
    OddKey,
    Unknown,
}

/// Kinds of frames. `ROOT` is below the outermost value.
pub const ROOT: u32 = 0;
pub const LIST: u32 = 1;
pub const TUPLE: u32 = 2;
pub const DICT: u32 = 3;
/// A list or tuple made of a subclass by iterating; `held` has the subclass's instance below it.
pub const SEQUENCE: u32 = 4;
/// A list of pairs made of a dict; `held` has the dict below it.
pub const ITEMS: u32 = 5;
/// An object whose stand-in, given by `default()`, is being written.
pub const STAND_IN: u32 = 6;
/// An instance whose fields are in slots; the position is the number of the next field.
pub const OBJECT: u32 = 7;
/// The dict of members that no field claims; `held` has the instance below it.
pub const REST: u32 = 8;

/// Up to so many objects the open path is searched one by one.
pub const SEARCHED: usize = 24;

/// The container being written.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub kind: u32,
    /// Not 0 if something was written in it (kept in the general style alone).
    pub wrote: u32,
    /// The index of the next item, or what `PyDict_Next` keeps.
    pub position: ffi::Py_ssize_t,
    /// What is walked: the last of `held`.
    pub walked: *mut ffi::PyObject,
}

impl Open {
    pub const ROOT: Self = Self { kind: ROOT, wrote: 0, position: 0, walked: null_mut() };

    /// One word: a position is below 2^56, since memory is.
    #[inline(always)]
    pub fn frame(self) -> [u64; 1] {
        [u64::from(self.kind) | u64::from(self.wrote) << 7 | (self.position.cast_unsigned() as u64) << 8]
    }

    #[inline(always)]
    pub fn of(frame: u64, walked: *mut ffi::PyObject) -> Self {
        let (kind, position) = kind_and_position(frame);
        Self { kind, wrote: (frame >> 7 & 1) as u32, position, walked }
    }
}

/// What a frame says, but for its flag.
#[inline(always)]
pub fn kind_and_position(frame: u64) -> (u32, ffi::Py_ssize_t) {
    ((frame & 0x7f) as u32, ((frame >> 8) as usize).cast_signed())
}

/// Addresses hash by one multiplication: nobody outside chooses them.
#[derive(Default)]
pub struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only addresses are hashed");
    }

    fn write_usize(&mut self, address: usize) {
        // Both halves of the product: a table of millions needs more good bits than the upper half's best.
        let product = u128::from(address as u64 >> 4) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

pub type Addresses = HashSet<usize, BuildHasherDefault<AddressHasher>>;

/// One encode, running or suspended.
pub struct Walk {
    pub out: Writer,
    /// The frames around the open container; made when there is one.
    stack: Option<Stack>,
    /// `max_stack_bytes`.
    budget: usize,
    /// References that the open frames own.
    pub held: Vec<*mut ffi::PyObject>,
    /// The open path by address, once it is long.
    pub seen: Option<Addresses>,
    /// Where the walk stands while it does not run.
    pub open: Open,
    /// With fewer objects on the path than this, neither depth nor a long path need a thought.
    pub easy: usize,
    /// Containers open, and the most at once.
    pub depth: u64,
    pub peak_depth: u64,
    /// `default()` calls whose stand-in is being written.
    pub asked: u64,
    /// What may be read by layout.
    pub layout: Layout,
    pub trouble: Option<Trouble>,
    /// What the trouble is about: owned, may be null.
    pub culprit: *mut ffi::PyObject,
    /// The key of an `OddKey`, borrowed until it is written.
    pub odd: *mut ffi::PyObject,
    /// At how many bytes a run is suspended.
    pub threshold: usize,
    /// Indentation levels around the value.
    pub outer_levels: u64,
}

impl Walk {
    #[inline(always)]
    pub fn new(options: &Options, buffer: Vec<u8>, held: Vec<*mut ffi::PyObject>) -> Self {
        debug_assert!(held.is_empty());
        Self {
            out: Writer::new(buffer, options.document_bytes(), options.slack()),
            stack: None,
            budget: usize::try_from(options.limits.stack_bytes).unwrap_or(usize::MAX),
            held,
            seen: None,
            easy: easy(options),
            open: Open::ROOT,
            depth: 0,
            peak_depth: 0,
            asked: 0,
            layout: layout(),
            trouble: None,
            culprit: null_mut(),
            odd: null_mut(),
            threshold: usize::MAX,
            outer_levels: 0,
        }
    }

    /// True where the text is made in one go, not in pieces.
    pub fn is_whole(&self) -> bool {
        self.threshold == usize::MAX
    }

    /// Notes a failure about `culprit`, which may be null.
    ///
    /// # Safety
    /// The interpreter is attached and `culprit` is null or alive.
    #[cold]
    #[inline(never)]
    pub unsafe fn fail(&mut self, trouble: Trouble, culprit: *mut ffi::PyObject) {
        // SAFETY: a reference of our own, given back by `release`.
        unsafe { ffi::Py_XINCREF(culprit) };
        self.trouble = Some(trouble);
        self.culprit = culprit;
    }

    /// Notes that the writer failed.
    #[cold]
    #[inline(never)]
    fn writer_failed(&mut self) {
        if self.trouble.is_none() {
            self.trouble = self.out.failure().map(Trouble::Writer);
        }
    }

    /// Gives back every reference; what was written stays.
    ///
    /// # Safety
    /// The interpreter is attached. Finalizers may run.
    pub unsafe fn release(&mut self) {
        let culprit = std::mem::replace(&mut self.culprit, null_mut());
        // SAFETY: the reference is owned and forgotten here.
        unsafe { ffi::Py_XDECREF(culprit) };
        while let Some(object) = self.held.pop() {
            // SAFETY: `held` owns its references; this one was taken off before a finalizer can run.
            unsafe { ffi::Py_DECREF(object) };
        }
    }

    /// Writes `value` and all below it.
    ///
    /// # Safety
    /// The interpreter is attached and `value` is alive for the length of the call.
    pub unsafe fn start(&mut self, options: &Options, value: *mut ffi::PyObject) -> Flow {
        // SAFETY: as the caller's.
        unsafe { self.dispatch(options, value) }
    }

    /// Goes on where a run was suspended.
    ///
    /// # Safety
    /// The interpreter is attached.
    pub unsafe fn resume(&mut self, options: &Options) -> Flow {
        if let Some(stack) = &mut self.stack {
            stack.resume();
        }
        // SAFETY: a null value means the open container, whose references `held` owns.
        unsafe { self.dispatch(options, null_mut()) }
    }

    /// # Safety
    /// The interpreter is attached; `value` is null or alive for the length of the call.
    unsafe fn dispatch(&mut self, options: &Options, value: *mut ffi::PyObject) -> Flow {
        let style = if self.is_whole() { options.style() } else { GENERAL };
        // SAFETY: as the caller's.
        let flow = unsafe {
            match (options.ensure_ascii, style) {
                (false, COMPACT) => self.run_fixed::<false, COMPACT>(options, value),
                (true, COMPACT) => self.run_fixed::<true, COMPACT>(options, value),
                (false, SPACED) => self.run_fixed::<false, SPACED>(options, value),
                (true, SPACED) => self.run_fixed::<true, SPACED>(options, value),
                (false, _) => self.run::<false>(options, value),
                (true, _) => self.run::<true>(options, value),
            }
        };
        match flow {
            Flow::Failed => self.writer_failed(),
            Flow::Suspended => {
                if let Some(stack) = &mut self.stack {
                    stack.suspend();
                }
            }
            Flow::Done => {
                if !self.out.fits() {
                    self.writer_failed();
                    return Flow::Failed;
                }
            }
        }
        if let Some(stack) = &mut self.stack {
            stack.note_depth(self.peak_depth);
        }
        flow
    }

    /// The general style.
    ///
    /// # Safety
    /// As [`Walk::dispatch`].
    #[inline(never)]
    unsafe fn run<const ASCII: bool>(&mut self, options: &Options, value: *mut ffi::PyObject) -> Flow {
        let mut open = self.open;
        // SAFETY: positions are checked against the container at each step; a string encoder may run Python code, so
        // the item at hand is held.
        unsafe {
            let (mut class, mut next) = (Class::Leaf, value);
            if !next.is_null() {
                ffi::Py_INCREF(next);
                class = self.leaf_apart::<ASCII, GENERAL>(options, next);
                if class == Class::Leaf {
                    ffi::Py_DECREF(next);
                    return Flow::Done;
                }
            }
            loop {
                if class != Class::Leaf {
                    let flow = self.enter_any::<ASCII, GENERAL>(options, next, class, &mut open);
                    if flow != Flow::Suspended {
                        return flow;
                    }
                }
                // Runs until a child must be opened or the container has ended.
                (class, next) = self.members::<ASCII, GENERAL>(options, &mut open);
                match class {
                    Class::Paused => {
                        self.open = open;
                        return Flow::Suspended;
                    }
                    Class::Leaf => {
                        let flow = self.close_apart::<GENERAL>(options, &mut open);
                        if flow != Flow::Suspended {
                            return flow;
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// [`Walk::leaf`] with the walk's own writer.
    ///
    /// # Safety
    /// As [`Walk::leaf`].
    #[inline(always)]
    pub unsafe fn leaf_apart<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
    ) -> Class {
        let mut out = std::mem::take(&mut self.out);
        // SAFETY: as the caller's.
        let class = unsafe { self.leaf::<ASCII, STYLE>(options, value, &mut out) };
        self.out = out;
        class
    }

    /// The members of any container until one is no leaf, or the pause that is due; with it the member's value.
    ///
    /// # Safety
    /// As [`Walk::dispatch`]; `open` is a container.
    #[inline(never)]
    pub unsafe fn members<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        open: &mut Open,
    ) -> (Class, *mut ffi::PyObject) {
        let mut out = std::mem::take(&mut self.out);
        let mut value = null_mut();
        // SAFETY: as in `run`: every position is checked against the container as it is now.
        let class = unsafe {
            loop {
                if STYLE == GENERAL && out.used() >= self.threshold {
                    break Class::Paused;
                }
                let mut key = null_mut();
                match open.kind {
                    DICT => {
                        if ffi::PyDict_Next(open.walked, &raw mut open.position, &raw mut key, &raw mut value) == 0 {
                            break Class::Leaf;
                        }
                    }
                    ITEMS => {
                        if open.position >= ffi::PyList_GET_SIZE(open.walked) {
                            break Class::Leaf;
                        }
                        let pair = ffi::PyList_GET_ITEM(open.walked, open.position);
                        open.position += 1;
                        if ffi::PyTuple_Check(pair) == 0 || ffi::PyTuple_GET_SIZE(pair) != 2 {
                            self.fail(Trouble::NotPairs, null_mut());
                            // `enter` gives up a reference to it.
                            value = ffi::Py_None();
                            if STYLE == GENERAL {
                                ffi::Py_INCREF(value);
                            }
                            break Class::Failed;
                        }
                        (key, value) = (ffi::PyTuple_GET_ITEM(pair, 0), ffi::PyTuple_GET_ITEM(pair, 1));
                    }
                    OBJECT | REST => {
                        let mut copy = *open;
                        let (class, found) =
                            self.apart(&mut out, |walk| walk.object_member::<ASCII>(options, &mut copy));
                        *open = copy;
                        value = found;
                        if class != Class::Leaf || value.is_null() {
                            break class;
                        }
                        let class = self.value::<ASCII, STYLE>(options, value, &mut out);
                        if class != Class::Leaf {
                            break class;
                        }
                        continue;
                    }
                    _ => {
                        if open.position >= ffi::PySequence_Fast_GET_SIZE(open.walked) {
                            break Class::Leaf;
                        }
                        value = ffi::PySequence_Fast_GET_ITEM(open.walked, open.position);
                        open.position += 1;
                    }
                }
                let class = if key.is_null() {
                    self.item::<ASCII, STYLE>(options, value, open, &mut out)
                } else {
                    self.member::<ASCII, STYLE>(options, key, value, open, &mut out)
                };
                if class != Class::Leaf {
                    break class;
                }
            }
        };
        self.out = out;
        (class, value)
    }

    /// Opens `value`, or fails with it; `Suspended` means: go on in `open`.
    ///
    /// # Safety
    /// `value` is alive; in the general style a reference to it is given up here.
    #[inline(never)]
    pub unsafe fn enter_any<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        class: Class,
        open: &mut Open,
    ) -> Flow {
        // SAFETY: as the caller's.
        unsafe {
            if class == Class::OddKey {
                return self.odd_member::<ASCII, STYLE>(options, value, open);
            }
            let whole = class == Class::Failed || self.open_value::<ASCII, STYLE>(options, value, class, open);
            if STYLE == GENERAL {
                ffi::Py_DECREF(value);
            }
            if self.trouble.is_some() || self.out.failure().is_some() {
                self.open = *open;
                return Flow::Failed;
            }
            if !whole {
                return Flow::Suspended;
            }
            let mut out = std::mem::take(&mut self.out);
            let flow = self.ended::<STYLE>(open, &mut out);
            self.out = out;
            flow
        }
    }

    /// Runs cold code that uses `self.out`, with the hot loop's writer in that place.
    #[inline(always)]
    pub fn apart<T>(&mut self, out: &mut Writer, cold: impl FnOnce(&mut Self) -> T) -> T {
        self.out = std::mem::take(out);
        let result = cold(self);
        *out = std::mem::take(&mut self.out);
        result
    }

    /// One item of an array.
    ///
    /// # Safety
    /// `value` is alive until Python code runs. In the general style it is held on return unless it is a leaf.
    #[inline(always)]
    unsafe fn item<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        open: &mut Open,
        out: &mut Writer,
    ) -> Class {
        // SAFETY: as the caller's.
        unsafe {
            if STYLE == GENERAL {
                ffi::Py_INCREF(value);
                if open.wrote != 0 && !self.apart(out, |walk| walk.separate(options)) {
                    return Class::Failed;
                }
                open.wrote = 1;
            }
            self.value::<ASCII, STYLE>(options, value, out)
        }
    }

    /// A leaf and its separator, or what else it is.
    ///
    /// # Safety
    /// As [`Walk::item`]; held already in the general style.
    #[inline(always)]
    unsafe fn value<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        out: &mut Writer,
    ) -> Class {
        // SAFETY: as the caller's.
        unsafe {
            let class = self.leaf::<ASCII, STYLE>(options, value, out);
            if class != Class::Leaf {
                return class;
            }
            if STYLE == GENERAL {
                ffi::Py_DECREF(value);
                return class;
            }
            if put_separator::<STYLE>(out) { class } else { Class::Failed }
        }
    }

    /// [`Walk::value`] of the fixed styles with the walk's own writer.
    ///
    /// # Safety
    /// As [`Walk::item`].
    #[inline(never)]
    pub unsafe fn value_apart<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
    ) -> Class {
        let mut out = std::mem::take(&mut self.out);
        // SAFETY: as the caller's.
        let class = unsafe { self.value::<ASCII, STYLE>(options, value, &mut out) };
        self.out = out;
        class
    }

    /// A key of the fixed styles, and what stands behind it: `Leaf`, or `OddKey` with nothing written.
    ///
    /// # Safety
    /// `key` is alive.
    #[inline(never)]
    pub unsafe fn key<const ASCII: bool>(
        &mut self,
        options: &Options,
        key: *mut ffi::PyObject,
        behind: &[u8],
    ) -> Class {
        // SAFETY: as the caller's.
        unsafe {
            if options.face == Face::Encode && !is_key(key) {
                self.odd = key;
                return Class::OddKey;
            }
            if self.odd_key::<ASCII>(options, key) && self.out.raw(behind) { Class::Leaf } else { self.leaf_failed() }
        }
    }

    /// One member of an object.
    ///
    /// # Safety
    /// As [`Walk::item`].
    #[inline(always)]
    unsafe fn member<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        key: *mut ffi::PyObject,
        value: *mut ffi::PyObject,
        open: &mut Open,
        out: &mut Writer,
    ) -> Class {
        // SAFETY: as the caller's; the key is held while a string encoder may run.
        unsafe {
            if STYLE == GENERAL {
                ffi::Py_INCREF(value);
                ffi::Py_INCREF(key);
                let mut copy = *open;
                let written = self.apart(out, |walk| walk.general_key::<ASCII>(options, key, &mut copy));
                *open = copy;
                ffi::Py_DECREF(key);
                match written {
                    Some(true) => {}
                    Some(false) => {
                        ffi::Py_DECREF(value);
                        return Class::Leaf;
                    }
                    None => return Class::Failed,
                }
            } else {
                let behind: &[u8] = if STYLE == COMPACT { b":" } else { b": " };
                let class = self.apart(out, |walk| walk.key::<ASCII>(options, key, behind));
                if class != Class::Leaf {
                    return class;
                }
            }
            self.value::<ASCII, STYLE>(options, value, out)
        }
    }

    /// The separator of the general style, before each item but the first.
    #[inline(never)]
    pub fn separate(&mut self, options: &Options) -> bool {
        self.out.raw(&options.item_separator) && self.new_line(options, self.depth)
    }

    /// A line break and indentation, if asked for.
    pub fn new_line(&mut self, options: &Options, level: u64) -> bool {
        let Some(unit) = &options.indent else { return true };
        self.out.put([b'\n']) && self.out.repeat(unit, self.outer_levels + level)
    }

    /// The container has no more: its bracket, and back to the one around it.
    ///
    /// # Safety
    /// The interpreter is attached; `open` is a container.
    #[inline(always)]
    unsafe fn close<const STYLE: u8>(&mut self, options: &Options, open: &mut Open, out: &mut Writer) -> Flow {
        let bracket = if matches!(open.kind, DICT | ITEMS | OBJECT | REST) { b'}' } else { b']' };
        let written = match STYLE {
            COMPACT => {
                // An instance may have had no member to write.
                if open.kind != OBJECT || out.bytes().ends_with(b",") {
                    out.take_back(1);
                }
                out.put([bracket])
            }
            SPACED => {
                out.take_back(2);
                out.put([bracket])
            }
            _ => self.apart(out, |walk| walk.new_line(options, walk.depth - 1)) && out.put([bracket]),
        };
        self.depth -= 1;
        // SAFETY: the frame's references are given back once, and nothing of it is used after.
        unsafe {
            self.forget(open);
            if !written {
                self.open = *open;
                return Flow::Failed;
            }
            self.ended::<STYLE>(open, out)
        }
    }

    /// [`Walk::close`] with the walk's own writer.
    ///
    /// # Safety
    /// As [`Walk::close`].
    #[inline(never)]
    pub unsafe fn close_apart<const STYLE: u8>(&mut self, options: &Options, open: &mut Open) -> Flow {
        let mut out = std::mem::take(&mut self.out);
        // SAFETY: as the caller's.
        let flow = unsafe { self.close::<STYLE>(options, open, &mut out) };
        self.out = out;
        flow
    }

    /// Pops the frame around `open` into it, after giving back what `open` held.
    ///
    /// # Safety
    /// The interpreter is attached; `open` is not the root. Finalizers may run.
    #[inline(always)]
    pub unsafe fn forget(&mut self, open: &mut Open) {
        let two = matches!(open.kind, SEQUENCE | ITEMS | REST);
        let last = self.held.pop();
        let owner = if two { self.held.pop() } else { last };
        if let Some(seen) = &mut self.seen {
            for object in [last, owner].into_iter().flatten() {
                seen.remove(&(object as usize));
            }
        }
        let frame = match &mut self.stack {
            Some(stack) if stack.used() > 0 => stack.pop(),
            _ => Open::ROOT.frame(),
        };
        let [frame] = frame;
        // Positions speak of what `held` ends with now.
        *open = Open::of(frame, self.held.last().copied().unwrap_or(null_mut()));
        // SAFETY: taken off `held` above, so each reference is given back once; the state is whole if finalizers run.
        unsafe {
            if two && let Some(owner) = owner {
                ffi::Py_DECREF(owner);
            }
            if let Some(last) = last {
                ffi::Py_DECREF(last);
            }
        }
    }

    /// A value below `open` is complete: stand-ins end with it, and a separator follows. `Suspended`: go on in `open`.
    ///
    /// # Safety
    /// The interpreter is attached.
    #[inline(always)]
    pub unsafe fn ended<const STYLE: u8>(&mut self, open: &mut Open, out: &mut Writer) -> Flow {
        while open.kind == STAND_IN {
            self.asked -= 1;
            // SAFETY: a stand-in is not the root.
            unsafe { self.forget(open) };
        }
        if open.kind == ROOT {
            return Flow::Done;
        }
        if STYLE != GENERAL && !put_separator::<STYLE>(out) {
            self.open = *open;
            return Flow::Failed;
        }
        Flow::Suspended
    }

    /// Makes the stack: a value with nothing inside its members needs none.
    #[cold]
    #[inline(never)]
    fn first_push(&mut self, frame: [u64; 1]) -> Result<(), Overflow> {
        let stack = self.stack.insert(Stack::new(0, self.budget));
        stack.resume();
        stack.push(frame)
    }

    /// The frames around the open container, the outermost first, but for the root's.
    pub fn frames(&self) -> &[u64] {
        self.stack.as_ref().map_or(&[], Stack::words)
    }

    /// Pushes `open` and makes a new container or stand-in the open one. `held` already has its objects.
    ///
    /// # Safety
    /// The last of `held` is what the new one walks.
    #[inline(always)]
    pub unsafe fn push(&mut self, open: &mut Open, kind: u32, walked: *mut ffi::PyObject) -> bool {
        if !self.push_frame(*open) {
            return false;
        }
        *open = Open { kind, wrote: 0, position: 0, walked };
        true
    }

    /// Pushes the frame of what is around a container or stand-in; the root has none.
    #[inline(always)]
    pub fn push_frame(&mut self, around: Open) -> bool {
        if around.kind == ROOT {
            return true;
        }
        let pushed = match &mut self.stack {
            Some(stack) => stack.push(around.frame()),
            None => self.first_push(around.frame()),
        };
        let Err(overflow) = pushed else { return true };
        if self.trouble.is_none() {
            let (maximum, observed) = (overflow.budget as u64, overflow.needed as u64);
            let trouble = match overflow.is_out_of_memory() {
                true => Trouble::Writer(Failure::Memory),
                false => Trouble::Limit { limit: Limit::StackBytes, maximum, observed },
            };
            // SAFETY: no culprit.
            unsafe { self.fail(trouble, null_mut()) };
        }
        false
    }
}

/// Up to so many objects held the containers need no frames on the walk's own stack: not past a limit, and nowhere
/// where every push is to move that stack.
#[inline(always)]
fn easy(options: &Options) -> usize {
    if stress() {
        return 0;
    }
    let frames = options.limits.stack_bytes / size_of::<u64>() as u64;
    let least = options.limits.depth.min(frames.saturating_add(1));
    usize::try_from(least).unwrap_or(SEARCHED).min(SEARCHED)
}

/// The item separator of the fixed styles, after each item; the last one is taken back.
#[inline(always)]
fn put_separator<const STYLE: u8>(out: &mut Writer) -> bool {
    if STYLE == COMPACT { out.put([b',']) } else { out.put([b',', b' ']) }
}
