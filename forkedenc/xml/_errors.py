"""XML's exceptions: classes that old and new ``except`` clauses catch, and how a failure becomes one of them.

The classes are the standard library's ``ParseError`` and ours at once; those of the sax face, which are
``SAXParseException`` besides, stand in ``_sax_errors``. The faces that replace the standard library's speak as it does and place
an input that ended too early where expat places it; the others add the path.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any, NamedTuple

from forkedenc import _errors

__all__ = ["ParseError"]


class Word(NamedTuple):
    """What a kind of error is called, and expat's number for it: 0 where expat has none."""

    text: str
    code: int


WORDS = {
    "syntax": Word("syntax error", 2),
    "invalid_token": Word("not well-formed (invalid token)", 4),
    "invalid_character": Word("not well-formed (invalid token)", 4),
    "cdata_end_in_text": Word("not well-formed (invalid token)", 4),
    "tag_mismatch": Word("mismatched tag", 7),
    "duplicate_attribute": Word("duplicate attribute", 8),
    "junk_after_document": Word("junk after document element", 9),
    "parameter_entity": Word("illegal parameter entity reference", 10),
    "undefined_entity": Word("undefined entity", 11),
    "recursive_entity": Word("recursive entity reference", 12),
    "async_entity": Word("asynchronous entity", 13),
    "bad_character_reference": Word("reference to invalid character number", 14),
    "binary_entity": Word("reference to binary entity", 15),
    "external_entity_in_attribute": Word("reference to external entity in attribute", 16),
    "misplaced_declaration": Word("XML or text declaration not at start of entity", 17),
    "unknown_encoding": Word("unknown encoding", 18),
    "incorrect_encoding": Word("encoding specified in XML declaration is incorrect", 19),
    "unbound_prefix": Word("unbound prefix", 27),
    "undeclared_prefix": Word("must not undeclare prefix", 28),
    "finished": Word("parsing finished", 36),
    "bad_declaration": Word("XML declaration not well-formed", 30),
    "public_id": Word("illegal character(s) in public id", 32),
    "reserved_prefix_xml": Word("reserved prefix (xml) must not be undeclared or bound to another namespace name", 38),
    "reserved_prefix_xmlns": Word("reserved prefix (xmlns) must not be declared or undeclared", 39),
    "reserved_namespace": Word("prefix must not be bound to one of the reserved namespace names", 40),
    "namespace_syntax": Word("a '}' in a namespace URI", 2),
    "dtd_forbidden": Word("a DOCTYPE, or more of one than dtd= allows", 0),
    "entity_forbidden": Word("an entity is declared, which forbid_entities= refuses", 0),
    "external_forbidden": Word("an external reference, which forbid_external= refuses", 0),
    "incomplete": Word("no element found", 3),
    "unclosed_token": Word("unclosed token", 5),
    "partial_character": Word("partial character", 6),
    "unclosed_cdata": Word("unclosed CDATA section", 20),
}
"""Expat's own texts where the error is one of expat's."""

_INCOMPLETE = frozenset({"incomplete", "unclosed_token", "partial_character", "unclosed_cdata"})
_AMPLIFICATION = 43
_AMPLIFYING = frozenset({"max_entity_expansions", "max_expanded_bytes", "max_amplification", "max_entity_depth"})
# The faces that are no replacement of the standard library's.
_OWN = frozenset({"xml", "xml.lxml", "xml.sanitize"})


class ParseError(ET.ParseError, _errors.DecodeError):
    """XML was refused: the standard library's ParseError with an offset, a path and a kind.

    Attributes:
        code: expat's number for this error; 0 where expat has no such error.
        position: (line, column) as the standard library's: the line counts from 1, the column from 0.
        reason: what is wrong, without a place.
        offset, line, column, path, kind: see `forkedenc.DecodeError`. SyntaxError's ``lineno`` is never set.
    """

    code: int
    position: tuple[int, int]
    reason: str
    # Hides SyntaxError's member of this name, which copies and pickles don't see.
    offset: int = 0

    def __init__(
        self,
        reason: str = "",
        *,
        kind: str = "syntax",
        code: int | None = None,
        offset: int = 0,
        line: int = 1,
        column: int = 1,
        path: str = "",
        show_path: bool = True,
    ) -> None:
        where = f", at {path}" if path and show_path else ""
        SyntaxError.__init__(self, f"{reason}: line {line}, column {column - 1}{where}")
        self.reason, self.kind, self.path = reason, kind, path
        self.offset = offset  # pyright: ignore[reportIncompatibleVariableOverride] - SyntaxError's may be None
        self.line, self.column, self.position = line, column, (line, column - 1)
        self.code = WORDS[kind].code if code is None and kind in WORDS else code or 0

    __reduce__ = _errors.Error.__reduce__


