//! A typed builder that writes down its calls: what the machine promises to typed decodes, with none of Python's values.

use forkedenc_core::json::builder::REFUSED;
use forkedenc_core::json::{Builder, Constant, Member};
use forkedenc_core::limits::{JsonLimits, Limit, NONE};
use forkedenc_core::plan::{Action, Array, Class, Field, Items, Map, Op, Plan, Row, Tag, Union, Unknown};

const ANY: u32 = 0;
const INT: u32 = 1;
const RAW: u32 = 2;
const ROOT: u32 = 3;
const OPTIONAL: u32 = 4;
const RAWS: u32 = 5;
const MAP: u32 = 6;
const TYPED: u32 = 7;

fn plan() -> Plan {
    let action = Action::new;
    let tagged = action(Op::Tagged, 0);
    let rows = vec![
        Row::all(action(Op::Any, 0)),
        Row { integer: action(Op::Int, 0), ..Row::NEVER },
        Row { raw: true, ..Row::all(action(Op::Any, 0)) },
        Row { object: tagged, array: action(Op::Array, 0), ..Row::NEVER },
        Row { object: tagged, null: action(Op::None, 0), ..Row::NEVER },
        Row { array: action(Op::Array, 1), ..Row::NEVER },
        Row { object: action(Op::Map, 0), ..Row::NEVER },
        Row { object: action(Op::Tagged, 1), ..Row::NEVER },
    ];
    let field = |name: &str, row, required| Field::new(name.as_bytes().into(), row, required);
    let kind = || field("kind", ANY, true);
    let classes = vec![
        Class::new(vec![kind(), field("n", INT, true), field("next", OPTIONAL, false)], Unknown::Rest(ANY), None),
        Class::new(vec![kind(), field("items", ROOT, false), field("raw", RAW, false)], Unknown::Rest(RAW), None),
        Class::new(
            vec![
                kind(),
                field("items", RAWS, false),
                field("m", MAP, false),
                field("t", TYPED, false),
                field("any", ANY, false),
            ],
            Unknown::Ignore,
            None,
        ),
        Class::new(vec![kind(), field("type", ANY, true)], Unknown::Rest(ANY), None),
        Class::new(vec![kind()], Unknown::Rest(ROOT), None),
        Class::new(vec![kind(), field("s", INT, false)], Unknown::Rest(ROOT), None),
    ];
    let text = |text: &str, class| (text.as_bytes().into(), class);
    let unions = vec![
        Union {
            key: b"kind".as_slice().into(),
            texts: vec![text("a", 0), text("b", 1), text("d", 4), text("e", 5)],
            integers: vec![(1, 2)],
        },
        Union { key: b"type".as_slice().into(), texts: vec![text("x", 3)], integers: vec![] },
    ];
    Plan {
        rows,
        arrays: vec![Array { items: Items::Each(ROOT) }, Array { items: Items::Each(RAW) }],
        maps: vec![Map { key: action(Op::Str, 0), value: ROOT }],
        classes,
        unions,
        root: ROOT,
    }
}

#[derive(Clone, Debug)]
enum Holds {
    Items(u32),
    Values(u32),
    Class(usize),
}

#[derive(Clone, Debug)]
struct Frame {
    holds: Holds,
    key: Vec<u8>,
    /// The row of the value that comes next.
    row: u32,
    seen: u64,
    closes: String,
    members: u64,
    bytes: u64,
    /// Where the value of the rest's open member starts.
    from: Option<u64>,
    in_rest: bool,
    over: bool,
}

#[derive(Clone, Debug)]
pub struct Toy {
    plan: Plan,
    frames: Vec<Frame>,
    log: Vec<String>,
    class: Option<u32>,
    mismatched: bool,
    limits: (u64, u64),
    limit: (Limit, u64, u64),
}

