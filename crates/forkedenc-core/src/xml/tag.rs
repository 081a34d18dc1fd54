//! Start tags: attributes, namespaces (Namespaces in XML 1.0), and the elements they open; and how elements end.

use super::chars::is_space;
use super::error::Kind;
use super::machine::{Aside, Element, Env, Machine, NameOf, OpenTag, State, Step};
use super::names::{ExpandedId, NameId, UriId, XML_URI, XMLNS_URI};
use super::sink::{At, Attribute, IN_SCRATCH, Name, Sink, Tag};
use crate::cursor::Cursor;
use crate::simd;

impl Machine {
    /// Behind the name of a start tag that may have attributes.
    #[inline(always)]
    pub(super) fn begin_tag(&mut self, name: NameId) {
        self.attributes.clear();
        self.scratch.clear();
        self.moved = 0;
        let serial = self.names.next_tag();
        self.tag = OpenTag {
            name,
            serial,
            bindings: self.names.bindings.len() as u32,
            count: 0,
            bytes: 0,
            prefixed: 0,
            declared: 0,
            spaced: false,
            attribute: NameId::EMPTY,
            ..self.tag
        };
        self.state = State::Tag;
    }

    /// The rest of a start tag, from behind its name or a value.
    pub(super) fn attributes<S: Sink>(&mut self, sink: &mut S, cursor: &mut Cursor<'_>, env: Env<'_>) -> Step {
        let mut c = *cursor;
        loop {
            let mut byte = c.peek();
            if is_space(byte) {
                c.advance(1);
                while is_space(c.peek()) {
                    c.advance(1);
                }
                byte = c.peek();
                self.tag.spaced = true;
            }
            match byte {
                b'>' => {
                    c.advance(1);
                    *cursor = c;
                    return self.end_of_tag(sink, &c, env, false);
                }
                b'/' => {
                    if c.peek_at(1) != b'>' {
                        c.advance(1);
                        *cursor = c;
                        self.state = State::Slash;
                        return Step::Again;
                    }
                    c.advance(2);
                    *cursor = c;
                    return self.end_of_tag(sink, &c, env, true);
                }
                0 if c.at_end() => {
                    *cursor = c;
                    return Step::NeedMore;
                }
                _ => {}
            }
            // A name is expected; what is none, or cut, or not seen before, is read by characters.
            if !self.tag.spaced {
                *cursor = c;
                return self.fail(Kind::InvalidToken, &c, env);
            }
            self.name_at = env.at(c.position());
            if (self.tag.count >= self.limits.attributes || self.metered) && !self.gate_attribute(&c, env) {
                return Step::Failed;
            }
            let before = c;
            let name = match simd::name_head(&c) {
                Some((length @ 1..16, head)) => {
                    let name = self.names.find_short(head, length as u32);
                    c.advance(length);
                    name.filter(|_| length as u64 <= self.caps.name && c.peek() != 0)
                }
                _ => {
                    simd::skip_name(&mut c);
                    let name = c.since(before.mark());
                    let fits = !c.at_end() && !name.is_empty() && name.len() as u64 <= self.caps.name;
                    if fits { self.names.find(name) } else { None }
                }
            };
            let Some(name) = name else {
                *cursor = before;
                return self.unknown_name(NameOf::Attribute);
            };
            if !self.attribute_named(name, env) {
                return Step::Failed;
            }
            if c.peek() != b'=' {
                *cursor = c;
                self.state = State::Equals;
                return Step::Again;
            }
            c.advance(1);
            let quote = c.peek();
            if !matches!(quote, b'"' | b'\'') {
                *cursor = c;
                self.state = State::Quote;
                return Step::Again;
            }
            c.advance(1);
            let start = c.position();
            let value = c.mark();
            let plain = simd::skip_value(&mut c, quote) == quote && !self.tag.tokenized;
            if !plain || (c.position() - start) as u64 > self.tag.cap {
                c.back(value);
                *cursor = c;
                self.begin_value(quote);
                return Step::Again;
            }
            let length = (c.position() - start) as u64;
            c.advance(1);
            if !self.attribute_done(c.since(value), start as u64, length, env) {
                return Step::Failed;
            }
        }
    }

