"""ParseError and its kin: whose classes they are, expat's codes and places, what copies and pickles keep."""

import copy
import pickle
import re
import traceback
import xml.etree.ElementTree as ET
import xml.sax

import pytest

import forkedenc
from forkedenc import Limits
from forkedenc.xml import ParseError, PullParser, sax
from forkedenc.xml._errors import WORDS
from forkedenc.xml.etree import ElementTree

FIELDS = ("kind", "code", "position", "offset", "line", "column", "path", "reason", "limit", "maximum", "observed")


def refusal(data, **options):
    parser = PullParser(**{"dtd": "internal", **options})
    with pytest.raises(ParseError) as caught:
        parser.feed(data)
        parser.close()
    return caught.value


def theirs(data):
    with pytest.raises(ET.ParseError) as caught:
        ET.fromstring(data)
    return caught.value


def saxes(data, module=sax, **options):
    with pytest.raises(xml.sax.SAXParseException) as caught:
        module.parseString(data, xml.sax.ContentHandler(), **options)
    return caught.value


# Where expat has the same error, at the same place.
AS_EXPAT = {
    "syntax": b"<!DOCTYPE a b><a/>",
    "invalid_token": b"<a>\n <1/></a>",
    "invalid_character": "<a>é\n \x01</a>".encode(),
    "cdata_end_in_text": b"<a>x]]></a>",
    "tag_mismatch": "<a>\r\né</b>".encode(),
    "duplicate_attribute": b"<a b='1' c='2' b='3'/>",
    "junk_after_document": b"<a/>\n<b/>",
    "undefined_entity": b"<a>\n&b;</a>",
    "recursive_entity": b"<!DOCTYPE a [<!ENTITY b '&b;'>]><a>&b;</a>",
    "bad_character_reference": b"<a>&#0;</a>",
    "misplaced_declaration": b"<a><?xml version='1.0'?></a>",
    "bad_declaration": b"<?xml version='1.0' standalone='maybe'?><a/>",
    "incorrect_encoding": b"<?xml version='1.0' encoding='utf-16'?><a/>",
    "unbound_prefix": b"<a>\n<p:b/></a>",
    "undeclared_prefix": b"<a xmlns:p=''/>",
    "reserved_prefix_xml": b"<a xmlns:xml='urn:x'/>",
    "reserved_prefix_xmlns": b"<a xmlns:xmlns='urn:x'/>",
    "reserved_namespace": b"<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
    "incomplete": b"<a>\n\n<b>",
    "unclosed_token": b"<a>\n <b c='",
    "unclosed_cdata": b"<a>\n<![CDATA[\nx]]",
    "partial_character": b"<a><![CDATA[x\xc3",
}
# The standard library's reader asks for no namespaces unless it is told to.
OF_NAMESPACES = {
    "unbound_prefix",
    "undeclared_prefix",
    "reserved_prefix_xml",
    "reserved_prefix_xmlns",
    "reserved_namespace",
}


@pytest.mark.parametrize("kind", AS_EXPAT)
def test_the_standard_librarys_face_has_expats_code_and_position(kind):
    data = AS_EXPAT[kind]
    with pytest.raises(ET.ParseError) as caught:
        ElementTree.fromstring(data)
    error, expected = caught.value, theirs(data)
    assert error.kind == kind
    assert (error.code, error.position) == (expected.code, expected.position)
    assert str(error) == str(expected)
    assert (error.line, error.column) == (error.position[0], error.position[1] + 1)
    assert error.lineno is None


@pytest.mark.parametrize("kind", sorted(AS_EXPAT.keys() - OF_NAMESPACES))
def test_the_sax_face_says_what_the_standard_librarys_says(kind):
    data = AS_EXPAT[kind]
    ours, expected = saxes(data), saxes(data, xml.sax)
    for call in ("getLineNumber", "getColumnNumber", "getMessage", "getSystemId", "getPublicId", "__str__"):
        assert getattr(ours, call)() == getattr(expected, call)(), call


def test_every_kind_has_a_text_and_the_codes_are_expats():
    from xml.parsers.expat import errors

    for kind, word in WORDS.items():
        assert word.text
        if word.code and kind != "namespace_syntax":
            assert errors.messages[word.code] in (word.text, "not well-formed (invalid token)"), kind


