"""What tests of the sanitizer share is found by name, as what all tests share is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
