"""Whether a base knows the script of some texts, by its own tokenizer; a causal one that does not is
refused, and one that does trains.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from mesocosm.core.errors import ConfigValueError
from mesocosm.learning.base_models import Base
from mesocosm.learning.base_models.language_coverage import find_unknown_script, measure_coverage
from mesocosm.learning.tasks.generation import train
from mesocosm.learning.tasks.generation.prompt import TextPairs

CHINESE = ["我的包裹在哪里？", "在我的订单里查看物流。"]


def by_bytes(folder: Path, writes: bool = True) -> Base:
    """A base whose tokenizer knows single bytes alone, as an English one knows Chinese."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))
    return Base("bytes", folder, "", "", writes)


def by_characters(folder: Path) -> Base:
    """A base that knows each character of the texts."""
    known = {c: i for i, c in enumerate(sorted(set("".join(CHINESE))))}
    tokenizer = Tokenizer(models.BPE(known, []))
    tokenizer.save(str(folder / "tokenizer.json"))
    return Base("characters", folder, "", "", True)


def test_a_script_that_is_split_into_bytes_is_unknown(tmp_path: Path) -> None:
    assert find_unknown_script(CHINESE, by_bytes(tmp_path)) == "CJK"
    assert find_unknown_script(["Where is my parcel?"], by_bytes(tmp_path)) == ""
    assert find_unknown_script(["Где моя посылка?"], by_bytes(tmp_path)) == ""
    assert find_unknown_script(CHINESE, by_characters(tmp_path)) == ""


def test_generation_in_a_script_that_a_base_does_not_know_is_refused(tmp_path: Path) -> None:
    parts = {"train": CHINESE, "validation": [], "test": CHINESE}
    pairs = TextPairs(texts=parts, answers=parts)
    with pytest.raises(ConfigValueError, match="'bytes' does not know the CJK script"):
        train._check_script(by_bytes(tmp_path), pairs)
    train._check_script(by_characters(tmp_path), pairs)


def test_a_warning_names_the_base_in_the_box_for_encoders_alone(tmp_path: Path) -> None:
    texts = [f"{i} {text}" for i in range(12) for text in CHINESE]
    assert "'base: e5'" in str(measure_coverage(texts, by_bytes(tmp_path, False), 64)[1][-1])
    assert "e5" not in str(measure_coverage(texts, by_bytes(tmp_path), 64)[1][-1])
