"""Clean public tables that installed packages carry, as text; which were developed on, which held
out.

The held-out ones were named before anything was measured on them, and are for measuring alone.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import random
from pathlib import Path

Table = dict[str, list[str]]  # texts by column

DEVELOPED = (
    "airports",
    "barley",
    "german_credit",
    "seattle_weather",
    "stocks",
    "beers",
    "macro",
    "randhie",
)
HELD_OUT = (
    "cars",
    "iris",
    "grunfeld",
    "modechoice",
    "anes96",
    "fair",
    "time_zones",
    "us_employment",
    "la_riots",
    "hospital",
)
MOST_ROWS = 1000

PLACES = {
    "airports": "vega_datasets/_data/airports.csv",
    "barley": "vega_datasets/_data/barley.json",
    "seattle_weather": "vega_datasets/_data/seattle-weather.csv",
    "stocks": "vega_datasets/_data/stocks.csv",
    "macro": "statsmodels/datasets/macrodata/macrodata.csv",
    "randhie": "statsmodels/datasets/randhie/randhie.csv",
    "cars": "vega_datasets/_data/cars.json",
    "iris": "vega_datasets/_data/iris.json",
    "grunfeld": "statsmodels/datasets/grunfeld/grunfeld.csv",
    "modechoice": "statsmodels/datasets/modechoice/modechoice.csv",
    "anes96": "statsmodels/datasets/anes96/anes96.csv",
    "fair": "statsmodels/datasets/fair/fair.csv",
    "us_employment": "vega_datasets/_data/us-employment.csv",
    "la_riots": "vega_datasets/_data/la-riots.csv",
}


def read_clean(name: str, shared: Path) -> Table:
    """A clean table; of a long one, rows drawn with a fixed seed, in their order."""
    if name == "time_zones":
        table = _read_zones()
    elif name in PLACES:
        table = _read_file(_find(PLACES[name]))
    elif name == "german_credit":
        table = _read_file(shared / "german_credit.csv")
    else:
        table = _read_file(shared / "cleaning" / name / "clean.csv")
    rows = len(next(iter(table.values())))
    if rows <= MOST_ROWS:
        return table
    kept = sorted(random.Random(1).sample(range(rows), MOST_ROWS))
    return {column: [texts[i] for i in kept] for column, texts in table.items()}


def _find(place: str) -> Path:
    package, _, rest = place.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{place}: the package {package} is not installed")
    return Path(spec.origin).parent / rest


def _read_file(path: Path) -> Table:
    if path.suffix == ".json":
        records = json.loads(path.read_text(encoding="utf-8"))
        names = list(dict.fromkeys(key for record in records for key in record))
        return {n: [_write(record.get(n)) for record in records] for n in names}
    return _read_csv(path.read_text(encoding="utf-8-sig"))


def _read_csv(content: str) -> Table:
    mark = max("\t;,", key=content.partition("\n")[0].count)
    rows = [row for row in csv.reader(io.StringIO(content), delimiter=mark) if row]
    names = [name.strip().strip("'") for name in rows[0]]
    return {name: [row[i] for row in rows[1:]] for i, name in enumerate(names)}


def _write(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _read_zones() -> Table:
    """Time zones with their country's code and name, position and comment (public domain)."""
    folder = _find("tzdata/__init__.py").parent / "zoneinfo"
    countries = dict(_tab_lines(folder / "iso3166.tab"))
    table: Table = {"code": [], "country": [], "area": [], "place": [], "position": []}
    for code, position, zone, *_ in _tab_lines(folder / "zone.tab"):
        area, _, place = zone.partition("/")
        row = (code, countries[code], area, place.replace("_", " "), position)
        for column, text in zip(table, row, strict=True):
            table[column].append(text)
    return table


def _tab_lines(path: Path) -> list[list[str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
