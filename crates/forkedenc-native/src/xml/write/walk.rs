//! The walk over a tree of elements: an explicit coroutine that writes what it meets.
//!
//! The open elements are frames on the runtime's stack, one word each: a flag and the index of the next child. The
//! objects that the frames speak of are held beside, in `open`, the innermost last. Python code runs where elements are not the standard
//! library's or names and texts are no plain strs; so whatever lives across a read is held by a reference, and children are
//! counted anew at each step.
//!
//! Failures are `Trouble`, which `error` makes exceptions of. Next: `tag`.

use std::collections::HashMap;

use forkedenc_core::limits::{Limit, NONE, XmlLimits};
use forkedenc_core::xml::write::{Context, Failure, Form, How, Invalid, Out, Scope, rules};
use forkedenc_runtime::Stack;
use pyo3::ffi;

use super::element::{Access, Known, Part, child};
use super::names::{Names, PREFIXED, RAW_TEXT, Room, Spelled, VOID, bad_binding, unencodable};
use super::raw;
use super::reference::Ref;
use crate::text::{Units, is_compact_ascii};

const _: () = assert!(size_of::<ffi::PyASCIIObject>() >= 16);

/// Why the walk ended early.
pub enum Trouble {
    /// Python code raised; the exception is set.
    Raised,
    Memory,
    Limit {
        limit: Limit,
        maximum: u64,
        observed: u64,
    },
    /// A character that XML has no place for.
    Character(u32),
    /// An object of a type that can't be written.
    Type(Ref),
    /// What would not be well-formed: its kind and a text for readers.
    Refused(&'static str, &'static str),
}

impl Trouble {
    pub fn refused(kind: &'static str, text: &'static str) -> Self {
        Self::Refused(kind, text)
    }
}

/// How a tree is written.
#[derive(Clone)]
pub struct Options {
    pub form: Form,
    pub invalid: Invalid,
    pub html: bool,
    pub short_empty: bool,
    pub limits: XmlLimits,
}

impl Options {
    pub fn checked(&self) -> bool {
        self.invalid != Invalid::Write
    }

    pub fn how(&self, context: Context) -> How {
        How { context, form: self.form, invalid: self.invalid }
    }
}

/// An open element.
pub struct Open {
    pub element: Ref,
    /// The children still to come, where they are iterated.
    children: Option<Ref>,
    /// The name it was opened with; `None` where it has no tags.
    pub name: Option<Ref>,
    /// What its frame's element is in HTML.
    flags: u8,
    /// Its children are read by layout.
    raw: bool,
}

/// What a thread keeps for its next walk.
#[derive(Default)]
pub struct Kept {
    pub buffer: Vec<u8>,
    pub open: Vec<Open>,
    pub names: Room,
}

pub struct Walk<'a> {
    pub options: &'a Options,
    pub known: &'a Known,
    pub out: Out,
    pub names: Names,
    /// One word for each of `open`: the index of its next child.
    stack: Option<Stack>,
    pub open: Vec<Open>,
    peak: usize,
    /// Where the namespaces are declared: in the root's tag, behind its name.
    pub splice: Option<usize>,
    /// The children of a comment are written nowhere, though their names are spelled: the frames open there, and the output before.
    pub muted: Option<(usize, usize)>,
    /// Declarations that stand among the attributes as they are.
    pub scope: Scope,
    /// Those of the root.
    pub root_prefixes: Vec<Vec<u8>>,
    /// Prefixes that were written before they were declared anywhere, with the path of the first.
    pub late: HashMap<Vec<u8>, String>,
    /// Prefixes of that kind that must not stand for a namespace: an attribute would be there twice.
    pub late_distinct: Vec<(Vec<u8>, Vec<u8>)>,
    /// What the walk began with.
    pub root: Option<Ref>,
    /// The name of the attribute in whose value the trouble is.
    pub attribute: Option<Ref>,
    /// The path of the trouble, where it is known already.
    pub path: Option<String>,
}

impl<'a> Walk<'a> {
    pub fn new(options: &'a Options, known: &'a Known, kept: Kept) -> Self {
        debug_assert!(kept.open.is_empty());
        Self {
            options,
            known,
            out: Out::new(kept.buffer, options.limits.document_bytes),
            names: Names::new(kept.names, options.form, options.checked(), options.html),
            stack: None,
            open: kept.open,
            peak: 0,
            splice: None,
            muted: None,
            scope: Scope::default(),
            root_prefixes: Vec::new(),
            late: HashMap::new(),
            late_distinct: Vec::new(),
            root: None,
            attribute: None,
            path: None,
        }
    }

