"""The datasets of a file as they are governed: drafted, split by class or spoken from.

Knows the grammar, the drafts that the store keeps and the revisions of the code that makes things.
"""

from __future__ import annotations

import json

from mesocosm.config import Spec
from mesocosm.core.errors import Invalid, Later, Wrong, belonging_to
from mesocosm.core.hashing import digest
from mesocosm.data.dataset import Dataset
from mesocosm.lifecycle.project_store import where_of

REVISIONS = {"govern": 6, "learn": 5, "draft": 3}


def datasets_of(spec: Spec) -> dict[str, Dataset]:
    """The file's datasets, and one of two texts for every source that is spoken from directly."""
    eco, found = (
        spec.eco,
        {
            name: _stratified(spec, name, drafted_of(spec, name)[0] if data.auto else data)
            for name, data in spec.eco.datasets.items()
        },
    )
    spoken = [s.answers for s in eco.services.values() if s.answers]
    named = {a.dataset: (a.question, a.answer) for a in spoken}
    known = [
        p.inhabitant.knows for p in eco.world.places.values() if p.inhabitant and p.inhabitant.knows
    ]
    named |= {k: ("question", "answer") for k in known if k not in named}
    for name, columns in named.items():
        if name in eco.sources and name not in found:
            fields = {c: {"type": "text", "missing": "quarantine"} for c in columns}
            found[name] = Dataset.model_validate(
                {"from": name, "fields": fields, "duplicates": "row"}
            )
    return found


def _stratified(spec: Spec, name: str, data: Dataset) -> Dataset:
    """A dataset whose parts keep the shares of the class that the first model of it in the file
    predicts, where its split names no field itself.
    """
    split = data.split
    if split.none or split.stratify or split.group:
        return data
    target = next(
        (
            m.predict
            for m in spec.eco.models.values()
            if m.learns == name
            and not m.rank
            and getattr(data.fields.get(m.predict), "type", "") in ("category", "boolean")
        ),
        None,
    )
    return (
        data.model_copy(update={"split": split.model_copy(update={"stratify": target})})
        if target
        else data
    )


def drafted_of(spec: Spec, name: str) -> tuple[Dataset, dict[str, str]]:
    """A dataset with `fields: auto` as drafted, and the evidence; drafted anew only where its
    source changed.

    Raises:
        Invalid: its source cannot be read.
    """
    from mesocosm.core.files import write_json

    data, where = spec.eco.datasets[name], where_of(spec)
    try:
        sources = {n: spec.eco.sources[n] for n in data.source.sources}
        asked = data.model_dump(
            mode="json", by_alias=True, exclude_unset=True, exclude={"fields", "auto"}
        )
        prints = []
        for source, settings in sources.items():
            with belonging_to(f"sources.{source}"):
                prints.append([settings.made_of(), settings.fingerprint(where)])
        path = (
            where.store
            / "drafts"
            / f"{digest(prints, asked, REVISIONS['govern'], REVISIONS['draft'])}.json"
        )
        if not path.is_file():
            from mesocosm.data.profiling.auto_fields import draft_dataset

            made = draft_dataset(sources, data.source, where)
            write_json(path, {"settings": {**made.settings(), **asked}, "evidence": made.evidence})
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Dataset.model_validate(kept["settings"]), kept["evidence"]
    except (Wrong, Later) as error:
        wrong = error if isinstance(error, Wrong) else Wrong("", str(error))
        address = wrong.of or f"datasets.{name}"
        steps = [
            *address.split(".", 1),
            *([k for k in wrong.key.split(".") if k] if wrong.of else []),
        ]
        raise Invalid([wrong.at(spec.place(*steps), address)]) from error
