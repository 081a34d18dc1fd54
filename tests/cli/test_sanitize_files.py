"""``forkedenc sanitize`` over files and directories: what is found, where it goes, and what a killed run leaves."""

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from forkedenc.xml import sanitize as library

pytest.importorskip("click")
pytest.importorskip("rich")

SCRIPT = shutil.which("forkedenc", path=str(Path(sys.executable).parent))
COMMAND = [SCRIPT] if SCRIPT else [sys.executable, "-m", "forkedenc"]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">'
DIRTY = SVG + b"<script>1</script><g/></svg>"
CLEANED = library.Sanitizer(library.SVG).clean(DIRTY).data
posix = pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX")


def run(*words, code=0, stdin=b"", policy="svg"):
    done = subprocess.run(
        [*COMMAND, "sanitize", "--policy", str(policy), *map(str, words)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    done.out, done.err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in done.err
    assert done.returncode == code, done.err
    return done


def tree_of(folder, *names, data=DIRTY):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- where it goes ------------------------------------------------------------------------------------------------


def test_in_place_replaces_and_says_nothing(tmp_path):
    tree_of(tmp_path, "a.svg", "b.svg", "c")
    done = run("--in-place", tmp_path / "a.svg", tmp_path / "c")
    assert (done.out, done.err) == ("", "")
    assert contents(tmp_path) == {"a.svg": CLEANED, "b.svg": DIRTY, "c": CLEANED}


def test_several_files_go_into_a_directory(tmp_path):
    tree_of(tmp_path, "a.svg", "deep/b.svg")
    run(tmp_path / "a.svg", tmp_path / "deep/b.svg", "-o", tmp_path / "out")
    assert contents(tmp_path / "out") == {"a.svg": CLEANED, "b.svg": CLEANED}
    run(tmp_path / "a.svg", "-o", tmp_path / "out")
    assert (tmp_path / "a.svg").read_bytes() == DIRTY


def test_a_directory_keeps_its_tree_in_another(tmp_path):
    tree_of(tmp_path / "in", "a.svg", "x/b.svg", "x/y/c.svg", "x/other.txt", "empty.d/no.txt")
    run(tmp_path / "in", "-o", tmp_path / "out")
    assert contents(tmp_path / "out") == dict.fromkeys(("a.svg", "x/b.svg", "x/y/c.svg"), CLEANED)
    assert not (tmp_path / "out" / "empty.d").exists()
    assert set(contents(tmp_path / "in").values()) == {DIRTY}


def test_an_output_inside_the_input_is_not_read_as_well(tmp_path):
    tree_of(tmp_path, "a.svg")
    for _ in range(2):
        run(tmp_path, "-o", tmp_path / "out")
    assert contents(tmp_path) == {"a.svg": DIRTY, "out/a.svg": CLEANED}


def test_a_document_may_become_its_own_output(tmp_path):
    tree_of(tmp_path, "a.svg")
    run(tmp_path / "a.svg", "-o", tmp_path / "a.svg")
    assert contents(tmp_path) == {"a.svg": CLEANED}


@posix
def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path):
    tree_of(tmp_path, "a.svg")
    assert run(tmp_path / "a.svg", "-o", "/dev/stdout").stdout == CLEANED
    run(tmp_path / "a.svg", "-o", "/dev/null")
    assert Path("/dev/null").is_char_device()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    read = []
    reader = threading.Thread(target=lambda: read.append(fifo.read_bytes()))
    reader.start()
    run(tmp_path / "a.svg", "-o", fifo)
    reader.join(timeout=30)
    assert read == [CLEANED]
    assert fifo.is_fifo()


# --- what is found ------------------------------------------------------------------------------------------------

SUFFIXES = {
    "svg": {"a.svg", "A.SVG", "x/.hidden.svg"},
    "xhtml": {"a.xhtml", "a.xht"},
    "feed": {"a.rss", "a.atom", "a.rdf", "a.xml"},
    "soap": {"a.soap", "a.xml"},
}
SUFFIXES["plain"] = set().union(*SUFFIXES.values())


@pytest.mark.parametrize("policy", SUFFIXES)
def test_the_policy_says_what_is_taken_of_a_directory(policy, tmp_path):
    tree_of(tmp_path, *SUFFIXES["plain"], "a.html", "a.svgz", "svg", "x.svg.bak", ".forkedenc-0123456789ab.tmp")
    (tmp_path / "folder.svg").mkdir()
    own = tmp_path / "own.toml"
    own.write_text(getattr(library, policy.upper()).to_toml())
    for chosen in (policy, own):
        done = run("--check", "--report", "json", tmp_path, policy=chosen, code=1 if policy in ("svg", "plain") else 3)
        found = {str(Path(json.loads(line)["file"]).relative_to(tmp_path)) for line in done.out.splitlines()}
        assert found == SUFFIXES[policy]


def test_documents_come_in_the_same_order_however_many_threads_clean_them(tmp_path):
    names = [f"{folder}{number}.svg" for folder in ("", "b/", "a/", "a/z/") for number in range(9)]
    tree_of(tmp_path, *names)
    tree_of(tmp_path, "a/5.svg", "b/5.svg", data=SVG + b"<g></svg>")
    ends = set()
    for jobs in (1, 2, 5):
        done = run("--check", "--report", "text", "--jobs", jobs, tmp_path, code=3)
        ends.add((done.out, done.err))
    ((out, err),) = ends
    found = [line.split(":")[0] for line in out.splitlines() if "removed: " in line]
    assert found == [str(tmp_path / name) for name in sorted(names, key=_place) if name not in ("a/5.svg", "b/5.svg")]
    lines = err.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == [str(tmp_path / "a/5.svg"), str(tmp_path / "b/5.svg")]
    assert lines[2:] == [
        "summary          count",
        "files               36",
        "to clean            34",
        "refused              2",
        "element removed     34",
    ]


def _place(name):
    folder, _, file = name.rpartition("/")
    return folder, file


def test_a_document_named_twice_is_cleaned_once(tmp_path):
    tree_of(tmp_path, "a.svg", "b.svg")
    done = run("--check", "--report", "json", tmp_path / "b.svg", tmp_path, code=1)
    assert [Path(json.loads(line)["file"]).name for line in done.out.splitlines()] == ["b.svg", "a.svg"]


def test_a_directory_without_documents_is_no_failure(tmp_path):
    assert run("--in-place", tmp_path).err == "summary  count\nfiles        0\nwritten      0\n"


@posix
def test_links_in_a_directory_are_not_followed(tmp_path):
    tree_of(tmp_path, "tree/a.svg", "outside/a.svg", "outside/deeper/b.svg")
    tree = tmp_path / "tree"
    (tree / "link.svg").symlink_to(tmp_path / "outside/a.svg")
    (tree / "folder").symlink_to(tmp_path / "outside")
    (tree / "around").symlink_to(tree)
    (tree / "dangling.svg").symlink_to("nowhere.svg")
    os.mkfifo(tree / "fifo.svg")
    run("--in-place", tree)
    assert (tree / "a.svg").read_bytes() == CLEANED
    assert set(contents(tmp_path / "outside").values()) == {DIRTY}
    assert (tree / "link.svg").is_symlink()
    run(tree, "-o", tmp_path / "out")
    assert contents(tmp_path / "out") == {"a.svg": CLEANED}


@posix
def test_a_link_named_as_a_file_is_followed_and_stays(tmp_path):
    tree_of(tmp_path, "real/a.svg", "real/b.svg")
    link = tmp_path / "link.svg"
    link.symlink_to(tmp_path / "real" / "a.svg")
    run("--in-place", link)
    assert link.is_symlink()
    assert contents(tmp_path / "real") == {"a.svg": CLEANED, "b.svg": DIRTY}
    run(tmp_path / "real" / "b.svg", "-o", link)
    assert link.is_symlink()
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path / "real")
    run("--in-place", folder)
    assert contents(tmp_path / "real") == {"a.svg": CLEANED, "b.svg": CLEANED}


