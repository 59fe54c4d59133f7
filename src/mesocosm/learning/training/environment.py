"""What a version was made with: the project's Git commit, the machine, the libraries. Knows Git's
command, no data.
"""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LIBRARIES = ("mesocosm", "torch", "transformers", "peft", "scikit-learn", "numpy", "onnxruntime")


def describe_environment(root: Path) -> dict[str, Any]:
    """`commit` (None outside a repository), whether it was `changed` since, `python`, `machine`,
    `libraries`.

    Source: Mitchell et al. 2019, arXiv 1810.03993 (what a reader needs to make a model again).
    """
    commit = _git(root, "rev-parse", "HEAD")
    found: dict[str, Any] = {
        "commit": commit,
        "changed": (
            bool(_git(root, "status", "--porcelain", "--untracked-files=no", "."))
            if commit
            else None
        ),
    }
    found |= {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
    return found | {"libraries": {name: v for name in LIBRARIES if (v := _version(name))}}


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
