"""Nothing of a cleaned document is left behind, neither objects nor resident memory."""

import contextlib
import gc
import subprocess
import sys

import pytest
from cleaning import PNG, SVG, picture, pieces, prose, rss
from leaks import assert_repetition_leaves_no_objects

import forkedenc
from forkedenc import Limits
from forkedenc.xml import sanitize
from forkedenc.xml.sanitize import PLAIN, Sanitizer

DATA = (
    '<!DOCTYPE svg [<!ENTITY e "é">]><!-- a -->'
    + picture(
        f'<script>1</script><g id="a" style="fill:url(#b);position:fixed"/><use xlink:href="#a"/><style>a{{fill:red}}.c{{mask:url(#m)}}b{{x:y}}</style><text onclick="x">&e; &amp;</text><image href="{PNG}"/>'
        '<animate attributeName="fill" values="red;blue"/><a href="https://x/">b</a>'
    )
).encode()
FEED_DATA = rss("<title>a&lt;b></title><description>c &amp;lt;</description><link>javascript:x</link>").encode()
PAGE_DATA = prose("<p>a<p>b</p></p><table>c<tr><td>d</td></tr></table><pre>\n</pre>").encode()
SVG_MADE = Sanitizer(sanitize.SVG, links=["https"], id_prefix="u-")
PAGE_MADE = Sanitizer(sanitize.XHTML, escape_for="html")
FEED_MADE = Sanitizer(sanitize.FEED, html_text=lambda text: text)
DROP_MADE = Sanitizer(PLAIN.replace(on_limit="drop"), limits=Limits(max_attribute_bytes=10, max_comment_bytes=2))


def cleaned():
    done = SVG_MADE.clean(DATA)
    done.report.to_json()
    done.report.to_text()


def streamed():
    out = []
    with SVG_MADE.stream(out.append) as stream:
        for piece in pieces(DATA, 20):
            stream.feed(piece)
    return stream.report, stream.stats


def page():
    PAGE_MADE.clean(PAGE_DATA)


def feed():
    FEED_MADE.clean(FEED_DATA)


def dropped():
    DROP_MADE.clean("<a b='a very long value'><!-- long --></a>")


def refused():
    for data in (b"<g/>", b"<svg", DATA[:-6], DATA.replace(b"&e;", b"&f;")):
        with contextlib.suppress(forkedenc.DecodeError):
            SVG_MADE.clean(data)


def left():
    SVG_MADE.stream(lambda _: None).feed(DATA[:300])


def raising():
    def write(_):
        raise KeyError

    with contextlib.suppress(KeyError):
        SVG_MADE.stream(write).feed(DATA)


def made():
    Sanitizer(PLAIN).clean(b"<a/>")


@pytest.mark.parametrize("call", [cleaned, streamed, page, feed, dropped, refused, left, raising, made])
def test_repetition_leaves_no_objects(call):
    assert_repetition_leaves_no_objects(call, 500)


CHILD = """
import resource, sys
from forkedenc.xml.sanitize import SVG, Sanitizer
made = Sanitizer(SVG)
data = b'<svg xmlns="{0}">' + b'<g id="a%d" style="fill:red"><script/><use href="#b"/></g>' * 2000 + b"</svg>"
def rounds(count):
    for _ in range(count):
        made.clean(data)
        stream = made.stream(lambda _: None)
        stream.feed(data[:-100])
        try:
            made.clean(data[:-10])
        except ValueError:
            pass
rounds(30)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rounds(200)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
""".replace("{0}", SVG)


@pytest.mark.skipif(sys.platform == "win32", reason="resource is POSIX")
def test_resident_memory_does_not_grow_with_repetition():
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4096


def test_a_stream_that_holds_itself_is_collected():
    gc.collect()
    stream = SVG_MADE.stream(lambda _: None)
    stream = SVG_MADE.stream(stream.feed)
    del stream
    gc.collect()
