//! The sink that makes instances: it walks the plan of a class with the parser's events. An instance is made at its end tag, of
//! the values that its fields have by then; what no field claims becomes the nodes and attributes of the rests.

use forkedenc_core::limits::{Limit, NONE};
use forkedenc_core::position::Place;
use forkedenc_core::xml::{Binding, Context, ExpandedId, Name, NameId, Names, Sink, Tag};
use pyo3::ffi;
use pyo3::prelude::*;

use super::frames::{Failure, Frame, Frames, Object, Reason, Tally, What};
use super::plan::{Field, Many, Plan, Shape, Unknown, Value, blank, put};
use crate::pyraw;
use crate::schema::Trouble;
use crate::schema::class::own_refusal;
use crate::schema::flood::is_flood;
use crate::xml::events::types::Kind;
use crate::xml::strings::{self, Strings};

/// A name that no class claims.
pub const UNCLAIMED: u32 = u32::MAX;
/// A buffer for text that has grown past this is given back when its element ends.
const KEPT: usize = 64 << 10;

/// How a document is decoded, whatever its bytes.
pub struct Settings {
    pub plan: Py<Plan>,
    pub hook: Option<Py<PyAny>>,
    /// The names on the way to a value, that of its own element last; `None` for any.
    pub at: Vec<Option<Box<[u8]>>>,
    /// Values are parts of the document, of which each may have so many bytes.
    pub streams: bool,
    pub document_bytes: u64,
    /// A comment or PI that cuts the text of a field is refused.
    pub whole_text: bool,
    pub rest_members: u64,
    pub rest_bytes: u64,
    pub text_bytes: u64,
}

/// A decode with what it needs while input is read.
pub struct Building<'a, 'py> {
    pub py: Python<'py>,
    pub frames: &'a mut Frames,
    pub strings: &'a mut Strings,
    pub plan: &'a Plan,
    pub settings: &'a Settings,
}

impl Building<'_, '_> {
    /// To be called before a chunk is read.
    pub fn begin(&mut self, names: &Names) {
        self.strings.begin(names);
        if self.frames.known.generation != names.generation() {
            self.frames.known.numbers.clear();
            self.frames.known.generation = names.generation();
        }
    }

    // Failures.

    #[cold]
    pub(super) fn fail(&mut self, reason: Reason, place: Place) -> bool {
        self.frames.failure = Some(Failure { reason, place, inside: String::new() });
        false
    }

    #[cold]
    pub(super) fn refuse(&mut self, expected: impl Into<String>, actual: &str, place: Place) -> bool {
        self.fail(Reason::Trouble(Trouble::refused(expected, actual)), place)
    }

    #[cold]
    pub(super) fn raised(&mut self) -> bool {
        let error = PyErr::fetch(self.py);
        self.fail(Reason::Trouble(Trouble::Raised(error)), Place::START)
    }

    #[cold]
    pub(super) fn out_of_memory(&mut self) -> bool {
        // SAFETY: attached, as everything here.
        unsafe { ffi::PyErr_NoMemory() };
        self.raised()
    }

    #[cold]
    pub(super) fn over(&mut self, limit: Limit, maximum: u64, observed: u64, place: Place) -> bool {
        self.fail(Reason::Limit { limit, maximum, observed }, place)
    }

    // Names.

    /// The plan's number of a name, or [`UNCLAIMED`].
    #[inline(always)]
    pub(super) fn number(&mut self, names: &Names, id: ExpandedId) -> u32 {
        match self.frames.known.numbers.get(id.0 as usize) {
            Some(number) if *number != 0 => number.wrapping_sub(2),
            _ => self.learn(names, id),
        }
    }

    #[cold]
    fn learn(&mut self, names: &Names, id: ExpandedId) -> u32 {
        let scratch = &mut self.frames.scratch;
        scratch.clear();
        names.write_expanded(id, scratch);
        let number = self.plan.number(scratch).unwrap_or(UNCLAIMED);
        let known = &mut self.frames.known.numbers;
        let index = id.0 as usize;
        if index >= known.len() {
            if known.try_reserve(index + 1 - known.len()).is_err() {
                // It is asked again.
                return number;
            }
            known.resize(index + 1, 0);
        }
        known[index] = number.wrapping_add(2);
        number
    }

    // Stacks.

