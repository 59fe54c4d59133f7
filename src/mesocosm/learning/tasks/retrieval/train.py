"""Train a retriever: questions are mapped to their answers; it is evaluated by the rank of the
right answer among all.

Knows the parts of retrieval. Knows nothing of catalogs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import aside_name, write_json
from mesocosm.learning.base_models import Base
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.heads.folds import number_groups
from mesocosm.learning.tasks.generation.prompt import split_pairs
from mesocosm.learning.tasks.retrieval.cost import retrieval_job
from mesocosm.learning.tasks.retrieval.metrics import compare, evaluate, rank_by_words
from mesocosm.learning.tasks.retrieval.query_projection import (
    fit_projection,
    normalize_rows,
    rank_answers,
)

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
from mesocosm.learning.tasks.train_result import assemble_result
from mesocosm.learning.training.context import TrainContext, TrainResult
from mesocosm.learning.training.loop.records import History

Array = np.ndarray[Any, Any]
Say = Callable[[str], None]
Embed = Callable[[Sequence[str]], Array]
MAX_ANSWERS = 200_000  # different answers that each question is compared with


@dataclass(frozen=True)
class _Questions:
    """Questions and their answers by part.

    Args:
        where: the row numbers of each part.
        texts: the questions of each part.
        targets: the answers of each part.
        known: all different answers that can be found.
        gone: answers of replayed rows only, which are trained on and not found any more.
        old: rows from here on are replayed ones of an earlier snapshot.
    """

    where: dict[str, list[int]]
    texts: dict[str, list[str]]
    targets: dict[str, list[str]]
    known: list[str]
    gone: list[str]
    old: int

    @property
    def answers(self) -> list[str]:
        """All answers, those that can be found first."""
        return [*self.known, *self.gone]

    def right(self) -> dict[str, Array]:
        """The number of each row's answer by part."""
        number = {text: k for k, text in enumerate(self.answers)}
        return {p: np.array([number[t] for t in self.targets[p]], dtype=np.int64) for p in PARTS}

    def shared(self) -> int:
        """How many test rows equal a training row."""
        train = set(zip(self.texts["train"], self.targets["train"], strict=True))
        return len(set(zip(self.texts["test"], self.targets["test"], strict=True)) & train)


@dataclass
class _Encoded:
    """Unit vectors of questions by part, and of all answers.

    Args:
        encode: texts to vectors.
        trunk: the fine-tuned one; None where the base is frozen.
        history: of the fine-tuning.
    """

    questions: dict[str, Array]
    answers: Array
    encode: Embed
    trunk: Any = None
    history: History = field(default_factory=list)


def train_retriever(
    name: str,
    model: Model,
    base: Base,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    site: TrainContext,
    say: Say,
) -> TrainResult:
    """Fill the site's folder with a version that finds the field `predict`.

    Raises:
        ConfigValueError: the data does not fit the settings.
    """
    from mesocosm.learning.tasks.retrieval import continual

    began = time.perf_counter()
    data = _read_questions(model, rows, split, site)
    estimate = track_estimate(
        retrieval_job(model, base, data.texts, data.targets, site.store), site.store
    )
    estimate.announce(say)
    estimate.import_libraries(base)
    encoded = _embed(model, base, data, site, say)
    estimate.timer.end("reading")
    right, count = data.right(), len(data.known)
    untrained = rank_answers(encoded.questions["test"], encoded.answers[:count], right["test"])
    if not isinstance(model.fine_tune, Frozen):
        encoded = _fine_tune(base, model, data, right, site, say)
        estimate.timer.end("tuning")
    turn, chosen = _fit_projection(data, encoded, right, site, say)
    estimate.timer.end("matrix")
    answers = encoded.answers[:count]
    places = rank_answers(normalize_rows(encoded.questions["test"] @ turn), answers, right["test"])
    metrics = _evaluate(data, places, untrained, right["test"], model.seed, say)
    if site.past and encoded.trunk is not None:
        metrics |= continual.measure_retention(
            site.past, model.features, model.target, encoded.encode, turn, say
        )
    estimate.timer.end("judging")
    trunk_path = _write_trunk(base, encoded.trunk, site)
    _write_answers(data, answers, turn, right, site)
    card = _card(name, model, base, trunk_path, chosen, data)
    write_json(site.folder / "card.json", card)
    estimate.timer.end("export")
    return assemble_result(model, card, metrics, encoded.history, estimate, began)


