"""Streams: the same bytes and the same report however a document is cut; what a failed one leaves behind; who may call."""

import asyncio
import gc
import threading
from xml.parsers import expat

import pytest
from cleaning import (
    ATOM,
    PNG,
    SOAP_1_2,
    SVG,
    XHTML,
    active,
    clark,
    picture,
    pieces,
    prose,
    rss,
    sanitizer,
    streamed,
    whole,
)

import forkedenc
from forkedenc import Limits
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import PLAIN, Sanitizer

EVERYTHING = (
    '<!DOCTYPE svg [<!ENTITY e "é<rect onload=\'x\'/>&#38;amp;"><!ATTLIST g fill CDATA "red">]><!-- a --><?b c?>'
    f'<svg xmlns="{SVG}" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x">\r\n<script>alert(1)<![CDATA[</script>]]></script>&e;<g id="a" style="fill:url(#b);position:fixed"/>'
    f"<use xlink:href='#a' href='//e/'/><style>a{{fill:red}}<![CDATA[@import 'x';b>c{{stroke:url(//e/)}}]]></style><text x='&#9;1'>é &amp; 😀 ]]&gt;</text>"
    f'<image href="{PNG}"/><animate attributeName="fill" values="red;url(//e/)"/><a href="https://x/">l</a><title>t<b/></title></svg><!-- z -->\n'
)
DOCUMENTS = [
    (sanitize.SVG, {}, EVERYTHING),
    (sanitize.SVG, {"links": ["https"], "id_prefix": "u-", "escape_for": "html"}, EVERYTHING),
    (sanitize.SVG.replace(on_unknown_element="escape", comments="keep", pis="keep"), {}, picture("<x>y<?a b?><!-- c --></x><z/>")),
    (sanitize.XHTML, {}, prose("<p onclick='x'>a<font>b<p>c</p></font><br>d</br></p><img src='javascript:x' alt='é'/>")),
    (sanitize.XHTML, {"escape_for": "html", "id_prefix": "u-"}, prose("<table>a<tr>b<td>c</td></tr>é</table><pre>\r\n\nd\n</pre><p>e<p id='f'>g</p></p>")),
    (sanitize.FEED, {}, rss("<title>é &lt; b</title><description>a<![CDATA[<b>]]>&lt;/b&gt;</description><link>javascript:x</link>")),
    (sanitize.FEED, {"html_text": lambda text: text.upper()}, rss("<title>a &amp;amp; b</title><description>a<!-- -->&lt;b&gt;</description>")),
    (sanitize.FEED, {}, f'<feed xmlns="{ATOM}"><content type="xhtml"><div xmlns="{XHTML}">a<script>b</script></div></content></feed>'),
    (sanitize.SOAP, {}, f'<?a?><e:Envelope xmlns:e="{SOAP_1_2}"><e:Body>é<!-- b --><c d="javascript:x"/></e:Body></e:Envelope>'),
    (PLAIN, {}, '<!DOCTYPE a [<!ENTITY b "c">]><a xml:base="d">&b;<e xmlns="f"><![CDATA[<g>]]></e>&#13;\r</a><!-- h -->'),
    (PLAIN.replace(on_limit="drop"), {"limits": Limits(max_attribute_bytes=3, max_comment_bytes=3, max_pi_bytes=3)}, "<a b='1234' c='é'><!-- long --><!--s--><?t data?>é</a>"),
]  # fmt: skip


@pytest.mark.parametrize("policy, options, document", DOCUMENTS)
def test_any_split_gives_the_same_bytes_and_the_same_report(policy, options, document):
    made = Sanitizer(policy, **options)
    data = document.encode()
    expected = (*whole(made, data), None)
    for size in (1, 2, 3, 7, 64):
        assert streamed(made, pieces(data, size)) == expected
    for cut in range(len(data) + 1):
        assert streamed(made, [data[:cut], data[cut:]]) == expected
    assert streamed(made, [b"", data, b"", b""]) == expected


