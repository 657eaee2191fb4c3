"""Which row of a sheet has the headings, and which field each column is."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from portal.core.sheets import Row

from .headings import field_of, is_by_the_system, is_passed_over, joined, meant, plain

WITHIN = 20  # rows among which the headings stand
KEYS = ("id_number", "staff_no", "member_no")  # by which a row is known to mean someone
LEAST = 2  # headings that make a row one of headings
NO_KEY = "没有“身份证号”一列，也没有“工号”一列，无法认出每一行是哪一位，请补上或在列的对应中选择"

NAMELESS = "（没有列名）"
_LOOKED_AT = 60  # rows in which a column without a known heading is looked at


@dataclass
class Column:
    """One column. `key` tells it from the others in a mapping; `field` is the catalogue's name, None where unread.

    `field` may also be change_type, change_date or change_reason, the 会籍变化 of the national template. `suggested` is
    the field that what stands in the column looks like; `is_known` that it is left unread for a good reason.
    `unclear` counts the cells like 1990.1 of which nobody can tell whether they mean the first month or the tenth.
    """

    index: int
    heading: str
    key: str
    field: str | None = None
    suggested: str | None = None
    is_known: bool = False
    unclear: int = 0

    @property
    def letter(self) -> str:
        """Return the letters with which Excel names the column."""
        letters, rest = "", self.index + 1
        while rest:
            rest, place = divmod(rest - 1, 26)
            letters = chr(65 + place) + letters
        return letters


def heading_row(rows: list[Row], mapping: Mapping[str, str | None]) -> tuple[int, list[str]]:
    """Return the place of the last row of headings and the headings; of a title above and a heading below one is made.

    The row with the most known headings counts, the first of several; -1 where none has two. A row of headings right
    below one is read with it, never alone: what stands below 配偶 is hers.
    """
    best = (LEAST - 1, -1, [""])
    top = [row for row in rows if row.number <= WITHIN]
    alone = [[" ".join(text.split()) for text in row.shown()] for row in top]
    scores = [_score(texts, mapping) for texts in alone]
    for place, row in enumerate(top):
        is_below = place > 0 and top[place - 1].number == row.number - 1 and scores[place - 1] >= LEAST
        choices = [] if is_below else [(scores[place], place, alone[place])]
        if place + 1 < len(top) and top[place + 1].number == row.number + 1:
            both = _two_lines(alone[place], alone[place + 1])
            score = _score(both, mapping)
            if score > scores[place] or (score == scores[place] and scores[place + 1] >= LEAST):
                choices = [(score, place + 1, both)]
        best = max([best, *choices], key=lambda choice: choice[0])
    return best[1], best[2]


def _score(texts: list[str], mapping: Mapping[str, str | None]) -> int:
    """Return how many fields these headings are known to mean."""
    return len({name for name in map(_field_by_heading, texts) if name} | set(_mapped(texts, mapping)))


def _field_by_heading(heading: str) -> str | None:
    match = meant(heading)
    return match.field if match else None


def _mapped(texts: list[str], mapping: Mapping[str, str | None]) -> list[str]:
    return [name for name in (mapping.get(plain(text)) for text in texts if text) if name]


def _two_lines(above: list[str], below: list[str]) -> list[str]:
    """Return the headings of two rows as one; a heading above stands over the columns to its right that have none."""
    found: list[str] = []
    over = ""
    for index in range(max(len(above), len(below))):
        first, second = (row[index] if index < len(row) else "" for row in (above, below))
        over = first or (over if second else "")
        found.append(joined(over, second))
    return found


def columns_of(texts: list[str], rows: list[Row]) -> list[Column]:
    """Return the columns that have a heading, each with a key of its own, and those without one that are filled.

    `rows` are those below the headings.
    """
    seen: Counter[str] = Counter()
    columns: list[Column] = []
    sample = [row.shown() for row in rows[:_LOOKED_AT]]
    for index in range(max([len(texts), *map(len, sample)])):
        heading = texts[index] if index < len(texts) else ""
        if key := plain(heading):
            seen[key] += 1
            columns.append(Column(index, heading[:60], key if seen[key] == 1 else f"{key}({seen[key]})"))
        elif sum(index < len(shown) and shown[index] != "" for shown in sample) > len(sample) / 2:
            columns.append(Column(index, NAMELESS, f"#{index + 1}"))
    return columns


def give_fields(
    columns: list[Column], mapping: Mapping[str, str | None], rows: list[Row]
) -> tuple[list[str], list[str]]:
    """Say which field each column is: what somebody has confirmed, else what its heading means.

    `rows` are those below the headings. Returns sentences to read, and sentences that forbid to go on.
    """
    notes: list[str] = []
    problems: list[str] = []
    named: dict[str, list[Column]] = defaultdict(list)
    sample = rows[:_LOOKED_AT]
    for column in columns:
        match = meant(column.heading)
        if column.key in mapping:
            column.field, column.is_known = mapping[column.key], True
        elif match:
            column.field = match.field
        elif is_passed_over(column.heading):
            column.is_known = True
        elif is_by_the_system(column.heading):
            column.is_known = True
            notes.append(f"“{column.heading}”由系统维护，没有读取")
        else:
            column.suggested = _looks_like([row[column.index].text for row in sample])
        if column.field:
            named[column.field].append(column)
    for name, rivals in named.items():
        if len(rivals) > 1:
            told, is_problem = _choose(name, rivals, mapping, rows)
            (problems if is_problem else notes).extend(told)
    if not any(name in named for name in KEYS):
        problems.append(NO_KEY)
    return notes, problems


def _choose(
    name: str, columns: list[Column], mapping: Mapping[str, str | None], rows: list[Row]
) -> tuple[list[str], bool]:
    """Let one of several columns be the field: the confirmed one, the one that holds something, the better name.

    Returns sentences, and whether they are a problem.
    """
    label = field_of(name).label
    left = [column for column in columns if column.key in mapping]
    filled = [column for column in columns if any(row[column.index].text for row in rows)]
    if not left:
        left = filled or columns[:1]
        best = min(_rank(column) for column in left)
        left = [column for column in left if _rank(column) == best]
    for column in columns:
        if column is not left[0]:
            column.field, column.is_known = None, True
    if len(left) > 1:
        places = "、".join(f"{column.letter} 列“{column.heading}”" for column in left)
        return [f"{label}有重复的列：{places}，请删去一列，或在列的对应中只选一列"], True
    unread = [column.heading for column in filled if column is not left[0]]
    return [f"{label}采用“{left[0].heading}”一列，“{heading}”没有读取" for heading in unread], False


def _rank(column: Column) -> int:
    match = meant(column.heading)
    return match.rank if match else 0


def _looks_like(cells: list[str]) -> str | None:
    """Return the field that most of these cells look like, or None."""
    filled = [re.sub(r"[\s'’-]", "", text) for text in cells if text.strip()]
    if len(filled) < 3:
        return None
    forms = {"id_number": r"\d{17}[\dXx]", "mobile": r"(?:\+?86)?1[3-9]\d{9}", "sex": "男|女", "ethnicity": ".{1,6}族"}
    for name, form in forms.items():
        if sum(re.fullmatch(form, text) is not None for text in filled) > len(filled) * 0.6:
            return name
    return None
