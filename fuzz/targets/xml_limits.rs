//! Limits hold: refused at the same byte for every cut, exact to one, and nothing past a limit gets through.
#![no_main]

use std::collections::HashSet;

use forkedenc_core::limits::{Limit, NONE, XmlLimits};
use forkedenc_core::xml::{Binding, Context, Doctype, Name, Null, Runs, Sink, Tag};
use forkedenc_fuzz::xml::{Compared, Recorder, feed, limit_of, options};
use forkedenc_fuzz::{pieces, split};
use libfuzzer_sys::fuzz_target;

/// No limits but those without which a few bytes of entities would run for days.
const FREE: XmlLimits =
    XmlLimits { expanded_bytes: 1 << 16, entity_expansions: 1000, entity_depth: 16, ..XmlLimits::UNLIMITED };

/// The largest of everything in one document, counted from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Sizes {
    depth: u64,
    tokens: u64,
    name_bytes: u64,
    distinct_names: u64,
    attributes: u64,
    attribute_bytes: u64,
    attributes_bytes: u64,
    namespaces: u64,
    namespace_uri_bytes: u64,
    children: u64,
    text_bytes: u64,
    comment_bytes: u64,
    /// At least: white space between a target and its data is not told.
    pi_bytes: u64,
}

/// Counts, and makes nothing.
#[derive(Debug, Default)]
struct Measure {
    sizes: Sizes,
    /// Children of each open element.
    open: Vec<u64>,
    names: HashSet<Vec<u8>>,
    run: u64,
    doctype: bool,
}

fn raise(most: &mut u64, seen: usize) {
    *most = (*most).max(seen as u64);
}

impl Measure {
    fn event(&mut self) {
        self.sizes.tokens += 1;
        self.run = 0;
    }

    fn name(&mut self, name: Vec<u8>) {
        raise(&mut self.sizes.name_bytes, name.len());
        self.names.insert(name);
        self.sizes.distinct_names = self.names.len() as u64;
    }
}

impl Sink for Measure {
    fn start(&mut self, tag: &Tag<'_>, cx: &Context<'_>) -> bool {
        self.event();
        if let Some(children) = self.open.last_mut() {
            *children += 1;
            self.sizes.children = self.sizes.children.max(*children);
        }
        self.open.push(0);
        raise(&mut self.sizes.depth, self.open.len());
        self.name(cx.names.written(tag.name.written).to_vec());
        let mut all = 0;
        for attribute in tag.attributes {
            let (name, value) = (cx.names.written(attribute.name.written), tag.value(attribute));
            self.name(name.to_vec());
            raise(&mut self.sizes.attribute_bytes, value.len());
            all += name.len() + value.len();
        }
        for binding in tag.bindings {
            let (prefix, uri) = (cx.names.written(binding.prefix), cx.names.uri(binding.uri));
            let colon: &[u8] = if prefix.is_empty() { b"" } else { b":" };
            let name = [b"xmlns", colon, prefix].concat();
            raise(&mut self.sizes.attribute_bytes, uri.len());
            raise(&mut self.sizes.namespace_uri_bytes, uri.len());
            all += name.len() + uri.len();
            self.name(name);
        }
        raise(&mut self.sizes.attributes, tag.attributes.len() + tag.bindings.len());
        raise(&mut self.sizes.attributes_bytes, all);
        raise(&mut self.sizes.namespaces, tag.bindings.len());
        true
    }
    fn end(&mut self, _: Name, _: &[Binding], _: &Context<'_>) -> bool {
        self.event();
        self.open.pop().is_some()
    }
    fn text(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        if self.run == 0 {
            self.sizes.tokens += 1;
        }
        self.run += text.len() as u64;
        self.sizes.text_bytes = self.sizes.text_bytes.max(self.run);
        true
    }
    fn comment(&mut self, text: &[u8], _: &Context<'_>) -> bool {
        self.event();
        raise(&mut self.sizes.comment_bytes, text.len());
        true
    }
    fn pi(&mut self, target: &[u8], data: &[u8], _: &Context<'_>) -> bool {
        self.event();
        raise(&mut self.sizes.name_bytes, target.len());
        raise(&mut self.sizes.pi_bytes, target.len() + data.len());
        true
    }
    fn doctype(&mut self, _: &Doctype<'_>, _: &Context<'_>) -> bool {
        self.event();
        self.doctype = true;
        true
    }
    fn entity(&mut self, _: &[u8], _: &Context<'_>) -> bool {
        self.event();
        true
    }
}

impl Compared for Measure {
    /// The sizes, and whether there was a DOCTYPE.
    type Told = (Sizes, bool);

    fn told(self, _: bool) -> (Sizes, bool) {
        (self.sizes, self.doctype)
    }
}

