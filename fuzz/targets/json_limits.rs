//! Limits hold: refused at the same byte for every cut, exact to one, and nothing past a limit gets through.
#![no_main]

use forkedenc_core::json::value::TreeBuilder;
use forkedenc_core::json::{Builder, Constant, Member, Null};
use forkedenc_core::limits::{JsonLimits, Limit, NONE};
use forkedenc_fuzz::{Outcome, Outcomes, Setup, feed, framing, limit_of, pieces, rules, split};
use libfuzzer_sys::fuzz_target;

/// The largest of everything in one document, counted from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sizes {
    depth: u64,
    tokens: u64,
    string_bytes: u64,
    key_bytes: u64,
    number_digits: u64,
    items: u64,
    members: u64,
}

/// Counts, and builds nothing.
#[derive(Debug, Default)]
struct Measure {
    sizes: Sizes,
    /// Values in each open container, and whether it is an array.
    open: Vec<(bool, u64)>,
}

impl Measure {
    fn value(&mut self) -> bool {
        self.sizes.tokens += 1;
        if let Some((array, count)) = self.open.last_mut() {
            *count += 1;
            let most = if *array { &mut self.sizes.items } else { &mut self.sizes.members };
            *most = (*most).max(*count);
        }
        true
    }

    fn begin(&mut self, array: bool) -> u64 {
        self.value();
        self.open.push((array, 0));
        self.sizes.depth = self.sizes.depth.max(self.open.len() as u64);
        0
    }

    fn end(&mut self) -> bool {
        self.open.pop().is_some()
    }
}

impl Builder for Measure {
    const NUMBER_TEXT: bool = true;

    fn null(&mut self) -> bool {
        self.value()
    }
    fn boolean(&mut self, _: bool) -> bool {
        self.value()
    }
    fn integer(&mut self, _: i64) -> bool {
        false
    }
    fn big_integer(&mut self, _: &[u8]) -> bool {
        false
    }
    fn float(&mut self, _: f64) -> bool {
        false
    }
    fn number(&mut self, text: &[u8], _: bool) -> bool {
        let digits = text.len() - usize::from(text.starts_with(b"-"));
        self.sizes.number_digits = self.sizes.number_digits.max(digits as u64);
        self.value()
    }
    fn constant(&mut self, _: Constant) -> bool {
        self.value()
    }
    fn string(&mut self, text: &[u8], _: bool) -> bool {
        self.sizes.string_bytes = self.sizes.string_bytes.max(text.len() as u64);
        self.value()
    }
    fn key(&mut self, text: &[u8], _: bool) -> Member {
        self.sizes.key_bytes = self.sizes.key_bytes.max(text.len() as u64);
        self.sizes.tokens += 1;
        Member::Build
    }
    fn begin_array(&mut self) -> u64 {
        self.begin(true)
    }
    fn begin_object(&mut self) -> u64 {
        self.begin(false)
    }
    fn end_array(&mut self, _: u64, _: u64) -> bool {
        self.end()
    }
    fn end_object(&mut self, _: u64, _: u64) -> bool {
        self.end()
    }
    fn member_key(&self, _: Option<u64>) -> Vec<u8> {
        Vec::new()
    }
    fn abandon(&mut self) {
        *self = Self::default();
    }
}

impl Outcomes for Measure {
    type Document = Sizes;

    fn document(&mut self) -> Sizes {
        std::mem::take(self).sizes
    }
}

