"""Trees written as XML: ``tostring``, ``tostringlist`` and what ``ElementTree.write`` does, checked and without recursion.

The tree is walked by the native side, which writes ASCII, UTF-8 or a str; other encodings are made of the str. Bytes are
the standard library's, whose own serialisers remain for methods that a program has added and for ``invalid="write"``
with types that only Python's formatting makes something of.
"""

from __future__ import annotations

import codecs
import io
import re
import xml.etree.ElementTree as ET
from typing import Any, Literal

from forkedenc import _native
from forkedenc._limits import Limits
from forkedenc.xml._write_errors import EncodeTypeError, encode_error, limit_error

__all__ = ["tostring", "tostringlist", "write_tree"]

Invalid = Literal["error", "replace", "write"]

# Taken before a program can have put ours in their place.
_tostring: Any = ET.tostring
_tree: Any = ET.ElementTree
_get_writer: Any = ET._get_writer  # type: ignore[attr-defined]  # noqa: SLF001 - encodes as it always has
_methods: dict[str, Any] = ET._serialize  # type: ignore[attr-defined]  # noqa: SLF001 - where programs add theirs
_native.register_elements(
    ET.Element,
    ET.Comment,
    ET.ProcessingInstruction,
    ET.QName,
    ET.register_namespace._namespace_map,  # type: ignore[attr-defined]  # noqa: SLF001 - its one home
)

# Cuts text that was just written, in which no value holds a quote and no text an angle bracket.
_tokens = re.compile(r"\A<\?xml [^>]*>\n|<!--.*?-->|<\?.*?\?>|</[^>]*>|<[^>]*>|[^<]+", re.DOTALL).findall
_parts = re.compile(r"\A(?:<[?!/].*|<[^ >]*)| />|>| [^=]*=\"[^\"]*\"", re.DOTALL).findall
_OURS = ("xml", "html", "text")
_Form = Literal["ascii", "utf-8", "str"]
_FORMS: dict[str, _Form] = {"us-ascii": "ascii", "ascii": "ascii", "utf-8": "utf-8", "UTF-8": "utf-8"}
_is_encoding = re.compile(r"[A-Za-z][A-Za-z0-9._-]*", re.ASCII).fullmatch
_CODECS: dict[str, _Form] = {"ascii": "ascii", "utf-8": "utf-8"}


def tostring(
    element: Any,
    encoding: str | None = None,
    method: str | None = None,
    *,
    xml_declaration: bool | None = None,
    default_namespace: str | None = None,
    short_empty_elements: bool = True,
    invalid: Invalid = "error",
    limits: Limits | None = None,
) -> Any:
    """An element and all below it as text; the standard library's ``tostring``, to the byte.

    Args:
        element: an Element, or what has its attributes and methods.
        encoding: a codec of Python; ``"unicode"`` asks for a str. US-ASCII by default, with character references for
            what it lacks.
        method: ``"xml"`` (the default), ``"html"`` or ``"text"``.
        xml_declaration: whether one comes first; by default unless the encoding is US-ASCII, UTF-8 or Unicode.
        default_namespace: the namespace to write without a prefix.
        short_empty_elements: whether elements without content are one tag.
        invalid: what becomes of what would not be well-formed. ``"error"`` refuses it; ``"replace"`` writes U+FFFD for each
            character that XML has no place for, and refuses the rest; ``"write"`` writes it, as the standard library does.
        limits: a `forkedenc.Limits`; ``max_depth``, ``max_document_bytes`` (of the output) and ``max_stack_bytes`` apply.
            None by default.

    Returns:
        bytes, or a str for ``encoding="unicode"``. It is the content of an element or document: the element's tail is there
        too.

    Raises:
        forkedenc.EncodeError: (a ValueError) with ``.kind`` and ``.path``: a character, name, comment or processing
            instruction that would not be well-formed, an attribute twice, a prefix that is not declared; past a limit, with
            ``.limit``, ``.maximum`` and ``.observed``, for ``max_depth`` a RecursionError too; for a tag or text of a wrong type
            a TypeError too.
        ValueError: unknown method.
        LookupError: unknown encoding.
    """
    method = _known(method, invalid)
    options = (xml_declaration, default_namespace, short_empty_elements, invalid, limits)
    if method not in _OURS:
        return _tostring(
            element,
            encoding,
            method,
            xml_declaration=xml_declaration,
            default_namespace=default_namespace,
            short_empty_elements=short_empty_elements,
        )
    if encoding == "unicode":
        return _as_str(element, method, "utf-8", declared_by_default=False, options=options)[0]
    encoding = encoding or "us-ascii"
    form = _form(encoding)
    if form is not None:
        return _as_bytes(element, method, form, encoding, options=options)
    stream = io.BytesIO()
    _write_encoded(stream, element, method, encoding, options)
    return _within(stream.getvalue(), limits)


