"""`xml.Writer`: what it writes reads back as it was said, and nothing that is not well-formed gets out."""

from __future__ import annotations

import gc
import io
import os
import pickle
import threading
import weakref
import xml.etree.ElementTree as ET
import xml.parsers.expat
from pathlib import Path

import pytest
from hypothesis import assume, given, settings, strategies as st

import forkedenc
from forkedenc import Limits, xml as fx
from forkedenc.xml import Writer

DATA = Path(os.environ.get("FORKEDENC_DATA") or "absent")


def written(*calls, **options):
    out = io.BytesIO()
    writer = Writer(out, **options)
    for name, *arguments in calls:
        getattr(writer, name)(*arguments)
    writer.close()
    return out.getvalue().decode()


def refused(call):
    with pytest.raises(forkedenc.EncodeError) as caught:
        call()
    return caught.value


def test_a_document_is_written_as_it_is_said():
    assert (
        written(
            ("doctype", "a", "-//X//Y", "y.dtd"),
            ("comment", " c "),
            ("start", "{u}a", {"x": "1<", "{v}y": "é"}, {"": "u", "p": "v"}),
            ("text", "a<b>&\r\n\U0001f600"),
            ("cdata", "<&>"),
            ("element", "{v}b", None, "text"),
            ("element", "p:c", {"p:d": ""}),
            ("pi", "t", "data?"),
            ("end", "{u}a"),
            ("text", "\n"),
            xml_declaration=True,
        )
        == '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE a PUBLIC "-//X//Y" "y.dtd">\n<!-- c -->'
        '<a xmlns="u" xmlns:p="v" x="1&lt;" p:y="é">a&lt;b&gt;&amp;&#13;\n\U0001f600<![CDATA[<&>]]><p:b>text</p:b>'
        '<p:c p:d=""/><?t data??></a>\n'
    )


def test_ascii_says_the_rest_by_references():
    calls = [("start", "a", {"b": "é"}), ("text", "\U0001f600"), ("end",)]
    assert written(*calls, encoding="us-ascii", xml_declaration=True) == (
        '<?xml version="1.0" encoding="US-ASCII"?>\n<a b="&#233;">&#128512;</a>'
    )
    writer = Writer(io.BytesIO(), encoding="us-ascii")
    for call in (lambda: writer.start("é"), lambda: writer.comment("é")):
        assert refused(call).kind == "unencodable_name"


def test_empty_elements_are_one_tag_unless_told_otherwise():
    calls = [("start", "a"), ("text", ""), ("element", "b"), ("end",)]
    assert written(*calls) == "<a><b/></a>"
    assert written(*calls, short_empty_elements=False) == "<a><b></b></a>"


def test_names_are_written_as_they_are_without_namespaces():
    calls = [("start", "p:a", {"xmlns:p": "u", "q:b": "1"}), ("end", "p:a")]
    assert written(*calls, namespaces=False) == '<p:a xmlns:p="u" q:b="1"/>'


