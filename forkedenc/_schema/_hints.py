"""Type hints.

Reading them from classes, resolving names in them, putting types in the place of type variables, and taking off what
wraps a type.
"""

from __future__ import annotations

import builtins
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, ForwardRef, Generic, NewType, Protocol, TypeVar, Union, get_args, get_origin

from forkedenc._errors import SchemaError, shown
from forkedenc._rest import UnsetType

__all__ = [
    "alias_value",
    "bindings",
    "field_hints",
    "is_alias",
    "is_union",
    "is_unpacked",
    "is_unset",
    "meaning",
    "peel",
    "refuse",
    "resolve",
    "scope",
    "substitute",
    "type_text",
]

LONGEST_TEXT = 120
"""Characters of a type in an error."""


def refuse(where: str, what: str) -> SchemaError:
    """The error that says what can't be done, and at which place of the type asked for."""
    return SchemaError(f"{where}: {what}" if where else what)


def type_text(hint: Any) -> str:
    """A type as an error shows it."""
    if isinstance(hint, type) and get_origin(hint) is None:
        text = hint.__name__
    elif get_origin(hint) is not None or isinstance(hint, TypeVar | NewType | ForwardRef):
        text = repr(hint).replace("typing.", "")
    elif callable(hint) and hasattr(hint, "__name__"):
        text = str(hint.__name__)
    else:
        text = f"an instance of {type(hint).__name__}"
    text = shown(text)
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


# What wraps a type.

_QUALIFIERS = {"Final", "ClassVar", "Required", "NotRequired", "ReadOnly"}


def _qualifier(form: Any) -> str | None:
    """The name of a qualifier such as ``Required``, of ``typing`` or ``typing_extensions``."""
    name = getattr(form, "_name", None)
    module = getattr(type(form), "__module__", "")
    return name if name in _QUALIFIERS and module in ("typing", "typing_extensions") else None


def peel(hint: Any) -> tuple[Any, tuple[Any, ...], frozenset[str]]:
    """The type inside ``Annotated``, ``NewType`` and qualifiers, all metadata from the inside out, and the qualifiers."""
    metadata: tuple[Any, ...] = ()
    qualifiers: set[str] = set()
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            metadata = (*hint.__metadata__, *metadata)
            hint = hint.__origin__
        elif isinstance(hint, NewType):
            hint = hint.__supertype__
        elif (found := _qualifier(origin)) is not None:
            qualifiers.add(found)
            (hint,) = get_args(hint)
        elif (found := _qualifier(hint)) is not None:
            qualifiers.add(found)
            hint = Any
        else:
            return hint, metadata, frozenset(qualifiers)


def is_union(hint: Any) -> bool:
    """Is it ``X | Y``, ``Union`` or ``Optional``?"""
    return get_origin(hint) in (Union, types.UnionType)


def is_unpacked(hint: Any) -> bool:
    """Is it ``*tuple[...]`` or ``Unpack[...]``?"""
    return getattr(hint, "__unpacked__", False) is True or getattr(get_origin(hint), "_name", "") == "Unpack"


def is_unset(hint: Any) -> bool:
    """Is it the type of `UNSET`, ours or msgspec's?"""
    msgspec = sys.modules.get("msgspec")
    return hint is UnsetType or (msgspec is not None and hint is getattr(msgspec, "UnsetType", UnsetType))


def is_alias(hint: Any) -> bool:
    """Is it an alias made by the ``type`` statement, subscripted or not?"""
    return type(get_origin(hint) or hint).__name__ == "TypeAliasType"


def alias_value(hint: Any, where: str) -> Any:
    """What an alias stands for."""
    alias = get_origin(hint) or hint
    try:
        value = alias.__value__
    except NameError as error:
        raise refuse(where, _unresolved(error)) from error
    value = resolve(value, _globals(alias), {alias.__name__: alias}, where)
    return substitute(value, dict(zip(alias.__type_params__, get_args(hint), strict=False)), where)


def meaning(variable: TypeVar, where: str) -> Any:
    """What a type variable stands for that nothing was put in the place of: its default, constraints, bound, or Any."""
    default = getattr(variable, "__default__", None)
    has_default = getattr(variable, "has_default", None)
    if has_default() if has_default is not None else default is not None:
        return resolve(default, _globals(variable), {}, where)
    if variable.__constraints__:
        return resolve(Union[variable.__constraints__], _globals(variable), {}, where)  # noqa: UP007 - of a tuple
    return Any if variable.__bound__ is None else resolve(variable.__bound__, _globals(variable), {}, where)


# Type variables.


