"""What limits and ends of chunks cost a decode: `python benches/json_limits.py [--quick] [--publish]`.

Builds the native module once more without the comparisons that limits and chunks need (the core's feature
`unchecked-bench`, which nothing else may use), loads it beside the installed one, and races `loads` of both, with the
default limits on. Needs cargo; run it from a checkout, with the release wheel of the same code installed.
"""

import argparse
import importlib.util
import json as stdlib
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

from documents import documents, messages
from race import Call, Table, machine, publish, race

from forkedenc import json

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "target" / "unchecked"


def unchecked() -> ModuleType:
    """The native module without the checks."""
    command = ["cargo", "build", "--release", "--quiet", "--package", "forkedenc-native"]
    command += ["--features", "forkedenc-core/unchecked-bench", "--target-dir", str(TARGET)]
    subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"PYO3_PYTHON": sys.executable})
    library = TARGET / "release" / "lib_native.so"
    module = library.with_name(f"_native{sysconfig.get_config_var('EXT_SUFFIX')}")
    module.write_bytes(library.read_bytes())
    spec = importlib.util.spec_from_file_location("unchecked._native", module)
    assert spec, "a module can be made of a file"
    assert spec.loader, "and has a loader"
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--publish", action="store_true", help="write the table into RESULTS.md")
    options = parser.parse_args()
    rival = unchecked()
    results = {}
    for label, data in {**documents(), **messages()}.items():
        if rival.loads(data) != stdlib.loads(data):
            sys.exit(f"{label}: the build without checks gives another answer than json's")
        calls = {"forkedenc": Call(json.loads, data), "without": Call(rival.loads, data)}
        results[label] = race(calls, 9 if options.quick else 31)
    table = Table.of("loads with the default limits (the same without limits and chunks = 1)", results, "without")
    text = "\n\n".join(["## What limits cost", machine("forkedenc"), table.markdown()])
    print(text)
    if options.publish:
        publish("json_limits", text)


if __name__ == "__main__":
    main()
