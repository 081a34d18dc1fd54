"""``forkedenc stacks`` as a process: its figures are the runtime's, its statuses those of ``check``."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from forkedenc import Limits, json, runtime

pytest.importorskip("click")
pytest.importorskip("rich")

COMMAND = [sys.executable, "-m", "forkedenc", "stacks"]
PNG = b"\x89PNG\r\n\x1a\n"
needs_matplotlib = pytest.mark.skipif(not find_spec("matplotlib"), reason="needs the extra plot")


def run(*words, code=0, stdin=b"", **more):
    done = subprocess.run(
        [*COMMAND, *map(str, words)], input=stdin, capture_output=True, check=False, timeout=120, **more
    )
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, done.err
    assert "Traceback" not in done.err
    return done


def table(text):
    """The rows of a table in plain text, each a dict by the heads; what has no head belongs to the last one."""
    head, *lines = text.splitlines()
    names = head.split()
    return [dict(zip(names, line.split(maxsplit=len(names) - 1), strict=True)) for line in lines]


def number(cell):
    return int(cell.replace(",", ""))


@pytest.fixture
def write(tmp_path):
    def call(data, name="document.json"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return call


def nested(depth):
    return b"[" * depth + b"]" * depth


def test_a_file_is_reported_with_what_its_stack_did(write):
    (row,) = table(run(write(nested(900))).out)
    assert number(row["depth"]) == 900
    used = number(row["used"])
    assert used >= 900
    assert number(row["capacity"]) == 1 << (used - 1).bit_length()
    assert number(row["growths"]) == (number(row["capacity"]) // 2048).bit_length() - 1
    # Each move copied a full class at least.
    assert number(row["copied"]) >= number(row["capacity"]) - 2048
    assert row["classes"] == f"{number(row['capacity']) // 1024}KiB"


def test_short_chunks_show_the_classes_in_between(write):
    (row,) = table(run("--chunk-bytes", 32, write(nested(500))).out)
    assert row["classes"] == "2KiB 4KiB 8KiB"


def test_every_file_gets_a_row_and_flat_ones_never_grow(write):
    files = [write(b'[{"a": [1]}]', "a b.json"), write(b"1\n2\n[3]\n", "lines"), write(b"\x1e[1]\n", "sequence")]
    done = run(*files)
    rows = done.out.splitlines()[1:]
    assert [row.split("  ")[0] for row in rows] == [str(path) for path in files]
    assert [number(row[len(str(path)) :].split()[3]) for row, path in zip(rows, files, strict=True)] == [0, 0, 0]
    assert run("-", stdin=b"[[]]").out.splitlines()[1].startswith("<stdin>")


def test_statuses_and_messages_are_those_of_check(write, tmp_path):
    bad, deep, good = write(b"[1,\n2,]", "bad"), write(nested(2000), "deep"), write(b"[]", "good")
    done = run(good, bad, code=3)
    assert done.err.startswith(f"{bad}:2:3: ")
    assert len(table(done.out)) == 2
    done = run(deep, bad, good, code=4)
    assert "max_depth" in done.err
    assert [number(row["depth"]) for row in table(done.out)] == [1000, 1, 1]
    run(deep, "--max-depth", "2000")
    done = run(tmp_path / "missing", good, deep, code=5)
    assert "missing: " in done.err
    assert len(table(done.out)) == 2


def test_elements_of_xml_are_counted_like_containers(write):
    (row,) = table(run(write(b"<a>" * 300 + b"</a>" * 300, "nest.xml")).out)
    assert number(row["depth"]) == 300
    assert number(row["growths"]) >= 1


def test_names_are_shown_without_their_control_characters(write):
    done = run(write(b"[]", "a\x1b[31m\u202e.json"))
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out


def test_a_sweep_finds_the_depths_where_a_fresh_decoder_grows_once_more():
    rows = table(run("--sweep").out.partition("Stress mode")[0])
    assert [row["overflows"] for row in rows[:4]] == ["2KiB", "4KiB", "8KiB", "16KiB"]
    assert rows[-1]["overflows"] == "1MiB"
    for row in rows[:6]:
        depth, growths = number(row["depth"]), number(row["growths"])
        for nests, expected in ((depth - 1, growths - 1), (depth, growths)):
            decoder = json.Decoder(limits=Limits.unlimited())
            decoder.decode(nested(nests))
            assert decoder.stats.growths == expected
        assert number(row["used"]) == decoder.stats.peak_stack_bytes
        if not runtime.stressed():
            assert number(row["copied"]) == decoder.stats.bytes_copied


@needs_matplotlib
def test_a_plot_is_drawn_of_files_and_of_a_sweep(write, tmp_path):
    picture = tmp_path / "stairs.png"
    for words in (
        ("--sweep",),
        (write(nested(800), "$a_{$b.json"),),
        (write(nested(800), "_a"), write(b"1", "flat"), "--sweep"),
    ):
        run(*words, "--plot", picture)
        assert picture.read_bytes().startswith(PNG)
        picture.unlink()
    # Only files without any bytes: an empty picture, and the status of check.
    run(write(b"", "nothing"), "--plot", picture, code=3)


@needs_matplotlib
def test_a_plot_that_can_not_be_written_is_said_in_one_line(write, tmp_path):
    document = write(b"[]")
    done = run(document, "--plot", tmp_path / "nowhere" / "a.png", code=5)
    assert done.err.count("\n") == 1
    done = run(document, "--plot", tmp_path / "a.docx", code=2)
    assert done.err.count("\n") == 1


def test_a_missing_matplotlib_is_said_in_one_line(write, tmp_path):
    program = (
        "import sys; from importlib import util; find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'matplotlib' else find(name, *rest)\n"
        "from forkedenc._cli import main; main()"
    )
    words = ["stacks", write(b"[]"), "--plot", tmp_path / "a.png"]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.decode() == "forkedenc stacks: --plot needs matplotlib: pip install 'forkedenc[plot]'\n"


@pytest.mark.parametrize(
    "words", [(), ("--chunk-bytes", "0", "-"), ("--chunk-bytes", "none", "-"), ("--chunk-bytes", "1MiB", "-")]
)
def test_words_that_make_no_sense_are_a_usage_error(words):
    run(*words, code=2)


PEAK = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], check=False).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
"""


