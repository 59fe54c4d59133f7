"""Train a tagger: a head over token states, or a base fine-tuned from there; evaluated by whole
spans.

Knows the parts of tagging. Knows nothing of catalogs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message
from mesocosm.core.progress import Say
from mesocosm.learning.arrays import Floats, Ints
from mesocosm.learning.base_models import Base
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.heads.folds import number_groups
from mesocosm.learning.metric_names import name_metric
from mesocosm.learning.tasks.net_weights import count_trainable, count_weights
from mesocosm.learning.tasks.outcome import Metrics, read_interval
from mesocosm.learning.tasks.tagging.card import LINEAR, make_card
from mesocosm.learning.tasks.tagging.cost import tagging_job
from mesocosm.learning.tasks.tagging.metrics import compare, evaluate, tag_by_dictionary
from mesocosm.learning.tasks.tagging.parts import (
    CHARACTERS,
    CUT_IN_PARTS,
    WORDS,
    PartTokens,
    cut_words,
)
from mesocosm.learning.tasks.tagging.tag_head.head import TagHead
from mesocosm.learning.tasks.tagging.tagged_texts import TaggedTexts, split_tagged
from mesocosm.learning.tasks.tagging.words import allowed_transitions, decode_viterbi
from mesocosm.learning.tasks.train_result import assemble_result
from mesocosm.learning.training.context import TrainContext, TrainResult

if TYPE_CHECKING:
    from mesocosm.core.timer import PhaseTimer
    from mesocosm.learning.model import Model
    from mesocosm.learning.tasks.tagging.net import StateEncoder
    from mesocosm.learning.tasks.tagging.tag_head.fit import TaggedStates
    from mesocosm.learning.training.loop.records import History
    from mesocosm.learning.training.loop.rows import TrainingRows

EMBEDDED = {  # messages by what has a tag of its own
    WORDS: "progress.embedded_words",
    CUT_IN_PARTS: "progress.embedded_parts",
    CHARACTERS: "progress.embedded_characters",
}
MISMATCHED = {
    WORDS: "progress.mismatched_tags",
    CUT_IN_PARTS: "progress.mismatched_spans",
    CHARACTERS: "progress.mismatched_characters",
}


@dataclass
class _Encoded:
    """Texts as tokens, and what tags them.

    Args:
        ids: token ids of each text by part.
        parts: the token of each word of each text by part.
        trunk: gives a state per token.
        head: tags states.
        history: of the fine-tuning.
    """

    ids: dict[str, list[list[int]]]
    parts: dict[str, list[PartTokens]]
    trunk: StateEncoder
    head: TagHead
    history: History = field(default_factory=list)


def train_tagger(
    name: str,
    model: Model,
    base: Base,
    rows: Mapping[str, Sequence[object]],
    split: Sequence[str],
    site: TrainContext,
    say: Say,
) -> TrainResult:
    """Fill the site's folder with a version that tags the words of its one input.

    `site.order` holds all tags, in the order of the head's outputs.

    Raises:
        ConfigValueError: the data does not fit the settings.
    """
    import torch

    began = time.perf_counter()
    torch.manual_seed(model.seed)
    tags = site.order
    data = split_tagged(model.features[0], model.target, rows, split)
    _check_tags(model, data, say)
    estimate = track_estimate(
        tagging_job(model, base, data.texts, data.count_states(), len(tags), site.store),
        site.store,
    )
    estimate.announce(say)
    estimate.import_libraries(base)
    groups: list[object] = []
    if site.groups:
        groups = [site.groups[i] for i in data.where["train"]]
    encoded = _fit_frozen(model, base, data, tags, groups, estimate.timer)
    strength = encoded.head.strength
    say(
        Message(
            EMBEDDED[data.cut],
            words=data.count_words("train"),
            texts=len(data.texts["train"]),
            base=base.name,
            strength=strength,
        )
    )
    estimate.timer.end("heads")
    if not isinstance(model.fine_tune, Frozen):
        _fine_tune(model, data, encoded, tags, site, say)
        _refit_wide(data, encoded, tags, groups)
        estimate.timer.end("tuning")
    metrics = _evaluate(data, encoded, tags, model.seed, say)
    estimate.timer.end("judging")
    own_mb = _write_files(base, encoded, site)
    rows_by_part = {part: len(data.where[part]) for part in PARTS}
    card = make_card(name, model, base, tags, strength, rows_by_part, own_mb)
    if encoded.head.letters is None:
        card["head"] = LINEAR
    if data.cut != WORDS:
        card["cut"] = data.cut
    write_json(site.folder / "card.json", card)
    estimate.timer.end("export")
    return assemble_result(model, card, metrics, encoded.history, estimate, began)


def _check_tags(model: Model, data: TaggedTexts, say: Say) -> None:
    """Refuse training rows of a single tag, and say how many rows are not used."""
    if data.mismatched:
        say(Message(MISMATCHED[data.cut], rows=data.mismatched))
    if len(set().union(*data.tags["train"])) < 2:
        raise ConfigValueError(
            "target",
            Message("learning.one_tag_only", name=model.target),
            Message("learning.tags_of_both"),
        )


def _fit_frozen(
    model: Model,
    base: Base,
    data: TaggedTexts,
    tags: Sequence[str],
    groups: Sequence[object],
    timer: PhaseTimer,
) -> _Encoded:
    """A linear head over the states of the untouched base."""
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.tasks.tagging.net import StateEncoder, encode_parts, encode_states
    from mesocosm.learning.tasks.tagging.tag_head.fit import fit_head

    tokens = Tokens(base.folder, model.max_length)
    ids, tokens_of = {}, {}
    for part in PARTS:
        ids[part], tokens_of[part] = encode_parts(tokens, data.texts[part], data.cut)
    trunk = StateEncoder(load_trunk(base).net)
    states = encode_states(trunk, ids["train"])
    timer.end("reading")
    train = _tagged_states(data, states, tokens_of["train"])
    head = fit_head(train, tags, number_groups(groups))
    return _Encoded(ids, tokens_of, trunk, head)


def _tagged_states(
    data: TaggedTexts, states: Sequence[Floats], parts: Sequence[PartTokens]
) -> TaggedStates:
    """The states of the training texts with what tags them."""
    from mesocosm.learning.tasks.tagging.tag_head.fit import TaggedStates

    words = [cut_words(data.cut, text) for text in data.texts["train"]]
    return TaggedStates(states, parts, words, data.tags["train"], data.cut != WORDS)


def _fine_tune(
    model: Model,
    data: TaggedTexts,
    encoded: _Encoded,
    tags: Sequence[str],
    site: TrainContext,
    say: Say,
) -> None:
    """Train the trunk and the head on, in place."""
    from mesocosm.learning.features.embeddings import describe_trainable
    from mesocosm.learning.tasks.tagging.net import Tagger
    from mesocosm.learning.training.loop import trainer

    tune = model.fine_tune
    assert isinstance(tune, Gradient)
    encoded.trunk.net = tune.attach(encoded.trunk.net)
    net = Tagger(encoded.trunk, encoded.head.own_weights, encoded.head.own_bias, tune.dropout)
    trained = count_trainable(net)
    say(describe_trainable(tune.method, trained, count_weights(net)))
    parts = _training_rows(data, encoded, tags)
    held_out = "validation"
    if not data.texts["validation"]:
        held_out = "train"
    history = trainer.train(
        net,
        tune,
        parts["train"],
        parts[held_out],
        model.seed,
        site.store / "work" / site.build_key,
        lambda record: say(trainer.as_progress(record)),
    )
    net.float()
    history[0] = history[0] | {"trained": trained}
    encoded.history = history
    encoded.trunk.net = tune.merge(encoded.trunk.net)
    weights, bias = net.weights.detach().numpy(), net.bias.detach().numpy()
    encoded.head = encoded.head.replace_states(weights, bias)


def _refit_wide(
    data: TaggedTexts, encoded: _Encoded, tags: Sequence[str], groups: Sequence[object]
) -> None:
    """Fit a wide head again over the fine-tuned states: gradients see one tag a token, and no state
    beside it.
    """
    from mesocosm.learning.tasks.tagging.net import encode_states
    from mesocosm.learning.tasks.tagging.tag_head.fit import fit_head

    if data.cut != WORDS:
        states = encode_states(encoded.trunk, encoded.ids["train"])
        train = _tagged_states(data, states, encoded.parts["train"])
        encoded.head = fit_head(train, tags, number_groups(groups))


def _training_rows(
    data: TaggedTexts, encoded: _Encoded, tags: Sequence[str]
) -> dict[str, TrainingRows]:
    """The rows of each part as the trainer expects them."""
    from mesocosm.learning.training.loop.rows import TrainingRows

    number = {tag: k for k, tag in enumerate(tags)}
    parts = {}
    for part in PARTS:
        ids = encoded.ids[part]
        y = _encode_targets(ids, encoded.parts[part], data.tags[part], number)
        parts[part] = TrainingRows(ids, np.zeros((len(ids), 0), np.float32), y)
    return parts


def _encode_targets(
    ids: Sequence[Sequence[int]],
    parts: Sequence[PartTokens],
    right: Sequence[Sequence[str]],
    number: Mapping[str, int],
) -> Ints:
    """The number of each tag at its word's first token (rows, longest), `IGNORED` elsewhere, and
    where a word begins inside of a token.
    """
    from mesocosm.learning.tasks.tagging.net import IGNORED

    y = np.full((len(ids), max(map(len, ids), default=1)), IGNORED, np.int64)
    for row, (at, tags) in enumerate(zip(parts, right, strict=True)):
        for token, inside, tag in zip(*at, tags, strict=True):
            if token >= 0 and not inside:
                y[row, token] = number[tag]
    return y


def _evaluate(
    data: TaggedTexts, encoded: _Encoded, tags: Sequence[str], seed: int, say: Say
) -> Metrics:
    """Metrics on the test texts, compared with a dictionary of known spans."""
    predicted = _predict_tags(data, encoded, tags)
    right = data.tags["test"]
    metrics = evaluate(predicted, right, seed)
    dictionary = compare(predicted, tag_by_dictionary(data.texts, data.tags, data.cut), right)
    metrics["baselines"] = {"dictionary": dictionary}
    metrics["gain_over_dictionary"] = dictionary["gain"]
    shared = len(set(data.texts["test"]) & set(data.texts["train"]))
    metrics["leaks"] = {"shared": shared, "telling": {}}
    say(
        Message(
            "progress.tagging_metrics",
            rows=str(metrics["rows"]),
            metric=name_metric("span F1"),
            f1=f"{metrics['span_f1']:.3f}",
            interval=str(read_interval(metrics, "span_f1")),
            dictionary=f"{dictionary['span_f1']:.3f}",
        )
    )
    return metrics


def _predict_tags(data: TaggedTexts, encoded: _Encoded, tags: Sequence[str]) -> list[list[str]]:
    """The tags of the words of each test text."""
    from mesocosm.learning.tasks.tagging.net import encode_states

    head, allowed = encoded.head, allowed_transitions(tags)
    states = encode_states(encoded.trunk, encoded.ids["test"])
    predicted: list[list[str]] = []
    for text, state, parts in zip(data.texts["test"], states, encoded.parts["test"], strict=True):
        path: list[int] = []
        if parts.tokens:
            scores = head.score(state, parts, cut_words(data.cut, text))
            path = decode_viterbi(scores, allowed, head.transitions).tolist()
        predicted.append([tags[k] for k in path])
    return predicted


def _write_files(base: Base, encoded: _Encoded, site: TrainContext) -> dict[str, float]:
    """Write trunk and head into the version's folder; megabytes of the trunk's own weights."""
    from safetensors.numpy import save_file

    from mesocosm.learning.export.onnx_export import tuned_trunk

    own: dict[str, float] = tuned_trunk(encoded.trunk, base, site.folder / "trunk", site.store)
    tensors = encoded.head.tensors()
    save_file(
        {name: np.ascontiguousarray(x) for name, x in tensors.items()},
        site.folder / "head.safetensors",
    )
    return own
