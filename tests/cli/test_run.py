"""``forkedenc run`` against ``python`` on the same scripts: only json differs."""

import os
import signal
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

OURS = [sys.executable, "-m", "forkedenc", "run"]
PYTHON = [sys.executable]


def start(program, *words, **more):
    # The suite may run where Python takes no modules from the script's folder; these scripts do. Nor may the folder that
    # the suite runs in lend its modules: it is the source tree.
    more.setdefault("env", {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"})
    more.setdefault("cwd", tempfile.gettempdir())
    return subprocess.run([*program, *map(str, words)], capture_output=True, text=True, check=False, timeout=60, **more)


@pytest.fixture
def both(tmp_path):
    """both(source, *words): the script under python and under forkedenc run; the two have to agree. Gives ours."""

    def call(source, *words, name="script.py", **more):
        script = tmp_path / name
        script.write_text(source, encoding="utf-8")
        theirs, ours = (start(program, script, *words, **more) for program in (PYTHON, OURS))
        assert ours.stdout == theirs.stdout
        assert ours.stderr == theirs.stderr
        assert ours.returncode == theirs.returncode
        return ours

    return call


def test_json_and_its_submodules_are_replaced(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import json, json.tool, json.scanner\n"
        "from json.decoder import JSONDecoder\n"
        "from json import dumps, encoder\n"
        "import sys\n"
        "names = ('json', 'json.decoder', 'json.encoder', 'json.scanner', 'json.tool')\n"
        "for name in names: print(sys.modules[name].__name__)\n"
        "print(json.tool is sys.modules['json.tool'], json.scanner is sys.modules['json.scanner'])\n"
        "print(JSONDecoder.__module__, encoder.__name__, json.decode(b'[1]'), dumps([1, 'é']))\n"
        "try: json.loads('[1,')\n"
        "except json.JSONDecodeError as error: print(type(error).__module__, error)\n",
        encoding="utf-8",
    )
    done = start(OURS, script)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "forkedenc.json",
        "forkedenc.json.decoder",
        "forkedenc.json.encoder",
        "forkedenc.json.scanner",
        "forkedenc.json.tool",
        "True True",
        'forkedenc.json.decoder forkedenc.json.encoder [1] [1, "\\u00e9"]',
        "forkedenc.json._errors Expecting value: line 1 column 4 (char 3)",
    ]


XML_SCRIPT = """
import sys, io
import xml.etree.ElementTree as ET
from xml.etree import ElementInclude, ElementPath
import xml.sax.handler, xml.sax.saxutils
from xml.sax import make_parser, ContentHandler
from xml.sax.xmlreader import InputSource
import xml.dom.pulldom
from xml.dom import minidom

class Handler(ContentHandler):
    def startElement(self, name, attributes):
        print(name, dict(attributes))

print(ET.tostring(ET.fromstring("<a b='1'>x<c/></a>")), ElementPath.__name__)
xml.sax.parseString(b"<a b='1'/>", Handler())
print(minidom.parseString("<a b='1'>x</a>").toxml(), xml.dom.minidom is minidom)
print([event for event, node in xml.dom.pulldom.parseString("<a>x</a>")])
print(xml.sax.saxutils.escape("<"), xml.sax.handler.feature_namespaces, InputSource("x").getSystemId())
try:
    ET.fromstring("<a>")
except ET.ParseError as error:
    print(error)
"""


def test_xml_is_replaced_when_it_is_imported(both, tmp_path):
    both(XML_SCRIPT)
    script = tmp_path / "names.py"
    script.write_text(
        "import sys\n"
        "print([name for name in sys.modules if name in ('xml.sax', 'xml.dom')])\n"
        "import xml.etree.ElementTree, xml.sax, xml.dom.minidom, xml.dom.pulldom, xml.etree.ElementInclude, importlib\n"
        "for module in (xml.etree.ElementTree, xml.sax, xml.dom.minidom, xml.dom.pulldom, xml.etree.ElementInclude):\n"
        "    assert sys.modules[module.__name__] is module and importlib.import_module(module.__spec__.name) is module\n"
        "    print(module.__name__, module.__spec__.name)\n"
        "from xml.sax import expatreader\n"
        "print(expatreader.__name__)\n",
        encoding="utf-8",
    )
    done = start(OURS, script)
    assert done.stderr == ""
    names = [
        f"forkedenc.xml.{name}" for name in ("etree.ElementTree", "sax", "minidom", "pulldom", "etree.ElementInclude")
    ]
    assert done.stdout.splitlines() == ["[]", *(f"{name} {name}" for name in names), "xml.sax.expatreader"]


def test_what_a_library_imports_is_replaced_as_well(tmp_path):
    (tmp_path / "library.py").write_text("import json\nwhose = json.__name__\n")
    (tmp_path / "script.py").write_text("import library\nprint(library.whose)\n")
    assert start(OURS, tmp_path / "script.py").stdout == "forkedenc.json\n"


def test_the_surroundings_are_those_of_python(both):
    both(
        "import sys, os, __main__\n"
        "print(sys.argv, sys.path, __name__, __file__, __package__, __spec__, __doc__)\n"
        "print(__main__.__dict__ is globals(), sys.modules['__main__'] is __main__, type(__loader__), __builtins__)\n"
        "print(sorted(globals()))\n",
        *("--flag", "-h", "--help", "--", "-", "", "é", "--size=1"),
    )


def test_relative_paths_and_links_are_those_of_python(both, tmp_path):
    source = "import sys\nprint(sys.argv, sys.path[0], __file__)\n"
    both(source, name="script.py")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.py"
    link.symlink_to("../script.py")
    for name in ("script.py", "./script.py", "elsewhere/link.py", "elsewhere/../script.py"):
        theirs, ours = (start(program, name, cwd=tmp_path) for program in (PYTHON, OURS))
        assert ours.stdout == theirs.stdout
        assert ours.returncode == theirs.returncode == 0


@pytest.mark.parametrize("code", ["0", "3", "None", "'a message'", "257", "True", ""])
def test_the_exit_status_is_the_scripts(both, code):
    both(f"import sys\nprint('out')\nsys.exit({code})\n")


def test_a_traceback_shows_the_script_alone(both):
    done = both("def f(n):\n    return 1 / n\n\nprint('before')\nf(0)\n", "a")
    assert done.returncode == 1
    assert "forkedenc" not in done.stderr
    both("try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('é\\n') from error\n")
    both("import json_missing_module\n")
    both("raise BaseException('not an Exception')\n")
    both("raise ExceptionGroup('two', [ValueError(1), OSError(2, 'x')])\n")
    both("raise BrokenPipeError(32, 'of the script')\n")
    both("raise EOFError\n")
    both("import click\nraise click.UsageError('of the script')\n")


def test_a_script_that_does_not_compile_is_shown_as_python_shows_it(both):
    both("print('never')\nif True\n")
    both("x = '\\\n")


def test_the_scripts_excepthook_is_called(both):
    both("import sys\nsys.excepthook = lambda kind, value, trace: print(kind, value, trace.tb_lineno)\n1 / 0\n")
    both("import sys\ndef hook(*_): sys.exit(7)\nsys.excepthook = hook\n1 / 0\n")


def test_a_broken_excepthook_does_not_hide_the_error(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sys\ndef hook(*_):\n    raise ValueError('hook')\nsys.excepthook = hook\n1 / 0\n")
    done = start(OURS, script)
    assert done.returncode == 1
    for text in ("Error in sys.excepthook:", "ValueError: hook", "Original exception was:", "ZeroDivisionError"):
        assert text in done.stderr


def test_threads_and_exit_functions_find_the_script_as_main(both):
    both(
        "import atexit, pickle, threading, time, sys\n"
        "class Thing: pass\n"
        "def late(who):\n"
        "    print(who, type(pickle.loads(pickle.dumps(Thing()))).__module__, sys.argv[1:])\n"
        "atexit.register(late, 'exit')\n"
        "def work():\n"
        "    time.sleep(0.2)\n"
        "    late('thread')\n"
        "threading.Thread(target=work).start()\n",
        "word",
    )


@pytest.mark.skipif(os.name != "posix", reason="signals end a process on POSIX alone")
def test_an_interrupt_ends_the_process_by_the_signal(both):
    done = both("import atexit\natexit.register(print, 'at exit')\nprint('out')\nraise KeyboardInterrupt\n")
    assert done.returncode == -signal.SIGINT


def test_standard_input_is_the_scripts(both):
    both("import sys, json\nprint(json.load(sys.stdin))\nprint(input)\n", input='{"a": [1]}')


def test_a_directory_and_a_zip_file_run_their_main(tmp_path):
    source = (
        "import sys, json, helper\nprint(sys.argv[1:], sys.path[0], json.__name__, helper.whose, __name__)\n1 / 0\n"
    )
    helper = "import json\nwhose = json.__name__\n"
    folder, archive = tmp_path / "app", tmp_path / "app.zip"
    folder.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in (("__main__.py", source), ("helper.py", helper)):
            (folder / name).write_text(text)
            file.writestr(name, text)
    for bundle in (folder, archive):
        done = start(OURS, bundle, "word")
        assert done.stdout == f"['word'] {bundle} forkedenc.json forkedenc.json __main__\n"
        # runpy shows itself there; it takes another way to the same place here.
        assert done.stderr.splitlines() == [
            line for line in start(PYTHON, bundle, "word").stderr.splitlines() if "<frozen runpy>" not in line
        ]
        assert done.returncode == 1


def test_a_compiled_script_runs(tmp_path):
    import py_compile

    source, compiled = tmp_path / "script.py", tmp_path / "compiled.pyc"
    source.write_text("import json\nprint(json.__name__, __name__)\n")
    py_compile.compile(str(source), str(compiled), doraise=True)
    assert start(OURS, compiled).stdout == "forkedenc.json __main__\n"


def test_a_script_that_is_not_there_is_said_in_one_line(tmp_path):
    done = start(OURS, tmp_path / "missing.py")
    assert done.returncode == 5
    assert done.stderr == f"{tmp_path / 'missing.py'}: No such file or directory\n"
    assert start(OURS).returncode == 2


def test_what_took_from_json_before_keeps_it(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("from json import loads\nimport json\n")
    (tmp_path / "script.py").write_text(
        "import json, sitecustomize\nprint(json.__name__, sitecustomize.json.__name__, sitecustomize.loads.__module__)\n"
    )
    done = start(OURS, tmp_path / "script.py", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.stdout == "forkedenc.json json json\n"


def test_a_real_program_runs_on_it(tmp_path):
    from json import tool

    script = tmp_path / "tool.py"
    script.write_text(Path(tool.__file__).read_text(encoding="utf-8"), encoding="utf-8")
    theirs, ours = (start(program, script, "--sort-keys", input='{"b": 1, "a": [1.50]}') for program in (PYTHON, OURS))
    assert ours.stdout == theirs.stdout
    assert ours.stdout
