"""Errors of ``loads`` and its family against the running interpreter's, on mutated documents: message and place."""

import json as stdlib

import pytest
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import json

ATTRIBUTES = ("msg", "doc", "pos", "lineno", "colno")

SEEDS = [
    '{"a": [1, -2.5e-7, {"b": null}], "é": "x\\u00e9\\ud83d\\ude00\\n", "": [true, false, [], {}]}',
    '[ [1 , 2 ] ,\n\t"😀" , "a\\\\" , {"k":"v" , "k2" : 1e5} ] ',
    '"\\u12aB\\ud800\\udc00\\ud800x\\\\\\""',
    "[NaN, Infinity, -Infinity, -0, 0.5, 1E+9]",
    '{"a":{"b":{"c":[[[0]]]}}}',
]
PIECES = [
    *'[]{}:,"\\ \n\t0123456789-+.eEuabtfnlxNI\x00\x01\x1f\x7f',
    "é",
    "😀",
    "\ud800",
    "\\u",
    "\\ud8",
    "null",
    "true",
    '"a"',
]


def compare(data, loads=json.loads, reference=stdlib.loads, **options):
    try:
        expected = repr(reference(data, **options))
    except ValueError as error:
        expected = error
    if isinstance(expected, str):
        assert repr(loads(data, **options)) == expected
        return
    with pytest.raises(forkedenc.DecodeError) as caught:
        loads(data, **options)
    assert isinstance(caught.value, type(expected))
    assert str(caught.value) == str(expected)
    if isinstance(expected, UnicodeDecodeError):
        for name in ("encoding", "object", "start", "end", "reason"):
            assert getattr(caught.value, name) == getattr(expected, name)
    else:
        for name in ATTRIBUTES:
            assert getattr(caught.value, name) == getattr(expected, name)


@st.composite
def mutated(draw):
    """A document with pieces put in, taken out or repeated, or cut short."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(["insert", "delete", "cut", "replace"])):
            case "insert":
                text = text[:place] + draw(st.sampled_from(PIECES)) + text[place:]
            case "delete":
                text = text[:place] + text[place + draw(st.integers(1, 3)) :]
            case "replace":
                text = text[:place] + draw(st.sampled_from(PIECES)) + text[place + 1 :]
            case "cut":
                text = text[:place]
    return text


@settings(max_examples=1500, deadline=None)
@given(mutated())
def test_loads_says_what_the_standard_library_says(text):
    compare(text)


@settings(max_examples=500, deadline=None)
@given(
    mutated(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]),
)
def test_loads_of_bytes_says_what_the_standard_library_says(text, encoding):
    data = text.encode(encoding, "surrogatepass")
    compare(data)
    compare(bytearray(data))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=12))
def test_loads_of_any_bytes_does_what_the_standard_library_does(data):
    compare(b'["' + data + b'"]')
    compare(data)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cut_says_what_the_standard_library_says(seed):
    for end in range(len(seed) + 1):
        compare(seed[:end])
        compare(seed[:end].encode("utf-8", "surrogatepass"))
        compare(seed[:end] + " \n")
        for piece in PIECES:
            compare(seed[:end] + piece)


@settings(max_examples=300, deadline=None)
@given(mutated(), st.integers(0, 8))
def test_raw_decode_says_what_the_standard_library_says(text, index):
    ours, theirs = json.JSONDecoder(), stdlib.JSONDecoder()
    compare(text, lambda s: ours.raw_decode(s, index), lambda s: theirs.raw_decode(s, index))


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_a_lenient_decoder_says_what_the_standard_library_says(text):
    compare(text, strict=False)
    compare(text, json.JSONDecoder().decode, stdlib.JSONDecoder().decode)


@settings(max_examples=500, deadline=None)
@given(mutated(), st.integers(0, 12), st.booleans())
def test_scanstring_says_what_the_standard_library_says(text, end, strict):
    from forkedenc.json import decoder

    def call(function):
        return lambda s: function(s, min(end, len(s)), strict)

    compare(text, call(decoder.scanstring), call(stdlib.decoder.scanstring))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "\ufeff[1]",
        "[1,]",
        '{"a":1,\n}',
        "[1,}",
        '{"a":1,]',
        "[1 \n,\n ]",
        "{,}",
        "[,",
        "[1.",
        '{"a":1e',
        "1e+",
        "-",
        "[-",
        "-Inf",
        "nul",
        '{"a":"b"',
        '{"a"',
        '{"a":',
        '["a":',
        '"\\',
        '"\\u',
        '"\\u12',
        '"\\u1234',
        '"\\\\u12',
        '"\\ud800\\u12',
        '"\\ud800\\udc0g"',
        '{"a":1 "b"',
        "[[1], 2 3]",
        "1 2",
        "[1]]",
        "[1] é x",
    ],
)
def test_the_well_known_ones(text):
    compare(text)
    compare(text.encode())
    compare(f'["é", {text}')


def test_undecodable_bytes_behind_a_surrogate_are_named_where_they_are():
    compare(b"\0\0\0\0\0\0\xd8\0\x5b\x22\x22\x5c")


def test_an_error_of_loads_counts_bytes_where_the_standard_library_counts_characters():
    with pytest.raises(json.DecodeError) as caught:
        json.loads('["é",\n x]')
    error = caught.value
    assert (error.pos, error.lineno, error.colno) == (7, 2, 2)
    assert (error.offset, error.line, error.column, error.path) == (8, 2, 2, "/1")


def test_a_cut_document_is_an_incomplete_error_too():
    with pytest.raises(forkedenc.IncompleteError) as caught:
        json.loads('{"a": [1')
    assert caught.value.offset == 8
    assert caught.value.msg == "Expecting ',' delimiter"
