"""Typed JSON on types and documents that are drawn: what is decoded and encoded again has lost nothing.

Run by fuzz/run.py; hypothesis draws, anew in every run. For every type and document
- the value is the one that the plain reference of tests/support makes of the document;
- a stream cut anywhere gives the same value;
- what is encoded decodes to the same value, and an object of a class with a rest has all its members still;
- a document that does not fit is refused at the place where the reference refuses it.
"""

import argparse
import json as stdlib
import random
import sys
import time
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st
from hypothesis.errors import HypothesisWarning

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
import schema_reference
import schema_strategies
from schema_reference import MisfitError, equal

from forkedenc import ValidationError, json
from forkedenc._errors import shown_path

EXAMPLES = 200


def outcome(kind: Any, data: bytes, cuts: list[int]) -> tuple[str, Any]:
    """The value from a stream cut at these offsets, or the path to what does not fit."""
    stream = json.StreamDecoder(kind)
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    try:
        values = [value for at, to in pairwise(bounds) for value in stream.feed(data[at:to])]
        (value,) = values + stream.close()
    except ValidationError as error:
        return "misfit", error.path
    return "value", value


def check_fit(case: Any, cuts: list[int]) -> None:
    value = json.decode(case.data, case.hint)
    assert equal(value, case.value)
    assert equal(outcome(case.hint, case.data, cuts), ("value", value))
    encoded = json.encode(value)
    assert equal(json.decode(encoded, case.hint), value)
    if isinstance(case.document, dict) and isinstance(getattr(value, "rest", None), dict):
        assert set(stdlib.loads(encoded)) >= set(case.document)


def check_misfit(case: Any, document: Any, text: bytes, cuts: list[int]) -> None:
    try:
        expected = ("value", schema_reference.decode(case.hint, document))
    except MisfitError as error:
        expected = ("misfit", shown_path(error.path))
    # A number at the end is complete only with what stands behind it.
    assert equal(outcome(case.hint, text + b"\n", cuts), expected)


def run(number: int) -> None:
    """One run of hypothesis, its examples drawn from a seed."""

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(st.data(), st.lists(st.integers(0, 1 << 16), max_size=4))
    def one(data: st.DataObject, cuts: list[int]) -> None:
        case = data.draw(schema_strategies.cases())
        check_fit(case, cuts)
        document = data.draw(schema_strategies.misfits(case.document))
        check_misfit(case, document, data.draw(schema_strategies.texts(document)), cuts)

    one()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="the first seed, to see a run again; 0 takes a new one")
    parser.add_argument("--seeds", "--artifacts", type=Path, help="of no use here: everything is drawn")
    options = parser.parse_args()
    # Shrinking describes strategies to itself, and those of types in types are long.
    warnings.filterwarnings("ignore", "Generating overly large repr", HypothesisWarning)
    end = time.monotonic() + options.seconds
    number = options.seed or random.SystemRandom().randrange(1, 1 << 32)
    runs = 0
    while runs == 0 or time.monotonic() < end:
        try:
            run(number + runs)
        except BaseException:
            print(f"fails with --seed {number + runs}", file=sys.stderr)
            raise
        runs += 1
    print(f"{runs * EXAMPLES} types and documents, first seed {number}")


if __name__ == "__main__":
    main()
