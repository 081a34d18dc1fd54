"""What every test has: the helpers of tests/support, and stress mode when FORKEDENC_STRESS is set."""

import os
import sys
from pathlib import Path

# Tests are loaded by path (importmode=importlib), so what they share is found by name from here.
sys.path.insert(0, str(Path(__file__).parent / "support"))


def pytest_configure():
    if os.environ.get("FORKEDENC_STRESS"):
        import forkedenc

        forkedenc.runtime.stress(True)
