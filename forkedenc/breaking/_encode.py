"""One object written wrongly in a chosen way: the right document, taken apart into tokens, with one of them spoilt.

JSON first, XML behind it, each with its table of ways; `encode` is at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final, Literal, TypeAlias
from xml.etree import ElementTree as ET

from forkedenc import json

__all__ = ["encode"]

_Tokens: TypeAlias = list[bytes]
_Break: TypeAlias = Callable[[_Tokens, Random], _Tokens]


class _NothingToBreak(Exception):  # noqa: N818 - says why, and becomes a ValueError
    """The document has no place for this fault."""


def _places(tokens: Sequence[bytes], pattern: bytes, what: str) -> list[int]:
    """The numbers of the tokens that match, at least one."""
    found = [number for number, token in enumerate(tokens) if re.match(pattern, token, re.DOTALL)]
    if not found:
        raise _NothingToBreak(what)
    return found


def _replaced(pattern: bytes, what: str, change: Callable[[bytes], bytes]) -> _Break:
    """One token that matches, changed."""

    def spoil(tokens: _Tokens, rng: Random) -> _Tokens:
        place = rng.choice(_places(tokens, pattern, what))
        tokens[place] = change(tokens[place])
        return tokens

    return spoil


def _whole(change: Callable[[bytes], bytes]) -> _Break:
    """The document as a whole, changed."""
    return lambda tokens, _: [change(b"".join(tokens))]


def _truncated(tokens: _Tokens, rng: Random) -> _Tokens:
    """The document cut before its last byte that is not white space, where it can't be whole."""
    data = b"".join(tokens)
    if not data.startswith((b"{", b"[", b'"', b"<")):
        # The first digits of a number are a number.
        raise _NothingToBreak("container, string or element")
    return [data[: rng.randrange(1, len(data))]]


# --- JSON ---------------------------------------------------------------------------------------------------------

_JSON_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\[\]{}:,"]+', re.DOTALL)
_STRING: Final = rb'"'


def _json_keys(tokens: Sequence[bytes]) -> list[int]:
    found = [number - 1 for number, token in enumerate(tokens) if token == b":"]
    if not found:
        raise _NothingToBreak("key")
    return found


def _key(change: Callable[[bytes], bytes]) -> _Break:
    """One key, changed."""

    def spoil(tokens: _Tokens, rng: Random) -> _Tokens:
        place = rng.choice(_json_keys(tokens))
        tokens[place] = change(tokens[place])
        return tokens

    return spoil


def _trailing_comma(tokens: _Tokens, rng: Random) -> _Tokens:
    closers = _places(tokens, rb"[\]}]", "container")
    filled = [place for place in closers if tokens[place - 1] not in (b"[", b"{")]
    if not filled:
        raise _NothingToBreak("container with something in it")
    tokens.insert(rng.choice(filled), b",")
    return tokens


_JSON: Final[dict[str, _Break]] = {
    "trailing_comma": _trailing_comma,
    "double_comma": _replaced(rb",", "comma", lambda token: token * 2),
    "missing_comma": _replaced(rb",", "comma", lambda _: b" "),
    "missing_colon": _replaced(rb":", "key", lambda _: b" "),
    "missing_closer": _replaced(rb"[\]}]", "container", lambda _: b" "),
    "wrong_closer": _replaced(rb"[\]}]", "container", lambda token: b"]" if token == b"}" else b"}"),
    "extra_closer": _whole(lambda data: data + b"]"),
    "unquoted_key": _key(lambda key: key[1:-1] if re.fullmatch(rb'"[A-Za-z_]\w*"', key) else b"key"),
    "number_key": _key(lambda _: b"1"),
    "single_quotes": _replaced(_STRING, "string", lambda token: b"'" + token[1:-1].replace(b"'", b"\\u0027") + b"'"),
    "control_character": _replaced(_STRING, "string", lambda token: token[:-1] + b'\n"'),
    "bad_escape": _replaced(_STRING, "string", lambda token: token[:-1] + rb'\x"'),
    "lone_surrogate": _replaced(_STRING, "string", lambda token: token[:-1] + rb'\ud800"'),
    "bad_utf8": _replaced(_STRING, "string", lambda token: token[:-1] + b'\xff"'),
    "open_string": _replaced(_STRING, "string", lambda token: token[:-1]),
    "nan": _replaced(rb"-?[0-9]", "number", lambda _: b"NaN"),
    "infinity": _replaced(rb"-?[0-9]", "number", lambda _: b"-Infinity"),
    "leading_zero": _replaced(rb"[0-9]", "number that is not negative", lambda token: b"0" + token),
    "plus_sign": _replaced(rb"[0-9]", "number that is not negative", lambda token: b"+" + token),
    "huge_exponent": _replaced(
        rb"-?[0-9]", "number", lambda token: (b"-" if token.startswith(b"-") else b"") + b"1e999"
    ),
    "python_literal": _replaced(
        rb"true|false|null", "literal", lambda token: {b"null": b"None"}.get(token, token.title())
    ),
    "comment": _whole(lambda data: b"/* */" + data),
    "byte_order_mark": _whole(lambda data: b"\xef\xbb\xbf" + data),
    "utf_16": _whole(lambda data: data.decode().encode("utf-16")),
    "two_documents": _whole(lambda data: data + b"\n" + data),
    "nul_behind": _whole(lambda data: data + b"\x00"),
    "truncated": _truncated,
}