fuzz_target!(|data: &[u8]| {
    let (document, choices) = split(data);
    let mut setup = Setup {
        framing: framing(choices[0]),
        limits: chosen(choices[1..12].try_into().expect("eleven choices")),
        rules: rules(choices[0] >> 2),
        recovers: choices[0] & 64 != 0,
    };
    let cut = pieces(document, &choices[12..]);
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    let whole = feed::<TreeBuilder>(&setup, &[document]);
    assert_eq!(whole, feed::<TreeBuilder>(&setup, &cut), "whole and in pieces");
    assert_eq!(whole, feed::<TreeBuilder>(&setup, &bytes), "whole and byte by byte");
    for outcome in &whole {
        if let Outcome::BadRecord(error) | Outcome::Failed(error) = outcome
            && let Some((name, maximum, observed)) = limit_of(error)
        {
            assert!(observed > maximum, "{name}: {observed} is not past {maximum}");
            assert!(error.place.offset < document.len() as u64, "{name} is crossed by a byte of the input");
        }
    }
    // What came through is within the limits.
    let limits = setup.limits;
    for outcome in feed::<Measure>(&setup, &bytes) {
        if let Outcome::Document(sizes) = outcome {
            for (limit, size) in measured(&sizes) {
                assert!(size <= *field(&mut limits.clone(), limit), "{} passed with {size}", limit.name());
            }
        }
    }
    // Each limit alone, on a document that passes without: exactly its size passes, one less is refused by name.
    setup.framing = framing(0);
    setup.limits = JsonLimits::UNLIMITED;
    let Some(Outcome::Document(sizes)) = feed::<Measure>(&setup, &[document]).pop() else { return };
    let sizes = measured(&sizes).into_iter().chain([(Limit::DocumentBytes, document.len() as u64)]);
    for (limit, size) in sizes {
        let mut limited = setup.clone();
        *field(&mut limited.limits, limit) = size;
        let passed = feed::<Null>(&limited, &cut);
        assert!(matches!(passed[..], [Outcome::Document(())]), "{} of {size}: {passed:?}", limit.name());
        if let Some(less) = size.checked_sub(1) {
            *field(&mut limited.limits, limit) = less;
            let refused = feed::<Null>(&limited, &cut);
            let [Outcome::Failed(error)] = &refused[..] else { panic!("{} of {less}: {refused:?}", limit.name()) };
            assert_eq!(limit_of(error).map(|found| (found.0, found.1)), Some((limit.name(), less)));
        }
    }
});

fn measured(sizes: &Sizes) -> [(Limit, u64); 7] {
    [
        (Limit::Depth, sizes.depth),
        (Limit::Tokens, sizes.tokens),
        (Limit::StringBytes, sizes.string_bytes),
        (Limit::KeyBytes, sizes.key_bytes),
        (Limit::NumberDigits, sizes.number_digits),
        (Limit::Items, sizes.items),
        (Limit::Members, sizes.members),
    ]
}

fn field(limits: &mut JsonLimits, limit: Limit) -> &mut u64 {
    match limit {
        Limit::DocumentBytes => &mut limits.document_bytes,
        Limit::StreamBytes => &mut limits.stream_bytes,
        Limit::Depth => &mut limits.depth,
        Limit::Tokens => &mut limits.tokens,
        Limit::MemoryBytes => &mut limits.memory_bytes,
        Limit::StackBytes => &mut limits.stack_bytes,
        Limit::StringBytes => &mut limits.string_bytes,
        Limit::KeyBytes => &mut limits.key_bytes,
        Limit::NumberDigits => &mut limits.number_digits,
        Limit::Items => &mut limits.items,
        Limit::Members => &mut limits.members,
        other => unreachable!("{} is no limit of JSON", other.name()),
    }
}

/// A small limit from each byte, none where it is even.
fn chosen(choices: &[u8; 11]) -> JsonLimits {
    let mut limits = JsonLimits::UNLIMITED;
    let order = [
        (Limit::DocumentBytes, 8),
        (Limit::StreamBytes, 16),
        (Limit::Depth, 1),
        (Limit::Tokens, 1),
        (Limit::MemoryBytes, 64),
        (Limit::StackBytes, 16),
        (Limit::StringBytes, 1),
        (Limit::KeyBytes, 1),
        (Limit::NumberDigits, 1),
        (Limit::Items, 1),
        (Limit::Members, 1),
    ];
    for ((limit, unit), choice) in order.into_iter().zip(choices) {
        *field(&mut limits, limit) = if choice & 1 == 0 { NONE } else { u64::from(choice >> 1) * unit };
    }
    limits
}
