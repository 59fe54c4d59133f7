"""A causal base is taught to write: by each method, kept as what differs, swapped beside one base
in memory, judged and served.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import said_of

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.hashing import digest_folder
from mesocosm.core.progress import say_as_text
from mesocosm.learning.base_models import resolve
from mesocosm.learning.fine_tuning import FINE_TUNING
from mesocosm.learning.model import Model
from mesocosm.learning.training.context import TrainContext
from mesocosm.learning.training.train import train_version

pytestmark = pytest.mark.slow

METHODS = [m for m in FINE_TUNING if m not in ("prompt", "bitfit")]
MADE = {"card": "block it", "loan": "ask us", "fee": "read the list", "key": "change it"}


def rows(count: int = 48) -> tuple[dict[str, list[Any]], list[str]]:
    draw = random.Random(3)
    things = [list(MADE)[i % 4] for i in range(count)]
    asked = [f"my {draw.choice(['old', 'new', 'lost'])} {t} now" for t in things]
    return {"q": asked, "a": [f"please {MADE[t]} today" for t in things]}, [
        "test" if i % 6 == 5 else "validation" if i % 6 == 4 else "train" for i in range(count)
    ]


def tiny(folder: Path, chat: bool = False) -> Path:
    """A causal net of two layers with words of its own, untaught, laid out as a hub's folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    texts, _ = rows()
    words = sorted(
        {w for column in texts.values() for t in column for w in t.split()}
        | {"answer", "shortly", "user", "says"}
    )
    known = {w: i for i, w in enumerate(["<unk>", "<end>", "\n", *words])}
    inside = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    inside.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inside, unk_token="<unk>", eos_token="<end>", pad_token="<end>"
    )
    if chat:
        tokenizer.chat_template = (
            "{% for m in messages %}{{ m['content'] + ' ' }}{% endfor %}{% if add_generation_prompt"
            " %}says {% endif %}"
        )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(5)
    net = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(known),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=8,
            tie_word_embeddings=True,
            eos_token_id=1,
            pad_token_id=1,
            bos_token_id=None,
        )
    )
    net.save_pretrained(folder)
    return folder


def grown(root: Path, said: list[str] | None = None, **more: Any) -> tuple[Any, Path]:
    if not (root / "tiny").is_dir():
        tiny(root / "tiny")
    model = Model.model_validate(
        {
            "base": "tiny",
            "dataset": "x",
            "target": "a",
            "features": ["q"],
            "max_new_tokens": 8,
            "track": [],
            **more,
        }
    )
    folder = (
        root / "out" / str(len(list((root / "out").glob("*"))) if (root / "out").is_dir() else 0)
    )
    folder.mkdir(parents=True)
    columns, split = rows()
    site = TrainContext(root, root / ".mesocosm", folder, folder.name)
    return (
        train_version(
            "writer",
            model,
            columns,
            split,
            {"q": "text", "a": "text"},
            site,
            (said if said is not None else []).append,
        ),
        folder,
    )


