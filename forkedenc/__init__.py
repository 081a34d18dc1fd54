"""JSON and XML codecs for bytes you do not trust.

``from forkedenc import json`` replaces the standard library's module of that name and adds ``decode``, ``encode``,
``StreamDecoder`` and ``items``; `Limits` says what a document may cost.
"""

from forkedenc._errors import (
    DecodeError,
    EncodeError,
    Error,
    IncompleteError,
    LimitBreach,
    LimitError,
    PolicyError,
    PolicyViolation,
    SchemaError,
    ValidationError,
)
from forkedenc._limits import Limits

__all__ = [
    "DecodeError",
    "EncodeError",
    "Error",
    "IncompleteError",
    "LimitBreach",
    "LimitError",
    "Limits",
    "PolicyError",
    "PolicyViolation",
    "SchemaError",
    "ValidationError",
    "__version__",
]

__version__ = "0.1.0"
