//! Comments and processing instructions in a DOCTYPE (XML 1.0 §2.5, §2.6).

use super::reader::{Base, Env, Failure, Reader};
use super::scan::{Scan, name_run};
use crate::limits::Limit;
use crate::xml::chars::is_space;
use crate::xml::error::Kind;
use crate::xml::sink::Sink;

impl Reader {
    /// Reads on in a comment, whose bytes in this text start at `begun`. Where it stopped.
    pub(super) fn comment<S: Sink>(
        &mut self,
        text: &[u8],
        begun: usize,
        mut at: usize,
        base: Base,
        env: &mut Env<'_, S>,
    ) -> Result<usize, Failure> {
        let (byte, rest) = (text[at], &text[at..]);
        match self.scan {
            Scan::CommentOpen if byte == b'-' => (self.scan, self.length) = (Scan::Comment, 0),
            Scan::Comment => {
                let run = memchr::memchr(b'-', rest).unwrap_or(rest.len());
                self.count(run, at, base, self.limits.comment_bytes, Limit::CommentBytes)?;
                at += run;
                if at == text.len() {
                    return Ok(at);
                }
                (self.scan, self.mark) = (Scan::CommentHyphen, base.at(at));
            }
            Scan::CommentHyphen if byte == b'-' => self.scan = Scan::CommentEnd,
            Scan::CommentHyphen => {
                self.count_mark(self.limits.comment_bytes, Limit::CommentBytes)?;
                self.scan = Scan::Comment;
                return Ok(at);
            }
            Scan::CommentEnd if byte == b'>' => {
                self.ended(&[Limit::CommentBytes], self.length);
                self.comment_ends(&text[begun..=at], env)?;
                self.scan = Scan::Between;
            }
            _ => return Err(Failure { kind: Kind::InvalidToken, at: base.at(at) }),
        }
        Ok(at + 1)
    }

    /// Reads on in a processing instruction.
    pub(super) fn instruction<S: Sink>(
        &mut self,
        text: &[u8],
        begun: usize,
        mut at: usize,
        base: Base,
        env: &mut Env<'_, S>,
    ) -> Result<usize, Failure> {
        let (byte, rest) = (text[at], &text[at..]);
        match self.scan {
            Scan::PiOpen if self.starts_name(rest) => {
                (self.scan, self.length) = (Scan::PiTarget, 0);
                return Ok(at);
            }
            Scan::PiTarget => {
                let run = name_run(rest, !self.namespaces);
                self.count_name(run, at, base, true)?;
                at += run;
                let Some(byte) = text.get(at).copied() else { return Ok(at) };
                if !(is_space(byte) || byte == b'?') || self.is_bad_target(&text[begun..at]) {
                    return Err(Failure { kind: Kind::InvalidToken, at: base.at(at) });
                }
                self.ended(&[Limit::NameBytes], self.length);
                if byte != b'?' {
                    self.scan = Scan::PiData;
                    return Ok(at);
                }
                (self.scan, self.mark) = (Scan::PiTargetEnd, base.at(at));
            }
            Scan::PiData => {
                let run = memchr::memchr(b'?', rest).unwrap_or(rest.len());
                self.count(run, at, base, self.limits.pi_bytes, Limit::PiBytes)?;
                at += run;
                if at == text.len() {
                    return Ok(at);
                }
                (self.scan, self.mark) = (Scan::PiDataEnd, base.at(at));
            }
            Scan::PiTargetEnd | Scan::PiDataEnd if byte == b'>' => {
                self.ended(&[Limit::PiBytes], self.length);
                self.instruction_ends(&text[begun..=at], env)?;
                self.scan = Scan::Between;
            }
            Scan::PiDataEnd => {
                self.count_mark(self.limits.pi_bytes, Limit::PiBytes)?;
                if byte != b'?' {
                    self.scan = Scan::PiData;
                    return Ok(at);
                }
                self.mark = base.at(at);
            }
            _ => return Err(Failure { kind: Kind::InvalidToken, at: base.at(at) }),
        }
        Ok(at + 1)
    }

    /// A token's text up to here is `<?` and `xml` in another case.
    fn is_bad_target(&self, tail: &[u8]) -> bool {
        if self.length != 3 {
            return false;
        }
        let token = [self.carry.as_slice(), tail].concat();
        token[2..].eq_ignore_ascii_case(b"xml") && &token[2..] != b"xml"
    }

    /// A comment is complete, delimiters included.
    fn comment_ends<S: Sink>(&mut self, tail: &[u8], env: &mut Env<'_, S>) -> Result<(), Failure> {
        self.with_token(tail, |reader, text| {
            if !reader.in_subset() {
                return Err(reader.syntax());
            }
            reader.written(text, reader.token, env)?;
            env.tell(reader.token, |sink, cx| sink.comment(&text[4..text.len() - 3], cx))
        })
    }

    /// A PI is complete, delimiters included.
    fn instruction_ends<S: Sink>(&mut self, tail: &[u8], env: &mut Env<'_, S>) -> Result<(), Failure> {
        self.with_token(tail, |reader, text| {
            let content = &text[2..text.len() - 2];
            let length = content.iter().position(|byte| is_space(*byte)).unwrap_or(content.len());
            let (target, rest) = content.split_at(length);
            if target == b"xml" {
                return Err(Failure { kind: Kind::MisplacedDeclaration, at: reader.token });
            }
            if !reader.in_subset() {
                return Err(reader.syntax());
            }
            let data = &rest[rest.iter().position(|byte| !is_space(*byte)).unwrap_or(rest.len())..];
            reader.written(text, reader.token, env)?;
            env.tell(reader.token, |sink, cx| sink.pi(target, data, cx))
        })
    }
}
