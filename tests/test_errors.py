"""The exception tree, made by hand and by the factory: bases, copies, and what is safe to show."""

import copy
import json as stdlib
import pickle
import unicodedata

import pytest

import forkedenc
from forkedenc import _errors, json
from forkedenc.json import _errors as json_errors

TREE = {
    "SchemaError": (forkedenc.Error, TypeError),
    "DecodeError": (forkedenc.Error, ValueError),
    "LimitError": (forkedenc.DecodeError,),
    "IncompleteError": (forkedenc.DecodeError,),
    "ValidationError": (forkedenc.DecodeError,),
    "PolicyViolation": (forkedenc.DecodeError,),
    "EncodeError": (forkedenc.Error, ValueError),
    "PolicyError": (forkedenc.Error, ValueError),
}
BIDI = "\u061c\u200e\u200f" + "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


def made(face, kind, path="", **detail):
    """What the factory makes of a failure at byte 7, line 2, column 3."""
    return _errors._make(face, kind, 7, 2, 3, path, detail)


LIMIT = {"limit": "max_string_bytes", "maximum": 5, "observed": 6}
DEPTH = {"limit": "max_depth", "maximum": 5, "observed": 6}
FAILURES = {
    "decode": lambda: made("json", "expected_value", "/a/0"),
    "decode limit": lambda: made("json", "limit", "/a", **LIMIT),
    "decode depth": lambda: made("json", "limit", "/a", **DEPTH),
    "decode incomplete": lambda: made("json", "incomplete"),
    "loads": lambda: made("json.loads", "expected_value", data='[1,\n"é" x]', token=7),
    "loads incomplete": lambda: made("json.loads", "incomplete", data='["a",\n', token=7),
    "loads limit": lambda: made("json.loads", "limit", data="[[]]", token=1, **DEPTH),
    "loads bytes": lambda: made("json.loads", "invalid_utf8", data=b'["\n\xff"]', token=1),
    "encode type": lambda: made("json.encode", "not_serializable", "/a", message="Object of type X is not it"),
    "encode circular": lambda: made("json.encode", "circular", "/a", message="Circular reference detected"),
    "encode depth": lambda: made("json.encode", "limit", "/a", **DEPTH),
    "encode bytes": lambda: made("json.encode", "limit", "/a", **{**DEPTH, "limit": "max_document_bytes"}),
    "by hand": lambda: forkedenc.ValidationError("no", expected="int", actual="str", offset=3, path="/x"),
    "schema": lambda: forkedenc.SchemaError("no"),
}


@pytest.mark.parametrize("name", TREE)
def test_bases_are_the_documented_ones(name):
    assert getattr(forkedenc, name).__bases__ == TREE[name]
    assert getattr(forkedenc, name).__module__ == "forkedenc"


def test_json_errors_are_the_standard_librarys_first():
    order = json.DecodeError.__mro__
    assert order.index(stdlib.JSONDecodeError) < order.index(forkedenc.DecodeError)
    assert json.JSONDecodeError is stdlib.JSONDecodeError
    assert isinstance(FAILURES["decode depth"](), (RecursionError, forkedenc.LimitError))
    for name in ("decode limit", "decode depth", "loads limit"):
        assert isinstance(FAILURES[name](), forkedenc.LimitError)
        assert isinstance(FAILURES[name](), json.DecodeError)
    assert not isinstance(FAILURES["decode limit"](), RecursionError)
    assert isinstance(FAILURES["decode depth"](), RecursionError)
    assert isinstance(FAILURES["decode incomplete"](), forkedenc.IncompleteError)
    assert isinstance(FAILURES["encode type"](), TypeError)
    assert isinstance(FAILURES["encode depth"](), RecursionError)
    assert not isinstance(FAILURES["encode bytes"](), RecursionError)
    assert isinstance(FAILURES["loads bytes"](), UnicodeDecodeError)
    assert isinstance(FAILURES["loads bytes"](), forkedenc.DecodeError)


