//! Style: presentation attributes, declaration lists and style sheets, by the tokens of CSS Syntax 3.
//!
//! What is written is put together anew of tokens that stand in the source as they are, without escapes and comments: names of
//! the policy's properties, values of words, numbers, colors, strings of letters, functions of the policy's, and
//! `url(#id)`. So there is nothing in it that two parsers could read differently.

use std::collections::HashSet;

use cssparser::{BasicParseErrorKind, Delimiter, ParseError, Parser, Token};

use super::judge::{Findings, Verdict, is_id, trim};
use super::plan::Plan;

/// Functions and at-rules that are deeper than this are dropped.
const DEPTH: u32 = 8;

/// What was refused; where it stands is of no interest.
struct Refused;

type Outcome<T = ()> = Result<T, ParseError<Refused>>;

fn refuse<T>() -> Outcome<T> {
    Err(ParseError::custom(Refused))
}

/// The value of a presentation attribute.
pub(super) fn value(plan: &Plan, text: &[u8], findings: &mut Findings) -> Verdict {
    let Ok(source) = std::str::from_utf8(text) else { return Verdict::Bad };
    let mut parser = Parser::new(source);
    if tokens(plan, &mut parser, findings, 0).is_err() {
        return Verdict::Bad;
    }
    if findings.out == text { Verdict::Good } else { Verdict::Written }
}

/// A declaration list; what is left of it.
pub(super) fn style(plan: &Plan, text: &[u8], findings: &mut Findings) -> Verdict {
    if simple_style(plan, text) {
        return Verdict::Good;
    }
    let Ok(source) = std::str::from_utf8(text) else { return Verdict::Bad };
    let mut parser = Parser::new(source);
    declarations(plan, &mut parser, findings);
    if findings.out.is_empty() {
        return if trim(text).is_empty() { Verdict::Good } else { Verdict::Bad };
    }
    if findings.out == text { Verdict::Good } else { Verdict::Written }
}

/// Known properties with values of words, numbers and colors, as almost all are: nothing else is in it.
fn simple_style(plan: &Plan, text: &[u8]) -> bool {
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'#' | b'%' | b'.' | b',' | b'-' | b'+' | b'_' | b':' | b';' | b' ' | b'\n' | b'\t' | b'\r'
            )
    };
    text.iter().all(plain)
        && text.split(|byte| *byte == b';').all(|declaration| {
            let declaration = trim(declaration);
            let Some(colon) = memchr::memchr(b':', declaration) else { return declaration.is_empty() };
            let (name, value) = (trim(&declaration[..colon]), &declaration[colon + 1..]);
            plan.properties.contains(name) && !trim(value).is_empty() && memchr::memchr(b':', value).is_none()
        })
}

/// A style sheet; what is left of it. `rule` is told each reference with the selectors that it stands under.
pub(super) fn sheet(plan: &Plan, text: &str, findings: &mut Findings, styled: &mut Styled) {
    let mut parser = Parser::new(text);
    rules(plan, &mut parser, findings, styled, 0);
}

/// The references of a style sheet: to an id, from the elements that a selector may match.
#[derive(Debug, Default)]
pub(super) struct Styled {
    pub pairs: Vec<(Key, Vec<u8>)>,
    pub too_many: bool,
}

/// More of them than this are not followed.
const STYLED: usize = 4096;

/// What an element must have to be matched by a selector, as far as is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Class(Vec<u8>),
    Id(Vec<u8>),
    Type(Vec<u8>),
    Any,
}

