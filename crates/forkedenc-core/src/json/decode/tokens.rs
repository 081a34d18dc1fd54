//! Tokens that the hot loops give away: cut by the end of a window, of doubtful form, or near a limit.
//!
//! Each is read on from where it stopped, never from its start, so the cost is linear however the input is cut.

use super::builder::{Builder, Member};
use super::machine::{Cut, Flow, Literal, Machine, State, Token};
use super::number::{self, DigitsStep, Keep};
use super::text::TextStep;
use crate::cursor::Cursor;
use crate::error::Kind;
use crate::limits::{Limit, NONE};

impl Machine {
    /// Goes on with the token that the last window cut.
    pub(super) fn finish<B: Builder>(&mut self, builder: &mut B, c: &mut Cursor<'_>, last: bool) -> Token {
        match self.cut {
            Cut::None => Token::Complete,
            Cut::String => self.go_on_text(builder, c, last, false),
            Cut::Key => self.go_on_text(builder, c, last, true),
            Cut::Number => self.go_on_number(builder, c, last),
            Cut::Literal(literal, matched) => self.go_on_literal(builder, c, last, literal, matched),
        }
    }

    /// A string from its opening quote.
    #[cold]
    #[inline(never)]
    pub(super) fn slow_text<B: Builder>(
        &mut self,
        builder: &mut B,
        c: &mut Cursor<'_>,
        last: bool,
        key: bool,
    ) -> Token {
        self.token = self.offset(c);
        self.cut = if key { Cut::Key } else { Cut::String };
        self.text.start(key || B::WANTS_SCALARS);
        c.advance(1);
        self.go_on_text(builder, c, last, key)
    }

    fn go_on_text<B: Builder>(&mut self, builder: &mut B, c: &mut Cursor<'_>, last: bool, key: bool) -> Token {
        loop {
            let cap = if self.audit_token_open() {
                NONE
            } else if key {
                self.key_cap
            } else {
                self.string_cap
            };
            match self.text.resume(c, self.offset(c), cap, self.rules.text) {
                TextStep::End => break,
                TextStep::NeedMore => return self.want_more(builder, c, last),
                TextStep::Bad(kind, offset) => return Token::Stopped(self.fail_at(builder, kind, c, offset)),
                TextStep::Over(offset) => {
                    let limits = &self.limits;
                    let own = if key { limits.key_bytes } else { limits.string_bytes };
                    let observed = self.text.size().max(cap + 1);
                    let (limit, maximum, observed) = if cap < own {
                        // What is left of the memory is less than the string might take.
                        (Limit::MemoryBytes, limits.memory_bytes, self.memory + observed)
                    } else {
                        (if key { Limit::KeyBytes } else { Limit::StringBytes }, own, observed)
                    };
                    if self.crossed(builder, c, limit, maximum, observed, offset) {
                        return Token::Stopped(Flow::Failed);
                    }
                }
            }
        }
        self.cut = Cut::None;
        if self.metered {
            self.charge(self.text.size());
            self.audit_token(self.text.size());
        }
        // Taken out for the call: the builder must not see the machine.
        let text = std::mem::take(&mut self.text);
        let token = if key {
            if !B::KEEPS_KEYS && !self.keep_key(text.bytes()) {
                self.text = text;
                return Token::Stopped(self.fail(builder, Kind::OutOfMemory, c));
            }
            match builder.key(text.bytes(), text.is_ascii()) {
                Member::Build => Token::Complete,
                Member::Skip => {
                    self.skip_next = true;
                    Token::Complete
                }
                Member::Rest => {
                    self.rest_next = true;
                    Token::Complete
                }
                Member::Over if self.passes_over(builder, c, self.token) => {
                    self.rest_next = true;
                    Token::Complete
                }
                refused => Token::Stopped(self.refuse_key_at(builder, c, self.token, refused)),
            }
        } else if !B::WANTS_SCALARS || builder.string(text.bytes(), text.is_ascii()) {
            Token::Complete
        } else {
            Token::Stopped(self.fail_at(builder, Kind::Builder, c, self.token))
        };
        self.text = text;
        token
    }

    /// A number from its first byte.
    #[cold]
    #[inline(never)]
    pub(super) fn slow_number<B: Builder>(&mut self, builder: &mut B, c: &mut Cursor<'_>, last: bool) -> Token {
        self.token = self.offset(c);
        self.cut = Cut::Number;
        self.digits.start(match (B::WANTS_SCALARS, B::CHECKS_RANGE) {
            (true, _) => Keep::Text,
            (false, true) => Keep::Value,
            (false, false) => Keep::Nothing,
        });
        self.go_on_number(builder, c, last)
    }

