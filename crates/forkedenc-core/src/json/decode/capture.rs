//! Objects of which a member behind tells the class. Where that member stands first and whole in the window, it is looked
//! at in place. Else the object is read without building, its bytes kept, up to that member; then the machine goes back
//! to the bracket, and the kept bytes are read again, for the builder this time. What objects inside say of their own class
//! is noted on the way, so nothing is ever searched twice, and bytes are kept no longer than they have to be.

use std::collections::HashMap;

use super::account::price;
use super::aside::Aside;
use super::builder::{Builder, Constant, Member, REFUSED};
use super::machine::{Flow, Holder, Machine, State};
use crate::cursor::{Cursor, PADDING, Window};
use crate::error::Kind;
use crate::plan::Tag;
use crate::position::Place;

/// What a member says of its object's class.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Text(Box<[u8]>),
    Integer(i64),
    /// Neither.
    Other,
}

impl Said {
    /// `None` where memory is out.
    fn text(text: &[u8]) -> Option<Self> {
        let mut copy = Vec::new();
        copy.try_reserve_exact(text.len()).ok()?;
        copy.extend_from_slice(text);
        Some(Self::Text(copy.into_boxed_slice()))
    }

    fn tag(&self) -> Option<Tag<'_>> {
        match self {
            Self::Text(text) => Some(Tag::Text(text)),
            Self::Integer(value) => Some(Tag::Integer(*value)),
            Self::Other => None,
        }
    }
}

/// An object or array that is open in what is captured.
#[derive(Clone, Copy, Debug)]
struct Open {
    start: u64,
    /// Where its open member's key begins among the keys.
    key: usize,
    /// The number of the name of that member, if it may tell a class.
    tag: Option<u32>,
}

/// What the machine goes back to.
#[derive(Clone, Debug)]
struct Before {
    stack: usize,
    holder: Holder,
    state: State,
    count: u64,
    mark: u64,
    depth: u64,
    tokens: u64,
    memory: u64,
    comma: u64,
    audit: (usize, usize),
    fence: u64,
    fence_depth: u64,
}

/// An object that is read to find its class.
#[derive(Clone, Debug)]
pub(super) struct Capture {
    before: Option<Before>,
    base: Place,
    bytes: Vec<u8>,
    names: Vec<Box<[u8]>>,
    /// The name that is looked for in the outermost object.
    wanted: u32,
    open: Vec<Open>,
    keys: Vec<u8>,
    at: u64,
    said: HashMap<(u64, u32), Said>,
    /// The outermost object has said it, or ended.
    found: bool,
    no_memory: bool,
    /// The bytes are being read again.
    replays: bool,
}

impl Machine {
    /// Tells the builder the class of the object that starts here; false where it takes reading to know.
    #[cold]
    #[inline(never)]
    pub(super) fn find_tag<B: Builder>(&mut self, builder: &mut B, c: &Cursor<'_>) -> bool {
        let Some(key) = builder.tag_key() else { return true };
        if let Some(capture) = self.capture.take() {
            // Read again: all that is to be known is.
            let number = capture.names.iter().position(|name| **name == *key).map(|at| at as u32);
            let said = number.and_then(|number| capture.said.get(&(self.offset(c), number)));
            builder.tag(said.and_then(Said::tag));
            self.capture = Some(capture);
            return true;
        }
        let ahead = &c.ahead()[1..];
        let Some((tag, length)) = tag_ahead(ahead, key) else { return false };
        if !self.has_room_for_tag(key.len() as u64, length as u64) {
            return false;
        }
        builder.tag(Some(tag));
        true
    }

    /// No limit lies between an object's bracket and its tag, which stands first in it: an object of a class that nobody
    /// knows is refused at its bracket, unless reading the tag crosses a limit.
    fn has_room_for_tag(&self, key: u64, tag: u64) -> bool {
        let limits = &self.limits;
        let price = price::OBJECT + price::KEY + price::STRING + key + tag;
        limits.members > 0
            && key <= limits.key_bytes
            && tag <= limits.string_bytes.min(limits.number_digits)
            && limits.tokens.saturating_sub(self.tokens) >= 3
            && limits.memory_bytes.saturating_sub(self.memory) >= price
    }

    /// At the bracket of an object whose class is not known: from here on it is captured. The window starts here.
    pub(super) fn begin_capture(&mut self) {
        self.capture = Some(Box::new(Capture {
            before: Some(Before {
                stack: self.stack.used(),
                holder: self.holder,
                state: self.state,
                count: self.count,
                mark: self.mark,
                depth: self.depth,
                tokens: self.tokens,
                memory: self.memory,
                comma: self.comma,
                audit: self.audit_mark(),
                fence: self.fence,
                fence_depth: self.fence_depth,
            }),
            base: self.base,
            bytes: Vec::new(),
            names: Vec::new(),
            wanted: 0,
            open: Vec::new(),
            keys: Vec::new(),
            at: 0,
            said: HashMap::new(),
            found: false,
            no_memory: false,
            replays: false,
        }));
        self.aside = Aside::Capture;
    }

