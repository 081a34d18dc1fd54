"""The command ``forkedenc``: one file per subcommand, put together in ``_app``.

This file only sees to it that a missing extra is said in one line; ``_app`` and the rest may then import click.
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process and exit with its status."""
    try:
        import click  # noqa: F401, PLC0415 - is it there?
        import rich  # noqa: F401, PLC0415 - is it there?
    except ImportError as error:
        print(f"forkedenc: the command needs {error.name}: pip install 'forkedenc[cli]'", file=sys.stderr)
        sys.exit(2)
    from forkedenc._cli._app import run  # noqa: PLC0415 - it needs both

    sys.exit(run(sys.argv[1:]))
