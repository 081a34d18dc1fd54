"""The figures as Python objects: what adds up, what is kept, what can't be changed."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import pickle

import pytest

from forkedenc import _native, _runtime as runtime
from forkedenc._runtime import Stats

COUNTERS = (
    "resumes",
    "suspensions",
    "growths",
    "shrinks",
    "bytes_copied",
    "growth_ns",
    "pool_hits",
    "pool_misses",
)

MANY = Stats(
    resumes=1,
    suspensions=2,
    growths=3,
    shrinks=4,
    bytes_copied=5,
    growth_ns=6,
    peak_stack_bytes=700,
    stack_bytes=2048,
    peak_depth=9,
    pool_hits=10,
    pool_misses=11,
    streams=2,
    segments_by_class={2048: 1, 4096: 1},
    breaches={"max_depth": 1},
)
FEW = Stats(resumes=1, peak_stack_bytes=800, peak_depth=3, streams=1, segments_by_class={2048: 1, 8192: 1})


def test_counters_and_live_figures_add_up_and_peaks_take_the_higher():
    both = MANY + FEW
    for name in (*COUNTERS, "streams", "stack_bytes"):
        assert getattr(both, name) == getattr(MANY, name) + getattr(FEW, name)
    assert (both.peak_stack_bytes, both.peak_depth) == (800, 9)
    assert both.segments_by_class == {2048: 2, 4096: 1, 8192: 1}
    assert both.breaches == {"max_depth": 1}


def test_a_difference_keeps_the_peaks_of_the_later_and_may_have_fewer_live():
    difference = MANY - FEW
    assert (difference.resumes, difference.streams) == (0, 1)
    assert (difference.peak_stack_bytes, difference.peak_depth) == (700, 9)
    assert difference.segments_by_class == {4096: 1, 8192: -1}
    assert (FEW - MANY).breaches == {"max_depth": -1}


def test_twice_is_the_double_and_less_itself_is_nothing():
    for name in COUNTERS:
        assert getattr(MANY + MANY, name) == 2 * getattr(MANY, name)
        assert getattr(MANY - MANY, name) == 0
    assert (MANY - MANY).segments_by_class == {}


@pytest.mark.parametrize("other", [1, None, {}, (1, 2)])
def test_stats_add_to_stats_only(other):
    with pytest.raises(TypeError):
        MANY + other
    with pytest.raises(TypeError):
        MANY - other


def test_stats_are_frozen_hashable_and_copied_whole():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MANY.growths = 1
    assert hash(MANY) == hash(dataclasses.replace(MANY))
    assert pickle.loads(pickle.dumps(MANY)) == copy.deepcopy(MANY) == MANY
    assert Stats(**dataclasses.asdict(MANY)) == MANY


def test_the_process_gives_every_field_as_a_plain_number():
    stats = runtime.runtime_stats()
    assert type(stats) is Stats
    for field in dataclasses.fields(stats):
        value = getattr(stats, field.name)
        if field.name in ("segments_by_class", "breaches"):
            assert isinstance(value, dict)
        else:
            assert type(value) is int
            assert value >= 0


def test_live_segments_are_the_live_streams():
    stats = runtime.runtime_stats()
    assert sum(stats.segments_by_class.values()) == stats.streams
    assert sum(size * count for size, count in stats.segments_by_class.items()) == stats.stack_bytes


def test_a_reloaded_module_registers_its_own_class():
    module = importlib.import_module("forkedenc._runtime._stats")
    try:
        importlib.reload(module)
        assert type(module.runtime_stats()) is module.Stats
        assert module.Stats is not Stats
    finally:
        module.Stats = Stats
        _native.register_stats_class(Stats)
    assert type(runtime.runtime_stats()) is Stats


def test_the_report_names_peak_moves_and_segments():
    assert runtime.growth_report(MANY).splitlines() == [
        "stack: 700 bytes at most, for 9 open containers",
        "moves: 3 growths, 2 ns each, 4 shrinks, 5 bytes copied",
        "segments: 10 at hand, 11 allocated",
    ]
    assert "0 growths, 0 shrinks" in runtime.growth_report(Stats())
