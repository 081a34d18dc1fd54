"""How long ``json.encode`` takes beside its peers.

All encoders run in one process, in random order round after round, on the same values; each result is dropped at once.
Printed: microseconds of ours, and ours divided by each peer's (below 1: ours is faster), then the geometric means.

    python benches/json_encode.py [--rounds N] [--only NAME] [DIRECTORY]

DIRECTORY holds the documents, by default ``$FORKEDENC_DATA/json-bench``.
"""

from __future__ import annotations

import argparse
import json as stdlib
import math
import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forkedenc import json

MESSAGES: dict[str, Any] = {
    "message of 38 bytes": {"id": 17, "event": "ping", "ok": True},
    "message of 300 bytes": {
        "id": "5f0c2a9e-7d1b-4c0e-9a55-0d6d3f1f7a10",
        "type": "order.created",
        "at": "2024-05-17T09:31:22.481Z",
        "customer": {"id": 90017, "name": "Zoë Example", "vip": False},
        "lines": [
            {"sku": "A-1001", "count": 2, "price": 19.95},
            {"sku": "B-2002", "count": 1, "price": 7.5},
        ],
        "tags": ["web", "eu"],
        "note": None,
    },
}


def peers() -> dict[str, Callable[[Any], object]]:
    """The encoders that are installed, ours first."""
    found: dict[str, Callable[[Any], object]] = {"forkedenc": json.encode}
    try:
        import orjson

        found["orjson"] = orjson.dumps
    except ImportError:
        print("orjson is not installed")
    try:
        import ssrjson

        found["ssrjson"] = ssrjson.dumps_to_bytes
    except ImportError:
        print("ssrjson is not installed")
    try:
        import msgspec

        found["msgspec"] = msgspec.json.Encoder().encode
    except ImportError:
        print("msgspec is not installed")
    compact = stdlib.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    found["json"] = lambda value: compact.encode(value).encode()
    return found


def times(encode: Callable[[Any], object], value: Any, calls: int) -> float:
    """Nanoseconds of CPU time for one call."""
    start = time.thread_time_ns()
    for _ in range(calls):
        encode(value)
    return (time.thread_time_ns() - start) / calls


def measured(encoders: dict[str, Callable[[Any], object]], value: Any, rounds: int) -> dict[str, float]:
    """The median of each encoder, in nanoseconds; a round of one takes about two milliseconds."""
    calls = {name: max(1, int(2e6 / max(times(encode, value, 1), 1))) for name, encode in encoders.items()}
    calls = {name: max(1, int(2e6 / times(encoders[name], value, min(calls[name], 50)))) for name in encoders}
    taken: dict[str, list[float]] = {name: [] for name in encoders}
    order = list(encoders)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            taken[name].append(times(encoders[name], value, calls[name]))
    return {name: statistics.median(found) for name, found in taken.items()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("FORKEDENC_DATA", "../shared/data")
    parser.add_argument("directory", nargs="?", type=Path, default=Path(data) / "json-bench")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--only", default="", help="documents with this in their name")
    options = parser.parse_args()
    values = dict(MESSAGES)
    for path in sorted(options.directory.rglob("*.json")):
        values[path.relative_to(options.directory).as_posix()] = stdlib.loads(path.read_bytes())
    encoders = peers()
    others = [name for name in encoders if name != "forkedenc"]
    print(f"{'document':34} {'us':>9} " + " ".join(f"{'/ ' + name:>9}" for name in others))
    ratios: dict[str, list[float]] = {name: [] for name in others}
    for name, value in values.items():
        if options.only not in name:
            continue
        found = measured(encoders, value, options.rounds)
        ours = found["forkedenc"]
        for other in others:
            ratios[other].append(ours / found[other])
        print(f"{name:34} {ours / 1000:9.2f} " + " ".join(f"{ours / found[other]:9.3f}" for other in others))
    if any(ratios.values()):
        means = [math.exp(statistics.fmean(map(math.log, ratios[other]))) for other in others]
        print(f"{'geometric mean':34} {'':9} " + " ".join(f"{mean:9.3f}" for mean in means))


if __name__ == "__main__":
    main()
