"""PullParser: which events come when, cuts, errors, fork, limits audited, one user at a time."""

import functools
import gc
import pickle
import threading
import weakref

import pytest
from feeding import DEEP, chunks_of, cuts, random_chunks, told
from hypothesis import given, settings, strategies as st

import forkedenc
from forkedenc import Limits, xml
from forkedenc.xml import PI, Comment, Doctype, End, Entity, Start, Text


def place(event):
    return event.offset, event.line, event.column


def read(chunks, **options):
    """The events of a document and their places, and the error that ends it."""
    parser = xml.PullParser(**options)
    events = []
    try:
        for chunk in chunks:
            parser.feed(chunk)
            events += parser.read_events()
        parser.close()
    except xml.ParseError as error:
        events += parser.read_events()
        return events, [place(event) for event in events], told(error)
    assert parser.read_events() == []
    return events, [place(event) for event in events], None


def events_of(data, **options):
    events, _, error = read([data], **options)
    assert error is None
    return events


def refusal(call, kind=xml.ParseError):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


EVERYTHING = (
    b'<?xml version="1.0"?>\n<!-- c --><!DOCTYPE a PUBLIC "-//x//y" "s" [<!ENTITY e "<b>in</b>"><!ENTITY x SYSTEM "f">'
    b'<!ATTLIST b d CDATA "v"><!--i--><?i i?>]>'
    b'<a xmlns="urn:a" xmlns:p="urn:p" p:x="1" y="&lt;2&#10;">one &amp; <![CDATA[<two>]]>&e;&x;<?go now ?><p:b xmlns=""/>\r\n</a>'
)


def test_every_kind_of_event_comes_with_its_fields():
    assert events_of(EVERYTHING, dtd="internal") == [
        Comment(" c "),
        Doctype("a", "-//x//y", "s"),
        Start("{urn:a}a", {"{urn:p}x": "1", "y": "<2\n"}, {"": "urn:a", "p": "urn:p"}),
        Text("one & <two>"),
        Start("{urn:a}b", {"d": "v"}),
        Text("in"),
        End("{urn:a}b"),
        Entity("x"),
        PI("go", "now "),
        Start("{urn:p}b", {}, {"": ""}),
        End("{urn:p}b"),
        Text("\n"),
        End("{urn:a}a"),
    ]


def test_without_namespaces_names_are_as_written_and_declarations_are_attributes():
    start, *_ = events_of(b'<p:a xmlns:p="u" p:b="1" b="2"/>', namespaces=False)
    assert (start.name, start.attributes, start.namespaces) == ("p:a", {"xmlns:p": "u", "p:b": "1", "b": "2"}, {})


def test_attributes_keep_the_order_of_the_document():
    names = [f"n{number * 7 % 31}" for number in range(31)]
    tag = "<a " + " ".join(f'{name}="{name}"' for name in names) + "/>"
    assert list(events_of(tag.encode())[0].attributes) == names


def test_places_are_those_of_the_source():
    data = "<a>\r\né<b/>\r<!--\n-->x</a>".encode()
    assert [(type(event).__name__, *place(event)) for event in events_of(data)] == [
        ("Start", 0, 1, 1),
        ("Text", 3, 1, 4),
        ("Start", 7, 2, 2),
        ("End", 11, 2, 6),
        ("Text", 11, 2, 6),
        ("Comment", 12, 3, 1),
        ("Text", 20, 4, 4),
        ("End", 21, 4, 5),
    ]


@pytest.mark.parametrize("coalesce", [True, False])
def test_cuts_change_neither_events_nor_places(coalesce):
    wanted = read([EVERYTHING], dtd="internal")
    assert wanted[2] is None
    for _, chunks in cuts(EVERYTHING):
        got = read(chunks, dtd="internal", coalesce=coalesce)
        if coalesce:
            assert got == wanted
        else:
            assert joined(got[0]) == joined(wanted[0])


