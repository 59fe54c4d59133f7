"""One of several training processes, started by torch's launcher:
`python -m mesocosm.learning.training.loop.distributed_worker FOLDER`.

Knows a job's folder as `distributed.py` writes it. The first process reports progress and writes
the trained weights.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mesocosm.learning.training.loop.trainer import TrainingRows, TrunkWithHead


def main(folder: Path) -> None:
    """Rebuild the net, train with the others, and write the weights."""
    import torch
    from safetensors.torch import save_file

    from mesocosm.core.errors import ConfigValueError
    from mesocosm.core.files import write_json
    from mesocosm.learning.training.loop import trainer
    from mesocosm.learning.training.loop.distributed import MARK

    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    net, tune, rows, held = _build(folder, job)
    first = os.environ.get("RANK", "0") == "0"
    checkpoint = Path(job["checkpoint"]) if job["checkpoint"] else None

    def report(record: dict[str, Any]) -> None:
        if first:
            print(MARK + json.dumps(record), flush=True)

    try:
        history = trainer.train(net, tune, rows, held, job["seed"], checkpoint, report)
    except ConfigValueError as wrong:
        write_json(
            folder / "wrong.json",
            {"key": wrong.key, "found": str(wrong.found), "expected": str(wrong.expected)},
        )
        raise SystemExit(1) from wrong
    if first:
        write_json(folder / "history.json", history)
        save_file(
            {n: p.detach().clone().contiguous() for n, p in net.state_dict().items()},
            folder / "made.safetensors",
        )
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _build(
    folder: Path, job: Mapping[str, Any]
) -> tuple[TrunkWithHead, Any, TrainingRows, TrainingRows]:
    """The net with the job's weights, its settings, and the training and validation rows."""
    import torch
    from safetensors.torch import load_file

    from mesocosm.learning.augmentation.text import Words
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.layer_cache import top_layers
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning import FINE_TUNING
    from mesocosm.learning.fine_tuning.last import Last
    from mesocosm.learning.training.loop.distributed import read_rows
    from mesocosm.learning.training.loop.trainer import TrunkWithHead

    base = Base(**{**job["base"], "folder": Path(job["base"]["folder"])})
    tune: Any = FINE_TUNING[job["tune"]["method"]].model_validate(job["tune"])
    torch.manual_seed(job["seed"])
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    rows, held = read_rows(folder / "rows.safetensors"), read_rows(folder / "held.safetensors")
    trained = trunk
    takes_states = len(rows.ids) and not isinstance(rows.ids[0], list)
    if isinstance(tune, Last) and takes_states:
        trained = top_layers(trunk, tune.layers) or trunk
    if job["augments_words"]:
        rows.words = Words(
            Tokens(base.folder, job["max_length"]).tokenizer,
            trunk.net.get_input_embeddings().weight.detach().numpy(),
        )
    weights = load_file(folder / "net.safetensors")
    net = TrunkWithHead(trained, weights["weights"].numpy(), weights["bias"].numpy(), tune.dropout)
    net.load_state_dict(weights)
    return net, tune, rows, held


if __name__ == "__main__":
    main(Path(sys.argv[1]))
