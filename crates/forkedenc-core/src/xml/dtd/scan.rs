//! The tokens of a DOCTYPE, found byte by byte, so that a chunk may end anywhere and no byte is looked at twice.
//!
//! A token that is cut is kept in `carry`. Errors stand at the character that can't continue the token; whether a whole
//! token may stand where it does is the business of `grammar`.

use super::reader::{Base, Env, Failure, Reader, Step};
use crate::limits::Limit;
use crate::xml::chars::{first, is_name, is_name_start, is_space};
use crate::xml::error::Kind;
use crate::xml::sink::Sink;

/// The token that is being read, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    Between,
    /// `<`
    Less,
    /// `<!`
    Declaration,
    /// `<!ELEM`
    Keyword,
    /// `<!-`
    CommentOpen,
    Comment,
    /// One hyphen in a comment, then two.
    CommentHyphen,
    CommentEnd,
    /// `<?`
    PiOpen,
    PiTarget,
    /// A question mark behind the target, or in the data.
    PiTargetEnd,
    PiData,
    PiDataEnd,
    Percent,
    /// `%name`
    Reference,
    /// In a literal that this quote ends.
    Literal(u8),
    /// Behind that quote.
    LiteralEnd,
    Bracket,
    TwoBrackets,
    /// `)`, which an occurrence indicator may follow.
    Paren,
    /// `#`
    Pound,
    PoundName,
    Name(Shape),
    /// A name and a colon.
    Colon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Name,
    /// With a colon in it, where namespaces are on.
    Prefixed,
    /// What may be a name token only.
    Token,
}

/// A token that the grammar judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `<!` and a keyword.
    Open,
    /// `%` before white space.
    Percent,
    /// The last field: a `?`, `*` or `+` behind it, or NUL.
    Name(Shape, u8),
    PoundName,
    Literal,
    OpenParen,
    CloseParen(u8),
    Or,
    Comma,
    OpenBracket,
    CloseBracket,
    /// `>`
    Close,
    /// `%name;`
    Reference,
}

/// How many bytes at the start are `NameChar`s.
pub(super) fn name_run(bytes: &[u8], colons: bool) -> usize {
    let mut length = 0;
    loop {
        length += bytes[length..]
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')))
            .unwrap_or(bytes.len() - length);
        match first(&bytes[length..]) {
            Some((character, size)) if is_name(character) && (colons || character != ':') => length += size,
            _ => return length,
        }
    }
}

impl Reader {
    /// Whether a name may start here.
    pub(super) fn starts_name(&self, bytes: &[u8]) -> bool {
        first(bytes).is_some_and(|(character, _)| is_name_start(character) && (character != ':' || !self.namespaces))
    }