FAILURES = [
    b"<g></h>",
    b"<g",
    b"&nope;",
    b"<rect a='1' a='2'/>",
    b"\xff",
    b"<g>" * 1001,
    b"</svg><svg/>",
    b"</svg>x",
    b"</svg><!-- ",
    b"",
]


@pytest.mark.parametrize("end", FAILURES)
def test_a_failure_is_the_same_for_any_split_and_leaves_a_prefix_that_is_no_document(end):
    body = b"<script>alert(1)</script><g onclick='x'><rect fill='red'/><text>words</text></g><!-- c -->"
    data = picture("").encode().removesuffix(b"</svg>") + body + end
    errors = set()
    for size in (1, 5, 10_000):
        done = streamed(sanitizer(sanitize.SVG), pieces(data, size))
        errors.add(done.error)
        seen = []
        parser = expat.ParserCreate(namespace_separator="}")
        parser.StartElementHandler = lambda name, attributes, seen=seen: seen.append((clark(name), attributes))
        parser.Parse(done.data, False)
        with pytest.raises(expat.ExpatError):
            parser.Parse(b"", True)
        assert not active(seen, local=True)
    assert len(errors) == 1
    assert errors.pop() is not None


@pytest.mark.parametrize("data", ["<a/>", "<a><b/></a>", "<a/><!-- x -->", "<!-- x --><a/>\n", "<a> </a><!---->"])
def test_nothing_is_a_document_before_it_is_closed(data):
    for size in (1, 3, len(data)):
        out = []
        stream = sanitizer(PLAIN).stream(out.append)
        for piece in pieces(data.encode(), size):
            stream.feed(piece)
            with pytest.raises(expat.ExpatError):
                expat.ParserCreate().Parse(b"".join(out), True)
        stream.close()
        expat.ParserCreate().Parse(b"".join(out), True)


def test_write_gets_bytes_and_never_an_empty_chunk_while_feeding():
    out = []
    stream = sanitizer(sanitize.SVG).stream(out.append)
    for piece in pieces(EVERYTHING.encode(), 1):
        stream.feed(piece)
    assert {type(chunk) for chunk in out} == {bytes}
    assert all(out)
    stream.close()


def test_a_large_chunk_is_written_piece_by_piece():
    out = []
    stream = sanitizer(sanitize.SVG).stream(out.append)
    stream.feed(picture("<g/>" * 500_000).encode())
    stream.close()
    assert len(out) > 10
    assert max(map(len, out)) < 300_000


def test_what_is_ready_is_handed_over_at_once():
    out = []
    stream = sanitizer(sanitize.SVG).stream(out.append)
    stream.feed(picture("<g/>").encode()[:-6])
    assert b"".join(out) == picture("<g/>").encode()[:-7]


def test_leaving_by_an_exception_does_not_close_and_leaving_without_does():
    out = []
    with pytest.raises(KeyError), sanitizer(PLAIN).stream(out.append) as stream:
        stream.feed(b"<a/>")
        raise KeyError
    assert b"".join(out) == b"<a/"
    out = []
    with sanitizer(PLAIN).stream(out.append) as stream:
        stream.feed(b"<a/>")
    assert b"".join(out) == b"<a/>"
    with pytest.raises(forkedenc.IncompleteError), sanitizer(PLAIN).stream(out.append) as stream:
        stream.feed(b"<a>")


def test_a_document_is_closed_once():
    stream = sanitizer(PLAIN).stream(lambda _: None)
    stream.feed(b"<a/>")
    stream.close()
    for call in (stream.close, lambda: stream.feed(b" ")):
        with pytest.raises(ValueError):
            call()
    assert not stream.report.changed


