//! The sink: what a parse makes of the events it finds.
//!
//! The parser calls a sink in document order. Names are numbers (see [`Names`]): a sink that makes objects of them keeps
//! a table of its own, by number. Text, values and ids are UTF-8 without anything that XML does not have; they are
//! borrowed for the call. A method that returns `false` has failed and keeps the reason; the parse then stops.

use std::ops::Range;

use super::machine::{Env, Machine};
use super::names::{ExpandedId, NameId, Names, UriId};
use crate::limits::Limit;
use crate::position::Place;
use crate::simd;

/// A name as it stands in the document, and what it stands for there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// With its prefix.
    pub written: NameId,
    /// In its namespace; with namespaces off, the name as written in no namespace.
    pub expanded: ExpandedId,
}

/// An attribute of a tag. Its value is asked of the [`Tag`].
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    pub name: Name,
    /// Where the value lies: in the window, or with the highest bit in the scratch buffer.
    pub(super) start: u64,
    pub(super) length: u64,
    /// The DTD gave it; it does not stand in the tag.
    pub defaulted: bool,
    /// Its value was past a limit and is not held ([`super::Rules::skip_long`]).
    pub skipped: Option<Limit>,
}

/// A namespace declaration: a prefix (`""` for the default namespace) and its URI (`""` takes the default back).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The prefix as a name of its own.
    pub prefix: NameId,
    pub uri: UriId,
}

/// A start tag, or an empty one (then [`Sink::end`] follows at once).
pub struct Tag<'t> {
    pub name: Name,
    /// In document order, those that the DTD adds behind those of the tag; without namespace declarations, unless
    /// namespaces are off.
    pub attributes: &'t [Attribute],
    /// The declarations of this tag, in document order.
    pub bindings: &'t [Binding],
    pub(super) window: &'t [u8],
    pub(super) scratch: &'t [u8],
}

/// The bit that marks a value in the scratch buffer.
pub(super) const IN_SCRATCH: u64 = 1 << 63;

impl<'t> Tag<'t> {
    /// The value of one of the attributes, normalised (XML 1.0 §3.3.3).
    #[inline(always)]
    #[must_use]
    pub fn value(&self, attribute: &Attribute) -> &'t [u8] {
        let (buffer, start) = if attribute.start & IN_SCRATCH == 0 {
            (self.window, attribute.start)
        } else {
            (self.scratch, attribute.start & !IN_SCRATCH)
        };
        &buffer[start as usize..(start + attribute.length) as usize]
    }

    /// Whether the window is that of the document, and not the text of an entity.
    #[inline(always)]
    pub(super) fn is_in_window(&self, cx: &Context<'_>) -> bool {
        std::ptr::eq(self.window, cx.window())
    }

    /// A value of up to sixteen bytes, NUL behind it, and its length, where it can be had at once.
    #[inline(always)]
    pub(super) fn short(&self, attribute: &Attribute) -> Option<([u8; 16], usize)> {
        if attribute.length > 16 {
            return None;
        }
        // One in the scratch buffer starts far behind any window.
        let (start, length) = (usize::try_from(attribute.start).ok()?, attribute.length as usize);
        let chunk = self.window.get(start..)?.first_chunk()?;
        simd::first(chunk, length).map(|short| (short, length))
    }

    /// Where the attribute stands in the window, if it stands there as ` name="value"`, the blank included.
    #[inline(always)]
    pub(super) fn span(&self, attribute: &Attribute, cx: &Context<'_>) -> Option<Range<usize>> {
        let value = usize::try_from(attribute.start).ok()?;
        // What stands right before the equals sign is the name's end or white space.
        let from = value.checked_sub(cx.names.entry(attribute.name.written).length as usize + 3)?;
        match self.window.get(from..value) {
            Some([b' ', .., end, b'=', b'"']) if *end > b' ' => Some(from..value + attribute.length as usize + 1),
            _ => None,
        }
    }

    /// Where the tag's `<` and name stand in the window of the document, if they do.
    #[inline(always)]
    pub(super) fn head(&self, cx: &Context<'_>) -> Option<Range<usize>> {
        let At::Window(position) = cx.start else { return None };
        debug_assert_eq!(cx.window().get(position), Some(&b'<'));
        Some(position..position + 1 + cx.names.entry(self.name.written).length as usize)
    }
}

