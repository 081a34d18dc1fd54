//! What stands between quotes: values of entities, defaults of attributes, identifiers.
//!
//! Values are made while their bytes arrive, so that an error in them has its place whatever was carried.

use super::expand::{expand, predefined};
use super::reader::{Base, Env, Failure, Reader};
use super::scan::name_run;
use crate::limits::Limit;
use crate::utf8;
use crate::xml::chars::{is_char, is_space};
use crate::xml::error::Kind;
use crate::xml::sink::Sink;

/// What a literal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// Unexpected, or a system identifier: taken as it stands.
    #[default]
    Plain,
    /// `PubidLiteral` (§2.3).
    Public,
    /// `EntityValue`.
    Entity,
    /// `AttValue` of a CDATA attribute.
    Characters,
    /// `AttValue` of another.
    Tokens,
}

/// How far a reference in a literal is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Text,
    /// `&`
    Ampersand,
    /// `&#`
    Hash,
    Decimal,
    /// `&#x`
    X,
    Hexadecimal,
    /// `&name`
    General,
    /// `%`
    Percent,
    /// `%name`
    Parameter,
}

/// The literal that is being read.
#[derive(Clone, Debug, Default)]
pub(super) struct Literal {
    pub role: Role,
    inside: Inside,
    number: u32,
    /// Of the reference at hand.
    name: Vec<u8>,
    /// What the literal stands for, so far.
    pub value: Vec<u8>,
}

impl Literal {
    pub fn begin(&mut self, role: Role) {
        (self.role, self.inside) = (role, Inside::Text);
        self.value.clear();
    }

    /// A piece of the value.
    fn push(&mut self, piece: &[u8]) -> Result<(), Kind> {
        self.value.try_reserve(piece.len()).map_err(|_| Kind::OutOfMemory)?;
        match self.role {
            Role::Public => {
                piece.iter().for_each(|byte| self.push_collapsed(if is_space(*byte) { b' ' } else { *byte }))
            }
            Role::Tokens => piece.iter().for_each(|byte| self.push_collapsed(*byte)),
            _ => self.value.extend_from_slice(piece),
        }
        Ok(())
    }

    /// No space at the start and none behind another.
    fn push_collapsed(&mut self, byte: u8) {
        if byte != b' ' || self.value.last().is_some_and(|last| *last != b' ') {
            self.value.push(byte);
        }
    }

    /// A space at the end, which goes when the literal ends.
    fn loose(&self) -> usize {
        usize::from(matches!(self.role, Role::Public | Role::Tokens) && self.value.last() == Some(&b' '))
    }
}

/// `PubidChar`, but for white space.
fn is_public(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-'()+,./:=?;!*#@$_%".contains(&byte)
}

impl Reader {
    /// Reads on in a literal that `quote` ends, up to there or to the end of the text.
    pub(super) fn literal<S: Sink>(
        &mut self,
        quote: u8,
        text: &[u8],
        mut at: usize,
        base: Base,
        env: &mut Env<'_, S>,
    ) -> Result<usize, Failure> {
        while at < text.len() && (self.literal.inside != Inside::Text || text[at] != quote) {
            if text[at] == quote {
                return Err(Failure { kind: Kind::InvalidToken, at: self.mark });
            }
            at += match self.literal.inside {
                Inside::Text => self.literal_text(quote, &text[at..], at, base)?,
                _ => self.literal_reference(&text[at..], at, base, env)?,
            };
        }
        Ok(at)
    }

    /// The literal's closing quote stands here.
    pub(super) fn literal_ends(&mut self) {
        let length = self.literal.value.len() - self.literal.loose();
        self.literal.value.truncate(length);
        self.ended(&[Limit::AttributeBytes], length as u64);
    }

    fn literal_text(&mut self, quote: u8, rest: &[u8], at: usize, base: Base) -> Result<usize, Failure> {
        let role = self.literal.role;
        let stops = |byte: &u8| {
            *byte == quote
                || match role {
                    Role::Plain => false,
                    Role::Public => !is_public(*byte) && !matches!(byte, b' ' | b'\n' | b'\r'),
                    Role::Entity => matches!(byte, b'&' | b'%'),
                    Role::Characters | Role::Tokens => matches!(byte, b'&' | b'<' | b'\t' | b'\n' | b'\r'),
                }
        };
        let run = rest.iter().position(stops).unwrap_or(rest.len());
        if run > 0 {
            self.add(&rest[..run], at, base, true)?;
            return Ok(run);
        }
        match rest[0] {
            b'&' if role != Role::Public => self.literal.inside = Inside::Ampersand,
            b'%' if role == Role::Entity => self.literal.inside = Inside::Percent,
            b'\t' | b'\n' | b'\r' if role != Role::Public => {
                self.add(b" ", at, base, true)?;
                return Ok(1);
            }
            _ => {
                let kind = if role == Role::Public { Kind::PublicId } else { Kind::InvalidToken };
                return Err(Failure { kind, at: base.at(at) });
            }
        }
        self.mark = base.at(at);
        Ok(1)
    }

    /// Adds a piece to the value; where that makes a default too long, the error is at the byte of the piece that crosses
    /// (`plain`), or at `at`.
    fn add(&mut self, piece: &[u8], at: usize, base: Base, plain: bool) -> Result<(), Failure> {
        let before = self.literal.value.len();
        self.literal.push(piece).map_err(|kind| Failure { kind, at: base.at(at) })?;
        let maximum = self.limits.attribute_bytes;
        let length = self.literal.value.len() - self.literal.loose();
        if matches!(self.literal.role, Role::Characters | Role::Tokens) && length as u64 > maximum {
            let over = if plain { self.crossing(piece, before, maximum) } else { 0 };
            self.cross(Limit::AttributeBytes, maximum, maximum.saturating_add(1), base.at(at + over))?;
        }
        Ok(())
    }

