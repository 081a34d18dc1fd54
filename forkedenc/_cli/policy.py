"""``forkedenc policy``: what a policy says, in whole, about one name, or as a digest to pin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from forkedenc._cli._policy import PolicyName, root_namespaces
from forkedenc._errors import PolicyError, shown

if TYPE_CHECKING:
    from forkedenc.xml.sanitize import Policy


@click.group()
def policy() -> None:
    """Show what the policies of `forkedenc sanitize` allow.

    A policy is one of svg, xhtml, feed, soap and plain, or a FILE.toml.
    """


_named = click.argument("named", type=PolicyName(), metavar="NAME|FILE.toml")


@policy.command()
@_named
def show(named: Policy) -> None:
    """Print a policy as TOML, which `forkedenc sanitize --policy FILE.toml` takes, changed or not."""
    text = named.to_toml()
    print(text, end="" if text.endswith("\n") else "\n")


@policy.command()
@_named
@click.argument("element")
@click.argument("attribute", required=False)
def explain(named: Policy, element: str, attribute: str | None) -> None:
    """Say what becomes of ELEMENT, or of its ATTRIBUTE, and by which rule.

    Names are written {uri}local, or as they are. A bare ELEMENT is in the namespace of the roots that the policy allows,
    if all have the same: that of SVG, say; a bare ATTRIBUTE is in none.
    """
    namespaces = root_namespaces(named)
    if "}" not in element and len(namespaces) == 1 and (uri := namespaces.pop()):
        element = f"{{{uri}}}{element}"
    try:
        print(shown(named.explain(element, attribute)))
    except PolicyError as error:
        raise click.UsageError(shown(str(error))) from error


@policy.command()
@_named
def digest(named: Policy) -> None:
    """Print a policy's digest, which is the same as long as what it allows is: for pinning it, say in CI."""
    print(named.digest())
