"""What the benches decode: third parties' documents where they are, and two messages of our own."""

import json
import os
import sys
from pathlib import Path

# A request or event of an everyday service, and the smallest reply of a remote call.
MESSAGE = json.dumps(
    {
        "id": "c0ffee52-95c1-4e2a-8f1d-3a6f5d2c9b10",
        "at": 1773480413,
        "kind": "order.shipped",
        "customer": {"id": 52901, "name": "Ada King Lovelace", "mail": "ada@example.org"},
        "parcels": [{"box": "M-2", "n": 2, "weight": 3.75}, {"box": "S-1", "n": 1, "weight": 0.5}],
        "express": True,
        "remark": None,
        "tags": ["wholesale", "eu", "top"],
    },
    separators=(",", ":"),
).encode()
TINY = b'{"jsonrpc":"2.0","id":7,"result":true}'
# Smaller documents say more about the cost of a call than of decoding; the messages stand for them.
SMALLEST = 10_000


def messages() -> dict[str, bytes]:
    """Label -> message."""
    return {f"{len(data)} bytes": data for data in (MESSAGE, TINY)}


def documents() -> dict[str, bytes]:
    """Name -> document, from FORKEDENC_DATA or ../shared/data beside the checkout; ends the program without any."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FORKEDENC_DATA") or default) / "json-bench"
    found = {path.stem: path.read_bytes() for path in sorted(folder.rglob("*.json"))}
    found = {name: data for name, data in found.items() if len(data) >= SMALLEST}
    if not found:
        sys.exit(f"no documents in {folder}: set FORKEDENC_DATA to a folder with json-bench/*.json in it")
    return found
