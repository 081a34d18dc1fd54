"""Interpreters beside the main one are refused with an ImportError, and the main one goes on."""

import subprocess
import sys

import pytest

# The modules that make interpreters have their names and signatures by version; none is public before 3.14.
PROGRAM = """
import sys

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
order, isolated = sys.argv[1], sys.argv[2] == "isolated"

INSIDE = '''
try:
    from forkedenc import json
except ImportError as error:
    import os
    os.write(1, f"refused: {error}".encode() + bytes([10]))
else:
    raise SystemExit(f"imported: {json.loads('[1]')}")
'''


def another():
    if sys.version_info >= (3, 13):
        made = interpreters.create("isolated" if isolated else "legacy")
        failed = interpreters.exec(made, INSIDE)
        assert failed is None, failed
    else:
        made = interpreters.create(isolated=isolated)
        interpreters.run_string(made, INSIDE)
    interpreters.destroy(made)


if order == "before":
    another()
from forkedenc import json

assert json.loads('{"a": [1, 2.5, "x"]}') == {"a": [1, 2.5, "x"]}
another()
assert json.loads('{"a": [1, 2.5, "x"]}') == {"a": [1, 2.5, "x"]}
"""


@pytest.mark.parametrize("kind", ["isolated", "legacy"])
@pytest.mark.parametrize("order", ["before", "after"])
def test_a_second_interpreter_is_refused_and_the_first_goes_on(order, kind):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, order, kind], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == (2 if order == "before" else 1)
    for line in lines:
        assert line.startswith("refused: ")
        assert "subinterpreter" in line