    #[inline(always)]
    fn push(&mut self, frame: Frame) -> bool {
        if self.frames.open.try_reserve(1).is_err() {
            return self.out_of_memory();
        }
        self.frames.open.push(frame);
        true
    }

    /// Takes over a node; null is a failure with an exception set.
    #[inline(always)]
    pub(super) fn push_node(&mut self, node: Object) -> bool {
        if node.is_null() {
            return self.raised();
        }
        if self.frames.nodes.try_reserve(1).is_err() {
            // SAFETY: attached; the reference is ours.
            unsafe { ffi::Py_DECREF(node) };
            return self.out_of_memory();
        }
        self.frames.nodes.push(node);
        true
    }

    /// The innermost element at its start, or with what it has so far.
    #[inline(always)]
    fn frame(&self, what: What, shape: u32, field: u32, owner: u32, place: Place) -> Frame {
        let frames = &self.frames;
        let (values, nodes, texts) = (frames.values.len(), frames.nodes.len(), frames.texts.len());
        Frame { what, shape, field, expected: 0, owner, values, nodes, texts, place }
    }

    #[inline(always)]
    pub(super) fn keeps(&self, shape: &Shape) -> bool {
        shape.rest_nodes.is_some() && self.plan.unknown == Unknown::Keep
    }

    // What a rest may gather.

    /// Charges one more member of a rest, and its bytes.
    #[inline(always)]
    pub(super) fn charge(&mut self, owner: u32, bytes: u64, cx: &Context<'_>) -> bool {
        let (members, most) = (self.settings.rest_members, self.settings.rest_bytes);
        let tally = &mut self.frames.tallies[owner as usize];
        tally.members += 1;
        tally.bytes += bytes;
        let now = *tally;
        if now.members > members {
            return self.over(Limit::RestMembers, members, now.members, cx.place());
        }
        now.bytes <= most || self.over(Limit::RestBytes, most, most + 1, cx.place())
    }

    /// Charges text as it comes: the error stands at the byte that crosses.
    #[inline(always)]
    pub(super) fn charge_text(&mut self, owner: u32, length: usize, cx: &Context<'_>) -> bool {
        let most = self.settings.rest_bytes;
        let tally = &mut self.frames.tallies[owner as usize];
        let before = tally.bytes;
        tally.bytes += length as u64;
        tally.bytes <= most || {
            let place = cx.place_at((most - before.min(most)) as usize);
            self.over(Limit::RestBytes, most, most + 1, place)
        }
    }

    /// In a stream, asks at each tag whether the value is too long by now.
    #[inline(always)]
    fn fits(&mut self, cx: &Context<'_>) -> bool {
        self.settings.document_bytes == NONE || self.fits_bytes(cx)
    }

    #[cold]
    fn fits_bytes(&mut self, cx: &Context<'_>) -> bool {
        let (Some(first), most) = (self.frames.open.first(), self.settings.document_bytes) else { return true };
        let place = cx.place();
        place.offset - first.place.offset <= most || self.over(Limit::DocumentBytes, most, most + 1, place)
    }

    // Values.

    /// A value of its text, or why there is none.
    #[inline(always)]
    pub(super) fn value(&self, field: &Field, text: &[u8]) -> Result<Object, Trouble> {
        // SAFETY: attached; the core has checked the text, whose pieces are whole characters.
        unsafe {
            let scalar = match &field.value {
                Value::Str => {
                    let made = strings::value(text);
                    return if made.is_null() { Err(PyErr::fetch(self.py).into()) } else { Ok(made) };
                }
                Value::Int(scalar) => {
                    if let Some(value) = plain_int(text) {
                        let made =
                            if pyraw::on() { pyraw::scalar::int(value) } else { ffi::PyLong_FromLongLong(value) };
                        return if made.is_null() { Err(PyErr::fetch(self.py).into()) } else { Ok(made) };
                    }
                    scalar
                }
                Value::Scalar(scalar) => scalar,
                Value::Hook(kind) => return self.by_hook(kind, text),
                Value::Instance => return Err(Trouble::refused("an element", "text")),
            };
            Ok(scalar.decode_text(self.py, std::str::from_utf8_unchecked(text))?.into_ptr())
        }
    }