def test_a_document_that_was_refused_stays_refused():
    out = []
    stream = sanitizer(PLAIN).stream(out.append)
    with pytest.raises(forkedenc.DecodeError):
        stream.feed(b"<a></b>")
    written = list(out)
    for call in (lambda: stream.feed(b"<a/>"), stream.close, lambda: stream.feed(b"")):
        with pytest.raises((RuntimeError, ValueError)):
            call()
    assert out == written


def test_an_incomplete_document_says_how_many_bytes_it_had():
    stream = sanitizer(PLAIN).stream(lambda _: None)
    stream.feed(b"<a><b/>")
    with pytest.raises(forkedenc.IncompleteError) as caught:
        stream.close()
    assert caught.value.offset == 7


def test_what_write_raises_comes_through():
    class OurError(Exception):
        pass

    def write(_):
        raise OurError

    stream = sanitizer(PLAIN).stream(write)
    with pytest.raises(OurError):
        stream.feed(b"<a><b/>")
    stream = sanitizer(PLAIN).stream(write)
    with pytest.raises(OurError), stream:
        stream.feed(b"<a/>")


@pytest.mark.parametrize("call", ["feed", "close", "report", "stats"])
def test_a_write_that_calls_in_again_is_refused(call):
    refused = []

    def write(_):
        try:
            {
                "feed": lambda: stream.feed(b"<b/>"),
                "close": stream.close,
                "report": lambda: stream.report,
                "stats": lambda: stream.stats,
            }[call]()
        except RuntimeError as error:
            refused.append(str(error))

    stream = sanitizer(PLAIN).stream(write)
    stream.feed(b"<a><c/></a>")
    stream.close()
    assert refused


def test_html_text_that_calls_in_again_is_refused():
    refused = []

    def text(value):
        try:
            stream.feed(b"x")
        except RuntimeError:
            refused.append(value)
        return value

    stream = Sanitizer(sanitize.FEED, html_text=text).stream(lambda _: None)
    stream.feed(rss("<title>&lt;b></title>").encode())
    stream.close()
    assert refused == ["<b>"]


def test_a_second_thread_is_refused_while_the_first_is_inside():
    entered, leave, errors = threading.Event(), threading.Event(), []

    def write(_):
        entered.set()
        leave.wait(20)

    stream = sanitizer(PLAIN).stream(write)
    first = threading.Thread(target=stream.feed, args=(b"<a><b/>",))
    first.start()
    assert entered.wait(20)
    try:
        stream.feed(b"<c/>")
    except RuntimeError as error:
        errors.append(error)
    leave.set()
    first.join()
    assert errors
    stream.feed(b"</a>")
    stream.close()


