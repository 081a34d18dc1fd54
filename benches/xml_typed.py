"""Typed XML beside the peers: `python benches/xml_typed.py [--quick] [--publish]`.

- orders: 1000 of them with their lines, three levels deep. Ours keep two unknown things in each order: an attribute and an element;
- feeds: 1000 Atom entries with prefixes, of which the classes know a third.

How it is measured: race.py. Every contestant's fields are compared with those of the loop over ElementTree before it is timed.
"""

import argparse
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import pydantic_xml
from race import Call, Table, machine, publish, race
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.handlers import LxmlEventHandler, XmlEventHandler

from forkedenc import xml

PACKAGES = ("forkedenc", "lxml", "xsdata", "pydantic-xml")
COUNT = 1000
ATOM = "http://www.w3.org/2005/Atom"
BY_HAND = "ElementTree by hand"

# What a contestant's document is compared by.
Facts = list[tuple[Any, ...]]


def orders(count: int) -> bytes:
    parts = ["<orders>"]
    for number in range(count):
        parts.append(
            f'<order number="{number}" currency="EUR" channel="web"><buyer><name>Zoë &amp; Sons {number}</name>'
            f"<mail>buyer{number}@example.org</mail></buyer><placed>2026-03-{number % 28 + 1:02d}T08:30:00Z</placed>"
        )
        parts += [
            f'<line article="A-{number}-{at}" count="{at + 1}"><label>Bolt, {at} mm</label><price>{at}.25</price></line>'
            for at in range(5)
        ]
        parts.append('<gift wrap="blue">with a card</gift></order>')
    return "".join([*parts, "</orders>"]).encode()


def feed(count: int) -> bytes:
    parts = [f'<feed xmlns="{ATOM}" xmlns:m="urn:example:media"><title>Everything</title>']
    parts += [
        f'\n  <entry><id>urn:entry:{number}</id><title type="text">Title {number} &lt;b&gt;</title><link rel="self" href="/{number}"/>'
        f"<updated>2026-03-01T00:00:00Z</updated><author><name>Somebody</name></author>"
        f'<m:thumbnail url="/{number}.png" width="90"/><!-- {number} --><summary>{"Some words about it. " * 5}</summary></entry>'
        for number in range(count)
    ]
    return "".join([*parts, "</feed>"]).encode()


@dataclass(slots=True)
class HandLine:
    article: str
    count: int
    label: str
    price: float


@dataclass(slots=True)
class HandBuyer:
    name: str
    mail: str


@dataclass(slots=True)
class HandOrder:
    number: int
    currency: str
    buyer: HandBuyer
    placed: str
    lines: list[HandLine]


@dataclass(slots=True)
class HandOrders:
    orders: list[HandOrder]


def orders_by_hand(data: bytes) -> HandOrders:
    """What programs write today, in its quick form; it keeps nothing that it does not know."""
    return HandOrders([
        HandOrder(
            int(order.get("number") or ""),
            order.get("currency") or "",
            HandBuyer(order.findtext("buyer/name") or "", order.findtext("buyer/mail") or ""),
            order.findtext("placed") or "",
            [
                HandLine(
                    line.get("article") or "", int(line.get("count") or ""), line.findtext("label") or "",
                    float(line.findtext("price") or ""),
                )
                for line in order.findall("line")
            ],
        )
        for order in ET.fromstring(data).findall("order")  # noqa: S314 - the peer that is measured
    ])  # fmt: skip


@dataclass(slots=True)
class HandEntry:
    id: str
    title: str
    href: str


@dataclass(slots=True)
class HandFeed:
    entries: list[HandEntry]


def feed_by_hand(data: bytes) -> HandFeed:
    names = {"a": ATOM}
    found = []
    for entry in ET.fromstring(data).findall("a:entry", names):  # noqa: S314 - the peer that is measured
        link = entry.find("a:link", names)
        assert link is not None
        found.append(
            HandEntry(entry.findtext("a:id", "", names), entry.findtext("a:title", "", names), link.get("href") or "")
        )
    return HandFeed(found)


@xml.element("line")
@dataclass(slots=True)
class Line:
    article: Annotated[str, xml.attr()]
    count: Annotated[int, xml.attr()]
    label: Annotated[str, xml.child()]
    price: Annotated[float, xml.child()]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("buyer")
@dataclass(slots=True)
class Buyer:
    name: Annotated[str, xml.child()]
    mail: Annotated[str, xml.child()]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("order")
@dataclass(slots=True)
class Order:
    number: Annotated[int, xml.attr()]
    currency: Annotated[str, xml.attr()]
    buyer: Annotated[Buyer, xml.child()]
    placed: Annotated[str, xml.child()]
    lines: Annotated[list[Line], xml.child("line")]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element("orders")
@dataclass(slots=True)
class Orders:
    orders: Annotated[list[Order], xml.child("order")]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{{{ATOM}}}link")
@dataclass(slots=True)
class Link:
    href: Annotated[str, xml.attr()]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{{{ATOM}}}title")
@dataclass(slots=True)
class Title:
    text: Annotated[str, xml.text()]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{{{ATOM}}}entry")
@dataclass(slots=True)
class Entry:
    id: Annotated[str, xml.child()]
    title: Annotated[Title, xml.child()]
    link: Annotated[Link, xml.child()]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


@xml.element(f"{{{ATOM}}}feed")
@dataclass(slots=True)
class Feed:
    entries: Annotated[list[Entry], xml.child("entry")]
    more_attributes: xml.RestAttributes = field(default_factory=dict)
    more: xml.RestNodes = field(default_factory=list)


