"""Objects that the decoder builds by their layout are those of the standard library: size, tracking, later life.

The file passes by documented calls too, and runs itself so; `FORKEDENC_DOCUMENTED_CALLS` switches.
"""

import copy
import gc
import json as stdlib
import os
import pickle
import random
import subprocess
import sys
import sysconfig
import weakref

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from forkedenc import json

DOCUMENTED = "FORKEDENC_DOCUMENTED_CALLS"
names = st.text(max_size=4) | st.text(alphabet="ab", max_size=3) | st.text(min_size=60, max_size=70)
# Under an allocator that checks every block, making an example takes long.
patient = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
documents = st.recursive(
    scalars | st.integers(-(1 << 62), 1 << 62),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(names, inner, max_size=12),
    max_leaves=40,
)


def pairs_text(pairs):
    """An object of these members, in order, equal keys and all."""
    return "{" + ",".join(f"{stdlib.dumps(key)}:{stdlib.dumps(value)}" for key, value in pairs) + "}"


def assert_alike(ours, theirs):
    """The same value, and no object of it larger or otherwise tracked than the standard library's."""
    todo = [(ours, theirs)]
    while todo:
        ours, theirs = todo.pop()
        assert type(ours) is type(theirs)
        assert gc.is_tracked(ours) == gc.is_tracked(theirs)
        if isinstance(ours, list):
            assert sys.getsizeof(ours) <= sys.getsizeof(theirs)
            assert len(ours) == len(theirs)
            todo.extend(zip(ours, theirs, strict=True))
            continue
        assert sys.getsizeof(ours) == sys.getsizeof(theirs)
        if isinstance(ours, dict):
            assert list(ours) == list(theirs)
            for (key, value), other in zip(ours.items(), theirs.values(), strict=True):
                assert ours[key] is value
                assert hash(key) == hash(str(key))
                todo.append((value, other))
        else:
            assert repr(ours) == repr(theirs)
            assert hash(ours) == hash(theirs)


def run(code, **environment):
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def known_build():
    """Is this one of the builds whose layout is written down?"""
    return (
        sys.implementation.name == "cpython"
        and (3, 11) <= sys.version_info[:2] <= (3, 13)
        and sys.maxsize > 1 << 32
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and not sysconfig.get_config_var("Py_DEBUG")
    )


def test_ints_and_dicts_of_every_make_are_written_as_the_standard_library_does():
    class Plain:
        def __init__(self):
            self.a, self.b = 1, [2]

    some = {f"k{number}": number for number in range(300)}
    holes = {**some, 5: "makes the table general"}
    for key in ("k0", "k7", "k299"):
        del some[key], holes[key]
    dicts = [{}, {"a": 1}, some, holes, {str(n): n for n in range(70_000)}, vars(Plain()), {None: 1, 2.5: 2, True: 3}]
    numbers = [sign * (1 << shift) + more for shift in range(140) for sign in (1, -1) for more in (-1, 0, 1)]
    for value in (*dicts, numbers, {"n": numbers}):
        assert stdlib.dumps(value) == json.dumps(value)
        assert stdlib.dumps(value, separators=(",", ":")) == json.encode(value).decode()


ASK = "from forkedenc import _native; print(_native.layout_bound())"


def test_layouts_are_used_on_the_builds_that_are_known_and_nowhere_else():
    assert run(ASK, **{DOCUMENTED: ""}) == str(known_build())
    assert run(ASK, **{DOCUMENTED: "0"}) == str(known_build())


def test_the_environment_switches_layouts_off():
    assert run(ASK, **{DOCUMENTED: "1"}) == "False"


@pytest.mark.parametrize("allocator", ["debug", "malloc", "malloc_debug"])
def test_layouts_agree_under_every_allocator(allocator):
    assert run(ASK, PYTHONMALLOC=allocator, **{DOCUMENTED: ""}) == str(known_build())


