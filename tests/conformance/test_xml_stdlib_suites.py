"""CPython's own tests of its XML modules, those of the interpreter that runs this, with ours in their place.

Each suite runs twice in processes of their own, with the standard library's module and with ours: what passes with the
first has to pass with the second, but for what EXCLUDED names with its reason.
"""

import functools
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

if importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_sax") is None:
    pytest.skip("this interpreter comes without its own tests", allow_module_level=True)

RUNNER = Path(__file__).parent.parent / "support" / "cpython_xml.py"
LEAST = {"test_xml_etree": 180, "test_sax": 170, "test_minidom": 110, "test_pulldom": 8}
EXCLUDED = {
    "XMLPullParserTest.test_flush_reparse_deferral_enabled": "wants an event later than its last byte, and expat's switch",
    "XMLPullParserTest.test_flush_reparse_deferral_disabled": "expat's switch",
    "ExpatReaderTest.test_flush_reparse_deferral_enabled": "wants an event later than its last byte, and expat's switch",
    "ExpatReaderTest.test_flush_reparse_deferral_disabled": "expat's switch",
    "ModuleTest.test_all": "looks for public names by the module that they say they are of",
    "ExpatReaderTest.test_expat_entityresolver_enabled": "an external entity is read, which never happens here",
    "ExpatReaderTest.test_expat_external_dtd_enabled": "an external subset is read, which never happens here",
    "MinidomTest.testEncodings": "asks for pyexpat's class of errors, ours is a ParseError",
}
if sys.version_info < (3, 12):
    EXCLUDED["MinidomTest.testExceptionOnSpacesInXMLNSValue"] = (
        "asks for pyexpat's class of errors, ours is a ParseError"
    )


@functools.cache
def outcomes(suite, whose):
    done = subprocess.run(
        [sys.executable, str(RUNNER), suite, whose], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def short(test):
    return test.split(".", 2)[-1]


@pytest.mark.parametrize("suite", sorted(LEAST))
def test_cpythons_own(suite):
    expected = [test for test, outcome in outcomes(suite, "theirs").items() if not outcome]
    ours = outcomes(suite, "ours")
    wrong = {
        test: ours.get(test, "did not run")
        for test in expected
        if short(test) not in EXCLUDED and ours.get(test, "did not run")
    }
    assert not wrong
    assert len(expected) >= LEAST[suite]


def test_what_is_left_out_fails_or_is_not_there():
    # A test that passes by now must not be left out any longer.
    passed = {short(test) for suite in LEAST for test, outcome in outcomes(suite, "ours").items() if not outcome}
    assert not passed & set(EXCLUDED)
