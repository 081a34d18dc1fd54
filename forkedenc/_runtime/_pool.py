"""The process's pool of segments: stacks that ended give theirs back here, grown as they are, for the next ones."""

from __future__ import annotations

import sys

from forkedenc import _native

__all__ = ["Pool", "pool"]


class Pool:
    """The pool. There is one, `forkedenc.runtime.pool`; every thread keeps up to two segments beside it."""

    __slots__ = ()

    def prime(self, n: int, bytes: int) -> int:
        """Allocates `n` segments that hold `bytes` each (rounded up to a power of two, 2 KiB at least), their memory touched.

        Stops at the pool's limit, and where there is no memory. Returns how many it made. Raises ValueError where a number
        is negative, TypeError where it is no int.
        """
        return _native.pool_prime(_size("n", n), _size("bytes", bytes))

    def trim(self) -> None:
        """Frees all that the pool keeps, and what the calling thread keeps beside it."""
        _native.pool_trim()

    @property
    def held(self) -> int:
        """What the pool keeps now, in bytes."""
        return _native.pool_held()

    @property
    def limit(self) -> int:
        """What the pool may keep, in bytes. Default: 64 MiB.

        What is beyond a lower limit is freed at once. Raises ValueError where it is set to a negative number, TypeError
        where to no int.
        """
        return _native.pool_limit()

    @limit.setter
    def limit(self, size: int) -> None:
        _native.pool_set_limit(_size("limit", size))

    def __repr__(self) -> str:
        return f"<forkedenc.runtime.pool: {self.held:,} of {self.limit:,} bytes>"


def _size(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        msg = f"{name} is an int, not {type(value).__name__}"
        raise TypeError(msg)
    if value < 0:
        msg = f"{name} is at least 0, not {value}"
        raise ValueError(msg)
    # No machine has more.
    return min(value, sys.maxsize)


pool = Pool()