fuzz_target!(|data: &[u8]| {
    let (document, choices) = split(data);
    let mut options = options(choices[0], chosen(&choices[1..12]));
    let cut = pieces(document, &choices[12..]);
    let bytes: Vec<&[u8]> = document.chunks(1).collect();
    let whole = feed::<Recorder>(&options, &[document]);
    assert_eq!(whole, feed::<Recorder>(&options, &cut), "whole and in pieces");
    assert_eq!(whole, feed::<Recorder>(&options, &bytes), "whole and byte by byte");
    if let Some((name, maximum, observed)) = whole.1.as_ref().and_then(limit_of) {
        assert!(observed > maximum, "{name}: {observed} is not past {maximum}");
    }
    // What came through is within the limits.
    options.rules.runs = Runs::Events;
    if let ((sizes, _), None) = feed::<Measure>(&options, &bytes) {
        for (limit, size) in measured(&sizes).into_iter().chain([(Limit::PiBytes, sizes.pi_bytes)]) {
            assert!(size <= *field(&mut options.limits, limit), "{} passed with {size}", limit.name());
        }
    }
    // Each limit alone, on a document that passes without: exactly its size passes, one less is refused by name. A
    // DOCTYPE has names that no event tells.
    options.limits = FREE;
    let ((sizes, false), None) = feed::<Measure>(&options, &[document]) else { return };
    let sizes = measured(&sizes).into_iter().chain([(Limit::DocumentBytes, document.len() as u64)]);
    for (limit, size) in sizes {
        // `&quot;` has a name too, which no event tells.
        if limit == Limit::NameBytes && size <= 4 {
            continue;
        }
        let mut limited = options.clone();
        *field(&mut limited.limits, limit) = size;
        let passed = feed::<Null>(&limited, &cut).1;
        assert!(passed.is_none(), "{} of {size}: {passed:?}", limit.name());
        if let Some(less) = size.checked_sub(1) {
            *field(&mut limited.limits, limit) = less;
            let refused = feed::<Null>(&limited, &cut).1;
            let kind = refused.as_ref().and_then(limit_of).map(|found| (found.0, found.1));
            assert_eq!(kind, Some((limit.name(), less)), "{refused:?}");
        }
    }
});

fn measured(sizes: &Sizes) -> [(Limit, u64); 12] {
    [
        (Limit::Depth, sizes.depth),
        (Limit::Tokens, sizes.tokens),
        (Limit::NameBytes, sizes.name_bytes),
        (Limit::DistinctNames, sizes.distinct_names),
        (Limit::Attributes, sizes.attributes),
        (Limit::AttributeBytes, sizes.attribute_bytes),
        (Limit::AttributesBytes, sizes.attributes_bytes),
        (Limit::Namespaces, sizes.namespaces),
        (Limit::NamespaceUriBytes, sizes.namespace_uri_bytes),
        (Limit::Children, sizes.children),
        (Limit::TextBytes, sizes.text_bytes),
        (Limit::CommentBytes, sizes.comment_bytes),
    ]
}

fn field(limits: &mut XmlLimits, limit: Limit) -> &mut u64 {
    match limit {
        Limit::DocumentBytes => &mut limits.document_bytes,
        Limit::Depth => &mut limits.depth,
        Limit::Tokens => &mut limits.tokens,
        Limit::MemoryBytes => &mut limits.memory_bytes,
        Limit::NameBytes => &mut limits.name_bytes,
        Limit::DistinctNames => &mut limits.distinct_names,
        Limit::Attributes => &mut limits.attributes,
        Limit::AttributeBytes => &mut limits.attribute_bytes,
        Limit::AttributesBytes => &mut limits.attributes_bytes,
        Limit::Namespaces => &mut limits.namespaces,
        Limit::NamespaceUriBytes => &mut limits.namespace_uri_bytes,
        Limit::Children => &mut limits.children,
        Limit::TextBytes => &mut limits.text_bytes,
        Limit::CommentBytes => &mut limits.comment_bytes,
        Limit::PiBytes => &mut limits.pi_bytes,
        other => unreachable!("{} is not tried here", other.name()),
    }
}

/// A small limit from each byte, none where it is even.
fn chosen(choices: &[u8]) -> XmlLimits {
    let mut limits = FREE;
    let order = [
        (Limit::DocumentBytes, 8),
        (Limit::Depth, 1),
        (Limit::Tokens, 1),
        (Limit::MemoryBytes, 32),
        (Limit::NameBytes, 1),
        (Limit::DistinctNames, 1),
        (Limit::Attributes, 1),
        (Limit::AttributeBytes, 1),
        (Limit::AttributesBytes, 2),
        (Limit::TextBytes, 1),
        (Limit::CommentBytes, 1),
    ];
    for ((limit, unit), choice) in order.into_iter().zip(choices) {
        *field(&mut limits, limit) = if choice & 1 == 0 { NONE } else { u64::from(choice >> 1) * unit };
    }
    limits
}