impl Context<'_> {
    /// The window of the document; empty inside a DOCTYPE.
    #[inline(always)]
    pub(super) fn window(&self) -> &[u8] {
        self.env.window
    }

    /// Where the text of the event stands in the window of the document, if it stands there as it is.
    #[inline(always)]
    pub(super) fn span(&self, text: &[u8]) -> Option<Range<usize>> {
        let At::Window(position) = self.start else { return None };
        let range = position..position + text.len();
        std::ptr::eq(self.window().get(range.clone())?, text).then_some(range)
    }

    /// Of an event that is an end tag of this name: where it stands in the window of the document, if it stands there as `</name>`.
    #[inline(always)]
    pub(super) fn end_span(&self, name: NameId) -> Option<Range<usize>> {
        let At::Window(position) = self.start else { return None };
        let end = position + 2 + self.names.entry(name).length as usize;
        (self.window().get(end) == Some(&b'>')).then_some(position..end + 1)
    }
}

/// A DOCTYPE up to its internal subset.
#[derive(Clone, Copy, Debug)]
pub struct Doctype<'d> {
    pub name: &'d [u8],
    pub public_id: Option<&'d [u8]>,
    pub system_id: Option<&'d [u8]>,
    pub internal_subset: bool,
}

/// A declaration of the internal subset, for sinks that want them.
#[derive(Clone, Copy, Debug)]
pub enum Declared<'d> {
    /// The content model as written, without the white space around it.
    Element {
        name: &'d [u8],
        model: &'d [u8],
    },
    /// One attribute. `kind` as expat tells it: `CDATA`, `NMTOKENS`, `(a|b)`, `NOTATION(a|b)`.
    Attribute {
        element: &'d [u8],
        name: &'d [u8],
        kind: &'d [u8],
        default: Option<&'d [u8]>,
        required: bool,
    },
    /// `value` for an internal one, `system_id` for an external one, `notation` for an unparsed one.
    Entity {
        name: &'d [u8],
        parameter: bool,
        value: Option<&'d [u8]>,
        public_id: Option<&'d [u8]>,
        system_id: Option<&'d [u8]>,
        notation: Option<&'d [u8]>,
    },
    Notation {
        name: &'d [u8],
        public_id: Option<&'d [u8]>,
        system_id: Option<&'d [u8]>,
    },
}

/// The XML declaration (§2.8).
#[derive(Clone, Copy, Debug)]
pub struct XmlDeclaration<'d> {
    pub version: &'d [u8],
    pub encoding: Option<&'d [u8]>,
    pub standalone: Option<bool>,
}

/// What a sink may ask about the event it is told of.
pub struct Context<'c> {
    pub names: &'c Names,
    /// The event stands in the DOCTYPE.
    pub in_doctype: bool,
    pub(super) env: &'c Env<'c>,
    pub(super) start: At,
    /// Who knows the way to here; nobody inside a DOCTYPE.
    pub(super) machine: Option<&'c Machine>,
}

/// Where an event starts: in the window, or earlier.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Window(usize),
    Known(Place),
}

/// Finds places in the window at hand. Asked in document order, so it counts on from the last one.
pub(super) trait Locate {
    fn locate(&self, position: usize) -> Place;
}

impl Context<'_> {
    /// Where the event starts. Inside an entity: where the outermost reference starts.
    #[must_use]
    pub fn place(&self) -> Place {
        self.locate(self.start)
    }

    /// Where this is, which stands in the window.
    pub(super) fn locate(&self, at: At) -> Place {
        match at {
            At::Window(position) => self.env.place.locate(position),
            At::Known(place) => place,
        }
    }

    /// The way to the open element, and from there to a child whose tag is being told.
    #[must_use]
    pub fn path(&self, child: Option<NameId>) -> String {
        self.machine.map(|machine| machine.path_to(child)).unwrap_or_default()
    }

    /// Where so many bytes into a piece of text stand; of what came by reference, where the reference starts.
    pub(super) fn into(&self, bytes: usize) -> At {
        match self.start {
            At::Window(position) => At::Window(position + bytes),
            known @ At::Known(_) => known,
        }
    }

    /// The same as a place in the document.
    #[must_use]
    pub fn place_at(&self, bytes: usize) -> Place {
        self.locate(self.into(bytes))
    }
}

