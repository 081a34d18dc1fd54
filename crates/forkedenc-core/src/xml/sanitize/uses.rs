//! The account of what references draw, in one pass: `use` and its kin show an element again at each reference, so that a few
//! elements can stand for a thousand million.
//!
//! Inside an element with an id, references lead backwards only, so the size of each id is known when its element
//! closes. What is referred to and not there yet may come: it counts when it does. Elements that draw nothing where they are
//! referred to (gradients, filters) cost nothing and may come later anyway.

use std::collections::HashMap;

use super::css::{Key, Styled};
use crate::hash::Keyed;

/// So many of the elements are kept for those that come behind a reference.
const RESERVE: u64 = 10;

/// A selector that leads to more ids than this is none of a picture's.
const BY_KEY: usize = 32;

/// The open element's part of the account.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Share {
    /// Elements in it so far, itself included, with what references in it draw.
    size: u64,
    /// Which id it has, counted from 1; 0 without.
    id: u32,
    weightless: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Referred to so often, from outside of all that can be referred to itself; what else refers to it allows it no weight.
    Awaited {
        count: u64,
        weightless: bool,
    },
    /// References from outside wait for its size.
    Open {
        awaited: u64,
    },
    Closed {
        size: u64,
    },
}

/// Why a reference or an id is refused.
pub(super) type Refusal = &'static str;

#[derive(Debug)]
pub(super) struct Account {
    max_elements: u64,
    max_ids: usize,
    ids: HashMap<Box<[u8]>, u32, Keyed>,
    states: Vec<State>,
    /// Ids that elements have.
    given: usize,
    elements: u64,
    added: u64,
    /// Open elements with an id, the root aside: nothing that is drawn can refer to that.
    inside: u32,
    styled: HashMap<Key, Vec<u32>>,
    /// A style sheet refers to something from somewhere.
    is_styled: bool,
}

impl Account {
    pub(super) fn new((max_elements, max_ids): (u64, u64)) -> Self {
        Self {
            max_elements,
            max_ids: usize::try_from(max_ids).unwrap_or(usize::MAX),
            ids: HashMap::default(),
            states: Vec::new(),
            given: 0,
            elements: 0,
            added: 0,
            inside: 0,
            styled: HashMap::new(),
            is_styled: false,
        }
    }

    fn number(&mut self, id: &[u8]) -> Option<u32> {
        if let Some(number) = self.ids.get(id) {
            return Some(*number);
        }
        // As many again may be referred to without being there.
        if self.ids.len() >= self.max_ids.saturating_mul(2) {
            return None;
        }
        let number = self.states.len() as u32;
        self.states.push(State::Awaited { count: 0, weightless: false });
        self.ids.insert(id.into(), number);
        Some(number)
    }

    /// The element at hand gets an id.
    pub(super) fn give(&mut self, id: &[u8], share: &mut Share, root: bool) -> Result<(), Refusal> {
        if self.given >= self.max_ids {
            return Err("too-many-ids");
        }
        let Some(number) = self.number(id) else { return Err("too-many-ids") };
        match self.states[number as usize] {
            State::Awaited { weightless: true, .. } if !share.weightless => return Err("forward-reference"),
            State::Awaited { count, .. } => self.states[number as usize] = State::Open { awaited: count },
            State::Open { .. } | State::Closed { .. } => return Err("duplicate-id"),
        }
        self.given += 1;
        share.id = number + 1;
        if !root {
            self.inside += 1;
        }
        Ok(())
    }

    /// The element at hand refers to an id. `paints`: by a property that mostly leads to what draws nothing.
    pub(super) fn refer(&mut self, id: &[u8], share: &mut Share, paints: bool) -> Result<(), Refusal> {
        let Some(number) = self.number(id) else { return Err("too-many-ids") };
        self.refer_to(number, share, paints)
    }

