//! The hot loop over content: text, references to the five predefined entities, and what stands in `<...>`.

use super::error::Kind;
use super::machine::{Env, Machine, NameOf, Phase, Reference, State, Step};
use super::names::NameId;
use super::sink::Sink;
use super::value::numbered;
use crate::cursor::Cursor;
use crate::simd;

impl Machine {
    /// Content of the open element, up to the window's end or a token that this loop does not take.
    pub(super) fn content<S: Sink>(&mut self, sink: &mut S, cursor: &mut Cursor<'_>, env: Env<'_>) -> Step {
        let mut c = *cursor;
        let carried = std::mem::take(&mut self.brackets);
        loop {
            let byte = c.peek();
            if byte == b'<' {
                let start = c.position();
                let next = c.peek_at(1);
                let step = match next {
                    b'/' => {
                        if self.end_tag(sink, &mut c, env) {
                            if self.depth > 0 {
                                continue;
                            }
                            self.end_root();
                            Step::Again
                        } else {
                            self.after_refusal()
                        }
                    }
                    b'!' | b'?' | 0 => {
                        if self.metered {
                            self.audit_text();
                        }
                        self.token = env.at(start);
                        c.advance(1);
                        self.state = State::Less;
                        Step::Again
                    }
                    _ => match self.start_tag(sink, &mut c, env) {
                        Step::NeedMore => continue,
                        step => step,
                    },
                };
                *cursor = c;
                return step;
            }
            if byte == b'&' {
                if let Some((length, text)) = predefined(&c, self.caps.name) {
                    if !self.text(sink, text, c.position(), &c, env) {
                        return Step::Failed;
                    }
                    c.advance(length);
                    continue;
                }
                self.token = env.at(c.position());
                if let Some((length, character)) = numbered(&c) {
                    if !self.reference_text(sink, character.encode_utf8(&mut [0; 4]).as_bytes(), env) {
                        return Step::Failed;
                    }
                    c.advance(length);
                    continue;
                }
                c.advance(1);
                self.state = State::Reference(Reference::Start);
                *cursor = c;
                return Step::Again;
            }
            let start = c.mark();
            let position = c.position();
            loop {
                if simd::skip_text(&mut c) != b'>' {
                    break;
                }
                let run = c.since(start);
                let before = if position == 0 { carried } else { 0 };
                if ends_cdata(run, before) {
                    // The text before it counts and is told, as it is where the input is cut there.
                    if !run.is_empty() && !self.text(sink, run, position, &c, env) {
                        return Step::Failed;
                    }
                    *cursor = c;
                    return self.fail(Kind::CdataEndInText, &c, env);
                }
                c.advance(1);
            }
            let run = c.since(start);
            if !run.is_empty() && !self.text(sink, run, position, &c, env) {
                return Step::Failed;
            }
            if c.at_end() {
                let before = if position == 0 { carried } else { 0 };
                let brackets = run.iter().rev().take(2).take_while(|byte| **byte == b']').count() as u8;
                self.brackets = if brackets as usize == run.len() { (brackets + before).min(2) } else { brackets };
                *cursor = c;
                return Step::NeedMore;
            }
        }
    }

    /// A piece of text that starts at this position.
    #[inline(always)]
    pub(super) fn text<S: Sink>(
        &mut self,
        sink: &mut S,
        text: &[u8],
        position: usize,
        c: &Cursor<'_>,
        env: Env<'_>,
    ) -> bool {
        if self.metered && !self.meter_text(text.len() as u64, env.at(position), env) {
            return false;
        }
        self.run += text.len() as u64;
        if self.run > self.text_cap && !self.over_text(text.len(), position, c, env) {
            return false;
        }
        let at = env.at(position);
        if !sink.text(text, &self.context(&env, at)) {
            self.sink_failed(at, env);
            return false;
        }
        true
    }

    /// An end tag. True where it was taken whole; else [`Machine::after_refusal`] says how to go on.
    #[inline(always)]
    fn end_tag<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> bool {
        let start = c.position();
        let mut d = *c;
        d.advance(2);
        let entry = self.names.entry(self.open.written());
        let length = entry.length as usize;
        let same = if length <= 16 {
            simd::head(&d, length) == Some(entry.head)
        } else {
            d.left() > length && d.ahead().starts_with(self.names.written(self.open.written()))
        };
        if !same || d.peek_at(length) != b'>' || self.depth == self.floor {
            self.token = env.at(start);
            self.name_at = env.at(start + 2);
            *c = d;
            self.state = State::EndName(0);
            return false;
        }
        d.advance(length + 1);
        *c = d;
        self.close(sink, env.at(start), env)
    }

    fn after_refusal(&self) -> Step {
        if self.error.is_some() { Step::Failed } else { Step::Again }
    }