    /// Gives back what the thread keeps, and every reference.
    pub fn into_kept(mut self) -> Kept {
        while let Some(open) = self.open.pop() {
            drop(open);
        }
        Kept { buffer: self.out.into_buffer(), open: self.open, names: self.names.into_room() }
    }

    /// What the writer's refusal means.
    #[cold]
    #[inline(never)]
    pub fn out_failed(&self) -> Trouble {
        match self.out.failure() {
            Some(Failure::Character(point)) => Trouble::Character(point),
            Some(Failure::Limit) => {
                let maximum = self.options.limits.document_bytes;
                Trouble::Limit { limit: Limit::DocumentBytes, maximum, observed: maximum.saturating_add(1) }
            }
            Some(Failure::Memory) | None => Trouble::Memory,
        }
    }

    #[inline(always)]
    pub fn done(&self, written: bool) -> Result<(), Trouble> {
        if written { Ok(()) } else { Err(self.out_failed()) }
    }

    /// Writes an element and all below it.
    pub fn run(&mut self, root: Ref) -> Result<(), Trouble> {
        self.root = Some(root.clone());
        let mut element = root;
        loop {
            self.start(element)?;
            loop {
                let Some(open) = self.open.last() else { return self.finish() };
                let Some(stack) = &mut self.stack else { return self.finish() };
                let [index] = stack.peek();
                stack.replace([index + 1]);
                if open.raw {
                    match raw::child(&open.element, index as usize) {
                        Some(child) => self.start_raw(child)?,
                        None => self.end()?,
                    }
                    continue;
                }
                let next = match &open.children {
                    None => child(&open.element, index as usize).ok_or(Trouble::Raised)?,
                    Some(children) => next(children)?,
                };
                if let Some(next) = next {
                    element = next;
                    break;
                }
                self.end()?;
            }
        }
    }

    /// Writes an element as far as its children.
    #[inline(always)]
    pub fn start(&mut self, element: Ref) -> Result<(), Trouble> {
        self.check_depth()?;
        let access = self.known.access(&element);
        let tag = self.known.part(&element, Part::Tag).ok_or(Trouble::Raised)?;
        if !tag.is_exact_str() {
            return self.start_unusual(element, access, tag);
        }
        self.start_named(element, access, tag)
    }

