"""What belongs to the process: the stress switch, and the runtime's locks through `os.fork()`."""

from __future__ import annotations

import os

from forkedenc import _native

__all__ = ["stress", "stressed"]


def stress(on: bool) -> None:
    """Switches stress mode: every push moves its stack, the memory left behind is poisoned, nothing is pooled.

    Above 16 KiB in use a stack moves after some pushes, above 64 KiB after each eighth more: depth costs no square.
    Changes no result, only time; for tests. Running streams follow at their next chunk. Default: off, or on where the
    environment has `FORKEDENC_STRESS=1`. Raises TypeError where `on` is no bool.
    """
    _native.set_stress(on)


def stressed() -> bool:
    """Whether stress mode is on."""
    return _native.stress()


if hasattr(os, "register_at_fork"):
    # A child has one thread: a lock that another one held would stay locked in it for ever.
    os.register_at_fork(
        before=_native.runtime_before_fork,
        after_in_parent=_native.runtime_after_fork,
        after_in_child=_native.runtime_after_fork,
    )
