//! Instances of classes as JSON objects: named fields in order, then the rest.
//!
//! In the compact style an instance whose fields lie in slots is walked where it lies: as an `OBJECT` by the number of
//! the field, then as a `REST` by the place in its dict. In any other case its members are read first, into a list of
//! pairs that is walked like a sorted dict's.

use forkedenc_core::json::encode::{Failure, Writer};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use pyo3::{ffi, intern};

use super::leaf::is_key;
use super::options::{COMPACT, GENERAL, Options};
use super::plan::Plan;
use super::types;
use super::walk::{Class, Flow, ITEMS, OBJECT, Open, REST, Trouble, Walk};
use crate::fallible;
use crate::schema::{self, scalar};

/// How reading an instance's members failed.
enum Broken {
    /// The trouble is noted.
    Noted,
    Raised(PyErr),
}

impl From<PyErr> for Broken {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl Walk {
    /// Opens an instance, or writes it if it has no members: true if it is complete.
    ///
    /// # Safety
    /// The interpreter is attached, `value` is alive until Python code runs, and the plan is its class's.
    pub unsafe fn object<const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        plan: &Plan,
        open: &mut Open,
    ) -> bool {
        // SAFETY: as the caller's; `value` is held before Python code runs.
        unsafe {
            if !self.admit(options, value) {
                return false;
            }
            ffi::Py_INCREF(value);
            self.held.push(value);
            if let Some(seen) = &mut self.seen {
                seen.insert(value as usize);
            }
            if STYLE == COMPACT && options.walks_instances() && plan.is_hot_for(value) {
                if self.push(open, OBJECT, value) && self.out.put([b'{']) {
                    self.out.raw(&plan.tag_text);
                }
                return false;
            }
            let pairs = Python::attach(|py| {
                let value = Bound::from_borrowed_ptr(py, value);
                match self.pairs_of(options, &value, plan) {
                    Ok(pairs) => pairs.into_ptr(),
                    Err(Broken::Noted) => std::ptr::null_mut(),
                    Err(Broken::Raised(error)) => {
                        error.restore(py);
                        self.trouble = Some(Trouble::Raised);
                        std::ptr::null_mut()
                    }
                }
            });
            if pairs.is_null() {
                return false;
            }
            if ffi::PyList_GET_SIZE(pairs) == 0 {
                ffi::Py_DECREF(pairs);
                self.held.pop();
                if let Some(seen) = &mut self.seen {
                    seen.remove(&(value as usize));
                }
                ffi::Py_DECREF(value);
                self.depth -= 1;
                return self.out.put(*b"{}");
            }
            self.held.push(pairs);
            if self.push(open, ITEMS, pairs) && self.out.put([b'{']) && STYLE == GENERAL {
                self.new_line(options, self.depth);
            }
            false
        }
    }