    #[inline(always)]
    pub fn check_depth(&self) -> Result<(), Trouble> {
        let depth = self.open.len() as u64 + 1;
        if depth > self.options.limits.depth { Err(self.too_deep(depth)) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn too_deep(&self, observed: u64) -> Trouble {
        Trouble::Limit { limit: Limit::Depth, maximum: self.options.limits.depth, observed }
    }

    /// An element whose tag is no plain str.
    #[cold]
    #[inline(never)]
    fn start_unusual(&mut self, element: Ref, access: Access, tag: Ref) -> Result<(), Trouble> {
        if tag.is(&self.known.comment) {
            return self.markup(element, b"<!--", b"-->");
        }
        if tag.is(&self.known.pi) {
            return self.markup(element, b"<?", b"?>");
        }
        if tag.is_none() {
            return self.start_nameless(element, access);
        }
        let tag = match self.known.is_qname(&tag).ok_or(Trouble::Raised)? {
            true => self.known.qname_text(&tag).ok_or(Trouble::Raised)?,
            false if tag.is_str() => tag,
            false => return Err(Trouble::Type(tag)),
        };
        if tag.is_none() {
            return self.start_nameless(element, access);
        }
        self.start_named(element, access, tag)
    }

    /// An element without tags of its own: what is in it stands for it.
    fn start_nameless(&mut self, element: Ref, access: Access) -> Result<(), Trouble> {
        self.spell_unwritten(&element)?;
        let text = self.known.part(&element, Part::Text).ok_or(Trouble::Raised)?;
        self.text(&text, Context::Text)?;
        if self.known.count(&element).ok_or(Trouble::Raised)? == 0 {
            return self.tail(&element);
        }
        self.push(element, access, None, 0)
    }

    #[inline(always)]
    fn start_named(&mut self, element: Ref, access: Access, tag: Ref) -> Result<(), Trouble> {
        let spelled = self.open_tag(&tag)?;
        self.attributes(&element, access, &tag, spelled)?;
        self.content(element, access, tag, spelled)
    }

    /// Writes `<` and the name.
    #[inline(always)]
    pub fn open_tag(&mut self, tag: &Ref) -> Result<Spelled, Trouble> {
        let spelled = self.names.spell(tag, &self.known.prefixes)?;
        self.names.check(spelled)?;
        let written = self.names.put(&mut self.out, [b'<'], spelled, []);
        self.done(written)?;
        if self.splice.is_none() {
            self.without_root(spelled)?;
        }
        Ok(spelled)
    }

    /// Looks at a name that was written before there was a tag to declare prefixes in.
    #[cold]
    pub fn without_root(&mut self, spelled: Spelled) -> Result<(), Trouble> {
        if self.open.is_empty() {
            self.splice = Some(self.out.used());
        } else if spelled.flags & PREFIXED != 0 && self.options.checked() && self.muted.is_none() {
            return Err(unbound());
        }
        Ok(())
    }

    /// Goes on behind the attributes.
    pub fn content(&mut self, element: Ref, access: Access, tag: Ref, spelled: Spelled) -> Result<(), Trouble> {
        let html = self.options.html;
        let text = self.known.part(&element, Part::Text).ok_or(Trouble::Raised)?;
        let has_text = truth(&text)?;
        let children = self.known.count(&element).ok_or(Trouble::Raised)?;
        if children == 0 && !has_text && self.options.short_empty && !html {
            let written = self.out.put(*b" />");
            self.done(written)?;
            self.scope_end();
            return self.tail(&element);
        }
        let written = self.out.put([b'>']);
        self.done(written)?;
        if has_text {
            if spelled.flags & RAW_TEXT != 0 {
                self.raw_text(&text, &tag)?;
            } else {
                self.text(&text, Context::Text)?;
            }
        }
        if children == 0 {
            if spelled.flags & VOID == 0 {
                self.end_tag(&tag)?;
            }
            self.scope_end();
            return self.tail(&element);
        }
        self.push(element, access, Some(tag), spelled.flags)
    }

    /// The declarations of an element that was not pushed end.
    #[inline(always)]
    pub fn scope_end(&mut self) {
        if !self.scope.is_empty() {
            self.scope.close(self.open.len() as u64 + 1);
        }
    }

    pub fn end_tag(&mut self, tag: &Ref) -> Result<(), Trouble> {
        let spelled = self.names.spell(tag, &self.known.prefixes)?;
        let written = self.names.put(&mut self.out, *b"</", spelled, [b'>']);
        self.done(written)
    }

    #[inline(always)]
    pub fn push(&mut self, element: Ref, access: Access, name: Option<Ref>, flags: u8) -> Result<(), Trouble> {
        let children = match access {
            Access::Plain | Access::Raw => None,
            Access::Foreign => {
                // SAFETY: alive.
                let children = unsafe { Ref::own(ffi::PyObject_GetIter(element.ptr())) };
                Some(children.ok_or(Trouble::Raised)?)
            }
        };
        let budget = usize::try_from(self.options.limits.stack_bytes).unwrap_or(usize::MAX);
        let stack = self.stack.get_or_insert_with(|| {
            let mut stack = Stack::new(0, budget);
            stack.resume();
            stack
        });
        if let Err(overflow) = stack.push([0]) {
            if overflow.is_out_of_memory() {
                return Err(Trouble::Memory);
            }
            let (maximum, observed) = (overflow.budget as u64, overflow.needed as u64);
            return Err(Trouble::Limit { limit: Limit::StackBytes, maximum, observed });
        }
        if self.open.try_reserve(1).is_err() {
            return Err(Trouble::Memory);
        }
        self.open.push(Open { element, children, name, flags, raw: access == Access::Raw });
        self.peak = self.peak.max(self.open.len());
        Ok(())
    }

    /// Closes the innermost element.
    #[inline(always)]
    fn end(&mut self) -> Result<(), Trouble> {
        if let Some(stack) = &mut self.stack {
            let [_] = stack.pop();
        }
        let Some(open) = self.open.pop() else { return Ok(()) };
        if let Some(name) = &open.name
            && open.flags & VOID == 0
        {
            self.end_tag(name)?;
        }
        if let Some((depth, used)) = self.muted
            && depth == self.open.len()
        {
            self.out.truncate(used);
            self.muted = None;
        }
        self.scope_end();
        self.tail(&open.element)
    }

    #[inline(always)]
    pub fn tail(&mut self, element: &Ref) -> Result<(), Trouble> {
        let tail = self.known.part(element, Part::Tail).ok_or(Trouble::Raised)?;
        self.text(&tail, Context::Text)
    }

    /// Writes a text, or nothing where there is none.
    #[inline(always)]
    pub fn text(&mut self, text: &Ref, context: Context) -> Result<(), Trouble> {
        if text.is_none() || !text.is_exact_str() && !truth(text)? {
            return Ok(());
        }
        self.string(text, context)
    }

    /// Writes a str.
    #[inline(always)]
    pub fn string(&mut self, text: &Ref, context: Context) -> Result<(), Trouble> {
        if !text.is_str() {
            return Err(Trouble::Type(text.clone()));
        }
        let how = self.options.how(context);
        // SAFETY: a str, held for the length of this function. Its text stands behind its header, which is longer than 16 bytes, so
        // so many may be read up to the text's end.
        unsafe {
            if is_compact_ascii(text.ptr()) {
                let header = text.ptr().cast::<ffi::PyASCIIObject>();
                let (data, length) = (header.add(1).cast::<u8>(), (*header).length.cast_unsigned());
                let written = match length {
                    0 => true,
                    1..=16 => {
                        let ending = data.add(length).sub(16).cast::<[u8; 16]>().read_unaligned();
                        self.out.ascii_ending(ending, length, how)
                    }
                    _ => self.out.ascii(std::slice::from_raw_parts(data, length), how),
                };
                return self.done(written);
            }
        }
        self.wide_string(text, how)
    }

    /// Writes a str that is not ASCII.
    #[inline(never)]
    fn wide_string(&mut self, text: &Ref, how: How) -> Result<(), Trouble> {
        // SAFETY: as the caller's.
        let written = match unsafe { Units::of(text.ptr()) } {
            Units::Ascii(units) => self.out.ascii(units, how),
            Units::Latin1(units) => self.out.wide(units, how),
            Units::Two(units) => self.out.wide(units, how),
            Units::Four(units) => self.out.wide(units, how),
        };
        self.done(written)
    }

    /// Writes the text of `script` or `style`, which is not escaped: it must not end the element.
    pub fn raw_text(&mut self, text: &Ref, tag: &Ref) -> Result<(), Trouble> {
        let start = self.out.used();
        self.string(text, Context::Raw)?;
        if !self.options.checked() {
            return Ok(());
        }
        let spelled = self.names.spell(tag, &self.known.prefixes)?;
        let name = self.names.bytes(spelled);
        let ends = |at: &[u8]| {
            at.strip_prefix(b"</").and_then(|at| at.get(..name.len())).is_some_and(|at| at.eq_ignore_ascii_case(name))
        };
        let written = &self.out.bytes()[start..];
        if (0..written.len()).any(|at| written[at] == b'<' && ends(&written[at..])) {
            return Err(Trouble::refused("raw_text", "the text of a script or style would end its element"));
        }
        Ok(())
    }

    /// Writes a comment or a processing instruction.
    fn markup(&mut self, element: Ref, before: &[u8], behind: &[u8]) -> Result<(), Trouble> {
        self.spell_unwritten(&element)?;
        let text = self.known.part(&element, Part::Text).ok_or(Trouble::Raised)?;
        let written = self.out.raw(before);
        self.done(written)?;
        let start = self.out.used();
        if self.options.html {
            self.string(&text, Context::Text)?;
        } else {
            let text = if text.is_str() {
                text
            } else {
                // The standard library formats it, None too.
                // SAFETY: alive.
                unsafe { Ref::own(ffi::PyObject_Str(text.ptr())) }.ok_or(Trouble::Raised)?
            };
            self.string(&text, Context::Raw)?;
        }
        if self.options.checked() {
            self.check_markup(start, before == b"<!--")?;
        }
        let written = self.out.raw(behind);
        self.done(written)?;
        if self.known.count(&element).ok_or(Trouble::Raised)? == 0 {
            return self.tail(&element);
        }
        if self.muted.is_none() {
            self.muted = Some((self.open.len(), self.out.used()));
        }
        let access = self.known.access(&element);
        self.push(element, access, None, 0)
    }

    /// Looks at a comment or processing instruction that was just written.
    fn check_markup(&mut self, start: usize, comment: bool) -> Result<(), Trouble> {
        let text = &self.out.bytes()[start..];
        if comment {
            if rules::is_comment(text) {
                return Ok(());
            }
            return Err(Trouble::refused("invalid_comment", "a comment with '--' in it, or '-' at its end"));
        }
        let target = rules::pi(text).map_err(|why| match why {
            rules::BadPi::Target if self.options.form == Form::Ascii && text.contains(&b'&') => unencodable(),
            rules::BadPi::Target => {
                Trouble::refused("invalid_pi", "a processing instruction whose target is no name, or is xml")
            }
            rules::BadPi::Data => Trouble::refused("invalid_pi", "a processing instruction with '?>' in it"),
        })?;
        if self.options.invalid == Invalid::Replace && target.windows(3).any(|three| three == "\u{fffd}".as_bytes()) {
            return Err(Trouble::refused("invalid_pi", "a processing instruction whose target is no name, or is xml"));
        }
        if self.options.form == Form::Str && !target.is_ascii() {
            self.names.foreign.insert(target.to_vec());
        }
        Ok(())
    }

    /// Looks at what can be judged at the end alone, and puts the declarations together.
    fn finish(&mut self) -> Result<(), Trouble> {
        if let Some(stack) = &mut self.stack {
            stack.note_depth(self.peak as u64);
        }
        self.names.namespaces.sort_by(|one, other| one.prefix.cmp(&other.prefix));
        if self.options.checked() {
            self.check_namespaces()?;
        }
        let fits = self.out.fits();
        self.done(fits)
    }

    fn check_namespaces(&mut self) -> Result<(), Trouble> {
        let namespaces = &self.names.namespaces;
        if namespaces.windows(2).any(|pair| pair[0].prefix == pair[1].prefix)
            || self.root_prefixes.iter().any(|prefix| self.names.uri(prefix).is_some())
        {
            return Err(Trouble::refused("duplicate_attribute", "a prefix is declared twice in one tag"));
        }
        let declared = |prefix: &[u8]| self.splice.is_some() && self.names.uri(prefix).is_some();
        if let Some((_, path)) = self.late.iter().find(|(prefix, _)| !declared(prefix)) {
            self.path = Some(path.clone());
            return Err(unbound());
        }
        if self.late_distinct.iter().any(|(prefix, uri)| self.names.uri(prefix) == Some(&**uri)) {
            return Err(Trouble::refused("duplicate_attribute", "an attribute is there twice"));
        }
        Ok(())
    }

    /// The declarations of the root's tag, and where they belong.
    pub fn declarations(&self) -> Result<(usize, Vec<u8>), Trouble> {
        let Some(splice) = self.splice else { return Ok((0, Vec::new())) };
        if self.names.namespaces.is_empty() {
            return Ok((splice, Vec::new()));
        }
        // Room for a few; a buffer that grows is made larger than those are.
        let mut out = Out::new(vec![0; 1024], NONE);
        let how = self.options.how(Context::Attribute);
        let raw = How { context: Context::Raw, invalid: Invalid::Write, ..how };
        for namespace in &self.names.namespaces {
            let written = out.raw(b" xmlns")
                && (namespace.prefix.is_empty() || out.put([b':']) && out.utf8(&namespace.prefix, raw))
                && out.put(*b"=\"")
                && out.utf8(&namespace.uri, how)
                && out.put([b'"']);
            if !written {
                return Err(match out.failure() {
                    Some(Failure::Character(point)) => Trouble::Character(point),
                    _ => Trouble::Memory,
                });
            }
        }
        let length = out.used();
        let mut bytes = out.into_buffer();
        bytes.truncate(length);
        Ok((splice, bytes))
    }

    /// Declares a prefix that stands among the attributes of the element that is being opened.
    pub fn declare(&mut self, prefix: &[u8], uri: &[u8]) -> Result<(), Trouble> {
        let depth = self.open.len() as u64 + 1;
        self.scope.declare(depth, prefix, uri).map_err(bad_binding)?;
        if self.open.is_empty() {
            self.root_prefixes.push(prefix.to_vec());
        }
        Ok(())
    }

    /// For the path of a trouble: how many children of each open element were begun.
    pub fn indices(&self) -> Vec<u64> {
        self.stack.as_ref().map_or_else(Vec::new, |stack| stack.words().to_vec())
    }
}

fn unbound() -> Trouble {
    Trouble::refused("unbound_prefix", "a prefix that is declared nowhere")
}

/// Is this what Python calls true?
#[inline(always)]
fn truth(object: &Ref) -> Result<bool, Trouble> {
    if object.is_none() {
        return Ok(false);
    }
    if object.is_exact_str() {
        // SAFETY: a str.
        return Ok(unsafe { ffi::PyUnicode_GetLength(object.ptr()) } != 0);
    }
    // SAFETY: alive.
    match unsafe { ffi::PyObject_IsTrue(object.ptr()) } {
        -1 => Err(Trouble::Raised),
        truth => Ok(truth != 0),
    }
}

/// The next of an iterator.
fn next(iterator: &Ref) -> Result<Option<Ref>, Trouble> {
    // SAFETY: alive.
    unsafe {
        let next = Ref::own(ffi::PyIter_Next(iterator.ptr()));
        if next.is_none() && !ffi::PyErr_Occurred().is_null() {
            return Err(Trouble::Raised);
        }
        Ok(next)
    }
}
