"""The work of training a predictor: embedding or fine-tuning a base, heads, evaluation, export.
Counts sizes; fits nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mesocosm.core.cache import is_cached
from mesocosm.learning.cost.estimate import Job, Work, add_work, scale_work
from mesocosm.learning.cost.predictor_sizes import PredictorSizes
from mesocosm.learning.cost.workload import (
    Net,
    count_tokens,
    export_work,
    import_work,
    longest_tokens,
    training_memory,
    tuning_work,
)
from mesocosm.learning.fine_tuning.frozen import Frozen

if TYPE_CHECKING:
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.splits import Splits
    from mesocosm.learning.model import Model

COPIED: Work = {"second": 0.35}  # a graph that lies in the cache of all stores
ALL_ROWS = 5000  # training rows up to which ablations and learning curves are fitted
KERNEL_ROWS = 2500  # of which a kernel's width is chosen
CURVE_SHARES = (0.125, 0.25, 0.5)


def predictive_job(
    model: Model,
    parts: Splits,
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
    sizes = PredictorSizes(model, parts, base, store, sees, corpus)
    work: dict[str, Work] = {}
    for phase, count in PHASES.items():
        units = count(sizes)
        if units is not None:
            work[phase] = units
    floor = 0.75 if sizes.net.weights else 0.25
    return Job(work, _memory(sizes), floor, sizes.variant)


def planned_job(
    model: Model,
    parts: Splits,
    base: Base | None,
    root: Path,
    store: Path,
    corpus: Sequence[str],
    corpus_fields: Mapping[str, Sequence[object]],
) -> Job:
    """The work of training a version from what its file names: with a pretrained base where the
    store has it, else with the pretraining.

    Args:
        base: of its texts, before it is pretrained.
        corpus: texts to pretrain on.
        corpus_fields: what goes along with each of them, by field.

    Raises:
        ConfigValueError: the image base is not there.
    """
    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.pretraining.run import Corpus, find_pretrained

    sees = None
    if model.image_base and parts.images["train"]:
        sees = resolve(model.image_base, root)
    if not (model.pretrain and parts.text_names):
        return predictive_job(model, parts, base, store, sees)

    pretrained = find_pretrained(
        base,
        Corpus(corpus, corpus_fields),
        model.pretrain,
        model.max_length,
        model.seed,
        store,
    )
    if pretrained:
        return predictive_job(model, parts, pretrained, store, sees)
    return predictive_job(model, parts, base, store, sees, corpus)


def _fit(head: str, rows: int, text: int, table: int, outputs: int) -> Work:
    """Units of fitting one head once.

    Args:
        text, table: widths of the features.
    """
    match head:
        case "kernel":
            return _fit_kernel(rows, bool(text and table))
        case "linear":
            return _fit_linear(rows, text + table, outputs)
        case "mlp":
            return _fit_net(rows, rows * (text + table))
        case "attention":
            return _fit_net(rows, rows * (text + table) * 6)
    trees = 16 * 150
    if outputs > 2:
        trees *= outputs
    return {"tree": trees, "tree row": trees * min(rows, 1500)}


def _fit_kernel(rows: int, both: bool) -> Work:
    """Units of a kernel head; with `both` texts and table, each has a width of its own."""
    tries = 9.0 if both else 5.0  # widths that are tried, and the last solution
    solve = 0.0
    if rows > 3000:
        solve = rows**3.0
    return {"eigen": tries * min(rows, KERNEL_ROWS) ** 1.6, "solve": solve}


def _fit_linear(rows: int, width: int, outputs: int) -> Work:
    """Units of a linear head: of classes, or of a number."""
    if not outputs:
        return {"solve": 100.0 * rows * width**2}
    return {"logistic": rows**0.25 * width**0.55 * outputs**0.55}


def _fit_net(rows: int, cells: int) -> Work:
    """Units of a small net."""
    return {"net row": 4 * 30 * (rows + cells / 50)}


def _refit(head: str, rows: int, text: int, table: int, outputs: int) -> Work:
    """Units of fitting one head on other rows: trees keep their settings then. About half of the
    heads that are tried are in the one that wins.
    """
    tries = 16 if head == "boost" else 1
    return scale_work(_fit(head, rows, text, table, outputs), 0.6 / tries)


def _count_imports(sizes: PredictorSizes) -> Work:
    return import_work(bool(sizes.net.weights) and not sizes.is_cached)


def _count_pretraining(sizes: PredictorSizes) -> Work | None:
    corpus, pretrain = sizes.corpus, sizes.model.pretrain
    if corpus is None or not pretrain:
        return None
    return {
        "token": count_tokens(corpus) * (3 * pretrain.epochs + 0.1) * sizes.net.total,
        "step": pretrain.epochs * len(set(corpus)) / pretrain.batch,
        "start": 1,
        "load": 4 * sizes.net.total,
    }


def _count_image_features(sizes: PredictorSizes) -> Work | None:
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


def _count_embedding(sizes: PredictorSizes) -> Work:
    if sizes.is_cached:
        return {"token": 0, "load": 0}
    return {"token": sizes.all_tokens * sizes.net.weights, "load": 4 * sizes.net.weights}


def _count_heads(sizes: PredictorSizes) -> Work:
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
    return scale_work(once, 20 if model.init_from else 1)


def _count_tuning(sizes: PredictorSizes) -> Work | None:
    tune, scopes, rows = sizes.model.fine_tune, sizes.scopes, sizes.rows
    if isinstance(tune, Frozen):
        return None
    texts: Work = {}
    if "text" in scopes:
        tokens = sizes.tokens
        texts = tuning_work(
            tune, sizes.net, rows, tokens["train"], tokens["validation"], sizes.all_tokens
        )
    images: Work = {}
    if "image" in scopes:
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


def _count_search(sizes: PredictorSizes) -> Work | None:
    if not sizes.model.search:
        return None
    once = add_work(_count_heads(sizes), _count_tuning(sizes) or {})
    return scale_work(once, sizes.model.search.trials)


def _count_evaluation(sizes: PredictorSizes) -> Work:
    counted, outputs = sizes.tokens["train"] * 2, max(1, sizes.outputs)
    words = min(5000, 40 + counted / 3)
    return {
        "word": counted * outputs**0.5,
        "logistic": sizes.rows**0.25 * words**0.55 * outputs**0.55 / 10,
        "row": sizes.test_rows * 300 * 0.05,
    }


def _count_export(sizes: PredictorSizes) -> Work:
    if "text" in sizes.scopes or sizes.corpus is not None:
        return graph_export_work(sizes.net, None, sizes.store)
    return graph_export_work(sizes.net, sizes.base, sizes.store)


def _count_parity(sizes: PredictorSizes) -> Work:
    rows = min(400, len(sizes.parts.y["validation"]) + sizes.test_rows)
    return {"graph token": 2 * rows * sizes.mean_tokens * sizes.net.weights}


def _count_ablation(sizes: PredictorSizes) -> Work | None:
    rows, text, table, outputs = sizes.rows, sizes.feature_width, sizes.table_width, sizes.outputs
    if not (text and table and rows <= ALL_ROWS):
        return None
    of_texts = [_refit(h, rows, text, 0, outputs) for h in sizes.heads if h != "boost"]
    of_table = [_refit(h, rows, 0, table, outputs) for h in sizes.heads]
    return add_work(*of_texts, *of_table)


def _count_curve(sizes: PredictorSizes) -> Work | None:
    rows, text, table, outputs = sizes.rows, sizes.feature_width, sizes.table_width, sizes.outputs
    if sizes.fine_tunes or rows > ALL_ROWS:
        return None
    total: Work = {}
    for head in sizes.heads:
        for share in CURVE_SHARES:
            total = add_work(total, _refit(head, int(rows * share), text, table, outputs))
    return total


def _count_diagnostics(sizes: PredictorSizes) -> Work:
    tokens = 0.0
    if sizes.parts.outcome.classes:
        tokens = 3 * min(300, sizes.test_rows) * sizes.mean_tokens * sizes.net.weights
    return {"graph token": tokens, "row": 20 * sizes.test_rows**0.5}


PHASES: dict[
    str, Callable[[PredictorSizes], Work | None]
] = {  # None where a version has not the phase
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


def _memory(sizes: PredictorSizes) -> float:
    """Gigabytes beyond what the process holds already."""
    need = 0.0
    if "kernel" in sizes.heads:
        need += _kernel_memory(sizes.rows)
    if sizes.net.weights:
        need += _text_memory(sizes)
    need += _image_memory(sizes)
    return max(need, _pretraining_memory(sizes), 0.05)


def _text_memory(sizes: PredictorSizes) -> float:
    """Gigabytes of the net of the texts, which is trained or only run."""
    tune = sizes.model.fine_tune
    if isinstance(tune, Frozen) or "text" not in sizes.scopes:
        return (4.8 * sizes.net.weights + 2.5e8) / 1e9
    longest = longest_tokens(sizes.parts.texts["train"], sizes.model.max_length)
    return training_memory(tune.batch, sizes.net, longest)


def _image_memory(sizes: PredictorSizes) -> float:
    """Gigabytes of an image net that is trained."""
    tune = sizes.model.fine_tune
    if isinstance(tune, Frozen) or not sizes.image_base or "image" not in sizes.scopes:
        return 0.0
    places = len(sizes.parts.images["train"]) * sizes.image_net.places
    return training_memory(tune.batch, sizes.image_net, places)


def _pretraining_memory(sizes: PredictorSizes) -> float:
    """Gigabytes of pretraining, where masked words are predicted over the whole vocabulary."""
    net, pretrain = sizes.net, sizes.model.pretrain
    if sizes.corpus is None or not pretrain:
        return 0.0
    longest = longest_tokens(sizes.corpus, sizes.model.max_length)
    vocabulary = (net.total - net.weights) / max(1, net.width)
    logits = 5 * pretrain.batch * longest * vocabulary / 1e9
    return training_memory(pretrain.batch, net, longest) + logits


def _kernel_memory(rows: int) -> float:
    """Gigabytes of the matrices of a kernel head, rows x rows; float64 for few rows."""
    bytes_each = 3 * 8 if rows <= 3000 else 1.4 * 4
    return float(7 * 4 * min(rows, KERNEL_ROWS) ** 2 + bytes_each * rows**2) / 1e9


def graph_export_work(net: Net, base: Base | None, store: Path) -> Work:
    """Units of having a net as a graph: that of an untouched base may lie in the store, or in the
    cache of all stores.

    Args:
        base: None where the net is the version's own.
    """
    from mesocosm.learning.export.onnx_export import trunk_folder

    if not net.weights or (base and (trunk_folder(base, store) / "trunk.int8.onnx").is_file()):
        return {}
    if base and is_cached(f"trunks/{trunk_folder(base, store).name}"):
        return COPIED
    return export_work(net)
