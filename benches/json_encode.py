"""Encoding JSON beside the peers: `python benches/json_encode.py [--quick] [--publish]`.

- documents and messages: `json.encode` of what orjson decoded, as multiples of orjson's time;
- the standard library's shape: `json.dumps` of the same, as a multiple of `json`'s.

How it is measured: race.py. A peer whose text reads back as another value does not compete on that document.
"""

import argparse
import json as stdlib
import sys
from collections.abc import Callable
from typing import Any

import fastsimdjson
import msgspec
import orjson
import ssrjson
import ujson
from documents import documents, messages
from race import Call, Table, Timing, machine, publish, race

from forkedenc import json

PACKAGES = ("forkedenc", "orjson", "fastsimdjson", "ssrjson", "msgspec", "ujson")
TO_BYTES: dict[str, Callable[[Any], Any]] = {
    "forkedenc": json.encode,
    "orjson": orjson.dumps,
    "fastsimdjson": fastsimdjson.dumpb,
    "ssrjson": ssrjson.dumps_to_bytes,
    "msgspec": msgspec.json.Encoder().encode,
    "ujson": lambda value: ujson.dumps(value, ensure_ascii=False).encode(),
    "json": lambda value: stdlib.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
}
TO_STR: dict[str, Callable[[Any], Any]] = {"forkedenc": json.dumps, "json": stdlib.dumps}


def raced(
    functions: dict[str, Callable[[Any], Any]], inputs: dict[str, bytes], rounds: int
) -> dict[str, dict[str, Timing]]:
    results = {}
    for label, data in inputs.items():
        value = orjson.loads(data)
        calls = {}
        for name, function in functions.items():
            if stdlib.loads(function(value)) == value:
                calls[name] = Call(function, value)
            elif name == "forkedenc":
                sys.exit(f"{label}: forkedenc writes another value")
        results[label] = race(calls, rounds)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a look")
    parser.add_argument("--publish", action="store_true", help="write the tables into RESULTS.md")
    parser.add_argument("--only", default="", help="documents whose name holds this text")
    options = parser.parse_args()
    rounds = 7 if options.quick else 31
    inputs = {name: data for name, data in documents().items() if options.only in name}
    tables = [
        Table.of("Documents, encoded to bytes (orjson = 1)", raced(TO_BYTES, inputs, rounds), "orjson"),
        Table.of("Messages, encoded to bytes (orjson = 1)", raced(TO_BYTES, messages(), rounds), "orjson"),
        Table.of(
            "dumps, as the standard library writes (json = 1)", raced(TO_STR, inputs, max(3, rounds // 5)), "json"
        ),
    ]
    text = "\n\n".join(["## Encoding JSON", machine(*PACKAGES), *(table.markdown() for table in tables)])
    print(text)
    if options.publish:
        publish("json_encode", text)


if __name__ == "__main__":
    main()
