"""The command ``forkedenc``: one file per subcommand, put together in ``_app``.

This file only sees to it that a missing extra is said in one line; ``_app`` and the rest may then import click.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process and exit with its status."""
    for needed in ("click", "rich"):
        if find_spec(needed) is None:
            print(f"forkedenc: the command needs {needed}: pip install 'forkedenc[cli]'", file=sys.stderr)
            sys.exit(2)
    from forkedenc._cli._app import run  # noqa: PLC0415 - it needs both

    sys.exit(run(sys.argv[1:]))
