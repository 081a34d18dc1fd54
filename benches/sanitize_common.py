"""What the benches of the sanitizer share: where the data are, and which commit was measured."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("FORKEDENC_DATA") or ROOT.parent / "shared" / "data")


def commit() -> str:
    """The commit of the checkout, with a plus when its code differs from that: to be asked before anything is measured."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "crates", "forkedenc")
        return f"commit {git('rev-parse', '--short', 'HEAD')}{'+' if changed else ''}"
    except (OSError, subprocess.CalledProcessError):
        return "no checkout"
