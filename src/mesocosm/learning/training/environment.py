"""The environment that a version was trained in: the project's Git commit, the machine, the
libraries. Knows Git's command, no data.
"""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("mesocosm", "torch", "transformers", "peft", "scikit-learn", "numpy", "onnxruntime")


def describe_environment(root: Path) -> dict[str, Any]:
    """Provenance of a training.

    Returns:
        `commit` (None outside a repository), whether the files were `changed` since (None outside),
            `python`, `machine`, and the versions of `libraries`.

    Source: Mitchell et al. 2019, arXiv 1810.03993 (what a reader needs to reproduce a model).
    """
    commit, changed = _git(root, "rev-parse", "HEAD"), None
    if commit:
        changed = bool(_git(root, "status", "--porcelain", "--untracked-files=no", "."))
    return {
        "commit": commit,
        "changed": changed,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "libraries": {name: v for name in LIBRARIES if (v := _version(name))},
    }


def _git(root: Path, *arguments: str) -> str | None:
    """What Git prints; None where it fails or prints nothing."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return done.stdout.strip() or None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
