//! The builder: what a decode makes of the tokens it reads.
//!
//! The machine calls a builder in document order; the builder keeps its values on a stack of its own and hands the
//! document over when it is complete. Typed plans, raw values, the catch-all and skipping are builders, never modes of
//! the lexer. A method that returns `false` has failed and keeps the reason; the machine then stops.

use crate::limits::{Limit, NONE};
use crate::plan::Tag;

/// The numbers that JSON lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    NaN,
    Infinity,
    NegativeInfinity,
}

/// What becomes of a member whose key was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The value comes to this builder.
    Build,
    /// The value is read past: checked, not built.
    Skip,
    /// The value comes to this builder and belongs to a rest, whose bytes are counted ([`Builder::rest_begins`]).
    Rest,
    /// A rest has no room for the member: [`Builder::rest_limit`] says why.
    Over,
    /// The key stood in this object before, and that is refused.
    Duplicate,
    /// The builder failed.
    Failed,
}

/// What a builder that navigates says to a value about to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not what is looked for: read past it, into it if it is a container.
    Pass,
    /// A document starts here: another builder takes over until the value ends.
    Take,
    /// No value of this kind may stand here.
    Refuse,
}

/// The mark of a container that the builder does not take.
pub const REFUSED: u64 = u64::MAX;

pub trait Builder {
    /// Keys of open members are kept here and found by [`Builder::member_key`]; else the machine keeps them, on the segment.
    const KEEPS_KEYS: bool = true;
    /// Scalars are wanted; else strings and numbers are checked and dropped as they arrive, in constant memory.
    const WANTS_SCALARS: bool = true;
    /// A float past the range of a double is refused, where the rules say so.
    const CHECKS_RANGE: bool = Self::WANTS_SCALARS;
    /// [`Builder::expected_key`] is worth asking.
    const EXPECTS_KEYS: bool = false;
    /// [`Builder::common_string`] is worth asking.
    const CHECKS_TEXT: bool = false;
    /// Numbers come as text, by [`Builder::number`], never by value.
    const NUMBER_TEXT: bool = false;
    /// [`Builder::key`] may answer [`Member::Skip`].
    const SKIPS: bool = false;
    /// [`Builder::at_value`] is asked before each value.
    const NAVIGATES: bool = false;
    /// [`Builder::wants_raw`] is asked before each value.
    const RAWS: bool = false;
    /// [`Builder::key`] may answer [`Member::Rest`] or [`Member::Over`].
    const RESTS: bool = false;
    /// [`Builder::tag_key`] is asked before each object.
    const TAGS: bool = false;
    /// [`Builder::at`] is called before each container.
    const PLACES: bool = false;
    /// `begin_array` and `begin_object` may answer [`REFUSED`].
    const REFUSES: bool = false;

    fn null(&mut self) -> bool;
    fn boolean(&mut self, value: bool) -> bool;
    fn integer(&mut self, value: i64) -> bool;
    /// An integer past 64 bits, or one above `i64::MAX`: its text, a minus included.
    fn big_integer(&mut self, text: &[u8]) -> bool;
    fn float(&mut self, value: f64) -> bool;
    /// A number's text, where `NUMBER_TEXT` asks for it.
    fn number(&mut self, text: &[u8], integer: bool) -> bool;
    fn constant(&mut self, constant: Constant) -> bool;
    /// A string, decoded to UTF-8 (surrogates in three-byte form where the dialect lets them pass). `ascii`: it is.
    fn string(&mut self, text: &[u8], ascii: bool) -> bool;
    /// A string that is not ASCII and that nobody has checked yet: what [`Builder::string`] would have said, or `None`, and
    /// nothing done, where it is not well-formed or of a kind that is better left to checking first.
    #[inline(always)]
    fn common_string(&mut self, _text: &[u8]) -> Option<bool> {
        None
    }
    /// A member's key, decoded like a string.
    fn key(&mut self, text: &[u8], ascii: bool) -> Member;

    /// Takes the key that is expected here, if these bytes begin with it and a quote behind it: its length, and what
    /// [`Builder::key`] would have said. A key of more than 255 bytes, or with characters that a
    /// document escapes, is never expected.
    #[inline(always)]
    fn expected_key(&mut self, _ahead: &[u8]) -> Option<(usize, Member)> {
        None
    }

    /// A container opens. The mark is the builder's own number, given back at its end and kept on the segment meanwhile.
    fn begin_array(&mut self) -> u64;
    fn begin_object(&mut self) -> u64;
    /// A container ends. `outer` is the mark of the container around it.
    fn end_array(&mut self, mark: u64, outer: u64) -> bool;
    fn end_object(&mut self, mark: u64, outer: u64) -> bool;

