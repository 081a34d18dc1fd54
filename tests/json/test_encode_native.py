"""``encode``, ``Encoder`` and ``encode_lines``: RFC 8259 and nothing else."""

import decimal
import gc
import json as stdlib
import math
import random
import struct
import sys
import threading
import weakref

import pytest
from hypothesis import given, strategies as st

import forkedenc
from forkedenc import Limits, json

VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(),
        st.text('ab"\\\n\x7f\x1f€', max_size=60),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(st.text(), inner, max_size=6)),
    max_leaves=40,
)  # fmt: skip


class Odd:
    pass


@given(VALUES)
def test_encode_is_compact_utf8(value):
    expected = stdlib.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    assert json.encode(value) == expected
    assert stdlib.loads(json.encode(value, indent=2)) == value
    assert json.encode(value, indent=2) == stdlib.dumps(value, ensure_ascii=False, indent=2).encode()
    assert json.encode(value, sort_keys=True) == (
        stdlib.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    )


@given(st.integers(0, 2**64 - 1))
def test_every_float_is_written_as_its_repr(bits):
    (number,) = struct.unpack("d", struct.pack("Q", bits))
    if math.isfinite(number):
        assert json.encode([number]) == f"[{number!r}]".encode()


def test_floats_around_the_thresholds_of_repr_are_written_as_their_repr():
    numbers = [sign * float(f"{digits}e{power}") for sign in (1, -1) for digits in ("1", "9.999999999999999", "1.5", "12")
               for power in range(-330, 309)]  # fmt: skip
    numbers += [math.nextafter(number, to) for number in (1e-4, 1e16, 1e15, 1e-5, 1e22) for to in (0, math.inf)]
    numbers = [number for number in numbers if math.isfinite(number)]
    assert json.encode(numbers) == ("[" + ",".join(map(repr, numbers)) + "]").encode()


def test_integers_of_every_size_are_written_exactly():
    numbers = {
        sign * (base**power + more)
        for sign in (1, -1)
        for base in (2, 10)
        for power in range(80)
        for more in (-1, 0, 1)
    }
    rng = random.Random(1)
    numbers |= {rng.randrange(-(10**size), 10**size) for size in range(1, 25) for _ in range(50)}
    for number in numbers:
        assert json.encode(number) == json.encode([number])[1:-1] == str(number).encode()
        assert json.dumps({number: number}) == stdlib.dumps({number: number})


def test_a_huge_integer_is_written_without_the_interpreters_setting():
    before = sys.get_int_max_str_digits()
    number = 3**200_000
    written = json.encode([-number, {number: 1}])
    assert sys.get_int_max_str_digits() == before
    sys.set_int_max_str_digits(0)
    try:
        assert written == f'[-{number},{{"{number}":1}}]'.encode()
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), decimal.Decimal("NaN"),
                                    decimal.Decimal("sNaN12"), decimal.Decimal("-Infinity")], ids=repr)  # fmt: skip
def test_numbers_that_json_lacks_are_refused(number):
    for value in (number, [number], {"a": number}):
        with pytest.raises(forkedenc.EncodeError) as caught:
            json.encode(value)
        assert caught.value.kind == "nan"
    with pytest.raises(forkedenc.EncodeError):
        json.encode({float("nan"): 1})


@pytest.mark.parametrize("text", ["\ud800", "a" * 40 + "\udfff", "\ud83d\ude00", "😀\udc00", "é\ud800"], ids=ascii)
def test_lone_surrogates_are_refused_wherever_they_stand(text):
    for value, path in ((text, ""), ([1, text], "/1"), ({"a": {"b": text}}, "/a/b")):
        with pytest.raises(forkedenc.EncodeError) as caught:
            json.encode(value)
        assert (caught.value.kind, caught.value.path) == ("lone_surrogate", path)
    with pytest.raises(forkedenc.EncodeError):
        json.encode({text: 1})


def test_unknown_types_are_refused_or_handed_to_default():
    with pytest.raises(forkedenc.EncodeError) as caught:
        json.encode([1, {"a": Odd()}])
    assert isinstance(caught.value, TypeError)
    assert caught.value.path == "/1/a"
    assert json.encode([Odd(), {"a": Odd()}], default=lambda odd: {"odd": [None]}) == (
        b'[{"odd":[null]},{"a":{"odd":[null]}}]'
    )
    assert json.encode(Odd(), default=lambda odd: Exception if type(odd) is Odd else 1) == b"1"
    with pytest.raises(ZeroDivisionError):
        json.encode([Odd()], default=lambda odd: 1 / 0)
    with pytest.raises(forkedenc.EncodeError, match="Circular"):
        json.encode([Odd()], default=lambda odd: odd)
    for key in ((), frozenset(), Odd(), 1j):
        with pytest.raises(forkedenc.EncodeError, match="keys must be") as caught:
            json.encode({key: 1})
        assert isinstance(caught.value, TypeError)


