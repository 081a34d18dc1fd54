//! The hot loop: exact types, in the styles whose separators are known at compile time.
//!
//! It writes through a [`Pen`], two words in registers, and remembers the containers around the open one in [`Near`],
//! on the machine's stack and without references of its own: no Python code runs while they are there, so the document
//! keeps them alive. Whatever is rarer, deeper or may run Python code is the walk's: before it goes there, the loop
//! counts its bytes (`cold`) and, where the path matters, moves it to the walk's own (`spill`).

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use forkedenc_core::json::encode::{float_into, integer_into};
use pyo3::ffi;

use super::instance::Step;
use super::layout::{entries, small_int};
use super::options::{COMPACT, Options};
use super::plan::Plan;
use super::text::clean_string;
use super::types;
use super::walk::{Class, DICT, Flow, LIST, OBJECT, Open, REST, ROOT, SEARCHED, TUPLE, Walk, kind_and_position};

/// How much room there is beyond [`Pen::left`]: for any number or constant, what stands behind it, and the brackets of
/// all containers that are near.
pub const MARGIN: usize = 128;

/// Where the hot loop writes: inside the writer's buffer.
#[derive(Clone, Copy)]
pub struct Pen {
    pub at: *mut u8,
    /// [`MARGIN`] bytes before the end of the buffer, or of no meaning (below `at`) where the buffer is shorter.
    soft_end: *mut u8,
}

impl Pen {
    /// How many bytes may be written that nobody has counted on; negative inside the margin.
    #[inline(always)]
    pub fn left(self) -> isize {
        self.soft_end.addr().wrapping_sub(self.at.addr()).cast_signed()
    }

    /// Writes bytes, of which `count` count.
    ///
    /// # Safety
    /// There is room for `N`.
    #[inline(always)]
    unsafe fn put<const N: usize>(&mut self, bytes: [u8; N], count: usize) {
        // SAFETY: as the caller's; arrays of bytes need no alignment.
        unsafe {
            self.at.cast::<[u8; N]>().write_unaligned(bytes);
            self.at = self.at.add(count);
        }
    }
}

/// The containers around the open one that the walk does not know of: what was open when the next one was entered.
pub struct Near {
    /// As words and pointers apart: a frame that is written in pieces and read in one is waited for.
    frames: [MaybeUninit<u64>; SEARCHED],
    walked: [MaybeUninit<*mut ffi::PyObject>; SEARCHED],
    /// Of an instance and of a rest, the plan; of a rest, the instance that has it.
    plans: [MaybeUninit<*const Plan>; SEARCHED],
    owners: [MaybeUninit<*mut ffi::PyObject>; SEARCHED],
    /// Those of the open one, if it is near.
    pub plan: *const Plan,
    pub owner: *mut ffi::PyObject,
    /// The plan of what [`Near::walks`] has found.
    found: *const Plan,
    count: usize,
    /// The most at once, an empty container below the innermost counted.
    peak: usize,
    /// How many may be here.
    most: usize,
    /// Whether instances are walked where they lie.
    instances: bool,
}

impl Near {
    /// # Safety
    /// `place` is below `count`.
    #[inline(always)]
    unsafe fn walked(&self, place: usize) -> *mut ffi::PyObject {
        // SAFETY: what is below `count` was written.
        unsafe { self.walked.get_unchecked(place).assume_init() }
    }

    /// # Safety
    /// `place` is below `count`.
    #[inline(always)]
    unsafe fn frame(&self, place: usize) -> u64 {
        // SAFETY: what is below `count` was written.
        unsafe { self.frames.get_unchecked(place).assume_init() }
    }

    /// # Safety
    /// `count` is below `most`.
    #[inline(always)]
    unsafe fn push(&mut self, open: Open) {
        // SAFETY: `most` is at most `SEARCHED`.
        unsafe {
            self.frames.get_unchecked_mut(self.count).write(open.frame()[0]);
            self.walked.get_unchecked_mut(self.count).write(open.walked);
            if open.kind >= OBJECT {
                self.plans.get_unchecked_mut(self.count).write(self.plan);
                self.owners.get_unchecked_mut(self.count).write(self.owner);
            }
        }
        self.count += 1;
        self.peak = self.peak.max(self.count);
    }

    /// # Safety
    /// `count` is not 0.
    #[inline(always)]
    unsafe fn pop(&mut self) -> Open {
        self.count -= 1;
        // SAFETY: the last one was written.
        unsafe {
            let open = Open::of(self.frame(self.count), self.walked(self.count));
            if open.kind >= OBJECT {
                self.plan = self.plans.get_unchecked(self.count).assume_init();
                self.owner = self.owners.get_unchecked(self.count).assume_init();
            }
            open
        }
    }

