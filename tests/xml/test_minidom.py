"""The minidom and pulldom faces: the standard library's nodes from our parser."""

import gc
import io
import xml.etree.ElementTree as ET
from xml.dom import expatbuilder, minidom as stdlib, pulldom as stdlib_pulldom
from xml.sax import SAXParseException, handler

import pytest

import forkedenc
from forkedenc import Limits
from forkedenc.xml import ParseError, minidom, pulldom, sax

DOCUMENT = """<?xml version="1.0" standalone="yes"?><!-- top --><?go now?>
<!DOCTYPE r PUBLIC "-//r" "r.dtd" [
 <!ELEMENT r ANY> <!-- in --> <?pi in?><!ENTITY e "text"><!NOTATION n SYSTEM "n">
 <!ENTITY u SYSTEM "u.gif" NDATA n><!ATTLIST c id ID #IMPLIED>
]>
<r xmlns="urn:r" xmlns:p="urn:p" p:a="1 &lt; 2">text &e; é<p:b/>tail<![CDATA[<raw>]]><!-- in --><?pi x?><c id="q">
 lines
</c></r><!-- end -->"""


@pytest.fixture
def sources(tmp_path):
    file = tmp_path / "document.xml"
    file.write_text(DOCUMENT, encoding="utf-8")
    data = DOCUMENT.encode()
    return {
        "str": lambda module: module.parseString(DOCUMENT),
        "bytes": lambda module: module.parseString(data),
        "path": lambda module: module.parse(str(file)),
        "file": lambda module: module.parse(io.BytesIO(data)),
        "text file": lambda module: module.parse(io.StringIO(DOCUMENT)),
    }


def test_a_path_need_not_be_a_str(tmp_path):
    file = tmp_path / "document.xml"
    file.write_text("<a>x</a>", encoding="utf-8")
    assert minidom.parse(file).documentElement.toxml() == "<a>x</a>"
    events = pulldom.parse(file)
    with events.stream:
        assert [event for event, _ in events][1:] == ["START_ELEMENT", "CHARACTERS", "END_ELEMENT"]


@pytest.mark.parametrize("source", ["str", "bytes", "path", "file", "text file"])
def test_a_document_is_the_standard_librarys(sources, source):
    ours, theirs = sources[source](minidom), sources[source](stdlib)
    assert type(ours) is stdlib.Document
    assert ours.toxml() == theirs.toxml()
    assert (ours.version, ours.encoding, ours.standalone) == (theirs.version, theirs.encoding, theirs.standalone)
    assert ours.doctype.internalSubset == theirs.doctype.internalSubset
    assert [node.nodeName for node in ours.doctype.entities._seq] == ["e", "u"]
    assert [info.tagName for info in ours._elem_info.values()] == ["r", "c"]
    assert ours._elem_info["c"].isId("id")
    assert [type(node) for node in ours.documentElement.childNodes] == [
        type(node) for node in theirs.documentElement.childNodes
    ]


def test_a_doctype_past_the_first_chunk_keeps_its_internal_subset():
    subset = "<!ENTITY e 'v'>" + "<!-- long -->" * 5000
    document = minidom.parse(io.StringIO(f"<!DOCTYPE r [{subset}]><r>&e;</r>"))
    assert document.doctype.internalSubset == subset
    assert document.documentElement.firstChild.data == "v"


def test_attributes_that_the_dtd_gives_are_there():
    document = minidom.parseString("<!DOCTYPE r [<!ATTLIST r d CDATA 'default' e CDATA 'other'>]><r e='own'/>")
    assert dict(document.documentElement.attributes.items()) == {"d": "default", "e": "own"}


def test_text_is_one_node_however_it_was_cut():
    text = "line\n" * 500_000
    document = minidom.parse(io.BytesIO(f"<r>{text}&amp;{text}<!-- c -->x</r>".encode()))
    assert [node.nodeType for node in document.documentElement.childNodes] == [3, 8, 3]
    assert document.documentElement.firstChild.data == f"{text}&{text}"


@pytest.mark.parametrize("data", [b"<a>", b"<a></b>", b"", b"<a>\xff</a>", b"<a>&x;</a>"])
def test_a_refusal_is_a_parse_error(data):
    for call in (lambda: minidom.parseString(data), lambda: minidom.parse(io.BytesIO(data))):
        with pytest.raises(ParseError) as caught:
            call()
        assert isinstance(caught.value, (ET.ParseError, forkedenc.DecodeError))


def test_a_namespace_uri_with_a_space_is_refused():
    # The builder's names are joined by spaces.
    with pytest.raises(ParseError) as caught:
        minidom.parseString("<a xmlns='u v'/>")
    assert caught.value.kind == "namespace_syntax"


def test_limits_and_policies_are_arguments():
    with pytest.raises(forkedenc.LimitError) as caught:
        minidom.parseString("<a><b/></a>", limits=Limits(max_depth=1))
    assert caught.value.limit == "max_depth"
    with pytest.raises(forkedenc.LimitError) as caught:
        minidom.parseString("<a>12345</a>", limits=Limits(max_text_bytes=4))
    assert caught.value.limit == "max_text_bytes"
    for options in ({"dtd": "forbid"}, {"dtd": "bare"}, {"forbid_dtd": True}, {"forbid_entities": True}):
        with pytest.raises(ParseError):
            minidom.parseString(DOCUMENT, **options)
    with pytest.raises(TypeError):
        minidom.parseString(DOCUMENT, parser=sax.make_parser(), dtd="bare")
    with pytest.raises(ValueError, match="dtd must be"):
        minidom.parseString(DOCUMENT, dtd="no")


