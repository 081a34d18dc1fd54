"""What the three upload handlers share: the sanitizer, the place of the files, and the answer to what is refused.

A picture is cleaned as it comes in, into a file beside its place, which takes the place when the document has ended. Whatever
happens before that, nothing is left.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from forkedenc import DecodeError, LimitError, Limits
from forkedenc.xml.sanitize import SVG, Report, Sanitizer

CHUNK = 1 << 16
AVATARS = Path(os.environ.get("AVATARS", "avatars"))
CLEANER = Sanitizer(SVG, limits=Limits(max_document_bytes=1 << 20, max_depth=100, max_tokens=100_000))


@contextmanager
def incoming(user: int) -> Iterator[IO[bytes]]:
    """A file that becomes the user's picture when the block ends well, and is gone when it does not."""
    AVATARS.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=AVATARS, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).replace(AVATARS / f"{user}.svg")
    except BaseException:
        Path(name).unlink()
        raise


def accepted(report: Report) -> dict[str, Any]:
    """What the one who sent the picture learns: how much of it was taken out, and where."""
    return {"removed": report.removed, "first": [removal.path for removal in report.removals[:10]]}


def refused(error: DecodeError) -> tuple[dict[str, Any], int]:
    """The answer and its status: 413 for what is too large in any way, 422 for what is no picture."""
    status = 413 if isinstance(error, LimitError) else 422
    return {"error": str(error), "line": error.line, "column": error.column}, status
