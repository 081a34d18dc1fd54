"""Every JSON limit: at it passes, one over is refused at the same byte by every face and for every cut."""

import sys

import pytest
from feeding import KIB, MIB, chunks_of, cuts, feed_all, told

import forkedenc
from forkedenc import Limits, json

# field: (document, what it needs of the field, offset of the byte or item that is one too many)
EXACT = {
    "max_document_bytes": (b'[1,"ab"]', 8, 7),
    "max_depth": (b'[{"a":[0]}]', 3, 6),
    "max_tokens": (b'[1,{"a":[]},"x"]', 6, 12),
    "max_string_bytes": (b'["abcdef",{"k":"abcdefgh"}]', 8, 23),
    "max_key_bytes": (b'[{"abcdef":1},{"abcdefgh":2}]', 8, 23),
    "max_number_digits": (b"[1,-12.5E-30]", 8, 11),
    "max_items": (b"[1,[1,2,3,4],2]", 4, 10),
    "max_members": (b'[{"a":1},{"a":1,"b":{},"c":3}]', 3, 23),
}
SIZES = (None, 64 * KIB, 7, 1)


def by_decoder(data, limits, size):
    return json.Decoder(limits=limits).decode(data)


def by_loads(data, limits, size):
    return json.loads(data, limits=limits)


def by_loads_of_str(data, limits, size):
    return json.loads(data.decode(), limits=limits)


def by_stream(data, limits, size):
    (value,) = feed_all(json.StreamDecoder(limits=limits), chunks_of(data, size or len(data)))
    return value


def by_items(data, limits, size):
    (value,) = json.items(chunks_of(data, size or len(data)), "", limits=limits)
    return value


FACES = (by_decoder, by_loads, by_loads_of_str, by_stream, by_items)


def refused(face, data, limits, size=None):
    with pytest.raises(forkedenc.LimitError) as caught:
        face(data, limits, size)
    assert isinstance(caught.value, json.DecodeError)
    assert caught.value.doc == ""
    return caught.value


@pytest.mark.parametrize("field", EXACT)
def test_at_the_limit_every_face_gives_the_value(field):
    data, need, _ = EXACT[field]
    for face in FACES:
        for size in SIZES:
            assert face(data, Limits(**{field: need}), size) == json.loads(data)


@pytest.mark.parametrize("field", EXACT)
def test_one_over_the_limit_every_face_refuses_at_one_byte(field):
    data, need, offset = EXACT[field]
    limits = Limits(**{field: need - 1})
    seen = set()
    for face in FACES:
        for size in SIZES:
            error = refused(face, data, limits, size)
            seen.add(told(error)[1:])
            assert isinstance(error, RecursionError) == (field == "max_depth")
    (_, came, *_, limit, maximum, observed) = seen.pop()
    assert not seen
    assert (limit, maximum, observed, came) == (field, need - 1, need, offset)


@pytest.mark.parametrize(
    "field, data, maximum",
    [
        ("max_depth", b"[" * 1001 + b"]" * 1001, 1000),
        ("max_string_bytes", b'"' + b"s" * (64 * MIB + 1) + b'"', 64 * MIB),
        ("max_key_bytes", b'{"' + b"k" * (64 * KIB + 1) + b'":1}', 64 * KIB),
        ("max_number_digits", b"[-" + b"7" * 4301 + b"]", 4300),
    ],
    ids=["max_depth", "max_string_bytes", "max_key_bytes", "max_number_digits"],
)
def test_the_native_faces_have_the_default_limits(field, data, maximum):
    for face in (by_decoder, by_stream, by_items):
        error = refused(face, data, None, 64 * KIB)
        assert (error.limit, error.maximum) == (field, maximum)


def test_loads_has_the_limits_of_the_standard_librarys_faces():
    json.loads(b"[" * 10_000 + b"]" * 10_000)
    assert refused(by_loads, b"[" * 10_001 + b"]" * 10_001, None).maximum == 10_000
    assert len(json.loads(b'"' + b"s" * (64 * MIB + 1) + b'"')) == 64 * MIB + 1