def test_memory_stays_flat_over_a_long_file():
    item = b'{"id":12345,"tags":["a","b"]},'
    block = item * (65536 // len(item))
    # Through a small process: a child's peak begins with the size of the one that it was forked from.
    command = [sys.executable, "-c", PEAK, *COMMAND, "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        process.stdin.write(b"[")
        for _ in range(1000):
            process.stdin.write(block)
        process.stdin.write(b"0]")
        process.stdin.close()
        (row,) = table(process.stdout.read().decode())
        peak = int(process.stderr.read())
    assert process.returncode == 0
    assert number(row["depth"]) == 3
    assert peak < 64 << 10


def test_a_curve_keeps_a_bounded_number_of_points_and_none_of_its_peaks():
    from forkedenc._cli.stacks import Curve

    curve = Curve("a", 1)
    peaks = {7, 5000, 123_456, 299_999}
    for place in range(300_000):
        size = 8192 if place in peaks else 2048
        curve.see(runtime.Stats(segments_by_class={size: 1}, peak_stack_bytes=1), place + 1)
    assert 1000 <= len(curve.points) <= 2048
    ends = [end for end, _, _ in curve.points]
    assert ends == sorted(set(ends))
    assert ends[-1] == 300_000
    assert sum(size == 8192 for _, size, _ in curve.points) == len(peaks)
    assert (curve.capacity, curve.classes) == (8192, {2048, 8192})


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")
def test_a_terminal_gets_a_ruled_table(write):
    import pty

    document = write(b"[[]]", "[red]a")
    parts = []

    def keep(descriptor):
        parts.append(os.read(descriptor, 4096))
        return parts[-1]

    sink = os.open(os.devnull, os.O_WRONLY)
    saved = os.dup(1)
    try:
        # What pty.spawn copies to standard output is nobody's.
        os.dup2(sink, 1)
        status = pty.spawn([*COMMAND, str(document)], keep, lambda _: b"")
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(sink)
    assert os.waitstatus_to_exitcode(status) == 0
    text = b"".join(parts).decode()
    assert "─" in text or "━" in text
    assert "capacity" in text
