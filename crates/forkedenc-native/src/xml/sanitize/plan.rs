//! `SanitizerPlan`: what `forkedenc.xml.sanitize._compile` makes of a policy, read into the core.

use std::sync::Arc;

use forkedenc_core::limits::XmlLimits;
use forkedenc_core::xml::sanitize::{
    Action, Answer, AttributeRow, ElementRow, Media, OnLimit, Pattern, Plan, Source, Value,
};
use forkedenc_core::xml::{DtdMode, Options, Runs, Wide};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::xml::options::{Face, options};

/// Bounds of the internal subset, unless the caller's are tighter.
const ENTITIES: u64 = 100;
const EXPANDED_BYTES: u64 = 64 << 10;

/// A policy as the core asks it; made once, used by any number of documents at a time.
#[pyclass(frozen, module = "forkedenc._native")]
pub struct SanitizerPlan {
    pub plan: Arc<Plan>,
    forbids_doctype: bool,
}

impl SanitizerPlan {
    /// How a document is read under these limits.
    pub fn options(&self, limits: Option<&Bound<'_, PyAny>>) -> PyResult<Options> {
        let dtd = if self.forbids_doctype { DtdMode::Forbid } else { DtdMode::Internal };
        let face = Face { limits: XmlLimits::DEFAULT, dtd, codecs: false, runs: Runs::Pieces };
        let mut options = options(face, limits, None, true, None, None)?;
        let bounds = &mut options.limits;
        bounds.entities = bounds.entities.min(ENTITIES);
        bounds.expanded_bytes = bounds.expanded_bytes.min(EXPANDED_BYTES);
        options.rules.skip_long = self.plan.on_limit() == OnLimit::Drop;
        Ok(options)
    }

    /// Attributes whose values the policy lets be longer than others: only where the caller asks for no less.
    pub fn wide(&self, limits: &XmlLimits) -> Arc<[Wide]> {
        if limits.attribute_bytes < XmlLimits::DEFAULT.attribute_bytes {
            return Arc::default();
        }
        self.plan.wide(limits.attribute_bytes).into()
    }
}

fn item<'py>(plan: &Bound<'py, PyDict>, key: &str) -> PyResult<Bound<'py, PyAny>> {
    plan.get_item(key)?.ok_or_else(|| PyValueError::new_err(format!("a plan without {key:?}")))
}

type Names = (Option<String>, String);

fn pattern((uri, local): Names) -> Pattern {
    Pattern { uri: uri.map(String::into_bytes), local: local.into_bytes() }
}

fn action(number: u32) -> PyResult<Action> {
    [Action::Keep, Action::Drop, Action::Unwrap, Action::Escape, Action::Error]
        .get(number as usize)
        .copied()
        .ok_or_else(|| PyValueError::new_err(format!("no action {number}")))
}

fn answer(word: &str) -> PyResult<Answer> {
    match word {
        "drop" => Ok(Answer::Drop),
        "keep" => Ok(Answer::Keep),
        "error" => Ok(Answer::Error),
        other => Err(PyValueError::new_err(format!("no answer {other:?}"))),
    }
}

fn media(value: &Bound<'_, PyTuple>) -> PyResult<Media> {
    Ok(Media {
        schemes: value.get_item(2)?.extract()?,
        relative: value.get_item(3)?.extract()?,
        fragment: value.get_item(4)?.extract()?,
        data: value.get_item(5)?.extract()?,
    })
}