    fn go_on_number<B: Builder>(&mut self, builder: &mut B, c: &mut Cursor<'_>, last: bool) -> Token {
        let integer = loop {
            let cap = if self.audit_token_open() { NONE } else { self.digits_cap };
            match self.digits.resume(c, cap, last) {
                DigitsStep::End { integer } => break integer,
                DigitsStep::NeedMore => return self.want_more(builder, c, last),
                DigitsStep::NoDigits => {
                    if c.peek() == b'I' && self.rules.nan {
                        let literal = Literal::Constant(super::builder::Constant::NegativeInfinity);
                        return self.go_on_literal(builder, c, last, literal, 1);
                    }
                    return Token::Stopped(self.fail_at(builder, Kind::ExpectedValue, c, self.token));
                }
                DigitsStep::Prefix { back } => {
                    // The number is whole without these bytes; the first of them can't stand behind a value.
                    let kind = self.kind_after_value();
                    self.state = State::After;
                    self.count += 1;
                    return Token::Stopped(self.fail_at(builder, kind, c, self.offset(c) - back));
                }
                DigitsStep::NoMemory => return Token::Stopped(self.fail(builder, Kind::OutOfMemory, c)),
                DigitsStep::Over => {
                    let limits = &self.limits;
                    let own = limits.number_digits;
                    let (limit, maximum, observed) = if cap < own {
                        (Limit::MemoryBytes, limits.memory_bytes, self.memory + cap + 1)
                    } else {
                        (Limit::NumberDigits, own, own + 1)
                    };
                    if self.crossed(builder, c, limit, maximum, observed, self.offset(c)) {
                        return Token::Stopped(Flow::Failed);
                    }
                }
            }
        };
        self.cut = Cut::None;
        if self.metered {
            self.charge(self.digits.size());
            self.audit_token(self.digits.size());
        }
        if !B::WANTS_SCALARS {
            if !integer && self.digits.take_value().is_some_and(f64::is_infinite) && !self.rules.nan {
                return Token::Stopped(self.fail_at(builder, Kind::NumberOutOfRange, c, self.token));
            }
            return Token::Complete;
        }
        let digits = std::mem::take(&mut self.digits);
        let text = digits.text();
        let built = if B::NUMBER_TEXT {
            builder.number(text, integer)
        } else if integer {
            match std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()) {
                Some(value) => builder.integer(value),
                None => builder.big_integer(text),
            }
        } else {
            let value = number::careful(text);
            if B::CHECKS_RANGE && value.is_infinite() && !self.rules.nan {
                self.digits = digits;
                return Token::Stopped(self.fail_at(builder, Kind::NumberOutOfRange, c, self.token));
            }
            builder.float(value)
        };
        self.digits = digits;
        if built { Token::Complete } else { Token::Stopped(self.fail_at(builder, Kind::Builder, c, self.token)) }
    }

    /// A literal whose first byte stands here.
    #[cold]
    #[inline(never)]
    pub(super) fn slow_literal<B: Builder>(
        &mut self,
        builder: &mut B,
        c: &mut Cursor<'_>,
        last: bool,
        literal: Literal,
    ) -> Token {
        self.token = self.offset(c);
        self.go_on_literal(builder, c, last, literal, 0)
    }

    fn go_on_literal<B: Builder>(
        &mut self,
        builder: &mut B,
        c: &mut Cursor<'_>,
        last: bool,
        literal: Literal,
        mut matched: u8,
    ) -> Token {
        let text = literal.text();
        while let Some(wanted) = text.get(usize::from(matched)) {
            if c.peek() != *wanted {
                if c.at_end() {
                    self.cut = Cut::Literal(literal, matched);
                    return self.want_more(builder, c, last);
                }
                self.cut = Cut::None;
                return Token::Stopped(self.fail_at(builder, Kind::ExpectedValue, c, self.token));
            }
            c.advance(1);
            matched += 1;
        }
        self.cut = Cut::None;
        if literal.build(builder) {
            return Token::Complete;
        }
        Token::Stopped(self.fail_at(builder, Kind::Builder, c, self.token))
    }

    fn want_more<B: Builder>(&mut self, builder: &B, c: &Cursor<'_>, last: bool) -> Token {
        if last {
            return Token::Stopped(self.fail(builder, Kind::Incomplete, c));
        }
        Token::Stopped(Flow::NeedMore)
    }
}
