//! The attributes of a start tag, and whether its names go together.

use forkedenc_core::xml::write::{Attributes, Context};
use pyo3::ffi;

use super::element::Access;
use super::names::{BARE, COLON, Flags, Spelled, XMLNS};
use super::reference::Ref;
use super::walk::{Trouble, Walk};

/// An attribute, its names and values resolved to strs.
struct Attribute {
    key: Ref,
    value: Ref,
    /// The value is a QName's text: it is spelled, not escaped.
    qname: bool,
}

/// An attribute as written.
struct Written {
    name: Vec<u8>,
    flags: Flags,
    /// Only of declarations.
    value: Vec<u8>,
}

impl Walk<'_> {
    /// Writes the attributes of an element.
    #[inline(always)]
    pub fn attributes(&mut self, element: &Ref, access: Access, tag: &Ref, spelled: Spelled) -> Result<(), Trouble> {
        let items = self.known.items(element).ok_or(Trouble::Raised)?;
        // SAFETY: a list.
        let empty = unsafe { ffi::PyList_GET_SIZE(items.ptr()) == 0 };
        if empty {
            if spelled.flags & COLON != 0 {
                self.check_tag(tag, &[])?;
            }
            return Ok(());
        }
        self.listed(&items, access, tag, spelled)
    }

    /// Writes attributes from a list of pairs.
    fn listed(&mut self, items: &Ref, access: Access, tag: &Ref, spelled: Spelled) -> Result<(), Trouble> {
        let (attributes, plain) = self.resolved(items)?;
        // The keys of a dict, where they are strs, are no two the same.
        let distinct = attributes.len() < 2 || plain && access != Access::Foreign;
        let mut flags = spelled.flags & COLON;
        // Wrong types are told first, as the standard library does.
        for attribute in &attributes {
            for text in [&attribute.key, &attribute.value] {
                if !(text.is_str() || attribute.qname && text.is_none()) {
                    let trouble = Trouble::Type(text.clone());
                    return Err(if attribute.key.is_str() { self.at(&attribute.key, trouble) } else { trouble });
                }
            }
        }
        for attribute in &attributes {
            let key = self.names.spell(&attribute.key, &self.known.prefixes);
            let key = key.and_then(|key| self.names.check(key));
            let key = key.map_err(|trouble| self.at(&attribute.key, trouble))?;
            flags |= key.flags & (COLON | BARE | XMLNS);
            if self.splice.is_none() {
                self.without_root(key)?;
            }
            let written = self.names.put(&mut self.out, [b' '], key, *b"=\"");
            self.done(written)?;
            if attribute.qname { self.qname_value(&attribute.value) } else { self.value(&attribute.value) }
                .map_err(|trouble| self.at(&attribute.key, trouble))?;
            let written = self.out.put([b'"']);
            self.done(written)?;
        }
        if self.options.checked() && (flags != 0 || !distinct) {
            self.check_tag(tag, &attributes)?;
        }
        Ok(())
    }

    /// Chooses prefixes for attributes that are not written, as the standard library does.
    pub fn spell_unwritten(&mut self, element: &Ref) -> Result<(), Trouble> {
        let items = self.known.items(element).ok_or(Trouble::Raised)?;
        for attribute in self.resolved(&items)?.0 {
            self.names.spell(&attribute.key, &self.known.prefixes)?;
            if attribute.qname && !attribute.value.is_none() {
                self.names.spell(&attribute.value, &self.known.prefixes)?;
            }
        }
        Ok(())
    }

    /// A trouble with an attribute.
    #[cold]
    pub fn at(&mut self, key: &Ref, trouble: Trouble) -> Trouble {
        self.attribute = Some(key.clone());
        trouble
    }

    #[inline(always)]
    pub fn value(&mut self, value: &Ref) -> Result<(), Trouble> {
        let context = if self.options.html { Context::HtmlAttribute } else { Context::Attribute };
        self.string(value, context)
    }

    /// Writes the text of a QName with its prefix; it must need no escaping.
    fn qname_value(&mut self, text: &Ref) -> Result<(), Trouble> {
        if text.is_none() {
            // What the standard library makes of it.
            let written = self.out.raw(b"None");
            return self.done(written);
        }
        let spelled = self.names.spell(text, &self.known.prefixes)?;
        if self.options.checked() && !self.names.is_plain_value(spelled) {
            return Err(Trouble::refused("invalid_name", "a QName whose text would have to be escaped"));
        }
        let written = self.names.put(&mut self.out, [], spelled, []);
        self.done(written)
    }

    /// The pairs of a list, QNames replaced by their texts; true if all keys were plain strs.
    fn resolved(&self, items: &Ref) -> Result<(Vec<Attribute>, bool), Trouble> {
        // SAFETY: a list, kept; Python code may change it, so each item is kept before such code runs, and the size is
        // asked each time.
        unsafe {
            let mut attributes = Vec::new();
            let (mut at, mut plain) = (0, true);
            while at < ffi::PyList_GET_SIZE(items.ptr()) {
                let pair = Ref::keep(ffi::PyList_GET_ITEM(items.ptr(), at));
                at += 1;
                let (key, value) = pair_of(&pair)?;
                plain &= key.is_exact_str();
                let key = if key.is_exact_str() || !self.is_qname(&key)? { key } else { self.qname_text(&key)? };
                let qname = !value.is_exact_str() && self.is_qname(&value)?;
                let value = if qname { self.qname_text(&value)? } else { value };
                attributes.try_reserve(1).map_err(|_| Trouble::Memory)?;
                attributes.push(Attribute { key, value, qname });
            }
            Ok((attributes, plain))
        }
    }

    fn is_qname(&self, object: &Ref) -> Result<bool, Trouble> {
        self.known.is_qname(object).ok_or(Trouble::Raised)
    }

    fn qname_text(&self, qname: &Ref) -> Result<Ref, Trouble> {
        self.known.qname_text(qname).ok_or(Trouble::Raised)
    }

    /// Looks whether the prefixes of a tag are declared and no attribute is there twice.
    #[cold]
    #[inline(never)]
    fn check_tag(&mut self, tag: &Ref, attributes: &[Attribute]) -> Result<(), Trouble> {
        if !self.options.checked() || self.muted.is_some() {
            return Ok(());
        }
        let mut written = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            let spelled = self.names.spell(&attribute.key, &self.known.prefixes)?;
            let (name, flags) = (self.names.bytes(spelled).to_vec(), spelled.flags);
            let value = if flags & XMLNS != 0 { self.declared(attribute)? } else { Vec::new() };
            written.push(Written { name, flags, value });
        }
        for (attribute, Written { name, flags, value }) in attributes.iter().zip(&written) {
            if flags & XMLNS != 0 {
                let prefix = name.strip_prefix(b"xmlns:").unwrap_or_default();
                self.declare(prefix, value).map_err(|trouble| self.at(&attribute.key, trouble))?;
            }
        }
        let spelled = self.names.spell(tag, &self.known.prefixes)?;
        if spelled.flags & COLON != 0 {
            let name = self.names.bytes(spelled).to_vec();
            if name.starts_with(b"xmlns:") {
                return Err(Trouble::refused("reserved_namespace", "an element can't have the prefix xmlns"));
            }
            self.resolve(&name);
        }
        let mut seen = Attributes::default();
        let mut unresolved = Vec::new();
        for (attribute, Written { name, flags, .. }) in attributes.iter().zip(&written) {
            let mut distinct = seen.add(name);
            if flags & (XMLNS | BARE) == 0 && name.contains(&b':') {
                let local = local(name);
                match self.resolve(name) {
                    Some(uri) => distinct &= seen.add_expanded(&uri, local),
                    None => unresolved.push(name),
                }
            }
            if !distinct {
                let trouble = Trouble::refused("duplicate_attribute", "an attribute is there twice");
                return Err(self.at(&attribute.key, trouble));
            }
        }
        for name in unresolved {
            for (other, local) in seen.expanded() {
                if local == self::local(name) {
                    self.late_distinct.push((prefix(name).to_vec(), other.to_vec()));
                }
            }
        }
        Ok(())
    }

    /// What the prefix of a name as written stands for, as far as is known; a prefix that may be declared later, in the
    /// root's tag, is remembered.
    fn resolve(&mut self, name: &[u8]) -> Option<Vec<u8>> {
        let prefix = prefix(name);
        let known = self.scope.uri(prefix).or_else(|| self.names.uri(prefix)).map(<[u8]>::to_vec);
        if known.is_none() && !self.late.contains_key(prefix) {
            let path = self.shown_path();
            self.late.insert(prefix.to_vec(), path);
        }
        known
    }

    /// The URI of a declaration.
    fn declared(&mut self, attribute: &Attribute) -> Result<Vec<u8>, Trouble> {
        let mut uri = Vec::new();
        if attribute.qname {
            if !attribute.value.is_none() {
                let spelled = self.names.spell(&attribute.value, &self.known.prefixes)?;
                uri.extend_from_slice(self.names.bytes(spelled));
            }
            return Ok(uri);
        }
        // SAFETY: a str, since it was written as one.
        let units = unsafe { crate::text::Units::of(attribute.value.ptr()) };
        if units.encode(0, units.len(), &mut uri) { Ok(uri) } else { Err(Trouble::Memory) }
    }
}

