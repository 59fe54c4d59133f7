"""One of several training processes, started by torch's launcher: `python -m mesocosm.learning.training.distributed_worker
FOLDER`.

Knows a job's folder as `many.py` writes it. The first process tells progress and writes what was
made.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(job: Path) -> None:
    """Rebuild the net, train with the others, and write the weights."""
    import torch
    from safetensors.torch import load_file, save_file

    from mesocosm.core.errors import Wrong
    from mesocosm.core.files import write_json
    from mesocosm.learning.augmentation.text import Words
    from mesocosm.learning.base_models import Base
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.features.layer_cache import top_of
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.fine_tuning import FINE_TUNING
    from mesocosm.learning.fine_tuning.last import Last
    from mesocosm.learning.training import trainer
    from mesocosm.learning.training.distributed import MARK, read_rows

    asked = json.loads((job / "job.json").read_text(encoding="utf-8"))
    base = Base(**{**asked["base"], "folder": Path(asked["base"]["folder"])})
    tune: Any = FINE_TUNING[asked["tune"]["method"]].model_validate(asked["tune"])
    torch.manual_seed(asked["seed"])
    trunk = load_trunk(base)
    trunk.net = tune.attach(trunk.net)
    rows, held = read_rows(job / "rows.safetensors"), read_rows(job / "held.safetensors")
    seen = trunk
    if (
        isinstance(tune, Last)
        and len(rows.ids)
        and not isinstance(rows.ids[0], list)
        and (top := top_of(trunk, tune.layers)) is not None
    ):
        seen = top
    if asked["words"]:
        rows.words = Words(
            Tokens(base.folder, asked["most"]).tokenizer,
            trunk.net.get_input_embeddings().weight.detach().numpy(),
        )
    weights = load_file(job / "net.safetensors")
    net = trainer.TrunkWithHead(
        seen, weights["weights"].numpy(), weights["bias"].numpy(), tune.dropout
    )
    net.load_state_dict(weights)
    first = os.environ.get("RANK", "0") == "0"
    keep = Path(asked["keep"]) if asked["keep"] else None

    def say(record: dict[str, Any]) -> None:
        if first:
            print(MARK + json.dumps(record), flush=True)

    try:
        history = trainer.train(net, tune, rows, held, asked["seed"], keep, say)
    except Wrong as wrong:
        write_json(
            job / "wrong.json", {"key": wrong.key, "found": wrong.found, "wanted": wrong.wanted}
        )
        raise SystemExit(1) from wrong
    if first:
        write_json(job / "history.json", history)
        save_file(
            {n: p.detach().clone().contiguous() for n, p in net.state_dict().items()},
            job / "made.safetensors",
        )
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
