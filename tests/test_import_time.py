"""What importing a codec does not load: the schema compiler is for those who decode into types."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("codec", ["json", "xml"])
def test_the_schema_compiler_is_loaded_with_the_first_type(codec):
    program = f"""
import sys
from forkedenc import {codec}
assert "forkedenc._schema" not in sys.modules
{"json.decode(b'1', int)" if codec == "json" else ""}
assert ("forkedenc._schema" in sys.modules) == {codec == "json"}
"""
    subprocess.run([sys.executable, "-c", program], check=True)