fn rules(plan: &Plan, parser: &mut Parser<'_>, findings: &mut Findings, styled: &mut Styled, depth: u32) {
    loop {
        let start = parser.state();
        match parser.next_including_whitespace_and_comments() {
            Err(_) => return,
            Ok(Token::WhiteSpace(_) | Token::CDO | Token::CDC) => {}
            Ok(Token::Comment(_)) => findings.dropped += 1,
            Ok(Token::AtKeyword(name)) => {
                let known = plan.source.at_rules.iter().any(|known| name.eq_ignore_ascii_case(known)) && depth < DEPTH;
                let name = name.to_ascii_lowercase();
                let from = findings.out.len();
                findings.out.push(b'@');
                findings.out.extend_from_slice(name.as_bytes());
                findings.out.push(b' ');
                let prelude = parser
                    .parse_until_before(Delimiter::CurlyBracketBlock | Delimiter::Semicolon, |parser| {
                        prelude(plan, parser, findings, None, 0)
                    })
                    .is_ok();
                let block = matches!(parser.next(), Ok(Token::CurlyBracketBlock));
                let inside = findings.out.len() + 1;
                if block && known && prelude {
                    findings.out.push(b'{');
                    let _: Outcome = parser.parse_nested_block(|parser| {
                        rules(plan, parser, findings, styled, depth + 1);
                        Ok(())
                    });
                    findings.out.push(b'}');
                }
                if !(block && known && prelude) || findings.out.len() == inside + 1 {
                    pass_block(parser, block && !(known && prelude));
                    findings.out.truncate(from);
                    findings.dropped += 1;
                }
            }
            Ok(_) => {
                parser.reset(&start);
                let from = findings.out.len();
                let mut keys = Vec::new();
                let good = parser
                    .parse_until_before(Delimiter::CurlyBracketBlock, |parser| {
                        prelude(plan, parser, findings, Some(&mut keys), 0)
                    })
                    .is_ok();
                let block = matches!(parser.next(), Ok(Token::CurlyBracketBlock));
                if !block || !good || findings.out.len() == from {
                    pass_block(parser, block);
                    findings.out.truncate(from);
                    findings.dropped += 1;
                    continue;
                }
                findings.out.push(b'{');
                let inside = findings.out.len();
                let known = findings.references.len();
                let _: Outcome = parser.parse_nested_block(|parser| {
                    declarations(plan, parser, findings);
                    Ok(())
                });
                if findings.out.len() == inside {
                    findings.out.truncate(from);
                    continue;
                }
                findings.out.push(b'}');
                let ids: HashSet<&[u8]> =
                    findings.references[known..].split(|byte| *byte == 0).filter(|id| !id.is_empty()).collect();
                if ids.is_empty() {
                    continue;
                }
                let keys: HashSet<Key> = keys.into_iter().collect();
                if styled.pairs.len() + keys.len() * ids.len() > STYLED {
                    styled.too_many = true;
                    continue;
                }
                for id in ids {
                    styled.pairs.extend(keys.iter().map(|key| (key.clone(), id.to_vec())));
                }
            }
        }
    }
}

/// Goes to the end of a block that nothing is made of: where the next token starts, that is not part of it.
fn pass_block(parser: &mut Parser<'_>, open: bool) {
    if open {
        let _: Outcome = parser.parse_nested_block(|_| Ok(()));
    }
}

