"""C14N 2.0: what the standard library writes, by our parser, and nothing that is not well-formed."""

from __future__ import annotations

import io
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc.xml._canonical import C14NWriterTarget
from forkedenc.xml.etree import ElementTree as Ours

DATA = Path(os.environ.get("FORKEDENC_DATA", "../shared/data")) / "xml-c14n20"
OPTIONS = [
    {},
    {"with_comments": True},
    {"strip_text": True},
    {"rewrite_prefixes": True},
    {"rewrite_prefixes": True, "strip_text": True, "with_comments": True},
    {"rewrite_prefixes": True, "qname_aware_tags": ["b"], "qname_aware_attrs": ["x"]},
    {"exclude_tags": ["b"], "exclude_attrs": ["x"]},
]


def outcome(call):
    try:
        return call()
    except ET.ParseError:
        return "refused"
    except (ValueError, IndexError) as error:
        # An empty element of qname_aware_tags empties a stack of the standard library's writer, which both faces use.
        return repr(error)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs FORKEDENC_DATA/xml-c14n20")
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_documents_of_the_specification_come_out_as_the_standard_librarys(options):
    documents = sorted(DATA.glob("in*.xml"))
    assert len(documents) > 10
    for path in documents:
        theirs = outcome(lambda path=path: ET.canonicalize(from_file=str(path), **options))
        ours = outcome(lambda path=path: Ours.canonicalize(from_file=str(path), **options))
        assert ours == theirs, path.name


@st.composite
def documents(draw):
    names = st.sampled_from(["a", "b", "p:a", "q:b"])
    text = st.sampled_from(
        ["", " ", "x", "p:a", "&lt;", "&#13;", "<![CDATA[<]]>", "<!-- c -->", "<?t d?>", "\t\n", "é"]
    )
    declared = st.sampled_from(["", ' xmlns="u"', ' xmlns=""', ' xmlns:p="v"', ' xmlns:q="u"'])
    attribute = st.sampled_from(["", ' x="p:a"', ' y="1 &#9; &quot;"', ' p:z="2"', ' xml:space="preserve"'])

    def element(children):
        def make(name, first, second, one, other, before, below, behind):  # noqa: PLR0917 - drawn in this order
            second = "" if second.partition("=")[0] == first.partition("=")[0] else second
            other = "" if other == one else other
            return f"<{name}{first}{second}{one}{other}>{before}{''.join(below)}{behind}</{name}>"

        below = st.just([]) if children is None else st.lists(children, max_size=3)
        return st.builds(make, names, declared, declared, attribute, attribute, text, below, text)

    inner = draw(st.recursive(element(None), element, max_leaves=6))
    return f'<!-- before --><r xmlns:p="p" xmlns:q="q">{inner}</r><?after all?>'


@settings(max_examples=300)
@given(documents(), st.sampled_from(OPTIONS))
def test_any_document_comes_out_as_the_standard_librarys(document, options):
    theirs = outcome(lambda: ET.canonicalize(document, **options))
    assert outcome(lambda: Ours.canonicalize(document, **options)) == theirs
    out = io.StringIO()
    target = C14NWriterTarget(out.write, **options)
    parser = ET.XMLParser(target=target)
    failed = outcome(lambda: parser.feed(document)) or outcome(parser.close)
    assert (failed or out.getvalue()) == theirs


@pytest.mark.parametrize(
    "call",
    [
        lambda target: target.start("b c", {}),
        lambda target: target.start("b", {"x y": ""}),
        lambda target: target.start("b", {"x": "\0"}),
        lambda target: target.data("\ufffe"),
        lambda target: target.comment("--"),
        lambda target: target.pi("xml", "x"),
        lambda target: target.pi("t", "?>"),
        lambda target: target.end("b"),
    ],
)
def test_what_would_not_be_well_formed_is_refused(call):
    pieces = []
    target = C14NWriterTarget(pieces.append, with_comments=True)
    target.start("a", {})
    with pytest.raises(forkedenc.EncodeError):
        call(target)
    target.end("a")
    assert "".join(pieces) == "<a></a>"
    for again in (lambda: target.data("x"), lambda: target.start("b", {})):
        with pytest.raises(forkedenc.EncodeError):
            again()
