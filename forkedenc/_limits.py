"""`Limits`: what a document may cost. One table of fields serves the class, its presets, its docs and the command.

A field is declared once, with its default, its value in each preset, its unit and what it counts. How a codec counts
is the codec's business; the numbers reach it through ``_native``.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
from dataclasses import dataclass
from typing import Any

from forkedenc import _native

__all__ = ["Limits"]

KIB, MIB = 1 << 10, 1 << 20


def _limit(default: int | None, strict: int | None, stdlib: int | None, unit: str, doc: str) -> Any:
    """One row of the table; `unit` is "bytes", "ratio", or what is counted one by one."""
    return dataclasses.field(default=default, metadata={"strict": strict, "stdlib": stdlib, "unit": unit, "doc": doc})


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Limits:
    """What a document may cost; numbers only. ``None`` means no limit.

    ``Limits()`` is the default of the native faces (decode, Decoder, StreamDecoder, items), ``Limits.strict()`` suits
    a public endpoint, ``Limits.stdlib()`` is the default of the faces that replace the standard library's, and
    ``Limits.unlimited()`` is ``None`` everywhere. Limits are checked during the token, as its bytes arrive; crossing
    one raises `LimitError`. One class serves both codecs: a field that does not apply to a codec is ignored by it.

    Raises:
        TypeError: a value is no int (for the ratio: no real number), or a bool; a name is unknown.
        ValueError: a value is negative or not finite.
    """

    # fmt: off
    max_document_bytes: int | None = _limit(None, 8 * MIB, None, "bytes", "all bytes read of one document")
    max_stream_bytes: int | None = _limit(None, None, None, "bytes", "all bytes fed to one stream")
    max_depth: int | None = _limit(1000, 100, 10_000, "levels", "open containers or elements")
    max_tokens: int | None = _limit(None, 1_000_000, None, "tokens", "JSON values and keys, or XML events")
    max_memory_bytes: int | None = _limit(
        None, 64 * MIB, None, "bytes", "an account: stack in use, the token so far, a fixed price per object built and not yet handed over, rest"
    )
    max_stack_bytes: int | None = _limit(64 * MIB, 64 * KIB, 64 * MIB, "bytes", "the coroutine's stack segment")
    max_string_bytes: int | None = _limit(64 * MIB, 1 * MIB, None, "bytes", "one JSON string, as decoded UTF-8")
    max_key_bytes: int | None = _limit(64 * KIB, 1 * KIB, None, "bytes", "one JSON key, as decoded UTF-8")
    max_number_digits: int | None = _limit(
        4300, 100, None, "characters",
        "characters of one JSON number, its leading minus not counted; `loads` and its family also apply sys.get_int_max_str_digits() to integers without parse_int",
    )
    max_items: int | None = _limit(None, 100_000, None, "items", "items of one JSON array")
    max_members: int | None = _limit(None, 10_000, None, "members", "members of one JSON object")
    max_name_bytes: int | None = _limit(4096, 1000, 50_000, "bytes", "one XML name: element, attribute, PI target, entity")
    max_distinct_names: int | None = _limit(
        100_000, 10_000, None, "names", "XML element and attribute names as written, remembered per document"
    )
    max_attributes: int | None = _limit(1000, 256, 10_000, "attributes", "attributes of one XML element, xmlns included")
    max_attribute_bytes: int | None = _limit(
        512 * KIB, 64 * KIB, 10_000_000, "bytes", "one XML attribute value, after references and normalisation, as UTF-8"
    )
    max_attributes_bytes: int | None = _limit(
        4 * MIB, 128 * KIB, 32 * MIB, "bytes", "all attribute names and values of one XML tag"
    )
    max_namespaces: int | None = _limit(256, 64, 5000, "declarations", "xmlns declarations of one XML element")
    max_namespace_uri_bytes: int | None = _limit(4096, 1024, 50_000, "bytes", "one XML namespace URI")
    max_children: int | None = _limit(None, 100_000, None, "elements", "child elements of one XML element")
    max_text_bytes: int | None = _limit(
        64 * MIB, 1 * MIB, None, "bytes", "one run of XML character data as delivered whole, its CDATA included"
    )
    max_comment_bytes: int | None = _limit(1 * MIB, 8 * KIB, 10_000_000, "bytes", "one XML comment")
    max_pi_bytes: int | None = _limit(1 * MIB, 8 * KIB, 10_000_000, "bytes", "one XML processing instruction")
    max_doctype_bytes: int | None = _limit(
        1 * MIB, 8 * KIB, 10_000_000, "bytes", "the XML DOCTYPE with its internal subset"
    )
    max_entities: int | None = _limit(10_000, 0, 10_000, "entities", "XML entities declared")
    max_entity_depth: int | None = _limit(16, 0, 16, "levels", "nested XML entity references")
    max_entity_expansions: int | None = _limit(
        10_000, 0, 10_000, "references", "references to declared XML entities replaced"
    )
    max_expanded_bytes: int | None = _limit(8 * MIB, 0, 8 * MIB, "bytes", "bytes that XML entity expansion produced")
    max_amplification: int | float | None = _limit(
        100, 10, 100, "ratio", "XML bytes delivered to bytes read, once 1 MiB has been delivered"
    )
    max_rest_members: int | None = _limit(None, 1000, None, "members", "members that one rest field may gather")
    max_rest_bytes: int | None = _limit(64 * MIB, 1 * MIB, 64 * MIB, "bytes", "keys and raw values that one rest field may gather")
    # fmt: on

    def __post_init__(self) -> None:
        for row in FIELDS:
            _check(row, getattr(self, row.name))

    @classmethod
    def strict(cls) -> Limits:
        """For a public endpoint: small documents from strangers."""
        return _PRESETS["strict"]

    @classmethod
    def stdlib(cls) -> Limits:
        """The default of the faces that replace the standard library's: it refuses as little as is safe."""
        return _PRESETS["stdlib"]

    @classmethod
    def unlimited(cls) -> Limits:
        """No limit at all."""
        return _PRESETS["unlimited"]

    def replace(self, /, **changes: float | None) -> Limits:
        """These limits with some fields changed; what ``copy.replace`` calls as well."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def __replace__(self, /, **changes: float | None) -> Limits:
        return self.replace(**changes)

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{name}={value!r}' for name, value in self._changed().items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        # By differences, so that a pickle is checked on its way in and outlives new fields.
        return _restore, (self._changed(),)

    def _changed(self) -> dict[str, int | float | None]:
        values = ((row.name, getattr(self, row.name), row.default) for row in FIELDS)
        return {name: value for name, value, default in values if value != default}


FIELDS: tuple[dataclasses.Field[int | float | None], ...] = dataclasses.fields(Limits)
"""The table: each field's name, default, and metadata "strict", "stdlib", "unit", "doc"."""


