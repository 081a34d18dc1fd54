//! Where the machine meets the DOCTYPE (XML 1.0 §2.8): `dtd` reads it, and what it declared is kept here.

use super::dtd::{self, DtdMode, Outcome, Reader};
use super::error::Kind;
use super::machine::{Env, Machine, State, Step};
use super::sink::{At, Sink};
use crate::cursor::Cursor;

impl Machine {
    /// Behind `<!DOCTYPE`.
    pub(super) fn begin_doctype(&mut self, env: Env<'_>) -> Step {
        if self.rules.dtd == DtdMode::Forbid {
            return self.fail_at(Kind::DtdForbidden, self.token, env);
        }
        self.seen_doctype = true;
        self.state = State::Doctype;
        let mut reader = Box::new(Reader::new(
            self.rules.dtd,
            &self.limits,
            self.rules.namespaces,
            self.rules.forbid_entities,
            self.rules.forbid_external,
            self.standalone,
            env.locate(self.token),
        ));
        if self.audit.is_some() {
            reader.audit();
        }
        self.doctype = Some(reader);
        if self.metered && !self.meter_event(0, env) {
            return Step::Failed;
        }
        Step::Again
    }

    pub(super) fn read_doctype<S: Sink>(&mut self, sink: &mut S, c: &mut Cursor<'_>, env: Env<'_>) -> Step {
        let Some(reader) = &mut self.doctype else { return Step::Failed };
        let (names, expansions) = (&mut self.names, &mut self.expansions);
        let outcome = reader.read(c, &mut dtd::Env { sink, names, expansions, place: env.place });
        for crossing in reader.take_crossings(outcome == Outcome::Done) {
            self.audit_crossing(crossing, env);
        }
        match outcome {
            Outcome::NeedMore => Step::NeedMore,
            Outcome::Failed(kind, place) => self.fail_at(kind, At::Known(place), env),
            Outcome::Done => {
                if let Some(reader) = self.doctype.take() {
                    let dtd = reader.into_dtd();
                    self.ruled = dtd.has_rules();
                    let held = dtd.held();
                    self.dtd = Some(dtd);
                    if self.metered && !self.charge_dtd(held, env.at(c.position() - 1), env) {
                        return Step::Failed;
                    }
                }
                self.state = State::Misc;
                Step::Again
            }
        }
    }

    /// The document ends inside the DOCTYPE.
    pub(super) fn finish_doctype(&mut self, c: &Cursor<'_>, env: Env<'_>) -> Step {
        let end = env.locate(env.at(c.position()));
        if let Some(reader) = &self.doctype {
            let (open, token) = reader.unfinished(end);
            self.token = At::Known(token);
            return self.fail_at(Kind::Incomplete(open), At::Known(end), env);
        }
        Step::Failed
    }
}
