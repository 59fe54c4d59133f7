"""A pretraining run: texts in, a folder laid out as a hub's out, stored by content; resumes after a
kill.

Knows torch and transformers. Knows nothing of tasks or of where texts come from.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypedDict, cast

from mesocosm.core.errors import ConfigValueError
from mesocosm.core.files import folder_appears, write_json
from mesocosm.core.hashing import digest
from mesocosm.core.messages import Message
from mesocosm.core.progress import QUIET, Say
from mesocosm.learning.arrays import Columns
from mesocosm.learning.base_models import Base
from mesocosm.learning.features.tokenizer import Tokens
from mesocosm.learning.pretraining.objective import Vocabulary
from mesocosm.learning.pretraining.settings import Pretrain, Scratch

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import PreTrainedModel

HELD = 0.05  # the share of texts that is held out, on which the loss is measured
MIN_TEXTS = 20
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
Values: TypeAlias = tuple[object, ...]  # of the objective's fields, of one text
Row: TypeAlias = tuple[list[int], list[float]]  # a text's ids, and its targets


class PretrainingFigures(TypedDict):
    """How many texts and tokens were read, and the held-out loss before and after."""

    texts: int
    tokens: int
    before: float
    after: float
    epochs: int


class PretrainingState(TypedDict):
    """What a checkpoint counts: the epochs that are done, the held-out loss before them."""

    epochs: int
    before: float


@dataclass(frozen=True)
class Corpus:
    """Texts to pretrain on.

    Args:
        texts: those that are not empty count once each.
        values: the objective's fields, a value per text; of equal texts the first one's count.
    """

    texts: Sequence[str]
    values: Columns = field(default_factory=dict)

    def distinct(self, names: Sequence[str]) -> tuple[list[str], list[Values]]:
        """Different texts that are not empty, sorted, and the values of some fields of each."""
        values: dict[str, Values] = {}
        for text, row in zip(self.texts, self._read_values(names), strict=True):
            values.setdefault((text or "").strip(), row)
        values.pop("", None)
        texts = sorted(values)
        return texts, [values[text] for text in texts]

    def _read_values(self, names: Sequence[str]) -> list[Values]:
        """The values of some fields of each text."""
        if not names:
            return [()] * len(self.texts)
        return list(zip(*(self.values[name] for name in names), strict=True))


def pretrain(
    base: Base | None,
    corpus: Corpus,
    setting: Pretrain,
    most: int,
    seed: int,
    store: Path,
    say: Say,
) -> tuple[Base, PretrainingFigures]:
    """The base after pretraining, and `texts`, `tokens`, and the held-out `loss` before and after.

    Args:
        base: where it starts; None for a new base.
        most: tokens of a text, after which it is truncated.

    Raises:
        ConfigValueError: there are too few texts, or the loss became NaN or infinite.
    """
    texts, values = corpus.distinct(setting.method.fields)
    if len(texts) < MIN_TEXTS:
        raise ConfigValueError(
            "pretrain.fields",
            Message("learning.different_texts", texts=len(texts)),
            Message("learning.at_least", least=MIN_TEXTS),
        )
    fingerprint = _fingerprint(base, texts, values, setting, most, seed)
    folder = store / "bases" / fingerprint
    work = store / "work" / f"pretrain-{fingerprint}"
    if not (folder / "pretraining.json").is_file():
        with folder_appears(folder) as aside:
            encoder = _open_encoder(base, texts, setting, most, seed, aside)
            run = PretrainingRun(encoder, setting, seed, work, say)
            run.load(Tokens(aside, most), texts, values)
            write_json(aside / "pretraining.json", run.train())
            encoder.save_pretrained(aside)
        shutil.rmtree(work, ignore_errors=True)
    figures = cast(
        PretrainingFigures,
        json.loads((folder / "pretraining.json").read_text(encoding="utf-8")),
    )
    counted = {name: figures[name] for name in ("texts", "tokens", "before", "after")}
    say(Message("progress.pretrained", **counted))
    return _pretrained_base(base, folder, fingerprint), figures


def _fingerprint(
    base: Base | None,
    texts: list[str],
    values: list[Values],
    setting: Pretrain,
    most: int,
    seed: int,
) -> str:
    """The name by which a pretrained base is stored."""
    weights = "nothing"
    if base:
        weights = base.weights
    settings = setting.model_dump(mode="json")
    if not setting.method.fields:
        return digest(weights, settings, most, seed, texts)
    return digest(weights, settings, most, seed, texts, values)


def find_pretrained(
    base: Base | None, corpus: Corpus, setting: Pretrain, most: int, seed: int, store: Path
) -> Base | None:
    """The base after pretraining, where the store has it."""
    texts, values = corpus.distinct(setting.method.fields)
    fingerprint = _fingerprint(base, texts, values, setting, most, seed)
    folder = store / "bases" / fingerprint
    if not (folder / "pretraining.json").is_file():
        return None
    return _pretrained_base(base, folder, fingerprint)


def _pretrained_base(base: Base | None, folder: Path, fingerprint: str) -> Base:
    name, licence = "new", "yours"
    if base:
        name, licence = base.name, base.licence
    return Base(f"{name}+{fingerprint[:6]}", folder, licence, fingerprint)


def _open_encoder(
    base: Base | None,
    texts: list[str],
    setting: Pretrain,
    most: int,
    seed: int,
    folder: Path,
) -> PreTrainedModel:
    """The base's encoder, or a new one; its tokenizer is written into `folder`."""
    import torch
    from transformers import PreTrainedModel

    from mesocosm.learning.features.embeddings import load_trunk

    torch.manual_seed(seed)
    if base is None:
        return _new_encoder(setting.from_scratch or Scratch(), texts, most, folder)
    shutil.copy(base.folder / "tokenizer.json", folder / "tokenizer.json")
    net = load_trunk(base).net
    assert isinstance(net, PreTrainedModel)
    return net