    #[cold]
    fn by_hook(&self, kind: &Py<PyAny>, text: &[u8]) -> Result<Object, Trouble> {
        let py = self.py;
        let Some(hook) = &self.settings.hook else { return Err(Trouble::refused("a type with a hook", "no hook")) };
        // SAFETY: attached; checked text; a new reference or null.
        let text = unsafe { Bound::from_owned_ptr_or_err(py, strings::value(text))? };
        let made = hook.bind(py).call1((kind, text));
        let name = || kind.bind(py).getattr("__name__").map_or_else(|_| "a value".into(), |name| name.to_string());
        Ok(made.map_err(|error| own_refusal(py, error, name, "a value that dec_hook refused"))?.into_ptr())
    }

    /// Gives a field of the innermost instance a value, which is taken over.
    #[inline(always)]
    fn store(&mut self, field: u32, value: Object) -> bool {
        let Some(frame) = self.frames.open.last() else {
            if self.frames.done.try_reserve(1).is_err() {
                // SAFETY: attached; the reference is ours.
                unsafe { ffi::Py_DECREF(value) };
                return self.out_of_memory();
            }
            self.frames.done.push(value);
            return true;
        };
        let many = self.plan.shapes[frame.shape as usize].fields[field as usize].many;
        let place = &mut self.frames.values[frame.values + field as usize];
        // SAFETY: attached; the place is null or owns a list that nobody else sees.
        unsafe {
            if many == Many::One {
                let old = std::mem::replace(place, value);
                ffi::Py_XDECREF(old);
                return true;
            }
            if place.is_null() {
                *place = ffi::PyList_New(0);
            }
            let done = !place.is_null() && ffi::PyList_Append(*place, value) == 0;
            ffi::Py_DECREF(value);
            done || self.raised()
        }
    }

    // Elements.

    /// An instance begins.
    #[inline(always)]
    fn open_instance(&mut self, shape: u32, field: u32, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let plan = self.plan;
        let known = &plan.shapes[shape as usize];
        if self.frames.values.try_reserve(known.width).is_err() || self.frames.tallies.try_reserve(1).is_err() {
            return self.out_of_memory();
        }
        let owner = self.frames.tallies.len() as u32;
        let frame = self.frame(What::Instance, shape, field, owner, cx.place());
        if known.rest_nodes.is_some() {
            self.frames.tallies.push(Tally::default());
        }
        let length = self.frames.values.len() + known.width;
        self.frames.values.resize(length, std::ptr::null_mut());
        self.push(frame) && self.attributes(tag, cx)
    }

    /// A child of the innermost instance begins that a field claims.
    #[inline(always)]
    fn claimed(&mut self, parent: Frame, at: usize, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let plan = self.plan;
        let shape = &plan.shapes[parent.shape as usize];
        let claim = shape.children[at];
        let field = &shape.fields[claim.field as usize];
        if field.many == Many::One && !self.frames.values[parent.values + claim.field as usize].is_null() {
            if self.keeps(shape) {
                return self.open_node(parent.owner, tag, cx);
            }
            return self.refuse(format!("one {}", field.tag), "another one", cx.place());
        }
        if let Some(frame) = self.frames.open.last_mut() {
            frame.expected = at as u32 + u32::from(field.many == Many::One);
        }
        if self.keeps(shape) {
            let prefix = cx.names.prefix(tag.name.written);
            let bare = tag.attributes.is_empty() && tag.bindings.is_empty();
            if !bare && !matches!(field.value, Value::Instance) {
                if !self.mark_with_attributes(parent.owner, field, prefix, tag, cx) {
                    return false;
                }
            } else {
                let mark = if prefix == NameId::EMPTY {
                    field.mark.as_ptr()
                } else {
                    self.mark(parent.shape, claim.field, field, prefix, cx)
                };
                if mark.is_null() {
                    return self.raised();
                }
                // SAFETY: attached; alive.
                if !self.push_node(unsafe { ffi::Py_NewRef(mark) }) {
                    return false;
                }
            }
        }
        if matches!(field.value, Value::Instance) {
            return self.open_instance(claim.shape, claim.field, tag, cx);
        }
        if plan.unknown == Unknown::Refuse && !tag.attributes.is_empty() {
            self.refuse("no attributes", "an unknown attribute", cx.place());
            return self.at_attribute(&tag.attributes[0], cx);
        }
        // A str can't fail, so nobody will ask.
        let place = if matches!(field.value, Value::Str) { Place::START } else { cx.place() };
        let frame = self.frame(What::Text, parent.shape, claim.field, 0, place);
        self.push(frame)
    }

