"""Learning against its peers, in one run: each part is a function that gives lines (name, figure,
target, whether it is met).

    make bench-learn            SHARED=../shared/data for Banking77 and headlines; without them
    those lines are missed ONLY=domain,prices make bench-learn        some parts

Each part tells its lines as it ends, and all of them stand together at the end; a part that breaks
is a line that is missed. Exits 1 where one is missed.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path
from statistics import mean, median

import numpy as np
from adapters import adapters
from banking import banking
from data import BASE, govern_bank
from domain import domain
from parts import Line, Parts, run_parts, size
from prices import prices
from processes import processes
from ranking import ranking
from sight import sight
from tables import all_tables
from transfer import few, few_signs, forgets, headlines, kept, memory, methods, row_cost, sentiment
from writers import writers

from mesocosm.learning.base_models import resolve
from mesocosm.learning.evaluation import metrics
from mesocosm.learning.features.embeddings import embed_texts
from mesocosm.learning.features.splits import split_dataset
from mesocosm.learning.heads import softmax
from mesocosm.learning.heads.selection import TrainingRows, select_head
from mesocosm.lifecycle.access.data_access import read_columns, read_field_types

SETTINGS = [
    (0.03, 7, 200, 20),
    (0.05, 15, 100, 20),
    (0.02, 4, 400, 10),
    (0.1, 31, 100, 20),
    (0.03, 7, 100, 40),
][: size(5, 1)]


def credit() -> list[Line]:
    """AUC on the same five splits of the governed bank table: notes and table together, each alone,
    and a tuned LightGBM.
    """
    import lightgbm as lgb
    import pandas as pd
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_score, train_test_split

    warnings.filterwarnings("ignore")
    with tempfile.TemporaryDirectory() as folder:
        eco = govern_bank(Path(folder) / "bank")
        model, snapshot = eco.spec.eco.models["risk"], eco.catalog.snapshot(dataset="credit")
        rows, split = read_columns(eco.spec, snapshot, [*model.features, model.target])
    rows, split = (
        {c: v[: size(len(v), 60)] for c, v in rows.items()},
        split[: size(len(split), 60)],
    )
    kinds, base = read_field_types(snapshot), resolve(*BASE)
    y = np.array(rows["grade"])
    frame = pd.DataFrame(
        {
            c: pd.Series(rows[c], dtype="category" if kinds[c] in ("category", "text") else float)
            for c in model.features
        }
    )
    ours, peer, texts, tables = list[float](), list[float](), list[float](), list[float]()
    for seed in range(size(5, 1)):
        train, test = train_test_split(
            np.arange(len(split)), test_size=0.2, stratify=y, random_state=seed
        )
        part = ["test" if i in set(test) else "train" for i in range(len(split))]
        parts = split_dataset(model, rows, part, kinds)
        with tempfile.TemporaryDirectory() as store:
            text = {
                p: embed_texts(base, parts.texts[p], 128, Path(store)) for p in ("train", "test")
            }
        none = {p: np.zeros((len(parts.y[p]), 0), np.float32) for p in ("train", "test")}
        for told, x, z in (
            (ours, text, parts.table),
            (texts, text, none),
            (tables, none, parts.table),
        ):
            head = select_head(
                TrainingRows(x["train"], z["train"], parts.y["train"], parts.outcome.classes, seed)
            )
            told.append(metrics.auc(softmax(head.logits(x["test"], z["test"])), parts.y["test"]))
        target = (y == parts.labels[1]).astype(int)
        nets = [
            lgb.LGBMClassifier(
                learning_rate=r,
                num_leaves=n,
                n_estimators=e,
                min_child_samples=m,
                subsample=0.8,
                subsample_freq=1,
                colsample_bytree=0.5,
                verbose=-1,
                n_jobs=2,
            )
            for r, n, e, m in SETTINGS
        ]
        best = max(
            nets,
            key=lambda n: cross_val_score(
                n, frame.iloc[train], target[train], cv=3, scoring="roc_auc"
            ).mean(),
        )
        best.fit(frame.iloc[train], target[train])
        peer.append(float(roc_auc_score(target[test], best.predict_proba(frame.iloc[test])[:, 1])))
    print(
        "  AUC by seed:",
        "; ".join(
            f"{n} {[round(a, 3) for a in told]}, median {median(told):.3f}"
            for n, told in (
                ("ours", ours),
                ("LightGBM", peer),
                ("notes alone", texts),
                ("table alone", tables),
            )
        ),
    )
    gaps = [mean(ours) - mean(other) for other in (peer, texts, tables)]
    return [
        ("credit AUC minus tuned LightGBM", gaps[0], ">= -0.01", gaps[0] >= -0.01),
        ("credit AUC of notes and table minus notes alone", gaps[1], "> 0", gaps[1] > 0),
        ("credit AUC of notes and table minus table alone", gaps[2], "> 0", gaps[2] > 0),
    ]


def published() -> list[Line]:
    """Banking77 whole, by one build."""
    accuracy, took = banking()
    return [
        ("Banking77 accuracy", accuracy, ">= 0.937", accuracy >= 0.937),
        ("Banking77 build seconds", took, "<= 60", took <= 60),
    ]


PARTS: Parts = {
    "credit": credit,
    "banking": published,
    "methods": methods,
    "few": few,
    "row": row_cost,
    "kept": kept,
    "forgets": forgets,
    "memory": memory,
    "processes": processes,
    "sentiment": sentiment,
    "signs": few_signs,
    "headlines": headlines,
    "tables": all_tables,
    "domain": domain,
    "writers": writers,
    "adapters": adapters,
    "ranking": ranking,
    "sight": sight,
    "prices": prices,
}


if __name__ == "__main__":
    sys.exit(run_parts(PARTS))
