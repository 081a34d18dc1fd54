//! What is in an instance, in the order in which it is written.
//!
//! Where the rest knows its place, a value goes there: the n-th mark of a field stands for its n-th value. What has no mark
//! of its own comes after the last one of its field, or of the nearest field before it that has marks, or at the end. Where
//! there are no marks at all, it is the text, the children in the order of the class, and then the rest.

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::classes::slot;
use super::plan::Plan;
use super::value::{is_nothing, many};
use super::walk::{Trouble, Walk};

/// Something to write.
#[derive(Clone)]
pub enum Item<'py> {
    /// So many characters of a text; `None`: all of it.
    Text(Bound<'py, PyAny>, Option<(usize, usize)>),
    /// A value of a field, and how its mark says that it was written, if it has one.
    Child {
        field: usize,
        value: Bound<'py, PyAny>,
        mark: Option<Tagged<'py>>,
    },
    Node(Bound<'py, PyAny>),
}

/// A field's values, its marks among the nodes, and how many of them were met.
struct Column<'py> {
    values: Vec<Bound<'py, PyAny>>,
    marks: usize,
    /// The place of the last mark among the nodes.
    last: usize,
    met: usize,
    /// Characters that the marks of the text stand for; `None` where one does not say.
    length: Option<usize>,
}

/// How a mark says that a child's tag was written: its prefix, and attributes that its field has no place for.
#[derive(Clone)]
pub struct Tagged<'py> {
    pub prefix: Bound<'py, PyAny>,
    pub attributes: Option<Bound<'py, PyDict>>,
}

/// A mark: of which field, how written, for how many characters.
type Mark<'py> = (usize, Tagged<'py>, Option<usize>);