    /// Reads on in a captured object.
    pub(super) fn scan<B: Builder>(&mut self, builder: &mut B, cursor: &mut Cursor<'_>, last: bool) -> Flow {
        let Some(mut capture) = self.capture.take() else { return Flow::Failed };
        if capture.names.is_empty() {
            capture.names = builder.tag_keys();
            let key = builder.tag_key().unwrap_or_default();
            capture.wanted = capture.names.iter().position(|name| **name == *key).unwrap_or(0) as u32;
        }
        let from = cursor.mark();
        let flow = self.read(&mut Scanner { outer: builder, capture: &mut capture }, cursor, last);
        if flow == Flow::Failed && capture.found {
            let bytes = cursor.since(from);
            if !capture.keep(bytes) {
                self.capture = None;
                self.aside = Aside::No;
                return self.fail(builder, Kind::OutOfMemory, cursor);
            }
        }
        if flow == Flow::Failed && !capture.found {
            if let Some(before) = &capture.before {
                self.audit_count(before.audit);
            }
            if let Some(error) = &mut self.error
                && capture.no_memory
            {
                error.kind = Kind::OutOfMemory;
            }
        }
        self.capture = Some(capture);
        flow
    }

    /// The window ends in a captured object: its bytes are kept. False where memory is out.
    pub(super) fn keep_captured(&mut self, cursor: &Cursor<'_>) -> bool {
        let from = self.captured_up_to();
        let skip = usize::try_from(from.saturating_sub(self.base.offset)).unwrap_or(usize::MAX);
        let bytes = cursor.before();
        let bytes = &bytes[skip.min(bytes.len())..];
        self.capture.as_mut().is_none_or(|capture| capture.keep(bytes))
    }

    fn captured_up_to(&self) -> u64 {
        self.capture.as_ref().map_or(0, |capture| capture.base.offset + capture.bytes.len() as u64)
    }

    /// The machine stopped since it knows the captured object's class, or that nothing tells it.
    pub(super) fn found_tag(&self) -> bool {
        self.aside == Aside::Capture && self.capture.as_ref().is_some_and(|capture| capture.found)
    }

    /// Goes back to the captured object's start and reads the kept bytes for the builder. `NeedMore`: they are used up.
    pub(super) fn replay<B: Builder>(&mut self, builder: &mut B) -> Flow {
        let Some(mut capture) = self.capture.take() else { return Flow::Failed };
        let Some(before) = capture.before.take() else { return Flow::Failed };
        let behind = self.base;
        self.error = None;
        self.stack.truncate(before.stack);
        self.holder = before.holder;
        self.state = before.state;
        self.count = before.count;
        self.mark = before.mark;
        self.depth = before.depth;
        self.tokens = before.tokens;
        self.memory = before.memory;
        self.comma = before.comma;
        self.audit_back(before.audit);
        self.fence = before.fence;
        self.fence_depth = before.fence_depth;
        self.cut = super::machine::Cut::None;
        self.aside = Aside::No;
        self.base = capture.base;
        let mut bytes = std::mem::take(&mut capture.bytes);
        capture.replays = true;
        self.capture = Some(capture);
        let length = bytes.len();
        if bytes.try_reserve(PADDING).is_err() {
            let window = Window::padded(&[0; PADDING], 0);
            return self.fail(builder, Kind::OutOfMemory, &window.cursor(0));
        }
        bytes.resize(length + PADDING, 0);
        let window = Window::padded(&bytes, length);
        let mut cursor = window.cursor(0);
        let flow = self.run_in_parts(builder, &mut cursor, false, None);
        self.pass(&bytes[..length]);
        debug_assert!(flow != Flow::NeedMore || self.base.offset == behind.offset);
        self.base = behind;
        self.capture = None;
        flow
    }
}

impl Capture {
    fn keep(&mut self, bytes: &[u8]) -> bool {
        let room = self.bytes.try_reserve(bytes.len() + PADDING).is_ok();
        if room {
            self.bytes.extend_from_slice(bytes);
        }
        room
    }

    /// How many breaches had ended before, none of which is kept any longer.
    pub(super) fn take_ended(&mut self) -> usize {
        self.before.as_mut().map_or(0, |before| std::mem::take(&mut before.audit.1))
    }

    /// A value of the open member. False: the outermost object has said its class, or memory is out.
    fn say(&mut self, said: impl FnOnce() -> Option<Said>) -> bool {
        let depth = self.open.len();
        let Some(open) = self.open.last_mut() else { return true };
        let Some(tag) = open.tag.take() else { return true };
        let start = open.start;
        if !self.said.contains_key(&(start, tag)) {
            let said = if self.said.try_reserve(1).is_ok() { said() } else { None };
            let Some(said) = said else {
                self.no_memory = true;
                return false;
            };
            self.said.insert((start, tag), said);
        }
        self.found = depth == 1 && tag == self.wanted;
        !self.found
    }
}

