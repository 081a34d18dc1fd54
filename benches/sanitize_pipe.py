"""A long document through the command: `python benches/sanitize_pipe.py [--publish] [--size GB] [--attribute GB]`.

Made on the fly, by default 10 GB with one attribute of 4 GB in it, and piped into `forkedenc sanitize -` with a policy file
that says on_limit="drop". Peak memory is the kernel's count for the process, to be under 32 MiB. The output is counted on its
way and not kept: every shape must be there, and the attribute not. A process of its own feeds the pipe, another counts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from race import machine, publish
from sanitize_common import commit

GOAL_MIB = 32
PIECE = 1 << 20
POLICY = 'import sys; from forkedenc.xml.sanitize import SVG; print(SVG.replace(on_limit="drop").to_toml())'
SHAPES = b"".join(
    b'<g fill="#%06x"><rect x="%d" y="2" width="3" height="4"/><text>a &amp; b</text></g>\n' % (number * 37, number)
    for number in range(9000)
)


def document(size: int, attribute: int) -> Iterator[bytes]:
    """Shapes, a path with the attribute in their middle, and shapes again."""
    yield b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9000 9">'
    blocks = max(2, (size - attribute) // len(SHAPES))
    for number in range(blocks):
        if number == blocks // 2:
            yield b'<path id="big" d="M0 0'
            points = b" L1 2" * (PIECE // 5)
            for _ in range(attribute // len(points)):
                yield points
            yield b'"/>'
        yield SHAPES
    yield b"</svg>"


def feed(size: int, attribute: int, out: IO[bytes], written: list[int]) -> None:
    try:
        for piece in document(size, attribute):
            out.write(piece)
            written[0] += len(piece)
        out.close()
    except BrokenPipeError:
        pass


def counted(stream: IO[bytes], seen: dict[str, int]) -> None:
    """Shapes, paths and bytes of the output; a name cut in two by the read's end is found with the next."""
    tail = b""
    while piece := stream.read(PIECE):
        seen["bytes"] += len(piece)
        text = tail + piece
        for name in ("rect", "path"):
            seen[name] += text.count(b"<" + name.encode() + b" ") - tail.count(b"<" + name.encode() + b" ")
        tail = text[-16:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--publish", action="store_true", help="write the figures into RESULTS.md")
    parser.add_argument("--size", type=float, default=10.0, metavar="GB", help="of the whole document")
    parser.add_argument("--attribute", type=float, default=4.0, metavar="GB")
    options = parser.parse_args()
    measured = commit()
    size, attribute = int(options.size * 1e9), int(options.attribute * 1e9)
    written, seen = [0], {"bytes": 0, "rect": 0, "path": 0}
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policy.toml"
        policy.write_bytes(subprocess.run([sys.executable, "-c", POLICY], check=True, stdout=subprocess.PIPE).stdout)
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "forkedenc", "sanitize", "-", "--policy", str(policy)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise OSError("no pipes")
        threads = [
            threading.Thread(target=feed, args=(size, attribute, process.stdin, written)),
            threading.Thread(target=counted, args=(process.stdout, seen)),
        ]
        for thread in threads:
            thread.start()
        while threads[1].is_alive():
            threads[1].join(5)
            seconds = time.perf_counter() - started
            line = (
                f"{written[0] / 1e9:.1f} of {options.size:g} GB in, {seen['bytes'] / 1e9:.1f} GB out, {seconds:.0f} s"
            )
            print(line, file=sys.stderr, flush=True)
        message = process.stderr.read().decode(errors="replace")
        for thread in threads:
            thread.join()
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = code = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss / 1024
    shapes = SHAPES.count(b"<rect ") * max(2, (size - attribute) // len(SHAPES))
    cells = [
        f"{written[0] / 1e9:.1f} GB",
        f"{options.attribute:g} GB",
        f"{seen['bytes'] / 1e9:.1f} GB",
        f"{code}",
        f"{peak:.1f} MiB",
        f"{written[0] / 1e6 / seconds:.0f}",
        f"{written[0] / 1e6 / (usage.ru_utime + usage.ru_stime):.0f}",
    ]
    text = "\n".join(
        [
            "## A long document through the command",
            "",
            f"{machine('forkedenc')} {measured}.",
            "",
            "| in | of it one attribute | out | exit status | peak memory | MB of input a second, wall | the same, CPU time |",
            "|---|---|---|---|---|---|---|",
            f"| {' | '.join(cells)} |",
        ]
    )
    print(text)
    failures = [f"exit status {code}: {message[:500]}"] * (code != 0)
    failures += [f"peak memory {peak:.1f} MiB, the goal is under {GOAL_MIB}"] * (peak >= GOAL_MIB)
    failures += [f"{seen['rect']} shapes of {shapes}, {seen['path']} paths of 1"] * (
        (seen["rect"], seen["path"]) != (shapes, 1)
    )
    failures += [f"{seen['bytes']} bytes out: the attribute is still there"] * (
        seen["bytes"] > size - attribute + (10 << 20)
    )
    if failures:
        sys.exit("\n".join(failures))
    if options.publish:
        publish("sanitize_pipe", text)


if __name__ == "__main__":
    main()
