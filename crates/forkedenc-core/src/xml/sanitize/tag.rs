//! Start tags: which attributes and declarations are written, and how; and how elements end.

use super::engine::{Engine, Form, Frame, REL, Special};
use super::html::{self, Around};
use super::judge::{Value, Verdict};
use super::plan::{Answer, ElementInfo, Plan, flag};
use super::report::Kind;
use super::uses::Share;
use super::write;
use crate::xml::names::{NameId, Names};
use crate::xml::sink::{Attribute, Context, Name, Tag};

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
    /// The prefix of XLink is declared.
    xlink: bool,
}

impl Engine {
    #[inline(always)]
    fn row(&mut self, plan: &Plan, attribute: &Attribute, element: Name, names: &Names) -> (Special, Row) {
        let known = self.rows(plan, attribute.name, names);
        for at in known.start..known.end {
            let (group, value) = self.candidate(at as usize);
            if self.groups(element)[usize::from(group >> 6 & 3)] >> (group & 63) & 1 != 0 {
                return (known.special, value.map_or(Row::Denied, Row::Value));
            }
        }
        (known.special, Row::Unknown)
    }

    /// Whether the tag of an animation says which attribute it sets, and that may be set.
    pub(super) fn animates(&mut self, plan: &Plan, tag: &Tag<'_>, names: &Names) -> bool {
        for attribute in tag.attributes {
            let (special, row) = self.row(plan, attribute, tag.name, names);
            if special != Special::AttributeName || attribute.skipped.is_some() {
                continue;
            }
            let Row::Value(value) = row else { return false };
            let text = tag.value(attribute);
            self.findings.out.clear();
            if plan.judge(value, text, &mut self.findings) == Verdict::Bad {
                return false;
            }
            self.findings.target = plan.target(super::judge::trim(text));
            return self.findings.target.is_some();
        }
        false
    }

    /// Writes a start tag but for its end, and opens the element.
    pub(super) fn write_tag(
        &mut self,
        plan: &Plan,
        tag: &Tag<'_>,
        info: &ElementInfo,
        around: Around,
        cx: &Context<'_>,
    ) -> bool {
        let names = cx.names;
        let page = plan.source.html;
        let root = self.frames.is_empty();
        if info.flags & flag::ANIMATES == 0 {
            self.findings.target = None;
        }
        self.end_tag();
        let lost = self.lost.len();
        let mut space = self.frames.last().map_or(NO_SPACE, |frame| frame.space);
        if page {
            self.imply_body(info.html);
            space = self.page_name(tag, info, space, names);
        } else {
            write::name(&mut self.out, *b"<", names, tag.name.written, []);
            if !tag.bindings.is_empty() || !self.lost.is_empty() {
                self.declare(plan, tag, cx);
            }
        }
        let mut share = Share::default();
        let mut id = Vec::new();
        if self.account.is_some() {
            share = self
                .account
                .as_mut()
                .map(|account| account.open(info.flags & flag::WEIGHTLESS != 0))
                .unwrap_or_default();
            if !self.take_id(plan, tag, &mut share, &mut id, root, cx) {
                return false;
            }
        }
        let mut classes: &[u8] = b"";
        let mut written = Written::default();
        for attribute in tag.attributes {
            let kept = self.attribute(plan, tag, attribute, info, &mut share, &mut written, &id, cx);
            match kept {
                Kept::Failed => return false,
                Kept::Class => classes = tag.value(attribute),
                Kept::Other => {}
            }
        }
        if !self.style_of(tag, &mut share, &id, classes, cx) {
            return false;
        }
        let needs =
            (info.flags & flag::REL != 0 && written.link) || (info.flags & flag::REL_TARGET != 0 && written.target);
        if needs && !written.rel {
            self.put(b" rel=\"");
            self.put(REL);
            self.put(b"\"");
            self.report.changed = true;
        }
        self.open_tag = true;
        self.touch();
        self.push(Frame {
            name: tag.name.written,
            form: Form::Kept,
            kept: self.frames.len(),
            flags: info.flags,
            text: info.text,
            around: around.inside(info.html),
            share,
            lost,
            body: false,
            fresh: true,
            bare: false,
            space,
        })
    }