fn prefix(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b':').next().unwrap_or_default()
}

fn local(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b':').nth(1).unwrap_or_default()
}

/// The two of a pair.
///
/// # Safety
/// The interpreter is attached.
unsafe fn pair_of(pair: &Ref) -> Result<(Ref, Ref), Trouble> {
    // SAFETY: a tuple of two keeps its items as long as it is kept; anything else is made a tuple first.
    unsafe {
        if ffi::PyTuple_CheckExact(pair.ptr()) != 0 && ffi::PyTuple_GET_SIZE(pair.ptr()) == 2 {
            let items = (ffi::PyTuple_GET_ITEM(pair.ptr(), 0), ffi::PyTuple_GET_ITEM(pair.ptr(), 1));
            return Ok((Ref::keep(items.0), Ref::keep(items.1)));
        }
        let tuple = Ref::own(ffi::PySequence_Tuple(pair.ptr())).ok_or(Trouble::Raised)?;
        if ffi::PyTuple_GET_SIZE(tuple.ptr()) != 2 {
            ffi::PyErr_SetString(ffi::PyExc_ValueError, c"items() must give pairs".as_ptr());
            return Err(Trouble::Raised);
        }
        let items = (ffi::PyTuple_GET_ITEM(tuple.ptr(), 0), ffi::PyTuple_GET_ITEM(tuple.ptr(), 1));
        Ok((Ref::keep(items.0), Ref::keep(items.1)))
    }
}
