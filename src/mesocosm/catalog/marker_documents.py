"""The stored document of a world's markers. Knows one table and no Yjs: the document is bytes
here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from mesocosm.catalog.database import schema as t
from mesocosm.catalog.rows import MarkerRow
from mesocosm.catalog.store import Catalog

ONE = 1  # the one row


def read_document(catalog: Catalog, than: int = 0) -> tuple[int, int, bytes] | None:
    """How often the document was stored and rebuilt, and the document, where it was stored more
    than `than` times.
    """
    row = catalog.row(
        select(t.MARKERS.c.number, t.MARKERS.c.age, t.MARKERS.c.document).where(
            t.MARKERS.c.one == ONE, t.MARKERS.c.number > than
        ),
        MarkerRow,
    )
    if row is None:
        return None
    return row["number"], row["age"], bytes(row["document"])


def store_document(
    catalog: Catalog,
    number: int,
    age: int,
    document: bytes,
    acts: Sequence[tuple[str, str, str]] = (),
) -> bool:
    """Store it; False where another gateway has stored one since that number (0: none yet), and
    nothing was written.

    Args:
        number: how often it was stored before.
        age: how often it was rebuilt, without what Yjs keeps of markers that were removed.
        acts: who did what to which marker, for the audit.
    """
    with catalog.transaction() as con:
        values = {"number": number + 1, "age": age, "document": document}
        if number:
            same = (t.MARKERS.c.one == ONE, t.MARKERS.c.number == number)
            done = con.execute(update(t.MARKERS).where(*same).values(**values)).rowcount > 0
        else:
            first = con.execute(select(t.MARKERS.c.number).where(t.MARKERS.c.one == ONE)).first()
            done = first is None
            if done:
                con.execute(insert(t.MARKERS).values(one=ONE, **values))
        if done:
            for who, act, what in acts:
                catalog.write_audit(con, who, "marker", what, act)
    return done