def _read_questions(
    model: Model, rows: Mapping[str, Sequence[Any]], split: Sequence[str], site: TrainContext
) -> _Questions:
    """The questions and answers of a dataset; refused where answers are too few or too many."""
    where, texts, targets = split_pairs(model.features, model.target, rows, split)
    old = len(split) - (site.past.old if site.past else 0)
    known: dict[str, None] = {}
    for part in PARTS:
        for i, text in zip(where[part], targets[part], strict=True):
            if i < old:
                known.setdefault(text)
    if not 2 <= len(known) <= MAX_ANSWERS:
        raise ConfigValueError(
            "target",
            f"'{model.target}' holds {len(known)} different texts",
            f"2 to {MAX_ANSWERS:,}",
        )
    gone = sorted(set(targets["train"]) - set(known))
    return _Questions(where, texts, targets, list(known), gone, old)


def _embed(model: Model, base: Base, data: _Questions, site: TrainContext, say: Say) -> _Encoded:
    """Questions and answers under the untouched base."""
    from mesocosm.learning.features.embeddings import embed_texts

    def embed(texts: Sequence[str]) -> Array:
        return embed_texts(base, texts, model.max_length, site.store, say)

    questions = {p: embed(data.texts[p]) for p in PARTS if data.texts[p]}
    encoded = _Encoded(questions, embed(data.answers), embed)
    say(
        f"embedded {sum(map(len, data.texts.values()))} questions and {len(data.known)} different"
        f" answers with {base.name}"
    )
    return encoded


def _fit_projection(
    data: _Questions, encoded: _Encoded, right: Mapping[str, Array], site: TrainContext, say: Say
) -> tuple[Array, dict[str, Any]]:
    """The matrix from questions to answers, and the settings that were chosen."""
    groups = [site.groups[i] for i in data.where["train"]] if site.groups else []
    turn, chosen = fit_projection(
        encoded.questions["train"],
        encoded.answers[right["train"]],
        encoded.answers,
        right["train"],
        number_groups(groups),
    )
    if chosen["pull"] is not None:
        say(
            f"fitted a projection from questions to answers (strength {chosen['pull']:g}):"
            f" leave-one-out mean reciprocal rank {chosen['left_out_mrr']:.3f}"
        )
    return turn, chosen


def _evaluate(
    data: _Questions, places: Array, untrained: Array, right: Array, seed: int, say: Say
) -> dict[str, Any]:
    """Metrics on the test rows, compared with the untrained base and with words in common."""
    by_words = rank_by_words(data.texts["train"], data.texts["test"], data.known, right)
    metrics = evaluate(places, seed)
    metrics["baselines"] = {
        "base": compare(places, untrained),
        "linear": compare(places, by_words),
    }
    metrics |= {f"gain_over_{other}": b["gain"] for other, b in metrics["baselines"].items()}
    metrics["answers"] = len(data.known)
    metrics["leaks"] = {"shared": data.shared(), "telling": {}}
    say(
        f"{len(places)} test rows, {len(data.known)} answers: recall at 1"
        f" {metrics['recall_at_1']:.1%} {metrics['interval']['recall_at_1']}, mean reciprocal rank"
        f" {metrics['mrr']:.3f}"
    )
    return metrics


def _write_trunk(base: Base, trunk: Any, site: TrainContext) -> str:
    """The path, from the version's folder, of the graph that encodes texts; a fine-tuned one is
    exported.
    """
    from mesocosm.learning.export.onnx_export import shared_trunk, tuned_trunk

    if trunk is None:
        return os.path.relpath(shared_trunk(base, site.store), site.store / "models" / "x" / "y")
    tuned_trunk(trunk, base, site.folder / "trunk", site.store)
    return "trunk"


