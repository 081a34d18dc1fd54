"""The cases of tests/cases.

A case has ``name``, the document as ``input`` (text) or ``hex``, and either ``value`` (the same document's value, written
as JSON that the standard library reads) or ``error`` with ``kind`` and ``offset`` and, where they are of interest,
``line``, ``column``, ``path``, ``limit``, ``maximum``, ``observed``. It may have ``limits`` (fields of Limits) and
``framing``; then ``values`` are those delivered, before the error if there is one. A case of XML that is well-formed has
``events``, each a kind and its fields; fields left out are None.
"""

import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "cases"
KNOWN = {"name", "input", "hex", "value", "values", "error", "limits", "framing", "options", "events"}


@dataclass
class Case:
    """One document and what has to come of it."""

    name: str
    data: bytes
    expected: list[str] = field(default_factory=list)
    error: dict[str, Any] | None = None
    limits: dict[str, int] = field(default_factory=dict)
    framing: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    events: list[list[Any]] | None = None


def load(folder: str) -> list[Case]:
    """The cases of one folder of tests/cases; a file that can't be read as such is an error, not an absence."""
    files = sorted((FOLDER / folder).rglob("*.toml"))
    cases = [case for file in files for case in _of(file)]
    assert cases, f"no cases in {FOLDER / folder}"
    return cases


def _of(file: Path) -> list[Case]:
    return [_case(f"{file.stem}: {row['name']}", row) for row in tomllib.loads(file.read_text("utf-8"))["case"]]


def _case(name: str, row: dict[str, Any]) -> Case:
    assert not set(row) - KNOWN, f"{name}: unknown keys {set(row) - KNOWN}"
    assert ("input" in row) != ("hex" in row), f"{name}: either input or hex"
    assert {"value", "values", "error", "events"} & set(row), f"{name}: nothing is expected"
    texts = row.get("values", [row["value"]] if "value" in row else [])
    return Case(
        name=name,
        data=row["input"].encode() if "input" in row else bytes.fromhex(row["hex"]),
        expected=[repr(json.loads(text)) for text in texts],
        error=row.get("error"),
        limits=row.get("limits", {}),
        framing=row.get("framing"),
        options=row.get("options", {}),
        events=row.get("events"),
    )
