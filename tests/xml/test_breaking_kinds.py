"""Every kind of hostile XML that forkedenc.breaking writes ends as it says, by events and by trees, whole and in chunks."""

import pytest
from feeding import chunks_of
from xml_feeding import pull

import forkedenc
from forkedenc import breaking, runtime
from forkedenc.xml.etree import ElementTree

KINDS = [kind for kind in breaking.kinds().values() if kind.format == "xml"]
SIZE = 2_000 if runtime.stressed() else 200_000


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_ends_as_it_says(kind):
    data = b"".join(kind.generate(SIZE, 1))
    strict, free = forkedenc.Limits.strict(), forkedenc.Limits()
    limits = strict if kind.outcome == "limit" else free
    error = pull([data], limits=limits, dtd="internal", encodings="all").error
    if kind.outcome == "valid":
        assert error is None
    elif kind.outcome == "error":
        assert error
    else:
        # Grammatical, but more than anybody should take: by the strict limits, or in time and memory that stay small.
        assert error is None or error[1] in ("limit", "dtd_forbidden")
    for size in (4096, 7):
        assert pull(chunks_of(data, size), limits=limits, dtd="internal", encodings="all").error == error


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.outcome == "error"], ids=lambda kind: kind.name)
def test_a_tree_is_refused_as_well(kind):
    data = b"".join(kind.generate(2_000, 2))
    if pull([data], dtd="internal").error:
        with pytest.raises(forkedenc.DecodeError):
            ElementTree.fromstring(data)
