"""What another tuned version costs: bytes of its own, memory of its own once it answers, and the
time to open it, beside a whole graph of the same weights.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from data import BASE
from parts import size

Line = tuple[str, float, str, bool]
ROUNDS = size(3, 1)


def opened(paths: list[Path]) -> tuple[list[float], list[float]]:
    """Private megabytes that each graph adds once it has answered, and seconds to open it; in a
    process of its own.
    """
    out = subprocess.run(
        [sys.executable, __file__, "open", *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split() for line in out.splitlines() if line.startswith("at ")]
    return [float(r[1]) for r in rows], [float(r[2]) for r in rows]


def _open(paths: list[str]) -> None:
    import numpy as np
    import onnxruntime
    import psutil

    def private() -> float:
        return float(psutil.Process().memory_full_info().uss / 1e6)

    feed = {
        "input_ids": np.full((4, 16), 2000, np.int64),
        "attention_mask": np.ones((4, 16), np.int64),
    }
    kept = []
    for path in paths:
        before, began = private(), time.perf_counter()
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        took = time.perf_counter() - began
        session.run(None, feed)
        kept.append(session)
        print("at", round(private() - before, 1), round(took, 4))


def adapters() -> list[Line]:
    """LoRA versions of MiniLM that share their base's weights, beside as many whole graphs."""
    from statistics import median

    import torch

    from mesocosm.learning.base_models import resolve
    from mesocosm.learning.export.onnx_export import export_trunk, tuned_trunk
    from mesocosm.learning.features.embeddings import load_trunk
    from mesocosm.learning.fine_tuning.lora import Lora

    base = resolve(*BASE)
    with tempfile.TemporaryDirectory() as home:
        lean, whole = [], []
        for number in range(ROUNDS):
            torch.manual_seed(number)
            trunk, tune = load_trunk(base), Lora()
            trunk.net = tune.attach(trunk.net)
            with torch.no_grad():
                for name, weight in trunk.net.named_parameters():
                    if "lora_B" in name:
                        weight.normal_(0, 0.01)
            trunk.net = tune.merge(trunk.net)
            own = tuned_trunk(trunk, base, Path(home, f"lean{number}"), Path(home))
            lean.append(Path(home, f"lean{number}", "trunk.int8.onnx"))
            Path(home, f"whole{number}").mkdir()
            export_trunk(trunk, Path(home, f"whole{number}"))
            whole.append(Path(home, f"whole{number}", "trunk.int8.onnx"))
        first = next(Path(home, "trunks").iterdir()) / "trunk.int8.onnx"
        shared, alone = opened([first, *lean]), opened([whole[0], *whole])
        size = whole[0].stat().st_size / 1e6
    memory, others = median(shared[0][1:]), median(alone[0][1:])
    print(
        f"  another LoRA version, int8: {own['int8']:.1f} MB of graph of its own (whole:"
        f" {size:.1f}), fp32 {own['fp32']:.1f} MB; {memory:.0f} MB of private memory (whole:"
        f" {others:.0f}), open in {median(shared[1][1:]):.3f} s (whole: {median(alone[1][1:]):.3f})"
    )
    return [
        (
            "another LoRA version, int8: MB of its own on disk",
            own["int8"],
            "<= 5",
            own["int8"] <= 5,
        ),
        (
            "another LoRA version, int8: private memory / a whole one's",
            memory / others,
            "<= 0.5",
            memory / others <= 0.5,
        ),
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["open"]:
        _open(sys.argv[2:])
    else:
        for name, figure, target, met in adapters():
            print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
