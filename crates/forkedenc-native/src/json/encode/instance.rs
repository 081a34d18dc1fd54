//! The hot loop's way through instances whose fields lie in slots: nothing here runs Python code.

use pyo3::ffi;

use super::fixed::{MARGIN, Near, Pen};
use super::layout::entries;
use super::options::{COMPACT, Options};
use super::plan::{KEY, Plan, slot};
use super::text::clean_string;
use super::types;
use super::walk::{Class, Open, REST, Trouble, Walk};

/// How far the members of an instance went.
pub enum Step {
    /// As [`Walk::members`]: a value to enter, or `Leaf` at the end.
    Stop(Class),
    /// The fields are written; `open` is the rest now.
    Rest,
}

impl Walk {
    /// The fields of the open instance, until one is no leaf.
    ///
    /// # Safety
    /// As in the hot loop; `open` is an instance.
    #[inline(always)]
    pub unsafe fn fields<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        next: &mut *mut ffi::PyObject,
        open: &mut Open,
        near: &mut Near,
        pen: &mut Pen,
    ) -> Step {
        const { assert!(KEY <= 32) };
        // SAFETY: as the caller's; a plan is there while nothing runs Python code; a key takes `KEY` bytes of the margin and a short token the rest of it.
        unsafe {
            let instance = open.walked;
            let plan = &*near.plan;
            let base = plan.base(instance);
            let (unset, other_unset) = (types::unset(), plan.other_unset);
            let (mut position, count) = (open.position.cast_unsigned(), plan.hot.len());
            while position < count {
                let field = plan.hot.get_unchecked(position);
                position += 1;
                let value = slot(base, field.offset);
                if value.is_null() {
                    open.position = 0;
                    self.fail(Trouble::Missing, plan.fields[position - 1].wire.as_ptr());
                    return Step::Stop(Class::Failed);
                }
                if value == unset || value == other_unset {
                    continue;
                }
                if pen.left() < 0 && !self.make_room(pen) {
                    open.position = position.cast_signed();
                    return Step::Stop(Class::Failed);
                }
                if field.length != 0 {
                    pen.at.cast::<[u8; KEY]>().write_unaligned(field.key);
                    pen.at = pen.at.add(field.length);
                } else if !self.cold(pen, |walk| walk.out.raw(&plan.fields[position - 1].key)) || !self.make_room(pen) {
                    open.position = position.cast_signed();
                    return Step::Stop(Class::Failed);
                }
                match self.token::<ASCII, STYLE>(options, value, near, pen) {
                    Class::Leaf => {}
                    class => {
                        open.position = position.cast_signed();
                        *next = value;
                        return Step::Stop(class);
                    }
                }
            }
            open.position = position.cast_signed();
            let Some(rest) = self.near_rest(plan, open, near) else { return Step::Stop(Class::Failed) };
            if rest.is_null() {
                return Step::Stop(Class::Leaf);
            }
            near.owner = instance;
            *open = Open { kind: REST, wrote: 0, position: 0, walked: rest };
            Step::Rest
        }
    }

    /// [`Walk::rest_of`] an instance that is near.
    ///
    /// # Safety
    /// As [`Walk::rest_of`].
    #[inline(always)]
    unsafe fn near_rest(&mut self, plan: &Plan, open: &mut Open, near: &Near) -> Option<*mut ffi::PyObject> {
        // SAFETY: as the caller's.
        unsafe {
            if let Some(offset) = plan.rest_offset() {
                let rest = slot(plan.base(open.walked), offset);
                if !rest.is_null() && ffi::Py_TYPE(rest) == &raw mut ffi::PyDict_Type {
                    if (*rest.cast::<ffi::PyDictObject>()).ma_used == 0 {
                        return Some(std::ptr::null_mut());
                    }
                    if near.holds(rest) {
                        open.position = 0;
                        self.fail(Trouble::Circular, std::ptr::null_mut());
                        return None;
                    }
                    if self.held.is_empty() {
                        return Some(rest);
                    }
                }
            }
            self.rest_of(plan, open)
        }
    }

    /// The members of the open rest, until one is no leaf.
    ///
    /// # Safety
    /// As in the hot loop; `open` is a rest that is near.
    #[inline(always)]
    pub unsafe fn rest_members<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        next: &mut *mut ffi::PyObject,
        open: &mut Open,
        near: &mut Near,
        pen: &mut Pen,
    ) -> Class {
        // SAFETY: as the caller's; a plan is there while nothing runs Python code.
        unsafe {
            let plan = &*near.plan;
            let entries = entries(self.layout, open.walked);
            let (behind, count) = if STYLE == COMPACT { (*b": ", 1) } else { (*b": ", 2) };
            loop {
                let (mut key, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
                match entries {
                    Some(entries) => match entries.next(&mut open.position) {
                        Some(found) => [key, value] = found,
                        None => return Class::Leaf,
                    },
                    None => {
                        if ffi::PyDict_Next(open.walked, &raw mut open.position, &raw mut key, &raw mut value) == 0 {
                            return Class::Leaf;
                        }
                    }
                }
                *next = value;
                let start = pen.at;
                let clean =
                    ffi::Py_TYPE(key) == &raw mut ffi::PyUnicode_Type && clean_string::<ASCII>(key, pen, behind, count);
                let claimed = if clean {
                    // Both are places in the buffer.
                    let length = pen.at.offset_from(start).cast_unsigned();
                    plan.claims(std::slice::from_raw_parts(start, length))
                } else {
                    let (class, claimed) = self.cold(pen, |walk| {
                        let before = walk.out.used();
                        let class = walk.key::<ASCII>(options, key, &behind[..count]);
                        (class, class == Class::Leaf && plan.claims(&walk.out.bytes()[before..]))
                    });
                    if class != Class::Leaf {
                        return class;
                    }
                    claimed
                };
                if claimed {
                    open.position = 0;
                    self.fail(Trouble::RestClash, key);
                    return Class::Failed;
                }
                match self.token::<ASCII, STYLE>(options, value, near, pen) {
                    Class::Leaf => {}
                    class => return class,
                }
            }
        }
    }

    #[inline(never)]
    fn make_room(&mut self, pen: &mut Pen) -> bool {
        self.cold(pen, |walk| walk.out.room(2 * MARGIN).is_some())
    }
}
