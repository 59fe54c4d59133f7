"""Which cells of a column are alike: written alike, doubted alike, and as much at odds with other
columns.
"""

from __future__ import annotations

import numpy as np

from mesocosm.data.cleaning.learned_errors.cell_features import Evidence
from mesocosm.data.cleaning.learned_errors.text_patterns import short_pattern
from mesocosm.data.cleaning.learned_errors.text_table import Floats

FEW = 0.05  # of the rows: a column of so few distinct values has a kind for each


def name_kinds(evidence: Evidence, doubt: dict[str, Floats]) -> dict[str, list[str]]:
    """By column, the kind of each cell."""
    found = {}
    for name, column in evidence.table.columns.items():
        few = len(column.values) <= max(8, FEW * evidence.table.rows)
        written = [v if few else short_pattern(v)[:24] for v in column.values]
        votes = evidence.votes[name][:1]
        odds = np.zeros(evidence.table.rows, np.bool_)
        if votes and votes[0].strength > 0.5:
            odds = np.nan_to_num(votes[0].best - votes[0].own) > 0.5
        found[name] = [
            f"{written[code]}|{round(4 * d)}|{int(odd)}"
            for code, d, odd in zip(column.codes, doubt[name], odds, strict=True)
        ]
    return found