@pytest.mark.skipif(DOCUMENTED in os.environ, reason="this is the other way already")
def test_everything_here_holds_by_documented_calls_too():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__],
        env={**os.environ, DOCUMENTED: "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


@pytest.mark.skipif("PYTHONMALLOC" in os.environ, reason="this is under that allocator already")
def test_everything_here_holds_where_the_allocator_checks_every_block():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not everything_here", __file__],
        env={**os.environ, "PYTHONMALLOC": "debug"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


@patient
@given(documents)
def test_every_object_is_as_large_and_as_tracked_as_the_standard_librarys(document):
    text = stdlib.dumps(document)
    assert_alike(json.loads(text), stdlib.loads(text))


def test_dicts_of_every_size_are_as_large_as_the_standard_librarys():
    parts = [f'"key {number}":{number}' for number in range(3000)]
    for count in [*range(400), *range(400, 3000, 37), 2730, 2731]:
        text = "{" + ",".join(parts[:count]) + "}"
        ours, theirs = json.loads(text), stdlib.loads(text)
        assert sys.getsizeof(ours) == sys.getsizeof(theirs)
        assert list(ours.items()) == list(theirs.items())
        assert ours == theirs
        assert f"key {count}" not in ours
        ours["more"] = theirs["more"] = 1
        assert sys.getsizeof(ours) == sys.getsizeof(theirs)


@pytest.mark.parametrize("count", [5461, 5462, 21845, 21846, 43690, 43691, 200_000])
def test_wide_dicts_and_arrays_are_complete(count):
    text = "{" + ",".join(f'"{number:x}":{number}' for number in range(count)) + "}"
    ours, theirs = json.loads(text), stdlib.loads(text)
    assert ours == theirs
    assert list(ours) == list(theirs)
    assert sys.getsizeof(ours) == sys.getsizeof(theirs)
    assert all(f"{number:x}" in ours for number in range(count))
    text = "[" + ",".join(f'{number},[],"{number}"' for number in range(count)) + "]"
    ours, theirs = json.loads(text), stdlib.loads(text)
    assert ours == theirs
    assert sys.getsizeof(ours) <= sys.getsizeof(theirs)
    ours.append(ours[0])
    ours.extend(theirs)
    del ours[: count * 3 + 1]
    assert ours == theirs


def test_wide_arrays_in_wide_arrays_are_complete():
    inner = "[" + ",".join(map(str, range(5000))) + "]"
    text = "[" + ",".join(["[1]"] * 9000 + [inner] * 3 + ['{"a":[2]}'] * 9000) + "]"
    assert json.loads(text) == stdlib.loads(text)
    decoder = json.StreamDecoder()
    values = [
        value for start in range(0, len(text), 4099) for value in decoder.feed(text[start : start + 4099].encode())
    ]
    assert [*values, *decoder.close()] == [stdlib.loads(text)]


@patient
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "b", "é", "a" * 70, "\u6f22"]) | st.text(max_size=2), documents),
        max_size=12,
    )
)
def test_of_equal_keys_the_last_stands_at_the_firsts_place(pairs):
    text = pairs_text(pairs)
    assert_alike(json.loads(text), stdlib.loads(text))
    escaped = text.replace('"a"', '"\\u0061"')
    assert json.loads(escaped) == stdlib.loads(escaped)
    first = json.loads(text, duplicate_keys="first")
    wanted = {}
    for key, value in pairs:
        wanted.setdefault(key, value)
    assert list(first.items()) == list(wanted.items())


def change(data, steps, names):
    """Does the same to any dict; what came of each step."""
    for kind, name, value in steps:
        if kind == "set":
            data[name] = value
            yield None
        elif kind == "pop":
            yield data.pop(name, None)
        elif kind == "popitem":
            yield data.popitem() if data else None
        elif kind == "update":
            data |= dict.fromkeys(names, value)
            yield None
        elif kind == "setdefault":
            yield data.setdefault(name, value)
        elif kind == "clear":
            data.clear()
            yield None
        elif kind == "copy":
            copied = data.copy()
            yield copied, sys.getsizeof(copied), copy.copy(data) == copied, copy.deepcopy(data) == copied
        elif kind == "pickle":
            yield pickle.loads(pickle.dumps(data))
        elif kind == "other":
            data[len(data)] = value
            yield None
        yield sys.getsizeof(data), list(data.items()), gc.is_tracked(data)


KINDS = ["set", "set", "pop", "pop", "popitem", "update", "setdefault", "clear", "copy", "pickle", "other"]
key_names = [f"name{number}" for number in range(30)]


@patient
@given(
    st.lists(st.sampled_from(key_names), max_size=30),
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.sampled_from(key_names), st.integers() | st.builds(list)), max_size=30
    ),
)
def test_a_decoded_dict_changes_as_a_plain_one(keys, steps):
    text = pairs_text([(key, number) for number, key in enumerate(keys)])
    ours, theirs = json.loads(text), stdlib.loads(text)
    assert list(change(ours, steps, key_names[:9])) == list(change(theirs, steps, key_names[:9]))


def test_a_decoded_dict_serves_as_attributes_keywords_and_globals():
    data = json.loads('{"a": 1, "b": 2, "c": [3], "d": "four", "e": 5.5, "f": null, "g": true}')
    plain = stdlib.loads(stdlib.dumps(data))
    assert dict(**data) == plain
    thing = type("Thing", (), {})()
    thing.__dict__ = data
    thing.h = thing.a + thing.b
    assert thing.h == 3
    assert data["h"] == 3
    scope = json.loads('{"x": 2, "y": 3}')
    exec("z = x * y\ndef f(): return z + x\nw = f()", scope)
    assert scope["w"] == 8
    assert type("Made", (), json.loads('{"field": 1}')).field == 1