    pub(super) fn end_root(&mut self) {
        self.state = State::Misc;
        self.phase = Phase::Epilog;
    }

    /// A start tag at `<`. `NeedMore` stands for: taken whole, go on here.
    #[inline(always)]
    pub(super) fn start_tag<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        let start = c.position();
        if (u64::from(self.depth) >= self.limits.depth || self.open.children() >= self.limits.children || self.metered)
            && !self.gate_element(start, env)
        {
            return Step::Failed;
        }
        self.token = env.at(start);
        c.advance(1);
        let (length, head) = match simd::name_head(c) {
            Some((length @ 1..16, head)) => (length, head),
            _ => return self.long_start_tag(sink, c, env),
        };
        let Some(name) = self.names.find_short(head, length as u32) else {
            return self.unknown_name(NameOf::Element);
        };
        if length as u64 > self.caps.name {
            return self.unknown_name(NameOf::Element);
        }
        if c.peek_at(length) == 0 {
            // It may go on behind the window.
            return self.unknown_name(NameOf::Element);
        }
        let position = c.position();
        c.advance(length);
        self.named(sink, c, env, name, position)
    }

    /// A start tag whose name is long, cut or none.
    #[inline(never)]
    fn long_start_tag<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        let before = *c;
        simd::skip_name(c);
        let name = c.since(before.mark());
        let known = if c.at_end() || name.len() as u64 > self.caps.name { None } else { self.names.find(name) };
        match known {
            Some(known) if !name.is_empty() => self.named(sink, c, env, known, before.position()),
            _ => {
                *c = before;
                self.unknown_name(NameOf::Element)
            }
        }
    }

    /// A name that has to be read character by character.
    pub(super) fn unknown_name(&mut self, of: NameOf) -> Step {
        self.carry.clear();
        self.colon = 0;
        self.state = State::Name(of);
        Step::Again
    }

    /// Behind a start tag's name. `NeedMore` stands for: taken whole.
    #[inline(always)]
    fn named<S: Sink>(
        &mut self,
        sink: &mut S,
        c: &mut Cursor<'_>,
        env: Env<'_>,
        name: NameId,
        position: usize,
    ) -> Step {
        if self.names.seen(name)
            && self.names.distinct() > self.limits.distinct_names
            && !self.over_names(position, env)
        {
            return Step::Failed;
        }
        let bindings = self.names.bindings.len() as u32;
        if c.peek() == b'>' && !self.ruled {
            c.advance(1);
            self.tag.bindings = bindings;
            self.attributes.clear();
            return if self.open_element(sink, c, env, name, false) { Step::NeedMore } else { Step::Failed };
        }
        self.begin_tag(name);
        match self.attributes(sink, c, env) {
            // Most tags are whole: the loop over content goes on without a turn through the states.
            Step::Again if self.state == State::Content => Step::NeedMore,
            step => step,
        }
    }

    /// Outside of the root element (XML 1.0 §2.8): white space, comments, PIs, one DOCTYPE, one element.
    pub(super) fn misc<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        loop {
            match c.peek() {
                b' ' | b'\t' | b'\n' => c.advance(1),
                0 if c.at_end() => return Step::NeedMore,
                b'<' => {
                    let next = c.peek_at(1);
                    let start = c.position();
                    if matches!(next, b'!' | b'?' | 0) {
                        self.token = env.at(start);
                        c.advance(1);
                        self.state = State::Less;
                        return Step::Again;
                    }
                    if self.phase == Phase::Epilog {
                        return self.misplaced(c, env);
                    }
                    self.state = State::Content;
                    self.phase = Phase::Root;
                    return match self.start_tag(sink, c, env) {
                        Step::NeedMore => Step::Again,
                        step => step,
                    };
                }
                _ => return self.stray(c, env),
            }
        }
    }
}

/// The reference to a predefined entity here: its length and what it stands for; not if its name is longer than `limit`.
#[inline(always)]
pub(super) fn predefined(c: &Cursor<'_>, limit: u64) -> Option<(usize, &'static [u8])> {
    let (length, text): (usize, &'static [u8]) = match c.peek_at(1) {
        b'l' if c.starts_with(b"&lt;") => (4, b"<"),
        b'g' if c.starts_with(b"&gt;") => (4, b">"),
        b'a' if c.starts_with(b"&amp;") => (5, b"&"),
        b'a' if c.starts_with(b"&apos;") => (6, b"'"),
        b'q' if c.starts_with(b"&quot;") => (6, b"\""),
        _ => return None,
    };
    (length as u64 - 2 <= limit).then_some((length, text))
}

/// True where a `>` behind this run, which `before` brackets precede, ends `]]>`.
fn ends_cdata(run: &[u8], before: u8) -> bool {
    match *run {
        [.., b']', b']'] => true,
        [b']'] => before >= 1,
        [] => before >= 2,
        _ => false,
    }
}