def test_a_reader_may_be_given():
    theirs = stdlib.parseString("<a>x<b/></a>", parser=sax.make_parser())
    ours = minidom.parseString("<a>x<b/></a>", parser=sax.make_parser())
    assert ours.toxml() == theirs.toxml()
    assert minidom.parse(io.BytesIO(b"<a>x<b/></a>"), bufsize=3).toxml() == theirs.toxml()


def test_ten_thousand_levels_are_built_and_freed():
    document = minidom.parseString("<a>" * 10_000 + "</a>" * 10_000)
    node, depth = document.documentElement, 1
    while node.firstChild is not None:
        node, depth = node.firstChild, depth + 1
    assert depth == 10_000
    del node, document
    gc.collect()


def test_every_other_name_is_the_standard_librarys():
    for name in dir(stdlib):
        if not name.startswith("_") and name not in {"parse", "parseString"}:
            assert getattr(minidom, name) is getattr(stdlib, name), name
    with pytest.raises(AttributeError):
        minidom.no_such_name


def test_the_builder_never_asks_for_pyexpat(monkeypatch):
    def refuse(*arguments):
        raise AssertionError(arguments)

    for module in (expatbuilder, sax.expatreader):
        monkeypatch.setattr(module.expat, "ParserCreate", refuse)
    assert minidom.parseString(DOCUMENT).documentElement.tagName == "r"
    assert minidom.parse(io.StringIO(DOCUMENT), bufsize=100).documentElement.tagName == "r"
    sax.parseString(DOCUMENT, handler.ContentHandler())
    assert list(pulldom.parseString(DOCUMENT))


# pulldom


def told(module, data=DOCUMENT):
    seen = []
    stream = module.parseString(data)
    for event, node in stream:
        if event == stdlib_pulldom.CHARACTERS:
            continue
        if event == stdlib_pulldom.START_ELEMENT and node.localName == "c":
            stream.expandNode(node)
        seen.append((event, type(node), node.nodeName, node.toxml() if node.localName == "c" else node.nodeValue))
    return seen


def test_events_and_nodes_are_the_standard_librarys():
    assert told(pulldom) == told(stdlib_pulldom)


def test_a_pull_stream_reads_no_more_than_it_is_asked_for():
    class Source(io.BytesIO):
        read_so_far = 0

        def read(self, size=-1):
            data = super().read(size)
            self.read_so_far += len(data)
            return data

    source = Source(b"<a>" + b"<b/>" * 100_000 + b"</a>")
    stream = pulldom.parse(source, bufsize=1000)
    for _ in range(5):
        next(stream)
    assert source.read_so_far <= 1000


def test_a_pull_streams_errors_are_both_codecs():
    stream = pulldom.parseString("<a><b></a>")
    with pytest.raises(SAXParseException) as caught:
        list(stream)
    assert isinstance(caught.value, ParseError)
    with pytest.raises(forkedenc.LimitError):
        list(pulldom.parse(io.BytesIO(b"<a><b/></a>"), limits=Limits(max_depth=1)))
    with pytest.raises(TypeError, match="options"):
        pulldom.parseString("<a/>", sax.make_parser(), dtd="bare")


def test_a_declaration_costs_the_same_at_any_depth(monkeypatch):
    """The standard library asks each element around, for each declaration: quadratic in documents that are deep first."""
    asked = []
    monkeypatch.setattr("xml.dom.minidom._clear_id_cache", asked.append)
    document = b"<a>" * 50 + b"<b xmlns='u' xmlns:p='v' p:c='1' d='2'/><c xmlns=''/>" * 20 + b"</a>" * 50
    ours = minidom.parseString(document)
    assert len(asked) <= 2
    expected = stdlib.parseString(document)
    assert ours.toxml() == expected.toxml()
    for mine, theirs in zip(ours.getElementsByTagName("*"), expected.getElementsByTagName("*"), strict=True):
        assert list(mine.attributes.itemsNS()) == list(theirs.attributes.itemsNS())
        for name, value in mine.attributes.items():
            one, other = mine.getAttributeNode(name), theirs.getAttributeNode(name)
            assert (one.prefix, one.localName, one.namespaceURI, value) == (
                other.prefix,
                other.localName,
                other.namespaceURI,
                other.value,
            )


def test_a_node_is_expanded_at_the_same_cost_at_any_depth(monkeypatch):
    asked = []
    document = "<r><q/><a k='1'>t<b/>u<?p q?></a>v</r>"
    expected = stdlib.parseString(document).toxml()
    monkeypatch.setattr("xml.dom.minidom._clear_id_cache", asked.append)
    events = pulldom.parseString(document)
    root = next(node for kind, node in events if kind == pulldom.START_ELEMENT)
    asked.clear()
    events.expandNode(root)
    assert asked == []
    assert root.toxml() in expected
    assert [child.nodeName for child in root.childNodes] == ["q", "a", "#text"]
    assert root.childNodes[1].parentNode is root
    assert root.childNodes[1].previousSibling is root.childNodes[0]