    /// An element of a rest begins.
    fn open_node(&mut self, owner: u32, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let bytes = cx.names.written(tag.name.written).len() as u64 + self.bytes_of(tag, cx);
        if !self.charge(owner, bytes, cx) {
            return false;
        }
        // SAFETY: attached; the names are those that `strings` knows.
        let name = unsafe { self.strings.expanded(cx.names, tag.name.expanded) };
        if name.is_null() {
            return self.raised();
        }
        // SAFETY: attached; alive.
        if !self.push_node(unsafe { ffi::Py_NewRef(name) }) {
            return false;
        }
        let attributes = self.new_attributes();
        if !self.push_node(attributes) || !self.keep_writing(attributes, tag, cx) {
            return false;
        }
        for attribute in tag.attributes {
            let bytes = cx.names.written(attribute.name.written).len() + tag.value(attribute).len();
            if !self.charge(owner, bytes as u64, cx) {
                return self.at_attribute(attribute, cx);
            }
            if !self.keep_attribute(attributes, attribute, tag, cx) {
                return false;
            }
        }
        let frame = self.frame(What::Node, 0, 0, owner, cx.place());
        self.push(frame)
    }

    /// An element outside of any value begins.
    #[cold]
    #[inline(never)]
    fn outer(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let settings = self.settings;
        if self.frames.outside == self.frames.matched as u64
            && let Some(step) = settings.at.get(self.frames.matched)
        {
            let fits = step.as_ref().is_none_or(|step| {
                self.frames.scratch.clear();
                cx.names.write_expanded(tag.name.expanded, &mut self.frames.scratch);
                **step == *self.frames.scratch
            });
            if !fits && self.frames.outside == 0 {
                let wanted = step.as_ref().map_or_else(String::new, |step| String::from_utf8_lossy(step).into_owned());
                return self.refuse(format!("the root element {wanted}"), "another root element", cx.place());
            }
            if fits && self.frames.matched + 1 == settings.at.len() {
                return self.open_instance(self.plan.root as u32, 0, tag, cx);
            }
            self.frames.matched += usize::from(fits);
        }
        self.frames.outside += 1;
        true
    }

    /// What no field claims begins, in the innermost instance.
    #[inline(always)]
    fn unclaimed(&mut self, parent: Frame, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        if self.keeps(&self.plan.shapes[parent.shape as usize]) {
            return self.open_node(parent.owner, tag, cx);
        }
        if self.plan.unknown == Unknown::Refuse {
            return self.refuse("an element that a field claims", "an unknown element", cx.place());
        }
        self.frames.skipped = 1;
        true
    }

    // Ends.

    /// A value ends that is made of its text.
    #[inline(always)]
    fn end_text(&mut self) -> bool {
        let Some(frame) = self.frames.open.last() else { return true };
        // One by one: the frame was written a moment ago, and is not read back whole.
        let (shape, number, texts) = (frame.shape, frame.field, frame.texts);
        let field = &self.plan.shapes[shape as usize].fields[number as usize];
        let made = self.value(field, &self.frames.texts[texts..]);
        self.frames.texts.truncate(texts);
        if texts == 0 && self.frames.texts.capacity() > KEPT {
            self.frames.texts = Vec::new();
        }
        match made {
            Ok(value) => {
                self.frames.open.pop();
                self.store(number, value)
            }
            Err(trouble) => {
                let place = self.frames.open.last().map_or(Place::START, |frame| frame.place);
                self.fail(Reason::Trouble(trouble), place)
            }
        }
    }

    /// An element of a rest ends.
    fn end_node(&mut self, frame: Frame) -> bool {
        if !self.end_run() {
            return false;
        }
        let plan = self.plan;
        // SAFETY: attached; the new objects are ours until they are complete, and the references move into them.
        unsafe {
            let list = self.list_of(frame.nodes);
            if list.is_null() {
                return self.raised();
            }
            let element = blank(&plan.nodes.element);
            if element.is_null() {
                ffi::Py_DECREF(list);
                return self.raised();
            }
            put(element, plan.nodes.element_nodes, list);
            if let (Some(attributes), Some(name)) = (self.frames.nodes.pop(), self.frames.nodes.pop()) {
                put(element, plan.nodes.element_attributes, attributes);
                put(element, plan.nodes.element_name, name);
            }
            self.frames.open.pop();
            self.push_node(element)
        }
    }

