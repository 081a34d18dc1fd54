"""`tostring` and `write`: the standard library's bytes, and nothing that would not be well-formed."""

from __future__ import annotations

import contextlib
import copy
import gc
import io
import pickle
import sys
import xml.etree.ElementTree as Stdlib
import xml.parsers.expat
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forkedenc
from forkedenc import Limits
from forkedenc.xml import _write
from forkedenc.xml._write_errors import EncodeTypeError

XML = "http://www.w3.org/XML/1998/namespace"

# Names and texts, good and bad, small enough that prefixes meet.
NAMES = st.sampled_from(
    ["a", "b", "é", "ns0:a", "ns1:b", "p:a", "q:a", "xml:lang", "{u}a", "{u}b", "{v}a", "{r}a", f"{{{XML}}}space", "{u}é"]
    + ["{http://www.w3.org/1999/xhtml}p"]
)
ODD_NAMES = st.sampled_from(
    ["", "a b", "a><b/", "1", ":", "a:", "a:b:c", "{u}", "{}a", "{u}a:b", "{u}v}a", "{u", "xmlns:p", "xmlns:a", "\0", "\ud800", "x\ufffe"]
)
TEXTS = st.text(st.sampled_from("ab<>&\"'\r\n\t é\x85\u0431\u2028\U0001f600]-?"), max_size=12)
ODD_TEXTS = st.text(st.sampled_from("a<&\0\x0b\ud800\udfff\ufffe\uffff-?>"), max_size=6)


def elements(names, texts, *, xmlns: bool = False):
    keys = st.one_of(names, st.sampled_from(["xmlns", "xmlns:p", "xmlns:q", "xmlns:ns0"])) if xmlns else names
    uris = st.sampled_from(["u", "v", "w", "", XML])

    def build(children):
        def make(tag, attributes, text, tail, below, kind):
            if kind == "comment":
                element = Stdlib.Comment(text)
            elif kind == "pi":
                element = Stdlib.PI(tag, text)
            else:
                element = Stdlib.Element(None if kind == "nameless" else Stdlib.QName(tag) if kind == "qname" else tag)
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
    known = Stdlib.register_namespace._namespace_map
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
        return type(error) if not isinstance(error, forkedenc.EncodeError) else TypeError if isinstance(error, TypeError) else ValueError


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
        "encoding": st.sampled_from(["us-ascii", "utf-8", "UTF-8", "unicode", "iso-8859-1", "utf-16", "cp1251", "utf-16-le", "utf8", "ascii"]),
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
        theirs = outcome(lambda: Stdlib.tostring(root, **options))
        try:
            ours = _write.tostring(root, **options)
        except forkedenc.EncodeError as error:
            # Refused: then the standard library refused it too, or wrote what is not well-formed.
            if isinstance(theirs, type):
                return
            utf8 = Stdlib.tostring(root, **{**options, "encoding": "utf-8", "xml_declaration": False})
            assert error.kind == "unencodable_name" or options.get("method") == "html" or not is_content(utf8), error
        else:
            assert ours == theirs
            if options.get("method") != "text":
                joined = _write.tostringlist(root, **options)
                assert type(ours)().join(joined) == ours


@settings(max_examples=600)
@given(elements(NAMES | ODD_NAMES, TEXTS | ODD_TEXTS, xmlns=True), st.sampled_from(["error", "replace"]))
def test_nothing_is_written_that_expat_would_refuse(root, invalid):
    for encoding in ("us-ascii", "utf-8", "iso-8859-1"):
        try:
            written = _write.tostring(root, encoding, xml_declaration=False, invalid=invalid)
        except forkedenc.EncodeError as error:
            assert error.kind
            continue
        assert is_content(written.decode(encoding).encode())


@settings(max_examples=600)
@given(elements(NAMES | ODD_NAMES, TEXTS | ODD_TEXTS, xmlns=True), OPTIONS)
def test_invalid_write_writes_what_the_standard_library_does(root, options):
    theirs = outcome(lambda: Stdlib.tostring(root, **options))
    assert outcome(lambda: _write.tostring(root, invalid="write", **options)) == theirs