fn grammar(value: &Bound<'_, PyTuple>) -> PyResult<(Value, Option<u64>)> {
    let kind: String = value.get_item(0)?.extract()?;
    let at = |index: usize| value.get_item(index);
    let made = match kind.as_str() {
        "text" => Value::Text { refused: at(2)?.extract()? },
        "keyword" => Value::Keyword { words: at(2)?.extract()?, fold: at(3)?.extract()? },
        "numbers" => Value::Numbers {
            least: at(2)?.extract()?,
            most: at(3)?.extract::<Option<usize>>()?.unwrap_or(usize::MAX),
            minimum: at(4)?.extract::<Option<f64>>()?.unwrap_or(f64::NEG_INFINITY),
            maximum: at(5)?.extract::<Option<f64>>()?.unwrap_or(f64::INFINITY),
            units: at(6)?.extract()?,
            semicolons: at(7)?.extract()?,
        },
        "path" => Value::Path,
        "transform" => Value::Transform,
        "css" => Value::Css,
        "style" => Value::Style,
        "url" => Value::Url(media(value)?),
        "urls" => {
            let separator: String = at(6)?.extract()?;
            Value::Urls(media(value)?, separator.bytes().next().unwrap_or(b' '))
        }
        "id" => Value::Id,
        "idref" => Value::IdRef,
        "idrefs" => Value::IdRefs,
        "tokens" => Value::Tokens,
        "words" => Value::Words,
        "pattern" => Value::pattern(&at(2)?.extract::<String>()?).map_err(PyValueError::new_err)?,
        "timing" => Value::Timing,
        "animated" => Value::Animated,
        other => return Err(PyValueError::new_err(format!("no kind of value {other:?}"))),
    };
    Ok((made, at(1)?.extract()?))
}

#[pymethods]
impl SanitizerPlan {
    /// `plan`: see `forkedenc.xml.sanitize._compile`. ValueError where it contradicts itself.
    #[new]
    fn new(plan: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut elements = Vec::new();
        for (uri, local, number, flags) in
            item(plan, "elements")?.extract::<Vec<(Option<String>, String, u32, u32)>>()?
        {
            elements.push(ElementRow { pattern: pattern((uri, local)), action: action(number)?, flags });
        }
        let mut attributes = Vec::new();
        type Row = (usize, Option<String>, String, i64, u32);
        for (group, uri, local, value, flags) in item(plan, "attributes")?.extract::<Vec<Row>>()? {
            let (value, fold) = (usize::try_from(value).ok(), flags & 1 != 0);
            attributes.push(AttributeRow { group, pattern: pattern((uri, local)), fold, value });
        }
        let mut values = Vec::new();
        for value in item(plan, "values")?.try_iter()? {
            values.push(grammar(value?.cast::<PyTuple>()?)?);
        }
        let patterns = |names: Vec<Names>| names.into_iter().map(pattern).collect::<Vec<_>>();
        let word = |key: &str| item(plan, key)?.extract::<String>();
        let doctype = word("doctype")?;
        let texts: Vec<(Option<String>, String, usize)> = item(plan, "text_values")?.extract()?;
        let source = Source {
            roots: patterns(item(plan, "roots")?.extract()?),
            elements,
            unknown_element: action(item(plan, "unknown_element")?.extract()?)?,
            groups: item(plan, "groups")?.extract::<Vec<Vec<Names>>>()?.into_iter().map(patterns).collect(),
            attributes,
            unknown_attribute: answer(&word("unknown_attribute")?)?,
            bad_value: answer(&word("bad_value")?)?,
            on_limit: if word("limit")? == "drop" { OnLimit::Drop } else { OnLimit::Error },
            values,
            text_values: texts.into_iter().map(|(uri, local, value)| (pattern((uri, local)), value)).collect(),
            namespaces: item(plan, "namespaces")?
                .extract::<Option<Vec<String>>>()?
                .map(|uris| uris.into_iter().map(String::into_bytes).collect()),
            comments: answer(&word("comments")?)?,
            pis: answer(&word("pis")?)?,
            properties: item(plan, "properties")?.extract()?,
            functions: item(plan, "functions")?.extract()?,
            at_rules: item(plan, "at_rules")?.extract()?,
            account: item(plan, "account")?.extract()?,
            id_prefix: item(plan, "id_prefix")?.extract()?,
            ids_need_prefix: item(plan, "ids_need_prefix")?.extract()?,
            html: item(plan, "html")?.extract()?,
        };
        let plan = Plan::new(source).map_err(|error| PyValueError::new_err(error.0))?;
        Ok(Self { plan: Arc::new(plan), forbids_doctype: doctype == "error" })
    }
}
