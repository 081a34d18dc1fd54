"""Hostile documents on purpose, to test any parser with: each says what a correct one does with it.

    >>> from forkedenc import breaking
    >>> kind = breaking.kinds()["json-deep-arrays"]
    >>> kind.outcome, b"".join(kind.generate(10))
    ('limit', b'[[[[[]]]]]')
    >>> breaking.encode({"a": [1, 2]}, "json", break_="trailing_comma")
    b'{"a":[1,2],}'

`Kind.generate` writes a document of any size in flat memory; `encode` writes an object of yours wrongly in a chosen way.
Nothing here names a host or a file that exists. ``_kind`` has the machinery, the other modules the documents.
"""

from forkedenc.breaking import _json_faults, _json_size, _xml_faults, _xml_size
from forkedenc.breaking._encode import encode
from forkedenc.breaking._kind import Kind

__all__ = ["Kind", "encode", "kinds"]


_ROOMS = (_json_size, _json_faults, _xml_size, _xml_faults)


def kinds() -> dict[str, Kind]:
    """Every kind by its name; the dict is the caller's."""
    return {kind.name: kind for room in _ROOMS for kind in room.KINDS}
