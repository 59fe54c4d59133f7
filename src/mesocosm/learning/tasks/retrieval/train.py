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
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import aside_name, write_json
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.base_models import Base
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.heads.folds import number_groups
from mesocosm.learning.tasks.generation.prompt import TextPairs, split_pairs
from mesocosm.learning.tasks.net_weights import count_trainable, count_weights
from mesocosm.learning.tasks.outcome import Metrics, gains_of, read_interval
from mesocosm.learning.tasks.retrieval.card import make_card
from mesocosm.learning.tasks.retrieval.cost import retrieval_job
from mesocosm.learning.tasks.retrieval.metrics import compare, evaluate, rank_by_words
from mesocosm.learning.tasks.retrieval.query_projection import (
    ChosenProjection,
    fit_projection,
    normalize_rows,
    rank_answers,
)
from mesocosm.learning.tasks.train_result import assemble_result
from mesocosm.learning.training.context import TrainContext, TrainResult
from mesocosm.learning.training.loop.records import History

if TYPE_CHECKING:
    from mesocosm.learning.features.embeddings import Trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.loop.rows import TrainingRows

Embed = Callable[[Sequence[str]], Floats]
MAX_ANSWERS = 200_000  # different answers that each question is compared with


@dataclass(frozen=True)
class _Questions:
    """Questions and their answers by part.

    Args:
        pairs: the questions and answers of each part.
        known: all different answers that can be found.
        gone: answers of replayed rows only, which are trained on and not found any more.
        old: rows from here on are replayed ones of an earlier snapshot.
    """

    pairs: TextPairs
    known: list[str]
    gone: list[str]
    old: int

    @property
    def answers(self) -> list[str]:
        """All answers, those that can be found first."""
        return [*self.known, *self.gone]

    @property
    def held_out(self) -> str:
        """The part that decides when to stop: `validation`, or `train` where that has no rows."""
        if self.pairs.texts["validation"]:
            return "validation"
        return "train"

    def right(self) -> dict[str, Ints]:
        """The number of each row's answer by part."""
        number = {text: k for k, text in enumerate(self.answers)}
        numbered: dict[str, Ints] = {}
        for part in PARTS:
            answers = [number[text] for text in self.pairs.answers[part]]
            numbered[part] = np.array(answers, dtype=np.int64)
        return numbered

    def shared(self) -> int:
        """How many test rows equal a training row."""
        texts, answers = self.pairs.texts, self.pairs.answers
        train = set(zip(texts["train"], answers["train"], strict=True))
        return len(train.intersection(zip(texts["test"], answers["test"], strict=True)))


@dataclass
class _Encoded:
    """Unit vectors of questions by part, and of all answers.

    Args:
        encode: texts to vectors.
        trunk: the fine-tuned one; None where the base is frozen.
        history: of the fine-tuning.
    """

    questions: dict[str, Floats]
    answers: Floats
    encode: Embed
    trunk: Trunk | None = None
    history: History = field(default_factory=list)


