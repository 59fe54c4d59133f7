"""The work of training a predictor: embedding or fine-tuning a base, heads, evaluation, export.
Counts sizes; fits nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.cache import there
from mesocosm.learning.base_models.base import kept_features
from mesocosm.learning.cost.estimate import Job, Work, add_work, scale_work
from mesocosm.learning.cost.workload import (
    Net,
    count_tokens,
    export_work,
    import_work,
    longest_tokens,
    training_memory,
    tuning_work,
)
from mesocosm.learning.heads.selection import heads_for

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.splits import Parts
    from mesocosm.learning.model import Model

COPIED: Work = {"second": 0.35}  # a graph that lies in the cache of all stores
FILTERED = 512  # features of an image by filters that are learnt from the training images
ALL_ROWS = 5000  # training rows up to which ablations and learning curves are fitted
KERNEL_ROWS = 2500  # of which a kernel's width is chosen
CURVE_SHARES = (0.125, 0.25, 0.5)


def predictive_job(
    model: Model,
    parts: Parts,
    base: Base | None,
    store: Path,
    sees: Base | None = None,
    corpus: Sequence[str] | None = None,
) -> Job:
    """The work of training this version.

    Args:
        base: of its texts.
        sees: the base of its images.
        corpus: texts to pretrain on; None where that was done before.
    """
    sizes = _Sizes(model, parts, base, store, sees, corpus)
    work = {phase: units for phase, count in PHASES.items() if (units := count(sizes)) is not None}
    floor = 0.75 if sizes.net.weights else 0.25
    return Job(work, _memory(sizes), floor, _variant(sizes))


def planned_job(
    model: Model,
    parts: Parts,
    base: Base | None,
    root: Path,
    store: Path,
    corpus: Sequence[str],
    told: Mapping[str, Sequence[Any]],
) -> Job:
    """The work of training a version from what its file names: with a pretrained base where the
    store has it, else with the pretraining.

    Args:
        base: of its texts, before it is pretrained.
        corpus: texts to pretrain on.
        told: what goes along with each of them, by field.

    Raises:
        Wrong: the image base is not there.
    """
    from mesocosm.learning.base_models import resolve

    sees = None
    if model.image_base and parts.images["train"]:
        sees = resolve(model.image_base, root)
    if not (model.pretrain and parts.text_names):
        return predictive_job(model, parts, base, store, sees)
    from mesocosm.learning.pretraining.run import kept

    pretrained = kept(base, corpus, model.pretrain, model.max_length, model.seed, store, told)
    if pretrained:
        return predictive_job(model, parts, pretrained, store, sees)
    return predictive_job(model, parts, base, store, sees, corpus)


@dataclass(frozen=True)
class _Sizes:
    """What the work of a predictor is counted from."""

    model: Model
    parts: Parts
    base: Base | None
    store: Path
    image_base: Base | None
    corpus: Sequence[str] | None

    @cached_property
    def net(self) -> Net:
        """The net of the texts."""
        pretrain = self.model.pretrain
        if pretrain and pretrain.scratch and self.base is None:
            return Net.new(pretrain.scratch.layers, pretrain.scratch.width, pretrain.scratch.words)
        return Net.of(self.base)

    @cached_property
    def image_net(self) -> Net:
        """The net of the images; of no size where filters are learnt."""
        return Net.of(self.image_base)

    @property
    def rows(self) -> int:
        """Training rows."""
        return len(self.parts.y["train"])

    @property
    def test_rows(self) -> int:
        """Test rows."""
        return len(self.parts.y["test"])

    @property
    def outputs(self) -> int:
        """Classes; 0 for a number."""
        return self.parts.task.classes

    @property
    def table_width(self) -> int:
        """Columns of the table features."""
        return int(self.parts.table["train"].shape[1])

    @cached_property
    def images(self) -> dict[str, float]:
        """Images by part."""
        return {p: float(sum(map(len, f.values()))) for p, f in self.parts.images.items()}

    @property
    def feature_width(self) -> int:
        """Width of the features of texts and images that the head takes."""
        width = self.net.width
        if self.model.apart:
            width *= 4
        if self.images["train"]:
            width += len(self.parts.images["train"]) * (self.image_net.width or FILTERED)
        return width

    @cached_property
    def heads(self) -> list[str]:
        """The heads that are fitted."""
        model, parts = self.model, self.parts
        if model.fusion == "attention":
            return ["attention"]
        head = "linear"
        if not self.fine_tunes:
            head = getattr(model.tune, "head", "auto")
        if head != "auto":
            return [head]
        text = np.zeros((1, min(1, len(parts.text_names))), np.float32)
        return heads_for(text, parts.table["train"], parts.y["train"], parts.task.classes)

    @property
    def fine_tunes(self) -> bool:
        """Whether a base is trained."""
        return self.model.tune.method != "frozen"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The bases that are fine-tuned: of `texts`, of `images`."""
        tune: Any = self.model.tune
        if not self.fine_tunes:
            return ()
        if not self.parts.images["train"]:
            return ("texts",)
        if tune.moves == "both":
            return ("texts", "images")
        return (tune.moves,)

    @cached_property
    def tokens(self) -> dict[str, float]:
        """Tokens by part; 0 without a base of texts."""
        texts = self.parts.texts
        if not self.net.weights:
            return dict.fromkeys(texts, 0.0)
        return {p: count_tokens(texts[p]) for p in texts}

    @property
    def all_tokens(self) -> float:
        """Tokens of all parts."""
        return sum(self.tokens.values())

    @property
    def mean_tokens(self) -> float:
        """Tokens of a text."""
        return self.all_tokens / max(1, sum(map(len, self.parts.texts.values())))

    @cached_property
    def is_cached(self) -> bool:
        """Whether the features of the texts lie in the store."""
        if self.base is None or self.corpus is not None or self.model.apart:
            return False
        texts: list[str] = []
        for part in self.parts.where:
            texts += self.parts.texts[part]
        return kept_features(self.base, texts, self.model.max_length, self.store).is_file()


