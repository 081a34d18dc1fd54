"""``forkedenc policy`` as a process: what the policies of ``forkedenc sanitize`` say."""

import subprocess
import sys

import pytest

from forkedenc.xml import sanitize as library

pytest.importorskip("click")
pytest.importorskip("rich")

NAMES = ("svg", "xhtml", "feed", "soap", "plain")
SVG = "{http://www.w3.org/2000/svg}"


def policy(*words, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "forkedenc", "policy", *map(str, words)],
        capture_output=True,
        check=False,
        timeout=60,
        encoding="utf-8",
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_what_show_prints_is_the_policy(name, tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(policy("show", name), encoding="utf-8")
    preset = getattr(library, name.upper())
    assert library.Policy.from_toml(path) == preset
    assert policy("show", path) == preset.to_toml()
    assert policy("digest", name) == policy("digest", path) == f"{preset.digest()}\n"


def test_a_digest_is_that_of_what_is_allowed(tmp_path):
    path = tmp_path / "policy.toml"
    path.write_text(library.SVG.replace(name="ours").to_toml())
    assert policy("digest", path) == f"{library.SVG.digest()}\n"
    path.write_text(library.SVG.replace(comments="keep").to_toml())
    assert policy("digest", path) != f"{library.SVG.digest()}\n"


def test_explain_says_which_rule_decides():
    assert policy("explain", "svg", f"{SVG}script") == library.SVG.explain(f"{SVG}script") + "\n"
    assert policy("explain", "svg", f"{SVG}rect", "fill") == library.SVG.explain(f"{SVG}rect", "fill") + "\n"


def test_a_bare_name_is_in_the_namespace_of_the_roots():
    assert policy("explain", "svg", "rect") == library.SVG.explain(f"{SVG}rect") + "\n"
    assert policy("explain", "svg", "g", "onclick") == library.SVG.explain(f"{SVG}g", "onclick") + "\n"
    # Feeds have roots in several, and RSS has none.
    assert policy("explain", "feed", "channel") == library.FEED.explain("channel") + "\n"
    assert policy("explain", "plain", "anything") == library.PLAIN.explain("anything") + "\n"


def test_what_names_no_policy_or_nothing_in_it_is_bad_usage(tmp_path):
    for words in (("show",), ("show", "nosuch"), ("digest", tmp_path / "no.toml"), ("explain", "svg"), ("nosuch",)):
        assert policy(*words, code=2) == ""
    bad = tmp_path / "bad.toml"
    bad.write_text('base = "nosuch"\n')
    policy("show", bad, code=2)
    policy("explain", "svg", "a b", code=2)
    policy("explain", "svg", "rect", "<", code=2)
