"""`mesocosm forget`: erase a subject everywhere, and prove it by a scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def forget(
    dataset: Annotated[str, typer.Option("--dataset", help="The dataset that knows the subject.")],
    key: Annotated[
        list[str],
        typer.Option(
            "--key", help="The subject's key; may be given several times; never written down."
        ),
    ],
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Erase a subject from snapshots, quarantine, prediction logs and caches, for good."""
    from mesocosm.lifecycle.jobs.erasure import forget as erase

    eco = opened(file)
    done = erase(eco.spec, eco.catalog, dataset, key)

    def text(d: dict[str, Any]) -> str:
        found = "1 key was" if d["absent"] == 1 else f"{d['absent']} keys were"
        absent = (
            f"{found} not found in any row, quarantined line or prediction. Nothing was erased for"
            f" {'it' if d['absent'] == 1 else 'them'}; later builds leave out rows with such a key."
        )
        if not d["rows"]:
            return absent
        lines = [
            f"Erased from {d['dataset']}: "
            + ", ".join(f"{n} of {t}" for t, n in d["rows"].items())
            + f", {d['predictions']} predictions. Older versions of its snapshots are gone."
        ]
        lines += [
            f"Erased from {o['dataset']}, over the same source: "
            + ", ".join(f"{n} of {t}" for t, n in o["rows"].items())
            + f", {o['predictions']} predictions."
            for o in d["others"]
        ]
        lines += [f"NOT ERASED from {name}: {why}." for name, why in d["not_reached"].items()]
        lines += [
            f"{e['from']} became {e['to']}: {e['rows']} training rows taken out exactly in"
            f" {e['seconds'] * 1000:.1f} ms; solving anew took {e['refit_seconds'] * 1000:.0f} ms"
            f" and differs by {e['difference']:.1e}."
            for e in d["exact"]
        ]
        lines += (
            [
                f"Learnt from it and kept, marked: {', '.join(d['models'])}. 'mesocosm build' grows"
                " them anew once their data changes."
            ]
            if d["models"]
            else []
        )
        lines += [absent] if d["absent"] else []
        lines.append(
            "The sources keep what they hold; a build leaves the subject's rows out from now on."
        )
        lines.append(
            f"STILL FOUND in {', '.join(d['still_found_in'])}."
            if d["still_found_in"]
            else (
                "A scan of every file of the store finds the keys nowhere."
                if d["scanned"]
                else "The keys are too short to be scanned for."
            )
        )
        return "\n".join(lines)

    answer(done, as_json, text)
    if done["still_found_in"]:
        raise typer.Exit(1)