/// Selectors, or the conditions of an at-rule, as they are. `keys`: gets what the selectors' last parts ask for.
fn prelude(
    plan: &Plan,
    parser: &mut Parser<'_>,
    findings: &mut Findings,
    mut keys: Option<&mut Vec<Key>>,
    depth: u32,
) -> Outcome {
    let from = findings.out.len();
    let mut key: Option<Key> = None;
    let mut begins = false;
    loop {
        let at = parser.position();
        let Ok(token) = parser.next_including_whitespace_and_comments() else { break };
        let token = token.clone();
        let opens = matches!(token, Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock);
        if depth >= DEPTH && opens {
            return refuse();
        }
        if let Some(keys) = &mut keys {
            match &token {
                Token::Comma => {
                    keys.push(key.take().unwrap_or(Key::Any));
                    begins = false;
                }
                // Another compound may begin.
                Token::WhiteSpace(_) | Token::Delim('>' | '+' | '~') => begins = true,
                _ => {
                    if std::mem::take(&mut begins) {
                        key = None;
                    }
                    match &token {
                        Token::Ident(name) if findings.out.ends_with(b".") => {
                            key = Some(Key::Class(name.as_bytes().to_vec()));
                        }
                        // Behind a colon it is a pseudo-class, which makes no selector wider.
                        Token::Ident(name) if !findings.out.ends_with(b":") && key.is_none() => {
                            key = Some(Key::Type(name.as_bytes().to_vec()));
                        }
                        Token::IDHash(id) => {
                            let mut written = Vec::new();
                            plan.prefixed(id.as_bytes(), &mut written);
                            key = Some(Key::Id(written));
                        }
                        // What stood before it was a namespace.
                        Token::Delim('|') => key = None,
                        _ => {}
                    }
                }
            }
        }
        match &token {
            // Between two tokens it keeps them apart; without it they would be one.
            Token::Comment(_) if findings.out.len() > from && !findings.out.ends_with(b" ") => return refuse(),
            Token::Comment(_) => {
                findings.dropped += 1;
                continue;
            }
            Token::WhiteSpace(_) => {
                if findings.out.len() > from {
                    findings.out.push(b' ');
                }
                continue;
            }
            Token::IDHash(id) => {
                if !is_id(id.as_bytes()) || parser.slice_from(at).contains('\\') {
                    return refuse();
                }
                findings.out.push(b'#');
                plan.prefixed(id.as_bytes(), &mut findings.out);
                continue;
            }
            Token::Ident(_)
            | Token::Number { .. }
            | Token::Dimension { .. }
            | Token::Percentage { .. }
            | Token::Comma
            | Token::Colon
            | Token::Delim('.' | '>' | '+' | '~' | '*' | '|' | '=' | '-' | '/')
            | Token::IncludeMatch
            | Token::DashMatch
            | Token::PrefixMatch
            | Token::SuffixMatch
            | Token::SubstringMatch
            | Token::Function(_)
            | Token::ParenthesisBlock
            | Token::SquareBracketBlock => {}
            Token::QuotedString(text) if is_letters(text) => {}
            _ => return refuse(),
        }
        let written = parser.slice_from(at);
        if written.contains('\\') {
            return refuse();
        }
        findings.out.extend_from_slice(written.as_bytes());
        if opens {
            let end = if matches!(token, Token::SquareBracketBlock) { b']' } else { b')' };
            if matches!(&token, Token::Function(name) if is_fetching(name)) {
                return refuse();
            }
            parser.parse_nested_block(|parser| prelude(plan, parser, findings, None, depth + 1))?;
            findings.out.push(end);
        }
    }
    while findings.out.len() > from && findings.out.ends_with(b" ") {
        findings.out.pop();
    }
    if let Some(keys) = keys {
        keys.push(key.unwrap_or(Key::Any));
    }
    Ok(())
}

