"""forkedenc.xml.etree.ElementTree beside the standard library's module: the same trees, events, calls and errors."""

import collections
import gc
import io
import pickle
import threading
import weakref
import xml.etree.ElementTree as Stdlib  # noqa: ICN001

import pytest
from feeding import chunks_of, random_chunks
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import Limits
from forkedenc.xml.etree import ElementInclude, ElementTree as ET  # noqa: N817

NAMES = ("a", "b", "p:c", "long-name-past-sixteen-bytes", "é")
ATTRIBUTES = ("x", "y", "p:x", "another-long-attribute-name", "xml:lang")
texts = st.text(alphabet="ab é😀\n\t]>&<\"'", max_size=12)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@st.composite
def elements(draw, depth=0):
    """An element as a document writes it, with what may stand between."""
    name = draw(st.sampled_from(NAMES))
    attributes = draw(st.dictionaries(st.sampled_from(ATTRIBUTES), texts, max_size=4))
    declared = draw(st.sampled_from(("", ' xmlns="urn:d"', ' xmlns:p="urn:q"', ' xmlns=""')))
    head = f"<{name}{declared}" + "".join(f' {key}="{escaped(value)}"' for key, value in attributes.items())
    parts = []
    for kind in draw(st.lists(st.sampled_from("teecdp"), max_size=0 if depth > 3 else 5)):
        text = draw(texts)
        if kind == "t":
            parts.append(escaped(text))
        elif kind == "c":
            parts.append(f"<!--{text.replace('-', '')}-->")
        elif kind == "d":
            parts.append(f"<![CDATA[{text.replace(']', '')}]]>")
        elif kind == "p":
            parts.append(f"<?target {text.replace('?', '').strip()}?>")
        else:
            parts.append(draw(elements(depth + 1)))
    inner = "".join(parts)
    return f"{head}>{inner}</{name}>" if inner else f"{head}/>"


documents = elements().map(lambda inner: f'<root xmlns:p="urn:p">{inner}</root>'.encode())


def plain(root):
    """A tree as data: tag, attributes in their order, text, tail, children. Comments are named by their function's name."""
    top: list = []
    todo = [(root, top)]
    while todo:
        element, into = todo.pop()
        children: list = []
        tag = element.tag if isinstance(element.tag, str) else element.tag.__name__
        into.append((tag, list(element.attrib.items()), element.text, element.tail, children))
        todo.extend((child, children) for child in reversed(element))
    return top


def refusal(call, kind=forkedenc.DecodeError):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def built(parser, chunks):
    for chunk in chunks:
        parser.feed(chunk)
    return parser.close()


@settings(max_examples=200, deadline=None)
@given(documents, st.integers())
def test_trees_are_those_of_the_standard_library_however_a_document_is_cut(data, seed):
    expected = plain(Stdlib.fromstring(data))
    assert plain(ET.fromstring(data)) == expected
    assert plain(ET.fromstring(data.decode())) == expected
    for chunks in (chunks_of(data, 1), random_chunks(data, seed)):
        assert plain(built(ET.XMLParser(), chunks)) == expected
    assert plain(built(ET.XMLParser(target=ET.TreeBuilder()), random_chunks(data, seed))) == expected


EVENTS = ("start", "end", "comment", "pi", "start-ns", "end-ns")


def told(parser, chunks):
    """Events as data, each with what its element is when it is read."""
    found = []
    for chunk in chunks:
        parser.feed(chunk)
        for event, value in parser.read_events():
            found.append((event, shown(event, value)))
    parser.close()
    return found


def shown(event, value):
    if not ET.iselement(value):
        return value
    if not isinstance(value.tag, str):
        return value.tag.__name__, value.text
    return (value.tag, dict(value.attrib), *((value.text, len(value)) if event == "end" else ()))


@settings(max_examples=200, deadline=None)
@given(documents, st.integers())
def test_events_are_those_of_the_standard_library_however_a_document_is_cut(data, seed):
    expected = told(Stdlib.XMLPullParser(EVENTS), [data])
    for chunks in ([data], chunks_of(data, 1), random_chunks(data, seed)):
        assert told(ET.XMLPullParser(EVENTS), chunks) == expected
        by_target = ET.XMLPullParser(EVENTS, _parser=ET.XMLParser(target=ET.TreeBuilder()))
        assert told(by_target, [data]) == expected


class Recorder:
    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        if name in {"start", "end", "data", "comment", "pi", "start_ns", "end_ns", "doctype"}:
            return lambda *arguments: self.calls.append((name, *arguments))
        raise AttributeError(name)

    def close(self):
        """The calls, neighbouring text joined."""
        joined = []
        for call in self.calls:
            if call[0] == joined[-1][0] == "data" if joined else False:
                joined[-1] = ("data", joined[-1][1] + call[1])
            else:
                joined.append(call)
        return joined


