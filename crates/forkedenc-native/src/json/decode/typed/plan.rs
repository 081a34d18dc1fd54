//! The plan of a typed decode, read from what `forkedenc._schema` made of a type, with the objects that its numbers stand for.

use forkedenc_core::plan::{Action, Array, Field, Items, Map, Op, Plan, Row, Union, Unknown};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::schema::class::Class;
use crate::schema::scalar::{Constraints, Scalar};

/// What an array becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    List,
    Tuple,
    Set,
    FrozenSet,
}

pub struct ArrayObjects {
    pub collection: Collection,
    pub constraints: Option<Constraints>,
    /// Items whose hashes an attacker could make equal.
    pub floods: bool,
}

pub struct MapObjects {
    pub constraints: Option<Constraints>,
    /// Keys are str and nothing is asked of them.
    pub plain_keys: bool,
}

/// A type and all that it reaches, fixed.
pub struct Typed {
    pub plan: Plan,
    pub scalars: Vec<Scalar>,
    pub arrays: Vec<ArrayObjects>,
    pub maps: Vec<MapObjects>,
    pub classes: Vec<Class>,
    pub hooks: Vec<Py<PyAny>>,
    /// Some values are wanted as their bytes.
    pub raws: bool,
    /// Numbers are wanted as their text.
    pub number_text: bool,
    /// Code of the caller's may run during a decode.
    pub runs_python: bool,
}

/// Row 0 takes nothing, row 1 everything; the schema's own follow.
pub const ANYTHING: u32 = 1;
const OWN: u32 = 2;

impl Typed {
    /// Reads a `Schema` of `forkedenc._schema`. `unknown` overrides what its classes say of members that no field claims.
    pub fn read(schema: &Bound<'_, PyAny>, unknown: Option<&str>) -> PyResult<Self> {
        let mut reader = Reader {
            typed: Self {
                plan: Plan { rows: vec![Row::NEVER, Row::all(Action::new(Op::Any, 0))], ..Plan::default() },
                scalars: Vec::new(),
                arrays: Vec::new(),
                maps: Vec::new(),
                classes: Vec::new(),
                hooks: Vec::new(),
                raws: false,
                number_text: false,
                runs_python: false,
            },
            lax: schema.getattr("lax")?.is_truthy()?,
            strict: Vec::new(),
            strict_scalar: None,
        };
        let nodes = schema.getattr("nodes")?.cast_into::<PyTuple>()?;
        // Unions are joined when the rows of all others are known; a union has no union among its members.
        let mut unions = Vec::new();
        for node in &nodes {
            let node = node.cast_into::<PyTuple>()?;
            let row = if kind_of(&node)?.as_str() == "union" {
                unions.push((reader.typed.plan.rows.len(), node));
                Row::NEVER
            } else {
                reader.row(&node)?
            };
            reader.strict.resize(reader.typed.plan.rows.len(), Row::NEVER);
            reader.strict.push(reader.strict_scalar.take().unwrap_or(row));
            reader.typed.plan.rows.push(row);
        }
        for (place, node) in unions {
            let members = node.get_item(1)?.try_iter()?.map(|member| index(&member?)).collect::<PyResult<Vec<_>>>()?;
            reader.typed.plan.rows[place] = reader.union(&nodes, &members)?;
        }
        for shape in schema.getattr("shapes")?.try_iter()? {
            reader.class(&shape?, unknown)?;
        }
        reader.typed.plan.root = index(&schema.getattr("root")?)?;
        reader.typed.raws = reader.typed.plan.rows.iter().any(|row| row.raw);
        reader.typed.check()?;
        Ok(reader.typed)
    }

