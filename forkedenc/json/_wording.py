"""What the running interpreter's ``json`` says of a syntax error, and where it says it is.

The core names a kind and a place of its own choosing; the standard library has its own idea of both for strings that
never end, trailing commas and cut input. Only this file knows the difference. It is checked against the interpreter
itself, on mutated documents, in ``tests/json/test_loads_errors.py``.
"""

from __future__ import annotations

import re
import sys

MESSAGES = {
    "expected_value": "Expecting value",
    "expected_key": "Expecting property name enclosed in double quotes",
    "expected_colon": "Expecting ':' delimiter",
    "expected_comma": "Expecting ',' delimiter",
    "control_character": "Invalid control character at",
    "invalid_escape": "Invalid \\escape",
    "invalid_unicode_escape": "Invalid \\uXXXX escape",
    "extra_data": "Extra data",
    "byte_order_mark": "Unexpected UTF-8 BOM (decode using utf-8-sig)",
}
_UNTERMINATED = "Unterminated string starting at"
_TRAILING = {
    "]": "Illegal trailing comma before end of array",
    "}": "Illegal trailing comma before end of object",
}
_NAMES_TRAILING_COMMAS = sys.version_info >= (3, 13)

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_CUT_UNICODE_ESCAPE = re.compile(r"u[0-9a-fA-F]{0,4}\Z")
# Strings whole or cut, and what gives a document its structure.
_STRUCTURE = re.compile(r'"(?:[^"\\]+|\\.)*"?|[\[\]{}:,]', re.DOTALL)


def message_and_position(
    kind: str, text: str, position: int, token: int, start: int = 0, *, in_string: bool = False
) -> tuple[str, int]:
    """The message and the character position of an error.

    ``position`` and ``token`` (where the token at fault starts) are the core's, in characters of ``text``; reading began
    at ``start``, with ``in_string`` behind the opening quote of a string.
    """
    if kind == "trailing_comma":
        return _trailing_comma(text, token)
    if kind == "incomplete" and in_string:
        return _cut_string(text, start - 1)
    if kind == "incomplete":
        return _incomplete(text, token, start)
    return MESSAGES.get(kind, MESSAGES["expected_value"]), position


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _trailing_comma(text: str, comma: int) -> tuple[str, int]:
    end = _after_space(text, comma + 1)
    bracket = text[end : end + 1]
    if _NAMES_TRAILING_COMMAS and bracket in _TRAILING:
        return _TRAILING[bracket], comma
    return MESSAGES["expected_key" if bracket == "}" else "expected_value"], end


def _incomplete(text: str, token: int, start: int) -> tuple[str, int]:
    """What is missed where the text ends, which is inside the token that starts at ``token``, or behind them all."""
    first = text[token : token + 1]
    if first == '"':
        return _cut_string(text, token)
    if first and first not in " \t\n\r[]{}:,":
        number = _NUMBER.match(text, token)
        if number is None:
            return MESSAGES["expected_value"], token
        end = number.end()
        follows = _expected(text[start:end])
        # 1e is the number 1 and then something else.
        return MESSAGES["extra_data" if follows == "end" else "expected_comma"], end
    follows = _expected(text[start:])
    return MESSAGES["expected_value" if follows == "end" else f"expected_{follows}"], len(text)


def _cut_string(text: str, token: int) -> tuple[str, int]:
    """A string that never ends, from its opening quote; ``scanstring`` may be told of one before the text."""
    backslash = text.rfind("\\", token + 1)
    cut_escape = backslash >= 0 and _CUT_UNICODE_ESCAPE.match(text, backslash + 1)
    if cut_escape:
        run = backslash
        while run - 1 > token and text[run - 1] == "\\":
            run -= 1
        if (backslash - run) % 2 == 0:
            return MESSAGES["invalid_unicode_escape"], backslash + 1
    return _UNTERMINATED, token


def _expected(text: str) -> str:
    """What must follow a text that is right so far: "value", "key", "colon", "comma", or "end" behind the document."""
    opened = bytearray()  # 1 for each open object, 0 for each open array
    before = last = ""
    for found in _STRUCTURE.finditer(text):
        before, last = last, found[0][0]
        if last in "[{":
            opened.append(last == "{")
        elif last in "]}" and opened:
            opened.pop()
    ending = text.rstrip(" \t\n\r")[-1:]
    # A scalar that is no string is not among the structure: it is what stands behind the last of it.
    is_value = ending in ("]", "}") or (bool(ending) and ending not in '"[{:,')
    if is_value or ending == '"':
        if not opened:
            return "end"
        is_key = not is_value and opened[-1] and before != ":"
        return "colon" if is_key else "comma"
    return "key" if ending and opened and opened[-1] and ending in "{," else "value"