REFUSED = [
    ("invalid_name", lambda w: w.start("a b")),
    ("invalid_name", lambda w: w.start("a\0")),
    ("invalid_name", lambda w: w.start("\ud800")),
    ("invalid_name", lambda w: w.start("{u}a:b")),
    ("invalid_name", lambda w: w.start("{u\0}a")),
    ("invalid_name", lambda w: w.start("b", {"": "x"})),
    ("invalid_name", lambda w: w.start("b", {'x="1" y': "x"})),
    ("invalid_name", lambda w: w.start("b", namespaces={"a b": "u"})),
    ("invalid_character", lambda w: w.start("b", {"x": "\x01"})),
    ("invalid_character", lambda w: w.text("\0")),
    ("invalid_character", lambda w: w.text("é\ud800")),
    ("invalid_character", lambda w: w.text("\ufffe")),
    ("invalid_character", lambda w: w.comment("\uffff")),
    ("invalid_character", lambda w: w.cdata("\x0b")),
    ("invalid_character", lambda w: w.pi("a", "\x0c")),
    ("invalid_character", lambda w: w.start("b", namespaces={"q": "\0"})),
    ("duplicate_attribute", lambda w: w.start("b", [("x", "1"), ("x", "2")])),
    ("duplicate_attribute", lambda w: w.start("b", {"{u}x": "1", "p:x": "2"})),
    ("duplicate_attribute", lambda w: w.start("b", namespaces=[("q", "u"), ("q", "v")])),
    ("unbound_prefix", lambda w: w.start("q:b")),
    ("unbound_prefix", lambda w: w.start("b", {"q:x": ""})),
    ("reserved_namespace", lambda w: w.start("b", {"xmlns": "u"})),
    ("reserved_namespace", lambda w: w.start("b", {"xmlns:q": "u"})),
    ("reserved_namespace", lambda w: w.start("xmlns:b")),
    ("reserved_namespace", lambda w: w.start("b", namespaces={"xml": "u"})),
    ("reserved_namespace", lambda w: w.start("{http://www.w3.org/2000/xmlns/}b")),
    ("undeclared_prefix", lambda w: w.start("b", namespaces={"q": ""})),
    ("namespace_syntax", lambda w: w.start("b", namespaces={"q": "u}v"})),
    ("default_namespace", lambda w: w.start("b", namespaces={"": "u"})),
    ("invalid_comment", lambda w: w.comment("a--b")),
    ("invalid_comment", lambda w: w.comment("a-")),
    ("invalid_pi", lambda w: w.pi("XML", "x")),
    ("invalid_pi", lambda w: w.pi("a b")),
    ("invalid_pi", lambda w: w.pi("")),
    ("invalid_pi", lambda w: w.pi("a:b")),
    ("invalid_pi", lambda w: w.pi("a", "x?>")),
    ("invalid_cdata", lambda w: w.cdata("]]>")),
    ("misplaced_doctype", lambda w: w.doctype("a")),
    ("tag_mismatch", lambda w: w.end("b")),
    ("tag_mismatch", lambda w: w.end("a")),
    ("unclosed", lambda w: w.close()),
    ("not_serializable", lambda w: w.text(5)),
    ("not_serializable", lambda w: w.start(b"b")),
    ("not_serializable", lambda w: w.start("b", {"x": 5})),
    ("not_serializable", lambda w: w.start("b", {"x": None})),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_is_refused_writes_nothing_and_the_document_goes_on(number):
    kind, call = REFUSED[number]
    out = io.BytesIO()
    writer = Writer(out)
    writer.start("{u}a", namespaces={"p": "u"})
    error = refused(lambda: call(writer))
    assert error.kind == kind
    assert isinstance(error, ValueError)
    assert isinstance(error, TypeError) == (kind == "not_serializable")
    assert error.path == ("/p:a" if kind != "not_serializable" else "")
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)
    assert writer.depth == 1
    writer.end("{u}a")
    writer.close()
    assert out.getvalue() == b'<p:a xmlns:p="u"/>'


def test_there_is_one_root_and_nothing_but_comments_and_white_space_beside_it():
    writer = Writer(io.BytesIO())
    assert refused(writer.close).kind == "no_root"
    assert refused(writer.end).kind == "nothing_open"
    assert refused(lambda: writer.text("x")).kind == "text_outside"
    assert refused(lambda: writer.cdata("x")).kind == "text_outside"
    for bad in (("a b",), ("a", "é"), ("a", "p", None), ("a", None, "\"'")):
        assert refused(lambda bad=bad: writer.doctype(*bad)).kind == "invalid_doctype"
    writer.element("a")
    for call in (lambda: writer.start("b"), lambda: writer.element("b")):
        assert refused(call).kind == "second_root"
    assert refused(lambda: writer.text("x")).kind == "text_outside"
    writer.text(" \n")
    writer.close()
    writer.close()
    for call in (lambda: writer.start("b"), lambda: writer.text(""), lambda: writer.comment("c"), writer.end):
        assert refused(call).kind == "closed"


def test_limits_hold_for_depth_and_output():
    writer = Writer(io.BytesIO(), limits=Limits(max_depth=2))
    writer.start("a")
    writer.start("b")
    error = refused(lambda: writer.start("c"))
    assert isinstance(error, RecursionError)
    assert (error.kind, error.limit, error.maximum, error.observed) == ("limit", "max_depth", 2, 3)
    out = io.BytesIO()
    writer = Writer(out, limits=Limits(max_document_bytes=200_000))
    writer.start("a")
    writer.text("x" * 150_000)
    assert len(out.getvalue()) == 150_003
    error = refused(lambda: writer.text("x" * 50_000))
    assert not isinstance(error, RecursionError)
    assert (error.limit, error.maximum, error.observed) == ("max_document_bytes", 200_000, 200_001)
    writer.text("x" * (200_000 - 150_003 - 4))
    writer.end()
    writer.close()
    assert len(out.getvalue()) == 200_000
    # Limits() where nothing is said.
    writer = Writer(io.BytesIO())
    for _ in range(1000):
        writer.start("a")
    assert refused(lambda: writer.start("a")).limit == "max_depth"


