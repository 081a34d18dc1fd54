"""XML 1.0 with namespaces for bytes you do not trust: limits inside the token, nothing external is ever read."""

from forkedenc.xml._errors import ParseError

__all__ = ["ParseError"]
