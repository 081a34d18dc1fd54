//! Which token may follow which, and what the declarations say (XML 1.0 §2.8, §3.2, §3.3, §4.2, §4.7).

use super::DtdMode;
use super::expand::predefined;
use super::literal::Role;
use super::reader::{Base, Env, Failure, Reader, Step};
use super::scan::{Shape, Token};
use super::store::{EntityKind, Text};
use crate::limits::Limit;
use crate::position::Place;
use crate::xml::error::Kind;
use crate::xml::names::NameId;
use crate::xml::sink::{At, Declared, Doctype, Sink};

/// What comes next. White space may stand before any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// The end of the keyword `DOCTYPE`.
    Doctype,
    DoctypeName,
    /// `SYSTEM`, `PUBLIC`, `[` or `>`.
    DoctypeId,
    DoctypePublic,
    DoctypeSystem,
    /// `[` or `>`.
    DoctypeSubset,
    /// Between two declarations of the internal subset.
    Subset,
    /// `>` behind the subset.
    DoctypeEnd,

    /// A name, or the `%` of a parameter entity.
    EntityName,
    ParameterName,
    /// A value, `SYSTEM` or `PUBLIC`.
    EntityValue,
    EntityPublic,
    EntitySystem,
    /// `NDATA` or `>`.
    EntityNdata,
    EntityNotation,
    EntityEnd,

    AttlistName,
    /// An attribute's name or `>`.
    AttributeName,
    AttributeType,
    /// In an enumeration: a name token.
    EnumerationToken,
    /// `|` or `)`.
    EnumerationNext,
    NotationsOpen,
    NotationsName,
    NotationsNext,
    AttributeDefault,
    /// The value behind `#FIXED`.
    AttributeFixed,

    ElementName,
    /// `EMPTY`, `ANY` or `(`.
    ElementContent,
    /// Behind the first bracket.
    ModelFirst,
    /// Behind `#PCDATA`.
    MixedFirst,
    MixedName,
    /// `|` or `)*`.
    MixedNext,
    /// A name or a bracket.
    ModelItem,
    /// Behind one.
    ModelNext,
    ElementEnd,

    NotationName,
    /// `SYSTEM` or `PUBLIC`.
    NotationId,
    NotationPublic,
    /// A system identifier or `>`.
    NotationMore,
    NotationSystem,
    NotationEnd,
}

/// A declaration that is being read; for the DOCTYPE, what stands before its subset.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    /// Where it starts.
    pub start: At,
    /// Where the name of an attribute starts.
    pub name_at: At,
    /// Of the element, where attributes are declared.
    element: Vec<u8>,
    element_id: NameId,
    name: Vec<u8>,
    /// A parameter entity.
    parameter: bool,
    public_id: Option<Vec<u8>>,
    system_id: Option<Vec<u8>>,
    notation: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    /// An attribute's type, or a content model.
    kind: Vec<u8>,
    /// What parts the items of each open bracket of a content model: `,`, `|` or NUL where that is not known yet.
    groups: Vec<u8>,
}

impl Declaration {
    pub fn new(start: Place) -> Self {
        Self {
            start: At::Known(start),
            name_at: At::Known(start),
            element: Vec::new(),
            element_id: NameId::EMPTY,
            name: Vec::new(),
            parameter: false,
            public_id: None,
            system_id: None,
            notation: None,
            value: None,
            kind: Vec::new(),
            groups: Vec::new(),
        }
    }

    fn restart(&mut self, start: At) {
        self.start = start;
        self.parameter = false;
        self.clear();
    }

    fn clear(&mut self) {
        (self.public_id, self.system_id, self.notation, self.value) = (None, None, None, None);
        self.kind.clear();
        self.groups.clear();
    }
}

/// Replaces a text, keeping its memory.
fn set(text: &mut Vec<u8>, bytes: &[u8]) {
    text.clear();
    text.extend_from_slice(bytes);
}

impl Reader {
    pub(super) fn in_subset(&self) -> bool {
        self.expect == Expect::Subset
    }

