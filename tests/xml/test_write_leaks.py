"""What writes leaves nothing behind: by repetition, and by failing at each allocation. The native side, without Python's wrapper."""

import contextlib
import xml.etree.ElementTree as ET
from functools import partial

import pytest
from leaks import (
    assert_failures_leave_no_objects,
    assert_repetition_leaves_no_objects,
    failures,
    no_collector,
    wants_testcapi,
)

import forkedenc
from forkedenc import Limits, _native
from forkedenc.xml import Writer  # and with it what the native side writes with


class Sub(ET.Element):
    pass


TREE = ET.fromstring(
    "<r xmlns='u' xmlns:p='v' p:q='1 &lt; 2'><b e='é€'>text é<p:f/><!-- c --><?t d?></b>\n<b c='a long value'>  </b></r>"
)
TREE[0].append(ET.Comment("c"))
ODD = ET.Element(ET.QName("u", "a"), {ET.QName("v", "k"): ET.QName("w", "x"), "p:y": "", "xmlns:p": "z"})
ODD.append(Sub("{u}b", {"k" * 60: "v"}))
ODD[0].append(ET.Element(None))
ODD[0][0].text = "t"
BAD = ET.fromstring("<r><a/><a><b/></a></r>")
BAD[1][0].set("x", "\0")
TYPE = ET.fromstring("<r><a/></r>")
TYPE[0].text = 5


def tree(root, form="ascii", limits=None):
    # No Python frame, whose arguments the interpreter loses where memory is out.
    return partial(_native.serialize_tree, root, form, False, "error", "", None, True, limits)


def document():
    pieces = []
    writer = Writer(pieces.append)
    writer.start("{u}a", {"x": "1", "{v}y": "é"}, {"": "u", "p": "v"})
    writer.text("text")
    writer.element("{w}b", {"{z}c": ""})
    with contextlib.suppress(forkedenc.EncodeError):
        writer.start("q:b", {"x": "y"})
    writer.end("{u}a")
    writer.close()
    return pieces


def refused(call):
    def run():
        with contextlib.suppress(forkedenc.EncodeError):
            call()

    return run


CASES = {
    "ASCII": tree(TREE),
    "UTF-8": tree(TREE, "utf-8"),
    "str": tree(TREE, "str"),
    "odd names": tree(ODD),
    "a document": document,
    "a document that is dropped": lambda: Writer([].append).start("a"),
    "a bad character": refused(tree(BAD)),
    "a wrong type": refused(tree(TYPE)),
    "a limit": refused(tree(TREE, limits=Limits(max_depth=1))),
}
# Making an exception is Python code, whose arguments the interpreter loses where memory is out.
RAISING = {"a document", "a bad character", "a wrong type", "a limit"}


@pytest.mark.parametrize("name", CASES)
def test_repetition_leaves_no_objects(name):
    assert_repetition_leaves_no_objects(CASES[name], rounds=1500)


@wants_testcapi
@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("name", CASES)
def test_a_failure_of_the_nth_allocation_is_a_memory_error_and_leaks_nothing(name, lasting):
    call = CASES[name]
    with no_collector():
        call()
        assert failures(call, lasting) > 0
        if name not in RAISING:
            assert_failures_leave_no_objects(call, lasting)
