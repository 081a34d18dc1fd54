"""Nothing external is ever read: no file is opened and no connection made, by any document, face or mode."""

import contextlib
import ctypes
import io
import os
import socket
import sys
import threading
from xml.sax import SAXException, handler

import pytest
from xml_feeding import pull

import forkedenc
from forkedenc import xml
from forkedenc.xml import minidom, pulldom, sax
from forkedenc.xml.etree import ElementTree

SECRET = "the content of the trap"
IN_OPEN = 0x20


class Trap:
    """A file and a port that nobody may touch."""

    def __init__(self, folder):
        self.file = folder / "secret.txt"
        self.file.write_text(SECRET, "utf-8")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.touched = []
        self.armed = False
        # Opens of native code, which no audit hook sees; where the system has inotify.
        libc = ctypes.CDLL(None)
        self.notify = libc.inotify_init1(os.O_NONBLOCK) if hasattr(libc, "inotify_init1") else -1
        if self.notify >= 0:
            libc.inotify_add_watch(self.notify, os.fsencode(folder), IN_OPEN)
        threading.Thread(target=self.accept, daemon=True).start()
        sys.addaudithook(self.hook)

    def accept(self):
        while True:
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                self.touched.append("a connection")
                connection.close()
                continue
            return

    def hook(self, event, arguments):
        if self.armed and event in ("open", "socket.connect", "socket.getaddrinfo", "urllib.Request", "os.posix_spawn"):
            self.touched.append(f"{event} {arguments[0]!r}")

    @contextlib.contextmanager
    def watch(self):
        self.armed = True
        try:
            yield
        finally:
            self.armed = False
        assert not self.touched
        assert not self.opened()

    def opened(self):
        """Whether something in the folder was opened since the last time that this was asked."""
        try:
            return self.notify >= 0 and bool(os.read(self.notify, 65_536))
        except BlockingIOError:
            return False


@pytest.fixture(scope="module")
def trap(tmp_path_factory):
    made = Trap(tmp_path_factory.mktemp("trap"))
    yield made
    made.armed = False
    made.listener.close()


def documents(trap):
    places = {
        "absolute": str(trap.file),
        "file": trap.file.as_uri(),
        "http": f"http://127.0.0.1:{trap.port}/x",
        "relative": "secret.txt",
    }
    for kind, place in places.items():
        yield f"general entity, {kind}", f'<!DOCTYPE a [<!ENTITY e SYSTEM "{place}">]><a>&e;</a>'
        yield f"public entity, {kind}", f'<!DOCTYPE a [<!ENTITY e PUBLIC "p" "{place}">]><a>&e;</a>'
        yield f"parameter entity, {kind}", f'<!DOCTYPE a [<!ENTITY % p SYSTEM "{place}">%p;]><a/>'
        yield f"external subset, {kind}", f'<!DOCTYPE a SYSTEM "{place}"><a/>'
        yield (
            f"by way of a value, {kind}",
            f'<!DOCTYPE a [<!ENTITY % f SYSTEM "{place}"><!ENTITY % g "<!ENTITY &#37; h SYSTEM \'{place}?%f;\'>">%g;%h;]><a/>',
        )
        yield f"in an attribute, {kind}", f'<!DOCTYPE a [<!ENTITY e SYSTEM "{place}">]><a b="&e;"/>'
        yield (
            f"unparsed, {kind}",
            f'<!DOCTYPE a [<!NOTATION n SYSTEM "{place}"><!ENTITY u SYSTEM "{place}" NDATA n><!ATTLIST a b ENTITY "u">]><a/>',
        )
        yield (
            f"XInclude, {kind}",
            f'<a xmlns:i="http://www.w3.org/2001/XInclude"><i:include href="{place}" parse="text"/></a>',
        )
        yield (
            f"stylesheet and schema, {kind}",
            f'<?xml-stylesheet href="{place}" type="text/xsl"?><a xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:noNamespaceSchemaLocation="{place}" xml:base="{place}"/>',
        )


class Text(handler.ContentHandler):
    def __init__(self):
        self.text = ""

    def characters(self, content):
        self.text += content


def by_sax(data):
    seen = Text()
    sax.parseString(data, seen)
    return seen.text


def by_sax_with_everything_on(data):
    parser, seen = sax.make_parser(), Text()
    for feature in (handler.feature_external_ges, handler.feature_external_pes):
        with contextlib.suppress(SAXException):
            parser.setFeature(feature, True)
    parser.setContentHandler(seen)
    parser.parse(io.BytesIO(data))
    return seen.text


def by_lxml(data):
    etree = pytest.importorskip("lxml.etree")
    from forkedenc.xml import lxml

    return etree.tostring(lxml.fromstring(data, dtd="internal"))


FACES = {
    **{
        f"PullParser, {mode}": lambda data, mode=mode: pull([data], dtd=mode).events
        for mode in ("forbid", "bare", "skip", "internal")
    },
    "events": lambda data: list(xml.events([data], dtd="internal")),
    "fromstring": lambda data: ElementTree.tostring(ElementTree.fromstring(data)),
    "iterparse": lambda data: [element.text for _, element in ElementTree.iterparse(io.BytesIO(data))],
    "sax": by_sax,
    "sax with all features": by_sax_with_everything_on,
    "minidom": lambda data: minidom.parseString(data).toxml(),
    "pulldom": lambda data: [node.toxml() for _, node in pulldom.parseString(data.decode())],
    "lxml": by_lxml,
}


@pytest.mark.parametrize("face", FACES)
def test_nothing_is_opened_and_nobody_is_called(face, trap, monkeypatch):
    monkeypatch.chdir(trap.file.parent)
    FACES[face](b"<a/>")  # imports open files
    for name, text in documents(trap):
        shown = ""
        with trap.watch():
            try:
                shown = str(FACES[face](text.encode()))
            except (forkedenc.Error, SAXException) as error:
                shown = str(error)
        assert SECRET not in shown, name


def test_the_trap_catches_those_who_step_in(trap):
    trap.armed = True
    trap.file.read_text("utf-8")
    socket.create_connection(("127.0.0.1", trap.port)).close()
    trap.armed = False
    assert any("secret.txt" in str(one) for one in trap.touched)
    assert any("connect" in str(one) for one in trap.touched)
    assert trap.notify < 0 or trap.opened()
    trap.touched.clear()


@pytest.mark.parametrize("feature", [handler.feature_external_ges, handler.feature_external_pes])
def test_a_reader_that_is_told_to_read_external_entities_says_no(feature):
    parser = sax.make_parser()
    with pytest.raises(sax.SAXNotSupportedException):
        parser.setFeature(feature, True)
    assert not parser.getFeature(feature)
    parser.setFeature(feature, False)
