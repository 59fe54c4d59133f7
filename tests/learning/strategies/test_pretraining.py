"""A base learns from texts without labels: its loss falls, it resumes to the same weights, and a
build uses it.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, said_of
from little_base import little_base
from safetensors.numpy import load_file

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigValueError
from mesocosm.core.progress import say_as_text
from mesocosm.learning.base_models import resolve
from mesocosm.learning.features.embeddings import encode, load_trunk
from mesocosm.learning.features.tokenizer import Tokens
from mesocosm.learning.pretraining import OBJECTIVES
from mesocosm.learning.pretraining.run import Corpus, pretrain
from mesocosm.learning.pretraining.settings import Pretrain

pytestmark = pytest.mark.slow


def lines() -> list[str]:
    """Sentences of a domain: what the standard library says of itself."""
    import argparse
    import statistics
    import textwrap

    docs = [
        inspect.getdoc(thing) or ""
        for module in (argparse, statistics, textwrap)
        for thing in vars(module).values()
        if callable(thing)
    ]
    return [line.strip() for doc in docs for line in doc.split("\n") if len(line.split()) > 4]


@pytest.fixture(scope="module")
def base() -> Any:
    return resolve(str(little_base()), Path("/"))


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_every_objective_lowers_its_loss_on_texts_held_out(
    tmp_path: Path, base: Any, name: str
) -> None:
    said: list[str] = []
    more = {"fields": ["long", "words"]} if name == "multitask" else {}
    setting = Pretrain.model_validate(
        {
            "fields": ["x"],
            "method": {"method": name, **more},
            "epochs": 3,
            "learning_rate": 3e-4,
            "batch": 16,
        }
    )
    texts = lines() if name == "contrastive" else lines()[::2]
    known = {
        "long": [len(t) > 60 for t in texts],
        "words": [None if len(t) % 7 == 0 else len(t.split()) for t in texts],
    }
    made, told = pretrain(
        base, Corpus(texts, known), setting, 32, 7, tmp_path, say_as_text(said.append)
    )
    assert (
        told["after"] < told["before"] * (0.9 if name != "contrastive" else 1.0)
        and told["texts"] > 100
    )
    assert any("held-out loss" in s for s in said) and not list(
        (tmp_path / "work").glob("pretrain-*")
    )
    again, _ = pretrain(
        base, Corpus(texts, known), setting, 32, 7, tmp_path, say_as_text(said.append)
    )
    assert (
        again == made and resolve(str(made.folder), Path("/")).weights
    )  # a folder laid out as a hub's
    vectors = encode(load_trunk(made), Tokens(made.folder, 32), ["an option of a parser", "a mean"])
    assert vectors.shape == (2, 384)


def test_texts_of_a_class_come_together(tmp_path: Path) -> None:
    base = resolve("minilm", Path("/"))
    texts = [
        f"what a {w} day in month {m}"
        for m in range(1, 13)
        for w in ("lovely", "kind", "awful", "cruel")
    ]
    told: list[str | None] = ["good" if "lovely" in t or "kind" in t else "bad" for t in texts]
    told[5] = None  # a gap: near itself alone
    setting = Pretrain.model_validate(
        {
            "fields": ["x"],
            "method": {"method": "contrastive", "fields": ["mood"]},
            "epochs": 4,
            "learning_rate": 1e-4,
            "batch": 16,
        }
    )
    made, _ = pretrain(
        base, Corpus(texts, {"mood": told}), setting, 32, 7, tmp_path, lambda _: None
    )
    fresh, good = (
        [f"the {w} evening {n}" for n in "abc" for w in ("splendid", "lovely", "awful", "dismal")],
        np.tile([True, True, False, False], 3),
    )
    apart = []
    for one in (base, made):
        vectors = encode(load_trunk(one), Tokens(one.folder, 32), fresh)
        near = vectors @ vectors.T
        apart.append(
            near[np.equal.outer(good, good)].mean() - near[~np.equal.outer(good, good)].mean()
        )
    assert apart[1] > apart[0] + 0.2, apart


def test_the_labelled_loss_is_the_mean_over_those_of_a_class() -> None:
    import torch

    one, two = (
        torch.nn.functional.normalize(
            torch.randn(4, 3, generator=torch.Generator().manual_seed(s)), dim=1
        )
        for s in (1, 2)
    )
    views, of = iter((one, two)), torch.tensor([[0.0], [1.0], [0.0], [float("nan")]])
    objective = OBJECTIVES["contrastive"].model_validate(
        {"method": "contrastive", "fields": ["y"], "temperature": 0.5}
    )
    loss = float(objective.loss(lambda ids, mask: next(views), [0, 1, 2, 3], None, None, None, of))  # type: ignore[arg-type]
    both, classes, terms = torch.cat([one, two]), [0, 1, 0, 9, 0, 1, 0, 9], []
    for i in range(8):
        others = [j for j in range(8) if j != i]
        near = {j: float(both[i] @ both[j]) / 0.5 for j in others}
        total = np.log(sum(np.exp(v) for v in near.values()))
        terms.append(np.mean([total - near[j] for j in others if classes[j] == classes[i]]))
    assert loss == pytest.approx(float(np.mean(terms)), abs=1e-5)
    with pytest.raises(ConfigValueError, match="no names of classes"):
        objective.facts({"y": [1.0, 2.0]})


def test_pretraining_that_was_stopped_ends_with_the_same_weights(
    tmp_path: Path, base: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = Pretrain.model_validate(
        {"fields": ["x"], "epochs": 2, "learning_rate": 1e-4, "batch": 16}
    )
    texts = lines()[:80]
    whole, _ = pretrain(base, Corpus(texts), setting, 32, 7, tmp_path / "a", lambda _: None)
    import mesocosm.learning.training.loop.checkpoint as checkpoint

    kept = checkpoint.save_checkpoint

    def stopped(*given: Any) -> None:
        kept(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save_checkpoint", stopped)
    with pytest.raises(KeyboardInterrupt):
        pretrain(base, Corpus(texts), setting, 32, 7, tmp_path / "b", lambda _: None)
    assert not list((tmp_path / "b" / "bases").glob("[!.]*"))  # nothing half-made
    monkeypatch.setattr(checkpoint, "save_checkpoint", kept)
    gone_on, _ = pretrain(base, Corpus(texts), setting, 32, 7, tmp_path / "b", lambda _: None)
    one, two = (load_file(b.folder / "model.safetensors") for b in (whole, gone_on))
    assert set(one) == set(two) and all((one[k] == two[k]).all() for k in one)


def test_too_few_texts_are_a_sentence(tmp_path: Path, base: Any) -> None:
    with pytest.raises(ConfigValueError, match="there are 2 different texts"):
        pretrain(
            base,
            Corpus(["a b c", "a b c", "d e f"]),
            Pretrain(fields=("x",)),
            32,
            7,
            tmp_path,
            lambda _: None,
        )


def unlabelled(pond: Path, settings: str, base: str = f"base: {little_base()}") -> Path:
    (pond / "manual.csv").write_text(
        "line\n" + "\n".join('"' + line.replace('"', "'") + '"' for line in lines()) + "\n"
    )
    file = pond / "ecosystem.yaml"
    text = file.read_text().replace(
        "sources:\n", "sources:\n  manual: {type: csv, path: manual.csv}\n"
    )
    text = text.replace(
        "models:\n  judge: {base: minilm,",
        "  pages: {from: manual, fields: {line: text}, split: none}\nmodels:\n  judge:"
        f" {{{base}{', ' if base else ''}pretrain: {settings},",
    )
    file.write_text(text)
    return pond


def test_a_build_pretrains_on_another_dataset_and_plans_it(pond: Path) -> None:
    eco = open_ecosystem(
        unlabelled(pond, "{fields: [line], dataset: pages, learning_rate: 1.0e-4}")
    )
    eco.build()
    (version,) = eco.catalog.versions("judge")
    told = version["metrics"]["pretraining"]
    assert told["after"] < told["before"] and version["recipe"]["base"].startswith(
        f"{little_base()}+"
    )
    assert {c.sign for c in open_ecosystem(pond).plan()} == {"="}
    (pond / "manual.csv").write_text(
        (pond / "manual.csv").read_text() + "a new line of the manual\n"
    )
    assert {c.address: c.sign for c in open_ecosystem(pond).plan()}["models.judge"] == "±"


def test_a_base_from_nothing_learns_its_own_words(pond: Path) -> None:
    eco = open_ecosystem(
        unlabelled(
            pond,
            "{fields: [text], from_scratch: {layers: 2, width: 64, vocab_size: 400}, epochs: 2, learning_rate:"
            " 1.0e-3}",
            base="",
        )
    )
    eco.build()
    (version,) = eco.catalog.versions("judge")
    assert (
        version["recipe"]["base"].startswith("new+")
        and version["metrics"]["accuracy"] > 0.9
        and version["metrics"]["pretraining"]["after"] < version["metrics"]["pretraining"]["before"]
    )


@pytest.mark.parametrize(
    ("settings", "base", "said"),
    [
        ("{fields: [lin], dataset: pages}", "base: minilm", "no field 'lin'"),
        ("{fields: [line], dataset: paiges}", "base: minilm", "no dataset is named 'paiges'"),
        ("{fields: [amount]}", "base: minilm", "'amount' is a number"),
        ("{fields: [text], from_scratch: {}}", "base: minilm", "trained from scratch"),
    ],
)
def test_what_cannot_be_pretrained_on_is_said_with_its_place(
    pond: Path, settings: str, base: str, said: str
) -> None:
    assert any(said in line for line in said_of(unlabelled(pond, settings, base)))


def test_models_share_one_trunk_that_learnt_what_each_of_them_tells(pond: Path) -> None:
    from mesocosm.lifecycle.access.model_access import load_version

    file = pond / "ecosystem.yaml"
    together = (
        "pretrain: {fields: [text], epochs: 2, learning_rate: 1e-4, batch: 16, method: {method:"
        " multitask, fields: [label, amount]}}"
    )
    one = (
        f"judge: {{base: {little_base()}, dataset: mail, target: label, features: [text], track: [],"
        f" {together}}}"
    )
    file.write_text(
        re.sub(
            r"(?m)^  judge: .*$",
            f"  {one}\n "
            f" {one.replace('judge', 'price').replace('target: label', 'target: amount')}",
            SMALL,
        )
    )
    eco, said = open_ecosystem(pond), list[str]()
    assert not eco.build(say=lambda address, text: said.append(f"{address} {text}")).failed
    versions = [eco.catalog.versions(name)[-1] for name in ("judge", "price")]
    assert (
        len({v["recipe"]["base"] for v in versions})
        == len({v["recipe"]["trunk"] for v in versions})
        == 1
    )
    assert (
        f"{little_base()}+" in versions[0]["recipe"]["base"]
        and sum("pretraining, epoch" in s or "pretrained on" in s for s in said) >= 2
    )
    assert (
        len(list((pond / ".mesocosm" / "bases").iterdir())) == 1
        and versions[0]["metrics"]["accuracy"] > 0.9
    )
    shared: dict[Any, Any] = {}
    nets = [load_version(eco.spec, v, precision="int8", shared=shared) for v in versions]
    assert nets[0].reader is nets[1].reader and "curve" not in versions[0]["metrics"]
    file.write_text(file.read_text().replace("fields: [label, amount]", "fields: [label, text]"))
    assert any("'text' is a text" in line for line in said_of(pond))
