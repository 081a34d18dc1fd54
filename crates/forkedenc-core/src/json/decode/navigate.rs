//! Finding values inside a document: what `items`, `members` and arrays of documents run on outside of what they deliver.

use super::builder::{Builder, Constant, Member, Verdict};

/// One step towards a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NavigationStep {
    /// The member of an object with this key.
    Key(Vec<u8>),
    /// Each item of an array.
    Each,
}

/// A builder that builds nothing and takes the values at the end of a path.
///
/// `live` is the number of open containers, from the outermost, that lie on the path.
#[derive(Clone, Debug)]
pub struct Navigator {
    steps: Vec<NavigationStep>,
    /// Take the members of what the path leads to.
    members: bool,
    /// The document must be an array.
    array: bool,
    depth: usize,
    live: usize,
    enters: bool,
    key_fits: bool,
}

impl Navigator {
    #[must_use]
    pub fn new(steps: Vec<NavigationStep>, members: bool) -> Self {
        Self { steps, members, array: false, depth: 0, live: 0, enters: false, key_fits: false }
    }

    /// Takes the items of a document that is an array, and refuses any other.
    #[must_use]
    pub fn array() -> Self {
        Self { array: true, ..Self::new(vec![NavigationStep::Each], false) }
    }

    /// Takes the document itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.steps.is_empty() && !self.members
    }

    fn fits(&self, in_object: bool) -> bool {
        if self.live != self.depth {
            return false;
        }
        match self.depth.checked_sub(1).map(|step| self.steps.get(step)) {
            None => true,
            Some(Some(NavigationStep::Key(_))) => in_object && self.key_fits,
            Some(Some(NavigationStep::Each)) => !in_object,
            Some(None) => self.members && in_object,
        }
    }

    fn open(&mut self) -> u64 {
        if self.enters {
            self.live = self.depth + 1;
        }
        self.depth += 1;
        0
    }

    fn close(&mut self) -> bool {
        self.depth -= 1;
        self.live = self.live.min(self.depth);
        true
    }
}

impl Builder for Navigator {
    const KEEPS_KEYS: bool = false;
    const WANTS_SCALARS: bool = false;
    const NAVIGATES: bool = true;

    fn at_value(&mut self, first: u8, in_object: bool) -> Verdict {
        if self.array && self.depth == 0 && first != b'[' {
            return Verdict::Refuse;
        }
        self.enters = self.fits(in_object);
        if self.enters && self.depth == self.steps.len() + usize::from(self.members) {
            return Verdict::Take;
        }
        Verdict::Pass
    }

    fn key(&mut self, text: &[u8], _: bool) -> Member {
        let step = self.depth.checked_sub(1).and_then(|step| self.steps.get(step));
        self.key_fits = matches!(step, Some(NavigationStep::Key(key)) if key == text);
        Member::Build
    }

    fn begin_array(&mut self) -> u64 {
        self.open()
    }
    fn begin_object(&mut self) -> u64 {
        self.open()
    }
    fn end_array(&mut self, _: u64, _: u64) -> bool {
        self.close()
    }
    fn end_object(&mut self, _: u64, _: u64) -> bool {
        self.close()
    }
    fn null(&mut self) -> bool {
        true
    }
    fn boolean(&mut self, _: bool) -> bool {
        true
    }
    fn integer(&mut self, _: i64) -> bool {
        true
    }
    fn big_integer(&mut self, _: &[u8]) -> bool {
        true
    }
    fn float(&mut self, _: f64) -> bool {
        true
    }
    fn number(&mut self, _: &[u8], _: bool) -> bool {
        true
    }
    fn constant(&mut self, _: Constant) -> bool {
        true
    }
    fn string(&mut self, _: &[u8], _: bool) -> bool {
        true
    }
    fn member_key(&self, _: Option<u64>) -> Vec<u8> {
        Vec::new()
    }
}
