//! The builder of typed values. It walks the plan with the machine: for every value it knows the row that says what may
//! stand there, and the place where the value goes. What has no type is left to the untyped builder, on the same stack.
//!
//! Values of an open object of a class lie in places of their own, one for each attribute, null until their member comes;
//! members of its rest lie above them as keys and values in turn. Instances are made at the closing bracket, so that
//! nothing of the caller's exists while an object is read.

use forkedenc_core::json::builder::{Member, REFUSED};
use forkedenc_core::json::{Builder, Constant};
use forkedenc_core::limits::{Limit, NONE};
use forkedenc_core::plan::{Action, Field, Items, Op, Row, Tag, Unknown};
use pyo3::ffi;
use pyo3::prelude::*;

use super::frames::{Account, DISCARD, Frame, Kind, MOST, NEXT, PUSH, Place};
use super::plan::{ANYTHING, PlanObject, Typed};
use crate::json::decode::keys::same;
use crate::json::decode::objects::ObjectBuilder;
use crate::json::decode::session::Options;
use crate::pyraw;
use crate::schema::{Token, Trouble};

/// Marks of typed containers: this bit, then the number of frames around them.
const TYPED: u64 = 1 << 62;

const NO_FIELDS: *const [Field] = &raw const *(&[] as &[Field]);

/// `TEXT`: numbers come as their text.
pub struct TypedBuilder<const TEXT: bool> {
    pub objects: ObjectBuilder,
    plan: Py<PlanObject>,
    /// The same, without asking each time.
    typed: *const Typed,
    pub(super) hook: Option<Py<PyAny>>,
    /// Some value is wanted as its bytes; some objects are told apart by a member.
    raws: bool,
    tags: bool,
    /// What the next value may be, and where it goes.
    pub(super) row: u32,
    pub(super) slot: Place,
    pub(super) frame: Frame,
    /// The fields of the open object, where it is of a class.
    fields: *const [Field],
    frames: Vec<Frame>,
    /// Untyped containers open.
    any: u64,
    /// The class of the object about to begin, where a member has told it.
    tagged: Option<u32>,
    pub(super) rest_is_open: bool,
    pub(super) accounts: Vec<Account>,
    pub(super) rest_members: u64,
    pub(super) rest_bytes: u64,
    /// Numbers past the range of a double are infinite.
    infinite: bool,
    /// The limit that a member crossed.
    pub(super) over: Option<(Limit, u64, u64)>,
    /// Text of the open members' keys that nothing else keeps, one behind the other: each object cuts its own off.
    pub(super) odd_keys: Vec<u8>,
    pub(super) trouble: Option<Trouble>,
}

// SAFETY: as for the untyped builder: every method needs the interpreter's lock, and the plan is kept alive by `plan`.
unsafe impl<const TEXT: bool> Send for TypedBuilder<TEXT> {}
// SAFETY: likewise.
unsafe impl<const TEXT: bool> Sync for TypedBuilder<TEXT> {}

impl<const TEXT: bool> TypedBuilder<TEXT> {
    #[inline(always)]
    pub fn new(
        py: Python<'_>,
        objects: ObjectBuilder,
        frames: Vec<Frame>,
        plan: &Py<PlanObject>,
        hook: Option<&Py<PyAny>>,
        options: &Options,
    ) -> Self {
        let typed = &raw const plan.get().typed;
        Self {
            objects,
            plan: plan.clone_ref(py),
            typed,
            raws: plan.get().typed.raws,
            tags: !plan.get().typed.plan.unions.is_empty(),
            hook: hook.map(|hook| hook.clone_ref(py)),
            row: plan.get().typed.plan.root,
            slot: PUSH,
            frame: Frame::TOP,
            fields: NO_FIELDS,
            frames,
            any: 0,
            tagged: None,
            rest_is_open: false,
            accounts: Vec::new(),
            rest_members: options.limits.rest_members,
            rest_bytes: options.limits.rest_bytes,
            infinite: options.rules.nan,
            over: None,
            odd_keys: Vec::new(),
            trouble: None,
        }
    }

