//! The writer of one document: elements are closed in order, prefixes are bound, and nothing stands where it must not.
//!
//! Names are `{uri}local`, `p:local` with a prefix that is declared, or `local` in no namespace. A prefix that is needed
//! and not there is made up and declared in the tag at hand. A call that is refused leaves everything as it was.
//!
//! The names of the open elements lie on the runtime's stack, so what a document costs while it is written is its depth,
//! its declarations in force and the bytes that nobody has taken yet. Bytes are UTF-8, in which surrogates may stand in
//! three bytes, to be refused.

use forkedenc_runtime::Stack;

use super::rules::{self, BadBinding, BadPi};
use super::{Attributes, Context, Failure, Form, How, Invalid, Out, Scope};
use crate::limits::{Limit, XmlLimits};
use crate::xml::chars::{is_char, is_space, name_length};

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Limit {
        limit: Limit,
        maximum: u64,
        observed: u64,
    },
    Memory,
    /// A code point that XML has no place for.
    Character(u32),
    /// A character of a name, comment or the like that the encoding has not.
    Unencodable,
    ElementName,
    AttributeName,
    DuplicateAttribute,
    UnboundPrefix,
    Binding(BadBinding),
    /// An element in no namespace declares a default one.
    DefaultNamespace,
    /// Declarations are told apart from attributes.
    Declaration,
    Comment,
    Pi(BadPi),
    Cdata,
    Doctype,
    /// Text before or behind the root element.
    TextOutside,
    SecondRoot,
    /// A DOCTYPE behind the root's start, or a second one.
    MisplacedDoctype,
    NothingOpen,
    /// Another name than that of the open element.
    EndName,
    /// The end of a document with open elements, or without any.
    Unclosed,
    NoRoot,
    Closed,
}

impl Refusal {
    /// The name that errors carry as `.kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Limit { .. } => "limit",
            Self::Memory => "out_of_memory",
            Self::Character(_) => "invalid_character",
            Self::Unencodable => "unencodable_name",
            Self::ElementName | Self::AttributeName => "invalid_name",
            Self::DuplicateAttribute => "duplicate_attribute",
            Self::UnboundPrefix => "unbound_prefix",
            Self::Binding(BadBinding::Prefix) => "invalid_name",
            Self::Binding(BadBinding::Reserved) | Self::Declaration => "reserved_namespace",
            Self::Binding(BadBinding::Undeclared) => "undeclared_prefix",
            Self::Binding(BadBinding::Uri) => "namespace_syntax",
            Self::DefaultNamespace => "default_namespace",
            Self::Comment => "invalid_comment",
            Self::Pi(_) => "invalid_pi",
            Self::Cdata => "invalid_cdata",
            Self::Doctype => "invalid_doctype",
            Self::TextOutside => "text_outside",
            Self::SecondRoot => "second_root",
            Self::MisplacedDoctype => "misplaced_doctype",
            Self::NothingOpen => "nothing_open",
            Self::EndName => "tag_mismatch",
            Self::Unclosed => "unclosed",
            Self::NoRoot => "no_root",
            Self::Closed => "closed",
        }
    }

    /// The same for readers.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Limit { .. } => "a limit was crossed",
            Self::Memory => "there is no memory left",
            Self::Character(_) => "a character that XML has no place for",
            Self::Unencodable => "a character that the encoding has not, where no reference can stand for it",
            Self::ElementName => "an element's name that is none in XML",
            Self::AttributeName => "an attribute's name that is none in XML",
            Self::DuplicateAttribute => "an attribute is there twice",
            Self::UnboundPrefix => "a prefix that is not declared here",
            Self::Binding(BadBinding::Prefix) => "a prefix that is no name",
            Self::Binding(BadBinding::Reserved) => "the prefixes xml and xmlns and their namespaces are reserved",
            Self::Binding(BadBinding::Undeclared) => "a prefix can't stand for no namespace",
            Self::Binding(BadBinding::Uri) => "a namespace with '}' in it",
            Self::DefaultNamespace => "an element in no namespace can't declare a default one",
            Self::Declaration => "declarations are given as namespaces, not as attributes",
            Self::Comment => "a comment with '--' in it, or '-' at its end",
            Self::Pi(BadPi::Target) => "a processing instruction whose target is no name, or is xml",
            Self::Pi(BadPi::Data) => "a processing instruction with '?>' in it",
            Self::Cdata => "a CDATA section with ']]>' in it",
            Self::Doctype => "a DOCTYPE with a name or an identifier that is none",
            Self::TextOutside => "text outside of the root element",
            Self::SecondRoot => "a second root element",
            Self::MisplacedDoctype => "a DOCTYPE that is not before the root element, or a second one",
            Self::NothingOpen => "an end without an open element",
            Self::EndName => "an end with another name than the open element's",
            Self::Unclosed => "the document ends before its elements do",
            Self::NoRoot => "a document without a root element",
            Self::Closed => "the document has ended",
        }
    }
}