def joined(events):
    """Neighbouring texts as one."""
    together = []
    for event in events:
        if together and isinstance(event, Text) and isinstance(together[-1], Text):
            together[-1] = Text(together[-1].text + event.text)
        else:
            together.append(event)
    return together


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=9
)
names = st.sampled_from(["a", "b", "é", "long-name-of-many-bytes", "x:c"])
escaped = functools.partial(
    str.translate, table := str.maketrans({"<": "&lt;", "&": "&amp;", '"': "&#34;", ">": "&gt;"})
)
nodes = st.recursive(
    texts.map(lambda text: text.translate(table))
    | texts.map(lambda text: f"<![CDATA[{text.replace(']', '')}]]>")
    | texts.map(lambda text: f"<!--{text.replace('-', '')}-->")
    | texts.map(lambda text: f"<?p {text.replace('?', '')}?>"),
    lambda inner: st.builds(
        lambda name, value, children: f'<{name} a="{value.translate(table)}" xmlns:x="u">{"".join(children)}</{name}>',
        names,
        texts,
        st.lists(inner, max_size=3),
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(st.lists(nodes, max_size=4), st.integers())
def test_cuts_of_any_document_change_nothing(children, seed):
    data = f"<r>{''.join(children)}</r>".encode()
    wanted = read([data])
    assert wanted[2] is None
    for chunks in (chunks_of(data, 1), random_chunks(data, seed)):
        assert read(chunks) == wanted


@settings(max_examples=100, deadline=None)
@given(st.lists(nodes, max_size=3), st.data())
def test_cuts_of_a_broken_document_change_neither_its_events_nor_its_error(children, draw):
    data = bytearray(f"<r>{''.join(children)}</r>".encode())
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] = draw.draw(st.sampled_from(b"<>&;/='\"[]!?x \n\xff\x00"))
    wanted = read([bytes(data)])
    for chunks in (chunks_of(bytes(data), 1), random_chunks(bytes(data), at)):
        assert read(chunks) == wanted


def test_a_run_of_text_waits_until_it_is_whole():
    parser = xml.PullParser()
    parser.feed(b"<a>one")
    assert parser.read_events() == [Start("a")]
    for _ in range(3):
        parser.feed(b" and &amp; <![CDATA[more]]>")
        assert parser.read_events() == []
    parser.feed(b"<b/>")
    assert parser.read_events() == [Text("one" + " and & more" * 3), Start("b"), End("b")]


def test_without_coalescing_text_comes_as_it_arrives_and_is_not_charged():
    parser = xml.PullParser(coalesce=False, limits=Limits(max_text_bytes=4))
    parser.feed(b"<a>")
    parser.read_events()
    for _ in range(9):
        parser.feed(b"text")
        assert "".join(event.text for event in parser.read_events()) == "text"


def test_events_before_an_error_stay_readable_and_the_error_stays():
    for data, wanted in {
        b"<a>x<b>y</b></c>": [Start("a"), Text("x"), Start("b"), Text("y"), End("b")],
        b"<a>text</b>": [Start("a"), Text("text")],
        b"<a>text<b c='1' c='2'/>": [Start("a"), Text("text")],
    }.items():
        for chunks in ([data], chunks_of(data, 1)):
            parser = xml.PullParser()
            error = refusal(lambda parser=parser, chunks=chunks: [parser.feed(chunk) for chunk in chunks])
            for again in (lambda parser=parser: parser.feed(b"<x/>"), parser.close):
                assert refusal(again) is error
            assert parser.read_events() == wanted
            assert parser.read_events() == []


def test_raising_an_error_again_does_not_add_to_its_traceback():
    parser = xml.PullParser()

    def depth():
        trace, count = refusal(lambda: parser.feed(b"<a></b>")).__traceback__, 0
        while trace is not None:
            trace, count = trace.tb_next, count + 1
        return count

    assert len({depth() for _ in range(5)}) == 1


@pytest.mark.parametrize(
    "data", [b"", b"<", b"<a>", b"<a><!-- x", b"<a b='1", b"<!DOCTYPE a", b"<a>x</a", b"<a>\xc3", b"<a/><!--"]
)
def test_a_document_cut_short_is_incomplete_where_its_bytes_end(data):
    for _, chunks in cuts(data):
        _, _, error = read(chunks)
        assert error[0] == "IncompleteError"
        assert error[2] == len(data)


def test_a_closed_parser_takes_nothing_more():
    parser = xml.PullParser()
    parser.feed(b"<a/>")
    parser.close()
    parser.close()
    assert parser.read_events() == [Start("a"), End("a")]
    with pytest.raises(ValueError, match="closed"):
        parser.feed(b" ")


def test_what_is_no_chunk_is_a_type_error():
    for data in ("<a/>", None, 1, [b"<a/>"]):
        with pytest.raises(TypeError):
            xml.PullParser().feed(data)
    with pytest.raises(BufferError):
        xml.PullParser().feed(memoryview(b"<a/><a/>")[::2])


@pytest.mark.parametrize(
    "options",
    [{"dtd": "external"}, {"encodings": "some"}, {"encodings": ["no-such-encoding"]}, {"encodings": ["iso-2022-jp"]}],
    ids=str,
)
def test_an_argument_that_means_nothing_is_a_value_error(options):
    with pytest.raises(ValueError, match=r"dtd|encoding"):
        xml.PullParser(**options)


@pytest.mark.parametrize("options", [{"limits": 5}, {"encodings": 5}, {"encodings": [5]}, {"audit": 5}], ids=str)
def test_an_argument_of_the_wrong_type_is_a_type_error(options):
    with pytest.raises(TypeError):
        xml.PullParser(**options)


@pytest.mark.parametrize("name", ["windows-1252", "koi8-r", "cp437", "mac-roman", "shift_jis", "gb18030"])
def test_encodings_are_read_when_they_are_allowed(name):
    text = {"koi8-r": "Привет", "shift_jis": "日本", "gb18030": "日本€"}.get(name, "é")
    data = f'<?xml version="1.0" encoding="{name}"?><a>{text}</a>'.encode(name)
    assert read([data])[2][1] == "unknown_encoding"
    for encodings in ([name], iter([name.upper()]), "all"):
        assert events_of(data, encodings=encodings)[1] == Text(text)
    # Naming some narrows as well.
    utf8 = "<a>é</a>".encode()
    assert read([utf8], encodings=[name])[2][1] == "unknown_encoding"
    assert events_of(utf8, encodings=[name, "utf-8"])[1] == Text("é")


def test_codecs_with_a_state_are_refused_whatever_is_asked_for():
    for name in (
        "iso-2022-jp",
        "iso2022_kr",
        "hz",
        "utf-7",
        "utf_8_sig",
        "cp037",
        "punycode",
        "rot13",
        "undefined",
        "idna",
    ):
        data = f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()
        assert read([data], encodings="all")[2][1] == "unknown_encoding", name


def test_a_fork_goes_on_apart_with_the_unread_events():
    for at in range(len(EVERYTHING)):
        parser = xml.PullParser(dtd="internal")
        parser.feed(EVERYTHING[:at])
        fork = parser.fork()
        outcomes = []
        for one in (parser, fork):
            one.feed(EVERYTHING[at:])
            one.close()
            outcomes.append([(event, place(event)) for event in one.read_events()])
        assert outcomes[0] == outcomes[1]
        assert len(outcomes[0]) == 13


def test_forks_of_a_parser_do_not_mix_up_their_names():
    parser = xml.PullParser()
    parser.feed(b"<r>")
    fork = parser.fork()
    parser.feed(b"<one/>")
    fork.feed(b"<two/>")
    assert parser.read_events()[1:] == [Start("one"), End("one")]
    assert fork.read_events()[1:] == [Start("two"), End("two")]


def test_depth_counts_the_open_elements():
    parser = xml.PullParser()
    assert parser.depth == 0
    parser.feed(b"<a><b><c/>")
    assert parser.depth == 2
    parser.feed(b"</b></a>")
    assert parser.depth == 0
    assert parser.stats.peak_depth == 3


def test_a_deep_document_is_read_with_its_limits_off():
    parser = xml.PullParser(limits=Limits.unlimited(), depth_hint=DEEP)
    count = 0
    for _ in range(10):
        parser.feed(b"<a>" * (DEEP // 10))
        count += len(parser.read_events())
    assert parser.depth == DEEP
    assert parser.stats.growths <= 1 or forkedenc.runtime.stressed()
    parser.feed(b"</a>" * DEEP)
    parser.close()
    assert count + len(parser.read_events()) == 2 * DEEP


def test_more_namespaces_than_are_kept_keep_their_names_until_they_are_read():
    count = 5000
    elements = [f"<p:e{number % 7} xmlns:p='urn:{number}' p:x='1' y='2'/>" for number in range(count)]
    data = f"<r>{''.join(elements)}</r>".encode()
    events = events_of(data)
    assert events == read(chunks_of(data, 100))[0]
    assert events[-3] == Start(
        f"{{urn:{count - 1}}}e{(count - 1) % 7}", {f"{{urn:{count - 1}}}x": "1", "y": "2"}, {"p": f"urn:{count - 1}"}
    )
    assert events[1] == Start("{urn:0}e0", {"{urn:0}x": "1", "y": "2"}, {"p": "urn:0"})


def test_limits_that_are_audited_are_told_and_not_enforced():
    data = b"<r a='0123456789'>some text<!-- comment --><?target data?><long-name b='&amp;&#49;234567'/><c/><c d='1' e='2' f='3'>x</c></r>"
    wanted = {
        ("max_attribute_bytes", 5, 10),
        ("max_attribute_bytes", 5, 8),
        ("max_text_bytes", 4, 9),
        ("max_comment_bytes", 3, 9),
        ("max_pi_bytes", 7, 11),
        ("max_name_bytes", 6, 9),
        ("max_attributes", 1, 3),
        ("max_children", 2, 3),
    }
    limits = Limits().replace(**{limit: maximum for limit, maximum, _ in wanted})
    for _, chunks in cuts(data):
        breaches = []
        assert read(chunks, limits=limits, audit=breaches.append)[0] == events_of(data)
        assert sorted((breach.limit, breach.maximum, breach.observed) for breach in breaches) == sorted(wanted)
        places = {breach.limit: breach.offset for breach in reversed(breaches)}
        for limit, maximum, _ in wanted:
            alone = Limits().replace(**{limit: maximum})
            error = refusal(lambda alone=alone: xml.PullParser(limits=alone).feed(data), forkedenc.LimitError)
            assert places[limit] == error.offset


def test_depth_is_enforced_under_audit():
    parser = xml.PullParser(limits=Limits(max_depth=1), audit=lambda breach: None)
    assert refusal(lambda: parser.feed(b"<a><b/>"), RecursionError).limit == "max_depth"


def test_an_audit_that_raises_is_heard_and_loses_no_events():
    def audit(breach):
        raise KeyError(breach.limit)

    parser = xml.PullParser(limits=Limits(max_comment_bytes=1), audit=audit)
    with pytest.raises(KeyError):
        parser.feed(b"<a><!--two--><b/>")
    parser.feed(b"</a>")
    parser.close()
    assert parser.read_events() == [Start("a"), Comment("two"), Start("b"), End("b"), End("a")]


def test_a_parser_in_use_is_a_runtime_error_for_whoever_calls_in():
    seen = []

    def audit(breach):
        calls = [lambda: parser.feed(b" "), parser.read_events, parser.close, parser.fork]
        calls += [lambda: parser.stats, lambda: parser.depth]
        seen.extend(refusal(call, RuntimeError) for call in calls)
        other = threading.Thread(target=lambda: seen.append(refusal(lambda: parser.feed(b" "), RuntimeError)))
        other.start()
        other.join()

    parser = xml.PullParser(limits=Limits(max_comment_bytes=1), audit=audit)
    parser.feed(b"<a><!--two-->")
    assert len(seen) == 7
    assert parser.read_events() == [Start("a"), Comment("two")]


def test_a_parser_does_not_pickle():
    with pytest.raises(TypeError):
        pickle.dumps(xml.PullParser())


def test_a_cycle_through_an_error_is_collected():
    class Sentinel:
        pass

    def spoil():
        parser, sentinel = xml.PullParser(), Sentinel()
        error = refusal(lambda: parser.feed(b"<a></b>"))
        # The parser keeps its error, and this one the parser.
        error.parser, error.sentinel = parser, sentinel
        return weakref.ref(sentinel)

    gone = spoil()
    gc.collect()
    assert gone() is None
