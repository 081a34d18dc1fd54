"""JSON and XML codecs for bytes you do not trust.

``from forkedenc import json`` replaces the standard library's module of that name and adds ``decode``, ``encode``,
``StreamDecoder`` and ``items``. ``from forkedenc import xml`` has ``PullParser``, ``events`` and ``Writer``; its
submodules ``etree``, ``sax``, ``minidom`` and ``pulldom`` replace the standard library's, ``lxml`` gives lxml's
elements. Both decode into classes and encode their instances. `Rest` is the type of the field that keeps what no other
claims, `UNSET` the value of a field that is absent. `Limits` says what a document may cost, ``runtime`` what reading them took.
"""

from forkedenc import _runtime as runtime
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
from forkedenc._rest import REST, UNSET, Rest, UnsetType
from forkedenc._runtime import runtime_stats

__all__ = [
    "REST",
    "UNSET",
    "DecodeError",
    "EncodeError",
    "Error",
    "IncompleteError",
    "LimitBreach",
    "LimitError",
    "Limits",
    "PolicyError",
    "PolicyViolation",
    "Rest",
    "SchemaError",
    "UnsetType",
    "ValidationError",
    "__version__",
    "runtime",
    "runtime_stats",
]

__version__ = "0.1.0"
