"""The standard library's ``json.scanner``: the function that reads one value at an index of a str.

``py_make_scanner`` is the standard library's own: it alone asks a decoder for its ``parse_object``, ``parse_array`` and
``parse_string``, so a class that replaces those gets its own way by it, at the speed, depth and limits of Python code.
"""

from __future__ import annotations

import json.scanner
import re
from collections.abc import Callable
from typing import Any

from forkedenc._native import Scanner

__all__ = ["make_scanner"]

_stdlib: Any = json.scanner

NUMBER_RE: re.Pattern[str] = _stdlib.NUMBER_RE
py_make_scanner: Callable[[Any], Callable[[str, int], tuple[Any, int]]] = _stdlib.py_make_scanner

make_scanner = c_make_scanner = Scanner
