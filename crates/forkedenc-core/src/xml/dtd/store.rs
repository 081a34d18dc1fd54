//! What a DOCTYPE declared, kept until the document ends.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::cursor::{PADDING, Window};
use crate::xml::names::NameId;

/// Replacement text, ready to be read: zero bytes stand behind it.
#[derive(Clone, Debug)]
pub struct Text {
    padded: Arc<[u8]>,
    length: usize,
}

impl Text {
    pub(super) fn new(text: &[u8]) -> Self {
        let padded = text.iter().copied().chain([0; PADDING]).collect::<Vec<u8>>();
        Self { padded: padded.into(), length: text.len() }
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.padded[..self.length]
    }

    #[must_use]
    pub fn window(&self) -> Window<'_> {
        Window::padded(&self.padded, self.length)
    }
}

#[derive(Clone, Debug)]
pub enum EntityKind {
    Internal(Text),
    /// From outside, so it is never read.
    External,
    /// Declared with `NDATA`: no markup at all.
    Unparsed,
}

/// A general entity, or a parameter entity while the DOCTYPE is read.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its number among its like: see [`Dtd::entity_by_id`].
    pub id: u32,
    pub kind: EntityKind,
    /// Declared in a parameter entity's text, where `standalone="yes"` forbids that it be used.
    pub(super) in_parameter: bool,
    /// A parameter entity whose text is being read.
    pub(super) open: bool,
}

/// Entities by name. The names are the input's choice, so their hashes are keyed.
#[derive(Clone, Debug, Default)]
pub(super) struct Entities {
    list: Vec<Entity>,
    index: HashMap<Box<[u8]>, u32>,
}

impl Entities {
    pub fn get(&self, name: &[u8]) -> Option<&Entity> {
        self.index.get(name).map(|id| &self.list[*id as usize])
    }

    pub fn get_mut(&mut self, id: u32) -> &mut Entity {
        &mut self.list[id as usize]
    }

    /// False where the name is taken: the first declaration binds (XML 1.0 §4.2).
    pub fn declare(&mut self, name: &[u8], kind: EntityKind, in_parameter: bool) -> bool {
        if self.index.contains_key(name) {
            return false;
        }
        let id = self.list.len() as u32;
        self.list.push(Entity { id, kind, in_parameter, open: false });
        self.index.insert(name.into(), id);
        true
    }
}

/// An attribute that an element has by default.
#[derive(Clone, Debug)]
pub struct AttributeDefault {
    pub name: NameId,
    /// Normalised for its type, its entities replaced.
    pub value: Arc<[u8]>,
}

/// What is declared of one element's attributes.
#[derive(Clone, Debug, Default)]
pub struct ElementRules {
    /// In the order of their declarations.
    pub defaults: Vec<AttributeDefault>,
    tokenized: HashSet<NameId>,
}

impl ElementRules {
    /// True where the attribute is declared with another type than CDATA: its value loses leading, trailing and double spaces.
    #[must_use]
    pub fn tokenized(&self, name: NameId) -> bool {
        self.tokenized.contains(&name)
    }

    /// False where none is, so that values need not be asked for.
    #[must_use]
    pub fn any_tokenized(&self) -> bool {
        !self.tokenized.is_empty()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    pub general: Entities,
    pub parameter: Entities,
    rules: HashMap<NameId, ElementRules>,
    declared: HashSet<(NameId, NameId)>,
    /// Bytes of names and values.
    pub held: u64,
    /// An external subset or a reference to a parameter entity: what is not known here may be declared there.
    pub unread: bool,
    /// Nothing is declared, whatever stands there.
    pub closed: bool,
    pub standalone: bool,
}

impl Store {
    pub fn new(standalone: bool, closed: bool) -> Self {
        Self { standalone, closed, ..Self::default() }
    }

    pub fn is_declared(&self, element: NameId, attribute: NameId) -> bool {
        self.declared.contains(&(element, attribute))
    }

    /// How many of an element's attributes have defaults.
    pub fn defaults(&self, element: NameId) -> u64 {
        self.rules.get(&element).map_or(0, |rules| rules.defaults.len() as u64)
    }

    /// An attribute that is not declared yet.
    pub fn declare_attribute(&mut self, element: NameId, name: NameId, tokenized: bool, default: Option<&[u8]>) {
        self.declared.insert((element, name));
        self.held += (size_of::<(NameId, NameId)>() + default.map_or(0, <[u8]>::len)) as u64;
        if !tokenized && default.is_none() {
            return;
        }
        let rules = self.rules.entry(element).or_default();
        if tokenized {
            rules.tokenized.insert(name);
        }
        if let Some(value) = default {
            rules.defaults.push(AttributeDefault { name, value: value.into() });
        }
    }

    /// The entity a reference in the document, or in a default value, stands for.
    pub fn entity(&self, name: &[u8]) -> Option<&Entity> {
        // Well-formedness constraint "Entity Declared": with standalone="yes" a declaration inside a parameter entity is none.
        self.general.get(name).filter(|entity| !(self.standalone && entity.in_parameter))
    }

    /// The entity is declared, and no text of the document's own.
    pub fn is_unread(&self, name: &[u8]) -> bool {
        self.entity(name).is_some_and(|entity| !matches!(entity.kind, EntityKind::Internal(_)))
    }

    /// Whether a reference to what is not declared is an error, by the same constraint (§4.1).
    pub fn undeclared_is_error(&self) -> bool {
        self.closed || self.standalone || !self.unread
    }
}

/// What a document's DOCTYPE declared. A copy shares it.
#[derive(Clone, Debug, Default)]
pub struct Dtd {
    store: Arc<Store>,
}

impl Dtd {
    pub(super) fn new(mut store: Store) -> Self {
        store.parameter = Entities::default();
        store.declared = HashSet::default();
        Self { store: Arc::new(store) }
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The general entity of this name; the five predefined ones are not asked for here.
    #[must_use]
    pub fn entity(&self, name: &[u8]) -> Option<&Entity> {
        self.store.entity(name)
    }

    /// The entity with this number, which was another's `id`.
    #[must_use]
    pub fn entity_by_id(&self, id: u32) -> &Entity {
        &self.store.general.list[id as usize]
    }

    /// The entity is declared as external or unparsed.
    #[must_use]
    pub fn is_unread(&self, name: &[u8]) -> bool {
        self.store.is_unread(name)
    }

    /// Bytes of the names and values that it keeps.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.store.held
    }

    /// Whether a reference to an entity that is not declared is an error; else it is one that is not read.
    #[must_use]
    pub fn undeclared_is_error(&self) -> bool {
        self.store.undeclared_is_error()
    }

    /// False in most documents: no element has rules.
    #[must_use]
    pub fn has_rules(&self) -> bool {
        !self.store.rules.is_empty()
    }

    /// Defaults and types of the attributes of an element, by its name as written; `None` where all are CDATA without defaults.
    #[must_use]
    pub fn rules(&self, element: NameId) -> Option<&ElementRules> {
        if self.store.rules.is_empty() { None } else { self.store.rules.get(&element) }
    }
}
