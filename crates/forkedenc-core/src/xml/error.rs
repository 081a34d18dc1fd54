//! What is wrong with a document, as numbers. Texts and expat's codes are the faces' business.

use crate::limits::Limit;
use crate::position::Place;

/// The kinds of error of a parse. Offsets are where expat puts its own: at the offending character for what can't be a
/// token, at the token's first byte for what a whole token did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Not the grammar of the prolog or of a declaration.
    Syntax,
    /// A character that can't stand here.
    InvalidToken,
    /// A byte sequence that is no character, or a character that XML does not have (XML 1.0 §2.2).
    InvalidCharacter,
    /// `]]>` in character data (§2.4).
    CdataEndInText,
    TagMismatch,
    DuplicateAttribute,
    /// Something behind the root element.
    JunkAfterDocument,
    UndefinedEntity,
    RecursiveEntity,
    /// An entity whose replacement text is not balanced by itself (§4.3.2).
    AsyncEntity,
    /// A reference to a character that XML does not have (§4.1).
    BadCharacterReference,
    /// A reference to an unparsed entity.
    BinaryEntity,
    /// A reference to an external entity in an attribute value (§3.1).
    ExternalEntityInAttribute,
    /// A parameter-entity reference inside a declaration of the internal subset (§2.8).
    ParameterEntity,
    /// `<?xml` anywhere but at the start.
    MisplacedDeclaration,
    /// The XML declaration is malformed.
    BadDeclaration,
    /// An encoding that is not known or not allowed.
    UnknownEncoding,
    /// The bytes contradict the declared encoding.
    IncorrectEncoding,
    PublicId,
    UnboundPrefix,
    /// `xmlns:p=""` (Namespaces 1.0 §2.2).
    UndeclaredPrefix,
    ReservedPrefixXml,
    ReservedPrefixXmlns,
    ReservedNamespace,
    /// A namespace URI with `}` in it, which no `{uri}local` could hold.
    NamespaceSyntax,
    /// A DOCTYPE where `dtd="forbid"`, or an internal subset where `dtd="bare"`.
    DtdForbidden,
    /// An entity is declared, or one from outside, where a face refuses that.
    EntityForbidden,
    ExternalForbidden,
    /// The input ended; what was open.
    Incomplete(Open),
    Limit {
        limit: Limit,
        maximum: u64,
        observed: u64,
    },
    OutOfMemory,
    /// The sink failed and keeps the reason.
    Sink,
}

/// What was open when the input ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// No root element, or one that is not closed.
    Document,
    /// A tag, comment or other token.
    Token,
    Character,
    Cdata,
}

impl Kind {
    /// The name that errors carry as `.kind`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::InvalidToken => "invalid_token",
            Self::InvalidCharacter => "invalid_character",
            Self::CdataEndInText => "cdata_end_in_text",
            Self::TagMismatch => "tag_mismatch",
            Self::DuplicateAttribute => "duplicate_attribute",
            Self::JunkAfterDocument => "junk_after_document",
            Self::UndefinedEntity => "undefined_entity",
            Self::RecursiveEntity => "recursive_entity",
            Self::AsyncEntity => "async_entity",
            Self::BadCharacterReference => "bad_character_reference",
            Self::BinaryEntity => "binary_entity",
            Self::ExternalEntityInAttribute => "external_entity_in_attribute",
            Self::ParameterEntity => "parameter_entity",
            Self::MisplacedDeclaration => "misplaced_declaration",
            Self::BadDeclaration => "bad_declaration",
            Self::UnknownEncoding => "unknown_encoding",
            Self::IncorrectEncoding => "incorrect_encoding",
            Self::PublicId => "public_id",
            Self::UnboundPrefix => "unbound_prefix",
            Self::UndeclaredPrefix => "undeclared_prefix",
            Self::ReservedPrefixXml => "reserved_prefix_xml",
            Self::ReservedPrefixXmlns => "reserved_prefix_xmlns",
            Self::ReservedNamespace => "reserved_namespace",
            Self::NamespaceSyntax => "namespace_syntax",
            Self::DtdForbidden => "dtd_forbidden",
            Self::EntityForbidden => "entity_forbidden",
            Self::ExternalForbidden => "external_forbidden",
            Self::Incomplete(Open::Document) => "incomplete",
            Self::Incomplete(Open::Token) => "unclosed_token",
            Self::Incomplete(Open::Character) => "partial_character",
            Self::Incomplete(Open::Cdata) => "unclosed_cdata",
            Self::Limit { .. } => "limit",
            Self::OutOfMemory => "out_of_memory",
            Self::Sink => "sink",
        }
    }
}

/// A failed parse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    pub place: Place,
    /// Where expat would say that an input ended that ended inside a token: where the token starts.
    pub token: Place,
    /// The way to what was being read: `/feed/entry[2]/@href`.
    pub path: String,
}
