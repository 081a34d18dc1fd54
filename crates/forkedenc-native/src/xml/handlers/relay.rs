//! The sink that writes what it is told as a document of its own, for a parser that is to be given nothing else.
//!
//! What comes out is UTF-8 and well-formed, with prefixes and declarations as written. It has no internal subset and no
//! references but those to characters and to the five entities of XML itself: entities are replaced, defaults stand in
//! their tags, and CDATA sections are text. Line feeds within tags keep elements on the line where they stood.

use forkedenc_core::xml::{Binding, Context, Doctype, Name, Sink, Tag, XmlDeclaration};
use pyo3::ffi;

#[derive(Default)]
pub struct Relay {
    /// Taken by the caller after each feed.
    pub out: Vec<u8>,
    /// Line feeds written.
    lines: u64,
}

/// Where a text stands decides what must not stand in it.
#[derive(Clone, Copy)]
enum Place {
    Content,
    Attribute,
    /// Nothing in it can mean anything else: it was read as such.
    Raw,
}

impl Relay {
    /// Appends bytes; false, with MemoryError set, where there is no room.
    fn put(&mut self, bytes: &[u8]) -> bool {
        if self.out.try_reserve(bytes.len()).is_err() {
            // SAFETY: attached: a relay is fed by a call from Python.
            unsafe { ffi::PyErr_NoMemory() };
            return false;
        }
        self.out.extend_from_slice(bytes);
        true
    }

    fn put_all(&mut self, pieces: &[&[u8]]) -> bool {
        pieces.iter().all(|piece| self.put(piece))
    }

    fn put_text(&mut self, text: &[u8], place: Place) -> bool {
        let mut rest = text;
        while let Some(at) = rest.iter().position(|byte| reference(*byte, place).is_some() || *byte == b'\n') {
            let (plain, behind) = rest.split_at(at);
            let byte = behind[0];
            let written = match reference(byte, place) {
                Some(reference) => reference,
                None => {
                    self.lines += 1;
                    b"\n"
                }
            };
            if !self.put(plain) || !self.put(written) {
                return false;
            }
            rest = &behind[1..];
        }
        self.put(rest)
    }

    /// An attribute, or a declaration: `name` is in two parts.
    fn put_attribute(&mut self, name: [&[u8]; 2], value: &[u8]) -> bool {
        self.put_all(&[b" ", name[0], name[1], b"=\""]) && self.put_text(value, Place::Attribute) && self.put(b"\"")
    }

    /// An id in the quotes that it does not have itself.
    fn put_quoted(&mut self, id: &[u8]) -> bool {
        let quote: &[u8] = if id.contains(&b'"') { b"'" } else { b"\"" };
        self.put_all(&[b" ", quote]) && self.put_text(id, Place::Raw) && self.put(quote)
    }

    /// Goes on to the line of the event, where line feeds say nothing.
    fn catch_up(&mut self, cx: &Context<'_>) -> bool {
        let behind = (cx.place().line - 1).saturating_sub(self.lines);
        self.lines += behind;
        (0..behind).all(|_| self.put(b"\n"))
    }
}

fn reference(byte: u8, place: Place) -> Option<&'static [u8]> {
    match (byte, place) {
        (_, Place::Raw) => None,
        (b'&', _) => Some(b"&amp;"),
        (b'<', _) => Some(b"&lt;"),
        (b'>', _) => Some(b"&gt;"),
        (b'\r', _) => Some(b"&#13;"),
        (b'"', Place::Attribute) => Some(b"&quot;"),
        (b'\n', Place::Attribute) => Some(b"&#10;"),
        (b'\t', Place::Attribute) => Some(b"&#9;"),
        _ => None,
    }
}

impl Sink for Relay {
    const KEEPS: bool = true;

    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        let names = cx.names;
        let declared = |relay: &mut Self, binding: &Binding| {
            let prefix = names.written(binding.prefix);
            let name: [&[u8]; 2] = if prefix.is_empty() { [b"xmlns", b""] } else { [b"xmlns:", prefix] };
            relay.put_attribute(name, names.uri(binding.uri))
        };
        self.put_all(&[b"<", names.written(tag.name.written)])
            && self.catch_up(cx)
            && tag.bindings.iter().all(|binding| declared(self, binding))
            && tag
                .attributes
                .iter()
                .all(|attribute| self.put_attribute([names.written(attribute.name.written), b""], tag.value(attribute)))
            && self.put(b">")
    }

    fn end(&mut self, name: Name, _: &[Binding], cx: &Context<'_>) -> bool {
        self.put_all(&[b"</", cx.names.written(name.written), b">"])
    }

    fn text(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        self.put_text(text, Place::Content)
    }

    fn comment(&mut self, text: &[u8], cx: &Context<'_>) -> bool {
        cx.in_doctype || self.put(b"<!--") && self.put_text(text, Place::Raw) && self.put(b"-->")
    }

    fn pi(&mut self, target: &[u8], data: &[u8], cx: &Context<'_>) -> bool {
        let space: &[u8] = if data.is_empty() { b"" } else { b" " };
        cx.in_doctype || self.put_all(&[b"<?", target, space]) && self.put_text(data, Place::Raw) && self.put(b"?>")
    }

    fn xml_declaration(&mut self, declaration: &XmlDeclaration<'_>, _: &Context<'_>) -> bool {
        match declaration.standalone {
            None => true,
            Some(standalone) => {
                let answer: &[u8] = if standalone { b"yes" } else { b"no" };
                self.put_all(&[b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"", answer, b"\"?>"])
            }
        }
    }

    fn doctype(&mut self, doctype: &Doctype<'_>, _: &Context<'_>) -> bool {
        let ids = match (doctype.public_id, doctype.system_id) {
            (Some(public_id), Some(system_id)) => {
                self.put_all(&[b"<!DOCTYPE ", doctype.name, b" PUBLIC"])
                    && self.put_quoted(public_id)
                    && self.put_quoted(system_id)
            }
            (None, Some(system_id)) => {
                self.put_all(&[b"<!DOCTYPE ", doctype.name, b" SYSTEM"]) && self.put_quoted(system_id)
            }
            _ => self.put_all(&[b"<!DOCTYPE ", doctype.name]),
        };
        ids && self.put(b">")
    }
}
