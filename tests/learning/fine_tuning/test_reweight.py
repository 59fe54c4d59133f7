"""A tuned base's graph is the untouched base's with other weights, or it is exported: it gives what
torch gives in any case.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from mesocosm.learning.base_models import resolve
from mesocosm.learning.export.onnx_export import shared_trunk, tuned_trunk
from mesocosm.learning.export.reweighting import reweight
from mesocosm.learning.features.embeddings import load_trunk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def moved(trunk: Any, which: str) -> Any:
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in trunk.named_parameters():
            if which in name and "pooler" not in name:  # no answer comes from it
                weight += 0.02 * torch.randn(weight.shape, generator=draw)
    return trunk


def answers(graph: Path) -> Any:
    ids = np.arange(20, 38, dtype=np.int64).reshape(2, 9)
    return onnxruntime.InferenceSession(str(graph)).run(
        None, {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    )[0]


@pytest.mark.parametrize("which", ["weight", "bias", "layer.5"])
def test_a_tuned_base_gives_what_torch_gives(store: Path, tmp_path: Path, which: str) -> None:
    base = resolve("minilm", Path("."))
    trunk = moved(load_trunk(base), which)
    assert reweight(
        trunk, load_trunk(base), shared_trunk(base, store) / "trunk.fp32.onnx", tmp_path / "a.onnx"
    )
    ids = torch.arange(20, 38).reshape(2, 9)
    with torch.no_grad():
        wanted = trunk.eval()(ids, torch.ones_like(ids)).numpy()
    assert np.abs(answers(tmp_path / "a.onnx") - wanted).max() < 1e-4 * np.abs(wanted).max()
    assert (
        np.abs(
            answers(tmp_path / "a.onnx") - answers(shared_trunk(base, store) / "trunk.fp32.onnx")
        ).max()
        > 1e-3
    )


def test_a_module_that_is_built_otherwise_is_not_taken_for_it(store: Path, tmp_path: Path) -> None:
    base = resolve("minilm", Path("."))

    class Other(torch.nn.Module):
        """The same weights, and another sum."""

        def __init__(self) -> None:
            super().__init__()
            self.__dict__["inner"] = load_trunk(base)

        def state_dict(self, *_: Any, **__: Any) -> Any:
            return self.__dict__["inner"].state_dict()

        def forward(self, ids: Any, mask: Any) -> Any:
            return 2 * self.__dict__["inner"](ids, mask)

    graph = shared_trunk(base, store) / "trunk.fp32.onnx"
    assert (
        not reweight(Other().eval(), load_trunk(base), graph, tmp_path / "a.onnx")
        and not (tmp_path / "a.onnx").exists()
    )


def test_a_weight_without_a_place_in_the_graph_is_exported(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = resolve("minilm", Path("."))
    exported: list[Path] = []
    monkeypatch.setattr("mesocosm.learning.export.onnx_export.reweight", lambda *_: False)
    monkeypatch.setattr(
        "mesocosm.learning.export.onnx_export.export_trunk",
        lambda trunk, folder: exported.append(folder),
    )
    monkeypatch.setattr("mesocosm.learning.export.onnx_export.share_weights", lambda *_: {})
    tuned_trunk(load_trunk(base), base, tmp_path / "trunk", store)
    assert exported == [tmp_path / "trunk"]
