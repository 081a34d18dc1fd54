"""Third-party suites of XML: verdicts, canonical forms, and the same outcome whole, byte by byte, at random cuts and in
stress mode. What is asked of each document is in support/xml_suites.py.
"""

import contextlib
import os

import pytest
import suites
import xml_suites
from feeding import chunks_of, random_chunks
from xml_feeding import first_canonical_form, first_difference, pull

import forkedenc

DOCUMENTS = xml_suites.documents()
BYTEWISE = 64 << 10
BIG = 1 << 20
pytestmark = suites.present

# In the suite's own counting, and how many of its documents have to be there: a run over none would show nothing.
LEAST = {"xml-w3c-xmlconf": 2000, "svg-real": 1500, "xml-docs": 1000, "xml-feedparser": 1000, "fuzz-xml-gofuzz": 400}


def group(condition=lambda document: True):
    """A test for each suite: one for each document would be thousands of lines that say nothing."""
    return pytest.mark.parametrize("suite", sorted({document.suite for document in DOCUMENTS if condition(document)}))


def of(suite):
    return [document for document in DOCUMENTS if document.suite == suite]


@contextlib.contextmanager
def stress():
    """Stress mode on, and off again unless the whole run is in it."""
    forkedenc.runtime.stress(True)
    try:
        yield
    finally:
        forkedenc.runtime.stress(bool(os.environ.get("FORKEDENC_STRESS")))


@group()
def test_what_is_well_formed_is_taken_and_what_is_not_is_refused(suite):
    wrong = []
    for document in of(suite):
        data = document.read()
        error = pull([data], **xml_suites.options(data)).error
        verdict = document.verdict(data)
        if verdict and (verdict == xml_suites.REFUSE) != (error is not None):
            wrong.append((document.path, verdict, error))
        elif error is not None and not 0 <= error[2] <= len(data):
            wrong.append((document.path, "an offset outside", error))
    assert not wrong
    assert len(of(suite)) >= LEAST.get(suite, 1)


@group(lambda document: document.expected_output)
def test_canonical_forms_are_those_of_the_suite(suite):
    wrong, compared = [], 0
    for document in of(suite):
        expected = document.canonical()
        if expected is None:
            continue
        compared += 1
        data = document.read()
        outcome = pull([data], namespaces=False, **xml_suites.options(data))
        form = first_canonical_form(outcome.events)
        if outcome.error or form != expected:
            wrong.append((document.path, outcome.error, form[:200], expected[:200]))
    assert not wrong
    assert compared > 0 or suite != "xml-w3c-xmlconf"


def ways(document, data):
    """Ways to cut a document: name and chunks."""
    if len(data) <= BYTEWISE:
        yield "byte by byte", chunks_of(data, 1)
    else:
        yield "in sevens", chunks_of(data, 7)
    for seed in range(2):
        yield f"random cut {seed}", random_chunks(data, (document.path, seed))


def differences(whole, other):
    """What differs; an error ends the events, of which a bigger chunk may have lost the last."""
    if other.error != whole.error:
        return f"{other.error}, whole: {whole.error}"
    count = min(len(whole.events), len(other.events)) if whole.error else max(len(whole.events), len(other.events))
    return first_difference(
        list(zip(other.events, other.places, strict=True))[:count],
        list(zip(whole.events, whole.places, strict=True))[:count],
    )


@group()
def test_cuts_and_stress_never_change_events_places_or_errors(suite):
    wrong = []
    for document in of(suite):
        data = document.read()
        if len(data) > BIG:
            continue
        options = xml_suites.options(data)
        whole = pull([data], **options)
        found = [(name, differences(whole, pull(chunks, **options))) for name, chunks in ways(document, data)]
        with stress():
            found.append(("stress", differences(whole, pull([data], **options))))
        wrong += [(document.path, name, difference) for name, difference in found if difference]
    assert not wrong
