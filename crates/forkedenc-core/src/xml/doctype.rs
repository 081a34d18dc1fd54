//! Where the machine meets the DOCTYPE.

use super::error::Kind;
use super::machine::{Env, Machine, Step};
use super::sink::Sink;
use crate::cursor::Cursor;

impl Machine {
    pub(super) fn begin_doctype(&mut self, _: &Cursor<'_>, env: Env<'_>) -> Step {
        self.fail_at(Kind::DtdForbidden, self.token, env)
    }

    pub(super) fn read_doctype<S: Sink>(&mut self, _: &mut S, _: &mut Cursor<'_>, env: Env<'_>) -> Step {
        self.fail_at(Kind::DtdForbidden, self.token, env)
    }
}
