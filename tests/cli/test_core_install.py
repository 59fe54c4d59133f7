"""The core without any extra: governing, plans, drafts and reports, and a sentence for the rest."""

import base64
import io
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from mesocosm.core.extras import EXTRAS

ROOT = Path(__file__).parents[2]
# run before the command: a library of an extra is as if it were not installed
WITHOUT_EXTRAS = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {sorted(EXTRAS)!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
from mesocosm.cli.app import run
sys.argv = ["mesocosm", *sys.argv[1:]]
run()
"""
FILE = """
grammar: 2
ecosystem: shop
sources:
  export: {type: csv, path: orders.csv}
datasets:
  orders:
    from: export
    key: id
    fields:
      id: {type: text}
      amount: {type: number, missing: median, outliers: {method: iqr, action: clip}}
      kind: {type: category}
      day: {type: date, formats: [iso]}
      phone: {type: phone, country: CN, private: mask}
      note: {type: text, private: redact}
    rules:
      - amount >= 0
"""


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )


def _write(folder: Path, rows: int, share: int) -> None:
    lines = ["id,amount,kind,day,phone,note"]
    for i in range(rows):
        amount = "" if i % share == 0 else f"{i % 97}.5"
        kind = "abc"[i % 3 if share > 3 else 0]
        note = "call 138 1234 5678" if i % 2 else "mail li@example.org"
        lines.append(f"k{i},{amount},{kind},2026-03-{i % 28 + 1:02},1381234{i:04},{note}")
    (folder / "orders.csv").write_text("\n".join(lines) + "\n")


def test_the_core_governs_compares_and_reports(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE)
    _write(tmp_path, 1000, 7)
    for words in (["check"], ["plan"], ["build"], ["report"], ["status"], ["doctor"]):
        done = _run(tmp_path, *words)
        assert done.returncode == 0 and "not installed" not in done.stderr, (words, done.stderr)
    _write(tmp_path, 3000, 2)  # the share of missing values rose, and a category moved
    done = _run(tmp_path, "build")
    said = done.stdout + done.stderr
    assert "not installed" not in said and "amount: missing change" in said, said
    for words in (["report"], ["draft", "orders.csv"], ["data", "versions", "orders"]):
        done = _run(tmp_path, *words)
        assert done.returncode == 0 and "not installed" not in done.stderr, (words, done.stderr)


@pytest.mark.parametrize(
    ("setting", "library", "extra"),
    [
        ("note: {type: text, private: encrypt}", "cryptography", "encrypt"),
        ("note: {type: image, size: 32}", "PIL", "images"),
    ],
)
def test_a_setting_that_needs_an_extra_says_so(
    tmp_path: Path, setting: str, library: str, extra: str
) -> None:
    """Also where the library is called from within the engine."""
    (tmp_path / "ecosystem.yaml").write_text(
        FILE.replace("note: {type: text, private: redact}", setting)
    )
    _write(tmp_path, 100, 7)
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    picture = base64.b64encode(out.getvalue()).decode()
    text = (tmp_path / "orders.csv").read_text()
    (tmp_path / "orders.csv").write_text(text.replace("mail li@example.org", picture))
    done = _run(tmp_path, "build")
    assert done.returncode != 0
    assert (
        f"'{library}' is not installed: pip install 'mesocosm[{extra}]'"
        in done.stdout + done.stderr
    )


def test_near_duplicates_need_their_extra(tmp_path: Path) -> None:
    (tmp_path / "ecosystem.yaml").write_text(
        FILE.replace("    key: id\n", "    key: id\n    duplicates: {by: [note], like: 0.8}\n")
    )
    _write(tmp_path, 100, 7)
    done = _run(tmp_path, "build")
    assert (
        "pip install 'mesocosm[near-duplicates]'" in done.stdout + done.stderr
        and done.returncode != 0
    )


def test_every_extra_is_one_of_the_package() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = declared["optional-dependencies"]
    assert set(EXTRAS.values()) <= set(extras)
    for heavy in ("torch", "scipy", "deltalake", "pillow", "cryptography", "scikit-learn"):
        assert not any(line.startswith(heavy) for line in declared["dependencies"])
