//! Which prefixes are declared where, and whether the names of a tag go together: the rules of Namespaces in XML 1.0 that
//! take more than one name to judge.

use std::collections::{HashMap, HashSet};

use super::rules::{BadBinding, binding};
use crate::xml::XML_URI;

/// The declarations of the open elements.
#[derive(Debug, Default)]
pub struct Scope {
    /// The URIs of each prefix, the innermost last.
    uris: HashMap<Box<[u8]>, Vec<Box<[u8]>>>,
    /// In the order of their declaration, with the depth of the element.
    declared: Vec<(u64, Box<[u8]>)>,
    /// The prefixes that were declared for each URI and are so still, the innermost last.
    prefixes: HashMap<Box<[u8]>, Vec<Box<[u8]>>>,
    /// How many of the declared prefixes begin with `ns`.
    numbered: usize,
}

impl Scope {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.declared.is_empty()
    }

    /// Declares a prefix (empty: the default) on the element at `depth`.
    ///
    /// # Errors
    /// What is wrong with the declaration.
    pub fn declare(&mut self, depth: u64, prefix: &[u8], uri: &[u8]) -> Result<(), BadBinding> {
        binding(prefix, uri)?;
        self.uris.entry(prefix.into()).or_default().push(uri.into());
        self.declared.push((depth, prefix.into()));
        self.numbered += usize::from(prefix.starts_with(b"ns"));
        self.prefixes.entry(uri.into()).or_default().push(prefix.into());
        Ok(())
    }

    /// Forgets what was declared at `depth` or deeper.
    pub fn close(&mut self, depth: u64) {
        while let Some((_, prefix)) = self.declared.pop_if(|(at, _)| *at >= depth) {
            self.numbered -= usize::from(prefix.starts_with(b"ns"));
            // Nothing is kept of what ended, or a long document's names would pile up.
            let Some(uris) = self.uris.get_mut(&prefix) else { continue };
            let uri = uris.pop();
            if uris.is_empty() {
                self.uris.remove(&prefix);
            }
            let Some(prefixes) = uri.as_ref().and_then(|uri| self.prefixes.get_mut(uri)) else { continue };
            prefixes.pop();
            if let (true, Some(uri)) = (prefixes.is_empty(), uri) {
                self.prefixes.remove(&uri);
            }
        }
    }

    /// The URI that a prefix stands for; that of the default is empty where none is declared.
    #[must_use]
    pub fn uri(&self, prefix: &[u8]) -> Option<&[u8]> {
        match self.uris.get(prefix).and_then(|uris| uris.last()) {
            Some(uri) => Some(uri),
            None if prefix == b"xml" => Some(XML_URI),
            None if prefix.is_empty() => Some(b""),
            None => None,
        }
    }

    /// A prefix that stands for a URI, the innermost if there are some; the default is none.
    #[must_use]
    pub fn prefix(&self, uri: &[u8]) -> Option<&[u8]> {
        if uri == XML_URI {
            return Some(b"xml");
        }
        let prefixes = self.prefixes.get(uri)?;
        prefixes.iter().rev().map(|prefix| &**prefix).find(|prefix| !prefix.is_empty() && self.uri(prefix) == Some(uri))
    }

    /// A prefix that stands for nothing here: `ns0` and so on.
    #[must_use]
    pub fn unused(&self) -> Vec<u8> {
        // Of one number more than there are such prefixes, one is free; mostly it is the first that is tried.
        let mut number = self.numbered;
        loop {
            let prefix = format!("ns{number}").into_bytes();
            if self.uri(&prefix).is_none() {
                return prefix;
            }
            number += 1;
        }
    }

    /// The prefixes declared at `depth` or deeper.
    pub fn declared_at(&self, depth: u64) -> impl Iterator<Item = &[u8]> {
        self.declared.iter().rev().take_while(move |(at, _)| *at >= depth).map(|(_, prefix)| &**prefix)
    }
}

/// The attributes of one tag that were seen so far, by name as written and by namespace and local name.
///
/// Hashes are keyed, so a flood of names costs no more than its length.
#[derive(Debug, Default)]
pub struct Attributes<'a> {
    written: HashSet<&'a [u8]>,
    expanded: HashSet<(Vec<u8>, &'a [u8])>,
}

impl<'a> Attributes<'a> {
    /// Adds an attribute name as written; false where it is there.
    pub fn add(&mut self, written: &'a [u8]) -> bool {
        self.written.insert(written)
    }

    /// Adds a prefixed attribute by what its prefix stands for; false where it is there.
    pub fn add_expanded(&mut self, uri: &[u8], local: &'a [u8]) -> bool {
        self.expanded.insert((uri.to_vec(), local))
    }

    /// The prefixed ones, by namespace and local name.
    pub fn expanded(&self) -> impl Iterator<Item = (&[u8], &'a [u8])> {
        self.expanded.iter().map(|(uri, local)| (&**uri, *local))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_holds_until_its_element_is_closed() {
        let mut scope = Scope::default();
        assert_eq!((scope.uri(b"p"), scope.uri(b""), scope.uri(b"xml")), (None, Some(&b""[..]), Some(XML_URI)));
        scope.declare(1, b"p", b"outer").unwrap();
        scope.declare(2, b"p", b"inner").unwrap();
        scope.declare(2, b"", b"default").unwrap();
        assert_eq!((scope.uri(b"p"), scope.uri(b"")), (Some(&b"inner"[..]), Some(&b"default"[..])));
        assert_eq!(scope.declared_at(2).collect::<Vec<_>>(), [&b""[..], b"p"]);
        scope.close(2);
        assert_eq!((scope.uri(b"p"), scope.uri(b"")), (Some(&b"outer"[..]), Some(&b""[..])));
        scope.close(1);
        assert_eq!((scope.uri(b"p"), scope.is_empty()), (None, true));
        assert_eq!(scope.declare(1, b"xmlns", b"u"), Err(BadBinding::Reserved));
    }

    #[test]
    fn an_attribute_is_there_twice_by_either_name() {
        let mut attributes = Attributes::default();
        assert!(attributes.add(b"p:a") && attributes.add(b"q:a") && !attributes.add(b"p:a"));
        assert!(attributes.add_expanded(b"u", b"a") && !attributes.add_expanded(b"u", b"a"));
        assert!(attributes.add_expanded(b"v", b"a"));
    }
}