    /// The members of an instance as pairs of key and value.
    fn pairs_of<'py>(
        &mut self,
        options: &Options,
        value: &Bound<'py, PyAny>,
        plan: &Plan,
    ) -> Result<Bound<'py, PyList>, Broken> {
        let py = value.py();
        let unset = types::unset();
        let is_unset = |found: &Bound<'py, PyAny>| found.as_ptr() == unset || found.as_ptr() == plan.other_unset;
        let pairs = fallible::list(py)?;
        let add = |name: &Py<PyString>, found: Bound<'py, PyAny>| -> PyResult<()> {
            pairs.append(fallible::tuple(py, [name.bind(py).clone().into_any(), found])?)
        };
        if let Some((name, tag)) = &plan.tag {
            add(name, tag.bind(py).clone())?;
        }
        let mut shape = None;
        for (number, field) in plan.fields.iter().enumerate() {
            let found = self.attribute(value, field.name.bind(py), field.wire.bind(py))?;
            if is_unset(&found) {
                continue;
            }
            if options.omit_defaults
                && field.is_default(&found, || {
                    if shape.is_none() {
                        shape = Some(types::shape_of(&value.get_type())?);
                    }
                    let fields = shape
                        .as_ref()
                        .map_or_else(|| Ok(py.None().into_bound(py)), |shape| shape.getattr(intern!(py, "fields")))?;
                    fields.get_item(number)?.getattr(intern!(py, "default"))
                })?
            {
                continue;
            }
            add(&field.wire, found)?;
        }
        let Some(rest) = &plan.rest else { return self.sorted(options, pairs) };
        let found = self.attribute(value, rest.name.bind(py), rest.name.bind(py))?;
        if is_unset(&found) || rest.may_be_none && found.is_none() {
            return self.sorted(options, pairs);
        }
        if !found.is_instance_of::<PyDict>() {
            return Err(self.broken(Trouble::RestNotDict, &found));
        }
        // SAFETY: attached; a dict, or of a subclass, whose own method is asked. The result is a new list.
        let items = unsafe {
            Bound::from_owned_ptr_or_err(py, ffi::PyMapping_Items(found.as_ptr()))?.cast_into_unchecked::<PyList>()
        };
        for pair in items.iter() {
            let Some(key) = pair.cast_exact::<PyTuple>().ok().filter(|pair| pair.len() == 2) else {
                self.trouble = Some(Trouble::NotPairs);
                return Err(Broken::Noted);
            };
            let key = key.get_item(0)?;
            if self.is_claimed(options, plan, &key)? {
                return Err(self.broken(Trouble::RestClash, &key));
            }
            pairs.append(pair)?;
        }
        self.sorted(options, pairs)
    }

    fn sorted<'py>(&self, options: &Options, pairs: Bound<'py, PyList>) -> Result<Bound<'py, PyList>, Broken> {
        if options.sort_keys {
            pairs.sort()?;
        }
        Ok(pairs)
    }

    fn broken(&mut self, trouble: Trouble, culprit: &Bound<'_, PyAny>) -> Broken {
        // SAFETY: attached, and the object is alive.
        unsafe { self.fail(trouble, culprit.as_ptr()) };
        Broken::Noted
    }

    /// What an attribute is. An AttributeError says that the field is not set, and stays set as the cause.
    fn attribute<'py>(
        &mut self,
        value: &Bound<'py, PyAny>,
        name: &Bound<'py, PyString>,
        wire: &Bound<'py, PyString>,
    ) -> Result<Bound<'py, PyAny>, Broken> {
        let error = match value.getattr(name) {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        if !error.is_instance_of::<PyAttributeError>(value.py()) {
            return Err(Broken::Raised(error));
        }
        let broken = self.broken(Trouble::Missing, wire.as_any());
        error.restore(value.py());
        Err(broken)
    }

    /// Would this key be written as that of a field, or of the tag?
    fn is_claimed(&mut self, options: &Options, plan: &Plan, key: &Bound<'_, PyAny>) -> Result<bool, Broken> {
        let own = std::mem::replace(&mut self.out, Writer::new(Vec::new(), usize::MAX, 0));
        // SAFETY: attached; the key is held by its pair.
        let written = unsafe { self.odd_key::<false>(options, key.as_ptr()) } && self.out.put([b':']);
        let out = std::mem::replace(&mut self.out, own);
        if written {
            return Ok(plan.claims(out.bytes()));
        }
        if self.trouble.is_none() {
            self.trouble = Some(out.failure().map_or(Trouble::Raised, Trouble::Writer));
        }
        Err(Broken::Noted)
    }

    /// The next member of an instance that the walk has on its own stack, in the compact style. `Leaf` with a value: its
    /// key is written. `Leaf` without: there is none. `OddKey`: nothing is written.
    ///
    /// # Safety
    /// As [`Walk::members`]; `open` is an instance, or its rest.
    #[inline(never)]
    pub unsafe fn object_member<const ASCII: bool>(
        &mut self,
        options: &Options,
        open: &mut Open,
    ) -> (Class, *mut ffi::PyObject) {
        let none = std::ptr::null_mut();
        // SAFETY: `held` has the instance, and the dict of a rest above it; both are looked at as they are now.
        unsafe {
            if open.kind == OBJECT {
                let Some(plan) = self.plan_now(open.walked) else { return (Class::Failed, none) };
                while let Some(field) = plan.hot.get(open.position.cast_unsigned()) {
                    let number = open.position.cast_unsigned();
                    open.position += 1;
                    let value = plan.attribute(open.walked, field.offset, &plan.fields[number].name);
                    if value.is_null() {
                        open.position = 0;
                        self.fail(Trouble::Missing, plan.fields[number].wire.as_ptr());
                        return (Class::Failed, none);
                    }
                    if value == types::unset() || value == plan.other_unset {
                        continue;
                    }
                    let class = if self.out.raw(&plan.fields[number].key) { Class::Leaf } else { Class::Failed };
                    return (class, value);
                }
                match self.rest_of(plan, open) {
                    None => return (Class::Failed, none),
                    Some(rest) if rest.is_null() => return (Class::Leaf, none),
                    Some(rest) => {
                        if self.held.try_reserve(1).is_err() {
                            self.trouble = Some(Trouble::Writer(Failure::Memory));
                            return (Class::Failed, none);
                        }
                        if let Some(seen) = &mut self.seen {
                            if seen.try_reserve(1).is_err() {
                                self.trouble = Some(Trouble::Writer(Failure::Memory));
                                return (Class::Failed, none);
                            }
                            seen.insert(rest as usize);
                        }
                        ffi::Py_INCREF(rest);
                        self.held.push(rest);
                        *open = Open { kind: REST, position: 0, walked: rest, ..*open };
                    }
                }
            }
            let owner = self.held[self.held.len() - 2];
            let Some(plan) = self.plan_now(owner) else { return (Class::Failed, none) };
            let (mut key, mut value) = (none, none);
            if ffi::PyDict_Next(open.walked, &raw mut open.position, &raw mut key, &raw mut value) == 0 {
                return (Class::Leaf, none);
            }
            if !is_key(key) {
                self.odd = key;
                return (Class::OddKey, value);
            }
            let start = self.out.used();
            if !(self.odd_key::<ASCII>(options, key) && self.out.put([b':'])) {
                return (self.leaf_failed(), none);
            }
            if plan.claims(&self.out.bytes()[start..]) {
                open.position = 0;
                self.fail(Trouble::RestClash, key);
                return (Class::Failed, none);
            }
            (Class::Leaf, value)
        }
    }

    /// The plan of the instance that is being walked, unless it has got another class meanwhile.
    ///
    /// # Safety
    /// The interpreter is attached and `instance` is alive; see [`types::find`].
    #[inline(always)]
    pub unsafe fn plan_now<'a>(&mut self, instance: *mut ffi::PyObject) -> Option<&'a Plan> {
        // SAFETY: as the caller's.
        unsafe {
            let plan = types::find(ffi::Py_TYPE(instance)).filter(|plan| plan.is_hot);
            if plan.is_none() {
                self.fail(Trouble::Changed, instance);
            }
            plan
        }
    }

    /// The rest of an instance whose fields are written: null if there is nothing in it, `None` with trouble noted.
    ///
    /// # Safety
    /// `open` is the instance, of this plan, and not read by anything that runs Python code.
    #[inline(never)]
    pub unsafe fn rest_of(&mut self, plan: &Plan, open: &mut Open) -> Option<*mut ffi::PyObject> {
        // SAFETY: as the caller's; what a slot holds is alive as long as the slot is not set.
        unsafe {
            let (Some(offset), Some(rest)) = (plan.rest_offset(), &plan.rest) else {
                return Some(std::ptr::null_mut());
            };
            let found = plan.attribute(open.walked, offset, &rest.name);
            if found.is_null() {
                open.position = 0;
                self.fail(Trouble::Missing, rest.name.as_ptr());
                return None;
            }
            if ffi::Py_TYPE(found) != &raw mut ffi::PyDict_Type {
                open.position = 0;
                self.fail(Trouble::RestNotDict, found);
                return None;
            }
            if ffi::PyDict_Size(found) == 0 {
                return Some(std::ptr::null_mut());
            }
            if self.is_open(found) {
                open.position = 0;
                self.fail(Trouble::Circular, std::ptr::null_mut());
                return None;
            }
            Some(found)
        }
    }

    /// A member whose key takes Python code to write: a datetime's, an Enum's. Then as [`Walk::enter_any`].
    ///
    /// # Safety
    /// `odd` is the key and `value` is alive until Python code runs; a fixed style.
    #[inline(never)]
    pub unsafe fn odd_member<const ASCII: bool, const STYLE: u8>(
        &mut self,
        options: &Options,
        value: *mut ffi::PyObject,
        open: &mut Open,
    ) -> Flow {
        let key = std::mem::replace(&mut self.odd, std::ptr::null_mut());
        // SAFETY: both are held here while Python code runs, and given back once.
        unsafe {
            ffi::Py_INCREF(key);
            ffi::Py_INCREF(value);
            let start = self.out.used();
            let behind: &[u8] = if STYLE == COMPACT { b":" } else { b": " };
            let mut written = self.odd_key::<ASCII>(options, key) && self.out.raw(behind);
            if written && open.kind == REST {
                let owner = self.held[self.held.len() - 2];
                written = self.plan_now(owner).is_some_and(|plan| !plan.claims(&self.out.bytes()[start..]));
                if !written && self.trouble.is_none() {
                    open.position = 0;
                    self.fail(Trouble::RestClash, key);
                }
            }
            let class = if written { self.value_apart::<ASCII, STYLE>(options, value) } else { self.leaf_failed() };
            let flow = if class == Class::Leaf {
                Flow::Suspended
            } else {
                self.enter_any::<ASCII, STYLE>(options, value, class, open)
            };
            ffi::Py_DECREF(value);
            ffi::Py_DECREF(key);
            flow
        }
    }

    /// Notes why a value, or a key, of a type that has a text has none itself.
    pub fn no_text(&mut self, py: Python<'_>, trouble: schema::Trouble, value: &Bound<'_, PyAny>) {
        match trouble {
            schema::Trouble::Raised(error) => {
                error.restore(py);
                self.trouble = Some(Trouble::Raised);
            }
            schema::Trouble::Refused(refusal) => {
                // SAFETY: attached, and the value is alive.
                unsafe { self.fail(Trouble::Refused(refusal), value.as_ptr()) };
            }
        }
    }

    /// A key of a type of which JSON knows nothing, with its quotes.
    ///
    /// # Safety
    /// `key` is held by the caller. Python code runs.
    #[inline(never)]
    pub unsafe fn special_key<const ASCII: bool>(&mut self, options: &Options, key: *mut ffi::PyObject) -> bool {
        Python::attach(|py| {
            // SAFETY: as the caller's.
            let mut key = unsafe { Bound::from_borrowed_ptr(py, key) };
            // A member of an Enum may be the value of another, but not without end.
            for _ in 0..8 {
                match text_of(py, &key) {
                    Ok(Some(text)) => return self.out.put([b'"']) && self.out.raw(&text) && self.out.put([b'"']),
                    Ok(None) => {}
                    Err(trouble) => {
                        self.no_text(py, trouble, &key);
                        return false;
                    }
                }
                // SAFETY: the key is held here; a key of JSON's own runs no Python code.
                unsafe {
                    if !is_member(key.as_ptr()) {
                        break;
                    }
                    let Some(value) = Bound::from_owned_ptr_or_opt(py, value_of_member(key.as_ptr())) else {
                        return false;
                    };
                    key = value;
                    if is_key(key.as_ptr()) {
                        return self.odd_key::<ASCII>(options, key.as_ptr());
                    }
                }
            }
            // SAFETY: held here.
            unsafe { self.fail(Trouble::InvalidKey, key.as_ptr()) };
            false
        })
    }
}

