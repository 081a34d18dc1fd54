//! Attributes of an element: those that fields are, then those of the rest, each with a prefix that is bound.

use forkedenc_core::xml::write::{Context, Refusal, rules};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::names::{self, prefix_of, utf8};
use super::plan::Plan;
use super::value::{Value, many};
use super::walk::{Trouble, Walk};

impl<'py> Walk<'_, 'py> {
    /// Writes ` name="`.
    pub(super) fn attribute_start(
        &mut self,
        uri: &[u8],
        local: &[u8],
        fits: bool,
        wish: Option<&[u8]>,
    ) -> Result<(), Trouble> {
        if !fits {
            return Err(Refusal::AttributeName.into());
        }
        if uri.is_empty() {
            let written = self.out.put([b' ']);
            self.done(written)?;
            self.plain_bytes(local)?;
            let written = self.out.put(*b"=\"");
            return self.done(written);
        }
        let depth = self.depth();
        let start = self.at_hand.unwrap_or(self.spelled.len());
        let element = prefix_of(self.spelled.get(start..).unwrap_or_default()).to_vec();
        let mut spelled = Vec::new();
        let made = self.names.attribute(depth, uri, local, wish, &element, &mut spelled)?;
        if let Some(prefix) = made {
            self.declaration(&prefix, uri)?;
        }
        let written = self.out.put([b' ']);
        self.done(written)?;
        self.plain_bytes(&spelled)?;
        let written = self.out.put(*b"=\"");
        self.done(written)
    }

    pub(super) fn attribute_end(&mut self) -> Result<(), Trouble> {
        let written = self.out.put([b'"']);
        self.done(written)?;
        self.attribute.clear();
        Ok(())
    }

    /// The prefix that an attribute had, if that is known.
    pub(super) fn attribute_wish(
        &self,
        prefixes: Option<&Bound<'py, PyDict>>,
        name: &Bound<'py, PyString>,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let Some(prefixes) = prefixes else { return Ok(None) };
        let found = prefixes.get_item(name)?;
        found.map(|prefix| self.bytes(&prefix)).transpose()
    }

    /// Writes the attributes that no field claims.
    pub(super) fn rest_attributes(
        &mut self,
        attributes: &Bound<'py, PyDict>,
        prefixes: Option<&Bound<'py, PyDict>>,
        plan: Option<&Plan>,
    ) -> Result<(), Trouble> {
        // A lookup may run the code of a name that is of a subclass of str.
        let pairs: Vec<_> = attributes.iter().collect();
        for (name, value) in &pairs {
            let name = self.text(name)?;
            self.attribute.clear();
            let mut bytes = Vec::new();
            utf8(name, &mut bytes)?;
            let (uri, local) = names::parts(&bytes);
            self.attribute.extend_from_slice(local);
            if let Some(plan) = plan {
                let clashes = |tag: &names::Name| &*tag.uri == uri && &*tag.local == local;
                if plan.attributes.iter().any(|own| own.tag.as_ref().is_some_and(clashes)) {
                    return Err(Trouble::Other("rest_clash", "an attribute of the rest has the name of a field"));
                }
            }
            if bytes.starts_with(b"{}") && attributes.contains(PyString::from_bytes(self.py, local)?)? {
                return Err(Refusal::DuplicateAttribute.into());
            }
            if uri.is_empty() && local == b"xmlns" {
                return Err(Refusal::Declaration.into());
            }
            let wish = self.attribute_wish(prefixes, name)?;
            self.attribute_start(uri, local, rules::is_ncname(local), wish.as_deref())?;
            self.string(self.text(value)?, None, Context::Attribute)?;
            self.attribute_end()?;
        }
        Ok(())
    }

    /// Writes the attributes that are fields.
    pub(super) fn field_attributes(
        &mut self,
        instance: &Bound<'py, PyAny>,
        plan: &Plan,
        prefixes: Option<&Bound<'py, PyDict>>,
    ) -> Result<(), Trouble> {
        for field in &plan.attributes {
            let Some(tag) = &field.tag else { continue };
            self.attribute.clear();
            self.attribute.extend_from_slice(&tag.local);
            let value = field.attribute.get(instance)?;
            if self.options.omit_defaults && field.is_default(&value)? {
                continue;
            }
            let wish = self.attribute_wish(prefixes, tag.text.bind(self.py))?;
            if let Some(values) = many(&value)? {
                self.list_attribute(field.required, tag, wish.as_deref(), &values)?;
                continue;
            }
            let value = self.resolved(&value)?;
            if matches!(value, Value::Nothing) {
                continue;
            }
            self.attribute_start(&tag.uri, &tag.local, tag.fits, wish.as_deref())?;
            self.scalar(&value, Context::Attribute)?;
            self.attribute_end()?;
        }
        self.attribute.clear();
        Ok(())
    }

    /// Writes values with spaces between them (XML Schema part 2, section 2.5.1.2); none at all where there need be none.
    pub(super) fn list_attribute(
        &mut self,
        required: bool,
        tag: &names::Name,
        wish: Option<&[u8]>,
        values: &[Bound<'py, PyAny>],
    ) -> Result<(), Trouble> {
        if values.is_empty() && !required {
            return Ok(());
        }
        self.attribute_start(&tag.uri, &tag.local, tag.fits, wish)?;
        for (number, value) in values.iter().enumerate() {
            if number > 0 {
                let written = self.out.put([b' ']);
                self.done(written)?;
            }
            let value = self.resolved(value)?;
            if let Value::Text(text) = &value {
                let mut bytes = Vec::new();
                utf8(text, &mut bytes)?;
                if bytes.is_empty() || bytes.iter().any(|byte| b" \t\r\n".contains(byte)) {
                    return Err(Trouble::Other(
                        "invalid_list_item",
                        "a value of a list is empty or has white space in it",
                    ));
                }
            }
            if matches!(value, Value::Nothing) {
                return Err(Trouble::Other("invalid_list_item", "a value of a list is None"));
            }
            self.scalar(&value, Context::Attribute)?;
        }
        self.attribute_end()
    }
}
