"""forkedenc.json against the standard library and orjson: the same documents taken, the same values, the same errors.

Run by fuzz/run.py. With atheris installed inputs are bred by coverage of the standard library's pure Python decoder,
whose branches are the grammar's; without it hypothesis mutates the seeds. For every input
- `loads` gives what the standard library gives: value, or error with its message and position;
- `decode` takes what orjson takes, and refuses what it refuses, where both promise the same;
- a stream cut anywhere gives the values of the whole, or the error at the same byte;
- what was decoded survives `encode`, and `dumps` writes the standard library's text.
"""

import argparse
import importlib.util
import json as stdlib
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

import forkedenc
from forkedenc import json

# Nothing here is about limits; orjson's own depth is not ours.
FREE = forkedenc.Limits.unlimited().replace(max_depth=900)


def same(ours: Any, theirs: Any) -> bool:
    """Equal values of equal types, floats by their bits, members in their order; deep values are walked by hand."""
    pairs = [(ours, theirs)]
    while pairs:
        left, right = pairs.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, dict):
            if list(left) != list(right):
                return False
            pairs += zip(left.values(), right.values(), strict=True)
        elif isinstance(left, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif isinstance(left, float):
            if repr(left) != repr(right):
                return False
        elif left != right:
            return False
    return True


def near(ours: Any, theirs: Any) -> bool:
    """`same`, where orjson may have made a float of an integer that fits no 64 bits."""
    pairs = [(ours, theirs)]
    while pairs:
        left, right = pairs.pop()
        if isinstance(left, int) and isinstance(right, float):
            if float(left) != right:
                return False
        elif isinstance(left, dict) and isinstance(right, dict):
            if list(left) != list(right):
                return False
            pairs += zip(left.values(), right.values(), strict=True)
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            pairs += zip(left, right, strict=True)
        elif not same(left, right):
            return False
    return True


def outcome(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> tuple[Any, Exception | None]:
    try:
        return function(*arguments, **keywords), None
    except (ValueError, RecursionError) as error:
        return None, error


def compare_loads(data: bytes) -> None:
    theirs, refused = outcome(stdlib.loads, data)
    if isinstance(refused, RecursionError):
        return  # ours goes deeper
    ours, error = outcome(json.loads, data)
    if refused is None:
        assert error is None, f"loads refuses what json takes: {error!r}"
        assert same(ours, theirs), f"loads gives {ours!r}, json {theirs!r}"
        return
    assert error is not None, f"loads takes what json refuses: {refused!r}"
    assert str(error) == str(refused), f"loads says {error}, json {refused}"
    if isinstance(refused, stdlib.JSONDecodeError):
        assert isinstance(error, json.DecodeError), f"loads raises {error!r}"
        place, its = (error.pos, error.lineno, error.colno), (refused.pos, refused.lineno, refused.colno)
        assert place == its, f"loads points at {place}, json at {its}"


def too_big_for_orjson(value: Any) -> bool:
    """An integer past the range of a double, which orjson refuses or rounds."""
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            rest += one.values()
        elif isinstance(one, list):
            rest += one
        elif isinstance(one, int) and one.bit_length() > 1024:
            return True
    return False


def compare_decode(data: bytes) -> None:
    ours, error = outcome(json.decode, data, limits=FREE)
    if isinstance(error, forkedenc.LimitError):
        return
    theirs, refused = outcome(orjson.loads, data)
    if error is None and refused is not None:
        assert too_big_for_orjson(ours), f"decode takes what orjson refuses: {refused!r}"
    elif error is not None:
        assert refused is not None, f"decode refuses what orjson takes: {error!r}"
    else:
        assert near(ours, theirs), f"decode gives {ours!r}, orjson {theirs!r}"
    compare_stream(data, ours, error)
    if error is None:
        compare_encode(ours)


def compare_stream(data: bytes, whole: Any, error: Exception | None) -> None:
    """`data` cut at places that follow from it; a second value after the first is an error of `decode` alone."""
    rng = random.Random(data)
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(5)))
    stream = json.StreamDecoder(limits=FREE)
    values: list[Any] = []
    broken = None
    try:
        for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
            values += stream.feed(data[start:stop])
        values += stream.close()
    except json.DecodeError as raised:
        broken = raised
    if error is None:
        assert broken is None, f"a stream refuses what decode takes: {broken!r}"
        assert len(values) == 1, f"a stream gives {len(values)} values for one document"
        assert same(values[0], whole), f"a stream gives {values[0]!r}, decode {whole!r}"
    elif broken is not None and not values and isinstance(error, json.DecodeError):
        assert broken.offset == error.offset, f"a stream refuses at {broken.offset}, decode at {error.offset}"


