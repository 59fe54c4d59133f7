"""Train a text generator: a causal base is fine-tuned to answer as its rows do, evaluated, and
stored as its difference from the base.

Knows the parts of generation. Knows nothing of catalogs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.core.records import Json
from mesocosm.core.timer import PhaseTimer
from mesocosm.core.values.words import name_script
from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.base_models import Base
from mesocosm.learning.base_models.language_coverage import find_unknown_script
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.metric_names import describe_retention
from mesocosm.learning.tasks.generation.card import make_card
from mesocosm.learning.tasks.generation.cost import generation_job
from mesocosm.learning.tasks.generation.metrics import (
    Example,
    compare,
    evaluate,
    nearest_answers,
)
from mesocosm.learning.tasks.generation.prompt import Prompter, TextPairs, split_pairs
from mesocosm.learning.tasks.net_weights import count_trainable, count_weights
from mesocosm.learning.tasks.outcome import Metrics, gains_of
from mesocosm.learning.tasks.train_result import assemble_result
from mesocosm.learning.training.context import TrainContext, TrainResult
from mesocosm.learning.training.loop.records import History

if TYPE_CHECKING:
    from torch import Tensor

    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.generation.continual import Examples
    from mesocosm.learning.tasks.generation.net import CausalModel, CausalNet
    from mesocosm.learning.training.loop.rows import TrainingRows

MAX_GENERATED = 40  # test rows for which answers are generated
MAX_EVALUATED = 400  # test rows on whose own answers the loss is measured
MAX_EXAMPLES, EXAMPLE_CHARACTERS = 5, 500  # examples in the metrics, and characters of each text


@dataclass(frozen=True)
class _Conversations:
    """Prompts and answers by part, as texts and as tokens.

    Args:
        pairs: as texts.
        ids: tokens of prompt and answer.
        y: the tokens that the loss counts.
        prompts: of the first test rows, for which answers are generated.
    """

    pairs: TextPairs
    ids: dict[str, list[list[int]]]
    y: dict[str, Ints]
    prompts: list[list[int]]

    @property
    def wanted(self) -> list[str]:
        """The own answers of the test rows for which answers are generated."""
        return self.pairs.answers["test"][:MAX_GENERATED]


@dataclass
class _Trained:
    """What fine-tuning gave.

    Args:
        loss: the summed loss of each test row's own answer, in nats; before any training.
        tokens: the number of its tokens.
        answers: those generated for the first test rows.
        delta: the trained weights, by their names below the head.
        history: of the epochs.
        retention: the perplexity on the previous test rows, before and after.
    """

    loss: Floats
    tokens: Ints
    answers: list[str]
    delta: dict[str, Tensor] = field(default_factory=dict)
    history: History = field(default_factory=list)
    retention: dict[str, Json] = field(default_factory=dict)


def train_generator(
    name: str,
    model: Model,
    base: Base,
    rows: Mapping[str, Sequence[object]],
    split: Sequence[str],
    site: TrainContext,
    say: Say,
) -> TrainResult:
    """Fill the site's folder with a version that generates the field `predict`.

    Raises:
        ConfigValueError: the data or the base does not fit the settings.
    """
    import torch
    from safetensors.torch import save_file

    began = time.perf_counter()
    if model.fine_tune.method in ("prompt", "bitfit"):
        raise ConfigValueError(
            "fine_tune",
            Message("learning.method_not_causal", method=model.fine_tune.method),
            Message("learning.causal_methods"),
        )
    torch.manual_seed(model.seed)
    pairs = split_pairs(model.features, model.target, rows, split)
    if not any(pairs.texts["train"]):
        raise ConfigValueError(
            "features", Message("learning.no_value_at_all"), Message("learning.input_with_values")
        )
    _check_script(base, pairs)
    shared = _count_shared(pairs, say)
    job = generation_job(model, base, pairs.texts, pairs.answers, MAX_EVALUATED, MAX_GENERATED)
    estimate = track_estimate(job, site.store)
    estimate.announce(say)
    estimate.import_libraries(base)
    prompter = Prompter(base, model.instruction, model.max_length, model.max_new_tokens)
    data = _tokenize(prompter, pairs)
    metrics, trained = _train(base, model, prompter, data, site, estimate.timer, say)
    if model.allow_private:  # private texts stay out of reports and of progress
        metrics["examples"] = []
    _announce_metrics(metrics, say)
    metrics["leaks"] = {"shared": shared, "telling": {}}
    save_file(trained.delta, site.folder / "delta.safetensors")
    card = make_card(name, model, base, {part: len(pairs.where[part]) for part in PARTS})
    write_json(site.folder / "card.json", card)
    estimate.timer.end("judging")
    return assemble_result(model, card, metrics, trained.history, estimate, began)


def _check_script(base: Base, pairs: TextPairs) -> None:
    """Refuse a base that does not know the script of the texts.

    Raises:
        ConfigValueError: with the script.
    """
    texts = [text for part in pairs.answers.values() for text in part]
    script = find_unknown_script(texts, base)
    if script:
        raise ConfigValueError(
            "base",
            Message("learning.script_not_generated", name=base.name, script=name_script(script)),
            Message("learning.causal_base_of_language"),
        )


def _count_shared(pairs: TextPairs, say: Say) -> int:
    """How many different test rows equal a training row."""
    texts, answers = pairs.texts, pairs.answers
    train = set(zip(texts["train"], answers["train"], strict=True))
    shared = len(train & set(zip(texts["test"], answers["test"], strict=True)))
    if shared:
        say(Message("progress.generation_shared", shared=shared, rows=len(texts["test"])))
    return shared


def _tokenize(prompter: Prompter, pairs: TextPairs) -> _Conversations:
    """Prompts and answers as tokens; of validation and test rows the first ones."""
    from mesocosm.learning.tasks.generation import net as nets

    ids, y = {}, {}
    for part in PARTS:
        most = MAX_EVALUATED
        if part == "train":
            most = len(pairs.texts[part])
        ids[part], y[part] = nets.encode_examples(
            [prompter.prompt(text) for text in pairs.texts[part][:most]],
            [prompter.answer(answer) for answer in pairs.answers[part][:most]],
        )
    prompts = [prompter.prompt(text) for text in pairs.texts["test"][:MAX_GENERATED]]
    return _Conversations(pairs, ids, y, prompts)


def _train(
    base: Base,
    model: Model,
    prompter: Prompter,
    data: _Conversations,
    site: TrainContext,
    timer: PhaseTimer,
    say: Say,
) -> tuple[Metrics, _Trained]:
    """Metrics, and what fine-tuning gave; of a frozen base, those of the base."""
    from mesocosm.learning.tasks.generation import net as nets

    lm = nets.load_causal_model(base)
    rows = len(data.ids["test"])
    say(Message("progress.generation_untrained", base=base.name, rows=rows))
    loss, tokens = nets.answer_losses(nets.CausalModel(lm), data.ids["test"], data.y["test"])
    timer.end("reading")
    untrained = _Trained(loss, tokens, _generate(lm, prompter, data, say))
    timer.end("writing")
    trained = untrained
    if not isinstance(model.fine_tune, Frozen):
        retention = _Retention(model, site, prompter)
        trained = _fine_tune(lm, retention, base, data, timer, say)
    return _evaluate(data, trained, untrained, model.seed), trained


def _generate(lm: CausalNet, prompter: Prompter, data: _Conversations, say: Say) -> list[str]:
    """Answers to the first test rows."""
    from mesocosm.learning.tasks.generation import net as nets

    began = time.perf_counter()
    answers = nets.generate(lm, data.prompts, prompter.most_new, prompter.end, prompter.blank)
    seconds = time.perf_counter() - began
    say(Message("progress.generated", answers=len(answers), seconds=seconds))
    return [prompter.text(ids) for ids in answers]


def _evaluate(data: _Conversations, trained: _Trained, untrained: _Trained, seed: int) -> Metrics:
    """Metrics on the test rows, compared with the untrained base and with the nearest rows."""
    wanted, answers = data.wanted, trained.answers
    metrics = evaluate(trained.loss, trained.tokens, answers, wanted, seed)
    losses = (trained.loss, untrained.loss, trained.tokens)
    nearest = nearest_answers(
        data.pairs.texts["test"][:MAX_GENERATED],
        data.pairs.texts["train"],
        data.pairs.answers["train"],
    )
    baselines = {
        "base": compare(answers, untrained.answers, wanted, losses),
        "nearest": compare(answers, nearest, wanted),
    }
    metrics["baselines"] = baselines
    if trained.retention:
        metrics["known"] = trained.retention
    metrics |= gains_of(baselines)
    most = EXAMPLE_CHARACTERS
    examples = zip(data.pairs.texts["test"], wanted, answers, strict=False)
    metrics["examples"] = [
        {"asked": text[:most], "wanted": right[:most], "wrote": answer[:most]}
        for text, right, answer in examples
    ][:MAX_EXAMPLES]
    return metrics


def _announce_metrics(metrics: Mapping[str, object], say: Say) -> None:
    line = Message(
        "progress.generation",
        rows=str(metrics["rows"]),
        perplexity=f"{metrics['perplexity']:.3f}",
        rouge_l=f"{metrics['rouge_l']:.3f}",
        exact=f"{metrics['exact']:.3f}",
    )
    for example in cast("list[Example]", metrics["examples"])[:1]:
        expected, got = repr(example["wanted"][:80]), repr(example["wrote"][:80])
        line = Message("progress.generation_example", figures=line, wanted=expected, got=got)
    say(line)


def _fine_tune(
    lm: CausalNet,
    retention: _Retention,
    base: Base,
    data: _Conversations,
    timer: PhaseTimer,
    say: Say,
) -> _Trained:
    """Train the net below the head, and evaluate it."""
    import torch

    from mesocosm.learning.features.embeddings import describe_trainable
    from mesocosm.learning.tasks.generation import net as nets
    from mesocosm.learning.training.loop import trainer

    model, site, prompter = retention.model, retention.site, retention.prompter
    tune = model.fine_tune
    assert isinstance(tune, Gradient)
    torch.manual_seed(model.seed)
    nets.attach_method(lm, tune)
    writer = nets.CausalModel(lm)
    retention.start(writer, base, say)
    count = count_trainable(writer)
    say(describe_trainable(tune.method, count, count_weights(writer)))
    parts = {part: _training_rows(data, part) for part in PARTS}
    held_out = "validation"
    if not data.ids["validation"]:
        held_out = "train"
    history = trainer.train(
        writer,
        tune,
        parts["train"],
        parts[held_out],
        model.seed,
        site.store / "work" / site.build_key,
        lambda record: say(trainer.as_progress(record)),
    )
    history[0] = history[0] | {"trained": count}
    delta = _trained_weights(writer)
    loss, tokens = nets.answer_losses(writer, data.ids["test"], data.y["test"])
    timer.end("tuning")
    answers = _generate(lm, prompter, data, say)
    timer.end("writing")
    known = retention.finish(writer, data, say)
    return _Trained(loss, tokens, answers, delta, history, known)


def _training_rows(data: _Conversations, part: str) -> TrainingRows:
    """The rows of a part as the trainer expects them."""
    from mesocosm.learning.training.loop.rows import TrainingRows

    ids = data.ids[part]
    return TrainingRows(ids, np.zeros((len(ids), 0), np.float32), data.y[part])


def _trained_weights(writer: CausalModel) -> dict[str, Tensor]:
    """Copies of the weights that were trained, by their names below the head."""
    return {
        name: weight.detach().clone().contiguous()
        for name, weight in writer.trunk.net.named_parameters()
        if weight.requires_grad
    }


class _Retention:
    """The perplexity on the previous version's test rows, before and after training."""

    def __init__(self, model: Model, site: TrainContext, prompter: Prompter) -> None:
        self.model, self.site, self.prompter = model, site, prompter
        self.examples: Examples | None = None
        self.before = 0.0

    def start(self, writer: CausalModel, base: Base, say: Say) -> None:
        """Warm-start the model from the previous version, and measure that."""
        from mesocosm.learning.tasks.generation import continual

        past, model = self.site.past, self.model
        if not past or not continual.warm_start(past, writer, base, model.fine_tune.method, say):
            return
        self.examples = continual.previous_test_rows(
            past, self.prompter, list(model.features), model.target, MAX_EVALUATED
        )
        if self.examples:
            self.before = continual.measure_perplexity(writer, self.examples)

    def finish(self, writer: CausalModel, data: _Conversations, say: Say) -> dict[str, Json]:
        """Keep the importance of the weights for the next version, and measure the trained
        model.
        """
        from safetensors.torch import save_file

        from mesocosm.learning.strategies.continual import IMPORTANCE_FILE
        from mesocosm.learning.tasks.generation import continual

        past = self.site.past
        if not past:
            return {}
        if past.setting.ewc:
            importance = continual.estimate_importance(writer, data.ids["train"], data.y["train"])
            save_file(importance, self.site.folder / IMPORTANCE_FILE)
        if not self.examples:
            return {}
        rows, after = len(self.examples[0]), continual.measure_perplexity(writer, self.examples)
        say(describe_retention(rows, past.version, "perplexity", self.before, after))
        return {
            "rows": rows,
            "what": "perplexity",
            "then": round(self.before, 4),
            "now": round(after, 4),
        }
