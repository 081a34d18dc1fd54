//! The sink that writes what a policy allows: elements, text and the rest; attributes are in `tag.rs`.

use super::css;
use super::html::{self, Around};
use super::judge::{Findings, Verdict};
use super::lookup::Lookup;
use super::plan::{Action, Answer, ElementInfo, OnLimit, Plan, flag};
use super::report::{Kind, Removal, Report, shown, shown_path};
use super::uses::{Account, Share};
use super::write::{self, Output};
use crate::limits::{Limit, NONE};
use crate::position::Place;
use crate::xml::names::{NameId, Names};
use crate::xml::sink::{At, Binding, Context, Doctype, Name, Sink, Tag};
use crate::xml::write::Out;

/// What the engine asks of whoever runs it.
pub trait Host {
    /// HTML made safe; `None`: that failed, and the host keeps the reason.
    fn html_text(&mut self, text: &str) -> Option<Vec<u8>>;
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The policy answers with an error.
    Policy {
        kind: Kind,
        name: String,
        rule: &'static str,
        place: Place,
        path: String,
    },
    Limit {
        limit: Limit,
        maximum: u64,
        observed: u64,
        place: Place,
        path: String,
    },
    /// The host has failed.
    Host,
    OutOfMemory,
}

/// How an open element is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Kept,
    Unwrapped,
    Escaped,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub name: NameId,
    pub form: Form,
    /// Where the innermost kept element's frame is: its own, or that of what an unwrapped one stands in.
    pub kept: u32,
    /// Of the innermost kept element.
    pub flags: u32,
    /// As what its text is judged.
    pub text: Option<u16>,
    pub around: Around,
    pub share: Share,
    /// Declarations of unwrapped elements in force around it.
    pub lost: u32,
    /// For pages: an implied `tbody` is open in it; nothing was written in it; text was dropped from it.
    pub body: bool,
    pub fresh: bool,
    pub bare: bool,
    /// For pages: the namespace that is the default one in it.
    pub space: u8,
}

/// Text that is judged as a whole.
#[derive(Debug, Default)]
pub(super) struct Run {
    text: Vec<u8>,
    /// Where it starts; none where there is none.
    start: Option<At>,
    /// It is past its limit, and not held.
    skipped: bool,
}

/// One document being cleaned.
#[derive(Debug)]
pub struct Engine {
    /// What was written and not taken yet.
    pub out: Output,
    pub report: Report,
    refusal: Option<Refusal>,
    text_limit: u64,
    pub(super) frames: Vec<Frame>,
    /// Elements open in a dropped one, itself included.
    skip: u32,
    /// A start tag is written but for its end.
    pub(super) open_tag: bool,
    run: Run,
    pub(super) account: Option<Account>,
    /// Declarations of unwrapped elements, by prefix; none where one was written since.
    pub(super) lost: Vec<(NameId, Option<Vec<u8>>)>,
    pub(super) findings: Findings,
    pub(super) lookup: Lookup,
    /// Of the tag at hand: the id that is written.
    pub(super) id: Vec<u8>,
}

/// An engine at work, with whom it asks.
pub struct Session<'s> {
    pub engine: &'s mut Engine,
    /// The engine's own.
    pub plan: &'s Plan,
    pub host: &'s mut dyn Host,
    /// HTML goes through the host, and is not dropped.
    pub asks: bool,
}

/// What a link out of untrusted hands says.
pub(super) const REL: &[u8] = b"noopener noreferrer";

impl Engine {
    /// `text_limit`: how much text of one element is held, where it is judged as a whole. `generation`: of the names that the
    /// document will have.
    #[must_use]
    pub fn new(plan: &Plan, text_limit: u64, generation: u64) -> Self {
        let account = plan.source.account.map(Account::new);
        Self {
            out: Output::new(Out::new(Vec::new(), NONE)),
            report: Report::default(),
            refusal: None,
            text_limit,
            frames: Vec::new(),
            skip: 0,
            open_tag: false,
            run: Run::default(),
            account,
            lost: Vec::new(),
            findings: Findings::default(),
            lookup: plan.lookups.take(generation).unwrap_or_default(),
            id: Vec::new(),
        }
    }

    /// The document has ended: what was found out of names is of use to the next.
    pub fn rest(&mut self, plan: &Plan) {
        plan.lookups.give(std::mem::take(&mut self.lookup));
    }

    /// Why the document was refused, where the sink has failed.
    pub fn take_refusal(&mut self) -> Option<Refusal> {
        self.refusal.take()
    }

