//! The limits as numbers: what `forkedenc.Limits` compiles to. `NONE` stands for no limit.

/// No limit.
pub const NONE: u64 = u64::MAX;

/// The limits in the order of the table, which decides at one byte which one is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Limit {
    DocumentBytes,
    StreamBytes,
    Depth,
    Tokens,
    MemoryBytes,
    StackBytes,
    StringBytes,
    KeyBytes,
    NumberDigits,
    Items,
    Members,
    NameBytes,
    DistinctNames,
    Attributes,
    AttributeBytes,
    AttributesBytes,
    Namespaces,
    NamespaceUriBytes,
    Children,
    TextBytes,
    CommentBytes,
    PiBytes,
    DoctypeBytes,
    Entities,
    EntityDepth,
    EntityExpansions,
    ExpandedBytes,
    /// A ratio: maximum and observed are the bits of an `f64`.
    Amplification,
    RestMembers,
    RestBytes,
}

impl Limit {
    /// The field of `forkedenc.Limits`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DocumentBytes => "max_document_bytes",
            Self::StreamBytes => "max_stream_bytes",
            Self::Depth => "max_depth",
            Self::Tokens => "max_tokens",
            Self::MemoryBytes => "max_memory_bytes",
            Self::StackBytes => "max_stack_bytes",
            Self::StringBytes => "max_string_bytes",
            Self::KeyBytes => "max_key_bytes",
            Self::NumberDigits => "max_number_digits",
            Self::Items => "max_items",
            Self::Members => "max_members",
            Self::NameBytes => "max_name_bytes",
            Self::DistinctNames => "max_distinct_names",
            Self::Attributes => "max_attributes",
            Self::AttributeBytes => "max_attribute_bytes",
            Self::AttributesBytes => "max_attributes_bytes",
            Self::Namespaces => "max_namespaces",
            Self::NamespaceUriBytes => "max_namespace_uri_bytes",
            Self::Children => "max_children",
            Self::TextBytes => "max_text_bytes",
            Self::CommentBytes => "max_comment_bytes",
            Self::PiBytes => "max_pi_bytes",
            Self::DoctypeBytes => "max_doctype_bytes",
            Self::Entities => "max_entities",
            Self::EntityDepth => "max_entity_depth",
            Self::EntityExpansions => "max_entity_expansions",
            Self::ExpandedBytes => "max_expanded_bytes",
            Self::Amplification => "max_amplification",
            Self::RestMembers => "max_rest_members",
            Self::RestBytes => "max_rest_bytes",
        }
    }
}

/// What the JSON codec counts against; every field is a maximum, `NONE` where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    pub document_bytes: u64,
    pub stream_bytes: u64,
    pub depth: u64,
    pub tokens: u64,
    pub memory_bytes: u64,
    pub stack_bytes: u64,
    pub string_bytes: u64,
    pub key_bytes: u64,
    pub number_digits: u64,
    pub items: u64,
    pub members: u64,
    pub rest_members: u64,
    pub rest_bytes: u64,
}

impl JsonLimits {
    pub const UNLIMITED: Self = Self {
        document_bytes: NONE,
        stream_bytes: NONE,
        depth: NONE,
        tokens: NONE,
        memory_bytes: NONE,
        stack_bytes: NONE,
        string_bytes: NONE,
        key_bytes: NONE,
        number_digits: NONE,
        items: NONE,
        members: NONE,
        rest_members: NONE,
        rest_bytes: NONE,
    };

    /// `Limits()`: the native faces.
    pub const DEFAULT: Self = Self {
        depth: 1000,
        stack_bytes: 64 << 20,
        string_bytes: 64 << 20,
        key_bytes: 64 << 10,
        number_digits: 4300,
        rest_bytes: 64 << 20,
        ..Self::UNLIMITED
    };

    /// `Limits.stdlib()`: the replacement faces.
    pub const STDLIB: Self = Self { depth: 10_000, stack_bytes: 64 << 20, rest_bytes: 64 << 20, ..Self::UNLIMITED };
}

/// What the XML codec counts against; every field is a maximum, `NONE` where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct XmlLimits {
    pub document_bytes: u64,
    pub stream_bytes: u64,
    pub depth: u64,
    pub tokens: u64,
    pub memory_bytes: u64,
    pub stack_bytes: u64,
    pub name_bytes: u64,
    pub distinct_names: u64,
    pub attributes: u64,
    pub attribute_bytes: u64,
    pub attributes_bytes: u64,
    pub namespaces: u64,
    pub namespace_uri_bytes: u64,
    pub children: u64,
    pub text_bytes: u64,
    pub comment_bytes: u64,
    pub pi_bytes: u64,
    pub doctype_bytes: u64,
    pub entities: u64,
    pub entity_depth: u64,
    pub entity_expansions: u64,
    pub expanded_bytes: u64,
    /// Infinite where there is no limit.
    pub amplification: f64,
    pub rest_members: u64,
    pub rest_bytes: u64,
}

impl XmlLimits {
    pub const UNLIMITED: Self = Self {
        document_bytes: NONE,
        stream_bytes: NONE,
        depth: NONE,
        tokens: NONE,
        memory_bytes: NONE,
        stack_bytes: NONE,
        name_bytes: NONE,
        distinct_names: NONE,
        attributes: NONE,
        attribute_bytes: NONE,
        attributes_bytes: NONE,
        namespaces: NONE,
        namespace_uri_bytes: NONE,
        children: NONE,
        text_bytes: NONE,
        comment_bytes: NONE,
        pi_bytes: NONE,
        doctype_bytes: NONE,
        entities: NONE,
        entity_depth: NONE,
        entity_expansions: NONE,
        expanded_bytes: NONE,
        amplification: f64::INFINITY,
        rest_members: NONE,
        rest_bytes: NONE,
    };

    /// `Limits()`: the native faces.
    pub const DEFAULT: Self = Self {
        depth: 1000,
        stack_bytes: 64 << 20,
        name_bytes: 4096,
        distinct_names: 100_000,
        attributes: 1000,
        attribute_bytes: 512 << 10,
        attributes_bytes: 4 << 20,
        namespaces: 256,
        namespace_uri_bytes: 4096,
        text_bytes: 64 << 20,
        comment_bytes: 1 << 20,
        pi_bytes: 1 << 20,
        doctype_bytes: 1 << 20,
        entities: 10_000,
        entity_depth: 16,
        entity_expansions: 10_000,
        expanded_bytes: 8 << 20,
        amplification: 100.0,
        rest_bytes: 64 << 20,
        ..Self::UNLIMITED
    };

    /// `Limits.stdlib()`: the replacement faces.
    pub const STDLIB: Self = Self {
        depth: 10_000,
        name_bytes: 50_000,
        distinct_names: NONE,
        attributes: 10_000,
        attribute_bytes: 10_000_000,
        attributes_bytes: 32 << 20,
        namespaces: 5_000,
        namespace_uri_bytes: 50_000,
        text_bytes: NONE,
        comment_bytes: 10_000_000,
        pi_bytes: 10_000_000,
        doctype_bytes: 10_000_000,
        ..Self::DEFAULT
    };
}
