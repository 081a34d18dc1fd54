//! `{uri}local` spelled with prefixes, as the standard library chooses them: those that `register_namespace` knows, else
//! `ns0`, `ns1` and so on, numbered as the namespaces are met.
//!
//! Trees share the strs of their tags, so spelled names are remembered by the address of the str, which is kept alive for
//! that.

use std::collections::{HashMap, HashSet};

use forkedenc_core::xml::chars::is_char;
use forkedenc_core::xml::write::{Context, Form, How, Invalid, Out, rules};
use pyo3::ffi;

use super::reference::Ref;
use super::walk::Trouble;
use crate::text::Units;

/// Spelled names up to this length are remembered.
const SHORT: usize = 48;
/// Names remembered at once.
const SLOTS: usize = 1024;

/// What is to be known of a name.
pub type Flags = u8;
/// Written as it is, with a colon.
pub const COLON: Flags = 1;
/// In a namespace, but spelled without a prefix.
pub const BARE: Flags = 2;
/// `xmlns` or `xmlns:p`, written as it is.
pub const XMLNS: Flags = 4;
/// An element of HTML that has no end tag.
pub const VOID: Flags = 8;
/// `script` or `style` of HTML.
pub const RAW_TEXT: Flags = 16;
/// Not ASCII.
pub const FOREIGN: Flags = 32;
/// None of XML's names; only said where names are checked.
pub const INVALID: Flags = 64;
/// Its prefix is declared in the root's tag.
pub const PREFIXED: Flags = 128;

/// The room that one use leaves to the next.
#[derive(Default)]
pub struct Room {
    slots: Vec<Slot>,
    long: Vec<u8>,
    scratch: Vec<u8>,
}

/// A longer name's bytes are not kept.
const KEPT: usize = 64 << 10;

/// A name and how it is spelled.
struct Slot {
    key: Option<Ref>,
    flags: Flags,
    length: u8,
    bytes: [u8; SHORT],
}

/// A name that was spelled: good until the next one is.
#[derive(Clone, Copy, Debug)]
pub struct Spelled {
    pub flags: Flags,
    /// Its slot, or that it is too long for one.
    slot: Option<u16>,
}

/// A namespace that is to be declared.
pub struct Namespace {
    pub prefix: Vec<u8>,
    pub uri: Vec<u8>,
}

pub struct Names {
    slots: Vec<Slot>,
    /// Slots with a key.
    used: Vec<u16>,
    /// In the order in which they were met.
    pub namespaces: Vec<Namespace>,
    by_uri: HashMap<Vec<u8>, usize>,
    registered: Registered,
    /// A default namespace was asked for, so names outside of any can't be written.
    default: bool,
    /// The name that was spelled last, where it has no slot.
    long: Out,
    /// Names of tags that are not ASCII: for encodings that may not have their characters.
    pub foreign: HashSet<Vec<u8>>,
    scratch: Vec<u8>,
    form: Form,
    checked: bool,
    html: bool,
}

impl Names {
    pub fn new(room: Room, form: Form, checked: bool, html: bool) -> Self {
        Self {
            slots: room.slots,
            used: Vec::new(),
            namespaces: Vec::new(),
            by_uri: HashMap::new(),
            registered: Registered::default(),
            default: false,
            long: Out::new(room.long, u64::MAX),
            foreign: HashSet::new(),
            scratch: room.scratch,
            form,
            checked,
            html,
        }
    }

    /// Names in `uri` are spelled without a prefix.
    pub fn set_default(&mut self, uri: &[u8]) -> Result<(), Trouble> {
        self.default = true;
        self.add(Vec::new(), uri).map(drop)
    }

    /// Spells a name: a str, exact or not, or anything else, which is refused.
    #[inline(always)]
    pub fn spell(&mut self, name: &Ref, prefixes: &Ref) -> Result<Spelled, Trouble> {
        let first = slot(name);
        for at in [first, first ^ 1] {
            if let Some(slot) = self.slots.get(usize::from(at))
                && slot.key.as_ref().is_some_and(|key| key.is(name))
            {
                return Ok(Spelled { flags: slot.flags, slot: Some(at) });
            }
        }
        self.spell_anew(name, prefixes, first)
    }

