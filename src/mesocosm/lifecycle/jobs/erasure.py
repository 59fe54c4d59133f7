"""Forget a subject: erased from snapshots, quarantine, prediction logs and caches; proven by a
scan.

Knows the catalog and the doors of govern. The key itself is never written anywhere, only its mark.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, update

from mesocosm.catalog import Catalog
from mesocosm.catalog.database import schema as t
from mesocosm.config import Spec
from mesocosm.core.errors import Wrong
from mesocosm.core.files import write_json
from mesocosm.data.pipeline.recipe import columns_of
from mesocosm.lifecycle.access.dataset_history import dataset_of, version_of
from mesocosm.lifecycle.access.pseudonym_key import private_key
from mesocosm.lifecycle.build_lock import alone
from mesocosm.lifecycle.file_datasets import datasets_of
from mesocosm.lifecycle.jobs.prediction_erasure import erase_predictions, names_subject
from mesocosm.lifecycle.jobs.unlearn import unlearn
from mesocosm.lifecycle.project_store import where_of


def forget(
    spec: Spec, catalog: Catalog, dataset: str, keys: Sequence[str], who: str = "forget"
) -> dict[str, Any]:
    """Erase subjects from a dataset and from all that share a source with it, and say what was
    erased and where, if anywhere, a key is still found.

    A key that is held nowhere erases nothing: versions that a typing error would cost do not come
    back. Its mark is kept, so that rows of it that come later are left out.

    Returns:
        What `dataset` lost; the same of each other dataset under `others`; under `not_reached`
        those that share a source and have no field of the key's column, with the reason; under
        `absent` how many keys are held nowhere.

    Raises:
        Wrong: there is no such dataset, it has no key, or a key that is given is empty.
        Failure: it was not built yet.
    """
    data = dataset_of(spec, dataset)
    if not data.key:
        raise Wrong("", f"'{dataset}' has no 'key', so no row can be named", "'key' in the dataset")
    if any(not key.strip() for key in keys):
        raise Wrong("", "a key is empty, and an empty key names nobody", "the key of a subject")
    same, not_reached = sharing(spec, catalog, dataset)
    fields: dict[str, str | None] = {dataset: data.key, **same, **dict.fromkeys(not_reached)}
    held = _held(spec, catalog, fields, keys)
    absent = [key for key in keys if key not in held]
    _leave_out(spec, catalog, dataset, absent, who)
    if not held:
        return {
            "dataset": dataset,
            "rows": {},
            "predictions": 0,
            "models": [],
            "exact": [],
            "still_found_in": [],
            "scanned": 0,
            "others": [],
            "not_reached": {},
            "absent": len(absent),
        }
    keys = held
    others = [_forget(spec, catalog, name, field, keys, who) for name, field in same.items()]
    for name in not_reached:  # its broken lines may name the subject all the same
        _forget(spec, catalog, name, None, keys, who)
    done = _forget(
        spec, catalog, dataset, data.key, keys, who
    )  # last, so that its scan of the store is of all
    return done | {"others": others, "not_reached": not_reached, "absent": len(absent)}


def _held(
    spec: Spec, catalog: Catalog, fields: Mapping[str, str | None], keys: Sequence[str]
) -> list[str]:
    """The keys that a version of some datasets' rows or quarantine, or a logged prediction, holds.

    Args:
        fields: the field of each dataset that holds the key; None where only its quarantine can.
    """
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.erasure import find_held_keys, keys_as_kept

    where = where_of(spec)
    secret, found = private_key(where.store), set[str]()
    forms: dict[str, set[str]] = {key: {key} for key in keys}
    with alone(where.store, wait=30):
        for dataset, subject in fields.items():
            left = [key for key in keys if key not in found]
            if not left:
                break
            snapshot = version_of(catalog, dataset, "newest")
            field = datasets_of(spec)[dataset].fields[subject] if subject else None
            kept = keys_as_kept(field, left, secret) if field else left
            for key, form in zip(left, kept, strict=True):
                forms[key] |= {form} - {""}
            sealed = bool(field and field.sealed)
            found |= find_held_keys(
                where.store / snapshot["path"],
                subject,
                dict(zip(left, kept, strict=True)),
                sealed,
                lambda con: prepare(con, where.store),
            )
    names = {subject for subject in fields.values() if subject}
    with catalog.transaction() as con:
        found |= {
            key
            for key in keys
            if key not in found
            and any(
                con.execute(
                    select(t.PREDICTIONS.c.id).where(names_subject(names, form)).limit(1)
                ).first()
                for form in forms[key]
            )
        }
    return [key for key in keys if key in found]


def _leave_out(spec: Spec, catalog: Catalog, dataset: str, keys: Sequence[str], who: str) -> None:
    """Keep the marks of keys that nothing holds, so that later builds leave their rows out."""
    from mesocosm.data.snapshots.erasure import mark_key

    secret = private_key(where_of(spec).store)
    with catalog.transaction() as con:
        known = {
            row[0]
            for row in con.execute(
                select(t.FORGOTTEN.c.mark).where(t.FORGOTTEN.c.dataset == dataset)
            )
        }
        marks = [m for m in dict.fromkeys(mark_key(key, secret) for key in keys) if m not in known]
        if marks:
            con.execute(
                insert(t.FORGOTTEN),
                [{"dataset": dataset, "mark": m, "at": catalog.clock()} for m in marks],
            )
            catalog.write_audit(
                con,
                who,
                "forget",
                f"datasets.{dataset}",
                f"{len(marks)} subjects that nothing holds: their rows will be left out",
            )


def sharing(spec: Spec, catalog: Catalog, dataset: str) -> tuple[dict[str, str], dict[str, str]]:
    """The other built datasets that share a source with a dataset: the field of each that reads the
    key's column, and why the rest have none.
    """
    data = dataset_of(spec, dataset)
    assert data.key is not None
    column = columns_of(data.fields)[data.key]
    found: dict[str, str] = {}
    not_reached: dict[str, str] = {}
    for name, other in datasets_of(spec).items():
        if (
            name == dataset
            or not set(other.all_sources) & set(data.all_sources)
            or not catalog.snapshot(dataset=name)
        ):
            continue
        fields = [f for f, c in columns_of(other.fields).items() if c == column]
        own = other.key if other.key in fields else next(iter(fields), None)
        if own is None:
            not_reached[name] = (
                f"no field of it reads the column '{column}', so its rows of a subject cannot be"
                " found"
            )
        elif other.fields[own].private and other.key != own:
            not_reached[name] = (
                f"its field '{own}' is private and not its key, so its rows of a subject cannot be"
                " found"
            )
        else:
            found[name] = own
    return found, not_reached


def _forget(
    spec: Spec, catalog: Catalog, dataset: str, subject: str | None, keys: Sequence[str], who: str
) -> dict[str, Any]:
    """Erase the rows of one dataset whose field `subject` holds one of some keys; without one, what
    its quarantine has of them.
    """
    from mesocosm.data.pipeline.ibis_sql import prepare
    from mesocosm.data.snapshots.erasure import (
        erase,
        find_files_with,
        keys_as_kept,
        mark_key,
        match_keys,
        match_text,
    )
    from mesocosm.data.sources.page_cache import forget_kept
    from mesocosm.data.sources.path_utils import quote

    data = dataset_of(spec, dataset)
    where = where_of(spec)
    with alone(where.store, wait=30):
        snapshot = version_of(catalog, dataset, "newest")
        secret = private_key(where.store)
        field = data.fields[subject] if subject else None
        kept = keys_as_kept(field, keys, secret) if field else list(keys)
        path, now = where.store / snapshot["path"], snapshot["report"]["delta"]
        sealed = f"opened({quote(subject)})" if subject and field and field.sealed else None
        gone = (
            match_keys(subject, kept, keys, sealed)
            if subject
            else {"rows": "false", "quarantine": match_text(keys)}
        )
        aside = f"@{columns_of(data.fields)[subject]}" if subject and subject != data.key else ""
        versions, lost, rows = erase(
            path, now, gone, snapshot["made"], lambda con: prepare(con, where.store)
        )
        words = {w for w in (*kept, *keys) if w}
        account = less(snapshot["account"], lost, "forgotten")
        learners = [m for m, model in spec.eco.models.items() if model.learns == dataset]
        exact = unlearn(catalog, where.store, learners, snapshot["id"], rows, who)
        without = {name for one in exact for name in (one["from"], one["to"])}
        taught = [v for m in learners for v in catalog.versions(m) if v["id"] not in without]
        models = [v["id"] for v in taught]
        changed = _out_of_texts(where.store, taught, set(rows))
        with catalog.transaction() as con:
            con.execute(
                insert(t.FORGOTTEN),
                [
                    {
                        "dataset": dataset,
                        "mark": mark_key(key, secret) + aside,
                        "at": catalog.clock(),
                    }
                    for key in keys
                    if subject
                ],
            )
            report = snapshot["report"] | {"delta": versions, "examples": {}}
            values: dict[str, Any] = {
                "delta": versions["rows"],
                "account": account,
                "report": _without(report, words),
                "facts": _without(snapshot["facts"], words),
            }
            catalog.keep_only(con, snapshot, **values)
            if data.anonymity:
                catalog.make_stale(con, f"datasets.{dataset}")
            for version, values in changed.items():
                con.execute(update(t.VERSIONS).where(t.VERSIONS.c.id == version).values(**values))
            logs = erase_predictions(con, [subject] if subject else [], words)
            for version in models:
                row = (
                    con.execute(select(t.VERSIONS.c.why).where(t.VERSIONS.c.id == version)).scalar()
                    or ""
                )
                told = "learnt from a subject that was erased since"
                if told not in row:
                    con.execute(
                        update(t.VERSIONS)
                        .where(t.VERSIONS.c.id == version)
                        .values(why=f"{row}; {told}".strip("; "))
                    )
            catalog.write_audit(
                con,
                who,
                "forget",
                f"datasets.{dataset}",
                f"{len(keys)} subjects: {sum(lost.values())} rows, {logs} predictions; models that"
                f" learnt from it: {len(models)}",
            )
        for cache in ("features", "drafts", "work", "bases"):
            shutil.rmtree(where.store / cache, ignore_errors=True)
        forget_kept(where.store)
        out_of_answers(where.store, set(rows), dataset, snapshot["id"])
        catalog.scrub()
        long = sorted(w for w in words if len(w) > 3)
        still = find_files_with(where.store, long) if long else []
    return {
        "dataset": dataset,
        "rows": lost,
        "predictions": logs,
        "models": models,
        "exact": exact,
        "still_found_in": still,
        "scanned": len(long),
    }


def _out_of_texts(store: Any, versions: Sequence[Any], rows: set[int]) -> dict[str, dict[str, Any]]:
    """Erased rows' texts taken out of what versions keep of them: examples beside their figures,
    answers that are found. What changed of each record.
    """
    from mesocosm.core.hashing import digest_folder

    found: dict[str, dict[str, Any]] = {}
    for version in versions:
        if version["metrics"].get("examples"):
            found[version["id"]] = {"metrics": version["metrics"] | {"examples": []}}
        folder = store / version["path"]
        if version["recipe"].get("task") == "retrieval" and folder.is_dir():
            from mesocosm.learning.tasks.retrieval.version import without

            without(folder, rows)
            found.setdefault(version["id"], {})["content"] = digest_folder(folder)
    return found


def less(account: dict[str, int], lost: dict[str, int], why: str) -> dict[str, int]:
    """An account after rows left its tables; it closes as before."""
    return account | {
        "kept": account["kept"] - lost["rows"],
        "quarantined": account["quarantined"] - lost["quarantine"],
        "duplicates": account["duplicates"] - lost["duplicates"],
        why: account.get(why, 0) + sum(lost.values()),
    }


def _without(value: Any, words: set[str]) -> Any:
    """JSON without the entries that name a subject."""
    if isinstance(value, dict):
        return {k: _without(v, words) for k, v in value.items() if k not in words}
    if isinstance(value, list):
        return [_without(v, words) for v in value]
    return None if isinstance(value, str) and value in words else value


def out_of_answers(store: Any, rows: set[int], dataset: str, snapshot: str) -> None:
    """Take erased rows out of the tables that services answer from."""
    import json

    import numpy as np
    from safetensors.numpy import load_file, save_file

    for path in (store / "answers").glob("*/rows.json"):
        whole = json.loads(path.read_text(encoding="utf-8"))
        if not str(whole["snapshot"]).startswith(f"{dataset}@"):
            continue
        keep = [i for i, row in enumerate(whole["rows"]) if row["row"] not in rows]
        if len(keep) < len(whole["rows"]):
            vectors = load_file(path.with_name("vectors.safetensors"))["vectors"][
                np.asarray(keep, dtype=int)
            ]
            save_file({"vectors": vectors}, path.with_name("vectors.safetensors"))
            write_json(path, whole | {"rows": [whole["rows"][i] for i in keep]})
