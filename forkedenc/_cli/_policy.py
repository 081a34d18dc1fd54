"""The policy that an operator names: one of the presets, or a TOML file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from forkedenc._errors import shown

if TYPE_CHECKING:
    from forkedenc.xml.sanitize import Policy

PRESETS: Final = ("svg", "xhtml", "feed", "soap", "plain")


class PolicyName(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """The name of a preset, which wins, or the path of a TOML file."""

    name = "NAME|FILE.toml"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Policy:
        """The policy; a usage error for what names none, or for a file that can't be read or contradicts itself."""
        # Here, so that a command's help does without.
        from forkedenc.xml import sanitize  # noqa: PLC0415

        text = str(value)
        if text in PRESETS:
            preset: Policy = getattr(sanitize, text.upper())
            return preset
        if not text.lower().endswith(".toml"):
            self.fail(f"{shown(text)!r} is neither a policy ({', '.join(PRESETS)}) nor a .toml file", param, ctx)
        try:
            return sanitize.Policy.from_toml(text)
        except OSError as error:
            self.fail(f"{shown(text)}: {error.strerror or error}", param, ctx)
        except ValueError as error:
            # PolicyError, and what is no UTF-8.
            self.fail(f"{shown(text)}: {shown(str(error))}", param, ctx)


def root_namespaces(policy: Policy) -> set[str | None]:
    """The namespaces of the roots that a policy allows: "" for none, None for any."""
    heads = (root.rpartition("}")[0] for root in policy.roots)
    return {None if head == "{*" else head[1:] for head in heads}