class Loose:
    """Something to see dying."""


@pytest.mark.parametrize("text", ["{}", '{"a":1}', '{"a":[]}', "[]", "[1,2]", '[{"b":{}}]'])
def test_cycles_through_decoded_containers_are_collected(text):
    made, thing = json.loads(text), Loose()
    watch = weakref.ref(thing)
    if isinstance(made, dict):
        made["self"], made["thing"] = made, thing
    else:
        made += [made, thing]
    assert gc.is_tracked(made)
    del made, thing
    gc.collect()
    assert watch() is None


def test_hooks_values_are_tracked_as_the_standard_librarys():
    text = '{"a": {"b": 1}, "c": {"d": [2]}, "e": {"f": {"g": 3}}}'
    for made in (lambda _: 1, lambda _: (), lambda _: (1, 2), lambda _: ([],), lambda _: Loose, dict, lambda _: Loose):
        ours, theirs = json.loads(text, object_hook=made), stdlib.loads(text, object_hook=made)
        assert gc.is_tracked(ours) == gc.is_tracked(theirs)
        seen = []
        json.loads(text, object_hook=lambda data, made=made, seen=seen: seen.append(gc.is_tracked(data)) or made(data))
        wanted = []
        stdlib.loads(
            text, object_hook=lambda data, made=made, wanted=wanted: wanted.append(gc.is_tracked(data)) or made(data)
        )
        assert seen == wanted


MIXED = stdlib.dumps(
    [{"name": f"n{number}", "n": number * 7919, "x": number / 3, "deep": {"é": [number, None, True, "漢字", []]}}
     for number in range(200)]
)  # fmt: skip


def test_references_are_counted_right():
    key = next(iter(json.loads('{"a key that is looked at": 1}')))
    before = sys.getrefcount(key)
    kept = [json.loads('{"a key that is looked at": "a value"}') for _ in range(100)]
    again = next(iter(kept[0]))
    if again is key:
        assert sys.getrefcount(key) == before + 101
    assert {sys.getrefcount(data["a key that is looked at"]) for data in kept} == {2}
    assert {sys.getrefcount(kept[at]) for at in range(100)} == {2}
    del again
    kept.clear()
    assert sys.getrefcount(key) == before


@pytest.mark.parametrize("text", [MIXED, '{"a":1,"a":2}', "[" + "1.5," * 9000 + "1e9]", '{"a":[1,2,{"b":'])
def test_nothing_leaks(text):
    def decode():
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return None

    for _ in range(1000):
        decode()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(400):
        decode()
    gc.collect()
    assert abs(sys.getallocatedblocks() - before) < 100


OUT_OF_MEMORY = """
import _testcapi, gc, sys
from forkedenc import json
text = '{"a":[1000000,2.5,"text",{"b":{},"c":[[]],"unseen %d":12345678901234}],"a":"twice","d":{"e":70000}}'
failures = 0
for number in range(400):
    document = text % number
    made = None
    try:
        try:
            _testcapi.set_nomemory(number % 60, number % 60 + 1)
            made = json.loads(document)
        finally:
            _testcapi.remove_mem_hooks()
    except MemoryError:
        failures += 1
    if made is not None:
        assert made["d"] == {"e": 70000} and made["a"] == "twice", made
    del made
    gc.collect()
before = None
for number in range(4000):
    if number == 2000:
        gc.collect()
        before = sys.getallocatedblocks()
    try:
        try:
            _testcapi.set_nomemory(number % 60, number % 60 + 1)
            json.loads(text)
        finally:
            _testcapi.remove_mem_hooks()
    except MemoryError:
        failures += 1
gc.collect()
assert abs(sys.getallocatedblocks() - before) < 50
print(failures > 100)
"""


def test_running_out_of_memory_anywhere_is_a_memory_error_and_leaks_nothing():
    pytest.importorskip("_testcapi")
    assert run(OUT_OF_MEMORY) == "True"


def test_random_documents_survive_collections_in_between():
    rng = random.Random(7)

    def make(depth):
        kind = rng.randrange(7 if depth else 5)
        if kind < 5:
            return [
                None,
                rng.random(),
                rng.randrange(-(1 << 61), 1 << 61),
                "é" * rng.randrange(5),
                "x" * rng.randrange(20),
            ][kind]
        if kind == 5:
            return [make(depth - 1) for _ in range(rng.randrange(8))]
        return {f"k{rng.randrange(40)}": make(depth - 1) for _ in range(rng.randrange(20))}

    kept = []
    for number in range(200):
        document = [make(4) for _ in range(5)]
        made = json.loads(stdlib.dumps(document))
        assert made == document
        kept.append(made)
        if number % 3 == 0:
            rng.shuffle(kept)
            del kept[: len(kept) // 2]
            gc.collect(rng.randrange(3))
