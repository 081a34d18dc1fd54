"""Policies as TOML: `load` reads a file, `dumps` writes one that reads back as an equal policy.

A file is a whole policy, or ``base = "svg"`` (a preset) and what differs: a setting replaces the base's, the tables ``[add]``
and ``[remove]`` change its sets and tables. A grammar is an inline table, ``{grammar = "numbers", units = true}``; reasons are
listed each with its rules.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from forkedenc._errors import PolicyError
from forkedenc.xml.sanitize._policy import SETTINGS, Policy, Table, checked, pruned
from forkedenc.xml.sanitize._presets import NAMES, preset
from forkedenc.xml.sanitize._values import KINDS, Value

__all__ = ["dumps", "load", "loads"]

_ANY = "any"
"""What stands for None, which TOML has not."""
_SETS = ("elements", "words", "uris")
_TABLES = ("attributes", "names", "values", "texts")
_BEARERS = frozenset({"elements", "link_elements", "unwrapped_elements"})
_KIND = {row.name: row.metadata["kind"].partition(" ")[0] for row in SETTINGS}


def load(path: str | os.PathLike[str]) -> Policy:
    """The policy of a file, named after the file unless it says otherwise."""
    with open(path, "rb") as file:  # noqa: PTH123 - the path may be any PathLike
        data = file.read()
    try:
        return loads(data.decode("utf-8"), name=PurePath(path).stem)
    except UnicodeDecodeError as error:
        raise PolicyError(f"{os.fspath(path)} is no UTF-8, as TOML must be: byte {error.start}") from None
    except PolicyError as error:
        raise PolicyError(f"{os.fspath(path)}: {error}") from None


def loads(text: str, *, name: str = "policy") -> Policy:
    """The policy that a TOML document says."""
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PolicyError(f"no TOML: {error}") from None
    base = _base(said.pop("base", None))
    add, remove = _changes(said, "add", base), _changes(said, "remove", base)
    settings: dict[str, Any] = {} if base is not None else {"name": name if name.isprintable() and name else "policy"}
    settings |= {key: _setting(key, value) for key, value in said.items()}
    # What is said of elements that go with this file goes too, unless the file says it itself.
    for keys in (_BEARERS, _KIND.keys() - _BEARERS):
        known = settings if base is None else {**pruned(base, settings), **settings}
        for key in sorted(keys & add.keys()):
            settings[key] = known[key] = _one(key, known, base) | checked(key, _KIND[key], _setting(key, add[key]))
        for key in sorted(keys & remove.keys()):
            settings[key] = _without(key, _one(key, known, base), remove[key])
    return Policy(**settings) if base is None else base.replace(**settings)


def _base(word: Any) -> Policy | None:
    if word is None:
        return None
    if not isinstance(word, str) or word not in NAMES:
        raise PolicyError(f"base must be one of {', '.join(NAMES)}, not {word!r}")
    return preset(word)


def _changes(said: dict[str, Any], word: str, base: Policy | None) -> dict[str, Any]:
    changes = said.pop(word, {})
    if not isinstance(changes, dict):
        raise PolicyError(f"{word} must be a table, not {changes!r}")
    if changes and base is None:
        raise PolicyError(f"[{word}] says what differs from a base, and there is none")
    for key in changes:
        _known(key)
        if _KIND[key] not in (*_SETS, *_TABLES):
            raise PolicyError(f"[{word}] {key}: only sets and tables have something to {word}; say {key} = ... instead")
    return changes


def _known(key: str) -> None:
    if key not in _KIND:
        raise PolicyError(f"there is no setting {key!r}")


def _one(key: str, settings: Mapping[str, Any], base: Policy | None) -> Any:
    """What add and remove begin with: the file's own setting, else the base's."""
    if key in settings:
        return checked(key, _KIND[key], settings[key])
    value = getattr(base, key)
    if value is None:
        raise PolicyError(f"{key} is {_ANY!r} in the base, of which nothing can be added or removed")
    return value


def _without(key: str, value: Any, gone: Any) -> Any:
    """The set or table without what `gone` names; of attributes, without single ones: ``"{uri}rect" = ["x"]``."""
    if isinstance(value, frozenset):
        return value - checked(key, _KIND[key], gone)
    if isinstance(gone, list):
        return value - checked(key, "elements" if key != "reasons" else "words", gone)
    if not isinstance(gone, dict) or key not in ("attributes", "denied_attributes"):
        raise PolicyError(f"[remove] {key} must list names, not {gone!r}")
    single = checked(key, "names", gone)
    return Table({
        element: rules - single[element] if element in single else rules for element, rules in value.items()
    })  # fmt: skip


# --- reading -------------------------------------------------------------------------------------------------


def _setting(key: str, value: Any) -> Any:
    """A setting as `Policy` takes it."""
    _known(key)
    if value == _ANY and _KIND[key] in ("uris", "count"):
        return None
    kind = _KIND[key]
    if kind == "texts" and isinstance(value, list):
        return dict(_reasons(key, value))
    if kind == "attributes" and isinstance(value, dict):
        return {element: _grammars(f"{key}.{element!r}", rules) for element, rules in value.items()}
    return _grammars(key, value) if kind == "values" and isinstance(value, dict) else value


def _reasons(key: str, said: list[Any]) -> Iterator[tuple[str, str]]:
    """The table that maps each rule to its reason, from one that lists the rules of each reason."""
    for entry in said:
        rules = entry.get("rules") if isinstance(entry, dict) and entry.keys() == {"why", "rules"} else None
        if not isinstance(rules, list):
            raise PolicyError(f"[[{key}]] must have why, and rules, a list")
        for rule in rules:
            if not isinstance(rule, str):
                raise PolicyError(f"[[{key}]] rules must be names, not {rule!r}")
            yield rule, entry["why"]


def _grammars(where: str, rules: Any) -> Any:
    if not isinstance(rules, dict):
        raise PolicyError(f"{where} must be a table, not {rules!r}")
    return {name: _grammar(f"{where}.{name!r}", grammar) for name, grammar in rules.items()}


def _grammar(where: str, said: Any) -> Value:
    """A grammar from its inline table, or from its word alone."""
    arguments = {"grammar": said} if isinstance(said, str) else said
    word = arguments.get("grammar") if isinstance(arguments, dict) else None
    if not isinstance(word, str) or word not in KINDS:
        raise PolicyError(
            f'{where} must be a grammar such as {{grammar = "text"}}, of {", ".join(sorted(KINDS))}, not {said!r}'
        )
    kind = KINDS[word]
    known = {field.name for field in dataclasses.fields(kind)}
    given: dict[str, Any] = {
        name: None if value == _ANY and name == "most" else value
        for name, value in arguments.items()
        if name != "grammar"
    }
    if unknown := sorted(given.keys() - known):
        raise PolicyError(f"{where}: the grammar {word} has no argument {unknown[0]!r}")
    try:
        return kind(**given)
    except PolicyError as error:
        raise PolicyError(f"{where}: {error}") from None


# --- writing -------------------------------------------------------------------------------------------------

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def dumps(policy: Policy) -> str:
    """The whole policy, each setting that is not the default, under what it means."""
    plain: list[str] = []
    tables: list[str] = []
    for row in SETTINGS:
        value, key = getattr(policy, row.name), row.name
        if key != "name" and key not in policy.changed():
            continue
        if _KIND[key] in _TABLES:
            tables += ["", f"# {row.metadata['doc']}", *_WRITERS[_KIND[key]](key, value)]
        else:
            plain += [f"# {row.metadata['doc']}", f"{key} = {_written(value)}"]
    return "\n".join([*plain, *tables, ""])


def _written(value: Any) -> str:
    """A value on the right of an equals sign."""
    if value is None:
        return _string(_ANY)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Value):
        return f"{{{', '.join([f'grammar = {_string(value.kind)}', *(f'{name} = {_written(item)}' for name, item in value.changed().items())])}}}"
    listed = [_string(item) for item in sorted(value)]
    on_one_line = f"[{', '.join(listed)}]"
    return on_one_line if len(on_one_line) < 100 else "[\n" + "".join(f"    {item},\n" for item in listed) + "]"


def _string(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _escaped(char)) for char in text) + '"'


def _escaped(char: str) -> str:
    point = ord(char)
    if 0xD800 <= point < 0xE000:
        raise PolicyError("a lone surrogate can't be written as TOML")
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _write_flat(key: str, table: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{key}]"
    for name in sorted(table):
        yield f"{_key(name)} = {_one_line(table[name])}"


def _write_attributes(key: str, table: Mapping[str, Mapping[str, Value]]) -> Iterator[str]:
    for index, element in enumerate(sorted(table)):
        if index:
            yield ""
        yield f"[{key}.{_key(element)}]"
        for name in sorted(table[element]):
            yield f"{_key(name)} = {_one_line(table[element][name])}"


def _write_reasons(key: str, table: Mapping[str, str]) -> Iterator[str]:
    rules: dict[str, list[str]] = {}
    for rule in sorted(table):
        rules.setdefault(table[rule], []).append(rule)
    for index, (why, found) in enumerate(rules.items()):
        if index:
            yield ""
        yield from (f"[[{key}]]", f"why = {_string(why)}", f"rules = {_written(frozenset(found))}")


def _one_line(value: Any) -> str:
    """As `_written`, without line breaks, which an inline table must not have."""
    return re.sub(
        r"\[\n    (.*?),\n\]",
        lambda match: f"[{match[1].replace(chr(10) + '    ', ' ')}]",
        _written(value),
        flags=re.DOTALL,
    )


_WRITERS: dict[str, Callable[[str, Any], Iterable[str]]] = {
    "attributes": _write_attributes,
    "names": _write_flat,
    "values": _write_flat,
    "texts": _write_reasons,
}
