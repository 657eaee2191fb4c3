"""Sheets on A4 paper: 签领表, 签到表, 花名册; rows of plain texts under fitted columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.core import audit, pdf
from portal.core.calendar import now, show_date, show_time
from portal.core.db import db, release, writes
from portal.core.enums import LabelEnum
from portal.core.errors import DomainError
from portal.core.pdf import Paper
from portal.members import printing
from portal.org.models import User

from . import service
from .models import Roster, RosterPart, RosterRow, RosterState
from .service import Counts

audit.name_acts({"roster.paper": "打印签领表"})

ACROSS, UPRIGHT = 267, 170  # mm between the margins
NARROWEST, WIDEST = 10, 60  # mm of a column; print.css has the even ones
MM_PER_EM, PADDING = 4.4, 2  # of a letter at 12 pt; of a cell
MOST_TEXTS = 0.95  # of a column's texts that stand in one line
WRAPPED = 0.5  # of its own width that the longest text gets
SIGN_FOR = (
    ("序号", 12), ("姓名", 26), ("工号", 24), ("品名", 36), ("签名", 28), ("日期", 22), ("代领人", 22),
)  # fmt: skip
SIGNED_BY_BRANCH = "制表人：　　　　　　　分工会主席（签字）：　　　　　　　　　　年　　月　　日"
MARK = "＿"


class SheetKind(LabelEnum):
    """What a sheet is for."""

    SIGN_FOR = "sign_for", "签领表"
    SIGN_IN = "sign_in", "签到表"
    PEOPLE = "people", "花名册"


@dataclass(frozen=True)
class Sheet:
    """One document: `unit` stands above the title, `about` below it; `columns` are headings with their width in mm.

    A column without a width takes what is left. `foot` is the line that is signed at the end.
    """

    unit: str
    title: str
    about: str
    columns: tuple[tuple[str, int], ...]
    rows: Sequence[Sequence[str]]
    foot: str
    across: bool = False
    tall: bool = False  # rows that somebody writes into


def paper(sheet: Sheet, operator: str) -> Paper:
    """Return the sheet as a document; `operator` made it."""
    html = printing.render(
        "query/rosters/paper.html", sheet=sheet, size=printing.size, operator=operator, printed_at=show_time(now()),
        rest=(ACROSS if sheet.across else UPRIGHT) - sum(width for _, width in sheet.columns),
    )  # fmt: skip
    return Paper(html)


def to_sign_for(roster: Roster, part: RosterPart, rows: Sequence[RosterRow]) -> Sheet:
    """Return the 签领表 of one branch: who is on the list there now."""
    thing, called = service.each(roster), service.unit_names(roster)
    lines = [(str(number), row.name, row.staff_no, thing, "", "", "") for number, row in enumerate(rows, 1)]
    total = service.amount(roster, len(rows))
    about = f"分工会：{called[part.unit_id]}　　共 {len(rows)} 人" + (f"　　应发数：{total}" if total else "")
    return Sheet(
        unit=called[roster.unit_id], title=f"{roster.title}签领表",
        about=f"{about}　　名单截至：{show_date(roster.day)}", columns=SIGN_FOR, rows=lines,
        foot=SIGNED_BY_BRANCH, tall=True,
    )  # fmt: skip


def of_part(actor: User, part: RosterPart) -> tuple[str, bytes]:
    """Return name and content of the 签领表 of one branch, with its trace. Call it in a view that renders."""
    actor_id, part_id, roster = actor.id, part.id, part.roster
    rows = service.all_rows(roster, part)
    if roster.state is RosterState.VOID:
        raise DomainError("这份名单已作废，不能再打印签领表")
    if not rows:
        raise DomainError("这个分工会现在没有人在名单上，没有可以打印的签领表")
    made, name = paper(to_sign_for(roster, part, rows), actor.label), file_name(1, part.unit.name)
    release()
    content = pdf.render_all([made]).pdf
    writes()
    actor, part = db.session.get_one(User, actor_id), db.session.get_one(RosterPart, part_id)
    audit.record(actor, "roster.paper", part, reason=part.roster.title, details={"count": len(rows)})
    return name, content


def file_name(number: int, branch: str, kind: str = SheetKind.SIGN_FOR.label) -> str:
    """Return what the document of a branch is called within an archive."""
    plain = "".join(MARK if letter in '\\/:*?"<>|' or not letter.isprintable() else letter for letter in branch)
    return f"{number:02d}-{plain}-{kind}.pdf"


def fitted(columns: Sequence[str], rows: Sequence[Sequence[str]], *, room: int) -> tuple[tuple[str, int], ...]:
    """Return the headings with widths that add up to `room` mm, as wide as their texts ask; the last takes the rest."""
    asked = wanted(columns, rows)
    scale = room / sum(asked)
    widths = [max(NARROWEST, min(WIDEST, int(wide * min(scale, 1.6)) // 2 * 2)) for wide in asked]
    while sum(widths) > room - NARROWEST + widths[-1]:  # so much that the last would have nothing left
        widths[max(range(len(widths) - 1), key=widths.__getitem__)] -= 2
    return tuple(zip(columns, [*widths[:-1], 0], strict=True))


def wanted(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[float]:
    """Return how wide each column would be in mm with most texts in one line, but none wider than the widest.

    A few long ones, such as the longest names, shrink and wrap, so that the others have to give up little.
    """
    found = []
    for place, heading in enumerate(columns):
        texts = sorted(_wide(row[place]) for row in rows)
        most = texts[min(len(texts) - 1, int(len(texts) * MOST_TEXTS))] if texts else 0
        longest = min(texts[-1], WIDEST) * WRAPPED if texts else 0
        found.append(min(max(most, longest, _wide(heading), NARROWEST), WIDEST))
    return found


def _wide(text: str) -> float:
    return MM_PER_EM * sum(1 if ord(letter) > 0x2E7F else 0.6 for letter in text) + PADDING


def numbers_of(roster: Roster) -> list[tuple[RosterPart, Counts]]:
    """Return the parts that have ever had anybody, by their codes, each with its numbers."""
    found = service.counts(roster)
    parts = sorted(roster.parts, key=lambda part: part.unit.code)
    return [(part, found[part.id]) for part in parts if part.id in found]
