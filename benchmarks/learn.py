"""Learning against its peers, in one run: credit risk beside a tuned LightGBM, Banking77 by one build, and what `transfer.py` measures.

    make bench-learn            SHARED=../shared/data for Banking77 and headlines; without them those lines are missed

Each line at the end: name, figure, target, met or missed; exits 1 where one is missed.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path
from statistics import mean, median

import numpy as np
from adapters import adapters
from banking import banking
from domain import domain
from ranking import ranking
from sight import sight
from tables import all_tables
from transfer import few, few_signs, forgets, headlines, kept, memory, methods, row_cost, sentiment
from writers import writers

from mesocosm.build.wiring import columns_of, kinds_of
from mesocosm.ecosystem import open_ecosystem
from mesocosm.learn import judge
from mesocosm.learn.bases import resolve
from mesocosm.learn.choose import choose
from mesocosm.learn.encode import features
from mesocosm.learn.heads import softmax
from mesocosm.learn.parts import cut

ROOT = Path(__file__).parents[1]
SETTINGS = [(0.03, 7, 200, 20), (0.05, 15, 100, 20), (0.02, 4, 400, 10), (0.1, 31, 100, 20), (0.03, 7, 100, 40)]


def credit() -> tuple[list[float], list[float]]:
    """AUC of ours and of a tuned LightGBM on the same five splits of the governed bank table."""
    import lightgbm as lgb
    import pandas as pd
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_score, train_test_split

    warnings.filterwarnings("ignore")
    eco = open_ecosystem(ROOT / "examples" / "bank")
    eco.build()
    model, snapshot = eco.spec.eco.models["risk"], eco.catalog.snapshot(dataset="credit")
    rows, split = columns_of(eco.spec, snapshot, [*model.inputs, model.predict])
    kinds, base = kinds_of(snapshot), resolve("minilm", ROOT)
    y = np.array(rows["grade"])
    frame = pd.DataFrame({c: pd.Series(rows[c], dtype="category" if kinds[c] in ("category", "text") else float) for c in model.inputs})
    ours, peer = [], []
    for seed in range(5):
        train, test = train_test_split(np.arange(len(split)), test_size=0.2, stratify=y, random_state=seed)
        part = ["test" if i in set(test) else "train" for i in range(len(split))]
        parts = cut(model, rows, part, kinds)
        with tempfile.TemporaryDirectory() as store:
            text = {p: features(base, parts.texts[p], 128, Path(store)) for p in ("train", "test")}
        head = choose(text["train"], parts.table["train"], parts.y["train"], parts.task.classes, seed)
        ours.append(judge.auc(softmax(head.logits(text["test"], parts.table["test"])), parts.y["test"]))
        target = (y == parts.labels[1]).astype(int)
        nets = [
            lgb.LGBMClassifier(learning_rate=r, num_leaves=n, n_estimators=e, min_child_samples=m, subsample=0.8, subsample_freq=1, colsample_bytree=0.5, verbose=-1, n_jobs=2)
            for r, n, e, m in SETTINGS
        ]
        best = max(nets, key=lambda n: cross_val_score(n, frame.iloc[train], target[train], cv=3, scoring="roc_auc").mean())
        best.fit(frame.iloc[train], target[train])
        peer.append(float(roc_auc_score(target[test], best.predict_proba(frame.iloc[test])[:, 1])))
    return ours, peer


def main() -> int:
    ours, peer = credit()
    print("AUC by seed, ours and LightGBM:", [(round(a, 3), round(b, 3)) for a, b in zip(ours, peer, strict=True)], "medians", round(median(ours), 3), round(median(peer), 3))
    lines = [("credit AUC minus tuned LightGBM", mean(ours) - mean(peer), ">= -0.01", mean(ours) - mean(peer) >= -0.01)]
    data = Path(os.environ.get("SHARED", ROOT.parent / "shared" / "data")) / "banking77"
    if (data / "train.csv").is_file():
        accuracy, took = banking(data)
        lines += [("Banking77 accuracy", accuracy, ">= 0.937", accuracy >= 0.937), ("Banking77 build seconds", took, "<= 60", took <= 60)]
        lines += [*methods(data), *few(data), *row_cost(data), *kept(data), *forgets(data), *memory(data)]
    else:
        lines.append(("Banking77 accuracy", float("nan"), ">= 0.937", False))
    if (data.parent / "finance_headlines").is_dir():
        lines += [*sentiment(data.parent / "finance_headlines"), *few_signs(data.parent / "finance_headlines"), *headlines(data.parent / "finance_headlines"), *all_tables(data.parent)]
    else:
        lines.append(("headlines macro F1 minus TF-IDF", float("nan"), ">= 0.05", False))
    lines += [*domain(), *writers(), *adapters(), *ranking(), *sight()]
    for name, figure, target, met in lines:
        print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
    return 0 if all(line[3] for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