    /// Whether declarations of entities and attributes count.
    pub(super) fn processes(&self) -> bool {
        self.mode == DtdMode::Internal && self.keeps
    }

    /// Before the internal subset.
    fn in_head(&self) -> bool {
        use Expect::{Doctype, DoctypeId, DoctypeName, DoctypePublic, DoctypeSubset, DoctypeSystem};
        matches!(self.expect, Doctype | DoctypeName | DoctypeId | DoctypePublic | DoctypeSystem | DoctypeSubset)
    }

    /// Tells the sink of a piece of the internal subset as written, which the text of a parameter entity is not.
    pub(super) fn written<S: Sink>(&self, text: &[u8], at: At, env: &mut Env<'_, S>) -> Result<(), Failure> {
        if self.nested > 0 || self.in_head() || self.expect == Expect::DoctypeEnd {
            return Ok(());
        }
        env.tell(at, |sink, cx| sink.subset(text, cx))
    }

    /// White space between tokens.
    pub(super) fn white<S: Sink>(&mut self, text: &[u8], at: At, env: &mut Env<'_, S>) -> Result<(), Failure> {
        if self.in_model() {
            self.keep(text, at)?;
        }
        self.written(text, at, env)
    }

    /// Inside the brackets of a content model.
    fn in_model(&self) -> bool {
        use Expect::{MixedFirst, MixedName, MixedNext, ModelFirst, ModelItem, ModelNext};
        matches!(self.expect, ModelFirst | MixedFirst | MixedName | MixedNext | ModelItem | ModelNext)
    }

    /// A piece of an attribute's type or of a content model.
    fn keep(&mut self, text: &[u8], at: At) -> Result<(), Failure> {
        self.declaration.kind.try_reserve(text.len()).map_err(|_| Failure { kind: Kind::OutOfMemory, at })?;
        self.declaration.kind.extend_from_slice(text);
        Ok(())
    }

    /// A literal starts: what it is follows from where it stands.
    pub(super) fn literal_begins(&mut self) {
        self.literal.begin(match self.expect {
            Expect::DoctypePublic | Expect::EntityPublic | Expect::NotationPublic => Role::Public,
            Expect::EntityValue => Role::Entity,
            Expect::AttributeDefault | Expect::AttributeFixed => {
                if self.declaration.kind == b"CDATA" {
                    Role::Characters
                } else {
                    Role::Tokens
                }
            }
            _ => Role::Plain,
        });
    }

    /// A token is complete.
    pub(super) fn judge<S: Sink>(
        &mut self,
        token: Token,
        text: &[u8],
        base: Base,
        end: usize,
        env: &mut Env<'_, S>,
    ) -> Result<Step, Failure> {
        let at = self.token;
        if token == Token::Reference {
            return self.reference(text, env);
        }
        if self.in_model() || (self.expect == Expect::ElementContent && token != Token::Close) {
            self.keep(text, at)?;
        }
        if self.in_head() {
            return self.doctype_token(token, text, env);
        }
        match token {
            Token::CloseBracket if self.nested > 0 => return Err(Failure { kind: Kind::AsyncEntity, at }),
            Token::CloseBracket => {
                self.expect = Expect::DoctypeEnd;
                return Ok(Step::On);
            }
            _ => self.written(text, at, env)?,
        }
        self.expect = match self.expect {
            Expect::Subset if token == Token::Open => self.declaration_begins(text)?,
            Expect::DoctypeEnd if token == Token::Close => {
                let close = base.at(end - 1);
                env.tell(close, Sink::doctype_end)?;
                return Ok(Step::Closed);
            }
            Expect::EntityName
            | Expect::ParameterName
            | Expect::EntityValue
            | Expect::EntityPublic
            | Expect::EntitySystem
            | Expect::EntityNdata
            | Expect::EntityNotation
            | Expect::EntityEnd => self.entity_token(token, text, env)?,
            Expect::AttlistName
            | Expect::AttributeName
            | Expect::AttributeType
            | Expect::EnumerationToken
            | Expect::EnumerationNext
            | Expect::NotationsOpen
            | Expect::NotationsName
            | Expect::NotationsNext
            | Expect::AttributeDefault
            | Expect::AttributeFixed => self.attlist_token(token, text, env)?,
            Expect::NotationName
            | Expect::NotationId
            | Expect::NotationPublic
            | Expect::NotationMore
            | Expect::NotationSystem
            | Expect::NotationEnd => self.notation_token(token, text, env)?,
            Expect::ElementName
            | Expect::ElementContent
            | Expect::ModelFirst
            | Expect::MixedFirst
            | Expect::MixedName
            | Expect::MixedNext
            | Expect::ModelItem
            | Expect::ModelNext
            | Expect::ElementEnd => self.element_token(token, text, env)?,
            _ => return Err(self.syntax()),
        };
        Ok(Step::On)
    }