@pytest.mark.parametrize("name", FAILURES)
def test_copies_keep_class_text_args_and_attributes(name):
    error = FAILURES[name]()
    error.add_note("a note")
    copies = [pickle.loads(pickle.dumps(error, number)) for number in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in [*copies, copy.copy(error), copy.deepcopy(error)]:
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert twin.args == error.args
        assert vars(twin) == vars(error)
        for field in ("start", "end", "reason", "encoding", "object"):
            assert getattr(twin, field, None) == getattr(error, field, None)


def test_a_subclass_with_a_constructor_of_its_own_can_be_copied():
    error = copy.copy(Named("x", 5))
    assert (type(error), error.number, str(error)) == (Named, 5, "x")


class Named(forkedenc.DecodeError):
    def __init__(self, message, number):
        super().__init__(message)
        self.number = number


def test_a_decode_error_says_where_it_is():
    error = FAILURES["decode"]()
    assert (error.offset, error.line, error.column, error.path) == (7, 2, 3, "/a/0")
    assert (error.pos, error.lineno, error.colno, error.doc) == (7, 2, 3, "")
    assert str(error) == "expected a value at /a/0: line 2 column 3 (byte 7)"


def test_a_limit_error_names_the_limit_and_both_numbers():
    error = FAILURES["decode limit"]()
    assert (error.limit, error.maximum, error.observed, error.kind) == ("max_string_bytes", 5, 6, "limit")
    assert str(error).startswith("max_string_bytes is 5, this takes 6 at /a")
    assert FAILURES["loads limit"]().doc == ""


def test_an_error_of_loads_has_the_document_and_the_places_of_both_kinds():
    error = FAILURES["loads"]()
    assert (error.msg, error.doc, error.pos) == ("Expecting value", '[1,\n"é" x]', 6)
    assert (error.lineno, error.colno) == (2, 3)
    assert (error.offset, error.line, error.column) == (7, 2, 3)


def test_json_decode_error_made_as_the_standard_librarys_is_the_same():
    for args in (("what", "doc\né x", 6), ("what", "", 0), ("what", "é", 1)):
        theirs, ours = stdlib.JSONDecodeError(*args), json.DecodeError(*args)
        assert str(ours) == str(theirs)
        for name in ("msg", "doc", "pos", "lineno", "colno"):
            assert getattr(ours, name) == getattr(theirs, name)
        assert ours.offset == len(args[1][: args[2]].encode())


UNDECODABLE = [
    b'"\xff"',
    b'\xef\xbb\xbf"\n\xff"',
    b'"\x00a\x00x',
    '"é\n'.encode("utf-16") + b"x",
    b'"\x00\x00\x00\xff\xff\xff\xff',
]


@pytest.mark.parametrize("data", UNDECODABLE)
def test_an_undecodable_document_has_the_codecs_own_arguments(data):
    with pytest.raises(UnicodeDecodeError) as theirs:
        stdlib.loads(data)
    with pytest.raises(json_errors.UndecodableError) as ours:
        json_errors.decode_text(data)
    assert ours.value.args == theirs.value.args
    assert str(ours.value) == str(theirs.value)
    assert 0 <= ours.value.offset <= len(data)
    assert ours.value.line >= 1
    assert ours.value.column >= 1


def test_the_place_of_an_undecodable_byte_counts_the_mark_in_bytes_and_not_in_columns():
    with pytest.raises(json_errors.UndecodableError) as caught:
        json_errors.decode_text(b'\xef\xbb\xbf"\n\xc3\xa9\xff"')
    assert (caught.value.offset, caught.value.line, caught.value.column) == (7, 2, 2)


@pytest.mark.parametrize("char", [*map(chr, [*range(0x20), *range(0x7F, 0xA0)]), *BIDI, "\u2028", "\ud800"], ids=ascii)
def test_no_character_that_could_rewrite_a_terminal_is_shown(char):
    errors = (
        made("json", "expected_value", f"/a{char}b"),
        made("json", "limit", f"/a{char}b", **LIMIT),
        made("json.encode", "not_serializable", f"/a{char}b", message=f"Object of type X{char} is not it"),
    )
    for error in errors:
        for text in (str(error), error.path):
            bad = [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl") or c in BIDI]
            assert not bad
        assert f"/a\\u{ord(char):04x}b" in error.path


@pytest.mark.parametrize("unit", ["k", "😀", "\x00"])
def test_a_long_path_is_cut(unit):
    path = f"/{unit}" * 5000
    shown = made("json", "expected_value", path).path
    assert len(shown) == 1024
    assert shown.endswith("…")
    assert shown[:500] == _errors.shown(path)[:500]
    exact = "/" + "k" * 1023
    assert made("json", "expected_value", exact).path == exact
