"""CPython's own tests of json, those of the interpreter that runs this, with forkedenc.json in json's place.

What is left out is named in EXCLUDED with its reason; TestPy... classes test the standard library's pure Python code and
are not about a replacement.
"""

import contextlib
import doctest
import importlib
import pkgutil
import subprocess
import sys
import unittest
from unittest import mock

import pytest

from forkedenc import json
from forkedenc.json import decoder, encoder, scanner

suite = pytest.importorskip("test.test_json", reason="this interpreter comes without its own tests")

EXCLUDED = {
    "test_speedups.TestSpeedups.test_scanstring": "asserts that the function's module is _json",
    "test_speedups.TestSpeedups.test_encode_basestring_ascii": "asserts that the function's module is _json",
    "test_dump.TestCDump.test_large_list": "a large-memory test",
    "test_encode_basestring_ascii.TestCEncodeBasestringAscii.test_overflow": "a large-memory test",
}
ATTRIBUTES = ("json", "loads", "dumps", "JSONDecodeError")


@contextlib.contextmanager
def rebound():
    """The suite's tests of the accelerated module look at ours."""
    base = suite.CTest
    kept = {name: vars(base)[name] for name in ATTRIBUTES}
    base.json = json
    base.loads, base.dumps = staticmethod(json.loads), staticmethod(json.dumps)
    base.JSONDecodeError = staticmethod(json.JSONDecodeError)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(base, name, value)


def accelerated():
    """Every test of the C half."""
    for module in pkgutil.iter_modules(suite.__path__):
        if module.name.startswith("test_") and module.name != "test_tool":
            names = vars(importlib.import_module(f"test.test_json.{module.name}"))
            for kind in names.values():
                if isinstance(kind, type) and issubclass(kind, suite.CTest) and kind is not suite.CTest:
                    yield from unittest.defaultTestLoader.loadTestsFromTestCase(kind)


def name_of(test):
    return test.id().removeprefix("test.test_json.")


def run(test):
    result = unittest.TestResult()
    test.run(result)
    if result.skipped:
        pytest.skip(result.skipped[0][1])
    problems = result.failures + result.errors
    assert not problems, problems[0][1]
    assert result.testsRun == 1


TESTS = {name_of(test): test for test in accelerated()}


@pytest.mark.parametrize("name", sorted(set(TESTS) - set(EXCLUDED)))
# The suite opens files and compares warnings in its own ways.
@pytest.mark.filterwarnings("default")
def test_cpythons_own(name):
    with rebound():
        run(TESTS[name])


def test_every_exclusion_names_a_test_of_this_interpreter():
    # A name that no longer exists would hide nothing, but would say that we leave something out.
    assert {name for name in EXCLUDED if name.startswith("test_speedups")} <= set(TESTS)
    assert len(TESTS) > 70


def tool_tests():
    module = pytest.importorskip("test.test_json.test_tool")
    return {name_of(test): test for test in unittest.defaultTestLoader.loadTestsFromTestCase(module.TestTool)}


def ours(arguments):
    return tuple("forkedenc.json.tool" if word == "json.tool" else word for word in arguments)


@pytest.mark.parametrize("name", sorted(tool_tests()))
@pytest.mark.filterwarnings("default")
def test_cpythons_own_of_the_tool(name, tmp_path, monkeypatch):
    module = importlib.import_module("test.test_json.test_tool")
    monkeypatch.chdir(tmp_path)

    def popen(args, *rest, original=subprocess.Popen, **options):
        return original(ours(args), *rest, **options)

    def run_process(args, *rest, original=subprocess.run, **options):
        return original(ours(args), *rest, **options)

    def python(*args, original=module.assert_python_ok, **options):
        return original(*ours(args), **options)

    fake = mock.Mock(wraps=subprocess, run=run_process, Popen=popen, PIPE=subprocess.PIPE)
    monkeypatch.setattr(module, "subprocess", fake)
    monkeypatch.setattr(module, "assert_python_ok", python)
    run(tool_tests()[name])


def doctests():
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in ("json", "json.decoder", "json.encoder"):
        examples = finder.find(importlib.import_module(module))
        yield from (example for example in examples if example.examples)


@pytest.mark.parametrize("name", sorted({example.name for example in doctests()}))
def test_the_standard_librarys_examples_print_the_same(name):
    family = {"json": json, "json.decoder": decoder, "json.encoder": encoder, "json.scanner": scanner}
    (example,) = (example for example in doctests() if example.name == name)
    module = ".".join(name.split(".")[:2]) if name.startswith(("json.decoder", "json.encoder")) else "json"
    example.globs.update(vars(family[module]))
    with mock.patch.dict(sys.modules, family):
        run(doctest.DocTestCase(example))


@pytest.mark.parametrize(
    "module, names",
    [
        (decoder, ("scanstring", "c_scanstring")),
        (encoder, ("encode_basestring_ascii", "c_encode_basestring_ascii")),
        (scanner, ("make_scanner", "c_make_scanner")),
    ],
    ids=["decoder", "encoder", "scanner"],
)
def test_the_names_that_the_suite_looks_up_are_one_function(module, names):
    plain, fast = (getattr(module, name) for name in names)
    assert plain is fast
    assert callable(plain)


def test_our_own_examples_print_what_they_say():
    result = doctest.testmod(json)
    assert result.attempted > 3
    assert result.failed == 0
