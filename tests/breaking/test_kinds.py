"""Every kind against parsers that know nothing of the labels: ours, the standard library's, expat."""

import hashlib
import itertools
import json as stdlib
import re
import tracemalloc
import xml.parsers.expat

import pytest

import forkedenc
from forkedenc import Limits, breaking, json

KINDS = breaking.kinds()
JSON = {name: kind for name, kind in KINDS.items() if kind.format == "json"}
XML = {name: kind for name, kind in KINDS.items() if kind.format == "xml"}
# Enough that each of a kind's variants gets its turn.
SEEDS = range(24)


def of(kinds, *outcomes):
    return pytest.mark.parametrize("kind", [pytest.param(k, id=n) for n, k in kinds.items() if k.outcome in outcomes])


def whole(kind, size, seed=0):
    return b"".join(kind.generate(size, seed))


def refused(constant):
    raise ValueError(constant)


def stdlib_reads(data):
    """Whether the standard library's json reads it, told to be strict where it can be told; None where it's too deep for it."""
    try:
        stdlib.loads(data.decode("utf-8"), parse_constant=refused, parse_int=str, parse_float=str)
    except RecursionError:
        return None
    except ValueError:
        return False
    return True


def expat_reads(data):
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    # Every entity is expanded; what is elsewhere is passed by.
    parser.StartElementHandler = lambda *_: None
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError:
        return False
    return True


def test_there_are_kinds_of_each_outcome_in_both_formats():
    for kinds in (JSON, XML):
        assert {kind.outcome for kind in kinds.values()} == {"valid", "error", "limit"}
    assert len(JSON) + len(XML) == len(KINDS)


def test_a_kind_is_found_by_its_name_and_its_name_begins_with_its_format():
    for name, kind in KINDS.items():
        assert kind.name == name
        assert re.fullmatch(rf"{kind.format}(-[a-z0-9]+)+", name)
        assert kind.summary
        assert "\n" not in kind.summary


def test_no_two_kinds_share_a_name():
    from forkedenc.breaking import _ROOMS

    names = [kind.name for room in _ROOMS for kind in room.KINDS]
    assert len(names) == len(set(names)) == len(KINDS)


def test_no_two_kinds_write_the_same():
    written = {}
    for name, kind in KINDS.items():
        assert written.setdefault(whole(kind, 3000), name) == name


def test_the_dict_of_kinds_is_the_callers():
    breaking.kinds().clear()
    assert breaking.kinds() == KINDS


# --- JSON ---------------------------------------------------------------------------------------------------------


@of(JSON, "valid")
@pytest.mark.parametrize("size", [0, 100, 5000])
def test_what_is_valid_is_read_by_us_and_by_the_standard_library(kind, size):
    for seed in SEEDS:
        data = whole(kind, size, seed)
        json.decode(data)
        assert stdlib_reads(data)


# What the grammar of JSON allows and so the standard library reads, though RFC 8259 (section 6, 8.2) warns of it.
BEYOND_GRAMMAR = {
    "json-huge-exponents",
    "json-lone-high-surrogate",
    "json-lone-low-surrogate",
    "json-lone-surrogate-key",
}


DEEP = {"json-open-arrays", "json-open-objects", "json-open-mixed", "json-wrong-closer", "json-one-closer-more"}


@of(JSON, "error")
@pytest.mark.parametrize("size", [0, 100, 5000])
def test_what_is_an_error_is_refused_by_us_and_by_the_standard_library(kind, size):
    for seed in SEEDS:
        data = whole(kind, size, seed)
        with pytest.raises(json.DecodeError) as caught:
            json.decode(data, limits=Limits.unlimited())
        assert not isinstance(caught.value, forkedenc.LimitError)
        if kind.name in BEYOND_GRAMMAR:
            assert stdlib_reads(data)
        else:
            assert not stdlib_reads(data), data[:200]
            assert size < 5000 or kind.name in DEEP or stdlib_reads(data) is False


@of(JSON, "error")
def test_an_error_is_refused_however_it_is_cut(kind):
    data = whole(kind, 300, 5)
    offsets = set()
    for step in (1, 7, len(data) or 1):
        checker = forkedenc._native.Checker("document", Limits.unlimited())
        with pytest.raises(json.DecodeError) as caught:
            for start in range(0, len(data), step):
                checker.feed(data[start : start + step])
            checker.close()
        offsets.add((caught.value.kind, caught.value.offset))
    assert len(offsets) == 1