    pub(super) fn refuse(&mut self, kind: Kind, name: &[u8], rule: &'static str, place: Place, path: String) -> bool {
        self.refusal = Some(Refusal::Policy { kind, name: shown(name), rule, place, path: shown_path(path) });
        false
    }

    /// Takes note of a removal below the open element: of a child, or of an attribute of it.
    pub(super) fn removed(
        &mut self,
        kind: Kind,
        name: &[u8],
        rule: &'static str,
        child: Option<NameId>,
        cx: &Context<'_>,
    ) {
        // Places are told in their order.
        self.place_run(cx);
        self.report.add(kind, || removal(kind, name, rule, child, cx));
    }

    /// Finds out where the text that is held starts, while that can be had.
    fn place_run(&mut self, cx: &Context<'_>) {
        if let Some(start) = &mut self.run.start {
            *start = At::Known(cx.locate(*start));
        }
    }

    pub(super) fn put(&mut self, bytes: &[u8], cx: &Context<'_>) {
        self.out.other(cx.window()).raw(bytes);
    }

    /// Ends the start tag that is open, since content follows.
    #[inline(always)]
    pub(super) fn end_tag(&mut self, cx: &Context<'_>) {
        if self.open_tag {
            self.open_tag = false;
            self.out.follow(cx.window(), *b">");
        }
    }

    /// What happens to this element where it stands, and why where it is not simply kept.
    fn decide(plan: &Plan, info: &ElementInfo, around: Around, parent_flags: u32) -> (Action, &'static str) {
        let unknown = if info.known { "denied-element" } else { "unknown-element" };
        match info.action {
            Action::Error => (Action::Error, unknown),
            Action::Drop => (Action::Drop, unknown),
            _ if parent_flags & flag::CHILDLESS != 0 => (Action::Drop, "text-only"),
            // The text of a script or style sheet is no text.
            Action::Unwrap | Action::Escape if info.code => (Action::Drop, unknown),
            Action::Escape if parent_flags & flag::HTML_TEXT != 0 || !around.takes_text() => (Action::Drop, unknown),
            Action::Keep if plan.source.html => {
                let page = info.html & (html::HTML | html::PICTURE);
                // An HTML parser knows two namespaces, and goes from one to the other where it likes.
                if info.flags & flag::STYLE != 0
                    || page == 0
                    || info.html & html::BREAKS != 0
                    || (around.parent != 0 && around.parent & page == 0)
                {
                    (Action::Drop, "html")
                } else if around.takes(info.html) {
                    (Action::Keep, "")
                } else {
                    (Action::Unwrap, "html")
                }
            }
            action => (action, unknown),
        }
    }

    /// An element of which nothing is kept begins.
    fn drop_element(&mut self, name: Name, rule: &'static str, cx: &Context<'_>) -> bool {
        self.skip = 1;
        self.removed(Kind::Element, cx.names.written(name.written), rule, Some(name.written), cx);
        true
    }

    #[inline(always)]
    pub(super) fn push(&mut self, frame: Frame) -> bool {
        if self.frames.len() == self.frames.capacity() && !self.grow_frames() {
            return false;
        }
        self.frames.push(frame);
        true
    }

    #[cold]
    fn grow_frames(&mut self) -> bool {
        let grown = self.frames.try_reserve(1).is_ok();
        if !grown {
            self.refusal = Some(Refusal::OutOfMemory);
        }
        grown
    }

    /// The element's tags go, its content stays.
    fn unwrap(&mut self, plan: &Plan, tag: &Tag<'_>, form: Form, rule: &'static str, cx: &Context<'_>) -> bool {
        let name = cx.names.written(tag.name.written);
        self.removed(Kind::Element, name, rule, Some(tag.name.written), cx);
        let Some(&parent) = self.frames.last() else { return false };
        let lost = self.lost.len() as u32;
        for binding in tag.bindings {
            let allowed = self.lookup.uri(plan, binding.uri, cx.names).allowed;
            let uri = allowed.then(|| cx.names.uri(binding.uri).to_vec());
            self.lost.push((binding.prefix, uri));
        }
        if form == Form::Escaped {
            self.end_tag(cx);
            self.put(b"&lt;", cx);
            self.put(name, cx);
            self.put(b"&gt;", cx);
        }
        self.push(Frame {
            name: tag.name.written,
            form,
            lost,
            share: Share::default(),
            body: false,
            bare: false,
            ..parent
        })
    }