def _variant(sizes: _Sizes) -> str:
    """What tells the pace of this kind of job from others, besides sizes."""
    model, strategy, inputs = sizes.model, "", "table"
    if model.adapts:
        strategy = "adapted "
    elif model.federated:
        strategy = "federated "
    if sizes.parts.images["train"]:
        inputs = "image"
    elif sizes.parts.text_names:
        inputs = "text"
    return f"{model.tune.method} {strategy}{'+'.join(sizes.heads)} {inputs}"


def _fit(head: str, rows: int, text: int, table: int, outputs: int) -> Work:
    """Units of fitting one head once.

    Args:
        text, table: widths of the features.
    """
    match head:
        case "kernel":
            sample = min(rows, KERNEL_ROWS)
            tries = 9.0 if text and table else 5.0  # widths that are tried, and the last solution
            return {"eigen": tries * sample**1.6, "solve": 0.0 if rows <= 3000 else rows**3.0}
        case "linear" if outputs:
            return {"logistic": rows**0.25 * (text + table) ** 0.55 * outputs**0.55}
        case "linear":
            return {"solve": 100.0 * rows * (text + table) ** 2}
        case "mlp" | "attention":
            cells = rows * (text + table) * (1 if head == "mlp" else 6)
            return {"net row": 4 * 30 * (rows + cells / 50)}
    trees = 16 * 150 * (outputs if outputs > 2 else 1)
    return {"tree": trees, "tree row": trees * min(rows, 1500)}


def _refit(head: str, rows: int, text: int, table: int, outputs: int) -> Work:
    """Units of fitting one head on other rows: trees keep their settings then. About half of the
    heads that are tried are in the one that wins.
    """
    tries = 16 if head == "boost" else 1
    return scale_work(_fit(head, rows, text, table, outputs), 0.6 / tries)