def setting(method: str) -> dict[str, Any]:
    return (
        {"method": method}
        if method == "frozen"
        else {
            "method": method,
            "epochs": 6,
            "learning_rate": 2e-2,
            "batch": 8,
            "schedule": "constant",
        }
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_teaches_a_writer_and_what_it_learnt_is_put_on_the_base_again(
    tmp_path: Path, method: str
) -> None:
    from mesocosm.learning.features.embeddings import pad
    from mesocosm.learning.tasks.generation.version import BaseModelCache, GenerationVersion

    made, folder = grown(tmp_path, fine_tune=setting(method))
    m = made.metrics
    assert m["rows"] == 8 and m["written"] == 8 and set(m["baselines"]) == {"base", "nearest"}
    assert (m["perplexity"] < m["baselines"]["base"]["perplexity"]) == (method != "frozen")
    bases = BaseModelCache()
    plain = copy.deepcopy(bases.net(resolve("tiny", tmp_path)).state_dict())
    version = GenerationVersion(folder, digest_folder(folder), tmp_path, bases)
    wrote = [p["text"] for p in version.predict([{"q": e["asked"]} for e in m["examples"]])]
    assert wrote == [e["wrote"] for e in m["examples"]]
    assert all(
        (plain[n] == p).all() for n, p in bases.net(resolve("tiny", tmp_path)).state_dict().items()
    ), "the base in memory was changed"
    ids, mask = pad(
        [version.prompter.prompt("my card now"), version.prompter.prompt("my new loan")]
    )
    one, two = (
        version.net(input_ids=ids[i : i + 1], attention_mask=mask[i : i + 1]).logits for i in (0, 1)
    )
    both = version.net(input_ids=ids, attention_mask=mask).logits
    assert np.allclose(both.detach()[0], one.detach()[0], atol=1e-4) and np.allclose(
        both.detach()[1], two.detach()[0], atol=1e-4
    )


def test_what_is_written_one_token_at_a_time_is_what_the_whole_text_says(tmp_path: Path) -> None:
    """The kept states of a prefix and of a text give the next token that the text gives when it is
    read whole.
    """
    from mesocosm.learning.tasks.generation.net import generate
    from mesocosm.learning.tasks.generation.version import BaseModelCache, GenerationVersion

    _, folder = grown(tmp_path, fine_tune=setting("prefix"))
    version = GenerationVersion(folder, digest_folder(folder), tmp_path, BaseModelCache())
    import torch

    for text in ("my old fee now", "my lost key now"):
        prompt = version.prompter.prompt(text)
        (said,) = generate(version.net, [prompt], 6, -1, version.prompter.blank)
        ids = list(prompt)
        for token in said:
            with torch.inference_mode():
                logits = version.net(
                    input_ids=torch.tensor([ids]),
                    attention_mask=torch.ones(1, len(ids), dtype=torch.int64),
                    use_cache=False,
                ).logits[0, -1]
            assert int(logits.argmax()) == token
            ids.append(token)


def test_versions_are_swapped_beside_one_base(tmp_path: Path) -> None:
    from mesocosm.learning.tasks.generation.version import BaseModelCache, GenerationVersion

    found = [grown(tmp_path, fine_tune=setting("lora") | {"epochs": e}) for e in (1, 6)]
    bases = BaseModelCache()
    versions = [
        GenerationVersion(folder, digest_folder(folder), tmp_path, bases) for _, folder in found
    ]
    shared = {id(p) for p in bases.net(resolve("tiny", tmp_path)).parameters()}
    for (made, folder), version in zip(found, versions, strict=True):
        own = sum(p.numel() for p in version.net.parameters() if id(p) not in shared)
        assert own * 4 < (folder / "delta.safetensors").stat().st_size < own * 4 + 4000
        assert [
            p["text"]
            for p in version.predict([{"q": e["asked"]} for e in made.metrics["examples"]])
        ] == [e["wrote"] for e in made.metrics["examples"]]
    assert len(bases.nets) == 1


def test_teaching_that_was_stopped_ends_with_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mesocosm.learning.training.loop import trainer

    _, whole = grown(tmp_path, fine_tune=setting("lora") | {"epochs": 3})
    kept = trainer.save_checkpoint

    def stopped(*given: Any) -> None:
        kept(*given)
        raise KeyboardInterrupt

    columns, split = rows()
    model = Model.model_validate(
        {
            "base": "tiny",
            "dataset": "x",
            "target": "a",
            "features": ["q"],
            "max_new_tokens": 8,
            "track": [],
            "fine_tune": setting("lora") | {"epochs": 3},
        }
    )
    site = TrainContext(tmp_path, tmp_path / ".mesocosm", tmp_path / "again", "again")
    site.folder.mkdir()
    monkeypatch.setattr(trainer, "save_checkpoint", stopped)
    with pytest.raises(KeyboardInterrupt):
        train_version(
            "writer", model, columns, split, {"q": "text", "a": "text"}, site, lambda _: None
        )
    monkeypatch.setattr(trainer, "save_checkpoint", kept)
    said: list[str] = []
    train_version(
        "writer", model, columns, split, {"q": "text", "a": "text"}, site, say_as_text(said.append)
    )
    assert (site.folder / "delta.safetensors").read_bytes() == (
        whole / "delta.safetensors"
    ).read_bytes()
    assert not any(s.startswith("epoch 1:") for s in said) and any(
        s.startswith("epoch 3:") for s in said
    )


def test_a_prompt_too_long_keeps_its_instruction_and_a_chat_template_is_followed(
    tmp_path: Path,
) -> None:
    from mesocosm.learning.tasks.generation.prompt import Prompter

    base = resolve("chat", tiny(tmp_path / "chat", chat=True).parent)
    prompter = Prompter(base, "answer shortly", 8, 8)
    assert prompter.text(prompter.prompt("my card now")) == "answer shortly my card now says"
    long = prompter.prompt("my " + "old " * 40 + "card")
    assert (
        len(long) <= 8
        and prompter.text(long).startswith("answer shortly my old")
        and prompter.text(long).endswith("says")
    )
    assert (
        prompter.answer("please block it " * 9)[-1] == prompter.end
        and len(prompter.answer("please block it " * 9)) == 8
    )


def test_a_writer_is_built_judged_carded_served_and_told_of(
    tmp_path: Path, cli: Callable[..., Any]
) -> None:
    import csv

    columns, _ = rows(60)
    with (tmp_path / "asked.csv").open("w", newline="") as out:
        csv.writer(out).writerows(
            [
                ("id", "q", "a"),
                *(
                    (i, q, a)
                    for i, (q, a) in enumerate(zip(columns["q"], columns["a"], strict=True))
                ),
            ]
        )
    tiny(tmp_path / "tiny")
    file = tmp_path / "ecosystem.yaml"
    file.write_text(
        "grammar: 2\necosystem: desk\nsources: {asked: {type: csv, path: asked.csv}}\ndatasets:"
        " {qa: {from: asked, key: id, fields: {id: {type: integer}, q: {type: text}, a: {type:"
        " text}}, split: {test: 0.25, validation: 0.1}}}\nmodels: {writer: {base: tiny, dataset: qa,"
        " target: a, features: [q], max_new_tokens: 8, track: [], require: {rouge_l: '>= 0.5'},"
        " fine_tune: {method: full, embeddings: true, epochs: 20, learning_rate: 1e-2, batch: 8,"
        " patience: 20}}}\nservices: {clerk: {model: writer}}\n"
    )
    done = cli("build", "-f", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    out = json.loads(
        cli(
            "predict", "clerk", "--input", '{"q": "my lost card now"}', "-f", str(file), "--json"
        ).stdout
    )
    assert out["text"] == "please block it today" and out["end"] and out["tokens"] == 4
    assert (
        cli("service", "feedback", out["id"], "please block it at once", "-f", str(file)).returncode
        == 0
    )
    assert (
        "rouge_l" in cli("report", "-f", str(file)).stdout
        and "Generates 'a'" in cli("model", "card", "writer", "-f", str(file)).stdout
    )
    no = cli("explain", out["id"], "-f", str(file))
    assert (
        no.returncode == 1 and "generates" in no.stderr + no.stdout and "Traceback" not in no.stderr
    )
    page = cli("report", "-o", str(tmp_path / "r.html"), "-f", str(file))
    assert page.returncode == 0 and "Generated texts" in (tmp_path / "r.html").read_text()
    with (tmp_path / "asked.csv").open("a", newline="") as more:
        csv.writer(more).writerow((900, "my new key now", "please change it today"))
    again = cli("model", "retrain", "clerk", "-f", str(file))
    assert again.returncode == 0, again.stdout + again.stderr
    (tmp_path / "tiny" / "model.safetensors").write_bytes(
        (tiny(tmp_path / "other", chat=True) / "model.safetensors").read_bytes()[:-4] + b"\0\0\0\1"
    )
    changed = cli("predict", "clerk", "--input", '{"q": "my lost card now"}', "-f", str(file))
    assert changed.returncode != 0 and "other weights" in changed.stderr + changed.stdout


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        ("fine_tune: prompt", "", "not for causal bases"),
        (
            "fine_tune: {method: lora, mixup: 0.2}",
            "models.writer.fine_tune.mixup",
            "for classes and numbers",
        ),
        (
            "fairness: {groups: [id], positive: x}",
            "models.writer.fairness",
            "fairness gaps are of classes",
        ),
        ("require: {accuracy: '> 0.5'}", "models.writer.require.accuracy", "is not a text metric"),
    ],
)
def test_what_cannot_be_is_said_with_its_place(
    tmp_path: Path, change: str, where: str, said: str
) -> None:
    file = tmp_path / "ecosystem.yaml"
    key = change.split(":")[0]
    settings = {"base": "base: minilm"} | {key: change}
    file.write_text(
        "grammar: 2\necosystem: desk\nsources: {asked: {type: csv, path:"
        " asked.csv}}\ndatasets: {qa: {from: asked, fields: {id: {type: integer}, q:"
        " {type: text}, a: {type: text}}}}\nmodels: {writer: {dataset: qa, target: a,"
        f" features: [q], {', '.join(settings.values())}}}}}\n"
    )
    (tmp_path / "asked.csv").write_text(
        "id,q,a\n" + "\n".join(f"{i},q{i},a{i}" for i in range(40)) + "\n"
    )
    if change == "fine_tune: prompt":
        tiny(tmp_path / "tiny")
        file.write_text(file.read_text().replace("minilm", "tiny"))
        done = open_ecosystem(file).build()
        assert any(said in str(f.found) and f.place.line for f in done.failed), done.failed
        return
    assert any(said in line and where in line for line in said_of(file))