pub trait Sink {
    /// Keeps all that it is told until the document ends (a tree): `max_memory_bytes` then counts all of it.
    const KEEPS: bool = false;
    /// Makes values of parts of the document: limits count each by itself.
    const STREAMS: bool = false;

    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool;
    /// `bindings`: the declarations that end with this element, in document order.
    fn end(&mut self, name: Name, bindings: &[Binding], cx: &Context<'_>) -> bool;
    /// A piece of character data, never empty; how a run is cut into pieces depends on the chunks.
    fn text(&mut self, text: &[u8], cx: &Context<'_>) -> bool;
    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool;
    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool;

    /// A comment, or the PI of this target, was past a limit and is not held ([`super::Rules::skip_long`]).
    #[inline(always)]
    fn skipped(&mut self, _target: Option<&[u8]>, _limit: Limit, _cx: &Context<'_>) -> bool {
        true
    }
    /// Outside of all values; asked where [`Sink::STREAMS`].
    #[inline(always)]
    fn is_between(&self) -> bool {
        false
    }
    /// The window goes, and positions in it with it.
    #[inline(always)]
    fn window_ends(&mut self, _cx: &Context<'_>) {}
    /// The ids of namespaces and expanded names end here: what still needs them is to be looked up now.
    #[inline(always)]
    fn ids_end(&mut self, _names: &Names) -> bool {
        true
    }
    /// A CDATA section begins or ends; its text comes by [`Sink::text`].
    #[inline(always)]
    fn cdata(&mut self, _begins: bool, _cx: &Context<'_>) -> bool {
        true
    }
    /// A reference to an entity that is not read.
    #[inline(always)]
    fn entity(&mut self, _name: &[u8], _cx: &Context<'_>) -> bool {
        true
    }
    #[inline(always)]
    fn xml_declaration(&mut self, _declaration: &XmlDeclaration<'_>, _cx: &Context<'_>) -> bool {
        true
    }
    #[inline(always)]
    fn doctype(&mut self, _doctype: &Doctype<'_>, _cx: &Context<'_>) -> bool {
        true
    }
    /// A declaration was read; an attribute that was declared before is told again, an entity is not.
    #[inline(always)]
    fn declared(&mut self, _declared: &Declared<'_>, _cx: &Context<'_>) -> bool {
        true
    }
    /// A reference to a parameter entity that is not declared.
    #[inline(always)]
    fn parameter_entity(&mut self, _name: &[u8], _cx: &Context<'_>) -> bool {
        true
    }
    /// A token of the internal subset as written, white space, comments and PIs included.
    #[inline(always)]
    fn subset(&mut self, _text: &[u8], _cx: &Context<'_>) -> bool {
        true
    }
    #[inline(always)]
    fn doctype_end(&mut self, _cx: &Context<'_>) -> bool {
        true
    }
}

/// Makes nothing: what `check` and the benches of parsing alone run on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

impl Sink for Null {
    #[inline(always)]
    fn start(&mut self, _: &Tag<'_>, _: &Context<'_>) -> bool {
        true
    }
    #[inline(always)]
    fn end(&mut self, _: Name, _: &[Binding], _: &Context<'_>) -> bool {
        true
    }
    #[inline(always)]
    fn text(&mut self, _: &[u8], _: &Context<'_>) -> bool {
        true
    }
    #[inline(always)]
    fn comment(&mut self, _: &[u8], _: &Context<'_>) -> bool {
        true
    }
    #[inline(always)]
    fn pi(&mut self, _: &[u8], _: &[u8], _: &Context<'_>) -> bool {
        true
    }
}
