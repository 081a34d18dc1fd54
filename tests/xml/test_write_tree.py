"""`tostring` and `write`: the standard library's bytes, and nothing that would not be well-formed."""

from __future__ import annotations

import contextlib
import copy
import gc
import io
import pickle
import sys
import xml.etree.ElementTree as ET
import xml.parsers.expat
from collections.abc import Iterator

import pytest
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import Limits
from forkedenc.xml import _write
from forkedenc.xml._write_errors import EncodeTypeError

XML = "http://www.w3.org/XML/1998/namespace"

# Names and texts, good and bad, small enough that prefixes meet.
NAMES = st.sampled_from(
    [
        "a",
        "b",
        "é",
        "ns0:a",
        "ns1:b",
        "p:a",
        "q:a",
        "xml:lang",
        "{u}a",
        "{u}b",
        "{v}a",
        "{r}a",
        f"{{{XML}}}space",
        "{u}é",
        "{http://www.w3.org/1999/xhtml}p",
    ]
)
ODD_NAMES = st.sampled_from(
    [
        "",
        "a b",
        "a><b/",
        "1",
        ":",
        "a:",
        "a:b:c",
        "{u}",
        "{}a",
        "{u}a:b",
        "{u}v}a",
        "{u",
        "xmlns:p",
        "xmlns:a",
        "\0",
        "\ud800",
        "x\ufffe",
    ]
)
TEXTS = st.text(st.sampled_from("ab<>&\"'\r\n\t é\x85\u0431\u2028\U0001f600]-?"), max_size=12)
ODD_TEXTS = st.text(st.sampled_from("a<&\0\x0b\ud800\udfff\ufffe\uffff-?>"), max_size=6)


def elements(names, texts, *, xmlns: bool = False):
    keys = st.one_of(names, st.sampled_from(["xmlns", "xmlns:p", "xmlns:q", "xmlns:ns0"])) if xmlns else names
    uris = st.sampled_from(["u", "v", "w", "", XML])

    def build(children):
        def make(tag, attributes, text, tail, below, kind):  # noqa: PLR0917 - drawn in this order
            if kind == "comment":
                element = ET.Comment(text)
            elif kind == "pi":
                element = ET.PI(tag, text)
            else:
                element = ET.Element(None if kind == "nameless" else ET.QName(tag) if kind == "qname" else tag)
                for key, (value, quoted) in attributes.items():
                    element.set(key, quoted if key.startswith("xmlns") else value)
                element.text = text
                element.extend(below)
            element.tail = tail
            return element

        below = st.just([]) if children is None else st.lists(children, max_size=3)
        kinds = st.sampled_from(["element"] * 8 + ["comment", "pi", "nameless", "qname"])
        attributes = st.dictionaries(keys, st.tuples(texts, uris), max_size=4)
        return st.builds(make, names, attributes, st.none() | texts, st.none() | texts, below, kinds)

    return st.recursive(build(None), build, max_leaves=8)


@contextlib.contextmanager
def registered(**prefixes: str) -> Iterator[None]:
    known = ET.register_namespace._namespace_map
    before = dict(known)
    for prefix, uri in prefixes.items():
        known[uri] = prefix
    try:
        yield
    finally:
        known.clear()
        known.update(before)


def outcome(call):
    try:
        return call()
    except RecursionError:
        raise
    except (TypeError, ValueError) as error:
        return (
            type(error)
            if not isinstance(error, forkedenc.EncodeError)
            else TypeError
            if isinstance(error, TypeError)
            else ValueError
        )


def is_content(data: bytes) -> bool:
    """Does expat, with namespaces, take this as the content of an element?"""
    parser = xml.parsers.expat.ParserCreate(None, "}")
    try:
        parser.Parse(b"<root-of-all>" + data + b"</root-of-all>", True)
    except xml.parsers.expat.ExpatError:
        return False
    return True


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "encoding": st.sampled_from(
            ["us-ascii", "utf-8", "UTF-8", "unicode", "iso-8859-1", "utf-16", "cp1251", "utf-16-le", "utf8", "ascii"]
        ),
        "method": st.sampled_from(["xml", "html", "text"]),
        "xml_declaration": st.sampled_from([None, True, False]),
        "default_namespace": st.sampled_from([None, "u", ""]),
        "short_empty_elements": st.booleans(),
    },
)


