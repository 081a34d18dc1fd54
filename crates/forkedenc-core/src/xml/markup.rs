//! Comments, CDATA sections and processing instructions, byte by byte: see `resume.rs`.

use memchr::memmem;

use super::chars::is_space;
use super::error::Kind;
use super::machine::{Env, Machine, Phase, Runs, State, Step};
use super::sink::{At, Sink};
use crate::cursor::Cursor;

/// What `<!` may begin.
const COMMENT: &[u8] = b"--";
const CDATA: &[u8] = b"[CDATA[";
const DOCTYPE: &[u8] = b"DOCTYPE";

impl Machine {
    /// Behind `<!`.
    pub(super) fn markup<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        loop {
            let byte = c.peek();
            if byte == 0 && c.at_end() {
                return Step::NeedMore;
            }
            let so_far = self.carry.len();
            let whole = match (self.carry.first().copied().unwrap_or(byte), self.phase) {
                (b'-', _) => COMMENT,
                (b'[', Phase::Root) => CDATA,
                (b'D', Phase::Prolog) if !self.seen_doctype => DOCTYPE,
                _ => b"",
            };
            if whole.get(so_far) != Some(&byte) {
                return self.markup_refused(c, env);
            }
            self.carry.push(byte);
            c.advance(1);
            if self.carry.len() < whole.len() {
                continue;
            }
            self.carry.clear();
            return match byte {
                b'-' => {
                    self.end_run(Runs::Events);
                    self.state = State::Comment(0);
                    Step::Again
                }
                b'[' => {
                    self.state = State::Cdata(0);
                    if !sink.cdata(true, &self.context(&env, self.token)) {
                        return self.sink_failed(self.token, env);
                    }
                    Step::Again
                }
                _ => self.begin_doctype(env),
            };
        }
    }

    /// An event that is no text ends a run, where runs end at all events of that kind.
    pub(super) fn end_run(&mut self, at: Runs) {
        if self.rules.runs == at {
            if self.metered {
                self.audit_run();
            }
            self.run = 0;
            self.text_cap = self.caps.text;
        }
    }

    /// A comment (§2.5), `dashes` of whose bytes are behind the cursor and not in `carry`.
    pub(super) fn comment<S: Sink>(&mut self, dashes: u8, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        if c.at_end() {
            self.state = State::Comment(dashes);
            return Step::NeedMore;
        }
        match (dashes, c.peek()) {
            (2, b'>') => {
                c.advance(1);
                let text = std::mem::take(&mut self.carry);
                let step = self.tell_comment(sink, &text, env);
                self.carry = text;
                return step;
            }
            (2, _) => return self.fail(Kind::InvalidToken, c, env),
            (1, b'-') => {
                c.advance(1);
                self.state = State::Comment(2);
                return Step::Again;
            }
            (1, _) => {
                if self.carry.len() as u64 + 1 > self.token_cap() && !self.over_pending(env) {
                    return Step::Failed;
                }
                if self.skipped.is_none() {
                    self.carry.push(b'-');
                }
            }
            _ => {}
        }
        let rest = c.ahead();
        let end = memmem::find(rest, b"--");
        let mut run = end.map_or(rest, |at| &rest[..at]);
        let held = end.is_none() && run.last() == Some(&b'-');
        if held {
            run = &run[..run.len() - 1];
        }
        let length = (self.carry.len() + run.len()) as u64;
        if length > self.token_cap() && !self.over_carried(length, c.position() + run.len(), c, env) {
            return Step::Failed;
        }
        if end.is_some() && self.carry.is_empty() && self.skipped.is_none() && rest.get(run.len() + 2) == Some(&b'>') {
            c.advance(run.len() + 3);
            return self.tell_comment(sink, run, env);
        }
        if self.skipped.is_none() {
            self.carry.extend_from_slice(run);
        }
        c.advance(run.len());
        if end.is_some() {
            c.advance(2);
            self.state = State::Comment(2);
            return Step::Again;
        }
        if held {
            self.pending[0] = env.locate(env.at(c.position()));
            c.advance(1);
        }
        self.state = State::Comment(u8::from(held));
        Step::NeedMore
    }

    fn tell_comment<S: Sink>(&mut self, sink: &mut S, text: &[u8], env: Env<'_>) -> Step {
        if self.metered && !self.meter_event(text.len() as u64, env) {
            return Step::Failed;
        }
        let context = self.context(&env, self.token);
        let told = match self.skipped {
            None => sink.comment(text, &context),
            Some(limit) => sink.skipped(None, limit, &context),
        };
        if !told {
            return self.sink_failed(self.token, env);
        }
        self.skipped = None;
        self.back_to_content();
        Step::Again
    }

    fn back_to_content(&mut self) {
        self.state = if self.phase == Phase::Root { State::Content } else { State::Misc };
    }

    /// A CDATA section (§2.7), `brackets` of whose bytes are behind the cursor and not told yet.
    pub(super) fn cdata<S: Sink>(&mut self, mut brackets: u8, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        loop {
            if c.at_end() {
                self.state = State::Cdata(brackets);
                return Step::NeedMore;
            }
            match (brackets, c.peek()) {
                (2, b'>') => {
                    let at = env.at(c.position());
                    c.advance(1);
                    if !sink.cdata(false, &self.context(&env, at)) {
                        return self.sink_failed(at, env);
                    }
                    self.state = State::Content;
                    return Step::Again;
                }
                (0, _) => {}
                (1, b']') => {
                    self.pending[1] = env.locate(env.at(c.position()));
                    c.advance(1);
                    brackets = 2;
                    continue;
                }
                (2, b']') => {
                    if !self.bracket(sink, 0, env) {
                        return Step::Failed;
                    }
                    self.pending = [self.pending[1], env.locate(env.at(c.position()))];
                    c.advance(1);
                    continue;
                }
                _ => {
                    for number in 0..brackets {
                        if !self.bracket(sink, number, env) {
                            return Step::Failed;
                        }
                    }
                }
            }
            let rest = c.ahead();
            let end = memmem::find(rest, b"]]>");
            let run = end.map_or(rest, |at| &rest[..at]);
            let held =
                if end.is_some() { 0 } else { run.iter().rev().take(2).take_while(|byte| **byte == b']').count() };
            let run = &run[..run.len() - held];
            if !run.is_empty() && !self.text(sink, run, c.position(), c, env) {
                return Step::Failed;
            }
            c.advance(run.len());
            if end.is_some() {
                c.advance(2);
                brackets = 2;
            } else {
                for number in 0..held {
                    self.pending[number] = env.locate(env.at(c.position() + number));
                }
                c.advance(held);
                brackets = held as u8;
            }
        }
    }

    /// A bracket that was held back turns out to be text.
    fn bracket<S: Sink>(&mut self, sink: &mut S, number: u8, env: Env<'_>) -> bool {
        let at = At::Known(self.pending[usize::from(number)]);
        if self.metered && !self.meter_text(1, at, env) {
            return false;
        }
        self.run += 1;
        if self.run > self.text_cap && !self.run_crosses(at, env) {
            return false;
        }
        if !sink.text(b"]", &self.context(&env, at)) {
            self.sink_failed(self.token, env);
            return false;
        }
        true
    }

    /// Behind the target of a PI (§2.6): white space, or its end.
    pub(super) fn pi_target<S: Sink>(
        &mut self,
        question: bool,
        sink: &mut S,
        c: &mut Cursor<'_>,
        env: Env<'_>,
    ) -> Step {
        match c.peek() {
            0 if c.at_end() => {
                self.state = State::PiTarget(question);
                Step::NeedMore
            }
            b'?' if !question => {
                c.advance(1);
                self.pi_target(true, sink, c, env)
            }
            b'>' if question => {
                c.advance(1);
                self.tell_carried_pi(sink, env)
            }
            byte if is_space(byte) && !question => {
                self.state = State::PiSpace;
                Step::Again
            }
            _ => self.fail(Kind::InvalidToken, c, env),
        }
    }

    /// Bytes of the PI so far, its target and the white space behind that included.
    pub(super) fn pi_length(&self) -> u64 {
        self.carry.len() as u64 + self.spaces
    }

    /// The data of a PI, with a question mark behind the cursor that is not in `carry`, or none.
    pub(super) fn pi<S: Sink>(&mut self, question: bool, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        if c.at_end() {
            self.state = State::Pi(question);
            return Step::NeedMore;
        }
        if question {
            if c.peek() == b'>' {
                c.advance(1);
                return self.tell_carried_pi(sink, env);
            }
            let length = self.pi_length() + 1;
            if length > self.token_cap() && !self.over_pending(env) {
                return Step::Failed;
            }
            if self.skipped.is_none() {
                self.carry.push(b'?');
            }
        }
        let rest = c.ahead();
        let end = memmem::find(rest, b"?>");
        let mut run = end.map_or(rest, |at| &rest[..at]);
        let held = end.is_none() && run.last() == Some(&b'?');
        if held {
            run = &run[..run.len() - 1];
        }
        let length = self.pi_length() + run.len() as u64;
        if length > self.token_cap() && !self.over_carried(length, c.position() + run.len(), c, env) {
            return Step::Failed;
        }
        if self.skipped.is_none() {
            self.carry.extend_from_slice(run);
        }
        c.advance(run.len());
        if end.is_some() {
            c.advance(2);
            return self.tell_carried_pi(sink, env);
        }
        if held {
            self.pending[0] = env.locate(env.at(c.position()));
            c.advance(1);
        }
        self.state = State::Pi(held);
        Step::NeedMore
    }

    fn tell_carried_pi<S: Sink>(&mut self, sink: &mut S, env: Env<'_>) -> Step {
        self.end_run(Runs::Events);
        let length = self.pi_length();
        let carry = std::mem::take(&mut self.carry);
        let (target, data) = carry.split_at(self.target);
        let good = !self.metered || self.meter_event(length, env);
        let context = self.context(&env, self.token);
        let told = |sink: &mut S| match self.skipped {
            None => sink.pi(target, data, &context),
            Some(limit) => sink.skipped(Some(target), limit, &context),
        };
        let step = if !good {
            Step::Failed
        } else if told(sink) {
            self.skipped = None;
            self.back_to_content();
            Step::Again
        } else {
            self.sink_failed(self.token, env)
        };
        self.carry = carry;
        step
    }
}
