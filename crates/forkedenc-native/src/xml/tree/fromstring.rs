//! `ElementTree.fromstring`: a whole document in one call.

use forkedenc_core::xml::{Flow, Parser};
use pyo3::prelude::*;

use super::builder::{Building, Tree};
use super::elements::Elements;
use super::parser::{failure, tree_options, with_input};
use crate::gc::Pause;
use crate::xml::session::Kept;

/// Parse a document from a str, bytes or a contiguous buffer; its root element.
///
/// Args:
///     text: the document. A str is read as it is, whatever encoding it declares.
///     parser: an `XMLParser` to feed instead; the arguments behind it then have no effect.
///     limits: a `forkedenc.Limits`; `Limits.stdlib()` by default.
///     dtd: "forbid", "bare", "skip" or "internal", which is the default.
///     encodings: the names of the encodings that it may be in, and no other; or "all". UTF-8, UTF-16, ISO-8859-1, US-ASCII
///         and Python's single-byte ones by default.
///     forbid_dtd, forbid_entities, forbid_external: what defusedxml calls so; False by default.
///
/// Raises:
///     ParseError: the document is not well-formed, or it is refused; also a `forkedenc.DecodeError`.
///     LimitError: a limit was crossed; also a ParseError.
#[pyfunction]
#[pyo3(signature = (text, parser=None, *, limits=None, dtd=None, encodings=None, forbid_dtd=false, forbid_entities=false, forbid_external=false))]
#[expect(clippy::too_many_arguments, reason = "the keywords of the public function")]
fn fromstring<'py>(
    text: &Bound<'py, PyAny>,
    parser: Option<&Bound<'py, PyAny>>,
    limits: Option<&Bound<'py, PyAny>>,
    dtd: Option<&str>,
    encodings: Option<&Bound<'py, PyAny>>,
    forbid_dtd: bool,
    forbid_entities: bool,
    forbid_external: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = text.py();
    if let Some(parser) = parser
        && parser.is_truthy()?
    {
        parser.call_method1("feed", (text,))?;
        return parser.call_method0("close");
    }
    let mut options = tree_options(None, limits, dtd, encodings, forbid_dtd, forbid_entities, forbid_external)?;
    with_input(text, |bytes, is_text| {
        if is_text {
            options.encoding = Some("utf-8".to_owned());
        }
        let mut tree = Tree::new(Elements::get()?);
        let Kept { names, mut strings, mut buffer } = Kept::take(py);
        let pause = Pause::for_bytes(py, bytes.len());
        let mut reader = Parser::new(&options, names, 0);
        strings.begin(reader.names());
        let flow = reader.feed(&mut Building { py, tree: &mut tree, strings: &mut strings }, bytes, &mut buffer, true);
        drop(pause);
        reader.note_depth();
        let outcome = match (flow, tree.root(py)) {
            (Flow::Failed, _) | (_, None) => Err(failure(py, &reader, tree.undefined.take())),
            (_, Some(root)) => Ok(root),
        };
        Kept { names: reader.into_names(), strings, buffer }.give(py);
        outcome
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fromstring, module)?)
}
