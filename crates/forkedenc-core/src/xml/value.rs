//! Values of attributes that need a look at each part, and references, byte by byte: see `resume.rs`.

use super::chars::is_char;
use super::content::predefined;
use super::error::Kind;
use super::machine::{Env, Machine, Reference, State, Step};
use super::resume::Part;
use super::sink::{At, Sink};
use crate::cursor::Cursor;
use crate::simd;
use crate::utf8;

impl Machine {
    /// A value, from where it was left, into the scratch buffer.
    pub(super) fn value(&mut self, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        loop {
            let start = c.mark();
            let stop = if self.tag.tokenized { self.skip_token(c) } else { simd::skip_value(c, self.tag.quote) };
            let run = c.since(start);
            if !run.is_empty() {
                let length = self.value_length() + run.len() as u64;
                while length > self.tag.cap {
                    if !self.over_value(length, c.position(), c, env) {
                        return Step::Failed;
                    }
                }
                if self.tag.tokenized {
                    self.tag.gap = false;
                }
                if self.tag.skipped.is_none() {
                    self.scratch.extend_from_slice(run);
                }
            }
            match stop {
                b'<' => return self.fail(Kind::InvalidToken, c, env),
                b'&' => {
                    if let Some((length, text)) = predefined(c, self.caps.name) {
                        if !self.add_to_value(text, env.at(c.position()), env) {
                            return Step::Failed;
                        }
                        c.advance(length);
                        continue;
                    }
                    if let Some((length, character)) = numbered(c) {
                        let good = if character == ' ' && self.tag.tokenized {
                            self.add_space(c, env)
                        } else {
                            let mut text = [0; 4];
                            let text = character.encode_utf8(&mut text).as_bytes();
                            self.add_to_value(text, env.at(c.position()), env)
                        };
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
            if self.tag.skipped.is_none() {
                self.scratch.push(b' ');
            }
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
        if self.tag.skipped.is_none() {
            self.scratch.extend_from_slice(text);
        }
        true
    }

    // References

    /// Reads a reference to its `;`.
    pub(super) fn read_reference(
        &mut self,
        mut form: Reference,
        c: &mut Cursor<'_>,
        env: Env<'_>,
        in_value: bool,
    ) -> Part {
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

    pub(super) fn reference_in_content<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
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
        if !sink.text(text, &self.context(&env, self.token)) {
            self.sink_failed(self.token, env);
            return false;
        }
        true
    }

    pub(super) fn reference_in_value(&mut self, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
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
}

/// A short reference by number that stands here whole, and is good: its length and its character.
pub(super) fn numbered(c: &Cursor<'_>) -> Option<(usize, char)> {
    if c.peek_at(1) != b'#' {
        return None;
    }
    let hexadecimal = c.peek_at(2) == b'x';
    let (start, radix) = if hexadecimal { (3, 16) } else { (2, 10) };
    let mut point = 0;
    for at in start..start + 8 {
        let byte = c.peek_at(at);
        if byte == b';' && at > start {
            return char::from_u32(point).filter(|_| is_char(point)).map(|character| (at + 1, character));
        }
        point = point * radix + char::from(byte).to_digit(radix)?;
    }
    None
}