def tostringlist(
    element: Any,
    encoding: str | None = None,
    method: str | None = None,
    *,
    xml_declaration: bool | None = None,
    default_namespace: str | None = None,
    short_empty_elements: bool = True,
    invalid: Invalid = "error",
    limits: Limits | None = None,
) -> list[Any]:
    """`tostring` in a list, whose pieces joined are the text: one, or, of a str, tags, attributes and texts."""
    text = tostring(
        element,
        encoding,
        method,
        xml_declaration=xml_declaration,
        default_namespace=default_namespace,
        short_empty_elements=short_empty_elements,
        invalid=invalid,
        limits=limits,
    )
    if encoding != "unicode" or method == "text":
        return [text]
    pieces = [piece for token in _tokens(text) for piece in (_parts(token) if token[:1] == "<" else (token,))]
    return pieces if "".join(pieces) == text else [text]


def write_tree(  # noqa: PLR0917 - the standard library's order
    root: Any,
    file_or_filename: Any,
    encoding: str | None = None,
    xml_declaration: bool | None = None,
    default_namespace: str | None = None,
    method: str | None = None,
    *,
    short_empty_elements: bool = True,
    invalid: Invalid = "error",
    limits: Limits | None = None,
) -> None:
    """What ``ElementTree.write`` does with the root; a file is opened, or written to, when all of the text is there.

    ``file_or_filename`` is a path, or an object with ``.write`` that takes bytes (a str for ``encoding="unicode"``). The rest
    is as for `tostring`.

    Raises:
        forkedenc.EncodeError, ValueError, LookupError: see `tostring`; nothing was written then.
        OSError: from the file.
    """
    method = _known(method, invalid)
    options = (xml_declaration, default_namespace, short_empty_elements, invalid, limits)
    if method not in _OURS:
        _tree(root).write(
            file_or_filename,
            encoding,
            xml_declaration,
            default_namespace,
            method,
            short_empty_elements=short_empty_elements,
        )
        return
    encoding = encoding or "us-ascii"
    write = getattr(file_or_filename, "write", None)
    by_default = encoding.lower() != "unicode"
    if write is None and not by_default:
        encoding = "utf-8"
    if write is not None and not by_default:
        declared = getattr(file_or_filename, "encoding", None) or "utf-8"
        write(_as_str(root, method, declared, declared_by_default=False, options=options)[0])
        return
    form = _form(encoding)
    if form is None:
        _write_encoded(file_or_filename, root, method, encoding, options)
        return
    data = _as_bytes(root, method, form, encoding, declared_by_default=by_default, options=options)
    if write is None:
        with open(file_or_filename, "wb") as file:  # noqa: PTH123 - a number is a file too
            file.write(data)
    elif isinstance(file_or_filename, io.RawIOBase):
        # A raw file may take a part only.
        buffered = io.BufferedWriter(file_or_filename)
        try:
            buffered.write(data)
        finally:
            buffered.detach()
    else:
        write(data)


_Options = tuple[bool | None, str | None, bool, Invalid, Limits | None]


