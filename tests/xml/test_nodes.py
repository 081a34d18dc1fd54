"""The nodes of a rest: attributes that know how they were written, elements of any depth."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import pytest

from forkedenc.xml import PI, Attributes, Claimed, Comment, Element, Text

DEEP = 200_000


def deep(depth: int = DEEP, innermost: str = "end") -> Element:
    element = Element("last", {}, [Text(innermost)])
    for _ in range(depth):
        element = Element("e", {}, [element])
    return element


def written() -> Attributes:
    return Attributes({"a": "1", "{u}b": "2"}, namespaces={"": "d", "p": "u"}, prefix="p", prefixes={"{u}b": "p"})


def known(attributes: Attributes) -> tuple[Any, ...]:
    return dict(attributes), attributes.namespaces, attributes.prefix, attributes.prefixes


COPIES = {
    "method": Attributes.copy,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {protocol}": lambda it, p=protocol: pickle.loads(pickle.dumps(it, p)) for protocol in range(6)},
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_of_attributes_knows_how_they_were_written(way: str) -> None:
    made = COPIES[way](written())
    assert type(made) is Attributes
    assert known(made) == known(written())


def test_a_copy_of_attributes_stands_alone() -> None:
    original = written()
    made = copy.copy(original)
    made["new"] = "3"
    made.namespaces["q"] = "v"
    made.prefixes.clear()
    assert known(original) == known(written())


def test_attributes_equal_any_dict_of_the_same() -> None:
    assert written() == {"a": "1", "{u}b": "2"}
    assert written() == Attributes({"{u}b": "2", "a": "1"})
    assert written() != {"a": "1"}


def test_attributes_that_were_left_empty_say_that_nothing_is_known() -> None:
    bare = Attributes.__new__(Attributes)
    assert (bare.namespaces, bare.prefix, bare.prefixes) == ({}, None, {})
    bare.namespaces["p"] = "u"
    assert bare.namespaces == {"p": "u"}
    with pytest.raises(AttributeError, match="nothing"):
        bare.nothing


def test_a_subclass_of_attributes_stays_one_in_copies() -> None:
    class Own(Attributes):
        __slots__ = ()

    assert type(copy.deepcopy(Own({"a": "1"}, prefix="p"))) is Own


def test_a_mark_is_frozen_and_equals_another_of_the_same() -> None:
    mark = Claimed("id", "p")
    assert mark == Claimed("id", "p") != Claimed("id")
    assert pickle.loads(pickle.dumps(mark)) == copy.deepcopy(mark) == mark
    with pytest.raises(AttributeError):
        mark.field = "x"  # type: ignore[misc]


def test_elements_are_equal_by_what_they_say() -> None:
    def tree(word: str = "t", offset: int = 0) -> Element:
        nodes = [Text(word, offset=offset), Element("b", {"x": "1"}), Comment("c"), PI("p", "d"), Claimed("f")]
        return Element("a", {}, nodes)

    assert tree() == tree(offset=7)
    assert tree() != tree("u")
    assert tree() != "a"
    for change in (
        lambda it: it.nodes.pop(),
        lambda it: it.nodes[1].attributes.clear(),
        lambda it: it.nodes.__setitem__(2, Text("c")),
        lambda it: it.nodes.__setitem__(3, PI("p", "other")),
        lambda it: it.nodes.__setitem__(4, Claimed("g")),
        lambda it: setattr(it.nodes[1], "name", "c"),
    ):
        other = tree()
        change(other)
        assert tree() != other


def test_an_element_is_unhashable_since_it_changes() -> None:
    with pytest.raises(TypeError):
        hash(Element("a"))


def test_a_repr_is_short_whatever_lies_below() -> None:
    assert repr(Element("a", {"x": "1"}, [Text("t"), Text("u")])) == "Element('a', {'x': '1'}, [2 nodes])"
    assert repr(Element("a")) == "Element('a', {})"
    assert len(repr(deep())) < 100


def test_text_joins_what_stands_directly_in_an_element() -> None:
    element = Element("a", {}, [Text("one"), Comment("no"), Element("b", {}, [Text("no")]), Text("two")])
    assert element.text == "onetwo"


def test_iter_goes_through_all_nodes_in_document_order() -> None:
    inner = Element("b", {}, [Text("1")])
    element = Element("a", {}, [inner, Text("2")])
    assert [node.name if isinstance(node, Element) else node.text for node in element.iter()] == ["a", "b", "1", "2"]
    assert sum(1 for _ in deep().iter()) == DEEP + 2


def test_an_element_of_200_000_levels_is_compared_copied_pickled_and_freed() -> None:
    element = deep()
    assert element == deep()
    assert element != deep(innermost="other")
    made = copy.deepcopy(element)
    assert made == element
    made.nodes[0].attributes["x"] = "1"
    assert made != element
    restored = pickle.loads(pickle.dumps(element))
    assert restored == element
    del element, made, restored
    gc.collect()


def test_an_element_that_is_in_two_places_is_so_in_a_copy() -> None:
    shared = Element("s")
    for made in (
        copy.deepcopy(Element("a", {}, [shared, shared])),
        pickle.loads(pickle.dumps(Element("a", {}, [shared, shared]))),
    ):
        assert made.nodes[0] is made.nodes[1] is not shared
    first, second = copy.deepcopy([Element("a", {}, [shared]), shared])
    assert first.nodes[0] is second


def test_an_element_that_holds_itself_is_copied_and_compared() -> None:
    element = Element("a")
    element.nodes.append(element)
    made = copy.deepcopy(element)
    assert made.nodes[0] is made
    assert made == element
    restored = pickle.loads(pickle.dumps(element))
    assert restored.nodes[0] is restored


def test_a_shallow_copy_shares_nodes_but_not_the_list() -> None:
    element = Element("a", {"x": "1"}, [Text("t")])
    made = copy.copy(element)
    made.nodes.clear()
    made.attributes["y"] = "2"
    assert (len(element.nodes), dict(element.attributes)) == (1, {"x": "1"})
