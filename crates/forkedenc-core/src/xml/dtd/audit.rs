//! Limits that are audited instead of enforced: what crossed is told when it has ended, with its final size.

use super::expand::Expansions;
use super::reader::{Failure, Reader};
use crate::limits::Limit;
use crate::position::Place;
use crate::xml::sink::{At, Locate};

/// A limit that was crossed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::xml) struct Crossing {
    pub limit: Limit,
    pub maximum: u64,
    pub observed: u64,
    /// Where the limit's error would have been.
    pub place: Place,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Audit {
    open: Vec<(Crossing, At)>,
    ended: Vec<(Crossing, At)>,
}

impl Audit {
    /// The window goes: what was only pointed at is looked up.
    pub fn settle(&mut self, place: &dyn Locate) {
        for (crossing, at) in self.open.iter_mut().chain(&mut self.ended) {
            crossing.place = match *at {
                At::Window(position) => place.locate(position),
                At::Known(place) => place,
            };
            *at = At::Known(crossing.place);
        }
    }
}

impl Reader {
    /// Switches enforcement off for all limits but that on depth.
    pub fn audit(&mut self) {
        self.audit = Some(Box::default());
    }

    /// A limit is crossed: an error, or a note where limits are audited.
    pub(super) fn cross(&mut self, limit: Limit, maximum: u64, observed: u64, at: At) -> Result<(), Failure> {
        let Some(audit) = &mut self.audit else {
            return Err(Failure::limit(limit, maximum, observed, at));
        };
        match audit.open.iter_mut().find(|(crossing, _)| crossing.limit == limit) {
            Some((crossing, _)) => crossing.observed = crossing.observed.max(observed),
            None => audit.open.push((Crossing { limit, maximum, observed, place: Place::START }, at)),
        }
        Ok(())
    }

    /// Notes what replacing an entity has crossed.
    pub(super) fn audit_expansions(&mut self, at: At, expansions: &mut Expansions) -> Result<(), Failure> {
        for (limit, maximum, observed) in expansions.take_crossed() {
            self.cross(limit, maximum, observed, at)?;
        }
        Ok(())
    }

    /// What these limits count has ended, with this size.
    pub(super) fn ended(&mut self, limits: &[Limit], size: u64) {
        if let Some(audit) = &mut self.audit {
            for (mut crossing, at) in audit.open.extract_if(.., |(crossing, _)| limits.contains(&crossing.limit)) {
                crossing.observed = crossing.observed.max(size);
                audit.ended.push((crossing, at));
            }
        }
    }

    /// The crossings that have ended; `all`: the DOCTYPE has ended, and with it whatever is open.
    pub fn take_crossings(&mut self, all: bool) -> Vec<Crossing> {
        if all {
            self.ended(&[Limit::DoctypeBytes], self.bytes());
        }
        let Some(audit) = &mut self.audit else { return Vec::new() };
        let open = if all { std::mem::take(&mut audit.open) } else { Vec::new() };
        audit.ended.drain(..).chain(open).map(|(crossing, _)| crossing).collect()
    }
}