def test_a_base_in_one_file_of_gguf_is_laid_out_once_and_answers(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    from mesocosm.learning.tasks.generation.net import generate, load_causal_model
    from mesocosm.learning.tasks.generation.prompt import Prompter

    base = resolve("smollm2", tmp_path)
    assert (
        base.writes
        and base == resolve("smollm2", tmp_path)
        and len(list((tmp_path / ".mesocosm" / "bases").iterdir())) == 1
    )
    prompter = Prompter(base, "", 64, 24)
    (said,) = generate(
        load_causal_model(base),
        [prompter.prompt("What is gravity?")],
        24,
        prompter.end,
        prompter.blank,
    )
    assert "physics" in prompter.text(said).lower() or "force" in prompter.text(said).lower()
    (tmp_path / "half.gguf").write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ConfigValueError, match="cannot be read"):
        resolve("half.gguf", tmp_path)


def test_a_version_whose_files_changed_does_not_serve(tmp_path: Path) -> None:
    from mesocosm.learning.tasks.generation.version import BaseModelCache, GenerationVersion

    _, folder = grown(tmp_path, fine_tune={"method": "frozen"})
    content = digest_folder(folder)
    (folder / "delta.safetensors").write_bytes(b"x")
    with pytest.raises(MesocosmError, match="not those that were made"):
        GenerationVersion(folder, content, tmp_path, BaseModelCache())


