"""The third-party suites, where their data is: FORKEDENC_DATA, or ../shared/data beside the checkout."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("FORKEDENC_DATA") or Path(__file__).parents[3] / "shared" / "data")
MISSING = f"no MANIFEST.tsv in {FOLDER}: set FORKEDENC_DATA to the folder of test data"
present = pytest.mark.skipif(not (FOLDER / "MANIFEST.tsv").is_file(), reason=MISSING)


def rows(*formats: str) -> Iterator[dict[str, str]]:
    """The rows of the manifest in these formats; none where the data is missing."""
    manifest = FOLDER / "MANIFEST.tsv"
    if manifest.is_file():
        with manifest.open(newline="", encoding="utf-8") as file:
            yield from (row for row in csv.DictReader(file, delimiter="\t") if row["format"] in formats)