class PretrainingRun:
    """Trains an encoder on an objective; resumes from its last epoch.

    Args:
        work: where checkpoints go.
        say: called with a line of progress.
    """

    def __init__(
        self,
        encoder: torch.nn.Module,
        setting: Pretrain,
        seed: int,
        work: Path,
        say: Say,
    ) -> None:
        self.encoder, self.setting, self.seed = encoder, setting, seed
        self.work, self.say = work, say

    def load(self, tokens: Tokens, texts: Sequence[str], values: Sequence[Values]) -> None:
        """Tokenize the texts, and hold some of them out."""
        import torch

        setting, objective = self.setting, self.setting.method
        facts = objective.facts(_columns_of(objective.fields, values))
        self.rows: list[Row] = []
        for ids, row in zip(tokens.ids(texts), values, strict=True):
            if len(ids) > 2:
                self.rows.append((ids, objective.targets(facts, row)))
        self._hold_out(int(1 / HELD))
        self.words = _read_vocabulary(tokens.tokenizer)
        self.net = objective.net(self.encoder, facts)
        named = self.net.named_parameters()
        self.weights = {name: weight for name, weight in named if weight.requires_grad}
        self.optimiser = torch.optim.AdamW(
            self.weights.values(), lr=setting.learning_rate, weight_decay=0.01, fused=True
        )
        self.batches = math.ceil(len(self.train_rows) / setting.batch)
        self.steps = self.batches * setting.epochs

    def _hold_out(self, every: int) -> None:
        """Hold every so many texts out."""
        self.held = self.rows[::every]
        self.train_rows = [row for i, row in enumerate(self.rows) if i % every]

    def train(self) -> PretrainingFigures:
        """Train all epochs that are left; the figures of the run."""
        from mesocosm.learning.training.loop.checkpoint import (
            Checkpoint,
            load_checkpoint,
            save_checkpoint,
        )
        from mesocosm.learning.training.loop.fast_dropout import fast_dropout_in

        with fast_dropout_in(self.net):
            checkpoint = load_checkpoint(self.work, self.weights, self.optimiser)
            if checkpoint:
                state = cast(PretrainingState, checkpoint.state)
            else:
                state = {"epochs": 0, "before": self.evaluate()}
            for epoch in range(state["epochs"], self.setting.epochs):
                self._train_epoch(epoch)
                reached = Checkpoint({**state, "epochs": epoch + 1})
                save_checkpoint(self.work, self.weights, self.optimiser, reached)
            after = self.evaluate()
        return {
            "texts": len(self.rows),
            "tokens": sum(len(ids) for ids, _ in self.rows),
            "before": state["before"],
            "after": after,
            "epochs": self.setting.epochs,
        }

    def evaluate(self) -> float:
        """The mean loss of the texts that are held out."""
        import torch

        if self.setting.method.method == "contrastive":
            self.net.train()  # its two views differ by dropout alone
        else:
            self.net.eval()
        torch.manual_seed(self.seed)
        draw, total = torch.Generator().manual_seed(self.seed), 0.0
        order = sorted(self.held, key=lambda row: len(row[0]))
        with torch.no_grad():
            for start in range(0, len(order), self.setting.batch):
                batch = order[start : start + self.setting.batch]
                total += float(self._loss(batch, draw)) * len(batch)
        return round(total / max(1, len(order)), 5)

    def _loss(self, rows: Sequence[Row], draw: torch.Generator) -> torch.Tensor:
        """The mean loss of a batch, a scalar tensor."""
        import torch

        from mesocosm.learning.features.embeddings import pad, supports_bfloat16

        ids, mask = pad([row for row, _ in rows])
        targets = torch.tensor([target for _, target in rows], dtype=torch.float32)
        with torch.autocast("cpu", torch.bfloat16, enabled=supports_bfloat16()):
            return self.setting.method.loss(self.net, ids, mask, self.words, draw, targets)

    def _train_epoch(self, epoch: int) -> None:
        """One pass over the training texts."""
        import torch

        from mesocosm.learning.training.loop.train_step import clip_gradients
        from mesocosm.learning.training.loop.trainer import bucket_batches

        seed, lengths = self.seed * 1000 + epoch, [len(ids) for ids, _ in self.train_rows]
        torch.manual_seed(seed)
        draw = torch.Generator().manual_seed(seed)
        self.net.train()
        spoke = began = time.perf_counter()
        total = 0.0
        for number, pick in enumerate(bucket_batches(lengths, self.setting.batch, seed)):
            step = epoch * self.batches + number
            self._set_rate(step)
            loss = self._loss([self.train_rows[i] for i in pick], draw)
            value = float(loss.detach())
            if not math.isfinite(value):
                raise ConfigValueError(
                    "pretrain.learning_rate",
                    Message(
                        "learning.loss_of_rate", steps=step + 1, rate=self.setting.learning_rate
                    ),
                    Message("learning.lower_learning_rate"),
                )
            loss.backward()
            clip_gradients(list(self.weights.values()), 1.0)
            self.optimiser.step()
            self.optimiser.zero_grad()
            total += value
            now = time.perf_counter()
            if now - spoke > QUIET:
                spoke = now
                left = (now - began) / (number + 1) * (self.steps - step - 1)
                self.say(
                    Message(
                        "progress.pretraining_step",
                        epoch=epoch + 1,
                        epochs=self.setting.epochs,
                        step=number + 1,
                        steps=self.batches,
                        loss=total / (number + 1),
                        left=left,
                    )
                )

    def _set_rate(self, step: int) -> None:
        """Linear warm-up over a sixteenth of the steps, then linear decay."""
        warm = max(1, self.steps // 16)
        share = min((step + 1) / warm, (self.steps - step) / max(1, self.steps - warm))
        for group in self.optimiser.param_groups:
            group["lr"] = self.setting.learning_rate * share


def _columns_of(fields: Sequence[str], values: Sequence[Values]) -> Columns:
    """The values of the texts by field."""
    columns = {}
    for i, name in enumerate(fields):
        columns[name] = [row[i] for row in values]
    return columns


def _read_vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    known: dict[str, int] = tokenizer.get_vocab()
    marks = {number for word, number in known.items() if _is_special(word)}
    mask = next((known[w] for w in ("[MASK]", "<mask>", "[UNK]", "<unk>") if w in known), 0)
    return Vocabulary(mask, marks, len(known))


def _is_special(word: str) -> bool:
    """Whether a token is a mark in brackets, such as `[SEP]` or `<s>`."""
    bracketed = word.startswith(("[", "<")) and word.endswith(("]", ">"))
    return bracketed and len(word) > 2 and word[1:-1].isalnum()


def _new_encoder(
    setting: Scratch, texts: Sequence[str], most: int, folder: Path
) -> PreTrainedModel:
    """An untrained BERT, and a WordPiece tokenizer trained on the texts, in `folder`."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertModel

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        texts,
        trainers.WordPieceTrainer(
            vocab_size=setting.vocab_size, special_tokens=list(SPECIAL_TOKENS), show_progress=False
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