@settings(max_examples=600)
@given(elements(NAMES, TEXTS, xmlns=True), OPTIONS)
def test_what_is_written_is_the_standard_librarys_to_the_byte(root, options):
    with registered(r="r"):
        theirs = outcome(lambda: ET.tostring(root, **options))
        ours, refusal = None, None
        try:
            ours = _write.tostring(root, **options)
        except forkedenc.EncodeError as error:
            refusal = error
        if refusal is None:
            assert ours == theirs
            assert type(ours)().join(_write.tostringlist(root, **options)) == ours
        elif root.tag is None and refusal.kind == "unbound_prefix":
            pass  # Without a root's tag there is no place to declare, though an attribute may happen to.
        elif not isinstance(theirs, type) and refusal.kind != "unencodable_name" and options.get("method") != "html":
            # Refused, and the standard library wrote something: then that is not well-formed.
            assert not is_content(ET.tostring(root, **{**options, "encoding": "utf-8", "xml_declaration": False}))


@settings(max_examples=600)
@given(elements(NAMES | ODD_NAMES, TEXTS | ODD_TEXTS, xmlns=True), st.sampled_from(["error", "replace"]))
def test_nothing_is_written_that_expat_would_refuse(root, invalid):
    for encoding in ("us-ascii", "utf-8", "iso-8859-1"):
        try:
            written = _write.tostring(root, encoding, xml_declaration=False, invalid=invalid)
        except forkedenc.EncodeError:
            continue
        assert is_content(written.decode(encoding).encode())


@settings(max_examples=600)
@given(elements(NAMES | ODD_NAMES, TEXTS | ODD_TEXTS, xmlns=True), OPTIONS)
def test_invalid_write_writes_what_the_standard_library_does(root, options):
    theirs = outcome(lambda: ET.tostring(root, **options))
    assert outcome(lambda: _write.tostring(root, invalid="write", **options)) == theirs


def element(name="a", text=None, tail=None, **attributes):
    root = ET.Element("r")
    child = ET.SubElement(root, name, attributes)
    child.text, child.tail = text, tail
    return root


REFUSED = [
    ("invalid_character", "/r/a", lambda: element(text="x\0y")),
    ("invalid_character", "/r/a", lambda: element(tail="\x0b")),
    ("invalid_character", "/r/a/@b", lambda: element(b="\ud800")),
    ("invalid_character", "/r/a", lambda: element(text="\ufffe")),
    ("invalid_name", "/r/a b", lambda: element("a b")),
    ("invalid_name", "/r/a><evil/><a", lambda: element("a><evil/><a")),
    ("invalid_name", '/r/a/@b="1" c', lambda: element(**{'b="1" c': "x"})),
    ("invalid_name", "/r/ns0:b:c", lambda: element("{u}b:c")),
    ("undeclared_prefix", "/r/a", lambda: element("{}a")),
    ("namespace_syntax", "/r/a", lambda: element("{u}v}a")),
    ("reserved_namespace", "/r/a", lambda: element("{http://www.w3.org/2000/xmlns/}a")),
    ("reserved_namespace", "/r/a/@xmlns:xml", lambda: element(**{"xmlns:xml": "u"})),
    ("unbound_prefix", "/r/p:a", lambda: element("p:a")),
    ("unbound_prefix", "/r/a", lambda: element(**{"p:b": ""})),
    ("unbound_prefix", "/r/ns0:a", lambda: element("ns0:a")),
    ("duplicate_attribute", "/r/a/@p:b", lambda: element(**{"{u}b": "", "p:b": "", "xmlns:p": "u"})),
    ("invalid_comment", "/r", lambda: commented(ET.Comment("x--><evil/>"))),
    ("invalid_comment", "/r", lambda: commented(ET.Comment("x-"))),
    ("invalid_pi", "/r", lambda: commented(ET.PI("p", "x?><evil/>"))),
    ("invalid_pi", "/r", lambda: commented(ET.PI("xml", "x"))),
    ("invalid_pi", "/r", lambda: commented(ET.PI(""))),
    ("default_namespace", "/r", element),
]