    /// Reads tokens of `text` from `at` on, up to `end` or to what [`Step`] tells. The number is where it stopped.
    pub(super) fn run<S: Sink>(
        &mut self,
        text: &[u8],
        mut at: usize,
        end: usize,
        base: Base,
        env: &mut Env<'_, S>,
    ) -> Result<(Step, usize), Failure> {
        let text = &text[..end];
        let mut begun = at;
        while at < end {
            let byte = text[at];
            let rest = &text[at..];
            let invalid = Failure { kind: Kind::InvalidToken, at: base.at(at) };
            // What a token is complete with: how many more bytes belong to it.
            let (token, length) = match self.scan {
                Scan::Between => {
                    begun = at;
                    if is_space(byte) {
                        let run = rest.iter().position(|byte| !is_space(*byte)).unwrap_or(rest.len());
                        self.white(&rest[..run], base.at(at), env)?;
                        at += run;
                        continue;
                    }
                    self.token = base.at(at);
                    match byte {
                        b'>' => (Token::Close, 1),
                        b',' => (Token::Comma, 1),
                        b'|' => (Token::Or, 1),
                        b'(' => (Token::OpenParen, 1),
                        b'[' => (Token::OpenBracket, 1),
                        _ => {
                            at += self.begin(byte, rest, invalid)?;
                            continue;
                        }
                    }
                }
                Scan::Less => {
                    self.scan = match byte {
                        b'!' => Scan::Declaration,
                        b'?' => Scan::PiOpen,
                        _ if self.starts_name(rest) => return Err(self.syntax()),
                        _ => return Err(invalid),
                    };
                    at += 1;
                    continue;
                }
                Scan::Declaration => {
                    self.scan = match byte {
                        b'-' => Scan::CommentOpen,
                        b'[' => return Err(self.syntax()),
                        b'a'..=b'z' | b'A'..=b'Z' | b'_' => Scan::Keyword,
                        _ => return Err(invalid),
                    };
                    at += usize::from(byte == b'-');
                    continue;
                }
                Scan::Keyword => {
                    let run = rest.iter().position(|byte| !(byte.is_ascii_alphabetic() || *byte == b'_'));
                    let Some(run) = run else {
                        at = end;
                        continue;
                    };
                    if !is_space(rest[run]) {
                        return Err(Failure { kind: Kind::InvalidToken, at: base.at(at + run) });
                    }
                    (Token::Open, run)
                }
                Scan::CommentOpen | Scan::Comment | Scan::CommentHyphen | Scan::CommentEnd => {
                    at = self.comment(text, begun, at, base, env)?;
                    continue;
                }
                Scan::PiOpen | Scan::PiTarget | Scan::PiTargetEnd | Scan::PiData | Scan::PiDataEnd => {
                    at = self.instruction(text, begun, at, base, env)?;
                    continue;
                }
                Scan::Percent if is_space(byte) || byte == b'%' => (Token::Percent, 0),
                Scan::Percent if self.starts_name(rest) => {
                    (self.scan, self.length) = (Scan::Reference, 0);
                    continue;
                }
                Scan::Reference => {
                    let run = name_run(rest, !self.namespaces);
                    self.count_name(run, at, base, false)?;
                    at += run;
                    match text.get(at) {
                        None => continue,
                        Some(b';') => (Token::Reference, 1),
                        Some(_) => return Err(Failure { kind: Kind::InvalidToken, at: base.at(at) }),
                    }
                }
                Scan::Literal(quote) => {
                    at = self.literal(quote, text, at, base, env)?;
                    if at < end {
                        self.literal_ends();
                        self.scan = Scan::LiteralEnd;
                        at += 1;
                    }
                    continue;
                }
                Scan::LiteralEnd if is_space(byte) || matches!(byte, b'>' | b'%' | b'[') => (Token::Literal, 0),
                Scan::Bracket if byte != b']' => (Token::CloseBracket, 0),
                Scan::Bracket => {
                    (self.scan, self.mark) = (Scan::TwoBrackets, base.at(at));
                    at += 1;
                    continue;
                }
                Scan::TwoBrackets => {
                    // `]]>` ends a conditional section, and there is none; else the second bracket is one too many.
                    let at = if byte == b'>' { self.token } else { self.mark };
                    return Err(Failure { kind: Kind::Syntax, at });
                }
                Scan::Paren => match byte {
                    b'*' | b'?' | b'+' => (Token::CloseParen(byte), 1),
                    b'>' | b',' | b'|' | b')' => (Token::CloseParen(0), 0),
                    _ if is_space(byte) => (Token::CloseParen(0), 0),
                    _ => return Err(invalid),
                },
                Scan::Pound if self.starts_name(rest) => {
                    (self.scan, self.length) = (Scan::PoundName, 0);
                    continue;
                }
                Scan::PoundName => {
                    let run = name_run(rest, !self.namespaces);
                    self.count_name(run, at, base, false)?;
                    at += run;
                    match text.get(at) {
                        None => continue,
                        Some(byte) if is_space(*byte) || matches!(byte, b')' | b'>' | b'%' | b'|') => {
                            (Token::PoundName, 0)
                        }
                        Some(_) => return Err(Failure { kind: Kind::InvalidToken, at: base.at(at) }),
                    }
                }
                Scan::Name(shape) => {
                    let run = name_run(rest, !self.namespaces || shape == Shape::Token);
                    self.count_name(run, at, base, false)?;
                    at += run;
                    let Some(byte) = text.get(at).copied() else { continue };
                    match byte {
                        b':' => {
                            self.count_name(1, at, base, false)?;
                            self.scan = if shape == Shape::Name { Scan::Colon } else { Scan::Name(Shape::Token) };
                            at += 1;
                            continue;
                        }
                        b'>' | b')' | b',' | b'|' | b'[' | b'%' => (Token::Name(shape, 0), 0),
                        _ if is_space(byte) => (Token::Name(shape, 0), 0),
                        b'*' | b'?' | b'+' if shape != Shape::Token => (Token::Name(shape, byte), 1),
                        _ => return Err(Failure { kind: Kind::InvalidToken, at: base.at(at) }),
                    }
                }
                Scan::Colon => {
                    let shape = if self.starts_name(rest) { Shape::Prefixed } else { Shape::Token };
                    self.scan = Scan::Name(shape);
                    continue;
                }
                _ => return Err(invalid),
            };
            at += length;
            self.scan = Scan::Between;
            self.ended(&[Limit::NameBytes], self.length);
            let step = self.whole(&text[begun..at], base, at, token, env)?;
            if step != Step::On {
                return Ok((step, at));
            }
        }
        if self.scan != Scan::Between {
            self.carry.try_reserve(end - begun).map_err(|_| Failure { kind: Kind::OutOfMemory, at: base.at(begun) })?;
            self.carry.extend_from_slice(&text[begun..]);
        }
        Ok((Step::On, end))
    }

