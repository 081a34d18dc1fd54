//! Start tags: which attributes and declarations are written, and how; and how elements end.

use super::engine::{Engine, Form, Frame, REL, removal};
use super::html::{self, Around};
use super::judge::{Value, Verdict};
use super::lookup::{Row, Ruling, Special};
use super::plan::{Answer, ElementInfo, Plan, flag};
use super::report::Kind;
use super::uses::Share;
use super::write;
use crate::xml::names::{NameId, Names};
use crate::xml::sink::{Attribute, Context, Tag};

/// The default namespace that stands in a page.
const NO_SPACE: u8 = 0;
const HTML_SPACE: u8 = 1;
const SVG_SPACE: u8 = 2;

/// What is remembered of a tag while its attributes are written.
#[derive(Default)]
struct Written {
    /// The attribute whose value is the id in `Engine::id`, and whether it may not be written.
    id: Option<usize>,
    id_refused: bool,
    class: Option<usize>,
    target: bool,
    rel: bool,
    link: bool,
    /// The prefix of XLink is declared.
    xlink: bool,
}

impl Engine {
    /// Whether the tag of an animation says which attribute it sets, and that may be set.
    pub(super) fn animates(&mut self, plan: &Plan, tag: &Tag<'_>, names: &Names) -> bool {
        for attribute in tag.attributes {
            let ruling = self.lookup.attribute(plan, tag.name.expanded, attribute.name.expanded, names);
            if ruling.special != Special::AttributeName || attribute.skipped.is_some() {
                continue;
            }
            let Row::Value(value) = ruling.row else { return false };
            let text = tag.value(attribute);
            if self.judge(plan, value, text) == Verdict::Bad {
                return false;
            }
            self.findings.target = plan.target(super::judge::trim(text));
            return self.findings.target.is_some();
        }
        false
    }

    /// Writes a start tag but for its end, and opens the element. `PAGE`: for an HTML page.
    #[inline(always)]
    pub(super) fn write_tag<const PAGE: bool>(
        &mut self,
        plan: &Plan,
        tag: &Tag<'_>,
        info: &ElementInfo,
        cx: &Context<'_>,
    ) -> bool {
        self.end_tag(cx);
        let lost = self.lost.len() as u32;
        let mut frame = Frame {
            name: tag.name.written,
            form: Form::Kept,
            kept: self.frames.len() as u32,
            flags: info.flags,
            text: info.text,
            around: Around::default(),
            share: Share::default(),
            lost,
            body: false,
            fresh: true,
            bare: false,
            space: NO_SPACE,
        };
        if PAGE {
            let parent = self.frames.last().map(|parent| (parent.around, parent.space));
            let (around, space) = parent.unwrap_or_default();
            self.touch();
            self.imply_body(info.html, cx);
            frame.space = self.page_name(tag, info, space, cx);
            frame.around = around.inside(info.html);
        } else {
            self.write_name(plan, tag, cx);
        }
        let mut bare = tag.attributes.is_empty();
        if let Some(account) = &mut self.account {
            frame.share = account.open(info.flags & flag::WEIGHTLESS != 0);
            bare = bare && !account.is_styled();
        }
        if !bare && !self.attributes(plan, tag, info, &mut frame.share, cx) {
            return false;
        }
        self.open_tag = true;
        self.push(frame)
    }

    #[inline(always)]
    fn write_name(&mut self, plan: &Plan, tag: &Tag<'_>, cx: &Context<'_>) {
        let declares = !tag.bindings.is_empty() || !self.lost.is_empty();
        match tag.head(cx) {
            Some(head) => self.out.same(cx.window(), head),
            None => write::name(self.out.other(cx.window()), *b"<", cx.names, tag.name.written, []),
        }
        if declares {
            self.declare(plan, tag, cx);
        }
    }

