"""``forkedenc run``: a program with ``json`` and ``xml`` replaced, and otherwise as ``python SCRIPT`` runs it."""

from __future__ import annotations

import atexit
import builtins
import importlib
import os
import pkgutil
import runpy
import signal
import sys
import traceback
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Final

import click

from forkedenc._cli import _status

REPLACED: Final = {
    "json": "json",
    "json.decoder": "json.decoder",
    "json.encoder": "json.encoder",
    "json.scanner": "json.scanner",
    "json.tool": "json.tool",
    "xml.etree.ElementInclude": "xml.etree.ElementInclude",
    "xml.etree.ElementTree": "xml.etree.ElementTree",
    "xml.sax": "xml.sax",
    "xml.dom.minidom": "xml.minidom",
    "xml.dom.pulldom": "xml.pulldom",
}
"""The modules that a program finds ours in place of, and what these are called under ``forkedenc``."""
_KEPT: Final = (
    "xml.dom.expatbuilder",
    "xml.dom.xmlbuilder",
    "xml.etree.ElementPath",
    "xml.sax.expatreader",
    "xml.sax.handler",
    "xml.sax.saxutils",
    "xml.sax.xmlreader",
)
"""The standard library's modules that know the replaced ones: they are to find what they were written for."""


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("script")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def run(script: str, arguments: tuple[str, ...]) -> int:
    """Run SCRIPT with json and the xml modules replaced by those of forkedenc.

    The program finds sys.argv, sys.path[0] and __main__ as under `python SCRIPT ARGS`; its exit status, its traceback
    and what it prints are its own. SCRIPT may be a directory or a zip file with a __main__.py.

    Replaced: json with its decoder, encoder, scanner and tool, xml.etree.ElementTree and ElementInclude, xml.sax, xml.dom.minidom
    and xml.dom.pulldom, for whatever imports them from then on, the libraries that SCRIPT imports included. Not replaced: the C
    modules _json, _elementtree and pyexpat; what a module took before SCRIPT began (one that sitecustomize or a .pth
    file imported, say); processes that SCRIPT starts, unless it forks.
    """
    try:
        if not Path(script).is_dir():
            Path(script).open("rb").close()
    except OSError as error:
        return _status.failed(script, error)
    replace()
    _become(script, arguments)
    return _run(script)


def replace() -> None:
    """Put this package's modules where imports look. What was imported before keeps what it has."""
    for name in (*REPLACED, *_KEPT):
        # In place before ours are, so that they know each other, and packages have their attributes.
        importlib.import_module(name)
    ours = {name: importlib.import_module(f"forkedenc.{mine}") for name, mine in REPLACED.items()}
    for name, module in ours.items():
        replaced, (package, _, attribute) = sys.modules[name], name.rpartition(".")
        if hasattr(replaced, "__path__") and not hasattr(module, "__path__"):
            # Its other submodules are the standard library's.
            module.__path__ = replaced.__path__
        sys.modules[name] = module
        if package and package not in ours:
            setattr(sys.modules[package], attribute, module)


def _become(script: str, arguments: tuple[str, ...]) -> None:
    """Make sys.argv and sys.path[0] those of ``python SCRIPT ARGS``."""
    sys.argv[:] = [script, *arguments]
    if sys.flags.safe_path:
        # Then the interpreter puts no directory there.
        return
    if _is_bundle(script):
        # runpy puts the bundle there; what our own start needed goes.
        del sys.path[0]
    else:
        # The interpreter follows links, too.
        sys.path[0] = os.path.dirname(os.path.realpath(script))  # noqa: PTH120 - "/" stays as it is


def _is_bundle(script: str) -> bool:
    """Whether it is a directory or a zip file, which is searched for a __main__.py."""
    return pkgutil.get_importer(script) is not None


class _Interrupt:
    """Ends the process by SIGINT after everything else, as the interpreter does after an uncaught KeyboardInterrupt."""

    def __init__(self) -> None:
        self.came = False
        # First in, last out: what SCRIPT registers runs before.
        atexit.register(self._end)

    def _end(self) -> None:
        if self.came and os.name == "posix":
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)


def _run(script: str) -> int:
    interrupt = _Interrupt()
    try:
        if _is_bundle(script):
            runpy.run_path(script, run_name="__main__")
        else:
            # The interpreter leaves dots as they are.
            _run_file(os.path.join(os.getcwd(), script))  # noqa: PTH109, PTH118
    except SystemExit:
        # The interpreter knows what its code means.
        raise
    except BaseException as error:  # noqa: BLE001 - what the program does not catch ends it, whatever it is
        _show(error)
        interrupt.came = isinstance(error, KeyboardInterrupt)
        raise SystemExit(_status.INTERRUPTED if interrupt.came else 1) from None
    raise SystemExit(0)


def _run_file(path: str) -> None:
    """Run one file as ``__main__``.

    runpy would give sys.argv[0] and __file__ the same path, where the interpreter makes only the latter absolute, and would
    take ``__main__`` away again before the program's threads and exit functions are done.
    """
    loader: SourceFileLoader | SourcelessFileLoader
    code: CodeType | None
    if path.endswith(".pyc"):
        loader = SourcelessFileLoader("__main__", path)
        code = loader.get_code("__main__")
    else:
        loader = SourceFileLoader("__main__", path)
        code = loader.source_to_code(loader.get_data(path), path)
    assert code is not None  # noqa: S101 - only a package without a file has none
    main = ModuleType("__main__")
    main.__file__, main.__loader__ = path, loader
    # What else an interpreter gives to it depends on its version, and ours got the same.
    given: dict[str, object] = {"__annotations__": {}, "__cached__": None}
    ours = vars(sys.modules["__main__"])
    main.__dict__.update({name: value for name, value in given.items() if name in ours}, __builtins__=builtins)
    sys.modules["__main__"] = main
    exec(code, main.__dict__)  # noqa: S102 - that is what was asked for


def _show(error: BaseException) -> None:
    """Have the program's excepthook show an error without our frames and runpy's."""
    shown = error.with_traceback(_of_script(error.__traceback__))
    try:
        sys.excepthook(type(shown), shown, shown.__traceback__)
    except SystemExit:
        raise
    except BaseException as wrong:  # noqa: BLE001 - a hook that fails must not hide what it was called for
        print("Error in sys.excepthook:", file=sys.stderr)
        traceback.print_exception(wrong.with_traceback(wrong.__traceback__ and wrong.__traceback__.tb_next))
        print("\nOriginal exception was:", file=sys.stderr)
        traceback.print_exception(shown)


def _of_script(trace: TracebackType | None) -> TracebackType | None:
    """What is left of a traceback behind our own frames and the import system's."""
    ours = {__file__, runpy.run_path.__code__.co_filename}
    ours |= {"<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"}
    while trace is not None and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    return trace
