//! Tokens byte by byte: what a window's end has cut, what is not in the table of names, and what is rare anyway.
//!
//! Every function here may be left at any byte and is entered again by the state that it set. What was read is in
//! `carry` (names, comments, PIs) or in the scratch buffer (values), and is never read again. Names and the choice of what comes
//! next stand here, values and references in `value.rs`, comments, CDATA sections and PIs in `markup.rs`.

use super::chars::{first, is_name, is_name_start, is_space};
use super::error::Kind;
use super::machine::{Env, Machine, NameOf, Phase, State, Step};
use super::names::NameId;
use super::sink::Sink;
use crate::cursor::Cursor;

/// How reading a part of a token ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Done,
    NeedMore,
    Failed,
}

impl Machine {
    pub(super) fn resume<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        match self.state {
            State::Less => self.less(c, env),
            State::Word => self.word(c, env),
            State::Name(of) => match self.read_name(c, env) {
                Part::Done => self.name_read(of, c, env),
                part => part.step(),
            },
            State::Slash => match c.peek() {
                b'>' => {
                    c.advance(1);
                    self.end_of_empty_tag(sink, c, env)
                }
                _ => self.stop(Kind::InvalidToken, c, env),
            },
            State::Equals => {
                self.skip_space(c);
                if c.peek() != b'=' {
                    return self.stop(Kind::InvalidToken, c, env);
                }
                c.advance(1);
                self.state = State::Quote;
                Step::Again
            }
            State::Quote => {
                self.skip_space(c);
                let quote = c.peek();
                if !matches!(quote, b'"' | b'\'') {
                    return self.stop(Kind::InvalidToken, c, env);
                }
                c.advance(1);
                self.begin_value(quote);
                Step::Again
            }
            State::Value => self.value(c, env),
            State::Reference(form) => match self.read_reference(form, c, env, false) {
                Part::Done => self.reference_in_content(sink, c, env),
                part => part.step(),
            },
            State::ValueReference(form) => match self.read_reference(form, c, env, true) {
                Part::Done => self.reference_in_value(c, env),
                part => part.step(),
            },
            State::EndName(matched) => self.end_name(matched, c),
            State::EndSpace => {
                self.skip_space(c);
                if c.peek() != b'>' {
                    return self.stop(Kind::InvalidToken, c, env);
                }
                if self.depth == self.floor {
                    return self.fail_at(Kind::AsyncEntity, self.token, env);
                }
                c.advance(1);
                self.state = State::Content;
                if !self.close(sink, self.token, env) {
                    return Step::Failed;
                }
                if self.depth == 0 {
                    self.end_root();
                }
                Step::Again
            }
            State::Markup => self.markup(sink, c, env),
            State::Comment(dashes) => self.comment(dashes, sink, c, env),
            State::Cdata(brackets) => self.cdata(brackets, sink, c, env),
            State::PiTarget(question) => self.pi_target(question, sink, c, env),
            State::PiSpace => {
                let before = c.position();
                self.skip_space(c);
                self.spaces += (c.position() - before) as u64;
                let length = self.pi_length();
                if length > self.token_cap() && !self.over_carried(length, c.position(), c, env) {
                    return Step::Failed;
                }
                if c.at_end() {
                    return Step::NeedMore;
                }
                self.state = State::Pi(false);
                Step::Again
            }
            State::Pi(question) => self.pi(question, sink, c, env),
            State::Doctype => self.read_doctype(sink, c, env),
            State::Misc | State::Content | State::Tag => Step::Again,
        }
    }

    /// The byte here does not fit: the end of the window, or an error.
    pub(super) fn stop(&mut self, kind: Kind, c: &Cursor<'_>, env: Env<'_>) -> Step {
        if c.at_end() { Step::NeedMore } else { self.fail(kind, c, env) }
    }

    pub(super) fn skip_space(&self, c: &mut Cursor<'_>) {
        while is_space(c.peek()) {
            c.advance(1);
        }
    }

    /// Behind `<`, where the hot loop saw `!`, `?`, or the window's end.
    fn less(&mut self, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        match c.peek() {
            0 if c.at_end() => Step::NeedMore,
            b'!' => {
                c.advance(1);
                self.carry.clear();
                self.state = State::Markup;
                Step::Again
            }
            b'?' => {
                c.advance(1);
                self.carry.clear();
                self.colon = 0;
                self.state = State::Name(NameOf::Pi);
                Step::Again
            }
            b'/' if self.phase == Phase::Root => {
                c.advance(1);
                self.name_at = env.at(c.position());
                self.state = State::EndName(0);
                Step::Again
            }
            _ if self.phase == Phase::Epilog => self.misplaced_at(self.token, env),
            byte => {
                if !self.gate_open(env) {
                    return Step::Failed;
                }
                if self.phase == Phase::Prolog {
                    let high = first(c.ahead()).is_some_and(|(character, _)| is_name_start(character));
                    if !high || (byte == b':' && self.rules.namespaces) {
                        return self.fail(Kind::InvalidToken, c, env);
                    }
                    self.phase = Phase::Root;
                }
                self.unknown_name(NameOf::Element)
            }
        }
    }

    // Names

    /// Reads a name to its end, into `carry`.
    pub(super) fn read_name(&mut self, c: &mut Cursor<'_>, env: Env<'_>) -> Part {
        if self.carry.is_empty() && self.state != State::Name(NameOf::End) {
            self.name_at = env.at(c.position());
        }
        loop {
            let Some((character, size)) = first(c.ahead()).filter(|_| !c.at_end()) else { return Part::NeedMore };
            let starts = self.carry.is_empty() || self.colon == 1;
            let fits = if starts { is_name_start(character) } else { is_name(character) };
            let colon = character == ':' && self.rules.namespaces;
            // Targets and entities are named without colons (Namespaces 1.0 §7).
            let plain = matches!(self.state, State::Name(NameOf::Pi) | State::Reference(_) | State::ValueReference(_));
            if colon && (starts || plain || self.colon > 0) {
                self.fail(Kind::InvalidToken, c, env);
                return Part::Failed;
            }
            if !fits {
                if starts {
                    self.fail(Kind::InvalidToken, c, env);
                    return Part::Failed;
                }
                return Part::Done;
            }
            if (self.carry.len() + size) as u64 > self.caps.name && !self.over_name(c, env) {
                return Part::Failed;
            }
            let length = (self.carry.len() + size) as u64;
            if self.state == State::Name(NameOf::Pi)
                && length > self.token_cap()
                && !self.over_carried(length, c.position() + size, c, env)
            {
                return Part::Failed;
            }
            if self.state == State::Name(NameOf::Attribute) {
                let bytes = self.tag.bytes + (self.carry.len() + size) as u64;
                if bytes > self.limits.attributes_bytes && !self.attributes_cross(c, env) {
                    return Part::Failed;
                }
            }
            self.colon = match self.colon {
                _ if colon => 1,
                1 => 2,
                other => other,
            };
            // Of the target of a PI that is read past, the beginning is kept.
            if self.skipped.is_none() || self.carry.is_empty() {
                self.carry.extend_from_slice(&c.ahead()[..size]);
            }
            c.advance(size);
        }
    }

    fn name_read(&mut self, of: NameOf, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        if self.metered {
            self.audit_name();
        }
        match of {
            NameOf::Element => {
                let name = self.intern_carry();
                if self.names.seen(name)
                    && self.names.distinct() > self.limits.distinct_names
                    && !self.over_names_at(self.name_at, env)
                {
                    return Step::Failed;
                }
                self.begin_tag(name);
                if !is_space(c.peek()) && !matches!(c.peek(), b'>' | b'/') && !c.at_end() {
                    return self.fail(Kind::InvalidToken, c, env);
                }
                Step::Again
            }
            NameOf::Attribute => {
                let name = self.intern_carry();
                if !self.attribute_named(name, env) {
                    return Step::Failed;
                }
                self.state = State::Equals;
                Step::Again
            }
            NameOf::End => self.mismatch(c, env),
            NameOf::Pi => {
                if self.colon > 0 {
                    return self.fail(Kind::InvalidToken, c, env);
                }
                if self.carry.eq_ignore_ascii_case(b"xml") && self.skipped.is_none() {
                    let exact = self.carry == b"xml";
                    let kind = if exact { Kind::MisplacedDeclaration } else { Kind::InvalidToken };
                    return if exact { self.fail_at(kind, self.token, env) } else { self.fail(kind, c, env) };
                }
                self.target = self.carry.len();
                self.spaces = 0;
                self.state = State::PiTarget(false);
                Step::Again
            }
        }
    }

    fn intern_carry(&mut self) -> NameId {
        let carry = std::mem::take(&mut self.carry);
        let name = self.names.insert(&carry);
        self.carry = carry;
        name
    }

    /// The name of an end tag, of which `matched` bytes are read.
    fn end_name(&mut self, matched: u32, c: &mut Cursor<'_>) -> Step {
        let name = self.names.written(self.open.written());
        let rest = &name[matched as usize..];
        let ahead = c.ahead();
        let mut same = rest.iter().zip(ahead).take_while(|(one, other)| one == other).count();
        // What differs within a character differs from where the character starts.
        while ahead.get(same).is_some_and(|byte| byte & 0xC0 == 0x80) {
            same -= 1;
        }
        if same == rest.len() {
            c.advance(same);
            if c.at_end() {
                self.state = State::EndName(matched + same as u32);
                return Step::NeedMore;
            }
            let goes_on = first(c.ahead()).is_some_and(|(character, _)| is_name(character));
            if !goes_on {
                self.state = State::EndSpace;
                return Step::Again;
            }
        } else {
            c.advance(same);
            if c.at_end() {
                self.state = State::EndName(matched + same as u32);
                return Step::NeedMore;
            }
        }
        // Another name: it is read to its end, for what else may be wrong with it.
        self.carry.clear();
        self.carry.extend_from_slice(&name[..matched as usize + same]);
        self.colon = match memchr::memchr(b':', &self.carry) {
            Some(_) if !self.rules.namespaces => 0,
            Some(at) => {
                if at + 1 == self.carry.len() {
                    1
                } else {
                    2
                }
            }
            None => 0,
        };
        self.state = State::Name(NameOf::End);
        Step::Again
    }
}

impl Part {
    pub(super) fn step(self) -> Step {
        match self {
            Self::Done => Step::Again,
            Self::NeedMore => Step::NeedMore,
            Self::Failed => Step::Failed,
        }
    }
}
