"""The result of an act of a story, and which expectations it misses. Knows records only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from mesocosm.catalog.rows import AlertRow
from mesocosm.core.values.thresholds import satisfies
from mesocosm.resilience.scenario import Expected


class ActData(TypedDict):
    """The result of an act as JSON-ready data."""

    act: str
    service: str
    rows: int
    answered: int
    refused: int
    lost: int
    unsure: int
    asked: int
    known: int
    right: float | None
    p50_ms: float | None
    why: str | None
    alerts: list[str]
    cleared: bool
    versions: list[str]
    missed: list[str]


@dataclass
class ActResult:
    """The result of one act; times in milliseconds."""

    act: str
    service: str
    rows: int = 0
    answered: int = 0
    refused: int = 0
    lost: int = 0
    right: int = 0
    unsure: int = 0
    asked: int = 0
    known: int = 0
    times: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    alerts: list[AlertRow] = field(default_factory=list)
    cleared: bool = False
    versions: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def as_json(self) -> ActData:
        """The result as JSON-ready data."""
        median, accuracy = None, None
        if self.times:
            median = round(sorted(self.times)[len(self.times) // 2], 1)
        if self.answered:
            accuracy = round(self.right / self.answered, 4)
        return {
            "act": self.act,
            "service": self.service,
            "rows": self.rows,
            "answered": self.answered,
            "refused": self.refused,
            "lost": self.lost,
            "unsure": self.unsure,
            "asked": self.asked,
            "known": self.known,
            "right": accuracy,
            "p50_ms": median,
            "why": next(iter(self.refusals), None),
            "alerts": [alert["message"] for alert in self.alerts],
            "cleared": self.cleared,
            "versions": self.versions,
            "missed": self.missed,
        }


def is_final(expected: Expected, result: ActResult, quiet: bool) -> bool:
    """Whether nothing that comes later changes a result.

    Args:
        expected: what is expected.
        result: what there is so far.
        quiet: whether enough time passed to say that nothing was raised or trained.
    """
    if not result.missed:
        return quiet or not _expects_nothing(expected)
    if expected.alert == "none" and result.alerts:
        return True
    return not _expects_later(expected)


def _expects_nothing(expected: Expected) -> bool:
    """Whether no alert, or no training, is expected."""
    return expected.alert == "none" or expected.grows is False


def _expects_later(expected: Expected) -> bool:
    """Whether something is expected that comes after the rows."""
    return bool(expected.alert or expected.verdict or expected.clears or expected.grows)


def find_missed(expected: Expected, result: ActResult) -> Iterator[str]:
    """The expectations that a result misses, each as a sentence."""
    if result.lost:
        yield f"{result.lost} of {result.rows + result.asked} requests failed with a server error"
    yield from _missed_shares(expected, result)
    yield from _missed_refusals(expected, result)
    yield from _missed_alerts(expected, result)
    yield from _missed_words(expected, result)
    yield from _missed_changes(expected, result)


def _missed_words(expected: Expected, result: ActResult) -> Iterator[str]:
    """Words that nothing says."""
    texts = "\n".join([*result.texts, *(alert["message"] for alert in result.alerts)])
    for words in expected.says:
        if words not in texts:
            yield f"nothing says '{words}'"


def _missed_changes(expected: Expected, result: ActResult) -> Iterator[str]:
    """An alert that did not clear, and a version that was trained or was not."""
    if expected.clears and not result.cleared:
        yield "an alert is still open"
    if expected.grows is not None:
        yield from _missed_training(expected.grows, result)


def _missed_training(grows: bool, result: ActResult) -> Iterator[str]:
    """A version that was not trained, or that was trained too much."""
    if grows and not result.versions:
        yield "no version was trained"
    if not grows and result.versions:
        yield f"expected no training, got {result.versions[0]}"


def _missed_shares(expected: Expected, result: ActResult) -> Iterator[str]:
    shares: Sequence[tuple[str, str | None, int, int]] = (
        ("answered", expected.answered, result.answered, result.rows),
        ("right", expected.right, result.right, result.answered),
        ("unsure", expected.unsure, result.unsure, result.answered),
        ("known", expected.known, result.known, result.asked),
    )
    for name, bound, count, total in shares:
        if bound and not satisfies(bound, _share_of(count, total)):
            yield f"{name}: {count} of {total}, expected {bound}"


def _share_of(count: int, total: int) -> float:
    """A share; not a number where there is nothing to share."""
    if not total:
        return float("nan")
    return count / total


def _missed_refusals(expected: Expected, result: ActResult) -> Iterator[str]:
    if expected.refused is None:
        return
    if not result.refusals:
        yield f"expected refusals with '{expected.refused}', got none"
    elif not all(expected.refused in refusal for refusal in result.refusals):
        yield f"expected refusals with '{expected.refused}', got '{result.refusals[0]}'"


def _missed_alerts(expected: Expected, result: ActResult) -> Iterator[str]:
    """An alert too many, one that is missing, or one with another diagnosis."""
    alerts = result.alerts
    kinds = [alert["what"] for alert in alerts]
    if expected.alert == "none" and alerts:
        yield f"expected no alert, got {kinds[0]}: {alerts[0]['message']}"
    if expected.alert not in (None, "none", *kinds):
        yield _say_missing(str(expected.alert), kinds)
    yield from _missed_diagnosis(expected, alerts)


def _say_missing(kind: str, raised: Sequence[str]) -> str:
    """That no alert of a kind was raised, but perhaps another."""
    text = f"no alert of {kind} was raised"
    if raised:
        text += f", but of {raised[0]}"
    return text


def _missed_diagnosis(expected: Expected, alerts: Sequence[AlertRow]) -> Iterator[str]:
    """A diagnosis that no alert has."""
    remedies = _list_remedies(alerts)
    if expected.verdict is None or expected.verdict in remedies:
        return
    got = "none"
    if remedies:
        got = f"'{remedies[0]}'"
    yield f"expected the diagnosis '{expected.verdict}', got {got}"


def _list_remedies(alerts: Sequence[AlertRow]) -> list[str]:
    """The remediations that the diagnoses of alerts name."""
    details = [alert["detail"] for alert in alerts]
    return [detail["verdict"]["remedy"] for detail in details if "verdict" in detail]
