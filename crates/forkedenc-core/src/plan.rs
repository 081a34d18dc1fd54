//! The plan of a typed decode: which token may stand where, and what is made of it. Numbers and names only.
//!
//! A type is a [`Row`]: for each kind of token one [`Action`]. A union is a row as well, since its members claim
//! different tokens; so is `int | None`. What an action's argument stands for (a class, a scalar's rules, an enum's
//! members) is known to whoever builds the values.

/// What to do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// The token does not fit.
    Refuse,
    /// Built untyped.
    Any,
    None,
    Bool,
    /// An int of any size.
    Int,
    /// A float, of an integer too.
    Float,
    Str,
    /// A scalar with rules of its own: the builder's table of scalars.
    Scalar,
    /// An array: [`Plan::arrays`].
    Array,
    /// An object with keys of any name: [`Plan::maps`].
    Map,
    /// An object of a class: [`Plan::classes`].
    Class,
    /// An object of one of several classes, told by a member: [`Plan::unions`].
    Tagged,
    /// Built untyped and handed to the caller's hook with a type: the builder's table of hooks.
    Hook,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    pub op: Op,
    pub argument: u32,
}

impl Action {
    pub const REFUSE: Self = Self { op: Op::Refuse, argument: 0 };

    #[must_use]
    pub fn new(op: Op, argument: u32) -> Self {
        Self { op, argument }
    }
}

/// A type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub null: Action,
    pub boolean: Action,
    pub integer: Action,
    pub float: Action,
    pub string: Action,
    pub array: Action,
    pub object: Action,
    /// The value is wanted as its bytes.
    pub raw: bool,
}

impl Row {
    /// Takes nothing.
    pub const NEVER: Self = Self {
        null: Action::REFUSE,
        boolean: Action::REFUSE,
        integer: Action::REFUSE,
        float: Action::REFUSE,
        string: Action::REFUSE,
        array: Action::REFUSE,
        object: Action::REFUSE,
        raw: false,
    };

    /// The same action for every token.
    #[must_use]
    pub fn all(action: Action) -> Self {
        Self {
            null: action,
            boolean: action,
            integer: action,
            float: action,
            string: action,
            array: action,
            object: action,
            raw: false,
        }
    }

    /// The actions for null, a boolean, an integer, a float, a string, an array and an object.
    #[must_use]
    pub fn actions(&self) -> [Action; 7] {
        [self.null, self.boolean, self.integer, self.float, self.string, self.array, self.object]
    }

    /// A type of these actions, in the same order.
    #[must_use]
    pub fn of_actions(actions: [Action; 7]) -> Self {
        let [null, boolean, integer, float, string, array, object] = actions;
        Self { null, boolean, integer, float, string, array, object, raw: false }
    }
}

/// The items of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Items {
    /// All of one type.
    Each(u32),
    /// One type for each place.
    Fixed(Vec<u32>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    pub items: Items,
}

/// An object with keys of any name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// The action for a key, which is a string.
    pub key: Action,
    pub value: u32,
}

/// What becomes of a member that no field claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    Ignore,
    Error,
    /// It goes to the rest; the row of its value.
    Rest(u32),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The member's name in a document.
    pub name: Box<[u8]>,
    pub row: u32,
    pub required: bool,
    /// How the name looks in front of a quote, where nothing of it is ever escaped.
    pub look: Look,
}

/// A name and the quote behind it as a number, with a mask for the bytes that count. A longer name is known by its first
/// bytes alone; a name that documents may escape looks like nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    text: u128,
    mask: u128,
    length: u8,
    long: bool,
}

impl Look {
    fn of(name: &[u8]) -> Self {
        let plain = name.iter().all(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\\' | ..0x20));
        let Ok(length) = u8::try_from(name.len()) else { return Self::default() };
        if !plain {
            return Self::default();
        }
        let mut text = [0; 16];
        let mut mask = [0; 16];
        for (at, byte) in name.iter().chain(b"\"").take(16).enumerate() {
            text[at] = *byte;
            mask[at] = 0xff;
        }
        Self { text: u128::from_le_bytes(text), mask: u128::from_le_bytes(mask), length, long: name.len() > 15 }
    }

    /// True where these bytes begin with the name, as far as it is looked at, and a quote behind it.
    #[inline(always)]
    #[must_use]
    pub fn fits(&self, ahead: &[u8]) -> bool {
        match ahead.first_chunk() {
            Some(first) => (u128::from_le_bytes(*first) ^ self.text) & self.mask == 0 && self.mask != 0,
            None => false,
        }
    }

    /// The name has bytes that [`Look::fits`] has not looked at.
    #[inline(always)]
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.long
    }

    #[inline(always)]
    #[must_use]
    pub fn length(&self) -> usize {
        self.length.into()
    }
}

impl Field {
    #[must_use]
    pub fn new(name: Box<[u8]>, row: u32, required: bool) -> Self {
        Self { look: Look::of(&name), name, row, required }
    }
}

