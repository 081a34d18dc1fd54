"""Attacks that once worked: each test is one of them, at its smallest."""

import gc
import subprocess
import sys
import textwrap
import weakref

import pytest

from forkedenc import Limits, json, runtime


def alone(program: str, *, seconds: float = 60) -> str:
    """What a program prints that may kill its process."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=seconds, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


SIGNALS = """
    import signal
    from forkedenc import json

    open_dict = {}

    def change(*_):
        open_dict.clear()
        open_dict.update((f"{number} is new", number) for number in range(1000))

    signal.signal(signal.SIGALRM, change)
    for _ in range(200):
        open_dict.clear()
        open_dict.update((MEMBER, MEMBER) for number in range(50))
        signal.setitimer(signal.ITIMER_REAL, 0.0004)
        json.dumps(open_dict)
        signal.setitimer(signal.ITIMER_REAL, 0)
    print("alive")
"""


@pytest.mark.skipif(not hasattr(__import__("signal"), "setitimer"), reason="no timers that signal")
@pytest.mark.parametrize("member", ['f"k{number}", 10**4000 + number', '10**4000 + number, f"{number}" * 20'])
def test_a_signal_handler_cannot_change_the_dict_while_a_big_integer_of_it_is_written(member):
    assert alone(SIGNALS.replace("MEMBER, MEMBER", member)) == "alive\n"


def test_the_collector_cannot_run_while_a_big_integer_is_written():
    program = """
        import gc
        from forkedenc import json

        open_dict = {}

        def change(phase, _):
            if phase == "start":
                open_dict.clear()

        gc.callbacks.append(change)
        gc.set_threshold(20)
        for _ in range(500):
            open_dict.update((f"k{number}", 10**4000) for number in range(20))
            json.dumps([open_dict, {}, {}, {}, {}])
        gc.callbacks.clear()
        print("alive")
    """
    assert alone(program) == "alive\n"


@pytest.mark.parametrize("digits", [4299, 4300, 4301, 100_000])
def test_big_integers_are_written_up_to_the_interpreters_limit_and_no_further(digits):
    import json as standard

    def outcome(dumps, number):
        try:
            return dumps(number)
        except ValueError as error:
            return f"refused: {error}"

    for number in (10**digits, 10**digits - 1, -(10**digits), 1 - 10**digits):
        assert outcome(json.dumps, number) == outcome(standard.dumps, number)


@pytest.mark.parametrize("text", ["[1, 2, 3, 4]", '["\u20ac", 2, 3]', '"\u20ac\u20acabcdef"', '{"\u00e9\u00e9": 1}'])
def test_the_scanner_counts_the_bytes_of_a_document(text):
    size = len(text.encode())
    for maximum in range(size + 2):
        decoder = json.JSONDecoder(limits=Limits.stdlib().replace(max_document_bytes=maximum))
        if maximum >= size:
            assert decoder.raw_decode(text + ' "more"') == json.JSONDecoder().raw_decode(text)
            continue
        with pytest.raises(json.DecodeError) as found:
            decoder.decode(text)
        assert (found.value.limit, found.value.offset) == ("max_document_bytes", maximum)


@pytest.mark.parametrize("before", ["", "\u20ac"])
def test_a_number_of_as_many_bytes_as_allowed_is_whole_where_something_else_follows(before):
    decoder = json.JSONDecoder(limits=Limits.stdlib().replace(max_document_bytes=3))
    start = len(before)
    assert decoder.raw_decode(before + "123,", start) == (123, start + 3)
    with pytest.raises(json.DecodeError):
        decoder.raw_decode(before + "1234", start)


@pytest.mark.parametrize("text", ["4.", "1e", "1E+", "-1.25e", "0.", "12.x", "-0e5e", "-", "1.\u20ac", "01"])
@pytest.mark.parametrize("before", ["", "\u20ac "])
def test_raw_decode_takes_the_part_of_a_number_that_is_one(text, before):
    import json as standard

    def outcome(module):
        try:
            return module.JSONDecoder().raw_decode(before + text, len(before))
        except module.JSONDecodeError as error:
            return str(error)

    assert outcome(json) == outcome(standard)


@pytest.mark.parametrize("framing", ["concatenated", "lines", "seq", "array"])
def test_a_stream_that_failed_dies_with_the_frames_it_failed_in(framing):
    class Witness:
        pass

    def fail():
        witness = Witness()
        decoder = json.StreamDecoder(framing=framing)
        for _ in range(2):
            with pytest.raises(json.DecodeError):
                decoder.feed(b"x!\n\n")
        return weakref.ref(witness)

    seen = fail()
    gc.collect()
    assert seen() is None


def test_the_error_of_a_failed_stream_does_not_grow_with_each_call():
    decoder = json.StreamDecoder()

    def depth() -> int:
        with pytest.raises(json.DecodeError) as found:
            decoder.feed(b"x!")
        return len(found.traceback)

    depth()
    second = depth()
    assert [depth() for _ in range(10)] == [second] * 10


@pytest.mark.parametrize("bad", [b'{"a":[1,[x\n', b"[1,2,[3,[4,x\n", b'[1,2,{"a":"\xff"}\n'])
def test_a_record_that_failed_deep_inside_leaves_nothing_to_the_next(bad):
    decoder = json.StreamDecoder(framing="lines", on_error="yield")
    good = b"[[]," + b"1," * 300 + b"2]\n"
    for _ in range(3):
        (error,) = decoder.feed(bad)
        assert isinstance(error, json.DecodeError)
        (value,) = decoder.feed(good)
        assert value == json.loads(good)
        decoder = decoder.fork()
        assert decoder.feed(b"7\n" + good) == [7, value]


@pytest.mark.parametrize("key", ["\u00e9", "\u20ac\u20ac", "\U0001f600", "a"])
def test_a_refused_key_of_many_bytes_has_one_column_for_every_cut(key):
    data = f'{{"{key}":["{key}"],\n "{key}":0, "{key}":1}}'.encode()
    found = set()
    for size in (1, 2, 3, 5, len(data)):
        decoder = json.StreamDecoder(duplicate_keys="error")
        with pytest.raises(json.DecodeError) as raised:
            for start in range(0, len(data), size):
                decoder.feed(data[start : start + size])
        found.add((raised.value.line, raised.value.column, raised.value.offset))
    assert found == {(2, 2, data.index(b"\n") + 2)}


CAPPED = """
    import resource
    from forkedenc import _native, json, Limits

    limits = Limits.unlimited()
    {make}
    pages = int(open("/proc/self/statm").read().split()[0])
    most = pages * resource.getpagesize() + ({mib} << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))

    def stream(decoder):
        for start in range(0, len(data), 65536):
            decoder.feed(data[start : start + 65536])

    try:
        {call}
        print("done")
    except MemoryError:
        print("MemoryError")