    /// The name at `name_at` is an attribute's. False: failed.
    #[inline(always)]
    pub(super) fn attribute_named(&mut self, name: NameId, env: Env<'_>) -> bool {
        if self.names.seen(name)
            && self.names.distinct() > self.limits.distinct_names
            && !self.over_names_at(self.name_at, env)
        {
            return false;
        }
        let serial = self.tag.serial;
        let entry = self.names.entry_mut(name);
        let (prefix, length) = (entry.prefix, u64::from(entry.length));
        if std::mem::replace(&mut entry.tag, serial) == serial {
            self.twice(name, length, env);
            return false;
        }
        self.tag.attribute = name;
        self.tag.count += 1;
        self.tag.bytes += length;
        self.tag.cap = self.caps.value;
        self.tag.tokenized = false;
        let left = self.limits.attributes_bytes.saturating_sub(self.tag.bytes);
        if left < self.tag.cap || self.ruled || prefix != NameId::EMPTY || name == NameId::XMLNS || self.metered {
            return self.special_attribute(name, prefix, left, env);
        }
        true
    }

    /// An attribute stands twice in the tag: an error, unless its name takes the tag past a limit, as it is seen to do first
    /// where it is read by characters.
    #[cold]
    fn twice(&mut self, name: NameId, length: u64, env: Env<'_>) {
        self.tag.bytes += length;
        if self.tag.bytes <= self.limits.attributes_bytes || self.over_attributes_bytes(name, env) {
            self.fail_at(Kind::DuplicateAttribute, self.name_at, env);
        }
    }

    /// An attribute that declares a namespace, is declared by the DTD, or comes near a limit.
    #[inline(never)]
    fn special_attribute(&mut self, name: NameId, prefix: NameId, left: u64, env: Env<'_>) -> bool {
        if self.tag.bytes > self.limits.attributes_bytes && !self.over_attributes_bytes(name, env) {
            return false;
        }
        let declares = self.rules.namespaces && (name == NameId::XMLNS || prefix == NameId::XMLNS);
        if declares {
            self.tag.declared += 1;
            if self.tag.declared > self.limits.namespaces && !self.over_namespaces(env) {
                return false;
            }
        } else if prefix != NameId::EMPTY {
            self.tag.prefixed += 1;
        }
        self.tag.cap = self.value_cap(declares, left);
        if self.ruled {
            let rules = self.dtd.as_ref().and_then(|dtd| dtd.rules(self.tag.name));
            self.tag.tokenized = rules.is_some_and(|rules| rules.tokenized(name));
        }
        true
    }

    /// Behind an opening quote: the value goes to the scratch buffer.
    pub(super) fn begin_value(&mut self, quote: u8) {
        self.tag.quote = quote;
        self.tag.value = self.scratch.len();
        self.tag.gap = true;
        self.tag.skipped = None;
        self.tag.wide = false;
        self.state = State::Value;
    }

    /// A value in the window is complete; `quoted` is the value with the quote behind it.
    #[inline(always)]
    fn attribute_done(&mut self, quoted: &[u8], start: u64, length: u64, env: Env<'_>) -> bool {
        self.tag.spaced = false;
        self.tag.bytes += length;
        let name = std::mem::replace(&mut self.tag.attribute, NameId::EMPTY);
        let prefix = self.names.entry(name).prefix;
        if self.rules.namespaces && (prefix == NameId::XMLNS || name == NameId::XMLNS) {
            return self.declare(name, &quoted[..quoted.len() - 1], env);
        }
        self.push_attribute(name, start, length);
        true
    }