    /// Judges and writes the attributes of a tag whose name is written.
    #[inline(never)]
    fn attributes(
        &mut self,
        plan: &Plan,
        tag: &Tag<'_>,
        info: &ElementInfo,
        share: &mut Share,
        cx: &Context<'_>,
    ) -> bool {
        let names = cx.names;
        let written = &mut Written::default();
        if info.flags & flag::ANIMATES == 0 {
            self.findings.target = None;
        }
        if self.account.is_some()
            && let Some(at) = self.lookup.id_of(tag, names)
            && !self.take_id(plan, tag, at, share, written, cx)
        {
            return false;
        }
        let in_window = !plan.source.html && tag.is_in_window(cx);
        // What is good for an animation depends on what it sets.
        let knows = info.flags & flag::ANIMATES == 0;
        for (at, attribute) in tag.attributes.iter().enumerate() {
            let ruling = self.lookup.attribute(plan, tag.name.expanded, attribute.name.expanded, names);
            if let (Special::None, Row::Value(value)) = (ruling.special, ruling.row)
                && in_window
                && let Some((short, length)) = tag.short(attribute)
                && (plan.quick[usize::from(value)].takes(&short, length) || knows && self.lookup.knows(value, &short))
                && let Some(span) = tag.span(attribute, cx)
            {
                self.out.same(cx.window(), span);
            } else if !self.attribute(plan, tag, at, ruling, info, share, written, cx) {
                return false;
            }
        }
        if !self.style_of(tag, share, written, cx) {
            return false;
        }
        let needs =
            (info.flags & flag::REL != 0 && written.link) || (info.flags & flag::REL_TARGET != 0 && written.target);
        if needs && !written.rel {
            self.put(b" rel=\"", cx);
            self.put(REL, cx);
            self.put(b"\"", cx);
            self.report.changed = true;
        }
        true
    }

