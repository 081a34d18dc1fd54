"""The classes that have fields: what kinds there are, which fields they have, and how an instance is made.

`members_of` is what the compilers of both codecs, and the encoder, stand on. It looks at a class, not into the types of
its fields.
"""

from __future__ import annotations

import dataclasses
import inspect
import operator
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any, get_args, get_origin

from forkedenc._schema import _dicts_and_tuples, _peers
from forkedenc._schema._hints import field_hints, refuse, type_text
from forkedenc._schema._members import MISSING, ClassInfo, Member, SetDefaults, has_own_new, is_rest, set_by_descriptor

__all__ = ["is_class", "members_of"]


def _is_attrs(cls: type[Any]) -> bool:
    return "attr" in sys.modules and isinstance(getattr(cls, "__attrs_attrs__", None), tuple)


def _reader(cls: Any) -> Callable[..., ClassInfo] | None:
    """What reads classes of this kind; None if it is a kind without fields."""
    if not isinstance(cls, type):
        return None
    if _dicts_and_tuples.is_typed_dict(cls):
        return _dicts_and_tuples.typed_dict
    if _dicts_and_tuples.is_named_tuple(cls):
        return _dicts_and_tuples.named_tuple
    if _peers.is_struct(cls):
        return _peers.struct
    if _peers.is_model(cls):
        return _peers.model
    if _peers.is_pydantic_dataclass(cls):
        return _peers.pydantic_dataclass
    if dataclasses.is_dataclass(cls):
        return _dataclass
    return _attrs if _is_attrs(cls) else None


def is_class(hint: Any) -> bool:
    """Is it a class with fields, subscripted or not?"""
    return _reader(get_origin(hint) or hint) is not None


def members_of(hint: Any, where: str = "", *, lenient: bool = False) -> ClassInfo:
    """The fields of a class, or of a generic class given its types: ``Box[int]``.

    Args:
        hint: the class.
        where: the path to it, for errors; its name if empty.
        lenient: for encoding: names that can't be resolved stand for some type or other, and what only matters to
            decoding is no error.

    Raises:
        SchemaError: no class with fields, or one that can't be decoded.
    """
    cls = get_origin(hint) or hint
    reader = _reader(cls)
    if reader is None:
        raise refuse(where, f"{type_text(hint)} is no class with fields")
    if not lenient and (inspect.isabstract(cls) or getattr(cls, "_is_protocol", False)):
        raise refuse(where, f"{type_text(hint)} is abstract, so it has no instances")
    return reader(cls, get_args(hint), where or type_text(cls), lenient=lenient)


def _call(cls: type[Any], names: dict[str, str], late: list[str]) -> Callable[..., Any]:
    """What makes an instance by calling the class.

    Args:
        cls: the class.
        names: parameters for attributes that have another name.
        late: attributes that the class takes no parameter for, set afterwards.
    """

    def make(values: dict[str, Any], _: dict[str, Any] | None) -> Any:
        afterwards = [(name, values.pop(name)) for name in late if name in values]
        instance = cls(**{names.get(name, name): value for name, value in values.items()})
        for name, value in afterwards:
            object.__setattr__(instance, name, value)
        return instance

    return make


def _post(cls: type[Any], name: str) -> tuple[Callable[[Any], Any], ...]:
    """The method to call with a finished instance, if there is one."""
    found = inspect.getattr_static(cls, name, None)
    if found is None:
        return ()
    return (found if isinstance(found, types.FunctionType) else operator.methodcaller(name),)


def _generated(cls: type[Any], name: str, by_library: Callable[[types.CodeType], bool]) -> bool:
    """Is this special method the one that a library wrote, or that of ``object``?"""
    method = getattr(cls, name)
    if method is getattr(object, name):
        return True
    code = getattr(method, "__code__", None)
    return code is not None and by_library(code)


# Dataclasses.


def _by_dataclasses(code: types.CodeType) -> bool:
    return code.co_qualname.startswith("__create_fn__.")