    /// The same for a value that the scratch buffer holds, from `tag.value` on.
    pub(super) fn value_done(&mut self, env: Env<'_>) -> bool {
        self.tag.spaced = false;
        let from = self.tag.value;
        let length = self.scratch.len() - from;
        if !self.tag.wide {
            self.tag.bytes += length as u64;
        }
        if self.metered {
            self.meter_value(length as u64);
        }
        let name = std::mem::replace(&mut self.tag.attribute, NameId::EMPTY);
        let prefix = self.names.entry(name).prefix;
        if self.rules.namespaces && (prefix == NameId::XMLNS || name == NameId::XMLNS) {
            let uri = self.scratch.split_off(from);
            return self.declare(name, &uri, env);
        }
        self.push_attribute(name, from as u64 | IN_SCRATCH, length as u64);
        if let (Some(limit), Some(attribute)) = (self.tag.skipped.take(), self.attributes.last_mut()) {
            attribute.skipped = Some(limit);
        }
        true
    }

    #[inline(always)]
    fn push_attribute(&mut self, name: NameId, start: u64, length: u64) {
        let expanded = self.unresolved(name);
        let name = Name { written: name, expanded };
        self.attributes.push(Attribute { name, start, length, defaulted: false, skipped: None });
    }

    /// What an attribute of this name stands for, as far as its tag need not be read to its end for that.
    #[inline(always)]
    pub(super) fn unresolved(&mut self, name: NameId) -> ExpandedId {
        if !self.rules.namespaces {
            self.names.whole(name)
        } else if self.names.entry(name).prefix == NameId::EMPTY {
            self.names.expand(name, UriId::NONE)
        } else {
            // What its prefix stands for may be declared behind it.
            ExpandedId(0)
        }
    }

    /// A namespace declaration (Namespaces 1.0 §2.2, §3).
    fn declare(&mut self, name: NameId, text: &[u8], env: Env<'_>) -> bool {
        let prefix = if name == NameId::XMLNS { NameId::EMPTY } else { self.names.declared_prefix(name) };
        let kind = match prefix {
            NameId::XMLNS => Kind::ReservedPrefixXmlns,
            NameId::XML if text != XML_URI => Kind::ReservedPrefixXml,
            // It changes nothing, but it was declared, and is told as every declaration is.
            NameId::XML => {
                self.names.bind(prefix, UriId::XML);
                return true;
            }
            _ if text == XML_URI || text == XMLNS_URI => Kind::ReservedNamespace,
            _ if text.is_empty() && prefix != NameId::EMPTY => Kind::UndeclaredPrefix,
            _ if memchr::memchr(b'}', text).is_some() => Kind::NamespaceSyntax,
            _ => {
                if !self.names.has_room(text.len()) {
                    self.fail_at(Kind::OutOfMemory, self.token, env);
                    return false;
                }
                let uri = self.names.uri_of(prefix, text);
                self.names.bind(prefix, uri);
                return true;
            }
        };
        self.fail_at(kind, self.token, env);
        false
    }

    /// The `>` of a start tag was read.
    fn end_of_tag<S: Sink>(&mut self, sink: &mut S, c: &Cursor<'_>, env: Env<'_>, empty: bool) -> Step {
        if self.tag.declared > 0 && self.names.is_crowded() && !self.renumber(sink, env) {
            return Step::Failed;
        }
        if self.ruled && !self.add_defaults(env) {
            return Step::Failed;
        }
        if self.tag.prefixed > 0 && self.rules.namespaces && !self.resolve_attributes(env) {
            return Step::Failed;
        }
        if self.metered {
            self.audit_tag();
        }
        let name = self.tag.name;
        self.state = State::Content;
        if !self.open_element(sink, c, env, name, empty) {
            return Step::Failed;
        }
        Step::Again
    }

    /// Starts the numbers of namespaces anew, so that a document can't fill memory with them.
    #[cold]
    fn renumber<S: Sink>(&mut self, sink: &mut S, env: Env<'_>) -> bool {
        if !sink.ids_end(&self.names) {
            self.sink_failed(self.token, env);
            return false;
        }
        self.names.renumber();
        for attribute in &mut self.attributes {
            let name = attribute.name.written;
            if self.names.prefix(name) == NameId::EMPTY {
                attribute.name.expanded = self.names.expand(name, UriId::NONE);
            }
        }
        true
    }

