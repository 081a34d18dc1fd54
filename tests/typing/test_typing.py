"""Type checkers agree with tests/typing/samples.py, and the stub of the native module with the module."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    assert done.returncode == 0, done.stdout + done.stderr


def needs(module):
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=f"{module} is not installed")


@needs("mypy")
def test_mypy_infers_what_the_samples_say(tmp_path):
    run(sys.executable, "-m", "mypy", "--strict", "--warn-unused-ignores", "--cache-dir", tmp_path, "samples.py")


def test_pyright_infers_what_the_samples_say():
    pyright = shutil.which("basedpyright") or shutil.which("pyright")
    if pyright is None:
        pytest.skip("neither basedpyright nor pyright is installed")
    run(pyright, "--level", "error", "samples.py")


@needs("mypy")
def test_the_stub_says_what_the_native_module_has(tmp_path):
    config = tmp_path / "mypy.ini"
    config.write_text(f"[mypy]\ncache_dir = {tmp_path / 'cache'}\n")
    allowed = HERE / "stubtest-allow.txt"
    command = [sys.executable, "-m", "mypy.stubtest", "forkedenc._native", "--mypy-config-file", config]
    run(*command, "--allowlist", allowed, "--ignore-unused-allowlist")