def test_a_deep_document_is_written_without_recursion():
    size = 0

    def count(piece):
        nonlocal size
        size += len(piece)

    with Writer(count, limits=Limits.unlimited()) as writer:
        for _ in range(200_000):
            writer.start("a")
        assert writer.depth == 200_000
        assert writer.stats.peak_depth == 200_000
        for _ in range(200_000):
            writer.end()
    assert size == 7 * 200_000 - 3


def test_bytes_go_out_while_the_document_is_written():
    pieces = []
    with Writer(pieces.append) as writer:
        writer.start("a")
        for _ in range(100):
            writer.text("x" * 10_000)
        assert sum(map(len, pieces)) > 900_000
        assert max(map(len, pieces)) < 100_000
        writer.flush()
        assert b"".join(pieces) == b"<a>" + b"x" * 1_000_000
        writer.end()
    assert b"".join(pieces) == b"<a>" + b"x" * 1_000_000 + b"</a>"


def test_a_raw_file_that_takes_a_part_gets_the_rest():
    class Slow(io.RawIOBase):
        def __init__(self):
            self.taken = b""

        def writable(self):
            return True

        def write(self, data):
            self.taken += bytes(data[:7])
            return min(len(data), 7)

    out = Slow()
    with Writer(out) as writer:
        writer.element("a", text="x" * 100)
    assert out.taken == b"<a>" + b"x" * 100 + b"</a>"
    out.write = lambda data: 0
    writer = Writer(out)
    writer.element("a")
    with pytest.raises(ValueError, match="no more bytes"):
        writer.close()


def test_the_block_closes_unless_an_exception_leaves_it():
    out = io.BytesIO()
    with pytest.raises(KeyError), Writer(out) as writer:
        writer.start("a")
        raise KeyError
    assert out.getvalue() == b""
    with pytest.raises(forkedenc.EncodeError, match="ends before its elements do at /a"), Writer(out) as writer:
        writer.start("a")
    assert not out.closed


def test_what_the_file_raises_comes_through_and_ends_the_document():
    def broken(piece):
        raise OSError("full")

    writer = Writer(broken)
    writer.start("a")
    with pytest.raises(OSError, match="full"):
        writer.text("x" * 100_000)
    assert refused(lambda: writer.text("x")).kind == "closed"
    text = io.StringIO()
    writer = Writer(text)
    writer.element("a")
    with pytest.raises(TypeError):
        writer.close()


def test_only_files_and_functions_are_written_to():
    for out in (None, 5, "name.xml"):
        with pytest.raises(TypeError, match="callable"):
            Writer(out)
    with pytest.raises(ValueError, match="encoding"):
        Writer(io.BytesIO(), encoding="utf-16")
    with pytest.raises(TypeError):
        Writer(io.BytesIO(), limits={})


def test_a_writer_has_one_user_at_a_time():
    failures = []

    def out(piece):
        try:
            writer.text("again")
        except RuntimeError as error:
            failures.append(error)

    writer = Writer(out)
    writer.element("a")
    writer.flush()
    assert len(failures) == 1
    entered, leave = threading.Event(), threading.Event()

    def slow(piece):
        entered.set()
        leave.wait(60)

    writer = Writer(slow)
    writer.element("a")
    thread = threading.Thread(target=writer.flush)
    thread.start()
    entered.wait(60)
    with pytest.raises(RuntimeError, match="in use"):
        writer.comment("c")
    leave.set()
    thread.join()
    writer.close()


def test_a_cycle_through_the_writer_is_collected():
    class Out(io.BytesIO):
        pass

    out = Out()
    out.writer = Writer(out)
    gone = weakref.ref(out)
    del out
    gc.collect()
    assert gone() is None