/// Is this a member of an Enum? Runs no Python code once one was seen.
///
/// # Safety
/// The interpreter is attached and `value` is held.
pub unsafe fn is_member(value: *mut ffi::PyObject) -> bool {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Python::attach(|py| {
        if CLASS.get(py).is_none() {
            let find = || -> PyResult<Bound<'_, PyAny>> {
                let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
                modules.get_item(intern!(py, "enum"))?.getattr(intern!(py, "Enum"))
            };
            // Not imported: then it is none.
            let Ok(class) = find() else { return false };
            let _ = CLASS.set(py, class.unbind());
        }
        // SAFETY: as the caller's; the class is a type.
        CLASS.get(py).is_some_and(|class| unsafe { ffi::PyObject_TypeCheck(value, class.as_ptr().cast()) } != 0)
    })
}

/// A new reference to what a member of an Enum stands for; null with an exception set.
///
/// # Safety
/// The interpreter is attached and `member` is held. Python code may run.
pub unsafe fn value_of_member(member: *mut ffi::PyObject) -> *mut ffi::PyObject {
    Python::attach(|py| {
        // SAFETY: as the caller's.
        unsafe { ffi::PyObject_GetAttr(member, intern!(py, "value").as_ptr()) }
    })
}

/// The text of a datetime, date, time, timedelta, UUID, Decimal or of bytes, in which nothing is to be escaped; `None` for
/// anything else. Python code may run.
pub fn text_of(py: Python<'_>, value: &Bound<'_, PyAny>) -> Result<Option<Vec<u8>>, schema::Trouble> {
    let mut text = Vec::new();
    Ok(scalar::write::text_of(py, value, &mut text)?.then_some(text))
}
