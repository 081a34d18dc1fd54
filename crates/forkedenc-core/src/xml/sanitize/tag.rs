//! Start tags: which attributes and declarations are written, and how; and how elements end.

use std::sync::Arc;

use super::engine::{Engine, Form, Frame, VALUE, rel};
use super::html::{self, Around};
use super::judge::{Value, Verdict};
use super::plan::{Answer, ElementInfo, flag};
use super::report::Kind;
use super::uses::Share;
use crate::xml::names::{NameId, Names, UriId};
use crate::xml::sink::{Attribute, Context, Tag};

/// The default namespace that stands in a page.
const NO_SPACE: u8 = 0;
const HTML_SPACE: u8 = 1;
const SVG_SPACE: u8 = 2;

/// What a policy says of an attribute.
enum Row {
    Unknown,
    Denied,
    Value(u16),
}

/// What is remembered of a tag while its attributes are written.
#[derive(Default)]
struct Written {
    target: bool,
    rel: bool,
    link: bool,
}

impl Engine {
    fn row(&mut self, attribute: &Attribute, info: &ElementInfo, names: &Names) -> Row {
        for at in self.rows(attribute.name, names) {
            let (group, value) = self.candidate(at);
            if info.groups[usize::from(group >> 6)] >> (group & 63) & 1 != 0 {
                return value.map_or(Row::Denied, Row::Value);
            }
        }
        Row::Unknown
    }

    /// Whether the tag of an animation says which attribute it sets, and that may be set.
    pub(super) fn animates(&mut self, tag: &Tag<'_>, info: &ElementInfo, names: &Names) -> bool {
        let plan = Arc::clone(&self.plan);
        for attribute in tag.attributes {
            let (uri, local) = names.expanded(attribute.name.expanded);
            if uri != UriId::NONE || local != b"attributeName" || attribute.skipped.is_some() {
                continue;
            }
            let Row::Value(value) = self.row(attribute, info, names) else { return false };
            let text = tag.value(attribute);
            self.findings.out.clear();
            if plan.judge(value, text, &mut self.findings) == Verdict::Bad {
                return false;
            }
            self.findings.target = self.target(super::judge::trim(text));
            return self.findings.target.is_some();
        }
        false
    }

    /// Writes a start tag but for its end, and opens the element.
    pub(super) fn write_tag(&mut self, tag: &Tag<'_>, info: &ElementInfo, around: Around, cx: &Context<'_>) -> bool {
        let names = cx.names;
        let plan = Arc::clone(&self.plan);
        let page = plan.source.html;
        let root = self.frames.is_empty();
        if info.flags & flag::ANIMATES == 0 {
            self.findings.target = None;
        }
        self.end_tag();
        let mut space = self.frames.last().map_or(NO_SPACE, |frame| frame.space);
        let start = self.out.len();
        if page {
            self.imply_body(info.html);
            space = self.page_name(tag, info, space, names);
        } else {
            self.out.push(b'<');
            self.put(names.written(tag.name.written));
            self.declare(tag, cx);
        }
        let mut share = Share::default();
        let mut id = Vec::new();
        if self.account.is_some() {
            share = self.account.as_mut().map(|account| account.open(info.flags & flag::WEIGHTLESS != 0)).unwrap_or_default();
            if !self.take_id(tag, info, &mut share, &mut id, root, cx) {
                return false;
            }
        }
        let mut classes: &[u8] = b"";
        let mut written = Written::default();
        for attribute in tag.attributes {
            let kept = self.attribute(tag, attribute, info, &mut share, &mut written, &id, cx);
            match kept {
                Kept::Failed => return false,
                Kept::Class => classes = tag.value(attribute),
                Kept::Other => {}
            }
        }
        if !self.style_of(tag, &mut share, &id, classes, start, cx) {
            return false;
        }
        let needs = (info.flags & flag::REL != 0 && written.link) || (info.flags & flag::REL_TARGET != 0 && written.target);
        if needs && !written.rel {
            self.put(b" rel=\"");
            self.put(rel());
            self.put(b"\"");
            self.report.changed = true;
        }
        self.open_tag = true;
        if self.frames.try_reserve(1).is_err() {
            return false;
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.fresh = false;
        }
        let lost = self.lost.len();
        self.frames.push(Frame {
            name: tag.name.written,
            form: Form::Kept,
            flags: info.flags,
            text: info.text,
            around: around.inside(info.html),
            share,
            lost,
            body: false,
            fresh: true,
            bare: false,
            space,
        });
        true
    }