    #[cold]
    #[inline(never)]
    fn spell_anew(&mut self, name: &Ref, prefixes: &Ref, at: u16) -> Result<Spelled, Trouble> {
        if !name.is_str() {
            return Err(Trouble::Type(name.clone()));
        }
        let mut spelled = std::mem::take(&mut self.long);
        spelled.truncate(0);
        let flags = self.spell_into(name, prefixes, &mut spelled);
        let length = spelled.used();
        self.long = spelled;
        let flags = flags?;
        if length > SHORT || !name.is_exact_str() {
            return Ok(Spelled { flags, slot: None });
        }
        if self.slots.is_empty() {
            self.slots.try_reserve_exact(SLOTS).map_err(|_| Trouble::Memory)?;
            self.slots.resize_with(SLOTS, || Slot { key: None, flags: 0, length: 0, bytes: [0; SHORT] });
        }
        // Of its two places the free one, else the second, whose name goes.
        let at = if self.slots[usize::from(at)].key.is_some() { at ^ 1 } else { at };
        let slot = &mut self.slots[usize::from(at)];
        slot.bytes[..length].copy_from_slice(self.long.bytes());
        (slot.flags, slot.length) = (flags, length as u8);
        if slot.key.replace(name.clone()).is_none() {
            self.used.push(at);
        }
        Ok(Spelled { flags, slot: Some(at) })
    }

    fn spell_into(&mut self, name: &Ref, prefixes: &Ref, out: &mut Out) -> Result<Flags, Trouble> {
        let mut text = std::mem::take(&mut self.scratch);
        text.clear();
        // SAFETY: a str, kept by the caller.
        let units = unsafe { Units::of(name.ptr()) };
        let result = if units.encode(0, units.len(), &mut text) {
            self.spell_text(&text, prefixes, out)
        } else {
            Err(Trouble::Memory)
        };
        self.scratch = text;
        result
    }

    fn spell_text(&mut self, text: &[u8], prefixes: &Ref, out: &mut Out) -> Result<Flags, Trouble> {
        let mut flags = 0;
        let how = How { context: Context::Raw, form: self.form, invalid: Invalid::Write };
        let mut ascii = text.is_ascii();
        let written = if let Some(rest) = text.strip_prefix(b"{") {
            let Some(end) = rest.iter().rposition(|byte| *byte == b'}') else {
                return Err(Trouble::refused("invalid_name", "a name that begins with '{' has no '}'"));
            };
            let (uri, local) = (&rest[..end], &rest[end + 1..]);
            if self.checked && !rules::is_ncname(local) {
                flags |= INVALID;
            }
            let prefix = self.prefix(uri, prefixes)?;
            ascii = local.is_ascii() && prefix.is_ascii();
            if prefix.is_empty() {
                flags |= BARE;
                out.utf8(local, how)
            } else {
                if prefix != b"xml" {
                    flags |= PREFIXED;
                }
                out.utf8(&prefix, how) && out.put([b':']) && out.utf8(local, how)
            }
        } else {
            if self.default {
                let text = "cannot use non-qualified names with default_namespace option";
                return Err(Trouble::refused("default_namespace", text));
            }
            if self.checked {
                flags |= match rules::split(text) {
                    Some((Some(b"xmlns"), _)) => XMLNS | COLON,
                    Some((Some(_), _)) => COLON,
                    Some(_) if text == b"xmlns" => XMLNS,
                    Some(_) => 0,
                    None => INVALID,
                };
            }
            out.utf8(text, how)
        };
        if !written {
            return Err(Trouble::Memory);
        }
        if !ascii {
            flags |= FOREIGN;
        }
        if self.html {
            flags |= html_flags(out.bytes());
        }
        Ok(flags)
    }

    /// The prefix of a namespace, chosen where it is new.
    fn prefix(&mut self, uri: &[u8], prefixes: &Ref) -> Result<Vec<u8>, Trouble> {
        if let Some(at) = self.by_uri.get(uri) {
            return Ok(self.namespaces[*at].prefix.clone());
        }
        match self.registered.prefix(uri, prefixes)? {
            // Always declared, nowhere written.
            Some(prefix) if prefix == b"xml" && (!self.checked || uri == forkedenc_core::xml::XML_URI) => Ok(prefix),
            Some(prefix) => self.add(prefix, uri),
            None => self.add(format!("ns{}", self.namespaces.len()).into_bytes(), uri),
        }
    }

