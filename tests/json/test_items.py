"""``items``, ``members`` and ``aitems``: paths, sources, laziness."""

import array
import asyncio
import io
import json as stdlib
import mmap

import pytest
from feeding import chunks_of, random_chunks
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import json

EUROPE = b'{"earth":{"europe":[{"name":"Paris"},{"name":"Oslo"}],"asia":[1]},"moon":{"europe":[2]}}'
STEPS = b'{"a.b":[1,[2]],"item":{"x":3},"list":[{"item":4,"":5},[6]],"...":7,"":{"k":8}}'
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=15,
)


def walk(value, steps):
    """What a path leads to, by the standard library's value."""
    if not steps:
        return [value]
    step, *rest = steps
    if step is ...:
        return [found for item in value for found in walk(item, rest)] if isinstance(value, list) else []
    return walk(value[step], rest) if isinstance(value, dict) and step in value else []


@settings(max_examples=300, deadline=None)
@given(values, st.lists(st.sampled_from(["a", "b", ...]), max_size=3), st.integers())
def test_items_are_what_the_path_leads_to(value, steps, seed):
    data = stdlib.dumps(value).encode()
    expected = walk(value, steps)
    path = ".".join("item" if step is ... else step for step in steps)
    for chunks in ([data], chunks_of(data, 1), random_chunks(data, seed)):
        pieces = list(chunks)
        assert list(json.items(pieces, steps)) == expected
        assert list(json.items(pieces, path)) == expected
        pairs = [pair for found in expected if isinstance(found, dict) for pair in found.items()]
        assert list(json.members(pieces, path)) == pairs


@pytest.mark.parametrize(
    "steps, expected",
    [
        (["a.b", ...], [1, [2]]),
        (["a.b", ..., ...], [2]),
        (("item",), [{"x": 3}]),
        (("item", "x"), [3]),
        (["list", ..., "item"], [4]),
        (["list", ..., ""], [5]),
        (["..."], [7]),
        (["", "k"], [8]),
        (["item", ...], []),
        (["a.b", "x"], []),
        ((), [stdlib.loads(STEPS)]),
    ],
)
def test_steps_can_name_every_key(steps, expected):
    assert list(json.items(STEPS, steps)) == expected
    assert list(json.items(chunks_of(STEPS, 1), iter(steps))) == expected


@pytest.mark.parametrize("wrong", [7, None, [None], [b"item"], b"item", [["a"]]])
def test_a_wrong_path_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        json.items(STEPS, wrong)


def test_members_keep_order_and_duplicates():
    data = b'{"l":[{"a":1,"b":[2]},{"a":3},[4],{}],"a":{"x":5,"y":6,"x":7}}'
    for size in (1, 4, 100):
        assert list(json.members(chunks_of(data, size), "l.item")) == [("a", 1), ("b", [2]), ("a", 3)]
        assert list(json.members(chunks_of(data, size), "a")) == [("x", 5), ("y", 6), ("x", 7)]


def mapped(data):
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory


@pytest.mark.parametrize(
    "make",
    [
        bytes,
        bytearray,
        memoryview,
        mapped,
        io.BytesIO,
        lambda data: array.array("B", data),
        lambda data: list(chunks_of(data, 7)),
        lambda data: (memoryview(chunk) for chunk in chunks_of(data, 7)),
        lambda data: [b"", data[:5], b"", bytearray(data[5:]), b""],
    ],
)
def test_every_source_of_bytes_serves(make):
    assert list(json.items(make(EUROPE), "earth.europe.item.name")) == ["Paris", "Oslo"]
    assert list(json.members(make(EUROPE), "moon")) == [("europe", [2])]


def test_a_path_is_opened_and_closed_and_a_file_is_left_open(tmp_path):
    path = tmp_path / "europe.json"
    path.write_bytes(EUROPE)
    assert list(json.items(path, "earth.asia")) == [[1]]
    assert next(json.items(path, "earth.europe.item.name")) == "Paris"
    with path.open("rb") as file:
        assert list(json.items(file, "earth.asia")) == [[1]]
        assert not file.closed
    with pytest.raises(OSError, match="missing"):
        list(json.items(tmp_path / "missing", ""))
    with path.open() as text, pytest.raises(TypeError, match="binary"):
        list(json.items(text, ""))


@pytest.mark.parametrize("wrong", ["[1]", ["[1]"], io.StringIO("[1]"), 7, None, [1, 2], memoryview(b"[11]")[::2]])
def test_what_gives_no_bytes_is_a_type_error(wrong):
    for read in (json.items, json.members):
        with pytest.raises(TypeError):
            list(read(wrong, ""))


def test_a_file_that_has_nothing_yet_is_an_error_and_not_the_end():
    class Slow:
        def read(self, size):
            return None

    with pytest.raises(BlockingIOError):
        list(json.items(Slow(), ""))


@pytest.mark.parametrize(
    "read, head, item, first",
    [
        (json.items, b"[", b'{"a": [1, 2, 3]},', {"a": [1, 2, 3]}),
        (json.members, b"{", b'"k": [1, 2, 3],', ("k", [1, 2, 3])),
    ],
)
def test_values_come_before_the_rest_is_read(read, head, item, first):
    chunks = 0

    def source():
        nonlocal chunks
        yield head
        while True:
            chunks += 1
            yield item * 10

    assert next(read(source(), "item" if read is json.items else "")) == first
    assert chunks == 1


@pytest.mark.parametrize(
    "tail, kind",
    [
        (b"[3", forkedenc.IncompleteError),
        (b"", forkedenc.IncompleteError),
        (b"[3}", json.DecodeError),
        (b"]", json.DecodeError),
    ],
)
def test_items_before_an_error_come_first(tail, kind):
    came = []
    with pytest.raises(kind):
        came.extend(json.items(chunks_of(b"[[1],[2]," + tail, 3), "item"))
    came = []

    def consume():
        for value in json.items([b"[[1],[2]," + tail], "item"):
            came.append(value)

    with pytest.raises(kind):
        consume()
    assert came == [[1], [2]]


def test_what_is_passed_by_is_checked_all_the_same():
    for bad in (b'{"skip":[1,],"a":1}', b'{"skip":"\xff","a":1}', b'{"a":1}x', b'{"skip":nul,"a":1}'):
        with pytest.raises(json.DecodeError):
            list(json.items(bad, "a"))


def test_asynchronous_sources_serve():
    async def generated(size):
        for chunk in chunks_of(EUROPE, size):
            await asyncio.sleep(0)
            yield chunk

    class File:
        def __init__(self):
            self.rest = io.BytesIO(EUROPE)

        async def read(self, size):
            await asyncio.sleep(0)
            return self.rest.read(5)

    async def collect(source):
        return [value async for value in json.aitems(source, "earth.europe.item.name")]

    for size in (1, 2, len(EUROPE)):
        assert asyncio.run(collect(generated(size))) == ["Paris", "Oslo"]
    assert asyncio.run(collect(File())) == ["Paris", "Oslo"]
    for wrong in ([EUROPE], EUROPE, None):
        with pytest.raises(TypeError):
            json.aitems(wrong, "")


def test_two_asynchronous_iterations_do_not_touch_each_other():
    async def source(first):
        for chunk in chunks_of(stdlib.dumps([[first, number] for number in range(30)]).encode(), 3):
            await asyncio.sleep(0)
            yield chunk

    async def collect(first):
        return [value async for value in json.aitems(source(first), "item")]

    async def both():
        return await asyncio.gather(collect(1), collect(2))

    assert asyncio.run(both()) == [[[first, number] for number in range(30)] for first in (1, 2)]