def commented(node):
    root = ET.Element("r")
    root.append(node)
    return root


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]} {case[1]}")
def test_a_refusal_says_what_and_where(case):
    kind, path, make = case
    options = {"default_namespace": "d"} if kind == "default_namespace" else {}
    for encoding in ("us-ascii", "utf-8", "unicode", "utf-16"):
        with pytest.raises(forkedenc.EncodeError) as caught:
            _write.tostring(make(), encoding, **options)
        assert (caught.value.kind, caught.value.path) == (kind, path)
        assert isinstance(caught.value, ValueError)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (type(again), str(again), vars(again)) == (type(caught.value), str(caught.value), vars(caught.value))


def test_later_siblings_carry_their_number_in_the_path():
    root = ET.fromstring("<r xmlns:p='u'><a/><p:a/><a/><a><b/><b x='1'/></a></r>")
    root[3][1].text = "\0"
    with pytest.raises(forkedenc.EncodeError, match=r"U\+0000 at /r/a\[3\]/b\[2\]"):
        _write.tostring(root)
    root[3][1].text = None
    root[1].tail = "\0"
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(root)
    assert caught.value.path == "/r/ns0:a"


def test_a_path_shows_no_control_characters_and_is_cut():
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(element("a\x1b[31m\u202e"))
    assert caught.value.path == "/r/a\\u001b[31m\\u202e"
    root = last = ET.Element("long" * 100)
    for _ in range(50):
        last = ET.SubElement(last, "long" * 100)
    last.text = "\0"
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(root)
    assert len(caught.value.path) == 1024
    assert caught.value.path.endswith("…")


@pytest.mark.parametrize("value", [5, b"x", ["x"], object()])
def test_other_types_are_refused_as_the_standard_library_does(value):
    for make in (lambda: element(text=value), lambda: element(tail=value), lambda: element(**{"1": value})):
        if isinstance(value, list) and make()[0].get("1"):
            continue  # The standard library formats it; we only do with invalid="write".
        with pytest.raises(TypeError) as theirs:
            ET.tostring(make())
        with pytest.raises(EncodeTypeError) as ours:
            _write.tostring(make())
        if not isinstance(value, list):
            assert str(ours.value) == str(theirs.value)
            assert ours.value.kind == "not_serializable"
    for tag in (5, b"x", object):
        root = ET.Element("r")
        root.append(ET.Element("a"))
        root[0].tag = tag
        with pytest.raises(EncodeTypeError):
            _write.tostring(root)


def test_false_texts_of_any_type_are_no_text():
    for value in (0, "", b"", [], None):
        root = element(text=value, tail=value)
        assert _write.tostring(root) == ET.tostring(root) == b"<r><a /></r>"


def test_qnames_are_spelled_wherever_they_stand():
    q = ET.QName
    root = ET.Element(q("u", "a"), {q("v", "b"): q("w", "c"), "d": q("{w}e"), q("f"): "g"})
    root.append(ET.Element(q("plain")))
    for options in ({}, {"method": "html"}):
        assert _write.tostring(root, **options) == ET.tostring(root, **options)
    root.set("x", q('"><evil/>'))
    with pytest.raises(forkedenc.EncodeError):
        _write.tostring(root)


