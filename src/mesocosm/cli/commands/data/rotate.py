"""`mesocosm rotate`: a new key for encrypted fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def rotate(file: File = Path("ecosystem.yaml"), as_json: AsJson = False) -> None:
    """Seal every encrypted field anew under a new key; older versions of the tables and the old
    keys are gone.
    """
    from mesocosm.lifecycle.jobs.encryption import rotate as turn

    eco = opened(file)

    def text(d: dict[str, Any]) -> str:
        told = (
            "; ".join(f"{n}: {', '.join(f)}" for n, f in d["sealed"].items())
            or "no field was sealed yet"
        )
        return f"The key is {d['key']} now ({told}); " + (
            f"let go: {', '.join(d['let_go'])}."
            if d["let_go"]
            else "the old keys stay in the file that MESOCOSM_KEYS names."
        )

    answer(turn(eco.spec, eco.catalog, "command line"), as_json, text)
