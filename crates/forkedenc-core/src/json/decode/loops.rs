//! The hot loops of the machine: one for arrays (and the document's own level), one for objects.
//!
//! They take complete tokens from the window and call the builder; what is cut, doubtful or near a limit goes to
//! `tokens.rs`, what is rare to `account.rs`. What they keep in locals is written back before either is called.

use super::builder::{Builder, Constant, Member, Verdict};
use super::machine::{CHECKED, Cut, Flow, Holder, Literal, Machine, State, Token};
use super::number::{self, Number};
use crate::cursor::Cursor;
use crate::error::Kind;
use crate::{simd, utf8};

/// No builder expects a key of more bytes; under a lower limit none is asked.
const LONGEST_EXPECTED: u64 = 255;

impl Machine {
    #[allow(clippy::too_many_lines, reason = "the hot loops: their state lives in locals")]
    pub(super) fn read<B: Builder>(&mut self, builder: &mut B, cursor: &mut Cursor<'_>, last: bool) -> Flow {
        let mut c = *cursor;
        let mut state = self.state;
        let mut count = self.count;
        if self.cut != Cut::None {
            match self.finish(builder, cursor, last) {
                Token::Complete => {
                    c = *cursor;
                    if state == State::Key || state == State::FirstKey {
                        state = State::Colon;
                    } else {
                        state = State::After;
                        count += 1;
                    }
                }
                Token::Stopped(flow) => return flow,
            }
        }

        // The cursor's address must never be taken here: it would live in memory, and every copy of it would stall.
        // Writes the locals back before anything that looks at `self`.
        macro_rules! save {
            () => {{
                self.state = state;
                self.count = count;
                *cursor = c;
            }};
        }
        // The byte here does not fit: the end of the window, or an error.
        macro_rules! stop {
            ($kind:expr) => {{
                save!();
                let here = c;
                return self.stop(builder, &here, last, $kind);
            }};
        }
        // `$from`: where the token starts.
        macro_rules! built {
            ($call:expr, $from:expr) => {
                if !$call {
                    c.back($from);
                    save!();
                    let here = c;
                    return self.fail(builder, Kind::Builder, &here);
                }
            };
        }
        // A token that the hot loop gives away.
        macro_rules! slow {
            ($method:ident($($argument:expr),*)) => {{
                save!();
                match self.$method(builder, cursor, last, $($argument),*) {
                    Token::Complete => c = *cursor,
                    Token::Stopped(flow) => return flow,
                }
            }};
        }
        macro_rules! literal {
            ($literal:expr, $text:literal) => {
                if c.starts_with($text) {
                    built!($literal.build(builder), c.mark());
                    c.advance($text.len());
                } else {
                    slow!(slow_literal($literal));
                }
            };
        }
        macro_rules! close {
            ($outer:lifetime) => {{
                match self.close(builder, count) {
                    Ok(outer) => count = outer,
                    Err(outer) => {
                        // The place is the bracket, the path the container's own.
                        count = outer;
                        state = State::Value;
                        save!();
                        let here = c;
                        return self.fail(builder, Kind::Builder, &here);
                    }
                }
                c.advance(1);
                state = State::After;
                continue $outer;
            }};
        }
        // A value: falls through once a scalar is complete, goes on at `$outer` once a container is open or closed.
        macro_rules! value {
            ($outer:lifetime, $cap:expr, $in_object:literal) => {{
                let byte = simd::skip_space(&mut c);
                if B::NAVIGATES && matches!(byte, b'"' | b'[' | b'{' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') {
                    match builder.at_value(byte, $in_object) {
                        Verdict::Pass => {}
                        Verdict::Take => {
                            save!();
                            return Flow::Take;
                        }
                        Verdict::Refuse => stop!(Kind::ExpectedValue),
                    }
                }
                if B::RESTS && $in_object && self.rest_next && !c.at_end() {
                    save!();
                    let here = c;
                    if self.begin_rest(builder, &here) {
                        return Flow::Fenced;
                    }
                }
                if B::RAWS && builder.wants_raw() && !matches!(byte, b']' | b'}' | b',' | b':') && !c.at_end() {
                    save!();
                    return Flow::Raw;
                }
                if B::TAGS && byte == b'{' && builder.tag_key().is_some() {
                    save!();
                    let here = c;
                    if !self.find_tag(builder, &here) {
                        return Flow::Capture;
                    }
                }
                if CHECKED && count >= $cap {
                    save!();
                    let here = c;
                    if !self.gate(builder, &here, byte, $in_object) {
                        return Flow::Failed;
                    }
                }
                match byte {
                    b'"' => {
                        let open = c.mark();
                        c.advance(1);
                        let from = c.mark();
                        let high = simd::skip_plain(&mut c);
                        let text = c.since(from);
                        let mut taken = None;
                        if c.peek() == b'"' && (!CHECKED || text.len() as u64 <= self.string_cap) {
                            taken = if !high {
                                Some(builder.string(text, true))
                            } else if B::CHECKS_TEXT {
                                builder.common_string(text)
                            } else {
                                None
                            };
                            if high
                                && taken.is_none()
                                && utf8::check(text, self.rules.text.surrogates) == utf8::Checked::Valid
                            {
                                taken = Some(builder.string(text, false));
                            }
                        }
                        match taken {
                            Some(built) => {
                                if CHECKED && self.metered {
                                    self.charge(text.len() as u64);
                                }
                                built!(built, open);
                                c.advance(1);
                            }
                            None => {
                                c.back(open);
                                slow!(slow_text(false));
                            }
                        }
                    }
                    b'0'..=b'9' | b'-' => {
                        let from = c.mark();
                        match number::fast(&mut c, self.digits_cap, last) {
                            Some(found) => {
                                if CHECKED && self.metered {
                                    self.charge(c.since(from).len() as u64 - u64::from(byte == b'-'));
                                }
                                if B::NUMBER_TEXT {
                                    let integer = matches!(found, Number::Integer(_) | Number::Big);
                                    built!(builder.number(c.since(from), integer), from);
                                } else {
                                    match found {
                                        Number::Integer(value) => built!(builder.integer(value), from),
                                        Number::Float(value) => built!(builder.float(value), from),
                                        Number::Big => built!(builder.big_integer(c.since(from)), from),
                                        Number::Careful => {
                                            if B::CHECKS_RANGE || B::WANTS_SCALARS {
                                                let value = number::careful(c.since(from));
                                                if B::CHECKS_RANGE && value.is_infinite() && !self.rules.nan {
                                                    c.back(from);
                                                    save!();
                                                    let here = c;
                                                    return self.fail(builder, Kind::NumberOutOfRange, &here);
                                                }
                                                built!(builder.float(value), from);
                                            }
                                        }
                                    }
                                }
                            }
                            None => {
                                c.back(from);
                                slow!(slow_number());
                            }
                        }
                    }
                    b'[' | b'{' => {
                        if CHECKED && self.depth >= self.limits.depth {
                            save!();
                            let here = c;
                            return self.over_depth(builder, &here);
                        }
                        let holder = if byte == b'[' { Holder::Array } else { Holder::Object };
                        if B::PLACES {
                            builder.at(self.base.offset + c.position() as u64);
                        }
                        if !self.open(builder, holder, count) {
                            save!();
                            let here = c;
                            return self.not_opened(builder, &here);
                        }
                        c.advance(1);
                        count = 0;
                        state = if byte == b'[' { State::FirstItem } else { State::FirstKey };
                        continue $outer;
                    }
                    b't' => literal!(Literal::True, b"true"),
                    b'f' => literal!(Literal::False, b"false"),
                    b'n' => literal!(Literal::Null, b"null"),
                    b'N' if self.rules.nan => literal!(Literal::Constant(Constant::NaN), b"NaN"),
                    b'I' if self.rules.nan => literal!(Literal::Constant(Constant::Infinity), b"Infinity"),
                    b']' if !$in_object && state == State::FirstItem => close!($outer),
                    b']' if !$in_object && self.holder == Holder::Array => {
                        save!();
                        let here = c;
                        return self.trailing_comma(builder, &here);
                    }
                    _ => stop!(Kind::ExpectedValue),
                }
                count += 1;
            }};
        }
        'outer: loop {
            let cap = self.cap(self.holder);
            if self.holder == Holder::Object {
                loop {
                    if state == State::Key || state == State::FirstKey {
                        let byte = simd::skip_space(&mut c);
                        if byte != b'"' {
                            if byte == b'}' && state == State::FirstKey {
                                close!('outer);
                            }
                            if byte == b'}' {
                                save!();
                                let here = c;
                                return self.trailing_comma(builder, &here);
                            }
                            stop!(Kind::ExpectedKey);
                        }
                        if CHECKED && count >= cap {
                            save!();
                            let here = c;
                            if !self.gate(builder, &here, byte, false) {
                                return Flow::Failed;
                            }
                        }
                        let open = c.mark();
                        c.advance(1);
                        let mut answer = None;
                        if B::EXPECTS_KEYS
                            && (!CHECKED || self.key_cap >= LONGEST_EXPECTED)
                            && let Some((length, member)) = builder.expected_key(c.ahead())
                        {
                            c.advance(length);
                            answer = Some((length as u64, member));
                        } else {
                            let from = c.mark();
                            let high = simd::skip_plain(&mut c);
                            let text = c.since(from);
                            if c.peek() == b'"'
                                && (!CHECKED || text.len() as u64 <= self.key_cap)
                                && (!high || utf8::check(text, self.rules.text.surrogates) == utf8::Checked::Valid)
                            {
                                if !B::KEEPS_KEYS && !self.keep_key(text) {
                                    save!();
                                    let here = c;
                                    return self.fail(builder, Kind::OutOfMemory, &here);
                                }
                                answer = Some((text.len() as u64, builder.key(text, !high)));
                            }
                        }
                        match answer {
                            Some((length, member @ (Member::Build | Member::Skip | Member::Rest))) => {
                                if CHECKED && self.metered {
                                    self.charge(length);
                                }
                                if B::SKIPS {
                                    self.skip_next = member == Member::Skip;
                                }
                                if B::RESTS {
                                    self.rest_next = member == Member::Rest;
                                }
                                c.advance(1);
                            }
                            Some((length, refused)) => {
                                let behind = c.mark();
                                c.back(open);
                                save!();
                                let here = c;
                                if refused != Member::Over || !self.passes_over(builder, &here, self.offset(&here)) {
                                    return self.refuse_key(builder, &here, refused);
                                }
                                self.charge(length);
                                self.rest_next = true;
                                c.back(behind);
                                c.advance(1);
                            }
                            None => {
                                c.back(open);
                                slow!(slow_text(true));
                            }
                        }
                        state = State::Colon;
                    }
                    if state == State::Colon {
                        if simd::skip_space(&mut c) != b':' {
                            stop!(Kind::ExpectedColon);
                        }
                        c.advance(1);
                        state = State::Value;
                        if B::SKIPS && self.skip_next {
                            self.skip_next = false;
                            save!();
                            return Flow::Skip;
                        }
                    }
                    if state == State::Value {
                        value!('outer, cap, true);
                    }
                    if B::RESTS && builder.rest_is_open() {
                        state = State::After;
                        save!();
                        let here = c;
                        if self.end_rest(builder, &here) {
                            return Flow::Fenced;
                        }
                    }
                    match simd::skip_space(&mut c) {
                        b',' => {
                            c.advance(1);
                            state = State::Key;
                        }
                        b'}' => close!('outer),
                        _ => {
                            state = State::After;
                            stop!(Kind::ExpectedComma)
                        }
                    }
                }
            }
            loop {
                if state != State::After {
                    value!('outer, cap, false);
                }
                if self.holder == Holder::Top {
                    state = State::After;
                    save!();
                    return Flow::Done;
                }
                match simd::skip_space(&mut c) {
                    b',' => {
                        c.advance(1);
                        state = State::Value;
                    }
                    b']' => close!('outer),
                    _ => {
                        state = State::After;
                        stop!(Kind::ExpectedComma)
                    }
                }
            }
        }
    }
}