def test_subclasses_and_elements_that_only_look_like_some_are_written_alike():
    class Text(str):
        __slots__ = ()

    class Sub(ET.Element):
        pass

    class Duck:
        def __init__(self, tag, *children, text=None, tail=None, **attributes):
            self.tag, self.children, self.text, self.tail, self.attributes = tag, children, text, tail, attributes

        def items(self):
            return iter(self.attributes.items())

        def __len__(self):
            return len(self.children)

        def __iter__(self):
            return iter(self.children)

        def iter(self):
            yield self
            for child in self.children:
                yield from child.iter()

    for cls in (Sub, ET._Element_Py):
        root = cls(Text("{u}a"), {Text("b"): Text("<")})
        root.text = Text("&")
        root.append(cls("{v}c"))
        root[0].tail = Text("é")
        assert _write.tostring(root) == ET.tostring(root)
    duck = Duck("{u}a", Duck("b", x="1", y="2", tail="t"), ET.Element("{v}c"), text="<")
    assert _write.tostring(duck) == ET.tostring(duck)
    with pytest.raises(forkedenc.EncodeError, match=r"at /a$"):
        _write.tostring(Duck("a", text="\0"))
    twice = Duck("a")
    twice.items = lambda: [("x", "1"), ("x", "2")]
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(twice)
    assert caught.value.kind == "duplicate_attribute"


def test_elements_that_change_while_they_are_written_do_no_harm():
    class Evil(ET.Element):
        def items(self):
            root.clear()
            gc.collect()
            return [("a", "b")]

    for at in range(5):
        root = ET.Element("r")
        for number in range(5):
            ET.SubElement(root, f"e{number}{'x' * 30}", {"k" * 40: "v" * 40}).text = "t" * 100
        root.insert(at, Evil("evil"))
        written = _write.tostring(root)
        assert is_content(written)
        assert ET.fromstring(written).tag == "r"


def test_what_python_code_raises_while_a_tree_is_written_comes_through():
    class Broken(ET.Element):
        def items(self):
            raise KeyError("items")

        def __iter__(self):
            raise KeyError("iter")

    root = ET.Element("r")
    root.append(Broken("a"))
    with pytest.raises(KeyError, match="items"):
        _write.tostring(root)


def test_a_tree_of_any_depth_is_written_without_recursion():
    depth = 200_000
    root = top = ET.Element("a")
    for _ in range(depth - 1):
        top = ET.SubElement(top, "a")
    written = _write.tostring(root)
    assert written == b"<a>" * (depth - 1) + b"<a />" + b"</a>" * (depth - 1)
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(root, limits=Limits(max_depth=1000))
    error = caught.value
    assert isinstance(error, RecursionError)
    assert (error.limit, error.maximum, error.observed) == ("max_depth", 1000, 1001)
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(root, limits=Limits.unlimited().replace(max_stack_bytes=4096))
    assert (caught.value.limit, caught.value.maximum) == ("max_stack_bytes", 4096)
    # Taken apart from below, or its end would recurse in some versions.
    while len(root):
        root = root[0]


@pytest.mark.parametrize("encoding", ["us-ascii", "utf-8", "unicode", "utf-16", "iso-8859-1"])
def test_the_output_may_hold_as_many_bytes_as_its_limit_says(encoding):
    root = ET.fromstring('<a xmlns="u" b="é"><b>text</b><c/></a>')
    whole = _write.tostring(root, encoding, xml_declaration=True)
    size = len(whole.encode()) if encoding == "unicode" else len(whole)
    assert _write.tostring(root, encoding, xml_declaration=True, limits=Limits(max_document_bytes=size)) == whole
    for function in (
        _write.tostring,
        lambda *args, **options: _write.write_tree(
            args[0], io.BytesIO() if encoding != "unicode" else io.StringIO(), args[1], **options
        ),
    ):
        with pytest.raises(forkedenc.EncodeError) as caught:
            function(root, encoding, xml_declaration=True, limits=Limits(max_document_bytes=size - 1))
        error = caught.value
        assert (error.limit, error.maximum, error.observed) == ("max_document_bytes", size - 1, size)
        assert not isinstance(error, RecursionError)


def test_a_prefix_is_declared_where_it_is_needed_by_attributes_that_declare():
    root = ET.fromstring("<r/>")
    root.set("xmlns:p", "u")
    root.append(ET.Element("p:a", {"p:b": "", "xml:lang": "en"}))
    assert _write.tostring(root) == ET.tostring(root)
    outside = ET.Element("r")
    outside.append(root)
    outside.append(ET.Element("p:a"))
    with pytest.raises(forkedenc.EncodeError, match=r"declared nowhere at /r/p:a"):
        _write.tostring(outside)