    /// Declarations: those of the tag that are allowed, and those of elements around it that were unwrapped.
    fn declare(&mut self, plan: &Plan, tag: &Tag<'_>, cx: &Context<'_>) {
        let names = cx.names;
        for binding in tag.bindings {
            let prefix = names.written(binding.prefix);
            if !Self::allows(plan, binding, names) {
                let name = if prefix.is_empty() { b"xmlns".to_vec() } else { [b"xmlns:", prefix].concat() };
                self.removed(Kind::Attribute, &name, "namespace", Some(tag.name.written), cx);
                continue;
            }
            self.put_declaration(prefix, names.uri(binding.uri));
        }
        if self.lost.is_empty() {
            return;
        }
        // An unwrapped element declared what this one uses: it is declared here, and so written for what stands inside.
        self.lost.extend(tag.bindings.iter().map(|binding| (binding.prefix, None)));
        let attributes = tag.attributes.iter().map(|attribute| attribute.name.written);
        let mut used = vec![names.prefix(tag.name.written)];
        used.extend(attributes.map(|name| names.prefix(name)).filter(|prefix| *prefix != NameId::EMPTY));
        used.sort_unstable();
        used.dedup();
        for prefix in used {
            let last = self.lost.iter().rposition(|(known, _)| *known == prefix);
            if let Some(uri) = last.and_then(|at| self.lost[at].1.clone()) {
                self.put_declaration(names.written(prefix), &uri);
                self.lost.push((prefix, None));
            }
        }
    }

