"""The group of commands, and how a run of it ends: statuses and one-line messages."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

import forkedenc
from forkedenc._cli import _status

COMMANDS: Final = {
    "sanitize": "forkedenc._cli.sanitize:sanitize",
    "policy": "forkedenc._cli.policy:policy",
    "check": "forkedenc._cli.check:check",
    "stacks": "forkedenc._cli.stacks:stacks",
    "break": "forkedenc._cli.break_:break_",
    "run": "forkedenc._cli.run:run",
}
"""Where each command is."""


class _Commands(click.Group):
    """Imports a command when it is asked for: none of them should take the time and memory that the others need."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click gives it
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(forkedenc.__version__, prog_name="forkedenc", message="%(prog)s %(version)s")
def app() -> None:
    """JSON and XML from strangers: checked, measured, within limits.

    \b
    Exit status: 0 done · 1 --check found something to remove · 2 usage or policy · 3 not well-formed or refused
                 by the policy · 4 a limit was crossed · 5 input or output failed. The highest one wins.
    """  # noqa: D301 - click's mark for lines to keep


def run(words: list[str]) -> int:
    """Run the command with these arguments and give its exit status."""
    try:
        status = app.main(words, prog_name="forkedenc", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return _status.USAGE
    except (click.Abort, KeyboardInterrupt):
        return _status.INTERRUPTED
    except OSError as error:
        # What is read is seen to by the commands, so this is what they wrote.
        return _status.unwritten(error)
    return status if isinstance(status, int) else _status.DONE