    /// A token of more than one byte, or of one that others may follow, starts with `byte`. How many bytes were looked at.
    fn begin(&mut self, byte: u8, rest: &[u8], invalid: Failure) -> Result<usize, Failure> {
        self.length = 0;
        self.scan = match byte {
            b'<' => Scan::Less,
            b'%' => Scan::Percent,
            b'"' | b'\'' => {
                self.literal_begins();
                Scan::Literal(byte)
            }
            b']' if self.in_subset() => Scan::Bracket,
            b']' => return Err(self.syntax()),
            b')' => Scan::Paren,
            b'#' => Scan::Pound,
            _ if self.starts_name(rest) => {
                self.scan = Scan::Name(Shape::Name);
                return Ok(0);
            }
            _ if first(rest).is_some_and(|(character, _)| is_name(character)) => {
                self.scan = Scan::Name(Shape::Token);
                return Ok(0);
            }
            _ => return Err(invalid),
        };
        Ok(1)
    }

    /// A token is complete: its last bytes are `tail`, and it ends at `end`.
    fn whole<S: Sink>(
        &mut self,
        tail: &[u8],
        base: Base,
        end: usize,
        token: Token,
        env: &mut Env<'_, S>,
    ) -> Result<Step, Failure> {
        self.with_token(tail, |reader, text| reader.judge(token, text, base, end, env))
    }

    /// Hands over a token that is complete, in one piece.
    pub(super) fn with_token<T>(
        &mut self,
        tail: &[u8],
        take: impl FnOnce(&mut Self, &[u8]) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.carry.is_empty() {
            return take(self, tail);
        }
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(tail);
        let taken = take(self, &carry);
        carry.clear();
        self.carry = carry;
        taken
    }

    pub(super) fn syntax(&self) -> Failure {
        Failure { kind: Kind::Syntax, at: self.token }
    }

    /// Adds bytes of content, which start at `at`, to the token at hand.
    pub(super) fn count(
        &mut self,
        run: usize,
        at: usize,
        base: Base,
        maximum: u64,
        limit: Limit,
    ) -> Result<(), Failure> {
        let length = self.length + run as u64;
        if length > maximum {
            let over = usize::try_from(maximum.saturating_sub(self.length)).unwrap_or(0);
            self.cross(limit, maximum, maximum.saturating_add(1), base.at(at + over))?;
        }
        self.length = length;
        Ok(())
    }

    /// Adds the byte at `mark`, which could have been the start of the token's end, to its content.
    pub(super) fn count_mark(&mut self, maximum: u64, limit: Limit) -> Result<(), Failure> {
        if self.length >= maximum {
            self.cross(limit, maximum, maximum.saturating_add(1), self.mark)?;
        }
        self.length += 1;
        Ok(())
    }

    /// Adds bytes of a name. `target`: of a PI, whose content it begins.
    pub(super) fn count_name(&mut self, run: usize, at: usize, base: Base, target: bool) -> Result<(), Failure> {
        let length = self.length;
        if target && self.limits.pi_bytes < self.limits.name_bytes {
            self.count(run, at, base, self.limits.pi_bytes, Limit::PiBytes)?;
            self.length = length;
        }
        self.count(run, at, base, self.limits.name_bytes, Limit::NameBytes)
    }
}
