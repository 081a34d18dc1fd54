"""``forkedenc check`` as a process: statuses, messages, flags, memory."""

import re
import subprocess
import sys

import pytest

import forkedenc
from forkedenc import json
from forkedenc._limits import FIELDS

pytest.importorskip("click")
pytest.importorskip("rich")

KIB, MIB = 1 << 10, 1 << 20


def run(*words, stdin=b"", code=None):
    done = subprocess.run(
        [sys.executable, "-m", "forkedenc", *map(str, words)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in done.err
    if code is not None:
        assert done.returncode == code, done.err
    return done


@pytest.fixture
def check(tmp_path):
    """check(data, *words, code=...) on a file of these bytes; gives the run and the file's name."""

    def call(data, *words, code=0, name="document"):
        path = tmp_path / name
        path.write_bytes(data)
        return run("check", *words, path, code=code), str(path)

    return call


GOOD = {
    "object": b'{"a": [1, 2.5e3, "x", null, true]}',
    "scalar": b" 12 ",
    "one digit": b"1",
    "string": '"é"'.encode(),
    "white space around": b"\n\t [ ] \r\n\n",
    "over several lines": b'\n{\n"a":\n[1,\n2]}\n',
    "lines": b'{"a":1}\n{"a":2}\n\n[3]\n',
    "lines of scalars": b"1\n2\n3",
    "lines without the last end": b'{"a":1}\r\n{"a":2}',
    "sequence": b'\x1e{"a":1}\n\x1e[2]\n',
    "XML": b'<?xml version="1.0"?><a b="c">text<!-- c --></a>',
    "XML with an internal subset": b'<!DOCTYPE a [<!ENTITY e "x">]>\n<a>&e;</a>\n',
    "XML with a mark": b"\xef\xbb\xbf<a/>",
    "XML behind white space": b"\n \t<a/>",
    "XML in UTF-16": '<?xml version="1.0" encoding="UTF-16"?><a>é</a>'.encode("utf-16"),
    "XML in UTF-16 without a mark": "<a>é</a>".encode("utf-16-be"),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_what_is_well_formed_says_nothing(check, data):
    done, _ = check(data)
    assert (done.out, done.err) == ("", "")
    done = run("check", "-", stdin=data, code=0)
    assert (done.out, done.err) == ("", "")


BAD = {
    "value": (b'{"a": 1,\n "b": }', 2, 7),
    "cut short": (b"[1,\n2,\n", 3, 1),
    "comma": (b"[1,]", 1, 4),
    "NaN": (b"[NaN]", 1, 2),
    "UTF-8": (b'["ok",\n"\xff"]', 2, 2),
    "mark": (b"\xef\xbb\xbf[1]", 1, 1),
    "third line": (b'{"a":1}\n{"a":2}\n{"a":}\n{"a":4}\n', 3, 6),
    "first line": (b'{"a":}\n{"a":4}\n', 1, 6),
    "two on the first line": (b"[1] [2]\n[3]\n", 1, 5),
    "two on the second line": (b"\n[1]\n[2] [3]\n", 3, 5),
    "behind a document of several lines": (b"[1,\n2]\n[3]\n", 3, 1),
    "nothing": (b"", 1, 1),
    "blank": (b" \n ", 2, 2),
    "neither": (b"hello", 1, 1),
    "line cut short": (b"[1]\n[2", 2, 3),
    "XML end tag": (b"\n<a>\n <b>\n</a>", 4, 3),
    "XML entity": (b"<a>\n&nope;</a>", 2, 1),
    "XML attribute twice": ('<a>\n<é c="1" c="2"/></a>'.encode(), 2, 10),
    "XML character": (b"<a>\r\n\xff</a>", 2, 1),
    "XML cut short": (b"<a>\n<b></b>", 2, 8),
    "XML declared too late": (b" <?xml version='1.0'?><a/>", 1, 2),
    "two roots": (b"<a/>\n<b/>", 2, 1),
    "a bracket alone": (b"<", 1, 2),
}


@pytest.mark.parametrize("data, line, column", BAD.values(), ids=BAD)
def test_what_is_not_well_formed_gets_one_line_with_its_place(check, data, line, column):
    done, path = check(data, code=3)
    assert done.err.startswith(f"{path}:{line}:{column}: "), done.err
    assert done.err.count("\n") == 1
    done = run("check", "-", stdin=data, code=3)
    assert done.err.startswith(f"<stdin>:{line}:{column}: ")


def test_a_path_goes_with_the_place_of_what_is_wrong_with_xml(check):
    done, path = check(b'<feed><entry/><entry href="1" href="2"/></feed>', code=3)
    assert done.err == f"{path}:1:31: duplicate attribute at /feed/entry[2]\n"


def test_xml_is_told_whatever_the_first_chunks_hold():
    feeder = (
        "import os, subprocess, sys, time\n"
        "command = [sys.executable, '-m', 'forkedenc', 'check', '-']\n"
        "process = subprocess.Popen(command, stdin=subprocess.PIPE)\n"
        "for piece in (b'\\n', b' ', b'<', b'a>', b'</a>'):\n"
        "    process.stdin.write(piece); process.stdin.flush(); time.sleep(0.05)\n"
        "process.stdin.close()\n"
        "sys.exit(process.wait())\n"
    )
    assert subprocess.run([sys.executable, "-c", feeder], check=False, timeout=60).returncode == 0


CROSSED = {
    "max_document_bytes": (b"[1,2,3,4,5,6]", 5),
    "max_stream_bytes": (b"[1]\n[2]\n[3]\n", 9),
    "max_depth": (b"[[[[[1]]]]]", 3),
    "max_tokens": (b"[1,2,3,4,5,6]", 3),
    "max_memory_bytes": (b'["' + b"x" * 5000 + b'"]', 2000),
    "max_stack_bytes": (b"[" * 900 + b"]" * 900, 4096),
    "max_string_bytes": (b'["' + b"x" * 50 + b'"]', 10),
    "max_key_bytes": (b'{"' + b"x" * 50 + b'":1}', 10),
    "max_number_digits": (b"[" + b"1" * 50 + b"]", 10),
    "max_items": (b"[1,2,3,4,5,6]", 3),
    "max_members": (b'{"a":1,"b":2,"c":3}', 2),
    "max_name_bytes": (b"<" + b"x" * 50 + b"/>", 10),
    "max_distinct_names": (b"<a><b/><c/><d/><e/></a>", 2),
    "max_attributes": (b'<a b="1" c="2" d="3"/>', 2),
    "max_attribute_bytes": (b'<a b="' + b"x" * 50 + b'"/>', 10),
    "max_attributes_bytes": (b'<a b="' + b"x" * 50 + b'" c="' + b"x" * 50 + b'"/>', 60),
    "max_namespaces": (b'<a xmlns:b="u" xmlns:c="v" xmlns:d="w"/>', 2),
    "max_namespace_uri_bytes": (b'<a xmlns:b="' + b"u" * 50 + b'"/>', 10),
    "max_children": (b"<a><b/><b/><b/></a>", 2),
    "max_text_bytes": (b"<a>" + b"x" * 50 + b"</a>", 10),
    "max_comment_bytes": (b"<a><!--" + b"x" * 50 + b"--></a>", 10),
    "max_pi_bytes": (b"<a><?p " + b"x" * 50 + b"?></a>", 10),
    "max_doctype_bytes": (b'<!DOCTYPE a SYSTEM "' + b"x" * 50 + b'"><a/>', 10),
    "max_entities": (b"<!DOCTYPE a [<!ENTITY b ''><!ENTITY c ''>]><a/>", 1),
    "max_entity_depth": (b"<!DOCTYPE a [<!ENTITY b 'x'><!ENTITY c '&b;'>]><a>&c;</a>", 1),
    "max_entity_expansions": (b"<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;&b;</a>", 1),
    "max_expanded_bytes": (b"<!DOCTYPE a [<!ENTITY b 'xxxx'>]><a>&b;&b;</a>", 7),
}


@pytest.mark.parametrize("field", [row.name for row in FIELDS])
def test_every_limit_is_a_flag(check, field):
    flag = "--" + field.replace("_", "-")
    check(GOOD["object"], flag, 10**9)
    check(GOOD["object"], flag, "none")
    assert "many" in check(GOOD["object"], flag, "many", code=2)[0].err
    if field in CROSSED:
        data, small = CROSSED[field]
        check(data)
        done, path = check(data, flag, small, code=4)
        assert re.fullmatch(re.escape(path) + rf":\d+:\d+: {field} is {small}, this takes \d+.*\n", done.err)


def test_sizes_take_units():
    data = b'["' + b"x" * 2000 + b'"]'
    for size, code in (
        ("8MiB", 0),
        ("2KiB", 0),
        ("2kB", 0),
        ("1GiB", 0),
        ("2000", 0),
        ("1KiB", 4),
        ("1kB", 4),
        ("1999", 4),
    ):
        run("check", "-", "--max-string-bytes", size, stdin=data, code=code)
    for size in ("8XiB", "-1", "MiB", "1.5", "lots", "", "\N{ARABIC-INDIC DIGIT ONE}"):
        run("check", "-", f"--max-string-bytes={size}", stdin=data, code=2)
    run("check", "-", "--max-amplification", "2.5", stdin=data, code=0)


def test_presets_are_what_the_flags_start_from(check):
    deep = b"[" * 200 + b"]" * 200
    check(deep)
    check(deep, "--limits", "strict", code=4)
    check(deep, "--limits", "strict", "--max-depth", "200")
    check(b"[" * 2000 + b"]" * 2000, "--limits", "unlimited")


def test_the_highest_status_wins_and_every_bad_file_is_named(tmp_path):
    files = {"good": GOOD["lines"], "bad": b"[1", "deep": b"[" * 2000, "odd\x1b[31m\u202e": b"{"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    good, bad, deep, odd = (tmp_path / name for name in files)
    run("check", good, good, code=0)
    assert run("check", bad, good, code=3).err.startswith(f"{bad}:1:3: ")
    assert run("check", deep, bad, good, code=4).err.count("\n") == 2
    done = run("check", tmp_path / "missing", deep, good, code=5)
    assert f"{tmp_path / 'missing'}: No such file" in done.err
    assert run("check", tmp_path, code=5).err.count("\n") == 1
    assert "\x1b" not in run("check", odd, code=3).err
    assert "\u202e" not in run("check", odd, code=3).err


def test_a_number_is_refused_where_decode_refuses_it(check):
    for text in ["1e400", "-1e400", "17976931348623159e292", f"0.{'0' * 2000}1e2310", "2" * 309 + ".5"]:
        data = f"[0,\n {text}]".encode()
        with pytest.raises(json.DecodeError) as caught:
            json.decode(data)
        done, path = check(data, code=3)
        assert done.err == f"{path}:{caught.value.line}:{caught.value.column}: {caught.value.msg} at /1\n"
    for text in ["17976931348623157e292", f"0.{'0' * 2000}1e2309", "1" * 309 + ".5", "1" * 400, "1e-400"]:
        check(f"[{text}]".encode(), code=0)


def test_usage_errors_have_their_status():
    run("check", "--no-such-flag", "-", code=2)
    run("check", code=2)
    run("no-such-command", code=2)


def test_stats_show_the_growth(check):
    done, path = check(b"[" * 500 + b"]" * 500 + b"\n[1]\n", "--stats")
    assert done.out.startswith(f"{path}: JSON Lines, 2 documents, 1,005 bytes\n")
    assert re.search(r"depth +500 at most", done.out)
    assert re.search(r"growth +[1-9][0-9]* growths, [1-9][0-9,]* bytes copied", done.out)


def test_stats_of_xml_count_elements(check):
    done, path = check(b"<a>" * 500 + b"</a>" * 500, "--stats")
    assert done.out.startswith(f"{path}: XML, 1 documents, 3,500 bytes\n")
    assert re.search(r"depth +500 at most", done.out)
    assert re.search(r"growth +[1-9][0-9]* growths, [1-9][0-9,]* bytes copied", done.out)


def test_help_lists_every_flag_with_its_default():
    text = run("check", "--help", code=0).out
    for row in FIELDS:
        assert "--" + row.name.replace("_", "-") in text
    assert "check" in run("--help", code=0).out


def test_version_is_the_packages():
    assert run("--version", code=0).out.strip() == f"forkedenc {forkedenc.__version__}"


def test_a_missing_extra_is_said_in_one_line():
    program = "import sys; sys.modules['click'] = None; from forkedenc._cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "forkedenc: the command needs click: pip install 'forkedenc[cli]'\n"


MEASURED = """
import re, sys
from forkedenc._cli._app import run
status = run(["check", "-"])
print(re.search(r"VmHWM:\\s+([0-9]+) kB", open("/proc/self/status").read())[1])
sys.exit(status)
"""


# The high-water mark of a child's rusage starts at its parent's size; /proc has the program's own.
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
@pytest.mark.parametrize("form", ["json", "lines"])
def test_memory_stays_flat(form):
    item = {"json": b'{"id":12345,"tags":["a","b"],"x":[1.5,null]},', "lines": b'{"id":12345,"tags":["a","b"]}\n'}[form]
    block = item * (64 * KIB // len(item))
    with subprocess.Popen([sys.executable, "-c", MEASURED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if form == "json":
            process.stdin.write(b"[")
        for _ in range(40 * MIB // len(block)):
            process.stdin.write(block)
        if form == "json":
            process.stdin.write(b"0]")
        process.stdin.close()
        peak = int(process.stdout.read()) * KIB
        assert process.wait() == 0
    assert peak < 48 * MIB


def test_a_reader_that_goes_away_is_no_traceback(tmp_path):
    path = tmp_path / "many"
    path.write_bytes(b"[1]")
    command = f"{sys.executable} -m forkedenc check --stats {'many ' * 3000} | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
