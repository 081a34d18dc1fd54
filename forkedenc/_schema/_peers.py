"""msgspec's structs and pydantic's models and dataclasses: asked for only if the caller has imported those libraries."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from forkedenc._schema._hints import field_hints, refuse
from forkedenc._schema._members import MISSING, ClassInfo, Member

__all__ = ["is_model", "is_pydantic_dataclass", "is_struct", "model", "pydantic_dataclass", "struct", "without_members"]


def without_members(cls: type[Any]) -> bool:
    """Is it a class of these libraries that no object in a document stands for?"""
    if is_struct(cls):
        return bool(cls.__struct_config__.array_like)
    return is_model(cls) and bool(getattr(cls, "__pydantic_root_model__", False))


# msgspec.


def is_struct(cls: type[Any]) -> bool:
    """Is it a ``msgspec.Struct``?"""
    msgspec = sys.modules.get("msgspec")
    return msgspec is not None and hasattr(msgspec, "Struct") and issubclass(cls, msgspec.Struct)


def struct(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> ClassInfo:
    """The fields of a ``msgspec.Struct``."""
    config = cls.__struct_config__
    if without_members(cls):
        raise refuse(where, "a Struct with array_like=True is an array, which has no members")
    names: tuple[str, ...] = cls.__struct_fields__
    owner_names = vars(sys.modules["msgspec"])
    hints = field_hints(
        cls, args, list(names), where, owns=lambda base: hasattr(base, "__struct_fields__"), lenient=lenient
    )
    nothing = owner_names["NODEFAULT"]
    defaults = (nothing,) * (len(names) - len(cls.__struct_defaults__)) + tuple(cls.__struct_defaults__)
    members = []
    for name, wire, given in zip(names, cls.__struct_encode_fields__, defaults, strict=True):
        # A factory is kept in an object of msgspec's own.
        is_factory = type(given).__name__ == "Factory" and type(given).__module__.startswith("msgspec")
        members.append(
            Member(
                name,
                hints.get(name, Any),
                given is nothing,
                default=MISSING if given is nothing or is_factory else given,
                factory=given.factory if is_factory else None,
                wire=wire,
            )
        )

    def make(values: dict[str, Any], _: dict[str, Any] | None) -> Any:
        return cls(**values)

    return ClassInfo(
        cls,
        "call",
        tuple(members),
        make=make,
        tag=None if config.tag is None else (config.tag_field, config.tag),
        unknown="error" if config.forbid_unknown_fields else "",
        foreign=True,
    )


# pydantic.


def is_model(cls: type[Any]) -> bool:
    """Is it a model of pydantic 2?"""
    pydantic = sys.modules.get("pydantic")
    base = getattr(pydantic, "BaseModel", None)
    return base is not None and issubclass(cls, base) and hasattr(cls, "__pydantic_validator__")


def is_pydantic_dataclass(cls: type[Any]) -> bool:
    """Is it a dataclass of pydantic 2?"""
    return "pydantic" in sys.modules and "__pydantic_validator__" in vars(cls) and hasattr(cls, "__dataclass_fields__")


def _members(fields: Iterable[tuple[str, Any]], where: str) -> tuple[tuple[Member, ...], dict[str, str]]:
    """The fields, and for each the name by which pydantic wants to be given it."""
    members, keys = [], {}
    for name, field in fields:
        key = field.validation_alias if field.validation_alias is not None else field.alias
        if key is not None and not isinstance(key, str):
            raise refuse(f"{where}.{name}", f"{type(key).__name__} is more than one name")
        keys[name] = key or name
        hint = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        required = field.is_required()
        factory = field.default_factory
        if getattr(field, "default_factory_takes_validated_data", False):
            factory = None
        default = MISSING if required or field.default_factory is not None else field.default
        members.append(
            Member(
                name,
                hint,
                required,
                default=default,
                factory=factory,
                wire=keys[name],
                written=field.exclude is not True,
            )
        )
    return tuple(members), keys


def _make(call: Callable[[dict[str, Any]], Any], keys: dict[str, str]) -> Callable[..., Any]:
    def make(values: dict[str, Any], extra: dict[str, Any] | None) -> Any:
        given = {keys[name]: value for name, value in values.items()}
        return call({**extra, **given} if extra else given)

    return make


def model(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> ClassInfo:
    """The fields of a model. Its own validation makes the instances, and sees every value."""
    del args  # a generic model that is given its types is a class of its own
    if without_members(cls):
        raise refuse(where, "a RootModel has no members")
    if not cls.__pydantic_complete__:
        cls.model_rebuild(raise_errors=False)
        if not cls.__pydantic_complete__ and not lenient:
            raise refuse(where, "pydantic can't resolve all names in its annotations")
    members, keys = _members(cls.model_fields.items(), where)
    extra = cls.model_config.get("extra")
    return ClassInfo(
        cls,
        "call",
        members,
        make=_make(cls.model_validate, keys),
        unknown="error" if extra == "forbid" else "",
        extra=Any if extra == "allow" else MISSING,
        validates=True,
    )


def pydantic_dataclass(cls: type[Any], args: tuple[Any, ...], where: str, *, lenient: bool) -> ClassInfo:
    """The fields of a dataclass of pydantic's."""
    del args, lenient
    fields = getattr(cls, "__pydantic_fields__", {})
    members, keys = _members(((name, field) for name, field in fields.items() if field.init is not False), where)
    config = getattr(cls, "__pydantic_config__", {})
    return ClassInfo(
        cls,
        "call",
        members,
        make=_make(lambda given: cls(**given), keys),
        unknown="error" if config.get("extra") == "forbid" else "",
        validates=True,
    )