"""
STRING = "data = '[\"' + '\u20ac' * 20_000_000 + '\"]'"
ESCAPES = "data = b'[\"' + b'\\\\n' * 40_000_000 + b'\"]'"
NUMBER = "data = b'[' + b'1' * 80_000_000 + b']'"
DEEP = "data = b'[' * 20_000_000"
KEYS = "data = b'{' + b','.join(b'\"\\xc3\\xa9%d\":1' % number for number in range(500_000)) + b'}'"


@pytest.mark.skipif(sys.platform != "linux", reason="caps the address space as Linux does")
@pytest.mark.skipif(runtime.stressed(), reason="depth costs its square under stress")
@pytest.mark.parametrize(
    "make, call",
    [
        (STRING, "json.loads(data, limits=limits)"),
        (STRING, "json.JSONDecoder(limits=limits).decode(data)"),
        (STRING, "json.decoder.scanstring(data, 2)"),
        ("data = bytearray(b'[\"' + b'a' * 60_000_000 + b'\"]')", "json.loads(data)"),
        (ESCAPES, "json.loads(data, limits=limits)"),
        (ESCAPES, "stream(json.StreamDecoder(limits=limits))"),
        (NUMBER, "stream(json.StreamDecoder(limits=limits))"),
        (DEEP, "json.loads(data, limits=limits)"),
        (DEEP, "stream(json.StreamDecoder(limits=limits))"),
        (DEEP, "stream(_native.Checker('document', limits=limits))"),
        ("data = None\n    for _ in range(3_000_000): data = [data]", "json.encode(data, limits=limits)"),
        ("data = '\\u00ff' * 60_000_000", "json.dumps(data)"),
    ],
)
def test_a_document_that_takes_all_memory_is_a_memory_error_and_no_abort(make, call):
    assert alone(CAPPED.format(make=make, call=call, mib=40)) == "MemoryError\n"


def test_the_error_of_a_deep_document_takes_no_memory_by_its_depth():
    program = """
        import resource
        from forkedenc import json, Limits

        data = b'[' * 3_000_000
        limits = Limits.unlimited().replace(max_depth=2_999_999)
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            json.decode(data + b'x', limits=Limits.unlimited().replace(max_depth=1_000_000))
        except json.DecodeError as error:
            assert len(error.path) == 1024
        before = peak()
        try:
            json.decode(data, limits=limits)
        except json.DecodeError as error:
            assert error.path.startswith("/0/0/0") and len(error.path) == 1024
        print((peak() - before) >> 10)
    """
    assert runtime.stressed() or int(alone(program)) < 64 + 48
