"""From a file to its resources, in an order where each comes after what it needs.

Knows the grammar and which settings make a thing and which only run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mesocosm.config import Spec
from mesocosm.core.errors import Finding, Invalid, Later, Wrong
from mesocosm.core.hashing import digest
from mesocosm.data.dataset import GOVERNING, Dataset
from mesocosm.learning.base_models.base import folder_of
from mesocosm.learning.importers.onnx import ImportedModel
from mesocosm.learning.strategies.automl import AUTO, Auto
from mesocosm.lifecycle.file_datasets import REVISIONS, datasets_of
from mesocosm.lifecycle.project_store import where_of
from mesocosm.lifecycle.resource import Resource
from mesocosm.serving.settings import Log


def resources(spec: Spec) -> list[Resource]:
    """Every resource of a file, in order.

    Raises:
        Invalid: a source's content cannot be printed.
    """
    eco, where = spec.eco, where_of(spec)
    found: list[Resource] = []
    faults = []
    for name, source in eco.sources.items():
        settings = source.made_of()
        try:
            content = source.fingerprint(where)
            faults += _broken(spec, name, source, settings | {"content": content})
        except (Wrong, Later) as error:
            place = spec.place("sources", name)
            key = error.key if isinstance(error, Wrong) else ""
            at = spec.place("sources", name, key, key=False) if key and "." not in key else place
            wrong = error if isinstance(error, Wrong) else Wrong("", str(error))
            faults.append(wrong.at(at, f"sources.{name}"))
            continue
        run = {
            "owner": source.owner,
            "contract": source.contract.model_dump(mode="json") if source.contract else None,
        }
        found.append(
            Resource(
                f"sources.{name}",
                spec.place("sources", name),
                (),
                settings | {"content": content},
                {k: v for k, v in run.items() if v},
            )
        )
    if faults:
        raise Invalid(faults)
    datasets = datasets_of(spec)
    if joins := _joins(spec, datasets, {r.name: r.made_by for r in found}):
        raise Invalid(joins)
    for name, data in datasets.items():
        place = (
            spec.place("datasets", name) if name in eco.datasets else spec.place("sources", name)
        )
        made = _plain(data, set(GOVERNING)) | {"revision": REVISIONS["govern"]}
        for field in made["fields"].values():
            field.pop("about", None)
            if not field["absent"]:
                del field["absent"]
            if field["null"] is None:
                del field["null"]
        needs = tuple(f"sources.{s}" for s in dict.fromkeys(data.all_sources))
        run = {"about": data.about} | data.model_dump(
            mode="json", include=set(GOVERNING), exclude_defaults=True
        )
        found.append(Resource(f"datasets.{name}", place, needs, made, run))
    for name, model in sorted(
        eco.models.items(), key=lambda m: m[1].adapts is not None
    ):  # what is adapted comes first
        made = what_makes_model(spec, name)
        needs = tuple(
            f"datasets.{d}"
            for d in dict.fromkeys(
                [
                    model.learns,
                    *([model.pretrain.of] if model.pretrain and model.pretrain.of else []),
                    *([model.rank.items] if model.rank and model.rank.items else []),
                ]
            )
        )
        needs += (f"models.{model.adapts}",) if model.adapts else ()
        run = {"require": dict(model.require), "about": model.about, "track": list(model.track)}
        found.append(Resource(f"models.{name}", spec.place("models", name), needs, made, run))
    for name, service in eco.services.items():
        needs = tuple(f"models.{m}" for m in (service.serves, service.fallback) if m)
        needs += (f"datasets.{service.answers.dataset}",) if service.answers else ()
        made = {
            "serves": service.serves,
            "answers": service.answers.dataset if service.answers else None,
        }
        found.append(
            Resource(
                f"services.{name}",
                spec.place("services", name),
                needs,
                made,
                _plain(service, {"log"} if service.log == Log() else set()),
            )
        )
    for name, monitor in eco.monitors.items():
        made = {"watches": monitor.watches}
        found.append(
            Resource(
                f"monitors.{name}",
                spec.place("monitors", name),
                (f"services.{monitor.watches}",),
                made,
                _plain(monitor, set()),
            )
        )
    for name, spot in eco.world.places.items():
        made = {"shows": spot.shows}
        found.append(
            Resource(
                f"places.{name}",
                spec.place("world", "places", name),
                (f"services.{spot.shows}",),
                made,
                _plain(spot, set()),
            )
        )
    found.append(
        Resource(
            "world", spec.place("world"), (), {"seed": eco.world.seed}, {"style": eco.world.style}
        )
    )
    return found


def what_makes_model(spec: Spec, name: str) -> dict[str, Any]:
    """The settings, base and code that a model is made by; where they change it is trained anew."""
    model = spec.eco.models[name]
    grouped = {"left_out": "by group"} if spec.eco.datasets[model.learns].split.group else {}
    sight = (
        {"sight": _weights(spec, name, model.image_base, "image_base")} if model.image_base else {}
    )
    less = {"require", "about", "track"} | {
        key for key in ("adapts", "along") if not getattr(model, key)
    }
    made = (
        _plain(model, less)
        | {"revision": REVISIONS["learn"], "weights": _weights(spec, name, model.base), **sight}
        | grouped
    )
    if made["tune"].get("moves") == "images":  # what was always so
        del made["tune"]["moves"]
    return made


def _joins(
    spec: Spec, datasets: Mapping[str, Dataset], made: Mapping[str, Mapping[str, Any]]
) -> list[Finding]:
    """What is wrong about joins by the columns of their sources, as far as files tell those without
    their rows.

    Args:
        made: by source, its settings and what tells its content; a dataset is looked at once for
            each.
    """
    from mesocosm.lifecycle.content_cache import keep, mark_of
    from mesocosm.lifecycle.local_files import is_settled

    where, found = where_of(spec), []
    joined = {
        n: d
        for n, d in datasets.items()
        if d.source.partners and n in spec.eco.datasets and not is_settled(spec, n)
    }
    marks = {
        n: mark_of(
            where.store,
            [
                "joins",
                REVISIONS["govern"],
                _plain(d, set()),
                {s: dict(made[s]) for s in d.all_sources if s in made},
            ],
        )
        for n, d in joined.items()
    }
    joined = {n: d for n, d in joined.items() if not marks[n].is_file()}
    if not joined:
        return []
    from mesocosm.data.engines.bounded_duckdb import engine
    from mesocosm.data.pipeline.ingest import ambiguous_columns
    from mesocosm.data.sources.source_columns import columns_of_sources

    with engine(where.store, taught=False) as con:
        for name, data in joined.items():
            try:
                wrong = ambiguous_columns(
                    data, columns_of_sources(con, spec.eco.sources, data.source.sources, where)
                )
            except Wrong:  # the build says what is wrong with a file
                continue
            found += [w.at(spec.place("datasets", name), f"datasets.{name}") for w in wrong]
            if not wrong:
                keep(marks[name], [])
    return found


def _broken(spec: Spec, name: str, source: Any, made: Mapping[str, Any]) -> list[Finding]:
    """Findings of a source that does not hold what its contract promises; looked at once for each
    content and setting.
    """
    from mesocosm.core.files import write_json

    if not source.contract:
        return []
    where = where_of(spec)
    kept = (
        where.store
        / "contracts"
        / f"{digest(made, source.contract.model_dump(mode='json', exclude={'fresh', 'owner'}))}.json"
    )
    if kept.is_file() and not source.contract.fresh:
        return []
    from mesocosm.data.engines.bounded_duckdb import engine
    from mesocosm.data.sources.contract import broken

    with engine(where.store, taught=False) as con:
        source.collect(where, con, "promised")
        found = broken(source.contract, con, "promised")
    if not found:
        write_json(kept, {"source": name})
    owner = source.contract.owner or source.owner
    said = []
    for wrong in found:
        steps = wrong.key.split(".")
        wanted = wrong.wanted + (f"; ask {owner}" if owner else "")
        place = spec.place("sources", name, *steps)
        said.append(
            Finding(
                place, f"sources.{name}.{wrong.key}", wrong.found, wanted, wrong.choices, wrong.near
            )
        )
    return said


def _plain(thing: Any, less: set[str]) -> dict[str, Any]:
    return dict(thing.model_dump(mode="json", by_alias=True, exclude=less))


def _weights(
    spec: Spec, name: str, base: str | ImportedModel | None, key: str = "base"
) -> str | None:
    """What tells a base from another: names and sizes of its files; a hub id stands for itself, a
    model brought in for its bytes.
    """
    if not base:
        return None
    if base == AUTO:
        from mesocosm.learning.base_models import readers

        more = (spec.eco.models[name].auto or Auto()).bases
        return digest(*(_weights(spec, name, other, key) for other in (*readers(), *more)))
    from mesocosm.learning.base_models.base import canonical, named

    try:
        if isinstance(base, ImportedModel):
            return base.content(spec.root)
        if not named(base, spec.root):
            if "/" not in base and not canonical(base):
                folder_of(base, spec.root)
            return base
        folder, _ = folder_of(base, spec.root)
    except Wrong as wrong:
        raise Invalid(
            [wrong.at(spec.place("models", name, key, key=False), f"models.{name}")]
        ) from wrong
    return digest(
        sorted(
            (p.name, p.stat().st_size)
            for p in ([folder] if folder.is_file() else folder.glob("*"))
            if p.is_file()
        )
    )