    /// Every number stands for something, so that a decode need not ask.
    fn check(&self) -> PyResult<()> {
        let plan = &self.plan;
        let rows = plan.rows.len();
        let row = |row: u32| (row as usize) < rows;
        let fits = |action: &Action| {
            let known = match action.op {
                Op::Scalar => self.scalars.len(),
                Op::Array => plan.arrays.len(),
                Op::Map => plan.maps.len(),
                Op::Class => plan.classes.len(),
                Op::Tagged => plan.unions.len(),
                Op::Hook => self.hooks.len(),
                _ => return true,
            };
            (action.argument as usize) < known
        };
        let rows_fit = plan.rows.iter().all(|row| {
            [row.null, row.boolean, row.integer, row.float, row.string, row.array, row.object].iter().all(fits)
        });
        let arrays_fit = plan.arrays.iter().all(|array| match &array.items {
            Items::Each(item) => row(*item),
            Items::Fixed(items) => items.iter().all(|item| row(*item)),
        });
        let maps_fit = plan.maps.iter().all(|map| fits(&map.key) && row(map.value));
        let classes_fit = plan.classes.iter().all(|class| {
            class.fields.iter().all(|field| row(field.row))
                && match class.unknown {
                    Unknown::Rest(value) => row(value),
                    _ => true,
                }
                && class.tag.as_ref().is_none_or(|(_, value)| row(*value))
        });
        let unions_fit = plan.unions.iter().all(|union| {
            let known = |class: &u32| (*class as usize) < plan.classes.len();
            union.texts.iter().all(|(_, class)| known(class)) && union.integers.iter().all(|(_, class)| known(class))
        });
        if rows_fit && arrays_fit && maps_fit && classes_fit && unions_fit && row(plan.root) {
            Ok(())
        } else {
            Err(broken())
        }
    }

    pub fn visit(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.scalars.iter().try_for_each(|scalar| scalar.visit(visit))?;
        self.classes.iter().try_for_each(|class| class.visit(visit))?;
        self.hooks.iter().try_for_each(|hook| visit.call(hook))
    }
}

fn broken() -> PyErr {
    PyValueError::new_err("a schema with numbers that stand for nothing")
}

fn kind_of(node: &Bound<'_, PyTuple>) -> PyResult<String> {
    node.get_item(0)?.extract()
}

/// The row of a node.
fn index(node: &Bound<'_, PyAny>) -> PyResult<u32> {
    Ok(node.extract::<u32>()?.saturating_add(OWN))
}

struct Reader {
    typed: Typed,
    lax: bool,
    /// Of each row, what it takes strictly: unions ask.
    strict: Vec<Row>,
    /// That of the scalar read last.
    strict_scalar: Option<Row>,
}

impl Reader {
    fn row(&mut self, node: &Bound<'_, PyTuple>) -> PyResult<Row> {
        let kind = kind_of(node)?;
        Ok(match kind.as_str() {
            "any" => Row::all(Action::new(Op::Any, 0)),
            "raw" => Row { raw: true, ..Row::NEVER },
            "none" | "bool" if self.lax => self.scalar(node)?,
            "none" => Row { null: Action::new(Op::None, 0), ..Row::NEVER },
            "bool" => Row { boolean: Action::new(Op::Bool, 0), ..Row::NEVER },
            "scalar" => self.scalar(node)?,
            "list" | "set" | "frozenset" | "variadic" => {
                let collection = match kind.as_str() {
                    "list" => Collection::List,
                    "set" => Collection::Set,
                    "frozenset" => Collection::FrozenSet,
                    _ => Collection::Tuple,
                };
                let items = Items::Each(index(&node.get_item(1)?)?);
                self.array(collection, items, &node.get_item(2)?)?
            }
            "tuple" => {
                let items = node.get_item(1)?.try_iter()?.map(|item| index(&item?)).collect::<PyResult<_>>()?;
                self.array(Collection::Tuple, Items::Fixed(items), &node.get_item(2)?)?
            }
            "dict" => self.map(node)?,
            "class" => Row { object: Action::new(Op::Class, node.get_item(1)?.extract()?), ..Row::NEVER },
            "tagged" => self.tagged(node)?,
            "hook" => {
                self.typed.hooks.push(node.get_item(1)?.unbind());
                self.typed.runs_python = true;
                Row::all(Action::new(Op::Hook, self.typed.hooks.len() as u32 - 1))
            }
            _ => return Err(PyTypeError::new_err("a node of no known kind")),
        })
    }

