"""``python -m forkedenc.json.tool``: the running interpreter's ``json.tool`` on this package's codec.

Its options, output and messages differ from version to version, so they are taken from the interpreter: a private copy
of its module is loaded, in which the name ``json`` means ``forkedenc.json``.
"""

from __future__ import annotations

import argparse
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from forkedenc import json

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """An argument parser that says how it was really started."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "prog": "python -m forkedenc.json.tool"})


def _load() -> ModuleType:
    """A copy of the interpreter's ``json.tool``, found past ``sys.modules``, where the name json may mean us."""
    package = PathFinder.find_spec("json")
    spec = package and PathFinder.find_spec("json.tool", package.submodule_search_locations)
    if not spec or not spec.loader:
        raise ImportError("this interpreter has no json.tool")
    tool = module_from_spec(spec)
    spec.loader.exec_module(tool)
    names = ModuleType("argparse")
    vars(names).update(vars(argparse), ArgumentParser=_Parser)
    vars(tool).update(json=json, argparse=names)
    return tool


def main() -> None:
    """Validate or pretty-print the file named on the command line, or standard input."""
    _load().main()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError as error:
        sys.exit(error.errno)
