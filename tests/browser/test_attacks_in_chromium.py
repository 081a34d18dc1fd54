"""A few attacks of each kind in a real browser, where there is one: benches/sanitize_browser.py loads whole collections."""

import importlib
import shutil
import sys
import threading
from pathlib import Path

import pytest

BENCHES = Path(__file__).resolve().parents[2] / "benches"
CHROMIUM = any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))

if not CHROMIUM:
    pytest.skip("no Chromium here: what a browser does with cleaned documents is not tested", allow_module_level=True)
pytest.importorskip("websockets", reason="the package websockets, to speak with Chromium, is not installed")
pytest.importorskip("html5lib", reason="the package html5lib is not installed")

PAYLOADS = [
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "<img src=x onerror=alert(1)>",
    '<img src="//evil.example/pixel.png"/>',
    '<a href="java&#9;script:alert(1)">x</a>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>@import '//evil.example/a.css'; * { background: url(//evil.example/b) }</style>",
    '<g style="fill:url(//evil.example/c#d)"/>',
    '<use href="//evil.example/d.svg#x"/>',
    '<image href="//evil.example/e.png" width="9" height="9"/>',
    '<rect width="9" height="9" fill="red"><set attributeName="onclick" to="alert(1)"/><animate attributeName="x" onbegin="alert(1)" to="2" dur="1s"/></rect>',
    '<foreignObject width="9" height="9"><body xmlns="http://www.w3.org/1999/xhtml" onload="alert(1)"><iframe src="javascript:alert(1)"/></body></foreignObject>',
    '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
    "</title><script>alert(1)</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<meta http-equiv="refresh" content="0; url=//evil.example/f"/>',
    '<link rel="stylesheet" href="//evil.example/g.css"/>',
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
]


@pytest.fixture(scope="module")
def harness():
    sys.path.insert(0, str(BENCHES))
    try:
        yield importlib.import_module("sanitize_browser")
    finally:
        sys.path.remove(str(BENCHES))


@pytest.fixture(scope="module")
def browser(harness, tmp_path_factory):
    proxy = harness.Proxy()
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    running = harness.Browser(harness.binary(), proxy, tmp_path_factory.mktemp("chromium"))
    yield running
    running.close()
    proxy.shutdown()
    proxy.server_close()


@pytest.mark.parametrize("number", range(4), ids=["SVG", "SVG in a page", "XHTML", "XHTML in a page"])
def test_attacks_spring_the_traps_before_cleaning_and_nothing_after(harness, browser, number):
    way = harness.ways()[number]
    for payload in PAYLOADS:
        for document in way.makes(payload):
            way.add(payload, document)
    before = harness.run(browser, way, way.raw, "raw", None)
    after = harness.run(browser, way, way.clean, "clean", None)
    assert len(before.by_document()) > 5, "the traps prove nothing"
    assert len(after.loaded) == len(way.clean)
    assert not after.hung
    allowed = after.images if way.makes is harness.pages else []
    sprung = after.requests + [one for one in after.images if one not in allowed]
    assert sprung + after.scripts + after.calls + after.dialogs + after.escaped == []