ON = """grammar: 2
ecosystem: clerk
sources:
  table: {type: csv, path: qa.csv}
datasets:
  asked: {from: table, fields: {q: {type: text}, a: {type: text}}, split: {test: 0.25, validation: 0.1, seed: 3}}
models:
  clerk: {base: tiny, dataset: asked, target: a, features: [q], max_new_tokens: 8, track: [], fine_tune: {method: full, epochs: 6, learning_rate: 1e-2, batch: 8, schedule: constant}, continual: {replay: 0.3, ewc: 0.1}}
"""


def test_a_writer_learns_on_and_keeps_what_it_knew(tmp_path: Path) -> None:
    tiny(tmp_path / "tiny")
    (tmp_path / "ecosystem.yaml").write_text(ON)

    def taught(things: list[str], seed: int, file: str = ON) -> dict[str, Any]:
        draw = random.Random(seed)
        lines = [
            f"my {draw.choice(['old', 'new', 'lost'])} {t} {draw.choice(['now', 'today'])}"
            f" {'please' * (k % 3)},please {MADE[t]} today"
            for k in range(60)
            for t in [things[k % len(things)]]
        ]
        (tmp_path / "qa.csv").write_text("q,a\n" + "\n".join(lines) + "\n")
        (tmp_path / "ecosystem.yaml").write_text(file)
        eco = open_ecosystem(tmp_path)
        assert not (failed := eco.build().failed), failed
        version: dict[str, Any] = eco.catalog.versions("clerk")[-1]
        return version

    first = taught(["card", "loan"], 1)
    assert (
        "known" not in first["metrics"]
        and (tmp_path / ".mesocosm" / first["path"] / "mattered.safetensors").is_file()
    )
    on = taught(["fee", "key"], 2)
    anew = taught(["fee", "key"], 2, ON.replace(", continual: {replay: 0.3, ewc: 0.1}", ""))
    known = on["metrics"]["known"]
    assert (
        known["what"] == "perplexity"
        and known["rows"] >= 10
        and known["then"] == first["metrics"]["perplexity"]
        and known["now"] < known["then"] + 0.5
    ), known
    assert on["metrics"]["perplexity"] < anew["metrics"]["perplexity"] - 0.5, (
        "what was known of asking and answering helps with the new"
    )
    assert "known" not in anew["metrics"]
    other = taught(["card", "fee"], 3, ON.replace("method: full,", "method: lora,"))
    assert "known" not in other["metrics"], "another method begins anew"