    /// Gives the empty stack of frames back, for the next builder.
    pub fn release_frames(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.frames)
    }

    /// The next value is a document.
    fn restart(&mut self) {
        self.row = self.typed().plan.root;
        self.slot = PUSH;
        self.frame = Frame::TOP;
        self.fields = NO_FIELDS;
        self.frames.clear();
        self.any = 0;
        self.tagged = None;
        self.rest_is_open = false;
        self.accounts.clear();
        self.odd_keys.clear();
        self.over = None;
    }

    #[inline(always)]
    pub(super) fn typed<'a>(&self) -> &'a Typed {
        // SAFETY: `plan` keeps it alive as long as the builder, it never moves, and references are not kept longer than a call.
        unsafe { &*self.typed }
    }

    #[inline(always)]
    pub(super) fn expects<'a>(&self) -> &'a Row {
        // SAFETY: the plan has been checked: every row that a row, field or item names is there. The reference ends with the call.
        unsafe { &*self.typed().plan.rows.as_ptr().add(self.row as usize) }
    }

    #[inline(always)]
    fn fields<'a>(&self) -> &'a [Field] {
        // SAFETY: a part of the plan, as in `typed`, or nothing.
        unsafe { &*self.fields }
    }

    /// The finished document.
    pub fn take<'py>(&mut self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let value = self.objects.take(py);
        self.restart();
        value
    }

    pub fn take_trouble(&mut self) -> Option<Trouble> {
        self.trouble.take()
    }

    pub fn fork(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self {
            objects: self.objects.fork(py)?,
            plan: self.plan.clone_ref(py),
            typed: self.typed,
            hook: self.hook.as_ref().map(|hook| hook.clone_ref(py)),
            frames: self.frames.clone(),
            accounts: self.accounts.clone(),
            odd_keys: self.odd_keys.clone(),
            trouble: None,
            ..*self
        })
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.plan)?;
        visit.call(&self.hook)
    }

    /// Puts a value where it goes; false where it is null, with an exception set.
    #[inline(always)]
    pub(super) fn store(&mut self, value: *mut ffi::PyObject) -> bool {
        if let Some(place) = self.objects.values.get_mut(self.slot as usize)
            && !value.is_null()
        {
            let old = std::mem::replace(place, value);
            if !old.is_null() {
                // SAFETY: attached; the reference was the stack's. Its finalizer may be the caller's code, which can't come here.
                unsafe { ffi::Py_DECREF(old) };
            }
            return true;
        }
        self.store_elsewhere(value)
    }

    fn store_elsewhere(&mut self, value: *mut ffi::PyObject) -> bool {
        if value.is_null() {
            return false;
        }
        if self.slot == DISCARD {
            self.frame.overlong = true;
            // SAFETY: attached; the reference was handed to us.
            unsafe { ffi::Py_DECREF(value) };
            return true;
        }
        if self.slot == NEXT {
            self.frame.next += 1;
            self.next_item();
        }
        self.objects.put(value)
    }

    /// Makes ready for the next item of an array. What is past the last place of one that has places is read and dropped: the
    /// array's own end says that it is too long.
    fn next_item(&mut self) {
        match &self.typed().plan.arrays[self.frame.number as usize].items {
            Items::Each(row) => (self.row, self.slot) = (*row, PUSH),
            Items::Fixed(rows) => match rows.get(self.frame.next as usize) {
                Some(row) => (self.row, self.slot) = (*row, NEXT),
                None => (self.row, self.slot) = (ANYTHING, DISCARD),
            },
        }
    }

    /// Takes a value that was made, or why it was not.
    pub(super) fn made(&mut self, made: Result<Bound<'_, PyAny>, Trouble>) -> bool {
        match made {
            Ok(value) => self.store(value.into_ptr()),
            Err(trouble) => self.refuse(trouble),
        }
    }

    #[cold]
    pub(super) fn refuse(&mut self, trouble: Trouble) -> bool {
        // SAFETY: attached.
        let py = unsafe { Python::assume_attached() };
        if let Trouble::Raised(error) = trouble {
            error.restore(py);
        } else {
            self.trouble = Some(trouble);
        }
        false
    }

    /// Opens a container whose values go to places that `frame` and the caller say.
    #[inline(always)]
    pub(super) fn open(&mut self, kind: Kind, number: u32, in_object: bool) -> u64 {
        let full = self.frames.len() == self.frames.capacity();
        if (full && self.frames.try_reserve(self.frames.len().max(16)).is_err()) || self.objects.values.len() >= MOST {
            // SAFETY: attached.
            unsafe { ffi::PyErr_NoMemory() };
            return REFUSED;
        }
        let around = Frame { slot: self.slot, row: self.row, rest_is_open: self.rest_is_open, ..self.frame };
        self.frames.push(around);
        self.rest_is_open = false;
        self.fields = NO_FIELDS;
        self.frame = Frame { kind, number, base: self.objects.values.len() as Place, ..Frame::TOP };
        let mark = TYPED | (self.frames.len() as u64) << 1 | u64::from(in_object);
        self.objects.back_to(mark);
        mark
    }

    /// The container is complete: its value, on top of the stack no more, goes where the one around it wants it.
    #[inline(always)]
    fn close(&mut self, outer: u64) {
        // Copied from where it lies: a copy of a copy would wait for the first.
        if let Some(frame) = self.frames.last() {
            (self.slot, self.row, self.rest_is_open) = (frame.slot, frame.row, frame.rest_is_open);
            self.frame = *frame;
        }
        self.frames.truncate(self.frames.len().saturating_sub(1));
        self.fields = match self.frame.kind {
            Kind::Class => &raw const *self.typed().plan.classes[self.frame.number as usize].fields,
            _ => NO_FIELDS,
        };
        self.objects.back_to(outer);
    }

    #[inline(always)]
    fn open_class(&mut self, number: u32) -> u64 {
        let class = &self.typed().plan.classes[number as usize];
        let mark = self.open(Kind::Class, number, true);
        if mark != REFUSED {
            let places = class.fields.len();
            self.fields = &raw const *class.fields;
            let values = &mut self.objects.values;
            if values.capacity() - values.len() < places && values.try_reserve(places).is_err() {
                // SAFETY: attached.
                unsafe { ffi::PyErr_NoMemory() };
                return REFUSED;
            }
            // Written one by one: most classes have a few places.
            for _ in 0..places {
                values.push(std::ptr::null_mut());
            }
            if matches!(class.unknown, Unknown::Rest(_)) {
                self.accounts.push(Account::default());
            }
        }
        mark
    }

    /// An untyped container, the outermost.
    #[inline(always)]
    fn open_any(&mut self) {
        self.any = 1;
        self.frame.any_base = self.objects.values.len() as Place;
        self.frame.rest_is_open = self.rest_is_open;
        self.rest_is_open = false;
    }

    /// The outermost untyped container is complete and lies on top of the stack.
    fn close_any(&mut self, row_action: Action) -> bool {
        self.rest_is_open = self.frame.rest_is_open;
        if row_action.op == Op::Hook {
            return self.hooked(row_action.argument);
        }
        let Some(value) = self.objects.values.pop() else { return false };
        self.store(value)
    }
}

