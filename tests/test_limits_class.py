"""`Limits` as a class: presets, immutability, copies, and what it refuses."""

import copy
import dataclasses
import pickle
from fractions import Fraction

import pytest

import forkedenc
from forkedenc import Limits
from forkedenc._limits import FIELDS

PRESETS = {
    "default": Limits(),
    "strict": Limits.strict(),
    "stdlib": Limits.stdlib(),
    "unlimited": Limits.unlimited(),
}
NAMES = [row.name for row in FIELDS]


def test_presets_differ_and_unlimited_is_none_everywhere():
    assert len(set(PRESETS.values())) == 4
    assert set(dataclasses.asdict(Limits.unlimited()).values()) == {None}


@pytest.mark.parametrize(
    "field, values",
    [
        ("max_depth", (1000, 100, 10_000, None)),
        ("max_stack_bytes", (64 << 20, 64 << 10, 64 << 20, None)),
        ("max_string_bytes", (64 << 20, 1 << 20, None, None)),
        ("max_number_digits", (4300, 100, None, None)),
        ("max_entities", (10_000, 0, 10_000, None)),
    ],
)
def test_presets_have_the_documented_numbers(field, values):
    assert tuple(getattr(limits, field) for limits in PRESETS.values()) == values


@pytest.mark.parametrize("limits", PRESETS.values(), ids=PRESETS)
def test_copies_are_equal(limits):
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(limits, protocol)) == limits
    assert copy.copy(limits) == copy.deepcopy(limits) == limits
    assert eval(repr(limits), {"Limits": Limits}) == limits
    assert hash(eval(repr(limits), {"Limits": Limits})) == hash(limits)


def test_a_pickle_with_a_wrong_number_is_refused():
    data = pickle.dumps(Limits(max_depth=77), 0).replace(b"77", b"-7")
    with pytest.raises(ValueError, match="max_depth"):
        pickle.loads(data)


def test_repr_shows_what_differs_from_the_default():
    assert repr(Limits()) == "Limits()"
    assert repr(Limits(max_depth=64, max_items=None, max_key_bytes=None)) == "Limits(max_depth=64, max_key_bytes=None)"


def test_replace_changes_a_copy():
    base = Limits(max_items=3)
    assert base.replace(max_depth=None) == Limits(max_items=3, max_depth=None)
    assert base.__replace__(max_depth=5) == Limits(max_items=3, max_depth=5)
    assert base == Limits(max_items=3)


def test_it_is_frozen_and_keyword_only():
    limits = Limits()
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.max_depth = 5
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError, AttributeError)):
        limits.max_depht = 5
    with pytest.raises(TypeError):
        Limits(5)
    with pytest.raises(TypeError):
        Limits(max_depht=5)
    with pytest.raises(TypeError):
        limits.replace(max_depht=5)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_limit_is_refused(name):
    ratio = name == "max_amplification"
    for value in (True, False, "10", b"10", [], 1j, *(() if ratio else (1.5, 10.0))):
        with pytest.raises(TypeError, match=name):
            Limits(**{name: value})
    for value in (-1, -(2**70), *((float("nan"), float("inf"), -0.5) if ratio else ())):
        with pytest.raises(ValueError, match=name):
            Limits(**{name: value})
    for value in (0, 1, 2**70, None, *((2.5, Fraction(7, 2)) if ratio else ())):
        assert getattr(Limits(**{name: value}), name) == value


def test_every_field_is_documented_in_the_table_and_the_docstring():
    for row in FIELDS:
        assert row.metadata["doc"]
        assert row.metadata["unit"]
        assert f"{row.name} [{row.default}]" in Limits.__doc__


def test_a_breach_is_frozen():
    breach = forkedenc.LimitBreach("max_depth", 1, 2, 3, 1, 4, "")
    assert breach == pickle.loads(pickle.dumps(breach))
    with pytest.raises(dataclasses.FrozenInstanceError):
        breach.limit = "max_items"
