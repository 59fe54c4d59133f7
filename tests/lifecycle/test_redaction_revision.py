"""A better detector of private values rebuilds the datasets that redact, with its reason, and no
other.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mesocosm.api.ecosystem import open_ecosystem
from mesocosm.lifecycle.file_datasets import REVISIONS

FILE = """\
ecosystem: desk
grammar: 2
sources:
  notes: {{type: csv, path: notes.csv}}
datasets:
  hidden:
    from: notes
    fields:
      body: {{type: text, private: {private}}}
  plain:
    from: notes
    fields:
      body: {{type: text}}
"""


@pytest.mark.parametrize(
    ("private", "sign"),
    [("redact", "±"), ("{method: redact, never: [Acme]}", "±"), ("mask", "=")],
)
def test_only_redacting_datasets_are_rebuilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private: str, sign: str
) -> None:
    (tmp_path / "ecosystem.yaml").write_text(FILE.format(private=private), encoding="utf-8")
    rows = "\n".join(f"please call {n} at mail{n}@example.org" for n in range(20))
    (tmp_path / "notes.csv").write_text(f"body\n{rows}\n", encoding="utf-8")
    assert not open_ecosystem(tmp_path).build().failed
    monkeypatch.setitem(REVISIONS, "redact", REVISIONS["redact"] + 1)

    changes = {change.address: change for change in open_ecosystem(tmp_path).plan()}
    assert changes["datasets.plain"].sign == "="
    assert changes["datasets.hidden"].sign == sign
    if sign == "±":
        (reason,) = changes["datasets.hidden"].because
        assert "redaction of private values changed" in str(reason)

    assert not open_ecosystem(tmp_path).build().failed
    assert {change.sign for change in open_ecosystem(tmp_path).plan()} == {"="}