impl<const TEXT: bool> Builder for TypedBuilder<TEXT> {
    const CHECKS_TEXT: bool = true;
    const EXPECTS_KEYS: bool = true;
    const NUMBER_TEXT: bool = TEXT;
    const SKIPS: bool = true;
    const RAWS: bool = true;
    const RESTS: bool = true;
    const TAGS: bool = true;
    const REFUSES: bool = true;

    #[inline(always)]
    fn null(&mut self) -> bool {
        if self.any > 0 {
            return self.objects.null();
        }
        let action = self.expects().null;
        match action.op {
            // SAFETY: attached, as for every method here.
            Op::None | Op::Any => self.store(unsafe { ffi::Py_NewRef(ffi::Py_None()) }),
            _ => self.odd(Token::Null, action),
        }
    }

    #[inline(always)]
    fn boolean(&mut self, value: bool) -> bool {
        if self.any > 0 {
            return self.objects.boolean(value);
        }
        let action = self.expects().boolean;
        match action.op {
            Op::Bool | Op::Any => {
                // SAFETY: attached.
                self.store(unsafe { ffi::Py_NewRef(if value { ffi::Py_True() } else { ffi::Py_False() }) })
            }
            _ => self.odd(Token::Boolean(value), action),
        }
    }

    #[inline(always)]
    fn integer(&mut self, value: i64) -> bool {
        if self.any > 0 {
            return self.objects.integer(value);
        }
        let action = self.expects().integer;
        // SAFETY: attached.
        unsafe {
            match action.op {
                Op::Int | Op::Any => {
                    self.store(if pyraw::on() { pyraw::scalar::int(value) } else { ffi::PyLong_FromLongLong(value) })
                }
                Op::Float => self.store(ffi::PyFloat_FromDouble(value as f64)),
                _ => self.odd(Token::Integer(value), action),
            }
        }
    }