impl From<BadBinding> for Refusal {
    fn from(why: BadBinding) -> Self {
        Self::Binding(why)
    }
}

/// How a document is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// [`Form::Utf8`] or [`Form::Ascii`].
    pub form: Form,
    /// False: names are written as they are, and declarations are attributes like others.
    pub namespaces: bool,
    /// Elements without content are one tag.
    pub short_empty: bool,
}

/// Names of a tag, and values or URIs.
pub type Pairs<'a> = &'a [(Vec<u8>, Vec<u8>)];

/// A document that is being written.
pub struct Document {
    pub out: Out,
    style: Style,
    limits: XmlLimits,
    /// The names of the open elements, as written.
    stack: Stack,
    scope: Scope,
    depth: u64,
    peak: u64,
    /// The start tag at hand still lacks its end.
    in_tag: bool,
    root_seen: bool,
    doctype_seen: bool,
    closed: bool,
}

impl Document {
    #[must_use]
    pub fn new(style: Style, limits: XmlLimits) -> Self {
        let mut stack = Stack::new(0, usize::try_from(limits.stack_bytes).unwrap_or(usize::MAX));
        stack.resume();
        Self {
            out: Out::new(Vec::new(), limits.document_bytes),
            style,
            limits,
            stack,
            scope: Scope::default(),
            depth: 0,
            peak: 0,
            in_tag: false,
            root_seen: false,
            doctype_seen: false,
            closed: false,
        }
    }

    /// Open elements.
    #[must_use]
    pub fn depth(&self) -> u64 {
        self.depth
    }

    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The way to the open element, by the names as written; later siblings are not told apart, since they are not counted.
    #[must_use]
    pub fn path(&self) -> String {
        let (words, mut names) = (self.stack.words(), Vec::new());
        let mut end = words.len();
        while let Some(length) = end.checked_sub(1).and_then(|at| words.get(at)) {
            let length = *length as usize;
            let start = end - 1 - length.div_ceil(8);
            let mut name: Vec<u8> = words[start..end - 1].iter().flat_map(|word| word.to_ne_bytes()).collect();
            name.truncate(length);
            names.push(name);
            end = start;
        }
        names.iter().rev().map(|name| format!("/{}", String::from_utf8_lossy(name))).collect()
    }

    fn how(&self, context: Context) -> How {
        How { context, form: self.style.form, invalid: Invalid::Error }
    }

    fn refused(&self) -> Refusal {
        match self.out.failure() {
            Some(Failure::Character(point)) => Refusal::Character(point),
            Some(Failure::Limit) => {
                let maximum = self.limits.document_bytes;
                Refusal::Limit { limit: Limit::DocumentBytes, maximum, observed: maximum.saturating_add(1) }
            }
            Some(Failure::Memory) | None => Refusal::Memory,
        }
    }

