//! The sink that writes what a policy allows: elements, text and the rest; attributes are in `tag.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use super::css;
use super::html::{self, Around};
use super::judge::{Findings, Verdict};
use super::plan::{Action, Answer, Candidate, ElementInfo, OnLimit, Plan, flag};
use super::report::{Kind, Removal, Report, shown, shown_path};
use super::uses::{Account, Share};
use crate::limits::Limit;
use crate::position::Place;
use crate::xml::names::{NameId, Names};
use crate::xml::sink::{Binding, Context, Doctype, Name, Sink, Tag};

/// What the engine asks of whoever runs it.
pub trait Host {
    /// HTML made safe; `None`: that failed, and the host keeps the reason.
    fn html_text(&mut self, text: &str) -> Option<Vec<u8>>;
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The policy answers with an error.
    Policy { kind: Kind, name: String, rule: &'static str, place: Place, path: String },
    Limit { limit: Limit, maximum: u64, observed: u64, place: Place, path: String },
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
    /// Of the innermost kept element.
    pub flags: u32,
    /// As what its text is judged.
    pub text: Option<u16>,
    pub around: Around,
    pub share: Share,
    /// Declarations of unwrapped elements in force around it.
    pub lost: usize,
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
    place: Option<Place>,
    /// It is past its limit, and not held.
    skipped: bool,
}

/// One document being cleaned.
#[derive(Debug)]
pub struct Engine {
    pub(super) plan: Arc<Plan>,
    /// What was written and not taken yet.
    pub out: Vec<u8>,
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
    pub(super) lost: Vec<(NameId, Vec<u8>)>,
    pub(super) findings: Findings,
    generation: u64,
    elements: Vec<Option<ElementInfo>>,
    attributes: Vec<Option<(u32, u32)>>,
    candidates: Vec<Candidate>,
    targets: HashMap<Box<[u8]>, Option<u16>>,
}

/// An engine at work, with whom it asks.
pub struct Session<'s> {
    pub engine: &'s mut Engine,
    pub host: &'s mut dyn Host,
    /// HTML goes through the host, and is not dropped.
    pub asks: bool,
}

/// At most so many attributes' targets are remembered.
const TARGETS: usize = 1024;
/// What a link out of untrusted hands says.
const REL: &[u8] = b"noopener noreferrer";