/// A tag that stands first and whole behind the bracket, and the length of its text.
fn tag_ahead<'a>(ahead: &'a [u8], key: &[u8]) -> Option<(Tag<'a>, usize)> {
    let rest = behind_space(ahead).strip_prefix(b"\"")?.strip_prefix(key)?.strip_prefix(b"\"")?;
    let rest = behind_space(behind_space(rest).strip_prefix(b":")?);
    if let Some(text) = rest.strip_prefix(b"\"") {
        let length = text.iter().position(|byte| !matches!(byte, 0x20..0x7f) || matches!(byte, b'"' | b'\\'))?;
        return (text[length] == b'"').then(|| (Tag::Text(&text[..length]), length));
    }
    let digits = rest.strip_prefix(b"-").unwrap_or(rest);
    let count = digits.iter().position(|byte| !byte.is_ascii_digit())?;
    let whole = matches!(digits[count], b',' | b'}' | b' ' | b'\t' | b'\r' | b'\n');
    if !whole || count == 0 || (count > 1 && digits[0] == b'0') {
        return None;
    }
    let text = std::str::from_utf8(&rest[..rest.len() - digits.len() + count]).ok()?;
    Some((Tag::Integer(text.parse().ok()?), count))
}

fn behind_space(bytes: &[u8]) -> &[u8] {
    let count = bytes.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    &bytes[count..]
}

/// Marks of containers in what is captured, apart from the builder's own.
const CAPTURED: u64 = 1 << 63;

/// Builds nothing and notes what objects say of their class.
struct Scanner<'a, B> {
    outer: &'a B,
    capture: &'a mut Capture,
}

impl<B> Scanner<'_, B> {
    fn open(&mut self) -> u64 {
        let key = self.capture.keys.len();
        if self.capture.open.try_reserve(1).is_err() {
            self.capture.no_memory = true;
            return REFUSED;
        }
        self.capture.open.push(Open { start: self.capture.at, key, tag: None });
        CAPTURED | self.capture.open.len() as u64
    }

    fn close(&mut self) -> bool {
        // The object that is captured ends without having said its class.
        if self.capture.open.len() == 1 {
            self.capture.found = true;
            return false;
        }
        if let Some(open) = self.capture.open.pop() {
            self.capture.keys.truncate(open.key);
        }
        self.value()
    }

    /// A value that tells no class.
    fn value(&mut self) -> bool {
        self.capture.say(|| Some(Said::Other))
    }
}

impl<B: Builder> Builder for Scanner<'_, B> {
    const PLACES: bool = true;
    const REFUSES: bool = true;
    /// What is out of range is found when the bytes are read again, if it matters there.
    const CHECKS_RANGE: bool = false;

    fn null(&mut self) -> bool {
        self.value()
    }
    fn boolean(&mut self, _: bool) -> bool {
        self.value()
    }
    fn integer(&mut self, value: i64) -> bool {
        self.capture.say(|| Some(Said::Integer(value)))
    }
    fn big_integer(&mut self, _: &[u8]) -> bool {
        self.value()
    }
    fn float(&mut self, _: f64) -> bool {
        self.value()
    }
    fn number(&mut self, _: &[u8], _: bool) -> bool {
        self.value()
    }
    fn constant(&mut self, _: Constant) -> bool {
        self.value()
    }
    fn string(&mut self, text: &[u8], _: bool) -> bool {
        self.capture.say(|| Said::text(text))
    }
    fn key(&mut self, text: &[u8], _: bool) -> Member {
        let number = self.capture.names.iter().position(|name| **name == *text).map(|at| at as u32);
        if let Some(open) = self.capture.open.last_mut() {
            open.tag = number;
            self.capture.keys.truncate(open.key);
        }
        if self.capture.keys.try_reserve(text.len()).is_err() {
            self.capture.no_memory = true;
            return Member::Failed;
        }
        self.capture.keys.extend_from_slice(text);
        Member::Build
    }
    fn stops(&self) -> bool {
        self.capture.found
    }
    fn at(&mut self, offset: u64) {
        self.capture.at = offset;
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
    fn member_key(&self, inner: Option<u64>) -> Vec<u8> {
        let open = &self.capture.open;
        let place = match inner {
            None => open.len().checked_sub(1),
            Some(mark) if mark & CAPTURED != 0 => ((mark & !CAPTURED) as usize).checked_sub(2),
            Some(_) => None,
        };
        match place {
            Some(place) => {
                let end = open.get(place + 1).map_or(self.capture.keys.len(), |next| next.key);
                open.get(place).and_then(|open| self.capture.keys.get(open.key..end)).unwrap_or_default().to_vec()
            }
            // The outermost captured object is a value of the builder's.
            None if inner.is_none_or(|mark| mark & CAPTURED != 0) => self.outer.member_key(None),
            None => self.outer.member_key(inner),
        }
    }
}