def test_a_literal_prefix_may_be_one_that_is_generated():
    root = ET.Element("r")
    root.append(ET.Element("ns0:a"))
    root.append(ET.Element("{u}b"))
    assert _write.tostring(root) == ET.tostring(root)
    root[0].attrib.update({"xmlns:q": "u", "q:x": "", "ns0:x": ""})
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(root)
    assert caught.value.kind == "duplicate_attribute"


def test_registered_prefixes_that_clash_are_refused():
    root = ET.fromstring('<a xmlns="u" xmlns:v="v"><v:b/></a>')
    for prefixes in ({"same": ["u", "v"]}, {"xml": ["u"]}, {"xmlns": ["u"]}, {"a b": ["u"]}, {"p": [XML]}):
        known = ET.register_namespace._namespace_map
        before = dict(known)
        known.update({uri: prefix for prefix, uris in prefixes.items() for uri in uris})
        try:
            with pytest.raises(forkedenc.EncodeError):
                _write.tostring(root if XML not in known or "p" not in prefixes else element(f"{{{XML}}}a"))
        finally:
            known.clear()
            known.update(before)


def test_many_registered_prefixes_are_found():
    with registered(**{f"p{number}": f"u{number}" for number in range(200)}):
        root = ET.Element("{u150}a", {"{u7}b": "", "{other}c": ""})
        assert _write.tostring(root) == ET.tostring(root)


def test_scripts_of_html_can_not_end_early():
    root = ET.Element("html")
    script = ET.SubElement(root, "SCRIPT")
    script.text = "if (a < b && c > d) {} // </script is not </b>"
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(root, method="html")
    assert (caught.value.kind, caught.value.path) == ("raw_text", "/html/SCRIPT")
    assert _write.tostring(root, method="html", invalid="write") == ET.tostring(root, method="html")
    script.text = "if (a < b && c > d) {}"
    assert _write.tostring(root, method="html") == ET.tostring(root, method="html")


def test_names_that_the_encoding_has_not_are_refused():
    for name, encodings in (("é", ["us-ascii", "cp1251"]), ("\u0431", ["us-ascii", "iso-8859-1"])):
        for root in (element(name), element(**{name: ""}), element(f"{{u}}{name}"), commented(ET.PI(name))):
            for encoding in encodings:
                with pytest.raises(forkedenc.EncodeError) as caught:
                    _write.tostring(root, encoding)
                assert caught.value.kind == "unencodable_name"
            for encoding in ("utf-8", "utf-16"):
                assert _write.tostring(root, encoding) == ET.tostring(root, encoding)
    typed = element(b=ET.QName("{u}é"))
    assert _write.tostring(typed) == ET.tostring(typed)


def test_invalid_methods_and_encodings_are_named():
    for options in ({"method": "c14n"}, {"method": "x"}, {"invalid": "ignore"}):
        with pytest.raises(ValueError, match=r"method|invalid"):
            _write.tostring(element(), **options)
    with pytest.raises(LookupError):
        _write.tostring(element(), "no-such-encoding")
    with pytest.raises(TypeError):
        _write.tostring(element(), "Unicode")
    with pytest.raises(TypeError):
        _write.tostring(element(), limits=5)
    with pytest.raises(forkedenc.EncodeError) as caught:
        _write.tostring(element(), "utf-8'>", xml_declaration=True)
    assert caught.value.kind == "invalid_encoding"