# --- XML ----------------------------------------------------------------------------------------------------------

_XML_TOKEN: Final = re.compile(rb"<[^>]*>|[^<]+", re.DOTALL)
_OPENER: Final = rb"<[^/!?]"
_CLOSER: Final = rb"</"
_TEXT: Final = rb"[^<]"
_ATTRIBUTE: Final = re.compile(rb' [^\s=]+="[^"]*"')


def _tag_end(tag: bytes, more: bytes) -> bytes:
    """A tag with something behind its name and attributes."""
    end = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:end].rstrip() + more + tag[end:]


def _attribute(change: Callable[[bytes], bytes]) -> _Break:
    """One attribute, changed."""

    def spoil(tokens: _Tokens, rng: Random) -> _Tokens:
        place = rng.choice(_places(tokens, rb"<[^/!?][^\s>]* [^\s=/>]+=", "attribute"))
        match = rng.choice(list(_ATTRIBUTE.finditer(tokens[place])))
        tokens[place] = tokens[place][: match.start()] + change(match[0]) + tokens[place][match.end() :]
        return tokens

    return spoil


def _in_element(fault: bytes) -> _Break:
    """Something before a closing tag; the root is written with one."""
    return _replaced(_CLOSER, "element with content", lambda token: fault + token)


_XML: Final[dict[str, _Break]] = {
    "mismatched_tag": _replaced(_CLOSER, "closing tag", lambda token: b"</x" + token[2:]),
    "missing_closer": _replaced(_CLOSER, "closing tag", lambda _: b""),
    "extra_closer": _whole(lambda data: data + b"</x>"),
    "open_tag": _replaced(_CLOSER, "closing tag", lambda token: token[:-1]),
    "bad_name": _replaced(_OPENER, "element", lambda token: b"<1" + token[1:]),
    "duplicate_attribute": _attribute(lambda attribute: attribute * 2),
    "unquoted_attribute": _attribute(lambda attribute: attribute.replace(b'"', b"")),
    "attribute_without_value": _attribute(lambda attribute: attribute.partition(b"=")[0]),
    "less_than_in_attribute": _attribute(lambda attribute: attribute[:-1] + b'<"'),
    "undeclared_prefix": _replaced(_OPENER, "element", lambda token: _tag_end(token, b' undeclared:a=""')),
    "bare_ampersand": _in_element(b"&"),
    "bare_less_than": _in_element(b"<"),
    "undeclared_entity": _in_element(b"&undeclared;"),
    "bad_character_reference": _in_element(b"&#0;"),
    "control_character": _in_element(b"\x01"),
    "section_end": _in_element(b"]]>"),
    "bad_utf8": _in_element(b"\xff"),
    "comment_hyphens": _in_element(b"<!-- -- -->"),
    "open_comment": _in_element(b"<!--"),
    "late_declaration": _whole(lambda data: b" <?xml version='1.0'?>" + data),
    "two_marks": _whole(lambda data: b"\xef\xbb\xbf" * 2 + data),
    "wrong_encoding": _whole(lambda data: b"<?xml version='1.0' encoding='UTF-16'?>" + data),
    "two_roots": _whole(lambda data: data * 2),
    "text_behind": _whole(lambda data: data + b"x"),
    "truncated": _truncated,
}


def encode(obj: Any, format: Literal["json", "xml"], *, break_: str, seed: int = 0) -> bytes:
    """One object as a document with one fault, which every correct parser refuses.

    Args:
        obj: for ``"json"`` what `forkedenc.json.encode` takes, for ``"xml"`` an ``xml.etree.ElementTree.Element``.
        format: ``"json"`` or ``"xml"``.
        break_: the fault. JSON: {json_ways}. XML: {xml_ways}.
        seed: which of the places that the fault could have. Default: 0.

    Raises:
        ValueError: there is no such format or fault, or the document has no place for it.
        TypeError: the object is of no type that is written.
        EncodeError: it can't be written rightly either.
    """
    ways = {"json": _JSON, "xml": _XML}.get(format)
    if ways is None:
        msg = f'format is "json" or "xml", not {format!r}'
        raise ValueError(msg)
    spoil = ways.get(break_)
    if spoil is None:
        msg = f"break_ is one of {', '.join(ways)}, not {break_!r}"
        raise ValueError(msg)
    tokens = _JSON_TOKEN.findall(json.encode(obj)) if format == "json" else _XML_TOKEN.findall(_written(obj))
    try:
        return b"".join(spoil(tokens, Random(seed)))  # noqa: S311 - repeatable is what is asked for
    except _NothingToBreak as error:
        msg = f"{break_}: the document has no {error}"
        raise ValueError(msg) from None


def _written(element: object) -> bytes:
    if not isinstance(element, ET.Element):
        msg = f"an Element is written as XML, not {type(element).__name__}"
        raise TypeError(msg)
    # Without short tags every element has a closing one to spoil.
    data: bytes = ET.tostring(element, encoding="utf-8", short_empty_elements=False)
    return data.removeprefix(b"<?xml version='1.0' encoding='utf-8'?>\n")


if encode.__doc__:
    encode.__doc__ = encode.__doc__.format(json_ways=", ".join(_JSON), xml_ways=", ".join(_XML))