    /// Declarations: those of the tag that are allowed, and those of elements around it that were unwrapped.
    fn declare(&mut self, tag: &Tag<'_>, cx: &Context<'_>) {
        let names = cx.names;
        for binding in tag.bindings {
            let prefix = names.written(binding.prefix);
            if !self.allows(binding, names) {
                let name = if prefix.is_empty() { b"xmlns".to_vec() } else { [b"xmlns:", prefix].concat() };
                self.removed(Kind::Attribute, &name, "namespace", Some(tag.name.written), cx);
                continue;
            }
            self.put_declaration(prefix, names.uri(binding.uri));
        }
        let base = self.frames.iter().rposition(|frame| frame.form == Form::Kept).map_or(0, |at| self.frames[at].lost);
        if self.lost.len() == base {
            return;
        }
        let mut done: Vec<NameId> = tag.bindings.iter().map(|binding| binding.prefix).collect();
        for at in (base..self.lost.len()).rev() {
            let (prefix, uri) = self.lost[at].clone();
            if !done.contains(&prefix) {
                done.push(prefix);
                self.put_declaration(names.written(prefix), &uri);
            }
        }
    }

    fn put_declaration(&mut self, prefix: &[u8], uri: &[u8]) {
        self.put(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
        self.put(prefix);
        self.put(b"=\"");
        Self::put_escaped(&mut self.out, uri, &VALUE);
        self.out.push(b'"');
    }

    /// For a page: the local name, in a default namespace that XML parsers need and HTML parsers pass by.
    fn page_name(&mut self, tag: &Tag<'_>, info: &ElementInfo, space: u8, names: &Names) -> u8 {
        let (_, local) = names.expanded(tag.name.expanded);
        self.out.push(b'<');
        self.put(local);
        let own = if info.html != 0 { HTML_SPACE } else { SVG_SPACE };
        if own != space {
            self.put_declaration(b"", if own == HTML_SPACE { html::XHTML } else { html::SVG });
        }
        own
    }

    /// For a page: a row in a table stands in a `tbody`, and what is none ends that.
    fn imply_body(&mut self, class: u32) {
        let Some(parent) = self.frames.iter_mut().rev().find(|frame| frame.form == Form::Kept) else { return };
        if parent.around.parent & html::TABLE == 0 {
            return;
        }
        let row = class & html::ROW != 0;
        if row != parent.body {
            parent.body = row;
            self.report.changed = true;
            self.put(if row { b"<tbody>" } else { b"</tbody>" });
        }
    }

    /// The id of the element at hand, before all else: references in the same tag stand inside of it.
    fn take_id(&mut self, tag: &Tag<'_>, info: &ElementInfo, share: &mut Share, id: &mut Vec<u8>, root: bool, cx: &Context<'_>) -> bool {
        let plan = Arc::clone(&self.plan);
        for attribute in tag.attributes {
            if attribute.skipped.is_some() {
                continue;
            }
            let (uri, local) = cx.names.expanded(attribute.name.expanded);
            if local != b"id" || uri != UriId::NONE {
                continue;
            }
            let Row::Value(value) = self.row(attribute, info, cx.names) else { continue };
            if !matches!(plan.source.values[usize::from(value)].0, Value::Id) {
                continue;
            }
            self.findings.out.clear();
            let text = tag.value(attribute);
            match plan.judge(value, text, &mut self.findings) {
                Verdict::Bad => continue,
                Verdict::Written => id.extend_from_slice(&self.findings.out),
                Verdict::Plain | Verdict::Good => id.extend_from_slice(text),
            }
            let given = self.account.as_mut().map_or(Ok(()), |account| account.give(id, share, root));
            if let Err(rule) = given {
                id.clear();
                if !self.bad(attribute, rule, tag, cx) {
                    return false;
                }
                // So that the attribute is not written below.
                id.push(0);
            }
        }
        true
    }

    /// References that style sheets make from this element.
    fn style_of(&mut self, tag: &Tag<'_>, share: &mut Share, id: &[u8], classes: &[u8], start: usize, cx: &Context<'_>) -> bool {
        let Some(account) = &mut self.account else { return true };
        let (_, local) = cx.names.expanded(tag.name.expanded);
        let id = Some(id).filter(|id| !id.is_empty() && *id != [0]);
        let _ = start;
        for (_, target) in account.styled(local, id, classes) {
            if let Err(rule) = account.refer(&target, share, true) {
                return self.refuse(Kind::Element, cx.names.written(tag.name.written), rule, cx.place(), cx.path(Some(tag.name.written)));
            }
        }
        true
    }

    /// An attribute whose value the policy refuses: dropped, or the document is refused.
    fn bad(&mut self, attribute: &Attribute, rule: &'static str, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        self.answer(attribute, self.plan.source.bad_value, rule, tag, cx)
    }

    fn answer(&mut self, attribute: &Attribute, answer: Answer, rule: &'static str, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let name = cx.names.written(attribute.name.written);
        if answer == Answer::Error {
            let mut path = cx.path(Some(tag.name.written));
            path.push_str("/@");
            path.push_str(&String::from_utf8_lossy(name));
            return self.refuse(Kind::Attribute, name, rule, cx.place(), path);
        }
        self.removed(Kind::Attribute, name, rule, Some(tag.name.written), cx);
        true
    }

    #[expect(clippy::too_many_arguments, reason = "one value each of the tag at hand")]
    fn attribute(
        &mut self,
        tag: &Tag<'_>,
        attribute: &Attribute,
        info: &ElementInfo,
        share: &mut Share,
        written: &mut Written,
        id: &[u8],
        cx: &Context<'_>,
    ) -> Kept {
        let done = |good: bool| if good { Kept::Other } else { Kept::Failed };
        let value = match self.row(attribute, info, cx.names) {
            Row::Value(value) => value,
            Row::Unknown => return done(self.answer(attribute, self.plan.source.unknown_attribute, "unknown-attribute", tag, cx)),
            Row::Denied => return done(self.answer(attribute, Answer::Drop, "denied-attribute", tag, cx)),
        };
        if attribute.skipped.is_some() {
            return done(self.answer(attribute, Answer::Drop, "limit", tag, cx));
        }
        let text = tag.value(attribute);
        let plan = Arc::clone(&self.plan);
        let (grammar, max_bytes) = &plan.source.values[usize::from(value)];
        if max_bytes.is_some_and(|maximum| text.len() as u64 > maximum) {
            return done(self.bad(attribute, "max-bytes", tag, cx));
        }
        self.findings.out.clear();
        self.findings.references.clear();
        self.findings.dropped = 0;
        let verdict = plan.judge(value, text, &mut self.findings);
        if verdict == Verdict::Bad {
            return done(self.bad(attribute, "bad-value", tag, cx));
        }
        let (uri, local) = cx.names.expanded(attribute.name.expanded);
        if matches!(grammar, Value::Id) && id == [0] && local == b"id" {
            return Kept::Other;
        }
        if !self.findings.references.is_empty()
            && let Some(account) = &mut self.account
        {
            let paints = !matches!(grammar, Value::IdRef | Value::Url(_)) || info.flags & flag::WEIGHTLESS != 0;
            let references = std::mem::take(&mut self.findings.references);
            let refused = references
                .split(|byte| *byte == 0)
                .filter(|id| !id.is_empty())
                .find_map(|id| account.refer(id, share, paints).err());
            self.findings.references = references;
            if let Some(rule) = refused {
                return done(self.bad(attribute, rule, tag, cx));
            }
        }
        if self.findings.dropped > 0 {
            self.removed(Kind::Attribute, cx.names.written(attribute.name.written), "style", Some(tag.name.written), cx);
        }
        if uri == UriId::NONE && info.flags & (flag::REL | flag::REL_TARGET) != 0 {
            match local {
                b"rel" => {
                    if text != rel() && (info.flags & flag::REL != 0 || has_target(tag, cx.names)) {
                        self.report.changed = true;
                        return Kept::Other;
                    }
                    written.rel = true;
                }
                b"target" => written.target = true,
                _ => {}
            }
        }
        written.link |= local == b"href";
        self.out.push(b' ');
        if plan.source.html && uri != UriId::NONE {
            self.page_attribute(uri, local, cx.names);
        } else {
            self.put(cx.names.written(attribute.name.written));
        }
        self.put(b"=\"");
        match verdict {
            Verdict::Plain => self.put(text),
            Verdict::Good => Self::put_escaped(&mut self.out, text, &VALUE),
            _ => {
                self.report.changed = true;
                Self::put_escaped(&mut self.out, &self.findings.out, &VALUE);
            }
        }
        self.out.push(b'"');
        if local == b"class" && uri == UriId::NONE { Kept::Class } else { Kept::Other }
    }

    /// For a page: the prefixes that HTML knows, declared for XML where they stand.
    fn page_attribute(&mut self, uri: UriId, local: &[u8], names: &Names) {
        if names.uri(uri) == html::XLINK {
            self.put(b"xmlns:xlink=\"");
            self.put(html::XLINK);
            self.put(b"\" xlink:");
        } else {
            self.put(b"xml:");
        }
        self.put(local);
    }

    /// A kept element ends.
    pub(super) fn close(&mut self, frame: &Frame, cx: &Context<'_>) -> bool {
        let page = self.plan.source.html;
        if frame.body {
            self.put(b"</tbody>");
        }
        let written = cx.names.written(frame.name);
        if self.open_tag && (frame.flags & flag::VOID != 0 || (!page && frame.flags & flag::PAIR == 0)) {
            self.open_tag = false;
            self.put(b"/>");
        } else {
            self.end_tag();
            self.put(b"</");
            self.put(if page { cx.names.local(frame.name) } else { written });
            self.out.push(b'>');
        }
        let root = self.frames.is_empty();
        let parent = self.frames.iter_mut().rev().find(|frame| frame.form == Form::Kept).map(|frame| &mut frame.share);
        let fits = self.account.as_mut().is_none_or(|account| account.close(frame.share, parent, root));
        fits || self.refuse(Kind::Element, written, "expansion", cx.place(), cx.path(None))
    }
}

enum Kept {
    Failed,
    Class,
    Other,
}

/// Whether the tag has a target, which an old `rel` would leave unguarded.
fn has_target(tag: &Tag<'_>, names: &Names) -> bool {
    tag.attributes.iter().any(|attribute| names.expanded(attribute.name.expanded) == (UriId::NONE, b"target".as_slice()))
}