    /// # Safety
    /// None.
    #[inline(always)]
    pub unsafe fn holds(&self, value: *mut ffi::PyObject) -> bool {
        // SAFETY: places below `count`.
        (0..self.count).any(|place| unsafe { self.walked(place) == value })
    }
}

impl Near {
    /// Is this an instance of a class that is known, and walked where it lies?
    ///
    /// # Safety
    /// The interpreter is attached and `value` is alive.
    #[inline(always)]
    unsafe fn walks(&mut self, value: *mut ffi::PyObject) -> bool {
        if !self.instances {
            return false;
        }
        // SAFETY: as the caller's.
        unsafe {
            let Some(plan) = types::find(ffi::Py_TYPE(value)) else { return false };
            self.found = plan;
            plan.is_hot_for(value)
        }
    }
}

/// An item separator of the fixed styles: bytes, and how many of them count.
const fn separator<const STYLE: u8>() -> ([u8; 2], usize) {
    if STYLE == COMPACT { (*b", ", 1) } else { (*b", ", 2) }
}

impl Walk {
    /// Writes `value` and all below it in one of the fixed styles.
    ///
    /// # Safety
    /// As [`Walk::start`].
    #[inline(never)]
    pub unsafe fn run_fixed<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
    ) -> Flow {
        let mut open = self.open;
        let mut near = Near {
            frames: [MaybeUninit::uninit(); SEARCHED],
            walked: [MaybeUninit::uninit(); SEARCHED],
            plans: [MaybeUninit::uninit(); SEARCHED],
            owners: [MaybeUninit::uninit(); SEARCHED],
            plan: std::ptr::null(),
            owner: null_mut(),
            found: std::ptr::null(),
            count: 0,
            peak: 0,
            most: self.easy.saturating_sub(self.held.len()),
            instances: STYLE == COMPACT && !ASCII && options.walks_instances(),
        };
        let mut pen = self.pen();
        let mut next = value;
        // SAFETY: no Python code runs but in `enter_any` and `close`, before which the path is spilled, so that `held`
        // owns what is open; containers are read as they are after. Short tokens are written where `left` is at least
        // 0, or behind a string or bracket written so.
        unsafe {
            let mut class = match self.root::<ASCII, STYLE>(options, next, &mut near, &mut pen) {
                Class::Leaf => return Flow::Done,
                class => class,
            };
            loop {
                // A child is entered, or the open container goes on (`Leaf`).
                if class != Class::Leaf {
                    let flow = self.enter_fixed::<ASCII, STYLE>(options, next, class, &mut open, &mut near, &mut pen);
                    if flow != Flow::Suspended {
                        return flow;
                    }
                }
                class = match open.kind {
                    LIST | TUPLE => {
                        let (items, count) = items(open);
                        loop {
                            if open.position >= count {
                                break Class::Leaf;
                            }
                            next = *items.add(open.position.cast_unsigned());
                            open.position += 1;
                            if pen.left() < 0 && !self.cold(&mut pen, |walk| walk.out.room(2 * MARGIN).is_some()) {
                                break Class::Failed;
                            }
                            match self.token::<ASCII, STYLE>(options, next, &mut near, &mut pen) {
                                Class::Leaf => {}
                                class => break class,
                            }
                        }
                    }
                    DICT if let Some(entries) = entries(self.layout, open.walked) => loop {
                        let Some([key, value]) = entries.next(&mut open.position) else { break Class::Leaf };
                        next = value;
                        let (behind, count) = if STYLE == COMPACT { (*b": ", 1) } else { (*b": ", 2) };
                        let clean = ffi::Py_TYPE(key) == &raw mut ffi::PyUnicode_Type
                            && clean_string::<ASCII>(key, &mut pen, behind, count);
                        if !clean {
                            match self.cold(&mut pen, |walk| walk.key::<ASCII>(options, key, &behind[..count])) {
                                Class::Leaf => {}
                                class => break class,
                            }
                        }
                        match self.token::<ASCII, STYLE>(options, next, &mut near, &mut pen) {
                            Class::Leaf => {}
                            class => break class,
                        }
                    },
                    OBJECT | REST if near.count > 0 => {
                        let (mut copy, mut item) = (open, next);
                        let mut step = Step::Rest;
                        if copy.kind == OBJECT {
                            step = self.fields::<ASCII, STYLE>(options, &mut item, &mut copy, &mut near, &mut pen);
                        }
                        let class = match step {
                            Step::Stop(class) => class,
                            Step::Rest => {
                                self.rest_members::<ASCII, STYLE>(options, &mut item, &mut copy, &mut near, &mut pen)
                            }
                        };
                        (open, next) = (copy, item);
                        class
                    }
                    _ => {
                        let mut copy = open;
                        let (class, item) =
                            self.cold(&mut pen, |walk| walk.members::<ASCII, STYLE>(options, &mut copy));
                        open = copy;
                        next = item;
                        class
                    }
                };
                if class != Class::Leaf {
                    continue;
                }
                let (behind, count) = separator::<STYLE>();
                if near.count > 0 {
                    let bracket = if matches!(open.kind, LIST | TUPLE) { b']' } else { b'}' };
                    // An instance may have had no member to write.
                    if open.kind != OBJECT || *pen.at.sub(1) == behind[0] {
                        pen.at = pen.at.sub(count);
                    }
                    open = near.pop();
                    pen.put([bracket, behind[0], behind[1]], 1 + count);
                    if open.kind == ROOT {
                        pen.at = pen.at.sub(count);
                        self.out.settle(pen.at);
                        self.peak_depth = self.peak_depth.max(self.depth + near.peak as u64);
                        return Flow::Done;
                    }
                } else {
                    let mut copy = open;
                    let flow = self.cold(&mut pen, |walk| walk.close_apart::<STYLE>(options, &mut copy));
                    open = copy;
                    near.most = self.easy.saturating_sub(self.held.len());
                    if flow != Flow::Suspended {
                        return flow;
                    }
                }
            }
        }
    }

    /// The outermost value, if it has no members.
    ///
    /// # Safety
    /// As [`Walk::start`].
    #[inline(always)]
    unsafe fn root<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        near: &mut Near,
        pen: &mut Pen,
    ) -> Class {
        // SAFETY: as the caller's.
        unsafe {
            let kind = ffi::Py_TYPE(value);
            if kind == &raw mut ffi::PyDict_Type {
                Class::Dict
            } else if kind == &raw mut ffi::PyList_Type {
                Class::List
            } else if near.walks(value) {
                Class::Object
            } else {
                self.cold(pen, |walk| walk.leaf_apart::<ASCII, STYLE>(options, value))
            }
        }
    }

    /// A leaf or an empty container with its separator, or what else the value is.
    ///
    /// # Safety
    /// `value` is alive; there is room for a short token.
    #[inline(always)]
    pub unsafe fn token<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        near: &mut Near,
        pen: &mut Pen,
    ) -> Class {
        let (behind, count) = separator::<STYLE>();
        // SAFETY: as the caller's; the buffer is initialised, and no token is longer than the margin.
        unsafe {
            let kind = ffi::Py_TYPE(value);
            if kind == &raw mut ffi::PyUnicode_Type {
                if clean_string::<ASCII>(value, pen, behind, count) {
                    return Class::Leaf;
                }
            } else if kind == &raw mut ffi::PyLong_Type {
                if let Some((negative, magnitude)) = small_int(self.layout, value) {
                    let length = integer_into(negative, magnitude, &mut *pen.at.cast::<[u8; 32]>());
                    pen.at = pen.at.add(length);
                    pen.put(behind, count);
                    return Class::Leaf;
                }
            } else if kind == &raw mut ffi::PyFloat_Type {
                let number = ffi::PyFloat_AS_DOUBLE(value);
                if number.is_finite() {
                    let length = float_into(number, &mut *pen.at.cast::<[u8; 48]>());
                    pen.at = pen.at.add(length);
                    pen.put(behind, count);
                    return Class::Leaf;
                }
            } else if kind == &raw mut ffi::PyDict_Type || kind == &raw mut ffi::PyList_Type {
                let dict = kind == &raw mut ffi::PyDict_Type;
                let (class, length, brackets) = if dict {
                    (Class::Dict, (*value.cast::<ffi::PyDictObject>()).ma_used, *b"{}, ")
                } else {
                    (Class::List, ffi::PyList_GET_SIZE(value), *b"[], ")
                };
                if length != 0 || near.count >= near.most {
                    return class;
                }
                near.peak = near.peak.max(near.count + 1);
                pen.put(brackets, 2 + count);
                return Class::Leaf;
            } else if value == ffi::Py_None() {
                pen.put(*b"null, ", 4 + count);
                return Class::Leaf;
            } else if value == ffi::Py_True() {
                pen.put(*b"true, ", 4 + count);
                return Class::Leaf;
            } else if value == ffi::Py_False() {
                pen.put(*b"false, ", 5 + count);
                return Class::Leaf;
            } else if kind == &raw mut ffi::PyTuple_Type {
                return Class::Tuple;
            } else if near.walks(value) {
                return Class::Object;
            }
            self.cold(pen, |walk| walk.value_apart::<ASCII, STYLE>(options, value))
        }
    }

    /// Opens `value`, or fails with it; `Suspended` means: go on in `open`.
    ///
    /// # Safety
    /// `value` is alive and of this class, which is no leaf.
    #[inline(always)]
    unsafe fn enter_fixed<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        class: Class,
        open: &mut Open,
        near: &mut Near,
        pen: &mut Pen,
    ) -> Flow {
        // SAFETY: as the caller's.
        unsafe {
            let (kind, bracket, length) = match class {
                Class::Dict if !options.sort_keys => (DICT, b'{', (*value.cast::<ffi::PyDictObject>()).ma_used),
                Class::List => (LIST, b'[', ffi::PyList_GET_SIZE(value)),
                Class::Tuple => (TUPLE, b'[', ffi::PyTuple_GET_SIZE(value)),
                Class::Object => (OBJECT, b'{', 1),
                _ => (ROOT, b'[', 0),
            };
            let circular = || {
                options.check_circular
                    && (value == open.walked
                        || near.holds(value)
                        || !self.held.is_empty() && self.held.contains(&value))
            };
            if length != 0 && near.count < near.most && !circular() {
                if pen.left() < 0 && !self.cold(pen, |walk| walk.out.room(2 * MARGIN).is_some()) {
                    return self.stop(*open, near);
                }
                pen.put([bracket], 1);
                near.push(*open);
                if kind == OBJECT {
                    near.plan = near.found;
                    let tag = &(*near.plan).tag_text;
                    if !tag.is_empty() && !self.cold(pen, |walk| walk.out.raw(tag)) {
                        *open = near.pop();
                        return self.stop(*open, near);
                    }
                }
                *open = Open { kind, wrote: 0, position: 0, walked: value };
                return Flow::Suspended;
            }
            self.out.settle(pen.at);
            if class == Class::Failed || !self.spill(*open, near) {
                return self.stop(*open, near);
            }
            let mut copy = *open;
            let flow = self.enter_any::<ASCII, STYLE>(options, value, class, &mut copy);
            *open = copy;
            *pen = self.pen();
            near.most = self.easy.saturating_sub(self.held.len());
            flow
        }
    }

    /// Ends in failure: the path and the reason are the walk's from here on.
    ///
    /// # Safety
    /// The interpreter is attached.
    #[cold]
    #[inline(never)]
    unsafe fn stop(&mut self, open: Open, near: &mut Near) -> Flow {
        // SAFETY: as the caller's.
        unsafe { self.spill(open, near) };
        self.open = open;
        self.leaf_failed();
        Flow::Failed
    }

    /// Moves the path to the walk's own stack, with references; false with `trouble` noted where that is full.
    ///
    /// # Safety
    /// The interpreter is attached; the containers are alive.
    #[inline(never)]
    unsafe fn spill(&mut self, open: Open, near: &mut Near) -> bool {
        self.peak_depth = self.peak_depth.max(self.depth + near.peak as u64);
        let count = std::mem::take(&mut near.count);
        near.peak = 0;
        let mut whole = true;
        for place in 0..count {
            // SAFETY: places below what `count` was; every container but the first parent is not in `held` yet.
            unsafe {
                let (child, owner) = if place + 1 < count {
                    let kind = kind_and_position(near.frame(place + 1)).0;
                    let owner = near.owners.get_unchecked(place + 1);
                    (near.walked(place + 1), if kind == REST { owner.assume_init() } else { null_mut() })
                } else {
                    (open.walked, if open.kind == REST { near.owner } else { null_mut() })
                };
                if !owner.is_null() {
                    ffi::Py_INCREF(owner);
                    self.held.push(owner);
                }
                ffi::Py_INCREF(child);
                self.held.push(child);
                self.depth += 1;
                whole &= self.push_frame(Open::of(near.frame(place), null_mut()));
            }
        }
        near.most = self.easy.saturating_sub(self.held.len());
        whole
    }

    /// Runs what writes through the writer.
    #[inline(always)]
    pub fn cold<T>(&mut self, pen: &mut Pen, work: impl FnOnce(&mut Self) -> T) -> T {
        self.out.settle(pen.at);
        let result = work(self);
        *pen = self.pen();
        result
    }

    #[inline(always)]
    fn pen(&mut self) -> Pen {
        let spare = self.out.spare();
        Pen { at: spare.start, soft_end: spare.end.wrapping_sub(MARGIN) }
    }
}

/// Where the items of a list or tuple are, and how many.
///
/// # Safety
/// `open` is one of the two.
#[inline(always)]
unsafe fn items(open: Open) -> (*const *mut ffi::PyObject, ffi::Py_ssize_t) {
    // SAFETY: as the caller's.
    unsafe {
        let count = ffi::Py_SIZE(open.walked);
        if open.kind == LIST {
            ((*open.walked.cast::<ffi::PyListObject>()).ob_item.cast_const(), count)
        } else {
            ((&raw const (*open.walked.cast::<ffi::PyTupleObject>()).ob_item).cast(), count)
        }
    }
}