def test_one_sanitizer_serves_many_threads():
    made, wrong = sanitizer(sanitize.SVG), []
    data = [picture(f'<g id="a{number}"/><script/>' * 50).encode() for number in range(8)]
    expected = [made.clean(document).data for document in data]

    def work(number):
        for _ in range(20):
            cleaned = made.clean(data[number]).data, streamed(made, pieces(data[number], 50)).data
            wrong.extend(number for output in cleaned if output != expected[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_an_asynchronous_stream_awaits_its_write():
    out = []

    async def write(chunk):
        await asyncio.sleep(0)
        out.append(chunk)

    async def run():
        async with sanitizer(sanitize.SVG).astream(write) as stream:
            for piece in pieces(EVERYTHING.encode(), 11):
                await stream.feed(piece)
        return stream.report

    report = asyncio.run(run())
    cleaned = sanitizer(sanitize.SVG).clean(EVERYTHING)
    assert (b"".join(out), report) == cleaned


def test_an_asynchronous_stream_left_by_an_exception_is_not_closed():
    out = []

    async def write(chunk):
        out.append(chunk)

    async def run():
        async with sanitizer(PLAIN).astream(write) as stream:
            await stream.feed(b"<a/>")
            raise KeyError

    with pytest.raises(KeyError):
        asyncio.run(run())
    assert b"".join(out) == b"<a/"


def test_a_sanitizer_cannot_be_changed():
    made = sanitizer(PLAIN)
    for name in ("policy", "_plan", "anything"):
        with pytest.raises(AttributeError):
            setattr(made, name, None)
    assert repr(made) == "Sanitizer(plain)"


def test_a_stream_that_is_dropped_half_way_leaves_nothing_open():
    for _ in range(100):
        stream = sanitizer(sanitize.SVG).stream(lambda _: None)
        stream.feed(EVERYTHING.encode()[:500])
        del stream
    gc.collect()


def test_a_cleaned_document_is_a_named_tuple():
    cleaned = sanitizer(PLAIN).clean("<a/>")
    data, report = cleaned
    assert cleaned._fields == ("data", "report")
    assert (data, report) == (cleaned.data, cleaned.report)
    assert type(data) is bytes


def test_stats_of_a_stream_count_its_suspensions():
    stream = sanitizer(PLAIN).stream(lambda _: None)
    for piece in pieces(b"<a><b><c/></b></a>", 1):
        stream.feed(piece)
    assert stream.stats.suspensions == 18
    assert stream.stats.peak_depth == 3


def test_what_a_name_meant_in_one_document_it_does_not_mean_in_the_next():
    # One policy keeps what it has found out of names; here each document means something else by them.
    made = Sanitizer(sanitize.PLAIN.replace(namespaces=["urn:good"]), limits=None)
    good, bad = "urn:good", "http://www.w3.org/1999/xhtml"
    for turn in range(6):
        uri, other = (good, bad) if turn % 2 else (bad, good)
        document = f'<a><p:script xmlns:p="{uri}" p:x="1">one</p:script><q:script xmlns:q="{other}">two</q:script></a>'
        fresh = Sanitizer(sanitize.PLAIN.replace(namespaces=["urn:good"])).clean(document.encode())
        assert made.clean(document.encode()) == fresh
        assert (b"one" in fresh.data, b"two" in fresh.data) == ((True, False) if turn % 2 else (False, True))


@pytest.mark.parametrize(
    "document, expected",
    [
        # What stands in a CDATA section is text, and stands in the input as it would not in the output.
        ("<a><b><![CDATA[<x>&amp;</b>]]></b></a>", "<a><b>&lt;x&gt;&amp;amp;&lt;/b&gt;</b></a>"),
        ("<a><b>x > y</b>\t>\n</a>", "<a><b>x &gt; y</b>\t&gt;\n</a>"),
        ("<a\n  x = '1'  y=\"2\" ><b/><c></c><d /></a >", '<a x="1" y="2"><b/><c/><d/></a>'),
        (
            '<a x="a>b" y=\'"\' z="&#9;&lt;">&#60;&#x3e;&#233;</a>',
            '<a x="a&gt;b" y="&quot;" z="&#9;&lt;">&lt;&gt;\u00e9</a>',
        ),
        ("<a><b>&amp;</b><c>&lt;</c><d>]]&gt;</d></a>", "<a><b>&amp;</b><c>&lt;</c><d>]]&gt;</d></a>"),
    ],
)
def test_what_stands_as_it_is_written_is_copied_and_nothing_else(document, expected):
    made = Sanitizer(sanitize.PLAIN)
    for step in (1, 2, 3, 7, len(document)):
        out = []
        with made.stream(out.append) as stream:
            for start in range(0, len(document), step):
                stream.feed(document[start : start + step].encode())
        assert b"".join(out).decode() == expected


def test_an_element_written_with_both_tags_ends_with_its_own():
    # Behind the empty tag stands what looks like the end of its tag.
    made = Sanitizer(sanitize.XHTML)
    for behind in ("xyz>", "</b>", "ab>"):
        document = f'<div xmlns="http://www.w3.org/1999/xhtml"><b><p/>{behind.replace("</b>", "")}</b></div>'
        out = made.clean(document.encode()).data
        assert out.count(b"<p></p>") == 1, out