    fn put_declaration(&mut self, prefix: &[u8], uri: &[u8]) {
        self.put(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
        self.put(prefix);
        self.put(b"=\"");
        write::escaped::<true>(&mut self.out, uri);
        self.put(b"\"");
    }

    /// For a page: the local name, in a default namespace that XML parsers need and HTML parsers pass by.
    fn page_name(&mut self, tag: &Tag<'_>, info: &ElementInfo, space: u8, names: &Names) -> u8 {
        let (_, local) = names.expanded(tag.name.expanded);
        self.put(b"<");
        self.put(local);
        let own = if info.html & html::HTML != 0 { HTML_SPACE } else { SVG_SPACE };
        if own != space {
            self.put_declaration(b"", if own == HTML_SPACE { html::XHTML } else { html::SVG });
        }
        own
    }

    /// For a page: a row in a table stands in a `tbody`, and what is none ends that.
    fn imply_body(&mut self, class: u32) {
        let Some(parent) = self.kept() else { return };
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
    fn take_id(
        &mut self,
        plan: &Plan,
        tag: &Tag<'_>,
        share: &mut Share,
        id: &mut Vec<u8>,
        root: bool,
        cx: &Context<'_>,
    ) -> bool {
        for attribute in tag.attributes {
            if attribute.skipped.is_some() {
                continue;
            }
            if self.rows(plan, attribute.name, cx.names).special != Special::Id {
                continue;
            }
            let (_, Row::Value(value)) = self.row(plan, attribute, tag.name, cx.names) else { continue };
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
                if !self.bad(plan, attribute, rule, tag, cx) {
                    return false;
                }
                // So that the attribute is not written below.
                id.push(0);
            }
        }
        true
    }

    /// References that style sheets make from this element.
    fn style_of(&mut self, tag: &Tag<'_>, share: &mut Share, id: &[u8], classes: &[u8], cx: &Context<'_>) -> bool {
        let Some(account) = &mut self.account else { return true };
        let (_, local) = cx.names.expanded(tag.name.expanded);
        let id = Some(id).filter(|id| !id.is_empty() && *id != [0]);
        match account.refer_styled(local, id, classes, share) {
            Ok(()) => true,
            Err(rule) => self.refuse(
                Kind::Element,
                cx.names.written(tag.name.written),
                rule,
                cx.place(),
                cx.path(Some(tag.name.written)),
            ),
        }
    }

    /// An attribute whose value the policy refuses: dropped, or the document is refused.
    fn bad(&mut self, plan: &Plan, attribute: &Attribute, rule: &'static str, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        self.answer(attribute, plan.source.bad_value, rule, tag, cx)
    }

    fn answer(
        &mut self,
        attribute: &Attribute,
        answer: Answer,
        rule: &'static str,
        tag: &Tag<'_>,
        cx: &Context<'_>,
    ) -> bool {
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
        plan: &Plan,
        tag: &Tag<'_>,
        attribute: &Attribute,
        info: &ElementInfo,
        share: &mut Share,
        written: &mut Written,
        id: &[u8],
        cx: &Context<'_>,
    ) -> Kept {
        let done = |good: bool| if good { Kept::Other } else { Kept::Failed };
        let (special, row) = self.row(plan, attribute, tag.name, cx.names);
        let value = match row {
            Row::Value(value) => value,
            Row::Unknown => {
                return done(self.answer(attribute, plan.source.unknown_attribute, "unknown-attribute", tag, cx));
            }
            Row::Denied => return done(self.answer(attribute, Answer::Drop, "denied-attribute", tag, cx)),
        };
        if attribute.skipped.is_some() {
            return done(self.answer(attribute, Answer::Drop, "limit", tag, cx));
        }
        let text = tag.value(attribute);
        let (grammar, max_bytes) = &plan.source.values[usize::from(value)];
        if max_bytes.is_some_and(|maximum| text.len() as u64 > maximum) {
            return done(self.bad(plan, attribute, "max-bytes", tag, cx));
        }
        self.findings.out.clear();
        self.findings.references.clear();
        self.findings.dropped = 0;
        let verdict = plan.judge(value, text, &mut self.findings);
        if verdict == Verdict::Bad {
            return done(self.bad(plan, attribute, "bad-value", tag, cx));
        }
        if special == Special::Id && id == [0] && matches!(grammar, Value::Id) {
            return Kept::Other;
        }
        // What an animation sets is nothing that it draws.
        let draws = info.flags & flag::ANIMATES == 0 || !matches!(grammar, Value::IdRef);
        if draws
            && !self.findings.references.is_empty()
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
                return done(self.bad(plan, attribute, rule, tag, cx));
            }
        }
        if self.findings.dropped > 0 {
            self.removed(
                Kind::Attribute,
                cx.names.written(attribute.name.written),
                "style",
                Some(tag.name.written),
                cx,
            );
        }
        match special {
            Special::Rel if info.flags & (flag::REL | flag::REL_TARGET) != 0 => {
                if text != REL && (info.flags & flag::REL != 0 || self.has_target(plan, tag, cx.names)) {
                    self.report.changed = true;
                    return Kept::Other;
                }
                written.rel |= text == REL;
            }
            Special::Target => written.target = true,
            Special::Href => written.link = true,
            _ => {}
        }
        let page = plan.source.html && cx.names.prefix(attribute.name.written) != NameId::EMPTY;
        if page {
            self.page_attribute(attribute, &mut written.xlink, cx.names);
        } else {
            write::name(&mut self.out, *b" ", cx.names, attribute.name.written, *b"=\"");
        }
        match verdict {
            Verdict::Plain => write::plain(&mut self.out, text),
            Verdict::Good => write::escaped::<true>(&mut self.out, text),
            _ => {
                self.report.changed = true;
                write::escaped::<true>(&mut self.out, &self.findings.out);
            }
        }
        self.out.put(*b"\"");
        if special == Special::Class { Kept::Class } else { Kept::Other }
    }

    /// Whether the tag has a target, which an old `rel` would leave unguarded.
    fn has_target(&mut self, plan: &Plan, tag: &Tag<'_>, names: &Names) -> bool {
        tag.attributes.iter().any(|attribute| self.rows(plan, attribute.name, names).special == Special::Target)
    }

    /// For a page: the prefixes that HTML knows, declared for XML where they stand.
    fn page_attribute(&mut self, attribute: &Attribute, declared: &mut bool, names: &Names) {
        let (uri, local) = names.expanded(attribute.name.expanded);
        if names.uri(uri) == html::XLINK {
            if !std::mem::replace(declared, true) {
                self.put(b" xmlns:xlink=\"");
                self.put(html::XLINK);
                self.put(b"\"");
            }
            self.put(b" xlink:");
        } else {
            self.put(b" xml:");
        }
        self.put(local);
        self.put(b"=\"");
    }

    /// A kept element ends.
    pub(super) fn close(&mut self, plan: &Plan, frame: Frame, cx: &Context<'_>) -> bool {
        let page = plan.source.html;
        if frame.body {
            self.put(b"</tbody>");
        }
        if self.open_tag && (frame.flags & flag::VOID != 0 || (!page && frame.flags & flag::PAIR == 0)) {
            self.open_tag = false;
            self.out.put(*b"/>");
        } else {
            self.end_tag();
            if page {
                self.put(b"</");
                self.put(cx.names.local(frame.name));
                self.put(b">");
            } else {
                write::name(&mut self.out, *b"</", cx.names, frame.name, *b">");
            }
        }
        let root = self.frames.is_empty();
        let around = self.frames.last().map(|frame| frame.kept);
        let parent = around.and_then(|kept| self.frames.get_mut(kept)).map(|frame| &mut frame.share);
        let fits = self.account.as_mut().is_none_or(|account| account.close(frame.share, parent, root));
        fits || self.refuse(Kind::Element, cx.names.written(frame.name), "expansion", cx.place(), cx.path(None))
    }
}

enum Kept {
    Failed,
    Class,
    Other,
}