    fn refer_to(&mut self, number: u32, share: &mut Share, paints: bool) -> Result<(), Refusal> {
        let inside = self.inside > 0;
        match &mut self.states[number as usize] {
            State::Closed { size } => {
                let size = *size;
                if self.elements.saturating_add(self.added).saturating_add(size)
                    > self.max_elements - self.max_elements / RESERVE
                    && size > 0
                {
                    return Err("expansion");
                }
                self.added = self.added.saturating_add(size);
                share.size = share.size.saturating_add(size);
                Ok(())
            }
            // An element around it.
            State::Open { .. } => Err("cycle"),
            State::Awaited { weightless, .. } if inside && paints => {
                *weightless = true;
                Ok(())
            }
            State::Awaited { .. } if inside => Err("forward-reference"),
            State::Awaited { count, .. } => {
                *count += 1;
                Ok(())
            }
        }
    }

    /// An element opens.
    pub(super) fn open(&mut self, weightless: bool) -> Share {
        self.elements += 1;
        Share { size: u64::from(!weightless), id: 0, weightless }
    }

    /// An element closes; false: what refers to it draws too much.
    pub(super) fn close(&mut self, share: Share, parent: Option<&mut Share>, root: bool) -> bool {
        let size = share.size;
        if let Some(parent) = parent {
            parent.size = parent.size.saturating_add(size);
        }
        let Some(number) = share.id.checked_sub(1) else { return true };
        if !root {
            self.inside -= 1;
        }
        let count = match self.states[number as usize] {
            State::Open { awaited } => awaited,
            _ => 0,
        };
        self.states[number as usize] = State::Closed { size };
        self.added = self.added.saturating_add(count.saturating_mul(size));
        count == 0 || self.elements.saturating_add(self.added) <= self.max_elements || size == 0
    }

    /// A style sheet refers to ids from what its selectors match. It speaks of what stands before it as well, whose sizes are
    /// settled: from there it may refer only to what draws nothing. False: it does not, or says too much.
    pub(super) fn style(&mut self, styled: Styled) -> bool {
        if styled.too_many {
            return false;
        }
        let late = self.states.iter().any(|state| matches!(state, State::Closed { size: 1.. }));
        let mut numbers = Vec::with_capacity(styled.pairs.len());
        for (_, id) in &styled.pairs {
            let Some(number) = self.number(id) else { return false };
            match &mut self.states[number as usize] {
                State::Closed { size: 0 } => {}
                State::Awaited { count, weightless } => {
                    *weightless |= late;
                    *count += self.elements;
                }
                State::Open { .. } | State::Closed { .. } => return false,
            }
            numbers.push(number);
        }
        for ((key, _), number) in styled.pairs.into_iter().zip(numbers) {
            let known = self.styled.entry(key).or_default();
            if !known.contains(&number) {
                if known.len() >= BY_KEY {
                    return false;
                }
                known.push(number);
            }
            self.is_styled = true;
        }
        true
    }

    /// Whether a style sheet refers to something.
    #[inline(always)]
    pub(super) fn is_styled(&self) -> bool {
        self.is_styled
    }

    /// The references that style sheets make from an element of this name, id and classes are counted.
    pub(super) fn refer_styled(
        &mut self,
        local: &[u8],
        id: Option<&[u8]>,
        classes: &[u8],
        share: &mut Share,
    ) -> Result<(), Refusal> {
        let mut found = Vec::new();
        let mut look = |key: Key| found.extend(self.styled.get(&key).into_iter().flatten().copied());
        look(Key::Any);
        look(Key::Type(local.to_vec()));
        if let Some(id) = id {
            look(Key::Id(id.to_vec()));
        }
        for class in classes.split(u8::is_ascii_whitespace).filter(|class| !class.is_empty()) {
            look(Key::Class(class.to_vec()));
        }
        for number in found {
            match self.refer_to(number, share, true) {
                // A cycle that a style sheet closes is the renderer's to cut, which it does at once.
                Ok(()) | Err("cycle") => {}
                refused => return refused,
            }
        }
        Ok(())
    }
}
