"""What the values of local files leave open, asked before a build: a decimal mark, an order of day and month.

Knows the same proofs that the build makes. Reads small local files only; keeps nothing.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path

from mesocosm.base.digest import digest
from mesocosm.base.errors import Failure, Finding, Invalid, Wrong
from mesocosm.base.files import write_json
from mesocosm.base.kinds import Where
from mesocosm.build.graph import where_of
from mesocosm.build.preview import is_small
from mesocosm.spec import Spec

SETTLED = "readings.json"  # in the store: prints of datasets whose files were built as they are
FORMS = ("csv", "excel", "json", "jsonl", "parquet")  # types of sources that are read for it


def ask_readings(spec: Spec) -> list[Finding]:
    """For each column of a dataset whose values have two readings, where the file has to say which.

    Datasets that are drafted, that read no file of the project, or that read large ones are left to the build.
    """
    found = []
    for name, dataset in spec.eco.datasets.items():
        sources = [spec.eco.sources.get(s) for s in dataset.all_sources]
        if dataset.auto or any(s is None or getattr(s, "type", "") not in FORMS for s in sources) or not is_small(spec, name):
            continue
        if _is_settled(spec, name):
            continue
        for asked in _questions(spec, name):
            place = spec.place("datasets", name, *asked.key.split(".", 1))
            found.append(Finding(place, f"datasets.{name}.{asked.key}", asked.found, asked.wanted))
    return found


def settle_readings(spec: Spec, name: str) -> None:
    """Keep that a dataset was built from its files as they are, so that they are not read again to ask the same."""
    if name in spec.eco.datasets and not spec.eco.datasets[name].auto and (state := _state(spec, name)) is not None:
        with suppress(OSError):
            write_json(where_of(spec).store / SETTLED, _settled(spec) | {name: state})


def _is_settled(spec: Spec, name: str) -> bool:
    state = _state(spec, name)
    return state is not None and _settled(spec).get(name) == state


def _settled(spec: Spec) -> dict[str, str]:
    try:
        held = json.loads((where_of(spec).store / SETTLED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _state(spec: Spec, name: str) -> str | None:
    """A print of a dataset's settings and of its files' sizes and times; None where a file is not of the project."""
    dataset = spec.eco.datasets[name]
    seen: list[object] = [dataset]
    for source in (spec.eco.sources[s] for s in dataset.all_sources):
        path = getattr(source, "path", None)
        if not isinstance(path, str) or "://" in path or "$" in path or Path(path).is_absolute():
            return None
        files = sorted(p for p in spec.root.glob(path) if p.is_file())
        seen += [source, *([str(p.relative_to(spec.root)), p.stat().st_size, p.stat().st_mtime_ns] for p in files)]
    return digest(*seen)


def _questions(spec: Spec, name: str) -> list[Wrong]:
    from mesocosm.govern.govern import engine
    from mesocosm.govern.proven import questions
    from mesocosm.govern.raw import raw

    dataset = spec.eco.datasets[name]
    with tempfile.TemporaryDirectory() as folder, suppress(Failure, Invalid, OSError), engine(Path(folder)) as con:
        collected = {s: spec.eco.sources[s].collect(Where(spec.root, Path(folder)), con, f"src_{s}") for s in dict.fromkeys(dataset.all_sources)}
        return questions(con, dict(dataset.fields), raw(con, dataset, collected))
    return []