    /// Behind the slash of an empty tag that a window's end cut.
    pub(super) fn end_of_empty_tag<S: Sink>(&mut self, sink: &mut S, c: &Cursor<'_>, env: Env<'_>) -> Step {
        self.end_of_tag(sink, c, env, true)
    }

    /// Attributes with a prefix get their namespaces; no two may be the same then (Namespaces 1.0 §6.3).
    #[inline(never)]
    fn resolve_attributes(&mut self, env: Env<'_>) -> bool {
        for index in 0..self.attributes.len() {
            let written = self.attributes[index].name.written;
            let prefix = self.names.prefix(written);
            if prefix == NameId::EMPTY {
                continue;
            }
            let uri = self.names.entry(prefix).bound;
            if uri == UriId::UNBOUND {
                self.fail_at(Kind::UnboundPrefix, self.token, env);
                return false;
            }
            let expanded = self.names.expand(written, uri);
            if !self.names.first_in_tag(expanded, self.tag.serial) {
                self.fail_at(Kind::DuplicateAttribute, self.token, env);
                return false;
            }
            self.attributes[index].name.expanded = expanded;
        }
        true
    }

    /// The attributes that the DTD gives and the tag does not have (§3.3.2).
    #[inline(never)]
    fn add_defaults(&mut self, env: Env<'_>) -> bool {
        let Some(dtd) = self.dtd.take() else { return true };
        let mut good = true;
        for rule in dtd.rules(self.tag.name).map(|rules| rules.defaults.as_slice()).unwrap_or_default() {
            let value = &rule.value;
            if self.names.entry(rule.name).tag == self.tag.serial {
                continue;
            }
            self.names.entry_mut(rule.name).tag = self.tag.serial;
            self.tag.attribute = rule.name;
            self.name_at = self.token;
            good = self.default_allowed(rule.name, value.len() as u64, env);
            if !good {
                break;
            }
            self.tag.value = self.scratch.len();
            self.scratch.extend_from_slice(value);
            let prefix = self.names.prefix(rule.name);
            let before = self.attributes.len();
            if self.rules.namespaces && prefix != NameId::EMPTY && prefix != NameId::XMLNS {
                self.tag.prefixed += 1;
            }
            good = self.value_done(env);
            if !good {
                break;
            }
            if let Some(attribute) = self.attributes.get_mut(before) {
                attribute.defaulted = true;
            }
        }
        self.tag.attribute = NameId::EMPTY;
        self.dtd = Some(dtd);
        good
    }

    /// Opens the element whose tag was read, and closes it where the tag was empty.
    #[inline(always)]
    pub(super) fn open_element<S: Sink>(
        &mut self,
        sink: &mut S,
        c: &Cursor<'_>,
        env: Env<'_>,
        written: NameId,
        empty: bool,
    ) -> bool {
        let expanded = if self.rules.namespaces {
            let prefix = self.names.entry(written).prefix;
            let uri = self.names.entry(prefix).bound;
            if uri == UriId::UNBOUND {
                self.fail_at(Kind::UnboundPrefix, self.token, env);
                return false;
            }
            self.names.expand(written, uri)
        } else {
            self.names.whole(written)
        };
        let name = Name { written, expanded };
        self.open.add_child();
        let index = self.count_sibling(written);
        self.run = 0;
        self.text_cap = self.caps.text;
        if !empty {
            let [first, second, third, fourth] = self.open.frame();
            let used = self.stack.used();
            // Two and two: four would be built in memory in halves and read back whole, which the processor waits for.
            let pushed = self.stack.push_pair(first, second).and_then(|()| self.stack.push_pair(third, fourth));
            if let Err(overflow) = pushed {
                self.stack.truncate(used);
                self.overflow = Some(overflow);
                self.stack_overflow(c, env);
                return false;
            }
        }
        let tag = Tag {
            name,
            attributes: &self.attributes,
            bindings: &self.names.bindings[self.tag.bindings as usize..],
            window: c.window(),
            scratch: &self.scratch,
        };
        if !sink.start(&tag, &self.context(&env, self.token)) {
            self.enter_failed(written, index, empty);
            self.sink_failed(self.token, env);
            return false;
        }
        if S::STREAMS && sink.is_between() != self.between {
            self.turn(!self.between);
        }
        if empty {
            return self.close_empty(sink, c, env, name, index);
        }
        self.depth += 1;
        self.peak = self.peak.max(self.depth);
        self.names.elements = self.names.elements.wrapping_add(1).max(1);
        let aside = self.aside.len() as u32;
        self.open = Element::new(written, self.tag.bindings, aside, index, self.names.elements);
        true
    }

