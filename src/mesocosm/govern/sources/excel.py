"""Sheets of Excel and OpenDocument files. Knows calamine; dates come as ISO text, formulas as their last value."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from pydantic import Field

from mesocosm.base.digest import digest
from mesocosm.base.errors import Wrong
from mesocosm.base.kinds import Collected, Where
from mesocosm.govern.sources.paths import files_of, name_and_print
from mesocosm.govern.sources.pour import pour_rows
from mesocosm.govern.sources.source import SourceKind


class Excel(SourceKind):
    """One sheet of an .xlsx, .xls, .xlsb or .ods file.

    Args:
        path: a path or glob inside the project.
        sheet: the sheet's name; the first where not given.
        header: the row that bears the names, from 1.

    Source: ECMA-376, Office Open XML.

    >>> Excel(path="data/loans.xlsx").header
    1
    """

    type: Literal["excel"] = "excel"
    path: str
    sheet: str | None = None
    header: int = Field(1, ge=1)

    def fingerprint(self, where: Where) -> str:
        """A print over the files' bytes and the sheet."""
        return digest([name_and_print(where, p) for p in files_of(where, self.path)], self.sheet, self.header)

    def collect(self, where: Where, con: Any, name: str) -> Collected:
        """Pour the sheet into table `name`; `_line` is the sheet's row.

        Raises:
            Wrong: a file is no workbook, has no such sheet, or its header repeats a name.
        """
        from python_calamine import CalamineError, CalamineWorkbook

        found = Collected([], 0, {})
        rows: list[tuple[str, int, dict[str, Any]]] = []
        for path in files_of(where, self.path):
            label, content = name_and_print(where, path)
            try:
                book = CalamineWorkbook.from_path(path)
            except (CalamineError, OSError, ValueError) as error:
                raise Wrong("path", f"'{label}' is no workbook that can be read", "an .xlsx, .xls, .xlsb or .ods file") from error
            sheet = self.sheet or book.sheet_names[0]
            if sheet not in book.sheet_names:
                raise Wrong("sheet", f"'{sheet}' is no sheet of '{label}'", "a sheet of it", book.sheet_names, sheet)
            cells = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            if len(cells) < self.header:
                raise Wrong("header", f"the sheet '{sheet}' of '{label}' has {len(cells)} rows", "a header within it")
            header = [str(c).strip() for c in cells[self.header - 1]]
            while header and not header[-1]:
                header.pop()
            twice = [n for n, times in Counter(header).items() if times > 1 or not n]
            if twice or not header:
                raise Wrong("header", f"row {self.header} of '{label}' has {f'{twice[0]!r} twice' if twice and twice[0] else 'a column without a name'}", "one name a column")
            found.columns = list(dict.fromkeys([*found.columns, *header]))
            found.files[f"{label}#{sheet}"] = content
            for number, row in enumerate(cells[self.header :], start=self.header + 1):
                values = {k: _plain(v) for k, v in zip(header, row, strict=False)}
                if any(v is not None for v in values.values()):
                    rows.append((f"{label}#{sheet}", number, values))
        if not rows:
            raise Wrong("path", f"'{self.path}' has a header and no row", "at least one row below the header")
        found.rows = pour_rows(con, name, found.columns, rows)
        return found


def _plain(value: Any) -> Any:
    if value == "" or value is None:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