@posix
def test_a_directory_that_can_not_be_read_does_not_stop_the_rest(tmp_path):
    tree_of(tmp_path, "a/a.svg", "b/b.svg")
    (tmp_path / "a").chmod(0)
    if os.access(tmp_path / "a", os.R_OK):
        pytest.skip("this user may read everything")
    try:
        done = run("--in-place", tmp_path, code=5)
    finally:
        (tmp_path / "a").chmod(0o700)
    assert done.err.startswith(f"{tmp_path / 'a'}: Permission denied\n")
    assert (tmp_path / "b/b.svg").read_bytes() == CLEANED


def test_one_bad_file_does_not_stop_the_rest_and_the_highest_status_wins(tmp_path):
    tree_of(tmp_path, "a.svg", "m.svg", "z.svg")
    tree_of(tmp_path, "b-deep.svg", data=SVG + b"<g>" * 2000 + b"</g>" * 2000 + b"</svg>")
    tree_of(tmp_path, "c-bad.svg", data=SVG + b"\n<g></svg>")
    before = contents(tmp_path)
    done = run("--in-place", tmp_path, code=4)
    deep, bad, *_ = done.err.splitlines()
    assert deep.startswith(f"{tmp_path / 'b-deep.svg'}:1:")
    assert bad.startswith(f"{tmp_path / 'c-bad.svg'}:2:")
    assert contents(tmp_path) == before | dict.fromkeys(("a.svg", "m.svg", "z.svg"), CLEANED)


# --- in place -----------------------------------------------------------------------------------------------------