def _count_imports(sizes: _Sizes) -> Work:
    return import_work(bool(sizes.net.weights) and not sizes.is_cached)


def _count_pretraining(sizes: _Sizes) -> Work | None:
    corpus, pretrain = sizes.corpus, sizes.model.pretrain
    if corpus is None or not pretrain:
        return None
    return {
        "token": count_tokens(corpus) * (3 * pretrain.epochs + 0.1) * sizes.net.whole,
        "step": pretrain.epochs * len(set(corpus)) / pretrain.batch,
        "start": 1,
        "load": 4 * sizes.net.whole,
    }


def _count_image_features(sizes: _Sizes) -> Work | None:
    if not sizes.images["train"]:
        return None
    images, net = sum(sizes.images.values()), sizes.image_net
    if not sizes.image_base:
        return {"second": 4.0, "image": images}
    return {
        "token": images * net.places * net.weights,
        "load": 4 * net.weights,
        "import": 0.8,
        "image": images,
    }


def _count_embedding(sizes: _Sizes) -> Work:
    if sizes.is_cached:
        return {"token": 0, "load": 0}
    return {"token": sizes.all_tokens * sizes.net.weights, "load": 4 * sizes.net.weights}


def _count_heads(sizes: _Sizes) -> Work:
    """Units of choosing a head: of all kinds, of rounds between sites, or of adapting the general
    one.
    """
    model, parts = sizes.model, sizes.parts
    rows, text, table, outputs = sizes.rows, sizes.feature_width, sizes.table_width, sizes.outputs
    if model.federated and parts.sites is not None:
        # three strengths of five folds, and the whole
        steps = 16 * model.federated.rounds * model.federated.local
        return {
            "product": 2.0 * steps * rows * (text + table) * outputs,
            "row": steps * len(np.unique(parts.sites)),
        }
    once = add_work(*(_fit(h, rows, text, table, outputs) for h in sizes.heads))
    # folds of strengths, of heads and of their means
    return scale_work(once, 20 if model.adapts else 1)


def _count_tuning(sizes: _Sizes) -> Work | None:
    if not sizes.fine_tunes:
        return None
    tune, scopes, rows = sizes.model.tune, sizes.scopes, sizes.rows
    texts: Work = {}
    if "texts" in scopes:
        tokens = sizes.tokens
        texts = tuning_work(
            tune, sizes.net, rows, tokens["train"], tokens["validation"], sizes.all_tokens
        )
    images: Work = {}
    if "images" in scopes:
        net = sizes.image_net
        places = {p: n * net.places for p, n in sizes.images.items()}
        images = tuning_work(
            tune, net, rows, places["train"], places["validation"], sum(places.values())
        )
        # image nets are of any size, and theirs is exported within
        images |= {
            "step": images["step"] * (0.15 + 0.85 * min(1.0, net.weights / 1e7)),
            "export": net.weights,
            "import": 0.8,
        }
    return add_work(texts, images)


def _count_search(sizes: _Sizes) -> Work | None:
    if not sizes.model.search:
        return None
    once = add_work(_count_heads(sizes), _count_tuning(sizes) or {})
    return scale_work(once, sizes.model.search.trials)


def _count_evaluation(sizes: _Sizes) -> Work:
    counted, outputs = sizes.tokens["train"] * 2, max(1, sizes.outputs)
    words = min(5000, 40 + counted / 3)
    return {
        "word": counted * outputs**0.5,
        "logistic": sizes.rows**0.25 * words**0.55 * outputs**0.55 / 10,
        "row": sizes.test_rows * 300 * 0.05,
    }


def _count_export(sizes: _Sizes) -> Work:
    if "texts" in sizes.scopes or sizes.corpus is not None:
        return graph_export_work(sizes.net, None, sizes.store)
    return graph_export_work(sizes.net, sizes.base, sizes.store)


