"""Make the bank's data: a clean table, the same made dirty with its truth kept and told by three
offices, and the desk's tables.

    python examples/bank/make_data.py [PATH OF german_credit.csv]

The figures are Statlog German credit (UCI, CC BY 4.0). E-mail, phone and the day of application
are invented. With a path the clean table is made first; the rest follows from it and SEED.
"""

from __future__ import annotations

import csv
import random
import sys
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20
CLEAN = {
    "checking": "status_of_existing_checking_account",
    "duration": "duration_in_month",
    "history": "credit_history",
    "purpose": "purpose",
    "amount": "credit_amount",
    "savings": "savings_account_and_bonds",
    "employment": "present_employment_since",
    "rate": "installment_rate_in_percentage_of_disposable_income",
    "guarantors": "other_debtors_or_guarantors",
    "residence": "present_residence_since",
    "property": "property",
    "age": "age_in_years",
    "plans": "other_installment_plans",
    "housing": "housing",
    "credits": "number_of_existing_credits_at_this_bank",
    "job": "job",
    "grade": "creditability",
}
OFFICES = {  # who writes what down, each beside the number of the application
    "accounts": [
        "checking",
        "savings",
        "employment",
        "rate",
    ],  # the ledger: what is in the accounts and comes in
    "bureau": [
        "history",
        "plans",
        "credits",
    ],  # the credit bureau: what was borrowed elsewhere and before
}
TOLERANCE = {
    "amount": 2800.0,
    "duration": 12.0,
    "age": 11.0,
}  # about one standard deviation of the column


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def clean(source: Path) -> list[dict[str, str]]:
    rng = random.Random(SEED)
    rows = []
    for number, row in enumerate(rows_of(source), start=1):
        made = {"application_id": f"A{number:04d}"}
        made |= {name: row[column].strip() for name, column in CLEAN.items()}
        made["applied"] = (date(2024, 1, 1) + timedelta(days=rng.randrange(700))).isoformat()
        made["email"] = f"person{number:04d}@mail.example"
        made["phone"] = f"+49 30 555 {number:04d}"
        rows.append(made)
    return rows


def dirty(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows made dirty, and one line for every cell that was touched."""
    rng = random.Random(SEED + 1)
    found, truth = [dict(r) for r in rows], []

    def touch(row: dict[str, str], column: str, how: str, value: str) -> None:
        truth.append(
            {
                "application_id": row["application_id"],
                "column": column,
                "how": how,
                "true": row[column],
                "written": value,
            }
        )
        row[column] = value

    for row in found:
        amount, months = float(row["amount"]), int(row["duration"])
        pick = rng.random()
        if pick < 0.10:
            touch(row, "amount", "thousands mark", f"{amount:,.0f}")
        elif pick < 0.18:
            touch(row, "amount", "unit written", f"{amount:.0f} DM")
        elif pick < 0.24:
            touch(row, "amount", "other unit", f"{amount / 1000:.3f} kDM")
        elif pick < 0.27:
            touch(row, "amount", "slipped decimal", f"{amount * 100:.0f}")
        elif pick < 0.30:
            touch(row, "amount", "missing", rng.choice(["", "n/a", "?"]))
        pick = rng.random()
        if pick < 0.08 and months % 6 == 0:
            touch(row, "duration", "other unit", f"{months / 12:g} years")
        elif pick < 0.14:
            touch(row, "duration", "unit written", f"{months} months")
        elif pick < 0.16:
            touch(row, "duration", "no number", rng.choice(["soon", "open", "tbd"]))
        pick = rng.random()
        if pick < 0.03:
            touch(row, "age", "missing", "")
        elif pick < 0.045:
            touch(row, "age", "impossible", str(rng.choice([-3, 0, 199, 999])))
        if rng.random() < 0.05:
            row["grade"] = {"good": "Good ", "bad": "BAD"}[row["grade"]]
        if rng.random() < 0.08:
            row["housing"] = rng.choice([row["housing"].upper(), f" {row['housing']}"])
        if rng.random() < 0.3:
            day = date.fromisoformat(row["applied"])
            row["applied"] = day.strftime(rng.choice(["%d/%m/%Y", "%d.%m.%Y"]))
    for row in rng.sample(found, 24):
        found.insert(rng.randrange(len(found)), dict(row))
    return found, truth


def intents() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The desk's sentences with their intents, and its table of questions and answers."""
    sentences, answers, intent = [], [], ""
    for line in (HERE / "intents.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        parts = [part.strip() for part in line.split(" | ")]
        if len(parts) == 3:
            intent = parts[0]
            answers.append({"question": parts[1], "answer": parts[2]})
        else:
            sentences.append({"sentence": line.strip(), "intent": intent})
    return sentences, answers


def main() -> None:
    truth = HERE / "truth"
    truth.mkdir(exist_ok=True)
    if len(sys.argv) > 1:
        write(truth / "applications.csv", clean(Path(sys.argv[1])))
    written, touched = dirty(rows_of(truth / "applications.csv"))
    elsewhere = {name for names in OFFICES.values() for name in names}
    write(
        HERE / "data" / "applications.csv",
        [{k: v for k, v in row.items() if k not in elsewhere} for row in written],
    )
    for office, names in OFFICES.items():
        once = {
            row["application_id"]: {k: row[k] for k in ("application_id", *names)}
            for row in written
        }
        write(HERE / "data" / f"{office}.csv", [once[key] for key in sorted(once)])
    write(truth / "touched.csv", touched)
    sentences, answers = intents()
    write(HERE / "data" / "sentences.csv", sentences)
    write(HERE / "data" / "faq.csv", answers)


if __name__ == "__main__":
    main()
