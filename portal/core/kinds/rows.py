"""Kinds that hold rows: a list of lines with the same columns, or one such line.

Their values are plain JSON, ready to be sealed: months as "1990-05", days as "1990-05-01". None is 未填, an empty list
is 「无」.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from portal.core.fields import Field, FieldError
from portal.core.kinds.cleaning import is_empty, refusal
from portal.core.kinds.kind import Kind

Cells = dict[str, object]
_MONTHS = {Kind.MONTH, Kind.END_MONTH}


class RowErrors(FieldError):
    """Several cells of rows cannot be taken; `cells` maps "0-start" (or "name" in a single row) to its sentence."""

    def __init__(self, field: Field, cells: dict[str, str]) -> None:
        places = (f"第 {int(cell.split('-')[0]) + 1} 行" if "-" in cell else "" for cell in cells)
        super().__init__("；".join(map("".join, zip(places, cells.values(), strict=True))), field=field.name)
        self.cells = cells


def parse_rows(field: Field, raw: object, parse: Callable[[Field, object], object]) -> list[Cells] | None:
    """Return the rows that hold anything; `raw` is a list of mappings, an empty one means 「无」.

    Rows of only empty cells are left out; if nothing remains of some rows, that is 未填. Rows with a start are put in
    order of time. Raises RowErrors, or FieldError where there are too many.
    """
    if not isinstance(raw, list) or not all(isinstance(cells, Mapping) for cells in raw):
        raise refusal(field, "的写法无法识别，请逐行填写")
    errors: dict[str, str] = {}
    rows: list[Cells] = []
    for place, cells in enumerate(raw):
        if not all(is_empty(cells.get(column.name)) for column in field.rows):
            row, wrong = _read(field, cells, parse)
            rows.append(row)
            errors |= {f"{place}-{name}": sentence for name, sentence in wrong.items()}
    if field.max_rows is not None and len(rows) > field.max_rows:
        raise refusal(field, f"最多填 {field.max_rows} 行，现在是 {len(rows)} 行")
    if errors:
        raise RowErrors(field, errors)
    if any(column.name == "start" for column in field.rows):
        rows.sort(key=lambda row: str(row["start"]))
    return rows or (None if raw else [])


def parse_composite(field: Field, raw: object, parse: Callable[[Field, object], object]) -> Cells | None:
    """Return the cells of the one row, or None where all are empty. Raises RowErrors."""
    if not isinstance(raw, Mapping):
        raise refusal(field, "的写法无法识别，请逐项填写")
    if all(is_empty(raw.get(column.name)) for column in field.rows):
        return None
    row, errors = _read(field, raw, parse)
    if errors:
        raise RowErrors(field, errors)
    return row


def _read(
    field: Field, cells: Mapping[str, object], parse: Callable[[Field, object], object]
) -> tuple[Cells, dict[str, str]]:
    row: Cells = {}
    errors: dict[str, str] = {}
    for column in field.rows:
        try:
            value = parse(column, cells.get(column.name))
        except FieldError as error:
            errors[column.name] = error.message
            continue
        if value is None and column.required:
            errors[column.name] = f"请{'选择' if column.options else '填写'}{column.label}"
        row[column.name] = _json(column, value)
    start, end = row.get("start"), row.get("end")
    if isinstance(start, str) and isinstance(end, str) and end < start:
        errors["end"] = "止的年月早于起的年月，请核对"
    return row, errors


def _json(column: Field, value: object) -> object:
    if isinstance(value, date):
        return f"{value:%Y-%m}" if column.kind in _MONTHS else value.isoformat()
    return value


def table(field: Field, value: object, show: Callable[[Field, object], str]) -> list[list[str]]:
    """Return the shown cells of every row, in the order of the field's columns."""
    lines = value if isinstance(value, list) else [value] if isinstance(value, Mapping) else []
    return [[show(column, cells.get(column.name)) for column in field.rows] for cells in lines]


def show_rows(field: Field, value: object, show: Callable[[Field, object], str]) -> str:
    """Return all rows in one line of text, for lists and exports; 「无」 for no rows."""
    if value == []:
        return "无"
    lines = []
    for cells in table(field, value, show):
        shown = dict(zip((column.name for column in field.rows), cells, strict=True))
        if "start" in shown:
            shown = {"period": f"{shown.pop('start')}—{shown.pop('end')}", **shown}
        lines.append(" ".join(cell for cell in shown.values() if cell))
    return "；".join(lines)