@of(JSON, "limit")
def test_what_is_for_limits_is_grammatical(kind):
    for size, seed in itertools.product((0, 100, 400), (0, 1)):
        data = whole(kind, size, seed)
        json.decode(data, limits=Limits.unlimited())
        assert stdlib_reads(data)


@of(JSON, "limit")
def test_what_is_for_limits_is_refused_under_strict_ones_before_it_ends(kind):
    checker = forkedenc._native.Checker("document", Limits.strict())
    with pytest.raises(forkedenc.LimitError) as caught:
        for chunk in kind.generate(4_000_000):
            checker.feed(chunk)
    assert caught.value.limit != "max_document_bytes"


# --- XML ----------------------------------------------------------------------------------------------------------


@of(XML, "valid", "limit")
@pytest.mark.parametrize("size", [0, 100, 1500])
def test_what_is_well_formed_is_read_by_expat(kind, size):
    if kind.name == "xml-billion-laughs":
        pytest.skip("expat would expand it")
    for seed in (0, 1, 2, 3):
        # expat has the names of XML 1.0's fourth edition; the fifth allows more (section 2.3).
        assert expat_reads(whole(kind, size, seed).replace("𐀀='2'".encode(), b"n='2'"))


def test_the_billion_laughs_are_well_formed_once_their_tower_is_low():
    data = whole(KINDS["xml-billion-laughs"], 1500)
    assert data.count(b"<!ENTITY") == data.count(b"&l8;") == 10
    assert expat_reads(data.replace(b"&l8;" * 10, b"&l1;"))


@of(XML, "error")
@pytest.mark.parametrize("size", [0, 100, 1500])
def test_what_is_not_well_formed_is_refused_by_expat(kind, size):
    for seed in SEEDS:
        data = whole(kind, size, seed)
        if kind.name == "xml-utf-7":
            # expat knows no such encoding, and the answer of Python's bridge to it is no ExpatError.
            assert b"<script" not in data
            assert not expat_reads(data.decode("utf-7").replace("UTF-7", "UTF-8").encode())
        else:
            assert not expat_reads(data), data[:200]


# --- generators ---------------------------------------------------------------------------------------------------


@of(KINDS, "valid", "error", "limit")
def test_a_document_is_about_as_long_as_was_asked_for(kind):
    for size in (5_000, 200_000):
        assert abs(len(whole(kind, size, 3)) - size) <= 2200


@of(KINDS, "valid", "error", "limit")
def test_the_same_arguments_give_the_same_bytes_in_chunks_that_are_not_too_long(kind):
    for size, seed in ((0, 0), (70_000, 1), (70_000, -12345)):
        chunks = list(kind.generate(size, seed=seed))
        assert chunks == list(breaking.kinds()[kind.name].generate(size, seed))
        assert all(type(chunk) is bytes and 0 < len(chunk) <= 64 << 10 for chunk in chunks)


def test_another_seed_gives_another_document_where_there_is_a_choice():
    alike = {name for name, kind in KINDS.items() if len({whole(kind, 2000, seed) for seed in SEEDS}) == 1}
    # Documents of one sign again and again.
    assert len(alike) < len(KINDS) / 3
    assert not any(name.startswith(("json-bad", "json-utf-8", "xml-bad", "json-truncated")) for name in alike)


@of(KINDS, "valid", "error", "limit")
def test_a_document_of_any_size_is_written_in_flat_memory(kind):
    def read(chunks):
        done = 0
        for chunk in chunks:
            done += len(chunk)
            if done >= 2 << 20:
                return

    read(kind.generate(1 << 31))
    tracemalloc.start()
    try:
        read(kind.generate(1 << 31))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_nothing_that_a_document_names_exists():
    for kind in XML.values():
        for seed in SEEDS:
            for place in re.findall(rb"(?:https?|ftp|file)://[^\s\"'<>]*", whole(kind, 1500, seed)):
                # Names of namespaces; nobody goes there.
                assert b"//nowhere.invalid/" in place or place.startswith(b"http://www.w3.org/"), place


@pytest.mark.parametrize(
    "size, seed, error", [(-1, 0, ValueError), (1.5, 0, TypeError), (True, 0, TypeError), (1, "a", TypeError)]
)
def test_a_size_or_seed_that_is_none_is_refused_at_once(size, seed, error):
    with pytest.raises(error):
        KINDS["json-nan"].generate(size, seed)


def test_a_document_stays_what_it_was():
    # Bug reports name a kind, a size and a seed.
    kind = KINDS["json-trailing-comma-array"]
    assert hashlib.sha256(whole(kind, 1000, 7)).hexdigest()[:16] == "15f6331998e48e44"
