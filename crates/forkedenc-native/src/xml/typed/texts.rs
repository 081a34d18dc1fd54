//! Text, comments and PIs: gathered for fields, or made nodes of a rest.

use forkedenc_core::limits::{Limit, NONE};
use forkedenc_core::position::Place;
use forkedenc_core::xml::Context;
use pyo3::ffi;
use pyo3::prelude::*;

use super::builder::Building;
use super::frames::{Frame, Reason, What};
use super::plan::Unknown;
use crate::text::characters;
use crate::xml::events::make::event;
use crate::xml::events::types::Kind;
use crate::xml::strings;

impl Building<'_, '_> {
    #[inline(always)]
    pub(super) fn gather(&mut self, text: &[u8]) -> bool {
        let texts = &mut self.frames.texts;
        if texts.capacity() - texts.len() < text.len() && texts.try_reserve(text.len()).is_err() {
            return self.out_of_memory();
        }
        texts.extend_from_slice(text);
        true
    }

    /// A piece of a run that is kept as a node, or of which a mark is kept.
    #[inline(always)]
    pub(super) fn gather_run(&mut self, text: &[u8], owner: u32, charged: bool, cx: &Context<'_>) -> bool {
        if self.frames.run.is_none() {
            self.frames.run = Some((self.frames.texts.len(), cx.place()));
            if charged && !self.charge(owner, 0, cx) {
                return false;
            }
        }
        (!charged || self.charge_text(owner, text.len(), cx)) && self.gather(text)
    }

    /// Text directly in an instance.
    pub(super) fn own_text(&mut self, frame: Frame, text: &[u8], cx: &Context<'_>) -> bool {
        let shape = &self.plan.shapes[frame.shape as usize];
        if shape.text.is_some() {
            let (length, most) = (self.frames.texts.len() - frame.texts, self.settings.text_bytes);
            if most != NONE && (length + text.len()) as u64 > most {
                // Its parts together, which the parser does not see.
                let place = cx.place_at(most.saturating_sub(length as u64) as usize);
                return self.over(Limit::TextBytes, most, most + 1, place);
            }
        }
        if self.keeps(shape) {
            return self.gather_run(text, frame.owner, shape.text.is_none(), cx);
        }
        if shape.text.is_some() {
            return self.gather(text);
        }
        if self.plan.unknown == Unknown::Refuse
            && let Some(at) = text.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        {
            return self.refuse("elements alone", "text", cx.place_at(at));
        }
        true
    }

    /// Makes the run of text that ends a node.
    #[inline(always)]
    pub(super) fn end_run(&mut self) -> bool {
        match self.frames.run.take() {
            None => true,
            Some((start, place)) => self.make_run(start, place),
        }
    }

    #[inline(never)]
    pub(super) fn make_run(&mut self, start: usize, place: Place) -> bool {
        let Some(frame) = self.frames.open.last().copied() else { return true };
        let shape = &self.plan.shapes[frame.shape as usize];
        if let (What::Instance, Some(field)) = (frame.what, shape.text) {
            let length = characters(&self.frames.texts[start..]);
            let name = &shape.fields[field as usize].name;
            let mark = self.plan.nodes.claimed.bind(self.py).call1((name, self.py.None(), length));
            return match mark {
                Ok(mark) => self.push_node(mark.into_ptr()),
                Err(error) => self.fail(Reason::Trouble(error.into()), place),
            };
        }
        // SAFETY: attached; the core has checked the text, whose pieces are whole characters.
        let node = unsafe {
            let text = strings::value(&self.frames.texts[start..]);
            if text.is_null() { text } else { event(Kind::Text, place, &[text]) }
        };
        self.frames.texts.truncate(start);
        self.push_node(node)
    }

    /// A comment or PI, with the strs of its fields.
    pub(super) fn special(&mut self, kind: Kind, parts: &[&[u8]], cx: &Context<'_>) -> bool {
        if self.frames.skipped > 0 {
            return true;
        }
        let Some(frame) = self.frames.open.last().copied() else { return true };
        let shape = &self.plan.shapes[frame.shape as usize];
        let cuts = match frame.what {
            What::Text => true,
            What::Instance => shape.text.is_some(),
            What::Node => false,
        };
        if cuts && self.settings.whole_text {
            let actual = if kind == Kind::Comment { "a comment in it" } else { "a processing instruction in it" };
            return self.refuse("text in one piece", actual, cx.place());
        }
        let kept = match frame.what {
            What::Text => false,
            What::Instance => self.keeps(shape),
            What::Node => true,
        };
        if !kept {
            return true;
        }
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        if !self.end_run() || !self.charge(frame.owner, bytes as u64, cx) {
            return false;
        }
        let mut fields = [std::ptr::null_mut(); 2];
        for (at, part) in parts.iter().enumerate() {
            // SAFETY: attached; the core has checked the text.
            fields[at] = unsafe { strings::value(part) };
            if fields[at].is_null() {
                for made in &fields[..at] {
                    // SAFETY: attached; the reference is ours.
                    unsafe { ffi::Py_DECREF(*made) };
                }
                return self.raised();
            }
        }
        // SAFETY: attached; as many fields as events of this kind have, owned.
        let node = unsafe { event(kind, cx.place(), &fields[..parts.len()]) };
        self.push_node(node)
    }
}
