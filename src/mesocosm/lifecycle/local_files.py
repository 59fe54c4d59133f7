"""The files of the project that datasets read: how large they are, and whether they were built as
they are. Knows sizes and times, no contents.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from mesocosm.config import Spec
from mesocosm.core.errors import Failure
from mesocosm.core.files import UNSAFE_PARTS, unsafe_part, write_json
from mesocosm.core.hashing import digest

MOST_BYTES = 50_000_000  # of files over which a plan leaves what is in them to the build
SETTLED = "readings.json"  # in the store: prints of datasets whose files were built as they are


def refuse_folder(root: Path) -> None:
    """Refuse a project in a folder that readers of tables would take for another.

    Raises:
        Failure: its path has such characters; they are named.
    """
    if found := unsafe_part(root):
        raise Failure(
            f"tables cannot be stored in the project's folder '{root}': its path has {found!r};"
            f" expected a path without {UNSAFE_PARTS}"
        )


def is_small(spec: Spec, name: str) -> bool:
    """Whether a dataset reads files of the project alone, and no more than `MOST_BYTES` of them."""
    from mesocosm.lifecycle.file_datasets import datasets_of

    size = 0
    for source in (spec.eco.datasets.get(name) or datasets_of(spec)[name]).all_sources:
        path = getattr(spec.eco.sources[source], "path", None)
        if not isinstance(path, str) or "://" in path or "$" in path:
            return False
        size += (
            sum(p.stat().st_size for p in spec.root.glob(path) if p.is_file())
            if not Path(path).is_absolute()
            else MOST_BYTES + 1
        )
    return size <= MOST_BYTES


def settle_readings(spec: Spec, name: str) -> None:
    """Keep that a dataset was built from its files as they are, so that they are not read again to
    ask the same.
    """
    if (
        name in spec.eco.datasets
        and not spec.eco.datasets[name].auto
        and (state := _state(spec, name)) is not None
    ):
        with suppress(OSError):
            write_json(spec.root / ".mesocosm" / SETTLED, _settled(spec) | {name: state})


def is_settled(spec: Spec, name: str) -> bool:
    """Whether a dataset was built from its files as they are."""
    state = _state(spec, name)
    return state is not None and _settled(spec).get(name) == state


def _settled(spec: Spec) -> dict[str, str]:
    try:
        held = json.loads((spec.root / ".mesocosm" / SETTLED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _state(spec: Spec, name: str) -> str | None:
    """A print of a dataset's settings and of its files' sizes and times; None where a file is not
    of the project.
    """
    dataset = spec.eco.datasets[name]
    seen: list[object] = [dataset]
    for source in (spec.eco.sources[s] for s in dataset.all_sources):
        path = getattr(source, "path", None)
        if not isinstance(path, str) or "://" in path or "$" in path or Path(path).is_absolute():
            return None
        files = sorted(p for p in spec.root.glob(path) if p.is_file())
        seen += [
            source,
            *(
                [str(p.relative_to(spec.root)), p.stat().st_size, p.stat().st_mtime_ns]
                for p in files
            ),
        ]
    return digest(*seen)
