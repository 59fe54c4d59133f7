"""Evidently's drift preset over two tables: `python evidently_drift.py FOLDER` with before.parquet
and now.parquet.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset


def main(home: Path) -> None:
    """Print CPU seconds and the columns that drifted, tests and level as ours."""
    frames = [pd.read_parquet(home / f"{n}.parquet") for n in ("now", "before")]
    numbers = [c for c in frames[0] if frames[0][c].dtype.kind == "f"]
    form = DataDefinition(
        numerical_columns=numbers, categorical_columns=[c for c in frames[0] if c not in numbers]
    )
    began = time.process_time()
    now, before = (Dataset.from_pandas(f, data_definition=form) for f in frames)
    report = Report(
        [
            DataDriftPreset(
                num_method="ks",
                cat_method="chisquare",
                num_threshold=float(os.environ["LEVEL"]),
                cat_threshold=float(os.environ["LEVEL"]),
            )
        ]
    )
    said = json.loads(report.run(now, before).json())
    took = time.process_time() - began
    drifted = [
        m["config"]["column"]
        for m in said["metrics"]
        if "column" in m.get("config", {}) and float(m["value"]) < float(os.environ["LEVEL"])
    ]
    print(json.dumps({"seconds": took, "drifted": drifted}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