impl Toy {
    pub fn new(limits: &JsonLimits) -> Self {
        Self {
            plan: plan(),
            frames: Vec::new(),
            log: Vec::new(),
            class: None,
            mismatched: false,
            limits: (limits.rest_members, limits.rest_bytes),
            limit: (Limit::RestBytes, 0, 0),
        }
    }

    /// The calls of the document that is complete.
    pub fn take(&mut self) -> Vec<String> {
        assert!(self.frames.is_empty());
        std::mem::take(&mut self.log)
    }

    fn row(&self) -> &Row {
        let number = self.frames.last().map_or(self.plan.root, |frame| match frame.holds {
            Holds::Items(row) | Holds::Values(row) => row,
            Holds::Class(_) => frame.row,
        });
        &self.plan.rows[number as usize]
    }

    fn take_as(&mut self, action: Action, text: String) -> bool {
        self.mismatched = action.op == Op::Refuse;
        self.log.push(text);
        !self.mismatched
    }

    fn open(&mut self, holds: Holds, opens: String, closes: String) -> u64 {
        let mark = self.frames.len() as u64;
        self.log.push(opens);
        let (row, key) = (ANY, Vec::new());
        let frame =
            Frame { holds, key, row, seen: 0, closes, members: 0, bytes: 0, from: None, in_rest: false, over: false };
        self.frames.push(frame);
        mark
    }

    fn refuse(&mut self) -> u64 {
        self.mismatched = true;
        REFUSED
    }

    fn close(&mut self, mark: u64) -> bool {
        let frame = self.frames.pop().expect("a container is open");
        assert_eq!(mark, self.frames.len() as u64);
        self.log.push(frame.closes);
        if let Holds::Class(class) = frame.holds {
            let fields = &self.plan.classes[class].fields;
            self.mismatched = (0..).zip(fields).any(|(at, field)| field.required && frame.seen & 1 << at == 0);
        }
        !self.mismatched
    }
}

impl Builder for Toy {
    const SKIPS: bool = true;
    const RAWS: bool = true;
    const RESTS: bool = true;
    const TAGS: bool = true;
    const REFUSES: bool = true;

    fn null(&mut self) -> bool {
        self.take_as(self.row().null, "null".into())
    }
    fn boolean(&mut self, value: bool) -> bool {
        self.take_as(self.row().boolean, value.to_string())
    }
    fn integer(&mut self, value: i64) -> bool {
        self.take_as(self.row().integer, value.to_string())
    }
    fn big_integer(&mut self, text: &[u8]) -> bool {
        self.take_as(self.row().integer, String::from_utf8_lossy(text).into_owned())
    }
    fn float(&mut self, value: f64) -> bool {
        self.take_as(self.row().float, value.to_string())
    }
    fn number(&mut self, _: &[u8], _: bool) -> bool {
        false
    }
    fn constant(&mut self, constant: Constant) -> bool {
        self.take_as(self.row().float, format!("{constant:?}"))
    }
    fn string(&mut self, text: &[u8], _: bool) -> bool {
        self.take_as(self.row().string, format!("'{}'", String::from_utf8_lossy(text)))
    }

    fn key(&mut self, text: &[u8], _: bool) -> Member {
        let frame = self.frames.last_mut().expect("an object is open");
        frame.key = text.to_vec();
        frame.in_rest = false;
        let name = String::from_utf8_lossy(text);
        let Holds::Class(class) = frame.holds else {
            self.log.push(format!(".{name}"));
            return Member::Build;
        };
        if text == b"bad" {
            self.mismatched = true;
            return Member::Failed;
        }
        let class = &self.plan.classes[class];
        if let Some(at) = class.find(text, 0) {
            self.log.push(format!(".{name}"));
            frame.row = class.fields[at].row;
            frame.seen |= 1 << at;
            return Member::Build;
        }
        let Unknown::Rest(row) = class.unknown else { return Member::Skip };
        self.log.push(format!("rest.{name}"));
        frame.row = row;
        frame.in_rest = true;
        frame.members += 1;
        frame.bytes += text.len() as u64;
        let (members, bytes) = self.limits;
        if frame.over || (frame.members <= members && frame.bytes <= bytes) {
            return Member::Rest;
        }
        frame.over = true;
        self.limit = if frame.members > members {
            (Limit::RestMembers, members, frame.members)
        } else {
            (Limit::RestBytes, bytes, frame.bytes)
        };
        Member::Over
    }