/// Names of more fields than this are looked up in a table.
const FEW: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub fields: Vec<Field>,
    pub unknown: Unknown,
    /// A member that is checked against this text and not kept: its name and the action for its value.
    pub tag: Option<(Box<[u8]>, u32)>,
    /// Numbers of fields by the hash of their name; empty for a few fields.
    table: Vec<u16>,
}

impl Class {
    #[must_use]
    pub fn new(fields: Vec<Field>, unknown: Unknown, tag: Option<(Box<[u8]>, u32)>) -> Self {
        let mut table = Vec::new();
        if fields.len() > FEW {
            table = vec![0; (4 * fields.len()).next_power_of_two()];
            for (number, field) in (1..).zip(&fields) {
                let mut at = hash(&field.name) & (table.len() - 1);
                while table[at] != 0 {
                    at = (at + 1) & (table.len() - 1);
                }
                table[at] = number;
            }
        }
        Self { fields, unknown, tag, table }
    }

    /// The field with this name; `expected` is looked at first.
    #[inline]
    #[must_use]
    pub fn find(&self, name: &[u8], expected: usize) -> Option<usize> {
        if let Some(field) = self.fields.get(expected)
            && *field.name == *name
        {
            return Some(expected);
        }
        if self.table.is_empty() {
            return self.fields.iter().position(|field| *field.name == *name);
        }
        let mut at = hash(name) & (self.table.len() - 1);
        while self.table[at] != 0 {
            let number = usize::from(self.table[at]) - 1;
            if *self.fields[number].name == *name {
                return Some(number);
            }
            at = (at + 1) & (self.table.len() - 1);
        }
        None
    }
}

/// Names come from the schema, never from a document, so nobody can choose them to collide.
fn hash(name: &[u8]) -> usize {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = name.len() as u64;
    for chunk in name.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER);
    }
    (hash >> 32) as usize
}

/// The value of the member that tells classes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag<'a> {
    Text(&'a [u8]),
    Integer(i64),
}

/// Classes told apart by a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Union {
    /// The member's name.
    pub key: Box<[u8]>,
    pub texts: Vec<(Box<[u8]>, u32)>,
    pub integers: Vec<(i64, u32)>,
}

impl Union {
    /// The number of the class with this tag.
    #[must_use]
    pub fn class(&self, tag: Tag<'_>) -> Option<u32> {
        match tag {
            Tag::Text(text) => self.texts.iter().find(|(known, _)| **known == *text).map(|(_, class)| *class),
            Tag::Integer(number) => self.integers.iter().find(|(known, _)| *known == number).map(|(_, class)| *class),
        }
    }
}

/// A type with all that it reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub rows: Vec<Row>,
    pub arrays: Vec<Array>,
    pub maps: Vec<Map>,
    pub classes: Vec<Class>,
    pub unions: Vec<Union>,
    /// The row of the document itself.
    pub root: u32,
}

impl Plan {
    /// The names of the members that tell classes apart, each once.
    #[must_use]
    pub fn tag_keys(&self) -> Vec<Box<[u8]>> {
        let mut keys: Vec<_> = self.unions.iter().map(|union| union.key.clone()).collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> Field {
        Field::new(name.as_bytes().into(), 0, true)
    }

    #[test]
    fn fields_are_found_by_name_however_many_there_are() {
        for count in [0, 1, 8, 9, 200] {
            let names: Vec<_> = (0..count).map(|number| format!("field_{number}")).collect();
            let class = Class::new(names.iter().map(|name| field(name)).collect(), Unknown::Ignore, None);
            for (number, name) in names.iter().enumerate() {
                for expected in [0, number, count] {
                    assert_eq!(class.find(name.as_bytes(), expected), Some(number));
                }
                assert_eq!(class.find(&name.as_bytes()[1..], 0), None);
            }
            assert_eq!(class.find(b"", 0), None);
        }
    }

    #[test]
    fn only_names_that_no_document_escapes_are_compared_in_place() {
        let padding = "\0".repeat(16);
        for (name, plain) in [("a", true), ("", true), ("fifteen_bytes__", true), ("sixteen_bytes___", true)]
            .into_iter()
            .chain(["a\"b", "a\\", "\u{e9}", "\n"].map(|name| (name, false)))
        {
            let look = field(name).look;
            assert_eq!(look.fits(format!("{name}\":1{padding}").as_bytes()), plain, "{name:?}");
            assert!(!look.fits(format!("{name}x\":{padding}").as_bytes()) || look.is_long());
            assert!(!look.fits(format!("x{name}\"{padding}").as_bytes()));
            assert!(!look.fits(b"a\""), "too near to the end to be sure");
        }
        assert!(field("sixteen_bytes___").look.is_long() && !field("fifteen_bytes__").look.is_long());
    }

    #[test]
    fn a_row_is_what_its_actions_are() {
        let row = Row { null: Action::new(Op::None, 0), string: Action::new(Op::Scalar, 3), ..Row::NEVER };
        assert_eq!(Row::of_actions(row.actions()), row);
        assert_eq!(Row::of_actions([Action::new(Op::Any, 0); 7]), Row::all(Action::new(Op::Any, 0)));
    }
}
