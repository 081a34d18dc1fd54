"""What is installed: the distribution's metadata and the files beside the code."""

from importlib import metadata
from pathlib import Path

import forkedenc

FILES = {Path(str(file)).name: file for file in metadata.files("forkedenc") or ()}


def test_nothing_else_is_required_at_run_time():
    required = [line for line in metadata.requires("forkedenc") or () if "extra ==" not in line]
    assert required == []


def test_the_package_says_that_it_is_typed():
    assert (Path(forkedenc.__file__).parent / "py.typed").is_file()


def test_both_licences_are_installed():
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        assert FILES[name].locate().is_file()


def test_the_command_is_installed():
    (command,) = metadata.entry_points(group="console_scripts", name="forkedenc")
    assert command.value == "forkedenc._cli:main"