NAMES = st.sampled_from(["a", "b", "é", "{u}a", "{u}b", "{v}a", "{http://www.w3.org/XML/1998/namespace}lang"])
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"])
    .filter(lambda c: c in "\t\n\r" or c >= " ")
    .filter(lambda c: c not in "\ufffe\uffff"),
    max_size=8,
)
DECLARED = st.dictionaries(
    st.sampled_from(["", "p", "q", "ns0", "ns1"]), st.sampled_from(["u", "v", "w", 'x&<"\t']), max_size=3
)


@st.composite
def documents(draw):
    """Calls, and the events that they come to."""
    calls, events, names = [], [], []

    def comment():
        text = draw(TEXTS.map(lambda text: text.replace("-", "").replace("\r", "")))
        calls.append(("comment", text))
        events.append(fx.Comment(text))

    def start():
        name, attributes, declared = draw(NAMES), draw(st.dictionaries(NAMES, TEXTS, max_size=3)), draw(DECLARED)
        if not name.startswith("{"):
            declared.pop("", None)
        names.append(name)
        calls.append(("start", name, attributes, declared))
        events.append((name, attributes, declared))

    def text():
        said = draw(TEXTS)
        calls.append(
            (draw(st.sampled_from(["text", "cdata"])) if "\r" not in said and "]]>" not in said else "text", said)
        )
        events.append(said)

    def end():
        name = names.pop()
        calls.append(("end", *draw(st.sampled_from([(), (name,)]))))
        events.append(fx.End(name))

    if draw(st.booleans()):
        comment()
    start()
    for _ in range(draw(st.integers(0, 12))):
        draw(st.sampled_from([comment, text, start, end] if len(names) > 1 else [comment, text, start]))()
    while names:
        end()
    return calls, events


@settings(max_examples=400)
@given(documents(), st.sampled_from(["utf-8", "us-ascii"]))
def test_what_is_written_reads_back_as_it_was_said(document, encoding):
    calls, said = document
    plain = [name for call in calls if call[0] == "start" for name in (call[1], *call[2])]
    plain += [call[1] for call in calls if call[0] in {"comment", "cdata"}]
    # Another test has what stands where no reference can.
    assume(encoding != "us-ascii" or "".join(plain).isascii())
    data = written(*calls, encoding=encoding, xml_declaration=True).encode()
    xml.parsers.expat.ParserCreate(None, "}").Parse(data, True)
    parser = fx.PullParser()
    parser.feed(data)
    parser.close()
    read = parser.read_events()
    expected = []
    for event in said:
        if isinstance(event, str) and expected and isinstance(expected[-1], str):
            expected[-1] += event
        elif event != "":
            expected.append(event)
    assert len(read) == len(expected)
    for one, other in zip(read, expected, strict=True):
        match one:
            case fx.Start(name, attributes, namespaces):
                assert (name, dict(attributes)) == other[:2]
                assert other[2].items() <= dict(namespaces).items()
            case fx.Text(text):
                assert text == other
            case _:
                assert one == other


def copied(source):
    """A document read by one parser and written again."""
    out = io.BytesIO()
    with Writer(out, limits=Limits.unlimited()) as writer:
        for event in fx.events(source, dtd="internal", limits=Limits.unlimited()):
            match event:
                case fx.Start(name, attributes, namespaces):
                    writer.start(name, attributes, namespaces)
                case fx.End(name):
                    writer.end(name)
                case fx.Text(text):
                    writer.text(text)
                case fx.Comment(text):
                    writer.comment(text)
                case fx.PI(target, data):
                    writer.pi(target, data)
                case _:
                    pass
    return out.getvalue()


@pytest.mark.skipif(not DATA.is_dir(), reason="needs FORKEDENC_DATA")
@pytest.mark.parametrize(
    "pattern", ["svg-real/*/**/*.svg", "xml-docs/*/**/*.xml", "xml-feedparser/wellformed/**/*.xml"]
)
def test_real_documents_are_the_same_when_they_were_written_again(pattern):
    files = sorted(DATA.glob(pattern))[::17]
    assert files
    compared = 0
    for path in files:
        data = path.read_bytes()
        try:
            before = ET.canonicalize(from_file=io.BytesIO(data), with_comments=True)
        except (ET.ParseError, LookupError, ValueError):
            continue
        assert ET.canonicalize(from_file=io.BytesIO(copied(data)), with_comments=True) == before, path
        compared += 1
    assert compared > len(files) // 2
