#!/usr/bin/env python3
"""Runs one fuzz target: `fuzz/run.py TARGET --seconds N`; `fuzz/run.py --list` names them.

Targets in targets/*.rs are libFuzzer programs under the address sanitizer. They are built here, by the stable
compiler with RUSTC_BOOTSTRAP=1, so that cargo-fuzz need not be there. Targets in python/*.py are programs that take
`--seconds` and `--seeds`; they run in this interpreter, which must have forkedenc and its peers installed.

Seeds: corpus/TARGET holds our own, small ones, among them every input that once failed. Where FORKEDENC_DATA (or
../shared/data beside the checkout) has conformance suites, their small documents are copied to a temporary
folder as seeds too, those of XML for `xml_dtd` as internal subsets. What a run discovers stays in target/fuzz-corpus/TARGET for the next run. Inputs that fail are
left in fuzz/artifacts/TARGET, and `fuzz/run.py TARGET FILE...` runs them again.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# What cargo-fuzz passes too: coverage at every edge, and comparisons seen by the mutator.
COVERAGE = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
]
SUITES = {
    "json": ("json-jsontestsuite", "json-jsonchecker", "json-simdjson", "json-lines", "fuzz-json-gofuzz"),
    "xml": (
        "xml-w3c-xmlconf",
        "xml-hostile",
        "xml-feedparser",
        "xml-quickxml-encodings",
        "xml-c14n20",
        "fuzz-xml-gofuzz",
    ),
    "sanitize": ("san-svg-sanitizer", "svg-real", "xml-feedparser", "xml-hostile"),
}
SUFFIXES = {"json": "*.json*", "xml": "*.xml", "sanitize": "*.[sx][vm][gl]"}
# A seed in so many: libFuzzer would spend its time reading them all.
MOST_SEEDS = 1500
SUBSET = re.compile(rb"<!DOCTYPE[^\[>]*\[(.*?)\]\s*>", re.DOTALL)
LARGEST_SEED = 2048
LARGEST_INPUT = 4096
# Targets that read their choices (limits, cuts) from the last bytes of the input; a document as a seed gets these.
CHOICES = bytes(range(16))


def targets() -> dict[str, Path]:
    """Name -> source of every target."""
    found = [*HERE.glob("targets/*.rs"), *HERE.glob("python/*.py")]
    return {path.stem: path for path in sorted(found, key=lambda path: (path.suffix, path.stem))}


def suite_documents(codec: str) -> Iterator[Path]:
    """The small documents of the conformance suites, where there are some."""
    data = Path(os.environ.get("FORKEDENC_DATA") or ROOT.parent / "shared" / "data")
    found = [
        path
        for suite in SUITES[codec]
        for path in sorted((data / suite).rglob(SUFFIXES[codec]))
        if path.is_file() and path.stat().st_size <= LARGEST_SEED
    ]
    yield from found[:: len(found) // MOST_SEEDS + 1]


def seed_of(name: str, document: bytes) -> bytes | None:
    """What of a document this target starts from; None where it has no such part."""
    if name != "xml_dtd":
        return document
    found = SUBSET.search(document)
    return found and found[1]


def copy_seeds(name: str, folder: Path) -> int:
    """Fill the folder with the seeds of one target; the number of seeds."""
    for path in (HERE / "corpus" / name).glob("*"):
        shutil.copyfile(path, folder / f"own-{path.name}")
    codec = name.partition("_")[0]
    if codec in SUITES:
        choices = CHOICES if targets()[name].suffix == ".rs" else b""
        for number, path in enumerate(suite_documents(codec)):
            seed = seed_of(name, path.read_bytes())
            if seed is not None:
                (folder / f"suite-{number}").write_bytes(seed + choices)
    return sum(1 for _ in folder.iterdir())


def host() -> str:
    """The target triple of this machine; sanitizers want it spelt out."""
    version = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"^host: (\S+)", version, re.MULTILINE)
    if not found:
        sys.exit(f"rustc -vV names no host:\n{version}")
    return found[1]


def build(name: str) -> Path:
    """Build one Rust target; its program."""
    triple, folder = host(), ROOT / "target" / "fuzz"
    command = ["cargo", "build", "--release", "--manifest-path", str(HERE / "Cargo.toml"), "--bin", name]
    command += ["--target", triple, "--target-dir", str(folder)]
    flags = ["-Zsanitizer=address", *COVERAGE]
    environment = os.environ | {"RUSTC_BOOTSTRAP": "1", "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags)}
    environment.pop("RUSTFLAGS", None)
    subprocess.run(command, check=True, env=environment)
    return folder / triple / "release" / name


def finding(log: str) -> str:
    """What a failed run has to say: the panic or the sanitizer's report, then the input; no machinery's stack."""
    lines = [line for line in log.splitlines() if not re.match(r" +#?\d+[: ]| +at |stack backtrace", line)]
    starts = [number for number, line in enumerate(lines) if "panicked at" in line or "ERROR: " in line]
    return "\n".join(lines[starts[0] :][:40] if starts else lines[-40:])


def run_rust(name: str, options: argparse.Namespace) -> int:
    """Fuzz one Rust target, or run it over the given inputs; an exit status."""
    program = build(name)
    if options.inputs:
        return subprocess.run([program, *options.inputs], check=False).returncode
    artifacts, grown = HERE / "artifacts" / name, ROOT / "target" / "fuzz-corpus" / name
    for folder in (artifacts, grown):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as seeds:
        count = copy_seeds(name, Path(seeds))
        arguments = [
            f"-max_total_time={options.seconds}",
            f"-max_len={LARGEST_INPUT}",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            f"-artifact_prefix={artifacts}/",
            f"-seed={options.seed}",
        ]
        dictionary = HERE / f"{name.partition('_')[0]}.dict"
        if dictionary.exists():
            arguments.append(f"-dict={dictionary}")
        print(f"{name}: {count} seeds, {options.seconds} s", flush=True)
        log = artifacts / "log"
        with log.open("wb") as output:
            finished = subprocess.run([program, *arguments, grown, seeds], stderr=output, stdout=output, check=False)
    text = log.read_text(errors="replace")
    done = re.findall(r"^Done (\d+) runs in (\d+) second", text, re.MULTILINE)
    if finished.returncode or not done or not int(done[-1][0]):
        print(finding(text))
        print(f"{name}: FAILED, status {finished.returncode}; inputs and the log are in {artifacts}")
        return finished.returncode or 1
    edges = re.findall(r"cov: (\d+)", text)
    print(f"{name}: ok, {int(done[-1][0]):,} runs in {done[-1][1]} s, {edges[-1] if edges else '?'} edges")
    return 0


def run_python(name: str, options: argparse.Namespace) -> int:
    """Run one Python target; an exit status."""
    artifacts = HERE / "artifacts" / name
    artifacts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as seeds:
        count = copy_seeds(name, Path(seeds))
        print(f"{name}: {count} seeds, {options.seconds} s", flush=True)
        command = [sys.executable, str(targets()[name]), "--seconds", str(options.seconds), "--seed", str(options.seed)]
        command += ["--seeds", seeds, "--artifacts", str(artifacts), *options.inputs]
        status = subprocess.run(command, check=False).returncode
    print(f"{name}: {f'FAILED, status {status}; inputs are in {artifacts}' if status else 'ok'}")
    return status


def main() -> int:
    """The command line; an exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="?", choices=list(targets()), metavar="TARGET")
    parser.add_argument("inputs", nargs="*", metavar="FILE", help="run these inputs once instead of fuzzing")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="how long to fuzz (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers; 0 takes a new one")
    parser.add_argument("--list", action="store_true", help="name the targets and end")
    options = parser.parse_args()
    if options.list:
        print("\n".join(targets()))
        return 0
    if not options.target:
        parser.error("which TARGET? --list names them")
    run = run_rust if targets()[options.target].suffix == ".rs" else run_python
    return run(options.target, options)


if __name__ == "__main__":
    sys.exit(main())
