"""How the benches measure and report: contestants against each other in one process, and the tables they fill.

CPU time of the process, so that a busy machine matters less. Contestants take turns in an order that is drawn anew
for every round: who runs after whom decides how the allocator and the caches are found, and a fixed order has been
wrong by a third. Each is warmed up, each round's time is of enough calls to be measurable, and the median over the
rounds counts. The collector stays on, as in a program. Every contestant is timed with its results dropped inside the
measured time and, beside, with the results kept and dropped outside.
"""

import gc
import math
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"


@dataclass(frozen=True)
class Call:
    """One function and its argument: a wrapper would weigh on the small messages."""

    function: Callable[[Any], Any]
    argument: Any


@dataclass(frozen=True)
class Timing:
    """Seconds per call, the median of the rounds."""

    dropped: float
    kept: float


def seconds_of(call: Call, repeat: int) -> tuple[float, float]:
    """CPU seconds per call: results dropped at once, results kept."""
    function, argument = call.function, call.argument
    turns = range(repeat)
    start = time.process_time_ns()
    for _ in turns:
        function(argument)
    dropped = time.process_time_ns() - start
    results = [None] * repeat
    start = time.process_time_ns()
    for turn in turns:
        results[turn] = function(argument)
    kept = time.process_time_ns() - start
    return dropped / repeat / 1e9, kept / repeat / 1e9


def race(calls: Mapping[str, Call], rounds: int, round_seconds: float = 0.005) -> dict[str, Timing]:
    """Name -> timing, each contestant running for about `round_seconds` in each round."""
    rng = random.Random(len(calls))
    repeats = {}
    for name, call in calls.items():
        call.function(call.argument)
        once = min(seconds_of(call, 1)[0] for _ in range(3))
        repeats[name] = max(1, int(round_seconds / max(once, 1e-7)))
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    # What lives already is no contestant's to collect.
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            order = list(calls)
            rng.shuffle(order)
            for name in order:
                calls[name].function(calls[name].argument)
                gc.collect(0)
                times[name].append(seconds_of(calls[name], repeats[name]))
    finally:
        gc.unfreeze()
    return {
        name: Timing(statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs))
        for name, pairs in times.items()
    }


def geomean(values: Iterable[float]) -> float:
    """The geometric mean: the one mean of ratios that does not depend on the base."""
    return math.exp(statistics.fmean(map(math.log, values)))


@dataclass(frozen=True)
class Table:
    """Rows of ratios to one contestant's time, with their geometric means; a contestant may be missing in a row."""

    title: str
    names: list[str]
    rows: dict[str, dict[str, float]]

    @classmethod
    def of(cls, title: str, results: Mapping[str, Mapping[str, Timing]], base: str, *, kept: bool = False) -> "Table":
        """Times as multiples of `base`'s in the same row."""

        def time_of(timing: Timing) -> float:
            return timing.kept if kept else timing.dropped

        rows = {
            label: {name: time_of(timing) / time_of(timings[base]) for name, timing in timings.items()}
            for label, timings in results.items()
        }
        names = list(dict.fromkeys(name for row in rows.values() for name in row))
        return cls(title, names, rows)

    def means(self) -> dict[str, float]:
        """Name -> geometric mean over the rows where it ran."""
        columns = {name: [row[name] for row in self.rows.values() if name in row] for name in self.names}
        return {name: geomean(column) for name, column in columns.items()}

    def markdown(self) -> str:
        """The table as it stands in RESULTS.md."""
        lines = [f"### {self.title}", "", f"| | {' | '.join(self.names)} |", f"|---|{'---|' * len(self.names)}"]

        def line(label: str, row: Mapping[str, float]) -> str:
            cells = (f"{row[name]:.2f}" if name in row else "-" for name in self.names)
            return f"| {label} | {' | '.join(cells)} |"

        lines += [line(label, row) for label, row in self.rows.items()]
        if len(self.rows) > 1:
            lines.append(line("**geometric mean**", self.means()))
        return "\n".join(lines)


def machine(*packages: str) -> str:
    """One line on where and when, with the versions that competed."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        named = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = named[0] if named else model
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{package} not installed")
    day = datetime.now(UTC).date().isoformat()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{day}, {model}, {os.cpu_count()} cores, {python}; {', '.join(versions)}."


def publish(section: str, text: str, path: Path = RESULTS) -> None:
    """Put the text in the place of the section of this name, or at the end."""
    start, stop = f"<!-- {section} -->", f"<!-- end of {section} -->"
    old = path.read_text(encoding="utf-8") if path.exists() else "# Measured\n"
    block = f"{start}\n{text.strip()}\n{stop}"
    if start in old and stop in old:
        head, _, rest = old.partition(start)
        new = head + block + rest.partition(stop)[2]
    else:
        new = f"{old.rstrip()}\n\n{block}\n"
    path.write_text(new, encoding="utf-8")
    print(f"wrote the section {section} of {path}", file=sys.stderr)