    /// A list of the nodes from there on, which move into it; null with an exception set.
    unsafe fn list_of(&mut self, from: usize) -> Object {
        let count = self.frames.nodes.len() - from;
        // SAFETY: attached; the list has a place for each.
        unsafe {
            let list = ffi::PyList_New(count.cast_signed());
            if !list.is_null() {
                for (at, node) in self.frames.nodes.drain(from..).enumerate() {
                    ffi::PyList_SET_ITEM(list, at.cast_signed(), node);
                }
            }
            list
        }
    }

    /// An instance ends.
    #[inline(always)]
    fn end_instance(&mut self, frame: Frame) -> bool {
        let plan = self.plan;
        let shape = &plan.shapes[frame.shape as usize];
        if !self.end_run() {
            return false;
        }
        if let Some(text) = shape.text {
            let own = &self.frames.texts[frame.texts..];
            if !own.is_empty() {
                match self.value(&shape.fields[text as usize], own) {
                    Ok(value) => self.frames.values[frame.values + text as usize] = value,
                    Err(trouble) => return self.fail(Reason::Trouble(trouble), frame.place),
                }
            }
            self.frames.texts.truncate(frame.texts);
        }
        if let Some(rest) = shape.rest_nodes {
            // SAFETY: see `list_of`.
            let list = unsafe { self.list_of(frame.nodes) };
            if list.is_null() {
                return self.raised();
            }
            self.frames.values[frame.values + rest] = list;
            self.frames.tallies.truncate(frame.owner as usize);
        }
        if let Some(rest) = shape.rest_attributes
            && self.frames.values[frame.values + rest].is_null()
        {
            // Nothing is to be said of how it was written.
            // SAFETY: attached; a new dict, or null with an exception set.
            let none = unsafe { ffi::PyDict_New() };
            if none.is_null() {
                return self.raised();
            }
            self.frames.values[frame.values + rest] = none;
        }
        if shape.has_other_containers && !self.convert(shape, frame) {
            return false;
        }
        while let Some(missing) = shape.class.missing(&self.frames.values[frame.values..]) {
            if !self.absent(shape, frame, missing) {
                return false;
            }
        }
        // The values move to a place of their own: making an instance may run code, though none that comes here.
        // SAFETY: one value for each field, owned or null.
        let made = unsafe { shape.class.make(self.py, &mut self.frames.values[frame.values..]) };
        match made {
            Ok(instance) => {
                self.frames.values.truncate(frame.values);
                self.frames.open.pop();
                self.store(frame.field, instance)
            }
            Err(trouble) => self.fail(Reason::Trouble(trouble), frame.place),
        }
    }

    /// What a field without a value that is required is: no children are an empty list, and no child is None where that is one of
    /// its values.
    #[cold]
    fn absent(&mut self, shape: &Shape, frame: Frame, missing: usize) -> bool {
        let field = &shape.fields[missing];
        // SAFETY: attached; new references, or null with an exception set.
        let value = unsafe {
            if field.optional {
                ffi::Py_NewRef(ffi::Py_None())
            } else if field.many != Many::One && !field.attribute {
                match field.many {
                    Many::Set => ffi::PySet_New(std::ptr::null_mut()),
                    Many::FrozenSet => ffi::PyFrozenSet_New(std::ptr::null_mut()),
                    Many::Tuple => ffi::PyTuple_New(0),
                    Many::One | Many::List => ffi::PyList_New(0),
                }
            } else if shape.text == Some(missing as u32) {
                match self.value(field, b"") {
                    Ok(value) => value,
                    Err(trouble) => return self.fail(Reason::Trouble(trouble), frame.place),
                }
            } else {
                let what = if field.attribute { "attribute" } else { "element" };
                return self.refuse(format!("{what} {}", field.tag), "none", frame.place);
            }
        };
        if value.is_null() {
            return self.raised();
        }
        self.frames.values[frame.values + missing] = value;
        true
    }

