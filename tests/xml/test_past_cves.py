"""Holes that other XML parsers had. Each docstring names the one that its test stands for."""

import os
import subprocess
import sys
import textwrap
import time
import xml.etree.ElementTree as ET

import pytest
from feeding import chunks_of
from xml_feeding import pull, pulled

import forkedenc
from forkedenc import Limits, runtime, xml
from forkedenc.xml import minidom, pulldom, sax
from forkedenc.xml.etree import ElementTree

KIB = 1 << 10
# Where every push moves the stack, only shapes without depth are timed as long.
SCALE = 4 if runtime.stressed() else 1


def seconds(work, *arguments):
    """The best of three: a busy machine only adds."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work(*arguments)
        best = min(best, time.process_time() - start)
    return best


def assert_linear(work, make, size):
    """Four times the input takes at most some eight times the time: a square would take sixteen."""
    small, big = make(size // SCALE), make(4 * size // SCALE)
    assert seconds(work, big) < 8 * seconds(work, small) + 0.05


def read(data, size=64 * KIB, **options):
    outcome = pull(chunks_of(data, size), limits=Limits.unlimited(), dtd="internal", **options)
    assert outcome.error is None, outcome.error


@pytest.mark.parametrize(
    "head, unit, tail",
    [
        (b'<a b="', b"x", b'"/>'),
        (b'<a b="', b"&amp;", b'"/>'),
        (b"<a><!--", b"- ", b"--></a>"),
        (b"<a><?p ", b"?", b"?></a>"),
        (b"<a><![CDATA[", b"]", b"]]></a>"),
        (b"<", b"x", b"/>"),
        (b"<a", b" ", b"/>"),
        (b'<!DOCTYPE a [<!ENTITY e "', b"x", b'">]><a/>'),
        (b'<!DOCTYPE a SYSTEM "', b"x", b'"><a/>'),
        (b'<?xml version="1.0"', b" ", b"?><a/>"),
    ],
    ids=["value", "references", "comment", "PI", "CDATA", "name", "tag", "entity", "system id", "declaration"],
)
def test_a_long_token_in_small_chunks_costs_its_length(head, unit, tail):
    """CVE-2023-52425 (expat): a token was scanned from its start again with every chunk."""
    assert_linear(lambda data: read(data, 16), lambda size: head + unit * (size // len(unit)) + tail, 64 * KIB)


def numbered(head, form, count, tail):
    return head + b"".join(form % ((number,) * form.count(b"%d")) for number in range(count)) + tail


@pytest.mark.parametrize(
    "head, form, tail",
    [
        (b"<a>", b"<x%d/>", b"</a>"),
        (b"<a", b' b%d=""', b"/>"),
        (b'<a xmlns:p="u"', b' p:b%d=""', b"/>"),
        (b"<a", b' xmlns:n%d="u%d"', b"/>"),
        (b"<a><b", b' xmlns:n%d="u"', b"/></a>"),
        (b"<!DOCTYPE a [<!ATTLIST a", b' b%d CDATA "x"', b">]><a/>"),
        (b"<!DOCTYPE a [", b'<!ENTITY e%d "x">', b"]><a/>"),
        (b"<!DOCTYPE a [", b"<!ELEMENT e%d ANY>", b"]><a/>"),
        (b"<!DOCTYPE a [", b'<!NOTATION n%d SYSTEM "s">', b"]><a/>"),
    ],
    ids=[
        "tags",
        "attributes",
        "in a namespace",
        "declarations",
        "one URI",
        "defaults",
        "entities",
        "elements",
        "notations",
    ],
)
def test_many_names_cost_their_number(head, form, tail):
    """RUSTSEC-2026-0194 (quick-xml), CVE-2026-45186 and CVE-2026-66046 (expat), CVE-2012-0876: lists searched from the start."""
    assert_linear(read, lambda count: numbered(head, form, count, tail), 8000)


def test_duplicates_are_found_among_very_many():
    """RUSTSEC-2026-0194 (quick-xml): the search for duplicates was what took the time."""
    data = numbered(b'<a xmlns:p="u" xmlns:q="u"', b' p:b%d=""', 20_000, b' q:b77=""/>')
    assert pull([data], limits=Limits.unlimited()).error[1] == "duplicate_attribute"


def test_names_with_one_hash_for_many_parsers_are_no_attack():
    """CVE-2012-0876, CVE-2016-5300 (expat): names made to collide in a table whose key could be guessed."""
    program = """
        from forkedenc import xml
        import time
        data = b"<a>" + b"".join(b"<x%d/>" % number for number in range(20_000)) + b"</a>"
        for event in xml.events([data]): pass
        print("done")
    """
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout == "done\n"


def laughs(levels, breadth=10, text="ha"):
    """Entities that contain each other: breadth ** levels times the text."""
    declared = [f'<!ENTITY e0 "{text}">']
    declared += [f'<!ENTITY e{level} "{f"&e{level - 1};" * breadth}">' for level in range(1, levels + 1)]
    return f"<!DOCTYPE a [{''.join(declared)}]><a>&e{levels};</a>".encode()


BOMBS = {
    "nine levels of laughs": laughs(9),
    "laughs in a value": laughs(9).replace(b"<a>&e9;</a>", b"<a b='&e9;'/>"),
    "a long entity, often": b'<!DOCTYPE a [<!ENTITY e "%s">]><a>%s</a>' % (b"x" * 100_000, b"&e;" * 10_000),
    "a long entity, often, in a value": b'<!DOCTYPE a [<!ENTITY e "%s">]><a b="%s"/>'
    % (b"x" * 50_000, b"&e;" * 10_000),
    "empty entities": b'<!DOCTYPE a [<!ENTITY e "">]><a>%s</a>' % (b"&e;" * 100_000),
    "in a default that is never asked for": laughs(9)
    .replace(b"]>", b'<!ATTLIST b c CDATA "&e9;">]>')
    .replace(b"&e9;</a>", b"</a>"),
    "a long chain": laughs(5000, breadth=1),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize(
    "parse",
    [
        lambda data: pulled(data, dtd="internal"),
        ElementTree.fromstring,
        minidom.parseString,
        lambda data: list(pulldom.parseString(data.decode())),
        lambda data: sax.parseString(data, sax.handler.ContentHandler()),
    ],
    ids=["events", "tree", "minidom", "pulldom", "sax"],
)
def test_entities_that_blow_up_are_refused_soon(name, parse):
    """CVE-2013-1664 (Python), CVE-2013-0340 (expat), CVE-2003-1564: a few bytes of entities became gigabytes."""
    start = time.process_time()
    with pytest.raises((forkedenc.LimitError, AssertionError)) as found:
        parse(BOMBS[name])
    if isinstance(found.value, AssertionError):
        assert "max_" in str(found.value)
    assert time.process_time() - start < 5 * SCALE


def test_parameter_entities_do_not_blow_up_either():
    """CVE-2013-0340 (expat), CVE-2021-3541 (libxml2): the same by parameter entities in the subset."""
    declared = ['<!ENTITY % p0 "<!--x-->">']
    declared += [f'<!ENTITY % p{level} "{f"&#37;p{level - 1};" * 10}">' for level in range(1, 10)]
    data = f"<!DOCTYPE a [{''.join(declared)}%p9;]><a/>".encode()
    start = time.process_time()
    error = pull([data], dtd="internal").error
    assert error is None or error[1] == "limit"
    assert time.process_time() - start < 5 * SCALE


@pytest.mark.parametrize("cut", [1, 3, 1000])
def test_utf8_is_checked_wherever_it_is_cut(cut):
    """CVE-2022-25235 (expat): two- and three-byte characters in names were taken unchecked."""
    for bad in (
        b"\xc0\x80",
        b"\xc3",
        b"\xe0\x80\x80",
        b"\xe2\x28\xa1",
        b"\xed\xa0\x80",
        b"\xf0\x80\x80\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\x80",
    ):
        for form in (
            b"<a%s/>",
            b"<a b%s=''/>",
            b"<a b='%s'/>",
            b"<a>%s</a>",
            b"<a><!--%s--></a>",
            b"<a><?p%s ?></a>",
            b"<a><![CDATA[%s]]></a>",
        ):
            outcome = pull(chunks_of(form % bad, cut))
            assert outcome.error, form % bad
            assert outcome.error[0] in ("ParseError", "IncompleteError")


def test_a_separator_in_a_namespace_cannot_forge_a_name():
    """CVE-2022-25236 (expat): the character between URI and local name was taken in a URI."""
    for data in (
        b'<p:a xmlns:p="u}v"/>',
        b'<a xmlns="u}v"/>',
        b'<a xmlns:p="&#x7d;"/>',
        b'<!DOCTYPE a [<!ATTLIST a xmlns CDATA "}">]><a/>',
    ):
        assert pull([data], dtd="internal").error, data
        with pytest.raises(ET.ParseError):
            ElementTree.fromstring(data)


def test_sizes_past_what_an_int_holds_are_counted():
    """CVE-2022-25315, CVE-2022-25314, CVE-2024-45491, CVE-2024-45492 (expat): sizes of names, models and attributes wrapped round."""
    data = numbered(b"<!DOCTYPE a [<!ATTLIST a", b' b%d CDATA "x"', 70_000, b">]><a/>")
    events = pulled(data, dtd="internal", limits=Limits.unlimited())
    assert len(events[1][2]) == 70_000
    deep = b"<!DOCTYPE a [<!ELEMENT a " + b"(" * 100_000 + b"b" + b")" * 100_000 + b">]><a/>"
    assert pulled(deep, dtd="internal", limits=Limits.unlimited())[1][:2] == ("Start", "a")


@pytest.mark.parametrize("open_, close", [(b"(", b")"), (b"(b,", b")"), (b"(b|", b")*")])
def test_a_deep_content_model_does_not_recurse(open_, close):
    """CVE-2022-25313 (expat): build_model recursed once a parenthesis."""
    data = b"<!DOCTYPE a [<!ELEMENT a " + open_ * 200_000 + b"b" + close * 200_000 + b">]><a/>"
    outcome = pull([data], dtd="internal", limits=Limits.unlimited())
    assert outcome.error is None or outcome.error[1] != "out_of_memory"
    assert pull([data], dtd="internal").error[6] in ("max_doctype_bytes", "max_stack_bytes", "max_depth")


def test_a_chunk_of_no_length_is_nothing():
    """CVE-2024-45490 (expat): a negative length was taken."""
    parser = xml.PullParser()
    for chunk in (b"", b"<a", b"", b">", b"", bytearray(), memoryview(b""), b"</a>", b""):
        parser.feed(chunk)
    parser.close()
    assert [type(event).__name__ for event in parser.read_events()] == ["Start", "End"]


def test_entities_that_refer_to_each_other_for_ever_end():
    """CVE-2024-8176 (expat): a chain of entities recursed on the C stack."""
    data = laughs(100_000, breadth=1)
    for limits in (Limits(), Limits(max_entity_depth=None, max_entities=None, max_doctype_bytes=None)):
        error = pull([data], dtd="internal", limits=limits).error
        assert error is None or error[1] in ("limit", "recursive_entity")


def test_depth_does_not_recurse_on_the_c_stack():
    """CVE-2016-3627, CVE-2016-3705 (libxml2), CVE-2023-46317: depth overflowed the C stack, while reading or freeing."""
    depth = 2000 if runtime.stressed() else 200_000
    data = b"<a>" * depth + b"</a>" * depth
    assert pull([data]).error[6] == "max_depth"
    root = ElementTree.fromstring(data, limits=Limits.unlimited())
    assert ElementTree.tostring(root) == data[: 3 * (depth - 1)] + b"<a />" + data[-4 * (depth - 1) :]
    del root


@pytest.mark.parametrize(
    "text, meaning",
    [
        ("user@example.org<!-- x -->.evil.org", "user@example.org.evil.org"),
        ("admin<!---->istrator", "administrator"),
        ("a<?p q?>b", "ab"),
        ("a<![CDATA[b]]>c", "abc"),
    ],
)
def test_a_comment_does_not_cut_text_short(text, meaning):
    """CVE-2017-11427 (python-saml), CVE-2018-0489 (shibboleth): what stood before a comment was taken for the whole."""
    data = f"<a>{text}</a>".encode()
    assert ElementTree.fromstring(data).text == meaning
    assert "".join(event[1] for event in pulled(data) if event[0] == "Text") == meaning


def test_a_prefix_in_a_value_keeps_its_declaration():
    """CVE-2020-29511, CVE-2020-29509 (Go encoding/xml): prefixes and declarations were lost on the way round."""
    start = pulled(b'<a xmlns:x="u" b="x:c"/>')[0]
    assert start[3] == {("x", "u")}


@pytest.mark.parametrize("data", [b"<:a/>", b'<a xmlns:p="u"><p:b:c/></a>', b"<a :b=''/>", b"<a b:=''/>", b"<x:/>"])
def test_names_with_stray_colons_are_refused(data):
    """CVE-2020-29510 (Go encoding/xml): such names changed their meaning when they were written and read again."""
    assert pull([data]).error


@pytest.mark.parametrize(
    "data", [b"<?xml version='1.0'?><!DOCTYPE a><b/>", b"<a/><a/>", b"<a/>x", b"x<a/>", b"<a/><!DOCTYPE b><b/>"]
)
def test_there_is_one_root_and_no_text_around_it(data):
    """CVE-2022-39353 (xmldom): several roots were taken, and parsers differed in which one counts."""
    outcome = pull([data])
    assert outcome.error or [event[1] for event in outcome.events if event[0] == "Start"] == ["b"]


def test_an_error_in_the_middle_leaves_no_half_object():
    """CVE-2022-43680 (expat): after failing to allocate or parse, what was shared was freed twice."""
    for end in range(1, 60):
        for tail in (b"<", b"\x00", b"&x;", b"</x>"):
            parser = ElementTree.XMLPullParser(["start", "end"])
            data = b"<!DOCTYPE a [<!ENTITY e '<b c=\"1\"/>'>]><a>&e;<d e='2'>x</d></a>"[:end] + tail
            try:
                parser.feed(data)
                parser.close()
            except ElementTree.ParseError:
                pass
            del parser