def test_decimals_are_numbers_or_strings():
    values = [decimal.Decimal(text) for text in ("1.10", "-0", "1E+30", "0E-7", "123456789012345678901234567890.5")]
    assert json.encode(values) == ("[" + ",".join(map(str, values)) + "]").encode()
    assert stdlib.loads(json.encode(values)) == [float(value) for value in values]
    assert json.encode(values[:1], decimal="string") == b'["1.10"]'
    with pytest.raises(ValueError, match="decimal must be"):
        json.encode(1, decimal="float")


def test_keys_are_written_as_dumps_writes_them():
    assert json.encode({1: 0, 2.5: 0, None: 0, "x": 0}) == b'{"1":0,"2.5":0,"null":0,"x":0}'
    assert json.encode({True: 0, False: 1}) == b'{"true":0,"false":1}'


def test_an_encoder_is_made_once_and_used_anywhere():
    encoder = json.Encoder(default=lambda odd: 7, sort_keys=True, limits=Limits(max_depth=3))
    assert encoder.encode({"b": 1, "a": Odd()}) == b'{"a":7,"b":1}'
    with pytest.raises(RecursionError):
        encoder.encode([[[[]]]])
    with pytest.raises(AttributeError):
        encoder.indent = 3
    with pytest.raises(TypeError):
        json.Encoder(ident=2)
    results = []

    def use():
        results.extend(encoder.encode({"b": [number], "a": Odd()}) for number in range(1000))

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == sorted([b'{"a":7,"b":[%d]}' % number for number in range(1000)] * 4)


def test_an_encoder_in_a_circle_is_collected():
    class Holder:
        def default(self, value):
            return None

    holder = Holder()
    holder.encoder = json.Encoder(default=holder.default)
    holder.pieces = json.JSONEncoder(default=holder.default).iterencode([holder])
    gone = weakref.ref(holder)
    del holder
    gc.collect()
    assert gone() is None


def test_encode_inside_encode_is_safe():
    def default(odd):
        return json.encode([1, "x" * 100_000]).decode()[:4] + json.dumps({"a": [2]})

    value = ["before", Odd(), "after" * 1000, Odd()]
    inner = default(None)
    assert stdlib.loads(json.encode(value, default=default)) == ["before", inner, "after" * 1000, inner]


def test_lines_each_end_with_a_line_feed():
    objects = [{"a": "x\ny"}, [1, [2]], "é", None, 2.5]
    expected = b'{"a":"x\\ny"}\n[1,[2]]\n"\xc3\xa9"\nnull\n2.5\n'
    for source in (objects, iter(objects), (value for value in objects)):
        assert json.encode_lines(source) == expected
    assert json.encode_lines([]) == b""
    assert json.Encoder().encode_lines(objects) == expected
    assert json.encode_lines([Odd()], default=lambda odd: 1) == b"1\n"
    with pytest.raises(forkedenc.EncodeError):
        json.encode_lines([1, Odd()])
    with pytest.raises(TypeError):
        json.encode_lines(1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'indent'"):
        json.encode_lines([1], indent=1)
    with pytest.raises(ValueError, match="one object a line"):
        json.Encoder(indent=1).encode_lines([1])
    json.encode_lines(["x" * 10] * 1000, limits=Limits(max_document_bytes=12))


def test_arguments_are_checked():
    for arguments, named in [((), {}), ((1, 2), {}), ((1,), {"obj": 1}), ((1,), {"separators": (",", ":")})]:
        with pytest.raises(TypeError):
            json.encode(*arguments, **named)
    with pytest.raises(TypeError, match="limits must be"):
        json.encode(1, limits={})
    assert json.encode(obj=[1], limits=None, default=None, indent=None) == b"[1]"


def test_a_refused_document_takes_no_memory_of_its_size():
    value = ["x" * 100_000] * 1000
    with pytest.raises(forkedenc.EncodeError) as caught:
        json.encode(value, limits=Limits(max_document_bytes=1000))
    assert caught.value.limit == "max_document_bytes"
