"""The environment that a version was trained in: the project's Git commit, the machine, the
libraries. Knows Git's command, no data.
"""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypedDict

LIBRARIES = ("mesocosm", "torch", "transformers", "peft", "scikit-learn", "numpy", "onnxruntime")


class Environment(TypedDict):
    """Provenance of a training; outside a repository there is no commit, and it is not known
    whether files were `changed` since.
    """

    commit: str | None
    changed: bool | None
    python: str
    machine: str
    libraries: dict[str, str]


def describe_environment(root: Path) -> Environment:
    """Provenance of a training.

    Source: Mitchell et al. 2019, arXiv 1810.03993 (what a reader needs to reproduce a model).
    """
    commit = _git(root, "rev-parse", "HEAD")
    changed = None
    if commit:
        changed = bool(_git(root, "status", "--porcelain", "--untracked-files=no", "."))
    return {
        "commit": commit,
        "changed": changed,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "libraries": _read_versions(),
    }


def _read_versions() -> dict[str, str]:
    """The versions of the libraries that are installed."""
    versions = {}
    for name in LIBRARIES:
        installed = _version(name)
        if installed:
            versions[name] = installed
    return versions


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
