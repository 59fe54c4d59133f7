"""`mesocosm data diff`: what differs between two versions of a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mesocosm.cli.output import AsJson, File, answer, guarded, opened


@guarded
def diff(
    dataset: str,
    old: Annotated[
        str, typer.Argument(help="A version by number, id, 'previous', or the time it stood.")
    ] = "previous",
    new: Annotated[str, typer.Argument()] = "newest",
    file: File = Path("ecosystem.yaml"),
    as_json: AsJson = False,
) -> None:
    """Show rows and statistics that differ between two versions of DATASET."""
    from mesocosm.lifecycle.access.dataset_history import compare_versions

    eco = opened(file)
    answer(compare_versions(eco.spec, eco.catalog, dataset, old, new), as_json, _text)


def _text(d: dict[str, Any]) -> str:
    r = d["rows"]
    lines = [
        f"{d['old']} -> {d['new']}: {r['added']} rows added, {r['removed']} removed, {r['changed']}"
        f" changed, {r['same']} the same."
    ]
    lines += [f"  files that changed: {', '.join(d['files'])}"] if d["files"] else []
    lines += [f"  fields only in the old: {', '.join(d['only_old'])}"] if d["only_old"] else []
    lines += [f"  fields only in the new: {', '.join(d['only_new'])}"] if d["only_new"] else []
    lines.append(
        f"  {'field':<16}{'changed':>8}{'missing':>16}{'distinct':>18}{'mean':>24}{'psi':>8}"
    )
    for name, f in d["fields"].items():
        a, b = f["old"], f["new"]
        mean = f"{_n(a['mean'])} -> {_n(b['mean'])}" if "mean" in a else ""
        lines.append(
            f"  {name:<16}{d['changed'].get(name, 0):>8}{a['missing']:>7} ->"
            f" {b['missing']:<5}{a['distinct']:>8} ->"
            f" "
            f"{b['distinct']:<6}{mean:>24}{'-' if f['psi'] is None else format(f['psi'], '.3f'):>8}"
        )
    return "\n".join(lines)


def _n(value: Any) -> str:
    return "-" if value is None else f"{value:,.5g}"