    /// Declarations: those of the tag that are allowed, and those of elements around it that were unwrapped.
    fn declare(&mut self, plan: &Plan, tag: &Tag<'_>, cx: &Context<'_>) {
        let names = cx.names;
        for binding in tag.bindings {
            let known = self.lookup.uri(plan, binding.uri, names);
            if known.allowed {
                let (prefix, uri) = (names.written(binding.prefix), names.uri(binding.uri));
                let start: [&[u8]; 2] = if prefix.is_empty() { [b" xmlns", b""] } else { [b" xmlns:", prefix] };
                if !known.clean || !self.out.follow_all(cx.window(), [start[0], start[1], b"=\"", uri, b"\""]) {
                    self.put_declaration(binding.prefix, uri, cx);
                }
            } else {
                let kind = Kind::Attribute;
                let name = || names.declaring(binding.prefix);
                self.report.add(kind, || removal(kind, &name(), "namespace", Some(tag.name.written), cx));
            }
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
                self.put_declaration(prefix, &uri, cx);
                self.lost.push((prefix, None));
            }
        }
    }

    fn put_declaration(&mut self, prefix: NameId, uri: &[u8], cx: &Context<'_>) {
        if prefix == NameId::EMPTY {
            self.out.other(cx.window()).put(*b" xmlns=\"");
        } else {
            write::name(self.out.other(cx.window()), *b" xmlns:", cx.names, prefix, *b"=\"");
        }
        write::escaped::<true>(self.out.other(cx.window()), uri);
        self.out.other(cx.window()).put(*b"\"");
    }

    /// For a page: the local name, in a default namespace that XML parsers need and HTML parsers pass by.
    fn page_name(&mut self, tag: &Tag<'_>, info: &ElementInfo, space: u8, cx: &Context<'_>) -> u8 {
        let (_, local) = cx.names.expanded(tag.name.expanded);
        self.put(b"<", cx);
        self.put(local, cx);
        let own = if info.html & html::HTML != 0 { HTML_SPACE } else { SVG_SPACE };
        if own != space {
            self.put_declaration(NameId::EMPTY, if own == HTML_SPACE { html::XHTML } else { html::SVG }, cx);
        }
        own
    }

    /// For a page: a row in a table stands in a `tbody`, and what is none ends that.
    fn imply_body(&mut self, class: u32, cx: &Context<'_>) {
        let Some(parent) = self.kept() else { return };
        if parent.around.parent & html::TABLE == 0 {
            return;
        }
        let row = class & html::ROW != 0;
        if row != parent.body {
            parent.body = row;
            self.report.changed = true;
            self.put(if row { b"<tbody>" } else { b"</tbody>" }, cx);
        }
    }

    /// The id of the element at hand, before all else: references in the same tag stand inside of it.
    fn take_id(
        &mut self,
        plan: &Plan,
        tag: &Tag<'_>,
        at: usize,
        share: &mut Share,
        written: &mut Written,
        cx: &Context<'_>,
    ) -> bool {
        let attribute = &tag.attributes[at];
        let name = attribute.name.expanded;
        let ruling = self.lookup.attribute(plan, tag.name.expanded, name, cx.names);
        let Row::Value(value) = ruling.row else { return true };
        if attribute.skipped.is_some() || !matches!(plan.source.values[usize::from(value)].0, Value::Id) {
            return true;
        }
        let text = tag.value(attribute);
        let id = match self.judge(plan, value, text) {
            Verdict::Bad => return true,
            Verdict::Written => &self.findings.out,
            Verdict::Plain | Verdict::Good => text,
        };
        self.id.clear();
        self.id.extend_from_slice(id);
        let root = self.frames.is_empty();
        let given = self.account.as_mut().map_or(Ok(()), |account| account.give(&self.id, share, root));
        written.id = Some(at);
        match given {
            Ok(()) => true,
            Err(rule) => {
                written.id_refused = true;
                self.bad(plan, attribute, rule, tag, cx)
            }
        }
    }

    /// References that style sheets make from this element.
    #[inline]
    fn style_of(&mut self, tag: &Tag<'_>, share: &mut Share, written: &Written, cx: &Context<'_>) -> bool {
        let Some(account) = self.account.as_mut().filter(|account| account.is_styled()) else { return true };
        let (_, local) = cx.names.expanded(tag.name.expanded);
        let id = written.id.filter(|_| !written.id_refused).map(|_| self.id.as_slice());
        let classes = written.class.map_or(&b""[..], |at| tag.value(&tag.attributes[at]));
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

    /// Judges and writes an attribute. False: the document is refused.
    #[expect(clippy::too_many_arguments, reason = "one value each of the tag at hand")]
    #[inline(never)]
    fn attribute(
        &mut self,
        plan: &Plan,
        tag: &Tag<'_>,
        at: usize,
        Ruling { special, row }: Ruling,
        info: &ElementInfo,
        share: &mut Share,
        written: &mut Written,
        cx: &Context<'_>,
    ) -> bool {
        let attribute = &tag.attributes[at];
        let value = match row {
            Row::Value(value) => value,
            Row::Unknown => {
                return self.answer(attribute, plan.source.unknown_attribute, "unknown-attribute", tag, cx);
            }
            Row::Denied => return self.answer(attribute, Answer::Drop, "denied-attribute", tag, cx),
        };
        if attribute.skipped.is_some() {
            return self.answer(attribute, Answer::Drop, "limit", tag, cx);
        }
        let text = tag.value(attribute);
        let (grammar, max_bytes) = &plan.source.values[usize::from(value)];
        if max_bytes.is_some_and(|maximum| text.len() as u64 > maximum) {
            return self.bad(plan, attribute, "max-bytes", tag, cx);
        }
        if written.id == Some(at) && written.id_refused {
            return true;
        }
        let verdict = self.judge(plan, value, text);
        if verdict == Verdict::Bad {
            return self.bad(plan, attribute, "bad-value", tag, cx);
        }
        if !self.findings.references.is_empty()
            && let Some(rule) = self.refer(grammar, info, share)
        {
            return self.bad(plan, attribute, rule, tag, cx);
        }
        if self.findings.dropped > 0 {
            let name = cx.names.written(attribute.name.written);
            self.removed(Kind::Attribute, name, "style", Some(tag.name.written), cx);
        }
        match special {
            Special::None | Special::Id | Special::AttributeName => {}
            Special::Rel if info.flags & (flag::REL | flag::REL_TARGET) != 0 => {
                if text != REL && (info.flags & flag::REL != 0 || self.has_target(plan, tag, cx.names)) {
                    self.report.changed = true;
                    return true;
                }
                written.rel |= text == REL;
            }
            Special::Rel => {}
            Special::Target => written.target = true,
            Special::Href => written.link = true,
            Special::Class => written.class = Some(at),
        }
        let same = verdict == Verdict::Plain || verdict == Verdict::Good;
        if same
            && !plan.source.html
            && tag.is_in_window(cx)
            && let Some(span) = tag.span(attribute, cx)
            && (verdict == Verdict::Plain || write::is_clean_in(cx.window(), span.clone()))
        {
            if special == Special::None
                && info.flags & flag::ANIMATES == 0
                && self.findings.references.is_empty()
                && self.findings.dropped == 0
                && let Some((short, _)) = tag.short(attribute)
            {
                self.lookup.learn(value, short);
            }
            self.out.same(cx.window(), span);
            return true;
        }
        if plan.source.html && cx.names.prefix(attribute.name.written) != NameId::EMPTY {
            self.page_attribute(attribute, &mut written.xlink, cx);
        } else {
            write::name(self.out.other(cx.window()), *b" ", cx.names, attribute.name.written, *b"=\"");
        }
        if verdict == Verdict::Plain {
            write::plain(self.out.other(cx.window()), text);
        } else if verdict == Verdict::Good {
            write::escaped::<true>(self.out.other(cx.window()), text);
        } else {
            self.report.changed = true;
            write::escaped::<true>(self.out.other(cx.window()), &self.findings.out);
        }
        self.out.other(cx.window()).put(*b"\"");
        true
    }

    /// What the plan says of a value; the findings are those of this one.
    fn judge(&mut self, plan: &Plan, value: u16, text: &[u8]) -> Verdict {
        self.findings.out.clear();
        self.findings.references.clear();
        self.findings.dropped = 0;
        plan.judge(value, text, &mut self.findings)
    }

    /// Takes the references of a value to account. Why the value is refused.
    fn refer(&mut self, grammar: &Value, info: &ElementInfo, share: &mut Share) -> Option<&'static str> {
        let account = self.account.as_mut()?;
        // What an animation sets is nothing that it draws.
        if info.flags & flag::ANIMATES != 0 && matches!(grammar, Value::IdRef) {
            return None;
        }
        let paints = !matches!(grammar, Value::IdRef | Value::Url(_)) || info.flags & flag::WEIGHTLESS != 0;
        let ids = self.findings.references.split(|byte| *byte == 0).filter(|id| !id.is_empty());
        ids.map(|id| account.refer(id, share, paints)).find_map(Result::err)
    }

    /// Whether the tag has a target, which an old `rel` would leave unguarded.
    fn has_target(&mut self, plan: &Plan, tag: &Tag<'_>, names: &Names) -> bool {
        let element = tag.name.expanded;
        let mut found = tag.attributes.iter().map(|attribute| attribute.name.expanded);
        found.any(|name| self.lookup.attribute(plan, element, name, names).special == Special::Target)
    }

    /// For a page: the prefixes that HTML knows, declared for XML where they stand.
    fn page_attribute(&mut self, attribute: &Attribute, declared: &mut bool, cx: &Context<'_>) {
        let (uri, local) = cx.names.expanded(attribute.name.expanded);
        if cx.names.uri(uri) == html::XLINK {
            if !std::mem::replace(declared, true) {
                self.put(b" xmlns:xlink=\"", cx);
                self.put(html::XLINK, cx);
                self.put(b"\"", cx);
            }
            self.put(b" xlink:", cx);
        } else {
            self.put(b" xml:", cx);
        }
        self.put(local, cx);
        self.put(b"=\"", cx);
    }

    /// Writes the end of a kept element, or that of its empty tag.
    #[inline(always)]
    pub(super) fn write_end(&mut self, frame: &Frame, cx: &Context<'_>) {
        if self.open_tag && frame.flags & (flag::PAIR | flag::VOID) != flag::PAIR {
            self.open_tag = false;
            return self.out.follow(cx.window(), *b"/>");
        }
        // What was written in it ended its tag, so that this is an end tag and no empty one.
        let filled = !self.open_tag;
        self.end_tag(cx);
        match cx.end_span(frame.name) {
            Some(span) if filled => self.out.same(cx.window(), span),
            _ => write::name(self.out.other(cx.window()), *b"</", cx.names, frame.name, *b">"),
        }
    }

    /// The same for a page.
    pub(super) fn end_in_page(&mut self, frame: &Frame, cx: &Context<'_>) {
        if frame.body {
            self.put(b"</tbody>", cx);
        }
        if self.open_tag && frame.flags & flag::VOID != 0 {
            self.open_tag = false;
            return self.put(b"/>", cx);
        }
        self.end_tag(cx);
        self.put(b"</", cx);
        self.put(cx.names.local(frame.name), cx);
        self.put(b">", cx);
    }

    /// A kept element has ended: what it draws is known. False: it is too much.
    #[inline(always)]
    pub(super) fn close(&mut self, frame: Frame, cx: &Context<'_>) -> bool {
        let Some(account) = &mut self.account else { return true };
        let root = self.frames.is_empty();
        let around = self.frames.last().map(|frame| frame.kept);
        let parent = around.and_then(|kept| self.frames.get_mut(kept as usize)).map(|frame| &mut frame.share);
        account.close(frame.share, parent, root)
            || self.refuse(Kind::Element, cx.names.written(frame.name), "expansion", cx.place(), cx.path(None))
    }
}
