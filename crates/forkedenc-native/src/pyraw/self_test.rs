//! The self-test at import: are objects built by layout what the interpreter builds?
//!
//! Both kinds are made of the same parts and compared, memory and behaviour. What the interpreter made is looked at
//! first, so that a layout other than believed is noticed before anything is built by it.

use std::mem::offset_of;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::dict::{self, Built, Dict, Shape, Table};
use super::list;
use super::scalar::{self, Ascii, Float, Int};

/// Sizes at which tables grow, and one below; the last two have wide indices.
const COUNTS: [usize; 14] = [1, 2, 4, 5, 6, 10, 11, 21, 22, 42, 43, 85, 86, 171];
/// Bytes before an object that the collector knows.
const COLLECTOR: usize = 16;

/// True where layouts are as this room believes.
pub fn passes(py: Python<'_>) -> bool {
    // An exception says no as well: something is not as expected.
    looks_right(py).unwrap_or(false)
}

fn looks_right(py: Python<'_>) -> PyResult<bool> {
    let version = py.version_info();
    let expected = if cfg!(Py_3_13) {
        13
    } else if cfg!(Py_3_12) {
        12
    } else {
        11
    };
    let sys = py.import("sys")?;
    let flags: String = sys.getattr("abiflags")?.extract()?;
    let digit: u32 = sys.getattr("int_info")?.getattr("bits_per_digit")?.extract()?;
    // SAFETY: attached.
    let main = unsafe { ffi::PyInterpreterState_Get() == ffi::PyInterpreterState_Main() };
    let known = (version.major, version.minor) == (3, expected)
        && flags.is_empty()
        && digit == scalar::DIGIT
        && main
        && !sys.hasattr("gettotalrefcount")?;
    let size = sys.getattr("getsizeof")?;
    let test = Test { py, size };
    Ok(known
        && test.scalars()?
        && test.lists()?
        && test.dicts()?
        && test.equal_keys()?
        && test.tracking()?
        && test.changes()?)
}

fn references(object: &Bound<'_, PyAny>) -> isize {
    // SAFETY: attached; the object is alive.
    unsafe { ffi::Py_REFCNT(object.as_ptr()) }
}

struct Test<'py> {
    py: Python<'py>,
    /// `sys.getsizeof`.
    size: Bound<'py, PyAny>,
}