impl Engine {
    /// `text_limit`: how much text of one element is held, where it is judged as a whole.
    #[must_use]
    pub fn new(plan: Arc<Plan>, text_limit: u64) -> Self {
        let account = plan.source.account.map(Account::new);
        Self {
            plan,
            out: Vec::new(),
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
            generation: 0,
            elements: Vec::new(),
            attributes: Vec::new(),
            candidates: Vec::new(),
            targets: HashMap::new(),
        }
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
    pub(super) fn removed(&mut self, kind: Kind, name: &[u8], rule: &'static str, child: Option<NameId>, cx: &Context<'_>) {
        self.report.add(kind, || {
            let mut path = cx.path(child);
            if kind == Kind::Attribute {
                path.push_str("/@");
                path.push_str(&shown(name));
            }
            Removal { kind, name: shown(name), path: shown_path(path), place: cx.place(), rule }
        });
    }

    fn forget(&mut self) {
        self.elements.clear();
        self.attributes.clear();
        self.candidates.clear();
    }

    fn info(&mut self, name: Name, names: &Names) -> ElementInfo {
        if names.generation() != self.generation {
            self.generation = names.generation();
            self.forget();
        }
        let at = name.expanded.0 as usize;
        if let Some(Some(info)) = self.elements.get(at) {
            return *info;
        }
        if at >= self.elements.len() {
            self.elements.resize(at + 1, None);
        }
        let (uri, local) = names.expanded(name.expanded);
        let info = self.plan.element(names.uri(uri), local);
        self.elements[at] = Some(info);
        info
    }

    /// The rows that may speak of an attribute.
    #[inline(always)]
    pub(super) fn rows(&mut self, name: Name, names: &Names) -> std::ops::Range<usize> {
        let at = name.expanded.0 as usize;
        if let Some(Some((start, end))) = self.attributes.get(at) {
            return *start as usize..*end as usize;
        }
        self.find_rows(at, name, names)
    }

    #[cold]
    fn find_rows(&mut self, at: usize, name: Name, names: &Names) -> std::ops::Range<usize> {
        if at >= self.attributes.len() {
            self.attributes.resize(at + 1, None);
        }
        let (uri, local) = names.expanded(name.expanded);
        let start = self.candidates.len();
        self.plan.attribute(names.uri(uri), local, &mut self.candidates);
        let end = self.candidates.len();
        self.attributes[at] = Some((start as u32, end as u32));
        start..end
    }

    #[inline(always)]
    pub(super) fn candidate(&self, at: usize) -> Candidate {
        self.candidates[at]
    }

    /// The grammar of the attribute that an animation sets.
    pub(super) fn target(&mut self, local: &[u8]) -> Option<u16> {
        if let Some(known) = self.targets.get(local) {
            return *known;
        }
        let target = self.plan.target(local);
        if self.targets.len() < TARGETS {
            self.targets.insert(local.into(), target);
        }
        target
    }

    #[inline(always)]
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Text, or an attribute's value, with what would mean something else escaped.
    #[inline]
    pub(super) fn put_escaped(out: &mut Vec<u8>, text: &[u8], table: &[u8; 256]) {
        let mut rest = text;
        loop {
            let clean = clean(rest, table);
            out.extend_from_slice(&rest[..clean]);
            let Some(&byte) = rest.get(clean) else { return };
            out.extend_from_slice(ESCAPES[usize::from(table[usize::from(byte)])]);
            rest = &rest[clean + 1..];
        }
    }

    /// Ends the start tag that is open, since content follows.
    #[inline(always)]
    pub(super) fn end_tag(&mut self) {
        if self.open_tag {
            self.open_tag = false;
            self.out.push(b'>');
        }
    }

    /// What happens to this element where it stands, and why where it is not simply kept.
    fn decide(&self, info: &ElementInfo, around: Around, parent_flags: u32) -> (Action, &'static str) {
        let unknown = if info.known { "denied-element" } else { "unknown-element" };
        let judged = flag::TEXT_ONLY | flag::STYLE | flag::VALUE_TEXT | flag::VOID;
        match info.action {
            Action::Error => (Action::Error, unknown),
            Action::Drop => (Action::Drop, unknown),
            _ if parent_flags & judged != 0 => (Action::Drop, "text-only"),
            // The text of a script or style sheet is no text.
            Action::Unwrap | Action::Escape if info.code => (Action::Drop, unknown),
            Action::Escape if parent_flags & flag::HTML_TEXT != 0 || !around.takes_text() => (Action::Drop, unknown),
            Action::Keep if self.plan.source.html => {
                if info.flags & flag::STYLE != 0 || (info.html == 0 && around.parent & html::HTML != 0) {
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

    fn push(&mut self, frame: Frame) -> bool {
        if self.frames.try_reserve(1).is_err() {
            self.refusal = Some(Refusal::OutOfMemory);
            return false;
        }
        self.frames.push(frame);
        true
    }

    /// The element's tags go, its content stays.
    fn unwrap(&mut self, tag: &Tag<'_>, form: Form, rule: &'static str, cx: &Context<'_>) -> bool {
        let name = cx.names.written(tag.name.written);
        self.removed(Kind::Element, name, rule, Some(tag.name.written), cx);
        let Some(&parent) = self.frames.last() else { return false };
        let lost = self.lost.len();
        for binding in tag.bindings {
            if self.allows(binding, cx.names) {
                self.lost.push((binding.prefix, cx.names.uri(binding.uri).to_vec()));
            }
        }
        if form == Form::Escaped {
            self.end_tag();
            self.put(b"&lt;");
            self.put(name);
            self.put(b"&gt;");
        }
        self.push(Frame { name: tag.name.written, form, lost, share: Share::default(), body: false, bare: false, ..parent })
    }

    /// Text that is judged as a whole, up to here.
    fn hold(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        if self.run.skipped {
            return true;
        }
        let observed = (self.run.text.len() + text.len()) as u64;
        if observed > self.text_limit {
            let maximum = self.text_limit;
            if self.plan.source.on_limit == OnLimit::Drop {
                self.run.text = Vec::new();
                self.run.skipped = true;
                self.run.place.get_or_insert_with(|| cx.place());
                return true;
            }
            let into = (maximum - self.run.text.len() as u64) as usize;
            let place = cx.place_at(into);
            let path = shown_path(cx.path(None));
            self.refusal = Some(Refusal::Limit { limit: Limit::TextBytes, maximum, observed: maximum + 1, place, path });
            return false;
        }
        if self.run.text.try_reserve(text.len()).is_err() {
            self.refusal = Some(Refusal::OutOfMemory);
            return false;
        }
        self.run.place.get_or_insert_with(|| cx.place());
        self.run.text.extend_from_slice(text);
        true
    }

    fn drop_text(&mut self, rule: &'static str, place: Place, cx: &Context<'_>) {
        self.report.add(Kind::Text, || {
            let path = cx.path(None);
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            Removal { kind: Kind::Text, name, path: shown_path(path), place, rule }
        });
    }

    fn put_text(&mut self, text: &[u8]) {
        if text.is_empty() {
            return;
        }
        self.end_tag();
        if let Some(frame) = self.frames.last_mut() {
            frame.fresh = false;
        }
        Self::put_escaped(&mut self.out, text, &TEXT);
    }

    /// A piece of text for a page, where HTML passes by some of it.
    fn page_text(&mut self, mut text: &[u8], cx: &Context<'_>) {
        let Some(frame) = self.frames.last_mut() else { return };
        if frame.around.parent & html::PRE != 0 && frame.fresh {
            let feeds = text.iter().take_while(|byte| **byte == b'\n').count();
            if feeds > 0 {
                self.report.changed = true;
            }
            text = &text[feeds..];
        }
        if frame.around.takes_text() {
            return self.put_text(text);
        }
        let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\t');
        if text.iter().all(space) {
            return self.put_text(text);
        }
        if !std::mem::replace(&mut frame.bare, true) {
            self.drop_text("html", cx.place(), cx);
        }
        let kept: Vec<u8> = text.iter().copied().filter(space).collect();
        self.put_text(&kept);
    }

    /// The declarations that may be written.
    pub(super) fn allows(&self, binding: &Binding, names: &Names) -> bool {
        let uri = names.uri(binding.uri);
        uri.is_empty() || self.plan.namespaces.as_ref().is_none_or(|known| known.contains(uri))
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
    fn flush(&mut self, cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        let Some(place) = engine.run.place.take() else { return true };
        if std::mem::take(&mut engine.run.skipped) {
            engine.drop_text("limit", place, cx);
            return true;
        }
        let mut held = std::mem::take(&mut engine.run.text);
        let good = self.judge_text(&held, place, cx);
        held.clear();
        if held.capacity() <= 1 << 16 {
            self.engine.run.text = held;
        }
        good
    }

    fn judge_text(&mut self, held: &[u8], place: Place, cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        let flags = engine.frames.last().map_or(0, |frame| frame.flags);
        let Ok(text) = std::str::from_utf8(held) else { return true };
        if flags & flag::STYLE != 0 {
            let plan = Arc::clone(&engine.plan);
            let mut findings = std::mem::take(&mut engine.findings);
            let mut styled = Vec::new();
            findings.out.clear();
            findings.references.clear();
            findings.dropped = 0;
            css::sheet(&plan, text, &mut findings, &mut styled);
            let drawn = engine.account.as_mut().is_none_or(|account| account.style(styled));
            if !drawn {
                findings.out.clear();
                findings.dropped += 1;
            }
            if findings.dropped > 0 {
                engine.drop_text(if drawn { "style" } else { "expansion" }, place, cx);
            }
            engine.report.changed |= findings.out != held;
            engine.put_text(&findings.out);
            engine.findings = findings;
            return true;
        }
        if let Some(value) = engine.frames.last().and_then(|frame| frame.text) {
            let plan = Arc::clone(&engine.plan);
            engine.findings.out.clear();
            engine.findings.references.clear();
            match plan.judge(value, held, &mut engine.findings) {
                Verdict::Bad => engine.drop_text("bad-value", place, cx),
                Verdict::Written => {
                    engine.report.changed = true;
                    let written = std::mem::take(&mut engine.findings.out);
                    engine.put_text(&written);
                    engine.findings.out = written;
                }
                Verdict::Plain | Verdict::Good => engine.put_text(held),
            }
            return true;
        }
        if !is_html(held) && !(self.asks && held.contains(&b'&')) {
            engine.put_text(held);
            return true;
        }
        if !self.asks {
            engine.drop_text("html-text", place, cx);
            return true;
        }
        let Some(made) = self.host.html_text(text) else {
            engine.refusal = Some(Refusal::Host);
            return false;
        };
        engine.report.changed |= made != held;
        engine.put_text(&made);
        true
    }
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
        let info = self.engine.info(tag.name, cx.names);
        let engine = &mut *self.engine;
        let name = cx.names.written(tag.name.written);
        let (around, flags) = match engine.frames.last() {
            Some(frame) => (frame.around, frame.flags),
            None => {
                if !info.root || info.action != Action::Keep {
                    return engine.refuse(Kind::Root, name, "root", cx.place(), cx.path(Some(tag.name.written)));
                }
                (Around::default(), 0)
            }
        };
        let (action, rule) = engine.decide(&info, around, flags);
        match action {
            Action::Error => {
                engine.refuse(Kind::Element, name, rule, cx.place(), cx.path(Some(tag.name.written)))
            }
            Action::Drop => engine.drop_element(tag.name, rule, cx),
            Action::Unwrap if engine.frames.is_empty() => {
                engine.refuse(Kind::Root, name, rule, cx.place(), cx.path(Some(tag.name.written)))
            }
            Action::Unwrap => engine.unwrap(tag, Form::Unwrapped, rule, cx),
            Action::Escape => engine.unwrap(tag, Form::Escaped, rule, cx),
            Action::Keep => {
                if info.flags & flag::ANIMATES != 0 && !engine.animates(tag, &info, cx.names) {
                    return engine.drop_element(tag.name, "no-attribute-name", cx);
                }
                if !self.flush(cx) {
                    return false;
                }
                self.engine.write_tag(tag, &info, around, cx)
            }
        }
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
        engine.lost.truncate(frame.lost);
        match frame.form {
            Form::Unwrapped => true,
            Form::Escaped => {
                engine.end_tag();
                engine.put(b"&lt;/");
                engine.put(cx.names.written(frame.name));
                engine.put(b"&gt;");
                true
            }
            Form::Kept => engine.close(&frame, cx),
        }
    }

    fn text(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        if engine.skip > 0 {
            return true;
        }
        let Some(frame) = engine.frames.last_mut() else { return true };
        if frame.flags & (flag::STYLE | flag::HTML_TEXT | flag::VALUE_TEXT) != 0 {
            return engine.hold(text, cx);
        }
        if frame.flags & flag::VOID != 0 {
            if !std::mem::replace(&mut frame.bare, true) {
                engine.drop_text("void", cx.place(), cx);
            }
            return true;
        }
        if engine.plan.source.html {
            engine.page_text(text, cx);
        } else {
            engine.put_text(text);
        }
        true
    }

    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        if engine.skip > 0 || cx.in_doctype {
            return true;
        }
        let answer = engine.plan.source.comments;
        let judged = engine.frames.last().is_some_and(|frame| {
            frame.flags & (flag::STYLE | flag::HTML_TEXT | flag::VALUE_TEXT | flag::VOID) != 0
        });
        if answer != Answer::Keep || engine.plan.source.html || judged {
            return engine.comment_or_pi(Kind::Comment, b"", answer, cx);
        }
        engine.end_tag();
        engine.put(b"<!--");
        engine.put(text);
        engine.put(b"-->");
        true
    }

    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        let engine = &mut *self.engine;
        if engine.skip > 0 || cx.in_doctype {
            return true;
        }
        let answer = engine.plan.source.pis;
        if answer != Answer::Keep || engine.plan.source.html {
            return engine.comment_or_pi(Kind::Pi, target, answer, cx);
        }
        engine.end_tag();
        engine.put(b"<?");
        engine.put(target);
        if !data.is_empty() {
            engine.put(b" ");
            engine.put(data);
        }
        engine.put(b"?>");
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

    fn ids_end(&mut self, _: &Names) -> bool {
        self.engine.forget();
        true
    }
}

pub(super) const fn escapes(escaped: &[(u8, u8)]) -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < escaped.len() {
        table[escaped[at].0 as usize] = escaped[at].1;
        at += 1;
    }
    table
}

static ESCAPES: [&[u8]; 8] = [b"", b"&amp;", b"&lt;", b"&gt;", b"&quot;", b"&#9;", b"&#10;", b"&#13;"];
pub(super) static TEXT: [u8; 256] = escapes(&[(b'&', 1), (b'<', 2), (b'>', 3), (b'\r', 7)]);
pub(super) static VALUE: [u8; 256] =
    escapes(&[(b'&', 1), (b'<', 2), (b'>', 3), (b'"', 4), (b'\t', 5), (b'\n', 6), (b'\r', 7)]);

/// How many bytes stand before the first that is escaped.
#[inline(always)]
fn clean(text: &[u8], table: &[u8; 256]) -> usize {
    let mut at = 0;
    for chunk in text.chunks_exact(16) {
        let mut found = 0;
        for &byte in chunk {
            found |= table[byte as usize];
        }
        if found != 0 {
            break;
        }
        at += 16;
    }
    at + text[at..].iter().take_while(|byte| table[**byte as usize] == 0).count()
}

/// What `rel` says of a link out of untrusted hands.
pub(super) fn rel() -> &'static [u8] {
    REL
}