def _write_answers(
    data: _Questions, answers: Array, turn: Array, right: Mapping[str, Array], site: TrainContext
) -> None:
    """Write the answers' vectors and texts, and the dataset's rows that gave each."""
    from safetensors.numpy import save_file

    path = site.folder / "answers.safetensors"
    aside = site.folder / aside_name(path)
    save_file({"answers": np.ascontiguousarray(answers, np.float32), "turn": turn}, aside)
    os.replace(aside, path)
    rows: list[list[int]] = [[] for _ in data.known]
    numbered = chain.from_iterable(zip(data.where[p], right[p], strict=True) for p in PARTS)
    for i, k in numbered:
        if i < data.old:
            rows[k].append(site.ids[i] if site.ids else -1)
    write_json(site.folder / "answers.json", {"answers": data.known, "rows": rows})


def _card(
    name: str, model: Model, base: Base, trunk: str, chosen: dict[str, Any], data: _Questions
) -> dict[str, Any]:
    """The version's card."""
    return {
        "model": name,
        "task": "retrieval",
        "labels": [],
        "predict": model.target,
        "predicts": "text",
        "inputs": list(model.features),
        "texts": list(model.features),
        "block": {},
        "max_length": model.max_length,
        "base": base.name,
        "licence": base.licence,
        "trunk": trunk,
        "precision": "fp32",
        "method": model.fine_tune.method,
        "head": "matrix" if chosen["pull"] else "cosine",
        "settings": chosen,
        "rows": {p: len(data.where[p]) for p in PARTS},
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }


def _fine_tune(
    base: Base,
    model: Model,
    data: _Questions,
    right: Mapping[str, Array],
    site: TrainContext,
    say: Say,
) -> _Encoded:
    """Train the trunk, and encode questions and answers with it."""
    import torch

    from mesocosm.learning.features.embeddings import describe_trainable, encode, load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.tasks.retrieval import continual
    from mesocosm.learning.tasks.retrieval.net import PairEncoder
    from mesocosm.learning.training.loop import trainer

    tune: Any = model.fine_tune
    torch.manual_seed(model.seed)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    tokens = Tokens(base.folder, model.max_length)
    net = PairEncoder(trunk)
    if site.past:
        site.past.begin(net, base, tune.method, None, say)
    trained = sum(p.numel() for p in net.parameters() if p.requires_grad)
    say(describe_trainable(tune.method, trained, sum(p.numel() for p in trunk.parameters())))
    parts = _tokenize(tokens, data, right)
    history = trainer.train(
        net,
        tune,
        parts["train"],
        parts["validation"] if data.texts["validation"] else parts["train"],
        model.seed,
        site.store / "work" / site.build_key,
        lambda record: say(trainer.as_progress(record)),
    )
    net.float()
    if site.past:
        importance = partial(continual.estimate_importance, net, parts["train"])
        site.past.end(net, base, tune.method, None, importance, site.folder)
    history[0] = history[0] | {"trained": trained}
    trunk.net = tune.merge(trunk.net)
    trunk.eval()
    return _Encoded(
        {p: encode(trunk, tokens, data.texts[p], say) for p in PARTS if data.texts[p]},
        encode(trunk, tokens, data.answers, say),
        lambda texts: encode(trunk, tokens, texts),
        trunk,
        history,
    )


def _tokenize(tokens: Any, data: _Questions, right: Mapping[str, Array]) -> dict[str, Any]:
    """Rows of each part: a question's ids and its answer's, and where the question ends."""
    from mesocosm.learning.training.loop.rows import TrainingRows

    answer_ids = tokens.ids(data.answers)
    parts = {}
    for part in PARTS:
        ids = tokens.ids(data.texts[part]) if data.texts[part] else []
        ends = np.array([[len(i)] for i in ids], np.float32).reshape(len(ids), 1)
        pairs = [[*q, *answer_ids[k]] for q, k in zip(ids, right[part], strict=True)]
        parts[part] = TrainingRows(pairs, ends, right[part])
    return parts
