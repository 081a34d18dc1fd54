"""The flags that every command has: one ``--max-...`` for each field of `Limits`, made from its table."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from forkedenc._limits import FIELDS, Limits

_Function = TypeVar("_Function", bound=Callable[..., Any])

_UNITS = {
    "": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 1 << 10,
    "MiB": 1 << 20,
    "GiB": 1 << 30,
    "TiB": 1 << 40,
}
_SIZE = re.compile(r"([0-9]{1,30})(|[kMGT]B|[KMGT]iB)")
PRESETS = {
    "default": Limits,
    "strict": Limits.strict,
    "stdlib": Limits.stdlib,
    "unlimited": Limits.unlimited,
}


class Count(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """A number of things, or ``none`` for no limit."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | float | None:
        """The number; a usage error for anything else."""
        text = str(value)
        if text == "none":
            return None
        number = self.number(text)
        if number is None:
            self.fail(f"{text!r} is not {self.wanted}", param, ctx)
        return number

    wanted = "a whole number or none"

    def number(self, text: str) -> int | float | None:
        """The number that a text stands for, or None."""
        return int(text) if re.fullmatch("[0-9]{1,30}", text) else None


class Size(Count):
    """A number of bytes, with or without a unit."""

    name = "SIZE"
    wanted = "a number of bytes, such as 4096, 8MiB or none"

    def number(self, text: str) -> int | float | None:
        """The number of bytes that a text stands for, or None."""
        match = _SIZE.fullmatch(text)
        return int(match[1]) * _UNITS[match[2]] if match else None


class Ratio(Count):
    """A real number that is not negative."""

    name = "RATIO"
    wanted = "a number or none"

    def number(self, text: str) -> int | float | None:
        """The number that a text stands for, or None."""
        if re.fullmatch("[0-9]{1,30}", text):
            return int(text)
        try:
            number = float(text)
        except ValueError:
            return None
        return number if math.isfinite(number) and number >= 0 else None


_TYPES = {"bytes": Size(), "ratio": Ratio()}


def limit_options(function: _Function) -> _Function:
    """Give a command ``--limits PRESET`` and the flags; it is called with ``limits``, a `Limits`."""

    @functools.wraps(function)
    def call(**options: Any) -> Any:
        base = PRESETS[options.pop("preset")]()
        given = click.get_current_context()
        changes = {}
        for row in FIELDS:
            value = options.pop(row.name)
            # None may mean "none" as well as "not given".
            if given.get_parameter_source(row.name) is not click.core.ParameterSource.DEFAULT:
                changes[row.name] = value
        return function(**options, limits=base.replace(**changes))

    defaults = Limits()
    for row in reversed(FIELDS):
        kind = _TYPES.get(row.metadata["unit"], Count())
        value = getattr(defaults, row.name)
        default = "none" if value is None else shown_size(value, row.metadata["unit"])
        text = f"{row.metadata['doc']} [{default}]"
        call = click.option("--" + row.name.replace("_", "-"), row.name, type=kind, default=None, help=text)(call)
    presets = click.Choice(list(PRESETS))
    help_text = "The limits that the flags below start from (their defaults are shown)."
    return click.option("--limits", "preset", type=presets, default="default", help=help_text)(call)  # type: ignore[return-value]


def shown_size(number: float, unit: str) -> str:
    """A number as a flag takes it, in the largest unit that needs no fraction."""
    if unit == "bytes" and isinstance(number, int) and number:
        for name in ("GiB", "MiB", "KiB"):
            if number % _UNITS[name] == 0:
                return f"{number // _UNITS[name]}{name}"
    return str(number)