def _count_parity(sizes: _Sizes) -> Work:
    rows = min(400, len(sizes.parts.y["validation"]) + sizes.test_rows)
    return {"graph token": 2 * rows * sizes.mean_tokens * sizes.net.weights}


def _count_ablation(sizes: _Sizes) -> Work | None:
    rows, text, table, outputs = sizes.rows, sizes.feature_width, sizes.table_width, sizes.outputs
    if not (text and table and rows <= ALL_ROWS):
        return None
    return add_work(
        *(_refit(h, rows, text, 0, outputs) for h in sizes.heads if h != "boost"),
        *(_refit(h, rows, 0, table, outputs) for h in sizes.heads),
    )


def _count_curve(sizes: _Sizes) -> Work | None:
    rows, text, table, outputs = sizes.rows, sizes.feature_width, sizes.table_width, sizes.outputs
    if sizes.fine_tunes or rows > ALL_ROWS:
        return None
    total: Work = {}
    for head in sizes.heads:
        for share in CURVE_SHARES:
            total = add_work(total, _refit(head, int(rows * share), text, table, outputs))
    return total


def _count_diagnostics(sizes: _Sizes) -> Work:
    tokens = 0.0
    if sizes.parts.task.classes:
        tokens = 3 * min(300, sizes.test_rows) * sizes.mean_tokens * sizes.net.weights
    return {"graph token": tokens, "row": 20 * sizes.test_rows**0.5}


PHASES: dict[str, Callable[[_Sizes], Work | None]] = {  # None where a version has not the phase
    "starting": _count_imports,
    "pretraining": _count_pretraining,
    "looking": _count_image_features,
    "reading": _count_embedding,
    "heads": _count_heads,
    "tuning": _count_tuning,
    "search": _count_search,
    "judging": _count_evaluation,
    "export": _count_export,
    "agreement": _count_parity,
    "parts alone": _count_ablation,
    "curve": _count_curve,
    "looking closer": _count_diagnostics,
}


def _memory(sizes: _Sizes) -> float:
    """Gigabytes beyond what the process holds already."""
    model, parts, net = sizes.model, sizes.parts, sizes.net
    tune: Any = model.tune
    need = 0.0
    if "kernel" in sizes.heads:
        need += _kernel_memory(sizes.rows)
    if "texts" in sizes.scopes and net.weights:
        need += training_memory(tune, net, longest_tokens(parts.texts["train"], model.max_length))
    elif net.weights:
        need += (4.8 * net.weights + 2.5e8) / 1e9
    if sizes.image_base and "images" in sizes.scopes:
        places = len(parts.images["train"]) * sizes.image_net.places
        need += training_memory(tune, sizes.image_net, places)
    if sizes.corpus is not None and model.pretrain:
        longest = longest_tokens(sizes.corpus, model.max_length)
        # masked words are predicted over the whole vocabulary
        vocabulary = (net.whole - net.weights) / max(1, net.width)
        logits = 5 * model.pretrain.batch * longest * vocabulary / 1e9
        need = max(need, training_memory(model.pretrain, net, longest) + logits)
    return max(need, 0.05)


def _kernel_memory(rows: int) -> float:
    """Gigabytes of the matrices of a kernel head, rows x rows; float64 for few rows."""
    whole = 3 * 8 if rows <= 3000 else 1.4 * 4
    return float(7 * 4 * min(rows, KERNEL_ROWS) ** 2 + whole * rows**2) / 1e9


def graph_export_work(net: Net, base: Base | None, store: Path) -> Work:
    """Units of having a net as a graph: that of an untouched base may lie in the store, or in the
    cache of all stores.

    Args:
        base: None where the net is the version's own.
    """
    from mesocosm.learning.export.onnx_export import trunk_folder

    if not net.weights or (base and (trunk_folder(base, store) / "trunk.int8.onnx").is_file()):
        return {}
    if base and there(f"trunks/{trunk_folder(base, store).name}"):
        return COPIED
    return export_work(net)