    fn scalar(&mut self, node: &Bound<'_, PyTuple>) -> PyResult<Row> {
        let mut scalar = Scalar::read(node)?;
        let number = self.typed.scalars.len() as u32;
        self.strict_scalar = Some(scalar.row(number, false));
        let row = scalar.row(number, self.lax);
        self.typed.number_text |= scalar.wants_number_text();
        self.typed.runs_python |= scalar.runs_python();
        self.typed.scalars.push(scalar);
        Ok(row)
    }

    /// A union: each token goes to the member that takes it strictly. An int is an int where a float may stand too, and null
    /// is None where a hook may be asked. What none takes strictly is tried on those that take it otherwise, in turn.
    fn union(&mut self, nodes: &Bound<'_, PyTuple>, members: &[u32]) -> PyResult<Row> {
        let rows: Vec<(Row, Row)> = members
            .iter()
            .map(|member| {
                let place = *member as usize;
                Ok((*self.strict.get(place).ok_or_else(broken)?, *self.typed.plan.rows.get(place).ok_or_else(broken)?))
            })
            .collect::<PyResult<_>>()?;
        let mut joined = [Action::REFUSE; 7];
        for (token, action) in joined.iter_mut().enumerate() {
            for (strict, _) in &rows {
                let other = strict.actions()[token];
                if other.op == Op::Refuse || self.yields(other, *action) {
                    continue;
                }
                if action.op != Op::Refuse && !self.yields(*action, other) {
                    return Err(PyTypeError::new_err("members of a union that claim one kind of token"));
                }
                *action = other;
            }
            if action.op != Op::Refuse {
                continue;
            }
            let takers: Vec<_> =
                rows.iter().zip(members).filter(|((_, row), _)| row.actions()[token].op != Op::Refuse).collect();
            match takers[..] {
                [] => {}
                [((_, row), _)] => *action = row.actions()[token],
                _ => {
                    let mut choice = Vec::new();
                    for (_, member) in takers {
                        let node = nodes.get_item(member.saturating_sub(OWN) as usize)?.cast_into::<PyTuple>()?;
                        let mut scalar = Scalar::read(&node)?;
                        let _ = scalar.row(0, true);
                        choice.push(scalar);
                    }
                    *action = Action::new(Op::Scalar, self.typed.scalars.len() as u32);
                    self.typed.scalars.push(Scalar::choice(choice));
                }
            }
        }
        if rows.iter().any(|(row, _)| row.raw) {
            return Err(PyTypeError::new_err("a union with a member that takes everything"));
        }
        Ok(Row::of_actions(joined))
    }

    /// Does one member of a union leave a token to another?
    fn yields(&self, one: Action, other: Action) -> bool {
        let scalar = |action: Action| self.typed.scalars.get(action.argument as usize);
        let is_int = other.op == Op::Int || (other.op == Op::Scalar && scalar(other).is_some_and(Scalar::is_int));
        let is_float = one.op == Op::Float || (one.op == Op::Scalar && scalar(one).is_some_and(Scalar::is_float));
        (is_int && is_float) || (one.op == Op::Hook && other.op == Op::None)
    }

    fn array(&mut self, collection: Collection, items: Items, constraints: &Bound<'_, PyAny>) -> PyResult<Row> {
        let action = Action::new(Op::Array, self.typed.arrays.len() as u32);
        // Only the hashes of str and bytes are nobody's to choose; another item's hash may be the caller's code.
        let set = matches!(collection, Collection::Set | Collection::FrozenSet);
        self.typed.plan.arrays.push(Array { items });
        let constraints = Constraints::read(constraints)?;
        self.typed.runs_python |= set || constraints.as_ref().is_some_and(Constraints::runs_python);
        self.typed.arrays.push(ArrayObjects { collection, constraints, floods: set });
        Ok(Row { array: action, ..Row::NEVER })
    }

    fn map(&mut self, node: &Bound<'_, PyTuple>) -> PyResult<Row> {
        let action = Action::new(Op::Map, self.typed.maps.len() as u32);
        // A key is a string, whatever it stands for.
        let key_node = node.get_item(1)?;
        let key_row = *self.typed.plan.rows.get(index(&key_node)? as usize).ok_or_else(broken)?;
        let mut key = key_row.string;
        if matches!(key_row.integer.op, Op::Int) || key.op == Op::Refuse {
            key = self.key_from_text(key_row)?;
        }
        let plain_keys = key.op == Op::Str;
        self.typed.plan.maps.push(Map { key, value: index(&node.get_item(2)?)? });
        let constraints = Constraints::read(&node.get_item(3)?)?;
        self.typed.runs_python |= !plain_keys || constraints.as_ref().is_some_and(Constraints::runs_python);
        self.typed.maps.push(MapObjects { constraints, plain_keys });
        Ok(Row { object: action, ..Row::NEVER })
    }