def _dataclass(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> ClassInfo:
    if not lenient:
        for name, field in cls.__dataclass_fields__.items():
            if getattr(getattr(field, "_field_type", None), "name", "") == "_FIELD_INITVAR":
                raise refuse(f"{where}.{name}", "an InitVar is no field, so no document can hold it")
    fields = dataclasses.fields(cls)
    hints = _hints(cls, args, where, fields, "__dataclass_fields__", lenient=lenient)
    decoded = [field for field in fields if field.init or is_rest(hints[field.name])]
    members = []
    for field in decoded:
        factory = None if field.default_factory is MISSING else field.default_factory
        required = field.default is MISSING and factory is None
        members.append(Member(field.name, hints[field.name], required, default=field.default, factory=factory))
    by_call = (
        (cls.__dataclass_params__.init and not _generated(cls, "__init__", _by_dataclasses))
        or not _generated(cls, "__setattr__", _by_dataclasses)
        or has_own_new(cls)
        or set_by_descriptor(cls, [field.name for field in fields])
    )
    if by_call:
        late = [field.name for field in decoded if not field.init]
        return ClassInfo(cls, "call", tuple(members), make=_call(cls, {}, late))
    others = [(field.name, field.default, field.default_factory) for field in fields if field not in decoded]
    post: tuple[Callable[[Any], Any], ...] = (*SetDefaults.of(others), *_post(cls, "__post_init__"))
    return ClassInfo(cls, "instance", tuple(members), post=post)


def _hints(
    cls: type[Any], args: tuple[Any, ...], where: str, fields: Iterable[Any], mark: str, *, lenient: bool
) -> dict[str, Any]:
    """The types of all fields; those that no document sets, leniently."""
    found: dict[str, Any] = {}
    for field in fields:
        hints = field_hints(
            cls, args, [field.name], where, owns=lambda base: mark in vars(base), lenient=lenient or not field.init
        )
        found[field.name] = hints.get(field.name, Any if field.type is None else field.type)
    return found


# attrs.


def _by_attrs(code: types.CodeType) -> bool:
    return code.co_filename.startswith("<attrs generated") or code.co_filename == sys.modules["attr._make"].__file__


def _default_of(attribute: Any) -> tuple[Any, Any]:
    """The default and the factory of an attribute, each `MISSING` if there is none."""
    attr = sys.modules["attr"]
    default = attribute.default
    if default is attr.NOTHING:
        return MISSING, MISSING
    if isinstance(default, attr.Factory):
        # What takes the instance can be called by its own class alone.
        return MISSING, (MISSING if default.takes_self else default.factory)
    return default, MISSING


def _attrs(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> ClassInfo:
    attr = sys.modules["attr"]
    attributes = cls.__attrs_attrs__
    hints = _hints(cls, args, where, attributes, "__attrs_attrs__", lenient=lenient)
    decoded = [attribute for attribute in attributes if attribute.init or is_rest(hints[attribute.name])]
    members, names = [], {}
    for attribute in decoded:
        default, factory = _default_of(attribute)
        required = attribute.default is attr.NOTHING
        members.append(
            Member(
                attribute.name,
                hints[attribute.name],
                required,
                default=default,
                factory=None if factory is MISSING else factory,
            )
        )
        names[attribute.name] = attribute.alias or attribute.name.lstrip("_")
    own_code = any(
        attribute.converter is not None
        or attribute.validator is not None
        or (isinstance(attribute.default, attr.Factory) and attribute.default.takes_self)
        for attribute in attributes
    )
    by_call = (
        own_code
        or not _generated(cls, "__init__", _by_attrs)
        or not _generated(cls, "__setattr__", _by_attrs)
        or hasattr(cls, "__attrs_pre_init__")
        or _caches_hash(cls)
        or has_own_new(cls)
        or set_by_descriptor(cls, [attribute.name for attribute in attributes])
    )
    if by_call:
        late = [attribute.name for attribute in decoded if not attribute.init]
        return ClassInfo(cls, "call", tuple(members), make=_call(cls, names, late), foreign=True)
    others = [(attribute.name, *_default_of(attribute)) for attribute in attributes if attribute not in decoded]
    post: tuple[Callable[[Any], Any], ...] = (*SetDefaults.of(others), *_post(cls, "__attrs_post_init__"))
    return ClassInfo(cls, "instance", tuple(members), post=post, foreign=True)


def _caches_hash(cls: type[Any]) -> bool:
    """Does ``__init__`` lay the place for a cached hash, as with ``cache_hash=True``?"""
    code = getattr(cls.__hash__, "__code__", None)
    return code is not None and "_attrs_cached_hash" in (*code.co_names, *code.co_consts)