    /// Text that is judged as a whole, up to here.
    fn hold(&mut self, plan: &Plan, text: &[u8], cx: &Context<'_>) -> bool {
        if self.run.skipped {
            return true;
        }
        let observed = (self.run.text.len() + text.len()) as u64;
        if observed > self.text_limit {
            let maximum = self.text_limit;
            if plan.source.on_limit == OnLimit::Drop {
                self.run.text = Vec::new();
                self.run.skipped = true;
                self.run.start.get_or_insert(cx.start);
                return true;
            }
            let into = (maximum - self.run.text.len() as u64) as usize;
            let place = cx.place_at(into);
            let path = shown_path(cx.path(None));
            self.refusal =
                Some(Refusal::Limit { limit: Limit::TextBytes, maximum, observed: maximum + 1, place, path });
            return false;
        }
        if self.run.text.try_reserve(text.len()).is_err() {
            self.refusal = Some(Refusal::OutOfMemory);
            return false;
        }
        self.run.start.get_or_insert(cx.start);
        self.run.text.extend_from_slice(text);
        true
    }

    fn drop_text(&mut self, rule: &'static str, start: At, cx: &Context<'_>) {
        self.report.add(Kind::Text, || {
            let place = cx.locate(start);
            let path = cx.path(None);
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            Removal { kind: Kind::Text, name, path: shown_path(path), place, rule }
        });
    }

    /// The innermost kept element.
    #[inline(always)]
    pub(super) fn kept(&mut self) -> Option<&mut Frame> {
        let kept = self.frames.last()?.kept;
        self.frames.get_mut(kept as usize)
    }

    /// Something is written in the open element.
    #[inline(always)]
    pub(super) fn touch(&mut self) {
        if let Some(frame) = self.kept() {
            frame.fresh = false;
        }
    }

    #[inline(always)]
    fn put_text(&mut self, text: &[u8], cx: &Context<'_>) {
        self.end_tag(cx);
        match cx.span(text) {
            Some(span) if write::is_clean_in(cx.window(), span.clone()) => self.out.same(cx.window(), span),
            _ => write::escaped::<false>(self.out.other(cx.window()), text),
        }
    }

    /// Text that was made anew.
    #[inline(never)]
    fn put_made(&mut self, text: &[u8], cx: &Context<'_>) {
        if !text.is_empty() {
            self.end_tag(cx);
            self.touch();
            write::escaped::<false>(self.out.other(cx.window()), text);
        }
    }

    /// A piece of text for a page, where HTML passes by some of it.
    fn page_text(&mut self, mut text: &[u8], cx: &Context<'_>) {
        let fresh = self.kept().is_some_and(|frame| frame.fresh);
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.around.parent & html::PRE != 0 && fresh {
            let feeds = text.iter().take_while(|byte| **byte == b'\n').count();
            if feeds > 0 {
                self.report.changed = true;
            }
            text = &text[feeds..];
        }
        if frame.around.takes_text() {
            return self.put_made(text, cx);
        }
        let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t');
        let Some(first) = text.iter().position(|byte| !space(byte)) else { return self.put_made(text, cx) };
        if !std::mem::replace(&mut frame.bare, true) {
            // The same place wherever the text was cut.
            self.drop_text("html", cx.into(first), cx);
        }
        let kept: Vec<u8> = text.iter().copied().filter(space).collect();
        self.put_made(&kept, cx);
    }

    fn comment_or_pi(&mut self, kind: Kind, name: &[u8], answer: Answer, cx: &Context<'_>) -> bool {
        match answer {
            Answer::Error => {
                self.refuse(kind, name, if kind == Kind::Pi { "pi" } else { "comment" }, cx.place(), cx.path(None))
            }
            _ => {
                self.removed(kind, name, if kind == Kind::Pi { "pi" } else { "comment" }, None, cx);
                true
            }
        }
    }
}

