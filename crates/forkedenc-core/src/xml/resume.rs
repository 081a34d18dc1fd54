//! Tokens byte by byte: what a window's end has cut, what is not in the table of names, and what is rare anyway.
//!
//! Every function here may be left at any byte and is entered again by the state that it set. What was read is in
//! `carry` (names, comments, PIs) or in the scratch buffer (values), and is never read again.

use memchr::memmem;

use super::chars::{first, is_char, is_name, is_name_start, is_space};
use super::content::predefined;
use super::error::Kind;
use super::machine::{Env, Machine, NameOf, Phase, Reference, Runs, State, Step};
use super::names::NameId;
use super::sink::{At, Sink};
use crate::cursor::Cursor;
use crate::simd;
use crate::utf8;

/// How reading a part of a token ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Done,
    NeedMore,
    Failed,
}

/// What `<!` may begin.
const COMMENT: &[u8] = b"--";
const CDATA: &[u8] = b"[CDATA[";
const DOCTYPE: &[u8] = b"DOCTYPE";

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
    fn stop(&mut self, kind: Kind, c: &Cursor<'_>, env: Env<'_>) -> Step {
        if c.at_end() { Step::NeedMore } else { self.fail(kind, c, env) }
    }

    fn skip_space(&self, c: &mut Cursor<'_>) {
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
                if self.phase == Phase::Prolog {
                    let high = first(c.ahead()).is_some_and(|(character, _)| is_name_start(character));
                    if !high || (byte == b':' && self.rules.namespaces) {
                        return self.fail(Kind::InvalidToken, c, env);
                    }
                    self.phase = Phase::Root;
                }
                if !self.gate_open(env) {
                    return Step::Failed;
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
            self.carry.extend_from_slice(&c.ahead()[..size]);
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
                if self.carry.eq_ignore_ascii_case(b"xml") {
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
        let same = rest.iter().zip(ahead).take_while(|(one, other)| one == other).count();
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

    // Values

    /// A value, from where it was left, into the scratch buffer.
    fn value(&mut self, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        loop {
            let start = c.mark();
            let stop = if self.tag.tokenized { self.skip_token(c) } else { simd::skip_value(c, self.tag.quote) };
            let run = c.since(start);
            if !run.is_empty() {
                let length = self.value_length() + run.len() as u64;
                if length > self.tag.cap && !self.over_value(length, c.position(), c, env) {
                    return Step::Failed;
                }
                if self.tag.tokenized {
                    self.tag.gap = false;
                }
                self.scratch.extend_from_slice(run);
            }
            match stop {
                b'<' => return self.fail(Kind::InvalidToken, c, env),
                b'&' => {
                    if let Some((length, text)) = predefined(c) {
                        if !self.add_to_value(text, env.at(c.position()), env) {
                            return Step::Failed;
                        }
                        c.advance(length);
                        continue;
                    }
                    if let Some((length, point)) = numbered(c) {
                        self.carry.clear();
                        utf8::push(&mut self.carry, point);
                        let text = std::mem::take(&mut self.carry);
                        let good = if text == b" " && self.tag.tokenized {
                            self.add_space(c, env)
                        } else {
                            self.add_to_value(&text, env.at(c.position()), env)
                        };
                        self.carry = text;
                        if !good {
                            return Step::Failed;
                        }
                        c.advance(length);
                        continue;
                    }
                    self.reference = env.at(c.position());
                    c.advance(1);
                    self.state = State::ValueReference(Reference::Start);
                    return Step::Again;
                }
                0 if c.at_end() => return Step::NeedMore,
                quote if quote == self.tag.quote => {
                    c.advance(1);
                    if self.tag.tokenized && self.value_length() > 0 && self.scratch.last() == Some(&b' ') {
                        self.scratch.pop();
                    }
                    self.state = State::Tag;
                    return if self.value_done(env) { Step::Again } else { Step::Failed };
                }
                // White space, one by one (XML 1.0 §3.3.3); with a type that has tokens, the first of a run, later.
                _ => {
                    if !self.add_space(c, env) {
                        return Step::Failed;
                    }
                    c.advance(1);
                }
            }
        }
    }

    pub(super) fn value_length(&self) -> u64 {
        (self.scratch.len() - self.tag.value) as u64
    }

    /// Over what is neither white space nor special in a value.
    fn skip_token(&self, c: &mut Cursor<'_>) -> u8 {
        loop {
            let byte = c.peek();
            if byte <= b' ' || matches!(byte, b'<' | b'&') || byte == self.tag.quote {
                return byte;
            }
            c.advance(1);
        }
    }

    /// White space in a value. Where it collapses, a space is put down that the value's end takes back.
    pub(super) fn add_space(&mut self, c: &Cursor<'_>, env: Env<'_>) -> bool {
        if self.tag.tokenized {
            if self.tag.gap {
                return true;
            }
            self.tag.gap = true;
            self.scratch.push(b' ');
            return true;
        }
        self.add_to_value(b" ", env.at(c.position()), env)
    }

    /// What stands at `at`, or what the reference there stands for.
    pub(super) fn add_to_value(&mut self, text: &[u8], at: At, env: Env<'_>) -> bool {
        let length = self.value_length() + text.len() as u64;
        if length > self.tag.cap && !self.value_crosses(at, env) {
            return false;
        }
        self.tag.gap = false;
        self.scratch.extend_from_slice(text);
        true
    }

    // References

    /// Reads a reference to its `;`.
    fn read_reference(&mut self, mut form: Reference, c: &mut Cursor<'_>, env: Env<'_>, in_value: bool) -> Part {
        loop {
            let byte = c.peek();
            if byte == 0 && c.at_end() {
                self.state = if in_value { State::ValueReference(form) } else { State::Reference(form) };
                return Part::NeedMore;
            }
            form = match (form, byte) {
                (Reference::Start, b'#') => Reference::Hash,
                (Reference::Start, _) => {
                    self.carry.clear();
                    self.colon = 0;
                    form = Reference::Name;
                    continue;
                }
                (Reference::Hash, b'x') => Reference::Hexadecimal(0, false),
                (Reference::Hash | Reference::Decimal(..), b'0'..=b'9') => {
                    let value = if let Reference::Decimal(value, _) = form { value } else { 0 };
                    Reference::Decimal(value.saturating_mul(10).saturating_add(u32::from(byte - b'0')), true)
                }
                (Reference::Hexadecimal(value, _), b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                    let digit = char::from(byte).to_digit(16).unwrap_or(0);
                    Reference::Hexadecimal(value.saturating_mul(16).saturating_add(digit), true)
                }
                (Reference::Decimal(_, true) | Reference::Hexadecimal(_, true), b';') => {
                    self.set_reference(form, in_value);
                    return Part::Done;
                }
                (Reference::Name, _) => {
                    self.state = if in_value { State::ValueReference(form) } else { State::Reference(form) };
                    match self.read_name(c, env) {
                        Part::Done if c.peek() == b';' && self.colon == 0 => return Part::Done,
                        Part::Done => {
                            self.fail(Kind::InvalidToken, c, env);
                            return Part::Failed;
                        }
                        part => return part,
                    }
                }
                _ => {
                    self.fail(Kind::InvalidToken, c, env);
                    return Part::Failed;
                }
            };
            c.advance(1);
        }
    }

    fn set_reference(&mut self, form: Reference, in_value: bool) {
        self.state = if in_value { State::ValueReference(form) } else { State::Reference(form) };
    }

    /// The character that a reference by number stands for, in `carry`. False where there is none: it has failed.
    fn character(&mut self, point: u32, in_value: bool, env: Env<'_>) -> bool {
        if !is_char(point) {
            let at = if in_value { self.reference } else { self.token };
            self.fail_at(Kind::BadCharacterReference, at, env);
            return false;
        }
        self.carry.clear();
        utf8::push(&mut self.carry, point);
        true
    }

    fn reference_in_content<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        let State::Reference(form) = self.state else { return Step::Again };
        let (Reference::Decimal(point, _) | Reference::Hexadecimal(point, _)) = form else {
            return self.entity_in_content(sink, c, env);
        };
        if !self.character(point, false, env) {
            return Step::Failed;
        }
        let carry = std::mem::take(&mut self.carry);
        let good = self.reference_text(sink, &carry, env);
        self.carry = carry;
        if !good {
            return Step::Failed;
        }
        c.advance(1);
        self.state = State::Content;
        Step::Again
    }

    /// Text that the reference at `token` stands for.
    pub(super) fn reference_text<S: Sink>(&mut self, sink: &mut S, text: &[u8], env: Env<'_>) -> bool {
        if self.metered && !self.meter_text(text.len() as u64, self.token, env) {
            return false;
        }
        self.run += text.len() as u64;
        if self.run > self.text_cap && !self.run_crosses(self.token, env) {
            return false;
        }
        if !sink.text(text, &self.context(env, self.token)) {
            self.sink_failed(self.token, env);
            return false;
        }
        true
    }

    fn reference_in_value(&mut self, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        let State::ValueReference(form) = self.state else { return Step::Again };
        let good = match form {
            Reference::Decimal(point, _) | Reference::Hexadecimal(point, _) => {
                self.character(point, true, env) && {
                    let carry = std::mem::take(&mut self.carry);
                    // Of a type with tokens, spaces collapse even where they were written as references (§3.3.3).
                    let good = if carry == b" " && self.tag.tokenized {
                        self.add_space(c, env)
                    } else {
                        self.add_to_value(&carry, self.reference, env)
                    };
                    self.carry = carry;
                    good
                }
            }
            _ => self.entity_in_value(c, env),
        };
        if !good {
            return Step::Failed;
        }
        c.advance(1);
        self.state = State::Value;
        Step::Again
    }

    // Comments, CDATA sections, PIs

    /// Behind `<!`.
    fn markup<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
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
                    if !sink.cdata(true, &self.context(env, self.token)) {
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
    fn comment<S: Sink>(&mut self, dashes: u8, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
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
                self.carry.push(b'-');
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
        if end.is_some() && self.carry.is_empty() && rest.get(run.len() + 2) == Some(&b'>') {
            c.advance(run.len() + 3);
            return self.tell_comment(sink, run, env);
        }
        self.carry.extend_from_slice(run);
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
        if !sink.comment(text, &self.context(env, self.token)) {
            return self.sink_failed(self.token, env);
        }
        self.back_to_content();
        Step::Again
    }

    fn back_to_content(&mut self) {
        self.state = if self.phase == Phase::Root { State::Content } else { State::Misc };
    }

    /// A CDATA section (§2.7), `brackets` of whose bytes are behind the cursor and not told yet.
    fn cdata<S: Sink>(&mut self, mut brackets: u8, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        loop {
            if c.at_end() {
                self.state = State::Cdata(brackets);
                return Step::NeedMore;
            }
            match (brackets, c.peek()) {
                (2, b'>') => {
                    let at = env.at(c.position());
                    c.advance(1);
                    if !sink.cdata(false, &self.context(env, at)) {
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
        if !sink.text(b"]", &self.context(env, at)) {
            self.sink_failed(self.token, env);
            return false;
        }
        true
    }

    /// Behind the target of a PI (§2.6): white space, or its end.
    fn pi_target<S: Sink>(&mut self, question: bool, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
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
    fn pi_length(&self) -> u64 {
        self.carry.len() as u64 + self.spaces
    }

    /// The data of a PI, with a question mark behind the cursor that is not in `carry`, or none.
    fn pi<S: Sink>(&mut self, question: bool, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
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
            self.carry.push(b'?');
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
        self.carry.extend_from_slice(run);
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
        let step = if !good {
            Step::Failed
        } else if sink.pi(target, data, &self.context(env, self.token)) {
            self.back_to_content();
            Step::Again
        } else {
            self.sink_failed(self.token, env)
        };
        self.carry = carry;
        step
    }
}

/// A short reference by number that stands here whole, and is good: its length and its character.
fn numbered(c: &Cursor<'_>) -> Option<(usize, u32)> {
    if c.peek_at(1) != b'#' {
        return None;
    }
    let hexadecimal = c.peek_at(2) == b'x';
    let (start, radix) = if hexadecimal { (3, 16) } else { (2, 10) };
    let mut point = 0;
    for at in start..start + 8 {
        let byte = c.peek_at(at);
        if byte == b';' && at > start {
            return is_char(point).then_some((at + 1, point));
        }
        point = point * radix + char::from(byte).to_digit(radix)?;
    }
    None
}

impl Part {
    fn step(self) -> Step {
        match self {
            Self::Done => Step::Again,
            Self::NeedMore => Step::NeedMore,
            Self::Failed => Step::Failed,
        }
    }
}