@settings(max_examples=100, deadline=None)
@given(documents, st.integers())
def test_a_target_is_called_as_by_the_standard_library(data, seed):
    data = b'<?before it?><!DOCTYPE root SYSTEM "none" [<!-- in --><?pi x?>]>' + data + b"<!-- behind -->"
    expected = built(Stdlib.XMLParser(target=Recorder()), [data])
    for chunks in ([data], chunks_of(data, 1), random_chunks(data, seed)):
        assert built(ET.XMLParser(target=Recorder()), chunks) == expected


@pytest.mark.parametrize("missing", ["start", "end", "data", "comment", "pi", "start_ns", "end_ns", "doctype", "close"])
def test_a_target_may_lack_any_method(missing):
    data = b'<!DOCTYPE r SYSTEM "s"><r xmlns:p="u">x<!-- c --><?p d?><p:a b="1"/></r>'

    def recorder():
        names = {"start", "end", "data", "comment", "pi", "start_ns", "end_ns", "doctype"} - {missing}
        calls = []
        methods = {name: (lambda _, *rest, name=name: calls.append((name, *rest))) for name in names}
        if missing != "close":
            methods["close"] = lambda _: "closed"
        return type("Target", (), methods)(), calls

    (ours, seen), (theirs, expected) = recorder(), recorder()
    assert built(ET.XMLParser(target=ours), [data]) == built(Stdlib.XMLParser(target=theirs), [data])
    assert seen == expected


def test_a_targets_exception_comes_through_and_ends_the_parse():
    class Target:
        def data(self, text):
            raise KeyError(text)

    parser = ET.XMLParser(target=Target())
    for _ in range(2):
        assert refusal(lambda: parser.feed(b"<a>text<b/>"), KeyError).args == ("text",)
    assert refusal(parser.close, KeyError).args == ("text",)


def test_feeding_a_parser_from_its_own_target_is_refused():
    refused = []

    class Target:
        def start(self, *_):
            with pytest.raises(RuntimeError) as caught:
                parser.feed(b"<b/>")
            refused.append(caught.value)

    parser = ET.XMLParser(target=Target())
    parser.feed(b"<a><c/></a>")
    parser.close()
    assert len(refused) == 2


def test_an_element_is_the_standard_librarys_and_nothing_else():
    assert ET.Element is Stdlib.Element
    for root in (ET.fromstring("<a><b/></a>"), ET.parse(io.BytesIO(b"<a><b/></a>")).getroot()):
        assert type(root) is type(root[0]) is Stdlib.Element
    assert isinstance(ET.ElementTree(), Stdlib.ElementTree)
    assert set(Stdlib.__all__) <= set(ET.__all__)


def test_names_behind_the_public_ones_are_the_standard_librarys():
    assert ET._namespace_map is Stdlib._namespace_map
    with pytest.raises(AttributeError, match=r"ElementTree.* has no attribute 'nonsense'"):
        ET.nonsense  # type: ignore[attr-defined]


def test_an_attribute_of_a_comments_neighbour_survives_clearing_between_feeds():
    parser = ET.XMLPullParser(("start", "end"))
    parser.feed(b"<root><a>te")
    (_, root), (_, first) = parser.read_events()
    root.clear()
    del first
    gc.collect()
    parser.feed(b"xt<b x='1'/>tail</a>behind<c/>end</root>")
    ended = [element for event, element in parser.read_events() if event == "end"]
    assert [(element.tag, element.text, element.tail) for element in ended] == [
        ("b", None, "tail"),
        ("a", "text", "behind"),
        ("c", None, "end"),
        ("root", None, None),
    ]
    assert list(root) == [ended[2]]
    parser.close()


def test_a_half_built_tree_and_its_parser_are_collected():
    class Target(ET.TreeBuilder):
        parser = None

    target = Target()
    target.parser = ET.XMLParser(target=target)
    target.parser.feed(b"<r><a b='1'>te")
    reference = weakref.ref(target)
    del target
    gc.collect()
    assert reference() is None

    parser = ET.XMLPullParser(("start",))
    parser.feed(b"<r><a>")
    [(_, root), _] = parser.read_events()
    reference = weakref.ref(root)

    class Text(str):
        __slots__ = ("parser",)

    root.text = Text()
    root.text.parser = parser
    del parser, root, _
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize("depth", [200_000])
def test_deep_trees_are_built_and_dropped_on_the_heap(depth):
    data = b"<a>" * depth + b"</a>" * depth
    limits = Limits.unlimited()
    ways = {
        "fromstring": lambda: ET.fromstring(data, limits=limits),
        "fed": lambda: built(ET.XMLParser(limits=limits), chunks_of(data, 1 << 16)),
    }
    for build in ways.values():
        root = build()
        assert sum(1 for _ in root.iter()) == depth
        del root
    refusal(lambda: ET.fromstring(data[:-1] + b"!", limits=limits), ET.ParseError)


