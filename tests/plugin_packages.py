"""Packages of plugins for tests: installed with pip into a folder, or written there as pip would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from conftest import ROOT

from mesocosm.config import loader
from mesocosm.core.plugins import entry_points


def install(package: Path, site: Path) -> None:
    """Install a package into a folder, offline; the package's own folder stays as it is."""
    copy = site.parent / f"{package.name}-to-install"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
        + ["--no-index", "--disable-pip-version-check", "--target", str(site), str(copy)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def write_package(
    site: Path,
    name: str,
    entries: Mapping[str, str],
    modules: Mapping[str, str],
    version: str = "1.0",
) -> None:
    """Write an installed package.

    Args:
        entries: targets by `group.name`.
        modules: the text of each module by its name.
    """
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = []
    for key, target in entries.items():
        group, _, kind = key.rpartition(".")
        lines += [f"[mesocosm.{group}]", f"{kind} = {target}"]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for module, text in modules.items():
        (site / f"{module}.py").write_text(text)


def run(
    home: Path, *words: str, site: Path | None = None, where: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command on a project with the packages of a folder.

    Args:
        where: the folder that it is run in.
    """
    paths = [str(ROOT / "src"), *([str(site)] if site else [])]
    return subprocess.run(
        [sys.executable, "-m", "mesocosm", *words, "-f", str(home)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
        cwd=where or ROOT,
    )


@contextmanager
def packages_of(site: Path) -> Iterator[None]:
    """Have the packages of a folder installed in this process, until the end."""
    before = set(sys.modules)
    sys.path.insert(0, str(site))
    _forget()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        for module in set(sys.modules) - before:
            if str(site) in str(getattr(sys.modules[module], "__file__", "")):
                del sys.modules[module]
        _forget()


def _forget() -> None:
    entry_points.installed_plugins.cache_clear()
    entry_points._import.cache_clear()
    loader.schema.cache_clear()