    /// The key of an open member: of the member whose value is the container marked `inner`, or with `None` of the innermost
    /// object's. Asked on the error path only.
    fn member_key(&self, inner: Option<u64>) -> Vec<u8>;

    /// The document is given up: what was built of it goes.
    fn abandon(&mut self) {}

    /// A call failed since the value does not fit what is wanted, and the builder keeps what that is; else it keeps an error.
    fn mismatches(&self) -> bool {
        false
    }

    /// A call failed since the builder has seen enough: no error.
    fn stops(&self) -> bool {
        false
    }

    /// The value about to be read is wanted as its bytes (`RAWS`): its grammar and UTF-8 are checked, and they come to
    /// [`Builder::raw`] instead of any other call.
    fn wants_raw(&self) -> bool {
        false
    }
    fn raw(&mut self, _text: &[u8]) -> bool {
        false
    }

    /// The value of a rest's member starts at this offset (`RESTS`): how many bytes of it the rest has room for.
    fn rest_begins(&mut self, _offset: u64) -> u64 {
        NONE
    }
    /// True behind the value of a rest's member until its end is told.
    fn rest_is_open(&self) -> bool {
        false
    }
    /// That value ended before this offset.
    fn rest_ends(&mut self, _offset: u64) {}
    /// Members and bytes that the innermost rest has gathered.
    fn rest_totals(&self) -> (u64, u64) {
        (0, 0)
    }
    /// The limit that [`Member::Over`] speaks of: its maximum, and what the member would take it to.
    fn rest_limit(&self) -> (Limit, u64, u64) {
        (Limit::RestBytes, 0, 0)
    }

    /// The object that starts here is of one of several classes (`TAGS`): the name of the member that tells which, or `None`.
    fn tag_key(&self) -> Option<&[u8]> {
        None
    }
    /// All names that [`Builder::tag_key`] may give.
    fn tag_keys(&self) -> Vec<Box<[u8]>> {
        Vec::new()
    }
    /// Where the container starts that opens next (`PLACES`).
    fn at(&mut self, _offset: u64) {}
    /// Told before such an object begins: that member's value, or `None` where it has none or one of another kind.
    fn tag(&mut self, _value: Option<Tag<'_>>) {}

    /// A value that starts with this byte, at this depth, is about to be read (`NAVIGATES`).
    fn at_value(&mut self, _first: u8, _in_object: bool) -> Verdict {
        Verdict::Pass
    }
}

/// Builds nothing and checks the grammar: what skipping runs on, and the floor of every benchmark.
#[derive(Clone, Copy, Debug, Default)]
pub struct Null;

/// Builds nothing and checks all that a builder of values would have refused: what `check` runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Check;

/// A builder that builds nothing: `$header` begins its impl, and it asks `$key` for keys of open members.
macro_rules! builds_nothing {
    ({$($header:tt)*}, range: $range:literal, key: $key:expr) => {
        $($header)* {
            const KEEPS_KEYS: bool = false;
            const WANTS_SCALARS: bool = false;
            const CHECKS_RANGE: bool = $range;

            #[inline(always)]
            fn null(&mut self) -> bool {
                true
            }
            #[inline(always)]
            fn boolean(&mut self, _: bool) -> bool {
                true
            }
            #[inline(always)]
            fn integer(&mut self, _: i64) -> bool {
                true
            }
            #[inline(always)]
            fn big_integer(&mut self, _: &[u8]) -> bool {
                true
            }
            #[inline(always)]
            fn float(&mut self, _: f64) -> bool {
                true
            }
            #[inline(always)]
            fn number(&mut self, _: &[u8], _: bool) -> bool {
                true
            }
            #[inline(always)]
            fn constant(&mut self, _: Constant) -> bool {
                true
            }
            #[inline(always)]
            fn string(&mut self, _: &[u8], _: bool) -> bool {
                true
            }
            #[inline(always)]
            fn key(&mut self, _: &[u8], _: bool) -> Member {
                Member::Build
            }
            #[inline(always)]
            fn begin_array(&mut self) -> u64 {
                0
            }
            #[inline(always)]
            fn begin_object(&mut self) -> u64 {
                0
            }
            #[inline(always)]
            fn end_array(&mut self, _: u64, _: u64) -> bool {
                true
            }
            #[inline(always)]
            fn end_object(&mut self, _: u64, _: u64) -> bool {
                true
            }
            fn member_key(&self, inner: Option<u64>) -> Vec<u8> {
                let key: fn(&Self, Option<u64>) -> Vec<u8> = $key;
                key(self, inner)
            }
        }
    };
}
pub(super) use builds_nothing;

builds_nothing!({impl Builder for Null}, range: false, key: |_, _| Vec::new());
builds_nothing!({impl Builder for Check}, range: true, key: |_, _| Vec::new());
