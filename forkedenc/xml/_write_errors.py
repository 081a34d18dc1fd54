"""What writing XML raises: `forkedenc.EncodeError` and subclasses of it that are what the standard library raises as well."""

from __future__ import annotations

from forkedenc import _errors

__all__ = ["EncodeDepthError", "EncodeLimitError", "EncodeTypeError"]


class EncodeTypeError(_errors.EncodeError, TypeError):
    """An element has a tag, an attribute or a text of a type that can't be written."""


class EncodeLimitError(_errors.EncodeError):
    """What was to be written crossed a limit.

    Attributes:
        limit, maximum, observed: see `forkedenc.LimitError`.
    """

    limit: str
    maximum: int
    observed: int

    def __init__(
        self, message: str = "", *, limit: str = "", maximum: int = 0, observed: int = 0, path: str = ""
    ) -> None:
        _errors.EncodeError.__init__(self, message, kind="limit", path=path)
        self.limit, self.maximum, self.observed = limit, maximum, observed


class EncodeDepthError(EncodeLimitError, RecursionError):
    """Elements are nested deeper than ``max_depth``."""


def limit_error(limit: str, maximum: int, observed: int, path: str = "") -> EncodeLimitError:
    """The error for a limit that was crossed."""
    cls = EncodeDepthError if limit == "max_depth" else EncodeLimitError
    where = f" at {path}" if path else ""
    message = f"{limit} is {maximum}, this would be {observed}{where}"
    return cls(message, limit=limit, maximum=maximum, observed=observed, path=path)


def encode_error(kind: str, message: str, path: str = "") -> _errors.EncodeError:
    """The error for what can't be written."""
    # The standard library's own words stay as they are.
    where = f" at {path}" if path and kind != "default_namespace" else ""
    if kind == "not_serializable":
        return EncodeTypeError(message, kind=kind, path=path)
    return _errors.EncodeError(f"{message}{where}", kind=kind, path=path)


def _make(failure: _errors.Failure) -> _errors.EncodeError:
    detail = failure.detail
    if failure.kind == "limit":
        return limit_error(detail["limit"], detail["maximum"], detail["observed"], failure.path)
    return encode_error(failure.kind, detail["message"], failure.path)


_errors.register_codec("xmlwrite", _make)
