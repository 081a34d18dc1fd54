"""The encoder keeps shallow and deep paths in different places: nothing may depend on which."""

import gc
import json as stdlib

import pytest

import forkedenc
from forkedenc import Limits, json

DEPTHS = range(1, 40)


class Odd:
    pass


def nested(depth, innermost):
    """`innermost` inside so many containers: lists, dicts and tuples in turn, with something before and behind."""
    value = innermost
    for level in range(depth):
        value = ([1, value, {}], {"a": 1.5, "b": value, "c": []}, ("x", value))[level % 3]
    return value


def path(depth):
    return "".join(("/1", "/b", "/1")[level % 3] for level in reversed(range(depth)))


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_text_is_the_standard_librarys_at_every_depth(depth):
    for innermost in (7, [], {}, (), [[]], {"k": {}}, "é", 2**70, True):
        value = nested(depth, innermost)
        assert json.encode(value) == stdlib.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        assert json.dumps(value) == stdlib.dumps(value)


@pytest.mark.parametrize("depth", DEPTHS)
def test_an_error_has_its_path_at_every_depth(depth):
    with pytest.raises(forkedenc.EncodeError) as caught:
        json.encode(nested(depth, float("nan")))
    assert (caught.value.kind, caught.value.path) == ("nan", path(depth))


@pytest.mark.parametrize("depth", DEPTHS)
def test_a_circle_is_found_at_every_depth(depth):
    circle = []
    circle.append(nested(depth, circle))
    for around in (0, 5, 23):
        with pytest.raises(forkedenc.EncodeError) as caught:
            json.encode(nested(around, circle))
        assert (caught.value.kind, caught.value.path) == ("circular", path(around) + "/0" + path(depth))


@pytest.mark.parametrize("depth", DEPTHS)
def test_default_may_destroy_what_is_open_around_it(depth):
    document = [nested(depth, Odd())]

    def default(_):
        document.clear()
        gc.collect()
        return {"in": ["stead", nested(3, Odd())]} if not asked.append(1) and len(asked) == 1 else "end"

    asked = []
    whole = stdlib.dumps([nested(depth, {"in": ["stead", nested(3, "end")]})], separators=(",", ":")).encode()
    assert json.encode(document, default=default) == whole
    assert len(asked) == 2


@pytest.mark.parametrize("depth", [1, 3, 10, 23, 24, 25, 60])
def test_the_depth_limit_counts_the_container_that_crosses_it(depth):
    assert json.encode(nested(depth - 1, [1]), limits=Limits(max_depth=depth))
    assert json.encode(nested(depth - 1, []), limits=Limits(max_depth=depth))
    for innermost in ([[1]], [[]], [{}]):
        with pytest.raises(forkedenc.EncodeError) as caught:
            json.encode(nested(depth - 1, innermost), limits=Limits(max_depth=depth))
        assert (caught.value.limit, caught.value.observed) == ("max_depth", depth + 1)


@pytest.mark.parametrize("frames", [1, 3, 10, 23, 24, 25, 60])
def test_the_stack_limit_is_the_same_wherever_the_path_is_kept(frames):
    limits = Limits(max_depth=None, max_stack_bytes=8 * frames)
    assert json.encode(nested(frames, [1]), limits=limits)
    with pytest.raises(forkedenc.EncodeError) as caught:
        json.encode(nested(frames + 1, [1]), limits=limits)
    assert caught.value.limit == "max_stack_bytes"


@pytest.mark.parametrize("size", [0, 1, 5, 6, 40, 300, 70_000])
def test_dicts_with_tables_for_keys_of_any_type_are_written_in_order(size):
    value = {f"key {number}": number for number in range(size)}
    value[7] = "seven"
    value[None] = "none"
    for number in range(0, size, 3):
        del value[f"key {number}"]
    assert json.dumps(value) == stdlib.dumps(value)
    del value[7], value[None]
    assert json.encode(value) == stdlib.dumps(value, separators=(",", ":")).encode()