def test_an_own_face_counts_the_bytes_of_a_document_cut_short():
    error = refusal(b"<a>\n <b c='")
    assert isinstance(error, forkedenc.IncompleteError)
    assert (error.offset, error.line, error.column) == (11, 2, 8)
    assert error.position == (2, 7)


def test_an_own_face_shows_the_path():
    error = refusal(b'<feed><entry/><entry href="1234"/></feed>', limits=Limits(max_attribute_bytes=3))
    assert error.path == "/feed/entry[2]/@href"
    assert str(error) == "max_attribute_bytes is 3, this takes 4: line 1, column 30, at /feed/entry[2]/@href"
    assert refusal(b"<a/>x").path == ""
    with pytest.raises(ET.ParseError) as caught:
        ElementTree.fromstring(b"<a><b></a>")
    assert caught.value.path == "/a/b"
    assert str(caught.value) == "mismatched tag: line 1, column 8"


def test_a_path_is_safe_to_show_and_not_too_long():
    name = "long" * 1000
    error = refusal(f"<a><{name}></x>".encode())
    assert len(error.path) == 1024
    assert error.path.endswith("…")


CLASSES = {
    "syntax": (b"<a></b>", {}, (ParseError,)),
    "incomplete": (b"<a>", {}, (ParseError, forkedenc.IncompleteError)),
    "limit": (b"<a b='12'/>", {"limits": Limits(max_attribute_bytes=1)}, (ParseError, forkedenc.LimitError)),
    "depth": (b"<a><b/></a>", {"limits": Limits(max_depth=1)}, (ParseError, forkedenc.LimitError, RecursionError)),
    "encoding": (b"<?xml version='1.0' encoding='x'?><a/>", {}, (ParseError,)),
}


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("face", ["own", "etree", "sax"])
def test_old_and_new_except_clauses_catch(name, face):
    data, options, kinds = CLASSES[name]
    if face == "own":
        error = refusal(data, **options)
    elif face == "sax":
        error = saxes(data, **options)
    else:
        with pytest.raises(ET.ParseError) as caught:
            ElementTree.fromstring(data, **options)
        error = caught.value
    for kind in (*kinds, ET.ParseError, SyntaxError, ValueError, forkedenc.DecodeError, forkedenc.Error):
        assert isinstance(error, kind)
    # The standard library's class comes first, so that its methods are found first.
    first = xml.sax.SAXParseException if face == "sax" else ET.ParseError
    order = type(error).__mro__
    assert order.index(first) < order.index(forkedenc.DecodeError)
    assert isinstance(error, RecursionError) == (name == "depth")


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("call", [refusal, saxes], ids=["own", "sax"])
def test_copies_and_pickles_keep_everything(name, call):
    data, options, _ = CLASSES[name]
    error = call(data, **options)
    for again in (copy.copy(error), copy.deepcopy(error), *(pickle.loads(pickle.dumps(error, n)) for n in range(6))):
        assert type(again) is type(error)
        assert (str(again), repr(again), again.args, again.msg) == (str(error), repr(error), error.args, error.msg)
        for field in FIELDS:
            assert getattr(again, field, None) == getattr(error, field, None), field
        if call is saxes:
            assert (again.getLineNumber(), again.getColumnNumber()) == (error.getLineNumber(), error.getColumnNumber())


def test_a_ratio_is_a_float_in_the_error_and_short_in_its_text():
    bomb = b"<!DOCTYPE a [<!ENTITY b '%s'>]><a>%s</a>" % (b"x" * 20_000, b"&b;" * 400)
    error = refusal(bomb, limits=Limits(max_amplification=10))
    assert error.limit == "max_amplification"
    assert error.maximum == 10
    assert error.observed > 10
    assert error.code == 43
    assert re.match(r"max_amplification is 10, this takes \d\d\.\d{1,4}: ", str(error))


def test_a_traceback_does_not_take_it_for_an_error_in_a_program():
    error = refusal(b"<a></b>")
    text = "".join(traceback.format_exception(error))
    assert text.rstrip().endswith("mismatched tag: line 1, column 5, at /a")
    assert error.filename is error.text is None


def test_an_error_can_be_made_by_hand():
    error = ParseError("wrong", kind="tag_mismatch", offset=9, line=2, column=3, path="/a")
    assert (error.code, error.position, str(error)) == (7, (2, 2), "wrong: line 2, column 2, at /a")
    assert ParseError().code == 2
    assert ParseError(kind="of my own").code == 0
