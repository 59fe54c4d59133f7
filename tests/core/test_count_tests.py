"""Tests of counts beside SciPy's."""

import random

import numpy as np
import pytest
from scipy.stats import binom, chi2, chi2_contingency, fisher_exact, kstwobign

from mesocosm.core.values.count_tests import (
    binomial_tail,
    chi_squared_of_counts,
    chi_squared_tail,
    fisher_less,
    kolmogorov_tail,
)


def test_fisher_is_that_of_scipy() -> None:
    rng = random.Random(3)
    for size in (1, 3, 10, 100, 5_000, 3_000_000):
        for _ in range(40):
            table = [[rng.randint(0, size), rng.randint(0, 10 * size)] for _ in range(2)]
            given = np.array(table)
            if not (given.sum(axis=0).all() and given.sum(axis=1).all()):
                continue
            expected = fisher_exact(given, alternative="less")[1]
            found = fisher_less((table[0][0], table[0][1]), (table[1][0], table[1][1]))
            assert found == pytest.approx(expected, rel=1e-5, abs=1e-300), table


def test_fisher_of_nothing_says_nothing() -> None:
    assert fisher_less((0, 0), (0, 0)) == fisher_less((0, 5), (0, 5)) == 1.0
    assert fisher_less((5, 0), (5, 0)) == 1.0


def test_chi_squared_is_that_of_scipy() -> None:
    rng = random.Random(4)
    for values in (2, 3, 4, 11, 300):
        for size in (3, 50, 10_000):
            for _ in range(10):
                first = [rng.randint(0, size) + 1 for _ in range(values)]
                second = [rng.randint(0, size) for _ in range(values - 1)] + [1]
                expected = float(chi2_contingency(np.array([first, second])).pvalue)
                found = chi_squared_of_counts([*first, 0], [*second, 0])
                assert found == pytest.approx(expected, rel=1e-7, abs=1e-300)
                plain = chi2_contingency(np.array([first, second]), correction=False).pvalue
                found = chi_squared_of_counts(first, second, correction=False)
                assert found == pytest.approx(float(plain), rel=1e-7, abs=1e-300)
    assert chi_squared_of_counts([3], [9]) == 1.0


@pytest.mark.parametrize("degrees", [1, 2, 3, 10, 999, 20_000])
def test_tail_is_that_of_scipy(degrees: int) -> None:
    for share in (0.0, 0.2, 0.9, 1.0, 1.2, 3.0):
        expected = float(chi2.sf(share * degrees, degrees))
        assert chi_squared_tail(share * degrees, degrees) == pytest.approx(
            expected, rel=1e-7, abs=1e-300
        )


def test_binomial_tail_is_that_of_scipy() -> None:
    rng = random.Random(5)
    for rows in (1, 7, 100, 20_000, 1_000_000):
        for share in (0.0, 1e-6, 0.01, 0.3, 0.5, 0.97, 1.0):
            for _ in range(8):
                near = int(rng.gauss(rows * share, 2 + (rows * share) ** 0.5))
                for count in (0, 1, near, rng.randint(0, rows), rows, rows + 1):
                    expected = float(binom.sf(count - 1, rows, share))
                    found = binomial_tail(count, rows, share)
                    assert found == pytest.approx(expected, rel=1e-5, abs=1e-14), (count, rows)


def test_kolmogorov_tail_is_that_of_scipy() -> None:
    for distance in (0.0, 0.01, 0.2, 0.5, 0.8275, 0.99, 1.0, 1.01, 1.36, 2.0, 5.0):
        expected = float(kstwobign.sf(distance))
        assert kolmogorov_tail(distance) == pytest.approx(expected, rel=1e-9, abs=1e-300)