    fn begin_array(&mut self) -> u64 {
        let action = self.row().array;
        match action.op {
            Op::Any => self.open(Holds::Items(ANY), "any [".into(), "]".into()),
            Op::Array => {
                let Items::Each(row) = self.plan.arrays[action.argument as usize].items else { unreachable!() };
                self.open(Holds::Items(row), "[".into(), "]".into())
            }
            _ => self.refuse(),
        }
    }
    fn begin_object(&mut self) -> u64 {
        let action = self.row().object;
        match action.op {
            Op::Any => self.open(Holds::Values(ANY), "any {".into(), "}".into()),
            Op::Map => {
                let row = self.plan.maps[action.argument as usize].value;
                self.open(Holds::Values(row), "{".into(), "}".into())
            }
            Op::Tagged => match self.class.take() {
                Some(class) => self.open(Holds::Class(class as usize), format!("class{class}"), format!("end{class}")),
                None => self.refuse(),
            },
            _ => self.refuse(),
        }
    }
    fn end_array(&mut self, mark: u64, _: u64) -> bool {
        self.close(mark)
    }
    fn end_object(&mut self, mark: u64, _: u64) -> bool {
        self.close(mark)
    }
    fn member_key(&self, inner: Option<u64>) -> Vec<u8> {
        let behind = inner.map_or(self.frames.len(), |mark| mark as usize);
        self.frames.get(behind.wrapping_sub(1)).map(|frame| frame.key.clone()).unwrap_or_default()
    }
    fn abandon(&mut self) {
        self.frames.clear();
        self.log.clear();
        self.class = None;
        self.mismatched = false;
    }
    fn mismatches(&self) -> bool {
        self.mismatched
    }

    fn wants_raw(&self) -> bool {
        self.row().raw
    }
    fn raw(&mut self, text: &[u8]) -> bool {
        self.log.push(format!("`{}`", String::from_utf8_lossy(text)));
        !String::from_utf8_lossy(text).contains("refuse")
    }

    fn rest_begins(&mut self, offset: u64) -> u64 {
        let maximum = self.limits.1;
        let frame = self.frames.last_mut().expect("an object is open");
        assert!(frame.in_rest && frame.from.is_none());
        frame.from = Some(offset);
        if frame.over { NONE } else { maximum - frame.bytes }
    }
    fn rest_is_open(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.from.is_some())
    }
    fn rest_ends(&mut self, offset: u64) {
        let maximum = self.limits.1;
        let frame = self.frames.last_mut().expect("an object is open");
        frame.bytes += offset - frame.from.take().expect("a rest is open");
        frame.over |= frame.bytes > maximum;
    }
    fn rest_totals(&self) -> (u64, u64) {
        self.frames.last().map_or((0, 0), |frame| (frame.members, frame.bytes))
    }
    fn rest_limit(&self) -> (Limit, u64, u64) {
        self.limit
    }

    fn tag_key(&self) -> Option<&[u8]> {
        let action = self.row().object;
        (action.op == Op::Tagged).then(|| &*self.plan.unions[action.argument as usize].key)
    }
    fn tag_keys(&self) -> Vec<Box<[u8]>> {
        self.plan.tag_keys()
    }
    fn tag(&mut self, value: Option<Tag<'_>>) {
        let action = self.row().object;
        self.class = value.and_then(|tag| self.plan.unions[action.argument as usize].class(tag));
    }
}
