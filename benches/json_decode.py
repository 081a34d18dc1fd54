"""Decoding JSON beside the peers: `python benches/json_decode.py [--quick] [--publish]`.

- documents: `json.loads` of whole documents, as multiples of orjson's time;
- messages: the same for a message of 300 bytes and one of 38;
- chunks: a `StreamDecoder` fed 64 KiB at a time, as a multiple of `json.loads` of the same document;
- items: `json.items` over an array read from a file, as a multiple of ijson's time (yajl2_c).

How it is measured: race.py. A peer whose answer is not the standard library's does not compete on that document.
"""

import argparse
import io
import json as stdlib
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import fastsimdjson
import ijson
import msgspec
import orjson
import simdjson
import ssrjson
import ujson
from documents import MESSAGE, documents, messages
from race import Call, Table, Timing, machine, publish, race

from forkedenc import json

CHUNK = 1 << 16
PACKAGES = ("forkedenc", "orjson", "fastsimdjson", "ssrjson", "msgspec", "pysimdjson", "ujson", "ijson")
WHOLE: dict[str, Callable[[bytes], Any]] = {
    "forkedenc": json.loads,
    "orjson": orjson.loads,
    "fastsimdjson": fastsimdjson.loads,
    "ssrjson": ssrjson.loads,
    "msgspec": msgspec.json.Decoder().decode,
    "pysimdjson": simdjson.loads,
    "ujson": ujson.loads,
    "json": stdlib.loads,
}


def right(calls: dict[str, Call], expected: object, label: str) -> dict[str, Call]:
    """The calls whose answer is the expected one; ours must be among them."""
    kept = {}
    for name, call in calls.items():
        try:
            wrong = None if call.function(call.argument) == expected else "another answer than json's"
        except (ValueError, OverflowError, RecursionError) as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong is None:
            kept[name] = call
        elif name.startswith("forkedenc"):
            sys.exit(f"{label}: {name} gives {wrong}")
        else:
            print(f"{label}: {name} does not compete, it gives {wrong}", file=sys.stderr)
    return kept


def whole(inputs: dict[str, bytes], rounds: int) -> dict[str, dict[str, Timing]]:
    results = {}
    for label, data in inputs.items():
        calls = {name: Call(function, data) for name, function in WHOLE.items()}
        results[label] = race(right(calls, stdlib.loads(data), label), rounds)
    return results


def fed(chunks: list[bytes]) -> object:
    stream = json.StreamDecoder()
    values = [value for chunk in chunks for value in stream.feed(chunk)]
    (value,) = values + stream.close()
    return value


def chunked(inputs: dict[str, bytes], rounds: int) -> dict[str, dict[str, Timing]]:
    results = {}
    for label, data in inputs.items():
        if len(data) >= 2 * CHUNK:
            chunks = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
            calls = {"whole": Call(json.loads, data), "64 KiB": Call(fed, chunks)}
            results[label] = race(right(calls, stdlib.loads(data), label), rounds)
    return results


def count_items(iterate: Callable[[io.BytesIO, str], Any], data: bytes) -> int:
    return sum(1 for _ in iterate(io.BytesIO(data), "item"))


def items(size: int, rounds: int) -> dict[str, dict[str, Timing]]:
    backend = ijson.get_backend("yajl2_c")
    count = size // len(MESSAGE)
    data = b"[" + b",".join([MESSAGE] * count) + b"]"
    calls = {
        "forkedenc": Call(partial(count_items, json.items), data),
        "ijson": Call(partial(count_items, partial(backend.items, use_float=True)), data),
    }
    return {f"{size // 10**6} MB of {len(MESSAGE)}-byte records": race(right(calls, count, "items"), rounds)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a look")
    parser.add_argument("--publish", action="store_true", help="write the tables into RESULTS.md")
    parser.add_argument("--only", default="", help="documents whose name holds this text")
    options = parser.parse_args()
    rounds = 7 if options.quick else 31
    inputs = {name: data for name, data in documents().items() if options.only in name}
    by_document, by_message = whole(inputs, rounds), whole(messages(), 2 * rounds)
    by_chunk, by_item = chunked(inputs, rounds), items(10**6 if options.quick else 10**7, max(3, rounds // 5))
    tables = [
        Table.of("Documents, decoded and dropped (orjson = 1)", by_document, "orjson"),
        Table.of("Messages, decoded and dropped (orjson = 1)", by_message, "orjson"),
        Table.of("Documents, results kept (orjson = 1)", by_document, "orjson", kept=True),
        Table.of("Messages, results kept (orjson = 1)", by_message, "orjson", kept=True),
        Table.of("Fed in chunks (forkedenc, whole = 1)", by_chunk, "whole"),
        Table.of("Items of an array, from a file (ijson = 1)", by_item, "ijson"),
    ]
    where = machine(*PACKAGES)
    text = "\n\n".join(["## Decoding JSON", where, *(table.markdown() for table in tables)])
    print(text)
    if options.publish:
        publish("json_decode", text)


if __name__ == "__main__":
    main()