    /// The literal at hand is an identifier, or a value.
    fn take_literal(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.literal.value))
    }

    fn doctype_token<S: Sink>(&mut self, token: Token, text: &[u8], env: &mut Env<'_, S>) -> Result<Step, Failure> {
        self.expect = match (self.expect, token) {
            (Expect::Doctype, Token::Open) if text == b"<!DOCTYPE" => Expect::DoctypeName,
            (Expect::DoctypeName, Token::Name(Shape::Name | Shape::Prefixed, 0)) => {
                set(&mut self.declaration.name, text);
                Expect::DoctypeId
            }
            (Expect::DoctypeId, Token::Name(Shape::Name, 0)) if text == b"SYSTEM" => Expect::DoctypeSystem,
            (Expect::DoctypeId, Token::Name(Shape::Name, 0)) if text == b"PUBLIC" => Expect::DoctypePublic,
            (Expect::DoctypePublic, Token::Literal) => {
                self.declaration.public_id = self.take_literal();
                Expect::DoctypeSystem
            }
            (Expect::DoctypeSystem, Token::Literal) => {
                self.declaration.system_id = self.take_literal();
                self.store.unread = true;
                Expect::DoctypeSubset
            }
            (Expect::DoctypeId | Expect::DoctypeSubset, Token::OpenBracket | Token::Close) => {
                let subset = token == Token::OpenBracket;
                if subset && self.mode == DtdMode::Bare {
                    return Err(Failure { kind: Kind::DtdForbidden, at: self.token });
                }
                let declaration = &self.declaration;
                let doctype = Doctype {
                    name: &declaration.name,
                    public_id: declaration.public_id.as_deref(),
                    system_id: declaration.system_id.as_deref(),
                    internal_subset: subset,
                };
                env.tell(At::Known(self.start), |sink, cx| sink.doctype(&doctype, cx))?;
                if !subset {
                    env.tell(self.token, Sink::doctype_end)?;
                    return Ok(Step::Closed);
                }
                Expect::Subset
            }
            _ => return Err(self.syntax()),
        };
        Ok(Step::On)
    }

    /// `<!` and a keyword, between declarations.
    fn declaration_begins(&mut self, text: &[u8]) -> Result<Expect, Failure> {
        self.declaration.restart(self.token);
        Ok(match text {
            b"<!ELEMENT" => Expect::ElementName,
            b"<!ATTLIST" => Expect::AttlistName,
            b"<!NOTATION" => Expect::NotationName,
            b"<!ENTITY" => {
                if self.forbid_entities {
                    return Err(Failure { kind: Kind::EntityForbidden, at: self.token });
                }
                if self.processes() {
                    self.entities += 1;
                    if self.entities > self.limits.entities {
                        self.cross(Limit::Entities, self.limits.entities, self.entities, self.token)?;
                    }
                }
                Expect::EntityName
            }
            _ => return Err(self.syntax()),
        })
    }

    fn entity_token<S: Sink>(&mut self, token: Token, text: &[u8], env: &mut Env<'_, S>) -> Result<Expect, Failure> {
        Ok(match (self.expect, token) {
            (Expect::EntityName, Token::Percent) => {
                self.declaration.parameter = true;
                Expect::ParameterName
            }
            (Expect::EntityName | Expect::ParameterName, Token::Name(Shape::Name, 0)) => {
                set(&mut self.declaration.name, text);
                Expect::EntityValue
            }
            (Expect::EntityValue, Token::Literal) => {
                self.declaration.value = self.take_literal();
                Expect::EntityEnd
            }
            (Expect::EntityValue, Token::Name(Shape::Name, 0)) if matches!(text, b"SYSTEM" | b"PUBLIC") => {
                if self.forbid_external {
                    return Err(Failure { kind: Kind::ExternalForbidden, at: self.declaration.start });
                }
                if text == b"SYSTEM" { Expect::EntitySystem } else { Expect::EntityPublic }
            }
            (Expect::EntityPublic, Token::Literal) => {
                self.declaration.public_id = self.take_literal();
                Expect::EntitySystem
            }
            (Expect::EntitySystem, Token::Literal) => {
                self.declaration.system_id = self.take_literal();
                if self.declaration.parameter { Expect::EntityEnd } else { Expect::EntityNdata }
            }
            (Expect::EntityNdata, Token::Name(Shape::Name, 0)) if text == b"NDATA" => Expect::EntityNotation,
            (Expect::EntityNotation, Token::Name(Shape::Name, 0)) => {
                self.declaration.notation = Some(text.to_vec());
                Expect::EntityEnd
            }
            (Expect::EntityNdata | Expect::EntityEnd, Token::Close) => {
                self.declare_entity(env)?;
                Expect::Subset
            }
            _ => return Err(self.syntax()),
        })
    }

    fn declare_entity<S: Sink>(&mut self, env: &mut Env<'_, S>) -> Result<(), Failure> {
        let declaration = &self.declaration;
        // The five may be declared again, and mean what they meant (§4.6).
        if !self.processes() || (!declaration.parameter && predefined(&declaration.name).is_some()) {
            return Ok(());
        }
        let kind = match (&declaration.value, &declaration.notation) {
            (Some(value), _) => EntityKind::Internal(Text::new(value)),
            (None, Some(_)) => EntityKind::Unparsed,
            (None, None) => EntityKind::External,
        };
        let entities = if declaration.parameter { &mut self.store.parameter } else { &mut self.store.general };
        if !entities.declare(&declaration.name, kind, self.nested > 0) {
            return Ok(());
        }
        self.store.held += (declaration.name.len() + declaration.value.as_ref().map_or(0, Vec::len)) as u64;
        let declared = Declared::Entity {
            name: &declaration.name,
            parameter: declaration.parameter,
            value: declaration.value.as_deref(),
            public_id: declaration.public_id.as_deref(),
            system_id: declaration.system_id.as_deref(),
            notation: declaration.notation.as_deref(),
        };
        env.tell(declaration.start, |sink, cx| sink.declared(&declared, cx))
    }

    fn notation_token<S: Sink>(&mut self, token: Token, text: &[u8], env: &mut Env<'_, S>) -> Result<Expect, Failure> {
        Ok(match (self.expect, token) {
            (Expect::NotationName, Token::Name(Shape::Name, 0)) => {
                set(&mut self.declaration.name, text);
                Expect::NotationId
            }
            (Expect::NotationId, Token::Name(Shape::Name, 0)) if text == b"SYSTEM" => Expect::NotationSystem,
            (Expect::NotationId, Token::Name(Shape::Name, 0)) if text == b"PUBLIC" => Expect::NotationPublic,
            (Expect::NotationPublic, Token::Literal) => {
                self.declaration.public_id = self.take_literal();
                Expect::NotationMore
            }
            (Expect::NotationMore | Expect::NotationSystem, Token::Literal) => {
                self.declaration.system_id = self.take_literal();
                Expect::NotationEnd
            }
            (Expect::NotationMore | Expect::NotationEnd, Token::Close) => {
                if self.mode == DtdMode::Internal {
                    let declared = Declared::Notation {
                        name: &self.declaration.name,
                        public_id: self.declaration.public_id.as_deref(),
                        system_id: self.declaration.system_id.as_deref(),
                    };
                    env.tell(self.declaration.start, |sink, cx| sink.declared(&declared, cx))?;
                }
                Expect::Subset
            }
            _ => return Err(self.syntax()),
        })
    }

    fn element_token<S: Sink>(&mut self, token: Token, text: &[u8], env: &mut Env<'_, S>) -> Result<Expect, Failure> {
        Ok(match (self.expect, token) {
            (Expect::ElementName, Token::Name(Shape::Name | Shape::Prefixed, 0)) => {
                set(&mut self.declaration.name, text);
                Expect::ElementContent
            }
            (Expect::ElementContent, Token::Name(Shape::Name, 0)) if matches!(text, b"EMPTY" | b"ANY") => {
                Expect::ElementEnd
            }
            (Expect::ElementContent, Token::OpenParen) => {
                self.group_opens()?;
                Expect::ModelFirst
            }
            (Expect::ModelFirst, Token::PoundName) if text == b"#PCDATA" => Expect::MixedFirst,
            (Expect::MixedFirst, Token::CloseParen(0 | b'*')) | (Expect::MixedNext, Token::CloseParen(b'*')) => {
                Expect::ElementEnd
            }
            (Expect::MixedFirst | Expect::MixedNext, Token::Or) => Expect::MixedName,
            (Expect::MixedName, Token::Name(Shape::Name | Shape::Prefixed, 0)) => Expect::MixedNext,
            (Expect::ModelFirst | Expect::ModelItem, Token::OpenParen) => {
                self.group_opens()?;
                Expect::ModelItem
            }
            (Expect::ModelFirst | Expect::ModelItem, Token::Name(Shape::Name | Shape::Prefixed, _)) => {
                Expect::ModelNext
            }
            (Expect::ModelNext, Token::CloseParen(_)) => {
                self.declaration.groups.pop();
                if self.declaration.groups.is_empty() { Expect::ElementEnd } else { Expect::ModelNext }
            }
            (Expect::ModelNext, Token::Or | Token::Comma) => {
                let connector = text[0];
                match self.declaration.groups.last_mut() {
                    Some(known) if *known == 0 || *known == connector => *known = connector,
                    _ => return Err(self.syntax()),
                }
                Expect::ModelItem
            }
            (Expect::ElementEnd, Token::Close) => {
                if self.mode == DtdMode::Internal {
                    let declared = Declared::Element { name: &self.declaration.name, model: &self.declaration.kind };
                    env.tell(self.declaration.start, |sink, cx| sink.declared(&declared, cx))?;
                }
                Expect::Subset
            }
            _ => return Err(self.syntax()),
        })
    }

    /// A bracket of a content model opens: who makes objects of it may recurse, so its depth is limited like that of elements.
    fn group_opens(&mut self) -> Result<(), Failure> {
        if self.declaration.groups.len() as u64 >= self.limits.depth {
            let maximum = self.limits.depth;
            return Err(Failure::limit(Limit::Depth, maximum, maximum.saturating_add(1), self.token));
        }
        self.declaration.groups.push(0);
        Ok(())
    }

    fn attlist_token<S: Sink>(&mut self, token: Token, text: &[u8], env: &mut Env<'_, S>) -> Result<Expect, Failure> {
        Ok(match (self.expect, token) {
            (Expect::AttlistName, Token::Name(Shape::Name | Shape::Prefixed, 0)) => {
                set(&mut self.declaration.element, text);
                if self.processes() {
                    self.declaration.element_id = env.names.insert(text);
                }
                Expect::AttributeName
            }
            (Expect::AttributeName, Token::Name(Shape::Name | Shape::Prefixed, 0)) => {
                self.declaration.clear();
                self.declaration.name_at = self.token;
                set(&mut self.declaration.name, text);
                Expect::AttributeType
            }
            (Expect::AttributeName, Token::Close) => Expect::Subset,
            (Expect::AttributeType, Token::Name(Shape::Name, 0)) => {
                self.keep(text, self.token)?;
                match text {
                    b"CDATA" | b"ID" | b"IDREF" | b"IDREFS" | b"ENTITY" | b"ENTITIES" | b"NMTOKEN" | b"NMTOKENS" => {
                        Expect::AttributeDefault
                    }
                    b"NOTATION" => Expect::NotationsOpen,
                    _ => return Err(self.syntax()),
                }
            }
            (Expect::AttributeType, Token::OpenParen) => {
                self.keep(text, self.token)?;
                Expect::EnumerationToken
            }
            (Expect::NotationsOpen, Token::OpenParen) => {
                self.keep(text, self.token)?;
                Expect::NotationsName
            }
            (Expect::EnumerationToken, Token::Name(_, 0)) => {
                self.keep(text, self.token)?;
                Expect::EnumerationNext
            }
            (Expect::NotationsName, Token::Name(Shape::Name, 0)) => {
                self.keep(text, self.token)?;
                Expect::NotationsNext
            }
            (Expect::EnumerationNext | Expect::NotationsNext, Token::Or) => {
                self.keep(text, self.token)?;
                if self.expect == Expect::EnumerationNext { Expect::EnumerationToken } else { Expect::NotationsName }
            }
            (Expect::EnumerationNext | Expect::NotationsNext, Token::CloseParen(0)) => {
                self.keep(text, self.token)?;
                Expect::AttributeDefault
            }
            (Expect::AttributeDefault, Token::PoundName) => match text {
                b"#IMPLIED" => self.declare_attribute(false, env)?,
                b"#REQUIRED" => self.declare_attribute(true, env)?,
                b"#FIXED" => Expect::AttributeFixed,
                _ => return Err(self.syntax()),
            },
            (Expect::AttributeDefault | Expect::AttributeFixed, Token::Literal) => {
                self.declaration.value = self.take_literal();
                self.declare_attribute(self.expect == Expect::AttributeFixed, env)?
            }
            _ => return Err(self.syntax()),
        })
    }

    fn declare_attribute<S: Sink>(&mut self, required: bool, env: &mut Env<'_, S>) -> Result<Expect, Failure> {
        if !self.processes() {
            return Ok(Expect::AttributeName);
        }
        let (element, name) = (self.declaration.element_id, env.names.insert(&self.declaration.name));
        let first = !self.store.is_declared(element, name);
        let (count, maximum) = (self.store.defaults(element), self.limits.attributes);
        if first && self.declaration.value.is_some() && count >= maximum {
            self.cross(Limit::Attributes, maximum, count + 1, self.declaration.name_at)?;
        }
        let declaration = &self.declaration;
        let default = declaration.value.as_deref();
        if first {
            self.store.declare_attribute(element, name, declaration.kind != b"CDATA", default);
        }
        let declared = Declared::Attribute {
            element: &declaration.element,
            name: &declaration.name,
            kind: &declaration.kind,
            default,
            required,
        };
        env.tell(declaration.start, |sink, cx| sink.declared(&declared, cx))?;
        Ok(Expect::AttributeName)
    }

    /// `%name;`
    fn reference<S: Sink>(&mut self, text: &[u8], env: &mut Env<'_, S>) -> Result<Step, Failure> {
        if !self.in_subset() {
            return Err(Failure { kind: Kind::ParameterEntity, at: self.token });
        }
        self.written(text, self.token, env)?;
        if self.mode != DtdMode::Internal {
            return Ok(Step::On);
        }
        self.store.unread = true;
        match self.store.parameter.get(&text[1..text.len() - 1]) {
            Some(entity) if matches!(entity.kind, EntityKind::Internal(_)) => return Ok(Step::Include(entity.id)),
            Some(_) => {}
            None if self.store.standalone && self.nested == 0 => {
                return Err(Failure { kind: Kind::UndefinedEntity, at: self.token });
            }
            None => env.tell(self.token, |sink, cx| sink.parameter_entity(&text[1..text.len() - 1], cx))?,
        }
        self.keeps = self.keeps && self.store.standalone;
        Ok(Step::On)
    }
}
