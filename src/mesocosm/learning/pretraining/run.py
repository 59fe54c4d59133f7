"""Pretraining run: texts in, a folder laid out as a hub's out, kept by content; resumes after a
kill.

Knows torch and transformers. Knows nothing of tasks or of where texts come from.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesocosm.core.errors import Wrong
from mesocosm.core.files import folder_appears, write_json
from mesocosm.core.hashing import digest
from mesocosm.core.progress import QUIET
from mesocosm.learning.base_models import Base
from mesocosm.learning.pretraining.objective import Words
from mesocosm.learning.pretraining.settings import Pretrain, Scratch

HELD = 0.05  # the share of texts on which the loss is told
LEAST = 20
MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def pretrained(
    base: Base | None,
    texts: Sequence[str],
    setting: Pretrain,
    most: int,
    seed: int,
    store: Path,
    say: Callable[[str], None],
    told: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Base, dict[str, Any]]:
    """The base after pretraining, and `texts`, `tokens`, and the held-out `loss` before and after.

    Args:
        base: where it begins; None for a base from nothing.
        texts: those that are not empty count once each.
        most: tokens of a text that are read.
        told: the objective's fields, a value a text; where texts are alike the first one's count.

    Raises:
        Wrong: there are too few texts, or the loss is no number any more.
    """
    import json

    said, rows, made = named(base, texts, setting, most, seed, told)
    if len(said) < LEAST:
        raise Wrong("pretrain.on", f"there are {len(said)} different texts", f"at least {LEAST}")
    folder = store / "bases" / made
    if not (folder / "pretraining.json").is_file():
        with folder_appears(folder) as aside:
            figures = _run(
                base,
                said,
                rows,
                setting,
                most,
                seed,
                store / "work" / f"pretrain-{made}",
                aside,
                say,
            )
            write_json(aside / "pretraining.json", figures)
        shutil.rmtree(store / "work" / f"pretrain-{made}", ignore_errors=True)
    figures = json.loads((folder / "pretraining.json").read_text(encoding="utf-8"))
    say(
        f"pretrained on {figures['texts']:,} texts ({figures['tokens']:,} tokens): held-out loss"
        f" {figures['before']:.3f} before, {figures['after']:.3f} after"
    )
    return _base(base, folder, made), figures


def named(
    base: Base | None,
    texts: Sequence[str],
    setting: Pretrain,
    most: int,
    seed: int,
    told: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[list[str], list[tuple[Any, ...]], str]:
    """Different texts that are not empty, what is told of each, and the name by which the base that
    read them is kept.
    """
    said = sorted({t.strip() for t in texts if t and t.strip()})
    values: dict[str, tuple[Any, ...]] = {}
    for text, *row in zip(texts, *((told or {})[f] for f in setting.objective.fields), strict=True):
        values.setdefault((text or "").strip(), tuple(row))
    rows = [values[t] for t in said]
    return (
        said,
        rows,
        digest(
            base.weights if base else "nothing",
            setting.model_dump(mode="json"),
            most,
            seed,
            said,
            *([rows] if setting.objective.fields else []),
        ),
    )


def kept(
    base: Base | None,
    texts: Sequence[str],
    setting: Pretrain,
    most: int,
    seed: int,
    store: Path,
    told: Mapping[str, Sequence[Any]] | None = None,
) -> Base | None:
    """The base after pretraining, where the store has it."""
    made = named(base, texts, setting, most, seed, told)[2]
    folder = store / "bases" / made
    return _base(base, folder, made) if (folder / "pretraining.json").is_file() else None


def _base(base: Base | None, folder: Path, made: str) -> Base:
    return Base(
        f"{base.name if base else 'new'}+{made[:6]}",
        folder,
        base.licence if base else "yours",
        made,
    )


def _run(
    base: Base | None,
    texts: list[str],
    values: Sequence[Sequence[Any]],
    setting: Pretrain,
    most: int,
    seed: int,
    keep: Path,
    folder: Path,
    say: Callable[[str], None],
) -> dict[str, Any]:
    import torch

    from mesocosm.learning.features.embeddings import bfloat16, load_trunk, pad
    from mesocosm.learning.features.tokenizer import Tokens
    from mesocosm.learning.training.checkpoint import load_checkpoint, save_checkpoint
    from mesocosm.learning.training.fast_dropout import fast_dropout_in
    from mesocosm.learning.training.train_step import clip_gradients
    from mesocosm.learning.training.trainer import bucket_batches

    torch.manual_seed(seed)
    if base:
        shutil.copy(base.folder / "tokenizer.json", folder / "tokenizer.json")
        encoder = load_trunk(base).net
    else:
        encoder = _new(setting.scratch or Scratch(), texts, most, folder)
    tokens = Tokens(folder, most)
    objective = setting.objective
    facts = objective.facts({f: [row[i] for row in values] for i, f in enumerate(objective.fields)})
    ids = [
        (r, objective.targets(facts, row))
        for r, row in zip(tokens.ids(texts), values, strict=True)
        if len(r) > 2
    ]
    held, taught = ids[:: int(1 / HELD)], [r for i, r in enumerate(ids) if i % int(1 / HELD)]
    words = _words(tokens.tokenizer)
    net = objective.net(encoder, facts)
    moving = {n: p for n, p in net.named_parameters() if p.requires_grad}
    optimiser = torch.optim.AdamW(
        moving.values(), lr=setting.learning_rate, weight_decay=0.01, fused=True
    )
    each = math.ceil(len(taught) / setting.batch)
    steps = each * setting.epochs

    def loss_of(rows: Sequence[Any], draw: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16()):
            return objective.loss(
                net,
                *pad([r for r, _ in rows]),
                words,
                draw,
                torch.tensor([t for _, t in rows], dtype=torch.float32),
            )

    def judged() -> float:
        (
            net.train() if objective.model_dump()["objective"] == "contrastive" else net.eval()
        )  # its twins differ by dropout alone
        torch.manual_seed(seed)
        draw, total = torch.Generator().manual_seed(seed), 0.0
        order = sorted(held, key=lambda r: len(r[0]))
        with torch.no_grad():
            for start in range(0, len(order), setting.batch):
                part = order[start : start + setting.batch]
                total += float(loss_of(part, draw)) * len(part)
        return round(total / max(1, len(order)), 5)

    with fast_dropout_in(net):
        begun = load_checkpoint(keep, moving, optimiser)
        done, before = (begun[0]["epochs"], begun[0]["before"]) if begun else (0, judged())
        for epoch in range(done, setting.epochs):
            torch.manual_seed(seed * 1000 + epoch)
            draw = torch.Generator().manual_seed(seed * 1000 + epoch)
            net.train()
            told = began = time.perf_counter()
            total = 0.0
            for number, pick in enumerate(
                bucket_batches([len(r) for r, _ in taught], setting.batch, seed * 1000 + epoch)
            ):
                step = epoch * each + number
                warm = max(1, steps // 16)
                for group in optimiser.param_groups:
                    group["lr"] = setting.learning_rate * min(
                        (step + 1) / warm, (steps - step) / max(1, steps - warm)
                    )
                loss = loss_of([taught[i] for i in pick], draw)
                now_loss = float(loss.detach())
                if not math.isfinite(now_loss):
                    raise Wrong(
                        "pretrain.learning_rate",
                        f"the loss is no number after {step + 1} steps of"
                        f" {setting.learning_rate:g}",
                        "a lower learning_rate",
                    )
                loss.backward()
                clip_gradients(list(moving.values()), 1.0)
                optimiser.step()
                optimiser.zero_grad()
                total += now_loss
                if (now := time.perf_counter()) - told > QUIET:
                    told = now
                    left = (now - began) / (number + 1) * (steps - step - 1)
                    say(
                        f"pretraining, epoch {epoch + 1} of {setting.epochs}: batch {number + 1} of"
                        f" {each}, loss {total / (number + 1):.3f}, {left:.0f} s left"
                    )
            save_checkpoint(
                keep, moving, optimiser, {"epochs": epoch + 1, "before": before}, {}, {}, {}
            )
        after = judged()
    encoder.save_pretrained(folder)
    return {
        "texts": len(ids),
        "tokens": sum(len(r) for r, _ in ids),
        "before": before,
        "after": after,
        "epochs": setting.epochs,
    }


def _words(tokenizer: Any) -> Words:
    known: dict[str, int] = tokenizer.get_vocab()
    marks = {
        i
        for w, i in known.items()
        if w.startswith(("[", "<")) and w.endswith(("]", ">")) and len(w) > 2 and w[1:-1].isalnum()
    }
    mask = next((known[w] for w in ("[MASK]", "<mask>", "[UNK]", "<unk>") if w in known), 0)
    return Words(mask, marks, len(known))


def _new(setting: Scratch, texts: Sequence[str], most: int, folder: Path) -> Any:
    """An untrained BERT, and a WordPiece tokenizer learnt from the texts in `folder`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        texts,
        trainers.WordPieceTrainer(
            vocab_size=setting.words, special_tokens=list(MARKS), show_progress=False
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]",
        "[CLS] $A [SEP] $B:1 [SEP]:1",
        [("[CLS]", tokenizer.token_to_id("[CLS]")), ("[SEP]", tokenizer.token_to_id("[SEP]"))],
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    return BertModel(
        BertConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=setting.width,
            num_hidden_layers=setting.layers,
            num_attention_heads=max(1, setting.width // 32),
            intermediate_size=4 * setting.width,
            max_position_embeddings=max(512, most),
        ),
        add_pooling_layer=False,
    )