def part(kind: str, name: str | None = None) -> dict[str, str]:
    """What xsdata wants to know of a field."""
    return {"type": kind} | ({"name": name} if name else {})


@dataclass
class XsLine:
    article: str = field(metadata=part("Attribute"))
    count: int = field(metadata=part("Attribute"))
    label: str = field(metadata=part("Element"))
    price: float = field(metadata=part("Element"))


@dataclass
class XsBuyer:
    name: str = field(metadata=part("Element"))
    mail: str = field(metadata=part("Element"))


@dataclass
class XsGift:
    wrap: str = field(metadata=part("Attribute"))
    text: str = field(metadata=part("Text"))


@dataclass
class XsOrder:
    number: int = field(metadata=part("Attribute"))
    currency: str = field(metadata=part("Attribute"))
    channel: str = field(metadata=part("Attribute"))
    buyer: XsBuyer = field(metadata=part("Element"))
    placed: str = field(metadata=part("Element"))
    gift: XsGift = field(metadata=part("Element"))
    lines: list[XsLine] = field(default_factory=list, metadata=part("Element", "line"))


@dataclass
class XsOrders:
    class Meta:
        name = "orders"

    orders: list[XsOrder] = field(default_factory=list, metadata=part("Element", "order"))


class PydanticLine(pydantic_xml.BaseXmlModel, tag="line"):  # type: ignore[misc, call-arg]
    article: str = pydantic_xml.attr()
    count: int = pydantic_xml.attr()
    label: str = pydantic_xml.element()
    price: float = pydantic_xml.element()


class PydanticBuyer(pydantic_xml.BaseXmlModel, tag="buyer"):  # type: ignore[misc, call-arg]
    name: str = pydantic_xml.element()
    mail: str = pydantic_xml.element()


class PydanticOrder(pydantic_xml.BaseXmlModel, tag="order", search_mode="unordered"):  # type: ignore[misc, call-arg]
    number: int = pydantic_xml.attr()
    currency: str = pydantic_xml.attr()
    buyer: PydanticBuyer
    placed: str = pydantic_xml.element()
    lines: list[PydanticLine] = pydantic_xml.element(tag="line")


class PydanticOrders(pydantic_xml.BaseXmlModel, tag="orders", search_mode="unordered"):  # type: ignore[misc, call-arg]
    orders: list[PydanticOrder] = pydantic_xml.element(tag="order")


def order_facts(value: Any) -> Facts:
    return [
        (
            order.number, order.currency, order.buyer.name, order.buyer.mail, order.placed,
            [(line.article, line.count, line.label, line.price) for line in order.lines],
        )
        for order in value.orders
    ]  # fmt: skip


def feed_facts(value: Any) -> Facts:
    if isinstance(value, HandFeed):
        return [(entry.id, entry.title, entry.href) for entry in value.entries]
    return [(entry.id, entry.title.text, entry.link.href) for entry in value.entries]


def canonical(data: bytes) -> str:
    return ET.canonicalize(data.decode(), with_comments=True)


def right(calls: dict[str, Call], facts: Callable[[Any], Facts], label: str) -> dict[str, Call]:
    """The calls, once each has given what the loop by hand gives."""
    expected = facts(calls[BY_HAND].function(calls[BY_HAND].argument))
    assert expected, label
    for name, call in calls.items():
        if facts(call.function(call.argument)) != expected:
            sys.exit(f"{label}: {name} gives something else")
    return calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, for a look")
    parser.add_argument("--publish", action="store_true", help="write the tables into RESULTS.md")
    options = parser.parse_args()
    rounds = 3 if options.quick else 11
    bought, told = orders(COUNT), feed(COUNT)
    decode_orders, decode_feed = xml.Decoder(Orders).decode, xml.Decoder(Feed).decode
    kept, entries = decode_orders(bought), decode_feed(told)
    for value, data in ((kept, bought), (entries, told)):
        assert canonical(xml.encode(value)) == canonical(data), "something was lost"
    by_decode = {
        f"{COUNT} orders": race(
            right(
                {
                    "forkedenc, rests kept": Call(decode_orders, bought),
                    BY_HAND: Call(orders_by_hand, bought),
                    "xsdata, expat": Call(
                        lambda data: XmlParser(handler=XmlEventHandler).from_bytes(data, XsOrders), bought
                    ),
                    "xsdata, lxml": Call(
                        lambda data: XmlParser(handler=LxmlEventHandler).from_bytes(data, XsOrders), bought
                    ),
                    "pydantic-xml": Call(PydanticOrders.from_xml, bought),
                },
                order_facts,
                "orders",
            ),
            rounds,
        ),
        f"{COUNT} Atom entries": race(
            right(
                {"forkedenc, rests kept": Call(decode_feed, told), BY_HAND: Call(feed_by_hand, told)},
                feed_facts,
                "feed",
            ),
            rounds,
        ),
    }
    trees = {"orders": (kept, ET.fromstring(bought)), "entries": (entries, ET.fromstring(told))}  # noqa: S314 - our own
    by_encode = {
        f"{COUNT} {label}": race(
            {"forkedenc": Call(xml.encode, value), "ElementTree, the tree ready": Call(ET.tostring, tree)}, rounds
        )
        for label, (value, tree) in trees.items()
    }
    text = "\n\n".join([
        "## Typed XML",
        machine(*PACKAGES),
        Table.of("Decoded to instances (the loop over ElementTree = 1)", by_decode, BY_HAND).markdown(),
        Table.of("Encoded with all that was kept (ElementTree = 1)", by_encode, "ElementTree, the tree ready").markdown(),
    ])  # fmt: skip
    print(text)
    if options.publish:
        publish("xml_typed", text)


if __name__ == "__main__":
    main()