impl<'py> Walk<'_, 'py> {
    /// Puts what is in an instance behind the items, in its order.
    pub fn gather(&mut self, instance: &Bound<'py, PyAny>, plan: &Plan) -> Result<(), Trouble> {
        let nodes = self.nodes_of(instance, plan)?;
        let mut columns = Vec::new();
        columns.try_reserve(plan.content.len()).map_err(|_| PyMemoryError::new_err(()))?;
        for (number, field) in plan.content.iter().enumerate() {
            let value = field.attribute.get(instance)?;
            let mut values = Vec::new();
            let left_out =
                is_nothing(&self.known, &value) || (self.options.omit_defaults && field.is_default(&value)?);
            if !left_out {
                let empty = plan.text == Some(number)
                    && value.cast_exact::<PyString>().ok().map_or(Ok(false), |text| text.is_empty())?;
                values = match if empty {
                    Some(Vec::new())
                } else if plan.text == Some(number) {
                    None
                } else {
                    many(&value)?
                } {
                    Some(values) => values,
                    None => vec![value],
                };
            }
            columns.push(Column { values, marks: 0, last: 0, met: 0, length: Some(0) });
        }
        let Some(nodes) = nodes else { return self.in_class_order(plan, &columns, None) };
        let mut any = false;
        for (place, node) in nodes.iter().enumerate() {
            if let Some((field, _, length)) = self.mark(&node, plan)? {
                any = true;
                let column = &mut columns[field];
                column.marks += 1;
                column.last = place;
                column.length = column.length.zip(length).map(|(sum, length)| sum.saturating_add(length));
            }
        }
        if any { self.in_place(plan, &mut columns, &nodes) } else { self.in_class_order(plan, &columns, Some(&nodes)) }
    }

    fn nodes_of(&self, instance: &Bound<'py, PyAny>, plan: &Plan) -> Result<Option<Bound<'py, PyList>>, Trouble> {
        let Some(attribute) = &plan.rest_nodes else { return Ok(None) };
        let nodes = attribute.get(instance)?;
        if is_nothing(&self.known, &nodes) {
            return Ok(None);
        }
        match nodes.cast_into::<PyList>() {
            Ok(nodes) => Ok(if nodes.is_empty() { None } else { Some(nodes) }),
            Err(error) => Err(Trouble::Type(error.into_inner().get_type().unbind(), "a list of nodes")),
        }
    }

    /// What a node marks, if it is a mark and there is such a field.
    fn mark(&self, node: &Bound<'py, PyAny>, plan: &Plan) -> Result<Option<Mark<'py>>, Trouble> {
        let py = self.py;
        if !node.get_type().is(&self.known.claimed) {
            return Ok(None);
        }
        // SAFETY: a mark, which has these slots; they are filled unless someone emptied them.
        let [field, prefix, length, attributes] = unsafe {
            let slots = &self.known.slots;
            [slots.field, slots.mark_prefix, slots.length, slots.mark_attributes].map(|offset| slot(node, offset))
        };
        let Some(field) = field else { return Ok(None) };
        let mut number = plan.content.iter().position(|own| field.is(&own.attribute.name));
        if number.is_none() {
            for (at, own) in plan.content.iter().enumerate() {
                if field.eq(&own.attribute.name)? {
                    number = Some(at);
                }
            }
        }
        let Some(number) = number else { return Ok(None) };
        let length = length.filter(|length| !length.is_none()).map(|length| length.extract()).transpose()?;
        let attributes = match attributes.filter(|attributes| !attributes.is_none()) {
            Some(attributes) => Some(
                attributes
                    .cast_into::<PyDict>()
                    .map_err(|error| Trouble::Type(error.into_inner().get_type().unbind(), "a dict of attributes"))?,
            ),
            None => None,
        };
        let prefix = prefix.unwrap_or_else(|| py.None().into_bound(py));
        Ok(Some((number, Tagged { prefix, attributes }, length)))
    }

    fn in_class_order(
        &mut self,
        plan: &Plan,
        columns: &[Column<'py>],
        nodes: Option<&Bound<'py, PyList>>,
    ) -> Result<(), Trouble> {
        if let Some(text) = plan.text {
            self.remaining(plan, text, &columns[text])?;
        }
        for (number, column) in columns.iter().enumerate().filter(|(number, _)| plan.text != Some(*number)) {
            self.remaining(plan, number, column)?;
        }
        for node in nodes.into_iter().flatten() {
            self.hold(Item::Node(node))?;
        }
        Ok(())
    }

    /// The values of a field that no mark stood for.
    fn remaining(&mut self, plan: &Plan, number: usize, column: &Column<'py>) -> Result<(), Trouble> {
        for value in column.values.iter().skip(column.met) {
            let value = value.clone();
            self.hold(match plan.text == Some(number) {
                true => Item::Text(value, None),
                false => Item::Child { field: number, value, mark: None },
            })?;
        }
        Ok(())
    }

    fn in_place(
        &mut self,
        plan: &Plan,
        columns: &mut [Column<'py>],
        nodes: &Bound<'py, PyList>,
    ) -> Result<(), Trouble> {
        let mut written = 0;
        for (place, node) in nodes.iter().enumerate() {
            let Some((field, mark, length)) = self.mark(&node, plan)? else {
                if !node.get_type().is(&self.known.claimed) {
                    self.hold(Item::Node(node))?;
                }
                continue;
            };
            let is_text = plan.text == Some(field);
            let column = &mut columns[field];
            if is_text {
                // The text is cut as it was only as long as it has the length that it had.
                let whole = column.values.first().and_then(|value| value.cast_exact::<PyString>().ok());
                let fits = match (whole, column.length) {
                    (Some(whole), Some(length)) => whole.len()? == length,
                    _ => false,
                };
                if fits {
                    let (from, to) = (written, written + length.unwrap_or(0));
                    written = to;
                    column.met = 1;
                    let value = column.values[0].clone();
                    self.hold(Item::Text(value, Some((from, to))))?;
                } else if let Some(value) = column.values.get(column.met) {
                    column.met += 1;
                    let value = value.clone();
                    self.hold(Item::Text(value, None))?;
                }
            } else if let Some(value) = column.values.get(column.met) {
                column.met += 1;
                let value = value.clone();
                self.hold(Item::Child { field, value, mark: Some(mark) })?;
            }
            if place == columns[field].last {
                self.remaining(plan, field, &columns[field])?;
                let next = columns.iter().enumerate().skip(field + 1).take_while(|(_, column)| column.marks == 0);
                for (number, column) in next {
                    self.remaining(plan, number, column)?;
                }
            }
        }
        for (number, column) in columns.iter().enumerate().take_while(|(_, column)| column.marks == 0) {
            self.remaining(plan, number, column)?;
        }
        Ok(())
    }

    fn hold(&mut self, item: Item<'py>) -> Result<(), Trouble> {
        self.items.try_reserve(1).map_err(|_| PyMemoryError::new_err(()))?;
        self.items.push(item);
        Ok(())
    }
}
