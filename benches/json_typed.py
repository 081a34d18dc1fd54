"""Typed JSON beside the peers: `python benches/json_typed.py [--quick] [--publish]`.

Records of five levels (13 objects each), 1, 20 and 1000 of them.
- known: documents without a member that no class knows;
- rest: two unknown members in each object, kept by those who can;
- encode: those written back, unknown members and all;
- stream: JSON Lines of such records, fed 64 KiB at a time.

How it is measured: race.py. Every contestant's result is compared with the document before it is timed.
"""

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import field, fields, is_dataclass, make_dataclass
from functools import partial
from types import GenericAlias
from typing import Any

import cattrs.preconf.orjson
import dataclass_wizard
import dataclasses_json
import msgspec
import orjson
import pydantic
import serpyco_rs
from mashumaro.codecs.json import JSONDecoder as MashumaroDecoder
from race import Call, Table, Timing, machine, publish, race

from forkedenc import Rest, json

PACKAGES = (
    "forkedenc", "orjson", "msgspec", "serpyco-rs", "pydantic", "mashumaro", "cattrs", "dataclasses-json", "dataclass-wizard",
)  # fmt: skip
SIZES = (1, 20, 1000)
CHUNK = 1 << 16

# A class is its fields; the name of another class stands for it, in a list for several of it.
SCHEMA: dict[str, dict[str, Any]] = {
    "Position": {"latitude": float, "longitude": float},
    "Address": {"street": str, "city": str, "postcode": str, "position": "Position"},
    "Person": {"about": str, "age": int, "address": "Address"},
    "Maker": {"name": str, "country": str},
    "Line": {"article": str, "count": int, "price": float, "maker": "Maker"},
    "Purchase": {"number": int, "total": float, "lines": ["Line"]},
    "Account": {
        "id": int, "name": str, "email": str, "created": str, "active": bool, "score": float,
        "tags": list[str], "nickname": str | None, "person": "Person", "purchases": ["Purchase"],
    },
}  # fmt: skip


def many(kind: Any) -> Any:
    """The type of a list of a class that was made here."""
    return GenericAlias(list, (kind,))


def annotations(made: dict[str, Any], name: str) -> dict[str, Any]:
    """The fields of a class with the classes made so far in the place of their names."""

    def kind(of: Any) -> Any:
        if isinstance(of, list):
            return many(made[of[0]])
        return made[of] if isinstance(of, str) else of

    return {key: kind(of) for key, of in SCHEMA[name].items()}


def classes(make: Callable[[str, dict[str, Any]], Any]) -> Any:
    made: dict[str, Any] = {}
    for name in SCHEMA:
        made[name] = make(name, annotations(made, name))
    return made["Account"]


def dataclass_of(rest: Any = None, **options: Any) -> Any:
    more: list[Any] = [] if rest is None else [("rest", rest, field(default_factory=dict))]
    return classes(lambda name, hints: make_dataclass(name, [*hints.items(), *more], **options))


def struct(**options: Any) -> Any:
    return classes(lambda name, hints: msgspec.defstruct(name, list(hints.items()), **options))


def model(**options: Any) -> Any:
    config: Any = options
    return classes(
        lambda name, hints: pydantic.create_model(
            name, __config__=config, **{key: (kind, ...) for key, kind in hints.items()}
        )
    )


