"""The group of commands, and how a run of it ends: statuses and one-line messages."""

from __future__ import annotations

import sys

import click

import forkedenc
from forkedenc._cli import _status
from forkedenc._cli.break_ import break_
from forkedenc._cli.check import check
from forkedenc._cli.run import run as run_
from forkedenc._cli.stacks import stacks


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog="Later releases add sanitize and policy.",
)
@click.version_option(forkedenc.__version__, prog_name="forkedenc", message="%(prog)s %(version)s")
def app() -> None:
    r"""JSON and XML from strangers: checked, measured, within limits.

    \b
    Exit status: 0 done · 1 --check found something to remove · 2 usage or policy · 3 not well-formed or refused
                 by the policy · 4 a limit was crossed · 5 input or output failed. The highest one wins.
    """


for _command in (check, stacks, break_, run_):
    app.add_command(_command)


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
