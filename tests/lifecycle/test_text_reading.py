"""Changed texts are read as a model's inputs read theirs, so that no weakness is measured that a
field's own reading takes away.
"""

from typing import Any, cast

import numpy as np

from mesocosm.catalog.rows import SnapshotRow
from mesocosm.learning.evaluation.robustness import measure_robustness
from mesocosm.lifecycle.access.text_reading import read_texts_as


def snapshot(**fields: dict[str, Any]) -> SnapshotRow:
    return cast("SnapshotRow", {"recipe": {"fields": fields}})


def test_a_text_is_read_in_the_form_and_script_that_all_inputs_agree_on() -> None:
    both = snapshot(
        a={"type": "text", "script": "simplified", "unicode": "nfkc"},
        b={"type": "text", "script": "simplified"},
        n={"type": "number"},
    )
    read = read_texts_as(both, ["a", "n"])
    assert read is not None and read(["我想退貨ＡＢ", ""]) == ["我想退货AB", ""]
    assert read_texts_as(both, ["a", "b"]) is None  # they are read in different ways
    assert read_texts_as(snapshot(a={"type": "text"}), ["a"]) is None
    assert read_texts_as(both, ["n"]) is None


def test_every_form_that_a_field_gives_its_texts_is_given_to_changed_ones() -> None:
    field = {"type": "text", "case": "lower", "spaces": "one", "unicode": "fold"}
    read = read_texts_as(snapshot(a=field), ["a"])
    assert read is not None and read(["Zoë  A\nB", "Ünal"]) == ["zoe a b", "unal"]


def test_a_model_of_simplified_texts_loses_nothing_to_traditional_ones() -> None:
    texts = ["我想退货", "发票在哪里", "退货要钱吗", "开发票"] * 5
    y = np.array([0, 1, 0, 1] * 5)

    def predict(changed: Any, rows: Any) -> Any:
        del rows
        return np.array([[1, 0] if "货" in text else [0, 1] for text in changed])

    bare = measure_robustness(texts, y, predict, 1)
    read = read_texts_as(snapshot(a={"type": "text", "script": "simplified"}), ["a"])
    assert read is not None
    as_read = measure_robustness(texts, y, lambda t, r: predict(read(t), r), 1)
    assert bare["other_script"] < 1.0 and as_read["other_script"] == as_read["as_they_are"] == 1.0
