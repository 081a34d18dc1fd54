"""A gateway that knows a few fields and loses nothing: `python examples/gateway.py [FILE]`, orders as JSON Lines.

Each order is decoded into a class of three fields, one of them is changed, and the order is written to standard output
with all else that it held, numbers to the last digit. Without a file it takes two orders of its own. What is no order is
refused with its place, and the orders behind it go on.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import forkedenc
from forkedenc import Limits, Rest, json

CHUNK = 1 << 16
SAMPLES = (
    b'{"id": 7, "status": "new", "customer": {"id": 3, "vip": true}, "total": 12.50, "ref": 12345678901234567890}\n'
    b'{"id": "8", "status": "new", "customer": {"id": 4}}\n'
    b'{"id": 9, "status": "held", "customer": {"id": 5, "since": 2019}, "lines": [{"sku": "A-1", "weight": 0.30}]}\n'
)


@dataclass(slots=True)
class Customer:
    id: int
    rest: Rest[json.Raw] = field(default_factory=dict)


@dataclass(slots=True)
class Order:
    id: int
    status: str
    customer: Customer
    rest: Rest[json.Raw] = field(default_factory=dict)


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def orders(source: Iterable[bytes]) -> Iterator[Order | forkedenc.DecodeError]:
    """Orders as they become complete, and an error in the place of each line that is none."""
    stream = json.StreamDecoder(Order, framing="lines", limits=Limits.strict(), on_error="yield")
    for chunk in source:
        yield from stream.feed(chunk)
    yield from stream.close()


def main() -> int:
    source = chunks(Path(sys.argv[1])) if len(sys.argv) > 1 else iter([SAMPLES])
    refused = 0
    for order in orders(source):
        if isinstance(order, forkedenc.DecodeError):
            refused += 1
            print(f"refused: {order}", file=sys.stderr)
            continue
        if order.status == "new":
            order.status = "checked"
        sys.stdout.buffer.write(json.encode_lines([order]))
    sys.stdout.flush()
    return 1 if refused and len(sys.argv) > 1 else 0


if __name__ == "__main__":
    raise SystemExit(main())
