"""From a type to the plan that native decoders run: what ``type=`` means."""

from __future__ import annotations

from typing import Any, Literal

from forkedenc import _native
from forkedenc._errors import SchemaError


def _compile(
    type: Any, strict: bool, unknown: Literal["rest", "ignore", "error"] | None, hook: bool
) -> _native.Plan | None:
    """The plan for a type; None where everything fits.

    Raises:
        SchemaError: the type can't be decoded, or ``unknown`` is "rest" and a class has no Rest.
    """
    if type is Any:
        return None
    # Loaded for the first type: whoever decodes untyped need not pay for it.
    from forkedenc import _schema  # noqa: PLC0415 - as said

    schema = _schema.compile(type, lax=not strict, hook=hook)
    if unknown == "rest":
        for shape in schema.shapes:
            if shape.rest is None:
                raise SchemaError(f'unknown="rest" needs a Rest in {shape.cls.__qualname__}')
    return _native.Plan(schema, unknown)


_native.register_schema_compiler(_compile)