impl Session<'_> {
    /// The text that was held is judged.
    #[inline(always)]
    fn flush(&mut self, cx: &Context<'_>) -> bool {
        match self.engine.run.start.take() {
            None => true,
            Some(start) => self.flush_run(start, cx),
        }
    }

    #[inline(never)]
    fn flush_run(&mut self, start: At, cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        if std::mem::take(&mut engine.run.skipped) {
            engine.drop_text("limit", start, cx);
            return true;
        }
        let mut held = std::mem::take(&mut engine.run.text);
        let good = self.judge_text(&held, start, cx);
        held.clear();
        if held.capacity() <= 1 << 16 {
            self.engine.run.text = held;
        }
        good
    }

    fn judge_text(&mut self, held: &[u8], start: At, cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        let flags = engine.frames.last().map_or(0, |frame| frame.flags);
        if flags & flag::STYLE != 0 {
            let Ok(text) = std::str::from_utf8(held) else { return true };
            let plan = self.plan;
            let mut findings = std::mem::take(&mut engine.findings);
            let mut styled = css::Styled::default();
            findings.out.clear();
            findings.references.clear();
            findings.dropped = 0;
            css::sheet(plan, text, &mut findings, &mut styled);
            let drawn = engine.account.as_mut().is_none_or(|account| account.style(styled));
            if !drawn {
                findings.out.clear();
                findings.dropped += 1;
            }
            if findings.dropped > 0 {
                engine.drop_text(if drawn { "style" } else { "expansion" }, start, cx);
            }
            engine.report.changed |= findings.out != held;
            engine.put_made(&findings.out, cx);
            engine.findings = findings;
            return true;
        }
        if let Some(value) = engine.frames.last().and_then(|frame| frame.text) {
            engine.findings.out.clear();
            engine.findings.references.clear();
            let verdict = if is_html(held) { Verdict::Bad } else { self.plan.judge(value, held, &mut engine.findings) };
            match verdict {
                Verdict::Bad => engine.drop_text("bad-value", start, cx),
                Verdict::Written => {
                    engine.report.changed = true;
                    let written = std::mem::take(&mut engine.findings.out);
                    engine.put_made(&written, cx);
                    engine.findings.out = written;
                }
                Verdict::Plain | Verdict::Good => engine.put_made(held, cx),
            }
            return true;
        }
        if !is_html(held) {
            engine.put_made(held, cx);
            return true;
        }
        if !self.asks {
            engine.drop_text("html-text", start, cx);
            return true;
        }
        let Ok(text) = std::str::from_utf8(held) else { return true };
        let Some(made) = self.host.html_text(text) else {
            engine.refusal = Some(Refusal::Host);
            return false;
        };
        engine.report.changed |= made != held;
        engine.put_made(&made, cx);
        true
    }

    /// Text that is judged, or stands in a page.
    #[inline(never)]
    fn text_other(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        let Some(frame) = engine.frames.last_mut() else { return true };
        if frame.flags & (flag::STYLE | flag::HTML_TEXT | flag::VALUE_TEXT) != 0 {
            return engine.hold(self.plan, text, cx);
        }
        if frame.flags & flag::VOID == 0 {
            engine.page_text(text, cx);
        } else if !std::mem::replace(&mut frame.bare, true) {
            engine.drop_text("void", cx.start, cx);
        }
        true
    }

    /// An element that is not kept, or the root, or one of a page, or an animation.
    #[inline(never)]
    fn start_other(&mut self, tag: &Tag<'_>, info: &ElementInfo, cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        let name = cx.names.written(tag.name.written);
        let path = || cx.path(Some(tag.name.written));
        let parent = engine.frames.last();
        let root = parent.is_none();
        let (around, flags) = parent.map(|parent| (parent.around, parent.flags)).unwrap_or_default();
        if root {
            let foreign = self.plan.source.html && info.html == 0;
            if !info.root || info.action != Action::Keep || foreign {
                return engine.refuse(Kind::Root, name, "root", cx.place(), path());
            }
        }
        let (action, rule) = Engine::decide(self.plan, info, around, flags);
        match action {
            Action::Error => engine.refuse(Kind::Element, name, rule, cx.place(), path()),
            Action::Drop => engine.drop_element(tag.name, rule, cx),
            Action::Unwrap if root => engine.refuse(Kind::Root, name, rule, cx.place(), path()),
            Action::Unwrap => engine.unwrap(self.plan, tag, Form::Unwrapped, rule, cx),
            Action::Escape => engine.unwrap(self.plan, tag, Form::Escaped, rule, cx),
            Action::Keep => {
                if info.flags & flag::ANIMATES != 0 && !engine.animates(self.plan, tag, cx.names) {
                    return engine.drop_element(tag.name, "no-attribute-name", cx);
                }
                if !self.flush(cx) {
                    return false;
                }
                if self.plan.source.html {
                    self.engine.write_tag::<true>(self.plan, tag, info, cx)
                } else {
                    self.engine.write_tag::<false>(self.plan, tag, info, cx)
                }
            }
        }
    }
}

pub(super) fn removal(kind: Kind, name: &[u8], rule: &'static str, child: Option<NameId>, cx: &Context<'_>) -> Removal {
    let (name, mut path) = (shown(name), cx.path(child));
    if kind == Kind::Attribute {
        path.push_str("/@");
        path.push_str(&name);
    }
    Removal { kind, name, path: shown_path(path), place: cx.place(), rule }
}