def compare_encode(value: Any) -> None:
    text = json.encode(value, limits=FREE)
    again = json.decode(text, limits=FREE)
    assert same(again, value), f"encode loses something of {value!r}: {text!r}"
    for options in ({}, {"ensure_ascii": False}, {"indent": 1, "sort_keys": True}):
        ours, error = outcome(json.dumps, value, **options)
        theirs, refused = outcome(stdlib.dumps, value, **options)
        if isinstance(refused, RecursionError):
            continue
        assert (ours, str(error)) == (theirs, str(refused)), f"dumps({options}) gives {ours!r} and {error!r}"


def check(data: bytes) -> None:
    compare_loads(data)
    compare_decode(data)


def by_atheris(options: argparse.Namespace) -> None:
    import atheris

    # The pure Python decoder tells the grammar's branches apart: its coverage leads, ours is a shared object.
    stdlib.decoder.scanstring = stdlib.decoder.py_scanstring  # type: ignore[attr-defined]
    for function in ("py_scanstring", "JSONObject", "JSONArray"):
        setattr(stdlib.decoder, function, atheris.instrument_func(getattr(stdlib.decoder, function)))
    stdlib.scanner.py_make_scanner = atheris.instrument_func(stdlib.scanner.py_make_scanner)  # type: ignore[attr-defined]
    guide = stdlib.JSONDecoder()
    guide.parse_object = stdlib.decoder.JSONObject  # type: ignore[attr-defined]
    guide.parse_array = stdlib.decoder.JSONArray  # type: ignore[attr-defined]
    guide.parse_string = stdlib.decoder.py_scanstring  # type: ignore[attr-defined]
    guide.scan_once = stdlib.scanner.py_make_scanner(guide)  # type: ignore[attr-defined]

    def one(data: bytes) -> None:
        outcome(guide.decode, data.decode("utf-8", "replace"))
        check(data)

    arguments = [sys.argv[0], f"-max_total_time={options.seconds}", "-max_len=4096", "-timeout=20"]
    arguments += [f"-artifact_prefix={options.artifacts}/", f"-seed={options.seed}", "-verbosity=0"]
    arguments += [f"-dict={Path(__file__).resolve().parent.parent / 'json.dict'}", str(options.seeds)]
    atheris.Setup(arguments, one)
    atheris.Fuzz()


def by_hypothesis(options: argparse.Namespace) -> int:
    """Mutations of the seeds and made-up bytes, until the time is over."""
    from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

    seeds = [path.read_bytes() for path in sorted(options.seeds.iterdir())] or [b'{"a": [1, "x", null]}']
    dictionary = [b"\\ud83d", b"1e400", b"-0", b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b"\xff", b"NaN", b"0"]
    piece = st.sampled_from(dictionary) | st.binary(max_size=4)
    edits = st.lists(st.tuples(st.integers(0, 4096), st.integers(0, 4), piece), max_size=6)

    def edited(document: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
        for place, length, new in changes:
            at = place % (len(document) + 1)
            document = document[:at] + new + document[at + length :]
        return document

    inputs = st.builds(edited, st.sampled_from(seeds), edits) | st.binary(max_size=60)
    deadline, count, turn = time.monotonic() + options.seconds, 0, options.seed
    while time.monotonic() < deadline:

        @seed(turn)
        @settings(
            max_examples=500,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs)
        def property_holds(data: bytes) -> None:
            nonlocal count
            count += 1
            (options.artifacts / "last-input").write_bytes(data)
            check(data)

        property_holds()
        turn += 1
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", nargs="*", type=Path, help="check these files and end")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=Path, required=True, help="folder of documents to start from")
    parser.add_argument("--artifacts", type=Path, required=True, help="where inputs that fail are left")
    parser.add_argument("--engine", choices=("atheris", "hypothesis"), help="default: atheris if it is installed")
    options = parser.parse_args()
    sys.set_int_max_str_digits(0)
    for path in options.inputs:
        check(path.read_bytes())
    if options.inputs:
        return
    for path in sorted(options.seeds.iterdir()):
        try:
            check(path.read_bytes())
        except AssertionError as error:
            sys.exit(f"json_vs_peers: FAILED on {path.name} {path.read_bytes()[:200]!r}: {error}")
    engine = options.engine or ("atheris" if importlib.util.find_spec("atheris") else "hypothesis")
    print(f"json_vs_peers: by {engine}", flush=True)
    if engine == "atheris":
        by_atheris(options)
    else:
        print(f"json_vs_peers: {by_hypothesis(options):,} runs")


if __name__ == "__main__":
    main()
