//! References to entities (XML 1.0 §4.4): their replacement text is read in place of what they stand in.

use super::dtd::{EntityKind, expand_in_attribute, predefined};
use super::error::Kind;
use super::machine::{Env, Machine, Runs, Source, State, Step};
use super::sink::{At, Sink};
use crate::cursor::Cursor;
use crate::limits::NONE;

impl Machine {
    /// A reference in content, its name in `carry`, the cursor at its `;`.
    pub(super) fn entity_in_content<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        if self.metered {
            self.audit_name();
        }
        let name = std::mem::take(&mut self.carry);
        let step = self.replace_in_content(sink, &name, c, env);
        self.carry = name;
        step
    }

    fn replace_in_content<S: Sink>(&mut self, sink: &mut S, name: &[u8], c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        if let Some(byte) = predefined(name) {
            if !self.reference_text(sink, &[byte], env) {
                return Step::Failed;
            }
            c.advance(1);
            self.state = State::Content;
            return Step::Again;
        }
        let read = self.read_up_to(env.at(c.position() + 1), env);
        let entity = self.dtd.as_ref().and_then(|dtd| dtd.entity(name));
        let (id, text) = match entity.map(|entity| (entity.id, &entity.kind)) {
            Some((id, EntityKind::Internal(text))) => (id, text.clone()),
            Some((_, EntityKind::Unparsed)) => return self.fail_at(Kind::BinaryEntity, self.token, env),
            None if self.dtd.as_ref().is_none_or(|dtd| dtd.undeclared_is_error()) => {
                return self.fail_at(Kind::UndefinedEntity, self.token, env);
            }
            Some((_, EntityKind::External)) | None => {
                self.end_run(Runs::Events);
                if self.metered && !self.meter_event(name.len() as u64, env) {
                    return Step::Failed;
                }
                if !sink.entity(name, &self.context(&env, self.token)) {
                    return self.sink_failed(self.token, env);
                }
                c.advance(1);
                self.state = State::Content;
                return Step::Again;
            }
        };
        if self.sources.iter().any(|source| source.entity == id) {
            return self.fail_at(Kind::RecursiveEntity, self.token, env);
        }
        let depth = self.sources.len() as u64 + 1;
        if let Err(kind) = self.expansions.enter(text.bytes().len() as u64, depth, read)
            && !self.expansion_refused(kind, self.token, env)
        {
            return Step::Failed;
        }
        self.audit_expansions(self.token, env);
        if self.sources.is_empty() {
            self.outermost = env.locate(self.token);
            self.read = read;
        }
        c.advance(1);
        self.state = State::Content;
        self.sources.push(Source { text, position: 0, entity: id, outer_floor: self.floor });
        self.floor = self.depth;
        Step::Source
    }

    /// The text of an entity is at its end: it has to be balanced by itself (§4.3.2).
    pub(super) fn leave_source(&mut self, env: Env<'_>) -> Step {
        if self.state != State::Content || self.depth != self.floor {
            return self.fail_at(Kind::AsyncEntity, At::Known(self.outermost), env);
        }
        self.brackets = 0;
        if let Some(source) = self.sources.pop() {
            self.floor = source.outer_floor;
        }
        Step::Source
    }

    /// A reference in a value, its name in `carry`, the cursor at its `;`.
    pub(super) fn entity_in_value(&mut self, c: &Cursor<'_>, env: Env<'_>) -> bool {
        if self.metered {
            self.audit_name();
        }
        if let Some(byte) = predefined(&self.carry) {
            return self.add_to_value(&[byte], self.reference, env);
        }
        let Some(dtd) = self.dtd.clone() else {
            self.fail_at(Kind::UndefinedEntity, self.reference, env);
            return false;
        };
        // Spaces may go, and what is audited goes on: both want the text in full, or it would end anywhere, in a character too.
        let whole = self.tag.tokenized || self.audit.is_some();
        let room = if whole { NONE } else { self.tag.cap.saturating_sub(self.value_length()) };
        let read = self.read_up_to(env.at(c.position() + 1), env);
        let mut text = Vec::new();
        let expanded = expand_in_attribute(&dtd, &self.carry, &mut text, room, &mut self.expansions, read);
        self.audit_expansions(self.reference, env);
        if let Err(kind) = expanded {
            // Where the fault is not the reference's own, it is the tag's, as expat has it.
            let own = matches!(kind, Kind::Limit { .. }) || dtd.is_unread(&self.carry);
            return self.expansion_refused(kind, if own { self.reference } else { self.token }, env);
        }
        if !self.tag.tokenized {
            return self.add_to_value(&text, self.reference, env);
        }
        text.iter().all(|byte| {
            if *byte == b' ' { self.add_space(c, env) } else { self.add_to_value(&[*byte], self.reference, env) }
        })
    }

    /// How many bytes of the source were read up to a position; inside an entity, up to the end of the outermost reference.
    pub(super) fn read_up_to(&self, at: At, env: Env<'_>) -> u64 {
        if env.inside.is_some() { self.read } else { env.locate(at).offset }
    }
}