/// Whether an HTML parser sees markup in the text.
fn is_html(text: &[u8]) -> bool {
    memchr::memchr_iter(b'<', text).any(|at| {
        text.get(at + 1).is_none_or(|next| next.is_ascii_alphabetic() || matches!(next, b'!' | b'/' | b'?' | b'<'))
    })
}

impl Sink for Session<'_> {
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        if self.engine.skip > 0 {
            self.engine.skip += 1;
            return true;
        }
        if self.engine.out.done.failure().is_some() {
            self.engine.refusal = Some(Refusal::OutOfMemory);
            return false;
        }
        self.engine.lookup.follow(cx.names);
        let info = self.engine.lookup.element(self.plan, tag.name.expanded, cx.names);
        if info.plain && self.engine.frames.last().is_some_and(|parent| parent.flags & flag::CHILDLESS == 0) {
            return self.flush(cx) && self.engine.write_tag::<false>(self.plan, tag, &info, cx);
        }
        self.start_other(tag, &info, cx)
    }

    fn end(&mut self, _: Name, _: &[Binding], cx: &Context<'_>) -> bool {
        if self.engine.skip > 0 {
            self.engine.skip -= 1;
            return true;
        }
        let kept = self.engine.frames.last().is_some_and(|frame| frame.form == Form::Kept);
        if kept && !self.flush(cx) {
            return false;
        }
        let engine = &mut *self.engine;
        let Some(frame) = engine.frames.pop() else { return true };
        engine.lost.truncate(frame.lost as usize);
        match frame.form {
            Form::Unwrapped => true,
            Form::Escaped => {
                engine.end_tag(cx);
                engine.put(b"&lt;/", cx);
                engine.put(cx.names.written(frame.name), cx);
                engine.put(b"&gt;", cx);
                true
            }
            Form::Kept => {
                if self.plan.source.html {
                    engine.end_in_page(&frame, cx);
                } else {
                    engine.write_end(&frame, cx);
                }
                engine.close(frame, cx)
            }
        }
    }

    fn text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        if self.engine.skip > 0 {
            return true;
        }
        let judged = flag::STYLE | flag::HTML_TEXT | flag::VALUE_TEXT | flag::VOID;
        match self.engine.frames.last() {
            Some(frame) if frame.flags & judged == 0 && !self.plan.source.html => {
                self.engine.put_text(text, cx);
                true
            }
            Some(_) => self.text_other(text, cx),
            None => true,
        }
    }

    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        if engine.skip > 0 || cx.in_doctype {
            return true;
        }
        let answer = self.plan.source.comments;
        let judged = engine
            .frames
            .last()
            .is_some_and(|frame| frame.flags & (flag::STYLE | flag::HTML_TEXT | flag::VALUE_TEXT | flag::VOID) != 0);
        if answer != Answer::Keep || self.plan.source.html || judged {
            return engine.comment_or_pi(Kind::Comment, b"", answer, cx);
        }
        engine.end_tag(cx);
        engine.put(b"<!--", cx);
        engine.put(text, cx);
        engine.put(b"-->", cx);
        true
    }

    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        if engine.skip > 0 || cx.in_doctype {
            return true;
        }
        let answer = self.plan.source.pis;
        if answer != Answer::Keep || self.plan.source.html {
            return engine.comment_or_pi(Kind::Pi, target, answer, cx);
        }
        engine.end_tag(cx);
        engine.put(b"<?", cx);
        engine.put(target, cx);
        if !data.is_empty() {
            engine.put(b" ", cx);
            engine.put(data, cx);
        }
        engine.put(b"?>", cx);
        true
    }

    fn skipped(&mut self, target: Option<&[u8]>, _: Limit, cx: &Context<'_>) -> bool {
        if self.engine.skip == 0 && !cx.in_doctype {
            let kind = if target.is_some() { Kind::Pi } else { Kind::Comment };
            self.engine.removed(kind, target.unwrap_or_default(), "limit", None, cx);
        }
        true
    }

    fn entity(&mut self, name: &[u8], cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        if engine.skip == 0 && !engine.frames.is_empty() {
            engine.removed(Kind::Text, name, "entity", None, cx);
        }
        true
    }

    fn doctype(&mut self, doctype: &Doctype<'_>, cx: &Context<'_>) -> bool {
        self.engine.removed(Kind::Doctype, doctype.name, "doctype", None, cx);
        true
    }

    fn window_ends(&mut self, cx: &Context<'_>) {
        self.engine.place_run(cx);
        self.engine.out.settle(cx.window());
    }

    fn ids_end(&mut self, _: &Names) -> bool {
        self.engine.lookup.forget();
        true
    }
}