    /// Which byte of a piece makes the value longer than `maximum`, where it was `before` bytes long.
    fn crossing(&self, piece: &[u8], before: usize, maximum: u64) -> usize {
        let mut length = before as u64;
        let mut spaced = before == 0 || self.literal.value[before - 1] == b' ';
        for (at, byte) in piece.iter().enumerate() {
            let dropped = self.literal.role == Role::Tokens && *byte == b' ' && spaced;
            length += u64::from(!dropped);
            spaced = *byte == b' ';
            let loose = self.literal.role == Role::Tokens && spaced && length > 0;
            if length - u64::from(loose) > maximum {
                return at;
            }
        }
        0
    }

    fn literal_reference<S: Sink>(
        &mut self,
        rest: &[u8],
        at: usize,
        base: Base,
        env: &mut Env<'_, S>,
    ) -> Result<usize, Failure> {
        let byte = rest[0];
        let invalid = Failure { kind: Kind::InvalidToken, at: base.at(at) };
        let digit = char::from(byte);
        let next = match self.literal.inside {
            Inside::Ampersand if byte == b'#' => Inside::Hash,
            Inside::Ampersand | Inside::Percent if self.starts_name(rest) => {
                self.literal.name.clear();
                self.length = 0;
                let general = self.literal.inside == Inside::Ampersand;
                self.literal.inside = if general { Inside::General } else { Inside::Parameter };
                return Ok(0);
            }
            Inside::Hash if byte == b'x' => {
                self.literal.number = 0;
                Inside::X
            }
            Inside::Hash if digit.is_ascii_digit() => {
                self.literal.number = 0;
                self.digit(digit, 10);
                Inside::Decimal
            }
            Inside::Decimal if digit.is_ascii_digit() => {
                self.digit(digit, 10);
                Inside::Decimal
            }
            Inside::X | Inside::Hexadecimal if digit.is_ascii_hexdigit() => {
                self.digit(digit, 16);
                Inside::Hexadecimal
            }
            Inside::Decimal | Inside::Hexadecimal if byte == b';' => {
                if !is_char(self.literal.number) {
                    return Err(Failure { kind: Kind::BadCharacterReference, at: self.mark });
                }
                let mut character = Vec::with_capacity(4);
                utf8::push(&mut character, self.literal.number);
                self.add(&character, at, base, false)?;
                Inside::Text
            }
            Inside::General | Inside::Parameter => {
                let run = name_run(rest, !self.namespaces);
                self.count_name(run, at, base, false)?;
                self.literal.name.extend_from_slice(&rest[..run]);
                return match rest.get(run) {
                    Some(b';') => {
                        self.named(at + run, base, env)?;
                        self.literal.inside = Inside::Text;
                        Ok(run + 1)
                    }
                    Some(_) if run == 0 => Err(invalid),
                    _ => Ok(run),
                };
            }
            _ => return Err(invalid),
        };
        self.literal.inside = next;
        Ok(1)
    }

    fn digit(&mut self, digit: char, radix: u32) {
        let digit = digit.to_digit(radix).unwrap_or(0);
        self.literal.number = self.literal.number.saturating_mul(radix).saturating_add(digit);
    }

    /// A reference by name ends with the semicolon at `at`.
    fn named<S: Sink>(&mut self, at: usize, base: Base, env: &mut Env<'_, S>) -> Result<(), Failure> {
        let name = std::mem::take(&mut self.literal.name);
        self.ended(&[Limit::NameBytes], name.len() as u64);
        let done = if self.literal.inside == Inside::Parameter {
            // Well-formedness constraint "PEs in Internal Subset" (§2.8).
            Err(Failure { kind: Kind::ParameterEntity, at: self.mark })
        } else if self.literal.role == Role::Entity {
            // Bypassed (§4.4.7): it is replaced where the entity is.
            self.add(&[b"&", name.as_slice(), b";"].concat(), at, base, false)
        } else {
            self.default_reference(&name, at, base, env)
        };
        self.literal.name = name;
        done
    }

    /// In the default value of an attribute.
    fn default_reference<S: Sink>(
        &mut self,
        name: &[u8],
        at: usize,
        base: Base,
        env: &mut Env<'_, S>,
    ) -> Result<(), Failure> {
        if let Some(byte) = predefined(name) {
            return self.add(&[byte], at, base, false);
        }
        if !self.processes() {
            return Ok(());
        }
        let room = self.limits.attribute_bytes.saturating_sub(self.literal.value.len() as u64);
        // Spaces may go, so what is too long by them is made in full.
        let whole = self.literal.role == Role::Tokens || self.audit.is_some();
        let cap = if whole { u64::MAX } else { room };
        let mut value = Vec::new();
        let read = env.offset(base.at(at)) + 1;
        let expanded = expand(&self.store, name, &mut value, cap, env.expansions, read);
        self.audit_expansions(self.mark, env.expansions)?;
        if let Err(kind) = expanded {
            // Where the fault is not the reference's own, it is the value's, as expat has it.
            let own = matches!(kind, Kind::Limit { .. }) || self.store.is_unread(name);
            let at = if own { self.mark } else { self.token };
            return Err(Failure { kind, at });
        }
        self.add(&value, at, base, false)
    }
}
