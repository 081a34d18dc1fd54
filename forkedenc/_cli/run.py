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
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Final

import click

from forkedenc._cli import _status

REPLACED: Final = ("json", "json.decoder", "json.encoder", "json.scanner", "json.tool")
"""The modules that a program finds ours in place of, each under ``forkedenc``."""

REPLACED_LATER: Final = {
    "xml.etree.ElementTree": "forkedenc.xml.etree.ElementTree",
    "xml.etree.ElementInclude": "forkedenc.xml.etree.ElementInclude",
    "xml.sax": "forkedenc.xml.sax",
    "xml.dom.minidom": "forkedenc.xml.minidom",
    "xml.dom.pulldom": "forkedenc.xml.pulldom",
}
"""Those that ours take the place of when they are imported: each brings much with it that few programs need."""


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("script")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]...")
def run(script: str, arguments: tuple[str, ...]) -> int:
    """Run SCRIPT with json and xml replaced by forkedenc.json and forkedenc.xml.

    The program finds sys.argv, sys.path[0] and __main__ as under `python SCRIPT ARGS`; its exit status, its traceback
    and what it prints are its own. SCRIPT may be a directory or a zip file with a __main__.py.

    Replaced: json, json.decoder, json.encoder, json.scanner and json.tool; xml.etree.ElementTree, xml.etree.ElementInclude,
    xml.sax, xml.dom.minidom and xml.dom.pulldom; for whatever imports them from then on, the libraries that SCRIPT imports
    included. Not replaced: the C modules _json and pyexpat, and xml.parsers.expat; what a module took from json or xml before
    SCRIPT began (one that sitecustomize or a .pth file imported, say); processes that SCRIPT starts, unless it forks.
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
    """Put this package's modules where ``import json`` looks. What imported json before keeps what it has."""
    for name in REPLACED:
        sys.modules[name] = importlib.import_module(f"forkedenc.{name}")
    sys.meta_path.insert(0, _Replacements())
    _settle()


def _settle() -> None:
    """Put ours where the standard library's modules have been imported."""
    for name in REPLACED_LATER:
        if name in sys.modules and sys.modules[name].__name__ == name:
            del sys.modules[name]
            importlib.import_module(name)


class _Replacements(MetaPathFinder, Loader):
    """Finds ours when a program imports one of `REPLACED_LATER`."""

    def __init__(self) -> None:
        self._busy = False

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the import system gives it
        target: ModuleType | None = None,  # noqa: ARG002 - likewise
    ) -> ModuleSpec | None:
        # Ours are built on the standard library's, which they find as ever.
        return None if self._busy or fullname not in REPLACED_LATER else ModuleSpec(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        self._busy = True
        try:
            module = importlib.import_module(REPLACED_LATER[spec.name])
        finally:
            self._busy = False
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It is there already, and keeps its own name and origin.
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state
        # What ours are built on has come as well.
        _settle()


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