    /// Writes by `write`, or nothing if that is refused.
    fn written(&mut self, write: impl FnOnce(&mut Self) -> Result<bool, Refusal>) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        let (used, in_tag) = (self.out.used(), self.in_tag);
        let result = self.end_tag_at_hand().and_then(|()| write(self));
        let result = match result {
            Ok(true) if self.out.fits() => return Ok(()),
            Ok(_) => Err(self.refused()),
            Err(refusal) => Err(refusal),
        };
        self.out.truncate(used);
        self.in_tag = in_tag;
        result
    }

    fn end_tag_at_hand(&mut self) -> Result<(), Refusal> {
        if self.in_tag {
            self.in_tag = false;
            if !self.out.put([b'>']) {
                return Err(self.refused());
            }
        }
        Ok(())
    }

    /// Writes a name or the like, in which no reference can stand.
    fn plain(&mut self, bytes: &[u8]) -> Result<bool, Refusal> {
        if self.style.form == Form::Ascii && !bytes.is_ascii() {
            return Err(Refusal::Unencodable);
        }
        Ok(self.out.utf8(bytes, self.how(Context::Raw)))
    }

    /// Writes the XML declaration, which must come first.
    ///
    /// # Errors
    /// A limit, or no memory.
    pub fn declaration(&mut self) -> Result<(), Refusal> {
        let encoding: &[u8] = if self.style.form == Form::Ascii { b"US-ASCII" } else { b"UTF-8" };
        self.written(|document| {
            let out = &mut document.out;
            Ok(out.raw(b"<?xml version=\"1.0\" encoding=\"") && out.raw(encoding) && out.raw(b"\"?>\n"))
        })
    }

    /// Writes a DOCTYPE without an internal subset.
    ///
    /// # Errors
    /// It is not before the root, or has a name or an identifier that is none.
    pub fn doctype(&mut self, name: &[u8], public: Option<&[u8]>, system: Option<&[u8]>) -> Result<(), Refusal> {
        if self.root_seen || self.doctype_seen {
            return Err(Refusal::MisplacedDoctype);
        }
        let named = if self.style.namespaces { rules::split(name).is_some() } else { is_name(name) };
        let public_fits = public.is_none_or(|id| id.iter().all(|byte| is_public_id(*byte)));
        let quote = match system {
            Some(id) if id.contains(&b'"') => b'\'',
            _ => b'"',
        };
        if !named
            || !public_fits
            || system.is_some_and(|id| id.contains(&quote))
            || system.is_none() && public.is_some()
        {
            return Err(Refusal::Doctype);
        }
        self.written(|document| {
            let mut written = document.out.raw(b"<!DOCTYPE ") && document.plain(name)?;
            if let Some(id) = public {
                written = written && document.out.raw(b" PUBLIC \"") && document.plain(id)? && document.out.put([b'"']);
            } else if system.is_some() {
                written = written && document.out.raw(b" SYSTEM");
            }
            if let Some(id) = system {
                written =
                    written && document.out.put([b' ', quote]) && document.plain(id)? && document.out.put([quote]);
            }
            Ok(written && document.out.put(*b">\n"))
        })?;
        self.doctype_seen = true;
        Ok(())
    }

    /// Opens an element. `namespaces` are pairs of a prefix (empty: the default) and a URI.
    ///
    /// # Errors
    /// Names that are none or are there twice, prefixes that are not declared or reserved, a second root, limits.
    pub fn start(&mut self, name: &[u8], attributes: Pairs<'_>, namespaces: Pairs<'_>) -> Result<(), Refusal> {
        if self.root_seen && self.depth == 0 && !self.closed {
            return Err(Refusal::SecondRoot);
        }
        let depth = self.depth + 1;
        if depth > self.limits.depth {
            return Err(Refusal::Limit { limit: Limit::Depth, maximum: self.limits.depth, observed: depth });
        }
        let result = self.written(|document| document.write_start(depth, name, attributes, namespaces));
        if result.is_err() {
            self.scope.close(depth);
            return result;
        }
        self.depth = depth;
        self.peak = self.peak.max(depth);
        self.stack.note_depth(self.peak);
        self.in_tag = true;
        self.root_seen = true;
        Ok(())
    }

    fn write_start(
        &mut self,
        depth: u64,
        name: &[u8],
        attributes: Pairs<'_>,
        namespaces: Pairs<'_>,
    ) -> Result<bool, Refusal> {
        if !self.style.namespaces {
            return self.write_start_as_it_is(name, attributes);
        }
        // Declared first, so that the names of the tag can use them; those made up for them follow.
        let (mut made_up, mut prefixes) = (Vec::new(), Attributes::default());
        for (prefix, uri) in namespaces {
            if !prefixes.add(prefix) {
                return Err(Refusal::DuplicateAttribute);
            }
            self.scope.declare(depth, prefix, uri)?;
        }
        let name = self.element_name(depth, name, namespaces, &mut made_up)?;
        let mut names = Vec::with_capacity(attributes.len());
        for (name, _) in attributes {
            names.push(self.attribute_name(depth, name, &mut made_up)?);
        }
        let mut seen = Attributes::default();
        for written in &names {
            let mut distinct = seen.add(written);
            if let Some((Some(prefix), local)) = rules::split(written) {
                let uri = self.scope.uri(prefix).ok_or(Refusal::UnboundPrefix)?;
                distinct &= seen.add_expanded(uri, local);
            }
            if !distinct {
                return Err(Refusal::DuplicateAttribute);
            }
        }
        let mut written = self.out.put([b'<']) && self.plain(&name)?;
        for (prefix, uri) in namespaces.iter().chain(&made_up) {
            written = written && self.out.raw(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            written = written && self.plain(prefix)? && self.value(uri);
        }
        for (name, (_, value)) in names.iter().zip(attributes) {
            written = written && self.out.put([b' ']) && self.plain(name)? && self.value(value);
        }
        self.push(&name)?;
        if written { Ok(true) } else { self.unpush() }
    }

    fn write_start_as_it_is(&mut self, name: &[u8], attributes: Pairs<'_>) -> Result<bool, Refusal> {
        if !is_name(name) {
            return Err(Refusal::ElementName);
        }
        let mut seen = Attributes::default();
        let mut written = self.out.put([b'<']) && self.plain(name)?;
        for (name, value) in attributes {
            if !is_name(name) {
                return Err(Refusal::AttributeName);
            }
            if !seen.add(name) {
                return Err(Refusal::DuplicateAttribute);
            }
            written = written && self.out.put([b' ']) && self.plain(name)? && self.value(value);
        }
        self.push(name)?;
        if written { Ok(true) } else { self.unpush() }
    }

    fn push(&mut self, name: &[u8]) -> Result<(), Refusal> {
        // What is written behind a push could still be refused by the limit, which `written` looks at last.
        if !self.out.fits() {
            return Err(self.refused());
        }
        self.stack.push_bytes(name).map_err(|overflow| {
            if overflow.is_out_of_memory() {
                return Refusal::Memory;
            }
            let (maximum, observed) = (overflow.budget as u64, overflow.needed as u64);
            Refusal::Limit { limit: Limit::StackBytes, maximum, observed }
        })
    }

    fn unpush(&mut self) -> Result<bool, Refusal> {
        self.stack.pop_bytes();
        Ok(false)
    }

    /// Writes `="value"`.
    fn value(&mut self, value: &[u8]) -> bool {
        let how = self.how(Context::Attribute);
        self.out.put(*b"=\"") && self.out.utf8(value, how) && self.out.put([b'"'])
    }

    /// An element's name as written.
    fn element_name(
        &mut self,
        depth: u64,
        name: &[u8],
        namespaces: Pairs<'_>,
        made_up: &mut Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Result<Vec<u8>, Refusal> {
        let (uri, local) = match expanded(name) {
            Some((uri, local)) if !rules::is_ncname(local) || !is_text(uri) => return Err(Refusal::ElementName),
            Some((uri, local)) => (uri.to_vec(), local),
            None => match rules::split(name).ok_or(Refusal::ElementName)? {
                (Some(b"xmlns"), _) => return Err(Refusal::Binding(BadBinding::Reserved)),
                (Some(prefix), _) if self.scope.uri(prefix).is_none() => return Err(Refusal::UnboundPrefix),
                (Some(_), _) => return Ok(name.to_vec()),
                (None, local) => (Vec::new(), local),
            },
        };
        if uri.is_empty() {
            if self.scope.uri(b"") != Some(b"") {
                // Only what the element itself does not declare can be taken back.
                if namespaces.iter().any(|(prefix, _)| prefix.is_empty()) {
                    return Err(Refusal::DefaultNamespace);
                }
                self.declare(depth, Vec::new(), Vec::new(), made_up)?;
            }
            return Ok(local.to_vec());
        }
        if self.scope.uri(b"") == Some(&uri) {
            return Ok(local.to_vec());
        }
        self.prefixed(depth, &uri, local, made_up)
    }

    /// An attribute's name as written.
    fn attribute_name(
        &mut self,
        depth: u64,
        name: &[u8],
        made_up: &mut Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Result<Vec<u8>, Refusal> {
        match expanded(name) {
            Some((uri, local)) if !rules::is_ncname(local) || !is_text(uri) => Err(Refusal::AttributeName),
            Some((&[], local)) => Ok(local.to_vec()),
            Some((uri, local)) => self.prefixed(depth, uri, local, made_up),
            None => match rules::split(name).ok_or(Refusal::AttributeName)? {
                (Some(b"xmlns"), _) => Err(Refusal::Declaration),
                (None, b"xmlns") => Err(Refusal::Declaration),
                (Some(prefix), _) if self.scope.uri(prefix).is_none() => Err(Refusal::UnboundPrefix),
                _ => Ok(name.to_vec()),
            },
        }
    }

    fn prefixed(
        &mut self,
        depth: u64,
        uri: &[u8],
        local: &[u8],
        made_up: &mut Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Result<Vec<u8>, Refusal> {
        let prefix = match self.scope.prefix(uri) {
            Some(prefix) => prefix.to_vec(),
            None => {
                let prefix = self.scope.unused();
                self.declare(depth, prefix.clone(), uri.to_vec(), made_up)?;
                prefix
            }
        };
        Ok([&prefix, &b":"[..], local].concat())
    }

    fn declare(
        &mut self,
        depth: u64,
        prefix: Vec<u8>,
        uri: Vec<u8>,
        made_up: &mut Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Result<(), Refusal> {
        self.scope.declare(depth, &prefix, &uri)?;
        made_up.push((prefix, uri));
        Ok(())
    }

    /// Writes an element with nothing but text in it.
    ///
    /// # Errors
    /// As for [`Document::start`] and [`Document::text`]; nothing is written then.
    pub fn element(
        &mut self,
        name: &[u8],
        attributes: Pairs<'_>,
        namespaces: Pairs<'_>,
        text: &[u8],
    ) -> Result<(), Refusal> {
        let (used, in_tag, root_seen) = (self.out.used(), self.in_tag, self.root_seen);
        self.start(name, attributes, namespaces)?;
        let result = self.text(text).and_then(|()| self.end(None));
        if result.is_err() {
            self.stack.pop_bytes();
            self.scope.close(self.depth);
            self.depth -= 1;
            self.out.truncate(used);
            (self.in_tag, self.root_seen) = (in_tag, root_seen);
        }
        result
    }

    /// Closes the open element; `name` must be its name, if given.
    ///
    /// # Errors
    /// No element is open, or it has another name.
    pub fn end(&mut self, name: Option<&[u8]>) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        if self.depth == 0 {
            return Err(Refusal::NothingOpen);
        }
        let open = self.stack.peek_bytes().to_vec();
        if let Some(name) = name
            && !self.is_named(&open, name)
        {
            return Err(Refusal::EndName);
        }
        let used = self.out.used();
        let written = if self.in_tag && self.style.short_empty {
            self.out.put(*b"/>")
        } else {
            (!self.in_tag || self.out.put([b'>'])) && self.out.put(*b"</") && self.plain(&open)? && self.out.put([b'>'])
        };
        if !written || !self.out.fits() {
            let refusal = self.refused();
            self.out.truncate(used);
            return Err(refusal);
        }
        self.in_tag = false;
        self.stack.pop_bytes();
        self.scope.close(self.depth);
        self.depth -= 1;
        Ok(())
    }

    /// Is the element that was opened as `open` called so?
    fn is_named(&self, open: &[u8], name: &[u8]) -> bool {
        if !self.style.namespaces {
            return open == name;
        }
        let resolved = |name: &[u8]| -> Option<(Vec<u8>, Vec<u8>)> {
            let (prefix, local) = rules::split(name)?;
            Some((self.scope.uri(prefix.unwrap_or_default())?.to_vec(), local.to_vec()))
        };
        let Some((uri, local)) = resolved(open) else { return false };
        match expanded(name) {
            Some(name) => name == (&uri, &local),
            // Without a prefix it is a name in no namespace, here as in `start`.
            None if name.contains(&b':') => resolved(name) == Some((uri, local)),
            None => uri.is_empty() && name == local,
        }
    }

    /// Writes character data.
    ///
    /// # Errors
    /// Text outside of the root (but white space), characters that XML has no place for, limits.
    pub fn text(&mut self, text: &[u8]) -> Result<(), Refusal> {
        if self.depth == 0 && !self.closed && !text.iter().all(|byte| is_space(*byte)) {
            return Err(Refusal::TextOutside);
        }
        if text.is_empty() && !self.closed {
            return Ok(());
        }
        // A reference would be no white space outside of the root.
        let how = self.how(if self.depth == 0 { Context::Text } else { Context::Content });
        self.written(|document| Ok(document.out.utf8(text, how)))
    }

    /// Writes a CDATA section.
    ///
    /// # Errors
    /// As for [`Document::text`]; `]]>` in it.
    pub fn cdata(&mut self, text: &[u8]) -> Result<(), Refusal> {
        if self.depth == 0 && !self.closed {
            return Err(Refusal::TextOutside);
        }
        if text.windows(3).any(|three| three == b"]]>") {
            return Err(Refusal::Cdata);
        }
        self.written(|document| Ok(document.out.raw(b"<![CDATA[") && document.plain(text)? && document.out.raw(b"]]>")))
    }

    /// Writes a comment.
    ///
    /// # Errors
    /// `--` in it or `-` at its end, characters that XML has no place for, limits.
    pub fn comment(&mut self, text: &[u8]) -> Result<(), Refusal> {
        if !rules::is_comment(text) {
            return Err(Refusal::Comment);
        }
        self.written(|document| Ok(document.out.raw(b"<!--") && document.plain(text)? && document.out.raw(b"-->")))
    }

    /// Writes a processing instruction.
    ///
    /// # Errors
    /// A target that is no name or `xml`, `?>` in it, characters that XML has no place for, limits.
    pub fn pi(&mut self, target: &[u8], data: &[u8]) -> Result<(), Refusal> {
        if rules::pi(target).map_err(Refusal::Pi)?.len() != target.len() {
            return Err(Refusal::Pi(BadPi::Target));
        }
        // A question mark at the end of the data is one of it, but `?>` begins in the data alone.
        if data.windows(2).any(|pair| pair == b"?>") {
            return Err(Refusal::Pi(BadPi::Data));
        }
        self.written(|document| {
            let mut written = document.out.put(*b"<?") && document.plain(target)?;
            if !data.is_empty() {
                written = written && document.out.put([b' ']) && document.plain(data)?;
            }
            Ok(written && document.out.put(*b"?>"))
        })
    }

    /// Refuses whatever comes: what was written has got lost.
    pub fn abandon(&mut self) {
        self.closed = true;
    }

    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Ends the document.
    ///
    /// # Errors
    /// Elements are open, or there was none.
    pub fn close(&mut self) -> Result<(), Refusal> {
        if self.depth > 0 {
            return Err(Refusal::Unclosed);
        }
        if !self.root_seen {
            return Err(Refusal::NoRoot);
        }
        self.closed = true;
        Ok(())
    }
}

/// The parts of `{uri}local`.
fn expanded(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = name.strip_prefix(b"{")?;
    let end = rest.iter().position(|byte| *byte == b'}')?;
    Some((&rest[..end], &rest[end + 1..]))
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name_length(name, true) == name.len()
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(|character| is_char(character.into())))
}

/// `PubidChar` without the apostrophe's trouble: the literal is in double quotes.
fn is_public_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'\r' | b'\n') || b"-'()+,./:=?;!*#@$_%".contains(&byte)
}

#[cfg(test)]
mod tests;