impl<'py> Test<'py> {
    fn own(&self, object: *mut ffi::PyObject) -> PyResult<Bound<'py, PyAny>> {
        // SAFETY: attached; a new reference, or null with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(self.py, object) }
    }

    fn size(&self, object: &Bound<'py, PyAny>) -> PyResult<usize> {
        self.size.call1((object,))?.extract()
    }

    /// Same type, size, value and hash, and the same memory from each start to its end.
    fn same(&self, ours: &Bound<'py, PyAny>, theirs: &Bound<'py, PyAny>, ranges: &[(usize, usize)]) -> PyResult<bool> {
        let bytes = |object: &Bound<'py, PyAny>, (start, end): (usize, usize)| {
            // SAFETY: the callers' ranges lie within the objects and name initialized fields.
            unsafe { std::slice::from_raw_parts(object.as_ptr().cast::<u8>().add(start), end - start) }.to_vec()
        };
        Ok(self.size(ours)? == self.size(theirs)?
            && ranges.iter().all(|range| bytes(ours, *range) == bytes(theirs, *range))
            && ours.get_type().is(theirs.get_type())
            && ours.eq(theirs)?
            && ours.hash()? == theirs.hash()?)
    }

    fn scalars(&self) -> PyResult<bool> {
        for value in [0.0, -0.0, 1.5, f64::MAX] {
            // SAFETY: attached; the self-test asks.
            let (ours, theirs) = unsafe { (scalar::float(value), ffi::PyFloat_FromDouble(value)) };
            let (ours, theirs) = (self.own(ours)?, self.own(theirs)?);
            if self.size(&theirs)? != size_of::<Float>() || !self.same(&ours, &theirs, &[(0, size_of::<Float>())])? {
                return Ok(false);
            }
        }
        // SAFETY: attached.
        if !unsafe { scalar::find_shared() } {
            return Ok(false);
        }
        for value in -8..=260 {
            // SAFETY: attached; the self-test asks.
            let (ours, theirs) = unsafe { (scalar::int(value), ffi::PyLong_FromLongLong(value)) };
            let (ours, theirs) = (self.own(ours)?, self.own(theirs)?);
            if !ours.eq(&theirs)? || ours.is(&theirs) != (-5..=256).contains(&value) {
                return Ok(false);
            }
        }
        for shift in [9, 15, 29, 30, 31, 32, 45, 59, 60, 61, 62] {
            for value in [1_i64 << shift, (1 << shift) - 1, -(1 << shift), 1 - (1 << shift)] {
                // SAFETY: attached; the self-test asks.
                let (ours, theirs) = unsafe { (scalar::int(value), ffi::PyLong_FromLongLong(value)) };
                let (ours, theirs) = (self.own(ours)?, self.own(theirs)?);
                // The digits there are, of four bytes each.
                let size = self.size(&theirs)?;
                let digits = if value.unsigned_abs() < 1 << 30 { 1 } else { 2 };
                let expected = offset_of!(Int, digits) + 4 * digits;
                let large = value.unsigned_abs() >= 1 << 60;
                if (size != expected && !large) || !self.same(&ours, &theirs, &[(0, size.min(expected))])? {
                    return Ok(false);
                }
            }
        }
        let text = "x".repeat(300);
        for length in [2, 3, 7, 8, 15, 16, 40, 255, 300] {
            let text = &text[..length];
            // SAFETY: attached; the self-test asks; ASCII.
            let ours = unsafe { scalar::ascii(text.as_bytes()) };
            let (ours, theirs) = (self.own(ours)?, PyString::new(self.py, text).into_any());
            // Of the state the interpreter sets the lowest byte only; padding follows, and in 3.11 a pointer.
            let behind_state = offset_of!(Ascii, state) + 1;
            let size = size_of::<Ascii>() + length + 1;
            let pointer = if cfg!(Py_3_12) { (0, 0) } else { (size_of::<Ascii>() - 8, size_of::<Ascii>()) };
            if self.size(&theirs)? != size
                || !self.same(&ours, &theirs, &[(0, behind_state), pointer, (size_of::<Ascii>(), size)])?
                || !ours.add("y")?.eq(theirs.add("y")?)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lists, whether built in one go or extended and trimmed.
    fn lists(&self) -> PyResult<bool> {
        for count in [0, 1, 4, 9, 40] {
            let items: Vec<_> = (0..count).map(|number| PyString::new(self.py, &format!("item{number}"))).collect();
            // SAFETY: attached.
            let theirs = self.own(unsafe { ffi::PyList_New(items.len().cast_signed()) })?;
            for (at, item) in items.iter().enumerate() {
                // SAFETY: attached; the list has room for the item, and nothing there yet.
                unsafe { ffi::PyList_SET_ITEM(theirs.as_ptr(), at.cast_signed(), item.clone().into_ptr()) };
            }
            let owned = || items.iter().map(|item| item.clone().into_ptr()).collect::<Vec<_>>();
            // SAFETY: attached; the self-test asks; owned references.
            let ours = self.own(unsafe { list::build(&owned()) })?;
            let extended = PyList::empty(self.py).into_any();
            let owned = owned();
            for part in owned.chunks(7) {
                // SAFETY: as before; nobody else knows the list.
                if !unsafe { list::extend(extended.as_ptr(), part) } {
                    return Err(PyErr::fetch(self.py));
                }
            }
            // SAFETY: as before.
            unsafe { list::trim(extended.as_ptr()) };
            for ours in [ours, extended] {
                if self.size(&ours)? != self.size(&theirs)? || !ours.eq(&theirs)? || references(&ours) != 1 {
                    return Ok(false);
                }
                let ours = ours.cast_into::<PyList>()?;
                for number in 0..20 {
                    ours.append(number)?;
                }
                ours.del_slice(0, count)?;
                if !ours.eq((0..20).collect::<Vec<_>>())? {
                    return Ok(false);
                }
            }
            drop(theirs);
            if items.iter().any(|item| references(item) != 1) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keys and values in turns.
    fn members(&self, count: usize) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let mut members = Vec::new();
        for number in 0..count {
            members.push(PyString::new(self.py, &format!("key{number}")).into_any());
            members.push(number.into_pyobject(self.py)?.into_any());
        }
        Ok(members)
    }

    fn documented(&self, members: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(self.py);
        for member in members.chunks_exact(2) {
            dict.set_item(&member[0], &member[1])?;
        }
        Ok(dict)
    }

    fn by_layout(&self, members: &[Bound<'py, PyAny>]) -> PyResult<Option<Bound<'py, PyDict>>> {
        let owned: Vec<_> = members.iter().map(|member| member.clone().into_ptr()).collect();
        // SAFETY: attached; the self-test asks; owned references, the keys exact strs.
        match unsafe { dict::build(&owned) } {
            Built::Dict(dict) => Ok(Some(self.own(dict)?.cast_into()?)),
            Built::Nothing => {
                for object in owned {
                    drop(self.own(object)?);
                }
                Ok(None)
            }
        }
    }

    fn dicts(&self) -> PyResult<bool> {
        let empty = PyDict::new(self.py);
        // SAFETY: an exact dict's table is alive while the dict is and does not change; the head is initialized.
        let table = |dict: &Bound<'py, PyDict>| unsafe { (*dict.as_ptr().cast::<Dict>()).table };
        if self.size(empty.as_any())? < COLLECTOR + size_of::<Dict>() {
            return Ok(false);
        }
        // SAFETY: as before.
        let shared = || unsafe { *table(&empty) };
        let before = shared();
        for count in COUNTS {
            let members = self.members(count)?;
            let theirs = self.documented(&members)?;
            let shape = Shape::of(count);
            // First what the interpreter has made: is there as much memory as believed, and does it begin so?
            if self.size(theirs.as_any())? != COLLECTOR + size_of::<Dict>() + shape.bytes() {
                return Ok(false);
            }
            // SAFETY: as before.
            let head = unsafe { *table(&theirs) };
            if head != Table::new(shape, count) {
                return Ok(false);
            }
            let Some(ours) = self.by_layout(&members)? else { return Ok(false) };
            // SAFETY: both tables are of that shape, initialized throughout behind the head.
            let behind = |dict: &Bound<'py, PyDict>| unsafe {
                let start = table(dict).add(1).cast::<u8>();
                std::slice::from_raw_parts(start, shape.bytes() - size_of::<Table>())
            };
            // SAFETY: as before.
            let (head, used) = unsafe {
                let dict = ours.as_ptr().cast::<Dict>();
                (*(*dict).table, [(*dict).used, (*theirs.as_ptr().cast::<Dict>()).used])
            };
            let absent = members.iter().skip(1).step_by(2).map(|number| ours.contains(number));
            if head != Table::new(shape, count)
                || behind(&ours) != behind(&theirs)
                || used[0] != used[1]
                || self.size(ours.as_any())? != self.size(theirs.as_any())?
                || !ours.eq(&theirs)?
                || !ours.keys().eq(theirs.keys())?
                || ours.len() != count
                || ours.contains("key")?
                || absent.collect::<PyResult<Vec<_>>>()?.contains(&true)
            {
                return Ok(false);
            }
            drop((ours, theirs));
            if members.iter().step_by(2).any(|key| references(key) != 1) {
                return Ok(false);
            }
        }
        // Nobody holds more of the shared table than before.
        Ok(shared() == before)
    }

    /// Keys that are equal are left to the documented calls, whether they are one object or two.
    fn equal_keys(&self) -> PyResult<bool> {
        let mut members = self.members(4)?;
        members[6] = members[2].clone();
        let one = self.by_layout(&members)?;
        members[6] = PyString::new(self.py, "key1").into_any();
        Ok(one.is_none() && self.by_layout(&members)?.is_none() && references(&members[6]) == 1)
    }

    /// The collector follows a dict for the same values.
    fn tracking(&self) -> PyResult<bool> {
        let py = self.py;
        let untracked = PyTuple::new(py, [1, 2])?;
        // SAFETY: attached; a tuple of ints, which a collection would stop tracking.
        unsafe { ffi::PyObject_GC_UnTrack(untracked.as_ptr().cast()) };
        let values = [
            py.None().into_bound(py),
            PyList::empty(py).into_any(),
            PyDict::new(py).into_any(),
            PyTuple::new(py, [PyList::empty(py)])?.into_any(),
            untracked.into_any(),
            py.get_type::<PyDict>().into_any(),
        ];
        for value in values {
            let members = [PyString::new(py, "key").into_any(), value];
            let theirs = self.documented(&members)?;
            let Some(ours) = self.by_layout(&members)? else { return Ok(false) };
            // SAFETY: attached; dicts.
            let tracked = |dict: &Bound<'_, PyDict>| unsafe { ffi::PyObject_GC_IsTracked(dict.as_ptr()) };
            if tracked(&ours) != tracked(&theirs) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A dict goes on as one that was filled member by member.
    fn changes(&self) -> PyResult<bool> {
        let members = self.members(12)?;
        let more = PyString::new(self.py, "more");
        for count in [1, 5, 10] {
            let theirs = self.documented(&members[..2 * count])?;
            let Some(ours) = self.by_layout(&members[..2 * count])? else { return Ok(false) };
            let mut outcomes = Vec::new();
            for dict in [&ours, &theirs] {
                let copy = dict.copy()?;
                dict.set_item(&more, 1)?;
                let grown = self.size(dict.as_any())?;
                dict.del_item("key0")?;
                for number in 0..30 {
                    dict.set_item(number, number)?;
                }
                let general = self.size(dict.as_any())?;
                let last: (Bound<'py, PyAny>, usize) = dict.call_method0("popitem")?.extract()?;
                dict.update(copy.as_mapping())?;
                let sizes = (grown, general, self.size(dict.as_any())?, self.size(copy.as_any())?);
                outcomes.push((sizes, last.1, copy));
            }
            let same = outcomes[0].0 == outcomes[1].0
                && outcomes[0].1 == outcomes[1].1
                && outcomes[0].2.eq(&outcomes[1].2)?
                && ours.eq(&theirs)?
                && ours.keys().eq(theirs.keys())?;
            ours.clear();
            if !same || !ours.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