def test_loads_applies_the_interpreters_limit_to_integers_without_parse_int():
    kept = sys.get_int_max_str_digits()
    try:
        for allowed in (640, 5000):
            sys.set_int_max_str_digits(allowed)
            assert json.loads("-" + "7" * allowed) % 2 == 1
            error = refused(by_loads, b"[" + b"7" * (allowed + 1) + b"]", None)
            assert (error.limit, error.maximum) == ("max_number_digits", allowed)
        assert json.loads("7" * 20_000, parse_int=len) == 20_000
        assert json.loads("0." + "7" * 20_000) == float("0." + "7" * 20_000)
        sys.set_int_max_str_digits(0)
        assert json.loads("7" * 20_000) % 10**10 == 7777777777
        assert sys.get_int_max_str_digits() == 0
    finally:
        sys.set_int_max_str_digits(kept)


@pytest.mark.parametrize("unit", [b"x", "é".encode(), "😀".encode(), rb"\u00e9", rb"\ud83d\ude00", rb"\n"])
@pytest.mark.parametrize("field", ["max_string_bytes", "max_key_bytes"])
def test_strings_and_keys_count_their_decoded_utf8(unit, field):
    head, tail = (b'["', b'"]') if field == "max_string_bytes" else (b'[{"', b'":0}]')
    data = head + unit * 20 + tail
    size = len(json.loads(b'"' + unit * 20 + b'"').encode())
    for _, chunks in cuts(data):
        assert feed_all(json.StreamDecoder(limits=Limits(**{field: size})), chunks) == [json.loads(data)]
    offsets = set()
    for _, chunks in cuts(data):
        with pytest.raises(forkedenc.LimitError) as caught:
            feed_all(json.StreamDecoder(limits=Limits(**{field: size - 1})), chunks)
        offsets.add(caught.value.offset)
    assert len(offsets) == 1


def test_an_endless_token_is_refused_in_the_chunk_that_crosses():
    limits = Limits(max_string_bytes=MIB)
    decoder = json.StreamDecoder(limits=limits)
    decoder.feed(b'["')
    fed = 0
    with pytest.raises(forkedenc.LimitError) as caught:
        while fed < 8 * MIB:
            fed += 64 * KIB
            decoder.feed(b"x" * 64 * KIB)
    assert fed == MIB + 64 * KIB
    assert caught.value.offset == MIB + 2


@pytest.mark.parametrize("budget", [4 * KIB, 64 * KIB])
def test_the_stack_budget_is_sharp_to_the_level(budget):
    limits = Limits(max_stack_bytes=budget, max_depth=None)
    data = b"[" * 200_000
    seen = {told(refused(by_stream, data, limits, size))[1:] for size in (None, 64 * KIB, 1000)}
    assert len(seen) == 1
    level = seen.pop()[1]
    by_stream(b"[" * (level - 1) + b"]" * (level - 1), limits, None)
    refused(by_stream, b"[" * (level + 1) + b"]" * (level + 1), limits)


def test_the_memory_account_refuses_a_half_read_string():
    limits = Limits(max_memory_bytes=64 * KIB)
    assert by_stream(b'["abc",1]', limits, None) == ["abc", 1]
    data = b'["' + b"x" * (256 * KIB) + b'"]'
    seen = {told(refused(by_stream, data, limits, size)) for size in SIZES}
    assert len(seen) == 1
    assert seen.pop()[2] <= 80 * KIB


@pytest.mark.parametrize("wrong", [{"max_depth": 3}, 3, "strict", Limits])
def test_what_is_no_limits_object_is_a_type_error(wrong):
    for call in (
        lambda: json.loads("[]", limits=wrong),
        lambda: json.decode(b"[]", limits=wrong),
        lambda: json.Decoder(limits=wrong),
        lambda: json.StreamDecoder(limits=wrong),
        lambda: json.items(b"[]", "", limits=wrong),
        lambda: json.JSONDecoder(limits=wrong),
    ):
        with pytest.raises(TypeError):
            call()


