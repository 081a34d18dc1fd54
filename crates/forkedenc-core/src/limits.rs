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
    };

    /// `Limits()`: the native faces.
    pub const DEFAULT: Self = Self {
        depth: 1000,
        stack_bytes: 64 << 20,
        string_bytes: 64 << 20,
        key_bytes: 64 << 10,
        number_digits: 4300,
        ..Self::UNLIMITED
    };

    /// `Limits.stdlib()`: the replacement faces.
    pub const STDLIB: Self = Self { depth: 10_000, stack_bytes: 64 << 20, ..Self::UNLIMITED };
}
