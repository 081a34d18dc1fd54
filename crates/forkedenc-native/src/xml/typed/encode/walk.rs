//! The walk over an instance and all below it, without recursion: open elements are frames, what they still have to write
//! lies in one stack of items.

use std::sync::Arc;

use forkedenc_core::limits::{Limit, XmlLimits};
use forkedenc_core::xml::write::{Context, Failure, Form, How, Invalid, Out, Refusal, rules};
use pyo3::exceptions::PyMemoryError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyType};

use super::classes::{Registered, slot};
use super::content::{Item, Tagged};
use super::names::{self, Names, Wish, prefix_of, utf8};
use super::plan::Plan;
use super::value::{Value, resolve};
use crate::text::Units;
use crate::xml::events::types::{self, Kind};

/// So many classes are found at once.
const NEAR: usize = 16;

/// How documents are written.
pub struct Options {
    pub form: Form,
    pub declaration: bool,
    pub default: Option<Py<PyAny>>,
    pub indent: Option<Vec<u8>>,
    pub omit_defaults: bool,
    pub limits: XmlLimits,
}

/// Why a walk ended early.
pub enum Trouble {
    Raised(PyErr),
    Refused(Refusal),
    /// An attribute of an instance is not there.
    Missing(Option<PyErr>),
    /// An object of this class, where something else belongs.
    Type(Py<PyType>, &'static str),
    Value {
        expected: String,
        actual: String,
        cause: Option<PyErr>,
    },
    /// A kind and a message.
    Other(&'static str, &'static str),
}

impl From<PyErr> for Trouble {
    fn from(error: PyErr) -> Self {
        Self::Raised(error)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

pub(super) enum Open<'py> {
    /// Its items are those from here on.
    Instance { items: usize, plan: Arc<Plan> },
    /// Its nodes.
    Element(Bound<'py, PyList>),
}

/// An open element.
pub(super) struct Frame<'py> {
    /// The instance or element, kept.
    owner: Bound<'py, PyAny>,
    open: Open<'py>,
    /// How many items or nodes were taken.
    position: usize,
    /// Where its name as written begins.
    name: usize,
    /// Its content is indented: no character data is in it.
    pretty: bool,
}

pub struct Walk<'a, 'py> {
    pub py: Python<'py>,
    pub options: &'a Options,
    pub known: Arc<Registered>,
    pub out: Out,
    pub items: Vec<Item<'py>>,
    pub(super) names: Names,
    /// Some of the classes of this document, kept, and their plans.
    pub(super) near: [Option<(Bound<'py, PyType>, Arc<Plan>)>; NEAR],
    pub(super) frames: Vec<Frame<'py>>,
    /// The names of the open elements as written, one behind the other, and that of a tag at hand.
    pub(super) spelled: Vec<u8>,
    /// Where the name of a tag at hand begins.
    pub(super) at_hand: Option<usize>,
    /// The name of an attribute at hand, for the path.
    pub(super) attribute: Vec<u8>,
    pub(super) scratch: Vec<u8>,
}

/// The end of a start tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Open,
    Empty,
}

impl<'a, 'py> Walk<'a, 'py> {
    pub fn new(py: Python<'py>, options: &'a Options, known: Arc<Registered>) -> Self {
        Self {
            py,
            options,
            known,
            out: Out::new(Vec::new(), options.limits.document_bytes),
            items: Vec::new(),
            names: Names::default(),
            near: [const { None }; NEAR],
            frames: Vec::new(),
            spelled: Vec::new(),
            at_hand: None,
            attribute: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Writes a document.
    pub fn run(&mut self, root: &Bound<'py, PyAny>) -> Result<(), Trouble> {
        if self.options.declaration {
            let encoding: &[u8] = if self.options.form == Form::Ascii { b"US-ASCII" } else { b"UTF-8" };
            let written =
                self.out.raw(b"<?xml version=\"1.0\" encoding=\"") && self.out.raw(encoding) && self.out.raw(b"\"?>\n");
            self.done(written)?;
        }
        match self.resolved(root)? {
            Value::Instance(instance, plan) => {
                if plan.element.is_none() {
                    return Err(Trouble::Type(instance.get_type().unbind(), "an instance of a class with xml.element"));
                }
                self.instance(&instance, &plan, None, None)?;
            }
            Value::Element(element) => self.element(&element)?,
            _ => return Err(Trouble::Type(root.get_type().unbind(), "an instance of a class with xml.element")),
        }
        while let Some(frame) = self.frames.last_mut() {
            let place = frame.position;
            frame.position += 1;
            match &frame.open {
                Open::Instance { items, .. } => match self.items.get(items + place).cloned() {
                    Some(item) => self.item(item)?,
                    None => self.end()?,
                },
                Open::Element(nodes) => {
                    // Code that was asked for stand-ins may have changed the list.
                    let node = if place < nodes.len() { Some(nodes.get_item(place)?) } else { None };
                    match node {
                        Some(node) => self.node(&node)?,
                        None => self.end()?,
                    }
                }
            }
        }
        let fits = self.out.fits();
        self.done(fits)
    }

    // Writing.

    pub(super) fn how(&self, context: Context) -> How {
        How { context, form: self.options.form, invalid: Invalid::Error }
    }

    pub(super) fn done(&self, written: bool) -> Result<(), Trouble> {
        if written { Ok(()) } else { Err(self.out_failed()) }
    }

    #[cold]
    pub(super) fn out_failed(&self) -> Trouble {
        Trouble::Refused(match self.out.failure() {
            Some(Failure::Character(point)) => Refusal::Character(point),
            Some(Failure::Limit) => {
                let maximum = self.options.limits.document_bytes;
                Refusal::Limit { limit: Limit::DocumentBytes, maximum, observed: maximum.saturating_add(1) }
            }
            Some(Failure::Memory) | None => Refusal::Memory,
        })
    }

    /// Writes the characters of a str, all of them or some.
    pub(super) fn string(
        &mut self,
        text: &Bound<'py, PyString>,
        part: Option<(usize, usize)>,
        context: Context,
    ) -> Result<(), Trouble> {
        let how = self.how(context);
        let range = |length: usize| part.map_or(0..length, |(from, to)| from.min(length)..to.clamp(from, length));
        // SAFETY: a str, alive for the length of the call; nothing runs that could end it.
        let written = match unsafe { Units::of(text.as_ptr()) } {
            Units::Ascii(units) => self.out.ascii(&units[range(units.len())], how),
            Units::Latin1(units) => self.out.wide(&units[range(units.len())], how),
            Units::Two(units) => self.out.wide(&units[range(units.len())], how),
            Units::Four(units) => self.out.wide(&units[range(units.len())], how),
        };
        self.done(written)
    }

    /// Writes what no reference can stand in.
    pub(super) fn plain(&mut self, text: &Bound<'py, PyString>) -> Result<(), Trouble> {
        // SAFETY: a str, alive for the length of the call.
        let ascii = matches!(unsafe { Units::of(text.as_ptr()) }, Units::Ascii(_));
        if self.options.form == Form::Ascii && !ascii {
            return Err(Refusal::Unencodable.into());
        }
        self.string(text, None, Context::Raw)
    }

    pub(super) fn plain_bytes(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if self.options.form == Form::Ascii && !bytes.is_ascii() {
            return Err(Refusal::Unencodable.into());
        }
        let how = self.how(Context::Raw);
        let written = self.out.utf8(bytes, how);
        self.done(written)
    }

    /// Writes a name of those that are spelled.
    pub(super) fn spelled(&mut self, from: usize, to: usize) -> Result<(), Trouble> {
        let name = self.spelled.get(from..to).unwrap_or_default();
        if self.options.form == Form::Ascii && !name.is_ascii() {
            return Err(Refusal::Unencodable.into());
        }
        let how = How { context: Context::Raw, form: self.options.form, invalid: Invalid::Error };
        let written = self.out.utf8(name, how);
        self.done(written)
    }

    pub(super) fn resolved(&mut self, value: &Bound<'py, PyAny>) -> Result<Value<'py>, Trouble> {
        let class = value.get_type_ptr();
        let near = class.addr() >> 4 & (NEAR - 1);
        if let Some((own, plan)) = &self.near[near]
            && own.as_type_ptr() == class
        {
            return Ok(Value::Instance(value.clone(), plan.clone()));
        }
        let resolved = resolve(&self.known, self.options.default.as_ref(), value, &mut self.scratch)?;
        if let Value::Instance(instance, plan) = &resolved
            && instance.is(value)
        {
            self.near[near] = Some((value.get_type(), plan.clone()));
        }
        Ok(resolved)
    }

    /// A line feed and the white space of a level, where content is indented.
    pub(super) fn line(&mut self, depth: usize) -> Result<(), Trouble> {
        let Some(indent) = &self.options.indent else { return Ok(()) };
        let mut written = self.out.put([b'\n']);
        for _ in 0..depth {
            written = written && self.out.raw(indent);
        }
        self.done(written)
    }

    /// White space before a child, comment or PI.
    pub(super) fn line_before(&mut self) -> Result<(), Trouble> {
        match self.frames.last() {
            Some(frame) if frame.pretty => self.line(self.frames.len()),
            _ => Ok(()),
        }
    }

    // Tags.

    /// The prefix of the innermost open element.
    pub(super) fn parent_prefix(&self) -> Option<&[u8]> {
        let frame = self.frames.last()?;
        Some(prefix_of(self.spelled.get(frame.name..).unwrap_or_default()))
    }

    pub(super) fn depth(&self) -> u64 {
        self.frames.len() as u64 + 1
    }

    /// Writes `<name` and its declarations; its name is at hand then.
    pub(super) fn start(
        &mut self,
        uri: &[u8],
        local: &[u8],
        fits: bool,
        wish: &Wish,
        declarations: Option<&Bound<'py, PyDict>>,
    ) -> Result<(), Trouble> {
        let (depth, limits) = (self.depth(), &self.options.limits);
        let name = self.spelled.len();
        self.at_hand = Some(name);
        if !fits {
            return Err(Refusal::ElementName.into());
        }
        if depth > limits.depth {
            return Err(Refusal::Limit { limit: Limit::Depth, maximum: limits.depth, observed: depth }.into());
        }
        for (prefix, namespace) in declarations.into_iter().flatten() {
            let (prefix, namespace) = (self.bytes(&prefix)?, self.bytes(&namespace)?);
            if self.names.scope.declared_at(depth).any(|declared| declared == prefix) {
                return Err(Refusal::DuplicateAttribute.into());
            }
            self.names.scope.declare(depth, &prefix, &namespace).map_err(Refusal::from)?;
        }
        let parent = if uri.is_empty() { None } else { self.parent_prefix().map(<[u8]>::to_vec) };
        let made = self.names.element(depth, uri, local, wish, parent.as_deref(), &mut self.spelled)?;
        let written = self.out.put([b'<']);
        self.done(written)?;
        self.spelled(name, self.spelled.len())?;
        for (prefix, namespace) in declarations.into_iter().flatten() {
            let (prefix, namespace) = (self.bytes(&prefix)?, self.bytes(&namespace)?);
            self.declaration(&prefix, &namespace)?;
        }
        if let Some(prefix) = made {
            self.declaration(&prefix, uri)?;
        }
        Ok(())
    }

    pub(super) fn declaration(&mut self, prefix: &[u8], uri: &[u8]) -> Result<(), Trouble> {
        let written = self.out.raw(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
        self.done(written)?;
        self.plain_bytes(prefix)?;
        let how = self.how(Context::Attribute);
        let written = self.out.put(*b"=\"") && self.out.utf8(uri, how) && self.out.put([b'"']);
        self.done(written)
    }

    /// The UTF-8 of what must be a str.
    pub(super) fn bytes(&self, value: &Bound<'py, PyAny>) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        utf8(self.text(value)?, &mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn text<'b>(&self, value: &'b Bound<'py, PyAny>) -> Result<&'b Bound<'py, PyString>, Trouble> {
        value.cast::<PyString>().map_err(|_| Trouble::Type(value.get_type().unbind(), "a str"))
    }

    /// Writes the text of a scalar.
    pub(super) fn scalar(&mut self, value: &Value<'py>, context: Context) -> Result<(), Trouble> {
        match value {
            Value::Nothing => Ok(()),
            Value::Text(text) => self.string(text, None, context),
            Value::Scratch => {
                let how = self.how(context);
                let written = self.out.utf8(&self.scratch, how);
                self.done(written)
            }
            Value::Instance(object, _) | Value::Element(object) => {
                Err(Trouble::Type(object.get_type().unbind(), "a scalar"))
            }
        }
    }

    /// Ends a start tag; the name at hand is that of the open element, or gone.
    pub(super) fn close_start(&mut self, ends: Ends) -> Result<(), Trouble> {
        match ends {
            Ends::Open => {
                let written = self.out.put([b'>']);
                self.done(written)
            }
            Ends::Empty => {
                let written = self.out.put(*b"/>");
                self.done(written)?;
                self.forget_tag();
                Ok(())
            }
        }
    }

    /// The tag at hand is written, and was no frame's.
    pub(super) fn forget_tag(&mut self) {
        if let Some(name) = self.at_hand.take() {
            self.spelled.truncate(name);
        }
        if !self.names.scope.is_empty() {
            self.names.scope.close(self.depth());
        }
    }

    /// Makes a frame of the tag at hand.
    pub(super) fn push(&mut self, owner: Bound<'py, PyAny>, open: Open<'py>, mixed: bool) -> Result<(), Trouble> {
        let size = size_of::<Frame<'_>>() as u64;
        let needed = (self.frames.len() as u64 + 1).saturating_mul(size);
        let maximum = self.options.limits.stack_bytes;
        if needed > maximum {
            return Err(Refusal::Limit { limit: Limit::StackBytes, maximum, observed: needed }.into());
        }
        // What holds itself comes by the frame at the last power of two again, sooner or later.
        let depth = self.frames.len();
        let mark = if depth == 0 { None } else { self.frames.get((1 << depth.ilog2()) - 1) };
        if mark.is_some_and(|frame| frame.owner.is(&owner)) {
            return Err(Trouble::Other("circular", "an object holds itself"));
        }
        self.frames.try_reserve(1).map_err(|_| PyMemoryError::new_err(()))?;
        let above = self.frames.last().is_none_or(|frame| frame.pretty);
        let pretty = self.options.indent.is_some() && above && !mixed;
        let name = self.at_hand.take().unwrap_or_default();
        self.frames.push(Frame { owner, open, position: 0, name, pretty });
        Ok(())
    }

    /// Ends the innermost open element.
    pub(super) fn end(&mut self) -> Result<(), Trouble> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let (name, pretty) = (frame.name, frame.pretty);
        if pretty {
            self.line(self.frames.len() - 1)?;
        }
        let written = self.out.put(*b"</");
        self.done(written)?;
        self.spelled(name, self.spelled.len())?;
        let written = self.out.put([b'>']);
        self.done(written)?;
        if let Some(Frame { open: Open::Instance { items, .. }, .. }) = self.frames.pop() {
            self.items.truncate(items);
        }
        self.spelled.truncate(name);
        if !self.names.scope.is_empty() {
            self.names.scope.close(self.depth());
        }
        Ok(())
    }

    // What is written.

    /// Writes an instance as far as its content: as its class's own element, or by the name given.
    pub(super) fn instance(
        &mut self,
        instance: &Bound<'py, PyAny>,
        plan: &Arc<Plan>,
        tag: Option<&names::Name>,
        mark: Option<&Bound<'py, PyAny>>,
    ) -> Result<(), Trouble> {
        let Some(tag) = tag.or(plan.element.as_ref()) else {
            return Err(Trouble::Type(instance.get_type().unbind(), "an instance of a class with xml.element"));
        };
        let mut rest = None;
        if let Some(attribute) = &plan.rest_attributes {
            let found = attribute.get(instance)?;
            if !super::value::is_nothing(&self.known, &found) {
                rest =
                    Some(found.cast_into::<PyDict>().map_err(|error| {
                        Trouble::Type(error.into_inner().get_type().unbind(), "a dict of attributes")
                    })?);
            }
        }
        let written = self.how_written(rest.as_ref())?;
        let wish = match (written.wish, mark) {
            (Wish::Prefix(prefix), _) => Wish::Prefix(prefix),
            (_, Some(prefix)) => self.wish(prefix)?,
            (wish, None) => wish,
        };
        self.line_before()?;
        self.start(&tag.uri, &tag.local, tag.fits, &wish, written.namespaces.as_ref())?;
        self.field_attributes(instance, plan, written.prefixes.as_ref())?;
        if let Some(rest) = rest {
            self.rest_attributes(&rest, written.prefixes.as_ref(), Some(plan))?;
            self.attribute.clear();
        }
        let items = self.items.len();
        self.gather(instance, plan)?;
        if self.items.len() == items {
            return self.close_start(Ends::Empty);
        }
        self.close_start(Ends::Open)?;
        let texts = types::type_of(Kind::Text);
        let mixed = self.options.indent.is_some()
            && self.items[items..].iter().any(|item| match item {
                Item::Text(..) => true,
                Item::Child { .. } => false,
                Item::Node(node) => node.get_type().as_type_ptr() == texts,
            });
        self.push(instance.clone(), Open::Instance { items, plan: plan.clone() }, mixed)
    }

    /// Writes an `Element` as far as its content.
    pub(super) fn element(&mut self, element: &Bound<'py, PyAny>) -> Result<(), Trouble> {
        // SAFETY: an `Element`, which has these slots.
        let [name, attributes, nodes] = unsafe {
            let slots = &self.known.slots;
            [slot(element, slots.name), slot(element, slots.attributes), slot(element, slots.nodes)]
        };
        let (Some(name), Some(attributes), Some(nodes)) = (name, attributes, nodes) else {
            return Err(Trouble::Missing(None));
        };
        let attributes = attributes
            .cast::<PyDict>()
            .map_err(|_| Trouble::Type(attributes.get_type().unbind(), "a dict of attributes"))?;
        let nodes = nodes.cast::<PyList>().map_err(|_| Trouble::Type(nodes.get_type().unbind(), "a list of nodes"))?;
        let bytes = self.bytes(&name)?;
        let (uri, local) = names::parts(&bytes);
        let fits = rules::is_ncname(local) && local != b"xmlns";
        let written = self.how_written(Some(attributes))?;
        self.line_before()?;
        self.start(uri, local, fits, &written.wish, written.namespaces.as_ref())?;
        self.rest_attributes(attributes, written.prefixes.as_ref(), None)?;
        self.attribute.clear();
        if nodes.is_empty() {
            return self.close_start(Ends::Empty);
        }
        self.close_start(Ends::Open)?;
        let texts = types::type_of(Kind::Text);
        let mixed = self.options.indent.is_some() && nodes.iter().any(|node| node.get_type().as_type_ptr() == texts);
        self.push(element.clone(), Open::Element(nodes.clone()), mixed)
    }

    pub(super) fn item(&mut self, item: Item<'py>) -> Result<(), Trouble> {
        match item {
            Item::Node(node) => self.node(&node),
            Item::Text(value, part) => {
                let value = self.resolved(&value)?;
                match (&value, part) {
                    (Value::Text(text), Some(_)) => self.string(text, part, Context::Content),
                    _ => self.scalar(&value, Context::Content),
                }
            }
            Item::Child { field, value, mark } => {
                let Some(Frame { open: Open::Instance { plan, .. }, .. }) = self.frames.last() else { return Ok(()) };
                let plan = plan.clone();
                let tag = plan.content.get(field).and_then(|own| own.tag.as_ref());
                self.child(&value, tag, mark.as_ref())
            }
        }
    }

    /// Writes a value of a field as a child.
    pub(super) fn child(
        &mut self,
        value: &Bound<'py, PyAny>,
        tag: Option<&names::Name>,
        mark: Option<&Tagged<'py>>,
    ) -> Result<(), Trouble> {
        let value = match self.resolved(value) {
            Ok(value) => value,
            Err(trouble) => {
                self.at_hand = Some(self.spelled.len());
                self.spelled.extend_from_slice(tag.map_or(b"", |tag| &tag.local));
                return Err(trouble);
            }
        };
        if let Value::Instance(instance, plan) = &value {
            return self.instance(instance, plan, tag, mark.map(|mark| &mark.prefix));
        }
        let Some(tag) = tag else {
            return Err(Trouble::Other("not_serializable", "expected an instance of a class with xml.element"));
        };
        let empty = match &value {
            Value::Text(text) => text.is_empty()?,
            Value::Nothing => return Err(Trouble::Other("not_serializable", "a value of a list is None")),
            _ => false,
        };
        let wish = match mark {
            Some(mark) => self.wish(&mark.prefix)?,
            None => Wish::Unknown,
        };
        let attributes = mark.and_then(|mark| mark.attributes.as_ref());
        let written = self.how_written(attributes)?;
        self.line_before()?;
        self.start(&tag.uri, &tag.local, tag.fits, &wish, written.namespaces.as_ref())?;
        if let Some(attributes) = attributes {
            self.rest_attributes(attributes, written.prefixes.as_ref(), None)?;
            self.attribute.clear();
        }
        if empty {
            return self.close_start(Ends::Empty);
        }
        self.close_start(Ends::Open)?;
        self.scalar(&value, Context::Content)?;
        let name = self.at_hand.unwrap_or_default();
        let written = self.out.put(*b"</");
        self.done(written)?;
        self.spelled(name, self.spelled.len())?;
        let written = self.out.put([b'>']);
        self.done(written)?;
        self.forget_tag();
        Ok(())
    }

    /// Writes a node of a rest.
    pub(super) fn node(&mut self, node: &Bound<'py, PyAny>) -> Result<(), Trouble> {
        let class = node.get_type();
        if class.is(&self.known.element) {
            return self.element(node);
        }
        let class_at = class.as_type_ptr();
        let field = |at: usize| -> Result<Bound<'py, PyString>, Trouble> {
            // SAFETY: an event of a class that has so many fields, each a str; kept by the reference that is made.
            let held = unsafe { Bound::from_borrowed_ptr(self.py, *types::fields(node.as_ptr()).add(at)) };
            held.cast_into::<PyString>().map_err(|error| Trouble::Raised(error.into()))
        };
        if class_at == types::type_of(Kind::Text) {
            return self.string(&field(0)?, None, Context::Content);
        }
        if class_at == types::type_of(Kind::Comment) {
            let text = field(0)?;
            let mut bytes = std::mem::take(&mut self.scratch);
            bytes.clear();
            utf8(&text, &mut bytes)?;
            let fits = rules::is_comment(&bytes);
            self.scratch = bytes;
            if !fits {
                return Err(Refusal::Comment.into());
            }
            self.line_before()?;
            let written = self.out.raw(b"<!--");
            self.done(written)?;
            self.plain(&text)?;
            let written = self.out.raw(b"-->");
            return self.done(written);
        }
        if class_at == types::type_of(Kind::Pi) {
            return self.pi(&field(0)?, &field(1)?);
        }
        if class.is(&self.known.claimed) {
            return Ok(());
        }
        Err(Trouble::Type(class.unbind(), "a node: Text, Comment, PI, Element or Claimed"))
    }

    pub(super) fn pi(&mut self, target: &Bound<'py, PyString>, data: &Bound<'py, PyString>) -> Result<(), Trouble> {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        utf8(target, &mut first)?;
        utf8(data, &mut second)?;
        if rules::pi(&first).map_err(Refusal::Pi)?.len() != first.len() {
            return Err(Refusal::Pi(rules::BadPi::Target).into());
        }
        if second.windows(2).any(|pair| pair == b"?>") {
            return Err(Refusal::Pi(rules::BadPi::Data).into());
        }
        self.line_before()?;
        let written = self.out.put(*b"<?");
        self.done(written)?;
        self.plain(target)?;
        if !second.is_empty() {
            let written = self.out.put([b' ']);
            self.done(written)?;
            self.plain(data)?;
        }
        let written = self.out.put(*b"?>");
        self.done(written)
    }

    /// What an `Attributes` knows of how its element was written; nothing of a plain dict.
    pub(super) fn how_written(&self, attributes: Option<&Bound<'py, PyDict>>) -> Result<Written<'py>, Trouble> {
        let py = self.py;
        let Some(attributes) = attributes else { return Ok(Written::NOTHING) };
        let class = attributes.get_type();
        if !class.is(&self.known.attributes)
            && (attributes.is_exact_instance_of::<PyDict>() || !class.is_subclass(self.known.attributes.bind(py))?)
        {
            return Ok(Written::NOTHING);
        }
        let dict = |offset: isize| -> Result<Option<Bound<'py, PyDict>>, Trouble> {
            // SAFETY: an `Attributes`, or of a subclass, which has the slot.
            let Some(found) = (unsafe { slot(attributes, offset) }) else { return Ok(None) };
            let found = found
                .cast_into::<PyDict>()
                .map_err(|error| Trouble::Type(error.into_inner().get_type().unbind(), "a dict of prefixes"))?;
            Ok(if found.is_empty() { None } else { Some(found) })
        };
        let slots = &self.known.slots;
        // SAFETY: as above.
        let prefix = unsafe { slot(attributes, slots.prefix) };
        Ok(Written {
            namespaces: dict(slots.namespaces)?,
            prefixes: dict(slots.prefixes)?,
            wish: prefix.map_or(Ok(Wish::Bare), |prefix| self.wish(&prefix))?,
        })
    }

    /// A prefix, or None.
    pub(super) fn wish(&self, prefix: &Bound<'py, PyAny>) -> Result<Wish, Trouble> {
        if prefix.is_none() {
            return Ok(Wish::Bare);
        }
        let prefix = self.bytes(prefix)?;
        Ok(if prefix.is_empty() { Wish::Bare } else { Wish::Prefix(prefix) })
    }

    // For errors.

    /// The way to what is at hand: `/feed/entry[2]/@href`, by the names as they are written.
    pub fn path(&self) -> String {
        let mut path = String::new();
        let mut starts: Vec<usize> = self.frames.iter().map(|frame| frame.name).collect();
        starts.extend(self.at_hand);
        for (level, start) in starts.iter().enumerate() {
            let end = starts.get(level + 1).copied().unwrap_or(self.spelled.len());
            path.push('/');
            path.push_str(&String::from_utf8_lossy(self.spelled.get(*start..end).unwrap_or_default()));
            let before = level.checked_sub(1).map_or(0, |above| self.same_before(&self.frames[above]));
            if before > 0 {
                path.push_str(&format!("[{}]", before + 1));
            }
            if path.len() > 4096 {
                return path;
            }
        }
        if !self.attribute.is_empty() {
            path.push_str("/@");
            path.push_str(&String::from_utf8_lossy(&self.attribute));
        }
        path
    }

    /// How many children of the same name stand before the one that was taken last.
    pub(super) fn same_before(&self, frame: &Frame<'py>) -> usize {
        let Some(last) = frame.position.checked_sub(1) else { return 0 };
        let name = |node: &Bound<'py, PyAny>| -> Option<String> {
            if !node.get_type().is(&self.known.element) {
                return None;
            }
            node.getattr(intern!(self.py, "name")).ok()?.extract().ok()
        };
        match &frame.open {
            Open::Instance { items, .. } => {
                let items = self.items.get(*items..).unwrap_or_default();
                let before = items.get(..last).unwrap_or_default();
                match items.get(last) {
                    Some(Item::Child { field, .. }) => before
                        .iter()
                        .filter(|item| matches!(item, Item::Child { field: other, .. } if other == field))
                        .count(),
                    Some(Item::Node(node)) => {
                        let own = name(node);
                        let same = |item: &&Item<'py>| matches!(item, Item::Node(other) if name(other) == own);
                        if own.is_some() { before.iter().filter(same).count() } else { 0 }
                    }
                    _ => 0,
                }
            }
            Open::Element(nodes) => {
                let own = nodes.get_item(last).ok().and_then(|node| name(&node));
                if own.is_none() { 0 } else { nodes.iter().take(last).filter(|node| name(node) == own).count() }
            }
        }
    }
}

/// How an element was written.
pub(super) struct Written<'py> {
    namespaces: Option<Bound<'py, PyDict>>,
    prefixes: Option<Bound<'py, PyDict>>,
    wish: Wish,
}

impl Written<'_> {
    const NOTHING: Self = Self { namespaces: None, prefixes: None, wish: Wish::Unknown };
}
