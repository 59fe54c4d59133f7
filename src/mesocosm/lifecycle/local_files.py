"""The files of the project that datasets read: how large they are, and whether they were built as
they are. Knows sizes and times, no contents.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from mesocosm.config import Spec
from mesocosm.core.errors import MesocosmError
from mesocosm.core.files import UNSAFE_PARTS, unsafe_part, write_json
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message

MOST_BYTES = 50_000_000  # of files over which a plan leaves what is in them to the build
SETTLED = (
    "readings.json"  # in the store: fingerprints of datasets whose files were built as they are
)


def refuse_folder(root: Path) -> None:
    """Refuse a project in a folder that readers of tables would take for another.

    Raises:
        MesocosmError: its path has such characters; they are named.
    """
    if found := unsafe_part(root):
        raise MesocosmError(
            Message("lifecycle.unsafe_folder", folder=str(root), part=found, parts=UNSAFE_PARTS)
        )


def is_small(spec: Spec, name: str) -> bool:
    """Whether a dataset reads files of the project alone, and no more than `MOST_BYTES` of them."""
    from mesocosm.lifecycle.file_datasets import resolve_datasets

    size = 0
    for source in (spec.eco.datasets.get(name) or resolve_datasets(spec)[name]).all_sources:
        files = list_project_files(spec, source)
        if files is None:
            return False
        size += sum(file.stat().st_size for file in files)
    return size <= MOST_BYTES


def list_project_files(spec: Spec, source: str) -> list[Path] | None:
    """The files of the project that a source reads, sorted; None where it reads others, as a
    dataset does.
    """
    path = getattr(spec.eco.sources.get(source), "path", None)
    if not isinstance(path, str) or not _is_inside(path):
        return None
    return sorted(file for file in spec.root.glob(path) if file.is_file())


def _is_inside(path: str) -> bool:
    """Whether a path is below the project's folder: no address, no variable, not absolute."""
    return "://" not in path and "$" not in path and not Path(path).is_absolute()


def settle_readings(spec: Spec, name: str) -> None:
    """Keep that a dataset was built from its files as they are, so that they are not read again to
    ask the same.
    """
    if name not in spec.eco.datasets or spec.eco.datasets[name].auto:
        return
    state = describe_files(spec, name)
    if state is not None:
        with suppress(OSError):
            write_json(spec.root / ".mesocosm" / SETTLED, _settled(spec) | {name: state})


def is_settled(spec: Spec, name: str) -> bool:
    """Whether a dataset was built from its files as they are."""
    state = describe_files(spec, name)
    return state is not None and _settled(spec).get(name) == state


def _settled(spec: Spec) -> dict[str, str]:
    try:
        held = json.loads((spec.root / ".mesocosm" / SETTLED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(held, dict):
        return {}
    return held


def describe_files(spec: Spec, name: str) -> str | None:
    """A fingerprint of a dataset's settings and of its files' sizes and times; None where a file is
    not of the project.
    """
    dataset = spec.eco.datasets[name]
    state: list[object] = [dataset]
    for source in dataset.all_sources:
        files = list_project_files(spec, source)
        if files is None:
            return None
        state.append(spec.eco.sources[source])
        for file in files:
            stat = file.stat()
            state.append([str(file.relative_to(spec.root)), stat.st_size, stat.st_mtime_ns])
    return digest(*state)
