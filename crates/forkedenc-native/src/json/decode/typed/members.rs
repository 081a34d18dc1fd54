//! Members: which field a key is of, what becomes of one that no field claims, and keys that maps make something of.

use forkedenc_core::json::Builder;
use forkedenc_core::json::builder::Member;
use forkedenc_core::limits::Limit;
use forkedenc_core::plan::{Op, Unknown};
use pyo3::prelude::*;

use super::builder::TypedBuilder;
use super::frames::{DISCARD, Frame, Kind, PUSH, Place, REST};
use crate::json::decode::objects::Duplicates;
use crate::schema::Trouble;

impl<const TEXT: bool> TypedBuilder<TEXT> {
    /// A member of an object of a class, by its name.
    pub(super) fn class_key(&mut self, bytes: &[u8], ascii: bool) -> Member {
        let number = self.frame.number as usize;
        let class = &self.typed().plan.classes[number];
        if let Some(field) = class.find(bytes, self.frame.next as usize) {
            self.row = class.fields[field].row;
            self.slot = self.frame.base + field as u32;
            self.frame.current = field as u32;
            self.frame.next = field as u32 + 1;
            if !self.objects.values[self.slot as usize].is_null() {
                match self.objects.duplicates() {
                    Duplicates::Last => {}
                    Duplicates::First => self.slot = DISCARD,
                    Duplicates::Error => return Member::Duplicate,
                }
            }
            return Member::Build;
        }
        if let Some((name, row)) = &class.tag
            && **name == *bytes
        {
            (self.slot, self.row, self.frame.current) = (DISCARD, *row, Frame::TAG);
            return Member::Build;
        }
        match class.unknown {
            Unknown::Ignore => {
                self.note_unknown(bytes);
                if self.objects.duplicates() == Duplicates::Error {
                    self.ignored_key(bytes, ascii)
                } else {
                    Member::Skip
                }
            }
            Unknown::Error => {
                self.note_unknown(bytes);
                // SAFETY: attached.
                let name = self.typed().classes[number].name(unsafe { Python::assume_attached() });
                self.trouble =
                    Some(Trouble::refused(format!("only members that {name} has"), "a member that it lacks"));
                Member::Failed
            }
            Unknown::Rest(row) => self.rest_key(bytes, ascii, row),
        }
    }

    /// Keeps a key that nothing else keeps, for paths.
    fn note_unknown(&mut self, bytes: &[u8]) {
        self.frame.current = Frame::UNKNOWN;
        let (start, _) = *self.frame.odd.get_or_insert((self.odd_keys.len() as u32, 0));
        self.odd_keys.truncate(start as usize);
        self.odd_keys.extend_from_slice(&bytes[..bytes.len().min(4 * forkedenc_core::path::SHOWN)]);
        self.frame.odd = Some((start, self.odd_keys.len() as u32));
    }

    /// A key whose member is dropped, kept with nothing in its place until the object ends: it must not come twice.
    #[cold]
    fn ignored_key(&mut self, bytes: &[u8], ascii: bool) -> Member {
        let mark = self.frame.base as usize + self.typed().plan.classes[self.frame.number as usize].fields.len();
        match self.objects.key_above(mark, bytes, ascii) {
            Member::Build if self.objects.null() => Member::Skip,
            Member::Build => Member::Failed,
            refused => refused,
        }
    }

    fn rest_key(&mut self, bytes: &[u8], ascii: bool, row: u32) -> Member {
        let Some(account) = self.accounts.last_mut() else { return Member::Failed };
        account.members += 1;
        account.bytes = account.bytes.saturating_add(bytes.len() as u64);
        self.over = None;
        // Each is told once: where limits are audited, what is over goes on.
        if account.members > self.rest_members && !std::mem::replace(&mut account.told_members, true) {
            self.over = Some((Limit::RestMembers, self.rest_members, account.members));
        } else if account.bytes > self.rest_bytes && !std::mem::replace(&mut account.told_bytes, true) {
            self.over = Some((Limit::RestBytes, self.rest_bytes, account.bytes));
        }
        let mark = self.frame.base as usize + self.typed().plan.classes[self.frame.number as usize].fields.len();
        let answer = self.objects.key_above(mark, bytes, ascii);
        if answer != Member::Build {
            return answer;
        }
        self.frame.current = REST;
        self.frame.key = self.objects.values.len() as Place - 1;
        (self.slot, self.row, self.rest_is_open) = (PUSH, row, true);
        if self.over.is_some() { Member::Over } else { Member::Rest }
    }

    pub(super) fn map_key(&mut self, bytes: &[u8], ascii: bool) -> Member {
        let map = &self.typed().plan.maps[self.frame.number as usize];
        self.row = map.value;
        self.slot = PUSH;
        if map.key.op == Op::Str {
            let answer = self.objects.key_above(self.frame.base as usize, bytes, ascii);
            self.frame.key = (self.objects.values.len() as Place).wrapping_sub(1);
            return answer;
        }
        self.note_unknown(bytes);
        // SAFETY: attached; the machine has checked the bytes.
        let py = unsafe { Python::assume_attached() };
        let made = match map.key.op {
            Op::Int => super::frames::int_key(py, bytes),
            Op::Scalar => self.typed().scalars[map.key.argument as usize].decode_key(py, bytes, ascii),
            _ => Err(Trouble::refused("another key", "str")),
        };
        match made {
            Ok(key) => self.objects.put_key_above(self.frame.base as usize, key.into_ptr()),
            Err(trouble) => {
                self.refuse(trouble);
                Member::Failed
            }
        }
    }

    /// The key of the member that is open in a typed frame.
    pub(super) fn open_key(&self, frame: &Frame) -> Vec<u8> {
        match frame.kind {
            Kind::Class if frame.current < REST => {
                self.typed().plan.classes[frame.number as usize].fields[frame.current as usize].name.to_vec()
            }
            Kind::Class if frame.current == Frame::TAG => {
                let tag = &self.typed().plan.classes[frame.number as usize].tag;
                tag.as_ref().map(|(name, _)| name.to_vec()).unwrap_or_default()
            }
            _ if frame.current == Frame::UNKNOWN => {
                let key = frame.odd.and_then(|(start, end)| self.odd_keys.get(start as usize..end as usize));
                key.unwrap_or_default().to_vec()
            }
            _ => self.objects.key_at(frame.key as usize),
        }
    }
}