def train_retriever(
    name: str,
    model: Model,
    base: Base,
    rows: Mapping[str, Sequence[object]],
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
    job = retrieval_job(model, base, data.pairs.texts, data.pairs.answers, site.store)
    estimate = track_estimate(job, site.store)
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
    asked: Floats = encoded.questions["test"] @ turn
    places = rank_answers(normalize_rows(asked), answers, right["test"])
    metrics = _evaluate(data, places, untrained, right["test"], model.seed, say)
    if site.past and encoded.trunk is not None:
        metrics |= continual.measure_retention(
            site.past, model.features, model.target, encoded.encode, turn, say
        )
    estimate.timer.end("judging")
    trunk_path = _write_trunk(base, encoded.trunk, site)
    _write_answers(data, answers, turn, right, site)
    rows_by_part = {part: len(data.pairs.where[part]) for part in PARTS}
    card = make_card(name, model, base, trunk_path, chosen, rows_by_part)
    write_json(site.folder / "card.json", card)
    estimate.timer.end("export")
    return assemble_result(model, card, metrics, encoded.history, estimate, began)


def _read_questions(
    model: Model, rows: Mapping[str, Sequence[object]], split: Sequence[str], site: TrainContext
) -> _Questions:
    """The questions and answers of a dataset; refused where answers are too few or too many."""
    pairs = split_pairs(model.features, model.target, rows, split)
    old = len(split)
    if site.past:
        old -= site.past.old
    known = _distinct_answers(pairs, old)
    if not 2 <= len(known) <= MAX_ANSWERS:
        raise ConfigValueError(
            "target",
            Message("learning.different_answers", name=model.target, texts=len(known)),
            Message("learning.answer_range", most=MAX_ANSWERS),
        )
    gone = sorted(set(pairs.answers["train"]) - set(known))
    return _Questions(pairs, known, gone, old)


def _distinct_answers(pairs: TextPairs, old: int) -> list[str]:
    """The different answers of all rows before the `old` ones, in their order."""
    known: dict[str, None] = {}
    for part in PARTS:
        for i, text in zip(pairs.where[part], pairs.answers[part], strict=True):
            if i < old:
                known.setdefault(text)
    return list(known)


def _embed(model: Model, base: Base, data: _Questions, site: TrainContext, say: Say) -> _Encoded:
    """Questions and answers under the untouched base."""
    from mesocosm.learning.features.embeddings import embed_texts

    def embed(texts: Sequence[str]) -> Floats:
        return embed_texts(base, texts, model.max_length, site.store, say)

    questions = {part: embed(texts) for part, texts in data.pairs.texts.items() if texts}
    encoded = _Encoded(questions, embed(data.answers), embed)
    say(
        Message(
            "progress.embedded_questions",
            questions=sum(map(len, data.pairs.texts.values())),
            answers=len(data.known),
            base=base.name,
        )
    )
    return encoded


def _fit_projection(
    data: _Questions, encoded: _Encoded, right: Mapping[str, Ints], site: TrainContext, say: Say
) -> tuple[Floats, ChosenProjection]:
    """The matrix from questions to answers, and the settings that were chosen."""
    groups: list[object] = []
    if site.groups:
        groups = [site.groups[i] for i in data.pairs.where["train"]]
    turn, chosen = fit_projection(
        encoded.questions["train"],
        encoded.answers[right["train"]],
        encoded.answers,
        right["train"],
        number_groups(groups),
    )
    if chosen["pull"] is not None:
        say(Message("progress.projection", strength=chosen["pull"], mrr=chosen["left_out_mrr"]))
    return turn, chosen


def _evaluate(
    data: _Questions, places: Floats, untrained: Floats, right: Ints, seed: int, say: Say
) -> Metrics:
    """Metrics on the test rows, compared with the untrained base and with words in common."""
    texts = data.pairs.texts
    by_words = rank_by_words(texts["train"], texts["test"], data.known, right)
    metrics = evaluate(places, seed)
    baselines = {"base": compare(places, untrained), "linear": compare(places, by_words)}
    metrics["baselines"] = baselines
    metrics |= gains_of(baselines)
    metrics["answers"] = len(data.known)
    metrics["leaks"] = {"shared": data.shared(), "telling": {}}
    say(
        Message(
            "progress.retrieval_metrics",
            rows=len(places),
            answers=len(data.known),
            recall=f"{metrics['recall_at_1']:.1%}",
            interval=str(read_interval(metrics, "recall_at_1")),
            mrr=f"{metrics['mrr']:.3f}",
        )
    )
    return metrics


def _write_trunk(base: Base, trunk: Trunk | None, site: TrainContext) -> str:
    """The path, from the version's folder, of the graph that encodes texts; a fine-tuned one is
    exported.
    """
    from mesocosm.learning.export.onnx_export import shared_trunk, tuned_trunk

    if trunk is None:
        return os.path.relpath(shared_trunk(base, site.store), site.store / "models" / "x" / "y")
    tuned_trunk(trunk, base, site.folder / "trunk", site.store)
    return "trunk"


def _write_answers(
    data: _Questions, answers: Floats, turn: Floats, right: Mapping[str, Ints], site: TrainContext
) -> None:
    """Write the answers' vectors and texts, and the dataset's rows that gave each."""
    from safetensors.numpy import save_file

    path = site.folder / "answers.safetensors"
    aside = site.folder / aside_name(path)
    save_file({"answers": np.ascontiguousarray(answers, np.float32), "turn": turn}, aside)
    os.replace(aside, path)
    rows = _rows_by_answer(data, right, site.ids)
    write_json(site.folder / "answers.json", {"answers": data.known, "rows": rows})


def _rows_by_answer(
    data: _Questions, right: Mapping[str, Ints], ids: Sequence[int]
) -> list[list[int]]:
    """The dataset's rows that gave each answer; -1 for one whose number is not known."""
    rows: list[list[int]] = [[] for _ in data.known]
    for part in PARTS:
        for i, answer in zip(data.pairs.where[part], right[part].tolist(), strict=True):
            if i < data.old:
                rows[answer].append(ids[i] if ids else -1)
    return rows


def _fine_tune(
    base: Base,
    model: Model,
    data: _Questions,
    right: Mapping[str, Ints],
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

    tune = model.fine_tune
    assert isinstance(tune, Gradient)
    torch.manual_seed(model.seed)
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    tokens = Tokens(base.folder, model.max_length)
    net = PairEncoder(trunk)
    if site.past:
        site.past.begin(net, base, tune.method, None, say)
    trained = count_trainable(net)
    say(describe_trainable(tune.method, trained, count_weights(trunk)))
    parts = _tokenize(tokens, data, right)
    history = trainer.train(
        net,
        tune,
        parts["train"],
        parts[data.held_out],
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
    questions = {
        part: encode(trunk, tokens, texts, say) for part, texts in data.pairs.texts.items() if texts
    }
    return _Encoded(
        questions,
        encode(trunk, tokens, data.answers, say),
        lambda texts: encode(trunk, tokens, texts),
        trunk,
        history,
    )


def _tokenize(
    tokens: Tokens, data: _Questions, right: Mapping[str, Ints]
) -> dict[str, TrainingRows]:
    """Rows of each part: a question's ids and its answer's, and where the question ends."""
    from mesocosm.learning.training.loop.rows import TrainingRows

    answer_ids = tokens.ids(data.answers)
    parts = {}
    for part in PARTS:
        ids: list[list[int]] = []
        if data.pairs.texts[part]:
            ids = tokens.ids(data.pairs.texts[part])
        ends = np.array([[len(i)] for i in ids], np.float32).reshape(len(ids), 1)
        pairs = [[*q, *answer_ids[k]] for q, k in zip(ids, right[part].tolist(), strict=True)]
        parts[part] = TrainingRows(pairs, ends, right[part])
    return parts