def accounts(count: int, unknown: bool) -> list[dict[str, Any]]:
    draw = random.Random(11)

    def value(name: str, number: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, kind in SCHEMA[name].items():
            if isinstance(kind, list):
                out[key] = [value(kind[0], 2 * number + at) for at in range(2)]
            elif isinstance(kind, str):
                out[key] = value(kind, number)
            elif key == "tags":
                out[key] = ["first", "second", f"group {number % 40}"]
            elif key == "nickname":
                out[key] = f"nick {number}" if number % 2 else None
            else:
                out[key] = {
                    float: draw.uniform(-180, 180), int: 7 * number, bool: number % 3 == 0, str: f"the {key} of {number}",
                }[kind]  # fmt: skip
        if unknown:
            out["x_source"] = draw.randrange(10**6)
            out["x_more"] = {"key": f"value {draw.randrange(1000)}", "list": [1, 2]}
        return out

    return [value("Account", number) for number in range(count)]


def plain(value: Any) -> Any:
    """A value of any of the contestants as dicts and lists, what is kept of unknown members among the rest."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, pydantic.BaseModel):
        return {key: plain(item) for key, item in value} | dict(value.model_extra or {})
    if isinstance(value, msgspec.Struct):
        return {key: plain(getattr(value, key)) for key in value.__struct_fields__}
    if is_dataclass(value):
        own = {item.name: plain(getattr(value, item.name)) for item in fields(value) if item.name != "rest"}
        return own | (getattr(value, "rest", None) or {})
    return value


def right(calls: dict[str, Call], expected: Any, label: str) -> dict[str, Call]:
    """The calls that gave what the document says; ours must be among them."""
    kept = {}
    for name, call in calls.items():
        answer = call.function(call.argument)
        found = orjson.loads(answer) if isinstance(answer, bytes) else plain(answer)
        if found == expected:
            kept[name] = call
        elif name.startswith("forkedenc"):
            sys.exit(f"{label}: {name} gives something else")
        else:
            print(f"{label}: {name} does not compete, it gives something else", file=sys.stderr)
    return kept


def decoders() -> dict[str, Callable[[bytes], Any]]:
    converter = cattrs.preconf.orjson.make_converter()
    named = dataclass_of()
    with_json = classes(lambda name, hints: dataclasses_json.dataclass_json(make_dataclass(name, list(hints.items()))))
    return {
        "forkedenc slots": json.Decoder(many(dataclass_of(slots=True))).decode,
        "forkedenc dict": json.Decoder(many(dataclass_of())).decode,
        "orjson to dicts": orjson.loads,
        "msgspec Struct": msgspec.json.Decoder(many(struct())).decode,
        "msgspec Struct gc=False": msgspec.json.Decoder(many(struct(gc=False))).decode,
        "msgspec slots": msgspec.json.Decoder(many(dataclass_of(slots=True))).decode,
        "msgspec dict": msgspec.json.Decoder(many(dataclass_of())).decode,
        "serpyco-rs slots": serpyco_rs.Serializer(many(dataclass_of(slots=True)), codec=serpyco_rs.JSON).load,
        "pydantic": pydantic.TypeAdapter(many(model())).validate_json,
        "mashumaro": MashumaroDecoder(many(dataclass_of()), pre_decoder_func=orjson.loads).decode,
        "cattrs": partial(_by_cattrs, converter, many(named)),
        "dataclasses-json": lambda data: [with_json.from_dict(record) for record in orjson.loads(data)],
        "dataclass-wizard": lambda data: dataclass_wizard.fromlist(named, orjson.loads(data)),
    }


def _by_cattrs(converter: Any, kind: Any, data: bytes) -> Any:
    return converter.loads(data, kind)


def race_all(
    label: str, rounds: int, functions: dict[str, Callable[[Any], Any]], arguments: dict[int, tuple[Any, Any]]
) -> dict[str, dict[str, Timing]]:
    """The functions on one argument for each size, after a look at what they give."""
    results = {}
    for size, (argument, expected) in arguments.items():
        calls = {name: Call(function, argument) for name, function in functions.items()}
        results[f"{size} records"] = race(
            right(calls, expected, f"{label}, {size}"), rounds if size < 1000 else max(5, rounds // 3)
        )
    return results


def fed(decoder: Callable[[], Any], chunks: list[bytes]) -> list[Any]:
    stream = decoder()
    return [value for chunk in chunks for value in stream.feed(chunk)] + list(stream.close())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a look")
    parser.add_argument("--publish", action="store_true", help="write the tables into RESULTS.md")
    options = parser.parse_args()
    rounds = 5 if options.quick else 21
    known = {size: accounts(size, unknown=False) for size in SIZES}
    more = {size: accounts(size, unknown=True) for size in SIZES}
    keeping, raw = dataclass_of(Rest[Any], slots=True), dataclass_of(Rest[json.Raw], slots=True)
    keep = json.Decoder(many(keeping)).decode
    by_known = race_all("known", rounds, decoders(), {size: (orjson.dumps(of), of) for size, of in known.items()})
    keepers: dict[str, Callable[[bytes], Any]] = {
        "forkedenc Rest[Any]": keep,
        "orjson to dicts": orjson.loads,
        "pydantic extra=allow": pydantic.TypeAdapter(many(model(extra="allow"))).validate_json,
    }
    by_rest = race_all("rest", rounds, keepers, {size: (orjson.dumps(of), of) for size, of in more.items()})
    by_encode = {}
    for size, of in more.items():
        kept = keep(orjson.dumps(of))
        raws = json.decode(orjson.dumps(of), many(raw))
        models: Any = pydantic.TypeAdapter(many(model(extra="allow")))
        calls = {
            "forkedenc Rest[Any]": Call(json.encode, kept),
            "forkedenc Rest[Raw]": Call(json.encode, raws),
            "orjson from dicts": Call(orjson.dumps, of),
            "pydantic extra=allow": Call(models.dump_json, models.validate_python(of)),
        }
        by_encode[f"{size} records"] = race(right(calls, of, f"encode, {size}"), rounds)
    lines = b"".join(orjson.dumps(record) + b"\n" for record in known[1000])
    chunks = [lines[at : at + CHUNK] for at in range(0, len(lines), CHUNK)]
    slots = dataclass_of(slots=True)
    by_stream = {
        f"{len(lines) / 1e6:.1f} MB of JSON Lines": race(
            {
                "forkedenc, 64 KiB chunks": Call(
                    partial(fed, partial(json.StreamDecoder, slots, framing="lines")), chunks
                ),
                "msgspec slots, whole": Call(msgspec.json.Decoder(slots).decode_lines, lines),
            },
            max(5, rounds // 3),
        )
    }
    tables = [
        Table.of("Known members alone, decoded (orjson to dicts = 1)", by_known, "orjson to dicts"),
        Table.of("Two unknown members in each object, kept (orjson to dicts = 1)", by_rest, "orjson to dicts"),
        Table.of("Those encoded again (orjson from dicts = 1)", by_encode, "orjson from dicts"),
        Table.of("Typed records from a stream (msgspec, whole = 1)", by_stream, "msgspec slots, whole"),
    ]
    text = "\n\n".join(["## Typed JSON", machine(*PACKAGES), *(table.markdown() for table in tables)])
    print(text)
    if options.publish:
        publish("json_typed", text)


if __name__ == "__main__":
    main()