def test_a_limit_past_64_bits_is_no_limit():
    limits = Limits(**dict.fromkeys(EXACT, 2**70))
    for face in FACES:
        assert face(b'{"a":[1]}', limits, None) == {"a": [1]}


@pytest.mark.parametrize("framing", ["concatenated", "lines", "seq", "array"])
def test_limits_count_one_delivered_value_and_the_stream_counts_all(framing):
    before, behind, head, tail = {
        "concatenated": (b"", b"", b"", b""),
        "lines": (b"", b"\n", b"", b""),
        "seq": (b"\x1e", b"\n", b"", b""),
        "array": (b"", b",", b"[", b"]"),
    }[framing]
    data = head + (b"".join([before + b"[1,2]" + behind] * 10)).removesuffix(b",") + tail
    for field, need in (
        ("max_document_bytes", 5),
        ("max_tokens", 3),
        ("max_items", 2),
        ("max_stream_bytes", len(data)),
    ):
        for _, chunks in cuts(data):
            decoder = json.StreamDecoder(framing=framing, limits=Limits(**{field: need}))
            assert feed_all(decoder, chunks) == [[1, 2]] * 10
        seen = set()
        for _, chunks in cuts(data):
            decoder = json.StreamDecoder(framing=framing, limits=Limits(**{field: need - 1}))
            with pytest.raises(forkedenc.LimitError) as caught:
                feed_all(decoder, chunks)
            assert caught.value.limit == field
            seen.add(told(caught.value))
        assert len(seen) == 1


def test_what_items_passes_by_is_charged_to_depth_and_keys_alone():
    passed = b'{"skip":"' + b"x" * 5000 + b'","more":[' + b"1," * 500 + b'1],"a":[[1],[2]]}'
    limits = Limits(max_string_bytes=10, max_items=3, max_tokens=2, max_document_bytes=10)
    assert list(json.items(passed, "a.item", limits=limits)) == [[1], [2]]
    with pytest.raises(forkedenc.LimitError) as caught:
        list(json.items(b'{"kkkkkkkkkkk":1,"a":[1]}', "a.item", limits=Limits(max_key_bytes=10)))
    assert caught.value.limit == "max_key_bytes"
    with pytest.raises(forkedenc.LimitError) as caught:
        list(json.items(b'{"s":[[[1]]],"a":[1]}', "a.item", limits=Limits(max_depth=3)))
    assert caught.value.limit == "max_depth"


class TestAudit:
    DATA = b'{"a":"0123456789","b":[1,2,3,4]}'

    def breaches(self, **fields):
        seen = []
        value = json.Decoder(limits=Limits(**fields), audit=seen.append).decode(self.DATA)
        assert value == json.loads(self.DATA)
        stream = []
        decoder = json.StreamDecoder(limits=Limits(**fields), audit=stream.append)
        assert feed_all(decoder, chunks_of(self.DATA, 1)) == [value]
        assert [(b.limit, b.observed) for b in stream] == [(b.limit, b.observed) for b in seen]
        return seen

    def test_each_breach_is_told_once_with_what_was_reached_in_the_end(self):
        (string, items) = self.breaches(max_string_bytes=4, max_items=2)
        assert (string.limit, string.maximum, string.observed) == ("max_string_bytes", 4, 10)
        assert (items.limit, items.maximum, items.observed) == ("max_items", 2, 4)

    def test_nothing_is_told_where_nothing_was_crossed(self):
        assert self.breaches(max_string_bytes=10, max_items=4) == []

    def test_depth_still_refuses(self):
        with pytest.raises(RecursionError):
            json.Decoder(limits=Limits(max_depth=1), audit=lambda breach: None).decode(self.DATA)
