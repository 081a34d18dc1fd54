"""What the two rests of a typed class hold: `Attributes`, and the nodes of an element's content.

`Text`, `Comment` and `PI` among the nodes are the classes of events. All of this copies and pickles at any depth: trees
are walked, not descended into.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from copy import copy as shallow
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

if TYPE_CHECKING:
    from typing import Self

    from forkedenc._native import PI, Comment, Text

__all__ = ["Attributes", "Claimed", "Element", "Node"]

_EMPTY: Mapping[str, str] = {}


class Attributes(dict[str, str]):
    """An element's attributes by name, ``{uri}local`` or ``local``, and how the element was written.

    Equal to any dict with the same attributes. `copy`, the ``copy`` module and pickle keep all of it.

    Attributes:
        namespaces: the declarations that stand on the element, URI by prefix; ``""`` is the default namespace, and as
            URI takes it back. They are no attributes.
        prefix: the element's own prefix; None if it was written without one, or if nothing is known of it.
        prefixes: the prefix of an attribute by its name, where its namespace had more than one to choose from.
    """

    __slots__ = ("namespaces", "prefix", "prefixes")

    namespaces: dict[str, str]
    prefix: str | None
    prefixes: dict[str, str]

    def __init__(
        self,
        attributes: Mapping[str, str] | Iterable[tuple[str, str]] = _EMPTY,
        *,
        namespaces: Mapping[str, str] = _EMPTY,
        prefix: str | None = None,
        prefixes: Mapping[str, str] = _EMPTY,
    ) -> None:
        super().__init__(attributes)
        self.namespaces = dict(namespaces)
        self.prefix = prefix
        self.prefixes = dict(prefixes)

    def __getattr__(self, name: str) -> Any:
        # The decoder leaves empty what a document does not say.
        if name in ("namespaces", "prefixes"):
            made: dict[str, str] = {}
            setattr(self, name, made)
            return made
        if name == "prefix":
            self.prefix = None
            return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def copy(self) -> Self:
        """The same attributes, written the same way."""
        return type(self)(self, namespaces=self.namespaces, prefix=self.prefix, prefixes=self.prefixes)

    __copy__ = copy

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Of strs alone.
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return _attributes, (type(self), dict(self), self.namespaces, self.prefix, self.prefixes)

    def __reduce_ex__(self, protocol: Any, /) -> tuple[Any, ...]:
        return self.__reduce__()


def _attributes(
    cls: type[Attributes],
    attributes: dict[str, str],
    namespaces: dict[str, str],
    prefix: str | None,
    prefixes: dict[str, str],
) -> Attributes:
    return cls(attributes, namespaces=namespaces, prefix=prefix, prefixes=prefixes)


@final
@dataclass(frozen=True, slots=True)
class Claimed:
    """Marks where in an element's content something stood that a field holds.

    Attributes:
        field: the name of the field. The n-th mark of a list stands for its n-th item.
        prefix: the prefix that the child was written with, None for none.
        length: of character data that an ``xml.text()`` field holds: how many characters of it stood here; None: all.
        attributes: of a child whose field holds a scalar, which has no place for them: its attributes and declarations;
            None: it has none.
    """

    field: str
    prefix: str | None = None
    length: int | None = None
    attributes: Attributes | None = dataclasses.field(default=None, hash=False)


@final
class Element:
    """An element that no field claims, with all that is in it.

    Two are equal if names, attributes and nodes are: of texts, comments and PIs what they say, not where they stood. How
    they are written, prefixes and declarations, does not count. The repr tells the number of nodes, so that it is short.

    Attributes:
        name: ``{uri}local``, or ``local`` in no namespace.
        attributes: its attributes, declarations and prefix.
        nodes: what is in it, in document order.
    """

    __slots__ = ("attributes", "name", "nodes")
    __match_args__ = ("name", "attributes", "nodes")
    __hash__ = None  # type: ignore[assignment]

    name: str
    attributes: Attributes
    nodes: list[Node]

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, str] | Iterable[tuple[str, str]] = _EMPTY,
        nodes: Iterable[Node] = (),
    ) -> None:
        self.name = name
        self.attributes = attributes if isinstance(attributes, Attributes) else Attributes(attributes)
        self.nodes = nodes if isinstance(nodes, list) else list(nodes)

    @property
    def text(self) -> str:
        """The character data directly in it, joined."""
        return "".join(node.text for node in self.nodes if _kind(node) == "Text")  # type: ignore[union-attr]

    def iter(self) -> Iterator[Node]:
        """This element and every node below it, in document order."""
        pending: list[Iterator[Node]] = [iter((self,))]
        while pending:
            node = next(pending[-1], None)
            if node is None:
                pending.pop()
                continue
            yield node
            if isinstance(node, Element):
                pending.append(iter(node.nodes))

    def __repr__(self) -> str:
        count = len(self.nodes)
        nodes = "" if not count else ", [1 node]" if count == 1 else f", [{count} nodes]"
        return f"Element({self.name!r}, {dict(self.attributes)!r}{nodes})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Element):
            return NotImplemented
        # A pair that is being compared is taken for equal, so that a tree that holds itself comes to an end.
        seen: set[tuple[int, int]] = set()
        pending: list[tuple[Any, Any]] = [(self, other)]
        while pending:
            one, two = pending.pop()
            if one is two:
                continue
            if not isinstance(one, Element) or not isinstance(two, Element):
                if _said(one) != _said(two):
                    return False
                continue
            if (id(one), id(two)) in seen:
                continue
            seen.add((id(one), id(two)))
            if one.name != two.name or one.attributes != two.attributes or len(one.nodes) != len(two.nodes):
                return False
            pending.extend(zip(one.nodes, two.nodes, strict=True))
        return True

    def __copy__(self) -> Element:
        return Element(self.name, shallow(self.attributes), list(self.nodes))

    def __deepcopy__(self, memo: dict[int, Any]) -> Element:
        found = _elements(self)
        for element in found:
            if id(element) not in memo:
                memo[id(element)] = Element(element.name, element.attributes.copy())
        for element in found:
            made: Element = memo[id(element)]
            # What has been copied before has its nodes; all others are events, which never change.
            made.nodes = [memo[id(node)] if isinstance(node, Element) else node for node in element.nodes]
        copied: Element = memo[id(self)]
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        found = _elements(self)
        numbers = {id(element): number for number, element in enumerate(found)}
        flat = [
            (
                element.name,
                element.attributes,
                [numbers[id(node)] if isinstance(node, Element) else node for node in element.nodes],
            )
            for element in found
        ]
        return _element, (flat,)


Node: TypeAlias = "Text | Comment | PI | Element | Claimed"


def _elements(root: Element) -> list[Element]:
    """An element and all below it, each once."""
    found, seen = [root], {id(root)}
    for element in found:
        for node in element.nodes:
            if isinstance(node, Element) and id(node) not in seen:
                seen.add(id(node))
                found.append(node)
    return found


def _element(flat: list[tuple[str, Attributes, list[Any]]]) -> Element:
    """What `Element.__reduce__` took apart: an int among the nodes is the number of an element."""
    made = [Element(name, attributes) for name, attributes, _ in flat]
    for element, (_, _, nodes) in zip(made, flat, strict=True):
        element.nodes = [made[node] if isinstance(node, int) else node for node in nodes]
    return made[0]


def _kind(node: object) -> str:
    return type(node).__name__


def _said(node: Any) -> tuple[Any, ...]:
    """What a node that is no element says."""
    kind = _kind(node)
    if kind in ("Text", "Comment"):
        return kind, node.text
    return (kind, node.target, node.data) if kind == "PI" else (kind, node)


# What users see and pickles name is the public place.
for _class in (Attributes, Claimed, Element):
    _class.__module__ = "forkedenc.xml"