/// Functions that take a URL as a string.
fn is_fetching(name: &str) -> bool {
    ["url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "element", "expression", "attr"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Appends the good declarations, apart by semicolons.
fn declarations(plan: &Plan, parser: &mut Parser<'_>, findings: &mut Findings) {
    let start = findings.out.len();
    loop {
        let state = parser.state();
        match parser.next_including_whitespace_and_comments() {
            Err(_) => return,
            Ok(Token::WhiteSpace(_) | Token::Semicolon) => continue,
            Ok(Token::Comment(_)) => {
                findings.dropped += 1;
                continue;
            }
            Ok(_) => parser.reset(&state),
        }
        let (from, known) = (findings.out.len(), findings.references.len());
        if from > start {
            findings.out.push(b';');
        }
        let outcome: Outcome =
            parser.parse_until_after(Delimiter::Semicolon, |parser| declaration(plan, parser, findings));
        if outcome.is_err() {
            findings.out.truncate(from);
            findings.references.truncate(known);
            findings.dropped += 1;
        }
    }
}

fn declaration(plan: &Plan, parser: &mut Parser<'_>, findings: &mut Findings) -> Outcome {
    let at = parser.position();
    let name = parser.expect_ident()?.to_ascii_lowercase();
    let written = parser.slice_from(at).trim();
    if written.len() != name.len() || !plan.properties.contains(name.as_bytes()) {
        return refuse();
    }
    findings.out.extend_from_slice(written.as_bytes());
    parser.expect_colon()?;
    findings.out.push(b':');
    let from = findings.out.len();
    parser.skip_whitespace();
    tokens(plan, parser, findings, 0)?;
    while findings.out.len() > from && findings.out.ends_with(b" ") {
        findings.out.pop();
    }
    if findings.out.len() == from { refuse() } else { Ok(()) }
}

/// The tokens of a value, to its end.
fn tokens(plan: &Plan, parser: &mut Parser<'_>, findings: &mut Findings, depth: u32) -> Outcome {
    loop {
        let at = parser.position();
        let token = match parser.next_including_whitespace_and_comments() {
            Ok(token) => token.clone(),
            Err(error) if matches!(error.kind, BasicParseErrorKind::EndOfInput) => return Ok(()),
            Err(_) => return refuse(),
        };
        let written = parser.slice_from(at);
        match &token {
            Token::Comment(_) => {
                findings.dropped += 1;
                findings.out.push(b' ');
                continue;
            }
            Token::UnquotedUrl(url) => {
                local(plan, url, findings).map_or_else(refuse, Ok)?;
                continue;
            }
            Token::Function(name) if name.eq_ignore_ascii_case("url") => {
                parser.parse_nested_block(|parser| {
                    let url = parser.expect_string()?.clone();
                    if local(plan, &url, findings).is_none() || parser.expect_exhausted().is_err() {
                        return refuse();
                    }
                    Ok(())
                })?;
                continue;
            }
            Token::Function(name) => {
                let lower = name.to_ascii_lowercase();
                if depth >= DEPTH || written.contains('\\') || !plan.functions.contains(lower.as_bytes()) {
                    return refuse();
                }
                findings.out.extend_from_slice(written.as_bytes());
                parser.parse_nested_block(|parser| tokens(plan, parser, findings, depth + 1))?;
                findings.out.push(b')');
                continue;
            }
            // Groups of an expression.
            Token::ParenthesisBlock if (1..DEPTH).contains(&depth) => {
                findings.out.push(b'(');
                parser.parse_nested_block(|parser| tokens(plan, parser, findings, depth + 1))?;
                findings.out.push(b')');
                continue;
            }
            Token::QuotedString(text) if is_letters(text) => {
                findings.out.push(b'\'');
                findings.out.extend_from_slice(text.as_bytes());
                findings.out.push(b'\'');
                if written.starts_with('"') {
                    let length = findings.out.len();
                    findings.out[length - text.len() - 2] = b'"';
                    findings.out[length - 1] = b'"';
                }
                continue;
            }
            Token::Ident(_)
            | Token::Hash(_)
            | Token::IDHash(_)
            | Token::Number { .. }
            | Token::Percentage { .. }
            | Token::Dimension { .. }
            | Token::WhiteSpace(_)
            | Token::Comma
            | Token::Delim('/' | '+' | '-' | '*' | '!') => {}
            _ => return refuse(),
        }
        if written.contains('\\') {
            return refuse();
        }
        findings.out.extend_from_slice(written.as_bytes());
    }
}

/// `url(#id)`, the only URL there is; `None` for any other.
fn local(plan: &Plan, url: &str, findings: &mut Findings) -> Option<()> {
    let id = trim(url.as_bytes()).strip_prefix(b"#").filter(|id| is_id(id))?;
    plan.refer(id, findings);
    findings.out.extend_from_slice(b"url(#");
    plan.prefixed(id, &mut findings.out);
    findings.out.push(b')');
    Some(())
}

/// Names of fonts and the like.
fn is_letters(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_alphanumeric() || matches!(character, ' ' | '-' | '_' | '.' | ',' | '&' | '+'))
}