    /// Makes sets and tuples of lists.
    #[cold]
    fn convert(&mut self, shape: &Shape, frame: Frame) -> bool {
        for (at, field) in shape.fields.iter().enumerate() {
            let list = self.frames.values[frame.values + at];
            if list.is_null() {
                continue;
            }
            if matches!(field.many, Many::Set | Many::FrozenSet) {
                // SAFETY: attached; a list that is ours and that nobody changes; its items are alive.
                let items = unsafe { (0..ffi::PyList_GET_SIZE(list)).map(|at| ffi::PyList_GET_ITEM(list, at)) };
                if is_flood(self.py, items) {
                    return self.refuse(
                        "items with hashes of their own",
                        "items of which many have one hash",
                        frame.place,
                    );
                }
                // What hashing raised, the set raises again.
                drop(PyErr::take(self.py));
            }
            // SAFETY: attached; a list that is ours, or a value of a field that holds one.
            let made = unsafe {
                match field.many {
                    Many::One | Many::List => continue,
                    Many::Set => ffi::PySet_New(list),
                    Many::FrozenSet => ffi::PyFrozenSet_New(list),
                    Many::Tuple => ffi::PyList_AsTuple(list),
                }
            };
            if made.is_null() {
                let error = PyErr::fetch(self.py);
                let trouble = own_refusal(self.py, error, || "values that can be hashed".into(), "one that can't");
                return self.fail(Reason::Trouble(trouble), frame.place);
            }
            self.frames.values[frame.values + at] = made;
            // SAFETY: attached; the list was ours.
            unsafe { ffi::Py_DECREF(list) };
        }
        true
    }
}

/// An integer as most are: a few digits and nothing else.
#[inline(always)]
fn plain_int(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 17 {
        return None;
    }
    text.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then_some(value * 10 + i64::from(digit))
    })
}

impl Sink for Building<'_, '_> {
    const KEEPS: bool = true;
    const STREAMS: bool = true;

    #[inline(always)]
    fn is_between(&self) -> bool {
        self.settings.streams && self.frames.open.is_empty()
    }

    #[inline(always)]
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        if self.frames.skipped > 0 {
            self.frames.skipped += 1;
            return true;
        }
        let Some(frame) = self.frames.open.last().copied() else { return self.outer(tag, cx) };
        if !self.fits(cx) {
            return false;
        }
        match frame.what {
            What::Instance => {
                if !self.end_run() {
                    return false;
                }
                let number = self.number(cx.names, tag.name.expanded);
                let plan = self.plan;
                match plan.shapes[frame.shape as usize].child(number, frame.expected as usize) {
                    Some(at) => self.claimed(frame, at, tag, cx),
                    None => self.unclaimed(frame, tag, cx),
                }
            }
            What::Node => self.end_run() && self.open_node(frame.owner, tag, cx),
            What::Text => {
                let field = &self.plan.shapes[frame.shape as usize].fields[frame.field as usize];
                let expected = match &field.value {
                    Value::Scalar(scalar) | Value::Int(scalar) => scalar.expected(),
                    _ => "str".into(),
                };
                self.refuse(expected, "an element", cx.place())
            }
        }
    }

    #[inline(always)]
    fn end(&mut self, _: Name, _: &[Binding], cx: &Context<'_>) -> bool {
        if self.frames.skipped > 0 {
            self.frames.skipped -= 1;
            return true;
        }
        let Some(frame) = self.frames.open.last() else {
            self.frames.outside -= 1;
            self.frames.matched = self.frames.matched.min(usize::try_from(self.frames.outside).unwrap_or(usize::MAX));
            return true;
        };
        let what = frame.what;
        if !self.fits(cx) {
            return false;
        }
        if what == What::Text {
            return self.end_text();
        }
        let Some(frame) = self.frames.open.last().copied() else { return true };
        match frame.what {
            What::Text => true,
            What::Instance => self.end_instance(frame),
            What::Node => self.end_node(frame),
        }
    }

    #[inline(always)]
    fn text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        if self.frames.skipped > 0 {
            return true;
        }
        let Some(frame) = self.frames.open.last() else { return true };
        if frame.what == What::Text {
            return self.gather(text);
        }
        let frame = *frame;
        match frame.what {
            What::Text => true,
            What::Instance => self.own_text(frame, text, cx),
            What::Node => self.gather_run(text, frame.owner, true, cx),
        }
    }

    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        self.special(Kind::Comment, &[text], cx)
    }

    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        self.special(Kind::Pi, &[target, data], cx)
    }

    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        if self.frames.skipped > 0 || self.frames.open.is_empty() {
            return true;
        }
        self.fail(Reason::Undefined(String::from_utf8_lossy(name).into_owned()), cx.place())
    }

    fn ids_end(&mut self, _: &Names) -> bool {
        self.strings.ids_end();
        self.frames.known.numbers.clear();
        self.frames.known.generation = 0;
        true
    }
}