    /// The element of an empty tag ends, behind the tag.
    #[inline(always)]
    fn close_empty<S: Sink>(&mut self, sink: &mut S, c: &Cursor<'_>, env: Env<'_>, name: Name, index: u32) -> bool {
        self.peak = self.peak.max(self.depth + 1);
        let at = env.at(c.position());
        let bindings = self.tag.bindings as usize;
        if self.metered && !self.gate_empty(self.token, env) {
            return false;
        }
        if !sink.end(name, &self.names.bindings[bindings..], &self.context(&env, at)) {
            self.enter_failed(name.written, index, true);
            self.sink_failed(at, env);
            return false;
        }
        if S::STREAMS && sink.is_between() != self.between {
            self.turn(!self.between);
        }
        self.names.unbind(bindings);
        if self.depth == 0 {
            self.end_root();
        }
        true
    }

    /// Opens an element that the sink has failed at, so that the path leads to it.
    #[cold]
    fn enter_failed(&mut self, written: NameId, index: u32, empty: bool) {
        let pushed = !empty || {
            let [first, second, third, fourth] = self.open.frame();
            let used = self.stack.used();
            let pushed = self.stack.push_pair(first, second).and_then(|()| self.stack.push_pair(third, fourth));
            if pushed.is_err() {
                self.stack.truncate(used);
            }
            pushed.is_ok()
        };
        if pushed {
            self.depth += 1;
            self.open = Element::new(written, self.tag.bindings, self.aside.len() as u32, index, self.names.elements);
        }
    }

    /// Counts a child of the open element by its name, for paths.
    #[inline(always)]
    fn count_sibling(&mut self, name: NameId) -> u32 {
        let (parent, depth) = (self.open.serial(), self.depth);
        let entry = self.names.entry_mut(name);
        if entry.parent == parent {
            entry.siblings = entry.siblings.saturating_add(1);
            return entry.siblings;
        }
        if entry.parent_depth < depth && entry.parent != 0 {
            // It may be counted under an element that is still open.
            self.aside.push(Aside { name, parent: entry.parent, depth: entry.parent_depth, siblings: entry.siblings });
        }
        (entry.parent, entry.parent_depth, entry.siblings) = (parent, depth, 1);
        1
    }

    /// The open element ends.
    #[inline(always)]
    pub(super) fn close<S: Sink>(&mut self, sink: &mut S, at: At, env: Env<'_>) -> bool {
        if self.metered && !self.gate_end(at, env) {
            return false;
        }
        self.run = 0;
        self.text_cap = self.caps.text;
        let bindings = self.open.bindings();
        let name = self.open_name();
        if !sink.end(name, &self.names.bindings[bindings..], &self.context(&env, at)) {
            self.sink_failed(at, env);
            return false;
        }
        if S::STREAMS && sink.is_between() != self.between {
            self.turn(!self.between);
        }
        self.names.unbind(bindings);
        while self.aside.len() > self.open.aside() {
            if let Some(aside) = self.aside.pop() {
                let entry = self.names.entry_mut(aside.name);
                (entry.parent, entry.parent_depth, entry.siblings) = (aside.parent, aside.depth, aside.siblings);
            }
        }
        self.depth -= 1;
        self.open = Element::of(self.stack.pop());
        true
    }
}
