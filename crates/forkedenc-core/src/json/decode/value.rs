//! A tree of values for callers in Rust: what the tests, the fuzz targets and the benchmarks build.

use super::builder::{Builder, Constant, Member};

/// A JSON value. Numbers keep what they were read as; an object keeps its members in order, duplicates too.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Big(Vec<u8>),
    Float(u64),
    Constant(Constant),
    String(Vec<u8>),
    Array(Vec<Value>),
    Object(Vec<(Vec<u8>, Value)>),
}

impl Drop for Value {
    /// Without recursion: a value may be millions of levels deep.
    fn drop(&mut self) {
        let mut inner = Vec::new();
        take_children(self, &mut inner);
        while let Some(mut value) = inner.pop() {
            take_children(&mut value, &mut inner);
        }
    }
}

fn take_children(value: &mut Value, into: &mut Vec<Value>) {
    match value {
        Value::Array(items) => into.append(items),
        Value::Object(members) => into.extend(members.drain(..).map(|(_, value)| value)),
        _ => {}
    }
}

/// Builds [`Value`]s. Fails at its `fail_at`-th call, for testing that.
#[derive(Clone, Debug, Default)]
pub struct TreeBuilder {
    values: Vec<Value>,
    keys: Vec<Vec<u8>>,
    /// Calls until one fails; `None`: never.
    pub fail_at: Option<u64>,
}

impl TreeBuilder {
    /// The finished document.
    pub fn take(&mut self) -> Option<Value> {
        self.values.pop()
    }

    fn put(&mut self, value: Value) -> bool {
        if let Some(left) = &mut self.fail_at {
            if *left == 0 {
                return false;
            }
            *left -= 1;
        }
        self.values.push(value);
        true
    }

    fn mark(&self) -> u64 {
        (self.values.len() as u64) << 32 | self.keys.len() as u64
    }
}

impl Builder for TreeBuilder {
    fn null(&mut self) -> bool {
        self.put(Value::Null)
    }
    fn boolean(&mut self, value: bool) -> bool {
        self.put(Value::Bool(value))
    }
    fn integer(&mut self, value: i64) -> bool {
        self.put(Value::Integer(value))
    }
    fn big_integer(&mut self, text: &[u8]) -> bool {
        self.put(Value::Big(text.to_vec()))
    }
    fn float(&mut self, value: f64) -> bool {
        self.put(Value::Float(value.to_bits()))
    }
    fn number(&mut self, _: &[u8], _: bool) -> bool {
        false
    }
    fn constant(&mut self, constant: Constant) -> bool {
        self.put(Value::Constant(constant))
    }
    fn string(&mut self, text: &[u8], _: bool) -> bool {
        self.put(Value::String(text.to_vec()))
    }
    fn key(&mut self, text: &[u8], _: bool) -> Member {
        self.keys.push(text.to_vec());
        Member::Build
    }
    fn begin_array(&mut self) -> u64 {
        self.mark()
    }
    fn begin_object(&mut self) -> u64 {
        self.mark()
    }
    fn end_array(&mut self, mark: u64, _: u64) -> bool {
        let items = self.values.drain((mark >> 32) as usize..).collect();
        self.put(Value::Array(items))
    }
    fn end_object(&mut self, mark: u64, _: u64) -> bool {
        let keys = self.keys.drain((mark & 0xffff_ffff) as usize..);
        let members = keys.zip(self.values.drain((mark >> 32) as usize..)).collect();
        self.put(Value::Object(members))
    }
    fn member_key(&self, inner: Option<u64>) -> Vec<u8> {
        let behind = inner.map_or(self.keys.len(), |mark| (mark & 0xffff_ffff) as usize);
        self.keys.get(behind.wrapping_sub(1)).cloned().unwrap_or_default()
    }
    fn abandon(&mut self) {
        self.values.clear();
        self.keys.clear();
    }
}
