//! What may be written where: names, prefixes, comments, processing instructions (XML 1.0, Namespaces in XML 1.0).
//!
//! Bytes are UTF-8; where a surrogate stands in them in three bytes, they are no name.

use crate::xml::chars::{is_space, name_length};
use crate::xml::{XML_URI, XMLNS_URI};

/// Is this a name without a colon?
#[must_use]
pub fn is_ncname(bytes: &[u8]) -> bool {
    !bytes.is_empty() && name_length(bytes, false) == bytes.len()
}

/// The prefix and the local part of a name as it is written; `None` where it is none.
#[must_use]
pub fn split(name: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    match name.iter().position(|byte| *byte == b':') {
        None => is_ncname(name).then_some((None, name)),
        Some(colon) => {
            let (prefix, local) = (&name[..colon], &name[colon + 1..]);
            (is_ncname(prefix) && is_ncname(local)).then_some((Some(prefix), local))
        }
    }
}

/// May text be a comment?
#[must_use]
pub fn is_comment(text: &[u8]) -> bool {
    !text.ends_with(b"-") && !text.windows(2).any(|pair| pair == b"--")
}

/// Why a processing instruction is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPi {
    Target,
    Data,
}

/// The target of what stands between `<?` and `?>`.
///
/// # Errors
/// What is wrong with it.
pub fn pi(text: &[u8]) -> Result<&[u8], BadPi> {
    let end = text.iter().position(|byte| is_space(*byte)).unwrap_or(text.len());
    let target = &text[..end];
    if text.windows(2).any(|pair| pair == b"?>") {
        return Err(BadPi::Data);
    }
    if !is_ncname(target) || target.eq_ignore_ascii_case(b"xml") {
        return Err(BadPi::Target);
    }
    Ok(target)
}

/// Why a prefix can't be declared so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadBinding {
    /// No name without a colon.
    Prefix,
    /// `xml` or `xmlns`, or a URI that belongs to them.
    Reserved,
    /// A prefix can't be taken back.
    Undeclared,
    /// A URI with `}` in it, which would end `{uri}local` early.
    Uri,
}

/// Looks at a declaration: `prefix` is empty for the default namespace.
///
/// # Errors
/// What is wrong with it.
pub fn binding(prefix: &[u8], uri: &[u8]) -> Result<(), BadBinding> {
    if !prefix.is_empty() && !is_ncname(prefix) {
        return Err(BadBinding::Prefix);
    }
    if prefix == b"xmlns" || uri == XMLNS_URI || (prefix == b"xml") != (uri == XML_URI) {
        return Err(BadBinding::Reserved);
    }
    if !prefix.is_empty() && uri.is_empty() {
        return Err(BadBinding::Undeclared);
    }
    if uri.contains(&b'}') {
        return Err(BadBinding::Uri);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_at_most_one_colon_and_something_on_both_sides() {
        assert_eq!(split(b"a"), Some((None, &b"a"[..])));
        assert_eq!(split("p:\u{e9}".as_bytes()), Some((Some(&b"p"[..]), "\u{e9}".as_bytes())));
        for bad in ["", ":a", "a:", "a:b:c", "a b", "1a", "a><b/", "p:1", "a\0"] {
            assert_eq!(split(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(split(b"a\xed\xa0\x80"), None);
    }

    #[test]
    fn a_comment_has_no_two_hyphens_and_ends_in_none() {
        for (text, fits) in [("", true), ("a-b", true), ("-a", true), ("a--b", false), ("a-", false), ("-", false)] {
            assert_eq!(is_comment(text.as_bytes()), fits, "{text:?}");
        }
    }

    #[test]
    fn a_processing_instruction_has_a_target_that_is_not_xml() {
        assert_eq!(pi(b"a"), Ok(&b"a"[..]));
        assert_eq!(pi(b"xml-stylesheet href='x'"), Ok(&b"xml-stylesheet"[..]));
        assert_eq!(pi(b"a b?"), Ok(&b"a"[..]));
        for (text, why) in [
            ("", BadPi::Target),
            (" a", BadPi::Target),
            ("xml x", BadPi::Target),
            ("XmL", BadPi::Target),
            ("a:b c", BadPi::Target),
            ("a ?>", BadPi::Data),
            ("a?>", BadPi::Data),
        ] {
            assert_eq!(pi(text.as_bytes()), Err(why), "{text:?}");
        }
    }

    #[test]
    fn what_is_reserved_is_bound_to_nothing_else() {
        for (prefix, uri, expected) in [
            (&b""[..], &b""[..], Ok(())),
            (b"", b"u", Ok(())),
            (b"p", b"u", Ok(())),
            (b"xml", XML_URI, Ok(())),
            (b"p", b"", Err(BadBinding::Undeclared)),
            (b"p", XML_URI, Err(BadBinding::Reserved)),
            (b"", XML_URI, Err(BadBinding::Reserved)),
            (b"xml", b"u", Err(BadBinding::Reserved)),
            (b"xmlns", b"u", Err(BadBinding::Reserved)),
            (b"p", XMLNS_URI, Err(BadBinding::Reserved)),
            (b"", XMLNS_URI, Err(BadBinding::Reserved)),
            (b"a b", b"u", Err(BadBinding::Prefix)),
            (b"p", b"u}v", Err(BadBinding::Uri)),
        ] {
            assert_eq!(binding(prefix, uri), expected, "{prefix:?} {uri:?}");
        }
    }
}
