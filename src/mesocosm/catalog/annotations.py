"""Notes that people leave on elements of the world. Knows one table."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import NoteRow
from mesocosm.catalog.store import Catalog
from mesocosm.core.records import Json

MOST = 500


def notes(catalog: Catalog) -> list[NoteRow]:
    """Those that were not removed, the oldest first."""
    return catalog.rows(
        select(t.NOTES).where(t.NOTES.c.taken.is_(None)).order_by(t.NOTES.c.id.desc()).limit(MOST),
        NoteRow,
    )[::-1]


def leave(catalog: Catalog, on: str, text: str, name: str, role: str) -> dict[str, Json]:
    """Leave a note on an element; it is audited without its words."""
    values: dict[str, Json] = {
        "on": on,
        "text": text,
        "name": name,
        "role": role,
        "at": catalog.clock(),
    }
    with catalog.transaction() as con:
        made = con.execute(insert(t.NOTES).values(**values)).inserted_primary_key
        catalog.write_audit(con, role, "note", on, f"a note of {len(text)} characters")
    return {"id": made[0] if made else 0, **values}


def take(catalog: Catalog, ident: int, role: str) -> bool:
    """Remove a note; False where there is none."""
    if not 0 < ident < 2**63:  # more than the column holds
        return False
    with catalog.transaction() as con:
        found = con.execute(
            update(t.NOTES)
            .where(t.NOTES.c.id == ident, t.NOTES.c.taken.is_(None))
            .values(taken=catalog.clock())
        ).rowcount
        if found:
            catalog.write_audit(con, role, "note", str(ident), "taken away")
    return bool(found)
