"""``forkedenc sanitize`` as a process: policies, options, reports, statuses, messages."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import forkedenc
from forkedenc._limits import FIELDS
from forkedenc.xml import sanitize as library

pytest.importorskip("click")
pytest.importorskip("rich")

SCRIPT = shutil.which("forkedenc", path=str(Path(sys.executable).parent))
COMMAND = [SCRIPT] if SCRIPT else [sys.executable, "-m", "forkedenc"]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">'
DIRTY = SVG + b'\n<script>1</script>\n<g onclick="x()"><rect width="3" height="3"/></g></svg>'
CLEANED = library.Sanitizer(library.SVG).clean(DIRTY).data
DOCUMENTS = {
    "svg": DIRTY,
    "xhtml": b'<div xmlns="http://www.w3.org/1999/xhtml"><p onclick="x()">text</p><script>1</script></div>',
    "feed": b'<rss version="2.0"><channel><title>t</title><link>javascript:x</link></channel></rss>',
    "soap": b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>',
    "plain": b"<?p?><a/>",
}


def run(*words, stdin=b"", code=0, command=COMMAND, cwd=None):
    done = subprocess.run(
        [*command, "sanitize", *map(str, words)], input=stdin, capture_output=True, check=False, timeout=120, cwd=cwd
    )
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in done.err
    assert done.returncode == code, done.err
    return done


def svg(*words, **more):
    return run("--policy", "svg", *words, **more)


@pytest.fixture
def dirty(tmp_path):
    path = tmp_path / "dirty.svg"
    path.write_bytes(DIRTY)
    return path


# --- what comes out -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_preset_is_known_by_its_name(name):
    expected = library.Sanitizer(getattr(library, name.upper())).clean(DOCUMENTS[name])
    assert run("--policy", name, stdin=DOCUMENTS[name]).stdout == expected.data


def test_a_file_standard_input_and_no_file_at_all_give_the_same(dirty):
    for done in (svg(dirty), svg("-", stdin=DIRTY), svg(stdin=DIRTY), svg("-", "-o", "-", stdin=DIRTY)):
        assert (done.stdout, done.err) == (CLEANED, "")
    assert svg(stdin=DIRTY, command=[sys.executable, "-m", "forkedenc"]).stdout == CLEANED


def test_a_policy_comes_from_a_file(tmp_path):
    policy = tmp_path / "own.toml"
    policy.write_text(library.SVG.replace(on_unknown_element="unwrap").to_toml())
    data = SVG + b"<unheard-of><rect/></unheard-of></svg>"
    expected = library.Sanitizer(library.Policy.from_toml(policy)).clean(data).data
    assert b"rect" in expected
    assert run("--policy", policy, stdin=data).stdout == expected
    assert b"rect" not in svg(stdin=data).stdout


def test_a_file_that_is_called_as_a_preset_does_not_take_its_place(tmp_path):
    (tmp_path / "svg").write_text(library.PLAIN.to_toml())
    assert svg(stdin=DIRTY, cwd=tmp_path).stdout == CLEANED


def test_links_prefix_and_escape_are_those_of_the_library():
    data = SVG + b'<defs><linearGradient id="g"/></defs><a href="https://e.org/"><rect fill="url(#g)"/></a></svg>'
    options = {"links": ("https", "mailto"), "id_prefix": "p-", "escape_for": "html"}
    expected = library.Sanitizer(library.SVG, **options).clean(data).data
    assert b"p-g" in expected
    assert b"https://e.org" in expected
    done = svg("--links", "https, mailto", "--id-prefix", "p-", "--escape-for", "html", stdin=data)
    assert done.stdout == expected


# --- reports ------------------------------------------------------------------------------------------------------


def report_of(data, **more):
    return json.loads(json.dumps(library.Sanitizer(library.SVG).clean(data).report.as_dict())) | more


def test_a_json_report_goes_where_the_document_does_not(dirty, tmp_path):
    beside = svg(dirty, "--report", "json")
    assert beside.stdout == CLEANED
    done = svg(dirty, "-o", tmp_path / "out.svg", "--report", "json")
    assert done.err == ""
    assert json.loads(beside.err) == json.loads(done.out) == report_of(DIRTY, file=str(dirty), status=0)


def test_a_json_report_has_a_line_for_each_document_refused_or_not(dirty, tmp_path):
    (tmp_path / "bad.svg").write_bytes(SVG + b"\n<g></svg>")
    (tmp_path / "deep.svg").write_bytes(SVG + b"<g>" * 2000)
    missing = tmp_path / "missing.svg"
    done = svg(tmp_path, missing, "--check", "--report", "json", code=5)
    bad, deep, removed, absent = map(json.loads, done.out.splitlines())
    assert bad["file"] == str(tmp_path / "bad.svg")
    assert bad["status"] == 3
    assert (bad["error"]["line"], bad["error"]["kind"]) == (2, "tag_mismatch")
    assert deep["status"] == 4
    assert (deep["error"]["limit"], deep["error"]["maximum"]) == ("max_depth", 1000)
    assert removed == report_of(DIRTY, file=str(dirty), status=1)
    assert (absent["file"], absent["status"]) == (str(missing), 5)
    assert set(absent["error"]) == {"message"}


def test_a_text_report_has_a_line_for_each_removal(dirty):
    done = svg(dirty, "--check", "--report", "text", code=1)
    first, second, numbers = done.out.splitlines()
    assert first.startswith(f"{dirty}:2:1: element script (")
    assert second.startswith(f"{dirty}:3:1: attribute onclick (")
    assert numbers == f"{dirty}: removed: 1 element, 1 attribute"
    assert done.err == ""
    assert svg("-", "--check", "--report", "text", stdin=CLEANED).out == "<stdin>: removed: nothing\n"


def test_names_in_a_report_can_not_write_on_a_terminal(tmp_path):
    path = tmp_path / "a\x1b[31m\nb.svg"
    path.write_bytes(DIRTY)
    for form in ("text", "json"):
        done = svg(path, "--check", "--report", form, code=1)
        assert "\x1b" not in done.out
        assert "a\\u001b[31m\\u000ab.svg" in done.out.replace("\\\\", "\\")


# --- --check ------------------------------------------------------------------------------------------------------


def test_check_finds_only_what_would_be_removed(dirty, tmp_path):
    # Written otherwise, but nothing goes.
    svg("--check", stdin=SVG.replace(b'"', b"'") + b"<g ></g ></svg>\n")
    done = svg("--check", dirty, code=1)
    assert (done.out, done.err) == ("", f"{dirty}: would be removed: 1 element, 1 attribute\n")
    assert dirty.read_bytes() == DIRTY
    assert [path.name for path in tmp_path.iterdir()] == ["dirty.svg"]


# --- statuses and messages ----------------------------------------------------------------------------------------


def test_a_policy_is_asked_for(dirty):
    for words in ((dirty,), (dirty, "--in-place"), (dirty, "--check"), ("-",)):
        done = run(*words, code=2)
        assert "--policy" in done.err
        assert done.out == ""
    assert dirty.read_bytes() == DIRTY


BAD_POLICIES = {
    "no TOML": "this is not toml",
    "no setting": "no_such_setting = 1\n",
    "no such word": 'on_limit = "perhaps"\n',
    "no such type": "elements = 5\n",
    "a contradiction": 'roots = ["a"]\n',
}


@pytest.mark.parametrize("text", BAD_POLICIES.values(), ids=BAD_POLICIES)
def test_a_bad_policy_is_refused_before_anything_is_read(text, tmp_path):
    policy = tmp_path / "bad.toml"
    policy.write_text(text)
    done = run("--policy", policy, "-", stdin=DIRTY, code=2)
    assert str(policy) in done.err
    assert done.out == ""


def test_a_policy_that_is_not_there_is_bad_usage(tmp_path):
    for name in ("nosuch", tmp_path / "no.toml", "", "SVG"):
        assert run("--policy", name, stdin=DIRTY, code=2).out == ""
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"\n')
    run("--policy", tmp_path / "latin.toml", stdin=DIRTY, code=2)


USAGE = {
    "several to standard output": "{0} {1}",
    "a directory to standard output": "{dir}",
    "several to standard output by name": "{0} {1} -o -",
    "in place and elsewhere": "{0} --in-place -o out.svg",
    "checked and written": "{0} --check --in-place",
    "standard input in place": "- --in-place",
    "standard input among others": "{0} - -o out",
    "standard input into a directory": "- -o {dir}",
    "several into a file": "{0} {1} -o {0}",
    "a directory into itself": "{dir} -o {dir}",
    "no flag": "{0} --no-such-flag",
    "no number": "{0} --max-attribute-bytes many",
    "no report": "{0} --report xml",
    "no threads": "{0} --jobs 0",
    "no prefix": "{0} --id-prefix <",
    "no scheme": "{0} --links java:script",
    "no language": "{0} --escape-for js",
}


@pytest.mark.parametrize("words", USAGE.values(), ids=USAGE)
def test_bad_usage_says_so_and_does_nothing(words, tmp_path):
    folder = tmp_path / "dir"
    folder.mkdir()
    paths = [folder / "one.svg", folder / "two.svg"]
    for path in paths:
        path.write_bytes(DIRTY)
    done = svg(*(word.format(*paths, dir=folder) for word in words.split()), stdin=DIRTY, code=2, cwd=tmp_path)
    assert "Error: " in done.err
    assert done.out == ""
    assert [path.read_bytes() for path in paths] == [DIRTY] * 2
    assert sorted(path.name for path in folder.iterdir()) == ["one.svg", "two.svg"]


def test_two_documents_do_not_get_one_name(tmp_path):
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "same.svg").write_bytes(DIRTY)
    done = svg("a/same.svg", "b/same.svg", "-o", "out", code=2, cwd=tmp_path)
    assert "a/same.svg and b/same.svg" in done.err


REFUSED = {
    "end tag": (SVG + b"\n<g>\n</svg>", 3),
    "nothing": (b"", 1),
    "no markup": (b"text", 1),
    "cut short": (SVG, 1),
    "two roots": (SVG + b"</svg>\n<svg/>", 2),
    "bytes": (b"\xff\xfe\x00", 1),
    "another root": (b"\n<other/>", 2),
}


@pytest.mark.parametrize("data, line", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_gets_one_line_with_its_place(data, line, tmp_path):
    path, out = tmp_path / "in.svg", tmp_path / "out.svg"
    path.write_bytes(data)
    out.write_bytes(b"precious")
    done = svg(path, "-o", out, code=3)
    assert done.err.startswith(f"{path}:{line}:")
    assert done.err.count("\n") == 1
    assert out.read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.svg", "out.svg"]
    assert svg(stdin=data, code=3).err.startswith(f"<stdin>:{line}:")


def test_a_root_that_the_policy_refuses_gives_no_output():
    for name in ("svg", "xhtml", "feed", "soap"):
        assert run("--policy", name, stdin=b"<other/>", code=3).out == ""


def test_a_limit_has_its_own_status_and_is_named(tmp_path):
    policy = tmp_path / "strict.toml"
    policy.write_text(library.SVG.replace(on_limit="error").to_toml())
    data = SVG + b'\n<path d="' + b"1 " * 5000 + b'"/></svg>'
    for size, code in (("8MiB", 0), ("10000", 0), ("9999", 4), ("9KiB", 4)):
        done = run("--policy", policy, "--max-attribute-bytes", size, stdin=data, code=code)
        assert ("max_attribute_bytes" in done.err) is (code == 4)
    assert done.err.startswith("<stdin>:2:")


def test_every_limit_is_a_flag():
    words = [word for row in FIELDS for word in ("--" + row.name.replace("_", "-"), "1000000")]
    assert svg(*words, stdin=DIRTY).stdout == CLEANED
    text = svg("--help").out
    assert all("--" + row.name.replace("_", "-") in text for row in FIELDS)
    assert forkedenc.Limits().max_depth == 1000
    svg("--limits", "strict", stdin=SVG + b"<g>" * 101 + b"</g>" * 101 + b"</svg>", code=4)


def test_what_can_not_be_read_or_written_has_its_own_status(dirty, tmp_path):
    assert "missing.svg: No such file" in svg(tmp_path / "missing.svg", code=5).err
    assert "out.svg: No such file" in svg(dirty, "-o", tmp_path / "no" / "out.svg", code=5).err
    assert "No such file" in svg(tmp_path, "-o", tmp_path / "no" / "out", code=5).err
    done = svg(dirty, tmp_path / "missing.svg", "--check", code=5)
    assert done.err.splitlines() == [
        f"{dirty}: would be removed: 1 element, 1 attribute",
        f"{tmp_path / 'missing.svg'}: No such file or directory",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_device_is_told(dirty):
    with Path("/dev/full").open("wb") as full:
        words = [*COMMAND, "sanitize", "--policy", "svg", str(dirty)]
        done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (5, b"<stdout>: No space left on device\n")
    assert svg(dirty, "-o", "/dev/full", code=5).err == "/dev/full: No space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")
def test_closed_ends_are_told_and_nothing_is_written_to_another_file(dirty):
    shell = 'exec "$@" --policy svg'
    done = subprocess.run(
        ["sh", "-c", f"{shell} {dirty} >&-", "sh", *COMMAND, "sanitize"], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (5, b"<stdout>: it is closed\n")
    done = subprocess.run(
        ["sh", "-c", f"{shell} {dirty} 2>&-", "sh", *COMMAND, "sanitize", "--check"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert dirty.read_bytes() == DIRTY
