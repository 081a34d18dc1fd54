"""The lxml face: the elements that lxml makes, of documents that our parser has read."""

import io
import subprocess
import sys

import pytest

import forkedenc
from forkedenc import Limits
from forkedenc.xml import ParseError

etree = pytest.importorskip("lxml.etree")
ours = pytest.importorskip("forkedenc.xml.lxml")

DOCUMENT = (
    '<?xml version="1.0" standalone="yes"?><!-- top --><?go now?>\n<r xmlns="urn:r" xmlns:p="urn:p" p:a="1 &lt; 2 &quot;&#10;&#9;&#13;">'
    'text é😀<p:b/>tail<![CDATA[<raw> ]]]]><![CDATA[>]]>&#13;<!-- in --><?pi x?><?pi?>\n<c\n d="&quot;" xmlns=""><q:e xmlns:q="urn:p" '
    'xmlns:p2="urn:p" p2:x="" q:y="2" xml:lang="en"/>\n\n</c> end </r><!-- after --><?last one?>'
)


def described(root):
    nodes = []
    for node in root.iter():
        named = isinstance(node.tag, str)
        nodes.append((str(node.tag), node.prefix if named else None, node.nsmap if named else None))
        nodes.append((list(node.attrib.items()) if named else node.tag, node.text, node.tail))
    return nodes


@pytest.mark.parametrize(
    "data", [DOCUMENT, DOCUMENT.encode(), bytearray(DOCUMENT.encode())], ids=["str", "bytes", "bytearray"]
)
def test_elements_are_those_that_lxml_makes(data):
    root, theirs = ours.fromstring(data), etree.fromstring(DOCUMENT)
    assert isinstance(root, etree._Element)
    assert described(root) == described(theirs)
    assert etree.tostring(root.getroottree(), encoding="unicode") == etree.tostring(
        theirs.getroottree(), encoding="unicode"
    )
    assert root.getroottree().docinfo.standalone is True


def test_elements_know_their_lines():
    lines = [node.sourceline for node in ours.fromstring(DOCUMENT).iter("*")]
    assert lines == [2, 2, 3, 4]
    theirs = [node.sourceline for node in etree.fromstring("<a>\n<b/>\n\n<c/></a>").iter()]
    assert [node.sourceline for node in ours.fromstring("<a>\n<b/>\n\n<c/></a>").iter()] == theirs


def test_a_tree_knows_where_it_comes_from(tmp_path):
    file = tmp_path / "a.xml"
    file.write_bytes(DOCUMENT.encode())
    for source in (str(file), file):
        tree = ours.parse(source)
        assert isinstance(tree, etree._ElementTree)
        assert described(tree.getroot()) == described(etree.fromstring(DOCUMENT))
        assert str(file) == tree.docinfo.URL
    with file.open("rb") as opened:
        tree = ours.parse(opened, base_url="http://example.org/a.xml")
        assert not opened.closed
    assert tree.docinfo.URL == "http://example.org/a.xml"
    assert ours.parse(io.StringIO(DOCUMENT)).docinfo.URL is None
    with pytest.raises(OSError):
        ours.parse("http://localhost:1/no-such-file")


def test_a_doctype_comes_through_without_its_subset():
    data = b"""<!DOCTYPE r PUBLIC "-//r" 'r"s.dtd' [<!ENTITY e "<b>x</b>"><!ATTLIST r d CDATA "v&#34;"><!-- no --><?no?>]><r>&e;</r>"""
    tree = ours.fromstring(data, dtd="internal").getroottree()
    assert tree.docinfo.doctype == '<!DOCTYPE r PUBLIC "-//r" \'r"s.dtd\'>'
    assert etree.tostring(tree.getroot()) == b'<r d="v&quot;"><b>x</b></r>'
    with pytest.raises(ParseError) as caught:
        ours.fromstring(data)
    assert caught.value.kind == "dtd_forbidden"
    assert ours.fromstring(b"<!DOCTYPE r SYSTEM 'r.dtd'><r/>").getroottree().docinfo.system_url == "r.dtd"
    assert ours.fromstring(b"<!DOCTYPE r><r/>").getroottree().docinfo.doctype == "<!DOCTYPE r>"


def test_what_is_external_is_left_out():
    root = ours.fromstring(b"<!DOCTYPE r [<!ENTITY e SYSTEM '/etc/passwd'>]><r>1&e;2</r>", dtd="internal")
    assert root.text == "12"


@pytest.mark.parametrize("data", [b"<a>", b"", b"<a></b>", b"<a>&x;</a>", b"<a b='1' b='2'/>"])
def test_refusals_are_ours(data):
    for call in (
        ours.fromstring,
        lambda data: ours.parse(io.BytesIO(data)),
        lambda data: list(ours.iterparse(io.BytesIO(data))),
    ):
        with pytest.raises(ParseError) as caught:
            call(data)
        assert isinstance(caught.value, forkedenc.DecodeError)


def test_levels_are_refused_where_libxml2_would_refuse_them():
    ours.fromstring(b"<a>" * 2048 + b"</a>" * 2048)
    for limits in (None, Limits(max_depth=5000), Limits.unlimited()):
        with pytest.raises(forkedenc.LimitError) as caught:
            ours.fromstring(b"<a>" * 2049 + b"</a>" * 2049, limits=limits)
        assert (caught.value.limit, caught.value.maximum) == ("max_depth", 2048)
    with pytest.raises(forkedenc.LimitError) as caught:
        ours.fromstring(b"<a>" * 9, limits=Limits(max_depth=8))
    assert caught.value.maximum == 8
    with pytest.raises(TypeError):
        ours.fromstring(b"<a/>", limits=3)


def test_text_is_limited_as_what_lands_in_one_place():
    limits = Limits(max_text_bytes=10)
    ours.fromstring(b"<a>12345<![CDATA[12345]]></a>", limits=limits)
    with pytest.raises(forkedenc.LimitError):
        ours.fromstring(b"<a>12345<![CDATA[123456]]></a>", limits=limits)


EVENTS = ("start", "end", "comment", "pi", "start-ns", "end-ns")


def told(module, **options):
    seen = []
    for event, node in module.iterparse(io.BytesIO(DOCUMENT.encode()), **options):
        seen.append((event, str(node.tag) if hasattr(node, "tag") else node))
    return seen


@pytest.mark.parametrize(
    "options", [{}, {"events": EVENTS}, {"tag": "{urn:p}b"}, {"events": ("start",), "tag": ["c", "{*}e"]}]
)
def test_events_are_those_of_lxml(options):
    assert told(ours, **options) == told(etree, **options)


def test_iterparse_gives_events_before_the_error_and_reads_no_more_than_it_must():
    events = ours.iterparse(io.BytesIO(b"<a><b/><c></a>"))
    assert next(events)[1].tag == "b"
    with pytest.raises(ParseError):
        next(events)
    assert events.root is None
    events = ours.iterparse(io.BytesIO(b"<a><b/>" + b"<c/>" * 100_000 + b"</a>"))
    assert next(events)[1].tag == "b"
    for _, node in events:
        node.clear()
    assert events.root.tag == "a"


def test_a_missing_lxml_is_named():
    code = "import sys; sys.modules['lxml'] = None\nimport forkedenc.xml.lxml"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'forkedenc[lxml]'" in done.stderr
