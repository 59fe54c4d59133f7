"""Distributed data-parallel training on one machine: a job's files in a folder, workers started,
their result read back.

Knows torch's launcher and safetensors. Workers rebuild the net from its base and load the weights;
nothing is pickled.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict, cast

import numpy as np

from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.files import write_json
from mesocosm.core.messages import Message, text_of_json
from mesocosm.core.records import Json
from mesocosm.learning.arrays import Array
from mesocosm.learning.base_models import Base
from mesocosm.learning.fine_tuning.gradient import Gradient
from mesocosm.learning.training.loop.records import History, Report, TrainingRecord
from mesocosm.learning.training.loop.rows import Row
from mesocosm.learning.training.loop.trainer import TrainingRows, TrunkWithHead

MARK = "mesocosm: "  # the prefix of a worker's line of progress


@dataclass(frozen=True)
class DistributedJob:
    """What the processes of one training share.

    Args:
        tune: the settings, with `processes`.
        base: the base model that the net was made from.
        seed: of every random choice.
        max_length: tokens of a text that are read.
        checkpoint: the folder of the checkpoint; none is written without it.
    """

    tune: Gradient
    base: Base
    seed: int
    max_length: int
    checkpoint: Path | None = None


class JobSettings(TypedDict):
    """What `job.json` holds for the workers."""

    tune: dict[str, Json]
    base: dict[str, Json]
    seed: int
    max_length: int
    checkpoint: str | None
    augments_words: bool


def train_distributed(
    net: TrunkWithHead,
    job: DistributedJob,
    rows: TrainingRows,
    held: TrainingRows,
    report: Report,
) -> History:
    """As `trainer.train`, by `tune.processes` processes on this machine; the best weights are put
    into `net`.

    Raises:
        ConfigValueError: a worker found the settings wrong.
        MesocosmError: a worker died.
    """
    from safetensors.torch import load_file

    with tempfile.TemporaryDirectory(prefix="mesocosm-") as home:
        folder = Path(home)
        _write_job(folder, net, job, rows, held)
        returncode = _run_workers(folder, job.tune.processes, report)
        if (folder / "wrong.json").is_file():
            raise _read_refusal(folder / "wrong.json")
        if returncode or not (folder / "made.safetensors").is_file():
            raise MesocosmError(
                Message(
                    "learning.process_ended", code=returncode, error=_first_error(folder / "stderr")
                )
            )
        weights = load_file(folder / "made.safetensors")
        if job.tune.precision == "fp64":
            net.double()
        net.load_state_dict(weights)
        net.eval()
        return cast(History, json.loads((folder / "history.json").read_text(encoding="utf-8")))


def _read_refusal(path: Path) -> ConfigValueError:
    """What a worker found wrong with the settings."""
    wrong: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    found, expected = text_of_json(wrong["found"]), text_of_json(wrong["expected"])
    return ConfigValueError(str(wrong["key"]), found, expected)


def _write_job(
    folder: Path, net: TrunkWithHead, job: DistributedJob, rows: TrainingRows, held: TrainingRows
) -> None:
    """Write the weights, the rows and the settings that the workers read."""
    from safetensors.torch import save_file

    save_file(
        {n: p.detach().clone().contiguous() for n, p in net.state_dict().items()},
        folder / "net.safetensors",
    )
    write_rows(rows, folder / "rows.safetensors")
    write_rows(held, folder / "held.safetensors")
    settings: JobSettings = {
        "tune": job.tune.model_dump(mode="json"),
        "base": {**asdict(job.base), "folder": str(job.base.folder)},
        "seed": job.seed,
        "max_length": job.max_length,
        "checkpoint": _as_text(job.checkpoint),
        "augments_words": rows.words is not None,
    }
    write_json(folder / "job.json", settings)


def _as_text(path: Path | None) -> str | None:
    if path is None:
        return None
    return str(path)


def _run_workers(folder: Path, processes: int, report: Report) -> int:
    """Run torch's launcher to its end, passing the first worker's progress on; its exit code."""
    import torch

    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        str(processes),
        "-m",
        "mesocosm.learning.training.loop.distributed_worker",
        str(folder),
    ]
    env = {
        **os.environ,
        "OMP_NUM_THREADS": str(max(1, torch.get_num_threads() // processes)),
        "MASTER_ADDR": "127.0.0.1",
        "GLOO_SOCKET_IFNAME": os.environ.get("GLOO_SOCKET_IFNAME", "lo"),
    }
    with (
        (folder / "stderr").open("w") as err,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=err, text=True, env=env
        ) as launcher,
    ):
        assert launcher.stdout is not None
        for line in launcher.stdout:
            if line.startswith(MARK):
                report(cast(TrainingRecord, json.loads(line.removeprefix(MARK))))
    return launcher.returncode


def _first_error(log: Path) -> str:
    """The first exception that the workers' output names."""
    errors = re.findall(
        r"^(?:\[rank\d+\]: ?)?(\w+(?:\.\w+)*(?:Error|Exception): .*)$",
        log.read_text(encoding="utf-8", errors="replace"),
        re.MULTILINE,
    )
    if not errors:
        return "no reason given"
    return str(errors[0][:300])


def write_rows(rows: TrainingRows, path: Path) -> None:
    """Write rows: token ids or states flat, with where each row ends."""
    from safetensors.numpy import save_file

    flat = np.zeros(0, np.int64)
    if len(rows.ids):
        flat = np.concatenate([np.asarray(r) for r in rows.ids])
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
    """Read the rows that `write_rows` wrote."""
    from safetensors.numpy import load_file

    stored = load_file(path)
    flat: Array = stored["flat"]
    ends: list[int] = stored["ends"].tolist()
    states = [flat[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    rows: list[Row] = [*states]
    if flat.ndim == 1:  # token ids are lists, states of layers are matrices
        rows = [row.tolist() for row in states]
    return TrainingRows(rows, stored["table"], stored["y"])
