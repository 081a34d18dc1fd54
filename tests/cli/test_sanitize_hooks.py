"""The hooks for pre-commit: their entries run, and do what their names say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from forkedenc.xml import sanitize as library

pytest.importorskip("click")
pytest.importorskip("rich")

MANIFEST = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
DIRTY = b'<svg xmlns="http://www.w3.org/2000/svg"><script/><g/></svg>'
CLEANED = library.Sanitizer(library.SVG).clean(DIRTY).data


def hooks():
    """The manifest, which is as flat as this reads it."""
    found = []
    for line in MANIFEST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        match = re.fullmatch(r"(- |  )([a-z_]+): (.+)", line)
        assert match, line
        if match[1] == "- ":
            found.append({})
        found[-1][match[2]] = match[3]
    return {hook["id"]: hook for hook in found}


def run(hook, *paths):
    program, *words = shlex.split(hooks()[hook]["entry"])
    assert program == "forkedenc"
    words = [sys.executable, "-m", "forkedenc", *words, *map(str, paths)]
    return subprocess.run(words, capture_output=True, check=False, timeout=60)


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / name for name in ("dirty.svg", "clean.svg", "dirty too.svg")]
    for path, data in zip(paths, (DIRTY, CLEANED, DIRTY), strict=True):
        path.write_bytes(data)
    return paths


def test_the_manifest_has_what_pre_commit_asks_for():
    assert set(hooks()) == {"forkedenc-sanitize-svg", "forkedenc-check-svg"}
    for hook in hooks().values():
        assert {"name", "entry", "language", "types"} <= set(hook)
        assert hook["types"] == "[svg]"
        # The extra [cli], which pre-commit can't ask for.
        assert hook["additional_dependencies"] == '["click>=8.1", "rich>=13"]'


def test_the_hook_that_sanitizes_writes_in_place_and_is_content_afterwards(pictures):
    for _ in range(2):
        done = run("forkedenc-sanitize-svg", *pictures)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert [path.read_bytes() for path in pictures] == [CLEANED] * 3


def test_the_hook_that_checks_fails_and_tells_where(pictures):
    before = [path.read_bytes() for path in pictures]
    done = run("forkedenc-check-svg", *pictures)
    assert done.returncode == 1
    assert f"{pictures[0]}:1:41: element script".encode() in done.stdout
    assert f"{pictures[2]}:1:41: element script".encode() in done.stdout
    assert [path.read_bytes() for path in pictures] == before
    assert run("forkedenc-check-svg", pictures[1]).returncode == 0
