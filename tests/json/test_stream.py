"""StreamDecoder: framings, deferred errors, on_error, depth, fork, one user at a time."""

import functools
import gc
import threading

import pytest
from feeding import DEEP, chunks_of, cuts, feed_all, random_chunks
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import Limits, json

FRAMINGS = ("concatenated", "lines", "seq", "array")
AROUND = {  # before each value, behind it, before and behind all
    "concatenated": (b"", b" ", b"", b""),
    "lines": (b"", b"\n", b"", b""),
    "seq": (b"\x1e", b"\n", b"", b""),
    "array": (b"", b",", b"[", b"]"),
}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


def framed(framing, documents):
    before, behind, head, tail = AROUND[framing]
    body = b"".join(before + document + behind for document in documents)
    return head + (body.removesuffix(b",") if behind == b"," else body) + tail


def refusal(call, kind=forkedenc.DecodeError):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


@settings(max_examples=150, deadline=None)
@given(st.lists(values, max_size=4), st.sampled_from(FRAMINGS), st.integers())
def test_cuts_never_change_the_values(documents, framing, seed):
    data = framed(framing, [json.encode(document) for document in documents])
    for chunks in ([data], chunks_of(data, 1), random_chunks(data, seed)):
        assert repr(feed_all(json.StreamDecoder(framing=framing), chunks)) == repr(documents)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_empty_stream_has_no_values_unless_an_array_is_due(framing):
    decoder = json.StreamDecoder(framing=framing)
    if framing == "array":
        assert isinstance(refusal(decoder.close), forkedenc.IncompleteError)
    else:
        assert decoder.close() == []


DEFERRED = {
    "concatenated": (b"[1] [2] x", 8),
    "lines": (b"[1]\n[2]\n[}\n", 9),
    "seq": (b"\x1e[1]\n\x1e[2]\n\x1e[}\n", 12),
    "array": (b"[[1],[2],}", 9),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("call", ["feed", "close"])
def test_values_before_an_error_come_first_and_the_error_stays(framing, call):
    data, offset = DEFERRED[framing]
    decoder = json.StreamDecoder(framing=framing)
    assert decoder.feed(data) == [[1], [2]]
    for _ in range(3):
        again = functools.partial(decoder.feed, b"[3]") if call == "feed" else decoder.close
        assert refusal(again).offset == offset


@pytest.mark.parametrize("framing", ["lines", "seq"])
def test_a_bad_record_gives_its_error_in_its_place_and_the_stream_goes_on(framing):
    records = [b'{"a":1}', b"[1}", b'"\xff"', b"[[[[]]]]", b"nul", b"[2]", b"-", b'"end"']
    good = {0: {"a": 1}, 5: [2], 7: "end"}
    data = framed(framing, records)
    for name, chunks in cuts(data):
        came = feed_all(json.StreamDecoder(framing=framing, on_error="yield", limits=Limits(max_depth=3)), chunks)
        assert len(came) == len(records), name
        for number, value in enumerate(came):
            if number in good:
                assert value == good[number], name
            else:
                assert isinstance(value, json.DecodeError), name
                assert value.line == number + 1
        assert came[3].limit == "max_depth"


def test_a_last_record_cut_short_is_an_error_in_the_list_of_close():
    decoder = json.StreamDecoder(framing="lines", on_error="yield")
    assert decoder.feed(b"[1]\n[2") == [[1]]
    (error,) = decoder.close()
    assert isinstance(error, forkedenc.IncompleteError)


@pytest.mark.parametrize("options", [{"on_error": "skip"}, {"framing": "csv"}, {"duplicate_keys": "all"}])
def test_an_unknown_option_is_a_value_error(options):
    with pytest.raises((ValueError, TypeError)):
        json.StreamDecoder(**options)


@pytest.mark.parametrize("chunk", ["[1]", 7, None, ["[1]"]])
def test_what_is_no_bytes_is_a_type_error_and_leaves_the_decoder_as_it_was(chunk):
    decoder = json.StreamDecoder()
    decoder.feed(b"[1,")
    with pytest.raises(TypeError):
        decoder.feed(chunk)
    assert decoder.feed(memoryview(bytearray(b"2]"))) == [[1, 2]]


def test_depth_is_what_is_open():
    decoder = json.StreamDecoder()
    for chunk, depth in ((b"", 0), (b'[[{"a":', 3), (b"[1]", 3), (b',"[', 3), (b'":0', 3), (b"}", 2), (b"]]", 0)):
        decoder.feed(chunk)
        assert decoder.depth == depth


DOCUMENT = '{"ab":"xé\\u00e9\\ud83d\\ude00\\n","c":[true,null,{"d":-2.5e-7}],"😀 long":[[[]]]} [7]'.encode()
OTHER = '{"ab":"xé\\u00e8\\ud83d\\ude01\\t","c":[true,null,{"d":-4.6e-8}],"😀 lung":[[[]]]} [9]'.encode()


@pytest.mark.parametrize("place", range(len(DOCUMENT) + 1))
def test_a_fork_and_its_parent_go_their_own_ways(place):
    parent = json.StreamDecoder()
    before = parent.feed(DOCUMENT[:place])
    child = parent.fork()
    assert child.depth == parent.depth
    mixed = DOCUMENT[:place] + OTHER[place:]
    theirs = feed_all(child.fork(), chunks_of(OTHER[place:], 3))
    assert before + theirs == feed_all(json.StreamDecoder(), [mixed])
    assert before + feed_all(child, [OTHER[place:]]) == before + theirs
    assert before + feed_all(parent, chunks_of(DOCUMENT[place:], 1)) == feed_all(json.StreamDecoder(), [DOCUMENT])


def test_what_a_fork_adds_to_an_open_container_is_not_the_parents():
    parent = json.StreamDecoder()
    parent.feed(b'{"a":[1,')
    children = [parent.fork() for _ in range(5)]
    for number, child in enumerate(children):
        assert child.feed(b'%d],"b":%d}' % (number, number)) == [{"a": [1, number], "b": number}]
    assert parent.feed(b"9]}") == [{"a": [1, 9]}]


def test_a_fork_of_a_failed_decoder_fails_the_same():
    parent = json.StreamDecoder()
    assert parent.feed(b"[1] x") == [[1]]
    child = parent.fork()
    assert refusal(child.close).offset == refusal(parent.close).offset == 4


def test_a_decoder_that_is_in_use_refuses_a_second_user():
    decoder = json.StreamDecoder()
    errors, values = [], []
    start = threading.Barrier(4)

    def run():
        start.wait()
        for _ in range(200):
            try:
                values.extend(decoder.feed(b"[1]" * 50))
            except RuntimeError as error:
                errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(values) == 50 * (800 - len(errors))
    assert all(value == [1] for value in values)


def test_a_half_read_deep_document_can_be_dropped():
    decoder = json.StreamDecoder(limits=Limits.unlimited())
    decoder.feed(b'[{"":' * DEEP)
    assert decoder.depth == 2 * DEEP
    del decoder
    gc.collect()


def test_stats_measure_what_was_read():
    decoder = json.StreamDecoder()
    for chunk in chunks_of(b"[" * 500 + b"]" * 500, 100):
        decoder.feed(chunk)
    stats = decoder.stats
    assert stats.peak_depth == 500
    assert stats.resumes >= 10
    assert stats.peak_stack_bytes > 0


def test_incomplete_says_how_many_bytes_were_read():
    decoder = json.StreamDecoder()
    decoder.feed(b'\n["a",')
    error = refusal(decoder.close, forkedenc.IncompleteError)
    assert (error.offset, error.line, error.column) == (6, 2, 6)
