"""What writing XML raises: `forkedenc.EncodeError` and subclasses of it that are what the standard library raises as well."""

from __future__ import annotations

from forkedenc import _errors

__all__ = ["EncodeTypeError"]


class EncodeTypeError(_errors.EncodeError, TypeError):
    """An element has a tag, an attribute or a text of a type that can't be written."""


def limit_error(limit: str, maximum: int, observed: int, path: str = "") -> _errors.EncodeLimitError:
    """The error for a limit that was crossed."""
    cls = _errors.EncodeDepthError if limit == "max_depth" else _errors.EncodeLimitError
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