def substitute(hint: Any, types_of: Mapping[Any, Any], where: str = "") -> Any:
    """The hint with types in the place of its type variables."""
    if isinstance(hint, TypeVar):
        return types_of.get(hint, hint)
    parameters = getattr(hint, "__parameters__", ())
    if not types_of or not parameters or get_origin(hint) is None:
        return hint
    try:
        return hint[tuple(types_of.get(parameter, parameter) for parameter in parameters)]
    except TypeError as error:
        raise refuse(where, f"{type_text(hint)} can't be given its types: {error}") from error


def bindings(cls: type[Any], args: tuple[Any, ...], where: str = "") -> dict[type[Any], dict[Any, Any]]:
    """For a generic class and each of its bases: what stands for its type variables."""
    found: dict[type[Any], dict[Any, Any]] = {}
    pending = [(cls, args)]
    while pending:
        current, given = pending.pop()
        if current in found:
            continue
        parameters = getattr(current, "__parameters__", ())
        if given and not all(isinstance(parameter, TypeVar) for parameter in parameters):
            raise refuse(where, f"{type_text(current)} has parameters that are not plain type variables")
        found[current] = types_of = dict(zip(parameters, given, strict=False))
        for base in vars(current).get("__orig_bases__", current.__bases__):
            origin = get_origin(base) or base
            if isinstance(origin, type) and origin not in (object, Generic, Protocol):
                pending.append((origin, tuple(substitute(arg, types_of, where) for arg in get_args(base))))
    return found


# Names.


class _Attributes(type):
    """A class whose every attribute is itself."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class _Unknown(metaclass=_Attributes):
    """What a name stands for that can't be resolved where that does not matter: takes part in any hint."""

    def __class_getitem__(cls, _: Any) -> type[_Unknown]:
        return cls


class _Lenient(dict[str, Any]):
    """Local names; those that are nowhere stand for `_Unknown`."""

    def __init__(self, names: Mapping[str, Any], module: Mapping[str, Any]) -> None:
        super().__init__(names)
        self.module = module

    def __missing__(self, name: str) -> Any:
        if name in self.module:
            return self.module[name]
        return getattr(builtins, name, _Unknown)


def _globals(owner: Any) -> dict[str, Any]:
    module = sys.modules.get(getattr(owner, "__module__", None) or "")
    return vars(module) if module is not None else {}


def scope(cls: type[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The names that a class's annotations see: those of its module, and its own where the module has none of them.

    The class's own name is among them, so that a class within a function can name itself; so is ``typing``, since
    ``make_dataclass`` writes ``typing.Any`` in the name of modules that don't import it.
    """
    module = _globals(cls)
    local: dict[str, Any] = {"typing": typing, **vars(cls), cls.__name__: cls}
    local = {name: value for name, value in local.items() if name not in module and not hasattr(builtins, name)}
    local.update((parameter.__name__, parameter) for parameter in getattr(cls, "__type_params__", ()))
    return module, local


def resolve(hint: Any, module: dict[str, Any], local: Mapping[str, Any], where: str, *, lenient: bool = False) -> Any:
    """The hint with all names in it resolved, ``Annotated`` kept. Leniently, what can't be resolved is some type or other.

    Raises:
        SchemaError: a name that is not there, or no type.
    """
    names = _Lenient(local, module) if lenient else dict(local)
    holder = type("Holder", (), {"__annotations__": {"hint": hint}})
    try:
        return typing.get_type_hints(holder, module, names, include_extras=True)["hint"]
    except (NameError, TypeError, SyntaxError, AttributeError, ValueError) as error:
        if lenient:
            return Any
        raise refuse(where, _unresolved(error)) from error


def _unresolved(error: Exception) -> str:
    if isinstance(error, NameError) and error.name:
        return f"the name {shown(error.name)!r} can't be resolved"
    return f"its annotation can't be resolved: {shown(str(error))}"


def own_annotations(cls: type[Any]) -> Mapping[str, Any]:
    """A class's own annotations as they stand there, none of its bases'."""
    if sys.version_info >= (3, 14):
        import annotationlib  # noqa: PLC0415 - new there

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    found = vars(cls).get("__annotations__", {})
    return found if isinstance(found, Mapping) else {}


def field_hints(
    cls: type[Any],
    args: tuple[Any, ...],
    names: Iterator[str] | list[str],
    where: str,
    *,
    owns: Callable[[type[Any]], bool],
    lenient: bool = False,
) -> dict[str, Any]:
    """The hints of the names, each from the class nearest in the inheritance that ``owns`` fields.

    Names in them are resolved in that class's module, and types stand in the place of type variables. Fields without an
    annotation are left out.
    """
    owners = [base for base in cls.__mro__ if owns(base)]
    types_of = bindings(cls, args, where)
    hints: dict[str, Any] = {}
    for name in names:
        for owner in owners:
            if name in (own := own_annotations(owner)):
                place = f"{where}.{name}"
                hint = resolve(own[name], *scope(owner), place, lenient=lenient)
                hints[name] = substitute(hint, types_of.get(owner, {}), place)
                break
    return hints