    /// The action for keys of a type that other tokens stand for: their text.
    fn key_from_text(&self, row: Row) -> PyResult<Action> {
        let integer = row.integer;
        match integer.op {
            Op::Scalar => Ok(integer),
            Op::Int => Ok(Action::new(Op::Int, 0)),
            _ => Err(PyTypeError::new_err("keys of a type that no text stands for")),
        }
    }

    fn tagged(&mut self, node: &Bound<'_, PyTuple>) -> PyResult<Row> {
        let mut union = Union { key: bytes_of(&node.get_item(1)?)?, ..Union::default() };
        for pair in node.get_item(2)?.try_iter()? {
            let pair = pair?.cast_into::<PyTuple>()?;
            let class = pair.get_item(1)?.extract()?;
            let tag = pair.get_item(0)?;
            if tag.is_instance_of::<PyString>() {
                union.texts.push((bytes_of(&tag)?, class));
            } else {
                union.integers.push((tag.extract()?, class));
            }
        }
        self.typed.plan.unions.push(union);
        let action = Action::new(Op::Tagged, self.typed.plan.unions.len() as u32 - 1);
        Ok(Row { object: action, ..Row::NEVER })
    }

    fn class(&mut self, shape: &Bound<'_, PyAny>, unknown: Option<&str>) -> PyResult<()> {
        let mut fields = Vec::new();
        for field in shape.getattr("fields")?.try_iter()? {
            let field = field?;
            let row = index(&field.getattr("node")?)?;
            let required = field.getattr("required")?.is_truthy()?;
            fields.push(Field::new(bytes_of(&field.getattr("wire")?)?, row, required));
        }
        let rest = shape.getattr("rest")?;
        let own: String = shape.getattr("unknown")?.extract()?;
        let unknown = match unknown.unwrap_or(&own) {
            "error" => Unknown::Error,
            "rest" if !rest.is_none() => Unknown::Rest(index(&rest.getattr("node")?)?),
            _ => Unknown::Ignore,
        };
        let tag = shape.getattr("tag")?;
        let tag = if tag.is_none() { None } else { Some(self.tag(&tag)?) };
        let class = Class::read(shape)?;
        self.typed.runs_python |= class.runs_python();
        self.typed.classes.push(class);
        self.typed.plan.classes.push(forkedenc_core::plan::Class::new(fields, unknown, tag));
        Ok(())
    }

    /// The member that tells a class: its name, and a row that takes what it must be.
    fn tag(&mut self, tag: &Bound<'_, PyAny>) -> PyResult<(Box<[u8]>, u32)> {
        let value = tag.get_item(1)?;
        let mut scalar = Scalar::literal(&[value])?;
        let row = scalar.row(self.typed.scalars.len() as u32, false);
        self.typed.scalars.push(scalar);
        self.typed.plan.rows.push(row);
        Ok((bytes_of(&tag.get_item(0)?)?, self.typed.plan.rows.len() as u32 - 1))
    }
}

fn bytes_of(text: &Bound<'_, PyAny>) -> PyResult<Box<[u8]>> {
    Ok(text.extract::<String>()?.into_bytes().into_boxed_slice())
}

/// A compiled type, kept by Python between decodes.
#[pyclass(frozen, module = "forkedenc._native", name = "Plan")]
pub struct PlanObject {
    pub typed: Typed,
}

#[pymethods]
impl PlanObject {
    #[new]
    #[pyo3(signature = (schema, unknown=None))]
    fn new(schema: &Bound<'_, PyAny>, unknown: Option<&str>) -> PyResult<Self> {
        Ok(Self { typed: Typed::read(schema, unknown)? })
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.typed.visit(&visit)
    }
}
