"""``forkedenc sanitize`` in a pipe: as it comes, in little memory, and quiet when its reader goes away."""

import os
import shutil
import subprocess
import sys
import threading
import xml.parsers.expat
from pathlib import Path

import pytest

from forkedenc.xml import sanitize as library

pytest.importorskip("click")
pytest.importorskip("rich")

SCRIPT = shutil.which("forkedenc", path=str(Path(sys.executable).parent))
COMMAND = [SCRIPT] if SCRIPT else [sys.executable, "-m", "forkedenc"]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">'
SHAPES = b'<g><rect x="1" y="2" width="3" height="4"/><text>a &amp; b</text></g>\n' * 900

# A process of its own: what is measured is the peak of its one child.
FEED = """
import os, subprocess, sys
length, *words = sys.argv[1:]
process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
if os.fork() == 0:
    process.stdout.close()
    process.stdin.write(b'<svg xmlns="http://www.w3.org/2000/svg"><path id="big" d="M0 0')
    chunk = b" L1 2" * 13_107
    for _ in range(int(length) // len(chunk)):
        process.stdin.write(chunk)
    process.stdin.write(b'"/>')
    chunk = b'<g><rect x="1" y="2" width="3" height="4"/><text>a &amp; b</text></g>' * 900
    for _ in range(int(length) // 2 // len(chunk)):
        process.stdin.write(chunk)
    process.stdin.write(b"</svg>")
    process.stdin.close()
    os._exit(0)
process.stdin.close()
count = 0
while chunk := process.stdout.read(1 << 20):
    count += chunk.count(b"<rect")
_, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss / 1024, count)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="measures the peak of a process as Linux counts it")
def test_a_pipe_of_any_length_takes_little_memory(tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text(library.SVG.replace(on_limit="drop").to_toml())
    words = [sys.executable, "-S", "-c", FEED, "200000000", *COMMAND, "sanitize", "--policy", str(policy), "-"]
    done = subprocess.run(words, capture_output=True, check=True, timeout=200, text=True)
    code, peak, count = map(float, done.stdout.split())
    assert (code, done.stderr) == (0, "")
    assert peak < 32
    assert count > 1_000_000


def test_a_limit_crossed_in_a_pipe_is_named_and_what_was_written_is_the_start_of_a_document(tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text(library.SVG.replace(on_limit="error").to_toml())
    data = SVG + SHAPES + b'<path d="' + b"1 " * 1_000_000 + b'"/></svg>'
    words = [*COMMAND, "sanitize", "--policy", str(policy)]
    done = subprocess.run(words, input=data, capture_output=True, check=False, timeout=60)
    assert done.returncode == 4
    assert done.stderr.startswith(b"<stdin>:901:")
    assert b"max_attribute_bytes is 524288" in done.stderr
    assert b"<path" not in done.stdout
    parser = xml.parsers.expat.ParserCreate()
    parser.Parse(done.stdout, False)
    assert done.stdout.count(b"<rect") > 100


def test_output_comes_before_the_input_has_ended():
    words = [*COMMAND, "sanitize", "--policy", "svg"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(SVG + b"<g/>" * 100)
        process.stdin.flush()
        # This would wait forever if all came at the end.
        begun = process.stdout.read(300)
        process.stdin.write(b"</svg>")
        process.stdin.close()
        rest = process.stdout.read()
    assert process.returncode == 0
    assert begun + rest == library.Sanitizer(library.SVG).clean(SVG + b"<g/>" * 100 + b"</svg>").data


@pytest.mark.parametrize("command", [COMMAND, [sys.executable, "-m", "forkedenc"]], ids=["script", "module"])
def test_a_reader_that_goes_away_causes_no_message(command, tmp_path):
    source = tmp_path / "in.svg"
    source.write_bytes(SVG + SHAPES * 300 + b"</svg>")
    words = [*command, "sanitize", "--policy", "svg", source]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 5


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_reader_of_reports_that_goes_away_causes_no_message(form, tmp_path):
    for number in range(40):
        (tmp_path / f"{number}.svg").write_bytes(SVG + b"<script/>" * 500 + b"</svg>")
    words = [*COMMAND, "sanitize", "--policy", "svg", "--in-place", "--report", form, tmp_path]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 5
    assert not list(tmp_path.glob(".forkedenc-*"))


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_work_of_more_than_a_second_gets_a_bar(tmp_path):
    import pty
    import time

    main, terminal = pty.openpty()
    shown = []

    def read():
        try:
            while data := os.read(main, 4096):
                shown.append(data)
        except OSError:
            pass

    reader = threading.Thread(target=read)
    reader.start()
    words = [*COMMAND, "sanitize", "--policy", "svg"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=terminal, env=environment
    ) as process:
        process.stdin.write(SVG)
        for _ in range(8):
            process.stdin.write(SHAPES)
            process.stdin.flush()
            time.sleep(0.3)
        process.stdin.write(b"</svg>")
        process.stdin.close()
    os.close(terminal)
    reader.join(timeout=30)
    os.close(main)
    assert process.returncode == 0
    # How much was read, and how fast.
    assert b"KiB" in b"".join(shown)
