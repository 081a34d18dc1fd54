"""Hostile input: depth, floods, cut and ill-formed bytes, hooks that misbehave, leaks."""

import contextlib
import gc
import random
import sys
import threading
import time

import pytest
from feeding import DEEP, KIB, chunks_of, cuts, feed_all, stream_outcome

import forkedenc
from forkedenc import Limits, json


def test_a_deep_nest_decodes_without_limits_and_can_be_freed():
    data = b"[" * DEEP + b"]" * DEEP
    value = json.Decoder(limits=Limits.unlimited()).decode(data)
    depth = 1
    while value:
        (value,) = value
        depth += 1
    assert depth == DEEP
    (value,) = feed_all(
        json.StreamDecoder(limits=Limits.unlimited()), chunks_of(b'{"a":' * DEEP + b"1" + b"}" * DEEP, 64 * KIB)
    )
    del value
    gc.collect()


@pytest.mark.parametrize("unit", [b"[", b'{"a":', b'[{"":'])
def test_an_open_nest_is_refused_at_the_bracket_that_crosses(unit):
    data = unit * 100_000
    for call in (lambda: json.decode(data), lambda: feed_all(json.StreamDecoder(), chunks_of(data, 1000))):
        with pytest.raises(RecursionError) as caught:
            call()
        opened = data[: caught.value.offset + 1].count(b"[") + data[: caught.value.offset + 1].count(b"{")
        assert opened == 1001


def mixed_document():
    rng = random.Random(7)
    rows = [
        {"id": number, "name": "é😀"[number % 2] * 3, "x": rng.random(), "t": [True, None, {"deep": [[['\n\\"']]]}]}
        for number in range(40)
    ]
    return json.encode(rows)


def test_truncation_at_every_byte_is_an_incomplete_error():
    data = mixed_document()
    decoder = json.StreamDecoder()
    for end in range(len(data)):
        with pytest.raises(forkedenc.IncompleteError) as caught:
            decoder.fork().close() or pytest.fail("nothing was due") if end else json.StreamDecoder(
                framing="array"
            ).close()
        assert caught.value.offset == end
        assert decoder.feed(data[end : end + 1]) == ([json.loads(data)] if end == len(data) - 1 else [])


def test_flipped_bytes_give_the_same_outcome_for_every_cut():
    rng = random.Random(11)
    data = mixed_document()[:600] + b"]" * 3
    for _ in range(150):
        bad = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            bad[rng.randrange(len(bad))] = rng.choice([*b'[]{}:,"\\0eE-.tn \n\xff\x80\x00', rng.randrange(256)])
        outcomes = {name: stream_outcome(json.StreamDecoder(), chunks) for name, chunks in cuts(bytes(bad))}
        assert len(set(outcomes.values())) == 1, outcomes


BAD_UTF8 = [b"\x80", b"\xc0\x80", b"\xc3", b"\xc3(", b"\xe0\x80\x80", b"\xe2\x82", b"\xe2(\xa1", b"\xed\xa0\x80", b"\xed\xbf\xbf",
            b"\xf0\x80\x80\x80", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff\xfe", b"\xf8\x88\x80\x80\x80"]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_UTF8)
def test_ill_formed_utf8_is_told_at_its_first_byte_for_every_cut(bad):
    for head, tail in (
        (b'["', b'"]'),
        (b'["abc' * 1 + "é".encode() * 40, b'def"]'),
        (b'{"', b'":1}'),
        (b'{"a":"', b'"}'),
    ):
        data = head + bad + tail
        for cut in range(len(data) + 1):
            with pytest.raises(json.DecodeError) as caught:
                feed_all(json.StreamDecoder(), (data[:cut], data[cut:]))
            assert (caught.value.kind, caught.value.offset) == ("invalid_utf8", len(head))


@pytest.mark.parametrize("policy", ["last", "first", "error"])
def test_many_duplicate_keys_cost_no_more_than_others(policy):
    data = b"{" + b",".join(b'"a":%d' % number for number in range(100_000)) + b"}"
    for call in (json.Decoder(duplicate_keys=policy).decode, lambda d: json.loads(d, duplicate_keys=policy)):
        if policy == "error":
            with pytest.raises(json.DecodeError, match="twice"):
                call(data)
        else:
            assert call(data) == {"a": 99_999 if policy == "last" else 0}


def test_a_huge_integer_costs_less_than_quadratic_time_and_touches_no_setting():
    decoder = json.Decoder(limits=Limits(max_number_digits=None))
    setting = sys.get_int_max_str_digits()

    def cost(count):
        best = 1e9
        for _ in range(2):
            start = time.process_time()
            value = decoder.decode(b"1" * count)
            best = min(best, time.process_time() - start)
        assert value % 2**64 == (10**count - 1) // 9 % 2**64
        return best

    once = cost(100_000)
    assert cost(400_000) <= 13 * once + 0.1
    assert sys.get_int_max_str_digits() == setting


def test_a_hook_that_drops_and_reenters_does_no_harm():
    seen = []

    def hook(made):
        seen.append(made)
        made.clear()
        gc.collect()
        return json.loads("[1]", object_hook=hook)

    assert json.loads('{"a":{"b":1}}', object_hook=hook) == [1]
    assert seen == [{}, {}]


def test_a_decoder_is_shared_between_threads():
    decoder = json.Decoder()
    data = mixed_document()
    expected = json.loads(data)
    wrong = []

    def run():
        wrong.extend(1 for _ in range(50) if decoder.decode(data) != expected)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "data",
    [b'{"a":[1,2.5,"x",{"b":null}],"c":"\\u00e9"}', b'{"a":[1,"x",}', b'["a","\xff"]', b'{"a":[[[', b'{"k":1,"k":[2]}'],
)
def test_nothing_leaks_over_many_repetitions(data):
    def run(count):
        for _ in range(count):
            for call in (json.decode, json.loads):
                with contextlib.suppress(ValueError):
                    call(data)
            decoder = json.StreamDecoder()
            try:
                decoder.feed(data)
                decoder.fork()
                decoder.close()
            except ValueError:
                pass

    run(200)
    gc.collect()
    before = sys.getallocatedblocks()
    run(3000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 300