def _check(row: dataclasses.Field[int | float | None], value: Any) -> None:
    """Refuse what is no limit."""
    if value is None:
        return
    # A real number is told by its abstract class, whose arithmetic type checkers do not know.
    kind: Any = numbers.Real if row.metadata["unit"] == "ratio" else int
    named = "an int" if kind is int else "a real number"
    if isinstance(value, bool) or not isinstance(value, kind):
        raise TypeError(f"{row.name} must be {named} or None, not {type(value).__name__}")
    if not (value >= 0 and (isinstance(value, int) or math.isfinite(value))):
        raise ValueError(f"{row.name} must be finite and not negative, not {value!r}")


def _restore(changes: dict[str, int | float | None]) -> Limits:
    return Limits(**changes)  # type: ignore[arg-type]


def _preset(column: str) -> Limits:
    return Limits(**{row.name: row.metadata[column] for row in FIELDS})


_PRESETS = {
    "strict": _preset("strict"),
    "stdlib": _preset("stdlib"),
    "unlimited": Limits(**dict.fromkeys(row.name for row in FIELDS)),
}
Limits.__module__ = "forkedenc"
Limits.__doc__ = f"{Limits.__doc__}\n    Fields (default in brackets):\n" + "".join(
    f"        {row.name} [{row.default}]: {row.metadata['doc']} ({row.metadata['unit']}).\n" for row in FIELDS
)
_native.register_limits_class(Limits)
