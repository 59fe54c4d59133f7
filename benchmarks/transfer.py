"""Transfer learning measured: every method on ten classes of Banking77, 2,000 rows beside the
textbook recipe and Transformers' Trainer, ten rows a class, and the sentiment of headlines. Called
by `learn.py`.

CPU seconds are those of this process, user and system. The textbook recipe (every text padded to
128, batch 16, AdamW at 2e-5, 5 epochs) and the Trainer are priced by steps measured in this very
run; the textbook's accuracy is bought with the same rate, batch and epochs on bucketed batches,
which changes no arithmetic of a row.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
from data import BASE, messages
from data import headlines as wire
from parts import size, some

Line = tuple[str, float, str, bool]
STEPS = size(6, 2)


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def grown(
    texts: list[str], labels: list[str], split: list[str], tune: Any, store: Path, seed: int = 7
) -> Any:
    """One version grown as a build grows it."""
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext
    from mesocosm.learning.training.train import train_version

    model = Model.model_validate(
        {
            "base": BASE[0],
            "dataset": "d",
            "target": "y",
            "features": ["x"],
            "fine_tune": tune,
            "seed": seed,
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        return train_version(
            "m",
            model,
            {"x": texts, "y": labels},
            split,
            {"x": "text", "y": "category"},
            TrainContext(BASE[1], store, Path(folder), f"bench-{time.time()}"),
            lambda _: None,
        )


def frozen(
    train: tuple[list[str], list[str]],
    test: tuple[list[str], list[str]],
    store: Path,
    moved: Any = None,
    only: Any = "auto",
) -> tuple[float, float]:
    """Accuracy on `test` of a frozen base (minilm, or one that was `moved`) under the head that its
    left-out loss chose, and the CPU seconds of encoding and fitting.
    """
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import embed_texts, load_trunk
    from mesocosm.learning.features.splits import split_dataset
    from mesocosm.learning.heads.selection import TrainingRows, label_names, select_head
    from mesocosm.learning.model import Model

    rows, split = (
        {"x": train[0] + test[0], "y": train[1] + test[1]},
        ["train"] * len(train[0]) + ["test"] * len(test[0]),
    )
    model = Model.model_validate(
        {"base": BASE[0], "dataset": "d", "target": "y", "features": ["x"]}
    )
    parts, base = (
        split_dataset(model, rows, split, {"x": "text", "y": "category"}),
        moved or resolve(*BASE),
    )
    load_trunk(base)  # imports are counted on neither side
    began = cpu()
    x = embed_texts(base, parts.texts["train"], 128, store)
    names = label_names(parts.outcome.labels, parts.y["train"])
    said = embed_texts(base, names, 128, store) if names else None
    head = select_head(
        TrainingRows(x, parts.table["train"], parts.y["train"], parts.outcome.classes, model.seed),
        only,
        names=said,
    )
    took = cpu() - began
    top = head.logits(
        embed_texts(base, parts.texts["test"], 128, store), parts.table["test"]
    ).argmax(1)
    return float((top == parts.y["test"]).mean()), took


def textbook(texts: list[str], classes: int) -> tuple[float, float]:
    """CPU seconds of five epochs by the textbook recipe, and of three by the Trainer's defaults,
    priced by measured steps.
    """
    import torch
    from accelerate.state import AcceleratorState
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        Trainer,
        TrainingArguments,
    )
    from transformers.utils import logging

    from mesocosm.learning.base_models import resolve

    logging.set_verbosity_error()
    folder = resolve(*BASE).folder
    tokenizer = AutoTokenizer.from_pretrained(folder)
    net = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=classes)
    y = torch.tensor([i % classes for i in range(16)])
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-5, fused=False, foreach=False)
    pick = random.Random(0).choices(texts, k=16 * STEPS)
    net.train()
    began = 0.0
    for step in range(STEPS):
        began = cpu() if step == 1 else began
        batch = tokenizer(
            pick[step * 16 : step * 16 + 16],
            padding="max_length",
            max_length=128,
            truncation=True,
            return_tensors="pt",
        )
        net(**batch, labels=y).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    book = (cpu() - began) / (STEPS - 1) * -(-len(texts) // 16) * 5
    data = [
        {**tokenizer(t, truncation=True), "label": i % classes}
        for i, t in enumerate(random.Random(1).choices(texts, k=8 * 5 * STEPS))
    ]
    AcceleratorState._reset_state()  # the Trainer wants its own precision
    with tempfile.TemporaryDirectory() as out:
        trainer = Trainer(
            net,
            TrainingArguments(
                out,
                max_steps=5 * STEPS,
                report_to=[],
                disable_tqdm=True,
                save_strategy="no",
                use_cpu=True,
            ),
            train_dataset=data,
            processing_class=tokenizer,
        )
        began = cpu()
        trainer.train()
        took = cpu() - began
    AcceleratorState._reset_state()
    return book, took / (5 * STEPS) * -(-len(texts) // 8) * 3


def bought(train: tuple[list[str], list[str]], test: tuple[list[str], list[str]]) -> float:
    """The textbook recipe's accuracy: all layers and words from an untrained head, AdamW at 2e-5,
    batch 16, five epochs.
    """
    import torch

    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import encode, load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning.full import Full
    from mesocosm.learning.training.loop import trainer as training_trainer

    torch.manual_seed(0)
    base = resolve(*BASE)
    names = sorted(set(train[1]))
    tokens, trunk = Tokens(base.folder, 128), load_trunk(base)
    tune = Full.model_validate(
        {
            "learning_rate": 2e-5,
            "batch": 16,
            "epochs": 5,
            "patience": 5,
            "embeddings": True,
            "schedule": {"method": "constant", "warmup": 0},
            "clip": 1e9,
        }
    )
    trunk.net = tune.attach(trunk.net)
    start = np.random.default_rng(0).normal(size=(384, len(names))).astype(np.float32) * 0.02
    net = training_trainer.TrunkWithHead(trunk, start, np.zeros(len(names), np.float32), 0.0)
    y = np.array([names.index(c) for c in train[1]])
    rows = training_trainer.TrainingRows(tokens.ids(train[0]), np.zeros((len(y), 0), np.float32), y)
    few = training_trainer.TrainingRows(rows.ids[:32], rows.table[:32], y[:32])
    training_trainer.train(net, tune, rows, few, 0, None, lambda _: None)
    said = (
        encode(trunk.eval(), tokens, test[0]) @ net.weights.detach().numpy()
        + net.bias.detach().numpy()
    )
    return float((said.argmax(1) == np.array([names.index(c) for c in test[1]])).mean())


def tuned(
    train: tuple[list[str], list[str]],
    test: tuple[list[str], list[str]],
    tune: Any,
    store: Path,
    seed: int = 7,
) -> tuple[float, float]:
    """Accuracy on `test` of a base tuned from a fitted head, and the CPU seconds of encoding,
    fitting and tuning.
    """
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.splits import split_dataset
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.fit import fit
    from mesocosm.learning.training.fit_request import FitRequest

    rows = {"x": train[0] + test[0], "y": train[1] + test[1]}
    split = ["validation" if i % 10 == 9 else "train" for i in range(len(train[0]))] + [
        "test"
    ] * len(test[0])
    model = Model.model_validate(
        {
            "base": BASE[0],
            "dataset": "d",
            "target": "y",
            "features": ["x"],
            "fine_tune": tune,
            "seed": seed,
        }
    )
    parts, base = (
        split_dataset(model, rows, split, {"x": "text", "y": "category"}),
        resolve(*BASE),
    )
    began = cpu()
    fitted = fit(FitRequest(model, parts, base, store), lambda _: None)
    head, feats = fitted.head, fitted.features
    took = cpu() - began
    return (
        float(
            (head.logits(feats["test"], parts.table["test"]).argmax(1) == parts.y["test"]).mean()
        ),
        took,
    )


def sentiment() -> list[Line]:
    """The sign of headlines, 800 rows teach and the rest judge, three splits: a tuned base beside
    the textbook recipe, priced in this run.
    """
    rows = [r for r in wire() if float(r["sentiment"])]
    said, told = (
        [r["title"] for r in rows],
        ["up" if float(r["sentiment"]) > 0 else "down" for r in rows],
    )
    ours, costs, theirs = [], [], []
    taught = size(800, 40)
    for seed in range(size(3, 1)):
        order = np.random.default_rng(seed).permutation(len(rows))
        parts = [
            ([said[i] for i in pick], [told[i] for i in pick])
            for pick in (order[:taught], order[taught:])
        ]
        with tempfile.TemporaryDirectory() as store:
            right, took = tuned(
                parts[0], parts[1], {"method": "full", "epochs": 3}, Path(store), seed
            )
        ours.append(right)
        costs.append(took)
        theirs.append(bought(parts[0], parts[1]))
    book, _ = textbook(said[: size(800, 40)], 2)
    ratio = book / mean(costs)
    print(
        f"  headlines, sign: ours {[round(a, 3) for a in ours]} in {mean(costs):.1f} CPU s; the"
        f" textbook {[round(a, 3) for a in theirs]} for {book:.0f}"
    )
    return [
        (
            "headlines, sign: accuracy minus the textbook's",
            mean(ours) - mean(theirs),
            ">= 0",
            mean(ours) >= mean(theirs),
        ),
        ("headlines, sign: textbook CPU / ours", ratio, ">= 15", ratio >= 15),
    ]


def few_signs() -> list[Line]:
    """The sign of headlines from few labels: a base that first brings those of a class together,
    beside the base as it is; four draws, means.
    """
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.pretraining.run import Corpus, pretrain
    from mesocosm.learning.pretraining.settings import Pretrain

    rows = [r for r in wire() if float(r["sentiment"])]
    said, told = (
        [r["title"] for r in rows],
        np.array(["up" if float(r["sentiment"]) > 0 else "down" for r in rows]),
    )
    setting = Pretrain.model_validate(
        {
            "fields": ["x"],
            "method": {"method": "contrastive", "fields": ["y"]},
            "epochs": size(15, 1),
            "learning_rate": 1e-4,
        }
    )
    base, found = resolve(*BASE), {}
    for shots in (16, 64)[: size(2, 1)]:
        gains, plain = [], []
        for seed in range(size(4, 1)):
            order = np.random.default_rng(seed).permutation(len(rows))
            pick = [int(i) for c in ("down", "up") for i in order[told[order] == c][:shots]]
            test = [int(i) for i in order if i not in set(pick)][:400]
            parts = [
                ([said[i] for i in some], [str(told[i]) for i in some]) for some in (pick, test)
            ]
            with tempfile.TemporaryDirectory() as store:
                moved, _ = pretrain(
                    base,
                    Corpus(parts[0][0], {"y": parts[0][1]}),
                    setting,
                    128,
                    seed,
                    Path(store),
                    lambda _: None,
                )
                plain.append(frozen(parts[0], parts[1], Path(store))[0])
                gains.append(
                    frozen(parts[0], parts[1], Path(store), moved, "linear")[0] - plain[-1]
                )
        found[shots] = mean(gains)
        print(
            f"  headlines, sign, {shots} labels a class: as it is {mean(plain):.4f}, brought"
            f" together first {mean(plain) + mean(gains):.4f} (gains"
            f" {[round(g, 3) for g in gains]})",
            flush=True,
        )
    return [
        (f"headlines, sign, {n} labels a class: contrastive first, minus as it is", g, "> 0", g > 0)
        for n, g in found.items()
    ]


def row_cost() -> list[Line]:
    """CPU of one trained row: ours at its defaults beside the Trainer's defaults, the same texts,
    no epoch's end counted.
    """
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning.full import Full
    from mesocosm.learning.training.loop import trainer as training_trainer

    texts, _ = messages("train")
    many = size(1600, 48)
    pick = random.Random(2).sample(texts, many)
    base = resolve(*BASE)
    tokens, ratios, costs = Tokens(base.folder, 128), [], []
    for seed in range(size(3, 1)):
        tune, trunk = Full.model_validate({"epochs": 1}), load_trunk(base)
        trunk.net = tune.attach(trunk.net)
        net = training_trainer.TrunkWithHead(
            trunk, np.zeros((384, 77), np.float32), np.zeros(77, np.float32), 0.1
        )
        rows = training_trainer.TrainingRows(
            tokens.ids(pick), np.zeros((many, 0), np.float32), np.arange(many) % 77
        )
        few = training_trainer.TrainingRows(rows.ids[:8], rows.table[:8], rows.y[:8])
        began = cpu()
        training_trainer.train(net, tune, rows, few, seed, None, lambda _: None)
        mine = (cpu() - began) / many
        trainer = textbook(pick, 77)[1] / (3 * many)
        costs.append((mine, trainer))
        ratios.append(trainer / mine)
    print(
        "  a trained row, CPU ms, ours and the Trainer's defaults:",
        [(round(a * 1000, 2), round(b * 1000, 2)) for a, b in costs],
    )
    return [("a trained row: Trainer CPU / ours", median(ratios), ">= 4", median(ratios) >= 4)]


def methods() -> list[Line]:
    """Each way to tune on ten classes: accuracy, share of weights, seconds."""
    from mesocosm.learning.fine_tuning import FINE_TUNING

    texts, labels = messages("train")
    judged, answers = messages("test")
    ten = sorted(set(labels))[: size(60, 3) : size(6, 1)]
    rng = random.Random(0)
    order = [i for i, c in enumerate(labels) if c in ten]
    rng.shuffle(order)
    order = order[:600]
    test = [i for i, c in enumerate(answers) if c in ten]
    x, y = (
        [texts[i] for i in order] + [judged[i] for i in test],
        [labels[i] for i in order] + [answers[i] for i in test],
    )
    split = ["validation" if i % 6 == 0 else "train" for i in range(len(order))] + ["test"] * len(
        test
    )
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as store:
        for name in some(FINE_TUNING, "frozen", "full", "lora"):
            began, clock = cpu(), time.perf_counter()
            made = grown(x, y, split, name, Path(store))
            found[name] = made.metrics["accuracy"]
            moved = made.history[0]["trained"] if made.history else 0
            print(
                f"  {name:<9} accuracy {found[name]:.4f}  trained {moved:>10,}"
                f" ({moved / 22_713_216:7.3%})  {cpu() - began:6.1f} CPU s "
                f" {time.perf_counter() - clock:5.1f} s",
                flush=True,
            )
    worst = min(found, key=lambda n: found[n])
    return [
        (
            f"worst tuning method ({worst}) minus full",
            found[worst] - found["full"],
            ">= -0.03",
            found[worst] >= found["full"] - 0.03,
        )
    ]


def kept() -> list[Line]:
    """What is kept between runs: features of a frozen base and states of its lower layers, computed
    once and read again.
    """
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import embed_texts, load_trunk
    from mesocosm.learning.features.layer_cache import compute_states
    from mesocosm.learning.features.tokenizer import Tokens

    texts, _ = messages("train")
    texts, base = texts[: size(2000, 60)], resolve(*BASE)
    ids, trunk = Tokens(base.folder, 128).ids(texts), load_trunk(base)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as store:
        ways = {
            "features": lambda: embed_texts(base, texts, 128, Path(store)),
            "lower layers": lambda: compute_states(base, trunk, ids, 2, 128, Path(store)),
        }
        for name, way in ways.items():
            took = []
            for _ in range(2):
                began = time.perf_counter()
                way()
                took.append(time.perf_counter() - began)
            print(
                f"  {name} of {len(texts):,} texts: {took[0]:.2f} s, the second time"
                f" {took[1]:.3f} s"
            )
            lines.append(
                (
                    f"kept {name}: second time / first",
                    took[1] / took[0],
                    "<= 0.1",
                    took[1] <= 0.1 * took[0],
                )
            )
    return lines


TUNED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from data import messages
from transfer import grown
from mesocosm.core.timer import process_memory
import tempfile
texts, labels = messages("train")
step = 10 if len(texts) > 10_000 else 3
texts, labels = texts[::step][:1000], labels[::step][:1000]
split = ["test" if i % 10 == 0 else "validation" if i % 10 == 1 else "train" for i in range(len(texts))]
with tempfile.TemporaryDirectory() as store:
    grown(texts, labels, split, {"method": "full", "epochs": 1, "batch": 32}, Path(store))
print(process_memory(peak=True))
"""