class Broken(io.BytesIO):
    def read(self, size=-1):
        raise OSError("broken")


def test_sources_are_closed_by_who_opened_them(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(b"<a>x</a>")
    for name in (path, str(path), bytes(path)):
        assert ET.parse(name).getroot().text == "x"
        assert [element.tag for _, element in ET.iterparse(name)] == ["a"]
    with path.open("rb") as file:
        ET.parse(file)
        assert not file.closed
        file.seek(0)
        list(ET.iterparse(file))
        assert not file.closed
    iterator = ET.iterparse(str(path))
    opened = iterator._opened
    iterator.close()
    assert opened.closed
    iterator = ET.iterparse(io.BytesIO(b"<a><b/></a>"))
    assert next(iterator)[1].tag == "b"
    iterator.close()
    assert list(iterator) == []
    iterator = ET.iterparse(str(path))
    opened = iterator._opened
    assert next(iterator)[0] == "end"
    del iterator
    gc.collect()
    assert opened.closed
    for call in (ET.parse, ET.iterparse):
        with pytest.raises(OSError, match="nothing"):
            call(str(tmp_path / "nothing"))
    with pytest.raises(OSError, match="broken"):
        list(ET.iterparse(Broken()))


def test_iterparse_knows_the_root_at_the_end_and_not_before():
    iterator = ET.iterparse(io.BytesIO(b"<a><b/></a>"))
    assert iterator.root is None
    assert [element.tag for _, element in iterator] == ["b", "a"]
    assert iterator.root.tag == "a"
    assert next(iterator, None) is None


def test_events_before_an_error_can_be_read_and_then_the_error():
    limits = Limits(max_attribute_bytes=3)
    for data in (b"<a><b>x</b></c>", b"<a><b>x</b><c d='1234'/>"):
        parser = ET.XMLPullParser(("start", "end"), limits=limits)
        parser.feed(data)
        events = parser.read_events()
        assert [(event, element.tag) for event, element in (next(events), next(events), next(events))] == [
            ("start", "a"),
            ("start", "b"),
            ("end", "b"),
        ]
        error = refusal(lambda: next(events), ET.ParseError)  # noqa: B023
        assert refusal(parser.close, ET.ParseError) is error
        assert pickle.loads(pickle.dumps(error)).position == error.position


SYNTAX = (
    b"<a>\n</b>",
    b"<a>\n  \x01</a>",
    b"<a>\n&x;</a>",
    b"<a/>\n<b/>",
    b"<a>\n\n<b>",
    b"",
    b"<!DOCTYPE a SYSTEM 's'><a>\n &x;</a>",
    b"<!DOCTYPE a [<!ENTITY x SYSTEM 's'>]><a>\n &x;</a>",
)


@pytest.mark.parametrize("data", SYNTAX)
def test_errors_have_the_standard_librarys_text_position_and_code(data):
    theirs = refusal(lambda: Stdlib.fromstring(data), Stdlib.ParseError)
    for call in (
        lambda: ET.fromstring(data),
        lambda: built(ET.XMLParser(), chunks_of(data, 1)),
        lambda: built(ET.XMLParser(target=Recorder()), [data]),
    ):
        ours = refusal(call, ET.ParseError)
        assert (str(ours), ours.position, ours.code) == (str(theirs), theirs.position, theirs.code)
        assert isinstance(ours, forkedenc.DecodeError)


def test_a_closed_parser_says_that_it_has_finished():
    parser = ET.XMLParser()
    parser.feed("<a/>")
    parser.close()
    for call in (parser.close, lambda: parser.feed("<b/>")):
        error = refusal(call, ET.ParseError)
        assert (error.code, error.position) == (36, (1, 4))


def test_undeclared_entities_are_looked_up_in_the_parsers_dict():
    data = b"<!DOCTYPE r SYSTEM 's'><r>1&one;2&two;<a/>&one;</r>"
    for target in (None, ET.TreeBuilder()):
        parser = ET.XMLParser(target=target)
        parser.entity.update(one="eins", two="<z&wei>")
        parser.feed(data)
        root = parser.close()
        assert (root.text, root[0].tail) == ("1eins2<z&wei>", "eins")
    with pytest.raises(AttributeError):
        parser.entity = {}  # type: ignore[misc]


def test_a_parsers_own_doctype_method_is_warned_of():
    class Parser(ET.XMLParser):
        def doctype(self, *_):
            raise AssertionError("not called")

    parser = Parser()
    with pytest.warns(RuntimeWarning, match="doctype") as caught:
        parser.feed("<!DOCTYPE a><a/>")
    assert caught[0].filename == __file__
    parser.close()


def test_a_parser_without_target_has_one_until_it_is_fed():
    parser = ET.XMLParser()
    assert type(parser.target) is ET.TreeBuilder
    parser.feed("<a>x</a>")
    assert parser.target.close().text == parser.close().text == "x"
    parser = ET.XMLParser()
    parser.feed("<a/>")
    with pytest.raises(AttributeError):
        parser.target


def test_runs_of_text_join_across_comments_and_instructions_within_their_limit():
    root = ET.fromstring(b"<a>1<!-- x -->2<?p?>3<b/>4<!-- -->5</a>")
    assert (root.text, root[0].tail) == ("123", "45")
    data = b"<a>" + b"xxxxx<!-- -->" * 11 + b"</a>"
    for call in (
        lambda: ET.fromstring(data, limits=Limits(max_text_bytes=50)),
        lambda: built(ET.XMLParser(limits=Limits(max_text_bytes=50)), chunks_of(data, 3)),
    ):
        error = refusal(call, forkedenc.LimitError)
        assert (error.limit, error.maximum, error.observed) == ("max_text_bytes", 50, 51)


@pytest.mark.parametrize("events", ["nonsense", ("end", "sax"), 5, (5,)])
def test_what_is_no_sequence_of_events_is_refused_as_by_the_standard_library(events):
    theirs = refusal(lambda: Stdlib.XMLPullParser(events), (TypeError, ValueError))
    assert type(refusal(lambda: ET.XMLPullParser(events), (TypeError, ValueError))) is type(theirs)


def test_str_is_read_as_it_is_whatever_it_declares():
    text = '<?xml version="1.0" encoding="iso-8859-1"?><a>é</a>'
    assert ET.fromstring(text).text == "é"
    assert built(ET.XMLParser(), [text[:50], text[50:]]).text == "é"
    assert ET.fromstring(text.encode("latin-1")).text == "é"
    assert built(ET.XMLParser(encoding="utf-8"), [text.encode()]).text == "é"
    assert ET.parse(io.StringIO(text)).getroot().text == "é"


def test_xinclude_reads_by_our_parser(tmp_path):
    inner = tmp_path / "inner.xml"
    inner.write_text("<b>in</b>")
    (tmp_path / "inner.txt").write_text("text")
    namespace = "http://www.w3.org/2001/XInclude"

    def outer():
        return ET.fromstring(
            f'<a xmlns:i="{namespace}"><i:include href="inner.xml"/><i:include href="inner.txt" parse="text"/></a>'
        )

    root = outer()
    ElementInclude.include(root, base_url=f"{tmp_path}/")
    assert (root[0].text, root[0].tail) == ("in", "text")
    refusal(
        lambda: ElementInclude.include(outer(), base_url=f"{tmp_path}/", limits=Limits(max_depth=0)),
        forkedenc.LimitError,
    )


def test_parsers_fed_in_turns_keep_their_names_apart():
    def document(number):
        inner = "".join(f"<p:a{number}_{n} p:b{n}='{n}' c='x'/>" for n in range(20))
        return f"<r xmlns:p='urn:{number}'>{inner}</r>".encode()

    data = [document(number) for number in range(8)]
    data[5] = data[5].replace(b"</r>", b"</s>")
    parsers = [ET.XMLParser() for _ in data]
    failed = set()
    for at in range(0, max(map(len, data)), 11):
        for number, (parser, text) in enumerate(zip(parsers, data, strict=True)):
            if number not in failed:
                try:
                    parser.feed(text[at : at + 11])
                except ET.ParseError:
                    failed.add(number)
    assert failed == {5}
    for number, (parser, text) in enumerate(zip(parsers, data, strict=True)):
        if number != 5:
            assert plain(parser.close()) == plain(Stdlib.fromstring(text))


def test_threads_build_trees_of_their_own():
    data = b"<r>" + b"".join(b"<n%d a='%d'>t%d</n%d>" % (n, n, n, n) for n in range(300)) + b"</r>"
    expected = plain(Stdlib.fromstring(data))
    outcomes = collections.deque()

    def work():
        for _ in range(20):
            outcomes.append(plain(built(ET.XMLParser(), chunks_of(data, 100))) == expected)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(outcomes) == [True] * 80