    fn add(&mut self, prefix: Vec<u8>, uri: &[u8]) -> Result<Vec<u8>, Trouble> {
        if self.checked {
            rules::binding(&prefix, uri).map_err(bad_binding)?;
        }
        self.by_uri.insert(uri.to_vec(), self.namespaces.len());
        self.namespaces.push(Namespace { prefix: prefix.clone(), uri: uri.to_vec() });
        Ok(prefix)
    }

    /// Looks whether what was spelled last can be the name of an element or attribute.
    #[inline(always)]
    pub fn check(&mut self, spelled: Spelled) -> Result<Spelled, Trouble> {
        if spelled.flags & (INVALID | FOREIGN) != 0 && self.checked {
            self.check_unusual(spelled)?;
        }
        Ok(spelled)
    }

    #[cold]
    #[inline(never)]
    fn check_unusual(&mut self, spelled: Spelled) -> Result<(), Trouble> {
        if spelled.flags & INVALID != 0 {
            return Err(Trouble::refused("invalid_name", "a name that is none in XML"));
        }
        match self.form {
            Form::Ascii => Err(unencodable()),
            Form::Utf8 => Ok(()),
            Form::Str => {
                let name = self.bytes(spelled);
                if !self.foreign.contains(name) {
                    self.foreign.insert(name.to_vec());
                }
                Ok(())
            }
        }
    }

    /// Looks whether what was spelled last can stand in an attribute value as it is.
    pub fn is_plain_value(&self, spelled: Spelled) -> bool {
        let bytes = self.bytes(spelled);
        std::str::from_utf8(bytes).is_ok_and(|text| {
            text.chars().all(|character| !matches!(character, '<' | '&' | '"') && is_char(character.into()))
        }) || spelled.flags & INVALID == 0
    }

    /// The URI of a prefix that was chosen so far.
    pub fn uri(&self, prefix: &[u8]) -> Option<&[u8]> {
        self.namespaces.iter().find(|namespace| namespace.prefix == prefix).map(|namespace| &*namespace.uri)
    }

    /// The bytes of the last name that was spelled.
    #[inline(always)]
    pub fn bytes(&self, spelled: Spelled) -> &[u8] {
        match spelled.slot {
            Some(at) => {
                let slot = &self.slots[usize::from(at)];
                &slot.bytes[..usize::from(slot.length)]
            }
            None => self.long.bytes(),
        }
    }

    /// Writes the last name that was spelled, between other bytes.
    #[inline(always)]
    pub fn put<const A: usize, const B: usize>(
        &self,
        out: &mut Out,
        before: [u8; A],
        spelled: Spelled,
        behind: [u8; B],
    ) -> bool {
        let Some(at) = spelled.slot else { return out.put(before) && out.raw(self.long.bytes()) && out.put(behind) };
        let slot = &self.slots[usize::from(at)];
        let length = usize::from(slot.length);
        match slot.bytes.first_chunk::<16>() {
            Some(first) if length <= 16 => out.framed(before, first, length, behind),
            _ => out.framed(before, &slot.bytes, length, behind),
        }
    }

    /// Forgets the names, for their strs to go; gives the room for the next use.
    pub fn into_room(mut self) -> Room {
        for at in self.used.drain(..) {
            // Its drop may run Python code, which finds the slot empty.
            let key = self.slots[usize::from(at)].key.take();
            drop(key);
        }
        let mut room = Room { slots: self.slots, long: self.long.into_buffer(), scratch: self.scratch };
        for bytes in [&mut room.long, &mut room.scratch] {
            if bytes.capacity() > KEPT {
                *bytes = Vec::new();
            }
        }
        room
    }
}

