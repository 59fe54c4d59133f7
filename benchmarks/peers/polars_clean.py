"""The same cleaning in Polars' lazy, streaming expressions.

python polars_clean.py IN.parquet OUT.parquet
"""

from __future__ import annotations

import hmac
import json
import sys
from hashlib import sha256

import polars as pl

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
BLANK = ["", "na", "n/a", "nan", "null", "?"]


def text(name: str) -> pl.Expr:
    """Text without outer spaces, the usual spellings of nothing as missing."""
    said = pl.col(name).str.strip_chars()
    return pl.when(said.str.to_lowercase().is_in(BLANK)).then(None).otherwise(said).alias(name)


def marks(said: pl.Series) -> pl.Series:
    """HMAC-SHA256 of each value, 128 bits as hex."""
    return pl.Series(
        [
            None if x is None else hmac.digest(KEY, x.lower().encode(), sha256).hex()[:32]
            for x in said
        ],
        dtype=pl.String,
    )


def main(source: str, target: str) -> None:
    """Clean and print the account."""
    raw = pl.scan_parquet(source)
    rows = raw.select(pl.len()).collect().item()
    raw.unique(maintain_order=False).sink_parquet(target + ".unique")
    kept = pl.scan_parquet(target + ".unique")
    said = text("weight")
    day = text("signed")
    read = kept.with_columns(
        text("country").str.to_lowercase().replace_strict(COUNTRY, default=None).alias("country"),
        text("status").str.to_lowercase().replace_strict(STATUS, default=None).alias("status"),
        (
            said.str.extract(r"^([-+]?\d[\d.]*)").cast(pl.Float64)
            * said.str.extract(r"^[-+]?\d[\d.]*\s*(.*)$").replace_strict(KG, default=None)
        ).alias("weight"),
        pl.coalesce(
            *(
                day.str.to_date(f, strict=False)
                for f in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d")
            )
        ).alias("signed"),
        text("email"),
        text("phone"),
        text("note"),
    )
    asked = []
    for name in ("income", "weight"):
        asked += [pl.col(name).quantile(q).alias(f"{name}{q}") for q in (0.25, 0.75)]
    facts = (
        read.select(
            *asked,
            pl.col("score").mean().alias("mean"),
            pl.col("score").std().alias("sd"),
            *(pl.col(n).median().alias(f"m_{n}") for n in ("income", "age", "score")),
            *(
                pl.col(n).null_count().alias(f"n_{n}")
                for n in ("country", "status", "weight", "signed")
            ),
            *(
                pl.col(n).approx_n_unique().alias(f"u_{n}")
                for n in ("email", "phone", "note", "country", "status")
            ),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    clip = {}
    for name in ("income", "weight"):
        low, high = facts[f"{name}0.25"], facts[f"{name}0.75"]
        clip[name] = pl.col(name).clip(low - 1.5 * (high - low), high + 1.5 * (high - low))
    holds = (
        (pl.col("visits") >= 0)
        & pl.col("age").is_between(18, 100).fill_null(True)
        & (pl.col("income") > 0).fill_null(True)
        & (pl.col("weight") > 20).fill_null(True)
        & (pl.col("signed") >= pl.date(2010, 1, 1)).fill_null(True)
    )
    out = read.filter(holds).with_columns(
        clip["income"].fill_null(facts["m_income"]),
        clip["weight"],
        pl.col("age").fill_null(round(facts["m_age"])),
        pl.col("score").fill_null(facts["m_score"]),
        pl.when((pl.col("score") - facts["mean"]).abs() > 3 * facts["sd"])
        .then(pl.lit("score;"))
        .otherwise(pl.lit(""))
        .alias("_flags"),
        pl.col("email").map_batches(marks, return_dtype=pl.String),
        pl.when(pl.col("phone").str.len_chars() >= 6)
        .then(pl.lit("******") + pl.col("phone").str.slice(-2))
        .otherwise(pl.lit("******"))
        .alias("phone"),
    )
    out.sink_parquet(target)
    done = pl.scan_parquet(target)
    after = (
        done.select(
            pl.len().alias("kept"), pl.sum_horizontal(pl.all().null_count()).alias("missing")
        )
        .collect()
        .row(0, named=True)
    )
    unique = pl.scan_parquet(target + ".unique").select(pl.len()).collect().item()
    print(
        json.dumps(
            {
                "in": rows,
                "kept": after["kept"],
                "quarantined": unique - after["kept"],
                "duplicates": rows - unique,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
