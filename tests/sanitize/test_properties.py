"""What holds for every document: output that all parsers read alike, that is clean, and the same however the input is cut."""

import random

import pytest
from cleaning import (
    SVG,
    XHTML,
    active_in,
    assert_page_reads_the_same,
    checked,
    elements,
    expansion,
    expat_events,
    inside_root,
    pieces,
    sanitizer,
    streamed,
    told,
)
from dirty_documents import ANYTHING, FEEDS, PICTURES, PROSE, changed
from hypothesis import HealthCheck, example, given, settings, strategies as st

import forkedenc
from forkedenc import runtime
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import Sanitizer

# Under stress a tenth of the examples will do.
EXAMPLES = 15 if runtime.stressed() else 100
examples = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

UNWRAPPING = Sanitizer(sanitize.SVG.replace(on_unknown_element="unwrap", comments="keep"))
ESCAPING = Sanitizer(sanitize.XHTML.replace(on_unknown_element="escape"), id_prefix="p-")
LINKING = Sanitizer(sanitize.SVG, links=["https"], id_prefix="p-")
PROSE_PAGE = Sanitizer(sanitize.XHTML, escape_for="html", id_prefix="p-")


def assert_holds(made, data):
    """Everything that a document, good or bad, must come out with."""
    try:
        cleaned = checked(made, data)
    except forkedenc.DecodeError as error:
        whole = (None, None, told(error))
    else:
        whole = (cleaned.data, cleaned.report.as_dict(), None)
        if not cleaned.report.changed:
            kept = [event for event in expat_events(data) if event[0] != "declaration"]
            assert inside_root(expat_events(cleaned.data)) == inside_root(kept)
        assert cleaned.report.changed or not cleaned.report.removed
    size = random.Random(data).randrange(1, 30)
    for step in (1, size):
        cut = streamed(made, pieces(data, step))
        assert (cut if whole[2] is None else (None, None, cut.error)) == whole
    return whole[0]


@examples
@given(PICTURES)
@pytest.mark.parametrize("made", [sanitizer(sanitize.SVG), LINKING, UNWRAPPING], ids=["svg", "linking", "unwrapping"])
def test_of_any_picture_nothing_acts_and_its_cost_is_bounded(made, document):
    out = assert_holds(made, document.encode())
    if out is None:
        return
    assert not active_in(out.replace(b'href="https://e/"', b""))
    assert expansion(out) <= 100_000
    assert {element.name.partition("}")[0] for element in elements(out)} <= {f"{{{SVG}"}


@examples
@given(PROSE)
@pytest.mark.parametrize("made", [sanitizer(sanitize.XHTML), ESCAPING], ids=["xhtml", "escaping"])
def test_of_any_prose_nothing_acts(made, document):
    out = assert_holds(made, document.encode())
    assert not active_in(out, local=False)
    for element in elements(out):
        assert element.name.startswith(f"{{{XHTML}}}")
        assert not {"style", "class", "srcdoc"} & element.attributes.keys()
        assert element.attributes.get("id", "p-").startswith("p-")


@examples
@given(FEEDS)
def test_of_any_feed_nothing_acts(document):
    out = assert_holds(sanitizer(sanitize.FEED), document.encode())
    assert not active_in(out, local=False)


@examples
@given(ANYTHING)
def test_of_any_vocabulary_what_does_not_act_stays(document):
    data = document.encode()
    out = assert_holds(sanitizer(sanitize.PLAIN), data)
    gone = {f"{{{uri}}}{local}" for uri in (SVG, XHTML) for local in ("script", "iframe", "object")}
    kept = [element for element in elements(data) if element.name not in gone and not gone & set(element.around)]
    assert [element.name for element in elements(out)] == [element.name for element in kept]


@examples
@example(f'<div xmlns="{XHTML}"><table> words</table></div>')  # told where the first word stands, however it is cut
@given(PROSE)
def test_html_reads_any_prose_as_xml_does(document):
    pytest.importorskip("html5lib")
    assert_page_reads_the_same(assert_holds(PROSE_PAGE, document.encode()))


@examples
@given(changed(st.one_of(PICTURES, PROSE, FEEDS, ANYTHING)))
def test_a_document_with_changed_bytes_is_refused_or_clean(data):
    for preset in ("SVG", "XHTML", "FEED", "PLAIN"):
        out = assert_holds(sanitizer(getattr(sanitize, preset)), data)
        # In vocabularies of others nothing acts that a page would run.
        assert out is None or preset == "PLAIN" or not active_in(out, local=preset == "SVG")


@settings(examples, max_examples=EXAMPLES * 3)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=60).map(str.encode)))
def test_any_bytes_are_refused_or_clean(data):
    assert_holds(sanitizer(sanitize.PLAIN), data)