def test_files_get_what_the_standard_library_writes(tmp_path):
    root = ET.fromstring('<a xmlns="u" b="é"><b>text &amp; \U0001f600</b><c/></a>')
    tree = ET.ElementTree(root)
    ours, theirs = tmp_path / "ours.xml", tmp_path / "theirs.xml"
    for encoding in (None, "us-ascii", "utf-8", "utf-16", "iso-8859-1", "unicode"):
        for choice in (
            {},
            {"xml_declaration": True},
            {"xml_declaration": False},
            {"method": "text"},
            {"default_namespace": "u"},
        ):
            options = {"encoding": encoding, **choice}
            if "default_namespace" in options:
                with pytest.raises(ValueError, match="default_namespace"):
                    _write.write_tree(root, ours, **options)
                continue
            tree.write(theirs, **options)
            _write.write_tree(root, ours, **options)
            assert ours.read_bytes() == theirs.read_bytes()
            _write.write_tree(root, str(ours), **options)
            assert ours.read_bytes() == theirs.read_bytes()
            if encoding == "unicode":
                files = [io.StringIO(), io.StringIO()]
                tree.write(files[0], **options)
                _write.write_tree(root, files[1], **options)
                assert files[0].getvalue() == files[1].getvalue()
                continue
            for buffering in (-1, 0):
                with theirs.open("wb", buffering) as file:
                    tree.write(file, **options)
                with ours.open("wb", buffering) as file:
                    _write.write_tree(root, file, **options)
                    assert not file.closed
                assert ours.read_bytes() == theirs.read_bytes()
            for cls in (BareWriter, SeekableWriter):
                files = [cls(), cls()]
                tree.write(files[0], **options)
                _write.write_tree(root, files[1], **options)
                assert b"".join(files[0].pieces) == b"".join(files[1].pieces)


class BareWriter:
    def __init__(self):
        self.pieces = []

    def write(self, piece):
        self.pieces.append(piece)


class SeekableWriter(BareWriter):
    def seekable(self):
        return True

    def tell(self):
        return 5


def test_a_tree_that_is_refused_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "kept.xml"
    path.write_text("before")
    for encoding in ("utf-8", "utf-16", "unicode"):
        with pytest.raises(forkedenc.EncodeError):
            _write.write_tree(element(text="\0"), path, encoding)
        assert path.read_text() == "before"


def test_methods_that_a_program_adds_are_the_standard_librarys_business():
    def serialize(write, elem, qnames, namespaces, **options):
        write(elem.tag)

    ET._serialize["mine"] = serialize
    try:
        out = io.BytesIO()
        _write.write_tree(element(), out, method="mine")
        assert (_write.tostring(element(), method="mine"), out.getvalue()) == (b"r", b"r")
    finally:
        del ET._serialize["mine"]


def test_a_tree_is_not_changed_by_being_written():
    root = ET.fromstring('<a xmlns="u" b="é"><b>text</b><!--c--><c/></a>')
    before = copy.deepcopy(root)
    references = sys.getrefcount(root[0].tag), sys.getrefcount(root[0])
    for _ in range(3):
        _write.tostring(root)
        with pytest.raises(forkedenc.EncodeError):
            _write.tostring(root, limits=Limits(max_document_bytes=20))
    gc.collect()
    assert (sys.getrefcount(root[0].tag), sys.getrefcount(root[0])) == references
    assert ET.tostring(root) == ET.tostring(before)


def test_many_names_and_long_ones_are_spelled_right():
    root = ET.Element("r")
    for number in range(3000):
        name = f"{{u{number % 50}}}{'n' * (number % 90)}a{number}"
        ET.SubElement(root, name, {f"k{number}{'k' * (number % 60)}": "v", f"{{v{number % 7}}}x": str(number)})
    for encoding in ("us-ascii", "unicode"):
        assert _write.tostring(root, encoding) == ET.tostring(root, encoding)


def test_the_pieces_of_a_str_are_tags_attributes_and_texts():
    root = ET.fromstring("<body a='1' b='2'><tag/>te &gt; xt<!--c--><b>y</b><?p d?></body>")
    for options in ({}, {"xml_declaration": True}, {"short_empty_elements": False}, {"method": "html"}):
        theirs = ET.tostringlist(root, "unicode", **options)
        assert _write.tostringlist(root, "unicode", **options) == theirs
    assert _write.tostringlist(root) == [ET.tostring(root)]
