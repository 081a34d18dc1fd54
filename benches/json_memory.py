"""Memory of what was decoded, object by object, beside the standard library's: `python benches/json_memory.py`.

Every dict, list, str and number of `json.loads` is compared with the one the standard library makes in the same
place (`sys.getsizeof`); not one may be bigger. The totals, each object counted once however often it is shared, are
given for the peers as well: a dict made with room to spare stays that size for as long as it lives.
"""

import argparse
import json as stdlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import fastsimdjson
import msgspec
import orjson
import ssrjson
from documents import documents, messages
from race import Table, machine, publish

from forkedenc import json

PACKAGES = ("forkedenc", "orjson", "fastsimdjson", "ssrjson", "msgspec")
WHOLE: dict[str, Callable[[bytes], Any]] = {
    "forkedenc": json.loads,
    "orjson": orjson.loads,
    "fastsimdjson": fastsimdjson.loads,
    "ssrjson": ssrjson.loads,
    "msgspec": msgspec.json.decode,
    "json": stdlib.loads,
}


def objects(value: Any) -> Iterator[tuple[str, Any]]:
    """Every object of a decoded value with a word on its place; in the same order for equal values."""
    rest = [("value", value)]
    while rest:
        place, one = rest.pop()
        yield place, one
        if isinstance(one, dict):
            for key, member in one.items():
                rest += [(f"key {key!r}", key), (f"member {key!r}", member)]
        elif isinstance(one, list):
            rest += [(f"item {index}", item) for index, item in enumerate(one)]


def total(value: Any) -> int:
    """Bytes of all objects, each counted once."""
    return sum({id(one): sys.getsizeof(one) for _, one in objects(value)}.values())


def bigger(ours: Any, theirs: Any) -> list[str]:
    """A line for each object of ours that is bigger than the one in its place."""
    lines = []
    for (place, one), (_, other) in zip(objects(ours), objects(theirs), strict=True):
        size, its = sys.getsizeof(one), sys.getsizeof(other)
        if size > its:
            lines.append(f"{place}: a {type(one).__name__} of {size} bytes, json's has {its}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publish", action="store_true", help="write the table into RESULTS.md")
    options = parser.parse_args()
    rows, failures = {}, []
    for label, data in (documents() | messages()).items():
        values = {name: function(data) for name, function in WHOLE.items()}
        failures += [f"{label}: {line}" for line in bigger(values["forkedenc"], values["json"])]
        sizes = {name: total(value) for name, value in values.items()}
        rows[label] = {name: size / sizes["json"] for name, size in sizes.items()}
    table = Table("Bytes of the decoded objects (json = 1)", list(WHOLE), rows)
    text = "\n\n".join(["## Memory of decoded JSON", machine(*PACKAGES), table.markdown()])
    print(text)
    if failures:
        sys.exit("\n".join([f"{len(failures)} objects are bigger than the standard library's:", *failures[:20]]))
    if options.publish:
        publish("json_memory", text)


if __name__ == "__main__":
    main()
