"""The presets, each a module that makes one policy: rules as data, and beside each the reason why it is there."""

from __future__ import annotations

import functools
import importlib

from forkedenc.xml.sanitize._policy import Policy

__all__ = ["NAMES", "preset"]

NAMES = ("svg", "xhtml", "feed", "soap", "plain")


@functools.cache
def preset(name: str) -> Policy:
    """The preset of that name, made once; KeyError for any other word."""
    if name not in NAMES:
        raise KeyError(name)
    policy: Policy = importlib.import_module(f"{__name__}.{name}").policy()
    return policy
