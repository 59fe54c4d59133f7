"""The document of a world's markers, kept. Knows one table and no Yjs: the document is bytes
here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.store import Catalog

ONE = 1  # the one row


def kept(catalog: Catalog, than: int = 0) -> tuple[int, int, bytes] | None:
    """How often the document was kept and begun anew, and it itself, where it was kept more than
    `than` times.
    """
    row = catalog.row(
        select(t.MARKERS.c.number, t.MARKERS.c.age, t.MARKERS.c.document).where(
            t.MARKERS.c.one == ONE, t.MARKERS.c.number > than
        )
    )
    return (int(row["number"]), int(row["age"]), bytes(row["document"])) if row else None


def keep(
    catalog: Catalog,
    number: int,
    age: int,
    document: bytes,
    acts: Sequence[tuple[str, str, str]] = (),
) -> bool:
    """Keep it; False where another gateway has kept one since that number (0: none yet), and
    nothing was written.

    Args:
        number: how often it was kept before.
        age: how often it was begun anew, without what Yjs keeps of markers that were taken away.
        acts: who did what to which marker, for the audit.
    """
    with catalog.transaction() as con:
        values = {"number": number + 1, "age": age, "document": document}
        if number:
            done = (
                con.execute(
                    update(t.MARKERS)
                    .where(t.MARKERS.c.one == ONE, t.MARKERS.c.number == number)
                    .values(**values)
                ).rowcount
                > 0
            )
        else:
            done = (
                con.execute(select(t.MARKERS.c.number).where(t.MARKERS.c.one == ONE)).first()
                is None
            )
            if done:
                con.execute(insert(t.MARKERS).values(one=ONE, **values))
        if done:
            for who, act, what in acts:
                catalog.write_audit(con, who, "marker", what, act)
    return done