def _known(method: str | None, invalid: str) -> str:
    method = method or "xml"
    if method not in _methods:
        raise ValueError(f"unknown method {method!r}")
    if invalid not in {"error", "replace", "write"}:
        raise ValueError(f"invalid must be 'error', 'replace' or 'write', not {invalid!r}")
    return method


def _form(encoding: str) -> _Form | None:
    """What the native side writes for an encoding by itself; None for others."""
    form = _FORMS.get(encoding)
    if form is None and encoding.lower() != "unicode":
        form = _CODECS.get(codecs.lookup(encoding).name)
    return form


def _as_bytes(
    root: Any, method: str, form: _Form, encoding: str, *, declared_by_default: bool = True, options: _Options
) -> bytes:
    default = declared_by_default and encoding.lower() not in {"utf-8", "us-ascii"}
    data: bytes | str = _serialize(root, method, form, _declaration(method, options, default, encoding), options)
    if isinstance(data, str):
        return _within(data.encode("utf-8" if form == "utf-8" else "ascii", "xmlcharrefreplace"), options[4])
    return data


def _as_str(root: Any, method: str, declared: str, *, declared_by_default: bool, options: _Options) -> tuple[str, str]:
    """The text, and the names in it that are not ASCII."""
    default = declared_by_default and declared.lower() not in {"utf-8", "us-ascii"}
    data = _serialize(root, method, "str", _declaration(method, options, default, declared), options)
    return (data, "") if isinstance(data, str) else data


def _declaration(method: str, options: _Options, default: bool, encoding: str) -> str:
    wanted, _, _, invalid, _ = options
    if method == "xml" and (wanted or (wanted is None and default)):
        # Python's codecs are found by names that no declaration can hold.
        if invalid != "write" and not _is_encoding(encoding):
            raise encode_error("invalid_encoding", "the name of the encoding can't stand in a declaration")
        return f"<?xml version='1.0' encoding='{encoding}'?>\n"
    return ""


def _serialize(root: Any, method: str, form: _Form, declaration: str, options: _Options) -> Any:
    _, default_namespace, short_empty_elements, invalid, limits = options
    if method == "text":
        return _text(root)
    try:
        return _native.serialize_tree(
            root, form, method == "html", invalid, declaration, default_namespace or None, short_empty_elements, limits
        )
    except EncodeTypeError:
        if invalid != "write":
            raise
    # What Python's formatting makes of other types.
    text: str = declaration + _tostring(
        root,
        "unicode",
        method,
        default_namespace=default_namespace,
        short_empty_elements=short_empty_elements,
    )
    return text


def _text(root: Any) -> str:
    parts = list(root.itertext())
    if root.tail:
        parts.append(root.tail)
    return "".join(parts)


def _write_encoded(target: Any, root: Any, method: str, encoding: str, options: _Options) -> None:
    """Write in an encoding that only Python's codecs have, as the standard library does."""
    limits = options[4]
    unbounded = limits.replace(max_document_bytes=None) if limits is not None else None
    options = (*options[:4], unbounded)
    unicode = encoding.lower() == "unicode"
    text, names = _as_str(root, method, encoding, declared_by_default=not unicode, options=options)
    if not unicode:
        if options[3] != "write":
            _check_names(names, encoding)
        if limits is not None and limits.max_document_bytes is not None:
            _within(text.encode(encoding, "xmlcharrefreplace"), limits)
    with _get_writer(target, encoding) as (write, _):
        # Nothing written has no byte order mark.
        if text:
            write(text)


def _check_names(names: str, encoding: str) -> None:
    """Names can't hold references, so they are refused where the encoding has not all of their characters."""
    try:
        names.encode(encoding)
    except UnicodeEncodeError as error:
        raise encode_error("unencodable_name", f"a name with characters that {encoding} has not") from error


def _within(data: bytes, limits: Limits | None) -> bytes:
    maximum = limits.max_document_bytes if limits is not None else None
    if maximum is not None and len(data) > maximum:
        raise limit_error("max_document_bytes", maximum, maximum + 1)
    return data
