"""One of several training processes, started by torch's launcher:
`python -m mesocosm.learning.training.loop.distributed_worker FOLDER`.

Knows a job's folder as `distributed.py` writes it. The first process reports progress and writes
the trained weights.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import Tensor

    from mesocosm.learning.features.embeddings import Trunk
    from mesocosm.learning.fine_tuning.gradient import Gradient
    from mesocosm.learning.training.loop.distributed import JobSettings
    from mesocosm.learning.training.loop.records import TrainingRecord
    from mesocosm.learning.training.loop.trainer import TrainingRows, TrunkWithHead


@dataclass(frozen=True)
class WorkerInput:
    """The net with the job's weights, its settings, and the training and validation rows."""

    net: TrunkWithHead
    tune: Gradient
    rows: TrainingRows
    held: TrainingRows


def main(folder: Path) -> None:
    """Rebuild the net, train with the others, and write the weights."""
    import torch
    from safetensors.torch import save_file

    from mesocosm.core.errors import ConfigValueError
    from mesocosm.core.files import write_json
    from mesocosm.core.messages import text_as_json
    from mesocosm.learning.training.loop import trainer
    from mesocosm.learning.training.loop.distributed import MARK

    job = cast("JobSettings", json.loads((folder / "job.json").read_text(encoding="utf-8")))
    work = _build(folder, job)
    first = os.environ.get("RANK", "0") == "0"

    def report(record: TrainingRecord) -> None:
        if first:
            print(MARK + json.dumps(record), flush=True)

    try:
        history = trainer.train(
            work.net, work.tune, work.rows, work.held, job["seed"], _checkpoint_of(job), report
        )
    except ConfigValueError as wrong:
        write_json(
            folder / "wrong.json",
            {
                "key": wrong.key,
                "found": text_as_json(wrong.found),
                "expected": text_as_json(wrong.expected),
            },
        )
        raise SystemExit(1) from wrong
    if first:
        write_json(folder / "history.json", history)
        weights: dict[str, Tensor] = work.net.state_dict()
        save_file(
            {name: weight.detach().clone().contiguous() for name, weight in weights.items()},
            folder / "made.safetensors",
        )
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _checkpoint_of(job: JobSettings) -> Path | None:
    if not job["checkpoint"]:
        return None
    return Path(job["checkpoint"])


def _build(folder: Path, job: JobSettings) -> WorkerInput:
    """Rebuild what the job's folder describes."""
    import torch
    from safetensors.torch import load_file

    from mesocosm.learning.augmentation.text import Words
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning.layers import as_pretrained
    from mesocosm.learning.training.loop.distributed import read_rows
    from mesocosm.learning.training.loop.trainer import TrunkWithHead

    settings = job["base"]
    base = Base(
        str(settings["name"]),
        Path(str(settings["folder"])),
        str(settings["licence"]),
        str(settings["weights"]),
        bool(settings["writes"]),
    )
    tune = _read_tuning(job)
    torch.manual_seed(job["seed"])
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    rows, held = read_rows(folder / "rows.safetensors"), read_rows(folder / "held.safetensors")
    trained = _trained_layers(trunk, tune, rows)
    if job["augments_words"]:
        vectors = as_pretrained(trunk.net).get_input_embeddings().weight.detach().numpy()
        rows.words = Words(Tokens(base.folder, job["max_length"]).tokenizer, vectors)
    weights = load_file(folder / "net.safetensors")
    net = TrunkWithHead(trained, weights["weights"].numpy(), weights["bias"].numpy(), tune.dropout)
    net.load_state_dict(weights)
    return WorkerInput(net, tune, rows, held)


def _read_tuning(job: JobSettings) -> Gradient:
    """The job's fine-tuning method, with its settings."""
    from mesocosm.learning.fine_tuning import FINE_TUNING

    kind = FINE_TUNING[str(job["tune"]["method"])]
    return cast("Gradient", kind.model_validate(job["tune"]))


def _trained_layers(trunk: Trunk, tune: Gradient, rows: TrainingRows) -> Trunk:
    """The last layers where the rows are states of those under them, else all."""
    from mesocosm.learning.features.layer_cache import top_layers
    from mesocosm.learning.fine_tuning.last import Last

    takes_states = len(rows.ids) and not isinstance(rows.ids[0], list)
    if isinstance(tune, Last) and takes_states:
        return top_layers(trunk, tune.layers) or trunk
    return trunk


if __name__ == "__main__":
    main(Path(sys.argv[1]))
