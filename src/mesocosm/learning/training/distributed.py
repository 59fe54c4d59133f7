"""Training shared by several processes: the parts of one training in a folder, workers started,
what they made read back.

Knows torch's launcher and safetensors. Workers rebuild the net from its base and put the weights
in; nothing is pickled.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mesocosm.core.errors import Failure, Wrong
from mesocosm.core.files import write_json
from mesocosm.learning.base_models import Base
from mesocosm.learning.training.trainer import TrainingRows, TrunkWithHead

MARK = "mesocosm: "  # what a worker's line of progress begins with


def train_distributed(
    net: TrunkWithHead,
    tune: Any,
    base: Base,
    rows: TrainingRows,
    held: TrainingRows,
    seed: int,
    most: int,
    keep: Path | None,
    say: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """As `trainer.train`, by `tune.processes` processes on this machine; the best weights are put into
    `net`.

    Args:
        base: what the net was made from.
        most: tokens of a text that are read.

    Raises:
        Wrong: a worker found the settings wrong.
        Failure: a worker died.
    """
    import torch
    from safetensors.torch import load_file, save_file

    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home:
        job = Path(home)
        save_file(
            {n: p.detach().clone().contiguous() for n, p in net.state_dict().items()},
            job / "net.safetensors",
        )
        write_rows(rows, job / "rows.safetensors")
        write_rows(held, job / "held.safetensors")
        settings = {
            "tune": tune.model_dump(mode="json"),
            "base": {**asdict(base), "folder": str(base.folder)},
            "seed": seed,
            "most": most,
            "keep": str(keep) if keep else None,
            "words": rows.words is not None,
        }
        write_json(job / "job.json", settings)
        threads = str(max(1, torch.get_num_threads() // tune.processes))
        words = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            str(tune.processes),
            "-m",
            "mesocosm.learning.training.distributed_worker",
            str(job),
        ]
        env = {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "MASTER_ADDR": "127.0.0.1",
            "GLOO_SOCKET_IFNAME": os.environ.get("GLOO_SOCKET_IFNAME", "lo"),
        }
        with (
            (job / "stderr").open("w") as err,
            subprocess.Popen(words, stdout=subprocess.PIPE, stderr=err, text=True, env=env) as crew,
        ):
            assert crew.stdout is not None
            for line in crew.stdout:
                if line.startswith(MARK):
                    say(json.loads(line.removeprefix(MARK)))
        if (job / "wrong.json").is_file():
            raise Wrong(**json.loads((job / "wrong.json").read_text(encoding="utf-8")))
        if crew.returncode or not (job / "made.safetensors").is_file():
            said = re.findall(
                r"^(?:\[rank\d+\]: ?)?(\w+(?:\.\w+)*(?:Error|Exception): .*)$",
                (job / "stderr").read_text(encoding="utf-8", errors="replace"),
                re.MULTILINE,
            )
            raise Failure(
                f"a training process ended with {crew.returncode}:"
                f" {said[0][:300] if said else 'it did not say why'}"
            )
        made = load_file(job / "made.safetensors")
        if tune.precision == "fp64":
            net.double()
        net.load_state_dict(made)
        net.eval()
        return list(json.loads((job / "history.json").read_text(encoding="utf-8")))


def write_rows(rows: TrainingRows, path: Path) -> None:
    """Write rows: ids or states flat, with where each row ends."""
    from safetensors.numpy import save_file

    flat = (
        np.concatenate([np.asarray(r) for r in rows.ids])
        if len(rows.ids)
        else np.zeros(0, np.int64)
    )
    ends = np.cumsum([len(r) for r in rows.ids]).astype(np.int64)
    save_file(
        {
            "flat": np.ascontiguousarray(flat),
            "ends": ends,
            "table": np.ascontiguousarray(rows.table),
            "y": np.ascontiguousarray(rows.y),
        },
        path,
    )


def read_rows(path: Path) -> TrainingRows:
    """Read them again."""
    from safetensors.numpy import load_file

    kept = load_file(path)
    ends, flat = [0, *kept["ends"].tolist()], kept["flat"]
    parts = [
        flat[a:b] if flat.ndim > 1 else flat[a:b].tolist()
        for a, b in zip(ends, ends[1:], strict=False)
    ]
    return TrainingRows(parts, kept["table"], kept["y"])