#[inline(always)]
fn slot(name: &Ref) -> u16 {
    // Objects are 16 bytes apart at least; the product's upper bits are good ones.
    let product = (name.ptr().addr() as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (product >> (64 - SLOTS.trailing_zeros())) as u16
}

/// So many registered prefixes are looked through one by one.
const FEW: isize = 64;

/// What `register_namespace` knows: a dict of URIs and prefixes. It is read here and not asked, so that no Python code runs
/// while a name is spelled.
#[derive(Default)]
struct Registered(Option<HashMap<Vec<u8>, Vec<u8>>>);

impl Registered {
    fn prefix(&mut self, uri: &[u8], prefixes: &Ref) -> Result<Option<Vec<u8>>, Trouble> {
        // SAFETY: a dict, alive.
        if self.0.is_none() && unsafe { ffi::PyDict_Size(prefixes.ptr()) } > FEW {
            let (mut all, mut failed) = (HashMap::new(), Ok(()));
            each(prefixes, |uri, prefix| {
                // SAFETY: strs that the dict keeps; no Python code runs meanwhile.
                let [uri, prefix] = unsafe { [Units::of(uri), Units::of(prefix)] };
                match (bytes_of(&uri), bytes_of(&prefix)) {
                    (Ok(uri), Ok(prefix)) => {
                        all.insert(uri, prefix);
                    }
                    _ => failed = Err(Trouble::Memory),
                }
            })?;
            failed?;
            self.0 = Some(all);
        }
        if let Some(all) = &self.0 {
            return Ok(all.get(uri).cloned());
        }
        let mut found = Ok(None);
        each(prefixes, |other, prefix| {
            // SAFETY: strs that the dict keeps; no Python code runs meanwhile.
            let same = match unsafe { Units::of(other) } {
                Units::Ascii(other) => other == uri,
                units => units.len() <= uri.len() && bytes_of(&units).is_ok_and(|other| other == uri),
            };
            if same {
                // SAFETY: as before.
                found = bytes_of(&unsafe { Units::of(prefix) }).map(Some);
            }
        })?;
        found
    }
}

fn bytes_of(units: &Units<'_>) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    if units.encode(0, units.len(), &mut bytes) { Ok(bytes) } else { Err(Trouble::Memory) }
}

/// Calls for each URI and prefix of a dict, which are strs; it must not run Python code.
fn each(prefixes: &Ref, mut call: impl FnMut(*mut ffi::PyObject, *mut ffi::PyObject)) -> Result<(), Trouble> {
    let (mut position, mut key, mut value) = (0, std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: a dict, alive; no Python code runs in the loop, so what it holds stays.
    unsafe {
        while ffi::PyDict_Next(prefixes.ptr(), &raw mut position, &raw mut key, &raw mut value) != 0 {
            if ffi::PyUnicode_Check(key) == 0 || ffi::PyUnicode_Check(value) == 0 {
                return Err(Trouble::Type(Ref::keep(value)));
            }
            call(key, value);
        }
    }
    Ok(())
}

pub fn unencodable() -> Trouble {
    Trouble::refused("unencodable_name", "a name with characters that the encoding has not")
}

pub fn bad_binding(why: rules::BadBinding) -> Trouble {
    match why {
        rules::BadBinding::Prefix => Trouble::refused("invalid_name", "a prefix that is no name"),
        rules::BadBinding::Reserved => {
            Trouble::refused("reserved_namespace", "the prefixes xml and xmlns and their namespaces are reserved")
        }
        rules::BadBinding::Undeclared => Trouble::refused("undeclared_prefix", "a prefix can't stand for no namespace"),
        rules::BadBinding::Uri => Trouble::refused("namespace_syntax", "a namespace with '}' in it"),
    }
}

/// Elements without an end tag, as the standard library lists them.
const VOID_ELEMENTS: [&str; 17] = [
    "area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "isindex", "link", "meta",
    "param", "source", "track", "wbr",
];

/// What an element is in HTML, by its name in lower case.
fn html_flags(name: &[u8]) -> Flags {
    // The one other character whose lower case is in ASCII is the Kelvin sign.
    let lower = String::from_utf8_lossy(name).to_lowercase();
    match &*lower {
        "script" | "style" => RAW_TEXT,
        lower if VOID_ELEMENTS.contains(&lower) => VOID,
        _ => 0,
    }
}