class IncompleteError(ParseError, _errors.IncompleteError):
    """The input ended before the XML document did."""


class UnknownEncodingError(ParseError, LookupError):
    """A document is in an encoding that is not known or not allowed; a LookupError too, as the standard library's is."""


class LimitError(ParseError, _errors.LimitError):
    """An XML document crossed a limit."""

    def __init__(self, reason: str, *, limit: str, maximum: float, observed: float, **place: Any) -> None:
        ParseError.__init__(self, reason, **place)
        self.limit, self.maximum, self.observed = limit, maximum, observed


class DepthLimitError(LimitError, RecursionError):
    """An XML document is nested deeper than ``max_depth``."""


class Classes(NamedTuple):
    """The classes of one face."""

    parse: type[ParseError]
    incomplete: type[ParseError]
    limit: type[LimitError]
    depth: type[LimitError]
    encoding: type[ParseError]


CLASSES = {"xml": Classes(ParseError, IncompleteError, LimitError, DepthLimitError, UnknownEncodingError)}
"""By face; a face that is not there raises those of ``"xml"``."""


def _make(failure: _errors.Failure) -> BaseException:
    """The exception for a failure of any face of XML."""
    classes = CLASSES.get(failure.face, CLASSES["xml"])
    own = failure.face in _OWN
    place: dict[str, Any] = {
        "offset": failure.offset,
        "line": failure.line,
        "column": failure.column,
        "path": failure.path,
        "kind": failure.kind,
        "show_path": own,
    }
    if failure.kind == "limit":
        numbers = {name: failure.detail[name] for name in ("limit", "maximum", "observed")}
        place["code"] = _AMPLIFICATION if numbers["limit"] in _AMPLIFYING else 0
        made = classes.depth if numbers["limit"] == "max_depth" else classes.limit
        return made(limit_text(**numbers), **numbers, **place)
    if failure.kind == "validation":
        return _validation_error(failure)
    if failure.kind == "policy":
        return _policy_violation(failure)
    reason = WORDS[failure.kind].text
    if "entity" in failure.detail:
        # One that expat passes by and ElementTree has no text for: it is named.
        reason += f" &{_errors.shown(failure.detail['entity'])};"
    if failure.kind == "unknown_encoding":
        return classes.encoding(reason, **place)
    if failure.kind not in _INCOMPLETE:
        return classes.parse(reason, **place)
    if not own:
        place.update({name: failure.detail[f"token_{name}"] for name in ("offset", "line", "column")})
    return classes.incomplete(reason, **place)


def _validation_error(failure: _errors.Failure) -> _errors.ValidationError:
    """The document was fine, a value does not fit its type."""
    expected, actual = (_errors.shown(failure.detail[name]) for name in ("expected", "actual"))
    where = f", at {failure.path}" if failure.path else ""
    return _errors.ValidationError(
        f"expected {expected}, got {actual}: line {failure.line}, column {failure.column - 1}{where}",
        expected=expected,
        actual=actual,
        offset=failure.offset,
        line=failure.line,
        column=failure.column,
        path=failure.path,
    )


def _policy_violation(failure: _errors.Failure) -> _errors.PolicyViolation:
    """The document was fine, but a sanitizer's policy refuses what is in it."""
    name, rule, kind = (_errors.shown(failure.detail[key]) for key in ("name", "rule", "policy"))
    where = f", at {failure.path}" if failure.path else ""
    return _errors.PolicyViolation(
        f"the policy refuses {kind} {name!r} ({rule}): line {failure.line}, column {failure.column - 1}{where}",
        name=name,
        rule=rule,
        kind=kind,
        offset=failure.offset,
        line=failure.line,
        column=failure.column,
        path=failure.path,
    )


def limit_text(limit: str, maximum: Any, observed: Any) -> str:
    """What a limit's error says; ratios are rounded."""
    shown = [f"{number:.6g}" if isinstance(number, float) else str(number) for number in (maximum, observed)]
    return f"{limit} is {shown[0]}, this takes {shown[1]}"


ParseError.__module__ = "forkedenc.xml"
_errors.register_codec("xml", _make)