def memory() -> list[Line]:
    """The peak memory of one process that tunes all layers at batch 32, exports and judges: GB.
    (`ru_maxrss` begins at what the process that starts it holds.)
    """
    done = subprocess.run(
        [sys.executable, "-c", TUNED, str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    peak = float(done.stdout.strip().splitlines()[-1])
    return [("peak GB of full tuning at batch 32, export in it", peak, "<= 2.5", peak <= 2.5)]


def forgets() -> list[Line]:
    """One row taken out of a head over 2,000 texts, beside solving anew at the same settings:
    medians of five rows.
    """
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.features.embeddings import embed_texts
    from mesocosm.learning.heads.kernel import KernelRidge
    from mesocosm.learning.heads.unlearning import ExactRemoval, refit_weights

    texts, labels = messages("train")
    many = size(2000, 120)
    order = random.Random(0).sample(range(len(texts)), many)
    names = sorted(set(labels))
    with tempfile.TemporaryDirectory() as store:
        x = embed_texts(resolve(*BASE), [texts[i] for i in order], 128, Path(store))
    head = KernelRidge().fit(
        x,
        np.zeros((many, 0), np.float32),
        np.array([names.index(labels[i]) for i in order]),
        len(names),
        7,
    )
    exact, took, again, gaps = ExactRemoval(head), [], [], []
    for row in (3, many // 4, many // 2, many * 3 // 4, many - 1):
        began = time.perf_counter()
        exact.take_out(row)
        took.append(time.perf_counter() - began)
        left = exact.left()
        began = time.perf_counter()
        weights = refit_weights(left)
        again.append(time.perf_counter() - began)
        gaps.append(float(np.abs(weights - left.alpha).max()))
    print(
        f"  one row forgotten in {median(took) * 1000:.2f} ms, solved anew in"
        f" {median(again) * 1000:.0f} ms, at most {max(gaps):.1e} apart"
    )
    return [
        ("forgetting a row: difference from solving anew", max(gaps), "<= 1e-9", max(gaps) <= 1e-9),
        (
            "solving anew / forgetting a row",
            median(again) / median(took),
            ">= 100",
            median(again) >= 100 * median(took),
        ),
    ]


def few() -> list[Line]:
    """2,000 rows beside the textbook and the Trainer; ten rows a class."""
    train, test = messages("train"), messages("test")
    order = random.Random(0).sample(range(len(train[0])), size(2000, 60))
    part = ([train[0][i] for i in order], [train[1][i] for i in order])
    with tempfile.TemporaryDirectory() as store:
        ours, took = frozen(part, test, Path(store))
    theirs = bought(part, test)
    book, trainer = textbook(part[0], len(set(part[1])))
    print(
        f"  2,000 rows: ours {ours:.4f} in {took:.1f} CPU s; the textbook {theirs:.4f} for"
        f" {book:.0f}; the Trainer's defaults would take {trainer:.0f}"
    )
    shots = []
    for seed in range(size(3, 1)):
        rng = random.Random(seed)
        pick = [
            i
            for c in sorted(set(train[1]))
            for i in rng.sample([j for j, said in enumerate(train[1]) if said == c], size(10, 5))
        ]
        with tempfile.TemporaryDirectory() as store:
            shots.append(
                frozen(
                    ([train[0][i] for i in pick], [train[1][i] for i in pick]), test, Path(store)
                )[0]
            )
    print("  ten rows a class, three draws:", [round(s, 4) for s in shots])
    return [
        ("2,000 rows: accuracy minus the textbook's", ours - theirs, "> 0", ours > theirs),
        ("2,000 rows: textbook CPU / ours", book / took, ">= 100", book >= 100 * took),
        ("2,000 rows: Trainer CPU / ours", trainer / took, ">= 20", trainer >= 20 * took),
        ("ten rows a class, mean accuracy", mean(shots), ">= 0.86", mean(shots) >= 0.86),
    ]


def headlines() -> list[Line]:
    """Sentiment of headlines in three classes (at -0.1 and 0.1), five folds, beside TF-IDF with
    logistic regression.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline

    warnings.filterwarnings("ignore")
    rows = wire()
    x = [r["title"] for r in rows]
    y = [
        "up" if float(r["sentiment"]) > 0.1 else "down" if float(r["sentiment"]) < -0.1 else "flat"
        for r in rows
    ]
    ours, peer = [], []
    with tempfile.TemporaryDirectory() as store:
        for fold, (train, test) in enumerate(
            StratifiedKFold(size(5, 2), shuffle=True, random_state=0).split(x, y)
        ):
            held = set(np.random.default_rng(fold).permutation(train)[: len(train) // 10].tolist())
            split = [
                "test" if i in set(test.tolist()) else "validation" if i in held else "train"
                for i in range(len(x))
            ]
            ours.append(
                grown(
                    x, y, split, {"method": "full", "epochs": size(4, 1)}, Path(store), fold
                ).metrics["macro_f1"]
            )
            net = make_pipeline(
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                LogisticRegression(C=10, max_iter=1000, class_weight="balanced"),
            )
            net.fit([x[i] for i in train], [y[i] for i in train])
            peer.append(
                float(
                    f1_score(
                        [y[i] for i in test], net.predict([x[i] for i in test]), average="macro"
                    )
                )
            )
    print(
        "  headlines, macro F1 by fold, ours and TF-IDF:",
        [(round(a, 3), round(b, 3)) for a, b in zip(ours, peer, strict=True)],
    )
    return [
        (
            "headlines macro F1 minus TF-IDF",
            mean(ours) - mean(peer),
            ">= 0.05",
            mean(ours) >= mean(peer) + 0.05,
        )
    ]
