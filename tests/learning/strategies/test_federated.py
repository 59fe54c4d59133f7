"""Federated averaging: sites learn a linear head together, each from its own rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SMALL, said_of, small_rows
from sklearn.linear_model import LogisticRegression

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.core.progress import say_as_text
from mesocosm.learning.heads.selection import TrainingRows
from mesocosm.learning.strategies.federated import Federated, _average_weights, fit_federated_head

pytestmark = pytest.mark.slow


def drawn(rows: int = 240, seed: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of three sites of unlike sizes whose columns and shares differ."""
    rng = np.random.default_rng(seed)
    sites = rng.choice(3, rows, p=[0.6, 0.3, 0.1])
    x = rng.normal(sites[:, None] * [0.5, -0.3, 0.0, 0.8], 1.0, (rows, 4))
    return (
        x,
        (x @ [1.0, -0.5, 0.2, 0.0] + rng.logistic(0, 1, rows) > 0.3 * sites).astype(int),
        sites,
    )


def test_enough_rounds_end_where_pooled_rows_would() -> None:
    x, y, sites = drawn()
    ones = np.hstack([x, np.ones((len(y), 1))])
    weights = _average_weights(
        [(ones[sites == s], y[sites == s]) for s in range(3)], 2, 0.3, Federated(rounds=2000)
    )
    pooled = LogisticRegression(C=0.3 * 2, tol=1e-10, max_iter=10_000).fit(
        x, y
    )  # two columns of half the weight are held half as strongly
    assert np.allclose(weights[:-1, 1] - weights[:-1, 0], pooled.coef_[0], atol=1e-3)
    assert weights[-1, 1] - weights[-1, 0] == pytest.approx(pooled.intercept_[0], abs=1e-3)


def _by_site(x: Any, y: Any, sites: Any) -> list[tuple[Any, Any]]:
    return [(x[sites == s], y[sites == s]) for s in range(3)]


def test_who_holds_which_row_does_not_matter_where_sites_step_once() -> None:
    x, y, sites = drawn()
    other = np.random.default_rng(9).permutation(sites)
    first, second = (
        _average_weights(_by_site(x, y, of), 2, 3.0, Federated(rounds=3000))
        for of in (sites, other)
    )
    assert np.allclose(first, second, atol=1e-3)
    far = _average_weights(_by_site(x, y, sites), 2, 3.0, Federated(rounds=3000, local=20))
    assert not np.allclose(first, far, atol=1e-3), (
        "more local steps end elsewhere where the sites differ"
    )


def test_a_site_of_one_class_learns_with_the_others() -> None:
    x, y, sites = drawn()
    y[sites == 2] = 1
    none = np.zeros((len(y), 0))
    told: list[str] = []
    head = fit_federated_head(
        Federated(), sites, TrainingRows(none, x, y, 2, 7), say_as_text(told.append)
    )
    assert (
        head.settings["sites"] == 3
        and np.mean(head.logits(none, x).argmax(1) == y)
        > LogisticRegression().fit(x, y).score(x, y) - 0.02
        and "3 sites, 200 rounds, 80 bytes" in told[0]
    )


def test_sites_by_a_field_are_told_with_what_pooling_would_have_given(
    pond: Path, cli: object
) -> None:
    (pond / "notes.csv").write_text(
        "\n".join(
            line + "," + ("clinic" if i == 0 else ("north", "south")[i % 3 == 1])
            for i, line in enumerate(small_rows(160).splitlines())
        )
        + "\n"
    )
    text = SMALL.replace(
        "      label: {type", "      clinic: {type: category}\n      label: {type"
    ).replace(
        "fine_tune: {method: frozen, head: kernel}",
        "federated: {by: clinic, rounds: 100}, require: {gain_over_pooled: '>= -0.1'}",
    )
    (pond / "ecosystem.yaml").write_text(text)
    done = cli("build", "-f", str(pond))  # type: ignore[operator]
    assert done.returncode == 0, done.stdout + done.stderr
    (version,) = open_ecosystem(pond).catalog.versions("judge")
    told = version["metrics"]["federated"]
    assert (
        set(told["sites"]) == {"north", "south"}
        and told["sites"]["south"]["rows"] > 20
        and version["recipe"]["head"] == "linear"
    )
    assert version["metrics"]["gain_over_pooled"] == pytest.approx(
        version["metrics"][told["figure"]] - told["pooled"], abs=2e-4
    )


@pytest.mark.parametrize(
    ("was", "now", "sentence"),
    [
        (
            "fine_tune: {method: frozen, head: kernel}",
            "federated: {}",
            "all rows of 'mail' come from one source",
        ),
        (
            "fine_tune: {method: frozen, head: kernel}",
            "federated: {by: clinik}",
            "has no field 'clinik'",
        ),
        (
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: {method: frozen, head: kernel}, federated: {by: label}",
            "a linear head, not 'kernel'",
        ),
        (
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: lora, federated: {by: label}",
            "and nothing else",
        ),
        (
            "target: label, features: [text, amount]",
            "federated: {by: label}, target: amount, features: [text]",
            "federated learning is for classes",
        ),
        (
            "fine_tune: {method: frozen, head: kernel}",
            "fine_tune: frozen, require: {gain_over_pooled: '>= 0'}",
            "a metric of federated learning",
        ),
    ],
)
def test_what_sites_cannot_learn_together_is_said(
    pond: Path, was: str, now: str, sentence: str
) -> None:
    assert was in SMALL
    (pond / "ecosystem.yaml").write_text(SMALL.replace(was, now))
    assert any(sentence in said for said in said_of(pond, plan=True)), said_of(pond, plan=True)
