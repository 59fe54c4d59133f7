"""The cleaning of `dirty.yaml` as a careful pandas user would write it: vectorised where pandas
can.

    python pandas_clean.py IN.parquet OUT.parquet

Prints its account as JSON.
"""

from __future__ import annotations

import hmac
import json
import sys
from hashlib import sha256

import pandas as pd

KEY = bytes.fromhex("ab" * 32)
COUNTRY = {
    "de": "DE",
    "germany": "DE",
    "fr": "FR",
    "france": "FR",
    "es": "ES",
    "spain": "ES",
    "it": "IT",
    "italy": "IT",
}
STATUS = {"active": "active", "act": "active", "closed": "closed", "pending": "pending"}
KG = {"": 1.0, "kg": 1.0, "g": 0.001, "lb": 0.45359237}
BLANK = ("", "na", "n/a", "nan", "null", "?")


def text(column: pd.Series) -> pd.Series:
    """Text without outer spaces, the usual spellings of nothing as missing."""
    said = column.str.strip()
    return said.mask(said.str.lower().isin(BLANK))


def fence(train: pd.Series) -> tuple[float, float]:
    """Tukey's fence."""
    low, high = train.quantile(0.25), train.quantile(0.75)
    return low - 1.5 * (high - low), high + 1.5 * (high - low)


def profile(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Missing, distinct, and for numbers the usual five."""
    found = {}
    for name in frame:
        column = frame[name]
        mine = {"missing": int(column.isna().sum()), "distinct": int(column.nunique())}
        if pd.api.types.is_numeric_dtype(column):
            mine |= {
                "min": column.min(),
                "max": column.max(),
                "mean": column.mean(),
                "median": column.median(),
                "sd": column.std(),
            }
        found[name] = mine
    return found


def main(source: str, target: str) -> None:
    raw = pd.read_parquet(
        source, dtype_backend="pyarrow" if "--arrow" in sys.argv else "numpy_nullable"
    )
    rows = len(raw)
    raw = raw.drop_duplicates()
    drops = rows - len(raw)
    out = pd.DataFrame(
        {
            "customer_id": raw["customer_id"],
            "income": raw["income"],
            "age": raw["age"],
            "score": raw["score"],
            "visits": raw["visits"],
        }
    )
    why = pd.Series("", index=raw.index, dtype="object")

    def unreadable(name: str, said: pd.Series, read: pd.Series) -> None:
        bad = said.notna() & read.isna() & (why == "")
        why[bad] = name + ": '" + said[bad].astype(str).str[:40] + "' cannot be read"

    email = text(raw["email"])
    phone = text(raw["phone"])
    out["note"] = text(raw["note"])
    country, status = text(raw["country"]), text(raw["status"])
    out["country"] = country.str.lower().map(COUNTRY)
    out["status"] = status.str.lower().map(STATUS)
    unreadable("country", country, out["country"])
    unreadable("status", status, out["status"])
    weight = text(raw["weight"])
    parts = weight.str.extract(r"^([-+]?\d[\d.]*)\s*(.*)$")
    out["weight"] = pd.to_numeric(parts[0], errors="coerce") * parts[1].map(KG)
    unreadable("weight", weight, out["weight"])
    signed = text(raw["signed"])
    day = pd.to_datetime(signed, format="%Y-%m-%d", errors="coerce")
    for form in ("%d/%m/%Y", "%d.%m.%Y", "%Y%m%d"):
        rest = day.isna() & signed.notna()
        day[rest] = pd.to_datetime(signed[rest], format=form, errors="coerce")
    out["signed"] = day
    unreadable("signed", signed, out["signed"])
    before = profile(out)

    rules = {
        "visits >= 0": out["visits"] >= 0,
        "age between 18 and 100": out["age"].between(18, 100),
        "income > 0": out["income"] > 0,
        "weight > 20": out["weight"] > 20,
        "signed >= 2010": out["signed"] >= pd.Timestamp(2010, 1, 1),
    }
    for rule, holds in rules.items():
        broken = ~holds.fillna(True).astype(bool) & (why == "")
        why[broken] = "breaks the rule: " + rule
    kept = why == ""
    train = out[kept]
    for name in ("income", "weight"):
        low, high = fence(train[name])
        out[name] = out[name].clip(low, high)
    mean, sd = train["score"].mean(), train["score"].std()
    out["_flags"] = (
        ((out["score"] - mean).abs() > 3 * sd).fillna(False).map({True: "score;", False: ""})
    )
    train = out[kept]
    for name in ("income", "age", "score"):
        middle = train[name].median()
        out[name] = out[name].fillna(round(middle) if name == "age" else middle)
    out["email"] = [
        (
            None
            if x is pd.NA or x is None or x != x
            else hmac.digest(KEY, x.lower().encode(), sha256).hex()[:32]
        )
        for x in email
    ]
    out["phone"] = (
        ("******" + phone.str[-2:]).where(phone.str.len() >= 6, "******").where(phone.notna())
    )
    after = profile(out[kept])
    out[kept].to_parquet(target, index=False)
    raw[~kept].assign(reason=why[~kept]).to_parquet(target + ".quarantine", index=False)
    print(
        json.dumps(
            {
                "in": rows,
                "kept": int(kept.sum()),
                "quarantined": int((~kept).sum()),
                "duplicates": drops,
                "missing": sum(p["missing"] for p in after.values()),
                "cells": len(before),
            }
        )
    )


if __name__ == "__main__":
    main(*[a for a in sys.argv[1:] if not a.startswith("--")])