    #[cold]
    fn big_integer(&mut self, text: &[u8]) -> bool {
        if self.any > 0 {
            return self.objects.big_integer(text);
        }
        let action = self.expects().integer;
        match action.op {
            Op::Int | Op::Any => {
                // Made on top of the stack, and moved from there.
                self.objects.big_integer(text) && self.move_top()
            }
            Op::Float => {
                let value = forkedenc_core::json::number::careful(text);
                if value.is_infinite() {
                    let trouble = Trouble::refused("float", "an int past the range of a double");
                    return self.refuse(trouble);
                }
                // SAFETY: attached.
                self.store(unsafe { ffi::PyFloat_FromDouble(value) })
            }
            _ => self.odd(Token::BigInteger(text), action),
        }
    }

    #[inline(always)]
    fn float(&mut self, value: f64) -> bool {
        if self.any > 0 {
            return self.objects.float(value);
        }
        let action = self.expects().float;
        match action.op {
            // SAFETY: attached.
            Op::Float | Op::Any => self.store(unsafe {
                if pyraw::on() { pyraw::scalar::float(value) } else { ffi::PyFloat_FromDouble(value) }
            }),
            _ => self.odd(Token::Float(value), action),
        }
    }

    fn number(&mut self, text: &[u8], integer: bool) -> bool {
        if self.any > 0 {
            return (integer || self.is_in_range(text)) && self.objects.number(text, integer);
        }
        let row = self.expects();
        let action = if integer { row.integer } else { row.float };
        let by_digits = match action.op {
            Op::Refuse => true,
            Op::Scalar => self.typed().scalars[action.argument as usize].wants_number_text(),
            _ => false,
        };
        if !integer && !by_digits && !self.is_in_range(text) {
            return false;
        }
        if matches!(action.op, Op::Scalar | Op::Refuse) {
            return self.odd(Token::Number { text, integer }, action);
        }
        if !integer {
            return self.float(forkedenc_core::json::number::careful(text));
        }
        match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
            Some(value) => self.integer(value),
            None => self.big_integer(text),
        }
    }

    fn constant(&mut self, constant: Constant) -> bool {
        self.float(match constant {
            Constant::NaN => f64::NAN,
            Constant::Infinity => f64::INFINITY,
            Constant::NegativeInfinity => f64::NEG_INFINITY,
        })
    }

    #[inline(always)]
    fn string(&mut self, text: &[u8], ascii: bool) -> bool {
        if self.any > 0 {
            return self.objects.string(text, ascii);
        }
        let action = self.expects().string;
        match action.op {
            Op::Str | Op::Any => {
                // SAFETY: the machine has checked the bytes.
                let value = unsafe { ObjectBuilder::text(text, ascii) };
                self.store(value)
            }
            _ => self.odd(Token::String { text, ascii }, action),
        }
    }

    #[inline(always)]
    fn common_string(&mut self, text: &[u8]) -> Option<bool> {
        if self.any > 0 {
            return self.objects.common_string(text);
        }
        if !matches!(self.expects().string.op, Op::Str | Op::Any) {
            return None;
        }
        // SAFETY: attached.
        unsafe { crate::text::from_common(text) }.map(|value| self.store(value))
    }

    #[inline(always)]
    fn expected_key(&mut self, ahead: &[u8]) -> Option<(usize, Member)> {
        if self.any > 0 {
            return self.objects.expected_key(ahead);
        }
        let field = self.fields().get(self.frame.next as usize)?;
        let length = field.look.length();
        if !field.look.fits(ahead)
            || (field.look.is_long()
                && !(length < ahead.len() && ahead[length] == b'"' && same(&ahead[..length], &field.name)))
        {
            return None;
        }
        let slot = self.frame.base + self.frame.next;
        if !self.objects.values[slot as usize].is_null() {
            return None;
        }
        self.slot = slot;
        self.row = field.row;
        self.frame.current = self.frame.next;
        self.frame.next += 1;
        Some((length, Member::Build))
    }

    fn key(&mut self, bytes: &[u8], ascii: bool) -> Member {
        if self.any > 0 {
            return self.objects.key(bytes, ascii);
        }
        if self.frame.kind == Kind::Class { self.class_key(bytes, ascii) } else { self.map_key(bytes, ascii) }
    }

    #[inline(always)]
    fn begin_array(&mut self) -> u64 {
        if self.any > 0 {
            self.any += 1;
            return self.objects.begin_array();
        }
        let action = self.expects().array;
        match action.op {
            Op::Array => {
                let mark = self.open(Kind::Array, action.argument, false);
                if mark != REFUSED {
                    self.next_item();
                }
                mark
            }
            Op::Any | Op::Hook => {
                self.open_any();
                self.objects.begin_array()
            }
            _ => {
                let trouble = Trouble::refused(self.describe(), "array");
                self.refuse(trouble);
                REFUSED
            }
        }
    }

    #[inline(always)]
    fn begin_object(&mut self) -> u64 {
        if self.any > 0 {
            self.any += 1;
            return self.objects.begin_object();
        }
        let action = self.expects().object;
        match action.op {
            Op::Class => self.open_class(action.argument),
            Op::Map => self.open(Kind::Map, action.argument, true),
            Op::Any | Op::Hook => {
                self.open_any();
                self.objects.begin_object()
            }
            Op::Tagged => match self.tagged.take() {
                Some(class) => self.open_class(class),
                None => {
                    let trouble = Trouble::refused(self.describe(), "an object of no such class");
                    self.refuse(trouble);
                    REFUSED
                }
            },
            _ => {
                let trouble = Trouble::refused(self.describe(), "object");
                self.refuse(trouble);
                REFUSED
            }
        }
    }

    #[inline(always)]
    fn end_array(&mut self, mark: u64, outer: u64) -> bool {
        if self.any > 0 {
            self.any -= 1;
            let built = self.objects.end_array(mark, outer);
            return built && (self.any > 0 || self.close_any(self.expects().array));
        }
        let value = self.finish_array();
        self.close(outer);
        self.store(value)
    }

    #[inline(always)]
    fn end_object(&mut self, mark: u64, outer: u64) -> bool {
        if self.any > 0 {
            self.any -= 1;
            let built = self.objects.end_object(mark, outer);
            return built && (self.any > 0 || self.close_any(self.expects().object));
        }
        let value = if self.frame.kind == Kind::Class { self.finish_class() } else { self.finish_map() };
        self.close(outer);
        self.store(value)
    }

    fn member_key(&self, inner: Option<u64>) -> Vec<u8> {
        match inner {
            None if self.any > 0 => self.objects.member_key(None),
            None => self.open_key(&self.frame),
            Some(mark) if mark & TYPED != 0 => {
                // The frame around this one is the one pushed before it.
                let place = ((mark & !TYPED) >> 1) as usize;
                place
                    .checked_sub(1)
                    .and_then(|place| self.frames.get(place))
                    .map(|frame| self.open_key(frame))
                    .unwrap_or_default()
            }
            Some(mark) if mark >> 1 == u64::from(self.frame.any_base) => self.open_key(&self.frame),
            Some(mark) => self.objects.member_key(Some(mark)),
        }
    }

    fn abandon(&mut self) {
        self.objects.abandon();
        self.restart();
    }

    fn mismatches(&self) -> bool {
        self.trouble.is_some()
    }

    #[inline(always)]
    fn wants_raw(&self) -> bool {
        self.raws && self.any == 0 && self.expects().raw
    }

    fn raw(&mut self, text: &[u8]) -> bool {
        // SAFETY: attached.
        let py = unsafe { Python::assume_attached() };
        let made = crate::json::raw::checked(py, text).map_err(Trouble::from);
        self.made(made)
    }

    fn rest_begins(&mut self, offset: u64) -> u64 {
        let Some(account) = self.accounts.last_mut() else { return NONE };
        account.start = offset;
        if account.told_bytes { NONE } else { self.rest_bytes.saturating_sub(account.bytes) }
    }

    #[inline(always)]
    fn rest_is_open(&self) -> bool {
        self.rest_is_open
    }

    fn rest_ends(&mut self, offset: u64) {
        self.rest_is_open = false;
        if let Some(account) = self.accounts.last_mut() {
            account.bytes = account.bytes.saturating_add(offset - account.start);
            account.told_bytes |= account.bytes > self.rest_bytes;
        }
    }

    fn rest_totals(&self) -> (u64, u64) {
        self.accounts.last().map_or((0, 0), |account| (account.members, account.bytes))
    }

    fn rest_limit(&self) -> (Limit, u64, u64) {
        self.over.unwrap_or((Limit::RestBytes, self.rest_bytes, self.rest_bytes.saturating_add(1)))
    }

    #[inline(always)]
    fn tag_key(&self) -> Option<&[u8]> {
        if !self.tags || self.any > 0 {
            return None;
        }
        let action = self.expects().object;
        if action.op == Op::Tagged { Some(&self.typed().plan.unions[action.argument as usize].key) } else { None }
    }

    fn tag_keys(&self) -> Vec<Box<[u8]>> {
        self.typed().plan.tag_keys()
    }

    fn tag(&mut self, value: Option<Tag<'_>>) {
        let action = self.expects().object;
        let union = self.typed().plan.unions.get(action.argument as usize);
        self.tagged = union.and_then(|union| value.and_then(|value| union.class(value)));
    }
}

impl<const TEXT: bool> TypedBuilder<TEXT> {
    /// May a float have this text? The machine, which would see to it, hands over texts alone.
    fn is_in_range(&mut self, text: &[u8]) -> bool {
        let large = text.len() > 300 || text.iter().any(|byte| matches!(byte, b'e' | b'E'));
        if self.infinite || !large || forkedenc_core::json::number::careful(text).is_finite() {
            return true;
        }
        self.refuse(Trouble::refused("float", "float past the range of a double"))
    }

    /// Stores the value on top of the stack.
    fn move_top(&mut self) -> bool {
        match self.objects.values.pop() {
            Some(value) => self.store(value),
            None => false,
        }
    }
}
