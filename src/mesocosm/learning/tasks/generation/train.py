"""A writer grown from a snapshot: taught to answer as its rows do, judged, and kept as what differs
from its base.

Knows the parts of writing. Knows nothing of catalogs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mesocosm.core.errors import Wrong
from mesocosm.core.files import write_json
from mesocosm.core.timer import PhaseTimer
from mesocosm.learning.base_models import Base
from mesocosm.learning.cost.estimate import track_estimate
from mesocosm.learning.cost.text import generation_job
from mesocosm.learning.evaluation import metrics as evaluation_metrics
from mesocosm.learning.features.splits import PARTS
from mesocosm.learning.fine_tuning.frozen import Frozen
from mesocosm.learning.tasks.generation.metrics import against, nearest, report
from mesocosm.learning.tasks.generation.prompt import Prompter, paired

if TYPE_CHECKING:
    from mesocosm.learning.model import Model
    from mesocosm.learning.training.context import TrainContext, TrainResult

Say = Callable[[str], None]
MOST_WRITTEN = 40  # test rows for which answers are written
MOST_JUDGED = 400  # test rows whose own answers are weighed


def grow_writer(
    name: str,
    model: Model,
    base: Base,
    rows: Mapping[str, Sequence[Any]],
    split: Sequence[str],
    site: TrainContext,
    say: Say,
) -> TrainResult:
    """Fill the site's folder with a version that writes the field `predict`.

    Raises:
        Wrong: the data or the base does not fit the settings.
    """
    from mesocosm.learning.training.context import TrainResult

    began = time.perf_counter()
    if model.tune.method in ("prompt", "bitfit"):
        raise Wrong(
            "tune",
            f"'{model.tune.method}' is not for bases that write",
            "lora, prefix, full or another method",
        )
    import torch

    torch.manual_seed(model.seed)
    where, texts, answers = paired(model.inputs, model.predict, rows, split)
    if not any(texts["train"]):
        raise Wrong("inputs", "the training rows hold no value at all", "an input with values")
    shared = len(
        set(zip(texts["test"], answers["test"], strict=True))
        & set(zip(texts["train"], answers["train"], strict=True))
    )
    if shared:
        say(
            f"{shared} of {len(where['test'])} test rows equal a training row in what is asked and"
            " what is answered"
        )
    quote = track_estimate(
        generation_job(model, base, texts, answers, MOST_JUDGED, MOST_WRITTEN), site.store
    )
    quote.announce(say)
    quote.import_libraries(base)
    prompter = Prompter(base, model.instruction, model.max_length, model.max_new_tokens)
    metrics, history, delta = _taught(base, model, prompter, texts, answers, site, quote.timer, say)
    figures = ", ".join(f"{k} {metrics[k]:.3f}" for k in ("perplexity", "rouge_l", "exact"))
    if model.reveal:  # private texts stay out of reports and of what is said
        metrics["examples"] = []
    first = next(iter(metrics["examples"]), None)
    say(
        f"{metrics['rows']} test rows: {figures}"
        + (f"; {first['wrote'][:80]!r} where {first['wanted'][:80]!r} was wanted" if first else "")
    )
    metrics["leaks"] = {"shared": shared, "telling": {}}
    from safetensors.torch import save_file

    save_file(delta, site.folder / "delta.safetensors")
    card = {
        "model": name,
        "task": "text",
        "labels": [],
        "predict": model.predict,
        "predicts": "text",
        "inputs": list(model.inputs),
        "texts": list(model.inputs),
        "block": {},
        "instruction": model.instruction,
        "max_length": model.max_length,
        "max_new_tokens": model.max_new_tokens,
        "base": base.name,
        "weights": base.weights,
        "licence": base.licence,
        "trunk": None,
        "precision": "fp32",
        "method": model.tune.method,
        "tune": model.tune.model_dump(mode="json"),
        "head": "of the base",
        "settings": {},
        "rows": {p: len(where[p]) for p in PARTS},
        "trials": [],
        "importance": {},
        "seed": model.seed,
    }
    write_json(site.folder / "card.json", card)
    quote.timer.end("judging")
    metrics["price"] = quote.record_actual()
    metrics["seconds"] = round(time.perf_counter() - began, 2)
    return TrainResult(
        card | {"metrics": metrics},
        metrics,
        history,
        evaluation_metrics.check_gates(dict(model.require), metrics),
    )


def _taught(
    base: Base,
    model: Model,
    prompter: Prompter,
    texts: Mapping[str, list[str]],
    answers: Mapping[str, list[str]],
    site: TrainContext,
    timer: PhaseTimer,
    say: Say,
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """Figures, history and the weights that were learnt, by their names below the head."""
    import torch

    from mesocosm.learning.strategies.continual import MATTERED
    from mesocosm.learning.tasks.generation import continual
    from mesocosm.learning.tasks.generation import net as nets
    from mesocosm.learning.training import trainer

    lm = nets.load_writer(base)
    ids, y = {}, {}
    for part in PARTS:
        most = MOST_JUDGED if part != "train" else len(texts[part])
        prompts = [prompter.prompt(t) for t in texts[part][:most]]
        ids[part], y[part] = nets.taught(
            prompts, [prompter.answer(a) for a in answers[part][:most]]
        )
    wanted, asks = (
        answers["test"][:MOST_WRITTEN],
        [prompter.prompt(t) for t in texts["test"][:MOST_WRITTEN]],
    )

    def wrote() -> list[str]:
        began = time.perf_counter()
        found = [
            prompter.text(i)
            for i in nets.write(lm, asks, prompter.most_new, prompter.end, prompter.blank)
        ]
        say(f"{len(found)} answers written in {time.perf_counter() - began:.0f} s")
        return found

    say(f"{base.name} weighs {len(ids['test'])} answers of test rows as it is")
    before, counts = nets.losses(nets.Writer(lm), ids["test"], y["test"])
    timer.end("reading")
    as_it_is = wrote()
    timer.end("writing")
    history: list[dict[str, Any]] = []
    known: dict[str, Any] = {}
    delta: dict[str, Any] = {}
    after, said = before, as_it_is
    if not isinstance(model.tune, Frozen):
        tune: Any = model.tune
        torch.manual_seed(model.seed)
        below = nets.inner(lm)
        setattr(lm, below, tune.attach(getattr(lm, below)))
        writer = nets.Writer(lm)
        past, keep = site.past, site.store / "work" / site.build_key
        judged = (
            continual.judging(past, prompter, list(model.inputs), model.predict, MOST_JUDGED)
            if past and continual.begin(past, writer, base, tune.method, say)
            else None
        )
        was = continual.perplexity(writer, judged) if judged else None
        moving = sum(p.numel() for p in writer.parameters() if p.requires_grad)
        say(
            f"{tune.method}: {moving:,} weights train,"
            f" {moving / sum(p.numel() for p in writer.parameters()):.2%} of all"
        )
        none = {p: np.zeros((len(ids[p]), 0), np.float32) for p in PARTS}
        data = {p: trainer.TrainingRows(ids[p], none[p], y[p]) for p in PARTS}
        history = trainer.train(
            writer,
            tune,
            data["train"],
            data["validation"] if len(ids["validation"]) else data["train"],
            model.seed,
            keep,
            lambda r: say(trainer.as_progress(r)),
        )
        history[0] = history[0] | {"trained": moving}
        delta = {
            n: p.detach().clone().contiguous()
            for n, p in writer.trunk.net.named_parameters()
            if p.requires_grad
        }
        after, _ = nets.losses(writer, ids["test"], y["test"])
        timer.end("tuning")
        said = wrote()
        timer.end("writing")
        if past and past.setting.ewc:
            from safetensors.torch import save_file

            save_file(continual.mattered(writer, ids["train"], y["train"]), site.folder / MATTERED)
        if past and judged and was is not None:
            now = continual.perplexity(writer, judged)
            known = {
                "rows": len(judged[0]),
                "what": "perplexity",
                "then": round(was, 4),
                "now": round(now, 4),
            }
            say(
                f"on the {known['rows']} rows that judged {past.version}: perplexity {was:.3f}"
                f" then, {now:.3f} now"
            )
    metrics = report(after, counts, said, wanted, model.seed)
    metrics["baselines"] = {
        "base": against(said, as_it_is, wanted, (after, before, counts)),
        "nearest": against(
            said, nearest(texts["test"][:MOST_WRITTEN], texts["train"], answers["train"]), wanted
        ),
    }
    if known:
        metrics["known"] = known
    metrics |= {
        f"gain_over_{other}": found["gain"] for other, found in metrics["baselines"].items()
    }
    metrics["examples"] = [
        {"asked": t[:500], "wanted": w[:500], "wrote": s[:500]}
        for t, w, s in zip(texts["test"], wanted, said, strict=False)
    ][:5]
    return metrics, history, delta