def test_what_would_not_change_is_not_written(tmp_path):
    tree_of(tmp_path, "a.svg", data=CLEANED)
    before = (tmp_path / "a.svg").stat()
    done = run("--in-place", tmp_path)
    after = (tmp_path / "a.svg").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert done.err == "summary  count\nfiles        1\nwritten      0\n"
    assert contents(tmp_path) == {"a.svg": CLEANED}


@posix
def test_permissions_stay(tmp_path):
    for mode in (0o600, 0o640, 0o644, 0o755, 0o444, 0o4755):
        path = tmp_path / f"{mode:o}.svg"
        path.write_bytes(DIRTY)
        path.chmod(mode)
    run("--in-place", tmp_path)
    for path in tmp_path.iterdir():
        assert f"{stat.S_IMODE(path.stat().st_mode):o}.svg" == path.name
        assert path.read_bytes() == CLEANED
    out = tmp_path / "out"
    out.write_bytes(b"old")
    out.chmod(0o640)
    run(tmp_path / "644.svg", "-o", out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o640


@posix
def test_a_new_file_has_the_permissions_that_a_shell_would_give(tmp_path):
    tree_of(tmp_path, "a.svg")
    before = os.umask(0o027)
    try:
        run(tmp_path / "a.svg", "-o", tmp_path / "out.svg")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out.svg").stat().st_mode) == 0o640


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tmp_path):
    tree_of(tmp_path, "a.svg")
    os.chown(tmp_path / "a.svg", 12345, 54321)
    run("--in-place", tmp_path / "a.svg")
    status = (tmp_path / "a.svg").stat()
    assert (status.st_uid, status.st_gid) == (12345, 54321)
    assert (tmp_path / "a.svg").read_bytes() == CLEANED


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes")
def test_extended_attributes_stay(tmp_path):
    tree_of(tmp_path, "a.svg")
    try:
        os.setxattr(tmp_path / "a.svg", "user.origin", b"upload")
    except OSError:
        pytest.skip("the file system has no extended attributes")
    run("--in-place", tmp_path / "a.svg")
    assert os.getxattr(tmp_path / "a.svg", "user.origin") == b"upload"


@posix
def test_a_file_that_changes_while_it_is_read_is_not_lost(tmp_path):
    path = tmp_path / "a.svg"
    path.write_bytes(SVG + b"<g/>" * 4_000_000 + b"<script/></svg>")
    data = path.read_bytes()
    words = [*COMMAND, "sanitize", "--policy", "svg", "--in-place", path]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob(".forkedenc-*.tmp")) and process.poll() is None:
            time.sleep(0.001)
        os.utime(path, (1, 1))
        message = process.stderr.read().decode()
    assert (process.returncode, message) == (5, f"{path}: it was changed while it was read\n")
    assert contents(tmp_path) == {"a.svg": data}


@posix
def test_a_killed_run_leaves_every_file_whole(tmp_path):
    big = SVG + b'<path d="M0 0 L1 1" onload="y()"/>\n' * 20_000 + b"<script>%d</script></svg>"
    tree = tmp_path / "tree"
    old = {f"d{number % 3}/{number}.svg": big % number for number in range(40)}

    def fill():
        shutil.rmtree(tree, ignore_errors=True)
        for name, data in old.items():
            tree_of(tree, name, data=data)

    words = [*COMMAND, "sanitize", "--policy", "svg", "--in-place", "--jobs", "2", str(tree)]
    fill()
    began = time.monotonic()
    subprocess.run(words, check=True, capture_output=True, timeout=100)
    took = time.monotonic() - began
    new = contents(tree)
    assert set(new) == set(old)
    assert all(b"onload" not in data and b"<script" not in data for data in new.values())
    rng = random.Random(0)
    seen, left = set(), 0
    for _ in range(6):
        fill()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.3, 1) * took)
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = contents(tree)
        for name, data in old.items():
            assert now.pop(name) in (data, new[name])
            seen.add((tree / name).read_bytes() == data)
        assert all(Path(name).name.startswith(".forkedenc-") and name.endswith(".tmp") for name in now)
        left += len(now)
        # What is left behind is nobody's picture: the next run cleans the rest and no more.
        subprocess.run(words, check=True, capture_output=True, timeout=100)
        assert {name: data for name, data in contents(tree).items() if name not in now} == new
    assert seen == {True, False}


@posix
def test_an_interrupt_leaves_nothing_behind(tmp_path):
    tree_of(
        tmp_path, *(f"{number}.svg" for number in range(4)), data=SVG + b"<script/>" + b"<g/>" * 4_000_000 + b"</svg>"
    )
    before = contents(tmp_path)
    words = [*COMMAND, "sanitize", "--policy", "svg", "--in-place", "--jobs", "2", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not list(tmp_path.glob(".forkedenc-*.tmp")) and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.strip()) == (130, b"")
    assert set(contents(tmp_path)) == set(before)
