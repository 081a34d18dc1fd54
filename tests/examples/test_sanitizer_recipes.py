"""What docs/sanitizer*.md show beside their sessions: the proxy with nh3, the policy as a file, the pipe, the hooks' arguments."""

import html
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from forkedenc.xml.sanitize import FEED, SVG, Policy, Sanitizer

DOCS = Path(__file__).resolve().parents[2] / "docs"
FEED_OF_A_STRANGER = b"""<rss version="2.0"><channel><title>Q &amp; A</title><item>
<description><![CDATA[<p onclick="x()">Hello<script>x()</script></p>]]></description></item></channel></rss>"""
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg"><g onclick="x()"/></svg>'


def block(page, language, text):
    blocks = re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    (found,) = [block for block in blocks if text in block]
    return found


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "forkedenc", *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=120,
        **options,
    )


def test_the_proxy_cleans_the_html_in_a_feed(monkeypatch):
    pytest.importorskip("nh3")
    names = {}
    exec(block("sanitizer-recipes.md", "python", "import nh3"), names)
    monkeypatch.setattr("urllib.request.urlopen", lambda _, timeout: io.BytesIO(FEED_OF_A_STRANGER))
    out = io.BytesIO()
    names["relay"]("https://x.example/feed", out.write)
    assert b"<description>&lt;p&gt;Hello&lt;/p&gt;</description>" in out.getvalue()
    assert b"<title>Q &amp; A</title>" in out.getvalue()


def test_titles_can_be_made_plain_text():
    nh3 = pytest.importorskip("nh3")
    cleaner = Sanitizer(FEED, html_text=lambda text: html.unescape(nh3.clean(text, tags=set())))
    assert b"<title>Q &amp; A</title>" in cleaner.clean(FEED_OF_A_STRANGER).data


def test_the_policy_of_the_page_is_one(tmp_path):
    place = tmp_path / "icons.toml"
    place.write_text(block("sanitizer.md", "toml", 'base = "svg"'), "utf-8")
    policy = Policy.from_toml(place)
    assert (policy.name, policy.on_bad_value, policy.max_elements) == ("icons", "error", 5000)
    assert policy.elements == SVG.elements
    picture = PICTURE.replace(b'onclick="x()"', b'data-name="star"')
    assert Sanitizer(policy).clean(picture).report.removed == 0
    assert Sanitizer(SVG).clean(picture).report.removed == 1
    assert Policy.from_toml(place).digest() == policy.digest() != SVG.digest()


def test_a_policy_named_after_that_of_the_hook_wins(tmp_path):
    pytest.importorskip("click")
    (tmp_path / "icons.toml").write_text('base = "svg"\non_unknown_element = "error"\n', "utf-8")
    (tmp_path / "a.svg").write_bytes(PICTURE.replace(b"<g", b"<new").replace(b'"x()"', b'""'))
    assert command("sanitize", "--policy", "svg", "--check", "a.svg", cwd=tmp_path).returncode == 1
    assert (
        command("sanitize", "--policy", "svg", "--check", "--policy", "icons.toml", "a.svg", cwd=tmp_path).returncode
        == 3
    )


def test_a_pipe_tells_by_its_status_whether_it_gave_a_document():
    pytest.importorskip("click")
    good = command("sanitize", "--policy", "plain", input=b"<log>" + b"<?x y?><line/>" * 10_000 + b"</log>")
    assert (good.returncode, good.stdout) == (0, b"<log>" + b"<line/>" * 10_000 + b"</log>")
    cut = command("sanitize", "--policy", "plain", input=b"<log><line/>")
    assert (cut.returncode, cut.stdout) == (3, b"<log><line/")
