"""`mesocosm explain`: why a prediction came out as it did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mesocosm.cli.output import (
    AsJson,
    Asked,
    File,
    answer,
    open_project,
    report_failures,
)
from mesocosm.cli.views.columns import pad
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    from mesocosm.client.answers import Attribution, Explanation, WordImportance

SMALLEST = 0.001  # change of a prediction that is shown


@report_failures
def explain(
    prediction: Asked, file: File = Path("ecosystem.yaml"), as_json: AsJson = False
) -> None:
    """Explain PREDICTION: feature attributions (Shapley values), words, and the training rows
    behind it.
    """
    answer(open_project(file).explain(prediction), as_json, _text)


def _text(found: Explanation) -> str:
    prediction = found.label
    if not found.number:
        prediction += Message(
            "cli.explain.with_probability", probability=found.probability
        ).render()
    lines = [
        Message(
            "cli.explain.head", prediction=prediction, version=found.version, average=found.base
        ).render(),
        *_input_lines(found.inputs),
    ]
    for name, words in found.words.items():
        effects = _describe_words(words)
        lines.append(Message("cli.explain.words", name=name, effects=effects).render())
    return "\n".join([*lines, *_row_lines(found)])


def _describe_words(words: Sequence[WordImportance]) -> str:
    """What each of the most important words adds to the prediction.

    >>> from mesocosm.client.answers import WordImportance
    >>> _describe_words([WordImportance("late", 0.21), WordImportance("the", -0.0001)])
    'late +0.210, the -0.000'
    >>> _describe_words([WordImportance("late", 0.0002), WordImportance("the", 0.0)])
    'no single word changes the prediction by 0.001 or more'
    """
    if all(abs(word.share) < SMALLEST for word in words):
        return f"no single word changes the prediction by {SMALLEST} or more"
    return ", ".join(f"{word.word} {word.share:+.3f}" for word in words[:6])


def _row_lines(found: Explanation) -> list[str]:
    """What training rows contribute to the score."""
    return [
        Message(
            "cli.explain.row",
            file=row.file,
            line=row.line,
            label=row.label,
            share=row.share,
            score=found.score,
        ).render()
        for row in found.rows or ()
    ]


def _input_lines(shares: Mapping[str, Attribution]) -> list[str]:
    """The share of each input, the greatest first."""
    lines = []
    for name in sorted(shares, key=lambda name: -abs(shares[name].share)):
        share, error = shares[name].share, shares[name].error
        lines.append(f"  {pad(name, -20)} {share:+.3f}  (± {1.96 * error:.3f})")
    return lines
