//! URLs as a browser reads them (WHATWG URL §4.4): what stands around is cut, tabs and line feeds inside are passed by, the scheme
//! has no case, a backslash is a slash.

use super::judge::{Media, is_id};

/// What a URL turns out to be; the URL as it is written is in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// `#id`, in the document itself.
    Local,
    Other,
}

/// Characters that some reader passes by where another sees one: none may hide in a URL.
fn is_hidden(character: char) -> bool {
    matches!(character, '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Reads a URL into `out`; `None` where it is not allowed.
pub(super) fn read(value: &[u8], media: &Media, out: &mut Vec<u8>) -> Option<Reading> {
    let from = out.len();
    if value.iter().fold(true, |plain, byte| plain & byte.is_ascii_graphic()) {
        out.extend_from_slice(value);
    } else {
        let text = std::str::from_utf8(value).ok()?;
        for character in text.trim_matches(|character: char| character <= ' ').chars() {
            match character {
                '\t' | '\n' | '\r' => {}
                _ if is_hidden(character) => return None,
                _ => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    let url = &out[from..];
    match scheme(url) {
        // White space in it makes it none for some, and is passed by for others.
        Some(scheme) if scheme.contains(&b' ') => None,
        Some(scheme) if scheme.eq_ignore_ascii_case(b"data") => is_data(url, &media.data).then_some(Reading::Other),
        Some(scheme) => {
            let known = media.schemes.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(scheme));
            known.then_some(Reading::Other)
        }
        None => match url {
            [b'/' | b'\\', b'/' | b'\\', ..] => (media.relative && !media.schemes.is_empty()).then_some(Reading::Other),
            [b'#', id @ ..] if media.fragment || media.relative => {
                if is_id(id) {
                    Some(Reading::Local)
                } else {
                    (media.relative && id.is_empty()).then_some(Reading::Other)
                }
            }
            _ => media.relative.then_some(Reading::Other),
        },
    }
}

/// The scheme, and white space wherever it stands in it.
fn scheme(url: &[u8]) -> Option<&[u8]> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b' ');
    let end = url.iter().position(|byte| !inside(byte)).filter(|end| url[*end] == b':')?;
    let scheme = &url[..end];
    let first = scheme.iter().find(|byte| **byte != b' ')?;
    first.is_ascii_alphabetic().then_some(scheme)
}

/// Whether text reads as a URL of one of these schemes to anyone, however leniently he reads.
pub(super) fn has_scheme(value: &[u8], schemes: &[String]) -> bool {
    // Most values say at their first byte that they have none of them.
    let starts = |byte: u8| schemes.iter().any(|scheme| scheme.as_bytes().first() == Some(&byte.to_ascii_lowercase()));
    match value.first() {
        None => return false,
        Some(&first) if (b'!'..0x7f).contains(&first) && !starts(first) => return false,
        _ => {}
    }
    let mut rests: Vec<&[u8]> = schemes.iter().map(String::as_bytes).collect();
    for character in String::from_utf8_lossy(value).chars() {
        if character == ' ' || is_hidden(character) {
            continue;
        }
        if character == ':' && rests.iter().any(|rest| rest.is_empty()) {
            return true;
        }
        let lower = u8::try_from(character).unwrap_or(0xff).to_ascii_lowercase();
        rests.retain_mut(|rest| match rest.split_first() {
            Some((&first, behind)) if first == lower => {
                *rest = behind;
                true
            }
            _ => false,
        });
        if rests.is_empty() {
            return false;
        }
    }
    false
}

/// `data:` of an allowed media type (RFC 2397), without parameters but base64.
fn is_data(url: &[u8], types: &[String]) -> bool {
    let Some(body) = url.get(5..).filter(|_| url[..5].eq_ignore_ascii_case(b"data:")) else { return false };
    let Some(comma) = memchr::memchr(b',', body) else { return false };
    let (head, data) = (&body[..comma], &body[comma + 1..]);
    let (kind, base64) = match memchr::memchr(b';', head) {
        Some(at) => (&head[..at], Some(&head[at + 1..])),
        None => (head, None),
    };
    types.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(kind))
        && base64.is_none_or(|word| word.eq_ignore_ascii_case(b"base64"))
        && data
            .iter()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'\\') || *byte == b' ')
}
